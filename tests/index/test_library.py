"""What goes into a library and what happens to it there."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from playhead import Library
from playhead.errors import (
    InputError,
    LibraryError,
    LibraryVersionError,
    MediaError,
    ModelError,
    StorageError,
    UnreadableMediaError,
    UnsafeMediaError,
)
from playhead.media.files import MediaFile
from playhead.types import Channel, Progress, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..conftest import FakeModels

HELLO = "1\n00:00:00,200 --> 00:00:00,700\nHello there\n"


def stages(library: Library, *paths: Path) -> set[str]:
    """The stages an indexing run goes through."""
    seen: list[Progress] = []
    report = library.add(*paths, progress=seen.append)
    assert not report.failed
    return {event.stage for event in seen}


def rows(library: Library, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(library.folder / "catalog.sqlite") as db:
        found = db.execute(query).fetchall()
    db.close()
    return found


# In and out


def test_what_was_added_is_found_again(opened: Callable[..., Library], place: Callable[..., Path]) -> None:
    library = opened()
    report = library.add(place("cuts.mp4"))
    assert [video.name for video in report.added] == ["cuts.mp4"]
    assert library.videos() == list(report.added)
    assert report.added[0].duration_s == pytest.approx(4.0)
    best = library.search("green", channels=["picture"])[0]
    assert best.span == Span(1, 2)
    assert library.search("blue thing", channels=["object"])[0].span == Span(2, 3)


CLOSED_UNDER_A_READER = """
import sys, threading
from pathlib import Path
from playhead.errors import LibraryError
from playhead.index.catalog import Catalog

def read(catalog, begun):
    begun.set()
    try:
        while True:
            catalog.videos()
    except LibraryError as error:
        print(error.what)

for _ in range(200):
    catalog, begun = Catalog(Path(sys.argv[1]), readonly=True), threading.Event()
    reader = threading.Thread(target=read, args=(catalog, begun))
    reader.start()
    begun.wait()
    catalog.close()
    reader.join()
