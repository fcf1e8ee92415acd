"""Words and images into moments."""

from __future__ import annotations

import shutil
import zlib
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from playhead import Library, Settings
from playhead.errors import InputError, MediaLimitError, QueryError, UnreadableMediaError, UnsafeMediaError
from playhead.index import words
from playhead.index.calibrate import MATCH
from playhead.index.catalog import EVERYWHERE, Catalog, ChannelRecord, Record, Row, StoredSegment, Within
from playhead.index.moments import Hit, framed, grow, join, touches
from playhead.index.query import Query
from playhead.index.watch import spans_of
from playhead.types import Channel, Segment, Span, Video

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from playhead.models.registry import Models

    from ..conftest import FakeModels

COFFEE, ROCKET, CAT, MOTORCYCLE = (Span(n, n + 3) for n in (0, 3, 6, 9))


# The film, with the real models


@pytest.mark.parametrize(
    ("query", "channel", "shot"),
    [
        ("a rocket on its launch pad", "picture", ROCKET),
        ("the face of a cat", "picture", CAT),
        ("a cup of coffee", "picture", COFFEE),
        ("a motorcycle", "object", MOTORCYCLE),
        ("gate B12", "text", ROCKET),
        ("when does the ferry to the island leave?", "speech", CAT),
        ("boat departure time", "speech", CAT),
    ],
)
def test_each_channel_finds_its_moment(query: str, channel: str, shot: Span, filmed: Library) -> None:
    result = filmed.search(query, channels=[channel])
    best = (result.moments or result.nearest)[0]
    assert best.span.overlap_s(shot) > 0.5 * best.span.duration_s
    assert {evidence.channel for evidence in best.evidence} == {Channel(channel)}


@pytest.mark.parametrize(
    ("query", "shot"), [("a motorcycle", MOTORCYCLE), ("gate B12", ROCKET), ("the ferry to the island", CAT)]
)
def test_all_channels_together_find_it_too(query: str, shot: Span, filmed: Library) -> None:
    result = filmed.search(query)
    assert not result.no_match
    assert not result.nearest
    assert result[0].span.overlap_s(shot) > 0.5 * shot.duration_s
    assert [m.score for m in result] == sorted((m.score for m in result), reverse=True)
    assert all(MATCH <= m.score <= 1 for m in result)


def test_evidence_shows_what_was_seen_within_the_moment(filmed: Library) -> None:
    for query in ("a motorcycle", "gate B12", "the ferry to the island", "a cat"):
        result = filmed.search(query)
        for moment in result.moments or result.nearest:
            assert moment.evidence
            scores = [evidence.score for evidence in moment.evidence]
            assert scores[0] == max(scores)
            for evidence in moment.evidence:
                assert evidence.span.overlap_s(moment.span) > 0
                assert evidence.thumbnail is not None
                with Image.open(evidence.thumbnail) as thumbnail:
                    assert max(thumbnail.size) <= 320
                shown_s = int(evidence.thumbnail.stem) / 1000
                assert moment.span.start_s - 0.11 <= shown_s < moment.span.end_s
                assert bool(evidence.text) == (evidence.channel is not Channel.PICTURE)


def test_spans_of_pictures_follow_the_shots(filmed: Library) -> None:
    result = filmed.search("the face of a cat", channels=["picture"])
    best = (result.moments or result.nearest)[0]
    assert (best.span.start_s, best.span.end_s) == pytest.approx((CAT.start_s, CAT.end_s), abs=0.11)


def test_speech_has_word_times_within_its_shot(filmed: Library) -> None:
    transcript = filmed.transcript("film.mp4")
    assert "ferry" in transcript.text.lower()
    spoken = [word.span for utterance in transcript.utterances for word in utterance.words]
    assert len(spoken) > 5
    assert all(CAT.start_s - 0.3 <= span.start_s <= span.end_s <= CAT.end_s + 2 for span in spoken)
    assert all(one.start_s <= two.start_s for one, two in pairwise(spoken))


def test_nothing_like_that_is_an_answer_with_the_nearest(filmed: Library) -> None:
    result = filmed.search("penguins playing chess under water", limit=2)
    assert result.no_match
    assert len(result) == 0
    assert 1 <= len(result.nearest) <= 2
    assert all(moment.score < MATCH for moment in result.nearest)


