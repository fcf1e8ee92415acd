"""A tool that another package offers: made, or refused where it could not be used or would pass by the gate."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter
from pydantic.errors import PydanticUserError

from playhead.models.roles import Role
from playhead.tools.contract import Arguments, Effect, Tool, past_the_gate

if TYPE_CHECKING:
    from playhead.plugins import Offer

_NAME = re.compile(r"[a-z][a-z0-9_]*")


def tool_of(offer: Offer) -> tuple[str, Tool[Any, Any]]:
    """The tool, with its name. Raises `PluginError`."""
    kind = offer.load()
    if not (isinstance(kind, type) and issubclass(kind, Tool)):
        raise offer.refusal("it is not a Tool", "Its entry point must name a class derived from Tool")
    if why := offer.trying(lambda: unfit(kind)):
        raise offer.refusal(why)
    tool = offer.trying(kind)
    if type(tool) is not kind:
        raise offer.refusal("its class makes something else of it")
    if beside := {"call", "_run", "run", "judges"} & set(vars(tool)):
        raise offer.refusal(f"it puts a {min(beside)} of its own over that of its class")
    return kind.name, tool


def unfit(kind: type[Tool[Any, Any]]) -> str:
    """What is wrong with what a tool says of itself, or nothing."""
    wanted = {"name": "no name", "Args": "no Args", "result": "no result"}
    if missing := [what for name, what in wanted.items() if not hasattr(kind, name)]:
        return f"it has {missing[0]}"
    checks = {
        "its name must be a word of small letters, digits and _": bool(_NAME.fullmatch(str(kind.name))),
        "it has no docstring, which is what a planner reads": bool(kind.__doc__ and kind.description()),
        "its Args are not derived from Arguments": isinstance(kind.Args, type) and issubclass(kind.Args, Arguments),
        "its result is not a type": isinstance(kind.result, type),
        "it has a call of its own, past the gate": not past_the_gate(kind) and hasattr(kind.run, "admits"),
        "it says that it judges, as only what is built in may": kind.judges is False,
        "its effects are not a frozenset of Effect": _all_of(kind.effects, Effect),
        "its roles are not a frozenset of Role": _all_of(kind.roles, Role),
        "its examples are not a tuple of texts": isinstance(kind.examples, tuple)
        and all(isinstance(example, str) and example for example in kind.examples),
    }
    return next((problem for problem, fine in checks.items() if not fine), "") or _untold(kind)


def _all_of(values: object, kind: type) -> bool:
    return isinstance(values, frozenset) and all(isinstance(value, kind) for value in values)


def _untold(kind: type[Tool[Any, Any]]) -> str:
    """What of its arguments and its result has no JSON, or nothing."""
    for what, told in (("arguments", kind.schema), ("result", lambda: TypeAdapter(kind.result).json_schema())):
        try:
            json.dumps(told())
        except (TypeError, ValueError, PydanticUserError) as error:
            return f"its {what} have no JSON Schema: {' '.join(str(error).split())[:150]}"
    return ""
