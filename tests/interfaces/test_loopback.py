"""What a process that serves for long does for itself."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

ARENAS = """
import ctypes, sys, threading
from playhead.interfaces.loopback import with_few_arenas

if sys.argv[1] == "few":
    with_few_arenas()
held = threading.Barrier(9)

def work():
    block = ctypes.CDLL(None).malloc(4096)  # which gives the thread its arena
    held.wait()

threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
held.wait()
libc = ctypes.CDLL(None)
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout"))
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="only glibc tells its arenas")
@pytest.mark.parametrize(("arenas", "counts"), [("few", range(2, 3)), ("many", range(3, 99))])
def test_threads_of_a_server_share_two_arenas(arenas: str, counts: range) -> None:
    told = subprocess.run([sys.executable, "-c", ARENAS, arenas], check=True, capture_output=True, text=True).stdout
    assert told.count("<heap nr=") in counts
