"""One pass over one video: what was seen, read and said, as segments with vectors. It writes only thumbnails."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain, pairwise
from typing import TYPE_CHECKING

from playhead.errors import InputError
from playhead.index.catalog import ChannelRecord, Record
from playhead.index.listen import Listener, shifted
from playhead.index.motion import MotionWatcher
from playhead.index.watch import KeyWatcher, Look, PictureWatcher, Stills, captioned, detected, digest, read, stored
from playhead.index.workers import Workers
from playhead.media.decode import (
    Beat,
    Cut,
    End,
    Measured,
    Probe,
    Sample,
    SoundPiece,
    Subtitle,
    Wants,
    decode,
    probe,
)
from playhead.models import motion
from playhead.models.roles import Role
from playhead.types import PICTORIAL, Channel, Limits, Mode, Progress, Span, Utterance, Video

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Literal

    from playhead.media.decode import Frames
    from playhead.media.files import MediaFile
    from playhead.media.telemetry import Track
    from playhead.models.registry import Models


@dataclass(frozen=True, slots=True)
class Options:
    """What to look for and how.

    `sidecar` are subtitles found beside the file and `sidecar_id` their digest; so are `tracks` and `tracks_id` what
    sensors measured.
    """

    channels: tuple[Channel, ...]
    fps: float = 1.0
    mode: Mode = Mode.FULL
    subtitles: Literal["prefer", "also", "ignore"] = "prefer"
    sense: Channel = Channel.PICTURE
    language: str = ""
    sidecar: tuple[Utterance, ...] = ()
    sidecar_id: str = ""
    tracks: tuple[Track, ...] = ()
    tracks_id: str = ""


ROLES: dict[Channel, tuple[Role, ...]] = {
    Channel.PICTURE: (Role.PICTURE,),
    Channel.OBJECT: (Role.OBJECTS, Role.SENTENCES),
    Channel.TEXT: (Role.TEXT, Role.SENTENCES),
    Channel.CAPTION: (Role.CAPTION, Role.SENTENCES),
    Channel.SPEECH: (Role.VOICE_ACTIVITY, Role.SPEECH, Role.SENTENCES),
    Channel.MOTION: (Role.SENTENCES,),
    Channel.THERMAL: (Role.PICTURE,),
    Channel.DEPTH: (Role.PICTURE,),
}
"""The models that a channel needs; sentences are only for its vectors."""

_FRAMES: dict[Mode, Frames] = {Mode.FULL: "every", Mode.FAST: "reference", Mode.PREVIEW: "key"}
_TEXTS = 8  # that are encoded in one call: enough to be quick, few enough to keep every worker busy
_METHOD, _HEARD = 1, 2  # to be raised when the same models begin to give other segments, or other words


def recipe(channel: Channel, models: Models, options: Options) -> str:
    """Names everything that decides what a channel will hold; when it is unchanged, nothing is observed again."""
    if channel is Channel.MOTION:
        return f"{_METHOD}:{motion.ID} beside={options.tracks_id}"
    made = "+".join(models.identity(role) for role in ROLES[channel] if role is not Role.SENTENCES)
    made = f"{_HEARD if channel is Channel.SPEECH else _METHOD}:{made}"
    if channel is not Channel.SPEECH:
        mode = "" if options.mode is Mode.FULL else f" mode={options.mode}"
        return f"{made}{mode} fps={options.fps:g}"
    return f"{made} language={options.language} subtitles={options.subtitles}:{options.sidecar_id}"


def mode_of(made: str) -> Mode:
    """How closely a channel of this recipe was watched."""
    _, named, rest = made.partition(" mode=")
    return Mode(rest.partition(" ")[0]) if named else Mode.FULL


def space(channel: Channel, models: Models) -> str:
    """The encoder that makes the channel's vectors."""
    return models.identity(Role.PICTURE if channel in PICTORIAL else Role.SENTENCES)


