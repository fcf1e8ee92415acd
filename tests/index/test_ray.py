"""Indexing by Ray's workers: the same catalogue as without, whoever is killed."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from playhead import Library, Settings
from playhead.errors import (
    MediaError,
    ModelError,
    PlayheadError,
    SettingsError,
    UnreadableMediaError,
    WorkersError,
)
from playhead.index.catalog import Catalog
from playhead.index.ingest import Ingest
from playhead.index.on_ray import TRIES
from playhead.index.ray_cluster import cluster
from playhead.index.worker import Identity, Orders, Seen, Worker, scratch, sweep
from playhead.models.roles import Role
from playhead.testing import FakeModels
from playhead.types import Channel, Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playhead.models.registry import Models
    from playhead.types import IndexReport, Progress

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow]

NAMES = ("cuts.mp4", "numbered.mkv", "plain.mp4", "talk.mkv", "subtitled.mkv")
CHANNELS = (Channel.PICTURE, Channel.OBJECT, Channel.SPEECH)
TABLES = {
    "meta": "SELECT * FROM meta ORDER BY 1",
    "video": "SELECT * FROM video ORDER BY 1",
    "label": "SELECT path, name, video_id FROM label ORDER BY 1",  # in the order in which files were finished
    "channel": "SELECT * FROM channel ORDER BY 1, 2",
    "shot": "SELECT * FROM shot ORDER BY 1, 2",
    "vector": "SELECT id, channel, space, data FROM vector ORDER BY id",
    "segment": "SELECT id, video_id, channel, start_s, end_s, model, text, score, thumbnail, words, vector_id "
    "FROM segment ORDER BY id",
    "segment_text": "SELECT s.id, t.text FROM segment_text t JOIN segment s ON s.number = t.rowid ORDER BY s.id",
}
COMMAND = """
import sys
import playhead.index.library as library
from playhead.interfaces.cli import main
from playhead.testing import FakeModels

made = library.Library.__init__
library.Library.__init__ = lambda self, *args, **named: made(self, *args, **{**named, "models": FakeModels()})
sys.exit(main(["index", *sys.argv[1:]]))
"""


def dump(library: Path) -> dict[str, list[tuple[object, ...]]]:
    """Everything in the catalogue but row numbers."""
    db = sqlite3.connect(library / "catalog.sqlite")
    found = {table: db.execute(query).fetchall() for table, query in TABLES.items()}
    db.close()
    return found


def thumbnails(library: Path) -> dict[str, bytes]:
    return {str(p.relative_to(library)): p.read_bytes() for p in library.glob("thumbs/**/*.jpg")}


def children(of: int) -> list[int]:
    """The processes that some thread of a process has started."""
    found: list[int] = []
    for thread in Path(f"/proc/{of}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, thread.read_text().split())
    return found


def descendants(of: int) -> set[int]:
    """Those, and those that they have started."""
    found, level = set[int](), [of]
    while level := [child for parent in level for child in children(parent)]:
        found.update(level)
    return found


def title(process: int) -> str:
    """How a process was called, or calls itself; empty when it has gone."""
    with suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_text(errors="replace")
    return ""


def raylet(of: int) -> int:
    """The process of Ray that starts workers; 0 before there is one."""
    return next((p for p in descendants(of) if "/raylet/raylet" in title(p).partition("\0")[0]), 0)


def watching(parent: int) -> set[int]:
    """Workers at work: Ray writes into their titles what they do."""
    return {process for process in children(parent) if title(process).startswith("ray::Worker.watch")}


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Killer(threading.Thread):
    """Kills workers that are watching a video, so many of them."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.killed: set[int] = set()
        self._most, self._raylet, self.stop = most, raylet(os.getpid()), threading.Event()

    def run(self) -> None:
        while len(self.killed) < self._most and not self.stop.wait(0.002):
            for worker in watching(self._raylet) - self.killed:
                if len(self.killed) < self._most:
                    os.kill(worker, signal.SIGKILL)
                    self.killed.add(worker)

    def __enter__(self) -> Killer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.join()


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory, clips: Callable[[str], Path]) -> Path:
    folder = tmp_path_factory.mktemp("footage")
    for name in NAMES:
        shutil.copy(clips(name), folder / name)
    shutil.copy(clips("cuts.mp4"), folder / "twin.mp4")
    (folder / "broken.mp4").write_bytes(b"nonsense" * 100)
    (folder / "talk.srt").write_text("1\n00:00:00,200 --> 00:00:01,700\nHello there\n")
    return folder


