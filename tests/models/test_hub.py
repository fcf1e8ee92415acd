"""Hub models: found in folders and in the hub's cache, named by their bytes, refused in one clear line."""

import shutil

import numpy as np
import pytest

from playhead.errors import ModelError
from playhead.models import hub
from playhead.models.registry import Models
from playhead.testing import picture

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def hub_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


@pytest.fixture
def cached(hub_cache, tiny):
    """A model `acme/tiny-clip` as the hub's own library leaves it on disk."""
    repository = hub_cache / "models--acme--tiny-clip"
    shutil.copytree(tiny["clip"], repository / "snapshots" / COMMIT)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT)
    (repository / "blobs").mkdir()
    return repository


@pytest.mark.filterwarnings("ignore:A test tried to use socket:UserWarning")
@pytest.mark.parametrize(
    ("role", "spec"),
    [
        ("picture", "clip:acme/none"),
        ("picture", "siglip:acme/none"),
        ("objects", "detr:acme/none"),
        ("caption", "blip:acme/none"),
        ("sentences", "sentence-transformers:acme/none"),
        ("text_safety", "llama-guard:acme/none"),
        ("image_safety", "clip:acme/none"),
        ("speech", "whisper:tiny"),
        ("speech", "openai-whisper:tiny"),
    ],
)
def test_a_model_that_cannot_be_fetched_is_one_clear_line(role, spec, hub_cache, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for proxy in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)
    with pytest.raises(ModelError, match=r"cannot be downloaded.*cannot be reached.*offline profile") as caught:
        getattr(Models({role: spec}), role)
    assert "\n" not in str(caught.value)


def test_hub_offline_is_respected(hub_cache, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match="HF_HUB_OFFLINE is set"):
        _ = Models({"picture": "clip:acme/none"}).picture


def test_a_missing_folder_is_not_looked_for_on_the_hub(hub_cache):
    with pytest.raises(ModelError, match="the folder does not exist"):
        _ = Models({"picture": "clip:./no/such/folder"}).picture


def test_a_cached_model_needs_no_network(cached):
    models = Models({"picture": "clip:acme/tiny-clip"})
    assert models.identity("picture") == models.picture.id == f"clip:acme/tiny-clip@{COMMIT[:8]}.1"
    assert models.picture.encode_images([picture()]).shape == (1, 16)


def test_a_half_downloaded_model_does_not_count(cached):
    assert hub.local("acme/tiny-clip")
    (cached / "blobs" / "abc.incomplete").touch()
    assert hub.local("acme/tiny-clip") is None
    assert hub.revision("acme/tiny-clip") == hub.UNKNOWN_REVISION


def test_a_folder_is_named_by_its_bytes(tiny, tmp_path):
    copy = shutil.copytree(tiny["clip"], tmp_path / "copy")
    assert hub.revision(str(copy)) == hub.revision(str(tiny["clip"]))
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    assert hub.revision(str(copy)) != hub.revision(str(tiny["clip"]))


def test_a_model_of_another_kind_is_one_clear_line(tiny, tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelError, match="could not be loaded") as caught:
        _ = Models({"caption": f"blip:{tmp_path}"}).caption
    assert "\n" not in str(caught.value)


def test_two_backends_from_one_folder_agree(tiny):
    first, second = (Models({"picture": f"clip:{tiny['clip']}"}).picture for _ in range(2))
    np.testing.assert_array_equal(first.encode_texts(["a dog"]), second.encode_texts(["a dog"]))
