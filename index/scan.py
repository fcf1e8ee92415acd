"""Every vector compared, exactly enough: the parts on disk, and in memory what the catalogue has beyond them."""

from __future__ import annotations

import json
import logging
import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from playhead.index.part_writing import in_memory, read_parts, write_part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from playhead.index.catalog import Catalog, Within
    from playhead.index.part import Part
    from playhead.types import Channel, Progress

    Parts = dict[tuple[Channel, str], Part]

_log = logging.getLogger(__name__)
DAMAGES = (OSError, ValueError, KeyError, TypeError)
_IN_MEMORY = 8  # parts in memory, before they are made one


@dataclass(frozen=True, slots=True)
class Listed:
    """A folder of parts, and for each video that counts there the digest of what it held."""

    folder: str
    contents: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Opened:
    """What was opened for one revision of the catalogue and one list of parts."""

    revision: int
    listed: Sequence[Listed]
    parts: Mapping[str, Parts]
    recent: Sequence[tuple[Listed, Parts]] = ()
    damaged: bool = False


class Scan:
    """Searches and writes the parts below `folder`. `listed` says which count: the same list until it changes."""

    def __init__(self, folder: Path, listed: Callable[[], Sequence[Listed]]) -> None:
        self._folder, self._listed = folder, listed
        self._opened: Opened | None = None
        self._opening = threading.Lock()
        self._distrusted: set[str] = set()

    def nearest(
        self, catalog: Catalog, key: tuple[Channel, str], vector: NDArray[np.float32], count: int, within: Within
    ) -> dict[str, float]:
        """Similarity by id of the `count` nearest vectors of a channel and encoder, best first."""
        opened = self._current(catalog)
        found: list[dict[str, float]] = []
        for folder, parts in opened.parts.items():
            try:
                found.append(_nearest(parts, key, vector, count, within))
            except (IndexError, ValueError) as error:
                self._distrust(folder, error)
                return self.nearest(catalog, key, vector, count, within)
        found += [_nearest(parts, key, vector, count, within) for _, parts in opened.recent]
        if len(found) == 1:  # in order already
            return found[0]
        together = {vector_id: near for one in found for vector_id, near in one.items()}
        return dict(sorted(together.items(), key=lambda pair: (-pair[1], pair[0]))[:count])

    def close(self) -> None:
        """Let go of the files."""
        self._opened = None

    def _distrust(self, folder: str, error: Exception) -> None:
        """From now on the catalogue is read for what a part holds, and the next update makes it anew."""
        _log.warning("A part of the vector index is damaged, so the catalogue is read: %s", error)
        with self._opening:
            self._distrusted.add(folder)
            self._opened = None

    def _current(self, catalog: Catalog) -> Opened:
        with self._opening:
            revision, listed = catalog.revision, self._listed()
            before = self._opened
            if before is None or before.revision != revision or before.listed is not listed:
                self._opened = before = self._open(catalog, revision, listed)
                if (
                    before.damaged and (now := self._listed()) is not listed
                ):  # they were replaced while they were opened
                    self._opened = before = self._open(catalog, revision, now)
            return before

    def _open(self, catalog: Catalog, revision: int, listed: Sequence[Listed]) -> Opened:
        contents, damaged = catalog.contents(), False
        parts: dict[str, Parts] = {}
        held: set[str] = set()
        for one in listed:
            live = [video_id for video_id, content in one.contents.items() if contents.get(video_id) == content]
            if live and (read := self._read(one.folder, live)) is not None:
                parts[one.folder] = read
                held.update(live)
            damaged |= bool(live) and not held.issuperset(live)
        recent = self._recent(catalog, {i: c for i, c in contents.items() if i not in held})
        return Opened(revision, listed, parts, recent, damaged)

    def _read(self, folder: str, live: Sequence[str]) -> Parts | None:
        if folder in self._distrusted:
            return None
        try:
            return read_parts(self._folder / folder, live)
        except DAMAGES as error:
            _log.warning("A part of the vector index cannot be read, so the catalogue is: %s", error)
            return None

    def _recent(self, catalog: Catalog, wanted: dict[str, str]) -> list[tuple[Listed, Parts]]:
        """What is in no file: as far as it was read before from memory, the rest from the catalogue."""
        kept = [
            (one, parts)
            for one, parts in (self._opened.recent if self._opened else ())
            if one.contents.items() <= wanted.items()
        ]
        kept = kept if len(kept) < _IN_MEMORY else []
        known = {video_id for one, _ in kept for video_id in one.contents}
        if rest := {i: c for i, c in wanted.items() if i not in known}:
            kept.append((Listed("", rest), in_memory(catalog, list(rest))))
        return kept

    def update(
        self, catalog: Catalog, before: Sequence[Listed], progress: Callable[[Progress], None]
    ) -> list[Listed]:
        """Files for what changed since `before`, and the list of all that count from now on.

        Nothing that counts is written again but what is small beside what is new: parts at least double, so that
        a video is written a few times while a library grows a thousandfold.
        """
        contents = catalog.contents()
        sound = [one for one in self._living(before, contents) if self._is_sound(one)]
        kept, chosen = joined(sound, contents)
        if chosen:
            name = f"part-{os.urandom(6).hex()}"
            write_part(self._folder / name, catalog, list(chosen), progress)
            kept.append(Listed(name, chosen))
        return kept

    def _is_sound(self, one: Listed) -> bool:
        """Whether a part can be read, is of today's form, and most of it counts."""
        parts = self._read(one.folder, list(one.contents))
        return parts is not None and all(
            part.digests and 2 * len(one.contents) >= len(part.videos) for part in parts.values()
        )

    @staticmethod
    def _living(before: Sequence[Listed], contents: Mapping[str, str]) -> list[Listed]:
        living = [Listed(one.folder, dict(one.contents.items() & contents.items())) for one in before]
        return [one for one in living if one.contents]

    def read(self, one: Listed) -> Parts:
        """The parts in a folder. Raises one of `DAMAGES` where they are damaged."""
        return read_parts(self._folder / one.folder, list(one.contents))


def _nearest(
    parts: Parts, key: tuple[Channel, str], vector: NDArray[np.float32], count: int, within: Within
) -> dict[str, float]:
    return dict(parts[key].nearest(vector, count, within)) if key in parts else {}


def joined(parts: Sequence[Listed], contents: Mapping[str, str]) -> tuple[list[Listed], dict[str, str]]:
    """The parts that stay, and the videos of the new one: what no part has, and those of parts that are as small."""
    held = {video_id for one in parts for video_id in one.contents}
    chosen = {video_id: content for video_id, content in contents.items() if video_id not in held}
    kept: list[Listed] = []
    for one in sorted(parts, key=lambda one: len(one.contents)):
        if chosen and len(one.contents) <= len(chosen):
            chosen |= one.contents
        else:
            kept.append(one)
    return kept, dict(sorted(chosen.items()))


def from_json(text: str) -> list[Listed]:
    """A list of parts as it was written. Raises `ValueError`, `KeyError` or `TypeError`."""
    return [Listed(str(one["folder"]), dict(one["contents"])) for one in json.loads(text)["parts"]]


def to_json(listed: Iterable[Listed]) -> str:
    """A list of parts to be written."""
    return json.dumps({"parts": [{"folder": one.folder, "contents": dict(one.contents)} for one in listed]})
