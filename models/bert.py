"""A BERT encoder in numpy, for queries: importing torch takes seconds, this takes none.

Devlin et al. 2019 (post-norm transformer, learned positions), inference only, in float32.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Mapping

Floats: TypeAlias = NDArray[np.float32]

_EPSILON = np.float32(1e-12)
_MASKED = np.float32(-1e9)


def erf(x: Floats) -> Floats:
    """The error function to 2e-7 (Abramowitz and Stegun 1964, formula 7.1.26)."""
    size = np.abs(x)
    t = 1 / (1 + np.float32(0.3275911) * size)
    series = np.full_like(t, 1.061405429)
    for term in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        series *= t
        series += np.float32(term)
    np.multiply(size, -size, out=size)
    return np.copysign(1 - series * t * np.exp(size, out=size), x)


def gelu(x: Floats) -> Floats:
    """`x` times the normal distribution function of `x` (Hendrycks and Gimpel 2016), not its tanh approximation."""
    return x * (np.float32(0.5) + np.float32(0.5) * erf(x * np.float32(0.70710678)))


class Bert:
    """`Bert(tensors, heads)(ids, mask)` gives the last hidden states, `(batch, length, width)`."""

    def __init__(self, tensors: Mapping[str, Floats], heads: int) -> None:
        self.width = tensors["embeddings.word_embeddings.weight"].shape[1]
        self._tensors, self._heads = tensors, heads
        self._layers = sum(name.endswith(".intermediate.dense.weight") for name in tensors)
        self._positions = (
            tensors["embeddings.position_embeddings.weight"] + tensors["embeddings.token_type_embeddings.weight"][0]
        )

    def __call__(self, ids: NDArray[np.int64], mask: NDArray[np.bool_]) -> Floats:
        """Hidden states for token `ids`; `mask` is false at padding."""
        words = self._tensors["embeddings.word_embeddings.weight"][ids]
        hidden = self._norm("embeddings.LayerNorm", words + self._positions[: ids.shape[1]])
        ignore = np.where(mask, np.float32(0), _MASKED)[:, None, None, :]
        for number in range(self._layers):
            hidden = self._layer(f"encoder.layer.{number}", hidden, ignore)
        return hidden

    def _layer(self, name: str, hidden: Floats, ignore: Floats) -> Floats:
        seen = self._linear(f"{name}.attention.output.dense", self._attend(f"{name}.attention.self", hidden, ignore))
        hidden = self._norm(f"{name}.attention.output.LayerNorm", hidden + seen)
        wide = gelu(self._linear(f"{name}.intermediate.dense", hidden))
        return self._norm(f"{name}.output.LayerNorm", hidden + self._linear(f"{name}.output.dense", wide))

    def _attend(self, name: str, hidden: Floats, ignore: Floats) -> Floats:
        query, key, value = (
            self._split(self._linear(f"{name}.{part}", hidden)) for part in ("query", "key", "value")
        )
        scores = query @ key.swapaxes(2, 3) / np.float32(np.sqrt(query.shape[-1])) + ignore
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        merged: Floats = (scores @ value).swapaxes(1, 2).reshape(hidden.shape)
        return merged

    def _split(self, x: Floats) -> Floats:
        return x.reshape(*x.shape[:2], self._heads, -1).swapaxes(1, 2)

    def _linear(self, name: str, x: Floats) -> Floats:
        weight = self._tensors[f"{name}.weight"]
        flat = x.reshape(-1, x.shape[-1]) @ weight.T
        flat += self._tensors[f"{name}.bias"]
        result: Floats = flat.reshape(*x.shape[:-1], weight.shape[0])
        return result

    def _norm(self, name: str, x: Floats) -> Floats:
        centred = x - x.mean(axis=-1, keepdims=True)
        variance = np.einsum("...i,...i->...", centred, centred)[..., None] / np.float32(x.shape[-1])
        scaled: Floats = centred / np.sqrt(variance + _EPSILON)
        return scaled * self._tensors[f"{name}.weight"] + self._tensors[f"{name}.bias"]
