"""The words everyone uses: spans, videos, segments, moments, transcripts, frames, claims, progress.

Times are seconds from the start of the video's own clock (presentation time), as `float`; spans are
half-open. Everything here is frozen and carries no behaviour beyond its own arithmetic.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path  # noqa: TC003 - results are read back from the cache by their types
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Channel(StrEnum):
    """What kind of observation a segment is."""

    PICTURE = "picture"
    OBJECT = "object"
    TEXT = "text"
    SPEECH = "speech"
    CAPTION = "caption"
    MOTION = "motion"
    THERMAL = "thermal"
    DEPTH = "depth"


class Mode(StrEnum):
    """How closely footage is watched, the least first.

    `preview` looks at the pictures of key frames and at nothing else; `fast` leaves out frames on which no other
    rests, so that a cut may be told a frame or two late; `full` sees every frame.
    """

    PREVIEW = "preview"
    FAST = "fast"
    FULL = "full"


PICTORIAL = (Channel.PICTURE, Channel.THERMAL, Channel.DEPTH)
"""Channels of pictures, found by what they look like; the pictures of one video are all on one of them."""

_INSTANT_S = 0.1  # a span shorter than this is told as one time


def format_time(seconds: float) -> str:
    """`m:ss.s`, or `h:mm:ss.s` from one hour on."""
    tenths = round(abs(seconds) * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    clock = f"{minutes:02d}:{rest / 10:04.1f}" if hours else f"{minutes}:{rest / 10:04.1f}"
    return f"{'-' if seconds < 0 and tenths else ''}{f'{hours}:' if hours else ''}{clock}"


class Shown:
    """A result that a notebook shows with its times and pictures, as HTML of bounded size."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        from playhead.markup import shown  # which knows these words, and is not needed elsewhere

        return shown(self)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """The half-open time `[start_s, end_s)` in seconds."""

    start_s: float
    end_s: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.start_s) and math.isfinite(self.end_s) and self.start_s <= self.end_s):
            raise ValueError(f"a span needs finite start_s <= end_s, not [{self.start_s}, {self.end_s})")

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.end_s - self.start_s

    def overlap_s(self, other: Span) -> float:
        """Seconds that both cover."""
        return max(0.0, min(self.end_s, other.end_s) - max(self.start_s, other.start_s))

    def union(self, other: Span) -> Span:
        """The smallest span that holds both."""
        return Span(min(self.start_s, other.start_s), max(self.end_s, other.end_s))

    def __str__(self) -> str:
        return f"{format_time(self.start_s)}–{format_time(self.end_s)}"


@dataclass(frozen=True, slots=True)
class Video(Shown):
    """A file known by the sha256 of its bytes; `name` and `path` are only labels."""

    id: str
    name: str
    path: Path
    duration_s: float
    start_s: float = 0.0
    width: int = 0
    height: int = 0
    has_audio: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def span(self) -> Span:
        """From its first to its last moment, on its own clock (which need not begin at 0)."""
        return Span(self.start_s, self.start_s + self.duration_s)

    def __str__(self) -> str:
        """Its name on one line: whoever named the file may have meant to write a line of an answer."""
        return "".join(letter if letter.isprintable() else "�" for letter in self.name)


@dataclass(frozen=True, slots=True)
class Word:
    """One spoken word and when it was said."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Utterance:
    """A stretch of speech; `words` is empty where only the whole was timed (subtitles)."""

    span: Span
    text: str
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said, in order. `source` names the model or the subtitle file it came from."""

    utterances: tuple[Utterance, ...]
    source: str
    language: str = ""
    video: Video | None = None

    @property
    def text(self) -> str:
        """Every utterance, one line each."""
        return "\n".join(u.text for u in self.utterances)