"""


def test_a_catalogue_that_is_closed_under_a_reader_tells_it_so(
    opened: Callable[..., Library], place: Callable[..., Path]
) -> None:
    library = opened()
    library.add(place("cuts.mp4"))
    command = (sys.executable, "-c", CLOSED_UNDER_A_READER, library.folder / "catalog.sqlite")
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")  # SQLite ended the process where it was closed in mid-read
    assert set(done.stdout.splitlines()) == {f"The library {library.folder} was closed"}


def test_a_folder_that_cannot_be_read_is_told_and_the_rest_is_indexed(
    opened: Callable[..., Library], place: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    below = place("cuts.mp4").parent
    (below / "closed").mkdir()
    scandir = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("closed"):  # root may read everything: as the system refuses others
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    report = opened().add(below)
    assert [video.name for video in report.added] == ["cuts.mp4"]
    ((folder, why),) = report.failed
    assert folder == below / "closed"
    assert "closed cannot be read: permission denied" in str(why)


def test_a_video_is_found_by_id_start_of_id_name_path_and_itself(
    opened: Callable[..., Library], place: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    library, path = opened(channels=["picture"]), place("plain.mp4")
    (video,) = library.add(path).added
    monkeypatch.chdir(path.parent)
    for key in (video, video.id, video.id[:6], "plain.mp4", str(path), "./plain.mp4"):
        assert library.video(key) == video
    for key in (video.id[:5], "other.mp4", "", "~nobody-here", "a\0b", "\udcff"):
        with pytest.raises(InputError, match="There is no video"):
            library.video(key)


def test_lost_thumbnails_are_made_again(opened: Callable[..., Library], place: Callable[..., Path]) -> None:
    library, path = opened(channels=["picture"]), place("cuts.mp4")
    library.add(path)
    lost = next(library.folder.glob("thumbs/*/*.jpg"))
    lost.unlink()
    assert "1 thumbnails are missing" in library.verify()[0]
    assert [video.name for video in library.add(path).updated] == ["cuts.mp4"]
    assert lost.is_file()
    assert library.verify() == []


def test_what_is_said_is_heard_anew_where_its_picture_is_lost(
    opened: Callable[..., Library], place: Callable[..., Path]
) -> None:
    """It may have shown a picture of a closer or a coarser pass, which nobody makes again."""
    library, path = opened(channels=["picture", "speech"]), place("cuts.mp4")
    path.with_suffix(".srt").write_text("1\n00:00:00,200 --> 00:00:01,700\nHello there\n")
    library.add(path)
    with closing(sqlite3.connect(library.folder / "catalog.sqlite")) as catalog, catalog:
        catalog.execute("UPDATE segment SET thumbnail = thumbnail || '.gone.jpg' WHERE channel = 'speech'")
    assert "1 thumbnails are missing" in library.verify()[0]
    assert [video.name for video in library.add(path).updated] == ["cuts.mp4"]
    assert library.verify() == []
    assert [said.text for said in library.transcript("cuts.mp4").utterances] == ["Hello there"]


def test_a_file_that_fails_leaves_no_thumbnails(
    opened: Callable[..., Library], place: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed(_: MediaFile) -> None:
        if any(library.folder.glob("thumbs/*/*.jpg")):
            raise MediaError("it changed")

    library = opened(channels=["picture"])
    monkeypatch.setattr(MediaFile, "check_unchanged", changed)
    assert len(library.add(place("cuts.mp4")).failed) == 1
    assert not list(library.folder.glob("thumbs/*"))


@pytest.mark.parametrize(("clip", "start_s"), [("late.mkv", 100.0), ("plain.mp4", 0.0)])
def test_subtitles_beside_a_video_count_from_its_start(
    clip: str, start_s: float, opened: Callable[..., Library], place: Callable[..., Path]
) -> None:
    path = place(clip)
    path.with_suffix(".srt").write_text(HELLO)
    library = opened(channels=["speech"])
    library.add(path)
    said = library.transcript(clip).utterances
    assert [u.text for u in said] == ["Hello there"]
    assert said[0].span.start_s == pytest.approx(start_s + 0.2, abs=0.01)


def test_removing_forgets_the_video_and_leaves_the_file(
    opened: Callable[..., Library], place: Callable[..., Path]
) -> None:
    library, path = opened(), place("cuts.mp4")
    library.add(path, place("plain.mp4"))
    assert [video.name for video in library.remove("cuts.mp4")] == ["cuts.mp4"]
    assert [video.name for video in library.videos()] == ["plain.mp4"]
    assert path.exists()
    assert library.verify() == []
    assert {p.parent.name for p in library.folder.glob("thumbs/*/*.jpg")} == {library.videos()[0].id[:16]}
    assert rows(library, "SELECT count(*) FROM segment WHERE video_id != (SELECT id FROM video)") == [(0,)]
    with pytest.raises(InputError, match=r"no video 'cuts\.mp4'"):
        library.remove("cuts.mp4")


def test_a_library_that_is_not_there_says_so(opened: Callable[..., Library]) -> None:
    library = opened()
    for use in (
        library.videos,
        library.verify,
        library.rebuild,
        lambda: library.search("a dog"),
        lambda: library.transcript("talk.mkv"),
        lambda: library.counts("talk.mkv"),
        lambda: library.remove("talk.mkv"),
    ):
        with pytest.raises(LibraryError, match="There is no library"):
            use()
    with pytest.raises(InputError, match="Nothing was indexed"):
        library.add()
    assert not library.folder.exists()


# Again


def test_a_library_whose_catalogue_is_being_made_is_not_there_yet(tmp_path: Path) -> None:
    library = Library(tmp_path / "library")
    assert not library.exists
    library.folder.mkdir()
    (library.folder / "catalog.sqlite").touch()
    assert not library.exists
    assert not Library(tmp_path / "library" / "catalog.sqlite").exists


def test_an_unchanged_file_costs_a_hash_and_nothing_else(
    opened: Callable[..., Library], talk: Path, fakes: FakeModels
) -> None:
    library, path = opened(), talk
    assert "watching" in stages(library, path)
    assert fakes.calls["picture"] > 0
    fakes.calls.clear()
    generation = library.folder.joinpath("vectors/current.json").read_text()
    again: list[Progress] = []
    report = library.add(path, progress=again.append)
    assert [video.name for video in report.unchanged] == ["talk.mkv"]
    assert report.added == report.updated == report.failed == ()
    assert {event.stage for event in again} == {"file", "hashing"}
    assert not fakes.calls
    assert library.folder.joinpath("vectors/current.json").read_text() == generation


def test_the_same_bytes_under_another_name_are_one_video_with_two_labels(
    opened: Callable[..., Library], place: Callable[..., Path]
) -> None:
    library = opened(channels=["picture"])
    first, second = place("plain.mp4", "a.mp4"), place("plain.mp4", "b.mp4")
    library.add(first)
    assert "watching" not in stages(library, second)
    (video,) = library.videos()
    assert library.video("a.mp4").id == library.video("b.mp4").id == library.video(str(second)).id == video.id


def test_two_files_of_one_name_are_two_videos(opened: Callable[..., Library], place: Callable[..., Path]) -> None:
    library = opened(channels=["picture"])
    first, second = place("plain.mp4", "one/clip.mp4"), place("cuts.mp4", "two/clip.mp4")
    library.add(first, second)
    assert len(library.videos()) == 2
    with pytest.raises(InputError, match="is the name of 2 videos"):
        library.video("clip.mp4")
    assert library.video(str(first)).id != library.video(str(second)).id


def test_new_contents_at_an_old_path_replace_the_video(
    opened: Callable[..., Library], place: Callable[..., Path], clips: Callable[[str], Path]
) -> None:
    library, path = opened(channels=["picture"]), place("plain.mp4", "clip.mp4")
    (before,) = library.add(path).added
    shutil.copy(clips("cuts.mp4"), path)
    report = library.add(path)
    assert [video.id for video in library.videos()] == [video.id for video in report.added] != [before.id]
    assert any("clip.mp4 had other contents before" in note for note in report.notes)
    assert not (library.folder / "thumbs" / before.id[:2] / before.id).exists()
    assert library.verify() == []


def test_new_contents_leave_a_video_that_has_another_label(
    opened: Callable[..., Library], place: Callable[..., Path], clips: Callable[[str], Path]
) -> None:
    library, path, kept = opened(channels=["picture"]), place("plain.mp4", "a.mp4"), place("plain.mp4", "b.mp4")
    library.add(path, kept)
    shutil.copy(clips("cuts.mp4"), path)
    assert library.add(path).notes == ()
    assert library.video("b.mp4").path == kept
    assert len(library.videos()) == 2


@pytest.mark.parametrize(
    ("role", "channel"), [("picture", Channel.PICTURE), ("objects", Channel.OBJECT), ("speech", Channel.SPEECH)]
)
def test_a_changed_model_redoes_its_channel_only(
    role: str, channel: Channel, opened: Callable[..., Library], talk: Path, fakes: FakeModels
) -> None:
    library, path = opened(), talk
    fakes.said = "hello"
    (before,) = library.add(path).added
    kept = f"SELECT id, thumbnail FROM segment WHERE channel != '{channel}' ORDER BY id"
    others, shots = rows(library, kept), rows(library, "SELECT * FROM shot")
    fakes.calls.clear()
    fakes.version[role] = 2
    (after,) = library.add(path).updated
    assert after == before
    assert rows(library, kept) == others
    assert rows(library, "SELECT * FROM shot") == shots
    assert {row[0] for row in rows(library, f"SELECT model FROM segment WHERE channel = '{channel}'")} == {
        fakes.identity(role)
    }
    assert fakes.calls[role] > 0
    assert not {"picture", "objects", "text", "speech"} - {role} & set(fakes.calls)
    assert library.verify() == []


def test_a_redone_channel_equals_one_done_at_once(
    opened: Callable[..., Library], place: Callable[..., Path], fakes: FakeModels, tmp_path: Path
) -> None:
    fakes.said = "hello"
    path = place("talk.mp4")  # its sound outlasts its picture
    at_once, by_turns = opened(), opened(tmp_path / "turns", channels=["picture"])
    at_once.add(path)
    by_turns.add(path)
    opened(tmp_path / "turns").add(path)
    for query in (
        "SELECT * FROM video",
        "SELECT * FROM shot ORDER BY 2",
        "SELECT id, thumbnail, vector_id FROM segment ORDER BY id",
        "SELECT id, data FROM vector ORDER BY id",
    ):
        assert rows(by_turns, query) == rows(at_once, query)


def test_a_changed_sentence_encoder_costs_no_decoding(
    opened: Callable[..., Library], talk: Path, fakes: FakeModels
) -> None:
    fakes.said = "hello"
    library, path = opened(), talk
    library.add(path)
    before = rows(library, "SELECT id, text, thumbnail FROM segment ORDER BY id")
    fakes.calls.clear()
    fakes.version["sentences"] = 2
    assert "watching" not in stages(library, path)
    assert set(fakes.calls) == {"sentences"}
    assert rows(library, "SELECT id, text, thumbnail FROM segment ORDER BY id") == before
    spaces = rows(library, "SELECT DISTINCT space FROM vector WHERE channel != 'picture'")
    assert spaces == [("fake-sentences-2",)]
    assert library.verify() == []
    assert library.search("hello", channels=["speech"])[0].evidence[0].text == "hello"


def test_texts_are_embedded_again_without_the_footage(
    opened: Callable[..., Library], talk: Path, fakes: FakeModels
) -> None:
    fakes.said = "hello"
    library = opened()
    library.add(talk)
    talk.unlink()
    assert library.reembed() == []
    fakes.version["sentences"] = 2
    assert "playhead reembed" in " ".join(library.search("hello").notes)
    fakes.calls.clear()
    assert [video.name for video in library.reembed()] == ["talk.mkv"]
    assert set(fakes.calls) == {"sentences"}
    assert library.verify() == []
    assert library.search("hello", channels=["speech"]).notes == ()
    assert library.reembed() == []


def test_another_sampling_rate_redoes_the_pictures(
    opened: Callable[..., Library], talk: Path, fakes: FakeModels
) -> None:
    path = talk
    opened().add(path)
    fakes.calls.clear()
    assert [video.name for video in opened(fps=2).add(path).updated] == ["talk.mkv"]
    assert fakes.calls["picture"]
    assert not fakes.calls["speech"]


# Subtitles


@pytest.mark.parametrize(
    ("name", "text"),
    [("talk.srt", HELLO), ("talk.vtt", "WEBVTT\n\n00:00.200 --> 00:00.700\nHello there\n"), ("talk.en.srt", HELLO)],
)
def test_subtitles_beside_a_video_are_its_speech(
    name: str, text: str, opened: Callable[..., Library], talk: Path, fakes: FakeModels
) -> None:
    library, path = opened(), talk
    path.with_name(name).write_text(text)
    library.add(path)
    (utterance,) = library.transcript("talk.mkv").utterances
    assert (utterance.text, utterance.span) == ("Hello there", Span(0.2, 0.7))
    assert not fakes.calls["speech"]
    assert not fakes.calls["voice_activity"]


def test_subtitles_inside_a_video_are_its_speech(opened: Callable[..., Library], place: Callable[..., Path]) -> None:
    library = opened()
    library.add(place("subtitled.mp4"))
    assert library.transcript("subtitled.mp4").text == "Hello there\nSecond line"


def test_changed_subtitles_redo_speech_only(opened: Callable[..., Library], talk: Path, fakes: FakeModels) -> None:
    library, path = opened(), talk
    (before,) = library.add(path).added
    fakes.calls.clear()
    path.with_suffix(".srt").write_text(HELLO)
    (after,) = library.add(path).updated
    assert library.transcript(after).text == "Hello there"
    assert after == before
    assert len(rows(library, "SELECT * FROM shot")) == 1
    assert not {"picture", "objects", "text", "speech"} & set(fakes.calls)
    path.with_suffix(".srt").write_text(HELLO.replace("there", "again"))
    library.add(path)
    assert library.transcript(after).text == "Hello again"
    assert rows(library, "SELECT count(*) FROM vector WHERE channel = 'speech'") == [(1,)]


@pytest.mark.parametrize("choice", ["ignore", "also"])
def test_subtitles_can_be_ignored_or_joined(
    choice: str, opened: Callable[..., Library], talk: Path, fakes: FakeModels
) -> None:
    fakes.said = "heard"
    path = talk
    path.with_suffix(".srt").write_text(HELLO)
    library = opened(subtitles=choice)
    library.add(path)
    expected = {"ignore": {"heard"}, "also": {"heard", "Hello there"}}[choice]
    assert set(library.transcript("talk.mkv").text.split("\n")) == expected


@pytest.mark.parametrize("damage", ["empty", "link"])
def test_subtitles_that_cannot_be_used_do_not_cost_the_video(
    damage: str, opened: Callable[..., Library], talk: Path, fakes: FakeModels, tmp_path: Path
) -> None:
    fakes.said = "heard"
    library, path = opened(), talk
    beside, outside = path.with_suffix(".srt"), tmp_path / "secret.srt"
    outside.write_text(HELLO)
    beside.symlink_to(outside) if damage == "link" else beside.write_text("")
    report = library.add(path)
    assert not report.failed
    assert any("talk.srt is beside a video but was not used" in note for note in report.notes)
    assert library.transcript("talk.mkv").text == "heard"


# Bad input


def test_bad_files_are_reported_and_good_ones_indexed(
    opened: Callable[..., Library], place: Callable[..., Path]
) -> None:
    good = place("cuts.mp4", "good.mp4")
    folder = good.parent
    whole = place("talk.mkv", "truncated.mkv")
    os.truncate(whole, 600)
    (folder / "text.mp4").write_text("This is not a video.\n" * 40)
    (folder / "list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\ngood.mp4\n")
    (folder / "empty.mp4").touch()
    (folder / "link.mp4").symlink_to("/etc/hostname")
    os.mkfifo(folder / "pipe.mp4")
    (folder / "notes.txt").write_text("not media at all")
    library = opened()
    report = library.add(folder)
    assert [video.name for video in report.added] == ["good.mp4"]
    kinds = {path.name: type(error) for path, error in report.failed}
    assert kinds == {
        "truncated.mkv": UnreadableMediaError,
        "text.mp4": UnreadableMediaError,
        "list.m3u8": UnsafeMediaError,
        "empty.mp4": UnreadableMediaError,
        "link.mp4": UnsafeMediaError,
        "pipe.mp4": UnsafeMediaError,
    }
    assert all(isinstance(error, MediaError) and error.why for _, error in report.failed)
    assert [video.name for video in library.videos()] == ["good.mp4"]
    assert library.verify() == []


def test_a_folder_without_footage_and_a_missing_file_say_so(opened: Callable[..., Library], tmp_path: Path) -> None:
    (tmp_path / "void").mkdir()
    report = opened().add(tmp_path / "void", tmp_path / "gone.mp4", "~nobody-here/x.mp4")
    reasons = [str(error) for _, error in report.failed]
    assert len(reasons) == 3
    assert "holds no video or sound" in reasons[0]
    assert "gone.mp4 cannot be opened: no such file" in reasons[1]
    assert "x.mp4 cannot be opened: no such file" in reasons[2]


def test_a_name_that_is_not_utf8_is_reported(opened: Callable[..., Library], place: Callable[..., Path]) -> None:
    path = place("plain.mp4")
    odd = Path(os.fsdecode(os.fsencode(path.parent) + b"/odd\xff.mp4"))
    path.rename(odd)
    ((_, error),) = opened(channels=["picture"]).add(odd).failed
    assert "its path is not valid UTF-8" in str(error)
    assert str(error).isascii()


def test_a_file_that_grows_meanwhile_is_not_indexed(
    opened: Callable[..., Library], place: Callable[..., Path]
) -> None:
    library, path = opened(channels=["picture"]), place("plain.mp4")

    def grow(event: Progress) -> None:
        if event.stage == "watching":
            with path.open("ab") as file:
                file.write(b"more")

    ((failed, error),) = library.add(path, progress=grow).failed
    assert failed == path
    assert "it changed while it was read" in str(error)
    assert library.videos() == []
    assert [video.name for video in library.add(path).added] == ["plain.mp4"]


def test_a_file_that_vanishes_before_its_turn_is_reported(
    opened: Callable[..., Library], place: Callable[..., Path]
) -> None:
    first, second = place("plain.mp4", "a.mp4"), place("cuts.mp4", "b.mp4")
    report = opened(channels=["picture"]).add(first.parent, progress=lambda _: second.unlink(missing_ok=True))
    assert [video.name for video in report.added] == ["a.mp4"]
    assert [path.name for path, _ in report.failed] == ["b.mp4"]


@pytest.mark.parametrize("name", ["one_frame.mp4", "short.mp4", "audio_only.m4a", "late.ts"])
def test_odd_but_sound_files_are_indexed(
    name: str, opened: Callable[..., Library], place: Callable[..., Path], fakes: FakeModels
) -> None:
    fakes.said = "something"
    library = opened()
    (video,) = library.add(place(name)).added
    assert video.duration_s > 0
    assert sum(library.counts(video).values()) >= 1
    for channel, start_s, end_s in rows(library, "SELECT channel, start_s, end_s FROM segment"):
        assert video.start_s - 0.05 <= float(str(start_s)) <= float(str(end_s)), channel


# The folder


def test_a_newer_library_is_refused_and_untouched(opened: Callable[..., Library], place: Callable[..., Path]) -> None:
    library = opened(channels=["picture"])
    library.add(place("plain.mp4"))
    library.close()
    catalog = library.folder / "catalog.sqlite"
    with sqlite3.connect(catalog) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    before = catalog.read_bytes()
    for use in (lambda: library.search("red"), lambda: library.add(place("cuts.mp4")), library.videos):
        with pytest.raises(LibraryVersionError, match="format 99"):
            use()
    assert catalog.read_bytes() == before


def test_a_folder_of_other_things_is_not_made_a_library(opened: Callable[..., Library], tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "letter.txt").write_text("Dear Ada")
    with pytest.raises(InputError, match="it holds other files"):
        opened().add(tmp_path)
    assert [path.name for path in (tmp_path / "library").iterdir()] == ["letter.txt"]


def test_a_file_is_not_a_library(opened: Callable[..., Library], tmp_path: Path, place: Callable[..., Path]) -> None:
    (tmp_path / "library").write_text("Dear Ada")
    with pytest.raises(InputError, match="is not a folder"):
        opened().add(place("plain.mp4"))


def test_another_programs_database_is_left_alone(
    opened: Callable[..., Library], tmp_path: Path, place: Callable[..., Path]
) -> None:
    (tmp_path / "library").mkdir()
    with sqlite3.connect(tmp_path / "library" / "catalog.sqlite") as db:
        db.execute("CREATE TABLE t (x)")
    db.close()
    before = (tmp_path / "library" / "catalog.sqlite").read_bytes()
    for use in (lambda: opened().add(place("plain.mp4")), lambda: opened().search("red")):
        with pytest.raises(LibraryError, match="another program"):
            use()
    assert (tmp_path / "library" / "catalog.sqlite").read_bytes() == before


@pytest.mark.parametrize("wipe", [lambda path: path.write_bytes(b""), Path.unlink])
def test_a_catalogue_that_was_wiped_is_not_begun_anew(
    wipe: Callable[[Path], object], opened: Callable[..., Library], place: Callable[..., Path]
) -> None:
    library, path = opened(channels=["picture"]), place("plain.mp4")
    library.add(path)
    library.close()
    for left in library.folder.glob("catalog.sqlite-*"):
        left.unlink()
    wipe(library.folder / "catalog.sqlite")
    for use in (lambda: library.add(path), lambda: library.search("red"), library.rebuild, library.verify):
        with pytest.raises(LibraryError, match=r"its catalogue is gone.*Put back a copy"):
            use()


@pytest.mark.parametrize("name", ["thumbs", "vectors", "lock"])
def test_what_should_be_a_folder_or_a_file_and_is_not_is_told_before_anything_is_done(
    name: str, opened: Callable[..., Library], place: Callable[..., Path]
) -> None:
    library, path = opened(channels=["picture"]), place("plain.mp4")
    library.add(path)
    library.close()
    wrong = library.folder / name
    if wrong.is_dir():
        shutil.rmtree(wrong)
        wrong.write_text("Dear Ada")
    else:
        wrong.unlink()
        wrong.mkdir()
    for use in (lambda: library.add(path), lambda: library.remove("plain.mp4"), library.rebuild, library.reembed):
        with pytest.raises(LibraryError, match=rf"cannot be changed.*{wrong}.* away"):
            use()
    assert library.search("red", limit=1).moments
    assert any(f"{wrong} is not a folder" in problem for problem in library.verify()) == (name != "lock")


def test_a_damaged_catalogue_is_told_where_the_index_is_made_anew(
    opened: Callable[..., Library], place: Callable[..., Path]
) -> None:
    library = opened(channels=["picture"])
    library.add(place("plain.mp4"))
    library.close()
    with sqlite3.connect(library.folder / "catalog.sqlite") as db:
        (root,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'vector'").fetchone()
        (page,) = db.execute("PRAGMA page_size").fetchone()
    db.close()
    with (library.folder / "catalog.sqlite").open("r+b") as file:
        file.seek((root - 1) * page)
        file.write(b"\xff" * page)
    with pytest.raises(LibraryError, match=r"^The catalogue of .* is damaged.*Put back a copy"):
        library.rebuild()


def test_thumbnails_that_nobody_may_look_at_are_told(
    opened: Callable[..., Library], place: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    library = opened(channels=["picture"])
    library.add(place("plain.mp4"))
    look = Path.stat

    def forbidden(path: Path, **how: bool) -> os.stat_result:
        if path.suffix == ".jpg":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return look(path, **how)

    monkeypatch.setattr(Path, "stat", forbidden)  # a superuser may look everywhere
    assert library.verify() == [f"thumbnails cannot be looked at: permission denied ({library.folder / 'thumbs'})"]


def test_a_rate_that_was_chosen_once_is_kept(
    opened: Callable[..., Library], place: Callable[..., Path], fakes: FakeModels
) -> None:
    path = place("cuts.mp4")
    opened(channels=["picture"], fps=4.0).add(path)
    fakes.calls.clear()
    assert opened(channels=["picture"]).add(path).unchanged
    assert not fakes.calls["picture"]
    assert opened(channels=["picture"], fps=1.0).add(path).updated


def test_a_copy_keeps_the_first_name_and_says_so(
    opened: Callable[..., Library], place: Callable[..., Path], tmp_path: Path
) -> None:
    library, path = opened(channels=["picture"]), place("plain.mp4")
    library.add(path)
    copy = path.with_name("another.mp4")
    copy.write_bytes(path.read_bytes())
    report = library.add(copy)
    assert report.notes == (f"{copy} holds the same bytes as {path}",)
    assert [video.name for video in library.videos()] == ["plain.mp4"]
    assert library.video("another.mp4").id == library.video("plain.mp4").id


def test_a_moved_file_is_known_at_its_new_place_alone(
    opened: Callable[..., Library], place: Callable[..., Path], tmp_path: Path
) -> None:
    library, path = opened(channels=["picture"]), place("plain.mp4")
    library.add(path)
    moved = path.rename(path.with_name("zoo.mp4"))
    report = library.add(moved)
    assert (report.notes, len(report.unchanged)) == ((), 1)
    [video] = library.videos()
    assert (video.name, video.path) == ("zoo.mp4", moved)
    with pytest.raises(InputError, match=r"plain\.mp4"):
        library.video("plain.mp4")


def test_a_damaged_catalogue_says_so(opened: Callable[..., Library], place: Callable[..., Path]) -> None:
    library = opened(channels=["picture"])
    library.add(place("plain.mp4"))
    library.close()
    (library.folder / "catalog.sqlite").write_bytes(b"no database " * 1000)
    for use in (lambda: library.search("red"), lambda: library.add(place("plain.mp4")), library.verify):
        with pytest.raises(LibraryError, match="is damaged"):
            use()


def test_a_catalogue_that_another_program_holds_is_in_use_and_not_damaged(
    opened: Callable[..., Library], place: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    library = opened(channels=["picture"])
    library.add(place("plain.mp4"))
    library._catalog(write=True)._db.execute("PRAGMA busy_timeout = 10")
    with closing(sqlite3.connect(library.folder / "catalog.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LibraryError, match=r"is in use.*Try again"):
            library.remove("plain.mp4")
    library.remove("plain.mp4")


def test_a_reader_goes_on_while_the_same_library_is_written_to(
    opened: Callable[..., Library], place: Callable[..., Path]
) -> None:
    library = opened(channels=["picture"])
    library.add(place("plain.mp4"))
    reading = opened(channels=["picture"])
    catalog = reading._catalog(write=False)
    reading.remove("plain.mp4")
    assert catalog.videos() == []


@pytest.fixture
def mounted() -> Iterator[Callable[..., None]]:
    """Mounts something for the length of a test; skips where that is not permitted."""
    points: list[Path] = []

    def mount(*arguments: str | Path) -> None:
        if os.geteuid() or not shutil.which("mount"):
            pytest.skip("only the superuser mounts")
        if subprocess.run(["mount", *map(str, arguments)], capture_output=True, check=False).returncode:
            pytest.skip("mounting is not permitted here")
        points.append(Path(arguments[-1]))

    yield mount
    for point in dict.fromkeys(points):
        subprocess.run(["umount", "--lazy", str(point)], check=True)


@pytest.mark.parametrize("exact_limit", [0, 50_000])
def test_a_library_on_a_read_only_disk_can_be_searched(
    exact_limit: int,
    opened: Callable[..., Library],
    place: Callable[..., Path],
    tmp_path: Path,
    mounted: Callable[..., None],
) -> None:
    library, path = opened(channels=["picture"], exact_limit=exact_limit), place("cuts.mp4")
    library.add(path)
    library.close()
    point = tmp_path / "point"
    point.mkdir()
    mounted("--bind", library.folder, point)
    mounted("-o", "remount,ro,bind", point)
    fixed = opened(point, channels=["picture"], exact_limit=exact_limit)
    assert fixed.search("green")[0].span == Span(1, 2)
    assert [video.name for video in fixed.videos()] == ["cuts.mp4"]
    for change in (lambda: fixed.add(path), fixed.rebuild, lambda: fixed.remove("cuts.mp4")):
        with pytest.raises(StorageError, match="read-only"):
            change()


def test_a_killed_writers_journal_is_read_on_a_read_only_disk(
    opened: Callable[..., Library], place: Callable[..., Path], tmp_path: Path, mounted: Callable[..., None]
) -> None:
    library = opened(channels=["picture"])
    library.add(place("cuts.mp4"))
    # As a kill would leave it: the journal is not yet written back.
    copy = shutil.copytree(library.folder, tmp_path / "copy")
    assert (copy / "catalog.sqlite-wal").stat().st_size
    mounted("--bind", copy, copy)
    mounted("-o", "remount,ro,bind", copy)
    assert [video.name for video in opened(copy).videos()] == ["cuts.mp4"]


def test_a_full_disk_is_an_error_that_costs_nothing(
    opened: Callable[..., Library], place: Callable[..., Path], tmp_path: Path, mounted: Callable[..., None]
) -> None:
    point = tmp_path / "small"
    point.mkdir()
    mounted("-t", "tmpfs", "-o", "size=3m", "tmpfs", point)
    library = opened(point / "library", channels=["picture"])
    first, second = place("plain.mp4"), place("cuts.mp4")
    library.add(first)
    filler = point / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"\0" * 4096):
            pass
    assert shutil.disk_usage(point).free == 0
    with pytest.raises(StorageError, match=r"(?i)space|full|not saved|not updated"):
        library.add(second)
    library.close()
    assert [video.name for video in library.videos()] == ["plain.mp4"]
    with sqlite3.connect(library.folder / "catalog.sqlite") as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()
    filler.unlink()
    assert [video.name for video in library.add(point, second).added] == ["cuts.mp4"]
    assert library.verify() == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, ModelError])
def test_what_was_finished_before_an_interruption_is_in_the_vector_index(
    error: type[BaseException], opened: Callable[..., Library], place: Callable[..., Path]
) -> None:
    library = opened(channels=["picture"])
    first, second = place("cuts.mp4", "1.mp4"), place("plain.mp4", "2.mp4")

    def progress(state: Progress) -> None:
        if state.stage == "file" and state.name == second.name:
            raise error("interrupted")

    with pytest.raises(error):
        library.add(first, second, progress=progress)
    assert [video.name for video in library.videos()] == ["1.mp4"]
    assert library.verify() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_a_valid_library(number: int, place: Callable[..., Path], tmp_path: Path) -> None:
    for copy in range(6):
        with place("long.mkv", f"{copy}.mkv").open("ab") as file:
            file.write(bytes([copy]))  # other bytes, the same film
    command = [sys.executable, "-m", "playhead.interfaces.cli", "index", str(tmp_path / "footage")]
    command += ["--library", str(tmp_path / "library"), "--channels", "picture", "--fps", "10"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not list((tmp_path / "library").glob("thumbs/*/*.jpg")) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(number)
        _, printed = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Interrupted" in printed
    assert "Traceback" not in printed
    with Library(tmp_path / "library") as library:
        assert len(library.videos()) < 6
        with sqlite3.connect(library.folder / "catalog.sqlite") as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        db.close()
