"""Universal Sentence Encoder, multilingual (Yang et al. 2020, version 3), in NumPy, from an installed package.

Fifteen languages in one space: Arabic, Chinese (both scripts), Dutch, English, French, German, Italian, Japanese,
Korean, Polish, Portuguese, Russian, Spanish, Thai, Turkish. Windows of two, three and five pieces of words are
convolved, averaged, and passed through a small network. The package keeps the embeddings in six bits.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import TYPE_CHECKING

import numpy as np

from playhead.models import weights
from playhead.models.cache import kept
from playhead.models.language import why_unknown_script
from playhead.models.needs import Needs
from playhead.models.runtime import one_thread
from playhead.models.sentences import batches, unit_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from sentencepiece import SentencePieceProcessor

    from playhead.models.bert import Floats
    from playhead.models.roles import Vectors

_WINDOWS = {2: 0, 3: 1, 5: 2}  # pieces in a window: how many of them stand before the one it belongs to
_TABLES = 17  # the embedding of piece n is row n // 17 of table n % 17
_BEGIN, _END = 1, 2


class USE:
    """USE-multilingual: 512 numbers a text, at most 256 pieces of it."""

    dim = 512
    _MAX_PIECES = 256

    def __init__(self, argument: str = "", *, threads: int = 1, device: str = "cpu") -> None:  # noqa: ARG002
        self.id = self.needs(argument).identity

    @staticmethod
    def needs(argument: str = "") -> Needs:  # noqa: ARG004
        """Packaged weights and a tokenizer."""
        return Needs(
            "use",
            packages=("safetensors", "sentencepiece", "threadpoolctl"),
            weights=("use.weights", "use.tokenizer"),
        )

    def encode(self, texts: Sequence[str]) -> Vectors:
        """`(len(texts), 512)` unit rows; texts of like length are encoded together."""
        pieces = [[_BEGIN, *ids[: self._MAX_PIECES], _END] for ids in self._tokenizer.encode(list(texts))]
        vectors = np.zeros((len(texts), self.dim), np.float32)
        with one_thread():
            for batch in batches([len(ids) for ids in pieces]):
                vectors[batch] = self._network([pieces[i] for i in batch])
        return unit_rows(vectors)

    def crossed(self, query: str, text: str) -> int:  # noqa: ARG002
        """None of them."""
        return 0

    def unreadable(self, text: str) -> str:
        """Why none of its languages is that of `text`, or `""`."""
        return why_unknown_script(text)

    @cached_property
    def _tokenizer(self) -> SentencePieceProcessor:
        return _load_tokenizer(str(weights.locate("use.tokenizer")))

    @cached_property
    def _network(self) -> Network:
        return _load_network(str(weights.locate("use.weights")))


@cache  # sentences and pictures read queries with the same weights
def _load_tokenizer(file: str) -> SentencePieceProcessor:
    from sentencepiece import SentencePieceProcessor

    return SentencePieceProcessor(model_file=file)


@cache
def _load_network(file: str) -> Network:
    """Unpacking the package's file takes half a second: a search from the shell should pay that once, not always."""
    from safetensors.numpy import load, load_file, save

    def unpacked() -> bytes:
        with np.load(file, allow_pickle=False) as tensors:
            return save(dict(tensors))

    found = kept("unpacked", f"use-{weights.entry('use.weights').sha256[:8]}", ".safetensors", unpacked)
    return Network(load(found) if isinstance(found, bytes) else load_file(found))


class Network:
    """`Network(tensors)([[1, 5, 2], …])` gives a vector for each list of piece numbers."""

    def __init__(self, tensors: Mapping[str, NDArray[np.generic]]) -> None:
        self._tensors = tensors
        self._epsilon = np.float32(tensors["eps"])

    def __call__(self, pieces: Sequence[Sequence[int]]) -> Floats:
        """`(len(pieces), 512)`."""
        lengths = np.array([len(ids) for ids in pieces])
        ids = np.zeros((len(pieces), lengths.max()), np.int64)
        for row, of_text in enumerate(pieces):
            ids[row, : len(of_text)] = of_text
        kept = (np.arange(ids.shape[1]) < lengths[:, None])[..., None].astype(np.float32)
        words = self._embedded(ids)
        seen = np.concatenate([words, *self._convolved(words, kept)], axis=2)
        summed = (self._norm("ln_g", "ln_b", seen) * kept).sum(axis=1)
        count = lengths[:, None].astype(np.float32)
        return self._deep((summed @ self._get("cnn_W") + count * self._get("cnn_b")) / np.sqrt(count))

    def _embedded(self, ids: NDArray[np.int64]) -> Floats:
        table, row = ids % _TABLES, ids // _TABLES
        words = np.zeros((*ids.shape, self._get("proj2").shape[0]), np.float32)
        for number in np.unique(table):
            here = table == number
            words[here] = self._tensors[f"q{number + 1}"][row[here]]
        return words * self._get("scale")[table, None] + self._get("lo")[table, None]

    def _convolved(self, words: Floats, kept: Floats) -> list[Floats]:
        """For each size of window two convolutions, each added to what it was made from."""
        narrow = [words @ self._get(f"proj{size}") + self._get(f"proj_b{size}") for size in _WINDOWS]
        scale, shift = (
            np.concatenate([self._get(f"{part}{size}") for size in _WINDOWS]) for part in ("ln_g", "ln_b")
        )
        normed = self._normed(np.concatenate(narrow, axis=2), scale, shift) * kept
        found = []
        for size, x in zip(_WINDOWS, np.split(normed, len(_WINDOWS), axis=2), strict=True):
            found.append(self._convolved_once("2", size, self._convolved_once("1", size, x, kept), kept))
        return found

    def _convolved_once(self, layer: str, size: int, x: Floats, kept: Floats) -> Floats:
        seen = _windows(x, size) @ self._get(f"w{layer}_{size}") + self._get(f"b{layer}_{size}")
        added: Floats = (np.maximum(seen, 0) + x) * kept
        return added

    def _deep(self, x: Floats) -> Floats:
        first = np.maximum(x @ self._get("d0"), 0)
        second = np.maximum(x @ self._get("p1") + first @ self._get("d1"), 0)
        third = np.maximum(second @ self._get("d2"), 0)
        out: Floats = np.tanh(second @ self._get("p3") + third @ self._get("d3"))
        return out

    def _norm(self, scale: str, shift: str, x: Floats) -> Floats:
        return self._normed(x, self._get(scale), self._get(shift))

    def _normed(self, x: Floats, scale: Floats, shift: Floats) -> Floats:
        centred = x - x.mean(axis=-1, keepdims=True)
        variance = (centred * centred).mean(axis=-1, keepdims=True)
        normed: Floats = centred / np.sqrt(variance + self._epsilon) * scale + shift
        return normed

    def _get(self, name: str) -> Floats:
        found: Floats = self._tensors[name]  # type: ignore[assignment]
        return found


def _windows(x: Floats, size: int) -> Floats:
    """For each position the `size` rows around it side by side; beyond the ends are zeros."""
    before = _WINDOWS[size]
    padded = np.pad(x, ((0, 0), (before, size - 1 - before), (0, 0)))
    return np.concatenate([padded[:, n : n + x.shape[1]] for n in range(size)], axis=2)
