"""For tests of your own: contract suites for the roles, tiny random models as hubs have them, a scripted chat model.

A contract is a plain class. Subclass it with a `Test` name and give it a fixture called `model`:

    class TestMyDetector(DetectorContract):
        @pytest.fixture
        def model(self):
            return MyDetector()

The builders write a model of a few kilobytes with random weights into a folder, in the layout in which a hub
delivers it. What it says is noise; that it loads and runs is the point.

A scripted chat model stands in for a language model wherever one is taken:

    chat = ScriptedChat('{"steps": {"find": {"tool": "search_moments", "args": {"query": "a cat"}}}}')
    run = Agent(library, chat).run("Is there a cat?")
    assert "Is there a cat?" in chat.prompts[0]
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field

from playhead.models.roles import (
    SAMPLE_RATE_HZ,
    Captioner,
    Detection,
    Detector,
    Finding,
    ImageModerator,
    ImageTextEncoder,
    SentenceEncoder,
    TextLine,
    TextModerator,
    TextReader,
    Transcriber,
    Voice,
    VoiceActivity,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from langchain_core.messages import BaseMessage
    from numpy.typing import NDArray

    from playhead.models.roles import Image, Sound
    from playhead.types import Utterance

_ROUNDING = 1e-4
TEXTS = ("a dog runs on the beach", "", "two people cook in a kitchen", "rain " * 400, "Zürich, 3 °C …", "x")


class ScriptedChat(BaseChatModel):
    """A chat model that gives these answers in order: a text, an exception to raise, or a function of the prompt.

    `prompts` are what it was asked. It cannot call tools. Asked once too often, it raises `IndexError`.
    """

    answers: tuple[Any, ...] = ()
    prompts: list[str] = Field(default_factory=list)

    def __init__(self, *answers: str | Exception | Callable[[str], str]) -> None:
        super().__init__()
        self.answers = answers

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        del stop, run_manager, kwargs
        self.prompts.append("\n".join(message.text for message in messages))
        if len(self.prompts) > len(self.answers):
            raise IndexError(f"the script has only {len(self.answers)} answers")
        answer = self.answers[len(self.prompts) - 1]
        if isinstance(answer, Exception):
            raise answer
        text = answer(self.prompts[-1]) if callable(answer) else answer
        return ChatResult(generations=[ChatGeneration(message=AIMessage(text))])


class WordModerator:
    """A moderator of texts that knows one word for each category, and is sure of it."""

    id = "words"
    WORDS: ClassVar[dict[str, str]] = {"hate": "hatefully", "violence": "bloodbath", "illicit": "moonshine"}

    def __init__(self) -> None:
        self.categories = frozenset(self.WORDS)
        self.texts: list[str] = []

    def moderate(self, texts: Sequence[str]) -> list[tuple[Finding, ...]]:
        """1.0 for a category whose word is there, else 0.0; `texts` keeps what it was asked."""
        self.texts += texts
        found = [[Finding(c, float(word in text.lower()), word) for c, word in self.WORDS.items()] for text in texts]
        return [tuple(sorted(findings, key=lambda finding: -finding.score)) for findings in found]


def picture(height: int = 90, width: int = 160, seed: int = 0) -> Image:
    """A reproducible picture of soft coloured noise."""
    coarse = np.random.default_rng(seed).integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), np.uint8)
    return np.repeat(np.repeat(coarse, 8, 0), 8, 1)[:height, :width]


def pictures() -> list[Image]:
    """Pictures of several shapes, black and one pixel high among them."""
    return [picture(), picture(200, 100, 1), picture(90, 160, 2), np.zeros((64, 64, 3), np.uint8), picture(1, 40, 3)]


def noise(seconds: float = 1.0, loudness: float = 0.1) -> Sound:
    """Reproducible white noise at 16 kHz."""
    samples = np.random.default_rng(0).standard_normal(int(seconds * SAMPLE_RATE_HZ)) * loudness
    return np.clip(samples, -1, 1).astype(np.float32)


def assert_unit_rows(rows: NDArray[np.float32], count: int, dim: int) -> None:
    """`(count, dim)` finite float32 rows, each of length one or zero."""
    assert rows.shape == (count, dim)
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all()
    lengths = np.linalg.norm(rows, axis=1)
    assert (np.isclose(lengths, 1, atol=1e-4) | (lengths == 0)).all()


class SentenceEncoderContract:
    """What every `SentenceEncoder` keeps to."""

    def test_is_a_sentence_encoder(self, model: SentenceEncoder) -> None:
        """It has the role's members and a name."""
        assert isinstance(model, SentenceEncoder)
        assert model.id

    def test_gives_unit_rows(self, model: SentenceEncoder) -> None:
        """Any text gives a row: empty, long, with odd letters."""
        assert_unit_rows(model.encode(TEXTS), len(TEXTS), model.dim)

    def test_nothing_gives_nothing(self, model: SentenceEncoder) -> None:
        """No texts, no rows."""
        assert model.encode([]).shape == (0, model.dim)

    def test_a_text_means_the_same_in_any_company(self, model: SentenceEncoder) -> None:
        """Batching changes no vector."""
        alone = np.concatenate([model.encode([text]) for text in TEXTS])
        np.testing.assert_allclose(model.encode(TEXTS), alone, atol=1e-4)

    def test_says_whether_it_can_read(self, model: SentenceEncoder) -> None:
        """Plain English is readable to all models there are."""
        assert model.unreadable(TEXTS[0]) == ""

    def test_counts_what_came_over_a_bridge(self, model: SentenceEncoder) -> None:
        """None or one or both of two texts; plain English is at home."""
        assert model.crossed(TEXTS[0], TEXTS[2]) == 0
        assert {model.crossed(one, other) for one in TEXTS for other in TEXTS} <= {0, 1, 2}


