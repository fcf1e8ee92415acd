"""What peers are given, so that all listen with one model: Whisper base in three forms, and a transcript.

The weights come out of installed packages; nothing is downloaded.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from playhead.models.whisper_weights import faster_whisper_folder, openai_whisper_model

if TYPE_CHECKING:
    from pathlib import Path

_REPOSITORY = "models--Systran--faster-whisper-base"


def prepare(folder: Path, film: Path) -> Path:
    """The folder: `ctranslate2/`, `hub/` as a hub's cache has it, `base.pt`, and the film's `transcript.srt`."""
    folder.mkdir(parents=True, exist_ok=True)
    source = faster_whisper_folder()
    _linked(folder / "ctranslate2", source)
    revision = folder / "hub" / "hub" / _REPOSITORY / "snapshots" / "given"
    _linked(revision, source)
    (revision.parents[1] / "refs").mkdir(exist_ok=True)
    (revision.parents[1] / "refs" / "main").write_text(revision.name)
    if not (folder / "base.pt").is_file():
        _checkpoint(folder / "base.pt")
    command = [sys.executable, "-m", "playhead.interfaces.cli", "transcribe", str(film), "--format", "srt"]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    (folder / "transcript.srt").write_text(said.stdout, encoding="utf-8")
    return folder


def _linked(folder: Path, source: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for file in source.iterdir():
        if not (folder / file.name).exists():
            (folder / file.name).symlink_to(file)


def _checkpoint(path: Path) -> None:
    """The file that openai-whisper's own command line takes."""
    import torch

    model = openai_whisper_model()
    torch.save({"dims": asdict(model.dims), "model_state_dict": model.state_dict()}, path)
