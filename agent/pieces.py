"""A request in pieces: where it can be taken apart, and which pieces ask, tell, or only say how."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from playhead import prompts, strict_yaml
from playhead.agent.slots import QUOTED, TIMES, read_slots
from playhead.media.formats import MEDIA_ENDINGS

_FILE = re.compile(r"\b[\w-]+\.(?:[a-z][a-z0-9]{1,4})\b", re.IGNORECASE)
_STRONG = re.compile(
    r"[.!?]+(?=\s|$)\s*|\s*;\s*|\s*,?\s*\b(?:and|"
    r"but)?\s*(?<!\bby )(?<!\bfrom )(?<!\bsince )(?<!\buntil )(?<!\bto )(?<!\btill )\bthen\b,?\s*|"
    r"\s*,\s*(?:and\s+)?(?:after that|afterwards|"
    r"finally|next|lastly|also)\b,?\s*|(?:^|(?<=\s))(?:after that|afterwards|finally|lastly|also|next),\s*|"
    r"\s+(?:and\s+)?(?:finally|lastly)\s+(?=\w)|\s+and\s+afterwards\s+|\s*\n+\s*",
    re.IGNORECASE,
)
_WEAK = re.compile(
    r"\s*,\s*(?:and|or|plus|but)?\s+(?:also\s+)?|\s+(?:and|plus|as well as|&)\s+(?:also\s+)?|\s*:\s+|"
    r"\s+[-–—]\s+|\s*\+\s*",
    re.IGNORECASE,
)
SAYING = re.compile(
    r"(?:(?:say|speak|announce)(?:\s+(?:this|the following|aloud|out loud|to (?:me|us)))*|"
    r"read(?:\s+(?:this|the following|to (?:me|us)))*\s+(?:aloud|out loud)(?:\s+to (?:me|us))?)\s*:",
    re.IGNORECASE,
)
"""What goes before a text that is to be said, word for word: "read aloud: …"."""
_BEFORE_IT = "".join(rf"|(?<=\b{word}\s)" for word in ("and", "then", "please", "you", "to"))
_TO_BE_SAID = re.compile(
    rf"(?P<ask>(?:^|(?<=[.;,]\s){_BEFORE_IT}){SAYING.pattern}\s*)(?P<said>[^\s\"“].*)", re.IGNORECASE | re.DOTALL
)
_SAID_IN_QUOTES = re.compile(
    r"(?P<ask>\b(?:say|speak|read|announce|pronounce|narrate)(?:\s+(?:me|us|out|aloud|loud|this|the following|"
    r"the (?:words?|sentence|text)))*\s*:?\s*)(?:\"(?P<said>[^\"]*)\"|“(?P<also>[^”]*)”)",
    re.IGNORECASE,
)
ASKS = re.compile(
    r"^(?:please\s+)?(?:what|who|whom|whose|when|where|which|why|how|is there|are there|does|did|do (?:we|you|"
    r"they)|can you|could you|"
    r"i need|i want|i'd like|tell me)\b",
    re.IGNORECASE,
)
_POLITE = re.compile(
    r"^(?:(?:hi|hey|hello|ok|okay|so|well|and|but|please|pls|kindly|now|(?:first|second|third)(?!\s+(?:[\w-]+\s+)?(?:minutes?|hours?|seconds?|secs?|half|quarter|one|shot|scene|goal|time))|firstly|secondly|"
    r"for a start)\b[,!]?\s*|"
    r"(?:can|could|would|will) (?:you|u)(?: please)?\s+|(?:i would|i'd|we'd|we would) (?:like|love|"
    r"want|need|prefer)(?: you)?(?: to)?\s+|(?:i'm|we're) after\s+|"
    r"(?:i|we) (?:want|need)(?: you)?(?: to)?\s+|(?:may|can|could) i (?:have|get|see)\s+|let me (?:have|"
    r"see)\s+|help me(?: to)?\s+|"
    r"(?:i'd|i would|we'd|we would) (?:be|need)(?: \w+)? to (?:know|see|hear|learn|find out)\s+|i (?:was|am|"
    r"'m)? ?wonder(?:ing)? (?:if|whether)\s+|"
    r"(?:could|can|might|may) one (?:trouble you for|have|get)\s+|any chance (?:of|you could)\s+|i (?:must|"
    r"have to|should) have\s+|"
    r"(?:is|would) it (?:be )?possible to\s+|do you mind\s+|would you mind\s+|be so kind as to\s+|"
    r"need\s+(?=one|a|an|the)|oh\s+|just\s+)+",
    re.IGNORECASE,
)
_SAID = "".join(rf"(?<!\b{word})(?<!\b{word}\s)" for word in "say says said saying word words".split())
_THANKS = re.compile(
    rf"{_SAID}[\s,]*\b(?:please|pls|plz|thanks(?: a lot)?|thank you|thx|if possible|for me|will you)[\s.!?]*$",
    re.IGNORECASE,
)

_VIDEO_WORDS = re.compile(
    r"(?:(?:in|of|from|for)\s+)?(?:the|this|that|my|our|a|any)?\s*(?:whole\s+|entire\s+|full\s+|complete\s+)?(?:[\w-]+\s+){0,2}"
    r"(?:videos?|films?|clips?|footage|recordings?|movies?|files?)|(?:the |this )?(?:whole|entire) (?:thing|"
    r"lot)|everything|it all|all of it",
    re.IGNORECASE,
)
NAMED = re.compile(rf"\b[\w-]+(?:{'|'.join(map(re.escape, MEDIA_ENDINGS))})\b", re.IGNORECASE)


@cache
def verbs() -> frozenset[str]:
    """The words that begin a request to do something."""
    return frozenset(strict_yaml.ours(prompts.read_data("requests.yaml"))["verbs"].split())


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a request between two separators; `strong` says that a new thing begins before it."""

    text: str
    strong: bool
    start: int
    end: int


