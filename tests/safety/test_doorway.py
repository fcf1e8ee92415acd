"""What the gate looks at: which strings of arguments are words, and which texts and files a result holds."""

from __future__ import annotations

import dataclasses
from collections import UserDict, deque
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import pytest
from pydantic import BaseModel, Field

from playhead import types
from playhead.safety.texts import files_of, lines_of, names_of, texts_of, with_texts
from playhead.tools.arguments import Label, Picture, Window, Words
from playhead.tools.contract import Arguments
from playhead.tools.doorway import DATA, LABEL, loose, words_in
from playhead.tools.registry import all_tools
from playhead.types import (
    Answer,
    Channel,
    Citation,
    Claim,
    Decision,
    Door,
    Evidence,
    Frame,
    Frames,
    Moment,
    Observations,
    SafetyReport,
    SearchResult,
    Segment,
    Shot,
    Shots,
    Span,
    Transcript,
    Utterance,
    Verdict,
    Video,
    Word,
)

if TYPE_CHECKING:
    from collections.abc import Callable

SPAN = Span(0.0, 1.0)


class Colour(StrEnum):
    RED = "red"


class Inner(BaseModel):
    words: str = ""
    video: Label = ""
    kind: Literal["small", "large"] = "small"


class Everything(Arguments):
    plain: str = ""
    quoted: Words = ""
    data: Annotated[str, DATA] = ""
    optional: str | None = None
    either: int | str = 0
    several: tuple[str, ...] = ()
    table: dict[str, list[str]] = Field(default_factory=dict)
    nested: Inner = Inner()
    many: tuple[Inner, ...] = ()
    anything: Any = None
    given: Transcript | None = None
    video: Label = Field("", max_length=99)
    name: Annotated[str, Field(max_length=99), LABEL] = ""
    choice: Literal["a choice", "another"] = "a choice"
    choices: tuple[Literal["one", "two"], ...] = ("one",)
    colour: Colour = Colour.RED
    maybe: Colour | None = None
    number: float = 0.5
    count: int | None = 3
    yes: bool = True
    path: Path = Path("/tmp/words")
    paths: tuple[Path, ...] = (Path("/words"),)


JUDGED: list[tuple[dict[str, Any], list[str]]] = [
    ({}, []),
    ({"plain": "a"}, ["a"]),
    ({"quoted": "a", "data": "b"}, ["a", "b"]),
    ({"optional": "a"}, ["a"]),
    ({"either": "a"}, ["a"]),
    ({"several": ["a", "b"]}, ["a", "b"]),
    ({"table": {"key": ["a", "b"]}}, ["key", "a", "b"]),
    ({"nested": {"words": "a", "video": "b"}}, ["a"]),
    ({"many": [{"words": "a"}, {"words": "b", "kind": "large"}]}, ["a", "b"]),
    ({"anything": {"deep": [{"er": ("a", {"b"})}]}}, ["deep", "er", "a", "b"]),
    ({"given": Transcript((Utterance(SPAN, "said"),), "whisper")}, ["said"]),
    ({"video": "a", "name": "b"}, []),
    ({"choice": "another", "choices": ["two"], "maybe": "red"}, []),
    ({"number": 1.0, "count": 7, "yes": False, "path": "/a", "paths": ["/b"]}, []),
]


@pytest.mark.parametrize(("given", "judged"), JUDGED, ids=[str(list(given)) for given, _ in JUDGED])
def test_words_among_arguments(given: dict[str, Any], judged: list[str]) -> None:
    assert [text for text in words_in(Everything(**given)) if text] == judged


def test_labels_and_choices_of_the_tools_are_no_words() -> None:
    assert list(words_in(Window(video="a", start_s=0, end_s=1))) == []
    assert list(words_in(Picture(video="a", time_s=0, path=Path("/a.png")))) == []


@pytest.mark.parametrize("name", sorted(all_tools()))
def test_no_tool_of_ours_has_words_that_are_not_judged(name: str) -> None:
    """Whatever is text in a tool's arguments is words, a label or a choice."""
    for key, field in all_tools()[name].Args.model_fields.items():
        if LABEL in field.metadata:
            assert key in ("video", "language"), key


def test_loose_values_are_those_that_say_something() -> None:
    assert set(loose({"a": ["b", Path("/c"), 1, Colour.RED, {"d"}], "e": SPAN})) == {"a", "b", "/c", "d", "e"}


# Results


