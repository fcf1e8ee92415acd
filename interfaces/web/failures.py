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
from playhead.plain import plain

if TYPE_CHECKING:
    from collections.abc import Mapping


class NotFoundError(InputError):
    """There is no such video, job, file or page."""


class ChangedError(MediaError):
    """A file is no longer what it was when it was indexed."""


class BusyError(LibraryError):
    """Too much is waiting already."""


STATUS: tuple[tuple[type[Exception], int], ...] = (
    (BlockedError, 403),
    (NotFoundError, 404),
    (ChangedError, 409),
    (LibraryLockedError, 409),
    (MediaLimitError, 413),
    (UnreadableMediaError, 415),
    (UnsafeMediaError, 415),
    (InputError, 400),
    (BusyError, 429),
    (StorageError, 507),
    (LibraryError, 503),
    (ModelError, 503),
)
"""The first that fits counts: what is more particular comes first."""


def status_of(error: Exception) -> int:
    """The status for an error; 500 for one that nobody raised on purpose."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def told(error: Exception) -> dict[str, Any]:
    """The kind and the message; with the verdict of the gate, or the faults of a plan, where it has them."""
    said: dict[str, Any] = shapes.error(error)["error"]
    if isinstance(error, BlockedError):
        said["verdict"] = plain(error.verdict)
    if isinstance(error, PlanError) and error.problems:
        said["problems"] = plain(error.problems)
    return said


def failure(error: Exception) -> Response:
    """The answer to a request that failed."""
    return refusal(status_of(error), told(error))


def refusal(status: int, said: dict[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """An error as JSON, in ASCII: a message may quote half a letter, which has no UTF-8."""
    body = json.dumps({"error": said})
    return Response(body, status, dict(headers or {}), "application/json")
