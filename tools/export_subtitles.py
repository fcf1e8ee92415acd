"""The tool `export_subtitles`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field, model_validator

from playhead.errors import InputError
from playhead.index.translate import translate
from playhead.media.burning import burn
from playhead.media.cues import Cue, Rules, cut, kept_to, retold, spoken
from playhead.media.cutting import Piece, Sources
from playhead.media.decode import probe
from playhead.media.subtitles import write_subtitles
from playhead.tools.arguments import Film, Label, Stretch, Window
from playhead.tools.contract import Arguments, Context, Effect, Tool
from playhead.tools.editorial import Footage, in_a_row, opened, parts_of, write
from playhead.tools.naming import fingerprint
from playhead.types import Channel, Clip, Documents, Origin, Part, Progress, Source, Span, Utterance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playhead.media.cues import Spoken
    from playhead.media.files import MediaFile

_USUAL_RATE_HZ = 25.0
_FILM_RATE_HZ = 24.0  # the rule of two frames is made for this rate and faster ones
_STAGE = "writing subtitles"


class ExportSubtitlesArgs(Stretch):
    """Subtitles of what, in which form, and by which rules."""

    video: Label = Field("", max_length=4096, description="Id, name or path of an indexed video, or part of it.")
    moments: tuple[Window, ...] = Field(
        (), max_length=20_000, description="Of these moments, as if they were put together one after another."
    )
    film: Film | None = Field(
        None, description="Of a film that was made: what is said in each part, at its new time."
    )
    formats: tuple[Literal["srt", "vtt"], ...] = Field(("srt",), min_length=1, description="One file of each.")
    burn: bool = Field(
        False, description="Also make a film with the subtitles drawn in: of the film, or of the part of the video."
    )
    language: Label = Field(
        "", pattern=r"^([a-z]{2,3}(-[A-Za-z]{2,4})?)?$", description="Translate into this ISO 639 language."
    )
    line_letters: int = Field(42, ge=10, le=100, description="Letters a line; letters of full width count as two.")
    lines: int = Field(2, ge=1, le=4, description="Lines at once.")
    letters_per_s: float = Field(20.0, ge=5, le=60, description="Reading speed, in letters a second.")
    shortest_s: float = Field(5 / 6, ge=0.1, le=5, description="Show each for so long at least.")
    longest_s: float = Field(7.0, ge=1, le=30, description="Show each for so long at most.")
    gap_frames: int = Field(2, ge=0, le=25, description="Frames without subtitles between two.")

    @model_validator(mode="after")
    def _one_subject(self) -> Self:
        if bool(self.video) + bool(self.moments) + (self.film is not None) != 1:
            raise ValueError("give one of video, moments and film")
        if not self.video and not self.whole:
            raise ValueError("start_s and end_s are those of a video")
        if self.burn and self.moments:
            raise ValueError("subtitles are drawn into a film or a video: put the moments together first")
        if self.shortest_s > self.longest_s:
            raise ValueError(f"shortest_s ({self.shortest_s:g}) must not be more than longest_s ({self.longest_s:g})")
        return self

    def rules(self, rate_hz: float) -> Rules:
        """The rules of this call for a picture of that many frames a second."""
        gap_s = self.gap_frames / max(rate_hz, _FILM_RATE_HZ)
        return Rules(self.line_letters, self.lines, self.letters_per_s, self.shortest_s, self.longest_s, gap_s)


class ExportSubtitles(Tool[ExportSubtitlesArgs, Documents]):
    """Writes subtitles (SRT, WebVTT) of what is said in a video, in moments, or in a film that was put together; also
    draws them into the picture (burned in), and translates them where a language model is configured."""

    name: ClassVar[str] = "export_subtitles"
    Args: ClassVar[type[Arguments]] = ExportSubtitlesArgs
    result: ClassVar[type] = Documents
    effects: ClassVar[frozenset[Effect]] = frozenset({Effect.READS, Effect.WRITES})
    indexed: ClassVar[bool] = True
    worded: ClassVar[bool] = True

    def run(self, args: ExportSubtitlesArgs, context: Context) -> Documents:
        """The files, and the film where one was asked for; `notes` say which rules could not be kept."""
        if args.language and context.chat is None:
            raise InputError(
                f"The subtitles cannot be translated into {args.language!r}",
                "no language model is configured",
                "Name one, such as --model ollama:qwen3:8b (docs/models.md), or leave language out",
            )
        parts = _parts(args, context)
        context.progress(Progress(_STAGE, parts[0].video.name))
        rules = args.rules(_rate_hz(args, parts, context))
        said, notes = _said(parts, rules, context)
        cues = cut(said, rules)
        origin = Origin(Source.COMPOSED, parts)
        if args.language and context.chat is not None and cues:
            cues = _translated(cues, args.language, rules, context)
            origin = Origin(Source.COMPOSED, parts, model=context.chat.name, note=f"Translated into {args.language}.")
        notes += kept_to(cues, rules) if cues else ("Nobody speaks there.",)
        shown = [Utterance(cue.span, cue.text) for cue in cues]
        texts = {kind: write_subtitles(shown, kind) for kind in dict.fromkeys(args.formats)}
        documents = tuple(
            write(text, f"subtitles-{fingerprint(text)}.{kind}", kind, origin, context)
            for kind, text in texts.items()
        )
        burnt = _burnt(args, parts, cues, origin, context) if args.burn else None
        return Documents(documents, (*notes, *(burnt.notes if burnt else ())), burnt.film if burnt else None)

    def estimate_s(self, args: ExportSubtitlesArgs, footage_s: float) -> float:
        """Drawing them in codes every frame twice, at about real time."""
        return 1.0 + (footage_s if args.burn else 0) + (footage_s / 10 if args.language else 0)


def _parts(args: ExportSubtitlesArgs, context: Context) -> tuple[Part, ...]:
    """The stretches that are subtitled, and when each begins on the clock of the subtitles."""
    footage = Footage(context)
    if args.film is not None:
        return parts_of(args.film, footage)
    if args.moments:
        return in_a_row(args.moments, footage)
    video = footage.video(args.video)
    span = args.span(video)
    return (Part(video, span, 0.0 if args.burn else span.start_s - video.start_s),)


def _rate_hz(args: ExportSubtitlesArgs, parts: Sequence[Part], context: Context) -> float:
    with _picture_of(args, parts, context) as file:
        said = probe(file, context.library.settings.limits)
    if args.burn and said.video is None:
        raise InputError(f"No subtitles can be drawn into {file.name}", "it has no picture", "Leave burn out")
    return (said.video.average_rate if said.video else None) or _USUAL_RATE_HZ


def _picture_of(args: ExportSubtitlesArgs, parts: Sequence[Part], context: Context) -> MediaFile:
    """The film, or the first of the videos."""
    return opened(args.film.path, context) if args.film else context.open(str(parts[0].video.path))


def _said(parts: Sequence[Part], rules: Rules, context: Context) -> tuple[list[Spoken], tuple[str, ...]]:
    """What is said in the parts, at its new times. Raises `InputError` where none was listened to."""
    library = context.library
    found: list[Spoken] = []
    videos = {part.video.id: part.video for part in parts}
    heard = {
        key: library.transcript(video).utterances
        for key, video in videos.items()
        if library.holds(video) and Channel.SPEECH in library.indexed(video)
    }
    deaf = ", ".join(video.name for key, video in videos.items() if key not in heard)
    if not heard:
        fix = "Index it with the speech channel first"
        raise InputError(f"There are no subtitles of {deaf}", "what is said in it is not in the library", fix)
    for number, part in enumerate(parts):
        if part.video.id in heard:
            found += spoken(heard[part.video.id], part.span, rules, part.at_s)
        context.progress(Progress(_STAGE, part.video.name, number + 1, len(parts)))
    return found, (f"What is said in {deaf} is not in the library.",) if deaf else ()


def _translated(cues: Sequence[Cue], language: str, rules: Rules, context: Context) -> list[Cue]:
    assert context.chat is not None

    def tell(done: int) -> None:
        context.progress(Progress("translating", language, done, len(cues)))

    texts = translate([" ".join(cue.lines) for cue in cues], language, context.chat, tell)
    return retold(cues, texts, rules)


@dataclass(frozen=True, slots=True)
class _Burnt:
    """The film, and what to know of it."""

    film: Clip
    notes: tuple[str, ...]


def _burnt(
    args: ExportSubtitlesArgs, parts: tuple[Part, ...], cues: Sequence[Cue], origin: Origin, context: Context
) -> _Burnt:
    limits, piece = context.library.settings.limits, _piece(args, parts, context)
    length_s = parts[0].span.duration_s if args.video else 0.0
    script = write_subtitles([Utterance(cue.span, cue.text) for cue in cues], "vtt")

    def open_file(_: str) -> MediaFile:
        return _picture_of(args, parts, context)

    def tell(done_s: float) -> None:
        context.progress(Progress("drawing subtitles", parts[0].video.name, done_s, length_s))

    with open_file(piece.file) as file:
        about = file.sha256() if args.film else parts[0].video.id
    path = context.folder / f"subtitled-{fingerprint(about, str(piece.span), script)}.mp4"
    with Sources(open_file) as sources:
        made = burn(piece, sources, cues, path, limits=limits, progress=tell)
    with opened(made.path, context) as file:
        said = probe(file, limits)
    rate_hz = (said.video.average_rate if said.video else None) or 0.0
    length_s = said.stated_duration_s or 0.0
    film = Clip(made.path, length_s, origin, made.width, made.height, rate_hz, made.has_audio)
    letters = " ".join(made.missing[:20]) + (" …" if len(made.missing) > 20 else "")
    return _Burnt(film, (f"No font here can draw: {letters}. Install one that can.",) if letters else ())


def _piece(args: ExportSubtitlesArgs, parts: Sequence[Part], context: Context) -> Piece:
    """What is burned: the part of the video, or all of it or of the film, as far as there is footage."""
    limits, span = context.library.settings.limits, parts[0].span
    if args.video and not args.whole:
        return Piece(str(parts[0].video.path), span)
    with _picture_of(args, parts, context) as file:
        start_s = probe(file, limits).start_s if args.film else span.start_s
    return Piece(str(file.path), Span(start_s, start_s + limits.seconds))
