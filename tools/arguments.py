"""Arguments that several tools share: a stretch of a video, a moment, a picture.

Arguments are plain JSON, whoever gives them: a person, a language model, or an earlier step. Where a step gives a
typed value, the models here take what they need of it; `accepts` names the types they understand.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, Field, FiniteFloat, model_validator

from playhead.errors import InputError
from playhead.tools.contract import Arguments
from playhead.tools.doorway import DATA, LABEL
from playhead.types import (
    Answer,
    Audio,
    Citation,
    Clip,
    Frame,
    Image,
    Moment,
    Part,
    Shot,
    Span,
    Story,
    Transcript,
    format_time,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from playhead.tools.contract import Context
    from playhead.types import Video

Label = Annotated[str, LABEL]
"""Names something, such as a video: it is no words, and is not judged."""

Words = Annotated[str, DATA]
"""Words to look for, to quote or to sum up: the only arguments that what footage says may reach as text."""

MOST_CHARACTERS = 50_000
"""Of a text that is said at once."""

_SHORT_S = 0.05  # too little to be seen in a time that is told
_START = "From this second of the video on; negative: counted from its end; empty: from its start."
_END = "Up to this second of the video; negative: counted from its end; empty: to its end."


def video_field(what: str = "a video") -> Any:
    """The argument that names one video."""
    return Field(min_length=1, max_length=4096, description=f"Id, name or path of {what}.")


class Stretch(Arguments):
    """Part of a video, by seconds on its own clock."""

    start_s: float | None = Field(None, allow_inf_nan=False, description=_START)
    end_s: float | None = Field(None, allow_inf_nan=False, description=_END)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        start_s, end_s = self.start_s, self.end_s
        same_end = start_s is not None and end_s is not None and (start_s < 0) == (end_s < 0)
        if same_end and start_s >= end_s:  # type: ignore[operator]
            raise ValueError(f"start_s ({start_s:g}) must be before end_s ({end_s:g})")
        return self

    def span(self, video: Video) -> Span:
        """The part of the video that is meant. Raises `InputError` where it lies outside."""
        whole = video.span
        start_s = whole.start_s if self.start_s is None else _counted(self.start_s, whole)
        end_s = whole.end_s if self.end_s is None else _counted(self.end_s, whole)
        start_s, end_s = max(start_s, whole.start_s), min(end_s, whole.end_s)
        if start_s > end_s or (start_s == end_s and whole.duration_s):
            asked = " to ".join(f"{time_s:g} s" for time_s in (self.start_s, self.end_s) if time_s is not None)
            raise InputError(f"{video.name} has nothing at {asked}", f"it plays {whole}", "Give times inside it")
        return Span(start_s, end_s)

    def beyond(self, video: Video) -> list[str]:
        """What to say where more was asked for than the video has: that it begins later, or ends earlier."""
        whole, said = video.span, []
        if self.start_s is not None and _counted(self.start_s, whole) < whole.start_s - _SHORT_S:
            said.append(f"{video.name} begins at {format_time(whole.start_s)}.")
        if self.end_s is not None and _counted(self.end_s, whole) > whole.end_s + _SHORT_S:
            said.append(f"{video.name} ends at {format_time(whole.end_s)}.")
        return said

    def within(self, video: str, context: Context) -> tuple[Video | None, Span | None]:
        """One video of the library or (no name, no times) all of it, and the part of that video that is meant.

        Times without a name are those of the only video. Raises `InputError` where there are several.
        """
        if not video and self.whole:
            return None, None
        found = context.library.video(video) if video else _only(context.library.videos())
        return found, None if self.whole else self.span(found)

    @property
    def whole(self) -> bool:
        """Whether no part was asked for."""
        return self.start_s is None and self.end_s is None


def _only(videos: list[Video]) -> Video:
    if len(videos) != 1:
        raise InputError("Times are those of one video", f"the library holds {len(videos)}", "Name one")
    return videos[0]


def _counted(time_s: float, whole: Span) -> float:
    return whole.end_s + time_s if math.copysign(1, time_s) < 0 else time_s


class Window(Arguments):
    """A stretch of one video: a moment that was found, or what somebody observed."""

    accepts: ClassVar[tuple[type, ...]] = (Moment, Shot, Citation, Part)

    video: Label = Field(description="Id, name or path of the video.")
    start_s: FiniteFloat
    end_s: FiniteFloat

    @model_validator(mode="before")
    @classmethod
    def _taken(cls, value: object) -> object:
        if isinstance(value, cls.accepts):
            return {"video": str(value.video.path), "start_s": value.span.start_s, "end_s": value.span.end_s}  # type: ignore[attr-defined]
        return value


class Piece(Window):
    """A stretch of one video as it was used in something that was made."""

    accepts: ClassVar[tuple[type, ...]] = (Part,)

    at_s: float = Field(0.0, ge=0, allow_inf_nan=False, description="When it begins in what was made.")

    @model_validator(mode="before")
    @classmethod
    def _taken(cls, value: object) -> object:
        if isinstance(value, Part):
            span = value.span
            return {"video": str(value.video.path), "start_s": span.start_s, "end_s": span.end_s, "at_s": value.at_s}
        return value


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError("the path must be absolute")
    return path


File = Annotated[Path, AfterValidator(_absolute)]
"""A file that an earlier step made, or one under the `roots` of the settings."""


class Picture(Arguments):
    """A frame of a video that was saved as a picture."""

    accepts: ClassVar[tuple[type, ...]] = (Frame,)

    video: Label = Field(description="Id, name or path of the video it was taken from.")
    time_s: FiniteFloat = Field(description="When it is shown.")
    path: File = Field(description="The picture's file.")

    @model_validator(mode="before")
    @classmethod
    def _taken(cls, value: object) -> object:
        if isinstance(value, cls.accepts):
            return {"video": str(value.video.path), "time_s": value.time_s, "path": value.path}  # type: ignore[attr-defined]
        return value


class _OfFootage(Arguments):
    """What an earlier step gave, with the footage that is in it."""

    accepts: ClassVar[tuple[type, ...]]

    parts: tuple[Piece, ...] = Field((), description="The footage in it, in order.")

    def footage(self, context: Context) -> tuple[Part, ...]:
        """The footage that is in it."""
        return tuple(Part(context.video(p.video), Span(p.start_s, p.end_s), p.at_s) for p in self.parts)


class _Made(_OfFootage):
    """A file that an earlier step made, with the footage that is in it; or one of your own."""

    path: File = Field(description="The file.")

    @model_validator(mode="before")
    @classmethod
    def _taken(cls, value: object) -> object:
        if isinstance(value, cls.accepts):
            return {"path": value.path, "parts": value.origin.parts}  # type: ignore[attr-defined]
        return {"path": value} if isinstance(value, str | Path) else value


class Still(_Made):
    """A picture: a frame that was taken, one that was made, or a file."""

    accepts: ClassVar[tuple[type, ...]] = (Frame, Image)


class Film(_Made):
    """A film that was made, or a file."""

    accepts: ClassVar[tuple[type, ...]] = (Clip,)


class Example(_Made):
    """A picture, a sound or a film that was made, or a file."""

    accepts: ClassVar[tuple[type, ...]] = (Frame, Image, Audio, Clip)


class Told(_OfFootage):
    """What an earlier step tells in sentences: an answer, a transcript, a story; and the footage that it rests on."""

    accepts: ClassVar[tuple[type, ...]] = (Answer, Transcript, Story)

    text: Words = Field(max_length=MOST_CHARACTERS, description="Its sentences.")

    @model_validator(mode="before")
    @classmethod
    def _taken(cls, value: object) -> object:
        if isinstance(value, Transcript):
            parts = (Part(value.video, u.span) for u in value.utterances) if value.video else ()
            return {"text": value.text, "parts": tuple(parts)}
        if isinstance(value, Answer):
            return {"text": _sentences(value), "parts": _footage(c for claim in value.claims for c in claim.evidence)}
        if isinstance(value, Story):
            text = "\n\n".join([f"{value.title}.", *(page.text for page in value.pages)])
            return {"text": text, "parts": _footage(c for page in value.pages for c in page.evidence)}
        return value


def _sentences(answer: Answer) -> str:
    """What it claims, with the titles of chapters; what claims nothing has its notes to tell."""
    claims = [f"{claim.title}. {claim.text}" if claim.title else claim.text for claim in answer.claims]
    return "\n".join(claims or answer.notes)


def _footage(evidence: Iterable[Citation]) -> tuple[Part, ...]:
    """The stretches that citations are about, each once."""
    return tuple(Part(*stretch) for stretch in dict.fromkeys((c.video, c.span) for c in evidence))
