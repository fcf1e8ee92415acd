"""MiniLM whose last layers were adapted to tell categories of harm apart, in NumPy."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from playhead.models import weights
from playhead.models.sentences import MiniLM, load_bert

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from playhead.models.bert import Bert

SHARPNESS = 6.0
"""The length of the vectors that the head sees."""
_DOWN = ".down"


class AdaptedMiniLM(MiniLM):
    """MiniLM with low-rank updates (LoRA, Hu et al. 2022) of some linear maps, and a head; English only.

    `tensors` hold `head.weight` `(categories, 384)`, `head.offset`, and for each updated map NAME its thin factors
    `NAME.down` `(rank, in)` and `NAME.up` `(out, rank)`. `training/adapter.py` makes them.
    """

    def __init__(self, tensors: Mapping[str, NDArray[np.float32]]) -> None:
        super().__init__()
        self._updates = tensors

    def logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """`(len(texts), categories)` numbers, larger where a category is likelier."""
        vectors = (self.encode(texts) * SHARPNESS).astype(np.float32)
        found: NDArray[np.float32] = vectors @ self._updates["head.weight"].T + self._updates["head.offset"]
        return found

    @cached_property
    def _bert(self) -> Bert:
        names = [name.removesuffix(_DOWN) for name in self._updates if name.endswith(_DOWN)]
        updates = {f"{name}.weight": (self._updates[f"{name}.up"], self._updates[f"{name}{_DOWN}"]) for name in names}
        return load_bert(str(weights.locate("minilm.weights")), self._HEADS).updated(updates)