@pytest.mark.parametrize(
    ("query", "shot"),
    [
        ("島へのフェリーは何時に出ますか", CAT),
        ("когда уходит паром на остров", CAT),
        ("¿a qué hora sale el ferry a la isla?", CAT),
        ("一杯咖啡", COFFEE),
        ("eine Tasse Kaffee", COFFEE),
        ("une moto", MOTORCYCLE),
    ],
)
def test_other_languages_find_english_footage(query: str, shot: Span, filmed: Library) -> None:
    result = filmed.search(query)
    assert not result.notes
    assert result[0].span.overlap_s(shot) > 1


def test_a_language_that_no_encoder_reads_is_said(filmed: Library) -> None:
    result = filmed.search("πότε φεύγει το πλοίο για το νησί")
    assert "Pictures were not searched" in result.notes[0]
    assert "exact words only" in result.notes[1]
    assert result.no_match


def test_words_of_an_unreadable_language_are_still_found_exactly(
    models: Models, ffmpeg: str, film: Path, tmp_path: Path
) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(film.read_bytes())
    path.with_suffix(".srt").write_text(
        "1\n00:00:00,500 --> 00:00:02,500\nΠότε φεύγει το πλοίο;\n\n2\n00:00:06,500 --> 00:00:08,500\n猫がいます\n"
    )
    with Library(tmp_path / "library", settings=Settings(channels=(Channel.SPEECH,)), models=models) as library:
        library.add(path)
        for query, shot in (("πλοίο", COFFEE), ("猫", CAT)):
            result = library.search(query)
            assert bool(result.notes) == (query == "πλοίο")
            assert result[0].span.overlap_s(shot) > 1
            assert result[0].evidence[0].channel is Channel.SPEECH


def test_the_one_text_that_holds_every_word_is_found_among_many_that_hold_some(
    opened: Callable[..., Library], place: Callable[..., Path]
) -> None:
    path = place("plain.mp4")
    texts = [f"a red one {n}" for n in range(450)] + [f"my car {n}" for n in range(450)]
    texts.append("and then, after all that had been said about it, the old car came back painted red")
    lines = [f"{n + 1}\n00:00:00,{n:03d} --> 00:00:00,{n + 1:03d}\n{text}\n" for n, text in enumerate(texts[:-1])]
    lines.append(f"999\n00:00:01,000 --> 00:00:02,000\n{texts[-1]}\n")
    path.with_suffix(".srt").write_text("\n".join(lines))
    library = opened(channels=["speech"])
    library.add(path)
    with closing(Catalog(library.folder / "catalog.sqlite", readonly=True)) as catalog:
        found = words.matches(catalog, "red car", EVERYWHERE)
    assert found[0][0].text == texts[-1]
    assert found[0][1] > 0.9 > found[1][1]


def test_a_quoted_stop_word_is_looked_for(opened: Callable[..., Library], place: Callable[..., Path]) -> None:
    path = place("plain.mp4")
    path.with_suffix(".srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nGuess who\n")
    library = opened(channels=["speech"])
    library.add(path)
    assert library.search('"who"')[0].evidence[0].text == "Guess who"


def test_an_image_finds_the_picture_like_it(filmed: Library, tmp_path: Path) -> None:
    import skimage

    photograph = Path(next(iter(skimage.__path__))) / "data" / "chelsea.png"
    result = filmed.search(image=photograph)
    assert result[0].span.overlap_s(CAT) > 2
    assert {evidence.channel for evidence in result[0].evidence} == {Channel.PICTURE}
    both = filmed.search("a cat", image=photograph)
    assert (both.moments or both.nearest)[0].span.overlap_s(CAT) > 2
    against = filmed.search("a rocket on its launch pad", image=photograph)
    assert against.no_match or against[0].score < result[0].score


def test_the_same_question_has_the_same_answer(filmed: Library, models: Models) -> None:
    first = filmed.search("a motorcycle in a garage")
    with Library(filmed.folder, settings=Settings(), models=models) as again:
        assert again.search("a motorcycle in a garage") == first == filmed.search("a motorcycle in a garage")


@pytest.mark.parametrize("query", ["a motorcycle", "gate B12", "the ferry leaves", "a cat"])
def test_chroma_and_comparing_every_vector_agree(query: str, filmed: Library, models: Models, tmp_path: Path) -> None:
    exact = filmed.search(query)
    folder = shutil.copytree(filmed.folder, tmp_path / "copy")
    with Library(folder, settings=Settings(exact_limit=0), models=models) as approximate:
        approximate.rebuild()
        near = approximate.search(query)
    assert [(m.video.id, m.span) for m in near] == [(m.video.id, m.span) for m in exact]
    assert [m.score for m in near] == pytest.approx([m.score for m in exact], abs=1e-3)


