"""Which bytes of a file a request is for (RFC 9110, sections 13.1.5 and 14)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ONE = re.compile(r"bytes=[ \t]*(?:([0-9]+)-([0-9]*)|-([0-9]+))[ \t]*", re.IGNORECASE)
_DIGITS = 18  # of a number beyond the end of any file


@dataclass(frozen=True, slots=True)
class Bytes:
    """The half-open range `[start, end)` of a file."""

    start: int
    end: int


class OutsideError(Exception):
    """The range begins beyond the end of the file."""


def wanted(ranges: list[str], size: int, if_range: str | None, etag: str) -> Bytes | None:
    """The part that is wanted; None for the whole file.

    More than one range, one that cannot be read, and one of a file that has changed since mean the whole file, as the
    standard allows: many small or overlapping ones would cost more than they spare. Raises `OutsideError`.
    """
    found = _ONE.fullmatch(ranges[0]) if len(ranges) == 1 else None
    if found is None or (if_range is not None and if_range != etag):
        return None
    if found[3] is not None:
        start, end = max(0, size - _number(found[3])), size
    else:
        start, end = _number(found[1]), min(size, _number(found[2]) + 1) if found[2] else size
        if found[2] and end <= start and _number(found[2]) < start:
            return None  # the last byte lies before the first: not a range
    if start >= size or start >= end:
        raise OutsideError
    return Bytes(start, end)


def _number(digits: str) -> int:
    digits = digits.lstrip("0") or "0"
    return int(digits) if len(digits) <= _DIGITS else 10**_DIGITS
