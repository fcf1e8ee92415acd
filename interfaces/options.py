"""What commands share: their options, and the library that these open."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from playhead.errors import InputError
from playhead.interfaces import render
from playhead.types import Decision

if TYPE_CHECKING:
    from collections.abc import Callable

    from playhead.index.library import Library
    from playhead.safety.gate import Gate
    from playhead.types import Verdict

LibraryOption = Annotated[
    str | None, typer.Option("--library", "-l", help="Library folder (default ~/footage.playhead).", metavar="DIR")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show where an error came from.")]
ModelOption = Annotated[
    list[str] | None, typer.Option("--model", help="Use another model: ROLE=SPEC, e.g. speech=whisper:small.")
]
ProfileOption = Annotated[
    str | None, typer.Option(help="Which set of models: offline (default) or hub.", metavar="NAME")
]
VectorsOption = Annotated[
    str | None, typer.Option(help="Chroma server for nearest vectors (default none).", metavar="URL")
]
PolicyOption = Annotated[
    str | None,
    typer.Option(help="What the gate lets through: default, strict, research or a file.", metavar="NAME"),
]
OverrideOption = Annotated[
    str | None,
    typer.Option(help="Why something may pass that the gate stops or asks about; it is recorded.", metavar="WHY"),
]


def gate_of(library: Library, override: str | None) -> Gate:
    """The gate that stands before what a command shows of a library without running a tool."""
    from playhead.safety.gate import Gate

    return Gate.of(library, consent=consent(override), hear=warn)


def warn(verdict: Verdict) -> None:
    """Tell a person of what passes with a warning, or because of what they said."""
    if verdict.passes:
        render.note(render.line(f"{'Let through' if verdict.override else 'Note'}: {verdict.reason}"))


def consent(override: str | None) -> Callable[[Verdict], str]:
    """Who is asked where the gate asks: `--override` has the answer, else the person at the terminal."""

    def ask(verdict: Verdict) -> str:
        if override is not None:
            return override
        if verdict.decision is not Decision.ASK or not (sys.stdin.isatty() and sys.stderr.isatty()):
            return ""
        with render.bars_aside():
            render.note(render.line(f"The gate asks: {verdict.reason}"))
            render.note("Why is it all right? (empty: stop)")
            return input("> ")

    return ask


def open_library(folder: str | None, models: list[str] | None = None, **flags: Any) -> Library:
    """The library that flags, environment and settings name, with the models that `--model` names."""
    from playhead.index.library import Library
    from playhead.settings import load_settings

    settings = load_settings(library=folder if folder is None else path_of(folder), **flags)
    if models:
        settings = settings.model_copy(update={"models": settings.models | _specs(models)})
    return Library(settings=settings)


def path_of(text: str) -> Path:
    """The path that was given. Raises `InputError` for an empty one."""
    if not text:
        raise InputError("A path is empty", "", "Name a file or a folder")
    return Path(text)


def chat_and_roles(models: list[str] | None) -> tuple[str | None, list[str]]:
    """The language model among `--model SPEC`, and the ROLE=SPEC of the others."""
    chats = [text for text in models or [] if not re.match(r"\w+=", text)]
    if len(chats) > 1:
        raise InputError(f"Two language models are named: {' and '.join(chats)}", "", "Name one")
    return (chats[0] if chats else None), [text for text in models or [] if text not in chats]


def _specs(models: list[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in models]
    for role, sign, spec in pairs:
        if not (role and sign and spec):
            raise InputError(
                f"--model {role}{sign}{spec} is not ROLE=SPEC", "", "For example: --model speech=whisper:small"
            )
    return {role: spec for role, _, spec in pairs}


def names_in(text: str | None) -> tuple[str, ...] | None:
    """The channels in `picture,speech`; None where the option was left out."""
    if text is None:
        return None
    names = tuple(part.strip() for part in text.split(",") if part.strip())
    if not names:
        raise InputError("--channels names no channel", "", "For example: --channels picture,speech")
    return names
