"""Logistic regression with a ridge, by Newton's method, in NumPy: the same weights on every run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STEPS = 12
_ENOUGH = 1e-4
_MOST = 30.0


def fit(
    features: NDArray[np.float32], labels: NDArray[np.bool_], weights: NDArray[np.float32], ridge: float
) -> NDArray[np.float32]:
    """`(features + 1,)` weights, the offset last; `ridge` is the penalty on squared weights, none on the offset."""
    x = np.concatenate([features, np.ones((len(features), 1), np.float32)], axis=1)
    penalty = np.full(x.shape[1], ridge, np.float32)
    penalty[-1] = 1e-6
    found = np.zeros(x.shape[1], np.float32)
    for _ in range(_STEPS):
        chance = probability(x @ found)
        slope = x.T @ (weights * (chance - labels)) + penalty * found
        spread = weights * np.maximum(chance * (1 - chance), 1e-6)
        step = np.linalg.solve((x * spread[:, None]).T @ x + np.diag(penalty), slope)
        found -= step.astype(np.float32)
        if np.abs(step).max() < _ENOUGH:
            break
    return found


def probability(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits as chances, 0 to 1."""
    found: NDArray[np.float32] = 1 / (1 + np.exp(-np.clip(logits, -_MOST, _MOST)))
    return found
