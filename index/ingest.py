"""Files into the library: which need watching, which only a new label, and what to do when one fails."""

from __future__ import annotations

import os
import shutil
from bisect import bisect_right
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from playhead.errors import InputError, LibraryError, MediaError, ModelError, StorageError, UnreadableMediaError
from playhead.index.observe import ROLES, Options, observe, recipe, space
from playhead.index.senses import sense_of, sensed
from playhead.index.watch import digest, thumbnail_folder
from playhead.media import files
from playhead.media.formats import MEDIA_ENDINGS
from playhead.media.motion_csv import find_logs, parse_log, read_log
from playhead.media.subtitles import find_sidecar, read_subtitles
from playhead.types import PICTORIAL, Channel, IndexReport, Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from playhead.index.catalog import Catalog, ChannelRecord, Record
    from playhead.media.motion_csv import Log
    from playhead.media.telemetry import Track
    from playhead.models.registry import Models
    from playhead.settings import Settings
    from playhead.types import Segment, Utterance, Video


class Ingest:
    """One indexing run. Each file is committed on its own; a file that fails leaves no trace."""

    def __init__(
        self,
        catalog: Catalog,
        models: Models,
        settings: Settings,
        library: Path,
        progress: Callable[[Progress], None],
    ) -> None:
        self._catalog, self._models, self._settings = catalog, models, settings
        self._library, self._progress = library, progress
        self._report = IndexReport()

    def run(self, paths: Iterable[Path]) -> IndexReport:
        """Index files and folders. Raises `LibraryError` or `ModelError`, which no other file would survive."""
        self._models.settle(role for channel in self._settings.channels for role in ROLES[channel])
        found, missing = media_files(paths)
        for path, error in missing:
            self._report = replace(self._report, failed=(*self._report.failed, (path, error)))
        for number, (path, root) in enumerate(found):
            self._progress(Progress("file", path.name, number, len(found)))
            try:
                self._add(path, root)
            except (LibraryError, ModelError):
                raise
            except Exception as error:  # noqa: BLE001 - one bad file must not cost the rest of the batch
                self._report = replace(self._report, failed=(*self._report.failed, (path, error)))
        self._progress(Progress("file", "", len(found), len(found)))
        return self._report

    def _add(self, path: Path, root: Path) -> None:
        _check_name(path)
        roots = [root, *self._settings.roots]
        with files.open_file(path, roots, self._settings.limits) as file:
            video_id = file.sha256(lambda read: self._progress(Progress("hashing", file.name, read, file.size)))
            file.check_unchanged()
            known = self._catalog.channels(video_id)
            logs = self._logs(file.path, roots)
            options = self._options(file.path, roots, known, logs)
            stale = self._stale(video_id, options, known)
            if stale:
                tracks = self._tracks(logs) if Channel.MOTION in stale else ()
                self._watch(file, video_id, replace(options, channels=stale, tracks=tracks))
        moved = reembed(self._catalog, self._models, video_id, set(known) - set(stale))
        labels = self._catalog.labels(video_id)
        if file.path not in labels:
            self._forget(self._catalog.relabel(video_id, file.path))
            if labels[0].exists():
                self._note(f"{file.path} holds the same bytes as {labels[0]}")
        self._count(video_id, is_new=not known, changed=bool(stale) or moved)

    def _stale(self, video_id: str, options: Options, known: dict[Channel, ChannelRecord]) -> tuple[Channel, ...]:
        """The wanted channels that were not observed yet, or not like this, or have lost their pictures."""
        stale = {c for c in options.channels if c not in known or not self._as_wanted(c, known[c].recipe, options)}
        if known.keys() & PICTORIAL and self._catalog.thumbnails(video_id) - thumbnails(self._library, video_id):
            stale |= set(PICTORIAL) & set(options.channels)
        return tuple(c for c in options.channels if c in stale)

    def _as_wanted(self, channel: Channel, made: str, options: Options) -> bool:
        """Whether a channel was made as it would be now. A rate that nobody asked for is no reason to watch again."""
        wanted = recipe(channel, self._models, options)
        if "fps" in self._settings.model_fields_set:
            return made == wanted
        return made.partition(" fps=")[0] == wanted.partition(" fps=")[0]

    def _watch(self, file: files.MediaFile, video_id: str, options: Options) -> None:
        before = self._catalog.video(video_id)
        try:
            record = observe(
                file,
                video_id,
                self._models,
                options,
                library=self._library,
                limits=self._settings.limits,
                progress=self._progress,
            )
            file.check_unchanged()
        except BaseException:
            if before is None:
                remove_thumbnails(self._library, video_id)
            raise
        if before:
            record = completed(record, before, self._catalog.segments(video_id, *PICTORIAL))
        self._progress(Progress("saving", file.name))
        self._forget(self._catalog.put(record, file.path))
        for unused in thumbnails(self._library, video_id) - self._catalog.thumbnails(video_id):
            (self._library / unused).unlink(missing_ok=True)

    def _options(self, path: Path, roots: Sequence[Path], known: Collection[Channel], logs: Sequence[Log]) -> Options:
        settings = self._settings
        sense = sense_of(path.stem, settings.sensor, known)
        channels = sensed(settings.channels, sense)
        if not channels:
            why = f"it is taken for a {sense}, and only {', '.join(settings.channels)} is to be observed"
            raise InputError(f"{path.name} was not indexed", why, "Say what it is with --as, or name other channels")
        sidecar: tuple[Utterance, ...] = ()
        sidecar_id = ""
        if settings.subtitles != "ignore" and (beside := find_sidecar(path)):
            sidecar = self._subtitles(beside, roots)
        if sidecar:
            sidecar_id = digest(*(f"{u.span.start_s} {u.span.end_s} {u.text}" for u in sidecar))
        return Options(
            channels,
            settings.fps,
            settings.subtitles,
            sense=sense,
            language=settings.language,
            sidecar=sidecar,
            sidecar_id=sidecar_id,
            tracks_id=digest(*(log.id for log in logs)) if logs else "",
        )

    def _logs(self, path: Path, roots: Sequence[Path]) -> list[Log]:
        """The sensor logs beside a video, unread, where motion is observed."""
        found: list[Log] = []
        for beside in find_logs(path) if Channel.MOTION in self._settings.channels else ():
            try:
                found.append(read_log(beside, roots))
            except InputError as error:
                self._note(f"{beside.name} is beside a video but was not used: {error}")
        return found

    def _tracks(self, logs: Sequence[Log]) -> tuple[Track, ...]:
        found: list[Track] = []
        for log in logs:
            try:
                found += parse_log(log)
            except InputError as error:
                self._note(f"{log.name} is beside a video but was not used: {error}")
        return tuple(found)

    def _subtitles(self, path: Path, roots: Sequence[Path]) -> tuple[Utterance, ...]:
        try:
            return read_subtitles(path, roots)
        except InputError as error:
            self._note(f"{path.name} is beside a video but was not used: {error}")
            return ()

    def _forget(self, videos: list[Video]) -> None:
        for video in videos:
            remove_thumbnails(self._library, video.id)
            self._note(f"{video.name} had other contents before; what was indexed of them was removed")

    def _note(self, text: str) -> None:
        self._report = replace(self._report, notes=(*self._report.notes, text))

    def _count(self, video_id: str, *, is_new: bool, changed: bool) -> None:
        video = self._catalog.video(video_id)
        if video is None:
            raise LibraryError("The library lost a video while it was indexed", "another program changed it")
        kind = "added" if is_new else "updated" if changed else "unchanged"
        self._report = replace(self._report, **{kind: (*getattr(self._report, kind), video)})


