"""The tool `generate_video`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import Field, model_validator

from playhead.errors import InputError
from playhead.media.cards import title_card
from playhead.media.filming import write_film
from playhead.media.images import scaled
from playhead.media.origins import line
from playhead.models.roles import Role
from playhead.tools.arguments import Still
from playhead.tools.contract import Arguments, Context, Effect, Tool
from playhead.tools.edit_image import fitted_size
from playhead.tools.generate_image import CARD_SAYS, LARGEST, SMALLEST
from playhead.tools.making import (
    MAKERS,
    MakeArgs,
    digest,
    footage_of,
    generated,
    generator,
    kind_of,
    mark,
    marked,
    short,
    target,
    watch,
)
from playhead.tools.retrieving import SEEN, Choice, choose, stretch, taken
from playhead.types import Clip, Part, Progress, Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playhead.models.roles import Image as Pixels
    from playhead.types import Origin

MOST_FRAMES = 2000  # of what is new: they are in memory together
_SECONDS = 5.0
_CARD = (1024, 576)


class GenerateVideoArgs(MakeArgs):
    """What the film is to show, what picture it begins with, how long, how fast and how large."""

    image: Still | None = Field(None, description="A picture that it begins with; then no footage is looked for.")
    frames: int | None = Field(None, ge=1, le=MOST_FRAMES, description="How many pictures; or give seconds.")
    seconds: float | None = Field(
        None, ge=0.1, le=120, allow_inf_nan=False, description="How long; empty: as the model likes it, of footage 5."
    )
    rate: float = Field(24.0, ge=1, le=120, allow_inf_nan=False, description="Pictures a second of what is new.")
    width: int = Field(0, ge=0, le=LARGEST, description="Pixels across; 0: as the model likes it.")
    height: int = Field(0, ge=0, le=LARGEST, description="Pixels down; 0: as the model likes it.")

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if self.frames is not None and self.seconds is not None:
            raise ValueError("give frames or seconds, not both")
        if bool(self.width) != bool(self.height):
            raise ValueError("give both width and height, or neither")
        return self

    def count(self) -> int:
        """How many pictures are asked for; 0: as the model likes it."""
        return self.frames or (max(1, round(self.seconds * self.rate)) if self.seconds else 0)

    def length_s(self) -> float:
        """How long what is not new may be."""
        return self.seconds or (self.frames / self.rate if self.frames else _SECONDS)


class GenerateVideo(Tool[GenerateVideoArgs, Clip]):
    """Gives a film of what is described in words: a stretch of the footage, with its sound, where it shows that, else
    a new, silent one that a model makes, of words alone or out of a picture; where no model is configured the nearest
    stretch, or a card."""

    name: ClassVar[str] = "generate_video"
    Args: ClassVar[type[Arguments]] = GenerateVideoArgs
    result: ClassVar[type] = Clip
    effects: ClassVar[frozenset[Effect]] = frozenset({Effect.WRITES, Effect.GENERATES, Effect.COSTLY})
    roles: ClassVar[frozenset[Role]] = MAKERS
    reads_footage: ClassVar[bool] = False  # it says what was asked for
    indexed: ClassVar[bool] = True

    def run(self, args: GenerateVideoArgs, context: Context) -> Clip:
        """An MP4 in the context's folder."""
        wanted = args.model_copy(update={"source": "generated"}) if args.image else args
        choice = choose(wanted, Role.FILM_GENERATION, SEEN, context)
        picture = context.picture(args.image.path) if args.image else None
        path = _target(args, choice, picture, context)
        if choice.source is Source.GENERATED:
            return _made(args, picture, path, context)
        return _cut(args, choice, path, context) if choice.moments else _card(args, choice, path, context)

    def estimate_s(self, args: GenerateVideoArgs, footage_s: float) -> float:  # noqa: ARG002
        """Minutes for each second on a small accelerator."""
        return 60 + 120 * args.length_s()


def _models(context: Context) -> str:
    return context.library.models.identity(Role.FILM_GENERATION)


def _target(args: GenerateVideoArgs, choice: Choice, picture: Pixels | None, context: Context) -> Path:
    asked = args.model_dump(mode="json", exclude={"image"})
    footage = args.image.footage(context) if args.image else [Part(m.video, m.span) for m in choice.moments]
    decides = [GenerateVideo.name, asked, choice.source, footage_of(footage), digest(picture), _models(context)]
    return target("film", ".mp4", decides, context)


def _made(args: GenerateVideoArgs, picture: Pixels | None, path: Path, context: Context) -> Clip:
    if args.count() > MOST_FRAMES:
        why = (
            f"{args.seconds:g} s at {args.rate:g} a second are {args.count():,} pictures, of at most {MOST_FRAMES:,}"
        )
        raise InputError("The film would be too long to make at once", why, "Ask for fewer seconds or a lower rate")
    maker = generator(Role.FILM_GENERATION, args.model, context)
    size, notes = (args.width, args.height), []
    if picture is not None:
        if not args.width:
            *wide, note = fitted_size(picture, 832, maker.grain())
            size, notes = (wide[0], wide[1]), [note]
        picture = scaled(picture, *size)
    step = watch("making film", args.prompt, context)
    frames = maker.film(args.said(), args.count(), args.rate, size, picture, step)
    if args.count() and len(frames) != args.count():
        notes.append(f"{len(frames)} pictures instead of {args.count()}: the model's own steps.")
    parts = args.image.footage(context) if args.image else ()
    origin = generated(args, maker.id, parts=parts, note=" ".join(filter(None, notes)))
    return _written(list(frames), args.rate, origin, path, args, context)


def _card(args: GenerateVideoArgs, choice: Choice, path: Path, context: Context) -> Clip:
    size = max(args.width or _CARD[0], SMALLEST), max(args.height or _CARD[1], SMALLEST)
    card = title_card(args.prompt, CARD_SAYS, size)
    return _written(
        [card] * max(1, round(args.length_s() * args.rate)), args.rate, choice.origin(args), path, args, context
    )


def _written(
    frames: list[Pixels], rate_hz: float, origin: Origin, path: Path, args: GenerateVideoArgs, context: Context
) -> Clip:
    def shown() -> Iterator[Pixels]:
        for number, frame in enumerate(frames):
            context.progress(Progress("writing film", path.name, number, len(frames)))
            yield marked(frame, origin, context)

    kind = kind_of(origin)
    width, height = write_film(shown(), rate_hz, path, line(kind, short(origin.model)) if kind else "")
    return Clip(path, len(frames) / rate_hz, origin, width, height, rate_hz, text=args.prompt)


def _cut(args: GenerateVideoArgs, choice: Choice, path: Path, context: Context) -> Clip:
    """The moment as it is, with its sound; its origin says what was really cut."""
    moment = choice.moments[0]
    span = stretch(moment, args.length_s())
    film, look = taken(span, path, moment, mark(choice.origin(args, moment, span), context), context)
    origin = choice.origin(args, moment, film.placed[0].span)
    rate_hz = film.frames / film.length_s
    return Clip(path, film.length_s, origin, *look.size, rate_hz, look.sound, args.prompt)
