"""What each peer is asked to do, in the words of its own command line, and how what it says is read.

A job gives commands and a reader of what they print; where a peer has no such thing, its entry is the reason.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from environments import SCRIPTS, THREADS, Environment

if TYPE_CHECKING:
    from pathlib import Path

    from spoken_film import Truth

Seen = dict[str, Any]
"""What a job's output says: `starts_s` of what was found, `pictures` and when they are, `made_s` of film."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a peer does its work: a folder of its own with the film in it, and what it may be given."""

    home: Path
    environment: Environment
    truth: Truth
    models: Path

    @property
    def film(self) -> Path:
        """The film, under a name of its own."""
        return self.home / "film.mp4"

    def python(self, script: str, *arguments: object) -> list[str]:
        """A command that runs one of our scripts in the peer's environment."""
        return [str(self.environment.program("python")), str(SCRIPTS / script), *map(str, arguments)]

    def run(self, program: str, *arguments: object) -> list[str]:
        """A command that runs one of the peer's programs."""
        return [str(self.environment.program(program)), *map(str, arguments)]


@dataclass(frozen=True, slots=True)
class Task:
    """Commands that together do a job, and what their outputs say."""

    commands: list[list[str]]
    read: Callable[[list[str]], Seen] = lambda _: {}


Job = Callable[[Place], Task]


@dataclass(frozen=True, slots=True)
class Peer:
    """Somebody who takes part: where it is installed, and for each work a job, or why it has none."""

    name: str
    environment: str
    jobs: dict[str, Job | str]
    given: bool = False  # a transcript, since its own speech model is another


def _phrases(place: Place) -> list[str]:
    return [said.asked for said in place.truth.asked]


def _warm(name: str, folder: str) -> Job:
    def job(place: Place) -> Task:
        arguments = [name, place.home / folder, place.film, place.models / "ctranslate2", *_phrases(place)]
        return Task([place.python("warm.py", *arguments)], lambda printed: dict(json.loads(printed[-1])))

    return job


def _each(first: Callable[[str], float | None]) -> Callable[[list[str]], Seen]:
    return lambda outputs: {"starts_s": [first(output) for output in outputs]}


def _times(*pictures: float) -> Seen:
    return {"pictures": len(pictures), "times_s": sorted(pictures)}


# Playhead


def _playhead(place: Place, *arguments: object, library: str = "library") -> list[str]:
    return place.run("python", "-m", "playhead.interfaces.cli", *arguments, "-l", place.home / library)


def _first_moment(output: str) -> float | None:
    moments = json.loads(output)["moments"]
    return float(moments[0]["start_s"]) if moments else None


def _plan(place: Place, tool: str, **more: object) -> Task:
    windows = [{"video": str(place.film), "start_s": s.start_s, "end_s": s.end_s} for s in place.truth.asked]
    plan = place.home / f"{tool}.yaml"
    plan.write_text(json.dumps({"steps": {"made": {"tool": tool, "args": {"moments": windows, **more}}}}))
    return Task([_playhead(place, "run", plan, "--fresh", "--out", place.home / tool)])


def _index(channel: str, library: str = "library") -> Job:
    def job(place: Place) -> Task:
        command = _playhead(place, "index", place.film, "--channels", channel, "--json", library=library)
        stills = (place.home / library / "thumbs").glob("*/*.jpg")
        if channel != "picture":
            return Task([command])
        return Task([command], lambda _: _times(*(int(still.stem) / 1000 for still in stills)))

    return job


PLAYHEAD = Peer(
    "Playhead",
    "",
    {
        "speech": _index("speech"),
        "find": lambda p: Task(
            [_playhead(p, "search", phrase, "--limit", 1, "--json") for phrase in _phrases(p)], _each(_first_moment)
        ),
        "find again": _warm("playhead", "library"),
        "supercut": lambda p: _plan(p, "make_supercut"),
        "clips": lambda p: _plan(p, "cut_clip", as_stored=True),
        "pictures": _index("picture", "pictures"),
        "frames": _index("picture", "stills"),
    },
)

