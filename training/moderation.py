"""Train the moderation heads of `text_safety: heads`, and print how well such heads do on texts they did not see.

    python training/moderation.py CASES [--out models/moderation.safetensors] [--folds 5]

CASES is the folder of the public sets (`openai_mod/prompts.jsonl`, `xstest/xstest_prompts.csv`,
`hatecheck/cases.csv`); our own texts lie beside this script. Small networks learn from all passages of all texts, and
from the single sentences of those that hold no harm; each leaves out a fifth, on which a line is fitted that makes
logits into chances (Platt 1999), and their mean is what judges. Texts of one family, and texts that are nearly the
same, are always on one side of a fold. The same folder gives the same bytes on the same machine. After another run
put the sha256 that is printed into models/moderation.py.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import logistic
import network
import numpy as np
from moderation_texts import read_examples

from playhead.models.cache import write_atomically
from playhead.models.moderation import ASKED, HEADS_FILE, PICTURED, HeadWeights, Network, Sentences, pack, parts
from playhead.models.multilingual import Multilingual

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moderation_texts import Example
    from numpy.typing import NDArray

RIDGE = 0.5
SEED = 0
FOLDS = 5
_NETWORKS = 5
_SINGLY = 0.5  # what the sentences of a harmless text count by themselves, beside its passages
_NEARLY_THE_SAME = 0.92  # as MiniLM sees them
_ABOUT = {
    "data": "OpenAI moderation evaluation set (MIT), XSTest (CC BY 4.0), HateCheck (CC BY 4.0), texts of our own",
    "card": "docs/text-moderation.md",
}


@dataclass(frozen=True, slots=True)
class Encoded:
    """Every part that is read of some texts: its features, the number of its text, and its handicap."""

    features: NDArray[np.float32]
    of: NDArray[np.intp]
    handicaps: NDArray[np.float32]

    def chances(self, heads: HeadWeights) -> NDArray[np.float32]:
        """For each text the highest chance of any of its parts, category by category."""
        return self.highest(heads.chances(self.features, self.handicaps))

    def highest(self, of_parts: NDArray[np.float32]) -> NDArray[np.float32]:
        """For each text the largest number of any of its parts, category by category."""
        found = np.full((self.of[-1] + 1, of_parts.shape[1]), -np.inf, np.float32)
        np.maximum.at(found, self.of, of_parts)
        return found


@dataclass(frozen=True, slots=True)
class Data:
    """Texts as the heads see them, and what is known of them; `labels` are -1 where nobody gave one."""

    categories: tuple[str, ...]
    encoded: Encoded
    labels: NDArray[np.int64]
    weights: NDArray[np.float32]
    families: NDArray[np.intp]


def labelled(examples: Sequence[Example], categories: tuple[str, ...]) -> list[Example]:
    """Those of which something is known in one of these categories."""
    return [example for example in examples if not example.labels.keys().isdisjoint(categories)]


def gather(examples: Sequence[Example], categories: tuple[str, ...]) -> Data:
    """The examples, encoded; takes some minutes."""
    read = encoded([example.text for example in examples])
    labels = np.array([[example.labels.get(category, -1) for category in categories] for example in examples])
    weights = np.array([example.weight for example in examples], np.float32)
    return Data(categories, read, labels, weights, _families(examples, read))


def encoded(texts: Sequence[str]) -> Encoded:
    """Texts as they are read, with every disguise undone."""
    found = [parts(text) or {text: 0.0} for text in texts]
    flat = [part for of_text in found for part in of_text]
    handicaps = np.array([handicap for of_text in found for handicap in of_text.values()], np.float32)
    unique = {part: i for i, part in enumerate(dict.fromkeys(flat))}
    features = Sentences().features(list(unique))[[unique[part] for part in flat]]
    return Encoded(features, np.repeat(np.arange(len(found)), [len(of_text) for of_text in found]), handicaps)


def train(data: Data, known: NDArray[np.bool_]) -> HeadWeights:
    """Heads that have seen the texts `known` alone, calibrated on folds inside of them."""
    features, labels, weights = _lessons(data, known)
    by_use = features[:, Multilingual.dim :]
    told = weights.T > 0
    screen = np.stack([logistic.fit(by_use[at], labels[at, i], weights[at, i], RIDGE) for i, at in enumerate(told)])
    return HeadWeights(_calibrated(data, known), screen[:, :-1], screen[:, -1])


def together(one: HeadWeights, other: HeadWeights) -> HeadWeights:
    """The categories of one, then those of the other; neither looks at what the other's hidden units see."""
    a, b = one.network, other.network
    weight = np.zeros((len(a.weight) + len(b.weight), a.weight.shape[1] + b.weight.shape[1]), np.float32)
    weight[: len(a.weight), : a.weight.shape[1]], weight[len(a.weight) :, a.weight.shape[1] :] = a.weight, b.weight
    return HeadWeights(
        Network(
            np.concatenate([a.hidden_weight, b.hidden_weight]), np.concatenate([a.hidden_offset, b.hidden_offset]),
            weight, np.concatenate([a.direct, b.direct]), np.concatenate([a.offset, b.offset]),
        ),
        np.concatenate([one.screen_weight, other.screen_weight]),
        np.concatenate([one.screen_offset, other.screen_offset]),
    )  # fmt: skip


