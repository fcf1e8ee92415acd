"""Fits the curves of index/calibration.yaml: how likely a match is at a given similarity.

    python training/calibrate.py FOLDER [--library DIR]

FOLDER holds `queries.jsonl` and videos as benchmarks/search_quality.py takes them, with the modalities `visual`,
`speech` and `absent`. For each query the best segments of a channel are taken; one is right when it lies in a window
of a query of the channel's own modality. A logistic curve (Platt 1999) is fitted to (similarity, right); its log loss
on five folds by query is reported beside that of the plain share of right answers. Prints lines for the YAML file.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupKFold

from playhead import Library
from playhead.index.catalog import Catalog, Within
from playhead.types import Channel

MODALITY = {Channel.PICTURE: "visual", Channel.SPEECH: "speech"}
BEST = 3  # segments of a query that a person would look at


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--library", type=Path, help="keep the library here instead of in a scratch folder")
    arguments = parser.parse_args()
    lines = (arguments.folder / "queries.jsonl").read_text().splitlines()
    queries = [json.loads(line) for line in lines if line]
    with tempfile.TemporaryDirectory() as scratch, Library(arguments.library or scratch) as library:
        for video in sorted({q["vid"] for q in queries}):
            report = library.add(arguments.folder / f"{video}.mp4")
            for path, error in report.failed:
                print(f"{path}: {error}", file=sys.stderr)
        for channel, modality in MODALITY.items():
            fit(channel, *pairs(library, channel, modality, queries))
    return 0


def pairs(
    library: Library, channel: Channel, modality: str, queries: list[dict[str, Any]]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Similarity, rightness and query number of the best segments of every query."""
    models = library.models
    texts = [q["query"] for q in queries]
    picture = channel is Channel.PICTURE
    vectors = models.picture.encode_texts(texts) if picture else models.sentences.encode(texts)
    space = models.picture.id if picture else models.sentences.id
    catalog = Catalog(library.folder / "catalog.sqlite", readonly=True)
    rows = []
    for number, (query, vector) in enumerate(zip(queries, vectors, strict=True)):
        video = library.video(f"{query['vid']}.mp4")
        ids, matrix = catalog.vectors(channel, space, Within(video.id))
        found = {s.vector_id: s.segment.span for s in catalog.segments_by_vector(ids)}
        similarities = matrix @ vector
        for n in np.argsort(-similarities)[:BEST]:
            span = found[ids[n]]
            middle_s = (span.start_s + span.end_s) / 2
            right = query["modality"] == modality and any(a <= middle_s < b for a, b in query["relevant_windows"])
            rows.append((similarities[n], right, number))
    catalog.close()
    return tuple(np.array(column) for column in zip(*rows, strict=True))  # type: ignore[return-value]


def fit(channel: Channel, similarity: np.ndarray, right: np.ndarray, group: np.ndarray) -> None:
    """Fit, check on folds, print."""
    features = similarity[:, None]
    losses = []
    for train, test in GroupKFold(5).split(features, right, group):
        curve = LogisticRegression(C=1e4).fit(features[train], right[train])
        plain = np.full(len(test), right[train].mean())
        losses.append(
            (
                log_loss(right[test], curve.predict_proba(features[test])[:, 1], labels=[False, True]),
                log_loss(right[test], plain, labels=[False, True]),
            )
        )
    curve = LogisticRegression(C=1e4).fit(features, right)
    slope = float(curve.coef_[0, 0])
    middle = -float(curve.intercept_[0]) / slope
    ours, theirs = np.mean(losses, axis=0)
    print(f"{channel}: {{middle: {middle:.3f}, slope: {slope:.1f}}}  # log loss {ours:.3f}, share alone {theirs:.3f}")


if __name__ == "__main__":
    sys.exit(main())