# saccade-video


def _saccade(place: Place, command: str, *arguments: object, visual: str = "off", words: bool = False) -> list[str]:
    model = ["--model", place.models / "ctranslate2", "--threads", THREADS, "--offline", "--visual", visual]
    more = ["--word-timestamps"] if words else []
    return place.run(
        "saccade", "-q", "--cache-dir", place.home / "cache", command, place.film, *arguments, *model, *more
    )


def _first_result(output: str) -> float | None:
    results = json.loads(output)["results"]
    return float(results[0]["start"]) if results else None


def _saccade_find(place: Place) -> Task:
    commands = [_saccade(place, "search", phrase, "-n", 1, "--json") for phrase in _phrases(place)]
    return Task(commands, _each(_first_result))


def _saccade_frames(place: Place) -> Task:
    command = _saccade(place, "frames", "--json", visual="auto")
    return Task([command], lambda outputs: _times(*(frame["timestamp"] for frame in json.loads(outputs[0]))))


_NO_CUT = "it cuts nothing"
_NO_PICTURES = "it looks at no pictures"
_NO_VECTORS = "it gives no picture a vector"
_NO_SEARCH = "it searches nothing"
_NO_SPEECH = "it hears nothing"

SACCADE = Peer(
    "saccade-video",
    "saccade-video",
    {
        "speech": lambda p: Task([_saccade(p, "index")]),
        "find": _saccade_find,
        "find again": _warm("saccade", "cache"),
        "supercut": _NO_CUT,
        "clips": _NO_CUT,
        "pictures": _NO_VECTORS,
        "frames": _saccade_frames,
    },
)
SACCADE_WORDS = Peer(
    "saccade-video, word times", "saccade-video", {"speech": lambda p: Task([_saccade(p, "index", words=True)])}
)

# reelgrep


def _first_cue(output: str) -> float | None:
    found = re.match(r"(\d+):(\d+):([\d.]+)  ", output)
    return 3600 * int(found[1]) + 60 * int(found[2]) + float(found[3]) if found else None


def _clock(seconds: float) -> str:
    return f"{int(seconds // 3600)}:{int(seconds // 60 % 60):02}:{seconds % 60:06.3f}"


def _reelgrep_clips(place: Place) -> Task:
    spans = [["--start", _clock(said.start_s), "--end", _clock(said.end_s)] for said in place.truth.asked]
    clips = [[*span, "--out", place.home / f"clip-{n}.mp4"] for n, span in enumerate(spans)]
    return Task([place.run("reelgrep", "export-clip", place.film, *clip) for clip in clips])


def _reelgrep_frames(place: Place) -> Task:
    def read(_: list[str]) -> Seen:
        with sqlite3.connect(place.home / ".local/share/reelgrep/index.sqlite") as index:
            return _times(*(ms / 1000 for (ms,) in index.execute("SELECT timestamp_ms FROM frames")))

    return Task([place.run("reelgrep", "ingest", place.film, "--no-subtitles", "--force")], read)


REELGREP = Peer(
    "reelgrep",
    "reelgrep",
    {
        "speech": lambda p: Task([p.run("reelgrep", "transcribe", p.film, "--model", "base")]),
        "find": lambda p: Task(
            [p.run("reelgrep", "search-subtitles", p.film, phrase, "--limit", 1) for phrase in _phrases(p)],
            _each(_first_cue),
        ),
        "find again": _warm("reelgrep", ".local/share/reelgrep"),
        "supercut": "it cuts single clips",
        "clips": _reelgrep_clips,
        "pictures": _NO_VECTORS,
        "frames": _reelgrep_frames,
    },
)

# videogrep


def _first_line(output: str) -> float | None:
    found = re.match(r"\S+ ([\d.]+) [\d.]+ ", output)
    return float(found[1]) if found else None


