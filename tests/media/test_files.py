"""Safe opening: only regular files under the roots, by descriptor, and nothing that leads elsewhere."""

import hashlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from playhead.errors import MediaError, MediaLimitError, UnreadableMediaError, UnsafeMediaError
from playhead.media import files
from playhead.media.files import open_file, walk
from playhead.types import Limits

DATA = b"\x00\x00\x00\x18ftypmp42" + bytes(range(256)) * 8


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    (folder / "clip.mp4").write_bytes(DATA)
    return folder


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    outside = tmp_path / "elsewhere" / "secret.mp4"
    outside.parent.mkdir()
    outside.write_bytes(DATA[::-1])
    return outside


@pytest.fixture(autouse=True)
def no_descriptor_is_left_open() -> Iterator[None]:
    before = set(os.listdir("/proc/self/fd"))
    yield
    assert len(os.listdir("/proc/self/fd")) <= len(before)


def test_a_file_under_the_root_is_read_in_full(root: Path) -> None:
    told: list[int] = []
    with open_file(root / "clip.mp4", [root]) as file:
        assert (file.name, file.size) == ("clip.mp4", len(DATA))
        assert file.read(len(DATA)) == DATA
        assert file.sha256(told.append) == hashlib.sha256(DATA).hexdigest()
        assert not os.get_inheritable(file.descriptor)
    assert told == [len(DATA)]


def test_the_root_itself_may_be_the_second_or_a_link(root: Path, tmp_path: Path) -> None:
    alias = tmp_path / "alias"
    alias.symlink_to(root)
    for path, roots in ((root / "clip.mp4", [tmp_path / "x", root]), (alias / "clip.mp4", [alias])):
        with open_file(path, roots) as file:
            assert file.read(9999) == DATA


