"""Plans and runs as runnables, and the vectors as a store."""

from __future__ import annotations

import asyncio
import gc
import tempfile
import threading
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.documents import Document
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableLambda
from langgraph.graph import END, START, MessagesState, StateGraph

from playhead import Library, Plan, Run
from playhead.agent.executor import CancelledError, Event
from playhead.errors import BlockedError, InputError
from playhead.interfaces.langchain import (
    planner,
    runner,
    vector_store,
    vectors,
)
from playhead.interfaces.langchain.events import EVENT
from playhead.safety.gate import Gate

from ..agent.conftest import Do, Said
from ..conftest import SAID
from .chained import BAD, FILM, Heard, kept, slow, stern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, clips: Callable[[str], Path]) -> Iterator[Library]:
    with stern(tmp_path_factory.mktemp("chain"), clips) as opened:
        yield opened


# Runnables


def test_a_plan_is_made_and_run_in_a_chain(library: Library) -> None:
    heard = Heard()
    chain = planner(library) | runner(library) | RunnableLambda(str)
    answer = chain.invoke("When is blue shown?", {"callbacks": [heard]})
    assert "[0:02" in answer
    assert heard.kinds == ["started", "done"]
    assert {name for name, _ in heard.events} == {EVENT}


def test_what_cannot_be_planned_gives_the_questions(library: Library) -> None:
    run = (planner(library) | runner(library)).invoke("do it")
    assert run.plan is None
    assert run.questions


async def test_a_run_is_a_stream_of_events_and_itself_last(library: Library) -> None:
    plan = Plan.model_validate({"steps": {"shots": {"tool": "detect_shots", "args": FILM}}})
    news = [one async for one in runner(library).astream(plan)]
    assert [one.kind for one in news[:-1] if one.progress is None] == [
        "started",
        "cached" if False else news[-2].kind,
    ]
    assert all(isinstance(one, Event) for one in news[:-1])
    assert isinstance(news[-1], Run)
    chained = [one async for one in (planner(library) | runner(library)).astream("When is red shown?")]
    assert isinstance(chained[-1], Run)
    assert isinstance(chained[0], Event)
    assert isinstance(await runner(library).ainvoke(plan), Run)


async def test_cancelling_a_run_stops_it(library: Library) -> None:
    began, ended = threading.Event(), threading.Event()

    def work(args: Any, context: Any) -> Said:
        began.set()
        try:
            return slow(args, context)
        except CancelledError:
            ended.set()
            raise

    plan = Plan.model_validate({"steps": {"slow": {"tool": "slow", "args": {"text": "anew"}}}})
    task = asyncio.create_task(runner(library, tools={"slow": Do("slow", work)}).ainvoke(plan))
    assert await asyncio.to_thread(began.wait, 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(ended.wait, 2)


def test_a_request_is_judged_in_a_chain(library: Library) -> None:
    with pytest.raises(BlockedError):
        planner(library).invoke(BAD)


def test_it_is_a_node_of_a_graph(library: Library) -> None:
    run = runner(library)

    def answer(state: MessagesState) -> dict[str, Any]:
        return {"messages": [("ai", str(run.invoke(state["messages"][-1].text)))]}

    graph = StateGraph(MessagesState)
    graph.add_node("footage", answer)
    graph.add_edge(START, "footage")
    graph.add_edge("footage", END)
    given: Any = {"messages": [HumanMessage("When is red shown?")]}
    streamed = list(graph.compile().stream(given, stream_mode=["custom", "values"]))
    assert {said["type"] for mode, said in streamed if mode == "custom"} == {EVENT}  # type: ignore[index]
    assert "[0:00" in streamed[-1][1]["messages"][-1].text  # type: ignore[index]


@pytest.mark.parametrize("given", [None, {"messages": []}, 3])
def test_what_is_no_request_is_told(given: Any, library: Library) -> None:
    for runnable, wanted in ((planner(library), "a request in words"), (runner(library), "a Plan")):
        with pytest.raises(InputError, match=wanted) as told:
            runnable.invoke(given)
        assert ("messages" in str(told.value)) == isinstance(given, dict)


def test_what_goes_in_and_comes_out_has_a_schema(library: Library) -> None:
    assert planner(library).get_input_jsonschema()["type"] == "string"
    assert {"Plan", "Proposal"} <= planner(library).get_output_jsonschema()["$defs"].keys()
    assert {"Plan", "Proposal"} <= runner(library).get_input_jsonschema()["$defs"].keys()
    assert runner(library).get_output_jsonschema()


# The vectors


@pytest.mark.parametrize(("channel", "query", "told"), [("speech", SAID, "ferry"), ("picture", "a cat", "picture")])
def test_the_vectors_are_searched_as_a_store(channel: str, query: str, told: str, filmed: Library) -> None:
    store = vector_store(filmed, channel)
    [(found, distance)] = store.similarity_search_with_score(query, k=1)
    assert told in found.page_content
    assert 0 <= distance < 1
    assert found.metadata["video"] == "film.mp4"
    [moment] = filmed.search(query, channels=channel, limit=1)
    assert found.metadata["start_s"] < moment.span.end_s
    assert found.metadata["end_s"] > moment.span.start_s
    assert store.similarity_search(query, k=1, filter={"video": "other.mp4"}) == []
    assert store.as_retriever(search_kwargs={"k": 1}).invoke(query) == [found]
    assert filmed.verify() == []


def test_a_store_refuses_what_would_write(library: Library) -> None:
    store = vector_store(library)
    before, count = kept(library), store._collection.count()
    for write in (
        lambda: store.add_texts(["new"]),
        lambda: store.delete(["x"]),
        lambda: store.update_document("x", Document("new")),
        lambda: store._collection.upsert(ids=["x"], documents=["new"]),
        store.delete_collection,
        store.reset_collection,
        lambda: store.fork("other"),
        lambda: store.from_texts(["new"]),
        lambda: store.from_documents([Document("new")]),
    ):
        with pytest.raises(InputError, match="only to be searched"):
            write()
    assert store._collection.count() == count == 2
    assert kept(library) == before
    assert library.verify() == []


def test_a_store_is_gated(library: Library) -> None:
    with pytest.raises(BlockedError):
        vector_store(library).similarity_search(BAD)


@pytest.mark.parametrize("told", [None, ["documents"], ["metadatas"]])
def test_what_a_store_gives_is_remembered(told: list[str] | None, library: Library) -> None:
    gate = Gate.of(library)
    store = vector_store(library, gate=gate)
    store._collection.get(**({"include": told} if told else {}))
    assert gate.marks.on("ferry leaves") == (told != ["metadatas"])
    assert gate.marks.on("cuts.mp4") == (told != ["documents"])


def test_a_channel_that_there_is_not_is_told_with_those_there_are(library: Library) -> None:
    with pytest.raises(InputError, match=r"There is no channel 'smell'.*speech"):
        vector_store(library, "smell")


def test_a_channel_without_vectors_is_told(library: Library) -> None:
    with pytest.raises(InputError, match="Nothing can be found on text"):
        vector_store(library, "text")


def test_a_store_leaves_nothing_whether_it_was_made_or_not(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    store = vector_store(library)
    assert len([*tmp_path.iterdir()]) == 1
    del store
    gc.collect()
    assert not [*tmp_path.iterdir()]

    def broken(*_: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(vectors, "_where", broken)
    with pytest.raises(RuntimeError):
        vector_store(library)
    assert not [*tmp_path.iterdir()]
