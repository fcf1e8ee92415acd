"""Playhead and its peers side by side: the same film, the same machine, the same run, in turns.

    python benchmarks/peers.py [--peers NAME…] [--works NAME…] [--minutes 5] [--rounds 3] [--keep DIR] [--json]

Each peer is installed into an environment of its own under DIR (a temporary folder where none is given) and used as
it is by default, with two threads and, where it takes one, the same Whisper base. What cannot be installed or run is
left out, with the reason. Wall and processor seconds are those of a command with all that it starts; memory is what
these hold at once. Medians of the rounds, with the smallest and the largest. Compare the ratios: machines differ.
What is measured is told on the error output as it is found, so that a broken run has not been for nothing.
`peers_published.yaml` holds what others have published and what cannot run here; it is printed apart.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contestants import PEERS, PLAYHEAD, Peer, Place, Seen, Task
from environments import Environment, environment, ours, programs, variables
from given import prepare
from measuring import Cost, Failed, measure
from peer_table import WORKS, Result, findings, noted, slower, table
from spoken_film import Truth, film

HEARING, AFTER_HEARING = "speech", ("find", "find again", "supercut")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", nargs="+", metavar="NAME", default=[peer.name for peer in PEERS])
    parser.add_argument("--works", nargs="+", metavar="NAME", choices=list(WORKS), default=list(WORKS))
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where films and environments stay for another run")
    parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    arguments = parser.parse_args()
    if unknown := set(arguments.peers) - {peer.name for peer in PEERS}:
        parser.error(f"no such peer: {', '.join(sorted(unknown))}; there are: {', '.join(p.name for p in PEERS)}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.keep or Path(temporary)).absolute()
        print(f"films and environments: {folder}", file=sys.stderr)
        chosen = [peer for peer in PEERS if peer is PLAYHEAD or peer.name in arguments.peers]
        path, truth = film(folder / "films", arguments.minutes)
        run = Run(folder, path, truth, prepare(folder / "given", path), programs(folder / "environments"))
        results = run.rounds(chosen, arguments.works, arguments.rounds)
    print(f"{arguments.minutes:g} minutes of film, {arguments.rounds} rounds\n\n{table(results)}\n")
    told = [one.summary() for one in results]
    print("Where Playhead is not the faster one\n\n" + "\n".join(slower(told, noted("peers_reasons.yaml"))))
    print(
        "\nPublished by others, on other machines: not measured here\n\n" + published(noted("peers_published.yaml"))
    )
    if arguments.json:
        print(json.dumps({"minutes": arguments.minutes, "results": told}))
    return 0


@dataclass(frozen=True)
class Run:
    """A folder to work in, a film and what is known about it, what peers are given, and the programs they call."""

    folder: Path
    film: Path
    truth: Truth
    given: Path
    programs: Path

    def rounds(self, peers: list[Peer], works: list[str], count: int) -> list[Result]:
        """Every work by every peer, so many times in turns; those who begin change from round to round."""
        found: dict[tuple[str, str], Result] = {}
        installed = {peer.name: self._installed(peer) for peer in peers}
        for number in range(count):
            turn = peers[number % len(peers) :] + peers[: number % len(peers)]
            places = {peer.name: self._place(peer, installed[peer.name]) for peer in turn}
            for work in works:
                for peer in turn:
                    if work in peer.jobs:
                        result = found.setdefault((work, peer.name), Result(work, peer.name))
                        heard = found.get((HEARING, peer.name))
                        if work in AFTER_HEARING and heard and heard.reason and callable(peer.jobs[HEARING]):
                            result.reason = result.reason or "it did not hear the film"
                        self._do(result, peer, places[peer.name])
        order = [peer.name for peer in peers]
        return sorted(found.values(), key=lambda r: (works.index(r.work), order.index(r.peer)))

    def _installed(self, peer: Peer) -> Environment | str:
        """A peer's environment, or why there is none."""
        print(f"installing {peer.name}", file=sys.stderr)
        try:
            return environment(peer.environment, self.folder / "environments") if peer.environment else ours()
        except Failed as failure:
            return str(failure)

    def _place(self, peer: Peer, installed: Environment | str) -> Place | str:
        if isinstance(installed, str):
            return installed
        home = self.folder / "homes" / "".join(c if c.isalnum() else "-" for c in peer.name)
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        place = Place(home, installed, self.truth, self.given)
        os.link(self.film, place.film)
        if peer.given:
            shutil.copy(self.given / "transcript.srt", place.film.with_suffix(".srt"))
        return place

    def _do(self, result: Result, peer: Peer, place: Place | str) -> None:
        """One more round of a work, into its result; a reason is final."""
        job = peer.jobs[result.work]
        if result.reason or isinstance(place, str) or isinstance(job, str):
            result.reason = result.reason or (place if isinstance(place, str) else str(job))
            return
        try:
            costs, seen = self._carried_out(job(place), place, peer)
        except Failed as failure:
            result.reason = str(failure).replace(f"{place.home}/", "")
        else:
            result.add(costs, findings(seen, self.truth))
        print(json.dumps(result.summary()), file=sys.stderr)

    def _carried_out(self, task: Task, place: Place, peer: Peer) -> tuple[list[Cost], Seen]:
        environment_variables = variables(place.home, self.programs, self.given)
        if peer is PLAYHEAD and "PYTHONPATH" in os.environ:
            environment_variables["PYTHONPATH"] = os.environ["PYTHONPATH"]
        costs = [measure(command, environment_variables, place.home) for command in task.commands]
        try:
            return costs, task.read([cost.output for cost in costs])
        except (LookupError, OSError, ValueError, sqlite3.Error) as error:
            raise Failed(f"what it said was not understood: {type(error).__name__}: {error}"[:160]) from error


def published(rows: list[dict[str, Any]]) -> str:
    """What others published, as a table with its sources."""
    lines = ["| system | what | figure | hardware | source |", "|---|---|---|---|---|"]
    lines += [f"| {r['system']} | {r['what']} | {r['figure']} | {r['hardware']} | {r['source']} |" for r in rows]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
