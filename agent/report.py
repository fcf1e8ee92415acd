"""The report of a run: Markdown to read in a terminal, HTML with its pictures inside to send to somebody."""

from __future__ import annotations

import base64
import html as markup
from typing import TYPE_CHECKING

from playhead.agent.answer import NOT_ANSWERED, NOT_SHOWN, lines
from playhead.types import cited

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from playhead.agent.executor import Outcome
    from playhead.agent.plan import Plan
    from playhead.types import Answer, Claim

_MOST_PICTURES = 60
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1b2530;background:#fff}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}ol{padding-left:1.5rem}li{margin:.6rem 0}
.t{color:#5b6b7a;font-variant-numeric:tabular-nums;white-space:nowrap}img{display:block;max-height:9rem;
margin:.3rem 0;border-radius:4px}pre{background:#f4f6f8;padding:.8rem;overflow:auto;font-size:13px}.bad{color:#a3262a}
@media(prefers-color-scheme:dark){body{color:#dfe6ec;background:#12171c}pre{background:#1b232b}.t{color:#93a3b1}}
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
    title = markup.escape(_one_line(plan.request) or "A run")
    pictures = _Pictures()
    told = "\n".join(f"<li>{_claim(claim, answer, pictures)}</li>" for claim in answer.claims)
    notes = "".join(f"<p>{markup.escape(note)}</p>" for note in answer.notes)
    absent = "" if answer.claims or answer.notes else f"<p>{_absent(outcomes)}</p>"
    failed = "".join(f"<li class=bad>{markup.escape(text)}</li>" for text in _failed(outcomes))
    wrong = f"<h2>What did not work</h2><ul>{failed}</ul>" if failed else ""
    plan_text = markup.escape(plan.yaml())
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n'
        f"<title>{title}</title><style>{_STYLE}</style></head>\n<body><h1>{title}</h1>\n{absent}<ol>\n{told}\n</ol>\n{notes}\n"
        f"{wrong}\n<h2>The plan</h2><pre>{plan_text}</pre></body></html>\n"
    )


class _Pictures:
    """Each picture once, and not more than a page bears."""

    def __init__(self) -> None:
        self._shown: set[Path] = set()

    def tag(self, path: Path | None) -> str:
        if path is None or path in self._shown or len(self._shown) >= _MOST_PICTURES or not path.is_file():
            return ""
        self._shown.add(path)
        data = base64.b64encode(path.read_bytes()).decode()
        return f'<img alt="" src="data:image/jpeg;base64,{data}">'


def _claim(claim: Claim, answer: Answer, pictures: _Pictures) -> str:
    picture = "".join(pictures.tag(citation.thumbnail) for citation in claim.evidence[:1])
    title = f"<b>{markup.escape(claim.title)}</b> " if claim.title else ""
    times = markup.escape(cited(claim, answer.videos))
    return f"{title}{markup.escape(claim.text)} <span class=t>{times}</span>{picture}"


def _failed(outcomes: Mapping[str, Outcome]) -> list[str]:
    return [
        f"{name} ({o.tool}): {o.error}" for name, o in outcomes.items() if o.state in ("failed", "skipped", "blocked")
    ]


def _absent(outcomes: Mapping[str, Outcome]) -> str:
    return NOT_ANSWERED if _failed(outcomes) else NOT_SHOWN


def _one_line(text: str) -> str:
    return " ".join(text.split())
