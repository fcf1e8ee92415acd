"""What comes before, after, with and without what: questions to a film of six photographs, by the real models."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageOps

from playhead import Library, Query, Settings
from playhead.index.calibrate import MATCH
from playhead.types import Channel, Span

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playhead.models.registry import Models

SHOT_S = 3
SHOTS = {
    "coffee": ("skimage/data/coffee.png", ""),
    "cat": ("skimage/data/chelsea.png", ""),
    "rocket": ("skimage/data/rocket.jpg", "We have lift-off"),
    "motorcycle": ("skimage/data/motorcycle_left.png", ""),
    "cat again": ("skimage/data/chelsea.png", "The ferry to the island leaves at nine"),
    "flower": ("sklearn/datasets/images/flower.jpg", ""),
}
START = {name: number * SHOT_S for number, name in enumerate(SHOTS)}


def shots(first: str, last: str = "") -> Span:
    """From the beginning of one shot to the end of another."""
    return Span(START[first], START[last or first] + SHOT_S)


@pytest.fixture(scope="module")
def story(ffmpeg: str, models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    from importlib import metadata

    folder = tmp_path_factory.mktemp("story")
    inputs: list[str] = []
    cues: list[str] = []
    for number, (name, (file, said)) in enumerate(SHOTS.items()):
        package = {"skimage": "scikit-image", "sklearn": "scikit-learn"}[file.split("/")[0]]
        with Image.open(str(metadata.distribution(package).locate_file(file))) as photograph:
            still = photograph.convert("RGB").resize((480, 360))
        (ImageOps.mirror(still) if name == "cat again" else still).save(folder / f"{number}.png")
        inputs += ["-loop", "1", "-framerate", "10", "-t", str(SHOT_S), "-i", str(folder / f"{number}.png")]
        if said:
            cues.append(f"{number}\n00:00:{START[name]:02d},300 --> 00:00:{START[name] + 2:02d},700\n{said}\n")
    film = folder / "story.mp4"
    film.with_suffix(".srt").write_text("\n".join(cues))
    coding = ["-filter_complex", f"concat=n={len(SHOTS)}:v=1:a=0", "-c:v", "libx264", "-pix_fmt", "yuv420p"]
    subprocess.run([ffmpeg, "-v", "error", "-nostdin", *inputs, *coding, str(film)], check=True, timeout=60)
    settings = Settings(channels=(Channel.PICTURE, Channel.OBJECT, Channel.SPEECH))
    with Library(folder / "library", settings=settings, models=models) as library:
        assert not library.add(film).failed
        yield library


QUESTIONS = [
    ("a cup of coffee then a cat", shots("coffee", "cat")),
    ("a cat then a rocket", shots("cat", "rocket")),
    ("a cat, then a flower", shots("cat again", "flower")),
    ("a cat before a rocket", shots("cat")),
    ("a motorcycle before a flower", shots("motorcycle")),
    ("a cat after a motorcycle", shots("cat again")),
    ("a flower after a rocket", shots("flower")),
    ("a cat, not the ferry to the island", shots("cat")),
    ("a cat while the ferry to the island leaves", shots("cat again")),
    ("a rocket then a motorcycle then a cat", shots("rocket", "cat again")),
    ("a cat BEFORE a motorcycle", shots("cat")),
    ("we have lift-off THEN the ferry leaves", shots("rocket", "cat again")),
    ("AFTER a rocket", shots("motorcycle")),
    ("BEFORE a rocket", shots("cat")),
    ("кошка THEN ракета", shots("cat", "rocket")),
]


@pytest.mark.parametrize(("question", "span"), QUESTIONS, ids=[question for question, _ in QUESTIONS])
def test_the_order_of_things(question: str, span: Span, story: Library) -> None:
    result = story.search(question)
    assert not result.no_match, result.nearest[:1]
    assert (result[0].span.start_s, result[0].span.end_s) == pytest.approx((span.start_s, span.end_s), abs=0.31)


@pytest.mark.parametrize(
    "question",
    [
        "a rocket THEN a cup of coffee",
        "a flower BEFORE a motorcycle",
        "a cup of coffee AFTER a cat",
        "a motorcycle WHILE the ferry leaves",
        "a rocket NOT we have lift-off",
        "a cat THEN a purple elephant",
    ],
)
def test_an_order_that_is_not_there_is_not_found(question: str, story: Library) -> None:
    result = story.search(question)
    assert result.no_match
    assert all(moment.score < MATCH for moment in result.nearest)


@pytest.mark.parametrize("question", ["a rocket then a cup of coffee", "a cup of coffee after a cat"])
def test_small_letters_find_no_order_that_is_not_there_either(question: str, story: Library) -> None:
    result = story.search(question)
    assert result.no_match
    assert result.query == question.replace(" then ", " THEN ").replace(" after ", " AFTER ")
    assert f"Nothing here is “{result.query}”" in result.notes[0]
    assert result.nearest[0].score >= MATCH


def test_while_is_taken_as_it_stands_where_that_is_likelier_and_says_so(story: Library) -> None:
    result = story.search("a cat while the motorcycle starts")
    assert "“a cat WHILE the motorcycle starts” is less likely" in result.notes[0]
    assert story.search("a cat WHILE the motorcycle starts").no_match


def test_before_and_after_mean_the_likeliest_other_soon_or_late(story: Library) -> None:
    (flower,) = story.search("a flower after a cup of coffee")
    assert {evidence.part for evidence in flower.evidence} == {0, 1}
    assert all(e.span.start_s < SHOT_S for e in flower.evidence if e.part == 1)


def test_what_is_quoted_is_found_word_for_word_or_not_at_all(story: Library) -> None:
    assert story.search('"ferry to the island"')[0].evidence[0].channel is Channel.SPEECH
    assert story.search('"island ferry"').no_match
    assert story.search('"a cat"').no_match


def test_python_says_the_same(story: Library) -> None:
    for question, query in (
        ("a cat THEN a rocket", Query("a cat").then("a rocket")),
        ("a cat AFTER a motorcycle", Query("a cat").after(Query("a motorcycle"))),
        ("a cat BEFORE a motorcycle", Query("a cat").before("a motorcycle")),
        ("a cat WHILE the ferry leaves", Query("a cat").during("the ferry leaves")),
        ("a cat NOT the ferry leaves", Query("a cat").without("the ferry leaves")),
        ("a cat IN story.mp4 BETWEEN 0:00 AND 0:08", Query("a cat").inside("story.mp4").between(0, 8)),
        ("BEFORE a rocket", Query().before("a rocket")),
    ):
        in_words, in_python = story.search(question), story.search(query)
        assert in_words == in_python
        assert in_words.moments


def test_parts_may_be_looked_for_on_channels_of_their_own(story: Library) -> None:
    query = Query("a cat").on("picture").during(Query("ferry").on("speech"))
    (found,) = story.search(query)
    assert {evidence.channel for evidence in found.evidence} == {Channel.PICTURE, Channel.SPEECH}
    assert found.span.overlap_s(shots("cat again")) == pytest.approx(found.span.duration_s, abs=0.31)


def test_a_nested_query_is_its_own_part(story: Library) -> None:
    nested = story.search(Query("a cup of coffee").then(Query("a cat").without("the ferry leaves")))
    assert nested[0].span.end_s == pytest.approx(shots("cat").end_s, abs=0.31)


def test_a_time_range_in_words_is_a_time_range(story: Library) -> None:
    for words in ("a cat between 0:10 and 0:18", "a cat after 10 s", "from 10 s to 1 min a cat"):
        result = story.search(words)
        assert [moment.span.start_s >= 10 for moment in result] == [True]
    assert story.search("a cat before 0:08")[0].span.end_s < 8


def test_an_image_can_be_tied_to_words(story: Library, tmp_path: Path) -> None:
    from importlib import metadata

    rocket = str(metadata.distribution("scikit-image").locate_file("skimage/data/rocket.jpg"))
    found = story.search(Query("a cat").then(Query().like(rocket)))
    assert (found[0].span.start_s, found[0].span.end_s) == pytest.approx((3, 9), abs=0.31)


def test_what_is_around_a_moment(story: Library) -> None:
    (moment, *_) = story.search("a motorcycle")
    said = {0.1: set(), 1.0: {"We have lift-off", "The ferry to the island leaves at nine"}}
    for margin_s, texts in said.items():
        around = story.around(moment, margin_s)
        assert {s.text for s in around if s.channel is Channel.SPEECH} == texts
        assert "motorcycle" in {s.text for s in around}
    times = [s.span.start_s for s in story.around(moment, 60.0)]
    assert times == sorted(times)


def test_one_moment_of_a_video(story: Library) -> None:
    assert len(story.search("a cat")) > 1
    assert len(story.search("a cat", per_video=1)) == 1
    assert len(story.search(Query("a cat").top(9, per_video=1))) == 1
