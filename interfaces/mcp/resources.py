"""What an MCP client can read: the list of videos, a video, its transcript, and what is said and seen in a moment."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

from mcp_types import BlobResourceContents, Resource, ResourceTemplate, TextResourceContents

from playhead.errors import UnknownResourceError
from playhead.interfaces import shapes
from playhead.interfaces.mcp.pictures import SIDE
from playhead.media.images import read_image, small_jpeg
from playhead.types import Door, Span, format_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from playhead.index.library import Library
    from playhead.safety.gate import Gate
    from playhead.types import Video

Contents = TextResourceContents | BlobResourceContents
VIDEOS = "playhead://videos"
_ID, _SECONDS = r"([0-9a-f]{12,64})", r"(\d{1,9}(?:\.\d{1,6})?)"
_PAGE = 200


def listed(library: Library, gate: Gate, cursor: str | None) -> tuple[list[Resource], str | None]:
    """A page of what can be read, and where the next one begins. Raises `UnknownResourceError`."""
    if cursor and not re.fullmatch(r"\d{1,9}", cursor):
        raise UnknownResourceError(f"There is no page {cursor[:200]!r}", "", "Begin without a cursor")
    start, videos = int(cursor or 0), library.videos()
    gate.remember(videos[start : start + _PAGE])
    first = (
        [Resource(name="videos", title="All videos", uri=VIDEOS, mime_type="application/json")] if not start else []
    )
    rows = [
        resource
        for video in videos[start : start + _PAGE]
        for resource in (
            Resource(name=str(video), uri=f"{VIDEOS}/{video.id}", mime_type="application/json"),
            Resource(name=f"{video}: what is said", uri=f"{VIDEOS}/{video.id}/transcript", mime_type="text/plain"),
        )
    ]
    return [*first, *rows], str(start + _PAGE) if len(videos) > start + _PAGE else None


def templates() -> list[ResourceTemplate]:
    """The forms of address."""
    kinds = {
        "video": ("/{id}", "A video and how much was observed on each channel.", "application/json"),
        "transcript": ("/{id}/transcript", "What is said in a video, a line each, with its time.", "text/plain"),
    }
    moment = "What is said and seen from one second of a video to another, and its picture."
    return [
        *(
            ResourceTemplate(name=name, uri_template=f"{VIDEOS}{form}", description=about, mime_type=kind)
            for name, (form, about, kind) in kinds.items()
        ),
        ResourceTemplate(name="moment", uri_template="playhead://moments/{video}/{start}-{end}", description=moment),
    ]


def read(uri: str, library: Library, gate: Gate) -> list[Contents]:
    """What is at an address, as the gate lets it out. Raises `UnknownResourceError`, `BlockedError`."""
    for form, reader in _READERS.items():
        if found := re.fullmatch(form, uri):
            return reader(uri, library, gate, *found.groups())
    raise UnknownResourceError(f"There is nothing at {uri[:200]}", "", f"Begin with {VIDEOS}")


def _videos(uri: str, library: Library, gate: Gate) -> list[Contents]:
    videos = library.videos()
    gate.remember(videos)
    return [_json(uri, {"videos": [shapes.video(video) for video in videos]})]


def _video(uri: str, library: Library, gate: Gate, key: str) -> list[Contents]:
    video = _found(library, key)
    gate.remember(video)
    about = {"start_s": video.start_s, "width": video.width, "height": video.height, "warnings": list(video.warnings)}
    return [_json(uri, shapes.video(video, library.counts(video)) | about)]


def _transcript(uri: str, library: Library, gate: Gate, key: str) -> list[Contents]:
    video = _found(library, key)
    said = [(u.span, u.text) for u in library.transcript(video).utterances]
    texts = _let_out(gate, [text for _, text in said], f"the transcript of {video}")
    lines = [f"[{format_time(span.start_s)}] {text}" for (span, _), text in zip(said, texts, strict=True)]
    return [_text(uri, "\n".join(lines))]


def _moment(uri: str, library: Library, gate: Gate, key: str, start: str, end: str) -> list[Contents]:
    video = _found(library, key)
    if not float(start) < float(end):
        raise UnknownResourceError(f"There is nothing at {uri}", "it ends before it begins")
    span = Span(float(start), float(end))
    seen, what = library.observed(video, span=span), f"what {video} says and shows at {span}"
    texts = _let_out(gate, [segment.text for segment in seen], what)
    lines = [f"[{s.span}] {s.channel}: {text}" for s, text in zip(seen, texts, strict=True) if text]
    shown = next((s.thumbnail for s in library.pictures(video, span) if s.thumbnail), "")
    contents: list[Contents] = [_text(uri, "\n".join(lines))]
    if shown:
        image = read_image(library.folder / shown, [library.folder], library.settings.limits)
        if gate.policy.every_image:
            gate.image(Door.ANSWER, image, what)
        blob = base64.b64encode(small_jpeg(image, SIDE)).decode()
        contents.append(BlobResourceContents(uri=uri, mime_type="image/jpeg", blob=blob))
    return contents


_READERS: dict[str, Callable[..., list[Contents]]] = {
    VIDEOS: _videos,
    f"{VIDEOS}/{_ID}": _video,
    f"{VIDEOS}/{_ID}/transcript": _transcript,
    f"playhead://moments/{_ID}/{_SECONDS}-{_SECONDS}": _moment,
}


def _found(library: Library, key: str) -> Video:
    """The video with this id, or the only one whose id begins so; names and paths are no ids."""
    found = [video for video in library.videos() if video.id.startswith(key)]
    if len(found) != 1:
        raise UnknownResourceError(f"There is no video {key}", "", f"Look at {VIDEOS}")
    return found[0]


def _let_out(gate: Gate, texts: Iterable[str], what: str) -> list[str]:
    """What footage says, as the policy masks it, and remembered as what footage says."""
    said = list(texts)
    gate.text(Door.ANSWER, said, what)
    gate.remember(said)
    return [gate.mask(text) for text in said]


def _json(uri: str, said: Any) -> Contents:
    return TextResourceContents(uri=uri, mime_type="application/json", text=json.dumps(said, ensure_ascii=False))


def _text(uri: str, text: str) -> Contents:
    return TextResourceContents(uri=uri, mime_type="text/plain", text=text)
