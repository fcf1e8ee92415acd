"""JSON as every way in gives it: the same keys on the command line, over HTTP, in LangChain and over MCP."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from playhead.errors import BlockedError, PlayheadError
from playhead.plain import plain
from playhead.types import cited

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from playhead.agent.check import Checked
    from playhead.agent.planner import Proposal
    from playhead.agent.run import Run
    from playhead.tools.contract import Tool
    from playhead.types import Channel, IndexReport, SearchResult, Segment, Verdict, Video


def video(found: Video, counts: Mapping[Channel, int] | None = None) -> dict[str, Any]:
    """A video of the library; with `counts`, how many segments each of its channels has."""
    said = {"id": found.id, "name": found.name, "path": str(found.path), "duration_s": found.duration_s}
    return said | ({} if counts is None else {"segments": plain(dict(counts))})


def report(done: IndexReport, folder: Path) -> dict[str, Any]:
    """What indexing did to the library in `folder`."""
    return {
        "library": str(folder),
        **{name: [video(v) for v in getattr(done, name)] for name in ("added", "updated", "unchanged")},
        "failed": [{"path": str(path), "error": str(error)} for path, error in done.failed],
        "notes": list(done.notes),
    }


def result(found: SearchResult, around: Sequence[Sequence[Segment]] = ()) -> dict[str, Any]:
    """What a search found; where something was asked for around moments, each has it under `around`."""
    said: dict[str, Any] = plain(found)
    for moment, told in zip(said["moments"] or said["nearest"], around, strict=False):
        moment["around"] = [
            {"channel": s.channel, "start_s": s.span.start_s, "end_s": s.span.end_s, "text": s.text} for s in told
        ]
    return said


def tool(kind: Tool[Any, Any]) -> dict[str, Any]:
    """A tool with the JSON Schema of its arguments."""
    return {
        "name": kind.name,
        "description": kind.description(),
        "effects": sorted(kind.effects),
        "arguments": kind.schema(),
    }


def proposal(made: Proposal) -> dict[str, Any]:
    """A plan, or what a planner asks back."""
    said = made.plan.plain() if made.plan else {"inputs": {}, "steps": {}, "answer": ""}
    return {"plan": said, "questions": list(made.questions)}


def checked(found: Checked) -> dict[str, Any]:
    """Every fault of a plan, and how long each step takes."""
    return {
        "ok": not found.problems,
        "problems": plain(found.problems),
        "estimates_s": plain(dict(found.estimates_s)),
    }


def run(done: Run, mask: Callable[[str], str] = str) -> dict[str, Any]:
    """A run: its plan, its answer sentence by sentence, its steps, its files.

    Errors and verdicts are as `mask` leaves them; the answer is masked already.
    """
    videos = done.answer.videos
    claims = [
        {"text": c.text, "title": c.title, "times": cited(c, videos), "evidence": plain(c.evidence)}
        for c in done.answer.claims
    ]
    steps = {
        name: {
            "tool": o.tool,
            "state": o.state,
            "error": mask(str(o.error)) if o.error else None,
            "seconds": round(o.seconds, 3),
        }
        for name, o in (done.outcomes or {}).items()
    }
    said = {
        "plan": done.plan.plain() if done.plan else None,
        "questions": done.questions,
        "verdicts": [verdict(each, mask) for each in done.verdicts],
        "answer": {"claims": claims, "notes": done.answer.notes, "dropped": done.answer.dropped},
        "steps": steps,
        "folder": done.folder,
        "artifacts": done.artifacts,
    }
    return {key: plain(value) for key, value in said.items()}


def verdict(fell: Verdict, mask: Callable[[str], str] = str) -> dict[str, Any]:
    """What the gate said. What it stopped may be quoted in its words."""
    said: dict[str, Any] = plain(replace(fell, reason=mask(fell.reason), remedy=mask(fell.remedy)))
    return said


def error(raised: BaseException, mask: Callable[[str], str] = str) -> dict[str, Any]:
    """An error, in one line that says what, why and what to do next; with the verdict, where the gate stopped it."""
    text = str(raised) if isinstance(raised, PlayheadError) else f"Unexpected {type(raised).__name__}: {raised}"
    stopped = {"verdict": verdict(raised.verdict, mask)} if isinstance(raised, BlockedError) else {}
    return {"error": {"kind": type(raised).__name__, "message": mask(text)}, **stopped}
