"""How a call passes the gate: which of its words are judged on the way in, and what of its result on the way out."""

from __future__ import annotations

import typing
from contextlib import suppress
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from pydantic import BaseModel

from playhead.errors import InputError, PlayheadError
from playhead.media.files import open_file
from playhead.media.images import read_image
from playhead.safety.film import Film
from playhead.types import Door, Video

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydantic.fields import FieldInfo

    from playhead.tools.contract import Context, Tool


class Mark:
    """A mark on an argument; the two there are stand below."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


DATA = Mark("DATA")
"""What came out of footage may reach this argument: it is looked for, quoted or summed up, and nothing else."""

LABEL = Mark("LABEL")
"""This argument names something, such as a video: it is no words, and is not judged."""

_IMAGES = frozenset(".png .jpg .jpeg .webp .bmp .gif .tif .tiff".split())
_TEXTS = frozenset(".txt .md .srt .vtt .json .jsonl .html .csv .edl .fcpxml .otio .xml".split())
_MOST_TEXT_BYTES = 1 << 20
_SILENT = (type(None), int, float, complex, BaseModel, dict, tuple, list, set, frozenset)
_NO_WORDS = frozenset("id model source language thumbnail path words sha256 codec container".split())


def admit(
    tool: Tool[Any, Any],
    given: Mapping[str, object],
    args: BaseModel,
    context: Context,
    marked: frozenset[str] | None,
) -> None:
    """Let a call in, or raise `BlockedError`. `given` are the arguments before they were checked.

    `marked` are those that came out of footage, where a plan says so; of a call without a plan, they are those that
    say what footage said lately.
    """
    gate, known = context.gate, type(args).model_fields
    if unknown := sorted(set(given) - set(known)):  # an alias, or one beside the schema: it would be judged by nobody
        raise InputError(f"{tool.name} cannot run", f"it declares no argument {', '.join(unknown)}")
    if marked is None:
        derived = {name for name, value in given.items() if _remembered(value, known[name], context)}
    else:
        derived = set(marked)
    for name in sorted(derived):
        if not is_data(known[name]) and (text := next(loose(given[name]), None)) is not None:
            gate.refuse(tool.name, name, text)
    if derived:
        gate.footage(tool.name, tool.effects, derived)
    if not tool.judges:
        words, what = _words(args), f"the call of {tool.name}"
        gate.text(Door.GENERATE_INPUT if tool.makes else Door.TOOL_INPUT, words, what)


def _remembered(value: object, field: FieldInfo, context: Context) -> bool:
    """Whether footage said this lately. A choice among fixed values, or a name of one's own, says nothing."""
    marks = context.gate.marks
    return not _chosen(field.annotation) and any(marks.on(text) and not _own(text, context) for text in loose(value))


def release(tool: Tool[Any, Any], result: object, context: Context) -> None:
    """Let a result out, or raise `BlockedError`."""
    gate = context.gate
    texts = texts_of(result, whole=tool.makes)  # whoever makes something may call it an id
    if tool.reads_footage:
        gate.marks.note(texts)
        gate.marks.note(names_of(result))
    if tool.judges:
        return
    gate.text(Door.GENERATE_OUTPUT if tool.makes else Door.TOOL_OUTPUT, texts, f"what {tool.name} gives")
    if tool.makes or gate.policy.every_image:
        release_files(tool, files_of(result), context)


def release_files(tool: Tool[Any, Any], files: Iterable[Path], context: Context) -> None:
    """Let files out, or raise `BlockedError`."""
    door = Door.GENERATE_OUTPUT if tool.makes else Door.TOOL_OUTPUT
    for path in files:
        _release_file(path, door, f"{path.name} of {tool.name}", context)


# Arguments


def is_data(field: FieldInfo) -> bool:
    """Whether what came out of footage may reach an argument as words."""
    return DATA in field.metadata


def _words(args: BaseModel) -> Iterator[str]:
    """Everything in the arguments that is words: the final strings that would be used."""
    for name, field in type(args).model_fields.items():
        if LABEL not in field.metadata and not _chosen(field.annotation):
            yield from _strings(getattr(args, name))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, BaseModel):
        yield from _words(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from (*_strings(key), *_strings(item))
    elif isinstance(value, tuple | list | set | frozenset):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, bytes | bytearray):
        yield value.decode(errors="replace")
    elif is_dataclass(value) and not isinstance(value, type):
        yield from _strings([getattr(value, field.name) for field in fields(value)])
    elif isinstance(value, str) and not isinstance(value, Enum):
        yield value


