"""What the decoding process gives up before it opens a file, and what this system lets it give up.

Limits on resources hold everywhere. The rest is Linux: Landlock (files, programs, TCP, signals), a network namespace
of its own, no capabilities, no new privileges. What the kernel refuses is named with its reason, never passed over.
Numbers and structures: linux/landlock.h and docs.kernel.org/userspace-api/landlock.html, capset(2), prctl(2),
unshare(2), getrlimit(2).
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from playhead.errors import reason_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_LIMITED = ("memory", "processor", "descriptors")  # by `limit` and `seal`, which no kernel refuses
_CREATE_RULESET, _RESTRICT_SELF = 444, 446  # the same on every architecture
_ASK_VERSION = 1
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}  # how many LANDLOCK_ACCESS_FS_* a version knows
_TCP_VERSION, _TCP = 4, 0b11  # bind, connect
_SCOPES_VERSION, _SCOPES = 6, 0b11  # abstract Unix sockets, signals
_NEW_USER, _NEW_NET = 0x10000000, 0x40000000
_NO_NEW_PRIVILEGES = 38
_CAPABILITY_VERSION_3 = 0x20080522
_GRACE_S = 2  # after SIGXCPU, which a process may ignore, comes SIGKILL
_PATIENCE_S = 20.0


class Kernel(Protocol):
    """Calls a function of the C library by name; raises `OSError` where it fails."""

    def __call__(self, name: str, /, *arguments: Any) -> int:
        """What the function returns."""


@dataclass(frozen=True, slots=True)
class Confinement:
    """What the decoder is held to or kept from, and what it is not, with the reason."""

    kept: tuple[str, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        kept = f"decoding is confined: {_listed(self.kept)}" if self.kept else "decoding is not confined"
        reasons: dict[str, list[str]] = {}
        for name, why in self.missing.items():
            reasons.setdefault(why, []).append(name)
        return "; ".join([kept, *(f"not {_listed(names)} ({why})" for why, names in reasons.items())])


class _Ruleset(ctypes.Structure):
    """`struct landlock_ruleset_attr`. An older kernel takes the longer one while what it does not know is 0."""

    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


def libc(name: str, /, *arguments: Any) -> int:
    """What the function of the C library returns. Raises `OSError` where it fails or does not exist."""
    try:
        function = getattr(ctypes.CDLL(None, use_errno=True), name)
    except AttributeError as error:
        raise OSError(f"this system has no {name}") from error
    function.restype = ctypes.c_long
    found = int(function(*(ctypes.c_long(a) if isinstance(a, int) else a for a in arguments)))
    if found < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return found


def limit(limits: Mapping[str, Any], *, written_bytes: int = 0) -> None:
    """Bound memory, processor time and what is written to a file by this process, and let it leave no core."""
    for kind, most, more in (
        (resource.RLIMIT_AS, limits["memory_bytes"], 0),
        (resource.RLIMIT_CPU, limits["processor_s"], _GRACE_S),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_FSIZE, written_bytes, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        soft, new = (int(n) if hard == resource.RLIM_INFINITY else min(int(n), hard) for n in (most, most + more))
        resource.setrlimit(kind, (soft, new))


def confine(kernel: Kernel = libc) -> Confinement:
    """Give up, for good, all that the kernel lets this process give up. It must have one thread.

    What is open stays open. Modules that are needed later must be imported before.
    """
    kept, missing = [*_LIMITED], dict[str, str]()
    for label, give_up, names in _STEPS:
        why = f"{label} of this kernel is too old"
        try:
            given = give_up(kernel)
        except OSError as error:
            given, why = (), f"{label}: {reason_of(error)}"
        kept += given
        missing |= {name: why for name in names if name not in given}
    return Confinement(tuple(kept), missing)


def part_with(kernel: Kernel = libc) -> None:
    """Give up the network and privileges, but not files and programs: for one that becomes a program not ours.

    What the kernel refuses here it refuses `confine` too, which `available` asks and tells.
    """
    for give_up in (_network, _privileges):
        with suppress(OSError):
            give_up(kernel)


def seal(below: int = 0) -> None:
    """Let this process open no descriptor ever again but one of a free number under `below`.

    Files, sockets and pipes all need one, so that with 0 nothing can be reached that is not open now.
    """
    resource.setrlimit(resource.RLIMIT_NOFILE, (below, below))


def _network(kernel: Kernel) -> tuple[str, ...]:
    """A network of its own, with nothing in it. The user namespace is what lets an ordinary user ask for one."""
    kernel("unshare", _NEW_USER | _NEW_NET)
    return ("network",)


def _privileges(kernel: Kernel) -> tuple[str, ...]:
    """What the superuser may do, the raising of limits included; and no program can give it back."""
    kernel("prctl", _NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    kernel("capset", ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)()))
    return ("privileges",)


def _landlock(kernel: Kernel) -> tuple[str, ...]:
    """All that this version can deny. Not one rule is added, so that nothing is allowed."""
    version = kernel("syscall", _CREATE_RULESET, None, 0, _ASK_VERSION)
    rights = max(count for since, count in _FILE_RIGHTS.items() if since <= version)
    tcp, scopes = version >= _TCP_VERSION, version >= _SCOPES_VERSION
    ruleset = _Ruleset((1 << rights) - 1, _TCP * tcp, _SCOPES * scopes)
    descriptor = kernel("syscall", _CREATE_RULESET, ctypes.byref(ruleset), ctypes.sizeof(ruleset), 0)
    try:
        kernel("syscall", _RESTRICT_SELF, descriptor, 0)
    finally:
        os.close(descriptor)
    return ("files", "programs", *(["TCP"] if tcp else []), *(["signals"] if scopes else []))


_STEPS = (
    ("a network of its own", _network, ("network",)),
    ("giving up privileges", _privileges, ("privileges",)),
    ("Landlock", _landlock, ("files", "programs", "TCP", "signals")),
)


def environment() -> dict[str, str]:
    """For a child: linear algebra on one thread, our import path, and nothing of FFmpeg's that somebody set."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    paths = os.pathsep.join(path for path in sys.path if path)
    return kept | {
        "PYTHONPATH": paths,
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "PYTHONSAFEPATH": "1",
    }


def available() -> Confinement:
    """What a decoder is kept from on this system: a process confines itself and says. Costs 0.1 s."""
    command = [sys.executable, "-m", "playhead.media.sandbox"]
    with suppress(OSError, subprocess.SubprocessError, ValueError, LookupError, TypeError):
        done = subprocess.run(command, capture_output=True, check=True, timeout=_PATIENCE_S, env=environment())
        said = json.loads(done.stdout)
        return Confinement(tuple(said["kept"]), said["missing"])
    return Confinement((), {"anything": "the process that was to find out did not answer"})


def _listed(names: tuple[str, ...] | list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(confine())))
