"""How fast footage is indexed, by stage, beside the limit of this machine in the same run.

    python benchmarks/index_speed.py FILE… [--mode full] [--channels picture,object,text,speech] [--rounds 3] [--json]
    python benchmarks/index_speed.py [--minutes 6] [--lengths 10 60 600] [--json]

Without a file a film of 1280x720 with speech in half of it is made (`footage.py`) and indexed in every mode, and
small films of several lengths for the memory that they take.

The limit is what the work itself costs with perfect overlap on the cores there are: decoding the wanted frames and
the sound with PyAV and nothing else, on one core and on all, whichever serves better; and each model alone, on one
thread, over what it was given in the run (a part of it, scaled up). Compare `ratio_to_limit` between machines.
A film cannot be decoded on two cores in half the time; `ratio_if_decoding_could_be_divided` is against a limit that
takes it for granted.
Models are loaded before the clock starts.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from footage import film

from playhead import Library
from playhead.media.demux import streams
from playhead.models.registry import OFFLINE, Models
from playhead.models.roles import Role
from playhead.models.sentences import one_thread
from playhead.settings import load_settings
from playhead.types import Channel, Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_KEPT = 32  # calls of each model that are made once more, alone
_MODES = {
    "pictures": ("--channels", "picture"),
    "full": (),
    "fast": ("--mode", "fast"),
    "preview": ("--mode", "preview"),
}
_SKIPPED = {Mode.FAST: "NONREF", Mode.PREVIEW: "NONKEY"}


@dataclass
class Recorded:
    """A model that does what it always does, measures what it is given and keeps a fair sample of it."""

    model: Any
    method: str
    size: Callable[[Any], float]
    total: float = 0.0
    calls: int = 0
    kept: list[Any] = field(default_factory=list)
    lock: Any = field(default_factory=threading.Lock)

    def __getattr__(self, name: str) -> Any:
        return self._called if name == self.method else getattr(self.model, name)

    def _called(self, given: Any, *more: Any) -> Any:
        self.note(given)
        return getattr(self.model, self.method)(given, *more)

    def note(self, given: Any) -> None:
        with self.lock:
            self.total, self.calls = self.total + self.size(given), self.calls + 1
            place = self.calls - 1 if self.calls <= _KEPT else random.Random(self.calls).randrange(self.calls)
            self.kept[place : place + 1] = [given] if place < _KEPT else []

    def alone_s(self) -> float:
        """Processor seconds of all that it was given, from doing the sample again."""
        if not self.kept:
            return 0.0
        with one_thread():
            self._again(self.kept[0])
            started = time.process_time()
            for given in self.kept:
                self._again(given)
        return (time.process_time() - started) * self.total / sum(map(self.size, self.kept))

    def _again(self, given: Any) -> Any:
        return getattr(self.model, self.method)(given)


class RecordedVoice(Recorded):
    """Voice activity is a stream that is fed."""

    def start(self) -> RecordedVoice:
        self.stream = self.model.start()
        return self

    def feed(self, sound: Any) -> Any:
        self.note(sound)
        return self.stream.feed(sound)

    def _again(self, given: Any) -> Any:
        return self.model.start().feed(given)


def recorded() -> tuple[Models, dict[str, Recorded]]:
    """The offline profile, loaded, each model recorded."""

    def one(_: Any) -> float:
        return 1.0

    models = Models(OFFLINE, threads=os.cpu_count() or 1)
    stages: dict[str, tuple[Role, Recorded]] = {
        "picture": (Role.PICTURE, Recorded(models.picture, "encode_images", len)),
        "object": (Role.OBJECTS, Recorded(models.objects, "detect", len)),
        "text": (Role.TEXT, Recorded(models.text, "read", one)),
        "voice activity": (Role.VOICE_ACTIVITY, RecordedVoice(models.voice_activity, "feed", len)),
        "speech": (Role.SPEECH, Recorded(models.speech, "transcribe", one)),
        "sentences": (Role.SENTENCES, Recorded(models.sentences, "encode", len)),
    }
    blank, silent = np.zeros((360, 640, 3), np.uint8), np.zeros(16_000, np.float32)
    warm: dict[str, Any] = {"text": blank, "speech": silent + 0.01, "voice activity": silent, "sentences": ["warm"]}
    for name, (role, stage) in stages.items():
        stage._again(warm.get(name, [blank]))
        models.put(role, stage)
    return models, {name: stage for name, (_, stage) in stages.items()}


def decoded_s(path: Path, mode: Mode, *, sound: bool, threads: int) -> tuple[float, float]:
    """Wall and processor seconds of decoding alone."""
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    with av.open(str(path)) as container:
        video, audio, _ = streams(container)
        if video:
            video.thread_type = "FRAME" if threads > 1 else "NONE"
            video.codec_context.thread_count = threads
            if mode in _SKIPPED:
                video.codec_context.skip_frame = _SKIPPED[mode]
                video.codec_context.options = {"skip_loop_filter": "all"}
        for packet in container.demux([s for s in (video, audio if sound else None) if s]):
            packet.decode()
    return time.perf_counter() - wall_s, time.process_time() - cpu_s


def least_s(alone: tuple[float, float], together: tuple[float, float], models_s: float, cores: int) -> float:
    """Wall seconds that the work takes at least, with perfect overlap on the cores there are.

    Either one core decodes and models fill whatever is left, or all cores decode as fast as the decoder can, and the
    models have all of them for the rest. `alone` and `together` are wall and processor seconds of the decoder.
    """
    beside = max(alone[0], (alone[1] + models_s) / cores)
    return min(beside, together[0] + models_s / cores)


def processor_s() -> float:
    """Of this process and its ended children."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class Memory:
    """The most that this process and its children had resident together, looked at five times a second."""

    most_mib = 0.0

    def __enter__(self) -> Memory:
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            children = (p.read_text().split() for p in Path("/proc/self/task").glob("*/children"))
            processes = ["self", *(child for listed in children for child in listed)]
            self.most_mib = max(self.most_mib, sum(map(resident_mib, processes)))
            if self._done.wait(0.2):
                return


