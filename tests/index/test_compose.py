"""Moments tied in time, whatever the moments are."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playhead.index.calibrate import MATCH
from playhead.index.catalog import EVERYWHERE, Within
from playhead.index.compose import beside, tied
from playhead.index.query import Link
from playhead.types import Channel, Evidence, Moment, Span, Video

VIDEO = Video("a" * 64, "a.mp4", Path("/a.mp4"), 100.0)


def moment(start_s: float, end_s: float, score: float = 0.9) -> Moment:
    span = Span(start_s, end_s)
    return Moment(VIDEO, span, score, (Evidence(Channel.SPEECH, span, score),))


TIMES = st.integers(0, 60).map(float)
MOMENTS = st.lists(
    st.builds(
        lambda start_s, length_s, score: moment(start_s, start_s + length_s, score),
        TIMES, st.integers(1, 9).map(float), st.floats(0.02, 1),
    ),
    max_size=12,
)  # fmt: skip


@given(st.sampled_from(list(Link)), MOMENTS, MOMENTS)
def test_a_tie_invents_nothing(link: Link, ones: list[Moment], others: list[Moment]) -> None:
    found = tied(link, ones, others)
    assert [m.score for m in found] == sorted((m.score for m in found), reverse=True)
    assert len(found) <= len(ones)
    best = max((m.score for m in (*ones, *others)), default=0.0)
    for m in found:
        assert 0 <= m.score <= best + 1e-9
        assert any(m.evidence[:1] == one.evidence for one in ones)
        if link in (Link.BEFORE, Link.AFTER, Link.NOT):
            assert any(m.span == one.span for one in ones)


@given(MOMENTS, MOMENTS)
def test_what_matches_together_matches_apart_and_in_order(ones: list[Moment], others: list[Moment]) -> None:
    for link in (Link.THEN, Link.BEFORE, Link.AFTER):
        for m in tied(link, ones, others):
            if m.score < MATCH:
                continue
            (one,), (other,) = m.evidence[:1], m.evidence[1:]
            assert min(one.score, other.score) >= MATCH
            first, second = (other, one) if link is Link.AFTER else (one, other)
            assert first.span.end_s <= second.span.start_s + 0.25 + 1e-9


@given(MOMENTS, MOMENTS)
def test_before_one_is_after_the_other(ones: list[Moment], others: list[Moment]) -> None:
    """Something matches as `A before B` just when something matches as `B after A`."""
    before, after, then = (
        any(m.score >= MATCH for m in tied(link, *pair))
        for link, pair in (
            (Link.BEFORE, (ones, others)),
            (Link.AFTER, (others, ones)),
            (Link.THEN, (ones, others)),
        )
    )
    assert before == after == then


def test_then_takes_the_nearest_of_each() -> None:
    dogs, cats = [moment(0, 1), moment(10, 11), moment(40, 41)], [moment(20, 21), moment(30, 31)]
    assert [m.span for m in tied(Link.THEN, dogs, cats)] == [Span(10, 21)]
    assert [m.span for m in tied(Link.THEN, cats, dogs)] == [Span(30, 41)]


def test_a_far_less_likely_moment_is_no_match() -> None:
    strong, weak = moment(0, 1, 0.9), moment(10, 11, 0.3)
    assert tied(Link.THEN, [moment(5, 6)], [strong, weak])[0].score < MATCH
    assert tied(Link.THEN, [moment(5, 6)], [weak])[0].score == pytest.approx((0.9 * 0.3) ** 0.5)


@pytest.mark.parametrize(("other", "score"), [((0, 10), 0.45), ((0, 1), 0.855), ((20, 30), 0.9), ((5, 25), 0.675)])
def test_not_weighs_by_how_much_of_the_time_the_other_takes(other: tuple[float, float], score: float) -> None:
    (found,) = tied(Link.NOT, [moment(0, 10)], [moment(*other, score=0.5)])
    assert found.score == pytest.approx(score)


def test_beside_is_the_rest_of_the_shot_ten_seconds_at_most() -> None:
    shots = [Span(0, 4), Span(4, 30), Span(30, 33)]

    def neighbours(link: Link, *spans: Span, within: Within = EVERYWHERE) -> list[Span]:
        moments = [moment(span.start_s, span.end_s) for span in spans]
        return [m.span for m in beside(link, moments, lambda _: shots, within)]

    assert neighbours(Link.AFTER, Span(0, 4)) == [Span(4, 14)]
    assert neighbours(Link.AFTER, Span(4, 12)) == [Span(12, 22)]
    assert neighbours(Link.AFTER, Span(5, 30)) == [Span(30, 33)]
    assert neighbours(Link.AFTER, Span(30, 33)) == []
    assert neighbours(Link.BEFORE, Span(30, 33)) == [Span(20, 30)]
    assert neighbours(Link.BEFORE, Span(6, 8)) == [Span(4, 6)]
    assert neighbours(Link.BEFORE, Span(0, 4)) == []
    assert neighbours(Link.AFTER, Span(0, 4), Span(1, 4)) == [Span(4, 14)]
    assert neighbours(Link.AFTER, Span(0, 4), within=Within(start_s=6, end_s=12)) == [Span(6, 12)]
    assert neighbours(Link.AFTER, Span(0, 4), within=Within(start_s=20, end_s=30)) == []


def test_what_has_no_shots_has_something_beside_it_too() -> None:
    (found,) = beside(Link.AFTER, [moment(3, 5)], lambda _: [], EVERYWHERE)
    assert found.span == Span(5, 15)
