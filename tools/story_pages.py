"""A story as files to read: Markdown with its pictures beside it, and one HTML page with everything in it."""

from __future__ import annotations

import base64
import html
import io
import re
from typing import TYPE_CHECKING

from PIL import Image as Pillow

from playhead.types import Claim, cited

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from playhead.types import Page

_WIDTH = 960
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|!~])")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f]")

_STYLE = """
:root{color-scheme:light dark}
body{margin:0 auto;max-width:44rem;padding:2rem 1.2rem 4rem;font:1.15rem/1.65 Georgia,'Times New Roman',serif;
background:#fdfcf9;color:#22252a}
h1{font-size:2.1rem;line-height:1.2;margin:1rem 0 2rem}
section{margin:0 0 2.6rem}
img{display:block;width:100%;max-height:34rem;object-fit:contain;background:#e9e6df;border-radius:.4rem}
p{margin:.9rem 0 .2rem}
small{color:#686c74;font:.8rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
@media(prefers-color-scheme:dark){body{background:#16181c;color:#e4e2dc}img{background:#24272d}small{color:#9a9ea6}}
@media print{section{break-inside:avoid}}
"""
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def markdown(title: str, pages: Sequence[Page]) -> str:
    """The story as Markdown; nothing that footage says can become markup of it."""
    parts = [f"# {_plain(title)}"]
    for page in pages:
        if page.image:
            parts.append(f"![{_plain(page.image.text)}]({page.image.path.name})")
        parts += [_plain(page.text), f"*{_plain(_where(page))}*"]
    return "\n\n".join(parts) + "\n"


def web_page(title: str, pages: Sequence[Page]) -> str:
    """The story as one HTML file: pictures inside, no script, nothing fetched."""
    body = "\n".join(_section(page) for page in pages)
    said = html.escape(_BIDI.sub("", title))
    head = (
        f'<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{said}</title>\n'
        f"<style>{_STYLE}</style>"
    )
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n<main>\n<h1 dir="auto">{said}</h1>\n'
        f"{body}\n</main>\n</body>\n</html>\n"
    )


def _section(page: Page) -> str:
    text, where = html.escape(_BIDI.sub("", page.text)), html.escape(_BIDI.sub("", _where(page)))
    picture = ""
    if page.image:
        alt = html.escape(_BIDI.sub("", page.image.text), quote=True)
        picture = f'<img src="data:image/jpeg;base64,{_inside(page.image.path)}" alt="{alt}">\n'
    return f'<section>\n{picture}<p dir="auto">{text}</p>\n<small dir="auto">{where}</small>\n</section>'


def _where(page: Page) -> str:
    """Which videos and times a page rests on."""
    videos = list({c.video.id: c.video for c in page.evidence}.values())
    by_video = (Claim("", tuple(c for c in page.evidence if c.video.id == video.id)) for video in videos)
    return "; ".join(f"{v.name} {cited(claim)}" for v, claim in zip(videos, by_video, strict=True))


def _inside(path: Path) -> str:
    with Pillow.open(path) as picture:
        picture.thumbnail((_WIDTH, 2 * _WIDTH))
        data = io.BytesIO()
        picture.save(data, "JPEG", quality=82)
    return base64.b64encode(data.getvalue()).decode()


def _plain(text: str) -> str:
    """One line in which no sign is taken for markup."""
    line = " ".join(_BIDI.sub("", text).split())
    return re.sub(r"^([-+=]|\d+(?=[.)]))", r"\\\1", _MARKUP.sub(r"\\\1", line)).replace("&", "&amp;")
