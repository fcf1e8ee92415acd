"""RESULTS.md holds what was measured and nothing else; what is measured is kept, whatever happens meanwhile."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from .test_benchmarks import FOLDER, at_home, benchmark

__all__ = ["at_home"]
IMAGES = FOLDER.parent / "docs" / "images"


def scripts() -> list[Path]:
    """The benchmarks that a person can start."""
    found = [*FOLDER.glob("*.py"), FOLDER.parent / "training" / "calibrate.py"]
    return sorted(path for path in found if '__name__ == "__main__"' in path.read_text(encoding="utf-8"))


def test_the_page_is_what_the_stored_results_give() -> None:
    page = benchmark("page")
    results = page.stored()
    assert page.page(page.PAGE.read_text(encoding="utf-8"), results) == page.PAGE.read_text(encoding="utf-8")
    drawn = {f"bench-{name}.svg": picture for name, picture in page.pictures(results).items()}
    assert drawn == {file.name: file.read_text(encoding="utf-8") for file in IMAGES.glob("bench-*.svg")}
    shown = {name.partition("/")[0] for _, name, _ in page.BLOCK.findall(page.PAGE.read_text(encoding="utf-8"))}
    assert shown - {"environment"} >= {*results, *page.MEASUREMENTS}
    assert not any("/" in word[:1] for result in results.values() for word in commands(result))


def commands(result: dict[str, Any]) -> list[str]:
    told = [run["command"] for run in result.get("runs", {}).values()] + result.get("commands", [])
    return " ".join(told).split()


def test_every_benchmark_is_named_in_the_readme_and_explains_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    measurements = benchmark("measurements").MEASUREMENTS
    commands = [command for one in measurements.values() for command in one.commands.values()]
    measured = {Path(command.split()[0]).name for command in commands}
    assert len(scripts()) >= 12
    for path in scripts():
        assert path.name in readme
        monkeypatch.syspath_prepend(str(path.parent))
        monkeypatch.setattr(sys, "argv", [path.name, "--help"])
        with pytest.raises(SystemExit) as ended:
            benchmark(path.stem, path.parent).main()
        assert ended.value.code == 0
        told = capsys.readouterr().out
        assert path.name in told
        assert "--json" in told or path.name not in measured
    assert all(f"`{name}`" in readme for name in measurements)


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`report.py` over a page and results of its own, with one measurement that works and three that do not."""
    measurements, page, report = (benchmark(name) for name in ("measurements", "page", "report"))
    (tmp_path / "page.md").write_text(
        "# Speed\n<!-- measured: cold_search -->\nthe figures before\n<!-- end -->\nStays.\n"
    )
    (tmp_path / "works.py").write_text(
        "import json, sys\nprint('progress')\n"
        "print(json.dumps({'wall_s': 2.0, 'read': sys.argv[1], 'interval_95': {'wall_s': [1.5, 2.5]}}))\n"
    )
    (tmp_path / "fails.py").write_text("print('no luck')\nraise SystemExit(3)\n")
    (tmp_path / "judges.py").write_text(
        "import json, sys\nfrom pathlib import Path\nPath(sys.argv[-1]).write_text(json.dumps({'wall_s': 3.0}))\n"
        "raise SystemExit(1)\n"
    )
    (tmp_path / "chats.py").write_text("print('all is well')\n")
    one, written = measurements.Measurement, measurements.WRITTEN
    monkeypatch.setattr(
        report,
        "MEASUREMENTS",
        {
            "fails": one("fails", {"": f"{tmp_path}/fails.py"}, 1),
            "cold_search": one("cold_search", {"": f"{tmp_path}/works.py CASES/works.py"}, 1),
            "chats": one("chats", {"": f"{tmp_path}/chats.py"}, 1),
            "absent": one("absent", {"": "benchmarks/local_llm.py MODEL"}, 1),
            "judges": one(
                "judges", {"": f"{tmp_path}/judges.py"}, 1, slow=True, flag=f"--out {written}", verdict=True
            ),
            "long": one("long", {"": f"{tmp_path}/fails.py"}, 1, slow=True),
        },
    )
    for module in (page, sys.modules["page"]):
        monkeypatch.setattr(module, "RESULTS", tmp_path / "results")
        monkeypatch.setattr(module, "PAGE", tmp_path / "page.md")
        monkeypatch.setattr(module, "IMAGES", tmp_path / "images")
    monkeypatch.setattr(report, "RESULTS", tmp_path / "results")
    return report


