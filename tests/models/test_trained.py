"""Files of weights of our own: the same for the same numbers, and refused where they are something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from safetensors.numpy import save_file

from playhead.errors import WeightsError
from playhead.models.cache import sha256_of
from playhead.models.trained import read_trained, write_trained

if TYPE_CHECKING:
    from pathlib import Path

TENSORS = {"weight": np.array([[0.5, -1.25]], np.float32), "offset": np.array([2.0], np.float32)}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "small.safetensors"


def test_what_was_written_is_read(file: Path) -> None:
    content = write_trained(TENSORS, "toys", {"é": [1, 2]})
    assert content == write_trained(TENSORS, "toys", {"é": [1, 2]})
    file.write_bytes(content)
    tensors, about = read_trained(file, "toys", sha256_of(file))
    assert about == {"é": [1, 2]}
    assert {name: tensor.tolist() for name, tensor in tensors.items()} == {"weight": [[0.5, -1.25]], "offset": [2.0]}


def refused(file: Path, expect_sha256: str = "") -> str:
    with pytest.raises(WeightsError) as caught:
        read_trained(file, "toys", expect_sha256)
    assert caught.value.fix
    return caught.value.why


def test_what_is_missing_damaged_or_something_else_is_refused(file: Path) -> None:
    assert "No such file" in refused(file)
    file.write_bytes(b"\x00" * 99)
    assert refused(file)
    file.write_bytes(write_trained(TENSORS, "trains", {}))
    assert refused(file) == "it is no file of toys"
    assert "not the pinned" in refused(file, "0" * 64)
    file.write_bytes(write_trained({"weight": np.array([np.nan])}, "toys", {}))
    assert refused(file) == "it holds numbers that are not finite"


@pytest.mark.parametrize("said", ["", "{", "7", "[" * 100_000])
def test_what_says_nothing_of_itself_is_refused(said: str, file: Path) -> None:
    save_file(TENSORS, file, metadata={"playhead toys": said})
    assert refused(file) == "what it says of itself cannot be read"
