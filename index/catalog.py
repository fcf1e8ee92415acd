"""The catalogue: one SQLite file that holds everything that was observed, vectors included. It is the truth."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sqlite3
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from playhead.errors import LibraryError, LibraryVersionError, StorageError
from playhead.types import PICTORIAL, Channel, Segment, Span, Video, Word

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

VERSION = 3
START_ANEW = "Put back a copy, or move the folder away and index your footage again; the footage itself is untouched"
_APPLICATION = 0x504C4159  # "PLAY", SQLite's mark of whose file it is
_REMEMBERED = 512
_PAGES_KIB = 65_536  # of the file that a connection holds in memory, instead of SQLite's 2,000
_OBSERVED = "s.id, s.video_id, s.channel, s.start_s, s.end_s, s.model, s.text, s.score, s.thumbnail"
_SEGMENT = f"{_OBSERVED}, s.words"
_UNTIMED = f"{_OBSERVED}, '[]'"  # a search has no use for when each word was said

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Within:
    """Where to look: one video or (empty) all of them, and a stretch of time."""

    video_id: str = ""
    start_s: float = -1e12
    end_s: float = 1e12

    def part_of(self, span: Span) -> Span:
        """The part of a span that lies within; it must not lie outside altogether."""
        if self.start_s <= span.start_s and span.end_s <= self.end_s:
            return span
        start_s = max(span.start_s, self.start_s)
        return Span(start_s, max(start_s, min(span.end_s, self.end_s)))

    @property
    def sql(self) -> tuple[str, tuple[object, ...]]:
        """The condition on a segment `s`, and its values."""
        conditions: list[str] = []
        values: list[object] = []
        if self.video_id:
            conditions.append("s.video_id = ?")
            values.append(self.video_id)
        if self.end_s < EVERYWHERE.end_s:
            conditions.append("s.start_s < ?")
            values.append(self.end_s)
        if self.start_s > EVERYWHERE.start_s:
            conditions.append("max(s.end_s, s.start_s + 1e-6) > ?")
            values.append(self.start_s)
        return " AND ".join(conditions) or "1", tuple(values)


EVERYWHERE = Within()

_UPGRADES = {
    1: """
        ALTER TABLE video ADD COLUMN content TEXT NOT NULL DEFAULT '';
        DROP INDEX segment_vector;
        CREATE INDEX segment_vector ON segment (vector_id, score DESC, start_s, end_s);
    """,
    2: "CREATE INDEX segment_place ON segment (number, start_s, end_s, channel);",
}
"""What makes a catalogue of one version one of the next."""


class Row(NamedTuple):
    """A segment as the catalogue holds it: a search reads hundreds, and makes segments of those that it shows."""

    id: str
    video_id: str
    channel: str
    start_s: float
    end_s: float
    model: str
    text: str
    score: float
    thumbnail: str
    words: str

    @property
    def span(self) -> Span:
        """When."""
        return Span(self.start_s, self.end_s)

    @property
    def segment(self) -> Segment:
        """What was observed."""
        spoken = tuple(Word(Span(a, b), word) for a, b, word in json.loads(self.words)) if self.words != "[]" else ()
        return Segment(
            self.id, self.video_id, Channel(self.channel), self.span, self.model, self.text,
            self.score, self.thumbnail, spoken,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class StoredSegment:
    """A segment and the vector it is found by; `vector_id` is empty where there is none."""

    segment: Segment
    vector_id: str = ""


@dataclass(frozen=True, slots=True)
class ChannelRecord:
    """What made a channel: `recipe` observed it, `space` is the encoder of its vectors."""

    recipe: str
    space: str


@dataclass(slots=True)
class Record:
    """Everything one indexing pass found out about a video; committed as one transaction."""

    video: Video
    shots: list[Span] = field(default_factory=list)
    channels: dict[Channel, ChannelRecord] = field(default_factory=dict)
    segments: list[StoredSegment] = field(default_factory=list)
    vectors: dict[str, tuple[Channel, str, NDArray[np.float32]]] = field(default_factory=dict)


class Catalog:
    """An open catalogue; several threads may read. `StorageError` if the disk refuses, `LibraryError` if damaged."""

    def __init__(self, path: Path, *, readonly: bool = False, create: bool = False) -> None:
        self.path, self._readonly, self._version = path, readonly, VERSION
        self._remembered: tuple[int, dict[object, Any]] = (-1, {})
        try:
            self._db, self._lock = _connect(path, readonly), threading.RLock()
        except sqlite3.Error as error:
            raise _translate(error, path, reading=readonly) from error
        try:
            if readonly and not _shared(self._db) and not _journalled(path):
                self._db.close()
                self._db = _connect(path, readonly, alone=True)
            self._check_version(create)
            self._db.execute(f"PRAGMA cache_size = -{_PAGES_KIB}")
            if not readonly:
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = FULL")
        except BaseException as error:
            self._db.close()
            if isinstance(error, sqlite3.Error):
                raise _translate(error, path, reading=readonly) from error
            raise

    def close(self) -> None:
        """Close the file, once nobody reads it; whoever reads it later has a `LibraryError`."""
        with self._lock:
            self._db.close()

    def _check_version(self, create: bool) -> None:
        application, version, tables = self._db.execute(
            "SELECT (SELECT * FROM pragma_application_id), (SELECT * FROM pragma_user_version), count(*) "
            "FROM sqlite_schema"
        ).fetchone()
        if tables and application != _APPLICATION:
            raise LibraryError(
                f"{self.path} is not Playhead's", "it is another program's database", "Choose another --library"
            )
        if version > VERSION:
            raise LibraryVersionError(
                f"The library {self.path.parent} cannot be opened",
                f"it has format {version} and this Playhead reads up to {VERSION}",
                "Upgrade with: pip install --upgrade playhead",
            )
        if version:
            self._version = self._upgraded(version)
            return
        if not create:
            raise LibraryError(f"The library {self.path.parent} cannot be read", "its catalogue is empty", START_ANEW)
        script = files("playhead.index").joinpath("schema.sql").read_text(encoding="utf-8")
        marks = f"PRAGMA application_id = {_APPLICATION};\nPRAGMA user_version = {VERSION};"
        self._db.executescript(f"BEGIN;\n{script}\n{marks}\nCOMMIT;")

    def _upgraded(self, version: int) -> int:
        """The version from now on: the first writer upgrades an older catalogue, readers take it as it is."""
        if self._readonly or version == VERSION:
            return version
        steps = "".join(_UPGRADES[step] for step in range(version, VERSION))
        self._db.executescript(f"BEGIN IMMEDIATE;\n{steps}\nPRAGMA user_version = {VERSION};\nCOMMIT;")
        return VERSION

    def _format(self) -> int:
        """The version that the file has now: a writer may have upgraded it since it was opened."""
        if self._version < VERSION:
            self._version = self._read("PRAGMA user_version")[0][0]
        return self._version

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute(
                    "INSERT INTO meta VALUES ('revision', '1') "
                    "ON CONFLICT (key) DO UPDATE SET value = CAST(value AS INTEGER) + 1"
                )
                self._db.execute("COMMIT")
            except BaseException as error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                if isinstance(error, sqlite3.Error):
                    raise _translate(error, self.path) from error
                raise

    @property
    def revision(self) -> int:
        """Grows with every change."""
        rows = self._read("SELECT value FROM meta WHERE key = 'revision'")
        return int(rows[0][0]) if rows else 0

    def _once(self, what: object, read: Callable[[], T], known: dict[object, Any] | None = None) -> T:
        """What does not change within a revision, read once; of more than a few hundred the oldest is forgotten."""
        known = self._known() if known is None else known
        try:
            found: T = known[what]
        except KeyError:
            found = known[what] = read()
            for oldest in list(known)[:-_REMEMBERED]:
                known.pop(oldest, None)
        return found

    def _known(self) -> dict[object, Any]:
        """What was read of this revision before."""
        revision, known = self.revision, self._remembered
        if known[0] != revision:
            known = self._remembered = revision, {}
        return known[1]

    def _read(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        try:
            with self._lock:
                return self._db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise _translate(error, self.path, reading=True) from error

    # Videos

    def videos(self) -> list[Video]:
        """Every video, by name."""
        return self._videos("")

    @property
    def empty(self) -> bool:
        """Whether there is no video."""
        return not self._read("SELECT 1 FROM video LIMIT 1")

    def contents(self) -> dict[str, str]:
        """For every video a digest of its segments and vectors, which changes when they do."""
        column = "content" if self._format() > 1 else "''"
        return dict(self._read(f"SELECT id, {column} FROM video ORDER BY id"))  # noqa: S608

    def video(self, video_id: str) -> Video | None:
        """The video with this id."""
        return next(iter(self._videos("WHERE v.id = ?", video_id)), None)

    def find(self, key: str) -> list[Video]:
        """The videos with this id, else path, else name, else start of an id (six characters or more)."""
        key = key.encode(errors="replace").decode()  # no stored name holds what is not UTF-8
        path = os.path.abspath(os.path.expanduser(key))
        for where, value in (
            ("WHERE v.id = ?", key),
            ("WHERE v.id IN (SELECT video_id FROM label WHERE path = ?)", path),
            ("WHERE v.id IN (SELECT video_id FROM label WHERE name = ?)", key),
            ("WHERE length(?1) >= 6 AND substr(v.id, 1, length(?1)) = ?1", key),
        ):
            if found := self._videos(where, value):
                return found
        return []

    def _videos(self, where: str, *values: str) -> list[Video]:
        rows = self._read(
            "SELECT v.id, l.name, l.path, min(l.number), v.duration_s, v.start_s, v.width, v.height, "  # noqa: S608
            f"v.has_audio, v.warnings FROM video v JOIN label l ON l.video_id = v.id {where} "
            "GROUP BY v.id ORDER BY l.name, l.path",
            values,
        )
        return [
            Video(i, name, Path(path), duration, start, width, height, bool(audio), tuple(json.loads(warnings)))
            for i, name, path, _, duration, start, width, height, audio, warnings in rows
        ]

    def labels(self, video_id: str) -> list[Path]:
        """Every path under which the video's bytes were indexed."""
        rows = self._read("SELECT path FROM label WHERE video_id = ? ORDER BY path", (video_id,))
        return [Path(path) for (path,) in rows]

    def channels(self, video_id: str) -> dict[Channel, ChannelRecord]:
        """What made each channel of a video."""
        rows = self._read("SELECT channel, recipe, space FROM channel WHERE video_id = ?", (video_id,))
        return {Channel(channel): ChannelRecord(recipe, space) for channel, recipe, space in rows}

    def made(self, video_id: str = "") -> dict[str, list[tuple[str, str, str]]]:
        """What made each channel of every video, or of one, by its id: channel, recipe and space, in order."""
        found: dict[str, list[tuple[str, str, str]]] = {}
        query = "SELECT video_id, channel, recipe, space FROM channel WHERE ? IN ('', video_id) ORDER BY channel"
        for of, *made in self._read(query, (video_id,)):
            found.setdefault(of, []).append(tuple(made))
        return found

    def observed(self) -> set[Channel]:
        """Every channel that some video was indexed on."""
        rows = self._once("observed", lambda: self._read("SELECT DISTINCT channel FROM channel"))
        return {Channel(channel) for (channel,) in rows}

    def previewed(self, video_id: str = "") -> int:
        """How many videos (or whether one) were looked at in a preview alone."""
        query = (
            "SELECT count(DISTINCT video_id) FROM channel WHERE recipe LIKE '% mode=preview %' "
            "AND (? = '' OR video_id = ?)"
        )
        return int(self._once(("previewed", video_id), lambda: self._read(query, (video_id, video_id)))[0][0])

    def shown(self, video_ids: Iterable[str]) -> Iterator[tuple[Video, list[Span]]]:
        """Those of these videos that are there, with their shots; read once, since searches ask for the same ones."""
        known = self._known()
        for video_id in video_ids:
            video = self._once(("video", video_id), partial(self.video, video_id), known)
            if video:
                yield video, self._once(("shots", video_id), partial(self.shots, video_id), known)

    def shots(self, video_id: str) -> list[Span]:
        """The video's shots, in order."""
        rows = self._read("SELECT start_s, end_s FROM shot WHERE video_id = ? ORDER BY start_s", (video_id,))
        return [Span(start, end) for start, end in rows]

    # Changes

    def put(self, record: Record, path: Path) -> list[Video]:
        """Store what was observed and give it the label `path`, all in one transaction.

        Channels in the record replace what was there; one of pictures replaces the others of pictures. Returns the
        videos that lost their last label to it and were removed: the file at `path` used to hold their bytes.
        """
        video = record.video
        with self._transaction() as db:
            self._put_video(db, video)
            if record.shots:
                db.execute("DELETE FROM shot WHERE video_id = ?", (video.id,))
                shots = [(video.id, shot.start_s, shot.end_s) for shot in record.shots]
                db.executemany("INSERT INTO shot VALUES (?, ?, ?)", shots)
            self._put_channels(db, record)
            db.executemany(
                "INSERT OR IGNORE INTO vector (id, channel, space, data) VALUES (?, ?, ?, ?)",
                [(i, channel, space, pack(vector)) for i, (channel, space, vector) in record.vectors.items()],
            )
            db.executemany(
                "INSERT OR IGNORE INTO segment (id, video_id, channel, start_s, end_s, model, text, score, "
                "thumbnail, words, vector_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [_row(stored) for stored in record.segments],
            )
            self._digest(db, video.id)
            replaced = self._label(db, video.id, path)
            self._sweep(db)
        return replaced

    @staticmethod
    def _put_video(db: sqlite3.Connection, video: Video) -> None:
        db.execute(
            "INSERT INTO video (id, duration_s, start_s, width, height, has_audio, warnings) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
            "duration_s = excluded.duration_s, start_s = excluded.start_s, width = excluded.width, "
            "height = excluded.height, has_audio = excluded.has_audio, warnings = excluded.warnings",
            (
                video.id, video.duration_s, video.start_s, video.width, video.height, video.has_audio,
                json.dumps(video.warnings),
            ),
        )  # fmt: skip

    @staticmethod
    def _put_channels(db: sqlite3.Connection, record: Record) -> None:
        """What made each channel, in place of what was there; pictures replace pictures of every kind."""
        video_id, pictures = record.video.id, bool(set(PICTORIAL) & record.channels.keys())
        for channel in {*record.channels, *(PICTORIAL if pictures else ())}:
            for table in ("segment", "channel"):
                db.execute(f"DELETE FROM {table} WHERE video_id = ? AND channel = ?", (video_id, channel))  # noqa: S608
        made = [(video_id, channel, one.recipe, one.space) for channel, one in record.channels.items()]
        db.executemany("INSERT INTO channel VALUES (?, ?, ?, ?)", made)

    def relabel(self, video_id: str, path: Path, gone: Sequence[Path] = ()) -> list[Video]:
        """Note that the bytes of a known video are (also) at `path`, and no longer where they are `gone`.

        See `put` for what it returns.
        """
        with self._transaction() as db:
            db.executemany("DELETE FROM label WHERE path = ?", [(str(path),) for path in gone])
            replaced = self._label(db, video_id, path)
            self._sweep(db)
        return replaced

    def reembed(
        self, video_id: str, channel: Channel, space: str, vectors: Sequence[tuple[str, str, NDArray[np.float32]]]
    ) -> None:
        """Give a channel's segments new vectors: (segment id, vector id, vector); nothing is observed again."""
        with self._transaction() as db:
            db.executemany(
                "INSERT OR IGNORE INTO vector (id, channel, space, data) VALUES (?, ?, ?, ?)",
                [(vector_id, channel, space, pack(vector)) for _, vector_id, vector in vectors],
            )
            db.executemany("UPDATE segment SET vector_id = ? WHERE id = ?", [(v, s) for s, v, _ in vectors])
            db.execute("UPDATE channel SET space = ? WHERE video_id = ? AND channel = ?", (space, video_id, channel))
            self._digest(db, video_id)
            self._sweep(db)

    def remove(self, video_id: str) -> None:
        """Forget a video and everything observed in it."""
        with self._transaction() as db:
            db.execute("DELETE FROM segment WHERE video_id = ?", (video_id,))
            db.execute("DELETE FROM video WHERE id = ?", (video_id,))
            self._sweep(db)

    def _label(self, db: sqlite3.Connection, video_id: str, path: Path) -> list[Video]:
        row = db.execute("SELECT video_id FROM label WHERE path = ?", (str(path),)).fetchone()
        before = self.video(row[0]) if row and row[0] != video_id else None
        db.execute(
            "INSERT INTO label (path, name, video_id) VALUES (?, ?, ?) "
            "ON CONFLICT (path) DO UPDATE SET video_id = excluded.video_id",
            (str(path), path.name, video_id),
        )
        if before is None or self.labels(before.id):
            return []
        db.execute("DELETE FROM segment WHERE video_id = ?", (before.id,))
        db.execute("DELETE FROM video WHERE id = ?", (before.id,))
        return [before]

    @staticmethod
    def _digest(db: sqlite3.Connection, video_id: str) -> None:
        rows = db.execute("SELECT id, vector_id FROM segment WHERE video_id = ? ORDER BY id", (video_id,))
        content = hashlib.sha256(json.dumps(rows.fetchall()).encode()).hexdigest()[:16]
        db.execute("UPDATE video SET content = ? WHERE id = ?", (content, video_id))

    @staticmethod
    def _sweep(db: sqlite3.Connection) -> None:
        db.execute(
            "DELETE FROM vector WHERE id IN (SELECT id FROM released) "
            "AND NOT EXISTS (SELECT 1 FROM segment s WHERE s.vector_id = vector.id)"
        )
        db.execute("DELETE FROM released")

    # Segments and vectors

    def segments(self, video_id: str, *channels: Channel) -> list[Segment]:
        """A video's segments on these channels, in order of time."""
        rows = self._read(
            f"SELECT {_SEGMENT} FROM segment s WHERE s.video_id = ? "  # noqa: S608
            "AND s.channel IN (SELECT value FROM json_each(?)) ORDER BY s.start_s, s.end_s, s.id",
            (video_id, json.dumps(channels)),
        )
        return [Row(*row).segment for row in rows]

    def counts(self, video_id: str) -> dict[Channel, int]:
        """How many segments a video has on each channel that has any."""
        rows = self._read("SELECT channel, count(*) FROM segment WHERE video_id = ? GROUP BY channel", (video_id,))
        return {Channel(channel): count for channel, count in rows}

    def told(self, within: Within) -> list[Segment]:
        """Everything said, written, seen and captioned there, in order of time."""
        where, values = within.sql
        rows = self._read(
            f"SELECT {_SEGMENT} FROM segment s WHERE s.text != '' AND {where} "  # noqa: S608
            "ORDER BY s.start_s, s.end_s, s.channel, s.text",
            values,
        )
        return [Row(*row).segment for row in rows]

    def found_by_vector(
        self,
        vector_ids: Iterable[str],
        within: Within = EVERYWHERE,
        *,
        channels: Collection[Channel] = (),
        alike: int = -1,
        most: int = -1,
        timed: bool = False,
    ) -> list[tuple[Row, str]]:
        """The segments there that are found by these vectors, each with its vector's id; `timed` with their words.

        `most` bounds them all, the first vectors first; `alike` those of one vector, the surest first. Of one video
        all are given: it has fewer segments than a common word has videos; those of other `channels` are not read.
        """
        wanted = json.dumps(list(vector_ids))
        if within.video_id:
            where, values = _on(within, channels)
            by, found = "s.vector_id", f"segment s WHERE {where} AND +s.vector_id IN (SELECT value FROM json_each(?))"  # noqa: S608
            values = (*values, wanted)
        else:
            where, values = within.sql
            one = f"SELECT s.number FROM segment s WHERE s.vector_id = j.value AND {where}"  # noqa: S608
            some = f"{one} ORDER BY s.score DESC, s.number LIMIT ?"
            by, found = "j.value", f"json_each(?) j CROSS JOIN segment s ON s.number IN ({some}) LIMIT ?"
            values = (wanted, *values, alike, most)
        columns = _SEGMENT if timed else _UNTIMED
        rows = self._read(f"SELECT {columns}, {by} FROM {found}", values)  # noqa: S608
        return [(Row(*row[:-1]), row[-1]) for row in rows]

    def found_by_number(self, numbers: Sequence[int]) -> dict[int, Row]:
        """The segments of these numbers, without their words."""
        rows = self._read(
            f"SELECT {_UNTIMED}, s.number FROM json_each(?) j CROSS JOIN segment s ON s.number = j.value",  # noqa: S608
            (json.dumps(numbers),),
        )
        return {row[-1]: Row(*row[:-1]) for row in rows}

    def placed(self, video_id: str) -> list[tuple[Channel, str, str, float, float, bytes]]:
        """Where a video's vectors stand: channel, space, vector id, start, end, and the float16 data; in order."""
        rows = self._read(
            "SELECT v.channel, v.space, v.id, s.start_s, s.end_s, v.data FROM segment s "
            "JOIN vector v ON v.id = s.vector_id WHERE s.video_id = ? ORDER BY s.channel, s.start_s, s.number",
            (video_id,),
        )
        return [(Channel(row[0]), *row[1:]) for row in rows]

    def matching(
        self, expression: str, most: int, within: Within = EVERYWHERE, channels: Collection[Channel] = ()
    ) -> list[int]:
        """The numbers of the first segments whose text matches an FTS5 expression, on these channels (none: any)."""
        segment, where, values = "", "t.segment_text MATCH ?", list[object]([expression])
        if within != EVERYWHERE or channels:
            # Left to itself, SQLite would read the whole row of each match.
            by = "INDEXED BY segment_place" if self._format() > 2 and not within.video_id else ""
            segment = f"CROSS JOIN segment s {by} ON s.number = t.rowid"
            there, inside = _on(within, channels)
            where += f" AND {there}"
            values += inside
        if within.video_id:
            numbers = "SELECT min(number), max(number) FROM segment WHERE video_id = ?"
            where += " AND t.rowid BETWEEN ? AND ?"
            values += self._once(("numbers", within.video_id), lambda: self._read(numbers, (within.video_id,)))[0]
        found = f"SELECT t.rowid FROM segment_text t {segment} WHERE {where} ORDER BY t.rowid LIMIT ?"  # noqa: S608
        rows = self._read(f"SELECT json_group_array(rowid) FROM ({found})", (*values, most))  # noqa: S608
        return sorted(json.loads(rows[0][0]))

    def containing(
        self, texts: Sequence[str], most: int, within: Within = EVERYWHERE, channels: Collection[Channel] = ()
    ) -> list[int]:
        """The same where a text holds all of `texts` anywhere, for writing that puts no spaces between words."""
        where, values = _on(within, channels)
        held = " AND ".join(["instr(lower(s.text), ?)"] * len(texts))
        rows = self._read(
            f"SELECT s.number FROM segment s WHERE {held} AND {where} ORDER BY s.number LIMIT ?",  # noqa: S608
            (*(text.lower() for text in texts), *values, most),
        )
        return [number for (number,) in rows]

    def holds_phrase(self, text: str, within: Within, channels: Collection[Channel]) -> bool:
        """Whether somebody said or wrote these words in this order, there, on these channels (none: any)."""
        words = text.replace('"', " ")
        return bool(re.search(r"\w", text) and self.matching(f'"{words}"', 1, within, channels))

    def spaces(self) -> list[tuple[Channel, str, int]]:
        """Every (channel, space) that has vectors, and how many."""
        query = "SELECT channel, space, count(*) FROM vector GROUP BY channel, space ORDER BY 1, 2"
        rows = self._once("spaces", lambda: self._read(query))
        return [(Channel(channel), space, count) for channel, space, count in rows]

    def vector_ids(self, channel: Channel, space: str) -> set[str]:
        """The names of all vectors of a channel by an encoder."""
        return {i for (i,) in self._read("SELECT id FROM vector WHERE channel = ? AND space = ?", (channel, space))}

    def vectors(
        self, channel: Channel, space: str, within: Within = EVERYWHERE
    ) -> tuple[list[str], NDArray[np.float32]]:
        """Vector ids and their `(n, dim)` matrix, in order of id."""
        query = "SELECT id, data FROM vector WHERE channel = ? AND space = ? ORDER BY id"
        values: tuple[object, ...] = (channel, space)
        if within != EVERYWHERE:
            query = (
                "SELECT DISTINCT v.id, v.data FROM segment s JOIN vector v ON v.id = s.vector_id "  # noqa: S608
                f"WHERE v.channel = ? AND v.space = ? AND {within.sql[0]} ORDER BY v.id"
            )
            values = (*values, *within.sql[1])
        rows = self._read(query, values)
        if not rows:
            return [], np.zeros((0, 0), np.float32)
        data = np.frombuffer(b"".join(blob for _, blob in rows), "<f2").reshape(len(rows), -1)
        return [i for i, _ in rows], data.astype(np.float32)

    def vectors_of(self, vector_ids: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of these names, in their order, `(n, dim)`."""
        rows = dict(
            self._read(
                "SELECT v.id, v.data FROM json_each(?) j JOIN vector v ON v.id = j.value", (json.dumps(vector_ids),)
            )
        )
        data = b"".join(rows[i] for i in vector_ids)
        return np.frombuffer(data, "<f2").reshape(len(vector_ids), -1).astype(np.float32)

    def check(self) -> list[str]:
        """What is wrong inside the catalogue itself; empty when nothing is."""
        problems = [f"catalogue: {row[0]}" for row in self._read("PRAGMA integrity_check") if row[0] != "ok"]
        problems += [f"catalogue: foreign key {row}" for row in self._read("PRAGMA foreign_key_check")]
        lost = self._read(
            "SELECT count(*) FROM segment s WHERE s.vector_id IS NOT NULL "
            "AND NOT EXISTS (SELECT 1 FROM vector v WHERE v.id = s.vector_id)"
        )[0][0]
        if lost:
            problems.append(f"catalogue: {lost} segments have lost their vectors")
        return problems

    def thumbnails(self, video_id: str = "") -> dict[str, set[Channel]]:
        """Every thumbnail the catalogue refers to (for one video, if it is named), relative to the library.

        With the channels of the segments that show it.
        """
        rows = self._read(
            "SELECT DISTINCT thumbnail, channel FROM segment WHERE thumbnail != '' AND (? = '' OR video_id = ?)",
            (video_id, video_id),
        )
        shown: dict[str, set[Channel]] = {}
        for thumbnail, channel in rows:
            shown.setdefault(thumbnail, set()).add(Channel(channel))
        return shown


def _on(within: Within, channels: Collection[Channel]) -> tuple[str, tuple[object, ...]]:
    """The condition on a segment `s` that it lies within and is of one of these channels (none: any)."""
    where, values = within.sql
    if not channels:
        return where, values
    return f"{where} AND s.channel IN (SELECT value FROM json_each(?))", (*values, json.dumps(sorted(channels)))  # noqa: S608


def _shared(db: sqlite3.Connection) -> bool:
    """Whether it can be read beside a writer; on a full disk there may be no room for what that takes."""
    try:
        db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.OperationalError as error:
        return not error.sqlite_errorname.startswith(("SQLITE_IOERR_SHM", "SQLITE_CANTOPEN", "SQLITE_FULL"))
    return True


def _journalled(path: Path) -> bool:
    """Whether a writer, perhaps one that was killed, has something that is not in the file yet."""
    journal = path.with_name(f"{path.name}-wal")
    return journal.exists() and journal.stat().st_size > 0


def _connect(path: Path, readonly: bool, *, alone: bool = False) -> sqlite3.Connection:
    if readonly:
        # Reading beside a writer needs a writable folder. Without one nobody can be writing, and the file holds
        # everything, unless a killed writer left its journal: that is read where it lies.
        alone = alone or (not os.access(path.parent, os.W_OK) and not path.with_name(f"{path.name}-wal").exists())
        mode = "immutable=1" if alone else "mode=ro"
        db = sqlite3.connect(
            f"{path.absolute().as_uri()}?{mode}", uri=True, isolation_level=None, check_same_thread=False
        )
    else:
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA busy_timeout = 10000")
    return db


def _translate(error: sqlite3.Error, path: Path, *, reading: bool = False) -> LibraryError:
    name = getattr(error, "sqlite_errorname", "")
    if reading and name.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN")):
        what = f"The library {path.parent} could not be read"
        return StorageError(what, str(error), "See to its disk and its rights, then run the same command again")
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN")):
        return StorageError(
            f"The library {path.parent} could not be written",
            str(error),
            "What was indexed before is intact: make room or give write access, then run the same command again",
        )
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return LibraryError(f"The library {path.parent} is in use", str(error), "Try again when that has ended")
    if isinstance(error, sqlite3.ProgrammingError):
        return LibraryError(f"The library {path.parent} was closed", str(error).rstrip("."), "Open it again")
    return LibraryError(f"The catalogue of {path.parent} is damaged", str(error), START_ANEW)


def pack(vector: NDArray[np.float32]) -> bytes:
    """A vector as it is stored: little-endian float16."""
    return vector.astype("<f2").tobytes()


def _row(stored: StoredSegment) -> tuple[object, ...]:
    s = stored.segment
    words = json.dumps([[w.span.start_s, w.span.end_s, w.text] for w in s.words])
    return (
        s.id, s.video_id, s.channel, s.span.start_s, s.span.end_s, s.model, s.text, s.score, s.thumbnail, words,
        stored.vector_id or None,
    )  # fmt: skip
