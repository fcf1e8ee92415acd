"""Training a picture head (`picture_head.py`) on a folder of captioned images (`picture_validation.py` measures it).

Minutes on a processor, most of them spent looking at the photographs and reading the captions; a thousand
photographs are a good beginning. The same folder, seed and versions give the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image as Pillow
from torch import nn
from torch.nn import functional

from playhead.errors import InputError
from playhead.models.captioned import Captioned, open_image
from playhead.models.concepts import Concepts
from playhead.models.picture_head import PictureHead
from playhead.models.sentences import MiniLM, unit_rows
from playhead.types import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from playhead.models.roles import Image

    Floats = NDArray[np.float32]
    Report = Callable[[Progress], None]

FEWEST = 20
LOOK_AT_ONCE = 64
READ_AT_ONCE = 1024
COHORT = 400


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a head is trained; every value was chosen by cross-validation (docs/picture-head.md)."""

    epochs: int = 40
    fewest_steps: int = 200
    batch: int = 512
    rate: float = 1e-3
    decay: float = 0.1
    dropout: float = 0.7
    mean_caption: float = 0.5
    dim: int = 384
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Examples:
    """What the network saw in photographs, and the `(m, 384)` vectors of their captions, photograph by photograph.

    `features` is `(n, 2, width)`: a photograph as it is, and as poor footage might show it. `described` is what
    `concepts:labels` makes of it. `skipped` images were missing or broken.
    """

    features: Floats
    described: Floats
    captions: Floats
    counts: NDArray[np.int64]
    skipped: int = 0

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def owners(self) -> NDArray[np.int64]:
        """For each caption the number of its photograph."""
        return np.repeat(np.arange(len(self)), self.counts)

    def some(self, chosen: NDArray[np.int64]) -> Examples:
        """Those photographs, in that order."""
        starts = np.cumsum(self.counts) - self.counts
        rows = np.concatenate([np.arange(starts[i], starts[i] + self.counts[i]) for i in chosen])
        return Examples(self.features[chosen], self.described[chosen], self.captions[rows], self.counts[chosen])


def gather(captioned: list[Captioned], report: Report) -> Examples:
    """Look at every photograph and read its captions. Raises `InputError` when too few can be opened."""
    concepts = Concepts("labels")
    features, described, seen = [], [], []
    for start in range(0, len(captioned), LOOK_AT_ONCE):
        batch = captioned[start : start + LOOK_AT_ONCE]
        opened = [(one, image) for one in batch if (image := open_image(one.path)) is not None]
        seen += [one for one, _ in opened]
        views = [view for one, image in opened for view in (image, disturbed(image, one.path.name))]
        sight = concepts.network.look(views)
        features.append(sight.features.reshape(len(opened), 2, sight.features.shape[1]))
        described.append(concepts.describe(sight)[::2])
        report(Progress("looking at photographs", "", start + len(batch), len(captioned)))
    if len(seen) < FEWEST:
        raise InputError(
            f"{len(seen)} captioned images can be opened", f"a head needs at least {FEWEST}", "Add more images."
        )
    if (different := len({caption for one in seen for caption in one.captions})) < FEWEST:
        what = f"the captions say {different} different things"
        raise InputError(what, f"a head needs at least {FEWEST}", "Describe each image as one would ask for it.")
    counts = np.array([len(one.captions) for one in seen])
    captions = _read([caption for one in seen for caption in one.captions], report)
    skipped = len(captioned) - len(seen)
    return Examples(np.concatenate(features), np.concatenate(described), captions, counts, skipped)


def disturbed(image: Image, name: str) -> Image:
    """The picture stretched, shrunk and compressed by amounts that follow from its `name` alone."""
    dice = np.random.default_rng(list(name.encode()))
    shrink, stretch = dice.uniform(0.4, 1.0), dice.uniform(0.75, 1.33)
    height, width = image.shape[:2]
    size = max(1, round(width * shrink * stretch**0.5)), max(1, round(height * shrink / stretch**0.5))
    file = BytesIO()
    Pillow.fromarray(image).resize(size, Pillow.Resampling.BICUBIC).save(
        file, "JPEG", quality=int(dice.integers(30, 90))
    )
    return np.asarray(Pillow.open(file).convert("RGB"), np.uint8)


def _read(captions: list[str], report: Report) -> Floats:
    sentences, rows = MiniLM(), []
    for start in range(0, len(captions), READ_AT_ONCE):
        rows.append(sentences.encode(captions[start : start + READ_AT_ONCE]))
        report(Progress("reading captions", "", start + len(rows[-1]), len(captions)))
    return np.concatenate(rows)


