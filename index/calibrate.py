"""Similarities into probabilities, so that channels can be compared and "nothing like that" can be an answer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import yaml
from numpy.typing import NDArray

MATCH = 0.5
"""A moment matches from this probability on."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A logistic curve over similarity (Platt 1999)."""

    middle: float
    slope: float

    def __call__(self, similarity: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probabilities of a match, 0 to 1."""
        steps = np.clip(-self.slope * (np.asarray(similarity, np.float64) - self.middle), -60, 60)
        return 1 / (1 + np.exp(steps))


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
