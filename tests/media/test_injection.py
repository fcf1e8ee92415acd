"""No string of a plan, a name, a subtitle or a tag becomes an option, a filter, an address or a path it chose."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from playhead import Library, Settings
from playhead.agent.agent import Agent
from playhead.agent.plan import parse_plan
from playhead.errors import PlanError, PlayheadError, QueryError
from playhead.media import graphs
from playhead.media.filming import Canvas
from playhead.media.graphs import Clip, Sound, Still
from playhead.models.cache import cache_folder
from playhead.safety.texts import files_of
from playhead.tools.contract import Context
from playhead.tools.registry import all_tools, get_tool

from ..conftest import FakeModels
from . import commands
from .watched import watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playhead.models.registry import Models

SECRET = "{secret}"  # stands for a video outside every allowed folder
LITERALS = (
    "-y", "-report", "--help", "-/filter:v", "-i\n/etc/passwd", "movie=/etc/passwd", "drawtext=textfile=/etc/passwd",
    "[in]movie=/etc/passwd[out]", "concat:/etc/passwd|/etc/passwd", "http://127.0.0.1:1/", "tcp://127.0.0.1:1",
    "file:///etc/passwd", "file:/etc/passwd", "fd:", "fd:0", "pipe:1", "data:text/plain,x", "async:file:/etc/passwd",
    "subfile,,start,0,end,0,,:/etc/passwd", "crypto+file:/etc/passwd", "tee:x", "../../x", "../outside/secret.mp4",
    "%2e%2e%2fx", "%03d.png", "|id", "$(id)", "`id`", ";id", "~", "~root/.ssh", "*", "x\0y", "\0", "a\nb", "\r\n",
    "\x1b[2J", "\ud800", "/", "//", ".", "..", "", " ", "/etc/passwd", "/dev/zero", "/proc/self/environ",
    "{0.__class__}", "%s%n", "$find.video.path", "$", "*alias", "!!python/object:os.system", "x" * 5000, "../" * 200,
    SECRET, f"file:{SECRET}", f"concat:{SECRET}", f"footage/../outside/{SECRET}",
)  # fmt: skip
HOSTILE = st.one_of(
    st.sampled_from(LITERALS),
    st.builds(lambda a, b: a + b, st.sampled_from(LITERALS), st.sampled_from(LITERALS)),
    st.text(max_size=40),
)
OFTEN_KNOWN = st.one_of(st.just("cuts.mp4"), st.just("cuts.mp4"), HOSTILE)
NUMBERS = st.sampled_from([0, 1, 2, 0.5, 3.5, -1, 1e9, float("nan"), float("inf"), "-y", "1;id"])
EACH = settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


class House:
    """A library of `cuts.mp4` in a house with a room for footage, a room for results and a room nobody may enter."""

    def __init__(self, root: Path, clips: Callable[[str], Path]) -> None:
        self.footage, self.out, outside = root / "footage", root / "out", root / "outside"
        for room in (self.footage, self.out, outside):
            room.mkdir(parents=True)
        shutil.copy(clips("cuts.mp4"), self.footage / "cuts.mp4")
        self.secret = Path(shutil.copy(clips("plain.mp4"), outside / "secret.mp4"))
        (self.footage / "cuts.srt").write_text("1\n00:00:00,200 --> 00:00:01,700\nHello -y movie=/etc/passwd there\n")
        (self.footage / "link.mp4").symlink_to(self.secret)
        chosen = Settings.model_validate({"channels": ("picture", "speech"), "roots": (self.footage,)})
        self.library = Library(root / "library", settings=chosen, models=cast("Models", FakeModels()))
        self.places: dict[str, Any] = {
            "reads": [self.footage],
            "writes": [self.library.folder, self.out, cache_folder()],
        }

    def named(self, value: Any) -> Any:
        """A generated value with the secret's true path in it."""
        if isinstance(value, dict):
            return {self.named(key): self.named(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.named(item) for item in value]
        return value.replace(SECRET, str(self.secret)) if isinstance(value, str) else value


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache folder of these tests' own, so that it may be named."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLAYHEAD_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, clips: Callable[[str], Path]) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("house"), clips)
    with made.library:
        assert not made.library.add(made.footage / "cuts.mp4").failed
        yield made


def fitting(schema: dict[str, Any], whole: dict[str, Any], name: str = "") -> st.SearchStrategy[Any]:
    """Values of a JSON Schema's form with anything in its strings and numbers."""
    if "$ref" in schema:
        return fitting(whole["$defs"][schema["$ref"].rsplit("/", 1)[1]], whole, name)
    if "anyOf" in schema:
        return st.one_of(*(fitting(one, whole, name) for one in schema["anyOf"]))
    match schema.get("type"):
        case "object":
            return filled(schema, whole)
        case "array":
            return st.lists(fitting(schema["items"], whole, name), max_size=2)
        case "integer" | "number":
            return st.one_of(st.sampled_from([0, 1, 2, 3]), st.sampled_from([1, 2]), NUMBERS)
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
    if "enum" in schema:
        return st.one_of(st.sampled_from(schema["enum"]), HOSTILE)
    if schema.get("format") == "path":
        return st.one_of(st.sampled_from([SECRET, "/etc/passwd", "/proc/self/environ"]), HOSTILE)
    return OFTEN_KNOWN if name == "video" else HOSTILE


def filled(schema: dict[str, Any], whole: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    parts = {name: fitting(about, whole, name) for name, about in schema["properties"].items()}
    required = {name: part for name, part in parts.items() if name in schema.get("required", ()) or name == "video"}
    return st.fixed_dictionaries(
        required, optional={name: part for name, part in parts.items() if name not in required}
    )


def test_the_watch_sees_what_it_is_there_for(tmp_path: Path) -> None:
    """Else the tests below would prove nothing."""
    deeds = (
        lambda: Path("/etc/hostname").read_text(),
        lambda: (tmp_path / "elsewhere").write_text("x"),
        lambda: (tmp_path / "in" / ".." / "elsewhere").write_text("x"),
        lambda: (tmp_path / "elsewhere").rename(tmp_path / "in" / "x"),
        (tmp_path / "made").mkdir,
        lambda: subprocess.run(["/bin/true", "-y"], check=True),
        lambda: os.system("true"),
    )
    (tmp_path / "in").mkdir()
    (tmp_path / "other").touch()
    folder = os.open(tmp_path, os.O_RDONLY)
    deeds += (
        lambda: os.remove("other", dir_fd=folder),
        lambda: os.open("/etc/hostname", os.O_RDONLY | os.O_NOFOLLOW),
        lambda: tempfile.NamedTemporaryFile(prefix="other-").close(),
        lambda: tempfile.TemporaryDirectory(prefix="other-").cleanup(),
    )
    for deed in deeds:
        with pytest.raises(AssertionError), watched(reads=[tmp_path / "in"], writes=[tmp_path / "in"]):
            deed()
    os.close(folder)
    with watched(reads=[tmp_path], writes=[tmp_path / "in"]):
        (tmp_path / "in" / "x").read_text()
        with tempfile.TemporaryDirectory(prefix="playhead-") as own, tempfile.TemporaryFile() as nameless:
            Path(own, "words").write_text("x")
            nameless.write(b"x")


OURS = graphs.film([Clip(3, 10)], [Sound(Path("/made/x.wav"), 1.0)], canvas=Canvas(), target=Path("/made/film.mp4"))
HEAD = ("-hide_banner", "-nostdin", "-loglevel", "error", "-y")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("-y", "-n"),
        ("-hide_banner", "-report"),
        ("fd:", "pipe:3"),
        ("fd:", "/etc/passwd"),
        ("fd:", "file:/etc/passwd"),
        ("fd:", "concat:/made/x.wav"),
        ("file:/made/x.wav", "file:/made/../etc/passwd"),
        ("file:/made/.film.mp4.part", "file:/made/film.mp4"),
        ("file:/made/.film.mp4.part", "file:/etc/.film.mp4.part"),
        ("file:/made/.film.mp4.part", "http://127.0.0.1/.film.mp4.part"),
        ("-acodec", "-metadata"),
        ("aac", "file:/etc/passwd"),
        ("veryfast", "-y"),
        ("libx264", "libx264 -report"),
    ],
)
def test_only_commands_of_ours_are_known(ffmpeg: str, old: str, new: str) -> None:
    command = [ffmpeg, *HEAD, *OURS.arguments]

    def known(said: list[str]) -> bool:
        return commands.known(said, lambda path: os.path.normpath(path).startswith("/made/"))

    assert known(command)
    changed = [new if part == old else part for part in command]
    assert (changed != command, known(changed)) == (True, False)
    filters = command.index("-filter_complex") + 1
    assert not known([*command[:filters], f"{command[filters]};movie=x[y]", *command[filters + 1 :]])
    assert not known(["/bin/ffmpeg", *command[1:]])
    assert not known([*command[:-1], "-report", command[-1]])