@pytest.fixture(scope="module")
def plain(footage: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that was indexed in one process."""
    library = tmp_path_factory.mktemp("plain") / "library"
    add(library, footage, on="here")
    return library


@pytest.fixture(scope="module")
def ray() -> Iterator[None]:
    """A Ray of our own, for several runs; its workers find modules where this process does.

    It is the second one, with a token of its own, and leaves the environment as it was.
    """
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
        changed.setenv("RAY_AUTH_MODE", "disabled")
        changed.delenv("RAY_AUTH_TOKEN", raising=False)
        with cluster(Settings()):
            before = os.environ["RAY_AUTH_TOKEN"]
        with cluster(Settings()):
            assert os.environ["RAY_AUTH_MODE"] == "token"
            assert os.environ["RAY_AUTH_TOKEN"] not in ("", before)
            yield
        assert os.environ["RAY_AUTH_MODE"] == "disabled"
        assert "RAY_AUTH_TOKEN" not in os.environ


def add(library: Path, footage: Path, on: str = "ray", seen: list[Progress] | None = None) -> IndexReport:
    settings = Settings.model_validate({"on": on, "workers": 2, "channels": CHANNELS})
    with Library(library, settings=settings, models=cast("Models", FakeModels())) as opened:
        report = opened.add(footage, progress=(seen if seen is not None else []).append)
        assert opened.verify() == []
    return report


@pytest.mark.usefixtures("ray")
def test_the_catalogue_is_that_of_one_process_and_a_broken_file_costs_itself(
    footage: Path, plain: Path, tmp_path: Path
) -> None:
    library, seen = tmp_path / "library", []
    report = add(library, footage, seen=seen)
    assert {video.name for video in report.added} == set(NAMES)
    assert [(path.name, type(error)) for path, error in report.failed] == [("broken.mp4", UnreadableMediaError)]
    assert "twin.mp4 holds the same bytes as" in report.notes[0]
    assert dump(library) == dump(plain)
    assert thumbnails(library) == thumbnails(plain)
    assert {event.stage for event in seen} >= {"file", "watching", "saving"}

    again = add(library, footage)
    assert (len(again.unchanged), again.added, again.updated) == (len(NAMES) + 1, (), ())
    assert dump(library) == dump(plain)


@pytest.mark.usefixtures("ray")
def test_a_killed_worker_costs_nothing(footage: Path, plain: Path, tmp_path: Path) -> None:
    with Killer(1) as killer:
        report = add(tmp_path / "library", footage)
    assert len(killer.killed) == 1
    assert sum("was begun again: its worker was lost" in note for note in report.notes) == 1
    assert dump(tmp_path / "library") == dump(plain)
    assert thumbnails(tmp_path / "library") == thumbnails(plain)


@pytest.mark.usefixtures("ray")
def test_a_file_that_costs_worker_after_worker_is_given_up(tmp_path: Path, clips: Callable[[str], Path]) -> None:
    with Killer(TRIES) as killer:
        report = add(tmp_path / "library", clips("long.mkv"))
    assert len(killer.killed) == TRIES
    [(path, error)] = report.failed
    assert isinstance(error, WorkersError)
    assert (
        str(error) == f"{path.name} was not indexed: {TRIES} workers were lost or failed on it: its worker was lost"
    )
    assert thumbnails(tmp_path / "library") == {}


def test_interrupted_it_ends_its_workers_and_goes_on_later(footage: Path, plain: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    arguments = [footage, "--library", library, "--channels", ",".join(CHANNELS), "--on", "ray", "--workers", "2"]
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, *map(str, arguments)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        deadline = time.monotonic() + 300
        while not watching(raylet(process.pid)) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        started = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        printed, complaint = process.communicate(timeout=120)
    assert process.returncode == 130, complaint
    assert (printed, complaint) == (
        "",
        "Interrupted. What was finished is kept; run the same command again to go on.\n",
    )
    assert started
    deadline = time.monotonic() + 60
    while any(map(alive, started)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(alive, started))
    add(library, footage, on="here")
    assert dump(library)["segment"] == dump(plain)["segment"]
    assert dump(library)["vector"] == dump(plain)["vector"]
    assert thumbnails(library) == thumbnails(plain)


def test_without_the_package_it_says_what_to_install(
    tmp_path: Path, clips: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SettingsError, match=r"not installed\. Run: pip install 'playhead\[ray\]'"):
        add(tmp_path / "library", clips("plain.mp4"))


# What a worker does, without Ray


def worker(node: str = "elsewhere") -> Worker:
    return Worker(Orders(lambda: cast("Models", FakeModels()), (), Limits(), node))


def test_a_cluster_where_nobody_listens_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray would try for minutes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(is_initialized=lambda: False))
    for named in (address, f"ray://{address}"):
        with (
            pytest.raises(WorkersError, match="cannot be used: connection refused"),
            cluster(Settings(ray_address=named)),
        ):
            pytest.fail("it is used")


def test_a_machine_that_cannot_read_a_file_is_named(tmp_path: Path) -> None:
    error = worker().identify(tmp_path / "gone.mp4", (tmp_path,))
    assert isinstance(error, UnreadableMediaError)
    assert str(error).startswith(
        f"{tmp_path}/gone.mp4 was not indexed: the machine {os.uname().nodename} cannot read it"
    )
    assert "share" in error.fix


def test_a_file_that_changed_after_its_digest_is_not_watched(clips: Callable[[str], Path]) -> None:
    path = clips("plain.mp4")
    identity = worker().identify(path, (path.parent,))
    assert isinstance(identity, Identity)
    other = Identity(identity.video_id, identity.size + 1, identity.changed_ns)
    error = worker().watch(path, (path.parent,), other, None)  # type: ignore[arg-type]
    assert isinstance(error, MediaError)
    assert "changed after its digest" in str(error)


@pytest.mark.parametrize(
    ("role", "channel"),
    [
        (Role.PICTURE, Channel.PICTURE),
        (Role.OBJECTS, Channel.OBJECT),
        (Role.SENTENCES, Channel.OBJECT),
        (Role.SPEECH, Channel.SPEECH),
        (Role.SENTENCES, Channel.SPEECH),
    ],
)
def test_a_record_made_by_other_models_is_refused(
    tmp_path: Path, clips: Callable[[str], Path], role: Role, channel: Channel
) -> None:
    path, others = clips("talk.mkv"), FakeModels()
    others.version[role] = 2
    strange = Worker(Orders(lambda: cast("Models", others), (), Limits()))
    catalog, settings = Catalog(tmp_path / "catalog.sqlite", create=True), Settings(channels=(channel,))
    own = cast("Models", FakeModels())
    ingest = Ingest(catalog, own, settings, tmp_path, lambda _: None, lambda: own)
    identity = strange.identify(path, (path.parent,))
    assert isinstance(identity, Identity)
    task = ingest.task(path, path.parent, identity.video_id)
    seen = strange.watch(path, task.roots, identity, task.options)
    assert isinstance(seen, Seen)
    with pytest.raises(ModelError, match=f"fake-{role}-2.*fake-{role}-1.*Install the same"):
        ingest.commit(task, seen.record, seen.pictures)
    assert catalog.videos() == []
    catalog.close()
    assert thumbnails(tmp_path) == {}


def test_only_thumbnails_that_the_record_names_are_kept(tmp_path: Path, clips: Callable[[str], Path]) -> None:
    path, library, own = clips("plain.mp4"), tmp_path / "library", cast("Models", FakeModels())
    library.mkdir()
    catalog, settings = Catalog(library / "catalog.sqlite", create=True), Settings(channels=(Channel.PICTURE,))
    ingest = Ingest(catalog, own, settings, library, lambda _: None, lambda: own)
    identity = worker().identify(path, (path.parent,))
    assert isinstance(identity, Identity)
    task = ingest.task(path, path.parent, identity.video_id)
    seen = worker().watch(path, task.roots, identity, task.options)
    assert isinstance(seen, Seen)
    strange = {"../../../outside.jpg": b"", "/tmp/outside.jpg": b"", "unnamed.jpg": b""}
    ingest.commit(task, seen.record, {**seen.pictures, **strange})
    assert set(thumbnails(library)) == catalog.thumbnails().keys()
    assert {p.suffix for p in tmp_path.rglob("*") if p.is_file()} == {".jpg", ".sqlite", ".sqlite-shm", ".sqlite-wal"}
    assert not list(tmp_path.glob("*.jpg"))
    catalog.close()


def test_what_a_killed_worker_left_is_swept_and_what_is_in_use_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left = "import os, signal\nfrom playhead.index.worker import scratch\n"
    left += "with scratch() as folder:\n    (folder / 'a.jpg').touch()\n    os.kill(os.getpid(), signal.SIGKILL)"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", left], env=environment, check=False)
    [old] = tmp_path.iterdir()
    sweep()
    assert old.is_dir()  # it is too new to be sure of
    (tmp_path / "playhead-worker-file").touch()
    with scratch() as used:
        for folder in tmp_path.iterdir():
            os.utime(folder, (0, 0))
        assert worker().ready() == os.uname().nodename
        assert sorted(tmp_path.iterdir()) == sorted([used, tmp_path / "playhead-worker-file"])


def test_what_no_error_of_ours_says_is_told_by_name(tmp_path: Path) -> None:
    error = worker().identify(cast("Path", 7), (tmp_path,))
    assert (type(error), str(error).partition(":")[0]) == (RuntimeError, "TypeError")


@pytest.mark.parametrize("kind", [PlayheadError, ModelError, UnreadableMediaError])
def test_an_error_arrives_whole(kind: type[PlayheadError]) -> None:
    error = pickle.loads(pickle.dumps(kind("what", "why", "fix")))
    assert (type(error), error.what, error.why, error.fix) == (kind, "what", "why", "fix")
    assert str(error) == "what: why. fix"
