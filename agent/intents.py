"""Which tool a clause calls for, by its likeness to worked requests.

Two views are added: the likeness of its sentence vector to the nearest examples, and a ridge regression from vectors
and words to tools (Hoerl and Kennard 1970), solved in closed form from the examples when they are loaded. These
are data (`prompts/requests.yaml`, and each tool's own): nothing else is learnt.
"""

from __future__ import annotations

import difflib
import hashlib
import io
import math
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from playhead import prompts, strict_yaml
from playhead.agent.slots import QUOTED
from playhead.models.cache import cache_folder, write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from playhead.models.roles import SentenceEncoder
    from playhead.tools.contract import Tool

_FILLS = ("a dog", "the speaker", "a red car")
_SLOT = re.compile(r"\{\w+\}")
_WORD = re.compile(r"[a-z']+|\d+")
_NEAREST = 3
_WORDS_WEIGHT, _CONSTANT, _RIDGE = 0.8, 0.3, 1.0
_SPELLING = 0.85
_COMMON = tuple(
    "sentences every stills frames chapters summarize describe transcribe screenshots captions minutes".split()
)


@dataclass(frozen=True, slots=True)
class Example:
    """A worked request and what answers it: a tool, or something that no tool does (`outside`)."""

    text: str
    tool: str
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Intent:
    """What a clause calls for; `score` is about 0 to 1, `ranked` are all of them, likeliest first."""

    tool: str
    score: float
    outside: bool
    ranked: tuple[tuple[str, float], ...]
    beyond: frozenset[str] = frozenset()  # those of `ranked` that no tool does

    def without(self, tools: frozenset[str]) -> Intent:
        """What it calls for where it cannot be one of these tools."""
        tool, score = next(pair for pair in self.ranked if pair[0] not in tools)
        return replace(self, tool=tool, score=score, outside=tool in self.beyond)

    def of(self, tool: str) -> float:
        """The score of one tool."""
        return dict(self.ranked).get(tool, 0.0)


def worked_examples(tools: Mapping[str, Tool[Any, Any]]) -> list[Example]:
    """The examples for these tools, their own included, and what lies outside."""
    said = strict_yaml.ours(prompts.read_data("requests.yaml"))
    found = [Example(text, tool) for tool, texts in said["tools"].items() if tool in tools for text in texts]
    found += [Example(text, name) for name, tool in tools.items() for text in tool.examples]
    known = {example.tool for example in found}
    found += [Example(tool.description(), name) for name, tool in tools.items() if name not in known]
    return found + [Example(text, kind, True) for kind, texts in said["outside"].items() for text in texts]