def verbatim(request: str) -> tuple[str, dict[str, str]]:
    """A request with a quoted token for each text that is to be said word for word, and what these stand for."""
    tokens: dict[str, str] = {}

    def token(found: re.Match[str]) -> str:
        name = f"verbatim{len(tokens) + 1}"
        tokens[name] = found[found.lastgroup or "said"].strip()
        return f'{found["ask"]}"{name}"'

    for pattern in (_SAID_IN_QUOTES, _TO_BE_SAID) if "verbatim" not in request else ():
        request = pattern.sub(token, request)
    return request, tokens


def parts(request: str) -> list[Part]:
    """The pieces between all separators. What is quoted, names of files and times stay whole."""
    masked = request
    for pattern in (QUOTED, _FILE, *TIMES):
        masked = pattern.sub(lambda found: "\0" * len(found[0]), masked)
    cuts = [(m.start(), m.end(), True) for m in _STRONG.finditer(masked)]
    cuts += [(m.start(), m.end(), False) for m in _WEAK.finditer(masked)]
    found: list[Part] = []
    begin, strong = 0, True
    for start, end, is_strong in [*sorted(cuts), (len(request), len(request), True)]:
        text = request[begin:start].strip() if start > begin else ""
        if text:
            at = request.index(text, begin)
            found.append(Part(text, strong, at, at + len(text)))
            strong = False
        strong = strong or is_strong
        begin = max(begin, end)
    return found


def commands(text: str) -> bool:
    """Whether a piece asks for something to be done or told."""
    bare = polite_less(text)
    words = re.findall(r"[\w'-]+", bare.lower())
    return bool(words) and (words[0] in verbs() or bool(ASKS.match(bare)) or bare != text.strip())


_TELLS = re.compile(
    r"^(?:my|our|we|i|i'm|i'd|i've|we're|we've|he|she|they|there|there's|it's|it|as|since|because|if|in case|"
    r"somebody|someone|everybody|nobody|"
    r"for|after all|no|not|don't|without)\b",
    re.IGNORECASE,
)
_NAMES_A_THING = re.compile(r"^(?:the|a|an|this|that|these|those|two|both|no|his|her|their)\b", re.IGNORECASE)


