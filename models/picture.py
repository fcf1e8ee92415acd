"""Pictures and words in one space by CLIP or SigLIP, from a hub or a folder (`concepts.py` needs neither).

To add a backend: a class that satisfies `ImageTextEncoder`, with a static `needs`, and a line in `registry.py`.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from playhead.models import hub
from playhead.models.needs import Needs
from playhead.models.sentences import unit_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from playhead.models.roles import Image, Vectors

_BATCH = 8


class CLIP:
    """CLIP (Radford et al. 2021) by hub name or folder."""

    _NAME: ClassVar[str] = "clip"
    _PADDING: ClassVar[bool | str] = True

    def __init__(self, argument: str, *, threads: int = 1, device: str = "cpu") -> None:
        with hub.loading(argument) as folder:
            import torch
            from transformers import AutoImageProcessor, AutoModel, AutoTokenizer

            hub.quiet_transformers()
            torch.set_num_threads(threads)
            self._processor = AutoImageProcessor.from_pretrained(folder)  # type: ignore[no-untyped-call]
            self._tokenizer, self._tokenizing = AutoTokenizer.from_pretrained(folder), threading.Lock()
            self._model = AutoModel.from_pretrained(folder).to(device).eval()
        self._device = device
        config = self._model.config
        self._most_tokens = int(config.text_config.max_position_embeddings)
        self.dim = int(getattr(config, "projection_dim", 0) or config.text_config.projection_size)
        self.id = self.needs(argument).identity

    @classmethod
    def needs(cls, argument: str) -> Needs:
        """A hub name or a folder."""
        return Needs(f"{cls._NAME}:{argument}", packages=("torch", "transformers"), source=argument)

    def encode_images(self, images: Sequence[Image]) -> Vectors:
        """`(len(images), dim)` unit rows."""
        return self._in_batches(images, self._image_rows)

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """`(len(texts), dim)` unit rows; what does not fit the model's length is cut off."""
        return self._in_batches(texts, self._text_rows)

    @property
    def logit_scale(self) -> float:
        """What the model multiplies likenesses by before it compares them, about 100 in CLIP."""
        return float(self._model.logit_scale.detach().exp())

    def calibration(self, query: NDArray[np.float32]) -> None:
        """None: a model's maker does not say; `index/calibration.yaml` has a curve."""

    def unreadable(self, text: str) -> str:  # noqa: ARG002
        """Always `""`: which languages a model knows is not written in its files."""
        return ""

    def _in_batches(self, items: Sequence[Any], encode: Any) -> Vectors:
        import torch

        rows = [np.zeros((0, self.dim), np.float32)]
        with torch.inference_mode():
            for start in range(0, len(items), _BATCH):
                found = encode(list(items[start : start + _BATCH]))
                rows.append(found.pooler_output.float().cpu().numpy())
        return unit_rows(np.concatenate(rows))

    def _image_rows(self, images: list[Image]) -> Any:
        inputs = self._processor(images=images, return_tensors="pt", input_data_format="channels_last")
        return self._model.get_image_features(pixel_values=inputs["pixel_values"].to(self._device))

    def _text_rows(self, texts: list[str]) -> Any:
        with self._tokenizing:  # it is changed by how it is called, and raises where two threads borrow it
            inputs = self._tokenizer(
                texts, return_tensors="pt", padding=self._PADDING, truncation=True, max_length=self._most_tokens
            )
        return self._model.get_text_features(**inputs.to(self._device))


class SigLIP(CLIP):
    """SigLIP or SigLIP 2 (Zhai et al. 2023) by hub name or folder; its texts are always padded to full length."""

    _NAME = "siglip"
    _PADDING = "max_length"
