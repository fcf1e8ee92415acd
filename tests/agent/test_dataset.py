"""Data sets: everything in them was observed, a run that was killed goes on, and no other file is written over."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from playhead import Library, Settings
from playhead.agent.dataset import DatasetFile, Kind, line, make, record, videos_below
from playhead.agent.interview import questions
from playhead.errors import InputError
from playhead.interfaces.cli import main
from playhead.models.chat import Chat
from playhead.tools.contract import Context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playhead import Video
    from playhead.models.registry import Models

HOLDER = """
import sys
from pathlib import Path
from playhead.agent.dataset import DatasetFile
with DatasetFile(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""

REASON = "1\n00:00:00,200 --> 00:00:01,500\nThe bridge is closed because the storm broke a cable.\n"


class Scripted(BaseChatModel):
    """Says what a test wants said: questions where it is asked for them, else one sentence about observation 1."""

    questions: str = ""
    answer: str = "It is closed [1]."

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(self, messages: Any, *_: Any, **__: Any) -> ChatResult:
        asked = str(messages[-1].content)
        text = self.questions if "questions that can be answered" in asked else self.answer
        return ChatResult(generations=[ChatGeneration(message=AIMessage(text))])


@pytest.fixture(scope="session")
def context(filmed: Library) -> Context:
    return Context(filmed, filmed.folder)


@pytest.fixture(scope="session")
def video(filmed: Library) -> Video:
    return filmed.video("film.mp4")


@pytest.fixture
def bridge(tmp_path: Path, clips: Callable[[str], Path], models: Models) -> Iterator[Context]:
    """Two seconds whose subtitles give a reason."""
    shutil.copy(clips("talk.mp4"), tmp_path / "bridge.mp4")
    (tmp_path / "bridge.srt").write_text(REASON)
    settings = Settings.model_validate({"channels": ("speech",)})
    with Library(tmp_path / "library", settings=settings, models=models) as library:
        assert not library.add(tmp_path / "bridge.mp4").failed
        yield Context(library, tmp_path)


@pytest.fixture(scope="session")
def talked(video: Video, context: Context) -> dict[str, Any]:
    """The conversation about the film."""
    return record(Kind.CONVERSATION, video, context)


def head(video: Video) -> dict[str, Any]:
    return {"kind": "description", "video": {"id": video.id}}


# What is in a record


def test_a_description_is_in_order_and_inside_the_video(video: Video, context: Context) -> None:
    said = record(Kind.DESCRIPTION, video, context)
    assert [scene["text"] for scene in said["scenes"] if "cup" in scene["text"]]
    assert "GATE B12" in said["text"]
    assert "ferry" in said["text"]
    starts = [scene["start_s"] for scene in said["scenes"]]
    assert starts == sorted(starts)
    assert len(starts) > 2
    for scene in said["scenes"]:
        assert 0 <= scene["start_s"] < scene["end_s"] <= video.span.end_s + 0.1
        assert scene["evidence"]


def test_a_conversation_describes_and_asks_about_time(talked: dict[str, Any]) -> None:
    asked = {turn["question"]: turn for turn in talked["turns"]}
    assert {turn["about"] for turn in talked["turns"]} == {"descriptive", "temporal"}
    assert "motorcycle" in asked["What is shown after a cat?"]["answer"]
    assert asked['When is "GATE B12" written on screen?']["evidence"][0]["channel"] == "text"
    orders = [turn for question, turn in asked.items() if question.startswith("Which is shown first, ")]
    assert orders
    for turn in orders:
        starts = [evidence["start_s"] for evidence in turn["evidence"]]
        assert starts == sorted(set(starts))


def test_every_turn_cites_what_the_library_holds(talked: dict[str, Any], filmed: Library, video: Video) -> None:
    known = {segment.id for segment in filmed.observed(video)} | {s.id for s in filmed.pictures(video, video.span)}
    cited = [evidence for turn in talked["turns"] for evidence in turn["evidence"]]
    assert len(cited) >= len(talked["turns"]) > 8
    # What the classifier takes a shot for is known by the picture's id and its name, and is not kept in the library.
    assert {e["id"] for e in cited if e["channel"] in ("speech", "text", "object")} <= known
    assert all(e["end_s"] > e["start_s"] for e in cited)


@pytest.mark.slow
def test_a_conversation_is_the_same_every_time(talked: dict[str, Any], video: Video, context: Context) -> None:
    assert line(record(Kind.CONVERSATION, video, context)) == line(talked)


def test_an_answer_about_another_time_is_noticed(video: Video, context: Context) -> None:
    from playhead.tools.registry import get_tool

    asked = {question.text: question for question in questions(video, context)}
    cat = get_tool("answer_question").call({"question": "When is a cat shown?"}, context)
    rocket = get_tool("answer_question").call({"question": 'When is "GATE B12" written?'}, context)
    assert cat.claims
    assert rocket.claims
    assert asked["When is a cat shown?"].agrees(cat)
    assert not asked["When is a cat shown?"].agrees(rocket)


def test_a_reason_that_is_given_becomes_a_question_why(bridge: Context) -> None:
    said = record(Kind.CONVERSATION, bridge.library.videos()[0], bridge)
    [why] = [turn for turn in said["turns"] if turn["about"] == "causal"]
    assert why["question"] == "Why is it said that the bridge is closed?"
    assert why["answer"].startswith("“The bridge is closed because the storm broke a cable.” [0:00.2–0:01.5]")


def test_a_language_model_asks_and_words_but_only_of_what_was_observed(bridge: Context) -> None:
    asked = (
        "Descriptive: Is the bridge closed? [1]\nTemporal: What colour is the sky?\n"
        "Causal: Why is a submarine parked on the purple moon? [1]\nNonsense: Is this a question? [1]"
    )
    chat = Chat(Scripted(questions=asked))
    said = record(Kind.CONVERSATION, bridge.library.videos()[0], replace(bridge, chat=chat))
    turns = {turn["question"]: turn for turn in said["turns"]}
    assert said["worded_by"] == chat.id
    assert turns["Is the bridge closed?"]["answer"] == "It is closed. [0:00.2–0:01.5]"
    assert "What colour is the sky?" not in turns  # it cites nothing
    assert "Is this a question?" not in turns  # of no known kind
    assert "Why is a submarine parked on the purple moon?" not in turns  # nobody says


# The file


def test_a_file_is_gone_on_with_and_what_is_in_it_stays(tmp_path: Path, video: Video, context: Context) -> None:
    path = tmp_path / "set.jsonl"
    for made in (1, 0):
        with DatasetFile(path) as file:
            assert make(Kind.DESCRIPTION, [video], context, file.write, file.holds) == made
    before = path.read_bytes()
    with DatasetFile(path) as file:
        assert not file.holds(Kind.CONVERSATION, video)
        file.write(head(video) | {"kind": "conversation"})
    assert path.read_bytes().startswith(before)
    assert len(path.read_bytes().splitlines()) == 2


@pytest.mark.parametrize("cut", [1, 9, 40])
def test_a_line_that_was_not_finished_is_written_again(tmp_path: Path, video: Video, cut: int) -> None:
    path = tmp_path / "set.jsonl"
    path.write_bytes(line(head(video))[:cut])
    with DatasetFile(path) as file:
        assert not file.holds(Kind.DESCRIPTION, video)
        file.write(head(video))
    assert path.read_bytes() == line(head(video))


@pytest.mark.parametrize("content", ["dear diary", "dear diary\n", '{"a": 1}\n', "[1]\n", "\n"])
def test_another_file_is_left_as_it_is(tmp_path: Path, content: str) -> None:
    path = tmp_path / "diary.txt"
    path.write_text(content)
    with pytest.raises(InputError, match="is no data set"):
        DatasetFile(path)
    assert path.read_text() == content


def test_what_is_no_regular_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (Path("/dev/null"), tmp_path / "pipe", tmp_path):
        with pytest.raises(InputError, match="it is not a regular file"):
            DatasetFile(path)


def test_two_processes_cannot_write_one_file(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        with pytest.raises(InputError, match="by another process"):
            DatasetFile(path)
        other.communicate()
    DatasetFile(path).__exit__()


# Which videos


def test_a_folder_that_was_not_indexed_says_how(filmed: Library, film: Path, tmp_path: Path, clips: Any) -> None:
    assert videos_below(filmed, film.parent) == filmed.videos()
    (tmp_path / "copy.mp4").write_bytes(film.read_bytes())  # the same bytes at another place
    assert videos_below(filmed, tmp_path) == filmed.videos()
    (tmp_path / "new.mp4").write_bytes(clips("plain.mp4").read_bytes())
    with pytest.raises(InputError, match=r"new\.mp4.*Run: playhead index"):
        videos_below(filmed, tmp_path)


def test_the_command_writes_lines_and_says_what_it_kept(
    filmed: Library, film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["dataset", str(film.parent), "--library", str(filmed.folder)]
    assert main(command) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["video"]["name"] == "film.mp4"
    assert main([*command, "--out", str(tmp_path / "set.jsonl")]) == 0
    assert capsys.readouterr().out == f"1 video in {tmp_path / 'set.jsonl'}\n"
    assert json.loads((tmp_path / "set.jsonl").read_text()) == said
    assert main([*command, "--out", str(tmp_path / "set.jsonl"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"file": str(tmp_path / "set.jsonl"), "made": 0, "videos": 1}


@pytest.mark.parametrize("policy", ["default", "strict"])
def test_personal_data_is_masked_as_the_policy_says(
    policy: str, place: Callable[..., Path], opened: Callable[..., Library]
) -> None:
    film = place("plain.mp4")
    film.with_suffix(".srt").write_text("1\n00:00:00,200 --> 00:00:01,700\nWrite to ada@example.com please\n")
    library = opened(policy=policy)
    assert not library.add(film).failed
    records: list[dict[str, Any]] = []
    assert make(Kind.DESCRIPTION, library.videos(), Context(library), records.append) == 1
    said = json.dumps(records)
    assert "please" in said
    assert ("ada@example.com" in said) == (policy == "default")
