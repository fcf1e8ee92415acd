"""What a planner makes of a request: clauses, tools, their order, and links of one type, over our own catalogue."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playhead.agent.catalogue.cards import Catalogue, ToolCard
from playhead.agent.catalogue.clauses import Request
from playhead.agent.catalogue.planner import CataloguePlanner
from playhead.agent.catalogue.routing import Router
from playhead.agent.catalogue.words import sense, stem
from playhead.errors import InputError
from playhead.models.registry import OFFLINE, Models

if TYPE_CHECKING:
    from pathlib import Path

    from playhead.agent.catalogue.linking import CataloguePlan
    from playhead.models.roles import SentenceEncoder

CARDS = (
    ToolCard("Sound Taker", "Extracts the sound from a video.", ("video",), "audio"),
    ToolCard("Speech Writer", "Transcribes the speech of an audio recording into text.", ("audio",), "text"),
    ToolCard("Noise Remover", "Removes background noise from an audio recording.", ("audio",), "audio"),
    ToolCard("Text Shortener", "Summarizes a long text.", ("text",), "text", ("summary", "main points")),
    ToolCard("Language Translator", "Translates a text into another language.", ("text",), "text", ("translation",)),
    ToolCard("Picture Painter", "Paints an image from a text description.", ("text",), "image", ("draw a picture",)),
    ToolCard("Photo Stitcher", "Stitches two photos side by side.", ("image", "image"), "image"),
    ToolCard("Subtitle Burner", "Burns subtitles into a video.", ("video", "text"), "video", ("add subtitles",)),
    ToolCard("Clip Finder", "Finds a video about a topic on the internet.", ("text",), "video"),
    ToolCard("Clip Fetcher", "Downloads a video from a link.", ("url",), "video"),
    ToolCard("Link Spotter", "Spots links in a text.", ("text",), "url"),
)
CATALOGUE = Catalogue(CARDS)


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return Models(OFFLINE, threads=1).sentences


@pytest.fixture(scope="module")
def planner(encoder: SentenceEncoder) -> CataloguePlanner:
    return CataloguePlanner(CATALOGUE, encoder)


def texts(request: str) -> list[str]:
    read = Request.read(request)
    return [read.spoken(clause) for clause in read.clauses]


def assert_valid(plan: CataloguePlan) -> None:
    """Known tools, each once; links run forwards, so that no tool waits for itself, and are of one type."""
    places = {tool: i for i, tool in enumerate(plan.nodes)}
    assert len(places) == len(plan.nodes)
    assert all(tool in CATALOGUE.cards for tool in plan.nodes)
    assert len(set(plan.links)) == len(plan.links)
    for maker, taker in plan.links:
        assert places[maker] < places[taker]
        assert CATALOGUE[maker].output in CATALOGUE[taker].inputs


def test_clauses_end_at_commas_and_where_another_action_starts():
    assert texts("Transcribe the speech, then translate it and summarize the text.") == [
        "Transcribe the speech",
        "translate it",
        "summarize the text",
    ]
    assert texts("Check the sound and the picture") == ["Check the sound and the picture"]
    assert texts("I want a new, unique version") == ["I want a new, unique version"]


def test_what_is_quoted_asks_for_nothing_but_has_a_type():
    read = Request.read("Translate 'Paint a dog, then cut it.' and show me \"the dogs' home\" from a_b.jpg")
    assert [thing.kind for thing in read.given] == ["text", "text", "image"]
    assert [read.spoken(clause).split() for clause in read.clauses] == [
        ["Translate", "the", "text"],
        ["show", "me", "the", "text", "from", "the", "image"],
    ]
    link = Request.read("Fetch 'https://example.org/talk.mp4'.").given[0]
    assert (link.kind, link.leads_to) == ("url", "video")
    assert Request.read("Read 'see www.example.org for more'").given[0].holds_link


def test_clauses_know_where_they_stand():
    request = "Paint 'x' in red. Then stitch it with b.png."
    assert [request[c.start : c.end] for c in Request.read(request).clauses] == [
        "Paint 'x' in red",
        "stitch it with b.png",
    ]


def test_words_that_mean_the_same_count_as_the_same():
    assert len({stem(word) for word in ("stabilize", "stabilized", "stabilizing", "stabilizer")}) == 1
    assert stem("transcribe") != stem("translate")
    assert sense("photograph") == sense("picture") == "@image"
    assert sense("combine") == sense("merging")


def test_a_tool_is_found_by_description_and_by_worked_phrase(planner: CataloguePlanner):
    assert planner.plan("Please transcribe the speech in 'talk.wav'.").nodes == ("Speech Writer",)
    assert planner.plan("What are the main points of 'notes.txt'?").nodes == ("Text Shortener",)


def test_a_mention_says_where_its_clause_stands(encoder: SentenceEncoder):
    request = "I have 'talk.wav'. Remove the noise, then transcribe the speech."
    mentions = Router(CATALOGUE, encoder).route(request)
    assert [(m.tool, request[m.start : m.end]) for m in mentions] == [
        ("Noise Remover", "Remove the noise"),
        ("Speech Writer", "transcribe the speech"),
    ]


def test_each_tool_takes_the_latest_output_of_its_type(planner: CataloguePlanner):
    plan = planner.plan("Transcribe the speech in talk.wav, translate it, and paint an image of the translated text.")
    assert plan.nodes == ("Speech Writer", "Language Translator", "Picture Painter")
    assert plan.links == (("Speech Writer", "Language Translator"), ("Language Translator", "Picture Painter"))


@pytest.mark.parametrize(
    "request_",
    [
        "Summarize the text after translating it.",
        "Before summarizing the text, translate it.",
        "Translate the text, then summarize it.",
    ],
)
def test_order_words_say_what_runs_first(planner: CataloguePlanner, request_: str):
    assert planner.plan(request_).nodes == ("Language Translator", "Text Shortener")


def test_using_leads_back_to_what_runs_first(planner: CataloguePlanner):
    plan = planner.plan("Add subtitles to film.mp4 using the translation of 'Bonjour tout le monde'.")
    assert plan.nodes == ("Language Translator", "Subtitle Burner")
    assert plan.links == (("Language Translator", "Subtitle Burner"),)


def test_an_outline_does_not_say_what_runs_first(planner: CataloguePlanner):
    plan = planner.plan(
        "I want to paint an image. Please first transcribe the speech in a.wav, then paint an image of it."
    )
    assert plan.nodes == ("Speech Writer", "Picture Painter")


def test_a_file_is_taken_as_it_is(planner: CataloguePlanner):
    plan = planner.plan("Remove the background noise from a.wav. Transcribe the speech in b.wav.")
    assert plan.nodes == ("Noise Remover", "Speech Writer")
    assert plan.links == ()


def test_what_is_missing_is_closed_through_the_catalogue(planner: CataloguePlanner):
    plan = planner.plan("I have a video 'film.mp4'. Please summarize what is said.")
    assert plan.nodes == ("Sound Taker", "Speech Writer", "Text Shortener")
    assert plan.links == (("Sound Taker", "Speech Writer"), ("Speech Writer", "Text Shortener"))


def test_a_link_is_opened_first(planner: CataloguePlanner):
    direct = planner.plan("Extract the sound from the video at https://example.org/film.mp4")
    assert direct.links == (("Clip Fetcher", "Sound Taker"),)
    spotted = planner.plan("Download the video from the text 'Look: https://example.org/film.mp4 is fun'.")
    assert spotted.links == (("Link Spotter", "Clip Fetcher"),)


def test_a_tool_with_two_inputs_takes_both(planner: CataloguePlanner):
    mixed = planner.plan("Find a video about bees, summarize 'bees.txt', and add subtitles using the summary.")
    assert set(mixed.links) == {("Clip Finder", "Subtitle Burner"), ("Text Shortener", "Subtitle Burner")}
    alike = planner.plan("Paint an image of a bee and stitch it with the photo 'flower.jpg'.")
    assert alike.links == (("Picture Painter", "Photo Stitcher"),)
    given_ = planner.plan("Stitch 'a.jpg' and 'b.jpg' together.")
    assert (given_.nodes, given_.links) == (("Photo Stitcher",), ())


def test_a_tool_that_nothing_feeds_waits_for_its_maker(planner: CataloguePlanner):
    plan = planner.plan("Extract the sound of a video about bees. Find that video on the internet.")
    assert plan.links == (("Clip Finder", "Sound Taker"),)


@pytest.mark.parametrize("request_", ["", "   ", "hello", "Thank you so much!", "Book a flight to Paris", "…", "'"])
def test_what_asks_for_no_tool_has_an_empty_plan(planner: CataloguePlanner, request_: str):
    plan = planner.plan(request_)
    assert (plan.nodes, plan.links) == ((), ())


def test_a_catalogue_without_tools_plans_nothing(encoder: SentenceEncoder):
    assert CataloguePlanner(Catalogue(()), encoder).plan("Transcribe this").nodes == ()


def test_fifty_clauses_are_read_to_the_end(planner: CataloguePlanner):
    asks = ["transcribe the speech", "summarize the text", "translate it", "find a video on the internet"]
    plan = planner.plan("With talk.wav, " + ", then ".join(asks * 12 + ["paint an image", "stitch the photos"]))
    assert_valid(plan)
    assert set(plan.nodes) >= {
        "Speech Writer",
        "Text Shortener",
        "Language Translator",
        "Picture Painter",
        "Photo Stitcher",
    }


@pytest.mark.parametrize(
    "piece", ["transcribe the speech. ", "a.wav ", "'", " 'a", "and ", "x", "-a", "http://", "\U000f0000"]
)
def test_a_hundred_kilobytes_are_planned_in_seconds(planner: CataloguePlanner, piece: str):
    start = time.process_time()
    assert_valid(planner.plan(piece * (100_000 // len(piece))))
    assert time.process_time() - start < 30


WORDS = st.sampled_from(
    "transcribe translate summarize paint stitch find download the speech text video image sound noise link from of "
    "using after before then and , . it them a.wav b.jpg c.mp4 'text' www.example.org I have want to first please by"
    "".split()
)


@settings(max_examples=150)
@given(st.one_of(st.text(max_size=200), st.lists(WORDS, max_size=40).map(" ".join)))
def test_any_text_gives_a_plan_that_can_run(planner: CataloguePlanner, request_: str):
    assert_valid(planner.plan(request_))


def test_a_taskbench_catalogue_is_read_with_phrases(tmp_path: Path):
    tools, phrases = tmp_path / "tools.json", tmp_path / "phrases.yaml"
    node = {"id": "Cutter", "desc": "Cuts.", "input-type": ["Video", "text"], "output-type": ["Video"]}
    tools.write_text(json.dumps({"nodes": [node]}))
    phrases.write_text("Cutter: [trim]")
    card = ToolCard("Cutter", "Cuts.", ("video", "text"), "video", ("trim",))
    assert list(Catalogue.from_taskbench(tools, phrases)) == [card]
    assert Catalogue.from_taskbench(tools).types == {"video", "text"}
    phrases.write_text("Cuter: [trim]")
    with pytest.raises(InputError, match="Cuter"):
        Catalogue.from_taskbench(tools, phrases)
    tools.write_text("[]")
    with pytest.raises(InputError, match="no catalogue"):
        Catalogue.from_taskbench(tools)
