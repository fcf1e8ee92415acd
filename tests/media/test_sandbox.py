"""The decoder gives up what it may do before it opens a file; what a system cannot take from it is said."""

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from playhead.errors import MediaError
from playhead.media import decode as decoding
from playhead.media import sandbox
from playhead.media.decode import End, Probe, Wants, decode
from playhead.media.files import open_file
from playhead.media.sandbox import Confinement, available, confine

Clips = Callable[[str], Path]

SYSTEM = available()
LIMITS = ("memory", "processor", "descriptors")
ALL = (*LIMITS, "network", "privileges", "files", "programs", "TCP", "signals")
LANDLOCK = ("files", "programs", "TCP", "signals")

ATTEMPTS = {
    "read a file": ("files", "open('/etc/hostname').read()"),
    "list a folder": ("files", "os.listdir('/')"),
    "make a file": ("files", "open(folder + '/made', 'x')"),
    "make a folder": ("files", "os.mkdir(folder + '/made')"),
    "remove a file": ("files", "os.remove(folder + '/old')"),
    "rename a file": ("files", "os.rename(folder + '/old', folder + '/new')"),
    "cut a file short": ("files", "os.truncate(folder + '/old', 0)"),
    "connect": ("network", "socket.create_connection(('127.0.0.1', port), 2)"),
    "listen": ("TCP", "socket.create_server(('127.0.0.1', 0))"),
    "send a datagram": ("network", "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', port))"),
    "run a program": ("programs", "subprocess.run(['/bin/true'], check=True)"),
    "signal its parent": ("signals", "os.kill(os.getppid(), 0)"),
}
START = """
import encodings.idna, os, resource, socket, subprocess, sys
from playhead.media import sandbox
folder, port, user = sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
if user:
    os.setgroups([]), os.setgid(user), os.setuid(user)
if sys.argv[1] == "confined":
    sandbox.confine()
"""


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, env=sandbox.environment(), capture_output=True, text=True, check=False, timeout=60)


def needs(*names: str) -> None:
    if lacking := set(names) - set(SYSTEM.kept):
        pytest.skip(f"this system does not keep a process from: {', '.join(sorted(lacking))}")


