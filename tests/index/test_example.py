"""What is looked for by an example: a picture, a sound or a film, and nothing that cannot be."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from playhead.errors import MediaError, QueryError
from playhead.index.example import Example, taken_together
from playhead.types import Channel, Evidence, Moment, SearchResult, Span, Video

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playhead import Library


@pytest.fixture(scope="module")
def cut(ffmpeg: str, film: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Part of the film under a name of its own, as a picture, a sound or a smaller film."""

    def made(name: str, start_s: float, length_s: float, *options: str) -> Path:
        path = tmp_path_factory.mktemp("examples") / name
        command = [ffmpeg, "-v", "error", "-ss", str(start_s), "-i", str(film), "-t", str(length_s), *options]
        subprocess.run([*command, str(path)], check=True)
        return path

    return made


def best(result: SearchResult) -> Moment:
    assert result.moments, result.nearest
    return result.moments[0]


def test_a_still_of_the_film_is_found_where_it_is_shown(filmed: Library, cut: Callable[..., Path]) -> None:
    middle_s = 2.5
    found = best(filmed.search_like(cut("still.jpg", middle_s, 0.2, "-frames:v", "1")))
    assert found.span.start_s <= middle_s <= found.span.end_s
    assert found.evidence[0].channel is Channel.PICTURE


def test_what_is_said_in_a_sound_is_found_where_it_is_said(filmed: Library, cut: Callable[..., Path]) -> None:
    [video] = filmed.videos()
    said = filmed.transcript(video).utterances[0]
    found = best(filmed.search_like(cut("said.wav", said.span.start_s, said.span.duration_s, "-vn")))
    assert found.evidence[0].channel is Channel.SPEECH
    assert found.span.overlap_s(said.span) > 0.5 * said.span.duration_s


def test_a_film_is_looked_for_by_what_it_shows_and_says(filmed: Library, cut: Callable[..., Path]) -> None:
    [video] = filmed.videos()
    said = filmed.transcript(video).utterances[0]
    clip = cut("clip.mp4", said.span.start_s, said.span.duration_s, "-vf", "scale=160:-2")
    found = filmed.search_like(clip)
    assert {e.channel for m in found for e in m.evidence} >= {Channel.SPEECH, Channel.PICTURE}
    only = filmed.search_like(clip, channels="speech", limit=1)
    assert {e.channel for m in only for e in m.evidence} == {Channel.SPEECH}
    assert len(only) == 1


def test_what_nobody_could_look_for_is_said(filmed: Library, ffmpeg: str, tmp_path: Path) -> None:
    tone = tmp_path / "tone.wav"
    subprocess.run([ffmpeg, "-v", "error", "-f", "lavfi", "-i", "sine=d=1", str(tone)], check=True)
    with pytest.raises(QueryError, match="nobody speaks in it"):
        filmed.search_like(tone)
    text = tmp_path / "notes.jpg"
    text.write_text("no picture")
    with pytest.raises(MediaError, match="not an image"):
        filmed.search_like(text)
    with pytest.raises(MediaError, match="cannot be opened"):
        filmed.search_like(tmp_path / "gone.mp4")


def test_where_nobody_speaks_nothing_is_recognised(
    filmed: Library, cut: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recogniser makes words up where there are none: voices are listened for first."""
    [video] = filmed.videos()
    said = filmed.transcript(video).utterances[0]
    sound = cut("said.wav", said.span.start_s, said.span.duration_s, "-vn")

    class Deaf:
        def start(self) -> Deaf:
            return self

        def feed(self, samples: Any) -> Any:
            return np.zeros(len(samples) // 512)

    monkeypatch.setattr(type(filmed.models), "voice_activity", property(lambda _: Deaf()))
    with pytest.raises(QueryError, match="nobody speaks in it"):
        filmed.search_like(sound)


def test_a_channel_that_the_example_has_nothing_on_is_named(filmed: Library, cut: Callable[..., Path]) -> None:
    with pytest.raises(QueryError, match=r"still\.jpg has nothing on speech"):
        filmed.search_like(cut("still.jpg", 2.5, 0.2, "-frames:v", "1"), channels="speech")


@pytest.mark.parametrize(
    ("channels", "expected"),
    [
        ((), [set()]),
        (("picture",), [{"picture"}]),
        (("thermal", "speech"), [{"thermal"}]),
        (("picture", "depth", "motion"), [{"picture", "depth"}]),
    ],
)
def test_a_picture_is_looked_for_on_the_channels_that_were_named(
    channels: tuple[str, ...], expected: list[set[str]], tmp_path: Path
) -> None:
    example = Example("yard.png", (np.zeros((8, 8, 3), np.uint8),))
    found = example.queries(frozenset(map(Channel, channels)), tmp_path)
    assert [query.channels for query in found] == expected
    assert all(query.image for query in found)
    with pytest.raises(QueryError, match="has nothing on motion"):
        example.queries(frozenset({Channel.MOTION}), tmp_path)


def test_moments_that_overlap_are_one_and_as_likely_as_the_likeliest(tmp_path: Path) -> None:
    video = Video("a" * 64, "film.mp4", tmp_path / "film.mp4", 60.0)

    def moment(start_s: float, end_s: float, score: float, key: str) -> Moment:
        span = Span(start_s, end_s)
        return Moment(video, span, score, (Evidence(Channel.PICTURE, span, score, id=key),))

    one = SearchResult("a", (moment(0, 4, 0.6, "x"), moment(20, 22, 0.5, "z")), False, ("so",))
    two = SearchResult("b", (moment(2, 6, 0.9, "y"), moment(0, 4, 0.4, "x")), False, ("so",))
    found = taken_together("clip.mp4", [one, two], 5, 0)
    assert [(m.span, m.score) for m in found] == [(Span(2, 6), 0.9), (Span(20, 22), 0.5)]
    assert {e.id for e in found[0].evidence} == {"x", "y"}
    assert found.notes == ("so",)
    assert len(taken_together("clip.mp4", [one, two], 5, 1)) == 1
    nothing = taken_together("clip.mp4", [SearchResult("a", (), True, (), (moment(0, 1, 0.1, "x"),))], 5, 0)
    assert nothing.no_match
    assert len(nothing.nearest) == 1
