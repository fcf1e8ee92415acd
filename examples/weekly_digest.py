"""Index everything in a folder and write a digest: of each video a few sentences, each with its times."""

from __future__ import annotations

import argparse
from pathlib import Path

from playhead import Agent, Library, Plan

PLAN = Plan.model_validate(
    {
        "request": "What is in this video?",
        "inputs": {"video": None, "sentences": 3},
        "steps": {"digest": {"tool": "summarize", "args": {"video": "$video", "limit": "$sentences"}}},
    }
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", help="a library folder; made where there is none")
    parser.add_argument("folder", help="the footage")
    parser.add_argument("--out", type=Path, default=Path("digest.md"), help="the file to write")
    parser.add_argument("--sentences", type=int, default=3, help="how many of each video")
    given = parser.parse_args()
    with Library(given.library) as library:
        report = library.add(given.folder)
        agent, parts = Agent(library), ["# Digest"]
        videos = sorted({*report.added, *report.updated, *report.unchanged}, key=lambda video: video.name)
        for video in videos:
            run = agent.run(PLAN.given({"video": video.id, "sentences": given.sentences}))
            parts += [f"## {video.name}", "\n".join(f"- {sentence}" for sentence in str(run).splitlines())]
        for path, error in report.failed:
            parts.append(f"{path.name} could not be used: {error}")
    given.out.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    print(f"{given.out}: {', '.join(video.name for video in videos) or 'nothing'}")


if __name__ == "__main__":
    main()
