"""The tool `export_timeline`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field, model_validator

from playhead.errors import InputError
from playhead.media.chapters import as_ffmetadata, as_youtube
from playhead.media.decode import probe
from playhead.media.editorial import MOST_EVENTS, as_edl, as_fcpxml, as_otio
from playhead.media.timelines import (
    USUAL_RATE,
    Medium,
    Placed,
    Timeline,
    exact_rate,
    lay,
    one_line,
    reels,
    timecode_rate,
)
from playhead.tools.arguments import Film, Window, Words
from playhead.tools.contract import Arguments, Context, Effect, Tool
from playhead.tools.editorial import Footage, in_a_row, opened, parts_of, write
from playhead.tools.naming import fingerprint
from playhead.types import Claim, Documents, Origin, Part, Progress, Source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from playhead.types import Document, Video

Format = Literal["otio", "edl", "fcpxml", "youtube", "ffmetadata"]
_MOST = 20_000
_STAGE = "writing a timeline"
_ENDINGS = {"youtube": "youtube.txt", "ffmetadata": "ffmetadata.txt"}


class Chapter(Window):
    """A chapter of a video: a stretch under a title, as `summarize` gives them."""

    accepts: ClassVar[tuple[type, ...]] = (Claim,)

    title: Words = Field("", max_length=2000, description="What it is about.")

    @model_validator(mode="before")
    @classmethod
    def _taken(cls, value: object) -> object:
        if not isinstance(value, Claim):
            return value
        if not value.evidence:
            raise ValueError("a chapter needs evidence, which says when it is")
        video, span = value.evidence[0].video, value.evidence[0].span
        for citation in value.evidence[1:]:
            span = span.union(citation.span) if citation.video.id == video.id else span
        title = value.title or value.text
        return {"video": str(video.path), "start_s": span.start_s, "end_s": span.end_s, "title": title[:2000]}


class ExportTimelineArgs(Arguments):
    """A timeline of what, and in which forms."""

    moments: tuple[Window, ...] = Field(
        (), max_length=_MOST, description="Moments or shots, shown one after another."
    )
    film: Film | None = Field(None, description="A film that was put together: its cuts, where they are in it.")
    chapters: tuple[Chapter, ...] = Field((), max_length=_MOST, description="Chapters of one video, with titles.")
    formats: tuple[Format, ...] = Field(
        ("otio", "edl", "fcpxml"),
        min_length=1,
        description="OpenTimelineIO, CMX3600, Final Cut Pro; chapters for YouTube or ffmpeg.",
    )
    title: Words = Field("Playhead", min_length=1, max_length=200, description="The timeline's name.")

    @model_validator(mode="after")
    def _one_subject(self) -> Self:
        if bool(self.moments) + (self.film is not None) + bool(self.chapters) != 1:
            raise ValueError("give one of moments, film and chapters")
        return self


class ExportTimeline(Tool[ExportTimelineArgs, Documents]):
    """Writes an edit as a timeline for editing programs (OpenTimelineIO, EDL, FCPXML) or as chapters for YouTube and
    ffmpeg: of moments, of shots, of a film that was put together, or of the chapters of a video."""

    name: ClassVar[str] = "export_timeline"
    Args: ClassVar[type[Arguments]] = ExportTimelineArgs
    result: ClassVar[type] = Documents
    effects: ClassVar[frozenset[Effect]] = frozenset({Effect.READS, Effect.WRITES})

    def run(self, args: ExportTimelineArgs, context: Context) -> Documents:
        """The files in the order of their formats; `notes` say what a form cannot hold."""
        parts = _parts(args, Footage(context))
        media = _media(parts, context)
        rate = _rate(args, media, parts, context)
        titles = [chapter.title for chapter in args.chapters] or [""] * len(parts)
        placed = [
            Placed(media[part.video.id], part.span, None if args.moments else part.at_s, one_line(title))
            for part, title in zip(parts, titles, strict=True)
        ]
        title = one_line(args.title) or "Playhead"
        origin = Origin(Source.COMPOSED, parts)
        documents, notes = [], []
        for kind in dict.fromkeys(args.formats):
            timeline = lay(title, timecode_rate(rate) if kind in ("edl", "fcpxml") else rate, placed)
            context.progress(Progress(_STAGE, kind, timeline.end, timeline.end))
            texts, said = _written(kind, timeline)
            documents += _files(kind, texts, origin, context)
            notes += [*_of_rates(kind, timeline), *_of_overlaps(timeline), *said]
        return Documents(tuple(documents), tuple(dict.fromkeys(notes)))

    def estimate_s(self, args: ExportTimelineArgs, footage_s: float) -> float:  # noqa: ARG002
        """A look at each file, and some writing."""
        return 1.0 + len(args.moments) / 5000


def _parts(args: ExportTimelineArgs, footage: Footage) -> tuple[Part, ...]:
    if args.film is not None:
        return parts_of(args.film, footage)
    if args.moments:
        return in_a_row(args.moments, footage)
    videos = {footage.video(chapter.video).id: footage.video(chapter.video) for chapter in args.chapters}
    if len(videos) > 1:
        names = ", ".join(video.name for video in videos.values())
        raise InputError("Chapters are those of one video", f"these are of {names}", "Give those of one")
    parts = (footage.part(chapter, 0.0) for chapter in args.chapters)
    return tuple(Part(part.video, part.span, part.span.start_s - part.video.start_s) for part in parts)


def _media(parts: Sequence[Part], context: Context) -> dict[str, Medium]:
    """Each video with its rate and a reel of its own."""
    videos: dict[str, Video] = {part.video.id: part.video for part in parts}
    found = {}
    for number, (video, reel) in enumerate(
        zip(videos.values(), reels([v.name for v in videos.values()]), strict=True)
    ):
        context.progress(Progress(_STAGE, video.name, number, len(videos)))
        with context.open(str(video.path)) as file:
            said = probe(file, context.library.settings.limits)
        rate_hz = said.video.average_rate if said.video else None
        rate = exact_rate(rate_hz) if rate_hz else USUAL_RATE
        varies = bool(said.video and said.video.variable_rate)
        found[video.id] = Medium(video, timecode_rate(rate) if varies else rate, reel, varies)
    return found


def _rate(args: ExportTimelineArgs, media: dict[str, Medium], parts: Sequence[Part], context: Context) -> Fraction:
    """The film's own rate; else that of the first footage with a picture."""
    if args.film is not None:
        with opened(args.film.path, context) as file:
            said = probe(file, context.library.settings.limits)
        if said.video and said.video.average_rate:
            return exact_rate(said.video.average_rate)
    seen = [media[part.video.id].rate for part in parts if part.video.width]
    return seen[0] if seen else USUAL_RATE


