"""Every error Playhead raises on purpose. Each says what happened, why, and what to do next.

PlayheadError
├── InputError              something that was given cannot be used
│   ├── MediaError          a file
│   │   ├── UnsafeMediaError      opening it would reach outside what was allowed
│   │   ├── UnreadableMediaError  it is not video or sound, or it is damaged
│   │   └── MediaLimitError       it is larger than the limits allow
│   ├── QueryError          a search
│   ├── PlanError           a plan, or a request that no plan could be made of
│   └── SettingsError       a setting, a model name, a flag
├── LibraryError            the library folder
│   ├── LibraryLockedError  another process is writing to it
│   ├── LibraryVersionError it was written by a newer Playhead
│   └── StorageError        the disk refused (full, read-only, permissions)
└── ModelError              a model
    └── WeightsError        its weights are missing or not the pinned ones
"""

from __future__ import annotations


class PlayheadError(Exception):
    """Root of all errors raised on purpose.

    `what` happened, `why`, and how to `fix` it; `str()` joins them into one line.
    """

    exit_code = 1

    def __init__(self, what: str, why: str = "", fix: str = "") -> None:
        self.what, self.why, self.fix = what, why, fix
        line = f"{what}: {why}" if why else what
        super().__init__(f"{line}. {fix}" if fix else line)


class InputError(PlayheadError):
    """Something that was given cannot be used."""

    exit_code = 2


class MediaError(InputError):
    """A media file cannot be used."""


class UnsafeMediaError(MediaError):
    """Opening the file would reach outside what was allowed: a link, a playlist, a device, another folder."""


class UnreadableMediaError(MediaError):
    """The file holds no video or sound that can be decoded, or it is damaged."""


class MediaLimitError(MediaError):
    """The file is larger than the limits allow (pixels, frames, seconds, bytes, processor time)."""


class QueryError(InputError):
    """A search that cannot be answered as it was put."""


class PlanError(InputError):
    """A plan that cannot be read or must not run; `problems` are its faults, each with its step and argument."""

    def __init__(self, what: str, why: str = "", fix: str = "", problems: tuple[object, ...] = ()) -> None:
        super().__init__(what, why, fix)
        self.problems = problems


class SettingsError(InputError):
    """A setting, model name or flag that does not exist or does not fit."""


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


class ModelError(PlayheadError):
    """A model cannot be loaded or failed while running."""

    exit_code = 2


class WeightsError(ModelError):
    """Model weights are missing, or are not the bytes that were pinned."""
