"""How good a picture head will be among photographs that it has not seen, and how sure it may be of what it finds.

Heads are trained on all but a part of the photographs and asked for that part. Shown as films of thirty, these also
give the calibration that a head carries.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from playhead.errors import InputError
from playhead.models import picture_head
from playhead.models.picture_head import exceeded, pack
from playhead.models.picture_training import FEWEST, Recipe, train
from playhead.types import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from playhead.models.picture_head import PictureHead
    from playhead.models.picture_training import Examples, Floats, Report

GALLERY = 399
FILM, SHOWN, FOLDS = 30, 3, 5  # pictures of a film that calibrates, how many of them a person looks at, and folds
FEWEST_TO_CALIBRATE = 2 * FILM * FOLDS


def train_file(examples: Examples, recipe: Recipe, about: str, report: Report) -> bytes:
    """The bytes of a head trained on all examples, calibrated on heads that each missed a part of them."""
    head = replace(train(examples, recipe, report), calibration=calibration(examples, recipe, report))
    return pack(
        head,
        {
            "about": about,
            "photographs": str(len(examples)),
            "captions": str(len(examples.captions)),
            "recipe": str(recipe),
        },
    )


def calibration(examples: Examples, recipe: Recipe, report: Report) -> Floats:
    """Weights of a similarity, of the one that 2 % of the cohort exceed, and an offset (`PictureHead.calibration`).

    Held-out photographs are shown as films of thirty, and each is asked for by the captions of its pictures and by
    as many of pictures that are elsewhere. A logistic regression then learns, of the best three pictures of an
    answer, which were meant. Photographs that are too few, or teach nothing, give the curve of the packaged head.
    """
    packaged = picture_head.load(picture_head.HEAD_FILE, picture_head.HEAD_SHA256).calibration
    if len(examples) < FEWEST_TO_CALIBRATE:
        return packaged
    rows: list[Floats] = []
    for number, (head, unseen) in enumerate(_held_out(examples, FOLDS, recipe)):
        rows += answers(head, unseen)
        report(Progress("calibrating", "", number + 1, FOLDS))
    observed = np.concatenate(rows)
    weights = logistic(observed[:, :2], observed[:, 2])
    return weights if weights[0] > 0 else packaged


def answers(head: PictureHead, unseen: Examples) -> list[Floats]:
    """What films of `unseen` photographs answer to captions of theirs, and of as many that are elsewhere.

    For each film rows of four: similarity, the cohort's, whether that picture was meant, whether any could be; the
    best three pictures for every caption, best first.
    """
    starts = range(0, len(unseen) - 2 * FILM + 1, 2 * FILM)
    return [_answers(head, unseen.some(np.arange(n, n + 2 * FILM))) for n in starts]


def _answers(head: PictureHead, asked: Examples) -> Floats:
    pictures, texts = _both(head, asked)
    likeness = texts @ pictures[:FILM].T
    best = np.argsort(-likeness, axis=1)[:, :SHOWN]
    against = np.repeat(exceeded(head.cohort, texts), best.shape[1])
    meant = best == asked.owners[:, None]
    found = np.take_along_axis(likeness, best, axis=1).ravel()
    answerable = np.repeat(asked.owners < FILM, best.shape[1])
    return np.stack([found, against, meant.ravel(), answerable], axis=1).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Validation:
    """What heads found among photographs they never saw.

    `ranks` are the places of the right photograph in galleries of about 399, by method; `films` rows as of `answers`,
    the best of each three.
    """

    ranks: dict[str, NDArray[np.int64]]
    films: Floats

    @property
    def first(self) -> float:
        """How often the right picture of a film of thirty is first."""
        return float(self.films[self.films[:, 3] > 0, 2].mean())

    def told_apart(self, *, by_cohort: bool) -> tuple[float, float]:
        """How well captions with an answer in a film are told from those without, by the best picture's score.

        The area under the curve of true and false alarms, and the share of right pictures that are kept when seven
        in ten of the captions without an answer are turned away.
        """
        features = self.films[:, : 2 if by_cohort else 1]
        score = features @ logistic(features, self.films[:, 2])[:-1]
        answerable = self.films[:, 3] > 0
        places = np.argsort(np.argsort(score)) + 1.0
        many, others = int(answerable.sum()), int((~answerable).sum())
        area = (places[answerable].sum() - many * (many + 1) / 2) / (many * others)
        kept = score >= np.quantile(score[~answerable], 0.7)
        return float(area), float((kept & (self.films[:, 2] > 0))[answerable].mean())


def logistic(features: Floats, right: Floats) -> Floats:
    """Weights of a logistic regression and its offset last, by Newton's method with a trace of ridge."""
    x = np.concatenate([features, np.ones((len(features), 1))], axis=1).astype(np.float64)
    weights = np.zeros(x.shape[1])
    ridge = 1e-3 * np.eye(x.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        gradient = x.T @ (right - chance) - ridge @ weights
        step = np.linalg.solve((x * (chance * (1 - chance))[:, None]).T @ x + ridge, gradient)
        weights = weights + step
        if np.abs(step).max() < 1e-8:
            break
    return weights.astype(np.float32)


def _held_out(examples: Examples, folds: int, recipe: Recipe) -> Iterator[tuple[PictureHead, Examples]]:
    """For each fold a head trained on the others, and the fold."""
    parts = np.array_split(np.random.default_rng(recipe.seed).permutation(len(examples)), folds)
    for number, unseen in enumerate(parts):
        rest = np.concatenate([part for i, part in enumerate(parts) if i != number])
        yield train(examples.some(rest), replace(recipe, seed=recipe.seed + number), _unheard), examples.some(unseen)


def _unheard(_: Progress) -> None:
    """Nobody is told."""


def _both(head: PictureHead, examples: Examples) -> tuple[Floats, Floats]:
    """Pictures and captions as `concepts:head` has them."""
    return head.beside_labels(examples.features[:, 0], examples.described), head.queries(examples.captions)


def cross_validate(examples: Examples, folds: int, recipe: Recipe, report: Report) -> Validation:
    """What heads trained on part of the photographs find among the rest."""
    if not 2 <= folds <= len(examples) // FEWEST:
        raise InputError(f"{folds} folds of {len(examples)} photographs", fix=f"Use 2 to {len(examples) // FEWEST}.")
    ranks: dict[str, list[NDArray[np.int64]]] = defaultdict(list)
    films = [np.zeros((0, 4), np.float32)]
    for number, (head, unseen) in enumerate(_held_out(examples, folds, recipe)):
        for gallery in np.array_split(np.arange(len(unseen)), max(1, round(len(unseen) / GALLERY))):
            for name, places_of in compare(head, unseen.some(gallery)).items():
                ranks[name].append(places_of)
        films += [film[::SHOWN] for film in answers(head, unseen)]
        report(Progress("cross-validating", "", number + 1, folds))
    return Validation({name: np.concatenate(found) for name, found in ranks.items()}, np.concatenate(films))


def compare(head: PictureHead, unseen: Examples) -> dict[str, NDArray[np.int64]]:
    """Places by the labels alone, by the head alone, and by both side by side as `concepts:head` has them."""
    return {
        "labels": places(unseen.described, unseen.captions, unseen.owners),
        "head alone": places(head.pictures(unseen.features[:, 0]), head.texts(unseen.captions), unseen.owners),
        "both": places(*_both(head, unseen), unseen.owners),
    }


def places(pictures: Floats, texts: Floats, owners: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each text the place of its photograph among all, 1 is best, ties count against it."""
    likeness = texts @ pictures.T
    own = likeness[np.arange(len(owners)), owners]
    ranks: NDArray[np.int64] = (likeness >= own[:, None]).sum(axis=1)
    return ranks
