"""Print the chapters of a video with their times, as video sites take them in a description."""

from __future__ import annotations

import argparse

from playhead import Agent, Library, Plan


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", help="a library folder")
    parser.add_argument("video", help="id, name or path of a video in it")
    parser.add_argument("--chapters", type=int, default=None, help="how many (default: as the subject changes)")
    given = parser.parse_args()
    args = {"video": given.video, "format": "chapters", "limit": given.chapters}
    plan = Plan.model_validate({"steps": {"chapters": {"tool": "summarize", "args": args}}})
    run = Agent(Library(given.library)).run(plan)
    for chapter in run.answer.claims:
        start_s = min(citation.span.start_s for citation in chapter.evidence)
        print(f"{int(start_s) // 60}:{int(start_s) % 60:02d} {chapter.title}")


if __name__ == "__main__":
    main()
