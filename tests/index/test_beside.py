"""What comes before and after: the nearest, and nothing further away is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from playhead import Library, SearchResult
from playhead.index.answering import Answering

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


def test_what_comes_before_is_told_in_order_of_time(watched: Watched) -> None:
    answer = Answering(watched, watched.video("film.mp4")).answer("What is shown before the motorcycle?")
    assert [claim.evidence[0].span.start_s // 3 for claim in answer.claims] == [1, 2]
    assert min(start_s for start_s, _ in watched.within) > 2.8  # and not at the coffee
