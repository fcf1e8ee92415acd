"""Moments tied in time, whatever the moments are."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playhead.index.calibrate import MATCH
from playhead.index.compose import beside, tied
from playhead.index.query import Link
from playhead.types import Channel, Evidence, Moment, Span, Video

VIDEOS = [Video(letter * 64, f"{letter}.mp4", Path(f"/{letter}.mp4"), 100.0) for letter in "ab"]


def moment(start_s: float, end_s: float, score: float = 0.9, video: int = 0, text: str = "") -> Moment:
    span = Span(start_s, end_s)
    return Moment(VIDEOS[video], span, score, (Evidence(Channel.SPEECH, span, score, text),))


TIMES = st.integers(0, 60).map(float)
MOMENTS = st.lists(
    st.builds(
        lambda start_s, length_s, score, video: moment(start_s, start_s + length_s, score, video),
        TIMES, st.integers(1, 9).map(float), st.floats(0.02, 1), st.integers(0, 1),
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
        assert any(m.video == one.video and m.evidence[:1] == one.evidence for one in ones)
        if link in (Link.BEFORE, Link.AFTER, Link.NOT):
            assert any(m.span == one.span and m.video == one.video for one in ones)


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
    before = {m.video.id for m in tied(Link.BEFORE, ones, others) if m.score >= MATCH}
    after = {m.video.id for m in tied(Link.AFTER, others, ones) if m.score >= MATCH}
    assert before == after == {m.video.id for m in tied(Link.THEN, ones, others) if m.score >= MATCH}


def test_then_takes_the_nearest_of_each() -> None:
    dogs, cats = [moment(0, 1), moment(10, 11), moment(40, 41)], [moment(20, 21), moment(30, 31)]
    assert [m.span for m in tied(Link.THEN, dogs, cats)] == [Span(10, 21)]
    assert [m.span for m in tied(Link.THEN, cats, dogs)] == [Span(30, 41)]


def test_a_far_less_likely_moment_is_no_match() -> None:
    strong, weak = moment(0, 1, 0.9), moment(10, 11, 0.3)
    assert tied(Link.THEN, [moment(5, 6)], [strong, weak])[0].score < MATCH
    assert tied(Link.THEN, [moment(5, 6)], [weak])[0].score == pytest.approx((0.9 * 0.3) ** 0.5)


def test_another_video_is_neither_before_nor_while() -> None:
    for link in (Link.THEN, Link.BEFORE, Link.AFTER, Link.WHILE):
        assert tied(link, [moment(0, 5)], [moment(2, 3, video=1), moment(9, 10, video=1)]) == []
    assert tied(Link.NOT, [moment(0, 5)], [moment(0, 5, video=1)])[0].score == 0.9


def test_beside_is_the_rest_of_the_shot_ten_seconds_at_most() -> None:
    shots = [Span(0, 4), Span(4, 30), Span(30, 33)]

    def neighbours(link: Link, span: Span) -> list[Span]:
        return [m.span for m in beside(link, [moment(span.start_s, span.end_s)], lambda _: shots)]

    assert neighbours(Link.AFTER, Span(0, 4)) == [Span(4, 14)]
    assert neighbours(Link.AFTER, Span(4, 12)) == [Span(12, 22)]
    assert neighbours(Link.AFTER, Span(5, 30)) == [Span(30, 33)]
    assert neighbours(Link.AFTER, Span(30, 33)) == []
    assert neighbours(Link.BEFORE, Span(30, 33)) == [Span(20, 30)]
    assert neighbours(Link.BEFORE, Span(6, 8)) == [Span(4, 6)]
    assert neighbours(Link.BEFORE, Span(0, 4)) == []
