"""A trained head over the label network: what captioned photographs teach about which sentence fits which picture.

Two linear maps into one space, one from the network's features and one from MiniLM's sentence vectors, learnt with
the symmetric contrastive loss of CLIP (Radford et al. 2021). They are a safetensors file of two matrices and two
offsets in half precision; features are standardised inside the first. Beside them lies a cohort: the vectors of
some photographs, against which a query's similarities are judged, as in the verification of speakers (Auckenthaler
et al. 2000), and what was written about them: a query that resembles these captions trusts what captions taught, a
query unlike them trusts the labels. `docs/picture-head.md` is the card of the file that comes with the package.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from playhead.models.roles import Curve
from playhead.models.sentences import MiniLM, unit_rows
from playhead.models.trained import REINSTALL, read_trained, refused, write_trained

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from playhead.errors import WeightsError
    from playhead.models.roles import Vectors

HEAD_FILE = Path(__file__).with_name("picture_head.safetensors")
HEAD_SHA256 = "3fa7a7f079f1503bce9e1a4b114a91a12793291687f5d16c1345061ca04925c1"
FEATURES = 1280 + 1568
_WHAT = "picture head"
_PLACES = {
    "picture.weight": 2, "picture.offset": 1, "text.weight": 2, "text.offset": 1,
    "cohort": 2, "captions": 2, "calibration": 1,
}  # fmt: skip
COHORT_SHARE = 0.02
COHORT_LEAST = 4  # of a small cohort: the pictures asked for may be among it
_STRANGE, _FAMILIAR = 0.25, 0.45  # likeness to the captions, from which the learnt half begins to, and fully, counts
_LEAST, _MOST = 0.3, 0.75  # … what it then counts


@dataclass(frozen=True, slots=True)
class PictureHead:
    """Features and sentence vectors into one space of `dim` numbers.

    `cohort` are rows as `concepts:head` gives them for photographs, `captions` the sentence vectors of what was
    written about each. `calibration` are three weights of a logistic regression: of a similarity, of the similarity
    that 2 % of the cohort reach, and an offset.
    """

    picture_weight: NDArray[np.float32]
    picture_offset: NDArray[np.float32]
    text_weight: NDArray[np.float32]
    text_offset: NDArray[np.float32]
    cohort: NDArray[np.float32]
    captions: NDArray[np.float32]
    calibration: NDArray[np.float32]

    @property
    def dim(self) -> int:
        """The length of a vector."""
        return len(self.picture_offset)

    def pictures(self, features: NDArray[np.float32]) -> Vectors:
        """Unit rows for the `features` of `(n, …)` sights."""
        return unit_rows(features @ self.picture_weight.T + self.picture_offset)

    def texts(self, sentences: NDArray[np.float32]) -> Vectors:
        """Unit rows for `(n, 384)` sentence vectors."""
        return unit_rows(sentences @ self.text_weight.T + self.text_offset)

    def beside_labels(self, features: NDArray[np.float32], described: Vectors) -> Vectors:
        """Pictures by what was learnt, and beside it by their labels: `(n, dim + 384)` unit rows."""
        return unit_rows(np.concatenate([self.pictures(features), described], axis=1))

    def queries(self, sentences: NDArray[np.float32]) -> Vectors:
        """Texts whose product with such a picture is a weighted mean of the learnt and the labels' score, scaled."""
        near = (exceeded(self.captions, sentences) - _STRANGE) / (_FAMILIAR - _STRANGE)
        learnt = (_LEAST + (_MOST - _LEAST) * np.clip(near, 0, 1))[:, None]
        return unit_rows(np.concatenate([learnt * self.texts(sentences), (1 - learnt) * sentences], axis=1))

    def curve(self, query: NDArray[np.float32]) -> Curve:
        """How likely a picture is what `query`, a row as `concepts:head` gives it for words, asks for.

        A query that many photographs of the cohort resemble needs more likeness than one that few do.
        """
        slope, against, offset = (float(weight) for weight in self.calibration)
        return Curve(-(against * float(exceeded(self.cohort, query[None])[0]) + offset) / slope, slope)


def exceeded(cohort: NDArray[np.float32], queries: NDArray[np.float32]) -> NDArray[np.float32]:
    """For each query the similarity that 2 % of the cohort reach, but four of it at least."""
    count = min(len(cohort), max(COHORT_LEAST, round(COHORT_SHARE * len(cohort))))
    found: NDArray[np.float32] = np.partition(queries @ cohort.T, -count, axis=1)[:, -count]
    return found


def load(file: Path, expect_sha256: str = "") -> PictureHead:
    """The head in `file`; raises `WeightsError` when it is missing, damaged, or not the bytes that are expected."""
    return _head(file, read_trained(file, _WHAT, expect_sha256, _fix(file))[0])


def _head(file: Path, tensors: Mapping[str, NDArray[np.float32]]) -> PictureHead:
    if {name: tensor.ndim for name, tensor in tensors.items()} != _PLACES:
        raise _refused(file, f"it does not hold {', '.join(_PLACES)}")
    head = PictureHead(*(tensors[name] for name in _PLACES))
    dim, rows = head.dim, len(head.cohort)
    shapes = {
        "picture.weight": (dim, FEATURES), "picture.offset": (dim,),
        "text.weight": (dim, MiniLM.dim), "text.offset": (dim,),
        "cohort": (rows, dim + MiniLM.dim), "captions": (rows, MiniLM.dim), "calibration": (3,),
    }  # fmt: skip
    if {name: tensor.shape for name, tensor in tensors.items()} != shapes:
        raise _refused(file, "its tensors do not fit the networks")
    if not rows:
        raise _refused(file, "it holds no cohort")
    if head.calibration[0] <= 0:
        raise _refused(file, "by its calibration likeness speaks against a match")
    return head


def pack(head: PictureHead, about: Mapping[str, str]) -> bytes:
    """The bytes of a head's file, `about` in its metadata; the same for the same head."""
    parts = (
        head.picture_weight, head.picture_offset, head.text_weight, head.text_offset,
        head.cohort, head.captions, head.calibration,
    )  # fmt: skip
    return write_trained(dict(zip(_PLACES, parts, strict=True)), _WHAT, about)


def _refused(file: Path, why: str) -> WeightsError:
    return refused(file, _WHAT, why, _fix(file))


def _fix(file: Path) -> str:
    return REINSTALL if file == HEAD_FILE else "Train it again."
