"""The tool `check_safety`: texts, pictures, frames and films, stretch by stretch, and how it reads in an answer."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any, cast

import pytest
from PIL import Image

from playhead import Library, Settings
from playhead.agent.agent import Agent
from playhead.agent.answer import answered, held
from playhead.agent.plan import parse_plan
from playhead.errors import InputError, PlayheadError
from playhead.models.roles import Role
from playhead.safety.policy import load_policy
from playhead.tools.contract import Context
from playhead.tools.registry import get_tool
from playhead.types import Decision, Door, SafetyReport, Span

from ..conftest import H264, FakeModels, solid, sound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playhead.models.registry import Models

SUBTITLES = "1\n00:00:00,200 --> 00:00:00,900\nA lake\n\n2\n00:00:02,100 --> 00:00:02,900\nMoonshine for all\n"
MAKING = {"door": "generate_output"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, ffmpeg: str) -> Path:
    """`middle.mp4`: a second each of green, red, blue; `end.mp4`: green, and red for half a second; a red picture."""
    folder = tmp_path_factory.mktemp("safety")
    (folder / "lines.srt").write_text(SUBTITLES)
    films = {
        "middle.mp4": (*solid("green", "red", "blue"), *H264),
        "red.mp4": (*solid("red", "red", "red"), *H264),
        "end.mp4": (*solid("green", "red"), "-t", "1.5", *H264),
        "spoken.mkv": (*sound(1), "-c:a", "pcm_s16le"),
        "subtitled.mkv": ("-f", "lavfi", "-i", "color=green:s=96x54:r=10:d=3", "-i", str(folder / "lines.srt"), *H264,
                          "-c:s", "srt"),
        "lyrics.mkv": (*sound(3), "-i", str(folder / "lines.srt"), "-c:a", "pcm_s16le", "-c:s", "srt"),
    }  # fmt: skip
    for name, arguments in films.items():
        subprocess.run([ffmpeg, "-v", "error", "-nostdin", *arguments, str(folder / name)], check=True, timeout=60)
    for colour in ("red", "blue"):
        Image.new("RGB", (8, 8), colour).save(folder / f"{colour}.png")
    return folder


@pytest.fixture
def library(tmp_path: Path, folder: Path, fakes: FakeModels) -> Iterator[Library]:
    settings = Settings.model_validate({"channels": ("picture", "object"), "roots": (folder,)})
    with Library(tmp_path / "library", settings=settings, models=cast("Models", fakes)) as library:
        assert not library.add(folder / "middle.mp4").failed
        yield library


@pytest.fixture
def judged(library: Library, tmp_path: Path) -> Callable[..., SafetyReport]:
    return lambda **arguments: cast(
        "SafetyReport", get_tool("check_safety").call(arguments, Context(library, tmp_path))
    )


@pytest.mark.parametrize(
    ("text", "door", "decision"),
    [
        ("a lake", "generate_input", Decision.ALLOW),
        ("a bloodbath", "generate_input", Decision.BLOCK),
        ("a bloodbath", "request", Decision.ASK),
        ("a bloodbath", "tool_output", Decision.WARN),
        ("a sexy schoolgirl", "answer", Decision.BLOCK),
    ],
)
def test_a_text(text: str, door: str, decision: Decision, judged: Callable[..., SafetyReport]) -> None:
    [verdict] = judged(text=text, door=door).verdicts
    assert (verdict.decision, verdict.door, verdict.span) == (decision, Door(door), None)


@pytest.mark.parametrize(("colour", "decision"), [("red", Decision.BLOCK), ("blue", Decision.ALLOW)])
def test_a_picture(colour: str, decision: Decision, judged: Callable[..., SafetyReport], folder: Path) -> None:
    [verdict] = judged(picture=folder / f"{colour}.png", **MAKING).verdicts
    assert (verdict.decision, verdict.category) == (decision, "illicit")


def test_frames(judged: Callable[..., SafetyReport], library: Library, tmp_path: Path) -> None:
    taken = get_tool("extract_frames").call({"video": "middle.mp4"}, Context(library, tmp_path))
    report = judged(frames=taken.frames, **MAKING)
    assert len(report.verdicts) == len(taken.frames) > 0
    for frame, verdict in zip(taken.frames, report.verdicts, strict=True):
        assert verdict.decision is (Decision.BLOCK if 1 <= frame.time_s < 2 else Decision.ALLOW)


FILMS = [
    ("middle.mp4", {}, [Span(1.0, 2.0)]),
    ("middle.mp4", {"start_s": 1.5}, [Span(1.5, 2.0)]),
    ("middle.mp4", {"end_s": 1.5}, [Span(1.0, 1.5)]),
    ("middle.mp4", {"start_s": 2.0}, []),
    ("middle.mp4", {"end_s": 1.0}, []),
    ("middle.mp4", {"start_s": -1.9, "end_s": -1.2}, [Span(1.1, 1.8)]),
    ("red.mp4", {}, [Span(0.0, 3.0)]),
    ("end.mp4", {}, [Span(1.0, 1.5)]),
    ("subtitled.mkv", {}, [Span(0.2, 2.9)]),
    ("subtitled.mkv", {"end_s": 1.0}, []),
    ("lyrics.mkv", {}, [Span(0.2, 2.9)]),
]


@pytest.mark.parametrize(("name", "part", "spans"), FILMS)
def test_a_film_is_judged_by_stretches(
    name: str, part: dict[str, float], spans: list[Span], judged: Callable[..., SafetyReport], folder: Path
) -> None:
    report = judged(video=str(folder / name), **part, **MAKING)
    found = [verdict.span for verdict in report.verdicts if verdict.span]
    assert len(found) == len(spans)
    for span, wanted in zip(found, spans, strict=True):
        assert (span.start_s, span.end_s) == pytest.approx((wanted.start_s, wanted.end_s), abs=0.05)
    assert {verdict.decision for verdict in report.verdicts} <= {Decision.BLOCK}
    assert report.video is not None
    assert len(held(answered(report)).claims) == len(spans)


def test_what_is_said_is_judged(judged: Callable[..., SafetyReport], fakes: FakeModels, folder: Path) -> None:
    assert judged(video=str(folder / "spoken.mkv"), **MAKING).verdicts == ()
    fakes.said = "moonshine"
    [verdict] = judged(video=str(folder / "spoken.mkv"), **MAKING).verdicts
    assert (verdict.category, verdict.decision) == ("illicit", Decision.BLOCK)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"text": " "},
        {"text": "a", "video": "middle.mp4"},
        {"video": "middle.mp4", "picture": "/a.png"},
        {"video": "absent.mp4"},
        {"video": "middle.mp4", "start_s": 2, "end_s": 1},
        {"video": "middle.mp4", "start_s": 50},
        {"video": "middle.mp4", "start_s": "soon"},
        {"picture": "/etc/passwd"},
        {"picture": "red.png"},
        {"frames": [{"video": "middle.mp4"}]},
        {"text": "a", "door": "window"},
        {"text": "a", "sure": True},
        {"text": 7},
    ],
    ids=str,
)
def test_arguments_that_do_not_fit(arguments: dict[str, Any], judged: Callable[..., SafetyReport]) -> None:
    with pytest.raises(PlayheadError) as caught:
        judged(**arguments)
    assert "\n" not in str(caught.value)
    if "door" in arguments or not arguments:
        assert isinstance(caught.value, InputError)


def test_a_film_that_no_classifier_can_judge_is_one_stretch(
    judged: Callable[..., SafetyReport], fakes: FakeModels, folder: Path
) -> None:
    fakes.moderators[Role.IMAGE_SAFETY] = object()
    [verdict] = judged(video=str(folder / "middle.mp4")).verdicts
    assert (verdict.category, verdict.decision) == ("unjudged", Decision.BLOCK)
    assert verdict.span == Span(0.0, 3.0)


# In a run

POLICY = load_policy("default")
ANSWERS = {
    "the film": ("{video: middle.mp4, door: generate_output}", "Block: illicit 0.9"),
    "a part in which nothing is": ("{video: middle.mp4, start_s: 2}", "No stretch of middle.mp4 stands out."),
    "a text": ("{text: a bloodbath}", f"Block: violence 1.00 (bloodbath); the policy {POLICY} says block from"),
    "a text that is fine": ("{text: a lake}", "Allow: nothing comes near."),
    "a text that is always stopped": ("{text: a sexy schoolgirl}", "Block: sexual minors 0.90"),
}


@pytest.mark.parametrize(("arguments", "said"), ANSWERS.values(), ids=ANSWERS)
def test_it_answers_and_is_not_stopped_itself(arguments: str, said: str, library: Library) -> None:
    run = Agent(library).run(parse_plan(f"steps: {{check: {{tool: check_safety, args: {arguments}}}}}"))
    assert [outcome.error for outcome in run.failed] == []
    assert run.exit_code == 0
    assert said in str(run)
    if said.startswith("Block: illicit"):
        assert "[0:01.0–0:02.0]" in str(run)
