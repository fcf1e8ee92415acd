"""Fits the curves of index/calibration.yaml: how likely a match is at a given similarity.

    python training/calibrate.py CAPTIONED [--model ROLE=SPEC] [--photographs 1200] [--only picture] [--json]

CAPTIONED is a folder of captioned images, as training/picture_head.py takes it. Out of it come films of thirty items,
asked for by what belongs to them and by as much that does not. Of an item's best three answers a logistic regression
(Platt 1999) learns which were meant; its log loss on held-out films, with a 95 % bootstrap interval over films,
stands beside that of the plain share.

- speech: one caption of each photograph is "spoken", the others ask for it, as a person would in other words; across
  the bridge also the translated sentences of benchmarks/translations.tsv;
- picture: the photographs are shown, their captions ask for them (not for a head that was trained on these
  photographs: it brings its own curve, from photographs it had not seen);
- object: the same, by the names of what the detector sees.

What a threshold then means on real films is shown by `benchmarks/search_quality.py FOLDER --thresholds`.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "benchmarks"))

from metrics import interval_of, ratio_of_sums  # noqa: E402

from playhead.index.watch import detected  # noqa: E402
from playhead.models.captioned import Captioned, open_image, read_captions  # noqa: E402
from playhead.models.multilingual import Multilingual  # noqa: E402
from playhead.models.picture_validation import FILM, FOLDS, SHOWN, logistic  # noqa: E402
from playhead.models.registry import Models  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Rows = list[tuple[float, bool]]

TRANSLATIONS = ROOT / "benchmarks" / "translations.tsv"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("captioned", type=Path)
    parser.add_argument("--model", action="append", default=[], metavar="ROLE=SPEC")
    parser.add_argument("--photographs", type=int, default=1200)
    parser.add_argument("--only", choices=["object", "speech", "picture"], default="", help="only these curves")
    parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    options = parser.parse_args()
    models = Models(dict(spec.split("=", 1) for spec in options.model), threads=2)
    captioned = [one for one in read_captions(options.captioned) if len(one.captions) > 1]
    chosen = np.random.default_rng(0).permutation(len(captioned))[: options.photographs]
    films = list(_films([captioned[n] for n in chosen]))
    if len(films) < FOLDS:
        print(f"{len(captioned)} captioned images give {len(films)} films; {FOLDS} are needed", file=sys.stderr)
        return 2
    found = {}
    for name, encoder, *kinds in answers(models, films, options.only):
        found[name] = report(name, encoder, *kinds)
    if options.json:
        print(json.dumps(found))
    return 0


def answers(models: Models, films: list[Any], only: str) -> Iterator[tuple[Any, ...]]:
    """What each curve is fitted to: its name, the encoder's, the answers by film, and those of other films if any."""
    sentences, over = models.sentences, None
    if isinstance(sentences, Multilingual):
        over = Bridged(sentences)
    if only in ("", "object"):
        named = [(objects(film, models), film, absent) for film, absent in films[:10]]
        yield "object", sentences.id, [found(*one, sentences) for one in named]
        if over:
            yield "object, crossed 1", sentences.id, [found(*one, sentences, over) for one in named]
    if only in ("", "speech"):
        yield "speech", sentences.id, [spoken(*film, sentences) for film in films]
        if over:
            crossed = [spoken(*film, sentences, over) for film in films]
            yield "speech, crossed 1", sentences.id, crossed, translated(sentences)
            yield "speech, crossed 2", sentences.id, [spoken(*film, over) for film in films]
    picture = models.picture
    if only in ("", "picture") and picture.calibration(np.ones(picture.dim, np.float32)) is None:
        yield "picture", picture.id, [seen(film, absent, models) for film, absent in films]


def _films(captioned: list[Captioned]) -> Iterator[tuple[list[Captioned], list[Captioned]]]:
    for start in range(0, len(captioned) - 2 * FILM + 1, 2 * FILM):
        yield captioned[start : start + FILM], captioned[start + FILM : start + 2 * FILM]


class Bridged:
    """Texts as they come over the bridge, though they are English."""

    def __init__(self, encoder: Multilingual) -> None:
        self.encode = encoder.bridged


def spoken(film: list[Captioned], absent: list[Captioned], says: Any, asks: Any = None) -> Rows:
    """The first caption of each photograph is said; the others, and those of absent photographs, ask."""
    said = says.encode([one.captions[0] for one in film])
    return _answers(said, list(range(len(film))), *_asked(film, absent, asks or says, first=1))


