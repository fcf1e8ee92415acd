"""The tool `cut_clip`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import Field, model_validator

from playhead.errors import InputError
from playhead.media.cutting import Film, Measure, Sources, copy, cut, measure, own_look
from playhead.models.roles import Role
from playhead.tools.contract import Arguments, Context, Effect, Tool
from playhead.tools.cutting import CutArgs, piece, teller
from playhead.tools.making import target
from playhead.types import Clip, Clips, Origin, Part, Source

if TYPE_CHECKING:
    from pathlib import Path

_EARLY_S = 0.001


class CutClipArgs(CutArgs):
    """Which footage, and how it is cut."""

    as_stored: bool = Field(
        False,
        description="Copy the streams instead of encoding them: fast and without loss, but begins at a key frame, "
        "which may be early.",
    )

    @model_validator(mode="after")
    def _meant(self) -> Self:
        if not (self.moments or self.query or self.video):
            raise ValueError("name a video, or give moments or a query")
        if self.as_stored and self.fade_s:
            raise ValueError("what is copied as it is stored cannot fade: give fade_s or as_stored, not both")
        return self


class CutClip(Tool[CutClipArgs, Clips]):
    """Cuts clips out of videos, exact to the frame: a stretch from one time to another, each of the moments that were
    found, or what a search finds; one film file for each, with its sound in step."""

    name: ClassVar[str] = "cut_clip"
    version: ClassVar[int] = 2
    Args: ClassVar[type[Arguments]] = CutClipArgs
    result: ClassVar[type] = Clips
    effects: ClassVar[frozenset[Effect]] = frozenset({Effect.READS, Effect.WRITES})
    roles: ClassVar[frozenset[Role]] = frozenset({Role.SENTENCES, Role.PICTURE})
    indexed: ClassVar[bool] = True

    def run(self, args: CutClipArgs, context: Context) -> Clips:
        """MP4 files in the context's folder, in the order in which they were asked for."""
        parts = list(dict.fromkeys(args.parts(context)))
        for part in parts:
            piece(part, args)
        with Sources(context.open) as sources:
            measures: dict[str, Measure] = {}
            return Clips(tuple(_clip(part, args, sources, measures, context) for part in parts))

    def estimate_s(self, args: CutClipArgs, footage_s: float) -> float:
        """Encoding takes about half as long as what is cut plays."""
        if args.moments:
            cut_s = sum(max(0.0, m.end_s - m.start_s) + 2 * args.handles_s for m in args.moments[: args.limit])
        elif args.query:
            cut_s = 10.0 * (args.limit or 5)
        else:
            cut_s = footage_s if args.whole else min(footage_s, 30.0)
        return 1.0 + cut_s * (0.02 if args.as_stored else 0.5)


def _clip(part: Part, args: CutClipArgs, sources: Sources, measures: dict[str, Measure], context: Context) -> Clip:
    key, limits = str(part.video.path), context.library.settings.limits
    tell = teller(context, "cutting", part.video.name, part.span.duration_s)
    tell(0.0)
    if key not in measures:
        measures[key] = measure(key, sources, limits)
    look = own_look(measures[key], sound=args.sound == "keep")
    if not look.picture and not look.sound:
        raise InputError(f"{part.video.name} has no picture", "without its sound nothing is left", "Keep the sound")
    path = _target(part, args, context, picture=look.picture)
    asked = piece(part, args)
    if args.as_stored:
        film = copy(asked, sources, path, sound=look.sound, limits=limits, progress=tell)
    else:
        film = cut([asked], sources, look, path, limits=limits, progress=tell)
    return Clip(
        path=path,
        duration_s=film.length_s,
        origin=Origin(Source.RETRIEVED, (Part(part.video, film.placed[0].span),), note=_note(part, film, args)),
        width=look.width,
        height=look.height,
        rate_hz=film.frames / film.length_s if film.frames else float(look.rate_hz) * look.picture,
        has_audio=look.sound,
    )


def _target(part: Part, args: CutClipArgs, context: Context, *, picture: bool) -> Path:
    decides = [part.video.id, part.span.start_s, part.span.end_s, args.fades, args.sound, args.as_stored]
    return target("clip", ".mp4" if picture else ".m4a", decides, context)


def _note(part: Part, film: Film, args: CutClipArgs) -> str:
    """What is not as it was asked for."""
    span = film.placed[0].span
    early_s, short_s = part.span.start_s - span.start_s, part.span.end_s - span.end_s
    notes = [] if args.moments or args.query else args.beyond(part.video)
    if args.as_stored:
        how = f"begins at a key frame, {early_s:.2f} s early" if early_s > _EARLY_S else "begins at a key frame"
        notes.append(f"It is copied as it is stored and {how}.")
    elif short_s > _EARLY_S and not notes:
        notes.append(f"{part.video.name} ends {short_s:.2f} s before what was asked for does.")
    return " ".join(notes)