@pytest.fixture
def results(tmp_path: Path) -> Callable[[str], tuple[object, set[str], set[str]]]:
    """By the name of its type, a result with the texts and the names of the files that are in it."""
    (tmp_path / "a.png").touch()
    (tmp_path / "b.jpg").touch()
    picture, other = tmp_path / "a.png", tmp_path / "b.jpg"
    video = Video("id", "name.mp4", tmp_path / "name.mp4", 9.0, warnings=("a warning",))
    word = Word(SPAN, "word")
    utterance = Utterance(SPAN, "word and more", (word,))
    evidence = Evidence(Channel.TEXT, SPAN, 0.5, "read", picture, id="segment")
    citation = Citation("segment", video, SPAN, Channel.SPEECH, "quoted", other)
    moment = Moment(video, SPAN, 0.5, (evidence,))
    verdict = Verdict(Decision.WARN, Door.ANSWER, "hate", 0.5, 0.5, "model", "reason", "remedy", (("hate", 0.5),))
    known: dict[str, tuple[object, set[str], set[str]]] = {
        "Transcript": (Transcript((utterance,), "source", "en", video), {"word and more"}, set()),
        "Segment": (Segment("i", "v", Channel.TEXT, SPAN, "model", "read", thumbnail="t"), {"read", "v"}, set()),
        "SearchResult": (
            SearchResult("query", (moment,), False, ("note",), (moment,)), {"query", "read", "note"}, {"a.png"},
        ),
        "Shots": (Shots((Shot(video, SPAN),)), set(), set()),
        "Frames": (Frames((Frame(video, 1.0, picture), Frame(video, 2.0, picture))), set(), {"a.png"}),
        "Observations": (Observations((citation,)), {"quoted"}, {"b.jpg"}),
        "Answer": (Answer((Claim("claimed", (citation,), "title"),), ("note",)), {"claimed", "title", "quoted",
                   "note"}, {"b.jpg"}),
        "SafetyReport": (SafetyReport((verdict,), video), {"hate", "reason", "remedy"}, set()),
    }  # fmt: skip
    return lambda name: known[name]


RESULTS = ["Transcript", "Segment", "SearchResult", "Shots", "Frames", "Observations", "Answer", "SafetyReport"]


@pytest.mark.parametrize("name", RESULTS)
def test_texts_and_files_of_our_results(
    name: str, results: Callable[[str], tuple[object, set[str], set[str]]], tmp_path: Path
) -> None:
    result, texts, files = results(name)
    assert set(texts_of(result)) == texts
    assert files_of(result) == sorted({tmp_path / file for file in files})
    assert set(names_of(result)) <= {"name.mp4"}


def test_a_text_of_ours_that_reads_like_a_path_is_no_file(tmp_path: Path) -> None:
    """Whoever words a prompt would otherwise choose what is opened to be judged."""
    secret, made = tmp_path / "secret.txt", tmp_path / "made.png"
    secret.touch()
    made.touch()
    origin = types.Origin(types.Source.GENERATED, model=str(secret), prompt=str(secret), note=str(secret))
    image = types.Image(made, 1, 1, origin, str(secret))
    for result in (
        types.Images((image,)),
        [image],
        types.Story(str(secret), (types.Page("", image),), notes=(str(secret),)),
    ):
        assert files_of(result) == [made]
        assert str(secret) in texts_of(result)


def test_every_type_that_holds_text_is_looked_into() -> None:
    """A new type of result with a text in it must be one whose texts are found."""
    kinds = [kind for kind in vars(types).values() if dataclasses.is_dataclass(kind) and isinstance(kind, type)]
    for kind in kinds:
        if kind in (Video, types.IndexReport, types.HeadReport, types.Progress, types.Limits, Word, Verdict):
            continue
        fields = {field.name: field.type for field in dataclasses.fields(kind)}
        for key in [key for key, about in fields.items() if about == "str" and key in ("text", "title", "query")]:
            values = {name: "SECRET" if name == key else () for name in fields}
            made = object.__new__(kind)
            for name, value in values.items():
                object.__setattr__(made, name, value)
            assert "SECRET" in texts_of(made), f"{kind.__name__}.{key}"


class Page(BaseModel):
    """A result of somebody else's."""

    source: str = "who knows"
    words: list[str] = ["said"]
    file: Path | None = None


@dataclass
class Sheet:
    model: str
    id: str
    page: Page


