"""How well words find pictures: each caption of a folder is a query, and its photograph the one right answer.

    python benchmarks/image_recall.py FOLDER [--spec concepts:labels] [--spec concepts:head] [--json]
    python benchmarks/image_recall.py FOLDER --profile hub --encoder my_module:my_encoder
    python benchmarks/image_recall.py --packaged [FOLDER] --spec concepts:head

FOLDER holds `captions.csv` (image,caption) or `captions.jsonl` ({"image", "captions"}) and the images, beside it or
in `images/`. An encoder of your own is a function without arguments that gives an object with `encode_images(images)`
and `encode_texts(texts)`, rows of unit length each. Ties count against it. Intervals are 95 % bootstrap over
photographs. `--packaged` asks plain words of the photographs that scikit-image and scikit-learn bring along, which no
set of people, dogs and sports resembles; the photographs of FOLDER, if given, then lie among them as wrong answers.
With `--json` the last line is one object: the figures of the first encoder, and all under "encoders".
"""

from __future__ import annotations

import argparse
import csv
import json
import platform
import sys
import time
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from metrics import interval
from own_encoder import own_encoder

from playhead.errors import PlayheadError
from playhead.models.captioned import Captioned, open_image, read_captions
from playhead.models.registry import PROFILES, Models

AT = (1, 5, 10)
BATCH = 32
TRANSLATIONS = Path(__file__).with_name("translations.tsv")
PACKAGES = {"skimage": "scikit-image", "sklearn": "scikit-learn"}


def main() -> int:
    arguments = _arguments()
    try:
        photographs = _photographs(arguments)
        results = {name: measure(encoder, photographs) for name, encoder in _encoders(arguments).items()}
    except PlayheadError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    for name, result in results.items():
        _show(name, result)
    if arguments.json:
        machine = f"{platform.machine()} python {platform.python_version()}"
        print(json.dumps(next(iter(results.values())) | {"machine": machine, "encoders": results}))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--packaged", action="store_true", help="label queries over photographs inside packages")
    parser.add_argument("--spec", action="append", default=[], help="a picture model, as in the settings; repeatable")
    parser.add_argument("--profile", action="append", default=[], choices=PROFILES, help="a profile's picture model")
    parser.add_argument("--encoder", action="append", default=[], metavar="MODULE:FUNCTION")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    arguments = parser.parse_args()
    if arguments.folder is None and not arguments.packaged:
        parser.error("give a FOLDER or --packaged")
    return arguments


def _photographs(arguments: argparse.Namespace) -> list[Captioned]:
    captioned = read_captions(arguments.folder) if arguments.folder else []
    return packaged() + [replace(one, captions=()) for one in captioned] if arguments.packaged else captioned


def packaged(language: str = "en") -> list[Captioned]:
    """Photographs inside installed packages, with what one might ask for, in one of seven languages."""
    queries: dict[str, list[str]] = {}
    for row in translations():
        if row["of"] != "spoken":
            queries.setdefault(row["of"], []).append(row[language])
    return [
        Captioned(Path(str(metadata.distribution(PACKAGES[file.split("/")[0]]).locate_file(file))), tuple(asked))
        for file, asked in queries.items()
    ]


def translations() -> list[dict[str, str]]:
    """The rows of translations.tsv: what each is `of`, and its text by language."""
    lines = [line for line in TRANSLATIONS.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def _encoders(arguments: argparse.Namespace) -> dict[str, Any]:
    """Encoders by the name they were asked for; the offline profile's where none was."""
    specs = [*arguments.spec, *(PROFILES[name]["picture"] for name in arguments.profile)]
    if not specs and not arguments.encoder:
        specs = [PROFILES["offline"]["picture"]]
    found: dict[str, Any] = {
        spec: Models({"picture": spec}, threads=arguments.threads).picture for spec in dict.fromkeys(specs)
    }
    return found | {target: own_encoder(target) for target in arguments.encoder}


def measure(encoder: Any, photographs: list[Captioned]) -> dict[str, Any]:
    """Recall at 1, 5 and 10 with intervals and costs; photographs that cannot be opened are left out and counted."""
    started, rows, seen = time.process_time(), [], []
    for start in range(0, len(photographs), BATCH):
        batch = photographs[start : start + BATCH]
        opened = [(photograph, image) for photograph in batch if (image := open_image(photograph.path)) is not None]
        seen += [photograph for photograph, _ in opened]
        rows.append(encoder.encode_images([image for _, image in opened]))
    images_s = time.process_time() - started
    texts = [caption for photograph in seen for caption in photograph.captions]
    owners = np.repeat(np.arange(len(seen)), [len(photograph.captions) for photograph in seen])
    started = time.process_time()
    queries = encoder.encode_texts(texts)
    texts_s = time.process_time() - started
    ranks = ranked(queries @ np.concatenate(rows).T, owners)
    return {
        **{f"R@{k}": round(float((ranks <= k).mean()), 4) for k in AT},
        "interval_95": {f"R@{k}": [round(x, 4) for x in interval(by_owner(ranks <= k, owners))] for k in AT},
        "queries": len(texts),
        "photographs": len(seen),
        "unreadable": len(photographs) - len(seen),
        "cpu_ms": {
            "photograph": round(1000 * images_s / len(seen), 1),
            "query": round(1000 * texts_s / len(texts), 1),
        },
    }


def ranked(likeness: Any, owners: Any) -> Any:
    """The place of each query's photograph, 1 is best, behind all of the same likeness."""
    own = likeness[np.arange(len(owners)), owners]
    return (likeness >= own[:, None]).sum(axis=1)


def by_owner(values: Any, owners: Any) -> Any:
    """The mean of a photograph's queries, which are too alike to count as independent."""
    counts = np.bincount(owners)
    return np.bincount(owners, values)[counts > 0] / counts[counts > 0]


def _show(name: str, result: dict[str, Any]) -> None:
    left_out = f", {result['unreadable']} unreadable" if result["unreadable"] else ""
    cost = result["cpu_ms"]
    print(f"{name}: {result['queries']} queries over {result['photographs']} photographs{left_out}")
    for metric, (low, high) in result["interval_95"].items():
        print(f"  {metric:<5} {result[metric]:6.3f}   [{low:.3f}, {high:.3f}]")
    print(f"  {cost['photograph']} CPU-ms a photograph, {cost['query']} CPU-ms a query")


if __name__ == "__main__":
    sys.exit(main())