def tells(text: str) -> bool:
    """Whether a piece reads like a statement, which may only be the reason for what is asked elsewhere."""
    return bool(_TELLS.match(text.strip())) and not commands(text) and not text.strip().endswith("?")


def may_tell(text: str) -> bool:
    """Whether a piece may be a statement or the name of what is wanted ("the slides", "the slides are blurred")."""
    return bool(_NAMES_A_THING.match(text.strip())) and not commands(text)


_QUALIFIER = re.compile(
    r"^(?:(?:with|including|incl\.?|plus|and)\s+)?(?:the\s+|their\s+|its\s+)?(?:time\s?(?:s|stamps?|codes?)|"
    r"timings?|timecodes included|"
    r"in (?:brief|short|a few words|prose|writing|full|full sentences)|exact(?:ly)?(?: words)?|when(?: it is)?|"
    r"where|how|at what times?|(?:and\s+)?give it to me|(?:that's|that is) all i need|the times?(?: for .*)?|"
    r"the whole|"
    r"all (?:two|three|four) (?:please|pls)|i need the times?(?: for .*)?|if you would|one (?:sentence|"
    r"line) is enough|only the gist of it|cheers|hi there|which one|who it was|briefly|no more|only then|only|"
    r"if you(?:'d| would) be so kind|with that|word for word|verbatim|asap|quickly|that's all)(?:\s+(?:please|"
    r"pls|included))?$",
    re.IGNORECASE,
)


def only_when(text: str) -> bool:
    """Whether a piece only names times, if need be of a file: "1:00 to 2:00 of a.mp4", "but just from 0:30"."""
    slots = read_slots(polite_less(without_names(text)))
    named = slots.has_window or slots.at_s or slots.every_s
    return bool(named) and not re.search(
        r"\w{3}",
        re.sub(r"\b(?:only|just|but|and|the|ones?|bits?|part|from|in|of|together|please|pls)\b", "", slots.text),
    )


_ECHO = re.compile(
    r"^(?:(?:can|could|would|will) (?:you|u|i)\s+|i'd like to\s+)?"
    r"(?!(?:join|glue|splice|stitch|merge|combine|fade)\b)\w+\s+(?:it|that|them|this|those)\b"
    r"(?:\s+(?:out|down|up|off|for me|please|as text|in (?:a|one) (?:single )?(?:sentence|line)|somewhere|to me))*$",
    re.IGNORECASE,
)


def echoes(text: str) -> bool:
    """Whether a piece only says again that something is to be done: "can you type them out for me"."""
    return bool(_ECHO.match(text.strip(" .?!")))


def qualifies(text: str) -> bool:
    """Whether a piece only says how: "with times", "in brief"."""
    return bool(_QUALIFIER.match(polite_less(text).strip(" .!?"))) or not polite_less(text)


def polite_less(text: str) -> str:
    """A clause without greetings, pleas and thanks."""
    return _THANKS.sub("", _POLITE.sub("", text.strip())).strip(" ,;:")


def unquoted(text: str) -> str:
    """The first quoted words in a text, or an empty string."""
    found = QUOTED.search(text)
    return found[0][1:-1].strip() if found else ""


def without_quotes(text: str) -> str:
    """The text with something in place of what is quoted, which says nothing of what is to be done."""
    return QUOTED.sub("something", text)


def hidden(text: str) -> str:
    """The text with quotations and file names blanked."""
    return _FILE.sub(" ", QUOTED.sub(" ", text))


def without_names(text: str) -> str:
    """The text without names of video files."""
    return re.sub(r"\s+", " ", NAMED.sub(" ", without_whereabouts(text))).strip()


def without_whereabouts(text: str) -> str:
    """The text without the video file that it says something is in: "in film.mp4", not "about film.mp4"."""
    bare = re.sub(rf"\b(?:(?:out )?of|in|from)\s+{NAMED.pattern}", " ", text, flags=re.IGNORECASE)
    return re.sub(r"\s+", " ", bare).strip()


def is_video_words(text: str) -> bool:
    """Whether words only name the footage as such: "from the video"."""
    return bool(_VIDEO_WORDS.fullmatch(text.strip()))
