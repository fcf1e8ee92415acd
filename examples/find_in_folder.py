"""Index a folder and ask it one thing. The exit code is 1 where the footage does not show it."""

from __future__ import annotations

import argparse
import sys

from playhead import Agent, Library


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", help="a library folder; made where there is none")
    parser.add_argument("folder", help="the footage: a folder, or one file")
    parser.add_argument("question", help="in plain words")
    parser.add_argument("--model", help="a language model, e.g. ollama:qwen3:8b (default: none)")
    given = parser.parse_args()
    with Library(given.library) as library:
        report = library.add(given.folder)
        for path, error in report.failed:
            print(f"{path.name}: {error}", file=sys.stderr)
        run = Agent(library, given.model).run(given.question)
    print(run)
    return 0 if run.answer.claims else 1


if __name__ == "__main__":
    sys.exit(main())
