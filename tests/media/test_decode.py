"""One pass over a file: true times, upright pictures, sound as models want it, and honesty about damage."""

import os
import shutil
import signal
import subprocess
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from playhead.errors import MediaError, MediaLimitError, UnreadableMediaError
from playhead.media.decode import (
    AudioStreamInfo,
    Beat,
    Cut,
    End,
    Probe,
    Sample,
    SoundPiece,
    Subtitle,
    VideoStreamInfo,
    Wants,
    decode,
    probe,
)
from playhead.media.files import open_file
from playhead.types import Limits, Span, Utterance

Clips = Callable[[str], Path]
RATE_HZ = 16_000


@dataclass
class Seen:
    """Everything one pass gave."""

    probe: Probe
    end: End
    cuts: list[float] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    sound: list[SoundPiece] = field(default_factory=list)
    subtitles: list[Utterance] = field(default_factory=list)

    @property
    def times(self) -> list[float]:
        return [sample.time_s for sample in self.samples]

    @property
    def heard(self) -> NDArray[np.float32]:
        return np.concatenate([piece.samples for piece in self.sound])


def see(path: Path, wants: Wants | None = None, limits: Limits | None = None) -> Seen:
    with open_file(path, [path.parent]) as file:
        events = list(decode(file, wants, limits))
    assert isinstance(events[0], Probe)
    assert isinstance(events[-1], End)
    seen = Seen(events[0], events[-1])
    for event in events[1:-1]:
        match event:
            case Cut():
                seen.cuts.append(event.time_s)
            case Sample():
                seen.samples.append(event)
            case SoundPiece():
                seen.sound.append(event)
            case Subtitle():
                seen.subtitles.append(event.utterance)
            case other:
                assert isinstance(other, Beat)
    return seen


def grey(frame: int) -> float:
    """How bright frame `frame` of numbered.mkv is in RGB."""
    return min(4 * frame * 255 / 219, 255)


def loudest_hertz(samples: NDArray[np.float32]) -> float:
    return float(np.abs(np.fft.rfft(samples)).argmax() * RATE_HZ / len(samples))


