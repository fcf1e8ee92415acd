"""A search in words is taken apart as meant, and refused where it cannot be meant."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playhead.errors import QueryError
from playhead.index.phrases import read, seconds
from playhead.index.query import Link, Query
from playhead.index.questions import Kind, ask

VIDEOS = {"film.mp4", "my film.mp4", "talk.mkv", "café in été.mp4"}


def is_video(name: str) -> bool:
    return name in VIDEOS


def tied(text: str) -> tuple[str, list[tuple[Link, str]]]:
    """The first description and the ties of the composed reading."""
    query = read(text, is_video).tied
    assert query is not None
    return query.words, [(link, other.words) for link, other in query.links]


@pytest.mark.parametrize(
    ("text", "first", "ties"),
    [
        ("a dog then a cat", "a dog", [(Link.THEN, "a cat")]),
        ("a dog, and then a cat", "a dog", [(Link.THEN, "a cat")]),
        ("a dog before a cat after rain", "a dog", [(Link.BEFORE, "a cat"), (Link.AFTER, "rain")]),
        ("a dog but not a cat", "a dog", [(Link.NOT, "a cat")]),
        ("a dog, not barking", "a dog", [(Link.NOT, "barking")]),
        ("a dog NOT barking", "a dog", [(Link.NOT, "barking")]),
        ("a boy points while a man looks", "a boy points", [(Link.WHILE, "a man looks")]),
        ("then she left THEN he came", "then she left", [(Link.THEN, "he came")]),
        ('"then and now" then "before dawn"', '"then and now"', [(Link.THEN, '"before dawn"')]),
        ("after the goal", "", [(Link.AFTER, "the goal")]),
        ("After the goal?", "", [(Link.AFTER, "the goal")]),
        ("right after the goal", "", [(Link.AFTER, "the goal")]),
        ("the goal after the penalty", "the goal", [(Link.AFTER, "the penalty")]),
        ("the flight after the storm", "the flight", [(Link.AFTER, "the storm")]),
        ("A DOG THEN A CAT", "A DOG", [(Link.THEN, "A CAT")]),
        ("猫 THEN ロケット", "猫", [(Link.THEN, "ロケット")]),
        ("BEFORE the goal", "", [(Link.BEFORE, "the goal")]),
    ],
)
def test_operators_tie_descriptions(text: str, first: str, ties: list[tuple[Link, str]]) -> None:
    assert tied(text) == (first, ties)


@pytest.mark.parametrize("text", ["a dog THEN a cat", "a dog then a cat"])
def test_only_capitals_leave_no_doubt(text: str) -> None:
    assert read(text, is_video).meant == ("THEN" in text)
    assert read(text, is_video).plain.words == text


@pytest.mark.parametrize(
    "text",
    [
        "a dog",
        "a dog runs after a ball",
        "he went after the thief",
        "this is not a drill",
        "what happened then",
        "the day after",
        "a while ago",
        "a person sits for a while",
        "while my guitar gently weeps",
        "not the best day",
        "then a cat",
        "a dog then",
        "DO NOT ENTER",
        "NOT FOR SALE",
        "MADE IN CHINA",
        "a man jumps from 10 m",
        "somebody looks after a child",
        "a man not wearing a shirt",
        "ask not what your country can do",
        '"a dog then a cat"',
        "“not then”",
        "the thenar muscle",
        "a man in a hat",
        "between two trees",
        "a woman without shoes",
    ],
)
def test_ordinary_sentences_stay_whole(text: str) -> None:
    reading = read(text, is_video)
    assert reading.tied is None
    assert reading.plain == reading.whole == Query(text)


@pytest.mark.parametrize("text", ["then a cat", "a dog then", "not a cat", "what happened then"])
def test_a_small_operator_without_its_operands_is_a_word_and_that_is_said(text: str) -> None:
    assert "so it is taken for a word" in read(text, is_video).note


def test_a_note_is_for_those_who_need_one() -> None:
    for text in ("a dog", "a dog then a cat", "a dog runs after a ball", "a while ago"):
        assert read(text, is_video).note == ""


@pytest.mark.parametrize(
    ("text", "words", "video", "span"),
    [
        ("a dog in film.mp4", "a dog", "film.mp4", None),
        ("a dog IN my film.mp4", "a dog", "my film.mp4", None),
        ('a dog in "my film.mp4"', "a dog", "my film.mp4", None),
        ("a dog in gone.mp4", "a dog", "gone.mp4", None),
        ("a man in a hat in talk.mkv", "a man in a hat", "talk.mkv", None),
        ("a dog between 1:00 and 2:00", "a dog", "", (60, 120)),
        ("a dog BETWEEN 90 s AND 2 min", "a dog", "", (90, 120)),
        ("a dog from 0:30 to 1:02:03.5", "a dog", "", (30, 3723.5)),
        ("a dog before 2:00", "a dog", "", (float("-inf"), 120)),
        ("a dog after 1 h", "a dog", "", (3600, float("inf"))),
        ("between 1:00 and 2:00: a dog", "a dog", "", (60, 120)),
        ("a dog in film.mp4 between 1:00 and 2:00", "a dog", "film.mp4", (60, 120)),
        ("a dog between 1:00 and 2:00 in film.mp4", "a dog", "film.mp4", (60, 120)),
        ("a dog after 1:00 before 2:00", "a dog", "", (60, 120)),
        ("a dog before 2:00.", "a dog", "", (float("-inf"), 120)),
        ("a dog in film.mp4?", "a dog", "film.mp4", None),
        ("a dog between 0:50-0:55", "a dog", "", (50, 55)),
        ("a dog from 0:50 – 0:55", "a dog", "", (50, 55)),
        ("a dog between 0:50 to 0:55", "a dog", "", (50, 55)),
        ("a woman in café in été.mp4", "a woman", "café in été.mp4", None),
        ('a woman in "no such in x.mp4"', "a woman", "no such in x.mp4", None),
        ("a man in a hat in the rain in gone.mp4", "a man in a hat in the rain", "gone.mp4", None),
        ("between 3 trees and 5 houses", "between 3 trees and 5 houses", "", None),
        ('"between 1:00 and 2:00"', '"between 1:00 and 2:00"', "", None),
    ],
)
def test_where_to_look_is_taken_off(text: str, words: str, video: str, span: tuple[float, float] | None) -> None:
    plain = read(text, is_video).plain
    assert (plain.words, plain.video, plain.span_s) == (words, video, span)


def test_where_to_look_holds_for_all_parts() -> None:
    reading = read("a dog then a cat in film.mp4 between 1:00 and 2:00", is_video)
    assert reading.tied == Query("a dog").then("a cat").inside("film.mp4").between(60, 120)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("THEN a cat", "“THEN” has nothing before it"),
        ("a dog THEN", "“THEN” has nothing after it"),
        ("NOT a cat", "“NOT” has nothing before it"),
        ("WHILE", "“WHILE” has nothing after it"),
        ("BEFORE", "“BEFORE” has nothing after it"),
        ("a dog THEN THEN a cat", "nothing after it"),
        ("a dog THEN 🦆", "holds no word"),
        ("a dog IN", "“IN” is not followed by a video"),
        ("a dog BETWEEN 50 AND 55", "“BETWEEN” is not followed by two times"),
        ("a dog BETWEEN", "“BETWEEN” is not followed by two times"),
        ("a dog THEN it is", "says nothing by itself"),
        ("a dog THEN NOT a cat", "nothing after it"),
        ("a dog between 2:00 and 1:00", "is empty"),
        ("a dog between 1:00 and 1:00", "is empty"),
        ("a dog after 2:00 before 1:00", "contradict each other"),
        ("a dog between 1:00 and 2:00 between 3:00 and 4:00", "contradict each other"),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, why: str) -> None:
    with pytest.raises(QueryError, match=why):
        read(text, is_video)


@pytest.mark.parametrize(
    ("query", "why"),
    [
        (Query(), "is empty"),
        (Query("?!"), "holds no word"),
        (Query("🦆🦆"), "holds no word"),
        (Query("the of and"), "says nothing by itself"),
        (Query("who is it"), "says nothing by itself"),
        (Query("before"), "says nothing by itself"),
        (Query("while then not"), "says nothing by itself"),
        (Query("word " * 10_000), "is too long"),
        (Query("a dog").then(""), "is empty"),
        (Query("a dog").then("🦆"), "holds no word"),
        (Query().then("a cat"), "is empty"),
        (Query().between(60, 120), "says only where to look"),
        (Query("a dog").then(Query("a cat").inside("film.mp4")), "says where to look"),
        (Query("a dog").then(Query("a cat").between(0, 1)), "says where to look"),
        (Query("a dog").top(0), "cannot be shown"),
        (Query("a dog").top(5, per_video=-1), "cannot be shown"),
        (Query("a dog").like("x.png").on("speech"), "only looked for in pictures"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(query: Query, why: str) -> None:
    with pytest.raises(QueryError, match=why):
        query.checked()


@pytest.mark.parametrize("words", [3, None, b"a dog", ["a dog"]])
def test_what_is_no_text_is_refused(words: Any) -> None:
    for search in (lambda: Query(words), lambda: Query("a dog").then(words), lambda: read(words, is_video)):
        with pytest.raises(QueryError, match="is no description"):
            search()


@pytest.mark.parametrize("number", ["x", 1.5, None])
def test_what_is_no_number_is_refused(number: Any) -> None:
    for query in (Query("a dog").top(number), Query("a dog").top(3, number)):
        with pytest.raises(QueryError, match="are no numbers of moments"):
            query.checked()


def test_a_chain_has_an_end() -> None:
    query = Query("a bird")
    for _ in range(9):
        query = query.then("a dog")
    with pytest.raises(QueryError, match="ties 9 descriptions"):
        query.checked()


@pytest.mark.parametrize("channel", ["smell", ""])
def test_an_unknown_channel_is_refused(channel: str) -> None:
    with pytest.raises(QueryError, match="Channels are"):
        Query("a dog").on(channel)


def test_a_query_is_never_changed_but_made_anew() -> None:
    first = Query("a dog")
    later = first.then("a cat").inside("film.mp4").between(1, None).top(3).like("x.png")
    assert first == Query("a dog")
    assert (later.video, later.span_s, later.limit, later.image) == ("film.mp4", (1, float("inf")), 3, Path("x.png"))
    assert hash(first) == hash(Query("a  dog"))


@pytest.mark.parametrize(
    ("text", "value"), [("90", 90), ("1:30", 90), ("1:00:01.5", 3601.5), ("2 min", 120), ("1.5 h", 5400), ("9s", 9)]
)
def test_times_in_all_usual_spellings(text: str, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "x", "1:60", "1:2:3:4", "1:30 min", "-5", "nan", ":"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no time"):
        seconds(text)


WORDS = st.lists(st.sampled_from("two dog cat rocket red runs uphill far".split()), min_size=1, max_size=4).map(
    " ".join
)
LINKS = st.sampled_from(list(Link))


@given(
    WORDS,
    st.lists(st.tuples(LINKS, WORDS), min_size=1, max_size=4),
    st.sampled_from([None, (61, 125), (None, 125), (61, None)]),
)
def test_a_query_in_words_reads_back_as_itself(
    first: str, ties: list[tuple[Link, str]], narrowed: tuple[float | None, float | None] | None
) -> None:
    query = Query(first)
    for link, words in ties:
        query = query.tie(link, words)
    query = query.inside("film.mp4").between(*narrowed) if narrowed else query
    reading = read(str(query), is_video)
    assert reading.tied == query
    assert reading.meant


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(QueryError):
        assert read(text, is_video).plain.words in Query(text).words


@pytest.mark.parametrize(
    ("question", "about"),
    [
        ("What is said about the train?", "the train"),
        ("what did they say about the new bridge", "the new bridge"),
        ("What was written on the whiteboard?", "What was written on the whiteboard"),
        ("What is the train about?", "What is the train about"),
        ("What do they talk about?", "What do they talk about"),
    ],
)
def test_what_is_said_about_something_asks_about_that(question: str, about: str) -> None:
    assert ask(question).about == about


@pytest.mark.parametrize(
    ("question", "about"),
    [
        ("How many cats are there?", "cats"),
        ("how many people are in the room?", "people in the room"),
        ("How many dogs can you see?", "dogs"),
        ("how many lemons does the recipe need", "lemons the recipe need"),
    ],
)
def test_what_is_to_be_counted_is_what_is_looked_for(question: str, about: str) -> None:
    assert (ask(question).kind, ask(question).about) == (Kind.HOW_MANY, about)


@pytest.mark.parametrize(
    ("question", "counts"),
    [
        ("How many videos are in the library?", True),
        ("how many films do I have", True),
        ("how many recordings", True),
        ("How many videos show a cat?", False),
        ("how many films are about the war?", False),
        ("How many cats are there?", False),
        ("which clip is the longest?", True),
        ("What's the shortest video in the library?", True),
        ("Which of my videos is the longest?", True),
        ("what is the longest bridge", False),
        ("Which video shows the longest train?", False),
        ("Which videos have no sound?", True),
        ("which recordings are silent", True),
        ("Which videos have no people?", False),
        ("How much footage do I have?", True),
        ("How long are all my videos together?", True),
        ("how many hours of footage are there in all?", True),
        ("How long is the train there?", False),
        ("How long is the video?", False),
    ],
)
def test_videos_themselves_are_asked_about_where_nothing_narrows_them_down(question: str, counts: bool) -> None:
    assert (ask(question).kind is Kind.VIDEOS) is counts


def test_a_long_question_is_read_at_once() -> None:
    assert ask("how many videos" + " in all" * 250 + " of them x").kind is Kind.HOW_MANY


def test_a_text_that_is_too_long_is_not_taken_apart() -> None:
    with pytest.raises(QueryError, match="is too long"):
        read("a cat then " * 100_000, lambda _: False)


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("does it mention a river?", "a river"),
        ("Does she ever mention the river?", "the river"),
        ("does anybody mention the river?", "the river"),
        ("do they talk about a bridge?", "a bridge"),
        ("did the speaker say anything about money?", "money"),
        ("How many times does somebody say contract?", "contract"),
        ("when does the man talk about the budget?", "the budget"),
        ("does it show a cat?", "a cat"),
        ("is it raining?", "it raining"),
        ("Is there a dog anywhere?", "a dog"),
        ("does the dog speak?", "the dog speak"),
        ("does the talk show start?", "the talk show start"),
        ("does the man show up?", "the man show up"),
        ("does the woman talk to the dog?", "the woman talk to the dog"),
        ("does he speak loudly?", "he speak loudly"),
    ],
)
def test_a_question_is_about_what_is_said_not_about_its_being_said(text: str, about: str) -> None:
    assert ask(text).about == about
