"""A sound in, a sound out: what is said in it, said again by another voice."""

from __future__ import annotations

import argparse
import sys

from playhead import Agent, Library


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", help="a library folder")
    parser.add_argument("sound", help="a sound file")
    parser.add_argument("--because", default="", help="why a voice may say what was said or seen there")
    given = parser.parse_args()
    with Library(given.library) as library:
        agent = Agent(library, consent=lambda _: given.because)
        run = agent.run("transcribe this and read it aloud", given=given.sound)
    print(run)
    for path, source in run.sources.items():
        print(f"{source}: {path}")
    for outcome in run.failed:
        print(outcome.error)
    return run.exit_code


if __name__ == "__main__":
    sys.exit(main())
