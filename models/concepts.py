"""Pictures and sentences in one space without a large picture-caption model, from what a small classifier sees.

`concepts:labels` rests on nothing but the labels' names. After ConSE (Norouzi et al. 2013) a picture is the sum of
the sentence vectors of the labels it scores, here with squared positive logits (standardised over the labels) as
weights and WordNet definitions as the labels' texts. The label vectors are centred and half whitened, so that what
all labels share does not drown what sets them apart.

`concepts:head` sets beside these vectors those of a head trained on captioned photographs (`picture_head.py`): one
dot product of a picture and a sentence is then a mean of the two scores, weighted by how familiar the sentence is.
"""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from playhead.errors import SettingsError
from playhead.models import picture_head, weights
from playhead.models.cache import cache_folder, kept, sha256_of, write_atomically
from playhead.models.multilingual import Multilingual
from playhead.models.needs import Needs
from playhead.models.runtime import session
from playhead.models.sentences import MiniLM, unit_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from playhead.models.picture_head import PictureHead
    from playhead.models.roles import Curve, Image, Vectors

LABELS_FILE = Path(__file__).with_name("imagenet_labels.tsv")
_LABELS = "labels"
_HEAD = "head"
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
    """What the network made of some pictures, a row each: what it saw at every depth, and a thousand label logits.

    `features` are the 1280 numbers that the labels are judged by, then the mean and the deviation of the channels of
    each earlier stage (1568), where colours and textures are still told apart.
    """

    features: NDArray[np.float32]
    logits: NDArray[np.float32]


class LabelNetwork:
    """EfficientNet-Lite0 over whole pictures of any shape, in one pass each."""

    def look(self, images: Sequence[Image]) -> Sight:
        """Features and logits, in the order of `images`; pictures of one shape share a pass."""
        from playhead.models.efficientnet import CLASSES, FEATURES, STAGE_WIDTH

        width = FEATURES + STAGE_WIDTH
        sight = Sight(np.zeros((len(images), width), np.float32), np.zeros((len(images), CLASSES), np.float32))
        by_size: dict[tuple[int, int], list[int]] = {}
        for i, image in enumerate(images):
            by_size.setdefault(network_size(*image.shape[:2]), []).append(i)
        for size, members in by_size.items():
            for start in range(0, len(members), _BATCH):
                batch = members[start : start + _BATCH]
                sight.features[batch], sight.logits[batch] = self._pass([_scaled(images[i], size) for i in batch])
        return sight

    def _pass(self, pictures: list[NDArray[np.uint8]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        from playhead.models.efficientnet import LOGITS, PICTURES, SEEN

        seen, logits = self._session.run([SEEN, LOGITS], {PICTURES: np.stack(pictures)})
        return seen, logits

    @cached_property
    def _session(self) -> Any:
        return session(_label_graph())


class Concepts:
    """Pictures and words in MiniLM's space (`labels`), or beside it also in a trained head's (`head`, or a file)."""

    def __init__(self, argument: str = _HEAD, *, threads: int = 1, device: str = "cpu") -> None:  # noqa: ARG002
        self.id = self.needs(argument).identity
        self.network = LabelNetwork()
        self._sentences, self._queries = MiniLM(threads=threads), Multilingual(threads=threads)
        self._head = None if argument == _LABELS else _load_head(argument)
        self.dim = MiniLM.dim + (self._head.dim if self._head else 0)

    @staticmethod
    def needs(argument: str = _HEAD) -> Needs:
        """Packaged weights of both halves, and the head's file."""
        head = "" if argument == _LABELS else str(_head_file(argument))
        return Needs(
            f"concepts:{Path(argument).name}",
            packages=("onnxruntime", "PIL", *Multilingual.needs().packages),
            weights=("efficientnet-lite0.weights", *Multilingual.needs().weights),
            source=head,
        )

    def encode_images(self, images: Sequence[Image]) -> Vectors:
        """`(len(images), dim)` unit rows; one network pass a picture."""
        sight = self.network.look(images)
        described = self.describe(sight)
        return described if self._head is None else self._head.beside_labels(sight.features, described)

    def describe(self, sight: Sight) -> Vectors:
        """Pictures in MiniLM's space by their labels alone, `(n, 384)` unit rows."""
        return unit_rows(label_weights(sight.logits) @ self._label_vectors)

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """`(len(texts), dim)` unit rows, without torch."""
        sentences = self._queries.encode(texts)
        return sentences if self._head is None else self._head.queries(sentences)

    def calibration(self, query: NDArray[np.float32]) -> Curve | None:
        """The head's curve; None for labels alone, whose curve is in `index/calibration.yaml`."""
        return self._head.curve(query) if self._head else None

    def unreadable(self, text: str) -> str:
        """Why the sentence models cannot make sense of `text`, or `""`."""
        return self._queries.unreadable(text)

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


def _label_graph() -> Path | bytes:
    from playhead.models.efficientnet import GRAPH, onnx_bytes

    name = "efficientnet-lite0.weights"
    source = weights.locate(name)
    stem = f"efficientnet-lite0-{weights.entry(name).sha256[:8]}.{GRAPH}"
    return kept("graphs", stem, ".onnx", lambda: onnx_bytes(source))


def _head_file(argument: str) -> Path:
    file = picture_head.HEAD_FILE if argument == _HEAD else Path(argument).expanduser()
    if argument != _HEAD and not (file.suffix == picture_head.HEAD_FILE.suffix and file.is_file()):
        raise SettingsError(
            f"no picture model concepts:{argument}",
            fix=f"Use concepts:{_LABELS}, concepts:{_HEAD}, or concepts:FILE.safetensors with a head of your own.",
        )
    return file


def _load_head(argument: str) -> PictureHead:
    return picture_head.load(_head_file(argument), picture_head.HEAD_SHA256 if argument == _HEAD else "")


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
