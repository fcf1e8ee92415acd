"""Seeing without a picture-caption model: concepts, objects, writing, composed captions."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from playhead.models.captions import NOTHING, compose
from playhead.models.concepts import LABELS_FILE, half_whitened, labels, network_size, read_vectors
from playhead.models.registry import Models
from playhead.models.roles import TextLine
from playhead.models.text import reading_order

PHOTOGRAPHS = {
    "chelsea": "a cat looking at the camera",
    "coffee": "a cup of hot drink with a spoon",
    "rocket": "a missile being launched",
    "motorcycle_left": "a parked motorbike",
}


@pytest.fixture(scope="module")
def photographs():
    data = pytest.importorskip("skimage.data")
    return [np.asarray(getattr(data, name)())[..., :3] for name in ("chelsea", "coffee", "rocket")]


@pytest.fixture(scope="module")
def slide():
    """White writing on blue, 1280 x 720."""
    image = Image.new("RGB", (1280, 720), (20, 40, 90))
    draw = ImageDraw.Draw(image)
    for place, text in {
        (80, 80): "QUARTERLY RESULTS",
        (80, 300): "Revenue grew",
        (800, 305): "by 12 percent",
    }.items():
        draw.text(place, text, font=ImageFont.load_default(56), fill="white")
    return np.asarray(image)


def test_words_find_their_picture(models, photographs):
    words = models.picture.encode_texts([PHOTOGRAPHS[name] for name in ("chelsea", "coffee", "rocket")])
    likeness = words @ models.picture.encode_images(photographs).T
    assert likeness.argmax(axis=1).tolist() == [0, 1, 2]


def test_concepts_are_named(models, photographs):
    assert "cat" in models.picture.name_concepts(photographs[0])[0][0]
    chances = [chance for _, chance in models.picture.name_concepts(photographs[1], count=5)]
    assert chances == sorted(chances, reverse=True)
    assert len(chances) == 5


def test_the_text_side_imports_no_torch(run_python):
    loaded = run_python(
        "import sys; from playhead.models.registry import Models;"
        "Models().picture.encode_texts(['a dog']); print('torch' in sys.modules)"
    )
    assert loaded == "False"


def test_label_vectors_are_computed_once_and_not_read_when_damaged(cache, models, photographs, tmp_path):
    before = models.picture.encode_images(photographs[:1])
    [file] = (cache / "labels").glob("*.npy")
    written = file.stat().st_mtime_ns
    np.testing.assert_allclose(Models().picture.encode_images(photographs[:1]), before, atol=1e-6)
    assert file.stat().st_mtime_ns == written
    damaged = tmp_path / "damaged.npy"
    damaged.write_bytes(file.read_bytes()[:1000])
    assert read_vectors(file) is not None
    assert read_vectors(damaged) is None
    assert read_vectors(tmp_path / "none.npy") is None


def test_labels_are_imagenets_thousand():
    assert len(labels()) == 1000
    assert labels()[0].name == "tench"
    assert labels()[999].name == "toilet tissue"
    assert "WordNet 3.0 Copyright 2006 by Princeton University" in LABELS_FILE.read_text(encoding="utf-8")


def test_the_network_sees_the_whole_frame_at_one_price():
    assert network_size(720, 1280) == (160, 288)
    assert network_size(1280, 720) == (288, 160)
    assert network_size(500, 500) == (224, 224)
    assert network_size(1, 100_000) == (32, 512)


def test_whitening_centres_and_evens_out():
    skewed = np.random.default_rng(0).standard_normal((200, 4)).astype(np.float32) * [10, 1, 1, 1] + 5
    even = half_whitened(skewed.astype(np.float32))
    np.testing.assert_allclose(even.mean(axis=0), 0, atol=1e-4)
    assert even.std(axis=0).max() / even.std(axis=0).min() < 5


def test_common_objects_are_found(models, photographs):
    found = models.objects.detect(photographs)
    assert "cat" in {detection.label for detection in found[0]}
    assert "cup" in {detection.label for detection in found[1]}


def test_writing_is_read_in_order_with_its_place(models, slide):
    lines = models.text.read(slide)
    assert [line.text for line in lines] == ["QUARTERLY RESULTS", "Revenue grew", "by 12 percent"]
    left, top, right, bottom = lines[0].box
    assert (round(left, 1), round(top, 1)) == (0.1, 0.1)
    assert right > left + 0.3
    assert bottom < 0.25


@pytest.mark.parametrize(("name", "readings"), [("astronaut", 0), ("coffee", 0), ("page", 1)])
def test_all_is_read_only_where_a_closer_look_finds_writing(models, monkeypatch, name, readings):
    """A glance sees writing in all three: on a badge, in a whole picture, and where it is."""
    picture = Image.fromarray(getattr(pytest.importorskip("skimage.data"), name)()).convert("RGB")
    with models.text._engines.one() as engine:
        kind, whole = type(engine), []
    look = kind.__call__
    monkeypatch.setattr(kind, "__call__", lambda *image, **how: whole.append(how["use_rec"]) or look(*image, **how))
    lines = models.text.read(np.asarray(picture))
    assert (sum(whole), bool(lines)) == (readings, bool(readings))


def test_reading_order_goes_row_by_row():
    boxes = {
        "c": (0.6, 0.52, 0.9, 0.62),
        "a": (0.1, 0.1, 0.5, 0.2),
        "b": (0.1, 0.5, 0.5, 0.6),
        "d": (0.1, 0.8, 0.2, 0.9),
    }
    assert "".join(line.text for line in reading_order(TextLine(t, 1.0, box) for t, box in boxes.items())) == "abcd"


def test_a_composed_caption_says_what_was_found_and_that_it_is_composed(models, photographs, slide):
    cat, text = models.caption.caption([photographs[0], slide])
    assert cat.text.startswith("A cat.")
    assert "QUARTERLY RESULTS" in text.text
    assert cat.composed


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ((["person", "dog", "person"],), "Two people and a dog."),
        ((["apple"], [("orchard", 0.6), ("apple", 0.3), ("hay", 0.1)]), "An apple. Looks like: orchard."),
        (([], [], ["EXIT", "Gate 4"]), 'Text on screen: "EXIT / Gate 4".'),
        ((["bus"] * 9, []), "Several buses."),
        (([],), NOTHING),
    ],
)
def test_sentences_are_put_together(found, sentence):
    assert compose(*found) == sentence
