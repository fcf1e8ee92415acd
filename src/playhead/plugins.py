"""What other packages add: tools, backends of models and commands, found by entry points and loaded when needed.

Nothing is imported to know what there is: names are read from the metadata of the installed packages. What cannot be
used is left out with a reason of one line, and everything else works on. What is built in always wins; of two
packages that offer one name, the first by the alphabet.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from traceback import walk_tb
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from playhead.errors import PluginError

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator
    from importlib.metadata import Distribution, EntryPoint

T = TypeVar("T")
_LONGEST = 200
_GROUP = re.compile(r"^\[\s*(playhead\.[^\]\s]*)", re.MULTILINE)
_ASIDE = threading.RLock()


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
        with _prints_aside():
            return self.trying(self.entry.load)

    def trying(self, act: Callable[[], T]) -> T:
        """What `act`, which runs code of the package, gives. Raises `PluginError`, whatever that code raised."""
        try:
            return act()
        except PluginError:
            raise
        except (Exception, SystemExit) as error:
            why = " ".join(f"{type(error).__name__}: {error}".split())[:_LONGEST]
            raise self.refusal(f"{why}{self._where(error)}") from error

    def _where(self, error: BaseException) -> str:
        """The innermost line of the package at which it happened, or nothing."""
        if isinstance(error, SyntaxError) and error.filename:
            return f" ({error.filename}:{error.lineno})"
        root = self.entry.value.partition(":")[0].partition(".")[0].strip()
        lines = [
            f" ({frame.f_code.co_filename}:{line})"
            for frame, line in walk_tb(error.__traceback__)
            if str(frame.f_globals.get("__name__")).partition(".")[0] == root
        ]
        return lines[-1] if lines else ""

    def refusal(self, why: str, fix: str = "") -> PluginError:
        """The error that says why it is left out, and what to do."""
        name = self.package.partition(" ")[0]
        update = "Mend it" if _edited(self.entry) else f"Update {name}"
        return PluginError(f"{self} is left out", why, fix or f"{update}, or run: pip uninstall {name}")


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
            name, entries = _named(package), _entries(package, kind)
            found.setdefault(package.name, [Offer(kind, entry.name, name, entry) for entry in entries])
    return tuple(
        sorted((offer for offered in found.values() for offer in offered), key=lambda o: (o.package, o.name))
    )


def _named(package: Distribution) -> str:
    """Name and version, without letters that would steer a terminal."""
    name = f"{package.metadata['Name']} {package.metadata['Version']}"
    return "".join(letter for letter in name if letter.isprintable())


def _entries(package: Distribution, kind: Kind) -> Iterable[EntryPoint]:
    """Those of one package; where its metadata cannot be read, one that names the file and cannot be loaded."""
    from importlib.metadata import EntryPoint

    try:
        return package.entry_points.select(group=kind)
    except (TypeError, ValueError):
        return [EntryPoint("entry_points.txt", "", kind)]


def strays() -> list[Plugin]:
    """What packages offer under a group that begins as ours do and is none of them, with what it may have meant."""
    from importlib.metadata import distributions

    found: dict[tuple[str, str], Plugin] = {}
    for package in distributions():
        for group in _GROUP.findall(package.read_text("entry_points.txt") or ""):
            if group not in set(Kind):
                name = _named(package)
                meant = " or ".join(get_close_matches(group, list(Kind), 1) or list(Kind))
                problem = f"The group {group} of {name} is left out: nobody reads it. It may be meant for {meant}"
                found[name, group] = Plugin("group", group, name, problem)
    return [found[key] for key in sorted(found)]


@contextmanager
def _prints_aside() -> Iterator[None]:
    """What is printed meanwhile goes to standard error: standard output may be read by a program."""
    flush = getattr(sys.__stdout__, "flush", lambda: None)
    with _ASIDE, redirect_stdout(sys.stderr), ExitStack() as back:
        flush()
        with suppress(OSError):  # nobody can read one of the two
            kept = os.dup(1)
            back.callback(os.close, kept)
            os.dup2(2, 1)
            back.callback(os.dup2, kept, 1)
            back.callback(flush)
        yield


def _edited(entry: EntryPoint) -> bool:
    """Whether the package is installed so that its author goes on writing it."""
    said = entry.dist.read_text("direct_url.json") if entry.dist else None
    return bool(said and json.loads(said).get("dir_info", {}).get("editable"))


def gather(kind: Kind, built_in: Container[str], build: Callable[[Offer], tuple[str, T]]) -> Plugins[T]:
    """Build each offer of a kind; `build` gives the name it goes by and the thing, or raises `PluginError`."""
    found: dict[str, T] = {}
    owners: dict[str, Offer] = {}
    seen: list[Plugin] = []
    for offer in offers(kind):
        problem = ""
        try:
            with _prints_aside():
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
