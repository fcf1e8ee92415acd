"""The routes that look: the library, its films and pictures, a search, a plan and its faults."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from playhead.agent.plan import parse_plan
from playhead.errors import PlanError
from playhead.interfaces import shapes
from playhead.interfaces.access import read_cookie
from playhead.interfaces.web import replies, schema
from playhead.interfaces.web.desk import Here  # noqa: TC001 - FastAPI reads it
from playhead.interfaces.web.failures import FAILURES, NotFoundError
from playhead.interfaces.web.footage import open_below
from playhead.interfaces.web.sending import SENT, kind_of_media, send
from playhead.plain import plain
from playhead.types import Channel

router = APIRouter(responses=FAILURES)
_JPEG: dict[int | str, dict[str, Any]] = {200: {"description": "The picture", "content": {"image/jpeg": {}}}}


@router.post("/api/session", response_model=schema.Session)
def begin_session(here: Here) -> Response:
    """Give the browser a cookie with which it can read, and only read, where it cannot send the token."""
    reply = JSONResponse({"read": True})
    reply.set_cookie(*read_cookie(here.token), httponly=True, samesite="strict", path="/")
    return reply


@router.get("/api/library", response_model=schema.LibraryFound)
def show_library(here: Here) -> dict[str, Any]:
    """What is in the library; one that does not exist yet is empty."""
    return replies.library(here.desk.library, here.desk.videos(), here.desk.policy)


@router.get("/api/videos/{video}", response_model=schema.VideoDetail)
def show_video(video: str, here: Here) -> dict[str, Any]:
    """A video with its shots, and when somebody speaks."""
    found = replies.detail(here.desk.library, here.desk.video(video))
    return here.desk.names(found)  # type: ignore[no-any-return]


@router.delete("/api/videos/{video}", response_model=schema.Forgotten)
def forget_video(video: str, here: Here) -> dict[str, Any]:
    """Forget a video. What was uploaded is deleted with it; a file that lies elsewhere is not touched."""
    found = here.desk.video(video)
    with here.desk.writing() as library:
        library.remove(found)
    here.uploads.forget(found.id)
    return {"removed": {"id": found.id, "name": found.name}}


@router.get(
    "/api/videos/{video}/transcript", response_model=schema.TranscriptFound, response_model_exclude_unset=True
)
def show_transcript(video: str, here: Here) -> dict[str, Any]:
    """What is said in a video, as the policy lets it out."""
    return replies.transcript(here.desk.transcript(video))


@router.head("/api/videos/{video}/media", include_in_schema=False)
@router.get("/api/videos/{video}/media", response_class=Response, responses=SENT)
async def show_film(video: str, request: Request, here: Here) -> Response:
    """The file, whole or in part. A player's 0 is the video's `start_s`."""
    found = await run_in_threadpool(here.desk.video, video)
    file = await here.footage.open(found)
    return send(file, request, kind_of_media(file), f'"{found.id}"')


@router.get("/api/thumbnails/{name}", response_class=Response, responses=_JPEG)
def show_thumbnail(name: str, here: Here) -> Response:
    """A small picture of what is shown at a moment."""
    path, folder = replies.thumbnail_path(name), here.desk.library.folder
    if path is None:
        raise NotFoundError("There is no such picture")
    with open_below(folder, folder / path) as file:
        data = file.read(1 << 24)
    return Response(data, media_type="image/jpeg", headers={"cache-control": "private, max-age=86400, immutable"})


@router.post("/api/search", response_model=schema.SearchFound, response_model_exclude_unset=True)
def search(body: schema.Search, here: Here) -> dict[str, Any]:
    """The moments that fit a description, best first."""
    between = None if body.start_s is None and body.end_s is None else (body.start_s, body.end_s)
    where: dict[str, Any] = {"video": body.video or None, "between": between, "limit": body.limit}
    found = here.desk.search(
        body.query, body.override, channels=tuple(Channel(channel) for channel in body.channels), **where
    )
    return here.desk.names(replies.public(shapes.result(found)))  # type: ignore[no-any-return]


@router.post("/api/plan", response_model=schema.PlanFound)
def plan(body: schema.Request, here: Here) -> dict[str, Any]:
    """A plan for a request, or what is asked back. Nothing runs."""
    made = here.desk.plan(body.request, body.video, body.override)
    checked = shapes.checked(here.desk.agent().check(made.plan)) if made.plan else None
    said = shapes.proposal(made) | {"plan": made.plan.plain() if made.plan else None}
    told = here.desk.names({"questions": said.pop("questions"), "notes": list(made.notes), "checked": checked})
    return {**said, **told, "yaml": made.plan.yaml() if made.plan else ""}


@router.post("/api/check", response_model=schema.PlanChecked)
def check(body: schema.PlanText, here: Here) -> dict[str, Any]:
    """Every fault of a plan, that of its form as well, and about how long it takes. Nothing runs."""
    try:
        read = parse_plan(body.yaml)
    except PlanError as error:
        fault = {"step": "", "argument": "", "what": str(error), "expected": "", "suggestion": ""}
        return {"ok": False, "problems": [fault], "estimates_s": {}, "plan": None}
    checked = shapes.checked(here.desk.agent().check(read))
    return {**here.desk.names(checked), "plan": plain(read.plain())}


@router.get("/api/tools", response_model=schema.ToolsFound)
def show_tools(here: Here) -> dict[str, Any]:
    """The tools that may be called."""
    return {"tools": [shapes.tool(tool) for tool in here.desk.tools.values()]}
