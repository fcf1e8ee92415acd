"""Errors as HTTP tells them: a status, and the same line that the command line prints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from playhead.errors import (
    BlockedError,
    InputError,
    LibraryError,
    LibraryLockedError,
    MediaError,
    MediaLimitError,
    ModelError,
    PlanError,
    StorageError,
    UnreadableMediaError,
    UnsafeMediaError,
)
from playhead.interfaces import shapes
from playhead.interfaces.web.schema import Failure
from playhead.plain import plain

if TYPE_CHECKING:
    from collections.abc import Mapping


class NotFoundError(InputError):
    """There is no such video, job, file or page."""


class ChangedError(MediaError):
    """A file is no longer what it was when it was indexed."""


class BusyError(LibraryError):
    """Too much is waiting already."""


_MEANINGS: tuple[tuple[int, str, tuple[type[Exception], ...]], ...] = (
    (403, "The gate stopped it, or another site asked", (BlockedError,)),
    (404, "There is no such thing", (NotFoundError,)),
    (409, "The library is being written to, or the file is not what was indexed", (ChangedError, LibraryLockedError)),
    (413, "It is too large", (MediaLimitError,)),
    (415, "It is not video or sound that can be read", (UnreadableMediaError, UnsafeMediaError)),
    (400, "Something that was given cannot be used", (InputError,)),
    (401, "The token is missing or wrong", ()),
    (405, "That cannot be done with it", ()),
    (421, "The server does not go by this name", ()),
    (422, "The body or an argument does not fit", ()),
    (429, "Too much is waiting", (BusyError,)),
    (507, "The disk is full", (StorageError,)),
    (503, "The library or a model cannot be used", (LibraryError, ModelError)),
)
"""Each status with what it means and its errors. The first that fits counts: what is more particular comes first."""
FAILURES: dict[int | str, dict[str, Any]] = {
    status: {"model": Failure, "description": meaning} for status, meaning, _ in _MEANINGS
}


def status_of(error: Exception) -> int:
    """The status for an error; 500 for one that nobody raised on purpose."""
    return next((status for status, _, kinds in _MEANINGS if isinstance(error, kinds)), 500)


def told(error: BaseException) -> dict[str, Any]:
    """The kind and the message; with the verdict of the gate, or the faults of a plan, where it has them."""
    said: dict[str, Any] = shapes.error(error)["error"]
    if isinstance(error, PlanError) and error.problems:
        said["problems"] = plain(error.problems)
    return said


def refusal(status: int, said: dict[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """An error as JSON, in ASCII: a message may quote half a letter, which has no UTF-8."""
    body = json.dumps({"error": said})
    return Response(body, status, dict(headers or {}), "application/json")
