"""Cuts fall on the frame and the sample that was asked for, whatever the footage is; nothing half-made is left."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
from dataclasses import asdict
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playhead.errors import InputError, MediaLimitError, StorageError, UnreadableMediaError
from playhead.media import sandbox
from playhead.media.cutting import Film, Look, Measure, Piece, Sources, common_look, copy, cut, measure, own_look
from playhead.media.files import open_file
from playhead.types import Limits, Span

from .numbered import CLICK_S, RECIPES, Read, make, number_in, read

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from playhead.media.files import MediaFile

BY_NAME = {recipe.name: recipe for recipe in RECIPES}
SAME_S = 1e-6
TICK_S = 1e-4
NEAR_S = 0.002
SLOW = pytest.mark.slow


@pytest.fixture(scope="session")
def footage(ffmpeg: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A film of `RECIPES` by name; shared."""
    folder = tmp_path_factory.mktemp("numbered")

    def film(name: str) -> Path:
        path = folder / name
        return path if path.exists() else make(BY_NAME[name], folder, ffmpeg)

    return film


def sources(*folders: Path) -> Sources:
    return Sources(lambda path: open_file(Path(path), folders))


def cut_one(path: Path, span: Span, target: Path, *fades_s: float) -> Film:
    with sources(path.parent) as opened:
        look = own_look(measure(str(path), opened))
        return cut([Piece(str(path), span, *fades_s)], opened, look, target)


@cache
def read_turned(path: Path) -> Read:
    """What is in a film of `RECIPES`, held upright."""
    return read(path, BY_NAME[path.name].turned)


def expected(source: Read, span: Span) -> tuple[list[int], list[float]]:
    """The numbers that a span shows, and when each appears on a clock that begins with it."""
    pairs = list(zip(source.times_s, source.numbers, strict=True))
    before = [pair for pair in pairs if pair[0] <= span.start_s + SAME_S][-1:] or pairs[:1]
    inside = [pair for pair in pairs if span.start_s + SAME_S < pair[0] < span.end_s - SAME_S and pair not in before]
    return [n for _, n in before + inside], [max(0.0, t - span.start_s) for t, _ in before + inside]


# From the middle of every film; from the start, off the frames and within one of those whose time is not plain.
SPANS = ((1.0, 2.5), (0.0, 0.52), (0.777, 3.333), (2.0, 2.01))
NOT_PLAIN = ("ntsc.mkv", "vfr.mp4", "long_gop.ts", "much_delayed.mkv", "late_sound.mp4", "mpeg4.avi")
CUTS = [(span, name) for span in SPANS for name in (BY_NAME if span == SPANS[0] else NOT_PLAIN)]


@pytest.mark.parametrize(("asked", "name"), CUTS, ids=str)
def test_a_cut_is_exact(
    name: str, asked: tuple[float, float], footage: Callable[[str], Path], tmp_path: Path
) -> None:
    source = read_turned(footage(name))
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


# Many pieces


def join(pieces: Sequence[tuple[Path, Span]], target: Path, look: Look | None = None) -> tuple[Film, Look]:
    with sources(*{path.parent for path, _ in pieces}) as opened:
        measured = [(measure(str(path), opened), span.duration_s) for path, span in dict(pieces).items()]
        look = look or common_look(measured)
        return cut([Piece(str(path), span) for path, span in pieces], opened, look, target), look


