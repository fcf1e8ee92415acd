"""How a call passes the gate: which of its words are judged on the way in, and what of its result on the way out."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import is_dataclass
from enum import Enum
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from pydantic import BaseModel

from playhead.errors import (
    InputError,
    MediaError,
    MediaLimitError,
    ModelError,
    PlayheadError,
    UnreadableMediaError,
    reason_of,
)
from playhead.media.files import open_file
from playhead.media.images import read_image
from playhead.safety.film import Film
from playhead.safety.texts import TEXT_ENDINGS, files_of, lines_of, names_of, texts_of
from playhead.types import Door

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pydantic.fields import FieldInfo

    from playhead.safety.gate import Gate
    from playhead.tools.contract import Context, Tool


class Use:
    """What an argument is for, where its author says so; the two there are stand below."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


DATA = Use("DATA")
"""What came out of footage may reach this argument: it is looked for, quoted or summed up, and nothing else."""

LABEL = Use("LABEL")
"""This argument names something, such as a video: it is no words, and is not judged."""

_IMAGES = frozenset(".png .jpg .jpeg .webp .bmp .gif .tif .tiff".split())
_MOST_TEXT_BYTES = 64 << 20


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
        derived = {name for name, value in given.items() if remembered(value, known[name], context)}
    else:
        derived = set(marked)
    for name in sorted(derived):
        if not is_data(known[name]):
            refuse(gate, tool.name, name, given[name])
    if derived:
        gate.footage(tool.name, tool.effects, derived)
    if not tool.judges:
        words, what = words_in(args), f"the call of {tool.name}"
        gate.text(Door.GENERATE_INPUT if tool.makes else Door.TOOL_INPUT, words, what)


def refuse(gate: Gate, tool: str, argument: str, value: object) -> None:
    """Raise `BlockedError` that names which of the texts in a value footage said; nothing where it has no text."""
    texts = [*loose(value)]
    if texts:
        gate.refuse(tool, argument, next((text for text in texts if gate.marks.on(text)), texts[0]))


def remembered(value: object, field: FieldInfo, context: Context) -> bool:
    """Whether footage said this lately. A choice among fixed values, or a name of one's own, says nothing."""
    marks = context.gate.marks
    return not _chosen(field.annotation) and any(marks.on(text) and not _own(text, context) for text in loose(value))


def release(tool: Tool[Any, Any], result: object, context: Context, made: Iterable[Path] = ()) -> None:
    """Let a result out, and the files it names or that were `made` with it; or raise `BlockedError`."""
    gate = context.gate
    texts = texts_of(result, whole=tool.makes)  # whoever makes something may call it an id
    if tool.reads_footage:
        gate.remember([*texts, *names_of(result)])
    if tool.judges:
        return
    door = Door.GENERATE_OUTPUT if tool.makes else Door.TOOL_OUTPUT
    gate.text(door, texts, f"what {tool.name} gives")
    every = tool.makes or gate.policy.every_image
    for path in dict.fromkeys([*files_of(result), *made]) if every or tool.writes else ():
        if every or path.suffix.lower() in TEXT_ENDINGS:  # pictures only where the policy says so
            what = f"{path.name} of {tool.name}"
            try:
                _release_file(path, door, what, context)
            except (MediaError, ModelError) as error:
                gate.unjudged(door, error, what)


# Arguments


def is_data(field: FieldInfo) -> bool:
    """Whether what came out of footage may reach an argument as words."""
    return DATA in field.metadata


def words_in(args: BaseModel) -> Iterator[str]:
    """Everything in the arguments that is words: the final strings that would be used."""
    for name, field in type(args).model_fields.items():
        if LABEL not in field.metadata and not _chosen(field.annotation):
            yield from _strings(getattr(args, name))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, BaseModel):
        yield from words_in(value)
    elif is_dataclass(value):  # what an earlier step gave
        yield from texts_of(value)
    else:
        yield from _leaves(value, _strings)


def loose(value: object) -> Iterator[str]:
    """The strings and paths in a value; numbers, and typed values that a tool gave, are none."""
    return _leaves(str(value) if isinstance(value, Path) else value, loose)


def _leaves(value: object, of_part: Callable[[object], Iterator[str]]) -> Iterator[str]:
    """The text that a value is, or what `of_part` finds in what a table or a list holds."""
    if isinstance(value, dict):
        for part in chain(*value.items()):
            yield from of_part(part)
    elif isinstance(value, tuple | list | set | frozenset):
        for part in value:
            yield from of_part(part)
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
    return bool(options) and get_origin(kind) is not dict and all(_chosen(option) for option in options)


def _release_file(path: Path, door: Door, what: str, context: Context) -> None:
    """A picture as it is, a text as it reads, sound by what is said in it, a film by both, stretch by stretch."""
    gate = context.gate
    suffix = path.suffix.lower()
    if suffix in _IMAGES:
        gate.image(door, read_image(path, [path.parent], context.library.settings.limits), what)
    elif suffix in TEXT_ENDINGS:
        gate.text(door, _read_text(path), what)
    else:
        limits = context.library.settings.limits
        with open_file(path, [path.parent], limits) as file:
            film = Film(file, gate, door, limits, progress=context.progress)
            gate.film(door, film.stretches(context.library.models), what, file.sha256())


def _read_text(path: Path) -> list[str]:
    """Its lines. Raises `MediaError` for what is no plain file of a size that can be judged."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            plain = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            data = file.read(_MOST_TEXT_BYTES + 1) if plain else b""
    except OSError as error:
        raise UnreadableMediaError(f"{path.name} cannot be read", reason_of(error)) from error
    if not plain or len(data) > _MOST_TEXT_BYTES:
        why = f"it is larger than {_MOST_TEXT_BYTES:,} bytes" if plain else "it is not a regular file"
        raise MediaLimitError(f"{path.name} was not read", why)
    return lines_of(path.name, data.decode(errors="replace"))
