"""Motion, heat and depth in a library: observed where they are, found in words beside what is seen."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from playhead.errors import QueryError
from playhead.index.senses import as_seen, sense_of, sensed
from playhead.interfaces.cli import main
from playhead.settings import DEFAULT_CHANNELS
from playhead.types import Channel, Progress, Span

from ..media.test_levels import scene, written
from ..telemetry import LEFT, WALK, Journey, film, journey, packets, table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playhead import Library
    from playhead.types import Segment

    from ..conftest import FakeModels

ALL = ("picture", "object", "text", "speech", "motion")


@pytest.fixture(scope="module")
def made() -> Journey:
    return journey()


@pytest.fixture(scope="module")
def rides(tmp_path_factory: pytest.TempPathFactory, made: Journey) -> Path:
    """`inside.mp4` has its telemetry inside, `beside.mp4` has none; red, green and blue for twelve seconds each."""
    folder = tmp_path_factory.mktemp("rides")
    film(folder / "inside.mp4", packets(made))
    film(folder / "beside.mp4", [])
    return folder


@pytest.fixture
def ride(tmp_path: Path, rides: Path) -> Callable[[str], Path]:
    def copy(name: str, to: str = "") -> Path:
        (tmp_path / "footage").mkdir(exist_ok=True)
        return shutil.copy(rides / name, tmp_path / "footage" / (to or name))

    return copy


def motion(library: Library, name: str) -> list[Segment]:
    return library.observed(name, [Channel.MOTION])


def near(span: Span, expected: tuple[float, float]) -> bool:
    return abs(span.start_s - expected[0]) <= 0.5 and abs(span.end_s - expected[1]) <= 0.5


def test_motion_is_found_in_words(opened: Callable[..., Library], ride: Callable[..., Path]) -> None:
    library = opened(channels=ALL)
    library.add(ride("inside.mp4"))
    for words, expected in (("walking", WALK), ("turning left", LEFT)):
        best = library.search(words)[0]
        assert near(best.span, expected), words
        assert best.evidence[0].channel is Channel.MOTION
        assert best.evidence[0].text == words
        assert best.evidence[0].thumbnail is not None
        assert best.evidence[0].thumbnail.is_file()
    (blow,) = library.search("a hard impact", channels=["motion"], limit=1)
    assert near(blow.span, (16.0, 16.0))
    assert library.verify() == []


def test_motion_and_picture_are_found_together(opened: Callable[..., Library], ride: Callable[..., Path]) -> None:
    library = opened(channels=ALL)
    library.add(ride("inside.mp4"))
    (best,) = library.search("green WHILE turning left", limit=1)
    assert near(best.span, LEFT)
    assert {evidence.channel for evidence in best.evidence} >= {Channel.PICTURE, Channel.MOTION}
    assert library.search("red WHILE turning left").no_match


def test_a_log_beside_a_video_does_as_well(
    opened: Callable[..., Library], ride: Callable[..., Path], made: Journey, fakes: FakeModels
) -> None:
    library, path = opened(channels=ALL), ride("beside.mp4")
    library.add(path)
    assert motion(library, "beside.mp4") == []
    assert Channel.MOTION not in library.counts("beside.mp4")
    before = dict(fakes.calls)
    path.with_suffix(".imu.csv").write_text(table(made))
    path.with_suffix(".gps.csv").write_text(table(made, position=True))
    assert [video.name for video in library.add(path).updated] == ["beside.mp4"]
    told = {segment.text: segment.span for segment in motion(library, "beside.mp4")}
    assert near(told["walking"], WALK)
    assert {"moving at about 30 km/h", "turning right", "climbing"} <= set(told)
    assert {role: count for role, count in fakes.calls.items() if before.get(role) != count}.keys() == {"sentences"}
    assert [video.name for video in library.add(path).unchanged] == ["beside.mp4"]
    path.with_suffix(".imu.csv").unlink()
    library.add(path)
    assert "turning right" not in {segment.text for segment in motion(library, "beside.mp4")}


def test_a_table_that_is_no_log_is_said_and_costs_nothing(
    opened: Callable[..., Library], ride: Callable[..., Path]
) -> None:
    library, path = opened(channels=ALL), ride("beside.mp4")
    path.with_suffix(".csv").write_text("name,age\nAda,36\n")
    report = library.add(path)
    assert not report.failed
    assert "beside.csv is beside a video but was not used" in report.notes[0]
    assert library.search("green").moments


def test_events_lie_within_the_video(
    opened: Callable[..., Library], ride: Callable[..., Path], made: Journey
) -> None:
    path = ride("beside.mp4")
    later = "".join(f"{100 + n / 10},20\n" for n in range(100))
    path.with_suffix(".csv").write_text("time,speed\n" + "".join(f"{n / 10},20\n" for n in range(1000)) + later)
    library = opened(channels=("motion",))
    library.add(path)
    (fast,) = motion(library, "beside.mp4")
    assert fast.text == "moving at about 70 km/h"
    assert fast.span.end_s == pytest.approx(36.0, abs=0.5)


def test_telemetry_is_on_the_clock_of_a_film_that_starts_late(
    opened: Callable[..., Library], tmp_path: Path, made: Journey
) -> None:
    path = film(tmp_path / "late.mp4", packets(made), start_s=50.0)
    library = opened(channels=ALL)
    library.add(path)
    video = library.video("late.mp4")
    told = {segment.text: segment.span for segment in motion(library, "late.mp4")}
    start_s = video.start_s
    assert near(told["walking"], (WALK[0] + start_s, WALK[1] + start_s))


def test_a_library_from_before_learns_of_motion_without_watching_again(
    opened: Callable[..., Library], ride: Callable[..., Path], fakes: FakeModels
) -> None:
    path = ride("inside.mp4")
    opened(channels=("picture", "object", "text", "speech")).add(path)
    fakes.calls.clear()
    library = opened(channels=ALL)
    assert [video.name for video in library.add(path).updated] == ["inside.mp4"]
    assert set(fakes.calls) == {"sentences"}
    assert near(library.search("turning left")[0].span, LEFT)
    assert library.video("inside.mp4").duration_s == pytest.approx(36.0)
    assert len(library.add(path).unchanged) == 1


def test_a_run_that_is_stopped_while_sensors_are_read_leaves_nothing_running(
    opened: Callable[..., Library], ride: Callable[..., Path], children: Callable[[], set[int]]
) -> None:
    def stop(event: Progress) -> None:
        if event.stage == "watching":
            raise KeyboardInterrupt

    library, before = opened(channels=ALL), children()
    with pytest.raises(KeyboardInterrupt):
        library.add(ride("inside.mp4"), progress=stop)
    assert children() == before
    assert library.videos() == []


def test_without_telemetry_no_model_is_asked_more(
    opened: Callable[..., Library], ride: Callable[..., Path], fakes: FakeModels, tmp_path: Path
) -> None:
    path, four = ride("beside.mp4"), ("picture", "object", "text", "speech")
    opened(channels=four).add(path)
    usual = dict(fakes.calls)
    fakes.calls.clear()
    opened(tmp_path / "other", channels=ALL).add(path)
    assert dict(fakes.calls) == usual


# Heat and distance


@pytest.mark.parametrize(
    ("stem", "wanted", "known", "expected"),
    [
        ("yard", "auto", [], Channel.PICTURE),
        ("yard.thermal", "auto", [], Channel.THERMAL),
        ("yard_THERMAL", "auto", [Channel.PICTURE], Channel.THERMAL),
        ("hall.depth", "auto", [], Channel.DEPTH),
        ("talk_in_depth", "auto", [], Channel.PICTURE),
        ("in-depth", "auto", [], Channel.PICTURE),
        ("thermal", "auto", [], Channel.PICTURE),
        ("yard", "thermal", [], Channel.THERMAL),
        ("yard.thermal", "picture", [], Channel.PICTURE),
        ("yard", "auto", [Channel.SPEECH, Channel.DEPTH], Channel.DEPTH),
    ],
)
def test_a_video_is_what_was_asked_for_or_named_or_known(
    stem: str, wanted: str, known: list[Channel], expected: Channel
) -> None:
    assert sense_of(stem, wanted, known) is expected


def test_pictures_of_a_video_are_on_one_channel() -> None:
    assert sensed(DEFAULT_CHANNELS, Channel.PICTURE) == DEFAULT_CHANNELS
    assert sensed(DEFAULT_CHANNELS, Channel.THERMAL)[0] is Channel.THERMAL
    assert sensed([Channel.THERMAL, Channel.DEPTH], Channel.DEPTH) == (Channel.DEPTH,)
    assert sensed([Channel.THERMAL], Channel.PICTURE) == ()


@pytest.fixture
def yard(tmp_path: Path) -> Path:
    return written(tmp_path / "yard.thermal.mkv", (scene(n) for n in range(40)))


def test_a_thermal_film_is_searched_alone_or_with_the_others(
    opened: Callable[..., Library], yard: Path, place: Callable[..., Path]
) -> None:
    library = opened(channels=("picture",))
    library.add(yard, place("cuts.mp4"))
    assert library.indexed("yard.thermal.mkv") == {Channel.THERMAL}
    assert library.indexed("cuts.mp4") == {Channel.PICTURE}
    (alone,) = library.search("white", channels=["thermal"], limit=1)
    assert alone.video.name == "yard.thermal.mkv"
    assert alone.evidence[0].channel is Channel.THERMAL
    names = {moment.video.name for moment in library.search("white", limit=50)}
    assert names == {"yard.thermal.mkv", "cuts.mp4"}
    assert library.pictures("yard.thermal.mkv", Span(0, 100))
    assert library.verify() == []


def test_false_colours_are_searched_by_their_brightness(
    opened: Callable[..., Library], place: Callable[..., Path]
) -> None:
    library = opened(channels=("picture",), sensor="thermal")
    library.add(place("cuts.mp4"))
    assert library.search("green").moments  # each is a grey, which is a little like every colour
    best = library.search("white", limit=1)[0]
    thumbnail = best.evidence[0].thumbnail
    assert thumbnail is not None
    assert {e.channel for m in library.search(image=thumbnail) for e in m.evidence} == {Channel.THERMAL}
    green = np.zeros((4, 4, 3), np.uint8)
    green[..., 1] = 200
    assert as_seen(green, Channel.PICTURE) is green
    assert np.unique(as_seen(green, Channel.THERMAL)).tolist() == [117]


def test_how_to_index_a_sense_that_no_video_has_is_said(
    opened: Callable[..., Library], place: Callable[..., Path]
) -> None:
    library = opened(channels=("picture",))
    library.add(place("cuts.mp4"))
    assert "playhead index PATH --as depth" in library.search("green", channels=["depth"]).notes[0]
    assert "playhead index PATH --channels motion" in library.search("green", channels=["motion"]).notes[0]


def test_a_thermal_picture_finds_a_thermal_film(opened: Callable[..., Library], yard: Path) -> None:
    library = opened(channels=("picture",))
    library.add(yard)
    picture = library.folder / library.pictures("yard.thermal.mkv", Span(0, 1))[0].thumbnail
    assert library.search(image=picture, channels=["thermal"]).moments
    like = library.search_like(picture, channels=["thermal"])
    assert {e.channel for moment in like for e in moment.evidence} == {Channel.THERMAL}
    assert not library.search_like(picture, channels=["picture"]).moments
    assert len(library.picture_vectors("yard.thermal.mkv", Span(0, 1)))
    with pytest.raises(QueryError, match="only looked for in pictures"):
        library.search(image=picture, channels=["motion"])


def test_what_a_video_was_taken_for_is_kept_until_somebody_says_otherwise(
    opened: Callable[..., Library], place: Callable[..., Path], tmp_path: Path
) -> None:
    path = place("cuts.mp4")
    opened(channels=("picture",)).add(path)
    report = opened(channels=("picture",), sensor="thermal").add(path)
    assert len(report.updated) == 1
    library = opened(channels=("picture",))
    assert library.indexed("cuts.mp4") == {Channel.THERMAL}
    assert library.search("green")[0].evidence[0].channel is Channel.THERMAL
    assert len(library.add(path).unchanged) == 1
    opened(channels=("picture",), sensor="picture").add(path)
    assert opened().indexed("cuts.mp4") == {Channel.PICTURE}
    assert opened().verify() == []


def test_a_channel_that_a_video_cannot_have_is_refused_with_its_reason(
    opened: Callable[..., Library], place: Callable[..., Path]
) -> None:
    report = opened(channels=("thermal",)).add(place("cuts.mp4"))
    ((_, error),) = report.failed
    assert "--as" in str(error)


def test_the_command_line_says_what_a_camera_can_have_seen(
    place: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["index", str(place("cuts.mp4")), "--as", "x-ray", "--library", str(tmp_path / "library")]) == 2
    assert "'thermal' or 'depth'" in capsys.readouterr().err


def test_a_depth_film_shows_what_is_near(opened: Callable[..., Library], tmp_path: Path) -> None:
    far = np.full((54, 96), 6000, np.uint16)
    far[:, :10] = 700
    near_one = np.full((54, 96), 700, np.uint16)
    near_one[:, :10] = 6000
    frames = (near_one if 10 <= n < 20 else far for n in range(30))
    path = written(tmp_path / "hall_depth.mkv", frames)
    library = opened(channels=("picture",))
    library.add(path)
    assert library.indexed("hall_depth.mkv") == {Channel.DEPTH}
    segments = library.pictures("hall_depth.mkv", Span(0, 6))
    assert any(2 <= segment.span.start_s < 4 for segment in segments)


def test_the_report_of_a_library_reads_as_json(opened: Callable[..., Library], ride: Callable[..., Path]) -> None:
    from playhead.plain import plain

    library = opened(channels=ALL)
    library.add(ride("inside.mp4"))
    result = plain(library.search("walking"))
    assert json.loads(json.dumps(result))["moments"][0]["evidence"][0]["channel"] == "motion"
