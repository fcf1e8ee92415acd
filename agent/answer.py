"""What a run answers: sentences, each with evidence that exists and lies inside its video."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING

from playhead.index.tell import citations, cite, likeness, sentence, told
from playhead.index.watch import digest
from playhead.media.decode import Probe
from playhead.types import (
    PICTORIAL,
    Answer,
    Audio,
    Channel,
    Citation,
    Claim,
    Clip,
    Clips,
    Document,
    Documents,
    Frames,
    Image,
    Images,
    Observations,
    SafetyReport,
    SearchResult,
    Shots,
    Source,
    Story,
    Transcript,
    cited,
    format_time,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from playhead.types import Video

_SLACK_S = 0.1
NOT_SHOWN = "The footage does not show that."
NOT_ANSWERED = "There is no answer, since not every step worked."


@singledispatch
def answered(result: object) -> Answer:
    """A tool's result as sentences with evidence; of a type that is not known here, what it says of itself."""
    return Answer((), (str(result),))


@answered.register
def _(result: Answer) -> Answer:
    return result


@answered.register
def _(result: SearchResult) -> Answer:
    claims = []
    for moment in result.moments:
        evidence = citations(moment)
        if not evidence:
            continue
        best = evidence[0]
        if best.channel in PICTORIAL:
            text = likeness(result.query, moment.score)
        else:
            same = [c.text for c in evidence if c.channel is best.channel and c.span == best.span]
            text = sentence(best.channel, same)
        claims.append(Claim(text, (cite(moment),)))
    nearest = [f"The nearest is {moment}." for moment in result.nearest[:1]]
    absent = [f"Nothing shows or says “{result.query}”."] if result.no_match else []
    return Answer(tuple(claims), (*result.notes, *absent, *nearest))


@answered.register
def _(result: Transcript) -> Answer:
    if result.video is None:
        return Answer((), tuple(f"[{u.span}] {u.text}" for u in result.utterances))
    claims = []
    for said in result.utterances:
        key = digest(result.video.id, Channel.SPEECH, f"{said.span.start_s:.6f}", f"{said.span.end_s:.6f}", said.text)
        citation = Citation(key, result.video, said.span, Channel.SPEECH, said.text)
        claims.append(Claim(sentence(Channel.SPEECH, [said.text]), (citation,)))
    return Answer(tuple(claims), () if claims else ("Nobody speaks there.",))


@answered.register
def _(result: Observations) -> Answer:
    return Answer(tuple(told(result.seen)), () if result.seen else ("Nothing of that kind is recognised there.",))


@answered.register
def _(result: Shots) -> Answer:
    count = (
        f"There {'is' if len(result.shots) == 1 else 'are'} {len(result.shots)} {_plural('shot', len(result.shots))}."
    )
    claims = []
    for number, shot in enumerate(result.shots, 1):
        key = digest(shot.video.id, "shot", f"{shot.span.start_s:.6f}", f"{shot.span.end_s:.6f}")
        citation = Citation(key, shot.video, shot.span, Channel.PICTURE)
        claims.append(Claim(f"Shot {number} lasts {shot.span.duration_s:.1f} s.", (citation,)))
    return Answer(tuple(claims), (count,))


@answered.register
def _(result: Frames) -> Answer:
    claims = []
    for frame in result.frames:
        [one] = told([_of_frame(frame.video, frame.time_s, frame.path)])
        claims.append(Claim(f"{frame.path.name} is the picture at {format_time(frame.time_s)}.", one.evidence))
    return Answer(tuple(claims), () if claims else ("No frame was taken.",))


def _of_frame(video: Video, time_s: float, path: object) -> Citation:
    from pathlib import Path

    from playhead.index.tell import seen_in

    return seen_in(video, time_s, Channel.PICTURE, "", Path(str(path)), "frame")


@answered.register(Image | Audio | Clip | Document)
def _(result: Image | Audio | Clip | Document) -> Answer:
    return _made([result])


@answered.register
def _(result: Images) -> Answer:
    return _made(result.images)


@answered.register
def _(result: Clips) -> Answer:
    return _made(result.clips)


@answered.register
def _(result: Documents) -> Answer:
    return _made([*result.documents, *([result.film] if result.film else [])], result.notes)


@answered.register
def _(result: Story) -> Answer:
    claims = tuple(Claim(page.text, page.evidence) for page in result.pages if page.evidence)
    files = _made([*result.documents, *([result.film] if result.film else [])])
    told_of = (f"{result.title}.", *(claim.text for claim in files.claims), *files.notes, *result.notes)
    return Answer(claims, told_of)


_HOW = {
    Source.RETRIEVED: "is taken from footage",
    Source.GENERATED: "was generated",
    Source.COMPOSED: "is put together",
    Source.STAND_IN: "stands in for what nothing here can make",
}


