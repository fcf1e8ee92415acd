"""Killed at any moment, a library goes on as if nothing had happened; writers do not meet; readers do not wait."""

from __future__ import annotations

import fcntl
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, cast

import chromadb
import pytest

from playhead import Library, Settings
from playhead.errors import LibraryLockedError, StorageError
from playhead.index.lock import writing
from playhead.types import Channel

if TYPE_CHECKING:
    from collections.abc import Callable

    from playhead.models.registry import Models
    from playhead.types import Progress

    from ..conftest import FakeModels

NAMES = ("cuts.mp4", "numbered.mkv", "plain.mp4", "talk.mkv")
CLI = "playhead.interfaces.cli"
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
KILLS, LINES = int(os.environ.get("ENDURE_KILLS", "20")), 2
EVERY = 4  # kills in a row before a library may finish
CHANNELS = "picture,object,speech"
TABLES = {
    "meta": "SELECT * FROM meta ORDER BY 1",
    "video": "SELECT * FROM video ORDER BY 1",
    "label": "SELECT * FROM label ORDER BY 1",
    "channel": "SELECT * FROM channel ORDER BY 1, 2",
    "shot": "SELECT * FROM shot ORDER BY 1, 2",
    "released": "SELECT * FROM released ORDER BY 1",
    "vector": "SELECT id, channel, space, data FROM vector ORDER BY id",
    "segment": "SELECT id, video_id, channel, start_s, end_s, model, text, score, thumbnail, words, vector_id "
    "FROM segment ORDER BY id",
    "segment_text": "SELECT s.id, t.text FROM segment_text t JOIN segment s ON s.number = t.rowid ORDER BY s.id",
}


