"""How well moments are found: index the videos of a folder, ask its queries, score the answers.

    python benchmarks/search_quality.py FOLDER [--library DIR] [--predictions FILE] [--json]
    python benchmarks/search_quality.py FOLDER --profile hub
    python benchmarks/search_quality.py FOLDER --model picture=concepts:labels
    python benchmarks/search_quality.py FOLDER --encoder my_module:my_encoder

FOLDER holds `queries.jsonl`, one query a line: {"qid", "vid", "query", "relevant_windows": [[start, end], …],
"modality"}, and the videos as `vid` or `vid.mp4`. Each query is asked of its own video. Predictions are written as
{"qid", "windows": [[start, end, score], …]}, an empty list where nothing matches. An encoder of your own is made as
for image_recall.py; similarities of one that nobody calibrated mean little, so look at "R1@0.5 unjudged": what comes
first whether it passes the threshold or not. `--thresholds` shows how many queries others would turn away.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from metrics import average_precision, hit, interval
from own_encoder import own_encoder

from playhead import Library
from playhead.errors import PlayheadError
from playhead.models.registry import PROFILES, Models
from playhead.models.roles import Role

MOST_WINDOWS = 10
THRESHOLDS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)


def main() -> int:
    arguments = _arguments()
    try:
        result = run(arguments)
    except PlayheadError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except (OSError, ValueError, KeyError) as error:
        print(f"{arguments.folder}/queries.jsonl cannot be used: {error!r}", file=sys.stderr)
        return 2
    _show(result, as_json=arguments.json, thresholds=arguments.thresholds)
    return 0


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Index, ask, score."""
    queries = [json.loads(line) for line in (arguments.folder / "queries.jsonl").read_text().splitlines() if line]
    models = _models(arguments)
    videos = {vid: _video(arguments.folder, vid) for vid in sorted({q["vid"] for q in queries})}
    with tempfile.TemporaryDirectory() as scratch, Library(arguments.library or scratch, models=models) as library:
        started = time.perf_counter()
        report = library.add(*videos.values())
        for path, error in report.failed:
            print(f"{path}: {error}", file=sys.stderr)
        indexed_s = time.perf_counter() - started
        predictions = [_ask(library, query, videos[query["vid"]]) for query in queries]
    if arguments.predictions:
        lines = [json.dumps(prediction) for prediction in predictions]
        arguments.predictions.write_text("\n".join(lines) + "\n")
    return {
        "per_modality": score(queries, predictions),
        "turned_away": turned_away(queries, predictions),
        "queries": len(queries),
        "models": {role: models.identity(role) for role in (Role.PICTURE, Role.SENTENCES)},
        "index_s": round(indexed_s, 1),
        "machine": f"{platform.machine()} python {platform.python_version()}",
    }


def _models(arguments: argparse.Namespace) -> Models:
    specs = PROFILES[arguments.profile] | dict(spec.split("=", 1) for spec in arguments.model)
    models = Models(specs, threads=2)
    if arguments.encoder:
        models.put(Role.PICTURE, own_encoder(arguments.encoder))
    return models


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--library", type=Path, help="keep the library here instead of in a scratch folder")
    parser.add_argument("--profile", default="offline", choices=PROFILES)
    parser.add_argument("--model", action="append", default=[], metavar="ROLE=SPEC")
    parser.add_argument("--encoder", metavar="MODULE:FUNCTION", help="a picture encoder of your own")
    parser.add_argument("--predictions", type=Path, help="write the predictions to this file")
    parser.add_argument("--thresholds", action="store_true", help="show how many queries thresholds turn away")
    parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    return parser.parse_args()


def _video(folder: Path, vid: str) -> Path:
    path = folder / vid
    return path if path.suffix else path.with_name(f"{path.name}.mp4")


def _ask(library: Library, query: dict[str, Any], video: Path) -> dict[str, Any]:
    found = library.search(query["query"], video=str(video), limit=MOST_WINDOWS)
    windows, nearest = (
        [[m.span.start_s, m.span.end_s, m.score] for m in moments] for moments in (found.moments, found.nearest)
    )
    return {"qid": query["qid"], "windows": windows, "nearest": nearest}


def score(queries: list[dict[str, Any]], predictions: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Metrics by modality: recall and precision where there is an answer, rejection where there is none."""
    values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    answers, nearest = (
        {p["qid"]: [(w[0], w[1]) for w in p.get(key, ())][:MOST_WINDOWS] for p in predictions}
        for key in ("windows", "nearest")
    )
    for query in queries:
        found = answers.get(query["qid"])
        truth = [(float(a), float(b)) for a, b in query["relevant_windows"]]
        of = values[query.get("modality", "all")]
        if not truth:
            of["rejection"].append(float(found == []))
            continue
        windows = found or []
        of["R1@0.5"].append(hit(windows, truth, 0.5, 1))
        of["R1@0.7"].append(hit(windows, truth, 0.7, 1))
        of["R5@0.5"].append(hit(windows, truth, 0.5, 5))
        of["mAP@0.5"].append(average_precision(windows, truth, 0.5))
        of["R1@0.5 unjudged"].append(hit(windows or nearest.get(query["qid"], []), truth, 0.5, 1))
        of["false_rejection"].append(float(found == []))
    return {
        modality: {
            "queries": len(next(iter(metrics.values()))),
            **{name: round(float(np.mean(v)), 4) for name, v in metrics.items()},
            "interval_95": {name: [round(x, 4) for x in interval(v)] for name, v in metrics.items()},
        }
        for modality, metrics in sorted(values.items())
    }


def turned_away(queries: list[dict[str, Any]], predictions: list[dict[str, Any]]) -> dict[str, dict[float, float]]:
    """By modality the share of queries whose best moment scores less than each threshold."""
    best = {p["qid"]: max((w[2] for w in p["windows"] or p["nearest"]), default=0.0) for p in predictions}
    scores: dict[str, list[float]] = defaultdict(list)
    for query in queries:
        scores[query.get("modality", "all")].append(best.get(query["qid"], 0.0))
    return {
        modality: {least: round(float(np.mean(np.array(found) < least)), 3) for least in THRESHOLDS}
        for modality, found in sorted(scores.items())
    }


def _show(result: dict[str, Any], *, as_json: bool, thresholds: bool) -> None:
    for modality, metrics in result["per_modality"].items():
        print(f"{modality} ({metrics['queries']} queries)")
        for name, (low, high) in metrics["interval_95"].items():
            print(f"  {name:<16} {metrics[name]:6.3f}   [{low:.3f}, {high:.3f}]")
    if thresholds:
        print("turned away at".ljust(16), *(f"{threshold:6.2f}" for threshold in THRESHOLDS))
        for modality, shares in result["turned_away"].items():
            print(modality.ljust(16), *(f"{share:6.3f}" for share in shares.values()))
    if as_json:
        print(json.dumps(result))


if __name__ == "__main__":
    sys.exit(main())