def _videogrep_supercut(place: Place) -> Task:
    asked = [part for phrase in _phrases(place) for part in ("-s", phrase)]
    return Task([place.run("videogrep", "-i", place.film, *asked, "-o", place.home / "supercut.mp4")])


_VIDEOGREP: dict[str, Job | str] = {
    "find": lambda p: Task(
        [p.run("videogrep", "-i", p.film, "-s", phrase, "--demo") for phrase in _phrases(p)], _each(_first_line)
    ),
    "find again": _warm("videogrep", "."),
    "supercut": _videogrep_supercut,
    "clips": "it encodes what it cuts",
    "pictures": _NO_PICTURES,
    "frames": _NO_PICTURES,
}
VIDEOGREP = Peer("videogrep", "videogrep", {"speech": "it is given Playhead's transcript as SRT"} | _VIDEOGREP, True)
VIDEOGREP_VOSK = Peer(
    "videogrep, its own model (vosk)",
    "videogrep",
    {"speech": lambda p: Task([p.run("videogrep", "-i", p.film, "--transcribe")])} | _VIDEOGREP,
)

# The others


def _whisper(place: Place) -> Task:
    how = ["--model", place.models / "base.pt", "--threads", THREADS, "--output_format", "srt"]
    return Task([place.run("whisper", place.film, *how, "--output_dir", place.home)])


def _frameproof(place: Place) -> Task:
    def read(_: list[str]) -> Seen:
        lines = (place.home / "index" / "frames.jsonl").read_text().splitlines()
        return _times(*(float(json.loads(line)["t"]) for line in lines))

    return Task(
        [place.run("frameproof", "index", place.film, "--no-transcribe", "--out", place.home / "index")], read
    )


def _amon_hen_clips(place: Place) -> Task:
    spans = [["--start", f"{said.start_s:.3f}", "--end", f"{said.end_s:.3f}"] for said in place.truth.asked]
    return Task(
        [
            place.run("amon-hen", "cut", place.film, *span, "-o", place.home / f"clip-{n}.mp4")
            for n, span in enumerate(spans)
        ]
    )


def _counted(outputs: list[str]) -> Seen:
    return dict(json.loads(outputs[-1].splitlines()[-1]))


_NO_TINY = "it takes no other speech model than the one it downloads"

WHISPER = Peer(
    "openai-whisper",
    "openai-whisper",
    {"speech": _whisper, "find": _NO_SEARCH, "find again": _NO_SEARCH, "supercut": _NO_CUT, "clips": _NO_CUT}
    | dict.fromkeys(("pictures", "frames"), _NO_PICTURES),
)
FRAMEPROOF = Peer(
    "frameproof",
    "frameproof",
    {"speech": "it listens on Apple's processors alone", "find": _NO_SPEECH, "find again": _NO_SPEECH}
    | {"supercut": _NO_CUT, "clips": _NO_CUT, "pictures": _NO_VECTORS, "frames": _frameproof},
)
NAIVE = Peer(
    "PySceneDetect and a loop",
    "scenedetect",
    {"pictures": lambda p: Task([p.python("naive.py", p.film)], _counted)},
)
AMON_HEN = Peer(
    "amon-hen",
    "amon-hen",
    {"speech": _NO_TINY, "find": _NO_TINY, "find again": _NO_TINY, "supercut": "it cuts single clips"}
    | {
        "clips": _amon_hen_clips,
        "pictures": lambda p: Task([p.python("amon_hen.py", p.film, p.home / "index.db")], _counted),
        "frames": "it keeps vectors, no pictures",
    },
)

PEERS = (
    PLAYHEAD, SACCADE, SACCADE_WORDS, REELGREP, VIDEOGREP, VIDEOGREP_VOSK, WHISPER, FRAMEPROOF, NAIVE, AMON_HEN,
)  # fmt: skip
