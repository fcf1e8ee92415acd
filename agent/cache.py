"""Results of tool calls by content: the same tool, arguments, footage and models give the same result, once.

An entry is a folder: the files that the tool made, and `result.json`, written last. Without that file it is what a
killed run left, and is made anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from playhead import __version__, prompts
from playhead.errors import StorageError, reason_of
from playhead.media.saving import remedy
from playhead.models.cache import sha256_of, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playhead.tools.contract import Arguments, Context, Tool

_RESULT = "result.json"
_METHOD = 1


class Cache:
    """The entries below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def entry(self, key: str) -> Iterator[Entry]:
        """The entry of a key, held so that no other process makes it at the same time."""
        folder = self._folder / key[:2] / key
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(folder.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o644)
        except OSError as error:
            raise _refused(self._folder, error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield Entry(folder)
        finally:
            os.close(lock)


class Entry:
    """One result and the files that belong to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, kind: Any) -> Any | None:
        """The result, where there is a whole one whose files are still there."""
        try:
            said = json.loads((self.folder / _RESULT).read_bytes())
            files = {name: self.folder / name for name in said["files"]}
            if any(not path.is_file() or path.stat().st_size != said["files"][name] for name, path in files.items()):
                return None
            return TypeAdapter(kind).validate_python(said["result"])
        except (OSError, ValueError, KeyError, TypeError, ValidationError):
            return None

    def clear(self) -> None:
        """Remove what an unfinished call left. Raises `StorageError`."""
        shutil.rmtree(self.folder, ignore_errors=True)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _refused(self.folder, error) from error

    def write(self, kind: Any, result: Any) -> None:
        """Keep the result; from now on the entry is whole."""
        said = {"files": self.files(), "result": TypeAdapter(kind).dump_python(result, mode="json")}
        try:
            write_atomically(self.folder / _RESULT, [json.dumps(said, ensure_ascii=False).encode()])
        except OSError as error:
            raise _refused(self.folder, error) from error

    def files(self) -> dict[str, int]:
        """The files that the tool made, with their sizes."""
        made = sorted(path for path in self.folder.rglob("*") if path.is_file() and path.name != _RESULT)
        return {str(path.relative_to(self.folder)): path.stat().st_size for path in made}


def _refused(folder: Path, error: OSError) -> StorageError:
    return StorageError(f"The cache {folder} cannot be written", reason_of(error), remedy(error.errno))


def key_of(tool: Tool[Any, Any], args: Arguments, context: Context) -> str:
    """The sha256 of everything that decides the result of a call."""
    library = context.library
    given = _by_id(args.model_dump(mode="json"), context)
    video = given.get("video")
    roles = {role: library.models.identity(role) for role in sorted(tool.uses(args))}
    known = video and library.by_id(video)
    decides = {
        "method": [_METHOD, __version__],
        "tool": [tool.name, tool.version, type(tool).__module__],
        "arguments": given,
        "models": roles,
        "folder": str(library.folder),
        "library": [library.fingerprint(video if known else None)] if tool.indexed else "",
        "chat": [context.chat.id, prompts.digest()] if tool.worded and context.chat else "",
        "making": [library.settings.retrieve_from, context.gate.policy.label] if tool.makes else "",
        "settings": [library.settings.exact_limit, library.settings.limits] if tool.indexed else "",
    }
    return hashlib.sha256(json.dumps(decides, sort_keys=True, default=str).encode()).hexdigest()


def _by_id(value: Any, context: Context) -> Any:
    """Arguments with videos by their id and pictures by their bytes: a name may be another file's tomorrow."""
    if isinstance(value, list):
        return [_by_id(item, context) for item in value]
    if not isinstance(value, dict):
        return value
    named = {key: _by_id(item, context) for key, item in value.items()}
    if named.get("video"):
        named["video"] = context.video(named["video"]).id
    if named.get("path") and Path(named["path"]).is_file():
        named["path"] = sha256_of(Path(named["path"]))
    return named
