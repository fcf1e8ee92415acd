"""Policies: every fault is told at once with its place, what is fixed stays fixed, thresholds decide exactly."""

from __future__ import annotations

import copy
import os
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from playhead import strict_yaml
from playhead.errors import PolicyError
from playhead.models.roles import Finding
from playhead.safety.policy import MAKING, MINORS, SHIPPED, Policy, _policy, categories, load_policy, shipped
from playhead.types import Decision, Door

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

WHOLE: dict[str, Any] = shipped("policies/default.yaml")
DEFAULT = load_policy("default")


@pytest.fixture
def load(tmp_path: Path) -> Callable[[str | bytes], Policy]:
    """Writes a policy of one's own and loads it."""

    def written(text: str | bytes) -> Policy:
        path = tmp_path / "own.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_policy(str(path))

    return written


def faults(load: Callable[[str | bytes], Policy], text: str | bytes) -> tuple[str, ...]:
    with pytest.raises(PolicyError) as caught:
        load(text)
    assert "\n" not in str(caught.value)
    return caught.value.problems


# What ships


@pytest.mark.parametrize("name", SHIPPED)
def test_what_ships_is_whole(name: str) -> None:
    policy = load_policy(name)
    assert policy.name == name
    assert re.fullmatch(rf"{name} [1-9]", str(policy))
    assert set(policy.stages) == set(Door)
    assert all(set(ladders) == set(categories()) for ladders in policy.stages.values())
    assert_fixed(policy)


def assert_fixed(policy: Policy) -> None:
    for door in Door:
        assert policy.decide(door, Finding(MINORS, 0.5))[0] is Decision.BLOCK
    assert policy.override[MINORS] is False
    assert all(policy.unjudged[door] is Decision.BLOCK for door in MAKING)


def test_making_is_never_easier_than_looking() -> None:
    default = load_policy("default")
    for category in categories():
        for score in (0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0):
            looked = default.decide(Door.TOOL_OUTPUT, Finding(category, score))[0]
            made = default.decide(Door.GENERATE_INPUT, Finding(category, score))[0]
            assert made.severity >= looked.severity


@pytest.mark.parametrize("name", ["default", "strict", "research"])
def test_what_a_picture_would_show_stops_making_alone(name: str) -> None:
    """Footage of violence is looked for, told and shown; the words for it are no prompt."""
    policy = load_policy(name)
    for door in Door:
        decision = policy.decide(door, Finding("graphic", 0.9))[0]
        assert (decision in (Decision.ASK, Decision.BLOCK)) == (door in MAKING), door


# Faults

