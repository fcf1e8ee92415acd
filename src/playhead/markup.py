"""Results as HTML: what a notebook shows of them, and the pieces of a run's report.

A piece stands alone: pictures are inside it, there is no script, no style sheet and nothing to load, so it looks the
same where the notebook is opened next. Colours are those around it, light or dark. Every word is escaped and cut
short, since words of footage and names of files are not trusted.
"""

from __future__ import annotations

import base64
import html
import os
from dataclasses import dataclass
from functools import singledispatch
from typing import TYPE_CHECKING, TypeVar

from playhead.errors import MediaError
from playhead.plain import spelled_out
from playhead.types import (
    PICTORIAL,
    Answer,
    Clip,
    Clips,
    Frames,
    Image,
    Images,
    Moment,
    SearchResult,
    Video,
    cited,
    format_time,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from playhead.types import Claim, Evidence, Origin

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Room:
    """How much there is room for: items of a list, pictures, and letters of one text."""

    items: int = 10
    pictures: int = 10
    letters: int = 300


NOTEBOOK = Room()
_MOST_EVIDENCE = 3
_SIDE = 320
_FAINT = "opacity:.7;font-variant-numeric:tabular-nums"
_IMAGE = "display:block;max-width:160px;max-height:144px;margin:4px 0;border-radius:4px"
_TILE = "display:inline-block;vertical-align:top;margin-right:12px;max-width:160px"
_CELL = "text-align:left;vertical-align:top;padding:4px 12px 4px 0;border:0;background:none"


@singledispatch
def shown(result: object) -> str:
    """A result as a piece of HTML, of bounded size."""
    return piece(f"<p>{words(str(result))}</p>")


@shown.register
def _(result: Moment) -> str:
    return piece(_moments([result]))


@shown.register
def _(result: SearchResult) -> str:
    if result.moments:
        count = f"{len(result.moments)} {'moment' if len(result.moments) == 1 else 'moments'}"
        told = f"<p>“{words(result.query)}”: {count}</p>{_moments(result.moments)}"
    else:
        nearest = f" The nearest there is:</p>{_moments(result.nearest)}" if result.nearest else "</p>"
        told = f"<p>Nothing shows or says “{words(result.query)}”.{nearest}"
    return piece(told, notes(result.notes))


@shown.register
def _(result: Answer) -> str:
    return piece(answer(result))


@shown.register
def _(result: Video) -> str:
    size = f", {result.width}×{result.height}" if result.width else ""
    told = f"<p><b>{words(str(result))}</b> {faint(f'{format_time(result.duration_s)}{size}')}</p>"
    silent = () if result.has_audio else ("It has no sound.",)
    return piece(told, notes((*silent, *result.warnings)))


@shown.register
def _(result: Frames) -> str:
    taken = [(frame.path, f"{frame.video} at {format_time(frame.time_s)}") for frame in result.frames]
    return piece(_tiles(taken))


@shown.register
def _(result: Images) -> str:
    return piece(_tiles([(image.path, _made(image)) for image in result.images]))


@shown.register
def _(result: Image) -> str:
    return piece(_tiles([(result.path, _made(result))]))


@shown.register
def _(result: Clip) -> str:
    return piece(listed([_clip(result)]))


@shown.register
def _(result: Clips) -> str:
    return piece(listed(first(result.clips, _clip)))


def piece(*parts: str) -> str:
    """Parts as one piece of a page, which keeps its own writing direction."""
    return f'<div dir="ltr" style="overflow-wrap:anywhere">{"".join(parts)}</div>'


def words(text: str, longest: int = NOTEBOOK.letters) -> str:
    """Text on one line and escaped, cut where it is longer, with what would steer its reader spelled out."""
    line = " ".join(text.split())
    kept = line if len(line) <= longest else f"{line[:longest].rstrip()}…"
    return f"<bdi>{html.escape(spelled_out(kept))}</bdi>"


def faint(text: str, longest: int = NOTEBOOK.letters) -> str:
    """Times, names and numbers beside what matters more."""
    return f'<span style="{_FAINT}">{words(text, longest)}</span>'


def notes(said: Sequence[str], room: Room = NOTEBOOK) -> str:
    """A line each, beside what matters more."""
    told = first(said, lambda note: faint(note, room.letters), room.items)
    return "".join(f"<p>{note}</p>" for note in told)


def listed(items: Iterable[str], kind: str = "ul") -> str:
    """Pieces as a list; nothing where there are none."""
    told = "".join(f"<li>{item}</li>" for item in items)
    return f"<{kind}>{told}</{kind}>" if told else ""


def table(rows: Iterable[Sequence[str]]) -> str:
    """Pieces in rows; nothing where there are none."""
    cells = ["".join(f'<td style="{_CELL}">{cell}</td>' for cell in row) for row in rows]
    told = "".join(f'<tr style="background:none">{row}</tr>' for row in cells)
    return f'<table style="border:0;margin:0">{told}</table>' if told else ""


def answer(said: Answer, room: Room = NOTEBOOK) -> str:
    """The sentences with their times and pictures, then the notes."""
    pictures = Pictures(room.pictures)
    told = first(said.claims, lambda claim: _claim(claim, said.videos, pictures, room), room.items)
    dropped = [f"Dropped for want of evidence: {said.dropped}."] if said.dropped else []
    return listed(told, "ol") + notes((*said.notes, *dropped), room)


def _claim(said: Claim, videos: tuple[Video, ...], pictures: Pictures, room: Room) -> str:
    """A sentence, its times, and the picture of the first thing it rests on."""
    title = f"<b>{words(said.title, room.letters)}</b> " if said.title else ""
    image = "".join(pictures.tag(citation.thumbnail, str(citation.video)) for citation in said.evidence[:1])
    return f"{title}{words(said.text, room.letters)} {faint(cited(said, videos), room.letters)}{image}"


class Pictures:
    """Each picture once, and not more than a page bears."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._shown: set[Path] = set()

    def tag(self, path: Path | None, said: str) -> str:
        """The picture; nothing where there is none, or no room for it."""
        if path is None or path in self._shown or len(self._shown) >= self._most:
            return ""
        self._shown.add(path)
        return picture(path, said)


def picture(path: Path, said: str) -> str:
    """An image file as a small JPEG inside the page; a few words where it is gone or is no picture."""
    from playhead.media.images import read_image, small_jpeg

    if not os.path.isfile(path):
        return faint("(the picture is gone)")
    try:
        data = base64.b64encode(small_jpeg(read_image(path, [path.parent]), _SIDE)).decode()
    except MediaError:
        return faint("(the picture cannot be shown)")
    alt = html.escape(spelled_out(said[: NOTEBOOK.letters]))
    return f'<img alt="{alt}" src="data:image/jpeg;base64,{data}" style="{_IMAGE}">'


def first(items: Sequence[_T], tell: Callable[[_T], str], most: int = NOTEBOOK.items) -> list[str]:
    """The first few, and how many more there are."""
    return [*(tell(item) for item in items[:most]), *_rest(items, most)]


def _rest(items: Sequence[object], most: int) -> list[str]:
    return [faint(f"… and {len(items) - most} more")] if len(items) > most else []


def _moments(moments: Sequence[Moment]) -> str:
    rows = [(_still(moment), _moment(moment)) for moment in moments[: NOTEBOOK.items]]
    return table(rows) + "".join(f"<p>{more}</p>" for more in _rest(moments, NOTEBOOK.items))


def _still(moment: Moment) -> str:
    path = next((e.thumbnail for e in moment.evidence if e.thumbnail), None)
    return picture(path, f"{moment.video} at {format_time(moment.span.start_s)}") if path else ""


def _moment(moment: Moment) -> str:
    head = f"<b>{words(str(moment.span))}</b> {words(str(moment.video))} {faint(f'{moment.score:.2f}')}"
    return "<br>".join([head, *first(moment.evidence, _evidence, _MOST_EVIDENCE)])


def _evidence(found: Evidence) -> str:
    said = f"“{words(found.text)}”" if found.text else "looks like it" if found.channel in PICTORIAL else ""
    return f"{faint(f'{found.channel} {found.span}')} {said}"


def _tiles(pictures: Sequence[tuple[Path, str]]) -> str:
    def tile(one: tuple[Path, str]) -> str:
        return f'<div style="{_TILE}">{picture(*one)}{faint(one[1])}</div>'

    return "".join(first(pictures, tile)) or notes(["No pictures."])


def _made(image: Image) -> str:
    said = f"{image.path.name}, {image.width}×{image.height}, {_source(image.origin)}"
    return f"{said}: {image.text}" if image.text else said


def _source(origin: Origin) -> str:
    return f"{origin.source} by {origin.model}" if origin.model else str(origin.source)


def _clip(clip: Clip) -> str:
    size = f", {clip.width}×{clip.height}" if clip.width else ""
    about = f"{format_time(clip.duration_s)}{size}, {_source(clip.origin)}"
    parts = first(clip.origin.parts, lambda part: faint(f"{part.video} {part.span}"))
    return "<br>".join([f"<b>{words(clip.path.name)}</b> {faint(about)}", *parts])
