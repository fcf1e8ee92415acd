"""What comes before and after: the nearest, and nothing further away is looked at."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from playhead import Library, SearchResult
from playhead.index.answering import Answering
from playhead.index.holdings import Held, told_of
from playhead.index.questions import ask
from playhead.types import Channel, Video

if TYPE_CHECKING:
    from playhead.models.registry import Models


class Watched(Library):
    """Remembers in which time it was searched."""

    within: list[tuple[float, float]]

    def search(self, *words: Any, **how: Any) -> SearchResult:
        if how.get("between"):
            self.within.append(how["between"])
        return super().search(*words, **how)


@pytest.fixture
def watched(filmed: Library, models: Models) -> Watched:
    library = Watched(filmed.folder, models=models)
    library.within = []
    return library


def test_what_comes_after_is_the_nearest_and_no_further(watched: Watched) -> None:
    answer = Answering(watched, watched.video("film.mp4")).answer("What is shown after the cup of coffee?")
    assert "GATE B12" in answer.claims[0].text  # the rocket's sign, from 0:03
    assert "ferry" in answer.claims[1].text  # said over the cat, from 0:06
    assert len(answer.claims) == 2
    assert watched.within
    assert max(end_s for _, end_s in watched.within) < 9.2  # and not at the motorcycle, from 0:09


def test_how_many_videos_there_are_is_counted_and_not_looked_for(watched: Watched) -> None:
    answer = Answering(watched).answer("How many videos are in the library?")
    assert (answer.claims, answer.notes) == ((), ("The library holds 1 video: film.mp4.",))
    assert watched.within == []


def test_each_of_several_things_is_looked_for(watched: Watched) -> None:
    answer = Answering(watched).answer("Is there a motorcycle and a submarine?")
    assert answer.claims[0].text == "Yes: A motorcycle is in the picture."
    assert answer.notes == ("Nothing in the library shows or says “a submarine”.",)


def test_what_comes_first_is_told_of_one_video_only(
    filmed: Library, film: Path, models: Models, ffmpeg: str, tmp_path: Path
) -> None:
    library = Library(tmp_path / "two.playhead", models=models)
    for name, start_s in (("a.mp4", "0"), ("b.mp4", "6")):
        cut = ("-ss", start_s, "-i", str(film), "-t", "6", str(tmp_path / name))
        subprocess.run((ffmpeg, "-v", "error", *cut), check=True)
    library.add(tmp_path / "a.mp4", tmp_path / "b.mp4")
    question = "Which comes first, the motorcycle or the coffee?"
    apart = Answering(library).answer(question)
    assert [claim.evidence[0].video.name for claim in apart.claims] == ["b.mp4", "a.mp4"]
    assert apart.notes == ("No video shows or says all of this: the motorcycle and the coffee.",)
    (claim,) = Answering(filmed).answer(question).claims
    assert claim.text == "First the coffee, then the motorcycle."


@pytest.mark.parametrize(
    ("question", "items"),
    [
        ("Is there a cat and a dog?", ("a cat", "a dog")),
        ("are there cats, dogs and birds?", ("cats", "dogs", "birds")),
        ("is there a black and white cat", ()),
        ("Is there a fight between a cat and a dog?", ()),
        ("is there a man with a beard and a hat?", ()),
        ("is there a woman holding a phone and a bag?", ()),
        ("is there a cat or a dog?", ()),
    ],
)
def test_only_a_list_is_looked_for_thing_by_thing(question: str, items: tuple[str, ...]) -> None:
    assert ask(question).items == items


def test_what_is_not_likely_is_no_yes_and_counted_with_a_doubt(
    filmed: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    (sure, *_) = filmed.search("a motorcycle", channels=["picture"]).moments
    unsure = replace(sure, score=0.3, evidence=tuple(e for e in sure.evidence if e.channel is Channel.PICTURE))
    monkeypatch.setattr(Library, "search", lambda *_, **__: SearchResult("x", (unsure,), no_match=False))
    answering = Answering(filmed)
    doubt = "It is not likely that “a motorcycle” is there: the best moment has 0.30."
    assert not answering.answer("Is there a motorcycle?").claims[0].text.startswith("Yes")
    assert answering.answer("How long is a motorcycle shown?").notes == (doubt,)
    assert answering.answer("How often is a motorcycle shown?").notes == (doubt,)


def test_things_are_not_counted_and_the_answer_says_so(watched: Watched) -> None:
    answer = Answering(watched).answer("How many motorcycles are there?")
    assert answer.claims[0].evidence[0].span.start_s >= 8.8
    assert answer.notes == ("How many there are is not counted; this is where “motorcycles” fits.",)


def _video(name: str, duration_s: float, has_audio: bool) -> Video:
    return Video(name, name, Path("/footage") / name, duration_s, has_audio=has_audio)


@pytest.mark.parametrize(
    ("held", "told"),
    [
        (Held.MANY, "The library holds 3 videos: a.mp4, b.mp4 and c.mp4."),
        (Held.TOTAL, "3 videos, 1:01:20.0 in all."),
        (Held.LONGEST, "Of 3 videos b.mp4 is the longest: 1:00:00.0."),
        (Held.SHORTEST, "Of 3 videos a.mp4 and c.mp4 are the shortest: 0:40.0."),
        (Held.SILENT, "2 of 3 videos are without sound: a.mp4 and c.mp4."),
        (Held.SOUNDING, "1 of 3 videos is with sound: b.mp4."),
    ],
)
def test_what_is_told_of_videos(held: Held, told: str) -> None:
    videos = [_video("a.mp4", 40.0, False), _video("b.mp4", 3600.0, True), _video("c.mp4", 40.04, False)]
    assert told_of(held, videos) == told
    assert told_of(held, []) == "The library holds no video."


def test_of_many_videos_twenty_are_named() -> None:
    told = told_of(Held.SILENT, [_video(f"{n}.mp4", 1.0, False) for n in range(25)])
    assert told.startswith("25 of 25 videos are without sound: 0.mp4, 1.mp4, ")
    assert told.endswith("19.mp4 and 5 more.")


def test_what_comes_before_is_told_in_order_of_time(watched: Watched) -> None:
    answer = Answering(watched, watched.video("film.mp4")).answer("What is shown before the motorcycle?")
    assert [claim.evidence[0].span.start_s // 3 for claim in answer.claims] == [1, 2]
    assert min(start_s for start_s, _ in watched.within) > 2.8  # and not at the coffee


def test_what_is_beside_a_thing_is_told_of_the_one_that_is_numbered(
    film: Path, models: Models, ffmpeg: str, tmp_path: Path
) -> None:
    library = Library(tmp_path / "twice.playhead", models=models)
    looped = ("-stream_loop", "1", "-i", str(film), "-c", "copy", str(tmp_path / "twice.mp4"))
    subprocess.run((ffmpeg, "-v", "error", *looped), check=True)
    library.add(tmp_path / "twice.mp4")
    (video,) = library.videos()
    asked = Answering(library, video)
    first, second, last, third = (
        asked.answer(f"What comes before the {which} motorcycle?").notes[-1]
        for which in ("first", "second", "last", "third")
    )
    assert first == "“the first motorcycle” is taken to be twice.mp4 0:09.0–0:12.0."
    assert second == "“the second motorcycle” is taken to be twice.mp4 0:21.0–0:24.0."
    assert last == second.replace("second", "last")
    assert third == "Nothing in twice.mp4 shows or says “the third motorcycle”."


def test_what_is_not_to_be_there_is_looked_for_as_well(watched: Watched) -> None:
    answer = Answering(watched).answer("Is there a motorcycle but no submarine?")
    assert answer.claims[0].text == "Yes: A motorcycle is in the picture."
    assert answer.notes == ("Nothing in the library shows or says “a submarine”.",)


@pytest.mark.parametrize(
    "question",
    [
        "Is the motorcycle shown more often than the submarine?",
        "Which is shown more often, the motorcycle or the submarine?",
    ],
)
def test_of_things_that_are_compared_each_is_counted(watched: Watched, question: str) -> None:
    answer = Answering(watched).answer(question)
    assert [claim.text for claim in answer.claims] == ["“the motorcycle” is found once."]
    assert answer.notes == ("Nothing in the library shows or says “the submarine”.",)
    longer = Answering(watched).answer("Is the motorcycle shown longer than the submarine?")
    assert longer.claims[0].text.startswith("“the motorcycle” is there for ")
