"""The report of a run: Markdown to read in a terminal, HTML with its pictures inside to send to somebody."""

from __future__ import annotations

import sys
from html import escape
from typing import TYPE_CHECKING

from playhead import markup
from playhead.agent.answer import NOT_ANSWERED, NOT_SHOWN, lines
from playhead.markup import Room, words

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from playhead.agent.executor import Outcome
    from playhead.agent.plan import Plan
    from playhead.agent.run import Run
    from playhead.types import Answer, Verdict

_PAGE = Room(items=sys.maxsize, pictures=60, letters=sys.maxsize)
_MOST_STEPS = 24
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1b2530;background:#fff}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}ol{padding-left:1.5rem}li{margin:.6rem 0}
pre{background:#f4f6f8;padding:.8rem;overflow:auto;font-size:13px}.bad{color:#a3262a}
@media(prefers-color-scheme:dark){body{color:#dfe6ec;background:#12171c}pre{background:#1b232b}}
"""


def markdown(plan: Plan, outcomes: Mapping[str, Outcome], answer: Answer) -> str:
    """The request, the answer with its times, what failed, and the plan."""
    parts = [f"# {_one_line(plan.request) or 'A run'}", ""]
    told = lines(answer)
    parts += [f"- {_one_line(line)}" for line in told]
    parts += [] if told or answer.notes else [_absent(outcomes)]
    parts += ["", *(_one_line(note) + "  " for note in answer.notes)] if answer.notes else []
    if failed := _failed(outcomes):
        parts += ["", "## What did not work", "", *(f"- {_one_line(text)}" for text in failed)]
    parts += ["", "## The plan", "", "```yaml", plan.yaml().rstrip().replace("```", "'''"), "```", ""]
    return "\n".join(parts)


def html(plan: Plan, outcomes: Mapping[str, Outcome], answer: Answer) -> str:
    """The same as one self-contained page, with the picture that each sentence rests on."""
    title = escape(_one_line(plan.request) or "A run")
    told = markup.answer(answer, _PAGE)
    absent = "" if answer.claims or answer.notes else f"<p>{_absent(outcomes)}</p>"
    failed = "".join(f"<li class=bad>{escape(text)}</li>" for text in _failed(outcomes))
    wrong = f"<h2>What did not work</h2><ul>{failed}</ul>" if failed else ""
    plan_text = escape(plan.yaml())
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n'
        f"<title>{title}</title><style>{_STYLE}</style></head>\n<body><h1>{title}</h1>\n{absent}\n{told}\n"
        f"{wrong}\n<h2>The plan</h2><pre>{plan_text}</pre></body></html>\n"
    )


def fragment(run: Run) -> str:
    """What a notebook shows of a run: the answer, what the gate and failed steps said, the steps, the files."""
    request = run.plan.request if run.plan else ""
    head = f"<p><b>{words(request)}</b></p>" if request else ""
    absent = NOT_ANSWERED if run.failed else NOT_SHOWN
    silent = f"<p>{absent}</p>" if run.plan and not (run.answer.claims or run.answer.notes) else ""
    return markup.piece(
        head,
        silent,
        markup.answer(run.answer),
        markup.listed(markup.first(run.questions, words)),
        markup.notes(run.notes),
        markup.listed(markup.first(run.verdicts, _verdict)),
        _steps(run),
        _files(run),
    )


def _verdict(verdict: Verdict) -> str:
    passed = f"Let through: {verdict.override}" if verdict.override else verdict.remedy
    return f"<b>Gate</b> {words(str(verdict))} {markup.faint(passed)}"


def _steps(run: Run) -> str:
    if run.plan is None:
        return ""
    ended = run.outcomes or {}
    rows = [_step(name, step.tool, ended.get(name)) for name, step in list(run.plan.steps.items())[:_MOST_STEPS]]
    rest = len(run.plan.steps) - len(rows)
    more = markup.notes([f"… and {rest} more steps"]) if rest > 0 else ""
    return f"<p><b>Steps</b></p>{markup.table(rows)}{more}"


def _step(name: str, tool: str, ended: Outcome | None) -> tuple[str, ...]:
    state = words(ended.state if ended else "not run")
    took = markup.faint(f"{ended.seconds:.1f} s") if ended and ended.seconds else ""
    return words(name), words(tool), state, took, words(str(ended.error)) if ended and ended.error else ""


def _files(run: Run) -> str:
    """The files that were made, by where they are in the run's folder; the folder itself is this machine's affair."""
    sources = run.sources

    def file(path: Path) -> str:
        return f"{words(str(path.relative_to(run.folder or path.parent)))} {markup.faint(sources[path])}"

    told = markup.first(list(sources), file)
    return f"<p><b>Files</b> {markup.faint('in run.folder')}</p>{markup.listed(told)}" if told else ""


def _failed(outcomes: Mapping[str, Outcome]) -> list[str]:
    return [
        f"{name} ({o.tool}): {o.error}" for name, o in outcomes.items() if o.state in ("failed", "skipped", "blocked")
    ]


def _absent(outcomes: Mapping[str, Outcome]) -> str:
    return NOT_ANSWERED if _failed(outcomes) else NOT_SHOWN


def _one_line(text: str) -> str:
    return " ".join(text.split())
