"""Files made to reach elsewhere, to cost too much or to break the decoder: each ends in a clear error, soon."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import pytest

from playhead.errors import MediaError, MediaLimitError, UnreadableMediaError, UnsafeMediaError
from playhead.media import decode as decoding
from playhead.media import wire
from playhead.media.decode import Beat, End, Probe, Sample, Wants, decode, probe
from playhead.media.files import MediaFile, open_file
from playhead.media.formats import container_options
from playhead.types import Limits

Clips = Callable[[str], Path]

HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXT-X-MEDIA-SEQUENCE:0\n{key}#EXTINF:10,\n{entry}\n#EXT-X-ENDLIST\n"
DASH = (
    '<?xml version="1.0"?>{doctype}<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"'
    ' mediaPresentationDuration="PT2S"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1"'
    ' bandwidth="1000" width="96" height="54"><BaseURL>{entry}</BaseURL></Representation></AdaptationSet>'
    "</Period></MPD>"
)
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="64" height="64">'
    '<image xlink:href="{entry}" width="64" height="64"/></svg>'
)
SDP = (
    "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=video {port} RTP/AVP 96\na=rtpmap:96 H264/90000\n"
)

SCRIPTS = {
    "HLS, address": HLS.format(key="", entry="{url}/hls.ts"),
    "HLS, absolute file": HLS.format(key="", entry="file://{secret}"),
    "HLS, relative file": HLS.format(key="", entry="../elsewhere/secret.ts"),
    "HLS, concat:": HLS.format(key="", entry="concat:{secret}|{secret}"),
    "HLS, subfile": HLS.format(key="", entry="subfile,,start,0,end,0,,:{secret}"),
    "HLS, crypto+file": HLS.format(key="", entry="crypto+file:{secret}"),
    "HLS, key from an address": HLS.format(
        key='#EXT-X-KEY:METHOD=AES-128,URI="{url}/key"\n', entry="../elsewhere/secret.ts"
    ),
    "HLS, map from an address": HLS.format(key='#EXT-X-MAP:URI="{url}/init.mp4"\n', entry="{url}/1.mp4"),
    "HLS, master": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000\n{url}/low.m3u8\n",
    "ffconcat, relative": "ffconcat version 1.0\nfile ../elsewhere/secret.ts\n",
    "ffconcat, absolute": "ffconcat version 1.0\nfile {secret}\n",
    "ffconcat, address": "ffconcat version 1.0\nfile {url}/concat.mp4\n",
    "concat without a header": "file '{secret}'\n",
    "DASH, address": DASH.format(doctype="", entry="{url}/dash.mp4"),
    "DASH, file": DASH.format(doctype="", entry="file://{secret}"),
    "DASH, external entity": DASH.format(doctype='<!DOCTYPE x [<!ENTITY e SYSTEM "{url}/xxe">]>', entry="&e;"),
    "DASH, file entity": DASH.format(doctype='<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>', entry="&e;"),
    "DASH without a declaration": DASH.format(doctype="", entry="{url}/dash.mp4").removeprefix(
        '<?xml version="1.0"?>'
    ),
    "SDP": SDP,
    "SVG": SVG.format(entry="{url}/x.png"),
    "SVG with a declaration": '<?xml version="1.0"?>' + SVG.format(entry="file://{secret}"),
    "PLS": "[playlist]\nFile1={url}/x.mp4\nNumberOfEntries=1\n",
    "XSPF": '<?xml version="1.0"?><playlist><track><location>{url}/x</location></track></playlist>',
    "IMF": '<?xml version="1.0"?><CompositionPlaylist/>',
}
# Scripts of ours have a mark at the start that open_file knows; behind any of these it is not there.
DISGUISES = {
    "blanks": b" " * 100,
    "lines": b"\n" * 100,
    "two marks": b"\xef\xbb\xbf" * 40,
    "an ID3 tag": b"ID3\x03\x00\x00\x00\x00\x00\x20" + bytes(32),
    "a free box": b"\x00\x00\x00\x40free" + bytes(56),
}


class Listener:
    """A server on the loopback that counts who connects, and answers nobody."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(0.05)
        self.port = self._server.getsockname()[1]
        self.hits = 0
        self._open = True
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        while self._open:
            try:
                connection, _ = self._server.accept()
            except TimeoutError:
                continue
            self.hits += 1
            connection.sendall(b"HTTP/1.0 404 Not Found\r\n\r\n")
            connection.close()

    def close(self) -> None:
        """Stop listening, once everyone who has called by now is counted."""
        time.sleep(0.1)
        self._open = False
        self._thread.join()
        self._server.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    server = Listener()
    yield server
    server.close()


