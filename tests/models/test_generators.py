"""Generators on tiny pipelines: the same seed gives the same, what cannot be is said, and nobody waits in vain."""

from __future__ import annotations

import json
import shutil
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from playhead.errors import InputError, ModelError, SettingsError
from playhead.models.diffusion import _beside
from playhead.models.generators import DiffusersFilm, DiffusersImage, DiffusersSound
from playhead.models.registry import Models
from playhead.models.roles import FilmGenerator, ImageGenerator, Prompt, Role, SoundGenerator

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CAT = Prompt("a cat", seed=3, steps=2)


@pytest.fixture(scope="module")
def artist(pipelines: dict[str, Path]) -> DiffusersImage:
    return DiffusersImage(str(pipelines["image"]), threads=2)


@pytest.fixture(scope="module")
def maker(pipelines: dict[str, Path]) -> DiffusersFilm:
    return DiffusersFilm(str(pipelines["film"]), threads=2)


# What they give


def test_a_picture_is_of_the_size_asked_for_and_of_its_seed(artist: DiffusersImage) -> None:
    assert isinstance(artist, ImageGenerator)
    first, again = (artist.draw(CAT, 64, 48) for _ in range(2))
    assert first.shape == (48, 64, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)
    assert (first != artist.draw(Prompt("a cat", seed=4, steps=2), 64, 48)).any()
    assert (first != artist.draw(Prompt("a dog in the rain", seed=3, steps=2), 64, 48)).any()
    assert artist.draw(CAT).shape == (64, 64, 3)  # the model's own size


def test_every_choice_reaches_the_pipeline(artist: DiffusersImage) -> None:
    plain = artist.draw(CAT, 64, 64)
    for other in (
        Prompt("a cat", seed=3, steps=3),
        Prompt("a cat", seed=3, steps=2, guidance=0.0),
        Prompt("a cat", seed=3, steps=2, negative="blurred"),
    ):
        assert (plain != artist.draw(other, 64, 64)).any(), other


def test_a_seed_ends_with_32_bits(artist: DiffusersImage) -> None:
    assert artist.draw(Prompt("a cat", seed=2**32 - 1, steps=1), 16, 16).shape == (16, 16, 3)


def test_a_new_process_draws_the_same(pipelines: dict[str, Path], artist: DiffusersImage) -> None:
    other = DiffusersImage(str(pipelines["image"]), threads=2)
    np.testing.assert_array_equal(artist.draw(CAT, 64, 64), other.draw(CAT, 64, 64))
    assert other.id == artist.id


def test_a_picture_is_changed_more_the_stronger(artist: DiffusersImage) -> None:
    picture = np.full((64, 64, 3), 120, np.uint8)
    prompt = Prompt("a cat", seed=1, steps=10)
    little, much = (artist.redraw(prompt, picture, strength) for strength in (0.1, 1.0))
    assert little.shape == picture.shape
    assert (little != much).any()
    np.testing.assert_array_equal(little, artist.redraw(prompt, picture, 0.1))


def test_a_mask_is_looked_at(artist: DiffusersImage) -> None:
    picture = np.full((64, 64, 3), 120, np.uint8)
    left, right = np.zeros((64, 64), bool), np.zeros((64, 64), bool)
    left[:, :32], right[:, 32:] = True, True
    changed = artist.redraw(CAT, picture, 1.0, left)
    assert changed.shape == picture.shape
    assert (changed != artist.redraw(CAT, picture, 1.0, right)).any()


def test_sound_is_as_long_as_asked_for(pipelines: dict[str, Path]) -> None:
    model = DiffusersSound(str(pipelines["sound"]), threads=2)
    assert isinstance(model, SoundGenerator)
    first, again = (model.sound(Prompt("rain", seed=5, steps=2), 0.5) for _ in range(2))
    assert first.rate_hz == 24_000
    assert first.samples.dtype == np.float32
    assert first.samples.shape[1] == 1
    assert abs(len(first.samples) / first.rate_hz - 0.5) < 0.01
    np.testing.assert_array_equal(first.samples, again.samples)
    other = model.sound(Prompt("rain", seed=6, steps=2), 0.5)
    assert (first.samples != other.samples).any()


def test_film_has_the_pictures_asked_for(maker: DiffusersFilm) -> None:
    assert isinstance(maker, FilmGenerator)
    first, again = (maker.film(CAT, 9, 25.0, (64, 32)) for _ in range(2))
    assert first.shape == (9, 32, 64, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)


def test_film_begins_with_a_picture(maker: DiffusersFilm) -> None:
    black, white = (np.full((32, 64, 3), value, np.uint8) for value in (0, 255))
    first, other = (maker.film(CAT, 9, 25.0, (64, 32), image) for image in (black, white))
    assert first.shape == (9, 32, 64, 3)
    assert (first != other).any()


