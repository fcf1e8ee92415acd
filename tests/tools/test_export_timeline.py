"""Timelines: the same cuts come back to the frame, whatever the rates, the names and the number of events."""

from __future__ import annotations

import json
import re
import subprocess
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from xml.etree import ElementTree as ET

import av
import opentimelineio as otio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from playhead import Library, Settings
from playhead.errors import InputError, MediaError, StorageError
from playhead.media.chapters import as_ffmetadata, as_youtube
from playhead.media.editorial import as_edl, as_fcpxml, as_otio
from playhead.media.timelines import Medium, Placed, exact_rate, lay, one_line, reels, timecode_rate
from playhead.tools.contract import Context
from playhead.tools.registry import get_tool
from playhead.types import (
    Answer,
    Channel,
    Citation,
    Claim,
    Clip,
    Documents,
    Moment,
    Origin,
    Part,
    Shot,
    Source,
    Span,
    Video,
)

from ..conftest import FakeModels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playhead.models.registry import Models

NTSC, FILM = Fraction(30000, 1001), Fraction(24000, 1001)
NASTY = "שלום 😀 <b>&amp; \"quoted\" 'it' = ; # \\ back\nslash\u202e\x07.mp4"
SOURCES = {
    "pal.mp4": ("-f", "lavfi", "-i", "testsrc2=s=32x18:r=25:d=20", "-f", "lavfi", "-i", "sine=d=20"),
    "ntsc.mp4": ("-f", "lavfi", "-i", "testsrc2=s=32x18:r=30000/1001:d=70"),
    "film.mkv": ("-f", "lavfi", "-i", "testsrc2=s=32x18:r=24000/1001:d=10"),
    "late.ts": ("-f", "lavfi", "-i", "testsrc2=s=32x18:r=25:d=10", "-muxdelay", "5", "-muxpreload", "5"),
    "vfr.mp4": (
        *("-f", "lavfi", "-i", "testsrc2=s=32x18:r=10:d=2"),
        *("-vf", "settb=1/1000,setpts=N*N*50", "-fps_mode", "passthrough", "-enc_time_base", "1:1000"),
    ),
    "sound.wav": ("-f", "lavfi", "-i", "sine=d=10"),
}


