"""Moments of footage as LangChain documents."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field, PrivateAttr

from playhead.index.library import Library  # noqa: TC001 - pydantic reads the fields by their types
from playhead.interfaces.searching import search
from playhead.safety.gate import Gate
from playhead.types import Channel  # noqa: TC001 - pydantic reads the fields by their types

if TYPE_CHECKING:
    from collections.abc import Iterable

    from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun

    from playhead.types import Moment, Segment


class MomentRetriever(BaseRetriever):
    """The moments of a library that fit a description, best first; where nothing fits, none.

        retriever = MomentRetriever(library=library, k=3, channels=("speech",))
        retriever.invoke("when does the ferry leave?")

    `video` (id, name or path), `channels` and `between` (seconds) narrow where to look. The text of a document is
    what was said, written and seen, its metadata says where. Give it the `gate` of the agent that reads them, which
    then knows that they are footage. Raises `BlockedError` where the gate stops the query or what was found, and
    `QueryError`.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")
    library: Library
    k: int = Field(default=5, ge=1, le=1000)
    video: str | None = None
    channels: tuple[Channel, ...] = ()
    between: tuple[float | None, float | None] | None = None
    gate: Gate | None = None
    _gate: Gate = PrivateAttr()

    def model_post_init(self, context: Any) -> None:
        """The gate that was given, or that of the library."""
        super().model_post_init(context)
        self._gate = self.gate or Gate.of(self.library)

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun | None = None,  # noqa: ARG002
        k: int | None = None,
    ) -> list[Document]:
        where: dict[str, Any] = {"video": self.video, "channels": self.channels, "between": self.between}
        result, told = search(self.library, self._gate, query, around_s=0.0, limit=k or self.k, **where)
        return [_document(moment, around) for moment, around in zip(result.moments, told, strict=False)]

    async def _aget_relevant_documents(
        self,
        query: str,
        *,
        run_manager: AsyncCallbackManagerForRetrieverRun | None = None,  # noqa: ARG002
        k: int | None = None,
    ) -> list[Document]:
        return await asyncio.to_thread(self._get_relevant_documents, query, k=k)


def _document(moment: Moment, told: Iterable[Segment]) -> Document:
    """What was found in a moment; where it was found by its picture alone, what is told while that is shown."""
    best = moment.evidence[0]
    found = [f"{e.channel}: {e.text}" for e in moment.evidence if e.text]
    around = [f"{segment.channel}: {segment.text}" for segment in told if segment.text]
    text = "\n".join(dict.fromkeys(found or around)) or f"{best.channel}: shown, without words"
    thumbnail = next((str(e.thumbnail) for e in moment.evidence if e.thumbnail), None)
    where = {
        "video_id": moment.video.id,
        "video": str(moment.video),
        "start_s": moment.span.start_s,
        "end_s": moment.span.end_s,
        "channel": str(best.channel),
        "score": moment.score,
        "thumbnail": thumbnail,
        "citation": f"[{moment.video} {moment.span}]",
    }
    return Document(page_content=text, metadata=where, id=best.id or None)
