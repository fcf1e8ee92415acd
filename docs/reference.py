"""Writes reference.md, plan-reference.md and plan.schema.json from the commands, the settings and the tools."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import typer.main

from playhead.agent.plan import Plan
from playhead.agent.references import field_types, name_of
from playhead.interfaces.cli import app
from playhead.settings import Settings
from playhead.tools.registry import all_tools

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playhead.tools.contract import Tool


def reference() -> str:
    """The page."""
    parts = ["# Reference", "Written by `make docs` from the code.", "## Commands", *_commands()]
    parts += ["## Settings", "Flags, then `PLAYHEAD_…` in the environment, then `playhead.toml`.", _settings()]
    parts += ["## Tools", *_tools()]
    return "\n\n".join(parts) + "\n"


def _commands() -> list[str]:
    group: Any = typer.main.get_command(app)
    parts = []
    for name, command in _each(group, ""):
        rows = "\n".join(f"| {_option(option)} | {option.help or ''} |" for option in command.params)
        epilog = f"\n\n`{command.epilog.removeprefix('Example:').strip()}`" if command.epilog else ""
        parts.append(f"### playhead {name}\n\n{command.help}{epilog}\n\n| | |\n|---|---|\n{rows}")
    return parts


def _each(group: Any, before: str) -> Iterator[tuple[str, Any]]:
    """Every command by its full name, those of a group one by one."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _each(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def _option(option: Any) -> str:
    names = ", ".join(option.opts) if option.param_type_name == "option" else option.name.upper()
    return f"`{names}`"


def _settings() -> str:
    rows = []
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        shown = ", ".join(map(str, default)) if isinstance(default, tuple) else str(default)
        rows.append(f"| `{name}` | {field.description} | {shown.replace('|', '/') or '-'} |")
    return "| setting | what it is | default |\n|---|---|---|\n" + "\n".join(rows)


def _tools() -> list[str]:
    parts = []
    for tool in all_tools().values():
        arguments = tool.schema()["properties"]
        rows = "\n".join(f"| `{name}` | {about.get('description', '')} |" for name, about in arguments.items())
        effects = ", ".join(sorted(tool.effects))
        parts.append(f"### {tool.name}\n\n{tool.description()} ({effects})\n\n| argument | |\n|---|---|\n{rows}")
    return parts


def plan_reference() -> str:
    """What steps of a plan take and give."""
    parts = [
        "# What steps take and give",
        "Written by `make docs` from the tools. How to refer to what a step gives: [plans](plans.md). The same for "
        "editors and language models, as a JSON Schema: [plan.schema.json](plan.schema.json).",
        "## Tools",
    ]
    kinds: list[Any] = []
    for tool in all_tools().values():
        takes = "\n".join(_argument(name, about) for name, about in tool.Args.model_fields.items())
        parts.append(f"### {tool.name}\n\n| takes | type | if left out | |\n|---|---|---|---|\n{takes}")
        fields = field_types(tool.result)
        gives = ", ".join(f"`{name}` ({_named(kind)})" for name, kind in fields.items())
        parts.append(f"It gives {_named(tool.result)}{f': {gives}' if gives else ''}.")
        kinds += _below(tool.result)
    parts += ["## What results are made of", "| type | field | |\n|---|---|---|\n" + "\n".join(_rows(kinds))]
    return "\n\n".join(parts) + "\n"


def _argument(name: str, about: Any) -> str:
    default = about.get_default(call_default_factory=True) if not about.is_required() else None
    left_out = "must be given" if about.is_required() else f"`{json.dumps(default)}`" if default else ""
    return f"| `{name}` | {_named(about.annotation)} | {left_out} | {about.description or ''} |"


def _named(kind: Any) -> str:
    """A type as a person would say it; of a choice, what there is."""
    inner = [option for option in get_args(kind) if option is not type(None)]
    if get_origin(kind) is Literal:
        return " or ".join(f"`{option}`" for option in inner)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return " or ".join(f"`{option}`" for option in kind)
    return f"list of {_named(inner[0])}" if get_origin(kind) is tuple else name_of(kind).replace("Path", "file")


def _below(kind: Any) -> list[Any]:
    """The types of the fields of a type, all the way down, that have fields themselves."""
    inner = [option for option in get_args(kind) if option not in (type(None), ...)]
    if inner:
        return [found for option in inner for found in _below(option)]
    fields = field_types(kind)
    return [kind, *(found for field in fields.values() for found in _below(field))] if fields else []


def _rows(kinds: list[Any]) -> list[str]:
    own = {tool.result for tool in all_tools().values()}
    shared = sorted({kind.__name__: kind for kind in kinds if kind not in own}.items())
    fields = [(name, *field) for name, kind in shared for field in field_types(kind).items()]
    return [f"| {name} | `{field}` | {_named(kind)} |" for name, field, kind in fields]


def plan_schema() -> str:
    """The format of plans as a JSON Schema, with every tool and its arguments."""
    schema = Plan.model_json_schema()
    tools = all_tools().values()
    definitions: dict[str, Any] = {"reference": {"type": "string", "pattern": r"^\$[a-z]", "description": _REFERENCE}}
    for tool in tools:
        arguments = _referable(tool.schema())
        definitions |= arguments.pop("$defs", {})
        definitions[tool.name] = _step(tool, arguments)
    step = {"oneOf": [{"$ref": f"#/$defs/{tool.name}"} for tool in tools]}
    [pattern] = schema["properties"]["steps"]["patternProperties"]
    schema["properties"]["steps"]["patternProperties"] = {pattern: step}
    for part in ("inputs", "steps"):
        schema["properties"][part]["additionalProperties"] = False
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A plan for Playhead"}
    return json.dumps(head | schema | {"$defs": definitions}, indent=1, ensure_ascii=False) + "\n"


_REFERENCE = "An input or a part of what an earlier step gave: $video, $find.moments[0].span.end_s"


def _step(tool: Tool[Any, Any], arguments: dict[str, Any]) -> dict[str, Any]:
    required = ["tool", "args"] if arguments.get("required") else ["tool"]
    properties = {"tool": {"const": tool.name}, "args": arguments}
    about = {"type": "object", "description": tool.description(), "properties": properties}
    return about | {"required": required, "additionalProperties": False}


def _referable(schema: Any) -> Any:
    """The schema with a reference allowed wherever there is a value."""
    if isinstance(schema, list):
        return [_referable(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _referable(value) for key, value in schema.items()}
    reference = {"$ref": "#/$defs/reference"}
    if isinstance(found.get("properties"), dict):
        found["properties"] = {name: {"anyOf": [value, reference]} for name, value in found["properties"].items()}
    if isinstance(found.get("items"), dict):
        found["items"] = {"anyOf": [found["items"], reference]}
    return found


PAGES = {"reference.md": reference, "plan-reference.md": plan_reference, "plan.schema.json": plan_schema}

if __name__ == "__main__":
    for name, written in PAGES.items():
        Path(__file__).with_name(name).write_text(written(), encoding="utf-8")
