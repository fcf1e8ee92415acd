"""Anaphora: what a question leaves unsaid since it was named before ("Is there a cat, and how long is it shown?")."""

from __future__ import annotations

import re

from playhead.agent.pieces import polite_less, without_names
from playhead.index.questions import topic

_ASKED = r"(?:how long|how often|how many times|when|where)(?: exactly)?"
_VERB = r"(?:is|are|was|were|does|do|did)"
_SHOWN = r"(?:seen|shown|visible|to be seen|there|mentioned|said|heard|written|read|talked about|discussed)"
_NAMED = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"^(?:for )?{_ASKED} {_VERB} (?P<thing>.+?) (?P<how>{_SHOWN})$",
        rf"^(?:is|are|was|were) (?!there\b)(?P<thing>.+?) (?P<how>{_SHOWN})$",
        r"^(?:is|are|was|were) there (?P<thing>.+)$",
        r"^(?:can|could|do|does|did) (?:we|you|one|i|somebody|anybody) (?:ever )?see (?P<thing>.+)$",
        rf"^(?:for )?{_ASKED} (?:is|are|was|were) (?P<thing>.+)$",
        r"^(?:find|show(?: me)?|look for|search for|locate|spot)\s+(?P<thing>.+)$",
    )
)
_MOST_WORDS = 5
_NOBODY = re.compile(r"^(?:it|they|them|he|she|this|that|these|those|there|i|we|you)\b", re.IGNORECASE)
_ANY = re.compile(r"^(?:any|some|ever)\s+", re.IGNORECASE)
_LEFT_OUT = re.compile(rf"^(?:for )?(?P<asked>{_ASKED})$", re.IGNORECASE)
_PRONOUN = re.compile(
    rf"^(?P<asked>(?:for )?{_ASKED} (?:is|are|was|were|does|do|did)) (?:it|they|he|she|this|that)"
    r"(?= (?!rain|snow|dark|light\b|light outside|cold|late|over\b)\w)",
    re.IGNORECASE,
)
_DOES = re.compile(r"(?<=\w )(?<!\bthe )(?<!\ba )(?<!\ban )\w+(?:ed|ing)$", re.IGNORECASE)


def spoken_out(text: str, before: str) -> str:
    """A question with the thing that the one before it named: "how often?" is "how often is a cat shown?".

    As it is, where it leaves nothing unsaid or nothing was named.
    """
    bare = polite_less(text).strip(" ?!.")
    left_out, pronoun = _LEFT_OUT.match(bare), _PRONOUN.match(bare)
    thing, how = _named(before) if left_out or pronoun else ("", "")
    if not thing:
        return text
    if pronoun:
        return f"{pronoun['asked']} {thing}{bare[pronoun.end() :]}?"
    verb = "are" if re.search(r"[^s]s$", thing) and not re.match(r"an? ", thing, re.IGNORECASE) else "is"
    return f"{bare} {verb} {thing} {how}?"


def leaves_out(text: str) -> bool:
    """Whether a question says nothing of what it is about: "how often?"."""
    return bool(_LEFT_OUT.match(polite_less(text).strip(" ?!.")))


def _named(text: str) -> tuple[str, str]:
    """The thing that a question or a search names in a few words, and how it is to be met with."""
    bare = without_names(polite_less(text)).strip(" ?!.,")
    found = next((found for pattern in _NAMED if (found := pattern.match(bare))), None)
    if found is None:
        return "", ""
    thing = _DOES.sub("", _ANY.sub("", topic(found["thing"]))).strip()
    if not thing or len(thing.split()) > _MOST_WORDS or _NOBODY.match(thing):
        return "", ""
    return thing, found.groupdict().get("how") or "shown"
