"""What a measurement was made on: the machine, the versions of what matters, the commit, and how busy it was."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
MATTERS = (
    "av chromadb ctranslate2 faster-whisper numpy onnxruntime openai-whisper opencv-python-headless rapidocr ray "
    "tokenizers torch transformers"
).split()


def described() -> dict[str, Any]:
    """The machine, Python, versions, commit and date of now, as a stored result holds them."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": commit(),
        "machine": machine(),
        "python": platform.python_version(),
        "versions": versions(),
    }


def machine() -> str:
    """Processor, cores that this process may use, memory, system and graphics processor in one line."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.machine()}"
    return f"{_processor()}, {cores} cores, {memory_gb:.0f} GB, {system}, {_accelerator()}"


def _processor() -> str:
    """Its name and the widest vectors it has, since these decide how fast networks run."""
    try:
        rows = [line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().splitlines() if ":" in line]
    except OSError:
        return platform.processor() or "unknown processor"
    about = {key.strip(): value.strip() for key, value in reversed(rows)}
    flags = about.get("flags", "").split()
    widest = next((name for name in ("avx512_vnni", "avx512f", "avx2") if name in flags), "no AVX2")
    return f"{about.get('model name', 'unknown processor')} ({widest})"


def _accelerator() -> str:
    return "an NVIDIA GPU is there" if Path("/proc/driver/nvidia/version").exists() else "no GPU"


def versions() -> dict[str, str]:
    """The installed versions of what matters for speed and scores."""
    found = {}
    for name in MATTERS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def commit() -> str:
    """The commit of the working tree, with a plus where files differ from it; nothing outside a repository."""
    try:
        head = _git("rev-parse", "--short", "HEAD")
        changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!benchmarks", ":!docs/images")
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head + ("+" if changed else "")


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def load() -> float:
    """How many processes wanted a core during the last minute; 0 where the system does not say."""
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else 0.0
