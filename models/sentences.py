"""Sentences into vectors: MiniLM from an installed package, or any sentence-transformers model.

To add a backend: a class that satisfies `SentenceEncoder`, with a static `needs`, and a line in `registry.py`.
"""

from __future__ import annotations

from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from playhead.models import hub, weights
from playhead.models.language import why_not_english
from playhead.models.needs import Needs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from tokenizers import Encoding, Tokenizer

    from playhead.models.bert import Bert
    from playhead.models.roles import Vectors

_BATCH_TOKENS = 2048


def unit_rows(vectors: NDArray[np.float32]) -> Vectors:
    """Rows scaled to length one; a row of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Vectors = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    return scaled


class MiniLM:
    """all-MiniLM-L6-v2 (Wang et al. 2020; English): 384 numbers a text, at most 256 tokens of it, without torch."""

    dim = 384
    _MAX_TOKENS = 256
    _HEADS = 12

    def __init__(self, argument: str = "", *, threads: int = 1, device: str = "cpu") -> None:  # noqa: ARG002
        self.id = self.needs(argument).identity

    @staticmethod
    def needs(argument: str = "") -> Needs:  # noqa: ARG004
        """Packaged weights and a tokenizer."""
        return Needs(
            "minilm",
            packages=("tokenizers", "onnxruntime", "onnx"),
            weights=("minilm.weights", "minilm.tokenizer"),
        )

    def encode(self, texts: Sequence[str]) -> Vectors:
        """`(len(texts), 384)` unit rows; texts of like length are encoded together."""
        if len(texts) == 1:
            return _alone(self._tokenizer, self._bert, texts[0]).copy()
        return _encoded(self._tokenizer, self._bert, texts)

    def crossed(self, query: str, text: str) -> int:  # noqa: ARG002
        """None of them."""
        return 0

    def unreadable(self, text: str) -> str:
        """Why this English model cannot make sense of `text`, or `""`."""
        return why_not_english(text)

    def knows(self, word: str) -> bool:
        """Whether a word, in small letters, is one of the 30,000 pieces that the model was trained with."""
        return self._tokenizer.token_to_id(word) is not None

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        return _load_tokenizer(str(weights.locate("minilm.tokenizer")), self._MAX_TOKENS)

    @cached_property
    def _bert(self) -> Bert:
        name = "minilm.weights"
        return _load_bert(weights.locate(name), weights.entry(name).sha256, self._HEADS)


@lru_cache(maxsize=256)  # one query is read by the encoders of sentences and of pictures, and by the gate
def _alone(tokenizer: Tokenizer, bert: Bert, text: str) -> Vectors:
    return _encoded(tokenizer, bert, [text])


def _encoded(tokenizer: Tokenizer, bert: Bert, texts: Sequence[str]) -> Vectors:
    encodings = tokenizer.encode_batch(list(texts))
    vectors = np.zeros((len(texts), MiniLM.dim), np.float32)
    for batch in batches([len(encoding.ids) for encoding in encodings]):
        vectors[batch] = _pooled(bert, [encodings[i] for i in batch])
    return unit_rows(vectors)


def _pooled(bert: Bert, encodings: list[Encoding]) -> NDArray[np.float32]:
    length = max(len(encoding.ids) for encoding in encodings)
    ids = np.zeros((len(encodings), length), np.int64)
    mask = np.zeros((len(encodings), length), np.bool_)
    for row, encoding in enumerate(encodings):
        ids[row, : len(encoding.ids)] = encoding.ids
        mask[row, : len(encoding.ids)] = True
    kept = mask[..., None].astype(np.float32)
    pooled: NDArray[np.float32] = (bert(ids, mask) * kept).sum(axis=1) / kept.sum(axis=1)
    return pooled


@cache  # … and all read with the same weights
def _load_tokenizer(file: str, most_tokens: int) -> Tokenizer:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(file)
    tokenizer.no_padding()
    tokenizer.enable_truncation(most_tokens)
    return tokenizer


@cache
def _load_bert(file: Path, sha256: str, heads: int) -> Bert:
    from playhead.models.bert import Bert

    return Bert(file, sha256, heads)


def batches(lengths: list[int]) -> list[list[int]]:
    """Indices of texts, shortest first, grouped so that a padded group holds at most `_BATCH_TOKENS`."""
    groups: list[list[int]] = []
    for i in sorted(range(len(lengths)), key=lengths.__getitem__):
        if not groups or (len(groups[-1]) + 1) * lengths[i] > _BATCH_TOKENS:
            groups.append([])
        groups[-1].append(i)
    return groups


class SentenceTransformersEncoder:
    """Any sentence-transformers model, by hub name or folder."""

    def __init__(self, argument: str, *, threads: int = 1, device: str = "cpu") -> None:
        with hub.loading(argument) as folder:
            import torch
            from sentence_transformers import SentenceTransformer

            hub.quiet_transformers()
            torch.set_num_threads(threads)
            self._model = SentenceTransformer(folder, device=device)
        self.dim = int(self._model.get_embedding_dimension())
        self.id = self.needs(argument).identity

    @staticmethod
    def needs(argument: str) -> Needs:
        """A hub name or a folder."""
        return Needs(f"sentence-transformers:{argument}", packages=("sentence_transformers",), source=argument)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """`(len(texts), dim)` unit rows."""
        if not texts:
            return np.zeros((0, self.dim), np.float32)
        found = self._model.encode(list(texts), convert_to_numpy=True, show_progress_bar=False)
        return unit_rows(np.asarray(found, np.float32))

    def crossed(self, query: str, text: str) -> int:  # noqa: ARG002
        """None of them."""
        return 0

    def unreadable(self, text: str) -> str:  # noqa: ARG002
        """Always `""`: which languages a model knows is not written in its files."""
        return ""