# Tools


FILMING = ("compose_story", "generate_video", "speak")  # what they make takes a second and more
TOOLS = sorted(all_tools())


@pytest.mark.parametrize(("name", "often"), [(name, 12 if name in FILMING else 40) for name in TOOLS])
def test_no_argument_of_a_tool_makes_it_do_more_than_it_may(name: str, often: int, house: House) -> None:
    tool = get_tool(name)
    schema = tool.schema()

    @settings(EACH, max_examples=often)
    @given(filled(schema, schema))
    def attempt(arguments: dict[str, Any]) -> None:
        context = Context(house.library, house.out)
        with watched(**house.places), suppress(PlayheadError):
            tool.call(house.named(arguments), context)

    attempt()


MOMENTS = {"moments": [{"video": "cuts.mp4", "start_s": 0.5, "end_s": 1.5}]}
GIVEN: dict[str, dict[str, Any]] = {
    "answer_question": {"question": "Who says hello?", "video": "cuts.mp4"},
    "compose_story": {"video": "cuts.mp4", "film": True, "length": 1},
    "contact_sheet": {"video": "cuts.mp4"},
    "cut_clip": MOMENTS,
    "detect_shots": {"video": "cuts.mp4"},
    "export_subtitles": {"video": "cuts.mp4", "burn": True},
    "export_timeline": MOMENTS,
    "extract_frames": {"video": "cuts.mp4"},
    "generate_image": {"prompt": "zebra"},
    "generate_video": {"prompt": "blue", "source": "retrieved", "threshold": 0, "seconds": 0.5},
    "make_supercut": MOMENTS,
    "probe_video": {"video": "cuts.mp4"},
    "search_moments": {"query": "red", "video": "cuts.mp4"},
    "speak": {"text": "Hello there."},
    "summarize": {"video": "cuts.mp4"},
    "transcribe": {"video": "cuts.mp4"},
}


