"""The measurements of RESULTS.md: what is run for each, and what that needs.

A command is a script and its arguments. A word that begins with a material's name in capitals stands for a path below
it: CASES, a folder of evaluation footage; DEMO, what `make demo` builds; MODEL, a language model in a GGUF file.
SCRATCH is a folder that is gone afterwards.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[1]
SCRATCH = "SCRATCH"
WRITTEN = f"{SCRATCH}/result.json"  # where a command writes its object, when it does not print it
ENCODERS = ("concepts:head", "concepts:labels")
RECALL = "benchmarks/image_recall.py"
BOTH = " ".join(f"--spec {spec}" for spec in ENCODERS)


@dataclass(frozen=True, slots=True)
class Measurement:
    """Commands by label. `timed`: other work distorts it. `slow`: run only when it is asked for by name.

    `flag` is what makes a command print its object, for one that would not without. `verdict`: its exit status is one
    on what was measured, which is kept whatever that is.
    """

    name: str
    commands: Mapping[str, str]
    minutes: float
    timed: bool = False
    slow: bool = False
    flag: str = "--json"
    verdict: bool = False

    def missing(self, materials: Mapping[str, Path]) -> str:
        """What is not there of that which the commands need, in words; nothing when all is."""
        for word in (word for command in self.commands.values() for word in shlex.split(command)):
            path = resolved(word, materials)
            if path is None:
                return f"{word.split('/')[0]} was not given"
            file = path.replace(".", "/") + ".py" if path.startswith("tests.") else path
            if (path != word or file.endswith(".py")) and not (ROOT / file).exists():
                return f"there is no {word}"
        return ""


def resolved(word: str, materials: Mapping[str, Path]) -> str | None:
    """The word with its material's path put in; None when that was not given."""
    name, slash, rest = word.partition("/")
    if name not in ("CASES", "DEMO", "MODEL"):
        return word
    return f"{materials[name]}{slash}{rest}" if name in materials else None


def _moments() -> dict[str, str]:
    folders = {"slides": "composite_slides", "clips": "composite_clips", "actions": "videos/gmdcsa24"}
    return {
        f"{films} {spec}": f"benchmarks/search_quality.py CASES/{folder} --model picture={spec}"
        for films, folder in folders.items()
        for spec in ENCODERS
    }


MEASUREMENTS = {
    measurement.name: measurement
    for measurement in (
        Measurement("moments", _moments(), 15),
        Measurement(
            "pictures",
            {
                "alone": f"{RECALL} CASES/images_flickr8k {BOTH}",
                "among": f"{RECALL} --packaged CASES/images_flickr8k {BOTH}",
            },
            3,
        ),
        Measurement("packaged_pictures", {"": f"{RECALL} --packaged {BOTH}"}, 0.5),
        Measurement("senses", {"": "benchmarks/senses.py CASES/images_flickr8k"}, 5),
        Measurement("languages", {"": "benchmarks/languages.py CASES/train_captions"}, 3),
        Measurement(
            "calibration",
            {
                "default": "training/calibrate.py CASES/train_captions",
                "sentences=use": "training/calibrate.py CASES/train_captions --model sentences=use",
                "picture=concepts:labels": (
                    "training/calibrate.py CASES/train_captions --model picture=concepts:labels --only picture"
                ),
            },
            12,
        ),
        Measurement(
            "image_safety", {"": "benchmarks/image_safety.py CASES/images_flickr8k CASES/videos --fps 0.5"}, 2
        ),
        Measurement("speech", {"": "benchmarks/transcription.py CASES/speech"}, 3),
        Measurement("planning", {"": "benchmarks/planning.py --part all"}, 2),
        Measurement(
            "taskbench",
            {
                "clauses": "benchmarks/taskbench.py CASES/planner/taskbench_multimedia --clauses",
                "descriptions": "benchmarks/taskbench.py CASES/planner/taskbench_multimedia --no-phrases",
                "phrases": "benchmarks/taskbench.py CASES/planner/taskbench_multimedia",
            },
            1,
        ),
        Measurement("local_llm", {"": "benchmarks/local_llm.py MODEL --threads 1"}, 40, timed=True, slow=True),
        Measurement("text_moderation", {"": "benchmarks/safety.py CASES/safety"}, 6),
        Measurement("cold_search", {"": "benchmarks/cold_search.py DEMO/first.playhead"}, 0.5, timed=True),
        Measurement("index_speed", {"": "benchmarks/index_speed.py"}, 20, timed=True, slow=True),
        Measurement("index_memory", {"": "benchmarks/index_memory.py"}, 20, slow=True),
        Measurement("search_scale", {"": "benchmarks/search_scale.py"}, 10, timed=True, slow=True),
        Measurement("peers", {"": "benchmarks/peers.py --minutes 3"}, 20, timed=True, slow=True),
        Measurement(
            "endurance", {"": "-m tests.endurance.endure"}, 120, slow=True, flag=f"--out {WRITTEN}", verdict=True
        ),
    )
}
