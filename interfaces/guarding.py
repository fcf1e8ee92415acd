"""The commands of the gate: safety judges, policy checks and shows, audit verifies, reports and begins anew."""

from __future__ import annotations

import json as js
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path  # noqa: TC003 - typer reads the options by their types
from typing import TYPE_CHECKING, Annotated, Any

import typer

from playhead.errors import BlockedError, InputError, no_file
from playhead.interfaces import render
from playhead.interfaces.offered import Once
from playhead.interfaces.options import (
    DebugOption,
    JsonOption,
    LibraryOption,
    ModelOption,
    PolicyOption,
    ProfileOption,
    open_library,
)
from playhead.types import Decision, Door

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playhead.index.library import Library
    from playhead.safety.audit import Audit
    from playhead.safety.gate import Gate
    from playhead.safety.judge import Judged
    from playhead.types import Verdict

_MARK = "\ufeff"  # some editors put it before the first line

audit = typer.Typer(cls=Once, help="The record that the gate keeps.")
policy = typer.Typer(cls=Once, help="What the gate lets through.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example:  playhead safety 'shoot the scene again'")(safety)
    app.add_typer(policy, name="policy")
    app.add_typer(audit, name="audit")


def safety(
    text: Annotated[list[str] | None, typer.Argument(help="A text to judge; - is standard input.")] = None,
    jsonl: Annotated[
        Path | None,
        typer.Option(help='Judge every line: {"id", "text"}; - is standard input.', metavar="FILE"),
    ] = None,
    image: Annotated[Path | None, typer.Option(help="Judge a picture.", metavar="FILE")] = None,
    video: Annotated[Path | None, typer.Option(help="Judge a film, stretch by stretch.", metavar="FILE")] = None,
    door: Annotated[Door, typer.Option(help="At which door of the policy.")] = Door.REQUEST,
    policy: PolicyOption = None,
    profile: ProfileOption = None,
    model: ModelOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """Say what the gate would make of a text, a picture or a film, and why. Nothing is recorded."""
    del debug
    words = sys.stdin.read() if text == ["-"] else " ".join(text or ())
    if text and not words.strip():
        raise InputError("The text is empty", "", "Give some words, --jsonl, --image or --video")
    if sum(map(bool, (words.strip(), jsonl, image, video))) != 1:
        raise InputError("There is not one thing to judge", "", "Give a text, --jsonl, --image or --video")
    from playhead.safety.gate import Gate

    with open_library(None, model, profile=profile, policy=policy) as opened:
        gate = Gate.of(opened)
        if jsonl is not None:
            return _judge_lines(jsonl, gate, door, quiet=json)
        if video is not None:
            return _show(_of_film(video, gate, door, opened, quiet=json), json=json)
        judged = _of_image(image, gate, opened) if image else lambda: gate.judge.text(words)
        verdict = gate.verdict(door, judged)
    return _show([verdict], json=json)


def _of_image(path: Path, gate: Gate, opened: Library) -> Callable[[], Judged]:
    from playhead.media.images import read_image

    image = read_image(path, [path.absolute().parent], opened.settings.limits)
    return lambda: gate.judge.image(image)


def _of_film(path: Path, gate: Gate, door: Door, opened: Library, *, quiet: bool) -> list[Verdict]:
    from playhead.media.files import open_file
    from playhead.safety.film import Film

    limits = opened.settings.limits
    with open_file(path, [path.absolute().parent], limits) as file, render.progress_bars(quiet=quiet) as progress:
        film = Film(file, gate, door, limits, progress=progress)
        found = film.stretches(opened.models)
    for warning in film.warnings:
        render.note(render.line(f"{file.name}: {warning}"))
    return found


def _judge_lines(path: Path, gate: Gate, door: Door, *, quiet: bool) -> int:
    """A line of JSON for each line of the file, as it is judged."""
    from playhead.types import Progress

    with render.progress_bars(quiet=quiet) as progress:
        for number, (given, said) in enumerate(_lines(path), 1):
            verdict = gate.verdict(door, partial(gate.judge.text, said))
            render.say_json({"id": given} | _plain(verdict), indent=None)
            progress(Progress("judging", path.name, number))
    return 0


_FORM = 'Write each line as {"id": …, "text": …}'


def _lines(path: Path) -> Iterator[tuple[Any, str]]:
    if str(path) != "-" and not path.is_file():
        raise InputError(f"{path} cannot be judged", no_file(path), "Name a file, or - for standard input")
    with ExitStack() as held:
        file = sys.stdin if str(path) == "-" else held.enter_context(path.open(encoding="utf-8", errors="replace"))
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                said = js.loads(line.removeprefix(_MARK) if number == 1 else line, parse_constant=_no_number)
            except (ValueError, RecursionError) as error:
                raise InputError(f"Line {number} of {path} cannot be judged", "it is no JSON", _FORM) from error
            if not isinstance(said, dict) or not isinstance(said.get("text"), str):
                raise InputError(f"Line {number} of {path} cannot be judged", "it holds no text", _FORM)
            yield said.get("id", number), said["text"]


def _no_number(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _plain(verdict: Verdict) -> dict[str, Any]:
    """A verdict as JSON says it."""
    span = {"start_s": verdict.span.start_s, "end_s": verdict.span.end_s} if verdict.span else {}
    return {
        **span,
        "decision": verdict.decision,
        "category": verdict.category,
        "score": verdict.score,
        "threshold": verdict.threshold,
        "scores": dict(verdict.scores),
        "reason": verdict.reason,
        "remedy": verdict.remedy,
        "model": verdict.model,
        "door": verdict.door,
    }


def _show(verdicts: list[Verdict], *, json: bool) -> int:
    """The verdicts, and the exit code: that of a blocked request where one would not pass by itself."""
    worst = max(
        (verdict.decision for verdict in verdicts), key=lambda decision: decision.severity, default=Decision.ALLOW
    )
    if json:
        plainly = [_plain(verdict) for verdict in verdicts]
        several = {"decision": worst, "verdicts": plainly}
        render.say_json(plainly[0] if len(plainly) == 1 and not verdicts[0].span else several)
    elif not verdicts:
        render.say("Nothing in it stands out.")
    else:
        for verdict in verdicts:
            render.say(render.line(str(verdict)))
            if verdict.remedy:
                render.say(render.line(f"  {verdict.remedy}"))
            scores = ", ".join(f"{category} {score:.2f}" for category, score in verdict.scores)
            render.say(f"  {scores}" if scores else "  no scores")
    return BlockedError.exit_code if worst in (Decision.ASK, Decision.BLOCK) else 0


# Policies


@policy.command("check", epilog="Example:  playhead policy check school.yaml")
def policy_check(
    file: Annotated[str, typer.Argument(help="A policy as YAML, or the name of one that ships.")],
    json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """Find every fault of a policy."""
    del debug
    from playhead.errors import PolicyError
    from playhead.safety.policy import load_policy

    try:
        loaded = load_policy(file)
    except PolicyError as error:
        if json:
            render.say_json({"ok": False, "problems": error.problems or [str(error)]})
        else:
            for said in [f"- {problem}" for problem in error.problems] or [str(error)]:
                render.say(render.line(said))
        return error.exit_code
    if json:
        render.say_json({"ok": True, "problems": [], "policy": str(loaded), "sha256": loaded.sha256})
    else:
        render.say(render.line(f"The policy {loaded} can be used ({loaded.sha256[:12]})."))
    return 0


@policy.command("show", epilog="Example:  playhead policy show strict")
def policy_show(
    name: Annotated[
        str | None,
        typer.Argument(help="A policy as YAML, or the name of one that ships; without it, the one in force."),
    ] = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Show from which score on what happens at each door."""
    del debug
    from playhead.safety.policy import categories, load_policy
    from playhead.settings import load_settings

    loaded = load_policy(name or load_settings().policy)
    table = {
        door: {category: dict(ladder) for category, ladder in by_category.items()}
        for door, by_category in loaded.stages.items()
    }
    if json:
        about = {"name": loaded.name, "version": loaded.version}
        render.say_json(about | {"stages": table, "mask": sorted(loaded.mask)})
        return
    render.say(render.line(f"Policy {loaded}: warn ~, ask ?, block ! from these scores on"))
    render.say(f"{'':14}" + "".join(f"{door.replace('_', ' '):>18}" for door in Door))
    for category in categories():
        cells = (_cell(loaded.stages[door][category]) for door in Door)
        render.say(f"{category:14}" + "".join(f"{cell:>18}" for cell in cells))


_SIGNS = {Decision.WARN: "~", Decision.ASK: "?", Decision.BLOCK: "!"}


def _cell(ladder: Any) -> str:
    return " ".join(f"{_SIGNS[step]}{threshold:g}" for step, threshold in ladder.items()) or "-"


# The record


def _open_audit(library: str | None) -> Audit:
    from playhead.safety.gate import audit_of

    with open_library(library) as opened:
        opened.videos()  # raises where there is no library
        found = audit_of(opened)
    assert found is not None
    return found


@audit.command("verify", epilog="Example:  playhead audit verify")
def audit_verify(library: LibraryOption = None, json: JsonOption = False, debug: DebugOption = False) -> int:
    """Prove that the record is as it was written: no byte changed, no entry missing, none added or moved."""
    del debug
    log = _open_audit(library)
    problems = log.verify()
    if json:
        render.say_json({"ok": not problems, "problems": problems, "file": log.path})
    elif problems:
        render.say(render.line(f"{log.path} is not as it was written:"))
        for problem in problems:
            render.say(render.line(f"- {problem}"))
    else:
        render.say(render.line(f"{log.path} is whole: {len(log.entries())} entries."))
    return 1 if problems else 0


@audit.command("report", epilog="Example:  playhead audit report --json")
def audit_report(library: LibraryOption = None, json: JsonOption = False, debug: DebugOption = False) -> int:
    """Sum up what was judged, stopped and overridden, by which policy, and how often the classifiers err."""
    del debug
    from playhead.safety.audit_report import report, told

    log = _open_audit(library)
    summary = report(log)
    if json:
        render.say_json(summary)
    else:
        for line in told(summary):
            render.say(render.line(line))
    return 1 if summary["problems"] else 0


@audit.command("restart", epilog="Example:  playhead audit restart --reason 'the disk was replaced'")
def audit_restart(
    reason: Annotated[str, typer.Option(help="Why; it is the first entry of the new record.")],
    library: LibraryOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Begin a new record where the old one is lost or damaged; what is left of it is kept beside the new one."""
    del debug
    if not reason.strip():
        raise InputError("A new record needs a reason", "", "Say it with --reason")
    log = _open_audit(library)
    old = log.restart(reason)
    if json:
        render.say_json({"file": log.path, "old": old})
    else:
        render.say(render.line(f"{log.path} begins anew.{f' The old one is {old}.' if old else ''}"))
