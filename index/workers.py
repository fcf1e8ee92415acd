"""Threads that run models over what a pass hands them, while the next of the footage is being decoded."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, ParamSpec, Self, TypeVar

from playhead.models.runtime import one_thread

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

P = ParamSpec("P")
T = TypeVar("T")

_AHEAD = 3  # pieces of work for each thread that are held at once; who hands over more has to wait


class Workers:
    """`with Workers(2) as workers: found = workers.call(model, picture) … found.result()`.

    Models are called from as many threads as there are, so each call is to use one. What is held is bounded: where
    the models fall behind, `call` waits, and with it the decoder. Leaving the block ends what had not begun.
    """

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="playhead-model")
        self._room = threading.Semaphore(_AHEAD * threads)
        self._failed: BaseException | None = None

    def call(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> Future[T]:
        """What the function will have returned. Raises at once what an earlier call raised."""
        self._room.acquire()
        if self._failed:
            self._room.release()
            raise self._failed
        future = self._pool.submit(function, *arguments, **named)
        future.add_done_callback(self._done)
        return future

    def finish(self) -> None:
        """Wait until everything is done. Raises what one of the calls raised."""
        self._pool.shutdown(wait=True)
        if self._failed:
            raise self._failed

    def _done(self, future: Future[T]) -> None:
        if not future.cancelled():
            self._failed = self._failed or future.exception()
        self._room.release()

    def __enter__(self) -> Self:
        self._alone = one_thread(anew=True)
        self._alone.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._alone.__exit__(kind, error, trace)
