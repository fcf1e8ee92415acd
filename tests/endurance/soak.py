"""One process at work for an hour: it indexes, searches, asks, cuts, exports, removes and serves, and must not grow.

    python -m tests.endurance.soak --minutes 60 --out soak.json

The last line is a JSON object: the curves, how fast each grew after the warm-up, and what went wrong. The exit code
is 1 where anything did. Most cycles run with models that cost nothing, so that all the time goes into what can leak;
every two minutes the offline profile takes a turn.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from playhead import Agent, Library, Settings
from playhead.agent.offline import OfflinePlanner
from playhead.agent.plan import parse_plan
from playhead.interfaces.loopback import with_few_arenas
from playhead.models.registry import OFFLINE, Models
from playhead.testing import FakeModels
from playhead.tools.registry import all_tools

from .films import beginning, films, renewed
from .visitors import Visitors
from .vitals import Vitals, curves, descendants, growing, growth, sampled

if TYPE_CHECKING:
    from collections.abc import Sequence

SAMPLE_S, REAL_S = 30.0, 120.0
WARM_TURNS = 6  # of the offline profile, before anything is measured: its memory rises in steps over the first five
OLD_S = 60.0
SESSION = ".ses"  # ONNX Runtime leaves one such file among the temporary ones
WARM_SHARE, WARM_LEAST_S = 0.2, 120.0
QUERIES = ("red", "a white thing", "the ferry leaves", "green then red", "blue before white")
QUESTION, ANSWERED = "When does the ferry leave?", "The ferry leaves at nine"
REAL_FILM_S = 17.0  # a title, a cup of coffee, and coins while somebody speaks
REAL_QUERIES = ("a cup of coffee", "rows of old coins", "when does the ferry leave?")
PLAN = """
request: Cut it, and write down what is said
steps:
  find: {tool: search_moments, args: {query: the ferry leaves, video: flag.mp4, limit: 1}}
  cut: {tool: cut_clip, args: {moments: $find.moments}}
  said: {tool: export_subtitles, args: {video: flag.mp4}}
  edit: {tool: export_timeline, args: {moments: $find.moments}}
  sheet: {tool: contact_sheet, args: {video: flag.mp4}}
