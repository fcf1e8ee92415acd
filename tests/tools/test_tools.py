"""What every tool keeps to, and that none opens more than it may."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from pydantic import Field

from playhead import Library, Settings, tools
from playhead.errors import InputError, LibraryError, MediaError, UnsafeMediaError
from playhead.plain import plain
from playhead.tools.contract import Arguments, Context, Effect, Tool
from playhead.tools.registry import all_tools, get_tool
from playhead.types import Progress, SearchResult, Transcript

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FILES = {path.stem for path in Path(next(iter(tools.__path__))).glob("*.py")} - {
    "__init__",
    "arguments",
    "contract",
    "cutting",
    "doorway",
    "editorial",
    "provenance",
    "looking",
    "making",
    "naming",
    "offered",
    "registry",
    "retrieving",
    "story_book",
    "story_film",
    "story_pages",
}


def stock(folder: Path, clips: Callable[[str], Path]) -> Library:
    """A library that holds one film whose subtitles say hello; files may also be opened in `folder/allowed`."""
    for below, name in (("footage", "subtitled.mp4"), ("allowed", "plain.mp4"), ("outside", "cuts.mp4")):
        (folder / below).mkdir()
        shutil.copy(clips(name), folder / below / name)
    (folder / "allowed" / "link.mp4").symlink_to(folder / "outside" / "cuts.mp4")
    (folder / "allowed" / "linked").symlink_to(folder / "outside")
    settings = Settings.model_validate({"channels": ("speech",), "roots": (folder / "allowed",)})
    library = Library(folder / "library", settings=settings)
    assert not library.add(folder / "footage").failed
    return library


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tools")


@pytest.fixture(scope="module")
def context(folder: Path, clips: Callable[[str], Path]) -> Iterator[Context]:
    """Shared: look, but change nothing."""
    with stock(folder, clips) as library:
        yield Context(library, folder)


@pytest.fixture
def own(tmp_path: Path, clips: Callable[[str], Path]) -> Iterator[Context]:
    """A context to do damage in."""
    with stock(tmp_path, clips) as library:
        yield Context(library, tmp_path)


# Every tool


def test_every_file_is_a_tool_of_its_name() -> None:
    assert {"probe_video", "search_moments", "transcribe"} <= FILES
    assert set(all_tools()) == FILES
    assert list(all_tools()) == sorted(all_tools())
    for name, tool in all_tools().items():
        assert tool.name == name
        assert type(tool).__module__ == f"playhead.tools.{name}"
        assert get_tool(name) is tool


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_tool_says_what_it_does_and_takes(name: str) -> None:
    tool = get_tool(name)
    assert len(tool.description()) > 40
    assert "\n" not in tool.description()
    assert tool.description().endswith(".")
    assert tool.effects
    assert tool.effects <= set(Effect)
    assert isinstance(tool.result, type)
    schema = json.loads(json.dumps(tool.schema()))
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    assert schema["properties"]
    for argument, about in schema["properties"].items():
        assert about.get("description"), argument


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_tool_names_every_argument_that_does_not_fit(name: str, context: Context) -> None:
    tool = get_tool(name)
    required = tool.schema().get("required", [])
    with pytest.raises(InputError) as refusal:
        tool.call({"surprise": 1, "another": 2}, context)
    for argument in ("surprise", "another", *required):
        assert argument in str(refusal.value)
    assert name in str(refusal.value)
    assert f"playhead tools {name}" in refusal.value.fix
    with pytest.raises(InputError, match=name):
        tool.call("not arguments", context)  # type: ignore[arg-type]


def test_wrong_values_are_named() -> None:
    with pytest.raises(InputError) as refusal:
        get_tool("search_moments").call({"query": "x" * 2001, "limit": 0, "channels": ["smell"]}, None)  # type: ignore[arg-type]
    assert all(name in str(refusal.value) for name in ("query", "limit", "channels"))
    with pytest.raises(InputError, match="give words, or what it is to be like"):
        get_tool("search_moments").call({"limit": 3}, None)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="language"):
        get_tool("transcribe").call({"video": "x", "language": "en; rm -rf"}, None)  # type: ignore[arg-type]


def test_there_is_no_other_tool() -> None:
    with pytest.raises(InputError, match=r"no tool 'fly'.*probe_video"):
        get_tool("fly")


# A tool of somebody else


class GreetArgs(Arguments):
    name: str = Field(min_length=1, description="Whom.")


class Greet(Tool[GreetArgs, str]):
    """Greets somebody
    by name."""

    name: ClassVar[str] = "greet"
    Args: ClassVar[type[Arguments]] = GreetArgs
    result: ClassVar[type] = str

    def run(self, args: GreetArgs, context: Context) -> str:
        context.progress(Progress("greeting", args.name))
        return f"Hello {args.name}"


def test_a_tool_is_a_class_with_arguments_and_a_run(context: Context) -> None:
    assert Greet.description() == "Greets somebody by name."
    assert Greet().call({"name": "Ada"}, context) == "Hello Ada"
    assert Greet.effects == {Effect.READS}
    assert "greet" not in all_tools()
    with pytest.raises(TypeError):
        Tool()  # type: ignore[abstract]


# What a tool may open


@pytest.mark.parametrize("how", ["name", "path", "id"])
def test_a_video_of_the_library_can_be_opened(how: str, context: Context) -> None:
    (video,) = context.library.videos()
    with context.open({"name": video.name, "path": str(video.path), "id": video.id}[how]) as file:
        assert file.path == video.path


def test_a_file_under_the_roots_can_be_opened(context: Context, folder: Path) -> None:
    with context.open(str(folder / "allowed" / "plain.mp4")) as file:
        assert file.name == "plain.mp4"


@pytest.mark.parametrize(
    "path",
    [
        "{tmp}/outside/cuts.mp4",
        "{tmp}/allowed/../outside/cuts.mp4",
        "{tmp}/allowed/link.mp4",
        "{tmp}/allowed/linked/cuts.mp4",
        "/etc/hostname",
        "{tmp}/allowed",
    ],
)
def test_nothing_else_can_be_opened(path: str, context: Context, folder: Path) -> None:
    with pytest.raises(UnsafeMediaError):
        context.open(path.format(tmp=folder))


@pytest.mark.parametrize("name", ["http://127.0.0.1/x.mp4", "concat:a|b", "fd:3", "-i", "", "~nobody-here/x", "a\0b"])
def test_strings_that_are_no_files_open_nothing(name: str, context: Context) -> None:
    with pytest.raises(InputError):
        context.open(name)


def test_without_roots_only_the_library_is_open(context: Context, folder: Path) -> None:
    closed = Context(Library(context.library.folder, settings=Settings()))
    with pytest.raises(InputError, match="There is no video"):
        closed.open(str(folder / "allowed" / "plain.mp4"))
    closed.library.close()


def test_a_video_that_became_a_link_or_went_away_is_not_opened(own: Context, tmp_path: Path) -> None:
    path = own.library.videos()[0].path
    path.unlink()
    with pytest.raises(InputError, match="the file is gone"):
        own.open(path.name)
    path.symlink_to(tmp_path / "outside" / "cuts.mp4")
    with pytest.raises(UnsafeMediaError, match="link"):
        own.open(path.name)


# Results


CALLS: list[tuple[str, dict[str, Any], type]] = [
    ("probe_video", {"video": "subtitled.mp4"}, object),
    ("search_moments", {"query": "hello there", "channels": ["speech"]}, SearchResult),
    (
        "search_moments",
        {"query": "hello", "video": "subtitled.mp4", "start_s": 0.1, "end_s": 1, "limit": 1},
        SearchResult,
    ),
]


@pytest.mark.parametrize(("name", "arguments", "kind"), CALLS)
def test_results_are_typed_and_have_a_plain_form(
    name: str, arguments: dict[str, Any], kind: type, context: Context
) -> None:
    tool = get_tool(name)
    result = tool.call(arguments, context)
    assert isinstance(result, kind)
    assert isinstance(result, tool.result)
    assert json.loads(json.dumps(plain(result), allow_nan=False)) == plain(result)


def test_a_probe_tells_what_the_file_is_made_of(context: Context) -> None:
    found = plain(get_tool("probe_video").call({"video": "subtitled.mp4"}, context))
    assert (found["video"]["codec"], found["video"]["width"], found["subtitles"]) == ("h264", 96, "mov_text")


def test_a_search_finds_and_narrows(context: Context) -> None:
    search = get_tool("search_moments")
    found = search.call({"query": "hello there"}, context)
    assert found[0].evidence[0].text == "Hello there"
    assert not search.call({"query": "hello there", "start_s": 1.0}, context).moments
    assert search.call({"query": "hello there", "end_s": 0.5}, context).moments
    with pytest.raises(InputError, match="no video 'other'"):
        search.call({"query": "hello", "video": "other"}, context)


def test_silence_transcribes_to_nothing(context: Context, folder: Path, ffmpeg: str) -> None:
    silent = folder / "allowed" / "silent.wav"
    subprocess.run([ffmpeg, "-v", "error", "-f", "lavfi", "-i", "anullsrc", "-t", "1", str(silent)], check=True)
    heard: list[Progress] = []
    transcript = get_tool("transcribe").call({"video": str(silent)}, Context(context.library, folder, heard.append))
    assert isinstance(transcript, Transcript)
    assert transcript.utterances == ()
    assert {event.stage for event in heard} == {"listening"}
    with pytest.raises(InputError, match="it has no sound"):
        get_tool("transcribe").call({"video": str(folder / "allowed" / "plain.mp4")}, context)


def test_errors_of_the_library_come_through(own: Context) -> None:
    own.library.close()
    (own.library.folder / "catalog.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(LibraryError):
        get_tool("search_moments").call({"query": "hello"}, own)


# Several tools after one another


def test_frames_of_a_file_that_is_not_indexed_can_be_looked_at(context: Context, folder: Path) -> None:
    path = str(folder / "allowed" / "plain.mp4")
    frames = get_tool("extract_frames").call({"video": path, "at_s": [0.0, 0.5]}, context)
    assert [frame.time_s for frame in frames.frames] == [0.0, 0.5]
    seen = get_tool("detect_objects").call({"frames": frames.frames}, context)
    assert {citation.video.path for citation in seen.seen} <= {Path(path)}
    shots = get_tool("detect_shots").call({"video": path}, context)
    middle = get_tool("extract_frames").call({"moments": shots.shots}, context)
    assert len(middle.frames) == len(shots.shots) == 1


def test_a_file_that_is_exchanged_while_it_is_read_through_is_not_taken_for_the_old_one(
    own: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "footage" / "subtitled.mp4"
    digest = own.library.video("subtitled.mp4").id

    def exchanged(_: Path) -> str:
        shutil.copy(path, tmp_path / "other.mp4")
        (tmp_path / "other.mp4").replace(path)
        return digest

    monkeypatch.setattr("playhead.tools.contract.sha256_of", exchanged)
    with pytest.raises(MediaError, match="it changed since it was indexed"):
        own.open("subtitled.mp4")


def test_a_file_that_changed_since_it_was_indexed_is_not_taken_for_the_old_one(own: Context, tmp_path: Path) -> None:
    with (tmp_path / "footage" / "subtitled.mp4").open("ab") as file:
        file.write(b"\0" * 100)
    with pytest.raises(MediaError, match="it changed since it was indexed"):
        get_tool("extract_frames").call({"video": "subtitled.mp4", "at_s": [0.0]}, own)


def test_moments_are_given_by_their_time_where_that_is_wanted(
    filmed: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = filmed.search("coffee")
    assert len(found.moments) == 2
    backwards = replace(found, moments=found.moments[::-1])
    monkeypatch.setattr(Library, "search", lambda *_, **__: backwards)
    search, context = get_tool("search_moments"), Context(filmed, tmp_path)
    assert search.call({"query": "coffee"}, context).moments == backwards.moments
    assert search.call({"query": "coffee", "order": "time"}, context).moments == found.moments
