"""Train the picture head of `concepts:head` on a folder of captioned images.

    python training/picture_head.py FOLDER [--out my_head.safetensors] [--about "whose photographs, on what terms"]
    python training/picture_head.py FOLDER --folds 5

FOLDER holds `captions.jsonl` ({"image": "dog.jpg", "captions": [...]}) or `captions.csv` (image,caption) and the
images. The file is used with `--model picture=concepts:my_head.safetensors`. The second form writes nothing: it says
how well heads trained on part of the photographs find the rest. Minutes on a processor, most of them spent looking at
the photographs and reading the captions; a thousand photographs are a good beginning. The same folder, seed and
versions give the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image as Pillow
from torch import nn
from torch.nn import functional

from playhead.errors import InputError, PlayheadError
from playhead.models.cache import write_atomically
from playhead.models.captioned import Captioned, open_image, read_captions
from playhead.models.concepts import Concepts, side_by_side
from playhead.models.picture_head import PictureHead, pack
from playhead.models.sentences import MiniLM

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from playhead.models.roles import Image

    Floats = NDArray[np.float32]
    Report = Callable[[str], None]

FEWEST = 20
LOOK_AT_ONCE = 64
READ_AT_ONCE = 1024
GALLERY = 399


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a head is trained; every value was chosen by cross-validation (docs/picture-head.md)."""

    epochs: int = 20
    fewest_steps: int = 200
    batch: int = 256
    rate: float = 1e-3
    decay: float = 0.01
    dropout: float = 0.6
    mean_caption: float = 0.5
    dim: int = 384
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Examples:
    """What the network saw in photographs, and the `(m, 384)` vectors of their captions, photograph by photograph.

    `features` is `(n, 2, width)`: a photograph as it is, and as poor footage might show it. `described` is what
    `concepts:labels` makes of it.
    """

    features: Floats
    described: Floats
    captions: Floats
    counts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.counts)

    def some(self, chosen: NDArray[np.int64]) -> Examples:
        """Those photographs, in that order."""
        starts = np.cumsum(self.counts) - self.counts
        rows = np.concatenate([np.arange(starts[i], starts[i] + self.counts[i]) for i in chosen])
        return Examples(self.features[chosen], self.described[chosen], self.captions[rows], self.counts[chosen])


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    try:
        examples = gather(read_captions(options.folder), _to_stderr)
        if options.folds:
            for name, ranks in cross_validate(examples, options.folds, Recipe(seed=options.seed), _to_stderr).items():
                _show(name, ranks)
        else:
            write_atomically(
                options.out, [train_file(examples, Recipe(seed=options.seed), options.about, _to_stderr)]
            )
            print(f"{options.out}: use it with --model picture=concepts:{options.out}")
    except (PlayheadError, OSError) as error:
        print(error, file=sys.stderr)
        return error.exit_code if isinstance(error, PlayheadError) else 1
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="FOLDER_OR_FILE")
    parser.add_argument("--out", type=Path, default=Path("picture_head.safetensors"))
    parser.add_argument("--about", default="", help="kept in the file: whose photographs, on what terms")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folds", type=int, default=0, help="cross-validate instead of writing a head")
    return parser.parse_args(arguments)


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def gather(captioned: list[Captioned], report: Report) -> Examples:
    """Look at every photograph and read its captions; those that cannot be opened are skipped and counted."""
    concepts = Concepts()
    features, described, seen = [], [], []
    for start in range(0, len(captioned), LOOK_AT_ONCE):
        batch = captioned[start : start + LOOK_AT_ONCE]
        opened = [(one, image) for one in batch if (image := open_image(one.path)) is not None]
        seen += [one for one, _ in opened]
        views = [view for one, image in opened for view in (image, disturbed(image, one.path.name))]
        sight = concepts.network.look(views)
        features.append(sight.features.reshape(len(opened), 2, sight.features.shape[1]))
        described.append(concepts.describe(sight)[::2])
        report(f"looked at {start + len(batch)} of {len(captioned)} photographs")
    if len(seen) < len(captioned):
        report(f"skipped {len(captioned) - len(seen)} images that are missing or broken")
    if len(seen) < FEWEST:
        raise InputError(
            f"{len(seen)} captioned images can be opened", f"a head needs at least {FEWEST}", "Add more images."
        )
    counts = np.array([len(one.captions) for one in seen])
    captions = _read([caption for one in seen for caption in one.captions], report)
    return Examples(np.concatenate(features), np.concatenate(described), captions, counts)


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
        report(f"read {start + len(rows[-1])} of {len(captions)} captions")
    return np.concatenate(rows)