# Filters


def test_a_search_can_be_narrowed_to_a_video(opened: Callable[..., Library], place: Callable[..., Path]) -> None:
    library = opened(channels=["picture", "object"])
    library.add(place("cuts.mp4", "a.mp4"), place("plain.mp4", "b.mp4"))
    assert library.search("red thing", limit=50)[0].video.name == "a.mp4"
    inside = library.search("red thing", video="b.mp4", limit=50)
    assert {m.video.name for m in (*inside.moments, *inside.nearest)} == {"b.mp4"}
    with pytest.raises(InputError, match="There is no video"):
        library.search("red", video="c.mp4")


def test_a_search_can_be_narrowed_in_time(opened: Callable[..., Library], place: Callable[..., Path]) -> None:
    library = opened(channels=["picture", "object"])
    library.add(place("cuts.mp4"))
    assert library.search("green")[0].span == Span(1, 2)
    for between, found in (((2.0, 4.0), Span(2, 3)), ((2.5, 2.6), Span(2.5, 2.6)), ((1.5, 2.5), Span(2, 2.5))):
        assert library.search("blue", between=between)[0].span == found
        assert Span(1, 2) not in [moment.span for moment in library.search("green", between=between)]
    assert library.search("green", between=(1.9, 9.0))[0].span == Span(1.9, 2)
    beyond = library.search("green", between=(100, 200))
    assert (beyond.moments, beyond.nearest, beyond.no_match) == ((), (), True)


def test_a_search_can_be_narrowed_to_channels(opened: Callable[..., Library], place: Callable[..., Path]) -> None:
    library = opened(channels=["picture", "object"])
    library.add(place("cuts.mp4"))
    for channel in ("picture", "object"):
        found = library.search("green thing", channels=[channel])
        assert {e.channel for m in found for e in m.evidence} == {Channel(channel)}
    unseen = library.search("green thing", channels=["speech"])
    assert unseen.no_match
    assert "No video was indexed for speech" in unseen.notes[0]


def test_no_more_moments_than_asked_for(opened: Callable[..., Library], place: Callable[..., Path]) -> None:
    library = opened(channels=["object"])
    library.add(place("cuts.mp4"))
    everything = library.search("thing", limit=100)
    found = (*everything.moments, *everything.nearest)
    assert len(found) == 4
    for limit in (1, 2, 3):
        some = library.search("thing", limit=limit)
        assert (*some.moments, *some.nearest) == found[:limit]


def test_a_narrow_search_looks_beyond_the_best_of_the_rest(
    opened: Callable[..., Library], tmp_path: Path, fakes: FakeModels
) -> None:
    """Two thousand better matches elsewhere do not hide the one that is asked for."""
    library = opened()
    library.folder.mkdir()
    record = Record(Video("a" * 64, "long.mp4", tmp_path / "long.mp4", 2001.0))
    for channel, role in ((Channel.PICTURE, "picture"), (Channel.SPEECH, "sentences")):
        record.channels[channel] = ChannelRecord("made by hand", fakes.identity(role))
    red = fakes.picture.encode_texts(["red"])[0]
    reddish = red + 0.3 * np.roll(red, 1)
    for n in range(2001):
        vector = reddish / np.linalg.norm(reddish) if n == 2000 else red
        segment = Segment(f"p{n:04}", "a" * 64, Channel.PICTURE, Span(n, n + 1), "m")
        record.segments.append(StoredSegment(segment, segment.id))
        record.vectors[segment.id] = (Channel.PICTURE, fakes.identity("picture"), vector)
        said = Segment(
            f"s{n:04}", "a" * 64, Channel.SPEECH, Span(n, n + 1), "m", "a red herring" + " red" * (n < 2000)
        )
        record.segments.append(StoredSegment(said))
    catalog = Catalog(library.folder / "catalog.sqlite", create=True)
    catalog.put(record, record.video.path)
    catalog.close()
    for channel in ("picture", "speech"):
        (found,) = library.search("red", between=(2000, 2001), channels=[channel])
        assert found.span == Span(2000, 2001)


