"""What is committed as results is whole, and is what the page shows."""

import re
from pathlib import Path

import pytest

from benchmarks import entries, growth, tune
from bookbuild.results import benchmark, scaling

FOLDS, INTERVALS, TELLINGS, GROWTH, MACHINE, TRIES = (
    benchmark.read(f"{name}.json")
    for name in (
        *("folds", "intervals", "tellings"),
        *("growth", "machine", "tries"),
    )
)
README = (benchmark.BENCHMARKS / "README.md").read_text(encoding="utf-8")


def test_the_folds_have_the_agreed_columns_and_kinds():
    kinds = {
        "peer": str,
        "model": str,
        "params": dict,
        "tuned": bool,
        "fold_rmse": list,
        "fit_cpu_s": float,
        "fit_wall_s": float,
        "peak_mb": float,
        "version": str,
        "told": str,
        "seeds": int,
        "processor": str,
    }
    for row in FOLDS:
        found = {name: type(row[name]) for name in row if name != "tries"}
        assert found == kinds
        assert row["tries"] in ((None, tune.TRIES) if row["tuned"] else (0,))
        assert row["seeds"] >= 1
        assert len(row["fold_rmse"]) == 5
        assert all(0.8 < rmse < 1.2 for rmse in row["fold_rmse"])
        assert row["fit_cpu_s"] > 0 and row["peak_mb"] > 0


def test_the_folds_hold_every_entry_as_it_stands():
    names = ("peer", "model", "params", "tuned", "told")
    ran = [tuple(row[name] for name in names) for row in FOLDS]
    wanted = [
        (c.peer, c.model, dict(c.params), c.tuned, c.told)
        for c in entries.CONTENDERS
    ]
    assert ran == wanted


def test_a_row_names_the_tries_that_are_recorded():
    for row, contender in zip(FOLDS, entries.CONTENDERS, strict=True):
        assert row["tries"] == tune.n_tries(contender, TRIES)


def test_a_try_is_recorded_once_and_judged_on_three_tenths():
    kinds = {
        "peer": str,
        "model": str,
        "told": str,
        "params": dict,
        "rmse": float,
        "part_rmse": list,
        "fit_cpu_s": float,
        "version": str,
        "processor": str,
    }
    seen = []
    for each in TRIES:
        assert {name: type(each[name]) for name in each} == kinds
        assert len(each["part_rmse"]) == len(tune.JUDGES)
        mean = sum(each["part_rmse"]) / len(tune.JUDGES)
        assert each["rmse"] == pytest.approx(mean, abs=2e-6)
        seen.append([each[k] for k in ("peer", "model", "told", "params")])
    assert all(seen.count(each) == 1 for each in seen)


def test_each_row_of_our_sampler_is_compared_with_each_of_myfm():
    sampled, theirs = (
        [row for row in FOLDS if row[name] == value]
        for name, value in (
            ("model", "SampledFactorization"),
            ("peer", "myfm"),
        )
    )
    pairs = [
        (mine, other)
        for mine in sampled
        for other in theirs
        if mine["told"] == other["told"]
    ]
    assert len(TELLINGS) == len(pairs) == 2 * 4 + 3 * 2 * 2
    names = ("model", "params", "tuned", "told")
    for row in TELLINGS:
        ((mine, other),) = (
            pair
            for pair in pairs
            if [pair[1][name] for name in names] == [row[n] for n in names]
            and (pair[0]["params"], pair[0]["tuned"])
            == (row["ours"], row["ours_tuned"])
        )
        assert row["low"] <= row["difference"] <= row["high"]
        assert row["times"] > 0
        means = [sum(each["fold_rmse"]) / 5 for each in (mine, other)]
        assert abs(row["difference"] - (means[0] - means[1])) < 0.0005


def test_each_row_has_an_interval_around_its_difference():
    ours = entries.CONTENDERS.index(entries.OUR_MF)
    for place, (row, interval) in enumerate(
        zip(FOLDS, INTERVALS, strict=True)
    ):
        for name in ("peer", "model", "params", "tuned", "told"):
            assert interval[name] == row[name]
        assert interval["low"] <= interval["difference"] <= interval["high"]
        # All ratings in one against the mean over the folds: about the same.
        means = [sum(FOLDS[n]["fold_rmse"]) / 5 for n in (place, ours)]
        apart = interval["difference"] - (means[0] - means[1])
        assert abs(apart) < 0.0005
    assert INTERVALS[ours]["low"] == INTERVALS[ours]["high"] == 0


