"""The benchmark of the one writer commits what it says."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from playhead.index.catalog import Catalog
from playhead.types import Channel

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "one_writer.py"


def test_it_commits_so_many_hours(tmp_path: Path) -> None:
    spec = spec_from_file_location("one_writer", BENCHMARK)
    assert spec is not None
    assert spec.loader is not None
    module: Any = module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    found = module.measure(tmp_path, hours=2, pictures=16, texts=6)
    assert (found["hours"], found["segments"]) == (2, 44)
    assert found["hours_per_s"] > 0
    catalog = Catalog(tmp_path / "catalog.sqlite", readonly=True)
    video = catalog.videos()[0].id
    assert [len(catalog.segments(video, c)) for c in (Channel.PICTURE, Channel.SPEECH)] == [16, 2]
    assert len(list(tmp_path.glob("thumbs/**/*.jpg"))) == len(catalog.thumbnails()) == 32
    catalog.close()
