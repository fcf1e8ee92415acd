"""Observations in words: what a segment says as a sentence, and as evidence that can be cited."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from playhead.index.watch import digest
from playhead.models.roles import COMPOSED
from playhead.types import Channel, Citation, Claim, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from playhead.types import Moment, Segment, Video

_LEAST_SHOWN_S = 0.04
SHOWS = 0.5
"""From this chance on a picture is taken to show what was looked for."""
_UNCOUNTED = frozenset("skis scissors".split())


def citation(segment: Segment, video: Video, folder: Path) -> Citation:
    """A segment of the library in `folder` as evidence."""
    thumbnail = folder / segment.thumbnail if segment.thumbnail else None
    return Citation(segment.id, video, segment.span, segment.channel, segment.text, thumbnail)


def citations(moment: Moment) -> tuple[Citation, ...]:
    """The evidence of a moment, strongest first."""
    return tuple(
        Citation(e.id, moment.video, e.span, e.channel, e.text, e.thumbnail) for e in moment.evidence if e.id
    )


def cite(moment: Moment) -> Citation:
    """A moment as evidence: its whole span, by the strongest that speaks for it."""
    best = citations(moment)[0]
    return replace(best, span=moment.span)


def seen_in(video: Video, time_s: float, channel: Channel, text: str, picture: Path, model: str) -> Citation:
    """What a model saw in the frame shown at a time, as evidence; its span is the frame's moment."""
    span = Span(time_s, max(time_s, min(time_s + _LEAST_SHOWN_S, video.span.end_s)))
    return Citation(digest(video.id, channel, f"{time_s:.6f}", model, text), video, span, channel, text, picture)


def sentence(channel: Channel, texts: Sequence[str]) -> str:
    """What was observed at one time on one channel, as a sentence."""
    match channel:
        case Channel.SPEECH:
            return f"“{quoted(' '.join(texts))}”"
        case Channel.TEXT:
            return f"On screen: “{quoted(' / '.join(texts))}”"
        case Channel.OBJECT:
            things = [named(text) for text in texts]
            verb = "is" if len(things) == 1 and texts[0] not in _UNCOUNTED else "are"
            return f"{capital(listed(things))} {verb} in the picture."
        case Channel.CAPTION:
            return ended(" ".join(text.removesuffix(COMPOSED) for text in texts))
        case Channel.MOTION:
            return f"The camera’s sensors tell of {listed(texts)}."
        case _:
            return "The picture looks like it."


def likeness(what: str, score: float) -> str:
    """A picture that a search found, as a sentence: what is not likely is not told like what is."""
    return ended(f"It looks like “{what}”" if score >= SHOWS else f"It may be “{what}”")


def doubt(what: str, score: float) -> tuple[str, ...]:
    """What to know of something that is counted, put in order or cut, where even the best moment is not likely."""
    return () if score >= SHOWS else (f"It is not likely that “{what}” is there: the best moment has {score:.2f}.",)


def told(seen: Iterable[Citation]) -> list[Claim]:
    """Observations as sentences in order of time; things that are seen together are one sentence."""
    ordered = sorted(seen, key=lambda c: (c.video.id, c.span, c.channel))
    grouped = groupby(ordered, key=lambda c: (c.video.id, c.span, c.channel))
    return [_claim(channel, list(group)) for (_, _, channel), group in grouped]


def _claim(channel: Channel, group: list[Citation]) -> Claim:
    return Claim(sentence(channel, [c.text for c in group]), tuple(group))


def named(thing: str) -> str:
    """`a dog`, `an apple`, `skis`."""
    if thing in _UNCOUNTED:
        return thing
    return f"{'an' if thing[:1].lower() in 'aeiou' else 'a'} {thing}"


def listed(items: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return f"{', '.join(items[:-1])} and {items[-1]}" if len(items) > 1 else "".join(items)


def quoted(text: str) -> str:
    """Words of the footage on one line, without marks that would end the quotation."""
    return re.sub(r"\s+", " ", text).strip().replace("“", "'").replace("”", "'")


def ended(text: str) -> str:
    """A text with a full stop at its end, unless it ends with a mark already."""
    text = text.strip()
    return text if not text or text[-1] in ".!?…”。！？" else f"{text}."


def capital(text: str) -> str:
    """The text with a capital letter at its beginning."""
    return text[:1].upper() + text[1:]
