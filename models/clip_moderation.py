"""What a picture shows that may do harm, by a CLIP model that is asked in sentences (Radford et al. 2021, zero-shot).

The sentences are data: `clip_moderation.yaml`. Nobody has measured how often a given model is right with them: its
scores order pictures, they are no measured chances.
"""

from __future__ import annotations

import hashlib
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from playhead import strict_yaml
from playhead.models.needs import Needs
from playhead.models.picture import CLIP
from playhead.models.roles import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from playhead.models.roles import Image, Vectors

SENTENCES_FILE = Path(__file__).with_name("clip_moderation.yaml")
_NEUTRAL = "neutral"
_DIGITS = 8


@cache
def sentences() -> dict[str, tuple[str, ...]]:
    """The sentences of each category, the neutral ones first."""
    raw = strict_yaml.ours(SENTENCES_FILE.read_bytes())
    return {name: tuple(raw[name]) for name in sorted(raw, key=lambda name: (name != _NEUTRAL, name))}


class CLIPChecker:
    """Categories of harm by a CLIP model from a hub or a folder: each category's sentences against neutral ones."""

    categories = frozenset(sentences()) - {_NEUTRAL}

    def __init__(self, argument: str, *, threads: int = 1, device: str = "cpu") -> None:
        self._clip = CLIP(argument, threads=threads, device=device)
        self.id = self.needs(argument).identity

    @staticmethod
    def needs(argument: str) -> Needs:
        """A hub name or a folder; other sentences make another moderator."""
        wording = hashlib.sha256(SENTENCES_FILE.read_bytes()).hexdigest()[:_DIGITS]
        return Needs(f"clip:{argument}:{wording}", packages=("torch", "transformers"), source=argument)

    def moderate(self, images: Sequence[Image]) -> list[tuple[Finding, ...]]:
        """For each image one finding for each of `categories`, most likely first; the cue is the nearest sentence."""
        pictures = self._clip.encode_images(images)
        scale = self._clip.logit_scale
        logits = {name: scale * (pictures @ vectors.T) for name, vectors in self._vectors.items()}
        return [self._findings({name: rows[i] for name, rows in logits.items()}) for i in range(len(images))]

    @staticmethod
    def _findings(logits: dict[str, NDArray[np.float32]]) -> tuple[Finding, ...]:
        found = [_finding(name, logits[name], logits[_NEUTRAL]) for name in logits if name != _NEUTRAL]
        return tuple(sorted(found, key=lambda finding: (-finding.score, finding.category)))

    @cached_property
    def _vectors(self) -> dict[str, Vectors]:
        return {name: self._clip.encode_texts(texts) for name, texts in sentences().items()}


def _finding(category: str, harmful: NDArray[np.float32], neutral: NDArray[np.float32]) -> Finding:
    """The share of a category's sentences in the softmax over them and the neutral ones."""
    both = np.concatenate([harmful, neutral]).astype(np.float64)
    shares = np.exp(both - both.max())
    score = float(shares[: len(harmful)].sum() / shares.sum())
    return Finding(category, min(1.0, score), sentences()[category][int(harmful.argmax())])
