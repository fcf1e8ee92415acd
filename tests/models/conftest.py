"""Models loaded once a session, a cache folder of its own, and a spoken sentence."""

from __future__ import annotations

import os
import subprocess
import sys
import wave
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import yaml

from playhead import testing
from playhead.models.registry import Models

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playhead.models.roles import Sound

SPOKEN = "The red car stopped at the old bridge. Nobody knew why the river was so high that morning."


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "playhead-cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLAYHEAD_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def run_python() -> Callable[[str], str]:
    """What a fresh interpreter prints."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}

    def run(code: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    return run


@pytest.fixture(scope="session")
def models() -> Models:
    return Models(threads=2)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Tiny random models by backend name."""
    folder = tmp_path_factory.mktemp("tiny")
    return {
        "clip": testing.tiny_clip(folder / "clip"),
        "siglip": testing.tiny_siglip(folder / "siglip"),
        "blip": testing.tiny_blip(folder / "blip"),
        "detr": testing.tiny_detr(folder / "detr"),
        "sentence-transformers": testing.tiny_sentence_transformer(folder / "sentences"),
        "llama-guard": testing.tiny_guard(folder / "guard"),
        "openai-whisper": testing.tiny_whisper(folder / "whisper"),
        "vits": testing.tiny_vits(folder / "vits"),
    }


@pytest.fixture(scope="session")
def tiny_models(tiny: dict[str, Path]) -> Models:
    """A set of models that are all loaded from folders, as hub models are."""
    return Models(
        {
            "picture": f"clip:{tiny['clip']}",
            "objects": f"detr:{tiny['detr']}",
            "caption": f"blip:{tiny['blip']}",
            "sentences": f"sentence-transformers:{tiny['sentence-transformers']}",
            "speech": f"openai-whisper:{tiny['openai-whisper']}",
            "text_safety": f"llama-guard:{tiny['llama-guard']}",
            "image_safety": f"clip:{tiny['clip']}",
            "voice": f"vits:{tiny['vits']}",
        }
    )


@pytest.fixture(scope="session")
def harm_categories() -> frozenset[str]:
    """The names of the categories of harm."""
    file = Path(__file__).parents[2] / "safety" / "categories.yaml"
    return frozenset(yaml.safe_load(file.read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Sound:
    """`SPOKEN` by a synthetic voice, at 16 kHz, with half a second of silence before and after."""
    import av
    from hibari import Hibari

    file = tmp_path_factory.mktemp("voice") / "spoken.wav"
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(24_000)
        out.writeframes((np.clip(Hibari()(SPOKEN), -1, 1) * 32767).astype("<i2").tobytes())
    resampler = av.AudioResampler("flt", "mono", 16_000)
    with av.open(str(file)) as container:
        frames = [small for frame in container.decode(audio=0) for small in resampler.resample(frame)]
    samples = [frame.to_ndarray()[0] for frame in [*frames, *resampler.resample(None)]]
    pause = np.zeros(8_000, np.float32)
    return np.concatenate([pause, *samples, pause]).astype(np.float32)
