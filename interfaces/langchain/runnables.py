"""Planning and running as runnables, to be composed with `|`."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from langchain_core.runnables import Runnable, RunnableLambda

from playhead.agent.agent import Agent
from playhead.agent.executor import Event
from playhead.agent.plan import Plan
from playhead.agent.planner import Proposal
from playhead.agent.run import Run
from playhead.errors import InputError
from playhead.interfaces.langchain.events import teller
from playhead.types import Answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from langchain_core.language_models.chat_models import BaseChatModel
    from langchain_core.runnables import RunnableConfig

    from playhead.index.library import Library

Asked: TypeAlias = str | Plan | Proposal


def planner(library: Library, model: str | BaseChatModel | None = None, **how: Any) -> Runnable[str, Proposal]:
    """Makes of a request a plan, or questions; nothing runs. `how` is what `Agent` takes besides."""
    agent = Agent(library, model, **how)

    def plan(request: str) -> Proposal:
        if not isinstance(request, str):
            raise _unfit("planner", request, "a request in words")
        return agent.plan(request)

    return RunnableLambda(plan, name="planner").with_types(input_type=str, output_type=Proposal)


def runner(library: Library, model: str | BaseChatModel | None = None, **how: Any) -> Runner:
    """Makes of a request, a plan or what `planner` gives a `Run`. `how` is what `Agent` takes besides."""
    return Runner(Agent(library, model, **how))


class Runner(Runnable[Asked, Any]):
    """Runs plans. Steps are told as custom events; `astream` gives each `Event`, and the `Run` last.

    Cancelling the task that awaits it, or leaving the stream early, cancels the run. Raises what `Agent.run` raises.
    """

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self.name = "runner"

    def invoke(self, input: Asked, config: RunnableConfig | None = None, **kwargs: Any) -> Run:  # noqa: A002
        """The run."""
        run: Run = self._call_with_config(self._run, input, config, **kwargs)
        return run

    async def ainvoke(self, input: Asked, config: RunnableConfig | None = None, **kwargs: Any) -> Run:  # noqa: A002
        """The run, made in a thread."""
        run: Run = await self._acall_with_config(self._arun, input, config, **kwargs)
        return run

    async def astream(
        self,
        input: Asked,  # noqa: A002
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[Event | Run]:
        """Events as they happen, and the run last."""
        async for news in self._atransform_stream_with_config(_once(input), self._stream, config, **kwargs):
            yield news

    def _run(self, asked: Asked) -> Run:
        return _unplanned(asked) or _noted(self._agent.run(_request(asked), listen=teller()), asked)

    async def _arun(self, asked: Asked) -> Run:
        cancel = threading.Event()
        try:
            return _unplanned(asked) or _noted(
                await asyncio.to_thread(self._agent.run, _request(asked), listen=teller(), cancel=cancel), asked
            )
        finally:
            cancel.set()

    async def _stream(self, given: AsyncIterator[Asked]) -> AsyncIterator[Event | Run]:
        tell = teller()
        async for asked in given:
            if run := _unplanned(asked):
                yield run
                continue
            async for news in self._agent.astream(_request(asked)):
                if isinstance(news, Event):
                    tell(news)
                    yield news
                else:
                    yield _noted(news, asked)


async def _once(asked: Asked) -> AsyncIterator[Asked]:
    yield asked


def _request(asked: Asked) -> str | Plan:
    if isinstance(asked, Proposal):
        assert asked.plan is not None
        return asked.plan
    if not isinstance(asked, str | Plan):
        raise _unfit("runner", asked, "a request in words, a Plan, or what planner gives")
    return asked


def _unfit(name: str, given: object, wanted: str) -> InputError:
    keys = f" with {', '.join(map(str, given))}" if isinstance(given, dict) else ""
    return InputError(f"The {name} was given {type(given).__name__}{keys}"[:200], "", f"It takes {wanted}")


def _unplanned(asked: Asked) -> Run | None:
    """The run of what could not be planned: the questions."""
    if isinstance(asked, Proposal) and asked.plan is None:
        return Run(None, Answer(()), questions=asked.questions, notes=asked.notes)
    return None


def _noted(run: Run, asked: Asked) -> Run:
    """The run, with what the planner noted."""
    return replace(run, notes=asked.notes) if isinstance(asked, Proposal) else run
