"""Writes docs/reference.md from the commands, the settings and the tools themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer.main

from playhead.interfaces.cli import app
from playhead.settings import Settings
from playhead.tools.registry import all_tools


def reference() -> str:
    """The page."""
    parts = ["# Reference", "Written by `make docs` from the code.", "## Commands", *_commands()]
    parts += ["## Settings", "Flags, then `PLAYHEAD_…` in the environment, then `playhead.toml`.", _settings()]
    parts += ["## Tools", *_tools()]
    return "\n\n".join(parts) + "\n"


def _commands() -> list[str]:
    group: Any = typer.main.get_command(app)
    parts = []
    for name, command in group.commands.items():
        rows = "\n".join(f"| {_option(option)} | {option.help or ''} |" for option in command.params)
        epilog = f"\n\n`{command.epilog.removeprefix('Example:').strip()}`" if command.epilog else ""
        parts.append(f"### playhead {name}\n\n{command.help}{epilog}\n\n| | |\n|---|---|\n{rows}")
    return parts


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


if __name__ == "__main__":
    Path(__file__).with_suffix(".md").write_text(reference(), encoding="utf-8")
