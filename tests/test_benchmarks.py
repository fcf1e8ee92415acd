"""The benchmarks measure what they say, on films and photographs made here."""

from __future__ import annotations

import json
import shutil
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from playhead.agent.chat_planner import ChatPlanner
from playhead.models.roles import Finding
from playhead.testing import ScriptedChat
from playhead.tools.registry import all_tools

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

FOLDER = Path(__file__).parents[1] / "benchmarks"


def benchmark(name: str, folder: Path = FOLDER) -> Any:
    spec = spec_from_file_location(f"benchmark_{name}", folder / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.chdir(tmp_path)


def test_a_perfect_and_an_empty_answer_have_the_scores_they_deserve() -> None:
    score = benchmark("search_quality").score
    queries = [
        {"qid": 0, "modality": "visual", "relevant_windows": [[0, 6]]},
        {"qid": 1, "modality": "visual", "relevant_windows": [[6, 12]]},
        {"qid": 2, "modality": "absent", "relevant_windows": []},
        {"qid": 3, "modality": "absent", "relevant_windows": []},
    ]
    answers = [
        {"qid": 0, "windows": [[20, 26, 0.9], [0, 5, 0.8]], "nearest": []},
        {"qid": 1, "windows": [], "nearest": [[6, 12, 0.1]]},
        {"qid": 2, "windows": [], "nearest": [[0, 6, 0.1]]},
        {"qid": 3, "windows": [[0, 6, 0.5]], "nearest": []},
    ]
    away = benchmark("search_quality").turned_away(queries, answers)
    assert (away["visual"][0.1], away["visual"][0.2], away["absent"][0.5]) == (0.0, 0.5, 0.5)
    found = score(queries, answers)
    visual = found["visual"]
    assert (visual["R1@0.5"], visual["R5@0.5"], visual["R1@0.5 unjudged"]) == (0.0, 0.5, 0.5)
    assert (visual["mAP@0.5"], visual["false_rejection"]) == (0.25, 0.5)
    assert found["absent"]["rejection"] == 0.5
    assert visual["interval_95"]["R5@0.5"] == [0.0, 1.0]


@pytest.mark.slow
def test_search_quality_prints_one_json_object_last(
    clips: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(clips("cuts.mp4"), tmp_path / "cuts.mp4")
    rows = [
        {"qid": 0, "vid": "cuts", "query": "green", "modality": "visual", "relevant_windows": [[1, 2]]},
        {"qid": 1, "vid": "cuts", "query": "an old steam train", "modality": "absent", "relevant_windows": []},
    ]
    (tmp_path / "queries.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "greenish.py").write_text(
        "import numpy as np\n"
        "class Green:\n"
        "    def encode_images(self, images):\n"
        "        means = np.stack([image.mean(axis=(0, 1)) + 1 for image in images]).astype(np.float32)\n"
        "        return means / np.linalg.norm(means, axis=1, keepdims=True)\n"
        "    def encode_texts(self, texts):\n"
        "        return np.tile(np.array([[0, 1, 0]], np.float32), (len(texts), 1))\n"
    )
    monkeypatch.setattr(sys, "argv", ["search_quality.py", str(tmp_path), "--encoder", "greenish:Green", "--json"])
    assert benchmark("search_quality").main() == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["per_modality"]["visual"]["R1@0.5"] == 1.0
    assert set(result["per_modality"]["absent"]) == {"queries", "rejection", "interval_95"}
    assert result["models"]["picture"] == "greenish:Green"
    (tmp_path / "queries.jsonl").write_text("no json")
    assert benchmark("search_quality").main() == 2
    monkeypatch.setattr(sys, "argv", ["search_quality.py", str(tmp_path), "--encoder", "nowhere:Green"])
    assert benchmark("search_quality").main() == 2
    assert "Traceback" not in capsys.readouterr().err


def test_every_translation_is_there_and_of_something() -> None:
    recall = benchmark("image_recall")
    rows = recall.translations()
    assert {len(row) for row in rows} == {8}
    assert all(text.strip() == text != "" for row in rows for text in row.values())
    assert sum(row["of"] == "spoken" for row in rows) >= 20
    photographs = recall.packaged("ja")
    assert sum(len(photograph.captions) for photograph in photographs) >= 40
    assert all(photograph.path.is_file() for photograph in photographs)


class Reddish:
    """An image moderator to which the share of red says everything."""

    id = "reddish"
    categories = frozenset({"sexual"})

    def moderate(self, images: Sequence[NDArray[np.uint8]]) -> list[tuple[Finding, ...]]:
        return [(Finding("sexual", float(image[..., 0].mean() / 255), "red"),) for image in images]


def test_pictures_and_frames_over_a_threshold_are_counted(clips: Callable[[str], Path], tmp_path: Path) -> None:
    image_safety = benchmark("image_safety")
    for name, red in {"all.png": 255, "most.png": 140, "none.png": 0}.items():
        Image.fromarray(np.full((8, 8, 3), (red, 0, 0), np.uint8)).save(tmp_path / name)
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    (tmp_path / "broken.mp4").write_bytes(b"no film")
    found = image_safety.measure(Reddish(), tmp_path, fps=1)
    assert found["pictures"] == 3
    assert found["reach"] == {"sexual": {"0.3": 2, "0.5": 2, "0.7": 1, "0.9": 1}}
    assert [name for _, name, _ in found["highest"]["sexual"]] == ["all.png", "most.png", "none.png"]
    shutil.copy(clips("cuts.mp4"), tmp_path / "cuts.mp4")
    assert image_safety.measure(Reddish(), tmp_path, fps=1)["pictures"] > 3


def test_the_default_image_moderator_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.fromarray(np.full((40, 60, 3), 128, np.uint8)).save(tmp_path / "grey.png")
    monkeypatch.setattr(sys, "argv", ["image_safety.py", str(tmp_path), "--json"])
    assert benchmark("image_safety").main() == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["moderator"].startswith("open-nsfw@")
    assert result["folders"][str(tmp_path)]["reach"]["illicit"] == {"0.3": 0, "0.5": 0, "0.7": 0, "0.9": 0}
    monkeypatch.setattr(sys, "argv", ["image_safety.py", str(tmp_path), "--spec", "nothing"])
    assert benchmark("image_safety").main() == 2


def test_plans_of_a_language_model_are_counted_for_what_they_are() -> None:
    local_llm = benchmark("local_llm")
    tools = {name: tool for name, tool in all_tools().items() if name in ("probe_video", "search_moments")}
    find, probe = (
        f'{{"steps": {{"step": {{"tool": "{tool}", "args": {{"{argument}": "beach.mp4"}}}}}}}}'
        for tool, argument in (("search_moments", "query"), ("probe_video", "video"))
    )
    right, repaired, asks_back, fails = [find], ["Hm.", find], ['{"questions": ["Which?"]}'], ["Hm."] * 3
    others = [probe] * (len(local_llm.REQUESTS) - 4)
    chat = local_llm.Counted(ScriptedChat(*right, *repaired, *asks_back, *fails, *others), held=True)
    score = local_llm.measure(ChatPlanner(chat, tools), chat, show=False)
    codec = sum("codec" in request for request, *_ in local_llm.REQUESTS)
    assert (score.valid, score.right, score.repaired, score.asked_back) == (len(others) + 2, 2 + codec, 1, 1)
    assert score.failed == {"PlanError": 1}
    assert f"valid plans {score.valid}/20, right tools 3/20, after a repair 1" in str(score)
    assert {tool for _, *accepted in local_llm.REQUESTS for one in accepted for tool in one.split()} <= set(
        all_tools()
    )


def test_photographs_are_shown_to_the_encoder_as_heat_would_be() -> None:
    ways = benchmark("senses").ways()
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    assert (ways["grey"](ramp) == ramp).all()
    assert (ways["grey, inverted"](ramp) == 255 - ramp).all()
    assert ways["crushed"](ramp).max() == 15
    warm, cold = (ways["jet"](ramp)[0, n].astype(int) for n in (250, 5))
    assert warm[0] > warm[2]
    assert cold[2] > cold[0]
    turned = ways["hot, turned to grey"](ramp)
    assert (np.ptp(turned, axis=2) == 0).all()
    assert (np.diff(turned[0, :, 0].astype(int)) >= -1).all()


def test_peers_take_turns_and_those_who_cannot_are_left_out_with_the_reason(tmp_path: Path) -> None:
    peers, others = benchmark("peers"), sys.modules
    contestants, film = others["contestants"], others["spoken_film"]
    (tmp_path / "film.mp4").write_bytes(b"a film")
    said = film.Said("The ferry leaves.", "ferry", 2.0, 3.0)
    truth = film.Truth(12.0, (said,), (6.0,))

    def prints(words: str) -> Any:
        read = lambda outputs: {"starts_s": [float(outputs[0])], "pictures": 2, "times_s": [1.0, 4.0]}  # noqa: E731
        return lambda place: contestants.Task([place.run("python", "-c", f"print({words})")], read)

    taking_part = [
        contestants.Peer("Playhead", "", {"find": prints("2.25"), "frames": prints("0")}),
        contestants.Peer("late", "", {"find": prints("9")}),
        contestants.Peer("deaf", "", {"find": "it hears | nothing"}),
        contestants.Peer("babbling", "", {"find": prints("'soon'")}),
        contestants.Peer("broken", "", {"find": prints("exit('no ear')")}),
        contestants.Peer("nowhere", "frameproof", {"find": prints("1")}),
    ]
    (tmp_path / "environments").write_text("no folder")
    run = peers.Run(tmp_path, tmp_path / "film.mp4", truth, tmp_path, tmp_path)
    results = run.rounds(taking_part, ["find", "frames"], 2)
    assert [result.peer for result in results] == [*(peer.name for peer in taking_part), "Playhead"]
    ours, late, deaf, babbling, broken, nowhere, frames = (result.summary() for result in results)
    assert (ours["rounds"], ours["right"], ours["error_s"], late["right"]) == (2, 1, 0.25, 0)
    assert 0 < ours["cpu_s"]["range"][0] <= ours["cpu_s"]["median"]
    assert 0 < ours["peak_mib"]["median"] < 100
    assert (deaf["reason"], broken["reason"]) == ("it hears | nothing", "no ear (exit code 1)")
    assert babbling["reason"].startswith("what it said was not understood: ValueError")
    assert nowhere["reason"].startswith("not installed: ")
    assert (frames["shots_seen"], frames["shots"], frames["largest_gap_s"]) == (1, 2, 8.0)
    rows = peers.table(results).splitlines()
    assert {row.count("|") for row in rows} == {8}
    assert "| late |" in rows[3]
    assert rows[3].endswith("| 0 of 1, 7.00 s off |")
    assert rows[4] == "| find a phrase, from the shell | deaf | | | | | it hears / nothing |"


def test_who_is_faster_is_named_with_the_reason_where_it_is_known() -> None:
    benchmark("peers")
    tables = sys.modules["peer_table"]

    def result(peer: str, *cpu_s: float) -> Any:
        return tables.Result("speech", peer, rounds=[(1.0, seconds, 10.0) for seconds in cpu_s])

    results = [result("Playhead", 4.0, 6.0), result("swift", 2.0, 3.0), result("slow", 8.0, 6.1)]
    told = [one.summary() for one in results]
    lines = tables.slower(told, [{"work": "speech", "peer": "swift", "why": "It gives no word times."}])
    assert lines == ["- make speech searchable: swift needs 2.0 times less. It gives no word times."]
    assert "| 0.50 [0.50, 0.50] |" in tables.table(results)
    assert tables.slower(told[:1], []) == ["- nowhere in this run"]


def test_a_spoken_film_says_each_sentence_but_once() -> None:
    film = benchmark("spoken_film")
    texts = list(film.sentences())
    assert len(texts) == len(set(texts)) > 800
    assert all(asked.count("|") == 2 for asked in film.ASKED)
    assert not any(asked.split("|")[1] in text for asked in film.ASKED for text in texts)


def test_what_others_published_has_a_source() -> None:
    peers = benchmark("peers")
    noted = sys.modules["peer_table"].noted
    rows = noted("peers_published.yaml")
    assert rows
    assert all(set(row) == {"system", "what", "figure", "hardware", "source"} for row in rows)
    assert peers.published(rows).count("\n") == len(rows) + 1
    known = {(peer.name, work) for peer in peers.PEERS for work in peer.jobs}
    assert {(row["peer"], row["work"]) for row in noted("peers_reasons.yaml")} <= known
