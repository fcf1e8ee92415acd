"""What the tests of LangChain share: a small library under a stern policy, calls, and who hears of events."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import HumanMessage, ToolMessage

from playhead import Library, Settings
from playhead.types import Door, Progress

from ..agent.conftest import Said, stock
from ..conftest import FakeModels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from langchain_core.tools import BaseTool

    from playhead.interfaces.langchain import VideoTool, VideoToolkit
    from playhead.models.registry import Models

FILM = {"video": "cuts.mp4"}
BAD, MAIL = "a bloodbath", "ada@example.org"
POLICY = "extends: default\nname: stern\nversion: 1\nmask: [mail]\nstages:\n" + "".join(
    f"  {door}: {{violence: {{block: 0.5}}}}\n" for door in Door
)


@contextmanager
def stern(folder: Path, clips: Callable[[str], Path]) -> Iterator[Library]:
    """Of `cuts.mp4`: four seconds of four colours, and two sentences. Its policy stops violence at every door."""
    models = FakeModels()
    stock(folder, clips, models, "cuts.mp4").close()
    (folder / "stern.yaml").write_text(POLICY)
    settings = Settings.model_validate({"policy": str(folder / "stern.yaml")})
    with Library(folder / "library", settings=settings, models=cast("Models", models)) as opened:
        yield opened


def named(toolkit: VideoToolkit, name: str) -> VideoTool:
    """One tool of the toolkit."""
    return next(tool for tool in toolkit.get_tools() if tool.name == name)  # type: ignore[return-value]


def called(tool: BaseTool, arguments: dict[str, Any]) -> ToolMessage:
    """What a model is told that calls it."""
    message = tool.invoke({"name": tool.name, "args": arguments, "id": "1", "type": "tool_call"})
    assert isinstance(message, ToolMessage)
    return message


def ask(agent: Any, words: str) -> dict[str, Any]:
    """What becomes of a conversation that begins so, or goes on so."""
    given = {"messages": [HumanMessage(words)]}
    return cast("dict[str, Any]", agent.invoke(given, {"configurable": {"thread_id": "1"}}))


def kept(library: Library) -> set[Path]:
    """The files of the library, without its record."""
    files = (path for path in library.folder.rglob("*") if path.is_file())
    return {path for path in files if not path.name.startswith(("audit", "catalog"))}


class Heard(BaseCallbackHandler):
    """Keeps custom events."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []

    def on_custom_event(self, name: str, data: Any, **_: Any) -> None:
        self.events.append((name, data))

    @property
    def kinds(self) -> list[str]:
        """What became of steps."""
        return [data["kind"] for _, data in self.events if data["kind"] != "progress"]


def slow(args: Any, context: Any) -> Said:
    """Tells how far it is until somebody stops it, five seconds at most."""
    for number in range(500):
        context.progress(Progress("working", "slow", number, 500))
        time.sleep(0.01)
    return Said(args.text)


def tool_messages(result: dict[str, Any]) -> list[ToolMessage]:
    """What tools said in a conversation."""
    return [message for message in result["messages"] if isinstance(message, ToolMessage)]
