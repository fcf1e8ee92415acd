"""Similarities into probabilities, so that channels can be compared and "nothing like that" can be an answer."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from playhead import strict_yaml
from playhead.models.roles import Curve

MATCH = 0.22
"""A moment matches from this probability on."""


@cache
def curve(name: str, encoder: str = "", crossed: int = 0) -> Curve:
    """The curve of a channel for vectors of an encoder, of which so many crossed from another model's space."""
    curves = _curves()[name]
    if crossed and f"crossed {crossed}" in curves:
        return Curve(**curves[f"crossed {crossed}"])
    fits = next((key for key in curves if key != "default" and encoder.startswith(key)), "default")
    return Curve(**curves[fits])


@cache
def _curves() -> dict[str, dict[str, dict[str, float]]]:
    text = files("playhead.index").joinpath("calibration.yaml").read_text(encoding="utf-8")
    loaded: dict[str, dict[str, dict[str, float]]] = strict_yaml.ours(text)
    return loaded