class Intents:
    """Compares clauses with examples. The examples' vectors are computed once and kept in the cache folder."""

    def __init__(self, examples: Sequence[Example], encoder: SentenceEncoder) -> None:
        self.examples, self._encoder = list(examples), encoder
        filled = [(fill, n) for n, e in enumerate(self.examples) for fill in _filled(e.text)]
        self._owner = np.array([n for _, n in filled])
        self._vectors = self._kept([text for text, _ in filled])
        counts = Counter(word for e in self.examples if not e.outside for word in set(_WORD.findall(e.text.lower())))
        self._known = set(counts) | {f"{word}s" for word in counts}
        self._common = [*_COMMON, *(word for word, count in counts.items() if count > 2 and len(word) > 6)]
        self._kinds = list(dict.fromkeys(example.tool for example in self.examples))
        self._kind_of = np.array([self._kinds.index(self.examples[n].tool) for n in self._owner])
        self._count = np.array([len(_filled(example.text)) for example in self.examples])[self._owner]
        self._bag = _Bag([_features(self.examples[n].text) for n in self._owner])
        self._weights = self._solved()
        self._outside = frozenset(example.tool for example in self.examples if example.outside)

    def knows(self, text: str) -> bool:
        """Whether a word of it stands in a worked request."""
        return any(word in self._known for word in _WORD.findall(text.lower()))

    def spelled(self, text: str) -> str:
        """The text with slips in the words that requests are made of put right: "sumarize", "evry".

        What is quoted stays, and so does every word that the encoder was trained with; one that cannot tell which
        those are mends nothing.
        """
        knows = getattr(self._encoder, "knows", lambda _: True)
        quoted = [found.span() for found in QUOTED.finditer(text)]

        def mended(found: re.Match[str]) -> str:
            word = found[0]
            if word in self._known or knows(word) or any(start <= found.start() < end for start, end in quoted):
                return word
            close = difflib.get_close_matches(word, self._common, n=1, cutoff=_SPELLING)
            return close[0] if close and _differ(close[0], word) else word

        return re.sub(r"(?<![\w.'-])[a-z]{4,}(?![\w'-]|\.\w)", mended, text)

    def of(self, clauses: Sequence[str]) -> list[Intent]:
        """What each clause calls for."""
        if not clauses:
            return []
        vectors = self._encoder.encode([clause.lower() for clause in clauses])
        likeness = vectors @ self._vectors.T
        learnt = self._seen(vectors, [_features(clause) for clause in clauses]) @ self._weights
        return [self._intent(row, by_weights) for row, by_weights in zip(likeness, learnt, strict=True)]

    def nearest(self, text: str, count: int) -> list[Example]:
        """The worked requests most like a text, that tools can answer."""
        likeness = self._vectors @ self._encoder.encode([text.lower()])[0]
        order = dict.fromkeys(int(self._owner[n]) for n in np.argsort(-likeness, kind="stable"))
        return [self.examples[n] for n in order if not self.examples[n].outside][:count]

    def _intent(self, likeness: NDArray[np.float32], learnt: NDArray[np.float64]) -> Intent:
        scores = {}
        for number, kind in enumerate(self._kinds):
            best = np.sort(likeness[self._kind_of == number])[::-1][:_NEAREST]
            scores[kind] = (float(0.75 * best[0] + 0.25 * best.mean()) + float(learnt[number])) / 2
        ranked = tuple(sorted(scores.items(), key=lambda pair: (-pair[1], pair[0])))
        return Intent(ranked[0][0], ranked[0][1], ranked[0][0] in self._outside, ranked, self._outside)

    def _seen(self, vectors: NDArray[np.float32], features: Sequence[set[str]]) -> NDArray[np.float64]:
        """What the regression sees of a text: its vector, its words, and a constant."""
        constant = np.full((len(vectors), 1), _CONSTANT)
        return np.hstack([vectors.astype(np.float64), _WORDS_WEIGHT * self._bag.rows(features), constant])

    def _solved(self) -> NDArray[np.float64]:
        """The weights: one column a kind. An example that fills its slot in several ways counts once."""
        seen = self._seen(self._vectors, [_features(self.examples[n].text) for n in self._owner])
        kernel = seen @ seen.T + _RIDGE * np.diag(self._count.astype(np.float64))
        weights: NDArray[np.float64] = seen.T @ np.linalg.solve(kernel, np.eye(len(self._kinds))[self._kind_of])
        return weights

    def _kept(self, texts: list[str]) -> NDArray[np.float32]:
        name = hashlib.sha256("\n".join([self._encoder.id, *texts]).encode()).hexdigest()[:24]
        file = cache_folder() / "requests" / f"{name}.npy"
        with suppress(OSError, ValueError):
            found: NDArray[np.float32] = np.load(file, allow_pickle=False)
            if found.shape == (len(texts), self._encoder.dim):
                return found
        vectors = self._encoder.encode(texts)
        content = io.BytesIO()
        np.save(content, vectors, allow_pickle=False)
        with suppress(OSError):
            write_atomically(file, [content.getvalue()])
        return vectors


def _differ(close: str, word: str) -> bool:
    """Whether one is a slip of the other, rather than the same with another ending."""
    return close[0] == word[0] and not close.startswith(word) and not word.startswith(close)


def _filled(text: str) -> list[str]:
    if not _SLOT.search(text):
        return [text]
    return [_SLOT.sub(fill, text) for fill in _FILLS]


def _features(text: str) -> set[str]:
    """The words of a text, pairs of neighbours, and how it begins; what stands in a slot is left out."""
    words = _WORD.findall(_SLOT.sub(" ", text.lower()))
    return {*words, *(f"{a} {b}" for a, b in pairwise(words)), f"^{' '.join(words[:1])}", f"^{' '.join(words[:2])}"}


class _Bag:
    """Words weighted by how few examples hold them (inverse document frequency), as rows of unit length."""

    def __init__(self, features: Sequence[set[str]]) -> None:
        held = Counter(word for one in features for word in one)
        kept = [word for word, count in held.items() if count > 1]
        self._place = {word: n for n, word in enumerate(kept)}
        self._weight = np.array([math.log(len(features) / held[word]) for word in kept])

    def rows(self, features: Sequence[set[str]]) -> NDArray[np.float64]:
        """`(len(features), words)`; a text without any known word gives a row of zeros."""
        rows = np.zeros((len(features), len(self._place)))
        for row, words in zip(rows, features, strict=True):
            for word in words & self._place.keys():
                row[self._place[word]] = self._weight[self._place[word]]
        lengths: NDArray[np.float64] = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
        rows /= lengths
        return rows
