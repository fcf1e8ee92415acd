"""Writing in pictures, read by RapidOCR (PP-OCR, Du et al. 2020) with the models inside its package.

To add a backend: a class that satisfies `TextReader`, with a static `needs`, and a line in `registry.py`.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np

from playhead.models import weights
from playhead.models.needs import Needs
from playhead.models.roles import TextLine
from playhead.models.runtime import Spare

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from playhead.models.roles import Image

_LEAST_SCORE = 0.6
_SAME_ROW = 0.5
_LEAST_SIDE = 8
_DETECTION_SIDE = 960  # longest side that text is looked for on; the package would enlarge small frames
_GLANCE_SIDE = 480  # … and first whether there is any, at a fifth of the cost: 14 pixels high in 1280 are still seen
_MOST_OF_PICTURE = 0.5  # what a glance takes for a line and is larger is a pattern
_AROUND = 32  # pixels around a line, or its height, by which a closer look tells whether it is one
_MOST_NARROW = 4


class RapidOCR:
    """Printed writing in Latin script and Chinese; lines it is unsure of are left out."""

    def __init__(self, argument: str = "", *, threads: int = 1, device: str = "cpu") -> None:  # noqa: ARG002
        self.id = self.needs(argument).identity
        self._engines = Spare(lambda: _engine({"Det.limit_side_len": _DETECTION_SIDE}))
        self._glances = Spare(
            lambda: _engine({"Det.limit_side_len": _GLANCE_SIDE, "Det.thresh": 0.2, "Det.box_thresh": 0.3})
        )

    @staticmethod
    def needs(argument: str = "") -> Needs:  # noqa: ARG004
        """The package and its three networks."""
        return Needs(
            "rapidocr",
            packages=("rapidocr", "onnxruntime"),
            weights=("rapidocr.detect", "rapidocr.classify", "rapidocr.recognise"),
            method=3,
        )

    def read(self, image: Image) -> tuple[TextLine, ...]:
        """The lines of text, top to bottom and left to right."""
        height, width = image.shape[:2]
        if min(height, width) < _LEAST_SIDE:
            return ()
        bgr = np.ascontiguousarray(_less_narrow(image)[:, :, ::-1])
        with self._glances.one() as glance:
            parts = [*_closer(bgr, glance(bgr, use_cls=False, use_rec=False).boxes)]
        if not parts:
            return ()
        with self._engines.one() as engine:
            if all(engine(part, use_det=True, use_cls=False, use_rec=False).boxes is None for part in parts):
                return ()
            found = engine(bgr, use_det=True, use_cls=True, use_rec=True)
        if found.boxes is None or found.txts is None or found.scores is None:
            return ()
        lines = (
            TextLine(str(text).strip(), float(score), _fractions(corners, width, height))
            for corners, text, score in zip(found.boxes, found.txts, found.scores, strict=True)
            if score >= _LEAST_SCORE and str(text).strip()
        )
        return reading_order(lines)


def _engine(detection: dict[str, float]) -> Any:
    from rapidocr import RapidOCR as Engine

    params = {
        "Global.log_level": "critical",
        "EngineConfig.onnxruntime.intra_op_num_threads": 1,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        "Det.limit_type": "max",
        "Det.model_path": str(weights.locate("rapidocr.detect")),
        "Cls.model_path": str(weights.locate("rapidocr.classify")),
        "Rec.model_path": str(weights.locate("rapidocr.recognise")),
    }
    logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
    return Engine(params=params | detection)


def reading_order(lines: Iterable[TextLine]) -> tuple[TextLine, ...]:
    """Rows from top to bottom, each from left to right; a line joins a row when it overlaps half of its height."""
    rows: list[list[TextLine]] = []
    for line in sorted(lines, key=lambda line: (line.box[1] + line.box[3], line.box[0])):
        if rows and _overlap(rows[-1][0], line) >= _SAME_ROW:
            rows[-1].append(line)
        else:
            rows.append([line])
    return tuple(line for row in rows for line in sorted(row, key=lambda line: line.box[0]))


def _closer(image: Image, boxes: Iterable[NDArray[np.float32]] | None) -> Iterator[Image]:
    """The parts of an image where a glance saw lines, each `(4, 2)` corners, with what stands around them."""
    height, width = image.shape[:2]
    for corners in () if boxes is None else boxes:
        (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
        if (right - left) * (bottom - top) <= _MOST_OF_PICTURE * width * height:
            around = max(_AROUND, bottom - top)
            rows = slice(max(0, int(top - around)), int(bottom + around) + 1)
            yield np.ascontiguousarray(image[rows, max(0, int(left - around)) : int(right + around) + 1])


def _less_narrow(image: Image) -> Image:
    """The image with black below or to the right when it is a strip: the detector scales by the shorter side."""
    height, width = image.shape[:2]
    below, right = max(0, width // _MOST_NARROW - height), max(0, height // _MOST_NARROW - width)
    return np.pad(image, ((0, below), (0, right), (0, 0))) if below or right else image


def _overlap(first: TextLine, second: TextLine) -> float:
    shared = min(first.box[3], second.box[3]) - max(first.box[1], second.box[1])
    lower = min(first.box[3] - first.box[1], second.box[3] - second.box[1])
    return shared / lower if lower > 0 else 0.0


def _fractions(corners: Any, width: int, height: int) -> tuple[float, float, float, float]:
    points = np.clip(np.asarray(corners, np.float64) / (width, height), 0, 1)
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    return float(left), float(top), float(right), float(bottom)
