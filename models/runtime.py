"""ONNX Runtime as it is used here: one thread a call, since whoever has much to run calls from several threads."""

from __future__ import annotations

import queue
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

T = TypeVar("T")


def session(model: Path | bytes) -> Any:
    """An inference session on the processor; several threads may run it at once."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    source = model if isinstance(model, bytes) else str(model)
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


class Spare(Generic[T]):
    """Copies of something that serves one caller at a time: as many as callers ever came together."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._free: queue.LifoQueue[T] = queue.LifoQueue()

    @contextmanager
    def one(self) -> Iterator[T]:
        """A copy for the caller alone."""
        try:
            copy = self._free.get_nowait()
        except queue.Empty:
            copy = self._make()
        try:
            yield copy
        finally:
            self._free.put(copy)
