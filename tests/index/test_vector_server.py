"""A Chroma server for vectors: killed, emptied, guarded, strange. A search is never wrong and never silent."""

from __future__ import annotations

import http.client
import logging
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, cast

import pytest
from pydantic import SecretStr

from playhead import Library, Settings
from playhead.errors import SettingsError, VectorServerError
from playhead.index import vector_server
from playhead.index.catalog import Catalog
from playhead.index.chroma_server import ChromaServer
from playhead.index.vector_address import address_of
from playhead.testing import FakeModels
from playhead.types import Channel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playhead.models.registry import Models
    from playhead.types import SearchResult

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow]

NOTHING = SecretStr("")
TOKEN = "a-token-that-nobody-else-has"
SERVE = "import sys, chromadb_rust_bindings as chroma; chroma.cli(['chroma', 'run', *sys.argv[1:]])"


class Chroma:
    """A Chroma server of our own on loopback."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as found:
            self.port: int = found.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        arguments = ["--path", str(self.folder), "--host", "127.0.0.1", "--port", str(self.port)]
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen([sys.executable, "-c", SERVE, *arguments], **silent)  # type: ignore[call-overload]
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        pytest.fail("Chroma did not start")

    def kill(self) -> None:
        """At once and without a word, as by kill -9."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def empty(self) -> None:
        self.kill()
        shutil.rmtree(self.folder)
        self.start()


