"""A film is written frame by frame, whole or not at all, its sound in step, and its pictures keep their heads."""

from __future__ import annotations

import os
import resource
import tracemalloc
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest

from playhead.errors import StorageError
from playhead.media.filming import Canvas, FilmWriter, write_film
from playhead.media.slides import blended, drawable, fitted, moved, subtitle, title_card, wrapped
from playhead.media.waves import wave_file, write_wave

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

CANVAS = Canvas(64, 36, 10)


def grey(level: int) -> NDArray[np.uint8]:
    return np.full((36, 64, 3), level, np.uint8)


def interrupted(film_: FilmWriter) -> None:
    film_.add(grey(1))
    raise KeyboardInterrupt


def noisy(target: Path) -> None:
    noise = np.random.default_rng(0)
    with FilmWriter(target, CANVAS.rate_hz) as film_:
        for _ in range(200):
            film_.add(noise.integers(0, 256, (36, 64, 3), dtype=np.uint8))


def film(target: Path, sound: Path | None = None, frames: int = 12, step: int = 20) -> Path:
    with FilmWriter(target, CANVAS.rate_hz, sound=sound) as film_:
        for number in range(frames):
            film_.add(grey(step * number))
    return target


def test_every_frame_is_there_in_order(tmp_path: Path) -> None:
    with av.open(str(film(tmp_path / "a.mp4"))) as container:
        levels = [frame.to_ndarray(format="gray").mean() for frame in container.decode(video=0)]
    assert len(levels) == 12
    assert np.abs(np.diff(levels) - 20).max() < 4
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_the_sound_is_as_long_as_it_was_written(tmp_path: Path) -> None:
    with wave_file(tmp_path / "s.wav", 24_000) as add:
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
    with pytest.raises(KeyboardInterrupt), FilmWriter(target, CANVAS.rate_hz) as film_:
        interrupted(film_)
    assert target.read_bytes() == old
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
    assert children() == before


def test_a_frame_of_another_size_is_a_mistake_of_ours(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        write_film([grey(1), np.zeros((36, 62, 3), np.uint8)], 25, tmp_path / "a.mp4")
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
    with pytest.raises(StorageError, match=r"a\.mp4 was not saved: file too large"):
        noisy(tmp_path / "a.mp4")
    with pytest.raises(StorageError, match=r"s\.wav was not saved"), wave_file(tmp_path / "s.wav", 8_000) as add:
        add(np.zeros(8_000, np.float32))
    assert list(tmp_path.iterdir()) == []


def clicks(rate_hz: int, length_s: float) -> NDArray[np.float32]:
    """A click at every second."""
    sound = np.zeros(round(rate_hz * length_s), np.float32)
    for second in range(1, int(length_s)):
        sound[second * rate_hz : second * rate_hz + rate_hz // 200] = 0.8
    return sound


def flashed(path: Path, seconds: int) -> tuple[list[float], list[float], float]:
    """When frames are white, when clicks are heard, and how long the sound is."""
    with av.open(str(path)) as container:
        white = [float(f.time or 0) for f in container.decode(video=0) if f.to_ndarray(format="gray").mean() > 128]
    with av.open(str(path)) as container:
        pieces = [(float(frame.time or 0), frame.to_ndarray()) for frame in container.decode(audio=0)]
    sound = np.concatenate([piece for _, piece in pieces], axis=1)
    loud = np.abs(sound).max(axis=0)
    heard = []
    for second in range(1, seconds):
        first = round((second - 0.3) * 48_000)
        heard.append((first + int((loud[first : first + 28_800] > 0.2).argmax())) / 48_000 + pieces[0][0])
    return white, heard, sound.shape[1] / 48_000


@pytest.mark.parametrize("rate_hz", [25, 30000 / 1001])
@pytest.mark.parametrize("sound_hz", [16_000, 44_100])
@pytest.mark.parametrize("streamed", [True, False])
def test_sound_is_in_step_from_start_to_end(rate_hz: float, sound_hz: int, streamed: bool, tmp_path: Path) -> None:
    seconds, sound = 40, clicks(sound_hz, 40)
    write_wave(sound, sound_hz, tmp_path / "s.wav")
    given: Any = tmp_path / "s.wav" if streamed else (sound, sound_hz)
    shown = {round(second * rate_hz) for second in range(1, seconds)}
    count = round(seconds * rate_hz)
    with FilmWriter(tmp_path / "a.mp4", rate_hz, sound=given) as made:
        for number in range(count):
            made.add(grey(255 if number in shown else 0))
    white, heard, length_s = flashed(tmp_path / "a.mp4", seconds)
    assert len(white) == len(heard) == seconds - 1
    np.testing.assert_allclose(white, sorted(number / rate_hz for number in shown), atol=0.001)
    np.testing.assert_allclose(heard, range(1, seconds), atol=0.01)
    assert length_s == pytest.approx(count / rate_hz, abs=0.022)  # whole blocks of AAC


@pytest.mark.parametrize("length_s", [0.0, 0.3, 5.0])
def test_sound_is_as_long_as_the_picture_whatever_there_is_of_it(length_s: float, tmp_path: Path) -> None:
    write_wave(np.full(round(8_000 * length_s), 0.5, np.float32), 8_000, tmp_path / "s.wav")
    with av.open(str(film(tmp_path / "a.mp4", tmp_path / "s.wav"))) as container:
        loud = np.concatenate([np.abs(f.to_ndarray()).max(axis=0) for f in container.decode(audio=0)])
    assert len(loud) / 48_000 == pytest.approx(1.2, abs=0.022)
    assert np.count_nonzero(loud > 0.3) / 48_000 == pytest.approx(min(length_s, 1.2), abs=0.03)


def test_a_film_is_ready_to_play_before_it_is_there_and_its_colours_are_true(tmp_path: Path) -> None:
    colour = np.empty((720, 64, 3), np.uint8)
    colour[:] = (200, 60, 30)
    with FilmWriter(tmp_path / "a.mp4", 25, comment="said of it") as made:
        for _ in range(5):
            made.add(colour)
    data = (tmp_path / "a.mp4").read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert container.metadata["comment"] == "said of it"
        [frame, *_] = container.decode(video=0)
        seen = frame.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray().mean(axis=(0, 1))
    np.testing.assert_allclose(seen, (200, 60, 30), atol=3)


@pytest.mark.slow
def test_a_long_film_takes_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    """Neither frames nor sound pile up in Python."""
    write_wave(np.zeros(8_000 * 400, np.float32), 8_000, tmp_path / "s.wav")
    peaks = []
    for frames in (100, 4_000):
        tracemalloc.start()
        film(tmp_path / "a.mp4", tmp_path / "s.wav", frames=frames, step=0)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 1_000_000


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
