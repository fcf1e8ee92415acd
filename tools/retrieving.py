"""Retrieve or generate: footage where it shows what is asked for, else something new, else what is near.

Nothing pretends: what is handed over says whether it is footage, new, a stand-in or a card, and how likely it fits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from playhead.errors import InputError, UnreadableMediaError
from playhead.index.calibrate import MATCH
from playhead.media.cards import label as drawn
from playhead.media.cutting import Piece, Sources, cut, measure, own_look
from playhead.media.decode import Sample, Wants, decode
from playhead.tools.cutting import teller
from playhead.tools.making import nobody
from playhead.types import Channel, Origin, Part, Source, Span

if TYPE_CHECKING:
    from pathlib import Path

    from playhead.media.cutting import Film, Look
    from playhead.models.roles import Image, Role
    from playhead.tools.contract import Context
    from playhead.tools.making import MakeArgs
    from playhead.types import Moment

SEEN = (Channel.PICTURE, Channel.OBJECT, Channel.CAPTION)
HEARD = (*SEEN, Channel.SPEECH)
SOUND_SUFFIX = ".m4a"
_LARGEST_SIDE = 3840
_LOOKED_AT = 20


@dataclass(frozen=True, slots=True)
class Choice:
    """How a request is met, and by which moments, best first; none where a model or a card does it."""

    source: Source
    moments: tuple[Moment, ...] = ()
    note: str = ""

    def origin(
        self, args: MakeArgs, moment: Moment | None = None, span: Span | None = None, more: str = ""
    ) -> Origin:
        """The origin of what was taken from a stretch of one of the moments, or composed."""
        parts = (Part(moment.video, span or moment.span),) if moment else ()
        note = f"{self.note.format(score=moment.score if moment else 0.0)} {more}".strip()
        return Origin(self.source, parts, prompt=args.prompt, note=note)


def choose(args: MakeArgs, role: Role, channels: tuple[Channel, ...], context: Context, count: int = 1) -> Choice:
    """Whether footage, a model, the nearest footage or a card meets a request.

    Raises `InputError` where only footage may and none does, `SettingsError` where only a model may and there is no
    model.
    """
    able = args.source != "retrieved" and context.library.models.generates(role, args.model)
    if args.source == "generated":
        if not able:
            raise nobody(role)
        return Choice(Source.GENERATED)
    threshold = context.library.settings.retrieve_from if args.threshold is None else args.threshold
    moments = _moments(args.prompt, role, channels, context)
    if passing := tuple(moment for moment in moments if moment.score >= threshold):
        return Choice(Source.RETRIEVED, passing[:count], "Footage that fits, at a probability of {score:.2f}.")
    if args.source == "retrieved":
        why = f"the nearest has {moments[0].score:.2f} of {threshold:g}" if moments else "nothing is near"
        raise InputError("The library has no footage of this", why, "Lower threshold, or let source be auto")
    if able:
        return Choice(Source.GENERATED)
    return _instead(role, moments, count)


def _instead(role: Role, moments: tuple[Moment, ...], count: int) -> Choice:
    """What is near where nothing can make what is asked for."""
    error = nobody(role)
    near = tuple(moment for moment in moments if moment.score >= MATCH)
    if near:
        note = f"{error.what}: this is the nearest footage, at a probability of {{score:.2f}}. {{fix}}."
        return Choice(Source.STAND_IN, near[:count], note.replace("{fix}", _escaped(error.fix)))
    note = f"{error.what}, and nothing in the library is like this: a card says what was asked for. {error.fix}."
    return Choice(Source.COMPOSED, note=_escaped(note))


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _moments(prompt: str, role: Role, channels: tuple[Channel, ...], context: Context) -> tuple[Moment, ...]:
    """What is like the prompt, best first, whether or not it is a match; for sound only what has any."""
    found = context.library.search(prompt, channels=channels, limit=_LOOKED_AT)
    audible = role == "sound"
    return tuple(m for m in found.moments or found.nearest if (m.video.has_audio if audible else m.video.width))


# Taking it


def shown(moment: Moment, context: Context) -> tuple[float, Image]:
    """The picture that fits best in a moment, and when it is shown."""
    seen = [evidence for evidence in moment.evidence if evidence.channel in SEEN]
    wanted_s = seen[0].span.start_s if seen else moment.span.start_s
    wants = Wants(sound=False, subtitles=False, key_side=_LARGEST_SIDE, at_s=(wanted_s,))
    with context.open(str(moment.video.path)) as file:
        for event in decode(file, wants, context.library.settings.limits):
            if isinstance(event, Sample) and event.key is not None:
                return event.time_s, event.key
    raise UnreadableMediaError(f"{moment.video.name} shows nothing at {wanted_s:g} s", "the file may have changed")


def taken(span: Span, path: Path, moment: Moment, label: str, context: Context) -> tuple[Film, Look]:
    """The stretch of a moment's video as a film or, where `path` is that of sound, its sound alone."""
    file, limits = str(moment.video.path), context.library.settings.limits
    tell = teller(context, "cutting", moment.video.name, span.duration_s)
    tell(0.0)
    with Sources(context.open) as sources:
        look = own_look(measure(file, sources, limits))
        if path.suffix == SOUND_SUFFIX:
            look = replace(look, width=0, height=0)
        strip = drawn(label, *look.size) if label else None
        return cut([Piece(file, span)], sources, look, path, label=strip, limits=limits, progress=tell), look


def stretch(moment: Moment, length_s: float) -> Span:
    """The moment, cut to `length_s`; one that is a mere instant is given a second where the video has it."""
    start_s, end_s = moment.span.start_s, max(moment.span.end_s, moment.span.start_s + 1.0)
    return Span(start_s, min(end_s, start_s + length_s, max(moment.video.span.end_s, moment.span.end_s)))
