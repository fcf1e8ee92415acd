"""Lines of speech in another language, by a language model that is held to one line for one line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playhead import prompts
from playhead.errors import ModelError
from playhead.index.tell import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from playhead.models.chat import Chat

_AT_ONCE = 40
_TRIES = 2
_LINE = re.compile(r"^\s*(\d{1,6})\s*[:.)]\s*(\S.*?)\s*$")
_LONGEST = 500  # letters: nothing that is said in one subtitle is longer in another language


def translate(
    lines: Sequence[str], language: str, chat: Chat, progress: Callable[[int], None] = lambda _: None
) -> list[str]:
    """Each line in that language. Raises `ModelError` where the model does not keep to the lines it was given."""
    found: list[str] = []
    for start in range(0, len(lines), _AT_ONCE):
        progress(start)
        found += _block(lines[start : start + _AT_ONCE], language, chat)
    return found


def _block(lines: Sequence[str], language: str, chat: Chat) -> list[str]:
    numbered = "\n".join(f"{number}: {quoted(' '.join(line.split()))}" for number, line in enumerate(lines, 1))
    prompt = prompts.load("translate")
    for attempt in range(_TRIES):
        again = f"Your last answer was not one line for each of these {len(lines)}.\n" if attempt else ""
        said = _read(chat.ask(prompt.fill(language=language, again=again, lines=prompts.data(numbered))), len(lines))
        if said is not None:
            return said
    raise ModelError(
        "The subtitles were not translated",
        f"{chat.name} did not answer with one line for each of {len(lines)}, {_TRIES} times",
        "Try another --model",
    )


def _read(text: str, count: int) -> list[str] | None:
    """The lines of an answer by their numbers; None where one is missing, twice there, or there are others."""
    found: dict[int, str] = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        parts = _LINE.match(line)
        if parts is None or int(parts[1]) in found or len(parts[2]) > _LONGEST:
            return None
        found[int(parts[1])] = parts[2]
    return [found[number] for number in range(1, count + 1)] if found.keys() == set(range(1, count + 1)) else None
