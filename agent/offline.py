"""The planner that needs no language model: clauses, their likeness to worked requests, slots, and types."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from playhead.agent.clauses import (
    Anchor,
    Part,
    When,
    bare_moment,
    commands,
    hidden,
    leading,
    looked_for,
    may_tell,
    only_when,
    parts,
    polite_less,
    qualifies,
    read_anchor,
    tells,
    told_moment,
    told_thing,
)
from playhead.agent.intents import Intents, worked_examples
from playhead.agent.plan import Plan, Step
from playhead.agent.planner import Proposal, Stage
from playhead.agent.slots import Slots, language, only_channels, read_slots, said_or_written, without_language
from playhead.index.questions import ask
from playhead.media.formats import MEDIA_ENDINGS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from playhead.agent.intents import Example, Intent
    from playhead.models.roles import SentenceEncoder
    from playhead.tools.contract import Tool

_SURE = 0.55  # a clause this like an example is a request of its own
_LIKELY = 0.28  # … and below this it is like none
_OUTSIDE = 0.45
_ALL = 100
_MOST_CLAUSES = 24
_WINDOWED = frozenset(
    "summarize describe_video transcribe detect_objects read_text detect_shots extract_frames".split()
)
_PICTURED = frozenset("detect_objects read_text".split())
_EVERY_ONE = re.compile(r"\b(?:every(?:\s+(?:single\s+)?time)?|all|each|any time|whenever|how many)\b", re.IGNORECASE)
_BACK = re.compile(
    r"\b(?:it|that|this|them|those|these|there|then|each|both|one|ones|the (?:same|found|first|second|third|last)(?: \w+)?|"
    r"that (?:part|moment|bit|scene|point|clip))\b",
    re.IGNORECASE,
)
_THERE = re.compile(
    r"\b(?:there|then|that (?:part|moment|bit|scene|point|time|passage|section)|those (?:parts|moments|scenes)|them)\b",
    re.IGNORECASE,
)
_ON_FROM = re.compile(
    r"\b(?:from (?:there|then|that \w+)(?: on(?:wards?)?)?|after (?:it|that|this|them)|afterwards|what follows|next)\b",
    re.IGNORECASE,
)
_UP_TO = re.compile(r"\b(?:(?:up to|until|till|before) (?:there|then|that(?: \w+)?|it|this))\b", re.IGNORECASE)
_ORDINAL = re.compile(
    r"\bthe (first|second|third|fourth|fifth|last)(?: (?:one|moment|hit|result|match|scene))?\b", re.IGNORECASE
)
_ORDINALS = {"first": 0, "second": 1, "third": 2, "fourth": 3, "fifth": 4, "last": -1}
_PER_SHOT = re.compile(r"\b(?:each|every|per|all(?: the)?|of the) (?:shots?|scenes?|takes?|cuts?)\b", re.IGNORECASE)
_FRAME_OF = re.compile(
    r"\b(?:frames?|stills?|pictures?|images?|screenshots?|snapshots?|photos?|thumbnails?|shots?|jpe?gs?|pics?)\b(?:\s+(?:to|for) \w+)?\s*"
    r"(?:of|from|with|showing|for|where|when|at|that shows?)\s+(?P<what>.+)$",
    re.IGNORECASE,
)
_WHENEVER = re.compile(
    r"^(?:every time|each time|any time|whenever|wherever|every)\s+(?P<what>.+?)(?:\s*,|\s+(?:i|we)\s+(?:want|need|would|'d)|:|$)",
    re.IGNORECASE,
)
_CAPTIONS = re.compile(r"\b(?:captions?|captioned)\b", re.IGNORECASE)
_STILLS = re.compile(
    r"\b(?:frames?|stills?|stils?|pictures?|images?|screenshots?|snapshots?|photos?|thumbnails?)\b", re.IGNORECASE
)
_SOMEBODY = re.compile(
    r"^(?:did|does|do|is|was|has|will|how|why|what|when|where)\b.*\b(?:he|she|they|it)\b", re.IGNORECASE
)
_FEW_WORDS = 9
_EVERYWHERE = re.compile(
    r"\b(?:(?:look|search|go|check|browse|hunt)\s+)?(?:through|in|across|over|throughout)\s+(?:all|every|each|any)(?: of)?(?: (?:my|the|our|your))?"
    r"\s+(?:videos?|clips?|films?|files|recordings?|footage|library)\b\s*[:,]?",
    re.IGNORECASE,
)
_QUESTION = re.compile(
    r"^(?:what|who|whom|whose|when|where|which|why|how|is|are|was|were|does|do|did|can|has|have|whether|tell me)\b",
    re.IGNORECASE,
)
_GOES = re.compile(
    r"^(?:find|go to|jump to|skip to|take me to|locate|spot|look for|search for|pin ?down|pin ?point)\b",
    re.IGNORECASE,
)
_CLOSE = 0.35
_LOCATES = re.compile(
    r"^(?:when (?:exactly )?(?:do|does|did|is|are|was|were|can)|at (?:what|which) (?:times?|points?|minutes?|seconds?|moments?)|"
    r"where (?:in \w+ )?(?:do|does|did|can) (?:somebody|someone|anybody|anyone|he|she|they|we|you|one)|"
    r"in which (?:of \w+ )*(?:videos?|clips?|films?|recordings?))\b",
    re.IGNORECASE,
)
_BESIDE = re.compile(
    r"^(?:tell me )?what (?:\w+ )*?(?:happens?|happened|comes|is shown|do we see)\b.*\b(?:before|after)\b",
    re.IGNORECASE,
)
_VIDEO_WORDS = re.compile(
    r"\b(?:in|of|from|for)?\s*(?:the|this|that|my|our)?\s*(?:whole\s+|entire\s+|full\s+)?(?:videos?|films?|clips?|footage|recordings?|movies?|files?)\b",
    re.IGNORECASE,
)
_NAMED = re.compile(rf"\b[\w-]+(?:{'|'.join(map(re.escape, MEDIA_ENDINGS))})\b", re.IGNORECASE)
_STEP_NAMES = {
    "search_moments": "find", "extract_frames": "frames", "caption_frames": "captions", "detect_objects": "objects",
    "read_text": "writing", "detect_shots": "shots", "transcribe": "transcript", "summarize": "summary",
    "describe_video": "description", "answer_question": "answer", "probe_video": "file",
}  # fmt: skip
_NEEDS_VIDEO = frozenset(
    "summarize describe_video transcribe detect_objects read_text detect_shots extract_frames probe_video".split()
)
_DECLINED = {
    "edit": "editing footage", "generate": "making new pictures, films or texts", "translate": "translating",
    "send": "sending or publishing anything", "files": "changing, fetching or deleting files",
    "world": "anything outside the footage",
}  # fmt: skip
_ABLE = (
    "I can find moments, answer questions, sum up, describe, transcribe, read text on screen, list objects and shots, "
    "and take and caption frames"
)


class OfflinePlanner:
    """Plans by example. The same request and stage always give the same plan."""

    def __init__(self, tools: Mapping[str, Tool[Any, Any]], encoder: SentenceEncoder) -> None:
        self._tools = tools
        self._intents = Intents(worked_examples(tools), encoder)
        self.id = f"offline@{encoder.id}.1"

    def propose(self, request: str, stage: Stage) -> Proposal:
        """A plan, or what to ask back where the request is empty, ambiguous, contradictory or beyond the tools."""
        words = re.sub(r"\s+", " ", request).strip()
        if not re.search(r"\w", words):
            return Proposal(None, ("What shall I look for or do?",))
        clauses, questions = self._clauses(words)
        if questions:
            return Proposal(None, tuple(questions))
        builder = _Builder(self._tools, stage, words)
        questions = builder.video_questions(clauses)
        for clause in clauses if not questions else ():
            questions += builder.add(clause)
        if questions:
            return Proposal(None, tuple(dict.fromkeys(questions)))
        if not builder.steps:
            return Proposal(None, (f"I do not know what to do for “{_short(words)}”. {_ABLE}.",))
        return Proposal(builder.plan())

    def nearest(self, request: str, count: int) -> list[Example]:
        """The worked requests most like one."""
        return self._intents.nearest(request, count)

    # From words to clauses

    def _clauses(self, request: str) -> tuple[list[Clause], list[str]]:
        channels, words = only_channels(self._intents.spelled(request))
        words = _EVERYWHERE.sub(" ", words).strip()
        lead, rest = leading(words)
        if lead and _shared(lead) is None and len(lead.split()) > _FEW_WORDS // 2:
            lead, rest = "", words
        pieces = parts(rest)
        if len(pieces) > _MOST_CLAUSES:
            return [], [f"That is {len(pieces)} things at once; please ask for at most {_MOST_CLAUSES}."]
        texts = self._merged(rest, pieces)
        clauses = self._read(texts, _shared(lead))
        kept = [replace(c, slots=replace(c.slots, channels=channels)) for c in _once(self._without_asides(clauses))]
        return kept, self._declined(kept) + [fault for clause in kept for fault in clause.slots.faults]

    @staticmethod
    def _content(text: str) -> str:
        return without_language(without_names(text)) or "it"

    def _merged(self, request: str, pieces: Sequence[Part]) -> list[str]:
        """Pieces joined again where the second only goes on with what the first began."""
        intents = self._intents.of([self._content(read_slots(polite_less(piece.text)).text) for piece in pieces])
        spans: list[list[int]] = []
        before: Intent | None = None
        for piece, intent in zip(pieces, intents, strict=True):
            if spans and qualifies(piece.text):
                continue
            last = request[spans[-1][0] : spans[-1][1]] if spans else ""
            if not spans or self._begins(piece, intent, before, last):
                spans.append([piece.start, piece.end])
                before = intent
            else:
                spans[-1][1] = piece.end
        return [request[start:end] for start, end in spans]

    @staticmethod
    def _begins(piece: Part, intent: Intent, before: Intent | None, last: str) -> bool:
        """Whether a piece asks for something of its own, and does not only go on with the last."""
        text = piece.text
        if before is None or not re.search(r"\w", hidden(text)):
            return False
        if _SOMEBODY.match(polite_less(text)) and may_tell(polite_less(last)) and len(last.split()) < _FEW_WORDS:
            return False  # "the man in red, did he win"
        if piece.strong or only_when(text) or (tells(last) and not tells(text)):
            return True
        if commands(text) and polite_less(text):
            return intent.score >= _LIKELY
        sure = intent.score >= _SURE and not intent.outside
        return sure and intent.tool != before.tool and before.score >= _LIKELY and not before.outside

    def _read(self, texts: Sequence[str], shared: Clause | None) -> list[Clause]:
        """Each clause with its slots, the moment that says when, and what it calls for."""
        slots = [read_slots(polite_less(text)) for text in texts]
        anchored = [_anchor(without_names(one.text)) for one in slots]
        intents = self._intents.of(
            [self._content(one.text) for one in slots] + [rest or "it" for rest, _ in anchored]
        )
        clauses = []
        for text, one, (rest, anchor), whole, part in zip(
            texts, slots, anchored, intents, intents[len(texts) :], strict=False
        ):
            intent = _as_question(text, _better(whole, part) if anchor else whole)
            clauses.append(_sharing(Clause(text, one, intent, rest, anchor), shared))
        return clauses

    @staticmethod
    def _without_asides(clauses: list[Clause]) -> list[Clause]:
        """Without remarks ("We had a parcel stolen.") beside something that is asked for; their times go on to it."""
        asking = [clause for clause in clauses if clause.asks]
        if not asking:
            asking = [max(clauses, key=lambda clause: clause.intent.score - clause.intent.outside)]
        said = [clause for clause in clauses if clause not in asking]
        window = next((one.slots for one in said if one.slots.has_window), None)
        times = next((one.slots.at_s for one in said if one.slots.at_s), ())
        anchor = next((anchor for one in said if (anchor := told_moment(one.text))), None)
        subject = next((thing for one in said if (thing := told_thing(one.text))), "")
        return [clause.timed(window, times, anchor, subject) for clause in asking]

    @staticmethod
    def _declined(clauses: list[Clause]) -> list[str]:
        questions = []
        for clause in clauses:
            intent = clause.intent
            if intent.outside and intent.score >= _OUTSIDE and intent.tool in _DECLINED:
                what = _DECLINED[intent.tool]
                questions.append(f"“{_short(clause.text)}” is {what}, which I cannot do. {_ABLE}.")
            elif intent.outside or intent.score < _LIKELY:
                questions.append(f"What do you mean by “{_short(clause.text)}”? {_ABLE}.")
        return questions


@dataclass(frozen=True, slots=True)
class Clause:
    """One thing that is asked for: its words, its slots, what it calls for, and the moment that says when."""

    text: str
    slots: Slots
    intent: Intent
    anchored: str = ""
    anchor: Anchor | None = None
    subject: str = ""  # what was spoken of beside it

    @property
    def asks(self) -> bool:
        """Whether it asks for something, rather than telling something."""
        if only_when(self.text) or tells(self.text) or (may_tell(self.text) and self.intent.score < _SURE):
            return False
        return commands(self.text) or self.intent.score >= _SURE or self.text.rstrip().endswith("?")

    @property
    def tool(self) -> str:
        """The tool it calls for."""
        return self.intent.tool

    def timed(self, window: Slots | None, times: tuple[float, ...], anchor: Anchor | None, subject: str) -> Clause:
        """The clause with a stretch, times, a moment or a thing that were named elsewhere, where it names none."""
        told = replace(self, subject=subject)
        if self.slots.has_window or self.slots.at_s or (self.anchor and not is_back(self.anchor.words)):
            return told
        start_s, end_s = (window.start_s, window.end_s) if window else (None, None)
        slots = replace(self.slots, start_s=start_s, end_s=end_s, at_s=times)
        return replace(told, slots=slots, anchor=anchor or self.anchor)


def _anchor(text: str) -> tuple[str, Anchor | None]:
    """The text without the moment that says when; "from the video" says none."""
    rest, anchor = read_anchor(text)
    if anchor and (_VIDEO_WORDS.fullmatch(anchor.words) or not re.search(r"\w{2}", anchor.words)):
        return text, None
    return rest, anchor


def _better(whole: Intent, part: Intent) -> Intent:
    """What a clause calls for, with and without the moment that says when: the latter where it is nearly as sure."""
    searching = whole.tool in ("search_moments", "answer_question")
    if searching:
        return part if part.tool in _WINDOWED and part.score >= _SURE and part.score > whole.score else whole
    return part if part.score >= whole.score - 0.1 and not part.outside else whole


def _as_question(text: str, intent: Intent) -> Intent:
    """Questions that no tool was found for are about the footage."""
    bare = polite_less(text)
    if _QUESTION.match(bare) and (intent.score < _LIKELY or (intent.outside and intent.score < _SURE)):
        return replace(intent, tool="answer_question", score=_SURE, outside=False)
    if intent.tool in _PICTURED and _GOES.match(bare) and intent.of("search_moments") >= intent.score - _CLOSE:
        return replace(intent, tool="search_moments")
    if intent.tool == "answer_question" and _LOCATES.match(bare):
        return replace(intent, tool="search_moments")
    if intent.tool == "describe_video" and _BESIDE.match(bare):
        return replace(intent, tool="answer_question")
    return intent


def _sharing(clause: Clause, shared: Clause | None) -> Clause:
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
        same = next(
            (n for n, other in enumerate(kept) if other.tool == clause.tool and _repeats(other, clause)), None
        )
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


def _repeats(first: Clause, second: Clause) -> bool:
    if first.tool not in _WINDOWED - {"extract_frames"} | {"probe_video"}:
        return False
    both = first.slots.has_window and second.slots.has_window
    clash = first.slots.chapters != second.slots.chapters or (first.slots.limit and second.slots.limit)
    return not both and not clash and not (first.anchor and second.anchor)


def _shared(lead: str) -> Clause | None:
    """The stretch that is named first and goes for everything."""
    if not lead:
        return None
    slots = read_slots(lead)
    _, anchor = _anchor(slots.text) if not slots.has_window else ("", None)
    return Clause(lead, slots, Any, "", anchor) if slots.has_window or anchor else None  # type: ignore[arg-type]


@dataclass
class _Builder:
    """Puts steps together, clause by clause; remembers what later clauses may refer to."""

    tools: Mapping[str, Tool[Any, Any]]
    stage: Stage
    request: str
    steps: dict[str, Step] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)
    found: list[str] = field(default_factory=list)  # search steps, the latest last
    frames: str = ""
    shots: str = ""
    anchors: dict[str, str] = field(default_factory=dict)
    asked: str = ""  # the last question
    window: dict[str, Any] = field(default_factory=dict)  # the stretch that was worked on last

    # Videos

    def video_questions(self, clauses: Sequence[Clause]) -> list[str]:
        """What to ask about videos: one that is not there, or which of several."""
        known = [video.name for video in self.stage.videos]
        named = self._named(known)
        unknown = [name for name in named if known and name.lower() not in {k.lower() for k in known}]
        if unknown:
            return [f"There is no video {unknown[0]}. Which is meant: {_choice(known)}?"]
        if named:
            self.inputs["video"] = next((k for k in known if k.lower() == named[0].lower()), named[0])
        elif self.stage.video is not None:
            self.inputs["video"] = self.stage.video.name
        elif len(known) == 1:
            self.inputs["video"] = known[0]
        elif any(self._needs_video(clause) for clause in clauses):
            if known and not self.stage.recent:
                return [f"Which video is meant: {_choice(known)}?"]
            if not known:
                self.inputs["video"] = None
        return []

    def _named(self, known: Sequence[str]) -> list[str]:
        """Videos that the request names: by file name, by a known name without its ending."""
        found = [match[0] for match in _NAMED.finditer(self.request)]
        if found:
            return found
        for name in known:
            stem = re.escape(name.rsplit(".", 1)[0])
            loose = stem.replace("_", "[ _-]").replace(r"\-", "[ _-]")
            if re.search(
                rf"\b(?:the|in|of|from|my|our)\s+{loose}\s+(?:video|film|clip|footage|recording|file|movie|camera)\b",
                self.request,
                re.IGNORECASE,
            ):
                return [name]
        return []

    def _needs_video(self, clause: Clause) -> bool:
        return not _EVERYWHERE.search(self.request) and clause.tool in _NEEDS_VIDEO and clause.anchor is None

    def _video(self) -> str | None:
        return "$video" if "video" in self.inputs else None

    # Clauses into steps

    def add(self, clause: Clause) -> list[str]:
        """The steps of a clause; questions where something is missing."""
        tool = clause.tool
        if tool == "search_moments":
            return self._search(clause)
        if tool == "answer_question":
            return self._question(clause)
        if tool == "caption_frames":
            return self._captions(clause)
        if tool == "extract_frames":
            return self._frames(clause)
        if tool in _WINDOWED:
            return self._windowed(clause)
        video = self._video()
        self._step(tool, {"video": video} if video and "video" in self.tools[tool].Args.model_fields else {})
        return []

    def _step(self, tool: str, args: Mapping[str, Any]) -> str:
        base = _STEP_NAMES.get(tool, tool)
        name, number = base, 1
        while name in self.steps:
            number += 1
            name = f"{base}_{number}"
        self.steps[name] = Step(tool=tool, args={k: v for k, v in args.items() if v is not None})
        return name

    def _search(self, clause: Clause) -> list[str]:
        slots = clause.slots
        query = looked_for(without_names(slots.text))
        if not query or is_back(query) or _only_back(query):
            query = clause.subject
        if not query:
            return ["What shall I look for?"]
        args: dict[str, Any] = {"query": query}
        if self._names_video():
            args["video"] = "$video"
        args |= self._times(slots)
        if slots.limit or _EVERY_ONE.search(slots.text):
            args["limit"] = slots.limit or _ALL
        channels = slots.channels or said_or_written(slots.text)
        if channels:
            args["channels"] = [str(channel) for channel in channels]
        self.found.append(self._step("search_moments", args))
        return []

    def _names_video(self) -> bool:
        """Whether a search is to stay in one video: it was named, and there are others."""
        return "video" in self.inputs and len(self.stage.videos) != 1

    def _question(self, clause: Clause) -> list[str]:
        self.asked = polite_less(clause.text)
        args: dict[str, Any] = {"question": self.asked}
        if self._names_video():
            args["video"] = "$video"
        slots = clause.slots
        self._step("answer_question", args | self._times(slots) if slots.has_window else args)
        return []

    def _captions(self, clause: Clause) -> list[str]:
        if not self.frames or clause.slots.at_s or clause.slots.every_s:
            if questions := self._frames(clause, from_captions=True):
                return questions
        self._step("caption_frames", {"frames": f"${self.frames}.frames"})
        return []

    def _frames(self, clause: Clause, *, from_captions: bool = False) -> list[str]:
        slots = clause.slots
        args: dict[str, Any] = {}
        what = _FRAME_OF.search(clause.slots.text) or _WHENEVER.search(clause.slots.text)
        subject = looked_for(without_names(what["what"])) if what else ""
        if slots.at_s:
            args = {"video": self._video(), "at_s": list(slots.at_s)}
        elif _PER_SHOT.search(slots.text):
            self.shots = self.shots or self._step("detect_shots", {"video": self._video()} | self._times(slots))
            args = {"moments": f"${self.shots}.shots"}
        elif slots.every_s or slots.has_window:
            window, questions = self._window(clause)
            if questions:
                return questions
            args = window | {"every_s": slots.every_s, "limit": slots.limit}
        elif clause.anchor and not is_back(clause.anchor.words):
            if clause.anchor.when is When.DURING and not slots.every_s:
                args = {"moments": self._moments_of(clause.anchor.words, slots)}
            else:
                window, questions = self._window(clause)
                args = window | {"limit": slots.limit or 1}
        elif subject and not _only_back(subject) and not _VIDEO_WORDS.fullmatch(subject):
            args = {"moments": self._moments_of(subject, slots)}
        elif self.found:
            args = {"moments": self._all_found(slots.text), "limit": slots.limit}
        elif self.asked and _THERE.search(slots.text):
            args = {"moments": self._moments_of(ask(self.asked).about, slots)}
        elif self.stage.recent and _BACK.search(slots.text):
            args = self._recent(slots.text)
        else:
            args = {"video": self._video(), "limit": slots.limit}
        self.frames = self._step("extract_frames", args)
        if not from_captions and _CAPTIONS.search(clause.text):
            self._step("caption_frames", {"frames": f"${self.frames}.frames"})
        return []

    def _moments_of(self, words: str, slots: Slots) -> str:
        """The moments of a new search, for the frames of something that is named with them."""
        query = looked_for(bare_moment(re.sub(r"^(?:the\s+)?(?:every|each|all)\s+", "", words, flags=re.IGNORECASE)))
        args: dict[str, Any] = {"query": query or words}
        if self._names_video():
            args["video"] = "$video"
        many = _EVERY_ONE.search(slots.text) or re.search(r"\bmoments|scenes|places\b", slots.text)
        args["limit"] = slots.limit or (_ALL if many else 1)
        name = self._step("search_moments", args)
        self.found.append(name)
        return f"${name}.moments"

    def _all_found(self, text: str) -> Any:
        if re.search(r"\bboth\b", text) and len(self.found) > 1:
            return [f"${name}.moments[0]" for name in self.found]
        return f"${self.found[-1]}.moments"

    def _windowed(self, clause: Clause) -> list[str]:
        slots, tool = clause.slots, clause.tool
        if tool in _PICTURED and (slots.at_s or (self.frames and _STILLS.search(slots.text))):
            if slots.at_s:
                self.frames = self._step("extract_frames", {"video": self._video(), "at_s": list(slots.at_s)})
            self._step(tool, {"frames": f"${self.frames}.frames"})
            return []
        args, questions = self._window(clause)
        if questions:
            return questions
        if tool == "summarize":
            args |= {"format": "chapters" if slots.chapters else None, "limit": slots.limit}
        if tool == "transcribe" and (spoken := language(self.request)):
            args["language"] = spoken
        name = self._step(tool, args)
        self.window = {k: v for k, v in args.items() if k in ("video", "start_s", "end_s")}
        if tool == "detect_shots":
            self.shots = name
        return []

    # Stretches of time

    @staticmethod
    def _times(slots: Slots) -> dict[str, Any]:
        if slots.has_window:
            return {k: v for k, v in (("start_s", slots.start_s), ("end_s", slots.end_s)) if v is not None}
        return {}

    def _window(self, clause: Clause) -> tuple[dict[str, Any], list[str]]:
        """The video and the stretch of it: named by times, by a moment to be found, or by what was found before."""
        slots, anchor = clause.slots, clause.anchor
        if slots.has_window or slots.at_s:
            times = self._times(slots) or {"start_s": slots.at_s[0]}
            return self._in_video(times)
        back = self._back(clause)
        if back is not None:
            return back, []
        if anchor is not None:
            return self._anchored(anchor), []
        return self._in_video({})

    def _in_video(self, times: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        video = self._video()
        if video is None:
            names = [video.name for video in self.stage.videos]
            return {}, [f"Which video is meant: {_choice(names)}?"]
        return {"video": video} | times, []

    def _anchored(self, anchor: Anchor) -> dict[str, Any]:
        first = self._find(anchor.words)
        video = self._video() or f"{first}.video.id"
        match anchor.when:
            case When.AFTER:
                return {
                    "video": video,
                    "start_s": f"{first}.span.{'start_s' if _begins_it(anchor.words) else 'end_s'}",
                }
            case When.BEFORE:
                return {"video": video, "end_s": f"{first}.span.start_s"}
            case When.BETWEEN:
                second = self._find(anchor.until)
                return {"video": video, "start_s": f"{first}.span.start_s", "end_s": f"{second}.span.end_s"}
            case _:
                return {"video": video, "start_s": f"{first}.span.start_s", "end_s": f"{first}.span.end_s"}

    def _find(self, words: str) -> str:
        """The moment that is named; one that was named before is not looked for again."""
        if words in self.anchors:
            return self.anchors[words]
        args: dict[str, Any] = {"query": looked_for(words) or words, "limit": 1}
        if self._video():
            args["video"] = "$video"
        if channels := said_or_written(words):
            args["channels"] = [str(channel) for channel in channels]
        self.found.append(self._step("search_moments", args))
        self.anchors[words] = f"${self.found[-1]}.moments[0]"
        return self.anchors[words]

    def _back(self, clause: Clause) -> dict[str, Any] | None:
        """The stretch of what was found before, where the clause refers to it."""
        text = clause.slots.text
        on, up = _ON_FROM.search(text), _UP_TO.search(text)
        refers = on or up or _THERE.search(text) or (clause.anchor and is_back(clause.anchor.words))
        if self.found and refers and not on and not up and len(self.window) > 1:
            return dict(self.window)
        if self.found and refers:
            moment = f"${self.found[-1]}.moments[0]"
            video = self._video() or f"{moment}.video.id"
            return {"video": video} | _ends(f"{moment}.span.start_s", f"{moment}.span.end_s", on, up, text)
        if self.stage.recent and not self.found and (refers or _BACK.search(text)):
            recent, span = self.stage.recent[_which(text, len(self.stage.recent))]
            self.inputs["video"] = recent.name
            return {"video": "$video"} | _ends(span.start_s, span.end_s, on, up, text)
        return None

    def _recent(self, text: str) -> dict[str, Any]:
        video, span = self.stage.recent[_which(text, len(self.stage.recent))]
        self.inputs["video"] = video.name
        return {"video": "$video", "at_s": [round((span.start_s + span.end_s) / 2, 3)]}

    def plan(self) -> Plan:
        """The plan; its inputs are those that steps use."""
        used = {
            k: v for k, v in self.inputs.items() if any(f"${k}" in step.args.values() for step in self.steps.values())
        }
        return Plan(version=1, request=self.request, inputs=used, steps=self.steps, answer="")


def _ends(start: Any, end: Any, on: object, up: object, text: str) -> dict[str, Any]:
    if up:
        return {"end_s": start}
    if on:
        return {"start_s": end if re.search(r"\b(?:after|afterwards|follows|next)\b", text, re.IGNORECASE) else start}
    return {"start_s": start, "end_s": end}


def _begins_it(words: str) -> bool:
    """Whether the moment is a beginning ("from when she starts"), so that the stretch begins with it."""
    return bool(re.match(r"(?:when|where)\b", words))


def _which(text: str, count: int) -> int:
    found = _ORDINAL.search(text)
    number = _ORDINALS[found[1].lower()] if found else 0
    return number if -count <= number < count else 0


def _only_back(text: str) -> bool:
    return bool(_BACK.fullmatch(text.strip())) or bool(
        re.fullmatch(
            r"(?:each|every|all|both|that|this|the|those|these)?\s*(?:of\s+)?(?:it|them|those|these|that|this|which|moments?|scenes?|part|shot|frames?|ones?|the same)",
            text.strip(),
            re.IGNORECASE,
        )
    )


def without_names(text: str) -> str:
    """The text without names of video files."""
    bare = re.sub(rf"\b(?:in|of|from)\s+{_NAMED.pattern}", " ", text, flags=re.IGNORECASE)
    return re.sub(r"\s+", " ", _NAMED.sub(" ", bare)).strip()


def is_back(text: str) -> bool:
    """Whether words only refer to something that was named before: "it", "that", "there on", "it is"."""
    return bool(_BACK.fullmatch(re.sub(r"\s+(?:is|was|on|onwards?|happens?)$", "", text.strip())))


def _choice(names: Sequence[str]) -> str:
    shown = [*names[:8], "…"] if len(names) > 8 else list(names)
    return f"{', '.join(shown[:-1])} or {shown[-1]}" if len(shown) > 1 else "".join(shown)


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}…"
