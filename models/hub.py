"""Models from a hub or a folder: named by their exact revision, downloaded once, then loaded from disk only.

A source is a folder on this machine or a hub name (`openai/clip-vit-base-patch32`). `revision` and `problem` read
the hub's cache layout themselves, so that asking costs no import; a cached model never touches the network.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import urllib.request
import warnings
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from playhead.errors import ModelError, SettingsError
from playhead.models.cache import sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

UNKNOWN_REVISION = "unloaded"
_WEIGHTS = {".safetensors", ".bin", ".pt", ".onnx"}
_MODEL_FILES = _WEIGHTS | {".json", ".txt", ".model"}
_OTHER_FRAMEWORKS = ["*.h5", "*.msgpack", "*.ot", "*.tflite", "*.gguf", "*.onnx", "*.mlmodel", "onnx/*", "openvino/*"]
_CONNECT_S = 5.0


def revision(source: str) -> str:
    """The commit of a cached hub model, or a digest of a folder's or file's bytes; `unloaded` if neither is here."""
    path = local(source)
    if path is None:
        return UNKNOWN_REVISION
    if path.is_file():
        return sha256_of(path)
    return path.name if path.parent.parent == _cached(source) else _folder_digest(path)


def problem(source: str) -> ModelError | None:
    """That the model is not on this machine yet, or None when it is."""
    if local(source) is not None:
        return None
    return ModelError(
        f"the model {source} is not on this machine",
        "there is no such folder and it is not in the hub cache",
        "A hub model is downloaded on first use; without a network give a folder or use the offline profile.",
    )


def local(source: str) -> Path | None:
    """Where a model lies on this machine: the folder or file itself, or a complete snapshot in the hub cache."""
    path = Path(source).expanduser()
    if path.exists():
        return path
    repository = _cached(source)
    try:
        snapshot = repository / "snapshots" / (repository / "refs" / "main").read_text().strip()
    except OSError:
        return None
    has_weights = any(file.suffix in _WEIGHTS for file in snapshot.rglob("*"))
    half_way = any(repository.glob("blobs/*.incomplete"))
    return snapshot if has_weights and not half_way else None


@contextlib.contextmanager
def loading(source: str, fetch: Callable[[str], Path] | None = None) -> Iterator[str]:
    """The folder to load `source` from, quietly; what goes wrong becomes one `ModelError` that says what to do.

    `fetch` downloads it where its files are other than a transformer's.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    folder = local(source) or _download(source, fetch or _snapshot)
    with explained(source, folder):
        yield str(folder)


@contextlib.contextmanager
def explained(name: str, place: Path) -> Iterator[None]:
    """No warnings while a model is loaded, and one clear `ModelError` when that fails."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"the model {name} could not be loaded",
            first_line(error),
            f"Is it a model of this kind, and complete? It lies in {place}.",
        ) from error


def check_device(device: str) -> None:
    """Raise `SettingsError` where torch cannot compute on a device: it is absent, or torch was built without it."""
    if device == "cpu":
        return
    import torch

    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, ImportError) as error:
        fix = "Set device to cpu, or install a torch that was built for it"
        raise SettingsError(f"the device {device!r} cannot be used", first_line(error), fix) from error


def need_network(what: str, url: str) -> None:
    """Raise `ModelError` at once when `url` cannot be reached, instead of after minutes of retries."""
    address = urlsplit(url)
    if os.environ.get("HF_HUB_OFFLINE", "") in {"1", "true", "TRUE", "YES", "ON"}:
        raise _unreachable(what, "HF_HUB_OFFLINE is set")
    if urllib.request.getproxies():
        return
    port = address.port or (80 if address.scheme == "http" else 443)
    try:
        socket.create_connection((address.hostname or "", port), timeout=_CONNECT_S).close()
    except (OSError, RuntimeError) as error:  # RuntimeError: sockets are blocked in this process
        raise _unreachable(what, f"{address.hostname} cannot be reached") from error


def quiet_transformers() -> None:
    """No progress bars and no advice on the terminal from transformers."""
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]


def _download(source: str, fetch: Callable[[str], Path]) -> Path:
    if source.startswith((".", "/", "~")) or source.count("/") > 1:
        raise ModelError(f"there is no model at {source}", "the folder does not exist", "Check the path in the spec.")
    need_network(source, os.environ.get("HF_ENDPOINT") or "https://huggingface.co")
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        return fetch(source)
    except (HfHubHTTPError, HFValidationError, OSError, ValueError) as error:
        raise ModelError(
            f"the model {source} could not be downloaded",
            first_line(error),
            "Check its name, the network and the disk.",
        ) from error


def _snapshot(source: str) -> Path:
    from huggingface_hub import HfApi, snapshot_download

    files = HfApi().list_repo_files(source)
    pickled = ["pytorch_model*.bin"] if any(name.endswith(".safetensors") for name in files) else []
    return Path(snapshot_download(source, ignore_patterns=_OTHER_FRAMEWORKS + pickled))


def _unreachable(what: str, why: str) -> ModelError:
    return ModelError(
        f"the model {what} is neither a folder nor in the hub cache, and it cannot be downloaded",
        why,
        "Connect once to download it, give a folder instead of the name, or use the offline profile.",
    )


def first_line(error: Exception) -> str:
    """What an error of a package says, without what follows, or its name."""
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__


def _cached(name: str) -> Path:
    home = Path(os.environ.get("HF_HOME", "~/.cache/huggingface")).expanduser()
    folder = Path(os.environ.get("HF_HUB_CACHE") or home / "hub").expanduser()
    return folder / f"models--{name.replace('/', '--')}"


def _folder_digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in _MODEL_FILES:
            digest.update(f"{path.relative_to(folder)}:{sha256_of(path)}\n".encode())
    return digest.hexdigest()
