"""What is answered rests on evidence that exists; what does not is dropped and counted; nothing found is told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from playhead import Library, Settings
from playhead.agent.agent import Agent
from playhead.agent.answer import NOT_ANSWERED, NOT_SHOWN, answered, held, lines, together
from playhead.agent.journal import read_journal
from playhead.agent.plan import parse_plan, read_plan
from playhead.agent.planner import Proposal, Stage
from playhead.media.decode import AudioStreamInfo, Probe, VideoStreamInfo
from playhead.tools.contract import Context, Tool
from playhead.tools.registry import all_tools
from playhead.types import (
    Answer,
    Channel,
    Citation,
    Claim,
    Evidence,
    Frame,
    Frames,
    Moment,
    Observations,
    SearchResult,
    Shot,
    Shots,
    Span,
    Transcript,
    Utterance,
    Video,
)

from .conftest import Do, DoArgs

if TYPE_CHECKING:
    from collections.abc import Callable


FILM = Video("f" * 64, "film.mp4", Path("film.mp4"), 10.0)
TALK = Video("a" * 64, "talk.mp4", Path("talk.mp4"), 20.0)
LATE = Video("b" * 64, "late.mkv", Path("late.mkv"), 2.0, start_s=100.0)


def said(start_s: float, end_s: float, text: str = "Hello", video: Video = FILM, name: str = "x") -> Citation:
    return Citation(name, video, Span(start_s, end_s), Channel.SPEECH, text)


def claim(*evidence: Citation, text: str = "Somebody says hello.") -> Claim:
    return Claim(text, evidence)


# What holds

HOLDS = {
    "inside": claim(said(1, 2)),
    "the whole video": claim(said(0, 10)),
    "a hair past the end": claim(said(9, 10.05)),
    "of a video that begins late": claim(said(100, 102, video=LATE)),
    "two pieces": claim(said(1, 2), said(3, 4, video=TALK)),
}
FALLS = {
    "no evidence": claim(),
    "past the end": claim(said(9, 11)),
    "long after the end": claim(said(600, 601)),
    "before the start": claim(said(0, 1, video=LATE)),
    "before zero": claim(said(-1, 1)),
    "evidence without a name": claim(said(1, 2, name="")),
    "one of two pieces outside": claim(said(1, 2), said(30, 31, video=TALK)),
}


@pytest.mark.parametrize("what", HOLDS)
def test_a_sentence_with_evidence_inside_its_video_is_kept(what: str) -> None:
    answer = Answer((HOLDS[what],), ("note",))
    assert held(answer) == answer


@pytest.mark.parametrize("what", FALLS)
def test_a_sentence_without_is_dropped_and_counted(what: str) -> None:
    answer = held(Answer((claim(said(1, 2)), FALLS[what], claim(said(3, 4))), ("note",), dropped=2))
    assert answer.claims == (claim(said(1, 2)), claim(said(3, 4)))
    assert answer.dropped == 3
    assert answer.notes == ("note",)


def test_evidence_may_be_held_to_the_videos_there_are() -> None:
    answer = Answer((claim(said(1, 2)), claim(said(1, 2, video=TALK))))
    assert held(answer, [FILM]).claims == (claim(said(1, 2)),)
    assert held(answer, [FILM, TALK]) == answer
    assert held(answer, []).dropped == 2


# How it reads


def test_every_sentence_is_followed_by_its_times() -> None:
    answer = Answer((claim(said(1, 2.5)), claim(said(3, 4), said(8, 9), text="Twice.")))
    assert lines(answer) == ["Somebody says hello. [0:01.0–0:02.5]", "Twice. [0:03.0–0:04.0] [0:08.0–0:09.0]"]


def test_evidence_that_overlaps_is_cited_once() -> None:
    assert lines(Answer((claim(said(1, 2), said(3, 4), said(1.5, 3.5)),))) == ["Somebody says hello. [0:01.0–0:04.0]"]


def test_several_videos_are_cited_by_name_and_one_is_not() -> None:
    both = Answer((claim(said(1, 2)), claim(said(3, 4, video=TALK), text="Goodbye.")))
    assert lines(both) == ["Somebody says hello. [film.mp4 0:01.0–0:02.0]", "Goodbye. [talk.mp4 0:03.0–0:04.0]"]
    assert both.videos == (FILM, TALK)
    assert "film.mp4" not in "".join(lines(Answer((claim(said(1, 2)), claim(said(3, 4))))))


def test_a_chapter_begins_with_its_time() -> None:
    chapter = Claim("“Hello”", (said(1, 2), said(5, 6)), "Hello")
    assert lines(Answer((chapter,)))[0].endswith(" Hello")
    assert lines(Answer((chapter,)))[0].startswith("[0:01.0–0:02.0]")


@pytest.mark.parametrize(
    ("dropped", "line"),
    [(1, "(Dropped for want of evidence: 1 sentence.)"), (2, "(Dropped for want of evidence: 2 sentences.)")],
)
def test_what_was_dropped_is_told(dropped: int, line: str) -> None:
    assert lines(Answer((claim(said(1, 2)),), dropped=dropped))[-1] == line


def test_several_answers_are_one_in_their_order() -> None:
    first = Answer((claim(said(5, 6)),), ("a", "b"), 1)
    second = Answer((claim(said(1, 2)),), ("b", "c"), 2)
    assert together([first, second]) == Answer((claim(said(5, 6)), claim(said(1, 2))), ("a", "b", "c"), 3)
    assert together([]) == Answer(())


# Every type of result


def test_every_result_of_a_tool_has_its_words() -> None:
    unknown = answered.dispatch(object)
    assert [name for name, tool in all_tools().items() if answered.dispatch(tool.result) is unknown] == []


def test_a_conversation_goes_on_with_what_was_asked_until_it_is_forgotten(filmed: Library) -> None:
    agent = Agent(filmed)
    agent.run("is there a motorcycle in film.mp4?")
    for _ in range(2):  # from what the question has come to mean, not from its words
        run = agent.run("and how often?")
        assert run.plan is not None
        (step,) = run.plan.steps.values()
        assert step.args == {"question": "how often is a motorcycle shown?"}
    agent.forget()
    assert agent.plan("and how often?").questions == ("And how often is what?",)


def test_what_was_cut_and_is_not_likely_is_told(filmed: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    (sure, *_) = filmed.search("a motorcycle").moments
    unsure = SearchResult("a walrus", (replace(sure, score=0.3),), no_match=False)
    monkeypatch.setattr(Library, "search", lambda *_, **__: unsure)
    run = Agent(filmed).run("cut out the walrus")
    assert "It is not likely that “a walrus” is there: the best moment has 0.30." in run.answer.notes


def test_an_answer_answers() -> None:
    answer = Answer((claim(said(1, 2)),), ("note",), 1)
    assert answered(answer) is answer


def moment(start_s: float, *evidence: Evidence, video: Video = FILM) -> Moment:
    return Moment(video, Span(start_s, start_s + 2), 0.9, evidence)


def seen(channel: Channel, start_s: float, text: str = "", name: str = "x") -> Evidence:
    return Evidence(channel, Span(start_s, start_s + 1), 0.9, text, id=name)


@pytest.mark.parametrize(("score", "told"), [(0.3, "It may be “a ferry”"), (0.5, "It looks like “a ferry”")])
def test_what_is_not_likely_is_told_as_what_it_may_be(score: float, told: str) -> None:
    found = Moment(FILM, Span(0, 2), score, (seen(Channel.PICTURE, 0),))
    (only,) = answered(SearchResult("a ferry", (found,), no_match=False)).claims
    assert only.text == told


def test_a_search_answers_best_first_with_the_strongest_evidence() -> None:
    found = SearchResult(
        "a ferry",
        (
            moment(6, seen(Channel.SPEECH, 6, "The ferry leaves")),
            moment(2, seen(Channel.PICTURE, 2), seen(Channel.SPEECH, 2, "Look")),
            moment(
                4, seen(Channel.OBJECT, 4, "boat"), seen(Channel.OBJECT, 4, "dog"), seen(Channel.OBJECT, 5, "cup")
            ),
            moment(8, seen(Channel.TEXT, 8, "GATE B12")),
        ),
        no_match=False,
        notes=("noted",),
    )
    answer = answered(found)
    assert [c.text for c in answer.claims] == [
        "“The ferry leaves”", "It looks like “a ferry”", "A boat and a dog are in the picture.",
        "On screen: “GATE B12”",
    ]  # fmt: skip
    assert [c.evidence[0].span for c in answer.claims] == [Span(6, 8), Span(2, 4), Span(4, 6), Span(8, 10)]
    assert answer.notes == ("noted",)
    assert held(answer) == answer


def test_a_moment_without_evidence_is_no_sentence() -> None:
    found = SearchResult("x", (moment(1), moment(2, seen(Channel.SPEECH, 2, "Hi", name=""))), no_match=False)
    assert answered(found) == Answer(())


def test_a_search_that_found_nothing_says_so_and_what_is_nearest() -> None:
    nearest = (moment(2, seen(Channel.PICTURE, 2)), moment(4, seen(Channel.PICTURE, 4)))
    answer = answered(SearchResult("purple elephants", (), no_match=True, nearest=nearest))
    assert answer.claims == ()
    assert answer.notes == (
        "Nothing shows or says “purple elephants”.", "The nearest is film.mp4 0:02.0–0:04.0 (0.90).",
    )  # fmt: skip


def test_a_transcript_is_quoted_in_order() -> None:
    spoken = (Utterance(Span(1, 2), "Hello\n “there”"), Utterance(Span(3, 4), "Goodbye"))
    answer = answered(Transcript(spoken, "whisper", video=FILM))
    assert lines(answer) == ["“Hello 'there'” [0:01.0–0:02.0]", "“Goodbye” [0:03.0–0:04.0]"]
    assert len({c.evidence[0].id for c in answer.claims}) == 2
    assert answered(Transcript((), "whisper", video=FILM)).notes == ("Nobody speaks there.",)
    assert answered(Transcript(spoken[1:], "whisper")) == Answer((), ("[0:03.0–0:04.0] Goodbye",))


def test_observations_are_told_in_order_of_time_and_what_is_seen_together_at_once() -> None:
    def thing(start_s: float, text: str, channel: Channel = Channel.OBJECT) -> Citation:
        return Citation(f"{start_s}{text}", FILM, Span(start_s, start_s + 1), channel, text)

    answer = answered(
        Observations(
            (thing(5, "apple"), thing(1, "dog"), thing(1, "skis"), thing(3, "A cat (composed)", Channel.CAPTION))
        )
    )
    assert lines(answer) == [
        "A dog and skis are in the picture. [0:01.0–0:02.0]",
        "A cat. [0:03.0–0:04.0]",
        "An apple is in the picture. [0:05.0–0:06.0]",
    ]
    assert answered(Observations(())).notes == ("Nothing of that kind is recognised there.",)


def test_shots_are_counted_and_each_is_cited() -> None:
    answer = answered(Shots((Shot(FILM, Span(0, 4)), Shot(FILM, Span(4, 10)))))
    assert answer.notes == ("There are 2 shots.",)
    assert lines(answer) == ["Shot 1 lasts 4.0 s. [0:00.0–0:04.0]", "Shot 2 lasts 6.0 s. [0:04.0–0:10.0]"]
    assert answered(Shots((Shot(FILM, Span(0, 10)),))).notes == ("There is 1 shot.",)
    assert answered(Shots(())).claims == ()


@pytest.mark.parametrize("time_s", [0.0, 5.0, 9.99, 10.0])
def test_a_frame_is_cited_by_its_moment_up_to_the_very_end(time_s: float) -> None:
    answer = answered(Frames((Frame(FILM, time_s, Path("/x/000.jpg")),)))
    assert held(answer).dropped == 0
    [sentence] = answer.claims
    assert sentence.text.startswith("000.jpg is the picture at 0:")
    assert sentence.evidence[0].span.start_s == time_s
    assert sentence.evidence[0].thumbnail == Path("/x/000.jpg")


def test_no_frames_are_told() -> None:
    assert answered(Frames(())) == Answer((), ("No frame was taken.",))


def test_a_probe_tells_what_the_file_is_made_of() -> None:
    notes = answered(Probe("matroska", 0.0, 75.5)).notes
    assert notes == (
        "Container: matroska.", "Duration: 1:15.5 (75.50 s).", "There is no sound.",
        "There are no subtitles in the file.",
    )  # fmt: skip
    assert "Duration" not in "".join(answered(Probe("matroska", 0.0, None)).notes)
    film = VideoStreamInfo("h264", 1280, 720, 29.97, variable_rate=True)
    notes = answered(Probe("mp4", 0.0, 1.0, film, AudioStreamInfo("aac", 44100, 2), "mov_text")).notes
    assert notes[2:] == (
        "Picture: h264, 1280×720, 29.97 frames a second on average.",
        "Sound: aac, 44100 Hz, 2 channels.",
        "Subtitles: mov_text.",
    )


def test_anything_else_says_what_it_says_of_itself() -> None:
    assert answered("forty-two") == Answer((), ("forty-two",))


# Of a run


class Tell(Tool[DoArgs, Answer]):
    """Answers with what a test gives it."""

    name: ClassVar[str] = "tell"
    Args: ClassVar[Any] = DoArgs
    result: ClassVar[type] = Answer

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def run(self, args: DoArgs, context: Context) -> Answer:
        return self._answer


class Seek(Tool[DoArgs, SearchResult]):
    """Finds nothing."""

    name: ClassVar[str] = "seek"
    Args: ClassVar[Any] = DoArgs
    result: ClassVar[type] = SearchResult

    def run(self, args: DoArgs, context: Context) -> SearchResult:
        return SearchResult(args.text, (), no_match=True)


TELL = read_plan({"request": "Who?", "steps": {"a": {"tool": "tell"}}})


def test_a_run_drops_what_does_not_hold_and_says_how_many(own: Library, tmp_path: Path) -> None:
    [film] = own.videos()
    stranger = claim(said(1, 2), text="A video that is in no library is made of cheese.")
    late = claim(said(50, 60, video=film), text="The moon is made of cheese.")
    answer = Answer((claim(said(1, 2, video=film)), late, claim(), stranger))
    run = Agent(own, tools={"tell": Tell(answer)}).run(TELL, out=tmp_path / "run")
    assert str(run) == "Somebody says hello. [0:01.0–0:02.0]\n(Dropped for want of evidence: 3 sentences.)"
    assert run.answer.dropped == 3
    for name in ("answer.md", "report.html"):
        text = (tmp_path / "run" / name).read_text()
        assert "Somebody says hello." in text
        assert "cheese" not in text
    [told] = [entry for entry in read_journal(tmp_path / "run" / "journal.jsonl") if entry["event"] == "answered"]
    assert (told["sentences"], told["dropped"]) == (1, 3)


def test_of_several_videos_the_answer_says_which_one_it_is_from(
    own: Library, clips: Callable[[str], Path], tmp_path: Path
) -> None:
    [film] = own.videos()
    tools = {"tell": Tell(Answer((claim(said(1, 2, video=film)),)))}
    assert Agent(own, tools=tools).run(TELL, out=tmp_path / "alone").answer.notes == ()
    assert not own.add(clips("plain.mp4")).failed
    assert Agent(own, tools=tools).run(TELL, out=tmp_path / "beside").answer.notes == (f"From {film.name}.",)
    named = TELL.model_copy(update={"inputs": {"video": film.name}})
    assert Agent(own, tools=tools).run(named, out=tmp_path / "named").answer.notes == ()


def test_a_run_without_a_sentence_says_that_the_footage_does_not_show_it(own: Library, tmp_path: Path) -> None:
    run = Agent(own, tools={"tell": Tell(Answer(()))}).run(TELL, out=tmp_path / "run")
    assert str(run) == NOT_SHOWN
    assert run.exit_code == 0
    assert f"\n{NOT_SHOWN}\n" in (tmp_path / "run" / "answer.md").read_text()
    assert f"<p>{NOT_SHOWN}</p>" in (tmp_path / "run" / "report.html").read_text()


def test_a_run_that_failed_does_not_say_what_the_footage_shows(own: Library, tmp_path: Path) -> None:
    def fail(*_: object) -> Any:
        raise ValueError("bad luck")

    run = Agent(own, tools={"tell": Do("tell", fail)}).run(TELL, out=tmp_path / "run")
    assert str(run) == NOT_ANSWERED
    assert run.exit_code == 1
    text = (tmp_path / "run" / "answer.md").read_text() + (tmp_path / "run" / "report.html").read_text()
    assert NOT_SHOWN not in text
    assert text.count(NOT_ANSWERED) == 2
    assert text.count("a (tell): bad luck") == 2


def test_where_nothing_was_found_the_search_answers_for_what_rests_on_it(own: Library, tmp_path: Path) -> None:
    plan = parse_plan(
        "steps: {find: {tool: seek, args: {text: elephants}}, "
        "a: {tool: tell, args: {text: '$find.moments[0].video.id'}}}"
    )
    run = Agent(own, tools={"seek": Seek(), "tell": Tell(Answer((claim(said(1, 2)),)))}).run(
        plan, out=tmp_path / "run"
    )
    assert str(run) == "Nothing shows or says “elephants”."
    assert run.exit_code == 0
    assert run.failed == ()


def test_the_answer_is_of_the_step_that_is_named_else_of_all_that_none_uses(own: Library, tmp_path: Path) -> None:
    agent = Agent(own, tools={"say": Do("say"), "tell": Tell(Answer((), ("told",)))})
    steps = "steps: {a: {tool: tell}, b: {tool: say, args: {text: x}}, c: {tool: tell, args: {text: $b.text}}}"
    assert str(agent.run(parse_plan(steps), out=tmp_path / "all")) == "told"
    named = agent.run(parse_plan(f"{steps}\nanswer: b"), out=tmp_path / "named")
    assert "text='X'" in str(named)
    assert "told" not in str(named)


class Echo:
    """A planner that puts the request into the plan."""

    id = "echo"

    def propose(self, request: str, stage: Stage) -> Proposal:
        return Proposal(read_plan({"request": request, "steps": {"a": {"tool": "say", "args": {"text": request}}}}))


def test_a_request_that_is_no_text_is_planned_and_kept_all_the_same(own: Library, tmp_path: Path) -> None:
    run = Agent(own, planner=Echo(), tools={"say": Do("say")}).run("what is \udcff there?", out=tmp_path / "run")
    assert run.exit_code == 0
    assert (tmp_path / "run" / "answer.md").read_text().startswith("# what is ? there?")


# Of footage


def found(library: Library, folder: Path, query: str, video: str = "") -> str:
    plan = read_plan(
        {
            "steps": {
                "a": {
                    "tool": "search_moments",
                    "args": {"query": query, "video": video, "channels": ["picture"], "limit": 1},
                }
            }
        }
    )
    return str(Agent(library).run(plan, out=folder))


def test_the_first_frame_of_a_video_is_cited_from_its_first_moment(shelf: Library, tmp_path: Path) -> None:
    assert found(shelf, tmp_path / "run", "red", "cuts.mp4") == "It looks like “red” [0:00.0–0:01.0]"
    assert found(shelf, tmp_path / "next", "green", "cuts.mp4") == "It looks like “green” [0:01.0–0:02.0]"
    assert "[1:40.0–" in found(shelf, tmp_path / "late", "red", "late.mkv")


def test_what_several_videos_show_is_cited_by_their_names(shelf: Library, tmp_path: Path) -> None:
    plan = parse_plan(
        "steps: {a: {tool: detect_shots, args: {video: cuts.mp4}}, b: {tool: detect_shots, args: {video: plain.mp4}}}"
    )
    run = Agent(shelf).run(plan, out=tmp_path / "run")
    assert str(run).splitlines() == [
        "Shot 1 lasts 1.0 s. [cuts.mp4 0:00.0–0:01.0]",
        "Shot 2 lasts 1.0 s. [cuts.mp4 0:01.0–0:02.0]",
        "Shot 3 lasts 1.0 s. [cuts.mp4 0:02.0–0:03.0]",
        "Shot 4 lasts 1.0 s. [cuts.mp4 0:03.0–0:04.0]",
        "Shot 1 lasts 2.0 s. [plain.mp4 0:00.0–0:02.0]",
        "There are 4 shots.",
        "There is 1 shot.",
    ]
    kept = json.loads((tmp_path / "run" / "artifacts" / "b.json").read_text())
    assert [(shot["video"]["name"], shot["start_s"], shot["end_s"]) for shot in kept["shots"]] == [
        ("plain.mp4", 0, 2)
    ]


def test_a_question_about_a_file_that_is_not_indexed_is_a_step_that_fails(
    own: Library, clips: Callable[[str], Path]
) -> None:
    path = clips("plain.mp4")
    settings = Settings.model_validate({"roots": (path.parent,)})
    step = {"tool": "answer_question", "args": {"question": "Is there a cat?", "video": "$video"}}
    plan = parse_plan(json.dumps({"inputs": {"video": str(path)}, "steps": {"a": step}}))
    run = Agent(Library(own.folder, settings=settings, models=own.models)).run(plan)
    assert (run.exit_code, str(run.outcomes["a"].state)) == (1, "failed")
    assert "plain.mp4" in str(run.outcomes["a"].error)
