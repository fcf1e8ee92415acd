"""A parser fed with bytes that are bred by what code they reach (libFuzzer, through atheris), from a few good texts.

    pip install atheris
    python -m tests.endurance.covered plan -max_total_time=300

What comes after the name of the parser are libFuzzer's options. It ends at the first input that gives anything but a
value or an error of Playhead's, and writes that input to a file.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["yaml", "pysubs2", "playhead"]):
    import playhead.agent.plan
    import playhead.index.phrases
    import playhead.media.motion_csv
    import playhead.media.subtitles
    import playhead.safety.policy
    import playhead.settings  # noqa: F401 - they are looked at while they are loaded

from playhead.errors import PlayheadError

from .test_fuzz import PARSERS

SEEDS = {
    "plan": "request: x\nsteps:\n  a: {tool: cut_clip, args: {video: a.mp4, start_s: 1:30}}\n",
    "policy": "extends: default\nstages: {request: {hate: {warn: 0.5, block: 0.9}}}\nwords: {hate: [a]}\n",
    "subtitles": "WEBVTT\n\n1\n00:00:01.000 --> 00:00:02.000 align:start\n<b>Hello</b>\n\n",
    "sensor log": "time,accel_x (g),accel_y,accel_z,lat,lon\n0,1,0,0,52.1,4.2\n2026-01-01T00:00:00,1,0,0,,\n",
    "query": "“a dog” THEN a cat NOT rain between 1:00 and 2:00 in flag.mp4",
    "settings": 'fps = 2.0\nchannels = "picture"\n[models]\npicture = "clip:x"\n',
}


def main() -> None:
    """Fuzz the parser that the first argument names."""
    name = sys.argv.pop(1)
    parse = PARSERS[name][1]
    with tempfile.TemporaryDirectory() as place:
        folder, seeds = Path(place), Path(place) / "seeds"
        seeds.mkdir()
        (seeds / "good").write_text(SEEDS[name])

        def tried(data: bytes) -> None:
            try:
                parse(folder, data.decode(errors="replace"))
            except PlayheadError:
                return

        atheris.Setup([*sys.argv, str(seeds)], tried)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
