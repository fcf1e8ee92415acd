"""Which languages find what, by sentence encoder, and what that costs.

    python benchmarks/languages.py [CAPTIONED] [--json]

Texts are those of translations.tsv: 43 queries for 21 photographs inside scikit-image and scikit-learn, and 22 spoken
sentences, in seven languages. Told apart: how many of the English ones, of a thousand names of things, and of the
foreign ones are taken for what they are. Texts: how often a foreign text has its English one first among all 65, and
the other way round, for the queries and for the spoken sentences. Pictures: how often a query in that language has
its photograph first, and among the first five, of the 21. Within English: how often another caption of the same
photograph is first among those of 1,500 photographs of CAPTIONED, a folder as training/picture_head.py takes it. Cost
is measured in fresh processes: processor seconds until the first vector of an English and of a Japanese query, and
then for each query. With `--json` the last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from image_recall import measure, packaged, translations
from metrics import interval

from playhead.models import weights
from playhead.models.captioned import read_captions
from playhead.models.concepts import labels
from playhead.models.language import is_english
from playhead.models.registry import BACKENDS, Models
from playhead.models.roles import Role
from playhead.models.sentences import MiniLM

if TYPE_CHECKING:
    from numpy.typing import NDArray

ENCODERS = ("multilingual", "use", "minilm")
PICTURES = "concepts:head"
PARAPHRASED = 1500
FIRST = {"en": "a dog runs along the beach", "ja": "犬が浜辺を走っている"}
COST = """
import sys, time
from playhead.models.registry import Models
encoder, query = Models({"sentences": sys.argv[1]}).sentences, sys.argv[2]
encoder.encode([query])
first = time.process_time()
for number in range(50):  # another each time: what is asked for again is remembered
    encoder.encode([f"{query} {number}"])
print(first, (time.process_time() - first) / 50)
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("captioned", type=Path, nargs="?", metavar="CAPTIONED")
    parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    arguments = parser.parse_args()
    result = {"told apart": told_apart(), "texts": {name: texts(name) for name in ENCODERS}, "pictures": pictures()}
    if arguments.captioned:
        result["within English"] = {name: paraphrases(name, arguments.captioned) for name in ENCODERS}
    result["cost"] = {name: cost(name) for name in ENCODERS}
    _show(result)
    if arguments.json:
        print(json.dumps(result))
    return 0


def told_apart() -> dict[str, float]:
    """The share of texts whose language is recognised, as English or not."""
    knows, rows = MiniLM().knows, translations()
    foreign = [row[language] for row in rows for language in _others(rows)]
    return {
        "English queries and sentences": _share(np.array([is_english(row["en"], knows) for row in rows])),
        "English names of things": _share(np.array([is_english(label.name, knows) for label in labels()])),
        "foreign": _share(np.array([not is_english(text, knows) for text in foreign])),
    }


def texts(name: str) -> dict[str, dict[str, Any]]:
    """By language, and over all of them, the share of texts that have their translation first, in both directions."""
    encoder, rows = Models({"sentences": name}).sentences, translations()
    spoken = np.array([row["of"] == "spoken" for row in rows])
    english = encoder.encode([row["en"] for row in rows])
    found = {}
    everywhere: dict[str, list[NDArray[np.bool_]]] = {}
    for language in _others(rows):
        foreign = encoder.encode([row[language] for row in rows])
        to_english, from_english = _first(foreign, english), _first(english, foreign)
        right = {
            "queries to English": to_english[~spoken],
            "English to queries": from_english[~spoken],
            "spoken to English": to_english[spoken],
            "English to spoken": from_english[spoken],
        }
        found[language] = {what: _share(values) for what, values in right.items()}
        for what, values in right.items():
            everywhere.setdefault(what, []).append(values)
    return found | {"all six": {what: _over_texts(values) for what, values in everywhere.items()}}


def _over_texts(right: list[NDArray[np.bool_]]) -> dict[str, Any]:
    """The share over all languages, and its 95 % bootstrap interval over texts."""
    by_text = np.mean(right, axis=0)
    return {"share": round(float(by_text.mean()), 3), "interval_95": [round(x, 3) for x in interval(by_text)]}


def paraphrases(name: str, folder: Path) -> dict[str, Any]:
    """How often another caption of the same photograph is first."""
    encoder = Models({"sentences": name}).sentences
    pairs = [one.captions[:2] for one in read_captions(folder) if len(one.captions) > 1][:PARAPHRASED]
    first, second = (encoder.encode(captions) for captions in zip(*pairs, strict=True))
    return _over_texts([_first(second, first)])


def pictures() -> dict[str, dict[str, float]]:
    """By language the recall of photographs."""
    encoder = Models({"picture": PICTURES}).picture
    found = {}
    for language in ("en", *_others(translations())):
        measured = measure(encoder, packaged(language))
        found[language] = {key: measured[key] for key in ("R@1", "R@5", "interval_95")}
    return found


def cost(name: str) -> dict[str, float]:
    """Processor time of queries, and megabytes of weights."""
    found: dict[str, float] = {}
    for language, query in FIRST.items():
        command = [sys.executable, "-c", COST, name, query]
        first, each = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        found |= {
            f"first {language} CPU-s": round(float(first), 2),
            f"each {language} CPU-ms": round(1000 * float(each), 1),
        }
    needs = BACKENDS[Role.SENTENCES][name].type.needs("")
    found["MB"] = round(sum(weights.entry(weight).bytes for weight in needs.weights) / 1e6, 1)
    return found


def _others(rows: list[dict[str, str]]) -> list[str]:
    return [language for language in rows[0] if language not in ("of", "en")]


def _first(queries: NDArray[np.float32], items: NDArray[np.float32]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (queries @ items.T).argmax(axis=1) == np.arange(len(items))
    return found


def _share(values: NDArray[np.bool_]) -> float:
    return round(float(values.mean()), 3)


def _show(result: dict[str, Any]) -> None:
    print("told apart", "  ".join(f"{what} {share:.3f}" for what, share in result["told apart"].items()))
    for name, by_language in result["texts"].items():
        print(name)
        for language, shares in by_language.items():
            told = {what: share["share"] if isinstance(share, dict) else share for what, share in shares.items()}
            print(f"  {language}", "  ".join(f"{what} {share:.2f}" for what, share in told.items()))
    print(f"photographs by {PICTURES}")
    for language, recall in result["pictures"].items():
        print(f"  {language}", "  ".join(f"{metric} {recall[metric]:.2f}" for metric in ("R@1", "R@5")))
    for name, found in result.get("within English", {}).items():
        print(f"within English, another caption first: {name} {found['share']:.3f}")
    for name, costs in result["cost"].items():
        print(f"cost of {name}:", "  ".join(f"{what} {value:g}" for what, value in costs.items()))


if __name__ == "__main__":
    sys.exit(main())
