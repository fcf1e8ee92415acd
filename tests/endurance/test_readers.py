"""A reader that stays open while others write holds nothing of what they replaced."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from playhead import Library

from .conftest import opened
from .vitals import descriptors

if TYPE_CHECKING:
    from pathlib import Path


def test_a_reader_lets_go_of_a_vector_index_that_was_replaced(begun: Path, footage: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(begun, tmp_path / "library")
    with (
        opened(folder, footage, through_chroma=True) as writer,
        Library(folder, settings=writer.settings, models=writer.models) as reader,
    ):
        for _ in range(3):
            writer.rebuild()
            writer._vectors.close()  # what the writer itself holds is its own
            assert reader.search("red", channels=["picture"])
            held = [what for what in descriptors().values() if str(folder / "vectors") in what]
            assert any("chroma.sqlite3" in what for what in held)
            assert [what for what in held if what.endswith(" (deleted)")] == []
