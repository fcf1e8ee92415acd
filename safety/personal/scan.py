"""Walking over text with patterns whose matches are judged: what the finders of personal data share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterator

# A number begins and ends on its own: not inside a word, a file's name, a time, a decimal or an identifier.
START = r"(?<!\w)(?<!\w[-_])(?<!\d[.:,;/])"
END = r"(?!\w)(?!-\w)(?![.:,/]\d)"
BLANK = "[ \u00a0\u202f]"


def places(
    pattern: re.Pattern[str], text: str, judged: Callable[[re.Match[str]], int | None]
) -> Iterator[tuple[int, int]]:
    """Yield where `pattern` matches and `judged` agrees: it says where the match ends, or None.

    A match that is refused hides nothing: the walk goes on one character after its start. A group named `it` holds
    the place where the pattern also reads what leads up to it.
    """
    at = 0
    while match := pattern.search(text, at):
        end = judged(match)
        if end is None:
            at = match.start() + 1
            continue
        yield match.start("it") if "it" in pattern.groupindex else match.start(), end
        at = end


def any_match(match: re.Match[str]) -> int:
    """Return the end of `match`: the judge for patterns that need none."""
    return match.end()
