"""The tool `search_moments`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from playhead.models.roles import Role
from playhead.tools.arguments import Example, Label, Stretch, Words
from playhead.tools.contract import Arguments, Context, Tool
from playhead.types import Channel, SearchResult

_HEARING = frozenset({Role.VOICE_ACTIVITY, Role.SPEECH})


class SearchMomentsArgs(Stretch):
    """What to look for, and where."""

    query: Words = Field(
        "",
        max_length=2000,
        description="What was seen or said, in plain words, tied by then, before, after, while or not.",
    )
    like: Example | None = Field(
        None, description="Instead of words: a picture, a sound or a film; what it shows and says is looked for."
    )
    video: Label = Field("", description="Id, name or path of one video; empty: the whole library.")
    channels: tuple[Channel, ...] = Field((), description="Only what was observed on these; empty: all.")
    limit: int = Field(5, ge=1, le=1000, description="How many moments at most.")
    order: Literal["likely", "time"] = Field(
        "likely", description="The likeliest first, or the earliest of each video."
    )
    per_video: int = Field(0, ge=0, description="How many moments of one video at most; 0: any number.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.query) == (self.like is not None):
            raise ValueError("give words, or what it is to be like")
        return self


class SearchMoments(Tool[SearchMomentsArgs, SearchResult]):
    """Finds the moments of indexed videos that fit a description of what is seen, written or said, or that are like a
    picture, a sound or a film, best first, each with its start, its end and the evidence for it; or tells that
    nothing like that is in there."""

    name: ClassVar[str] = "search_moments"
    Args: ClassVar[type[Arguments]] = SearchMomentsArgs
    result: ClassVar[type] = SearchResult
    roles: ClassVar[frozenset[Role]] = frozenset({Role.SENTENCES, Role.PICTURE}) | _HEARING
    indexed: ClassVar[bool] = True

    def uses(self, args: SearchMomentsArgs) -> frozenset[Role]:
        """Words are looked for as they are; only an example may be listened to."""
        return self.roles if args.like is not None else self.roles - _HEARING

    def run(self, args: SearchMomentsArgs, context: Context) -> SearchResult:
        """Search the library."""
        video, span = args.within(args.video, context)
        between = (span.start_s, span.end_s) if span else None
        where: dict[str, Any] = {"video": video, "between": between, "channels": args.channels}
        where |= {"limit": args.limit, "per_video": args.per_video}
        if args.like is None:
            found = context.library.search(args.query, **where)
        else:
            found = context.library.search_like(context.own(args.like.path), **where)
        if args.order == "time":
            in_order = sorted(found.moments, key=lambda m: (m.video.name, m.video.id, m.span))
            return replace(found, moments=tuple(in_order))
        return found
