"""EfficientNet-Lite0 (Tan and Le 2019, the Lite variant of TensorFlow TPU) as a graph for ONNX Runtime.

Every convolution takes in the normalisation that follows it. Layer names are those of the published weights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from playhead.models.graph import Graph

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

CLASSES = 1000
FEATURES = 1280
PICTURES, SEEN, LOGITS = "pictures", "seen", "logits"
"""The graph's input, `(n, height, width, 3)` uint8 with sides that 32 divides, and its two outputs."""

GRAPH = 1  # to be raised when the same checkpoint is written as another graph
_EPSILON = 1e-3


class Stage(NamedTuple):
    """A run of equal blocks; only the first changes width and may halve the picture."""

    repeats: int
    kernel: int
    stride: int
    expand: int
    width_in: int
    width_out: int


STAGES = (
    Stage(1, 3, 1, 1, 32, 16),
    Stage(2, 3, 2, 6, 16, 24),
    Stage(2, 5, 2, 6, 24, 40),
    Stage(3, 3, 2, 6, 40, 80),
    Stage(3, 5, 1, 6, 80, 112),
    Stage(4, 5, 2, 6, 112, 192),
    Stage(1, 3, 1, 6, 192, 320),
)
STAGE_WIDTH = sum(2 * stage.width_out for stage in STAGES)


def onnx_bytes(weights: Path) -> bytes:
    """The network as an ONNX model, out of the published checkpoint.

    `seen` is `(n, 2848)`: the 1280 features that labels are judged by, then mean and deviation of the channels after
    each stage. `logits` is `(n, 1000)`. Imports torch, for its file format.
    """
    import torch

    state = torch.load(weights, map_location="cpu", weights_only=True)
    return _Network({name: np.asarray(tensor, np.float32) for name, tensor in state.items()}).model()


class _Network:
    """Every method returns the name of what it gives."""

    def __init__(self, state: Mapping[str, NDArray[np.float32]]) -> None:
        self._state, self._graph = state, Graph()
        self._add = self._graph.add

    def model(self) -> bytes:
        seen, logits = self._network()
        outputs = {seen: ("n", FEATURES + STAGE_WIDTH), logits: ("n", CLASSES)}
        return self._graph.model("efficientnet-lite0", {PICTURES: ("n", "height", "width", 3)}, outputs, np.uint8)

    def _network(self) -> tuple[str, str]:
        x = self._bounded(self._convolved(self._scaled(), "", "_conv_stem", "_bn0", stride=2))
        block, depths = 0, list[str]()
        for stage in STAGES:
            for n in range(stage.repeats):
                x = self._block(x, f"_blocks.{block}.", stage, first=n == 0)
                block += 1
            depths += self._statistics(x)
        features = self._mean(self._bounded(self._convolved(x, "", "_conv_head", "_bn1")))
        seen = self._add("Concat", [features, *depths], SEEN, axis=1)
        weight, bias = (self._constant(f"_fc.{kind}", self._state[f"_fc.{kind}"]) for kind in ("weight", "bias"))
        return seen, self._add("Gemm", [features, weight, bias], LOGITS, transB=1)

    def _scaled(self) -> str:
        """Channels first, about [-1, 1]."""
        from onnx import TensorProto

        x = self._add("Cast", [self._add("Transpose", [PICTURES], perm=[0, 3, 1, 2])], to=TensorProto.FLOAT)
        x = self._add("Sub", [x, self._constant("middle", np.float32(127))])
        return self._add("Div", [x, self._constant("half", np.float32(128))])

    def _block(self, x: str, prefix: str, stage: Stage, *, first: bool) -> str:
        """Inverted residual: widen, filter each channel, narrow; the input is added where the shapes agree."""
        stride, width_in = (stage.stride, stage.width_in) if first else (1, stage.width_out)
        y = x
        if stage.expand != 1:
            y = self._bounded(self._convolved(y, prefix, "_expand_conv", "_bn0"))
        groups = width_in * stage.expand
        y = self._bounded(self._convolved(y, prefix, "_depthwise_conv", "_bn1", stride=stride, groups=groups))
        y = self._convolved(y, prefix, "_project_conv", "_bn2")
        return self._add("Add", [x, y]) if stride == 1 and width_in == stage.width_out else y

    def _convolved(self, x: str, prefix: str, layer: str, norm: str, *, stride: int = 1, groups: int = 1) -> str:
        """Padded as TensorFlow's SAME: the odd pixel goes right and below."""
        mean, variance = (self._state[f"{prefix}{norm}.running_{kind}"] for kind in ("mean", "var"))
        scale = self._state[f"{prefix}{norm}.weight"] / np.sqrt(variance + _EPSILON)
        weight = self._constant(
            f"{prefix}{layer}", self._state[f"{prefix}{layer}.weight"] * scale[:, None, None, None]
        )
        bias = self._constant(f"{prefix}{norm}", self._state[f"{prefix}{norm}.bias"] - mean * scale)
        return self._add("Conv", [x, weight, bias], strides=[stride] * 2, group=groups, auto_pad="SAME_UPPER")

    def _bounded(self, x: str) -> str:
        """ReLU6."""
        return self._add("Clip", [x, self._constant("zero", np.float32(0)), self._constant("six", np.float32(6))])

    def _mean(self, x: str) -> str:
        return self._add("ReduceMean", [x], axes=[2, 3], keepdims=0)

    def _statistics(self, x: str) -> tuple[str, str]:
        """Mean and deviation of each channel."""
        away = self._add("Sub", [x, self._add("ReduceMean", [x], axes=[2, 3], keepdims=1)])
        return self._mean(x), self._add("Sqrt", [self._mean(self._add("Mul", [away, away]))])

    def _constant(self, name: str, values: NDArray[np.float32] | np.float32) -> str:
        return self._graph.constant(name, np.asarray(values, np.float32))
