"""The command `playhead pauses`: parse, call, print."""

from __future__ import annotations

from typing import Annotated

import typer

from playhead.interfaces import render
from playhead.interfaces.options import DebugOption, JsonOption, LibraryOption, open_library
from playhead.types import format_time


def register(app: typer.Typer) -> None:
    """Called when somebody runs the command. Import what is heavy inside it."""
    app.command()(pauses)


def pauses(
    video: Annotated[str, typer.Argument(help="Id, name or path.")],
    at_least: Annotated[float, typer.Option(help="Shorter pauses do not count.", metavar="SECONDS")] = 0.5,
    library: LibraryOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Say where nobody speaks."""
    del debug
    from playhead import Agent
    from playhead.interfaces.calling import call

    with open_library(library) as opened:
        found = call(Agent(opened), "find_pauses", {"video": video, "at_least_s": at_least}).result
    if json:
        render.say_json(found)
        return
    for part in found.parts:
        render.say(f"{format_time(part.span.start_s)}–{format_time(part.span.end_s)}")
