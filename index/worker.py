"""What observes videos on another machine: told where a file lies, it gives a record. It sees no library."""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from playhead.errors import MediaError, ModelError, OutOfReachError, PlayheadError
from playhead.index.observe import observe
from playhead.index.watch import thumbnail_folder
from playhead.media.files import open_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from playhead.index.catalog import Record
    from playhead.index.observe import Options
    from playhead.media.files import MediaFile
    from playhead.models.registry import Models
    from playhead.models.roles import Role
    from playhead.types import Limits


@dataclass(frozen=True, slots=True)
class Orders:
    """What every worker is told once: how to make its models, which of them it needs, and what a file may cost."""

    make_models: Callable[[], Models]
    roles: tuple[Role, ...]
    limits: Limits
    node: str = platform.node()


@dataclass(frozen=True, slots=True)
class Identity:
    """Which bytes a file had, and how to tell whether it was written to since."""

    video_id: str
    size: int
    changed_ns: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What watching gave: the record, and the thumbnails it names, by file name."""

    record: Record
    pictures: dict[str, bytes]


_PREFIX = "playhead-worker-"  # of scratch folders
_NEW_S = 60.0  # one that was made just now may not be locked yet

P = ParamSpec("P")
T = TypeVar("T")


def _answered(
    work: Callable[Concatenate[Worker, P], T],
) -> Callable[Concatenate[Worker, P], T | Exception]:
    """An error is an answer: what Ray itself raises then only ever means that a worker was lost."""

    @wraps(work)
    def answer(worker: Worker, /, *args: P.args, **named: P.kwargs) -> T | Exception:
        try:
            return work(worker, *args, **named)
        except ModelError as error:
            return type(error)(f"On the machine {platform.node()}: {error.what}", error.why, error.fix)
        except PlayheadError as error:
            return error
        except Exception as error:  # noqa: BLE001 - it may not survive the journey, what it says does
            return RuntimeError(f"{type(error).__name__}: {error}")

    return answer


class Worker:
    """Keeps its models from one video to the next."""

    def __init__(self, orders: Orders) -> None:
        self._orders, self._models = orders, orders.make_models()

    @_answered
    def ready(self) -> str:
        """The name of its machine, once its models are there."""
        sweep()
        self._models.settle(self._orders.roles)
        return platform.node()

    @_answered
    def identify(self, path: Path, roots: Sequence[Path]) -> Identity:
        """Read a file once, for its digest."""
        with self._opened(path, roots) as file:
            video_id = file.sha256()
            file.check_unchanged()
            return Identity(video_id, file.size, file.changed_ns)

    @_answered
    def watch(self, path: Path, roots: Sequence[Path], identity: Identity, options: Options) -> Seen:
        """Observe a file, which must be as it was when it was identified."""
        with self._opened(path, roots) as file, scratch() as folder:
            if (file.size, file.changed_ns) != (identity.size, identity.changed_ns):
                why, fix = "it changed after its digest was taken", "Wait until it is complete, then index it again"
                raise MediaError(f"{path.name} was not indexed", why, fix)
            limits = self._orders.limits
            record = observe(file, identity.video_id, self._models, options, library=folder, limits=limits)
            file.check_unchanged()
            shown = (folder / thumbnail_folder(identity.video_id)).glob("*.jpg")
            return Seen(record, {picture.name: picture.read_bytes() for picture in sorted(shown)})

    @contextmanager
    def _opened(self, path: Path, roots: Sequence[Path]) -> Iterator[MediaFile]:
        if platform.node() != self._orders.node and not os.access(path, os.R_OK):
            why = f"the machine {platform.node()} cannot read it"
            fix = "Every machine must find footage under the same path, on storage that they share"
            raise OutOfReachError(f"{path} was not indexed", why, fix)
        with open_file(path, roots, self._orders.limits) as file:
            yield file


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for thumbnails on their way; a lock on it says that its owner lives, whatever the owner is called."""
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as folder:
        held = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield Path(folder)
        finally:
            os.close(held)


def sweep() -> None:
    """Delete what killed workers of the same user left in the folder for temporary files."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):  # in use, swept by another, not to be deleted: no reason not to work
            if folder.lstat().st_uid == os.getuid() and time.time() - folder.lstat().st_mtime > _NEW_S:
                _delete(folder)


def _delete(folder: Path) -> None:
    held = os.open(folder, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_DIRECTORY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)
    finally:
        os.close(held)