def observe(
    file: MediaFile,
    video_id: str,
    models: Models,
    options: Options,
    *,
    library: Path,
    limits: Limits | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Record:
    """Watch and listen once. Raises `MediaError` when nothing can be seen or heard, `StorageError` for thumbnails."""
    limits = limits or Limits()
    said = probe(file, limits)
    if options.mode is Mode.PREVIEW and said.video is None:
        why = "it has no picture, and a preview looks at nothing else"
        raise InputError(f"{file.name} was not indexed", why, "Index it without --mode preview")
    with Workers(models.threads) as workers:
        first = _Pass(video_id, models, options, library, workers)
        wanted = first.wants(said)
        _run(file, first, wanted, said, limits, progress)
        if wanted.subtitles and not wanted.sound and not first.subtitles and not options.sidecar:
            # The file promised subtitles and had none: listen after all.
            _run(file, first, Wants(picture=False, sound=True, subtitles=False), said, limits, progress)
        record = first.record(file, said)
        workers.finish()
        return record


def _run(
    file: MediaFile, seen: _Pass, wants: Wants, said: Probe, limits: Limits, progress: Callable[[Progress], None]
) -> None:
    total_s = said.stated_duration_s or 0.0
    for event in decode(file, wants, limits):
        seen.take(event)
        if isinstance(event, Sample | SoundPiece | Beat):
            time_s = event.start_s if isinstance(event, SoundPiece) else event.time_s
            progress(Progress("watching", file.name, min(time_s - said.start_s, total_s), total_s))


class _Pass:
    """Collects the events of one pass and turns them into a record."""

    def __init__(self, video_id: str, models: Models, options: Options, library: Path, workers: Workers) -> None:
        self._id, self._models, self._options, self._workers = video_id, models, options, workers
        self._stills = Stills(library, video_id, workers)
        self._pictures: PictureWatcher | None = None
        self._keys: list[KeyWatcher] = []
        self._listener: Listener | None = None
        self._motion: MotionWatcher | None = None
        self._cuts: list[float] = []
        self._end = End(0.0, 0.0, 0, 0)
        self.subtitles: list[Utterance] = []

    def wants(self, said: Probe) -> Wants:
        """What this pass has to decode, given what the file has; loads the models for it."""
        channels, models, options = self._options.channels, self._models, self._options
        if said.video is not None:
            for channel in set(channels) & set(PICTORIAL):
                self._pictures = PictureWatcher(models.picture, self._workers, channel)
            if Channel.OBJECT in channels:
                self._watch_keys(Channel.OBJECT, models.objects.id, detected(models.objects))
            if Channel.TEXT in channels:
                self._watch_keys(Channel.TEXT, models.text.id, read(models.text))
            if Channel.CAPTION in channels:
                self._watch_keys(Channel.CAPTION, models.caption.id, captioned(models.caption))
        if Channel.MOTION in channels:
            self._motion = MotionWatcher()
        speech = Channel.SPEECH in channels
        written = options.subtitles != "ignore" and bool(options.sidecar or said.subtitles)
        return Wants(
            picture=said.video is not None and bool(set(channels) - {Channel.SPEECH, Channel.MOTION}),
            keys=bool(self._keys),
            sound=speech and said.audio is not None and (not written or options.subtitles == "also"),
            subtitles=speech and said.subtitles is not None and options.subtitles != "ignore",
            fps=options.fps,
            frames=_FRAMES[options.mode],
            threads=models.threads,
            motion=self._motion is not None,
            inverse=options.sense is Channel.DEPTH,
        )

    def _watch_keys(self, channel: Channel, model: str, look: Look) -> None:
        self._keys.append(KeyWatcher(channel, model, look, self._workers))

    def take(self, event: object) -> None:
        match event:
            case Cut(time_s):
                self._cuts.append(time_s)
            case Sample():
                self._look(event)
            case SoundPiece():
                if self._listener is None:
                    models = self._models
                    self._listener = Listener(
                        models.voice_activity, models.speech, self._workers, self._options.language
                    )
                self._listener.hear(event)
            case Subtitle(utterance):
                self.subtitles.append(utterance)
            case Measured(track) if self._motion:
                self._motion.feel(track)
            case End() if event.frames or not self._end.frames:
                self._end = event

    def _look(self, sample: Sample) -> None:
        new = self._stills.take(sample.time_s, sample.image)
        if new and self._pictures:
            self._pictures.see(sample.time_s, sample.image)
        if sample.key is not None:
            for watcher in self._keys:
                watcher.see(sample.time_s, sample.key)

    def record(self, file: MediaFile, said: Probe) -> Record:
        """Everything found out, with one vector for each distinct picture and text."""
        if self._listener:
            self._listener.end()
        end, options = self._end, self._options
        times = [end.shown.start_s, *self._cuts, end.shown.end_s] if end.shown else []
        shots = [Span(a, b) for a, b in pairwise(times) if b > a]
        video = Video(
            self._id,
            file.name,
            file.path,
            end.end_s - end.first_s,
            end.first_s,
            said.video.width if said.video else 0,
            said.video.height if said.video else 0,
            said.audio is not None,
            end.warnings,
        )
        channels = {
            c: ChannelRecord(recipe(c, self._models, options), space(c, self._models)) for c in options.channels
        }
        record = Record(video, shots, channels)
        if self._pictures:
            self._pictures.add_to(record, self._stills)
        for watcher in self._keys:
            watcher.add_to(record, self._stills)
        embed_texts(record, self._models, self._workers)  # while the last words are being recognised
        if Channel.SPEECH in options.channels:
            self._add_speech(record, said.start_s)
        if self._motion:
            self._add_motion(record, self._motion, said)
        if (
            not record.video.duration_s and record.segments
        ):  # nothing was decoded: subtitles alone tell how far it goes
            start_s = min(said.start_s, *(found.segment.span.start_s for found in record.segments))
            end_s = max(found.segment.span.end_s for found in record.segments)
            record.video = replace(video, start_s=start_s, duration_s=end_s - start_s)
        embed_texts(record, self._models, self._workers)
        return record

    def _add_motion(self, record: Record, felt: MotionWatcher, said: Probe) -> None:
        """Within the video; where nothing of it was decoded, its own word is taken for its length."""
        for track in self._options.tracks:
            felt.feel(track, said.start_s)  # a log counts from where players start
        whole = record.video.span
        if not whole.duration_s:
            whole = Span(said.start_s, said.start_s + (said.stated_duration_s or 0.0))
        felt.add_to(record, self._stills, whole)

    def _add_speech(self, record: Record, start_s: float) -> None:
        beside = tuple(
            shifted(u, start_s) for u in self._options.sidecar
        )  # a sidecar counts from where players start
        written = beside or tuple(self.subtitles)
        spoken = self._listener.finish() if self._listener else ()
        source = f"subtitles:{self._options.sidecar_id}" if self._options.sidecar else "subtitles:embedded"
        # One file may state a sentence twice (two subtitle tracks in one, or a repeated cue): ids keep it once.
        for model, utterances in ((source, written), (self._models.identity(Role.SPEECH), spoken)):
            for said in utterances:
                thumbnail = self._stills.at(said.span.start_s)
                record.segments.append(
                    stored(self._id, Channel.SPEECH, said.span, model, text=said.text, thumbnail=thumbnail, said=said)
                )


def embed_texts(record: Record, models: Models, workers: Workers) -> None:
    """Give every segment with text the vector of that text; the same text on the same channel shares one."""
    wanted: dict[str, tuple[Channel, str]] = {}
    encoder_id = models.identity(Role.SENTENCES)
    for n, found in enumerate(record.segments):
        if found.segment.text and not found.vector_id:
            key = digest(encoder_id, found.segment.channel, found.segment.text)
            wanted[key] = (found.segment.channel, found.segment.text)
            record.segments[n] = replace(found, vector_id=key)
    if not wanted:
        return
    texts, encode = [text for _, text in wanted.values()], models.sentences.encode
    batches = [workers.call(encode, texts[n : n + _TEXTS]) for n in range(0, len(texts), _TEXTS)]
    vectors = chain.from_iterable(batch.result() for batch in batches)
    for (key, (channel, _)), vector in zip(wanted.items(), vectors, strict=True):
        record.vectors[key] = (channel, encoder_id, vector)
