"""Plan a request once, keep the plan as YAML, and run it over every video of a library."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from playhead import Agent, Library
from playhead.agent.plan import load_plan


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", help="a library folder")
    parser.add_argument("request", help="what is wanted of each video, in plain words")
    parser.add_argument("--plan", type=Path, default=Path("plan.yaml"), help="kept here; used if it is there")
    given = parser.parse_args()
    with Library(given.library) as library:
        agent, videos = Agent(library), library.videos()
        if not given.plan.exists():
            proposal = agent.plan(given.request, video=videos[0].id)
            if proposal.plan is None or "video" not in proposal.plan.inputs:
                print("\n".join(proposal.questions) or "Ask for something about one video.", file=sys.stderr)
                return 2
            proposal.plan.save(given.plan)
        plan = load_plan(given.plan)
        for video in videos:
            print(f"== {video.name}")
            print(agent.run(plan.given({"video": video.id})))
    return 0


if __name__ == "__main__":
    sys.exit(main())
