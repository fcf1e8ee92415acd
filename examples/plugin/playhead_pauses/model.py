"""The backend `colours` of the role `objects`: names what a picture shows by its colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from playhead.models.needs import Needs
from playhead.models.roles import Detection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playhead.models.roles import Image

_COLOURS = {"red": (1, 0, 0), "green": (0, 1, 0), "blue": (0, 0, 1), "white": (1, 1, 1), "black": (0, 0, 0)}


class Colours:
    """A detector that sees one object, as large as the picture."""

    @staticmethod
    def needs(argument: str) -> Needs:
        """No package and no weights. Raise `method` when the same picture begins to give another answer."""
        del argument  # it takes none: the class has neither `default` nor `example`
        return Needs("colours", method=1)

    def __init__(self, argument: str = "", threads: int = 1, device: str = "cpu") -> None:
        del threads, device
        self.id = self.needs(argument).identity

    def detect(self, images: Sequence[Image]) -> list[tuple[Detection, ...]]:
        """The nearest colour, the surer the nearer."""
        return [(self._seen(image),) for image in images]

    @staticmethod
    def _seen(image: Image) -> Detection:
        mean = image.reshape(-1, 3).mean(axis=0) / 255
        distances = {name: float(np.abs(mean - colour).sum()) / 3 for name, colour in _COLOURS.items()}
        nearest = min(distances, key=lambda name: distances[name])
        return Detection(f"{nearest} surface", 1 - distances[nearest], (0.0, 0.0, 1.0, 1.0))
