"""Values as plain data, text made harmless, and the faults of data on one line."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from playhead.types import Span, Video

if TYPE_CHECKING:
    from collections.abc import Iterable

# Controls other than tab and newline, changes of writing direction, and bytes that are not UTF-8.
STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def spelled_out(text: str) -> str:
    """The text with what would steer a terminal or a page spelled out: file names and footage are not trusted."""
    return STEERING.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def faults(found: Iterable[Any], whole: str = "arguments") -> str:
    """What pydantic found that does not fit, on one line: where, which is `whole` for all of it, and why."""
    return "; ".join(f"{'.'.join(map(str, fault['loc'])) or whole}: {fault['msg']}" for fault in found)


def plain(value: Any) -> Any:
    """Dataclasses and models as objects, spans as `start_s` and `end_s` in place, anything else as a string.

    A video inside something else is its id, name and path.
    """
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list | frozenset | set):
        return [plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, bytes | bytearray):
        return value.decode(errors="replace")
    if hasattr(type(value), "model_fields"):  # of pydantic, which is slow to import
        names = (*type(value).model_fields, *(value.model_extra or ()))
        return _object((name, getattr(value, name)) for name in names)
    if is_dataclass(value) and not isinstance(value, type):
        return _object((field.name, getattr(value, field.name)) for field in fields(value))
    if value is None or isinstance(value, str | int):
        return value
    return plain(value.tolist()) if hasattr(value, "tolist") else str(value)  # of numpy


def _object(named: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, item in named:
        if isinstance(item, Span):
            found |= {"start_s": round(item.start_s, 6), "end_s": round(item.end_s, 6)}
        elif isinstance(item, Video):
            found[name] = {"id": item.id, "name": item.name, "path": str(item.path)}
        else:
            found[name] = plain(item)
    return found