@SLOW
def test_sixty_pieces_do_not_drift(footage: Callable[[str], Path], tmp_path: Path) -> None:
    """Each begins 0.1 s before a click, and is 0.4 s long: clicks come every 0.4 s to the end."""
    names = ("cfr25.mp4", "ntsc.mp4", "late_sound.mp4", "mpeg4.avi")
    pieces = []
    for number in range(60):
        source = read_turned(footage(names[number % len(names)]))
        click_s = source.clicks_s[1 + number // len(names) % 3]
        pieces.append((footage(names[number % len(names)]), Span(click_s - 0.1, click_s + 0.3)))
    film, look = join(pieces, tmp_path / "film.mp4")
    found = read(film.path)
    assert look.rate_hz == 25
    assert len(found.numbers) == film.frames == 60 * 10
    assert found.times_s == pytest.approx([n / 25 for n in range(600)], abs=TICK_S)
    assert [placed.at_s for placed in film.placed] == pytest.approx([0.4 * n for n in range(60)])
    assert found.clicks_s == pytest.approx([placed.at_s + 0.1 for placed in film.placed], abs=NEAR_S)
    assert found.sound_s == pytest.approx(24, abs=0.03)
    for (path, span), placed in zip(pieces, film.placed, strict=True):
        numbers, _ = expected(read_turned(path), span)
        first, last = round(placed.at_s * 25), round((placed.at_s + placed.span.duration_s) * 25) - 1
        assert found.numbers[first] == numbers[0]
        assert abs(found.numbers[last] - numbers[-1]) <= 1, path.name  # the last of an odd 0.4 s


@pytest.mark.parametrize("name", ["ntsc.mkv", "ntsc.mp4", "cfr25.mp4", "delayed.mkv", "long_gop.ts"])
@pytest.mark.parametrize("shift", [0.0, 0.9])
def test_frames_do_not_stutter_at_their_own_rate(
    name: str, shift: float, footage: Callable[[str], Path], tmp_path: Path
) -> None:
    source = read_turned(footage(name))
    start_s = source.times_s[20] + shift * (source.times_s[21] - source.times_s[20])
    film, _ = join([(footage(name), Span(start_s, start_s + 2))], tmp_path / "film.mp4")
    numbers = read(film.path).numbers
    assert numbers == tuple(range(20, 20 + len(numbers)))


def test_mixed_footage_becomes_uniform(footage: Callable[[str], Path], tmp_path: Path) -> None:
    names = ("turned_90.mp4", "no_sound.mp4", "odd.mkv", "vfr.mkv", "deep.mkv", "wide_pixels.mp4", "delayed.mkv")
    starts = [read_turned(footage(name)).times_s[0] + 1.0 for name in names]
    pieces = [(footage(name), Span(start_s, start_s + 0.8)) for name, start_s in zip(names, starts, strict=True)]
    film, look = join(pieces, tmp_path / "film.mp4")
    found = read(film.path)
    assert found.size == (look.width, look.height) == (192, 108)
    assert [placed.at_s for placed in film.placed] == pytest.approx([0.8 * n for n in range(len(names))])
    quiet = names.index("no_sound.mp4")
    heard = [placed.at_s for number, placed in enumerate(film.placed) if number != quiet]
    assert found.clicks_s == pytest.approx(heard, abs=NEAR_S)
    for name, placed in zip(names, film.placed, strict=True):
        if name != "vfr.mkv":
            assert found.numbers[round(placed.at_s * 25)] == 25, name


def test_a_tall_picture_stands_between_black_bars(footage: Callable[[str], Path], tmp_path: Path) -> None:
    look = Look(width=400, height=108, rate_hz=Fraction(25), sound=True)
    film, _ = join([(footage("cfr25.mp4"), Span(1.0, 1.2))], tmp_path / "film.mp4", look)
    with av.open(str(film.path)) as opened:
        picture = next(opened.decode(video=0)).to_ndarray(format="gray")
    assert picture.shape == (108, 400)
    assert picture[:, :100].max() < 30
    assert picture[:, 300:].max() < 30
    assert number_in(picture[:, 104:296]) == 25


def test_more_files_than_may_be_open(footage: Callable[[str], Path], tmp_path: Path) -> None:
    copies = []
    for number in range(40):
        copies.append(tmp_path / f"{number}.mp4")
        shutil.copy(footage("cfr25.mp4"), copies[-1])
    opened = len(os.listdir("/proc/self/fd"))
    most = 0

    def counted(path: str) -> MediaFile:
        nonlocal most
        most = max(most, len(os.listdir("/proc/self/fd")) - opened)
        return open_file(Path(path), [tmp_path])

    look = Look(192, 108, Fraction(25), sound=True)
    with Sources(counted) as files:
        film = cut([Piece(str(path), Span(1.0, 1.2)) for path in copies * 2], files, look, tmp_path / "film.mp4")
    assert film.frames == 80 * 5
    assert most < 30
    assert len(os.listdir("/proc/self/fd")) == opened


# Fades, and what the same call gives


def test_a_fade_comes_from_black_and_silence_and_goes_back(footage: Callable[[str], Path], tmp_path: Path) -> None:
    film = cut_one(footage("cfr25.mp4"), Span(0.5, 2.5), tmp_path / "film.mp4", 0.5, 0.5)
    with av.open(str(film.path)) as opened:
        light = [float(frame.to_ndarray(format="gray").max()) for frame in opened.decode(video=0)]
    assert light[0] < 20
    assert light[6] == pytest.approx(125, abs=25)
    assert min(light[13:37]) > 225
    assert light[-1] < 40
    with av.open(str(film.path)) as opened:
        sound = np.concatenate([frame.to_ndarray()[0] for frame in opened.decode(audio=0)])
    first, second = (np.abs(sound[int(at_s * 48_000) :][:2400]).max() for at_s in (0.5, 1.5))
    assert first == pytest.approx(0.8, abs=0.08)
    assert second == pytest.approx(0.8, abs=0.08)
    early = cut_one(footage("cfr25.mp4"), Span(0.75, 2.5), tmp_path / "early.mp4", 0.5, 0.5)
    with av.open(str(early.path)) as opened:
        sound = np.concatenate([frame.to_ndarray()[0] for frame in opened.decode(audio=0)])
    assert np.abs(sound[12_000:14_400]).max() == pytest.approx(0.8 * 0.6, abs=0.1)


def test_a_fade_at_one_end_leaves_the_other_as_it_is(footage: Callable[[str], Path], tmp_path: Path) -> None:
    film = cut_one(footage("cfr25.mp4"), Span(0.5, 2.5), tmp_path / "film.mp4", 0.0, 0.5)
    with av.open(str(film.path)) as shown:
        light = [float(frame.to_ndarray(format="gray").max()) for frame in shown.decode(video=0)]
    assert min(light[:37]) > 225
    assert light[-1] < 40


def test_the_same_call_gives_the_same_bytes(footage: Callable[[str], Path], tmp_path: Path) -> None:
    for name in ("vfr.mkv", "deep.mkv"):
        films = [cut_one(footage(name), Span(0.3, 2.0), tmp_path / f"{n}.mp4").path.read_bytes() for n in range(2)]
        assert films[0] == films[1]


# Copying


@pytest.mark.parametrize(
    "name", ["cfr25.mp4", "long_gop.mp4", "long_gop.ts", "delayed.mkv", "turned_90.mp4", "vp9.webm"]
)
def test_a_copy_begins_at_the_key_frame_and_says_so(
    name: str, footage: Callable[[str], Path], tmp_path: Path
) -> None:
    source = read_turned(footage(name))
    start_s = source.times_s[0] + 3.1
    with sources(footage(name).parent) as opened:
        film = copy(Piece(str(footage(name)), Span(start_s, start_s + 0.8)), opened, tmp_path / "copy.mp4")
    found = read(film.path, BY_NAME[name].turned)
    real = film.placed[0].span
    assert real.start_s <= start_s
    assert found.numbers[0] == source.numbers[source.times_s.index(pytest.approx(real.start_s, abs=TICK_S))]
    wanted, _ = expected(source, Span(real.start_s, start_s + 0.8))
    assert list(found.numbers[: len(wanted)]) == wanted
    assert len(found.numbers) <= len(wanted) + 4
    clicks = [click_s - real.start_s for click_s in source.clicks_s if real.start_s < click_s < start_s + 0.7]
    assert [c for c in found.clicks_s if c > 0.1] == pytest.approx([c for c in clicks if c > 0.1], abs=0.01)


@pytest.mark.parametrize(("name", "codec"), [("deep.mkv", "ffv1"), ("alpha.mov", "qtrle")])
def test_what_cannot_be_copied_is_refused_with_the_reason(
    name: str, codec: str, footage: Callable[[str], Path], tmp_path: Path
) -> None:
    with sources(footage(name).parent) as opened, pytest.raises(InputError, match=f"cannot be copied.*{codec}"):
        copy(Piece(str(footage(name)), Span(1.0, 2.0)), opened, tmp_path / "copy.mp4")
    assert os.listdir(tmp_path) == []


# Bad input, and nothing half-made


def test_what_holds_nothing_there_is_refused(footage: Callable[[str], Path], tmp_path: Path) -> None:
    with pytest.raises(UnreadableMediaError, match="nothing is shown or heard from 60"):
        cut_one(footage("cfr25.mp4"), Span(60.0, 61.0), tmp_path / "cut.mp4")
    assert os.listdir(tmp_path) == []


def test_a_piece_that_the_footage_does_not_fill_is_shorter(footage: Callable[[str], Path], tmp_path: Path) -> None:
    film = cut_one(footage("cfr25.mp4"), Span(5.0, 1e6), tmp_path / "cut.mp4")
    assert film.length_s == pytest.approx(1.0, abs=0.05)
    look = Look(192, 108, Fraction(25), sound=True)
    joined, _ = join(
        [(footage("cfr25.mp4"), Span(5.0, 1e6)), (footage("cfr25.mp4"), Span(1.0, 1.4))], film.path, look
    )
    assert joined.placed[1].at_s == pytest.approx(1.0, abs=0.05)
    assert read(joined.path).sound_s == pytest.approx(joined.length_s, abs=0.03)


def test_what_is_no_film_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "noise.mp4"
    path.write_bytes(os.urandom(5000))
    with sources(tmp_path) as opened, pytest.raises(UnreadableMediaError, match=r"noise\.mp4 cannot be cut"):
        measure(str(path), opened)


def test_a_damaged_middle_is_cut_as_well_as_it_can_be(footage: Callable[[str], Path], tmp_path: Path) -> None:
    path = tmp_path / "damaged.ts"
    data = bytearray(footage("long_gop.ts").read_bytes())
    data[len(data) // 2 : len(data) // 2 + 5000] = os.urandom(5000)
    path.write_bytes(data)
    film = cut_one(path, Span(5.0, 15.0), tmp_path / "cut.mp4")
    assert film.length_s == pytest.approx(10.0)


def test_the_name_is_taken_only_by_a_whole_film(
    footage: Callable[[str], Path], tmp_path: Path, children: Callable[[], set[int]]
) -> None:
    """The process that cuts is killed half-way: the older film of that name stays."""
    target = tmp_path / "cut.mp4"
    target.write_bytes(b"the older film")

    def kill(_: float) -> None:
        for child in children():
            os.kill(child, signal.SIGKILL)

    look = Look(1280, 720, Fraction(60), sound=True)
    piece = Piece(str(footage("long_gop.mp4")), Span(0.0, 20.0))
    refused = pytest.raises(UnreadableMediaError, match=r"cut\.mp4 was not made: the cutter was stopped by SIGKILL")
    with sources(footage("long_gop.mp4").parent) as opened, refused:
        cut([piece], opened, look, target, progress=kill)
    assert os.listdir(tmp_path) == ["cut.mp4"]
    assert target.read_bytes() == b"the older film"


def test_it_stops_within_a_second_and_leaves_nothing(
    footage: Callable[[str], Path], tmp_path: Path, children: Callable[[], set[int]]
) -> None:
    told: list[float] = []

    def stop(_: float) -> None:
        told.append(time.monotonic())
        if len(told) == 3:
            raise KeyboardInterrupt

    before = children()
    look = Look(1280, 720, Fraction(60), sound=True)
    piece = Piece(str(footage("long_gop.mp4")), Span(0.0, 20.0))
    with sources(footage("long_gop.mp4").parent) as opened, pytest.raises(KeyboardInterrupt):
        cut([piece], opened, look, tmp_path / "cut.mp4", progress=stop)
    assert time.monotonic() - told[-1] < 1
    assert max(np.diff(told)) < 1
    assert children() == before
    assert os.listdir(tmp_path) == []


def test_a_full_disk_is_told_and_leaves_nothing(footage: Callable[[str], Path], tmp_path: Path) -> None:
    """The film may not grow beyond 50 kB."""
    code = """
        import resource, sys
        from pathlib import Path
        from playhead.errors import StorageError
        from playhead.media.cutting import Piece, Sources, cut, measure, own_look
        from playhead.media.files import open_file
        from playhead.types import Span
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
        path, target = map(Path, sys.argv[1:])
        with Sources(lambda file: open_file(Path(file), [path.parent])) as sources:
            look = own_look(measure(str(path), sources))
            try:
                cut([Piece(str(path), Span(0.0, 20.0))], sources, look, target)
            except StorageError as error:
                print(error)
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(footage("long_gop.mp4")), str(tmp_path / "cut.mp4")]
    done = subprocess.run(command, env=sandbox.environment(), capture_output=True, text=True, check=True, timeout=60)
    assert "cut.mp4 was not saved: it would grow too large" in done.stdout
    assert os.listdir(tmp_path) == []


def test_a_folder_that_takes_no_file_is_told(footage: Callable[[str], Path], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match=r"cut\.mp4 was not saved: (not a directory|file exists)"):
        cut_one(footage("cfr25.mp4"), Span(1.0, 2.0), tmp_path / "file" / "cut.mp4")


def test_limits_hold(footage: Callable[[str], Path], tmp_path: Path) -> None:
    path = footage("cfr25.mp4")
    with sources(path.parent) as opened:
        with pytest.raises(MediaLimitError, match="192x108 pixels"):
            measure(str(path), opened, Limits(pixels=1000))
        look = own_look(measure(str(path), opened))
        with pytest.raises(MediaLimitError, match="more than 10 frames"):
            cut([Piece(str(path), Span(1.0, 5.0))], opened, look, tmp_path / "cut.mp4", limits=Limits(frames=10))
    assert os.listdir(tmp_path) == []


def test_the_cutter_can_reach_nothing(tmp_path: Path) -> None:
    """By the time the first file comes, what a hostile one could use is gone."""
    held = sandbox.available()
    code = "import sys\nfrom playhead.media import cutter, sandbox\n" + textwrap.dedent("""
        def gone(request, orders, target, out):
            try:
                open("/etc/hostname")
            except OSError as error:
                raise ValueError(f"files: {error.strerror}")
        cutter._WORK["measure"] = gone
        sys.exit(cutter.main())
    """)
    if "files" not in held.kept:
        pytest.skip(str(held))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(json.dumps({"work": "measure", "limits": asdict(Limits())}).encode() + b"\n")
        with open(tmp_path / "out", "wb") as out:
            done = subprocess.run(
                [sys.executable, "-c", code, str(out.fileno())],
                stdin=theirs.fileno(),
                capture_output=True,
                pass_fds=[out.fileno()],
                env=sandbox.environment(),
                check=True,
                timeout=60,
            )
    assert b"files: Permission denied".lower() in done.stdout.lower()


@given(
    st.lists(st.tuples(st.integers(0, 8), st.integers(1, 4000), st.fractions(1, 60)), min_size=1, max_size=6),
    st.booleans(),
)
def test_a_common_look_is_even_and_not_too_large(sizes: list[tuple[int, int, Fraction]], sound: bool) -> None:
    measured = [(Measure(100 * w + 1, h, rate, sound), 1.0) for w, h, rate in sizes]
    look = common_look(measured)
    assert look.width % 2 == look.height % 2 == 0
    assert 2 <= min(look.width, look.height) <= 1080
    assert max(look.width, look.height) <= 1920
    assert look.rate_hz in {rate for _, _, rate in sizes}
    assert look.sound == sound
