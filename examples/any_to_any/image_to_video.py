"""A picture in, a film out: the stretch of the footage that is like it, cut out."""

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
        run = Agent(library).run("find this and cut it out", given=given.picture)
    print(run)
    for path, source in run.sources.items():
        print(f"{source}: {path}")
    return run.exit_code


if __name__ == "__main__":
    sys.exit(main())
