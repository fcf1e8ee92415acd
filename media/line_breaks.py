"""Where a line of text may end: after a clause rather than inside a phrase, and in scripts without spaces, too.

The rules are those of Netflix's Timed Text Style Guide (General Requirements, line treatment) and of the BBC's
Subtitle Guidelines: break after punctuation, before conjunctions and prepositions; never after an article, a pronoun
or an auxiliary. Letters of full width count as two (Unicode Standard Annex 11). No line begins with a closing mark.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_JOINER = "\u200d"
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_TAGS = range(0xE0020, 0xE0080)
_FLAGS = range(0x1F1E6, 0x1F200)
_HANGUL = range(0xAC00, 0xD7A4)
_CLOSING = frozenset("、。，．：；！？）］｝」』】〉》〕’”…ー・々ゃゅょっャュョッぁぃぅぇぉァィゥェォ")
_OPENING = frozenset("（［｛「『【〈《〔‘“")
_SENTENCE = re.compile(r"""[.!?…。！？؟۔।]["'”’»)\]」』）]*$""")
_CLAUSE = re.compile(r"""[,;:،؛、，：；–—-]["'”’»)\]」』）]*$""")
_BEFORE = frozenset(  # a new clause begins with these
    "and but or so because that which who when where while if although though since until than as "
    "und aber oder weil dass wenn et mais ou que qui parce quand y pero o porque cuando e ma perché che".split()
)
_WITH_NEXT = frozenset(  # these belong to the word that follows
    "the a an my your his her its our their this these those no not very i you he she it we they is are was were be "
    "been have has had do does did will would can could shall should may might must to of in on at by for with from "
    "mr mrs ms dr der die das den dem ein eine einen einem ich du er sie es wir ist sind war von zu mit im am le la "
    "les un une des du de à je tu il elle nous vous ils el los las una al del en con di il lo gli".split()
)
_PREPOSITIONS = frozenset(
    "to of in on at by for with from into over under about after before between through during without von zu mit "
    "in auf für bei nach de à dans sur pour avec par en con para por sin di da per su".split()
)


@dataclass(frozen=True, slots=True)
class Token:
    """What is never broken: a word, a letter of full width, part of an endless word.

    `first` and `last` count the letters of the text before it and up to its end, spaces not counted.
    """

    text: str
    width: int
    first: int
    last: int
    spaced: bool


def clusters(text: str) -> list[str]:
    """What a reader takes for one letter each: an emoji with its joiners, a letter with its marks."""
    found: list[list[str]] = []
    for letter in text:
        if found and _belongs(letter, found[-1]):
            found[-1].append(letter)
        else:
            found.append([letter])
    return ["".join(letters) for letters in found]


def _belongs(letter: str, before: list[str]) -> bool:
    code = ord(letter)
    if letter == _JOINER or before[-1] == _JOINER or code in _SKIN_TONES or code in _TAGS:
        return True
    if code in _FLAGS:
        return len(before) == 1 and ord(before[0]) in _FLAGS
    return unicodedata.category(letter).startswith("M")


def width(text: str) -> int:
    """How wide a text is, in letters: those of full width count as two, marks as none."""
    return sum(2 if _full(cluster) else 1 for cluster in clusters(text))


def _full(cluster: str) -> bool:
    return unicodedata.east_asian_width(cluster[0]) in "WF"


def tokens(text: str, widest: int) -> list[Token]:
    """The text as tokens that are each at most `widest` wide."""
    found: list[Token] = []
    letters = 0
    for word in text.split():
        for number, piece in enumerate(_pieces(word, widest)):
            found.append(Token(piece, width(piece), letters, letters + len(piece), number == 0))
            letters += len(piece)
    return found


def _pieces(word: str, widest: int) -> Iterator[str]:
    piece, room = "", widest
    last = ""
    for cluster in clusters(word):
        wide = 2 if _full(cluster) else 1
        if piece and (wide > room or _may_break(last, cluster)):
            yield piece
            piece, room = "", widest
        piece, room, last = piece + cluster, room - wide, cluster
    if piece:
        yield piece


def _may_break(before: str, after: str) -> bool:
    """Between letters of a script without spaces; Korean has spaces."""
    if not (_written_whole(before) or _written_whole(after)):
        return False
    return after[0] not in _CLOSING and before[0] not in _OPENING


def _written_whole(cluster: str) -> bool:
    return _full(cluster) and ord(cluster[0]) not in _HANGUL


def break_cost(before: Token, after: Token) -> float:
    """How bad it is to break between two tokens: 0 after a sentence, 12 inside what belongs together."""
    if _SENTENCE.search(before.text):
        return 0
    if _CLAUSE.search(before.text):
        return 1
    if not after.spaced:
        return 3 if _hiragana(before.text[-1]) and not _hiragana(after.text[0]) else 8
    last, following = before.text.casefold(), after.text.casefold()
    if last in _WITH_NEXT or last.rstrip(".") in {"mr", "mrs", "ms", "dr"}:
        return 12
    if following in _BEFORE:
        return 2
    return 3 if following in _PREPOSITIONS else 5


def _hiragana(letter: str) -> bool:
    return "\u3040" <= letter <= "\u309f"


def joined(found: Sequence[Token]) -> str:
    """The tokens as text, with spaces where there were any."""
    return "".join(f" {token.text}" if token.spaced and n else token.text for n, token in enumerate(found))


def length(found: Sequence[Token]) -> int:
    """How wide the tokens are on one line."""
    return sum(token.width + (token.spaced and n > 0) for n, token in enumerate(found))


def reach(found: Sequence[Token], start: int, widest: int, lines: int) -> int:
    """The number of the first token after `start` that no longer fits into so many lines; always one at least."""
    used, room = 1, widest
    for number in range(start, len(found)):
        token = found[number]
        wide = token.width + (token.spaced and room < widest)
        if wide > room:
            used, room, wide = used + 1, widest, token.width
            if used > lines:
                return max(number, start + 1)
        room -= wide
    return len(found)


def into_lines(found: Sequence[Token], widest: int, lines: int) -> tuple[str, ...]:
    """The text on as few lines as it needs, broken where that reads best; on more than `lines` where it must be."""
    needed = lines
    while reach(found, 0, widest, needed) < len(found):
        needed += 1
    while needed > 1 and reach(found, 0, widest, needed - 1) == len(found):
        needed -= 1
    return tuple(joined(found[a:b]) for a, b in _best(found, widest, needed))


def _best(found: Sequence[Token], widest: int, lines: int) -> list[tuple[int, int]]:
    """First and last token of each line: breaks cost, and so do uneven lines."""
    count, ideal = len(found), length(found) / lines
    costs: list[dict[int, tuple[float, int]]] = [{0: (0.0, 0)}]
    for number in range(1, lines + 1):
        row: dict[int, tuple[float, int]] = {}
        for start, (cost, _) in costs[-1].items():
            for end in range(start + 1, reach(found, start, widest, 1) + 1):
                price = cost + 6 * abs(length(found[start:end]) - ideal) / widest
                price += break_cost(found[end - 1], found[end]) if end < count else 0
                if (end < count) == (number < lines) and price < row.get(end, (float("inf"), 0))[0]:
                    row[end] = (price, start)
        costs.append(row)
    ends = [count]
    for row in reversed(costs[1:]):
        ends.append(row[ends[-1]][1])
    ends.reverse()
    return list(pairwise(ends))
