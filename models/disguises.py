"""What a text is meant to say once the usual disguises are undone: `readings` gives it as it is, then undisguised.

Undone are invisible characters, letters of other alphabets inside Latin words, letters in fancy shapes (Unicode
Technical Standard 39 calls both confusable), digits and signs for letters ("k1ll"), letters set apart ("k.i.l.l"),
letters repeated ("kiiill"), and words that were encoded (base64, hexadecimal, percent, entities, ROT13, backwards).
Each step asks for evidence and leaves honest Russian, "mp3", "720p" and addresses alone; it needs no dictionary, so a
wrong guess costs one more reading and no more. All steps take time that grows with the length of the text.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Callable

_ROUNDS = 3  # how often something may be encoded in something encoded
_INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e"
                        "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
                        "\U000e0000-\U000e01ef]+")  # fmt: skip
_PILED_MARKS = re.compile("(?<=[A-Za-z])[\u0300-\u036f\u0489]{2,}|[\u0335-\u0338\u0489]")
# Blocks of Latin letters in other shapes: superscript, letterlike, enclosed, full width, mathematical, squared.
_FANCY_BLOCKS = (
    (0x1D2C, 0x1D6B), (0x2070, 0x20A0), (0x2100, 0x2150), (0x24B6, 0x24EA), (0xFF10, 0xFF5B), (0x1D400, 0x1D800),
    (0x1F110, 0x1F12A), (0x1F130, 0x1F14A),
)  # fmt: skip
_LOOKALIKES = str.maketrans(
    "аеорсухіјѕһԁԛԝьАВЕКМНОРСТУХІЈЅԌвкмнтгпαοερνικτυωχγβηΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "aeopcyxijshdqwbABEKMHOPCTYXIJSGbkmhtrnaoepviktuwxybnABEZHIKMNOPTYX",
)
_LATIN, _LOOKALIKE = re.compile("[A-Za-z]"), re.compile("[\u0370-\u03ff\u0400-\u052f]")
_WORD = re.compile(r"\w+")

_LEET = str.maketrans("013457@$!€", "oieastasie")
_LEET_TOKEN = re.compile(r"[A-Za-z0-9@$!€]+(?:[.@][A-Za-z0-9@$!€]+)*")
_LEET_SIGN = re.compile(r"[A-Za-z][013457@$!€]{1,3}[A-Za-z]|[@$][A-Za-z@$]|[A-Za-z][@$]|[A-Za-z](?:11|55)")
_LEET_INSIDE = re.compile(r"[A-Za-z](?:([013457])\1?|[@$!€]{1,3}|[@$!€][013457]|[013457][@$!€])(?=[A-Za-z])")
_LEET_SIGNS_ONLY = re.compile(
    r"(?=[^@]*[@A-Za-z])(?=.*[@$].*[@$])[A-Za-z@$]+|\$[a-z]{2,}|[A-Za-z]{1,3}(?:11|55|\$\$)"
)
_LEET_ALPHABET = re.compile(r"[A-Za-z013457@$!€]+")

_SPACED = re.compile(r"(?<![\w.*+/|~\-])[^\W\d_]([ .*+/|~_\-])[^\W\d_](?!\w)(?:\1[^\W\d_](?!\w))+(?![.*+/|~\-]\w)")
_SPACED_PAIR = re.compile(r"(?<![\w.*+/|~\-])[^\W\d_]([.*+/|~_\-])[^\W\d_](?![\w.*+/|~\-])")
_ABBREVIATION = re.compile(r"[A-Z](?:\.[A-Z]){2,4}")
_REPEATED = re.compile(r"([A-VX-Za-vx-z])\1{2,}")
_DOUBLED = "lsfzLSFZ"  # consonants that words end in twice

_BASE64 = re.compile(r"(?<![\w+/-])[A-Za-z0-9+/_-]{8,}={0,2}(?![\w+/=-])")
_HEX = re.compile(r"(?<!\w)(?:(?:0x|\\x)?[0-9A-Fa-f]{2}[ :]?){6,}(?!\w)")
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_ENTITY = re.compile(r"&#?\w{1,8};")
_ROT13 = str.maketrans(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "NOPQRSTUVWXYZABCDEFGHIJKLMnopqrstuvwxyzabcdefghijklm"
)
_FREQUENT = frozenset(
    (
        "about all am and are as at be but by can could do does for from get give go had has have he her him his how "
        "if in is it kill make me my no not of on or our out she so tell that the their them then there they this "
        "to up us was way we what when where which who will with write you your"
    ).split()
)
_LETTERS_APART = re.compile(r"[a-z']+")


def readings(text: str) -> tuple[str, ...]:
    """The text, and after it what it says without its disguises, where that differs: one to three texts."""
    plain = _undone(text)
    shortened = (_REPEATED.sub(_once, plain), _REPEATED.sub(_once_or_twice, plain))
    return tuple(dict.fromkeys((text, *shortened)))


def _undone(text: str) -> str:
    for _ in range(_ROUNDS):
        before, text = text, _visible(text)
        for undo in (_one_alphabet, _decoded, _without_leet, _joined):
            text = undo(text)
        if text == before:
            break
    return text


def _visible(text: str) -> str:
    if text.isascii() and not _INVISIBLE.search(text):
        return text
    return _PILED_MARKS.sub("", _INVISIBLE.sub("", text)).translate(_fancy())


@cache
def _fancy() -> dict[int, str]:
    """Letters and digits in fancy shapes, and the plain ones they stand for."""
    codes = (code for first, end in _FANCY_BLOCKS for code in range(first, end))
    plain = {code: unicodedata.normalize("NFKC", chr(code)) for code in codes}
    flags = {0x1F1E6 + i: chr(ord("a") + i) for i in range(26)}
    boxes = {start + i: chr(ord("A") + i) for start in (0x1F150, 0x1F170) for i in range(26)}
    found = {code: letter for code, letter in plain.items() if len(letter) == 1 and letter.isascii()}
    return found | flags | boxes


def _one_alphabet(text: str) -> str:
    """Look-alike letters made Latin in words that mix alphabets, and where there are such, in words of them alone."""
    if text.isascii() or not any(map(_mixes, _WORD.findall(text))):
        return text
    return _WORD.sub(_latin, text)


def _mixes(word: str) -> bool:
    return not word.isascii() and bool(_LATIN.search(word) and _LOOKALIKE.search(word))


def _latin(word: re.Match[str]) -> str:
    told = word[0].translate(_LOOKALIKES)
    return told if _mixes(word[0]) or told.isascii() else word[0]


def _without_leet(text: str) -> str:
    """Letters for digits and signs where some stand inside a word; then also where they end or begin one."""
    if not (_LEET_SIGN.search(text) and any(_is_leet(token[0].rstrip("!")) for token in _LEET_TOKEN.finditer(text))):
        return text
    return _LEET_TOKEN.sub(_letters, text)


def _is_leet(word: str) -> bool:
    told = _LEET_SIGNS_ONLY.fullmatch(word) or (_LEET_ALPHABET.fullmatch(word) and _LEET_INSIDE.search(word))
    return bool(told)


def _letters(token: re.Match[str]) -> str:
    word = token[0].rstrip("!")
    if not (_LEET_ALPHABET.fullmatch(word) and _LATIN.search(word)) and not _is_leet(word):
        return token[0]
    return word.replace("11", "ll").translate(_LEET) + token[0][len(word) :]


def _joined(text: str) -> str:
    """Letters set apart put together: words of three and more, and where there are such, of two."""
    joined = _SPACED.sub(_joined_letters, text)
    return joined if joined == text else _SPACED_PAIR.sub(_joined_letters, joined)


def _joined_letters(letters: re.Match[str]) -> str:
    return letters[0] if _ABBREVIATION.fullmatch(letters[0]) else letters[0].replace(letters[1], "")


def _once(run: re.Match[str]) -> str:
    return run[1]


def _once_or_twice(run: re.Match[str]) -> str:
    return run[1] * (2 if run[1] in _DOUBLED else 1)


def _decoded(text: str) -> str:
    if "%" in text:
        text = _PERCENT.sub(lambda code: unquote(code[0], errors="replace"), text)
    if "&" in text:
        text = _ENTITY.sub(lambda code: html.unescape(code[0]), text)
    text = _HEX.sub(lambda code: _told(code[0], _from_hex), text)
    text = _BASE64.sub(lambda code: _told(code[0], _from_base64), text)
    return "\n".join(_turned(line) for line in text.split("\n"))


def _told(code: str, decode: Callable[[str], bytes]) -> str:
    """What `code` decodes to when that is words, else `code` itself."""
    try:
        words = decode(code).decode("utf-8")
    except (binascii.Error, ValueError):
        return code
    return words if _is_words(words) else code


def _from_hex(code: str) -> bytes:
    return bytes.fromhex(re.sub(r"0x|\\x|[ :]", "", code))


def _from_base64(code: str) -> bytes:
    bare = code.rstrip("=").replace("-", "+").replace("_", "/")
    return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)


def _is_words(text: str) -> bool:
    """Letters and digits, nearly all of it; random bytes are hardly ever that and valid UTF-8 as well."""
    letters = sum(letter.isalnum() or letter in " ,.!?'" for letter in text)
    return len(text) >= 4 and text.isprintable() and letters >= 0.9 * len(text)


def _turned(line: str) -> str:
    """A line that is English backwards or in ROT13, turned into English."""
    known, count = _frequent(line)
    if count < 3 or known > 0.15 * count:
        return line
    for turned in (line[::-1], line.translate(_ROT13)):
        known, count = _frequent(turned)
        if known >= 2 and known > 0.25 * count:
            return turned
    return line


def _frequent(line: str) -> tuple[int, int]:
    words = _LETTERS_APART.findall(line.lower())
    return sum(word in _FREQUENT for word in words), len(words)
