"""What a tab gets from the server: the library, films, searches, plans, runs, uploads and jobs."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast

import pytest

from playhead import Library, Settings
from playhead.errors import InputError, LibraryError
from playhead.interfaces.web import tasks
from playhead.interfaces.web.footage import Footage
from playhead.interfaces.web.jobs import Job, Jobs, State
from playhead.media.files import MediaFile
from playhead.types import Limits

from ..agent.conftest import Do, Said, stock
from ..conftest import FakeModels
from .web_tab import FINAL, Tab, tab

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playhead.models.registry import Models

CLIP = {"video": "cuts.mp4", "start_s": 0.5, "end_s": 1.5}
PLAN = "request: Cut it\nsteps:\n  cut: {tool: cut_clip, args: {video: cuts.mp4, start_s: 0, end_s: 1}}\n"


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory, clips: Callable[[str], Path]) -> Iterator[Library]:
    """A library of `cuts.mp4` (red, green, blue and white, a second each) and `late.mkv` (from 100 s on)."""
    models = FakeModels()
    with stock(tmp_path_factory.mktemp("shelf"), clips, models, "cuts.mp4", "late.mkv") as library:
        yield library


@pytest.fixture(scope="module")
def page(shelf: Library) -> Iterator[Tab]:
    with tab(shelf) as opened:
        yield opened


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Tab]:
    """A server whose library does not exist yet."""
    settings = Settings.model_validate({"channels": ("picture",), "limits": {"bytes": 1 << 20}})
    library = Library(tmp_path / "new", settings=settings, models=cast("Models", FakeModels()))
    with library, tab(library) as opened:
        yield opened


# Looking


def test_the_library_is_listed_without_paths(page: Tab, shelf: Library) -> None:
    said = page.get("/api/library")
    assert said.headers["cache-control"] == "no-store"
    assert [video["name"] for video in said.json()["videos"]] == ["cuts.mp4", "late.mkv"]
    assert page.video()["segments"]["speech"] == 2
    assert page.video("late.mkv")["start_s"] == 100
    assert (said.json()["name"], said.json()["policy"]) == (shelf.folder.name, "default")
    assert str(shelf.folder.parent) not in said.text


def test_a_library_that_does_not_exist_yet_is_empty(empty: Tab) -> None:
    assert empty.get("/api/library").json()["videos"] == []
    for reply in (empty.post("/api/search", json={"query": "red"}), empty.post("/api/runs", json={"yaml": PLAN})):
        assert reply.status_code == 404
        assert "Add a video first" in reply.json()["error"]["message"]
    assert not empty.served.desk.library.folder.exists()


def test_a_video_has_its_shots_and_what_is_said(page: Tab) -> None:
    found = page.get(f"/api/videos/{page.video()['id']}").json()
    assert [shot["start_s"] for shot in found["shots"]] == [0, 1, 2, 3]
    assert found["speech"][0] == {"start_s": 0.2, "end_s": 1.7}
    said = page.get(f"/api/videos/{page.video()['id']}/transcript").json()
    assert [line["text"] for line in said["utterances"]] == ["Hello there", "The ferry leaves at nine"]


@pytest.mark.parametrize("video", ["0" * 64, "cuts.mp4", "x", "%00", "é", "0" * 63 + "g"])
def test_what_is_not_the_id_of_a_video_is_not_found(page: Tab, video: str) -> None:
    for way in ("", "/transcript", "/media"):
        assert page.get(f"/api/videos/{video}{way}").status_code == 404
    assert page.delete(f"/api/videos/{video}").status_code == 404


def test_a_film_comes_whole_or_in_part(page: Tab, clips: Callable[[str], Path]) -> None:
    data, address = clips("cuts.mp4").read_bytes(), f"/api/videos/{page.video()['id']}/media"
    whole = page.get(address)
    assert (whole.status_code, whole.content, whole.headers["content-type"]) == (200, data, "video/mp4")
    part = page.get(address, headers={"range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, data[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(data)}"
    assert page.get(address, headers={"range": "bytes=-5"}).content == data[-5:]
    assert page.get(address, headers={"range": f"bytes={len(data) - 3}-"}).content == data[-3:]
    head = page.head(address)
    assert (head.content, head.headers["content-length"]) == (b"", str(len(data)))
    fresh = {"range": "bytes=0-0", "if-range": whole.headers["etag"]}
    assert page.get(address, headers=fresh).status_code == 206
    assert page.get(address, headers=fresh | {"if-range": '"of another"'}).content == data
    assert page.get(f"/api/videos/{page.video('late.mkv')['id']}/media").headers["content-type"] == "video/webm"


def test_while_a_film_is_read_for_the_first_time_others_are_shown(
    shelf: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many ask for it; it is read once."""
    read, go_on, whole = [], threading.Event(), MediaFile.sha256

    def slowly(file: MediaFile) -> str:
        read.append(file.name)
        assert file.name != "cuts.mp4" or go_on.wait(20)
        return whole(file)

    async def ask() -> None:
        footage, (cuts, late) = Footage(Limits()), shelf.videos()
        waiting = [asyncio.create_task(footage.open(cuts)) for _ in range(60)]
        gone = asyncio.create_task(footage.open(cuts))
        await asyncio.sleep(0.1)
        gone.cancel()  # it was the tab of one of them
        with await asyncio.wait_for(footage.open(late), 10) as other:
            assert other.name == "late.mkv"
        go_on.set()
        for task in waiting:
            with await task as file:
                assert file.name == "cuts.mp4"

    monkeypatch.setattr(MediaFile, "sha256", slowly)
    asyncio.run(ask())
    assert sorted(read) == ["cuts.mp4", "late.mkv"]


