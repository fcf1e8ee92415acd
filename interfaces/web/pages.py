"""The page itself: the files in `page/`, which say nothing of anybody's footage and may be read by all."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "page"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
}


def pages() -> dict[str, tuple[Path, str]]:
    """Every file of the page by its address, with its media type; `/` is the first."""
    found = {
        f"/page/{path.name}": (path, _KINDS[path.suffix])
        for path in sorted(FOLDER.glob("*"))
        if path.suffix in _KINDS and path.is_file()
    }
    first = found.get("/page/index.html")
    return ({"/": first} if first else {}) | found