def test_what_works_is_kept_and_what_fails_is_named(
    report: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report.main(["--cases", str(tmp_path)]) == 1
    told = capsys.readouterr().out
    assert "fails: failed, no luck (exit code 3); it has no figures yet" in told
    assert "chats: failed, no JSON object on its last line" in told
    assert "absent: not measured, MODEL was not given" in told
    assert "long" not in told
    kept = json.loads((tmp_path / "results" / "cold_search.json").read_text())
    assert kept["runs"][""]["result"]["read"] == "CASES/works.py"  # where the material lies stays here
    assert kept["runs"][""]["command"].endswith("works.py CASES/works.py --json")
    assert kept["python"] in sys.version
    page = (tmp_path / "page.md").read_text()
    assert "| wall, s | 2.00 [1.50, 2.50] |" in page
    assert "the figures before" not in page
    assert page.endswith("<!-- end -->\nStays.\n")
    (tmp_path / "works.py").unlink()
    assert report.main(["--only", "cold_search", "--cases", str(tmp_path)]) == 0
    assert f"there is no {tmp_path}/works.py; the figures of {kept['date']} stay" in capsys.readouterr().out


def test_a_verdict_is_kept_whatever_it_is_and_ends_as_one(
    report: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report.main(["--only", "judges"]) == 1
    assert "judges: measured, and not all is well: the page says what is not" in capsys.readouterr().out
    kept = json.loads((tmp_path / "results" / "judges.json").read_text())["runs"][""]
    assert (kept["result"], kept["exit_code"]) == ({"wall_s": 3.0}, 1)


def test_an_interruption_loses_what_was_being_measured_alone(
    report: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    run = report.run
    monkeypatch.setattr(
        report, "run", lambda one, given: (run if one.name == "cold_search" else interrupted)(one, given)
    )
    names = ["cold_search", "chats"]
    monkeypatch.setattr(report, "MEASUREMENTS", {name: report.MEASUREMENTS[name] for name in names})
    with pytest.raises(KeyboardInterrupt):
        report.main(["--cases", str(tmp_path)])
    assert "| wall, s | 2.00" in (tmp_path / "page.md").read_text()


def test_what_another_command_wrote_is_taken(
    report: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report, "MEASUREMENTS", benchmark("measurements").MEASUREMENTS)
    (tmp_path / "page.md").write_text("<!-- measured: endurance -->\n<!-- end -->\n")
    toll = {"rows": [{"what": "kill -9", "tried": 100, "lost": 0}]}
    (tmp_path / "toll.json").write_text(json.dumps(toll, indent=1))
    assert report.main(["--take", "endurance", str(tmp_path / "toll.json")]) == 0
    page = (tmp_path / "page.md").read_text()
    assert "| what | tried | lost |\n| --- | --- | --- |\n| kill -9 | 100 | 0 |" in page
    (tmp_path / "toll.json").write_text("")
    assert report.main(["--take", "endurance", str(tmp_path / "toll.json")]) == 2
    assert report.main(["--take", "moments", str(tmp_path / "toll.json")]) == 2
    assert report.main(["--only", "nothing"]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_an_interval_belongs_to_its_statistic() -> None:
    metrics = benchmark("metrics")
    errors, words = [0.0, 5.0, 1.0, 0.0], [10.0, 10.0, 10.0, 10.0]
    low, high = metrics.interval_of(metrics.ratio_of_sums, errors, words)
    assert 0.0 <= low < 0.15 < high <= 0.5
    assert metrics.interval([1.0, 1.0, 1.0]) == (1.0, 1.0)
    assert metrics.interval_of(metrics.median, [2.0, 2.0, 9.0])[0] == 2.0


def test_medians_of_a_cold_search_belong_to_their_rounds() -> None:
    found = benchmark("cold_search").measured([(0.6, 0.7, 0.2), (0.8, 0.9, 0.2), (3.0, 0.8, 0.2)])
    assert (found["wall_s"], found["cpu_s"], found["ratio_to_floor"], found["rounds"]) == (0.8, 0.8, 4.0, 3)
    assert found["interval_95"]["floor_s"] == [0.2, 0.2]
    assert found["interval_95"]["wall_s"][0] < 0.8 < found["interval_95"]["wall_s"][1]


def test_a_curve_that_tells_something_beats_the_share_alone(capsys: pytest.CaptureFixture[str]) -> None:
    calibrate = benchmark("calibrate", FOLDER.parent / "training")
    films = [[(0.8 + n / 100, True), (0.3, False), (0.35, n % 3 == 0), (0.75, n % 4 != 0)] for n in range(10)]
    found = calibrate.report("speech", "some-encoder", films)
    assert 0.3 < found["middle"] < 0.8
    assert found["answers"] == 40
    low, high = found["interval_95"]
    assert low <= found["log_loss"] <= high < found["share_alone"] + 0.3
    assert found["log_loss"] < found["share_alone"]
    assert capsys.readouterr().out.startswith("speech (some-encoder): {middle: 0.")


def test_plans_over_other_tools_are_scored_as_sets() -> None:
    taskbench = benchmark("taskbench")
    gold = [
        {"id": "1", "nodes": ["A", "B_C"], "links": [["A", "B_C"]]},
        {"id": "2", "nodes": ["D"], "links": []},
        {"id": "3", "nodes": ["A"], "links": []},
    ]
    plans = {
        "1": {
            "nodes": ["B C", "A", "A"],
            "links": [["B C", "A"]],
        },  # a repeat counts once, a wrong direction is wrong
        "2": {"nodes": ["E"], "links": []},
    }
    found = taskbench.score(gold, plans)
    assert found["nodes"]["f1"] == round(100 * 2 * 2 / (4 + 3), 1)
    assert found["links"]["f1"] == 0.0
    assert found["nodes, second half"]["f1"] == 0.0
