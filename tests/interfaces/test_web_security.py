"""What somebody gets who should get nothing, and what the gate stops; over HTTP."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from playhead import Library, Settings
from playhead.errors import InputError, MediaError
from playhead.interfaces.access import authorities, read_cookie
from playhead.interfaces.cli import main
from playhead.interfaces.loopback import bound, server_of
from playhead.interfaces.web import app, command
from playhead.interfaces.web.app import guarded, make_app
from playhead.interfaces.web.sending import Bytes, OutsideError, _blocks, wanted
from playhead.interfaces.web.uploads import clean
from playhead.media.files import open_regular
from playhead.safety.gate import audit_of
from playhead.types import Progress

from ..agent.conftest import stock
from ..conftest import FakeModels
from .web_tab import PORT, TOKEN, Tab, client, tab

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playhead.media.files import MediaFile
    from playhead.models.registry import Models

BEARER = {"authorization": f"Bearer {TOKEN}"}
READING = {"cookie": f'theme={{"a": 1}}; {"=".join(read_cookie(TOKEN))}; x'}
ROOT = Path(__file__).parents[2]
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory, clips: Callable[[str], Path]) -> Iterator[Library]:
    """A library of `cuts.mp4`, in which `Hello there` is said."""
    with stock(tmp_path_factory.mktemp("shelf"), clips, FakeModels(), "cuts.mp4") as library:
        yield library


@pytest.fixture(scope="module")
def page(shelf: Library) -> Iterator[Tab]:
    with tab(shelf) as opened:
        yield opened


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Tab]:
    """A server that takes in files of up to 200,000 bytes."""
    limited = Settings.model_validate({"channels": ("picture",), "limits": {"bytes": 200_000}})
    library = Library(tmp_path / "new", settings=limited, models=cast("Models", FakeModels()))
    with library, tab(library) as opened:
        yield opened


# The door


ROUTES = [
    ("GET", "/api/library"), ("GET", "/api/videos/x"), ("GET", "/api/videos/x/media"), ("GET", "/api/thumbnails/x"),
    ("POST", "/api/search"), ("POST", "/api/plan"), ("POST", "/api/runs"), ("POST", "/api/tools/cut_clip"),
    ("PUT", "/api/uploads/x"), ("GET", "/api/jobs"), ("GET", "/api/jobs/x/events"), ("DELETE", "/api/jobs/x"),
    ("DELETE", "/api/videos/x"), ("POST", "/api/session"), ("POST", "/api/check"), ("GET", "/openapi.json"),
    ("GET", "/page/../api/library"), ("GET", "/nothing"), ("OPTIONS", "/api/search"),
]  # fmt: skip


def test_every_route_stands_behind_the_door(page: Tab) -> None:
    """What the door asks for is tried in `test_access`."""
    stranger = client(page.served)
    for method, path in ROUTES:
        reply = stranger.request(method, path)
        assert reply.status_code == 401, path
        assert "printed" in reply.text
    assert page.get("/", headers={"host": "evil.example"}).status_code == 421
    other = page.post("/api/session", headers={"origin": "http://evil.example"})
    assert other.status_code == 403
    assert not {"set-cookie", "access-control-allow-origin"} & set(other.headers)


def test_the_cookie_reads_and_only_reads(page: Tab) -> None:
    reply = page.post("/api/session")
    cookie = reply.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=strict", "Path=/"))
    assert TOKEN not in cookie
    reader = client(page.served, READING)
    for method, path in ROUTES:
        status = reader.request(method, path).status_code
        assert (status == 401) == (method not in ("GET", "HEAD")), path


def test_the_page_is_for_all_and_holds_to_its_policy(
    shelf: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "index.html").write_text("<h1>Playhead</h1>")
    (tmp_path / "main.js").write_text("1")
    (tmp_path / "notes.txt").write_text("not a part of the page")
    monkeypatch.setattr(app, "FOLDER", tmp_path)
    with tab(shelf) as opened:
        anybody = client(opened.served)
        for path in ("/", "/page/index.html", "/page/main.js"):
            reply = anybody.get(path)
            assert reply.status_code == 200
            assert "default-src 'none'" in reply.headers["content-security-policy"]
            assert "unsafe" not in reply.headers["content-security-policy"]
            assert reply.headers["x-content-type-options"] == "nosniff"
            assert reply.headers["x-frame-options"] == "DENY"
        assert anybody.get("/page/main.js").headers["content-type"].startswith("text/javascript")
        assert opened.get("/page/notes.txt").status_code == 404


def test_the_file_that_leads_the_browser_in_is_for_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """The browser is started with the file's address alone, once the server answers; then the file goes."""
    address, given = f"http://127.0.0.1:{PORT}/#token={TOKEN}", []
    monkeypatch.setattr("webbrowser.open", given.append)
    server = SimpleNamespace(started=False, should_exit=False)
    with command.door(address) as file:
        opening = threading.Thread(target=command._open, args=(server, file))
        opening.start()
        opening.join(0.2)
        assert given == []
        server.started = True
        opening.join(5)
        assert given == [f"file://{file}"]
        assert f"url={address}" in file.read_text()
        assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert not file.parent.exists()
    with command.door(address, 0.05) as late:
        until = time.monotonic() + 5
        while late.parent.exists():
            assert time.monotonic() < until
            time.sleep(0.01)