@dataclass(frozen=True, slots=True)
class Segment:
    """One thing observed on one channel over a span. `score` is the model's own confidence, 0 to 1."""

    id: str
    video_id: str
    channel: Channel
    span: Span
    model: str
    text: str = ""
    score: float = 1.0
    thumbnail: str = ""
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a moment was found: one observation and how well it matches the query.

    `part` is the number of the description it stands for, where the query ties several; `id` is the segment's.
    """

    channel: Channel
    span: Span
    score: float
    text: str = ""
    thumbnail: Path | None = None
    part: int = 0
    id: str = ""


@dataclass(frozen=True, slots=True)
class Moment(Shown):
    """A ranked span of one video with the evidence it rests on, strongest first."""

    video: Video
    span: Span
    score: float
    evidence: tuple[Evidence, ...]

    def __str__(self) -> str:
        return f"{self.video} {self.span} ({self.score:.2f})"


@dataclass(frozen=True, slots=True)
class SearchResult(Shown):
    """Moments that match, best first; iterating gives them.

    `no_match` says that nothing passed the threshold; `nearest` is then what came closest. `notes` say what to know.
    """

    query: str
    moments: tuple[Moment, ...]
    no_match: bool
    notes: tuple[str, ...] = ()
    nearest: tuple[Moment, ...] = ()

    def __iter__(self) -> Iterator[Moment]:
        return iter(self.moments)

    def __len__(self) -> int:
        return len(self.moments)

    def __getitem__(self, number: int) -> Moment:
        return self.moments[number]


@dataclass(frozen=True, slots=True)
class Shot:
    """The stretch of a video between two cuts."""

    video: Video
    span: Span


@dataclass(frozen=True, slots=True)
class Shots:
    """The shots of a video, in order of time."""

    shots: tuple[Shot, ...]


class Source(StrEnum):
    """How something came to be: taken from footage, drawn by a model, put together, or in the place of something."""

    RETRIEVED = "retrieved"
    GENERATED = "generated"
    COMPOSED = "composed"
    STAND_IN = "stand-in"


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of footage that is in something that was made, from `at_s` of it on."""

    video: Video
    span: Span
    at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Origin:
    """Where something that was made comes from; the file beside it says so, too.

    `parts` are the footage in it, in order; `model`, `seed` and `prompt` are those that drew or spoke it; `note` says
    what to know, such as what it stands in for.
    """

    source: Source
    parts: tuple[Part, ...] = ()
    model: str = ""
    seed: int | None = None
    prompt: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """The picture that is shown at `time_s`, as an image file."""

    video: Video
    time_s: float
    path: Path

    @property
    def origin(self) -> Origin:
        """It is taken out of footage."""
        return Origin(Source.RETRIEVED, (Part(self.video, Span(self.time_s, self.time_s)),))


@dataclass(frozen=True, slots=True)
class Frames(Shown):
    """Pictures taken out of footage, in the order in which they were asked for."""

    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class Image(Shown):
    """A picture file that was made; `text` says what it is to show."""

    path: Path
    width: int
    height: int
    origin: Origin
    text: str = ""


@dataclass(frozen=True, slots=True)
class Images(Shown):
    """Pictures that were made, in order."""

    images: tuple[Image, ...]


@dataclass(frozen=True, slots=True)
class Audio:
    """A sound file that was made; `text` is what is spoken in it, or what it is to sound like."""

    path: Path
    duration_s: float
    origin: Origin
    text: str = ""


