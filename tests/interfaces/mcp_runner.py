"""`playhead mcp …` with models that cost nothing, and with a tool that takes its time: python mcp_runner.py …"""

from __future__ import annotations

import sys
import time
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import ClassVar

import playhead.index.library
from playhead.interfaces.cli import main
from playhead.tools.contract import Arguments, Context, Effect, Tool
from playhead.tools.registry import all_tools
from playhead.types import Progress


class DawdleArgs(Arguments):
    """How long."""

    seconds: float = 30.0


class Dawdle(Tool[DawdleArgs, str]):
    """Writes a file and takes its time, chattering."""

    name: ClassVar[str] = "dawdle"
    Args: ClassVar[type[Arguments]] = DawdleArgs
    result: ClassVar[type] = str
    effects: ClassVar[frozenset[Effect]] = frozenset({Effect.WRITES})

    def run(self, args: DawdleArgs, context: Context) -> str:
        (context.folder / "half.txt").write_text("half")
        print("stray words on standard output", flush=True)
        for step in range(round(args.seconds * 20)):
            context.progress(Progress("dawdling", "about", step / 20, args.seconds))
            time.sleep(0.05)
        return "done"


if __name__ == "__main__":
    spec = spec_from_file_location("fakes", Path(__file__).parents[1] / "conftest.py")
    assert spec
    assert spec.loader
    fakes = module_from_spec(spec)
    sys.modules["fakes"] = fakes
    spec.loader.exec_module(fakes)
    playhead.index.library.Models = lambda *_, **__: fakes.FakeModels()  # type: ignore[assignment, misc]
    all_tools()["dawdle"] = Dawdle()
    sys.exit(main(["mcp", *sys.argv[1:]]))
