"""A picture encoder of one's own, by the name of a function that makes it."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from playhead.errors import SettingsError


class OwnEncoder:
    """An object with `encode_images` and `encode_texts` (unit rows), completed to what the role asks for."""

    def __init__(self, name: str, encoder: Any) -> None:
        self.id, self._encoder = getattr(encoder, "id", name), encoder
        self.dim = int(encoder.encode_texts(["a word"]).shape[1])

    def encode_images(self, images: Any) -> Any:
        return self._encoder.encode_images(images)

    def encode_texts(self, texts: Any) -> Any:
        return self._encoder.encode_texts(texts)

    def calibration(self, query: Any) -> Any:
        own = getattr(self._encoder, "calibration", None)
        return own(query) if own else None

    def unreadable(self, text: str) -> str:
        own = getattr(self._encoder, "unreadable", None)
        return str(own(text)) if own else ""


def own_encoder(target: str) -> OwnEncoder:
    """What `module:function` makes; modules of the working folder are found. Raises `SettingsError`."""
    sys.path.insert(0, "")
    module, _, function = target.partition(":")
    try:
        return OwnEncoder(target, getattr(import_module(module), function)())
    except (ImportError, AttributeError) as error:
        raise SettingsError(f"there is no encoder {target}", str(error), "Give module:function") from error