def run(*command: str | Path) -> subprocess.Popen[str]:
    """Python in a process of its own."""
    arguments = [sys.executable, *map(str, command)]
    return subprocess.Popen(arguments, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def indexing(folder: Path, library: Path) -> subprocess.Popen[str]:
    """The command `index` with models that cost nothing, so that all the time goes into what can be damaged."""
    return run(Path(__file__).with_name("indexer.py"), folder, "--library", library, "--channels", CHANNELS)


def finished(process: subprocess.Popen[str]) -> str:
    with process:
        printed, complaints = process.communicate(timeout=120)
    assert process.returncode == 0, complaints
    return printed


def dump(library: Path) -> dict[str, list[tuple[object, ...]]]:
    """Everything in the catalogue but row numbers."""
    db = sqlite3.connect(library / "catalog.sqlite")
    found = {table: db.execute(query).fetchall() for table, query in TABLES.items()}
    tables = {row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    db.close()
    assert {name for name in tables if not name.startswith("segment_text_")} == set(TABLES)
    return found


def pictures(library: Path) -> dict[str, bytes]:
    return {str(p.relative_to(library)): p.read_bytes() for p in library.glob("thumbs/**/*.jpg")}


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory, clips: Callable[[str], Path]) -> Path:
    folder = tmp_path_factory.mktemp("footage")
    for name in NAMES:
        shutil.copy(clips(name), folder / name)
    (folder / "talk.srt").write_text("1\n00:00:00,200 --> 00:00:01,700\nHello there\n")
    return folder


@pytest.fixture(scope="module")
def undisturbed(footage: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """A library that nobody disturbed, and how long that took from when the catalogue was opened."""
    library = tmp_path_factory.mktemp("undisturbed") / "library"
    process = indexing(footage, library)
    while process.poll() is None and not (library / "catalog.sqlite").exists():
        time.sleep(0.005)
    before = time.monotonic()
    finished(process)
    assert len(dump(library)["video"]) == len(NAMES)
    return library, time.monotonic() - before


@pytest.fixture
def copied(undisturbed: tuple[Path, float], tmp_path: Path) -> Path:
    return shutil.copytree(undisturbed[0], tmp_path / "library")


def killed_once(footage: Path, library: Path, after_s: float) -> bool:
    """Index, kill that some time after the catalogue is opened, and say whether it had not finished before."""
    with indexing(footage, library) as process:
        while process.poll() is None and not (library / "catalog.sqlite").exists():
            time.sleep(0.005)
        if (library / "lock").exists():
            time.sleep(after_s)
        process.kill()
    assert process.returncode in (0, -signal.SIGKILL)
    return process.returncode != 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(LINES))
def test_killed_at_random_points_it_ends_like_one_that_was_not(
    seed: int,
    footage: Path,
    undisturbed: tuple[Path, float],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    record_property("tried", KILLS // LINES)
    reference, taken_s = undisturbed
    chance, kills, number = random.Random(seed), 0, 0
    while kills < KILLS // LINES:
        library, in_a_row, longest_s, number = tmp_path / f"library-{number}", 0, taken_s, number + 1
        while in_a_row < EVERY and kills < KILLS // LINES:
            after_s = chance.uniform(0.0, longest_s)
            if not killed_once(footage, library, after_s):
                longest_s = after_s  # what is left to do takes less than that
                if longest_s < 0.1:
                    break
                continue
            in_a_row, kills = in_a_row + 1, kills + 1
            db = sqlite3.connect(library / "catalog.sqlite")
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            db.close()
        finished(indexing(footage, library))
        assert dump(library) == dump(reference)
        assert pictures(library) == pictures(reference)
        with Library(library, settings=Settings()) as healed:
            assert healed.verify() == []
        assert len(list((library / "vectors").glob("generation-*"))) == 1


@pytest.mark.slow
@pytest.mark.parametrize("number", range(max(1, KILLS // 20)))
def test_killed_while_the_vector_index_is_built_the_next_run_heals_it(
    number: int, footage: Path, copied: Path, undisturbed: tuple[Path, float]
) -> None:
    shutil.rmtree(copied / "vectors")
    with indexing(footage, copied) as process:
        deadline = time.monotonic() + 60
        while not list(copied.glob("vectors/part-*")) and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(0.004 * number)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    built = (copied / "vectors" / "current.json").exists()  # a late kill may come after all that counts
    assert number or not built
    with Library(copied, settings=Settings()) as library:
        assert library.verify() == ([] if built else ["there is no vector index"])
    finished(indexing(footage, copied))
    with Library(copied, settings=Settings()) as library:
        assert library.verify() == []
    assert len(list((copied / "vectors").glob("generation-*"))) == 1
    assert dump(copied) == dump(undisturbed[0])


@pytest.mark.slow
def test_of_two_writers_one_works_and_the_other_names_it(
    footage: Path, undisturbed: tuple[Path, float], tmp_path: Path
) -> None:
    library = tmp_path / "library"
    both = [indexing(footage, library) for _ in range(2)]
    complaints = [process.communicate(timeout=120)[1] for process in both]
    codes = [process.returncode for process in both]
    assert sorted(codes) == [0, 2]
    winner, loser = codes.index(0), codes.index(2)
    assert f"process {both[winner].pid} holds the lock" in complaints[loser]
    assert "Traceback" not in complaints[loser]
    assert dump(library) == dump(undisturbed[0])


def test_a_reader_does_not_wait_for_the_writer(footage: Path, copied: Path) -> None:
    with writing(copied):
        db = sqlite3.connect(copied / "catalog.sqlite", isolation_level=None)
        db.execute("BEGIN IMMEDIATE")
        db.execute("DELETE FROM label")
        before = time.monotonic()
        found = json.loads(
            finished(run("-m", CLI, "search", "hello", "--library", copied, "--channels", "speech", "--json"))
        )
        assert time.monotonic() - before < 30
        assert [moment["video"]["name"] for moment in found["moments"]] == ["talk.mkv"]
        with run("-m", CLI, "index", footage, "--library", copied) as writer:
            _, complaint = writer.communicate(timeout=60)
        assert writer.returncode == 2
        assert f"process {os.getpid()} holds the lock" in complaint
        db.execute("ROLLBACK")
        db.close()


def test_the_lock_goes_with_its_process(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, signal, sys\nfrom playhead.index.lock import writing\n"
        "with writing(pathlib.Path(sys.argv[1])):\n    print('held', flush=True)\n    signal.pause()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LibraryLockedError, match=f"process {holder.pid} holds"), writing(tmp_path):
            pytest.fail("two hold the lock")
        holder.kill()
    with writing(tmp_path):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_a_lock_without_a_name_is_still_a_lock(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(LibraryLockedError, match="process unknown holds"), writing(tmp_path):
            pytest.fail("two hold the lock")
    with pytest.raises(StorageError, match="cannot be changed"), writing(tmp_path / "gone"):
        pytest.fail("there is nothing to lock")


# Damage to what is derived


def generation(library: Path) -> Path:
    pointer = json.loads((library / "vectors" / "current.json").read_text())
    return library / "vectors" / str(pointer["folder"])


def lose_vectors(library: Path) -> None:
    client = chromadb.PersistentClient(str(generation(library)))
    collection = max(client.list_collections(), key=lambda collection: collection.count())
    collection.delete(ids=collection.get(include=[])["ids"][:2])
    client.close()


def add_vectors(library: Path) -> None:
    client = chromadb.PersistentClient(str(generation(library)))
    collection = client.list_collections()[0]
    vector = collection.get(include=["embeddings"], limit=1)["embeddings"]
    collection.add(ids=["stranger"], embeddings=vector)
    client.close()


def stale(library: Path) -> None:
    pointer = library / "vectors" / "current.json"
    pointer.write_text(json.dumps(json.loads(pointer.read_text()) | {"revision": 1}))


def a_file(library: Path, ending: str = "vectors") -> Path:
    """The largest file of a part that ends so."""
    return max(library.glob(f"vectors/part-*/*.{ending}"), key=lambda path: path.stat().st_size)


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "all of it is gone": (lambda library: shutil.rmtree(library / "vectors"), "no vector index"),
    "the generation is gone": (lambda library: shutil.rmtree(generation(library)), "no vector index"),
    "the pointer is nonsense": (
        lambda library: (library / "vectors" / "current.json").write_text("{"),
        "no vector index",
    ),
    "the pointer leads out": (
        lambda library: (library / "vectors" / "current.json").write_text('{"folder": "../thumbs", "revision": 5}'),
        "no vector index",
    ),
    "it is stale": (stale, "is of revision 1"),
    "the list is gone": (lambda library: (generation(library) / "parts.json").unlink(), "cannot be reached"),
    "the list is nonsense": (
        lambda library: (generation(library) / "parts.json").write_text("[]"),
        "cannot be reached",
    ),
    "a part is gone": (lambda library: shutil.rmtree(a_file(library).parent), "cannot be read"),
    "a part is cut": (lambda library: os.truncate(a_file(library), 10), "cannot be read"),
    "the places are cut": (lambda library: os.truncate(a_file(library, "row"), 4), "cannot be read"),
    "a part is noise": (
        lambda library: a_file(library).write_bytes(b"\x11" * a_file(library).stat().st_size),
        "cannot be reached",
    ),
    "the store is gone": (lambda library: (generation(library) / "chroma.sqlite3").unlink(), "cannot be reached"),
    "the store is cut": (
        lambda library: os.truncate(generation(library) / "chroma.sqlite3", 10_000),
        "cannot be read",
    ),
    "the store is noise": (
        lambda library: (generation(library) / "chroma.sqlite3").write_bytes(b"noise" * 5000),
        "cannot be read",
    ),
    "vectors are lost": (lose_vectors, "2 of "),
    "vectors are strange": (add_vectors, "1 vectors are not in the catalogue"),
}


class NoModels:
    """Any model that is asked for fails the test; their names are known."""

    def identity(self, role: str) -> str:
        return role

    def __getattr__(self, name: str) -> object:
        pytest.fail(f"the model {name} was loaded")


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_detected_and_mended_without_a_model(damage: str, copied: Path) -> None:
    hurt, complaint = DAMAGE[damage]
    catalogue = dump(copied)
    with Library(copied, settings=Settings(exact_limit=0), models=cast("Models", NoModels())) as library:
        library.rebuild()
        assert library.verify() == []
    hurt(copied)
    with Library(copied, settings=Settings(exact_limit=0), models=cast("Models", NoModels())) as library:
        assert any(complaint in problem for problem in library.verify())
        library.rebuild()
        assert library.verify() == []
        library.rebuild()
        assert library.verify() == []
    assert dump(copied) == catalogue
    assert len(list((copied / "vectors").glob("part-*"))) == 1
    assert len(list((copied / "vectors").glob("generation-*"))) == 1


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_does_not_stop_a_search(damage: str, copied: Path, fakes: FakeModels) -> None:
    by_chroma = Settings(exact_limit=0)
    with Library(copied, settings=by_chroma) as library:
        library.rebuild()
    DAMAGE[damage][0](copied)
    with Library(copied, settings=by_chroma, models=cast("Models", fakes)) as library:
        assert library.search("hello", channels=["speech"])[0].video.name == "talk.mkv"


@pytest.mark.parametrize("damage", ["the store is cut", "a part is cut"])
def test_a_damaged_store_does_not_stop_indexing(
    damage: str, copied: Path, clips: Callable[[str], Path], fakes: FakeModels
) -> None:
    with Library(copied, settings=Settings(exact_limit=0)) as library:
        library.rebuild()
    DAMAGE[damage][0](copied)
    seen: list[Progress] = []
    chosen = Settings(channels=(Channel.SPEECH,), exact_limit=0)
    with Library(copied, settings=chosen, models=cast("Models", fakes)) as library:
        library.add(clips("subtitled.mkv"), progress=seen.append)
        assert library.verify() == []
    assert "indexing vectors" in {event.stage for event in seen}


def test_a_lost_thumbnail_and_a_lost_vector_are_found(copied: Path) -> None:
    next((copied / "thumbs").rglob("*.jpg")).unlink()
    db = sqlite3.connect(copied / "catalog.sqlite", isolation_level=None)
    db.execute("DELETE FROM vector WHERE number = (SELECT min(number) FROM vector)")
    db.close()
    with Library(copied, settings=Settings()) as library:
        problems = library.verify()
    assert any("1 segments have lost their vectors" in problem for problem in problems)
    assert any("1 thumbnails are missing" in problem for problem in problems)
    assert any("1 vectors are not in the catalogue" in problem for problem in problems)