def reembed(catalog: Catalog, models: Models, video_id: str, channels: Iterable[Channel]) -> bool:
    """New vectors for texts whose sentence encoder changed; nothing is observed again. Whether there were any."""
    known, moved = catalog.channels(video_id), False
    for channel in sorted(set(channels) - set(PICTORIAL)):
        wanted = space(channel, models)
        if known[channel].space == wanted:
            continue
        segments = [s for s in catalog.segments(video_id, channel) if s.text]
        vectors = models.sentences.encode([s.text for s in segments]) if segments else ()
        rows = [
            (s.id, digest(wanted, s.channel, s.text), vector) for s, vector in zip(segments, vectors, strict=True)
        ]
        catalog.reembed(video_id, channel, wanted, rows)
        moved = True
    return moved


def _check_name(path: Path) -> None:
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        name = ascii(path.name)[1:-1]
        raise InputError(f"{name} was not indexed", "its path is not valid UTF-8", "Rename it") from error


def completed(record: Record, before: Video, pictures: Sequence[Segment]) -> Record:
    """The record of a pass over some channels of a known video, with what is known of the whole.

    Such a pass may not have looked at the pictures: the video keeps its length, and speech shows what was stored.
    """
    now = record.video
    whole = before.span.union(now.span) if now.duration_s else before.span
    warnings = tuple(dict.fromkeys((*before.warnings, *now.warnings)))
    video = replace(now, start_s=whole.start_s, duration_s=whole.duration_s, warnings=warnings)
    starts = [picture.span.start_s for picture in pictures]
    segments = [
        replace(s, segment=replace(s.segment, thumbnail=_shown(s.segment, pictures, starts)))
        if pictures and not s.segment.thumbnail
        else s
        for s in record.segments
    ]
    return replace(record, video=video, segments=segments)


