"""Still images: a query image read safely, thumbnails written."""

from __future__ import annotations

import io
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from playhead.errors import MediaLimitError, UnreadableMediaError
from playhead.media.cards import fitted
from playhead.media.files import open_file
from playhead.media.levels import Levels
from playhead.media.saving import write_whole
from playhead.types import Limits

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")
_MOST_BYTES = 256 << 20
_THUMBNAIL = (320, 320)
_NARROW = 0x4000  # 16 bits of grey of which less is used come from a thermal or depth camera, and are stretched


def read_image(path: Path, roots: Sequence[Path], limits: Limits | None = None) -> NDArray[np.uint8]:
    """An image file as upright RGB, `(height, width, 3)`. Raises `MediaError`."""
    limits = limits or Limits()
    with open_file(path, roots, limits) as file:
        data = file.read(_MOST_BYTES)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd tags and large sizes; what matters is checked here
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                if image.width * image.height > limits.pixels:
                    why = f"it has {image.width}x{image.height} pixels and {limits.pixels:,} are read"
                    raise MediaLimitError(f"{path.name} was refused", why, "Make it smaller, or raise limits.pixels")
                return _rgb(ImageOps.exif_transpose(image))
    except Image.DecompressionBombError as error:
        raise MediaLimitError(f"{path.name} was refused", "it unfolds to more pixels than allowed") from error
    except UnidentifiedImageError as error:
        raise UnreadableMediaError(
            f"{path.name} cannot be read", "it is not an image", f"Give one of {', '.join(_FORMATS)}"
        ) from error
    except (OSError, ValueError, SyntaxError, MemoryError) as error:
        raise UnreadableMediaError(f"{path.name} cannot be read as an image", str(error).lower()) from error


def _rgb(image: Image.Image) -> NDArray[np.uint8]:
    if image.mode.startswith("I"):  # 16 bits of grey, which convert() would clip to white
        grey = np.asarray(image).clip(0, 0xFFFF)
        narrow = 0 < np.ptp(grey) < _NARROW
        image = Image.fromarray(
            Levels().stretched(grey.astype(np.uint16)) if narrow else (grey >> 8).astype(np.uint8)
        )
    return np.asarray(image.convert("RGB"))


def write_thumbnail(image: NDArray[np.uint8], path: Path) -> None:
    """Write RGB `(height, width, 3)` as a JPEG of at most 320 pixels a side, all at once. Raises `StorageError`.

    What a killed process left of one stays: its folder, which may hold very many, is not read for each.
    """
    picture = Image.fromarray(image)
    picture.thumbnail(_THUMBNAIL)
    _save(picture, path, "JPEG", sweep=False, quality=80)


def write_picture(image: NDArray[np.uint8], path: Path) -> None:
    """Write `image` as a JPEG in its own size, all at once. Raises `StorageError`."""
    _save(Image.fromarray(image), path, "JPEG", quality=92)


def small_jpeg(image: NDArray[np.uint8], side: int) -> bytes:
    """`image` as a JPEG of at most `side` pixels a side, to be shown beside something else."""
    picture, data = Image.fromarray(image), io.BytesIO()
    picture.thumbnail((side, side))
    picture.save(data, "JPEG", quality=80)
    return data.getvalue()


def write_drawing(image: NDArray[np.uint8], path: Path, xmp: str = "") -> None:
    """Write `image` as a PNG that carries `xmp` as its metadata, all at once. Raises `StorageError`."""
    about = PngInfo()
    if xmp:
        about.add_itxt("XML:com.adobe.xmp", xmp)
    _save(Image.fromarray(image), path, "PNG", pnginfo=about)


def scaled(image: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """The whole image in another size."""
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.LANCZOS))


def _save(picture: Image.Image, path: Path, kind: str, *, sweep: bool = True, **options: int | PngInfo) -> None:
    """All at once, by way of memory: Pillow does not notice when a full disk cuts its writing short."""
    data = io.BytesIO()
    picture.save(data, kind, **options)
    write_whole(path, data.getbuffer(), sweep=sweep)


def contact_sheet(
    tiles: Sequence[tuple[Path | NDArray[np.uint8], str]], target: Path, *, columns: int = 3, title: str = ""
) -> tuple[int, int]:
    """Write one PNG that shows each image with its line of text below; its width and height.

    Image files that are gone stay grey. Raises `StorageError`.
    """
    rows, head = -(-len(tiles) // columns), 34 if title else 0
    width, height, line = 320, 180, 26
    sheet = Image.new("RGB", (columns * (width + 8) + 8, head + rows * (height + line + 8) + 8), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(15)
    if title:
        large = ImageFont.load_default(22)
        draw.text((8, 8), fitted(title, draw, large, sheet.width - 16), "black", large)
    for number, (shown, text) in enumerate(tiles):
        left, top = 8 + number % columns * (width + 8), head + 8 + number // columns * (height + line + 8)
        tile = Image.new("RGB", (width, height), "lightgrey")
        with suppress(OSError):
            picture = ImageOps.contain(_picture(shown), (width, height))
            tile.paste(picture, ((width - picture.width) // 2, (height - picture.height) // 2))
        sheet.paste(tile, (left, top))
        draw.text((left, top + height + 4), fitted(text, draw, font, width), "black", font)
    _save(sheet, target, "PNG")
    return sheet.size


def _picture(shown: Path | NDArray[np.uint8]) -> Image.Image:
    if isinstance(shown, np.ndarray):
        return Image.fromarray(shown)
    with Image.open(shown, formats=_FORMATS) as image:
        return image.convert("RGB")
