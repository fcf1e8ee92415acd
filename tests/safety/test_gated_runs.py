"""The gate in a run: what it stops is in no result, file, answer or report, and all else goes on."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any, ClassVar, cast

import pytest
from PIL import Image

from playhead import Library, Settings
from playhead.agent.agent import Agent
from playhead.agent.journal import read_journal
from playhead.agent.plan import parse_plan
from playhead.models.cache import sha256_of
from playhead.safety.gate import audit_of
from playhead.tools.contract import Context, Effect
from playhead.types import Answer, Channel, Citation, Claim, Decision, Door, Span

from ..agent.conftest import Do, DoArgs, Said, stock
from ..conftest import FakeModels
from .conftest import MAIL, stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playhead.models.registry import Models


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory, clips: Callable[[str], Path]) -> Path:
    with stock(tmp_path_factory.mktemp("original"), clips, FakeModels(), "cuts.mp4") as library:
        return library.folder


@pytest.fixture
def shelf(tmp_path: Path, original: Path, fakes: FakeModels) -> Iterator[Callable[..., Library]]:
    """Opens a library of `cuts.mp4`; keywords are settings."""
    folder, held = shutil.copytree(original, tmp_path / "library"), []

    def opened(**flags: object) -> Library:
        held.append(Library(folder, settings=Settings.model_validate(flags), models=cast("Models", fakes)))
        return held[-1]

    yield opened
    for library in held:
        library.close()


class Make(Do):
    """A tool that generates."""

    effects: ClassVar[frozenset[Effect]] = frozenset({Effect.GENERATES})
    reads_footage: ClassVar[bool] = False


def one(tool: str, text: str = "a lake") -> Any:
    return parse_plan(f"steps: {{made: {{tool: {tool}, args: {{text: {json.dumps(text)}}}}}}}")


def making(name: str, colour: str = "", text: str = "", *, named: bool = True) -> Callable[[DoArgs, Context], Said]:
    """Makes one file, of a colour or a text, that its result names or not."""

    def act(_: DoArgs, context: Context) -> Said:
        path = context.folder / "deep" / name
        path.parent.mkdir()
        if colour:
            Image.new("RGB", (8, 8), colour).save(path)
        else:
            path.write_text(text)
        return Said(str(path) if named else "done")

    return act


def kept(folder: Path) -> str:
    """Everything that is readable below a folder."""
    return "\n".join(p.read_text(errors="replace") for p in folder.rglob("*") if p.is_file())


def test_a_request_that_is_stopped_leaves_nothing_but_its_record(
    shelf: Callable[..., Library], tmp_path: Path
) -> None:
    library = shelf()
    stopped(lambda: Agent(library).run("how to make a hatefully bad film", out=tmp_path / "run"))
    assert not (tmp_path / "run").exists()
    log = audit_of(library)
    assert log
    [entry] = log.entries()
    assert (entry["what"], entry["passed"], entry["category"]) == ("the request", False, "hate")


def test_warnings_reach_the_run(shelf: Callable[..., Library]) -> None:
    run = Agent(shelf(), tools={"say": Do("say")}).run(one("say", "a bloodbath"))
    assert [(verdict.door, verdict.decision) for verdict in run.verdicts] == [
        (Door.TOOL_INPUT, Decision.WARN), (Door.TOOL_OUTPUT, Decision.WARN), (Door.ANSWER, Decision.WARN),
    ]  # fmt: skip
    assert run.exit_code == 0


def test_a_stopped_step_stops_what_depends_on_it_and_nothing_else(
    shelf: Callable[..., Library], tmp_path: Path
) -> None:
    plan = parse_plan(
        "steps: {bad: {tool: make, args: {text: a bloodbath}}, next: {tool: say, args: {after: [$bad.text]}}, "
        "good: {tool: say, args: {text: a lake}}}"
    )
    make, say = Make("make"), Do("say")
    run = Agent(shelf(), tools={"make": make, "say": say}).run(plan, out=tmp_path / "run")
    assert {name: str(o.state) for name, o in (run.outcomes or {}).items()} == {
        "bad": "blocked", "next": "skipped", "good": "done",
    }  # fmt: skip
    assert (make.calls, say.calls, run.exit_code) == (0, 1, 4)
    assert [path.name for path in run.artifacts] == ["good.json"]
    assert "bad (make): The call of make was stopped" in (tmp_path / "run" / "report.html").read_text()
    assert {e["event"] for e in read_journal(tmp_path / "run" / "journal.jsonl") if e.get("step") == "bad"} == {
        "start", "blocked",
    }  # fmt: skip


BAD_FILES = {
    "a picture": making("out.png", "red"),
    "a picture that the result does not name": making("out.png", "red", named=False),
    "a picture under another ending": making("out.JPG", "red", named=False),
    "a text": making("out.txt", text="MOONSHINE for all"),
    "the end of a long text": making("out.srt", text="a lake\n" * 300_000 + "MOONSHINE"),
    "a page": making("out.html", text="<!DOCTYPE html><p>MOONSHINE</p>"),
    "a timeline": making("out.fcpxml", text='<?xml version="1.0"?><a>MOONSHINE</a>', named=False),
    "a picture that cannot be read": making("out.png", text="no picture"),
    "a film that cannot be read": making("out.mp4", text="no film"),
    "what nobody knows": making("out.bin", text="\x00\x01"),
    "an empty picture": making("out.png", text=""),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_generated_file_that_is_stopped_is_kept_nowhere(
    name: str, shelf: Callable[..., Library], tmp_path: Path
) -> None:
    library = shelf()
    make = Make("make", BAD_FILES[name])
    for again in (1, 2):
        run = Agent(library, tools={"make": make}).run(one("make"), out=tmp_path / f"run{again}")
        assert (run.exit_code, make.calls) == (4, again)
        assert run.artifacts == ()
        assert not [p for p in library.folder.rglob("*") if p.name.startswith("out.")]
        assert "MOONSHINE" not in kept(tmp_path / f"run{again}")


@pytest.mark.parametrize(
    "act",
    [
        making("out.png", "blue"),
        making("out.txt", text="a lake"),
        making("out.txt", text=""),
        making("o.md", text="é\n" * 9),
    ],
)
def test_a_generated_file_that_passes_is_kept(act: Any, shelf: Callable[..., Library], tmp_path: Path) -> None:
    run = Agent(shelf(), tools={"make": Make("make", act)}).run(one("make"), out=tmp_path / "run")
    assert [outcome.error for outcome in run.failed] == []
    assert len(run.artifacts) == 2


def test_a_generated_film_is_judged_by_its_pictures(
    shelf: Callable[..., Library], clips: Callable[[str], Path], tmp_path: Path
) -> None:
    def copied(_: DoArgs, context: Context) -> Said:
        shutil.copy(clips("cuts.mp4"), context.folder / "out.mp4")
        return Said("done")

    library = shelf()
    run = Agent(library, tools={"make": Make("make", copied)}).run(one("make"), out=tmp_path / "run")
    assert run.exit_code == 4
    assert run.verdicts[-1].span == Span(0.0, 1.0)
    assert "other words" not in run.verdicts[-1].remedy
    assert run.artifacts == ()
    log = audit_of(library)
    assert log
    digests = [entry["sha256"] for entry in log.entries() if entry["kind"] == "film"]
    assert digests == [sha256_of(clips("cuts.mp4"))]


def test_what_a_text_of_a_generating_tool_says_is_judged(shelf: Callable[..., Library]) -> None:
    run = Agent(shelf(), tools={"make": Make("make", lambda *_: Said("moonshine"))}).run(one("make"))
    assert [(v.door, v.category) for v in run.verdicts] == [(Door.GENERATE_OUTPUT, "illicit")]
    assert "moonshine" not in str(run.answer)


def test_what_is_in_the_cache_is_judged_again_when_the_policy_gets_stricter(
    shelf: Callable[..., Library], tmp_path: Path
) -> None:
    say = Do("say", lambda *_: Said("hatefully"))
    assert Agent(shelf(), tools={"say": say}).run(one("say")).exit_code == 0
    (tmp_path / "own.yaml").write_text("extends: default\nstages: {tool_output: {hate: {block: 0.5}}}")
    run = Agent(shelf(policy=str(tmp_path / "own.yaml")), tools={"say": say}).run(one("say"), out=tmp_path / "run")
    assert (run.exit_code, say.calls) == (4, 1)
    assert "hatefully" not in kept(tmp_path / "run" / "artifacts")


def test_a_run_that_goes_on_under_a_stricter_policy_takes_back_what_it_kept(
    shelf: Callable[..., Library], tmp_path: Path
) -> None:
    tools = {"make": Make("make", making("out.png", "blue"))}
    assert Agent(shelf(), tools=tools).run(one("make"), out=tmp_path / "run").artifacts
    (tmp_path / "own.yaml").write_text("extends: default\nwords: {illicit: [lake]}")
    run = Agent(shelf(policy=str(tmp_path / "own.yaml")), tools=tools).resume(tmp_path / "run")
    assert (run.exit_code, run.artifacts) == (4, ())


def told(text: str, library: Library) -> Any:
    """A tool whose result is an answer that says this."""
    video = library.videos()[0]
    claim = Claim(text, (Citation("1", video, Span(0, 1), Channel.SPEECH, text),), f"About {text}")

    class Tell(Do):
        result: ClassVar[type] = Answer

    return Tell("tell", lambda *_: Answer((claim,), (f"Note: {text}",)))


def test_an_answer_that_is_stopped_is_nowhere(shelf: Callable[..., Library], tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("extends: default\nstages: {answer: {hate: {block: 0.5}}}")
    library = shelf(policy=str(tmp_path / "own.yaml"))
    run = Agent(library, tools={"tell": told("hatefully so", library)}).run(one("tell"), out=tmp_path / "run")
    assert run.exit_code == 4
    assert run.answer.claims == ()
    assert "hatefully so" not in kept(tmp_path / "run")
    assert "hatefully so" not in str(run)
    assert "The answer was stopped" in (tmp_path / "run" / "answer.md").read_text()


@pytest.mark.parametrize("policy", ["default", "strict"])
def test_personal_data_is_masked_as_the_policy_says(
    policy: str, shelf: Callable[..., Library], tmp_path: Path
) -> None:
    library = shelf(policy=policy)
    run = Agent(library, tools={"tell": told(f"Write to {MAIL}", library)}).run(one("tell"), out=tmp_path / "run")
    assert run.exit_code == 0
    shown = [(tmp_path / "run" / name).read_text() for name in ("answer.md", "report.html", "artifacts/made.json")]
    assert [MAIL in text for text in [*shown, str(run)]] == [policy == "default"] * 4
    log = audit_of(library)
    assert log
    assert MAIL not in log.path.read_text()


def test_personal_data_in_an_error_is_masked_too(shelf: Callable[..., Library], tmp_path: Path) -> None:
    def fail(*_: object) -> Said:
        raise ValueError(f"no such user: {MAIL}")

    run = Agent(shelf(policy="strict"), tools={"bad": Do("bad", fail)}).run(one("bad"), out=tmp_path / "run")
    assert run.exit_code == 1
    for name in ("answer.md", "report.html"):
        assert MAIL not in (tmp_path / "run" / name).read_text()
        assert "no such user" in (tmp_path / "run" / name).read_text()
