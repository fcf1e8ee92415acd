"""What a person reads on the terminal. Tables on standard output, progress on standard error."""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from playhead.errors import StorageError, reason_of
from playhead.plain import STEERING, plain, spelled_out
from playhead.types import format_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from playhead.types import Evidence, IndexReport, Moment, Progress, SearchResult, Segment, Video


def say_json(value: Any, *, indent: int | None = 2) -> None:
    """One JSON document on standard output; on one line without `indent`."""
    text = json.dumps(plain(value), ensure_ascii=not _speaks_unicode(), indent=indent)
    with written():
        sys.stdout.write(STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")


class OutputError(StorageError):
    """Standard output takes no more."""


@contextmanager
def written() -> Iterator[None]:
    """Where standard output takes no more, nothing else is written to it. Raises `OutputError`."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        silence()
        why = reason_of(error)
        raise OutputError("The output could not be written", why, "Make room, or send it elsewhere") from error


def silence() -> None:
    """Let standard output lead nowhere, so that what is still to be written to it does not fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def spell_out() -> None:
    """Spell out what standard output has no letters for, as standard error does, rather than fail on it."""
    if isinstance(sys.stdout, io.TextIOWrapper) and not _speaks_unicode():
        sys.stdout.reconfigure(errors="backslashreplace")


def _speaks_unicode() -> bool:
    return (getattr(sys.stdout, "encoding", None) or "utf-8").lower().startswith("utf")


def say(text: str) -> None:
    """A line, or several, on standard output."""
    with written():
        sys.stdout.write(spelled_out(text) + "\n")


def note(text: str) -> None:
    """A line, or several, on standard error, if it is open."""
    if sys.stderr is not None:
        sys.stderr.write(spelled_out(text) + "\n")


def line(text: str) -> str:
    """The text on one line, with what would steer a terminal spelled out: file names and footage are not trusted."""
    return spelled_out(text.replace("\n", "\\n").replace("\t", "\\t"))


def show_result(result: SearchResult, around: Sequence[Sequence[Segment]] = (), asked: str = "") -> None:
    """Moments as a table, or that nothing matches and what came nearest; `around` is told of each."""
    for text in result.notes:
        note(text)
    if result.query != " ".join(asked.split()):
        say(line(f"Read as: {result.query}"))
    if result.moments:
        _show_moments(result.moments, around)
        return
    say("Nothing in this library shows or says that." if result.nearest or not result.notes else "No moments.")
    if result.nearest:
        say("The nearest there is:")
        _show_moments(result.nearest, around)


def _show_moments(moments: tuple[Moment, ...], around: Sequence[Sequence[Segment]]) -> None:
    """A row a moment; below it the evidence, each with its own time, and the picture to look at."""
    width = max(len(line(moment.video.name)) for moment in moments)
    say(f"{'score':>8}  {'video':<{width}}  {'from':>9}  {'to':>9}")
    for number, moment in enumerate(moments, 1):
        start, end = format_time(moment.span.start_s), format_time(moment.span.end_s)
        say(f"{number:>2}  {moment.score:.2f}  {line(moment.video.name):<{width}}  {start:>9}  {end:>9}")
        for evidence in moment.evidence:
            say(f"          {_evidence(evidence)}")
        thumbnail = next((e.thumbnail for e in moment.evidence if e.thumbnail), None)
        if thumbnail:
            say(f"          {line(str(thumbnail))}")
        for told in around[number - 1] if around else ():
            say(f"          around: {told.channel} {format_time(told.span.start_s)}  “{line(told.text)}”")


def _evidence(evidence: Evidence) -> str:
    what = f"“{line(evidence.text)}”" if evidence.text else "looks like it"
    return f"{evidence.channel} {format_time(evidence.span.start_s)}  {what}  {evidence.score:.2f}"


def show_report(report: IndexReport, folder: object) -> None:
    """What an indexing run did, and every file that failed with the reason."""
    done = [
        f"{len(videos)} {word}"
        for word, videos in (("added", report.added), ("updated", report.updated), ("unchanged", report.unchanged))
        if videos
    ]
    say(line(f"{', '.join(done) or 'Nothing indexed'} in {folder}"))
    for video in (*report.added, *report.updated):
        for warning in video.warnings:
            say(line(f"  {video.name}: {warning}"))
    for text in report.notes:
        say(line(f"  {text}"))
    if report.failed:
        note(f"{len(report.failed)} could not be indexed:")
        for path, error in report.failed:
            note(line(f"  {_of_file(path, str(error) or type(error).__name__)}"))


def _of_file(path: Path, text: str) -> str:
    """What is said of a file, with its whole path: names come again in other folders."""
    if str(path) in text:
        return text
    return text.replace(path.name, str(path), 1) if path.name in text else f"{path}: {text}"


def videos(count: int) -> str:
    """`1 video`, `2 videos`."""
    return f"{count} {'video' if count == 1 else 'videos'}"


def show_library(rows: list[tuple[Video, dict[Any, int]]], folder: object) -> None:
    """What is in the library: a row a video, then its channels and where it is."""
    if not rows:
        say(line(f"The library {folder} is empty. Fill it with: playhead index PATH"))
        return
    say(line(f"{videos(len(rows))} in {folder}"))
    width = max(len(line(video.name)) for video, _ in rows)
    for video, counts in rows:
        found = ", ".join(f"{count} {channel}" for channel, count in counts.items())
        say(f"{video.id[:12]}  {line(video.name):<{width}}  {format_time(video.duration_s):>9}  {found}")
        if video.start_s:
            say(f"              plays from {format_time(video.start_s)} to {format_time(video.span.end_s)}")
        say(f"              {line(str(video.path))}")


interrupted = False
"""Whether Ctrl-C was pressed: libraries that are being imported may swallow the exception."""


def _heed_interrupt(_: Progress) -> None:
    if interrupted:
        raise KeyboardInterrupt


_bars: list[Any] = []


@contextmanager
def _shown(bars: Any) -> Iterator[None]:
    _bars.append(bars)
    try:
        yield
    finally:
        _bars.remove(bars)


@contextmanager
def bars_aside() -> Iterator[None]:
    """No bars on the terminal while a person is asked something."""
    held = list(_bars)
    for bars in held:
        bars.stop()
    try:
        yield
    finally:
        for bars in held:
            bars.start()


@contextmanager
def progress_bars(*, quiet: bool) -> Iterator[Callable[[Progress], None]]:
    """Bars on standard error: files done, and the stage of the file at work, with the time left."""
    if quiet or not sys.stderr.isatty():
        yield _heed_interrupt
        return
    from rich import progress as bar
    from rich.console import Console

    columns = (
        bar.TextColumn("{task.description}", markup=False),  # file names are not trusted
        bar.BarColumn(), bar.TextColumn("{task.percentage:>3.0f}%"),
        bar.TimeElapsedColumn(), bar.TextColumn("left"), bar.TimeRemainingColumn(),
    )  # fmt: skip
    with bar.Progress(*columns, console=Console(stderr=True), transient=True) as bars, _shown(bars):
        files, stage = bars.add_task("files", total=None), bars.add_task("", total=None, visible=False)
        at: list[tuple[str, str]] = [("", "")]

        def show(event: Progress) -> None:
            _heed_interrupt(event)
            if event.stage == "file":
                bars.update(files, completed=event.done, total=event.total or None)
                return
            if (event.stage, event.name) != at[0]:
                at[0] = (event.stage, event.name)
                bars.reset(
                    stage,
                    description=line(f"{event.stage} {event.name}")[:48],
                    total=event.total or None,
                    visible=True,
                )
            bars.update(stage, completed=event.done, total=event.total or None)

        yield show