def shown_by_ffmpeg(ffmpeg: str, path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The first frame as ffmpeg's own player side turns it."""
    command = [ffmpeg, "-v", "error", "-i", str(path), "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    done = subprocess.run(command, check=True, capture_output=True, timeout=20)
    return np.frombuffer(done.stdout, np.uint8).reshape(shape)


# Times


@pytest.mark.parametrize("fps", [1.0, 2.0, 5.0])
def test_a_sample_shows_the_frame_of_its_time(fps: float, clips: Clips) -> None:
    seen = see(clips("numbered.mkv"), Wants(fps=fps))
    assert seen.times == pytest.approx([k / fps for k in range(round(5 * fps))], abs=1e-9)
    for sample in seen.samples:
        assert sample.image.mean() == pytest.approx(grey(round(sample.time_s * 10)), abs=1.5)


def test_the_grid_of_odd_rates_does_not_drift(clips: Clips) -> None:
    seen = see(clips("ntsc.mp4"))
    assert len(seen.samples) == 62
    for k, time_s in enumerate(seen.times):
        frame = time_s * 30000 / 1001
        assert frame == pytest.approx(round(frame), abs=1e-3), "the time of a real frame"
        assert 0 <= time_s - k < 1001 / 30000 + 1e-6, "the first at or after the point of the grid"


@pytest.mark.parametrize(("name", "first_s"), [("plain.mp4", 0.0), ("late.ts", 1.4), ("late.mkv", 100.0)])
def test_the_first_frame_has_its_true_time(name: str, first_s: float, clips: Clips) -> None:
    seen = see(clips(name))
    assert seen.times == pytest.approx([first_s, first_s + 1], abs=1e-6)
    assert (seen.end.first_s, seen.end.end_s) == pytest.approx((first_s, first_s + 2), abs=1e-6)
    assert seen.probe.start_s == pytest.approx(first_s, abs=1e-6)
    assert seen.end.warnings == ()


def test_a_variable_rate_keeps_every_frame_at_its_own_time(clips: Clips) -> None:
    seen = see(clips("vfr.mkv"), Wants(fps=20))
    assert seen.times == pytest.approx([n * n * 0.05 for n in range(8)], abs=1e-9)
    assert see(clips("vfr.mkv")).times == pytest.approx([0.0, 1.25, 2.45])


@pytest.mark.parametrize(("name", "varies"), [("vfr.mp4", True), ("plain.mp4", False), ("ntsc.mp4", False)])
def test_probe_knows_a_variable_rate_from_a_steady_one(name: str, varies: bool, clips: Clips) -> None:
    path = clips(name)
    with open_file(path, [path.parent]) as file:
        said = probe(file)
    assert said.video is not None
    assert said.video.variable_rate is varies


@pytest.mark.parametrize("name", ["short.mp4", "one_frame.mp4"])
def test_a_clip_shorter_than_a_step_gives_its_first_frame(name: str, clips: Clips) -> None:
    seen = see(clips(name), Wants(fps=0.1))
    assert seen.times == [0.0]
    assert seen.samples[0].key is not None
    assert seen.end.end_s == pytest.approx(0.2 if name == "short.mp4" else 0.1)


def test_time_stamps_that_start_again_are_told(clips: Clips, tmp_path: Path) -> None:
    (tmp_path / "twice.ts").write_bytes(clips("late.ts").read_bytes() * 2)
    seen = see(tmp_path / "twice.ts")
    assert seen.times == pytest.approx([1.4, 2.4])
    assert any("time stamps go back" in warning for warning in seen.end.warnings)


# Shots


def test_hard_cuts_are_found_on_their_frames_and_looked_at(clips: Clips) -> None:
    seen = see(clips("cuts.mp4"), Wants(fps=0.1))
    assert seen.cuts == pytest.approx([1.0, 2.0, 3.0])
    assert seen.times == pytest.approx([0.0, 1.2, 2.2, 3.2])
    colours = [(255, 0, 0), (0, 128, 0), (0, 0, 255), (255, 255, 255)]
    for sample, colour in zip(seen.samples, colours, strict=True):
        assert np.abs(sample.image.mean(axis=(0, 1)) - colour).max() < 8
        assert sample.key is not None, "the first look at a shot is a key frame"


@pytest.mark.parametrize("name", ["pan.mp4", "noise.mkv", "ntsc.mp4"])
def test_motion_and_noise_are_not_cuts(name: str, clips: Clips) -> None:
    assert see(clips(name)).cuts == []


# Pictures


@pytest.mark.parametrize("name", ["rotated_90.mp4", "rotated_180.mp4", "rotated_270.mp4", "mirrored.mp4"])
def test_a_turned_video_comes_upright(name: str, clips: Clips, ffmpeg: str) -> None:
    upright = see(clips("upright.mp4")).samples[0].image
    turned = see(clips(name)).samples[0]
    turn = {"rotated_90.mp4": 1, "rotated_180.mp4": 2, "rotated_270.mp4": 3}.get(name)
    np.testing.assert_array_equal(turned.image, upright[:, ::-1] if turn is None else np.rot90(upright, turn))
    assert turned.key is not None
    assert turned.key.shape == turned.image.shape
    shown = shown_by_ffmpeg(ffmpeg, clips(name), turned.image.shape)
    assert np.abs(shown.astype(int) - turned.image).mean() < 4


@pytest.mark.parametrize("name", ["wide_pixels.mp4", "wide_pixels.mkv"])
def test_pixels_that_are_not_square_are_made_so(name: str, clips: Clips) -> None:
    assert see(clips(name)).samples[0].image.shape == (54, 192, 3)


def test_samples_and_key_frames_have_their_sizes_and_small_footage_is_not_blown_up(clips: Clips) -> None:
    large, small = see(clips("large.mkv")).samples[0], see(clips("plain.mp4")).samples[0]
    assert large.key is not None
    assert small.key is not None
    assert (large.image.shape, large.key.shape) == ((256, 455, 3), (720, 1280, 3))
    assert (small.image.shape, small.key.shape) == ((54, 96, 3), (54, 96, 3))
    assert large.image.dtype == np.uint8


@pytest.mark.parametrize("name", ["cover.m4a", "cover.mp4"])
def test_cover_art_is_not_video(name: str, clips: Clips) -> None:
    seen = see(clips(name))
    if name == "cover.m4a":
        assert seen.probe.video is None
        assert (seen.samples, seen.end.frames) == ([], 0)
        assert len(seen.heard) == pytest.approx(2 * RATE_HZ, abs=2000)
    else:
        assert seen.probe.video is not None
        assert (seen.probe.video.width, seen.probe.video.height) == (96, 54)
        assert seen.end.frames == 20


# Sound


@pytest.mark.parametrize("name", ["tone.wav", "talk.mkv", "talk.mp4", "audio_only.m4a"])
def test_sound_is_mono_float_at_16_khz_as_long_as_it_was(name: str, clips: Clips) -> None:
    seen = see(clips(name))
    assert seen.heard.dtype == np.float32
    exact = name in ("tone.wav", "talk.mkv")
    assert len(seen.heard) == pytest.approx(2 * RATE_HZ, abs=2 if exact else 1100)
    assert seen.sound[0].start_s == pytest.approx(0, abs=0 if exact else 0.03)
    assert loudest_hertz(seen.heard) == pytest.approx(440, abs=1)
    assert np.abs(seen.heard).max() == pytest.approx(0.125, abs=0.01)
    assert seen.end.samples == len(seen.heard)


def test_pieces_of_sound_follow_each_other_without_a_seam(clips: Clips) -> None:
    seen = see(clips("long_tone.mkv"))
    assert len(seen.sound) > 2
    for before, after in pairwise(seen.sound):
        assert after.start_s == pytest.approx(before.start_s + len(before.samples) / RATE_HZ, abs=1e-6)
    steps = np.abs(np.diff(seen.heard[100:-100]))
    assert steps.max() < 0.125 * 2 * np.pi * 440 / RATE_HZ * 1.05, "a seam would be a step in the sine"


def test_sound_that_begins_later_says_when(clips: Clips) -> None:
    seen = see(clips("late_sound.mkv"))
    assert seen.sound[0].start_s == pytest.approx(1.0, abs=1e-3)
    assert len(seen.heard) == pytest.approx(RATE_HZ, abs=2)
    assert seen.times[0] == 0.0


def test_a_hole_in_the_sound_is_neither_filled_nor_closed(clips: Clips) -> None:
    seen = see(clips("holes.mkv"))
    assert len(seen.heard) == pytest.approx(1.5 * RATE_HZ, abs=1200)
    jumps = [
        (before.start_s + len(before.samples) / RATE_HZ, after.start_s)
        for before, after in pairwise(seen.sound)
        if after.start_s - before.start_s - len(before.samples) / RATE_HZ > 0.1
    ]
    assert jumps == [pytest.approx((0.5, 2.0), abs=0.03)]


@pytest.mark.parametrize(("name", "loud"), [("stereo.wav", 0.25), ("surround.flac", 0.07)])
def test_every_channel_is_heard(name: str, loud: float, clips: Clips) -> None:
    """In one file only the left speaker plays, in the other only the centre one."""
    seen = see(clips(name))
    assert seen.probe.audio is not None
    assert seen.probe.audio.channels == (2 if name == "stereo.wav" else 6)
    assert len(seen.heard) == pytest.approx(RATE_HZ, abs=2)
    assert loudest_hertz(seen.heard) == pytest.approx(440, abs=2)
    assert loud * 0.6 < np.abs(seen.heard).max() < loud * 2


def test_sound_may_change_its_form_on_the_way(clips: Clips, tmp_path: Path) -> None:
    """As in a broadcast: one second of stereo at 44.1 kHz, then one of mono at 48 kHz."""
    parts = [clips("change_1.ts").read_bytes(), clips("change_2.ts").read_bytes()]
    (tmp_path / "both.ts").write_bytes(b"".join(parts))
    seen = see(tmp_path / "both.ts")
    assert len(seen.heard) == pytest.approx(2 * RATE_HZ, abs=2000)
    assert loudest_hertz(seen.heard[-RATE_HZ // 2 :]) == pytest.approx(440, abs=4)


# Subtitles


@pytest.mark.parametrize("name", ["subtitled.mp4", "subtitled.mkv"])
def test_embedded_subtitles_are_read(name: str, clips: Clips) -> None:
    seen = see(clips(name))
    assert seen.probe.subtitles
    assert [u.text for u in seen.subtitles] == ["Hello there", "Second line"]
    assert [u.span for u in seen.subtitles] == [Span(0.2, 0.7), Span(1.0, 1.5)]


# Only what is wanted


def test_a_stream_nobody_wants_is_not_decoded(clips: Clips) -> None:
    only_sound = see(clips("talk.mkv"), Wants(picture=False))
    assert (only_sound.samples, only_sound.cuts, only_sound.end.frames) == ([], [], 0)
    assert len(only_sound.heard) == 2 * RATE_HZ
    only_picture = see(clips("talk.mkv"), Wants(sound=False, keys=False))
    assert (only_picture.sound, only_picture.end.samples, only_picture.end.frames) == ([], 0, 20)
    assert [sample.key for sample in only_picture.samples] == [None, None]
    only_text = see(clips("subtitled.mkv"), Wants(picture=False, sound=False))
    assert (len(only_text.subtitles), only_text.end.frames) == (2, 0)
    assert see(clips("subtitled.mkv"), Wants(subtitles=False)).subtitles == []


def test_probe_tells_what_the_container_says(clips: Clips) -> None:
    path = clips("talk.mkv")
    with open_file(path, [path.parent]) as file:
        said = probe(file)
        assert probe(file) == said, "probing leaves nothing behind"
        assert sum(isinstance(event, Sample) for event in decode(file)) == 2
        assert sum(isinstance(event, Sample) for event in decode(file)) == 2
    assert said.container == "matroska,webm"
    assert said.video == VideoStreamInfo("h264", 96, 54, 10.0, variable_rate=False)
    assert said.audio == AudioStreamInfo("pcm_s16le", 44_100, 1)
    assert said.stated_duration_s == pytest.approx(2, abs=0.01)
    assert (said.start_s, said.subtitles) == (0.0, None)


# Damage


def damaged(path: Path, folder: Path, start: float, end: float) -> Path:
    """A copy whose bytes between two fractions of its length are overwritten."""
    data = bytearray(path.read_bytes())
    first, last = round(start * len(data)), round(end * len(data))
    data[first:last] = np.random.default_rng(3).bytes(last - first)
    target = folder / path.name
    target.write_bytes(data)
    return target


@pytest.mark.parametrize("name", ["fast_start.mp4", "late.ts", "long.mkv"])
def test_damage_half_way_gives_what_can_be_read_and_says_so(name: str, clips: Clips, tmp_path: Path) -> None:
    seen = see(damaged(clips(name), tmp_path, 0.5, 0.6), Wants(fps=2))
    whole = see(clips(name), Wants(fps=2))
    assert seen.times[:2] == whole.times[:2]
    assert seen.end.warnings
    assert whole.end.warnings == ()


def test_a_long_stretch_of_damage_does_not_throw_away_the_beginning(clips: Clips, tmp_path: Path) -> None:
    seen = see(damaged(clips("crowded.mp4"), tmp_path, 0.3, 1.0))
    assert seen.times[0] == 0.0
    assert any("some of it is damaged" in warning for warning in seen.end.warnings)


@pytest.mark.parametrize(("name", "kept"), [("fast_start.mp4", 0.5), ("long.mkv", 0.4), ("tone.wav", 0.5)])
def test_a_file_cut_short_gives_its_beginning_and_says_so(
    name: str, kept: float, clips: Clips, tmp_path: Path
) -> None:
    path = tmp_path / name
    shutil.copyfile(clips(name), path)
    os.truncate(path, round(path.stat().st_size * kept))
    seen = see(path)
    assert seen.samples or seen.sound
    if name != "tone.wav":  # a WAV file's length is read from its size
        assert seen.end.warnings
        assert seen.end.end_s < 0.8 * (seen.probe.stated_duration_s or 0)


def test_a_file_without_its_index_says_that_it_cannot_be_read(clips: Clips, tmp_path: Path) -> None:
    data = clips("plain.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(data[: data.index(b"moov")])
    with pytest.raises(UnreadableMediaError, match=r"cut\.mp4 cannot be read"):
        see(tmp_path / "cut.mp4")


def test_a_file_with_nothing_to_show_says_so(clips: Clips, tmp_path: Path) -> None:
    whole = clips("plain.mp4").read_bytes()
    start = whole.index(b"mdat") + 4
    emptied = whole[:start] + bytes(whole.index(b"moov") - 4 - start) + whole[whole.index(b"moov") - 4 :]
    (tmp_path / "empty.mp4").write_bytes(emptied)
    (tmp_path / "text.mp4").write_text("this is not a video\n" * 99)
    for name in ("empty.mp4", "text.mp4"):
        with pytest.raises(UnreadableMediaError, match="cannot be read"):
            see(tmp_path / name)


# Limits


@pytest.mark.parametrize(
    ("name", "limits", "says"),
    [
        ("plain.mp4", Limits(pixels=96 * 54 - 1), "96x54 pixels"),
        ("plain.mp4", Limits(frames=19), "more than 19 frames"),
        ("plain.mp4", Limits(seconds=1.5), "plays longer than"),
        ("tone.wav", Limits(seconds=1.5), "sound lasts longer"),
    ],
)
def test_limits_are_kept(name: str, limits: Limits, says: str, clips: Clips) -> None:
    with pytest.raises(MediaLimitError, match=says):
        see(clips(name), limits=limits)


def test_limits_are_not_kept_too_early(clips: Clips) -> None:
    assert see(clips("plain.mp4"), limits=Limits(pixels=96 * 54, frames=20, seconds=2)).end.frames == 20


def test_however_much_is_decoded_little_is_held(clips: Clips) -> None:
    path, total = clips("long.mkv"), 0
    with open_file(path, [path.parent]) as file:
        tracemalloc.start()
        for event in decode(file, Wants(fps=10)):
            total += event.image.nbytes if isinstance(event, Sample) else 0
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert total > 60 << 20
    assert peak < 8 << 20


# The decoding process


def test_no_process_or_descriptor_is_left_behind(clips: Clips, children: Callable[[], set[int]]) -> None:
    path, before = clips("long.mkv"), children()
    descriptors = len(os.listdir("/proc/self/fd"))
    with open_file(path, [path.parent]) as file:
        probe(file)
        events = decode(file)
        next(events)
        assert len(children() - before) == 1
        events.close()  # given up half-way
        assert children() == before
        list(decode(file))
    with open_file(clips("plain.mp4"), [path.parent]) as file, pytest.raises(MediaError):
        list(decode(file, limits=Limits(frames=1)))
    assert children() == before
    assert len(os.listdir("/proc/self/fd")) == descriptors


def test_a_pass_may_be_paused_and_resumed(clips: Clips, children: Callable[[], set[int]]) -> None:
    """Ctrl-Z and fg while the decoder is half-way through a message: the rest of it must still arrive."""
    path, before = clips("large.mkv"), children()
    with open_file(path, [path.parent]) as file:
        events = decode(file, Wants(fps=10))
        assert isinstance(next(events), Probe)
        time.sleep(0.4)  # it now waits for us to take the first key frame, larger than any pipe
        (child,) = children() - before
        os.kill(child, signal.SIGSTOP)
        time.sleep(0.05)
        os.kill(child, signal.SIGCONT)
        time.sleep(0.05)
        rest = list(events)
    assert isinstance(rest[-1], End)
    assert sum(isinstance(event, Sample) for event in rest) == 4


def test_a_slow_reader_is_waited_for(clips: Clips) -> None:
    path, times = clips("long.mkv"), []
    with open_file(path, [path.parent]) as file:
        for event in decode(file, Wants(fps=0.5), Limits(stall_s=0.5)):
            if isinstance(event, Sample):
                times.append(event.time_s)
                if len(times) == 1:
                    time.sleep(0.8)
    assert len(times) == 10
