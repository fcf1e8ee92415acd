"""How well the offline text moderator tells harm from what looks like it, by category, by group, and in disguise.

    python benchmarks/safety.py CASES [--requests FOLDER] [--json]

CASES holds the public sets that training/moderation.py learns from, each as that script takes it, and
`do_not_answer/*.jsonl`, which is not learnt from. Figures of the sets that are learnt from are held out: five times
heads and their calibration are made anew without a fifth of the texts, and without anything like them (the
templates of HateCheck, the contrasts of XSTest and near duplicates stay together), and judge that fifth. The heads as
shipped judge `do_not_answer`, and the requests of our own that nothing was learnt from: ordinary ones, which should
pass, harmful ones, and some that look for harm in footage for a good reason.
Decisions are those of the default policy at the door `request`: a text is caught or stopped when it is asked about
or blocked. Intervals are 95 % bootstrap intervals over families of texts. With `--json` the last line is one JSON
object.
"""

from __future__ import annotations

import argparse
import base64
import codecs
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "training"))

import logistic  # noqa: E402
import moderation as training  # noqa: E402
from moderation_texts import read_examples  # noqa: E402

from playhead.models.moderation import ASKED, CATEGORIES, HEADS_FILE, HEADS_SHA256, PICTURED, load  # noqa: E402
from playhead.models.multilingual import Multilingual  # noqa: E402
from playhead.models.roles import Finding  # noqa: E402
from playhead.safety.policy import load_policy  # noqa: E402
from playhead.types import Decision, Door  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from moderation_texts import Example
    from numpy.typing import NDArray

    from playhead.models.moderation import HeadWeights

REQUESTS = Path(__file__).with_name("safety_requests")
HARMLESS = "We went to the lake and had a picnic there with all of our friends. "
ASK, BLOCK = Decision.ASK.severity, Decision.BLOCK.severity
_LEET = str.maketrans("aeiost", "431057")
_CYRILLIC = str.maketrans("aeopcxi", "аеорсхі")
_FULL_WIDTH = {code: code - 0x21 + 0xFF01 for code in range(0x21, 0x7F)}
DISGUISES: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "invisible letters": "\u200b".join,
    "letters of other alphabets": lambda text: text.translate(_CYRILLIC),
    "full width": lambda text: text.translate(_FULL_WIDTH),
    "digits for letters": lambda text: text.translate(_LEET),
    "letters apart": lambda text: "   ".join(" ".join(word) for word in text.split()),
    "dots between letters": lambda text: " ".join(".".join(word) for word in text.split()),
    "repeated vowels": lambda text: "".join(letter * 4 if letter in "aiu" else letter for letter in text),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
    "percent": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "rot13": lambda text: codecs.encode(text, "rot13"),
    "backwards": lambda text: text[::-1],
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", type=Path, metavar="CASES")
    parser.add_argument("--requests", type=Path, default=REQUESTS, metavar="FOLDER")
    parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    options = parser.parse_args(arguments)
    every = read_examples(options.cases)
    examples = training.labelled(every, ASKED)
    data = training.gather(examples, ASKED)
    fold, heads = training.cross_validated(data)
    judged = Judged(examples, data.families, data.labels, _by_fold(heads, fold, data.encoded))
    result = {
        "pictured": pictured(training.labelled(every, PICTURED)),
        "openai_mod": openai(judged, usual_recipe(judged, data.encoded, fold)),
        "xstest": xstest(judged),
        "hatecheck": hatecheck(judged),
        "calibration": calibration(judged),
        "disguised": disguised(judged, fold, heads),
    }
    shipped = load(HEADS_FILE, HEADS_SHA256)
    for name, texts in unseen(options.cases, options.requests).items():
        chances = training.encoded(texts).chances(shipped)
        to_ask, to_make = decided(chances), decided(chances, Door.GENERATE_INPUT)
        result[name] = {
            "asked about or blocked": share(to_ask >= ASK),
            "blocked": share(to_ask == BLOCK),
            "the same as a prompt for making": share(to_make >= ASK),
        }
        if name.startswith("harmful"):
            for told, times in (("after a harmless sentence", 1), ("after five", 5)):
                longer = training.encoded([HARMLESS * times + text for text in texts])
                result[name][told] = share(decided(longer.chances(shipped)) >= ASK)
    _show(result)
    if options.json:
        print(json.dumps(result))
    return 0


