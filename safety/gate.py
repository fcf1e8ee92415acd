"""The gate: judges what goes in and comes out, by a policy, and keeps a record of it. What fails, fails closed."""

from __future__ import annotations

import hashlib
import os
import threading
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from playhead.errors import BlockedError
from playhead.models.roles import Finding
from playhead.safety.audit import AUDIT, Audit
from playhead.safety.judge import Judge, Judged, UnjudgedError
from playhead.safety.marks import Marks
from playhead.safety.personal.finding import Kind, masked
from playhead.safety.policy import MAKING, MINORS, Policy, load_policy
from playhead.safety.texts import names_of, texts_of
from playhead.types import Decision, Door, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from playhead.errors import PlayheadError
    from playhead.index.library import Library
    from playhead.models.registry import Models
    from playhead.models.roles import Image

UNJUDGED, FOOTAGE = "unjudged", "footage"
_STOPPING = (Decision.ASK, Decision.BLOCK)
_WAYS_OUT = (Door.TOOL_OUTPUT, Door.GENERATE_OUTPUT, Door.ANSWER)
_PART = 100_000
_EXCERPT = 80
_READ, _HALVED = 1000, 100
_LONGEST_REASON = 500
_WORTH_TELLING = 0.01
_MAKE_ONE = "Make one with: playhead index PATH"
_SAY_WHY = "Say why it is all right; that is recorded"
_FIRM = "Nobody can let it through"


def nobody(_: Verdict) -> str:
    """There is nobody to ask."""
    return ""


@dataclass(frozen=True, slots=True)
class Subject:
    """What was judged, as the record keeps it: `what` for people, its digest, and the start of a text, masked.

    What could not be read has no digest.
    """

    what: str
    kind: str
    sha256: str
    excerpt: str = ""

    @classmethod
    def text(cls, what: str, text: str) -> Subject:
        """A text."""
        data = text.encode(errors="surrogatepass")
        start = masked(" ".join(text[:_READ].split()), frozenset(Kind))
        if len(text) > _READ:  # the last words may be half an address, which nobody recognises
            start = start[:-_HALVED]
        return cls(what, "text", hashlib.sha256(data).hexdigest(), start[:_EXCERPT])

    @classmethod
    def image(cls, what: str, image: Image) -> Subject:
        """A picture."""
        return cls(what, "image", hashlib.sha256(image.tobytes()).hexdigest())


