"""A story rests on what was seen and said, reads well, and its film shows and says it."""

from __future__ import annotations

import json
import re
import resource
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
from pydantic import TypeAdapter

from playhead.errors import InputError, StorageError
from playhead.index.narrate import Narrator, alike, attributed, chosen, joined, titled
from playhead.index.sights import Looker, Seen, sights, words
from playhead.index.stretches import parts
from playhead.models.chat import Chat
from playhead.testing import ScriptedChat
from playhead.tools.compose_story import ComposeStoryArgs, _fitting
from playhead.tools.contract import Context
from playhead.tools.registry import get_tool
from playhead.tools.story_book import _film_notes
from playhead.tools.story_film import CANVAS, Cue, Script, _in_quotes, _Slide
from playhead.types import Channel, Citation, Source, Span, Story, Video

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playhead import Library
    from playhead.models.registry import Models
    from playhead.types import Progress

NAME = "film.mp4"


@pytest.fixture
def context(filmed: Library, tmp_path: Path) -> Context:
    (tmp_path / "made").mkdir()
    return Context(filmed, tmp_path / "made")


def compose(context: Context, **arguments: object) -> Story:
    story = get_tool("compose_story").call(arguments, context)
    assert isinstance(story, Story)
    return story


@pytest.fixture(scope="module")
def story(filmed: Library, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Of the whole film, as it comes."""
    return compose(Context(filmed, tmp_path_factory.mktemp("plain")), video=NAME)


def told(story: Story) -> str:
    return " ".join(page.text for page in story.pages)


# The pages


def test_a_video_is_told_scene_by_scene_with_its_evidence(story: Story) -> None:
    text = told(story)
    assert "The ferry to the island leaves at half past nine" in text
    assert "GATE B12" in text
    assert "motorcycle" in text
    assert "cat" in text
    assert text.startswith("This story is told from one recording, ")
    assert text.endswith("And there the story ends.")
    starts = [page.evidence[0].span.start_s for page in story.pages]
    assert starts == sorted(starts)
    for page in story.pages:
        assert page.evidence
        assert all(c.id and c.video.name == NAME and c.span.end_s <= 12.1 for c in page.evidence)


def test_no_sentence_is_said_twice_and_every_article_is_right(story: Story) -> None:
    sentences = re.split(r"(?<=[.”]) ", told(story))
    assert len(sentences) == len(set(sentences))
    assert not re.search(r"\ba [aeio]\w|\ban [^aeiouh“]|  | [.,;]|\$|\bis (?:a \w+ and|\w+s\b)", " ".join(sentences))
    assert all(sentence[0].isupper() or sentence[0] == "“" for sentence in sentences)


def test_what_only_a_label_speaks_for_looks_like_it(story: Story) -> None:
    [page] = [page for page in story.pages if "motorcycle" in page.text]
    assert "look" in page.text


def test_each_page_has_a_picture_out_of_its_own_time(story: Story) -> None:
    for page in story.pages:
        assert page.image
        assert page.image.path.parent == story.documents[0].path.parent
        assert page.image.origin.source is Source.RETRIEVED
        [part] = page.image.origin.parts
        around = Span(min(c.span.start_s for c in page.evidence) - 3, max(c.span.end_s for c in page.evidence) + 3)
        assert around.start_s <= part.span.start_s <= around.end_s


def test_markdown_and_html_tell_it_by_themselves(story: Story) -> None:
    by_format = {document.format: document for document in story.documents}
    markdown = by_format["md"].path.read_text()
    assert markdown.startswith(f"# {story.title}\n")
    shown = re.findall(r"^!\[.*\]\((\S+)\)$", markdown, re.MULTILINE)
    assert len(shown) == len(story.pages)
    assert all((by_format["md"].path.parent / name).is_file() for name in shown)
    page = by_format["html"].path.read_text()
    assert page.count("data:image/jpeg;base64,") == len(story.pages)
    assert "default-src 'none'" in page
    assert not re.search(r"(?i)<script|javascript:|\bon\w+=|src=\"(?!data:)|href=|@import|url\(", page)
    assert "prefers-color-scheme:dark" in page
    for own in story.pages:
        assert own.text.split("“")[0][:30] in page


def test_everything_says_where_it_comes_from_and_survives_the_cache(story: Story) -> None:
    kind = TypeAdapter(Story)
    assert kind.validate_python(kind.dump_python(story, mode="json")) == story
    for document in story.documents:
        beside = json.loads(document.path.with_name(f"{document.path.name}.provenance.json").read_text())
        assert beside["source"] == "composed"
        assert {source["name"] for source in beside["sources"]} == {NAME}


def test_the_same_call_gives_the_same_bytes(story: Story, context: Context) -> None:
    again = compose(context, video=NAME)
    assert [d.path.name for d in story.documents] == [d.path.name for d in again.documents]
    assert [d.path.read_bytes() for d in story.documents] == [d.path.read_bytes() for d in again.documents]


@pytest.mark.parametrize("style", ["plain", "diary", "documentary"])
def test_each_style_has_its_own_words(context: Context, style: str) -> None:
    text = told(compose(context, video=NAME, style=style))
    frame = words()["styles"][style]
    assert text.startswith(frame["begin"].split("$")[0])
    assert text.endswith(frame["end"])
    assert "$" not in text


def test_length_keeps_the_most_telling_in_order(context: Context) -> None:
    story = compose(context, video=NAME, length=2)
    assert len(story.pages) == 2
    assert "ferry" in told(story)


# What it is about


def test_a_theme_is_looked_for_and_gives_the_title(context: Context) -> None:
    story = compose(context, theme="a motorcycle")
    assert story.title == "A motorcycle"
    assert {c.span.start_s >= 8.9 for page in story.pages for c in page.evidence} == {True}


def test_a_theme_that_nobody_shows_is_told_so_and_makes_nothing(context: Context) -> None:
    story = compose(context, theme="a submarine under the ice", film=True)
    assert (story.pages, story.documents, story.film) == ((), (), None)
    assert "Nothing in this library shows or says “a submarine under the ice”." in story.notes
    assert list(context.folder.iterdir()) == []


def window(start_s: float, end_s: float) -> dict[str, object]:
    return {"video": NAME, "start_s": start_s, "end_s": end_s}


def test_no_moments_are_no_story_rather_than_all_of_the_library(context: Context) -> None:
    story = compose(context, moments=[])
    assert story.pages == ()
    assert story.notes


def test_one_moment_and_an_instant(context: Context) -> None:
    assert "ferry" in told(compose(context, moments=[window(6, 9)]))
    story = compose(context, moments=[window(7.5, 7.5)])
    assert len(story.pages) == 1


def test_moments_that_overlap_are_told_once_in_order_of_time(context: Context) -> None:
    story = compose(context, moments=[window(9, 12), window(6, 8.5), window(6.5, 9)])
    assert told(story).count("The ferry to the island") == 1
    starts = [page.evidence[0].span.start_s for page in story.pages]
    assert starts == sorted(starts)


def test_three_hundred_moments(context: Context) -> None:
    story = compose(context, moments=[window(n * 0.04, n * 0.04 + 0.03) for n in range(300)], length=5)
    assert 0 < len(story.pages) <= 5


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"video": NAME, "theme": "x"}, "only one of moments, theme and video"),
        ({"video": "nothing.mp4"}, "no video 'nothing.mp4'"),
        ({"moments": [{"video": NAME, "start_s": 50, "end_s": 60}]}, "nothing at 50 s"),
        ({"minutes": 0}, "minutes"),
        ({"minutes": float("inf")}, "minutes"),
        ({"length": 0}, "length"),
        ({"style": "limerick"}, "style"),
        ({"title": "x" * 500}, "title"),
    ],
)
def test_what_cannot_be_told_is_refused(context: Context, arguments: dict[str, object], why: str) -> None:
    with pytest.raises(InputError, match=why):
        compose(context, **arguments)
    assert list(context.folder.iterdir()) == []


def test_what_is_said_across_a_cut_is_told_once(filmed: Library) -> None:
    looker, film = Looker(filmed), filmed.video(NAME)
    (segment,) = filmed.observed(film, (Channel.SPEECH,))
    scenes = [Span(5.0, segment.span.start_s + 0.5), Span(segment.span.start_s + 0.5, 12.0)]
    first, second = (looker.look(film, span, [other for other in scenes if other != span]) for span in scenes)
    assert (first.said, second.said) == ("", segment.text)
    assert looker.look(film, scenes[0]).said == segment.text


def test_names_and_titles_are_text_whatever_is_in_them(context: Context, filmed: Library, tmp_path: Path) -> None:
    title = "<script>alert(1)</script> 🎬 \u202eevil\u202c [x](y) **b**"
    story = compose(context, video=NAME, title=title)
    page = next(d for d in story.documents if d.format == "html").path.read_text()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "\u202e" not in page
    markdown = next(d for d in story.documents if d.format == "md").path.read_text()
    assert markdown.splitlines()[0] == r"# \<script\>alert(1)\</script\> 🎬 evil \[x\](y) \*\*b\*\*"


def test_sound_without_pictures_is_told_by_what_is_said(
    opened: Callable[..., Library], place: Callable[..., Path], fakes: object, tmp_path: Path
) -> None:
    fakes.said = "Only a voice is heard in here"  # type: ignore[attr-defined]
    library = opened()
    assert not library.add(place("audio_only.m4a")).failed
    story = compose(Context(library, tmp_path), video="audio_only.m4a")
    assert "“Only a voice is heard in here" in told(story)
    assert story.pages[0].image is None
    assert "<img" not in next(d for d in story.documents if d.format == "html").path.read_text()


# A language model


def test_a_language_model_writes_and_is_held_to_the_evidence(context: Context) -> None:
    asked: list[str] = []

    def answer(prompt: str) -> str:
        asked.append(prompt)
        numbers = {text: n for n, text in re.findall(r"^\[(\d+)\] .*? \w+: (.*)$", prompt, re.MULTILINE)}
        ferry = next(n for text, n in numbers.items() if "ferry" in text)
        gate = next(n for text, n in numbers.items() if "GATE" in text)
        return (
            f"A sign on the rocket reads GATE B12 [{gate}].\n"
            f"The ferry to the island leaves at half past nine [{ferry}].\n"
            f"A pirate stole 4711 gold coins [{ferry}].\nNobody knows why."
        )

    story = compose(replace(context, chat=Chat(ScriptedChat(answer), "scripted")), video=NAME, title="A trip")
    assert [page.text for page in story.pages] == [
        "A sign on the rocket reads GATE B12.",
        "Somebody says: The ferry to the island leaves at half past nine.",
    ]
    assert "A trip" in asked[0]
    assert "Dropped for want of evidence: 2." in story.notes


def test_a_language_model_that_says_nothing_true_is_told_and_not_believed(context: Context) -> None:
    story = compose(replace(context, chat=Chat(ScriptedChat("Once upon a time."), "scripted")), video=NAME)
    assert "ferry" in told(story)
    assert any("wrote nothing that the footage bears out" in note for note in story.notes)


# The film


@pytest.fixture(scope="module")
def filmed_story(filmed: Library, tmp_path_factory: pytest.TempPathFactory) -> Story:
    return compose(Context(filmed, tmp_path_factory.mktemp("story")), video=NAME, film=True, minutes=0.6)


def frames_of(path: Path, every: int) -> Iterator[np.ndarray]:
    with av.open(str(path)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number % every == 0:
                yield frame.to_ndarray(format="rgb24")


@pytest.mark.slow
def test_the_film_plays_as_long_as_was_asked_for(filmed_story: Story) -> None:
    film = filmed_story.film
    assert film
    assert film.duration_s == pytest.approx(36, abs=4)
    assert film.origin.source is Source.COMPOSED
    assert film.origin.model.startswith("hibari")
    with av.open(str(film.path)) as container:
        [picture, sound] = container.streams
        said = container.metadata["comment"]
        assert "digitalsourcetype/compositeWithTrainedAlgorithmicMedia; made by hibari" in said
        assert (picture.codec_context.width, picture.codec_context.height) == (1280, 720)
        assert float(container.duration / av.time_base) == pytest.approx(film.duration_s, abs=0.1)
        assert float(sound.duration * sound.time_base) == pytest.approx(film.duration_s, abs=0.1)


@pytest.mark.slow
def test_the_pictures_of_the_film_move_and_none_is_blank(filmed_story: Story) -> None:
    assert filmed_story.film
    frames = list(frames_of(filmed_story.film.path, 25))
    assert min(frame[:600].std() for frame in frames) > 8
    moving = [np.abs(a.astype(int) - b).mean() for a, b in pairwise(frames)]
    assert np.median(moving) > 0.3


@pytest.mark.slow
def test_the_voice_of_the_film_says_what_the_subtitles_say_when_they_say_it(
    filmed_story: Story, models: Models
) -> None:
    assert filmed_story.film
    resampler = av.AudioResampler("flt", "mono", 16_000)
    with av.open(str(filmed_story.film.path)) as container:
        pieces = [s.to_ndarray()[0] for f in container.decode(audio=0) for s in resampler.resample(f)]
    sound = np.concatenate(pieces).astype(np.float32)
    said = models.speech.transcribe(sound, "en")
    heard = " ".join(u.text for u in said).lower()
    assert all(word in heard for word in ("story", "ferry", "island", "motorcycle", "ends"))
    srt = next(d for d in filmed_story.documents if d.format == "srt").path.read_text()
    cues = re.findall(r"(\d+):(\d+):([\d,]+) --> (\d+):(\d+):([\d,]+)\n(.+)", srt)
    times = [
        (float(m) * 60 + float(s.replace(",", ".")), float(n) * 60 + float(t.replace(",", ".")))
        for _, m, s, _, n, t, _ in cues
    ]
    assert all(start < end for start, end in times)
    assert all(end <= start + 1e-6 for (_, end), (start, _) in pairwise(times))
    assert max(len(cue[-1]) for cue in cues) <= 84
    [start_s] = [start for (start, _), cue in zip(times, cues, strict=True) if "ferry" in cue[-1]]
    [word_s] = [w.span.start_s for u in said for w in u.words if "ferry" in w.text.lower()]
    assert start_s - 0.5 <= word_s <= start_s + 5


@pytest.mark.slow
def test_a_film_of_clips_without_a_voice(context: Context, filmed: Library) -> None:
    story = compose(context, video=NAME, film=True, clips=True, voice=False, length=1)
    assert story.film
    assert not story.film.has_audio
    assert story.film.origin.model == ""
    assert all(part.span.duration_s > 0 for part in story.film.origin.parts)
    with av.open(str(story.film.path)) as container:
        assert len(container.streams) == 1
        assert container.metadata["comment"].endswith("digitalsourcetype/composite")


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["looking", "taking pictures", "speaking", "filming"])
def test_stopping_half_way_leaves_nothing(context: Context, children: Callable[[], set[int]], stage: str) -> None:
    class StoppedError(Exception):
        pass

    def stop(progress: Progress) -> None:
        if progress.stage == stage:
            raise StoppedError

    before = children()
    with pytest.raises(StoppedError):
        compose(replace(context, progress=stop), video=NAME, film=True, length=1)
    assert list(context.folder.iterdir()) == []
    assert children() == before


@pytest.mark.slow
def test_a_full_disk_is_told_and_leaves_nothing(context: Context) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (120_000, before[1]))
    try:
        with pytest.raises(StorageError):
            compose(context, video=NAME, film=True, length=2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(context.folder.iterdir()) == []


# The words


def seen(name: str, start_s: float, **told_of: object) -> Seen:
    video = Video(name, f"{name}.mp4", __import__("pathlib").Path(f"/{name}.mp4"), 60.0)
    span = Span(start_s, start_s + 5)
    evidence = (Citation(f"{name}{start_s}", video, span, Channel.OBJECT, "x"),)
    return replace(Seen(video, span, (start_s,), evidence=evidence), **told_of)  # type: ignore[arg-type]


def test_neighbours_that_look_alike_are_told_together() -> None:
    people = {"things": ("person",)}
    scenes = [seen("a", 0, **people), seen("a", 5, **people), seen("b", 0, **people), seen("c", 0, **people)]
    pages = alike(joined(scenes))
    assert [len(page) for page in pages] == [3]
    assert pages[0][0].span == Span(0, 10)
    [page] = Narrator("plain").tell(pages)
    assert "Three recordings in a row look alike: in each of them, there is a person." in page.text


@pytest.mark.parametrize(("minutes", "count"), [(None, 5), (2.0, 5), (0.5, 2), (0.1, 1)])
def test_in_a_short_film_fewer_pages_are_told(minutes: float | None, count: int) -> None:
    said = "The ferry to the island leaves at half past nine from the north pier, whoever is there to see it."
    pages = alike([seen(name, 0, said=f"{said} {name}") for name in "abcde"])
    fitting = _fitting(pages, ComposeStoryArgs(film=True, minutes=minutes, length=5))
    assert len(fitting) == count
    assert len(_fitting(pages, ComposeStoryArgs(minutes=minutes, length=5))) == 5  # there is no film


@pytest.mark.parametrize(
    ("target_s", "note"),
    [
        (None, ()),
        (40.0, ()),
        (42.0, ()),
        (10.0, ("The film lasts 0:40.0, not 0:10.0: to tell it takes so long.",)),
        (90.0, ("The film lasts 0:40.0, not 1:30.0: there is no more to tell.",)),
    ],
)
def test_a_film_of_another_length_says_so(target_s: float | None, note: tuple[str, ...]) -> None:
    script = Script((_Slide(40 * CANVAS.rate_hz, None),), (), ())
    assert _film_notes(script, target_s) == note


def test_words_are_never_lost_in_a_row_of_recordings() -> None:
    scenes = [
        seen("a", 0, things=("dog",)),
        seen("b", 0, things=("dog",), said="Come here"),
        seen("c", 0, things=("dog",)),
    ]
    text = " ".join(page.text for page in Narrator("plain").tell(alike(joined(scenes))))
    assert "“Come here.”" in text
    assert "Once more" in text


def test_what_goes_on_in_one_recording_is_placed_in_time() -> None:
    scenes = [
        seen("a", 0, things=("dog",)),
        seen("a", 5, things=("cat",)),
        seen("a", 40, things=("bird",)),
        seen("b", 0, things=("cup",)),
    ]
    texts = [page.text for page in Narrator("plain").tell(alike(joined(scenes)))]
    assert "First, " in texts[0]
    assert texts[1].startswith("Then ")
    assert texts[2].startswith("30 seconds later, ")
    assert texts[3].startswith("At last, ")


def test_scenes_without_evidence_are_not_told() -> None:
    assert joined([replace(seen("a", 0, things=("dog",)), evidence=())]) == []


def test_the_most_telling_pages_are_kept_and_the_rest_is_left_out() -> None:
    scenes = [
        seen("a", 0, things=("person",)),
        seen("b", 0, said="We won the cup"),
        seen("c", 0, things=("person",)),
        seen("d", 0, things=("dog", "cat")),
    ]
    kept = chosen(alike(joined(scenes)), 2)
    assert [page[0].video.id for page in kept] == ["b", "d"]


def test_a_title_names_what_is_most_seen_and_else_what_is_said() -> None:
    assert (
        titled(alike([seen("a", 0, things=("dog", "person")), seen("b", 0, things=("apple",))]))
        == "A dog and an apple"
    )
    assert titled(alike([seen("a", 0, said="We won the cup.")])) == "Somebody says “We won the cup”"
    assert titled(alike([seen("a", 0, written="GATE B12")])) == "On screen: “GATE B12”"
    assert titled([]) == "What is to be seen"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("The ferry leaves at half past nine.", "Somebody says: The ferry leaves at half past nine."),
        ("Half past nine is when it goes.", "Somebody says: Half past nine is when it goes."),
        (
            "A man says that the ferry leaves at half past nine.",
            "A man says that the ferry leaves at half past nine.",
        ),
    ],
)
def test_what_was_said_is_told_as_somebody_elses_words(text: str, told: str) -> None:
    heard, looked = (
        Citation(channel, seen("a", 0).video, Span(0, 5), channel, "The ferry leaves at half past nine, they say.")
        for channel in (Channel.SPEECH, Channel.OBJECT)
    )
    assert attributed(text, (heard,)) == told
    assert attributed(text, (looked,)) == text
    assert attributed("A man is on a boat.", (heard, looked)) == "A man is on a boat."
    assert attributed("On a boat, the ferry leaves at half past nine.", (heard, looked)).startswith("Somebody says: ")


def test_each_subtitle_of_a_quotation_has_its_marks() -> None:
    texts = ["Somebody says: “We won.", "It was hard.", "We go home.”", "A dog follows.", "“Yes,” it says."]
    cues = [Cue(Span(n, n + 1), text) for n, text in enumerate(texts)]
    assert [cue.text for cue in _in_quotes(cues)] == [
        "Somebody says: “We won.”", "“It was hard.”", "“We go home.”", "A dog follows.", "“Yes,” it says.",
    ]  # fmt: skip


def test_every_worked_sight_is_whole() -> None:
    assert len({sight.ask for sight in sights()}) == len(sights())
    assert all(sight.title for sight in sights() if sight.tell)


def test_a_long_shot_is_parted_where_somebody_begins_to_speak(
    opened: Callable[..., Library], place: Callable[..., Path]
) -> None:
    library = opened(channels=("speech",))
    assert not library.add(place("subtitled.mp4")).failed
    video = library.videos()[0]
    long = replace(video, duration_s=50.0)
    found = parts(library, long, long.span)
    assert found[0].start_s == 0
    assert found[-1].end_s == 50
    assert all(a.end_s == b.start_s for a, b in pairwise(found))
    assert max(span.duration_s for span in found) <= 20
