"""Words that stand in the text: names, numbers and quoted phrases, found exactly (FTS5)."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from playhead.index.calibrate import curve

if TYPE_CHECKING:
    from playhead.index.catalog import Catalog, Within
    from playhead.types import Segment

_MOST = 400
_COMMON = frozenset(
    "a an the and or but of in on at to for from with by is are was were be been it its this that these those he she "
    "they we you i his her their our your my as not no do does did has have had there here what who when where how "
    "which while then than so if into over under about someone somebody something".split()
)


def matches(catalog: Catalog, words: str, within: Within) -> list[tuple[Segment, float]]:
    """Segments that hold the query's words, with the probability that they are meant, best first.

    The score is the share of the query's words that were found, each weighted by its rarity there.
    """
    terms = [term for term in dict.fromkeys(_terms(words)) if term not in _COMMON]
    if not terms:
        return []
    found: dict[str, tuple[Segment, float]] = {}
    weights: dict[str, float] = {}
    hits: dict[str, list[Segment]] = {}
    for term in terms[:32]:
        hits[term] = catalog.matching(_quoted(term), _MOST, within)
        weights[term] = 1 / math.log2(2 + len(hits[term]))
    total = sum(weights.values())
    for term, segments in hits.items():
        for segment in segments:
            share = found[segment.id][1] if segment.id in found else 0.0
            found[segment.id] = (segment, share + weights[term] / total)
    fits = curve("words")
    ranked = sorted(found.values(), key=lambda pair: (-pair[1], pair[0].id))[:_MOST]
    return [(segment, fits.at(share)) for segment, share in ranked]


def _terms(words: str) -> list[str]:
    """Quoted phrases whole, everything else word by word."""
    phrases = re.findall(r'"([^"]+)"|“([^”]+)”', words)
    rest = re.sub(r'"[^"]+"|“[^”]+”', " ", words)
    return [a or b for a, b in phrases if re.search(r"\w", a or b)] + re.findall(r"\w+", rest.lower())


def _quoted(term: str) -> str:
    return '"' + term.replace('"', '""') + '"'
