"""The language that is spoken, where a request names it on purpose."""

from __future__ import annotations

import re

_LANGUAGES = {
    "english": "en", "german": "de", "deutsch": "de", "french": "fr", "spanish": "es", "italian": "it", "dutch": "nl",
    "portuguese": "pt", "polish": "pl", "russian": "ru", "ukrainian": "uk", "turkish": "tr", "arabic": "ar",
    "hindi": "hi", "chinese": "zh", "mandarin": "zh", "japanese": "ja", "korean": "ko", "swedish": "sv",
    "danish": "da", "norwegian": "no", "finnish": "fi", "greek": "el", "czech": "cs", "hungarian": "hu",
}  # fmt: skip
_LANGUAGE_NAMES = "|".join(_LANGUAGES)
_SPEAKS = (
    r"it'?s|it is|(?:spoken )?language is|(?:he|she|they|(?:the )?\w+) (?:speaks?|talks?)|"
    r"(?:is )?spoken in|is in|are in|in"
)
_LANGUAGE = re.compile(
    rf"\b(?:,?\s*(?:{_SPEAKS}))\s+(?P<l>{_LANGUAGE_NAMES})\b"
    rf"|\b(?P<m>{_LANGUAGE_NAMES})[\s-](?:speaking|language|audio|speech|sound|spoken)\b"
    rf"|,\s*(?P<n>{_LANGUAGE_NAMES})\s*$|\b(?P<o>{_LANGUAGE_NAMES}) transcript\b",
    re.IGNORECASE,
)


def language(text: str) -> str:
    """The ISO 639-1 code of the language that is named, or an empty string."""
    found = _LANGUAGE.search(text)
    named = found and (found["l"] or found["m"] or found["n"] or found["o"])
    return _LANGUAGES[named.lower()] if named else ""


def named_language(text: str) -> str:
    """The code of a language that is named anywhere, as one to translate into: "German subtitles"."""
    found = re.search(rf"\b(?:{_LANGUAGE_NAMES})\b", text, re.IGNORECASE)
    return _LANGUAGES[found[0].lower()] if found else ""


def without_language(text: str) -> str:
    """The text without the language it names."""
    return tidy(_LANGUAGE.sub(" ", text, count=1))


def tidy(text: str) -> str:
    """The text without double spaces, and without marks at its ends."""
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\s+([,.;:?!])", r"\1", text)
    return re.sub(r"^[\s,;:.]+|[\s,;:]+$", "", text)
