"""The demonstration film is what its manifest says, and the graphs behind it refuse, stop and clean up."""

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from playhead.errors import InputError, MediaLimitError, UnreadableMediaError
from playhead.interfaces import demo_film
from playhead.media import graphs
from playhead.media.files import MediaFile, open_file
from playhead.media.filming import Canvas
from playhead.media.formats import CONTAINERS
from playhead.media.waves import write_wave
from playhead.settings import DEFAULT_CHANNELS
from playhead.types import Channel, Progress

pytest.importorskip("hibari")

RATE_HZ = demo_film.CANVAS.rate_hz
SMALL = Canvas(width=64, height=48, rate_hz=25)
Picture = NDArray[np.float32]


def small(image: Image.Image) -> Picture:
    """64 x 36 and grey: enough to know a picture, too little to notice compression."""
    return np.asarray(image.convert("L").resize((64, 36), Image.Resampling.BOX), dtype=np.float32)


def difference(first: Picture, second: Picture) -> float:
    """Mean difference in grey levels, of 255."""
    return float(np.abs(first - second).mean())


def decode(path: Path) -> list[tuple[float, Picture]]:
    with av.open(str(path)) as container:
        return [(float(frame.time or 0), small(frame.to_image())) for frame in container.decode(video=0)]


def hear(path: Path) -> NDArray[np.float32]:
    """16 kHz mono."""
    resampler = av.AudioResampler("flt", "mono", 16_000)
    with av.open(str(path)) as container:
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


@pytest.fixture(scope="module")
def events() -> list[Progress]:
    return []


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory, events: list[Progress]) -> Path:
    return demo_film.build(tmp_path_factory.mktemp("demo") / "new", events.append)


@pytest.fixture(scope="module")
def frames(film: Path) -> list[tuple[float, Picture]]:
    return decode(film)


def source(scene: demo_film._Scene) -> Picture:
    """What the shot must open on, from the package's own file: the photograph as drawn, or the clip's frame."""
    if scene.first_frame is None:
        return small(demo_film._drawing(scene))
    with av.open(str(demo_film._packaged(scene))) as container:
        shape = container.streams.video[0].sample_aspect_ratio or 1
        for number, frame in enumerate(container.decode(video=0)):
            if number == scene.first_frame:
                return small(barred(frame.to_image(), float(shape)))
    raise AssertionError(scene.name)


