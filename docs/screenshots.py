"""Takes the pictures of the page in docs/images: `python docs/screenshots.py`, with the extras `demo` and `dev`.

The demonstration film is built, indexed and served; Debian's Chromium looks at it. It takes some two minutes.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from playwright.sync_api import sync_playwright

from playhead import Library
from playhead.interfaces.demo_film import build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, ViewportSize

IMAGES = Path(__file__).parent / "images"
CHROMIUM = "/usr/bin/chromium"
SIZES: dict[str, ViewportSize] = {"desktop": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}
MOMENT = "0:37.5"
QUESTION = "What does the doctor say about the vaccine?"
LOOKING = "(v => v.readyState >= 2 && !v.seeking && v.paused)(document.getElementById('video'))"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        library = Path(folder) / "holidays.playhead"
        with Library(library) as opened:
            opened.add(build(Path(folder)))
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        for name, size in SIZES.items():
            for scheme in ("light", "dark"):
                with served(library) as address:  # a new one each time, which has not worked yet
                    save(picture(browser, address, size, scheme), IMAGES / f"page-{name}-{scheme}.png")
        browser.close()


@contextmanager
def served(library: Path) -> Iterator[str]:
    """The address of the page, while it is served."""
    command = [sys.executable, "-m", "playhead.interfaces.cli", "serve", "--port", "0", "--no-browser"]
    with subprocess.Popen([*command, "--library", str(library)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().strip()
        process.terminate()


def picture(browser: Browser, address: str, size: ViewportSize, scheme: str) -> bytes:
    """What somebody sees who searched, chose a moment, asked, and opened the citation."""
    look = "dark" if scheme == "dark" else "light"
    page = browser.new_page(viewport=size, color_scheme=look, reduced_motion="reduce")
    page.goto(address)
    page.locator("#films li").wait_for()
    page.fill("#words", "a person")
    page.press("#words", "Enter")
    page.locator(".hit", has_text=MOMENT).click()
    go_to(page, "asking")
    page.fill("#request", QUESTION)
    page.press("#request", "Enter")
    page.get_by_role("button", name="Run", exact=True).click()
    page.locator("#answer .cite").first.click()
    page.keyboard.press("k")
    while not page.evaluate(LOOKING):
        page.wait_for_timeout(50)
    page.evaluate("document.activeElement.blur()")
    page.wait_for_timeout(300)
    taken = page.screenshot()
    page.close()
    return taken


def go_to(page: Page, part: str) -> None:
    """On a phone, to another part of the page."""
    button = page.locator(f"[data-to={part}]")
    if button.is_visible():
        button.click()


def save(taken: bytes, path: Path) -> None:
    """As small as it is without a loss: a palette would change the greys, or lose the marks, which are few pixels."""
    path.parent.mkdir(exist_ok=True)
    Image.open(BytesIO(taken)).convert("RGB").save(path, optimize=True)
    print(path.name, path.stat().st_size // 1000, "kB")


if __name__ == "__main__":
    main()
