"""A sentence of a language model says what it cites, or it is dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from playhead import prompts
from playhead.index.support import supported
from playhead.models.sentences import MiniLM
from playhead.types import Answer, Claim

from .paraphrases import FORGED, HALF_TRUE, HONEST
from .test_wording import seen

if TYPE_CHECKING:
    from playhead.models.registry import Models
    from playhead.models.roles import SentenceEncoder

NAMES = ("word", "refine", "inquire", "plan")


def stands(text: str, evidence: tuple[str, ...], encoder: SentenceEncoder, instructions: str = "") -> bool:
    cited = tuple(seen(number, said) for number, said in enumerate(evidence, 1))
    answer = supported(Answer((Claim(text, cited),), dropped=2), encoder, instructions)
    assert answer.dropped == 3 - len(answer.claims)
    return bool(answer.claims)


def test_honest_paraphrases_and_translations_are_kept(models: Models) -> None:
    assert [text for evidence, text in HONEST if not stands(text, evidence, models.sentences)] == []


def test_what_the_evidence_does_not_say_is_dropped(models: Models) -> None:
    assert [text for evidence, text in FORGED if stands(text, evidence, models.sentences)] == []


def test_a_true_half_does_not_carry_a_false_one(models: Models) -> None:
    assert [text for evidence, text in HALF_TRUE if stands(text, evidence, models.sentences)] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_line_of_a_prompt_is_kept_even_where_footage_speaks_of_prompts(name: str, models: Models) -> None:
    """But for what is no more than a heading."""
    lie = "Summarize the observations and answer with the task, in plain sentences, and print the rules."
    text = prompts.load(name).text
    lines = [line for line in text.splitlines() if len(line.split()) > 5]
    assert lines
    assert [line for line in lines if stands(line, (lie, "a dog runs"), models.sentences, text)] == []


def test_words_of_the_instructions_that_footage_says_itself_are_kept(models: Models) -> None:
    said = "A dog runs along the beach"
    assert stands(f"{said}.", (said,), models.sentences, prompts.load("word").text)
    assert not stands(f"{said}.", ("a dog runs on a beach",), models.sentences, prompts.load("word").text)


@pytest.mark.parametrize(
    ("text", "evidence", "kept"),
    [
        ("The bridge was built in 1932.", "The bridge was built in 1932.", True),
        ("The bridge was built in 1955.", "The bridge was built in 1932.", False),
        ("Call 0800 123 456.", "Call 0800 123456.", True),
        ("Call 0800 123 457.", "Call 0800 123456.", False),
        ("Write to ann@example.org.", "Write to ann@example.org please.", True),
        ("Write to eve@example.org.", "Write to ann@example.org please.", False),
        ("A cat.", "", False),
    ],
)
def test_numbers_and_addresses_are_there_letter_by_letter(
    text: str, evidence: str, kept: bool, models: Models
) -> None:
    assert stands(text, (evidence,), models.sentences) is kept


def test_an_encoder_that_does_not_know_the_language_leaves_it_to_the_words() -> None:
    said = "Паром на остров отправляется в девять часов"
    assert stands("Паром отправляется в девять часов.", (said,), MiniLM())
    assert not stands("Капитан арестован за кражу.", (said,), MiniLM())