def barred(image: Image.Image, pixel_shape: float) -> Image.Image:
    width, height = demo_film.CANVAS.width, demo_film.CANVAS.height
    scale = min(width / (image.width * pixel_shape), height / image.height)
    size = (round(image.width * pixel_shape * scale), round(image.height * scale))
    canvas = Image.new("RGB", (width, height))
    canvas.paste(image.resize(size), ((width - size[0]) // 2, (height - size[1]) // 2))
    return canvas


def test_the_manifest_is_in_order() -> None:
    shots = demo_film.SHOTS
    assert shots[0].span.start_s == 0
    assert all(a.span.end_s == b.span.start_s for a, b in pairwise(shots))
    assert 75 <= shots[-1].span.end_s <= 110
    assert len({shot.name for shot in shots}) == len(shots)


def test_every_question_has_its_shot_and_every_channel_a_question() -> None:
    shots = {shot.name: shot for shot in demo_film.SHOTS}
    for question in demo_film.QUESTIONS:
        shot = shots[question.shot]
        assert bool(shot.said) == (question.channel is Channel.SPEECH), question
        assert bool(shot.written) == (question.channel is Channel.TEXT), question
    assert {q.channel for q in demo_film.QUESTIONS} == set(DEFAULT_CHANNELS) - {Channel.MOTION}


@pytest.mark.slow
def test_the_film_is_as_long_as_the_manifest_says(film: Path, frames: list[tuple[float, Picture]]) -> None:
    end_s = demo_film.SHOTS[-1].span.end_s
    assert film.name == "first-film.mp4"
    assert len(frames) == round(end_s * RATE_HZ)
    assert [time_s for time_s, _ in frames] == pytest.approx([n / RATE_HZ for n in range(len(frames))])
    with av.open(str(film)) as container:
        video = container.streams.video[0]
        assert (video.width, video.height, video.average_rate) == (640, 360, RATE_HZ)
        assert (video.codec_context.name, container.streams.audio[0].codec_context.name) == ("h264", "aac")
        assert video.sample_aspect_ratio in (None, 1)
        assert container.duration is not None
        assert container.duration / av.time_base == pytest.approx(end_s, abs=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(demo_film.SHOTS)), ids=[s.name for s in demo_film.SHOTS])
def test_each_shot_opens_on_its_own_picture(number: int, frames: list[tuple[float, Picture]]) -> None:
    first = round(demo_film.SHOTS[number].span.start_s * RATE_HZ)
    expected = source(demo_film._SCENES[number])
    assert difference(frames[first][1], expected) < 4
    if first:
        assert difference(frames[first - 1][1], expected) > 12


@pytest.mark.slow
def test_speech_is_heard_where_something_is_said_and_nowhere_else(film: Path) -> None:
    sound = hear(film)
    assert len(sound) / 16_000 == pytest.approx(demo_film.SHOTS[-1].span.end_s, abs=0.05)
    for shot in demo_film.SHOTS:
        heard = sound[round(shot.span.start_s * 16_000) : round(shot.span.end_s * 16_000)]
        loudness = float(np.sqrt(np.mean(heard**2)))
        assert loudness > 0.03 if shot.said else loudness < 0.001, shot.name


@pytest.mark.slow
def test_progress_never_goes_back_within_a_stage(film: Path, events: list[Progress]) -> None:
    assert film.exists()
    assert [e.stage for e in events] == sorted((e.stage for e in events), key=["draw", "speak", "encode"].index)
    assert events[-1].done == events[-1].total == demo_film.SHOTS[-1].span.end_s


def test_a_missing_package_is_named_with_the_command_that_installs_it() -> None:
    scene = demo_film._Scene("gone", "nothing", 25, "no-such-package", "picture.png")
    with pytest.raises(InputError, match=r"no-such-package is not installed.*playhead\[demo\]"):
        demo_film._packaged(scene)


@pytest.fixture
def clip(tmp_path: Path) -> Iterator[MediaFile]:
    """One second of grey getting lighter, then a gap of a day, then one frame more."""
    path = tmp_path / "gap.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in [*range(25), 25 * 86_400]:
            level = min(number, 25) * 8
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), level, np.uint8), "rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with open_file(path, [tmp_path]) as file:
        yield file


def test_a_clip_has_exactly_its_frames_whatever_the_timestamps_say(clip: MediaFile, tmp_path: Path) -> None:
    shot = graphs.Clip(clip.descriptor, frames=50, start_s=0.2)
    graph = graphs.film([shot], [], canvas=SMALL, target=tmp_path / "cut.mp4")
    found = decode(graphs.run(graph, timeout_s=20))
    assert len(found) == 50
    assert found[0][1].mean() == pytest.approx(5 * 8, abs=6)
    assert found[-1][1].mean() == pytest.approx(24 * 8, abs=6)


def test_a_failed_run_says_why_and_leaves_an_older_film_alone(tmp_path: Path) -> None:
    broken, target = tmp_path / "broken.png", tmp_path / "film.mp4"
    broken.write_bytes(b"not a picture")
    target.write_bytes(b"older film")
    graph = graphs.film([graphs.Still(broken, 25)], [], canvas=SMALL, target=target)
    with pytest.raises(UnreadableMediaError, match=r"film\.mp4 was not made: \w"):
        graphs.run(graph, timeout_s=20)
    assert target.read_bytes() == b"older film"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.png", "film.mp4"]