class Guard(BaseHTTPRequestHandler):
    """A proxy before Chroma that lets nobody through without the token."""

    behind = 0
    protocol_version = "HTTP/1.1"

    def relay(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        known = {"Authorization": f"Bearer {TOKEN}", "X-Chroma-Token": TOKEN}
        if {name: self.headers.get(name) for name in known} != known:
            self._answer(401, f"not you: {self.headers.get('Authorization')}".encode())
            return
        connection = http.client.HTTPConnection("127.0.0.1", self.behind, timeout=30)
        connection.request(self.command, self.path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        self._answer(answer.status, answer.read())
        connection.close()

    do_GET = do_POST = do_PUT = do_DELETE = relay  # noqa: N815 - as http.server looks for them

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def chroma(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chroma]:
    server = Chroma(tmp_path_factory.mktemp("chroma") / "store")
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody else vouches for, with its key."""
    path = tmp_path_factory.mktemp("tls") / "own.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    named = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    subprocess.run([*made, *named, "-keyout", path, "-out", f"{path}.crt"], check=True, capture_output=True)
    return path


@pytest.fixture
def guarded(chroma: Chroma, certificate: Path) -> Iterator[str]:
    """The address of a proxy that speaks TLS and asks for the token."""
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (Guard,), {"behind": chroma.port})) as server:
        server.daemon_threads, server.block_on_close = True, False
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{certificate}.crt", certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"https://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that did not answer is asked again at once."""
    monkeypatch.setattr(vector_server, "_SILENCE_S", 0.0)


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory, clips: Callable[[str], Path]) -> Path:
    """A library that knows no server."""
    folder = tmp_path_factory.mktemp("indexed") / "library"
    with opened(folder, "") as library:
        library.add(clips("cuts.mp4"), clips("subtitled.mkv"))
    return folder


@pytest.fixture
def copied(indexed: Path, tmp_path: Path) -> Path:
    return shutil.copytree(indexed, tmp_path / "library")


@contextmanager
def opened(folder: Path, address: str, token: str = "") -> Iterator[Library]:
    """A library that asks its index of vectors for everything."""
    given = {"vectors": address, "vectors_token": token, "exact_limit": 0}
    channels = (Channel.PICTURE, Channel.OBJECT, Channel.SPEECH)
    settings = Settings.model_validate({**given, "channels": channels})
    with Library(folder, settings=settings, models=cast("Models", FakeModels())) as library:
        yield library


def spans(found: SearchResult) -> list[tuple[str, float, float]]:
    return [(moment.video.name, moment.span.start_s, round(moment.score, 2)) for moment in found]


def test_what_it_finds_is_what_a_comparison_of_all_finds(chroma: Chroma, copied: Path) -> None:
    with opened(copied, "") as here:
        wanted = {words: spans(here.search(words)) for words in ("red", "blue", "hello there")}
    with opened(copied, chroma.address) as library:
        assert "does not mirror this library" in library.verify()[0]
        library.rebuild()
        assert library.verify() == []
        for words, moments in wanted.items():
            found = library.search(words)
            assert (spans(found), found.notes) == (moments, ())
            assert moments


def test_while_it_is_dead_searches_say_so_and_find_the_same(chroma: Chroma, copied: Path) -> None:
    with opened(copied, chroma.address) as library:
        library.rebuild()
        before = library.search("red")
        assert before.notes == ()
        chroma.kill()
        for _ in range(2):
            found = library.search("red")
            assert spans(found) == spans(before)
            assert f"The vector server at {chroma.address} cannot be asked" in found.notes[0]
            assert "Every vector was compared instead" in found.notes[0]
        assert "cannot be asked" in library.verify()[0]
        shown, stray = library.video("cuts.mp4").id[:16], copied / "thumbs" / "of-no-video"
        assert (copied / "thumbs" / shown).is_dir()
        stray.mkdir()
        with pytest.raises(VectorServerError, match=r"was not brought up to date.*playhead rebuild"):
            library.rebuild()
        assert not stray.exists()

        chroma.start()
        assert library.search("red").notes == ()
        assert library.verify() == []

        chroma.empty()
        found = library.search("red")
        assert spans(found) == spans(before)
        assert "does not mirror this library" in found.notes[0]
        library.rebuild()
        assert (library.search("red").notes, library.verify()) == ((), [])


def test_what_is_indexed_while_it_is_dead_is_there_and_mirrored_later(
    chroma: Chroma, copied: Path, clips: Callable[[str], Path]
) -> None:
    with opened(copied, chroma.address) as library:
        library.rebuild()
        chroma.kill()
        report = library.add(clips("plain.mp4"))
        assert [video.name for video in report.added] == ["plain.mp4"]
        assert "was not brought up to date" in report.notes[-1]
        chroma.start()
        found = library.search("red", limit=20)
        assert "plain.mp4" in {moment.video.name for moment in library.search("green", limit=20)}
        assert "the catalogue of" in library.verify()[0]
        library.add(clips("plain.mp4"))
        assert library.verify() == []
        assert (spans(library.search("red", limit=20)), library.search("red").notes) == (spans(found), ())
        library.remove("plain.mp4")
        assert library.verify() == []


def test_what_is_removed_while_it_is_dead_leaves_no_picture(chroma: Chroma, copied: Path) -> None:
    with opened(copied, chroma.address) as library:
        library.rebuild()
        pictures = copied / "thumbs" / library.video("cuts.mp4").id[:16]
        assert pictures.is_dir()
        chroma.kill()
        with pytest.raises(VectorServerError, match="was not brought up to date"):
            library.remove("cuts.mp4")
        assert not pictures.exists()
        assert [video.name for video in library.videos()] == ["subtitled.mkv"]
        assert "cuts.mp4" not in {moment.video.name for moment in library.search("red", limit=20)}
        chroma.start()
        library.rebuild()
        assert library.verify() == []


def test_vectors_that_vanish_are_noticed(chroma: Chroma, copied: Path) -> None:
    with opened(copied, chroma.address) as library:
        library.rebuild()
    server = ChromaServer(address_of(chroma.address, NOTHING), NOTHING)
    for name in server.names():
        if ids := server.get(name).get(include=[], limit=1)["ids"]:
            server.get(name).delete(ids=ids)
    server.close()
    with opened(copied, chroma.address) as library:
        assert "has lost vectors" in library.search("red").notes[0]
        assert "cannot be reached on the vector server" in library.verify()[0]
        library.rebuild()
        assert (library.search("red").notes, library.verify()) == ((), [])


def test_a_library_and_its_copy_do_not_answer_for_each_other(
    chroma: Chroma, copied: Path, tmp_path: Path, clips: Callable[[str], Path]
) -> None:
    with opened(copied, chroma.address) as library:
        library.rebuild()
        copy = shutil.copytree(copied, tmp_path / "copy")
        library.add(clips("plain.mp4"))
        with opened(copy, chroma.address) as other:
            other.add(clips("talk.mkv"))  # the same revision, of other things
            assert other.verify() == []
        assert "does not mirror this library" in library.verify()[0]
        assert "does not mirror this library" in library.search("red").notes[0]


def test_a_server_that_never_answers_is_not_waited_for(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_server, "ANSWER_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        address = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        (copied / "vectors" / "server.json").write_text('{"library": "one", "revision": 2, "stamp": "two"}')
        before = time.monotonic()
        with opened(copied, address) as library:
            found = library.search("red", channels=["picture"])
        assert time.monotonic() - before < 5
    assert f"{address} cannot be asked (timed out)" in found.notes[0]
    assert found.moments


def test_a_limit_is_that_of_who_asks() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        server = ChromaServer(address_of(f"http://127.0.0.1:{deaf.getsockname()[1]}", NOTHING), NOTHING)

        def wait_long() -> None:
            with server.within(300, "cannot be asked"):
                patient.set()

        def ask() -> None:
            with server.within(0.2, "cannot be asked"):
                thread = threading.Thread(target=wait_long)
                thread.start()
                thread.join()
                assert patient.is_set()
                server.names()

        patient, before = threading.Event(), time.monotonic()
        with pytest.raises(VectorServerError, match="timed out"):
            ask()
        assert time.monotonic() - before < 30
        server.close()


def test_an_error_of_one_thread_leaves_the_others_their_connections() -> None:
    class Refusing(Guard):
        """Lists collections after a while, and knows nothing else."""

        def relay(self) -> None:
            lists = self.path.split("?")[0].endswith("/collections")
            time.sleep(0.5 if lists else 0.0)
            self._answer(200, b"[]") if lists else self._answer(500, b"no")

        do_GET = relay  # noqa: N815

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as behind, ThreadPoolExecutor(2) as pool:
        pool.submit(behind.serve_forever, 0.02)
        server = ChromaServer(address_of(f"http://127.0.0.1:{behind.server_port}", NOTHING), NOTHING)

        def listed() -> list[str]:
            with server.within(10.0, "cannot be asked"):
                return server.names()

        names = pool.submit(listed)
        time.sleep(0.2)
        with pytest.raises(VectorServerError, match="cannot be asked"), server.within(10.0, "cannot be asked"):
            server.most()
        assert names.result() == []
        server.close()
        behind.shutdown()


def test_what_is_on_this_machine_is_not_asked_by_way_of_a_proxy(
    chroma: Chroma, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as found:
        nobody = f"http://127.0.0.1:{found.getsockname()[1]}"
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, nobody)
        monkeypatch.setenv(name.lower(), nobody)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with opened(copied, chroma.address) as library:
        library.rebuild()
        assert (library.search("red").notes, library.verify()) == ((), [])


def test_no_channel_is_read_whole(chroma: Chroma, copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_server, "_BATCH", 2)
    monkeypatch.delattr(Catalog, "vectors")
    with opened(copied, chroma.address) as library:
        library.rebuild()
        assert library.verify() == []


def test_tls_is_verified_and_the_token_shown(
    guarded: str, certificate: Path, copied: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "playhead")
    with opened(copied, guarded, TOKEN) as library:
        with pytest.raises(VectorServerError, match=r"(?i)certificate.verify.failed"):
            library.rebuild()
        monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")
        library.rebuild()
        assert (library.search("red").notes, library.verify()) == ((), [])
    with opened(copied, guarded, "another-token") as library:
        found = library.search("red")
        assert "cannot be asked (not you: Bearer …)" in found.notes[0]
        assert found.moments
    assert "another-token" not in caplog.text
    assert TOKEN not in caplog.text


@pytest.mark.parametrize(
    ("url", "token", "says"),
    [
        ("http://vectors.example:8000", TOKEN, "The token is not sent to http://vectors.example:8000: over http"),
        ("http://127.0.0.1.example:8000", TOKEN, "The token is not sent"),
        ("https://vectors.example", "two words", "PLAYHEAD_VECTORS_TOKEN"),
        ("https://vectors.example", "line\n", "PLAYHEAD_VECTORS_TOKEN"),
        ("https://me:secret@vectors.example", "", "it holds a name or a password"),
        ("vectors.example:8000", "", "is not the address of a server of vectors"),
        ("ftp://vectors.example", "", "is not the address"),
        ("http://vectors.example/only-one", "", "is not the address"),
        ("http://vectors.example:port", "", "no such address"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused(url: str, token: str, says: str) -> None:
    with pytest.raises(SettingsError) as refused:
        address_of(url, SecretStr(token))
    assert says in str(refused.value)
    assert "secret" not in str(refused.value)
    assert not token or token not in str(refused.value)


def test_an_address_is_taken_apart() -> None:
    address = address_of("https://vectors.example/us/films", SecretStr(TOKEN))
    assert (address.port, address.tls, address.tenant, address.database) == (443, True, "us", "films")
    for url in ("http://localhost:8000", "http://127.1.2.3:8000", "http://[::1]:8000"):
        assert str(address_of(url, SecretStr(TOKEN))) == url


def test_the_token_comes_from_the_environment_and_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYHEAD_VECTORS_TOKEN", TOKEN)
    settings = Settings()
    assert settings.vectors_token.get_secret_value() == TOKEN
    assert TOKEN not in f"{settings!r}{settings.model_dump_json()}"
    assert os.environ["PLAYHEAD_VECTORS_TOKEN"] == TOKEN
