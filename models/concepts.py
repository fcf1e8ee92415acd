"""Pictures in the space of sentences with no picture-caption model: what a classifier sees, said in WordNet's words.

After ConSE (Norouzi et al. 2013): a picture is the sum of the sentence vectors of the labels it scores, here with
squared positive logits (standardised over the labels) as weights and WordNet definitions as the labels' texts. The
label vectors are centred and half whitened, so that what all labels share does not drown what sets them apart.
"""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from playhead.errors import SettingsError
from playhead.models import weights
from playhead.models.cache import cache_folder, sha256_of, write_atomically
from playhead.models.needs import Needs
from playhead.models.sentences import MiniLM, unit_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from numpy.typing import NDArray

    from playhead.models.efficientnet import EfficientNetLite0
    from playhead.models.roles import Image, Vectors

LABELS_FILE = Path(__file__).with_name("imagenet_labels.tsv")
_LABELS = "labels"
_PIXELS = 224 * 224
_STEP = 32
_LONGEST = 512
_BATCH = 8
_WHITENING = 0.5


@dataclass(frozen=True, slots=True)
class Label:
    """A class of ImageNet with its first WordNet name and its definition."""

    name: str
    definition: str


@cache
def labels() -> tuple[Label, ...]:
    """The thousand classes in the order of the classifier's outputs."""
    rows = LABELS_FILE.read_text(encoding="utf-8").splitlines()
    fields = (row.split("\t") for row in rows if not row.startswith("#"))
    return tuple(Label(names.partition(",")[0], definition) for _, names, definition in fields)


@dataclass(frozen=True, slots=True)
class Sight:
    """What the network made of some pictures: `(n, 1280)` features and `(n, 1000)` label logits."""

    features: NDArray[np.float32]
    logits: NDArray[np.float32]


class LabelNetwork:
    """EfficientNet-Lite0 over whole pictures of any shape, in one pass each."""

    def __init__(self, *, threads: int = 1, device: str = "cpu") -> None:
        self._threads, self._device = threads, device

    def look(self, images: Sequence[Image]) -> Sight:
        """Features and logits, in the order of `images`; pictures of one shape share a pass."""
        from playhead.models.efficientnet import CLASSES, FEATURES

        sight = Sight(np.zeros((len(images), FEATURES), np.float32), np.zeros((len(images), CLASSES), np.float32))
        by_size: dict[tuple[int, int], list[int]] = {}
        for i, image in enumerate(images):
            by_size.setdefault(network_size(*image.shape[:2]), []).append(i)
        for size, members in by_size.items():
            for start in range(0, len(members), _BATCH):
                batch = members[start : start + _BATCH]
                sight.features[batch], sight.logits[batch] = self._pass([_scaled(images[i], size) for i in batch])
        return sight

    def _pass(self, pictures: list[NDArray[np.uint8]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        import torch

        network = self._network
        with torch.inference_mode():
            batch: torch.Tensor = torch.from_numpy(np.stack(pictures)).to(self._device)
            features = network.features((batch.permute(0, 3, 1, 2).float() - 127) / 128)
            logits = network._fc(features)
        return features.cpu().numpy(), logits.cpu().numpy()

    @cached_property
    def _network(self) -> EfficientNetLite0:
        import torch

        from playhead.models import efficientnet

        torch.set_num_threads(self._threads)
        return efficientnet.load(weights.locate("efficientnet-lite0.weights")).to(self._device)


class Concepts:
    """Pictures and words in MiniLM's space; `concepts:labels` needs no training data but the labels' names."""

    dim = MiniLM.dim

    def __init__(self, argument: str = _LABELS, *, threads: int = 1, device: str = "cpu") -> None:
        self.id = self.needs(argument).identity
        self.network = LabelNetwork(threads=threads, device=device)
        self._sentences = MiniLM(threads=threads)

    @staticmethod
    def needs(argument: str = _LABELS) -> Needs:
        """Packaged weights of both halves."""
        if argument != _LABELS:
            raise SettingsError(f"no picture model concepts:{argument}", fix="Use concepts:labels.")
        return Needs(
            f"concepts:{argument}",
            packages=("torch", "PIL"),
            weights=("efficientnet-lite0.weights", "minilm.weights", "minilm.tokenizer"),
        )

    def encode_images(self, images: Sequence[Image]) -> Vectors:
        """`(len(images), 384)` unit rows; one network pass a picture."""
        return unit_rows(label_weights(self.network.look(images).logits) @ self._label_vectors)

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """`(len(texts), 384)` unit rows, without torch."""
        return self._sentences.encode(texts)

    def unreadable(self, text: str) -> str:
        """Why the English sentence model cannot make sense of `text`, or `""`."""
        return self._sentences.unreadable(text)

    def name_concepts(self, image: Image, count: int = 3) -> list[tuple[str, float]]:
        """The most likely labels of a picture with their probabilities, best first."""
        logits = self.network.look([image]).logits[0]
        chances = np.exp(logits - logits.max())
        chances /= chances.sum()
        best = np.argsort(-chances, kind="stable")[:count]
        return [(labels()[i].name, float(chances[i])) for i in best]

    @cached_property
    def _label_vectors(self) -> NDArray[np.float32]:
        file = cache_folder() / "labels" / f"{self._sentences.id}-{sha256_of(LABELS_FILE)[:16]}.npy"
        found = read_vectors(file)
        if found is None:
            found = half_whitened(self._sentences.encode([f"{label.name}: {label.definition}" for label in labels()]))
            content = io.BytesIO()
            np.save(content, found, allow_pickle=False)
            with contextlib.suppress(OSError):
                write_atomically(file, [content.getvalue()])
        return found


def network_size(height: int, width: int) -> tuple[int, int]:
    """Height and width for the network: the picture's own shape, as many pixels as 224 x 224, multiples of 32."""
    scale = (_PIXELS / max(1, height * width)) ** 0.5
    tall, wide = (min(_LONGEST, max(_STEP, round(side * scale / _STEP) * _STEP)) for side in (height, width))
    return tall, wide


def label_weights(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much each label counts in a picture: squared positive logits, standardised over the labels."""
    spread = logits.std(axis=1, keepdims=True)
    standard = (logits - logits.mean(axis=1, keepdims=True)) / np.maximum(spread, 1e-6)
    weighted: NDArray[np.float32] = np.maximum(standard, 0) ** 2
    return weighted


def half_whitened(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Centred rows whose principal directions are divided by the square root of their strength."""
    centred = vectors - vectors.mean(axis=0)
    _, strength, directions = np.linalg.svd(centred, full_matrices=False)
    relative = np.maximum(strength / strength[0], 1e-3) ** -_WHITENING
    whitened: NDArray[np.float32] = ((centred @ directions.T) * relative) @ directions
    return whitened.astype(np.float32)


def _scaled(image: Image, size: tuple[int, int]) -> NDArray[np.uint8]:
    from PIL import Image as Pillow

    height, width = size
    picture = Pillow.fromarray(np.ascontiguousarray(image)).resize((width, height), Pillow.Resampling.BICUBIC)
    return np.asarray(picture, np.uint8)


def read_vectors(file: Path) -> NDArray[np.float32] | None:
    """Label vectors as they were saved, or None where the file is missing, damaged or of another shape."""
    try:
        found = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    fits = found.shape == (len(labels()), MiniLM.dim) and found.dtype == np.float32 and np.isfinite(found).all()
    return found if fits else None