class Towers(nn.Module):
    """Both maps and the temperature; the text map begins as the captions' own space, centred."""

    def __init__(self, recipe: Recipe, mean_caption: torch.Tensor, features: int) -> None:
        super().__init__()
        self.picture = nn.Linear(features, recipe.dim)
        self.text = nn.Linear(len(mean_caption), recipe.dim)
        self.log_scale = nn.Parameter(torch.tensor(2.7))
        with torch.no_grad():
            start = torch.randn(recipe.dim, features, generator=torch.Generator().manual_seed(recipe.seed))
            self.picture.weight.copy_(start / features**0.5)
            self.picture.bias.zero_()
            self.text.weight.copy_(torch.eye(recipe.dim, len(mean_caption)))
            self.text.bias.copy_(-(self.text.weight @ mean_caption))

    def forward(self, features: torch.Tensor, captions: torch.Tensor) -> torch.Tensor:
        """Symmetric InfoNCE: each photograph among the captions, each caption among the photographs."""
        pictures = functional.normalize(self.picture(features), dim=1)
        texts = functional.normalize(self.text(captions), dim=1)
        logits = pictures @ texts.T * self.log_scale.exp().clamp(max=100)
        right = torch.arange(len(logits))
        return (functional.cross_entropy(logits, right) + functional.cross_entropy(logits.T, right)) / 2


def train(examples: Examples, recipe: Recipe, report: Report) -> PictureHead:
    """A head for these examples, on one thread so that its bytes do not depend on the machine's load."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return _train(examples, recipe, report)
    finally:
        torch.set_num_threads(threads)


def _train(examples: Examples, recipe: Recipe, report: Report) -> PictureHead:
    middle, spread = examples.features.mean(axis=(0, 1)), examples.features.std(axis=(0, 1))
    # What hardly varies among these photographs must not shout when it does elsewhere.
    spread = np.maximum(spread, np.median(spread) / 20)
    features = torch.from_numpy((examples.features - middle) / spread)
    captions, means = torch.from_numpy(examples.captions), torch.from_numpy(_means(examples))
    counts = torch.from_numpy(examples.counts)
    starts = counts.cumsum(0) - counts
    towers = Towers(recipe, means.mean(dim=0), features.shape[2])
    batch = min(recipe.batch, len(examples) // 2)
    in_epoch = len(examples) // batch
    epochs = max(recipe.epochs, -(-recipe.fewest_steps // in_epoch))
    optimiser = torch.optim.AdamW(towers.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.rate, total_steps=epochs * in_epoch)
    dice = torch.Generator().manual_seed(recipe.seed + 1)
    for epoch in range(epochs):
        losses = []
        for chosen in torch.randperm(len(examples), generator=dice)[: in_epoch * batch].view(-1, batch):
            one = captions[starts[chosen] + (torch.rand(batch, generator=dice) * counts[chosen]).long()]
            mean = torch.rand(batch, 1, generator=dice) < recipe.mean_caption
            view = torch.randint(features.shape[1], (batch,), generator=dice)
            kept = torch.rand(batch, features.shape[2], generator=dice) >= recipe.dropout
            seen = features[chosen, view] * kept / (1 - recipe.dropout)
            loss = towers(seen, torch.where(mean, means[chosen], one))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
        report(Progress("training", "", epoch + 1, epochs, f"loss {np.mean(losses):.3f}"))
    return _folded(towers, middle, spread, examples)


def _means(examples: Examples) -> Floats:
    starts = np.cumsum(examples.counts) - examples.counts
    sums = np.add.reduceat(examples.captions, starts, axis=0)
    means: Floats = (sums / examples.counts[:, None]).astype(np.float32)
    return means


def _folded(towers: Towers, middle: Floats, spread: Floats, examples: Examples) -> PictureHead:
    """The head with the standardising of the features inside its picture map, not calibrated yet."""
    weight, offset, text_weight, text_offset = (
        tensor.detach().numpy()
        for tensor in (towers.picture.weight, towers.picture.bias, towers.text.weight, towers.text.bias)
    )
    weight = (weight / spread).astype(np.float32)
    offset = offset - weight @ middle
    cohort = examples.some(np.random.default_rng(0).permutation(len(examples))[:COHORT])
    nothing = np.zeros((0, 0), np.float32)
    head = PictureHead(weight, offset, text_weight, text_offset, nothing, nothing, np.zeros(3, np.float32))
    return replace(
        head, cohort=head.beside_labels(cohort.features[:, 0], cohort.described), captions=unit_rows(_means(cohort))
    )
