"""The tool `describe_image`."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from playhead.index.watch import detected, read
from playhead.models.roles import Role
from playhead.tools.arguments import Still
from playhead.tools.contract import Arguments, Context, Effect, Tool
from playhead.types import Answer

_THINGS = 12


class DescribeImageArgs(Arguments):
    """Which picture."""

    image: Still = Field(description="A picture file: one that a step made, or one of your own.")


class DescribeImage(Tool[DescribeImageArgs, Answer]):
    """Tells what a picture file shows that is no frame of an indexed video: a sentence about it, the things in it and
    the writing on it."""

    name: ClassVar[str] = "describe_image"
    Args: ClassVar[type[Arguments]] = DescribeImageArgs
    result: ClassVar[type] = Answer
    effects: ClassVar[frozenset[Effect]] = frozenset({Effect.READS, Effect.COSTLY})
    roles: ClassVar[frozenset[Role]] = frozenset({Role.CAPTION, Role.OBJECTS, Role.PICTURE, Role.TEXT})

    def run(self, args: DescribeImageArgs, context: Context) -> Answer:
        """Notes, since no moment of a video stands behind them; a caption put together from labels says so."""
        models, image = context.library.models, context.picture(args.image.path)
        [caption] = models.caption.caption([image])
        things = list(dict.fromkeys(text for text, _ in detected(models.objects)(image)))[:_THINGS]
        lines = [text for text, _ in read(models.text)(image)]
        return Answer(
            (),
            (
                caption.marked,
                f"In it: {', '.join(things)}." if things else "No thing in it is recognised.",
                *([f"Written on it: “{'” “'.join(lines)}”."] if lines else []),
            ),
        )

    def estimate_s(self, args: DescribeImageArgs, footage_s: float) -> float:  # noqa: ARG002
        """Objects, concepts and text of one picture."""
        return 4.0