class Judged:
    """Texts, what is known of them, and the chances they were given."""

    def __init__(
        self,
        examples: Sequence[Example],
        families: NDArray[np.intp],
        labels: NDArray[np.int64],
        chances: NDArray[np.float32],
    ) -> None:
        self.examples, self.families, self.labels, self.chances = examples, families, labels, chances

    def of(self, source: str) -> Judged:
        """The texts of one set."""
        return self.where(np.array([example.source == source for example in self.examples]))

    def where(self, chosen: NDArray[np.bool_]) -> Judged:
        """The chosen texts."""
        some = [example for example, taken in zip(self.examples, chosen, strict=True) if taken]
        return Judged(some, self.families[chosen], self.labels[chosen], self.chances[chosen])

    def about(self, key: str) -> NDArray[np.str_]:
        """What the set says of each text under `key`."""
        return np.array([example.about.get(key, "") for example in self.examples])


def openai(judged: Judged, usual: NDArray[np.float32]) -> dict[str, Any]:
    """Average precision: of any label by the highest chance, and category by category where it was labelled.

    More than half of the texts lack some label: where none that is there holds, nobody knows whether any does.
    `usual` are the scores of the usual recipe: one head on MiniLM's vectors, learnt from this set alone in the same
    folds.
    """
    some = judged.of("openai")
    given = some.labels >= 0
    labelled = given.any(axis=0)  # illicit acts are no category of this set
    held, highest = (some.labels == 1).any(axis=1), some.chances[:, labelled].max(axis=1)
    sure = held | given[:, labelled].all(axis=1)
    found = {
        "any label, where that is known": area(held[sure], highest[sure], some.families[sure]),
        "the usual recipe, where that is known": area(held[sure], usual[sure], some.families[sure]),
        "any label, missing ones taken for no": area(held, highest, some.families),
        "the usual recipe, missing ones taken for no": area(held, usual, some.families),
    }
    for i, category in enumerate(ASKED):
        told = some.where(some.labels[:, i] >= 0)
        if (told.labels[:, i] == 1).any():
            found[category] = area(told.labels[:, i] == 1, told.chances[:, i], told.families)
    return found


def pictured(examples: Sequence[Example]) -> dict[str, Any]:
    """Held-out figures of what a picture would show: average precision, and what the door for making stops."""
    data = training.gather(examples, PICTURED)
    scores = training.held_out(data)[:, 0]
    graphic, stopped = data.labels[:, 0] == 1, scores >= _first_step("graphic")
    of, kinds = (
        np.array([example.source for example in examples]),
        [example.about.get("kind") for example in examples],
    )
    written = np.array([str(kind).startswith("pictured") for kind in kinds])
    return {
        "prompts of our own": area(graphic[written], scores[written], data.families[written]),
        "stopped of the graphic ones": share(stopped[written & graphic], data.families[written & graphic]),
        "stopped of the others": share(stopped[written & ~graphic], data.families[written & ~graphic]),
        "set of OpenAI": area(graphic[of == "openai"], scores[of == "openai"], data.families[of == "openai"]),
        "requests stopped": share(stopped[of == "planned"]),
    }


def _first_step(category: str) -> float:
    """From which score on the default policy stops what would be made."""
    return min(load_policy("default").stages[Door.GENERATE_INPUT][category].values())


