"""How tools look at pictures: at what the library holds, else at the frames themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from playhead.errors import InputError
from playhead.index.tell import citation, seen_in
from playhead.index.watch import detected, read
from playhead.media.decode import Sample, Wants, decode
from playhead.media.images import write_picture
from playhead.tools.arguments import Label, Picture, Stretch
from playhead.types import Channel, Frame, Observations, Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playhead.models.roles import Image
    from playhead.tools.contract import Context
    from playhead.types import Citation, Span, Video


class LookArgs(Stretch):
    """A video, or part of it; or frames that were taken out."""

    video: Label = Field("", max_length=4096, description="Id, name or path of a video; not needed with frames.")
    frames: tuple[Picture, ...] = Field((), max_length=500, description="Only these, that extract_frames gave.")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.video and not self.frames:
            raise ValueError("name a video, or give frames")
        return self


def look(args: LookArgs, channel: Channel, context: Context) -> Observations:
    """What is observed on a channel: in frames, or in a video, as indexed or else in its key frames."""
    if args.frames:
        given = ((Frame(context.video(f.video), f.time_s, f.path), context.picture(f.path)) for f in args.frames)
        return Observations(tuple(_observed(channel, given, len(args.frames), context)))
    video = context.video(args.video)
    span = args.span(video)
    library = context.library
    if library.holds(video) and channel in library.indexed(video):
        segments = library.observed(video, (channel,), span)
        return Observations(tuple(citation(segment, video, library.folder) for segment in segments))
    taken: list[Frame] = []
    seen = tuple(_observed(channel, _frames(video, span, context, taken), round(span.duration_s), context))
    return Observations(seen, tuple(taken))


def _frames(video: Video, span: Span, context: Context, taken: list[Frame]) -> Iterator[tuple[Frame, Image]]:
    """The key frames of a stretch, each saved and noted in `taken`."""
    wants, limits = Wants(sound=False, subtitles=False), context.library.settings.limits
    with context.open(str(video.path)) as file:
        for event in decode(file, wants, limits):
            if not isinstance(event, Sample) or event.key is None or event.time_s < span.start_s:
                continue
            if event.time_s >= span.end_s:
                return
            path = context.folder / f"{video.id[:12]}-{round(event.time_s * 1000):09d}.jpg"
            write_picture(event.key, path)
            taken.append(Frame(video, event.time_s, path))
            yield taken[-1], event.key


def _observed(
    channel: Channel, pictures: Iterator[tuple[Frame, Image]], total: int, context: Context
) -> Iterator[Citation]:
    models = context.library.models
    if channel is Channel.OBJECT:
        see, model = detected(models.objects), models.objects.id
    elif channel is Channel.TEXT:
        see, model = read(models.text), models.text.id
    else:
        raise InputError(f"Nothing looks for {channel} in frames")
    for number, (frame, image) in enumerate(pictures):
        for text, _ in see(image):
            yield seen_in(frame.video, frame.time_s, channel, text, frame.path, model)
        context.progress(Progress(f"looking for {channel}", frame.video.name, number + 1, total))
