"""Words that stand in the text: names, numbers and quoted phrases, found exactly (FTS5)."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from typing import TYPE_CHECKING

from playhead.index.calibrate import curve

if TYPE_CHECKING:
    from collections.abc import Collection

    from playhead.index.catalog import Catalog, Row, Within
    from playhead.types import Channel

_HOLDING, _TERMS = 400, 32  # segments that are looked at for each term, and terms
# Scripts that put no spaces between words: Thai, Lao, Khmer, Burmese, Japanese, Chinese.
UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_PHRASE = re.compile(r'"([^"]+)"|“([^”]+)”')
_COMMON = frozenset(
    "a an the and or but of in on at to for from with by is are was were be been it its this that these those he she "
    "they we you i his her their our your my as not no do does did has have had there here what who when where how "
    "which while then before after than so if into over under about someone somebody something".split()
)


def matches(
    catalog: Catalog,
    words: str,
    within: Within,
    channels: Collection[Channel] = (),
    most: int = _HOLDING,
    least: float = 0.0,
) -> list[tuple[Row, float]]:
    """At most so many segments that hold the query's words, with the probability that they are meant, best first.

    The score is the share of the query's words that were found, each weighted by its rarity there. With less
    than `least` of it a text is not read.
    """
    terms = _terms(words)[:_TERMS]
    holding = {term: _holding(catalog, [term], within, channels) for term in terms}
    weights = {term: 1 / math.log2(2 + len(numbers)) for term, numbers in holding.items()}
    total = sum(weights.values())
    shares: dict[int, float] = defaultdict(float)
    for term, numbers in holding.items():
        share = weights[term] / total
        for number in numbers:
            shares[number] += share
    # A common word fills its list before the one text that holds them all is reached.
    if len(terms) > 1:
        shares |= dict.fromkeys(_holding(catalog, terms, within, channels), 1.0)
    fits = curve("words")
    likely = sorted(number for number, share in shares.items() if share >= least)
    best = sorted(likely, key=shares.__getitem__, reverse=True)[:most]
    rows = catalog.found_by_number(best)
    there = [(number, rows[number]) for number in best if number in rows]  # a writer may have been quicker
    return [(row, fits.at(shares[number]) * row.score) for number, row in there]


def only_phrases(words: str) -> bool:
    """Whether all of it stands in double quotes."""
    return bool(_PHRASE.search(words)) and not re.search(r"\w", _PHRASE.sub(" ", words))


def says_something(words: str) -> bool:
    """Whether there is a word or a quoted phrase in it that is not among the commonest."""
    return bool(_terms(words))


def _holding(catalog: Catalog, terms: list[str], within: Within, channels: Collection[Channel]) -> list[int]:
    """The numbers of segments that hold every term."""
    if any(map(UNSPACED.search, terms)):
        return catalog.containing(terms, _HOLDING, within, channels)
    return catalog.matching(" ".join(map(_quoted, terms)), _HOLDING, within, channels)


def _terms(words: str) -> list[str]:
    """Quoted phrases whole, then the other words that mean something, each once."""
    phrases = [a or b for a, b in _PHRASE.findall(words) if re.search(r"\w", a or b)]
    rest = _PHRASE.sub(" ", words)
    others = [word for word in re.findall(r"\w+", rest.lower()) if word not in _COMMON]
    return list(dict.fromkeys([*phrases, *others]))


def _quoted(term: str) -> str:
    return '"' + term.replace('"', '""') + '"'
