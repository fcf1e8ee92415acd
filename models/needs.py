"""What a backend needs before it can run, and the name of what it will be: both without loading anything."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from playhead.errors import ModelError
from playhead.models import hub, weights

if TYPE_CHECKING:
    from playhead.errors import PlayheadError

_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Needs:
    """Importable packages, names in `weights.yaml`, and a hub name or folder (`source`) that a backend rests on.

    `name` is the spec it goes by; `method` is raised when the same weights begin to give other results.
    """

    name: str
    packages: tuple[str, ...] = ()
    weights: tuple[str, ...] = ()
    source: str = ""
    method: int = 1

    @property
    def identity(self) -> str:
        """`name@weights.method`: changes exactly when the outputs could."""
        digests = [weights.entry(name).sha256[:_DIGITS] for name in self.weights]
        if self.source:
            digests.append(hub.revision(self.source)[:_DIGITS])
        return f"{self.name}@{_shortened(digests)}.{self.method}"

    @property
    def provisional(self) -> bool:
        """Whether the model has to be downloaded before its identity is known."""
        return bool(self.source) and hub.problem(self.source) is not None

    def problem(self) -> PlayheadError | None:
        """The first thing that is missing, or None. Looks at presence and sizes only."""
        return self.broken() or (hub.problem(self.source) if self.source else None)

    def broken(self) -> PlayheadError | None:
        """What is missing and will not be downloaded, or None."""
        for package in self.packages:
            if find_spec(package) is None:
                return ModelError(f"the package {package} is not installed", fix=_INSTALL.get(package, ""))
        for name in self.weights:
            if found := weights.problem(name):
                return found
        return None


_INSTALL = {
    "faster_whisper": "Run: pip install 'playhead[fast]'",
}


def _shortened(digests: list[str]) -> str:
    if len(digests) <= 2:
        return "-".join(digests)
    return hashlib.sha256("".join(digests).encode()).hexdigest()[:_DIGITS]
