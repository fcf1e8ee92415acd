"""How fast footage is indexed, by stage, beside the limit of this machine in the same run.

    python benchmarks/index_speed.py FILE… [--mode full] [--channels picture,object,text,speech] [--rounds 3] [--json]

The limit is what the work itself costs: decoding every wanted frame and sound with PyAV and nothing else, and each
model alone, on one thread, over what it was given in the run (some of it, scaled up), divided by the cores there are.
Nothing can be faster with the same models and decoder. `ratio_to_limit` compares between machines, seconds do not.
Models are loaded before the clock starts. Several films are taken as one.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np

from playhead import Library
from playhead.media.demux import load, streams
from playhead.models.registry import OFFLINE, Models
from playhead.models.roles import Role
from playhead.settings import load_settings
from playhead.types import Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

KEPT = 24  # calls of each model that are made again alone
SKIPPED = {Mode.FAST: "NONREF", Mode.PREVIEW: "NONKEY"}


@dataclass
class Recorded:
    """A model that does what it always does, counts what it is given and keeps some of it."""

    model: Any
    method: str
    size: Callable[[Any], float]
    total: float = 0.0
    kept: list[tuple[tuple[Any, ...], float]] = field(default_factory=list)
    calls: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.model, name)
        return self._called if name == self.method else found

    def _called(self, *arguments: Any) -> Any:
        with self.lock:
            self.total += self.size(arguments[0])
            self.calls += 1
            place = len(self.kept) if len(self.kept) < KEPT else random.Random(self.calls).randrange(self.calls)
            if place < KEPT:
                self.kept[place : place + 1] = [(arguments, self.size(arguments[0]))]
        return getattr(self.model, self.method)(*arguments)

    def alone_s(self) -> float:
        """Processor seconds of all its work, from doing the kept part once more."""
        if not self.kept:
            return 0.0
        started = time.process_time()
        for arguments, _ in self.kept:
            getattr(self.model, self.method)(*arguments)
        return (time.process_time() - started) * self.total / sum(size for _, size in self.kept)


@dataclass
class Voice(Recorded):
    """Voice activity: a stream that is fed."""

    def start(self) -> Any:
        stream = self.model.start()
        return Recorded(stream, "feed", self.size, kept=self.kept, lock=self.lock, total=0.0)._counted(self)


def recorded(threads: int) -> tuple[Models, dict[str, Recorded]]:
    """The offline models, each recorded and warm."""
    models = Models(OFFLINE, threads=threads)
    one = lambda _: 1.0  # noqa: E731
    stages = {
        "picture": (Role.PICTURE, Recorded(models.picture, "encode_images", len)),
        "object": (Role.OBJECTS, Recorded(models.objects, "detect", len)),
        "text": (Role.TEXT, Recorded(models.text, "read", one)),
        "speech": (Role.SPEECH, Recorded(models.speech, "transcribe", len)),
        "sentences": (Role.SENTENCES, Recorded(models.sentences, "encode", len)),
    }
    for role, model in stages.values():
        models.put(role, model)
    return models, {name: model for name, (_, model) in stages.items()}


def main() -> int:
    raise NotImplementedError
