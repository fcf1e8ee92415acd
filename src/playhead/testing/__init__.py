"""For tests of your own: contract suites, models that cost nothing, a small library, a scripted chat model.

A contract is a plain class with everything that a role, or a tool, must keep to; subclass it with a `Test` name.

    class TestMyDetector(DetectorContract):
        @pytest.fixture
        def model(self):
            return MyDetector()

    class TestMyTool(ToolContract):
        tool = MyTool
        arguments = {"video": "small.mp4"}

The names below are resolved on first use: none costs more than it needs. Only `ToolContract` needs pytest.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playhead.testing.chat import ScriptedChat
    from playhead.testing.contracts import (
        CaptionerContract,
        DetectorContract,
        ImageModeratorContract,
        ImageTextEncoderContract,
        SentenceEncoderContract,
        TextModeratorContract,
        TextReaderContract,
        TranscriberContract,
        VoiceActivityContract,
        VoiceContract,
    )
    from playhead.testing.fakes import FakeModels, RedModerator, WordModerator
    from playhead.testing.samples import TEXTS as TEXTS
    from playhead.testing.samples import (
        assert_alike,
        assert_findings,
        assert_in_order,
        assert_inside,
        assert_unit_rows,
        noise,
        picture,
        pictures,
    )
    from playhead.testing.small import SMALL_FILM as SMALL_FILM
    from playhead.testing.small import small_library
    from playhead.testing.tiny import (
        tiny_blip,
        tiny_clip,
        tiny_detr,
        tiny_guard,
        tiny_sentence_transformer,
        tiny_siglip,
        tiny_vits,
        tiny_whisper,
    )
    from playhead.testing.tool import ToolContract

_HOME = {
    "CaptionerContract": "contracts",
    "DetectorContract": "contracts",
    "FakeModels": "fakes",
    "ImageModeratorContract": "contracts",
    "ImageTextEncoderContract": "contracts",
    "RedModerator": "fakes",
    "SMALL_FILM": "small",
    "ScriptedChat": "chat",
    "SentenceEncoderContract": "contracts",
    "TEXTS": "samples",
    "TextModeratorContract": "contracts",
    "TextReaderContract": "contracts",
    "ToolContract": "tool",
    "TranscriberContract": "contracts",
    "VoiceActivityContract": "contracts",
    "VoiceContract": "contracts",
    "WordModerator": "fakes",
    "assert_alike": "samples",
    "assert_findings": "samples",
    "assert_in_order": "samples",
    "assert_inside": "samples",
    "assert_unit_rows": "samples",
    "noise": "samples",
    "picture": "samples",
    "pictures": "samples",
    "small_library": "small",
    "tiny_blip": "tiny",
    "tiny_clip": "tiny",
    "tiny_detr": "tiny",
    "tiny_guard": "tiny",
    "tiny_sentence_transformer": "tiny",
    "tiny_siglip": "tiny",
    "tiny_vits": "tiny",
    "tiny_whisper": "tiny",
}

__all__ = [
    "CaptionerContract",
    "DetectorContract",
    "FakeModels",
    "ImageModeratorContract",
    "ImageTextEncoderContract",
    "RedModerator",
    "ScriptedChat",
    "SentenceEncoderContract",
    "TextModeratorContract",
    "TextReaderContract",
    "ToolContract",
    "TranscriberContract",
    "VoiceActivityContract",
    "VoiceContract",
    "WordModerator",
    "assert_alike",
    "assert_findings",
    "assert_in_order",
    "assert_inside",
    "assert_unit_rows",
    "noise",
    "picture",
    "pictures",
    "small_library",
    "tiny_blip",
    "tiny_clip",
    "tiny_detr",
    "tiny_guard",
    "tiny_sentence_transformer",
    "tiny_siglip",
    "tiny_vits",
    "tiny_whisper",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'playhead.testing' has no attribute {name!r}")
    value: object = getattr(import_module(f"playhead.testing.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
