"""Frames of any size, shape, depth and rotation made into upright 8-bit frames of one even size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from playhead.media.cutting import even
from playhead.media.picture import upright

if TYPE_CHECKING:
    from fractions import Fraction

    from numpy.typing import NDArray

_HD_LINES = 720
_ITU709, _ITU601 = 1, 5
_MATRICES = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}  # what a frame says, as swscale numbers it
_BLACK = (16, 128, 128)
_LEVELS = 219  # of brightness between black and white
_SLIVER = 2  # a border no wider than this is filled


def matrix_of(lines: int) -> int:
    """The colour matrix that players assume of a picture that does not say: BT.709 from 720 lines on, else BT.601."""
    return _ITU709 if lines >= _HD_LINES else _ITU601


def upright_size(frame: VideoFrame, ratio: Fraction | None) -> tuple[int, int]:
    """The width and height in square pixels at which a frame is to be seen."""
    wide, tall = _square(frame, ratio)
    return (round(tall), round(wide)) if _lies(frame) else (round(wide), round(tall))


class Fit:
    """Brings frames to one size, as large as they fit, with black bars where their shape is another.

    A `label` in grey covers the lower left corner of every one.
    """

    def __init__(self, width: int, height: int, label: NDArray[np.uint8] | None = None) -> None:
        self._size = (width, height)
        self._label = None if label is None else _label_planes(label)
        self._reformatter = VideoReformatter()

    def __call__(self, frame: VideoFrame, ratio: Fraction | None, gain: float = 1.0) -> VideoFrame:
        """The frame as yuv420p; a `gain` below 1 darkens it."""
        inner = self._inner(frame, ratio)
        lying = _lies(frame)
        scaled = self._scaled(frame, inner[::-1] if lying else inner)
        turned = lying or frame.rotation or frame.side_data.get("DISPLAYMATRIX") is not None
        if not turned and inner == self._size and gain >= 1 and self._label is None:
            scaled.pict_type = 0  # the encoder is to choose
            return scaled
        planes = [upright(plane, frame) for plane in _planes(scaled)]
        return _joined([self._placed(plane, inner, number, gain) for number, plane in enumerate(planes)])

    def black(self) -> VideoFrame:
        """A frame with nothing in it."""
        empty = np.zeros((0, 0), np.uint8)
        return _joined([self._placed(empty, (0, 0), number, 1.0) for number in range(3)])

    def _inner(self, frame: VideoFrame, ratio: Fraction | None) -> tuple[int, int]:
        wide, tall = upright_size(frame, ratio)
        scale = min(self._size[0] / wide, self._size[1] / tall)
        width, height = (
            most if most - _SLIVER <= round(length * scale) else even(length * scale)
            for most, length in zip(self._size, (wide, tall), strict=True)
        )
        return width, height

    def _scaled(self, frame: VideoFrame, size: tuple[int, int]) -> VideoFrame:
        return self._reformatter.reformat(
            frame,
            *size,
            format="yuv420p",
            interpolation="BICUBIC",
            src_colorspace=_MATRICES.get(int(frame.colorspace), matrix_of(frame.height)),
            dst_colorspace=matrix_of(self._size[1]),
            dst_color_range="MPEG",
        )

    def _placed(self, plane: NDArray[np.uint8], inner: tuple[int, int], number: int, gain: float) -> Any:
        shrink = 2 if number else 1
        width, height = (length // shrink for length in self._size)
        left, top = ((most - length) // 4 * 2 // shrink for most, length in zip(self._size, inner, strict=True))
        black = _BLACK[number]
        canvas = np.full((height, width), black, np.uint8)
        if gain < 1:
            plane = (black + (plane.astype(np.float32) - black) * gain).round().astype(np.uint8)
        canvas[top : top + plane.shape[0], left : left + plane.shape[1]] = plane
        if self._label is not None:
            drawn = self._label[number][-height:, :width]
            canvas[height - drawn.shape[0] :, : drawn.shape[1]] = drawn
        return canvas


def _label_planes(label: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Its planes in video levels, of an even size."""
    height, width = label.shape
    luma = np.pad(label, ((0, height % 2), (0, width % 2)))
    grey = np.full((luma.shape[0] // 2, luma.shape[1] // 2), _BLACK[1], np.uint8)
    return [(_BLACK[0] + luma * (_LEVELS / 255)).round().astype(np.uint8), grey, grey]


def _lies(frame: VideoFrame) -> bool:
    """Whether the frame is stored on its side."""
    matrix: Any = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return False
    a, b = (int(value) for value in np.frombuffer(matrix, np.int32)[:2])
    return abs(a) < abs(b)


def _square(frame: VideoFrame, ratio: Fraction | None) -> tuple[float, float]:
    wide, tall = float(frame.width), float(frame.height)
    stretch = float(ratio or 1)
    return (wide * stretch, tall) if stretch >= 1 else (wide, tall / stretch)


def _planes(frame: VideoFrame) -> list[NDArray[np.uint8]]:
    pixels: NDArray[np.uint8] = frame.to_ndarray().astype(np.uint8, copy=False)
    width, height = frame.width, frame.height
    quarter = width * height // 4
    flat = pixels.reshape(-1)
    chroma = (height // 2, width // 2)
    luma = flat[: 4 * quarter].reshape(height, width)
    return [luma, flat[4 * quarter : 5 * quarter].reshape(chroma), flat[5 * quarter : 6 * quarter].reshape(chroma)]


def _joined(planes: list[NDArray[np.uint8]]) -> VideoFrame:
    height, width = planes[0].shape
    flat = np.concatenate([plane.reshape(-1) for plane in planes])
    return VideoFrame.from_ndarray(flat.reshape(height * 3 // 2, width), format="yuv420p")
