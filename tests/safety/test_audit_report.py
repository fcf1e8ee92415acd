"""The report on the record: everything stopped or let through, and how often those who judged err."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from playhead.models.registry import OFFLINE, Models
from playhead.models.roles import Role
from playhead.safety.audit import Audit
from playhead.safety.audit_report import report, told

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def log(tmp_path: Path) -> Audit:
    return Audit(tmp_path / "audit.jsonl", None)


def judged(log: Audit, decision: str, *, override: str = "", model: str = "heads@0.1+rules-1") -> None:
    passed = decision in ("allow", "warn") or bool(override)
    log.write(
        event="judged", door="request", what="the request", decision=decision, passed=passed, override=override,
        category="hate", score=0.7, reason="hate 0.70", excerpt="a text", model=model, policy="default 1 abc",
    )  # fmt: skip


def test_of_no_entries(log: Audit) -> None:
    summary = report(log)
    assert (summary["entries"], summary["models"], summary["problems"]) == (0, {}, [])
    assert "The record is whole." in told(summary)


def test_it_counts_and_lists_what_was_stopped_or_let_through(log: Audit) -> None:
    for decision in ("allow", "allow", "block"):
        judged(log, decision)
    judged(log, "ask", override="a lecture")
    summary = report(log)
    assert summary["doors"] == {"request": {"allow": 2, "ask": 1, "block": 1}}
    assert [entry["entry"] for entry in summary["stopped"]] == [3]
    assert [(entry["entry"], entry["override"]) for entry in summary["overridden"]] == [(4, "a lecture")]
    lines = "\n".join(told(summary))
    assert "request: 2 allow, 1 ask, 1 block" in lines
    assert "heads@0.1: not measured" in lines


def test_a_record_that_is_not_whole_says_so(log: Audit) -> None:
    judged(log, "block")
    log.path.write_bytes(log.path.read_bytes().replace(b"0.7", b"0.1"))
    assert "NOT WHOLE: line 1 was changed" in told(report(log))


@pytest.mark.parametrize("change", [(b"block", b"allow"), (b'"category":"hate",', b"")])
def test_a_line_that_was_changed_is_told_of_and_not_counted(log: Audit, change: tuple[bytes, bytes]) -> None:
    judged(log, "block")
    judged(log, "ask")
    first, second = log.path.read_bytes().splitlines(keepends=True)
    log.path.write_bytes(first.replace(*change) + second)
    summary = report(log)
    assert (summary["entries"], summary["doors"]) == (1, {"request": {"ask": 1}})
    assert "line 1 was changed" in summary["problems"]


@pytest.mark.parametrize("role", [Role.TEXT_SAFETY, Role.IMAGE_SAFETY])
def test_the_figures_of_the_classifiers_that_ship_are_theirs(role: Role, log: Audit) -> None:
    """Weights that are trained anew have another id: what is known of the old ones does not pass for theirs."""
    model = Models(OFFLINE).identity(role)
    judged(log, "block", model=f"{model}+rules-1")
    assert report(log)["models"][model]