def test_a_thread_that_cannot_be_started_leaves_nobody_waiting(
    shelf: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def ask() -> None:
        footage, video = Footage(Limits()), shelf.videos()[0]
        start = threading.Thread.start
        monkeypatch.setattr(threading.Thread, "start", lambda t: refused(t) if t.name == "digest" else start(t))
        opened = len(os.listdir("/proc/self/fd"))
        with pytest.raises(RuntimeError, match="new thread"):
            await footage.open(video)
        assert len(os.listdir("/proc/self/fd")) <= opened + 1  # a thread that reads the file system may be new
        monkeypatch.undo()
        with await asyncio.wait_for(footage.open(video), 20) as file:
            assert file.name == video.name

    asyncio.run(ask())


def test_a_search_gives_moments_with_pictures(page: Tab, shelf: Library) -> None:
    said = page.post("/api/search", json={"query": "green", "limit": 1, "channels": ["picture"]})
    moment = said.json()["moments"][0]
    assert moment["video"] == {"id": page.video()["id"], "name": "cuts.mp4"}
    assert (moment["start_s"], moment["end_s"]) == (1, 2)
    picture = page.get(moment["evidence"][0]["thumbnail"])
    assert picture.content.startswith(b"\xff\xd8")
    assert (picture.headers["content-type"], picture.headers["cache-control"][:7]) == ("image/jpeg", "private")
    assert str(shelf.folder) not in said.text
    nothing = {"query": "red", "channels": ["picture"], "video": "cuts.mp4", "start_s": 2.0, "end_s": 3.0}
    assert all(m["start_s"] >= 2 for m in page.post("/api/search", json=nothing).json()["moments"])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"query": "red", "video": "no such film"}, 400),
        ({"query": "red", "video": "cuts.mp4", "start_s": 3.0, "end_s": 1.0}, 400),
        ({"query": ""}, 422),
        ({"query": "red", "limit": 0}, 422),
        ({"query": "red", "channels": ["smell"]}, 422),
        ({"query": "red", "start_s": float("1e300")}, 422),
        ({"question": "red"}, 422),
        ([], 422),
    ],
)
def test_a_search_that_does_not_fit_is_told_so(page: Tab, body: Any, status: int) -> None:
    reply = page.post("/api/search", json=body)
    assert reply.status_code == status, reply.text
    message = reply.json()["error"]["message"]
    assert message
    assert "\n" not in message


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b"\xff\xfe", b'{"query": "\\ud800"}', b'{"query": NaN}'])
def test_a_body_that_is_no_json_is_told_so(page: Tab, body: bytes) -> None:
    reply = page.post("/api/search", content=body, headers={"content-type": "application/json"})
    assert reply.status_code in (400, 422), reply.text
    assert reply.json()["error"]["message"]


# Planning and running