UP = [
    "..", "%2e%2e", "%252e%252e", "..%2f..%2fetc%2fpasswd", "..%5c..%5cetc", "%00", "a%00.jpg", "%c0%ae%c0%ae",
    "\uff0e\uff0e", "%2fetc%2fpasswd", "....//", "C:%5cx", "~", "%e2%80%ae", "x" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("up", UP)
def test_no_path_leads_out(page: Tab, shelf: Library, up: str) -> None:
    secret = shelf.folder.parent / "passwd"
    secret.write_text("swordfish")
    for prefix in (
        "/api/videos/", "/api/thumbnails/", "/api/jobs/", "/page/", "/api/jobs/x/files/",
        f"/api/thumbnails/{page.video()['id'][:16]}-000000000.jpg/", f"/api/videos/{page.video()['id']}/",
    ):  # fmt: skip
        reply = page.get(f"{prefix}{up}")
        assert reply.status_code in (404, 405) or reply.request.url.path == "/", (
            reply.text
        )  # the client went up itself
        assert "swordfish" not in reply.text
    assert page.post(f"/api/tools/{up}", json={}).status_code in (404, 405)
    assert page.delete(f"/api/videos/{up}").status_code in (404, 405)


def test_a_thumbnail_that_is_a_link_is_not_followed(page: Tab, shelf: Library) -> None:
    folder = shelf.folder / "thumbs" / page.video()["id"][:16]
    secret = shelf.folder.parent / "secret"
    secret.write_text("swordfish")
    (folder / "999999999.jpg").symlink_to(secret)
    reply = page.get(f"/api/thumbnails/{page.video()['id'][:16]}-999999999.jpg")
    (folder / "999999999.jpg").unlink()
    assert reply.status_code == 404
    assert str(shelf.folder.parent) not in page.get("/api/thumbnails/0000000000000000-000000000.jpg").text


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("a\x00b\n\x1b[31m.mp4", "ab[31m.mp4"),
        ("\u202e4pm.exe", "4pm.exe"),
        (".hidden.mp4", "hidden.mp4"),
        ("...", "film"),
        ("", "film"),
        ("  ", "film"),
        ("ü" * 300 + ".mp4", "ü" * 98 + ".mp4"),
        ("x." + "y" * 300, "x." + "y" * 198),
        ("a\\b:c.mkv", "a_b:c.mkv"),
    ],
)
def test_names_of_files_are_made_harmless(name: str, kept: str) -> None:
    assert clean(name) == kept
    assert 1 <= len(clean(name).encode()) <= 200


# Ranges

WHOLE = None
NINES = "9" * 10_000


