"""Backends that other packages offer: an entry point `ROLE.NAME` of the group `playhead.models` names the class.

The class is made as those here are: a static `needs(argument)`, `Class(argument, threads=…, device=…)` (generators
also take `memory`), and the members of the role's Protocol. `default` and `example` on it say what an argument is, as
in `BACKENDS`. It is imported when somebody names it in a spec, and not before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from playhead.models.needs import Needs
from playhead.models.roles import PROTOCOLS, Role
from playhead.plugins import Kind, gather, offers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playhead.plugins import Offer, Plugin

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Offered:
    """A backend of another package: what a `Backend` says, said by its class."""

    role: Role
    offer: Offer
    default: str
    example: str
    type: Any

    def needs(self, argument: str) -> Needs:
        """What it needs. Raises `PluginError`."""
        found = self.offer.trying(lambda: self.type.needs(argument))
        if not isinstance(found, Needs):
            raise self.offer.refusal(f"its needs() gives {type(found).__name__} instead of Needs")
        return found

    def load(self, argument: str, how: dict[str, Any]) -> Any:
        """The model. Raises `PluginError` where it cannot be made, or is none of its role."""
        model: Any = self.offer.trying(lambda: self.type(argument, **how))
        protocol: Any = PROTOCOLS[self.role]
        if not isinstance(model, protocol):
            raise self.offer.refusal(f"it is no {protocol.__name__}: a member of that Protocol is missing")
        if model.id != (
            identity := self.needs(argument).identity
        ):  # what it made would be looked for under another name
            raise self.offer.refusal(f"its id is {model.id!r}, and the identity of its needs {identity!r}")
        return model


def names(role: Role) -> tuple[str, ...]:
    """What backends of a role are offered, as far as their entry points say. Imports nothing of theirs."""
    parts = [offer.name.partition(".") for offer in offers(Kind.MODEL)]
    return tuple(dict.fromkeys(name for stated, _, name in parts if stated == role))


def backend(role: Role, name: str) -> Offered | None:
    """The backend of this name, imported now, or None where nobody offers it. Raises `PluginError`."""
    found = [offer for offer in offers(Kind.MODEL) if offer.name == f"{role}.{name}"]
    return offered(found[0])[1] if found else None


def plugins(built_in: Mapping[Role, Mapping[str, object]]) -> tuple[Plugin, ...]:
    """Everything that is offered, what cannot be used with the reason. Imports every one."""
    known = {f"{role}.{name}" for role, names in built_in.items() for name in names}
    return gather(Kind.MODEL, known, offered).seen


def offered(offer: Offer) -> tuple[str, Offered]:
    """What is offered, imported, under its name. Raises `PluginError`."""
    role, _, name = offer.name.partition(".")
    if role not in set(Role):
        raise offer.refusal(f"there is no role {role!r}", f"It is to be ROLE.NAME; roles are: {', '.join(Role)}")
    if not _NAME.fullmatch(name):
        raise offer.refusal(f"{name!r} is no name", "It must be called ROLE.NAME, in small letters, digits, - and _")
    kind = offer.load()
    if not isinstance(kind, type):
        raise offer.refusal("it is not a class")
    members = ("needs", *_methods(Role(role)))
    if missing := [member for member in members if not callable(getattr(kind, member, None))]:
        raise offer.refusal(f"its class has no {missing[0]}()")
    default, example = (str(getattr(kind, said, "")) for said in ("default", "example"))
    backend = Offered(Role(role), offer, default, example, kind)
    if default or not example:
        backend.needs(default)
    return offer.name, backend


def _methods(role: Role) -> list[str]:
    return [name for name, value in vars(PROTOCOLS[role]).items() if callable(value) and not name.startswith("_")]