def test_every_peer_ran_at_its_defaults_and_tuned():
    models = {(r["peer"], r["model"]) for r in FOLDS if r["peer"] != "recslib"}
    assert len(models) == 11
    for model in models:
        kinds = {
            row["tuned"]
            for row in FOLDS
            if (row["peer"], row["model"]) == model
        }
        assert kinds == {False, True}, model


def test_the_growth_has_the_agreed_columns_from_1e5_to_1e7():
    kinds = {
        **{"peer": str, "model": str, "ratings": int},
        **{"fit_cpu_s": float, "times": float, "peak_mb": float},
    }
    for row in GROWTH:
        assert {name: type(row[name]) for name in row} == kinds
    sizes = list(dict.fromkeys(row["ratings"] for row in GROWTH))
    assert sizes == list(growth.SHAPES) == [10**5, 10**6, 10**7]
    for size in sizes:
        measured = [
            (row["peer"], row["model"])
            for row in GROWTH
            if row["ratings"] == size
        ]
        assert measured == [
            (each.peer, each.model) for each in growth.contenders(size)
        ]


def sampled():
    """Rows of the sampler, by the number of ratings."""
    return {
        row["ratings"]: row
        for row in GROWTH
        if row["model"] == "SampledFactorization"
    }


def test_ten_million_ratings_fit_on_a_laptop():
    cost = sampled()
    assert cost[10**7]["peak_mb"] < 2_500
    assert cost[10**6]["fit_cpu_s"] < 20 and cost[10**7]["fit_cpu_s"] < 180


def test_the_sampler_grows_as_the_ratings_do():
    assert scaling.slope(sampled()) < 1.05


def test_two_processes_give_the_answer_of_one_and_share_its_work():
    one, two, apart = benchmark.read("processes.json")
    told = [(row["processes"], row["fits"]) for row in (one, two, apart)]
    assert told == [(1, 1), (2, 1), (1, 2)]
    assert [len(row["cpu_s"]) for row in (one, two, apart)] == [1, 2, 2]
    assert one["rmse"] == two["rmse"] == apart["rmse"]
    assert max(two["cpu_s"]) < one["cpu_s"][0] / 1.6


def test_what_the_results_page_says_of_the_field_is_so():
    frame = benchmark.folds_frame(FOLDS, INTERVALS)
    assert (frame["u1"] > frame["rmse"]).all()
    averaged = frame["short"].str.contains("sampled|myFM")
    # At its defaults, the ordered probit is no closer than ours.
    probit = frame["model"].eq("myFM, ordered probit (C++)")
    ahead = averaged & ~(probit & frame["settings"].eq("defaults"))
    assert ahead.iloc[: ahead.sum()].all()
    assert (frame.loc[ahead, "high"] < 0).all()
    single = frame[~averaged]
    assert single["peer"].iloc[0] == "recslib"
    assert (single["low"].iloc[1:] > 0).all()
    theirs = single[single["peer"] != "recslib"]
    assert theirs["model"].iloc[0] == "cornac MF (C++)"


def test_our_sampler_is_ahead_of_all_of_myfm_that_is_told_the_same():
    for row in TELLINGS:
        if row["ours_tuned"]:
            assert row["high"] < 0
            # Within one and a half times the seconds of who is tuned too.
            assert row["times"] < 1.5 or not row["tuned"]


def test_the_machine_is_described_by_what_it_has_and_not_by_its_name():
    assert set(MACHINE) == {
        "processor",
        "cores",
        "memory_gb",
        "system",
        "python",
        "load_at_start",
        "versions",
    }
    assert "/" not in str(MACHINE) and "\\" not in str(MACHINE)


def test_versions_in_the_results_are_the_pinned_ones():
    text = (benchmark.BENCHMARKS / "requirements.txt").read_text(
        encoding="utf-8"
    )
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE))
    for row in FOLDS:
        if row["peer"] != "recslib":
            assert row["version"] == pins[row["peer"]]
    for name, version in MACHINE["versions"].items():
        # torch says which build it is behind a plus sign.
        if name != "recslib":
            assert version.partition("+")[0] == pins[name]


@pytest.mark.parametrize(
    "name", re.findall(r"^\| `(\w+\.py)`", README, re.MULTILINE)
)
def test_every_file_in_the_readmes_list_exists(name):
    assert (Path(benchmark.BENCHMARKS) / name).exists()
