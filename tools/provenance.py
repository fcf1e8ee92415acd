"""Where what was made comes from, in a file beside each: `clip.mp4` has `clip.mp4.provenance.json`."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from playhead.media.saving import write_whole
from playhead.models.cache import sha256_of
from playhead.types import Origin, Video

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from playhead.tools.contract import Arguments, Tool

SUFFIX = ".provenance.json"


@runtime_checkable
class Made(Protocol):
    """A result, or part of one, that is a file that was made."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def origin(self) -> Origin:
        """Where it comes from."""


def sidecar(path: Path) -> Path:
    """The file that says where `path` comes from."""
    return path.with_name(f"{path.name}{SUFFIX}")


def made_in(result: object) -> Iterator[Made]:
    """The files that were made, wherever in a result they are named."""
    if isinstance(result, Made) and isinstance(result.origin, Origin):
        yield result
    if isinstance(result, tuple | list):
        for item in result:
            yield from made_in(item)
    elif is_dataclass(result) and not isinstance(result, Video | Origin):
        for field in fields(result):
            yield from made_in(getattr(result, field.name))


def write_sidecars(result: object, tool: Tool[Any, Any], args: Arguments) -> None:
    """Say beside each file of a result where it comes from. The same call writes the same bytes."""
    about = {"name": tool.name, "version": tool.version, "arguments": _named(args.model_dump(mode="json"))}
    for made in made_in(result):
        _write(sidecar(made.path), _said(made) | {"tool": about, "plan": None})


def write_plan(file: Path, plan: Mapping[str, object]) -> None:
    """Add to a sidecar the plan that asked for it, and the digest of the file as it is now: it may be masked."""
    said = json.loads(file.read_bytes())
    said["file"]["sha256"] = sha256_of(file.with_name(file.name.removesuffix(SUFFIX)))
    _write(file, said | {"plan": plan})


def _said(made: Made) -> dict[str, Any]:
    origin = made.origin
    return {
        "made_by": f"playhead {version('playhead')}",
        "file": {"name": made.path.name, "sha256": sha256_of(made.path)},
        "source": origin.source,
        "model": origin.model,
        "seed": origin.seed,
        "prompt": origin.prompt,
        "note": origin.note,
        "sources": [
            {
                "sha256": part.video.id,
                "name": part.video.name,
                "start_s": round(part.span.start_s, 6),
                "end_s": round(part.span.end_s, 6),
                "at_s": round(part.at_s, 6),
            }
            for part in origin.parts
        ],
    }


def _named(value: Any) -> Any:
    """Arguments with files by their names: where they lie is nobody's business."""
    if isinstance(value, list):
        return [_named(item) for item in value]
    if not isinstance(value, dict):
        return value
    files = {
        key: Path(item).name for key, item in value.items() if key in ("video", "path") and isinstance(item, str)
    }
    return {key: _named(item) for key, item in value.items()} | files


def _write(file: Path, said: Mapping[str, object]) -> None:
    write_whole(file, json.dumps(said, ensure_ascii=False, indent=1).encode() + b"\n")
