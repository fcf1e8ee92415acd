"""How far a pipeline is, told while it runs, and the way to end it: what whoever is told raises."""

from __future__ import annotations

import inspect
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_BEAT_S = 0.2


class Stopped(BaseException):
    """What `step` raised, on its way out of a pipeline."""

    def __init__(self, raised: BaseException) -> None:
        self.raised = raised


@contextmanager
def watched(pipe: Any, step: Callable[[int, int], None]) -> Iterator[dict[str, object]]:
    """The arguments by which `step` is told of every step; several times a second it is told in between, too.

    Whatever `step` raises ends the pipeline, at the next part of its networks that would have run, as `Stopped`.
    """
    watch = _Watch(pipe, step)
    watch.tell()
    with ExitStack() as hooks:
        for part in pipe.components.values():
            for module in part.modules() if hasattr(part, "register_forward_pre_hook") else ():
                hooks.callback(module.register_forward_pre_hook(watch.beat).remove)
        yield watch.arguments()


class _Watch:
    """Remembers what was told when."""

    def __init__(self, pipe: Any, step: Callable[[int, int], None]) -> None:
        self._pipe, self._step = pipe, step
        self._done, self._told_s = 0, 0.0

    def arguments(self) -> dict[str, object]:
        """The callback by the name that the pipeline has for it; some have none."""
        taken = inspect.signature(type(self._pipe).__call__).parameters
        known = {"callback_on_step_end": self._ended, "callback": self._ended_of_old}
        return next(({name: known[name]} for name in known if name in taken), {})

    def tell(self) -> None:
        """Say how far it is; the number of steps is known once they have begun."""
        self._told_s = time.monotonic()
        total = getattr(self._pipe, "_num_timesteps", None) if self._done else None
        try:
            self._step(self._done, int(total or 0))
        except BaseException as raised:
            self._pipe._interrupt = True
            raise Stopped(raised) from raised

    def beat(self, *_: object) -> None:
        """A part of a network is about to run."""
        if time.monotonic() - self._told_s > _BEAT_S:
            self.tell()

    def _ended(self, _: Any, number: int, __: Any, values: dict[str, Any]) -> dict[str, Any]:
        self._ended_of_old(number)
        return values

    def _ended_of_old(self, number: int, *_: object) -> None:
        self._done = number + 1
        self.tell()
