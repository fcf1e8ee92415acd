"""Vectors in mapped parts: what is found, what an update writes, and a catalogue of the version before."""

from __future__ import annotations

import gzip
import json
import sqlite3
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest

from playhead import Library, Settings
from playhead.errors import StorageError
from playhead.index.catalog import EVERYWHERE, VERSION, Catalog, ChannelRecord, Record, StoredSegment, Within
from playhead.index.part import FULL, highest, likenesses, widened
from playhead.index.vectors import VectorIndex
from playhead.testing import FakeModels
from playhead.types import Channel, Progress, Segment, Span, Video

from ..endurance.faults import failing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from playhead.models.registry import Models

DIM, ROWS = 96, 800  # of a video
SPACE = "space"
KEY = Channel.PICTURE, SPACE


def video(number: int, rows: int = ROWS, seed: int | None = None) -> Record:
    """A video whose pictures lie near a few scenes, each shown for a second."""
    chance = np.random.default_rng(number if seed is None else seed)
    scenes = np.random.default_rng(99).standard_normal((40, DIM)) * np.linspace(1, 0.05, DIM)
    vectors = scenes[chance.choice(40, rows)] + 0.2 * chance.standard_normal((rows, DIM)) * np.linspace(1, 0.05, DIM)
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    name = f"{number:064}"
    record = Record(Video(name, name, Path(f"/{name}.mp4"), float(rows)))
    record.channels[Channel.PICTURE] = ChannelRecord(f"made with {seed}", SPACE)
    for second, vector in enumerate(vectors):
        segment = Segment(f"{number}-{seed}-{second}", name, Channel.PICTURE, Span(second, second + 1), "m")
        record.segments.append(StoredSegment(segment, segment.id))
        record.vectors[segment.id] = Channel.PICTURE, SPACE, vector
    return record


def put(catalog: Catalog, *records: Record) -> None:
    for record in records:
        catalog.put(record, record.video.path)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    opened = Catalog(tmp_path / "catalog.sqlite", create=True)
    yield opened
    opened.close()


@pytest.fixture
def index(tmp_path: Path) -> VectorIndex:
    return VectorIndex(tmp_path / "vectors", 1_000_000)


def parts(index_folder: Path) -> dict[str, set[str]]:
    """The parts in use, and the videos of each that count."""
    pointer = json.loads((index_folder / "current.json").read_text())
    listed = json.loads((index_folder / pointer["folder"] / "parts.json").read_text())["parts"]
    return {one["folder"]: set(one["contents"]) for one in listed}


def part_file(index_folder: Path, ending: str) -> Path:
    (found,) = index_folder.glob(f"part-*/*.{ending}")
    return found


def overwritten(path: Path, data: bytes) -> None:
    """The file in other bytes, without being cut: it may be mapped."""
    with path.open("r+b") as file:
        file.write(data)


def exact(catalog: Catalog, vector: NDArray[np.float32], within: Within, count: int = 10) -> set[str]:
    """The nearest by a product with every vector of the catalogue."""
    ids, matrix = catalog.vectors(*KEY, within)
    return {ids[n] for n in np.argsort(-(matrix @ vector), kind="stable")[:count]}


@pytest.mark.parametrize(
    "within",
    [EVERYWHERE, Within(f"{3:064}"), Within("", 200.0, 260.0), Within("", 100.0, 700.0), Within(f"{3:064}", 5, 9)],
)
@pytest.mark.parametrize("indexed", [True, False])
def test_what_is_nearest_is_found(indexed: bool, within: Within, catalog: Catalog, index: VectorIndex) -> None:
    put(catalog, *(video(n) for n in range(4)))
    if indexed:
        index.update(catalog)
    chance, shares = np.random.default_rng(5), []
    for _ in range(20):
        vector = (chance.standard_normal(DIM) * np.linspace(1, 0.05, DIM)).astype(np.float32)
        vector /= np.linalg.norm(vector)
        found = index.compared(catalog, *KEY, vector, 10, within)
        assert list(found.values()) == sorted(found.values(), reverse=True)
        wanted = exact(catalog, vector, within)
        assert len(found) == len(wanted)
        shares.append(len(wanted & found.keys()) / len(wanted))
    assert np.mean(shares) >= 0.99
    assert catalog.vectors(*KEY)[1].shape == (4 * ROWS, DIM)
    assert 4 * ROWS > FULL


