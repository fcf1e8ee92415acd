"""Commands that other packages offer: an entry point of the group `playhead.interfaces`, called as the command is.

It names a function that takes a typer app of its own and adds its commands there: one becomes the command, several
become its subcommands. It is imported when somebody runs the command, and not before; what is built in always wins.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

from playhead.plugins import Kind, Offer, gather, offers, strays

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playhead.plugins import Plugin

_NAME = re.compile(r"[a-z][a-z0-9-]*")


class Once(TyperGroup):
    """Commands that refuse an option of one value that was given two: the last would be taken in silence."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is to be run, where no option of it is given twice."""
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None:
            refuse_twice(command, rest, typer.Context(command, parent=ctx, info_name=name))
        return name, command, rest


def refuse_twice(command: Any, arguments: Sequence[str], context: typer.Context) -> None:
    """Raise `BadParameter` where an option that takes one value is given two: `-k1 --limit=2`."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    given = [arg.partition("=")[0] if arg.startswith("--") else arg[:2] for arg in arguments[:end]]
    for param in command.params:
        single = param.param_type_name == "option" and not (param.multiple or param.is_flag or param.count)
        if single and sum(given.count(option) for option in param.opts) > 1:
            raise typer.BadParameter(f"{max(param.opts, key=len)} was given twice and takes one value", context)


class Commands(Once):
    """The commands that are built in, and behind them those of other packages, known by name until one is run."""

    def list_commands(self, ctx: Any) -> list[str]:
        """What is built in first."""
        mine = super().list_commands(ctx)
        names = dict.fromkeys(offer.name for offer in offers(Kind.COMMAND) if _NAME.fullmatch(offer.name))
        return [*mine, *(name for name in names if name not in mine)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, or what stands for one that is not imported yet."""
        if built_in := super().get_command(ctx, cmd_name):
            return built_in
        offer = next((offer for offer in offers(Kind.COMMAND) if offer.name == cmd_name), None)
        return offer and _Unopened(offer)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is to be run, where no option of it is given twice: now it is imported."""
        name, command, rest = super().resolve_command(ctx, args)
        if not isinstance(command, _Unopened):
            return name, command, rest
        opened = command.open()
        refuse_twice(opened, rest, typer.Context(opened, parent=ctx, info_name=name))
        return name, opened, rest


class _Unopened(TyperCommand):
    """A command of another package that nobody has asked for yet."""

    def __init__(self, offer: Offer) -> None:
        super().__init__(offer.name, help=f"Added by {offer.package}.", rich_markup_mode=None)
        self._offer = offer

    def open(self) -> Any:
        return command(self._offer)[1]


def command(offer: Offer) -> tuple[str, Any]:
    """The command that is offered, under its name. Raises `PluginError`."""
    if not _NAME.fullmatch(offer.name):
        raise offer.refusal(f"{offer.name!r} is no name of a command", "Its entry point must be named like one")
    register = offer.load()
    if not callable(register):
        raise offer.refusal("it is not a function", "Its entry point must name a function that takes a typer app")
    app = typer.Typer(name=offer.name, add_completion=False, no_args_is_help=True, rich_markup_mode=None)
    offer.trying(lambda: register(app))
    if not (app.registered_commands or app.registered_groups):
        raise offer.refusal("it adds no command")
    return offer.name, offer.trying(lambda: typer.main.get_command(app))


def plugins(app: typer.Typer) -> list[Plugin]:
    """Everything of every kind that packages offer, what cannot be used with the reason. Imports all of it."""
    from playhead.models import registry as models
    from playhead.tools import registry as tools

    built_in: Any = typer.main.get_command(app)
    found = [*tools.plugins(), *models.plugins(), *gather(Kind.COMMAND, built_in.commands, command).seen]
    return [*found, *strays()]
