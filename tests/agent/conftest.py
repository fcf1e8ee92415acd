"""Tools that do what a test tells them, and a small library to plan over."""

from __future__ import annotations

import shutil
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, cast

import pytest
from pydantic import Field

from playhead import Library, Settings
from playhead.agent.cache import Cache
from playhead.agent.check import check
from playhead.agent.executor import Event, Executor, Outcome
from playhead.agent.journal import Journal, read_journal
from playhead.agent.plan import Plan, parse_plan
from playhead.tools.arguments import Words
from playhead.tools.contract import Arguments, Context, Tool
from playhead.tools.doorway import DATA

from ..conftest import FakeModels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playhead.models.registry import Models

HELLO = (
    "1\n00:00:00,200 --> 00:00:01,700\nHello there\n\n2\n00:00:02,500 --> 00:00:03,500\nThe ferry leaves at nine\n"
)


@dataclass(frozen=True, slots=True)
class Said:
    """What the tools of these tests give."""

    text: str
    parts: tuple[str, ...] = ()
    seconds: float = 0.0


class DoArgs(Arguments):
    """Words, and what to wait for."""

    text: Words = Field("", description="Any words.")
    after: Annotated[tuple[str, ...], DATA] = Field((), description="What must be there first.")
    video: str = Field("", description="A video.")


class Do(Tool[DoArgs, Said]):
    """Does what a test tells it, and counts how often; words are given back in capitals if nothing else is said."""

    Args: ClassVar[type[Arguments]] = DoArgs
    result: ClassVar[type] = Said

    def __init__(self, name: str, act: Callable[[DoArgs, Context], Any] | None = None) -> None:
        self.name = name  # type: ignore[misc]
        self._act = act or (lambda args, _: Said(args.text.upper()))
        self.calls = 0
        self._lock = threading.Lock()

    def run(self, args: DoArgs, context: Context) -> Said:
        with self._lock:
            self.calls += 1
        return cast("Said", self._act(args, context))


@dataclass
class Ran:
    """What came of a plan."""

    outcomes: dict[str, Outcome]
    events: list[Event] = field(default_factory=list)
    journal: list[dict[str, Any]] = field(default_factory=list)

    @property
    def states(self) -> dict[str, str]:
        return {name: str(outcome.state) for name, outcome in self.outcomes.items()}

    @property
    def kinds(self) -> list[tuple[str, str]]:
        return [(event.kind, event.step) for event in self.events]


@pytest.fixture
def context(tmp_path: Path, fakes: FakeModels) -> Context:
    """Of a library that holds nothing."""
    return Context(Library(tmp_path / "library", settings=Settings(), models=cast("Models", fakes)), tmp_path)


@pytest.fixture
def execute(context: Context, tmp_path: Path) -> Callable[..., Ran]:
    """Runs a plan, given as YAML, with tools of the test; keywords are those of the executor."""

    def run(
        plan: Plan | str, *tools: Tool[Any, Any], cancel: threading.Event | None = None, fresh: bool = False,
        listen: Callable[[Event], None] = lambda _: None, **how: Any,
    ) -> Ran:  # fmt: skip
        events: list[Event] = []

        def heard(event: Event) -> None:
            events.append(event)
            listen(event)

        named = {tool.name: tool for tool in tools}
        plan = parse_plan(plan) if isinstance(plan, str) else plan
        check(plan, named).demand()
        journal = Journal(tmp_path / "journal.jsonl")
        try:
            executor = Executor(named, context, Cache(tmp_path / "cache"), **how)
            outcomes = executor.run(plan, journal, heard, cancel, fresh=fresh)
        finally:
            journal.close()
        return Ran(outcomes, events, read_journal(journal.path))

    return run


def stock(folder: Path, clips: Callable[[str], Path], models: FakeModels, *names: str) -> Library:
    """A library of clips; of `cuts.mp4` the subtitles say `HELLO`. Red, green, blue and white last a second each."""
    (folder / "footage").mkdir(parents=True)
    for name in names:
        shutil.copy(clips(name), folder / "footage" / name)
    (folder / "footage" / "cuts.srt").write_text(HELLO)
    settings = Settings.model_validate({"channels": ("picture", "object", "speech")})
    library = Library(folder / "library", settings=settings, models=cast("Models", models))
    assert not library.add(folder / "footage").failed
    return library


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory, clips: Callable[[str], Path]) -> Iterator[Library]:
    """A library of `cuts.mp4` (4 s), `plain.mp4` (2 s) and `late.mkv` (100 s to 102 s); look, but change nothing."""
    names = ("cuts.mp4", "plain.mp4", "late.mkv")
    with stock(tmp_path_factory.mktemp("shelf"), clips, FakeModels(), *names) as library:
        yield library


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory, clips: Callable[[str], Path]) -> Path:
    """The folder of a library of `cuts.mp4`."""
    with stock(tmp_path_factory.mktemp("original"), clips, FakeModels(), "cuts.mp4") as library:
        return library.folder


@pytest.fixture
def own(tmp_path: Path, original: Path, fakes: FakeModels) -> Iterator[Library]:
    """A library of `cuts.mp4` to run in, and to do damage in; the footage itself is everybody's."""
    folder = shutil.copytree(original, tmp_path / "library")
    with Library(folder, settings=Settings(), models=cast("Models", fakes)) as library:
        yield library
