"""The gate: what it decides at each door, what it records, and that it fails closed."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np
import pytest

from playhead.errors import BlockedError, PolicyError
from playhead.models.roles import Finding, Role
from playhead.safety.audit import Audit
from playhead.safety.gate import Gate
from playhead.safety.policy import MAKING, MINORS, Policy, load_policy
from playhead.testing import RedModerator, WordModerator
from playhead.types import Decision, Door, Verdict

from ..conftest import FakeModels
from .conftest import MAIL, stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playhead.models.registry import Models

LOOKING = tuple(door for door in Door if door not in MAKING)
PHONE = "+49 171 1234567"


class Scored:
    """A moderator that gives the score that stands in the text: `violence=0.7`."""

    id = "scored"
    categories = frozenset({"sexual", "hate", "violence", "sexual_minors"})

    def moderate(self, texts: list[str]) -> list[tuple[Finding, ...]]:
        return [tuple(self._finding(text, category) for category in sorted(self.categories)) for text in texts]

    @staticmethod
    def _finding(text: str, category: str) -> Finding:
        said = [word.partition("=")[2] for word in text.split() if word.startswith(f"{category}=")]
        return Finding(category, float(said[0]) if said else 0.0, "what is said")


@pytest.fixture
def record(tmp_path: Path) -> Audit:
    return Audit(tmp_path / "audit.jsonl", None)


def changed(policy: str | Policy = "default", **lines: Any) -> Policy:
    return replace(load_policy(policy) if isinstance(policy, str) else policy, **lines)


@pytest.fixture
def gate(record: Audit) -> Callable[..., Gate]:
    """A gate whose classifiers are those given."""

    def of(text: Any = None, policy: str | Policy = "default", *, image: Any = None, **how: Any) -> Gate:
        models = FakeModels(
            moderators={Role.TEXT_SAFETY: text or Scored(), Role.IMAGE_SAFETY: image or RedModerator()}
        )
        return Gate(policy, lambda: cast("Models", models), record, **how)

    return of


# What is decided, and what is recorded of it

DECISIONS = [
    (Door.REQUEST, "sexual=0.39", Decision.ALLOW),
    (Door.REQUEST, "sexual=0.4", Decision.WARN),
    (Door.REQUEST, "sexual=0.7", Decision.ASK),
    (Door.REQUEST, "sexual=0.9", Decision.BLOCK),
    (Door.REQUEST, "hate=0.7 sexual=0.6", Decision.ASK),
    (Door.TOOL_INPUT, "violence=1", Decision.WARN),
    (Door.TOOL_OUTPUT, "violence=0.8", Decision.ALLOW),
    (Door.TOOL_OUTPUT, "sexual=1", Decision.WARN),
    (Door.GENERATE_INPUT, "violence=0.4", Decision.ASK),
    (Door.GENERATE_INPUT, "violence=0.6", Decision.BLOCK),
    (Door.GENERATE_OUTPUT, "hate=0.5", Decision.BLOCK),
    (Door.ANSWER, "hate=0.7", Decision.WARN),
    (Door.ANSWER, "sexual_minors=0.5", Decision.BLOCK),
]


@pytest.mark.parametrize(("door", "text", "decision"), DECISIONS, ids=[f"{d}-{t}" for d, t, _ in DECISIONS])
def test_each_decision_is_made_and_recorded(
    door: Door, text: str, decision: Decision, gate: Callable[..., Gate], record: Audit
) -> None:
    heard: list[Verdict] = []
    one = gate(hear=heard.append)
    passes = decision in (Decision.ALLOW, Decision.WARN)
    verdict = one.text(door, [text], "the text") if passes else stopped(lambda: one.text(door, [text], "the text"))
    assert (verdict.decision, verdict.door, verdict.passes) == (decision, door, passes)
    assert verdict.model == "scored+rules-1"
    assert verdict.reason
    assert bool(verdict.remedy) is (decision is not Decision.ALLOW)
    assert heard == ([] if decision is Decision.ALLOW else [verdict])
    [entry] = record.entries()
    assert (entry["decision"], entry["door"], entry["passed"], entry["category"]) == (
        decision, door, passes, verdict.category,
    )  # fmt: skip
    assert (entry["score"], entry["threshold"]) == (verdict.score, verdict.threshold)
    assert entry["policy"] == f"{one.policy} {one.policy.sha256[:12]}"
    assert len(entry["sha256"]) == 64
    assert record.verify() == []


def test_a_verdict_says_what_decided_and_what_would_change_it(gate: Callable[..., Gate]) -> None:
    verdict = stopped(lambda: gate().text(Door.REQUEST, ["sexual=0.95 hate=0.1"], "the request"))
    assert (verdict.category, verdict.score, verdict.threshold) == ("sexual", 0.95, 0.9)
    assert verdict.reason == "sexual 0.95 (what is said); the policy default 3 says block from 0.9 on at request"
    assert verdict.remedy.startswith("Below 0.5 it passes: say it in other words. Say why it is all right")
    assert verdict.scores[0] == ("sexual", 0.95)


@pytest.mark.parametrize(
    ("reason", "passes"),
    [("", False), ("  \n ", False), ("I study this", True), ("x" * 1000, True), (f"ask {MAIL}", True)],
)
@pytest.mark.parametrize("text", ["sexual=0.7", "sexual=0.95"])
def test_a_person_may_say_why(reason: str, passes: bool, text: str, gate: Callable[..., Gate], record: Audit) -> None:
    asked: list[Verdict] = []
    one = gate(consent=lambda verdict: asked.append(verdict) or reason)
    act = lambda: one.text(Door.REQUEST, [text], "the request")  # noqa: E731
    verdict = act() if passes else stopped(act)
    assert [v.override for v in asked] == [""]
    assert verdict.override == " ".join(reason.split())[:500]
    [entry] = record.entries()
    assert entry["passed"] is passes
    assert bool(entry["override"]) is passes
    assert MAIL not in record.path.read_text()


@pytest.mark.parametrize("text", ["sexual_minors=0.3", "sexual_minors=1", "a sexy schoolgirl"])
@pytest.mark.parametrize("door", [Door.REQUEST, Door.GENERATE_INPUT])
def test_nobody_is_asked_about_minors(text: str, door: Door, gate: Callable[..., Gate]) -> None:
    asked: list[Verdict] = []
    verdict = stopped(lambda: gate(consent=lambda v: asked.append(v) or "yes").text(door, [text], "the request"))
    assert verdict.category == MINORS
    assert "Nobody can let it through" in verdict.remedy
    assert asked == []


def test_nobody_is_asked_where_the_policy_says_never(gate: Callable[..., Gate]) -> None:
    verdict = stopped(lambda: gate(policy="strict", consent=lambda _: "yes").text(Door.REQUEST, ["hate=1"], "it"))
    assert "Nobody can let it through" in verdict.remedy


@pytest.mark.parametrize("texts", [["hate=1 sexual_minors=0.31"], ["hate=1 " + "a" * 99_999, "sexual_minors=0.31"]])
def test_a_reason_for_one_thing_lets_nothing_else_through(texts: list[str], gate: Callable[..., Gate]) -> None:
    """Hate is further over its threshold, but minors are what nobody may let through."""
    verdict = stopped(lambda: gate(consent=lambda _: "I study hate").text(Door.REQUEST, texts, "the request"))
    assert verdict.category == MINORS


def test_what_is_asked_about_minors_is_stopped_whatever_else_is_let_through(gate: Callable[..., Gate]) -> None:
    stages = load_policy("default").stages
    ladder = {**stages[Door.REQUEST], MINORS: {Decision.ASK: 0.1, Decision.BLOCK: 0.5}}
    policy = changed(stages={**stages, Door.REQUEST: ladder})
    one = gate(policy=policy, consent=lambda _: "yes")
    assert stopped(lambda: one.text(Door.REQUEST, ["hate=1 sexual_minors=0.2"], "the request")).category == MINORS


def test_personal_data_and_most_of_a_text_is_not_in_the_record(gate: Callable[..., Gate], record: Audit) -> None:
    secret = f"Write to {MAIL} or call {PHONE}. " + "It is a long story. " * 20 + "The end."
    gate().text(Door.REQUEST, [secret], "the request")
    for mails in (1, 20, 200):
        gate().text(Door.REQUEST, [f"{MAIL} " * mails + "violence=0.4"], "the request")
    logged = record.path.read_text()
    for private in (MAIL, PHONE, "1234567", "jane", "The end"):
        assert private not in logged
    assert "Write to" in record.entries()[0]["excerpt"]


@pytest.mark.parametrize("length", range(900, 1100, 20))
def test_half_an_address_is_not_in_the_record_either(length: int, gate: Callable[..., Gate], record: Audit) -> None:
    gate().text(Door.REQUEST, [(f"{'long' * 12}@example.com " * 20)[:length] + f"{MAIL} {PHONE}"], "the request")
    excerpt = record.entries()[0]["excerpt"]
    assert "long" not in excerpt
    assert "jane" not in excerpt


@pytest.mark.parametrize("more", ["", " hate=1", " violence=0.75"])
def test_nothing_of_a_text_about_minors_is_in_the_record(more: str, gate: Callable[..., Gate], record: Audit) -> None:
    stopped(lambda: gate().text(Door.REQUEST, [f"a sexy schoolgirl in the red barn{more}"], "the request"))
    logged = record.path.read_text()
    for word in ("schoolgirl", "sexy", "barn", "red "):
        assert word not in logged
    assert record.entries()[0]["category"] == MINORS


# Classifiers that fail


class Odd(WordModerator):
    """A moderator that answers whatever it is told to."""

    id = "odd"
    categories = frozenset({"hate", "violence"})  # type: ignore[assignment]

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def moderate(self, texts: Any) -> Any:
        return self._answer() if callable(self._answer) else self._answer


def raising(error: BaseException) -> Callable[[], Any]:
    def act() -> Any:
        raise error

    return act


def drip() -> Iterator[Any]:
    yield (Finding("hate", 0.0), Finding("violence", 0.0))
    raise RuntimeError("torn off")


def hang(_: object = None) -> Any:
    time.sleep(20)


H, V = Finding("hate", 0.0), Finding("violence", 0.0)
ODD = {
    "nothing": [],
    "no findings": [()],
    "None": None,
    "a list of None": [None],
    "a text": "safe",
    "a number": 0,
    "too few": [(H,)],
    "too many": [(H, V, Finding("illicit", 0.0))],
    "two answers": [(H, V), (H, V)],
    "twice the same": [(H, H, V)],
    "a category that is none": [(H, Finding("spam", 0.0))],
    "not a number": [(H, Finding("violence", float("nan")))],
    "infinite": [(H, Finding("violence", float("inf")))],
    "above 1": [(H, Finding("violence", 2.0))],
    "below 0": [(H, Finding("violence", -1.0))],
    "a score of None": [(H, Finding("violence", cast("float", None)))],
    "a score of text": [(H, Finding("violence", cast("float", "0.0")))],
    "tables": [({"category": "hate", "score": 0.0}, V)],
    "a category that cannot be": [(H, Finding(cast("str", []), 0.0))],
    "an error": raising(RuntimeError("no memory")),
    "an error that is our own": raising(PolicyError("what")),
    "an exit": raising(SystemExit(0)),
    "an interrupt": raising(KeyboardInterrupt()),
    "no room": raising(MemoryError()),
    "an error that comes late": drip,
    "no answer in time": hang,
}


@pytest.mark.parametrize("name", ODD)
def test_what_cannot_be_an_answer_closes_every_door(name: str, gate: Callable[..., Gate], record: Audit) -> None:
    one = gate(Odd(ODD[name]), changed(timeout_s=0.1))
    for door in Door:
        verdict = stopped(lambda door=door: one.text(door, ["a lake"], "it"))  # type: ignore[misc]
        assert (verdict.category, verdict.decision) == ("unjudged", Decision.BLOCK)
        assert "odd" in verdict.reason
        assert verdict.remedy
    assert [entry["passed"] for entry in record.entries()] == [False] * len(Door)
    if name == "no answer in time":
        assert "took longer than 0.1 s" in verdict.reason


@pytest.mark.parametrize("name", ["None", "above 1", "an error", "no answer in time"])
def test_pictures_are_stopped_as_well(name: str, gate: Callable[..., Gate]) -> None:
    one = gate(image=Odd(ODD[name]), policy=changed(timeout_s=0.1))
    verdict = stopped(lambda: one.image(Door.GENERATE_OUTPUT, np.zeros((2, 2, 3), np.uint8), "it"))
    assert verdict.category == "unjudged"


class Missing(FakeModels):
    """Models of which those that judge cannot be loaded."""

    def __getattr__(self, name: str) -> Any:
        if name in (Role.TEXT_SAFETY, Role.IMAGE_SAFETY):
            raise ModuleNotFoundError("no module named moderation")
        return super().__getattr__(name)


def no_models() -> Any:
    raise RuntimeError("no models at all")


class Nameless:
    """No moderator."""

    def moderate(self, _: Any) -> Any:
        return []


@pytest.mark.parametrize("models", [Missing, lambda: FakeModels(moderators={Role.TEXT_SAFETY: Nameless()})])
def test_a_classifier_that_is_missing_closes_every_door(models: Callable[[], Any], record: Audit) -> None:
    one = Gate("default", models, record)
    for door in Door:
        verdict = stopped(lambda door=door: one.text(door, ["a lake"], "it"))  # type: ignore[misc]
        assert "The classifier text_safety c" in verdict.reason


def test_research_goes_on_looking_without_a_classifier_but_makes_nothing(record: Audit) -> None:
    heard: list[Verdict] = []
    one = Gate("research", cast("Any", Missing), record, hear=heard.append, consent=lambda _: "yes")
    for door in LOOKING:
        assert one.text(door, ["a lake"], "it").decision is Decision.WARN
    assert [verdict.category for verdict in heard] == ["unjudged"] * len(LOOKING)
    for door in MAKING:
        stopped(lambda door=door: one.text(door, ["a lake"], "it"))  # type: ignore[misc]


@pytest.mark.parametrize("door", Door)
def test_the_rules_hold_without_a_classifier(door: Door, record: Audit) -> None:
    one = Gate(changed("research", words={"illicit": ("ghost gun",)}), cast("Any", Missing), record)
    stopped(lambda: one.text(door, ["a sexy schoolgirl"], "it"))
    assert "schoolgirl" not in record.path.read_text()
    if door in LOOKING:
        assert one.text(door, ["a ghost gun"], "it").decision is Decision.WARN


def test_nothing_is_made_where_nothing_can_be_recorded() -> None:
    one = Gate("default", cast("Any", FakeModels), None)
    assert one.text(Door.REQUEST, ["a lake"], "it").passes
    for door in MAKING:
        assert "no library" in stopped(lambda door=door: one.text(door, ["a lake"], "it")).reason  # type: ignore[misc]


# Texts and pictures of every kind

TEXTS = [
    "", "   \n\t", "\x00\x01\x1b[31m", "\ud800 and \udfff", "\u202eback\u202c", "😀👩‍👩‍👧‍👦", "naïve café",
    "море и лодка",
    "湖と山", "산과 호수", "بحيرة وجبل", "הר ואגם", "ทะเลสาบ", "झील और पहाड़", "λίμνη",
    "zalgo h̷̛͎e̴̕", "a" * 200_000, "a b " * 60_000,
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_any_text_is_judged(text: str, gate: Callable[..., Gate], record: Audit) -> None:
    assert gate().text(Door.GENERATE_INPUT, [text], "it").decision is Decision.ALLOW
    assert record.verify() == []
    assert len(record.entries()) == (1 if text.strip() else 0)


def test_a_line_break_parts_nothing_in_a_request(gate: Callable[..., Gate]) -> None:
    assert stopped(lambda: gate().text(Door.REQUEST, ["find naked\nchildren"], "it")).category == "sexual_minors"


def test_a_text_that_is_too_long_to_judge_is_stopped(gate: Callable[..., Gate]) -> None:
    verdict = stopped(lambda: gate().text(Door.REQUEST, ["ab " * 3_500_000], "it"))
    assert "it has 10,500,000 characters and 1,048,576 are read at most" in verdict.reason


def test_one_bad_text_among_many_counts_wherever_it_stands(gate: Callable[..., Gate], record: Audit) -> None:
    for place in (0, 20, 39):
        texts = ["a lake " * 1000] * 40
        texts[place] = "violence=1"
        stopped(lambda texts=texts: gate().text(Door.GENERATE_INPUT, texts, "it"))  # type: ignore[misc]
    assert [entry["passed"] for entry in record.entries()] == [False] * 3


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 500, 3), (2, 2, 3)])
def test_any_picture_is_judged(shape: tuple[int, ...], gate: Callable[..., Gate]) -> None:
    red = np.zeros(shape, np.uint8)
    assert gate().image(Door.GENERATE_OUTPUT, red, "it").decision is Decision.ALLOW
    red[..., 0] = 255
    assert stopped(lambda: gate().image(Door.GENERATE_OUTPUT, red, "it")).category == "illicit"


def test_what_is_remembered_is_never_another_text(gate: Callable[..., Gate]) -> None:
    class Counting(Scored):
        asked: ClassVar[list[str]] = []

        def moderate(self, texts: list[str]) -> list[tuple[Finding, ...]]:
            self.asked.extend(texts)
            return super().moderate(texts)

    one = gate(Counting())
    for number in [*range(200), *range(200)]:
        found = {finding.category: finding.score for finding in one.judge.text(f"violence={number / 1000}").findings}
        assert found["violence"] == number / 1000
    assert len(Counting.asked) == 200
    for other in (one.heard_by(print), one.asking(lambda _: "")):  # made of a gate, they remember with it
        other.judge.text("violence=0.001")
    first = gate(Counting())
    for other in (first.heard_by(print), first.asking(lambda _: "")):
        other.judge.text("violence=0.9")
    assert len(Counting.asked) == 201


def test_two_threads_and_two_gates_at_once(record: Audit) -> None:
    models = FakeModels(moderators={Role.TEXT_SAFETY: Scored()})
    wrong: list[str] = []

    def work(number: int) -> None:
        one = Gate("default", lambda: cast("Models", models), record)
        for turn in range(10):
            score = (number * 10 + turn) / 100
            try:
                one.text(Door.GENERATE_INPUT, [f"hate={score}"], "it")
                passed = True
            except BlockedError:
                passed = False
            if passed is not (score < 0.4):
                wrong.append(f"{score} {passed}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert record.verify() == []
    assert len(record.entries()) == 80


def test_a_tool_without_effects_is_one_that_reads(gate: Callable[..., Gate]) -> None:
    assert gate().footage("it", (), {"text"}) is None