# What cannot be


@pytest.mark.parametrize(("width", "height", "near"), [(65, 64, "64x64 or 72x64"), (3, 9, "8x8 or 8x16")])
def test_a_size_that_does_not_suit_is_told_with_those_that_do(
    artist: DiffusersImage, width: int, height: int, near: str
) -> None:
    with pytest.raises(InputError, match=f"{width}x{height} pixels.*steps of 8 pixels.*{near}"):
        artist.draw(CAT, width, height)


def test_what_a_pipeline_does_not_take_is_not_dropped(pipelines: dict[str, Path], artist: DiffusersImage) -> None:
    with pytest.raises(ModelError, match="no pipeline for that beside StableDiffusionPipeline"):
        DiffusersSound(str(pipelines["image"])).sound(CAT, 1.0)
    with pytest.raises(InputError, match="takes no frames: its StableDiffusionPipeline has no such argument"):
        DiffusersFilm(str(pipelines["image"])).film(CAT, 9)
    with pytest.raises(
        ModelError, match="cannot begin with a picture: its StableDiffusionPipeline takes words alone"
    ):
        DiffusersFilm(str(pipelines["image"])).film(CAT, 9, image=np.zeros((64, 64, 3), np.uint8))
    with pytest.raises(ModelError, match=r"cannot draw from words alone: .*LTXPipeline"):
        DiffusersImage(str(pipelines["film"])).draw(CAT)


def test_a_change_of_no_step_is_refused(artist: DiffusersImage) -> None:
    with pytest.raises(InputError, match=r"0\.1 of 2 steps is not one step"):
        artist.redraw(CAT, np.zeros((64, 64, 3), np.uint8), 0.1)


def test_what_the_models_own_checker_holds_back_is_an_error(pipelines: dict[str, Path]) -> None:
    checked = DiffusersImage(str(pipelines["checked"]), threads=2)
    with pytest.raises(ModelError, match="its own safety checker takes it for something unsafe"):
        checked.draw(CAT, 64, 64)
    with pytest.raises(ModelError, match="its own safety checker"):  # its relatives keep it
        checked.redraw(CAT, np.zeros((64, 64, 3), np.uint8), 1.0)


def test_numbers_that_overflowed_are_no_picture(pipelines: dict[str, Path]) -> None:
    artist = DiffusersImage(str(pipelines["image"]))
    artist._pipeline.base.vae.decoder.conv_out.weight.data.fill_(float("nan"))
    with pytest.raises(ModelError, match="drew nothing that is a picture"):
        artist.draw(CAT, 64, 64)


def test_too_little_memory_says_what_would_fit(pipelines: dict[str, Path]) -> None:
    import torch

    artist = DiffusersImage(str(pipelines["image"]))
    hook = artist._pipeline.base.unet.register_forward_pre_hook(lambda *_: torch.empty(1 << 50))
    with pytest.raises(ModelError, match=r"ran out of memory.*smaller size.*512x256.*memory = \"sparing\"") as caught:
        artist.draw(CAT, 1024, 512)
    assert "\n" not in str(caught.value)
    hook.remove()
    assert artist.draw(CAT, 64, 64).shape == (64, 64, 3)  # it goes on


def test_another_failure_of_a_pipeline_is_one_clear_line(pipelines: dict[str, Path]) -> None:
    artist = DiffusersImage(str(pipelines["image"]))

    def broken(*_: object) -> None:
        raise RuntimeError("the kernel is not there\nmore")

    artist._pipeline.base.unet.register_forward_pre_hook(broken)
    with pytest.raises(ModelError, match=r"failed: the kernel is not there\. Try another") as caught:
        artist.draw(CAT, 64, 64)
    assert "\n" not in str(caught.value)


# Weights


@pytest.fixture
def own(pipelines: dict[str, Path], tmp_path: Path) -> Path:
    return shutil.copytree(pipelines["image"], tmp_path / "own")


