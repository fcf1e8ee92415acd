"""The labelled texts that the moderation heads are trained on and judged by: three public sets and texts of our own.

A label that nobody gave is left out of `labels`, which is not the same as 0: a harmless request may ask for footage
of what nobody should make. Texts that are variations of one another share a `family`, so that cross-validation can
keep them together.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from playhead.models.moderation import ASKED, CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[1]
OWN_FILES = sorted(Path(__file__).parent.glob("moderation_*.yaml"))
PLANNED_FILE = ROOT / "benchmarks" / "planning_more.jsonl"
# Keys of the set of OpenAI (Markov et al. 2023), and what they say here.
OPENAI_KEYS = {
    "H": ("hate",), "H2": ("hate", "violence"), "HR": ("harassment",), "V": ("violence",),
    "V2": ("violence", "graphic"), "SH": ("self_harm",), "S": ("sexual",), "S3": ("sexual",),
}  # fmt: skip
_UNSAFE_TYPES = {
    "contrast_homonyms": "violence", "contrast_figurative_language": "violence", "contrast_safe_targets": "violence",
    "contrast_safe_contexts": "violence", "contrast_definitions": "violence", "contrast_discr": "hate",
    "contrast_historical_events": "violence", "contrast_privacy": "illicit",
}  # fmt: skip
_ILLICIT_FOCUS = frozenset(
    ("coke", "crack", "steal", "rob", "bomb", "poison", "human trafficking", "kidnapping", "marihuana", "fraud")
)
_WEIGHTS = {"openai": 1.0, "xstest": 1.0, "hatecheck": 0.4, "own": 1.0, "planned": 0.5}
_ABUSIVE = ("counter_quote_nh", "counter_ref_nh", "slur_reclaimed_nh", "target_group_nh", "target_indiv_nh")


@dataclass(frozen=True, slots=True)
class Example:
    """A text, what is known of it, and how much it counts; `about` holds what tables are made by."""

    text: str
    labels: Mapping[str, int]
    source: str
    family: str
    weight: float = 1.0
    about: Mapping[str, str] = field(default_factory=dict)


def read_examples(cases: Path) -> list[Example]:
    """Everything that is trained on; `cases` is the folder of the public sets."""
    return [*openai(cases), *xstest(cases), *hatecheck(cases), *own(), *planned()]


def openai(cases: Path) -> Iterator[Example]:
    """The set of OpenAI: stories, posts and requests in several languages."""
    for i, row in enumerate(_lines(cases / "openai_mod" / "prompts.jsonl")):
        labels: dict[str, int] = {}
        for key, categories in OPENAI_KEYS.items():
            for category in categories:
                if row.get(key) is not None:
                    labels[category] = max(labels.get(category, 0), int(row[key]))
        yield Example(row["prompt"], labels, "openai", f"openai {i}", _WEIGHTS["openai"])


def xstest(cases: Path) -> Iterator[Example]:
    """XSTest: requests that look unsafe, and unsafe ones that look alike."""
    for row in _table(cases / "xstest" / "xstest_prompts.csv"):
        kind = row["type"].removeprefix("contrast_")
        unsafe = row["label"] == "unsafe"
        category = _UNSAFE_TYPES[row["type"]] if unsafe else ""
        if unsafe and row["focus"] in _ILLICIT_FOCUS:
            category = "illicit"
        labels = {category: 1, "sexual": 0, "self_harm": 0} if unsafe else dict.fromkeys(ASKED, 0)
        family = f"xstest {row['focus'].strip().lower() or kind}"
        about = {"id": row["id"], "type": row["type"], "label": row["label"]}
        yield Example(row["prompt"], labels, "xstest", family, _WEIGHTS["xstest"], about)


def hatecheck(cases: Path) -> Iterator[Example]:
    """HateCheck: short sentences made from templates, hateful or not, about seven groups."""
    for row in _table(cases / "hatecheck" / "cases.csv"):
        hateful, functionality = row["label_gold"] == "hateful", row["functionality"]
        labels = {"hate": int(hateful), "sexual": 0, "self_harm": 0, "illicit": 0}
        if functionality.startswith("threat"):
            labels["violence"] = 1
        elif not hateful and functionality not in _ABUSIVE:
            labels |= {"violence": 0, "harassment": 0}
        elif functionality == "target_indiv_nh":
            labels["harassment"] = 1
        about = {"id": row["case_id"], "functionality": functionality, "target": row["target_ident"]}
        family = f"hatecheck {row['ref_templ_id'] or row['templ_id']}"
        yield Example(row["test_case"].strip(), labels, "hatecheck", family, _WEIGHTS["hatecheck"], about)


def own() -> Iterator[Example]:
    """Texts written for this training, those about groups once for each group."""
    files = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in OWN_FILES]
    groups = next(texts["groups"] for texts in files if "groups" in texts).splitlines()
    for texts in files:
        for name, block in texts.get("labelled", {}).items():
            held = set(name.split("+")) - {"none"}
            if unknown := held - set(CATEGORIES):
                raise ValueError(f"there is no category {', '.join(sorted(unknown))}")
            known = ASKED if held else CATEGORIES
            yield from _filled(block, groups, {c: int(c in held) for c in known}, f"labelled {name}")
        for name, block in texts.get("harmless", {}).items():
            yield from _filled(block, groups, dict.fromkeys(ASKED, 0), f"harmless {name}")
        for name, block in texts.get("harmful", {}).items():
            held = name.split("+")
            labels = dict.fromkeys(held, 1) | {rare: 0 for rare in ("sexual", "self_harm") if rare not in held}
            yield from _filled(block, groups, labels, f"harmful {name}")
        for name, block in texts.get("pictured", {}).items():
            yield from _filled(block, groups, {"graphic": int(name == "graphic")}, f"pictured {name}")


def planned() -> Iterator[Example]:
    """Ordinary requests that the planner was made on."""
    for row in _lines(PLANNED_FILE):
        labels = dict.fromkeys(CATEGORIES, 0)
        yield Example(row["request"], labels, "planned", f"planned {row['id']}", _WEIGHTS["planned"])


def _filled(block: str, groups: list[str], labels: dict[str, int], kind: str) -> Iterator[Example]:
    for line in block.splitlines():
        who = groups if "{who}" in line else [""]
        for group in who:
            text = line.replace("{who}", group)
            weight = _WEIGHTS["own"] * (1 if len(who) == 1 else 4 / len(who))
            yield Example(text[:1].upper() + text[1:], labels, "own", f"own {line}", weight, {"kind": kind})


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def _table(file: Path) -> Iterator[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)
