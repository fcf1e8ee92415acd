"""Spans and times, and their plain form."""

import json
import math
from datetime import date
from enum import Enum
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from playhead.plain import plain
from playhead.types import Channel, Evidence, Moment, SearchResult, Span, Transcript, Utterance, Video, format_time

TIMES = st.floats(-1e6, 1e6)
SPANS = st.tuples(TIMES, TIMES).map(lambda pair: Span(min(pair), max(pair)))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00.0"),
        (0.04, "0:00.0"),
        (9.96, "0:10.0"),
        (59.94, "0:59.9"),
        (59.96, "1:00.0"),
        (61.25, "1:01.2"),
        (3599.99, "1:00:00.0"),
        (3661.5, "1:01:01.5"),
        (360_000, "100:00:00.0"),
        (-1.5, "-0:01.5"),
        (-0.01, "0:00.0"),
    ],
)
def test_times_read_like_a_clock(seconds: float, text: str) -> None:
    assert format_time(seconds) == text


@given(st.floats(0, 1e7))
def test_a_clock_shows_the_time_to_a_tenth(seconds: float) -> None:
    total = 0.0
    for part in format_time(seconds).split(":"):
        assert float(part) >= 0
        total = total * 60 + float(part)
    assert total == pytest.approx(seconds, abs=0.0501)


@pytest.mark.parametrize(("start_s", "end_s"), [(2, 1), (math.nan, 1), (0, math.nan), (0, math.inf), (-math.inf, 0)])
def test_a_span_that_is_none_is_refused(start_s: float, end_s: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        Span(start_s, end_s)


@given(SPANS, SPANS)
def test_spans_overlap_alike_both_ways_and_fit_in_their_union(one: Span, other: Span) -> None:
    shared_s = one.overlap_s(other)
    assert shared_s == other.overlap_s(one)
    assert 0 <= shared_s <= min(one.duration_s, other.duration_s)
    both = one.union(other)
    assert both == other.union(one)
    assert both.overlap_s(one) == one.duration_s
    assert both.overlap_s(other) == other.duration_s
    assert both.start_s in (one.start_s, other.start_s)
    assert both.end_s in (one.end_s, other.end_s)


def test_spans_that_follow_each_other_share_nothing() -> None:
    assert Span(0, 1).overlap_s(Span(1, 2)) == 0
    assert Span(0, 2).overlap_s(Span(1, 5)) == 1
    assert Span(3, 3).duration_s == 0
    assert str(Span(0, 61.5)) == "0:00.0–1:01.5"


VIDEO = Video("f" * 64, "talk.mp4", Path("/footage/talk.mp4"), 9.0)
EVIDENCE = Evidence(Channel.SPEECH, Span(1, 2), 0.123456789, "hello", Path("/library/thumbs/1.jpg"))


def test_a_result_has_the_documented_plain_form() -> None:
    moment = Moment(VIDEO, Span(0.5, 2.25), 0.5, (EVIDENCE,))
    found = json.loads(json.dumps(plain(SearchResult("hello", (moment,), no_match=False, notes=("a note",)))))
    assert found == {
        "query": "hello",
        "no_match": False,
        "notes": ["a note"],
        "nearest": [],
        "moments": [
            {
                "video": {"id": "f" * 64, "name": "talk.mp4", "path": "/footage/talk.mp4"},
                "start_s": 0.5,
                "end_s": 2.25,
                "score": 0.5,
                "evidence": [
                    {
                        "channel": "speech",
                        "start_s": 1.0,
                        "end_s": 2.0,
                        "score": 0.123457,
                        "text": "hello",
                        "thumbnail": "/library/thumbs/1.jpg",
                        "part": 0,
                        "id": "",
                    }
                ],
            }
        ],
    }


def test_everything_has_a_plain_form() -> None:
    class Card(BaseModel):
        title: str
        made: date

    class Cut(BaseModel, extra="allow"):
        span: Span
        video: Video

    class Colour(Enum):
        RED = "red"

    assert plain({Channel.TEXT: (1, 0.5, None, True)}) == {"text": [1, 0.5, None, True]}
    assert plain(Colour.RED) == "red"
    assert plain(ValueError("what happened")) == "what happened"
    assert plain(frozenset({"one"})) == ["one"]
    assert plain(Path("/a")) == "/a"
    assert plain(Card(title="one", made=date(2026, 1, 2))) == {"title": "one", "made": "2026-01-02"}
    assert plain([b"bytes", 1j]) == ["bytes", "1j"]
    assert plain([np.float32(0.5), np.bool_(True), np.arange(2)]) == [0.5, True, [0, 1]]
    assert plain(Cut(span=Span(1.0, 2.0), video=Video("v", "v.mp4", Path("/v.mp4"), 3.0), more="m")) == {
        "start_s": 1.0, "end_s": 2.0, "video": {"id": "v", "name": "v.mp4", "path": "/v.mp4"}, "more": "m",
    }  # fmt: skip


def test_a_result_reads_like_a_list_and_a_transcript_like_text() -> None:
    moments = tuple(Moment(VIDEO, Span(n, n + 1), 0.5, ()) for n in range(3))
    result = SearchResult("x", moments, no_match=False)
    assert (len(result), list(result), result[1]) == (3, list(moments), moments[1])
    assert str(moments[0]) == "talk.mp4 0:00.0–0:01.0 (0.50)"
    said = Transcript((Utterance(Span(0, 1), "One."), Utterance(Span(1, 2), "Two.")), "somebody")
    assert said.text == "One.\nTwo."
