"""The tables of what measures quality: each takes the results of a measurement by label and gives Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cells import between, of, percent, table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Runs = Mapping[str, Mapping[str, Any]]

RECALLS = ("R@1", "R@5", "R@10")


def moments(runs: Runs) -> str:
    """A row for each kind of query, film and encoder."""
    metrics = ("R1@0.5", "R1@0.7", "R5@0.5", "mAP@0.5", "R1@0.5 unjudged")
    rows = []
    for label, found in runs.items():
        films, encoder = label.split(" ", 1)
        for modality, scores in found["per_modality"].items():
            absent = "rejection" in scores
            away = of(scores, "rejection" if absent else "false_rejection")
            rows.append(
                [
                    films,
                    f"{modality} ({scores['queries']})",
                    f"`{encoder}`",
                    *(of(scores, name) for name in metrics),
                    f"{away}, {'rightly' if absent else 'wrongly'}",
                ]
            )
    order = list(dict.fromkeys(row[0] for row in rows))
    rows.sort(key=lambda row: (order.index(row[0]), row[1]))  # the encoders beside each other
    return table(["films", "queries", "encoder", *metrics, 'answered "not in here"'], rows)


def thresholds(runs: Runs) -> str:
    """What other thresholds would turn away of the first films' queries, by the first encoder."""
    away = next(iter(runs.values()))["turned_away"]
    steps = list(next(iter(away.values())))
    rows = [[kind, *(f"{share:.3f}" for share in shares.values())] for kind, shares in away.items()]
    return table(["turned away at", *(f"{float(step):.2f}" for step in steps)], rows)


def recall(runs: Runs) -> str:
    """How often words find their photograph, by encoder, and what that costs."""
    rows = [
        [
            found["queries"],
            found["photographs"],
            f"`{spec}`",
            *(of(found, name) for name in RECALLS),
            found["cpu_ms"]["photograph"],
            found["cpu_ms"]["query"],
        ]
        for run in runs.values()
        for spec, found in run["encoders"].items()
    ]
    return table(["queries", "photographs", "encoder", *RECALLS, "CPU-ms a photograph", "a query"], rows)


def senses(runs: Runs) -> str:
    """Recall for every way of showing the photographs."""
    rows = [[way, of(found, "R@1"), of(found, "R@10")] for run in runs.values() for way, found in run.items()]
    return table(["shown as", "R@1", "R@10"], rows)


def languages(runs: Runs) -> str:
    """By encoder: over all languages how often the right text is first, within English, and costs."""
    whats = {
        "spoken to English": "foreign query, English speech",
        "English to spoken": "English query, foreign speech",
        "queries to English": "short texts, to English",
        "English to queries": "short texts, from English",
    }
    run, rows = runs[""], []
    for name, found in run["texts"].items():
        everywhere, cost = found["all six"], run["cost"][name]
        within = run.get("within English", {}).get(name)
        rows.append(
            [
                f"`{name}`",
                *(between(everywhere[what]["share"], everywhere[what]["interval_95"], 2) for what in whats),
                between(within["share"], within["interval_95"]) if within else None,
                f"{cost['MB']:g}",
                f"{cost['first en CPU-s']:.2f}, {cost['first ja CPU-s']:.2f}",
            ]
        )
    head = ["encoder", *whats.values(), "within English", "MB", "CPU-s to the first query, English, Japanese"]
    return table(head, rows)


def photographs(runs: Runs) -> str:
    """Photographs found by queries in each language."""
    rows = [[language, of(found, "R@1"), of(found, "R@5")] for language, found in runs[""]["pictures"].items()]
    return table(["photographs, asked for in", "R@1", "R@5"], rows)


def calibration(runs: Runs) -> str:
    """The curves that were fitted and how they do on films left out."""
    rows = [
        [
            name if label == "default" else f"{name}, `{label}`",
            f"{found['middle']:.3f}",
            f"{found['slope']:.1f}",
            found["answers"],
            between(found["log_loss"], found["interval_95"]),
            f"{found['share_alone']:.3f}",
        ]
        for label, run in runs.items()
        for name, found in run.items()
    ]
    return table(["answers", "middle", "slope", "how many", "log loss", "share alone"], rows)


def image_safety(runs: Runs) -> str:
    """By folder how many pictures reach each threshold."""
    folders = {folder: found for run in runs.values() for folder, found in run["folders"].items()}
    categories = list(next(iter(folders.values()))["reach"])
    rows = [
        [folder.removeprefix("CASES/"), found["pictures"]]
        + [" / ".join(map(str, found["reach"][category].values())) for category in categories]
        + [found["cpu_ms"]]
        for folder, found in folders.items()
    ]
    return table(["pictures of", "how many", *(f"`{category}`" for category in categories), "CPU-ms each"], rows)


def speech(runs: Runs) -> str:
    """Word errors of every engine, by set."""
    engines = runs[""]
    names = [name for name in next(iter(engines.values())) if name != "silence"]
    rows = []
    for name in names:
        first = next(iter(engines.values()))[name]
        rows.append(
            [name, first["recordings"], first["words"], *(_errors(found[name]) for found in engines.values())]
        )
    silent = [found["silence"]["text"] or "no words" for found in engines.values()]
    return table(["recordings", "how many", "words", *engines], [*rows, ["silence, 20 s", 1, 0, *silent]])