def test_a_plan_is_made_checked_and_run_as_it_stands(page: Tab, shelf: Library) -> None:
    made = page.post("/api/plan", json={"request": "Take a frame every second", "video": "cuts.mp4"}).json()
    assert made["plan"]["steps"]
    assert made["checked"]["ok"], made
    assert page.post("/api/check", json={"yaml": made["yaml"]}).json()["plan"] == made["plan"]
    job = page.ended(page.post("/api/runs", json={"yaml": PLAN}))
    assert (job["state"], job["title"], job["kind"]) == ("done", "Cut it", "run")
    assert job["steps"] == {"cut": {"tool": "cut_clip", "state": "done", "message": ""}}
    assert "progress" not in job
    film = next(file for file in job["files"] if file["kind"] == "video")
    assert job["result"]["answer"]["claims"][0]["evidence"][0]["video"]["name"] == "cuts.mp4"
    assert str(shelf.folder) not in json.dumps(job)
    kept = page.get(film["url"])
    assert (len(kept.content), kept.headers["content-type"]) == (film["bytes"], "application/octet-stream")
    assert kept.headers["content-disposition"].startswith(f'attachment; filename="{film["name"]}"')
    shown = page.get(f"{film['url']}?inline=1", headers={"range": "bytes=0-3"})
    assert (shown.status_code, shown.headers["content-type"]) == (206, "video/mp4")
    data = next(file for file in job["files"] if file["kind"] == "data")
    assert page.get(f"{data['url']}?inline=1").headers["content-disposition"].startswith("attachment")
    for number in ("99", "-1", "x", "1e3", "%31"):
        assert page.get(f"/api/jobs/{job['id']}/files/{number}").status_code == (200 if number == "%31" else 404)


def test_faults_of_a_plan_are_told_before_it_runs(page: Tab) -> None:
    wrong = PLAN.replace("end_s: 1}", "end_s: 900, speed: 2}")
    checked = page.post("/api/check", json={"yaml": wrong}).json()
    assert not checked["ok"]
    assert {problem["argument"] for problem in checked["problems"]} >= {"speed"}
    refused = page.post("/api/runs", json={"yaml": wrong})
    assert refused.status_code == 400
    assert refused.json()["error"]["problems"] == checked["problems"]
    for text in ("steps: [", "- 1", "steps: {}\nfoo: 1", ""):
        checked = page.post("/api/check", json={"yaml": text}).json()
        assert (checked["ok"], checked["plan"]) == (False, None)
        assert checked["problems"][0]["what"]
        assert page.post("/api/runs", json={"yaml": text}).status_code == 400


def test_a_tool_is_called_with_what_it_takes(page: Tab) -> None:
    job = page.ended(page.post("/api/tools/cut_clip", json={"arguments": CLIP}))
    assert (job["state"], job["kind"], job["title"]) == ("done", "tool", "cut_clip")
    (film,) = job["files"]
    assert job["result"]["result"]["clips"][0]["url"] == film["url"]
    assert "path" not in json.dumps(job["result"])
    assert page.post("/api/tools/cut_clip", json={"arguments": {"video": "cuts.mp4", "end": 1}}).status_code == 400
    assert page.post("/api/tools/no_tool", json={"arguments": {}}).status_code == 404
    missing = page.ended(page.post("/api/tools/cut_clip", json={"arguments": {"video": "gone.mp4", "end_s": 1}}))
    assert (missing["state"], missing["error"]["kind"]) == ("failed", "InputError")
    assert "cut_clip" in {tool["name"] for tool in page.get("/api/tools").json()["tools"]}


def test_two_tabs_do_not_share_what_was_answered(page: Tab) -> None:
    page.ended(page.post("/api/runs", json={"yaml": PLAN}))
    assert page.served.desk.agent()._recent == ()
    one, other = page.served.desk.agent("because"), page.served.desk.agent()
    assert one.gate.marks is other.gate.marks
    assert one.planner is not None
    assert one.library.models is other.library.models


def test_a_search_does_not_wait_for_the_plan_of_another_tab(page: Tab, monkeypatch: pytest.MonkeyPatch) -> None:
    planning, go_on = threading.Event(), threading.Event()
    plain = type(page.served.desk.agent().planner).propose

    def slowly(*what: Any) -> Any:
        planning.set()
        assert go_on.wait(20)
        return plain(*what)

    monkeypatch.setattr(type(page.served.desk.agent().planner), "propose", slowly)
    with ThreadPoolExecutor(2) as tabs:
        try:
            made = tabs.submit(page.post, "/api/plan", json={"request": "Take a frame every second"})
            assert planning.wait(10)
            found = tabs.submit(page.post, "/api/search", json={"query": "green"})
            assert found.result(10).status_code == 200
        finally:
            go_on.set()
        assert made.result(10).status_code == 200


# Jobs


