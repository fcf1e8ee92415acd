"""Compare two takes of a scene: what is said, written or shown in one and not in the other."""

from __future__ import annotations

import argparse
import re
from collections import defaultdict

from playhead import Library, Segment


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", help="a library folder")
    parser.add_argument("one", help="id, name or path of the first take")
    parser.add_argument("other", help="id, name or path of the second take")
    given = parser.parse_args()
    with Library(given.library) as library:
        one, other = observed(library, given.one), observed(library, given.other)
        print_rest(f"Only in {library.video(given.one).name}", one, other)
        print_rest(f"Only in {library.video(given.other).name}", other, one)


def observed(library: Library, video: str) -> dict[tuple[str, str], list[Segment]]:
    """What there is in a take, by channel and words; case and punctuation make no difference."""
    found: dict[tuple[str, str], list[Segment]] = defaultdict(list)
    for segment in library.observed(video):
        words = " ".join(re.findall(r"\w+", segment.text.lower()))
        found[segment.channel.value, words].append(segment)
    return found


def print_rest(
    heading: str, mine: dict[tuple[str, str], list[Segment]], theirs: dict[tuple[str, str], list[Segment]]
) -> None:
    rest = [segments[0] for key, segments in mine.items() if key not in theirs]
    print(f"{heading}:")
    for segment in rest:
        print(f"  {segment.span}  {segment.channel}  {segment.text}")
    if not rest:
        print("  nothing")


if __name__ == "__main__":
    main()
