"""Asks one of several for phrases within one process, and prints how long each took and when it is said.

    python warm.py PEER FOLDER FILM MODEL PHRASE…

The first round is not counted: then everything is loaded.
"""

from __future__ import annotations

import json
import statistics
import sys
import time

ROUNDS = 5


def playhead(folder, *_):
    from playhead import Library

    library = Library(folder)
    return lambda phrase: [moment.span.start_s for moment in library.search(phrase, limit=1)]


def saccade(folder, film, model):
    from saccade import ASRConfig, Video, VisualConfig

    video = Video(
        film, asr=ASRConfig(model=model), visual=VisualConfig(strategy="off"), cache_dir=folder, offline=True
    )
    return lambda phrase: [hit.start for hit in video.search(phrase, limit=1)]


def reelgrep(folder, *_):
    from reelgrep.search import Search

    search = Search(db_path=f"{folder}/index.sqlite")
    return lambda phrase: [hit.start_ms / 1000 for hit in search.subtitles(phrase, limit=1)]


def videogrep(_folder, film, _model):
    from videogrep import search

    return lambda phrase: [hit["start"] for hit in search(film, phrase)]


def main():
    name, folder, film, model, *phrases = sys.argv[1:]
    ask = globals()[name](folder, film, model)
    starts = [(ask(phrase) or [None])[0] for phrase in phrases]
    took = []
    for _ in range(ROUNDS):
        for phrase in phrases:
            wall, cpu = time.perf_counter(), time.process_time()
            ask(phrase)
            took.append((1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)))
    wall_ms, cpu_ms = (statistics.median(values) for values in zip(*took, strict=True))
    print(json.dumps({"starts_s": starts, "warm_ms": wall_ms, "warm_cpu_ms": cpu_ms}))


if __name__ == "__main__":
    main()
