"""Files into the library: which need watching, which only a new label, and what to do when one fails."""

from __future__ import annotations

import os
import shutil
from bisect import bisect_right
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from playhead.errors import (
    InputError,
    LibraryError,
    ModelError,
    StorageError,
    UnreadableMediaError,
    reason_of,
)
from playhead.index.observe import ROLES, Options, mode_of, observe, recipe, space
from playhead.index.senses import sense_of, sensed
from playhead.index.watch import digest, thumbnail_folder
from playhead.media import files
from playhead.media.formats import MEDIA_ENDINGS
from playhead.media.motion_csv import find_logs, parse_log, read_log
from playhead.media.saving import unsaved
from playhead.media.subtitles import find_sidecar, read_subtitles
from playhead.types import PICTORIAL, Channel, IndexReport, Mode, Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from playhead.index.catalog import Catalog, ChannelRecord, Record
    from playhead.media.motion_csv import Log
    from playhead.media.telemetry import Track
    from playhead.models.registry import Models
    from playhead.settings import Settings
    from playhead.types import Segment, Utterance, Video

_AT_ONCE = 16  # thumbnails on their way to the disk


@dataclass(frozen=True, slots=True)
class Task:
    """What one file asks for: to be watched on `options.channels`, which are none where all of it is known."""

    path: Path
    roots: tuple[Path, ...]
    video_id: str
    known: frozenset[Channel]
    options: Options


