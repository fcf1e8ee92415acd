"""A BERT encoder (Devlin et al. 2019: post-norm transformer, learned positions) as a graph for ONNX Runtime.

Inference only, in float32, without torch. The embeddings of tokens stay in the file of weights, which is mapped: a
query needs a dozen rows of thirty thousand. The layers are a graph, written once from the same file.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from playhead.models.cache import kept
from playhead.models.graph import Graph
from playhead.models.runtime import session

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_WRITTEN = 1  # to be raised when the same weights are written as another graph
_EPSILON = 1e-12
_MASKED = np.float32(-1e9)
_EMBEDDED, _IGNORED, _HIDDEN = "embedded", "ignored", "hidden"


class Bert:
    """`Bert(file, sha256, heads)(ids, mask)` gives the last hidden states, `(batch, length, width)`."""

    def __init__(self, file: Path, sha256: str, heads: int) -> None:
        tensors = mapped(file)
        self._words = tensors["embeddings.word_embeddings.weight"]
        self._positions = (
            tensors["embeddings.position_embeddings.weight"] + tensors["embeddings.token_type_embeddings.weight"][0]
        )
        stem = f"{file.stem}-{sha256[:8]}-{heads}.{_WRITTEN}"
        self._session = session(kept("graphs", stem, ".onnx", lambda: onnx_bytes(tensors, heads)))

    def __call__(self, ids: NDArray[np.int64], mask: NDArray[np.bool_]) -> Floats:
        """Hidden states for token `ids`; `mask` is false at padding."""
        embedded = self._words[ids] + self._positions[: ids.shape[1]]
        ignored = np.where(mask, np.float32(0), _MASKED)[:, None, None, :]
        hidden: Floats = self._session.run([_HIDDEN], {_EMBEDDED: embedded, _IGNORED: ignored})[0]
        return hidden


def mapped(file: Path) -> dict[str, Floats]:
    """The float32 tensors of a safetensors file, which are read where they are used."""
    with file.open("rb") as opened:
        size = int.from_bytes(opened.read(8), "little")
        header: dict[str, Any] = json.loads(opened.read(size))
    return {
        name: np.memmap(file, "<f4", "r", 8 + size + entry["data_offsets"][0], tuple(entry["shape"])).view(np.ndarray)
        for name, entry in header.items()
        if entry.get("dtype") == "F32"
    }


def onnx_bytes(tensors: Mapping[str, Floats], heads: int) -> bytes:
    """The layers as an ONNX model: from embedded tokens and what is added to the scores of ignored ones."""
    return _Layers(tensors, heads).model()


class _Layers:
    """Every method returns the name of what it gives."""

    def __init__(self, tensors: Mapping[str, Floats], heads: int) -> None:
        self._tensors, self._graph = tensors, Graph()
        self._width = tensors["embeddings.LayerNorm.weight"].shape[0]
        self._heads, self._each = heads, self._width // heads

    def model(self) -> bytes:
        hidden = self._norm("embeddings.LayerNorm", _EMBEDDED)
        count = sum(name.endswith(".intermediate.dense.weight") for name in self._tensors)
        for number in range(count):
            hidden = self._layer(f"encoder.layer.{number}", hidden, _HIDDEN if number == count - 1 else "")
        inputs = {_EMBEDDED: ("n", "length", self._width), _IGNORED: ("n", 1, 1, "length")}
        return self._graph.model("bert", inputs, {_HIDDEN: ("n", "length", self._width)})

    def _layer(self, name: str, hidden: str, called: str) -> str:
        seen = self._linear([f"{name}.attention.output.dense"], self._attend(f"{name}.attention.self", hidden))
        hidden = self._norm(f"{name}.attention.output.LayerNorm", self._graph.add("Add", [hidden, seen]))
        wide = self._gelu(self._linear([f"{name}.intermediate.dense"], hidden))
        narrow = self._linear([f"{name}.output.dense"], wide)
        return self._norm(f"{name}.output.LayerNorm", self._graph.add("Add", [hidden, narrow]), called)

    def _attend(self, name: str, hidden: str) -> str:
        """Scaled dot products, every head for itself."""
        add = self._graph.add
        together = self._linear([f"{name}.{part}" for part in ("query", "key", "value")], hidden)
        query, key, value = self._graph.node("Split", [together], [f"{name}.{n}" for n in range(3)], axis=2)
        scores = add("MatMul", [self._split(query), self._split(key, swapped=True)])
        scale = self._graph.constant("scale", np.float32(1 / np.sqrt(self._each)))
        weights = add("Softmax", [add("Add", [add("Mul", [scores, scale]), _IGNORED])], axis=-1)
        merged = add("Transpose", [add("MatMul", [weights, self._split(value)])], perm=[0, 2, 1, 3])
        return add("Reshape", [merged, self._graph.constant("merged", np.array([0, 0, self._width], np.int64))])

    def _split(self, x: str, *, swapped: bool = False) -> str:
        """`(n, heads, length, each)`; swapped, the last two the other way round."""
        size = self._graph.constant("split", np.array([0, 0, self._heads, self._each], np.int64))
        return self._graph.add(
            "Transpose", [self._graph.add("Reshape", [x, size])], perm=[0, 2, 3, 1] if swapped else [0, 2, 1, 3]
        )

    def _linear(self, names: list[str], x: str) -> str:
        """One layer, or several side by side."""
        weight = np.concatenate([self._tensors[f"{name}.weight"] for name in names]).T
        bias = np.concatenate([self._tensors[f"{name}.bias"] for name in names])
        product = self._graph.add("MatMul", [x, self._graph.constant(f"{names[0]}.weight", weight)])
        return self._graph.add("Add", [product, self._graph.constant(f"{names[0]}.bias", bias)])

    def _gelu(self, x: str) -> str:
        """`x` times the normal distribution function of `x` (Hendrycks and Gimpel 2016), exactly."""
        add, constant = self._graph.add, self._graph.constant
        share = add("Erf", [add("Div", [x, constant("root of two", np.float32(np.sqrt(2)))])])
        twice = add("Mul", [x, add("Add", [share, constant("one", np.float32(1))])])
        return add("Mul", [twice, constant("half", np.float32(0.5))])

    def _norm(self, name: str, x: str, called: str = "") -> str:
        scale, offset = (
            self._graph.constant(f"{name}.{kind}", self._tensors[f"{name}.{kind}"]) for kind in ("weight", "bias")
        )
        return self._graph.add("LayerNormalization", [x, scale, offset], called, axis=-1, epsilon=_EPSILON)
