"""The tool `edit_image`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from playhead.errors import InputError
from playhead.media.images import scaled
from playhead.models.roles import Role
from playhead.tools.arguments import Still
from playhead.tools.contract import Arguments, Context, Effect, Tool
from playhead.tools.generate_image import save
from playhead.tools.making import MAKERS, DrawArgs, digest, footage_of, generated, generator, target, watch
from playhead.types import Images

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from playhead.models.roles import Image as Pixels

_MASKED = 127


class EditImageArgs(DrawArgs):
    """Which picture, what it is to show, and where and how much it may change."""

    image: Still = Field(description="The picture: a frame, one that was made, or a file.")
    strength: float | None = Field(
        None, gt=0, le=1, description="How much it may change, up to 1; empty: as the model does it."
    )
    mask: Still | None = Field(
        None, description="A picture that is white where it may change, black where not; empty: everywhere."
    )
    side: int = Field(1024, ge=64, le=4096, description="The longer side is brought down to this many pixels.")


class EditImage(Tool[EditImageArgs, Images]):
    """Changes a picture as words say, all of it or only where a mask is white; needs an image model, since nothing
    in the footage can stand in for it."""

    name: ClassVar[str] = "edit_image"
    Args: ClassVar[type[Arguments]] = EditImageArgs
    result: ClassVar[type] = Images
    effects: ClassVar[frozenset[Effect]] = frozenset({Effect.WRITES, Effect.GENERATES, Effect.COSTLY})
    roles: ClassVar[frozenset[Role]] = MAKERS
    reads_footage: ClassVar[bool] = False  # it says what was asked for

    def run(self, args: EditImageArgs, context: Context) -> Images:
        """One PNG in the context's folder."""
        pixels = context.picture(args.image.path)
        mask = _mask(args, pixels, context)
        artist = generator(Role.IMAGE_GENERATION, args.model, context)
        width, height, note = fitted_size(pixels, args.side, artist.grain())
        drawn = artist.redraw(
            args.said(),
            scaled(pixels, width, height),
            args.strength,
            None if mask is None else scaled(mask, width, height)[..., 0] > _MASKED,
            watch("changing", args.prompt, context),
        )
        origin = generated(args, artist.id, parts=args.image.footage(context), note=note)
        asked = args.model_dump(mode="json", exclude={"image", "mask"})
        decides = [self.name, asked, digest(pixels), digest(mask), footage_of(origin.parts), artist.id]
        return Images((save(drawn, origin, target("image", ".png", decides, context), args.prompt, context),))

    def estimate_s(self, args: EditImageArgs, footage_s: float) -> float:  # noqa: ARG002
        """A minute on a small accelerator, loading apart."""
        return 90.0


def fitted_size(pixels: Pixels, side: int, grain: int) -> tuple[int, int, str]:
    """Width and height, neither above `side`, in steps of `grain`; and a note where that is another size."""
    height, width = pixels.shape[:2]
    factor = min(1.0, side / max(width, height))
    wide, high = (max(grain, round(length * factor / grain) * grain) for length in (width, height))
    note = f"Brought from {width}x{height} to {wide}x{high} pixels." if (wide, high) != (width, height) else ""
    return wide, high, note


def _mask(args: EditImageArgs, pixels: Pixels, context: Context) -> NDArray[np.uint8] | None:
    if args.mask is None:
        return None
    mask = context.picture(args.mask.path)
    if mask.shape != pixels.shape:
        of, by = (f"{image.shape[1]}x{image.shape[0]}" for image in (pixels, mask))
        raise InputError("The mask does not fit", f"the picture has {of} pixels, the mask {by}", "Make them the same")
    if not (mask[..., 0] > _MASKED).any():
        raise InputError("The mask changes nothing", "it is black everywhere", "Make it white where it may change")
    return mask
