"""Models of a few kilobytes with random weights, written into a folder in the layout in which a hub delivers them.

What they say is noise; that they load and run is the point.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path


def tiny_clip(folder: Path) -> Path:
    """A CLIP model (`clip:FOLDER`)."""
    from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel

    ids = save_tokenizer(folder)
    text = {**_SIZES, **ids, "max_position_embeddings": 32, "vocab_size": _VOCABULARY}
    config = CLIPConfig(text_config=text, vision_config={**_SIZES, **_PATCHES}, projection_dim=16)
    CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=_SQUARE).save_pretrained(folder)
    return _save(CLIPModel, config, folder)


def tiny_siglip(folder: Path) -> Path:
    """A SigLIP model (`siglip:FOLDER`)."""
    from transformers import SiglipConfig, SiglipImageProcessorPil, SiglipModel

    ids = save_tokenizer(folder)
    text = {**_SIZES, **ids, "max_position_embeddings": 32, "vocab_size": _VOCABULARY, "projection_size": 32}
    config = SiglipConfig(text_config=text, vision_config={**_SIZES, **_PATCHES})
    SiglipImageProcessorPil(size=_SQUARE).save_pretrained(folder)
    return _save(SiglipModel, config, folder)


def tiny_blip(folder: Path) -> Path:
    """A BLIP captioner (`blip:FOLDER`)."""
    from transformers import BlipConfig, BlipForConditionalGeneration, BlipImageProcessorPil

    ids = save_tokenizer(folder)
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

    ids = save_tokenizer(folder)
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
    save_tokenizer(bert)
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


def save_tokenizer(folder: Path) -> dict[str, int]:
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
