"""Whatever is nearly a plan, a policy, … gives a value or an error of Playhead's, soon, and in little memory."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from playhead.agent.plan import parse_plan
from playhead.errors import PlayheadError
from playhead.index.phrases import read
from playhead.media.motion_csv import Log, parse_log
from playhead.media.subtitles import read_subtitles
from playhead.safety.policy import load_policy
from playhead.settings import load_settings

from . import grammars
from .toll import WHOLE, Toll

LONGEST_S, MOST_MB = 2.0, 300
EXAMPLES = int(os.environ.get("ENDURE_EXAMPLES", "20000" if WHOLE else "40"))


def peak_mb() -> int:
    """The most memory that was resident so far."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) >> 10


def _file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(text.encode(errors="surrogatepass"))
    return path


def _subtitled(folder: Path, text: str) -> None:
    for name in ("said.srt", "said.vtt"):
        read_subtitles(_file(folder, name, text), [folder])


def _set(folder: Path, text: str) -> object:
    _file(folder, "playhead.toml", text)
    return load_settings()


PARSERS = {
    "plan": (grammars.PLANS, lambda folder, text: parse_plan(text)),
    "policy": (grammars.POLICIES, lambda folder, text: load_policy(str(_file(folder, "own.yaml", text)))),
    "subtitles": (grammars.SUBTITLES, _subtitled),
    "sensor log": (grammars.LOGS, lambda _, text: parse_log(Log("a.csv", text.encode(errors="replace"), ""))),
    "query": (grammars.QUERIES, lambda _, text: read(text, lambda name: name == "flag.mp4")),
    "settings": (grammars.SETTINGS, _set),
}


@pytest.mark.parametrize("name", PARSERS)
def test_a_value_or_an_error_that_says_what_to_do(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toll: Toll
) -> None:
    texts, parse = PARSERS[name]
    monkeypatch.chdir(tmp_path)
    for variable in [variable for variable in os.environ if variable.startswith("PLAYHEAD_")]:
        monkeypatch.delenv(variable)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before_mb = peak_mb()
    relaxed = settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), derandomize=not WHOLE)

    def taken_s(text: str) -> float:
        said, begun = "", time.process_time()
        try:
            parse(tmp_path, text)
        except PlayheadError as error:
            said = str(error)
        assert "\n" not in said
        return time.process_time() - begun

    @relaxed
    @given(texts)
    def tried(text: str) -> None:
        toll.tried += 1
        if taken_s(text) > LONGEST_S:  # once in 20,000 times it is the collector of garbage
            assert taken_s(text) < LONGEST_S

    tried()
    assert peak_mb() - before_mb < MOST_MB
