"""Pictures are judged by packaged networks, fed as they were published; CLIP is asked in sentences."""

import io

import numpy as np
import pytest
from PIL import Image

from playhead.errors import SettingsError
from playhead.models import clip_moderation
from playhead.models.clip_moderation import CLIPChecker, sentences
from playhead.models.concepts import labels
from playhead.models.image_moderation import WEAPONS, OpenNSFW, prepared, tempered, weapon_classes
from playhead.models.registry import Models
from playhead.testing import picture, pictures

SHAPES = ((1, 1, 3), (1, 3000, 3), (2000, 1, 3), (3, 2, 3), (4000, 3000, 3))


def reference(image):
    """The published steps in plain arithmetic: triangle filter to 256, JPEG, middle 224, BGR, mean."""
    square = image.astype(np.float64)
    for axis in (1, 0):
        square = np.moveaxis(triangle(square.shape[axis]) @ np.moveaxis(square, axis, 1), 1, axis)
        square = np.floor(np.clip(square, 0, 255) + 0.5)
    file = io.BytesIO()
    Image.fromarray(square.astype(np.uint8)).save(file, "JPEG")
    rgb = np.asarray(Image.open(file)).astype(np.float32)[16:240, 16:240]
    return np.stack([rgb[..., 2] - 104, rgb[..., 1] - 117, rgb[..., 0] - 123], axis=-1)


def triangle(size, target=256):
    """Rows of weights: each target pixel's share of the source pixels under a triangle as wide as the step."""
    step = size / target
    reach = max(1.0, step)
    centres = (np.arange(target)[:, None] + 0.5) * step
    share = np.maximum(0, 1 - np.abs((np.arange(size)[None, :] + 0.5 - centres) / reach))
    return share / share.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("shape", [(90, 160), (400, 300), (256, 256)])
def test_a_picture_is_prepared_as_published(shape):
    ready = prepared(picture(*shape))
    assert (ready.shape, ready.dtype) == ((224, 224, 3), np.float32)
    # Pillow counts in fixed point: a level here or there, which the JPEG may spread.
    assert np.abs(ready - reference(picture(*shape))).mean() < 0.5


def test_blue_comes_first_and_the_mean_is_gone():
    blue = np.zeros((64, 64, 3), np.uint8)
    blue[..., 2] = 200
    assert prepared(blue)[112, 112] == pytest.approx([200 - 104, -117, -123], abs=2)


def test_any_shape_is_judged(models):
    images = [np.full(shape, 128, np.uint8) for shape in SHAPES]
    for findings in models.image_safety.moderate(images):
        assert {finding.category for finding in findings} == {"sexual", "illicit"}
        assert all(0 <= finding.score < 0.3 for finding in findings)


def test_the_same_picture_is_judged_the_same(models):
    once, again = (models.image_safety.moderate(pictures()) for _ in range(2))
    assert once == again
    for here, there in zip(once, OpenNSFW(threads=1).moderate(pictures()), strict=True):
        assert [f.category for f in here] == [f.category for f in there]
        assert [f.score for f in here] == pytest.approx([f.score for f in there], abs=1e-5)


def test_scores_are_tempered_and_keep_their_order():
    raw = [0.0, 0.2, 0.5, 0.8, 0.95, 1.0]
    scores = [tempered(score) for score in raw]
    assert scores == sorted(scores)
    assert all(score <= before for score, before in zip(scores, raw, strict=True))
    assert (scores[0], scores[-1]) == (0.0, 1.0)


def test_weapons_are_the_labels_of_that_name():
    assert [labels()[i].name for i in weapon_classes()] == list(WEAPONS)


def test_what_is_seen_is_named_in_the_cue(models, monkeypatch):
    """No weapon lies in any package: the network's answer is put in its place, the rest is real."""
    moderator = OpenNSFW()
    logits = np.zeros((1, 1000), np.float32)
    logits[0, weapon_classes()[0]] = 8
    monkeypatch.setattr(moderator._network, "look", lambda images: type("Sight", (), {"logits": logits}))
    [[first, second]] = moderator.moderate([picture()])
    assert first.category == "illicit"
    assert first.score == pytest.approx((np.exp(8) + 3) / (np.exp(8) + 999), abs=1e-6)
    assert first.cue == "assault rifle 0.75"
    assert second.category == "sexual"


def test_everyday_pictures_pass(models):
    data = pytest.importorskip("skimage.data")
    images = [np.asarray(getattr(data, name)())[..., :3] for name in ("chelsea", "coffee", "rocket", "astronaut")]
    for findings in models.image_safety.moderate(images):
        assert findings[0].score < 0.3


def test_it_does_not_rest_on_the_other_roles(tiny):
    assert Models({"picture": f"clip:{tiny['clip']}"}).identity("image_safety") == OpenNSFW().id


def test_clip_weighs_each_category_against_neutral_sentences(tiny):
    checker = CLIPChecker(str(tiny["clip"]))
    image = picture()
    [findings] = checker.moderate([image])
    harmful = {finding.category: finding for finding in findings}
    clip = Models({"picture": f"clip:{tiny['clip']}"}).picture
    pixels = clip.encode_images([image])[0]
    for category in CLIPChecker.categories:
        texts = [*sentences()[category], *sentences()["neutral"]]
        likeness = (clip.encode_texts(texts) @ pixels).astype(np.float64) * clip.logit_scale
        chances = np.exp(likeness) / np.exp(likeness).sum()
        own = len(sentences()[category])
        assert harmful[category].score == pytest.approx(chances[:own].sum(), abs=1e-4)
        assert harmful[category].cue == texts[int(likeness[:own].argmax())]


def test_other_sentences_are_another_moderator(tiny, tmp_path, monkeypatch):
    before = CLIPChecker.needs(str(tiny["clip"])).identity
    changed = tmp_path / "sentences.yaml"
    changed.write_text("neutral: [a photo]\nsexual: [a nude]\n")
    monkeypatch.setattr(clip_moderation, "SENTENCES_FILE", changed)
    assert CLIPChecker.needs(str(tiny["clip"])).identity != before


def test_the_sentences_are_of_known_categories(harm_categories):
    assert harm_categories >= CLIPChecker.categories | OpenNSFW.categories
    assert all(len(texts) == len(set(texts)) >= 2 for texts in sentences().values())


def test_the_packaged_moderator_takes_no_argument():
    with pytest.raises(SettingsError, match="takes no argument"):
        Models({"image_safety": "open-nsfw:x"})
