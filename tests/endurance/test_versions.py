"""A library of each format that was ever released opens, is searched, and is indexed on.

`library_vN.sql` is what `python -m tests.endurance.test_versions` wrote when the format was N. It is never written
anew.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from pathlib import Path

import pytest

from playhead.index.catalog import VERSION

HERE = Path(__file__).parent
PLACE = "/footage"
MARKS = ("application_id", "user_version")
FORMATS = {int(path.stem.removeprefix("library_v")): path for path in HERE.glob("library_v*.sql")}


def written(catalog: Path, footage: Path) -> str:
    """A catalogue as SQL, with `PLACE` for the folder of its footage; its triggers fill the index of words again."""
    db = sqlite3.connect(catalog)
    marks = [f"PRAGMA {name} = {db.execute(f'PRAGMA {name}').fetchone()[0]}" for name in MARKS]
    schema = db.execute("SELECT name, sql FROM sqlite_schema WHERE sql != '' ORDER BY rowid").fetchall()
    made = [sql for name, sql in schema if not name.startswith("segment_text_")]
    tables = [n for n, sql in schema if sql.startswith("CREATE TABLE") and not n.startswith("segment_text_")]
    rows = [f"INSERT INTO {table} VALUES ({row})" for table in tables for row in _rows(db, table)]
    db.close()
    return ";\n".join([*marks, *made, *rows, ""]).replace(str(footage), PLACE)


def _rows(db: sqlite3.Connection, table: str) -> list[str]:
    columns = [name for _, name, *_ in db.execute(f"PRAGMA table_info({table})")]
    quoted = " || ', ' || ".join(f"quote({name})" for name in columns)
    return [row for (row,) in db.execute(f"SELECT {quoted} FROM {table}")]


def test_every_format_has_its_library() -> None:
    assert set(FORMATS) == set(range(1, VERSION + 1)), "write the new one: python -m tests.endurance.test_versions"


@pytest.mark.parametrize("version", FORMATS)
def test_a_library_of_an_earlier_format(version: int, footage: Path, tmp_path: Path) -> None:
    from .conftest import FIRST, NEXT, opened

    folder = tmp_path / "library"
    folder.mkdir()
    db = sqlite3.connect(folder / "catalog.sqlite")
    db.executescript(FORMATS[version].read_text(encoding="utf-8").replace(PLACE, str(footage)))
    db.close()
    with opened(folder, footage) as library:
        assert [video.name for video in library.videos()] == [FIRST, NEXT]
        found = library.search("the ferry leaves", channels=["speech"])
        assert [(m.video.name, round(m.span.start_s, 1)) for m in found][:1] == [(FIRST, 1.0)]
        assert library.search("red", channels=["picture"])
        assert all("vector" in problem or "thumbnails" in problem for problem in library.verify())
    with opened(folder, footage) as library:
        assert not library.add(footage).failed
        assert library.verify() == []
        assert [video.name for video in library.videos()] == [FIRST, NEXT, "snow.mkv"]
        assert library.search("the ferry leaves", channels=["speech"])[0].video.name == FIRST
        library.remove(NEXT)
        assert library.verify() == []


if __name__ == "__main__":
    from tests.endurance.conftest import FIRST, NEXT, opened
    from tests.endurance.films import films

    with tempfile.TemporaryDirectory() as made:
        shown = films(Path(made) / "films")
        with opened(Path(made) / "library", shown) as kept:
            kept.add(shown / FIRST, shown / NEXT)
        text = written(Path(made) / "library" / "catalog.sqlite", shown)
    (HERE / f"library_v{VERSION}.sql").write_text(text, encoding="utf-8")
    print(f"library_v{VERSION}.sql", len(text), file=sys.stderr)