def resident_mib(process: str) -> float:
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return pages * resource.getpagesize() / 2**20


def measure(path: Path, mode: Mode, channels: Sequence[Channel]) -> dict[str, Any]:
    """One film indexed once into a library of its own, and its limit right after."""
    models, stages = recorded()
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(mode=mode, channels=tuple(channels), library=Path(folder) / "library")
        with Library(settings=settings, models=models) as library:
            cpu_s, wall_s = processor_s(), time.perf_counter()
            with Memory() as memory:
                report = library.add(path)
            wall_s, cpu_s = time.perf_counter() - wall_s, processor_s() - cpu_s
            for _, error in report.failed:
                raise error
            [video] = report.added
    sound, cores = Channel.SPEECH in channels and mode is not Mode.PREVIEW, os.cpu_count() or 1
    alone, together = (decoded_s(path, mode, sound=sound, threads=threads) for threads in (1, cores))
    bare = {name: stage.alone_s() for name, stage in stages.items() if stage.calls}
    return {
        "seconds": video.duration_s,
        "wall_s": wall_s,
        "cpu_s": cpu_s,
        "peak_mib": memory.most_mib,
        "least_s": least_s(alone, together, sum(bare.values()), cores),
        "shared_s": (alone[1] + sum(bare.values())) / cores,
        "bare_s": {"decode": alone[1]} | bare,
        "calls": {name: stage.total for name, stage in stages.items() if stage.calls},
    }


