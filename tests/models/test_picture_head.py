"""The trained picture head: its file, its space beside that of the labels, and how one is trained."""

import csv
import hashlib
import json
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from safetensors.numpy import load_file, save_file

from playhead import Library, Settings
from playhead.errors import InputError, SettingsError, WeightsError
from playhead.models import picture_head
from playhead.models.captioned import open_image, read_captions
from playhead.models.picture_head import FEATURES, HEAD_FILE, HEAD_SHA256, exceeded, load, pack
from playhead.models.picture_training import Examples, Recipe, gather
from playhead.models.picture_validation import Validation, calibration, cross_validate, logistic
from playhead.models.registry import Models
from playhead.testing import ImageTextEncoderContract
from playhead.types import Channel

ROOT = Path(__file__).parents[2]
COLOURS = ("red", "green", "blue", "yellow")
SHAPES = {"circle": "ellipse", "square": "rectangle", "line": "line"}
KINDS = [f"a {colour} {shape}" for colour in COLOURS for shape in SHAPES]


def script(folder: str, name: str):
    spec = spec_from_file_location(f"{folder}_{name}", ROOT / folder / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def training():
    return script("training", "picture_head")


@pytest.fixture(scope="module")
def head_model():
    return Models({"picture": "concepts:head"}, threads=2).picture


def draw(kind: str, seed: int) -> Image.Image:
    _, colour, shape = kind.split()
    dice = np.random.default_rng(seed)
    picture = Image.new("RGB", (96, 72), tuple(int(x) for x in dice.integers(200, 256, 3)))
    left, top = dice.integers(4, 36), dice.integers(4, 20)
    box = [int(x) for x in (left, top, left + 48, top + 44)]
    getattr(ImageDraw.Draw(picture), SHAPES[shape])(box, fill=colour, width=6)
    return picture


@pytest.fixture(scope="module")
def shapes(tmp_path_factory) -> Path:
    """Sixty captioned drawings."""
    folder = tmp_path_factory.mktemp("shapes")
    (folder / "images").mkdir()
    rows = []
    for i in range(60):
        kind = KINDS[i % len(KINDS)]
        draw(kind, i).save(folder / "images" / f"{i}.png")
        rows.append({"image": f"{i}.png", "captions": [kind, f"{kind} on bright ground {i}"][: 1 + i % 2]})
    (folder / "captions.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder


@pytest.fixture(scope="module")
def trained(training, shapes, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("trained") / "own.safetensors"
    assert training.main([str(shapes), "--out", str(out), "--about", "drawings"]) == 0
    return out


class TestConceptsHead(ImageTextEncoderContract):
    @pytest.fixture
    def model(self, head_model):
        return head_model


def test_its_name_is_known_before_it_is_loaded(head_model):
    assert Models().identity("picture") == Models({"picture": "concepts:head"}).identity("picture") == head_model.id
    assert head_model.id != Models({"picture": "concepts:labels"}).identity("picture")


def test_the_text_side_imports_no_torch(run_python):
    loaded = run_python(
        "import sys; from playhead.models.registry import Models;"
        "Models({'picture': 'concepts:head'}).picture.encode_texts(['a dog']); print('torch' in sys.modules)"
    )
    assert loaded == "False"


def test_the_file_is_the_pinned_one_and_says_what_it_is():
    assert hashlib.sha256(HEAD_FILE.read_bytes()).hexdigest() == HEAD_SHA256
    assert HEAD_FILE.stat().st_size < 3_500_000
    assert b"research and education" in HEAD_FILE.read_bytes()[:2000]


def test_words_find_their_picture(head_model):
    data = pytest.importorskip("skimage.data")
    photographs = [np.asarray(getattr(data, name)())[..., :3] for name in ("chelsea", "coffee", "rocket")]
    words = head_model.encode_texts(["a cat", "a cup of coffee", "a rocket on a launch pad"])
    assert (words @ head_model.encode_images(photographs).T).argmax(axis=1).tolist() == [0, 1, 2]


def test_its_score_is_the_mean_of_the_learnt_and_the_described(head_model):
    labels = Models({"picture": "concepts:labels"}).picture
    image = [np.asarray(draw("a red circle", 0))]
    both, described = (
        (model.encode_texts(["a red circle"]) @ model.encode_images(image).T).item() for model in (head_model, labels)
    )
    head = load(HEAD_FILE)
    learnt = head.texts(labels.encode_texts(["a red circle"])) @ head.pictures(labels.network.look(image).features).T
    assert min(learnt.item(), described) < both * 2**0.5 < learnt.item() + described


def altered(change: str, folder: Path) -> Path:
    file, content = folder / "altered.safetensors", HEAD_FILE.read_bytes()
    if change == "shortened":
        file.write_bytes(content[:-1000])
    elif change == "text":
        file.write_text("not a head")
    elif change != "missing":
        tensors = load_file(HEAD_FILE)
        tensors["text.offset"] = tensors["text.offset"][: -1 if change == "narrow" else None].copy()
        tensors["text.offset"][0] = np.nan if change == "not finite" else 0
        if change == "no cohort":
            tensors["cohort"] = tensors["cohort"][:0]
        if change == "backwards":
            tensors["calibration"] = -tensors["calibration"]
        file.write_bytes(b"") if change == "empty" else save_file(
            tensors, file, metadata=None if change == "stranger" else {"playhead picture head": "{}"}
        )
    return file


@pytest.mark.parametrize(
    "change", ["shortened", "text", "missing", "narrow", "not finite", "empty", "stranger", "no cohort", "backwards"]
)
def test_a_damaged_head_is_refused(change, tmp_path):
    with pytest.raises(WeightsError, match="weights were refused"):
        load(altered(change, tmp_path))


def test_an_altered_head_is_refused_where_the_packaged_one_is_meant(tmp_path, monkeypatch):
    file = altered("one number", tmp_path)
    assert load(file).dim == load(HEAD_FILE).dim
    monkeypatch.setattr(picture_head, "HEAD_FILE", file)
    models = Models({"picture": "concepts:head"})
    with pytest.raises(WeightsError, match=r"not the pinned .* pip install --force-reinstall"):
        _ = models.picture


@pytest.mark.parametrize("argument", ["heads", "nowhere.safetensors", "pyproject.toml"])
def test_other_arguments_are_refused(argument):
    with pytest.raises(SettingsError, match=r"Use concepts:labels, concepts:head, or concepts:FILE\.safetensors"):
        Models({"picture": f"concepts:{argument}"})


@pytest.mark.slow
def test_a_head_of_ones_own_beats_chance_on_drawings_it_never_saw(trained):
    model = Models({"picture": f"concepts:{trained}"}, threads=2).picture
    learnt = load(trained)
    unseen = [np.asarray(draw(kind, 1000 + i)) for i, kind in enumerate(KINDS * 2)]
    words = learnt.texts(Models().sentences.encode(KINDS))
    likeness = words @ learnt.pictures(model.network.look(unseen).features).T
    found = likeness.argmax(axis=1) % len(KINDS) == np.arange(len(KINDS))
    assert found.mean() > 0.5  # chance is 1/12
    assert model.id != Models({"picture": "concepts:head"}).identity("picture")
    assert model.encode_texts(["a red circle"]).shape == (1, model.dim)


@pytest.mark.slow
def test_training_twice_gives_the_same_bytes(training, trained, shapes, tmp_path, capsys):
    again = tmp_path / "again.safetensors"
    assert training.main([str(shapes), "--out", str(again), "--about", "drawings"]) == 0
    assert again.read_bytes() == trained.read_bytes()
    assert training.main([str(shapes), "--out", str(again), "--about", "drawings", "--seed", "1"]) == 0
    assert again.read_bytes() != trained.read_bytes()
    said = capsys.readouterr().err
    assert "looking at photographs: 60 of 60" in said
    assert "training: 1 of" in said


def test_captions_that_say_the_same_teach_nothing(shapes, tmp_path):
    rows = [{"image": str(shapes / "images" / f"{i}.png"), "captions": ["a shape"]} for i in range(30)]
    (tmp_path / "captions.jsonl").write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(InputError, match="the captions say 1 different things"):
        gather(read_captions(tmp_path), str)


@pytest.mark.slow
def test_a_library_can_have_a_head_of_its_own(shapes, tmp_path, clips):
    with Library(tmp_path / "library", settings=Settings(channels=(Channel.PICTURE,))) as library:
        library.add(clips("cuts.mp4"))
        usual = library.models.identity("picture")
        report = library.train_picture_head(shapes, about="drawings")
        assert (report.images, report.skipped) == (60, 0)
        assert library.models.identity("picture") != usual
        assert "made by another model" in library.search("a red square").notes[0]
        library.add(clips("cuts.mp4"))
        assert library.search("a red square").notes == ()
    moved = (tmp_path / "library").rename(tmp_path / "moved")
    with Library(moved, settings=Settings()) as library:
        assert library.search("a red square").notes == ()
    with Library(tmp_path / "other", settings=Settings()) as other:
        assert other.models.identity("picture") == usual


@pytest.mark.slow
def test_cross_validation_reports_recall_and_writes_nothing(training, shapes, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert training.main([str(shapes), "--folds", "2"]) == 0
    said = capsys.readouterr().out
    assert [line.partition(":")[0] for line in said.splitlines()] == ["labels", "head alone", "both"]
    assert not list(tmp_path.iterdir())
    assert training.main([str(shapes), "--folds", "60"]) == 2
    assert "Use 2 to 3" in capsys.readouterr().err


SHORT = Recipe(epochs=5, fewest_steps=120)  # features that are their captions, turned, are learnt at once


def invented(count: int, noise: float) -> Examples:
    """Photographs whose features are their captions' vectors, turned, and noise."""
    dice = np.random.default_rng(0)
    captions = dice.normal(size=(count, 384)).astype(np.float32)
    captions /= np.linalg.norm(captions, axis=1, keepdims=True)
    turn = dice.normal(size=(384, FEATURES)).astype(np.float32) / 20
    features = captions @ turn + noise * dice.normal(size=(count, FEATURES)).astype(np.float32) / 20
    described = dice.normal(size=captions.shape).astype(np.float32)
    described /= np.linalg.norm(described, axis=1, keepdims=True)
    return Examples(np.stack([features, features], axis=1), described, captions, np.ones(count, np.int64))


@pytest.mark.slow
def test_a_head_is_calibrated_on_what_it_never_saw():
    packaged = load(HEAD_FILE).calibration
    learnt = calibration(invented(400, 0.1), SHORT, str)
    assert learnt[0] > 0 > learnt[1]  # likeness speaks for a match, likeness to the cohort against it
    assert learnt.tolist() != packaged.tolist()
    assert calibration(invented(100, 0.1), Recipe(), str).tolist() == packaged.tolist()


@pytest.mark.slow
def test_validation_tells_how_well_films_are_searched():
    found = cross_validate(invented(400, 0.1), 3, SHORT, str)
    assert found.first > 0.9
    area, kept = found.told_apart(by_cohort=False)
    assert 0.9 < area <= 1
    assert 0.9 < kept <= 1
    blind = Validation({}, np.random.default_rng(0).random((4000, 4)).round().astype(np.float32))
    assert blind.told_apart(by_cohort=True)[0] == pytest.approx(0.5, abs=0.05)


def test_packing_the_same_head_gives_the_same_bytes():
    about = {str(i): "x" for i in range(9)}
    assert len({pack(load(HEAD_FILE), about) for _ in range(8)}) == 1


def test_broken_images_are_skipped_and_counted(training, shapes, tmp_path, capsys):
    rows = [(str(shapes / "images" / f"{i}.png"), f"shape {i}") for i in range(25)]
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    (tmp_path / "short.png").write_bytes((shapes / "images" / "0.png").read_bytes()[:60])
    broken = ["broken.jpg", "short.png", "missing.png"]
    with (tmp_path / "captions.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("image", "caption"), *rows, *((name, "nothing") for name in broken)])
    examples = gather(read_captions(tmp_path / "captions.csv"), str)
    assert (len(examples), examples.skipped) == (25, 3)
    assert training.main([str(tmp_path), "--folds", "9"]) == 2
    assert "skipped 3 images that are missing or broken" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (None, "there is no folder"),
        ({}, "neither captions.jsonl nor captions.csv"),
        ({"captions.jsonl": ""}, "no captions in"),
        ({"captions.jsonl": '{"image": "a.jpg", "captions": [" "]}'}, "no captions in"),
        ({"captions.jsonl": '{"image": "a.jpg"}'}, "line 1 of .* is no captioned image"),
        ({"captions.jsonl": "[]\n"}, "line 1 of .* is no captioned image"),
        ({"captions.csv": "file,text\na.jpg,a dog\n"}, "no columns image and caption"),
        ({"captions.csv": "image,caption\na.jpg,a dog\n"}, "0 captioned images can be opened"),
        ({"captions.csv": b"image,caption\n\xff\xfe,\xff\n"}, "captions cannot be read"),
    ],
)
def test_a_folder_without_captioned_images_is_refused(training, tmp_path, capsys, files, message):
    folder = tmp_path / "folder"
    if files is not None:
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=message):
        gather(read_captions(folder), str)
    assert training.main([str(folder), "--out", str(tmp_path / "head.safetensors")]) == 2
    assert not (tmp_path / "head.safetensors").exists()


def test_captions_are_read_from_both_formats(tmp_path):
    (tmp_path / "captions.csv").write_text("image,caption\nb.jpg,two\na.jpg,one\nb.jpg,three\n")
    assert [(c.path.name, c.captions) for c in read_captions(tmp_path)] == [
        ("b.jpg", ("two", "three")),
        ("a.jpg", ("one",)),
    ]
    draw("a red circle", 0).save(tmp_path / "a.jpg")
    image = open_image(tmp_path / "a.jpg")
    assert image is not None
    assert image.shape == (72, 96, 3)
    assert open_image(tmp_path) is None


def test_a_query_like_much_of_the_cohort_needs_more_likeness():
    head = load(HEAD_FILE)
    common, rare = head.cohort[:40].mean(axis=0), -head.cohort.mean(axis=0)
    common, rare = (query / np.linalg.norm(query) for query in (common, rare))
    assert head.curve(common).middle > head.curve(rare).middle
    assert head.curve(common).slope == head.curve(rare).slope > 0
    chances = [head.curve(common).at(likeness) for likeness in (-1.0, 0.0, 0.3, 0.6, 0.9, 1.0)]
    assert chances == sorted(chances)
    assert 0 <= chances[0] < chances[-1] <= 1


def test_exceeded_is_what_two_in_a_hundred_reach():
    cohort = np.arange(200, dtype=np.float32)[:, None]
    assert exceeded(cohort, np.array([[1.0], [2.0]], np.float32)).tolist() == [196.0, 392.0]
    assert exceeded(cohort[:38], np.array([[1.0]], np.float32)).tolist() == [34.0]
    assert exceeded(cohort[:3], np.array([[1.0]], np.float32)).tolist() == [0.0]


def test_logistic_regression_finds_the_chances_it_was_shown():
    dice = np.random.default_rng(0)
    x = dice.normal(size=(4000, 2)).astype(np.float32)
    right = (dice.random(4000) < 1 / (1 + np.exp(-(2 * x[:, 0] - x[:, 1] - 0.5)))).astype(np.float32)
    assert logistic(x, right) == pytest.approx([2, -1, -0.5], abs=0.2)
    assert np.isfinite(logistic(x, (x[:, 0] > 0).astype(np.float32))).all()  # wholly separable


@pytest.mark.slow
def test_image_recall_measures_any_encoder(shapes, tmp_path, capsys, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    recall = script("benchmarks", "image_recall")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_encoder.py").write_text(
        "import numpy as np\n"
        "class Same:\n"
        "    def encode_images(self, images): return np.ones((len(images), 2), np.float32)\n"
        "    encode_texts = encode_images\n"
    )
    command = ["image_recall.py", str(shapes), "--spec", "concepts:head", "--encoder", "my_encoder:Same", "--json"]
    monkeypatch.setattr(sys, "argv", command)
    assert recall.main() == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert 0 < result["R@1"] < result["R@10"] <= 1
    assert result["encoders"]["my_encoder:Same"]["R@10"] == 0  # all alike: ties count against it
    assert result["photographs"] == 60
    monkeypatch.setattr(sys, "argv", ["image_recall.py", str(tmp_path)])
    assert recall.main() == 2
