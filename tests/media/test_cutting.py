"""Cuts fall on the frame and the sample that was asked for, whatever the footage is; and nothing half-made is left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from playhead.media.cutting import Film, Piece, cut, measure, own_look
from playhead.media.files import open_file
from playhead.types import Span

from .numbered import CLICK_S, RECIPES, Read, Recipe, make, read

if TYPE_CHECKING:
    from collections.abc import Callable

Footage = "Callable[[Recipe], Path]"
BY_NAME = {recipe.name: recipe for recipe in RECIPES}
SAME_S = 1e-6
TICK_S = 1e-4
NEAR_S = 0.002


@pytest.fixture(scope="session")
def footage(ffmpeg: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A film of `RECIPES` by name; shared."""
    folder = tmp_path_factory.mktemp("numbered")

    def film(name: str) -> Path:
        path = folder / name
        return path if path.exists() else make(BY_NAME[name], folder, ffmpeg)

    return film


def cut_one(path: Path, span: Span, target: Path, **more: object) -> Film:
    opener = lambda: open_file(path, [path.parent])  # noqa: E731
    return cut([Piece(path.name, opener, span)], own_look(measure(opener)), target)


def expected(source: Read, span: Span) -> tuple[list[int], list[float]]:
    """The numbers that a span shows, and when each appears on a clock that begins with it."""
    pairs = list(zip(source.times_s, source.numbers, strict=True))
    before = [pair for pair in pairs if pair[0] <= span.start_s + SAME_S][-1:] or pairs[:1]
    inside = [pair for pair in pairs if span.start_s + SAME_S < pair[0] < span.end_s - SAME_S and pair not in before]
    return [n for _, n in before + inside], [max(0.0, t - span.start_s) for t, _ in before + inside]


SPANS = ((1.0, 2.5), (2.52, 3.1), (0.0, 0.52), (0.777, 3.333), (2.0, 2.01))


@pytest.mark.parametrize("name", list(BY_NAME))
@pytest.mark.parametrize("asked", SPANS, ids=str)
def test_a_cut_is_exact(name: str, asked: tuple[float, float], footage: Callable[[str], Path], tmp_path: Path) -> None:
    source = read(footage(name), BY_NAME[name].turned)
    first_s = source.times_s[0]
    span = Span(first_s + asked[0], first_s + asked[1])
    film = cut_one(footage(name), span, tmp_path / "cut.mp4")
    found = read(film.path)
    numbers, times_s = expected(source, span)
    assert list(found.numbers) == numbers
    assert found.times_s == pytest.approx(times_s, abs=TICK_S)
    assert found.pix_fmt == "yuv420p"
    assert film.placed[0].span.start_s == span.start_s
    assert film.length_s == pytest.approx(span.duration_s)
    if BY_NAME[name].sound:
        clicks = clicks_within(source, span)
        assert found.clicks_s == pytest.approx(clicks, abs=NEAR_S)
        assert found.sound_s == pytest.approx(span.duration_s, abs=0.03)
    else:
        assert found.sound_s == 0


def clicks_within(source: Read, span: Span) -> list[float]:
    """When clicks are heard in the span, on its own clock; one that is going on at its start is heard at once."""
    near = [click_s - span.start_s for click_s in source.clicks_s if span.start_s - CLICK_S < click_s < span.end_s]
    return [max(0.0, click_s) for click_s in near]
