"""Texts into categories of harm, offline: small trained heads over the packaged sentence encoders.

A text is read as it is and as it says without its disguises, each reading in passages of a few sentences. MiniLM (for
other languages over its bridge) and USE turn a passage into 896 numbers, and a small network turns those into
seven chances. The sentences of a passage are read by themselves too, for it drowns them, and count a little less
without what stands around them. The likeliest part counts. Of long texts USE reads everything and names the likeliest
parts for each category, which both encoders then judge.
`docs/text-moderation.md` is the card.
"""

from __future__ import annotations

import re
from dataclasses import astuple, dataclass
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
HEADS_SHA256 = "0e834252051955e09531df234931419071ebf725cd0e7a290100428507cb1f60"
ASKED = ("harassment", "hate", "illicit", "self_harm", "sexual", "violence")
PICTURED = ("graphic",)
CATEGORIES = ASKED + PICTURED
"""What a request asks or a text says, and what a picture of it would show: each learnt from texts of its own."""
FEATURES = Multilingual.dim + USE.dim
_WHAT = "moderation heads"
_PLACES = ("hidden.weight", "hidden.offset", "weight", "direct", "offset", "screen.weight", "screen.offset")

PASSAGE_LETTERS = 600
SENTENCE_LETTERS = 120
HANDICAP = 0.5  # of a sentence without what stands around it, in logits
_CUE_FROM = 0.2  # a score below is not worth the search for its sentence
_CLOSELY_EACH = 8  # parts that both encoders read for each category, the likeliest of more
_AT_ONCE = 512  # parts that USE reads in one go
_WRAPPED = re.compile(r"(?<=[\w,;])[ \t]*\n[ \t]*(?=[a-z])")  # a line that goes on: no sentence ends there
_SENTENCE = re.compile(r"[^.!?\n。！？؟।]+[.!?\n。！？؟।]*\s*|[.!?\n。！？؟।]+\s*")


@dataclass(frozen=True, slots=True)
class Network:
    """One hidden layer of `units` rectified numbers, and a way past it."""

    hidden_weight: NDArray[np.float32]  # (units, 896)
    hidden_offset: NDArray[np.float32]  # (units,)
    weight: NDArray[np.float32]  # (7, units)
    direct: NDArray[np.float32]  # (7, 896)
    offset: NDArray[np.float32]  # (7,)

    def logits(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """`(n, 7)` logits for `(n, 896)` features."""
        hidden = np.maximum(features @ self.hidden_weight.T + self.hidden_offset, 0)
        found: NDArray[np.float32] = hidden @ self.weight.T + features @ self.direct.T + self.offset
        return found


@dataclass(frozen=True, slots=True)
class HeadWeights:
    """A calibrated network, and `screen`, which looks at USE's numbers alone and only ranks: it is not calibrated."""

    network: Network
    screen_weight: NDArray[np.float32]  # (7, 512)
    screen_offset: NDArray[np.float32]  # (7,)

    def chances(self, features: NDArray[np.float32], handicaps: NDArray[np.float32]) -> NDArray[np.float32]:
        """`(n, 7)` chances for `(n, 896)` features; a handicap is taken from the logits of its row."""
        return _chance(self.network.logits(features) - handicaps[:, None])

    def screened(self, features: NDArray[np.float32], handicaps: NDArray[np.float32]) -> NDArray[np.float32]:
        """`(n, 7)` numbers that rank `(n, 512)` vectors of USE, category by category."""
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
        found = parts(_WRAPPED.sub(" ", text))
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
        if len(every) <= _CLOSELY_EACH * len(CATEGORIES):
            return every
        groups = [every[start : start + _AT_ONCE] for start in range(0, len(every), _AT_ONCE)]
        ranks = np.concatenate([self._ranked(group, _handicaps(found, group)) for group in groups])
        return [every[i] for i in np.unique(np.argpartition(-ranks, _CLOSELY_EACH, axis=0)[:_CLOSELY_EACH])]

    def _ranked(self, read: Sequence[str], handicaps: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._heads.screened(self._sentences.use.encode(read), handicaps)

    def _cue(self, part: str, category: int, score: float) -> str:
        """The sentence of a passage that USE alone ranks highest, from its beginning."""
        if score >= _CUE_FROM and len(sentences := _sentences(part)) > 1:
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
    """What is read of a text, with handicaps: the passages of its readings, and each of their sentences by itself."""
    found: dict[str, float] = {}
    for reading in readings(text):
        for passage in passages(reading):
            found[passage] = 0.0
            if len(sentences := _sentences(passage)) > 1:
                for sentence in sentences:
                    found.setdefault(sentence, HANDICAP)
    return found


def passages(text: str) -> list[str]:
    """The text in passages of whole sentences, at most 600 letters long, without those that hold no letter."""
    found, held = list[str](), ""
    for sentence in _chopped(text, PASSAGE_LETTERS):
        if len(held) + len(sentence) > PASSAGE_LETTERS:
            found.append(held.strip())
            held = ""
        held += sentence
    return [passage for passage in [*found, held.strip()] if any(map(str.isalnum, passage))]


def _sentences(passage: str) -> list[str]:
    """Its sentences, long ones in parts, without those that hold no letter."""
    found = (sentence.strip() for sentence in _chopped(passage, SENTENCE_LETTERS))
    return [sentence for sentence in found if any(map(str.isalnum, sentence))]


def _chopped(text: str, most: int) -> Iterator[str]:
    """Its sentences, those of more than `most` letters in parts, cut between words where there are any."""
    for found in _SENTENCE.finditer(text):
        sentence, start = found[0], 0
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
    count, units = len(CATEGORIES), len(tensors.get("hidden.offset", ()))
    wanted = ((units, FEATURES), (units,), (count, units), (count, FEATURES), (count,), (count, USE.dim), (count,))
    shapes = dict(zip(_PLACES, wanted, strict=True))
    if about.get("categories") != list(CATEGORIES):
        raise refused(file, _WHAT, f"its categories are not {', '.join(CATEGORIES)}")
    if {name: tensor.shape for name, tensor in tensors.items()} != shapes:
        raise refused(file, _WHAT, "its tensors do not fit the encoders")
    *network, screen_weight, screen_offset = (tensors[name] for name in _PLACES)
    return HeadWeights(Network(*network), screen_weight, screen_offset)


def pack(heads: HeadWeights, about: Mapping[str, str]) -> bytes:
    """The bytes of the heads' file, `about` in its metadata; the same for the same heads."""
    told = dict(about) | {"categories": list(CATEGORIES)}
    tensors = (*astuple(heads.network), heads.screen_weight, heads.screen_offset)
    return write_trained(dict(zip(_PLACES, tensors, strict=True)), _WHAT, told)
