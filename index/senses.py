"""With what sense a video was taken: light, heat or distance; and on which channel its pictures belong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from playhead.types import PICTORIAL, Channel

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from playhead.models.roles import Image

_LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
_NAMED = re.compile(r"(?<![._]in)[._](thermal|depth)$", re.IGNORECASE)


def sense_of(stem: str, wanted: str, known: Collection[Channel]) -> Channel:
    """As somebody wants it, else as its name says (`yard.thermal`, `yard_depth`), else as it was taken before."""
    if wanted != "auto":
        return Channel(wanted)
    if found := _NAMED.search(stem):
        return Channel(found[1].lower())
    return channel_of(known)


def channel_of(known: Collection[Channel]) -> Channel:
    """The one channel that the pictures of a video are on, of those on which it was observed."""
    return next((channel for channel in PICTORIAL if channel in known), Channel.PICTURE)


def as_seen(image: Image, channel: Channel) -> Image:
    """The picture as the encoder is to see it: heat and distance without false colours, which only mislead it."""
    if channel is Channel.PICTURE:
        return image
    grey = np.round(image @ _LUMINANCE).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def sensed(channels: Sequence[Channel], sense: Channel) -> tuple[Channel, ...]:
    """The channels to observe: what was wanted as pictures is on the channel of the sense, and on no other."""
    own = (sense if channel is Channel.PICTURE else channel for channel in channels)
    return tuple(dict.fromkeys(c for c in own if c is sense or c not in PICTORIAL))