class Gate:
    """Judges texts and pictures at the doors of one library.

    `consent` is asked where the policy wants a person to say why something may pass, and gives the reason or `""`.
    `hear` is told of every verdict that is more than `allow`.
    """

    def __init__(
        self,
        policy: str | Policy,
        models: Callable[[], Models],
        audit: Audit | None,
        *,
        consent: Callable[[Verdict], str] = nobody,
        hear: Callable[[Verdict], None] = lambda _: None,
    ) -> None:
        self._policy, self._models, self._audit = policy, models, audit
        self._consent, self._hear = consent, hear
        self.marks = Marks()
        self._judges: list[Judge] = []
        self._loading = threading.Lock()

    @classmethod
    def of(cls, library: Library, **how: Any) -> Gate:
        """The gate that a library's settings ask for, with its own record. Reads and loads nothing yet."""
        return cls(library.settings.policy, lambda: library.models, audit_of(library), **how)

    def heard_by(self, hear: Callable[[Verdict], None]) -> Gate:
        """The same gate, with the same memory of footage, that tells somebody else of its verdicts."""
        own = copy(self)
        own._hear = hear
        return own

    def asking(self, consent: Callable[[Verdict], str]) -> Gate:
        """The same gate, with the same memory of footage, that asks somebody else."""
        own = copy(self)
        own._consent = consent
        return own

    @cached_property
    def policy(self) -> Policy:
        """The policy in force. Raises `PolicyError`."""
        return self._policy if isinstance(self._policy, Policy) else load_policy(self._policy)

    @property
    def judge(self) -> Judge:
        """The classifiers, with the words of the policy; the same one for a gate and those made of it."""
        with self._loading:
            if not self._judges:
                self._judges.append(Judge(self._models(), self.policy.timeout_s, self.policy.words))
            return self._judges[0]

    # What others call

    def text(self, door: Door, texts: Iterable[str], what: str) -> Verdict:
        """Let texts through a door, or raise `BlockedError`: the strictest verdict on any part of them counts."""
        if door not in _WAYS_OUT:  # a line break in a request parts nothing
            texts = (text.replace("\n", " ") for text in texts)
        worst: tuple[Verdict, str] | None = None
        for part in _parts(texts):
            verdict = self.verdict(door, partial(self.judge.text, part))
            if worst is None or self._rank(verdict) > self._rank(worst[0]):
                worst = verdict, part
        if worst is None:
            return self.verdict(door, lambda: Judged((), ""))
        return self._settled(worst[0], Subject.text(what, worst[1]))

    def image(self, door: Door, image: Image, what: str) -> Verdict:
        """Let a picture through a door, or raise `BlockedError`."""
        return self._settled(self.verdict(door, lambda: self.judge.image(image)), Subject.image(what, image))

    def film(self, door: Door, stretches: Iterable[Verdict], what: str, sha256: str) -> Verdict:
        """Let a film through whose `stretches` were judged, or raise `BlockedError`: the strictest counts."""
        nothing = Verdict(Decision.ALLOW, door, "", 0.0, 1.0, "", "no stretch of it stands out")
        return self._settled(max(stretches, key=self._rank, default=nothing), Subject(what, "film", sha256))

    def footage(self, what: str, effects: Iterable[str], arguments: Iterable[str]) -> Verdict | None:
        """Let a call go on whose arguments came out of footage, by what it does; or raise `BlockedError`."""
        decisions = [self.policy.footage[effect] for effect in effects] or [self.policy.footage["reads"]]
        strictest = max(decisions, key=lambda decision: decision.severity)
        if strictest is Decision.ALLOW:
            return None
        names = ", ".join(sorted(arguments))
        reason = f"{names} came out of footage, and {what} does more than read"
        remedy = _SAY_WHY if strictest is Decision.ASK else "Take a value of yours instead"
        verdict = Verdict(strictest, Door.TOOL_INPUT, FOOTAGE, 1.0, 1.0, "marks", reason, remedy)
        return self._settled(verdict, Subject.text(what, names))

    def refuse(self, what: str, argument: str, value: str) -> None:
        """Raise `BlockedError`: what came out of footage cannot be what this argument asks for."""
        reason = (
            f"“{_shown(value)}” came out of footage and cannot be its {argument}, only words to look for or quote"
        )
        remedy = "Name it yourself, as an input of the plan or on the command line"
        verdict = Verdict(Decision.BLOCK, Door.TOOL_INPUT, FOOTAGE, 1.0, 1.0, "marks", reason, remedy)
        self._settled(verdict, Subject.text(what, value))

    def bypassed(self, what: str) -> None:
        """Raise `BlockedError`: somebody ran a tool without asking. That is recorded, too."""
        reason = f"{what} was run without its call(), and would pass by the gate"
        verdict = Verdict(Decision.BLOCK, Door.TOOL_INPUT, UNJUDGED, 1.0, 1.0, "", reason, "Use its call()")
        self._settled(verdict, Subject.text(f"the run of {what}", what))

    def verdict(self, door: Door, judged: Callable[[], Judged]) -> Verdict:
        """What the policy makes of findings at a door; nothing is recorded, nobody is asked."""
        try:
            found = judged()
        except UnjudgedError as error:
            by_rules = _verdict(self.policy, door, error.by_rules)
            unjudged = replace(self._unjudged(door, error), scores=by_rules.scores)
            return max(unjudged, by_rules, key=self._rank)
        return _verdict(self.policy, door, found)

    def unjudged(self, door: Door, error: PlayheadError, what: str) -> Verdict:
        """Let through, or raise `BlockedError`, what `error` kept from being judged, as the policy says."""
        return self._settled(self._unjudged(door, error), Subject(what, "file", ""))

    def mask(self, text: str) -> str:
        """The text without the personal data that the policy masks."""
        return masked(text, self.policy.mask)

    def remember(self, result: object) -> None:
        """Mark what a result says as said by footage, and the names of its videos; as it is and as it is masked."""
        said = [*texts_of(result), *names_of(result)]
        self.marks.note(dict.fromkeys([*said, *map(self.mask, said)]))

    # Inside

    def _unjudged(self, door: Door, error: PlayheadError) -> Verdict:
        reason = f"{error.what}: {error.why}" if error.why else error.what
        remedy = error.fix or "Make the classifier work: playhead doctor"
        return Verdict(self.policy.unjudged[door], door, UNJUDGED, 1.0, 0.0, "", reason, remedy)

    def _rank(self, verdict: Verdict) -> tuple[bool, int, float]:
        return _weight(self.policy, verdict.decision, verdict.category, verdict.score, verdict.threshold)

    def _settled(self, verdict: Verdict, subject: Subject) -> Verdict:
        if not verdict.passes and _overridable(self.policy, verdict.decision, verdict.category):
            verdict = replace(verdict, answerable=True)
            verdict = replace(verdict, override=" ".join(self._consent(verdict).split())[:_LONGEST_REASON])
        self._record(verdict, subject)
        if verdict.decision is not Decision.ALLOW:
            self._hear(verdict)
        if not verdict.passes:
            raise BlockedError(f"{subject.what[:1].upper()}{subject.what[1:]} was stopped", verdict)
        return verdict

    def _record(self, verdict: Verdict, subject: Subject) -> None:
        if self._audit is None:
            if verdict.door in MAKING:
                why = "there is no library whose record could say so"
                stopped = replace(verdict, decision=Decision.BLOCK, override="", reason=why, remedy=_MAKE_ONE)
                raise BlockedError("Nothing is generated unrecorded", stopped)
            return
        minors = _concerns_minors(self.policy, verdict)
        reason = verdict.reason if verdict.decision is not Decision.ALLOW and not minors else ""
        self._audit.write(
            event="judged",
            door=verdict.door,
            what=subject.what,
            kind=subject.kind,
            sha256=subject.sha256,
            excerpt="" if minors else subject.excerpt,
            decision=verdict.decision,
            passed=verdict.passes,
            category=verdict.category,
            score=round(verdict.score, 4),
            threshold=verdict.threshold,
            model=verdict.model,
            reason=masked(reason, frozenset(Kind))[:_LONGEST_REASON],
            override=masked(verdict.override, frozenset(Kind)),
            policy=f"{self.policy} {self.policy.sha256[:12]}",
        )


