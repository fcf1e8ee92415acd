"""Anaphora: what a question leaves unsaid since it was named before ("Is there a cat, and how long is it shown?")."""

from __future__ import annotations

import re

from playhead.agent.pieces import polite_less, without_names
from playhead.agent.times import LENGTH, NUMBER, UNIT
from playhead.index.questions import topic

_ASKED = r"(?:how long|how often|how many times|when|where)(?: exactly)?"
_IS = r"(?:is|are|was|were)"
_DETERMINED = r"(?:the|an?|any|some|my|our|your|his|her|their)"
_SHOWN = r"(?:seen|shown|visible|to be seen|there|mentioned|said|heard|written|read|talked about|discussed)"
_NAMED = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"^(?:for )?{_ASKED} {_IS} (?P<thing>.+?) (?P<how>{_SHOWN})$",
        rf"^{_IS} (?!there\b)(?P<thing>.+?) (?P<how>{_SHOWN})$",
        rf"^{_IS} there (?P<thing>.+)$",
        r"^(?:can|could|do|does|did) (?:we|you|one|i|somebody|anybody) (?:ever )?see (?P<thing>.+)$",
        r"^what (?:is|was) (?P<said>said|told) about (?P<thing>.+)$",
        rf"^when {_IS} (?P<thing>\w+ .+?)(?: \w{{3,}}ed)?$",
        rf"^(?:for )?{_ASKED} {_IS} (?P<thing>.+)$",
        r"^(?:find|show(?: me)?|look for|search for|locate|spot|cut(?: out)?|(?:make|take|draw) an? [\w ]+ of)\s+"
        r"(?P<thing>.+)$",
        rf"^(?P<thing>{_DETERMINED} .+)$",
    )
)
_MOST_WORDS = 5
_NOBODY = re.compile(r"^(?:it|they|them|he|she|this|that|these|those|there|i|we|you)\b", re.IGNORECASE)
_ANY = re.compile(r"^(?:any|some|ever)\s+", re.IGNORECASE)
_PLURAL = re.compile(
    rf"^(?!an? )(?:{_DETERMINED} )?(?:.* )?\w*[^\Ws]s$|.*\b(?:people|men|women|children)$", re.IGNORECASE
)
_LEFT_OUT = re.compile(rf"^(?:for )?(?P<asked>{_ASKED})$", re.IGNORECASE)
_COUNTS = re.compile(r"how often|how many times", re.IGNORECASE)
_TELL = re.compile(r"^(?:tell (?:me|us)|say|let me know)\s+", re.IGNORECASE)
_INDIRECT = re.compile(rf"^((?:for )?{_ASKED}) (it|they) ({_IS})\b", re.IGNORECASE)
_NEXT = re.compile(
    rf"^(?:and|what about|how about|and what about)\s+(?P<thing>{_DETERMINED} [\w' -]{{1,40}})\W*$", re.IGNORECASE
)
_DOES = r"(?!(?:run|last|take|start|begin|end|stop|say|rain|snow)$)\w+"
_PRONOUN = tuple(
    re.compile(rf"^(?P<asked>(?:for )?{_ASKED} {verb}) (?P<who>it|they) (?P<what>{what})$", re.IGNORECASE)
    for verb, what in ((_IS, _SHOWN), ("(?:does|do|did)", _DOES))
)

