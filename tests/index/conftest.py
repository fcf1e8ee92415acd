"""A talk."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def talk(ffmpeg: str, tmp_path: Path) -> Path:
    """Two seconds of picture, the first of them with sound."""
    path = tmp_path / "footage" / "talk.mkv"
    path.parent.mkdir(exist_ok=True)
    inputs = ["-f", "lavfi", "-i", "testsrc2=s=96x54:r=10:d=2", "-f", "lavfi", "-i", "sine=d=1"]
    coding = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "pcm_s16le"]
    subprocess.run([ffmpeg, "-v", "error", "-nostdin", *inputs, *coding, str(path)], check=True, timeout=60)
    return path
