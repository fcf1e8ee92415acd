"""The tool `generate_image`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from playhead.media.cards import title_card
from playhead.media.images import write_drawing
from playhead.media.origins import packet
from playhead.models.roles import Role
from playhead.tools.contract import Arguments, Context, Effect, Tool
from playhead.tools.making import (
    MAKERS,
    MakeArgs,
    footage_of,
    generated,
    generator,
    kind_of,
    marked,
    short,
    target,
    watch,
)
from playhead.tools.retrieving import SEEN, choose, shown
from playhead.types import Image, Images, Source, Span

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playhead.models.roles import Image as Pixels
    from playhead.tools.retrieving import Choice
    from playhead.types import Origin

SMALLEST, LARGEST = 16, 4096
_CARD = (1024, 576)
_OWN_SIZE = "In its own size."


class GenerateImageArgs(MakeArgs):
    """What the picture is to show, how large, and how many."""

    width: int = Field(0, ge=0, le=LARGEST, description="Pixels across; 0: as the model likes it.")
    height: int = Field(0, ge=0, le=LARGEST, description="Pixels down; 0: as the model likes it.")
    count: int = Field(1, ge=1, le=16, description="How many, each with the next seed.")


class GenerateImage(Tool[GenerateImageArgs, Images]):
    """Gives pictures of what is described in words: frames of the footage where it shows that, else new ones that a
    model draws; where no model is configured the nearest frame, or a card that says what was asked for."""

    name: ClassVar[str] = "generate_image"
    Args: ClassVar[type[Arguments]] = GenerateImageArgs
    result: ClassVar[type] = Images
    effects: ClassVar[frozenset[Effect]] = frozenset({Effect.WRITES, Effect.GENERATES, Effect.COSTLY})
    roles: ClassVar[frozenset[Role]] = MAKERS
    reads_footage: ClassVar[bool] = False  # it says what was asked for
    indexed: ClassVar[bool] = True

    def run(self, args: GenerateImageArgs, context: Context) -> Images:
        """PNGs in the context's folder."""
        choice = choose(args, Role.IMAGE_GENERATION, SEEN, context, args.count)
        if choice.source is Source.GENERATED:
            drawn = _drawn(args, context)
        elif choice.moments:
            drawn = _taken(args, choice, context)
        else:
            drawn = iter([(_card(args), choice.origin(args))])
        return Images(tuple(self._saved(args, n, *made, context) for n, made in enumerate(drawn)))

    def estimate_s(self, args: GenerateImageArgs, footage_s: float) -> float:  # noqa: ARG002
        """A minute a picture on a small accelerator, loading apart."""
        return 30 + 60.0 * args.count

    def _saved(self, args: GenerateImageArgs, number: int, pixels: Pixels, origin: Origin, context: Context) -> Image:
        made = [origin.source, origin.model, footage_of(origin.parts), number]
        decides = [self.name, args.model_dump(mode="json"), *made]
        return save(pixels, origin, target("image", ".png", decides, context), args.prompt, context)


def save(pixels: Pixels, origin: Origin, path: Path, text: str, context: Context) -> Image:
    """The picture, written with its label and its metadata."""
    kind = kind_of(origin)
    write_drawing(marked(pixels, origin, context), path, packet(kind, short(origin.model)) if kind else "")
    height, width = pixels.shape[:2]
    return Image(path, width, height, origin, text)


def _drawn(args: GenerateImageArgs, context: Context) -> Iterator[tuple[Pixels, Origin]]:
    artist = generator(Role.IMAGE_GENERATION, args.model, context)
    step = watch("drawing", args.prompt, context)
    for number in range(args.count):
        pixels = artist.draw(args.said(number), args.width, args.height, step)
        yield pixels, generated(args, artist.id, number)


def _taken(args: GenerateImageArgs, choice: Choice, context: Context) -> Iterator[tuple[Pixels, Origin]]:
    fewer = f"{len(choice.moments)} of {args.count} asked for." if len(choice.moments) < args.count else ""
    for moment in choice.moments:
        time_s, pixels = shown(moment, context)
        more = " ".join(filter(None, (fewer, _OWN_SIZE if args.width or args.height else "")))
        yield pixels, choice.origin(args, moment, Span(time_s, time_s), more)


def _card(args: GenerateImageArgs) -> Pixels:
    size = max(args.width or _CARD[0], SMALLEST), max(args.height or _CARD[1], SMALLEST)
    return title_card(args.prompt, CARD_SAYS, size)


CARD_SAYS = "a card: nothing here could draw this"
