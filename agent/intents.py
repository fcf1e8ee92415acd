"""Which tool a clause calls for, by its likeness to worked requests.

Likeness is that of sentence vectors, helped by the words that tell one tool's examples from the others' (naive Bayes,
as log-odds). Nothing is trained: the examples are data (`prompts/requests.yaml`, and each tool's own).
"""

from __future__ import annotations

import hashlib
import io
import math
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from playhead import prompts
from playhead.models.cache import cache_folder, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from playhead.models.roles import SentenceEncoder
    from playhead.tools.contract import Tool

_FILLS = ("a dog", "the speaker", "a red car")
_SLOT = re.compile(r"\{\w+\}")
_WORD = re.compile(r"[a-z']+|\d+")
_NEAREST = 3
_WORDS_WEIGHT = 0.22
_SMOOTH = 0.5


@dataclass(frozen=True, slots=True)
class Example:
    """A worked request and what answers it: a tool, or something that no tool does (`outside`)."""

    text: str
    tool: str
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Intent:
    """What a clause calls for; `score` is about 0 to 1, `runner_up` the next likely tool and its score."""

    tool: str
    score: float
    outside: bool
    ranked: tuple[tuple[str, float], ...]

    def of(self, tool: str) -> float:
        """The score of one tool."""
        return dict(self.ranked).get(tool, 0.0)


def worked_examples(tools: Mapping[str, Tool[Any, Any]]) -> list[Example]:
    """The examples for these tools, their own included, and what lies outside."""
    said = yaml.safe_load(prompts.read_data("requests.yaml"))
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
        self._words = _word_odds(self.examples)
        self._kinds = list(dict.fromkeys(example.tool for example in self.examples))
        self._kind_of = np.array([self._kinds.index(self.examples[n].tool) for n in self._owner])
        self._outside = {example.tool for example in self.examples if example.outside}

    def of(self, clauses: Sequence[str]) -> list[Intent]:
        """What each clause calls for."""
        if not clauses:
            return []
        likeness = self._encoder.encode([clause.lower() for clause in clauses]) @ self._vectors.T
        return [self._intent(clause, row) for clause, row in zip(clauses, likeness, strict=True)]

    def nearest(self, text: str, count: int) -> list[Example]:
        """The worked requests most like a text, that tools can answer."""
        likeness = self._vectors @ self._encoder.encode([text.lower()])[0]
        order = dict.fromkeys(int(self._owner[n]) for n in np.argsort(-likeness, kind="stable"))
        return [self.examples[n] for n in order if not self.examples[n].outside][:count]

    def _intent(self, clause: str, likeness: NDArray[np.float32]) -> Intent:
        words = self._word_scores(clause)
        scores = {}
        for number, kind in enumerate(self._kinds):
            best = np.sort(likeness[self._kind_of == number])[::-1][:_NEAREST]
            scores[kind] = float(0.75 * best[0] + 0.25 * best.mean()) + _WORDS_WEIGHT * words[kind]
        ranked = tuple(sorted(scores.items(), key=lambda pair: (-pair[1], pair[0])))
        return Intent(ranked[0][0], ranked[0][1], ranked[0][0] in self._outside, ranked)

    def _word_scores(self, clause: str) -> dict[str, float]:
        found = set(_WORD.findall(clause.lower()))
        return {kind: math.tanh(sum(odds.get(word, 0.0) for word in found) / 3) for kind, odds in self._words.items()}

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


def _filled(text: str) -> Iterable[str]:
    if not _SLOT.search(text):
        return [text]
    return [_SLOT.sub(fill, text) for fill in _FILLS]


def _word_odds(examples: Sequence[Example]) -> dict[str, dict[str, float]]:
    """For each tool, how much more often its examples hold a word than the rest do, as log-odds; only where more."""
    held: dict[str, Counter[str]] = {}
    sizes: Counter[str] = Counter()
    for example in examples:
        held.setdefault(example.tool, Counter()).update(set(_WORD.findall(_SLOT.sub(" ", example.text.lower()))))
        sizes[example.tool] += 1
    everything, total = sum(held.values(), Counter()), sum(sizes.values())
    odds: dict[str, dict[str, float]] = {}
    for kind, counts in held.items():
        rest = total - sizes[kind]
        odds[kind] = {}
        for word, count in everything.items():
            inside = (counts[word] + _SMOOTH) / (sizes[kind] + 2 * _SMOOTH)
            outside = (count - counts[word] + _SMOOTH) / (rest + 2 * _SMOOTH)
            odds[kind][word] = max(-2.0, min(3.0, math.log(inside / outside))) if count > 1 or counts[word] else 0.0
    return odds
