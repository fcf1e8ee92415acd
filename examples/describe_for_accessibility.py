"""Write an audio description as WebVTT: for somebody who cannot see the video, what is to be seen, scene by scene."""

from __future__ import annotations

import argparse
import sys

from playhead import Agent, Library, Plan


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", help="a library folder")
    parser.add_argument("video", help="id, name or path of a video in it")
    given = parser.parse_args()
    plan = Plan.model_validate({"steps": {"scenes": {"tool": "describe_video", "args": {"video": given.video}}}})
    with Library(given.library) as library:
        start_s = library.video(given.video).start_s  # players count from 0, containers need not
        run = Agent(library).run(plan)
    print("WEBVTT\nKind: descriptions\n")
    for scene in run.answer.claims:
        first_s = min(citation.span.start_s for citation in scene.evidence) - start_s
        last_s = max(citation.span.end_s for citation in scene.evidence) - start_s
        print(f"{clock(first_s)} --> {clock(last_s)}\n{scene.text.replace('-->', '->')}\n")
    for note in run.answer.notes:
        print(note, file=sys.stderr)


def clock(seconds: float) -> str:
    """`hh:mm:ss.ttt`."""
    thousandths = round(seconds * 1000)
    minutes, rest = divmod(thousandths, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"


if __name__ == "__main__":
    main()