FAULTS = {
    "a stage": ("stages: {requst: {hate: {block: 0.5}}}", "stages.requst: there is no such name; did you mean req"),
    "a category": (
        "stages: {request: {hat: {block: 0.5}}}", "stages.request.hat: there is no such name; did you mean hate?",
    ),
    "an action": (
        "stages: {request: {hate: {blok: 0.5}}}", "stages.request.hate.blok: there is no such name; did you mean bl",
    ),
    "allow is no action": (
        "stages: {request: {hate: {allow: 0.5}}}",
        "stages.request.hate.allow: there is no such name; there are: ask, block, warn",
    ),
    "a key": ("overide: {hate: never}", "overide: there is no such name; did you mean override?"),
    "a key that is a number": ("7: 8", "7: there is no such name; there are: "),
    "a threshold above 1": (
        "stages: {request: {hate: {block: 1.5}}}", "stages.request.hate.block: 1.5 is no threshold from 0 to 1",
    ),
    "a threshold below 0": ("stages: {request: {hate: {warn: -0.1}}}", "-0.1 is no threshold"),
    "a threshold that is no number": ("stages: {request: {hate: {warn: .nan}}}", "nan is no threshold"),
    "a threshold without end": ("stages: {request: {hate: {warn: .inf}}}", "inf is no threshold"),
    "a huge threshold": (f"stages: {{request: {{hate: {{warn: {'9' * 400}}}}}}}", "is no threshold"),
    "a threshold in words": ("stages: {request: {hate: {warn: low}}}", "'low' is no threshold"),
    "a threshold of text": ("stages: {request: {hate: {warn: '0.5'}}}", "'0.5' is no threshold"),
    "a threshold of yes": ("stages: {request: {hate: {warn: yes}}}", "True is no threshold"),
    "no threshold": ("stages: {request: {hate: {warn: }}}", "None is no threshold"),
    "warn above block": (
        "stages: {request: {hate: {warn: 0.9, block: 0.5}}}",
        "stages.request.hate: warn at 0.9 never happens, since block comes at 0.5",
    ),
    "ask above block": ("stages: {request: {hate: {warn: 0.1, ask: 0.9, block: 0.5}}}", "ask at 0.9 never happens"),
    "warn as high as ask": ("stages: {request: {hate: {warn: 0.5, ask: 0.5}}}", "warn at 0.5 never happens"),
    "a ladder that is none": ("stages: {request: {hate: 0.5}}", "stages.request.hate: it must be like {warn: 0.5"),
    "a stage that is none": ("stages: {request: 0.5}", "stages.request: it must be a table"),
    "stages that are none": ("stages: [request]", "stages: it must be a table"),
    "no stages": ("stages:", "stages: it must be a table"),
    "override": ("override: {hate: always}", "override.hate: 'always' is none of never, with_reason"),
    "override of a list": ("override: {hate: [never]}", "override.hate: ['never'] is none of"),
    "override of nobody": ("override: {hat: never}", "override.hat: there is no such name; did you mean hate?"),
    "unjudged": ("unjudged: {request: maybe}", "unjudged.request: 'maybe' is none of allow, warn, ask, block"),
    "footage": ("footage: {write: ask}", "footage.write: there is no such name; did you mean writes?"),
    "mask": ("mask: [fone]", "mask.fone: there is no such name; did you mean phone?"),
    "mask of text": ("mask: phone", "mask: it must be a list"),
    "mask of tables": ("mask: [{phone: 1}]", "there is no such name"),
    "words": ("words: {hat: [x]}", "words.hat: there is no such name; did you mean hate?"),
    "words of text": ("words: {hate: x}", "words.hate: it must be a list of words or phrases"),
    "words of nothing": ("words: {hate: [' ']}", "words.hate: it must be a list of words or phrases"),
    "words of numbers": ("words: {hate: [7]}", "words.hate: it must be a list of words or phrases"),
    "words of a list": ("words: [x]", "words: it must be a table of categories"),
    "images": ("images: some", "images: it must be all or generated"),
    "a time that is too short": ("timeout_s: 0", "timeout_s: it must be a number of seconds"),
    "a time without end": ("timeout_s: .inf", "timeout_s: it must be a number of seconds"),
    "a name on two lines": ('name: "a\\nb"', "name: it must be text on one line"),
    "a long name": (f"name: {'a' * 101}", "name: it must be text on one line, of 100 characters"),
    "a name that is none": ("name: 7", "name: it must be text"),
    "a version in words": ("version: one", "version: it must be a whole number"),
    "a version of yes": ("version: yes", "version: it must be a whole number"),
    "minors let through": ("stages: {answer: {sexual_minors: {warn: 0.1}}}", "answer.sexual_minors: it is always"),
    "minors let through later": ("stages: {answer: {sexual_minors: {block: 0.51}}}", "it is always blocked"),
    "minors asked about": ("stages: {answer: {sexual_minors: {ask: 0.1}}}", "it is always blocked"),
    "minors not at all": ("stages: {answer: {sexual_minors: {}}}", "it is always blocked"),
    "minors by somebody": ("override: {sexual_minors: with_reason}", "override.sexual_minors: it must be never"),
    "generation unjudged": ("unjudged: {generate_input: ask}", "nothing is generated unjudged"),
    "output unjudged": ("unjudged: {generate_output: warn}", "nothing is generated unjudged"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "told"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_told_with_its_place(text: str, told: str, load: Callable[[str | bytes], Policy]) -> None:
    problems = faults(load, f"extends: default\n{text}\n")
    assert any(told in problem for problem in problems), problems


def test_every_fault_is_told_at_once(load: Callable[[str | bytes], Policy]) -> None:
    lines = [
        text for text, _ in FAULTS.values() if text.startswith(("mask: [fone", "images", "overide", "timeout_s: 0"))
    ]
    with pytest.raises(
        PolicyError, match=r"^The policy .*own\.yaml has 4 faults: .*; .*; .*; .*See docs/safety\.md$"
    ):
        load("\n".join(["extends: default", *lines]))


def test_of_many_faults_some_are_told_and_where_to_see_the_rest(load: Callable[[str | bytes], Policy]) -> None:
    with pytest.raises(
        PolicyError, match=r"has 9 faults: .*; and 5 more\. Each of them: playhead policy check "
    ) as caught:
        load("extends: default\n" + "\n".join(f"key{n}: 1" for n in range(9)))
    assert len(caught.value.problems) == 9


@pytest.mark.parametrize("key", sorted(WHOLE))
def test_nothing_may_be_missing(key: str, load: Callable[[str | bytes], Policy]) -> None:
    assert faults(load, yaml.safe_dump({k: v for k, v in WHOLE.items() if k != key})) == (f"{key}: it is missing",)


@pytest.mark.parametrize(
    "path",
    ["stages.request", "stages.answer.hate", "stages.answer.sexual_minors", "override.hate", "unjudged.answer"],
)
def test_no_line_of_a_table_may_be_missing(path: str, load: Callable[[str | bytes], Policy]) -> None:
    said = copy.deepcopy(WHOLE)
    *above, last = path.split(".")
    table = said
    for key in above:
        table = table[key]
    del table[last]
    assert f"{path}: it is missing" in faults(load, yaml.safe_dump(said))


NO_POLICY = {
    "broken YAML": ("stages: {request: [", "is not YAML: line 1, column 20: expected"),
    "an alias": ("a: &x {b: 1}\nc: *x", "aliases"),
    "a key twice": ("name: a\nname: b", "'name' is there twice"),
    "a category twice": ("extends: default\nwords: {hate: [a], hate: []}", "'hate' is there twice"),
    "one of many keys twice": ("\n".join(f"k{n}: 1" for n in [*range(2000), 7]), "'k7' is there twice"),
    "a table as a key": ("{a: 1}: 2", "is not YAML"),
    "code": ("!!python/object/apply:os.system [true]", "is not YAML"),
    "a merge": ("<<: {name: a}\nname: b", "is not YAML"),
    "a deep nest": ("[" * 5000, "is not YAML"),
    "nothing": ("", "it is empty"),
    "only a comment": ("# nothing\n", "is no table"),
    "a list": ("- default", "is no table"),
    "a word": ("default", "is no table"),
    "two documents": ("name: a\n---\nname: b", "is not YAML"),
    "no UTF-8": (b"name: \xff\xfe\xfa", "is no text: it is not UTF-8"),
    "no text": (b"\x00\x01\x02", "is not YAML"),
    "2 MB": ("# " + "x" * (2 << 20), "it is larger than 1,048,576 bytes"),
    "extends nobody": (
        "extends: lenient",
        "extends 'lenient': only one that ships can be extended. There are: default",
    ),
    "extends a file": ("extends: ./own.yaml", "only one that ships can be extended"),
    "extends a list": ("extends: [default]", "only one that ships can be extended"),
    "extends a number": ("extends: 7", "only one that ships can be extended"),
}


@pytest.mark.parametrize(("text", "told"), NO_POLICY.values(), ids=NO_POLICY)
def test_what_is_no_policy_is_refused_in_one_line(
    text: str | bytes, told: str, load: Callable[[str | bytes], Policy]
) -> None:
    with pytest.raises(PolicyError) as caught:
        load(text)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


def test_only_plain_files_are_read(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "folder.yaml").mkdir()
    os.mkfifo(inside / "pipe.yaml")
    (tmp_path / "outside.yaml").write_text("extends: default")
    (inside / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    places = ["folder.yaml", "pipe.yaml", "link.yaml", "absent.yaml", "a\x00b", "x" * 300]
    for place in [*(str(inside / place) for place in places), "~nobody-of-this-name/own.yaml", "", "defualt"]:
        with pytest.raises(PolicyError) as caught:
            load_policy(place)
        assert "\n" not in str(caught.value)


# Extending


@pytest.mark.parametrize("base", SHIPPED)
def test_a_policy_that_adds_nothing_is_the_one_it_extends(base: str, load: Callable[[str | bytes], Policy]) -> None:
    assert load(f"extends: {base}") == load_policy(base)


def test_a_ladder_is_taken_whole_and_other_lines_stay(load: Callable[[str | bytes], Policy]) -> None:
    own = load("extends: default\nname: mine\nstages: {request: {sexual: {ask: 0.6}}}\noverride: {hate: never}\n")
    default = load_policy("default")
    assert own.stages[Door.REQUEST]["sexual"] == {Decision.ASK: 0.6}
    assert own.stages[Door.REQUEST] == {**default.stages[Door.REQUEST], "sexual": {Decision.ASK: 0.6}}
    assert {d: own.stages[d] for d in Door if d != "request"} == {
        d: default.stages[d] for d in Door if d != "request"
    }
    assert own.override == {**default.override, "hate": False}
    assert (own.name, own.version, own.mask) == ("mine", default.version, frozenset())


def test_lists_are_taken_whole(load: Callable[[str | bytes], Policy]) -> None:
    own = load("extends: strict\nmask: [mail]\nwords: {illicit: [ghost gun]}")
    assert own.mask == {"mail"}
    assert own.words == {"illicit": ("ghost gun",)}
    assert own.unjudged == load_policy("strict").unjudged


def test_a_category_may_be_let_through_altogether(load: Callable[[str | bytes], Policy]) -> None:
    own = load("extends: default\nstages: {request: {violence: {}}}")
    assert own.decide(Door.REQUEST, Finding("violence", 1.0)) == (Decision.ALLOW, 1.0)


# Deciding


@pytest.mark.parametrize(
    ("score", "decided"),
    [
        (0.0, (Decision.ALLOW, 0.4)),
        (0.3999999, (Decision.ALLOW, 0.4)),
        (0.4, (Decision.WARN, 0.4)),
        (0.4999999, (Decision.WARN, 0.4)),
        (0.5, (Decision.ASK, 0.5)),
        (0.8999999, (Decision.ASK, 0.5)),
        (0.9, (Decision.BLOCK, 0.9)),
        (1.0, (Decision.BLOCK, 0.9)),
    ],
)
def test_thresholds_decide_from_themselves_on(score: float, decided: tuple[Decision, float]) -> None:
    assert load_policy("default").decide(Door.REQUEST, Finding("sexual", score)) == decided


@given(st.sampled_from(list(Door)), st.sampled_from(sorted(categories())), st.floats(0, 1), st.floats(0, 1))
def test_a_higher_score_is_never_milder(door: Door, category: str, one: float, other: float) -> None:
    low, high = (DEFAULT.decide(door, Finding(category, score))[0].severity for score in sorted((one, other)))
    assert low <= high


# Its digest


def test_the_digest_is_of_what_is_said_not_how() -> None:
    lines = yaml.safe_dump(WHOLE, sort_keys=True)
    other = "# a comment\n" + yaml.safe_dump(dict(reversed(WHOLE.items())), sort_keys=False, default_flow_style=True)
    digests = {_policy("x", strict_yaml.load(text)).sha256 for text in (lines, other)}
    assert digests == {DEFAULT.sha256}


def test_the_digest_changes_with_every_line() -> None:
    seen = {DEFAULT.sha256}
    for door in Door:
        for category in categories():
            said = copy.deepcopy(WHOLE)
            said["stages"][door][category] = {"block": 0.123}
            seen.add(_policy("x", said).sha256)
    changes = [
        ("name", "x"), ("version", 99), ("timeout_s", 61), ("images", "all"), ("mask", ["mail"]),
        ("words", {"hate": ["x"]}),
    ]  # fmt: skip
    seen |= {_policy("x", WHOLE | {key: value}).sha256 for key, value in changes}
    for key, line, value in [
        ("override", "hate", "never"),
        ("unjudged", "answer", "warn"),
        ("footage", "reads", "ask"),
    ]:
        seen.add(_policy("x", WHOLE | {key: WHOLE[key] | {line: value}}).sha256)
    assert len(seen) == 1 + len(Door) * len(categories()) + len(changes) + 3


# What no file can change

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 2), st.floats(), st.text(max_size=5),
    st.lists(st.text(max_size=3), max_size=2),
    st.dictionaries(st.sampled_from(["warn", "ask", "block", "allow"]), st.floats(0, 1), max_size=3),
    st.sampled_from(["never", "with_reason", "allow", "warn", "ask", "block", "all", "generated"]),
)  # fmt: skip


def edited(said: dict[str, Any], chance: random.Random, value: Any) -> None:
    """Put a value somewhere, drop a line, or give a line another name; more often where it matters."""
    table: Any = said
    while True:
        likely = [key for key in table if key in (MINORS, "stages", "unjudged", "override", "generate_input")]
        key = chance.choice(likely if likely and chance.random() < 0.6 else list(table))
        if isinstance(table[key], dict) and table[key] and chance.random() < 0.9:
            table = table[key]
            continue
        how = chance.randrange(4)
        if how == 0:
            del table[key]
        elif how == 1:
            table[chance.choice(["x", f"{key} ", str(key).upper(), "block"])] = table.pop(key)
        else:
            table[key] = value
        return


@given(st.randoms(use_true_random=False), st.lists(VALUES, min_size=1, max_size=3))
def test_no_edit_of_a_policy_switches_off_what_is_fixed(chance: random.Random, values: list[Any]) -> None:
    said = copy.deepcopy(WHOLE)
    for value in values:
        edited(said, chance, value)
    try:
        policy = _policy("x", said)
    except PolicyError:
        return
    assert_fixed(policy)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_policy_or_a_fault(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(b"extends: default\n" + data)
    try:
        policy = load_policy(str(path))
    except PolicyError:
        return
    assert_fixed(policy)


def test_a_name_of_several_lines_is_told_on_one(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text('extends: default\n"a\\nb": 1\n')
    with pytest.raises(PolicyError, match="there is no such name") as caught:
        load_policy(str(tmp_path / "own.yaml"))
    assert "\n" not in str(caught.value)
