"""Words that stand in the text: names, numbers and quoted phrases, found exactly (FTS5)."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from playhead.index.calibrate import curve

if TYPE_CHECKING:
    from playhead.index.catalog import Catalog, Within
    from playhead.types import Segment

_MOST, _MOST_TERMS = 400, 32
# Scripts that put no spaces between words: Thai, Lao, Khmer, Burmese, Japanese, Chinese.
UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_PHRASE = re.compile(r'"([^"]+)"|“([^”]+)”')
_COMMON = frozenset(
    "a an the and or but of in on at to for from with by is are was were be been it its this that these those he she "
    "they we you i his her their our your my as not no do does did has have had there here what who when where how "
    "which while then before after than so if into over under about someone somebody something".split()
)


def matches(catalog: Catalog, words: str, within: Within) -> list[tuple[Segment, float]]:
    """Segments that hold the query's words, with the probability that they are meant, best first.

    The score is the share of the query's words that were found, each weighted by its rarity there.
    """
    terms = _terms(words)[:_MOST_TERMS]
    if not terms:
        return []
    hits = {term: _holding(catalog, [term], within) for term in terms}
    weights = {term: 1 / math.log2(2 + len(segments)) for term, segments in hits.items()}
    total = sum(weights.values())
    found: dict[str, tuple[Segment, float]] = {}
    for term, segments in hits.items():
        for segment in segments:
            share = found[segment.id][1] if segment.id in found else 0.0
            found[segment.id] = (segment, share + weights[term] / total)
    # A common word fills its list before the one text that holds them all is reached.
    if len(terms) > 1:
        found |= {segment.id: (segment, 1.0) for segment in _holding(catalog, terms, within)}
    fits = curve("words")
    ranked = sorted(found.values(), key=lambda pair: (-pair[1], pair[0].id))[:_MOST]
    return [(segment, fits.at(share) * segment.score) for segment, share in ranked]


def only_phrases(words: str) -> bool:
    """Whether all of it stands in double quotes."""
    return bool(_PHRASE.search(words)) and not re.search(r"\w", _PHRASE.sub(" ", words))


def says_something(words: str) -> bool:
    """Whether there is a word or a quoted phrase in it that is not among the commonest."""
    return bool(_terms(words))


def _holding(catalog: Catalog, terms: list[str], within: Within) -> list[Segment]:
    """Segments that hold every term."""
    unspaced = [term for term in terms if UNSPACED.search(term)]
    if not unspaced:
        return catalog.matching(" ".join(map(_quoted, terms)), _MOST, within)
    found = catalog.containing(unspaced[0], _MOST, within)
    return [s for s in found if all(term.lower() in s.text.lower() for term in terms)]


def _terms(words: str) -> list[str]:
    """Quoted phrases whole, then the other words that mean something, each once."""
    phrases = [a or b for a, b in _PHRASE.findall(words) if re.search(r"\w", a or b)]
    rest = _PHRASE.sub(" ", words)
    others = [word for word in re.findall(r"\w+", rest.lower()) if word not in _COMMON]
    return list(dict.fromkeys([*phrases, *others]))


def _quoted(term: str) -> str:
    return '"' + term.replace('"', '""') + '"'
