"""A sound in, words out: what is said in it, sentence by sentence."""

from __future__ import annotations

import argparse
import sys

from playhead import Agent, Library


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", help="a library folder")
    parser.add_argument("sound", help="a sound file")
    given = parser.parse_args()
    with Library(given.library) as library:
        run = Agent(library).run("transcribe this", given=given.sound)
    print(run)
    return run.exit_code


if __name__ == "__main__":
    sys.exit(main())
