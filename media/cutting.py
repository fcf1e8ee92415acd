"""Stretches of footage cut out, frame by frame and sample by sample, alone or joined into one film.

The work is done in a limited process (`cutter`), which gets one open file after the other and the open, empty file to
write. What is made appears under its name only when it is complete.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
from collections import OrderedDict
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from playhead.errors import InputError, MediaLimitError, PlayheadError, UnreadableMediaError
from playhead.media import sandbox, wire
from playhead.media.decode import ADVICE, RAISE_LIMITS
from playhead.media.saving import unsaved, whole
from playhead.types import Limits, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from playhead.media.files import MediaFile

    Teller = Callable[[float], None]

_MOST_OPEN = 16
_LONG_SIDE, _SHORT_SIDE = 1920, 1080


@dataclass(frozen=True, slots=True)
class Measure:
    """A file's picture, upright and with square pixels (0 by 0 where there is none), and whether it has sound."""

    width: int
    height: int
    rate_hz: Fraction
    has_audio: bool


@dataclass(frozen=True, slots=True)
class Look:
    """What a film is to be like. Its frames come at `rate_hz` or, of `own_times`, when they came in the footage."""

    width: int
    height: int
    rate_hz: Fraction
    sound: bool
    own_times: bool = False

    @property
    def picture(self) -> bool:
        """Whether there is any."""
        return self.width > 0

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.width, self.height

    @property
    def steady(self) -> bool:
        """Whether frames come at a constant rate."""
        return not self.own_times


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of one file, by the name under which `Sources` opens it, and for how long it fades in and out."""

    file: str
    span: Span
    fade_in_s: float = 0.0
    fade_out_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Placed:
    """The stretch that a piece really is, and when it begins in the film."""

    span: Span
    at_s: float


@dataclass(frozen=True, slots=True)
class Film:
    """A film that was made. `length_s` is that of all pieces, `frames` 0 where they were not counted."""

    path: Path
    placed: tuple[Placed, ...]
    frames: int = 0

    @property
    def length_s(self) -> float:
        """Where its last piece ends."""
        last = self.placed[-1]
        return last.at_s + last.span.duration_s


class Sources:
    """Open files by name: one that comes again is not opened again, while few enough are open. Use it in `with`."""

    def __init__(self, open_file: Callable[[str], MediaFile]) -> None:
        self._open_file = open_file
        self._files: OrderedDict[str, MediaFile] = OrderedDict()
        self.name = ""

    def descriptor(self, file: str) -> int:
        """That of the file; the last one asked for gives the `name`."""
        if file not in self._files:
            self._files[file] = self._open_file(file)
        self._files.move_to_end(file)
        if len(self._files) > _MOST_OPEN:
            os.close(self._files.popitem(last=False)[1].descriptor)
        self.name = self._files[file].name
        return self._files[file].descriptor

    def __enter__(self) -> Sources:
        return self

    def __exit__(self, *_: object) -> None:
        while self._files:
            os.close(self._files.popitem()[1].descriptor)


def measure(file: str, sources: Sources, limits: Limits | None = None) -> Measure:
    """What is needed to choose a `Look`. Raises `MediaError`."""
    piece = Piece(file, Span(0.0, 0.0))
    for message in _messages({"work": "measure"}, [piece], sources, None, limits or Limits()):
        if message["kind"] == "measured":
            rate_hz = Fraction(*message["rate"])
            return Measure(message["width"], message["height"], rate_hz, message["sound"])
    raise UnreadableMediaError(f"{sources.name} cannot be measured", "the cutter gave no answer", ADVICE)


def own_look(measured: Measure, *, sound: bool = True) -> Look:
    """A film like the footage: its size, made even, its times, and its sound if that is wanted and there."""
    width, height = (even(length) if length else 0 for length in (measured.width, measured.height))
    return Look(width, height, measured.rate_hz, sound and measured.has_audio, own_times=True)


def common_look(measured: Sequence[tuple[Measure, float]]) -> Look:
    """One look for many pieces, each with the seconds it lasts: the size and rate that most of the time have.

    At most 1920 by 1080, upright or lying.
    """
    sizes, rates = dict[tuple[int, int], float](), dict[Fraction, float]()
    for one, length_s in measured:
        if one.width:
            sizes[one.width, one.height] = sizes.get((one.width, one.height), 0.0) + length_s
            rates[one.rate_hz] = rates.get(one.rate_hz, 0.0) + length_s
    sound = any(one.has_audio for one, _ in measured)
    if not sizes:
        return Look(0, 0, Fraction(25), sound)
    width, height = max(sizes, key=lambda size: (sizes[size], size))
    scale = min(1.0, _LONG_SIDE / max(width, height), _SHORT_SIDE / min(width, height))
    rate_hz = max(rates, key=lambda rate: (rates[rate], rate))
    return Look(even(width * scale), even(height * scale), rate_hz, sound)


def even(length: float) -> int:
    """The nearest even number that is not larger, and at least 2."""
    return max(2, int(length) // 2 * 2)


def cut(
    pieces: Sequence[Piece],
    sources: Sources,
    look: Look,
    target: Path,
    *,
    label: NDArray[np.uint8] | None = None,
    limits: Limits | None = None,
    progress: Teller | None = None,
) -> Film:
    """One H.264 and AAC film at `target` of all pieces in order; `progress` is told the seconds that are done.

    Each begins with the frame that is shown at its start and ends with the last that begins before its end; sound is
    cut at the same instants. At a constant rate a piece becomes a whole number of frames. A piece that the footage
    does not fill is shorter. A `label` in grey covers the lower left corner. The same pieces give the same bytes.
    Raises `MediaError` and `StorageError`.
    """
    request = {
        "work": "cut",
        "width": look.width,
        "height": look.height,
        "rate": [look.rate_hz.numerator, look.rate_hz.denominator],
        "sound": look.sound,
        "own_times": look.own_times,
        "label": None if label is None else _drawn(label),
    }
    return _made(request, pieces, sources, target, limits or Limits(), progress)


def _drawn(label: NDArray[np.uint8]) -> dict[str, Any]:
    height, width = label.shape
    return {"width": width, "height": height, "pixels": base64.b64encode(label.tobytes()).decode()}


def copy(
    piece: Piece,
    sources: Sources,
    target: Path,
    *,
    sound: bool = True,
    limits: Limits | None = None,
    progress: Teller | None = None,
) -> Film:
    """The piece copied as it is stored, from the key frame at or before its start. Raises like `cut`.

    `InputError` says why something cannot be copied.
    """
    return _made({"work": "copy", "sound": sound}, [piece], sources, target, limits or Limits(), progress)


def _made(
    request: dict[str, Any],
    pieces: Sequence[Piece],
    sources: Sources,
    target: Path,
    limits: Limits,
    progress: Teller | None,
) -> Film:
    if not pieces:
        raise ValueError("a film needs at least one piece")
    placed, frames = list[Placed](), 0
    for message in _messages(request, pieces, sources, target, limits):
        match message["kind"]:
            case "beat" if progress:
                progress(message["done_s"])
            case "piece":
                placed.append(Placed(Span(message["start_s"], message["end_s"]), message["at_s"]))
            case "made":
                frames = message["frames"]
    if len(placed) != len(pieces):
        raise UnreadableMediaError(f"{target.name} was not made", "the cutter stopped early", ADVICE)
    return Film(target, tuple(placed), frames)


def _messages(
    request: dict[str, Any], pieces: Sequence[Piece], sources: Sources, target: Path | None, limits: Limits
) -> Iterator[dict[str, Any]]:
    """Let the cutter work, hand it what it asks for, and give what it tells."""
    with _output(target) as output, _cutter(output) as (child, orders):
        _say(orders, request | {"limits": asdict(limits)})
        waiting = iter(pieces)
        assert child.stdout is not None
        stream = wire.Patient(child.stdout, limits.stall_s)
        name = target.name if target else "It"
        while message := _next(stream, name):
            if message["kind"] == "refused":
                raise _refusal(message, sources.name or name, name, request["work"])
            if message["kind"] == "next":
                _hand(orders, next(waiting, None), sources)
            yield message
        _check_exit(child, name, limits)


def _next(stream: wire.Patient, name: str) -> dict[str, Any] | None:
    try:
        message = wire.receive(stream)
    except TimeoutError as error:
        raise MediaLimitError(f"{name} was given up", str(error), ADVICE) from error
    except ValueError as error:
        raise UnreadableMediaError(f"{name} was not made", f"the cutter answered nonsense: {error}") from error
    if message and "kind" not in message[0]:
        raise UnreadableMediaError(f"{name} was not made", "the cutter answered nonsense")
    return message[0] if message else None


def _hand(orders: socket.socket, piece: Piece | None, sources: Sources) -> None:
    if piece is None:
        _say(orders, {"last": True})
        return
    fades = {"fade_in_s": piece.fade_in_s, "fade_out_s": piece.fade_out_s}
    asked = {"start_s": piece.span.start_s, "end_s": piece.span.end_s} | fades
    _say(orders, asked, sources.descriptor(piece.file))


def _say(orders: socket.socket, what: dict[str, Any], descriptor: int | None = None) -> None:
    data = json.dumps(what).encode() + b"\n"
    with suppress(BrokenPipeError, ConnectionResetError):  # it died: its exit tells
        if descriptor is None:
            orders.sendall(data)
        else:
            socket.send_fds(orders, [data], [descriptor])


@contextmanager
def _cutter(output: int) -> Iterator[tuple[subprocess.Popen[bytes], socket.socket]]:
    """The process and the socket that it listens to; both are gone afterwards, whatever happens."""
    ours, theirs = socket.socketpair()
    with ours, ExitStack() as stack:
        with theirs:
            child = subprocess.Popen(
                [sys.executable, "-m", "playhead.media.cutter", str(output)],
                stdin=theirs.fileno(),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=[output],
                env=sandbox.environment(),
            )
        assert child.stdout is not None
        stack.callback(child.wait)
        stack.callback(child.stdout.close)
        stack.callback(child.kill)
        yield child, ours


@contextmanager
def _output(target: Path | None) -> Iterator[int]:
    """The descriptor of a file that becomes `target` when all went well, and else is gone."""
    if target is not None:
        with whole(target) as descriptor:
            yield descriptor
        return
    with open(os.devnull, "wb") as nothing:
        yield nothing.fileno()


def _refusal(message: dict[str, Any], source: str, name: str, work: str) -> PlayheadError:
    why = str(message.get("text", ""))
    match message.get("why"):
        case "storage":
            return unsaved(name, why, message.get("errno"))
        case "limit":
            return MediaLimitError(f"{source} was refused", why, RAISE_LIMITS)
    if work == "copy":
        return InputError(f"{source} cannot be copied", why, "Cut it without copy: it is then encoded anew")
    return UnreadableMediaError(f"{source} cannot be cut", why, ADVICE)


def _check_exit(child: subprocess.Popen[bytes], name: str, limits: Limits) -> None:
    try:
        code = child.wait(limits.stall_s)
    except subprocess.TimeoutExpired as error:
        raise MediaLimitError(f"{name} was given up", "the cutter did not end", ADVICE) from error
    if code == -signal.SIGXCPU:
        why = f"it takes more than {limits.processor_s:,} s of processor time"
        raise MediaLimitError(f"{name} was not made", why, RAISE_LIMITS)
    if code:
        how = f"was stopped by {signal.Signals(-code).name}" if code < 0 else f"failed (exit {code})"
        raise UnreadableMediaError(f"{name} was not made", f"the cutter {how}", ADVICE)
