"""What is seen in a video: its distinct pictures, and what models say of its key frames, as segments."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from playhead.index.catalog import StoredSegment
from playhead.index.senses import as_seen
from playhead.media.images import write_thumbnail
from playhead.types import Channel, Segment, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from numpy.typing import NDArray

    from playhead.index.catalog import Record
    from playhead.index.workers import Workers
    from playhead.models.roles import Captioner, Detector, Image, ImageTextEncoder, TextReader, Vectors
    from playhead.types import Utterance

Look: TypeAlias = "Callable[[Image], list[tuple[str, float]]]"
"""What a model says of an image, as (text, score) pairs."""

_BATCH = 8
_SAME_MEAN, _SAME_STEP, _SAME_SHARE = 2.5, 24, 0.01
_LEAST_OBJECT, _LEAST_TEXT = 0.4, 0.8


def thumbnail_folder(video_id: str) -> str:
    """Where a video's thumbnails are, relative to the library."""
    return f"thumbs/{video_id[:16]}"


class Stills:
    """The distinct pictures of a video, by time, each with its thumbnail on disk when the workers are through."""

    def __init__(self, library: Path, video_id: str, workers: Workers) -> None:
        self._library, self._folder, self._workers = library, thumbnail_folder(video_id), workers
        self._last: NDArray[np.int16] | None = None
        self._times: list[float] = []

    def take(self, time_s: float, image: Image) -> bool:
        """Whether the picture differs from the last distinct one; if so its thumbnail will be written."""
        coarse = image[::8, ::8].astype(np.int16)
        if self._last is not None and _near_duplicate(coarse, self._last):
            return False
        self._last = coarse
        self._times.append(time_s)
        self._workers.call(write_thumbnail, image, self._library / self._path(time_s))
        return True

    def at(self, time_s: float) -> str:
        """The thumbnail of what was shown at a time, relative to the library; empty when nothing was."""
        if not self._times:
            return ""
        return self._path(self._times[max(0, bisect_right(self._times, time_s + 1e-6) - 1)])

    def _path(self, time_s: float) -> str:
        return f"{self._folder}/{round(time_s * 1000):09d}.jpg"


def _near_duplicate(one: NDArray[np.int16], other: NDArray[np.int16]) -> bool:
    if one.shape != other.shape:
        return False
    change = np.abs(one - other)
    return bool(change.mean() < _SAME_MEAN and (change.max(axis=2) > _SAME_STEP).mean() < _SAME_SHARE)


class PictureWatcher:
    """Embeds each distinct picture once, in batches."""

    def __init__(self, encoder: ImageTextEncoder, workers: Workers, channel: Channel = Channel.PICTURE) -> None:
        self._encoder, self._workers, self._channel = encoder, workers, channel
        self._times: list[float] = []
        self._waiting: list[Image] = []
        self._vectors: list[Future[Vectors]] = []

    def see(self, time_s: float, image: Image) -> None:
        """Take a distinct picture."""
        self._times.append(time_s)
        self._waiting.append(as_seen(image, self._channel))
        if len(self._waiting) == _BATCH:
            self._encode()

    def _encode(self) -> None:
        if self._waiting:
            self._vectors.append(self._workers.call(self._encoder.encode_images, self._waiting))
            self._waiting = []

    def add_to(self, record: Record, stills: Stills) -> None:
        """One segment for each distinct picture."""
        self._encode()
        model, spans = self._encoder.id, spans_of(self._times, record.shots)
        vectors = chain.from_iterable(batch.result() for batch in self._vectors)
        for time_s, span, vector in zip(self._times, spans, vectors, strict=True):
            found = stored(record.video.id, self._channel, span, model, thumbnail=stills.at(time_s))
            record.segments.append(replace(found, vector_id=found.segment.id))
            record.vectors[found.segment.id] = (self._channel, model, vector)


class KeyWatcher:
    """Runs one model over the key frames and keeps what it said of each, as (text, score) pairs."""

    def __init__(self, channel: Channel, model: str, look: Look, workers: Workers) -> None:
        self._channel, self._model, self._look, self._workers = channel, model, look, workers
        self._times: list[float] = []
        self._found: list[Future[list[tuple[str, float]]]] = []

    def see(self, time_s: float, image: Image) -> None:
        """Take a key frame."""
        self._times.append(time_s)
        self._found.append(self._workers.call(self._look, image))

    def add_to(self, record: Record, stills: Stills) -> None:
        """One segment for each text and run of key frames within a shot that show it."""
        runs: list[tuple[str, Span, float, float]] = []
        still_open: dict[str, int] = {}
        starts = {shot.start_s for shot in record.shots}
        for time_s, span, found in zip(self._times, spans_of(self._times, record.shots), self._found, strict=True):
            here: dict[str, int] = {}
            for text, score in found.result():
                if text in still_open and span.start_s not in starts:
                    number = still_open[text]
                    _, before, shown_s, best = runs[number]
                    runs[number] = (text, before.union(span), shown_s, max(best, score))
                else:
                    number = len(runs)
                    runs.append((text, span, time_s, score))
                here[text] = number
            still_open = here
        for text, span, time_s, score in runs:
            record.segments.append(
                stored(
                    record.video.id,
                    self._channel,
                    span,
                    self._model,
                    text=text,
                    score=score,
                    thumbnail=stills.at(time_s),
                )
            )


def detected(detector: Detector) -> Look:
    """The labels of the objects in an image, each once with its best score."""

    def look(image: Image) -> list[tuple[str, float]]:
        best: dict[str, float] = {}
        for found in detector.detect([image])[0]:
            if found.score >= _LEAST_OBJECT:
                best[found.label] = max(found.score, best.get(found.label, 0.0))
        return sorted(best.items())

    return look


def read(reader: TextReader) -> Look:
    """The writing in an image as one text, line after line."""

    def look(image: Image) -> list[tuple[str, float]]:
        lines = [line for line in reader.read(image) if line.text.strip() and line.score >= _LEAST_TEXT]
        if not lines:
            return []
        return [(" · ".join(line.text.strip() for line in lines), min(line.score for line in lines))]

    return look


def captioned(captioner: Captioner) -> Look:
    """The caption of an image."""

    def look(image: Image) -> list[tuple[str, float]]:
        caption = captioner.caption([image])[0]
        return [(caption.marked, 1.0)] if caption.text else []

    return look


def spans_of(times: Sequence[float], shots: Sequence[Span]) -> list[Span]:
    """How long each looked-at frame stands for: until the next one or the end of its shot; the first of a shot from
    the shot's start."""
    starts = [shot.start_s for shot in shots]
    homes = [max(0, bisect_right(starts, time_s + 1e-6) - 1) for time_s in times]
    spans = []
    for n, (time_s, home) in enumerate(zip(times, homes, strict=True)):
        first = n == 0 or homes[n - 1] != home
        last = n + 1 == len(times) or homes[n + 1] != home
        start_s = shots[home].start_s if first else time_s
        spans.append(Span(start_s, max(start_s, shots[home].end_s if last else times[n + 1])))
    return spans


def stored(
    video_id: str,
    channel: Channel,
    span: Span,
    model: str,
    *,
    text: str = "",
    score: float = 1.0,
    thumbnail: str = "",
    said: Utterance | None = None,
) -> StoredSegment:
    """A segment under its deterministic id."""
    key = digest(video_id, channel, f"{span.start_s:.6f}", f"{span.end_s:.6f}", model, text)
    words = said.words if said else ()
    return StoredSegment(Segment(key, video_id, channel, span, model, text, float(score), thumbnail, words))


def digest(*parts: str) -> str:
    """A short name that is the same for the same parts."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]
