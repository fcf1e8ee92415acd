"""The commands that plan and run: ask, plan, check, run, replay, chat; and dataset, which asks by itself."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from playhead.errors import InputError, PlayheadError
from playhead.interfaces import render, render_run, shapes
from playhead.interfaces.options import (
    DebugOption,
    JsonOption,
    LibraryOption,
    OverrideOption,
    PolicyOption,
    ProfileOption,
    chat_and_roles,
    consent,
    open_library,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playhead.agent.agent import Agent
    from playhead.agent.plan import Plan
    from playhead.agent.run import Run

AskedOption = Annotated[
    list[str] | None,
    typer.Option("--model", help="A language model (ollama:qwen3:8b, gguf:FILE, …), or ROLE=SPEC.", metavar="SPEC"),
]
GivenOption = Annotated[
    Path | None,
    typer.Option("--with", help="A picture, sound or film that is meant by “this”.", metavar="FILE"),
]
VideoOption = Annotated[str | None, typer.Option(help="The video that is meant: id, name or path.")]
OutOption = Annotated[Path | None, typer.Option(help="Folder for the run (default: in the library).", metavar="DIR")]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", help="Give an input of the plan a value.", metavar="NAME=VALUE")
]
FreshOption = Annotated[bool, typer.Option("--fresh", help="Do everything anew, even what is in the cache.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example:  playhead ask 'What is said about the ferry, and what is shown then?'")(ask)
    app.command(epilog="Example:  playhead plan 'Take a frame every 10 s and caption them' --video film.mp4")(plan)
    app.command(epilog="Example:  playhead check digest.yaml --set video=talk.mp4")(check)
    app.command(epilog="Example:  playhead run digest.yaml --set video=talk.mp4 --out digest/")(run)
    app.command(epilog="Example:  playhead replay digest/")(replay)
    app.command(epilog="Example:  playhead chat --video film.mp4")(chat)
    app.command(epilog="Example:  playhead dataset ~/Videos --kind conversation --out talks.jsonl")(dataset)


@contextmanager
def _agent(
    library: str | None,
    model: list[str] | None = None,
    profile: str | None = None,
    policy: str | None = None,
    override: str | None = None,
    step_timeout_s: float = 3600.0,
) -> Iterator[Agent]:
    from playhead.agent.agent import Agent

    spec, roles = chat_and_roles(model)
    with open_library(library, roles, profile=profile, policy=policy) as opened:
        chat = spec or opened.settings.chat or None
        yield Agent(opened, chat, step_timeout_s=step_timeout_s, consent=consent(override))


def ask(
    request: Annotated[list[str], typer.Argument(help="What you want to know or have, in plain words.")],
    video: VideoOption = None,
    given: GivenOption = None,
    plan_only: Annotated[bool, typer.Option("--plan-only", help="Show the plan; run nothing.")] = False,
    out: OutOption = None,
    fresh: FreshOption = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    model: AskedOption = None,
    policy: PolicyOption = None,
    override: OverrideOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """Plan, check and run a request, and answer it with the times that the answer rests on."""
    words = " ".join(request)
    if plan_only:
        if out or fresh:
            raise InputError("--plan-only runs nothing", "--out and --fresh are about a run", "Leave them out")
        return plan(request, video, given, None, library, profile, model, policy, override, json, debug)
    with _agent(library, model, profile, policy, override) as agent, render_run.events(quiet=json) as listen:
        done = agent.run(words, video=video or "", given=given, out=out, listen=listen, fresh=fresh)
    return _show(done, agent, json=json)


def plan(
    request: Annotated[list[str], typer.Argument(help="What you want to know or have, in plain words.")],
    video: VideoOption = None,
    given: GivenOption = None,
    save: Annotated[Path | None, typer.Option(help="Write the plan to a file.", metavar="FILE")] = None,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    model: AskedOption = None,
    policy: PolicyOption = None,
    override: OverrideOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """Show the plan for a request. Nothing runs."""
    del debug
    with _agent(library, model, profile, policy, override) as agent:
        proposal = agent.plan(" ".join(request), video or "", given)
        found = proposal.plan
        checked = agent.check(found, given) if found is not None and agent.has_library else None
        if found is not None and save is not None:
            found.save(save)
        if json:
            render.say_json(shapes.proposal(proposal) | (shapes.checked(checked) if checked else {}))
        elif found is None:
            render_run.show_questions(proposal.questions)
        else:
            for note in proposal.notes:
                render.note(note)
            render_run.show_plan(found, checked)
    return 0 if found is not None and not (checked and checked.problems) else InputError.exit_code


def check(
    file: Annotated[Path, typer.Argument(help="A plan as YAML.")],
    given: SetOption = None,
    library: LibraryOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """Find every fault of a plan, and say about how long it will take. Nothing runs."""
    del debug
    from playhead.agent.plan import load_plan

    loaded = load_plan(file)
    loaded = loaded.given(_values(given, loaded))
    with _agent(library) as agent:
        checked = agent.check(loaded)
    if json:
        render.say_json(shapes.checked(checked))
    else:
        render_run.show_check(loaded, checked)
    return InputError.exit_code if checked.problems else 0


def run(
    file: Annotated[Path, typer.Argument(help="A plan as YAML, or the folder of a run to go on with.")],
    given: SetOption = None,
    out: OutOption = None,
    fresh: FreshOption = False,
    step_timeout: Annotated[float, typer.Option(min=0.1, help="Seconds that one step may take.")] = 3600.0,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    model: AskedOption = None,
    policy: PolicyOption = None,
    override: OverrideOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """Check and run a plan. Interrupted, run the folder it names: what is done is not done again."""
    del debug
    from playhead.agent.plan import load_plan

    with (
        _agent(library, model, profile, policy, override, step_timeout) as agent,
        render_run.events(quiet=json) as listen,
    ):
        if file.is_dir():
            if given or out:
                raise InputError(
                    "A run that goes on keeps its inputs and its folder", "", "Leave --set and --out out"
                )
            done = agent.resume(file, listen=listen, fresh=fresh)
        else:
            loaded = load_plan(file)
            done = agent.run(loaded.given(_values(given, loaded)), out=out, listen=listen, fresh=fresh)
    return _show(done, agent, json=json)


def replay(
    folder: Annotated[Path, typer.Argument(help="The folder of a finished run.")],
    library: LibraryOption = None,
    profile: ProfileOption = None,
    model: AskedOption = None,
    policy: PolicyOption = None,
    override: OverrideOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """Run a finished run's plan again, without the cache, and compare every result."""
    del debug
    with _agent(library, model, profile, policy, override) as agent, render_run.events(quiet=json) as listen:
        done, differing = agent.replay(folder, listen=listen)
    if json:
        render.say_json({"same": not differing, "differing": differing, "folder": done.folder})
    elif differing:
        render.say(render.line(f"Not the same: {', '.join(differing)} (see {done.folder})"))
    else:
        render.say(render.line(f"The same results, byte for byte ({done.folder})"))
    return 1 if differing else 0


