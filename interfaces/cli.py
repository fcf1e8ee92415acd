"""The command line: parse, call, print.

Exit 0 done, 1 unexpected, 2 bad input, 3 in part, 4 stopped by the gate, 130 interrupted.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated, Any

import typer

from playhead import __version__
from playhead.agent.threads import at_work
from playhead.errors import BlockedError, InputError, PlayheadError
from playhead.interfaces import asking, guarding, offered, render, shapes
from playhead.interfaces.mcp import command as mcp
from playhead.interfaces.offered import Commands
from playhead.interfaces.options import (
    DebugOption,
    JsonOption,
    LibraryOption,
    ModelOption,
    OverrideOption,
    PolicyOption,
    ProfileOption,
    VectorsOption,
    gate_of,
    names_in,
    open_library,
    path_of,
)
from playhead.interfaces.web import command as web
from playhead.types import Door, Mode

app = typer.Typer(
    name="playhead",
    help="Point it at footage; it watches and listens once; then ask in plain words and it answers with times.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    cls=Commands,
    epilog="Start with:  playhead index VIDEO…   then   playhead search 'the dog jumps over the fence'",
)

PARTLY, INTERRUPTED = 3, 130


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    if version:
        render.say(__version__)
    elif context.invoked_subcommand is None:
        render.say(context.get_help())


@app.command(epilog="Example:  playhead index ~/Videos holiday.mp4 --fps 2")
def index(
    paths: Annotated[list[str], typer.Argument(help="Files and folders (all the way down).", metavar="PATH...")],
    library: LibraryOption = None,
    mode: Annotated[
        Mode | None,
        typer.Option(
            help="How closely: every frame (default), not all of them, or a first look (index again for the rest).",
            case_sensitive=False,
        ),
    ] = None,
    fps: Annotated[float | None, typer.Option(help="Pictures looked at per second (default 1).")] = None,
    channels: Annotated[
        str | None,
        typer.Option(help="What to observe, e.g. picture,speech (default picture,object,text,speech,motion)."),
    ] = None,
    taken_as: Annotated[
        str | None,
        typer.Option("--as", help="What the camera saw: picture, thermal or depth; otherwise by the file's name."),
    ] = None,
    subtitles: Annotated[
        str | None, typer.Option(help="prefer (instead of listening), also, or ignore them.", metavar="HOW")
    ] = None,
    language: Annotated[str | None, typer.Option(help="Language spoken, e.g. en; otherwise recognised.")] = None,
    on: Annotated[
        str | None, typer.Option(help="here, or ray: by workers on many machines.", metavar="WHERE")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="How many workers of Ray (default one a core).")] = None,
    vectors: VectorsOption = None,
    profile: ProfileOption = None,
    model: ModelOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """Watch and listen to video files, so that they can be searched."""
    with open_library(
        library,
        model,
        profile=profile,
        mode=mode,
        fps=fps,
        channels=names_in(channels),
        sensor=taken_as,
        subtitles=subtitles,
        language=language,
        on=on,
        workers=workers,
        vectors=vectors,
    ) as opened:
        if workers is not None and opened.settings.on != "ray":
            raise InputError(
                "--workers counts workers of Ray", "Ray was not asked for", "Add --on ray, or leave it out"
            )
        with render.progress_bars(quiet=json) as progress:
            report = opened.add(*map(path_of, paths), progress=progress)
        if debug and report.failed:
            raise report.failed[0][1]
        if json:
            render.say_json(shapes.report(report, opened.folder))
        else:
            render.show_report(report, opened.folder)
    if not report.failed:
        return 0
    return PARTLY if report.added or report.updated or report.unchanged else InputError.exit_code


@app.command(
    epilog="Example:  playhead search a red car then people wave --video holiday.mp4 --between 1:00-2:30 -k 3"
)
def search(
    query: Annotated[list[str] | None, typer.Argument(help="What was seen or said, in plain words.")] = None,
    image: Annotated[Path | None, typer.Option(help="Look for pictures like this one.")] = None,
    like: Annotated[
        Path | None, typer.Option(help="Look for what this picture, sound or film shows and says.")
    ] = None,
    video: Annotated[str | None, typer.Option(help="Only in this video: id, name or path.")] = None,
    between: Annotated[str | None, typer.Option(help="Only between two times, e.g. 1:00-2:30.")] = None,
    channels: Annotated[str | None, typer.Option(help="Only these, e.g. speech, motion or picture,object.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-k", help="How many moments at most.")] = 5,
    per_video: Annotated[int | None, typer.Option(help="How many moments of one video at most.")] = None,
    around: Annotated[
        float | None,
        typer.Option(min=0, help="Also show what is said and seen this many seconds around.", metavar="SECONDS"),
    ] = None,
    library: LibraryOption = None,
    vectors: VectorsOption = None,
    profile: ProfileOption = None,
    model: ModelOption = None,
    policy: PolicyOption = None,
    override: OverrideOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Find moments by what is seen, written or said in them.

    Words may be tied in time: A then B, A before B, A after B, A while B, A not B; and say where to look:
    in VIDEO, between 1:00 and 2:00.
    """
    del debug
    from playhead.interfaces.searching import search as find

    if like is not None and (query or image):
        raise InputError("--like stands alone", "it takes the place of words and of --image", "Leave one out")
    where: dict[str, Any] = {"video": video, "between": _range(between), "channels": names_in(channels) or ()}
    where |= {"limit": limit, "per_video": per_video}
    words = " ".join(query or ())
    with open_library(library, model, profile=profile, policy=policy, vectors=vectors) as opened:
        gate = gate_of(opened, override)
        result, told = find(opened, gate, words, image=image, like=like, around_s=around, **where)
        if json:
            render.say_json(shapes.result(result, told))
        else:
            render.show_result(result, told, asked=words)


