"""What a language model is given to read of a result: JSON whose keys other tools take, kept short, always whole."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from playhead.plain import plain
from playhead.safety.texts import NO_TEXTS
from playhead.types import cited

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playhead.agent.run import Run

MOST = 16_000
"""Characters of one result, about four thousand tokens."""

_NO_WORDS = NO_TEXTS | {"channel", "failed", "files", "left_out", "library"}
_SHORT = 400
_LONGEST_ERROR = 600
_LESS = "For the rest ask about a shorter stretch, one video, or with a smaller limit"


def content(result: object) -> str:
    """A result as JSON on one line, without the times of single words.

    Of what is longer than `MOST`, whole entries are left out from the end of the longest lists, and `left_out` says
    how many and what to do.
    """
    said = _without_words(plain(result))
    if not isinstance(said, dict):
        said = {"result": said}
    left: dict[str, int] = {}
    text = _json(said)
    while len(text) > MOST and (found := max(_parts(said), key=_size, default=None)):
        holder, key, name = found
        kept = len(holder[key]) // 2
        left[name] = left.get(name, 0) + len(holder[key]) - kept
        holder[key] = holder[key][:kept]
        text = _json({"left_out": f"{_counted(left)}. {_LESS}."} | said)
    return text


def run_content(run: Run, mask: Callable[[str], str]) -> str:
    """A run as JSON: each sentence with its times, what was asked back, what failed, which files were made."""
    videos = run.answer.videos
    said = {
        "answer": [f"{claim.text} {cited(claim, videos)}".rstrip() for claim in run.answer.claims],
        "notes": [*run.notes, *run.answer.notes],
        "questions": run.questions,
        "failed": {outcome.step: one_line(outcome.error, mask) for outcome in run.failed},
        "files": [path for path in run.artifacts if path.suffix != ".json"],
    }
    told = {key: value for key, value in said.items() if value}
    return content(told or {"answer": str(run)})


def said_in(text: str) -> list[str]:
    """What footage says in a `content` that was kept, as far as its keys tell; of any other text the whole."""
    try:
        return list(_said(json.loads(text)))
    except ValueError:
        return [text]


def _said(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        parts = [part for key, part in value.items() if key not in _NO_WORDS]
    else:
        parts = value if isinstance(value, list) else []
    if isinstance(value, str):
        yield value
    for part in parts:
        yield from _said(part)


def one_line(error: object, mask: Callable[[str], str] = str) -> str:
    """An error as one line of bounded length: what was given may be quoted in it."""
    line = mask(" ".join(str(error).split()))
    return line if len(line) <= _LONGEST_ERROR else f"{line[: _LONGEST_ERROR // 2]} … {line[-_LONGEST_ERROR // 2 :]}"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _without_words(value: Any) -> Any:
    """The value without the list of timed words beside a text."""
    if isinstance(value, dict):
        return {k: _without_words(v) for k, v in value.items() if not (k == "words" and "text" in value)}
    return [_without_words(item) for item in value] if isinstance(value, list) else value


def _parts(value: Any, name: str = "") -> Iterator[tuple[Any, Any, str]]:
    """Every list of more than one entry and every long text: what holds it, where, and what it is called."""
    parts = [(key, part, str(key)) for key, part in value.items()] if isinstance(value, dict) else []
    for key, part, called in parts or [(number, part, name) for number, part in enumerate(value)]:
        if (isinstance(part, list) and len(part) > 1) or (isinstance(part, str) and len(part) > _SHORT):
            yield value, key, called
        if isinstance(part, dict | list):
            yield from _parts(part, called)


def _size(part: tuple[Any, Any, str]) -> int:
    holder, key, _ = part
    return len(_json(holder[key]))


def _counted(left: dict[str, int]) -> str:
    return ", ".join(f"{number} of {name}" for name, number in left.items())
