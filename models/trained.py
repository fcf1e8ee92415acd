"""Small weights of our own in safetensors files: written the same for the same numbers, and checked when read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from playhead.errors import WeightsError
from playhead.models.cache import sha256_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

REINSTALL = "Run: pip install --force-reinstall --no-deps playhead"


def read_trained(
    file: Path, what: str, expect_sha256: str = "", fix: str = REINSTALL
) -> tuple[dict[str, NDArray[np.float32]], dict[str, Any]]:
    """The tensors of a file that `write_trained` made of `what`, and what it says of itself.

    Raises `WeightsError` when it is missing, damaged, something else, or not the bytes that are expected.
    """
    from safetensors import SafetensorError, safe_open
    from safetensors.numpy import load_file

    try:
        found = sha256_of(file)
        if expect_sha256 and found != expect_sha256:
            raise refused(file, what, f"its sha256 is {found[:12]}…, not the pinned {expect_sha256[:12]}…", fix)
        with safe_open(file, "numpy") as content:
            described = content.metadata() or {}
        tensors = {name: tensor.astype(np.float32) for name, tensor in load_file(file).items()}
    except (OSError, SafetensorError) as error:
        raise refused(file, what, str(error), fix) from None
    if _key(what) not in described:
        raise refused(file, what, f"it is no file of {what}", fix)
    if not all(np.isfinite(tensor).all() for tensor in tensors.values()):
        raise refused(file, what, "it holds numbers that are not finite", fix)
    try:
        return tensors, dict(json.loads(described[_key(what)]))
    except (ValueError, TypeError, RecursionError) as error:
        raise refused(file, what, "what it says of itself cannot be read", fix) from error


def write_trained(tensors: Mapping[str, NDArray[np.floating]], what: str, about: Mapping[str, Any]) -> bytes:
    """The bytes of a file of half-precision tensors, `about` in its metadata; the same for the same numbers."""
    from safetensors.numpy import save

    halves = {name: np.ascontiguousarray(tensor, np.float16) for name, tensor in tensors.items()}
    # One entry: the order of several is random.
    return save(halves, metadata={_key(what): json.dumps(dict(about), ensure_ascii=False, sort_keys=True)})


def refused(file: Path, what: str, why: str, fix: str = REINSTALL) -> WeightsError:
    """That a file of weights is not used."""
    return WeightsError(f"weights were refused: {file} ({what})", why, fix)


def _key(what: str) -> str:
    return f"playhead {what}"