def at_likeness(vector: NDArray[np.float32], likeness: float) -> NDArray[np.float32]:
    """A unit vector so like another."""
    away = np.roll(vector, 1) - vector * (vector @ np.roll(vector, 1))
    turned: NDArray[np.float32] = likeness * vector + (1 - likeness**2) ** 0.5 * away / np.linalg.norm(away)
    return turned


def reddish(library: Library, fakes: FakeModels, *films: list[float], shots: list[Span] | None = None) -> None:
    """Films with a picture for each second, as like "red" as it says there."""
    library.folder.mkdir()
    red = fakes.picture.encode_texts(["red"])[0]
    with closing(Catalog(library.folder / "catalog.sqlite", create=True)) as catalog:
        for number, likenesses in enumerate(films):
            video_id, path = f"{number:064}", library.folder / f"{number}.mp4"
            record = Record(Video(video_id, path.name, path, float(len(likenesses))))
            record.channels[Channel.PICTURE] = ChannelRecord("made by hand", fakes.identity("picture"))
            record.shots = shots or [Span(n, n + 1) for n in range(len(likenesses))]
            for n, likeness in enumerate(likenesses):
                segment = Segment(f"{number}-{n}", video_id, Channel.PICTURE, Span(n, n + 1), "m")
                record.segments.append(StoredSegment(segment, segment.id))
                vector = at_likeness(red, likeness)
                record.vectors[segment.id] = (Channel.PICTURE, fakes.identity("picture"), vector)
            catalog.put(record, path)


@pytest.mark.parametrize("seconds", [30, 300])
def test_many_hits_of_one_moment_do_not_hide_the_others(
    seconds: int, opened: Callable[..., Library], fakes: FakeModels
) -> None:
    """Neither those that are a little less likely than it nor those that are much less likely."""
    library = opened()
    rest = [{5: 0.3, 9: 0.253}.get(n, -0.5) for n in range(20)]
    shots = [Span(0, seconds), *(Span(seconds + n, seconds + n + 1) for n in range(20))]
    reddish(library, fakes, [0.9] * seconds + rest, shots=shots)
    found = library.search("red", limit=3)
    assert [m.span for m in found] == [
        Span(0, seconds),
        Span(seconds + 5, seconds + 6),
        Span(seconds + 9, seconds + 10),
    ]


def test_many_hits_of_one_video_do_not_hide_the_other_videos(
    opened: Callable[..., Library], fakes: FakeModels
) -> None:
    library = opened()
    reddish(library, fakes, [0.9] * 150, *([[0.3]] * 4))
    found = library.search("red", limit=5, per_video=1)
    assert [m.video.name for m in found] == ["0.mp4", "1.mp4", "2.mp4", "3.mp4", "4.mp4"]


def test_a_phrase_that_one_video_says_a_hundred_times_is_found_in_the_others(
    opened: Callable[..., Library], fakes: FakeModels
) -> None:
    library = opened()
    reddish(library, fakes, *([[-0.5]] * 5))
    with closing(Catalog(library.folder / "catalog.sqlite")) as catalog:
        for number, (video, times) in enumerate(zip(catalog.videos(), [150, 1, 1, 1, 1], strict=True)):
            record = Record(replace(video, duration_s=10.0 * times))
            record.channels[Channel.SPEECH] = ChannelRecord("made by hand", fakes.identity("sentences"))
            for n in range(times):
                span = Span(10.0 * n, 10.0 * n + 1)
                segment = Segment(f"s{number}-{n}", video.id, Channel.SPEECH, span, "m", "gate b12")
                record.segments.append(StoredSegment(segment))
            catalog.put(record, video.path)
    found = library.search('"gate b12"', limit=5, per_video=1)
    assert [m.video.name for m in found] == ["0.mp4", "1.mp4", "2.mp4", "3.mp4", "4.mp4"]


def test_what_is_weak_counts_where_without_it_nothing_would_match(
    opened: Callable[..., Library], fakes: FakeModels
) -> None:
    """Of many pictures that are a little too unlike one shows a thing that is a little like it."""
    library = opened()
    reddish(library, fakes, *([[0.2307]] * 150))
    assert library.search("red").no_match
    thing = at_likeness(fakes.sentences.encode(["red"])[0], 0.211)
    with closing(Catalog(library.folder / "catalog.sqlite")) as catalog:
        record = Record(catalog.videos()[77])
        record.channels[Channel.OBJECT] = ChannelRecord("made by hand", fakes.identity("sentences"))
        segment = Segment("thing", record.video.id, Channel.OBJECT, Span(0, 1), "m", "a thing")
        record.segments.append(StoredSegment(segment, segment.id))
        record.vectors[segment.id] = (Channel.OBJECT, fakes.identity("sentences"), thing)
        catalog.put(record, record.video.path)
    (found,) = library.search("red")
    assert [evidence.channel for evidence in found.evidence] == [Channel.PICTURE]


