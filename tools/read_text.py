"""The tool `read_text`."""

from __future__ import annotations

from typing import ClassVar

from playhead.models.roles import Role
from playhead.tools.contract import Arguments, Context, Effect, Tool
from playhead.tools.looking import LookArgs, look
from playhead.types import Channel, Observations


class ReadText(Tool[LookArgs, Observations]):
    """Reads the writing in the picture and tells when it is shown: signs, titles, slides, labels, captions."""

    name: ClassVar[str] = "read_text"
    Args: ClassVar[type[Arguments]] = LookArgs
    result: ClassVar[type] = Observations
    effects: ClassVar[frozenset[Effect]] = frozenset({Effect.READS, Effect.WRITES, Effect.COSTLY})
    version: ClassVar[int] = 2
    roles: ClassVar[frozenset[Role]] = frozenset({Role.TEXT})
    indexed: ClassVar[bool] = True
    remembers: ClassVar[Channel | None] = Channel.TEXT

    def run(self, args: LookArgs, context: Context) -> Observations:
        """As indexed, where it was; otherwise by looking."""
        return look(args, Channel.TEXT, context)

    def estimate_s(self, args: LookArgs, footage_s: float) -> float:
        """Every frame that is looked at, of footage that was not indexed about one in five seconds."""
        return 0.2 + 1.5 * len(args.frames) + (0.0 if args.frames else 0.3 * footage_s)