@pytest.fixture
def house(tmp_path: Path, clips: Clips) -> Path:
    """A root, and beside it a video that nobody gave us."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret.ts").write_bytes(clips("late.ts").read_bytes())
    root = tmp_path / "root"
    root.mkdir()
    return root


def text_of(script: str, root: Path, port: int) -> bytes:
    values = {
        "{secret}": str(root.parent / "elsewhere" / "secret.ts"),
        "{url}": f"http://127.0.0.1:{port}",
        "{port}": str(port),
    }
    for name, value in values.items():
        script = script.replace(name, value)
    return script.encode()


def unchecked(path: Path) -> MediaFile:
    """The file as open_file would give it if it did not look inside."""
    status = path.stat()
    return MediaFile(os.open(path, os.O_RDONLY), path, status.st_size, status.st_mtime_ns)


def taken(file: MediaFile, limits: Limits | None = None) -> int:
    """How many frames and pieces of sound a pass gives."""
    return sum(not isinstance(event, Probe | Beat | End) for event in decode(file, Wants(fps=10), limits))


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_the_attacks_work_on_a_player_that_is_not_careful(house: Path, listener: Listener, ffmpeg: str) -> None:
    """Without this the tests below could pass because the scripts are wrong."""
    for name, script in (("address", "HLS, address"), ("file", "HLS, absolute file"), ("list", "ffconcat, absolute")):
        (house / f"{name}.m3u8").write_bytes(text_of(SCRIPTS[script], house, listener.port))

    def played(name: str, *options: str) -> bytes:
        command = [ffmpeg, "-v", "error", "-nostdin", *options, "-i", str(house / f"{name}.m3u8")]
        command += ["-frames:v", "1", "-f", "rawvideo", "-"]
        return subprocess.run(command, capture_output=True, check=False, timeout=20).stdout

    assert played("file")
    assert played("list", "-safe", "0")
    played("address", "-protocol_whitelist", "file,http,tcp")
    assert listener.hits > 0


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS.keys())
def test_a_script_is_refused_under_any_name(script: str, house: Path) -> None:
    for name in ("x.mp4", "x.avi", "x.mkv", "x.m3u8", "x.mpd", "x"):
        for mark in (b"", b"\xef\xbb\xbf", b"\r\n \t"):
            (house / name).write_bytes(mark + text_of(script, house, 9))
            with pytest.raises(UnsafeMediaError, match="can make a player read other files"):
                open_file(house / name, [house])


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_script_that_gets_past_the_first_look_reaches_nothing(house: Path, listener: Listener) -> None:
    """Even opened unseen, the decoder knows no script, no other file and no network."""
    for number, script in enumerate(SCRIPTS.values()):
        path = house / f"{number}.m3u8"
        path.write_bytes(text_of(script, house, listener.port))
        with unchecked(path) as file, pytest.raises(UnreadableMediaError):
            probe(file)
    assert listener.hits == 0


@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES.keys())
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_script_in_disguise_reaches_nothing(disguise: bytes, house: Path, listener: Listener) -> None:
    for name, script in (
        ("a.mp4", "HLS, absolute file"),
        ("b.mp3", "ffconcat, absolute"),
        ("c.m3u8", "HLS, address"),
    ):
        (house / name).write_bytes(disguise + text_of(SCRIPTS[script], house, listener.port))
        with pytest.raises(MediaError), open_file(house / name, [house]) as file:
            taken(file)
    assert listener.hits == 0


@pytest.mark.parametrize("wall", ["protocol_whitelist", "format_whitelist"])
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_each_wall_stands_alone(wall: str, house: Path, listener: Listener) -> None:
    """With either of the two lists gone, the other still keeps every script in; with both gone, none would."""
    for number, script in enumerate(SCRIPTS.values()):
        path = house / f"{number}.m3u8"
        path.write_bytes(text_of(script, house, listener.port))
        with unchecked(path) as file:
            options = container_options(file.descriptor)
            del options[wall]
            with pytest.raises((av.FFmpegError, IndexError)), av.open("fd:", options=options) as container:
                next(container.decode(video=0))
    assert listener.hits == 0


def test_a_reference_inside_a_real_container_is_not_followed(house: Path, clips: Clips) -> None:
    """A QuickTime `url ` reference names the file that holds the media; ours must stay inside its descriptor."""
    data = clips("plain.mp4").read_bytes()
    alias = b"file:../elsewhere/secret.ts\x00"
    old = data.index(b"url \x00\x00\x00\x01") - 4
    box = (12 + len(alias)).to_bytes(4, "big") + b"url \x00\x00\x00\x00" + alias
    grown = bytearray(data[:old] + box + data[old + 12 :])
    for name in (b"dref", b"dinf", b"minf", b"mdia", b"trak", b"moov"):
        place = grown.index(name) - 4
        size = int.from_bytes(grown[place : place + 4], "big") + len(alias)
        grown[place : place + 4] = size.to_bytes(4, "big")
    (house / "x.mov").write_bytes(grown)
    (house.parent / "elsewhere" / "secret.ts").unlink()
    with open_file(house / "x.mov", [house]) as file:
        assert taken(file) == 20, "its own frames, not the other file's"


def test_only_its_own_descriptor_is_handed_on(house: Path, clips: Clips, monkeypatch: pytest.MonkeyPatch) -> None:
    (house / "a.mp4").write_bytes(clips("plain.mp4").read_bytes())
    started: list[dict[str, object]] = []
    real = subprocess.Popen

    def note(command: list[str], **options: object) -> subprocess.Popen[bytes]:
        started.append({"command": command, **options})
        return real(command, **options)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(decoding.subprocess, "Popen", note)
    monkeypatch.setenv("FFREPORT", f"file={house}/report.log")
    with open_file(house / "a.mp4", [house]) as other, open_file(house / "a.mp4", [house]) as file:
        assert taken(file) == 20
        assert other.descriptor not in started[0]["pass_fds"]  # type: ignore[operator]
    assert str(house) not in " ".join(started[0]["command"])  # type: ignore[arg-type]
    assert "FFREPORT" not in started[0]["env"]  # type: ignore[operator]
    assert [path.name for path in house.iterdir()] == ["a.mp4"]


def test_a_name_is_never_read_as_an_option_or_a_command(house: Path, clips: Clips) -> None:
    for name in ("-y.mp4", "$(touch PWNED);.mp4", "concat:a|b.mp4", "%03d.mp4", "new\nline.mp4"):
        (house / name).write_bytes(clips("short.mp4").read_bytes())
        with open_file(house / name, [house]) as file:
            assert taken(file) == 2
    assert len(list(house.iterdir())) == 5
    assert not Path("PWNED").exists()


# Bombs


def seconds_of(action: Callable[[], object]) -> float:
    begin = time.monotonic()
    action()
    return time.monotonic() - begin


def test_a_huge_picture_is_refused_before_it_is_decoded(clips: Clips) -> None:
    path = clips("huge.mkv")

    def attempt() -> None:
        with open_file(path, [path.parent]) as file, pytest.raises(MediaLimitError, match="16000x16000 pixels"):
            list(decode(file))
        with open_file(path, [path.parent]) as file, pytest.raises(MediaLimitError, match="16000x16000 pixels"):
            probe(file)

    assert seconds_of(attempt) < 5


def test_a_gap_in_the_time_stamps_gives_two_samples_not_a_million(clips: Clips) -> None:
    path = clips("gap.mkv")
    with open_file(path, [path.parent]) as file:
        events = list(decode(file, Wants(fps=10)))
    assert [event.time_s for event in events if isinstance(event, Sample)] == pytest.approx([0.0, 1e6])
    assert len(events) < 10
    assert isinstance(events[-1], End)
    assert "time stamps jump from 0.0 s to 1000000.0 s" in events[-1].warnings


def test_a_hundred_thousand_jumps_are_told_only_a_few_times(clips: Clips, tmp_path: Path) -> None:
    (tmp_path / "jumps.ts").write_bytes(clips("jumps.mkv").read_bytes())
    with open_file(tmp_path / "jumps.ts", [tmp_path]) as file:
        *_, end = decode(file)
    assert isinstance(end, End)
    assert 0 < len(end.warnings) <= 20


def test_a_lie_about_the_length_costs_nothing(clips: Clips, tmp_path: Path) -> None:
    data = bytearray(clips("plain.mp4").read_bytes())
    place = data.index(b"mvhd") + 4 + 16
    data[place : place + 4] = b"\x7f\xff\xff\xff"
    (tmp_path / "x.mp4").write_bytes(data)
    with open_file(tmp_path / "x.mp4", [tmp_path]) as file:
        assert taken(file) == 20


@pytest.mark.parametrize(
    ("limits", "error"), [(Limits(processor_s=1), MediaLimitError), (Limits(frames=500), MediaLimitError)]
)
def test_endless_footage_is_stopped(limits: Limits, error: type[MediaError], clips: Clips, tmp_path: Path) -> None:
    part = clips("long.ts").read_bytes()
    with (tmp_path / "endless.ts").open("wb") as endless:
        for _ in range(60):
            endless.write(part)

    def attempt() -> None:
        with open_file(tmp_path / "endless.ts", [tmp_path]) as file, pytest.raises(error):
            list(decode(file, Wants(fps=0.1), limits))

    assert seconds_of(attempt) < 8


def test_memory_is_limited(clips: Clips) -> None:
    path = clips("huge.mkv")
    limits = Limits(pixels=1 << 40, memory_bytes=200 << 20)
    with open_file(path, [path.parent]) as file, pytest.raises(MediaError) as caught:
        list(decode(file, limits=limits))
    assert caught.value.why


# A decoder that misbehaves


@pytest.fixture
def decoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a shell script in the decoder's place."""

    def install(script: str) -> None:
        path = tmp_path / "decoder"
        path.write_text(f"#!/bin/sh\ncat > /dev/null\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setattr(decoding.sys, "executable", str(path))

    return install


HEAD = r"""printf '\040\000\000\000\000\000\000\000{"kind": "beat"'"""


@pytest.mark.parametrize(
    "script",
    ["exec sleep 60", f"{HEAD}; exec sleep 60", "printf x; exec sleep 60", "exec 1>&-; exec sleep 60"],
    ids=["silent", "in the middle of a head", "in the middle of a size", "closes its output"],
)
def test_a_decoder_that_stalls_is_given_up(script: str, decoder: Callable[[str], None], clips: Clips) -> None:
    path = clips("plain.mp4")
    decoder(script)

    def attempt() -> None:
        with open_file(path, [path.parent]) as file, pytest.raises(MediaLimitError, match="given up"):
            list(decode(file, limits=Limits(stall_s=0.4)))

    assert 0.3 < seconds_of(attempt) < 5


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("kill -SEGV $$", "SIGSEGV"),
        ("kill -KILL $$", "SIGKILL"),
        ("kill -TERM $$", "SIGTERM"),
        ("exit 3", "exit 3"),
        ("exit 0", "stopped early"),
        (f"{HEAD}; exit 1", "exit 1"),
        ("head -c 100000 /dev/zero", "nonsense"),
        ("head -c 100000 /dev/zero | tr '\\0' '\\377'", "nonsense"),
    ],
)
def test_a_decoder_that_crashes_is_a_clear_error(
    script: str, says: str, decoder: Callable[[str], None], clips: Clips
) -> None:
    path = clips("plain.mp4")
    decoder(script)
    with open_file(path, [path.parent]) as file, pytest.raises(UnreadableMediaError, match=says) as caught:
        list(decode(file, limits=Limits(stall_s=5)))
    assert str(caught.value).startswith("plain.mp4 cannot be read: ")


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ({}, b""),
        ({"kind": "other"}, b""),
        ({"kind": ["sample"]}, b""),
        ({"kind": "probe", "evil": 1}, b""),
        ({"kind": "sample", "time_s": 0.0, "sizes": []}, b""),
        ({"kind": "sample", "time_s": 0.0, "sizes": 7}, b""),
        ({"kind": "sample", "time_s": 0.0, "sizes": [[999, 999]]}, b"too little"),
        ({"kind": "sound", "start_s": 0}, b"odd"),
        ({"kind": "subtitle", "start_s": 0, "end_s": 1, "lines": [1]}, b""),
        ({"kind": "subtitle", "start_s": float("nan"), "end_s": 1, "lines": ["0,0,,,0,0,0,,x"]}, b""),
        ({"kind": "end"}, b""),
        ({"kind": "refused"}, b""),
    ],
)
def test_a_decoder_that_lies_is_a_clear_error(
    head: dict[str, object], body: bytes, decoder: Callable[[str], None], clips: Clips, tmp_path: Path
) -> None:
    path = clips("plain.mp4")
    with (tmp_path / "lie").open("wb") as lie:
        wire.send(lie, head, body)
    decoder(f"exec cat '{tmp_path}/lie'")
    with open_file(path, [path.parent]) as file, pytest.raises(UnreadableMediaError, match="answered nonsense"):
        list(decode(file))


