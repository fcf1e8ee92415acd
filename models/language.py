"""Whether an English-only model can make sense of a text, told from its letters and its smallest words.

`why_not_english` is a cheap sign: it speaks up only on evidence, so a name, a title or a single unusual word passes,
and so does a short foreign phrase without articles or prepositions. `is_english` must choose one of two models for
every text, and asks a language identifier where the signs are not clear.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from py3langid.langid import LanguageIdentifier

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_SCRIPTS = {
    "CJK": "Chinese characters",
    "HIRAGANA": "Japanese",
    "KATAKANA": "Japanese",
    "HANGUL": "Korean",
    "CYRILLIC": "Cyrillic",
    "GREEK": "Greek",
    "ARABIC": "Arabic",
    "HEBREW": "Hebrew",
    "DEVANAGARI": "Devanagari",
    "THAI": "Thai",
}
_NOT_IN_USE = {"Greek", "Hebrew", "Devanagari", "another script"}
_FOREIGN_LETTERS = 0.3

_ENGLISH = frozenset(
    (
        "a about after all an and are as at be been before behind but by can did does during for from had has "
        "have he her his how i if in into is it its me my near no not of off on one or our out over she some "
        "somebody someone that the their them then there they this through to under up was we were what when "
        "where which while who whose with you"
    ).split()
)
# Frequent small words that English does not have: so no "die", "in", "no", "an", "man", "was", "on", "pour".
_OTHERS = {
    "Spanish": (
        "el la los las un una unos unas de del y en con por para que se su al como donde cuando está están hay es "
        "muy más pero sobre desde junto este esta"
    ),
    "Portuguese": (
        "o os um uma de do da dos das em no na nos nas com por para que se seu sua e ao é está são mais mas muito "
        "onde quando sobre"
    ),
    "French": (
        "le la les un une des du de et en est dans sur avec qui que pas au aux ce cette il elle ils se sa ses où "
        "quand près sous sont plus très vers d'un d'une"
    ),
    "German": (
        "der das den dem des ein eine einen einem einer und ist im auf mit von zu zum zur nicht sich für aus bei "
        "nach über unter vor wird sind wie wo wenn neben durch"
    ),
    "Italian": (
        "il lo la gli le un una di del della dei delle e è in con per che si al alla nel nella sul sulla da sono "
        "molto dove quando più"
    ),
    "Dutch": ("de het een en van zijn met voor naar uit bij niet er op te dat aan wordt waar onder naast"),
}
_KNOWN = {language: frozenset(words.split()) - _ENGLISH for language, words in _OTHERS.items()}
_FOREIGN = frozenset().union(*_KNOWN.values())
_SMALL = _FOREIGN - frozenset("do met van den plus per dove hay lo em os son".split())
_CLEAR = 4.0
_USE_LANGUAGES = "ar de en es fr it ja ko nl pl pt ru th tr zh".split()
_PARTICLES = "de|del|della|der|di|da|do|dos|du|des|el|en|la|las|le|les|los|van|von|und|et|y|e|zu|zum|het"
_NAME = re.compile(
    rf"\b[A-ZÀ-Þ]\w+(?: (?:{_PARTICLES}))+ [A-ZÀ-Þ]\w+|\b(?:Le|La|Les|Los|Las|El|Il|San|Da|De) [A-ZÀ-Þ]\w+"
)


@lru_cache(maxsize=16_384)
def why_not_english(text: str) -> str:
    """Why a model of English cannot read `text`, as half a sentence, or `""` when nothing speaks against it."""
    found = _foreign_script(text) or _foreign_words(text)
    return f"the text looks like {found} and the model reads English" if found else ""


@lru_cache(maxsize=4096)
def is_english(text: str, is_word: Callable[[str], bool]) -> bool:
    """Whether `text` is more likely English than one of the other languages of USE; `is_word` knows English words.

    Text of common English words needs no language identifier, which takes 0.4 s to load. What that says of a few
    words is weak: without a small foreign word among them it must be clear. English that is taken for another
    language is read all the same, if less well; the other mistake makes a query useless.
    """
    if why_not_english(text):
        return False
    words = set(_WORD.findall(text.lower()))
    if words & _SMALL:
        return _against_english(text) <= 0
    return all(map(is_word, words)) or _against_english(text) <= _CLEAR


@cache
def _identifier() -> LanguageIdentifier:
    """A language identifier of our own. That of the package belongs to all who import it, and to all threads."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(_USE_LANGUAGES)
    return identifier


@lru_cache(maxsize=4096)
def _against_english(text: str) -> float:
    """By how much the likeliest other language is likelier than English (natural logarithms; negative: less)."""
    likelihood: dict[str, float] = dict(_identifier().rank(text))
    return max(score for language, score in likelihood.items() if language != "en") - likelihood["en"]


def why_unknown_script(text: str) -> str:
    """Why USE-multilingual cannot read `text`, told from its letters, or `""`."""
    found = _foreign_script(text)
    return f"the text looks like {found}, which the model was not trained on" if found in _NOT_IN_USE else ""


def _foreign_script(text: str) -> str:
    if text.isascii():
        return ""
    letters = [letter for letter in text if letter.isalpha()]
    names = [unicodedata.name(letter, "").split(" ", 1)[0] for letter in letters]
    foreign = [name for name in names if name not in {"LATIN", "MODIFIER", "FEMININE", "MASCULINE", "FULLWIDTH"}]
    if not foreign or len(foreign) < _FOREIGN_LETTERS * len(letters):
        return ""
    scripts = {_SCRIPTS.get(name.split("-", 1)[0], "another script") for name in foreign}
    return "Japanese" if "Japanese" in scripts else sorted(scripts)[0]


def _foreign_words(text: str) -> str:
    if _FOREIGN.isdisjoint(_WORD.findall(text.lower())):
        return ""
    words = _WORD.findall(_NAME.sub(" ", text).lower())
    distinct = set(words)
    language = max(_KNOWN, key=lambda known: len(distinct & _KNOWN[known]))
    foreign = len(distinct & _KNOWN[language])
    if foreign:
        foreign += any(not word.isascii() for word in distinct - _KNOWN[language])
    english = sum(word in _ENGLISH for word in distinct)
    return language if foreign >= 2 and foreign > english else ""
