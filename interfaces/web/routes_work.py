"""The routes that set something going: uploads, runs, calls of tools; and the jobs that these are."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from playhead.agent.plan import parse_plan
from playhead.errors import InputError
from playhead.interfaces.web import replies, schema, tasks
from playhead.interfaces.web.desk import Here, Served  # noqa: TC001 - FastAPI reads them
from playhead.interfaces.web.failures import FAILURES, NotFoundError
from playhead.interfaces.web.footage import open_below
from playhead.interfaces.web.sending import SENT, attachment, kind_of_media, send

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playhead.interfaces.web.jobs import Job

router = APIRouter(responses=FAILURES)
_BEAT_S, _QUIET_S = 0.2, 15.0
_SHOWN = ("video", "audio", "image")
_STREAM: dict[int | str, dict[str, Any]] = {200: {"description": "Events", "content": {"text/event-stream": {}}}}
_BODY = {"requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string"}}}}}


@router.put(
    "/api/uploads/{name}",
    status_code=202,
    response_model=schema.JobStarted,
    response_model_exclude_unset=True,
    openapi_extra=_BODY,
)
async def upload(name: str, request: Request, here: Here) -> Any:
    """Take in a file, the body as it is, and index it."""
    length = _length(request)
    await run_in_threadpool(here.uploads.announce, length)
    taken = await here.uploads.take(name, request.stream(), length)
    return {"job": here.index(taken).shown()}


@router.post("/api/runs", status_code=202, response_model=schema.JobStarted, response_model_exclude_unset=True)
def run(body: schema.RunText, here: Here) -> dict[str, Any]:
    """Run a plan, exactly as it stands here."""
    here.desk.demand_library()
    plan = parse_plan(body.yaml)
    here.desk.agent().check(plan).demand()
    title = plan.request or ", ".join(step.tool for step in plan.steps.values())
    return {"job": here.jobs.start("run", title, tasks.running(here.desk, plan, body.override)).shown()}


@router.post(
    "/api/tools/{name}", status_code=202, response_model=schema.JobStarted, response_model_exclude_unset=True
)
def call_tool(name: str, body: schema.Call, here: Here) -> dict[str, Any]:
    """Call one tool."""
    if name not in here.desk.tools:
        raise NotFoundError("There is no such tool", "", f"Tools are: {', '.join(here.desk.tools)}")
    here.desk.demand_library()
    here.desk.tools[name].checked(body.arguments)
    todo = tasks.calling_tool(here.desk, name, body.arguments, body.override)
    return {"job": here.jobs.start("tool", name, todo).shown()}


@router.get("/api/jobs", response_model=schema.JobsShown, response_model_exclude_unset=True)
def show_jobs(here: Here) -> dict[str, Any]:
    """Every job since the server started, the newest first."""
    return {"jobs": [job.shown() for job in here.jobs.all()]}


@router.get("/api/jobs/{job}", response_model=schema.JobShown, response_model_exclude_unset=True)
def show_job(job: str, here: Here) -> dict[str, Any]:
    """A job: how far it is, or what came of it."""
    return here.jobs.get(job).shown()


@router.delete(
    "/api/jobs/{job}", status_code=202, response_model=schema.JobStarted, response_model_exclude_unset=True
)
def end_job(job: str, here: Here) -> dict[str, Any]:
    """Cancel a job; forget one that is finished."""
    return {"job": here.jobs.cancel(job).shown()}


@router.get("/api/jobs/{job}/events", response_class=Response, responses=_STREAM)
async def follow_job(job: str, here: Here) -> Response:
    """All of the job, at once and whenever it changes, until it has ended (server-sent events)."""
    return StreamingResponse(_events(here, here.jobs.get(job)), media_type="text/event-stream")


@router.get("/api/jobs/{job}/files/{number}", response_class=Response, responses=SENT)
def give_file(
    job: str,
    number: str,
    request: Request,
    here: Here,
    inline: Annotated[bool, Query(description="To play or look at, not to keep.")] = False,
) -> Response:
    """A file that a job made."""
    files = here.jobs.get(job).files
    if not (number.isdecimal() and len(number) < 6 and int(number) < len(files)):
        raise NotFoundError("There is no such file")
    path = files[int(number)]
    file = open_below(here.desk.library.folder, path)
    shown = inline and replies.kind_of(path) in _SHOWN
    kind = kind_of_media(file) if shown else "application/octet-stream"
    etag = f'"{file.changed_ns:x}-{file.size:x}"'
    return send(file, request, kind, etag, attachment(path, inline=shown))


def _length(request: Request) -> int | None:
    said = request.headers.get("content-length")
    if said is None:
        return None
    if not (said.isascii() and said.isdecimal() and len(said) < 20):
        raise InputError("The file was not taken in", f"its length is said to be {said[:40]!r}")
    return int(said)


async def _events(here: Served, job: Job) -> AsyncIterator[str]:
    """What a reader gets. One that is slow or gone costs nothing: the job does not know of it."""
    seen, quiet_s = -1, 0.0
    while not here.jobs.closing.is_set():
        version, final = job.look()
        if version != seen:
            seen, quiet_s = version, 0.0
            yield f"id: {version}\nevent: job\ndata: {json.dumps(job.shown())}\n\n"
        elif quiet_s >= _QUIET_S:
            quiet_s = 0.0
            yield ": still here\n\n"
        if final:
            return
        await asyncio.sleep(_BEAT_S)
        quiet_s += _BEAT_S
