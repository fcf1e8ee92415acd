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
    from playhead.testing.chat import ScriptedChat as ScriptedChat
    from playhead.testing.contracts import CaptionerContract as CaptionerContract
    from playhead.testing.contracts import DetectorContract as DetectorContract
    from playhead.testing.contracts import ImageModeratorContract as ImageModeratorContract
    from playhead.testing.contracts import ImageTextEncoderContract as ImageTextEncoderContract
    from playhead.testing.contracts import SentenceEncoderContract as SentenceEncoderContract
    from playhead.testing.contracts import TextModeratorContract as TextModeratorContract
    from playhead.testing.contracts import TextReaderContract as TextReaderContract
    from playhead.testing.contracts import TranscriberContract as TranscriberContract
    from playhead.testing.contracts import VoiceActivityContract as VoiceActivityContract
    from playhead.testing.contracts import VoiceContract as VoiceContract
    from playhead.testing.fakes import FakeModels as FakeModels
    from playhead.testing.fakes import RedModerator as RedModerator
    from playhead.testing.fakes import WordModerator as WordModerator
    from playhead.testing.samples import TEXTS as TEXTS
    from playhead.testing.samples import assert_alike as assert_alike
    from playhead.testing.samples import assert_findings as assert_findings
    from playhead.testing.samples import assert_in_order as assert_in_order
    from playhead.testing.samples import assert_inside as assert_inside
    from playhead.testing.samples import assert_unit_rows as assert_unit_rows
    from playhead.testing.samples import noise as noise
    from playhead.testing.samples import picture as picture
    from playhead.testing.samples import pictures as pictures
    from playhead.testing.small import SMALL_FILM as SMALL_FILM
    from playhead.testing.small import small_library as small_library
    from playhead.testing.tiny import tiny_blip as tiny_blip
    from playhead.testing.tiny import tiny_clip as tiny_clip
    from playhead.testing.tiny import tiny_detr as tiny_detr
    from playhead.testing.tiny import tiny_guard as tiny_guard
    from playhead.testing.tiny import tiny_sentence_transformer as tiny_sentence_transformer
    from playhead.testing.tiny import tiny_siglip as tiny_siglip
    from playhead.testing.tiny import tiny_vits as tiny_vits
    from playhead.testing.tiny import tiny_whisper as tiny_whisper
    from playhead.testing.tool import ToolContract as ToolContract

_NAMES = {
    "chat": "ScriptedChat",
    "contracts": "CaptionerContract DetectorContract ImageModeratorContract ImageTextEncoderContract "
    "SentenceEncoderContract TextModeratorContract TextReaderContract TranscriberContract "
    "VoiceActivityContract VoiceContract",
    "fakes": "FakeModels RedModerator WordModerator",
    "samples": "TEXTS assert_alike assert_findings assert_in_order assert_inside assert_unit_rows noise picture "
    "pictures",
    "small": "SMALL_FILM small_library",
    "tiny": "tiny_blip tiny_clip tiny_detr tiny_guard tiny_sentence_transformer tiny_siglip tiny_vits tiny_whisper",
    "tool": "ToolContract",
}
_HOME = dict(sorted((name, module) for module, names in _NAMES.items() for name in names.split()))
__all__ = list(_HOME)


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'playhead.testing' has no attribute {name!r}")
    value: object = getattr(import_module(f"playhead.testing.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
