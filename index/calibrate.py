"""Similarities into probabilities, so that channels can be compared and "nothing like that" can be an answer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
import yaml

if TYPE_CHECKING:
    from numpy.typing import NDArray

MATCH = 0.3
"""A moment matches from this probability on."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A logistic curve over similarity (Platt 1999)."""

    middle: float
    slope: float

    def __call__(self, similarity: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probabilities of a match, 0 to 1."""
        steps = np.clip(-self.slope * (similarity.astype(np.float64) - self.middle), -60, 60)
        return 1 / (1 + np.exp(steps))

    def at(self, similarity: float) -> float:
        """The probability at one similarity."""
        return float(self(np.array([similarity], np.float32))[0])


@cache
def curve(name: str, encoder: str = "") -> Curve:
    """The curve of a channel for vectors of an encoder."""
    curves = _curves()[name]
    fits = next((key for key in curves if key != "default" and encoder.startswith(key)), "default")
    return Curve(**curves[fits])


@cache
def _curves() -> dict[str, dict[str, dict[str, float]]]:
    text = files("playhead.index").joinpath("calibration.yaml").read_text(encoding="utf-8")
    loaded: dict[str, dict[str, dict[str, float]]] = yaml.safe_load(text)
    return loaded