class ImageTextEncoderContract:
    """What every `ImageTextEncoder` keeps to."""

    def test_is_an_image_text_encoder(self, model: ImageTextEncoder) -> None:
        """It has the role's members and a name."""
        assert isinstance(model, ImageTextEncoder)
        assert model.id

    def test_gives_unit_rows(self, model: ImageTextEncoder) -> None:
        """Pictures of any shape and texts of any length share one space."""
        assert_unit_rows(model.encode_images(pictures()), len(pictures()), model.dim)
        assert_unit_rows(model.encode_texts(TEXTS), len(TEXTS), model.dim)

    def test_nothing_gives_nothing(self, model: ImageTextEncoder) -> None:
        """No pictures or texts, no rows."""
        assert model.encode_images([]).shape == model.encode_texts([]).shape == (0, model.dim)

    def test_a_picture_means_the_same_in_any_company(self, model: ImageTextEncoder) -> None:
        """Batching changes no vector and no order."""
        alone = np.concatenate([model.encode_images([image]) for image in pictures()])
        np.testing.assert_allclose(model.encode_images(pictures()), alone, atol=1e-4)

    def test_says_whether_it_can_read(self, model: ImageTextEncoder) -> None:
        """Plain English is readable to all models there are."""
        assert model.unreadable(TEXTS[0]) == ""

    def test_is_surer_of_what_is_more_alike(self, model: ImageTextEncoder) -> None:
        """A curve, where there is one, rises with similarity and gives chances."""
        fits = model.calibration(model.encode_texts([TEXTS[0]])[0])
        if fits is not None:
            chances = [fits.at(similarity) for similarity in (-1.0, 0.0, 0.2, 0.5, 1.0)]
            assert chances == sorted(chances)
            assert 0 <= chances[0] < chances[-1] <= 1


class DetectorContract:
    """What every `Detector` keeps to."""

    def test_is_a_detector(self, model: Detector) -> None:
        """It has the role's members and a name."""
        assert isinstance(model, Detector)
        assert model.id

    def test_finds_objects_best_first(self, model: Detector) -> None:
        """One result a picture, each sorted, labelled and inside the picture."""
        found = model.detect(pictures())
        assert len(found) == len(pictures())
        for objects in found:
            assert [o.score for o in objects] == sorted((o.score for o in objects), reverse=True)
            assert all(o.label for o in objects)
            assert_inside(objects)

    def test_nothing_gives_nothing(self, model: Detector) -> None:
        """No pictures, no results."""
        assert model.detect([]) == []

    def test_a_picture_shows_the_same_in_any_company(self, model: Detector) -> None:
        """Batching changes no object."""
        alone = [model.detect([image])[0] for image in pictures()]
        together = model.detect(pictures())
        assert [[o.label for o in objects] for objects in together] == [
            [o.label for o in objects] for objects in alone
        ]


