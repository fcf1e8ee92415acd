"""A toll that is told in the end, and a library to do harm to."""

from __future__ import annotations

import shutil
import tempfile
from typing import TYPE_CHECKING, cast

import pytest

from playhead import Library, Settings
from playhead.testing import FakeModels

from ..index.test_kill import dump
from .films import films
from .toll import Toll

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playhead.models.registry import Models

FIRST, NEXT = "flag.mp4", "garden.mp4"


@pytest.fixture
def toll(record_property: Callable[[str, object], None]) -> Iterator[Toll]:
    """What the test tried, lost and leaked; it fails where that is anything."""
    counted = Toll()
    yield counted
    for name, found in (("tried", counted.tried), ("lost", len(counted.lost)), ("leaked", len(counted.leaked))):
        record_property(name, found)
    assert counted.lost + counted.leaked == []


def opened(folder: Path, roots: Path, *, through_chroma: bool = False) -> Library:
    """A library with models that cost nothing; all of its vectors are in Chroma too where that is asked for."""
    settings = Settings.model_validate({"channels": ("picture", "object", "speech"), "roots": (roots,)})
    if through_chroma:
        settings = settings.model_copy(update={"exact_limit": 0})
    return Library(folder, settings=settings, models=cast("Models", FakeModels()))


@pytest.fixture(scope="session")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small films with subtitles; look, but change nothing."""
    return films(tmp_path_factory.mktemp("films"))


@pytest.fixture(scope="session")
def begun(footage: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that holds the first film."""
    with opened(tmp_path_factory.mktemp("begun") / "library", footage) as library:
        assert not library.add(footage / FIRST).failed
        return library.folder


@pytest.fixture(scope="session")
def undisturbed(begun: Path, footage: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of `begun` to which the next film was added, and nothing went wrong."""
    folder = shutil.copytree(begun, tmp_path_factory.mktemp("undisturbed") / "library")
    with opened(folder, footage) as library:
        assert not library.add(footage / NEXT).failed
    assert len(dump(folder)["video"]) == 2
    return folder


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files, watched."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder
