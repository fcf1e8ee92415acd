"""Words in, a picture out: a frame of the footage where it shows that, else one that a model draws."""

from __future__ import annotations

import argparse
import sys

from playhead import Agent, Library


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", help="a library folder")
    parser.add_argument("words", help="what is wanted, in plain words")
    given = parser.parse_args()
    with Library(given.library) as library:
        run = Agent(library).run(f"draw a picture of {given.words}")
    print(run)
    for path, source in run.sources.items():
        print(f"{source}: {path}")
    return run.exit_code


if __name__ == "__main__":
    sys.exit(main())
