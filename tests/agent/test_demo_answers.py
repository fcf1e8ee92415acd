"""The demonstration film asked twelve things of different kinds, offline; every citation is opened and compared."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from playhead import Agent, Library, Settings
from playhead.interfaces import demo_film
from playhead.media.decode import Sample, Wants, decode
from playhead.media.files import open_file
from playhead.types import Channel, Claim, Span, Video, cited

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from playhead import Run
    from playhead.models.registry import Models

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Asked:
    """A request, the tools its plan needs, and the shots that the answer's sentences must cite, one each, in order.

    `says` must all stand in the answer, in its notes where it cites nothing.
    """

    request: str
    tools: tuple[str, ...]
    shots: tuple[str, ...] = ()
    says: tuple[str, ...] = ()


FIND, FRAMES, CAPTIONS = "search_moments", "extract_frames", "caption_frames"
ASKED = (
    Asked("When does the ferry to the island leave?", (FIND,), ("coins",), ("half past nine",)),
    Asked("What does grandmother's recipe need?", ("answer_question",), ("galaxies",), ("two lemons", "honey")),
    Asked("How many times is a motorcycle shown?", ("answer_question",), ("motorcycle",), ("once",)),
    Asked("Which comes first, the rocket or the cat?", ("answer_question",), ("cat+rocket",), ("First the cat",)),
    Asked(
        "Why does the vaccine have to stay in the refrigerator?", ("answer_question",), ("cameraman",), ("doctor",)
    ),
    Asked("Is there a giraffe in the video?", ("answer_question",), (), ("Nothing", "giraffe")),
    Asked("Read the text on screen between 0:40 and 1:00", ("read_text",), ("flower",), ("GATE B12",)),
    Asked("Transcribe the first 20 seconds", ("transcribe",), ("coins",), ("ferry",)),
    Asked("How long is the film?", ("probe_video",), (), ("90.32 s", "640×360", "h264")),
    Asked(
        "Find the motorcycle, save one frame of it and caption it",
        (FIND, FRAMES, CAPTIONS),
        ("motorcycle",),
        ("motorcycle",),
    ),
    Asked(
        "Find the moment with the galaxies, transcribe what is said there, and tell me how long the film is",
        (FIND, "transcribe", "probe_video"),
        ("galaxies",),
        ("two lemons", "90.32 s"),
    ),
    Asked(
        "Sum up what is said after the cat in two sentences, and list the objects in the last 6 seconds",
        (FIND, "summarize", "detect_objects"),
        ("cameraman", "galaxies", "astronaut"),
        ("refrigerator", "honey", "A person"),
    ),
)


@pytest.fixture(scope="module")
def library(demonstration: Path, models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = shutil.copytree(demonstration / "footage.playhead", tmp_path_factory.mktemp("demo") / "library")
    with Library(folder, settings=Settings(), models=models) as opened:
        yield opened


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.request)
def test_it_is_answered_right_with_the_seconds_it_rests_on(asked: Asked, library: Library) -> None:
    run = Agent(library).run(asked.request)
    assert run.plan is not None, run.questions
    assert sorted(step.tool for step in run.plan.steps.values()) == sorted(asked.tools)
    assert not run.failed
    for words in asked.says:
        assert words in str(run)
    assert len(run.answer.claims) == len(asked.shots)
    for claim, names in zip(run.answer.claims, asked.shots, strict=True):
        assert [shot_of(citation.span) for citation in claim.evidence] == names.split("+")
        assert_holds(claim, library, run)


def test_at_least_three_of_them_need_three_tools() -> None:
    assert len(ASKED) == 12
    assert sum(len(asked.tools) >= 3 for asked in ASKED) >= 3


def shot_of(span: Span) -> str:
    """The shot that a citation lies in, by most of its time."""
    return max(demo_film.SHOTS, key=lambda shot: shot.span.overlap_s(Span(span.start_s, span.end_s + 1e-3))).name


def assert_holds(claim: Claim, library: Library, run: Run) -> None:
    """The citation is shown, exists, lies inside the video, and says what the library holds there."""
    assert cited(claim).startswith("[0:") or cited(claim).startswith("[1:")
    assert cited(claim) in str(run)
    for citation in claim.evidence:
        video = library.video(citation.video.id)
        assert video.span.start_s <= citation.span.start_s <= citation.span.end_s <= video.span.end_s
        if citation.channel is Channel.CAPTION:
            assert citation.text.removesuffix(" (composed)").split(".")[0] in claim.text
        elif citation.channel is not Channel.PICTURE:
            told = library.observed(video, (citation.channel,), citation.span)
            assert citation.text in {segment.text for segment in told}
        if citation.thumbnail is not None:
            assert_shows(citation.thumbnail, citation.span, library)


def assert_shows(picture: Path, span: Span, library: Library) -> None:
    """The film shows the cited picture at that second: closer to it than to what another shot shows."""
    [video] = library.videos()
    middle_s = (span.start_s + span.end_s) / 2
    elsewhere_s = (middle_s + video.duration_s / 2) % video.duration_s
    there, elsewhere = (coarse(shown(video, time_s)) for time_s in (middle_s, elsewhere_s))
    with Image.open(picture) as opened:
        cited_picture = coarse(np.asarray(opened.convert("RGB")))
    assert np.abs(cited_picture - there).mean() < 20
    assert np.abs(cited_picture - there).mean() < np.abs(cited_picture - elsewhere).mean() / 2


def shown(video: Video, time_s: float) -> NDArray[np.uint8]:
    with open_file(video.path, [video.path.parent]) as file:
        wants = Wants(sound=False, subtitles=False, at_s=(time_s,))
        [frame] = [event for event in decode(file, wants) if isinstance(event, Sample)]
    assert abs(frame.time_s - time_s) < 0.05
    return frame.image


def coarse(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.asarray(Image.fromarray(image).resize((32, 18)), np.float32)
