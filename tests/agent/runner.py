"""A run in a process of its own, with models that cost nothing: python runner.py LIBRARY FOLDER PLAN

Where FOLDER holds a run already, it is gone on with.
"""

from __future__ import annotations

import sys
import time
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from playhead import Library, Settings
from playhead.agent.agent import Agent
from playhead.agent.plan import load_plan
from playhead.agent.run import PLAN
from playhead.tools.contract import Arguments, Context, Tool
from playhead.tools.registry import all_tools
from playhead.types import Progress


class WriteArgs(Arguments):
    text: str = Field(description="What to write.")


class Write(Tool[WriteArgs, str]):
    """Writes a text word by word into files, taking its time, and in a diary that it was asked to."""

    name: ClassVar[str] = "write"
    Args: ClassVar[type[Arguments]] = WriteArgs
    result: ClassVar[type] = str

    def run(self, args: WriteArgs, context: Context) -> str:
        with (context.library.folder.parent / "diary.txt").open("a") as diary:
            diary.write(f"{args.text}\n")
        for number, word in enumerate(args.text.split()):
            (context.folder / "words").mkdir(exist_ok=True)
            (context.folder / "words" / f"{number}.txt").write_text(word * 1000)
            context.progress(Progress("writing", word, number))
            time.sleep(0.02)
        return args.text.upper()


def fake_models() -> Any:
    """Those of the tests."""
    spec = spec_from_file_location("fakes", Path(__file__).parents[1] / "conftest.py")
    assert spec
    assert spec.loader
    fakes = module_from_spec(spec)
    sys.modules["fakes"] = fakes
    spec.loader.exec_module(fakes)
    return fakes.FakeModels()


def main(library: str, folder: Path, plan: Path) -> int:
    with Library(library, settings=Settings(), models=fake_models()) as opened:
        agent = Agent(opened, tools=all_tools() | {"write": Write()})
        run = agent.resume(folder) if (folder / PLAN).exists() else agent.run(load_plan(plan), out=folder)
    return run.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
