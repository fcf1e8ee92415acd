"""What a planner may choose from: tools with typed inputs and an output, described in plain words.

A catalogue can be read from TaskBench's `tool_desc.json` (Shen et al. 2023, "TaskBench: Benchmarking Large Language
Models for Task Automation"), and may come with a file of worked phrases: for each tool a few ways of asking for it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from playhead.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class ToolCard:
    """A tool as a planner sees it. `inputs` names a type once for each thing of it that the tool takes."""

    name: str
    description: str
    inputs: tuple[str, ...]
    output: str
    phrases: tuple[str, ...] = ()


class Catalogue:
    """Tool cards by name, in the order given."""

    def __init__(self, cards: Iterable[ToolCard]) -> None:
        self.cards = {card.name: card for card in cards}

    def __getitem__(self, name: str) -> ToolCard:
        return self.cards[name]

    def __iter__(self) -> Iterator[ToolCard]:
        return iter(self.cards.values())

    def __len__(self) -> int:
        return len(self.cards)

    @property
    def types(self) -> frozenset[str]:
        """Every type that a tool takes or gives."""
        return frozenset(kind for card in self for kind in (*card.inputs, card.output))

    @classmethod
    def from_taskbench(cls, path: Path, phrases_path: Path | None = None) -> Catalogue:
        """The tools of a `tool_desc.json`, with the worked phrases of a YAML file; types in small letters."""
        try:
            tools = json.loads(path.read_text(encoding="utf-8"))["nodes"]
            phrases = _phrases(phrases_path, {tool["id"] for tool in tools})
            return cls(_card(tool, phrases.get(tool["id"], ())) for tool in tools)
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise InputError(f"{path} is no catalogue of tools: {error!r}.") from error


def _card(tool: Mapping[str, Any], phrases: Iterable[str]) -> ToolCard:
    return ToolCard(
        name=tool["id"],
        description=tool["desc"],
        inputs=tuple(kind.lower() for kind in tool["input-type"]),
        output=tool["output-type"][0].lower(),
        phrases=tuple(phrases),
    )


def _phrases(path: Path | None, names: set[str]) -> dict[str, list[str]]:
    if path is None:
        return {}
    phrases: dict[str, list[str]] = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    if strangers := sorted(phrases.keys() - names):
        raise InputError(f"{path} has phrases for tools that the catalogue does not know: {', '.join(strangers)}.")
    return phrases