class TextReaderContract:
    """What every `TextReader` keeps to."""

    def test_is_a_text_reader(self, model: TextReader) -> None:
        """It has the role's members and a name."""
        assert isinstance(model, TextReader)
        assert model.id

    def test_reads_nothing_where_nothing_is(self, model: TextReader) -> None:
        """An empty picture has no lines, whatever its shape."""
        for shape in ((240, 320, 3), (1, 40, 3), (40, 1, 3)):
            assert model.read(np.zeros(shape, np.uint8)) == ()

    def test_lines_lie_inside_the_picture(self, model: TextReader) -> None:
        """Boxes are fractions."""
        for image in pictures():
            assert_inside(model.read(image))


class CaptionerContract:
    """What every `Captioner` keeps to."""

    def test_is_a_captioner(self, model: Captioner) -> None:
        """It has the role's members and a name."""
        assert isinstance(model, Captioner)
        assert model.id

    def test_one_caption_a_picture(self, model: Captioner) -> None:
        """Each a text, the same every time."""
        images = pictures()[:2]
        captions = model.caption(images)
        assert len(captions) == len(images)
        assert all(isinstance(caption.text, str) for caption in captions)
        assert model.caption(images) == captions

    def test_nothing_gives_nothing(self, model: Captioner) -> None:
        """No pictures, no captions."""
        assert model.caption([]) == []


class TextModeratorContract:
    """What every `TextModerator` keeps to."""

    def test_is_a_text_moderator(self, model: TextModerator) -> None:
        """It has the role's members, a name and something to look for."""
        assert isinstance(model, TextModerator)
        assert model.id
        assert model.categories

    def test_judges_any_text_in_every_category(self, model: TextModerator) -> None:
        """Empty, long, with odd letters: one finding a category, most likely first."""
        found = model.moderate(TEXTS)
        assert len(found) == len(TEXTS)
        for findings in found:
            assert_findings(findings, model.categories)

    def test_nothing_gives_nothing(self, model: TextModerator) -> None:
        """No texts, no findings."""
        assert model.moderate([]) == []

    def test_a_text_is_judged_the_same_in_any_company(self, model: TextModerator) -> None:
        """Batching changes no score."""
        assert_alike(model.moderate(TEXTS), [model.moderate([text])[0] for text in TEXTS])


class ImageModeratorContract:
    """What every `ImageModerator` keeps to."""

    def test_is_an_image_moderator(self, model: ImageModerator) -> None:
        """It has the role's members, a name and something to look for."""
        assert isinstance(model, ImageModerator)
        assert model.id
        assert model.categories

    def test_judges_any_picture_in_every_category(self, model: ImageModerator) -> None:
        """Pictures of any shape: one finding a category, most likely first."""
        found = model.moderate(pictures())
        assert len(found) == len(pictures())
        for findings in found:
            assert_findings(findings, model.categories)

    def test_nothing_gives_nothing(self, model: ImageModerator) -> None:
        """No pictures, no findings."""
        assert model.moderate([]) == []

    def test_a_picture_is_judged_the_same_in_any_company(self, model: ImageModerator) -> None:
        """Batching changes no score."""
        assert_alike(model.moderate(pictures()), [model.moderate([image])[0] for image in pictures()])


