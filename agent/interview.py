"""Questions about a video, made from what was observed in it: descriptive, temporal and causal ones.

Each knows where the answer must lie, so that an answer about something else can be told.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

from playhead.index.moments import united
from playhead.index.tell import citation, listed, named, quoted
from playhead.index.wording import inquire
from playhead.types import Channel, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from playhead.tools.contract import Context
    from playhead.types import Answer, Segment, Video

_SURE = 0.5  # nothing is asked about what a detector is less sure of
_SAME_S = 0.05
_PER_MINUTE = 2  # things, and sentences, that are asked about
_FEWEST, _MOST = 4, 60
_LONGEST = 200  # letters that a question quotes
_REASON = re.compile(
    r"^(?P<effect>.+?),? (?:because|so that|in order to|due to|thanks to|as a result of)\b(?P<cause>.+)$",
    re.IGNORECASE,
)


class About(StrEnum):
    """What a question is about."""

    DESCRIPTIVE = "descriptive"
    TEMPORAL = "temporal"
    CAUSAL = "causal"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and whether an answer is about what it was made from."""

    about: About
    text: str
    agrees: Callable[[Answer], bool]


@dataclass(frozen=True, slots=True)
class _Fact:
    """Something observed: how a question says it, and when it was, stretch by stretch."""

    says: str
    spans: tuple[Span, ...]

    @property
    def once(self) -> bool:
        return len(self.spans) == 1


def questions(video: Video, context: Context) -> list[Asked]:
    """The questions, in the same order every time; with a language model those it asks as well."""
    seen = context.library.observed(video)
    count = max(_FEWEST, min(_MOST, round(video.duration_s / 60 * _PER_MINUTE)))
    kinds = (_things(seen), _quoted(seen, Channel.SPEECH), _quoted(seen, Channel.TEXT))
    things, said, written = ([f for f in spread(facts, count) if _found(f, video, context)] for facts in kinds)
    asked = [*_descriptive(things, said, written), *_temporal(things, said, written), *_causal(seen)]
    if context.chat is not None and seen:
        evidence = [citation(segment, video, context.library.folder) for segment in seen]
        asked += _worded(inquire(evidence, 3 * count, context.chat, context.library.models.sentences))
    return list({question.text: question for question in asked}.values())


# Facts


def _things(seen: Sequence[Segment]) -> list[_Fact]:
    """The kinds of object that were surely seen, in order of their first time."""
    spans: dict[str, list[Span]] = {}
    for segment in seen:
        if segment.channel is Channel.OBJECT and segment.score >= _SURE:
            spans.setdefault(segment.text, []).append(segment.span)
    return [_Fact(named(label), tuple(united(found, _SAME_S))) for label, found in spans.items()]


def _quoted(seen: Sequence[Segment], channel: Channel) -> list[_Fact]:
    """What was said or written only once, in its very words."""
    spans: dict[str, list[Span]] = {}
    for segment in seen:
        text = quoted(segment.text).replace('"', "'")
        if segment.channel is channel and len(re.findall(r"\w", text)) > 3 and len(text) <= _LONGEST:
            spans.setdefault(f'"{text}"', []).append(segment.span)
    return [_Fact(text, tuple(found)) for text, found in spans.items() if len(found) == 1]


def _found(fact: _Fact, video: Video, context: Context) -> bool:
    """Whether its words lead to it: nothing is asked that would be taken for something else."""
    moments = context.library.search(fact.says, video=video, limit=1).moments
    return any(moment.span.overlap_s(span) for moment in moments for span in fact.spans)


