"""What the tools that cut have in common: which stretches of which videos are meant, and how they are merged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from playhead.errors import InputError, QueryError
from playhead.media.cutting import Piece
from playhead.tools.arguments import Label, Stretch, Window, Words
from playhead.types import Part, Progress, Span, Video

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from playhead.tools.contract import Context

MOST_MOMENTS = 2000
LONGEST_HANDLE_S, LONGEST_FADE_S = 600.0, 30.0
_TOUCH_S = 0.001


class CutArgs(Stretch):
    """Which footage: moments that were found, what a search finds, or a stretch of a video."""

    video: Label = Field(
        "", max_length=4096, description="Id, name or path of a video; with query: search only this."
    )
    moments: tuple[Window, ...] = Field((), max_length=MOST_MOMENTS, description="Each of these moments.")
    query: Words = Field("", max_length=2000, description="The moments that a search for these words finds.")
    limit: int | None = Field(None, ge=1, le=1000, description="How many moments at most; of a query 5 if empty.")
    handles_s: float = Field(
        0.0, ge=0, le=LONGEST_HANDLE_S, description="So many seconds more before and after each, as far as there are."
    )
    shortest_s: float = Field(
        0.0,
        ge=0,
        le=LONGEST_HANDLE_S,
        description="A moment that is shorter gets what is around it, up to this length.",
    )
    fade_s: float = Field(
        0.0,
        ge=0,
        le=LONGEST_FADE_S,
        description="Picture and sound come up from black and go back in so many seconds.",
    )
    fade: Literal["both", "in", "out"] = Field("both", description="Where they do: only in, only out, or both.")
    sound: Literal["keep", "drop"] = Field("keep", description="Keep the sound or drop it.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.moments and (self.query or self.video or not self.whole):
            raise ValueError("give moments, or a video or a query, not both")
        return self

    @property
    def fades(self) -> tuple[float, float]:
        """How long each of them fades in and out, in seconds."""
        return self.fade_s * (self.fade != "out"), self.fade_s * (self.fade != "in")

    def parts(self, context: Context) -> list[Part]:
        """The stretches that are meant, handles included. Raises `InputError` for what is not there."""
        if not self.moments and not self.query:
            video = context.video(self.video)
            return [self._widened(video, self.span(video))]
        chosen = self.moments if self.moments else self._found(context)
        videos: dict[str, Video] = {}
        parts = []
        for window in chosen[: self.limit]:
            if window.video not in videos:
                videos[window.video] = context.video(window.video)
            video = videos[window.video]
            parts.append(self._widened(video, _ordered(window, video)))
        return parts

    def _widened(self, video: Video, span: Span) -> Part:
        """The stretch with what is wanted around it."""
        more_s = max(self.handles_s, (self.shortest_s - span.duration_s) / 2)
        return _lengthened(_part(video, span, more_s), self.shortest_s)

    def _found(self, context: Context) -> Sequence[Window]:
        video, span = self.within(self.video, context)
        between = (span.start_s, span.end_s) if span else None
        found = context.library.search(self.query, video=video, between=between, limit=self.limit)
        if not found.moments:
            nearest = "".join(f"; the nearest is {moment}" for moment in found.nearest[:1])
            raise QueryError(
                "Nothing was cut", f"nothing shows or says “{self.query}”{nearest}", "Give times instead"
            )
        return [Window.model_validate(moment) for moment in found.moments]


def _ordered(window: Window, video: Video) -> Span:
    if window.end_s < window.start_s:
        why = f"it would end at {window.end_s:g} s, before it begins at {window.start_s:g} s"
        raise InputError(f"A moment of {video.name} cannot be cut", why, "Exchange its times")
    return Span(window.start_s, window.end_s)


def _part(video: Video, span: Span, more_s: float) -> Part:
    """The stretch with so much more before and after, as far as the video goes."""
    whole = video.span
    start_s, end_s = max(span.start_s - more_s, whole.start_s), min(span.end_s + more_s, whole.end_s)
    if start_s >= end_s:
        asked = f"{span.start_s:g} to {span.end_s:g} s"
        if whole.start_s <= span.start_s <= span.end_s <= whole.end_s:
            raise InputError(
                f"{video.name} cannot be cut at {asked}", "that has no length", "Give handles_s, or an end"
            )
        raise InputError(f"{video.name} has nothing at {asked}", f"it plays {whole}", "Give times inside it")
    return Part(video, Span(start_s, end_s))


def _lengthened(part: Part, shortest_s: float) -> Part:
    """A part that an edge of the video cut short, with what is missing taken on its other side."""
    whole, span = part.video.span, part.span
    start_s = max(whole.start_s, min(span.start_s, span.end_s - shortest_s))
    end_s = min(whole.end_s, max(span.end_s, span.start_s + shortest_s))
    if span.start_s > whole.start_s:
        return Part(part.video, Span(start_s, span.end_s))
    return Part(part.video, Span(span.start_s, end_s))


def merged(parts: Iterable[Part]) -> list[Part]:
    """Stretches of one video that overlap or touch made one, at the place of the first of them."""
    given = list(parts)
    joined: dict[str, list[Span]] = {}
    for part in sorted(given, key=lambda part: part.span):
        spans = joined.setdefault(part.video.id, [])
        if spans and part.span.start_s <= spans[-1].end_s + _TOUCH_S:
            spans[-1] = spans[-1].union(part.span)
        else:
            spans.append(part.span)
    placed: dict[tuple[str, Span], Part] = {}
    for part in given:
        span = next(span for span in joined[part.video.id] if span.start_s <= part.span.start_s <= span.end_s)
        placed.setdefault((part.video.id, span), Part(part.video, span))
    return list(placed.values())


def piece(part: Part, args: CutArgs) -> Piece:
    """What is to be cut. Raises `InputError` for fades that are longer than it."""
    span = part.span
    if sum(args.fades) > span.duration_s:
        what = f"{part.video.name} at {span} cannot fade for {args.fade_s:g} s{' twice' * (args.fade == 'both')}"
        raise InputError(what, f"it lasts {span.duration_s:g} s", "Give a shorter fade_s, or longer moments")
    return Piece(str(part.video.path), span, *args.fades)


def teller(context: Context, stage: str, name: str, total_s: float) -> Callable[[float], None]:
    """Tells the context how many seconds are done."""
    return lambda done_s: context.progress(Progress(stage, name, min(done_s, total_s), total_s))
