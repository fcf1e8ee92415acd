"""A film is written frame by frame, whole or not at all, and its pictures keep their heads."""

from __future__ import annotations

import os
import resource
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest

from playhead.errors import StorageError
from playhead.media.graphs import Canvas
from playhead.media.piped import Reel
from playhead.media.slides import blended, drawable, fitted, moved, subtitle, title_card, wrapped
from playhead.media.wav import wav_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

CANVAS = Canvas(64, 36, 10)


def grey(level: int) -> NDArray[np.uint8]:
    return np.full((36, 64, 3), level, np.uint8)


def interrupted(reel: Reel) -> None:
    reel.add(grey(1))
    raise KeyboardInterrupt


def noisy(target: Path) -> None:
    noise = np.random.default_rng(0)
    with Reel(target, CANVAS) as reel:
        for _ in range(200):
            reel.add(noise.integers(0, 256, (36, 64, 3), dtype=np.uint8))


def film(target: Path, sound: Path | None = None, frames: int = 12) -> Path:
    with Reel(target, CANVAS, sound) as reel:
        for number in range(frames):
            reel.add(grey(20 * number))
    return target


def test_every_frame_is_there_in_order(tmp_path: Path) -> None:
    with av.open(str(film(tmp_path / "a.mp4"))) as container:
        levels = [frame.to_ndarray(format="gray").mean() for frame in container.decode(video=0)]
    assert len(levels) == 12
    assert np.abs(np.diff(levels) - 20).max() < 4
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_the_sound_is_as_long_as_it_was_written(tmp_path: Path) -> None:
    with wav_file(tmp_path / "s.wav", 24_000) as add:
        for _ in range(3):
            count = add(np.full(9_600, 0.5, np.float32))
    assert count == 28_800
    with av.open(str(film(tmp_path / "a.mp4", tmp_path / "s.wav"))) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
    assert samples / 48_000 == pytest.approx(1.2, abs=0.05)


def test_the_same_frames_give_the_same_bytes_under_any_name(tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"caf\xe9 -y %d.mp4")
    assert film(tmp_path / "a.mp4").read_bytes() == film(odd).read_bytes()


def test_an_older_film_stays_until_the_new_one_is_whole(tmp_path: Path, children: Callable[[], set[int]]) -> None:
    target, before = film(tmp_path / "a.mp4"), children()
    old = target.read_bytes()
    with pytest.raises(KeyboardInterrupt), Reel(target, CANVAS) as reel:
        interrupted(reel)
    assert target.read_bytes() == old
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
    assert children() == before


def test_a_frame_of_another_size_is_a_mistake_of_ours(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not fit"), Reel(tmp_path / "a.mp4", CANVAS) as reel:
        reel.add(np.zeros((36, 62, 3), np.uint8))
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def full_disk() -> Iterator[None]:
    """No file can grow beyond 4 kB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("full_disk")
def test_on_a_full_disk_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"a\.mp4 was not made: the disk is full"):
        noisy(tmp_path / "a.mp4")
    with pytest.raises(StorageError, match=r"s\.wav was not made"), wav_file(tmp_path / "s.wav", 8_000) as add:
        add(np.zeros(8_000, np.float32))
    assert list(tmp_path.iterdir()) == []


# The pictures


@pytest.mark.parametrize("shape", [(400, 200), (200, 400), (36, 64), (90, 160), (3, 500), (480, 640), (1, 1)])
def test_any_picture_fits_and_one_of_another_shape_is_whole(shape: tuple[int, int]) -> None:
    picture = np.full((*shape, 3), 255, np.uint8)
    frame = fitted(picture, CANVAS, 2.0)
    assert frame.shape == (72, 128, 3)
    ratio = shape[1] / shape[0]
    if min(shape) > 30 and not 0.88 < ratio / (64 / 36) < 1.14:
        rows, columns = np.nonzero(frame.max(axis=2) > 150)
        assert (np.ptp(columns) + 1) / (np.ptp(rows) + 1) == pytest.approx(ratio, rel=0.1)


def test_a_move_is_slow_smooth_and_within_the_picture() -> None:
    picture = fitted(np.random.default_rng(0).integers(0, 256, (90, 160, 3), dtype=np.uint8), CANVAS)
    for motion in range(6):
        frames = [moved(picture, CANVAS, n / 50, motion).astype(int) for n in range(51)]
        assert {frame.shape for frame in frames} == {(36, 64, 3)}
        assert (frames[0] != frames[-1]).any()
    plain = moved(fitted(grey(200), CANVAS), CANVAS, 0.5, 0)
    assert plain.min() == plain.max() == 200


def test_a_blend_lies_between() -> None:
    assert blended(grey(0), grey(100), 0.25)[0, 0, 0] == 25


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("one", ["one"]),
        ("four words of text", ["four words", "of text"]),
        ("x" * 30, ["x" * 11 + "…"]),
        ("a bb ccc dddd eeeee", ["a bb ccc", "dddd eeeee"]),
    ],
)
def test_lines_are_even_and_none_is_too_long(text: str, lines: list[str]) -> None:
    assert wrapped(text, 12) == lines


def test_signs_that_the_font_has_not_are_left_out_and_letters_are_not_faked() -> None:
    assert drawable("Good 🎬 morning – “Café Łódź, Straße”") == "Good morning - “Cafe Lodz, Strasse”"
    assert drawable("これは読めません") == ""
    assert subtitle("これは読めません", CANVAS) is None
    assert subtitle("🎬", CANVAS) is None


def test_a_subtitle_is_readable_and_inside_the_frame() -> None:
    canvas = Canvas(1280, 720, 25)
    strip = subtitle("“The ferry to the island leaves at half past nine from the north pier.”", canvas)
    assert strip
    height, width = strip.cover.shape[:2]
    assert strip.left > 40
    assert strip.left + width < 1240
    assert strip.top > 500
    assert strip.top + height < 715
    frame = np.full((720, 1280, 3), 255, np.uint8)
    strip.over(frame)
    part = frame[strip.top : strip.top + height, strip.left : strip.left + width]
    assert part.max() == 255
    assert np.median(part) < 110


def test_a_title_stands_on_its_card_whatever_it_is() -> None:
    behind = np.full((90, 160, 3), 120, np.uint8)
    for title in ("A day", "", "word " * 60, "🎬"):
        assert title_card(title, behind, Canvas(320, 180, 25)).shape == fitted(behind, Canvas(320, 180, 25)).shape
    assert title_card("A day", behind, Canvas(320, 180, 25)).max() == 255