@dataclass(frozen=True, slots=True)
class Clip(Shown):
    """A film that was made, on a clock that begins at 0; where it is cut from is in its `origin`."""

    path: Path
    duration_s: float
    origin: Origin
    width: int = 0
    height: int = 0
    rate_hz: float = 0.0
    has_audio: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class Clips(Shown):
    """Films that were made, in order."""

    clips: tuple[Clip, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A text file that was made: subtitles, a timeline, a page. `format` is its usual ending, such as `srt`."""

    path: Path
    format: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Documents:
    """Text files that were made, in order; `notes` say what to know of them. `film` has subtitles drawn in."""

    documents: tuple[Document, ...]
    notes: tuple[str, ...] = ()
    film: Clip | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One step of a story: a sentence or more, the picture that goes with it, and what both rest on."""

    text: str
    image: Image | None = None
    evidence: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Story:
    """A story in words and pictures, and the files that tell it."""

    title: str
    pages: tuple[Page, ...]
    documents: tuple[Document, ...] = ()
    film: Clip | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Citation:
    """What a sentence rests on: an observation of a video over a span. `id` is the segment's."""

    id: str
    video: Video
    span: Span
    channel: Channel
    text: str = ""
    thumbnail: Path | None = None


@dataclass(frozen=True, slots=True)
class Observations:
    """What was seen, read or captioned, in order of time; `frames` are pictures that were taken for it."""

    seen: tuple[Citation, ...]
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence and the evidence it rests on. `title` begins a chapter."""

    text: str
    evidence: tuple[Citation, ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Answer(Shown):
    """Sentences with their evidence; none says that the footage does not show it.

    `dropped` counts sentences of a language model that had no valid evidence; `notes` say what to know.
    """

    claims: tuple[Claim, ...]
    notes: tuple[str, ...] = ()
    dropped: int = 0

    @property
    def text(self) -> str:
        """The sentences, each followed by its times."""
        return "\n".join(f"{claim.text} {cited(claim, self.videos)}".rstrip() for claim in self.claims)

    @property
    def videos(self) -> tuple[Video, ...]:
        """The videos that are cited, each once, in order."""
        return tuple({c.video.id: c.video for claim in self.claims for c in claim.evidence}.values())


def cited(claim: Claim, videos: tuple[Video, ...] = ()) -> str:
    """`[0:10.6–0:14.9]` for each stretch a claim rests on; with the name where the answer cites several videos."""
    joined: list[tuple[Video, Span]] = []
    for citation in claim.evidence:
        span, others = citation.span, []
        for video, other in joined:
            if video.id == citation.video.id and span.start_s <= other.end_s and other.start_s <= span.end_s:
                span = span.union(other)
            else:
                others.append((video, other))
        joined = [*others, (citation.video, span)]
    named = len(videos) > 1
    return " ".join(f"[{f'{video} ' if named else ''}{_shortly(span)}]" for video, span in joined)


def _shortly(span: Span) -> str:
    return format_time(span.start_s) if span.duration_s < _INSTANT_S else str(span)


class Door(StrEnum):
    """Where something is judged; looking at footage and making something new have doors of their own."""

    REQUEST = "request"
    TOOL_INPUT = "tool_input"
    TOOL_OUTPUT = "tool_output"
    GENERATE_INPUT = "generate_input"
    GENERATE_OUTPUT = "generate_output"
    ANSWER = "answer"


class Decision(StrEnum):
    """What a policy makes of a score, mildest first."""

    ALLOW = "allow"
    WARN = "warn"
    ASK = "ask"
    BLOCK = "block"

    @property
    def severity(self) -> int:
        """0 to 3."""
        return list(Decision).index(self)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate decided, and why.

    `category`, `score` and `threshold` are those that decided (of `allow`: the category that came nearest);
    `scores` are all of them, highest first. `remedy` says what would change the outcome. `span` is the stretch of
    the video that was judged, `override` the reason a person gave for letting it through all the same; `answerable`
    says that the policy lets a person give one.
    """

    decision: Decision
    door: Door
    category: str
    score: float
    threshold: float
    model: str
    reason: str
    remedy: str = ""
    scores: tuple[tuple[str, float], ...] = ()
    override: str = ""
    span: Span | None = None
    answerable: bool = False

    @property
    def passes(self) -> bool:
        """Whether what was judged may go on."""
        return self.decision in (Decision.ALLOW, Decision.WARN) or bool(self.override)

    def __str__(self) -> str:
        where = f"{self.span} " if self.span else ""
        return f"{where}{self.decision}: {self.reason}"


@dataclass(frozen=True, slots=True)
class SafetyReport:
    """What the gate would make of a text, a picture or a video: one verdict, or one for each stretch of a video.

    `video` is the one whose stretches were judged. Without a verdict nothing in it stands out; `notes` say what could
    not be judged.
    """

    verdicts: tuple[Verdict, ...]
    video: Video | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of long work: `done` of `total` seconds of `name` (`total` 0 when unknown)."""

    stage: str
    name: str
    done: float = 0.0
    total: float = 0.0
    message: str = ""


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What one indexing run did, by file."""

    added: tuple[Video, ...] = ()
    updated: tuple[Video, ...] = ()
    unchanged: tuple[Video, ...] = ()
    failed: tuple[tuple[Path, Exception], ...] = ()
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class HeadReport:
    """What a picture head was trained on: images that could be opened, and those that were missing or broken."""

    path: Path
    images: int
    skipped: int


@dataclass(frozen=True, slots=True)
class Limits:
    """What one media file may cost before it is refused or cut short."""

    bytes: int = 256 << 30
    pixels: int = 8192 * 4608
    frames: int = 20_000_000
    seconds: float = 48 * 3600
    processor_s: int = 48 * 3600
    memory_bytes: int = 4 << 30
    stall_s: float = 30.0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not getattr(self, name) > 0:
                raise ValueError(f"the limit {name} must be greater than 0")