def test_a_decoder_that_hears_nothing_is_no_error_of_its_own(clips: Clips, decoder: Callable[[str], None]) -> None:
    path = clips("plain.mp4")
    decoder("")
    Path(decoding.sys.executable).write_text("#!/bin/sh\nexec 0<&-\nexit 4\n")
    for _ in range(5):
        with open_file(path, [path.parent]) as file, pytest.raises(UnreadableMediaError, match="exit 4"):
            list(decode(file))


def test_a_real_decoder_that_is_frozen_is_given_up_and_ended(clips: Clips, children: Callable[[], set[int]]) -> None:
    path, before = clips("long.mkv"), children()
    with open_file(path, [path.parent]) as file:
        events = decode(file, Wants(fps=10), Limits(stall_s=0.5))
        assert isinstance(next(events), Probe)
        (pid,) = children() - before
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(MediaLimitError, match="no progress"):
            list(events)
        assert not Path(f"/proc/{pid}").exists()


def test_when_we_die_the_decoder_dies(clips: Clips, tmp_path: Path) -> None:
    """kill -9 of the parent in the middle of a pass leaves no process at work."""
    code = (
        "import sys, os, time\nfrom pathlib import Path\nfrom playhead.media.decode import decode, Wants\n"
        "from playhead.media.files import open_file\npath = Path(sys.argv[1])\n"
        "events = decode(open_file(path, [path.parent]), Wants(fps=10))\nnext(events)\n"
        "print(os.listdir('/proc/self/task') and [p for p in os.listdir('/proc') if p.isdigit() and "
        "open(f'/proc/{p}/stat').read().rsplit(')', 1)[1].split()[1] == str(os.getpid())][0], flush=True)\n"
        "time.sleep(60)\n"
    )
    path = os.pathsep.join(entry for entry in sys.path if entry)
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(clips("long.mkv"))],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": path},
    )
    assert parent.stdout is not None
    with parent, parent.stdout:
        child = int(parent.stdout.readline())
        parent.kill()
    for _ in range(100):
        state = Path(f"/proc/{child}/stat")
        if not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    pytest.fail("the decoder went on alone")


# Collected footage


def broken() -> list[Path]:
    folder = os.environ.get("MEDIA_CASES")
    found = sorted(Path(folder, "broken").rglob("*")) if folder else []
    return [path for path in found if path.is_file() and path.suffix not in (".txt", ".py", "")]


@pytest.mark.skipif(not broken(), reason="MEDIA_CASES names no folder of footage")
@pytest.mark.parametrize("path", broken(), ids=lambda path: path.name)
def test_collected_footage_ends_soon_with_a_result_or_a_clear_error(path: Path, cases: Path) -> None:
    begin = time.monotonic()
    before, refusal = sorted(path.parent.iterdir()), None
    try:
        with open_file(path, [cases]) as file:
            *_, end = decode(file)
            file.check_unchanged()
        assert isinstance(end, End)
        assert end.end_s >= end.first_s
    except MediaError as error:
        refusal = error
    assert refusal is None or (refusal.what.startswith(path.name) and refusal.why)
    assert time.monotonic() - begin < 10
    assert sorted(path.parent.iterdir()) == before