def call_slow(page: Tab, seconds: float) -> str:
    reply = page.post("/api/tools/slow", json={"arguments": {"text": str(seconds)}})
    assert reply.status_code == 202, reply.text
    return str(reply.json()["job"]["id"])


def test_two_jobs_run_at_once_and_others_wait(page: Tab) -> None:
    jobs = [call_slow(page, 30) for _ in range(4)]
    for job in jobs[:2]:
        assert page.until(job, ("running",))["kind"] == "tool"
    assert [page.get(f"/api/jobs/{job}").json()["state"] for job in jobs[2:]] == ["waiting", "waiting"]
    assert [job["id"] for job in page.get("/api/jobs").json()["jobs"][:4]] == jobs[::-1]
    assert page.delete(f"/api/jobs/{jobs[2]}").json()["job"]["state"] == "cancelled"
    assert page.delete(f"/api/jobs/{jobs[0]}").json()["job"]["state"] == "cancelled"
    assert page.until(jobs[3], ("running",))
    for job in jobs:
        page.delete(f"/api/jobs/{job}")
    assert page.get(f"/api/jobs/{jobs[0]}").status_code == 404  # a second time it is forgotten
    assert page.until(jobs[3], ("cancelled",))


def test_a_run_that_is_cancelled_ends_at_once(page: Tab) -> None:
    plan = "steps:\n  wait: {tool: slow, args: {text: '30'}}\n"
    job = page.post("/api/runs", json={"yaml": plan}).json()["job"]["id"]
    page.when(job, lambda shown: shown.get("steps", {}).get("wait", {}).get("state") == "running")
    page.delete(f"/api/jobs/{job}")
    assert page.get(f"/api/jobs/{job}").json()["state"] == "cancelled"


def test_events_tell_of_a_job_until_it_has_ended(page: Tab) -> None:
    job = call_slow(page, 0.5)
    reply = page.get(f"/api/jobs/{job}/events", headers={"last-event-id": "x"})
    assert reply.headers["content-type"].startswith("text/event-stream")
    blocks = [block.split("\n") for block in reply.text.strip().split("\n\n")]
    assert all(block[1] == "event: job" for block in blocks)
    told = [json.loads(block[2].removeprefix("data: ")) for block in blocks]
    assert told[-1]["state"] == "done"
    assert 2 <= len(told) <= 7
    assert any("progress" in job for job in told)
    again = page.get(f"/api/jobs/{job}/events").text
    assert again.count("event: job") == 1
    assert page.get("/api/jobs/none/events").status_code == 404


def ended(job: Job, patience_s: float = 5) -> None:
    """Wait for its end."""
    until = time.monotonic() + patience_s
    while not job.state.final:
        assert time.monotonic() < until, job
        time.sleep(0.001)


def test_of_finished_jobs_a_hundred_are_kept() -> None:
    jobs = Jobs()
    for number in range(130):
        job = jobs.start("tool", str(number), lambda _: State.DONE)
        ended(job)
    assert [job.title for job in jobs.all()] == [str(number) for number in range(129, 29, -1)]


def test_work_that_breaks_in_any_way_makes_room_for_the_next(caplog: pytest.LogCaptureFixture) -> None:
    def breaks() -> None:
        raise OSError("the disk is gone")

    def leaves(_: Job) -> State:
        raise SystemExit("out")

    jobs = Jobs()
    first, second = jobs.start("index", "first", lambda _: State.DONE, breaks), jobs.start("index", "second", leaves)
    last = jobs.start("index", "last", lambda _: State.DONE)
    for job in (first, second, last):
        ended(job)
    assert [job.state for job in (first, second, last)] == ["done", "failed", "done"]
    assert "SystemExit" in second.shown()["error"]["message"]
    assert "could not be cleared up" in caplog.text


def test_a_job_for_which_no_thread_is_to_be_had_fails_and_the_next_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs, cleared = Jobs(), []
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", _no_thread)
        job = jobs.start("index", "first", lambda _: State.DONE, lambda: cleared.append("first"))
    assert job.state == "failed"
    assert "can't start new thread" in job.shown()["error"]["message"]
    assert cleared == ["first"]
    ended(last := jobs.start("index", "last", lambda _: State.DONE))
    assert last.state == "done"


