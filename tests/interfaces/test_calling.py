"""One tool called by somebody outside, and a search: what comes back, and what stays behind."""

from __future__ import annotations

import json
import shutil
import threading
from typing import TYPE_CHECKING, Any, cast

import pytest

from playhead import Agent, Library, Settings
from playhead.agent.executor import CancelledError
from playhead.agent.plan import read_plan
from playhead.errors import BlockedError, InputError
from playhead.interfaces import asking
from playhead.interfaces.calling import AskArgs, ask, call
from playhead.interfaces.searching import search

from ..agent.conftest import Do
from ..conftest import FakeModels

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playhead.models.registry import Models
    from playhead.types import Progress

MAIL = "ada@example.org"
SAID = f"Write to {MAIL} please"


@pytest.fixture
def agent(tmp_path: Path, clips: Callable[[str], Path]) -> Agent:
    """Over a film in which somebody says an address, under a policy that masks addresses."""
    policy = tmp_path / "masking.yaml"
    policy.write_text("extends: default\nname: masking\nversion: 1\nmask: [mail]\n")
    (tmp_path / "talk.srt").write_text(f"1\n00:00:00,200 --> 00:00:01,700\n{SAID}\n")
    shutil.copy(clips("talk.mp4"), tmp_path)
    settings = Settings.model_validate({"policy": str(policy), "channels": ("picture", "speech")})
    library = Library(tmp_path / "library", settings=settings, models=cast("Models", FakeModels()))
    library.add(tmp_path / "talk.mp4")
    return Agent(library)


def kept(agent: Agent) -> list[Path]:
    """What calls left in the library."""
    return [*(agent.library.folder / "runs").rglob("*")]


def test_a_call_that_makes_no_file_leaves_nothing(agent: Agent) -> None:
    called = call(agent, "detect_shots", {"video": "talk.mp4"})
    assert [shot.span for shot in called.result.shots]
    assert str(called).startswith("{")
    assert not called.files
    assert not kept(agent)


def test_a_call_leaves_what_it_made(agent: Agent) -> None:
    called = call(agent, "cut_clip", {"video": "talk.mp4", "start_s": 0, "end_s": 1})
    assert called.folder in called.files[0].parents
    assert {path for path in kept(agent) if path.is_file()} >= set(called.files)


@pytest.mark.parametrize(
    ("name", "arguments", "error"),
    [
        ("nothing", {}, InputError),
        ("cut_clip", {"video": "talk.mp4", "until": 3}, InputError),
        ("cut_clip", {"video": "../talk.mp4", "end_s": 1}, InputError),
        ("generate_image", {"prompt": "a bloodbath"}, BlockedError),
    ],
)
def test_a_call_that_fails_leaves_nothing(
    agent: Agent, name: str, arguments: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        call(agent, name, arguments)
    assert not kept(agent)


def test_a_call_is_stopped_by_whoever_watches_it(agent: Agent) -> None:
    def stop(_: Progress) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        call(agent, "cut_clip", {"video": "talk.mp4", "end_s": 3}, stop)
    assert not kept(agent)


def test_a_call_that_is_cancelled_leaves_nothing(agent: Agent) -> None:
    """Its only sign of progress is at its start, and it goes on to its end."""
    cancel = threading.Event()
    with pytest.raises(CancelledError):
        call(agent, "cut_clip", {"video": "talk.mp4", "end_s": 1}, lambda _: cancel.set(), cancel)
    assert not kept(agent)


@pytest.mark.parametrize("until", ["started", "done"])
def test_a_request_that_is_cancelled_leaves_nothing(until: str, agent: Agent) -> None:
    cancel = threading.Event()
    with pytest.raises(CancelledError):
        ask(
            agent,
            AskArgs(request="Cut talk.mp4 from 0:00 to 0:01"),
            lambda event: cancel.set() if event.kind == until else None,
            cancel,
        )
    assert not kept(agent)


def test_what_a_call_gives_and_writes_is_masked(agent: Agent) -> None:
    said = call(agent, "transcribe", {"video": "talk.mp4"})
    written = call(agent, "export_subtitles", {"video": "talk.mp4"})
    assert "Write to" in str(said)
    assert MAIL not in str(said) + str(written)
    text = next(path for path in written.files if path.suffix == ".srt").read_text()
    assert "Write to" in text
    assert MAIL not in text


def test_an_error_of_a_step_is_masked_wherever_it_is_told(agent: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    def work(*_: Any) -> Any:
        raise InputError(f"Nobody is at {MAIL}")

    agent = Agent(agent.library, tools={"fail": Do("fail", work)})
    events: list[Any] = []
    run = agent.run(read_plan({"steps": {"a": {"tool": "fail", "args": {"text": "a"}}}}), listen=events.append)
    for as_json in (True, False):
        assert asking._show(run, agent, json=as_json) == 1
    assert run.folder is not None
    told = (*capsys.readouterr(), str(events), (run.folder / "journal.jsonl").read_text())
    assert [text for text in told if MAIL in text] == []
    assert [text for text in told if "Nobody is at" not in text] == []


def test_a_search_is_judged_and_masked(agent: Agent) -> None:
    found, around = search(agent.library, agent.gate, "please write", around_s=5)
    assert MAIL not in str(found) + str(around)
    assert "Write to" in str(found)
    assert around[0]
    with pytest.raises(BlockedError):
        search(agent.library, agent.gate, "a bloodbath")


def test_a_refusal_names_what_footage_said(agent: Agent) -> None:
    call(agent, "transcribe", {"video": "talk.mp4"})
    with pytest.raises(BlockedError, match=f"“{SAID}” came out of footage and cannot be its moments"):
        call(agent, "cut_clip", {"moments": [{"video": SAID, "start_s": 0, "end_s": 1}]})


def test_moments_go_on_as_a_search_gave_them(agent: Agent) -> None:
    found = json.loads(str(call(agent, "search_moments", {"query": "please write", "limit": 1})))
    assert found["moments"][0]["evidence"]
    [clip] = call(agent, "cut_clip", {"moments": found["moments"]}).result.clips
    assert clip.origin.parts[0].video.name == "talk.mp4"