@pytest.mark.parametrize("name", ["diffusion_pytorch_model.bin", "model.ckpt", "model.pth"])
def test_pickled_weights_are_refused_before_anything_reads_them(own: Path, name: str) -> None:
    (own / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    (own / "unet" / name).write_bytes(b"cos\nsystem\n(S'exit 3'\ntR.")
    with pytest.raises(ModelError, match="the weights of its unet are pickled"):
        DiffusersImage(str(own))


def test_missing_weights_are_one_clear_line(own: Path) -> None:
    (own / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    with pytest.raises(ModelError, match="could not be loaded") as caught:
        DiffusersImage(str(own))
    assert "\n" not in str(caught.value)


def test_code_that_comes_with_a_model_does_not_run(own: Path, tmp_path: Path) -> None:
    index = json.loads((own / "model_index.json").read_text())
    (own / "theirs.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    (own / "model_index.json").write_text(json.dumps(index | {"_class_name": ["theirs", "Theirs"]}))
    with pytest.raises(ModelError, match="could not be loaded"):
        DiffusersImage(str(own))
    assert not (tmp_path / "ran").exists()


@pytest.mark.skipif(find_spec("accelerate") is not None, reason="the package is there")
def test_a_model_that_needs_accelerate_says_so(pipelines: dict[str, Path]) -> None:
    with pytest.raises(ModelError, match=r"without the package accelerate.*pip install 'playhead\[generate\]'"):
        DiffusersFilm(str(pipelines["wan"]))


def test_a_package_that_is_missed_while_running_is_named(pipelines: dict[str, Path]) -> None:
    artist = DiffusersImage(str(pipelines["image"]))

    def missing(*_: object) -> None:
        raise NameError("name 'ftfy' is not defined")

    artist._pipeline.base.unet.register_forward_pre_hook(missing)
    with pytest.raises(ModelError, match=r"a package that is not here: name 'ftfy'.*playhead\[generate\]"):
        artist.draw(CAT, 64, 64)


@pytest.mark.skipif(not (find_spec("accelerate") and find_spec("ftfy")), reason="it needs the extra generate")
def test_film_of_words_or_of_a_picture_by_one_model(pipelines: dict[str, Path]) -> None:
    wan = DiffusersFilm(str(pipelines["wan"]), threads=2)
    first = wan.film(CAT, 9, 16.0, (32, 32))
    assert first.shape == (9, 32, 32, 3)
    white = np.full((32, 32, 3), 255, np.uint8)
    begun = wan.film(CAT, 9, 16.0, (32, 32), white)
    assert begun.shape == first.shape
    assert (begun != first).any()


@pytest.mark.filterwarnings("ignore:A test tried to use socket:UserWarning")
@pytest.mark.parametrize("role", ["image", "sound", "film"])
def test_a_model_that_cannot_be_fetched_is_one_clear_line(
    role: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    models = Models({role: "diffusers:acme/none"})
    status = next(status for status in models.status() if status.role == role)
    assert not status.ready
    assert "acme/none is not on this machine" in status.problem
    with pytest.raises(ModelError, match="neither a folder nor in the hub cache"):
        getattr(models, role)


def test_sparing_draws_the_same_picture(pipelines: dict[str, Path], artist: DiffusersImage) -> None:
    sparing = DiffusersImage(str(pipelines["image"]), threads=2, memory="sparing")
    close = np.abs(sparing.draw(CAT, 64, 64).astype(int) - artist.draw(CAT, 64, 64))
    assert close.max() <= 3


def test_sparing_makes_sound_whose_decoder_knows_no_pieces(pipelines: dict[str, Path]) -> None:
    whole, sparing = (DiffusersSound(str(pipelines["sound"]), threads=2, memory=m) for m in ("whole", "sparing"))
    made = [one.sound(CAT, 0.5).samples for one in (sparing, whole)]
    np.testing.assert_allclose(*made, atol=1e-4)


def test_what_a_call_leaves_in_the_scheduler_does_not_change_the_next(artist: DiffusersImage) -> None:
    """On an accelerator some move their tables when they add noise to a picture, and count differently after it."""
    before = artist.draw(CAT, 64, 64)
    artist._pipeline.base.scheduler.alphas_cumprod *= 0.5
    np.testing.assert_array_equal(artist.draw(CAT, 64, 64), before)


@pytest.mark.skipif(not (find_spec("accelerate") and find_spec("ftfy")), reason="it needs the extra generate")
def test_a_film_of_a_picture_leaves_the_parts_in_their_formats(pipelines: dict[str, Path]) -> None:
    import torch
    from diffusers import WanImageToVideoPipeline

    wan = DiffusersFilm(str(pipelines["wan"]), threads=2)
    parts = wan._pipeline.base.transformer
    next(parts.parameters()).data = next(parts.parameters()).data.to(torch.float64)
    formats = [parameter.dtype for parameter in parts.parameters()]
    beside = _beside(WanImageToVideoPipeline, wan._pipeline.base)
    assert beside.transformer is parts
    assert [parameter.dtype for parameter in parts.parameters()] == formats


# Progress and cancellation


def test_every_step_is_told(artist: DiffusersImage) -> None:
    told: list[tuple[int, int]] = []
    artist.draw(Prompt("a cat", steps=5), 64, 64, lambda done, total: told.append((done, total)))
    assert [(n, 5) for n in range(1, 6)] == [pair for pair in dict.fromkeys(told) if pair[0]]
    assert told == sorted(told)
    assert told[0] == (0, 0)


class StopError(Exception):
    """Somebody pressed Ctrl-C."""


@pytest.mark.parametrize("role", ["image", "sound", "film"])
def test_what_step_raises_ends_the_work_at_once_and_comes_out(pipelines: dict[str, Path], role: str) -> None:
    models = Models({role: f"diffusers:{pipelines[role]}"})
    told: list[int] = []

    def step(done: int, _: int) -> None:
        told.append(done)
        if done == 2:
            raise StopError

    prompt, made = Prompt("a cat", steps=400), models.generator(Role(role))
    calls: dict[str, Callable[[], Any]] = {
        "image": lambda: made.draw(prompt, 64, 64, step),
        "sound": lambda: made.sound(prompt, 0.2, step),
        "film": lambda: made.film(prompt, 9, 25.0, (32, 32), step=step),
    }
    begun_s = time.process_time()
    with pytest.raises(StopError):
        calls[role]()
    assert max(told) == 2
    assert time.process_time() - begun_s < 20


@pytest.mark.parametrize("raised", [RuntimeError("theirs"), ValueError("theirs"), KeyboardInterrupt()])
def test_what_step_raises_is_not_taken_for_the_pipelines(artist: DiffusersImage, raised: BaseException) -> None:
    def step(done: int, _: int) -> None:
        if done == 1:
            raise raised

    with pytest.raises(type(raised)) as caught:
        artist.draw(CAT, 64, 64, step)
    assert caught.value is raised


def test_a_long_step_is_interrupted_inside(artist: DiffusersImage) -> None:
    """Of one endless step the parts of the network are the moments at which one can stop."""
    told: list[int] = []

    def slow(*_: object) -> None:
        time.sleep(0.15)

    def step(done: int, _: int) -> None:
        told.append(done)
        if len(told) == 3:
            raise StopError

    hooks = [module.register_forward_hook(slow) for module in artist._pipeline.base.unet.modules()]
    with pytest.raises(StopError):
        artist.draw(Prompt("a cat", steps=1), 64, 64, step)
    for hook in hooks:
        hook.remove()
    assert told == [0, 0, 0]
    assert artist.draw(CAT, 64, 64).shape == (64, 64, 3)  # and is none the worse


# Several of them


def test_where_none_is_named_there_is_none() -> None:
    models = Models()
    assert (models.image, models.sound, models.film) == (None, None, None)
    assert not models.generates(Role.IMAGE_GENERATION)
    assert models.identity("image") == "none@.1"
    assert all(status.ready for status in models.status() if status.spec == "none")


def test_a_gallery_has_names_and_a_default(pipelines: dict[str, Path]) -> None:
    shown = {"sketch": f"diffusers:{pipelines['image']}", "oil": f"diffusers:{pipelines['checked']}"}
    models = Models(gallery={"image": shown})
    assert models.generates(Role.IMAGE_GENERATION, "oil")
    assert models.identity("image").count("diffusers:") == 2
    sketch = models.generator(Role.IMAGE_GENERATION, "sketch")
    assert sketch.id.startswith(shown["sketch"])
    assert models.image is sketch  # the first, where the role itself has none
    assert models.generator(Role.IMAGE_GENERATION, "oil").id.startswith(shown["oil"])
    assert [s.spec for s in models.status() if s.role == "image"] == ["none", *shown.values()]
    with pytest.raises(
        SettingsError, match=r"no image model 'sketsh' in the gallery. Did you mean sketch\? There is"
    ):
        models.generates(Role.IMAGE_GENERATION, "sketsh")
    with pytest.raises(SettingsError, match=r"Name some under \[gallery.film\] in playhead.toml"):
        models.generator(Role.FILM_GENERATION, "sketch")


@pytest.mark.parametrize(("resident", "kept"), [(1, False), (2, True)])
def test_no_more_stay_loaded_than_may(pipelines: dict[str, Path], resident: int, kept: bool) -> None:
    models = Models({role: f"diffusers:{pipelines[role]}" for role in ("image", "film")}, resident=resident)
    image = models.image
    assert models.image is image
    assert models.film is not None
    assert (models.image is image) == kept


@pytest.mark.parametrize(
    ("specs", "gallery", "message"),
    [
        ({"image": "diffuser:x"}, {}, "Did you mean diffusers"),
        ({"image": "diffusers"}, {}, "For example diffusers:Tongyi-MAI/Z-Image-Turbo"),
        ({"image": "none:x"}, {}, "'none' takes no argument"),
        ({}, {"image": {"a": "stable"}}, "no image model 'stable'"),
        ({}, {"picture": {"a": "clip:x"}}, "there is no gallery of picture"),
    ],
)
def test_a_wrong_spec_is_refused_at_once(specs: Any, gallery: Any, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Models(specs, gallery=gallery)