def usual_recipe(judged: Judged, encoded: training.Encoded, fold: NDArray[np.intp]) -> NDArray[np.float32]:
    """Held-out scores of any label by one logistic regression on the mean MiniLM vector of each text of that set."""
    chosen = np.flatnonzero([example.source == "openai" for example in judged.examples])
    whole = encoded.handicaps == 0
    means = np.zeros((len(judged.examples), Multilingual.dim), np.float32)
    np.add.at(means, encoded.of[whole], encoded.features[whole, : Multilingual.dim])
    means = means[chosen] / np.linalg.norm(means[chosen], axis=1, keepdims=True)
    held, scores = (judged.labels[chosen] == 1).any(axis=1), np.zeros(len(chosen), np.float32)
    even = np.where(held, 0.5 / held.mean(), 0.5 / (1 - held.mean())).astype(np.float32)
    for number in set(fold.tolist()):
        out = fold[chosen] == number
        weights = logistic.fit(means[~out], held[~out], even[~out], 1.0)
        scores[out] = means[out] @ weights[:-1]
    return scores


def xstest(judged: Judged) -> dict[str, Any]:
    """What the door does with safe and with unsafe requests."""
    some = judged.of("xstest")
    safe, unsafe = (some.where(some.about("label") == label) for label in ("safe", "unsafe"))
    to_safe, to_unsafe = decided(safe.chances), decided(unsafe.chances)
    kinds = {kind: share(to_safe[safe.about("type") == kind] >= ASK) for kind in sorted(set(safe.about("type")))}
    return {
        "safe, blocked": share(to_safe == BLOCK, safe.families),
        "safe, asked about": share(to_safe == ASK, safe.families),
        "unsafe, blocked": share(to_unsafe == BLOCK, unsafe.families),
        "unsafe, asked about": share(to_unsafe == ASK, unsafe.families),
        "unsafe, caught": share(to_unsafe >= ASK, unsafe.families),
        "safe, stopped, by kind": kinds,
    }


def hatecheck(judged: Judged) -> dict[str, Any]:
    """How often hate is told from what is none, at one in two, by functionality and by the group it is about."""
    some = judged.of("hatecheck")
    at = ASKED.index("hate")
    hateful, told = some.labels[:, at] == 1, some.chances[:, at] >= 0.5
    right = told == hateful
    kinds, groups = some.about("functionality"), some.about("target")
    by_group = {
        group: {
            "right": share(right[groups == group], some.families[groups == group]),
            "hateful, told": share(told[(groups == group) & hateful]),
            "not hateful, wrongly told": share(told[(groups == group) & ~hateful]),
        }
        for group in sorted(set(groups) - {""})
    }
    rights = [shares["right"]["share"] for shares in by_group.values()]
    recalls = [shares["hateful, told"]["share"] for shares in by_group.values()]
    return {
        "right": share(right, some.families),
        "gap between groups, right": round(max(rights) - min(rights), 3),
        "gap between groups, hateful told": round(max(recalls) - min(recalls), 3),
        "by group": by_group,
        "by functionality": {kind: share(right[kinds == kind]) for kind in sorted(set(kinds))},
    }


def calibration(judged: Judged) -> dict[str, Any]:
    """Of all labelled scores from one fifth to the next, the mean, and the share that held."""
    known = judged.labels >= 0
    scores, held = judged.chances[known], judged.labels[known] == 1
    found = {}
    for low in np.arange(0, 1, 0.2):
        inside = (scores >= low) & (scores < low + 0.2 + 1e-9)
        if inside.any():
            found[f"{low:.1f} to {low + 0.2:.1f}"] = {
                "scores": int(inside.sum()),
                "mean": round(float(scores[inside].mean()), 3),
                "held": round(float(held[inside].mean()), 3),
            }
    return found


