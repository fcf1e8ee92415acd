"""Words in, a sound out: the words, said aloud."""

from __future__ import annotations

import argparse
import sys

from playhead import Agent, Library


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", help="a library folder")
    parser.add_argument("words", help="what is to be said")
    given = parser.parse_args()
    with Library(given.library) as library:
        run = Agent(library).run(f'say "{given.words}" aloud')
    print(run)
    for path, source in run.sources.items():
        print(f"{source}: {path}")
    return run.exit_code


if __name__ == "__main__":
    sys.exit(main())