def _written(kind: Format, timeline: Timeline) -> tuple[list[str], tuple[str, ...]]:
    """The files of one form, and what it cannot hold."""
    match kind:
        case "otio":
            return [as_otio(timeline)], ()
        case "fcpxml":
            return [as_fcpxml(timeline)], ()
        case "ffmetadata":
            return [as_ffmetadata(timeline)], ()
        case "youtube":
            text, notes = as_youtube(timeline)
            return [text], notes
        case "edl":
            lists = as_edl(timeline)
            split = (
                f"A CMX3600 list holds {MOST_EVENTS} events: {len(timeline.events)} fill {len(lists)} numbered lists."
            )
            return lists, (split,) if len(lists) > 1 else ()


def _files(kind: Format, texts: Sequence[str], origin: Origin, context: Context) -> list[Document]:
    stem, ending = f"timeline-{fingerprint(*texts)}", _ENDINGS.get(kind, kind)
    numbered = len(texts) > 1
    return [
        write(text, f"{stem}{f'-{number}' if numbered else ''}.{ending}", kind, origin, context)
        for number, text in enumerate(texts, 1)
    ]


def _of_rates(kind: Format, timeline: Timeline) -> list[str]:
    notes = [
        f"The frames of {medium.name} come at no fixed rate: they are counted at {float(medium.rate):.6g} a second."
        for medium in timeline.media
        if medium.varies
    ]
    others = [medium for medium in timeline.media if medium.rate != timeline.rate]
    if others and kind in ("otio", "edl", "fcpxml"):
        told = ", ".join(f"{medium.name} ({float(medium.rate):.6g})" for medium in others[:5])
        more = " …" if len(others) > 5 else ""
        notes.append(f"{kind} counts at {float(timeline.rate):.6g} frames a second; of another rate: {told}{more}.")
    return notes


def _of_overlaps(timeline: Timeline) -> list[str]:
    hidden = timeline.cut_short + timeline.dropped
    return (
        [f"{hidden} stretches lie over the next and end where it begins: a timeline has cuts only."] if hidden else []
    )
