"""Speech into words with times: Whisper (Radford et al. 2022) by faster-whisper or by openai-whisper.

`base` comes out of installed packages; other sizes are downloaded by the engine, or given as a path. Decoding is
greedy at temperature 0 and does not look back at its own earlier text, so that one recording always gives one
transcript and a mistake does not spread.
To add a backend: a class that satisfies `Transcriber`, with a static `needs`, and a line in `registry.py`.
"""

from __future__ import annotations

import os
import threading
import warnings
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from playhead.errors import ModelError, SettingsError
from playhead.models import hub
from playhead.models.needs import Needs
from playhead.models.repetition import without_loops
from playhead.models.roles import SAMPLE_RATE_HZ
from playhead.types import Span, Utterance, Word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from playhead.models.roles import Sound, Transcriber

PACKAGED = "base"
_CUDA_12 = (
    "On a GPU it needs cuBLAS of CUDA 12: put the folder of nvidia-cublas-cu12 on LD_LIBRARY_PATH, "
    'or set speech = "openai-whisper"'
)
PACKAGED_WEIGHTS = ("whisper-base.model", "whisper-base.config", "whisper-base.tokenizer", "whisper-base.vocabulary")
_OPENAI_HOST = "https://openaipublic.azureedge.net"
_SHORTEST_S = 0.1
_FAINTEST = 1e-4
# Clear speech scored at most 0.22 for silence; white noise 0.72 to 0.85, with a confidence below the second limit.
_LIKELY_SILENT = 0.6
_UNSURE = -0.3
_HUB_NAMES = {
    "turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    "large-v3-turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    "large": "Systran/faster-whisper-large-v3",
}


@dataclass(frozen=True, slots=True)
class Heard:
    """A segment as an engine gives it."""

    span: tuple[float, float]
    text: str
    words: list[tuple[float, float, str]]
    silence: float
    confidence: float


class Whisper:
    """The best engine that is installed: faster-whisper, else openai-whisper. `id` is the engine's."""

    def __init__(self, argument: str = PACKAGED, *, threads: int = 1, device: str = "cpu") -> None:
        self._engine: Transcriber = self._choice()(argument, threads=threads, device=device)
        self.id = self._engine.id

    @staticmethod
    def _choice() -> type[FasterWhisper | OpenAIWhisper]:
        return FasterWhisper if find_spec("faster_whisper") else OpenAIWhisper

    @staticmethod
    def needs(argument: str = PACKAGED) -> Needs:
        """What the chosen engine needs."""
        return Whisper._choice().needs(argument)

    def transcribe(self, sound: Sound, language: str = "") -> tuple[Utterance, ...]:
        """What the chosen engine heard."""
        return self._engine.transcribe(sound, language)


class FasterWhisper:
    """Whisper by CTranslate2: 8-bit on a CPU, half precision on CUDA."""

    def __init__(self, argument: str = PACKAGED, *, threads: int = 1, device: str = "cpu") -> None:
        kind, _, number = device.partition(":")  # CTranslate2 knows no other accelerator
        with self._folder(argument) as folder:
            from faster_whisper import WhisperModel

            self._model = WhisperModel(
                folder,
                device="cuda" if kind == "cuda" else "cpu",
                device_index=int(number) if kind == "cuda" and number else 0,
                compute_type="float16" if kind == "cuda" else "int8",
                cpu_threads=1,  # one thread a call, and as many calls at once
                num_workers=threads,
            )
        self.id = self.needs(argument).identity

    @staticmethod
    @contextmanager
    def _folder(argument: str) -> Iterator[str]:
        if argument != PACKAGED:
            with hub.loading(_faster_source(argument)) as folder:
                yield folder
            return
        from playhead.models.whisper_weights import faster_whisper_folder

        packaged = faster_whisper_folder()
        with hub.explained(f"faster-whisper:{argument}", packaged):
            yield str(packaged)

    @staticmethod
    def needs(argument: str = PACKAGED) -> Needs:
        """The packaged weights, a hub name or a folder in CTranslate2's layout."""
        packaged = argument == PACKAGED
        return Needs(
            f"faster-whisper:{argument}",
            packages=("faster_whisper",),
            weights=PACKAGED_WEIGHTS if packaged else (),
            source="" if packaged else _faster_source(argument),
        )

    def transcribe(self, sound: Sound, language: str = "") -> tuple[Utterance, ...]:
        """Utterances with word times; nothing for silence."""
        return () if _nothing_in(sound) else utterances(self._heard(sound, language), len(sound) / SAMPLE_RATE_HZ)

    def _heard(self, sound: Sound, language: str) -> Iterable[Heard]:
        try:
            yield from self._segments(sound, language)
        except RuntimeError as error:  # CUDA's libraries are looked for when they are first needed
            raise ModelError("faster-whisper failed", hub.first_line(error), _CUDA_12) from error

    def _segments(self, sound: Sound, language: str) -> Iterable[Heard]:
        known = self._model.supported_languages
        _check_language(language, known)
        segments, _ = self._model.transcribe(
            np.ascontiguousarray(sound, np.float32),
            language=language or "en",
            multilingual=not language,  # told from what was encoded anyway; asked to, the package encodes twice
            beam_size=1,
            temperature=0.0,
            condition_on_previous_text=False,
            word_timestamps=True,
        )
        for segment in segments:
            words = [(word.start, word.end, word.word) for word in segment.words or ()]
            yield Heard(
                (segment.start, segment.end), segment.text, words, segment.no_speech_prob, segment.avg_logprob
            )