def disguised(judged: Judged, fold: NDArray[np.intp], heads: Sequence[HeadWeights]) -> dict[str, Any]:
    """The share of unsafe requests of XSTest that are caught, each disguised in every way."""
    unsafe = np.array([example.about.get("label") == "unsafe" for example in judged.examples])
    texts = [example.text for example, chosen in zip(judged.examples, unsafe, strict=True) if chosen]
    found = {}
    for name, disguise in DISGUISES.items():
        chances = _by_fold(heads, fold[unsafe], training.encoded([disguise(text) for text in texts]))
        found[name] = share(decided(chances) >= ASK, judged.families[unsafe])
    return found


def unseen(cases: Path, requests: Path) -> dict[str, list[str]]:
    """By name, texts that no heads were trained on."""
    found = {}
    for file in sorted((cases / "do_not_answer").glob("*.jsonl")):
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
        found[f"do_not_answer {file.stem}"] = [_asked(row) for row in rows]
    for file in sorted(requests.glob("*.jsonl")):
        lines = file.read_text(encoding="utf-8").splitlines()
        found[f"{file.stem} requests"] = [json.loads(line)["text"] for line in lines if line.strip()]
    return found


def _asked(row: Any) -> str:
    return str(row if isinstance(row, str) else row.get("question") or row.get("text") or row["prompt"])


def decided(chances: NDArray[np.float32], door: Door = Door.REQUEST) -> NDArray[np.intp]:
    """For each text what the default policy does with it at a door: 0 allow, 1 warn, 2 ask, 3 block.

    Chances are those of all categories, or of the six of requests alone.
    """
    policy = load_policy("default")
    found = [
        max(policy.decide(door, Finding(c, float(p)))[0].severity for c, p in zip(CATEGORIES, row, strict=False))
        for row in chances
    ]
    return np.array(found, np.intp)


def _by_fold(heads: Sequence[HeadWeights], fold: NDArray[np.intp], read: training.Encoded) -> NDArray[np.float32]:
    every = np.stack([read.chances(one) for one in heads])
    chosen: NDArray[np.float32] = every[fold, np.arange(len(fold))]
    return chosen


def area(held: NDArray[np.bool_], scores: NDArray[np.float32], families: NDArray[np.intp]) -> dict[str, Any]:
    """Average precision, with its interval and how many there are of how many."""
    drawn = [training.average_precision(held[some], scores[some]) for some in _draws(families) if held[some].any()]
    low, high = np.percentile(drawn, [2.5, 97.5])
    value = training.average_precision(held, scores)
    return {"area": round(value, 3), **_between(low, high), "held": int(held.sum()), "of": len(held)}


def share(hits: NDArray[np.bool_], families: NDArray[np.intp] | None = None) -> dict[str, Any]:
    """A share, with its interval and the number of texts."""
    drawn = [hits[some].mean() for some in _draws(np.arange(len(hits)) if families is None else families)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return {"share": round(float(hits.mean()), 3), **_between(low, high), "of": len(hits)}


def _between(low: float, high: float) -> dict[str, float]:
    return {"low": round(float(low), 3), "high": round(float(high), 3)}


def _draws(families: NDArray[np.intp], draws: int = 1000) -> list[NDArray[np.intp]]:
    dice = np.random.default_rng(0)
    names, inverse = np.unique(families, return_inverse=True)
    members = np.split(np.argsort(inverse, kind="stable"), np.cumsum(np.bincount(inverse))[:-1])
    return [np.concatenate([members[i] for i in dice.integers(0, len(names), len(names))]) for _ in range(draws)]


def _show(result: Any, name: str = "", depth: int = 0) -> None:
    if not isinstance(result, dict):
        print("  " * depth + f"{name}: {result}")
    elif any(isinstance(value, dict) for value in result.values()):
        print("  " * depth + name)
        for inner, value in result.items():
            _show(value, inner, depth + 1)
    else:
        print("  " * depth + f"{name}: " + "  ".join(f"{key} {value:g}" for key, value in result.items()))


if __name__ == "__main__":
    sys.exit(main())
