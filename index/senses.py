"""With what sense a video was taken: light, heat or distance; and on which channel its pictures belong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playhead.types import PICTORIAL, Channel

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_NAMED = re.compile(r"(?<![._]in)[._](thermal|depth)$", re.IGNORECASE)


def sense_of(stem: str, wanted: str, known: Collection[Channel]) -> Channel:
    """As somebody wants it, else as its name says (`yard.thermal`, `yard_depth`), else as it was taken before."""
    if wanted != "auto":
        return Channel(wanted)
    if found := _NAMED.search(stem):
        return Channel(found[1].lower())
    return next((channel for channel in PICTORIAL if channel in known), Channel.PICTURE)


def sensed(channels: Sequence[Channel], sense: Channel) -> tuple[Channel, ...]:
    """The channels to observe: what was wanted as pictures is on the channel of the sense, and on no other."""
    own = (sense if channel is Channel.PICTURE else channel for channel in channels)
    return tuple(dict.fromkeys(c for c in own if c is sense or c not in PICTORIAL))
