"""A picture and a sound in, words out: what is said where the footage shows the one and says the other."""

from __future__ import annotations

import argparse

from playhead import Library


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", help="a library folder")
    parser.add_argument("picture", help="a picture file")
    parser.add_argument("sound", help="a sound file in which somebody speaks")
    given = parser.parse_args()
    with Library(given.library) as library:
        shown, said = library.search_like(given.picture), library.search_like(given.sound)
        both = [(a, b) for a in shown for b in said if a.video == b.video and a.span.overlap_s(b.span)]
        for moment, heard in both:
            print(f"{moment.video.name} {moment.span}  {heard.evidence[0].text}")
    if not both:
        print("Nowhere is the one shown where the other is said.")


if __name__ == "__main__":
    main()
