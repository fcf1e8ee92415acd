"""A library of one film of four seconds, made and indexed within a second or two, without a real model."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any, cast

from playhead.index.library import Library
from playhead.settings import Settings
from playhead.testing.fakes import FakeModels

if TYPE_CHECKING:
    from pathlib import Path

    from playhead.models.registry import Models

SMALL_FILM = "small.mp4"
_COLOURS = ("red", "green", "blue", "white")
_SAID = """1
00:00:00,200 --> 00:00:01,700
Hello there

2
00:00:02,500 --> 00:00:03,500
The ferry leaves at nine
"""


def small_library(folder: Path, models: FakeModels | None = None, **settings: Any) -> Library:
    """A library in `folder` that holds `small.mp4`: red, green, blue and white, a second each, over a tone.

    Its subtitles say "Hello there" (0.2 s to 1.7 s) and "The ferry leaves at nine" (2.5 s to 3.5 s). Close it, or use
    it in a `with`. `settings` are those of the library; files may be opened below `folder`.
    """
    footage = folder / "footage"
    footage.mkdir(parents=True)
    _film(footage / SMALL_FILM)
    (footage / SMALL_FILM).with_suffix(".srt").write_text(_SAID)
    chosen = {"channels": ("picture", "object", "speech"), "roots": (folder,)} | settings
    library = Library(
        folder / "library", settings=Settings.model_validate(chosen), models=cast("Models", models or FakeModels())
    )
    report = library.add(footage / SMALL_FILM)
    for _, error in report.failed:
        raise error
    return library


def _film(path: Path) -> None:
    import imageio_ffmpeg

    inputs = [part for c in _COLOURS for part in ("-f", "lavfi", "-i", f"color={c}:s=96x54:r=10:d=1")]
    inputs += ["-f", "lavfi", "-i", f"sine=d={len(_COLOURS)}"]
    graph = ["-filter_complex", f"concat=n={len(_COLOURS)}:v=1:a=0[v]", "-map", "[v]", "-map", f"{len(_COLOURS)}:a"]
    coding = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", *inputs, *graph, *coding, str(path)]
    subprocess.run(command, check=True, timeout=60)