def spread(facts: Sequence[_Fact], count: int) -> list[_Fact]:
    """At most `count` of them, evenly."""
    kept = min(count, len(facts))
    return [facts[n * len(facts) // kept] for n in range(kept)]


# Questions


def _descriptive(things: Sequence[_Fact], said: Sequence[_Fact], written: Sequence[_Fact]) -> Iterator[Asked]:
    for fact in things:
        yield Asked(About.DESCRIPTIVE, f"Is there {fact.says}?", _at(fact))
    for fact in said:
        yield Asked(About.DESCRIPTIVE, f"What is shown while somebody says {fact.says}?", _at(fact))
    for fact in written:
        yield Asked(About.DESCRIPTIVE, f"What is shown while {fact.says} is written on screen?", _at(fact))


def _temporal(things: Sequence[_Fact], said: Sequence[_Fact], written: Sequence[_Fact]) -> Iterator[Asked]:
    once = [fact for fact in things if fact.once]
    for fact in once:
        yield Asked(About.TEMPORAL, f"When is {fact.says} shown?", _at(fact))
        yield Asked(About.TEMPORAL, f"How long is {fact.says} shown?", _at(fact))
        yield Asked(About.TEMPORAL, f"What is shown before {fact.says}?", _before(fact))
        yield Asked(About.TEMPORAL, f"What is shown after {fact.says}?", _after(fact))
    for fact in things:
        if not fact.once:
            yield Asked(About.TEMPORAL, f"How many times is {fact.says} shown?", _all((fact,), len(fact.spans)))
    for fact in said:
        yield Asked(About.TEMPORAL, f"When does somebody say {fact.says}?", _at(fact))
        yield Asked(About.TEMPORAL, f"What is said after {fact.says}?", _after(fact))
    for fact in written:
        yield Asked(About.TEMPORAL, f"When is {fact.says} written on screen?", _at(fact))
    yield from _ordered([fact for fact in once if fact is once[0] or _later(fact, once)])


def _later(fact: _Fact, facts: Sequence[_Fact]) -> bool:
    """Whether it begins when none of those before it are shown any more: their order is beyond doubt."""
    before = facts[: facts.index(fact)]
    return all(other.spans[0].end_s <= fact.spans[0].start_s + _SAME_S for other in before)


def _ordered(facts: Sequence[_Fact]) -> Iterator[Asked]:
    for number, (one, other) in enumerate(pairwise(facts)):
        first, second = (one, other) if number % 2 else (other, one)  # the right one is not always named first
        text = f"Which is shown first, {first.says} or {second.says}?"
        yield Asked(About.TEMPORAL, text, _all((one, other), 2))
    if len(facts) > 2:
        some = [facts[-1], facts[0], facts[len(facts) // 2]]
        text = f"In what order do {listed([fact.says for fact in some])} appear?"
        yield Asked(About.TEMPORAL, text, _all(some, 3))


def _causal(seen: Sequence[Segment]) -> Iterator[Asked]:
    """Of every sentence that gives a reason in so many words."""
    for segment in seen:
        sentence = quoted(segment.text).rstrip(".!?")
        found = _REASON.match(sentence) if segment.channel is Channel.SPEECH else None
        if found and len(sentence) <= _LONGEST:
            effect = found["effect"]
            # A word in capitals, and I, keep theirs.
            effect = effect if re.match(r"I\b|\w[A-Z]", effect) else effect[:1].lower() + effect[1:]
            yield Asked(About.CAUSAL, f"Why is it said that {effect}?", _at(_Fact("", (segment.span,))))


def _worded(asked: Answer) -> Iterator[Asked]:
    """The language model's own: they are about what was observed; whether that answers them shows when asked."""
    for claim in asked.claims:
        kind, colon, text = claim.text.partition(":")
        if colon and kind.strip().lower() in set(About) and text.strip().endswith("?"):
            yield Asked(About(kind.strip().lower()), text.strip(), lambda _: True)


# Whether an answer is about the right time


def _spans(answer: Answer) -> list[Span]:
    return [citation.span for claim in answer.claims for citation in claim.evidence]


def _at(fact: _Fact) -> Callable[[Answer], bool]:
    return lambda answer: all(any(span.overlap_s(own) for own in fact.spans) for span in _spans(answer))


def _before(fact: _Fact) -> Callable[[Answer], bool]:
    return lambda answer: all(span.start_s < fact.spans[0].start_s for span in _spans(answer))


def _after(fact: _Fact) -> Callable[[Answer], bool]:
    return lambda answer: all(span.end_s > fact.spans[-1].end_s for span in _spans(answer))


def _all(facts: Sequence[_Fact], count: int) -> Callable[[Answer], bool]:
    """Every stretch is cited, and nothing else."""
    own = [span for fact in facts for span in fact.spans]

    def agree(answer: Answer) -> bool:
        found = _spans(answer)
        return len(found) == count and all(any(span.overlap_s(one) for one in found) for span in own)

    return agree
