"""The cache folder: what can always be made again (checksums already computed, joined weights, label vectors).

Nothing here is the truth. A folder that is read-only, full or deleted costs time, never a wrong answer.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import json
import os
import secrets
import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

STALE_S = 3600.0
_STAMPS = 1_000  # checksums that are remembered


def cache_folder() -> Path:
    """The folder, which may not exist yet: `PLAYHEAD_CACHE`, or the user's cache folder."""
    chosen = os.environ.get("PLAYHEAD_CACHE")
    if chosen:
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_cache_dir("playhead"))


def write_atomically(path: Path, chunks: Iterable[bytes], expect_sha256: str = "") -> None:
    """Write `chunks` so that `path` is either as before or complete, whatever happens in between.

    With `expect_sha256` the bytes are kept only when they match; otherwise `ValueError`. Raises `OSError` when
    the disk refuses. A half-written file of a killed process is removed by a later call.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_stale(path)
    partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)  # as the umask has it
    try:
        with os.fdopen(handle, "wb") as file:
            found = hashlib.sha256()
            for chunk in chunks:
                found.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        if expect_sha256 and found.hexdigest() != expect_sha256:
            raise ValueError(f"sha256 {found.hexdigest()} instead of {expect_sha256}")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _remove_stale(path: Path) -> None:
    for partial in path.parent.glob(f"{glob.escape(path.name)}.*.part"):
        with contextlib.suppress(OSError):
            if time.time() - partial.stat().st_mtime > STALE_S:
                partial.unlink()


def kept(kind: str, stem: str, ending: str, make: Callable[[], bytes]) -> Path | bytes:
    """A file that `make` gives the bytes of, made once and kept under a name that tells them.

    The bytes themselves where it cannot be kept. `stem` must name everything that they are made from.
    """
    folder = cache_folder() / kind
    for file in folder.glob(f"{stem}-*{ending}"):
        if sha256_of(file) == file.name.removeprefix(f"{stem}-").removesuffix(ending):
            return file
    made = make()
    file = folder / f"{stem}-{hashlib.sha256(made).hexdigest()}{ending}"
    try:
        write_atomically(file, [made])
    except OSError:
        return made
    return file


def sha256_of(path: Path) -> str:
    """The sha256 of a file's bytes, remembered as long as nobody seems to have touched it."""
    stat = path.stat()
    key, version = str(path.resolve()), f"{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ctime_ns}:{stat.st_ino}"
    stamps = _read_stamps()
    known = stamps.get(key)
    if known and known[0] == version:
        return known[1]
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    with contextlib.suppress(OSError):
        write_atomically(_stamp_file(), [json.dumps(_fewer(stamps) | {key: (version, found)}).encode()])
    return found


def _stamp_file() -> Path:
    return cache_folder() / "checksums.json"


def _fewer(stamps: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """Where there are too many, those of files that are gone are dropped, then the oldest."""
    if len(stamps) <= _STAMPS:
        return stamps
    living = {path: stamp for path, stamp in stamps.items() if os.path.exists(path)}
    return dict(list(living.items())[-_STAMPS // 2 :])


def _read_stamps() -> dict[str, tuple[str, str]]:
    try:
        stat = _stamp_file().stat()
    except OSError:
        return {}
    return _stamps_of(_stamp_file(), stat.st_mtime_ns, stat.st_ino)


@lru_cache(maxsize=1)
def _stamps_of(file: Path, mtime_ns: int, inode: int) -> dict[str, tuple[str, str]]:  # noqa: ARG001 - tell versions apart
    try:
        found = json.loads(file.read_bytes())
        return {str(path): (str(version), str(digest)) for path, (version, digest) in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
