"""Specs are checked at once, models are loaded late, and names are known without loading."""

import numpy as np
import pytest

from playhead.errors import SettingsError, WeightsError
from playhead.models import weights
from playhead.models.registry import BACKENDS, PROFILES, Models
from playhead.models.roles import GENERATION, Role

HEAVY = (
    "torch",
    "transformers",
    "sentence_transformers",
    "whisper",
    "faster_whisper",
    "cv2",
    "rapidocr",
    "onnxruntime",
)


@pytest.mark.parametrize("role", [role for role in Role if role not in GENERATION])
def test_identity_is_the_id_of_the_loaded_model(models, role):
    assert models.identity(role) == getattr(models, role).id


@pytest.mark.parametrize(
    "role", ["picture", "objects", "caption", "sentences", "speech", "text_safety", "image_safety", "voice"]
)
def test_identity_is_the_id_of_a_model_from_a_folder(tiny_models, role):
    assert tiny_models.identity(role) == getattr(tiny_models, role).id


def test_names_and_status_load_nothing_heavy(run_python):
    loaded = run_python(
        "import sys; from playhead.models.registry import Models; models = Models();"
        "[models.identity(status.role) for status in models.status()];"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    assert loaded == "[]"


def test_a_model_is_loaded_once(models):
    assert models.sentences is models.sentences


def test_everything_of_the_offline_profile_is_ready():
    assert [status.problem for status in Models(PROFILES["offline"]).status()] == [""] * len(Role)


def test_status_says_what_is_missing_and_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    by_role = {status.role: status for status in Models(PROFILES["hub"]).status()}
    assert not by_role[Role.PICTURE].ready
    assert "openai/clip-vit-base-patch32 is not on this machine" in by_role[Role.PICTURE].problem
    assert by_role[Role.TEXT].ready


def test_a_composed_caption_misses_what_its_parts_miss(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    models = Models({"picture": "clip:openai/clip-vit-base-patch32"})
    status = {status.role: status for status in models.status()}[Role.CAPTION]
    assert "clip-vit" in status.problem


def test_the_name_of_a_composed_caption_follows_its_parts(tiny):
    other = Models({"objects": f"detr:{tiny['detr']}"})
    assert other.identity("caption") != Models().identity("caption")


@pytest.mark.parametrize(
    ("specs", "message"),
    [
        ({"pictures": "clip:x"}, "no role 'pictures'. Did you mean picture"),
        ({"picture": "clop:x"}, "no picture model 'clop'. Did you mean clip. There is: concepts, clip, siglip"),
        ({"speech": "wisper"}, "Did you mean whisper"),
        ({"picture": "clip"}, "For example clip:openai/clip-vit-base-patch32"),
        ({"objects": "ssd:300"}, "'ssd' takes no argument"),
        ({"picture": "concepts:nothing"}, "Use concepts:labels"),
        ({"sentences": ""}, "There is: multilingual, use, minilm"),
    ],
)
def test_a_wrong_spec_is_refused_with_advice(specs, message):
    with pytest.raises(SettingsError, match=message):
        Models(specs)


def test_missing_weights_are_told_before_anything_is_imported(monkeypatch):
    monkeypatch.setattr(weights, "problem", lambda name: WeightsError(f"weights are missing: {name}"))
    with pytest.raises(WeightsError, match="silero"):
        _ = Models().voice_activity


@pytest.mark.parametrize("role", ["picture", "speech", "sentences", "voice"])
def test_a_device_that_is_not_there_is_one_line(role, tiny_models):
    absent = Models({role: tiny_models.spec(role)}, device="cuda:7")
    with pytest.raises(SettingsError, match=r"the device 'cuda:7' cannot be used.*Set device to cpu"):
        getattr(absent, role)


def test_half_precision_weights_see_and_speak(tiny_models):
    seeing, speaking = tiny_models.objects, tiny_models.voice
    before = seeing.detect([np.zeros((64, 96, 3), np.uint8)])
    for model in (seeing, speaking):
        model._model.bfloat16()
    try:
        assert len(seeing.detect([np.zeros((64, 96, 3), np.uint8)])) == len(before)
        assert speaking.speak("a ferry", seed=1).dtype == np.float32
    finally:
        for model in (seeing, speaking):
            model._model.float()


def test_profiles_name_existing_backends_for_every_role():
    for profile in PROFILES.values():
        assert set(profile) == set(Role)
        Models(profile)
    assert set(BACKENDS) == set(Role)