def summary(rounds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Medians over the rounds; `interval` is their least and most."""
    cores = os.cpu_count() or 1
    for one in rounds:
        one["limit"] = one["seconds"] / one["least_s"]
        one["x"] = one["seconds"] / one["wall_s"]
    seconds = rounds[0]["seconds"]

    def middle(of: Callable[[dict[str, Any]], float]) -> float:
        return round(statistics.median(map(of, rounds)), 3)

    names = {name for one in rounds for name in one["bare_s"]}
    bare = {name: middle(lambda one, n=name: one["bare_s"].get(n, 0.0)) for name in sorted(names)}
    ratios = sorted(one["x"] / one["limit"] for one in rounds)
    spent = middle(lambda one: one["cpu_s"])
    stages = {name: {"cpu_s": s, "x_realtime": round(seconds / s, 1) if s else None} for name, s in bare.items()}
    rest = round(spent - sum(bare.values()), 3)
    stages["everything else"] = {"cpu_s": rest, "x_realtime": round(seconds / rest, 1) if rest > 0 else None}
    return {
        "seconds": round(seconds, 2),
        "cores": cores,
        "x_realtime": middle(lambda one: one["x"]),
        "cpu_s": spent,
        "limit_x_realtime": middle(lambda one: one["limit"]),
        "ratio_to_limit": middle(lambda one: one["x"] / one["limit"]),
        "interval": [round(ratios[0], 3), round(ratios[-1], 3)],
        "ratio_if_decoding_could_be_divided": middle(lambda one: one["shared_s"] / one["wall_s"]),
        "stages": stages,
        "peak_mib": round(max(one["peak_mib"] for one in rounds)),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="*")
    parser.add_argument("--mode", type=Mode, default=Mode.FULL, choices=list(Mode))
    parser.add_argument("--channels", default="picture,object,text,speech")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=6, help="of the film that is made where none is given")
    parser.add_argument("--lengths", type=float, nargs="*", default=[10, 60, 600], help="minutes, for memory")
    parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    arguments = parser.parse_args()
    if not arguments.files:
        found = {"modes": every_mode(arguments.minutes, arguments.rounds), "memory": by_length(arguments.lengths)}
        if arguments.json:
            print(json.dumps(found))
        return 0
    channels = [Channel(name) for name in arguments.channels.split(",")]
    found: dict[str, Any] = {}
    for path in arguments.files:
        rounds = [measure(path, arguments.mode, channels) for _ in range(arguments.rounds)]
        found[path.name] = summary(rounds)
        show(path.name, found[path.name])
    if arguments.json:
        print(json.dumps(found[path.name] if len(found) == 1 else found))
    return 0


def every_mode(minutes: float, rounds: int) -> dict[str, Any]:
    """Each mode over one film, each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        film(path, minutes)
        return {name: alone(path, *options, "--rounds", str(rounds)) for name, options in _MODES.items()}


def by_length(lengths: Sequence[float]) -> list[dict[str, float]]:
    """The memory that pictures and speech of a small film take, by its length."""
    found = []
    for minutes in lengths:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{minutes:g}-minutes.mp4"
            film(path, minutes, size=(320, 180), spoken=0.05)
            peak_mib = alone(path, "--channels", "picture,speech", "--rounds", "1")["peak_mib"]
            found.append({"minutes": minutes, "peak_mib": peak_mib})
    return found


def alone(path: Path, *options: str) -> dict[str, Any]:
    """What this script finds out in a process of its own."""
    command = [sys.executable, __file__, str(path), *options, "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    *told, last = done.stdout.splitlines()
    print(*told, sep="\n", flush=True)
    result: dict[str, Any] = json.loads(last)
    return result


def show(name: str, result: dict[str, Any]) -> None:
    low, high = result["interval"]
    print(
        f"{name}: {result['seconds']:.0f} s at {result['x_realtime']:.1f} x real time, the limit is "
        f"{result['limit_x_realtime']:.1f} x: {result['ratio_to_limit']:.2f} of it [{low:.2f}, {high:.2f}]"
    )
    for stage, cost in result["stages"].items():
        print(f"  {stage:16} {cost['cpu_s']:8.2f} CPU-s  {cost['x_realtime'] or 0:8.1f} x")


if __name__ == "__main__":
    sys.exit(main())
