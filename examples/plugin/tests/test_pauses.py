"""The tool and the model keep to their contracts, and do what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pytest
from playhead_pauses.model import Colours
from playhead_pauses.tool import FindPauses

from playhead.models.registry import Models
from playhead.testing import DetectorContract, ToolContract
from playhead.tools.registry import get_tool

if TYPE_CHECKING:
    from playhead import Library
    from playhead.tools.contract import Context


class TestFindPauses(ToolContract):
    tool = FindPauses
    arguments: ClassVar = {"video": "small.mp4"}

    def test_it_finds_what_is_left_of_the_sentences(self, library: Library, context: Context) -> None:
        video = library.video("small.mp4")
        found = get_tool("find_pauses").call({"video": "small.mp4", "at_least_s": 0.3}, context)
        assert [(part.span.start_s, part.span.end_s) for part in found.parts] == [(1.7, 2.5), (3.5, video.span.end_s)]
        longest = get_tool("find_pauses").call({"video": "small.mp4", "at_least_s": 0.6}, context)
        assert longest.parts == found.parts[:1]


class TestColours(DetectorContract):
    @pytest.fixture
    def model(self) -> Colours:
        return Colours()


def test_it_is_used_where_it_is_named() -> None:
    red = np.zeros((9, 16, 3), np.uint8)
    red[:, :, 0] = 255
    [[seen]] = Models({"objects": "colours"}).objects.detect([red])
    assert (seen.label, seen.score) == ("red surface", 1.0)