@pytest.mark.parametrize(
    ("said", "part"),
    [
        (["bytes=0-0"], Bytes(0, 1)), (["bytes=5-"], Bytes(5, 100)), (["bytes=-7"], Bytes(93, 100)),
        ([f"bytes=0-{NINES}"], Bytes(0, 100)), ([f"bytes=-{NINES}"], Bytes(0, 100)), (["BYTES=1-2"], Bytes(1, 3)),
        (["bytes=00-09"], Bytes(0, 10)),
        ([], WHOLE), (["bytes=0-1,2-3"], WHOLE), (["bytes=" + "0-," * 9000], WHOLE), (["bytes=5-3"], WHOLE),
        (["bytes=--5"], WHOLE), (["bytes=a-b"], WHOLE), (["items=0-1"], WHOLE), (["bytes=0-1", "bytes=0-1"], WHOLE),
        (["bytes=-"], WHOLE), (["bytes=٠-١"], WHOLE), (["bytes=0x1-2"], WHOLE),
    ],
)  # fmt: skip
def test_a_range_is_one_stretch_or_the_whole(said: list[str], part: Bytes | None) -> None:
    assert wanted(said, 100, None, '"x"') == part


@pytest.mark.parametrize("said", ["bytes=100-", "bytes=-0", f"bytes={NINES}-", "bytes=100-200"])
def test_a_range_beyond_the_end_is_refused(page: Tab, said: str) -> None:
    with pytest.raises(OutsideError):
        wanted([said], 100, None, '"x"')
    size = int(page.head(f"/api/videos/{page.video()['id']}/media").headers["content-length"])
    reply = page.get(f"/api/videos/{page.video()['id']}/media", headers={"range": f"bytes={size}-"})
    assert (reply.status_code, reply.headers["content-range"]) == (416, f"bytes */{size}")


def test_a_film_that_changes_while_it_is_sent_is_cut_short(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"a" * 1_000_000)

    os.utime(film, (1, 1))
    got = bytearray()

    async def take(file: MediaFile) -> None:
        async for block in _blocks(file, Bytes(0, file.size)):
            got.extend(block)
            film.write_bytes(b"b" * 1_000_000)

    with open_regular(film, [tmp_path]) as file, pytest.raises(MediaError, match="changed"):
        asyncio.run(take(file))
    assert 0 < len(got) < 1_000_000
    assert set(got) == set(b"a")


# What is too much


def test_a_length_that_is_too_much_is_refused_before_a_byte_is_read(small: Tab) -> None:
    read: list[int] = []

    def body() -> Iterator[bytes]:
        read.append(1)
        yield b"x"

    reply = small.put("/api/uploads/a.mp4", content=body(), headers={"content-length": str(10 << 30)})
    assert (reply.status_code, reply.json()["error"]["kind"]) == (413, "MediaLimitError")
    for length in ("-1", "1e3", "٣", "9" * 40):
        head = {b"content-length": length.encode("utf-8")}
        assert _put(small, [b"x"], head) == 400, length


def _put(page: Tab, blocks: list[bytes], headers: dict[bytes, bytes], *, gone: bool = False) -> int:
    """The status of an upload whose body comes in these blocks, the last again and again; 0 where nobody is told."""
    said: list[Any] = []
    sent = iter(blocks)
    last = [blocks[-1]]

    async def receive() -> dict[str, Any]:
        block = next(sent, None)
        if block is None and gone:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": last[0] if block is None else block, "more_body": True}

    async def send(message: Any) -> None:
        said.append(message)

    own = {b"host": f"127.0.0.1:{PORT}".encode(), b"authorization": f"Bearer {TOKEN}".encode()} | headers
    scope = {
        "type": "http", "method": "PUT", "path": "/api/uploads/film.mp4", "raw_path": b"", "query_string": b"",
        "headers": list(own.items()), "http_version": "1.1", "scheme": "http", "asgi": {"version": "3.0"},
    }  # fmt: skip
    app = guarded(page.served, authorities("127.0.0.1", PORT))
    try:
        asyncio.run(cast("Any", app(scope, receive, send)))
    except Exception:
        if not gone:
            raise
    return next((message["status"] for message in said if message["type"] == "http.response.start"), 0)


