"""Where somebody speaks: Silero VAD from its package, run by ONNX Runtime.

To add a backend: a class that satisfies `VoiceActivity`, with a static `needs`, and a line in `registry.py`.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from playhead.models import weights
from playhead.models.needs import Needs
from playhead.models.runtime import session

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from playhead.models.roles import Sound

WINDOW_SAMPLES = 512
_CONTEXT_SAMPLES = 64
_MOST_WINDOWS = 1024
_STATE_SHAPE = (1, 1, 128)


class Silero:
    """Silero VAD 6 for 16 kHz. The `sequence` graph takes many windows at once and equals the stepwise one."""

    def __init__(self, argument: str = "", *, threads: int = 1, device: str = "cpu") -> None:  # noqa: ARG002
        self.id = self.needs(argument).identity

    @staticmethod
    def needs(argument: str = "") -> Needs:  # noqa: ARG004
        """The network, and the runtime that runs it."""
        return Needs("silero", packages=("onnxruntime",), weights=("silero.sequence",))

    def start(self) -> SileroStream:
        """A fresh stream, at the beginning of a recording."""
        return SileroStream(self._session)

    @cached_property
    def _session(self) -> Any:
        return session(weights.locate("silero.sequence"))


class SileroStream:
    """One recording on its way through the network; sound may come in pieces of any length."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._hidden = np.zeros(_STATE_SHAPE, np.float32)
        self._cell = np.zeros(_STATE_SHAPE, np.float32)
        # Every window is seen together with the last samples of the one before it; the first follows silence.
        self._pending = np.zeros(_CONTEXT_SAMPLES, np.float32)

    def feed(self, sound: Sound) -> NDArray[np.float32]:
        """The probability of speech for each 32 ms window that `sound` completes; the rest waits for more."""
        samples = np.concatenate([self._pending, np.asarray(sound, np.float32).reshape(-1)])
        count = (len(samples) - _CONTEXT_SAMPLES) // WINDOW_SAMPLES
        found = [np.zeros(0, np.float32)]
        for first in range(0, count, _MOST_WINDOWS):
            last = min(count, first + _MOST_WINDOWS)
            found.append(self._run(samples[first * WINDOW_SAMPLES : last * WINDOW_SAMPLES + _CONTEXT_SAMPLES]))
        self._pending = samples[count * WINDOW_SAMPLES :].copy()
        return np.concatenate(found)

    def _run(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        seen = np.lib.stride_tricks.sliding_window_view(samples, _CONTEXT_SAMPLES + WINDOW_SAMPLES)[::WINDOW_SAMPLES]
        inputs = {"input": np.ascontiguousarray(seen), "h": self._hidden, "c": self._cell}
        chances, self._hidden, self._cell = self._session.run(["speech_probs", "hn", "cn"], inputs)
        return np.asarray(chances, np.float32).reshape(-1)
