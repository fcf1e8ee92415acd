"""Every tool there is: the modules of this folder, and the entry points `playhead.tools` of installed packages."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from playhead import tools
from playhead.errors import InputError
from playhead.plugins import Kind, Plugins, gather
from playhead.tools.contract import Tool
from playhead.tools.offered import tool_of

if TYPE_CHECKING:
    from playhead.plugins import Plugin


@cache
def all_tools() -> dict[str, Tool[Any, Any]]:
    """The tools by name, in alphabetical order. Those of packages that cannot be used are left out: `plugins`."""
    return dict(sorted((_built_in() | _offered().found).items()))


def built_in(name: str) -> bool:
    """Whether the tool of this name is ours: what one of a package does only its author can vouch for."""
    return name in _built_in()


def plugins() -> tuple[Plugin, ...]:
    """The tools that packages offer, those that cannot be used with the reason."""
    return _offered().seen


def get_tool(name: str) -> Tool[Any, Any]:
    """The tool of this name. Raises `InputError`."""
    found = all_tools()
    if name not in found:
        raise InputError(f"There is no tool {name!r}", "", f"Tools are: {', '.join(found)}")
    return found[name]


@cache
def _built_in() -> dict[str, Tool[Any, Any]]:
    """One tool a module. A class derived from one of them elsewhere changes nothing here."""
    found: dict[str, Tool[Any, Any]] = {}
    for module in pkgutil.iter_modules(tools.__path__):
        name = f"playhead.tools.{module.name}"
        for kind in vars(import_module(name)).values():
            if isinstance(kind, type) and kind.__module__ == name and issubclass(kind, Tool) and kind is not Tool:
                found[kind.name] = kind()
    return found


@cache
def _offered() -> Plugins[Tool[Any, Any]]:
    return gather(Kind.TOOL, _built_in(), tool_of)
