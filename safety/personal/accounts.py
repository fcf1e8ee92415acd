"""Payment cards by Luhn's check digit (ISO/IEC 7812), bank accounts by the IBAN's two (ISO 13616, mod 97)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playhead.safety.personal.scan import BLANK, END, START, places

if TYPE_CHECKING:
    from collections.abc import Iterator

_GAP = rf"(?:,?{BLANK}|[-.\u2011])"
# Long forms first: the first sixteen digits of nineteen may pass the check by chance.
_CARDS = tuple(
    re.compile(START + form + END)
    for form in (
        rf"[0-9]{{4}}(?P<gap>{_GAP})(?:[0-9]{{4}}(?P=gap)){{3}}[0-9]{{1,3}}",
        rf"[0-9]{{4}}(?P<gap>{_GAP})[0-9]{{4}}(?P=gap)[0-9]{{4}}(?P=gap)[0-9]{{4}}",
        rf"[0-9]{{4}}(?P<gap>{_GAP})[0-9]{{6}}(?P=gap)[0-9]{{4,5}}",
        r"[0-9]{14,19}",
        rf"[0-9](?:,?{BLANK}[0-9]){{13,18}}",  # read out digit by digit
    )
)
# How the networks' numbers begin, and their lengths; other beginnings are someone's identifiers or times.
_ISSUED = re.compile(
    r"4(?:[0-9]{15}|[0-9]{18})"  # Visa
    r"|(?:5[1-5]|2[2-7])[0-9]{14}"  # Mastercard
    r"|3[47][0-9]{13}"  # American Express
    r"|3(?:0[0-5]|[68][0-9])[0-9]{11}"  # Diners Club
    r"|35[0-9]{14}"  # JCB
    r"|(?:5[06-8]|6[0-9])[0-9]{14,17}"  # Discover, UnionPay, Maestro
)
_IBAN_HEAD = re.compile(rf"(?<!\w)(?<!\w[-_])[A-Za-z]{BLANK}?[A-Za-z]{BLANK}?[0-9]{BLANK}?[0-9]")
# Country and length, from the registry of ISO 13616.
_IBAN_LENGTHS = {
    each[:2]: int(each[2:])
    for each in (
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 "
        "FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 "
        "LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 "
        "SA24 SC31 SE24 SI19 SK24 SM27 TN24 TR26 UA29 VA22 VG24 XK20"
    ).split()
}
_BLANKS = " \u00a0\u202f"
_GAPS = _BLANKS + "-\u2011"


def cards(text: str) -> Iterator[tuple[int, int]]:
    """Yield where payment cards' numbers stand: whole, in the groups printed on cards, or digit by digit."""
    for form in _CARDS:
        yield from places(form, text, _card_end)


def _card_end(match: re.Match[str]) -> int | None:
    digits = re.sub(r"[^0-9]", "", match[0])
    return match.end() if _ISSUED.fullmatch(digits) and _luhn(digits) else None


def _luhn(digits: str) -> bool:
    """Whether the last digit checks the others."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(int(digit) for digit in digits[-1::-2]) + sum(doubled)) % 10 == 0


def ibans(text: str) -> Iterator[tuple[int, int]]:
    """Yield where bank accounts' numbers stand, in capitals or not, with or without gaps."""
    yield from places(_IBAN_HEAD, text, _iban_end)


def _iban_end(match: re.Match[str]) -> int | None:
    head = re.sub(BLANK, "", match[0]).upper()
    if (length := _IBAN_LENGTHS.get(head[:2])) is None:
        return None
    rest, end = _next_letters(match.string, match.end(), length - 4)
    if len(rest) < length - 4 or re.compile(r"\w").match(match.string, end):
        return None
    number = "".join(str(int(letter, 36)) for letter in rest + head)
    return end if int(number) % 97 == 1 else None


def _next_letters(text: str, at: int, count: int) -> tuple[str, int]:
    """Return the next `count` ASCII letters and digits in capitals, single gaps left out, and where they end."""
    letters: list[str] = []
    end = at
    while len(letters) < count and at < len(text):
        if text[at].isascii() and text[at].isalnum():
            letters.append(text[at].upper())
            end = at + 1
        elif text[at] not in _GAPS or text[at - 1] in _GAPS:
            break
        at += 1
    return "".join(letters), end
