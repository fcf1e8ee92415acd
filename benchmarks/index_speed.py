"""How fast footage is indexed, by stage, beside the limit of this machine in the same run.

    python benchmarks/index_speed.py FILE… [--mode full] [--channels picture,object,text,speech] [--rounds 3] [--json]
    python benchmarks/index_speed.py [--minutes 4] [--rounds 3] [--json]

Without a file a film of 1280x720 with speech in half of it is made (`footage.py`) and indexed in every mode.

The limit is what the work itself costs with perfect overlap on the cores there are: decoding the wanted frames and
the sound with PyAV and nothing else, on one core and on all, whichever serves better; and each model alone, on one
thread, over what it was given in the run (a part of it, scaled up). Compare `ratio_to_limit` between machines.
A film cannot be decoded on two cores in half the time; `ratio_if_decoding_could_be_divided` is against a limit that
takes it for granted.
Models are loaded before the clock starts, and each round is a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
from footage import film
from measuring import child
from recorded import recorded

from playhead import Library
from playhead.errors import PlayheadError
from playhead.media.demux import streams
from playhead.settings import load_settings
from playhead.types import Channel, Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from playhead.models.registry import Models

_MODES = {
    "pictures": ("--channels", "picture"),
    "full": (),
    "fast": ("--mode", "fast"),
    "preview": ("--mode", "preview"),
}
_SKIPPED = {Mode.FAST: "NONREF", Mode.PREVIEW: "NONKEY"}


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


def indexed(path: Path, mode: Mode, channels: Sequence[Channel], models: Models) -> dict[str, Any]:
    """What indexing one film once takes, into a library of its own."""
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(mode=mode, channels=tuple(channels), library=Path(folder) / "library")
        with Library(settings=settings, models=models) as library:
            cpu_s, wall_s = processor_s(), time.perf_counter()
            report = library.add(path)
            wall_s, cpu_s = time.perf_counter() - wall_s, processor_s() - cpu_s
    for _, error in report.failed:
        raise error
    return {"seconds": report.added[0].duration_s, "wall_s": wall_s, "cpu_s": cpu_s}


def measure(path: Path, mode: Mode, channels: Sequence[Channel]) -> dict[str, Any]:
    """One film indexed once into a library of its own, and its limit right after."""
    models, stages = recorded()
    run = indexed(path, mode, channels, models)
    sound, cores = Channel.SPEECH in channels and mode is not Mode.PREVIEW, os.cpu_count() or 1
    alone, together = (decoded_s(path, mode, sound=sound, threads=threads) for threads in (1, cores))
    bare = {name: stage.alone_s() for name, stage in stages.items() if stage.calls}
    return run | {
        "least_s": least_s(alone, together, sum(bare.values()), cores),
        "shared_s": (alone[1] + sum(bare.values())) / cores,
        "bare_s": {"decode": alone[1]} | bare,
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
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="*")
    parser.add_argument("--mode", type=Mode, default=Mode.FULL, choices=list(Mode))
    parser.add_argument("--channels", default="picture,object,text,speech")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=4, help="of the film that is made where none is given")
    parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error("--rounds must be at least 1")
    if not arguments.files:
        modes = every_mode(arguments.minutes, arguments.rounds)
        if arguments.json:
            print(json.dumps({"modes": modes}))
        return 0
    if arguments.once:
        channels = [Channel(name) for name in arguments.channels.split(",")]
        print(json.dumps(measure(arguments.files[0], arguments.mode, channels)))
        return 0
    found: dict[str, Any] = {}
    for path in arguments.files:
        options = ("--mode", arguments.mode, "--channels", arguments.channels, "--once")
        found[path.name] = summary([child(__file__, path, *options) for _ in range(arguments.rounds)])
        show(path.name, found[path.name])
    if arguments.json:
        print(json.dumps(found[path.name] if len(found) == 1 else found))
    return 0


def every_mode(minutes: float, rounds: int) -> dict[str, Any]:
    """Each mode over one film, each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        film(path, minutes)
        return {
            name: child(__file__, path, *options, "--rounds", rounds, "--json") for name, options in _MODES.items()
        }


def show(name: str, result: dict[str, Any]) -> None:
    low, high = result["interval"]
    print(
        f"{name}: {result['seconds']:.0f} s at {result['x_realtime']:.1f} x real time, the limit is "
        f"{result['limit_x_realtime']:.1f} x: {result['ratio_to_limit']:.2f} of it [{low:.2f}, {high:.2f}]"
    )
    for stage, cost in result["stages"].items():
        print(f"  {stage:16} {cost['cpu_s']:8.2f} CPU-s  {cost['x_realtime'] or 0:8.1f} x")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except PlayheadError as error:
        sys.exit(f"index_speed.py: {error}")