class VoiceActivityContract:
    """What every `VoiceActivity` keeps to."""

    def test_is_a_voice_activity_model(self, model: VoiceActivity) -> None:
        """It has the role's members and a name."""
        assert isinstance(model, VoiceActivity)
        assert model.id

    def test_one_probability_a_window(self, model: VoiceActivity) -> None:
        """A window is 512 samples; what does not fill one waits."""
        chances = model.start().feed(noise(1.0))
        assert chances.shape == (SAMPLE_RATE_HZ // 512,)
        assert ((chances >= 0) & (chances <= 1)).all()
        assert model.start().feed(np.zeros(0, np.float32)).shape == (0,)

    def test_pieces_make_the_whole(self, model: VoiceActivity) -> None:
        """However sound is cut into calls, the probabilities are the same."""
        sound, stream = noise(1.0), model.start()
        pieces = [stream.feed(piece) for piece in np.split(sound, [1, 500, 513, 4000, 4000, 9999])]
        np.testing.assert_allclose(np.concatenate(pieces), model.start().feed(sound), atol=1e-4)

    def test_streams_do_not_mix(self, model: VoiceActivity) -> None:
        """Two recordings side by side are as if alone."""
        first, second = model.start(), model.start()
        heard = first.feed(noise(0.5))
        second.feed(noise(0.5, loudness=0.5))
        both = np.concatenate([heard, first.feed(noise(0.5))])
        alone = model.start()
        np.testing.assert_allclose(both, np.concatenate([alone.feed(noise(0.5)), alone.feed(noise(0.5))]), atol=1e-6)


class TranscriberContract:
    """What every `Transcriber` keeps to."""

    def test_is_a_transcriber(self, model: Transcriber) -> None:
        """It has the role's members and a name."""
        assert isinstance(model, Transcriber)
        assert model.id

    def test_silence_says_nothing(self, model: Transcriber) -> None:
        """Nothing, next to nothing, and silence."""
        for samples in (0, 1, 160, SAMPLE_RATE_HZ):
            assert model.transcribe(np.zeros(samples, np.float32)) == ()

    def test_times_lie_inside_and_in_order(self, model: Transcriber) -> None:
        """Whatever is heard has its place in the recording."""
        assert_in_order(model.transcribe(noise(2.0), "en"), 2.0)


class VoiceContract:
    """A sentence becomes sound, the same every time, and a script it does not know is told."""

    def test_is_a_voice(self, model: Voice) -> None:
        """It has a name, a rate, and languages by their codes."""
        assert isinstance(model, Voice)
        assert model.id
        assert model.rate_hz >= 8000
        assert all(len(code) == 2 for code in model.languages)

    def test_a_sentence_is_sound(self, model: Voice) -> None:
        """Finite mono samples that are not silence."""
        said = model.speak("hello there")
        assert said.dtype == np.float32
        assert said.ndim == 1
        assert len(said) > model.rate_hz // 100
        assert np.isfinite(said).all()
        assert 0 < np.abs(said).max() <= 1

    def test_a_seed_gives_the_same_samples(self, model: Voice) -> None:
        """Sample for sample."""
        assert np.array_equal(model.speak("hello there", seed=7), model.speak("hello there", seed=7))

    def test_faster_is_shorter(self, model: Voice) -> None:
        """More than twice the speed takes less time."""
        text = "hello there how are you today"
        assert len(model.speak(text, speed=1.6)) < len(model.speak(text, speed=0.7))

    def test_nothing_gives_nothing(self, model: Voice) -> None:
        """Neither does a mark that nobody says."""
        assert len(model.speak("")) == 0
        assert len(model.speak("…")) == 0

    def test_says_what_it_cannot_read(self, model: Voice) -> None:
        """A script it was not taught; a text without a word."""
        assert model.unreadable("hello there") == ""
        assert model.unreadable("これは読めません")
        assert model.unreadable("…")


def assert_inside(items: tuple[Detection, ...] | tuple[TextLine, ...]) -> None:
    """Scores and boxes are fractions, and boxes have their corners in order."""
    for item in items:
        left, top, right, bottom = item.box
        assert 0 <= left <= right <= 1
        assert 0 <= top <= bottom <= 1
        assert 0 <= item.score <= 1


def assert_findings(findings: tuple[Finding, ...], categories: frozenset[str]) -> None:
    """One finding for each category, with chances for scores, most likely first."""
    assert sorted(finding.category for finding in findings) == sorted(categories)
    scores = [finding.score for finding in findings]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def assert_alike(one: list[tuple[Finding, ...]], other: list[tuple[Finding, ...]]) -> None:
    """The same scores in the same categories, but for rounding."""
    for findings, others in zip(one, other, strict=True):
        expected = {finding.category: finding.score for finding in others}
        assert {finding.category for finding in findings} == set(expected)
        assert all(abs(finding.score - expected[finding.category]) < _ROUNDING for finding in findings)


def assert_in_order(utterances: tuple[Utterance, ...], duration_s: float) -> None:
    """Utterances start one after the other, hold their words, and end before the recording does."""
    starts = [utterance.span.start_s for utterance in utterances]
    assert starts == sorted(starts)
    for utterance in utterances:
        assert utterance.text.strip()
        assert 0 <= utterance.span.start_s <= utterance.span.end_s <= duration_s
        word_starts = [word.span.start_s for word in utterance.words]
        assert word_starts == sorted(word_starts)


def tiny_clip(folder: Path) -> Path:
    """A CLIP model (`clip:FOLDER`)."""
    from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel

    ids = _save_tokenizer(folder)
    text = {**_SIZES, **ids, "max_position_embeddings": 32, "vocab_size": _VOCABULARY}
    config = CLIPConfig(text_config=text, vision_config={**_SIZES, **_PATCHES}, projection_dim=16)
    CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=_SQUARE).save_pretrained(folder)
    return _save(CLIPModel, config, folder)


