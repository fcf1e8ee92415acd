"""The texts, names and files in a result, whatever its type: what the gate judges, remembers and masks."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from playhead.types import Video

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")
_NO_TEXTS = frozenset("id model source language thumbnail path words sha256 codec container".split())


def texts_of(result: object) -> list[str]:
    """The texts in a result: what was seen, read, said and written; not names, ids and models."""
    found = _walk(result, _NO_TEXTS)
    return [leaf for leaf in found if isinstance(leaf, str) and leaf and not isinstance(leaf, Enum)]


def names_of(result: object) -> list[str]:
    """The names of the videos in a result: whoever named the file wrote them."""
    return [leaf.name for leaf in _walk(result) if isinstance(leaf, Video)]


def files_of(result: object) -> list[Path]:
    """The files that a result names, each once."""
    found = (leaf for leaf in _walk(result) if isinstance(leaf, Path) and leaf.is_file())
    return list(dict.fromkeys(found))


def with_texts(value: T, change: Callable[[str], str]) -> T:
    """The same value with its texts changed; where a text was, the times of its single words are dropped."""
    return _changed(value, change)  # type: ignore[no-any-return]


def _walk(value: object, skip: frozenset[str] = frozenset()) -> Iterator[object]:
    """Everything in a value that has no parts, and videos whole; fields named in `skip` are passed over."""
    for name, part in _parts(value):
        if name not in skip:
            yield from _walk(part, skip)
    if isinstance(value, Video | str | Path):
        yield value


def _parts(value: object) -> Iterable[tuple[str, object]]:
    """The fields of an object, the items of a table or a list; none of a video, which is known by its id."""
    if isinstance(value, Video):
        return ()
    if isinstance(value, BaseModel):
        return ((name, getattr(value, name)) for name in type(value).model_fields)
    if is_dataclass(value) and not isinstance(value, type):
        return ((field.name, getattr(value, field.name)) for field in fields(value))
    if isinstance(value, dict):
        return ((str(key), item) for key, item in value.items())
    return (("", item) for item in value) if isinstance(value, tuple | list | set | frozenset) else ()


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str) and not isinstance(value, Enum):
        return change(value)
    if isinstance(value, tuple | list | set | frozenset):
        return type(value)(_changed(item, change) for item in value)
    if isinstance(value, dict):
        return {key: item if key in _NO_TEXTS else _changed(item, change) for key, item in value.items()}
    if isinstance(value, Video) or not (is_dataclass(value) or isinstance(value, BaseModel)):
        return value
    new = {name: _changed(part, change) for name, part in _parts(value) if name not in _NO_TEXTS}
    if hasattr(value, "words") and new.get("text") != getattr(value, "text", None):
        new["words"] = ()
    return value.model_copy(update=new) if isinstance(value, BaseModel) else replace(value, **new)  # type: ignore[type-var]
