"""Plan files: whatever a file holds, it is a plan or a `PlanError`; what is saved is what is loaded."""

from __future__ import annotations

import json
import math
import os
import time
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from playhead.agent.plan import MOST_STEPS, Plan, load_plan, parse_plan, read_plan
from playhead.agent.references import Reference, literal, reference, references, resolve
from playhead.errors import InputError, PlanError, UnsafeMediaError

if TYPE_CHECKING:
    from pathlib import Path

FERRY = """\
request: Sum up what is said after the ferry
inputs:
  video: film.mp4
steps:
  find: {tool: search_moments, args: {query: a ferry, video: $video, limit: 1}}
  sum_up: {tool: summarize, args: {video: $video, start_s: "$find.moments[0].span.end_s"}}
answer: sum_up
"""
LAUGHS = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    + ["steps: {a: {tool: t, args: {all: *a11}}}"]
)


def steps(count: int) -> str:
    return "steps:\n" + "".join(f"  s{n}: {{tool: probe_video, args: {{video: a.mp4}}}}\n" for n in range(count))


def test_a_plan_says_what_it_says() -> None:
    plan = parse_plan(FERRY)
    assert plan.request == "Sum up what is said after the ferry"
    assert plan.inputs == {"video": "film.mp4"}
    assert list(plan.steps) == ["find", "sum_up"]
    assert plan.steps["find"].args == {"query": "a ferry", "video": "$video", "limit": 1}
    assert plan.answering == ("sum_up",)


def test_json_is_a_plan_too() -> None:
    assert parse_plan(json.dumps(parse_plan(FERRY).model_dump())) == parse_plan(FERRY)


def test_without_an_answer_all_that_no_other_step_uses_is_the_answer() -> None:
    plan = parse_plan(
        "steps: {a: {tool: t}, b: {tool: t, args: {x: $a}}, c: {tool: t, args: {x: [{y: '$a.z[0]'}]}}, "
        "d: {tool: t, args: {x: $$c}}}"
    )
    assert plan.answering == ("b", "c", "d")


