"""The library: footage in, moments out. This is the class people use."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
import shlex
import stat
import tempfile
import threading
from contextlib import suppress
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import SecretStr

from playhead.errors import InputError, LibraryError, QueryError, StorageError, VectorServerError, reason_of
from playhead.index.catalog import START_ANEW, Catalog, Within
from playhead.index.example import read_example, taken_together
from playhead.index.ingest import Ingest, reembed, sweep_thumbnails
from playhead.index.lock import writer, writing
from playhead.index.phrases import Reading, read
from playhead.index.query import Query
from playhead.index.search import Searcher
from playhead.index.senses import channel_of
from playhead.index.vector_server import VectorServer
from playhead.index.vectors import VectorIndex
from playhead.models.registry import OFFLINE, PROFILES, Models
from playhead.models.roles import Role
from playhead.settings import Settings, load_settings
from playhead.types import (
    PICTORIAL,
    Channel,
    HeadReport,
    IndexReport,
    Moment,
    Progress,
    SearchResult,
    Segment,
    Span,
    Transcript,
    Utterance,
    Video,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from playhead.index.hits import Remembered
    from playhead.index.nearest import NearestVectors
    from playhead.models.roles import Vectors


_log = logging.getLogger(__name__)

_DERIVED = {"thumbs", "vectors"}
HEAD_NAME = "picture_head.safetensors"
"""A picture head in the library's folder takes the place of the offline profile's."""

UPLOADS = "uploads"
"""The folder in the library's for files that were handed over and lie nowhere else."""


_TOGETHER = 10_000  # vectors that a reader finds in the catalogue alone, before they are put into the index


def _same(models: Models) -> Models:
    return models


_LIST = "List them with: playhead library"


def _silent(_: Progress) -> None:
    """Nobody is watching."""


def chosen_models(settings: Settings, folder: Path, threads: int = 0) -> Models:
    """The models that settings name for a library, none of them loaded; `threads` are those of the machine."""
    specs, own = dict(PROFILES[settings.profile]), folder / HEAD_NAME
    if own.is_file() and specs["picture"] == OFFLINE["picture"]:
        specs["picture"] = f"concepts:{own}"
    return Models(
        specs | settings.models,
        gallery={str(role): shown for role, shown in settings.gallery.items()},
        threads=settings.threads or threads or os.cpu_count() or 1,
        device=settings.device,
        memory=settings.memory,
        resident=settings.resident,
    )


