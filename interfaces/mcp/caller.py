"""The client of an MCP call, for the thread that works for it: it is told how far that is, asked, and may leave."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
import time
from collections import Counter
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
from mcp.shared.exceptions import MCPError
from mcp_types import ElicitRequest, ElicitRequestFormParams, ElicitResult, InputRequiredResult
from pydantic import ValidationError

from playhead.agent.executor import CancelledError
from playhead.agent.threads import begin
from playhead.types import Decision

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from mcp.server.context import ServerRequestContext

    from playhead.agent.executor import Event
    from playhead.types import Progress, Verdict

T = TypeVar("T")
_PAUSE_S = 0.2
_BEAT_S = 0.1
_GRACE_S = 5.0
_PERSON_S = 600.0
_WHY = {
    "type": "object",
    "properties": {
        "why": {
            "type": "string",
            "title": "Why is it all right?",
            "description": "Your reason is recorded. Decline, or leave it empty, to stop.",
        }
    },
    "required": ["why"],
}


class Caller:
    """One request of a client. What works for it calls `progress` and `consent`, and ends once `left` is set.

    `said` are the reasons that a person gave in earlier rounds of the same request, as `rounds` keeps them.
    """

    def __init__(self, context: ServerRequestContext[Any, Any], said: Mapping[str, str]) -> None:
        self._session, self._request_id = context.session, context.request_id
        self._said = dict(said)
        self.open: dict[str, Verdict] = {}
        self.left = threading.Event()
        self._loop = asyncio.get_running_loop()
        self._errands: asyncio.Queue[Callable[[], Awaitable[None]] | None] = asyncio.Queue()
        self._begun_s = self._told_s = time.monotonic()
        self._telling = False
        self._asked: Counter[str] = Counter()
        self._lock = threading.Lock()

    # In the thread

    def progress(self, news: Progress) -> None:
        """Tell the client, now and then."""
        self._tell(_shown(news))

    def listen(self, event: Event) -> None:
        """Tell the client of a step of a run, now and then."""
        about = _shown(event.progress) if event.progress else event.kind
        self._tell(f"{event.step}: {about}" if event.step else about)

    def _tell(self, message: str) -> None:
        now = time.monotonic()
        if self._telling or now - self._told_s < _PAUSE_S:
            return
        self._telling, self._told_s = True, now

        async def report() -> None:
            await self._session.report_progress(round(now - self._begun_s, 3), None, message)
            self._telling = False

        self._send(report)

    def consent(self, verdict: Verdict) -> str:
        """Why the person lets something through; empty where there is nobody to ask, or the answer is no."""
        if verdict.decision is not Decision.ASK or not self._can_ask():
            return ""
        if self._session.can_send_request:
            return self._asked_now(verdict)
        key = self._key(verdict)
        if key not in self._said:
            self.open[key] = verdict
        return self._said.get(key, "")

    def _can_ask(self) -> bool:
        able = self._session.client_capabilities
        ways = able.elicitation if able else None
        return ways is not None and (ways.form is not None or ways.url is None)

    def _key(self, verdict: Verdict) -> str:
        """The same for the same question, in the next round too."""
        about = hashlib.sha256(f"{verdict.door}\n{verdict.category}\n{verdict.reason}".encode()).hexdigest()[:16]
        with self._lock:
            self._asked[about] += 1
            return f"{about}-{self._asked[about]}"

    def _asked_now(self, verdict: Verdict) -> str:
        answer: Future[str] = Future()

        async def ask() -> None:
            params, result = _question(verdict).params, None
            with suppress(MCPError, ValidationError), anyio.move_on_after(_PERSON_S):  # no answer is a no
                result = await self._session.elicit_form(params.message, params.requested_schema, self._request_id)
            answer.set_result(reason_in(result))

        self._send(ask)
        while not self.left.is_set():
            with suppress(NotYet):
                return answer.result(_BEAT_S)
        raise CancelledError("The call was cancelled")

    def _send(self, errand: Callable[[], Awaitable[None]] | None) -> None:
        with suppress(RuntimeError):  # the loop is closed: the client is gone
            self._loop.call_soon_threadsafe(self._errands.put_nowait, errand)

    # In the loop

    async def served(self, act: Callable[[], T]) -> T:
        """What `act` gives, from a thread of its own. Cancelled, it waits a while for the thread to clear up."""
        outcome: Future[T] = Future()

        def work() -> None:
            try:
                outcome.set_result(act())
            except BaseException as error:  # noqa: BLE001 - raised again where the client is answered
                outcome.set_exception(error)
            self._send(None)

        begin(work, f"of {self._request_id}")
        try:
            while (errand := await self._errands.get()) is not None:
                await errand()
        finally:
            self.left.set()
            with anyio.move_on_after(_GRACE_S, shield=True):
                while not outcome.done():
                    await anyio.sleep(_BEAT_S / 5)
        return outcome.result()

    def next_round(self) -> InputRequiredResult | None:
        """The questions that wait for the person, where the protocol lets a server ask only in its answer."""
        if not self.open:
            return None
        state = json.dumps({"said": self._said, "open": list(self.open)})
        return InputRequiredResult(
            input_requests={key: _question(verdict) for key, verdict in self.open.items()}, request_state=state
        )


def rounds(state: str | None, responses: Mapping[str, Any] | None) -> dict[str, str]:
    """What the person said so far: `state` is as the server sealed it, and says what was asked."""
    if state is None:
        return {}
    kept = json.loads(state)
    given = responses or {}
    return {**kept["said"], **{key: reason_in(given.get(key)) for key in kept["open"]}}


def reason_in(result: object) -> str:
    """The reason that a person gave; empty where they declined."""
    if not isinstance(result, ElicitResult) or result.action != "accept":
        return ""
    why = (result.content or {}).get("why")
    return why.strip() if isinstance(why, str) else ""


def _question(verdict: Verdict) -> Any:
    message = f"The gate asks before it lets this through: {verdict.reason}"
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=_WHY))


def _shown(news: Progress) -> str:
    done = f"{news.done:.0f} of {news.total:.0f}" if news.total else ""
    return " ".join(part for part in (news.stage, news.name, done, news.message) if part)