REFUSED = {
    "not YAML": ("steps: {a: [", "This is not YAML"),
    "two documents": ("steps: {}\n---\nsteps: {}", "This is not YAML"),
    "a Python object": ("!!python/object/apply:os.system ['true']", "This is not YAML"),
    "a tab": ("steps:\n\ta: {tool: t}", "This is not YAML"),
    "nothing": ("", "not a mapping"),
    "a text": ("probe the video", "not a mapping"),
    "a list": ("- steps", "not a mapping"),
    "no steps": ("request: hello", "steps: field required"),
    "steps that are a list": ("steps: [{tool: t}]", "steps: input should be a valid dictionary"),
    "an unknown field": ("steps: {}\nanswers: a", "answers: there is no such field"),
    "an unknown field of a step": (
        "steps: {a: {tool: t, arguments: {}}}",
        "steps.a.arguments: there is no such field",
    ),
    "a step without a tool": ("steps: {a: {args: {}}}", "steps.a.tool: field required"),
    "a tool that is a number": (
        "steps: {a: {tool: 7}}",
        r"steps.a.tool: input should be a valid string \(it says 7\)",
    ),
    "arguments that are a list": ("steps: {a: {tool: t, args: [1]}}", "steps.a.args: input should be"),
    "a number as an argument's name": ("steps: {a: {tool: t, args: {1: 2}}}", "steps.a.args.1: input should be"),
    "a key twice": ("steps: {a: {tool: t}, a: {tool: u}}", "'a' is there twice"),
    "a key twice at the top": ("answer: a\nsteps: {a: {tool: t}}\nanswer: b", "'answer' is there twice"),
    "an argument twice": ("steps: {a: {tool: t, args: {x: 1, x: 2}}}", "'x' is there twice"),
    "an alias": ("steps: &s {a: {tool: t, args: {x: *s}}}", "aliases"),
    "a merge": ("base: &b {tool: t}\nsteps: {a: {<<: *b}}", "aliases"),
    "a billion laughs": (LAUGHS, "aliases"),
    "another version": ("version: 2\nsteps: {}", "version: input should be 1"),
    "a step with a space": ("steps: {a b: {tool: t}}", "steps.a b: string should match"),
    "a step with a capital": ("steps: {Find: {tool: t}}", "steps.Find: string should match"),
    "a step that is a number": ("steps: {1: {tool: t}}", "steps.1: input should be a valid string"),
    "a step with a path": ("steps: {../a: {tool: t}}", "string should match"),
    "a step with a newline at its end": ('steps: {"a\\n": {tool: t}}', "string should match"),
    "a step with a long name": (f"steps: {{{'a' * 65}: {{tool: t}}}}", "string should match"),
    "an input that is a list": ("inputs: {x: [1]}\nsteps: {}", "inputs.x"),
    "bytes": ("steps: {a: {tool: t, args: {x: !!binary aGk=}}}", "steps.a.args.x"),
    "a key that is a date": ("? !!timestamp 2001-01-01\n: 1", "steps: field required"),
    "a key that is a list": ("? [a]\n: 1", "This is not YAML"),
    "a set": ("steps: {a: {tool: t, args: {x: !!set {a}}}}", "steps.a.args.x"),
    "no number": ("steps: {a: {tool: t, args: {x: .nan}}}", "what JSON cannot"),
    "a number without end": ("inputs: {x: -.inf}\nsteps: {}", "what JSON cannot"),
    "half a letter": ('steps: {a: {tool: t, args: {x: "\\ud800"}}}', "what JSON cannot"),
    "a very long number": ("version: " + "1" * 5000 + "\nsteps: {}", "This is not YAML"),
    "a nul": ("steps: {a: {tool: t\0}}", "This is not YAML"),
    "a hundred thousand brackets": ("steps: " + "[" * 100_000, "This is not YAML"),
    "half a letter in a name": ('steps: {a: {tool: t, args: {"\\udc00": 1}}}', "what JSON cannot"),
    "a long request": (f"request: {'a' * 20_001}\nsteps: {{}}", "request: string should have at most 20000"),
    "too much text": ("#" * ((1 << 20) + 1), "longer than 1,048,576 characters"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_what_is_no_plan_is_refused_with_its_place(fault: str) -> None:
    text, reason = REFUSED[fault]
    before = time.process_time()
    with pytest.raises(PlanError, match=reason) as refusal:
        parse_plan(text)
    assert time.process_time() - before < 5
    assert refusal.value.fix == "See docs/plans.md for the format"
    assert len(str(refusal.value)) < 1000


def test_every_fault_of_the_form_is_told_at_once() -> None:
    with pytest.raises(PlanError) as refusal:
        parse_plan("version: 3\nwho: me\ninputs: {Video: a}\nsteps: {a: {tool: 1}, b: {}}")
    for place in ("version:", "who:", "inputs.Video:", "steps.a.tool:", "steps.b.tool:"):
        assert place in refusal.value.why


def test_too_many_steps_are_counted_and_refused() -> None:
    with pytest.raises(PlanError, match="steps: there are 101 and 100 are allowed"):
        parse_plan(steps(MOST_STEPS + 1))
    with pytest.raises(PlanError, match="steps: there are 10,000 and 100 are allowed"):
        read_plan({"steps": {f"s{n}": {"tool": "probe_video", "args": {"video": "a.mp4"}} for n in range(10_000)}})


def test_as_many_steps_as_are_allowed_are_a_plan() -> None:
    assert len(parse_plan(steps(MOST_STEPS)).steps) == MOST_STEPS


# Files


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xff\xfe\x00s\x00t", "it is not UTF-8 text"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "it is not UTF-8 text"),
        (b"\x00" * 100, "This is not YAML"),
        (b"steps: {a: {tool: t}}\n" + b"# and more\n" * 100_000, "larger than 1,048,576 bytes"),
        (b"steps: {a: {tool: t}}\n#" + "é".encode() * 600_000, "larger than 1,048,576 bytes"),
        (b"- a list", "not a mapping"),
    ],
    ids=["half of UTF-16", "a picture", "nothing but zeros", "huge", "huge, in the middle of a letter", "a list"],
)
def test_a_file_that_is_no_plan_is_named(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_bytes(content)
    with pytest.raises(PlanError, match=reason) as refusal:
        load_plan(path)
    assert "plan.yaml" in refusal.value.what


def test_a_file_that_is_not_there_or_empty_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_plan(tmp_path / "plan.yaml")
    (tmp_path / "plan.yaml").touch()
    with pytest.raises(InputError, match="it is empty"):
        load_plan(tmp_path / "plan.yaml")


def test_a_plan_is_not_read_through_a_link_or_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "secret.yaml").write_text(FERRY)
    (tmp_path / "below" / "plan.yaml").symlink_to(tmp_path / "secret.yaml")
    with pytest.raises(UnsafeMediaError, match="link"):
        load_plan(tmp_path / "below" / "plan.yaml")
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(UnsafeMediaError, match="pipe"):
        load_plan(tmp_path / "pipe.yaml")


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    plan = parse_plan(FERRY)
    plan.save(tmp_path / "plan.yaml")
    again = load_plan(tmp_path / "plan.yaml")
    assert again == plan
    assert again.digest == plan.digest
    assert (tmp_path / "plan.yaml").read_text().startswith("request: Sum up what is said after the ferry\n")


