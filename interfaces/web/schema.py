"""What is sent and what comes back, as the description of the API says it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

Seconds = Annotated[float, Field(ge=-1e9, le=1e9, allow_inf_nan=False)]
Words = Annotated[str, Field(min_length=1, max_length=20_000)]
Why = Annotated[str, Field(max_length=2000, description="Why something may pass that the gate asks about.")]
ChannelName = Literal["picture", "object", "text", "speech", "caption", "motion", "thermal", "depth"]


class Sent(BaseModel):
    """A body that was sent: unknown names are refused."""

    model_config = ConfigDict(extra="forbid")


class Search(Sent):
    """What is looked for, and where."""

    query: Words = Field(description="What was seen or said, in plain words.")
    video: str = Field("", max_length=1000, description="Only in this video: id or name.")
    start_s: Seconds | None = Field(None, description="Only from here on.")
    end_s: Seconds | None = Field(None, description="Only up to here.")
    channels: list[ChannelName] = Field(default_factory=list, max_length=8, description="Only on these.")
    limit: int = Field(12, ge=1, le=100, description="How many moments at most.")
    override: Why = ""


class Request(Sent):
    """What somebody wants to know or have."""

    request: Words = Field(description="In plain words.")
    video: str = Field("", max_length=1000, description="The video that is meant: id or name.")
    override: Why = ""


class PlanText(Sent):
    """A plan to be checked."""

    yaml: str = Field(max_length=200_000, description="The plan as YAML.")


class RunText(PlanText):
    """A plan to be run, as it is."""

    override: Why = ""


class Call(Sent):
    """A call of a tool."""

    arguments: dict[str, JsonValue] = Field(default_factory=dict, description="By name, as its schema says.")
    override: Why = ""


class Given(BaseModel):
    """A body that comes back. It may hold more than is listed."""

    model_config = ConfigDict(extra="allow")


class Fault(Given):
    """What went wrong, why, and what to do."""

    kind: str
    message: str
    verdict: dict[str, Any] | None = Field(None, description="That of the gate, where it stopped something.")
    problems: list[dict[str, Any]] | None = Field(None, description="The faults of a plan.")


class Failure(Given):
    """Every error comes like this."""

    error: Fault


class Session(Given):
    """The cookie that reads was set."""

    read: bool


class VideoFound(Given):
    """A video of the library."""

    id: str
    name: str
    duration_s: float
    start_s: float
    width: int
    height: int
    segments: dict[str, int]


class LibraryFound(Given):
    """What is in the library."""

    name: str
    policy: str
    version: str
    videos: list[VideoFound]


class Stretch(Given):
    """A half-open stretch of time, on the clock of the video."""

    start_s: float
    end_s: float


class VideoDetail(VideoFound):
    """A video with its shots, and when somebody speaks."""

    shots: list[Stretch]
    speech: list[Stretch]
    warnings: list[str]


class Line(Stretch):
    """Something that was said."""

    text: str


class TranscriptFound(Given):
    """What is said in a video."""

    utterances: list[Line]
    language: str | None = None


class VideoNamed(Given):
    """Which video."""

    id: str
    name: str


class EvidenceFound(Stretch):
    """Why a moment was found."""

    channel: str
    score: float
    text: str
    thumbnail: str | None = None


class MomentFound(Stretch):
    """A stretch of a video that fits."""

    video: VideoNamed
    score: float
    evidence: list[EvidenceFound]


class SearchFound(Given):
    """The moments that fit, best first; where none does, what comes nearest."""

    query: str
    moments: list[MomentFound]
    no_match: bool
    notes: list[str]
    nearest: list[MomentFound]


class CheckFound(Given):
    """Every fault of a plan, and about how long each step takes."""

    ok: bool
    problems: list[dict[str, Any]]
    estimates_s: dict[str, float]


class PlanChecked(CheckFound):
    """The same, with the plan."""

    plan: dict[str, Any] | None


class PlanFound(Given):
    """A plan, or what is asked back."""

    plan: dict[str, Any] | None
    questions: list[str]
    notes: list[str]
    yaml: str
    checked: CheckFound | None


class FileMade(Given):
    """A file that a job made."""

    name: str
    url: str
    bytes: int
    kind: Literal["video", "audio", "image", "page", "data", "text"]


class JobShown(Given):
    """Work that was asked for."""

    id: str
    kind: Literal["index", "run", "tool"]
    title: str
    state: Literal["waiting", "running", "done", "partial", "failed", "blocked", "cancelled"]
    progress: dict[str, Any] | None = None
    steps: dict[str, dict[str, Any]] | None = None
    result: Any = None
    files: list[FileMade] | None = None
    error: Fault | None = None


class JobStarted(Given):
    """Work was begun, or ended."""

    job: JobShown


class JobsShown(Given):
    """All jobs, the newest first."""

    jobs: list[JobShown]


class ToolsFound(Given):
    """The tools there are, each with the schema of its arguments."""

    tools: list[dict[str, Any]]


class Forgotten(Given):
    """The video that is no longer in the library."""

    removed: VideoNamed
