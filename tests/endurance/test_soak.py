"""The soak itself: a leak shows, chance does not, and half a minute of it goes well."""

from __future__ import annotations

import random
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from .endure import Row, in_full, judged, main, rows, table
from .soak import soak
from .toll import WHOLE
from .vitals import Vitals, descriptors, growing, growth, slope


def samples(per_hour: float, noise: float, count: int = 120) -> list[Vitals]:
    """An hour in which memory grows steadily, apart from chance."""
    chance = random.Random(0)
    return [
        Vitals(30.0 * n, 500, 400 + per_hour * n / count + chance.uniform(-noise, noise), 0, 60, 5, 0, 3.0, 0)
        for n in range(count)
    ]


@pytest.mark.parametrize(
    ("per_hour", "noise", "leaks"), [(0, 0, 0), (0, 15, 0), (100, 15, 1), (40, 5, 1), (10, 5, 0)]
)
def test_a_leak_is_told_from_chance(per_hour: float, noise: float, leaks: int) -> None:
    assert len(growing(growth(samples(per_hour, noise), 600))) == leaks


def test_a_few_wild_samples_do_not_make_a_slope() -> None:
    values = [5.0] * 50
    values[7] = values[30] = 900.0
    assert slope(range(50), values) == 0
    assert slope([0], [1]) == 0


def test_an_open_file_is_counted() -> None:
    before = descriptors()
    with Path(__file__).open() as file:
        assert set(descriptors()) - set(before) == {file.fileno()}


def test_the_report_of_the_tests_becomes_a_table() -> None:
    report = ET.fromstring(
        '<testsuite><testcase name="test_a_disk[1]" time="1.5"><properties><property name="tried" value="7"/>'
        '<property name="lost" value="2"/></properties><failure/></testcase>'
        '<testcase name="test_a_disk[2]" time="0.5"><skipped/></testcase></testsuite>'
    )
    assert rows(report) == [Row("a disk", tried=8, lost=2, failed=1, skipped=1, seconds=2.0)]
    assert not rows(report)[0].well
    assert "a disk         8      2" in table(rows(report))


@pytest.mark.parametrize(
    ("status", "report", "failed"),
    [
        (4, "", 1),
        (2, "<testsuite", 1),
        (5, "<testsuite/>", 1),
        (3, '<testsuite><testcase name="test_a"/></testsuite>', 1),
        (0, "<testsuite/>", 1),
        (1, '<testsuite><testcase name="test_a"><failure/></testcase></testsuite>', 1),
        (0, '<testsuite><testcase name="test_a"/></testsuite>', 0),
    ],
)
def test_tests_that_did_not_end_well_are_no_success(status: int, report: str, failed: int, tmp_path: Path) -> None:
    if report:
        (tmp_path / "report.xml").write_text(report)
    found = judged(status, tmp_path / "report.xml")
    assert sum(row.failed for row in found) == failed
    assert found


def test_what_a_test_says_of_itself_reaches_the_table(tmp_path: Path) -> None:
    specimen = tmp_path / "test_one.py"
    specimen.write_text(
        "def test_one(record_property):\n    record_property('tried', 3)\n    record_property('lost', 1)\n"
    )
    [row] = in_full([str(specimen)], 1)
    assert (row.tried, row.lost, row.failed) == (3, 1, 0)


def test_an_endurance_of_nothing_is_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--only", "soak", "--minutes", "0"])
    assert "nothing is tried" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.enable_socket
def test_a_short_soak_goes_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    found = soak(tmp_path, 2 if WHOLE else 0.05, sample_s=1, real=False)
    assert (found["faults"], found["left"]) == ({}, [])  # what grows is not looked at: nothing was warm yet
    assert found["cycles"] > 1
    assert found["requests"] > 5
