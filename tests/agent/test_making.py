"""Requests for something to be made: what they become, and what they do not take for one."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from playhead.agent.check import check
from playhead.agent.offline import OfflinePlanner
from playhead.agent.planner import Stage
from playhead.agent.wishes import read_wishes, thing
from playhead.tools.registry import all_tools
from playhead.types import Span, Video

if TYPE_CHECKING:
    from playhead.models.registry import Models

FILM = Video("a" * 64, "film.mp4", Path("/footage/film.mp4"), 600.0)
ONE = Stage((FILM,))
AFTER_SEARCH = Stage((FILM,), recent=((FILM, Span(10, 12)), (FILM, Span(40, 50))))
EDITORS = ["edl", "otio", "fcpxml"]


@pytest.fixture(scope="module")
def planner(models: Models) -> OfflinePlanner:
    return OfflinePlanner(all_tools(), models.sentences)


def steps(planner: OfflinePlanner, request: str, stage: Stage = ONE) -> list[tuple[str, dict[str, Any]]]:
    """The tools and arguments of the plan, which must pass the checker."""
    proposal = planner.propose(request, stage)
    assert proposal.plan is not None, proposal.questions
    assert check(proposal.plan, all_tools()).problems == ()
    return [(step.tool, dict(step.args)) for step in proposal.plan.steps.values()]


def test_moments_are_cut_joined_and_subtitled_with_timelines_beside_them(planner: OfflinePlanner) -> None:
    request = "cut every moment where a cat is shown and put them together with subtitles"
    assert steps(planner, request) == [
        ("search_moments", {"query": "a cat", "video": "$video", "limit": 100}),
        ("make_supercut", {"moments": "$find.moments", "order": "time", "shortest_s": 1.0}),
        ("export_subtitles", {"film": "$film", "burn": True}),
        ("export_timeline", {"film": "$film", "formats": EDITORS}),
    ]


@pytest.mark.parametrize(
    ("request_", "args"),
    [
        ("cut out the part from 1:00 to 1:20", {"start_s": 60.0, "end_s": 80.0}),
        (
            "cut from 1:00 to 1:20 with two seconds before and after",
            {"start_s": 60.0, "end_s": 80.0, "handles_s": 2.0},
        ),
        ("Cut off the first ten seconds", {"start_s": 10.0}),
        ("cut off the last minute", {"end_s": -60.0}),
        ("cut everything but the first ten seconds of film.mp4", {"start_s": 10.0}),
        ("trim the video to the last minute", {"start_s": -60.0}),
        ("cut from 1:00 to 2:00, without sound", {"start_s": 60.0, "end_s": 120.0, "sound": "drop"}),
        ("cut from 1:00 to 2:00 with a fade in and out", {"start_s": 60.0, "end_s": 120.0, "fade_s": 0.5}),
        ("cut from 1:00 to 2:00 without re-encoding", {"start_s": 60.0, "end_s": 120.0, "as_stored": True}),
    ],
)
def test_a_cut_by_times_says_how(planner: OfflinePlanner, request_: str, args: dict[str, Any]) -> None:
    assert steps(planner, request_) == [("cut_clip", {"video": "$video"} | args)]


@pytest.mark.parametrize(
    ("request_", "query"),
    [
        ("cut every scene with a vehicle out of film.mp4", "a vehicle"),
        ("cut every shot that shows a cat from film.mp4", "a cat"),
        ("cut every scene in which somebody laughs out of the film", "somebody laughs"),
        ("cut every shot of the dog", "the dog"),
    ],
)
def test_shots_that_show_something_are_looked_for(planner: OfflinePlanner, request_: str, query: str) -> None:
    [(tool, args), (cut, _)] = steps(planner, request_)
    assert (tool, args["query"], args["limit"], cut) == ("search_moments", query, 100, "cut_clip")


@pytest.mark.parametrize(
    ("request_", "stretches"),
    [
        ("cut the first minute and the last minute", [{"end_s": 60.0}, {"start_s": -60.0}]),
        ("cut from 0:10 to 0:20 and from 0:40 to 0:50",
         [{"start_s": 10.0, "end_s": 20.0}, {"start_s": 40.0, "end_s": 50.0}]),
        ("cut the second minute and the 4th minute",
         [{"start_s": 60.0, "end_s": 120.0}, {"start_s": 180.0, "end_s": 240.0}]),
        ("cut the first 3 seconds of film.mp4 and the last 5 seconds of film.mp4",
         [{"end_s": 3.0}, {"start_s": -5.0}]),
        ("cut the first 3 and the last 5 seconds of film.mp4", [{"end_s": 3.0}, {"start_s": -5.0}]),
        ("cut the last 5 seconds of film.mp4 and the first 3", [{"start_s": -5.0}, {"end_s": 3.0}]),
        ("a clip of the first and last minute", [{"end_s": 60.0}, {"start_s": -60.0}]),
        ("clips of 0:02-0:04, 0:06-0:08 and 0:10-0:12 from film.mp4",
         [{"start_s": 2.0, "end_s": 4.0}, {"start_s": 6.0, "end_s": 8.0}, {"start_s": 10.0, "end_s": 12.0}]),
        ("give me the first five seconds and the last two", [{"end_s": 5.0}, {"start_s": -2.0}]),
        ("show me the last minute", [{"start_s": -60.0}]),
        ("cut the first 1.5 seconds and the last 2.5 seconds", [{"end_s": 1.5}, {"start_s": -2.5}]),
        ("cut off the first 10 seconds with fades and cut off the last 10 seconds",
         [{"start_s": 10.0, "end_s": -10.0, "fade_s": 0.5}]),
        ("cut 0:10-0:20 and 0:40-0:50 with a fade",
         [{"start_s": 10.0, "end_s": 20.0, "fade_s": 0.5}, {"start_s": 40.0, "end_s": 50.0, "fade_s": 0.5}]),
        ("cut off the first 3 seconds and the last 5 seconds of film.mp4", [{"start_s": 3.0, "end_s": -5.0}]),
        ("remove the last 5 seconds and the first 3", [{"start_s": 3.0, "end_s": -5.0}]),
    ],
)  # fmt: skip
def test_each_stretch_that_is_named_is_cut(
    planner: OfflinePlanner, request_: str, stretches: list[dict[str, Any]]
) -> None:
    assert steps(planner, request_) == [("cut_clip", {"video": "$video"} | stretch) for stretch in stretches]


@pytest.mark.parametrize(
    "request_",
    [
        "cut 0:10-0:20 and 0:40-0:50 and join them",
        "cut 0:10-0:20 and 0:40-0:50 into one film",
        "join 0:10-0:20 and 0:40-0:50",
        "join 0:10-0:20 and 0:40-0:50 with subtitles",
        "join 0:10-0:20 and 0:40-0:50 of film.mp4",
        "make a supercut of 0:10-0:20 and 0:40-0:50 from film.mp4",
        "glue the bits from 0:10 to 0:20 and from 0:40 to 0:50 together",
        "cut 0:10-0:20, sum the film up, then cut 0:40-0:50 and join both",
    ],
)
def test_stretches_that_are_named_by_their_times_are_joined_as_they_were_named(
    planner: OfflinePlanner, request_: str
) -> None:
    made = steps(planner, request_)
    assert [args["start_s"] for tool, args in made if tool == "cut_clip"] == [10.0, 40.0]
    [film] = [args for tool, args in made if tool == "make_supercut"]
    assert film["moments"] == ["$clip.clips[0].origin.parts[0]", "$clip_2.clips[0].origin.parts[0]"]
    assert film["order"] == "given"


def test_what_is_told_of_two_stretches_is_told_of_each(planner: OfflinePlanner) -> None:
    for request, tool in (("summarize", "summarize"), ("transcribe", "transcribe")):
        made = steps(planner, f"{request} the first and the last minute of film.mp4")
        assert made == [(tool, {"video": "$video", "end_s": 60.0}), (tool, {"video": "$video", "start_s": -60.0})]


@pytest.mark.parametrize(
    ("how", "args"),
    [("without sound", {"sound": "drop"}), ("with a fade", {"fade_s": 0.5})],
)
def test_how_is_said_last_and_goes_for_every_clip(planner: OfflinePlanner, how: str, args: dict[str, Any]) -> None:
    made = steps(planner, f"cut 0:02-0:04, 0:06-0:08 and 0:10-0:12 of film.mp4 {how}")
    assert [tool for tool, _ in made] == ["cut_clip"] * 3
    assert all(clip.items() >= args.items() for _, clip in made)


def test_burned_in_subtitles_leave_the_other_wishes(planner: OfflinePlanner) -> None:
    [(_, clip), (tool, _)] = steps(planner, "give me the first 4 seconds with burned in subtitles and no sound")
    assert (clip["end_s"], clip["sound"], tool) == (4.0, "drop", "export_subtitles")


def test_effects_that_no_tool_has_are_said_to_be_left_out(planner: OfflinePlanner) -> None:
    proposal = planner.propose("cut the first 3 seconds twice as fast", ONE)
    assert [note for note in proposal.notes if note.startswith("“twice as fast” was left out")]
    assert not planner.propose("cut every shot in black and white", ONE).notes
    assert not planner.propose("find the part in slow motion", ONE).notes


@pytest.mark.parametrize(
    ("request_", "left"),
    [
        ("cut everything except 0:10-0:20", [(0, 10), (20, 600)]),
        ("remove the part from 0:10 to 0:20", [(0, 10), (20, 600)]),
        ("remove the part from 5 to 10 seconds and join the rest", [(0, 5), (10, 600)]),
        ("get rid of 0:00-0:10", [(10, 600)]),
        ("remove 0:10-0:20 and 0:30-0:40", [(0, 10), (20, 30), (40, 600)]),
        ("remove the first 5 seconds and 0:10-0:20", [(5, 10), (20, 600)]),
    ],
)
def test_what_is_left_without_a_stretch_is_joined(
    planner: OfflinePlanner, request_: str, left: list[tuple[float, float]]
) -> None:
    [(tool, args), _] = steps(planner, request_)
    assert tool == "make_supercut"
    assert [(one["start_s"], one["end_s"]) for one in args["moments"]] == left


def test_what_is_left_of_nothing_is_asked(planner: OfflinePlanner) -> None:
    assert planner.propose("remove 0:00-10:00", ONE).questions == ("That leaves nothing: which part shall go?",)
    assert planner.propose("cut everything except the cats", ONE).questions == (
        "I can leave out what is named by its times: when is “the cats”?",
    )


def test_each_clip_has_its_subtitles(planner: OfflinePlanner) -> None:
    made = steps(planner, "create two clips of 0:10-0:20 and 0:40-0:50 with subtitles")
    assert [tool for tool, _ in made] == ["cut_clip", "export_subtitles"] * 2
    assert [args["film"] for tool, args in made if tool == "export_subtitles"] == [
        "$clip.clips[0]",
        "$clip_2.clips[0]",
    ]


def test_both_ends_are_cut_off_one_clip_only_where_they_follow_each_other(planner: OfflinePlanner) -> None:
    made = steps(planner, "remove the first minute, cut 2:00-3:00, remove the last minute and join them")
    [film] = [args for tool, args in made if tool == "make_supercut"]
    assert len(film["moments"]) == 3
    two = Stage((FILM, Video("b" * 64, "other.mp4", Path("/footage/other.mp4"), 600.0)))
    for request in ("cut off the first and last 3 seconds", "find a dog, then cut off the first and last minute"):
        assert planner.propose(request, two).questions == ("Which video is meant: film.mp4 or other.mp4?",)


@pytest.mark.parametrize(
    ("request_", "tool"),
    [
        ("extract 1:00 to 2:00 at 2 fps", "extract_frames"),
        ("extract every 5 seconds of the first minute", "extract_frames"),
        ("show me a TV in the first minute", "search_moments"),
        ("make a video from 0:10-0:20 and 0:40-0:50 of film.mp4", "make_supercut"),
    ],
)
def test_a_stretch_is_cut_where_nothing_else_is_said(planner: OfflinePlanner, request_: str, tool: str) -> None:
    assert tool in [made for made, _ in steps(planner, request_)]


def test_ends_are_asked_about_apart_and_compared_together(planner: OfflinePlanner) -> None:
    apart = steps(planner, "is there a dog in the first and last minute?")
    assert [(args.get("start_s"), args.get("end_s")) for _, args in apart] == [(None, 60.0), (-60.0, None)]
    assert len(steps(planner, "what is the difference between the first and last minute?")) == 1


def test_names_that_differ_in_capitals_alone_are_two_videos(planner: OfflinePlanner) -> None:
    two = Stage((FILM, Video("b" * 64, "Film.mp4", Path("/footage/Film.mp4"), 600.0)))
    request = "cut the first minute of film.mp4 and the last minute of Film.mp4"
    plan = planner.propose(request, two).plan
    assert plan is not None
    assert plan.inputs == {"video": "film.mp4", "video_2": "Film.mp4"}
    short = Stage((*two.videos, Video("c" * 64, "FILM.mp4", Path("/footage/FILM.mp4"), 60.0)))
    half = planner.propose("cut the first half of FILM.mp4", short)
    assert half.notes == ("“the first half” was taken for 0:00.0–0:30.0 of FILM.mp4.",)
    assert planner.propose(request, ONE).plan is not None


LONG = Video("b" * 64, "long.mp4", Path("/footage/long.mp4"), 1200.0, start_s=1.5)
BOTH = Stage((FILM, LONG, Video("c" * 64, "odd.mp4", Path("/footage/odd.mp4"), 10.0)))


def of_both(planner: OfflinePlanner, request: str) -> list[tuple[str, str, float | None, float | None]]:
    """The steps of a plan about several videos: tool, video, and from when to when."""
    proposal = planner.propose(request, BOTH)
    assert proposal.plan is not None, proposal.questions
    assert check(proposal.plan, all_tools()).problems == ()
    meant = proposal.plan.inputs
    return [
        (step.tool, str(meant.get(str(args.get("video", ""))[1:])), args.get("start_s"), args.get("end_s"))
        for step in proposal.plan.steps.values()
        for args in [dict[str, Any](step.args)]
        if step.tool not in ("make_supercut", "export_timeline")
    ]


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ("summarize film.mp4 and long.mp4",
         [("summarize", "film.mp4", None, None), ("summarize", "long.mp4", None, None)]),
        ("transcribe film.mp4 and summarize long.mp4",
         [("transcribe", "film.mp4", None, None), ("summarize", "long.mp4", None, None)]),
        ("transcribe film.mp4 and the first minute of odd.mp4",
         [("transcribe", "film.mp4", None, None), ("transcribe", "odd.mp4", None, 60.0)]),
        ("is there a cat in film.mp4 or in long.mp4?",
         [("answer_question", "film.mp4", None, None), ("answer_question", "long.mp4", None, None)]),
        ("is there a cat in film.mp4 and a dog in long.mp4?",
         [("answer_question", "film.mp4", None, None), ("answer_question", "long.mp4", None, None)]),
        ("find the cat in film.mp4 and the dog in long.mp4",
         [("search_moments", "film.mp4", None, None), ("search_moments", "long.mp4", None, None)]),
        ("cut the first 5 seconds of film.mp4, odd.mp4 and long.mp4",
         [("cut_clip", "film.mp4", None, 5.0), ("cut_clip", "odd.mp4", None, 5.0),
          ("cut_clip", "long.mp4", None, 6.5)]),
        ("join 0:02-0:04 of film.mp4 and 0:06-0:08 of odd.mp4",
         [("cut_clip", "film.mp4", 2.0, 4.0), ("cut_clip", "odd.mp4", 6.0, 8.0)]),
        ("cut the first half of film.mp4 and the second half of odd.mp4",
         [("cut_clip", "film.mp4", None, 300.0), ("cut_clip", "odd.mp4", -5.0, None)]),
        ("summarize the first third of film.mp4 and long.mp4",
         [("summarize", "film.mp4", None, 200.0), ("summarize", "long.mp4", None, 401.5)]),
    ],
)  # fmt: skip
def test_each_thing_is_done_with_the_video_that_it_names(
    planner: OfflinePlanner, request_: str, expected: list[tuple[str, str, float | None, float | None]]
) -> None:
    assert of_both(planner, request_) == expected


@pytest.mark.parametrize(
    "request_",
    [
        "which is longer, film.mp4 or long.mp4?",
        "compare film.mp4 and long.mp4",
        "join the cat in film.mp4 and the dog in long.mp4",
        "make a supercut of the dog from film.mp4 and long.mp4",
    ],
)
def test_what_is_asked_of_two_videos_as_one_is_asked_back(planner: OfflinePlanner, request_: str) -> None:
    proposal = planner.propose(request_, BOTH)
    assert proposal.questions == ("One video at a time, please: film.mp4 or long.mp4?",)


@pytest.mark.parametrize(
    ("request_", "names"),
    [
        ("join film.mp4 and odd.mp4", ["film.mp4", "odd.mp4"]),
        ("put odd.mp4, long.mp4 and film.mp4 together", ["odd.mp4", "long.mp4", "film.mp4"]),
        ("merge film.mp4 with odd.mp4 in reverse order", ["odd.mp4", "film.mp4"]),
    ],
)
def test_whole_videos_are_joined_as_they_are_named(planner: OfflinePlanner, request_: str, names: list[str]) -> None:
    proposal = planner.propose(request_, BOTH)
    assert proposal.plan is not None, proposal.questions
    assert proposal.notes == ()
    (tool, args), _ = [(step.tool, dict[str, Any](step.args)) for step in proposal.plan.steps.values()]
    ends = {video.name: (video.start_s, video.span.end_s) for video in BOTH.videos}
    assert tool == "make_supercut"
    assert [(one["video"], (one["start_s"], one["end_s"])) for one in args["moments"]] == [
        (name, ends[name]) for name in names
    ]


@pytest.mark.parametrize(
    ("request_", "edges"),
    [
        ("cut it into 150 second pieces", [0, 150, 300, 450, 600]),
        ("split the video in four equal parts", [0, 150, 300, 450, 600]),
        ("cut the first minute into 25 s clips", [0, 25, 50, 60]),
        ("divide film.mp4 in half", [0, 300, 600]),
        ("cut the last 20 seconds into halves", [580, 590, 600]),
    ],
)
def test_a_video_is_cut_into_pieces(planner: OfflinePlanner, request_: str, edges: list[float]) -> None:
    [(tool, args)] = steps(planner, request_)
    assert tool == "cut_clip"
    assert [(one["start_s"], one["end_s"]) for one in args["moments"]] == list(pairwise(edges))
    assert {one["video"] for one in args["moments"]} == {"film.mp4"}


def test_pieces_that_are_none_or_too_many_are_asked_about(planner: OfflinePlanner) -> None:
    for request in ("cut it into 0 second pieces", "cut it into 0.01 second pieces"):
        assert "how long shall" in planner.propose(request, ONE).questions[0].lower()


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ("cut the first half", ("cut_clip", {"end_s": 300.0})),
        ("summarize the second half", ("summarize", {"start_s": -300.0})),
        ("cut off the last quarter", ("cut_clip", {"end_s": -150.0})),
        ("transcribe the middle third", ("transcribe", {"start_s": 200.0, "end_s": 400.0})),
        ("cut the middle ten seconds", ("cut_clip", {"start_s": 295.0, "end_s": 305.0})),
        ("what happens in the last third?", ("describe_video", {"start_s": -200.0})),
        ("summarize the third quarter of the film", ("summarize", {"start_s": 300.0, "end_s": 450.0})),
        ("summarize the last quarter of an hour", ("summarize", {"start_s": -900.0})),
        ("cut 2-4 s", ("cut_clip", {"start_s": 2.0, "end_s": 4.0})),
        ("cut 2 to 4 seconds of film.mp4", ("cut_clip", {"start_s": 2.0, "end_s": 4.0})),
        ("give me 0:02-0:04 without sound", ("cut_clip", {"start_s": 2.0, "end_s": 4.0, "sound": "drop"})),
        ("cut 0:10-0:20 and fade it in", ("cut_clip", {"start_s": 10.0, "end_s": 20.0, "fade_s": 0.5, "fade": "in"})),
        (
            "cut 0:10-0:20 with a fade-out",
            ("cut_clip", {"start_s": 10.0, "end_s": 20.0, "fade_s": 0.5, "fade": "out"}),
        ),
        ("cut 0:10-0:20 and fade out", ("cut_clip", {"start_s": 10.0, "end_s": 20.0, "fade_s": 0.5, "fade": "out"})),
    ],
)
def test_shares_and_short_pairs_are_times(
    planner: OfflinePlanner, request_: str, expected: tuple[str, dict[str, Any]]
) -> None:
    [(tool, args)] = steps(planner, request_)
    args.pop("video")
    assert (tool, args) == expected


def test_what_a_share_was_taken_for_is_said_and_of_an_unknown_video_asked(planner: OfflinePlanner) -> None:
    told = planner.propose("summarize the second half of odd.mp4", BOTH)
    assert told.notes == ("“the second half” was taken for 0:05.0–0:10.0 of odd.mp4.",)
    asked = planner.propose("summarize the second half", BOTH)
    assert asked.questions == ("Of which video is “the second half” meant: film.mp4, long.mp4 or odd.mp4?",)
    quoted = planner.propose('find where someone says "cut the first half" in film.mp4', BOTH)
    assert quoted.plan is not None
    assert quoted.plan.steps["find"].args["query"] == "cut the first half"


@pytest.mark.parametrize(
    "request_",
    [
        "cut the second half of the sandwich",
        "cut the scene where she cuts the apple in half",
        "cut the part where the pizza is cut into 8 pieces",
        "cut the moment where the man and the dog run",
        "cut the last supper",
        "cut the first and last goals",
        "cut the ball, a red one",
    ],
)
def test_what_is_in_a_film_is_looked_for_as_it_is_said(planner: OfflinePlanner, request_: str) -> None:
    [(tool, find), (_, cut)] = steps(planner, request_)
    assert (tool, find["limit"], cut["moments"]) == ("search_moments", 1, "$find.moments")
    assert find["query"] in request_
    assert len(find["query"].split()) >= len(request_.split()) - 5


def test_shares_of_what_is_no_film_are_words(planner: OfflinePlanner) -> None:
    request = "what was the revenue in the third quarter?"
    assert steps(planner, request) == [("answer_question", {"question": request})]
    assert planner.propose("cut the last 10 seconds of the first half", ONE).questions == (
        "Please say in times what you mean by “… of the first half”.",
    )


@pytest.mark.parametrize(
    "request_",
    [
        "cut the second goal in film.mp4 and the third in long.mp4",
        "find the cat in film.mp4, then in long.mp4, then in odd.mp4",
        "film.mp4 and long.mp4: find the cat",
        "cut the second cat in film.mp4 and then cut it in odd.mp4",
        "cut a cat from film.mp4 and odd.mp4 and put them together",
        "tell me about the dog in film.mp4 and the cat in long.mp4",
        "take a frame of the cat in film.mp4 and the dog in long.mp4",
        "how often does the dog bark in film.mp4 and the cat meow in long.mp4?",
        "cut the dog in film.mp4 and the cat in long.mp4 without sound",
        "remove 0:10-0:20 from film.mp4 and the first second from odd.mp4",
    ],
)
def test_every_video_that_is_named_is_in_the_plan_or_asked_about(planner: OfflinePlanner, request_: str) -> None:
    proposal = planner.propose(request_, BOTH)
    names = {video.name for video in BOTH.videos if video.name in request_}
    if proposal.plan is None:
        assert proposal.questions
        return
    said = str([proposal.plan.inputs, *(step.args for step in proposal.plan.steps.values())])
    assert all(name in said for name in names)


def test_a_time_that_was_found_in_one_video_is_none_of_another(planner: OfflinePlanner) -> None:
    for rest in ("describe what happens after it in long.mp4", "summarize long.mp4 before that"):
        proposal = planner.propose(f"find the goal in film.mp4, then {rest}", BOTH)
        assert proposal.questions == ("That was looked for in another video: which part of this one is meant?",)


def test_videos_of_one_name_are_told_apart(planner: OfflinePlanner) -> None:
    twins = tuple(Video(letter * 64, "film.mp4", Path(f"/{letter}/film.mp4"), 600.0) for letter in "ab")
    for request in ("cut it into 5 parts", "remove 0:10-0:20"):
        plan = planner.propose(request, Stage(twins, twins[1])).plan
        assert plan is not None
        [moments] = [dict[str, Any](step.args)["moments"] for step in plan.steps.values() if "moments" in step.args]
        assert {one["video"] for one in moments} == {"b" * 64}


def test_stretches_are_joined_the_other_way_round(planner: OfflinePlanner) -> None:
    made = dict(steps(planner, "join 0:02-0:04 and 0:06-0:08 in reverse order"))
    assert [str(one)[:7] for one in made["make_supercut"]["moments"]] == ["$clip_2", "$clip.c"]


def test_of_three_stretches_one_film_is_made(planner: OfflinePlanner) -> None:
    made = [tool for tool, _ in steps(planner, "join 0:10-0:20, 0:30-0:35 and 0:40-0:50 with subtitles")]
    assert made == ["cut_clip", "cut_clip", "cut_clip", "make_supercut", "export_subtitles", "export_timeline"]


@pytest.mark.parametrize(
    ("request_", "tool"),
    [
        ("cut every shot with a dog in the first minute", "cut_clip"),
        ("in the first minute, cut every moment with a dog", "cut_clip"),
        ("make a supercut of every time a dog barks in the first minute", "make_supercut"),
        ("a contact sheet of every dog in the first minute", "contact_sheet"),
        ("take a frame of every dog in the first minute", "extract_frames"),
    ],
)
def test_all_that_shows_something_within_a_stretch(planner: OfflinePlanner, request_: str, tool: str) -> None:
    (find, where), (made, of), *_ = steps(planner, request_)
    assert (find, where["end_s"], where["limit"]) == ("search_moments", 60.0, 100)
    assert "dog" in where["query"]
    assert (made, of["moments"]) == (tool, "$find.moments")


def test_one_thing_within_a_stretch(planner: OfflinePlanner) -> None:
    (find, where), (cut, of) = steps(planner, "cut the dog in the first minute of film.mp4")
    assert (find, where["query"], where["end_s"], where["limit"]) == ("search_moments", "the dog", 60.0, 1)
    assert (cut, of["moments"]) == ("cut_clip", "$find.moments")


def test_each_shot_of_a_stretch_is_cut(planner: OfflinePlanner) -> None:
    [(_, shots), (cut, _)] = steps(planner, "cut each scene between 0:10 and 0:40")
    assert (shots, cut) == ({"video": "$video", "start_s": 10.0, "end_s": 40.0}, "cut_clip")


@pytest.mark.parametrize(
    "request_",
    ["find the dog and cut it together with the first minute", "make a highlight reel of the first minute"],
)
def test_what_a_film_is_to_show_is_asked_where_only_times_are_said(planner: OfflinePlanner, request_: str) -> None:
    assert planner.propose(request_, ONE).questions == ("What shall the film be made of?",)


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ("write the transcript to notes.txt", "“notes.txt” was left out"),
        ("write subtitles to /tmp/talk.srt", "“/tmp/talk.srt” was left out"),
        ("cut 0:10-0:15 as a gif", "No GIF: films are MP4"),
    ],
)
def test_a_file_that_is_named_or_of_another_form_is_spoken_of(
    planner: OfflinePlanner, request_: str, said: str
) -> None:
    proposal = planner.propose(request_, ONE)
    assert proposal.plan is not None
    assert any(said in note for note in proposal.notes)


def test_what_is_after_one_time_and_before_another_is_one_stretch(planner: OfflinePlanner) -> None:
    assert len(steps(planner, "find the goal after 2:00 and before 3:00")) == 1


def test_stretches_that_contradict_each_other_are_asked_about(planner: OfflinePlanner) -> None:
    assert planner.propose("Transcribe the first minute, starting at minute 5.", ONE).questions


def test_a_name_for_what_is_made_is_no_video(planner: OfflinePlanner) -> None:
    assert "--out" in planner.propose("cut the cat and save it as cat.mp4", ONE).questions[0]
    assert "There is no video old.mp4" in planner.propose("cut the cat from old.mp4", ONE).questions[0]


@pytest.mark.parametrize("request_", ["cut each shot", "cut all the scenes of film.mp4 into separate files"])
def test_shots_of_any_kind_are_all_cut(planner: OfflinePlanner, request_: str) -> None:
    assert [tool for tool, _ in steps(planner, request_)] == ["detect_shots", "cut_clip"]


def test_what_is_cut_is_looked_for_first(planner: OfflinePlanner) -> None:
    [(_, find), (tool, cut)] = steps(planner, "cut out the part where the dog jumps")
    assert (find["query"], find["limit"]) == ("the dog jumps", 1)
    assert (tool, cut) == ("cut_clip", {"moments": "$find.moments", "shortest_s": 1.0})
    [(_, find), (_, cut)] = steps(planner, "find the rocket and cut it out")
    assert (find["query"], cut) == ("the rocket", {"moments": ["$find.moments[0]"], "shortest_s": 1.0})
    [(_, find), (_, cut)] = steps(planner, "cut the part after the applause")
    assert (find["query"], cut["start_s"]) == ("the applause", "$find.moments[0].span.end_s")
    [(tool, _), (_, cut)] = steps(planner, "cut each shot into its own file")
    assert (tool, cut) == ("detect_shots", {"moments": "$shots.shots"})


def test_a_clip_with_subtitles_has_them_in_the_picture(planner: OfflinePlanner) -> None:
    for request in ("cut out the part where the dog jumps, with subtitles", "cut the dog with subtitles"):
        [_, (_, cut), (tool, args)] = steps(planner, request)
        assert "subtitles" not in cut
        assert (tool, args) == ("export_subtitles", {"film": "$clip.clips[0]", "burn": True})


def test_a_cut_after_an_answer_is_of_what_it_rests_on(planner: OfflinePlanner) -> None:
    assert steps(planner, "cut out the second one", AFTER_SEARCH) == [
        ("cut_clip", {"video": "$video", "start_s": 40, "end_s": 50})
    ]


@pytest.mark.parametrize(
    ("request_", "tool", "args"),
    [
        ("draw a picture of a castle on a hill", "generate_image", {"prompt": "a castle on a hill"}),
        ("generate a video of a cat on a surfboard", "generate_video", {"prompt": "a cat on a surfboard"}),
        ("generate the sound of rain on a tin roof", "generate_audio", {"prompt": "rain on a tin roof"}),
        ('say "welcome to the show" aloud', "speak", {"text": "welcome to the show"}),
        (
            "make a three-minute narrated film about the trip",
            "compose_story",
            {"theme": "the trip", "film": True, "minutes": 3.0},
        ),
        ("make a contact sheet of the film with 12 pictures", "contact_sheet", {"video": "$video", "limit": 12}),
        ("give me the subtitles as SRT and VTT", "export_subtitles", {"video": "$video", "formats": ["srt", "vtt"]}),
        ("burn German subtitles into it", "export_subtitles", {"video": "$video", "burn": True, "language": "de"}),
    ],
)  # fmt: skip
def test_each_thing_is_made_by_its_tool(
    planner: OfflinePlanner, request_: str, tool: str, args: dict[str, Any]
) -> None:
    assert steps(planner, request_) == [(tool, args)]


def test_a_timeline_is_of_the_film_the_moments_or_the_shots(planner: OfflinePlanner) -> None:
    last = [steps(planner, request)[-1] for request in (
        "make a supercut of the cat and export it as an EDL",
        "find the cat and export the moments as FCPXML",
        "export the shots as an OTIO timeline",
        "write chapters for YouTube",
    )]  # fmt: skip
    assert last == [
        ("export_timeline", {"film": "$film", "formats": ["edl"]}),
        ("export_timeline", {"moments": "$find.moments", "formats": ["fcpxml"]}),
        ("export_timeline", {"moments": "$shots.shots", "formats": ["otio"]}),
        ("export_timeline", {"chapters": "$summary.claims", "formats": ["youtube"]}),
    ]


def test_a_picture_is_changed_that_was_taken_or_handed_over(planner: OfflinePlanner) -> None:
    [_, (tool, args)] = steps(planner, "turn the frame at 0:10 into a watercolour")
    assert (tool, args) == ("edit_image", {"image": "$frames.frames[0]", "prompt": "a watercolour"})
    given = Stage((FILM,), given=Path("/x/shoe.jpg"))
    assert steps(planner, "turn this into a watercolour", given) == [
        ("edit_image", {"image": "$given", "prompt": "a watercolour"})
    ]


@pytest.mark.parametrize(
    ("request_", "file", "tool", "argument"),
    [
        ("find this", "shoe.jpg", "search_moments", "like"),
        ("when was this shown?", "shoe.jpg", "search_moments", "like"),
        ("find where this is said", "said.mp3", "search_moments", "like"),
        ("What is in this picture?", "shoe.jpg", "describe_image", "image"),
        ("transcribe this", "said.mp3", "transcribe", "video"),
        ("What is said in this recording?", "said.mp3", "transcribe", "video"),
        ("What is said in this film?", "part.mp4", "transcribe", "video"),
        ("make a contact sheet of this film", "part.mp4", "contact_sheet", "video"),
        ("cut off the first second of this film", "part.mp4", "cut_clip", "video"),
    ],
)
def test_what_is_handed_over_is_meant_by_this(
    planner: OfflinePlanner, request_: str, file: str, tool: str, argument: str
) -> None:
    stage = Stage((FILM,), given=Path("/x", file))
    [(named, args)] = steps(planner, request_, stage)
    assert named == tool
    assert args[argument] == ("$video" if argument == "video" else "$given")
    plan = planner.propose(request_, stage).plan
    assert plan is not None
    assert plan.inputs == {argument if argument == "video" else "given": str(stage.given)}


@pytest.mark.parametrize(
    ("request_", "file", "tool", "moments", "limit"),
    [
        ("cut out where this is said", "said.mp3", "cut_clip", "$find.moments", 1),
        ("cut every moment like this", "shoe.jpg", "cut_clip", "$find.moments", 100),
        ("make a supercut of this", "shoe.jpg", "make_supercut", "$find.moments", 100),
    ],
)
def test_what_is_like_that_which_is_handed_over_is_cut(
    planner: OfflinePlanner, request_: str, file: str, tool: str, moments: str, limit: int
) -> None:
    [(find, like), (made, args), *_] = steps(planner, request_, Stage((FILM,), given=Path("/x", file)))
    assert (find, like) == ("search_moments", {"like": "$given", "limit": limit})
    assert (made, args["moments"]) == (tool, moments)


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ("sum up the video and read it aloud", "$summary"),
        ("transcribe the video and read it aloud", "$transcript"),
        ("tell a story about the cat and read it aloud", "$story"),
    ],
)
def test_what_a_step_tells_is_read_aloud(planner: OfflinePlanner, request_: str, told: str) -> None:
    assert steps(planner, request_)[-1] == ("speak", {"told": told})


def test_a_film_that_is_handed_over_is_described_by_its_frames_or_as_indexed(planner: OfflinePlanner) -> None:
    for request in ("describe this film", "What happens in this film?"):
        assert steps(planner, request, Stage((FILM,), given=Path("/x/part.mp4"))) == [
            ("extract_frames", {"video": "$video"}),
            ("caption_frames", {"frames": "$frames.frames"}),
        ]
        [(tool, _)] = steps(planner, request, Stage((FILM,), given=FILM.path))
        assert tool == "describe_video"


def test_as_a_film_is_not_a_second_of_one(planner: OfflinePlanner) -> None:
    assert steps(planner, "tell the story of the video as a film") == [
        ("compose_story", {"video": "$video", "film": True})
    ]


def test_what_is_handed_over_is_not_taken_for_what_is_named(planner: OfflinePlanner) -> None:
    [(tool, args)] = steps(planner, "find the cat", Stage((FILM,), given=Path("/x/shoe.jpg")))
    assert (tool, args["query"]) == ("search_moments", "the cat")


@pytest.mark.parametrize(
    "request_",
    [
        "make a highlight reel", "make a supercut", "blur the number plates", "cut out the boring bits",
        "turn the picture into", "draw", "write me a poem about autumn", "play it at double speed",
        "say it aloud", "edit the picture",
    ],
)  # fmt: skip
def test_it_asks_back_rather_than_make_something_else(planner: OfflinePlanner, request_: str) -> None:
    proposal = planner.propose(request_, ONE)
    assert proposal.plan is None, [step.tool for step in proposal.plan.steps.values()]
    assert proposal.questions
    assert all(proposal.questions)


@pytest.mark.parametrize(
    ("request_", "tool"),
    [
        ("does it come with a subtitle track", "probe_video"),
        ("when are the edits in the last half minute?", "detect_shots"),
        ("take a picture of the dog", "search_moments"),
        ("thumbnails: 0:05, 0:40, 2:10", "extract_frames"),
        ("What is the story about?", "answer_question"),
        ("The lady speaks German. Please make a transcript.", "transcribe"),
    ],
)
def test_questions_and_looking_make_nothing(planner: OfflinePlanner, request_: str, tool: str) -> None:
    assert steps(planner, request_)[0][0] == tool


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("make a supercut of faded jeans", "make a supercut of faded jeans"),
        ("cut the scene where they all get together", "cut the scene where they all get together"),
        (
            "cut out the part with 10 seconds to go on the clock",
            "cut out the part with 10 seconds to go on the clock",
        ),
    ],
)
def test_what_is_shown_is_not_taken_for_a_wish(text: str, rest: str) -> None:
    wishes = read_wishes(text)
    assert (wishes.text, wishes.options, wishes.together) == (rest, (), False)


@pytest.mark.parametrize(
    ("request_", "tool", "args"),
    [
        ("draw me a lighthouse in a storm", "generate_image", {"prompt": "a lighthouse in a storm"}),
        (
            "Generate three images of a wooden robot, 1024 x 768",
            "generate_image",
            {"prompt": "a wooden robot", "count": 3, "width": 1024, "height": 768},
        ),
        ("a contact sheet with one picture every 15 seconds", "contact_sheet", {"video": "$video", "every_s": 15}),
        ("cut 10 seconds from 0:20 on", "cut_clip", {"video": "$video", "start_s": 20, "end_s": 30}),
        ("remove the first ten seconds from the film", "cut_clip", {"video": "$video", "start_s": 10}),
        ("make a contact sheet of every video", "contact_sheet", {"video": "$video"}),
        ("clip 12:00 til 14:30", "cut_clip", {"video": "$video", "start_s": 720, "end_s": 870}),
        (
            'make a picture story of this film, 5 pages, title "Our Week at Sea", no film needed',
            "compose_story",
            {"video": "$video", "length": 5, "title": "Our Week at Sea"},
        ),
    ],
)  # fmt: skip
def test_what_is_named_plainly_is_made(
    planner: OfflinePlanner, request_: str, tool: str, args: dict[str, Any]
) -> None:
    assert steps(planner, request_) == [(tool, args)]


def test_how_may_stand_in_a_part_of_its_own(planner: OfflinePlanner) -> None:
    [(_, find), (_, cut)] = steps(
        planner, "clips of every time a fox shows up, with 3 seconds extra before and after each"
    )
    assert (find["query"], cut["handles_s"]) == ("a fox", 3)
    [(_, cut)] = steps(planner, "cut from 1:00 to 2:00. Don't re-encode it, just copy the streams.")
    assert cut["as_stored"]


def test_later_parts_go_on_with_what_was_made(planner: OfflinePlanner) -> None:
    made = steps(planner, "create an image of a castle and then animate it so that it floats away")
    assert made[1][1]["image"] == "$picture.images[0]"
    made = steps(planner, "cut 0:30-1:00 and make a contact sheet of the same part")
    assert made[1] == ("contact_sheet", {"video": "$video", "start_s": 30, "end_s": 60})
    assert [tool for tool, _ in steps(planner, "split it into chapters and export them for youtube")] == [
        "summarize",
        "export_timeline",
    ]
    assert steps(planner, "Describe the video and speak the description")[1] == ("speak", {"told": "$description"})


@pytest.mark.parametrize("text", ["put the cat and the dog together in one film", "put the cat and the dog together"])
def test_what_is_put_together_becomes_one_film(text: str) -> None:
    wishes = read_wishes(text)
    assert (wishes.together, thing(wishes.text)) == (True, "the cat and the dog")


def test_what_is_cut_off_in_the_middle_is_asked_about(planner: OfflinePlanner) -> None:
    [question] = planner.propose("cut off the part from 0:10 to 0:20", ONE).questions
    assert question.startswith("That leaves two parts")


CAT = {"query": "the cat", "video": "$video", "limit": 1}
CATS = {"query": "the cat", "video": "$video", "limit": 100, "order": "time"}


@pytest.mark.parametrize(
    ("request_", "searches", "moments"),
    [
        ("cut the second cat", [CATS], ["$find.moments[1]"]),
        ("cut the last cat", [CATS], ["$find.moments[-1]"]),
        ("cut the first two cats", [CATS | {"query": "the cats"}], ["$find.moments[0]", "$find.moments[1]"]),
        ("cut the last two cats", [CATS | {"query": "the cats"}], ["$find.moments[-2]", "$find.moments[-1]"]),
        ("cut the cat and the dog", [CAT, CAT | {"query": "the dog"}], ["$find.moments[0]", "$find_2.moments[0]"]),
        ("cut the dog, then the cat and join them",
         [CAT | {"query": "the dog"}, CAT], ["$find.moments[0]", "$find_2.moments[0]"]),
        ("join the cat and the dog in reverse order",
         [CAT, CAT | {"query": "the dog"}], ["$find_2.moments[0]", "$find.moments[0]"]),
    ],
)  # fmt: skip
def test_things_of_a_list_and_those_with_a_number_are_cut(
    planner: OfflinePlanner, request_: str, searches: list[dict[str, Any]], moments: list[str]
) -> None:
    made = steps(planner, request_)
    assert [args for tool, args in made if tool == "search_moments"] == searches
    assert [args["moments"] for tool, args in made if "moments" in args][-1] == moments


def test_a_number_of_what_is_looked_for_is_by_time(planner: OfflinePlanner) -> None:
    in_order = {"query": "the goal", "order": "time", "limit": 100}
    for request in (
        "find the second goal",
        "when is the first goal shown?",
        "when is the goal shown for the last time?",
    ):
        assert steps(planner, request) == [("search_moments", in_order)]
    [(_, find), (_, frames)] = steps(planner, "find the second goal and take a frame of it")
    assert (find, frames) == (in_order, {"moments": ["$find.moments[1]"]})
    [_, (_, frames)] = steps(planner, "take a frame of the last goal")
    assert frames == {"moments": ["$find.moments[-1]"]}
    assert steps(planner, "cut the second scene")[1] == ("cut_clip", {"moments": ["$shots.shots[1]"]})
    assert steps(planner, "find the second scene") == [("detect_shots", {"video": "$video"})]
    for request in ("cut the second scene", "take a frame of the last shot", "find the second scene"):
        assert planner.propose(request, BOTH).questions == ("Which video is meant: film.mp4, long.mp4 or odd.mp4?",)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ("cut 2 s before the cat until 2 s after", CAT),
        ("cut 2 s before the cat until 2 s after in film.mp4", CAT),
        ("cut 2 s before and after the cat", CAT),
        ("cut the part where she says thank you", CAT | {"query": "thank you", "channels": ["speech"]}),
        ("find every mention of the delivery", {"query": "the delivery", "channels": ["speech"], "limit": 100}),
    ],
)
def test_words_around_what_is_looked_for_are_no_part_of_it(
    planner: OfflinePlanner, request_: str, expected: dict[str, Any]
) -> None:
    (tool, args), *made = steps(planner, request_)
    assert (tool, args) == ("search_moments", expected)
    assert [args.get("handles_s") for _, args in made] == ([2.0] if "2 s" in request_ else [None] * len(made))


@pytest.mark.parametrize(
    ("request_", "args"),
    [
        ("cut 00:00:03.200 --> 00:00:04.400", {"start_s": 3.2, "end_s": 4.4}),
        ("cut 00:00:03,200 --> 00:00:04,400", {"start_s": 3.2, "end_s": 4.4}),
        ("trim the first 2 and the last 2 seconds", {"start_s": 2.0, "end_s": -2.0}),
        ("trim to the first 2 seconds", {"end_s": 2.0}),
        ("trim 0:10-0:20", {"start_s": 10.0, "end_s": 20.0}),
        ("trim the first 10 seconds from the video", {"start_s": 10.0}),
    ],
)
def test_times_of_subtitles_and_what_is_trimmed(planner: OfflinePlanner, request_: str, args: dict[str, Any]) -> None:
    assert steps(planner, request_) == [("cut_clip", {"video": "$video"} | args)]


def test_a_timeline_holds_every_clip_that_was_cut(planner: OfflinePlanner) -> None:
    made = steps(planner, "cut every goal and export it as EDL")
    assert made[-1] == ("export_timeline", {"moments": "$find.moments", "formats": ["edl"]})
    made = steps(planner, "cut from 1:00 to 2:00 and export it as EDL")
    assert made[-1] == ("export_timeline", {"film": "$clip.clips[0]", "formats": ["edl"]})


def test_what_is_only_spoken_of_in_a_story_says_nothing_of_its_form(planner: OfflinePlanner) -> None:
    for request in ("tell the story of the last-minute goal", "make a story about how we watch birds"):
        [(tool, args)] = steps(planner, request)
        assert tool == "compose_story"
        assert set(args) == {"theme"}


def test_wishes_are_taken_out_of_what_is_looked_for() -> None:
    wishes = read_wishes(
        "cut every goal with 1.5 s before and after, fading in and out, muted, and put them together"
    )
    assert wishes.text == "cut every goal"
    assert wishes.together
    assert dict(wishes.options) == {"handles_s": 1.5, "fade_s": 0.5, "sound": "drop"}
    plain = read_wishes("cut the two men walking together")
    assert (thing(plain.text), plain.options) == ("the two men walking together", ())


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("make a supercut of every time a cat jumps", "a cat jumps"),
        ("make a contact sheet", ""),
        ("a clip of the second goal", ""),
        ("put them together", ""),
        ('cut "gate B12"', "gate B12"),
        ("tell the story of the wedding in pictures", "the wedding"),
    ],
)
def test_the_thing_that_is_meant_is_found_in_the_words(text: str, about: str) -> None:
    assert thing(text) == about


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ('say "Hello there."', "Hello there."),
        ('Could you say "make a montage of cats"?', "make a montage of cats"),
        ('read "Hello there" to me', "Hello there"),
        ("read aloud: Hello there my friend", "Hello there my friend"),
        ("please read out loud: Hello, my friend. How are you? I am fine, thanks.",
         "Hello, my friend. How are you? I am fine, thanks."),
        ("Read out loud: the quick brown fox", "the quick brown fox"),
        ("read this aloud: the ferry leaves at nine", "the ferry leaves at nine"),
        ('say: "Good morning"', "Good morning"),
        ("speak: hello", "hello"),
        ('say "They announce: the train is late"', "They announce: the train is late"),
        ('say "I love all my videos so much" aloud', "I love all my videos so much"),
        ('say "There are no places left"', "There are no places left"),
        ("read aloud: Only the best. In the speech he said no.", "Only the best. In the speech he said no."),
        ("say: sumarize evry minute of FILM.mp4", "sumarize evry minute of FILM.mp4"),
        ("say: the penalty is -5 seconds", "the penalty is -5 seconds"),
    ],
)  # fmt: skip
def test_what_is_to_be_said_is_said_word_for_word(planner: OfflinePlanner, request_: str, said: str) -> None:
    assert steps(planner, request_) == [("speak", {"text": said})]


@pytest.mark.parametrize("file", ["shoe.jpg", "word.wav", "clip.mp4"])
@pytest.mark.parametrize("request_", ["where is this said", "where does this happen?", "When in my footage is this?"])
def test_where_something_is_that_was_handed_over_is_looked_for(
    planner: OfflinePlanner, file: str, request_: str
) -> None:
    assert steps(planner, request_, Stage((FILM,), given=Path("/x", file))) == [
        ("search_moments", {"like": "$given"})
    ]


@pytest.mark.parametrize(
    ("request_", "first"),
    [
        ("read the transcript of film.mp4 aloud", ("transcribe", {"video": "$video"})),
        ("say what is said in film.mp4 aloud", ("transcribe", {"video": "$video"})),
        ("read aloud what is said in the first minute", ("transcribe", {"video": "$video", "end_s": 60.0})),
        ("read the summary aloud", ("summarize", {"video": "$video"})),
        ("read a short description of the film aloud", ("describe_video", {"video": "$video"})),
    ],
)
def test_what_footage_says_is_read_aloud_and_not_the_words_that_name_it(
    planner: OfflinePlanner, request_: str, first: tuple[str, dict[str, Any]]
) -> None:
    found, (tool, args) = steps(planner, request_)
    assert found == first
    assert (tool, list(args)) == ("speak", ["told"])


def test_part_of_what_is_said_is_asked_about_before_it_is_spoken(planner: OfflinePlanner) -> None:
    proposal = planner.propose("say the first sentence of the lesson aloud", ONE)
    assert proposal.plan is None
    assert "in quotation marks" in proposal.questions[0]


def test_only_what_is_told_to_be_said_is_spoken(planner: OfflinePlanner) -> None:
    request = 'cut the first 5 seconds. Read aloud: "That is it." Then transcribe it.'
    assert [tool for tool, _ in steps(planner, request)] == ["cut_clip", "speak", "transcribe"]
    assert [tool for tool, _ in steps(planner, 'find where they say "Hello there"')] == ["search_moments"]
    assert [tool for tool, _ in steps(planner, "say who wins")] == ["answer_question"]
    assert [tool for tool, _ in steps(planner, "read the text on the signs")] == ["read_text"]


@pytest.mark.parametrize(
    ("request_", "minutes"),
    [
        ("make a half-minute narrated film of the whole video", 0.5),
        ("make a narrated film of the whole video, half a minute long", 0.5),
        ("make a quarter of an hour narrated film", 15.0),
    ],
)
def test_the_length_of_a_story_is_kept(planner: OfflinePlanner, request_: str, minutes: float) -> None:
    assert steps(planner, request_) == [("compose_story", {"video": "$video", "film": True, "minutes": minutes})]


def test_a_length_of_what_it_is_about_is_none_of_the_film(planner: OfflinePlanner) -> None:
    [(_, args)] = steps(planner, "make a narrated film of my 2-hour hike")
    assert args == {"theme": "my 2-hour hike", "film": True}


@pytest.mark.parametrize("length", ["three hour", "90 minute", "one-hour"])
def test_a_story_that_would_be_too_long_is_asked_about(planner: OfflinePlanner, length: str) -> None:
    proposal = planner.propose(f"make a {length} narrated film of the whole video", ONE)
    assert proposal.plan is None
    assert "a film of a story lasts 30 minutes at most" in proposal.questions[0]


def test_what_is_said_at_times_is_told_for_a_while(planner: OfflinePlanner) -> None:
    told = steps(planner, "what is said at 0:05 and at 0:20?")
    assert told == [("transcribe", {"video": "$video", "start_s": s, "end_s": s + 10}) for s in (5.0, 20.0)]