def test_a_relative_path_is_kept_as_an_absolute_label(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    with open_file(Path("clip.mp4"), [Path()]) as file:
        assert file.path == root / "clip.mp4"


@pytest.mark.parametrize(
    "way", ["{secret}", "{root}/../elsewhere/secret.mp4", "{root}/sub/../../elsewhere/secret.mp4"]
)
def test_a_file_outside_the_roots_is_refused(way: str, root: Path, secret: Path) -> None:
    (root / "sub").mkdir()
    path = Path(way.format(secret=secret, root=root))
    with pytest.raises(UnsafeMediaError, match=r"not one of the allowed folders|leads out"):
        open_file(path, [root])


def test_a_folder_whose_name_only_begins_like_the_root_is_outside(root: Path) -> None:
    twin = root.with_name("root2")
    twin.mkdir()
    (twin / "clip.mp4").write_bytes(DATA)
    with pytest.raises(UnsafeMediaError):
        open_file(twin / "clip.mp4", [root])


def test_without_roots_nothing_is_opened(root: Path) -> None:
    with pytest.raises(UnsafeMediaError):
        open_file(root / "clip.mp4", [])


def test_a_link_inside_the_root_is_followed(root: Path) -> None:
    (root / "link.mp4").symlink_to("clip.mp4")
    (root / "chain.mp4").symlink_to(root / "link.mp4")
    with open_file(root / "chain.mp4", [root]) as file:
        assert (file.name, file.read(9999)) == ("chain.mp4", DATA)


def test_a_link_out_of_the_root_is_refused(root: Path, secret: Path) -> None:
    (root / "link.mp4").symlink_to(secret)
    (root / "folder").symlink_to(secret.parent)
    for path in (root / "link.mp4", root / "folder" / "secret.mp4"):
        with pytest.raises(UnsafeMediaError, match="leads out of the allowed folders"):
            open_file(path, [root])


def test_a_link_that_leads_nowhere_or_in_a_circle_is_refused(root: Path) -> None:
    (root / "gone.mp4").symlink_to("nothing.mp4")
    (root / "a.mp4").symlink_to("b.mp4")
    (root / "b.mp4").symlink_to("a.mp4")
    for name in ("gone.mp4", "a.mp4"):
        with pytest.raises(UnreadableMediaError):
            open_file(root / name, [root])


@pytest.mark.parametrize("part", ["clip.mp4", "sub"])
def test_a_link_swapped_in_after_the_check_is_not_followed(
    part: str, root: Path, secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attacker wins the race between resolving the path and opening it, at the file or at a folder above it."""
    (root / "sub").mkdir()
    (root / "sub" / "secret.mp4").write_bytes(DATA)
    locate = files._locate

    def swap(path: Path, roots: list[Path]) -> tuple[Path, tuple[str, ...]]:
        found = locate(path, roots)
        target = root / part
        target.rename(root / "old")
        target.symlink_to(secret if part == "clip.mp4" else secret.parent)
        return found

    monkeypatch.setattr(files, "_locate", swap)
    with pytest.raises(UnsafeMediaError):
        open_file(root / ("clip.mp4" if part == "clip.mp4" else "sub/secret.mp4"), [root])
    assert (root / part).read_bytes() if part == "clip.mp4" else (root / part / "secret.mp4").read_bytes()


@pytest.mark.parametrize("writer", [False, True])
def test_a_pipe_is_refused_without_waiting(writer: bool, root: Path) -> None:
    os.mkfifo(root / "pipe.mp4")
    end = os.open(root / "pipe.mp4", os.O_RDWR) if writer else -1
    caught: list[BaseException] = []

    def attempt() -> None:
        try:
            open_file(root / "pipe.mp4", [root])
        except MediaError as error:
            caught.append(error)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(5)
    hung = thread.is_alive()
    if hung:  # let it go before failing
        os.close(os.open(root / "pipe.mp4", os.O_WRONLY | os.O_NONBLOCK))
    if writer:
        os.close(end)
    assert not hung
    assert isinstance(caught[0], UnsafeMediaError)


def test_a_folder_a_device_and_a_socket_are_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "folder.mp4").mkdir()
    for path, roots in ((root / "folder.mp4", [root]), (root, [root]), (Path("/dev/zero"), [Path("/dev")])):
        with pytest.raises(UnsafeMediaError, match="not a regular file"):
            open_file(path, roots)
    monkeypatch.chdir(root)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s.mp4")
        with pytest.raises(MediaError):
            open_file(root / "s.mp4", [root])


def test_an_empty_file_says_so(root: Path) -> None:
    (root / "empty.mp4").touch()
    with pytest.raises(UnreadableMediaError, match="0 bytes"):
        open_file(root / "empty.mp4", [root])


def test_a_missing_file_says_so(root: Path) -> None:
    with pytest.raises(UnreadableMediaError, match="no such file"):
        open_file(root / "gone.mp4", [root])


def test_a_file_that_may_not_be_read_says_so(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "clip.mp4").chmod(0)
    if os.geteuid() == 0:  # root reads everything: let the system call refuse as it does for others
        real = os.open

        def refuse(path: str, flags: int, *args: int, dir_fd: int | None = None) -> int:
            if path == "clip.mp4":
                raise PermissionError(13, "Permission denied")
            return real(path, flags, *args, dir_fd=dir_fd)

        monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(UnreadableMediaError, match=r"clip\.mp4 cannot be opened: permission denied"):
        open_file(root / "clip.mp4", [root])


def test_a_file_that_vanishes_between_is_an_error_of_ours(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locate = files._locate

    def vanish(path: Path, roots: list[Path]) -> tuple[Path, tuple[str, ...]]:
        found = locate(path, roots)
        path.unlink()
        return found

    monkeypatch.setattr(files, "_locate", vanish)
    with pytest.raises(UnreadableMediaError, match="no such file"):
        open_file(root / "clip.mp4", [root])


def test_a_file_deleted_while_open_can_still_be_read(root: Path) -> None:
    with open_file(root / "clip.mp4", [root]) as file:
        (root / "clip.mp4").unlink()
        assert file.read(9999) == DATA
        file.check_unchanged()


@pytest.mark.parametrize("change", ["grow", "shrink", "touch"])
def test_a_file_written_to_while_open_is_noticed(change: str, root: Path) -> None:
    path = root / "clip.mp4"
    with open_file(path, [root]) as file:
        file.check_unchanged()
        if change == "grow":
            with path.open("ab") as more:
                more.write(b"more")
        elif change == "shrink":
            os.truncate(path, 10)
        else:
            os.utime(path, ns=(time.time_ns(), file.changed_ns + 1))
        with pytest.raises(MediaError, match="changed while it was read"):
            file.check_unchanged()


def test_the_limit_on_bytes_is_exact(root: Path) -> None:
    with open_file(root / "clip.mp4", [root], Limits(bytes=len(DATA))) as file:
        assert file.size == len(DATA)
        with pytest.raises(MediaLimitError, match="larger than"):
            file.read(len(DATA) - 1)
    with pytest.raises(MediaLimitError, match=r"limits\.bytes"):
        open_file(root / "clip.mp4", [root], Limits(bytes=len(DATA) - 1))


def test_a_sparse_giant_is_refused_by_its_size(root: Path) -> None:
    with (root / "giant.mp4").open("wb") as giant:
        giant.truncate(1 << 40)
    with pytest.raises(MediaLimitError):
        open_file(root / "giant.mp4", [root])


NAMES = [
    "-y.mp4",
    "--help.mp4",
    "sp ace; $(touch PWNED) & 'q' \"d\" `id` | — ünï.mp4",
    "line\nbreak.mp4",
    "\N{GOTHIC LETTER AHSA}\u202e.mp4",
    "percent%03d.mp4",
    "[x]*?.mp4",
    "not-utf8-\udcff.mp4",
    "concat:a|b.mp4",
    "http:example.mp4",
    "x" * 240 + ".mp4",
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_name_is_only_a_name(name: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    Path(name).write_bytes(DATA)
    with open_file(Path(name), [root]) as file:
        assert file.read(9999) == DATA
    assert {p.name for p in root.iterdir()} == {"clip.mp4", name}


@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1:9/x.mp4",
        "https://example.org/x.mp4",
        "tcp://127.0.0.1:9?timeout=1",
        "file://{secret}",
        "file:{secret}",
        "concat:{secret}|{secret}",
        "concat:clip.mp4|clip.mp4",
        "subfile,,start,0,end,0,,:{secret}",
        "async:file:{secret}",
        "crypto:{secret}",
        "data:application/vnd.apple.mpegurl;base64,I0VYVE0zVQ==",
        "fd:",
        "pipe:0",
        "clip.mp4\x00.txt",
        "",
        "x" * 5000,
    ],
)
def test_an_address_is_not_a_file(text: str, root: Path, secret: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    with pytest.raises(MediaError) as caught:
        open_file(Path(text.format(secret=secret)), [root])
    assert caught.value.why


def test_walk_gives_known_endings_sorted_and_leaves_links_and_hidden_ones_out(root: Path, secret: Path) -> None:
    for name in ("b.MP4", "a.mkv", "notes.txt", ".hidden.mp4", "sub/c.mp4", ".git/d.mp4", "lib.playhead/e.mp4"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(DATA)
    (root / "loop").symlink_to(root)
    (root / "out").symlink_to(secret.parent)
    found, refused = walk(root, frozenset({".mp4", ".mkv"}))
    assert refused == []
    assert [str(p.relative_to(root)) for p in found] == ["a.mkv", "b.MP4", "clip.mp4", "sub/c.mp4"]


def test_walk_says_which_folder_cannot_be_read(root: Path) -> None:
    found, ((folder, why),) = walk(root / "missing", frozenset({".mp4"}))
    assert (found, folder) == ([], root / "missing")
    assert "missing cannot be read: no such file" in str(why)
