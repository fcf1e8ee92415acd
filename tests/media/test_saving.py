"""Files that are whole or not there, whoever else writes them."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from playhead.errors import StorageError
from playhead.media.sandbox import environment
from playhead.media.saving import STALE_S, whole

if TYPE_CHECKING:
    from pathlib import Path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def interrupted(descriptor: int) -> None:
    os.write(descriptor, b"half")
    raise KeyboardInterrupt


def test_two_writers_of_one_name_do_not_disturb_each_other(tmp_path: Path) -> None:
    target = tmp_path / "below" / "a.mp4"
    with whole(target) as first:
        with whole(target) as second:
            os.write(first, b"first")
            os.write(second, b"second")
            assert not target.exists()
        assert target.read_bytes() == b"second"
        os.write(first, b" of all")
    assert target.read_bytes() == b"first of all"
    assert names(target.parent) == ["a.mp4"]


def test_a_writer_that_fails_leaves_the_file_and_the_other_writer(tmp_path: Path) -> None:
    target = tmp_path / "a.mp4"
    target.write_bytes(b"old")
    with whole(target) as good:
        with pytest.raises(KeyboardInterrupt), whole(target) as bad:
            interrupted(bad)
        assert target.read_bytes() == b"old"
        os.write(good, b"new")
    assert target.read_bytes() == b"new"
    assert names(tmp_path) == ["a.mp4"]


KILLED = """
import os, sys
from pathlib import Path
from playhead.media.saving import whole
with whole(Path(sys.argv[1])) as descriptor:
    os.write(descriptor, b"half")
    os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("name", ["a.mp4", "odd [1]*.mp4"])
def test_what_a_killed_process_left_goes_when_it_is_old(name: str, tmp_path: Path) -> None:
    target = tmp_path / name
    command = [sys.executable, "-c", KILLED, str(target)]
    assert subprocess.run(command, env=environment(), check=False, timeout=20).returncode == -9
    [left] = tmp_path.iterdir()
    with whole(target):
        pass
    assert names(tmp_path) == sorted([left.name, name])  # it could be that of somebody at work
    old = time.time() - STALE_S - 60
    os.utime(left, (old, old))
    with whole(tmp_path / "other.mp4"):
        pass
    assert left.exists()
    with whole(target):
        pass
    assert names(tmp_path) == sorted([name, "other.mp4"])


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "Free some space"),
        (errno.EDQUOT, "Free some space"),
        (errno.EFBIG, "Free some space"),
        (errno.EACCES, "allow writing"),
        (errno.EROFS, "allow writing"),
        (errno.EIO, "Choose another folder"),
    ],
)
def test_the_advice_fits_the_reason(number: int, advice: str, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=os.strerror(number).lower()) as raised, whole(tmp_path / "a"):
        raise OSError(number, os.strerror(number))
    assert advice in str(raised.value)
    assert ("Free" in str(raised.value)) == ("Free" in advice)
    assert names(tmp_path) == []


def test_a_file_where_the_folder_should_be_is_no_lack_of_room(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError) as raised, whole(tmp_path / "file" / "a.mp4"):
        pass
    assert "Free" not in str(raised.value)
