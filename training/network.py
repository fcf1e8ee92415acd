"""A small network for several labels, of which some are unknown: one hidden layer, and a way past it, in PyTorch.

Dropout (Srivastava et al. 2014) on what goes in and on the hidden layer, AdamW (Loshchilov and Hutter 2019), and a
learning rate that rises and falls once (Smith 2018). The same seed gives the same weights on the same machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from playhead.models.moderation import Network

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

UNITS = 128
_SCALE = 20.0  # unit rows have numbers of about 0.05
_DROP_IN, _DROP_HIDDEN = 0.2, 0.5
_RATE, _DECAY = 3e-3, 1e-2
_AT_ONCE, _ROUNDS = 256, 25


def fit(features: NDArray[np.float32], labels: NDArray[np.bool_], weights: NDArray[np.float32], seed: int) -> Network:
    """A network from `(n, width)` features to `(n, count)` logits; a label whose weight is 0 is unknown.

    A row is drawn as often as the largest of its weights says.
    """
    torch.set_num_threads(1)  # sums in the same order
    torch.manual_seed(seed)
    x, held, weight = (
        torch.from_numpy(features),
        torch.from_numpy(labels.astype(np.float32)),
        torch.from_numpy(weights),
    )
    width, count = features.shape[1], labels.shape[1]
    hidden, out, direct = nn.Linear(width, UNITS), nn.Linear(UNITS, count), nn.Linear(width, count)
    body = nn.Sequential(nn.Dropout(_DROP_IN), hidden, nn.ReLU(), nn.Dropout(_DROP_HIDDEN), out)
    past = nn.Sequential(nn.Dropout(_DROP_IN), direct)
    wanted = [*body.parameters(), *past.parameters()]
    steps = max(1, _ROUNDS * len(x) // _AT_ONCE)
    descent = torch.optim.AdamW(wanted, lr=_RATE, weight_decay=_DECAY)
    rate = torch.optim.lr_scheduler.OneCycleLR(descent, _RATE, total_steps=steps)
    often = weight.max(dim=1).values
    for rows in torch.multinomial(often, steps * _AT_ONCE, replacement=True).view(steps, _AT_ONCE):
        descent.zero_grad()
        given = _SCALE * x[rows]
        share = weight[rows] / often[rows, None]
        each = nn.functional.binary_cross_entropy_with_logits(body(given) + past(given), held[rows], share)
        (count * each).backward()
        descent.step()
        rate.step()
    numbers = [
        p.detach().numpy() for p in (hidden.weight, hidden.bias, out.weight, direct.weight, out.bias, direct.bias)
    ]
    return Network(_SCALE * numbers[0], numbers[1], numbers[2], _SCALE * numbers[3], numbers[4] + numbers[5])


def joined(networks: Sequence[Network], slope: NDArray[np.float32], middle: NDArray[np.float32]) -> Network:
    """One network whose logits are `slope * mean + middle` of the mean of theirs, label by label."""
    part = slope[:, None] / len(networks)
    return Network(
        np.concatenate([one.hidden_weight for one in networks]),
        np.concatenate([one.hidden_offset for one in networks]),
        np.concatenate([part * one.weight for one in networks], axis=1),
        part * np.sum([one.direct for one in networks], axis=0),
        part[:, 0] * np.sum([one.offset for one in networks], axis=0) + middle,
    )
