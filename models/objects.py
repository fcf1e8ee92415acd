"""Objects in pictures: SSD-MobileNetV2 from an installed package, or a DETR model from a hub or folder.

To add a backend: a class that satisfies `Detector`, with a static `needs`, and a line in `registry.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from playhead.models import hub, weights
from playhead.models.needs import Needs
from playhead.models.roles import Detection
from playhead.models.runtime import Spare

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from playhead.models.roles import Image

_BATCH = 8
_LEAST_SCORE = 0.4
# COCO's 91 category ids; the empty ones were never annotated.
COCO = (
    "|person|bicycle|car|motorcycle|airplane|bus|train|truck|boat|traffic light|fire hydrant||stop sign|"
    "parking meter|bench|bird|cat|dog|horse|sheep|cow|elephant|bear|zebra|giraffe||backpack|umbrella|||handbag|"
    "tie|suitcase|frisbee|skis|snowboard|sports ball|kite|baseball bat|baseball glove|skateboard|surfboard|"
    "tennis racket|bottle||wine glass|cup|fork|knife|spoon|bowl|banana|apple|sandwich|orange|broccoli|carrot|"
    "hot dog|pizza|donut|cake|chair|couch|potted plant|bed||dining table|||toilet||tv|laptop|mouse|remote|"
    "keyboard|cell phone|microwave|oven|toaster|sink|refrigerator||book|clock|vase|scissors|teddy bear|"
    "hair drier|toothbrush"
).split("|")


class SSD:
    """SSD-MobileNetV2 (Sandler et al. 2018) trained on COCO's 80 kinds of things, run by OpenCV."""

    _SIDE = 300

    def __init__(self, argument: str = "", *, threads: int = 1, device: str = "cpu") -> None:  # noqa: ARG002
        self.id = self.needs(argument).identity
        self._nets = Spare(self._net)

    @staticmethod
    def needs(argument: str = "") -> Needs:  # noqa: ARG004
        """The frozen graph and OpenCV's description of it."""
        return Needs("ssd", packages=("cv2",), weights=("ssd.graph", "ssd.config"))

    def detect(self, images: Sequence[Image]) -> list[tuple[Detection, ...]]:
        """For each image its objects, best first."""
        found: list[tuple[Detection, ...]] = []
        for start in range(0, len(images), _BATCH):
            found += self._detect(images[start : start + _BATCH])
        return found

    def _detect(self, images: Sequence[Image]) -> list[tuple[Detection, ...]]:
        import cv2

        side = (self._SIDE, self._SIDE)
        small = [cv2.resize(np.ascontiguousarray(image), side, interpolation=cv2.INTER_AREA) for image in images]
        with self._nets.one() as net:
            net.setInput(cv2.dnn.blobFromImages(small, size=side))
            rows = np.array(net.forward(), np.float32).reshape(-1, 7)
        return [_best_first(self._detection(row) for row in rows if int(row[0]) == i) for i in range(len(images))]

    @staticmethod
    def _detection(row: np.ndarray[Any, np.dtype[np.float32]]) -> Detection:
        label = COCO[int(row[1])] if 0 <= int(row[1]) < len(COCO) else ""
        left, top, right, bottom = (float(value) for value in np.clip(row[3:7], 0, 1))
        return Detection(label, float(row[2]), (left, top, right, bottom))

    @staticmethod
    def _net() -> Any:
        import cv2

        cv2.setNumThreads(1)  # those who have many pictures call from several threads
        return cv2.dnn.readNetFromTensorflow(str(weights.locate("ssd.graph")), str(weights.locate("ssd.config")))


class DETR:
    """A DETR-family model (Carion et al. 2020) by hub name or folder."""

    def __init__(self, argument: str, *, threads: int = 1, device: str = "cpu") -> None:
        with hub.loading(argument) as folder:
            import torch
            from transformers import AutoImageProcessor, AutoModelForObjectDetection

            hub.quiet_transformers()
            torch.set_num_threads(threads)
            self._processor = AutoImageProcessor.from_pretrained(folder)  # type: ignore[no-untyped-call]
            self._model = AutoModelForObjectDetection.from_pretrained(folder).to(device).eval()
        self.id = self.needs(argument).identity
        self._device = device

    @staticmethod
    def needs(argument: str) -> Needs:
        """A hub name or a folder."""
        return Needs(f"detr:{argument}", packages=("torch", "transformers"), source=argument)

    def detect(self, images: Sequence[Image]) -> list[tuple[Detection, ...]]:
        """For each image its objects, best first; one pass an image."""
        return [self._detect(image) for image in images]

    def _detect(self, image: Image) -> tuple[Detection, ...]:
        import torch

        height, width = image.shape[:2]
        with torch.inference_mode():
            inputs = self._processor(images=[image], return_tensors="pt", input_data_format="channels_last").to(
                self._device
            )
            inputs["pixel_values"] = inputs["pixel_values"].to(self._model.dtype)
            outputs = self._model(**inputs)
        [found] = self._processor.post_process_object_detection(
            outputs, threshold=_LEAST_SCORE, target_sizes=[(height, width)]
        )
        scale = torch.tensor([width, height, width, height], dtype=torch.float32)
        boxes = (found["boxes"].cpu() / scale).clamp(0, 1).tolist()
        names = self._model.config.id2label
        return _best_first(
            Detection(names[int(label)], float(score), (box[0], box[1], box[2], box[3]))
            for label, score, box in zip(found["labels"], found["scores"], boxes, strict=True)
        )


def _best_first(detections: Iterable[Detection]) -> tuple[Detection, ...]:
    kept = (found for found in detections if found.label and found.score >= _LEAST_SCORE)
    return tuple(sorted(kept, key=lambda found: (-found.score, found.label, found.box)))
