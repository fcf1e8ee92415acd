"""Policies: for each door and each category of harm, from which score on what happens.

A policy is a YAML file that is checked as a plan is: every fault at once, and nothing unjudged by omission.
`default`, `strict` and `research` ship; a file of one's own may begin with `extends: default`.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import shlex
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playhead import strict_yaml
from playhead.errors import MediaError, PolicyError
from playhead.media.files import open_file
from playhead.safety.personal.finding import Kind
from playhead.types import Decision, Door, Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from playhead.models.roles import Finding

SHIPPED = ("default", "strict", "research")
MINORS = "sexual_minors"
"""What nobody may let through, whatever a policy says."""
MAKING = (Door.GENERATE_INPUT, Door.GENERATE_OUTPUT)
_STEPS = (Decision.WARN, Decision.ASK, Decision.BLOCK)
_NEVER, _WITH_REASON = "never", "with_reason"
_EFFECTS = ("reads", "writes", "costly", "generates")
_MOST = 0.5
_LONGEST_NAME = 100
_TOLD = 4  # faults that an error tells of itself
_KEYS = frozenset("name version extends stages override unjudged footage mask words images label timeout_s".split())
_LABELS = ("none", "generated", "all")


@cache
def categories() -> dict[str, str]:
    """The categories of harm, each with its description."""
    return {name: about["description"] for name, about in shipped("categories.yaml").items()}


def shipped(name: str) -> dict[str, Any]:
    """A file of data of this room."""
    said: dict[str, Any] = strict_yaml.ours(files("playhead.safety").joinpath(name).read_text(encoding="utf-8"))
    return said


@dataclass(frozen=True, slots=True)
class Policy:
    """A checked policy. `sha256` names its exact content in verdicts and in the audit log."""

    name: str
    version: int
    stages: Mapping[Door, Mapping[str, Mapping[Decision, float]]]
    override: Mapping[str, bool]
    unjudged: Mapping[Door, Decision]
    footage: Mapping[str, Decision]
    mask: frozenset[Kind]
    words: Mapping[str, tuple[str, ...]]
    every_image: bool
    label: str
    timeout_s: float
    sha256: str

    def decide(self, door: Door, finding: Finding) -> tuple[Decision, float]:
        """What a finding leads to at a door, and the threshold that it reached; of `allow`, the one it did not."""
        ladder = self.stages[door][finding.category]
        reached = [(step, ladder[step]) for step in _STEPS if step in ladder and finding.score >= ladder[step]]
        if reached:
            return reached[-1]
        return Decision.ALLOW, min(ladder.values(), default=1.0)

    def labels(self, source: Source) -> bool:
        """Whether what a making tool hands over says in the picture itself where it comes from."""
        return self.label == "all" or (self.label == "generated" and source is Source.GENERATED)

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


def load_policy(name: str) -> Policy:
    """A policy that ships, by name, or one of your own, by its file. Raises `PolicyError` with every fault."""
    return _policy(name, _read(name))


def _policy(name: str, said: dict[str, Any]) -> Policy:
    problems = list(_problems(said))
    if problems:
        count = f"{len(problems)} faults" if len(problems) > 1 else "a fault"
        more = len(problems) - _TOLD
        why = "; ".join([*problems[:_TOLD], *([f"and {more} more"] if more > 0 else [])])
        fix = f"Each of them: playhead policy check {shlex.quote(name)}" if more > 0 else "See docs/safety.md"
        raise PolicyError(f"The policy {name} has {count}", why, fix, tuple(problems))
    stages = {
        Door(door): {c: {Decision(step): float(t) for step, t in ladder.items()} for c, ladder in by_category.items()}
        for door, by_category in said["stages"].items()
    }
    return Policy(
        str(said["name"]),
        int(said["version"]),
        stages,
        {category: how == _WITH_REASON for category, how in said["override"].items()},
        {Door(door): Decision(step) for door, step in said["unjudged"].items()},
        {effect: Decision(step) for effect, step in said["footage"].items()},
        frozenset(map(Kind, said["mask"])),
        {category: tuple(words) for category, words in said["words"].items()},
        said["images"] == "all",
        str(said["label"]),
        float(said["timeout_s"]),
        hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest(),
    )


# Reading


def _read(name: str) -> dict[str, Any]:
    said = _parsed(name)
    base = said.pop("extends", None)
    if base is None:
        return said
    if base not in SHIPPED:
        raise PolicyError(
            f"The policy {name} extends {base!r}", "only one that ships can be extended", _there_are(SHIPPED)
        )
    merged: dict[str, Any] = _over(_read(base), said)
    return merged


def _parsed(name: str) -> dict[str, Any]:
    if name in SHIPPED:
        return shipped(f"policies/{name}.yaml")
    try:
        said = strict_yaml.load(_own(Path(name)))
    except ValueError as error:
        raise PolicyError(f"The policy {name} is not YAML", str(error), "See docs/safety.md") from error
    if not isinstance(said, dict):
        raise PolicyError(f"The policy {name} is no table", "", "Begin with: extends: default")
    return dict(said)


def _own(path: Path) -> str:
    try:
        path = path.expanduser()
        with open_file(path, [path.absolute().parent]) as file:
            return file.read(strict_yaml.MOST_CHARACTERS).decode("utf-8")
    except UnicodeDecodeError as error:
        raise PolicyError(f"The policy {path} is no text", "it is not UTF-8", _there_are(SHIPPED)) from error
    except (MediaError, RuntimeError) as error:  # the latter of a home that nobody has
        why = error.why if isinstance(error, MediaError) else str(error)
        raise PolicyError(f"The policy {path} cannot be read", why, _there_are(SHIPPED)) from error


def _over(base: Any, said: Any) -> Any:
    """What was said, laid over the base line by line: a ladder of thresholds is taken whole."""
    if not (isinstance(base, dict) and isinstance(said, dict)):
        return said
    if set(base) | set(said) <= {step.value for step in Decision}:
        return said
    return base | {key: _over(base.get(key), value) for key, value in said.items()}


# Checking


def _problems(said: dict[str, Any]) -> Iterator[str]:
    yield from _unknown("", said, _KEYS)
    for key in sorted(_KEYS - {"extends"} - set(said)):
        yield f"{key}: it is missing"
    name = said.get("name", "a")
    if not (isinstance(name, str) and name.isprintable() and 0 < len(name) <= _LONGEST_NAME):
        yield f"name: it must be text on one line, of {_LONGEST_NAME} characters at most"
    if type(said.get("version", 1)) is not int:
        yield "version: it must be a whole number"
    if said.get("images", "all") not in ("all", "generated"):
        yield "images: it must be all or generated"
    if said.get("label", "all") not in _LABELS:
        yield f"label: it must be {', '.join(_LABELS[:-1])} or {_LABELS[-1]}"
    if not _number(said.get("timeout_s", 1), 0.1, 3600):
        yield "timeout_s: it must be a number of seconds, 0.1 to 3600"
    decisions = _one_of(*(decision.value for decision in Decision))
    tables = (
        ("stages", tuple(Door), _stage_problems),
        ("override", tuple(categories()), _one_of(_NEVER, _WITH_REASON)),
        ("unjudged", tuple(Door), decisions),
        ("footage", _EFFECTS, decisions),
    )
    for key, names, each in tables:
        if key in said:
            yield from _table(key, said[key], names, each)
    yield from _words_problems(said.get("words", {}))
    yield from _mask_problems(said.get("mask", []))
    yield from _fixed_problems(said)


def _table(place: str, table: Any, names: Iterable[str], each: Any) -> Iterator[str]:
    """Faults of a table that must have a line for each of `names`."""
    if not isinstance(table, dict):
        yield f"{place}: it must be a table"
        return
    known = [str(name) for name in names]
    yield from _unknown(place, table, known)
    for name in known:
        if name in table:
            yield from each(f"{place}.{name}", table[name])
        else:
            yield f"{place}.{name}: it is missing"


def _stage_problems(place: str, table: Any) -> Iterator[str]:
    yield from _table(place, table, categories(), _ladder)


def _ladder(place: str, ladder: Any) -> Iterator[str]:
    """Faults of the thresholds of one category at one door: each 0 to 1, and none milder above a stricter one."""
    if not isinstance(ladder, dict):
        yield f"{place}: it must be like {{warn: 0.5, block: 0.9}}"
        return
    steps = [step.value for step in _STEPS]
    yield from _unknown(place, ladder, steps)
    given = [(step, ladder[step]) for step in steps if step in ladder]
    for step, threshold in given:
        if not _number(threshold, 0, 1):
            yield f"{place}.{step}: {threshold!r} is no threshold from 0 to 1"
    for (mild, low), (strict, high) in pairwise(given):
        if _number(low, 0, 1) and _number(high, 0, 1) and low >= high:
            yield f"{place}: {mild} at {low} never happens, since {strict} comes at {high}"


def _fixed_problems(said: Mapping[str, Any]) -> Iterator[str]:
    """What no policy may change: sexual content with minors is blocked, and nothing is generated unjudged."""
    stages, override, unjudged = (_dict(said.get(key)) for key in ("stages", "override", "unjudged"))
    for door in Door:
        threshold = _dict(_dict(stages.get(door)).get(MINORS)).get("block")
        if stages and not _number(threshold, 0, _MOST):
            yield f"stages.{door}.{MINORS}: it is always blocked, from {_MOST} on at the latest"
    if override.get(MINORS, _NEVER) != _NEVER:
        yield f"override.{MINORS}: it must be never"
    for made in MAKING:
        if unjudged.get(made, "block") != "block":
            yield f"unjudged.{made}: it must be block; nothing is generated unjudged"


def _words_problems(words: Any) -> Iterator[str]:
    if not isinstance(words, dict):
        yield "words: it must be a table of categories"
        return
    yield from _unknown("words", words, categories())
    for category, listed in words.items():
        if not isinstance(listed, list) or not all(isinstance(word, str) and word.strip() for word in listed):
            yield f"words.{category}: it must be a list of words or phrases"


def _mask_problems(mask: Any) -> Iterator[str]:
    if not isinstance(mask, list):
        yield "mask: it must be a list"
        return
    yield from _unknown("mask", mask, [kind.value for kind in Kind])


def _one_of(*allowed: str) -> Any:
    def each(place: str, value: Any) -> Iterator[str]:
        if value not in allowed:
            yield f"{place}: {value!r} is none of {', '.join(allowed)}"

    return each


def _unknown(place: str, given: Iterable[Any], known: Iterable[str]) -> Iterator[str]:
    names = [str(name) for name in known]
    for name in given:
        if name not in names:
            close = difflib.get_close_matches(str(name), names, n=1)
            hint = f"did you mean {close[0]}?" if close else _there_are(sorted(names)).lower()
            shown = name if str(name).isprintable() else ascii(name)  # a fault is told on one line
            yield f"{f'{place}.' if place else ''}{shown}: there is no such name; {hint}"


def _number(value: Any, low: float, high: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def _dict(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _there_are(names: Iterable[str]) -> str:
    return f"There are: {', '.join(names)}"
