"""A film in, a picture out: a sheet of its pictures with their times."""

from __future__ import annotations

import argparse
import sys

from playhead import Agent, Library


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", help="a library folder")
    parser.add_argument("film", help="a film file, which need not be in the library")
    given = parser.parse_args()
    with Library(given.library) as library:
        run = Agent(library).run("make a contact sheet of this film", given=given.film)
    print(run)
    for path, source in run.sources.items():
        print(f"{source}: {path}")
    return run.exit_code


if __name__ == "__main__":
    sys.exit(main())
