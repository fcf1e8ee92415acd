"""The pictures of a film that tells something: a picture fitted into the frame and gently moved, and words over it.

A picture of another shape than the frame is shown whole, on a blurred copy of itself: nobody loses their head.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from playhead.media.filming import Canvas

    Pixels = NDArray[np.uint8]

LINE_CHARACTERS = 42
"""What a line of a subtitle holds at most, by the usual rule of broadcasters."""
LINES = 2
_ZOOM = 1.07
_LEAST_FILL = 0.88  # a picture that fills so much of the frame when whole may lose the rest
_DARKER = 0.45
_TITLE_LINE = 26
_NO_GLYPH = "\uffff"
_PLAIN = {
    "–": "-",
    "—": "-",
    "•": "-",
    "ß": "ss",
    "ø": "o",
    "Ø": "O",
    "ł": "l",
    "Ł": "L",
    "æ": "ae",
    "œ": "oe",
    "€": "EUR",
}
# Where the zoom goes, as fractions of the room there is, and in or out: never far from the top, where heads are.
_MOTIONS = ((0.5, 0.1, 1), (0.0, 0.2, -1), (1.0, 0.0, 1), (0.5, 0.2, -1), (0.2, 0.0, 1), (0.8, 0.1, -1))


@dataclass(frozen=True, slots=True)
class Strip:
    """Words ready to be laid over a frame, from line `top` on: their colour, and how much of it covers each pixel."""

    top: int
    left: int
    colour: NDArray[np.float32]
    cover: NDArray[np.float32]

    def over(self, frame: Pixels) -> None:
        """Lay them over a frame, in place."""
        height, width = self.cover.shape[:2]
        part = frame[self.top : self.top + height, self.left : self.left + width]
        part[:] = (part * (1 - self.cover) + self.colour * self.cover).astype(np.uint8)


def fitted(picture: Pixels, canvas: Canvas, scale: float = _ZOOM) -> Pixels:
    """The picture in a frame `scale` times the size of the canvas: cut a little, or whole on a blurred copy."""
    import cv2

    width, height = round(canvas.width * scale), round(canvas.height * scale)
    fill = max(width / picture.shape[1], height / picture.shape[0])
    whole = min(width / picture.shape[1], height / picture.shape[0])
    if whole / fill >= _LEAST_FILL:
        return _cut(_resized(picture, fill), width, height)
    tiny = cv2.resize(picture, (max(2, width // 24), max(2, height // 24)), interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(tiny, (0, 0), 2)
    paper = cv2.resize(blurred, (width, height), interpolation=cv2.INTER_CUBIC)
    frame: Pixels = (paper * _DARKER).astype(np.uint8)
    inner = _resized(picture, whole)[:height, :width]
    top, left = (height - inner.shape[0]) // 2, (width - inner.shape[1]) // 2
    frame[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    return frame


def moved(picture: Pixels, canvas: Canvas, done: float, motion: int) -> Pixels:
    """The frame at `done` (0 to 1) of a slow move over a picture that `fitted` gave; `motion` counts the pictures."""
    import cv2

    x, y, way = _MOTIONS[motion % len(_MOTIONS)]
    largest = min(picture.shape[1] / canvas.width, picture.shape[0] / canvas.height)
    smooth = done * done * (3 - 2 * done)
    near = smooth if way > 0 else 1 - smooth
    size = largest - (largest - 1) * near  # source pixels for one of the frame
    left = (picture.shape[1] - size * canvas.width) * x
    top = (picture.shape[0] - size * canvas.height) * y
    matrix = np.array([[size, 0, left], [0, size, top]], np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    out = cv2.warpAffine(picture, matrix, (canvas.width, canvas.height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(out, np.uint8)


def blended(one: Pixels, other: Pixels, share: float) -> Pixels:
    """Between two frames: `share` of the other."""
    import cv2

    return np.asarray(cv2.addWeighted(one, 1 - share, other, share, 0), np.uint8)


def drawable(text: str) -> str:
    """The text in the signs that Pillow's own font has: letters without accents, dashes as `-`, no emoji.

    Empty where it is in letters of another script.
    """
    font = _font(24)
    plain = [c if c.isspace() or _has(font, c) else _PLAIN.get(c) or unicodedata.normalize("NFKD", c) for c in text]
    parts = [c for c in "".join(plain) if not unicodedata.combining(c)]
    if any(c.isalpha() and not _has(font, c) for c in parts):
        return ""
    return " ".join("".join(c for c in parts if c.isspace() or _has(font, c)).split())


def subtitle(text: str, canvas: Canvas) -> Strip | None:
    """The words on a dark strip near the lower edge; None where they cannot be drawn."""
    lines = wrapped(drawable(text), LINE_CHARACTERS)
    if not lines:
        return None
    font = _font(round(canvas.height * 0.052))
    room = round(canvas.height * 0.025)
    image = Image.new("RGBA", (canvas.width, canvas.height))
    draw = ImageDraw.Draw(image)
    where, joined = (canvas.width / 2, canvas.height * 0.94), "\n".join(lines)
    left, top, right, bottom = draw.multiline_textbbox(where, joined, font, anchor="md", align="center", spacing=8)
    draw.rounded_rectangle((left - room, top - room, right + room, bottom + room), room, (0, 0, 0, 170))
    draw.multiline_text(where, joined, (255, 255, 255, 255), font, anchor="md", align="center", spacing=8)
    return _strip(image)


def title_card(title: str, behind: Pixels, canvas: Canvas) -> Pixels:
    """A title over a dark, blurred picture, a little larger than the frame, as `fitted` gives."""
    import cv2

    picture = fitted(behind, canvas)
    small = cv2.resize(picture, (picture.shape[1] // 16, picture.shape[0] // 16), interpolation=cv2.INTER_AREA)
    soft = cv2.resize(small, (picture.shape[1], picture.shape[0]), interpolation=cv2.INTER_CUBIC)
    card = Image.fromarray((soft * _DARKER).astype(np.uint8))
    lines = wrapped(drawable(title), _TITLE_LINE)[:4]
    font = _font(round(canvas.height * (0.11 if len(lines) < 3 else 0.08)))
    draw, where = ImageDraw.Draw(card), (card.width / 2, card.height / 2)
    draw.multiline_text(where, "\n".join(lines), (255, 255, 255), font, anchor="mm", align="center", spacing=12)
    return np.asarray(card, np.uint8)


def wrapped(text: str, most: int) -> list[str]:
    """Lines of at most `most` characters, as even as can be; a longer word is a line, cut."""
    words = [word if len(word) <= most else f"{word[: most - 1]}…" for word in text.split()]
    for width in range(_narrowest(words, most), most + 1):
        lines = _filled(words, width)
        if len(lines) == len(_filled(words, most)):
            return lines
    return _filled(words, most)


def _narrowest(words: Sequence[str], most: int) -> int:
    return min(most, max((len(word) for word in words), default=most))


def _filled(words: Sequence[str], width: int) -> list[str]:
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _strip(image: Image.Image) -> Strip:
    left, top, right, bottom = image.getbbox() or (0, 0, 1, 1)
    pixels = np.asarray(image.crop((left, top, right, bottom)), np.float32)
    return Strip(top, left, pixels[:, :, :3], pixels[:, :, 3:] / np.float32(255))


def _resized(picture: Pixels, scale: float) -> Pixels:
    import cv2

    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=kind), np.uint8)


def _cut(picture: Pixels, width: int, height: int) -> Pixels:
    top, left = max(0, picture.shape[0] - height) // 2, max(0, picture.shape[1] - width) // 2
    cut = picture[top : top + height, left : left + width]
    missing = ((0, height - cut.shape[0]), (0, width - cut.shape[1]), (0, 0))
    return np.pad(cut, missing, mode="edge")


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


@cache
def _has(font: ImageFont.FreeTypeFont | ImageFont.ImageFont, character: str) -> bool:
    return bytes(font.getmask(character)) != bytes(font.getmask(_NO_GLYPH))
