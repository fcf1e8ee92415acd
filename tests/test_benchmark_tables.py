"""The tables and curves of the benchmarks say what their results say; the results here show which shape they have."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from .test_benchmarks import at_home, benchmark

__all__ = ["at_home"]
SVG = "{http://www.w3.org/2000/svg}"
SPEED = {
    "index_speed": {
        "": {
            "modes": {
                "full": {
                    "x_realtime": {"median": 6.0, "range": [5.5, 6.5]},
                    "cpu_s": 20.5,
                    "limit_x_realtime": 10.0,
                    "ratio_to_limit": 0.6,
                    "stages": {"decode": {"cpu_s": 7.2, "x_realtime": 16.6}},
                }
            }
        }
    },
    "index_memory": {"": {"lengths": [{"minutes": 1, "peak_mib": 800.0}, {"minutes": 10, "peak_mib": 820.0}]}},
    "search_scale": {
        "": {
            "sizes": [
                {
                    "segments": 10_000,
                    "total_ms": {"p50": 9.5, "p99": 12.0},
                    "two minutes_ms": {"p50": 4.5, "p99": 6.0},
                    "vectors everywhere_ms": {"p50": 1.9, "p99": 2.5},
                    "recall@10 everywhere": 1.0,
                    "memory_mb": {"resident": 512.4},
                    "disk_mb": {"catalog.sqlite": 30.0, "vectors": 12.5},
                    "peers": {
                        "numpy": {"build_s": 0.5, "everywhere": {"ms": {"p50": 2.4, "p99": 3.0}, "recall@10": 1.0}},
                        "chroma": {"build_s": 8.0, "one video": "it has no filter"},
                        "hnswlib": "skipped: is not installed",
                    },
                },
                {"segments": 100_000, "total_ms": {"p50": 20.0, "p99": 25.0}, "peers": "not run beyond 10,000"},
            ]
        }
    },
    "peers": {
        "": {
            "results": [
                {
                    "work": "find",
                    "peer": "Playhead",
                    **{key: {"median": 2.0} for key in ("wall_s", "cpu_s", "peak_mib")},
                },
                {
                    "work": "find",
                    "peer": "other",
                    **{key: {"median": 5.0} for key in ("wall_s", "cpu_s", "peak_mib")},
                },
                {"work": "clips", "peer": "other", "reason": "it cuts nothing"},
            ]
        }
    },
    "endurance": {
        "": {
            "rows": [{"what": "kill -9", "tried": 100, "lost": 0, "leaked": 0, "seconds": 80.5}],
            "soak": {
                "minutes": 60.0,
                "cycles": 1200,
                "requests": 4000,
                "growth": {"rss_mb": {"per_hour": 1.5, "in_all": 1.4, "may_per_hour": 20.0}},
                "curves": {"at_s": [0, 60, 120], "rss_mb": [400.0, 410.0, 411.0], "descriptors": [20, 20, 20]},
            },
        }
    },
}


BOTH = {"share": 0.5, "interval_95": [0.4, 0.6]}
SHARE = {"share": 0.25, "low": 0.2, "high": 0.3, "of": 40}
TOLD = {"queries to English": BOTH, "English to queries": BOTH, "spoken to English": BOTH, "English to spoken": BOTH}
COST = {"MB": 91.0, "first en CPU-s": 0.5, "first ja CPU-s": 0.75}
SCORES = {"queries": 2, "R1@0.5": 0.5, "false_rejection": 0.0, "interval_95": {"R1@0.5": [0.0, 1.0]}}
ABSENT = {"queries": 1, "rejection": 1.0, "interval_95": {"rejection": [1.0, 1.0]}}
HATE = {"right": SHARE, "gap between groups, right": 0.04, "gap between groups, hateful told": 0.09}
QUALITY: dict[str, tuple[Any, str]] = {
    "moments": (
        {
            "slides a": {"per_modality": {"absent": ABSENT, "visual": SCORES}},
            "slides b": {"per_modality": {"absent": ABSENT, "visual": SCORES}},
        },
        "| slides | absent (1) | `b` | | | | | | 1.000 [1.000, 1.000], rightly | | slides | visual (2) | `a` |",
    ),
    "moments/thresholds": (
        {"slides a": {"turned_away": {"visual": {"0.1": 0.0, "0.2": 0.5}}}},
        "| turned away at | 0.10 | 0.20 | | --- | --- | --- | | visual | 0.000 | 0.500 |",
    ),
    "senses": (
        {"": {"grey": {"R@1": 0.5, "R@10": 1.0, "interval_95": {"R@1": [0, 1]}}}},
        "| grey | 0.500 [0.000, 1.000]",
    ),
    "languages": (
        {"": {"texts": {"use": {"all six": TOLD}}, "cost": {"use": COST}, "within English": {"use": BOTH}}},
        "0.50 [0.40, 0.60] | 0.50 [0.40, 0.60] | 0.500 [0.400, 0.600] | 91 | 0.50, 0.75 |",
    ),
    "languages/photographs": ({"": {"pictures": {"ja": {"R@1": 0.5, "R@5": 1.0}}}}, "| ja | 0.500 | 1.000 |"),
    "calibration": (
        {
            "default": {
                "speech": {
                    "middle": 0.57,
                    "slope": 13.7,
                    "answers": 9000,
                    "log_loss": 0.24,
                    "interval_95": [0.2, 0.3],
                    "share_alone": 0.44,
                }
            }
        },
        "| speech | 0.570 | 13.7 | 9,000 | 0.240 [0.200, 0.300] | 0.440 |",
    ),
    "image_safety": (
        {
            "": {
                "folders": {
                    "CASES/videos": {"pictures": 158, "reach": {"sexual": {"0.3": 2, "0.5": 1}}, "cpu_ms": 59.0}
                }
            }
        },
        "| videos | 158 | 2 / 1 | 59.0 |",
    ),
    "speech": (
        {
            "": {
                "a": {
                    "cards": {"recordings": 5, "errors": 5, "words": 20, "interval_95": [0.1, 0.4]},
                    "silence": {"text": ""},
                }
            }
        },
        "| cards | 5 | 20 | 5 errors, 25.0 % [10.0, 40.0] | | silence, 20 s | 1 | 0 | no words |",
    ),
    "local_llm": (
        {
            "": {
                "model": "m.gguf",
                "planners": {
                    "held": {
                        "valid": 8,
                        "right": 0,
                        "failed": {"PlanError": 12},
                        "asked_back": 0,
                        "seconds": {"median": 17.0, "most": 47.0},
                    }
                },
            }
        },
        "| m.gguf, held | 8 | 0 | 12 | 0 | 17.0 (47.0) |",
    ),
    "text_moderation": (
        {
            "": {
                "openai_mod": {"any label": {"area": 0.77, "low": 0.7, "high": 0.8, "of": 331, "held": 166}},
                "xstest": {"safe, blocked": SHARE, "safe, stopped, by kind": {}},
                "hatecheck": HATE
                | {
                    "by group": {
                        "a": {"not hateful, wrongly told": SHARE},
                        "b": {"not hateful, wrongly told": {"share": 0.5}},
                    }
                },
                "pictured": {"prompts": {"area": 0.97, "low": 0.96, "high": 0.98, "of": 1020, "held": 480}},
                "ordinary requests": {"asked about or blocked": SHARE},
            }
        },
        "| HateCheck | gap between groups, wrongly told, in points | | 25.0 | "
        "| what a picture would show | prompts | 1,020 | 0.970 [0.960, 0.980] | | ordinary requests |",
    ),
}


@pytest.mark.parametrize("name", QUALITY)
def test_tables_of_quality(name: str) -> None:
    tables = benchmark("quality_tables").TABLES
    runs, told = QUALITY[name]
    assert told in " ".join(tables[name](runs).split())
    assert set(tables) - set(QUALITY) == {
        "pictures",
        "packaged_pictures",
        "planning",
        "taskbench",
        "taskbench/halves",
    }


def test_tables_and_curves_of_speed() -> None:
    speed = benchmark("speed_tables")
    told = {name: speed.TABLES[name](runs) for name, runs in SPEED.items()}
    assert "| full | 6.00 [5.50, 6.50] | 20.5 | 10.0 | 0.60 |" in told["index_speed"]
    assert "| full | decode | 7.20 | 16.6 |" in speed.stages(SPEED["index_speed"])
    assert "| 10 | 820 |" in told["index_memory"]
    assert "| 10,000 | 9.50 / 12.0 |" in told["search_scale"]
    assert "| 512 | 42.5 |" in told["search_scale"]
    engines = " ".join(speed.engines(SPEED["search_scale"]).split())
    assert "| 10,000 | Playhead | everywhere | 1.90 / 2.50 | 1.00 |" in engines
    assert "| 10,000 | numpy | everywhere | 2.40 / 3.00 | 1.00 | | 0.50 |" in engines
    assert "| 10,000 | chroma | one video | | | | 8.00 | it has no filter |" in engines
    assert "| 10,000 | hnswlib | | | | | | skipped: is not installed |" in engines
    assert "| find | other | 5.00 | 5.00 | 2.50 | 5.00 |" in told["peers"]
    assert "| clips | other | | | | | it cuts nothing |" in " ".join(told["peers"].split())
    assert "| kill -9 | 100 | 0 | 0 | 80.5 |" in told["endurance"]
    grew = speed.growth(SPEED["endurance"])
    assert grew.startswith("60 minutes, 1,200 cycles, 4,000 requests answered meanwhile.")
    assert "| memory with free pages, MB | 1.50 | 1.40 | 20.0 |" in grew
    figures = {
        name: figure
        for name, runs in SPEED.items()
        if name in speed.FIGURES
        for name, figure in speed.FIGURES[name](runs).items()
    }
    assert set(figures) == {
        "index-memory", "search-scale", "search-scale-filtered", "soak-memory", "soak-handles",
    }  # fmt: skip
    assert figures["search-scale"].curves == {
        "Playhead, vectors": [(10_000.0, 1.9)],
        "numpy, vectors": [(10_000.0, 2.4)],
        "Playhead, whole search": [(10_000.0, 9.5), (100_000.0, 20.0)],
    }
    assert figures["search-scale-filtered"].curves == {"Playhead, whole search": [(10_000.0, 4.5)]}


def test_curves_lie_where_their_values_are() -> None:
    curves = benchmark("curves")
    figure = curves.Figure(
        "Latency & size",
        "segments",
        "ms",
        {"a": [(100, 1), (10, 10), (1000, 0)], "none": [(0, 5)]},
        log_x=True,
        log_y=True,
    )
    drawn = ET.fromstring(curves.svg(figure))
    (line,) = drawn.findall(f"{SVG}polyline")
    places = [tuple(map(float, place.split(","))) for place in line.attrib["points"].split()]
    left, right, top, bottom = curves.LEFT, curves.WIDTH - curves.RIGHT, curves.TOP, curves.HEIGHT - curves.BOTTOM
    assert places == [(left, top), (right, bottom)]  # in order of x; what a logarithm has no place for is left out
    words = [text.text for text in drawn.iter(f"{SVG}text")]
    assert {"Latency & size", "segments", "ms", "a", "10", "100"} <= set(words)
    flat = curves.Figure("Flat", "x", "y", {"a": [(0, 3), (10, 3)]})
    assert "NaN" not in curves.svg(flat)
    with pytest.raises(ValueError, match="nothing to draw"):
        curves.svg(curves.Figure("Empty", "x", "y", {"a": []}))