@pytest.mark.parametrize("headers", [{}, {b"content-length": b"1000"}])
def test_a_stream_that_does_not_end_is_cut_at_the_limit(small: Tab, headers: dict[bytes, bytes]) -> None:
    assert _put(small, [bytes(10_000)], headers) == 413
    assert [*small.served.uploads.folder.iterdir()] == []


def test_a_tab_that_is_closed_while_it_uploads_leaves_nothing(small: Tab) -> None:
    assert _put(small, [b"some", b"bytes"], {b"content-length": b"1000"}, gone=True) in (0, 400)
    assert [*small.served.uploads.folder.iterdir()] == []
    assert small.get("/api/jobs").json()["jobs"] == []


def test_a_full_disk_is_told_before_a_byte_is_read(tmp_path: Path) -> None:
    library = Library(tmp_path / "new", settings=Settings(), models=cast("Models", FakeModels()))
    with library, tab(library, reserve=1 << 60) as page:
        reply = page.put("/api/uploads/a.mp4", content=b"x")
        assert (reply.status_code, reply.json()["error"]["kind"]) == (507, "StorageError")


def test_a_body_that_is_read_whole_is_small(page: Tab) -> None:
    reply = page.post("/api/check", content=b'{"yaml": "' + b"x" * (5 << 20) + b'"}')
    assert reply.status_code == 413


def test_nothing_more_waits_than_can_be_seen_through(page: Tab) -> None:
    jobs = []
    while (reply := page.post("/api/tools/slow", json={"arguments": {"text": "60"}})).status_code == 202:
        jobs.append(reply.json()["job"]["id"])
    assert (reply.status_code, len(jobs)) == (429, 102)
    assert "Try again later" in reply.json()["error"]["message"]
    for job in jobs[::-1]:
        page.delete(f"/api/jobs/{job}")
    for job in jobs:
        assert page.until(job, ("cancelled",))


# The gate


def test_the_gate_stops_a_search_a_plan_a_run_and_a_tool(page: Tab, shelf: Library) -> None:
    """What it stops, whoever asks, and what is in the job of it."""
    audit = audit_of(shelf)
    assert audit is not None
    before = len(audit.entries())
    for path, body in (("search", {"query": "a bloodbath"}), ("plan", {"request": "Find the bloodbath"})):
        reply = page.post(f"/api/{path}", json=body)
        assert reply.status_code == 403
        verdict = reply.json()["error"]["verdict"]
        assert (verdict["decision"], verdict["category"]) in (("block", "violence"), ("ask", "violence"))
        assert verdict["score"] >= verdict["threshold"]
        assert verdict["reason"]
        assert verdict["remedy"]
    plan = "steps:\n  say: {tool: speak, args: {text: Said hatefully}}\n"
    for reply in (
        page.post("/api/runs", json={"yaml": plan}),
        page.post("/api/tools/speak", json={"arguments": {"text": "Said hatefully"}}),
    ):
        job = page.ended(reply)
        assert (job["state"], job["error"]["kind"]) == ("blocked", "BlockedError"), job
        assert job["error"]["verdict"]["door"] == "generate_input"
    assert sum(not entry["passed"] for entry in audit.entries()[before:]) >= 4


def test_what_the_gate_asks_about_passes_with_a_reason_and_is_recorded(
    tmp_path: Path, clips: Callable[[str], Path]
) -> None:
    policy = tmp_path / "asks.yaml"
    policy.write_text("extends: default\nname: asks\nversion: 1\nstages:\n  request: {violence: {ask: 0.1}}\n")
    with stock(tmp_path, clips, FakeModels(), "cuts.mp4") as made:
        stricter = made.settings.model_copy(update={"policy": str(policy)})
    with Library(made.folder, settings=stricter, models=made.models) as library, tab(library) as page:
        assert page.get("/api/library").json()["policy"] == "asks"
        asked = page.post("/api/search", json={"query": "a bloodbath"})
        assert (asked.status_code, asked.json()["error"]["verdict"]["decision"]) == (403, "ask")
        assert page.post("/api/search", json={"query": "a bloodbath", "override": "a history"}).status_code == 200
        assert page.post("/api/search", json={"query": "a bloodbath"}).status_code == 403  # it was said for one alone
        audit = audit_of(library)
        assert audit is not None
        assert [entry["override"] for entry in audit.entries() if entry["override"]] == ["a history"]


