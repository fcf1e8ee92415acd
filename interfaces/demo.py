"""`playhead demo`: a film is built, indexed and asked; the hits are printed and put on a contact sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playhead.index.library import Library
from playhead.interfaces import demo_film, render
from playhead.media.images import contact_sheet
from playhead.settings import load_settings
from playhead.types import format_time

if TYPE_CHECKING:
    from pathlib import Path

    from playhead.interfaces.demo_film import Question
    from playhead.types import Moment


def run(folder: Path) -> int:
    """Do it all in `folder`; 0 when every question found its moment, 1 otherwise."""
    say = render.say
    say("1. A film out of photographs and clips that ship inside packages, with spoken and written words")
    with render.progress_bars(quiet=False) as progress:
        film = demo_film.build(folder, progress)
    say(f"   {film}  ({format_time(demo_film.SHOTS[-1].span.end_s)})")
    say("2. Watching and listening, once")
    with Library(folder / "first.playhead", settings=load_settings()) as library:
        with render.progress_bars(quiet=False) as progress:
            report = library.add(film, progress=progress)
        for _, error in report.failed:
            raise error
        say(f"   {library.folder}")
        say("3. Questions")
        found = [(question, _ask(library, question)) for question in demo_film.QUESTIONS]
    tiles = [_tile(question, moment) for question, moment in found if moment and moment.evidence[0].thumbnail]
    contact_sheet(tiles, folder / "hits.png")
    right = sum(moment is not None and _is_right(question, moment) for question, moment in found)
    say(f"{right} of {len(found)} questions found their moment. The hits: {folder / 'hits.png'}")
    say("Now your own:")
    say("   .venv/bin/playhead index ~/Videos")
    say("   .venv/bin/playhead search 'somebody opens a window'")
    return 0 if right == len(found) else 1


def _ask(library: Library, question: Question) -> Moment | None:
    result = library.search(question.text, limit=1)
    moment = result.moments[0] if result.moments else None
    render.say(f"   {question.text}")
    if moment is None:
        render.say("     nothing in this library shows or says that")
        return None
    best = moment.evidence[0]
    what = f"{best.channel}: “{best.text}”" if best.text else f"{best.channel}: looks like it"
    sign = "✓" if _is_right(question, moment) else "✗"
    render.say(f"   {sign} {moment.span}  {moment.score:.2f}  {what}")
    return moment


def _is_right(question: Question, moment: Moment) -> bool:
    shot = next(shot for shot in demo_film.SHOTS if shot.name == question.shot)
    return shot.span.overlap_s(moment.span) > 0.5 * moment.span.duration_s


def _tile(question: Question, moment: Moment) -> tuple[Path, str]:
    thumbnail = moment.evidence[0].thumbnail
    assert thumbnail is not None
    return thumbnail, f"{format_time(moment.span.start_s)}  {question.text}"