def _made(files: Sequence[Image | Audio | Clip | Document], notes: tuple[str, ...] = ()) -> Answer:
    """Each film, sound and picture with what it is; one that is made of footage rests on that. Texts are listed."""
    written = [file.path.name for file in files if isinstance(file, Document)]
    claims, told_of = [], [f"Written: {', '.join(written)}."] if written else []
    for file in files:
        told_of += [file.origin.note] if file.origin.note else []
        if isinstance(file, Document):
            continue
        length = f" ({format_time(file.duration_s)})" if isinstance(file, Audio | Clip) else ""
        model = f" by {file.origin.model}" if file.origin.model else ""
        text = f"{file.path.name}{length} {_HOW[file.origin.source]}{model}."
        parts = tuple(
            Citation(
                digest(part.video.id, "part", f"{part.span.start_s:.6f}", f"{part.span.end_s:.6f}"),
                part.video,
                part.span,
                Channel.PICTURE,
            )
            for part in file.origin.parts
        )
        if parts:
            claims.append(Claim(text, parts))
        else:
            told_of.append(text)
    return Answer(tuple(claims), (*dict.fromkeys(told_of), *notes))


@answered.register
def _(result: SafetyReport) -> Answer:
    video, claims = result.video, []
    if video is None:
        return Answer((), tuple(f"{_capital(str(verdict))}." for verdict in result.verdicts))
    for verdict in result.verdicts:
        span = verdict.span or video.span
        key = digest(video.id, "safety", f"{span.start_s:.6f}", f"{span.end_s:.6f}", verdict.category)
        citation = Citation(key, video, span, Channel.PICTURE, verdict.reason)
        claims.append(Claim(f"{_capital(verdict.decision)}: {verdict.reason}.", (citation,)))
    notes = (f"It could not be judged whole: {warning}." for warning in result.notes)
    return Answer(tuple(claims), (*(() if claims else (f"No stretch of {video.name} stands out.",)), *notes))


@answered.register
def _(result: Probe) -> Answer:
    notes = [f"Container: {result.container}."]
    if result.stated_duration_s is not None:
        notes.append(f"Duration: {format_time(result.stated_duration_s)} ({result.stated_duration_s:.2f} s).")
    if (video := result.video) is not None:
        rate = (
            f", {video.average_rate:.4g} frames a second{' on average' if video.variable_rate else ''}"
            if video.average_rate
            else ""
        )
        notes.append(f"Picture: {video.codec}, {video.width}×{video.height}{rate}.")
    if (audio := result.audio) is not None:
        notes.append(
            f"Sound: {audio.codec}, {audio.rate_hz} Hz, {audio.channels} {_plural('channel', audio.channels)}."
        )
    else:
        notes.append("There is no sound.")
    notes.append(f"Subtitles: {result.subtitles}." if result.subtitles else "There are no subtitles in the file.")
    return Answer((), tuple(notes))


def held(answer: Answer, videos: Iterable[Video] | None = None) -> Answer:
    """The answer without sentences whose evidence is missing, or lies outside its video; they are counted.

    With `videos` the evidence must be of one of them.
    """
    known = None if videos is None else {video.id: video for video in videos}
    kept = tuple(claim for claim in answer.claims if _stands(claim, known))
    return Answer(kept, answer.notes, answer.dropped + len(answer.claims) - len(kept))


def _stands(claim: Claim, known: dict[str, Video] | None) -> bool:
    return bool(claim.evidence) and all(
        citation.id
        and (known is None or citation.video.id in known)
        and citation.video.span.start_s - _SLACK_S <= citation.span.start_s
        and citation.span.end_s <= citation.video.span.end_s + _SLACK_S
        for citation in claim.evidence
    )


def together(answers: Iterable[Answer]) -> Answer:
    """Several answers as one, in order."""
    found = list(answers)
    return Answer(
        tuple(claim for answer in found for claim in answer.claims),
        tuple(dict.fromkeys(note for answer in found for note in answer.notes)),
        sum(answer.dropped for answer in found),
    )


def lines(answer: Answer) -> list[str]:
    """The answer line by line, as a person reads it; that the footage does not show it is an answer, too."""
    videos = answer.videos
    told_lines = []
    for claim in answer.claims:
        if claim.title:
            told_lines.append(f"{cited(claim, videos).split(' [')[0]} {claim.title}")
        else:
            told_lines.append(f"{claim.text} {cited(claim, videos)}")
    if answer.dropped:
        told_lines.append(f"(Dropped for want of evidence: {answer.dropped} {_plural('sentence', answer.dropped)}.)")
    return told_lines


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"
