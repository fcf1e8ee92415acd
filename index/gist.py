"""The gist of many sentences: the central ones, and where the subject changes.

Central sentences by LexRank (Erkan and Radev 2004: PageRank over a graph of sentence likeness), here over sentence
vectors; repetition is left out by maximal marginal relevance (Carbonell and Goldstein 1998). Changes of subject by
TextTiling (Hearst 1997), over the same vectors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playhead.models.roles import SentenceEncoder, Vectors

_CHUNK = 120  # sentences ranked at once: what is central of each chunk goes on to the next round
_KEPT = 12
_LEAST_LIKENESS = 0.1
_NOVELTY = 0.3
_BLOCK = 4  # sentences compared on either side of a possible change of subject
_SHORTEST = 2


def central(texts: Sequence[str], encoder: SentenceEncoder, count: int) -> list[int]:
    """The numbers of the `count` most telling texts, in their own order. Any number of texts will do."""
    kept = list(range(len(texts)))
    if count <= 0:
        return []
    if len(texts) <= count:
        return kept
    vectors = encoder.encode(texts)
    while len(kept) > _CHUNK:
        chunks = [kept[start : start + _CHUNK] for start in range(0, len(kept), _CHUNK)]
        kept = [chunk[n] for chunk in chunks for n in sorted(_ranked(vectors[chunk], max(_KEPT, count // 2)))]
        if len(kept) >= sum(map(len, chunks)):
            break
    return sorted(kept[n] for n in _ranked(vectors[kept], count))


def _ranked(vectors: Vectors, count: int) -> list[int]:
    if len(vectors) <= count:
        return list(range(len(vectors)))
    import networkx as nx

    likeness = vectors @ vectors.T
    weights = np.where(likeness > _LEAST_LIKENESS, likeness, 0.0)
    np.fill_diagonal(weights, 0.0)
    ranks = nx.pagerank(nx.from_numpy_array(weights))
    scores = np.array([ranks[n] for n in range(len(vectors))]) * len(vectors)
    chosen: list[int] = []
    while len(chosen) < count:
        repeated = likeness[:, chosen].max(axis=1) if chosen else np.zeros(len(vectors))
        worth = (1 - _NOVELTY) * scores - _NOVELTY * 2 * repeated
        worth[chosen] = -np.inf
        chosen.append(int(np.argmax(worth)))
    return chosen


def changes(texts: Sequence[str], encoder: SentenceEncoder, most: int | None = None) -> list[int]:
    """The numbers of the texts at which a new subject begins, without the first; at most `most`, the clearest."""
    if len(texts) < 2 * _SHORTEST:
        return []
    vectors = encoder.encode(texts)
    gaps = range(1, len(texts))
    likeness = np.array([_across(vectors, gap) for gap in gaps])
    depth = np.array([_depth(likeness, n) for n in range(len(likeness))])
    least = depth.mean() + depth.std() / 2 if most is None else 0.0
    chosen: list[int] = []
    for n in np.argsort(-depth, kind="stable"):
        if most is not None and len(chosen) >= most:
            break
        gap = gaps[int(n)]
        bounds = (0, *chosen, len(texts))
        if depth[n] > least and all(abs(gap - other) >= _SHORTEST for other in bounds):
            chosen.append(gap)
    return sorted(chosen)


def _across(vectors: Vectors, gap: int) -> float:
    before, after = vectors[max(0, gap - _BLOCK) : gap].mean(axis=0), vectors[gap : gap + _BLOCK].mean(axis=0)
    length = float(np.linalg.norm(before) * np.linalg.norm(after))
    return float(before @ after) / length if length else 0.0


def _depth(likeness: np.ndarray[tuple[int], np.dtype[np.float64]], n: int) -> float:
    """How far the likeness falls at a gap, from the peaks on either side."""
    left = right = n
    while left > 0 and likeness[left - 1] >= likeness[left]:
        left -= 1
    while right < len(likeness) - 1 and likeness[right + 1] >= likeness[right]:
        right += 1
    return float(likeness[left] + likeness[right] - 2 * likeness[n])