def test_only_a_plan_is_written_over(tmp_path: Path) -> None:
    plan = parse_plan(FERRY)
    (tmp_path / "notes.txt").write_text("dear diary\n")
    (tmp_path / "film.mp4").write_bytes(b"\0\0\0\x18ftypisom" + bytes(range(256)))
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    before = (tmp_path / "film.mp4").read_bytes()
    for name in ("notes.txt", "film.mp4", "folder", "pipe"):
        with pytest.raises(InputError, match=f"{name} is left as it is: it is there already and holds no plan"):
            plan.save(tmp_path / name)
    assert (tmp_path / "notes.txt").read_text() == "dear diary\n"
    assert (tmp_path / "film.mp4").read_bytes() == before
    with pytest.raises(InputError, match="there is no folder"):
        plan.save(tmp_path / "nowhere" / "plan.yaml")
    assert not (tmp_path / "nowhere").exists()
    (tmp_path / "empty.yaml").touch()
    plan.save(tmp_path / "empty.yaml")
    plan.model_copy(update={"request": "another"}).save(tmp_path / "empty.yaml")
    assert load_plan(tmp_path / "empty.yaml").request == "another"


# Any data at all

words = st.one_of(
    st.text(max_size=12), st.sampled_from(["$a", "$$a", "2001-01-01", "1:30", "yes", "null", "1e3", "0o7"])
)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), words)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(words, inner, max_size=4)),
    max_leaves=12,
)
names = st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True)
likely = st.fixed_dictionaries(
    {
        "steps": st.dictionaries(
            names | words,
            st.fixed_dictionaries({"tool": words}, optional={"args": st.dictionaries(words, values)}),
            max_size=3,
        )
    },
    optional={
        "request": words,
        "inputs": st.dictionaries(names, scalars, max_size=3),
        "answer": words,
        "version": st.just(1),
    },
)


def planned(said: Any) -> Plan | None:
    try:
        return read_plan(said)
    except PlanError as error:
        assert error.why  # noqa: PT017 - either outcome is right
        return None


@given(st.one_of(values, likely))
def test_any_data_is_a_plan_or_a_plan_error(said: Any) -> None:
    plan = planned(said)
    if plan is not None:
        assert parse_plan(plan.yaml()) == plan
        assert parse_plan(plan.yaml()).digest == plan.digest
        assert set(plan.answering) <= set(plan.steps) | {plan.answer}


@pytest.mark.parametrize("depth", [100, 200, 254, 255, 256, 300, 900])
def test_data_of_any_depth_is_a_plan_or_a_plan_error(depth: int) -> None:
    said: Any = "x"
    for _ in range(depth):
        said = [said]
    for plan in (planned({"steps": {"a": {"tool": "t", "args": {"x": said}}}}), planned({"steps": said})):
        assert plan is None or plan.digest == parse_plan(plan.yaml()).digest


@given(st.text(max_size=200))
def test_any_text_is_a_plan_or_a_plan_error(text: str) -> None:
    try:
        plan = parse_plan(text)
    except PlanError as error:
        assert error.what  # noqa: PT017 - either outcome is right
    else:
        assert plan == parse_plan(plan.yaml())


@given(values)
def test_any_data_as_yaml_is_a_plan_or_a_plan_error(said: Any) -> None:
    text = yaml.dump({"steps": {"a": {"tool": "t", "args": {"x": said}}}})
    try:
        plan = parse_plan(text)
    except PlanError as error:
        assert error.why  # noqa: PT017 - either outcome is right
    else:
        assert plan.steps["a"].args["x"] == said


