"""Packaged weights are used only when they are exactly the pinned bytes."""

import hashlib
import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from playhead.errors import SettingsError, WeightsError
from playhead.models import cache as cache_module
from playhead.models import weights

JOINED = {"model.bin": "whisper-base.model", "config.json": "whisper-base.config"}


@pytest.fixture
def fresh_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAYHEAD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A package of two small parts that the manifest knows as `toy`."""
    contents = [b"first half, ", b"second half"]
    parts = []
    for number, content in enumerate(contents):
        (tmp_path / f"part{number}").write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        parts.append(weights.PackagedFile("toy-weights", "1.2", f"part{number}", len(content), digest))
    whole = b"".join(contents)
    toy = weights.Weights("toy", tuple(parts), len(whole), hashlib.sha256(whole).hexdigest(), "upstream", "MIT")
    info = tmp_path / "toy_weights-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-weights\nVersion: 1.2\n")
    monkeypatch.syspath_prepend(tmp_path)
    one = replace(toy, name="one", parts=toy.parts[:1], bytes=toy.parts[0].bytes, sha256=toy.parts[0].sha256)
    monkeypatch.setattr(weights, "manifest", lambda: {"toy": toy, "one": one})
    return tmp_path


@pytest.mark.parametrize("name", weights.manifest())
def test_installed_weights_are_the_pinned_ones(name):
    assert weights.problem(name) is None
    assert len(weights.locate_parts(name)) == len(weights.entry(name).parts)


def test_every_entry_names_its_origin():
    for entry in weights.manifest().values():
        assert entry.upstream.startswith("http")
        assert entry.licence
        assert sum(part.bytes for part in entry.parts) == entry.bytes


def test_a_missing_package_is_named_with_the_command(monkeypatch):
    entry = weights.entry("minilm.weights")
    gone = replace(entry, parts=(replace(entry.parts[0], package="no-such-package"),))
    monkeypatch.setattr(weights, "manifest", lambda: {"minilm.weights": gone})
    with pytest.raises(WeightsError, match=r"no-such-package is not installed.*pip install 'playhead\[offline\]'"):
        weights.locate("minilm.weights")
    assert "no-such-package" in str(weights.problem("minilm.weights"))


def test_an_unknown_name_lists_what_there_is():
    with pytest.raises(SettingsError, match=r"minilm\.weights"):
        weights.entry("minilm")


def test_one_altered_byte_is_refused(installed, fresh_cache):
    file = weights.locate("one")
    assert weights.locate("one") == file
    file.write_bytes(b"First half, ")
    with pytest.raises(WeightsError, match=r"refused.*--force-reinstall --no-deps toy-weights==1\.2"):
        weights.locate("one")
    assert weights.problem("one") is None  # the size is right: only `locate` reads the bytes


def test_a_wrong_size_shows_without_reading(installed):
    (installed / "part1").write_bytes(b"second half and more")
    assert "20 bytes instead of 11" in str(weights.problem("toy"))


def test_parts_are_joined_once(installed, fresh_cache):
    folder = weights.assemble({"whole.bin": "toy"})
    written = (folder / "whole.bin").stat().st_mtime_ns
    assert (folder / "whole.bin").read_bytes() == b"first half, second half"
    assert weights.assemble({"whole.bin": "toy"}) == folder
    assert (folder / "whole.bin").stat().st_mtime_ns == written


def test_an_altered_part_never_reaches_the_cache(installed, fresh_cache):
    (installed / "part1").write_bytes(b"second HALF")
    with pytest.raises(WeightsError, match="part1"):
        weights.assemble({"whole.bin": "toy"})
    assert not list(fresh_cache.rglob("whole.bin*"))


def test_an_altered_cache_is_made_again(installed, fresh_cache):
    whole = weights.assemble({"whole.bin": "toy"}) / "whole.bin"
    whole.write_bytes(b"garbage")
    assert (weights.assemble({"whole.bin": "toy"}) / "whole.bin").read_bytes() == b"first half, second half"


def test_an_interrupted_join_leaves_nothing_wrong(installed, fresh_cache, monkeypatch):
    def killed(_paths):
        yield b"first half, "
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(weights, "_chunks", killed)
        with pytest.raises(KeyboardInterrupt):
            weights.assemble({"whole.bin": "toy"})
    assert not list(fresh_cache.rglob("whole.bin*"))
    assert (weights.assemble({"whole.bin": "toy"}) / "whole.bin").read_bytes() == b"first half, second half"


def test_what_a_killed_process_left_is_removed_later(tmp_path):
    left = tmp_path / "model.bin.abc.part"
    left.write_bytes(b"half")
    young = tmp_path / "model.bin.def.part"
    young.write_bytes(b"another process is writing this")
    long_ago = time.time() - 2 * cache_module.STALE_S
    os.utime(left, (long_ago, long_ago))
    cache_module.write_atomically(tmp_path / "model.bin", [b"whole"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.bin", "model.bin.def.part"]


@pytest.mark.parametrize("name", ["[ab].json", "a**b.json"])
def test_a_name_is_no_pattern(tmp_path, name):
    others = tmp_path / "a.json.abc.part"
    others.write_bytes(b"of another file")
    long_ago = time.time() - 2 * cache_module.STALE_S
    os.utime(others, (long_ago, long_ago))
    cache_module.write_atomically(tmp_path / name, [b"whole"])
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "a.json.abc.part"])


def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("PLAYHEAD_CACHE", str(tmp_path / "file"))
    assert weights.locate("minilm.tokenizer").is_file()
    with pytest.raises(WeightsError, match="PLAYHEAD_CACHE"):
        weights.assemble(JOINED)


def test_checksums_of_files_that_are_gone_do_not_pile_up(tmp_path, fresh_cache, monkeypatch):
    monkeypatch.setattr(cache_module, "_STAMPS", 4)
    files = [tmp_path / f"{number}.bin" for number in range(6)]
    for file in files:
        file.write_bytes(b"weights")
        cache_module.sha256_of(file)
        if file not in files[-3:]:
            file.unlink()
    known = json.loads((fresh_cache / "checksums.json").read_text())
    assert [str(file) for file in files[-3:]] == [path for path in known if Path(path).exists()]
    assert len(known) <= 5


def test_checksums_are_remembered_and_forgotten_when_a_file_changes(tmp_path, fresh_cache):
    file = tmp_path / "weights.bin"
    file.write_bytes(b"one")
    first = cache_module.sha256_of(file)
    assert str(file) in (fresh_cache / "checksums.json").read_text()
    file.write_bytes(b"other")
    assert cache_module.sha256_of(file) == hashlib.sha256(b"other").hexdigest() != first
    (fresh_cache / "checksums.json").write_text('{"damaged": 3}')
    assert cache_module.sha256_of(file) == hashlib.sha256(b"other").hexdigest()