def _errors(found: Mapping[str, Any]) -> str:
    share = percent(found["errors"] / found["words"], *found["interval_95"])
    return f"{found['errors']} errors, {share}"


def planning(runs: Runs) -> str:
    """How many requests of each part are planned right."""
    rows = []
    for part, found in runs[""].items():
        share = percent(found["right"] / found["of"], *found["interval_95"])
        kinds = [" of ".join(map(str, found["by_kind"].get(kind, ()))) for kind in KINDS]
        rows.append([f"{part}, {found['of']}", share, *kinds, found["ms"]["mean"], found["ms"]["p95"]])
    return table(["requests", "right", *KINDS, "ms a plan", "95 % within"], rows)


KINDS = ("one step", "several steps", "ask back")
TASKBENCH = {
    "clauses": "clauses, nearest description (`--clauses`)",
    "descriptions": "descriptions alone (`--no-phrases`)",
    "phrases": "with worked phrases for each tool",
}
PUBLISHED = (  # Shen et al. 2023, the whole set of TaskBench Multimedia
    ["gpt-4, as published for the whole set", "90.9", "69.3"],
    ["gpt-3.5-turbo, as published for the whole set", "72.8", "44.0"],
)


def taskbench(runs: Runs) -> str:
    """F1 of nodes and links over TaskBench's gold plans, beside what is published."""
    rows = [
        [
            TASKBENCH.get(label, label),
            *(between(run[what]["f1"], run[what]["interval_95"], 1) for what in ("nodes", "links")),
            run["ms"]["mean"],
        ]
        for label, run in runs.items()
    ]
    return table(["planner", "nodes", "links", "ms a plan"], [*rows, *([*row, None] for row in PUBLISHED)])


def taskbench_halves(runs: Runs) -> str:
    """The same for every second plan and for the others."""
    keys = [f"{what}, {half} half" for half in ("first", "second") for what in ("nodes", "links")]
    rows = [
        [TASKBENCH.get(label, label), *(between(run[key]["f1"], run[key]["interval_95"], 1) for key in keys)]
        for label, run in runs.items()
    ]
    return table(["planner", *keys], rows)


def local_llm(runs: Runs) -> str:
    """What became of the requests, by planner."""
    run = runs[""]
    rows = [
        [
            how if how == "offline" else f"{run['model']}, {how}",
            found["valid"],
            found["right"],
            sum(found["failed"].values()),
            found["asked_back"],
            f"{found['seconds']['median']:.1f} ({found['seconds']['most']:.1f})",
        ]
        for how, found in run["planners"].items()
    ]
    head = ["planner", "plans that pass the checker", "right tools", "refused", "asked back"]
    return table([*head, "seconds a request, median (most)"], rows)


def text_moderation(runs: Runs) -> str:
    """The figures that matter most of each set."""
    run = runs[""]
    rows = [
        [
            "set of OpenAI",
            f"average precision, {name}",
            found["of"],
            _area(found),
        ]
        for name, found in run["openai_mod"].items()
        if "label" in name or "recipe" in name
    ]
    rows += [
        ["XSTest", name, found["of"], _share(found)] for name, found in run["xstest"].items() if "share" in found
    ]
    hate = run["hatecheck"]
    rows.append(["HateCheck", "right about hate, at one in two", hate["right"]["of"], _share(hate["right"])])
    for name in ("right", "hateful told"):
        rows.append(
            ["HateCheck", f"gap between groups, {name}, in points", None, 100 * hate[f"gap between groups, {name}"]]
        )
    wrongly = [group["not hateful, wrongly told"]["share"] for group in hate["by group"].values()]
    gap = 100 * (max(wrongly) - min(wrongly))
    rows.append(["HateCheck", "gap between groups, wrongly told, in points", None, gap])
    rows += [
        ["what a picture would show", name, found["of"], _area(found) if "area" in found else _share(found)]
        for name, found in run["pictured"].items()
    ]
    for name, found in run.items():
        if "asked about or blocked" in found:
            texts = name.replace("do_not_answer", "Do-Not-Answer:").replace("_", " ")
            rows += [[texts, what, share["of"], _share(share)] for what, share in found.items()]
    return table(["measured on", "what", "texts", ""], rows)


def _area(found: Mapping[str, Any]) -> str:
    return between(found["area"], [found["low"], found["high"]])


def _share(found: Mapping[str, Any]) -> str:
    return percent(found["share"], found["low"], found["high"])


TABLES: dict[str, Callable[[Runs], str]] = {
    "moments": moments,
    "moments/thresholds": thresholds,
    "pictures": recall,
    "packaged_pictures": recall,
    "senses": senses,
    "languages": languages,
    "languages/photographs": photographs,
    "calibration": calibration,
    "image_safety": image_safety,
    "speech": speech,
    "planning": planning,
    "taskbench": taskbench,
    "taskbench/halves": taskbench_halves,
    "local_llm": local_llm,
    "text_moderation": text_moderation,
}