def tiny_siglip(folder: Path) -> Path:
    """A SigLIP model (`siglip:FOLDER`)."""
    from transformers import SiglipConfig, SiglipImageProcessorPil, SiglipModel

    ids = _save_tokenizer(folder)
    text = {**_SIZES, **ids, "max_position_embeddings": 32, "vocab_size": _VOCABULARY, "projection_size": 32}
    config = SiglipConfig(text_config=text, vision_config={**_SIZES, **_PATCHES})
    SiglipImageProcessorPil(size=_SQUARE).save_pretrained(folder)
    return _save(SiglipModel, config, folder)


def tiny_blip(folder: Path) -> Path:
    """A BLIP captioner (`blip:FOLDER`)."""
    from transformers import BlipConfig, BlipForConditionalGeneration, BlipImageProcessorPil

    ids = _save_tokenizer(folder)
    text = {
        **_SIZES,
        **ids,
        "max_position_embeddings": 64,
        "vocab_size": _VOCABULARY,
        "encoder_hidden_size": _SIZES["hidden_size"],
        "sep_token_id": ids["eos_token_id"],
    }
    config = BlipConfig(text_config=text, vision_config={**_SIZES, **_PATCHES}, projection_dim=16)
    BlipImageProcessorPil(size=_SQUARE).save_pretrained(folder)
    return _save(BlipForConditionalGeneration, config, folder)


def tiny_detr(folder: Path) -> Path:
    """A DETR detector (`detr:FOLDER`)."""
    from transformers import DetrConfig, DetrForObjectDetection, DetrImageProcessorPil, ResNetConfig

    shape: dict[str, Any] = {"hidden_sizes": [8, 16], "depths": [1, 1], "out_features": ["stage2"]}
    backbone = ResNetConfig(embedding_size=8, **shape)
    config = DetrConfig(
        backbone_config=backbone,
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        num_queries=5,
        id2label={0: "person", 1: "dog"},
    )
    DetrImageProcessorPil(size={"shortest_edge": 64, "longest_edge": 128}).save_pretrained(folder)
    return _save(_sure_of_dogs(DetrForObjectDetection), config, folder)


def tiny_guard(folder: Path, template: str = "User: {{ messages[0]['content'] }}") -> Path:
    """A guard model (`llama-guard:FOLDER`) to which the last character of a text says everything.

    After `!` it writes `unsafe` nine times in ten, and S10 as its hazard; after `?` nonsense; after `,` a blank and
    then its verdict; after anything else `safe`.
    """
    from transformers import LlamaConfig, LlamaForCausalLM

    ids = _save_tokenizer(folder)
    settings = folder / "tokenizer_config.json"
    content = json.loads(settings.read_text(encoding="utf-8")) | {"chat_template": template}
    settings.write_text(json.dumps(content), encoding="utf-8")
    sizes: dict[str, Any] = {**_SIZES, **ids, "hidden_size": _WIDTH, "num_hidden_layers": 1}
    config = LlamaConfig(**sizes, vocab_size=_VOCABULARY, max_position_embeddings=128)
    return _save(_ruled_by_the_last_character(LlamaForCausalLM), config, folder)


def tiny_sentence_transformer(folder: Path) -> Path:
    """A sentence-transformers model (`sentence-transformers:FOLDER`)."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel

    bert = folder / "bert"
    _save_tokenizer(bert)
    _save(BertModel, BertConfig(**_SIZES, vocab_size=_VOCABULARY, max_position_embeddings=64), bert)
    words = Transformer(str(bert), max_seq_length=64)
    pooling = Pooling(words.get_embedding_dimension())
    SentenceTransformer(modules=[words, pooling], device="cpu").save(str(folder / "model"))
    return folder / "model"


def tiny_whisper(folder: Path) -> Path:
    """A checkpoint in openai-whisper's own format (`openai-whisper:FILE`)."""
    import torch
    from whisper.model import ModelDimensions, Whisper

    torch.manual_seed(0)
    dims = ModelDimensions(80, 1500, 16, 2, 1, 51865, 448, 16, 2, 1)
    model = Whisper(dims)
    torch.nn.init.normal_(model.decoder.positional_embedding)
    folder.mkdir(parents=True, exist_ok=True)
    torch.save({"dims": vars(dims), "model_state_dict": model.state_dict()}, folder / "tiny.pt")
    return folder / "tiny.pt"


