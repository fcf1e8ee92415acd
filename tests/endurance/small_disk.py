"""On a disk of its own that is too small: python small_disk.py CASE, in a mount namespace that it may mount in.

CASE is JSON: the library to begin with, the folder of footage, the film to add, an empty folder to mount on, and
sizes in KiB. For each size a line of JSON says what happened on the full disk, and what once there was room.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.endurance.conftest import FIRST, opened
from tests.index.test_kill import dump

from playhead.errors import PlayheadError

ROOM = "64m"


def tried(case: dict[str, Any], size_kib: int) -> dict[str, Any]:
    """Add the film to a copy of the library on a disk of this size, then on a larger one."""
    place, footage = Path(case["mount"]), Path(case["footage"])
    _mount("-t", "tmpfs", "-o", f"size={size_kib}k", "tmpfs", str(place))
    try:
        folder = shutil.copytree(case["library"], place / "library")
        said: dict[str, Any] = {"size_kib": size_kib, "full": _added(folder, footage, case["film"])}
        said["kept"] = _kept(folder, footage)
        _mount("-o", f"remount,size={ROOM}", str(place))
        said["again"] = _added(folder, footage, case["film"])
        with opened(folder, footage) as library:
            said["wrong"] = library.verify()
        said["left"] = [str(path.relative_to(folder)) for path in folder.rglob("*.part")]
        said["same"] = dump(folder) == dump(Path(case["whole"]))
    finally:
        subprocess.run(["umount", str(place)], check=True)
    return said


def _added(folder: Path, footage: Path, film: str) -> str:
    """Empty where it was added; what was told; or the name of what should not have come out."""
    try:
        with opened(folder, footage) as library:
            failed = library.add(footage / film).failed
    except PlayheadError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        return f"!{type(error).__name__}: {error}"
    return "; ".join(str(error) for _, error in failed)


def _kept(folder: Path, footage: Path) -> str:
    """Empty where what was there before is found; what was told; or what is wrong."""
    try:
        with opened(folder, footage) as library:
            names = [video.name for video in library.videos()]
            return "" if FIRST in names and library.search("ferry", channels=["speech"]) else "!it is not found"
    except PlayheadError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        return f"!{type(error).__name__}: {error}"


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    for size in asked["sizes_kib"]:
        print(json.dumps(tried(asked, size)), flush=True)