class Library:
    """A folder that remembers what was seen and said in your footage.

    Opened, or created on the first `add`. One process may write at a time; readers never wait.

        library = Library("~/footage.playhead")
        library.add("talk.mp4")
        for moment in library.search("somebody laughs"):
            print(moment.video, moment.span, moment.score)
    """

    def __init__(
        self, folder: str | Path | None = None, *, settings: Settings | None = None, models: Models | None = None
    ) -> None:
        self.settings = settings or load_settings()
        self.folder = Path(os.path.expanduser(folder or self.settings.library)).absolute()
        self._given_models = models
        self._open: dict[bool, Catalog] = {}  # to read, and to write: whoever reads sees what was committed
        self._opening = threading.RLock()
        token, folder = self.settings.vectors_token, self.folder / "vectors"
        self._server = VectorServer(self.settings.vectors, token, folder) if self.settings.vectors else None
        self._vectors: NearestVectors = self._server or VectorIndex(folder, self.settings.exact_limit)
        self._remembered: Remembered = {}

    @property
    def exists(self) -> bool:
        """Whether anything was indexed into it yet; while its catalogue is being made, nothing was.

        Raises `LibraryError` where nobody may look.
        """
        try:
            return (self.folder / "catalog.sqlite").stat().st_size > 0
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise LibraryError(
                f"The library {self.folder} cannot be opened", reason_of(error), "Allow it, or choose --library"
            ) from error

    @cached_property
    def models(self) -> Models:
        """The models in force, each loaded when it is first used."""
        if self._given_models is not None:
            return self._given_models
        return chosen_models(self.settings, self.folder)

    # Writing

    def add(self, *paths: str | Path, progress: Callable[[Progress], None] = _silent) -> IndexReport:
        """Index files and folders; what is already known costs a hash.

        A file that cannot be used is reported in `IndexReport.failed` and the rest goes on. Raises
        `LibraryLockedError`, `StorageError`, `WeightsError` … when nothing can go on; what was committed stays.
        """
        if not paths:
            raise InputError("Nothing was indexed", "no file or folder was named")
        self.prepare()
        with writing(self.folder):
            catalog = self._catalog(write=True, create=True)
            ingest = Ingest(
                catalog,
                self.models,
                self.settings,
                self.folder,
                progress,
                self._elsewhere(),
                self._caught_up(catalog),
            )
            try:
                report = ingest.run(Path(p) for p in paths)
            except BaseException:  # interrupted as well
                self._catch_up(catalog)
                raise
            try:
                self._vectors.update(catalog, progress=progress)
            except VectorServerError as error:  # what was indexed is there all the same, and should be told of
                report = replace(report, notes=(*report.notes, str(error)))
        return report

    def _caught_up(self, catalog: Catalog) -> Callable[[int], None]:
        """What puts vectors into the index while more are to come, so that who searches meanwhile reads few rows."""
        waiting = 0

        def committed(vectors: int) -> None:
            nonlocal waiting
            waiting += vectors
            if waiting >= _TOGETHER:
                self._catch_up(catalog)
                waiting = 0

        return committed

    def _catch_up(self, catalog: Catalog) -> None:
        """Bring the index of vectors up to what was committed, where that is quick."""
        if isinstance(self._vectors, VectorIndex):
            try:
                self._vectors.catch_up(catalog)
            except LibraryError as error:
                _log.warning("The index of vectors is behind what was indexed: %s", error)

    def _elsewhere(self) -> Callable[[], Models]:
        """What makes these models on another machine, where each worker has a core. No secret goes with it."""
        if self._given_models is not None:
            return partial(_same, self._given_models)
        settings = self.settings.model_copy(update={"vectors_token": SecretStr("")})
        return partial(chosen_models, settings, self.folder, 1)

    def train_picture_head(
        self, captioned: str | Path, *, about: str = "", progress: Callable[[Progress], None] = _silent
    ) -> HeadReport:
        """Train a picture head on a folder of captioned images, for this library alone.

        From then on pictures are searched with it, once they were indexed again. `about` is kept in the file: whose
        images, on what terms. Raises `InputError` for a folder that cannot be learnt from. Minutes on a processor.
        """
        from playhead.models.cache import write_atomically
        from playhead.models.captioned import read_captions
        from playhead.models.picture_training import Recipe, gather
        from playhead.models.picture_validation import train_file

        captions = read_captions(Path(captioned).expanduser())
        self.prepare()
        with writing(self.folder):
            examples = gather(captions, progress)
            content = train_file(examples, Recipe(), about, progress)
            write_atomically(self.folder / HEAD_NAME, [content])
        vars(self).pop("models", None)  # they are chosen anew
        return HeadReport(self.folder / HEAD_NAME, len(examples), examples.skipped)

    def remove(self, *videos: str | Video) -> list[Video]:
        """Forget videos (given by id, name or path); the files themselves are not touched."""
        with writing(self._changeable()):
            catalog = self._catalog(write=True)
            found = [self.video(video) for video in videos]
            for video in found:
                catalog.remove(video.id)
            self._mirror(catalog)
        return found

    def rebuild(self, progress: Callable[[Progress], None] = _silent) -> None:
        """Make the vector index anew from the catalogue, and remove pictures of no video; no model runs."""
        with writing(self._changeable()):
            catalog = self._catalog(write=True)
            self._mirror(catalog, anew=True, progress=progress)

    def _mirror(
        self, catalog: Catalog, *, anew: bool = False, progress: Callable[[Progress], None] = _silent
    ) -> None:
        """What is derived follows the catalogue; pictures of no video go even where vectors cannot be updated."""
        try:
            self._vectors.update(catalog, anew=anew, progress=progress)
        finally:
            sweep_thumbnails(self.folder, catalog)

    def reembed(self, progress: Callable[[Progress], None] = _silent) -> list[Video]:
        """Give what was said and written new vectors by the sentence encoder in force; no footage is opened.

        Returns the videos that had others. One transaction a video: interrupted, the next call goes on.
        """
        with writing(self._changeable()):
            catalog = self._catalog(write=True)
            self.models.settle([Role.SENTENCES])
            videos, moved = catalog.videos(), []
            for number, video in enumerate(videos):
                progress(Progress("embedding", video.name, number, len(videos)))
                if reembed(catalog, self.models, video.id, catalog.channels(video.id)):
                    moved.append(video)
            self._vectors.update(catalog, progress=progress)
        return moved

    # Reading

    def search(
        self,
        query: str | Query = "",
        *,
        image: str | Path | None = None,
        video: str | Video | None = None,
        between: tuple[float | None, float | None] | None = None,
        channels: Channel | str | Iterable[Channel | str] = (),
        limit: int | None = None,
        per_video: int | None = None,
    ) -> SearchResult:
        """The moments that fit a description, an image, or both, best first.

        `query` are words, in which `then`, `before`, `after`, `while`, `not`, `in VIDEO` and `between 1:00 and 2:00`
        are understood (docs/search.md), or a `Query`. `video` (id, name or path) and `between` (seconds; `None`
        leaves an end open) narrow where to look; `channels` narrows to what was seen (`picture`, `object`, `text`,
        `thermal`, `depth`), said (`speech`) or felt by sensors (`motion`). `limit` (5) bounds the moments, and
        `per_video` those of one video. Raises `QueryError`.
        """
        reading = Reading(query, query) if isinstance(query, Query) else read(query, self._holds)
        reading = reading.each(
            lambda asked: asked.narrowed(
                image=image, between=between, channels=channels, limit=limit, per_video=per_video
            )
        )
        named = [self.video(key) for key in (video, reading.plain.video) if key]
        where = {found.id: found for found in named}
        if len(where) > 1:
            names = " and ".join(found.name for found in named)
            raise QueryError("The search names two videos", names, "Name one")
        searcher = Searcher(
            self._catalog(write=False), self._vectors, self.models, self.settings, self.folder, self._remembered
        )
        found = searcher.read(reading, next(iter(where.values()), None))
        if slowly := self._server and self._server.trouble():
            found = replace(found, notes=(*found.notes, slowly))
        return found

    def search_like(
        self,
        example: str | Path,
        *,
        video: str | Video | None = None,
        between: tuple[float | None, float | None] | None = None,
        channels: Channel | str | Iterable[Channel | str] = (),
        limit: int = 5,
        per_video: int = 0,
    ) -> SearchResult:
        """The moments that are like a picture, a sound or a film: that look like it, or in which the same is said.

        Of a film three stills are looked for, and what is said in its first minute. Raises `QueryError` where nothing
        in it can be looked for, `MediaError` where it cannot be read.
        """
        read_from = read_example(Path(os.path.expanduser(example)).absolute(), self.models, self.settings.limits)
        kinds = frozenset(Channel(c) for c in ((channels,) if isinstance(channels, str) else channels))
        where: dict[str, Any] = {"video": video, "between": between, "limit": limit, "per_video": per_video}
        with tempfile.TemporaryDirectory() as folder:
            found = [self.search(query, **where) for query in read_from.queries(kinds, Path(folder))]
        return taken_together(read_from.name, found, limit, per_video)

    def videos(self) -> list[Video]:
        """Every video in the library, by name."""
        return self._catalog(write=False).videos()

    def by_id(self, video_id: str) -> Video | None:
        """The video with this id; None where it is not there."""
        return self._catalog(write=False).video(video_id)

    def video(self, key: str | Video) -> Video:
        """The video with this id (or the start of one), path or name. Raises `InputError`."""
        if isinstance(key, Video):
            return key
        found = self._catalog(write=False).find(key)
        if len(found) == 1:
            return found[0]
        if found:
            raise InputError(
                f"{key!r} is the name of {len(found)} videos",
                ", ".join(f"{v.id[:12]} ({v.path})" for v in found),
                "Give the id or the path",
            )
        videos = self.videos()
        names = ", ".join(v.name for v in videos[:8]) + (" …" if len(videos) > 8 else "")
        raise InputError(f"There is no video {key!r} in the library", f"it holds {names or 'nothing yet'}", _LIST)

    def holds(self, video: Video) -> bool:
        """Whether this very video, by its bytes, is in the library."""
        return self.by_id(video.id) is not None

    def transcript(self, video: str | Video) -> Transcript:
        """What was said in a video, as indexed."""
        found = self.video(video)
        segments = self._catalog(write=False).segments(found.id, Channel.SPEECH)
        utterances = tuple(Utterance(s.span, s.text, s.words) for s in segments)
        return Transcript(utterances, ", ".join(sorted({s.model for s in segments})), video=found)

    def observed(
        self, video: str | Video, channels: Iterable[Channel] = (), span: Span | None = None
    ) -> list[Segment]:
        """What was said, written, seen and captioned in a video, or in part of it, in order of time."""
        found = self.video(video)
        wanted = frozenset(channels)
        within = Within(found.id, *((span.start_s, span.end_s) if span else ()))
        told = self._catalog(write=False).told(within)
        return [segment for segment in told if not wanted or segment.channel in wanted]

    def pictures(self, video: str | Video, span: Span) -> list[Segment]:
        """The distinct pictures that are shown in part of a video, in order of time."""
        segments = self._catalog(write=False).segments(self.video(video).id, *PICTORIAL)
        return [s for s in segments if s.span.overlap_s(span) or span.start_s <= s.span.start_s < span.end_s]

    def picture_vectors(self, video: str | Video, span: Span) -> Vectors:
        """What the picture model in force made of the pictures in part of a video when it was indexed, `(n, dim)`."""
        found = self.video(video)
        within = Within(found.id, span.start_s, span.end_s)
        channel = channel_of(self.indexed(found))
        return self._catalog(write=False).vectors(channel, self.models.picture.id, within)[1]

    def vectors(self, channel: Channel | str) -> tuple[list[Segment], Vectors, str]:
        """Every segment of a channel with its vector by the encoder in force, `(n, dim)`, and the name of that."""
        kind, catalog = Channel(channel), self._catalog(write=False)
        space = self.models.identity(Role.PICTURE if kind in PICTORIAL else Role.SENTENCES)
        ids, matrix = catalog.vectors(kind, space)
        row = {vector_id: number for number, vector_id in enumerate(ids)}
        found = sorted(
            catalog.found_by_vector(row, timed=True), key=lambda one: (one[0].video_id, one[0].start_s, one[0].id)
        )
        return [stored.segment for stored, _ in found], matrix[[row[vector_id] for _, vector_id in found]], space

    def shots(self, video: str | Video) -> list[Span]:
        """The stretches between cuts; none where only sound was indexed."""
        return self._catalog(write=False).shots(self.video(video).id)

    def indexed(self, video: str | Video) -> frozenset[Channel]:
        """The channels on which a video was observed."""
        return frozenset(self._catalog(write=False).channels(self.video(video).id))

    def fingerprint(self, video: str | Video | None = None) -> str:
        """Changes when what is known of a video, or of any, changes."""
        catalog = self._catalog(write=False)
        videos = [self.video(video)] if video else catalog.videos()
        channels = catalog.made(videos[0].id if video else "")
        known = [(v.id, v.name, str(v.path), channels.get(v.id, [])) for v in videos]
        return hashlib.sha256(json.dumps(known).encode()).hexdigest()

    def around(self, moment: Moment, margin_s: float = 10.0) -> list[Segment]:
        """What was said, written and seen from `margin_s` before a moment to as long after it, in order of time.

        Raises `InputError` for a margin below 0.
        """
        if not 0 <= margin_s < math.inf:
            raise InputError(f"{margin_s} s around a moment cannot be shown", "", "Give seconds, 0 or more")
        within = Within(moment.video.id, moment.span.start_s - margin_s, moment.span.end_s + margin_s)
        return self._catalog(write=False).told(within)

    def counts(self, video: str | Video) -> dict[Channel, int]:
        """How many segments each indexed channel of a video has; motion only where there was any."""
        found = self.video(video)
        catalog = self._catalog(write=False)
        counted = dict.fromkeys(catalog.channels(found.id), 0) | catalog.counts(found.id)
        return {channel: count for channel, count in counted.items() if count or channel is not Channel.MOTION}

    @property
    def writer(self) -> str:
        """The number of the process that writes to the library just now, or `""`."""
        return writer(self.folder)

    @property
    def rebuild_command(self) -> str:
        """The command that makes the index of vectors anew, here or on its server."""
        command = self._server.address.rebuild if self._server else "playhead rebuild"
        return f"{command} --library {shlex.quote(str(self.folder))}"

    def verify(self) -> list[str]:
        """What is wrong with the library, in words; empty when every vector is reachable and nothing is lost."""
        catalog = self._catalog(write=False)
        wrong = [f"{path} is not a folder: move it away" for path in self._no_folders()]
        return [*catalog.check(), *wrong, *self._vectors.verify(catalog), *self._lost_thumbnails(catalog)]

    def _lost_thumbnails(self, catalog: Catalog) -> list[str]:
        def there(thumbnail: str) -> bool:
            with suppress(FileNotFoundError, NotADirectoryError):
                return stat.S_ISREG((self.folder / thumbnail).stat().st_mode)
            return False

        try:
            missing = sum(not there(thumbnail) for thumbnail in catalog.thumbnails())
        except OSError as error:
            return [f"thumbnails cannot be looked at: {reason_of(error)} ({self.folder / 'thumbs'})"]
        return [f"{missing} thumbnails are missing (index those files again)"] if missing else []

    def close(self) -> None:
        """Close the files; the library opens again when it is next used."""
        with self._opening:
            for write in sorted(self._open):  # the writer last, which tidies up
                self._open.pop(write).close()
        self._vectors.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Library({str(self.folder)!r})"

    def _holds(self, name: str) -> bool:
        return bool(self._catalog(write=False).find(name))

    def _catalog(self, *, write: bool, create: bool = False) -> Catalog:
        with self._opening:
            if write not in self._open:
                folder = self.folder if create else self._existing()
                self._open[write] = Catalog(folder / "catalog.sqlite", readonly=not write, create=create)
            return self._open[write]

    def _existing(self) -> Path:
        if self.exists:
            return self.folder
        if any((self.folder / derived).exists() for derived in _DERIVED):
            raise self._bereft()
        raise LibraryError(f"There is no library at {self.folder}", "", "Make one with: playhead index PATH")

    def _changeable(self) -> Path:
        folder = self._existing()
        for path in self._no_folders():
            what = f"The library {self.folder} cannot be changed"
            raise LibraryError(what, f"{path} is not a folder", "Move it away and run the command again")
        return folder

    def _no_folders(self) -> list[Path]:
        paths = [self.folder / name for name in sorted(_DERIVED)]
        return [path for path in paths if path.exists() and not path.is_dir()]

    def _bereft(self) -> LibraryError:
        why = "its catalogue is gone, and with it what was indexed"
        return LibraryError(f"The library {self.folder} cannot be used", why, START_ANEW)

    def prepare(self) -> None:
        """Make the folder, where there is none. Raises `InputError` for one that holds something else.

        Raises `LibraryError` for a library that has lost its catalogue, or holds a file where a folder should be.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            names = {path.name for path in self.folder.iterdir()}
            catalog = self.folder / "catalog.sqlite"
            begun = catalog.exists() and catalog.stat().st_size > 0
        except (FileExistsError, NotADirectoryError) as error:
            raise InputError(
                f"{self.folder} is not a folder", "", "Name a new or empty folder with --library"
            ) from error
        except OSError as error:
            raise StorageError(
                f"The library {self.folder} cannot be made",
                reason_of(error),
                "Choose --library",
            ) from error
        if begun:
            self._changeable()
            return
        if _DERIVED & names:
            raise self._bereft()
        if names - {
            HEAD_NAME,
            UPLOADS,
            "lock",
            "catalog.sqlite",
            "catalog.sqlite-wal",
            "catalog.sqlite-shm",
            "catalog.sqlite-journal",
        }:
            raise InputError(
                f"{self.folder} is not a library", "it holds other files", "Name a new or empty folder with --library"
            )
