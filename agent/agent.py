"""The agent: a request in words becomes a checked plan, runs once, and is answered with the seconds it rests on."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import threading
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playhead import prompts
from playhead.agent.answer import answered, held, together
from playhead.agent.cache import Cache
from playhead.agent.check import Budget, Checked, check
from playhead.agent.executor import Event, Executor, Outcome, State
from playhead.agent.footage import called
from playhead.agent.journal import Journal
from playhead.agent.offline import OfflinePlanner
from playhead.agent.plan import Plan, load_plan
from playhead.agent.planner import Planner, Proposal, Stage
from playhead.agent.run import JOURNAL, PLAN, Run, write_run
from playhead.agent.run_folder import NAME_A_RUN, beside, finished_digests, run_folder
from playhead.errors import BlockedError, InputError, PlanError, no_file
from playhead.index.tell import doubt
from playhead.models.cache import cache_folder
from playhead.models.chat import Chat, load_chat
from playhead.safety.gate import Gate, nobody
from playhead.safety.texts import with_texts
from playhead.tools.contract import Context
from playhead.tools.registry import all_tools
from playhead.types import Answer, Clip, Clips, Door, SearchResult, Span, Verdict, Video

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from langchain_core.language_models.chat_models import BaseChatModel

    from playhead.index.library import Library
    from playhead.tools.contract import Tool


class Agent:
    """Plans, checks, runs and answers, over one library.

        run = Agent(Library("~/footage.playhead")).run("Sum up what is said after the ferry")
        print(run)             # every sentence with its [m:ss–m:ss]
        run.plan.save("ferry.yaml")

    `model` is a language model, as a spec (`ollama:qwen3:8b`) or any LangChain chat model; without one the offline
    planner plans and answers are extractive. The agent remembers its last answer, for "and after that?".

    The gate stands at the request, at every call and its result, and at the answer. `consent` is asked where the
    policy wants a person to say why something may pass: it gives the reason, or `""`. A `gate` that is given stands
    in place of the library's own, and asks whom it asks: what shares it remembers the same footage.
    """

    def __init__(
        self,
        library: Library,
        model: str | BaseChatModel | None = None,
        *,
        planner: Planner | None = None,
        tools: Mapping[str, Tool[Any, Any]] | None = None,
        budget: Budget | None = None,
        step_timeout_s: float = 3600.0,
        consent: Callable[[Verdict], str] = nobody,
        gate: Gate | None = None,
    ) -> None:
        self.library = library
        self.gate = gate or Gate.of(library, consent=consent)
        self.tools = dict(tools) if tools is not None else all_tools()
        self.budget, self._step_timeout_s = budget or Budget(), step_timeout_s
        self.chat = load_chat(model) if isinstance(model, str) else Chat(model) if model is not None else None
        self._planner = planner
        self._recent: tuple[tuple[Video, Span], ...] = ()
        self._asked: tuple[str, Video | None] = "", None

    @property
    def planner(self) -> Planner:
        """What makes plans: the one that was given, the language model's, or the offline one."""
        if self._planner is None:
            offline = OfflinePlanner(self.tools, self.library.models.sentences)
            if self.chat is None:
                self._planner = offline
            else:
                from playhead.agent.chat_planner import ChatPlanner, ExampleSource

                examples = ExampleSource(offline, offline.nearest, self.tools)
                self._planner = ChatPlanner(self.chat, self.tools, self.library, examples, self.budget)
        return self._planner

    @property
    def has_library(self) -> bool:
        """Whether anything was indexed yet."""
        return self.library.exists

    # Planning

    def plan(self, request: str, video: str = "", given: str | Path | None = None) -> Proposal:
        """A plan for the request, or questions; nothing runs. `video` is meant where the request names none.

        `given` is a picture, a sound or a film that is handed over with it: "where is this?".

        Raises `BlockedError` where the gate stops the request.
        """
        return self._planned(request, video, _handed_over(given), self.gate)

    def _planned(self, request: str, video: str, given: Path | None, gate: Gate) -> Proposal:
        readable = request.encode(errors="replace").decode()  # a shell gives bytes that are no text as half letters
        gate.text(Door.REQUEST, [readable], "the request")
        return self.planner.propose(readable, replace(self._stage(video), given=given))

    def check(self, plan: Plan, given: str | Path | None = None) -> Checked:
        """Every fault of a plan, and about how long it will take; `given` is what is handed over with it."""
        return check(plan, self.tools, self.library if self.has_library else None, self.budget, _handed(given))

    def _stage(self, video: str) -> Stage:
        if not self.has_library:  # a plan can be made all the same
            return Stage()
        meant = self.library.video(video) if video else None
        asked, asked_of = self._asked
        return Stage(tuple(self.library.videos()), meant, self._recent, asked=asked, asked_of=asked_of)

    # Running

    def run(
        self,
        request: str | Plan,
        *,
        video: str = "",
        given: str | Path | None = None,
        out: str | Path | None = None,
        listen: Callable[[Event], None] = lambda _: None,
        cancel: threading.Event | None = None,
        fresh: bool = False,
    ) -> Run:
        """Answer a request, or run a plan. `out` is the run's folder; one that holds the same plan is gone on with.

        `given` is a picture, a sound or a film that is handed over with the request; tools may open it.

        Raises `PlanError` for a plan with faults and `BlockedError` for a request that the gate stops, before
        anything runs. A step that fails or is stopped does not raise: what succeeded is kept, and `Run.failed` says
        what did not.
        """
        notes: tuple[str, ...] = ()
        verdicts: list[Verdict] = []
        gate = self.gate.heard_by(verdicts.append)
        self.library.videos()  # raises where there is no library
        if isinstance(request, str):
            proposal = self._planned(request, video, _handed_over(given), gate)
            if proposal.plan is None:
                questions, said = proposal.questions, proposal.notes
                return Run(None, Answer(()), questions=questions, notes=said, verdicts=tuple(verdicts))
            plan, notes = proposal.plan, proposal.notes
        else:
            plan = request
        self.check(plan, given).demand()
        folder = run_folder(plan, out, self.library.folder / "runs")
        journal = Journal(folder / JOURNAL)
        try:
            journal.write(
                "run", plan=plan.digest, planner=self._planner.id if self._planner else "", prompts=prompts.digest(),
                chat=self.chat.id if self.chat else "",
            )  # fmt: skip
            context = Context(self.library, folder, chat=self.chat, gate=gate, given=_handed(given))
            run = self._executed(plan, context, journal, listen, cancel, fresh)
            return replace(run, notes=notes, verdicts=tuple(verdicts))
        finally:
            journal.close()

    def _executed(
        self,
        plan: Plan,
        context: Context,
        journal: Journal,
        listen: Callable[[Event], None],
        cancel: threading.Event | None,
        fresh: bool,
    ) -> Run:
        events: list[Event] = []

        def heard(event: Event) -> None:
            if event.kind != "progress":
                events.append(event)
            listen(event)

        folder, gate, cache = context.folder, context.gate, Cache(self._cache_folder())
        executor = Executor(self.tools, context, cache, step_timeout_s=self._step_timeout_s, budget=self.budget)
        outcomes = executor.run(plan, journal, heard, cancel, fresh=fresh)
        answer, outcomes = self._let_out(plan, self._answer(plan, outcomes, context), outcomes, gate)
        write_run(folder, plan, outcomes, answer, gate.mask)
        journal.write("answered", sentences=len(answer.claims), dropped=answer.dropped)
        self._recent, self._asked = _moments(answer) or self._recent, self._asked_by(plan)
        return Run(plan, answer, folder, outcomes, tuple(events))

    def _asked_by(self, plan: Plan) -> tuple[str, Video | None]:
        """The last question or description of a plan, and the video that it is asked of; "" where there is none."""
        for step in reversed(plan.steps.values()):
            words = step.args.get("question") or step.args.get("query")
            if isinstance(words, str) and not words.startswith("$"):
                of = plan.inputs.get(str(step.args.get("video", ""))[1:])
                try:
                    return words, self.library.video(of) if isinstance(of, str) else None
                except InputError:  # a file that is not indexed
                    return words, None
        return "", None

    def _cache_folder(self) -> Path:
        """In the library; of one that cannot be written to, in the user's cache."""
        own = self.library.folder / "cache"
        if os.access(own if own.exists() else self.library.folder, os.W_OK):
            return own
        return cache_folder() / "runs" / hashlib.sha256(str(self.library.folder).encode()).hexdigest()[:16]

    def _answer(self, plan: Plan, outcomes: Mapping[str, Outcome], context: Context) -> Answer:
        """What the steps that nothing else uses say, held to footage of the library and to files that were named."""
        answers = []
        for name, outcome in outcomes.items():
            if name not in plan.answering and (plan.answer or not isinstance(outcome.result, Clip | Clips)):
                continue  # a film is told of though its timeline is what comes last
            if outcome.ok:
                answers.append(answered(outcome.result))
            elif outcome.state == "nothing":
                answers += [answered(o.result) for o in outcomes.values() if o.ok and not _has(o)]
        used = [o.result for name, o in outcomes.items() if o.ok and name not in plan.answering]
        found = [r for r in used if isinstance(r, SearchResult) and r.moments]
        answers += [Answer((), notes) for r in found if (notes := doubt(r.query, r.moments[0].score))]
        elsewhere, videos = self.library.settings.roots or context.given, self.library.videos()
        answer = held(together(answers), None if elsewhere else videos)
        if len(videos) > 1 == len(answer.videos) and not _says_which(plan, answer.videos[0]):
            answer = replace(answer, notes=(*answer.notes, f"From {called(answer.videos[0], videos)}."))
        return answer

    def _let_out(
        self, plan: Plan, answer: Answer, outcomes: dict[str, Outcome], gate: Gate
    ) -> tuple[Answer, dict[str, Outcome]]:
        """The answer, without the personal data that the policy masks; or that the gate stopped it, and its steps.

        What a tool that judges says of what it judged is not judged again.
        """
        judging = [o.result for o in outcomes.values() if o.ok and self.tools[o.tool].judges]
        verdicts = {text for result in judging for text in _said(answered(result))}
        try:
            gate.text(Door.ANSWER, [text for text in _said(answer) if text not in verdicts], "the answer")
        except BlockedError as error:
            stopped = {
                name: replace(outcomes[name], state=State.BLOCKED, result=None, error=error, files=())
                for name in plan.answering
                if outcomes[name].ok
            }
            return Answer((), (str(error),)), outcomes | stopped
        return with_texts(answer, gate.mask), outcomes

    # Again

    def resume(self, folder: str | Path, **how: Any) -> Run:
        """Go on with a run that was interrupted: what is done is not done again. Raises `PlanError` for no run."""
        path = Path(folder).expanduser()
        if not (path / PLAN).is_file():
            raise PlanError(f"{path} holds no run", f"there is no {PLAN} in it", NAME_A_RUN)
        return self.run(load_plan(path / PLAN), out=path, **how)

    def replay(self, folder: str | Path, **how: Any) -> tuple[Run, list[str]]:
        """Run the plan of a finished run anew, without the cache, beside it; also the steps whose results differ.

        Raises `PlanError` for one that did not end.
        """
        path = Path(folder).expanduser()
        before = finished_digests(path / JOURNAL)
        plan = load_plan(path / PLAN)
        run = self.run(plan, out=beside(path), fresh=True, **how)
        now = {name: outcome.sha256 for name, outcome in (run.outcomes or {}).items() if outcome.ok}
        return run, [name for name in plan.steps if before.get(name) != now.get(name)]

    # As a stream

    async def astream(self, request: str | Plan, **how: Any) -> AsyncIterator[Event | Run]:
        """Events as they happen, and the `Run` last. Leaving early cancels the run."""
        loop, events = asyncio.get_running_loop(), asyncio.Queue[Event | Run | BaseException]()
        cancel = threading.Event()

        def tell(news: Event | Run | BaseException) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
                loop.call_soon_threadsafe(events.put_nowait, news)

        def work() -> None:
            try:
                tell(self.run(request, listen=tell, cancel=cancel, **how))
            except BaseException as error:  # noqa: BLE001 - raised again where the events are awaited
                tell(error)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        try:
            while True:
                news = await events.get()
                if isinstance(news, BaseException):
                    raise news
                yield news
                if isinstance(news, Run):
                    return
        finally:
            cancel.set()

    def forget(self) -> None:
        """Begin a new conversation."""
        self._recent, self._asked = (), ("", None)

    def asking(self, consent: Callable[[Verdict], str]) -> Agent:
        """The same agent in a new conversation, whose gate asks somebody else."""
        own = copy(self)
        own.gate = self.gate.asking(consent)
        own.forget()
        return own


