"""The tools that cut: which footage is meant, what is made of it and where it says that it comes from."""

from __future__ import annotations

import json
import os
import shutil
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Picture
from pydantic import TypeAdapter

from playhead import Library, Settings
from playhead.errors import InputError, MediaError, QueryError, StorageError
from playhead.tools.contract import Context
from playhead.tools.cutting import merged
from playhead.tools.provenance import sidecar
from playhead.tools.registry import get_tool
from playhead.types import Clip, Clips, Image, Part, Source, Span, Video

from ..media.numbered import RECIPES, make, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAMES = ("cfr25.mp4", "delayed.mkv", "no_sound.mp4", "turned_90.mp4")
HOSTILE_NAME = "\u200fمرحبا 🎬 $(reboot)\n.mp4"


@pytest.fixture(scope="module")
def stock(ffmpeg: str, clips: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A library of numbered films and one that says hello."""
    folder = tmp_path_factory.mktemp("stock")
    (folder / "footage").mkdir()
    for recipe in RECIPES:
        if recipe.name in NAMES:
            make(recipe, folder / "footage", ffmpeg)
    for stored in (folder / "footage").glob("stored_*"):
        stored.unlink()
    shutil.copy(clips("subtitled.mp4"), folder / "footage" / "subtitled.mp4")
    shutil.copy(clips("cuts.mp4"), folder / "footage" / HOSTILE_NAME)
    shutil.copy(clips("talk.mp4"), folder / "footage" / "tone.mp4")
    settings = Settings.model_validate({"channels": ("speech", "picture")})
    with Library(folder / "library", settings=settings) as library:
        assert not library.add(folder / "footage").failed
        yield library


@pytest.fixture
def context(stock: Library, tmp_path: Path) -> Context:
    return Context(stock, tmp_path)


def call(tool: str, context: Context, **arguments: Any) -> Any:
    result = get_tool(tool).call(arguments, context)
    adapter = TypeAdapter(type(result))
    assert adapter.validate_json(adapter.dump_json(result)) == result
    return result


def made(folder: Path) -> set[str]:
    return {name for name in os.listdir(folder) if not name.endswith(".provenance.json")}


# cut_clip


def test_a_stretch_is_cut_and_says_where_it_comes_from(context: Context) -> None:
    clips = call("cut_clip", context, video="delayed.mkv", start_s=6.0, end_s=7.5)
    assert isinstance(clips, Clips)
    (clip,) = clips.clips
    assert clip.origin.source is Source.RETRIEVED
    assert [(part.video.name, part.span) for part in clip.origin.parts] == [("delayed.mkv", Span(6.0, 7.5))]
    assert (clip.width, clip.height, clip.has_audio) == (192, 108, True)
    assert clip.duration_s == pytest.approx(1.5)
    assert clip.rate_hz == pytest.approx(25, abs=0.5)
    found = read(clip.path)
    assert (found.numbers[0], found.numbers[-1]) == (25, 62)
    said = json.loads(sidecar(clip.path).read_bytes())
    assert said["source"] == "retrieved"
    assert said["sources"][0] | {"sha256": ""} == {
        "sha256": "",
        "name": "delayed.mkv",
        "start_s": 6.0,
        "end_s": 7.5,
        "at_s": 0.0,
    }


def test_times_can_be_counted_from_the_end(context: Context) -> None:
    (clip,) = call("cut_clip", context, video="no_sound.mp4", start_s=-1.0).clips
    assert read(clip.path).numbers == tuple(range(125, 150))
    assert not clip.has_audio


@pytest.mark.parametrize(
    ("times", "notes"),
    [
        ({"start_s": 10.0, "end_s": 20.0}, ["ends at 0:11.0."]),
        ({"start_s": 0.0, "end_s": 6.0}, ["begins at 0:05.0."]),
        ({"start_s": -20.0}, ["begins at 0:05.0."]),
        ({"start_s": 0.0, "end_s": 20.0}, ["begins at 0:05.0.", "ends at 0:11.0."]),
        ({"start_s": 5.0, "end_s": 11.0}, []),
        ({"start_s": -2.0}, []),
    ],
)
def test_a_cut_that_goes_beyond_the_video_says_where_it_begins_and_ends(
    times: dict[str, float], notes: list[str], context: Context
) -> None:
    (clip,) = call("cut_clip", context, video="delayed.mkv", **times).clips
    assert clip.origin.note == " ".join(f"delayed.mkv {note}" for note in notes)


def test_moments_give_a_clip_each_with_handles_as_far_as_there_is_footage(context: Context) -> None:
    moments = [
        {"video": "cfr25.mp4", "start_s": 2.0, "end_s": 2.4},
        {"video": "delayed.mkv", "start_s": 5.2, "end_s": 5.4},
        {"video": "cfr25.mp4", "start_s": 3.0, "end_s": 3.0},
    ]
    clips = call("cut_clip", context, moments=moments, handles_s=0.4).clips
    spans = [clip.origin.parts[0].span for clip in clips]
    assert [span.start_s for span in spans] == pytest.approx([1.6, 5.0, 2.6])
    assert [span.end_s for span in spans] == pytest.approx([2.8, 5.8, 3.4])
    assert [read(clip.path).numbers[0] for clip in clips] == [40, 0, 65]
    assert len(made(context.folder)) == 3
    assert len(call("cut_clip", context, moments=moments, handles_s=0.4, limit=2).clips) == 2


def test_a_moment_too_short_to_see_gets_what_is_around_it(context: Context) -> None:
    last_s = context.library.video("cfr25.mp4").span.end_s
    spans = ((1.0, 1.2), (0, 0.1), (last_s - 0.2, last_s))
    moments = [{"video": "cfr25.mp4", "start_s": start_s, "end_s": end_s} for start_s, end_s in spans]
    short, edge, end = call("cut_clip", context, moments=moments, shortest_s=1.0).clips
    assert short.origin.parts[0].span == Span(0.6, 1.6)
    assert edge.origin.parts[0].span == Span(0.0, 1.0)  # nothing comes before it
    assert end.origin.parts[0].span.start_s == pytest.approx(last_s - 1.0)
    assert end.duration_s == pytest.approx(1.0)
    everything = call("cut_clip", context, moments=moments[:1], shortest_s=500.0).clips[0]
    assert everything.origin.parts[0].span == context.library.video("cfr25.mp4").span
    [long] = call("cut_clip", context, video="cfr25.mp4", start_s=0, end_s=1.6, shortest_s=1.0).clips
    assert long.duration_s == pytest.approx(1.6)


def test_moments_a_hair_apart_are_files_of_their_own(context: Context) -> None:
    moments = [{"video": "cfr25.mp4", "start_s": start_s, "end_s": 1.0} for start_s in (0.5, 0.5004)]
    clips = call("cut_clip", context, moments=moments).clips
    assert len({clip.path for clip in clips}) == 2
    assert call("cut_clip", context, moments=moments).clips == clips


def test_a_query_cuts_what_it_finds(context: Context) -> None:
    (clip,) = call("cut_clip", context, query="hello there", limit=1).clips
    assert clip.origin.parts[0].video.name == "subtitled.mp4"
    span = clip.origin.parts[0].span
    assert span.start_s <= 0.2
    assert span.end_s >= 0.7
    with pytest.raises(QueryError, match="nothing shows or says “quantum chromodynamics”"):
        call("cut_clip", context, query="quantum chromodynamics")


def test_sound_can_be_dropped_and_a_clip_can_fade(context: Context) -> None:
    (silent,) = call("cut_clip", context, video="cfr25.mp4", start_s=1, end_s=2, sound="drop").clips
    (fading,) = call("cut_clip", context, video="cfr25.mp4", start_s=1, end_s=2, fade_s=0.4).clips
    assert not silent.has_audio
    assert read(silent.path).sound_s == 0
    (ending,) = call("cut_clip", context, video="cfr25.mp4", start_s=1, end_s=2, fade_s=0.6, fade="out").clips
    assert len({silent.path, fading.path, ending.path}) == 3
    with Picture.open(call("contact_sheet", context, video="cfr25.mp4", limit=1).path) as sheet:
        assert sheet.format == "PNG"


def test_a_copy_says_how_early_it_begins(context: Context) -> None:
    (clip,) = call("cut_clip", context, video="cfr25.mp4", start_s=3.0, end_s=3.5, as_stored=True).clips
    assert clip.origin.parts[0].span.start_s == 2.0
    assert "1.00 s early" in clip.origin.note
    assert read(clip.path).numbers[0] == 50
    with pytest.raises(InputError, match="cannot fade"):
        call("cut_clip", context, video="cfr25.mp4", as_stored=True, fade_s=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"video": "cfr25.mp4", "start_s": 3.0, "end_s": 2.0}, "must be before"),
        ({"video": "cfr25.mp4", "start_s": 2.0, "end_s": 2.0}, "must be before"),
        ({"video": "cfr25.mp4", "start_s": 60.0}, "has nothing at"),
        ({"video": "delayed.mkv", "start_s": 1.0, "end_s": 4.0}, "has nothing at"),
        ({"moments": [{"video": "cfr25.mp4", "start_s": 2, "end_s": 1}]}, "before it begins"),
        ({"moments": [{"video": "cfr25.mp4", "start_s": 2, "end_s": 2}]}, "no length"),
        ({"moments": [{"video": "cfr25.mp4", "start_s": 70, "end_s": 72}]}, "has nothing at"),
        ({"moments": [{"video": "cfr25.mp4", "start_s": 1, "end_s": 2}], "video": "cfr25.mp4"}, "not both"),
        ({"video": "cfr25.mp4", "start_s": 1, "end_s": 2, "fade_s": 0.6}, "cannot fade"),
        ({"video": "cfr25.mp4", "start_s": 1, "end_s": 2, "fade_s": 1.2, "fade": "in"}, "cannot fade for 1.2 s:"),
        ({"video": "cfr25.mp4", "fade_s": -1}, "fade_s"),
        ({"video": "cfr25.mp4", "fade_s": 1, "fade": "up"}, "fade"),
        ({"video": "cfr25.mp4", "handles_s": float("nan")}, "handles_s"),
        ({"video": "nowhere.mp4"}, "no video"),
        ({"video": "cfr25.mp4", "sound": "louder"}, "sound"),
        ({}, "name a video"),
    ],
)
def test_what_cannot_be_cut_is_refused(arguments: dict[str, Any], message: str, context: Context) -> None:
    with pytest.raises(InputError, match=message):
        call("cut_clip", context, **arguments)
    assert made(context.folder) == set()


def test_progress_is_told_and_stopping_leaves_nothing(stock: Library, tmp_path: Path) -> None:
    stages: list[tuple[str, float, float]] = []

    def stop(progress: Any) -> None:
        stages.append((progress.stage, progress.done, progress.total))
        if progress.done > 0:
            raise KeyboardInterrupt

    context = Context(stock, tmp_path, stop)
    with pytest.raises(KeyboardInterrupt):
        get_tool("make_supercut").call({"moments": [window("delayed.mkv", 5.0, 11.0)] * 9, "merge": False}, context)
    assert {stage for stage, _, _ in stages} >= {"joining"}
    assert all(done <= total for _, done, total in stages)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("how", ["gone", "changed"])
def test_footage_that_is_gone_or_changed_is_not_cut(how: str, tmp_path: Path, clips: Callable[[str], Path]) -> None:
    shutil.copy(clips("talk.mp4"), tmp_path / "talk.mp4")
    (tmp_path / "out").mkdir()
    with Library(tmp_path / "library", settings=Settings.model_validate({"channels": ("speech",)})) as library:
        library.add(tmp_path / "talk.mp4")
        if how == "gone":
            (tmp_path / "talk.mp4").unlink()
        else:
            shutil.copy(clips("cuts.mp4"), tmp_path / "talk.mp4")
        with pytest.raises(MediaError, match=how):
            call("cut_clip", Context(library, tmp_path / "out"), video="talk.mp4", start_s=0.5, end_s=1.0)
    assert os.listdir(tmp_path / "out") == []


def test_a_folder_that_cannot_be_written_to_is_told(stock: Library, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="was not saved"):
        call("cut_clip", Context(stock, tmp_path / "file" / "out"), video="cfr25.mp4", start_s=1, end_s=2)


# make_supercut


def window(video: str, start_s: float, end_s: float) -> dict[str, Any]:
    return {"video": video, "start_s": start_s, "end_s": end_s}


MOMENTS = [
    window("delayed.mkv", 8.0, 8.4),
    window("cfr25.mp4", 3.0, 3.4),
    window("cfr25.mp4", 1.0, 1.4),
    window("no_sound.mp4", 2.0, 2.4),
    window("cfr25.mp4", 3.2, 3.6),
    window("turned_90.mp4", 4.0, 4.4),
]


def test_moments_of_many_videos_become_one_film(context: Context) -> None:
    film = call("make_supercut", context, moments=MOMENTS)
    assert isinstance(film, Clip)
    assert film.origin.source is Source.COMPOSED
    parts = [(part.video.name, part.span.start_s, round(part.at_s, 6)) for part in film.origin.parts]
    assert parts == [
        ("delayed.mkv", 8.0, 0.0),
        ("cfr25.mp4", 3.0, 0.4),
        ("cfr25.mp4", 1.0, 1.0),
        ("no_sound.mp4", 2.0, 1.4),
        ("turned_90.mp4", 4.0, 1.8),
    ]
    found = read(film.path)
    firsts = [found.numbers[round(part.at_s * 25)] for part in film.origin.parts]
    assert firsts == [75, 75, 25, 50, 100]
    assert found.clicks_s == pytest.approx([0.0, 0.4, 1.0, 1.8], abs=0.003)
    assert film.duration_s == pytest.approx(2.2)
    assert (film.width, film.height, film.rate_hz, film.has_audio) == (192, 108, 25, True)
    assert [source["at_s"] for source in json.loads(sidecar(film.path).read_bytes())["sources"]][1] == 0.4


def test_order_and_merging_can_be_chosen(context: Context) -> None:
    film = call("make_supercut", context, moments=MOMENTS, order="time", merge=False)
    parts = [(part.video.name, part.span.start_s) for part in film.origin.parts]
    assert parts == [
        ("delayed.mkv", 8.0),
        ("cfr25.mp4", 1.0),
        ("cfr25.mp4", 3.0),
        ("cfr25.mp4", 3.2),
        ("no_sound.mp4", 2.0),
        ("turned_90.mp4", 4.0),
    ]


def test_the_same_supercut_has_the_same_bytes(stock: Library, tmp_path: Path) -> None:
    films = [call("make_supercut", Context(stock, tmp_path / str(n)), moments=MOMENTS).path for n in range(2)]
    assert films[0].name == films[1].name
    assert films[0].read_bytes() == films[1].read_bytes()
    assert sidecar(films[0]).read_bytes() == sidecar(films[1]).read_bytes()


def test_a_supercut_of_a_query(context: Context) -> None:
    film = call("make_supercut", context, query="hello there", limit=1)
    assert {part.video.name for part in film.origin.parts} == {"subtitled.mp4"}
    assert not film.has_audio
    with pytest.raises(InputError, match="give moments or a query"):
        call("make_supercut", context, video="cfr25.mp4")


VIDEOS = [Video(name, name, Path(name), 100.0) for name in "ab"]
PARTS = st.lists(
    st.builds(
        lambda video, start, length: Part(video, Span(float(start), float(start + length))),
        st.sampled_from(VIDEOS),
        st.integers(0, 40),
        st.integers(1, 10),
    ),
    max_size=20,
)


@given(PARTS)
def test_merging_keeps_every_second_once_and_the_order(parts: list[Part]) -> None:
    found = merged(parts)

    def seconds(of: list[Part]) -> list[tuple[str, int]]:
        return [(p.video.id, second) for p in of for second in range(int(p.span.start_s), int(p.span.end_s))]

    assert sorted(seconds(found)) == sorted(set(seconds(parts)))
    assert merged(found) == found
    spans = sorted((part.video.id, part.span) for part in found)
    for (one, before), (other, after) in pairwise(spans):
        assert one != other or before.end_s < after.start_s
    firsts = [
        next(n for n, part in enumerate(parts) if part.video == f.video and f.span.overlap_s(part.span))
        for f in found
    ]
    assert firsts == sorted(firsts)


# contact_sheet


def test_a_sheet_shows_a_video_evenly(context: Context) -> None:
    sheet = call("contact_sheet", context, video="cfr25.mp4", limit=6)
    assert isinstance(sheet, Image)
    assert [part.span.start_s for part in sheet.origin.parts] == pytest.approx([0.48, 1.48, 2.48, 3.48, 4.48, 5.48])
    with Picture.open(sheet.path) as picture:
        assert picture.size == (sheet.width, sheet.height) == (3 * 328 + 8, 34 + 2 * 214 + 8)
        darkest, lightest = picture.crop((8, 42, 328, 222)).convert("L").getextrema()
        assert darkest < 30
        assert lightest > 220


def test_a_sheet_of_every_so_many_seconds_of_moments_and_of_frames(context: Context) -> None:
    sheet = call("contact_sheet", context, video="delayed.mkv", every_s=2.5)
    assert [part.span.start_s for part in sheet.origin.parts] == pytest.approx([5.0, 7.48, 10.0])
    moments = call("contact_sheet", context, moments=MOMENTS)
    assert [part.video.name for part in moments.origin.parts] == [moment["video"] for moment in MOMENTS]
    assert moments.origin.parts[0].span.start_s == pytest.approx(8.2)
    frames = call("extract_frames", context, video="cfr25.mp4", at_s=[3.0, 1.0])
    sheet = call("contact_sheet", context, frames=frames.frames)
    assert [part.span.start_s for part in sheet.origin.parts] == [3.0, 1.0]


def test_names_of_any_kind_can_be_written_on_a_sheet(context: Context) -> None:
    sheet = call("contact_sheet", context, video=HOSTILE_NAME, limit=2)
    assert {part.video.name for part in sheet.origin.parts} == {HOSTILE_NAME}
    mixed = call("contact_sheet", context, moments=[window(HOSTILE_NAME, 1, 2), window("cfr25.mp4", 1, 2)])
    assert len(mixed.origin.parts) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "name a video"),
        ({"video": "cfr25.mp4", "moments": [window("cfr25.mp4", 1, 2)]}, "one of them"),
        ({"moments": [window("cfr25.mp4", 1, 2)], "every_s": 1}, "for a video"),
        ({"moments": [window("cfr25.mp4", 70, 80)]}, "has nothing at"),
        ({"video": "cfr25.mp4", "every_s": 0}, "every_s"),
        ({"video": "cfr25.mp4", "every_s": 0.01}, "too many"),
        ({"video": "cfr25.mp4", "limit": 201}, "limit"),
        ({"video": "tone.mp4", "start_s": 5}, "has nothing at"),
    ],
)
def test_what_no_sheet_can_show_is_refused(arguments: dict[str, Any], message: str, context: Context) -> None:
    with pytest.raises(InputError, match=message):
        call("contact_sheet", context, **arguments)
    assert made(context.folder) == set()


def test_a_supercut_can_go_without_its_sound(context: Context, clips: Callable[[str], Path], tmp_path: Path) -> None:
    moments = [
        {"video": "cfr25.mp4", "start_s": 0.5, "end_s": 1.0},
        {"video": "turned_90.mp4", "start_s": 0, "end_s": 1},
    ]
    silent = call("make_supercut", context, moments=moments, sound="drop")
    assert not silent.has_audio
    assert read(silent.path).clicks_s == ()
    assert call("make_supercut", context, moments=moments).path != silent.path
    settings = Settings.model_validate({"channels": ("speech",), "roots": (clips("audio_only.m4a").parent,)})
    heard = Context(Library(context.library.folder, settings=settings), tmp_path)
    only = [{"video": str(clips("audio_only.m4a")), "start_s": 0, "end_s": 1}]
    with pytest.raises(InputError, match="there is no picture"):
        call("make_supercut", heard, moments=only, sound="drop")