def test_within_bounds_nothing_else_is_read(opened: Callable[..., Library], place: Callable[..., Path]) -> None:
    library = opened(channels=["picture"])
    (video,) = library.add(place("cuts.mp4")).added
    with sqlite_catalog(library) as catalog:
        ((channel, space, count),) = catalog.spaces()
        assert (channel, count) == (Channel.PICTURE, 4)
        assert len(catalog.vectors(channel, space, Within(video.id, 1.0, 3.0))[0]) == 2
        assert catalog.vectors(channel, space, Within("f" * 64))[0] == []
        assert catalog.vectors(channel, "another model")[0] == []


@contextmanager
def sqlite_catalog(library: Library) -> Iterator[Catalog]:
    """A library's catalogue, open for reading."""
    catalog = Catalog(library.folder / "catalog.sqlite", readonly=True)
    yield catalog
    catalog.close()


# What cannot be asked


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("", "is empty"),
        (" \n\t ", "is empty"),
        ("\0\x1b", "is empty"),
        ("?!... --", "holds no word"),
        ("🦆🦆", "holds no word"),
        ("duck " * 20_000, "100,000|99,999"),
    ],
)
def test_a_query_that_asks_nothing_is_refused(query: str, why: str, opened: Callable[..., Library]) -> None:
    with pytest.raises(QueryError, match=why):
        opened().search(query)


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        ({"between": (2, 1)}, "is empty"),
        ({"between": (1, 1)}, "is empty"),
        ({"between": (0, float("nan"))}, "is empty"),
        ({"between": (float("inf"), None)}, "is empty"),
        ({"limit": 0}, "cannot be shown"),
        ({"limit": -1}, "cannot be shown"),
        ({"limit": 1001}, "cannot be shown"),
        ({"channels": ["smell"]}, "smell"),
    ],
)
def test_filters_that_make_no_sense_are_refused(
    flags: dict[str, object], why: str, opened: Callable[..., Library]
) -> None:
    search: Callable[..., object] = opened().search
    with pytest.raises(QueryError, match=why):
        search("a duck", **flags)


@pytest.mark.parametrize(
    "query",
    [
        '"',
        '"unclosed hello',
        'hello"',
        "hello*",
        "* hello",
        "hello AND",
        "hello NEAR there",
        "hello OR OR",
        "NEAR(hello, 5)",
        "NEAR(",
        "((hello",
        "text : hello",
        "^hello",
        "{hello}",
        "hello -there +x",
        "hello; DROP TABLE segment; --",
        '"hello\0there"',
        "hello\0",
        "hello \udcff",
        '"!!!" hello',
        "'hello'",
        "hel\\lo hello",
        "%s {0} hello",
        "“hello there”",
    ],
)
def test_marks_and_operators_are_only_words(query: str, spoken_library: Library) -> None:
    if "hello" not in query:
        query = f"{query} hello"
    asked = Query(query)
    with sqlite_catalog(spoken_library) as catalog:
        assert "Hello there" in [segment.text for segment, _ in words.matches(catalog, asked.words, EVERYWHERE)]
    assert spoken_library.search(query).query.lower() == asked.words.lower()


def test_a_quotation_without_a_word_is_not_looked_for(spoken_library: Library) -> None:
    assert spoken_library.search('"!!!" hello')[0].score == spoken_library.search("hello")[0].score


@pytest.fixture
def spoken_library(opened: Callable[..., Library], tmp_path: Path, fakes: FakeModels) -> Library:
    library = opened()
    library.folder.mkdir()
    record = Record(Video("a" * 64, "talk.mp4", tmp_path / "talk.mp4", 20.0))
    record.channels[Channel.SPEECH] = ChannelRecord("made by hand", fakes.identity("sentences"))
    for n, text in enumerate(("Hello there", "AND OR NOT NEAR", "There is the café")):
        segment = Segment(f"s{n}", "a" * 64, Channel.SPEECH, Span(5 * n, 5 * n + 4), "m", text)
        record.segments.append(StoredSegment(segment))
    catalog = Catalog(library.folder / "catalog.sqlite", create=True)
    catalog.put(record, record.video.path)
    catalog.close()
    return library


