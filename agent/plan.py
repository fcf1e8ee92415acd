"""Plans: tool calls that refer to inputs and to earlier steps, as YAML that a person can read, edit and run again.

request: Sum up what is said after the ferry
inputs:
  video: film.mp4
steps:
  find: {tool: search_moments, args: {query: a ferry, video: $video, limit: 1}}
  sum_up: {tool: summarize, args: {video: $video, start_s: "$find.moments[0].span.end_s"}}
answer: sum_up
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, ValidationError

from playhead import strict_yaml
from playhead.errors import InputError, MediaLimitError, PlanError, PlayheadError
from playhead.media.files import open_file
from playhead.media.saving import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_STEPS = 100
_ADVICE = "See docs/plans.md for the format"

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Scalar = str | int | float | bool | None


class Step(BaseModel):
    """One tool call. A text argument that begins with `$` refers to an input or the result of an earlier step."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tool: str = Field(description="Name of the tool.")
    args: dict[str, JsonValue] = Field(default_factory=dict, description="Its arguments by name.")


class Plan(BaseModel):
    """Steps in an order in which they can run; each may refer only to inputs and to steps above it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = Field(1, description="Version of this format.")
    request: str = Field("", max_length=20_000, description="What was asked for, in words.")
    inputs: dict[Name, Scalar] = Field(
        default_factory=dict, description="What may be set anew for each run, with its value; null: must be set."
    )
    steps: dict[Name, Step] = Field(max_length=MOST_STEPS, description="Tool calls by name, in order.")
    answer: str = Field(
        "", description="The step whose result answers the request; empty: all that no other step uses."
    )

    @property
    def answering(self) -> tuple[str, ...]:
        """The steps whose results are the answer: the one that is named, else those that no other step uses."""
        if self.answer:
            return (self.answer,)
        used = {name for step in self.steps.values() for name in _names(step.args)}
        return tuple(name for name in self.steps if name not in used)

    @property
    def digest(self) -> str:
        """The sha256 of what the plan says."""
        return hashlib.sha256(_said(self)).hexdigest()

    def given(self, values: Mapping[str, Scalar]) -> Plan:
        """The plan with inputs set. Raises `PlanError` for one that it does not have."""
        if unknown := sorted(set(values) - set(self.inputs)):
            known = ", ".join(self.inputs) or "none"
            raise PlanError(f"The plan has no input {', '.join(unknown)}", f"its inputs are: {known}")
        return self.model_copy(update={"inputs": {**self.inputs, **values}})

    def yaml(self) -> str:
        """The plan as a file says it."""
        said = self.model_dump(mode="json", exclude_defaults=True)
        plainly = b"\xc2\x85" not in _said(self)  # PyYAML writes this line end as it is, and reads a space
        return yaml.dump(said, sort_keys=False, allow_unicode=plainly, width=110, default_flow_style=False)

    def save(self, path: str | Path) -> None:
        """Write the plan as YAML, in place of a plan that is there. Raises `InputError` and `StorageError`."""
        target = Path(os.path.realpath(path))
        if not target.parent.is_dir():
            raise InputError(f"{path} cannot be written", f"there is no folder {target.parent}", "Make it first")
        if os.path.lexists(target) and not _may_be_replaced(target):
            raise InputError(f"{path} is left as it is", "it is there already and holds no plan", "Name another file")
        write_whole(target, self.yaml().encode())

    def plain(self) -> dict[str, Any]:
        """`{"inputs", "steps": {name: {"tool", "args"}}, "answer"}`."""
        answer = self.answering
        steps = {name: {"tool": step.tool, "args": step.args} for name, step in self.steps.items()}
        return {"inputs": self.inputs, "steps": steps, "answer": answer[0] if len(answer) == 1 else list(answer)}


def _said(plan: Plan) -> bytes:
    """All that a plan says, as JSON. Raises `ValueError` for what JSON cannot say."""
    return json.dumps(plan.model_dump(), ensure_ascii=False, allow_nan=False).encode()


def _names(value: object) -> list[str]:
    """The names of everything that a value refers to."""
    if isinstance(value, dict | list):
        return [name for item in (value.values() if isinstance(value, dict) else value) for name in _names(item)]
    return re.findall(r"^\$([a-z][a-z0-9_]*)", value) if isinstance(value, str) else []


def _may_be_replaced(path: Path) -> bool:
    """Whether nothing is lost but a plan."""
    try:
        return (path.is_file() and not path.stat().st_size) or load_plan(path) is not None
    except (PlayheadError, OSError):
        return False


def load_plan(path: Path) -> Plan:
    """The plan in a file. Raises `PlanError` that names every fault of its form."""
    if path.is_dir():
        raise PlanError(f"{path} is a folder", "", "Name a plan, or run the folder of a run: playhead run FOLDER")
    try:
        with open_file(path, [path.absolute().parent]) as file:
            return parse_plan(file.read(strict_yaml.MOST_CHARACTERS).decode("utf-8"))
    except MediaLimitError as error:
        raise PlanError(f"{path.name} is not a plan", error.why, _ADVICE) from error
    except UnicodeDecodeError as error:
        raise PlanError(f"{path.name} is not a plan", "it is not UTF-8 text", _ADVICE) from error
    except PlanError as error:
        raise PlanError(f"{path.name}: {error.what}", error.why, error.fix) from error


def parse_plan(text: str) -> Plan:
    """The plan that YAML or JSON says. Raises `PlanError`."""
    try:
        said = strict_yaml.load(text)
    except ValueError as error:
        raise PlanError("This is not YAML", str(error), _ADVICE) from error
    if not isinstance(said, dict):
        raise PlanError("This is not a plan", "it is not a mapping with the key steps", _ADVICE)
    return read_plan(said)


def read_plan(said: Mapping[str, object]) -> Plan:
    """The plan that plain data says. Raises `PlanError` with every fault of its form."""
    try:
        plan = Plan.model_validate(said)
        _said(plan)
    except ValidationError as error:
        faults = "; ".join(f"{_place(e['loc'])}: {_reason(e)}" for e in error.errors()[:20])
        raise PlanError("The plan cannot be read", faults, _ADVICE) from error
    except (ValueError, RecursionError) as error:  # no number, half a letter, a hundred lists in each other
        raise PlanError("The plan cannot be read", f"it says what JSON cannot: {error}"[:300], _ADVICE) from error
    return plan


def _place(loc: tuple[int | str, ...]) -> str:
    """Where a fault is, on one line whatever the keys are."""
    said = ".".join(str(part) for part in loc if part != "[key]")
    return said.encode("unicode_escape").decode() if not said.isprintable() else said or "plan"


def _reason(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return "there is no such field"
    if error["type"] == "too_long":
        return f"there are {len(error['input']):,} and {error['ctx']['max_length']} are allowed"
    return f"{error['msg'][:1].lower()}{error['msg'][1:]} (it says {repr(error['input'])[:60]})"
