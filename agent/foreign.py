"""Requests in other languages than English: known by their small words, and read as what is to be looked for.

Vectors compare words of many languages, so a thing is found in any of them; what else is asked of it is understood
in English, or by a language model.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property

from playhead import prompts, strict_yaml
from playhead.agent.language import tidy
from playhead.agent.pieces import hidden, unquoted, verbs, without_names

_WORD = re.compile(r"[^\W\d_]+'?[^\W\d_]*")
_ELIDED = re.compile(r"\b([cdjlmnst]|qu|quelqu|dell|nell|dall|all|cos|dov)'(?=\w)", re.IGNORECASE)
_MARKS = re.compile(r"[„«»]\s*([^„“”«»]+?)\s*[“”«»]")
_TIME = re.compile(r"\d:\d\d|\d\s*(?:s|sek|sec|min|seg|h)\w*\b", re.IGNORECASE)
_ENDS = " ¿¡?!.,;:"
_FEWEST = 2  # words of a language, before a request is taken to be in it


@dataclass(frozen=True, slots=True)
class Foreign:
    """A request in another language: what it is about, and whether it asks for more than to find that."""

    language: str
    about: str
    beyond: bool


@dataclass(frozen=True)
class _Words:
    """The words of a language, as `prompts/languages.yaml` says."""

    articles: frozenset[str]
    says: frozenset[str]
    counts: frozenset[str]
    can: frozenset[str]
    does: frozenset[str]
    shared: frozenset[str]
    footage: frozenset[str]

    @cached_property
    def known(self) -> frozenset[str]:
        """Those that no English request has."""
        own = (self.articles | self.says | self.counts | self.can | self.does) - self.shared - self.footage
        return frozenset(word for word in own if len(word) > 1 or not word.isascii())  # "i.e."

    @cached_property
    def small(self) -> frozenset[str]:
        """Those that say nothing of what is looked for."""
        return self.says | self.counts | self.can | self.shared | self.footage


def read_foreign(request: str) -> Foreign | None:
    """The request as one in another language; None where it is in English, or in a language that is not known."""
    words = [word.lower() for word in _WORD.findall(_apart(hidden(_MARKS.sub(" ", request))))]
    said, english = set(words), _languages()["English"].known | verbs()
    shares = {name: said & of.known for name, of in _languages().items()}
    language = max(shares, key=lambda name: (len(shares[name]), name != "English"))
    of, known = _languages()[language], shares[language]
    commands = bool(words) and words[0] in verbs() - of.does - of.says  # in English: "find que sera sera"
    few = len(known) <= len(said & english - known) or len(said & (known | of.shared)) < _FEWEST
    if language == "English" or commands or few:
        return None
    about = unquoted(_MARKS.sub(r'"\1"', request)) or _about(request, of)
    does = of.does & (said if words[0] in of.can else {words[0], words[-1]})
    beyond = bool(does or said & of.counts or _TIME.search(hidden(request)))
    return Foreign(language, about, beyond or not re.search(r"\w{2}", about))


def _about(request: str, of: _Words) -> str:
    kept, article = list[str](), ""
    for token in _apart(without_names(request)).split():
        word = token.strip(_ENDS).lower()
        if word in of.articles:
            article = token
            continue
        if word not in of.small and re.search(r"[^\W\d]", word):
            kept += [article, token]
        article = ""
    return tidy(" ".join(kept).replace("' ", "'")).strip(_ENDS)


def _apart(text: str) -> str:
    return _ELIDED.sub(r"\1' ", text.replace("’", "'")).replace("-", " ")


@cache
def _languages() -> dict[str, _Words]:
    said = strict_yaml.ours(prompts.read_data("languages.yaml"))
    fields = _Words.__dataclass_fields__
    return {name: _Words(**{f: frozenset(words.get(f, "").split()) for f in fields}) for name, words in said.items()}
