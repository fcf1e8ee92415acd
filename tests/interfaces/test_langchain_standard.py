"""LangChain's own suites, over tools and a retriever that work on footage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from langchain_tests.integration_tests import RetrieversIntegrationTests, ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests

from playhead import Library, Settings
from playhead.interfaces.langchain import MomentRetriever, VideoToolkit

from ..agent.conftest import stock
from ..conftest import FakeModels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from langchain_core.tools import BaseTool

    from playhead.models.registry import Models

HELD: dict[str, Library] = {}
FERRY = "The ferry leaves at nine"


@pytest.fixture(scope="module", autouse=True)
def library(tmp_path_factory: pytest.TempPathFactory, clips: Callable[[str], Path]) -> Iterator[None]:
    """Three films in which the same is said. The suites ask properties for what they test, which have no fixtures."""
    folder, models = tmp_path_factory.mktemp("standard"), FakeModels()
    stock(folder, clips, models, "cuts.mp4", "plain.mp4", "talk.mp4").close()
    said = (folder / "footage" / "cuts.srt").read_text()
    for name in ("plain", "talk"):
        (folder / "footage" / f"{name}.srt").write_text(said)
    settings = Settings.model_validate({"channels": ("speech",)})
    with Library(folder / "spoken", settings=settings, models=cast("Models", models)) as spoken:
        assert not spoken.add(folder / "footage").failed
        HELD["library"] = spoken
        yield
    HELD.clear()


class Tried:
    """A tool of the toolkit, and arguments for it."""

    name = "search_moments"
    arguments: dict[str, Any] = {"query": FERRY, "limit": 2}  # noqa: RUF012

    @property
    def tool_constructor(self) -> BaseTool:
        return next(tool for tool in VideoToolkit(HELD["library"]).get_tools() if tool.name == self.name)

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return self.arguments


class TestSearchUnit(Tried, ToolsUnitTests):
    """One tool."""


class TestSearch(Tried, ToolsIntegrationTests):
    """One tool, called."""


class Asked(Tried):
    """The whole agent as a tool."""

    name = "ask_footage"
    arguments = {"request": "What is said about the ferry?"}  # noqa: RUF012


class TestAskUnit(Asked, ToolsUnitTests):
    """The whole agent."""


class TestAsk(Asked, ToolsIntegrationTests):
    """The whole agent, called."""


class TestCut(Tried, ToolsIntegrationTests):
    """A tool that leaves files, called."""

    name = "contact_sheet"
    arguments = {"video": "cuts.mp4", "limit": 2}  # noqa: RUF012


class TestRetriever(RetrieversIntegrationTests):
    """The retriever."""

    @property
    def retriever_constructor(self) -> type[MomentRetriever]:
        return MomentRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"library": HELD["library"]}

    @property
    def retriever_query_example(self) -> str:
        return FERRY
