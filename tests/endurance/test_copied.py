"""A library that is copied while it is written to: the copy is whole, is mended, or says that it is not."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from typing import TYPE_CHECKING

from playhead.errors import PlayheadError

from .conftest import FIRST, NEXT, opened
from .test_faults import MENDED
from .toll import WHOLE, Toll

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def wrong(copy: Path, footage: Path, refused: list[Path]) -> Iterator[str]:
    """What is wrong with a copy that is not `refused`, or not mended by `rebuild` and by indexing again."""
    try:
        with opened(copy, footage) as library:
            problems = library.verify()
            yield from (problem for problem in problems if not any(word in problem for word in MENDED))
            library.rebuild()
            for _, error in library.add(footage / FIRST, footage / NEXT).failed:
                yield f"it cannot be indexed again: {error}"
            yield from library.verify()
            if not library.search("ferry", channels=["speech"]):
                yield "what was committed before is not found"
    except PlayheadError as error:
        refused.append(copy)
        if not error.fix:
            yield f"it does not say what to do: {error}"
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        yield f"{type(error).__name__} came out: {error}"


def test_copied_while_it_is_written_to(begun: Path, footage: Path, tmp_path: Path, toll: Toll) -> None:
    folder, ended = shutil.copytree(begun, tmp_path / "library"), threading.Event()

    def write() -> None:
        while not ended.is_set():
            with opened(folder, footage) as library:
                library.add(footage / NEXT)
                library.remove(NEXT)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(30 if WHOLE else 2):
            time.sleep(0.13 * (number % 7))
            copied = subprocess.run(
                ["cp", "-r", str(folder), str(tmp_path / f"copy{number}")], stderr=subprocess.DEVNULL, check=False
            )
            assert copied.returncode in (0, 1)  # what vanishes while it is copied is left out
    finally:
        ended.set()
        writer.join()
    refused: list[Path] = []
    for copy in sorted(tmp_path.glob("copy*")):
        toll.tried += 1
        toll.lost += [f"{copy.name}: {what}" for what in wrong(copy, footage, refused)]
    assert len(refused) < toll.tried  # where every copy is refused, nothing was looked at
