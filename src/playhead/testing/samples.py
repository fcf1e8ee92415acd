"""Pictures, sound and texts to try models on, and what every result of theirs keeps to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from playhead.models.roles import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from playhead.models.roles import Detection, Finding, Image, Sound, TextLine
    from playhead.types import Utterance

TEXTS = ("a dog runs on the beach", "", "two people cook in a kitchen", "rain " * 400, "Zürich, 3 °C …", "x")
_ROUNDING = 1e-4


def picture(height: int = 90, width: int = 160, seed: int = 0) -> Image:
    """A reproducible picture of soft coloured noise."""
    coarse = np.random.default_rng(seed).integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), np.uint8)
    return np.repeat(np.repeat(coarse, 8, 0), 8, 1)[:height, :width]


def pictures() -> list[Image]:
    """Pictures of several shapes, black and one pixel high among them."""
    return [picture(), picture(200, 100, 1), picture(90, 160, 2), np.zeros((64, 64, 3), np.uint8), picture(1, 40, 3)]


def noise(seconds: float = 1.0, loudness: float = 0.1) -> Sound:
    """Reproducible white noise at 16 kHz."""
    samples = np.random.default_rng(0).standard_normal(int(seconds * SAMPLE_RATE_HZ)) * loudness
    return np.clip(samples, -1, 1).astype(np.float32)


def assert_unit_rows(rows: NDArray[np.float32], count: int, dim: int) -> None:
    """`(count, dim)` finite float32 rows, each of length one or zero."""
    assert rows.shape == (count, dim)
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all()
    lengths = np.linalg.norm(rows, axis=1)
    assert (np.isclose(lengths, 1, atol=1e-4) | (lengths == 0)).all()


def assert_inside(items: tuple[Detection, ...] | tuple[TextLine, ...]) -> None:
    """Scores and boxes are fractions, and boxes have their corners in order."""
    for item in items:
        left, top, right, bottom = item.box
        assert 0 <= left <= right <= 1
        assert 0 <= top <= bottom <= 1
        assert 0 <= item.score <= 1


def assert_findings(findings: tuple[Finding, ...], categories: frozenset[str]) -> None:
    """One finding for each category, with chances for scores, most likely first."""
    assert sorted(finding.category for finding in findings) == sorted(categories)
    scores = [finding.score for finding in findings]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def assert_alike(one: list[tuple[Finding, ...]], other: list[tuple[Finding, ...]]) -> None:
    """The same scores in the same categories, but for rounding."""
    for findings, others in zip(one, other, strict=True):
        expected = {finding.category: finding.score for finding in others}
        assert {finding.category for finding in findings} == set(expected)
        assert all(abs(finding.score - expected[finding.category]) < _ROUNDING for finding in findings)


def assert_in_order(utterances: tuple[Utterance, ...], duration_s: float) -> None:
    """Utterances start one after the other, hold their words, and end before the recording does."""
    starts = [utterance.span.start_s for utterance in utterances]
    assert starts == sorted(starts)
    for utterance in utterances:
        assert utterance.text.strip()
        assert 0 <= utterance.span.start_s <= utterance.span.end_s <= duration_s
        word_starts = [word.span.start_s for word in utterance.words]
        assert word_starts == sorted(word_starts)