def translated(encoder: Multilingual) -> list[Rows]:
    """The spoken sentences of benchmarks/translations.tsv, asked for in other languages; a film for each language.

    Its other texts are the queries without an answer.
    """
    lines = [line for line in TRANSLATIONS.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    rows = sorted(
        csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE), key=lambda row: row["of"] != "spoken"
    )
    count = sum(row["of"] == "spoken" for row in rows)
    said = encoder.encode([row["en"] for row in rows[:count]])
    owners = [number if number < count else -1 for number in range(len(rows))]
    languages = [language for language in rows[0] if language not in ("of", "en")]
    return [
        _answers(said, list(range(count)), encoder.encode([row[language] for row in rows]), owners)
        for language in languages
    ]


def seen(film: list[Captioned], absent: list[Captioned], models: Models) -> Rows:
    """Photographs are shown, captions ask."""
    images = [image if (image := open_image(one.path)) is not None else np.zeros((8, 8, 3), np.uint8) for one in film]
    shown = models.picture.encode_images(images)
    queries, owners = _queries(film, absent)
    return _answers(shown, list(range(len(film))), models.picture.encode_texts(queries), owners)


def objects(film: list[Captioned], models: Models) -> list[tuple[int, str]]:
    """What the detector names in each photograph."""
    look = detected(models.objects)
    return [
        (number, label)
        for number, one in enumerate(film)
        if (image := open_image(one.path)) is not None
        for label, _ in look(image)
    ]


def found(
    named: list[tuple[int, str]], film: list[Captioned], absent: list[Captioned], says: Any, asks: Any = None
) -> Rows:
    """Names of objects are asked for by captions."""
    labels = says.encode([label for _, label in named])
    return _answers(labels, [number for number, _ in named], *_asked(film, absent, asks or says))


def _asked(film: list[Captioned], absent: list[Captioned], encoder: Any, first: int = 0) -> tuple[Floats, list[int]]:
    queries, owners = _queries(film, absent, first)
    return encoder.encode(queries), owners


def _queries(film: list[Captioned], absent: list[Captioned], first: int = 0) -> tuple[list[str], list[int]]:
    """Captions, and which item of the film each belongs to (-1: none)."""
    pairs = [(caption, number) for number, one in enumerate(film) for caption in one.captions[first:]]
    pairs += [(caption, -1) for one in absent for caption in one.captions[first:]]
    return [caption for caption, _ in pairs], [number for _, number in pairs]


def _answers(items: Floats, numbers: list[int], queries: Floats, owners: list[int]) -> Rows:
    """(similarity, was meant) of the best items of every query."""
    likeness = queries @ items.T
    best = np.argsort(-likeness, axis=1)[:, :SHOWN]
    return [(float(likeness[n, item]), numbers[item] == owner) for n, owner in enumerate(owners) for item in best[n]]


def report(name: str, encoder: str, films: list[Rows], others: list[Rows] | None = None) -> dict[str, Any]:
    """Fit, check on films left out, print a line for the YAML file. Films of two kinds count the same altogether."""
    kinds = [films, others or []]
    losses = []
    for fold in range(FOLDS):
        slope, offset = _fitted([[rows for n, rows in enumerate(kind) if n % FOLDS != fold] for kind in kinds])
        unseen = [rows for kind in kinds for n, rows in enumerate(kind) if n % FOLDS == fold]
        share = _logit(_columns(unseen)[1].mean())
        for similarity, right in (_columns([rows]) for rows in unseen):
            losses.append((_loss(slope * similarity + offset, right), _loss(share, right), len(right)))
    slope, offset = _fitted(kinds)
    ours, alone, count = np.array(losses, np.float64).T
    result = {
        "encoder": encoder,
        "middle": round(float(-offset / slope), 3),
        "slope": round(float(slope), 1),
        "answers": int(count.sum()),
        "log_loss": round(float(ours.sum() / count.sum()), 3),
        "interval_95": [round(x, 3) for x in interval_of(ratio_of_sums, ours, count)],
        "share_alone": round(float(alone.sum() / count.sum()), 3),
    }
    print(f"{name} ({encoder}): {{middle: {result['middle']:.3f}, slope: {result['slope']:.1f}}}", end="  ")
    told = f"held-out log loss {result['log_loss']:.3f}, of the share alone {result['share_alone']:.3f}"
    print(f"# {result['answers']} answers, {told}", flush=True)
    return result


def _fitted(kinds: list[list[Rows]]) -> Floats:
    first, second = (sum(map(len, kind)) for kind in kinds)
    similarity, right = _columns(kinds[0] + kinds[1] * (round(first / second) if second else 0))
    return logistic(similarity[:, None], right)


def _columns(films: list[Rows]) -> tuple[Floats, Floats]:
    rows = np.array([row for film in films for row in film], np.float32)
    return rows[:, 0], rows[:, 1]


def _logit(share: float) -> float:
    return float(np.log(share / (1 - share)))


def _loss(evidence: Floats | float, right: Floats) -> float:
    """Negative log likelihood of what was right, in all."""
    return float(np.sum(np.logaddexp(0, np.where(right > 0, -1, 1) * evidence)))


if __name__ == "__main__":
    sys.exit(main())