@pytest.fixture
def port() -> Iterator[int]:
    """Of somebody who listens on the loopback."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that anybody may write to, with a file in it."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        old = Path(name, "old")
        old.write_text("old")
        old.chmod(0o666)
        yield Path(name)


# What is given up


@pytest.mark.parametrize("user", [0, 65534], ids=["as we are", "as nobody"])
@pytest.mark.parametrize("name", ATTEMPTS)
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_confined_process_cannot(name: str, user: int, port: int, folder: Path) -> None:
    """And one that is not confined can: else this would prove nothing."""
    if user and os.getuid():
        pytest.skip("only the superuser can become somebody else")
    kept_from, attempt = ATTEMPTS[name]
    needs(kept_from)
    arguments = (str(folder), str(port), str(user))
    refused = python(START + attempt, "confined", *arguments)
    assert refused.returncode == 1
    assert refused.stderr.strip().splitlines()[-1].startswith(("PermissionError", "OSError"))
    assert [path.name for path in folder.iterdir()] == ["old"]
    assert (folder / "old").read_text() == "old"
    if not (user and kept_from == "signals"):
        assert python(START + attempt, "free", *arguments).returncode == 0


@pytest.mark.parametrize("limit", ["RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_NOFILE"])
def test_a_confined_process_cannot_raise_its_limits(limit: str) -> None:
    needs("privileges")
    code = "kind = resource.{limit}; resource.setrlimit(kind, (9, 9)); resource.setrlimit(kind, (10, 10))"
    if limit == "RLIMIT_AS":
        code = code.replace("9", str(1 << 32)).replace("10", str(1 << 33))
    done = python(START + code.format(limit=limit), "confined", "", "0", "0")
    assert "not allowed to raise maximum limit" in done.stderr


@pytest.mark.parametrize(
    ("attempt", "says"),
    [
        ("os.dup(1)", "Invalid argument"),  # as fcntl(2) calls a number beyond the limit
        ("socket.socket()", "Too many open files"),
        ("os.pipe()", "Too many open files"),
        ("open('/dev/null')", "Too many open files"),
    ],
)
@pytest.mark.parametrize("also", ["", "os.close(0);"])
def test_a_sealed_process_opens_nothing_ever_again(attempt: str, says: str, also: str) -> None:
    """Whatever the kernel: not even under the number of something it closes."""
    done = python(START + f"sandbox.seal(); {also}{attempt}", "free", "", "0", "0")
    assert done.returncode == 1
    assert says in done.stderr


def test_a_process_that_ignores_the_limit_on_its_time_is_ended() -> None:
    code = (
        "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\n"
        "sandbox.limit({'memory_bytes': 1 << 32, 'processor_s': 1})\nwhile True: pass"
    )
    assert python(START + code, "free", "", "0", "0").returncode == -signal.SIGKILL


def test_the_decoder_is_confined_while_it_decodes(clips: Clips, children: Callable[[], set[int]]) -> None:
    needs(*ALL)
    path, before = clips("long.mkv"), children()
    with open_file(path, [path.parent]) as file:
        events = decode(file, Wants(fps=10))
        assert isinstance(next(events), Probe)
        (pid,) = children() - before
        os.kill(pid, signal.SIGSTOP)
        proc = Path(f"/proc/{pid}")
        status = dict(row.split(":\t", 1) for row in (proc / "status").read_text().splitlines() if ":\t" in row)
        limits = (proc / "limits").read_text()
        opened = {os.readlink(link) for link in (proc / "fd").iterdir()}
        network = os.readlink(proc / "ns" / "net")
        os.kill(pid, signal.SIGCONT)
        events.close()  # type: ignore[attr-defined]
    assert status["NoNewPrivs"] == "1"
    assert {int(status[name], 16) for name in ("CapEff", "CapPrm", "CapInh")} == {0}
    assert [row.split()[3:5] for row in limits.splitlines() if row.startswith("Max open files")] == [["0", "0"]]
    assert network != os.readlink("/proc/self/ns/net")
    assert {name for name in opened if not name.startswith("pipe:")} == {str(path), "/dev/null"}


# Where the kernel takes less


def without(*names: str, number: int = errno.ENOSYS) -> sandbox.Kernel:
    """A kernel that refuses some calls, and does nothing for the others."""

    def kernel(name: str, /, *arguments: Any) -> int:
        if name in names:
            raise OSError(number, os.strerror(number))
        return 0

    return kernel


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EOPNOTSUPP])
def test_without_landlock_it_is_said_what_is_missing_and_why(number: int) -> None:
    found = confine(without("syscall", number=number))
    assert found.kept == (*LIMITS, "network", "privileges")
    assert tuple(found.missing) == LANDLOCK
    assert str(found) == (
        "decoding is confined: memory, processor, descriptors, network and privileges; "
        f"not files, programs, TCP and signals (Landlock: {os.strerror(number).lower()})"
    )


def test_where_nothing_is_to_be_had_the_limits_hold_and_each_reason_is_said() -> None:
    found = confine(without("syscall", "unshare", "prctl", number=errno.EPERM))
    assert found.kept == LIMITS
    assert set(found.missing) == set(ALL) - set(LIMITS)
    assert "not network (a network of its own: operation not permitted)" in str(found)


def test_a_system_without_these_calls_is_named_too() -> None:
    with pytest.raises(OSError, match="this system has no landlock_of_the_moon"):
        sandbox.libc("landlock_of_the_moon")


@pytest.mark.parametrize(
    ("version", "missing"), [(1, {"TCP", "signals"}), (3, {"TCP", "signals"}), (4, {"signals"}), (5, {"signals"})]
)
def test_an_older_landlock_takes_what_it_can(version: int, missing: set[str]) -> None:
    needs(*LANDLOCK)
    code = (
        "def old(name, *arguments):\n"
        f"    return {version} if arguments[-1:] == (1,) and name == 'syscall' else sandbox.libc(name, *arguments)\n"
        "found = sandbox.confine(old)\nprint(sorted(found.missing))\nopen('/etc/hostname')"
    )
    done = python(START + code, "free", "", "0", "0")
    assert "PermissionError" in done.stderr
    assert done.stdout.strip() == str(sorted(missing))


@pytest.mark.parametrize("refused", [("syscall",), ("unshare",), ("syscall", "unshare", "prctl", "capset")])
def test_the_decoder_works_where_the_kernel_refuses(
    refused: tuple[str, ...], clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "import sys\nfrom playhead.media import child, sandbox\n"
        "def kernel(name, *arguments):\n"
        f"    if name in {refused!r}: raise OSError(38, 'Function not implemented')\n"
        "    return sandbox.libc(name, *arguments)\n"
        "def give_up():\n"
        f"    assert 'Function not implemented'.lower() in str(sandbox.confine(kernel))\n"
        "sys.exit(child.main(give_up))\n"
    )
    (tmp_path / "child.py").write_text(code)
    (tmp_path / "python").write_text(f"#!/bin/sh\nexec '{sys.executable}' '{tmp_path}/child.py' \"$3\"\n")
    (tmp_path / "python").chmod(0o755)
    monkeypatch.setattr(decoding.sys, "executable", str(tmp_path / "python"))
    path = clips("subtitled.mkv")
    with open_file(path, [path.parent]) as file:
        *_, end = decode(file)
    assert isinstance(end, End)
    assert end.frames == 20


def test_a_decoder_that_cannot_be_confined_as_asked_decodes_nothing(
    clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refusals of the kernel are expected; anything else ends the process before it opens the file."""
    (tmp_path / "child.py").write_text(
        "from playhead.media import child\ndef give_up(): raise ValueError\nchild.main(give_up)\n"
    )
    (tmp_path / "python").write_text(f"#!/bin/sh\nexec '{sys.executable}' '{tmp_path}/child.py' \"$3\"\n")
    (tmp_path / "python").chmod(0o755)
    monkeypatch.setattr(decoding.sys, "executable", str(tmp_path / "python"))
    path = clips("plain.mp4")
    with open_file(path, [path.parent]) as file, pytest.raises(MediaError, match="exit 1"):
        list(decode(file))


# What is told


def test_what_is_available_is_what_a_process_gave_up() -> None:
    assert set(SYSTEM.kept) >= set(LIMITS)
    assert set(SYSTEM.kept).isdisjoint(SYSTEM.missing)
    assert {*SYSTEM.kept, *SYSTEM.missing} == set(ALL)
    done = python("import runpy; runpy.run_module('playhead.media.sandbox', run_name='__main__')")
    assert tuple(json.loads(done.stdout)["kept"]) == SYSTEM.kept


@pytest.mark.parametrize("program", ["/nowhere/python", "/bin/true", "/bin/false", "/bin/echo"])
def test_a_check_that_fails_is_never_taken_for_confinement(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox.sys, "executable", program)
    assert str(available()).startswith("decoding is not confined; not anything (the process")


def test_the_sentence_for_people() -> None:
    assert str(Confinement(("memory",))) == "decoding is confined: memory"
    assert str(Confinement(("a", "b", "c"))) == "decoding is confined: a, b and c"
    assert str(Confinement((), {"files": "why", "TCP": "why"})) == "decoding is not confined; not files and TCP (why)"
