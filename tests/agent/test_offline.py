"""The offline planner: what it makes of requests, what it asks back, and what it does with nonsense."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playhead.agent.anaphora import spoken_out
from playhead.agent.check import check
from playhead.agent.foreign import read_foreign
from playhead.agent.intents import worked_examples
from playhead.agent.language import language
from playhead.agent.offline import OfflinePlanner
from playhead.agent.planner import Planner, Stage
from playhead.agent.slots import read_slots
from playhead.agent.times import number, seconds
from playhead.tools.registry import all_tools
from playhead.types import Span, Video

if TYPE_CHECKING:
    from playhead.models.registry import Models

FILM = Video("a" * 64, "film.mp4", Path("/footage/film.mp4"), 600.0)
TALK = Video("b" * 64, "talk.mp4", Path("/footage/talk.mp4"), 300.0)
ONE, TWO = Stage((FILM,)), Stage((FILM, TALK))
AFTER_SEARCH = Stage((FILM,), recent=((FILM, Span(10, 12)), (FILM, Span(40, 50))))


@pytest.fixture(scope="module")
def planner(models: Models) -> OfflinePlanner:
    return OfflinePlanner(all_tools(), models.sentences)


def steps(planner: OfflinePlanner, request: str, stage: Stage = ONE) -> list[tuple[str, dict[str, Any]]]:
    """The tools and arguments of the plan, which must pass the checker."""
    proposal = planner.propose(request, stage)
    assert proposal.plan is not None, proposal.questions
    assert check(proposal.plan, all_tools()).problems == ()
    return [(step.tool, dict(step.args)) for step in proposal.plan.steps.values()]


@pytest.mark.parametrize(
    ("request_", "times"),
    [
        ("cut the first 3 seconds of late.mkv", {"end_s": 8.0}),
        ("cut off the first 3 seconds of late.mkv", {"start_s": 8.0}),
        ("transcribe the opening minute of late.mkv", {"end_s": 65.0}),
        ("For the first minute of late.mkv: list the objects", {"end_s": 65.0}),
        ("what is said in the first half minute of late.mkv?", {"end_s": 35.0}),
        ("transcribe late.mkv once the first ten seconds have passed", {"start_s": 15.0}),
        ("take a frame every second of the first 3 seconds of late.mkv", {"end_s": 8.0}),
        ("cut the last 3 seconds of late.mkv", {"start_s": -3.0}),
        ("cut late.mkv from 0:06 to 0:08", {"start_s": 6.0, "end_s": 8.0}),
        ("transcribe late.mkv after 0:06", {"start_s": 6.0}),
        ("cut the first 3 seconds of film.mp4", {"end_s": 3.0}),
    ],
)
def test_what_comes_first_counts_from_where_the_video_starts(
    planner: OfflinePlanner, request_: str, times: dict[str, float]
) -> None:
    late = Video("c" * 64, "late.mkv", Path("/footage/late.mkv"), 600.0, start_s=5.0)
    [(_, args)] = steps(planner, request_, Stage((FILM, late)))
    assert {name: args[name] for name in ("start_s", "end_s") if name in args} == times


def test_a_stretch_that_begins_a_list_goes_for_all_of_it(planner: OfflinePlanner) -> None:
    made = steps(planner, "From 1:00 to 2:00 I need both the transcript and the objects", Stage((FILM,)))
    minute = {"video": "$video", "start_s": 60.0, "end_s": 120.0}
    assert made == [("transcribe", minute), ("detect_objects", minute)]


@pytest.mark.parametrize(
    ("request_", "what"),
    [
        ("make a contact sheet of film.mp4 with -3 pictures", "“-3 pictures” cannot be had"),
        ("take -3 frames", "“-3 frames” cannot be had"),
        ("take a frame at -5 seconds", "“-5 seconds” is no time"),
        ("take a frame at −0:05", "“−0:05” is no time"),
        ("cut film.mp4 from -5 s to 10 s", "“-5 s” is no time"),
        ("transcribe the first -5 seconds", "“-5 seconds” is no time"),
        ("cut film.mp4 at 1e400 s", "“1e400 s” is no time"),
        ("take a frame every -5 seconds", "names no time at all"),
    ],
)
def test_numbers_that_are_none_of_a_video_are_asked_about(planner: OfflinePlanner, request_: str, what: str) -> None:
    proposal = planner.propose(request_, ONE)
    assert proposal.plan is None
    [question] = proposal.questions
    assert what in question


@pytest.mark.parametrize(
    "times",
    [
        "0:10-0:20",
        "0:10 -0:20",
        "10 s -20 s",
        "10s -20s",
        "10 seconds - 20 seconds",
        "0:10–0:20",
    ],
)
def test_a_dash_between_two_times_is_no_minus(times: str) -> None:
    slots = read_slots(f"cut {times}")
    assert (slots.start_s, slots.end_s, slots.faults) == (10, 20, ())
    assert not read_slots("find a sign that says “-5 seconds”").faults


@pytest.mark.parametrize("times", ["1h -2h", "5 min. -10 min.", "1 hour -2 hours"])
def test_nor_is_one_behind_any_unit(times: str) -> None:
    assert not read_slots(f"cut {times}").faults


def test_it_is_a_planner(planner: OfflinePlanner) -> None:
    assert isinstance(planner, Planner)
    assert planner.id.startswith("offline@")


@pytest.mark.parametrize(
    ("request_", "tools"),
    [
        ("find the red car", ["search_moments"]),
        ("transcribe the first two minutes", ["transcribe"]),
        ("Why does the dog bark?", ["answer_question"]),
        ("What is in film.mp4?", ["describe_video"]),
        ("What is this film about?", ["describe_video"]),
        ("What is in this film?", ["describe_video"]),
        ("What's in the box?", ["answer_question"]),
        ("find a man cutting bread", ["search_moments"]),
        ("find the melting ice", ["search_moments"]),
        ("show me the moment he says stop the film", ["search_moments"]),
        ("which video mentions the bridge?", ["search_moments"]),
        ("the budget for next year", ["search_moments"]),
        ("What is said about the shooting of the film?", ["answer_question"]),
        ("find all the cuts", ["detect_shots"]),
        ("find the goal, save a frame of it and caption it", ["search_moments", "extract_frames", "caption_frames"]),
        ("sum up what is said after the applause", ["search_moments", "summarize"]),
        ("a picture of each shot with a caption", ["detect_shots", "extract_frames", "caption_frames"]),
        (
            "Describe what happens between the kiss and the dance",
            ["search_moments", "search_moments", "describe_video"],
        ),
    ],
)
def test_requests_become_tools_in_an_order_that_runs(
    planner: OfflinePlanner, request_: str, tools: list[str]
) -> None:
    assert [tool for tool, _ in steps(planner, request_)] == tools


def test_slots_become_arguments(planner: OfflinePlanner) -> None:
    [(_, args)] = steps(planner, "take a frame every 5 seconds between 1:00 and 1:30")
    assert args == {"video": "$video", "start_s": 60.0, "end_s": 90.0, "every_s": 5.0}
    [(_, args)] = steps(planner, "give me 4 chapters")
    assert args == {"video": "$video", "format": "chapters", "limit": 4}
    [(_, find), (_, rest)] = steps(planner, "read the text on screen while the train arrives")
    assert find == {"query": "the train arrives", "limit": 1, "video": "$video"}
    assert rest["start_s"] == "$find.moments[0].span.start_s"


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ('say "Maria sends the contract." aloud', "Maria sends the contract."),
        ('say "sumarize evry minute" aloud', "sumarize evry minute"),
        ("Who is waiting for the train?", "Who is waiting for the train?"),
        ("find the captains and the monuments", "the captains and the monuments"),
    ],
)
def test_words_that_are_words_are_not_taken_for_slips(planner: OfflinePlanner, request_: str, said: str) -> None:
    proposal = planner.propose(request_, ONE)
    assert proposal.plan is not None
    assert said in [value for step in proposal.plan.steps.values() for value in step.args.values()]
    assert not proposal.notes


def test_british_spelling_is_no_slip(planner: OfflinePlanner) -> None:
    proposal = planner.propose("summarise film.mp4", ONE)
    assert proposal.plan is not None
    assert (proposal.notes, [step.tool for step in proposal.plan.steps.values()]) == ((), ["summarize"])


@pytest.mark.parametrize("question", ["Is there a dog anywhere?", "what does the sign at the gate say"])
def test_a_question_to_several_videos_is_a_question_to_all_of_them(planner: OfflinePlanner, question: str) -> None:
    other = replace(FILM, id="b" * 64, name="other.mp4")
    plan = planner.propose(question, Stage((FILM, other))).plan
    assert plan is not None
    assert [(step.tool, step.args) for step in plan.steps.values()] == [("answer_question", {"question": question})]


ASKED = "answer_question"
FIND = "search_moments"


@pytest.mark.parametrize(
    ("request_", "asked"),
    [
        ("Is there a cat and is there a submarine?", [(ASKED, "Is there a cat"), (ASKED, "is there a submarine?")]),
        ("Is there a car and is there a horse?", [(ASKED, "Is there a car"), (ASKED, "is there a horse?")]),
        ("Is there a cat, and how often?", [(ASKED, "Is there a cat"), (ASKED, "how often is a cat shown?")]),
        (
            "are there any dogs and for how long are they visible?",
            [(ASKED, "are there any dogs"), (ASKED, "for how long are dogs visible?")],
        ),
        (
            "Is the bill mentioned, how often?",
            [(ASKED, "Is the bill mentioned"), (ASKED, "how often is the bill mentioned?")],
        ),
        (
            "When is the rocket launched and when does it land?",
            [(FIND, "the rocket launched"), (FIND, "the rocket land")],
        ),
        ("is there a man and is it raining?", [(ASKED, "is there a man"), (ASKED, "is it raining?")]),
    ],
)
def test_each_of_several_questions_is_asked(
    planner: OfflinePlanner, request_: str, asked: list[tuple[str, str]]
) -> None:
    found = steps(planner, request_)
    assert [(tool, args.get("question") or args["query"]) for tool, args in found] == asked


def test_a_question_goes_on_with_what_was_asked_for_last(planner: OfflinePlanner) -> None:
    stage = replace(TWO, asked="is there a cat?", asked_of=TALK)
    for said, question in (
        ("how long is it shown?", "how long is a cat shown?"),
        ("and how often?", "how often is a cat shown?"),
    ):
        proposal = planner.propose(said, stage)
        assert proposal.plan is not None
        assert proposal.plan.inputs == {"video": "talk.mp4"}
        assert [step.args["question"] for step in proposal.plan.steps.values()] == [question]


@pytest.mark.parametrize(
    ("request_", "asked_back"),
    [("who is seen, and how long?", "How long is what?"), ("how often?", "How often is what?")],
)
def test_a_question_about_nothing_is_asked_back(planner: OfflinePlanner, request_: str, asked_back: str) -> None:
    assert planner.propose(request_, ONE).questions == (asked_back,)


@pytest.mark.parametrize(
    ("before", "text", "meant"),
    [
        ("is there a cat?", "when do they mention the budget?", ""),
        ("is there a cat?", "how long does it run?", ""),
        ("is there a cat?", "when is this sign shown?", ""),
        ("is there a cat?", "where does it say exit?", ""),
        ("is there a cat?", "when are they shown?", ""),
        ("is there an office building?", "how often?", "how often is an office building shown?"),
        ("find the red building", "how long is it shown?", "how long is the red building shown?"),
        ("are there people?", "how often?", "how often are people shown?"),
        ("how long is a cat shown?", "how often?", "how often is a cat shown?"),
        ("a cat", "when does it appear?", "when does a cat appear?"),
        ("cut out the cat", "tell me how often it is shown", "how often is the cat shown?"),
        ("how often is a cat shown?", "and the dog?", "how often is the dog shown?"),
        ("is there a cat?", "what about a dog?", "is there a dog?"),
        ("what is said about milk?", "and the dog?", "what is said about the dog?"),
        ("what is said about milk?", "and how often?", "how often is milk mentioned?"),
        ("is somebody who carries a very large box there", "how often?", ""),
    ],
)
def test_only_what_can_be_meant_stands_for_it(before: str, text: str, meant: str) -> None:
    assert spoken_out(text, before) == (meant or text)


@pytest.mark.parametrize("request_", ["invoice", "bicycle", "dog on a beach", "sunset", "Rechnung", "Anna"])
def test_a_bare_thing_is_looked_for(planner: OfflinePlanner, request_: str) -> None:
    assert steps(planner, request_, TWO) == [(FIND, {"query": request_})]


@pytest.mark.parametrize(
    ("request_", "tool"),
    [
        ("highlights", "summarize"),
        ("subtitles", "export_subtitles"),
        ("storyboard", "contact_sheet"),
        ("story", "compose_story"),
    ],
)
def test_a_bare_word_for_a_tool_is_that_tool(planner: OfflinePlanner, request_: str, tool: str) -> None:
    assert [name for name, _ in steps(planner, request_)] == [tool]


@pytest.mark.parametrize("request_", ["quit", "undo", "faster", "0:10", "asdfgh", "email Anna", "gif"])
def test_a_bare_word_that_names_nothing_is_asked_about(planner: OfflinePlanner, request_: str) -> None:
    assert planner.propose(request_, TWO).plan is None


@pytest.mark.parametrize("request_", ["hello", "thanks", "help"])
def test_small_talk_is_told_what_can_be_asked_for(planner: OfflinePlanner, request_: str) -> None:
    (question,) = planner.propose(request_, ONE).questions
    assert question.startswith("What shall I look for or do? I can find moments")


def test_the_name_of_a_video_is_no_part_of_what_is_asked(planner: OfflinePlanner) -> None:
    proposal = planner.propose("Which comes first in talk.mp4, the rocket or the cat?", TWO)
    assert proposal.plan is not None
    assert proposal.plan.inputs == {"video": "talk.mp4"}
    assert proposal.plan.steps["answer"].args["question"] == "Which comes first, the rocket or the cat?"


@pytest.mark.parametrize(
    ("request_", "about"),
    [
        ("Was wird über die Rechnung gesagt?", "die Rechnung"),
        ("Wann startet die Rakete?", "startet die Rakete"),
        ("Zeig mir alle Szenen mit einem Hund", "einem Hund"),
        ("Wo sind der Hund und die Katze zusammen zu sehen?", "der Hund die Katze zusammen"),
        ("où est-ce qu'on voit l'éléphant ?", "l'éléphant"),
        ("où voit-on une fille lire un livre ?", "une fille lire un livre"),
        ("¿Cuándo aparece el gato?", "el gato"),
        ("dov'è il gatto?", "il gatto"),
        ("onde está o cachorro?", "o cachorro"),
        ("waar is de hond te zien?", "de hond"),
        ("Wer sagt „guten Morgen“?", "guten Morgen"),
    ],
)
def test_in_other_languages_things_are_looked_for_and_the_rest_is_said_to_be_beyond_it(
    planner: OfflinePlanner, request_: str, about: str
) -> None:
    assert steps(planner, request_, TWO) == [(FIND, {"query": about})]
    (note,) = planner.propose(request_, TWO).notes
    assert note.startswith(f"“{about}” is looked for. In ")
    assert "--model" in note


@pytest.mark.parametrize(
    "request_",
    [
        "schneide von 0:02 bis 0:05 aus film.mp4", "male eine Katze", "fasse das Video zusammen",
        "Kannst du das Video bitte kürzen?", "Wie viele Videos gibt es?", "Wie oft ist die Katze zu sehen?",
        "Was kommt zuerst, der Hund oder die Katze?", "Zeig mir die Katze zwischen 1:00 und 2:00",
        "raconte-moi une histoire", "résume-moi la vidéo", "Combien de fois voit-on le chat ?",
        "corta los primeros cinco segundos", "resume la reunión", "quanto dura il video?", "hoeveel katten zijn er?",
    ],
)  # fmt: skip
def test_what_is_not_understood_in_another_language_is_not_taken_for_something_else(
    planner: OfflinePlanner, request_: str
) -> None:
    proposal = planner.propose(request_, ONE)
    assert proposal.plan is None
    assert "say it in English" in proposal.questions[0]


NAMES = (
    "Van Gogh", "white van", "Los Angeles", "Las Vegas", "Das Boot", "El Camino", "De La Soul", "Robert De Niro",
    "Mia", "Lee", "tai chi", "dove", "tempo", "chicken al pastor", "Tour de France", "La vie en rose", "Die Hard",
    "Les Misérables", "mise en scène", "Rio de Janeiro", "Don Quijote de la Mancha", "El Niño and La Niña",
)  # fmt: skip


@pytest.mark.parametrize(
    "request_",
    [
        *(f"{name} {footage}" for name in NAMES for footage in ("video", "film", "moment")),
        *(f"find {name}" for name in NAMES),
        "find the part where he says 'wo ist die Katze'", "find hasta la vista", "compare video", "film du jour",
        "um is there a do not enter sign", "LA traffic at night", "the chef says bon appetit", "trailer, i.e. film",
    ],
)  # fmt: skip
def test_english_with_foreign_words_in_it_is_english(request_: str) -> None:
    assert read_foreign(request_) is None


def test_no_worked_request_is_taken_for_another_language() -> None:
    assert [example.text for example in worked_examples(all_tools()) if read_foreign(example.text)] == []


@pytest.mark.parametrize(
    "question",
    [
        "how many videos are there?",
        "which video is the longest?",
        "Which of my videos have no sound?",
        "how much footage do I have in all?",
    ],
)
def test_what_is_asked_of_videos_themselves_is_asked_of_the_library(planner: OfflinePlanner, question: str) -> None:
    plan = planner.propose(question, ONE).plan
    assert plan is not None
    assert [step.tool for step in plan.steps.values()] == ["answer_question"]


def test_slips_are_mended_and_told(planner: OfflinePlanner) -> None:
    proposal = planner.propose("sumarize it", ONE)
    assert proposal.plan is not None
    assert [step.tool for step in proposal.plan.steps.values()] == ["summarize"]
    assert proposal.notes == ("“sumarize” was taken for a slip of “summarize”.",)
    assert proposal.plan.request == "sumarize it"


ODD = (
    "one.mp4",
    "holiday one.mp4",
    "a b.mkv",
    "-dash.mkv",
    "it's “1”.mov",
    "Größe 🎬.mp4",
    "footage-1.mp4",
    "x.y.mp4",
)


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("quotes", ["{}", '"{}"', "“{}”"])
@pytest.mark.parametrize(
    ("request_", "tool"),
    [("cut {} from 0:01 to 0:02", "cut_clip"), ("sum up {}", "summarize"), ("find a dog in {}", "search_moments")],
)
def test_a_video_of_any_name_is_meant(
    planner: OfflinePlanner, name: str, quotes: str, request_: str, tool: str
) -> None:
    videos = tuple(Video(f"{n:064x}", name, Path("/footage") / name, 60.0) for n, name in enumerate(ODD))
    asked = request_.format(quotes.format(name))
    proposal = planner.propose(asked, Stage(videos))
    assert proposal.plan is not None, proposal.questions
    assert proposal.plan.inputs == {"video": name}
    assert proposal.plan.request == asked
    [step] = proposal.plan.steps.values()
    assert step.tool == tool
    assert step.args.get("query", "a dog") == "a dog"


@pytest.mark.parametrize("names", [("Footage-1.mp4", "my holiday one.mp4"), ("a b.mkv", "my a b.mkv")])
def test_a_name_within_another_is_not_taken_for_it(planner: OfflinePlanner, names: tuple[str, str]) -> None:
    videos = tuple(Video(f"{n:064x}", name, Path("/footage") / name, 60.0) for n, name in enumerate(names))
    for name in names:
        proposal = planner.propose(f"sum up {name}", Stage(videos))
        assert proposal.plan is not None, proposal.questions
        assert proposal.plan.inputs == {"video": name}


def test_a_letter_that_only_matches_is_no_fault(planner: OfflinePlanner) -> None:
    videos = (FILM, Video("c" * 64, "s o.mp4", Path("/footage/s o.mp4"), 60.0))
    assert planner.propose("sum up s o.mp4, not \u017f o.mp4", Stage(videos)).questions


def test_a_dozen_things_are_said_word_for_word(planner: OfflinePlanner) -> None:
    said = [f"word {n}, find it" for n in range(12)]
    proposal = planner.propose(" then ".join(f'say "{text}" aloud' for text in said), ONE)
    assert proposal.plan is not None, proposal.questions
    assert [step.args["text"] for step in proposal.plan.steps.values()] == said


def test_accents_may_be_written_apart(planner: OfflinePlanner) -> None:
    name = unicodedata.normalize("NFD", "Größe 1.mp4")
    videos = (FILM, Video("c" * 64, name, Path("/footage") / name, 60.0))
    proposal = planner.propose("sum up Größe 1.mp4", Stage(videos))
    assert proposal.plan is not None, proposal.questions
    assert proposal.plan.inputs == {"video": name}


def test_of_the_one_that_is_meant_anyway_the_name_is_said_in_full(planner: OfflinePlanner) -> None:
    videos = tuple(Video(f"{n:064x}", name, Path("/footage") / name, 60.0) for n, name in enumerate(ODD))
    proposal = planner.propose("transcribe it", Stage(videos, videos[1]))
    assert proposal.plan is not None
    assert proposal.plan.inputs == {"video": "holiday one.mp4"}
    [question] = planner.propose("transcribe it", Stage(videos)).questions
    assert "holiday one.mp4" in question


def test_changing_the_sound_is_declined(planner: OfflinePlanner) -> None:
    [question] = planner.propose("kill the music at 0:30", ONE).questions
    assert "changing what footage looks or sounds like" in question


def test_after_the_first_seconds_is_what_follows_them(planner: OfflinePlanner) -> None:
    [(_, args)] = steps(planner, "transcribe film.mp4 after the first ten seconds")
    assert args == {"video": "$video", "start_s": 10.0}


def test_times_are_looked_at_in_the_video_they_belong_to(planner: OfflinePlanner) -> None:
    [(_, args)] = steps(planner, "is there a cat in the first 3 seconds?")
    assert (args["video"], args["end_s"]) == ("$video", 3.0)
    assert "first" not in args["question"]


@pytest.mark.parametrize(
    "request_",
    [
        "", "?!", "do it", "hello there", "email the transcript to bob@example.com", "delete the video",
        "what is the weather in Oslo tomorrow?", "frames between 3:00 and 1:00", "take a frame every 0 seconds",
        "take a frame every -5 seconds", "a million frames", "summarize it in 0 sentences", "do not take a frame",
        "find it in desert.mp4", "the " * 2000,
    ],
)  # fmt: skip
def test_it_asks_back_rather_than_guess(planner: OfflinePlanner, request_: str) -> None:
    proposal = planner.propose(request_, ONE)
    assert proposal.plan is None
    assert all(proposal.questions)
    assert proposal.questions


def test_it_asks_which_video_only_where_one_is_needed(planner: OfflinePlanner) -> None:
    [question] = planner.propose("transcribe it", TWO).questions
    assert "film.mp4 or talk.mp4" in question
    assert steps(planner, "transcribe talk.mp4", TWO)[0][1] == {"video": "$video"}
    found = steps(planner, "find the motorcycle and take a frame of it", TWO)
    assert [tool for tool, _ in found] == ["search_moments", "extract_frames"]


def test_without_a_library_a_plan_is_made_all_the_same(planner: OfflinePlanner) -> None:
    [(tool, args)] = steps(planner, "find the dog in talk.mp4", Stage())
    assert (tool, args) == ("search_moments", {"query": "the dog", "video": "$video"})
    [(_, find), _] = steps(planner, "take a frame of the goal", Stage())
    assert find == {"query": "the goal", "limit": 1}
    plan = planner.propose("transcribe it", Stage()).plan
    assert plan is not None
    assert plan.inputs == {"video": None}


def test_two_videos_of_one_name_are_told_apart_by_id(planner: OfflinePlanner) -> None:
    twin = Video("c" * 64, "film.mp4", Path("/elsewhere/film.mp4"), 60.0)
    plan = planner.propose("list the shots", Stage((FILM, twin), video=twin)).plan
    assert plan is not None
    assert plan.inputs == {"video": twin.id}


@pytest.mark.parametrize(
    ("request_", "span"),
    [("the second one", (40, 50)), ("and after that?", (12, 27)), ("what happens before the second one?", (25, 40))],
)
def test_a_follow_up_is_about_the_last_answer(planner: OfflinePlanner, request_: str, span: tuple[int, int]) -> None:
    [(tool, args)] = steps(planner, request_, AFTER_SEARCH)
    assert (tool, args["start_s"], args["end_s"]) == ("describe_video", *span)


def test_a_follow_up_to_what_was_not_found_is_asked_back(planner: OfflinePlanner) -> None:
    assert "2 moments" in planner.propose("the fifth one", AFTER_SEARCH).questions[0]


def test_fifty_things_at_once_are_too_many(planner: OfflinePlanner) -> None:
    request = "; ".join(["find a dog", "transcribe it"] * 25)
    [question] = planner.propose(request, ONE).questions
    assert "too much at once" in question


def test_the_same_request_gives_the_same_plan(planner: OfflinePlanner, models: Models) -> None:
    again = OfflinePlanner(all_tools(), models.sentences)
    for request in ("find a dog and caption it", "chapters please", "what is said about tea?"):
        assert planner.propose(request, ONE) == again.propose(request, ONE)


@settings(max_examples=40)
@given(
    st.text(max_size=300)
    | st.lists(st.sampled_from("find a dog then , and . 1:00 to 0:30 caption it the".split())).map(" ".join)
)
def test_any_text_gives_a_plan_that_runs_or_a_question(planner: OfflinePlanner, request_: str) -> None:
    proposal = planner.propose(request_, ONE)
    assert (proposal.plan is None) == bool(proposal.questions)
    if proposal.plan is not None:
        assert check(proposal.plan, all_tools()).problems == ()


@pytest.mark.parametrize("word", ["the ", "a ", "10 ", "one ", "and ", "in ", "1:00 ", "every "])
def test_long_repetition_ends(planner: OfflinePlanner, word: str) -> None:
    proposal = planner.propose(word * (1900 // len(word)), ONE)
    assert (proposal.plan is None) == bool(proposal.questions)


# Slots


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1:30", 90), ("1:02:03", 3723), ("90 seconds", 90), ("1m05s", 65), ("one and a half minutes", 90),
        ("minute 2", 120),
        ("half a minute", 30), ("a quarter of an hour", 900), ("one minute ten", 70), ("1'20", 80), ("t=75s", 75),
        ("twenty-five seconds", 25), ("a minute and a half", 90),
    ],
)  # fmt: skip
def test_times_in_their_spellings(text: str, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize(
    ("text", "value"), [("3", 3), ("three", 3), ("a couple of", 2), ("1,500", 1500), ("1,5", 1.5), ("x", None)]
)
def test_numbers_in_their_spellings(text: str, value: float | None) -> None:
    assert number(text) == value


def test_languages_are_named_on_purpose() -> None:
    assert language("transcribe it, spoken in Spanish") == "es"
    assert language("She speaks German.") == "de"
    assert language("what is said about the Chinese restaurant") == ""


def test_slots_leave_the_content() -> None:
    slots = read_slots("take three stills of the dog between 0:10 and 0:20")
    assert (slots.start_s, slots.end_s, slots.limit) == (10, 20, 3)
    assert slots.text == "take stills of the dog"


# The scorer of benchmarks/planning.py


def test_the_benchmark_tells_right_from_wrong(planner: OfflinePlanner, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    path = Path(__file__).parents[2] / "benchmarks" / "planning.py"
    monkeypatch.syspath_prepend(str(path.parent))
    spec = importlib.util.spec_from_file_location("planning_benchmark", path)
    assert spec is not None
    assert spec.loader is not None
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    row = {"videos": ["film.mp4"], "plans": [[["search_moments", {"query": ["a red car"]}]]]}
    found = planner.propose("find the red cars", ONE)
    assert benchmark.is_right(row, found)
    for other in (
        [["search_moments", {"query": ["a blue car"]}]],
        [["search_moments", {"query": ["a red car"], "limit": 3}]],
        [["search_moments", {"query": ["a red car"]}], ["transcribe", {}]],
        [["transcribe", {}]],
    ):
        assert not benchmark.is_right(row | {"plans": [other]}, found), json.dumps(other)
    assert not benchmark.is_right(row | {"plans": []}, found)
    assert benchmark.is_right(row | {"plans": []}, planner.propose("do it", ONE))


@pytest.mark.parametrize("request_", ["then", "and then", "; then", "finally"])
def test_a_word_that_only_separates_is_asked_about(planner: OfflinePlanner, request_: str) -> None:
    assert planner.propose(request_, ONE).questions
