"""Small films of colours, a second each over a tone, with subtitles that say something else."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import imageio_ffmpeg

if TYPE_CHECKING:
    from pathlib import Path

FILMS = {
    "flag.mp4": (("red", "white", "blue"), "Hello there", "The ferry leaves at nine"),
    "garden.mp4": (("green", "red", "green"), "Look at the roses", "The gate stays open"),
    "snow.mkv": (("white", "blue", "white", "green"), "It is cold today", "Bring a warm coat"),
}
CODING = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-pix_fmt", "yuv420p", "-c:a", "aac")


def films(folder: Path) -> Path:
    """The folder with `FILMS` in it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (colours, *said) in FILMS.items():
        inputs = [part for c in colours for part in ("-f", "lavfi", "-i", f"color={c}:s=96x54:r=10:d=1")]
        inputs += ["-f", "lavfi", "-i", f"sine=d={len(colours)}"]
        graph = f"concat=n={len(colours)}:v=1:a=0[v]"
        command = [*inputs, "-filter_complex", graph, "-map", "[v]", "-map", f"{len(colours)}:a", *CODING]
        _ffmpeg(*command, str(folder / name))
        lines = [f"{n + 1}\n00:00:0{n},200 --> 00:00:0{n},900\n{text}\n" for n, text in enumerate(said)]
        (folder / name).with_suffix(".srt").write_text("\n".join(lines))
    return folder


def beginning(film: Path, target: Path, length_s: float) -> Path:
    """The first seconds of a film."""
    _ffmpeg("-t", str(length_s), "-i", str(film), "-c", "copy", str(target))
    return target


def renewed(film: Path, number: int, target: Path) -> Path:
    """The same film in other bytes: an MP4 box of free space with a number in it is added at the end."""
    partial = target.with_suffix(".part")
    shutil.copy(film, partial)
    with partial.open("ab") as file:
        file.write((16).to_bytes(4) + b"free" + number.to_bytes(8))
    return partial.replace(target)


def _ffmpeg(*arguments: str) -> None:
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    subprocess.run([ffmpeg, "-v", "error", "-nostdin", "-y", *arguments], check=True, timeout=60)