class OpenAIWhisper:
    """Whisper by its authors' package, in float32 on a CPU."""

    def __init__(self, argument: str = PACKAGED, *, threads: int = 1, device: str = "cpu") -> None:
        import torch

        torch.set_num_threads(threads)
        self._model: Any = self._network(argument).to(device)
        self._transcribing = threading.Lock()  # the package hangs hooks into the network while it looks for words
        self._on_cpu = device == "cpu"
        self.id = self.needs(argument).identity

    @staticmethod
    def _network(argument: str) -> Any:
        if argument == PACKAGED:
            from playhead.models.whisper_weights import openai_whisper_model

            return openai_whisper_model()
        import whisper

        source = _openai_source(argument)
        if hub.local(source) is None:
            hub.need_network(f"openai-whisper:{argument}", _OPENAI_HOST)
            with hub.explained(argument, Path(source)), redirect_stderr(StringIO()):
                return whisper.load_model(argument, device="cpu")
        with hub.loading(source) as path:
            return whisper.load_model(path, device="cpu")

    @staticmethod
    def needs(argument: str = PACKAGED) -> Needs:
        """The packaged weights, a size, or a checkpoint file in openai-whisper's format."""
        packaged = argument == PACKAGED
        return Needs(
            f"openai-whisper:{argument}",
            packages=("whisper", "torch"),
            weights=PACKAGED_WEIGHTS if packaged else (),
            source="" if packaged else _openai_source(argument),
        )

    def transcribe(self, sound: Sound, language: str = "") -> tuple[Utterance, ...]:
        """Utterances with word times; nothing for silence."""
        return () if _nothing_in(sound) else utterances(self._heard(sound, language), len(sound) / SAMPLE_RATE_HZ)

    def _heard(self, sound: Sound, language: str) -> Iterable[Heard]:
        from whisper.tokenizer import LANGUAGES

        _check_language(language, LANGUAGES)
        with self._transcribing, warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # the package leaves its vocabulary file open
            warnings.filterwarnings("ignore", "Performing inference on CPU")
            found = self._model.transcribe(
                np.ascontiguousarray(sound, np.float32),
                language=language or None,
                temperature=0.0,
                condition_on_previous_text=False,
                word_timestamps=True,
                fp16=not self._on_cpu,
                verbose=None,
            )
        for segment in found["segments"]:
            words = [(word["start"], word["end"], word["word"]) for word in segment.get("words", ())]
            span = (segment["start"], segment["end"])
            yield Heard(span, segment["text"], words, segment["no_speech_prob"], segment["avg_logprob"])


def utterances(heard: Iterable[Heard], duration_s: float) -> tuple[Utterance, ...]:
    """What engines heard, without what they make of noise, without loops, inside the recording."""
    spoken = (
        _utterance(segment, duration_s)
        for segment in heard
        if segment.text.strip() and not (segment.silence > _LIKELY_SILENT and segment.confidence < _UNSURE)
    )
    return without_loops(utterance for utterance in spoken if utterance.span.duration_s)


def _utterance(heard: Heard, duration_s: float) -> Utterance:
    words = tuple(
        Word(_span(start, end, duration_s), text.strip()) for start, end, text in heard.words if text.strip()
    )
    spoken = words and Span(words[0].span.start_s, max(words[-1].span.end_s, words[0].span.start_s))
    span = spoken if spoken and spoken.duration_s else _span(*heard.span, duration_s)
    return Utterance(span, heard.text.strip(), words)


def _span(start_s: float, end_s: float, duration_s: float) -> Span:
    start = min(max(0.0, float(start_s)), duration_s)
    return Span(start, min(max(start, float(end_s)), duration_s))


def _nothing_in(sound: Sound) -> bool:
    return len(sound) < _SHORTEST_S * SAMPLE_RATE_HZ or float(np.abs(sound).max()) < _FAINTEST


def _check_language(language: str, known: Iterable[str]) -> None:
    if language and language not in known:
        raise SettingsError(
            f"Whisper knows no language {language!r}", fix="Use an ISO 639-1 code such as en, de or ja."
        )


def _faster_source(argument: str) -> str:
    if "/" in argument or Path(argument).expanduser().exists():
        return argument
    if argument.startswith("distil-"):
        return f"Systran/faster-distil-whisper-{argument.removeprefix('distil-')}"
    return _HUB_NAMES.get(argument, f"Systran/faster-whisper-{argument}")


def _openai_source(argument: str) -> str:
    if Path(argument).expanduser().exists():
        return argument
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser()
    return str(cache / "whisper" / f"{argument}.pt")
