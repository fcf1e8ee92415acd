"""Training a picture head (`picture_head.py`) on a folder of captioned images, and measuring how good it will be.

Minutes on a processor, most of them spent looking at the photographs and reading the captions; a thousand
photographs are a good beginning. The same folder, seed and versions give the same bytes.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image as Pillow
from torch import nn
from torch.nn import functional

from playhead.errors import InputError
from playhead.models import picture_head
from playhead.models.captioned import Captioned, open_image
from playhead.models.concepts import Concepts
from playhead.models.picture_head import PictureHead, exceeded, pack
from playhead.models.sentences import MiniLM, unit_rows
from playhead.types import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from playhead.models.roles import Image

    Floats = NDArray[np.float32]
    Report = Callable[[Progress], None]

FEWEST = 20
LOOK_AT_ONCE = 64
READ_AT_ONCE = 1024
GALLERY = 399
COHORT = 400
FILM, SHOWN, FOLDS = 30, 3, 5  # pictures of a film that calibrates, how many of them a person looks at, and folds
FEWEST_TO_CALIBRATE = 2 * FILM * FOLDS


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


def train_file(examples: Examples, recipe: Recipe, about: str, report: Report) -> bytes:
    """The bytes of a head trained on all examples, calibrated on heads that each missed a part of them."""
    head = replace(train(examples, recipe, report), calibration=calibration(examples, recipe, report))
    return pack(
        head,
        {
            "about": about,
            "photographs": str(len(examples)),
            "captions": str(len(examples.captions)),
            "recipe": str(recipe),
        },
    )


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


def calibration(examples: Examples, recipe: Recipe, report: Report) -> Floats:
    """Weights of a similarity, of the one that 2 % of the cohort exceed, and an offset (`PictureHead.calibration`).

    Held-out photographs are shown as films of thirty, and each is asked for by the captions of its pictures and by
    as many of pictures that are elsewhere. A logistic regression then learns, of the best three pictures of an
    answer, which were meant. Photographs that are too few, or teach nothing, give the curve of the packaged head.
    """
    packaged = picture_head.load(picture_head.HEAD_FILE, picture_head.HEAD_SHA256).calibration
    if len(examples) < FEWEST_TO_CALIBRATE:
        return packaged
    rows: list[Floats] = []
    for number, (head, unseen) in enumerate(_held_out(examples, FOLDS, recipe)):
        rows += answers(head, unseen)
        report(Progress("calibrating", "", number + 1, FOLDS))
    observed = np.concatenate(rows)
    weights = logistic(observed[:, :2], observed[:, 2])
    return weights if weights[0] > 0 else packaged


def answers(head: PictureHead, unseen: Examples) -> list[Floats]:
    """What films of `unseen` photographs answer to captions of theirs, and of as many that are elsewhere.

    For each film rows of four: similarity, the cohort's, whether that picture was meant, whether any could be; the
    best three pictures for every caption, best first.
    """
    starts = range(0, len(unseen) - 2 * FILM + 1, 2 * FILM)
    return [_answers(head, unseen.some(np.arange(n, n + 2 * FILM))) for n in starts]


def _answers(head: PictureHead, asked: Examples) -> Floats:
    pictures, texts = _both(head, asked)
    likeness = texts @ pictures[:FILM].T
    best = np.argsort(-likeness, axis=1)[:, :SHOWN]
    against = np.repeat(exceeded(head.cohort, texts), best.shape[1])
    meant = best == asked.owners[:, None]
    found = np.take_along_axis(likeness, best, axis=1).ravel()
    answerable = np.repeat(asked.owners < FILM, best.shape[1])
    return np.stack([found, against, meant.ravel(), answerable], axis=1).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Validation:
    """What heads found among photographs they never saw.

    `ranks` are the places of the right photograph in galleries of about 399, by method; `films` rows as of `answers`,
    the best of each three.
    """

    ranks: dict[str, NDArray[np.int64]]
    films: Floats

    @property
    def first(self) -> float:
        """How often the right picture of a film of thirty is first."""
        return float(self.films[self.films[:, 3] > 0, 2].mean())

    def told_apart(self, *, by_cohort: bool) -> tuple[float, float]:
        """How well captions with an answer in a film are told from those without, by the best picture's score.

        The area under the curve of true and false alarms, and the share of right pictures that are kept when seven
        in ten of the captions without an answer are turned away.
        """
        features = self.films[:, : 2 if by_cohort else 1]
        score = features @ logistic(features, self.films[:, 2])[:-1]
        answerable = self.films[:, 3] > 0
        places = np.argsort(np.argsort(score)) + 1.0
        many, others = int(answerable.sum()), int((~answerable).sum())
        area = (places[answerable].sum() - many * (many + 1) / 2) / (many * others)
        kept = score >= np.quantile(score[~answerable], 0.7)
        return float(area), float((kept & (self.films[:, 2] > 0))[answerable].mean())


def logistic(features: Floats, right: Floats) -> Floats:
    """Weights of a logistic regression and its offset last, by Newton's method with a trace of ridge."""
    x = np.concatenate([features, np.ones((len(features), 1))], axis=1).astype(np.float64)
    weights = np.zeros(x.shape[1])
    ridge = 1e-3 * np.eye(x.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        gradient = x.T @ (right - chance) - ridge @ weights
        step = np.linalg.solve((x * (chance * (1 - chance))[:, None]).T @ x + ridge, gradient)
        weights = weights + step
        if np.abs(step).max() < 1e-8:
            break
    return weights.astype(np.float32)


def _held_out(examples: Examples, folds: int, recipe: Recipe) -> Iterator[tuple[PictureHead, Examples]]:
    """For each fold a head trained on the others, and the fold."""
    parts = np.array_split(np.random.default_rng(recipe.seed).permutation(len(examples)), folds)
    for number, unseen in enumerate(parts):
        rest = np.concatenate([part for i, part in enumerate(parts) if i != number])
        yield train(examples.some(rest), replace(recipe, seed=recipe.seed + number), _unheard), examples.some(unseen)


def _unheard(_: Progress) -> None:
    """Nobody is told."""


def _both(head: PictureHead, examples: Examples) -> tuple[Floats, Floats]:
    """Pictures and captions as `concepts:head` has them."""
    return head.beside_labels(examples.features[:, 0], examples.described), head.queries(examples.captions)


def cross_validate(examples: Examples, folds: int, recipe: Recipe, report: Report) -> Validation:
    """What heads trained on part of the photographs find among the rest."""
    if not 2 <= folds <= len(examples) // FEWEST:
        raise InputError(f"{folds} folds of {len(examples)} photographs", fix=f"Use 2 to {len(examples) // FEWEST}.")
    ranks: dict[str, list[NDArray[np.int64]]] = defaultdict(list)
    films = [np.zeros((0, 4), np.float32)]
    for number, (head, unseen) in enumerate(_held_out(examples, folds, recipe)):
        for gallery in np.array_split(np.arange(len(unseen)), max(1, round(len(unseen) / GALLERY))):
            for name, places_of in compare(head, unseen.some(gallery)).items():
                ranks[name].append(places_of)
        films += [film[::SHOWN] for film in answers(head, unseen)]
        report(Progress("cross-validating", "", number + 1, folds))
    return Validation({name: np.concatenate(found) for name, found in ranks.items()}, np.concatenate(films))


def compare(head: PictureHead, unseen: Examples) -> dict[str, NDArray[np.int64]]:
    """Places by the labels alone, by the head alone, and by both side by side as `concepts:head` has them."""
    return {
        "labels": places(unseen.described, unseen.captions, unseen.owners),
        "head alone": places(head.pictures(unseen.features[:, 0]), head.texts(unseen.captions), unseen.owners),
        "both": places(*_both(head, unseen), unseen.owners),
    }


def places(pictures: Floats, texts: Floats, owners: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each text the place of its photograph among all, 1 is best, ties count against it."""
    likeness = texts @ pictures.T
    own = likeness[np.arange(len(owners)), owners]
    ranks: NDArray[np.int64] = (likeness >= own[:, None]).sum(axis=1)
    return ranks
