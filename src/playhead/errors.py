"""Every error Playhead raises on purpose. Each says what happened, why, and what to do next.

PlayheadError
├── InputError              something that was given cannot be used
│   ├── MediaError          a file
│   │   ├── UnsafeMediaError      opening it would reach outside what was allowed
│   │   ├── UnreadableMediaError  it is not video or sound, or it is damaged
│   │   │   └── OutOfReachError   this machine cannot read it, another may
│   │   └── MediaLimitError       it is larger than the limits allow
│   ├── QueryError          a search
│   ├── UnknownResourceError  an address at which there is nothing
│   ├── PlanError           a plan, or a request that no plan could be made of
│   ├── SettingsError       a setting, a model name, a flag
│   └── PolicyError         a policy of the gate
├── BlockedError            the gate did not let something through
├── LibraryError            the library folder
│   ├── LibraryLockedError  another process is writing to it
│   ├── LibraryVersionError it was written by a newer Playhead
│   ├── StorageError        the disk refused (full, read-only, permissions)
│   ├── VectorServerError   the server of vectors cannot be reached or refused
│   └── AuditError          the record of the gate is missing, damaged or cannot be written
├── WorkersError            the machines that were to index
├── ModelError              a model
│   └── WeightsError        its weights are missing or not the pinned ones
└── PluginError             something that a package offers
"""

from __future__ import annotations

import copyreg
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from playhead.types import Verdict

NOT_REGULAR = "it is not a regular file (a folder, pipe or device)"
"""The `why` of an error about what is there but is no file."""


class PlayheadError(Exception):
    """Root of all errors raised on purpose.

    `what` happened, `why`, and how to `fix` it; `str()` joins them into one line.
    """

    exit_code = 1

    def __init__(self, what: str, why: str = "", fix: str = "") -> None:
        self.what, self.why, self.fix = what, why, fix
        line = f"{what}: {why}" if why else what
        super().__init__(f"{line}. {fix}" if fix else line)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickled whole: by itself Python would make it anew from its one line."""
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]


def reason_of(error: Exception) -> str:
    """What the system or a library says, as the `why` of an error."""
    said = getattr(error, "strerror", None) or str(error)
    return said[:1].lower() + said[1:] or type(error).__name__


def no_file(path: Path) -> str:
    """Why there is no regular file at a path, as the `why` of an error."""
    return NOT_REGULAR if path.exists() else "there is no such file"


class InputError(PlayheadError):
    """Something that was given cannot be used."""

    exit_code = 2


class MediaError(InputError):
    """A media file cannot be used."""


class UnsafeMediaError(MediaError):
    """Opening the file would reach outside what was allowed: a link, a playlist, a device, another folder."""


class UnreadableMediaError(MediaError):
    """The file holds no video or sound that can be decoded, or it is damaged."""


class OutOfReachError(UnreadableMediaError):
    """This machine cannot read the file; another may."""


class MediaLimitError(MediaError):
    """The file is larger than the limits allow (pixels, frames, seconds, bytes, processor time)."""


class QueryError(InputError):
    """A search that cannot be answered as it was put."""


class UnknownResourceError(InputError):
    """Nothing goes by this address."""


class PlanError(InputError):
    """A plan that cannot be read or must not run; `problems` are its faults, each with its step and argument."""

    def __init__(self, what: str, why: str = "", fix: str = "", problems: tuple[object, ...] = ()) -> None:
        super().__init__(what, why, fix)
        self.problems = problems


class SettingsError(InputError):
    """A setting, model name or flag that does not exist or does not fit."""


class PolicyError(InputError):
    """A policy that cannot be used; `problems` are its faults."""

    def __init__(self, what: str, why: str = "", fix: str = "", problems: tuple[str, ...] = ()) -> None:
        super().__init__(what, why, fix)
        self.problems = problems


class BlockedError(PlayheadError):
    """The gate did not let something through; `verdict` says what was judged, how, and what would change it."""

    exit_code = 4

    def __init__(self, what: str, verdict: Verdict) -> None:
        super().__init__(what, verdict.reason, verdict.remedy)
        self.verdict = verdict


class LibraryError(PlayheadError):
    """The library folder cannot be used."""

    exit_code = 2


class LibraryLockedError(LibraryError):
    """Another process is writing to the library."""


class LibraryVersionError(LibraryError):
    """The library was written by a newer Playhead."""


class StorageError(LibraryError):
    """The disk refused: full, read-only or not permitted. What was committed before stays intact."""

    exit_code = 1


class VectorServerError(LibraryError):
    """The server of vectors cannot be reached or refused. The library itself is whole, and can be searched."""

    exit_code = 1


class AuditError(LibraryError):
    """The record that the gate keeps is missing, damaged or cannot be written: nothing passes without it."""


class WorkersError(PlayheadError):
    """The machines that were to index cannot be reached or were lost. What was committed before stays intact."""


class ModelError(PlayheadError):
    """A model cannot be loaded or failed while running."""

    exit_code = 2


class WeightsError(ModelError):
    """Model weights are missing, or are not the bytes that were pinned."""


class PluginError(PlayheadError):
    """Something that a package offers cannot be used."""

    exit_code = 2
