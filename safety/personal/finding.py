"""Personal data in text: mail addresses, phone numbers, cards, bank accounts, number plates, network addresses.

Found by their form and, where there is one, by their check digit. Names of people and streets are not. A video
agent's text is full of times, sizes and file names: where a string may be one of those, it is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, auto
from typing import TYPE_CHECKING

from playhead.safety.personal import accounts, addresses, phones, plates

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable


class Kind(StrEnum):
    """The kinds of personal data. The value is what stands in brackets after masking."""

    MAIL = auto()
    PHONE = auto()
    CARD = auto()
    IBAN = auto()
    PLATE = auto()
    ADDRESS = auto()  # of a network: IPv4 or IPv6


@dataclass(frozen=True, slots=True, order=True)
class Personal:
    """One piece of personal data: characters `start` to `end` (half-open) of the text."""

    start: int
    end: int
    kind: Kind


# The surest form first: where two claim a place, the earlier has it.
_FINDERS: dict[Kind, Callable[[str], Iterable[tuple[int, int]]]] = {
    Kind.MAIL: addresses.mails,
    Kind.IBAN: accounts.ibans,
    Kind.CARD: accounts.cards,
    Kind.ADDRESS: addresses.networks,
    Kind.PHONE: phones.phones,
    Kind.PLATE: plates.plates,
}


def found(text: str, kinds: Collection[Kind]) -> tuple[Personal, ...]:
    """Return the personal data of these kinds in `text`, in order and without overlap.

    What is of another kind is not taken for one of these: a card's digits are never a phone number.
    """
    if not kinds:
        return ()
    taken = bytearray(len(text))
    pieces: list[Personal] = []
    for kind, finder in _FINDERS.items():
        for start, end in finder(text):
            if 1 not in taken[start:end]:
                taken[start:end] = b"\1" * (end - start)
                pieces.append(Personal(start, end, kind))
    return tuple(sorted(piece for piece in pieces if piece.kind in kinds))


def masked(text: str, kinds: Collection[Kind]) -> str:
    """Return `text` with "[mail]", "[phone]" and so on in the place of what `found` finds.

    Masking twice is masking once. What is masked may have kept its neighbour from being seen, so the text is read
    again until nothing is found.
    """
    while pieces := found(text, kinds):
        parts: list[str] = []
        at = 0
        for piece in pieces:
            parts += text[at : piece.start], f"[{piece.kind}]"
            at = piece.end
        text = "".join(parts) + text[at:]
    return text