@pytest.mark.parametrize("within", [EVERYWHERE, Within("", 100.0, 150.0), Within("", 100.0, 700.0)])
def test_of_more_vectors_more_are_compared_in_full(
    within: Within, catalog: Catalog, index: VectorIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("part", "part_writing"):
        monkeypatch.setattr(f"playhead.index.{module}.FULL", 16)
        monkeypatch.setattr(f"playhead.index.{module}.DIRECTIONS", 24)  # by which few are told apart
    put(catalog, *(video(n) for n in range(4)))
    index.update(catalog)
    vectors = np.random.default_rng(5).standard_normal((20, DIM)).astype(np.float32) * np.linspace(
        1, 0.05, DIM, dtype="f4"
    )

    def share() -> float:
        found = [index.compared(catalog, *KEY, vector, 10, within).keys() for vector in vectors]
        return float(
            np.mean([len(exact(catalog, v, within) & one) / 10 for v, one in zip(vectors, found, strict=True)])
        )

    assert share() >= 0.97
    monkeypatch.setattr("playhead.index.part.FOR_ROOT", 0.0)
    assert share() < 0.9


def test_an_update_writes_what_is_new(catalog: Catalog, index: VectorIndex, tmp_path: Path) -> None:
    put(catalog, *(video(n, 20) for n in range(4)))
    index.update(catalog)
    (first,) = parts(tmp_path / "vectors")
    put(catalog, video(4, 20))
    index.update(catalog)
    after = parts(tmp_path / "vectors")
    assert {frozenset(int(v) for v in held) for held in after.values()} == {frozenset(range(4)), frozenset([4])}
    assert first in after
    for n in range(5, 21):
        put(catalog, video(n, 20))
        index.update(catalog)
        assert index.verify(catalog) == []
        assert len(parts(tmp_path / "vectors")) <= 6
        assert {folder.name for folder in (tmp_path / "vectors").glob("part-*")} == set(parts(tmp_path / "vectors"))


def test_what_changed_or_went_is_found_no_more(catalog: Catalog, index: VectorIndex) -> None:
    put(catalog, *(video(n, 50) for n in range(6)))
    index.update(catalog)
    (before,) = catalog.vectors(*KEY, Within(f"{2:064}", 0, 1))[1]
    catalog.remove(f"{1:064}")
    put(catalog, video(2, 50, seed=77))
    for _ in range(2):  # not yet in the index, then in it
        found = index.compared(catalog, *KEY, before, 400, EVERYWHERE)
        assert found.keys() == set(catalog.vectors(*KEY)[0])
        assert len(found) == 5 * 50
        assert index.compared(catalog, *KEY, before, 400, Within(f"{1:064}")) == {}
        index.update(catalog)
    assert index.verify(catalog) == []


def test_a_reader_sees_what_another_process_committed(catalog: Catalog, index: VectorIndex, tmp_path: Path) -> None:
    put(catalog, video(0, 30))
    index.update(catalog)
    reading, reader = Catalog(tmp_path / "catalog.sqlite", readonly=True), VectorIndex(tmp_path / "vectors", 10)
    (vector,) = catalog.vectors(*KEY, Within("", 0, 1))[1]
    assert len(reader.compared(reading, *KEY, vector, 400, EVERYWHERE)) == 30
    put(catalog, video(1, 30))
    assert len(reader.compared(reading, *KEY, vector, 400, EVERYWHERE)) == 60
    index.update(catalog)
    assert len(reader.compared(reading, *KEY, vector, 400, EVERYWHERE)) == 60
    index.update(catalog, anew=True)  # the parts that the reader has mapped are gone
    assert len(reader.compared(reading, *KEY, vector, 400, EVERYWHERE)) == 60
    reading.close()


def test_any_byte_that_changed_in_a_part_is_told(catalog: Catalog, index: VectorIndex, tmp_path: Path) -> None:
    put(catalog, *(video(n) for n in range(3)))
    index.update(catalog)
    for ending in ("vectors", "ids", "row", "video", "span", "sketch", "directions"):
        path = part_file(tmp_path / "vectors", ending)
        data = path.read_bytes()
        overwritten(path, data[len(data) // 16 * 8 :] + data[: len(data) // 16 * 8])  # numbers that may stand there
        told = index.verify(catalog)
        assert any(problem.startswith(("picture: ", "the vector index cannot be read: ")) for problem in told), ending
        overwritten(path, data)
        assert index.verify(catalog) == []
    about = next((tmp_path / "vectors").glob("part-*/part.json"))
    said = json.loads(about.read_text())
    about.write_text(json.dumps(said | {"videos": said["videos"][::-1]}))
    assert index.verify(catalog) != []


@pytest.mark.parametrize(
    ("ending", "opened_before"), [("row", True), ("row", False), ("ids", True), ("ids", False), ("video", False)]
)
def test_where_places_lead_nowhere_the_catalogue_is_read(
    ending: str, opened_before: bool, catalog: Catalog, index: VectorIndex, tmp_path: Path
) -> None:
    put(catalog, *(video(n, 30) for n in range(3)))
    index.update(catalog)
    within = Within("", 3, 9)
    (vector,) = catalog.vectors(*KEY, Within(f"{1:064}", 5, 6))[1]
    wanted = exact(catalog, vector, within, 400)
    if opened_before:
        assert index.compared(catalog, *KEY, vector, 400, within).keys() == wanted
    path = part_file(tmp_path / "vectors", ending)
    overwritten(path, b"\xff\xff\xff\x7f" * (path.stat().st_size // 4))
    assert index.compared(catalog, *KEY, vector, 400, within).keys() == wanted
    assert index.verify(catalog) != []
    put(catalog, video(3, 30))
    index.update(catalog)
    assert index.verify(catalog) == []


def test_parts_of_the_form_before_are_read_and_made_anew(
    catalog: Catalog, index: VectorIndex, tmp_path: Path
) -> None:
    put(catalog, *(video(n, 30) for n in range(3)))
    index.update(catalog)
    about = next((tmp_path / "vectors").glob("part-*/part.json"))
    said = json.loads(about.read_text())
    del said["digest"], said["spaces"][0]["digests"]
    about.write_text(json.dumps(said))
    (vector,) = catalog.vectors(*KEY, Within(f"{1:064}", 0, 1))[1]
    assert len(index.compared(catalog, *KEY, vector, 400, EVERYWHERE)) == 90
    assert index.verify(catalog) == []
    put(catalog, video(3, 1))
    index.update(catalog)
    assert not about.exists()
    assert index.verify(catalog) == []


def test_where_no_folder_can_be_made_beside_a_store_the_reason_is_told(catalog: Catalog, tmp_path: Path) -> None:
    put(catalog, video(0, 30))
    VectorIndex(tmp_path / "vectors", 1_000).update(catalog)
    pointer = tmp_path / "vectors" / "current.json"
    pointer.write_text(json.dumps(json.loads(pointer.read_text()) | {"collections": ["of a store"]}))
    put(catalog, video(1, 30))
    with failing(tmp_path, "mkdir", 2) as fault, pytest.raises(StorageError, match="input/output error"):
        VectorIndex(tmp_path / "vectors", 0).update(catalog)
    assert fault.struck


@pytest.mark.parametrize("point", ["", "write"])
def test_who_searches_while_more_is_indexed_finds_parts(
    point: str, clips: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playhead.index.library._TOGETHER", 1)
    folder, models = tmp_path / "library", cast("Models", FakeModels())
    names, held = ("cuts.mp4", "numbered.mkv", "plain.mp4"), list[int]()

    def look(event: Progress) -> None:
        if event.stage == "file" and event.done:
            there = (folder / "vectors" / "current.json").exists()
            held.append(sum(len(videos) for videos in parts(folder / "vectors").values()) if there else 0)
            with Library(folder, settings=Settings(), models=models) as reader:
                assert len(reader.videos()) == event.done
                assert reader.search("red", channels=["picture"], limit=1)

    with Library(folder, settings=Settings(channels=(Channel.PICTURE,)), models=models) as library:
        with failing(folder / "vectors", point, 1) if point else nullcontext():
            assert not library.add(*(clips(name) for name in names), progress=look).failed
        assert library.verify() == []
    assert held == ([0, 2, 3] if point else [1, 2, 3])


@pytest.mark.parametrize("spread", [1e-6, 1.0])
def test_the_highest_are_chosen_whatever_lies_between(spread: float) -> None:
    scores = np.random.default_rng(3).standard_normal(150_000).astype(np.float32) * np.float32(spread)
    scores[::9] = -1
    assert set(highest(scores, 500)) == set(np.argsort(-scores)[:500])
    assert len(highest(np.zeros(150_000, np.float32), 500)) == 500


def test_float16_is_widened_exactly() -> None:
    every = np.arange(65_536, dtype=np.uint16).view(np.float16)
    finite = every[np.isfinite(every)]
    assert (widened(finite) == finite.astype(np.float32)).all()


@pytest.mark.parametrize("count", [0, 1, 511, 512, 513, 1_500])
def test_a_likeness_is_the_same_whatever_others_are_asked_for(count: int) -> None:
    chance = np.random.default_rng(5)
    vectors, vector = chance.standard_normal((2_000, 32)).astype(np.float16), chance.standard_normal(32)
    rows = np.sort(chance.choice(2_000, count, replace=False))
    found = likenesses(vectors, rows, vector.astype(np.float32))
    alone = [likenesses(vectors, rows[n : n + 1], vector.astype(np.float32))[0] for n in range(count)]
    assert found.tolist() == alone
    assert found == pytest.approx(vectors[rows].astype(np.float64) @ vector, abs=1e-4)


def test_a_library_of_version_1_is_upgraded_in_place(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    folder.mkdir()
    old = gzip.decompress((Path(__file__).parent / "library_1.sqlite.gz").read_bytes())
    (folder / "catalog.sqlite").write_bytes(old)
    with Library(folder, settings=Settings(), models=cast("Models", FakeModels())) as library:
        before = library.search("hello"), library.search("red", between=(0, 2))
        assert before[0][0].span == Span(0.2, 1.7)
        assert (folder / "catalog.sqlite").read_bytes() == old  # a search changes nothing
        library.rebuild()
        assert [problem for problem in library.verify() if "thumbnails" not in problem] == []
        assert (library.search("hello"), library.search("red", between=(0, 2))) == before
    with sqlite3.connect(folder / "catalog.sqlite") as db:
        assert db.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()
