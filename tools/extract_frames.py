"""The tool `extract_frames`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import Field, FiniteFloat, model_validator

from playhead.errors import InputError
from playhead.media.decode import Sample, Wants, decode
from playhead.media.images import write_picture
from playhead.tools.arguments import Label, Stretch, Window
from playhead.tools.contract import Arguments, Context, Effect, Tool
from playhead.types import Frame, Frames, Progress, Span, Video

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST = 500
_LARGEST_SIDE = 3840


class ExtractFramesArgs(Stretch):
    """Of which video, and when: at times, every so many seconds, or in the middle of moments."""

    video: Label = Field("", max_length=4096, description="Id, name or path of a video; not needed with moments.")
    at_s: tuple[FiniteFloat, ...] = Field(
        (), max_length=_MOST, description="At these seconds; negative: from the end."
    )
    every_s: float | None = Field(None, gt=0, allow_inf_nan=False, description="One every so many seconds.")
    moments: tuple[Window, ...] = Field(
        (), max_length=10 * _MOST, description="One from the middle of each of these moments."
    )
    limit: int | None = Field(
        None, ge=1, le=_MOST, description="How many at most; of every_s spread evenly, else the first."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if not self.video and not self.moments:
            raise ValueError("name a video, or give moments")
        if bool(self.at_s) + (self.every_s is not None) + bool(self.moments) > 1:
            raise ValueError("give only one of at_s, every_s and moments")
        return self

    def span(self, video: Video) -> Span:
        """The part of the video that is meant. Raises `InputError` where it, or a time, lies outside."""
        for time_s in self.at_s:
            Stretch(start_s=time_s, end_s=None).span(video)
        return super().span(video)


class ExtractFrames(Tool[ExtractFramesArgs, Frames]):
    """Takes still pictures out of a video and saves them: a frame, screenshot or snapshot at a time, one every so
    many seconds, or one of each moment that was found."""

    name: ClassVar[str] = "extract_frames"
    Args: ClassVar[type[Arguments]] = ExtractFramesArgs
    result: ClassVar[type] = Frames
    effects: ClassVar[frozenset[Effect]] = frozenset({Effect.READS, Effect.WRITES})

    def run(self, args: ExtractFramesArgs, context: Context) -> Frames:
        """JPEGs in the context's folder, in the order in which they were asked for."""
        wanted: dict[str, tuple[Video, list[float]]] = {}
        order: list[tuple[str, float]] = []
        for video, time_s in _times(args, context):
            wanted.setdefault(video.id, (video, []))[1].append(time_s)
            order.append((video.id, time_s))
        frames: dict[tuple[str, float], Frame] = {}
        for video, times in wanted.values():
            frames |= {(video.id, time_s): frame for time_s, frame in _extract(video, sorted(set(times)), context)}
        taken = dict.fromkeys(frames[key] for key in order)
        return Frames(tuple(taken))

    def estimate_s(self, args: ExtractFramesArgs, footage_s: float) -> float:
        """A seek for each time."""
        count = len(args.at_s) or len(args.moments) or (footage_s / args.every_s if args.every_s else 10)
        return 0.3 + 0.2 * min(count, args.limit or _MOST)


def _times(args: ExtractFramesArgs, context: Context) -> Iterable[tuple[Video, float]]:
    if args.moments:
        for window in args.moments[: args.limit]:
            video = context.video(window.video)
            span = (
                Stretch(start_s=window.start_s, end_s=window.end_s).span(video)
                if window.end_s > window.start_s
                else None
            )
            yield video, (span.start_s + span.end_s) / 2 if span else window.start_s
        return
    video = context.video(args.video)
    if args.at_s:
        for time_s in args.at_s[: args.limit]:
            span = Stretch(start_s=time_s, end_s=None).span(video)
            yield video, span.start_s
        return
    span = args.span(video)
    yield from ((video, time_s) for time_s in spread(span, args.every_s, args.limit))


def spread(span: Span, every_s: float | None, limit: int | None) -> list[float]:
    """Times on a grid from the start of a span; without `every_s`, the middles of `limit` (else 10) equal parts."""
    if every_s is None:
        count = limit or 10
        return [span.start_s + span.duration_s * (n + 0.5) / count for n in range(count)]
    count = max(1, int(span.duration_s / every_s - 1e-9) + 1)
    if limit is None and count > _MOST:
        raise InputError(f"{count:,} frames are too many", f"at most {_MOST} are taken at once", "Raise every_s")
    times = [span.start_s + n * every_s for n in range(count)]
    kept = min(count, limit or count)
    return [times[n * count // kept] for n in range(kept)]


def _extract(video: Video, times: list[float], context: Context) -> Iterable[tuple[float, Frame]]:
    limits = context.library.settings.limits
    wants = Wants(sound=False, subtitles=False, key_side=_LARGEST_SIDE, at_s=tuple(times))
    with context.open(str(video.path)) as file:
        samples = (event for event in decode(file, wants, limits) if isinstance(event, Sample))
        for number, (time_s, sample) in enumerate(zip(times, samples, strict=True)):
            assert sample.key is not None
            path = context.folder / f"{video.id[:12]}-{round(sample.time_s * 1000):09d}.jpg"
            write_picture(sample.key, path)
            yield time_s, Frame(video, sample.time_s, path)
            context.progress(Progress("extracting frames", video.name, number + 1, len(times)))
