"""Plans over any catalogue of typed tools, without a language model: plain words in, tools and typed links out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playhead.agent.catalogue.clauses import Request
from playhead.agent.catalogue.linking import CataloguePlan, linked
from playhead.agent.catalogue.routing import Router

if TYPE_CHECKING:
    from playhead.agent.catalogue.cards import Catalogue
    from playhead.models.roles import SentenceEncoder


class CataloguePlanner:
    """Says which tools of a catalogue a request asks for, and which takes what from which."""

    def __init__(self, catalogue: Catalogue, encoder: SentenceEncoder) -> None:
        self._catalogue = catalogue
        self._router = Router(catalogue, encoder)

    def plan(self, request: str) -> CataloguePlan:
        """The plan for a request, empty when it asks for nothing that the catalogue has."""
        read = Request.read(request)
        return linked(self._catalogue, read, self._router.route_read(read))
