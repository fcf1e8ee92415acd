"""Every tool there is: the modules of this folder and the entry points `playhead.tools`."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from playhead import tools
from playhead.errors import InputError
from playhead.tools.contract import Tool


@cache
def all_tools() -> dict[str, Tool[Any, Any]]:
    """The tools by name, in alphabetical order. Two tools of one name are an `InputError`."""
    for module in pkgutil.iter_modules(tools.__path__):
        import_module(f"playhead.tools.{module.name}")
    kinds = [kind for kind in _leaves(Tool) if kind.__module__.startswith("playhead.tools.")]
    kinds += [entry.load() for entry in entry_points(group="playhead.tools")]
    found: dict[str, Tool[Any, Any]] = {}
    for kind in sorted(dict.fromkeys(kinds), key=lambda kind: kind.name):
        if kind.name in found:
            raise InputError(f"Two tools are called {kind.name}", f"the second is {kind.__module__}")
        found[kind.name] = kind()
    return found


def _leaves(kind: type) -> list[Any]:
    below: list[type] = kind.__subclasses__()
    return [leaf for child in below for leaf in _leaves(child)] if below else [kind]


def get_tool(name: str) -> Tool[Any, Any]:
    """The tool of this name. Raises `InputError`."""
    found = all_tools()
    if name not in found:
        raise InputError(f"There is no tool {name!r}", "", f"Tools are: {', '.join(found)}")
    return found[name]
