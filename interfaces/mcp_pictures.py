"""Pictures for a client to look at: few, small, and only those of the library."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

from mcp_types import ImageContent

from playhead.errors import MediaError
from playhead.media.images import read_image

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from playhead.index.library import Library
    from playhead.models.roles import Image

MOST, _SIDE, _QUALITY = 3, 512, 80
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
            found.append(ImageContent(data=base64.b64encode(jpeg(image)).decode(), mime_type="image/jpeg"))
    return found


def jpeg(image: Image) -> bytes:
    """The picture as a small JPEG."""
    from PIL import Image as Picture

    picture, out = Picture.fromarray(image), io.BytesIO()
    picture.thumbnail((_SIDE, _SIDE))
    picture.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()
