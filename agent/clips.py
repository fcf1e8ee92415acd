"""Steps that cut and join, and what to ask where a tool cannot do it in the way that is wanted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from playhead.agent.language import tidy
from playhead.agent.pieces import polite_less, without_names
from playhead.agent.slots import Slots, read_slots

if TYPE_CHECKING:
    from playhead.agent.building import Builder
    from playhead.agent.wishes import Wishes

EDITORS = ["edl", "otio", "fcpxml"]
_WORDED = {
    "handles_s": "with more before and after",
    "fade_s": "with fades",
    "fade": "with a fade at one end",
    "sound": "without sound",
    "as_stored": "without encoding anew",
}
JOIN = re.compile(
    r"(?:join|glue|splice|string|stitch|merge|combine|put|cut|edit|make|create)?(?:\s*\b(?:up|a|the|both|bits?|parts?|"
    r"stretch(?:es)?|clips?|together|super-?cut|film|video|reel|montage|of|from|out|all|whole|files|videos|films))*",
    re.IGNORECASE,
)
"""Nothing but that something is to be joined."""


def beyond(builder: Builder, tool: str, wishes: Wishes) -> list[str]:
    """What to ask where a tool cannot do something in the way that is wanted."""
    takes = builder.tools[tool].Args.model_fields
    return [f"I can do that, but not {_WORDED[name]}: shall I?" for name, _ in wishes.options if name not in takes]


def clip(builder: Builder, args: dict[str, Any]) -> None:
    """A step that cuts; one that cuts a single stretch may be joined with others."""
    builder.clips = builder.step("cut_clip", args)
    if "moments" not in args:
        builder.cuts.append(f"${builder.clips}.clips[0].origin.parts[0]")


def joined(builder: Builder, moments: Any, options: dict[str, Any], wishes: Wishes) -> list[str]:
    """The steps that join moments into a film, with its subtitles if they are wanted, and its timelines."""
    builder.film = builder.step("make_supercut", {"moments": moments} | options | dict(wishes.options))
    if wishes.subtitled:
        subtitled(builder, f"${builder.film}")
    builder.step("export_timeline", {"film": f"${builder.film}", "formats": EDITORS})
    return []


def subtitled(builder: Builder, film: str) -> list[str]:
    """The step that draws subtitles into a film."""
    builder.step("export_subtitles", {"film": film, "burn": True})
    return []


def stretches_of(text: str) -> tuple[list[Slots], str]:
    """The stretches of "join 0:10-0:20 and 0:40-0:50 of a.mp4", and the words that are left without them."""
    found = list[Slots]()
    while (slots := read_slots(text)).has_window:
        found.append(slots)
        text = slots.text
    return found, tidy(re.sub(r"\band\b|[,&]", " ", polite_less(without_names(text))))