def test_words_are_found_whatever_their_form_and_phrases_only_whole(spoken_library: Library) -> None:
    def texts(query: str) -> list[str]:
        return [e.text for m in spoken_library.search(query) for e in m.evidence]

    assert texts("CAFE") == texts("cafés") == ["There is the café"]
    assert texts("near OR") == ["AND OR NOT NEAR"]
    assert texts('"hello there"') == ["Hello there"]
    assert texts('"there hello"') == []


# Query images


def test_an_image_that_is_none_is_refused(spoken_library: Library, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("This is not an image.")
    with pytest.raises(UnreadableMediaError, match="not an image"):
        spoken_library.search(image=tmp_path / "text.png")
    with pytest.raises(UnreadableMediaError, match="no such file"):
        spoken_library.search(image=tmp_path / "gone.png")
    (tmp_path / "link.png").symlink_to("/etc/hostname")
    with pytest.raises(UnsafeMediaError, match="a link"):
        spoken_library.search(image=tmp_path / "link.png")
    with pytest.raises(UnsafeMediaError, match="not a regular file"):
        spoken_library.search(image=tmp_path)


def test_an_image_that_is_a_bomb_is_refused(spoken_library: Library, tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

    size = (60_000).to_bytes(4)
    header = chunk(b"IHDR", size + size + bytes([1, 0, 0, 0, 0]))
    rows = zlib.compress(bytes(60_000 * 7_501), 1)
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
    assert (tmp_path / "bomb.png").stat().st_size < 4 << 20
    with pytest.raises(MediaLimitError, match=r"60000x60000|more pixels"):
        spoken_library.search(image=tmp_path / "bomb.png")


# Libraries that have nothing to say


def test_an_empty_library_says_so(opened: Callable[..., Library], place: Callable[..., Path]) -> None:
    library = opened(channels=["picture"])
    library.add(place("plain.mp4"))
    library.remove("plain.mp4")
    result = library.search("a dog")
    assert result.no_match
    assert "The library is empty" in result.notes[0]


def test_another_model_than_the_indexed_one_says_so(
    opened: Callable[..., Library], place: Callable[..., Path], fakes: FakeModels
) -> None:
    library = opened(channels=["picture"])
    library.add(place("cuts.mp4"))
    assert library.search("green").notes == ()
    fakes.version["picture"] = 2
    result = library.search("green")
    assert result.no_match
    assert "4 of 4 picture vectors were made by another model" in result.notes[0]


# Spans


def hit(start_s: float, end_s: float, probability: float, channel: Channel = Channel.PICTURE, name: str = "") -> Hit:
    span = Span(start_s, end_s)
    key = name or f"{channel}{start_s}-{end_s}-{probability}"
    return Hit(Row(key, "v", channel, start_s, end_s, "m", "", 1.0, "", "[]"), span, probability)


TIMES = st.floats(0, 100, allow_nan=False).map(lambda t: round(t, 2))
HITS = st.lists(
    st.tuples(TIMES, st.floats(0.01, 20).map(lambda t: round(t, 2)), st.floats(0.02, 1)), min_size=1, max_size=25
).map(lambda rows: [hit(a, a + d, p, name=str(n)) for n, (a, d, p) in enumerate(rows)])


def test_neighbours_that_are_nearly_as_likely_grow_into_one_span() -> None:
    hits = [hit(0, 1, 0.2), hit(1, 2, 0.8), hit(2, 3, 0.9), hit(3, 4, 0.7), hit(4, 5, 0.5), hit(6, 7, 0.9)]
    grown = {h.span: h.probability for h in grow(hits, [0.0])}
    assert grown == {Span(1, 4): 0.9, Span(0, 1): 0.2, Span(4, 5): 0.5, Span(6, 7): 0.9}


def test_growing_stops_at_a_cut_and_leaves_speech_alone() -> None:
    assert [h.span for h in grow([hit(0, 1, 0.9), hit(1, 2, 0.9)], [0.0, 1.0])] == [Span(0, 1), Span(1, 2)]
    talk = [hit(0, 1, 0.9, Channel.SPEECH), hit(1, 2, 0.9, Channel.SPEECH)]
    assert grow(talk, [0.0]) == talk
    assert grow([], [0.0]) == []


@given(HITS, st.lists(TIMES, max_size=6).map(sorted))
def test_growing_keeps_what_was_seen(hits: list[Hit], starts: list[float]) -> None:
    grown = grow(hits, starts)
    assert max(h.probability for h in grown) == max(h.probability for h in hits)
    assert {h.row.id for h in grown} <= {h.row.id for h in hits}
    assert all(any(g.span.union(h.span) == g.span for g in grown) for h in hits)
    edges = {h.span.start_s for h in hits}, {h.span.end_s for h in hits}
    for g in grown:
        assert g.span.start_s in edges[0]
        assert g.span.end_s in edges[1]
        assert g.span.union(g.row.span) == g.span
    assert {(g.span, g.row.id) for g in grow(hits[::-1], starts)} == {(g.span, g.row.id) for g in grown}


@given(HITS)
def test_joining_parts_the_hits_and_leads_with_the_strongest(hits: list[Hit]) -> None:
    groups = join(hits)
    assert sorted(h.row.id for group in groups for h in group) == sorted(h.row.id for h in hits)
    for group in groups:
        head = group[0]
        assert head.probability == max(h.probability for h in group)
        for h in group[1:]:
            shorter = min(head.span.duration_s, h.span.duration_s)
            assert h.span == head.span or h.span.overlap_s(head.span) > 0.5 * shorter
    heads = [group[0] for group in groups]
    assert heads == sorted(heads, key=lambda h: -h.probability)


@given(st.lists(st.floats(0.1, 30), min_size=1, max_size=8), TIMES, st.floats(0.01, 30))
def test_a_framed_sentence_is_itself_or_its_shot(lengths: list[float], start_s: float, length_s: float) -> None:
    ends = np.cumsum(lengths).tolist()
    shots = [Span(a, b) for a, b in pairwise([0.0, *ends])]
    said = hit(start_s, start_s + length_s, 0.5, Channel.SPEECH)
    spoken = framed(said, shots, [shot.start_s for shot in shots])
    if spoken != said:
        assert spoken.span in shots
        assert spoken.span.overlap_s(said.span) > 0
        assert said.span.duration_s >= 0.3 * spoken.span.duration_s
        assert said.span.end_s <= spoken.span.end_s + 0.3


def test_a_sentence_that_fills_its_shot_stands_for_it() -> None:
    shots = [Span(0, 4), Span(4, 24)]
    starts = [0.0, 4.0]
    assert framed(hit(1, 3, 0.5, Channel.SPEECH), shots, starts).span == Span(0, 4)
    assert framed(hit(5, 8, 0.5, Channel.SPEECH), shots, starts).span == Span(5, 8)
    assert framed(hit(3, 6, 0.5, Channel.SPEECH), shots, starts).span == Span(3, 6)
    assert framed(hit(1, 3, 0.5, Channel.SPEECH), [], []).span == Span(1, 3)


@given(
    st.lists(st.floats(0.1, 30), min_size=1, max_size=8),
    st.lists(st.floats(0, 1), min_size=1, max_size=20, unique=True).map(sorted),
)
def test_spans_of_frames_tile_their_shots(lengths: list[float], fractions: list[float]) -> None:
    ends = np.cumsum(lengths).tolist()
    shots = [Span(a, b) for a, b in pairwise([0.0, *ends])]
    times = sorted({fraction * ends[-1] * 0.999 for fraction in fractions})
    spans = spans_of(times, shots)
    assert len(spans) == len(times)
    for time_s, span in zip(times, spans, strict=True):
        assert span.start_s <= time_s + 1e-6
        assert any(shot.start_s <= span.start_s <= span.end_s <= shot.end_s + 1e-6 for shot in shots)
    assert all(one.end_s <= two.start_s + 1e-9 for one, two in pairwise(spans))
    looked_at = [shot for shot in shots if any(shot.start_s <= t - 1e-5 and t + 1e-5 < shot.end_s for t in times)]
    for shot in looked_at:
        assert shot.start_s in {span.start_s for span in spans}
        assert shot.end_s in {span.end_s for span in spans}


def test_touching_is_overlapping_or_following() -> None:
    assert touches(Span(0, 1), Span(1, 2))
    assert touches(Span(1, 2), Span(0, 1))
    assert touches(Span(0, 5), Span(1, 2))
    assert not touches(Span(0, 1), Span(1.1, 2))