def train_file(examples: Examples, recipe: Recipe, about: str, report: Report) -> bytes:
    """The bytes of a head trained on all examples."""
    head = train(examples, recipe, report)
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
        report(f"epoch {epoch + 1} of {epochs}: loss {np.mean(losses):.3f}")
    return _folded(towers, middle, spread)


def _means(examples: Examples) -> Floats:
    starts = np.cumsum(examples.counts) - examples.counts
    sums = np.add.reduceat(examples.captions, starts, axis=0)
    means: Floats = (sums / examples.counts[:, None]).astype(np.float32)
    return means


def _folded(towers: Towers, middle: Floats, spread: Floats) -> PictureHead:
    """The head with the standardising of the features inside its picture map."""
    weight, offset, text_weight, text_offset = (
        tensor.detach().numpy()
        for tensor in (towers.picture.weight, towers.picture.bias, towers.text.weight, towers.text.bias)
    )
    weight = (weight / spread).astype(np.float32)
    return PictureHead(weight, offset - weight @ middle, text_weight, text_offset)


def cross_validate(examples: Examples, folds: int, recipe: Recipe, report: Report) -> dict[str, NDArray[np.int64]]:
    """The place of the right photograph for every held-out caption, among about 399 held-out photographs."""
    if not 2 <= folds <= len(examples) // FEWEST:
        raise InputError(f"{folds} folds of {len(examples)} photographs", fix=f"Use 2 to {len(examples) // FEWEST}.")
    shuffled = np.random.default_rng(recipe.seed).permutation(len(examples))
    parts = np.array_split(shuffled, folds)
    found: dict[str, list[NDArray[np.int64]]] = defaultdict(list)
    for number, held_out in enumerate(parts):
        rest = np.concatenate([part for i, part in enumerate(parts) if i != number])
        head = train(examples.some(rest), replace(recipe, seed=recipe.seed + number), lambda _: None)
        for gallery in np.array_split(held_out, max(1, round(len(held_out) / GALLERY))):
            for name, ranks in compare(head, examples.some(gallery)).items():
                found[name].append(ranks)
        report(f"fold {number + 1} of {folds}")
    return {name: np.concatenate(ranks) for name, ranks in found.items()}


def compare(head: PictureHead, unseen: Examples) -> dict[str, NDArray[np.int64]]:
    """Places by the labels alone, by the head alone, and by both side by side as `concepts:head` has them."""
    pictures, texts = head.pictures(unseen.features[:, 0]), head.texts(unseen.captions)
    owners = np.repeat(np.arange(len(unseen)), unseen.counts)
    return {
        "labels": places(unseen.described, unseen.captions, owners),
        "head alone": places(pictures, texts, owners),
        "both": places(side_by_side(pictures, unseen.described), side_by_side(texts, unseen.captions), owners),
    }


def places(pictures: Floats, texts: Floats, owners: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each text the place of its photograph among all, 1 is best, ties count against it."""
    likeness = texts @ pictures.T
    own = likeness[np.arange(len(owners)), owners]
    ranks: NDArray[np.int64] = (likeness >= own[:, None]).sum(axis=1)
    return ranks


def _show(name: str, ranks: NDArray[np.int64]) -> None:
    recall = "  ".join(f"R@{k} {(ranks <= k).mean():.3f}" for k in (1, 5, 10))
    print(f"{name}: {recall} ({len(ranks)} held-out captions)")


if __name__ == "__main__":
    sys.exit(main())