def chat(
    video: VideoOption = None,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    model: AskedOption = None,
    policy: PolicyOption = None,
    override: OverrideOption = None,
    debug: DebugOption = False,
) -> int:
    """Ask one thing after another; "and after that?" and "the second one" refer to the last answer."""
    if sys.stdin.isatty():
        import readline  # noqa: F401 - gives input() its history and editing

        render.note("Ask about your footage. An empty line or Ctrl-D ends.")
    with _agent(library, model, profile, policy, override) as agent:
        while words := _line():
            try:
                with render_run.events(quiet=not sys.stderr.isatty()) as listen:
                    done = agent.run(words, video=video or "", listen=listen)
            except PlayheadError as error:
                if debug:
                    raise
                render.note(render.line(str(error)))
                continue
            render_run.show_run(done, agent.gate.mask, brief=True)
    return 0


def dataset(
    folder: Annotated[Path | None, typer.Argument(help="Indexed footage (default: all of the library).")] = None,
    kind: Annotated[
        Literal["description", "conversation"], typer.Option(help="What to make of each video.")
    ] = "description",
    out: Annotated[
        Path | None, typer.Option(help="File to write, or to go on with (default: standard output).", metavar="FILE")
    ] = None,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    model: AskedOption = None,
    policy: PolicyOption = None,
    override: OverrideOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Make a data set of footage: a line of JSON for each video, in which everything was observed."""
    del debug
    from playhead.agent.dataset import DatasetFile, Kind, line, make, videos_below
    from playhead.tools.contract import Context

    with _agent(library, model, profile, policy, override) as agent, render.progress_bars(quiet=json) as progress:
        videos = videos_below(agent.library, folder) if folder else agent.library.videos()
        context = Context(agent.library, agent.library.folder, progress, agent.chat, agent.gate)
        if out is None:
            make(Kind(kind), videos, context, lambda said: render.say(line(said).decode().rstrip("\n")))
            return
        with DatasetFile(out) as file:
            made = make(Kind(kind), videos, context, file.write, file.holds)
    if json:
        render.say_json({"file": out, "made": made, "videos": len(videos)})
    else:
        kept = len(videos) - made
        rest = f"; {render.videos(kept)} {'was' if kept == 1 else 'were'} there already" if kept else ""
        render.say(render.line(f"{render.videos(made)} in {out}{rest}"))


def _line() -> str:
    """The next request; empty when there is none: at the end, at `exit`, at an empty line of a person."""
    try:
        while not (words := input("> " if sys.stdin.isatty() else "").strip()) and not sys.stdin.isatty():
            continue
    except EOFError:
        return ""
    return "" if words.lower() in ("exit", "quit", "bye") else words


def _show(done: Run, agent: Agent, *, json: bool) -> int:
    if json:
        render.say_json(shapes.run(done, agent.gate.mask))
    else:
        render_run.show_run(done, agent.gate.mask)
    return done.exit_code


def _values(given: list[str] | None, plan: Plan) -> dict[str, Any]:
    """Inputs by name, each of the type that the plan's own value has; else a number where it reads like one."""
    values: dict[str, Any] = {}
    for text in given or []:
        name, sign, value = text.partition("=")
        if not (name and sign):
            raise InputError(f"--set {text} is not NAME=VALUE", "", "For example: --set video=talk.mp4")
        values[name] = _as(value, plan.inputs.get(name))
    return values


def _as(value: str, own: object) -> object:
    if isinstance(own, str):
        return value
    if isinstance(own, bool) and value in ("true", "false"):
        return value == "true"
    if re.fullmatch(r"-?(?:0|[1-9]\d*)", value):
        return int(value)
    return float(value) if re.fullmatch(r"-?(?:0|[1-9]\d*)\.\d+", value) else value
