"""Texts that are nearly what each parser reads: grown from its grammar, then cut, doubled and spliced."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

NUMBERS = st.sampled_from(
    "0 1 -1 0.5 1e9 1e400 -0 .nan .inf nan 1:30 1:1:1:1 0x_ 0xff 08 1_000 ٣ 9999999999999999999 1e-400 + - .".split()
)
ODD = st.sampled_from([
    "", " ", "\0", "\ud800", "\u2028", "\x85", "é", "👩‍🚀", "\ufeff", "a" * 300, "\\", '"', "'", "\r\n", "\t",
    "$", "$a", "-->", "~",
    "!!bool x", "!!int ''", "!!float ''", "!!timestamp x", "!!set {a}", "!!omap [a]", "!!binary =", "!!pairs [a]",
    "? [a]\n: b", "*a", "&a", "<<: {a: 1}", "!x y", "%YAML 9.9", "---", "...", "{", "}", "[", "]", "|", ">", "# x",
])  # fmt: skip
WORDS = st.one_of(
    st.sampled_from("a find cut red flag.mp4 search_moments cut_clip video query limit start_s steps".split()),
    ODD,
    NUMBERS,
)
LEAVES: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["$a", "$find.moments[0]"]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def cut_up(texts: st.SearchStrategy[str], pieces: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """A text in which some stretches are left out, doubled, or replaced by a piece."""

    def cut(text: str, edits: list[tuple[int, int, int, str]]) -> str:
        for at, length, way, piece in edits:
            start = at % (len(text) + 1)
            stretch = text[start : start + length]
            text = text[:start] + ("", stretch * 2, piece, stretch + piece)[way] + text[start + length :]
        return text

    edits = st.tuples(st.integers(0, 5000), st.integers(0, 12), st.integers(0, 3), pieces)
    return st.builds(cut, texts, st.lists(edits, max_size=4))


def _flow(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


STEP = st.fixed_dictionaries(
    {"tool": st.sampled_from(["search_moments", "cut_clip", "", "nothing"])},
    optional={
        "args": st.dictionaries(st.sampled_from(["video", "query", "limit", "$", ""]), VALUES, max_size=4),
        "x": VALUES,
    },
)
PLAN = st.fixed_dictionaries(
    {"steps": st.dictionaries(st.sampled_from(["a", "find", "A", "", "a" * 65]), STEP | VALUES, max_size=4)},
    optional={
        "version": VALUES,
        "request": VALUES,
        "inputs": st.dictionaries(st.just("video"), VALUES) | VALUES,
        "answer": VALUES,
    },
)
PLANS = cut_up(PLAN.map(_flow) | st.just("request: x\nsteps:\n  a: {tool: cut_clip, args: {video: $v}}\n"), WORDS)

KEYS = "name version images label timeout_s mask words override".split()
_LADDER = st.dictionaries(st.sampled_from("allow warn ask block x".split()), NUMBERS, max_size=3).map(
    lambda table: "{" + ", ".join(f"{key}: {value}" for key, value in table.items()) + "}"
)
_LINES = st.one_of(
    st.builds("stages: {{request: {{hate: {}}}}}\n".format, _LADDER),
    st.builds("stages: {{answer: {{sexual_minors: {}}}}}\n".format, _LADDER),
    st.builds("{}: {}\n".format, st.sampled_from(KEYS), WORDS | VALUES.map(_flow)),
    st.builds("override: {{hate: {}}}\n".format, WORDS),
    st.builds("words: {{hate: [{}]}}\n".format, WORDS),
)  # fmt: skip
POLICIES = cut_up(st.lists(_LINES, max_size=4).map(lambda lines: "extends: default\n" + "".join(lines)), WORDS)

_TIMES = st.builds(
    "{}:{}:{}{}{}".format,
    st.integers(-1, 10**7),
    st.integers(-1, 99),
    st.integers(-1, 99),
    st.sampled_from(",.:"),
    st.integers(-1, 9999),
)
_CUES = st.builds(
    "{}\n{} --> {}{}\n{}\n\n".format, NUMBERS, _TIMES, _TIMES, st.sampled_from(["", " align:start", " X1:0"]), WORDS
)
SUBTITLES = cut_up(
    st.builds(
        "{}{}".format,
        st.sampled_from(["", "WEBVTT\n\n", "WEBVTT\nKind: x\n\nSTYLE\n::cue{}\n\n"]),
        st.lists(_CUES, max_size=4).map("".join),
    ),
    WORDS,
)

_COLUMNS = st.lists(
    st.sampled_from("time timestamp t_ms accel_x accel_y accel_z gyro_x lat lon alt speed_kmh (g) x".split()) | WORDS,
    max_size=8,
)
_ROWS = st.lists(st.lists(NUMBERS | WORDS | st.just("2026-01-01T00:00:00"), max_size=8), max_size=6)


def _table(head: list[str], rows: list[list[str]], mark: str) -> str:
    return "\n".join(mark.join(row) for row in [head, *rows])


LOGS = cut_up(st.builds(_table, _COLUMNS, _ROWS, st.sampled_from(",;\t")), WORDS)

_TIMED = st.sampled_from("0:00 1:30 1:02:03.5 90s 2min 1..2 1: :1 9:99 1:2:3:4 ²:0 1h".split())
_SAID = st.one_of(
    st.sampled_from(
        "then before after while not THEN BEFORE AFTER WHILE NOT IN in and between from until to".split()
    ),
    st.sampled_from([",", ".", "“", "”", '"', "'", "a dog", "red", "flag.mp4", "İ", "ß"]),
    _TIMED,
    st.builds("between {} and {}".format, _TIMED, _TIMED),
    WORDS,
)
QUERIES = cut_up(st.lists(_SAID, max_size=10).map(" ".join), WORDS)

_SETTING = st.builds(
    "{} = {}\n".format,
    st.sampled_from(
        "library profile models gallery resident memory fps channels limits roots threads audit exact_limit x".split()
    ),
    WORDS | VALUES.map(_flow),
)
_TABLES = st.sampled_from(["[models]\n", "[gallery.image]\n", "[limits]\n", "[[roots]]\n", "[x]\n"])
SETTINGS = cut_up(st.lists(_SETTING | _TABLES, max_size=5).map("".join), WORDS)