def _shown(segment: Segment, pictures: Sequence[Segment], starts: Sequence[float]) -> str:
    return pictures[max(0, bisect_right(starts, segment.span.start_s + 1e-6) - 1)].thumbnail


def media_files(paths: Iterable[Path]) -> tuple[list[tuple[Path, Path]], list[tuple[Path, Exception]]]:
    """Every file to index with the root it must stay under, each once; and the paths that cannot be used.

    A folder gives its media files, all the way down, and is itself the root; a file is taken whatever its ending.
    """
    found: dict[Path, Path] = {}
    failed: list[tuple[Path, Exception]] = []
    for path in paths:
        given = Path(os.path.abspath(os.path.expanduser(path)))
        if not os.path.isdir(given):
            found.setdefault(given, given.parent)
            continue
        try:
            below = files.walk(given, MEDIA_ENDINGS)
        except MediaError as error:
            failed.append((given, error))
            continue
        if not below:
            why = UnreadableMediaError(f"The folder {given} was not indexed", "it holds no video or sound files")
            failed.append((given, why))
        for file in below:
            found.setdefault(file, given)
    return list(found.items()), failed


def thumbnails(library: Path, video_id: str) -> set[str]:
    """The thumbnails of a video that are on disk, relative to the library."""
    folder = thumbnail_folder(video_id)
    with suppress(FileNotFoundError):
        return {f"{folder}/{name}" for name in os.listdir(library / folder)}
    return set()


def remove_thumbnails(library: Path, video_id: str) -> None:
    """Delete a video's thumbnails."""
    with suppress(FileNotFoundError):
        shutil.rmtree(library / thumbnail_folder(video_id))


def sweep_thumbnails(library: Path, catalog: Catalog) -> None:
    """Delete the thumbnails of videos that are gone, and what a kill left of others. Raises `StorageError`."""
    kept = {thumbnail_folder(video.id) for video in catalog.videos()}
    try:
        for folder in (library / "thumbs").glob("*"):
            if f"{folder.parent.name}/{folder.name}" not in kept:
                shutil.rmtree(folder)
    except OSError as error:
        raise StorageError(
            "The thumbnails of removed videos were not deleted",
            (error.strerror or str(error)).lower(),
            "Nothing else is wrong; allow writing to the library, then: playhead rebuild",
        ) from error