def cross_validated(data: Data, folds: int = FOLDS) -> tuple[NDArray[np.intp], list[HeadWeights]]:
    """The fold of each text, and for each fold heads that saw nothing of it, nor anything like it."""
    fold = assigned(data.families, folds, SEED)
    return fold, [train(data, fold != number) for number in range(folds)]


def held_out(data: Data, folds: int = FOLDS) -> NDArray[np.float32]:
    """For each text the chances that the heads of its fold give it."""
    fold, heads = cross_validated(data, folds)
    return np.stack([data.encoded.chances(one) for one in heads])[fold, np.arange(len(fold))]


def assigned(families: NDArray[np.intp], folds: int, seed: int) -> NDArray[np.intp]:
    """The fold of each text; families stay together, folds are of like size."""
    sizes = Counter(families.tolist())
    shuffled = np.random.default_rng(seed).permutation(sorted(sizes))
    fold, load = {}, np.zeros(folds)
    for family in sorted(shuffled.tolist(), key=lambda one: -sizes[one]):
        fold[family] = int(load.argmin())
        load[fold[family]] += sizes[family]
    return np.array([fold[family] for family in families.tolist()])


def _calibrated(data: Data, known: NDArray[np.bool_]) -> Network:
    """Networks that each left out a part of the known texts, as one, with the lines that those parts gave."""
    fold = assigned(data.families, _NETWORKS, SEED + 1)
    read, apart, networks = data.encoded, np.zeros(data.labels.shape, np.float32), []
    for number in range(_NETWORKS):
        left_out = fold == number
        networks.append(network.fit(*_lessons(data, known & ~left_out), seed=SEED + number))
        apart[left_out] = read.highest(networks[-1].logits(read.features) - read.handicaps[:, None])[left_out]
    told = (known[:, None] & (data.labels >= 0)).T
    lines = [
        logistic.fit(apart[at, i : i + 1], data.labels[at, i] == 1, data.weights[at], 1e-3)
        for i, at in enumerate(told)
    ]
    slope, middle = np.stack(lines).T
    return network.joined(networks, slope, middle)


def _lessons(
    data: Data, known: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.float32]]:
    """Features, labels and weights of the parts that are learnt from, category by category; weight 0: unknown.

    A passage bears the labels and a share of the weight of its text. So does a sentence by itself where its text
    holds nothing of the category; where it does, nobody knows in which of its sentences.
    """
    of, alone = data.encoded.of, data.encoded.handicaps > 0
    count = np.zeros((2, len(known)), np.int64)
    np.add.at(count, (alone.astype(np.intp), of), 1)
    share = data.weights[of] / count[alone.astype(np.intp), of] * np.where(alone, _SINGLY, 1.0)
    labels = data.labels[of]
    learnt = known[of, None] & (labels >= 0) & ~(alone[:, None] & (labels == 1))
    weights = np.where(learnt, share[:, None], 0).astype(np.float32)
    some = weights.any(axis=1)
    return data.encoded.features[some], labels[some] == 1, weights[some]


def _families(examples: Sequence[Example], read: Encoded) -> NDArray[np.intp]:
    """A number for each text, equal for those that share a family or say nearly the same."""
    names = {name: i for i, name in enumerate(dict.fromkeys(example.family for example in examples))}
    family = np.array([names[example.family] for example in examples])
    first = read.features[np.searchsorted(read.of, np.arange(len(examples))), : Multilingual.dim]
    for one, other in zip(*np.nonzero(np.triu(first @ first.T > _NEARLY_THE_SAME, 1)), strict=True):
        family[family == family[other]] = family[one]
    return family


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", type=Path, metavar="CASES")
    parser.add_argument("--out", type=Path, default=HEADS_FILE)
    parser.add_argument("--folds", type=int, default=FOLDS, help="0 writes the heads and judges nothing")
    options = parser.parse_args(arguments)
    examples = read_examples(options.cases)
    heads = []
    for categories in (ASKED, PICTURED):
        data = gather(labelled(examples, categories), categories)
        if options.folds:
            _show(data, held_out(data, options.folds))
        heads.append(train(data, np.ones(len(data.labels), np.bool_)))
    content = pack(together(*heads), _ABOUT)
    write_atomically(options.out, [content])
    print(f"{options.out}: {len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()}")
    return 0


def _show(data: Data, chances: NDArray[np.float32]) -> None:
    for i, category in enumerate(data.categories):
        told = data.labels[:, i] >= 0
        held = data.labels[told, i] == 1
        area = average_precision(held, chances[told, i])
        over = chances[told, i] >= 0.5
        right = f"of those at 0.5 or more {held[over].mean():.3f} rightly"
        print(f"{category}: {held.sum()} of {told.sum()} texts, average precision {area:.3f}, {right}")


def average_precision(held: NDArray[np.bool_], score: NDArray[np.float32]) -> float:
    """The area under the curve of precision over recall, in steps; equal scores count as one step."""
    order = np.argsort(-score, kind="stable")
    hits, sorted_scores = np.cumsum(held[order]), score[order]
    last = np.append(sorted_scores[1:] != sorted_scores[:-1], True)
    recall, precision = hits[last] / held.sum(), hits[last] / (np.flatnonzero(last) + 1)
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


if __name__ == "__main__":
    sys.exit(main())
