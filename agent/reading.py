"""A request in words as clauses: what is asked for, one thing at a time, with its times and its moments."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from playhead.agent.anaphora import leaves_out, spoken_out, with_handles, with_units
from playhead.agent.anchors import (
    SOMEWHERE,
    Anchor,
    bare_moment,
    is_back,
    leading,
    read_anchor,
    told_moment,
    told_thing,
)
from playhead.agent.language import without_language
from playhead.agent.making import MAKING
from playhead.agent.pieces import (
    NAMED,
    Part,
    commands,
    echoes,
    hidden,
    is_video_words,
    may_tell,
    only_when,
    parts,
    polite_less,
    qualifies,
    tells,
    without_names,
    without_quotes,
)
from playhead.agent.several import of_them_as_one
from playhead.agent.slots import Slots, only_channels, read_slots
from playhead.agent.wishes import asks_to_make, only_how, plainly, read_wishes
from playhead.index.questions import Kind, ask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playhead.agent.intents import Intent, Intents

WINDOWED = frozenset(
    "summarize describe_video transcribe detect_objects read_text detect_shots extract_frames".split()
)
PICTURED = frozenset("detect_objects read_text".split())
# Likeness to an example, 0 to 1; chosen by hand on benchmarks/planning_requests.jsonl (planning.py measures them).
_SURE = 0.55  # a clause this like an example is a request of its own
_BEGINS = 0.5
LIKELY = 0.28  # … and below this it is like none
_NAMED_THING = 0.38
_ASKED = 0.42  # a question less like any example than this is about the footage
MOST_CLAUSES = 24
_SOMEBODY = re.compile(
    r"^(?:did|does|do|is|was|has|will|how|why|what|when|where)\b.*\b(?:he|she|they|it)\b", re.IGNORECASE
)
_OURSELVES = re.compile(r"\b(?:i|we|my|our|me|us|i'm|we're|i've)\b", re.IGNORECASE)
_GOES_ON = re.compile(r"^(?:whether|if)\b", re.IGNORECASE)
_CUTS = re.compile(r"\b(?:cuts|edits|shots|scenes?|takes?|(?:scene|camera|shot) changes?)\b", re.IGNORECASE)
_ONLY_THEY = re.compile(
    r"^(?:i \w+ )?(?:who|what|which|when|where|why|how)(?:'s| is| was| were| did| does)? (?:it|that|he|she|"
    r"they)\b.{0,12}$",
    re.IGNORECASE,
)
_FEW_WORDS = 9
EVERYWHERE = re.compile(
    r"\b(?:and\s+)?(?:(?:look|search|go|check|browse|hunt)\s+)?(?:through\s+|in\s+|on\s+|across\s+|over\s+|throughout\s+)?"
    r"(?:(?:all|every|each|any)(?: one)?(?: of)?(?: (?:my|the|our|your|these|those|two|three|four|five))*(?: \w+)?\s+"
    r"(?:videos|clips|films|files|recordings|footage|library|cameras|tapes|videos?)"
    r"|(?<=across )(?:my|the|our|these)\s+(?:\w+\s+)?(?:videos|clips|films|files|recordings|footage|library|"
    r"cameras|tapes)"
    r"|(?:the|my|our)\s+(?:whole|entire)\s+(?:library|collection|archive))\b\s*(?:[:,]|for\b|and (?:tell me|"
    r"find|say)\b)?",
    re.IGNORECASE,
)
_QUESTION = re.compile(
    r"^(?:what|who|whom|whose|when|where|which|why|how|is|are|was|were|does|do|did|can|has|have|whether|tell me)\b",
    re.IGNORECASE,
)
_SAID_TO_US = re.compile(
    r"(?:quit|exit|cancel|undo|redo|stop|continue|go on|never mind|lol|(?:make it )?(?:faster|slower|louder|shorter|"
    r"longer|better)|gif|(?:a )?(?:vertical|square|16:9|9:16) version)\W*",
    re.IGNORECASE,
)
_WHOLE = re.compile(
    r"^(?:(?:is|are|was|were) there\s+\w|(?:is|are|was|were|does|do|did|has|have|can)\s+(?:\w+\s+){1,4}\w|"
    r"(?:for )?how (?:long|often|much|many(?: times)?)\b|(?:what|who|when|where|why|which)\b.*\w{2}\s+\w{2})",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[^\W\d_]{2,}")
_LONGER = re.compile(r"\w{3,}")
_STRUCTURAL = frozenset(("detect_shots", "probe_video", "extract_frames", "caption_frames", "search_moments"))
_NEARLY, _WORLDLY = 0.12, 0.5
_FORM = re.compile(r"\s*\b(?:in(?:to)?\s+)?(?:sentences?|lines|bullet points|bullets|points)\b\s*$", re.IGNORECASE)
_OURS = WINDOWED | _STRUCTURAL | {"answer_question", "describe_image"}
_WHO = re.compile(r"^(?:who|whom|whose|why)\b", re.IGNORECASE)
_BEYOND = {
    verb: kind
    for kind, verbs in {
        "send": "email e-mail send upload post share tweet publish forward",
        "edit": "crop blur mute rotate dub stabilise stabilize",
        "files": "delete erase rename download move",
        "translate": "translate",
        "world": "buy order book call remind",
    }.items()
    for verb in verbs.split()
}
"""Verbs that ask for what no tool does, whatever else is said."""
_SAID_ABOUT = re.compile(
    r"^what (?:is|was|are|were|does|do|did|has|have)\b.*\b(?:said|says?|told|tells?|mentioned|talk(?:ed|ing)?)\b"
    r".*\babout\b",
    re.IGNORECASE,
)
_SOUNDS_OTHER = re.compile(
    r"^(?:kill|duck|lower|raise|drop|dim|turn (?:up|down|off))\s+(?:the|all|this|that|my)\s+(?:\w+\s+)?"
    r"(?:music|sound|audio|noise|hum|volume|soundtrack|voice-?over)\b",
    re.IGNORECASE,
)
_GIVE = re.compile(
    r"(?:(?:give|get|show) (?:me|us)|extract|keep|save)\s(?:(?:only|just|the|part|bit|stretch|out|from|of|it)\s)*",
    re.IGNORECASE,
)
_CUTS_OUT = re.compile(r"(?:cut|clip|extract|take|make|create|give|get)\b|clips?\b", re.IGNORECASE)
_A_THING = re.compile(r"(?:the|an?)(?:\s+[\w'-]+){1,3}", re.IGNORECASE)
_CUT_A_THING = re.compile(rf"(?:cut|clip|extract|find)(?:\s+out)?\s+{_A_THING.pattern}", re.IGNORECASE)
_BEGINNING = re.compile(
    r"(?:.*\b(?:frames?|clips?|stills?|pictures?|screenshots?|thumbnails?|super-?cuts?|montages?|moments?|scenes?|shots?|"
    r"parts?)\s+(?:of|with|where|showing)\s+|[^.]*?\b)(?=(?:the|an?|every)\s)",
    re.IGNORECASE,
)
_BUT = re.compile(r"(?:but|only|just|starting|beginning|ending)\b", re.IGNORECASE)
_IS_THERE = re.compile(r"^(?:is|are|was|were) there\b", re.IGNORECASE)
_COUNTS = re.compile(r"^count\b", re.IGNORECASE)
_GOES = re.compile(
    r"^(?:find|go to|jump to|skip to|take me to|locate|spot|look for|search for|pin ?down|pin ?point)\b",
    re.IGNORECASE,
)
_CLOSE = 0.35
_HOW_LONG = re.compile(
    r"^(?:for )?how long (?:is|are|was|were|does|do|did)\s+(?P<what>.+?)(?:\s+(?:last|take|run|shown|seen|"
    r"visible|for|altogether|in total))*$",
    re.IGNORECASE,
)
_LOCATES = re.compile(
    r"^(?:when (?:exactly )?(?:do|does|did|is|are|was|were|can)|at (?:what|which) (?:times?|points?|minutes?|"
    r"seconds?|moments?)|"
    r"where (?:in \w+ )?(?:do|does|did|can|is|are) (?:somebody|someone|anybody|anyone|he|she|they|we|you|one|"
    r"there)|where(?:'s| is| are) (?:there|the|a|an|my|our)|"
    r"(?:give|tell|show) me (?:the )?(?:exact )?times? (?:at which|when|where)|tell me (?:where|when)|"
    r"(?:in )?which (?:of (?:\w+ )*)?(?:videos?|clips?|films?|recordings?)\b(?! (?:is|was) (?:this|that|it))|"
    r"(?:show|give|get) me (?:the )?(?:exact )?(?:moments?|parts?|bits?|places?|points?) "
    r"(?:when |where |that |in which |at which )?(?:somebody|someone|anybody|he|she|they|we|i|it|you|the|an?)|"
    r"(?:has|have|did|does) (?:any|some)(?:one|body)\b.*\b(?:say|said|mention|mentioned))\b",
    re.IGNORECASE,
)
_CONTENT = re.compile(
    r"^(?:what|who)(?:'s| is| are)\s+"
    r"(?:(?:there |shown |to be seen )?(?:in|on)\s+(?P<inside>.+)|(?P<about>.+?)\s+about)\W*$",
    re.IGNORECASE,
)
_FOOTAGE = re.compile(
    r"(?:it|this|that|(?:the|this|that|my|our) (?:whole |entire )?(?:thing|video|clip|film|movie|recording|footage))",
    re.IGNORECASE,
)
_BESIDE = re.compile(
    r"^(?:tell me )?what (?:\w+ )*?(?:happens?|happened|comes|is shown|do we see)\b.*\b(?:before|after)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """When something is to be looked at, as it was named for more than one thing."""

    slots: Slots
    anchor: Anchor | None


@dataclass(frozen=True, slots=True)
class Clause:
    """One thing that is asked for: its words, its slots, what it calls for, and the moment that says when."""

    text: str
    slots: Slots
    intent: Intent
    anchor: Anchor | None = None
    subject: str = ""  # what was spoken of beside it

    @property
    def asks(self) -> bool:
        """Whether it asks for something, rather than telling something."""
        if (
            only_when(self.text)
            or tells(self.text)
            or tells(self.slots.text)
            or (may_tell(self.text) and self.intent.score < _NAMED_THING)
        ):
            return False
        if told_moment(self.text) and self.tool != "extract_frames":
            return False
        likely = self.intent.score >= LIKELY and not self.intent.outside
        return commands(self.text) or likely or self.intent.score >= _SURE or self.text.rstrip().endswith("?")

    @property
    def tool(self) -> str:
        """The tool it calls for."""
        return self.intent.tool

    def timed(self, window: Slots | None, times: tuple[float, ...], anchor: Anchor | None, subject: str) -> Clause:
        """The clause with a stretch, times, a moment or a thing that were named elsewhere, where it names none."""
        told = replace(self, subject=subject)
        if window and self.slots.has_window and not _meet(self.slots, window):
            fault = (
                f"“{self.text}” and “{window.text or 'the other time'}” leave no time at all: which part is meant?"
            )
            return replace(told, slots=replace(self.slots, faults=(*self.slots.faults, fault)))
        if self.slots.has_window or self.slots.at_s or (self.anchor and not is_back(self.anchor.words)):
            return told
        start_s, end_s = (window.start_s, window.end_s) if window else (None, None)
        slots = replace(self.slots, start_s=start_s, end_s=end_s, at_s=times)
        return replace(told, slots=slots, anchor=anchor or self.anchor)


class Reader:
    """Reads requests with the worked examples at hand."""

    def __init__(self, intents: Intents) -> None:
        self._intents = intents

    def read(self, request: str, before: str = "") -> list[Clause]:
        """What is asked for, in order, after the request `before`; of over `MOST_CLAUSES` pieces none is read."""
        channels, words = only_channels(with_handles(with_units(request)))
        everywhere = EVERYWHERE.search(words)
        words = EVERYWHERE.sub(" ", words).strip()
        lead, rest = leading(words)
        if lead and _shared(lead) is None and len(lead.split()) > _FEW_WORDS // 2:
            lead, rest = "", words
        pieces = parts(rest)
        if len(pieces) > MOST_CLAUSES:
            return []
        texts = _continued(self._merged(rest, pieces)) or [request]  # "then" is nothing but a separator
        clauses = self._read(_all_spoken_out(texts, before), _shared(lead))
        first = everywhere is not None and everywhere.start() == 0
        # "all my videos: trams", "the budget for next year"
        only = len(clauses) == 1 and (_only_named(clauses[0]) or self._is_bare(clauses[0]))
        if only or (len(clauses) == 1 and first and clauses[0].intent.score < _SURE):
            searching = replace(clauses[0].intent, tool="search_moments", score=_SURE, outside=False)
            clauses = [replace(clauses[0], intent=searching)]
        clauses = _once(_spread(self._without_asides(clauses)))
        return [replace(clause, slots=replace(clause.slots, channels=channels)) for clause in clauses]

    def _is_bare(self, clause: Clause) -> bool:
        """Whether it is a word or a few, none of which a request is made of: "bicycle", "Rechnung"."""
        few = len(_WORDS.findall(clause.text)) <= _FEW_WORDS // 2
        unsure = clause.intent.score < (_NAMED_THING if clause.intent.outside else _ASKED)
        return few and unsure and _may_name(clause.text) and not self._intents.knows(clause.text)

    @staticmethod
    def _content(text: str) -> str:
        return without_language(without_names(without_quotes(text))) or "it"

    def _merged(self, request: str, pieces: Sequence[Part]) -> list[str]:
        """Pieces joined again where the second only goes on with what the first began."""
        intents = self._intents.of([self._content(read_slots(polite_less(piece.text)).text) for piece in pieces])
        spans: list[list[int]] = []
        before: Intent | None = None
        for piece, intent in zip(pieces, intents, strict=True):
            if spans and qualifies(piece.text):
                continue
            if before and echoes(piece.text) and (intent.tool == before.tool or before.score > _SURE > intent.score):
                continue
            last = request[spans[-1][0] : spans[-1][1]] if spans else ""
            if not spans or self._begins(piece, intent, before, last):
                spans.append([piece.start, piece.end])
                before = intent
            else:
                spans[-1][1] = piece.end
        return [request[start : end + (request[end : end + 1] == "?")] for start, end in spans]

    @staticmethod
    def _begins(piece: Part, intent: Intent, before: Intent | None, last: str) -> bool:
        """Whether a piece asks for something of its own, and does not only go on with the last."""
        text = piece.text
        if before is None or not re.search(r"\w", hidden(text)):
            return False
        named = may_tell(polite_less(last)) and len(last.split()) < _FEW_WORDS and not told_moment(last)
        if _SOMEBODY.match(polite_less(text)) and named:
            return False  # "the man in red, did he win"
        if (not piece.strong and _GOES_ON.match(text)) or only_how(text):
            return False
        if piece.strong or only_when(text) or (tells(last) and not tells(text)) or _both_ask(last, text):
            return True
        when = only_when(read_wishes(text).text)
        if NAMED.search(text) and NAMED.search(last) and not commands(text):
            return when or (may_tell(text) and not of_them_as_one(last))
        if when:
            return False  # "cut 0:10-0:20 and 0:40-0:50 with subtitles"
        if commands(text) and polite_less(text):
            return intent.score >= LIKELY
        if before.tool in MAKING and _A_THING.fullmatch(read_wishes(text).text):
            return False  # "make a film of the cat and the dog in reverse order"
        sure = intent.score >= _BEGINS and not intent.outside
        return sure and intent.tool != before.tool and before.score >= LIKELY and not before.outside

    def _read(self, texts: Sequence[str], shared: Stretch | None) -> list[Clause]:
        """Each clause with its slots, the moment that says when, and what it calls for."""
        slots = [_faulted(text, read_slots(polite_less(text)), first=n == 0) for n, text in enumerate(texts)]
        anchored = [_anchor(_FORM.sub("", without_names(one.text)).strip()) for one in slots]
        intents = self._intents.of(
            [self._content(one.text) for one in slots] + [rest or "it" for rest, _ in anchored]
        )
        clauses = []
        for text, one, (rest, anchor), whole, part in zip(
            texts, slots, anchored, intents, intents[len(texts) :], strict=False
        ):
            intent = _as_made(text, _better(whole, part) if anchor else whole)
            if intent.tool not in MAKING:
                intent = _as_question(f"{one.text}{'?' if text.rstrip().endswith('?') else ''}", intent)
            noting = intent.tool == "detect_objects" and len(rest.split()) < 3  # "note when somebody enters"
            clauses.append(_sharing(Clause(text, one, intent, None if noting else anchor), shared))
        return clauses

    @staticmethod
    def _without_asides(clauses: list[Clause]) -> list[Clause]:
        """Without remarks ("We had a parcel stolen.") beside something that is asked for; their times go on to it."""
        asking = [clause for clause in clauses if clause.asks]
        if any(not clause.intent.outside for clause in asking):  # "Hi there. Cheers."
            asking = [
                clause
                for clause in asking
                if not (clause.tool == "talk" and len(clause.text.split()) < _FEW_WORDS // 2)
            ]
        if not asking:
            asking = [max(clauses, key=lambda clause: clause.intent.score - clause.intent.outside)]
        said = [clause for clause in clauses if clause not in asking]
        window = next((one.slots for one in said if one.slots.has_window), None)
        times = next((one.slots.at_s for one in said if one.slots.at_s), ())
        every_s = next((one.slots.every_s for one in said if one.slots.every_s), None)
        anchor = next((anchor for one in said if (anchor := told_moment(one.text))), None)
        subject = next((thing for one in said if (thing := told_thing(one.text))), "")
        subject = subject or next(
            (bare_moment(one.slots.text) for one in said if not _OURSELVES.search(one.text)), ""
        )
        told = [clause.timed(window, times, anchor, subject) for clause in asking]
        return [replace(c, slots=replace(c.slots, every_s=c.slots.every_s or every_s)) for c in told]


def _all_spoken_out(texts: Sequence[str], before: str) -> list[str]:
    """Each piece with what it leaves unsaid, from what the piece before it has come to mean."""
    found: list[str] = []
    for text in texts:
        found.append(spoken_out(text, found[-1] if found else before))
    return found


def _faulted(text: str, slots: Slots, *, first: bool) -> Slots:
    if not leaves_out(text, first=first):
        return slots
    return replace(slots, faults=(*slots.faults, f"{text.strip(' ?').capitalize()} is what?"))


def _both_ask(first: str, second: str) -> bool:
    """Whether both are questions by themselves: "is there a horse" and "is there a car"."""
    return bool(_WHOLE.match(polite_less(first)) and _WHOLE.match(polite_less(second)))


def _may_name(text: str) -> bool:
    """Whether a clause has a word in it, and neither asks nor says what is only meant for the program."""
    asks = text.rstrip().endswith("?") or commands(text) or _SAID_TO_US.fullmatch(text)
    return not asks and bool(_WORDS.search(text))


def _only_named(clause: Clause) -> bool:
    """Whether a clause is like nothing, but names a thing, which can be looked for."""
    if not _may_name(clause.text) or only_when(clause.text):
        return False
    unlike = clause.intent.score < LIKELY or (clause.intent.outside and clause.intent.score < _NAMED_THING)
    bare = len(clause.text.split()) <= _FEW_WORDS // 2 and not tells(clause.text)
    return unlike and (bare or may_tell(clause.text))


def _continued(texts: Sequence[str]) -> list[str]:
    """Each further stretch with what is to be done with it: "cut the first minute and the last minute"."""
    found: list[str] = []
    chain = 0  # pieces before this one that it goes on with
    for text in texts:
        going = (_goes_on(text, found[-1]) or _begun_as(text, found[-1])) if found else ""
        found.append(going or text)
        chain = chain + 1 if going else 0
        how = _how(polite_less(text)) if chain else ""
        if how and _CUTS_OUT.match(polite_less(found[-1 - chain])):
            found[-1 - chain : -1] = [f"{one} {how}" for one in found[-1 - chain : -1]]
    return found


def _goes_on(text: str, last: str) -> str:
    """A further stretch, or one of another video, with what is to be done with it; an empty string for any other."""
    bare = polite_less(text)
    stretch, before = read_slots(bare), read_slots(last)
    if not only_when(read_wishes(text).text):
        return ""
    if _names_another(bare, last) and (stretch.has_window or (stretch.at_s and before.at_s)):
        return f"{without_names(before.text)} {bare}"
    both = stretch.has_window and before.has_window and not only_when(before.text)
    done = without_names(before.text) if NAMED.search(bare) else before.text
    return f"{done} {bare}" if both and _apart(before, stretch) and not _BUT.match(bare) else ""


def _begun_as(text: str, last: str) -> str:
    """A further thing with what is to be done with it: "cut the cat and then the dog"; an empty string else."""
    bare = polite_less(last)
    begins = _BEGINNING.match(bare)
    if not begins or not may_tell(text) or read_slots(text).has_window:
        return ""
    thing = without_names(read_wishes(text).text)
    further = _names_another(text, last) or (_CUT_A_THING.match(bare) and _A_THING.fullmatch(thing))
    return f"{begins[0]}{text}" if further else ""


def _names_another(text: str, last: str) -> bool:
    """Whether a piece and the one before it each name a video, and something was to be done in the first."""
    return bool(NAMED.search(text) and NAMED.search(last) and commands(last) and not of_them_as_one(last))


def _how(text: str) -> str:
    """What is said at the end of how something is to be made: "without sound" of "0:10-0:12 without sound"."""
    wishes = read_wishes(text)
    wanted = (wishes.options or wishes.subtitled) and not wishes.together
    return text[len(wishes.text) :].strip() if wanted and text.startswith(wishes.text) else ""


def _apart(one: Slots, other: Slots) -> bool:
    """Whether two stretches cannot be meant as one: they share no time, or are the beginning and the end."""
    return _are_ends(one, other) or _are_ends(other, one) or not _meet(one, other)


def _are_ends(one: Slots, other: Slots) -> bool:
    return one.end_s is not None and one.end_s > 0 and other.start_s is not None and other.start_s < 0


def _meet(one: Slots, other: Slots) -> bool:
    """Whether two stretches have time in common; those that count from the end may have."""
    times = [time_s for slots in (one, other) for time_s in (slots.start_s, slots.end_s) if time_s is not None]
    if any(time_s < 0 for time_s in times):
        return True
    start_s = max(one.start_s or 0.0, other.start_s or 0.0)
    return all(slots.end_s is None or start_s < slots.end_s for slots in (one, other))


def _anchor(text: str) -> tuple[str, Anchor | None]:
    """The text without the moment that says when; "from the video" says none."""
    rest, anchor = read_anchor(text)
    if anchor and re.match(r"(?:i|we|i'm|i've|we're)\b", anchor.words, re.IGNORECASE):
        return rest or text, None  # "before I upload it" is a reason
    if anchor and (is_video_words(anchor.words) or not re.search(r"\w{2}", anchor.words)):
        return text, None
    return rest, anchor


def _better(whole: Intent, part: Intent) -> Intent:
    """What a clause calls for, with and without the moment that says when: the latter where it is nearly as sure."""
    searching = whole.tool in ("search_moments", "answer_question")
    if searching:
        return part if part.tool in WINDOWED and part.score >= _SURE and part.score > whole.score else whole
    return part if part.score >= whole.score - 0.1 and not part.outside else whole


def _hands_over(text: str) -> bool:
    """Whether a stretch is wanted and nothing is said of it: "give me the first minute of a.mp4"."""
    slots = read_slots(without_names(read_wishes(text).text))
    more = slots.every_s or slots.at_s or slots.limit or slots.chapters
    return slots.has_window and not more and bool(_GIVE.fullmatch(f"{slots.text} "))


def _as_made(text: str, intent: Intent) -> Intent:
    """What is to be made, where a clause names it outright; a question or a remark makes nothing."""
    if _SOUNDS_OTHER.match(polite_less(text)):
        return replace(intent, tool="edit", score=max(intent.score, _SURE), outside=True)
    if _hands_over(polite_less(text)):
        return replace(intent, tool="cut_clip", score=max(intent.score, _SURE), outside=False)
    if not asks_to_make(text):
        return intent.without(MAKING) if intent.tool in MAKING else intent
    tool = plainly(text)
    if not tool or not intent.of(tool):
        return intent
    return replace(intent, tool=tool, score=max(intent.score, _SURE), outside=tool in intent.beyond)


def _as_question(text: str, intent: Intent) -> Intent:
    """What the form of a clause says more surely than its likeness: that it locates, counts, or asks."""
    bare = polite_less(text)
    if intent.tool not in _OURS and not intent.outside and intent.score >= _ASKED:
        return intent  # a tool of somebody else knows its own requests
    if beyond := _BEYOND.get("".join(re.findall(r"^[\w-]+", bare.lower()))):
        return replace(intent, tool=beyond, score=max(intent.score, _SURE), outside=True)
    searching = replace(intent, tool="search_moments", score=max(intent.score, _SURE), outside=False)
    asking = replace(intent, tool="answer_question", score=max(intent.score, _SURE), outside=False)
    if tool := _of_the_whole(bare):
        return replace(asking, tool=tool)
    structural = intent.tool in _STRUCTURAL and not (intent.tool == "detect_shots" and not _CUTS.search(bare))
    found = intent.tool == "search_moments"
    if _GOES.match(bare) and (found or not structural) and intent.of("search_moments") >= intent.score - _CLOSE:
        return searching
    if _LOCATES.match(bare) and (not structural or intent.score < _ASKED):
        return searching
    if _HOW_LONG.match(bare) or _SAID_ABOUT.match(bare) or (intent.tool == "describe_video" and _BESIDE.match(bare)):
        return asking
    if SOMEWHERE.search(bare) and intent.tool not in _STRUCTURAL and not _QUESTION.match(bare):
        return searching
    if (_WHO.match(bare) and not intent.outside) or (_COUNTS.match(bare) and intent.tool not in _STRUCTURAL):
        return asking
    doubtful = intent.tool == "world" and (
        intent.score < _WORLDLY or intent.of("answer_question") > intent.score - _NEARLY
    )
    whether = found and _IS_THERE.match(bare) and text.rstrip().endswith("?")
    asked = _QUESTION.match(bare) or (text.rstrip().endswith("?") and not commands(text))
    if asked and (intent.score < _ASKED or doubtful or whether):
        return asking
    return intent


def _of_the_whole(bare: str) -> str:
    """The tool that answers a question about the footage as a whole: how much there is, how long, what is in it."""
    if ask(bare).kind is Kind.VIDEOS:
        return "answer_question"
    if (found := _HOW_LONG.match(bare)) and _is_footage(found["what"]):
        return "probe_video"
    if (found := _CONTENT.match(bare)) and _is_footage(found["inside"] or found["about"]):
        return "describe_video"
    return ""


def _is_footage(text: str) -> bool:
    """Whether words name the footage as such: "the film", "it", "talk.mp4"."""
    bare = without_names(text).strip(" ?.!")
    return not bare or is_video_words(bare) or _FOOTAGE.fullmatch(bare) is not None


def _spread(clauses: list[Clause]) -> list[Clause]:
    """A stretch that the first clause begins with ("From 1:00 to 2:00 I need …") goes for all that it lists."""
    if not clauses or not clauses[0].slots.has_window or not _begins_with_time(clauses[0].text):
        return clauses
    shared = Stretch(clauses[0].slots, clauses[0].anchor)
    return [clauses[0], *(c if commands(c.text) else _sharing(c, shared) for c in clauses[1:])]


def _begins_with_time(text: str) -> bool:
    first = " ".join(text.split()[:_FEW_WORDS])
    return (
        bool(
            re.match(
                r"(?:from|for|in|between|during|within|after|the (?:first|last)|first|last)\b", text, re.IGNORECASE
            )
        )
        and read_slots(first).has_window
    )


def _sharing(clause: Clause, shared: Stretch | None) -> Clause:
    """The clause with the stretch that was named for everything, where it has none of its own."""
    if shared is None:
        return clause
    own = clause.anchor and not is_back(clause.anchor.words)
    if own or clause.slots.has_window or clause.slots.at_s:
        return clause
    window = replace(clause.slots, start_s=shared.slots.start_s, end_s=shared.slots.end_s)
    return replace(clause, slots=window, anchor=shared.anchor)


def _once(clauses: list[Clause]) -> list[Clause]:
    """Without clauses that only say again what another asks for; what they add goes to the other."""
    kept: list[Clause] = []
    for clause in clauses:
        others = (n for n, other in enumerate(kept) if other.tool == clause.tool and _of_one_video(other, clause))
        same = next((n for n in others if _repeats(kept[n], clause)), None)
        if same is None:
            kept.append(clause)
            continue
        slots = kept[same].slots
        added = {
            name: getattr(slots, name) or getattr(clause.slots, name)
            for name in ("every_s", "limit", "at_s", "chapters")
        }
        if not slots.has_window:
            added |= {"start_s": clause.slots.start_s, "end_s": clause.slots.end_s}
        kept[same] = replace(kept[same], slots=replace(slots, **added), anchor=kept[same].anchor or clause.anchor)
    return kept


def _of_one_video(first: Clause, second: Clause) -> bool:
    """Whether they do not name different videos."""
    names = [set(map(str.lower, NAMED.findall(clause.text))) for clause in (first, second)]
    return not all(names) or names[0] == names[1]


def _repeats(first: Clause, second: Clause) -> bool:
    if first.tool == "answer_question":  # "…, I forgot who it was"
        if first.slots.has_window and second.slots.has_window and not _same_time(first.slots, second.slots):
            return False
        new = set(_LONGER.findall(second.slots.text.lower())) - set(_LONGER.findall(first.slots.text.lower()))
        few = len(_LONGER.findall(second.slots.text)) < _FEW_WORDS // 3
        return bool(_ONLY_THEY.match(second.slots.text)) or (few and not (new and _WHOLE.match(second.slots.text)))
    if first.tool == "extract_frames":
        return (
            not second.slots.every_s
            and not second.anchor
            and bool(second.slots.at_s)
            and first.slots.at_s == second.slots.at_s
        )
    if first.tool not in WINDOWED | {"probe_video"}:
        return False
    both = first.slots.has_window and second.slots.has_window
    clash = first.slots.chapters != second.slots.chapters or (first.slots.limit and second.slots.limit)
    return not both and not clash and not (first.anchor and second.anchor)


def _same_time(one: Slots, other: Slots) -> bool:
    return (one.start_s, one.end_s) == (other.start_s, other.end_s)


def _shared(lead: str) -> Stretch | None:
    """The stretch that is named first and goes for everything."""
    if not lead:
        return None
    slots = read_slots(lead)
    _, anchor = _anchor(slots.text) if not slots.has_window else ("", None)
    if slots.has_window and not only_when(lead):
        return None
    return Stretch(slots, anchor) if slots.has_window or anchor else None
