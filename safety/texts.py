"""The texts, names and files in a result, whatever its type: what the gate judges, remembers and masks."""

from __future__ import annotations

import copy
import json
import os
import re
from dataclasses import fields, is_dataclass
from enum import Enum
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from playhead.types import Video, Word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")
_LONGEST_PATH = 4096
TEXT_ENDINGS = frozenset(".txt .md .srt .vtt .html .json .jsonl .csv .edl .fcpxml .otio .xml .ffmetadata".split())
_JSON_ENDINGS = frozenset(".json .otio".split())
_NOT_WORDS = re.compile(
    r"^(?:\d+:)?\d\d:\d\d[.,]\d{3} --> (?:\d+:)?\d\d:\d\d[.,]\d{3}$|data:image/jpeg;base64,[A-Za-z0-9+/=]+",
    re.MULTILINE,
)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')  # of JSON, with its marks
_DIGEST = re.compile(r"[0-9a-f]{32}|[0-9a-f]{64}")  # which names bytes, and says nothing of a person
_SILENT = (type(None), int, float, complex, BaseModel, dict, tuple, list, set, frozenset)
NO_TEXTS = frozenset("id model source language thumbnail path words sha256 codec container".split())


def texts_of(result: object, *, whole: bool = False) -> list[str]:
    """The texts in a result: what was seen, read, said and written; not names, ids and models, unless `whole`."""
    found = _walk(result, frozenset() if whole else NO_TEXTS)
    return [leaf for leaf in found if isinstance(leaf, str) and leaf and not isinstance(leaf, Enum)]


def names_of(result: object) -> list[str]:
    """The names of the videos in a result: whoever named the file wrote them."""
    return [leaf.name for leaf in _walk(result) if isinstance(leaf, Video)]


def files_of(result: object) -> list[Path]:
    """The files that a result names, and those in folders that it names, each once.

    In a type of ours a file is a `Path`: a text in it, such as a prompt, is never opened, whatever it reads like.
    """
    named = [path for leaf in _walk(result, texts=False) if (path := _path(leaf)) is not None]
    below = [file for path in named if path.is_dir() for file in sorted(path.rglob("*"))]
    return [path for path in dict.fromkeys([*named, *below]) if path.is_file()]


def _path(leaf: object) -> Path | None:
    """The path that a leaf is; it may have become a text on its way through the cache."""
    if isinstance(leaf, str) and not (os.path.isabs(leaf) and len(leaf) <= _LONGEST_PATH):
        return None
    if isinstance(leaf, str):
        return Path(leaf) if os.path.isfile(leaf) else None
    return leaf if isinstance(leaf, Path) and os.path.exists(leaf) else None


def with_texts(value: T, change: Callable[[str], str]) -> T:
    """The same value with its texts changed; where a text was, the times of its single words are dropped.

    Names of files, digests and, in types of ours, the fields that are no texts stay as they are.
    """
    return _changed(value, change)  # type: ignore[no-any-return]


def lines_of(name: str, text: str) -> list[str]:
    """What a text file says: of JSON its strings, each once and without escapes; of anything else its lines.

    Times of subtitles and pictures inside a page say nothing.
    """
    if _is_json(name, text):
        text = "\n".join(dict.fromkeys(map(_unquoted, _STRING.findall(text))))
    return _NOT_WORDS.sub("", text).splitlines()


def file_changed(name: str, text: str, change: Callable[[str], str]) -> str:
    """A text file with its words changed: of JSON its strings, of anything else what people read in it."""
    if not _is_json(name, text):
        return words_changed(text, change)
    return _STRING.sub(lambda string: _string_changed(string[0], change), text)


def _is_json(name: str, text: str) -> bool:
    if not any(name.endswith(ending) for ending in _JSON_ENDINGS):
        return False
    try:
        json.loads(text)
    except ValueError:
        return False
    except RecursionError:  # strings are found without reading what they lie in
        return True
    return True


def _unquoted(string: str) -> str:
    """A string of JSON as it reads; half a letter, which no file can hold, becomes a question mark."""
    read: str = json.loads(string, strict=False)
    return read.encode(errors="replace").decode()


def _string_changed(string: str, change: Callable[[str], str]) -> str:
    said = _unquoted(string)
    changed = said if _DIGEST.fullmatch(said) else words_changed(said, change)
    return string if changed == said else json.dumps(changed, ensure_ascii=False)


