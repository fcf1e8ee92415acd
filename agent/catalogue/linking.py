"""Mentions and types into nodes and links: who makes what whom takes.

Tools stand in the order of their first mention. Each takes, for every input, the most recent output of that type that
comes before it, unless its own clause names a file for it. What nobody offers is closed through the catalogue: the
shortest way from what there is to what a tool takes ("video" to "audio" by the tool that extracts it).
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from playhead.agent.catalogue.words import tokens

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from playhead.agent.catalogue.cards import Catalogue, ToolCard
    from playhead.agent.catalogue.clauses import Request
    from playhead.agent.catalogue.routing import Mention

_MOST_STEPS = 2  # of a way that is closed
_RIGHT_BEHIND = 40  # characters: "the sentiment of this text: '...'"


@dataclass(frozen=True, slots=True)
class CataloguePlan:
    """Tools in the order in which they can run, and links from a tool to one that takes its output."""

    nodes: tuple[str, ...]
    links: tuple[tuple[str, str], ...]


def linked(catalogue: Catalogue, request: Request, mentions: Iterable[Mention]) -> CataloguePlan:
    """The plan that the mentioned tools make: acyclic, and every link of one type."""
    plan = _Plan(catalogue, request, mentions)
    plan.feed()
    plan.close()
    plan.open_links()
    plan.link()
    return CataloguePlan(tuple(plan.order), tuple(plan.links))


class _Plan:
    """A plan in the making."""

    def __init__(self, catalogue: Catalogue, request: Request, mentions: Iterable[Mention]) -> None:
        self._catalogue, self._request = catalogue, request
        self._mentions: dict[str, Mention] = {}
        for mention in mentions:
            self._mentions.setdefault(mention.tool, mention)
        self._sources = request.sources()
        self.order = list(self._mentions)
        self.links: list[tuple[str, str]] = []

    def feed(self) -> None:
        """A tool that nothing feeds waits for a later one that makes what it takes."""
        for _ in range(len(self.order)):
            if not self._fed_one():
                return

    def _fed_one(self) -> bool:
        for i, tool in enumerate(self.order):
            later = self._later_maker(i, tool)
            if later is not None:
                self.order.insert(i, self.order.pop(later))
                return True
        return False

    def _later_maker(self, i: int, tool: str) -> int | None:
        inputs = self._catalogue[tool].inputs
        kind = inputs[0] if inputs else "text"
        there = sum(thing.kind == kind for thing in self._request.given) + len(self._makers(i, kind))
        if kind == "text" or there >= inputs.count(kind):
            return None
        for j in range(i + 1, len(self.order)):
            card = self._catalogue[self.order[j]]
            if card.output == kind and kind not in card.inputs:
                return j
        return None

    def close(self) -> None:
        """Puts in the tools that lead from what there is to what a tool takes."""
        for tool in tuple(self.order):
            at = self.order.index(tool)
            way = self._way_to(at, tool)
            if way and len(self.order) > 1 and self._goes_round(way, tool):
                self.order.remove(tool)
            else:
                self.order[at:at] = [step for step in way if step not in self.order]

    def _goes_round(self, way: Sequence[str], tool: str) -> bool:
        """Whether a way starts at what the tool itself makes, and its clause says nothing of what it takes."""
        card = self._catalogue[tool]
        spoken = {token.sense for token in tokens(self._mentions[tool].clause)}
        return self._catalogue[way[0]].inputs[0] == card.output and f"@{card.inputs[0]}" not in spoken

    def _way_to(self, at: int, tool: str) -> list[str]:
        """The tools that lead to the first input of a tool, none where it is at hand or nothing leads there."""
        inputs = self._catalogue[tool].inputs
        if not inputs or self._makers(at, inputs[0]):
            return []
        if inputs[0] == "url":
            return self._way({"text"}, "url") if any(thing.holds_link for thing in self._request.given) else []
        offered = self._offered(self._mentions[tool].end)
        if inputs[0] in offered or (inputs[0] != "text" and self._offers(inputs[0])):
            return []
        links = set() if inputs[0] == "text" else {"url"}
        return self._way({*offered, *(self._catalogue[other].output for other in self.order[:at])} - links, inputs[0])

    def _offered(self, end: int) -> set[str]:
        """The types that the request offers up to a place; text may stand right behind it."""
        return {s.kind for s in self._sources if s.at < end + (_RIGHT_BEHIND if s.kind == "text" else 0)}

    def _offers(self, kind: str) -> bool:
        return any(source.kind == kind for source in self._sources)

    def _way(self, there: Collection[str], kind: str) -> list[str]:
        """The shortest way to a type through tools that take one thing."""
        waiting: deque[tuple[str, list[str]]] = deque([(kind, [])])
        while waiting:
            goal, way = waiting.popleft()
            if goal in there:
                return way
            if len(way) < _MOST_STEPS:
                waiting += [(card.inputs[0], [card.name, *way]) for card in self._leading(goal, kind)]
        return []

    def _leading(self, goal: str, end: str) -> list[ToolCard]:
        """Tools that make a type from one thing of another; text leads to links only, not to any image made of it."""
        one = [card for card in self._catalogue if card.output == goal and len(card.inputs) == 1]
        return [card for card in one if card.inputs[0] not in ({goal} if end == "url" else {goal, "text"})]

    def open_links(self) -> None:
        """A link whose target a tool takes is opened first, if no tool opens one yet."""
        openers = {card.output: card.name for card in self._catalogue if card.inputs == ("url",)}
        finder = next((i for i, tool in enumerate(self.order) if self._catalogue[tool].output == "url"), None)
        if any(name in self.order for name in openers.values()):
            return
        for thing in self._request.given:
            kind = thing.leads_to or ("text" if thing.kind == "url" else "")
            if kind in openers and (thing.kind == "url" or finder is not None):
                self._open(openers[kind], kind, finder if thing.kind == "text" and finder is not None else -1)
                return

    def _open(self, opener: str, kind: str, after: int) -> None:
        """Puts a tool that opens links before the first that takes its output; no text is opened beside a text."""
        inputs = [self._catalogue[tool].inputs for tool in self.order]
        takers = [
            i for i, takes in enumerate(inputs) if i > after and kind in (takes[:1] if kind == "text" else takes)
        ]
        if takers and not (kind == "text" and any(thing.kind == kind for thing in self._request.given)):
            self.order.insert(takers[0], opener)

    def link(self) -> None:
        """Gives every tool its inputs, from the first to the last."""
        for i, tool in enumerate(self.order):
            for kind, slots in Counter(self._catalogue[tool].inputs).items():
                for maker in self._chosen(i, kind, slots):
                    self.links.append((maker, tool))

    def _makers(self, i: int, kind: str) -> list[str]:
        return [tool for tool in self.order[:i] if self._catalogue[tool].output == kind]

    def _loose(self, makers: Sequence[str]) -> list[str]:
        taken = {source for source, _ in self.links}
        return [tool for tool in makers if tool not in taken]

    def _chosen(self, i: int, kind: str, slots: int) -> list[str]:
        """The makers of a type that a tool takes its input from."""
        inputs = self._catalogue[self.order[i]].inputs
        makers, files = self._makers(i, kind), self._files(self.order[i], kind)
        loose = self._loose(makers)
        if loose and (slots > 1 or self._together(loose[-1], self.order[i])):
            files = min(files, slots - 1)
        if not makers or (files >= slots and kind != "text"):
            return []
        if len(set(inputs)) == 1:
            others = [tool for tool in loose if tool != makers[-1]]
            return [makers[-1], *others[::-1][: slots - 1 - files]] if slots > 1 else makers[-1:]
        if kind == inputs[0]:
            return makers[-1:]
        if kind == "text":
            return [] if files else loose[-1:]
        return loose[-1:] or ([] if any(thing.kind == kind for thing in self._request.given) else makers[-1:])

    def _together(self, one: str, other: str) -> bool:
        """Whether one clause asks for two tools."""
        first, second = self._mentions.get(one), self._mentions.get(other)
        return first is not None and second is not None and first.start == second.start

    def _files(self, tool: str, kind: str) -> int:
        """How many files of a type the clause names that asks for a tool."""
        mention = self._mentions.get(tool)
        inside = [thing for thing in self._request.given if mention and mention.start <= thing.start < mention.end]
        return sum(thing.kind == kind for thing in inside)
