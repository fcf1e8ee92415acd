"""Sixteen bits of grey, as thermal and depth cameras give them: stretched, and steadily."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
import numpy as np
import pytest

from playhead.media.decode import Cut, Sample, Wants, decode
from playhead.media.files import open_file
from playhead.media.levels import Levels

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

COLD, WARM, HOT = 7200, 7600, 9000  # counts of a thermal camera: a ninth of what 16 bits hold


def scene(n: int) -> NDArray[np.uint16]:
    """A yard, colder to the left, through which something hot moves from the third second on."""
    frame = np.linspace(COLD, WARM, 96).astype(np.uint16) * np.ones((54, 1), np.uint16)
    if n >= 15:
        frame[20:34, (n - 15) * 2 : (n - 15) * 2 + 12] = HOT
    return frame


def written(path: Path, frames: Iterator[NDArray[np.uint16]]) -> Path:
    with av.open(str(path), "w") as out:
        stream = out.add_stream("ffv1", rate=5)
        stream.width, stream.height, stream.pix_fmt = 96, 54, "gray16le"
        for n, values in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(values, format="gray16le")
            frame.pts = n
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def seen(path: Path, *, inverse: bool = False, at_s: tuple[float, ...] = ()) -> tuple[list[Sample], list[Cut]]:
    with open_file(path, [path.parent]) as file:
        events = list(decode(file, Wants(fps=5, inverse=inverse, at_s=at_s)))
    return [e for e in events if isinstance(e, Sample)], [e for e in events if isinstance(e, Cut)]


def test_what_a_thermal_film_uses_of_its_range_is_stretched_over_eight_bits(tmp_path: Path) -> None:
    samples, _ = seen(written(tmp_path / "yard.mkv", (scene(n) for n in range(40))))
    image = samples[30].image
    assert image[27, 36].min() > 240  # the hot thing
    assert image[:, 0].max() < 40
    left, right = float(image[5, 10].mean()), float(image[5, 85].mean())
    assert right - left > 30  # the yard itself can be told apart still
    assert (image[..., 0] == image[..., 1]).all()


def test_the_background_does_not_flicker_when_something_hot_comes_in(tmp_path: Path) -> None:
    samples, cuts = seen(written(tmp_path / "yard.mkv", (scene(n) for n in range(60))))
    assert cuts == []
    background = np.array([float(sample.image[5, 48].mean()) for sample in samples])
    assert np.abs(np.diff(background))[20:].max() < 6


def test_a_still_of_a_thermal_film_can_be_taken(tmp_path: Path) -> None:
    samples, _ = seen(written(tmp_path / "yard.mkv", (scene(n) for n in range(40))), at_s=(1.0, 6.0))
    assert [sample.time_s for sample in samples] == [1.0, 6.0]
    assert samples[1].image.std() > 40


def test_with_distances_what_is_near_is_bright_and_what_is_unknown_is_black(tmp_path: Path) -> None:
    depth = np.full((54, 96), 6000, np.uint16)  # millimetres
    depth[10:40, 10:40], depth[:, 80:] = 800, 0
    samples, _ = seen(written(tmp_path / "hall.mkv", (depth for _ in range(5))), inverse=True)
    near, far, unknown = (int(samples[0].image[27, x].mean()) for x in (25, 60, 90))
    assert near > 240
    assert far < 60
    assert unknown == 0


def test_one_shade_is_no_reason_to_fail() -> None:
    for value in (0, 7000, 65535):
        for inverse in (False, True):
            image = Levels(inverse=inverse).stretched(np.full((8, 8), value, np.uint16))
            assert image.dtype == np.uint8
            assert len(np.unique(image)) == 1


def test_eight_bits_are_left_as_they_are() -> None:
    frame = av.VideoFrame.from_ndarray(np.zeros((8, 8, 3), np.uint8))
    assert Levels().shown(frame) is frame


@pytest.mark.parametrize("step", [1, 256])
def test_all_of_sixteen_bits_stay_about_what_they_are(step: int) -> None:
    values = np.arange(0, 1 << 16, step, np.uint32).astype(np.uint16).reshape(16, -1)
    image = Levels().stretched(np.repeat(np.repeat(values, 4, axis=0), 4, axis=1))
    np.testing.assert_allclose(image, np.repeat(np.repeat(values >> 8, 4, axis=0), 4, axis=1), atol=5)
