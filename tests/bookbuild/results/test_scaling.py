import re

import pytest

from bookbuild.results import benchmark, page, scaling


def row(peer, model, ratings, seconds, times):
    return {
        "peer": peer,
        "model": model,
        "ratings": ratings,
        "fit_cpu_s": seconds,
        "times": times,
        "peak_mb": 1_234.4,
    }


ALS = ("implicit", "AlternatingLeastSquares")
SAMPLED = ("recslib", "SampledFactorization")
GROWTH = [
    row(*ALS, 1_000, 0.5, 1.0),
    row(*SAMPLED, 1_000, 3.0, 6.0),
    row("myfm", "MyFMGibbsRegressor", 1_000, 4.0, 8.0),
    row(*ALS, 100_000, 50.0, 1.0),
    row(*SAMPLED, 100_000, 30.0, 0.6),
]


def test_a_slope_is_the_power_by_which_seconds_grow():
    for model, wanted in ((ALS, 1.0), (SAMPLED, 0.5)):
        own = {r["ratings"]: r for r in GROWTH if r["model"] == model[1]}
        assert scaling.slope(own) == pytest.approx(wanted)


def test_growth_has_a_line_a_model_and_a_dash_where_none_was_measured():
    lines = scaling.growth_markdown(
        [*GROWTH, row("myfm", "MyFMGibbsRegressor", 10_000, 40.0, 1.0)]
    ).splitlines()
    assert lines[0] == (
        "| Model | 1,000 | 100,000 | 10,000 | Slope | Peak MB |"
    )
    assert lines[2] == (
        "| implicit ALS (C++) | 0.500 (1.0) | 50.0&numsp;&numsp; (1.0) | - "
        "| 1.00 | 1,234 |"
    )
    assert lines[4].startswith("| myFM (C++) | 4.00&numsp; (8.0) | - |")


def test_fits_in_several_processes_have_a_line_each():
    made = {
        **{"ratings": 100, "sweeps": 20, "wall_s": 6.25, "peak_mb": 1_100},
        **{"rmse": 0.81234567, "load_at_start": 1.0},
    }
    lines = scaling.processes_markdown(
        [
            {**made, "processes": 1, "fits": 1, "cpu_s": [6.0]},
            {**made, "processes": 2, "fits": 1, "cpu_s": [3.04, 2.96]},
        ]
    ).splitlines()
    assert lines[2] == "| 1 | 1 | 6.0 | 6.2 | 1.0 | 1,100 | 0.812346 |"
    assert lines[3] == "| 2 | 1 | 3.0 and 3.0 | 6.2 | 1.0 | 1,100 | 0.812346 |"


@pytest.mark.parametrize("name", ["growth", "processes"])
def test_a_page_may_have_a_mark_for_it_and_the_way_to_measure_it(name):
    made = page.built([])[name]()
    assert f":name: table-{name}" in made
    assert "`make bench`" in made and ".json`" in made
    (table,) = re.findall(r"```\{table\}.*?\n\n(.*?)\n```", made, re.DOTALL)
    assert all(line.startswith("|") for line in table.splitlines())


def test_everybody_measured_has_a_name_for_the_table():
    for measured in benchmark.read("growth.json"):
        assert (measured["peer"], measured["model"]) in benchmark.NAMES
