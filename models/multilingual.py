"""MiniLM's space for fifteen languages: English by MiniLM itself, the others by USE and a linear bridge.

The bridge is a matrix that takes USE-multilingual's vector of a text to where MiniLM would have put its English
translation, learnt from English alone (`training/bridge.py`): USE lays translations close together, so what holds for
English holds for the rest. The idea is that of Reimers and Gurevych 2020, with a student of one layer. English costs
nothing more than MiniLM; USE is loaded when the first other text is met.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from playhead.errors import WeightsError
from playhead.models.cache import sha256_of
from playhead.models.language import is_english, why_not_english
from playhead.models.needs import Needs
from playhead.models.sentences import MiniLM, unit_rows
from playhead.models.use import USE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from playhead.models.roles import Vectors

BRIDGE_FILE = Path(__file__).with_name("bridge.safetensors")
BRIDGE_SHA256 = "ef7ac20bcbe3d343b47da16e40ccfcf2bb1ba3a107c258dd7d90e922135c934d"


class Multilingual:
    """384 numbers a text, in MiniLM's space."""

    dim = MiniLM.dim

    def __init__(self, argument: str = "", *, threads: int = 1, device: str = "cpu") -> None:  # noqa: ARG002
        self.id = self.needs(argument).identity
        self._english, self._use = MiniLM(), USE()

    @staticmethod
    def needs(argument: str = "") -> Needs:  # noqa: ARG004
        """What both encoders need, and the bridge's file."""
        english, use = MiniLM.needs(), USE.needs()
        packages = tuple(dict.fromkeys((*english.packages, *use.packages, "py3langid")))
        return Needs("multilingual", packages, (*english.weights, *use.weights), source=str(BRIDGE_FILE))

    def encode(self, texts: Sequence[str]) -> Vectors:
        """`(len(texts), 384)` unit rows."""
        foreign = np.array([not is_english(text, self._english.knows) for text in texts], np.bool_)
        vectors = np.zeros((len(texts), self.dim), np.float32)
        for which, encode in ((~foreign, self._english.encode), (foreign, self.bridged)):
            if which.any():
                vectors[which] = encode([text for text, chosen in zip(texts, which, strict=True) if chosen])
        return vectors

    def crossed(self, query: str, text: str) -> int:
        """How many of the two are not English; of `text`, one of many, only the cheap sign is looked at."""
        return (not is_english(query, self._english.knows)) + bool(why_not_english(text))

    def knows(self, word: str) -> bool:
        """Whether an English word, in small letters, is one that MiniLM was trained with."""
        return self._english.knows(word)

    def unreadable(self, text: str) -> str:
        """Why neither model knows the language of `text`, or `""`."""
        return self._use.unreadable(text)

    def bridged(self, texts: Sequence[str]) -> Vectors:
        """The same by USE and the bridge alone, whatever the language."""
        weight, offset = self._bridge
        return unit_rows(self._use.encode(texts) @ weight + offset)

    @cached_property
    def _bridge(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        from safetensors.numpy import load_file

        if (found := sha256_of(BRIDGE_FILE)) != BRIDGE_SHA256:
            why = f"its sha256 is {found[:12]}…, not the pinned {BRIDGE_SHA256[:12]}…"
            fix = "Run: pip install --force-reinstall --no-deps playhead"
            raise WeightsError(f"weights were refused: {BRIDGE_FILE}", why, fix)
        tensors = load_file(BRIDGE_FILE)
        return tensors["weight"].astype(np.float32), tensors["offset"].astype(np.float32)