@pytest.fixture(scope="module")
def sources(ffmpeg: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Footage of several rates."""
    folder = tmp_path_factory.mktemp("sources")
    for name, made in SOURCES.items():
        subprocess.run([ffmpeg, "-v", "error", "-nostdin", *made, str(folder / name)], check=True, timeout=60)
    return folder


@pytest.fixture(scope="module")
def library(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """It holds the sound; the films are files that may be opened."""
    settings = Settings.model_validate({"channels": ("speech",), "roots": (sources,)})
    folder = tmp_path_factory.mktemp("timelines") / "library"
    with Library(folder, settings=settings, models=cast("Models", FakeModels())) as library:
        assert not library.add(sources / "sound.wav").failed
        yield library


@pytest.fixture
def context(library: Library, tmp_path: Path) -> Context:
    (tmp_path / "made").mkdir()
    return Context(library, tmp_path / "made")


def video_of(context: Context, name: str) -> Video:
    return context.video(str(context.library.settings.roots[0] / name))


def moment(context: Context, name: str, start_s: float, end_s: float) -> Moment:
    return Moment(video_of(context, name), Span(start_s, end_s), 1.0, ())


def exported(context: Context, **arguments: Any) -> tuple[dict[str, str], Documents]:
    """The text of each file by its form, and the result."""
    made = get_tool("export_timeline").call(arguments, context)
    assert isinstance(made, Documents)
    return {document.format: document.path.read_text(encoding="utf-8") for document in made.documents}, made


def cuts(timeline: Any, kind: str = "Video") -> list[tuple[float, float, float]]:
    """Source start, record start and duration of each clip, in seconds."""
    [track] = [track for track in timeline.tracks if track.kind == kind][:1]
    found = []
    for clip in track.find_clips():
        begin = track.range_of_child(clip).start_time.to_seconds()
        source = clip.source_range
        found.append((source.start_time.to_seconds(), begin, source.duration.to_seconds()))
    return found


def from_otio(text: str, kind: str = "Video") -> list[tuple[float, float, float]]:
    return cuts(otio.adapters.read_from_string(text, "otio_json"), kind)


def from_edl(text: str, rate: Fraction) -> list[tuple[float, float, float]]:
    return cuts(otio.adapters.read_from_string(text, "cmx_3600", rate=float(rate)))


def from_fcpxml(text: str) -> list[tuple[float, float, float]]:
    """As a reader does that keeps to the fractions; OpenTimelineIO's takes 29.97 for 29."""

    def seconds(written: str) -> float:
        return float(Fraction(written.removesuffix("s")))

    clips = ET.fromstring(text).iter("asset-clip")
    return [tuple(seconds(clip.attrib[name]) for name in ("start", "offset", "duration")) for clip in clips]  # type: ignore[misc]


def near(found: list[tuple[float, float, float]], wanted: list[tuple[float, float, float]], rate: Fraction) -> bool:
    """Whether they are the same frames."""
    return [[round(t * rate, 3) for t in cut] for cut in found] == [
        [round(t * rate, 3) for t in cut] for cut in wanted
    ]


def frames(rate: Fraction, *counted: tuple[int, int, int]) -> list[tuple[float, float, float]]:
    return [tuple(float(n / rate) for n in cut) for cut in counted]  # type: ignore[misc]


# There and back


def test_moments_come_back_to_the_frame_in_every_form(context: Context) -> None:
    found = [moment(context, "pal.mp4", 1.0, 2.0), moment(context, "pal.mp4", 10.48, 10.6)]
    texts, made = exported(context, moments=found, title="Best of")
    wanted = frames(Fraction(25), (25, 0, 25), (262, 25, 3))
    assert near(from_otio(texts["otio"]), wanted, Fraction(25))
    assert near(from_otio(texts["otio"], "Audio"), wanted, Fraction(25))
    assert near(from_edl(texts["edl"], Fraction(25)), wanted, Fraction(25))
    assert near(from_fcpxml(texts["fcpxml"]), wanted, Fraction(25))
    [project] = otio.adapters.read_from_string(texts["fcpxml"], "fcpx_xml")
    assert near(cuts(project), wanted, Fraction(25))
    assert project.name == "Best of"
    assert [d.format for d in made.documents] == ["otio", "edl", "fcpxml"]
    assert made.notes == ()
    assert [p.span for p in made.documents[0].origin.parts] == [m.span for m in found]
    assert made.documents[0].origin.source is Source.COMPOSED


def test_at_29_97_frames_a_second_timecode_drops_numbers_and_no_frame_moves(context: Context) -> None:
    # Frame 1798 is 00:00:59;28 and frame 1800 is 00:01:00;02 (SMPTE ST 12-1).
    found = [moment(context, "ntsc.mp4", float(1798 / NTSC), float(1900 / NTSC))] * 18
    texts, _ = exported(context, moments=found)
    wanted = frames(NTSC, *((1798, 102 * n, 102) for n in range(18)))
    assert "FCM: DROP FRAME" in texts["edl"]
    assert "00:00:59;28 00:01:03;12 00:00:00;00 00:00:03;12" in texts["edl"]
    assert "00:00:57;24 00:01:01;08" in texts["edl"]
    assert near(from_edl(texts["edl"], NTSC), wanted, NTSC)
    assert near(from_otio(texts["otio"]), wanted, NTSC)
    assert near(from_fcpxml(texts["fcpxml"]), wanted, NTSC)
    assert 'frameDuration="1001/30000s"' in texts["fcpxml"]
    assert 'tcFormat="DF"' in texts["fcpxml"]


def test_at_23_976_frames_a_second_no_number_is_dropped(context: Context) -> None:
    texts, _ = exported(context, moments=[moment(context, "film.mkv", float(24 / FILM), float(60 / FILM))])
    assert "FCM: NON-DROP FRAME" in texts["edl"]
    assert "00:00:01:00 00:00:02:12 00:00:00:00 00:00:01:12" in texts["edl"]
    assert near(from_otio(texts["otio"]), frames(FILM, (24, 0, 36)), FILM)


def test_footage_that_begins_late_is_counted_from_its_own_start(context: Context) -> None:
    video = video_of(context, "late.ts")
    assert video.start_s > 1
    first = round(video.start_s * 25)
    span = Span(video.start_s + 2.0, video.start_s + 3.0)
    texts, _ = exported(context, moments=[Moment(video, span, 1.0, ())])
    wanted = frames(Fraction(25), (first + 50, 0, 25))
    assert near(from_otio(texts["otio"]), wanted, Fraction(25))
    assert near(from_edl(texts["edl"], Fraction(25)), wanted, Fraction(25))
    assert near(from_fcpxml(texts["fcpxml"]), wanted, Fraction(25))
    [clip] = otio.adapters.read_from_string(texts["otio"], "otio_json").find_clips()
    available = clip.media_reference.available_range
    assert (available.start_time.value, available.duration.value) == (first, 250)
    assert clip.media_reference.target_url == video.path.as_uri()
    assert clip.media_reference.name == "late.ts"


def test_footage_of_several_rates_keeps_its_own_frames_and_says_so(context: Context) -> None:
    found = [
        moment(context, "pal.mp4", 1, 2),
        moment(context, "ntsc.mp4", float(30 / NTSC), float(90 / NTSC)),
        moment(context, "film.mkv", 1, 2),
    ]
    texts, made = exported(context, moments=found)
    clips = list(otio.adapters.read_from_string(texts["otio"], "otio_json").tracks[0].find_clips())
    starts = [(clip.source_range.start_time.value, clip.source_range.start_time.rate) for clip in clips]
    assert starts == [(25, 25.0), (30, float(NTSC)), (24, float(FILM))]
    assert [clip.source_range.duration.value for clip in clips] == [25, 50, 25]
    [note] = [note for note in made.notes if note.startswith("edl")]
    assert "25 frames a second" in note
    assert "ntsc.mp4 (29.97" in note
    assert "film.mkv (23.976" in note
    records = [(begin, begin + lasts) for _, begin, lasts in from_edl(texts["edl"], Fraction(25))]
    assert [round(t * 25) for pair in records for t in pair] == [0, 25, 25, 75, 75, 100]


def test_frames_without_a_fixed_rate_are_told(context: Context) -> None:
    texts, made = exported(context, moments=[moment(context, "vfr.mp4", 5, 10)], formats=["edl", "otio"])
    assert any("vfr.mp4 come at no fixed rate" in note for note in made.notes)
    [(start_s, _, lasts_s)] = from_otio(texts["otio"])
    assert start_s == pytest.approx(5, abs=0.02)
    assert lasts_s == pytest.approx(5, abs=0.04)


def test_sound_alone_is_a_track_of_sound(context: Context) -> None:
    texts, _ = exported(context, moments=[moment(context, "sound.wav", 1, 2)])
    timeline = otio.adapters.read_from_string(texts["otio"], "otio_json")
    assert [track.kind for track in timeline.tracks] == ["Audio"]
    assert re.search(r"^001  SOUND    AA    C ", texts["edl"], re.MULTILINE)
    assert "hasVideo" not in texts["fcpxml"]


def test_shots_citations_and_plain_windows_are_taken_too(context: Context) -> None:
    video = video_of(context, "pal.mp4")
    shot, said = Shot(video, Span(0, 1)), Citation("x", video, Span(3, 4), Channel.SPEECH, "hello")
    texts, _ = exported(context, moments=[shot, said, {"video": str(video.path), "start_s": 5, "end_s": 6}])
    assert near(from_otio(texts["otio"]), frames(Fraction(25), (0, 0, 25), (75, 25, 25), (125, 50, 25)), Fraction(25))


def test_an_instant_is_one_frame(context: Context) -> None:
    texts, _ = exported(context, moments=[moment(context, "pal.mp4", 3, 3)])
    assert near(from_otio(texts["otio"]), frames(Fraction(25), (75, 0, 1)), Fraction(25))


# A film that was made


def film_of(context: Context, sources: Path, *parts: tuple[str, float, float, float]) -> Clip:
    """A film at 25 frames a second that is said to be put together of (name, start, end, at)."""
    path = context.folder / "film.mp4"
    path.write_bytes((sources / "pal.mp4").read_bytes())
    made = tuple(Part(video_of(context, name), Span(start, end), at) for name, start, end, at in parts)
    return Clip(path, 20, Origin(Source.COMPOSED, made))


def test_a_film_that_was_made_has_its_cuts_where_they_are_in_it(context: Context, sources: Path) -> None:
    film = film_of(context, sources, ("pal.mp4", 5, 6, 4.0), ("pal.mp4", 1, 2, 1.0))  # with black between
    texts, _ = exported(context, film=film)
    wanted = frames(Fraction(25), (25, 25, 25), (125, 100, 25))
    assert near(from_otio(texts["otio"]), wanted, Fraction(25))
    assert near(from_fcpxml(texts["fcpxml"]), wanted, Fraction(25))
    [project] = otio.adapters.read_from_string(texts["fcpxml"], "fcpx_xml")
    assert near(cuts(project), wanted, Fraction(25))
    records = re.findall(
        r"(\S+) \S+$", "\n".join(re.findall(r"^\d{3} .*$", texts["edl"], re.MULTILINE)), re.MULTILINE
    )
    assert records == ["00:00:01:00", "00:00:04:00"]


def test_what_is_dissolved_is_cut_where_the_next_begins(context: Context, sources: Path) -> None:
    film = film_of(context, sources, ("pal.mp4", 0, 4, 0.0), ("pal.mp4", 10, 14, 3.0))
    texts, made = exported(context, film=film, formats=["otio"])
    assert near(from_otio(texts["otio"]), frames(Fraction(25), (0, 0, 75), (250, 75, 100)), Fraction(25))
    assert any("1 stretches lie over the next" in note for note in made.notes)


def test_a_film_of_unknown_parts_is_refused(context: Context, sources: Path) -> None:
    with pytest.raises(InputError, match=r"Nothing is known of what film\.mp4 is made of"):
        exported(context, film=film_of(context, sources))
    with pytest.raises(MediaError):
        exported(context, film={"path": "/etc/hostname", "parts": [{"video": "sound.wav", "start_s": 0, "end_s": 1}]})


# Chapters


def claims(context: Context, *chapters: tuple[float, float, str]) -> tuple[Claim, ...]:
    video = video_of(context, "ntsc.mp4")
    return tuple(
        Claim("What is said.", (Citation("x", video, Span(start, end), Channel.SPEECH, "said"),), title)
        for start, end, title in chapters
    )


def test_chapters_become_lines_for_youtube(context: Context) -> None:
    found = claims(context, (0, 20.5, "Begin <here>"), (20.5, 40, "Middle"), (40, 70, "End"))
    texts, made = exported(context, chapters=found, formats=["youtube"])
    assert texts["youtube"] == "0:00 Begin ‹here›\n0:20 Middle\n0:40 End\n"
    assert made.notes == ()
    assert made.documents[0].path.name.endswith(".youtube.txt")


def test_chapters_that_youtube_would_refuse_are_merged_and_told(context: Context) -> None:
    found = claims(context, (2, 20, "Late"), (20, 25, "Short"), (25, 64, "Long"), (64, 70, "Last"))
    texts, made = exported(context, chapters=found, formats=["youtube"])
    assert texts["youtube"] == "0:00 Late\n0:20 Short\n"
    assert len(made.notes) == 3
    assert "must begin at 0:00" in made.notes[0]
    assert made.notes[1].startswith("2 of 4 chapters were merged")
    assert "3 or more; here is 2" in made.notes[2]


def test_chapters_that_youtube_shows_past_an_hour() -> None:
    medium = Medium(Video("v", "v.mp4", Path("/v.mp4"), 8000.0, width=2), Fraction(25))
    starts = [0, 3599.9, 3600, 7325]
    placed = [Placed(medium, Span(a, b), a, f"{a}") for a, b in zip(starts, [*starts[1:], 8000], strict=True)]
    assert as_youtube(lay("x", Fraction(25), placed))[0] == "0:00 0\n59:59 3599.9\n2:02:05 7325\n"


def test_chapters_go_into_a_film_by_way_of_ffmpeg(context: Context, sources: Path, ffmpeg: str) -> None:
    titles = ["a=b; c#d \\ e", "שלום 😀", '<i>"x"</i>\n[CHAPTER]\nSTART=0']
    times = [0.0, float(600 / NTSC), float(1200 / NTSC), float(2000 / NTSC)]
    found = claims(context, *((a, b, t) for a, b, t in zip(times, times[1:], titles, strict=False)))
    _, made = exported(context, chapters=found, formats=["ffmetadata"], title="Of = all; #1")
    target = context.folder / "chaptered.mkv"
    inputs = ["-i", str(sources / "ntsc.mp4"), "-i", str(made.documents[0].path)]
    maps = ["-map_metadata", "1", "-map_chapters", "1", "-c", "copy"]
    subprocess.run([ffmpeg, "-v", "error", "-nostdin", *inputs, *maps, str(target)], check=True, timeout=60)
    with av.open(str(target)) as film:
        read = film.chapters()
        assert film.metadata["title"] == "Of = all; #1"
    assert [chapter["metadata"]["title"] for chapter in read] == [one_line(title) for title in titles]
    starts = [float(chapter["start"] * chapter["time_base"]) for chapter in read]
    assert starts == pytest.approx(times[:3], abs=1e-4)


def test_chapters_are_a_timeline_too_with_their_titles(context: Context) -> None:
    found = claims(context, (0, 10, "One"), (10, 20, "Two"))
    texts, _ = exported(context, chapters=Answer(found).claims)
    assert [clip.name for clip in otio.adapters.read_from_string(texts["otio"], "otio_json").find_clips()] == [
        "One",
        "Two",
    ]
    assert "* COMMENT: Two" in texts["edl"]


def test_moments_without_a_title_are_chapters_under_their_name(context: Context) -> None:
    found = [moment(context, "ntsc.mp4", start, start + 15) for start in (0, 20, 40)]
    texts, _ = exported(context, moments=found, formats=["youtube"])
    assert texts["youtube"] == "0:00 ntsc.mp4 0:00\n0:15 ntsc.mp4 0:20\n0:30 ntsc.mp4 0:40\n"


def test_chapters_of_two_videos_and_without_evidence_are_refused(context: Context) -> None:
    video = video_of(context, "pal.mp4")
    other = Claim("x", (Citation("x", video, Span(0, 1), Channel.SPEECH),), "x")
    with pytest.raises(InputError, match="Chapters are those of one video"):
        exported(context, chapters=[*claims(context, (0, 1, "a")), other])
    with pytest.raises(InputError, match="evidence"):
        exported(context, chapters=[Claim("x", (), "x")])


# Many events, odd names


def many(count: int, medium: Medium) -> list[Placed]:
    return [Placed(medium, Span(n, n + 0.4)) for n in range(count)]


def test_more_events_than_a_list_may_have_fill_numbered_lists(context: Context) -> None:
    video = video_of(context, "ntsc.mp4")
    windows = [{"video": str(video.path), "start_s": n % 60, "end_s": n % 60 + 0.4} for n in range(2000)]
    made = get_tool("export_timeline").call({"moments": windows}, context)
    lists = [document.path for document in made.documents if document.format == "edl"]
    assert [path.name[-6:] for path in lists] == [f"-{n}.edl" for n in range(1, 4)]
    assert any("2000 fill 3 numbered lists" in note for note in made.notes)
    read = [from_edl(path.read_text(), NTSC) for path in lists]
    assert [len(cut) for cut in read] == [999, 999, 2]
    lasts = [re.findall(r"(\S+) (\S+)$", text.read_text(), re.MULTILINE) for text in lists]
    records = [[pair for pair in found if ";" in pair[0]] for found in lasts]
    assert [found[0][0] for found in records[1:]] == [found[-1][1] for found in records[:-1]]
    whole = next(document.path for document in made.documents if document.format == "otio")
    assert len(from_otio(whole.read_text())) == 2000


def test_ten_times_the_events_take_no_hundred_times_as_long() -> None:
    medium = Medium(Video("v", "v.mp4", Path("/v.mp4"), 80000.0, width=2), Fraction(25), "V")

    def cost(count: int) -> float:
        began = time.process_time()
        timeline = lay("x", Fraction(25), many(count, medium))
        for write in (as_otio, as_edl, as_fcpxml, as_youtube, as_ffmetadata):
            write(timeline)  # type: ignore[operator]
        return time.process_time() - began

    cost(100)
    assert cost(10_000) < 30 * max(cost(1000), 0.05)


def test_timecode_past_a_day_is_refused_and_other_forms_hold_it() -> None:
    medium = Medium(Video("v", "v.mp4", Path("/v.mp4"), 100_000.0, width=2), Fraction(25), "V")
    timeline = lay("x", Fraction(25), [Placed(medium, Span(90_000, 90_001))])
    with pytest.raises(InputError, match=r"24 hours.*otio"):
        as_edl(timeline)
    assert near(from_fcpxml(as_fcpxml(timeline)), [(90_000, 0, 1)], Fraction(25))


def nasty(video: Video) -> list[Placed]:
    medium = Medium(replace(video, name=NASTY), Fraction(25), "NASTY")
    return [Placed(medium, Span(0, 1), title=NASTY), Placed(medium, Span(1, 2), title="<fcpxml/>")]


def test_odd_names_break_no_file(context: Context) -> None:
    timeline = lay(one_line(NASTY), Fraction(25), nasty(video_of(context, "pal.mp4")))
    plain = one_line(NASTY)
    assert plain == "שלום 😀 <b>&amp; \"quoted\" 'it' = ; # \\ back slash .mp4"
    read = otio.adapters.read_from_string(as_otio(timeline), "otio_json")
    assert read.name == plain
    assert [clip.media_reference.name for clip in read.find_clips()] == [plain] * 4
    [edl] = as_edl(timeline)
    listed = otio.adapters.read_from_string(edl, "cmx_3600", rate=25)
    assert [clip.name for clip in listed.tracks[0].find_clips()] == [plain] * 2
    [project] = otio.adapters.read_from_string(as_fcpxml(timeline), "fcpx_xml")
    assert [clip.name for clip in project.tracks[0].find_clips()] == [plain, "<fcpxml/>"]
    assert as_youtube(timeline)[0].count("\n") == 1


@given(st.text(), st.text())
def test_no_name_breaks_a_file(name: str, title: str) -> None:
    medium = Medium(Video("v", name, Path("/v.mp4"), 100.0, width=2, has_audio=True), Fraction(25), "V")
    placed = [Placed(medium, Span(n, n + 1), title=title) for n in range(3)]
    timeline = lay(one_line(title), Fraction(25), placed)
    wanted = frames(Fraction(25), *((25 * n, 25 * n, 25) for n in range(3)))
    assert near(from_otio(as_otio(timeline)), wanted, Fraction(25))
    assert near(from_edl(as_edl(timeline)[0], Fraction(25)), wanted, Fraction(25))
    assert near(from_fcpxml(as_fcpxml(timeline)), wanted, Fraction(25))
    written = as_ffmetadata(timeline)
    assert written.count("\n[CHAPTER]\n") == 3
    assert len(written.splitlines()) == 2 + 3 * 6
    assert written.encode()


@given(st.lists(st.text(), max_size=40))
def test_reels_have_at_most_eight_letters_and_no_two_are_the_same(names: list[str]) -> None:
    found = reels(names)
    assert len(set(found)) == len(names)
    assert all(re.fullmatch(r"[A-Z0-9]{1,8}", reel) for reel in found)
    assert not {"AX", "BL", "BLACK", "BARS"} & set(found)


def test_reels_say_what_they_are() -> None:
    assert reels(["Interview take 1.mp4", "interview take 2.mp4", "日本.mov", "ax.mp4"]) == [
        *("INTERVIE", "INTERVI2", "REEL", "AX2"),
    ]


# Rates


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        *((29.97002997, NTSC), (29.97, NTSC), (23.976, FILM), (25.0, Fraction(25)), (24.0, Fraction(24))),
        *((59.94, Fraction(60000, 1001)), (30.0, Fraction(30)), (10.0, Fraction(10)), (12.5, Fraction(25, 2))),
    ],
)
def test_a_rate_is_the_fraction_that_is_meant(said: float, meant: Fraction) -> None:
    assert exact_rate(said) == meant


