"""Sentences by a language model, each held to the evidence it cites."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playhead import prompts
from playhead.index.support import supported
from playhead.index.tell import ended, quoted
from playhead.types import Answer, Claim

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playhead.models.chat import Chat
    from playhead.models.roles import SentenceEncoder
    from playhead.types import Citation

_NUMBERS = re.compile(r"\[\s*(\d+(?:\s*[,;]\s*\d+)*)\s*\]", re.ASCII)
_CITED = r"(?: ?\[[\d ,;]+\]){1,50}"
_SENTENCE = re.compile(  # on one line; a citation in the middle of a sentence does not end it
    rf".+?(?:[.!?…。！？]{_CITED}|{_CITED}(?:[.!?…。！？]|(?= *$)|(?= [^a-z\s,;:]))|[。！？]|[.!?…](?=\s|$)|$)"
)
_NOT_SHOWN = re.compile(r"\W*NOT SHOWN\b")
_BULLET = re.compile(r"^(?:[-*•]+|\d{1,3}[.)])\s+")
MOST = 200
"""Observations that a language model reads at once."""
_MOST_ANSWER = 100_000


def word(task: str, evidence: Sequence[Citation], chat: Chat, encoder: SentenceEncoder) -> Answer:
    """What the model writes for `task`, part by part where there is much evidence.

    Sentences without evidence that exists, and that bears them out, are dropped and counted.
    """
    written = []
    for start in range(0, max(1, len(evidence)), MOST):
        used = evidence[start : start + MOST]
        written.append(_asked("word", used, chat, encoder, task=task))
    return Answer(tuple(c for answer in written for c in answer.claims), dropped=sum(a.dropped for a in written))


def refine(draft: str, evidence: Sequence[Citation], chat: Chat, encoder: SentenceEncoder) -> Answer:
    """The draft without what no evidence supports; of the evidence at most `MOST` is read."""
    return _asked("refine", evidence[:MOST], chat, encoder, draft=prompts.data(draft))


def inquire(evidence: Sequence[Citation], most: int, chat: Chat, encoder: SentenceEncoder) -> Answer:
    """At most `most` questions that the model asks about observations, each with the observations it is about."""
    found = _asked("inquire", evidence[:MOST], chat, encoder, most=str(most))
    return Answer(found.claims[:most], dropped=found.dropped)


def _asked(name: str, evidence: Sequence[Citation], chat: Chat, encoder: SentenceEncoder, **values: str) -> Answer:
    """What the model says to a prompt about this evidence, as far as it is held and borne out."""
    prompt = prompts.load(name)
    said = chat.ask(prompt.fill(observations=prompts.data(_numbered(evidence)), **values))
    return supported(held(said, evidence), encoder, prompt.text)


def held(text: str, evidence: Sequence[Citation]) -> Answer:
    """Model output as claims: each sentence with the numbered evidence it names; others are dropped and counted."""
    if _NOT_SHOWN.match(text):
        return Answer(())
    known = {str(number): citation for number, citation in enumerate(evidence, 1)}
    claims, dropped = [], 0
    for line in text[:_MOST_ANSWER].splitlines():
        for found in _SENTENCE.finditer(_BULLET.sub("", " ".join(line.split()))):
            numbers = [n.lstrip("0") for group in _NUMBERS.findall(found[0]) for n in re.findall(r"\d+", group)]
            plainly = _tidy(_NUMBERS.sub("", found[0]))
            rests_on = tuple(known[n] for n in dict.fromkeys(numbers) if n in known)
            if plainly and rests_on:
                claims.append(Claim(plainly, rests_on))
            elif plainly:
                dropped += 1
    return Answer(tuple(claims), dropped=dropped)


def _tidy(text: str) -> str:
    text = re.sub(r" +([.!?,。！？]|$)", r"\1", " ".join(text.split())).lstrip("-*• ")
    return ended(text) if re.search(r"\w", text) else ""


def _numbered(evidence: Sequence[Citation]) -> str:
    return "\n".join(f"[{n}] {c.span} {c.channel}: {quoted(c.text)}" for n, c in enumerate(evidence, 1))
