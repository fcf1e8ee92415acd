"""What other packages add: tools, backends of models and commands, found by entry points and loaded when needed.

Nothing is imported to know what there is: names are read from the metadata of the installed packages. What cannot be
used is left out with a reason of one line, and everything else works on. What is built in always wins; of two
packages that offer one name, the first by the alphabet.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from playhead.errors import PluginError

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable
    from importlib.metadata import Distribution, EntryPoint

T = TypeVar("T")
_LONGEST = 200


class Kind(StrEnum):
    """What can be added; the value is the group of its entry points."""

    TOOL = "playhead.tools"
    MODEL = "playhead.models"
    COMMAND = "playhead.interfaces"


_CALLED = {Kind.TOOL: "tool", Kind.MODEL: "model", Kind.COMMAND: "command"}


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing that a package offers, under the name of its entry point. Nothing of it is imported yet."""

    kind: Kind
    name: str
    package: str
    entry: EntryPoint

    def __str__(self) -> str:
        return f"The {_CALLED[self.kind]} {self.name} of {self.package}"

    def load(self) -> Any:
        """Import it. Raises `PluginError`, whatever its code raised."""
        if not self.entry.pattern.match(self.entry.value):
            raise self.refusal("its entry point does not say module:Name")
        return self.trying(self.entry.load)

    def trying(self, act: Callable[[], T]) -> T:
        """What `act`, which runs code of the package, gives. Raises `PluginError`, whatever that code raised."""
        try:
            return act()
        except PluginError:
            raise
        except (Exception, SystemExit) as error:
            why = " ".join(f"{type(error).__name__}: {error}".split())[:_LONGEST]
            raise self.refusal(why) from error

    def refusal(self, why: str, fix: str = "") -> PluginError:
        """The error that says why it is left out, and what to do."""
        name = self.package.partition(" ")[0]
        return PluginError(f"{self} is left out", why, fix or f"Update {name}, or run: pip uninstall {name}")


@dataclass(frozen=True, slots=True)
class Plugin:
    """One thing that was offered; `problem` says in one line why it is left out, and is empty where it is used."""

    kind: str
    name: str
    package: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Plugins(Generic[T]):
    """What can be used, by name; and `seen`, everything that was offered."""

    found: dict[str, T]
    seen: tuple[Plugin, ...] = ()


@cache
def offers(kind: Kind) -> tuple[Offer, ...]:
    """Everything of a kind that installed packages offer, ordered by package and name. Imports nothing of theirs."""
    from importlib.metadata import distributions

    found: dict[str, list[Offer]] = {}
    for package in distributions():
        if kind in (package.read_text("entry_points.txt") or ""):
            name = f"{package.metadata['Name']} {package.metadata['Version']}"
            shown = "".join(letter for letter in name if letter.isprintable())
            entries = _entries(package, kind)
            found.setdefault(package.name, [Offer(kind, entry.name, shown, entry) for entry in entries])
    return tuple(
        sorted((offer for offered in found.values() for offer in offered), key=lambda o: (o.package, o.name))
    )


def _entries(package: Distribution, kind: Kind) -> Iterable[EntryPoint]:
    """Those of one package; where its metadata cannot be read, one that names the file and cannot be loaded."""
    from importlib.metadata import EntryPoint

    try:
        return package.entry_points.select(group=kind)
    except (TypeError, ValueError):
        return [EntryPoint("entry_points.txt", "", kind)]


def gather(kind: Kind, built_in: Container[str], build: Callable[[Offer], tuple[str, T]]) -> Plugins[T]:
    """Build each offer of a kind; `build` gives the name it goes by and the thing, or raises `PluginError`."""
    found: dict[str, T] = {}
    owners: dict[str, Offer] = {}
    seen: list[Plugin] = []
    for offer in offers(kind):
        problem = ""
        try:
            name, thing = build(offer)
            if name in built_in:
                raise offer.refusal(f"{name} is built in")
            if name in owners:
                raise offer.refusal(f"{owners[name].package} offers a {_CALLED[kind]} {name}, too")
        except PluginError as error:
            problem = str(error)
        else:
            found[name], owners[name] = thing, offer
        seen.append(Plugin(_CALLED[kind], offer.name, offer.package, problem))
    return Plugins(found, tuple(seen))
