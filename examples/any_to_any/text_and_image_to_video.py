"""Words and a picture in, a film out: what is like the picture and what the words say, put together."""

from __future__ import annotations

import argparse
import sys

from playhead import Agent, Library


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", help="a library folder")
    parser.add_argument("words", help="what is wanted, in plain words")
    parser.add_argument("picture", help="a picture file")
    given = parser.parse_args()
    with Library(given.library) as library:
        run = Agent(library).run(f"find this, find {given.words}, and put both together", given=given.picture)
    print(run)
    for path, source in run.sources.items():
        print(f"{source}: {path}")
    return run.exit_code


if __name__ == "__main__":
    sys.exit(main())
