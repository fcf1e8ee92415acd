"""Text into speech: the voice inside a package, or a VITS voice from a hub or a folder.

To add a backend: a class that satisfies `Voice`, with a static `needs`, and a line in `registry.py`. A backend speaks
one sentence at a time; `spoken` takes a text of any length apart and puts pauses between.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from playhead.models import hub, weights
from playhead.models.language import why_not_english
from playhead.models.needs import Needs
from playhead.models.speakable import paragraphs, sayable, sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playhead.models.roles import Sound, Voice

SENTENCE_PAUSE_S = 0.35
PARAGRAPH_PAUSE_S = 0.8
_LOUDNESS = 0.09  # root mean square of what is loud enough to count, about -21 dBFS
_PEAK = 0.95
_BLOCK_S = 0.05
_FADE_S = 0.006
_HIBARI_WEIGHTS = tuple(f"hibari.{part}" for part in ("voice", "unknown-words", "words", "rare-words", "tagger"))
_SAYABLE = re.compile(r"[A-Za-z0-9]")
_MOST_UNKNOWN = 0.3


class Hibari:
    """An American voice distilled from Kokoro, in English, more than a hundred times faster than it speaks."""

    rate_hz = 24_000
    languages = frozenset({"en"})

    def __init__(self, argument: str = "", *, threads: int = 1, device: str = "cpu") -> None:  # noqa: ARG002
        self.id = self.needs(argument).identity
        self._threads = threads

    @staticmethod
    def needs(argument: str = "") -> Needs:  # noqa: ARG004
        """The package, its network, and the tables by which it knows how words are said."""
        return Needs("hibari", packages=("hibari", "onnxruntime"), weights=_HIBARI_WEIGHTS)

    def speak(self, text: str, speed: float = 1.0, seed: int = 0) -> Sound:
        """A sentence as sound; nothing for what cannot be said."""
        if not _SAYABLE.search(text):
            return np.zeros(0, np.float32)
        return np.asarray(self._engine(text, speed=speed, seed=seed), np.float32)

    def unreadable(self, text: str) -> str:
        """Why it cannot read `text`, or `""`."""
        if why := why_not_english(text):
            return why
        return "" if _SAYABLE.search(text) else "there is no word in it that this voice can say"

    @cached_property
    def _engine(self) -> Any:
        from hibari import Hibari as Engine

        network, *_ = [weights.locate(name) for name in _HIBARI_WEIGHTS]  # each is as pinned, or refused
        return Engine(model=str(network), threads=self._threads)


class VITS:
    """VITS (Kim et al. 2021) by hub name or folder: the voices of MMS (Pratap et al. 2023) in 1,100 languages."""

    languages: frozenset[str] = frozenset()

    def __init__(self, argument: str, *, threads: int = 1, device: str = "cpu") -> None:
        with hub.loading(argument) as folder:
            import torch
            from transformers import VitsModel, VitsTokenizer

            hub.quiet_transformers()
            torch.set_num_threads(threads)
            self._tokenizer: Any = VitsTokenizer.from_pretrained(folder)
            model: Any = VitsModel
            self._model = model.from_pretrained(folder).to(device).eval()
        self._device = device
        self.rate_hz = int(self._model.config.sampling_rate)
        self.id = self.needs(argument).identity

    @staticmethod
    def needs(argument: str) -> Needs:
        """A hub name or a folder."""
        return Needs(f"vits:{argument}", packages=("torch", "transformers"), source=argument)

    def speak(self, text: str, speed: float = 1.0, seed: int = 0) -> Sound:
        """A sentence as sound; nothing for what cannot be said."""
        import torch

        tokens = self._tokenizer(text, return_tensors="pt")["input_ids"].to(self._device)
        if not self._known(text):
            return np.zeros(0, np.float32)
        with torch.inference_mode(), torch.random.fork_rng():
            torch.manual_seed(seed)
            said = self._model(input_ids=tokens, speaking_rate=float(self._model.config.speaking_rate) * speed)
        return np.asarray(said.waveform[0].float().cpu().numpy(), np.float32)

    def unreadable(self, text: str) -> str:
        """Why it cannot read `text`: most letters are not among those it learnt."""
        letters = [character for character in text if character.isalnum()]
        unknown = len(letters) - len(self._known("".join(letters)))
        if not letters or unknown > _MOST_UNKNOWN * len(letters):
            return "most of its letters are not among those that this voice was taught"
        return ""

    def _known(self, text: str) -> str:
        return "".join(
            c for c in self._tokenizer.normalize_text(text) if c in self._tokenizer.encoder and c.isalnum()
        )


def spoken(voice: Voice, text: str, speed: float = 1.0, seed: int = 0) -> Iterator[tuple[str, Sound]]:
    """Each sentence of a text with its sound, all equally loud, and between two of them a pause (`""`).

    One sentence is held at a time. Sentences that the voice cannot say give no sound, and no pause.
    """
    pause_s = 0.0
    for paragraph in paragraphs(text):
        for sentence in sentences(paragraph):
            sound = levelled(voice.speak(sayable(sentence, voice.languages), speed, seed), voice.rate_hz)
            if not len(sound):
                continue
            if pause_s:
                yield "", np.zeros(round(pause_s / speed * voice.rate_hz), np.float32)
            yield sentence, sound
            pause_s = SENTENCE_PAUSE_S
        pause_s = PARAGRAPH_PAUSE_S if pause_s else 0.0


def levelled(sound: Sound, rate_hz: int) -> Sound:
    """The sound at the loudness that every sentence has, without a click at either end."""
    if not len(sound) or not np.isfinite(sound).all():
        return np.zeros(0, np.float32)
    loud = _loudness(sound, rate_hz)
    gain = min(_LOUDNESS / max(loud, 1e-6), _PEAK / max(float(np.abs(sound).max()), 1e-6))
    out = sound * np.float32(gain)
    fade = min(len(out) // 2, round(_FADE_S * rate_hz))
    ramp = np.linspace(0, 1, fade, dtype=np.float32)
    out[:fade] *= ramp
    out[len(out) - fade :] *= ramp[::-1]
    return np.asarray(out, np.float32)


def _loudness(sound: Sound, rate_hz: int) -> float:
    """Root mean square over the blocks in which something is said; pauses do not count."""
    size = max(1, round(_BLOCK_S * rate_hz))
    blocks = [float(np.sqrt(np.mean(np.square(sound[n : n + size])))) for n in range(0, len(sound), size)]
    counted = [block for block in blocks if block > max(blocks) / 8]
    return float(np.sqrt(np.mean(np.square(counted)))) if counted else 0.0
