"""Runs in processes of their own, with models that cost nothing.

For each line `["LIBRARY", "FOLDER", "PLAN"]` a process is forked; its number is printed, and its exit code when it
ended. Where FOLDER holds a run already, it is gone on with.
"""

from __future__ import annotations

import json
import os
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


def fakes() -> Any:
    """The module with the models of the tests."""
    spec = spec_from_file_location("fakes", Path(__file__).parents[1] / "conftest.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    sys.modules["fakes"] = module
    spec.loader.exec_module(module)
    return module


def run(models: Any, tools: dict[str, Any], library: str, folder: Path, plan: Path) -> int:
    with Library(library, settings=Settings(), models=models) as opened:
        agent = Agent(opened, tools=tools)
        run = agent.resume(folder) if (folder / PLAN).exists() else agent.run(load_plan(plan), out=folder)
    return run.exit_code


def main() -> None:
    models, tools = fakes().FakeModels(), all_tools() | {"write": Write()}
    for line in sys.stdin:
        library, folder, plan = json.loads(line)
        pid = os.fork()
        if not pid:
            os._exit(run(models, tools, library, Path(folder), Path(plan)))
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
