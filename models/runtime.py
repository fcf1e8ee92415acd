"""How models are run: one thread a call, since whoever has much to run calls from several threads."""

from __future__ import annotations

import queue
import threading
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

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


class _OneThread:
    """The number of threads belongs to the process: the first to come sets it, the last to go puts it back."""

    def __init__(self) -> None:
        self._lock, self._inside = threading.Lock(), 0
        self._limit: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._limit = _linear_algebra().limit(limits=1, user_api="blas")
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._limit.restore_original_limits()


_ONE_THREAD = _OneThread()


def one_thread(*, anew: bool = False) -> AbstractContextManager[None]:
    """Linear algebra on one thread: with small matrices a second costs more than it gives, most on a busy machine.

    With `anew` the libraries are looked for again: some are loaded only with a model.
    """
    if anew:
        _linear_algebra.cache_clear()
    return _ONE_THREAD


@cache
def _linear_algebra() -> ThreadpoolController:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
