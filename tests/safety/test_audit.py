"""The record of the gate: what was done to it shows, a kill does no harm, and nothing passes that it cannot hold."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from playhead.errors import AuditError
from playhead.safety import audit as module
from playhead.safety.audit import Audit, sealed

if TYPE_CHECKING:
    from collections.abc import Callable

ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
KILLS = int(os.environ.get("ENDURE_KILLS", "20"))
PIPE = "pipe"


def shelf(folder: Path, entries: int = 0) -> Audit:
    """The log of a new library with so many entries."""
    folder.mkdir(parents=True)
    with closing(sqlite3.connect(folder / "catalog.sqlite")) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT)")
        db.commit()
    audit = Audit(folder / "audit.jsonl", folder / "catalog.sqlite")
    for number in range(entries):
        audit.write(event="test", number=number, of=folder.name)
    return audit


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    """A log with five entries."""
    return shelf(tmp_path / "library", 5)


@pytest.fixture(params=["the catalogue", "a file"])
def anchored(request: pytest.FixtureRequest, tmp_path: Path) -> Audit:
    """A log with five entries that is anchored in the catalogue, or in a file beside it."""
    if request.param == "the catalogue":
        return shelf(tmp_path / "library", 5)
    audit = Audit(tmp_path / "audit.jsonl", None)
    for number in range(5):
        audit.write(event="test", number=number, of="library")
    return audit


def numbers(audit: Audit) -> list[int]:
    return [entry["number"] for entry in audit.entries()]


def refused(audit: Audit) -> str:
    """What an attempt to write is told."""
    with pytest.raises(AuditError) as caught:
        audit.write(event="test")
    said = str(caught.value)
    assert "\n" not in said
    assert caught.value.exit_code == 2
    return said


# As it should be


def test_entries_are_kept_in_a_chain(anchored: Audit) -> None:
    assert anchored.verify() == []
    entries = anchored.entries()
    assert numbers(anchored) == [0, 1, 2, 3, 4]
    assert [entry["n"] for entry in entries] == [1, 2, 3, 4, 5]
    assert [entry["previous"] for entry in entries] == ["0" * 64, *(entry["digest"] for entry in entries[:-1])]


def test_a_log_that_was_never_written_is_whole(tmp_path: Path) -> None:
    audit = shelf(tmp_path / "library")
    assert audit.verify() == []
    assert audit.entries() == []
    assert not audit.path.exists()


def test_it_is_its_owners_alone(audit: Audit) -> None:
    assert audit.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "said", ["“é”\n\r\x00\x7f", "\ud800", "😀" * 100, '"}\n{"n":', 1.1e-300, float("nan"), Path("/a"), None]
)
def test_anything_can_be_said(said: object, audit: Audit) -> None:
    audit.write(event="test", said=said)
    audit.write(event="test", said=said)
    assert audit.verify() == []
    assert len(audit.entries()) == 7
    assert audit.path.read_bytes().isascii()


def test_an_entry_has_bounds(audit: Audit) -> None:
    before = audit.path.read_bytes()
    with pytest.raises(AuditError, match="was not written: it has"):
        audit.write(event="x" * (1 << 20))
    assert audit.path.read_bytes() == before
    audit.write(event="x" * 60_000)
    audit.write(event="after it")
    assert audit.verify() == []


@pytest.mark.slow
def test_a_thousand_entries(tmp_path: Path) -> None:
    audit = shelf(tmp_path / "library", 1000)
    assert audit.verify() == []
    assert numbers(audit) == list(range(1000))


# What was done to it shows


def test_every_changed_byte_shows(tmp_path: Path) -> None:
    audit = Audit(tmp_path / "audit.jsonl", None)
    for number in range(3):
        audit.write(event="test", number=number)
    data, chance = audit.path.read_bytes(), random.Random(0)
    for position, old in enumerate(data):
        for new in {old ^ 1, old ^ 0x20, chance.choice(b'\x00\n 0"\xff')} - {old}:
            audit.path.write_bytes(data[:position] + bytes([new]) + data[position + 1 :])
            assert audit.verify(), (position, new)


def lines_of(audit: Audit) -> list[bytes]:
    return audit.path.read_bytes().splitlines(keepends=True)


@pytest.mark.parametrize("number", range(5))
def test_a_deleted_line_shows(number: int, anchored: Audit) -> None:
    lines = lines_of(anchored)
    anchored.path.write_bytes(b"".join(lines[:number] + lines[number + 1 :]))
    assert anchored.verify()
    if number == 4:
        assert "is not whole: the tail is cut off: there were 5 entries and 4 are left" in refused(anchored)


@pytest.mark.parametrize("number", range(5))
def test_a_repeated_line_shows(number: int, anchored: Audit) -> None:
    lines = lines_of(anchored)
    anchored.path.write_bytes(b"".join([*lines[: number + 1], *lines[number:]]))
    assert anchored.verify()
    anchored.path.write_bytes(b"".join([*lines, lines[number]]))
    assert anchored.verify()


@pytest.mark.parametrize(("one", "other"), [(0, 1), (1, 3), (0, 4), (3, 4)])
def test_swapped_lines_show(one: int, other: int, anchored: Audit) -> None:
    lines = lines_of(anchored)
    lines[one], lines[other] = lines[other], lines[one]
    anchored.path.write_bytes(b"".join(lines))
    assert anchored.verify()


def test_a_cut_tail_shows_wherever_it_is_cut(anchored: Audit) -> None:
    data = anchored.path.read_bytes()
    for length in range(0, len(data), 3):
        anchored.path.write_bytes(data[:length])
        assert anchored.verify()
    for length in (0, 1, len(data) // 2, len(data) - 1):
        anchored.path.write_bytes(data[:length])
        assert "playhead audit restart" in refused(anchored)
        assert anchored.path.read_bytes() == data[:length]  # what is left is evidence


def test_a_deleted_log_shows(anchored: Audit) -> None:
    anchored.path.unlink()
    assert anchored.verify() == ["the tail is cut off: there were 5 entries and 0 are left"]
    assert "is not whole" in refused(anchored)


def test_added_lines_show(anchored: Audit) -> None:
    data = anchored.path.read_bytes()
    for more in (b"{}\n", b"\n", b'{"n":6,"digest":"x"}\n', b"[" * 100_000 + b"\n", b"9" * 10_000 + b"\n", b"\xff\n"):
        anchored.path.write_bytes(data + more)
        assert anchored.verify()
        assert refused(anchored)


def test_an_entry_that_was_sealed_anew_shows(anchored: Audit) -> None:
    lines = lines_of(anchored)
    for number in range(5):
        entry = json.loads(lines[number])
        entry["number"] = 77
        forged = sealed({key: value for key, value in entry.items() if key != "digest"})
        anchored.path.write_bytes(b"".join([*lines[:number], forged, *lines[number + 1 :]]))
        assert anchored.verify()


@pytest.mark.parametrize("entries", [3, 5, 9])
def test_the_log_of_another_library_shows(entries: int, anchored: Audit, tmp_path: Path) -> None:
    other = shelf(tmp_path / "other", entries)
    shutil.copy(other.path, anchored.path)
    assert anchored.verify()
    assert refused(anchored)


def test_an_older_copy_shows(anchored: Audit) -> None:
    older = anchored.path.read_bytes()
    anchored.write(event="test", number=5)
    anchored.path.write_bytes(older)
    assert anchored.verify() == ["the tail is cut off: there were 6 entries and 5 are left"]
    assert refused(anchored)


def test_a_log_that_grew_from_an_older_copy_shows(audit: Audit) -> None:
    """Entries as Playhead writes them, but not those that the catalogue remembers."""
    older, path = audit.path.read_bytes(), audit.path
    audit.write(event="test", number=5)
    path.write_bytes(older)
    forger = Audit(path, None)
    for _ in range(3):
        forger.write(event="forged")
    assert audit.verify() == ["entry 6 is not the one that the catalogue remembers"]
    assert refused(audit)


# What a kill leaves


def test_a_torn_line_is_taken_away(anchored: Audit) -> None:
    whole = anchored.path.read_bytes()
    for torn in (b"{", b'{"n":6,"time":1', lines_of(anchored)[-1][:-1], b"x" * 60_000):
        with anchored.path.open("ab") as file:
            file.write(torn)
        assert anchored.verify() == []
        anchored.write(event="test", number=5)
        assert anchored.verify() == []
        assert anchored.path.read_bytes().startswith(whole)
        whole = anchored.path.read_bytes()


def test_entries_that_were_not_anchored_any_more_are_accepted(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    for number in (5, 6):
        with monkeypatch.context() as patch:
            patch.setattr(module, "write_anchor", killed)
            with pytest.raises(KeyboardInterrupt):
                audit.write(event="test", number=number)
        assert audit.verify() == []
    audit.write(event="test", number=7)
    assert audit.verify() == []
    assert numbers(audit) == list(range(8))


def writing(folder: Path, who: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, str(Path(__file__).with_name("auditor.py")), str(folder), who, str(count)]
    process = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "begun\n"
    return process


@pytest.mark.slow
def test_killed_at_random_points_it_keeps_a_chain(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    record_property("tried", KILLS)
    audit, chance = shelf(tmp_path / "library"), random.Random(0)
    kept: list[bytes] = []
    for number in range(KILLS):
        with writing(audit.path.parent, str(number), 1_000_000) as process:
            time.sleep(chance.uniform(0.0, 0.1))
            process.kill()
            process.wait()
        assert process.returncode == -signal.SIGKILL
        assert audit.verify() == []
        lines = audit.path.read_bytes().splitlines(keepends=True) if audit.path.exists() else []
        assert lines[: len(kept)] == kept
        kept = [line for line in lines if line.endswith(b"\n")]
    audit.write(event="after")
    assert audit.verify() == []
    assert [entry["n"] for entry in audit.entries()] == list(range(1, len(kept) + 2))
    assert len({entry.get("who") for entry in audit.entries()}) > 2


def test_several_processes_keep_one_chain(tmp_path: Path) -> None:
    audit = shelf(tmp_path / "library")
    writers = [writing(audit.path.parent, str(number), 20) for number in range(3)]
    for writer in writers:
        with writer:
            assert writer.wait(60) == 0
    assert audit.verify() == []
    written = sorted((entry["who"], entry["number"]) for entry in audit.entries())
    assert written == sorted((str(who), number) for who in range(3) for number in range(20))


def test_several_threads_keep_one_chain(audit: Audit) -> None:
    threads = [
        threading.Thread(target=lambda: [audit.write(event="test", number=number) for number in range(10)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert audit.verify() == []
    assert len(audit.entries()) == 45


def test_it_can_be_looked_at_while_it_is_written(audit: Audit) -> None:
    with writing(audit.path.parent, "other", 30) as process:
        while process.poll() is None:
            assert audit.verify() == []
    assert len(audit.entries()) == 35


# Where it cannot be written


def test_a_missing_folder(audit: Audit) -> None:
    shutil.rmtree(audit.path.parent)
    assert refused(audit)


def test_a_missing_folder_of_its_own(audit: Audit, tmp_path: Path) -> None:
    elsewhere = Audit(tmp_path / "absent" / "audit.jsonl", audit.path.with_name("catalog.sqlite"))
    said = refused(elsewhere)
    assert "cannot be written: no such file or directory. Nothing is done unrecorded: make it writable" in said


@pytest.mark.parametrize("what", ["a link", "a link to nowhere", "a folder", PIPE, "a device"])
def test_only_a_plain_file_is_a_log(what: str, tmp_path: Path) -> None:
    audit = shelf(tmp_path / "library", 1)
    kept = audit.path.rename(tmp_path / "kept")
    if what.startswith("a link"):
        audit.path.symlink_to(kept if what == "a link" else tmp_path / "nowhere")
    elif what == "a folder":
        audit.path.mkdir()
    elif what == PIPE:
        os.mkfifo(audit.path)
    else:
        audit = Audit(Path("/dev/full"), audit.path.with_name("catalog.sqlite"))
    before = kept.read_bytes()
    assert "cannot be written" in refused(audit)
    [problem] = audit.verify()
    assert "cannot be read" in problem
    with pytest.raises(AuditError, match="cannot be read"):
        audit.entries()
    assert kept.read_bytes() == before
    if what != "a device":
        audit.restart("it was no file")
        assert audit.verify() == []


@pytest.fixture
def unprivileged() -> Callable[[Callable[[], object]], int]:
    """Runs something in a process to which the file system refuses what it refuses to others; gives its exit code."""

    def run(act: Callable[[], object]) -> int:
        child = os.fork()
        if not child:
            try:
                if os.geteuid() == 0:
                    os.setresuid(65534, 65534, 65534)
                act()
                os._exit(0)
            except AuditError as error:
                os._exit(42 if "make it writable" in str(error) or "cannot be" in str(error) else 43)
            except BaseException:  # noqa: BLE001 - told by the code
                os._exit(44)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    return run


def test_a_read_only_file_or_folder(tmp_path: Path, unprivileged: Callable[[Callable[[], object]], int]) -> None:
    for folder in (tmp_path, *tmp_path.parents):
        if folder.owner() != "root" or folder == Path("/tmp"):
            break
        folder.chmod(0o755)
    audit = shelf(tmp_path / "library", 2)
    audit.path.chmod(0o444)
    assert unprivileged(lambda: audit.write(event="test")) == 42
    assert unprivileged(lambda: Audit(tmp_path / "library" / "other.jsonl", None).write(event="test")) == 42
    assert unprivileged(lambda: audit.restart("because")) == 42
    assert numbers(audit) == [0, 1]


def full_disk(act: Callable[[], object], size: int) -> int:
    """The exit code of a process whose files may not grow beyond a size: 42 for an `AuditError`."""
    child = os.fork()
    if not child:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        try:
            act()
            os._exit(0)
        except AuditError:
            os._exit(42)
        except BaseException:  # noqa: BLE001 - told by the code
            os._exit(44)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("room", [0, 1, 30, 100])
def test_a_full_disk_is_told_and_the_log_goes_on_when_there_is_room(room: int, tmp_path: Path) -> None:
    audit = shelf(tmp_path / "library")
    audit.write(event="test", number=0, what="x" * 60_000)
    size = audit.path.stat().st_size
    assert size > audit.path.with_name("catalog.sqlite").stat().st_size
    assert full_disk(lambda: audit.write(event="test", number=1), size + room) == 42
    assert audit.path.stat().st_size == size + room
    assert audit.verify() == []
    assert numbers(audit) == [0]
    audit.write(event="test", number=1)
    assert audit.verify() == []
    assert numbers(audit) == [0, 1]


@pytest.mark.parametrize("damage", [b"", b"no catalogue", None])
def test_a_catalogue_that_cannot_be_read(damage: bytes | None, audit: Audit) -> None:
    before = audit.path.read_bytes()
    catalog = audit.path.with_name("catalog.sqlite")
    catalog.unlink()
    if damage is not None:
        catalog.write_bytes(damage)
    assert "The audit log cannot be" in refused(audit)
    assert audit.path.read_bytes() == before


@pytest.mark.parametrize("said", ["x:y", ":", "", "1e3:x"])
def test_an_anchor_that_makes_no_sense(said: str, audit: Audit) -> None:
    with closing(sqlite3.connect(audit.path.with_name("catalog.sqlite"))) as db:
        db.execute("UPDATE meta SET value = ?", (said,))
        db.commit()
    assert "its anchor is damaged" in refused(audit)


# Beginning anew


def test_a_new_log_says_what_the_old_one_was(anchored: Audit) -> None:
    last = anchored.entries()[-1]
    lines = lines_of(anchored)
    anchored.path.write_bytes(b"".join(lines[:2]))
    old = anchored.restart("the disk was lost")
    assert old is not None
    assert old.read_bytes() == b"".join(lines[:2])
    anchored.write(event="test")
    assert anchored.verify() == []
    first, second = anchored.entries()
    assert (first["event"], first["reason"]) == ("restart", "the disk was lost")
    assert first["before"] == {"count": 5, "digest": last["digest"]}
    assert (first["n"], second["n"]) == (1, 2)


def test_a_new_one_is_begun_where_the_anchor_is_damaged(anchored: Audit) -> None:
    spoil_anchor(anchored)
    assert anchored.verify() == ["its anchor is damaged"]
    assert "playhead audit restart" in refused(anchored)
    assert anchored.restart("the anchor was damaged") is not None
    assert anchored.entries()[0]["before"] == {"unknown": "its anchor is damaged"}
    anchored.write(event="test")
    assert anchored.verify() == []


def spoil_anchor(audit: Audit) -> None:
    catalog = audit.path.with_name("catalog.sqlite")
    if not catalog.exists():
        audit.path.with_name("audit.jsonl.head").write_text("rubbish")
        return
    with closing(sqlite3.connect(catalog)) as db:
        db.execute("UPDATE meta SET value = 'rubbish' WHERE key = 'audit'")
        db.commit()


def test_no_old_log_is_lost_however_often_one_begins_anew(audit: Audit) -> None:
    audit.path.unlink()
    assert audit.restart("it was deleted") is None
    olds = {audit.restart(f"again {number}") for number in range(3)}
    assert len(olds) == 3
    assert all(old is not None and old.exists() for old in olds)
    assert [entry["reason"] for entry in audit.entries()] == ["again 2"]


def test_who_waits_for_the_old_log_writes_into_the_new_one(audit: Audit) -> None:
    with writing(audit.path.parent, "other", 60) as process:
        olds = [audit.restart(f"again {number}") for number in range(5)]
        assert process.wait(60) == 0
    assert audit.verify() == []
    kept = [json.loads(line) for old in olds if old for line in old.read_bytes().splitlines()] + audit.entries()
    assert sorted(entry["number"] for entry in kept if entry.get("who") == "other") == list(range(60))
