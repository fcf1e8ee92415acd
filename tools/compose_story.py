"""The tool `compose_story`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field, model_validator

from playhead.errors import StorageError, reason_of
from playhead.index.narrate import Narrator, Telling, alike, attributed, chosen, joined, titled
from playhead.index.sights import Looker
from playhead.index.stretches import parts
from playhead.index.wording import word
from playhead.media.saving import remedy
from playhead.models.roles import Role
from playhead.tools.arguments import Label, Stretch, Window, Words
from playhead.tools.contract import Arguments, Context, Effect, Tool
from playhead.tools.story_book import Book, Options
from playhead.tools.story_film import NEARLY, told_s
from playhead.types import Progress, Span, Story

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from playhead.index.sights import Seen
    from playhead.types import Video

MOST_MINUTES = 30
"""Of the film of a story."""
_PAGES, _MOST_PAGES = 12, 200
_PAGE_S = 7.0
_LONGEST_TITLE = 120
_AROUND_S = 1.0  # of a moment that is an instant
_Place = tuple["Video", Span]


class ComposeStoryArgs(Arguments):
    """What to tell of, and how. Without moments, theme and video it tells of the whole library."""

    moments: tuple[Window, ...] = Field((), max_length=500, description="Tell of these, in order of time.")
    theme: Words = Field("", max_length=500, description="Or of what shows or says this, anywhere in the library.")
    video: Label = Field("", max_length=4096, description="Or of this video: its id, name or path.")
    title: Words = Field("", max_length=_LONGEST_TITLE, description="Its title; empty: the theme, or what it shows.")
    style: Literal["plain", "diary", "documentary"] = Field("plain", description="How it is told.")
    length: int | None = Field(None, ge=1, le=_MOST_PAGES, description="How many pages at most; empty: as fits.")
    minutes: float | None = Field(
        None,
        gt=0,
        le=MOST_MINUTES,
        allow_inf_nan=False,
        description="About how long the film is to be; empty: as it comes.",
    )
    film: bool = Field(False, description="A film, too, besides the pages to read.")
    clips: bool = Field(False, description="Moving pictures in the film instead of stills.")
    voice: bool = Field(True, description="A voice that tells it in the film.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(map(bool, (self.moments, self.theme.strip(), self.video))) > 1:
            raise ValueError("give only one of moments, theme and video")
        return self

    @property
    def pages(self) -> int:
        """How many pages are told at most."""
        if self.length is not None:
            return self.length
        return max(1, min(_MOST_PAGES, round(self.minutes * 60 / _PAGE_S))) if self.minutes else _PAGES


class ComposeStory(Tool[ComposeStoryArgs, Story]):
    """Tells a story in words and pictures about moments, a theme, one video or the whole library: an illustrated page
    to read, and on request a narrated film with a voice, subtitles and gently moving pictures."""

    name: ClassVar[str] = "compose_story"
    version: ClassVar[int] = 3
    Args: ClassVar[type[Arguments]] = ComposeStoryArgs
    result: ClassVar[type] = Story
    effects: ClassVar[frozenset[Effect]] = frozenset({Effect.READS, Effect.WRITES, Effect.COSTLY})
    roles: ClassVar[frozenset[Role]] = frozenset({Role.PICTURE, Role.SENTENCES, Role.VOICE})
    indexed: ClassVar[bool] = True
    worded: ClassVar[bool] = True

    def run(self, args: ComposeStoryArgs, context: Context) -> Story:
        """Markdown, HTML and the film in the context's folder; none is there before all of them are."""
        places, notes = _places(args, context)
        pages = _fitting(alike(joined(_looked_at(places, context))), args)
        title = " ".join((args.title or args.theme).split()) or titled(pages)
        title = title[:1].upper() + title[1:]
        if not pages:
            why = notes or ("Nothing that can be told is shown or said there.",)
            return Story(title, (), notes=why)
        tellings, more = _told(pages, args, title, context)
        options = Options(args.film, args.clips, args.voice, args.minutes)
        try:
            context.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".story-", dir=context.folder) as work:
                return Book(title, tellings, options, Path(work), context).bound((*notes, *more))
        except OSError as error:
            raise StorageError("The story was not made", reason_of(error), remedy(error.errno)) from error

    def estimate_s(self, args: ComposeStoryArgs, footage_s: float) -> float:
        """A look at each scene; the film takes half as long as it plays."""
        film_s = (args.minutes * 60 if args.minutes else args.pages * _PAGE_S) / 2 if args.film else 0.0
        return 5.0 + footage_s / 5 * 0.3 + film_s