_BEGINNINGS, _ENDINGS = ("first", "opening"), ("last", "final", "closing")
_COUNT = rf"(?!(?:half|one|an?|another)\b){NUMBER}"
_END = "|".join(_BEGINNINGS + _ENDINGS)
_AND = rf"\s*(?:,?\s*\band\b|&)\s*(?:the\s+)?(?P<other>{_END})\s+"
_OF_A_FILE = r"(?P<rest>[^.;!?\n]{0,60}?(?:\.\w+\b[^.;!?\n]{0,60}?)?)"
_ENDS = tuple(
    re.compile(rf"\b(?P<one>{_END})\b{pattern}", re.IGNORECASE)
    for pattern in (
        rf"{_AND}(?P<m>{_COUNT})?[\s-]*(?P<unit>{UNIT})\b",
        rf"\s+(?P<n>{_COUNT}){_AND}(?P<m>{_COUNT})[\s-]*(?P<unit>{UNIT})\b",
        rf"\s+(?P<n>{_COUNT})[\s-]*(?P<unit>{UNIT})\b{_OF_A_FILE}{_AND}(?P<m>{_COUNT})"
        r"(?=\s*(?:$|[.,;!?](?!\d)|\b(?:of|from|in)\b))",
    )
)
"""Two ends of a film, of which one leaves out its unit or its length."""
_CUT = r"\b(?:cut|clip|extract|take|keep|give me|show me)(?:\s+out)?\s+"
_WHAT = r"(?P<what>[^,.;!?]{2,60}?)"
_AFTER = r"(?=\s*(?:$|[,.;!?]|\band\s+(?!after)|\b(?:in|of|from)\s+[\w-]+\.\w))"
_AROUND = tuple(
    re.compile(_CUT + pattern, re.IGNORECASE)
    for pattern in (
        rf"(?P<t>{LENGTH})\s+(?:both\s+)?before and after\s+{_WHAT}{_AFTER}",
        rf"(?P<from>from\s+)?(?P<t>{LENGTH})\s+before\s+{_WHAT}\s+(?:until|till|up to|to|and)\s+(?P<u>{LENGTH})\s+"
        rf"after(?:wards)?(?:\s+(?:it|that))?{_AFTER}",
    )
)
_COMPARED = re.compile(r"\b(?:between|compar\w+|differ\w*|chang\w+|versus|vs|than)\b", re.IGNORECASE)


def spoken_out(text: str, before: str) -> str:
    """A question with the thing that the one before it named: "how often?" is "how often is a cat shown?".

    Or the one before it with another thing: "and the dog?".

    As it is, where it leaves nothing unsaid or nothing was named that it can mean.
    """
    if (another := _NEXT.match(text.strip())) and (known := _named(before)[0]):
        return before.replace(known, another["thing"])
    bare = _INDIRECT.sub(r"\1 \3 \2", _TELL.sub("", polite_less(text).strip(" ?!.")))
    pronoun = next(filter(None, (pattern.match(bare) for pattern in _PRONOUN)), None)
    thing, how = _named(before) if pronoun or _LEFT_OUT.match(bare) else ("", "")
    if not thing:
        return text
    plural = bool(_PLURAL.match(thing))
    if pronoun is None:
        return f"{bare} {'are' if plural else 'is'} {thing} {how}?"
    means_it = (pronoun["who"].lower() == "they") == plural
    return f"{pronoun['asked']} {thing} {pronoun['what']}?" if means_it else text


def with_handles(request: str) -> str:
    """What is wanted around a moment, said behind it: "cut the cat with 2 s before and after"."""
    for pattern in _AROUND:
        found = pattern.search(request)
        if found and found.groupdict().get("u") in (None, found["t"]):
            around = f"{found['what']} with {found['t']} before and after"
            begin = found.start("from" if found.groupdict().get("from") else "t")
            request = f"{request[:begin]}{around}{request[found.end() :]}"
    return request


def with_units(request: str) -> str:
    """Two ends of a film, each with its unit: "the first 3 and the last 5 seconds", "the first and last minute".

    As it is, where the one is compared with the other.
    """
    if _COMPARED.search(request):
        return request
    for pattern in _ENDS:
        request = pattern.sub(_in_full, request)
    return request


def _in_full(found: re.Match[str]) -> str:
    said = found.groupdict(default="")
    one, other, count, unit = said["one"], said["other"], said["m"], said["unit"]
    if (one.lower() in _BEGINNINGS) == (other.lower() in _BEGINNINGS):
        return found[0]
    first = f"{one} {said.get('n', count)} {unit}{said.get('rest', '')}"
    return " ".join(f"{first} and the {other} {count} {unit}".split())


def leaves_out(text: str, *, first: bool = False) -> bool:
    """Whether a question says nothing of what it is about: "how often?". A first "how long?" means the footage."""
    found = _LEFT_OUT.match(polite_less(text).strip(" ?!."))
    return found is not None and (not first or bool(_COUNTS.match(found["asked"])))


def _named(text: str) -> tuple[str, str]:
    """The thing that a question or a search names in a few words, and how it is to be met with."""
    bare = without_names(polite_less(text)).strip(" ?!.,")
    found = next((found for pattern in _NAMED if (found := pattern.match(bare))), None)
    if found is None:
        return "", ""
    thing = _ANY.sub("", topic(found["thing"]))
    if not thing or len(thing.split()) > _MOST_WORDS or _NOBODY.match(thing):
        return "", ""
    said = found.groupdict()
    return thing, said.get("how") or ("mentioned" if "said" in said else "shown")
