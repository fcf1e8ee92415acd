"""The tool `make_supercut`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field, model_validator

from playhead.errors import InputError
from playhead.media.cutting import Look, Sources, common_look, cut, measure
from playhead.models.roles import Role
from playhead.tools.contract import Arguments, Context, Effect, Tool
from playhead.tools.cutting import CutArgs, merged, piece, teller
from playhead.tools.making import footage_of
from playhead.tools.naming import fingerprint
from playhead.types import Clip, Origin, Part, Source

if TYPE_CHECKING:
    from collections.abc import Sequence


class MakeSupercutArgs(CutArgs):
    """Which moments, and how they are joined."""

    order: Literal["given", "time"] = Field(
        "given", description="As they were given, or those of each video together and in order of time."
    )
    merge: bool = Field(True, description="Stretches of one video that overlap or touch become one.")

    @model_validator(mode="after")
    def _meant(self) -> Self:
        if not (self.moments or self.query):
            raise ValueError("give moments or a query")
        return self


class MakeSupercut(Tool[MakeSupercutArgs, Clip]):
    """Joins many moments, of one video or of several, into one film: a supercut, compilation, highlight reel or
    montage, in which sizes, rates and sound are made alike."""

    name: ClassVar[str] = "make_supercut"
    Args: ClassVar[type[Arguments]] = MakeSupercutArgs
    result: ClassVar[type] = Clip
    effects: ClassVar[frozenset[Effect]] = frozenset({Effect.READS, Effect.WRITES})
    roles: ClassVar[frozenset[Role]] = frozenset({Role.SENTENCES, Role.PICTURE})
    indexed: ClassVar[bool] = True

    def run(self, args: MakeSupercutArgs, context: Context) -> Clip:
        """One MP4 in the context's folder; its parts say what of which video is in it, and from when on."""
        parts = _ordered(args, context)
        pieces = [piece(part, args) for part in parts]
        limits = context.library.settings.limits
        with Sources(context.open) as sources:
            look = _look(parts, args, sources, context)
            target = context.folder / f"supercut-{fingerprint(footage_of(parts), args.fades, args.sound)}.mp4"
            tell = teller(context, "joining", target.name, sum(part.span.duration_s for part in parts))
            film = cut(pieces, sources, look, target, limits=limits, progress=tell)
        placed = zip(parts, film.placed, strict=True)
        return Clip(
            path=target,
            duration_s=film.length_s,
            origin=Origin(Source.COMPOSED, tuple(Part(part.video, real.span, real.at_s) for part, real in placed)),
            width=look.width,
            height=look.height,
            rate_hz=float(look.rate_hz) * look.picture,
            has_audio=look.sound,
        )

    def estimate_s(self, args: MakeSupercutArgs, footage_s: float) -> float:  # noqa: ARG002
        """Encoding takes about half as long as what is joined plays."""
        if not args.moments:
            return 1.0 + 5.0 * (args.limit or 5)
        return 1.0 + 0.5 * sum(max(0.0, m.end_s - m.start_s) + 2 * args.handles_s for m in args.moments[: args.limit])


def _ordered(args: MakeSupercutArgs, context: Context) -> list[Part]:
    parts = args.parts(context)
    if args.merge:
        parts = merged(parts)
    if args.order == "time":
        videos = list(dict.fromkeys(part.video.id for part in parts))
        parts.sort(key=lambda part: (videos.index(part.video.id), part.span))
    return parts


def _look(parts: Sequence[Part], args: MakeSupercutArgs, sources: Sources, context: Context) -> Look:
    lengths: dict[str, float] = {}
    for part in parts:
        key = str(part.video.path)
        lengths[key] = lengths.get(key, 0.0) + part.span.duration_s
    measures = []
    for number, (key, length_s) in enumerate(lengths.items()):
        teller(context, "looking at footage", f"{len(lengths)} videos", len(lengths))(number)
        measures.append((measure(key, sources, context.library.settings.limits), length_s))
    look = common_look(measures)
    if args.sound == "drop" and not look.picture:
        raise InputError("Nothing was joined", "there is no picture, and the sound was to go", "Keep the sound")
    return replace(look, sound=False) if args.sound == "drop" else look