def audit_of(library: Library) -> Audit | None:
    """The record of a library; None where there is no library."""
    catalog = library.folder / "catalog.sqlite"
    if not library.exists:
        return None
    path = library.settings.audit or library.folder / AUDIT
    return Audit(path.expanduser(), catalog if os.access(catalog, os.W_OK) else None)


def _verdict(policy: Policy, door: Door, found: Judged) -> Verdict:
    """The strictest of what the findings lead to."""
    if not found.findings:
        return Verdict(Decision.ALLOW, door, "", 0.0, 1.0, found.model, "there is nothing to judge")
    judged = [f for f in found.findings if policy.stages[door][f.category]] or found.findings
    decided = [(*policy.decide(door, finding), finding) for finding in judged]
    decision, threshold, finding = max(decided, key=lambda d: _weight(policy, d[0], d[2].category, d[2].score, d[1]))
    scores = tuple((f.category, round(f.score, 4)) for f in found.findings)
    return Verdict(
        decision, door, finding.category, round(finding.score, 4), threshold, found.model,
        _reason(policy, door, decision, threshold, finding), _remedy(policy, door, decision, finding), scores,
    )  # fmt: skip


def _reason(policy: Policy, door: Door, decision: Decision, threshold: float, finding: Finding) -> str:
    """Why; what is stopped on its way out is not quoted."""
    name = finding.category.replace("_", " ")
    if decision is Decision.ALLOW:
        if finding.score < _WORTH_TELLING:
            return "nothing comes near"
        return f"nothing reaches its threshold; {name} is likeliest, at {finding.score:.2f} of {threshold:g}"
    quoted = finding.cue and not (door in _WAYS_OUT and decision in _STOPPING)
    cue = f" ({finding.cue})" if quoted else ""
    return f"{name} {finding.score:.2f}{cue}; the policy {policy} says {decision} from {threshold:g} on at {door}"


def _remedy(policy: Policy, door: Door, decision: Decision, finding: Finding) -> str:
    if decision is Decision.ALLOW:
        return ""
    ladder = policy.stages[door][finding.category]
    least = min(t for step, t in ladder.items() if step is not Decision.WARN or decision is Decision.WARN)
    below = f"Below {least:g} it passes{'' if door in _WAYS_OUT else ': say it in other words'}"
    if decision is Decision.WARN:
        return below
    return f"{below}. {_SAY_WHY}" if _overridable(policy, decision, finding.category) else _FIRM


def _weight(
    policy: Policy, decision: Decision, category: str, score: float, threshold: float
) -> tuple[bool, int, float]:
    """What counts more: above all, that which nobody can let through."""
    firm = decision in _STOPPING and not _overridable(policy, decision, category)
    return firm, decision.severity, score if decision is Decision.ALLOW else score - threshold


def _overridable(policy: Policy, decision: Decision, category: str) -> bool:
    """Whether a person may let through what is asked about or blocked, by saying why."""
    if decision is Decision.ASK:
        return category != MINORS
    return policy.override.get(category, False)


def _concerns_minors(policy: Policy, verdict: Verdict) -> bool:
    """Whether minors are part of it, whatever it was decided by."""
    reached = (policy.decide(verdict.door, Finding(MINORS, score))[0] for c, score in verdict.scores if c == MINORS)
    return any(decision is not Decision.ALLOW for decision in reached)


def _parts(texts: Iterable[str]) -> Iterator[str]:
    """Texts joined into parts that are judged at once; one that is longer stays whole, and may be too long."""
    held: list[str] = []
    size = 0
    for text in texts:
        if not text.strip():
            continue
        if held and size + len(text) > _PART:
            yield "\n".join(held)
            held, size = [], 0
        held.append(text)
        size += len(text)
    if held:
        yield "\n".join(held)


def _shown(text: str) -> str:
    plainly = " ".join(text.split())
    return plainly if len(plainly) <= _EXCERPT else f"{plainly[:_EXCERPT]}…"
