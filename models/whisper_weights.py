"""Whisper base out of its packages: as a folder for faster-whisper, or as a network for openai-whisper.

Both engines get the same published tensors. They lie in CTranslate2's binary format, which is read here without
pickle and without ctranslate2: a header, then for each tensor its name, shape, type and bytes.
"""

from __future__ import annotations

import json
import re
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from playhead.errors import WeightsError
from playhead.models import weights

if TYPE_CHECKING:
    from pathlib import Path

    import torch
    from numpy.typing import NDArray
    from whisper.model import Whisper

_FOLDER = {
    "model.bin": "whisper-base.model",
    "config.json": "whisper-base.config",
    "tokenizer.json": "whisper-base.tokenizer",
    "vocabulary.txt": "whisper-base.vocabulary",
}
_FORMAT_VERSION = 6
_TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}

# What CTranslate2 calls a layer, and what openai-whisper calls the layers it was fused from.
_TOP: dict[str, tuple[str, ...]] = {
    "encoder/conv1": ("encoder.conv1",),
    "encoder/conv2": ("encoder.conv2",),
    "encoder/layer_norm": ("encoder.ln_post",),
    "decoder/layer_norm": ("decoder.ln",),
    "decoder/embeddings": ("decoder.token_embedding",),
}
_IN_BLOCK: dict[str, tuple[str, ...]] = {
    "self_attention/layer_norm": ("attn_ln",),
    "self_attention/linear_0": ("attn.query", "attn.key", "attn.value"),
    "self_attention/linear_1": ("attn.out",),
    "attention/layer_norm": ("cross_attn_ln",),
    "attention/linear_0": ("cross_attn.query",),
    "attention/linear_1": ("cross_attn.key", "cross_attn.value"),
    "attention/linear_2": ("cross_attn.out",),
    "ffn/layer_norm": ("mlp_ln",),
    "ffn/linear_0": ("mlp.0",),
    "ffn/linear_1": ("mlp.2",),
}
_LEAVES = {"weight": "weight", "bias": "bias", "gamma": "weight", "beta": "bias"}
_BLOCK = re.compile(r"(encoder|decoder)/layer_(\d+)/(.+)")
_POSITIONS = re.compile(r"(encoder|decoder)/position_encodings/encodings")


def faster_whisper_folder() -> Path:
    """A folder in CTranslate2's layout, joined from the packages into the cache."""
    return weights.assemble(_FOLDER)


def openai_whisper_model() -> Whisper:
    """The same weights as openai-whisper's own network, with the heads that align words set."""
    from whisper.model import ModelDimensions, Whisper

    data = b"".join(path.read_bytes() for path in weights.locate_parts("whisper-base.model"))
    tensors = read_tensors(data)
    state = openai_state(tensors)
    model = Whisper(ModelDimensions(**_dimensions(state, tensors)))
    missing, unexpected = model.load_state_dict(state, strict=False)
    if unexpected or missing:
        raise WeightsError("whisper-base does not fit openai-whisper", f"{[*missing, *unexpected][:3]} differ")
    config = json.loads(weights.locate("whisper-base.config").read_bytes())
    _set_alignment_heads(model, config["alignment_heads"])
    return model.eval()


def read_tensors(data: bytes) -> dict[str, NDArray[Any]]:
    """The tensors of a CTranslate2 `model.bin` by name, as views of `data`."""
    reader = _Reader(data)
    version, spec, _revision = reader.number("I"), reader.text(), reader.number("I")
    if (version, spec) != (_FORMAT_VERSION, "WhisperSpec"):
        raise WeightsError("not a Whisper model of CTranslate2", f"it is {spec} in format {version}")
    return dict(reader.tensor() for _ in range(reader.number("I")))


class _Reader:
    """Takes little-endian values off a byte string, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = memoryview(data), 0

    def number(self, kind: str) -> int:
        [value] = struct.unpack("<" + kind, self._take(struct.calcsize("<" + kind)))
        return int(value)

    def text(self) -> str:
        return bytes(self._take(self.number("H"))).rstrip(b"\0").decode()

    def tensor(self) -> tuple[str, NDArray[Any]]:
        name = self.text()
        shape = [self.number("I") for _ in range(self.number("B"))]
        kind = _TYPES[self.number("B")]
        return name, np.frombuffer(self._take(self.number("I")), kind).reshape(shape)

    def _take(self, count: int) -> memoryview:
        taken = self._data[self._at : self._at + count]
        if len(taken) != count:
            raise WeightsError("a Whisper model ends too early", f"byte {len(self._data)} of it is the last")
        self._at += count
        return taken


def openai_state(tensors: dict[str, NDArray[Any]]) -> dict[str, torch.Tensor]:
    """The tensors under openai-whisper's names, in float32; fused projections are taken apart."""
    import torch

    state = {}
    for name, tensor in tensors.items():
        targets = _openai_names(name)
        for target, piece in zip(targets, np.split(tensor, len(targets)) if targets else (), strict=True):
            if not target.endswith(".key.bias"):  # Whisper's keys have none; the fused tensor holds zeros
                state[target] = torch.from_numpy(piece.astype(np.float32))
    return state


def _openai_names(name: str) -> list[str]:
    if found := _POSITIONS.fullmatch(name):
        return [f"{found[1]}.positional_embedding"]
    layer, _, leaf = name.rpartition("/")
    if leaf not in _LEAVES:
        return []
    if found := _BLOCK.fullmatch(layer):
        targets = [f"{found[1]}.blocks.{found[2]}.{target}" for target in _IN_BLOCK.get(found[3], ())]
    else:
        targets = list(_TOP.get(layer, ()))
    return [f"{target}.{_LEAVES[leaf]}" for target in targets]


def _dimensions(state: dict[str, torch.Tensor], tensors: dict[str, NDArray[Any]]) -> dict[str, int]:
    def blocks(side: str) -> int:
        return sum(name.startswith(f"{side}.blocks.") and name.endswith(".mlp_ln.bias") for name in state)

    width, mels = state["encoder.conv1.weight"].shape[:2]
    return {
        "n_mels": mels,
        "n_audio_ctx": state["encoder.positional_embedding"].shape[0],
        "n_audio_state": width,
        "n_audio_head": int(tensors["encoder/num_heads"]),
        "n_audio_layer": blocks("encoder"),
        "n_vocab": state["decoder.token_embedding.weight"].shape[0],
        "n_text_ctx": state["decoder.positional_embedding"].shape[0],
        "n_text_state": width,
        "n_text_head": int(tensors["decoder/num_heads"]),
        "n_text_layer": blocks("decoder"),
    }


def _set_alignment_heads(model: Whisper, heads: list[list[int]]) -> None:
    import torch

    chosen = torch.zeros(model.dims.n_text_layer, model.dims.n_text_head, dtype=torch.bool)
    for layer, head in heads:
        chosen[layer, head] = True
    model.register_buffer("alignment_heads", chosen.to_sparse(), persistent=False)
