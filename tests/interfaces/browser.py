"""A real server over a small library, and a real browser before it: for the tests of the page."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs
import pytest

from playhead.interfaces import demo_film

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

ROOT = Path(__file__).parents[2]
CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
AXE = "axe-core@4.14.1"  # MPL-2.0: fetched, not kept here
AXE_SHA256 = "e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745"
STICKING_OUT = (
    "[...document.querySelectorAll('.part')].flatMap(part => [...part.querySelectorAll('button, p, a, input')]"
    ".filter(e => !e.closest('.unseen') && e.getBoundingClientRect().right > part.getBoundingClientRect().right + 1)"
    ".map(e => e.outerHTML.slice(0, 100)))"
)
SHOTS = ("coins", "cat", "motorcycle")


def short_film(folder: Path) -> Path:
    """The demonstration film with `SHOTS` alone: 19 s, and one spoken sentence."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo_film, "_SCENES", tuple(s for s in demo_film._SCENES if s.name in SHOTS))
        patch.setattr(demo_film, "SHOTS", tuple(demo_film._shots()))
        return demo_film.build(folder)


@contextmanager
def served(library: Path, *arguments: str) -> Iterator[str]:
    """The address that `playhead serve` prints, while it serves."""
    command = [sys.executable, "-m", "playhead.interfaces.cli", "serve", "--port", "0", "--no-browser"]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "PLAYHEAD_CHANNELS": "picture,speech"}
    command += ["--library", str(library)]
    with subprocess.Popen([*command, *arguments], env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            address = process.stdout.readline().strip()
            assert address.startswith("http://127.0.0.1:"), address
            yield address
        finally:
            process.terminate()
            process.wait(20)


def axe() -> str:
    """The script that finds what keeps people out of a page; empty where npm cannot fetch it."""
    folder = platformdirs.user_cache_path("playhead-tests")
    archive = folder / "axe-core-4.14.1.tgz"
    if not archive.exists():
        npm = shutil.which("npm")
        if npm is None:
            return ""
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            [npm, "pack", "--silent", AXE], cwd=folder, capture_output=True, text=True, timeout=120, check=False
        )
        if done.returncode:
            return ""
    assert hashlib.sha256(archive.read_bytes()).hexdigest() == AXE_SHA256
    with tarfile.open(archive) as packed:
        script = packed.extractfile("package/axe.min.js")
        assert script
        return script.read().decode()


def shut_out(page: Page, script: str) -> list[str]:
    """What axe finds serious or critical on desktop and phone, light and dark; and what sticks out sideways."""
    found = []
    page.evaluate(script)
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        wide = page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
        found += [f"{size['width']} px: {wide} px too wide"] if wide > 0 else []
        found += [f"{size['width']} px: sticks out: {words}" for words in page.evaluate(STICKING_OUT)]
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            report: dict[str, Any] = page.evaluate("axe.run({resultTypes: ['violations']})")
            found += [
                f"{size['width']} px {scheme}: {fault['id']}: {node['html'][:120]} {node['failureSummary'][:200]}"
                for fault in report["violations"]
                if fault["impact"] in ("serious", "critical")
                for node in fault["nodes"]
            ]
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
    page.emulate_media(color_scheme="light")
    return found
