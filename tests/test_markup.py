"""What notebooks show: harmless whatever footage says, whole on its own, and no larger than a notebook bears."""

from __future__ import annotations

import base64
import io
import os
import re
import struct
import zlib
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from PIL import Image as Pillow

from playhead.agent.executor import Outcome, State
from playhead.agent.plan import read_plan
from playhead.agent.report import html as report
from playhead.agent.run import Run
from playhead.types import (
    Answer,
    Channel,
    Citation,
    Claim,
    Clip,
    Clips,
    Decision,
    Door,
    Evidence,
    Frame,
    Frames,
    Image,
    Images,
    Moment,
    Origin,
    Part,
    SearchResult,
    Shown,
    Source,
    Span,
    Verdict,
    Video,
)

if TYPE_CHECKING:
    from pathlib import Path

TAGS = {"div", "p", "b", "bdi", "span", "table", "tr", "td", "br", "img", "ol", "ul", "li"}
ATTRIBUTES = {"style", "alt", "src", "dir"}
HOSTILE = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "'><style>*{display:none}</style><!-- ]]> &lt;",
    "\u202egnp.exe\u2066 \x1b[2J\x00 \udcff",
    "</bdi></td></table>\n<iframe src=//elsewhere>",
]


class Seen(HTMLParser):
    """The tags that are open where each text stands; fails on what a notebook does not need."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.texts: list[str] = []
        self.count: dict[str, int] = {}
        self.pictures: list[tuple[str, bytes]] = []
        self.feed(html)
        self.close()
        assert self.open == []

    @property
    def text(self) -> str:
        return "|".join(self.texts)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        assert {name for name, _ in attrs} <= ATTRIBUTES
        said = {name: value or "" for name, value in attrs}
        assert not re.search(r"url|expression|position|@|<", said.get("style", ""))
        self.count[tag] = self.count.get(tag, 0) + 1
        if tag == "img":
            head, data = said["src"].split(",")
            assert head == "data:image/jpeg;base64"
            self.pictures.append((said["alt"], base64.b64decode(data, validate=True)))
        elif tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        pytest.fail(f"a comment: {data}")

    handle_decl = handle_pi = unknown_decl = handle_comment


def seen(result: object) -> Seen:
    html = result._repr_html_()  # type: ignore[attr-defined]
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", html)
    return Seen(html)


@pytest.fixture
def still(tmp_path: Path) -> Path:
    Pillow.effect_noise((640, 360), 80).convert("RGB").save(tmp_path / "still.jpg", quality=95, comment=b"a secret")
    return tmp_path / "still.jpg"


def video(path: Path, name: str = "talk.mp4") -> Video:
    return Video("v" * 64, name, path, 3723.4, width=640, height=360)


def moment(still: Path | None, text: str = "The ferry leaves", name: str = "talk.mp4", at_s: float = 6.0) -> Moment:
    span = Span(at_s, at_s + 2.5)
    found = Evidence(Channel.SPEECH, span, 0.9, text, still)
    return Moment(video(still.parent if still else __file__, name), span, 0.87, (found,))  # type: ignore[arg-type]


def claim(still: Path | None, text: str = "A cat sleeps.", name: str = "talk.mp4", **said: str) -> Claim:
    where = video(still.parent if still else __file__, name)  # type: ignore[arg-type]
    return Claim(text, (Citation("s1", where, Span(6, 9), Channel.OBJECT, "cat", still),), **said)


def test_a_search_shows_a_picture_the_times_and_the_evidence_of_each_moment(still: Path) -> None:
    page = seen(SearchResult("the ferry", (moment(still), moment(None, "Nobody")), False, ("Read slowly.",)))
    assert page.count == {
        "div": 1, "p": 2, "bdi": 12, "table": 1, "tr": 2, "td": 4, "b": 2, "span": 5, "br": 2, "img": 1,
    }  # fmt: skip
    assert "“|the ferry|”: 2 moments" in page.text
    assert "0:06.0–0:08.5| |talk.mp4| |0.87|speech 0:06.0–0:08.5| “|The ferry leaves|”" in page.text
    assert page.texts[-1] == "Read slowly."
    [(alt, data)] = page.pictures
    assert alt == "talk.mp4 at 0:06.0"
    with Pillow.open(io.BytesIO(data)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (320, 180))
    assert b"a secret" in still.read_bytes()
    assert b"a secret" not in data
    assert len(data) < 64_000


def test_a_search_without_a_match_says_so_and_shows_the_nearest(still: Path) -> None:
    page = seen(SearchResult("a whale", (), True, nearest=(moment(still),)))
    assert page.text.startswith("Nothing shows or says “|a whale|”. The nearest there is:|0:06.0–0:08.5|")
    assert len(page.pictures) == 1
    assert seen(SearchResult("a whale", (), True)).text == "Nothing shows or says “|a whale|”."


@pytest.mark.parametrize("said", HOSTILE)
def test_what_footage_and_files_say_is_shown_and_never_obeyed(said: str, still: Path) -> None:
    origin = Origin(Source.GENERATED, (Part(video(still, said), Span(0, 1)),), model=said, prompt=said)
    results = [
        moment(still, said, said),
        SearchResult(said, (), True, (said,), (moment(still, said, said),)),
        Answer((claim(still, said, said, title=said),), (said,), dropped=2),
        replace(video(still, said), warnings=(said,)),
        Frames((Frame(video(still, said), 1, still),)),
        Images((Image(still, 640, 360, origin, said),)),
        Image(still, 640, 360, origin, said),
        Clips((Clip(still.with_name("clip.mp4"), 2, origin),)),
        ran(said, still),
        Run(None, Answer(()), questions=(said,), notes=(said,)),
    ]
    for result in results:
        page = seen(result)
        for word in re.findall(r"[a-z]{4,}", said):
            assert word in page.text + "".join(alt for alt, _ in page.pictures)
    plan = ran(said, still).plan
    assert plan
    ran_report = report(plan, {}, results[2])  # type: ignore[arg-type]
    assert "<script" not in ran_report
    assert "onerror='" not in ran_report


def ran(said: str, still: Path) -> Run:
    asked = said.encode(errors="replace").decode()[:20_000]  # a plan takes no more
    plan = read_plan({"request": asked, "steps": {"find": {"tool": "seek"}, "cut": {"tool": "snip"}}})
    outcomes = {
        "find": Outcome("find", "seek", State.CACHED, seconds=0.25),
        "cut": Outcome("cut", "snip", State.FAILED, error=ValueError(said)),
    }
    verdict = Verdict(Decision.BLOCK, Door.ANSWER, "violence", 0.9, 0.5, "model", said, f"remedy {said}")
    return Run(plan, Answer((claim(still, said),)), still.parent, outcomes, verdicts=(verdict,))


def test_a_run_shows_its_answer_the_gate_its_steps_and_its_files(still: Path) -> None:
    files = still.parent / "artifacts" / "cut"
    files.mkdir(parents=True)
    (files / "clip.mp4").touch()
    (files / "clip.mp4.provenance.json").write_text('{"source": "retrieved"}')
    page = seen(ran("Where is it?", still))
    assert page.text == (
        "Where is it?|Where is it?| |[0:06.0–0:09.0]|Gate| |block: Where is it?| |remedy Where is it?|"
        "Steps|find|seek|cached|0.2 s|cut|snip|failed|Where is it?|"
        "Files| |in run.folder|artifacts/cut/clip.mp4| |retrieved"
    )
    assert len(page.pictures) == 1
    html = ran("Where is it?", still)._repr_html_()
    assert str(still.parent) not in html  # the notebook goes elsewhere


def test_a_run_without_an_answer_says_why(still: Path) -> None:
    plan = read_plan({"steps": {"a": {"tool": "tell"}}})
    assert seen(Run(plan, Answer(()))).text == "The footage does not show that.|Steps|a|tell|not run"
    failed = {"a": Outcome("a", "tell", State.SKIPPED)}
    assert "not every step worked" in seen(Run(plan, Answer(()), outcomes=failed)).text
    assert seen(Run(None, Answer(()), questions=("Which video?",))).text == "Which video?"


def test_a_picture_that_is_gone_or_is_none_is_said_so(still: Path) -> None:
    gone, broken, pipe = (still.with_name(name) for name in ("gone.jpg", "broken.jpg", "pipe.jpg"))
    broken.write_bytes(still.read_bytes()[:400])
    os.mkfifo(pipe)
    bomb = png(still.with_name("bomb.png"), 30_000, 30_000)
    for path, told in ((gone, "is gone"), (pipe, "is gone"), (broken, "cannot be shown"), (bomb, "cannot be shown")):
        page = seen(moment(path))
        assert (page.pictures, f"(the picture {told})" in page.text) == ([], True)
        assert "The ferry leaves" in page.text
        assert f"(the picture {told})" in seen(Answer((claim(path),))).text


def png(path: Path, width: int, height: int) -> Path:
    """A file that begins like a picture of this size, and has no more."""
    parts = (b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0), b"IDAT" + zlib.compress(b""))
    chunks = (struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part)) for part in parts)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    return path


def test_what_is_not_a_picture_is_not_copied_into_a_page(still: Path) -> None:
    secret = still.with_name("secret.jpg")
    secret.write_text("the password")
    assert base64.b64encode(b"the password").decode() not in moment(secret)._repr_html_()


def test_a_large_result_is_cut_short_and_says_by_how_much(still: Path) -> None:
    long = "ferry " * 200_000
    moments = tuple(moment(still, long, long, float(n)) for n in range(60))
    page = seen(SearchResult(long, moments, False))
    assert page.texts[-1] == "… and 50 more"
    assert len(page.pictures) == 10
    answer = Answer(tuple(claim(still, f"{n} {long}") for n in range(60)), (long,) * 60)
    assert "… and 50 more" in seen(answer).texts
    assert len(seen(answer).pictures) == 1  # the same picture once
    run = replace(ran(long, still), answer=answer, notes=(long,) * 60)
    for result in (SearchResult(long, moments, False), answer, run, Frames((Frame(video(still), 1, still),) * 60)):
        assert len(result._repr_html_()) < 600_000  # type: ignore[attr-defined]


def test_a_report_is_not_cut_short(still: Path) -> None:
    plan = read_plan({"request": "Who?", "steps": {"a": {"tool": "tell"}}})
    told = report(
        plan, {}, Answer(tuple(claim(still, f"{'long ' * 100}end{n}.") for n in range(40)), ("note " * 200,))
    )
    assert [n for n in range(40) if f"end{n}." not in told] == []
    assert "more" not in told
    assert told.count("data:image/jpeg;base64,") == 1
    assert told.count("note") == 200


def test_what_was_made_shows_where_it_comes_from(still: Path) -> None:
    origin = Origin(Source.RETRIEVED, (Part(video(still), Span(60, 62)),))
    clip = Clip(still.with_name("goal.mp4"), 2.0, origin, 640, 360)
    assert seen(clip).text == "goal.mp4| |0:02.0, 640×360, retrieved|talk.mp4 1:00.0–1:02.0"
    drawn = Image(still, 640, 360, Origin(Source.GENERATED, model="z-image"), "a red ball")
    assert seen(drawn).text == "still.jpg, 640×360, generated by z-image: a red ball"
    assert seen(Images(())).text == "No pictures."
    assert seen(video(still)).text == "talk.mp4| |1:02:03.4, 640×360|It has no sound."


def test_every_word_that_shows_itself_is_shown_in_its_own_way() -> None:
    from playhead.markup import shown

    assert {kind.__name__ for kind in Shown.__subclasses__()} == {
        kind.__name__ for kind in shown.registry if kind is not object
    }
