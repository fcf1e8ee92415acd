"""Requests in other languages than English: known by their small words, and read as what is to be looked for.

Vectors compare words of many languages, so a thing is found in any of them; what else is asked of it is understood
in English, or by a language model.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from playhead import prompts, strict_yaml
from playhead.agent.language import tidy
from playhead.agent.pieces import hidden, unquoted, verbs, without_names
from playhead.agent.slots import read_slots

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*['’]?")
_ELIDED = re.compile(r"\b([cdjlmnst]|qu|quelqu|dell|nell|dall|all|cos|dov)['’](?=\w)", re.IGNORECASE)
_MARKS = re.compile(r"[„«»]\s*([^„“”«»]+?)\s*[“”«»]")
_ENDS = " ¿¡?!.,;:"
_FEWEST = 2  # words of a language, before a request is taken to be in it


@dataclass(frozen=True, slots=True)
class Foreign:
    """A request in another language: what it is about, and whether it wants something done rather than found."""

    language: str
    about: str
    does: bool


@dataclass(frozen=True, slots=True)
class _Words:
    known: frozenset[str]  # by which the language is known
    shared: frozenset[str]  # … and those that are English words too
    does: frozenset[str]
    small: frozenset[str]  # that say nothing of what is looked for
    articles: frozenset[str]


def read_foreign(request: str) -> Foreign | None:
    """The request as one in another language; None where it is in English, or in a language that is not known."""
    words = set(_words(_apart(hidden(request))))
    english = words & (_languages()["English"].known | verbs())
    language = max(_languages(), key=lambda name: (len(words & _languages()[name].known), name != "English"))
    known, shared = words & _languages()[language].known, words & _languages()[language].shared
    if language == "English" or len(known) <= len(english) or len(known | shared) < _FEWEST:
        return None
    of = _languages()[language]
    about = unquoted(_MARKS.sub(r'"\1"', request)) or _about(request, of)
    return Foreign(language, about, bool(words & of.does) or not re.search(r"\w{2}", about))


def _about(request: str, of: _Words) -> str:
    kept, article = list[str](), ""
    for token in _apart(read_slots(without_names(request)).text).split():
        word = token.strip(_ENDS).lower()
        if word in of.articles:
            article = token
        elif word in of.small or not re.search(r"[^\W\d]", word):
            article = ""
        else:
            kept += [article, token]
            article = ""
    return tidy(" ".join(kept).replace("' ", "'")).strip(_ENDS)


def _apart(text: str) -> str:
    return _ELIDED.sub(r"\1' ", text)


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


@cache
def _languages() -> dict[str, _Words]:
    said = strict_yaml.ours(prompts.read_data("languages.yaml"))
    found = {}
    for name, words in said.items():
        says, does, shared, articles = (
            frozenset(words.get(key, "").split()) for key in ("says", "does", "shared", "articles")
        )
        found[name] = _Words((says | does) - shared, shared, does, says | shared, articles)
    return found
