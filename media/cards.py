"""Words drawn into pictures: a label in a corner that says where a picture comes from, and cards with a title."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LEAST, _MOST = 9, 40  # the height of letters, in pixels
_INK, _STRIP = 255, 0
_PAPER, _WORDS, _SMALL = (32, 36, 44), (240, 240, 236), (170, 174, 182)
_LONGEST = 400


def labelled(image: NDArray[np.uint8], text: str) -> NDArray[np.uint8]:
    """The picture with `text` in white on black in its lower left corner, cut where it is too long."""
    drawn = label(text, image.shape[1], image.shape[0])
    marked = image.copy()
    marked[image.shape[0] - drawn.shape[0] :, : drawn.shape[1]] = drawn[..., np.newaxis]
    return marked


def label(text: str, width: int, height: int) -> NDArray[np.uint8]:
    """The label alone, in grey, for the lower left corner of a picture of this size."""
    font = ImageFont.load_default(min(max(height / 36, _LEAST), _MOST))
    draw = ImageDraw.Draw(Image.new("L", (1, 1)))
    margin = max(2, round(font.size / 3)) if isinstance(font, ImageFont.FreeTypeFont) else 3
    shown = fitted(_printable(text), draw, font, width - 2 * margin)
    left, top, right, bottom = draw.textbbox((margin, 0), shown, font)
    strip = Image.new("L", (round(right) + margin + 1, round(bottom - top) + 2 * margin), _STRIP)
    ImageDraw.Draw(strip).text((margin - left + margin, margin - top), shown, _INK, font)
    return np.asarray(strip)[-height:, :width]


def title_card(text: str, under: str, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A quiet card of `size` (width, height) with `text` in its middle and a small line below."""
    width, height = size
    card = Image.new("RGB", size, _PAPER)
    draw = ImageDraw.Draw(card)
    shown = _printable(text)[:_LONGEST]
    letters = max(_LEAST, round(min(height / 9, width / 16, (width * height / max(len(shown), 1)) ** 0.5 / 1.8)))
    font, small = ImageFont.load_default(letters), ImageFont.load_default(max(_LEAST, round(height / 30)))
    lines = "\n".join(textwrap.wrap(shown, max(8, round(width * 0.8 / (letters * 0.52)))))
    draw.multiline_text((width / 2, height * 0.46), lines, _WORDS, font, anchor="mm", align="center")
    draw.text((width / 2, height * 0.93), fitted(under, draw, small, width * 0.94), _SMALL, small, anchor="mm")
    return np.asarray(card)


def _printable(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def fitted(
    text: str, draw: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: float
) -> str:
    """The text on one line, cut off where it would not fit; what is no character is a question mark."""
    text = " ".join(text.encode(errors="replace").decode().split())
    if draw.textlength(text, font) <= width:
        return text
    while text and draw.textlength(f"{text}…", font) > width:
        text = text[:-1]
    return f"{text}…"
