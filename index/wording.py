"""Sentences by a language model, each held to the evidence it cites."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playhead import prompts
from playhead.index.tell import ended, quoted
from playhead.types import Answer, Claim

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playhead.models.chat import Chat
    from playhead.types import Citation

_NUMBERS = re.compile(r"\[\s*(\d+(?:\s*[,;]\s*\d+)*)\s*\]")
_SENTENCE = re.compile(r".+?(?:[.!?…](?:\s*\[[\d\s,;]+\])+|(?:\s*\[[\d\s,;]+\])+[.!?…]?|[.!?…](?=\s|$)|$)", re.DOTALL)
_NOT_SHOWN = "NOT SHOWN"
_MOST = 200


def word(task: str, evidence: Sequence[Citation], chat: Chat) -> Answer:
    """What the model writes for `task`. Sentences without evidence that exists are dropped and counted."""
    used = evidence[:_MOST]
    prompt = prompts.load("word").fill(task=task, observations=prompts.data(_numbered(used)))
    return held(chat.ask(prompt), used)


def refine(draft: str, evidence: Sequence[Citation], chat: Chat) -> Answer:
    """The draft without what no evidence supports."""
    used = evidence[:_MOST]
    prompt = prompts.load("refine").fill(observations=prompts.data(_numbered(used)), draft=prompts.data(draft))
    return held(chat.ask(prompt), used)


def inquire(evidence: Sequence[Citation], most: int, chat: Chat) -> Answer:
    """At most `most` questions that the model asks about observations, each with the observations it is about."""
    used = evidence[:_MOST]
    prompt = prompts.load("inquire").fill(most=str(most), observations=prompts.data(_numbered(used)))
    found = held(chat.ask(prompt), used)
    return Answer(found.claims[:most], dropped=found.dropped)


def held(text: str, evidence: Sequence[Citation]) -> Answer:
    """Model output as claims: each sentence with the numbered evidence it names; others are dropped and counted."""
    if _NOT_SHOWN in text.upper():
        return Answer(())
    claims, dropped = [], 0
    for line in filter(None, map(str.strip, text.splitlines())):
        for found in _SENTENCE.finditer(line):
            sentence = found[0].strip()
            numbers = [int(n) for group in _NUMBERS.findall(sentence) for n in re.findall(r"\d+", group)]
            plainly = _tidy(_NUMBERS.sub("", sentence))
            known = [evidence[n - 1] for n in dict.fromkeys(numbers) if 1 <= n <= len(evidence)]
            if plainly and known:
                claims.append(Claim(plainly, tuple(known)))
            elif plainly:
                dropped += 1
    return Answer(tuple(claims), dropped=dropped)


def _tidy(text: str) -> str:
    text = re.sub(r"\s+([.!?,])", r"\1", text)
    text = re.sub(r"\s+", " ", text).strip().lstrip("-*• ")
    return ended(text) if re.search(r"\w", text) else ""


def _numbered(evidence: Sequence[Citation]) -> str:
    return "\n".join(f"[{n}] {c.span} {c.channel}: {quoted(c.text)}" for n, c in enumerate(evidence, 1))
