"""A program that is not ours, run under limits."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from typing import Any

from playhead.media import sandbox
from playhead.media.limited import limited
from playhead.types import Limits

LIMITS = replace(Limits(), memory_bytes=1 << 30, processor_s=77, bytes=12_345)


def said(code: str, *descriptors: int) -> tuple[str, int]:
    """What a limited Python says, and the process it was started as."""
    child = subprocess.Popen(
        limited([sys.executable, "-c", code], LIMITS),
        stdout=subprocess.PIPE,
        env=sandbox.environment(),
        pass_fds=descriptors,
        text=True,
    )
    words, _ = child.communicate(timeout=20)
    return words.strip(), child.pid


def test_it_is_limited_and_stays_one_process_that_can_be_ended() -> None:
    names = "r.RLIMIT_AS, r.RLIMIT_CPU, r.RLIMIT_FSIZE, r.RLIMIT_CORE"
    words, pid = said(f"import os, resource as r; print([r.getrlimit(n)[0] for n in ({names})], os.getpid())")
    assert words == f"[{1 << 30}, 77, 12345, 0] {pid}"


def test_descriptors_are_handed_on() -> None:
    read, write = os.pipe()
    assert said(f"import os; os.write({write}, b'here')", write)[0] == ""
    assert os.read(read, 10) == b"here"
    os.close(read)
    os.close(write)


def test_it_has_no_network_where_the_kernel_allows_that() -> None:
    words, _ = said("import socket; print([name for _, name in socket.if_nameindex()])")
    if "network" in sandbox.available().kept:
        assert words in ("['lo']", "[]")
    else:
        assert words.startswith("[")


def test_what_the_kernel_refuses_does_not_keep_the_rest_from_being_given_up() -> None:
    asked: list[str] = []

    def kernel(name: str, /, *_: Any) -> int:
        asked.append(name)
        if name == "unshare":
            raise OSError(1, "not here")
        return 0

    sandbox.part_with(kernel)
    assert asked == ["unshare", "prctl", "capset"]
