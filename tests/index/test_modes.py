"""How closely footage is watched: a first look that is refined, and a close look that is not given up for another."""

from __future__ import annotations

import subprocess
import threading
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from playhead.errors import StorageError
from playhead.index import watch
from playhead.index.workers import Workers
from playhead.media.images import write_thumbnail
from playhead.types import Channel, Mode, Span

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from pathlib import Path

    from playhead import Library

EVERYTHING = ["picture", "object", "speech"]


def test_a_preview_is_searched_at_once_and_refined_later(
    opened: Callable[..., Library], place: Callable[..., Path]
) -> None:
    path = place("cuts.mp4")
    preview = opened(channels=EVERYTHING, mode="preview")
    (video,) = preview.add(path).added
    assert preview.indexed(video) == {Channel.PICTURE}
    assert preview.search("red", channels=["picture"])[0].span.start_s == 0
    whole = opened(channels=EVERYTHING)
    assert whole.add(path).updated == (video,)
    assert whole.indexed(video) == {Channel.PICTURE, Channel.OBJECT, Channel.SPEECH}
    assert whole.search("green", channels=["picture"])[0].span == Span(1, 2)
    assert whole.verify() == []


def test_a_preview_lasts_as_long_as_the_film(opened: Callable[..., Library], place: Callable[..., Path]) -> None:
    path = place("cuts.mp4")
    (seen,) = opened(channels=EVERYTHING, mode="preview").add(path).added
    (video,) = opened(channels=EVERYTHING).add(path).updated
    assert seen.duration_s == pytest.approx(video.duration_s, abs=0.05)


def test_one_key_frame_stands_for_all_of_a_preview(
    opened: Callable[..., Library], tmp_path: Path, ffmpeg: str
) -> None:
    path = tmp_path / "one_key.mp4"
    film = [
        "-f",
        "lavfi",
        "-i",
        "testsrc=s=64x48:r=25:d=14",
        "-g",
        "1000",
        "-keyint_min",
        "1000",
        "-sc_threshold",
        "0",
    ]
    subprocess.run([ffmpeg, "-loglevel", "error", *film, str(path)], check=True)
    (video,) = opened(channels=EVERYTHING, mode="preview").add(path).added
    assert (video.start_s, video.duration_s) == pytest.approx((0, 14), abs=0.05)
    assert video.warnings == ()


def test_a_search_says_that_footage_was_only_previewed(
    opened: Callable[..., Library], place: Callable[..., Path]
) -> None:
    path = place("cuts.mp4")
    preview = opened(channels=EVERYTHING, mode="preview")
    preview.add(path)
    assert any("only looked at in a preview" in note for note in preview.search("red").notes)
    whole = opened(channels=EVERYTHING)
    whole.add(path)
    assert not any("preview" in note for note in whole.search("red").notes)


@pytest.mark.parametrize("mode", ["preview", "fast"])
def test_what_was_watched_closely_is_not_watched_less_closely(
    mode: str, opened: Callable[..., Library], place: Callable[..., Path]
) -> None:
    path = place("cuts.mp4")
    opened(channels=EVERYTHING).add(path)
    assert [video.name for video in opened(channels=EVERYTHING, mode=mode).add(path).unchanged] == ["cuts.mp4"]


def test_fast_finds_the_same_shots_within_two_frames(
    opened: Callable[..., Library], place: Callable[..., Path]
) -> None:
    path = place("cuts.mp4")
    library = opened(channels=EVERYTHING, mode="fast")
    library.add(path)
    assert [shot.start_s for shot in library.shots("cuts.mp4")] == pytest.approx([0, 1, 2, 3], abs=0.1)
    assert library.indexed("cuts.mp4") == set(map(Channel, EVERYTHING))


def test_a_preview_of_sound_alone_is_refused(opened: Callable[..., Library], place: Callable[..., Path]) -> None:
    ((_, error),) = opened(channels=EVERYTHING, mode="preview").add(place("audio_only.m4a")).failed
    assert "it has no picture" in str(error)
    assert "without --mode preview" in str(error)


def test_modes_are_ordered_from_the_least_to_the_most() -> None:
    assert list(Mode) == [Mode.PREVIEW, Mode.FAST, Mode.FULL]


def test_workers_hold_a_bounded_amount_of_work() -> None:
    released, handed, most = threading.Event(), list[int](), 3 * 2

    def give(workers: Workers) -> None:
        for number in range(100):
            workers.call(released.wait)
            handed.append(number)

    with Workers(2) as workers:
        giver = threading.Thread(target=give, args=[workers])
        giver.start()
        wait_until(lambda: len(handed) == most)
        time.sleep(0.1)
        assert len(handed) == most
        released.set()
        giver.join(timeout=20)
        assert len(handed) == 100


def test_a_failed_call_stops_the_next_one() -> None:
    with Workers(1) as workers:
        failed = workers.call(int, "no number")
        with pytest.raises(ValueError, match="no number"):
            failed.result()
        with pytest.raises(ValueError, match="no number"):
            workers.call(int, "1")


def test_finishing_waits_for_the_last_call_and_raises_what_it_raised() -> None:
    done: list[int] = []

    def work(number: int) -> None:
        time.sleep(0.05)
        if number == 3:
            raise ValueError("the last one")
        done.append(number)

    with Workers(2) as workers:
        for number in range(4):
            workers.call(work, number)
        with pytest.raises(ValueError, match="the last one"):
            workers.finish()
    assert sorted(done) == [0, 1, 2]


def test_a_thumbnail_that_cannot_be_written_is_not_overlooked_even_the_last(
    opened: Callable[..., Library], place: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Path] = []

    def write(image: object, path: Path) -> None:
        written.append(path)
        if len(written) == whole:
            raise StorageError(f"{path.name} was not saved", "no space left", "Free some space")
        write_thumbnail(np.zeros((9, 16, 3), np.uint8), path)

    monkeypatch.setattr(watch, "write_thumbnail", write)
    whole, library = 0, opened(channels=["picture"])
    library.add(place("cuts.mp4"))
    library.remove("cuts.mp4")
    whole, written = len(written), []
    assert whole > 1
    with pytest.raises(StorageError, match="no space left"):
        library.add(place("cuts.mp4"))
    assert len(written) == whole
    assert library.videos() == []
    assert list(library.folder.rglob("*.jpg")) == []


def test_leaving_early_drops_what_had_not_begun() -> None:
    waiting: list[Future[int]] = []
    with Workers(1) as workers:
        workers.call(wait_until, lambda: bool(waiting) and waiting[0].cancelled())
        waiting.append(workers.call(int, "1"))
    assert waiting[0].cancelled()


def test_linear_algebra_is_given_back_when_two_passes_overlap() -> None:
    def threads() -> list[int]:
        return [found["num_threads"] for found in threadpool_info() if found["user_api"] == "blas"]

    before = threads()
    one, other = Workers(1), Workers(1)
    with one:
        other.__enter__()
        assert set(threads()) == {1}
    assert set(threads()) == {1}
    other.__exit__(None, None, None)
    assert threads() == before


def wait_until(met: Callable[[], bool]) -> None:
    for _ in range(2000):
        if met():
            return
        time.sleep(0.01)
    raise TimeoutError
