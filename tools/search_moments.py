"""The tool `search_moments`."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from playhead.models.roles import Role
from playhead.tools.arguments import Label, Stretch, Words
from playhead.tools.contract import Arguments, Context, Tool
from playhead.types import Channel, SearchResult


class SearchMomentsArgs(Stretch):
    """What to look for, and where."""

    query: Words = Field(
        min_length=1,
        max_length=2000,
        description="What was seen or said, in plain words, tied by then, before, after, while or not.",
    )
    video: Label = Field("", description="Id, name or path of one video; empty: the whole library.")
    channels: tuple[Channel, ...] = Field((), description="Only what was observed on these; empty: all.")
    limit: int = Field(5, ge=1, le=1000, description="How many moments at most.")
    per_video: int = Field(0, ge=0, description="How many moments of one video at most; 0: any number.")


class SearchMoments(Tool[SearchMomentsArgs, SearchResult]):
    """Finds the moments of indexed videos that fit a description of what is seen, written or said, best first,
    each with its start, its end and the evidence for it; or tells that nothing like that is in there."""

    name: ClassVar[str] = "search_moments"
    Args: ClassVar[type[Arguments]] = SearchMomentsArgs
    result: ClassVar[type] = SearchResult
    roles: ClassVar[frozenset[Role]] = frozenset({Role.SENTENCES, Role.PICTURE})
    indexed: ClassVar[bool] = True

    def run(self, args: SearchMomentsArgs, context: Context) -> SearchResult:
        """Search the library."""
        video, span = args.within(args.video, context)
        return context.library.search(
            args.query,
            video=video,
            between=(span.start_s, span.end_s) if span else None,
            channels=args.channels,
            limit=args.limit,
            per_video=args.per_video,
        )
