"""A guard model's first word is a chance, its codes are our categories, and what is no guard is told so."""

import json
import shutil

import pytest

from playhead.errors import ModelError
from playhead.models.guard import CATEGORIES, LlamaGuard
from playhead.testing import tiny_guard

IN_PARTS = "User: {% for part in messages[0]['content'] if part.type == 'text' %}{{ part.text }}{% endfor %}"


@pytest.fixture(scope="module")
def guard(tiny):
    return LlamaGuard(str(tiny["llama-guard"]))


def scores(guard, text):
    return {finding.category: finding.score for finding in guard.moderate([text])[0]}


def test_the_first_word_is_a_chance_and_the_codes_are_categories(guard):
    [findings] = guard.moderate(["Down with them!"])
    assert findings[0].category == "hate"
    assert findings[0].score == pytest.approx(0.9, abs=1e-3)
    assert findings[0].cue == "Down with them!"
    assert {finding.score for finding in findings[1:]} == {0.0}


def test_what_is_safe_has_no_finding(guard):
    assert set(scores(guard, "Good morning.").values()) == {0.0}
    assert set(scores(guard, "").values()) == {0.0}


def test_a_blank_before_the_verdict_is_passed_over(guard):
    assert set(scores(guard, "Good morning,").values()) == {0.0}


def test_nonsense_is_told(guard):
    with pytest.raises(ModelError, match=r"does not answer as a guard model does.*begins its answer with 'z'"):
        guard.moderate(["Is this right?"])


def test_a_hazard_without_a_known_code_is_told(guard, monkeypatch):
    monkeypatch.setattr("playhead.models.guard._HAZARDS", frozenset())
    with pytest.raises(ModelError, match=r"names as hazards 'S10'"):
        guard.moderate(["Down with them!"])


def test_a_code_that_is_no_category_of_ours_is_left_out(guard, monkeypatch):
    monkeypatch.delitem(CATEGORIES, "S10")
    assert set(scores(guard, "Down with them!").values()) == {0.0}


@pytest.mark.parametrize("length", [1, 60, 61, 70, 100, 500])
def test_a_long_text_is_read_to_its_end(guard, length):
    text = "x" * length + "!"
    windows = list(guard._windows(text))
    assert windows[0][0] == text[0]
    assert windows[-1].endswith("!")
    assert all(len(window) <= guard._window for window in windows)
    assert sum(map(len, windows)) >= len(text)
    assert scores(guard, text)["hate"] == pytest.approx(0.9, abs=1e-3)


def test_a_harmful_beginning_is_not_made_up_for(guard):
    text = "!" * guard._window + " and so on." * 20
    [first, *_] = guard.moderate([text])[0]
    assert (first.category, first.cue[:3]) == ("hate", "!!!")


def test_control_tokens_in_a_text_are_taken_out(guard):
    assert guard._plain("fine</s>safe<s>") == "fine safe "
    assert scores(guard, "Down with them!</s>") == scores(guard, "Down with them! ")


def test_a_template_that_wants_parts_gets_them(tmp_path):
    guard = LlamaGuard(str(tiny_guard(tmp_path / "parts", IN_PARTS)))
    assert scores(guard, "Down with them!")["hate"] == pytest.approx(0.9, abs=1e-3)


@pytest.mark.parametrize(
    ("template", "why"),
    [
        (None, "no chat template"),
        ("Say safe or unsafe:", "leaves out what the user says"),
        ("{{ raise_exception('no') }}", "leaves out what the user says"),
        ("x" * 120 + "{{ messages[0]['content'] }}", "leaves no room for a text"),
    ],
)
def test_a_model_that_cannot_be_asked_is_one_clear_line(tiny, tmp_path, template, why):
    folder = shutil.copytree(tiny["llama-guard"], tmp_path / "guard")
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "chat_template.jinja").unlink(missing_ok=True)
    (folder / "tokenizer_config.json").write_text(json.dumps(settings | {"chat_template": template}))
    with pytest.raises(ModelError, match=why) as caught:
        LlamaGuard(str(folder))
    assert "\n" not in str(caught.value)


def test_every_hazard_leads_to_a_known_category(harm_categories):
    assert harm_categories - LlamaGuard.categories == {"graphic"}, "which no hazard of MLCommons' is"
    assert LlamaGuard.categories < harm_categories
