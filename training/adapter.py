"""Low-rank updates of MiniLM's two last layers, learnt together with a head for the categories of harm.

LoRA (Hu et al. 2022) of every linear map in the two layers: a tenth of a million numbers. What the layers below say
is computed once and kept. A text is as harmful as the worst of its passages, in training as in use. Needs torch;
what it makes is used without (`models/adapted.py`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from playhead.models.adapted import SHARPNESS
from playhead.models.moderation import CATEGORIES
from playhead.models.sentences import MiniLM
from playhead.models.weights import locate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

LAYERS = (4, 5)
RANK = 8
_SCALE = 2.0
EPOCHS = 3
RATE, HEAD_RATE = 1e-3, 4e-3
_DROPPED = 0.1
_MOST_PASSAGES = 8
_MOST_TOKENS = 200
_BATCH_TOKENS, _BATCH_TEXTS = 3000, 48
_WARM_UP = 0.1


class LowRank(nn.Module):
    """A linear map that stays as it is, and a learnt product of two thin matrices beside it."""

    def __init__(self, fixed: nn.Linear) -> None:
        super().__init__()
        self.fixed = fixed.requires_grad_(False)
        self.down = nn.Parameter(torch.randn(RANK, fixed.in_features) / math.sqrt(fixed.in_features))
        self.up = nn.Parameter(torch.zeros(fixed.out_features, RANK))

    def forward(self, x: Tensor) -> Tensor:
        """The sum of both."""
        mapped: Tensor = self.fixed(x) + (x @ self.down.T) @ self.up.T * _SCALE
        return mapped


class Adapter(nn.Module):
    """The two layers with their updates, and the head."""

    def __init__(self, minilm: Any) -> None:
        super().__init__()
        self.layers = nn.ModuleList([minilm.encoder.layer[number] for number in LAYERS])
        self.layers.requires_grad_(False)
        for name, module in list(self.layers.named_modules()):
            if isinstance(module, nn.Linear):
                parent, _, own = name.rpartition(".")
                setattr(self.layers.get_submodule(parent), own, LowRank(module))
        self.head = nn.Linear(MiniLM.dim, len(CATEGORIES))
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)

    def forward(self, states: Sequence[Tensor]) -> Tensor:
        """`(len(states), 6)` logits of passages, given the hidden states below the two layers."""
        longest = max(len(state) for state in states)
        hidden = torch.zeros(len(states), longest, MiniLM.dim)
        kept = torch.zeros(len(states), longest)
        for row, state in enumerate(states):
            hidden[row, : len(state)], kept[row, : len(state)] = state, 1
        for layer in self.layers:
            given = layer(hidden, (1 - kept)[:, None, None, :] * -1e4)
            hidden = given[0] if isinstance(given, tuple) else given
        pooled = (hidden * kept[..., None]).sum(1) / kept.sum(1, keepdim=True)
        unit = nn.functional.normalize(pooled, dim=1) * SHARPNESS
        logits: Tensor = self.head(nn.functional.dropout(unit, _DROPPED, self.training))
        return logits

    def tensors(self) -> dict[str, NDArray[np.float32]]:
        """What was learnt, under the names of the maps it belongs to."""
        found = {"head.weight": self.head.weight, "head.offset": self.head.bias}
        for name, module in self.layers.named_modules():
            if isinstance(module, LowRank):
                number, _, rest = name.partition(".")
                place = f"encoder.layer.{LAYERS[int(number)]}.{rest}"
                found |= {f"{place}.down": module.down, f"{place}.up": module.up * _SCALE}
        return {name: value.detach().numpy() for name, value in found.items()}


def load_minilm() -> tuple[Any, Any]:
    """MiniLM and its tokenizer, in torch."""
    from transformers import AutoModel, AutoTokenizer

    folder = locate("minilm.weights").parent
    return AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(
        folder, attn_implementation="eager"
    ).eval()


def states_below(texts: Sequence[str]) -> list[Tensor]:
    """For each text the hidden states below the two layers, `(tokens, 384)`, in half precision."""
    tokenizer, minilm = load_minilm()
    found: list[Tensor] = [torch.empty(0)] * len(texts)
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    with torch.no_grad():
        for start in range(0, len(order), 64):
            chosen = order[start : start + 64]
            read = tokenizer(
                [texts[i] for i in chosen],
                return_tensors="pt",
                padding=True,
                truncation=True,
                max_length=_MOST_TOKENS,
            )
            below = minilm(**read, output_hidden_states=True).hidden_states[LAYERS[0]].half()
            for row, i in enumerate(chosen):
                found[i] = below[row, : int(read["attention_mask"][row].sum())].clone()
    return found


def learn(
    states: Sequence[Tensor],
    passages: Sequence[Sequence[int]],
    labels: NDArray[np.int64],
    weights: NDArray[np.float32],
    known: NDArray[np.bool_],
    seed: int = 0,
) -> Adapter:
    """An adapter that has seen the texts `known` alone; `passages` are the numbers of the states of each text."""
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    adapter = Adapter(load_minilm()[1]).train()
    fast = list(adapter.head.parameters())
    slow = [p for name, p in adapter.named_parameters() if p.requires_grad and not name.startswith("head")]
    optimizer = torch.optim.AdamW([{"params": slow}, {"params": fast}], lr=RATE, weight_decay=0.01)
    told, counts = torch.tensor(labels), torch.tensor(weights)
    texts = np.flatnonzero(known)
    steps = EPOCHS * sum(1 for _ in _batches(states, passages, texts, None))
    step = 0
    for _ in range(EPOCHS):
        for batch in _batches(states, passages, texts, random):
            pace = min(1.0, step / (_WARM_UP * steps)) * (1 - step / steps)
            for group, rate in zip(optimizer.param_groups, (RATE, HEAD_RATE), strict=True):
                group["lr"] = rate * pace
            logits = _of_texts(adapter, states, [passages[text] for text in batch])
            there = (told[batch] >= 0).float() * counts[batch][:, None]
            truth = told[batch].clamp(0).float()
            each = nn.functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
            loss = (each * there).sum() / there.sum().clamp(1)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(slow, 1.0)
            optimizer.step()
            step += 1
    return adapter.eval()


def logits_of(adapter: Adapter, states: Sequence[Tensor]) -> NDArray[np.float32]:
    """`(len(states), 6)` logits of parts."""
    found = np.zeros((len(states), len(CATEGORIES)), np.float32)
    order = sorted(range(len(states)), key=lambda i: len(states[i]))
    with torch.no_grad():
        for start in range(0, len(order), 64):
            chosen = order[start : start + 64]
            found[chosen] = adapter([states[i].float() for i in chosen]).numpy()
    return found


def _of_texts(adapter: Adapter, states: Sequence[Tensor], passages: Sequence[Sequence[int]]) -> Tensor:
    """The highest logit of any passage of each text, category by category."""
    flat = [states[number].float() for of_text in passages for number in of_text[:_MOST_PASSAGES]]
    of = torch.tensor([row for row, of_text in enumerate(passages) for _ in of_text[:_MOST_PASSAGES]])
    each = adapter(flat)
    highest = torch.full((len(passages), each.shape[1]), -1e4)
    return highest.scatter_reduce(0, of[:, None].expand_as(each), each, "amax", include_self=False)


def _batches(
    states: Sequence[Tensor],
    passages: Sequence[Sequence[int]],
    texts: NDArray[np.intp],
    random: np.random.Generator | None,
) -> Iterator[list[int]]:
    """Texts of like length in groups of a bounded size, in random order where `random` is given."""
    lengths = np.array([sum(len(states[n]) for n in passages[text][:_MOST_PASSAGES]) for text in texts], np.float64)
    if random is not None:
        lengths = lengths + random.normal(scale=10, size=len(lengths))
    groups: list[list[int]] = []
    held: list[int] = []
    for i in np.argsort(lengths, kind="stable"):
        held.append(int(texts[i]))
        if lengths[i] * len(held) > _BATCH_TOKENS or len(held) >= _BATCH_TEXTS:
            groups.append(held)
            held = []
    if held:
        groups.append(held)
    if random is not None:
        random.shuffle(groups)
    yield from groups
