"""Cuts are found where they are, and frames are chosen in order, often enough and never too often."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from playhead.media.shots import TINY_SIZE, CutFinder, FrameChooser

Tiny = NDArray[np.uint8]
STEPS_S = st.lists(st.floats(0.001, 40), min_size=0, max_size=200)
FPS = st.floats(0.05, 30)


def flat(value: int | tuple[int, int, int]) -> Tiny:
    return np.full((TINY_SIZE[1], TINY_SIZE[0], 3), value, np.uint8)


def found(frames: list[Tiny], rate_hz: float = 25, start_s: float = 0.0) -> list[int]:
    finder = CutFinder()
    return [n for n, frame in enumerate(frames) if finder.is_cut(start_s + n / rate_hz, frame)]


def times_from(first_s: float, steps_s: list[float]) -> list[float]:
    return list(itertools.accumulate(steps_s, initial=first_s))


@given(st.integers(0, 255), st.integers(1, 100))
def test_a_still_picture_has_no_cut(value: int, length: int) -> None:
    assert found([flat(value)] * length) == []


@given(st.lists(st.integers(8, 40), min_size=2, max_size=8), st.floats(-10, 1e5))
def test_every_cut_between_far_colours_is_found_on_its_frame(lengths: list[int], start_s: float) -> None:
    """Shots of at least 0.32 s, at any place on the clock."""
    frames = [flat(60 + 130 * (n % 2)) for n, length in enumerate(lengths) for _ in range(length)]
    assert found(frames, start_s=start_s) == list(itertools.accumulate(lengths))[:-1]


def test_a_cut_is_found_in_colour_alone() -> None:
    assert found([flat((200, 60, 60))] * 10 + [flat((60, 200, 60))] * 10) == [10]


def test_a_slow_fade_and_strong_noise_are_not_cuts() -> None:
    noise = np.random.default_rng(7)
    assert found([flat(n) for n in range(0, 250, 2)]) == []
    quiet = [noise.integers(100, 140, flat(0).shape, dtype=np.uint8) for _ in range(60)]
    assert found(quiet) == []


def test_a_cut_stands_out_from_motion() -> None:
    """The same change is a cut after stillness and nothing special among changes of its size."""
    still = [flat(100)] * 20 + [flat(125)] * 10
    moving = [flat(100 + 25 * (n % 2)) for n in range(60)]
    assert found(still) == [20]
    assert len(found(moving)) <= 1


def test_a_flash_is_one_cut_not_two() -> None:
    assert found([flat(20)] * 20 + [flat(240)] + [flat(20)] * 20) == [20]


def test_the_first_frame_never_is_a_cut() -> None:
    assert found([flat(255)]) == []


@given(st.floats(-100, 1e6), STEPS_S, FPS)
def test_the_first_frame_is_always_sampled_and_is_a_key_frame(
    first_s: float, steps_s: list[float], fps: float
) -> None:
    chooser = FrameChooser(fps)
    assert chooser.sample(first_s)
    assert chooser.key(first_s, flat(0))


@given(st.floats(-100, 1e6), STEPS_S, FPS, st.data())
def test_samples_are_in_order_and_bounded_by_time_not_by_the_clock(
    first_s: float, steps_s: list[float], fps: float, data: st.DataObject
) -> None:
    chooser, sampled, cuts = FrameChooser(fps), [], 0
    times = times_from(first_s, steps_s)
    is_cut = data.draw(st.lists(st.booleans(), min_size=len(times), max_size=len(times)))
    for number, (time_s, cut) in enumerate(zip(times, is_cut, strict=True)):
        if number and cut:
            chooser.cut(time_s)
            cuts += 1
        if chooser.sample(time_s):
            sampled.append(time_s)
    assert sampled == sorted(set(sampled))
    assert len(sampled) <= fps * (times[-1] - first_s) + cuts + 1 + 1e-6


@given(FPS, st.floats(2.5, 100), st.floats(-5, 1e5))
def test_without_cuts_every_point_of_the_grid_gets_the_first_frame_at_or_after_it(
    fps: float, frames_a_step: float, first_s: float
) -> None:
    times = [first_s + n / (fps * frames_a_step) for n in range(200)]
    chooser = FrameChooser(fps)
    sampled = [t for t in times if chooser.sample(t)]
    due = [first_s + k / fps for k in range(math.floor(199 / frames_a_step))]
    expected = [min(t for t in times if t >= due_s - 1e-6) for due_s in due]
    assert sampled[: len(due)] == pytest.approx(expected, abs=1e-5)


def test_the_grid_does_not_drift_over_an_hour() -> None:
    chooser, rate_hz = FrameChooser(1), 30000 / 1001
    sampled = [n / rate_hz for n in range(round(3600 * rate_hz)) if chooser.sample(n / rate_hz)]
    assert len(sampled) == 3600
    assert all(0 <= time_s - k < 1 / rate_hz + 1e-9 for k, time_s in enumerate(sampled))


@given(st.floats(0, 1e7))
def test_a_gap_of_any_length_costs_one_sample(gap_s: float) -> None:
    chooser = FrameChooser(1)
    assert [chooser.sample(t) for t in (0.0, 0.04, 1 + gap_s, 1.001 + gap_s)] == [True, False, True, False]


@pytest.mark.parametrize("cut_s", [0.5, 1.0, 3.6, 7.2])
def test_a_shot_is_looked_at_a_fifth_of_a_second_after_its_cut(cut_s: float) -> None:
    chooser, sampled = FrameChooser(0.1), []
    for n in range(100):
        time_s = n / 10
        if math.isclose(time_s, cut_s):
            chooser.cut(time_s)
        if chooser.sample(time_s):
            sampled.append(time_s)
    assert sampled == pytest.approx([0.0, cut_s + 0.2])


def test_key_frames_are_the_first_of_a_shot_and_later_changes() -> None:
    chooser, keys = FrameChooser(1), []
    pictures = {0: 50, 1: 200, 2: 50, 5: 50, 9: 200, 10: 50, 11: 50, 30: 50}
    for time_s, value in pictures.items():
        if time_s == 11:
            chooser.cut(time_s)
        assert chooser.sample(time_s)
        if chooser.key(time_s, flat(value)):
            keys.append(time_s)
    # 1 s and 10 s differ but come too soon after a key frame; 9 s differs; 11 s begins a shot.
    assert keys == [0, 9, 11]