@pytest.mark.parametrize(("rate", "code"), [(10, 30), (15, 30), (Fraction(25, 2), 25), (48, 50), (120, 60), (25, 25)])
def test_timecode_takes_a_rate_that_holds_every_frame(rate: Fraction | int, code: int) -> None:
    assert timecode_rate(Fraction(rate)) == code


@given(
    st.sampled_from([NTSC, FILM, Fraction(25), Fraction(60000, 1001)]),
    st.integers(0, 2_000_000),
    st.integers(1, 9999),
)
def test_every_frame_of_hours_of_footage_is_found_again(rate: Fraction, first: int, count: int) -> None:
    medium = Medium(Video("v", "v.mp4", Path("/v.mp4"), 90_000.0, start_s=1.4, width=2), rate, "V")
    start_s, end_s = (1.4 + float(n / rate) for n in (first, first + count))
    offset = round(Fraction(1.4) * rate)
    timeline = lay("x", rate, [Placed(medium, Span(start_s, end_s))])
    assert near(from_otio(as_otio(timeline)), frames(rate, (first + offset, 0, count)), rate)
    assert near(from_fcpxml(as_fcpxml(timeline)), frames(rate, (first + offset, 0, count)), rate)
    if (first + count + offset) / rate < 86_400:
        assert near(from_edl(as_edl(timeline)[0], rate), frames(rate, (first + offset, 0, count)), rate)


