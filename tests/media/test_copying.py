"""Packets of a copy get the times that their container left out."""

from __future__ import annotations

import io
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playhead.media.copying import _timed

if TYPE_CHECKING:
    from collections.abc import Sequence


def packets(times: Sequence[tuple[int, int | None]]) -> list[Any]:
    """Packets of one stream, each of so many ticks."""
    container = av.open(io.BytesIO(), "w", format="matroska")
    stream = container.add_stream("libx264", rate=25)
    found = []
    for pts, dts in times:
        packet = av.Packet(b"x")
        packet.stream, packet.time_base, packet.pts, packet.dts = stream, Fraction(1, 100), pts, dts
        found.append(packet)
    return found


def timed(*times: tuple[int, int | None]) -> list[tuple[int, int]]:
    return [(packet.pts, packet.dts) for packet in _timed(packets(times))]


@pytest.mark.parametrize(
    ("times", "wanted"),
    [
        ([(0, 0), (4, 4), (8, None), (12, None)], [(0, 0), (4, 4), (8, 8), (12, 12)]),
        ([(0, None), (4, None)], [(0, 0), (4, 4)]),
        ([(0, None), (8, None), (4, None)], [(0, -4), (8, 0), (4, 4)]),
        ([(0, -4), (4, 0), (12, None), (8, None)], [(0, -4), (4, 0), (12, 4), (8, 8)]),
        ([], []),
    ],
)
def test_the_last_packets_are_kept(times: list[tuple[int, int | None]], wanted: list[tuple[int, int]]) -> None:
    assert timed(*times) == wanted


@given(st.permutations(range(8)), st.integers(0, 8))
def test_none_is_lost_and_decoding_goes_on(order: list[int], stated: int) -> None:
    """The first state a time of decoding early enough for any order, the rest none."""
    times = [(at, number - 8 if number < stated else None) for number, at in enumerate(order)]
    found = timed(*times)
    assert [pts for pts, _ in found] == order
    assert all(before[1] < after[1] for before, after in pairwise(found))
    assert all(dts <= pts for pts, dts in found)
