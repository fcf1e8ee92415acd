"""A process that lays limits upon itself and then becomes another program.

Run as `python -m playhead.media.limited LIMITS PROGRAM ARGUMENT…`, the limits being JSON. The program keeps files and
descriptors that were handed on; memory, processor time and what it writes are bounded, it leaves no core, and network
and privileges are given up where the kernel allows it (`sandbox`).
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from playhead.media import sandbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playhead.types import Limits


def limited(command: Sequence[str], limits: Limits) -> list[str]:
    """The command that runs another one under limits, in the same process."""
    return [sys.executable, "-m", "playhead.media.limited", json.dumps(asdict(limits)), *command]


def main(arguments: Sequence[str]) -> None:
    """Become the program, limited. Does not return."""
    limits, *command = arguments
    bounds = json.loads(limits)
    sandbox.limit(bounds, written_bytes=bounds["bytes"])
    sandbox.part_with()
    os.execv(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