def test_equal_stills_and_sounds_are_shown_and_heard_each(tmp_path: Path) -> None:
    write_wave(np.full(4_000, 0.3, np.float32), 8_000, tmp_path / "s.wav")
    for name, level in (("a.png", 60), ("b.png", 200)):
        Image.new("RGB", (64, 48), (level, level, level)).save(tmp_path / name)
    shots = [graphs.Still(tmp_path / name, 10) for name in ("a.png", "b.png", "a.png", "a.png")]
    sounds = [graphs.Sound(tmp_path / "s.wav", 0.0)] * 2
    graph = graphs.film(shots, sounds, canvas=SMALL, target=tmp_path / "film.mp4")
    found = decode(graphs.run(graph, timeout_s=20))
    assert [round(picture.mean() / 20) for _, picture in found] == [3] * 10 + [10] * 10 + [3] * 20
    assert np.abs(hear(tmp_path / "film.mp4"))[1_000:7_000].mean() == pytest.approx(0.6, abs=0.05)


def test_names_that_are_not_utf_8_are_names_like_others(tmp_path: Path) -> None:
    strange = tmp_path / os.fsdecode(b"caf\xe9 [0:v] %d")
    strange.mkdir()
    Image.new("RGB", (64, 48), "white").save(strange / "a.png")
    write_wave(np.zeros(800, np.float32), 8_000, strange / "s.wav")
    shots, sounds = [graphs.Still(strange / "a.png", 5)], [graphs.Sound(strange / "s.wav", 0.0)]
    graph = graphs.film(shots, sounds, canvas=SMALL, target=strange / "film.mp4")
    with graphs.run(graph, timeout_s=20).open("rb") as file, av.open(file) as container:
        assert sum(1 for _ in container.decode(video=0)) == 5


def test_a_run_ends_at_its_time_limit(tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    Image.new("RGB", (64, 48)).save(picture)
    shot = graphs.Still(picture, frames=25 * 86_400)
    graph = graphs.film([shot], [], canvas=Canvas(), target=tmp_path / "long.mp4")
    with pytest.raises(MediaLimitError, match="longer than"):
        graphs.run(graph, timeout_s=0.5)
    assert [path.name for path in tmp_path.iterdir()] == ["picture.png"]


@pytest.mark.parametrize("start_s", ["0,movie=secret", float("nan"), -1.0])
def test_only_numbers_reach_the_graph(start_s: float, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected a number"):
        graphs.film([graphs.Clip(0, 25, start_s)], [], canvas=SMALL, target=tmp_path / "film.mp4")
    with pytest.raises(ValueError, match="expected a whole number"):
        graphs.film([graphs.Clip(0, start_s)], [], canvas=SMALL, target=tmp_path / "film.mp4")  # type: ignore[arg-type]


def test_every_input_has_one_protocol_and_named_demuxers(clip: MediaFile, tmp_path: Path) -> None:
    still, sound = graphs.Still(tmp_path / "-i.png", 25), graphs.Sound(tmp_path / "http:a.wav", 0.0)
    shots = [still, graphs.Clip(clip.descriptor, 25)]
    arguments = graphs.film(shots, [sound], canvas=SMALL, target=tmp_path / "film.mp4").arguments
    rest, inputs = list(arguments), {}
    while "-i" in rest:
        at = rest.index("-i")
        options = dict(zip(rest[:at:2], rest[1:at:2], strict=True))
        inputs[rest[at + 1]] = options.get("-protocol_whitelist"), options.get("-f") or options["-format_whitelist"]
        rest = rest[at + 2 :]
    assert inputs == {
        f"file:{tmp_path}/-i.png": ("file", "png_pipe"),
        f"file:{tmp_path}/http:a.wav": ("file", "wav"),
        "fd:": ("fd", ",".join(CONTAINERS)),
    }
    assert not {"concat", "hls", "dash", "image2"} & set(",".join(CONTAINERS).split(","))
    assert arguments[-1] == f"file:{tmp_path}/.film.mp4.part"
