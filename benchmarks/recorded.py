"""Models that do what they always do, measure what they are given and keep a fair sample of it to do once more."""

from __future__ import annotations

import os
import random
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from playhead.models.registry import OFFLINE, Models
from playhead.models.roles import Role
from playhead.models.runtime import one_thread

if TYPE_CHECKING:
    from collections.abc import Callable

_KEPT = 32  # calls of each model that are made once more, alone


@dataclass
class Recorded:
    """A model that does what it always does, measures what it is given and keeps a fair sample of it."""

    model: Any
    method: str
    size: Callable[[Any], float]
    total: float = 0.0
    calls: int = 0
    kept: list[Any] = field(default_factory=list)
    lock: Any = field(default_factory=threading.Lock)

    def __getattr__(self, name: str) -> Any:
        return self._called if name == self.method else getattr(self.model, name)

    def _called(self, given: Any, *more: Any) -> Any:
        self.note(given)
        return getattr(self.model, self.method)(given, *more)

    def note(self, given: Any) -> None:
        with self.lock:
            self.total, self.calls = self.total + self.size(given), self.calls + 1
            place = self.calls - 1 if self.calls <= _KEPT else random.Random(self.calls).randrange(self.calls)
            self.kept[place : place + 1] = [given] if place < _KEPT else []

    def alone_s(self) -> float:
        """Processor seconds of all that it was given, from doing the sample again."""
        if not self.kept:
            return 0.0
        with one_thread():
            self._again(self.kept[0])
            started = time.process_time()
            for given in self.kept:
                self._again(given)
        return (time.process_time() - started) * self.total / sum(map(self.size, self.kept))

    def _again(self, given: Any) -> Any:
        return getattr(self.model, self.method)(given)


class RecordedVoice(Recorded):
    """Voice activity is a stream that is fed."""

    def start(self) -> RecordedVoice:
        self.stream = self.model.start()
        return self

    def feed(self, sound: Any) -> Any:
        self.note(sound)
        return self.stream.feed(sound)

    def _again(self, given: Any) -> Any:
        return self.model.start().feed(given)


def recorded() -> tuple[Models, dict[str, Recorded]]:
    """The offline profile, loaded, each model recorded."""

    def one(_: Any) -> float:
        return 1.0

    models = Models(OFFLINE, threads=os.cpu_count() or 1)
    stages: dict[str, tuple[Role, Recorded]] = {
        "picture": (Role.PICTURE, Recorded(models.picture, "encode_images", len)),
        "object": (Role.OBJECTS, Recorded(models.objects, "detect", len)),
        "text": (Role.TEXT, Recorded(models.text, "read", one)),
        "voice activity": (Role.VOICE_ACTIVITY, RecordedVoice(models.voice_activity, "feed", len)),
        "speech": (Role.SPEECH, Recorded(models.speech, "transcribe", one)),
        "sentences": (Role.SENTENCES, Recorded(models.sentences, "encode", len)),
    }
    blank, silent = np.zeros((360, 640, 3), np.uint8), np.zeros(16_000, np.float32)
    warm: dict[str, Any] = {"text": blank, "speech": silent + 0.01, "voice activity": silent, "sentences": ["warm"]}
    for name, (role, stage) in stages.items():
        stage._again(warm.get(name, [blank]))
        models.put(role, stage)
    return models, {name: stage for name, (_, stage) in stages.items()}
