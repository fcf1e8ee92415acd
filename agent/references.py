"""References: `$video`, `$find.moments[0].span.end_s`; their types are known before anything runs."""

from __future__ import annotations

import re
import types
import typing
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from playhead.errors import PlanError

_FORM = re.compile(r"\$(?P<name>[a-z][a-z0-9_]*)(?P<path>(?:\.[a-z_][a-z0-9_]*|\[-?\d+\])*)")
_PART = re.compile(r"\.([a-z_][a-z0-9_]*)|\[(-?\d+)\]")


@dataclass(frozen=True, slots=True)
class Reference:
    """The value named `name`, or the part of it that `path` leads to (fields by name, elements by number)."""

    name: str
    path: tuple[str | int, ...] = ()

    def __str__(self) -> str:
        parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path)
        return f"${self.name}{''.join(parts)}"


class NothingThereError(PlanError):
    """A reference asks for an element that a result does not have: nothing was found."""


def reference(value: object) -> Reference | None:
    """What an argument refers to, or None for a literal. `$$` begins a literal dollar sign. Raises `PlanError`."""
    if not isinstance(value, str) or not value.startswith("$") or value.startswith("$$"):
        return None
    found = _FORM.fullmatch(value)
    if found is None:
        raise PlanError(f"{value!r} is no reference", "", "Write $step.field[0], or $$ for a dollar sign")
    parts = tuple(int(number) if number else field for field, number in _PART.findall(found["path"]))
    return Reference(found["name"], parts)


def literal(value: object) -> object:
    """An argument as it is meant: `$$5` is `$5`."""
    return value[1:] if isinstance(value, str) and value.startswith("$$") else value


def references(value: object) -> list[Reference]:
    """Everything an argument refers to, lists and objects included. Raises `PlanError`."""
    if isinstance(value, dict):
        return [found for item in value.values() for found in references(item)]
    if isinstance(value, list):
        return [found for item in value for found in references(item)]
    found = reference(value)
    return [found] if found else []


def resolve(value: object, values: typing.Mapping[str, object]) -> object:
    """An argument with every reference replaced. Raises `NothingThereError` for an element that is not there."""
    if isinstance(value, dict):
        return {key: resolve(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve(item, values) for item in value]
    found = reference(value)
    return literal(value) if found is None else _follow(found, values[found.name])


def _follow(asked: Reference, value: Any) -> object:
    for part in asked.path:
        if isinstance(part, str):
            value = getattr(value, part)
            continue
        if not -len(value) <= part < len(value):
            raise NothingThereError(f"{asked} is not there", f"{len(value)} were found")
        value = value[part]
    if asked.path and value == ():
        raise NothingThereError(f"{asked} is empty", "nothing was found")
    return value


# Types


def type_at(path: tuple[str | int, ...], kind: Any) -> Any:
    """The type that a path leads to. Raises `PlanError` that says which fields there are."""
    for part in path:
        kind = _inside(part, _without_none(kind))
    return kind


def _inside(part: str | int, kind: Any) -> Any:
    if isinstance(part, int):
        if get_origin(kind) is tuple:
            return get_args(kind)[0]
        raise PlanError(f"[{part}] leads nowhere", f"{name_of(kind)} is no list", _fields(kind))
    hints = field_types(kind)
    if part not in hints:
        raise PlanError(f".{part} leads nowhere", f"{name_of(kind)} has no such field", _fields(kind))
    return hints[part]


def field_types(kind: Any) -> dict[str, Any]:
    """The fields of a dataclass or pydantic model, with their types; none for anything else."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return {name: field.annotation for name, field in kind.model_fields.items()}
    if isinstance(kind, type) and is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return {field.name: hints[field.name] for field in fields(kind)}
    return {}


def _fields(kind: Any) -> str:
    hints = field_types(_without_none(kind))
    return f"There is: {', '.join(hints)}" if hints else ""


def fits(kind: Any, wanted: Any) -> bool:
    """Whether a value of type `kind` can be given where `wanted` is asked for."""
    if wanted is Any or kind is Any:
        return True
    if _is_union(wanted):
        return any(fits(kind, option) for option in get_args(wanted))
    if _is_union(kind):
        return all(fits(option, wanted) for option in get_args(kind) if option is not type(None))
    if get_origin(wanted) is tuple or get_origin(kind) is tuple:
        both = get_origin(wanted) is tuple and get_origin(kind) is tuple
        return both and fits(get_args(kind)[0], get_args(wanted)[0])
    if not isinstance(kind, type) or not isinstance(wanted, type):
        return bool(kind == wanted)
    if issubclass(kind, getattr(wanted, "accepts", ())) or issubclass(kind, wanted):
        return True
    return wanted is float and issubclass(kind, int) and kind is not bool


def holds_text(kind: Any) -> bool:
    """Whether a value of this type is bare text or a path, or a list or table of them; typed values are not bare."""
    if kind is Any or kind is object:
        return True
    if get_args(kind) and get_origin(kind) is not Literal:
        return any(holds_text(option) for option in get_args(kind) if option is not Ellipsis)
    return isinstance(kind, type) and issubclass(kind, str | Path) and not issubclass(kind, Enum)


def name_of(kind: Any) -> str:
    """A type as a person would say it."""
    if _is_union(kind):
        return " or ".join(name_of(option) for option in get_args(kind) if option is not type(None))
    if get_origin(kind) is tuple:
        return f"list of {name_of(get_args(kind)[0])}"
    if get_origin(kind) is Literal or (isinstance(kind, type) and issubclass(kind, Enum)):
        return " or ".join(str(option) for option in get_args(kind) or kind)
    simple = {str: "text", float: "number", int: "whole number", bool: "true or false"}
    if isinstance(kind, type) and (accepted := getattr(kind, "accepts", ())):
        return " or ".join(option.__name__ for option in accepted)
    return simple.get(kind) or str(getattr(kind, "__name__", kind))


def _is_union(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType)


def _without_none(kind: Any) -> Any:
    options = [option for option in get_args(kind) if option is not type(None)] if _is_union(kind) else []
    return options[0] if len(options) == 1 else kind
