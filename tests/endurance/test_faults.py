"""Whatever fails, at whichever call: it is told, nothing is lost, nothing is left, and the same again succeeds."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from playhead import Agent, Library
from playhead.agent.cache import Cache
from playhead.agent.plan import parse_plan
from playhead.errors import PlayheadError, StorageError
from playhead.safety.audit import Audit

from ..agent.test_resume import kept
from ..index.test_kill import dump
from .conftest import FIRST, NEXT, opened
from .faults import FILES, POINTS, failing
from .toll import WHOLE, Before, Toll, partials, swept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playhead.types import IndexReport

MENDED = ("vector", "thumbnails are missing")
PLAN = parse_plan(
    f"request: Cut it\nsteps:\n"
    f"  cut: {{tool: cut_clip, args: {{video: {FIRST}, start_s: 0, end_s: 1}}}}\n"
    f"  said: {{tool: export_subtitles, args: {{video: {FIRST}}}}}\n"
)
AFTERWARDS = [False, True] if WHOLE else [False]
CHANGING = [*FILES, "sqlite", "chroma"] if WHOLE else ["remove", "sqlite", "chroma"]
RUNNING = [*FILES, "sqlite"] if WHOLE else ["write"]
ADDING = POINTS if WHOLE else ["write", "rename", "sqlite", "chroma", "decode", "model"]


def told(act: Callable[[], Any]) -> Iterator[str]:
    """What was raised that is no error of Playhead's, which says what to do."""
    try:
        act()
    except PlayheadError as error:
        if "\n" in str(error):
            yield f"an error of several lines: {error}"
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        yield f"{type(error).__name__} came out: {error}"


def whole(library: Library) -> Iterator[str]:
    """What is wrong with a library after a fault beyond what `rebuild` and the same command again mend."""
    yield from (problem for problem in library.verify() if not any(word in problem for word in MENDED))
    if FIRST not in [video.name for video in library.videos()]:
        yield "what was committed before is gone"
    if not library.search("ferry", channels=["speech"]):
        yield "what was committed before is not found"


def left(folder: Path, scratch: Path) -> Iterator[str]:
    yield from (f"{name} was left" for name in partials(folder))
    yield from (f"{path.name} was left among temporary files" for path in scratch.iterdir())
    if len(list((folder / "vectors").glob("generation-*"))) > 1:
        yield "more than one vector index was left"


def through(point: str, original: Path, folder: Path, footage: Path) -> tuple[Callable[[], Library], Path]:
    """What opens the library in `folder`, and what that is a copy of: with a store, where Chroma is to fail."""
    if point != "chroma":
        return lambda: opened(folder, footage), original
    stored = shutil.copytree(original, folder.parent.with_name("stored"))
    with opened(stored, footage, through_chroma=True) as library:
        library.rebuild()
    return lambda: opened(folder, footage, through_chroma=True), stored


def compared(one: Path, other: Path) -> Iterator[str]:
    found, wanted = dump(one), dump(other)
    yield from (f"the table {table} differs" for table in wanted if found[table] != wanted[table])


@pytest.mark.parametrize("after", AFTERWARDS)
@pytest.mark.parametrize("point", ADDING)
def test_a_fault_while_a_film_is_indexed(
    point: str, after: bool, begun: Path, undisturbed: Path, footage: Path, scratch: Path, tmp_path: Path, toll: Toll
) -> None:
    folder = tmp_path / "work" / "library"
    library, original = through(point, begun, folder, footage)

    def anew() -> None:
        shutil.rmtree(tmp_path / "work", ignore_errors=True)
        shutil.copytree(original, folder)

    def add() -> IndexReport:
        with library() as held:
            return held.add(footage / NEXT)

    def each(at: int) -> Iterator[str]:
        anew()
        with failing(folder, point, at, after=after) as fault:
            yield from told(add)
        toll.struck += fault.struck
        with library() as held:
            yield from whole(held)
        yield from (f"it failed again: {error}" for _, error in add().failed)
        with library() as held:
            yield from held.verify()
        yield from compared(folder, undisturbed)
        yield from left(folder, scratch)

    anew()
    with failing(folder, point) as counted:
        add()
    before = Before.now()
    swept(counted.calls, 1, toll, f"{point}{' afterwards' * after}", each)
    toll.leaked += before.leaked()


