"""How large and how fast the picture of a file is, once it is upright and its pixels are square."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from playhead.media.demux import frames, packets, streams
from playhead.media.fit import upright_size
from playhead.media.reaching import opened
from playhead.media.tally import Tally, TooLargeError
from playhead.media.timelines import TIMECODE_RATES

_SLOWEST, _FASTEST = 5, 60
_CLOSE = 0.002


def measured(descriptor: int, limits: dict[str, Any]) -> dict[str, Any]:
    """Width and height of the first frame, 0 without one; a usual rate near its own; whether there is sound."""
    with opened(descriptor) as container:
        picture, sound, _ = streams(container)
        if picture is None and sound is None:
            raise ValueError("it holds no video or sound that can be decoded")
        found: dict[str, Any] = {"width": 0, "height": 0, "rate": [25, 1], "sound": sound is not None}
        if picture is None:
            return found
        if picture.codec_context.width * picture.codec_context.height > limits["pixels"]:
            raise TooLargeError(
                f"its picture has {picture.codec_context.width}x{picture.codec_context.height} pixels"
            )
        rate = usual_rate(picture.average_rate or Fraction(25))
        found["rate"] = [rate.numerator, rate.denominator]
        tally = Tally()
        first = next((f for packet in packets(container, [picture], tally) for f in frames(packet, tally)), None)
        if first is not None:
            found["width"], found["height"] = upright_size(first, picture.sample_aspect_ratio)
        return found


def usual_rate(rate_hz: Fraction) -> Fraction:
    """The rate itself where it is a usual or a whole number, else the nearest that is usual."""
    nearest = min(TIMECODE_RATES, key=lambda usual: abs(usual - rate_hz))
    if abs(nearest - rate_hz) <= _CLOSE * nearest:
        return nearest
    whole = Fraction(round(rate_hz))
    if _SLOWEST <= whole <= _FASTEST and abs(whole - rate_hz) <= _CLOSE * whole:
        return whole
    return nearest
