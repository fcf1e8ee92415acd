"""The gate around a LangChain agent: at the request, at the calls of every tool, at the answer."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from langchain.agents.middleware import AgentMiddleware, AgentState, hook_config
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, RemoveMessage, ToolMessage
from langgraph.types import Command

from playhead.errors import BlockedError, InputError
from playhead.index.library import Library
from playhead.interfaces.content import one_line, said_in
from playhead.interfaces.langchain.toolkit import VideoTool
from playhead.safety.gate import Gate, nobody
from playhead.safety.texts import texts_of, with_texts
from playhead.tools.contract import Effect
from playhead.tools.doorway import loose
from playhead.types import Door

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator

    from langchain.agents.middleware import ToolCallRequest

    from playhead.types import Verdict

    Given: TypeAlias = ToolMessage | Command[Any]

M = TypeVar("M", bound=BaseMessage)
_STOPPED = "(this request was stopped)"
_MOST_VERDICTS = 1000


class SafetyMiddleware(AgentMiddleware[AgentState[Any], Any]):
    """Judges what goes into an agent and what comes out of it, by the policy of a library.

        create_agent(model, tools, middleware=[SafetyMiddleware(toolkit.gate)])

    A request or an answer that is stopped ends the run, and the answer is one line that says why. A call that is
    stopped becomes an error that the model reads. Calls of Playhead's own tools are judged behind their own door;
    give the gate of the toolkit, and both remember the same footage. What tools of others do is not known: words out
    of footage are kept from them as from a tool that does everything, but for those named in `reading`: what these
    give counts as footage, too. Before each call what such tools said earlier in the conversation is remembered, so
    that one that goes on after a restart is held as before. `verdicts` are the last thousand that were more than
    `allow`; the library's record has all.
    """

    def __init__(
        self,
        gate: Gate | Library,
        *,
        reading: Collection[str] = (),
        consent: Callable[[Verdict], str] = nobody,
    ) -> None:
        super().__init__()
        if not isinstance(gate, Gate | Library):
            raise InputError(f"SafetyMiddleware cannot use {type(gate).__name__}", "", "Give it a Gate or a Library")
        self.verdicts: deque[Verdict] = deque(maxlen=_MOST_VERDICTS)
        own = gate if isinstance(gate, Gate) else Gate.of(gate, consent=consent)
        self._gate, self._reading = own.heard_by(self.verdicts.append), frozenset(reading)

    # Request and answer

    @hook_config(can_jump_to=["end"])
    def before_agent(self, state: AgentState[Any], runtime: Any) -> dict[str, Any] | None:
        """Judge what people said since the last answer; what is stopped is not kept for a later turn to read."""
        del runtime
        latest = takewhile(lambda message: not isinstance(message, AIMessage), reversed(state["messages"]))
        said = [message for message in latest if isinstance(message, HumanMessage)]
        try:
            self._gate.text(Door.REQUEST, [message.text for message in reversed(said)], "the request")
        except BlockedError as error:
            blanked = [HumanMessage(_STOPPED, id=message.id) for message in reversed(said)]
            return {"messages": [*blanked, AIMessage(self._told(error))], "jump_to": "end"}
        return None

    @hook_config(can_jump_to=["end"])
    def after_model(self, state: AgentState[Any], runtime: Any) -> dict[str, Any] | None:
        """Judge what the model says to people, and mask in it what the policy masks.

        A structured response is said as well; beside it stands a message of the tool by which it was given.
        """
        del runtime
        structured, said = state.get("structured_response"), _since_the_model(state["messages"])
        texts = [*(message.text for message in said), *texts_of(structured, whole=True)]
        try:
            self._gate.text(Door.ANSWER, texts, "the answer")
        except BlockedError as error:
            told: list[Any] = [AIMessage(self._told(error), id=said[0].id)]
            told += [RemoveMessage(message.id) for message in said[1:] if message.id]
            cleared = {} if structured is None else {"structured_response": None}
            return {"messages": told, "jump_to": "end", **cleared}
        shown = with_texts(structured, self._gate.mask)
        changed = {} if shown == structured else {"structured_response": shown}
        masked = [new for old in said if (new := self._masked(old)) != old]
        return changed | ({"messages": masked} if masked else {}) or None

    # Calls

    def wrap_tool_call(self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Given]) -> Given:
        """Judge the arguments of a call and what it gives, unless the tool is one of ours."""
        self._remember(request)
        if isinstance(request.tool, VideoTool):
            return handler(request)
        try:
            self._let_in(request)
            return self._let_out(request, handler(request))
        except BlockedError as error:
            return self._stopped(request, error)

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[Given]]
    ) -> Given:
        """The same, with what judges in a thread."""
        await asyncio.to_thread(self._remember, request)
        if isinstance(request.tool, VideoTool):
            return await handler(request)
        try:
            await asyncio.to_thread(self._let_in, request)
            return await asyncio.to_thread(self._let_out, request, await handler(request))
        except BlockedError as error:
            return self._stopped(request, error)

    def _remember(self, request: ToolCallRequest) -> None:
        """Mark what the conversation has from footage: it may have been kept while this gate was not."""
        ours = [tool for tool in request.runtime.tools if isinstance(tool, VideoTool)]
        names = self._reading | {tool.name for tool in ours if tool.reads_footage}
        for message in _given_by(names, request.state["messages"]):
            self._hear([message.text])

    def _let_in(self, request: ToolCallRequest) -> None:
        name, arguments = request.tool_call["name"], request.tool_call["args"]
        marked = [key for key, value in arguments.items() if any(map(self._gate.marks.on, loose(value)))]
        if marked:
            effects = () if name in self._reading else tuple(Effect)
            self._gate.footage(name, effects, marked)
        self._gate.text(Door.TOOL_INPUT, loose(arguments), f"the call of {name}")

    def _let_out(self, request: ToolCallRequest, given: Any) -> Any:
        if isinstance(given, list):  # of several messages and commands
            return [self._let_out(request, one) for one in given]
        name, command = request.tool_call["name"], isinstance(given, Command)
        said = texts_of(given.update, whole=True) if command else [given.text]
        self._gate.text(Door.TOOL_OUTPUT, said, f"what {name} gives")
        if name in self._reading:
            self._hear(_told_in(given.update) if command else said)
        return replace(given, update=self._masked_state(given.update)) if command else self._masked(given)

    def _hear(self, texts: Iterable[str]) -> None:
        self._gate.remember([part for text in texts for part in said_in(text)])

    def _stopped(self, request: ToolCallRequest, error: BlockedError) -> ToolMessage:
        name, number = request.tool_call["name"], request.tool_call["id"]
        return ToolMessage(self._told(error), name=name, tool_call_id=number or "", status="error")

    # Words

    def _told(self, error: BlockedError) -> str:
        return one_line(error, self._gate.mask)

    def _masked(self, message: M) -> M:
        """The message without the personal data that the policy masks; blocks that are no text stay as they are."""
        content: Any = message.content
        if isinstance(content, str):
            content = self._gate.mask(content)
        else:
            content = [self._masked_block(block) for block in content]
        return message.model_copy(update={"content": content})

    def _masked_state(self, value: Any) -> Any:
        """What is written into the state: its messages by what they say alone, anything else by all its texts."""
        if isinstance(value, BaseMessage):
            return self._masked(value)
        if isinstance(value, dict):
            return {key: self._masked_state(part) for key, part in value.items()}
        if type(value) in (list, tuple):
            return type(value)(self._masked_state(part) for part in value)
        return with_texts(value, self._gate.mask)

    def _masked_block(self, block: Any) -> Any:
        if isinstance(block, str):
            return self._gate.mask(block)
        return block | {"text": self._gate.mask(block["text"])} if isinstance(block.get("text"), str) else block


def _told_in(update: Any) -> Iterator[str]:
    """What a tool writes into the state: of messages what they say, of anything else its values."""
    if isinstance(update, BaseMessage):
        yield update.text
    elif isinstance(update, dict | list | tuple):
        for part in update.values() if isinstance(update, dict) else update:
            yield from _told_in(part)
    else:
        yield from texts_of(update, whole=True)


def _since_the_model(messages: list[Any]) -> list[Any]:
    """The last message of the model, and what stands after it."""
    after = list(takewhile(lambda message: not isinstance(message, AIMessage), reversed(messages)))
    return messages[len(messages) - len(after) - 1 :]


def _given_by(names: Collection[str], messages: Iterable[Any]) -> Iterator[ToolMessage]:
    """What the tools of these names gave; errors are ours, and no footage."""
    called: dict[str | None, str] = {}
    for message in messages:
        if isinstance(message, AIMessage):  # a number may come again, after a restart
            called |= {call["id"]: call["name"] for call in message.tool_calls}
        elif isinstance(message, ToolMessage) and message.status != "error":
            yield from [message] if called.get(message.tool_call_id, message.name) in names else []