class Ingest:
    """One indexing run. Each file is committed on its own; a file that fails leaves no trace.

    What is to be done (`task`) and what comes of it (`commit`) are decided here, by the one process that writes.
    Watching lies between the two and changes no catalogue: it is done here, or by Ray's workers on other machines.
    """

    def __init__(
        self,
        catalog: Catalog,
        models: Models,
        settings: Settings,
        library: Path,
        progress: Callable[[Progress], None],
        make_models: Callable[[], Models],
        committed: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._catalog, self._models, self._settings = catalog, models, settings
        self._library, self._progress, self._make_models = library, progress, make_models
        self._committed = committed  # told how many vectors each file brought
        self.report = IndexReport()

    def run(self, paths: Iterable[Path]) -> IndexReport:
        """Index files and folders. Raises `LibraryError` or `ModelError`, which no other file would survive."""
        roles = [role for channel in self._settings.channels for role in ROLES[channel]]
        self._models.settle(roles)
        found, missing = media_files(paths)
        for path, error in missing:
            self.fail(path, error)
        if self._settings.on == "ray" and found:
            from playhead.index.on_ray import index_on_ray
            from playhead.index.worker import Orders

            orders = Orders(self._make_models, tuple(roles), self._settings.limits)
            index_on_ray(found, self, orders, self._settings, self._progress)
        else:
            self._here(found)
        self._progress(Progress("file", "", len(found), len(found)))
        if self._settings.mode is Mode.PREVIEW and (self.report.added or self.report.updated):
            self.note("Only the pictures of key frames were looked at. For everything, index again without --mode")
        return self.report

    def _here(self, found: Sequence[tuple[Path, Path]]) -> None:
        for number, (path, root) in enumerate(found):
            self._progress(Progress("file", path.name, number, len(found)))
            with self.sparing(path):
                self._add(path, root)

    def _add(self, path: Path, root: Path) -> None:
        with files.open_file(path, self.roots(path, root), self._settings.limits) as file:
            video_id = file.sha256(lambda read: self._progress(Progress("hashing", file.name, read, file.size)))
            file.check_unchanged()
            task = self.task(path, root, video_id)
            record = self._watch(file, task) if task.options.channels else None
        self.commit(task, record)

    @contextmanager
    def sparing(self, path: Path) -> Iterator[None]:
        """What goes wrong with one file is reported, and must not cost the rest of the batch."""
        try:
            yield
        except (LibraryError, ModelError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told as the reason
            self.fail(path, error)

    def roots(self, path: Path, root: Path) -> tuple[Path, ...]:
        """The folders that a file may lie in. Raises `InputError` for a name that cannot be stored."""
        _check_name(path)
        return (root, *self._settings.roots)

    def task(self, path: Path, root: Path, video_id: str) -> Task:
        """What a file with this digest asks for."""
        roots = self.roots(path, root)
        known = self._catalog.channels(video_id)
        logs = self._logs(path, roots)
        options = self._options(path, roots, known, logs)
        stale = self._stale(video_id, options, known)
        tracks = self._tracks(logs) if Channel.MOTION in stale else ()
        return Task(path, roots, video_id, frozenset(known), replace(options, channels=stale, tracks=tracks))

    def commit(self, task: Task, record: Record | None, pictures: Mapping[str, bytes] | None = None) -> None:
        """Store what was observed, if anything was, and where the file lies.

        `pictures` are thumbnails that were made elsewhere. Raises `ModelError` where other models observed.
        """
        video_id, stale = task.video_id, task.options.channels
        if record:
            self._check_models(task, record)
            _keep(_named(record, pictures or {}), self._library / thumbnail_folder(video_id))
            self._put(task, record)
        moved = reembed(self._catalog, self._models, video_id, task.known - set(stale))
        labels = self._catalog.labels(video_id)
        if task.path not in labels:
            there = [path for path in labels if path.exists()]
            self._forget(self._catalog.relabel(video_id, task.path, [path for path in labels if path not in there]))
            if there:
                self.note(f"{task.path} holds the same bytes as {there[0]}")
        self._count(video_id, is_new=not task.known, changed=bool(stale) or moved)
        self._committed(len(record.vectors) if record else 0)

    def _check_models(self, task: Task, record: Record) -> None:
        for channel, made in record.channels.items():
            wanted = recipe(channel, self._models, task.options)
            encoder = space(channel, self._models)
            if (made.recipe, made.space) != (wanted, encoder):
                there, here = f"{made.recipe}, {made.space}", f"{wanted}, {encoder}"
                why = f"its {channel} was observed as {there}, and here it is {here}"
                fix = "Install the same Playhead and models on every machine"
                raise ModelError(f"{task.path.name} was not indexed", why, fix)

    def fail(self, path: Path, error: Exception) -> None:
        """Report a file that could not be indexed, with the reason."""
        self.report = replace(self.report, failed=(*self.report.failed, (path, error)))

    def note(self, text: str) -> None:
        """Report what a person should know, once."""
        self.report = replace(self.report, notes=tuple(dict.fromkeys((*self.report.notes, text))))

    def _stale(self, video_id: str, options: Options, known: dict[Channel, ChannelRecord]) -> tuple[Channel, ...]:
        """The wanted channels that were not observed yet, or not like this, or have lost their pictures."""
        stale = {c for c in options.channels if c not in known or not self._as_wanted(c, known[c].recipe, options)}
        shown = self._catalog.thumbnails(video_id) if known.keys() & PICTORIAL else {}
        if lost := shown.keys() - thumbnails(self._library, video_id):
            # What is said may show a picture of a pass before: whatever has lost its own is observed anew.
            stale |= {*PICTORIAL, *chain.from_iterable(shown[one] for one in lost)} & set(options.channels)
        return tuple(c for c in options.channels if c in stale)

    def _as_wanted(self, channel: Channel, made: str, options: Options) -> bool:
        """Whether a channel was made as it would be now, or more closely.

        A rate that nobody asked for is no reason to watch again.
        """
        closest = max(options.mode, mode_of(made), key=list(Mode).index)
        wanted = recipe(channel, self._models, replace(options, mode=closest))
        if "fps" in self._settings.model_fields_set:
            return made == wanted
        return made.partition(" fps=")[0] == wanted.partition(" fps=")[0]

    def _watch(self, file: files.MediaFile, task: Task) -> Record:
        is_new = self._catalog.video(task.video_id) is None
        try:
            record = observe(
                file,
                task.video_id,
                self._models,
                task.options,
                library=self._library,
                limits=self._settings.limits,
                progress=self._progress,
            )
            file.check_unchanged()
        except BaseException:
            if is_new:
                remove_thumbnails(self._library, task.video_id)
            raise
        return record

    def _put(self, task: Task, record: Record) -> None:
        video_id, before = task.video_id, self._catalog.video(task.video_id)
        if before:
            record = completed(record, before, self._catalog.segments(video_id, *PICTORIAL))
        self._progress(Progress("saving", task.path.name))
        self._forget(self._catalog.put(record, task.path))
        for unused in thumbnails(self._library, video_id) - self._catalog.thumbnails(video_id).keys():
            (self._library / unused).unlink(missing_ok=True)

    def _options(self, path: Path, roots: Sequence[Path], known: Collection[Channel], logs: Sequence[Log]) -> Options:
        settings = self._settings
        sense = sense_of(path.stem, settings.sensor, known)
        channels = sensed(settings.channels, sense)
        if channels and settings.mode is Mode.PREVIEW:
            channels = tuple(channel for channel in channels if channel in PICTORIAL)
            if not channels:
                why = f"a preview looks at pictures alone, and only {', '.join(settings.channels)} is to be observed"
                raise InputError(f"{path.name} was not indexed", why, "Index it without --mode preview")
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
            settings.mode,
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
                self.note(f"{beside.name} is beside a video but was not used: {error}")
        return found

    def _tracks(self, logs: Sequence[Log]) -> tuple[Track, ...]:
        found: list[Track] = []
        for log in logs:
            try:
                found += parse_log(log)
            except InputError as error:
                self.note(f"{log.name} is beside a video but was not used: {error}")
        return tuple(found)

    def _subtitles(self, path: Path, roots: Sequence[Path]) -> tuple[Utterance, ...]:
        try:
            return read_subtitles(path, roots)
        except InputError as error:
            self.note(f"{path.name} is beside a video but was not used: {error}")
            return ()

    def _forget(self, videos: list[Video]) -> None:
        for video in videos:
            remove_thumbnails(self._library, video.id)
            self.note(f"{video.name} had other contents before; what was indexed of them was removed")

    def _count(self, video_id: str, *, is_new: bool, changed: bool) -> None:
        video = self._catalog.video(video_id)
        if video is None:
            raise LibraryError("The library lost a video while it was indexed", "another program changed it")
        kind = "added" if is_new else "updated" if changed else "unchanged"
        self.report = replace(self.report, **{kind: (*getattr(self.report, kind), video)})


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
        below, refused = files.walk(given, MEDIA_ENDINGS)
        failed += refused
        if not below and not refused:
            what, why = f"The folder {given} was not indexed", "it holds no video or sound files"
            failed.append((given, UnreadableMediaError(what, why, "Name files, or another folder")))
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


def _named(record: Record, pictures: Mapping[str, bytes]) -> dict[str, bytes]:
    """The pictures that the record names: what comes from elsewhere has no say in where files are written."""
    folder, known = thumbnail_folder(record.video.id), {s.segment.thumbnail for s in record.segments}
    return {name: data for name, data in pictures.items() if name == Path(name).name and f"{folder}/{name}" in known}


def _keep(pictures: Mapping[str, bytes], folder: Path) -> None:
    """Thumbnails onto the disk, many at a time: waiting for it one by one took nine tenths of a commit."""

    def keep(name: str) -> None:
        partial = folder / f".{name}.part"  # what a kill leaves of it goes with the next commit of the video
        with partial.open("wb") as file:
            file.write(pictures[name])
            file.flush()
            os.fsync(file.fileno())
        partial.replace(folder / name)

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(keep, pictures))
    except OSError as error:
        raise unsaved("A thumbnail", reason_of(error), error.errno) from error


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
            reason_of(error),
            "Nothing else is wrong; allow writing to the library, then: playhead rebuild",
        ) from error
