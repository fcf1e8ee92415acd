"""A sound in, a picture out: what the footage shows where the same is said."""

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
        run = Agent(library).run("find where this is said and take a frame of it", given=given.sound)
    print(run)
    for path, source in run.sources.items():
        print(f"{source}: {path}")
    return run.exit_code


if __name__ == "__main__":
    sys.exit(main())
