"""Word errors of both Whisper engines, on recordings with known words.

    python benchmarks/transcription.py FOLDER [--engines faster-whisper openai-whisper] [--json]

Below FOLDER it looks for `jfk.flac`, for `*.transcription` files in CMU Sphinx form (`<s> words </s> (001)` is what
is said in 001.wav) and for `transcripts.jsonl` ({"file", "text"}). Words are compared after Whisper's own English
normaliser, so that "ten" and "10" agree. Sets are reported apart; so is silence, which must give no words at all.
Intervals of the error rate are 95 % bootstrap intervals over recordings.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
import wave
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from metrics import interval_of, ratio_of_sums

from playhead.index.listen import transcribe
from playhead.media.files import open_file
from playhead.models.registry import OFFLINE, Models

JFK = "and so my fellow americans ask not what your country can do for you ask what you can do for your country"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--engines", nargs="+", default=["faster-whisper", "openai-whisper"])
    parser.add_argument("--most", type=int, default=25, help="recordings of one set at most")
    parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    arguments = parser.parse_args()
    sets = recordings(arguments.folder)
    results = {
        engine: {name: measure(engine, items[: arguments.most]) for name, items in sets.items()}
        | {"silence": {"text": silence(engine)}}
        for engine in arguments.engines
    }
    for engine, by_set in results.items():
        for name, r in by_set.items():
            told = repr(r["text"]) if name == "silence" else f"{r['errors']:>3} errors in {r['words']} words"
            speed = f", {r['x_realtime']:.1f}x real time" if "x_realtime" in r else ""
            print(f"{engine:<15} {name:<24} {told}{speed}")
    if arguments.json:
        print(json.dumps(results))
    return 0


def recordings(folder: Path) -> dict[str, list[tuple[Path, str]]]:
    """The files of each set with the words said in them."""
    found = {path.parent.name: [(path, JFK)] for path in folder.rglob("jfk.flac")}
    for truth in sorted(folder.rglob("*.transcription")):
        rows = re.findall(r"<s>(.*?)</s>\s*\((\S+)\)", truth.read_text())
        found[truth.parent.name] = [(truth.parent / f"{name}.wav", said) for said, name in rows]
    for truth in sorted(folder.rglob("transcripts.jsonl")):
        lines = [json.loads(line) for line in truth.read_text().splitlines() if line]
        found[truth.parent.name] = [(next(truth.parent.rglob(row["file"])), row["text"]) for row in lines]
    return found


def measure(engine: str, items: list[tuple[Path, str]]) -> dict[str, Any]:
    """Errors (substitutions, deletions, insertions) over all words of a set, and speed."""
    from whisper.normalizers import EnglishTextNormalizer  # it imports torch

    models, normal = Models(OFFLINE | {"speech": f"{engine}:base"}, threads=2), EnglishTextNormalizer()
    models.speech, models.voice_activity  # noqa: B018 - loaded before the clock starts
    heard_s, started = 0.0, time.perf_counter()
    errors, words = [], []
    for path, said in items:
        text, length_s = hear(models, path)
        heard_s += length_s
        true = normal(said).split()
        errors.append(distance(normal(text).split(), true))
        words.append(len(true))
    return {
        "recordings": len(items),
        "errors": sum(errors),
        "words": sum(words),
        "interval_95": [round(x, 4) for x in interval_of(ratio_of_sums, errors, words)],
        "x_realtime": round(heard_s / (time.perf_counter() - started), 2),
    }


def hear(models: Models, path: Path) -> tuple[str, float]:
    """The transcript of a file and how long it is, in seconds."""
    from playhead.media.decode import probe

    with open_file(path, [path.parent]) as file:
        said = transcribe(file, models)
        return said.text, probe(file).stated_duration_s or 0.0


def silence(engine: str) -> str:
    """What an engine makes of twenty silent seconds."""
    models = Models(OFFLINE | {"speech": f"{engine}:base"}, threads=2)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "silence.wav"
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, 16_000, 0, "NONE", ""))
            file.writeframes(bytes(2 * 16_000 * 20))
        return hear(models, path)[0]


def distance(found: list[str], true: list[str]) -> int:
    """Levenshtein distance in words."""
    row = list(range(len(true) + 1))
    for i, word in enumerate(found, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(true, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1]


if __name__ == "__main__":
    sys.exit(main())
