"""One linear decode of an open file, as a stream of events; the decoding itself runs in a limited child process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from playhead.errors import MediaError, MediaLimitError, UnreadableMediaError
from playhead.media import sandbox, wire
from playhead.media.subtitles import plain_text
from playhead.media.telemetry import COLUMNS, Sensor, Track
from playhead.types import Limits, Span, Utterance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from playhead.media.files import MediaFile

Frames: TypeAlias = Literal["every", "reference", "key"]
"""Which frames are decoded: every one, those on which others rest, or those that rest on no other."""

ADVICE = "Check that it plays, or convert it first"
RAISE_LIMITS = "Raise the limits in playhead.toml if it is meant"
SHORT_SIDE = 256
KEY_SIDE = 1280
_FOR_A_CORE = 2  # frames that are decoded side by side: while one is looked at, the core has another to decode
_MOST_FRAMES = 4  # … and at most: the decoder's memory is bounded


@dataclass(frozen=True, slots=True)
class Wants:
    """What to decode. A stream nobody wants is not decoded at all.

    With `at_s` only the frames shown at these times are, as samples in order of time, each with its `key`.
    `motion` is what sensors of the camera measured. Where not every frame is decoded, times and cuts are those of the
    frames that are. Twice as many frames as `threads`, and no more than four, are decoded side by side.
    16 bits of grey are stretched over 8; with `inverse` they are distances, and what is near is bright.
    """

    picture: bool = True
    keys: bool = True
    sound: bool = True
    subtitles: bool = True
    fps: float = 1.0
    key_side: int = KEY_SIDE
    at_s: tuple[float, ...] = ()
    motion: bool = False
    inverse: bool = False
    frames: Frames = "every"
    threads: int = 1


@dataclass(frozen=True, slots=True)
class VideoStreamInfo:
    """The picture stream: stored size before rotation, average frames per second."""

    codec: str
    width: int
    height: int
    average_rate: float | None
    variable_rate: bool


@dataclass(frozen=True, slots=True)
class AudioStreamInfo:
    """The sound stream."""

    codec: str
    rate_hz: int
    channels: int


@dataclass(frozen=True, slots=True)
class Probe:
    """What a container says of itself. `stated_duration_s` may be a lie: the decode finds the true end."""

    container: str
    start_s: float
    stated_duration_s: float | None
    video: VideoStreamInfo | None = None
    audio: AudioStreamInfo | None = None
    subtitles: str | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """A new shot starts at `time_s`."""

    time_s: float


@dataclass(frozen=True, slots=True)
class Sample:
    """The frame shown at `time_s`, upright RGB, short side at most 256; `key` is the same frame, larger."""

    time_s: float
    image: NDArray[np.uint8]
    key: NDArray[np.uint8] | None = None


@dataclass(frozen=True, slots=True)
class SoundPiece:
    """Mono float32 at 16 kHz beginning at `start_s`; follows the piece before unless the times say otherwise."""

    start_s: float
    samples: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Subtitle:
    """One subtitle that is carried inside the file."""

    utterance: Utterance


@dataclass(frozen=True, slots=True)
class Measured:
    """What a sensor of the camera measured, on the clock of the video."""

    track: Track


@dataclass(frozen=True, slots=True)
class Beat:
    """Still at work; decoded up to `time_s`."""

    time_s: float


@dataclass(frozen=True, slots=True)
class End:
    """The pass is over. `first_s` and `end_s` bound everything that was shown or heard, `shown` the pictures."""

    first_s: float
    end_s: float
    frames: int
    samples: int
    warnings: tuple[str, ...] = field(default=())
    shown: Span | None = None


Event: TypeAlias = Probe | Cut | Sample | SoundPiece | Subtitle | Measured | Beat | End


def probe(file: MediaFile, limits: Limits | None = None) -> Probe:
    """What the container says: streams, codecs, sizes, start, stated duration. Raises `MediaError`."""
    for event in _events(file, Wants(), limits or Limits(), probe_only=True):
        if isinstance(event, Probe):
            return event
    raise UnreadableMediaError(f"{file.name} cannot be read", "the decoder gave no answer")


def decode(file: MediaFile, wants: Wants | None = None, limits: Limits | None = None) -> Iterator[Event]:
    """Decode once from start to end: a `Probe` first, an `End` last. Raises `MediaError`.

    A file that is damaged half-way gives what could be read; `End.warnings` says so.
    """
    wants = wants or Wants()
    ended = False
    for event in _events(file, wants, limits or Limits(), probe_only=False):
        if isinstance(event, End):
            ended = True
            if not event.frames and not event.samples and (wants.picture or wants.sound):
                raise UnreadableMediaError(
                    f"{file.name} cannot be read", "not one frame or sound in it can be decoded", ADVICE
                )
        yield event
    if not ended:
        raise UnreadableMediaError(f"{file.name} cannot be read", "the decoder stopped early", ADVICE)


def _events(file: MediaFile, wants: Wants, limits: Limits, *, probe_only: bool) -> Iterator[Event]:
    request = {
        "picture": wants.picture,
        "sound": wants.sound,
        "subtitles": wants.subtitles,
        "fps": wants.fps,
        "short_side": SHORT_SIDE,
        "key_side": wants.key_side if wants.keys else 0,
        "limits": asdict(limits),
        "probe_only": probe_only,
        "at_s": list(wants.at_s),
        "motion": wants.motion,
        "inverse": wants.inverse,
        "frames": wants.frames,
        "threads": max(1, min(_FOR_A_CORE * wants.threads, _MOST_FRAMES)),
    }
    os.lseek(file.descriptor, 0, os.SEEK_SET)
    child = subprocess.Popen(
        [sys.executable, "-m", "playhead.media.child", str(file.descriptor)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pass_fds=[file.descriptor],
        env=sandbox.environment(),
    )
    assert child.stdin is not None
    assert child.stdout is not None
    wire.widen(child.stdout)
    try:
        with suppress(BrokenPipeError):  # it died at once: the exit tells
            child.stdin.write(json.dumps(request).encode())
            child.stdin.close()
        yield from _messages(wire.Patient(child.stdout, limits.stall_s), file)
        _check_exit(child, file, limits)
    finally:
        child.kill()
        child.stdout.close()
        child.wait()


def _messages(stream: wire.Patient, file: MediaFile) -> Iterator[Event]:
    while True:
        try:
            message = wire.receive(stream)
            if message is None:
                return
            event = _event(*message, file)
        except TimeoutError as error:
            raise MediaLimitError(f"{file.name} was given up", str(error), ADVICE) from error
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise UnreadableMediaError(
                f"{file.name} cannot be read", f"the decoder answered nonsense: {error}"
            ) from error
        if event is not None:
            yield event


def _event(head: dict[str, Any], body: bytes, file: MediaFile) -> Event | None:
    kind = head.pop("kind")
    match kind:
        case "probe":
            video, audio = head.pop("video", None), head.pop("audio", None)
            return replace(
                Probe(**head),
                video=VideoStreamInfo(**video) if video else None,
                audio=AudioStreamInfo(**audio) if audio else None,
            )
        case "cut":
            return Cut(head["time_s"])
        case "sample":
            images = _images(head["sizes"], body)
            return Sample(head["time_s"], images[0], images[1] if len(images) > 1 else None)
        case "sound":
            return SoundPiece(head["start_s"], np.frombuffer(body, np.float32))
        case "subtitle":
            return _subtitle(head)
        case "measured":
            return _measured(head, body)
        case "beat":
            return Beat(head["time_s"])
        case "end":
            first, end = head.pop("first_s") or 0.0, head.pop("end_s") or 0.0
            shown = Span(*head["shown"]) if head["shown"] else None
            return End(first, end, head["frames"], head["samples"], tuple(head["warnings"]), shown)
        case "refused":
            raise _refusal(head, file)
    raise ValueError(f"an unknown message {kind!r}")


def _images(sizes: list[list[int]], body: bytes) -> list[NDArray[np.uint8]]:
    images, start = [], 0
    for height, width in sizes:
        pixels = np.frombuffer(body, np.uint8, height * width * 3, start)
        images.append(pixels.reshape(height, width, 3))
        start += height * width * 3
    return images


def _measured(head: dict[str, Any], body: bytes) -> Measured:
    sensor = Sensor(head["sensor"])
    table = np.frombuffer(body, "<f8").reshape(head["rows"], 1 + COLUMNS[sensor])
    return Measured(Track(sensor, table[:, 0], table[:, 1:]))


def _subtitle(head: dict[str, Any]) -> Subtitle | None:
    # FFmpeg gives an ASS event without its times: index, layer, style, name, three margins, effect, text.
    texts = [line.split(",", 8)[-1] for line in head["lines"]]
    text = plain_text("\n".join(texts))
    if not text:
        return None
    return Subtitle(Utterance(Span(head["start_s"], max(head["start_s"], head["end_s"])), text))


def _refusal(head: dict[str, Any], file: MediaFile) -> MediaError:
    if head["why"] == "limit":
        return MediaLimitError(f"{file.name} was refused", head["text"], RAISE_LIMITS)
    return UnreadableMediaError(f"{file.name} cannot be read", head["text"], ADVICE)


def _check_exit(child: subprocess.Popen[bytes], file: MediaFile, limits: Limits) -> None:
    try:
        code = child.wait(limits.stall_s)
    except subprocess.TimeoutExpired as error:
        raise MediaLimitError(f"{file.name} was given up", "the decoder did not end", ADVICE) from error
    if code == -signal.SIGXCPU:
        why = f"decoding it takes more than {limits.processor_s:,} s of processor time"
        raise MediaLimitError(f"{file.name} was refused", why, RAISE_LIMITS)
    if code < 0:
        why = f"the decoder was stopped by {signal.Signals(-code).name}"
        raise UnreadableMediaError(f"{file.name} cannot be read", why, ADVICE)
    if code:
        raise UnreadableMediaError(f"{file.name} cannot be read", f"the decoder failed (exit {code})", ADVICE)