def _handed_over(path: str | Path | None) -> Path | None:
    """The file that is handed over. Raises `InputError` where there is none."""
    if path is None:
        return None
    found = Path(os.path.abspath(os.path.expanduser(path)))
    if not os.path.isfile(found):
        raise InputError(f"{found} cannot be handed over", no_file(found), "Name a picture, a sound or a film")
    return found


def _handed(given: str | Path | None) -> tuple[Path, ...]:
    """The files that were handed over."""
    path = _handed_over(given)
    return (path,) if path else ()


def _said(answer: Answer) -> list[str]:
    return [*(text for claim in answer.claims for text in (claim.title, claim.text)), *answer.notes]


def _says_which(plan: Plan, video: Video) -> bool:
    """Whether the plan says itself that this video is meant."""
    said = plan.model_dump_json()
    return video.id in said or json.dumps(video.name, ensure_ascii=False)[1:-1] in said


def _has(outcome: Outcome) -> bool:
    """Whether a step found something."""
    return bool(answered(outcome.result).claims)


def _moments(answer: Answer) -> tuple[tuple[Video, Span], ...]:
    """What a next request may mean by "it", "that" or "the second one"."""
    found = dict.fromkeys((c.video, c.span) for claim in answer.claims for c in claim.evidence[:1])
    return tuple(found)[:20]
