"""Data sets out of footage, as VideoChat (Li et al. 2023) made them: descriptions with times, and conversations.

A record is one JSON line about one video. Everything in it was observed: a sentence without evidence, and a question
whose answer the footage does not show, are left out.
"""

from __future__ import annotations

import fcntl
import json
import os
import shlex
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from playhead.agent.answer import held, together
from playhead.agent.interview import questions
from playhead.errors import NOT_REGULAR, InputError, StorageError, reason_of
from playhead.index.ingest import media_files
from playhead.media.files import open_file
from playhead.media.saving import remedy
from playhead.safety.texts import with_texts
from playhead.tools.registry import get_tool
from playhead.types import Progress, cited

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from playhead.index.library import Library
    from playhead.tools.contract import Context
    from playhead.types import Answer, Citation, Claim, Video


class Kind(StrEnum):
    """What a record holds: a description with times, or a conversation of several turns."""

    DESCRIPTION = "description"
    CONVERSATION = "conversation"


def record(kind: Kind, video: Video, context: Context) -> dict[str, Any]:
    """What one video gives: `scenes` of a description, or the `turns` of a conversation. Raises `PlayheadError`."""
    head = {
        "kind": kind.value,
        "video": {"id": video.id, "name": video.name, "duration_s": round(video.duration_s, 3)},
        "worded_by": context.chat.id if context.chat else "",
    }
    if kind is Kind.CONVERSATION:
        return head | {"turns": _turns(video, context)}
    answer = _asked("describe_video", {"video": video.id}, video, context)
    return head | {"text": answer.text, "scenes": [_scene(claim) for claim in answer.claims]}


def _turns(video: Video, context: Context) -> list[dict[str, Any]]:
    turns = []
    for question in questions(video, context):
        given = {"question": question.text, "video": video.id}
        answer = _asked("answer_question", given, video, context)
        if answer.claims and question.agrees(answer):
            evidence = [_evidence(c) for c in dict.fromkeys(c for claim in answer.claims for c in claim.evidence)]
            turn = {"about": question.about.value, "question": question.text, "answer": answer.text}
            turns.append(turn | {"evidence": evidence})
    return turns


def _asked(tool: str, arguments: dict[str, Any], video: Video, context: Context) -> Answer:
    return held(together([get_tool(tool).call(arguments, context)]), [video])


def _scene(claim: Claim) -> dict[str, Any]:
    spans = [citation.span for citation in claim.evidence]
    times = {"start_s": min(span.start_s for span in spans), "end_s": max(span.end_s for span in spans)}
    seen = [_evidence(citation) for citation in claim.evidence]
    return {"text": claim.text, "times": cited(claim)} | _rounded(times) | {"evidence": seen}


def _evidence(citation: Citation) -> dict[str, Any]:
    times = {"start_s": citation.span.start_s, "end_s": citation.span.end_s}
    return {"id": citation.id, "channel": citation.channel.value, **_rounded(times), "text": citation.text}


def _rounded(times: dict[str, float]) -> dict[str, float]:
    return {name: round(time_s, 3) for name, time_s in times.items()}


def videos_below(library: Library, folder: Path) -> list[Video]:
    """The videos of a folder, all the way down, by name. Raises `InputError` where one of them was not indexed."""
    found, failed = media_files([folder])
    if failed:
        raise InputError(f"{folder} gives no data set", str(failed[0][1]))
    known: dict[str, Video] = {video.id: video for video in library.videos()}
    paths = {video.path: video for video in known.values()}
    videos, missing = {}, []
    for path, root in found:
        video = paths.get(path) or known.get(_sha256(path, root, library))
        if video is None:
            missing.append(path.name)
        else:
            videos[video.id] = video
    if missing:
        names = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
        why = f"{len(missing)} of its files are not in {library.folder}: {names}"
        raise InputError(f"{folder} gives no data set yet", why, f"Run: playhead index {shlex.quote(str(folder))}")
    return sorted(videos.values(), key=lambda video: (video.name, video.id))


def _sha256(path: Path, root: Path, library: Library) -> str:
    with open_file(path, [root, *library.settings.roots], library.settings.limits) as file:
        return file.sha256()


class DatasetFile:
    """A file of records that can be gone on with: each line is written whole, or it is not there.

    With `with`; what is in it already stays. Raises `InputError` for a file that is no data set, or is being written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            if path.exists() and not path.is_file():
                raise InputError(f"{path} cannot hold a data set", NOT_REGULAR, "Name another file with --out")
            self._file = path.open("a+b")
        except OSError as error:
            raise self._refused(error) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._known = self._read()
        except BlockingIOError as error:
            self._file.close()
            raise InputError(f"{path} is being written", "by another process", "Wait for it to end") from error
        except BaseException:
            self._file.close()
            raise

    def _read(self) -> set[tuple[str, str]]:
        """What is in it, by kind and video; a line that was being written when its run was killed is taken away."""
        self._file.seek(0)
        data = self._file.read()
        whole = data[: data.rfind(b"\n") + 1]
        known = {self._key(line) for line in whole.splitlines()}
        torn = data[len(whole) :]
        if torn and not known and not (torn.startswith(_HEAD) or _HEAD.startswith(torn)):
            raise self._foreign()
        self._file.truncate(len(whole))
        return known

    def _key(self, line: bytes) -> tuple[str, str]:
        try:
            said = json.loads(line)
            return str(said["kind"]), str(said["video"]["id"])
        except (ValueError, KeyError, TypeError) as error:
            raise self._foreign() from error

    def _foreign(self) -> InputError:
        return InputError(f"{self.path} is no data set", "it holds something else", "Name another file with --out")

    def _refused(self, error: OSError) -> StorageError:
        return StorageError(f"{self.path} cannot be written", reason_of(error), remedy(error.errno))

    def holds(self, kind: Kind, video: Video) -> bool:
        """Whether there is such a record already."""
        return (kind.value, video.id) in self._known

    def write(self, said: dict[str, Any]) -> None:
        """Add a record; when this returns it is on the disk. Raises `StorageError`."""
        try:
            self._file.write(line(said))
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._refused(error) from error
        self._known.add((said["kind"], said["video"]["id"]))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


_HEAD = b'{"kind": "'


def line(said: dict[str, Any]) -> bytes:
    """A record as one line of JSON."""
    return json.dumps(said, ensure_ascii=False).encode(errors="replace") + b"\n"


def make(
    kind: Kind,
    videos: Sequence[Video],
    context: Context,
    write: Callable[[dict[str, Any]], None],
    known: Callable[[Kind, Video], bool] = lambda *_: False,
) -> int:
    """Write a record of each video that is not known yet, in order; how many were written."""
    made = 0
    for number, video in enumerate(videos):
        context.progress(Progress("file", video.name, number, len(videos)))
        if not known(kind, video):
            write(with_texts(record(kind, video, context), context.gate.mask))
            made += 1
    context.progress(Progress("file", "", len(videos), len(videos)))
    return made


__all__ = ["DatasetFile", "Kind", "line", "make", "record", "videos_below"]
