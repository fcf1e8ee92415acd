"""A picture in, words out: what it shows, the things in it and the writing on it."""

from __future__ import annotations

import argparse
import sys

from playhead import Agent, Library


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", help="a library folder")
    parser.add_argument("picture", help="a picture file")
    given = parser.parse_args()
    with Library(given.library) as library:
        run = Agent(library).run("What is in this picture?", given=given.picture)
    print(run)
    return run.exit_code


if __name__ == "__main__":
    sys.exit(main())