def tiny_vits(folder: Path) -> Path:
    """A VITS voice (`vits:FOLDER`) that knows the letters of English."""
    from transformers import VitsConfig, VitsModel

    folder.mkdir(parents=True, exist_ok=True)
    letters = {letter: number for number, letter in enumerate("-_ abcdefghijklmnopqrstuvwxyz'")}
    (folder / "vocab.json").write_text(json.dumps(letters), encoding="utf-8")
    kind = {"add_blank": True, "normalize": True, "phonemize": False, "is_uroman": False, "language": "eng"}
    settings = {"tokenizer_class": "VitsTokenizer", "pad_token": "-", "unk_token": "_", **kind}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    config = VitsConfig(
        vocab_size=len(letters),
        hidden_size=16,
        num_hidden_layers=1,
        ffn_dim=16,
        flow_size=16,
        spectrogram_bins=9,
        use_stochastic_duration_prediction=False,
        upsample_initial_channel=16,
        upsample_rates=(8, 8),
        upsample_kernel_sizes=(16, 16),
        resblock_kernel_sizes=(3,),
        resblock_dilation_sizes=((1,),),
        duration_predictor_filter_channels=16,
        prior_encoder_num_flows=1,
        prior_encoder_num_wavenet_layers=1,
        posterior_encoder_num_wavenet_layers=1,
    )
    return _save(_unhurried(VitsModel), config, folder)


_SIZES: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}
_PATCHES = {"image_size": 32, "patch_size": 16}
_SQUARE = {"height": 32, "width": 32}
_SPECIAL = ("<pad>", "<s>", "</s>", "<unk>")
_VOCABULARY = 256 + len(_SPECIAL)
_WIDTH = 264  # a place for each token, and a multiple of the heads


def _save(model: Any, config: Any, folder: Path) -> Path:
    import torch

    from playhead.models.hub import quiet_transformers

    quiet_transformers()
    torch.manual_seed(0)
    model(config).save_pretrained(folder)
    return folder


def _unhurried(model: Any) -> Any:
    """A VITS class whose fresh instances give every sound the time of eight frames."""

    def made(config: Any) -> Any:
        import torch

        voice = model(config)
        with torch.no_grad():
            voice.duration_predictor.proj.bias.fill_(2.0)
        return voice

    return made


def _sure_of_dogs(model: Any) -> Any:
    """A detector class whose fresh instances see their second class everywhere, so that there is something to box."""

    def made(config: Any) -> Any:
        import torch

        detector = model(config)
        with torch.no_grad():
            detector.class_labels_classifier.bias.copy_(torch.tensor([0.0, 3.0, 0.0]))
        return detector

    return made


def _ruled_by_the_last_character(model: Any) -> Any:
    """A causal model class whose fresh instances look one token back and choose the next by a table."""

    def made(config: Any) -> Any:
        import torch

        causal, places = model(config), {token: i for i, token in enumerate(_tokens())}
        table = torch.zeros(_VOCABULARY, _WIDTH)
        table[places["s"]] = 20.0
        for last, following in {"?": "z", ",": "Ġ", "Ċ": "S", "S": "1", "1": "0", "0": "</s>"}.items():
            table[places[following], places[last]] = 40.0
        table[places["u"], places["!"]] = 20.0 + np.log(9)
        with torch.no_grad():
            causal.model.embed_tokens.weight.copy_(torch.eye(_VOCABULARY, _WIDTH))
            causal.model.layers[0].self_attn.o_proj.weight.zero_()
            causal.model.layers[0].mlp.down_proj.weight.zero_()
            causal.lm_head.weight.copy_(table / _WIDTH**0.5)
        return causal

    return made


def _tokens() -> list[str]:
    """The vocabulary of the tiny tokenizer: what is special, then a token a byte."""
    from tokenizers import pre_tokenizers

    return [*_SPECIAL, *sorted(pre_tokenizers.ByteLevel.alphabet())]


def _save_tokenizer(folder: Path) -> dict[str, int]:
    """Write a tokenizer of single bytes; return the ids a model's config needs to know."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

    vocabulary = {token: i for i, token in enumerate(_tokens())}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token=_SPECIAL[3]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    names = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 32, **names}
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    return {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
