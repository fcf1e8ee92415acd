"""Every backend keeps to its role's contract; hub backends run on tiny models from folders."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from playhead.models.registry import BACKENDS, Models
from playhead.models.sentences import MiniLM
from playhead.models.use import USE
from playhead.testing import (
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


class TestMultilingual(SentenceEncoderContract):
    @pytest.fixture
    def model(self, models):
        return models.sentences


class TestMiniLM(SentenceEncoderContract):
    @pytest.fixture
    def model(self):
        return MiniLM()


class TestUSE(SentenceEncoderContract):
    @pytest.fixture(scope="class")
    @classmethod
    def model(cls):
        return USE()


class TestSentenceTransformers(SentenceEncoderContract):
    @pytest.fixture
    def model(self, tiny_models):
        return tiny_models.sentences


class TestConcepts(ImageTextEncoderContract):
    @pytest.fixture
    def model(self, models):
        return models.picture


class TestCLIP(ImageTextEncoderContract):
    @pytest.fixture
    def model(self, tiny_models):
        return tiny_models.picture

    def test_its_tokenizer_is_never_lent_to_two(self, model, monkeypatch) -> None:
        """It raises `Already borrowed` where it is changed by one thread while it is read by another."""
        inside, lent, tokenize = threading.Lock(), [], model._tokenizer

        def borrowed(*texts: object, **how: object) -> object:
            lent.append(inside.acquire(blocking=False))
            time.sleep(0.02)
            found = tokenize(*texts, **how)
            if lent[-1]:
                inside.release()
            return found

        monkeypatch.setattr(model, "_tokenizer", borrowed)
        with ThreadPoolExecutor(4) as threads:
            rows = list(threads.map(model.encode_texts, [["red"], ["a green field"]] * 4))
        assert len(rows) == 8
        assert all(lent)


class TestSigLIP(ImageTextEncoderContract):
    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, tiny):
        return Models({"picture": f"siglip:{tiny['siglip']}"}).picture


class TestSSD(DetectorContract):
    @pytest.fixture
    def model(self, models):
        return models.objects


class TestDETR(DetectorContract):
    @pytest.fixture
    def model(self, tiny_models):
        return tiny_models.objects


class TestRapidOCR(TextReaderContract):
    @pytest.fixture
    def model(self, models):
        return models.text


class TestSilero(VoiceActivityContract):
    @pytest.fixture
    def model(self, models):
        return models.voice_activity


class TestWhisper(TranscriberContract):
    @pytest.fixture
    def model(self, models):
        return models.speech


class TestOpenAIWhisper(TranscriberContract):
    @pytest.fixture
    def model(self, tiny_models):
        return tiny_models.speech


class TestComposed(CaptionerContract):
    @pytest.fixture
    def model(self, models):
        return models.caption


class TestBLIP(CaptionerContract):
    @pytest.fixture
    def model(self, tiny_models):
        return tiny_models.caption


class TestHeads(TextModeratorContract):
    @pytest.fixture
    def model(self, models):
        return models.text_safety


class TestLlamaGuard(TextModeratorContract):
    @pytest.fixture
    def model(self, tiny_models):
        return tiny_models.text_safety


class TestOpenNSFW(ImageModeratorContract):
    @pytest.fixture
    def model(self, models):
        return models.image_safety


class TestCLIPChecker(ImageModeratorContract):
    @pytest.fixture
    def model(self, tiny_models):
        return tiny_models.image_safety


class TestHibari(VoiceContract):
    @pytest.fixture
    def model(self, models):
        return models.voice


class TestVITS(VoiceContract):
    @pytest.fixture
    def model(self, tiny_models):
        return tiny_models.voice


def test_every_backend_is_tested():
    named = {backend.target for role in BACKENDS.values() for backend in role.values()}
    tested = {name.removeprefix("Test") for name in globals() if name.startswith("Test")}
    classes = {target.partition(":")[2].removesuffix("Encoder") for target in named}
    elsewhere = {"Nothing", "DiffusersImage", "DiffusersSound", "DiffusersFilm"}  # test_generators.py
    assert classes - tested == {"FasterWhisper"} | elsewhere  # what `whisper` stands for where it is installed
