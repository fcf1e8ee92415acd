"""Every tool by every way in: nothing that the gate stops gets through, and every attempt is in the record.

A new way in is one more function here and one more row in `WAYS`; a new tool is one more line in `ARGUMENTS`.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from playhead import Agent, Library
from playhead.agent.plan import read_plan
from playhead.errors import BlockedError, PlayheadError
from playhead.interfaces.cli import main
from playhead.models.registry import Models
from playhead.models.roles import GENERATION
from playhead.safety.gate import audit_of
from playhead.safety.policy import MINORS, categories
from playhead.tools.contract import Context, Tool
from playhead.tools.doorway import files_of, texts_of
from playhead.tools.registry import all_tools
from playhead.types import Door

from ..interfaces.web_tab import tab
from .world import World, build

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WORD = "moonshine"
VIDEO = {"video": "film.mkv"}
PICTURE = "a picture that may be opened"
FRAMES = {"frames": [{**VIDEO, "time_s": 0.5, "path": PICTURE}]}
MOMENTS = {"moments": [{**VIDEO, "start_s": 0.0, "end_s": 1.0}]}
NEW = {"prompt": f"people with {WORD}", "steps": 2}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "answer_question": {"question": f"Who makes {WORD}?", **VIDEO},
    "caption_frames": FRAMES,
    "check_safety": {"text": WORD},
    "compose_story": VIDEO,
    "contact_sheet": {**VIDEO, "limit": 2},
    "cut_clip": {**VIDEO, "end_s": 1.0},
    "describe_image": {"image": PICTURE},
    "describe_video": VIDEO,
    "detect_objects": VIDEO,
    "detect_shots": VIDEO,
    "edit_image": {**NEW, "image": PICTURE, "side": 64},
    "export_subtitles": VIDEO,
    "export_timeline": MOMENTS,
    "extract_frames": {**VIDEO, "at_s": [0.5]},
    "generate_audio": {**NEW, "source": "generated", "seconds": 0.2},
    "generate_image": {**NEW, "source": "generated", "width": 64, "height": 64},
    "generate_video": {**NEW, "source": "generated", "frames": 9, "width": 64, "height": 32},
    "make_supercut": MOMENTS,
    "probe_video": VIDEO,
    "read_text": VIDEO,
    "search_moments": {"query": f"people with {WORD}"},
    "speak": {"text": f"People with {WORD}."},
    "summarize": VIDEO,
    "transcribe": VIDEO,
}


def _by_agent(tool: Tool[Any, Any], arguments: dict[str, Any], world: World) -> list[object]:
    run = Agent(world.library).run(_plan(tool, arguments), out=world.folder())
    return [*(outcome.result for outcome in (run.outcomes or {}).values() if outcome.ok), *run.answer.claims]


def _by_call(tool: Tool[Any, Any], arguments: dict[str, Any], world: World) -> list[object]:
    return [tool.call(arguments, _context(world))]


def _by_run(tool: Tool[Any, Any], arguments: dict[str, Any], world: World) -> list[object]:
    return [tool.run(tool.checked(arguments), _context(world))]


def _by_command(tool: Tool[Any, Any], arguments: dict[str, Any], world: World) -> list[object]:
    file, out = world.folder().with_suffix(".yaml"), world.folder()
    _plan(tool, arguments).save(file)
    code = main(["run", str(file), "--library", str(world.library.folder), "--out", str(out)])
    assert code in (0, 4)
    assert not code or not [*(out / "artifacts").rglob("*.*")]
    return [] if code else [path.read_text() for path in (out / "artifacts").glob("*.json")]


def _by_page(tool: Tool[Any, Any], arguments: dict[str, Any], world: World) -> list[object]:
    """Over HTTP, a tool by its name; labels are left out, as they are from what the others give."""
    with tab(world.library) as page:
        job = page.ended(page.post(f"/api/tools/{tool.name}", json={"arguments": arguments}))
        assert job["state"] in ("done", "failed", "blocked")
        assert job["state"] == "done" or not (job.get("result") or job.get("files"))
        return [*_words(job.get("result")), *(page.get(file["url"]).text for file in job.get("files", ()))]


LABELS = ("id", "name", "url", "codec", "container", "channel", "kind", "source", "language")


def _words(said: Any) -> list[str]:
    """The texts in JSON that are no labels."""
    if isinstance(said, dict):
        return [text for key, value in said.items() if key not in LABELS for text in _words(value)]
    if isinstance(said, list):
        return [text for value in said for text in _words(value)]
    return [said] if isinstance(said, str) and said else []


WAYS = (_by_agent, _by_call, _by_run, _by_command, _by_page)


def _plan(tool: Tool[Any, Any], arguments: dict[str, Any]) -> Any:
    return read_plan({"steps": {"x": {"tool": tool.name, "args": arguments}}})


def _context(world: World) -> Context:
    folder = world.folder()
    folder.mkdir()
    return Context(world.library, folder)


IN, OUT = (Door.TOOL_INPUT, Door.GENERATE_INPUT), (Door.TOOL_OUTPUT, Door.GENERATE_OUTPUT)


@pytest.fixture(scope="module")
def makers(pipelines: dict[str, Path]) -> Models:
    """Tiny pipelines for all that is generated."""
    return Models({role: f"diffusers:{pipelines[role]}" for role in GENERATION}, threads=2, resident=3)


@pytest.fixture
def doors() -> tuple[Door, ...]:
    """Where the policy of `stern` stops what is judged."""
    return tuple(Door)


@pytest.fixture
def stern(
    tmp_path: Path,
    ffmpeg: str,
    makers: Models,
    doors: tuple[Door, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> World:
    """A world whose policy stops whatever is judged at some doors, pictures of footage, too; at others nothing.

    Everything can be made in it.
    """
    shut = {category: {"block": 0} for category in categories()}
    ajar = {category: {"warn": 1} for category in categories()} | {MINORS: {"block": 0.5}}
    lines = ["extends: default", "name: stern", "version: 1", "images: all", "stages:"]
    lines += [f"  {door}: {shut if door in doors else ajar}" for door in Door]
    policy = tmp_path / "stern.yaml"
    policy.write_text("\n".join(lines))
    world = build(tmp_path / "w", "speech", ffmpeg, also="text")
    world.library.models.makers = makers  # type: ignore[attr-defined]
    monkeypatch.setenv("PLAYHEAD_POLICY", str(policy))
    monkeypatch.setenv("PLAYHEAD_ROOTS", str(world.root / "open"))
    models = world.library.models
    monkeypatch.setattr(Library, "models", property(lambda _: models))
    settings = world.library.settings.model_copy(update={"policy": str(policy)})
    world.library = Library(world.library.folder, settings=settings)
    return world


def _given(name: str, world: World) -> dict[str, Any]:
    """The arguments of a tool, with the path of a picture that it may open."""
    said = json.dumps(ARGUMENTS[name]).replace(PICTURE, str(world.root / "open" / "secret.png"))
    return json.loads(said)  # type: ignore[no-any-return]


def test_every_tool_there_is_is_tried() -> None:
    assert sorted(ARGUMENTS) == sorted(all_tools())
    assert [name for name, tool in all_tools().items() if tool.judges] == ["check_safety"]


@pytest.mark.parametrize("way", WAYS)
def test_no_tool_gets_anything_past_the_gate_by_any_way(way: Callable[..., list[object]], stern: World) -> None:
    """What holds no word and no picture may come out; of the classifier itself, its verdict does."""
    audit = audit_of(stern.library)
    assert audit is not None
    for name, tool in all_tools().items():
        before = len(audit.entries())
        try:
            got = way(tool, _given(name, stern), stern)
        except PlayheadError:
            got = []
        entries = [entry for entry in audit.entries()[before:] if name in entry["what"]]
        if tool.judges:  # what it says is the verdict itself
            continue
        assert entries or not _has_words(tool), name
        assert (texts_of(got), files_of(got)) == ([], []) or way is _by_command, name
        assert way is not _by_command or not any(text in str(got) for text in stern.told), name
        assert not all(entry["passed"] for entry in entries) or not _has_words(tool), name
    assert audit.verify() == []


@pytest.mark.slow
@pytest.mark.parametrize("doors", [()])
def test_every_row_gives_something_where_nothing_is_stopped(stern: World) -> None:
    """Else what is stopped above could be a mistake of the arguments."""
    for name, tool in all_tools().items():
        got = _by_call(tool, _given(name, stern), stern)
        assert texts_of(got) or files_of(got) or not _has_words(tool), name
        assert bool(files_of(got)) or not tool.writes, name


@pytest.mark.parametrize("doors", [OUT])
@pytest.mark.parametrize("way", [pytest.param(_by_agent, marks=pytest.mark.slow), _by_call])
def test_what_a_tool_made_is_stopped_on_its_way_out(way: Callable[..., list[object]], stern: World) -> None:
    """Where nothing is asked on the way in: files of every kind are looked at, whoever made them."""
    audit = audit_of(stern.library)
    assert audit is not None
    for name, tool in all_tools().items():
        if not tool.writes:
            continue
        before = len(audit.entries())
        with suppress(BlockedError):
            assert (texts_of(got := way(tool, _given(name, stern), stern)), files_of(got)) == ([], []), name
        stopped = [entry for entry in audit.entries()[before:] if name in entry["what"] and not entry["passed"]]
        assert stopped, name
        assert {entry["door"] for entry in stopped} <= set(OUT), name


def _has_words(tool: Tool[Any, Any]) -> bool:
    """Whether there is anything in its result to be stopped for."""
    return tool.name not in ("detect_shots", "probe_video")


@pytest.mark.parametrize("way", WAYS)
def test_a_blocked_word_is_stopped_in_every_argument_that_is_judged(
    way: Callable[..., list[object]], stern: World
) -> None:
    """On the way in, before the tool does anything."""
    audit = audit_of(stern.library)
    assert audit is not None
    for name in ("answer_question", "search_moments"):
        before = len(audit.entries())
        with suppress(PlayheadError):
            assert way(all_tools()[name], ARGUMENTS[name], stern) == []
        first = audit.entries()[before]
        assert (first["passed"], first["door"]) == (False, "tool_input")
        assert name in first["what"]