def words_changed(text: str, change: Callable[[str], str]) -> str:
    """A subtitle file or a page with its words changed; times of subtitles and pictures inside stay as they are."""
    kept = [*_NOT_WORDS.finditer(text)]
    starts, ends = [0, *(found.end() for found in kept)], [*(found.start() for found in kept), len(text)]
    words = [change(text[start:end]) if start < end else "" for start, end in zip(starts, ends, strict=True)]
    return "".join(f"{part}{found[0] if found else ''}" for part, found in zip(words, [*kept, None], strict=True))


def _walk(value: object, skip: frozenset[str] = frozenset(), *, texts: bool = True) -> Iterator[object]:
    """Everything in a value that has no parts, and videos whole; fields of ours named in `skip` are passed over.

    Without `texts` the texts in types of ours are passed over, too.
    """
    ours = _is_ours(value)
    for name, part in _parts(value):
        if not (ours and (name in skip or (not texts and _is_text(part)))):
            yield from _walk(part, skip, texts=texts)
    if isinstance(value, Video | str | Path):
        yield value
    elif isinstance(value, bytes | bytearray):
        yield value.decode(errors="replace")
    elif _is_told_by_itself(value):
        yield str(value)


def _is_told_by_itself(value: object) -> bool:
    """Whether it is of a kind that nobody here can take apart: what it says is what `str` gives."""
    return not isinstance(value, (*_SILENT, Video, Path, str, bytes, bytearray)) and not is_dataclass(value)


def _is_timed(value: object) -> bool:
    """Whether it holds single words with their times, whoever's type it is."""
    words = getattr(value, "words", ())
    return isinstance(words, tuple | list) and bool(words) and all(isinstance(word, Word) for word in words)


def _is_ours(value: object) -> bool:
    return type(value).__module__.startswith("playhead.")


def _is_text(value: object) -> bool:
    """Whether it is a text, or a list of texts alone."""
    return isinstance(value, str) or (isinstance(value, tuple | list) and all(isinstance(v, str) for v in value))


def _parts(value: object) -> Iterable[tuple[str, object]]:
    """The fields of an object, the items of a table or a list; none of a video, which is known by its id."""
    if isinstance(value, Video):
        return ()
    if isinstance(value, BaseModel):
        named = ((name, getattr(value, name)) for name in type(value).model_fields)
        return (*named, *(value.model_extra or {}).items())
    if is_dataclass(value) and not isinstance(value, type):
        return ((field.name, getattr(value, field.name)) for field in fields(value))
    if isinstance(value, dict):
        return (("", part) for item in value.items() for part in item)
    return (("", item) for item in value) if isinstance(value, tuple | list | set | frozenset) else ()


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return value if _DIGEST.fullmatch(value) or _path(value) else change(value)
    if isinstance(value, bytes | bytearray):
        return _bytes_changed(value, change)
    if isinstance(value, tuple) and hasattr(value, "_make"):  # of named fields
        return value._make(_changed(item, change) for item in value)
    if isinstance(value, tuple | list | set | frozenset):
        return type(value)(_changed(item, change) for item in value)
    if isinstance(value, dict):
        return _apart((_changed(key, change), _changed(item, change)) for key, item in value.items())
    if _is_told_by_itself(value):
        return value if (said := str(value)) == (changed := change(said)) else changed
    ours, timed = _is_ours(value), _is_timed(value)
    kept = NO_TEXTS if ours else {"words"} if timed else ()
    new = {name: _changed(part, change) for name, part in _parts(value) if name not in kept}
    if timed and new.get("text") != getattr(value, "text", None):
        new["words"] = ()
    return _with(value, new) if new else value


def _bytes_changed(value: bytes | bytearray, change: Callable[[str], str]) -> bytes | bytearray:
    """Bytes that are a text, changed; any others as they are."""
    try:
        return type(value)(change(value.decode()).encode())
    except UnicodeDecodeError:
        return value


def _apart(items: Iterable[tuple[Any, Any]]) -> dict[Any, Any]:
    """A table of all the items; keys that became the same are numbered."""
    table: dict[Any, Any] = {}
    for key, item in items:
        names = chain([key], (f"{key} {number}" for number in count(2)))
        table[next(name for name in names if name not in table)] = item
    return table


def _with(value: Any, new: dict[str, Any]) -> Any:
    """An object with these fields, made without its constructor, which may take others."""
    if isinstance(value, BaseModel):
        return value.model_copy(update=new)
    made = copy.copy(value)
    for name, part in new.items():
        object.__setattr__(made, name, part)
    return made
