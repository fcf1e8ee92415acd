"""Print every time a word or phrase is said, in every video of a library."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING

from playhead import Library, Span

if TYPE_CHECKING:
    from playhead.types import Word


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", help="a library folder")
    parser.add_argument("words", help="the word or phrase, as it is said")
    given = parser.parse_args()
    wanted = re.compile(rf"\b{re.escape(given.words)}\b", re.IGNORECASE)
    count = 0
    with Library(given.library) as library:
        for video in library.videos():
            for utterance in library.transcript(video).utterances:
                for _ in wanted.finditer(utterance.text):
                    count += 1
                    print(f"{video.name}  {said_at(utterance.words, wanted) or utterance.span}  {utterance.text}")
    print(f"“{given.words}”: {count}")


def said_at(words: tuple[Word, ...], wanted: re.Pattern[str]) -> Span | None:
    """When a single word is said, where words have times of their own."""
    spans = [word.span for word in words if wanted.search(word.text)]
    return spans[0] if len(spans) == 1 else None


if __name__ == "__main__":
    main()
