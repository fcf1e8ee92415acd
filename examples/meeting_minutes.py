"""Write the minutes of a recorded meeting: run the plan meeting_minutes.yaml with your video and topic."""

from __future__ import annotations

import argparse
from pathlib import Path

from playhead import Agent, Library
from playhead.agent.answer import answered, lines
from playhead.agent.plan import load_plan

PLAN = Path(__file__).with_name("meeting_minutes.yaml")
HEADINGS = {"outline": "Outline", "points": "What was said", "decided": "On the topic", "slides": "On the slides"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", help="a library folder")
    parser.add_argument("video", help="id, name or path of a video in it")
    parser.add_argument("--topic", default="what was decided", help="what to look for in what was said")
    given = parser.parse_args()
    plan = load_plan(PLAN).given({"video": given.video, "topic": given.topic})
    with Library(given.library) as library:
        run = Agent(library).run(plan)
    outcomes = run.outcomes or {}
    print(f"# Minutes of {given.video}")
    for step, heading in HEADINGS.items():
        outcome = outcomes[step]
        print(f"\n## {heading}\n")
        if not outcome.ok:
            print(f"This did not work: {outcome.error}")
            continue
        answer = answered(outcome.result)
        print("\n".join(f"- {text}" for text in [*lines(answer), *answer.notes]))


if __name__ == "__main__":
    main()
