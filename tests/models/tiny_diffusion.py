"""Diffusion pipelines small enough for a test, saved as hub models are. What they draw is noise."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_WORDS = {"vocab_size": 256, "d_model": 16, "d_ff": 16, "d_kv": 8, "num_layers": 1, "num_heads": 2}


def tiny_diffusion(folder: Path, *, checker: bool = False) -> Path:
    """A Stable Diffusion that draws, redraws and inpaints; with a `checker` that takes everything for unsafe."""
    import torch
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPImageProcessorPil, CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    torch.manual_seed(0)
    vocabulary = _clip_vocabulary(folder / "words")
    tokenizer = CLIPTokenizer(
        vocab=str(folder / "words" / "vocab.json"), merges=str(folder / "words" / "merges.txt"), model_max_length=77
    )
    text = CLIPTextConfig(
        vocab_size=len(vocabulary), hidden_size=32, intermediate_size=37, num_hidden_layers=2, num_attention_heads=4,
        bos_token_id=len(vocabulary) - 2, eos_token_id=len(vocabulary) - 1, pad_token_id=len(vocabulary) - 1,
    )  # fmt: skip
    unet = UNet2DConditionModel(
        sample_size=8, in_channels=4, out_channels=4, layers_per_block=1, block_out_channels=(8, 16),
        norm_num_groups=8,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=32, attention_head_dim=4,
    )  # fmt: skip
    vae = AutoencoderKL(
        block_out_channels=(8, 8, 16, 16), norm_num_groups=8, latent_channels=4, sample_size=64,
        down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4,
    )  # fmt: skip
    scheduler = DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
    )
    kind: Any = StableDiffusionPipeline
    pipe = kind(
        vae=vae, text_encoder=CLIPTextModel(text), tokenizer=tokenizer, unet=unet, scheduler=scheduler,
        safety_checker=_checker() if checker else None,
        feature_extractor=CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=_SQUARE) if checker else None,
        requires_safety_checker=checker,
    )  # fmt: skip
    return _saved(pipe, folder / "model")


def tiny_sound(folder: Path) -> Path:
    """A LongCat-AudioDiT: a transformer over sound, at 24 kHz."""
    import torch
    from diffusers import LongCatAudioDiTPipeline, LongCatAudioDiTTransformer, LongCatAudioDiTVae
    from transformers import UMT5Config, UMT5EncoderModel

    torch.manual_seed(0)
    kind: Any = LongCatAudioDiTPipeline
    pipe = kind(
        vae=LongCatAudioDiTVae(
            in_channels=1, channels=16, c_mults=[1, 2], strides=[8, 8], latent_dim=8, encoder_latent_dim=16,
            downsampling_ratio=64, sample_rate=24_000,
        ),
        text_encoder=UMT5EncoderModel(UMT5Config(**_WORDS)),
        tokenizer=_tokenizer(folder / "words"),
        transformer=LongCatAudioDiTTransformer(
            dit_dim=64, dit_depth=2, dit_heads=4, dit_text_dim=16, latent_dim=8, text_conv=False
        ),
    )  # fmt: skip
    return _saved(pipe, folder / "model")


def tiny_film(folder: Path) -> Path:
    """An LTX-Video: film out of words, or out of a picture and words."""
    import torch
    from diffusers import (
        AutoencoderKLLTXVideo,
        FlowMatchEulerDiscreteScheduler,
        LTXPipeline,
        LTXVideoTransformer3DModel,
    )
    from transformers import T5Config, T5EncoderModel

    torch.manual_seed(0)
    kind: Any = LTXPipeline
    pipe = kind(
        transformer=LTXVideoTransformer3DModel(
            in_channels=8, out_channels=8, patch_size=1, patch_size_t=1, num_attention_heads=4, attention_head_dim=8,
            cross_attention_dim=32, num_layers=1, caption_channels=16,
        ),
        vae=AutoencoderKLLTXVideo(
            latent_channels=8, block_out_channels=(8, 8, 8, 8), decoder_block_out_channels=(8, 8, 8, 8),
            layers_per_block=(1, 1, 1, 1, 1), decoder_layers_per_block=(1, 1, 1, 1, 1),
            spatio_temporal_scaling=(True, True, True, False),
            decoder_spatio_temporal_scaling=(True, True, True, False), decoder_inject_noise=(False,) * 5,
            upsample_residual=(False,) * 4, upsample_factor=(1,) * 4, timestep_conditioning=False,
            patch_size=4, patch_size_t=1, encoder_causal=True, decoder_causal=False,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(),
        text_encoder=T5EncoderModel(T5Config(**_WORDS)),
        tokenizer=_tokenizer(folder / "words"),
    )  # fmt: skip
    return _saved(pipe, folder / "model")


def tiny_wan(folder: Path) -> Path:
    """A Wan, some of whose parts must stay in a number format of their own."""
    import torch
    from diffusers import AutoencoderKLWan, FlowMatchEulerDiscreteScheduler, WanPipeline, WanTransformer3DModel
    from transformers import UMT5Config, UMT5EncoderModel

    torch.manual_seed(0)
    kind: Any = WanPipeline
    pipe = kind(
        transformer=WanTransformer3DModel(
            patch_size=(1, 2, 2), num_attention_heads=2, attention_head_dim=12, in_channels=16, out_channels=16,
            text_dim=16, freq_dim=64, ffn_dim=32, num_layers=1, cross_attn_norm=True, rope_max_seq_len=32,
        ),
        vae=AutoencoderKLWan(
            base_dim=3, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1, temperal_downsample=[False, True, True]
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=7.0),
        text_encoder=UMT5EncoderModel(UMT5Config(**_WORDS)),
        tokenizer=_tokenizer(folder / "words"),
        expand_timesteps=True,
    )  # fmt: skip
    return _saved(pipe, folder / "model")


_SQUARE = {"height": 32, "width": 32}


def _saved(pipe: Any, folder: Path) -> Path:
    pipe.save_pretrained(folder, safe_serialization=True)
    return folder


def _checker() -> Any:
    """A checker for which every picture resembles everything that it looks for."""
    import torch
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
    from transformers import CLIPConfig

    sizes = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    vision = sizes | {"image_size": 32, "patch_size": 16, "projection_dim": 16}
    checker = StableDiffusionSafetyChecker(CLIPConfig(vision_config=vision, text_config=sizes, projection_dim=16))
    with torch.no_grad():
        checker.concept_embeds_weights.fill_(-2.0)
    return checker


def _clip_vocabulary(folder: Path) -> list[str]:
    """Write the vocabulary of a CLIP tokenizer that knows single bytes."""
    from tokenizers import pre_tokenizers

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True)
    (folder / "vocab.json").write_text(json.dumps({token: n for n, token in enumerate(vocabulary)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return vocabulary


def _tokenizer(folder: Path) -> Any:
    """A tokenizer of single bytes."""
    from transformers import AutoTokenizer

    from playhead.testing.tiny import save_tokenizer

    save_tokenizer(folder)
    return AutoTokenizer.from_pretrained(folder)
