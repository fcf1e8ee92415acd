"""Pictures for a client to look at: few, small, and only those of the library."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from mcp_types import ImageContent

from playhead.errors import MediaError
from playhead.media.images import read_image, small_jpeg

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from playhead.index.library import Library

MOST, SIDE = 3, 512
_ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".webp"})


def shown(paths: Iterable[Path], library: Library) -> list[ImageContent]:
    """The first three pictures among files, as JPEG of 512 pixels at most; those outside the library are left out."""
    found: list[ImageContent] = []
    for path in paths:
        if len(found) == MOST:
            break
        if path.suffix.lower() in _ENDINGS and path.is_relative_to(library.folder):
            try:
                image = read_image(path, [library.folder], library.settings.limits)
            except MediaError:  # it is shown besides; what was found stands without it
                continue
            data = base64.b64encode(small_jpeg(image, SIDE)).decode()
            found.append(ImageContent(data=data, mime_type="image/jpeg"))
    return found
