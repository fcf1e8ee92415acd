"""Every fault of a plan at once, each with its place and what to do instead, before anything runs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from playhead import Library, Settings
from playhead.agent.agent import Agent
from playhead.agent.check import Budget, Checked, Problem, check
from playhead.agent.plan import Plan, parse_plan, read_plan
from playhead.errors import PlanError
from playhead.tools.contract import Arguments, Context, Effect, Tool
from playhead.tools.registry import all_tools
from playhead.types import Frames

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FIND = "find: {tool: search_moments, args: {query: a ferry}}"
SUM = "tool: summarize, args: {video: cuts.mp4"
WHOLE = "0:00.0–0:04.0"


def checked(steps: str, library: Library | None = None, budget: Budget | None = None) -> Checked:
    """What the checker says of steps (or of a whole plan)."""
    text = steps if steps.startswith(("steps:", "inputs:", "answer:")) else f"steps: {{{steps}}}"
    return check(parse_plan(text), all_tools(), library, budget)


def only(steps: str, library: Library | None = None, budget: Budget | None = None) -> Problem:
    [problem] = checked(steps, library, budget).problems
    return problem


GOOD = {
    "one step": "a: {tool: probe_video, args: {video: cuts.mp4}}",
    "a part of a result": f"{FIND}, a: {{tool: summarize, args: {{video: '$find.moments[0].video.id'}}}}",
    "a time out of a result": f"{FIND}, a: {{{SUM}, start_s: '$find.moments[0].span.end_s'}}}}",
    "the last of a list": f"{FIND}, a: {{{SUM}, end_s: '$find.moments[-1].span.end_s'}}}}",
    "moments as windows": f"{FIND}, a: {{tool: extract_frames, args: {{moments: $find.moments}}}}",
    "one moment in a list": f"{FIND}, a: {{tool: extract_frames, args: {{moments: ['$find.moments[0]']}}}}",
    "frames": (
        f"{FIND}, a: {{tool: extract_frames, args: {{moments: $find.moments}}}}, "
        "b: {tool: caption_frames, args: {frames: $a.frames}}"
    ),
    "a whole number for a number": "a: {tool: summarize, args: {video: cuts.mp4, start_s: 1, end_s: 3}}",
    "times from the end": "a: {tool: summarize, args: {video: cuts.mp4, start_s: -3, end_s: -1}}",
    "a dollar sign": "a: {tool: search_moments, args: {query: $$5}}",
    "an empty list": "a: {tool: search_moments, args: {query: x, channels: []}}",
    "null where it may be": "a: {tool: summarize, args: {video: cuts.mp4, start_s: null}}",
    "an input": (
        "inputs: {v: cuts.mp4, n: 3}\nsteps: {a: {tool: search_moments, args: {query: x, video: $v, limit: $n}}}"
    ),
    "a whole number as an input for a number": (
        "inputs: {t: 1}\nsteps: {a: {tool: summarize, args: {video: cuts.mp4, start_s: $t}}}"
    ),
    "one word of a few as an input": (
        "inputs: {f: chapters}\nsteps: {a: {tool: summarize, args: {video: cuts.mp4, format: $f}}}"
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", GOOD)
def test_what_can_run_has_no_fault(what: str, shelf: Library) -> None:
    found = checked(GOOD[what], shelf)
    assert found.problems == ()
    found.demand()
    assert found.seconds > 0


FAULTS: dict[str, tuple[str, Problem]] = {
    "an unknown tool that is nearly one": (
        "a: {tool: search_moment, args: {query: x}}",
        Problem("a", "tool", "there is no tool 'search_moment'", "", "Did you mean search_moments?"),
    ),
    "an unknown argument that is nearly one": (
        "a: {tool: search_moments, args: {qurey: x, query: x}}",
        Problem("a", "qurey", "search_moments takes no such argument", "", "Did you mean query?"),
    ),
    "an unknown argument": (
        "a: {tool: probe_video, args: {video: x, zzz: 1}}",
        Problem("a", "zzz", "probe_video takes no such argument", "", "It takes: video"),
    ),
    "a missing argument": (
        "a: {tool: probe_video}",
        Problem("a", "video", "it is missing", "text", "Id, name or path of a video."),
    ),
    "a list for a text": (
        "a: {tool: probe_video, args: {video: [x]}}",
        Problem("a", "video", "['x'] does not fit", "text", "Input should be a valid string"),
    ),
    "a text for a number": (
        "a: {tool: summarize, args: {video: x, start_s: soon}}",
        Problem(
            "a", "start_s", "'soon' does not fit", "number",
            "Input should be a valid number, unable to parse string as a number",
        ),
    ),
    "a number that is too large": (
        "a: {tool: search_moments, args: {query: x, limit: 1001}}",
        Problem("a", "limit", "1001 does not fit", "whole number", "Input should be less than or equal to 1000"),
    ),
    "a word that is none of a few": (
        "a: {tool: summarize, args: {video: x, format: novel}}",
        Problem(
            "a", "format", "'novel' does not fit", "sentences or chapters",
            "Input should be 'sentences' or 'chapters'",
        ),
    ),
    "a channel that there is not": (
        "a: {tool: search_moments, args: {query: x, channels: [smell]}}",
        Problem(
            "a", "channels", "['smell'] does not fit",
            "list of picture or object or text or speech or caption or motion or thermal or depth",
            "Input should be 'picture', 'object', 'text', 'speech', 'caption', 'motion', 'thermal' or 'depth'",
        ),
    ),
    "frames where a list of frames is wanted": (
        "a: {tool: extract_frames, args: {video: x}}, b: {tool: caption_frames, args: {frames: $a}}",
        Problem("b", "frames", "$a is Frames", "list of Frame", "Did you mean $a.frames?"),
    ),
    "a search where moments are wanted": (
        f"{FIND}, b: {{tool: extract_frames, args: {{moments: $find}}}}",
        Problem(
            "b", "moments", "$find is SearchResult", "list of Moment or Shot or Citation or Part",
            "Did you mean $find.moments?",
        ),
    ),
    "a video where its name is wanted": (
        f"{FIND}, b: {{tool: probe_video, args: {{video: '$find.moments[0].video'}}}}",
        Problem(
            "b", "video", "$find.moments[0].video is Video", "text", "Did you mean $find.moments[0].video.id?"
        ),
    ),
    "a result that nothing fits": (
        "a: {tool: detect_shots, args: {video: x}}, b: {tool: caption_frames, args: {frames: $a}}",
        Problem("b", "frames", "$a is Shots", "list of Frame"),
    ),
    "a field that there is not": (
        f"{FIND}, b: {{tool: extract_frames, args: {{moments: $find.momets}}}}",
        Problem(
            "b", "moments", "$find.momets: .momets leads nowhere: SearchResult has no such field", "",
            "There is: query, moments, no_match, notes, nearest",
        ),
    ),
    "a number of what is no list": (
        f"{FIND}, b: {{tool: summarize, args: {{video: '$find[0].video.id'}}}}",
        Problem(
            "b", "video", "$find[0].video.id: [0] leads nowhere: SearchResult is no list", "",
            "There is: query, moments, no_match, notes, nearest",
        ),
    ),
    "a field of a list": (
        f"{FIND}, b: {{tool: summarize, args: {{video: '$find.moments.video.id'}}}}",
        Problem("b", "video", "$find.moments.video.id: .video leads nowhere: list of Moment has no such field"),
    ),
    "something like a reference": (
        "a: {tool: search_moments, args: {query: $5}}",
        Problem("a", "query", "'$5' is no reference", "", "Write $step.field[0], or $$ for a dollar sign"),
    ),
    "something like a reference in a list": (
        "a: {tool: search_moments, args: {query: x, channels: ['$Speech']}}",
        Problem("a", "channels", "'$Speech' is no reference", "", "Write $step.field[0], or $$ for a dollar sign"),
    ),
    "a step further down": (
        f"b: {{tool: extract_frames, args: {{moments: $find.moments}}}}, {FIND}",
        Problem(
            "b", "moments", "$find.moments refers to a step that is not above it", "an earlier step", "Move find up"
        ),
    ),
    "a step that there is not": (
        f"{FIND}, b: {{tool: extract_frames, args: {{moments: $fnd.moments}}}}",
        Problem("b", "moments", "there is no step or input 'fnd'", "", "Did you mean find?"),
    ),
    "a part of an input": (
        "inputs: {v: cuts.mp4}\nsteps: {a: {tool: probe_video, args: {video: $v.id}}}",
        Problem("a", "video", "the input v has no parts", "$v"),
    ),
    "an input of another type": (
        "inputs: {v: 7}\nsteps: {a: {tool: probe_video, args: {video: $v}}}",
        Problem("a", "video", "7 does not fit", "text", "Input should be a valid string"),
    ),
    "an input of another type in a list": (
        "inputs: {c: smell}\nsteps: {a: {tool: search_moments, args: {query: x, channels: [$c]}}}",
        Problem(
            "a", "channels", "['smell'] does not fit",
            "list of picture or object or text or speech or caption or motion or thermal or depth",
            "Input should be 'picture', 'object', 'text', 'speech', 'caption', 'motion', 'thermal' or 'depth'",
        ),
    ),
    "an input that is too small": (
        "inputs: {n: 0}\nsteps: {a: {tool: search_moments, args: {query: x, limit: $n}}}",
        Problem("a", "limit", "0 does not fit", "whole number", "Input should be greater than or equal to 1"),
    ),
    "an input without a value": (
        "inputs: {v: null}\nsteps: {a: {tool: probe_video, args: {video: $v}}}",
        Problem("", "inputs.v", "it has no value", "one", "Give it with --set v=…"),
    ),
    "an input and a step of one name": (
        "inputs: {a: x}\nsteps: {a: {tool: probe_video, args: {video: y}}}",
        Problem("a", "", "an input has the same name", "names that differ"),
    ),
    "no steps": ("steps: {}", Problem("", "steps", "it has no steps", "at least one")),
    "an answer that there is not": (
        f"answer: fnd\nsteps: {{{FIND}}}",
        Problem("", "answer", "there is no step 'fnd'", "", "Did you mean find?"),
    ),
    "an end before its start": (
        "a: {tool: summarize, args: {video: x, start_s: 3, end_s: 1}}",
        Problem("a", "", "start_s (3) must be before end_s (1)"),
    ),
    "an end before its start, counted from the end": (
        "a: {tool: summarize, args: {video: x, start_s: -1, end_s: -3}}",
        Problem("a", "", "start_s (-1) must be before end_s (-3)"),
    ),
    "an end before its start by inputs": (
        "inputs: {s: 3, e: 1}\nsteps: {a: {tool: summarize, args: {video: x, start_s: $s, end_s: $e}}}",
        Problem("a", "", "start_s (3) must be before end_s (1)"),
    ),
    "two ways at once": (
        "a: {tool: extract_frames, args: {video: x, at_s: [1], every_s: 2}}",
        Problem("a", "", "give only one of at_s, every_s and moments"),
    ),
    "no way at all": ("a: {tool: extract_frames}", Problem("a", "", "name a video, or give moments")),
}  # fmt: skip


@pytest.mark.parametrize("what", FAULTS)
def test_a_fault_is_told_with_its_place_and_what_to_do(what: str) -> None:
    steps, problem = FAULTS[what]
    assert only(steps) == problem


def test_all_faults_are_told_at_once_and_raised_as_one_error() -> None:
    found = checked(
        "a: {tool: serch_moments, args: {query: x}}, b: {tool: probe_video, args: {vido: x}}, "
        "c: {tool: summarize, args: {video: $z, start_s: soon, limit: 0}}, "
        "d: {tool: caption_frames, args: {frames: $b}}"
    )
    places = [(problem.step, problem.argument) for problem in found.problems]
    expected = [
        ("a", "tool"), ("b", "vido"), ("b", "video"),
        ("c", "start_s"), ("c", "video"), ("c", "limit"), ("d", "frames"),
    ]  # fmt: skip
    assert places == expected
    with pytest.raises(PlanError, match="The plan has 7 faults") as refusal:
        found.demand()
    assert refusal.value.problems == found.problems
    assert refusal.value.exit_code == 2
    for problem in found.problems:
        assert str(problem) in str(refusal.value)
    assert found.estimates_s == {}


@pytest.mark.parametrize(
    ("steps", "circle"),
    [
        ("a: {tool: summarize, args: {video: $a.text}}", "a"),
        ("a: {tool: summarize, args: {video: $b.text}}, b: {tool: summarize, args: {video: $a.text}}", "a and b"),
        (
            "a: {tool: summarize, args: {video: $c.x}}, b: {tool: summarize, args: {video: $a.x}}, "
            "c: {tool: summarize, args: {video: $b.x}}, d: {tool: summarize, args: {video: $c.x}}",
            "a and b and c",
        ),
    ],
)
def test_a_circle_is_named(steps: str, circle: str) -> None:
    problems = checked(steps).problems
    assert Problem("a", "", f"{circle} wait for each other", "no circles") in problems
    assert sum("wait for each other" in problem.what for problem in problems) == 1


# Tools that nobody has


@pytest.mark.parametrize(
    ("invented", "meant"),
    [
        ("search_moment", "search_moments"),
        ("SearchMoments", "search_moments"),
        ("extract_frame", "extract_frames"),
        ("caption_frame", "caption_frames"),
        ("answer_questions", "answer_question"),
        ("transcribe_video", "transcribe"),
        ("summarise", "summarize"),
    ],
)
def test_an_invented_tool_is_refused_with_the_one_that_is_meant(invented: str, meant: str) -> None:
    problem = only(f"a: {{tool: {invented}, args: {{anything: 1}}}}")
    assert (problem.step, problem.argument) == ("a", "tool")
    assert problem.what == f"there is no tool {invented!r}"
    assert problem.suggestion == f"Did you mean {meant}?"


@pytest.mark.parametrize("invented", ["make_coffee", "", "../../bin/sh", "x" * 5000])
def test_an_invented_tool_that_is_like_none_is_refused_with_all_there_are(invented: str) -> None:
    problem = only(f"a: {{tool: '{invented}'}}")
    assert problem.suggestion == f"There are: {', '.join(all_tools())}"


def test_a_step_that_needs_an_invented_one_is_kept_and_the_invented_one_told(shelf: Library) -> None:
    plan = parse_plan(
        "steps: {a: {tool: locate_ferry, args: {video: cuts.mp4}}, b: {tool: summarize, args: {video: $a.video}}}"
    )
    agent = Agent(shelf)
    with pytest.raises(PlanError, match="there is no tool 'locate_ferry'") as refusal:
        agent.run(plan)
    assert [(p.step, p.argument) for p in refusal.value.problems if isinstance(p, Problem)] == [("a", "tool")]
    assert not (shelf.folder / "runs").exists()


def test_a_dependency_that_cannot_be_met_is_told_never_dropped() -> None:
    problem = only("a: {tool: caption_frames, args: {frames: $frames.frames}}")
    assert problem == Problem("a", "frames", "there is no step or input 'frames'")
    problem = only("a: {tool: caption_frames, args: {frames: ['$frames.frames[0]']}}")
    assert problem == Problem("a", "frames", "there is no step or input 'frames'")


# Videos and times


FOOTAGE: dict[str, tuple[str, str, str, str]] = {
    "a video that is not there": (
        "tool: probe_video, args: {video: boat.mp4}", "video", "there is no video 'boat.mp4'", "it holds cuts.mp4",
    ),
    "a start past the end": (f"{SUM}, start_s: 60}}", "start_s", "nothing at 60 s", WHOLE),
    "an end before the start": (
        "tool: summarize, args: {video: late.mkv, end_s: 9}", "end_s", "nothing at 9 s", "1:40.0–1:42.0",
    ),
    "a start at the very end": (f"{SUM}, start_s: 4}}", "start_s", "nothing at 4 s", WHOLE),
    "times that cross, one from the end": (
        f"{SUM}, start_s: 3, end_s: -2}}", "start_s", "nothing at 3 s to -2 s", WHOLE,
    ),
    "a frame past the end": (
        "tool: extract_frames, args: {video: cuts.mp4, at_s: [1, 60]}", "at_s", "nothing at 60 s", WHOLE,
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", FOOTAGE)
def test_what_the_footage_does_not_have_is_told(what: str, shelf: Library) -> None:
    step, argument, wrong, known = FOOTAGE[what]
    problem = only(f"a: {{{step}}}", shelf)
    assert (problem.step, problem.argument) == ("a", argument)
    assert wrong in problem.what
    assert known in problem.what
    assert checked(f"a: {{{step}}}").problems == ()  # without a library nobody knows


def test_the_video_and_the_times_of_inputs_are_checked(shelf: Library) -> None:
    text = "inputs: {v: %s, t: %s}\nsteps: {a: {tool: summarize, args: {video: $v, start_s: $t}}}"
    assert checked(text % ("cuts.mp4", 3.5), shelf).problems == ()
    assert only(text % ("boat.mp4", 3.5), shelf).argument == "video"
    assert only(text % ("plain.mp4", 3.5), shelf).what.startswith("plain.mp4 has nothing at 3.5 s: it plays")


def test_a_video_that_only_a_step_knows_is_not_guessed(shelf: Library) -> None:
    text = f"{FIND}, a: {{tool: summarize, args: {{video: '$find.moments[0].video.id', start_s: 60}}}}"
    assert checked(text, shelf).problems == ()


def test_a_file_under_the_roots_need_not_be_indexed(shelf: Library, clips: Callable[[str], Path]) -> None:
    settings = Settings.model_validate({"roots": (clips("cuts.mp4").parent,)})
    with Library(shelf.folder, settings=settings, models=shelf.models) as library:
        assert checked(f"a: {{tool: probe_video, args: {{video: '{clips('talk.mp4')}'}}}}", library).problems == ()


# Limits and policy


def many(count: int) -> str:
    return ", ".join(f"s{n}: {{tool: probe_video, args: {{video: x}}}}" for n in range(count))


def test_too_many_steps_are_refused() -> None:
    assert checked(many(50)).problems == ()
    assert only(many(51)) == Problem("", "steps", "it has 51 steps", "at most 50")
    assert checked(many(51), budget=Budget(steps=51)).problems == ()


def test_a_plan_that_costs_too_much_is_refused(shelf: Library) -> None:
    steps = "a: {tool: transcribe, args: {video: cuts.mp4}}, b: {tool: summarize, args: {video: cuts.mp4}}"
    seconds = checked(steps, shelf).seconds
    assert checked(steps, shelf, Budget(seconds=seconds)).problems == ()
    problem = only(steps, shelf, Budget(seconds=seconds / 2))
    assert problem == Problem(
        "", "", f"it would take about {seconds:.0f} s", f"at most {seconds / 2:.0f} s",
        "Ask for less, or raise the budget",
    )  # fmt: skip


def test_a_step_may_do_only_what_the_policy_allows() -> None:
    steps = (
        "a: {tool: search_moments, args: {query: x}}, b: {tool: extract_frames, args: {video: x}}, "
        "c: {tool: transcribe, args: {video: x}}"
    )
    reading = Budget(effects=frozenset({Effect.READS}))
    assert checked(steps, budget=reading).problems == (
        Problem("b", "tool", "extract_frames writes", "only what reads"),
        Problem("c", "tool", "transcribe costly", "only what reads"),
    )
    assert checked(steps, budget=Budget(effects=frozenset(Effect))).problems == ()
    assert len(checked(steps, budget=Budget(effects=frozenset())).problems) == 3


# Estimates


def test_every_step_has_an_estimate_that_grows_with_the_footage(shelf: Library) -> None:
    step = "{tool: transcribe, args: {video: %s, language: en}}"
    found = checked(f"a: {step % 'cuts.mp4'}, b: {step % 'plain.mp4'}", shelf)
    assert list(found.estimates_s) == ["a", "b"]
    assert found.estimates_s["a"] == pytest.approx(1 + 4 / 10)
    assert found.estimates_s["b"] == pytest.approx(1 + 2 / 10)
    known = checked("a: {tool: transcribe, args: {video: cuts.mp4}}", shelf)
    assert known.seconds == pytest.approx(1)  # it was listened to already
    assert found.seconds == pytest.approx(sum(found.estimates_s.values()))


def test_without_a_library_an_estimate_is_of_ten_minutes() -> None:
    assert checked("a: {tool: transcribe, args: {video: x}}").seconds == pytest.approx(1 + 600 / 10)


class WaitArgs(Arguments):
    seconds: float = Field(description="How long.")
    kind: Literal["short", "long"] = Field("short", description="Which.")


class Wait(Tool[WaitArgs, Frames]):
    """Says beforehand how long it takes, from an argument that it needs."""

    name: ClassVar[str] = "wait"
    Args: ClassVar[type[Arguments]] = WaitArgs
    result: ClassVar[type] = Frames

    def run(self, args: WaitArgs, context: Context) -> Frames:
        return Frames(())

    def estimate_s(self, args: WaitArgs, footage_s: float) -> float:
        return 2 * args.seconds


def test_what_is_not_known_yet_does_not_stop_an_estimate(shelf: Library) -> None:
    tools = all_tools() | {"wait": Wait()}
    plan = parse_plan(f"steps: {{{FIND}, a: {{tool: wait, args: {{seconds: '$find.moments[0].score'}}}}}}")
    found = check(plan, tools, shelf)
    assert found.problems == ()
    assert math.isfinite(found.estimates_s["a"])
    assert check(parse_plan("steps: {a: {tool: wait, args: {seconds: 3}}}"), tools).seconds == 6


# Anything at all

words = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ["$a", "$b.moments", "$c.frames[0]", "$v", "$a.moments[0].video.id", "cuts.mp4", "$$x", "$", "$5"]
    ),
)
leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), words)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=6
)
ARGUMENTS = sorted({name for tool in all_tools().values() for name in tool.Args.model_fields})
plans = st.fixed_dictionaries(
    {
        "inputs": st.dictionaries(st.sampled_from(["v", "w", "a"]), leaves, max_size=2),
        "steps": st.dictionaries(
            st.sampled_from(["a", "b", "c", "d"]),
            st.fixed_dictionaries(
                {
                    "tool": st.sampled_from([*all_tools(), "fly"]),
                    "args": st.dictionaries(st.sampled_from(ARGUMENTS) | words, values, max_size=4),
                }
            ),
            max_size=4,
        ),
        "answer": st.sampled_from(["", "a", "e"]),
    }
)


@given(plans)
def test_any_plan_is_checked_without_an_exception(shelf: Library, said: dict[str, Any]) -> None:
    try:
        plan: Plan = read_plan(said)
    except PlanError:
        return
    for library in (None, shelf):
        found = check(plan, all_tools(), library)
        assert bool(found.problems) != bool(found.estimates_s) or "it would take" in str(found.problems)
        assert all(problem.what for problem in found.problems)
        assert {problem.step for problem in found.problems} <= {"", *plan.steps}
