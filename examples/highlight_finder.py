"""Find the moments that fit any of several descriptions, rank them, and save a frame of each."""

from __future__ import annotations

import argparse
from pathlib import Path

from playhead import Agent, Library, Moment, Plan


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", help="a library folder")
    parser.add_argument("descriptions", nargs="+", help="what to look for, each in plain words")
    parser.add_argument("--out", type=Path, required=True, help="an empty folder for the frames and the report")
    parser.add_argument("--limit", type=int, default=3, help="how many moments of each description")
    given = parser.parse_args()
    steps = {}
    for number, description in enumerate(given.descriptions, 1):
        steps[f"find_{number}"] = {"tool": "search_moments", "args": {"query": description, "limit": given.limit}}
        steps[f"frames_{number}"] = {"tool": "extract_frames", "args": {"moments": f"$find_{number}.moments"}}
    with Library(given.library) as library:
        run = Agent(library).run(Plan.model_validate({"steps": steps}), out=given.out)
    outcomes = run.outcomes or {}
    found: list[tuple[Moment, str, Path]] = []
    for number, description in enumerate(given.descriptions, 1):
        search, frames = outcomes[f"find_{number}"], outcomes[f"frames_{number}"]
        if search.ok and frames.ok:
            pairs = zip(search.result.moments, frames.result.frames, strict=False)
            found += [(moment, description, frame.path) for moment, frame in pairs]
    for moment, description, path in sorted(found, key=lambda one: -one[0].score):
        print(f"{moment.score:.2f}  {moment.video.name} {moment.span}  {description}  {path.name}")


if __name__ == "__main__":
    main()