# What is refused, and what the files are


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({}, "give one of moments, film and chapters"),
        ({"moments": [{"video": "sound.wav", "start_s": 5, "end_s": 4}]}, "Give the earlier time first"),
        ({"moments": [{"video": "sound.wav", "start_s": 500, "end_s": 600}]}, "nothing at 500 s"),
        ({"moments": [{"video": "no.mp4", "start_s": 0, "end_s": 1}]}, "no such file"),
        ({"moments": [{"video": "sound.wav", "start_s": 0, "end_s": 1}], "formats": ["aaf"]}, "formats"),
        ({"moments": [{"video": "sound.wav", "start_s": 0, "end_s": 1}], "formats": []}, "formats"),
        ({"moments": [{"video": "sound.wav", "start_s": 0, "end_s": float("nan")}]}, "finite"),
    ],
)
def test_what_cannot_be_a_timeline_is_refused(context: Context, arguments: dict[str, Any], why: str) -> None:
    with pytest.raises(InputError, match=why):
        exported(context, **arguments)
    assert list(context.folder.iterdir()) == []


def test_the_same_call_gives_the_same_bytes_under_the_same_names(context: Context) -> None:
    arguments = {"moments": [moment(context, "pal.mp4", 1, 2)], "formats": ["otio", "edl", "fcpxml", "youtube"]}
    first, made = exported(context, **arguments)
    second, again = exported(context, **arguments)
    assert first == second
    assert made == again
    written = {path.name for path in context.folder.iterdir()}
    assert written == {n for d in made.documents for n in (d.path.name, f"{d.path.name}.provenance.json")}
    beside = json.loads((context.folder / f"{made.documents[0].path.name}.provenance.json").read_text())
    assert beside["source"] == "composed"
    assert beside["sources"][0]["name"] == "pal.mp4"


def test_a_result_survives_the_cache(context: Context) -> None:
    _, made = exported(context, moments=[moment(context, "pal.mp4", 1, 2)])
    kind = TypeAdapter(Documents)
    assert kind.validate_json(kind.dump_json(made)) == made


def test_a_folder_that_cannot_be_written_is_a_storage_error(context: Context, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="was not saved"):
        exported(replace(context, folder=tmp_path / "file" / "below"), moments=[moment(context, "pal.mp4", 1, 2)])


def test_it_can_be_stopped(context: Context) -> None:
    def stop(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        exported(replace(context, progress=stop), moments=[moment(context, "pal.mp4", 1, 2)])
    assert list(context.folder.iterdir()) == []
