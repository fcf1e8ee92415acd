"""`playhead index …` with models that cost nothing: python indexer.py FOLDER --library LIBRARY"""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import playhead.index.library
from playhead.interfaces.cli import main

if __name__ == "__main__":
    spec = spec_from_file_location("fakes", Path(__file__).parents[1] / "conftest.py")
    assert spec
    assert spec.loader
    fakes = module_from_spec(spec)
    sys.modules["fakes"] = fakes
    spec.loader.exec_module(fakes)
    playhead.index.library.Models = lambda *_, **__: fakes.FakeModels()  # type: ignore[assignment, misc]
    playhead.index.library._TOGETHER = 1  # the vector index is written after each film: a kill may meet that too
    sys.exit(main(["index", *sys.argv[1:]]))
