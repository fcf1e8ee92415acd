"""EfficientNet-Lite0 (Tan and Le 2019, the Lite variant of TensorFlow TPU), inference in plain torch.

Layer names are those of the published weights, hence the underscores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import nn
from torch.nn import functional

if TYPE_CHECKING:
    from pathlib import Path

SIDE = 224
CLASSES = 1000
FEATURES = 1280


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
_STAGE_ENDS = tuple(i == stage.repeats - 1 for stage in STAGES for i in range(stage.repeats))


class SameConv(nn.Conv2d):
    """A convolution padded as TensorFlow's SAME: the odd pixel goes right and below."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """`ceil(size / stride)` in each direction."""
        tall, wide = (self._missing(x.shape[axis + 2], axis) for axis in (0, 1))
        if tall or wide:
            x = functional.pad(x, (wide // 2, wide - wide // 2, tall // 2, tall - tall // 2))
        return functional.conv2d(x, self.weight, self.bias, self.stride, groups=self.groups)

    def _missing(self, size: int, axis: int) -> int:
        stride = self.stride[axis]
        return max((-(-size // stride) - 1) * stride + self.kernel_size[axis] - size, 0)


def _norm(width: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(width, eps=1e-3)


class Block(nn.Module):
    """Inverted residual: widen, filter each channel, narrow."""

    def __init__(self, stage: Stage, *, first: bool) -> None:
        super().__init__()
        width_in = stage.width_in if first else stage.width_out
        stride = stage.stride if first else 1
        inner = width_in * stage.expand
        self._residual = stride == 1 and width_in == stage.width_out
        self._expands = stage.expand != 1
        if self._expands:
            self._expand_conv = SameConv(width_in, inner, 1, bias=False)
            self._bn0 = _norm(inner)
        self._depthwise_conv = SameConv(inner, inner, stage.kernel, stride, groups=inner, bias=False)
        self._bn1 = _norm(inner)
        self._project_conv = SameConv(inner, stage.width_out, 1, bias=False)
        self._bn2 = _norm(stage.width_out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The block's output, with its input added where the shapes agree."""
        y = functional.relu6(self._bn0(self._expand_conv(x))) if self._expands else x
        y = functional.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        narrow: torch.Tensor = x + y if self._residual else y
        return narrow


class EfficientNetLite0(nn.Module):
    """Pictures to 1280 features (`features`) and 1000 ImageNet logits (`forward`)."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = SameConv(3, 32, 3, 2, bias=False)
        self._bn0 = _norm(32)
        self._blocks = nn.ModuleList(Block(stage, first=i == 0) for stage in STAGES for i in range(stage.repeats))
        self._conv_head = SameConv(320, FEATURES, 1, bias=False)
        self._bn1 = _norm(FEATURES)
        self._fc = nn.Linear(FEATURES, CLASSES)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """`(batch, 1280)` for `(batch, 3, height, width)` scaled to about [-1, 1]."""
        return self.look(x)[0]

    def look(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """`features`, and the mean and deviation of each channel after each stage, `(batch, 1568)`."""
        x = functional.relu6(self._bn0(self._conv_stem(x)))
        stages: list[torch.Tensor] = []
        for block, last in zip(self._blocks, _STAGE_ENDS, strict=True):
            x = block(x)
            if last:
                stages += [x.mean((2, 3)), x.std((2, 3), correction=0)]
        pooled: torch.Tensor = functional.relu6(self._bn1(self._conv_head(x))).mean((2, 3))
        return pooled, torch.cat(stages, dim=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """`(batch, 1000)` logits."""
        logits: torch.Tensor = self._fc(self.features(x))
        return logits


def load(path: Path) -> EfficientNetLite0:
    """The network with its published weights, ready to run."""
    network = EfficientNetLite0()
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return network.eval()