@pytest.mark.parametrize("after", AFTERWARDS)
@pytest.mark.parametrize("point", CHANGING)
def test_a_fault_while_a_film_is_removed_or_the_index_rebuilt(
    point: str, after: bool, undisturbed: Path, footage: Path, scratch: Path, tmp_path: Path, toll: Toll
) -> None:
    folder = tmp_path / "work" / "library"
    library, original = through(point, undisturbed, folder, footage)

    def anew() -> None:
        shutil.rmtree(tmp_path / "work", ignore_errors=True)
        shutil.copytree(original, folder)

    def remove() -> None:
        with library() as held:
            if any(video.name == NEXT for video in held.videos()):
                held.remove(NEXT)
            held.rebuild()

    def each(at: int) -> Iterator[str]:
        anew()
        with failing(folder, point, at, after=after) as fault:
            yield from told(remove)
        toll.struck += fault.struck
        with library() as held:
            yield from whole(held)
        remove()
        with library() as held:
            yield from held.verify()
            yield from (f"{video.name} is still there" for video in held.videos() if video.name != FIRST)
            if len(list((folder / "thumbs").glob("*"))) > 1:
                yield "thumbnails of a removed film were left"
        yield from left(folder, scratch)

    anew()
    with failing(folder, point) as counted:
        remove()
    before = Before.now()
    swept(counted.calls, 1, toll, f"{point}{' afterwards' * after}", each)
    toll.leaked += before.leaked()


@pytest.mark.parametrize("after", AFTERWARDS)
@pytest.mark.parametrize("point", RUNNING)
def test_a_fault_while_a_plan_runs(
    point: str, after: bool, begun: Path, footage: Path, scratch: Path, tmp_path: Path, toll: Toll
) -> None:
    folder = tmp_path / "work" / "library"

    def anew() -> None:
        shutil.rmtree(tmp_path / "work", ignore_errors=True)
        shutil.copytree(begun, folder)

    def run() -> None:
        with opened(folder, footage) as library:
            for outcome in Agent(library).run(PLAN, out=folder.parent / "run").failed:
                if outcome.error:
                    raise outcome.error

    def each(at: int) -> Iterator[str]:
        anew()
        with failing(folder.parent, point, at, after=after) as fault:
            yield from told(run)
        toll.struck += fault.struck
        run()
        if kept(folder.parent / "run") != reference:
            yield "the run ended otherwise than one that was not disturbed"
        if problems := Audit(folder / "audit.jsonl", folder / "catalog.sqlite").verify():
            yield f"the audit log: {problems}"
        with opened(folder, footage) as library:
            yield from whole(library)
        yield from left(folder.parent, scratch)

    anew()
    run()
    reference = kept(folder.parent / "run")
    anew()
    with failing(folder.parent, point) as counted:
        run()
    before = Before.now()
    swept(counted.calls, 1, toll, f"{point}{' afterwards' * after}", each)
    toll.leaked += before.leaked()


def test_a_result_that_cannot_be_kept_is_told(tmp_path: Path) -> None:
    with Cache(tmp_path).entry("abcd") as entry:
        with failing(tmp_path, "open", 1) as fault, pytest.raises(StorageError, match="no space left"):
            entry.write(int, 1)
        assert fault.struck
        entry.write(int, 1)
        assert entry.read(int) == 1


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("point", [*FILES, "sqlite"])
@pytest.mark.parametrize("anchored", [True, False])
def test_a_fault_while_the_audit_log_is_written(
    point: str, after: bool, anchored: bool, begun: Path, tmp_path: Path, toll: Toll
) -> None:
    folder = tmp_path / "work"

    def anew() -> Audit:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        shutil.copy(begun / "catalog.sqlite", folder / "catalog.sqlite")
        return Audit(folder / "audit.jsonl", folder / "catalog.sqlite" if anchored else None)

    def each(at: int) -> Iterator[str]:
        audit, acknowledged = anew(), list[int]()

        def write() -> None:
            for number in range(3):
                audit.write(event="test", number=number)
                acknowledged.append(number)

        with failing(folder, point, at, after=after) as fault:
            yield from told(write)
        toll.struck += fault.struck
        yield from audit.verify()
        audit.write(event="after")
        yield from audit.verify()
        found = [entry.get("number") for entry in audit.entries()]
        if missing := set(acknowledged) - set(found):
            yield f"entries that were acknowledged are gone: {missing}"
        yield from (f"{name} was left" for name in partials(folder))

    audit = anew()
    with failing(folder, point) as counted:
        for number in range(3):
            audit.write(event="test", number=number)
    if not counted.calls:
        pytest.skip("the log does no such thing")
    before = Before.now()
    swept(counted.calls, 4, toll, f"{point}{' afterwards' * after}", each)
    toll.leaked += before.leaked()
