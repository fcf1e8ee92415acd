"""The tool `contact_sheet`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import Field, model_validator

from playhead.errors import InputError
from playhead.media.decode import Sample, Wants, decode
from playhead.media.images import contact_sheet
from playhead.tools.arguments import Label, Picture, Stretch, Window
from playhead.tools.contract import Arguments, Context, Effect, Tool
from playhead.tools.extract_frames import spread
from playhead.tools.naming import fingerprint
from playhead.types import Image, Origin, Part, Progress, Source, Span, Video, format_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MOST = 200
_USUAL = 12


class ContactSheetArgs(Stretch):
    """Of what: a video or part of it, moments, or frames that were taken."""

    video: Label = Field("", max_length=4096, description="Id, name or path of a video.")
    every_s: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="One picture every so many seconds; empty: evenly spread."
    )
    moments: tuple[Window, ...] = Field((), max_length=2000, description="One from the middle of each moment.")
    frames: tuple[Picture, ...] = Field((), max_length=2000, description="These, that extract_frames gave.")
    limit: int | None = Field(None, ge=1, le=_MOST, description="How many pictures at most; 12 of a video if empty.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.video) + bool(self.moments) + bool(self.frames) != 1:
            raise ValueError("name a video, give moments, or give frames: one of them")
        if not self.video and not (self.whole and self.every_s is None):
            raise ValueError("start_s, end_s and every_s are for a video")
        return self


class ContactSheet(Tool[ContactSheetArgs, Image]):
    """Puts thumbnails with their times side by side on one picture: a contact sheet, storyboard, index print or
    overview of a video at a glance, or of moments or frames that were found."""

    name: ClassVar[str] = "contact_sheet"
    Args: ClassVar[type[Arguments]] = ContactSheetArgs
    result: ClassVar[type] = Image
    effects: ClassVar[frozenset[Effect]] = frozenset({Effect.READS, Effect.WRITES})

    def run(self, args: ContactSheetArgs, context: Context) -> Image:
        """A PNG in the context's folder, its parts being the frames on it."""
        tiles = _of_frames(args, context) if args.frames else _of_videos(_wanted(args, context), context)
        videos = list(dict.fromkeys(video.name for video, _, _ in tiles))
        shown: list[tuple[Any, str]] = [
            (picture, format_time(time_s) if len(videos) == 1 else f"{format_time(time_s)}  {video.name}")
            for video, time_s, picture in tiles
        ]
        parts = tuple(Part(video, Span(time_s, time_s)) for video, time_s, _ in tiles)
        title = videos[0] if len(videos) == 1 else f"{len(videos)} videos"
        path = context.folder / f"sheet-{fingerprint([(p.video.id, p.span.start_s) for p in parts], title)}.png"
        columns = math.ceil(math.sqrt(len(tiles)))
        width, height = contact_sheet(shown, path, columns=columns, title=title)
        return Image(path, width, height, Origin(Source.RETRIEVED, parts))

    def estimate_s(self, args: ContactSheetArgs, footage_s: float) -> float:
        """A seek for each picture."""
        count = len(args.frames) or len(args.moments) or (footage_s / args.every_s if args.every_s else _USUAL)
        return 0.5 + 0.1 * min(count, args.limit or _MOST)


def _of_frames(args: ContactSheetArgs, context: Context) -> list[tuple[Video, float, Any]]:
    chosen = args.frames[: args.limit or _MOST]
    return [(context.video(frame.video), frame.time_s, context.picture(frame.path)) for frame in chosen]


def _wanted(args: ContactSheetArgs, context: Context) -> list[tuple[Video, float]]:
    """The times at which there is to be a picture, in the order of the sheet."""
    if args.moments:
        return [_middle(window, context) for window in args.moments[: args.limit or _MOST]]
    video = context.video(args.video)
    span = args.span(video)
    count = args.limit or (None if args.every_s else _USUAL)
    times = spread(span, args.every_s, count)
    if len(times) > _MOST:
        raise InputError(f"{len(times):,} pictures are too many", f"{_MOST} fit on one sheet", "Raise every_s")
    return [(video, time_s) for time_s in times]


def _middle(window: Window, context: Context) -> tuple[Video, float]:
    video = context.video(window.video)
    whole, middle_s = video.span, (window.start_s + window.end_s) / 2
    if not whole.start_s <= middle_s <= whole.end_s:
        raise InputError(f"{video.name} has nothing at {middle_s:g} s", f"it plays {whole}", "Give times inside it")
    return video, middle_s


def _of_videos(wanted: Sequence[tuple[Video, float]], context: Context) -> list[tuple[Video, float, Any]]:
    """Small pictures of the frames that are shown at the wanted times; each video is opened once."""
    times: dict[str, tuple[Video, set[float]]] = {}
    for video, time_s in wanted:
        times.setdefault(video.id, (video, set()))[1].add(time_s)
    found: dict[tuple[str, float], tuple[Video, float, Any]] = {}
    done = 0
    for video, at_s in times.values():
        for time_s, sample in zip(sorted(at_s), _samples(video, sorted(at_s), context), strict=True):
            found[video.id, time_s] = (video, sample.time_s, sample.image)
            done += 1
            context.progress(Progress("looking", video.name, done, len(wanted)))
    return [found[video.id, time_s] for video, time_s in wanted]


def _samples(video: Video, times: list[float], context: Context) -> Iterator[Sample]:
    wants = Wants(keys=False, sound=False, subtitles=False, at_s=tuple(times))
    with context.open(str(video.path)) as file:
        for event in decode(file, wants, context.library.settings.limits):
            if isinstance(event, Sample):
                yield event