@app.command(epilog="Example:  playhead transcribe talk.mp4 --format srt > talk.srt")
def transcribe(
    file: Annotated[Path, typer.Argument(help="A video or sound file.")],
    format: Annotated[str, typer.Option(help="txt, srt, vtt or json.", metavar="KIND")] = "txt",  # noqa: A002
    language: Annotated[str, typer.Option(help="Language spoken, e.g. en; otherwise recognised.")] = "",
    profile: ProfileOption = None,
    model: ModelOption = None,
    policy: PolicyOption = None,
    override: OverrideOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Listen, and write down what is said, with times. Subtitles are not used."""
    del debug
    from playhead.index.listen import shifted
    from playhead.index.listen import transcribe as listen
    from playhead.media.decode import probe
    from playhead.media.files import open_file
    from playhead.media.subtitles import write_subtitles
    from playhead.safety.texts import texts_of, with_texts
    from playhead.types import format_time

    if format not in ("txt", "srt", "vtt", "json"):
        raise InputError(f"There is no format {format!r}", "", "Choose txt, srt, vtt or json")
    kind = "json" if json else format
    with (
        open_library(None, model, profile=profile, policy=policy) as opened,
        open_file(file, [file.parent], opened.settings.limits) as media,
        render.progress_bars(quiet=json) as progress,
    ):
        said = listen(media, opened.models, language, opened.settings.limits, progress)
        start_s = probe(media, opened.settings.limits).start_s if kind in ("srt", "vtt") else 0.0
        gate = gate_of(opened, override)
        gate.text(Door.ANSWER, texts_of(said), "what is said")
        said = with_texts(said, gate.mask)
    if kind == "json":
        render.say_json(said)
    elif kind == "txt":
        for utterance in said.utterances:
            render.say(f"[{format_time(utterance.span.start_s)}] {utterance.text}")
    else:
        # A subtitle file counts from where players start, not from the container's own clock.
        subtitles = write_subtitles([shifted(u, -start_s) for u in said.utterances], kind).rstrip("\n")
        if subtitles:
            render.say(subtitles)
    if kind != "json" and not said.utterances:
        render.note("Nobody speaks in it.")


@app.command("library")
def show_library(library: LibraryOption = None, json: JsonOption = False, debug: DebugOption = False) -> None:
    """Show what is in the library."""
    del debug
    with open_library(library) as opened:
        rows = [(video, opened.counts(video)) for video in opened.videos()]
        if json:
            videos = [shapes.video(video, counts) for video, counts in rows]
            render.say_json({"library": opened.folder, "videos": videos})
        else:
            render.show_library(rows, opened.folder)


@app.command()
def remove(
    videos: Annotated[list[str], typer.Argument(help="Videos by id, name or path. The files are not touched.")],
    library: LibraryOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Forget videos."""
    del debug
    with open_library(library) as opened:
        removed = opened.remove(*videos)
        if json:
            render.say_json({"removed": [shapes.video(video) for video in removed]})
        else:
            render.say("\n".join(f"Forgot {video.name}" for video in removed))


@app.command()
def verify(
    library: LibraryOption = None, vectors: VectorsOption = None, json: JsonOption = False, debug: DebugOption = False
) -> int:
    """Prove that the library is whole and that every vector in it can be found."""
    del debug
    with open_library(library, vectors=vectors) as opened:
        problems = opened.verify()
        count, writer, rebuild = len(opened.videos()), opened.writer, opened.rebuild_command
    if json:
        render.say_json({"ok": not problems, "problems": problems})
    elif problems:
        render.say("\n".join(filter(None, [*problems, _remedy(problems, writer, rebuild)])))
    else:
        render.say(f"The library is whole: {render.videos(count)}, every vector reachable.")
    return 1 if problems else 0


def _remedy(problems: list[str], writer: str, rebuild: str) -> str:
    """What to do about what is wrong with a library. The index of a damaged catalogue is kept: it may hold more."""
    if any(text.startswith("catalogue: ") for text in problems):
        return "The catalogue is damaged: bring back a copy of the library, or index into another folder"
    if writer:
        return f"Process {writer} is writing to the library: what is missing may come. Look again when it has ended"
    if any("vector" in text and "cannot be asked" not in text for text in problems):
        return f"To mend the vector index: {rebuild}"
    return ""


@app.command()
def rebuild(
    library: LibraryOption = None, vectors: VectorsOption = None, json: JsonOption = False, debug: DebugOption = False
) -> None:
    """Make the vector index anew from the catalogue. No model runs."""
    del debug
    with open_library(library, vectors=vectors) as opened, render.progress_bars(quiet=json) as progress:
        opened.rebuild(progress)
    if json:
        render.say_json({"rebuilt": True})
    else:
        render.say("The vector index was made anew.")


@app.command()
def reembed(
    library: LibraryOption = None,
    profile: ProfileOption = None,
    model: ModelOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Compare what was said and written by another sentence encoder. No footage is opened."""
    del debug
    with open_library(library, model, profile=profile) as opened, render.progress_bars(quiet=json) as progress:
        moved = opened.reembed(progress)
    if json:
        render.say_json({"reembedded": [shapes.video(video) for video in moved]})
    else:
        render.say(f"New vectors of what is said and written in {render.videos(len(moved))}.")


@app.command(
    "train-picture-head", epilog="Example:  playhead train-picture-head photographs/ --about 'my own, free to use'"
)
def train_picture_head(
    folder: Annotated[
        Path,
        typer.Argument(help='Images with captions.jsonl ({"image", "captions"}) or captions.csv (image,caption).'),
    ],
    about: Annotated[str, typer.Option(help="Kept in the file: whose images, on what terms.")] = "",
    library: LibraryOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Teach one library to find pictures by words like yours, from captioned images."""
    del debug
    from playhead.models.roles import Role

    with open_library(library) as opened, render.progress_bars(quiet=json) as progress:
        report = opened.train_picture_head(folder, about=about, progress=progress)
        used = opened.models.spec(Role.PICTURE)
    if json:
        render.say_json(report)
        return
    from playhead.models.picture_validation import FEWEST_TO_CALIBRATE

    skipped = f" ({report.skipped} were missing or broken)" if report.skipped else ""
    render.say(render.line(f"Learnt from {report.images} images{skipped}: {report.path}"))
    if report.images < FEWEST_TO_CALIBRATE:
        render.say(f"{report.images} images are few; a thousand are a good beginning. Compare before you keep it.")
    if not used.endswith(f":{report.path}"):
        render.say(f"It is not used: settings name {used} for pictures. Remove that, and index the footage again.")
        return
    render.say("It is used from now on. Index the footage of this library again: playhead index PATH")
    render.say("To go back, delete that file and index again.")


_NO_GENERATOR = "not needed; footage stands in (docs/generate.md says how to name one)"


@app.command()
def doctor(
    library: LibraryOption = None,
    profile: ProfileOption = None,
    model: ModelOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """Say which models are ready and how to get the rest, what other packages add, and how decoding is confined."""
    del debug
    from playhead.media.sandbox import available

    confinement = available()
    if not json:
        render.say(str(confinement))
    with open_library(library, model, profile=profile) as opened:
        rows = opened.models.status()
    added = offered.plugins(app)
    if json:
        render.say_json({"roles": rows, "plugins": added, "decoding": confinement})
    else:
        for row in rows:
            state = "none   " if row.spec == "none" else "ready  " if row.ready else "MISSING"
            render.say(f"{state}  {row.role:<15} {row.spec if row.spec != 'none' else _NO_GENERATOR}")
            if row.problem:
                render.say(f"         {row.problem}")
        for plugin in added:
            render.say(render.line(plugin.problem or f"added    {plugin.kind} {plugin.name} by {plugin.package}"))
    return 0 if all(row.ready for row in rows) else 1


@app.command()
def tools(
    name: Annotated[str | None, typer.Argument(help="One tool, with its arguments.")] = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """List the tools that agents and scripts can use."""
    del debug
    from playhead.plugins import strays
    from playhead.tools.registry import all_tools, get_tool, plugins

    for problem in (plugin.problem for plugin in [*plugins(), *strays()] if plugin.problem):
        render.note(render.line(problem))
    chosen = [get_tool(name)] if name else list(all_tools().values())
    if json:
        render.say_json({"tools": [shapes.tool(tool) for tool in chosen]})
        return
    for tool in chosen:
        render.say(f"{tool.name}: {tool.description()}")
        for argument, about in tool.schema()["properties"].items() if name else ():
            render.say(f"  {argument}: {about.get('description', '')}")


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where to put the film and its library.")] = Path("demo"),
    debug: DebugOption = False,
) -> int:
    """Make a short film, index it, ask it questions and show what was found."""
    del debug
    from playhead.interfaces.demo import run

    return run(folder)


asking.register(app)
guarding.register(app)
mcp.register(app)
web.register(app)


def main(arguments: list[str] | None = None) -> int:
    """Run a command and give its exit code. Errors are one line; a traceback only with `--debug`."""
    if sys.stdout is None:  # closed: what is opened next would get its number, and what is said would go there
        why, fix = "standard output is closed", "Leave it open, or send it elsewhere"
        return _report(render.OutputError("There is nowhere to say anything", why, fix), as_json=False)
    render.spell_out()
    try:
        code = _main(sys.argv[1:] if arguments is None else arguments)
        with render.written():
            sys.stdout.flush()
    except BrokenPipeError:  # whoever read the output, such as `head`, has gone
        render.silence()
        return 1
    except render.OutputError as error:
        code = _report(error, as_json=False)
    if arguments is None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done and said
    loading = arguments is None and code == INTERRUPTED and threading.active_count() > 1
    if at_work() or loading:
        sys.stderr.flush()
        os._exit(code)  # a thread that was given up is still at work: no library of its is torn down under it
    return code


def _main(given: list[str]) -> int:
    if sys.stdin is None:  # it was closed: nobody is there
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 - for as long as the process runs
    render.interrupted = False
    before = {number: signal.signal(number, _interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        code = app(given, standalone_mode=False)
    except typer.Exit as stop:
        code = stop.exit_code
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:
        flags = given[: given.index("--")] if "--" in given else given
        if "--debug" in flags:
            raise
        code = _report(error, as_json="--json" in flags and not isinstance(error, render.OutputError))
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if code == INTERRUPTED:
        render.note("Interrupted. What was finished is kept; run the same command again to go on.")
    return int(code or 0)


def _interrupt(*_: object) -> None:
    render.interrupted = True
    raise KeyboardInterrupt


def _report(error: Exception, *, as_json: bool) -> int:
    usage = getattr(error, "format_message", None)  # of a command that was put wrongly
    if usage is not None:
        path = getattr(getattr(error, "ctx", None), "command_path", "playhead")
        said = str(usage()).replace("Value error, ", "")  # as Typer takes it from Pydantic
        what, code, fix = said, InputError.exit_code, f"See: {path} --help"
    elif isinstance(error, PlayheadError):
        asked = isinstance(error, BlockedError) and error.verdict.answerable
        what, code, fix = str(error), error.exit_code, "Say so with --override WHY" if asked else ""
    else:
        what, code = f"Unexpected {type(error).__name__}: {error}", 1
        fix = "Run again with --debug to see where"
    text = f"{what}{'' if what.endswith(('.', '?')) else '.'} {fix}" if fix else what
    if as_json:
        render.say_json({"error": {"kind": type(error).__name__, "message": text}})
    else:
        render.note(f"Error: {render.line(text)}")
    return code


def _range(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    from playhead.index.phrases import seconds

    parts = text.replace("–", "-").split("-")
    try:
        start, end = (seconds(part) for part in parts)
    except ValueError as error:
        raise InputError(f"--between {text} is not a time range", "", "For example: --between 1:00-2:30") from error
    return start, end


if __name__ == "__main__":
    sys.exit(main())