@pytest.mark.parametrize(
    ("result", "texts"),
    [
        ("a text", ["a text"]),
        ("", []),
        (None, []),
        (7, []),
        (b"bytes", ["bytes"]),
        (Colour.RED, []),
        (["a", ("b", {"c"}), 1], ["a", "b", "c"]),
        ({"words": "a", "source": "b", "id": "c"}, ["words", "a", "source", "b", "id", "c"]),
        ({"a": {"b": [{"c": "d"}]}}, ["a", "b", "c", "d"]),
        (Page(), ["who knows", "said"]),
        (Sheet("m", "i", Page()), ["m", "i", "who knows", "said"]),
        ([Transcript((Utterance(SPAN, "said"),), "source")], ["said"]),
    ],
    ids=repr,
)
def test_texts_of_results_of_others(result: object, texts: list[str]) -> None:
    assert texts_of(result) == texts


class Place(NamedTuple):
    source: str
    row: int


class Mine(Utterance):
    """Of somebody else, with what a type of ours has."""


class Open(BaseModel, extra="allow"):
    """Fields that no schema names."""


@dataclass(frozen=True)
class Made:
    source: str
    _size: int = dataclasses.field(init=False, default=0)


@pytest.mark.parametrize(
    ("result", "changed"),
    [
        ({"words": "a", "source": "b", "id": ["c"]}, {"WORDS": "A", "SOURCE": "B", "ID": ["C"]}),
        ({"a": 1, "A": 2}, {"A": 1, "A 2": 2}),
        (Page(), Page(source="WHO KNOWS", words=["SAID"])),
        (Sheet("m", "i", Page()), Sheet("M", "I", Page(source="WHO KNOWS", words=["SAID"]))),
        (Place("a", 1), Place("A", 1)),
        (Made("a"), Made("A")),
        ([b"a", b"\xff", Colour.RED, Path("a"), None], [b"A", b"\xff", Colour.RED, Path("a"), None]),
        (Transcript((Utterance(SPAN, "a"),), "source"), Transcript((Utterance(SPAN, "A"),), "source")),
        (Utterance(SPAN, "a", (Word(SPAN, "a"),)), Utterance(SPAN, "A")),
        (Utterance(SPAN, "A", (Word(SPAN, "A"),)), Utterance(SPAN, "A", (Word(SPAN, "A"),))),
        (Mine(SPAN, "a", (Word(SPAN, "a"),)), Mine(SPAN, "A")),
        (deque(["a"]), "DEQUE(['A'])"),
        (UserDict(a="b"), "{'A': 'B'}"),
        (Open(a="b"), Open(a="B")),
        ({"sha": "ab" * 32, "file": __file__}, {"SHA": "ab" * 32, "FILE": __file__}),
    ],
    ids=repr,
)
def test_what_is_judged_is_what_is_masked(result: object, changed: object) -> None:
    """Fields of others are texts, whatever they are called; names of files and digests are none."""
    found = with_texts(result, str.upper)
    assert found == changed
    assert not [text for text in texts_of(found) if text != text.upper() and not _is_kept(text)]


def _is_kept(text: str) -> bool:
    return text == __file__ or text == "ab" * 32


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        (
            "edit.otio",
            '{"note": "t\\u0077o", "at": 1.5, "more": ["two", "words"]}',
            ["note", "two", "at", "more", "words"],
        ),
        ("said.json", '{"note": "one", "note": "other"}', ["note", "one", "other"]),
        ("said.json", '{"note": "one\\ntwo"}', ["note", "one", "two"]),
        ("said.json", '{"page": "data:image/jpeg;base64,AAAA"}', ["page"]),
        ("said.json", "{it is\nbroken", ["{it is", "broken"]),
        ("said.json", "[" * 100_000 + '"t\\u0077o"' + "]" * 100_000, ["two"]),
        ("said.json", '["\\ud83d"]', ["?"]),
        ("said.srt", "1\n00:00:01,000 --> 00:00:02,000\nwords", ["1", "", "words"]),
    ],
)
def test_a_file_is_judged_as_it_reads(name: str, text: str, lines: list[str]) -> None:
    assert lines_of(name, text) == lines


def test_files_of_results_of_others(tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    picture.touch()
    for result in (
        picture,
        str(picture),  # as it comes out of the cache
        {"path": str(picture)},
        {"deep": [{"er": picture}], "again": str(picture)},
        Page(file=picture),
        Sheet("", "", Page(file=picture)),
    ):
        assert files_of(result) == [picture]
    for result in ("a.png", str(tmp_path), tmp_path / "absent", "/" + "x" * 5000, "/a\x00b", "/ud\ud800", "//", None):
        assert files_of(result) == []