def test_tools_do_run_in_this_house(house: House) -> None:
    """The watch allows what a tool is for: else every refusal above could be a mistake of the tests."""
    with watched(**house.places) as deeds:
        for name, arguments in GIVEN.items():
            context = Context(house.library, house.out)
            made = get_tool(name).call(arguments, context)
            assert made, name
            assert all(any(map(path.is_relative_to, house.places["writes"])) for path in files_of(made)), name
    assert deeds.programs >= 12
    assert deeds.opened
    assert not [path.name for path in house.out.iterdir() if path.name.startswith(".") or path.suffix == ".part"]


# Names, subtitles and tags of footage

FILE_NAMES = st.one_of(
    st.sampled_from([text for text in LITERALS if 0 < len(text) < 200]),
    st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40),
).map(lambda text: re.sub(r"[/\0\ud800]", "_", text).strip(".") or "-")


@settings(EACH, max_examples=6, phases=[Phase.explicit, Phase.generate])  # each makes a library
@given(name=FILE_NAMES, said=HOSTILE, tag=HOSTILE, language=HOSTILE)
def test_no_name_subtitle_tag_or_setting_does_anything(
    ffmpeg_tags: Callable[[str, Path], None],
    name: str,
    said: str,
    tag: str,
    language: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    root = tmp_path_factory.mktemp("named")
    footage, out = root / "footage", root / "out"
    out.mkdir()
    footage.mkdir()
    path = footage / f"{name}.mkv"
    ffmpeg_tags(tag.replace("\0", "").encode(errors="replace").decode(), path)
    said = said.encode(errors="replace").decode()
    path.with_suffix(".srt").write_text(f"1\n00:00:00,100 --> 00:00:01,000\n{said}\n")
    chosen = Settings.model_validate({"channels": ("picture", "object", "speech"), "language": language})
    places = {"reads": [footage], "writes": [root / "library", out, cache_folder()]}
    with watched(**places) as deeds, Library(
        root / "library", settings=chosen, models=cast("Models", FakeModels())
    ) as library:  # fmt: skip
        assert not library.add(footage).failed
        context = Context(library, out)
        (video,) = library.videos()
        for tool in ("detect_shots", "extract_frames", "probe_video", "summarize", "transcribe"):
            get_tool(tool).call({"video": video.id}, context)
        with suppress(QueryError):  # no word in it
            get_tool("search_moments").call({"query": said or "red", "video": video.name}, context)
    assert deeds.programs >= 2
    assert {entry.name for entry in footage.iterdir()} <= {path.name, path.with_suffix(".srt").name}


@pytest.fixture(scope="module")
def ffmpeg_tags(clips: Callable[[str], Path]) -> Callable[[str, Path], None]:
    """Writes a clip whose title and comment are a text."""
    import imageio_ffmpeg

    def write(tag: str, path: Path) -> None:
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-i", str(clips("short.mp4"))]
        command += ["-c", "copy", "-metadata", f"title={tag}", "-metadata", f"comment={tag}"]
        subprocess.run([*command, f"file:{path}"], check=True, timeout=60)

    return write


# Plans

WORDS = st.one_of(st.sampled_from(sorted(all_tools())), HOSTILE)
SHAPED = st.fixed_dictionaries(
    {
        "steps": st.dictionaries(
            st.one_of(st.sampled_from(["find", "take"]), HOSTILE),
            st.fixed_dictionaries(
                {
                    "tool": WORDS,
                    "args": st.dictionaries(
                        st.one_of(st.sampled_from(["video", "query", "frames", "question", "start_s"]), HOSTILE),
                        st.one_of(OFTEN_KNOWN, st.lists(HOSTILE, max_size=2), NUMBERS),
                        max_size=3,
                    ),
                }
            ),
            min_size=1,
            max_size=2,
        )
    },
    optional={"request": HOSTILE, "answer": HOSTILE, "inputs": st.dictionaries(HOSTILE, HOSTILE, max_size=2)},
)
RUNNABLE = """\
request: {request}
inputs: {{word: {word}}}
steps:
  find: {{tool: search_moments, args: {{query: $word, video: cuts.mp4}}}}
  ask: {{tool: answer_question, args: {{question: {word}, video: {video}}}}}
  take: {{tool: extract_frames, args: {{moments: $find.moments}}}}
answer: {answer}
"""


def ran(text: str, house: House) -> bool:
    """Whether a plan got as far as to run, under watch."""
    agent = Agent(house.library)
    with watched(**house.places):
        try:
            agent.run(parse_plan(text))
        except PlayheadError:
            return False
    return True


@settings(EACH, max_examples=60)
@given(SHAPED)
def test_no_string_of_a_plan_does_more_than_a_tool_may(house: House, said: dict[str, Any]) -> None:
    ran(yaml.safe_dump(house.named(said), allow_unicode=True), house)


@settings(EACH, max_examples=60)
@given(HOSTILE, HOSTILE, st.sampled_from(["cuts.mp4", SECRET, "../outside/secret.mp4", "-y", "concat:cuts.mp4"]))
def test_a_plan_that_can_run_does_no_more_for_its_words(house: House, request_: str, word: str, video: str) -> None:
    words = {"request": request_, "word": word, "video": video, "answer": "take"}
    ran(RUNNABLE.format(**{name: _quoted(house.named(text)) for name, text in words.items()}), house)


@EACH
@given(HOSTILE, HOSTILE)
def test_text_put_into_yaml_as_it_is_gives_a_plan_or_a_plan_error(house: House, request_: str, word: str) -> None:
    text = RUNNABLE.format(request=request_, word=word, video="cuts.mp4", answer="take")
    try:
        parse_plan(house.named(text))
    except PlanError:
        return
    ran(house.named(text), house)


def test_a_plan_of_these_runs(house: House) -> None:
    assert ran(RUNNABLE.format(request="x", word="red", video="cuts.mp4", answer="take"), house)


def _quoted(text: str) -> str:
    return yaml.safe_dump(text, default_style='"', width=100_000).strip()


# Graphs

OPTIONS = frozenset(
    "-i -f -fd -format_whitelist -protocol_whitelist -codec_whitelist -filter_complex -map -acodec -b:a -crf -fflags "
    "-flags:a -flags:v -frames:v -g -map_metadata -movflags -pix_fmt -preset -threads -vcodec".split()
)
PATHS = st.one_of(HOSTILE, st.just("/etc/passwd")).map(
    lambda text: Path("/made", "x" + os.fsdecode(text.replace("\0", "").encode("latin-1", "replace")))
)
COUNTS = st.integers(1, 500)
SECONDS = st.floats(0, 1e5)
SHOTS = st.lists(
    st.one_of(
        st.builds(Still, PATHS, COUNTS, st.floats(1, 2)),
        st.builds(Clip, st.integers(3, 900), COUNTS, SECONDS),
    ),
    min_size=1,
    max_size=2,
    unique_by=lambda shot: shot.descriptor if isinstance(shot, Clip) else id(shot),
)
NUMBERS_ONLY = re.compile(r"[\w\[\]:;=,.+*/()-]*")


@settings(max_examples=30)
@given(SHOTS, st.lists(st.builds(Sound, PATHS, SECONDS), max_size=2), PATHS)
def test_a_graph_is_our_options_typed_numbers_and_addresses_of_files(
    shots: list[Still | Clip], sounds: list[Sound], target: Path
) -> None:
    graph = graphs.film(shots, sounds, canvas=Canvas(), target=target)
    arguments = list(graph.arguments)
    assert {part for part in arguments if part.startswith("-") and part != "-1"} <= OPTIONS
    known = {f"file:{shot.path}" for shot in shots if isinstance(shot, Still)} | {f"file:{s.path}" for s in sounds}
    inputs = [arguments[place + 1] for place, part in enumerate(arguments) if part == "-i"]
    assert set(inputs) <= known | {"fd:"}
    assert arguments[-1] == f"file:{target.with_name(f'.{target.name}.part')}"
    (filters,) = (arguments[place + 1] for place, part in enumerate(arguments) if part == "-filter_complex")
    assert NUMBERS_ONLY.fullmatch(filters)
    for word in ("movie", "file", "passwd", "drawtext", "subtitles", "metadata", "sendcmd", "http"):
        assert word not in filters
    assert set(graph.descriptors) == {shot.descriptor for shot in shots if isinstance(shot, Clip)}


BAD = st.one_of(HOSTILE, st.sampled_from([float("nan"), float("inf"), -1, None, "1", b"1", [1], 1j]))


@given(BAD, st.sampled_from(["width", "height", "rate_hz"]), st.booleans())
def test_a_canvas_takes_whole_numbers_only(value: Any, name: str, clip: bool) -> None:
    canvas = Canvas(**{name: value})
    shot = Clip(5, 10) if clip else Still(Path("/made/x.png"), 10)
    with pytest.raises((ValueError, TypeError)):
        graphs.film([shot], [], canvas=canvas, target=Path("/made/film.mp4"))


@pytest.mark.parametrize(
    "make",
    [
        lambda bad: (Still(Path("/made/x.png"), bad), None),
        lambda bad: (Still(Path("/made/x.png"), 5, bad), None),
        lambda bad: (Clip(bad, 5), None),
        lambda bad: (Clip(3, bad), None),
        lambda bad: (Clip(3, 5, bad), None),
        lambda bad: (Still(Path("/made/x.png"), 5), Sound(Path("/made/x.wav"), bad)),
    ],
    ids=["frames", "zoom", "descriptor", "frames of a clip", "start of a clip", "start of a sound"],
)
@given(bad=BAD)
def test_a_shot_and_a_sound_take_numbers_only(make: Callable[[Any], tuple[Any, Any]], bad: Any) -> None:
    shot, sound = make(bad)
    with pytest.raises((ValueError, TypeError)):
        graphs.film([shot], [sound] if sound else [], canvas=Canvas(), target=Path("/made/film.mp4"))


def test_one_module_builds_graphs() -> None:
    """What is proved of it above is proved of all of ffmpeg-python's use."""
    source = Path(graphs.__file__).parents[1]  # its folders are links
    users = [path for path in source.glob("*/*.py") if re.search(r"^\s*import ffmpeg\b", path.read_text(), re.M)]
    assert [path.name for path in users] == ["graphs.py"]
