"""Asks the classifiers, and believes no answer that cannot be one.

A classifier that is missing, throws, takes too long or answers nonsense raises `UnjudgedError`; what then happens is
the policy's to say, and for generation it is always: nothing.
"""

from __future__ import annotations

import hashlib
import math
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from playhead.errors import ModelError, PlayheadError
from playhead.models.roles import Finding, ImageModerator, Role, TextModerator
from playhead.safety.policy import categories
from playhead.safety.rules import RULES, listed, minors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from playhead.models.registry import Models
    from playhead.models.roles import Image

MOST_CHARACTERS = 1 << 20
_KEPT = 1024
_OTHER = "Use another classifier"


@dataclass(frozen=True, slots=True)
class Judged:
    """What classifiers and rules found: at most one finding a category, highest first; `model` names who judged."""

    findings: tuple[Finding, ...]
    model: str


class UnjudgedError(ModelError):
    """No classifier could judge this; it counts as not allowed until one has. `by_rules` is what rules found."""

    by_rules = Judged((), RULES)


class Judge:
    """The classifiers of one set of models, within a time limit; what was judged lately is remembered."""

    def __init__(self, models: Models, timeout_s: float = 60.0, words: Mapping[str, tuple[str, ...]] | None = None):
        self._models, self._timeout_s, self._words = models, timeout_s, words or {}
        self._known: OrderedDict[str, Judged] = OrderedDict()
        self._lock = threading.Lock()

    def text(self, text: str) -> Judged:
        """The findings of a text. Raises `UnjudgedError`."""
        if len(text) > MOST_CHARACTERS:
            why = f"it has {len(text):,} characters and {MOST_CHARACTERS:,} are read at most"
            raise UnjudgedError("A text could not be judged", why, "Give it in parts")
        data = text.encode(errors="replace")  # a shell gives bytes that are no text as half letters
        key = hashlib.sha256(data).hexdigest()
        return self._remembered(f"text {key}", lambda: self._judge_text(data.decode()))

    def image(self, image: Image) -> Judged:
        """The findings of a picture. Raises `UnjudgedError`."""
        key = hashlib.sha256(image.tobytes() + str(image.shape).encode()).hexdigest()
        return self._remembered(f"image {key}", lambda: self._judge_image(image))

    def _judge_text(self, text: str) -> Judged:
        if not text.strip():
            return Judged((), RULES)
        words = listed(text, self._words)
        try:
            moderator = self._loaded(Role.TEXT_SAFETY)
            found = self._asked(moderator, [text])
        except UnjudgedError as error:
            error.by_rules = Judged(_strongest([minors(text, None), *words]), RULES)
            raise
        sexual = next((finding for finding in found if finding.category == "sexual"), None)
        return Judged(_strongest([*found, minors(text, sexual), *words]), f"{moderator.id}+{RULES}")

    def _judge_image(self, image: Image) -> Judged:
        moderator = self._loaded(Role.IMAGE_SAFETY)
        return Judged(_strongest(self._asked(moderator, [image])), moderator.id)

    def _remembered(self, key: str, judge: Callable[[], Judged]) -> Judged:
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        judged = judge()
        with self._lock:
            self._known[key] = judged
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return judged

    def _loaded(self, role: Role) -> Any:
        try:
            moderator = getattr(self._models, role.value)
        except Exception as error:
            why = str(error) if isinstance(error, PlayheadError) else f"{type(error).__name__}: {error}"
            raise UnjudgedError(f"The classifier {role} could not be loaded", why[:300]) from error
        if not isinstance(moderator, TextModerator | ImageModerator):
            raise UnjudgedError(
                f"The classifier {role} cannot be used", "it lacks id, categories or moderate", _OTHER
            )
        return moderator

    def _asked(self, moderator: Any, inputs: Sequence[Any]) -> tuple[Finding, ...]:
        """One answer, checked, in time. The thread of a classifier that hangs is left behind."""
        box: list[tuple[Finding, ...] | BaseException] = []

        def work() -> None:
            try:
                box.append(_sane(moderator.moderate(inputs), moderator))
            except BaseException as error:  # noqa: BLE001 - a classifier may raise anything; it is told below
                box.append(error)

        thread = threading.Thread(target=work, name="moderation", daemon=True)
        thread.start()
        thread.join(self._timeout_s)
        if not box:
            why = f"{moderator.id} took longer than {self._timeout_s:g} s"
            raise UnjudgedError("Nothing was judged", why, "Raise timeout_s in the policy")
        if isinstance(box[0], UnjudgedError):
            raise box[0]
        if isinstance(box[0], BaseException):
            why = f"{moderator.id} failed: {type(box[0]).__name__}: {box[0]}"[:300]
            raise UnjudgedError("Nothing was judged", why) from box[0]
        return box[0]


def _sane(answer: Any, moderator: Any) -> tuple[Finding, ...]:
    """The one tuple of findings, where it is what a moderator promises. Raises `UnjudgedError`."""
    try:
        [found] = answer
        given = tuple(found)
        inside = all(math.isfinite(f.score) and 0 <= f.score <= 1 for f in given)
        findings = tuple(Finding(f.category, float(f.score), str(f.cue)) for f in given)
        known = {finding.category for finding in findings}
        whole = known == set(moderator.categories) and len(findings) == len(known)
    except (TypeError, ValueError, AttributeError) as error:
        raise UnjudgedError("Nothing was judged", f"{moderator.id} gave an answer of another form", _OTHER) from error
    if not (findings and whole and inside and known <= set(categories())):
        raise UnjudgedError("Nothing was judged", f"{moderator.id} gave scores that cannot be", _OTHER)
    return findings


def _strongest(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """For each category the highest, in order."""
    best: dict[str, Finding] = {}
    for finding in sorted(findings, key=lambda finding: -finding.score):
        best.setdefault(finding.category, finding)
    return tuple(best.values())