"""


@dataclass
class Faults:
    """What went wrong, each once, with how often."""

    seen: dict[str, int] = field(default_factory=dict)

    def note(self, what: str) -> None:
        self.seen[what] = self.seen.get(what, 0) + 1


class Shelf:
    """A library of small films that is used up and down, and always gives the same."""

    def __init__(self, folder: Path, planning: Models, faults: Faults) -> None:
        self.footage, self.folder, self.faults = films(folder / "footage"), folder / "library", faults
        self._original = shutil.copy(self.footage / "flag.mp4", folder / "flag.mp4")
        channels = ("picture", "object", "speech")
        settings = Settings.model_validate({"channels": channels, "roots": (folder,)})
        through_chroma = settings.model_copy(update={"exact_limit": 0})
        self.library = Library(self.folder, settings=through_chroma, models=cast("Models", FakeModels()))
        self.reader = Library(self.folder, settings=settings, models=self.library.models)
        self._planner = OfflinePlanner(all_tools(), planning.sentences)
        self._plan = parse_plan(PLAN)
        self._expected: list[Any] | None = None
        self.cycles, self.search_ms = 0, 0.0

    def cycle(self) -> None:
        """Index, search, ask, cut, export, remove; what is not as it was before is noted."""
        self.cycles += 1
        renewed(Path(self._original), self.cycles, self.footage / "flag.mp4")
        report = self.library.add(self.footage)
        for path, error in report.failed:
            self.faults.note(f"{path.name} was not indexed: {error}")
        self._search()
        self._ask()
        for problem in self.library.verify():
            self.faults.note(f"verify: {problem}")
        self.library.remove("snow.mkv" if self.cycles % 2 else "garden.mp4")
        pruned(self.folder)

    def _search(self) -> None:
        if not list(self.folder.glob("vectors/*/chroma.sqlite3")):
            self.faults.note("Chroma has nothing to search")
        for library in (self.library, self.reader):
            begun = time.monotonic()
            found = [_told(library.search(query, limit=100)) for query in QUERIES]
            self.search_ms = round((time.monotonic() - begun) / len(QUERIES) * 1000, 2)
            self._expected = self._expected or found
            if not all(found):
                self.faults.note("nothing was found")
            for query, one, other in zip(QUERIES, found, self._expected, strict=True):
                if one != other:
                    self.faults.note(f"{query!r} gave other moments than in the first cycle")

    def _ask(self) -> None:
        agent = Agent(self.library, planner=self._planner)
        if ANSWERED not in str(agent.run(QUESTION)):
            self.faults.note("the question was not answered as before")
        run = agent.run(self._plan, fresh=True)
        for outcome in run.failed:
            self.faults.note(f"{outcome.step}: {outcome.error}")

    def close(self) -> None:
        self.library.close()
        self.reader.close()


class Cinema:
    """A library of a short film that the offline profile watches and hears again and again."""

    def __init__(self, folder: Path, models: Models, faults: Faults) -> None:
        from playhead.interfaces.demo_film import build

        self._film = beginning(build(folder / "demo"), folder / "short.mp4", REAL_FILM_S)
        self._folder, self._models, self._faults = folder / "real", models, faults
        self._expected: list[Any] | None = None
        self.turns = 0

    def turn(self) -> None:
        """Index it anew, search, ask, and forget it."""
        self.turns += 1
        with Library(self._folder, settings=Settings(), models=self._models) as library:
            for _, error in library.add(self._film).failed:
                self._faults.note(f"the real models failed: {error}")
            found = [_told(library.search(query)) for query in REAL_QUERIES]
            self._expected = self._expected or found
            if found != self._expected or not all(found):
                self._faults.note("the real models found other moments than at first, or none")
            Agent(library).run("What is to be seen?")
            for problem in library.verify():
                self._faults.note(f"verify of the real library: {problem}")
            library.remove("short.mp4")
        pruned(self._folder)


def _told(found: Any) -> list[tuple[str, float, float]]:
    """The moments without their order: of equal ones the id decides, and a film that is renewed has another."""
    return sorted((m.video.name, round(m.span.start_s, 3), round(m.span.end_s, 3)) for m in found)


def pruned(library: Path) -> None:
    """Remove old runs and what was kept of them, which grow on purpose."""
    for path in (*library.glob("runs/*"), *library.glob("cache/*/*")):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > OLD_S:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def soak(folder: Path, minutes: float, sample_s: float = SAMPLE_S, *, real: bool = True) -> dict[str, Any]:
    """Work for so long below `folder` and tell what was seen."""
    temporary = folder / "tmp"
    temporary.mkdir(parents=True)
    faults, samples = Faults(), list[Vitals]()
    os.environ["TMPDIR"] = tempfile.tempdir = str(temporary)
    models = Models(OFFLINE, threads=1)
    cinema = Cinema(folder, models, faults) if real else None
    shelf = Shelf(folder, models, faults)
    with ExitStack() as held:
        held.callback(shelf.close)
        shelf.cycle()
        visitors = held.enter_context(Visitors(shelf.folder, shelf.library.models, faults.note))
        if cinema:
            for _ in range(WARM_TURNS):
                cinema.turn()
        begun = last = turned = time.monotonic()
        while time.monotonic() - begun < minutes * 60:
            shelf.cycle()
            now = time.monotonic()
            if cinema and now - turned > REAL_S:
                turned = now
                cinema.turn()
            if now - last > sample_s:
                last = now
                more = {"search_ms": shelf.search_ms, "cycles": shelf.cycles}
                samples.append(sampled(begun, shelf.folder, temporary, **more))
                _tell(samples[-1])
    left = {
        "children": len(descendants()),
        "temporary": sorted(p.name for p in temporary.rglob("*") if p.name != SESSION),
    }
    warm_s = min(max(WARM_LEAST_S, minutes * 60 * WARM_SHARE), minutes * 30)
    grown = growth(samples, warm_s)
    return {
        "minutes": round((time.monotonic() - begun) / 60, 1), "cycles": shelf.cycles,
        "real_turns": cinema.turns if cinema else 0, "requests": visitors.answered, "warm_up_s": warm_s,
        "growth": grown, "faults": faults.seen, "left": [f"{what}: {how}" for what, how in left.items() if how],
        "growing": growing(grown), "curves": curves(samples),
    }  # fmt: skip


def _tell(sample: Vitals) -> None:
    print(" ".join(f"{name}={getattr(sample, name)}" for name in sample.__slots__), file=sys.stderr, flush=True)


def main(given: Sequence[str] | None = None) -> int:
    """Soak as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--sample-s", type=float, default=SAMPLE_S)
    parser.add_argument("--no-real", action="store_true", help="leave the offline profile out")
    parser.add_argument("--out", type=Path, help="also write the JSON object here")
    asked = parser.parse_args(given)
    with_few_arenas()  # as `playhead serve` does
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        found = soak(Path(folder), asked.minutes, asked.sample_s, real=not asked.no_real)
    said = json.dumps(found)
    if asked.out:
        asked.out.write_text(said + "\n", encoding="utf-8")
    print(said)
    return 1 if found["faults"] or found["left"] or found["growing"] else 0


if __name__ == "__main__":
    sys.exit(main())
