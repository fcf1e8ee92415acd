"""What happened to a camera, from what its sensors measured, to half a second."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playhead.models.motion import find_events
from playhead.models.signals import Event, Signal, gridded
from playhead.types import Span

from ..telemetry import BLOW_S, FAST, LEFT, RATE_HZ, RIGHT, WALK, G, Journey, journey

WAYS_TO_HOLD = [(0, 0, 1), (1, 0, 0), (0, -1, 0), (1, 1, -1)]


def felt(made: Journey) -> list[Event]:
    return find_events(Signal(made.times_s, made.acceleration), Signal(made.times_s, made.rotation))


def spans(events: list[Event], text: str) -> list[Span]:
    return [event.span for event in events if event.text == text]


def near(span: Span, start_s: float, end_s: float) -> bool:
    return abs(span.start_s - start_s) <= 0.5 and abs(span.end_s - end_s) <= 0.5


@pytest.mark.parametrize("up", WAYS_TO_HOLD)
def test_walk_blow_and_turns_are_where_they_were_however_the_camera_is_held(up: tuple[float, float, float]) -> None:
    found = felt(journey(up=up))
    for text, expected in (
        ("walking", WALK),
        ("turning left", LEFT),
        ("turning right", RIGHT),
        ("a hard impact", (BLOW_S, BLOW_S)),
    ):
        (span,) = spans(found, text)
        assert near(span, *expected), (text, span)
    assert {event.text for event in found} == {
        "walking", "turning left", "turning right", "a hard impact", "standing still",
    }  # fmt: skip


def test_a_camera_stands_still_between_what_happens() -> None:
    still = spans(felt(journey()), "standing still")
    assert [(round(s.start_s), round(s.end_s)) for s in still] == [(0, 4), (12, 16), (16, 20), (23, 27), (30, 36)]


@pytest.mark.parametrize(
    ("hertz", "sway", "expected"),
    [(1.4, 2.0, "walking"), (1.9, 1.0, "walking"), (2.4, 3.0, "walking"), (3.0, 10.0, "running")],
)
def test_steps_tell_walking_from_running(hertz: float, sway: float, expected: str) -> None:
    times_s = np.arange(10 * RATE_HZ) / RATE_HZ
    acceleration = np.zeros((len(times_s), 3))
    acceleration[:, 2] = G + sway * np.sin(2 * np.pi * hertz * times_s)
    assert {event.text for event in find_events(Signal(times_s, acceleration))} == {expected}


def test_a_rattle_is_no_walk_and_a_slow_sway_is_neither() -> None:
    times_s, random = np.arange(10 * RATE_HZ) / RATE_HZ, np.random.default_rng(1)
    rattle = np.stack([random.normal(0, 6, len(times_s)) for _ in range(3)], axis=1)
    rattle[:, 2] += G
    assert {event.text for event in find_events(Signal(times_s, rattle))} == {"shaking"}
    sway = np.zeros((len(times_s), 3))
    sway[:, 2] = G + 0.8 * np.sin(2 * np.pi * 0.3 * times_s)
    assert {event.text for event in find_events(Signal(times_s, sway))} <= {"standing still"}


def test_a_wobble_back_and_forth_is_no_turn() -> None:
    times_s = np.arange(10 * RATE_HZ) / RATE_HZ
    rotation = np.zeros((len(times_s), 3))
    rotation[:, 2] = 0.4 * np.sin(2 * np.pi * 0.5 * times_s)
    assert find_events(rotation=Signal(times_s, rotation)) == []


def test_a_drive_is_told_by_speed_and_height() -> None:
    made = journey()
    found = find_events(position=Signal(made.gps_s, made.position))
    (fast,) = spans(found, "moving at about 30 km/h")
    assert near(fast, FAST[0] - 0.5, FAST[1] + 0.5)
    (faster,) = spans(found, "speeding up")
    assert near(faster, 2, 6)
    (slower,) = spans(found, "slowing down")
    assert near(slower, 20, 24)
    (climb,) = spans(found, "climbing")
    assert climb.overlap_s(Span(6, 20)) > 12
    assert [(round(s.start_s), round(s.end_s)) for s in spans(found, "standing still")] == [(0, 2), (24, 36)]
    assert spans(found, "braking hard") == []


def test_the_height_of_a_receiver_that_stays_where_it_is_is_no_climb() -> None:
    made = journey()
    position = made.position.copy()
    position[:, 3] = 0.2
    assert {e.text for e in find_events(position=Signal(made.gps_s, position))} == {"standing still"}


def test_braking_hard_is_more_than_slowing_down() -> None:
    times_s = np.arange(20 * 18) / 18
    position = np.full((len(times_s), 4), np.nan)
    position[:, 3] = np.interp(times_s, [0, 10, 13, 20], [20, 20, 2, 2])
    (brake,) = spans(find_events(position=Signal(times_s, position)), "braking hard")
    assert near(brake, 10, 13)


def test_without_a_gyroscope_the_course_tells_turns() -> None:
    times_s = np.arange(30 * 10) / 10
    heading = np.interp(times_s, [0, 10, 15, 30], [0, 0, np.pi / 2, np.pi / 2])  # from east to north: to the left
    steps = 10 / 10 / 6_371_000
    position = np.full((len(times_s), 4), np.nan)
    position[:, 0] = 47 + np.degrees(np.cumsum(np.sin(heading)) * steps)
    position[:, 1] = 8 + np.degrees(np.cumsum(np.cos(heading)) * steps / np.cos(np.radians(47)))
    (turn,) = [e for e in find_events(position=Signal(times_s, position)) if e.text.startswith("turning")]
    assert turn.text == "turning left"
    assert abs(turn.span.start_s - 10) < 1
    assert abs(turn.span.end_s - 15) < 1


def test_nothing_is_told_of_a_time_without_measurements() -> None:
    made = journey()
    kept = (made.times_s < 10) | (made.times_s > 25)
    found = find_events(
        Signal(made.times_s[kept], made.acceleration[kept]), Signal(made.times_s[kept], made.rotation[kept])
    )
    assert spans(found, "turning left") == []
    assert all(event.span.end_s < 10.6 or event.span.start_s > 24.4 for event in found)


def test_the_same_measurements_in_another_order_give_the_same_events() -> None:
    made, order = journey(), np.random.default_rng(0).permutation(len(journey().times_s))
    mixed = Journey(made.times_s[order], made.acceleration[order], made.rotation[order], made.gps_s, made.position)
    assert felt(mixed) == felt(made)


@given(st.lists(st.tuples(st.floats(0, 3e3), st.floats(-1e3, 1e3)), max_size=40), st.integers(0, 2))
def test_whatever_was_measured_events_are_spans_with_a_confidence(
    rows: list[tuple[float, float]], which: int
) -> None:
    times_s = np.array([t for t, _ in rows], np.float64)
    columns = 4 if which == 2 else 3
    values = np.array([[v] * columns for _, v in rows], np.float64).reshape(len(rows), columns)
    signals: list[Signal | None] = [None, None, None]
    signals[which] = Signal(times_s, values)
    for event in find_events(*signals):
        assert 0 <= event.score <= 1
        assert event.text


def test_a_grid_keeps_the_mean_of_what_is_faster_than_it() -> None:
    times_s = np.arange(4000) / 400
    grid = gridded(Signal(times_s, (5 + np.sin(2 * np.pi * 100 * times_s))[:, None]), 10)
    assert grid is not None
    np.testing.assert_allclose(grid.values[:, 0], 5, atol=0.01)
    assert gridded(Signal(times_s[:1], times_s[:1, None]), 10) is None


def test_a_gap_costs_nothing_however_long_a_log_says_that_it_is() -> None:
    two = np.array([0.0, 172_000.0])
    tracemalloc.start()
    try:
        assert find_events(*(Signal(two, np.ones((2, columns))) for columns in (3, 3, 4))) == []
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_what_is_measured_before_and_after_a_long_gap_is_told_as_it_would_be_alone() -> None:
    made, later_s = journey(), 100_000.0
    alone = felt(made)
    tracemalloc.start()
    try:
        both = np.concatenate([made.times_s, made.times_s + later_s])
        found = find_events(
            Signal(both, np.tile(made.acceleration, (2, 1))), Signal(both, np.tile(made.rotation, (2, 1)))
        )
        assert tracemalloc.get_traced_memory()[1] < 40 * both.nbytes
    finally:
        tracemalloc.stop()
    twice = [(e.text, round(e.span.start_s + shift_s, 1)) for shift_s in (0.0, later_s) for e in alone]
    assert [(e.text, round(e.span.start_s, 1)) for e in found] == twice


def test_speed_stands_against_standing_still_for_each_stretch_that_is_felt() -> None:
    times_s = np.concatenate([np.arange(500), np.arange(500) + 100_000]) / 50
    acceleration = np.tile([0.0, 0.0, G], (len(times_s), 1))
    position = np.full((40, 4), np.nan)
    gps_s = np.concatenate([np.arange(-5.0, 15.0), np.arange(1995.0, 2015.0)])
    position[:, 3] = np.repeat([0.0, 20.0], 20)
    still = spans(find_events(Signal(times_s, acceleration), position=Signal(gps_s, position)), "standing still")
    assert [(round(s.start_s), round(s.end_s)) for s in still] == [(0, 10)]