@pytest.mark.parametrize(
    "odd", ["\x85", "\u2028", "\ufeff", "\x7f", "\U0001f600", "\t", "a\n b\n", " ", "- a", "#", "{"]
)
def test_odd_letters_are_saved_and_loaded(odd: str) -> None:
    plan = read_plan({"request": odd, "steps": {"a": {"tool": odd, "args": {odd: [odd, f"a {odd} b"]}}}})
    assert parse_plan(plan.yaml()) == plan


def test_the_same_list_twice_is_written_twice() -> None:
    same = ["a", {"b": 1}]
    plan = read_plan({"steps": {"a": {"tool": "t", "args": {"x": same, "y": same}}}})
    assert parse_plan(plan.yaml()) == plan


# Inputs


def test_inputs_are_set_anew() -> None:
    plan = parse_plan(FERRY)
    other = plan.given({"video": "talk.mp4"})
    assert other.inputs == {"video": "talk.mp4"}
    assert plan.inputs == {"video": "film.mp4"}
    assert other.digest != plan.digest
    assert plan.given({}) == plan


def test_an_input_that_the_plan_does_not_have_is_refused() -> None:
    with pytest.raises(PlanError, match=r"no input film, vidoe: its inputs are: video"):
        parse_plan(FERRY).given({"vidoe": "talk.mp4", "film": 1})
    with pytest.raises(PlanError, match="its inputs are: none"):
        parse_plan("steps: {}").given({"video": "talk.mp4"})


# References


@pytest.mark.parametrize(
    ("text", "name", "path"),
    [
        ("$video", "video", ()),
        ("$find.moments", "find", ("moments",)),
        ("$find.moments[0].span.end_s", "find", ("moments", 0, "span", "end_s")),
        ("$a[-1]", "a", (-1,)),
        ("$a[0][12]", "a", (0, 12)),
    ],
)
def test_a_dollar_sign_begins_a_reference(text: str, name: str, path: tuple[str | int, ...]) -> None:
    found = reference(text)
    assert found == Reference(name, path)
    assert str(found) == text


@pytest.mark.parametrize(
    "text", ["$", "$5", "$A", "$a.", "$a..b", "$a[x]", "$a[0", "$a b", "$a.__Class__", "${a}", "$a\n"]
)
def test_what_is_nearly_a_reference_is_refused(text: str) -> None:
    with pytest.raises(PlanError, match="is no reference") as refusal:
        reference(text)
    assert refusal.value.fix == "Write $step.field[0], or $$ for a dollar sign"


@pytest.mark.parametrize(
    ("text", "meant"), [("$$5", "$5"), ("$$video", "$video"), ("$$", "$"), ("$$$a", "$$a"), ("5 $", "5 $"), ("", "")]
)
def test_two_dollar_signs_are_one(text: str, meant: str) -> None:
    assert reference(text) is None
    assert literal(text) == meant
    assert resolve({"x": [text]}, {}) == {"x": [meant]}


def test_references_are_found_and_replaced_at_any_depth() -> None:
    said = {"x": ["$a", {"y": "$b[1]"}], "z": 3}
    assert references(said) == [Reference("a"), Reference("b", (1,))]
    assert resolve(said, {"a": math.pi, "b": ("one", "two")}) == {"x": [math.pi, {"y": "two"}], "z": 3}


@pytest.mark.parametrize(
    "text",
    [
        "!!bool x", "!!int ''", "!!float ''", "!!timestamp x", "!!omap {a: 1}", "steps: !!set {a, b}",
        "steps: 1" + ":1" * 200_000, "steps: 1" + ":1" * 3000 + ".5", "steps: 0x" + "f" * 900_000,
    ],
)  # fmt: skip
def test_a_value_that_is_not_what_it_says_or_has_no_end_is_a_fault(text: str) -> None:
    begun = time.process_time()
    with pytest.raises(PlanError) as caught:
        parse_plan(text)
    assert "\n" not in str(caught.value)
    assert time.process_time() - begun < 2


def test_a_key_of_several_lines_is_told_on_one() -> None:
    with pytest.raises(PlanError, match=r"steps\.a\.\\n: there is no such field") as caught:
        parse_plan('{"steps": {"a": {"tool": "x", "\\n": null}}}')
    assert "\n" not in str(caught.value)