def _no_thread(_: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def test_a_server_that_is_ending_misses_no_job_and_begins_none() -> None:
    jobs, cleared, seen = Jobs(), [], threading.Event()

    def looks(job: Job) -> State:
        assert jobs.get(job.id) is job  # before it runs it is among them
        seen.set()
        job.cancelled.wait(5)
        return State.DONE

    job = jobs.start("tool", "looks", looks)
    assert seen.wait(5)
    assert jobs.close() == 1
    assert job.state == "cancelled"
    with pytest.raises(LibraryError, match="ending"):
        jobs.start("tool", "late", looks, lambda: cleared.append("late"))
    assert cleared == ["late"]
    assert jobs.all() == [job]


# Paths


def test_no_reply_names_a_folder_of_this_machine(tmp_path: Path, clips: Callable[[str], Path]) -> None:
    """What succeeds and what fails, on every route that may name a file."""
    named = Do("named", lambda args, context: Said(f"in {context.library.folder}/x.json", (str(context.folder),)))

    def fails(args: Any, context: Any) -> Said:
        raise InputError(f"{tmp_path / 'footage' / args.text} cannot be read", f"it is below {context.folder}")

    own = named, Do("fails", fails)
    with stock(tmp_path, clips, FakeModels(), "cuts.mp4") as library, tab(library, 0, *own) as page:
        video, gone = page.video()["id"], {"arguments": {"text": "gone.mp4"}}
        plans = [f"steps:\n  {one.name}: {{tool: {one.name}, args: {{text: gone.mp4}}}}\n" for one in own]
        todo = [page.post(f"/api/tools/{one.name}", json=gone) for one in own]
        todo += [page.post("/api/runs", json={"yaml": text}) for text in (*plans, PLAN)]
        todo += [page.post("/api/tools/cut_clip", json={"arguments": CLIP})]
        todo += [page.put("/api/uploads/no%20film.mp4", content=b"only some words " * 50)]
        jobs = [page.ended(reply) for reply in todo]
        (tmp_path / "footage" / "cuts.mp4").unlink()
        jobs += [page.ended(page.post("/api/tools/cut_clip", json={"arguments": CLIP | {"end_s": 1.25}}))]
        missing = tasks.indexing(page.served.desk, tmp_path / "elsewhere" / "gone.mp4")
        jobs += [page.until(page.served.jobs.start("index", "gone", missing).id, FINAL)]
        looked = (
            "library",
            f"videos/{video}",
            f"videos/{video}/transcript",
            f"videos/{video}/media",
            "jobs",
            "tools",
        )
        said = [page.get(f"/api/{path}").text for path in looked]
        for path, body in (
            ("search", {"query": "green"}), ("search", {"query": "green", "video": "none"}),
            ("plan", {"request": "Take a frame every second", "video": "cuts.mp4"}), ("check", {"yaml": PLAN}),
            ("check", {"yaml": "steps: ["}), ("tools/cut_clip", {"arguments": {"video": 1}}),
        ):  # fmt: skip
            said.append(page.post(f"/api/{path}", json=body).text)
        said += [page.get(f"/api/jobs/{job['id']}/events").text for job in jobs]
        states = [job["state"] for job in jobs]
        assert states == ["done", "failed", "done", "failed", "done", "done", "failed", "failed", "failed"], states
        assert jobs[0]["result"]["result"]["text"] == "in x.json"
        assert jobs[1]["error"]["message"].startswith("gone.mp4 cannot be read: it is below runs/")
        assert jobs[3]["steps"]["fails"]["message"].startswith("gone.mp4 cannot be read")
        for reply in (*said, *(json.dumps(job) for job in jobs)):
            assert str(tmp_path) not in reply


# Uploads


def test_a_film_is_taken_in_indexed_and_forgotten(empty: Tab, clips: Callable[[str], Path]) -> None:
    data = clips("plain.mp4").read_bytes()
    job = empty.ended(empty.put("/api/uploads/..%5Cmy%20film%3F.mp4", content=data))
    assert (job["state"], job["kind"]) == ("done", "index"), job
    assert [video["name"] for video in job["result"]["added"]] == ["_my film?.mp4"]
    video = empty.video("_my film?.mp4")
    assert empty.get(f"/api/videos/{video['id']}/media").content == data
    again = empty.ended(empty.put("/api/uploads/other.mp4", content=data))
    assert [video["name"] for video in again["result"]["unchanged"]] == ["_my film?.mp4"]
    kept = [path.name for path in empty.served.uploads.folder.rglob("*") if path.is_file()]
    assert kept == ["_my film?.mp4"]
    assert empty.delete(f"/api/videos/{video['id']}").json()["removed"]["id"] == video["id"]
    assert [*empty.served.uploads.folder.iterdir()] == []
    assert empty.get("/api/library").json()["videos"] == []


@pytest.mark.parametrize(
    ("name", "data", "status"),
    [
        ("list.mp4", b"#EXTM3U\nhttp://example.com/1.ts\n", 415),
        ("page.mp4", b"<!DOCTYPE html><script>alert(1)</script>", 415),
        ("nothing.mp4", b"", 415),
        ("text.mp4", b"only some words " * 50, 202),
        ("bomb.zip", b"PK\x03\x04" + bytes(50_000), 202),
    ],
)
def test_what_is_no_film_is_not_kept(empty: Tab, name: str, data: bytes, status: int) -> None:
    reply = empty.put(f"/api/uploads/{name}", content=data)
    assert reply.status_code == status, reply.text
    if status == 202:
        job = empty.ended(reply)
        assert (job["state"], job["error"]["kind"]) == ("failed", "UnreadableMediaError"), job
    else:
        assert name in reply.json()["error"]["message"]
    assert [*empty.served.uploads.folder.iterdir()] == []


def test_two_tabs_hand_over_the_same_film(empty: Tab, clips: Callable[[str], Path]) -> None:
    data = clips("plain.mp4").read_bytes()
    jobs = [empty.put(f"/api/uploads/{name}.mp4", content=data) for name in ("one", "two")]
    states = [empty.ended(job)["state"] for job in jobs]
    assert states == ["done", "done"]
    assert [video["name"] for video in empty.get("/api/library").json()["videos"]] == ["one.mp4"]


def test_an_upload_that_is_cancelled_leaves_nothing(empty: Tab, clips: Callable[[str], Path]) -> None:
    """While another index job is at work, so that it waits."""
    go_on = threading.Event()
    empty.served.jobs.start("index", "first", lambda _: State.DONE if go_on.wait(20) else State.FAILED)
    job = empty.put("/api/uploads/film.mp4", content=clips("plain.mp4").read_bytes()).json()["job"]
    assert job["state"] == "waiting"
    empty.delete(f"/api/jobs/{job['id']}")
    go_on.set()
    assert [*empty.served.uploads.folder.iterdir()] == []


def test_what_a_server_was_still_indexing_is_indexed_by_the_next(
    empty: Tab, tmp_path: Path, clips: Callable[[str], Path]
) -> None:
    go_on = threading.Event()
    empty.served.jobs.start("index", "first", lambda _: State.DONE if go_on.wait(20) else State.FAILED)
    empty.put("/api/uploads/film.mp4", content=clips("plain.mp4").read_bytes())
    empty.served.jobs.close()
    go_on.set()
    uploads = empty.served.uploads
    (uploads.folder / "half.part").write_bytes(b"half")
    with tab(empty.served.desk.library) as after:
        [left] = after.served.uploads.unfinished()
        after.until(after.served.index(left).id, ("done",))
        assert [video["name"] for video in after.get("/api/library").json()["videos"]] == ["film.mp4"]
        assert after.served.uploads.unfinished() == []
        assert [path.name for path in uploads.folder.rglob("*") if path.is_file()] == ["film.mp4"]


def test_a_folder_of_something_else_is_not_taken_for_a_library(empty: Tab) -> None:
    folder = empty.served.desk.library.folder
    folder.mkdir()
    (folder / "letter.txt").write_text("mine")
    reply = empty.put("/api/uploads/film.mp4", content=b"film")
    assert reply.status_code == 400
    assert [path.name for path in folder.iterdir()] == ["letter.txt"]


def test_a_video_of_the_persons_own_is_forgotten_and_not_touched(
    tmp_path: Path, clips: Callable[[str], Path]
) -> None:
    with stock(tmp_path, clips, FakeModels(), "plain.mp4") as library, tab(library) as page:
        video = page.video("plain.mp4")
        film = tmp_path / "footage" / "plain.mp4"
        shutil.copy(clips("talk.mp4"), film)
        changed = page.get(f"/api/videos/{video['id']}/media")
        assert (changed.status_code, changed.json()["error"]["kind"]) == (409, "ChangedError")
        film.unlink()
        film.symlink_to(clips("talk.mp4"))
        assert page.get(f"/api/videos/{video['id']}/media").status_code == 409
        film.unlink()
        assert page.get(f"/api/videos/{video['id']}/media").status_code == 404
        shutil.copy(clips("plain.mp4"), film)
        assert page.get(f"/api/videos/{video['id']}/media").status_code == 200
        assert page.delete(f"/api/videos/{video['id']}").status_code == 200
        assert film.exists()
