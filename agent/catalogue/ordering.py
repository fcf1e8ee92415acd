"""The order in which a request's tools are to run, where it is not the order in which they are named."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playhead.agent.catalogue.cards import Catalogue
    from playhead.agent.catalogue.clauses import Clause
    from playhead.agent.catalogue.matching import Match
    from playhead.agent.catalogue.words import Token

_FIRST = re.compile(r"^please\b|\b(?:first|firstly|to (?:do|achieve) (?:this|that|so)|start by)\b", re.IGNORECASE)
_NEAR = 3  # tokens from such a word to what it leads back to
_BACK = frozenset({"from", "of", "using", "on"})


def in_order(
    catalogue: Catalogue, clauses: Sequence[Clause], found: Sequence[list[Match]]
) -> list[tuple[Clause, list[Match]]]:
    """Clauses with their tools, in the order of what they ask for.

    "Do this after that", "before this do that" and "do this by that" turn it round.
    """
    found = _without_ends(catalogue, clauses, _without_outline(clauses, found))
    places = [float(i) for i in range(len(clauses))]
    for i, clause in enumerate(clauses):
        if clause.cue in {"after", "by"} and i and not clause.opens:
            places[i] -= 1.5
        if clause.cue == "before" and clause.opens:
            places[i] += 1.5
    order = sorted(range(len(clauses)), key=places.__getitem__)
    return [(clauses[i], found[i]) for i in order]


def turned(catalogue: Catalogue, chosen: Sequence[Match], clause: Sequence[Token]) -> list[Match]:
    """The tools of one clause: the later comes first where a word like "from" leads back to what it makes."""
    order = sorted(chosen, key=lambda match: min(match.places))
    for last in range(len(order) - 1, 0, -1):
        for i in range(last):
            if _leads_back(catalogue, order[i], order[i + 1], clause):
                order[i], order[i + 1] = order[i + 1], order[i]
    return order


def _leads_back(catalogue: Catalogue, one: Match, other: Match, clause: Sequence[Token]) -> bool:
    first, second = catalogue[one.tool], catalogue[other.tool]
    if min(one.places) > min(other.places) or second.output not in first.inputs:
        return False
    if first.output not in second.inputs:
        return True
    at = min(other.places)
    near = clause[max(min(one.places) + 1, at - _NEAR) : at + 1]
    return first.output == second.output and any(token.word in _BACK for token in near)


def _without_outline(clauses: Sequence[Clause], found: Sequence[list[Match]]) -> list[list[Match]]:
    """What an outline says before "first", "please" or "to achieve this" is left out where it is said again."""
    start = next((i for i, clause in enumerate(clauses) if i and _FIRST.search(clause.text)), 0)
    again = {match.tool for matches in found[start:] for match in matches if not match.refers}
    outline = [[match for match in matches if match.tool not in again] for matches in found[:start]]
    return [*outline, *found[start:]]


def _without_ends(catalogue: Catalogue, clauses: Sequence[Clause], found: Sequence[list[Match]]) -> list[list[Match]]:
    """In "create an image by stitching two" what makes the image is the stitching."""
    kept = list(found)
    for i in range(1, len(clauses)):
        if clauses[i].cue == "by" and not clauses[i].opens:
            made = {catalogue[match.tool].output for match in kept[i]}
            kept[i - 1] = [match for match in kept[i - 1] if catalogue[match.tool].output not in made]
    return kept
