"""What a person reads on the terminal. Tables on standard output, progress on standard error."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from playhead.plain import plain
from playhead.types import format_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from playhead.types import Evidence, IndexReport, Moment, Progress, SearchResult, Video


def say_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(plain(value), ensure_ascii=False, indent=2) + "\n")


def say(text: str) -> None:
    """A line on standard output, as it is."""
    sys.stdout.write(text + "\n")


def _console(*, errors: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=errors, highlight=False, soft_wrap=False)


def note(text: str) -> None:
    """A line on standard error."""
    sys.stderr.write(text + "\n")


def show_result(result: SearchResult) -> None:
    """Moments as a table, or that nothing matches and what came nearest."""
    for text in result.notes:
        note(text)
    if result.moments:
        _show_moments(result.moments)
        return
    say("Nothing in this library shows or says that." if not result.notes else "No moments.")
    if result.nearest:
        say("The nearest there is:")
        _show_moments(result.nearest)


def _show_moments(moments: tuple[Moment, ...]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=True, header_style="bold", padding=(0, 2, 0, 0))
    for title in ("", "score", "video", "from", "to"):
        table.add_column(title, no_wrap=True, justify="right" if title in ("", "score", "from", "to") else "left")
    table.add_column("evidence", overflow="fold")
    for number, moment in enumerate(moments, 1):
        evidence = Text("\n").join(Text(_evidence(e)) for e in moment.evidence[:3])
        start, end = format_time(moment.span.start_s), format_time(moment.span.end_s)
        table.add_row(str(number), f"{moment.score:.2f}", Text(moment.video.name), start, end, evidence)
    _console().print(table)
    shown = next((e.thumbnail for moment in moments for e in moment.evidence if e.thumbnail), None)
    if shown:
        say("Thumbnails:")
        for number, moment in enumerate(moments, 1):
            path = next((e.thumbnail for e in moment.evidence if e.thumbnail), None)
            say(f"{number:>2}  {path or '-'}")


def _evidence(evidence: Evidence) -> str:
    what = f"“{evidence.text}”" if evidence.text else "looks like it"
    return f"{evidence.channel} {format_time(evidence.span.start_s)} {evidence.score:.2f} {what}"


def show_report(report: IndexReport, folder: object) -> None:
    """What an indexing run did, and every file that failed with the reason."""
    done = [
        f"{len(videos)} {word}"
        for word, videos in (("added", report.added), ("updated", report.updated), ("unchanged", report.unchanged))
        if videos
    ]
    say(f"{', '.join(done) or 'Nothing indexed'} in {folder}")
    for video in (*report.added, *report.updated):
        for warning in video.warnings:
            say(f"  {video.name}: {warning}")
    for text in report.notes:
        say(f"  {text}")
    if report.failed:
        note(f"{len(report.failed)} could not be indexed:")
        for path, error in report.failed:
            text = str(error) or type(error).__name__
            note(f"  {text if path.name in text else f'{path}: {text}'}")


def show_library(rows: list[tuple[Video, dict[Any, int]]], folder: object) -> None:
    """What is in the library."""
    from rich.table import Table
    from rich.text import Text

    if not rows:
        say(f"The library {folder} is empty. Fill it with: playhead index PATH")
        return
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in ("id", "video", "length", "segments", "path"):
        table.add_column(
            title, no_wrap=title != "path", overflow="fold", justify="right" if title == "length" else "left"
        )
    for video, counts in rows:
        found = " ".join(f"{channel} {count}" for channel, count in counts.items())
        table.add_row(video.id[:12], Text(video.name), format_time(video.duration_s), found, Text(str(video.path)))
    _console().print(table)


@contextmanager
def progress_bars(*, quiet: bool) -> Iterator[Callable[[Progress], None]]:
    """Bars on standard error: files done, and the stage of the file at work, with the time left."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich import progress as bar

    columns = (
        bar.TextColumn("{task.description}"), bar.BarColumn(), bar.TextColumn("{task.percentage:>3.0f}%"),
        bar.TimeElapsedColumn(), bar.TextColumn("left"), bar.TimeRemainingColumn(),
    )  # fmt: skip
    with bar.Progress(*columns, console=_console(errors=True), transient=True) as bars:
        files, stage = bars.add_task("files", total=None), bars.add_task("", total=None, visible=False)
        at: list[tuple[str, str]] = [("", "")]

        def show(event: Progress) -> None:
            if event.stage == "file":
                bars.update(files, completed=event.done, total=event.total or None)
                return
            if (event.stage, event.name) != at[0]:
                at[0] = (event.stage, event.name)
                bars.reset(
                    stage, description=f"{event.stage} {event.name}"[:48], total=event.total or None, visible=True
                )
            bars.update(stage, completed=event.done, total=event.total or None)

        yield show