def loose(value: object) -> Iterator[str]:
    """The strings and paths in a value; numbers, and typed values that a tool gave, are none."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from (*loose(key), *loose(item))
    elif isinstance(value, tuple | list | set | frozenset):
        for item in value:
            yield from loose(item)
    elif isinstance(value, Path):
        yield str(value)
    elif isinstance(value, bytes | bytearray):
        yield value.decode(errors="replace")
    elif isinstance(value, str) and not isinstance(value, Enum):
        yield value


def _own(text: str, context: Context) -> bool:
    """Whether this names a video of the library, or a file that a step made: these are not of footage's making."""
    with suppress(PlayheadError):
        context.library.video(text)
        return True
    return Path(text).is_absolute() and Path(text).is_relative_to(context.folder.absolute())


def _chosen(kind: Any) -> bool:
    """Whether a type offers a choice of fixed values, or holds no text at all."""
    if get_origin(kind) is Literal or (isinstance(kind, type) and issubclass(kind, Enum | int | float)):
        return True
    options = [option for option in get_args(kind) if option not in (type(None), Ellipsis)]
    return bool(options) and typing.get_origin(kind) is not dict and all(_chosen(option) for option in options)


# Results


def texts_of(result: object, *, whole: bool = False) -> list[str]:
    """The texts in a result: what was seen, read, said and written; not names, ids and models, unless `whole`."""
    found = _walk(result, frozenset() if whole else _NO_WORDS)
    return [leaf for leaf in found if isinstance(leaf, str) and leaf and not isinstance(leaf, Enum)]


def names_of(result: object) -> list[str]:
    """The names of the videos in a result: whoever named the file wrote them."""
    return [leaf.name for leaf in _walk(result) if isinstance(leaf, Video)]


def files_of(result: object) -> list[Path]:
    """The files that a result names, and those in folders that it names, each once."""
    named = [leaf for leaf in _walk(result) if isinstance(leaf, Path)]
    below = [file for path in named if path.is_dir() for file in sorted(path.rglob("*"))]
    return [path for path in dict.fromkeys([*named, *below]) if path.is_file()]


def _walk(value: object, skip: frozenset[str] = frozenset()) -> Iterator[object]:
    """Everything in a value that has no parts, and videos whole; fields named in `skip` are passed over."""
    for name, part in _parts(value):
        if name not in skip:
            yield from _walk(part, skip)
    if isinstance(value, Video | str | Path):
        yield value
    elif isinstance(value, bytes | bytearray):
        yield value.decode(errors="replace")
    elif not isinstance(value, _SILENT) and not is_dataclass(value):
        yield str(value)  # an object of its own kind is told as it tells itself


def _parts(value: object) -> Iterable[tuple[str, object]]:
    """The fields of an object, the items of a table or a list; none of a video, which is known by its id."""
    if isinstance(value, Video):
        return ()
    if isinstance(value, BaseModel):
        return ((name, getattr(value, name)) for name in type(value).model_fields)
    if is_dataclass(value) and not isinstance(value, type):
        return ((field.name, getattr(value, field.name)) for field in fields(value))
    if isinstance(value, dict):
        return [*((str(key), item) for key, item in value.items()), *(("", key) for key in value)]
    return (("", item) for item in value) if isinstance(value, tuple | list | set | frozenset) else ()


def _release_file(path: Path, door: Door, what: str, context: Context) -> None:
    """A picture as it is, a text as it reads, sound by what is said in it, a film by both, stretch by stretch."""
    gate = context.gate
    suffix = path.suffix.lower()
    if suffix in _IMAGES:
        gate.image(door, read_image(path, [path.parent], context.library.settings.limits), what)
    elif suffix in _TEXTS:
        gate.text(door, _read_text(path), what)
    else:
        limits = context.library.settings.limits
        with open_file(path, [path.parent], limits) as file:
            film = Film(file, gate, door, limits, progress=context.progress)
            gate.film(door, film.stretches(context.library.models), what)


def _read_text(path: Path) -> Iterable[str]:
    with open_file(path, [path.parent]) as file:
        return [file.read(_MOST_TEXT_BYTES).decode(errors="replace")]
