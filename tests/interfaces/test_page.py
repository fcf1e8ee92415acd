"""The page in a real browser, before a real server with the packaged models: everything that a person does there."""

from __future__ import annotations

import shutil
import time
import wave
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import av
import pytest
from PIL import Image

from playhead.interfaces import demo_film
from playhead.interfaces.web.command import door
from playhead.safety.policy import load_policy
from playhead.types import Decision, Door

sync_api = pytest.importorskip("playwright.sync_api")
pytest.importorskip("hibari")

from .browser import CHROMIUM, DESKTOP, FLAGS, PHONE, SHOTS, axe, served, short_film, shut_out  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason=f"there is no Chromium: {CHROMIUM}"),
]

LONG_MS = 120_000
EXACT_S = 0.2
UNPLAYABLE = "numbered.mkv"
FERRY = "When does the ferry to the island leave?"
AT = "document.getElementById('video').currentTime"
RESTS = "document.getElementById('video').paused"
DECODED = "(v => v.readyState >= 2 && v.videoWidth > 0 && !v.seeking)(document.getElementById('video'))"


@dataclass
class World:
    """A server, the films it holds, and what was seen while they were added."""

    address: str
    context: BrowserContext
    folder: Path
    told: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)

    def open(self, hash_: str | None = None) -> Page:
        """A page as somebody opens it who was given the address; or another tab at a place."""
        page = self.context.new_page()
        page.set_default_timeout(LONG_MS)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda said: self.faults.append(said.text) if "Content Security" in said.text else None)
        page.on("request", lambda request: self.sent.append(f"{request.method} {urlsplit(request.url).path}"))
        page.goto(self.address if hash_ is None else self.address.partition("#")[0] + hash_)
        return page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    sync_api.expect.set_options(timeout=LONG_MS)
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def world(
    browser: Browser, clips: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """An empty library to which two films are added on the page, while somebody watches."""
    folder = tmp_path_factory.mktemp("page")
    films = [short_film(folder), Path(shutil.copy(clips(UNPLAYABLE), folder))]
    library = folder / "page.playhead"
    with served(library) as address:
        context = browser.new_context(viewport=DESKTOP, reduced_motion="reduce")
        made = World(address, context, library)
        page = made.open()
        sync_api.expect(page.locator("#no-films")).to_be_visible()
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        assert page.locator(".screen").bounding_box()["height"] < 80  # type: ignore[index]
        page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
        if script := axe():
            made.empty = shut_out(page, script)
        page.evaluate(
            "window.told = []; const list = document.getElementById('indexing').parentElement;"
            "new MutationObserver(() => told.push(list.innerText)).observe(list, {childList: true, subtree: true})"
        )
        page.set_input_files("#files", films)
        sync_api.expect(page.locator("#films li")).to_have_count(2)
        sync_api.expect(page.locator("#indexing li")).to_have_count(0)
        made.told = page.evaluate("told")
        page.close()
        yield made
        context.close()


@pytest.fixture
def page(world: World) -> Iterator[Page]:
    """The page, opened anew; nothing may have gone wrong on it unseen."""
    opened = world.open()
    sync_api.expect(opened.locator("#films li")).to_have_count(2)
    yield opened
    opened.close()
    assert world.faults == []


def search(page: Page, words: str) -> None:
    page.fill("#words", words)
    page.press("#words", "Enter")


def find(page: Page, words: str) -> None:
    search(page, words)
    page.locator(".hit").first.wait_for()


def until(page: Page, condition: str) -> None:
    """Wait for it; the policy of the page lets nothing wait inside it."""
    end_s = time.monotonic() + LONG_MS / 1000
    while not page.evaluate(condition):
        assert time.monotonic() < end_s, condition
        page.wait_for_timeout(30)


def take_first(page: Page) -> None:
    """Click the first hit, and see it chosen."""
    page.locator(".hit").first.click()
    sync_api.expect(page.locator("#moment-times")).to_have_text(page.locator(".hit .times").first.inner_text())


def shown_at(page: Page) -> float:
    """Where the player is, once a picture is there."""
    until(page, DECODED)
    return float(page.evaluate(AT))


def shot(name: str) -> tuple[float, float]:
    """When a shot of the short film begins and ends."""
    at = 0.0
    for scene in demo_film._SCENES:
        if scene.name in SHOTS:
            length = scene.frames / demo_film.CANVAS.rate_hz
            if scene.name == name:
                return at, at + length
            at += length
    raise AssertionError(name)


def plan(page: Page, request: str) -> None:
    page.fill("#request", request)
    page.press("#request", "Enter")
    page.locator("#planned .steps li").first.wait_for()


def button(page: Page, name: str, inside: str = "body") -> None:
    page.locator(inside).get_by_role("button", name=name, exact=True).click()


def test_films_are_sent_and_watched_while_the_page_tells(world: World, page: Page) -> None:
    told = "\n".join(world.told)
    assert "sending" in told
    assert "at work" in told
    assert f"{demo_film.NAME} is being watched, 1 film to come" in told
    sync_api.expect(page.locator("#films")).to_contain_text("19 pictures · 1 spoken line")
    names = page.locator("#films .name").all_inner_texts()
    assert sorted(names) == sorted([demo_film.NAME, UNPLAYABLE])
    assert "token" not in page.url


def test_a_hit_shows_its_second_and_the_way_back(page: Page) -> None:
    find(page, "the face of a cat")
    take_first(page)
    start_s, _ = shot("cat")
    assert shown_at(page) == pytest.approx(start_s, abs=EXACT_S)
    assert page.locator("#strip").get_attribute("aria-valuetext") == "0:07.0 of 0:19.0"
    assert page.evaluate("location.hash").endswith("&t=7")
    page.evaluate("() => { films.style.paddingBottom = '2000px'; finds.scrollTop = 9000; }")
    find(page, "when does the ferry leave?")
    sync_api.expect(page.locator("#results-title")).to_be_in_viewport()
    take_first(page)
    until(page, f"{AT} < 6")
    page.go_back()
    until(page, f"Math.abs({AT} - {start_s}) < {EXACT_S}")


def test_a_plan_is_read_edited_run_and_its_citation_played(world: World, page: Page) -> None:
    page.fill("#request", "  ")
    page.press("#request", "Enter")
    sync_api.expect(page.locator("#ask-state")).to_contain_text("Write what you want")
    world.sent.clear()
    page.fill("#request", FERRY)
    page.press("#request", "Enter")
    plan(page, FERRY)
    assert world.sent.count("POST /api/plan") == 1
    button(page, "Edit", "#planned")
    written = page.input_value("#yaml")
    page.fill("#yaml", written.replace("search_moments", "search_momentz"))
    sync_api.expect(page.locator("#planned .faults li")).to_contain_text("Line")
    sync_api.expect(page.get_by_role("button", name="Run")).to_be_disabled()
    assert page.locator(".gutter .faulty").count() == 1
    page.fill("#yaml", written.replace(FERRY, "When does the ferry leave the pier?", 1))
    sync_api.expect(page.get_by_role("button", name="Run")).to_be_enabled()
    page.locator("#planned").get_by_role("button", name="Run").dblclick()
    sync_api.expect(page.locator("#answer .claims")).to_contain_text("half past nine")
    assert world.sent.count("POST /api/runs") == 1
    assert not [sent for sent in world.sent if sent.endswith("/events")]
    assert page.locator("#answer h3").inner_text() == "When does the ferry leave the pier?"
    cited = page.locator("#answer .cite").first
    name, times = cited.inner_text().strip("[]").split(" ")
    assert name == demo_film.NAME
    start_s, end_s = (_seconds(part) for part in times.split("–"))
    page.evaluate(
        "window.told = 0; new MutationObserver(() => { told += 1; })"
        ".observe(document.getElementById('strip'), {attributeFilter: ['aria-valuetext']})"
    )
    page.select_option("#rate", "2")
    cited.click()
    until(page, f"!{RESTS}")
    until(page, RESTS)
    assert start_s < end_s
    assert page.evaluate(AT) == pytest.approx(end_s, abs=EXACT_S)
    assert page.locator(".line[aria-current]").count() == 1
    assert 1 <= page.evaluate("told") < 2 * (end_s - start_s)  # not at every frame


def _seconds(clock: str) -> float:
    minutes, seconds = clock.split(":")
    return 60 * int(minutes) + float(seconds)


def test_a_moment_is_kept_as_a_film_of_its_length(world: World, page: Page, tmp_path: Path) -> None:
    find(page, "a red motorcycle in a garage")
    take_first(page)
    asked_s = [_seconds(part) for part in page.inner_text("#moment-times").split("–")]
    world.sent.clear()
    page.keyboard.press("s")
    page.keyboard.press("s")
    find(page, "the face of a cat")
    take_first(page)
    sync_api.expect(page.locator("#clip-state")).to_be_empty()
    find(page, "a red motorcycle in a garage")
    take_first(page)
    sync_api.expect(page.locator("#jobs")).to_contain_text(f"Clip of {demo_film.NAME} 0:13.0–0:19.0")
    with page.expect_download() as waiting:
        page.locator("#clip-state a").click()
    kept = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(kept)
    assert world.sent.count("POST /api/tools/cut_clip") == 1
    with av.open(str(kept)) as clip:
        assert clip.duration is not None
        assert clip.duration / av.time_base == pytest.approx(asked_s[1] - asked_s[0], abs=0.15)
        assert next(clip.decode(video=0)).width == demo_film.CANVAS.width


def test_what_the_browser_cannot_play_is_cut_into_what_it_can(page: Page) -> None:
    page.locator("#films button.film-open", has_text=UNPLAYABLE).click()
    sync_api.expect(page.locator("#screen-words")).to_contain_text("cannot play")
    page.focus("#strip")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("i")
    button(page, "Make a clip of this moment")
    until(page, "document.getElementById('video').src.includes('/files/')")
    shown_at(page)
    sync_api.expect(page.locator("#screen-note")).to_be_hidden()
    assert page.evaluate("document.getElementById('video').src").endswith("?inline=1")
    page.focus("#strip")
    page.keyboard.press("Home")  # that is not in the clip
    sync_api.expect(page.locator("#screen-words")).to_contain_text("cannot play")
    assert page.inner_text("#now") == "0:00.0"


def test_keys_do_everything_and_leave_fields_alone(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("old coins / jk?")
    assert page.input_value("#words") == "old coins / jk?"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement === document.body")
    assert page.input_value("#words") == "old coins / jk?"
    page.focus("#words")
    page.fill("#words", "rows of old coins")
    page.keyboard.press("Enter")
    page.locator(".hit").first.wait_for()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.className") == "hit"
    assert shown_at(page) == pytest.approx(0.0, abs=EXACT_S)
    page.keyboard.press("Enter")
    until(page, f"!{RESTS}")
    page.keyboard.press("k")
    until(page, RESTS)
    page.keyboard.press("l")
    until(page, f"{AT} > 10")
    now_s = shown_at(page)
    page.keyboard.press("ArrowLeft")
    until(page, f"Math.abs({AT} - {now_s - 5}) < {EXACT_S}")
    page.keyboard.press("?")
    page.get_by_label("Letters and signs act").uncheck()
    page.keyboard.press("Escape")
    sync_api.expect(page.locator("#keys")).to_be_hidden()
    page.keyboard.press("?")
    sync_api.expect(page.locator("#keys")).to_be_hidden()
    page.click("#show-keys")
    page.get_by_label("Letters and signs act").check()
    button(page, "Close", "#keys")
    page.locator(".film-open", has_text=demo_film.NAME).click()
    page.keyboard.press(" ")
    until(page, f"!{RESTS}")
    page.keyboard.press(" ")
    until(page, RESTS)
    page.focus("#strip")
    page.keyboard.press("End")
    until(page, f"{AT} > 18")
    page.keyboard.press("a")
    page.keyboard.type("a")
    assert page.input_value("#request") == "a"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement === document.body")


def test_another_tab_opens_a_link_and_sees_the_work(world: World, page: Page) -> None:
    find(page, "the face of a cat")
    take_first(page)
    shown_at(page)
    second = world.open(page.evaluate("location.hash"))
    assert shown_at(second) == pytest.approx(shot("cat")[0], abs=EXACT_S)
    plan(page, "Is there a cat?")
    button(page, "Run", "#planned")
    row = second.locator("#jobs li", has_text="Is there a cat?").first
    row.get_by_role("button", name="Show").click()
    sync_api.expect(second.locator("#answer .claims")).to_be_visible()
    find(second, "a motorcycle")
    second.close()


def test_the_browser_that_the_command_opens_is_let_in(world: World) -> None:
    with door(world.address) as way_in:
        page = world.context.new_page()
        page.goto(way_in.as_uri())
        sync_api.expect(page.locator("#films li")).to_have_count(2)
        assert page.url.startswith(world.address.partition("#")[0])
        page.close()


def test_without_the_token_the_page_says_what_to_do(browser: Browser, world: World) -> None:
    stranger = browser.new_context().new_page()
    stranger.goto(world.address.partition("#")[0])
    sync_api.expect(stranger.locator("#trouble")).to_contain_text("Open the address that `playhead serve` printed")
    assert stranger.locator("#films li").count() == 0
    stranger.context.close()


def test_the_gate_says_why_and_hears_why(page: Page) -> None:
    search(page, "stab him to death")
    verdict = page.locator("#found-notes .verdict")
    verdict.wait_for()
    told = verdict.inner_text()
    asked_from = load_policy("default").stages[Door.REQUEST]["violence"][Decision.ASK]
    for words in (
        "The gate asks first", "violence", f"the threshold is {asked_from:.2f}", "Reason", "What would change it",
    ):  # fmt: skip
        assert words in told
    assert page.locator(".hit").count() == 0
    page.get_by_label("Why it is all right").fill("a scene of the play that we rehearse")
    button(page, "Go on with this reason")
    sync_api.expect(page.locator("#found")).to_contain_text("Nothing shows or says that")
    assert page.locator(".hits.nearest .hit").count() > 0
    take_first(page)
    sync_api.expect(page.locator("#legend [data-key=nearest]")).to_be_visible()
    assert page.locator("#legend [data-key=found]").is_hidden()


def test_nobody_is_shut_out(world: World, page: Page) -> None:
    """Every state of the page, on desktop and phone, light and dark."""
    script = axe()
    if not script:
        pytest.skip("axe-core could not be fetched with npm")
    found = {"empty": world.empty}
    find(page, "the face of a cat")
    take_first(page)
    page.locator(".line").first.wait_for()
    shown_at(page)
    found["results, player and transcript"] = shut_out(page, script)
    page.evaluate("document.body.dataset.part = 'transcript'")
    found["the transcript on a phone"] = shut_out(page, script)
    page.evaluate("document.body.dataset.part = 'asking'")
    plan(page, FERRY)
    button(page, "Edit", "#planned")
    page.fill("#yaml", page.input_value("#yaml").replace("search_moments", "search_momentz"))
    page.locator("#planned .faults li").first.wait_for()
    found["a plan with a fault"] = shut_out(page, script)
    button(page, "Cancel", "#planned")
    plan(page, FERRY)
    button(page, "Run", "#planned")
    page.locator("#answer .claims").wait_for()
    found["an answer"] = shut_out(page, script)
    plan(page, "Is there a cat in the film that was added to this library, or only coins and a motorcycle?")
    button(page, "Run", "#planned")
    page.locator("#jobs li").first.wait_for()
    found["the work"] = shut_out(page, script)
    page.evaluate("document.body.dataset.part = 'finds'")
    search(page, "stab him to death")
    page.locator(".verdict").first.wait_for()
    found["a verdict"] = shut_out(page, script)
    assert {state: faults for state, faults in found.items() if faults} == {}


SIZES = ({"width": 360, "height": 740}, {"width": 720, "height": 450}, {"width": 1024, "height": 768}, PHONE, DESKTOP)


def test_nothing_sticks_out_and_dark_is_dark(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    find(page, "the face of a cat")
    take_first(page)
    shown_at(page)
    page.evaluate("() => { films.style.paddingBottom = '2000px'; }")
    for size in SIZES:
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert page.evaluate("document.scrollingElement.scrollWidth") <= size["width"]
        seen = Image.open(BytesIO(page.screenshot())).convert("L")
        assert seen.size == (size["width"], size["height"])
        assert sum(seen.resize((8, 8)).tobytes()) / 64 < 110
        page.keyboard.press("a")
        sync_api.expect(page.locator("#request")).to_be_in_viewport()
        if size["height"] >= 680:  # there is room for both
            sync_api.expect(page.locator("#video")).to_be_in_viewport(ratio=0.9)
        page.keyboard.press("Escape")
        page.locator(".hit").first.evaluate("hit => hit.click()")  # as a citation does
        sync_api.expect(page.locator("#video")).to_be_in_viewport(ratio=0.9)


def drop(page: Page, name: str, then: str = "", content: str = "'no film'") -> Any:
    """Drop what is no film on the page, and do something in the same moment."""
    return page.evaluate(
        f"name => {{ const carried = new DataTransfer(); carried.items.add(new File([{content}], name));"
        f"dispatchEvent(new DragEvent('drop', {{dataTransfer: carried, cancelable: true}})); {then} }}",
        name,
    )


def test_what_is_no_film_says_so_where_it_was_dropped(page: Page) -> None:
    drop(page, "notes.mp4")
    row = page.locator("#indexing li", has_text="notes.mp4")
    sync_api.expect(row).to_contain_text("cannot be read")
    row.get_by_role("button", name="Forget").click()
    sync_api.expect(page.locator("#indexing li")).to_have_count(0)
    leave = "const leaving = new Event('beforeunload', {cancelable: true}); dispatchEvent(leaving);"
    long = "new Uint8Array(2e8)"  # it takes longer than the page takes to go
    assert drop(page, "cut-off.mp4", f"{leave} location.reload(); return leaving.defaultPrevented;", long)
    sync_api.expect(page.locator("#indexing")).to_contain_text("cut-off.mp4 was not sent to its end")


def test_what_is_there_already_or_gone_says_so(world: World, page: Page) -> None:
    kept = next(world.folder.rglob(demo_film.NAME))
    page.set_input_files("#files", {"name": "again.mp4", "mimeType": "video/mp4", "buffer": kept.read_bytes()})
    sync_api.expect(page.locator("#indexing")).to_contain_text(f"in the library already, as {demo_film.NAME}")
    sync_api.expect(page.locator("#film")).to_have_text(demo_film.NAME)
    page.set_input_files("#files", {"name": "tone.wav", "mimeType": "audio/wav", "buffer": tone()})
    page.locator(".film-open", has_text="tone.wav").click()
    sync_api.expect(page.locator("#screen-words")).to_have_text("tone.wav · sound only")
    lost = next(world.folder.rglob("tone.wav"))
    lost.rename(lost.with_suffix(".gone"))
    page.reload()
    sync_api.expect(page.locator("#screen-words")).to_contain_text("its file is gone")
    second = world.open("")
    second.get_by_role("button", name="Forget tone.wav").click()
    button(second, "Forget it")
    sync_api.expect(second.locator("#films li")).to_have_count(2)
    second.close()
    page.evaluate("dispatchEvent(new Event('focus'))")
    sync_api.expect(page.locator("#screen-words")).to_contain_text("tone.wav is no longer in the library")
    folded(page)
    search_often = "for (let n = 0; n < 14; n++) await post('/api/tools/search_moments', {arguments: {query: 'cat'}})"
    page.evaluate(f"async () => {{ const {{ post }} = await import('/page/api.js'); {search_often}; }}")
    page.locator("#more-jobs").click()
    until(page, "document.getElementById('jobs').children.length >= 14")
    world.context.set_offline(offline=True)
    sync_api.expect(page.locator("#trouble")).to_contain_text("The server has ended")
    world.context.set_offline(offline=False)
    sync_api.expect(page.locator("#trouble")).to_be_hidden()


def tone() -> bytes:
    """A second of sound."""
    made = BytesIO()
    with wave.open(made, "wb") as sound:
        sound.setparams((1, 2, 16000, 16000, "NONE", ""))
        sound.writeframes(b"\0\0\0\x20" * 8000)
    return made.getvalue()


def folded(page: Page) -> None:
    """A long list of citations is folded, and names are in the order of people."""
    page.evaluate(
        """async () => {
        const { answered } = await import("/page/answer.js");
        const video = { id: "a", name: "a" };
        const evidence = Array.from({ length: 113 }, (_, n) => ({ video, start_s: 9 * n, end_s: 9 * n + 1 }));
        const shown = answered({ answer: { claims: [{ text: "Often.", evidence }], notes: [] } }, () => {}, false);
        document.getElementById("ask-state").append(shown[0]);
        }"""
    )
    assert page.locator(".cite").count() == 12
    button(page, "… 101 more")
    assert page.locator(".cite").count() == 113
    sort = "async () => ['film_10', 'film_2'].sort((await import('/page/words.js')).compare)"
    assert page.evaluate(sort) == ["film_2", "film_10"]