def test_what_footage_said_to_one_job_is_marked_for_the_next(page: Tab) -> None:
    """A fresh agent for each request forgets answers, and not what came out of footage."""
    assert page.ended(page.post("/api/tools/summarize", json={"arguments": {"video": "cuts.mp4"}}))["state"] == "done"
    job = page.ended(page.post("/api/tools/probe_video", json={"arguments": {"video": "The ferry leaves at nine"}}))
    assert (job["state"], job["error"].get("verdict", {}).get("category")) == ("blocked", "footage"), job


def test_a_library_that_another_process_writes_to_is_told_so(page: Tab, shelf: Library, clips: Any) -> None:
    holder = os.open(shelf.folder / "lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(holder, fcntl.LOCK_EX)
    try:
        reply = page.delete(f"/api/videos/{page.video()['id']}")
        assert (reply.status_code, reply.json()["error"]["kind"]) == (409, "LibraryLockedError")
        job = page.ended(page.put("/api/uploads/a.mp4", content=clips("talk.mp4").read_bytes()))
        assert (job["state"], job["error"]["kind"]) == ("failed", "LibraryLockedError")
        assert page.post("/api/search", json={"query": "red"}).status_code == 200
    finally:
        os.close(holder)
    assert [*page.served.uploads.folder.iterdir()] == []


def test_text_out_of_footage_comes_as_json_alone(tmp_path: Path, clips: Callable[[str], Path]) -> None:
    attack = "<script>alert(1)</script>"
    models = FakeModels(said=attack)
    with stock(tmp_path, clips, models, "talk.mp4") as library, tab(library) as page:
        video = page.video("talk.mp4")["id"]
        for reply in (
            page.get(f"/api/videos/{video}/transcript"),
            page.post("/api/search", json={"query": "script"}),
        ):
            assert reply.headers["content-type"] == "application/json"
        job = page.ended(page.post("/api/tools/export_subtitles", json={"arguments": {"video": "talk.mp4"}}))
        for file in job["files"]:
            kept = page.get(f"{file['url']}?inline=1")
            assert kept.headers["content-type"] == "application/octet-stream"
            assert kept.headers["content-disposition"].startswith("attachment")
            assert "sandbox" in kept.headers["content-security-policy"]


# The description


def test_what_is_described_is_what_is_done(shelf: Library) -> None:
    """Requests made up from the description: none fails unexpectedly, every reply is as described."""
    with tab(shelf) as page:
        app = make_app(page.served)
        assert set(app.openapi()["components"]["securitySchemes"]) == {"token", "cookie"}
        described = schemathesis.openapi.from_dict(app.openapi())
        described.app = app
        for found in described.exclude(path_regex="/events$").get_all_operations():
            _try(found.ok(), page)


def _try(operation: Any, page: Tab) -> None:
    """Ask for one operation in a few ways; what it began is ended."""

    @settings(
        max_examples=10, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy())
    def fits(case: Any) -> None:
        case.call_and_validate(checks=CHECKS, headers=BEARER)

    fits()
    for job in page.served.jobs.all():
        page.delete(f"/api/jobs/{job.id}")


# The command


@pytest.mark.enable_socket
def test_a_port_that_is_taken_is_told_with_one_that_is_free(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"Port {port} is taken.*is free: --port"):
            bound(port)
        assert main(["serve", "--port", str(port), "--no-browser"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert main(["serve", "--no-browser", "no such folder"]) == 2


@pytest.mark.enable_socket
def test_it_serves_and_ends_when_it_is_told_to(tmp_path: Path) -> None:
    """The real command."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    start = [
        sys.executable,
        "-m",
        "playhead.interfaces.cli",
        "serve",
        "--port",
        "0",
        "--library",
        str(tmp_path / "lib"),
    ]
    with subprocess.Popen(
        start, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as served:
        assert served.stdout
        address, _, token = served.stdout.readline().strip().partition("#token=")
        assert address.startswith("http://127.0.0.1:")
        asked = urllib.request.Request(f"{address}api/library", headers={"authorization": f"Bearer {token}"})
        with urllib.request.urlopen(asked, timeout=20) as reply:
            assert json.load(reply)["videos"] == []
        begun = time.monotonic()
        served.send_signal(signal.SIGINT)
        assert served.communicate(timeout=10) == ("", "")
        assert served.returncode == 0
        assert time.monotonic() - begun < 3


@pytest.mark.enable_socket
def test_what_is_at_work_when_it_ends_is_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In this process, where the models are quick; a film is being indexed, and somebody follows the job."""
    begun, followed = threading.Event(), []
    made = Library(tmp_path / "new", settings=Settings(), models=cast("Models", FakeModels()))

    def add(library: Library, *paths: object, progress: Callable[[Progress], None]) -> None:
        while True:
            begun.set()
            progress(Progress("watching", "film.mp4"))
            time.sleep(0.01)

    def follow() -> None:
        try:
            assert begun.wait(10)
            address, _, token = capsys.readouterr().out.strip().partition("#token=")
            bearer = {"authorization": f"Bearer {token}"}
            with urllib.request.urlopen(
                urllib.request.Request(f"{address}api/jobs", headers=bearer), timeout=10
            ) as all_:
                (job,) = json.load(all_)["jobs"]
            asked = urllib.request.Request(f"{address}api/jobs/{job['id']}/events", headers=bearer)
            with urllib.request.urlopen(asked, timeout=10) as events:
                followed.append(events.readline())
                os.kill(os.getpid(), signal.SIGINT)
                events.read()
        except BaseException:
            os.kill(os.getpid(), signal.SIGINT)
            raise

    monkeypatch.setattr(Library, "add", add)
    monkeypatch.setattr(command, "open_library", lambda *_, **__: made)
    thread = threading.Thread(target=follow)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        command.serve([str(tmp_path)], port=0, no_browser=True)
    thread.join(5)
    assert followed[0].startswith(b"id:")
    assert not [found for found in threading.enumerate() if found.name.startswith("step ")]


@pytest.mark.enable_socket
def test_whoever_stops_taking_a_film_or_following_a_job_stops_nothing(page: Tab) -> None:
    """Over a real connection that is dropped while a film is sent, and while events are."""

    listening = bound(0)
    port = listening.getsockname()[1]
    app = guarded(page.served, authorities("127.0.0.1", port))
    server = server_of(app, 1)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        job = page.post("/api/tools/slow", json={"arguments": {"text": "1.5"}}).json()["job"]["id"]
        page.get(f"/api/videos/{page.video()['id']}/media")
        for path in (f"/api/jobs/{job}/events", f"/api/videos/{page.video()['id']}/media"):
            with socket.create_connection(("127.0.0.1", port)) as line:
                line.sendall(
                    f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()
                )
                assert line.recv(20).startswith(b"HTTP/1.1 200")
        assert page.until(job, ("done",))
        until = time.monotonic() + 5
        while (held := _held("cuts.mp4")) and time.monotonic() < until:
            time.sleep(0.05)
        assert not held
    finally:
        server.should_exit = True
        thread.join(10)
    assert not thread.is_alive()


def _held(name: str) -> list[str]:
    """The open files of this process that have this name."""
    found = [Path("/proc/self/fd", number) for number in os.listdir("/proc/self/fd")]
    return [str(path.readlink()) for path in found if path.is_symlink() and path.readlink().name == name]
