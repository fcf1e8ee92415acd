"""Texts into categories of harm, offline: small trained heads over the packaged sentence encoders.

A text is read as it is and as it says without its disguises, each reading in passages of a few sentences. MiniLM (for
other languages over its bridge) and USE turn a passage into 896 numbers, and for each category a logistic regression
turns those into a chance. Sentences of a longer passage are read by themselves too, for a passage drowns them, and
count a little less without what stands around them. The likeliest part counts. Of long texts USE reads everything and
names the likeliest parts for each category, which both encoders then judge.
`docs/text-moderation.md` is the card.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from playhead.models.disguises import readings
from playhead.models.multilingual import Multilingual
from playhead.models.needs import Needs
from playhead.models.roles import Finding
from playhead.models.trained import read_trained, refused, write_trained
from playhead.models.use import USE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from playhead.models.roles import Vectors

HEADS_FILE = Path(__file__).with_name("moderation.safetensors")
HEADS_SHA256 = "f9eeec7f849580217b2dd504f3fbda2cd6d1a23789a156f9d77fced39c744062"
CATEGORIES = ("harassment", "hate", "illicit", "self_harm", "sexual", "violence")
FEATURES = Multilingual.dim + USE.dim
_WHAT = "moderation heads"
_PLACES = ("weight", "offset", "screen.weight", "screen.offset")

PASSAGE_LETTERS = 600
SENTENCE_LETTERS = 120
HANDICAP = 1.5  # of a sentence without what stands around it, in logits
_CUE_FROM = 0.2  # a score below is not worth the search for its sentence
_READ_CLOSELY = 48  # parts that both encoders read; of more, the likeliest for each category
_AT_ONCE = 512  # parts that USE reads in one go
_SENTENCE = re.compile(r"[^.!?\n。！？؟।]+[.!?\n。！？؟।]*\s*|[.!?\n。！？؟।]+\s*")


@dataclass(frozen=True, slots=True)
class HeadWeights:
    """A row of weights and an offset for each category, calibrated.

    `screen` ones look at USE's numbers alone and only rank: they are not calibrated.
    """

    weight: NDArray[np.float32]
    offset: NDArray[np.float32]
    screen_weight: NDArray[np.float32]
    screen_offset: NDArray[np.float32]

    def chances(self, features: NDArray[np.float32], handicaps: NDArray[np.float32]) -> NDArray[np.float32]:
        """`(n, 6)` chances for `(n, 896)` features; a handicap is taken from the logits of its row."""
        return _chance(features @ self.weight.T + self.offset - handicaps[:, None])

    def screened(self, features: NDArray[np.float32], handicaps: NDArray[np.float32]) -> NDArray[np.float32]:
        """`(n, 6)` numbers that rank `(n, 512)` vectors of USE, category by category."""
        ranks: NDArray[np.float32] = features @ self.screen_weight.T + self.screen_offset - handicaps[:, None]
        return ranks


def _chance(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    return (1 / (1 + np.exp(-np.clip(logits, -30, 30)))).astype(np.float32)


class Heads:
    """The offline text moderator."""

    categories = frozenset(CATEGORIES)

    def __init__(self, argument: str = "", *, threads: int = 1, device: str = "cpu") -> None:  # noqa: ARG002
        self._heads = load(HEADS_FILE, HEADS_SHA256)
        self._sentences = Sentences()
        self.id = self.needs(argument).identity

    @staticmethod
    def needs(argument: str = "") -> Needs:  # noqa: ARG004
        """What both encoders need, and the file of the heads."""
        encoders = Multilingual.needs()
        return Needs("heads", encoders.packages, encoders.weights, source=str(HEADS_FILE))

    def moderate(self, texts: Sequence[str]) -> list[tuple[Finding, ...]]:
        """For each text one finding for each category, most likely first; of any length, all of it is read."""
        return [self._moderated(text) for text in texts]

    def _moderated(self, text: str) -> tuple[Finding, ...]:
        found = parts(text)
        if not found:
            return tuple(Finding(category, 0.0) for category in CATEGORIES)
        read = self._likeliest(found)
        chances = self._heads.chances(self._sentences.features(read), _handicaps(found, read))
        findings = [
            Finding(category, float(chances[best, i]), self._cue(read[best], i, float(chances[best, i])))
            for i, (category, best) in enumerate(zip(CATEGORIES, chances.argmax(axis=0), strict=True))
        ]
        return tuple(sorted(findings, key=lambda finding: -finding.score))

    def _likeliest(self, found: Mapping[str, float]) -> list[str]:
        """The parts that both encoders should read, in their order."""
        every = list(found)
        if len(every) <= _READ_CLOSELY:
            return every
        groups = [every[start : start + _AT_ONCE] for start in range(0, len(every), _AT_ONCE)]
        ranks = np.concatenate([self._ranked(group, _handicaps(found, group)) for group in groups])
        each = _READ_CLOSELY // len(CATEGORIES)
        return [every[i] for i in np.unique(np.argpartition(-ranks, each, axis=0)[:each])]

    def _ranked(self, read: Sequence[str], handicaps: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._heads.screened(self._sentences.use.encode(read), handicaps)

    def _cue(self, part: str, category: int, score: float) -> str:
        """The sentence of a passage that USE alone ranks highest, from its beginning."""
        if len(part) > SENTENCE_LETTERS and score >= _CUE_FROM:
            sentences = list(_pieces(part, SENTENCE_LETTERS))
            ranks = self._ranked(sentences, np.zeros(len(sentences), np.float32))
            part = sentences[int(ranks[:, category].argmax())]
        return part[:SENTENCE_LETTERS].strip()


def _handicaps(found: Mapping[str, float], read: Sequence[str]) -> NDArray[np.float32]:
    return np.array([found[part] for part in read], np.float32)


class Sentences:
    """What the heads look at: passages as both encoders see them, each loaded when it is first needed."""

    def __init__(self) -> None:
        self._multilingual, self.use = Multilingual(), USE()

    def features(self, read: Sequence[str]) -> Vectors:
        """`(len(read), 896)`: a unit row of MiniLM's space, and beside it one of USE's."""
        return np.concatenate([self._multilingual.encode(read), self.use.encode(read)], axis=1)


def parts(text: str) -> dict[str, float]:
    """What is read of a text, with handicaps: the passages of its readings, and the sentences of the long ones."""
    found: dict[str, float] = {}
    for reading in readings(text):
        for passage in passages(reading):
            found[passage] = 0.0
            if len(passage) > SENTENCE_LETTERS:
                for sentence in _pieces(passage, SENTENCE_LETTERS):
                    found.setdefault(sentence, HANDICAP)
    return found


def passages(text: str) -> list[str]:
    """The text in passages of whole sentences, at most 600 letters long, without those that hold no letter."""
    return [passage for passage in _pieces(text, PASSAGE_LETTERS) if any(map(str.isalnum, passage))]


def _pieces(text: str, most: int) -> Iterator[str]:
    held = ""
    for found in _SENTENCE.finditer(text):
        for sentence in _chopped(found[0], most):
            if len(held) + len(sentence) > most:
                yield held.strip()
                held = ""
            held += sentence
    if held.strip():
        yield held.strip()


def _chopped(sentence: str, most: int) -> Iterator[str]:
    """A sentence in parts of at most `most` letters, cut between words where there are any."""
    start = 0
    while len(sentence) - start > most:
        space = sentence.rfind(" ", start + most // 2, start + most)
        end = space + 1 if space > 0 else start + most
        yield sentence[start:end]
        start = end
    yield sentence[start:]


@cache
def load(file: Path, expect_sha256: str = "") -> HeadWeights:
    """The heads in `file`; raises `WeightsError` when it is missing, damaged, or not the bytes that are expected."""
    tensors, about = read_trained(file, _WHAT, expect_sha256)
    return _checked(file, about, tensors)


def _checked(file: Path, about: Mapping[str, object], tensors: Mapping[str, NDArray[np.float32]]) -> HeadWeights:
    count = len(CATEGORIES)
    shapes = dict(zip(_PLACES, ((count, FEATURES), (count,), (count, USE.dim), (count,)), strict=True))
    if about.get("categories") != list(CATEGORIES):
        raise refused(file, _WHAT, f"its categories are not {', '.join(CATEGORIES)}")
    if {name: tensor.shape for name, tensor in tensors.items()} != shapes:
        raise refused(file, _WHAT, "its tensors do not fit the encoders")
    return HeadWeights(*(tensors[name] for name in _PLACES))


def pack(heads: HeadWeights, about: Mapping[str, str]) -> bytes:
    """The bytes of the heads' file, `about` in its metadata; the same for the same heads."""
    places = (heads.weight, heads.offset, heads.screen_weight, heads.screen_offset)
    told = dict(about) | {"categories": list(CATEGORIES)}
    return write_trained(dict(zip(_PLACES, places, strict=True)), _WHAT, told)
