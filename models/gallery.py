"""The generators of one set of models: several a role by name, loaded when asked for, few of them at once."""

from __future__ import annotations

import difflib
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from playhead.errors import SettingsError
from playhead.models.needs import Needs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from playhead.models.roles import Role


class Nothing:
    """No generator: footage and title cards stand in for what cannot be made."""

    @staticmethod
    def needs(argument: str) -> Needs:
        """Nothing is needed."""
        del argument
        return Needs("none")


class Choice(Protocol):
    """A spec taken apart."""

    @property
    def role(self) -> Role:
        """What it is for."""

    @property
    def nothing(self) -> bool:
        """Whether it stands for there being no model."""

    def needs(self) -> Needs:
        """What it rests on."""


C = TypeVar("C", bound=Choice)


class Gallery:
    """Generators by role and name. The empty name is the role's own; where that is `none`, the first in its gallery.

    No more than `resident` are kept loaded: the one that was used longest ago goes first.
    """

    def __init__(
        self, choices: Mapping[tuple[Role, str], C], load: Callable[[C], Any], resident: int, device: str
    ) -> None:
        self._choices, self._load, self._resident, self._device = choices, load, resident, device
        self._loaded: OrderedDict[tuple[Role, str], Any] = OrderedDict()

    def get(self, role: Role, name: str) -> Any:
        """The generator, loaded; None where there is none. Raises `SettingsError` for an unknown name."""
        key = role, self._known(role, name)
        if self._choices[key].nothing:
            return None
        if key not in self._loaded:
            self._drop(self._resident - 1)
            self._loaded[key] = self._load(self._choices[key])
        self._loaded.move_to_end(key)
        return self._loaded[key]

    def holds(self, role: Role, name: str) -> bool:
        """Whether there is a generator of this name. Raises `SettingsError` for an unknown name."""
        return not self._choices[role, self._known(role, name)].nothing

    def identity(self, role: Role) -> str:
        """What everything the role may give depends on."""
        by_name = {name: choice.needs().identity for (of, name), choice in self._choices.items() if of == role}
        own = by_name.pop("")
        return "+".join([own, *(f"{name}={identity}" for name, identity in sorted(by_name.items()))])

    def named(self) -> list[Any]:
        """The choices that have a name."""
        return [choice for (_, name), choice in self._choices.items() if name]

    def _known(self, role: Role, name: str) -> str:
        names = [known for of, known in self._choices if of == role and known]
        if not name:
            return names[0] if self._choices[role, ""].nothing and names else ""
        if name not in names:
            close = difflib.get_close_matches(name, names, n=1)
            there = (
                f"There is: {', '.join(names)}." if names else f"Name some under [gallery.{role}] in playhead.toml."
            )
            hint = f"Did you mean {close[0]}? " if close else ""
            raise SettingsError(f"there is no {role} model {name!r} in the gallery", fix=f"{hint}{there}")
        return name

    def _drop(self, keep: int) -> None:
        """Forget all but `keep` of those that are loaded, and give their memory back."""
        if len(self._loaded) <= keep:
            return
        while len(self._loaded) > keep:
            self._loaded.popitem(last=False)
        from playhead.models.diffusion import free

        free(self._device)
