"""Weights that come inside installed packages: found without importing the package, used only if as pinned.

`weights.yaml` is the manifest. `locate(name)` gives a file that is exactly what the manifest says, or raises
`WeightsError` with the command that puts it right.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playhead import strict_yaml
from playhead.errors import SettingsError, WeightsError
from playhead.models.cache import cache_folder, sha256_of, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

INSTALL = "Run: pip install 'playhead[offline]'"
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class PackagedFile:
    """A file inside an installed distribution, and the bytes it must have."""

    package: str
    version: str
    path: str
    bytes: int
    sha256: str

    @property
    def reinstall(self) -> str:
        """The command that brings the pinned bytes back."""
        return f"Run: pip install --force-reinstall --no-deps {self.package}=={self.version}"


@dataclass(frozen=True, slots=True)
class Weights:
    """One entry of the manifest: a file, or several parts that make one when joined."""

    name: str
    parts: tuple[PackagedFile, ...]
    bytes: int
    sha256: str
    upstream: str
    licence: str


@cache
def manifest() -> dict[str, Weights]:
    """Every entry of `weights.yaml` by name."""
    raw = strict_yaml.ours(Path(__file__).with_name("weights.yaml").read_bytes())
    return {name: _entry(name, fields) for name, fields in raw.items()}


def _entry(name: str, fields: dict[str, Any]) -> Weights:
    parts = fields.get("parts") or [{key: fields[key] for key in PackagedFile.__dataclass_fields__}]
    return Weights(
        name=name,
        parts=tuple(PackagedFile(**part) for part in parts),
        bytes=fields["bytes"],
        sha256=fields["sha256"],
        upstream=fields["upstream"],
        licence=fields["licence"],
    )


def entry(name: str) -> Weights:
    """The manifest's entry `name`. Raises `SettingsError`."""
    try:
        return manifest()[name]
    except KeyError:
        raise SettingsError(
            f"There are no weights called {name!r}",
            "weights.yaml does not list them",
            f"It has: {', '.join(manifest())}",
        ) from None


def locate(name: str) -> Path:
    """The path of a verified file that lies in one piece. Raises `WeightsError` where it is gone or altered."""
    [part] = entry(name).parts
    return _verified(part)


def assemble(files: Mapping[str, str]) -> Path:
    """A folder in the cache that holds `{file name: weights name}`, joined and verified.

    It is named after the bytes in it, each file appears there complete or not at all, and it is made again when
    deleted or altered.
    """
    wanted = {filename: entry(name) for filename, name in files.items()}
    mark = hashlib.sha256("".join(f"{name}:{w.sha256}" for name, w in sorted(wanted.items())).encode()).hexdigest()
    folder = cache_folder() / "weights" / mark[:16]
    for filename, weights in wanted.items():
        path = folder / filename
        if not path.is_file() or sha256_of(path) != weights.sha256:
            _join(weights, path)
    return folder


def locate_parts(name: str) -> list[Path]:
    """The verified files that make up `name`, in order; nothing is copied."""
    return [_verified(part) for part in entry(name).parts]


def problem(name: str) -> WeightsError | None:
    """What is wrong with weights at a glance (presence and size), or None. Reads no contents."""
    for part in entry(name).parts:
        try:
            path = _installed(part)
        except WeightsError as error:
            return error
        if path.stat().st_size != part.bytes:
            return _altered(part, path, f"{path.stat().st_size} bytes instead of {part.bytes}")
    return None


def _installed(part: PackagedFile) -> Path:
    try:
        path = Path(str(metadata.distribution(part.package).locate_file(part.path)))
    except metadata.PackageNotFoundError:
        raise WeightsError(
            f"weights are missing: {Path(part.path).name}", f"the package {part.package} is not installed", INSTALL
        ) from None
    if not path.is_file():
        raise WeightsError(
            f"weights are missing: {path.name}", f"{part.package} is installed without {part.path}", part.reinstall
        )
    return path


def _verified(part: PackagedFile) -> Path:
    path = _installed(part)
    found = sha256_of(path)
    if found != part.sha256:
        raise _altered(part, path, f"its sha256 is {found[:12]}…, not the pinned {part.sha256[:12]}…")
    return path


def _altered(part: PackagedFile, path: Path, why: str) -> WeightsError:
    return WeightsError(
        f"weights were refused: {path}", f"{why}; {part.package} {part.version} is expected", part.reinstall
    )


def _join(wanted: Weights, target: Path) -> None:
    paths = [_verified(part) for part in wanted.parts]
    try:
        write_atomically(target, _chunks(paths), expect_sha256=wanted.sha256)
    except OSError as error:
        raise WeightsError(
            f"weights could not be joined: {wanted.name}",
            f"{target.parent} cannot be written ({error.strerror or error})",
            f"Free {wanted.bytes >> 20} MB there, or set PLAYHEAD_CACHE to another folder.",
        ) from error


def _chunks(paths: list[Path]) -> Iterator[bytes]:
    for path in paths:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk
