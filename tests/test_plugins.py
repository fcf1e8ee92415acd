"""What installed packages offer by entry points: the sound is used, the rest is left out with a reason."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from playhead.errors import BlockedError, InputError, PlayheadError, PluginError, SettingsError
from playhead.interfaces.cli import app, main
from playhead.interfaces.mcp.tools import Service
from playhead.interfaces.offered import plugins
from playhead.models import registry as models
from playhead.models.registry import Models
from playhead.plugins import Kind, offers
from playhead.safety.gate import audit_of
from playhead.testing import small_library
from playhead.tools import registry
from playhead.tools.contract import Context
from playhead.tools.registry import all_tools, get_tool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playhead import Library

TOOL = '''
from pydantic import Field
from playhead.tools.arguments import Label, Words
from playhead.tools.contract import Arguments, Context, Effect, Tool

class GreetArgs(Arguments):
    """Whom."""
    name: Words = Field(description="Whom.")

class Greet(Tool[GreetArgs, str]):
    """Greets somebody by name."""
    name, Args, result = "greet", GreetArgs, str
    def run(self, args, context):
        return f"Hello {args.name}"
'''
BACKEND = '''
from playhead.models.needs import Needs
from playhead.models.roles import Detection

class Everywhere:
    """Sees one thing everywhere."""
    default = "cat"
    @staticmethod
    def needs(argument):
        return Needs(f"everywhere:{argument}")
    def __init__(self, argument, threads, device):
        self.id, self._label = self.needs(argument).identity, argument
    def detect(self, images):
        return [(Detection(self._label, 1.0, (0.0, 0.0, 1.0, 1.0)),) for _ in images]
'''
COMMAND = '''
def register(app):
    @app.command()
    def hello(name: str = "you") -> None:
        """Say hello."""
        print(f"hello {name}")
'''


def forget() -> None:
    """What is installed changed."""
    importlib.invalidate_caches()
    for cached in (registry.all_tools, registry._offered, offers):
        cached.cache_clear()


@pytest.fixture
def offer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Installs a package: its code, and the metadata in which its entry points stand."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    written: list[str] = []

    def install(group: str, name: str, code: str, what: str, package: str = "greeter") -> None:
        module = f"{package.replace('-', '_')}_{len(written)}"
        written.append(module)
        (site / f"{module}.py").write_text(code)
        info = site / f"{package}-1.0.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        with (info / "entry_points.txt").open("a") as entries:
            entries.write(f"[{group}]\n{name} = {what.format(module)}\n")
        forget()

    yield install
    for module in written:
        sys.modules.pop(module, None)
    monkeypatch.undo()
    forget()


def problems() -> dict[str, str]:
    """What was left out, and why."""
    return {plugin.name: plugin.problem for plugin in plugins(app) if plugin.problem}


# What is sound is used


def test_packages_add_tools(offer: Callable[..., None], library: Library, tmp_path: Path) -> None:
    before = list(all_tools())
    offer("playhead.tools", "greet", TOOL, "{}:Greet")
    assert get_tool("greet").call({"name": "Ada"}, Context(library, tmp_path)) == "Hello Ada"
    assert list(all_tools()) == sorted([*before, "greet"])
    assert [(p.kind, p.name, p.package, p.problem) for p in plugins(app)] == [("tool", "greet", "greeter 1.0", "")]


def test_nothing_is_vouched_for_in_tools_of_packages(offer: Callable[..., None], library: Library) -> None:
    offer("playhead.tools", "greet", TOOL, "{}:Greet")
    hints = {card.name: card.annotations for card in Service(library).cards()}
    assert hints.pop("greet") is None
    assert None not in hints.values()


def test_packages_add_backends(offer: Callable[..., None]) -> None:
    offer("playhead.models", "objects.every-where", BACKEND, "{}:Everywhere")
    with pytest.raises(SettingsError, match="every-where"):  # it is among those that there are
        Models({"objects": "frobnicate"})
    assert [name for name in sys.modules if name.startswith("greeter")] == []
    used = Models({"objects": "every-where:dog"})
    assert used.identity("objects") == used.objects.id == "everywhere:dog@.1"
    assert used.objects.detect([None])[0][0].label == "dog"  # type: ignore[list-item]
    assert Models({"objects": "every-where"}).objects.id == "everywhere:cat@.1"
    assert [row.ready for row in used.status() if row.role == "objects"] == [True]
    assert Models().spec("objects") == "ssd"  # who does not name it does not get it


def test_packages_add_commands(offer: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    more = COMMAND + "\n    @app.command()\n    def bye() -> None:\n        print('bye')\n"
    offer("playhead.interfaces", "greet", COMMAND, "{}:register")
    offer("playhead.interfaces", "many", more, "{}:register")
    assert main(["--help"]) == 0
    overview = capsys.readouterr().out
    assert "Added by greeter 1.0." in overview
    assert overview.index("index ") < overview.index("greet ")
    assert [name for name in sys.modules if name.startswith("greeter")] == []
    assert main(["greet", "--name", "Ada"]) == 0
    assert main(["many", "bye"]) == 0
    assert capsys.readouterr().out == "hello Ada\nbye\n"
    assert main(["greet", "--help"]) == 0
    assert "Say hello." in capsys.readouterr().out
    assert main(["gret"]) == 2


def test_nothing_is_imported_to_know_what_there_is(offer: Callable[..., None]) -> None:
    for kind in Kind:
        offer(kind, "greet", "raise SystemExit('imported')", "{}:Greet")
    assert [len(offers(kind)) for kind in Kind] == [1, 1, 1]
    assert offers(Kind.TOOL) is offers(Kind.TOOL), "they are looked for once"
    assert main(["--help"]) == 0
    assert [name for name in sys.modules if name.startswith("greeter")] == []


# What is not is left out

OTHERWISE = "class Greet(Tool[GreetArgs, str]):"
BAD_TOOLS = {
    "raises": ("import no_such_package", "{}:Greet", "ModuleNotFoundError: No module named 'no_such_package'"),
    "leaves": ("raise SystemExit(3)", "{}:Greet", "SystemExit: 3"),
    "lines": ("raise ValueError('a\\n  b')", "{}:Greet", "ValueError: a b"),
    "nowhere": (TOOL, "{}:Missing", "AttributeError"),
    "misspelt": (TOOL, "{}:not an object!", "does not say module:Name"),
    "constructed": (TOOL + "    def __init__(self):\n        self.x = 1 / 0\n", "{}:Greet", "ZeroDivisionError"),
    "function": ("def greet(): pass", "{}:greet", "it is not a Tool"),
    "instance": (TOOL + "\ngreet = Greet()", "{}:greet", "it is not a Tool"),
    "plain": ("class Greet:\n    name = 'greet'", "{}:Greet", "it is not a Tool"),
    "abstract": (TOOL.replace("def run", "def ran"), "{}:Greet", "abstract"),
    "nameless": (TOOL.replace('name, Args, result = "greet", ', "Args, result = "), "{}:Greet", "it has no name"),
    "shouting": (TOOL.replace('"greet"', '"Greet me"'), "{}:Greet", "small letters"),
    "silent": (TOOL.replace('    """Greets somebody by name."""\n', ""), "{}:Greet", "no docstring"),
    "loose": (TOOL.replace('result = "greet", GreetArgs', 'result = "greet", dict'), "{}:Greet", "not derived from"),
    "schema": (TOOL.replace("name: Words", "x: type(lambda: 0)\n    name: Words"), "{}:Greet", "Schema"),
    "result": (TOOL.replace("GreetArgs, str\n", "GreetArgs, Context\n"), "{}:Greet", "result"),
    "effects": (TOOL + "    effects = {'reads'}\n", "{}:Greet", "frozenset of Effect"),
    "examples": (TOOL + "    examples = 'say hello'\n", "{}:Greet", "tuple of texts"),
    "shadow": (TOOL.replace('"greet"', '"probe_video"'), "{}:Greet", "probe_video is built in"),
    "judge": (TOOL + "    judges = True\n", "{}:Greet", "says that it judges"),
    "call": (TOOL + "    def call(self, arguments, context): return 'hi'\n", "{}:Greet", "call of its own"),
    "inherits": (
        TOOL.replace(OTHERWISE, f"class Way:\n    def call(self, a, c): return 'hi'\n{OTHERWISE}").replace(
            OTHERWISE, OTHERWISE.replace("Greet(", "Greet(Way, ")
        ),
        "{}:Greet",
        "call of its own",
    ),
    "later": (TOOL + "\nGreet.call = lambda *_: 'hi'\n", "{}:Greet", "call of its own, past the gate"),
    "rerun": (TOOL + "\nGreet.run = lambda *_: 'hi'\n", "{}:Greet", "call of its own, past the gate"),
    "modest": (TOOL + "    makes = False\n", "{}:Greet", "call of its own"),
    "within": (TOOL + "    def __init__(self): self.call = lambda *_: 'hi'\n", "{}:Greet", "puts a call"),
    "asked": (
        TOOL + "    def __getattribute__(self, n): return object.__getattribute__(self, n)\n",
        "{}:Greet",
        "call of its own",
    ),
    "missing": (TOOL + "    def __getattr__(self, n): return lambda *_: 'hi'\n", "{}:Greet", "call of its own"),
    "other": (TOOL + "    def __new__(cls): return object()\n", "{}:Greet", "makes something else"),
    "judging": (TOOL + "    def __init__(self): self.judges = True\n", "{}:Greet", "puts a judges"),
}


@pytest.mark.parametrize("name", BAD_TOOLS)
def test_a_tool_that_cannot_be_used_is_left_out(
    name: str, offer: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    before = list(all_tools())
    code, what, why = BAD_TOOLS[name]
    offer("playhead.tools", name, code, what)
    offer("playhead.tools", "sound", TOOL.replace('"greet"', '"sound"'), "{}:Greet", "other")
    assert list(all_tools()) == sorted([*before, "sound"])
    assert type(get_tool("probe_video")).__module__ == "playhead.tools.probe_video"
    [problem] = [plugin.problem for plugin in registry.plugins() if plugin.problem]
    assert problem.startswith(f"The tool {name} of greeter 1.0 is left out: ")
    assert why in problem
    assert "\n" not in problem
    assert "greeter" in problem.partition(why)[2] or "must name a class" in problem
    assert main(["tools", "sound"]) == 0
    said = capsys.readouterr()
    assert said.err == f"{problem}\n"
    assert said.out.startswith("sound: Greets somebody by name.")


BROKEN = {
    "import": ("import os\nimport no_such_package", "{}:Greet", 2),
    "syntax": ("import os\n\ndef greet(:\n", "{}:Greet", 3),
    "deeper": ("import json\ndef greet():\n    json.loads('x')\ngreet()", "{}:Greet", 3),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_failure_names_its_line(name: str, offer: Callable[..., None], tmp_path: Path) -> None:
    code, what, line = BROKEN[name]
    offer("playhead.tools", name, code, what)
    assert f"({tmp_path / 'site' / 'greeter_0.py'}:{line}). Update greeter, or run" in problems()[name]


def test_whoever_writes_a_package_is_not_told_to_update_it(offer: Callable[..., None], tmp_path: Path) -> None:
    offer("playhead.tools", "greet", "1 / 0", "{}:Greet")
    about = tmp_path / "site" / "greeter-1.0.dist-info" / "direct_url.json"
    about.write_text('{"url": "file:///greeter", "dir_info": {"editable": true}}')
    assert problems()["greet"].endswith("Mend it, or run: pip uninstall greeter")


def test_a_group_that_nobody_reads_is_told(offer: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    offer("playhead.tool", "greet", TOOL, "{}:Greet")
    offer("playhead.tools", "sound", TOOL.replace('"greet"', '"sound"'), "{}:Greet", "other")
    told = "The group playhead.tool of greeter 1.0 is left out: nobody reads it. It may be meant for playhead.tools"
    assert problems() == {"playhead.tool": told}
    assert main(["tools", "sound"]) == 0
    assert capsys.readouterr().err == f"{told}\n"
    main(["doctor"])
    assert told in capsys.readouterr().out


def test_what_a_package_prints_when_it_is_loaded_is_no_output(
    offer: Callable[..., None], capfd: pytest.CaptureFixture[str]
) -> None:
    chatter = "import os, sys\nprint('one')\nos.write(1, b'two')\nsys.__stdout__.write('three')\n"
    made = "    def __init__(self): print('four')\n"
    offer("playhead.tools", "greet", chatter + TOOL + made, "{}:Greet")
    assert main(["tools", "greet", "--json"]) == 0
    said = capfd.readouterr()
    assert json.loads(said.out)["tools"][0]["name"] == "greet"
    assert all(word in said.err for word in ("one", "two", "three", "four"))


def test_of_two_packages_with_one_name_the_first_keeps_it(offer: Callable[..., None]) -> None:
    offer("playhead.tools", "greet", TOOL, "{}:Greet", "second")
    offer("playhead.tools", "hail", TOOL, "{}:Greet", "first")
    assert type(get_tool("greet")).__module__ == "first_1"
    assert list(problems()) == ["greet"]
    assert "first 1.0 offers a tool greet, too" in problems()["greet"]
    assert "pip uninstall second" in problems()["greet"]


def test_metadata_that_cannot_be_read_stops_nothing(offer: Callable[..., None], tmp_path: Path) -> None:
    offer("playhead.tools", "greet", TOOL, "{}:Greet", "sound")
    offer("playhead.tools", "greet", TOOL, "{}:Greet", "torn")
    (tmp_path / "site" / "torn-1.0.dist-info" / "entry_points.txt").write_text("[playhead.tools]\nno sign of sense\n")
    forget()
    assert "greet" in all_tools()
    assert problems() == {
        "entry_points.txt": "The tool entry_points.txt of torn 1.0 is left out: its entry point does not say "
        "module:Name. Update torn, or run: pip uninstall torn"
    }


def test_a_class_derived_from_a_tool_takes_nothing_away(offer: Callable[..., None]) -> None:
    code = "from playhead.tools.probe_video import ProbeVideo\nclass Mine(ProbeVideo):\n    '''Mine.'''\n"
    offer("playhead.tools", "mine", code + "    name = 'my_probe'\n", "{}:Mine")
    assert type(get_tool("my_probe")).__bases__ == (type(get_tool("probe_video")),)


METHOD = "    def detect(self, images):"
BAD_BACKENDS = {
    "sights.x": (BACKEND, "{}:Everywhere", "there is no role 'sights'"),
    "objects": (BACKEND, "{}:Everywhere", "'' is no name"),
    "objects.Big Eye": (BACKEND, "{}:Everywhere", "'Big Eye' is no name"),
    "objects.ssd": (BACKEND, "{}:Everywhere", "objects.ssd is built in"),
    "objects.broken": ("1 / 0", "{}:Everywhere", "ZeroDivisionError"),
    "objects.function": (BACKEND + "\ndef f(): pass", "{}:f", "it is not a class"),
    "objects.needy": (BACKEND.replace("def needs", "def wants"), "{}:Everywhere", "no needs()"),
    "objects.blind": (BACKEND.replace("def detect", "def see"), "{}:Everywhere", "no detect()"),
    "objects.needs": (BACKEND.replace("return Needs(", "return str("), "{}:Everywhere", "gives str instead of Needs"),
    "objects.fails": (BACKEND.replace("return Needs(", "return 1 / 0, ("), "{}:Everywhere", "ZeroDivisionError"),
    "speech.eyes": (BACKEND, "{}:Everywhere", "no transcribe()"),
}


@pytest.mark.parametrize("name", BAD_BACKENDS)
def test_a_backend_that_cannot_be_used_is_left_out(name: str, offer: Callable[..., None]) -> None:
    code, what, why = BAD_BACKENDS[name]
    offer("playhead.models", name, code, what)
    [problem] = [plugin.problem for plugin in models.plugins()]
    assert problem.startswith(f"The model {name} of greeter 1.0 is left out: ")
    assert why in problem
    assert Models().identity("objects").startswith("ssd")
    role, _, backend = name.partition(".")
    if name != "objects.ssd":
        with pytest.raises(PlayheadError):
            Models({role: backend or "greet"})


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (BACKEND.replace("self.id, self._label = ", "self.no = "), "a member of that Protocol is missing"),
        (BACKEND.replace("self.needs(argument).identity, argument", "'ssd', argument"), "its id is 'ssd'"),
        (BACKEND.replace("self.id, self._label = ", "1 / 0, "), "ZeroDivisionError"),
    ],
)
def test_a_model_that_is_none_of_its_role_is_not_used(code: str, why: str, offer: Callable[..., None]) -> None:
    offer("playhead.models", "objects.odd", code, "{}:Everywhere")
    with pytest.raises(PluginError, match=why) as refusal:
        _ = Models({"objects": "odd"}).objects
    assert "greeter 1.0" in str(refusal.value)


BAD_COMMANDS = {
    "doctor": (COMMAND, "{}:register", "doctor is built in"),
    "broken": ("1 / 0", "{}:register", "ZeroDivisionError"),
    "value": ("register = 3", "{}:register", "it is not a function"),
    "nothing": ("def register(app): pass", "{}:register", "it adds no command"),
    "raises": ("def register(app): raise OSError('no')", "{}:register", "OSError: no"),
    "untyped": (COMMAND.replace('str = "you"', '"Nowhere" = None'), "{}:register", "NameError"),
    "Loud": (COMMAND, "{}:register", "is no name of a command"),
}


@pytest.mark.parametrize("name", BAD_COMMANDS)
def test_a_command_that_cannot_be_used_is_left_out(
    name: str, offer: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    code, what, why = BAD_COMMANDS[name]
    offer("playhead.interfaces", name, code, what)
    assert why in problems()[name]
    assert main(["--help"]) == 0
    assert capsys.readouterr().out.count("doctor") == 1
    if name != "doctor":
        assert main([name]) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert f"The command {name} of greeter 1.0 is left out: " in said


def test_doctor_tells_all(offer: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    offer("playhead.tools", "greet", TOOL, "{}:Greet")
    offer("playhead.models", "objects.none-such", "1 / 0", "{}:Everywhere")
    offer("playhead.interfaces", "index", COMMAND, "{}:register")
    main(["doctor"])
    told = capsys.readouterr().out
    assert "added    tool greet by greeter 1.0\n" in told
    assert "The model objects.none-such of greeter 1.0 is left out: ZeroDivisionError" in told
    assert "The command index of greeter 1.0 is left out: index is built in." in told
    main(["doctor", "--json"])
    rows = json.loads(capsys.readouterr().out)["plugins"]
    assert [(row["kind"], row["name"], row["package"]) for row in rows] == [
        ("tool", "greet", "greeter 1.0"),
        ("model", "objects.none-such", "greeter 1.0"),
        ("command", "index", "greeter 1.0"),
    ]
    assert [bool(row["problem"]) for row in rows] == [False, True, True]


# The gate stands before and after a tool of somebody else


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with small_library(tmp_path_factory.mktemp("small")) as library:
        yield library


MAKER = TOOL + "    effects = frozenset({Effect.GENERATES})\n"
WAYS: dict[str, tuple[str, Any]] = {
    "without its call": (MAKER, lambda tool, context: tool.run(tool.checked({"name": "Ada"}), context)),
    "a run that is inherited": (
        MAKER.replace("    def run", "    def ran")
        .replace(OTHERWISE, f"class Way:\n    def run(self, a, c): return 'hi'\n{OTHERWISE}")
        .replace(OTHERWISE, OTHERWISE.replace("Greet(", "Greet(Way, ")),
        lambda tool, context: tool.run(tool.checked({"name": "Ada"}), context),
    ),
    "words on the way in": (MAKER, lambda tool, context: tool.call({"name": "bloodbath"}, context)),
    "words on the way out": (
        MAKER.replace("Hello {args.name}", 'blood" + f"bath'),
        lambda tool, context: tool.call({"name": "Ada"}, context),
    ),
    "another tool inside": (
        MAKER.replace('return f"Hello {args.name}"', "return Greet().run(args, context)"),
        lambda tool, context: tool.call({"name": "Ada"}, context),
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_tool_of_a_package_does_not_get_past_the_gate(
    way: str, offer: Callable[..., None], library: Library, tmp_path: Path
) -> None:
    code, act = WAYS[way]
    offer("playhead.tools", "greet", code, "{}:Greet")
    audit = audit_of(library)
    assert audit is not None
    before = len(audit.entries())
    with pytest.raises(BlockedError):
        act(get_tool("greet"), Context(library, tmp_path))
    assert [entry["passed"] for entry in audit.entries()[before:]][-1] is False


@pytest.mark.parametrize("given", [{"p": "bloodbath"}, {"name": "Ada", "more": "bloodbath"}])
def test_an_argument_that_is_not_declared_is_refused(
    given: dict[str, str], offer: Callable[..., None], library: Library, tmp_path: Path
) -> None:
    loose = MAKER.replace('"""Whom."""', 'model_config = {"extra": "allow"}').replace("Field(", 'Field(alias="p", ')
    offer("playhead.tools", "greet", loose, "{}:Greet")
    with pytest.raises(InputError):
        get_tool("greet").call(given, Context(library, tmp_path))


CHATTER = """
import os, threading, time
print("one")
def more():
    for _ in range(300):
        os.write(1, b"two\\n")
        time.sleep(0.001)
threading.Thread(target=more).start()
"""


def test_what_a_package_prints_does_not_reach_a_client(
    offer: Callable[..., None], library: Library, tmp_path: Path
) -> None:
    offer("playhead.tools", "greet", CHATTER + TOOL, "{}:Greet")
    command = [sys.executable, "-m", "playhead.interfaces.cli", "mcp", "--library", str(library.folder)]
    paths = os.pathsep.join([str(tmp_path / "site"), *filter(None, sys.path)])
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=os.environ | {"PYTHONPATH": paths}, text=True, **pipes) as server:  # type: ignore[call-overload]
        server.stdin.write('{"jsonrpc": "2.0", "id": 1, "method": "no/such/method"}\n')
        server.stdin.flush()
        assert json.loads(server.stdout.readline())["id"] == 1
        rest, told = server.communicate(timeout=60)
    assert rest == ""
    assert {"one", "two"} <= set(told.split())
