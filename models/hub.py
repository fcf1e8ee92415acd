"""Models from a hub or a folder: found, named by their exact revision, and loaded without noise.

A source is a folder on this machine or a hub name (`openai/clip-vit-base-patch32`). `revision` and `problem` read
the hub's cache layout themselves, so that asking costs no import.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from playhead.errors import ModelError
from playhead.models.cache import sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_MODEL_FILES = {".json", ".safetensors", ".bin", ".pt", ".txt", ".model", ".onnx"}
UNKNOWN_REVISION = "unloaded"


def revision(source: str) -> str:
    """The commit of a cached hub model, or a digest of a folder's or file's bytes; `unloaded` if neither is here."""
    path = Path(source).expanduser()
    if path.is_file():
        return sha256_of(path)
    if path.is_dir():
        return _folder_digest(path)
    try:
        return (_cached(source) / "refs" / "main").read_text().strip()
    except OSError:
        return UNKNOWN_REVISION


def problem(source: str) -> ModelError | None:
    """Why the model is not on this machine yet, or None when it is."""
    if revision(source) != UNKNOWN_REVISION:
        return None
    if _looks_like_path(source):
        return ModelError(f"no model at {source}", "the folder does not exist", "Check the path in the spec.")
    return ModelError(
        f"the model {source} is not on this machine",
        "it is neither a folder nor in the hub cache",
        "It is downloaded on first use; without a network choose the offline profile or give a folder.",
    )


@contextlib.contextmanager
def loading(source: str) -> Iterator[None]:
    """Quiet loading; what goes wrong becomes one `ModelError` that says what to do."""
    _quiet()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (OSError, ValueError, RuntimeError, KeyError, ImportError) as error:
        if found := problem(source):
            raise ModelError(
                f"the model {source} could not be loaded",
                "it is neither a folder nor in the hub cache, and the hub cannot be reached"
                if not _looks_like_path(source)
                else "the folder does not exist",
                found.fix,
            ) from error
        first_line = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ModelError(
            f"the model {source} could not be loaded", first_line.rstrip("."), "Is it a model of this kind, and complete?"
        ) from error


def quiet_transformers() -> None:
    """No progress bars and no advice on the terminal from transformers."""
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]


def _quiet() -> None:
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def _looks_like_path(source: str) -> bool:
    return source.startswith((".", "/", "~")) or source.count("/") > 1


def _cached(name: str) -> Path:
    home = Path(os.environ.get("HF_HOME", "~/.cache/huggingface")).expanduser()
    folder = Path(os.environ.get("HF_HUB_CACHE") or home / "hub")
    return folder / f"models--{name.replace('/', '--')}"


def _folder_digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in _MODEL_FILES:
            digest.update(f"{path.relative_to(folder)}:{sha256_of(path)}\n".encode())
    return digest.hexdigest()