def _places(args: ComposeStoryArgs, context: Context) -> tuple[list[_Place], tuple[str, ...]]:
    """The stretches that may be told, in order, and what to know of them."""
    library = context.library
    if "moments" in args.model_fields_set and not (args.theme or args.video):
        return _of_moments(args.moments, context), ()
    if args.theme.strip():
        found = library.search(args.theme, limit=max(args.pages, 2 * _PAGES))
        nearest = tuple(f"The nearest is {moment}." for moment in found.nearest[:1])
        absent = (f"Nothing in this library shows or says “{args.theme.strip()}”.", *nearest)
        return _in_order((m.video, m.span) for m in found.moments), absent if found.no_match else ()
    videos = [library.video(args.video)] if args.video else sorted(library.videos(), key=lambda v: str(v.path))
    return [(video, part) for video in videos for part in parts(library, video, video.span)], ()


def _of_moments(windows: Sequence[Window], context: Context) -> list[_Place]:
    places = []
    for window in windows:
        video = context.video(window.video)
        if window.end_s > window.start_s:
            places.append((video, Stretch(start_s=window.start_s, end_s=window.end_s).span(video)))
        else:
            whole, at_s = video.span, window.start_s
            start_s = min(max(whole.start_s, at_s - _AROUND_S), whole.end_s)
            places.append((video, Span(start_s, max(start_s, min(at_s + _AROUND_S, whole.end_s)))))
    return _in_order(places)


def _in_order(places: Sequence[_Place] | Iterator[_Place]) -> list[_Place]:
    """Recordings in order of mention, each in order of time; what overlaps is told once."""
    by_video: dict[str, list[_Place]] = {}
    for video, span in places:
        by_video.setdefault(video.id, []).append((video, span))
    ordered: list[_Place] = []
    for found in by_video.values():
        kept: list[_Place] = []
        for video, span in sorted(found, key=lambda place: place[1]):
            if kept and span.overlap_s(kept[-1][1]) > 0:
                kept[-1] = (video, kept[-1][1].union(span))
            else:
                kept.append((video, span))
        ordered += kept
    return ordered


def _looked_at(places: Sequence[_Place], context: Context) -> Iterator[Seen]:
    looker = Looker(context.library) if places else None
    for number, (video, span) in enumerate(places):
        assert looker is not None
        context.progress(Progress("looking", video.name, number, len(places)))
        near = places[max(0, number - 1) : number + 2]
        yield looker.look(video, span, [other for of, other in near if of.id == video.id and other != span])


def _fitting(pages: Sequence[tuple[Seen, ...]], args: ComposeStoryArgs) -> list[tuple[Seen, ...]]:
    """The pages with most to tell; no more than can be told in a film that is to be so long."""
    fitting = chosen(pages, args.pages)
    if args.film and args.minutes:
        most_s = args.minutes * 60 * NEARLY
        while len(fitting) > 1 and told_s([page.text for page in Narrator(args.style).tell(fitting)]) > most_s:
            fitting = chosen(pages, len(fitting) - 1)
    return fitting


def _told(
    pages: Sequence[tuple[Seen, ...]], args: ComposeStoryArgs, title: str, context: Context
) -> tuple[list[Telling], tuple[str, ...]]:
    """By a language model where there is one, each sentence on the page of its first evidence; else as worked."""
    worked = Narrator(args.style).tell(pages)
    if context.chat is None:
        return worked, ()
    context.progress(Progress("writing", title, 0, len(pages)))
    evidence = [citation for telling in worked for citation in telling.evidence]
    task = (
        f"Tell these scenes, in this order, as one continuous {args.style} story with a beginning and an end, called "
        f"“{title}”. One or two sentences for each scene; do not say the same twice."
    )
    answer = word(task, evidence, context.chat, context.library.models.sentences)
    page_of = {
        citation.id: number for number, telling in reversed(list(enumerate(worked))) for citation in telling.evidence
    }
    texts: dict[int, list[str]] = {}
    for claim in answer.claims:
        texts.setdefault(page_of[claim.evidence[0].id], []).append(attributed(claim.text, claim.evidence))
    dropped = (f"Dropped for want of evidence: {answer.dropped}.",) if answer.dropped else ()
    if not texts:
        return worked, (
            *dropped,
            "The language model wrote nothing that the footage bears out; it is told as it was seen.",
        )
    return [Telling(" ".join(texts[n]), worked[n].scenes) for n in sorted(texts)], dropped
