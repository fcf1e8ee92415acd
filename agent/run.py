"""One run of one plan: its folder, its outcomes, its answer, and the report that a person reads.

    FOLDER/plan.yaml  journal.jsonl  answer.md  report.html  artifacts/STEP.json  artifacts/STEP/FILE…

Everything but the journal is the same, byte for byte, whenever the same plan runs on the same library and models.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playhead.agent import report
from playhead.agent.answer import NOT_ANSWERED, NOT_SHOWN, lines
from playhead.errors import BlockedError, InputError, StorageError, reason_of
from playhead.media.saving import remedy
from playhead.models.cache import write_atomically
from playhead.plain import plain
from playhead.safety.texts import TEXT_ENDINGS, file_changed, with_texts
from playhead.tools.provenance import SUFFIX, sidecar, write_plan
from playhead.types import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from playhead.agent.executor import Event, Outcome
    from playhead.agent.plan import Plan
    from playhead.types import Answer, Verdict

PLAN, JOURNAL, ANSWER, REPORT, ARTIFACTS = "plan.yaml", "journal.jsonl", "answer.md", "report.html", "artifacts"


@dataclass(frozen=True, slots=True)
class Run:
    """What became of a request. Without a plan `questions` say what is missing; `failed` are steps that failed.

    `verdicts` are those of the gate that are more than `allow`, in the order in which they fell.
    """

    plan: Plan | None
    answer: Answer
    folder: Path | None = None
    outcomes: Mapping[str, Outcome] | None = None
    events: tuple[Event, ...] = ()
    questions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()

    @property
    def artifacts(self) -> tuple[Path, ...]:
        """Every file in the run's folder that a step made; beside each is one that says where it comes from."""
        if self.folder is None:
            return ()
        found = sorted(path for path in (self.folder / ARTIFACTS).rglob("*") if path.is_file())
        return tuple(path for path in found if not path.name.endswith(SUFFIX))

    @property
    def sources(self) -> dict[Path, Source]:
        """How each of `artifacts` that was made came to be, as the file beside it says; results as JSON are not."""
        made = [path for path in self.artifacts if sidecar(path).is_file()]
        return {path: Source(json.loads(sidecar(path).read_bytes())["source"]) for path in made}

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The steps that failed, that the gate stopped, or that were skipped because of another."""
        return tuple(o for o in (self.outcomes or {}).values() if o.state in ("failed", "skipped", "blocked"))

    @property
    def exit_code(self) -> int:
        """0 done, 1 nothing succeeded, 2 nothing to run, 3 done in part, 4 stopped by the gate."""
        if self.plan is None:
            return InputError.exit_code
        if any(not verdict.passes for verdict in self.verdicts):
            return BlockedError.exit_code
        if not self.failed:
            return 0
        return 3 if any(outcome.ok for outcome in (self.outcomes or {}).values()) else 1

    def _repr_html_(self) -> str:
        return report.fragment(self)

    def __str__(self) -> str:
        if self.questions:
            return "\n".join(self.questions)
        absent = NOT_ANSWERED if self.failed else NOT_SHOWN
        return "\n".join([*lines(self.answer), *self.answer.notes]) or absent


def write_run(
    folder: Path, plan: Plan, outcomes: Mapping[str, Outcome], answer: Answer, mask: Callable[[str], str] = str
) -> None:
    """Everything but the journal, into the run's folder, texts as `mask` leaves them. Raises `StorageError`."""
    try:
        shutil.rmtree(folder / ARTIFACTS, ignore_errors=True)
        for partial in folder.glob("*.part"):  # of a run that was killed while it wrote; nobody else writes here
            partial.unlink()
        (folder / ARTIFACTS).mkdir(parents=True)
        asked = {"file": PLAN, "sha256": hashlib.sha256(plan.yaml().encode()).hexdigest(), "request": plan.request}
        for name, outcome in outcomes.items():
            if outcome.ok:
                _write_artifact(folder / ARTIFACTS, name, outcome, mask, asked | {"step": name})
        told = {name: _masked_error(outcome, mask) for name, outcome in outcomes.items()}
        write_atomically(folder / ANSWER, [report.markdown(plan, told, answer).encode()])
        write_atomically(folder / REPORT, [report.html(plan, told, answer).encode()])
    except OSError as error:
        what = f"The run could not be kept in {folder}"
        raise StorageError(what, reason_of(error), remedy(error.errno)) from error


def _masked_error(outcome: Outcome, mask: Callable[[str], str]) -> Outcome:
    return replace(outcome, error=Exception(mask(str(outcome.error)))) if outcome.error else outcome


def _write_artifact(
    folder: Path, name: str, outcome: Outcome, mask: Callable[[str], str], plan: Mapping[str, str]
) -> None:
    moved: dict[str, str] = {}
    for file in outcome.files:
        kept = Path(name, file.relative_to(outcome.folder or file.parent))
        (folder / kept).parent.mkdir(parents=True, exist_ok=True)
        copy_masked(file, folder / kept, mask)
        if file.name.endswith(SUFFIX):
            write_plan(folder / kept, plan)
        moved[str(file)] = kept.as_posix()
    said = json.dumps(
        _relabelled(plain(with_texts(outcome.result, mask)), moved), ensure_ascii=False, indent=1, sort_keys=True
    )
    write_atomically(folder / f"{name}.json", [said.encode()])


def copy_masked(file: Path, target: Path, mask: Callable[[str], str]) -> None:
    """A text as `mask` leaves it, anything else byte for byte; whole, or not there. They may be one file."""
    if file.suffix.lower() in TEXT_ENDINGS:
        text = file.read_text("utf-8", "surrogateescape")  # bytes that are no UTF-8 stay as they are
        write_atomically(target, [file_changed(file.name, text, mask).encode("utf-8", "surrogateescape")])
    elif target != file:
        with file.open("rb") as source:
            write_atomically(target, iter(partial(source.read, 1 << 20), b""))


def _relabelled(value: Any, moved: Mapping[str, str]) -> Any:
    """The value with files named by where the run keeps them."""
    if isinstance(value, dict):
        return {key: _relabelled(item, moved) for key, item in value.items()}
    if isinstance(value, list):
        return [_relabelled(item, moved) for item in value]
    return moved.get(value, value) if isinstance(value, str) else value
