"""How well a language model in a GGUF file plans: twenty simple requests about a library of two videos.

    python benchmarks/local_llm.py model.gguf              # freely, and held to the JSON Schema of a plan
    python benchmarks/local_llm.py model.gguf --show [--json]

Needs the extra `local-llm`. A plan is valid when it passes the checker; its tools are right when they are those that
the request calls for, each once. The offline planner does the same requests, for comparison.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planning import stage_of

from playhead.agent.chat_planner import ChatPlanner, ExampleSource
from playhead.agent.offline import OfflinePlanner
from playhead.errors import PlayheadError
from playhead.models.chat import Chat
from playhead.models.gguf import ChatGGUF
from playhead.models.registry import OFFLINE, Models
from playhead.tools.registry import all_tools

if TYPE_CHECKING:
    from playhead.agent.planner import Planner

VIDEOS = ["beach.mp4", "talk.mp4"]
REQUESTS: list[tuple[str, ...]] = [  # each with the tools that do it; some can be done in two ways
    ("Find the dog in beach.mp4", "search_moments"),
    ("Where does somebody open an umbrella?", "search_moments"),
    ("Show me three moments with a boat", "search_moments"),
    ("Look for a red car in both videos", "search_moments"),
    ("How many times does she say thank you in talk.mp4?", "answer_question"),
    ("Why does the speaker leave the stage in talk.mp4?", "answer_question"),
    ("What happens after the wave in beach.mp4?", "answer_question", "describe_video search_moments"),
    ("Write down everything that is said in talk.mp4", "transcribe"),
    ("Transcribe the first minute of talk.mp4", "transcribe"),
    ("Sum up talk.mp4 in three sentences", "summarize"),
    ("Make chapters for talk.mp4", "summarize"),
    ("Describe beach.mp4 for a blind friend", "describe_video"),
    ("What is written on the slides in talk.mp4?", "read_text"),
    ("Which things can be seen in beach.mp4?", "detect_objects"),
    ("List the shots of beach.mp4", "detect_shots"),
    ("What codec and frame rate does beach.mp4 have?", "probe_video"),
    ("Save a picture of beach.mp4 every 10 seconds", "extract_frames"),
    ("Take a frame of talk.mp4 at 1:30", "extract_frames"),
    ("Take five frames of beach.mp4 and caption them", "caption_frames extract_frames"),
    ("Find the sunset and save a picture of it", "extract_frames search_moments"),
]


class Counted(Chat):
    """A chat model that counts how often it is asked, and may be kept from seeing the schema."""

    def __init__(self, model: ChatGGUF, *, held: bool) -> None:
        super().__init__(model)
        self.held, self.asked = held, 0

    def ask(self, prompt: str, schema: dict[str, Any] | None = None) -> str:
        self.asked += 1
        return super().ask(prompt, schema if self.held else None)


@dataclass
class Score:
    """What became of the requests."""

    valid: int = 0
    right: int = 0
    repaired: int = 0
    asked_back: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """What `--json` shows of it."""
        ordered = sorted(self.seconds)
        return {
            "requests": len(ordered),
            "valid": self.valid,
            "right": self.right,
            "repaired": self.repaired,
            "asked_back": self.asked_back,
            "failed": dict(self.failed),
            "seconds": {"median": round(ordered[len(ordered) // 2], 1), "most": round(ordered[-1], 1)},
        }

    def __str__(self) -> str:
        count, ordered = len(self.seconds), sorted(self.seconds)
        failed = ", ".join(f"{what} {times}" for what, times in sorted(self.failed.items())) or "none"
        return (
            f"valid plans {self.valid}/{count}, right tools {self.right}/{count}, after a repair {self.repaired}, "
            f"asked back {self.asked_back}, failed: {failed}; "
            f"{ordered[count // 2]:.1f} s a request (median), {ordered[-1]:.1f} s at most"
        )


def measure(planner: Planner, chat: Counted | None, *, show: bool) -> Score:
    """Every request once."""
    score, stage = Score(), stage_of(VIDEOS)
    for request, *accepted in REQUESTS:
        begun, before = time.perf_counter(), chat.asked if chat else 0
        told = ""
        try:
            plan = planner.propose(request, stage).plan
        except PlayheadError as error:
            told = str(error)
            score.failed[type(error).__name__] += 1
        else:
            told = " ".join(sorted(step.tool for step in plan.steps.values())) if plan else "asks back"
            score.valid += plan is not None
            score.asked_back += plan is None
            score.right += told in accepted
            score.repaired += chat is not None and chat.asked - before > 1
        score.seconds.append(time.perf_counter() - begun)
        if show:
            print(f"{request}\n   {score.seconds[-1]:.1f} s  {told}", flush=True)
    return score


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("model", type=Path, help="a GGUF file")
    options.add_argument("--threads", type=int, default=2, help="of llama.cpp (2)")
    options.add_argument("--max-tokens", type=int, default=400, help="of one answer (400)")
    options.add_argument("--how", choices=["freely", "held"], help="only so: freely, or held to the schema")
    options.add_argument("--show", action="store_true", help="print what became of each request")
    options.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    given = options.parse_args()
    tools = all_tools()
    offline = OfflinePlanner(tools, Models(OFFLINE, threads=given.threads).sentences)
    offline.propose("warm up", stage_of(VIDEOS))
    found = {"offline": measure(offline, None, show=given.show)}
    print(f"offline planner: {found['offline']}", flush=True)
    try:
        model = ChatGGUF.open(given.model)
    except PlayheadError as error:
        print(error, file=sys.stderr)
        return 2
    model.threads, model.max_tokens = given.threads, given.max_tokens
    for how in [given.how] if given.how else ["freely", "held"]:
        chat = Counted(model, held=how == "held")
        planner = ChatPlanner(chat, tools, None, ExampleSource(offline, offline.nearest, tools))
        found[how] = measure(planner, chat, show=given.show)
        print(f"{given.model.name}, {how}: {found[how]}", flush=True)
    if given.json:
        plain = {how: score.plain() for how, score in found.items()}
        print(json.dumps({"model": given.model.name, "planners": plain}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
