"""Words in, words out: a question, and the sentences that answer it, each with its times."""

from __future__ import annotations

import argparse
import sys

from playhead import Agent, Library


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", help="a library folder")
    parser.add_argument("words", help="the question")
    given = parser.parse_args()
    with Library(given.library) as library:
        run = Agent(library).run(given.words)
    print(run)
    return run.exit_code


if __name__ == "__main__":
    sys.exit(main())
