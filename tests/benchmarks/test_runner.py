"""The benchmark's own parts, with none of the peers installed."""

import json
import sys
import time

import numpy as np
import pytest

from benchmarks import folds, growth, measure, tune, turns
from benchmarks.contenders import Contender
from benchmarks.entries import CONTENDERS, OUR_MF, OUR_NETWORK
from bookbuild.results import benchmark
from recslib.movielens import synthetic
from recslib.recipes import fit_dense_net, fit_factorization
from recslib.training import predict

SETTINGS = {
    "n_factors": 4,
    "first_scale": 30.0,
    "learning_rate": 0.01,
    "l2": 0.05,
    "ridge": 1.0,
    "momentum": 0.5,
    "n_epochs": 3,
    "batch_size": 256,
}
ROW = {
    "peer": "cornac",
    "model": "MF",
    "params": {},
    "tuned": True,
    "fold_rmse": [0.9, 0.92, 0.94, 0.92, 0.92],
    "fit_cpu_s": 0.0312,
    "fit_wall_s": 0.05,
    "peak_mb": 301.6,
    "version": "1.0",
}
BEHIND = {"difference": 0.0021, "low": -0.0003, "high": 0.0042}
LEVEL = {"difference": 0.0, "low": 0.0, "high": 0.0}


# Ours ------------------------------------------------------------------------


def test_a_fit_of_ours_does_better_than_the_mean():
    ratings = synthetic(n_ratings=3_000).ratings
    settings = {**SETTINGS, "n_epochs": 20}
    ours = Contender("recslib", "MatrixFactorization", settings)
    predicted = ours.prepare(ratings)()(ratings)
    errors = predicted - ratings.ratings.numpy()
    assert predicted.shape == (3_000,)
    assert errors.std() < 0.7 * ratings.ratings.numpy().std()


def test_our_mf_runs_here_as_it_does_in_the_library():
    ratings = synthetic(n_ratings=3_000).ratings
    model = fit_factorization(ratings, batch_size=2_048)
    wanted = predict(model, (ratings.users, ratings.items))
    got = OUR_MF.prepare(ratings)()(ratings)
    assert np.array_equal(got, wanted.numpy())


def test_our_network_runs_here_as_it_does_in_the_library():
    ratings = synthetic(n_ratings=3_000).ratings
    wanted = predict(fit_dense_net(ratings), (ratings.users, ratings.items))
    got = OUR_NETWORK.prepare(ratings)()(ratings)
    assert np.array_equal(got, wanted.numpy())


def test_an_unknown_model_is_refused_by_name():
    with pytest.raises(ValueError, match="no 'SVD' here"):
        Contender("recslib", "SVD").prepare(synthetic().ratings)


# Measuring -------------------------------------------------------------------


def test_sleeping_takes_wall_time_and_no_cpu_time():
    result, cost = measure.timed(lambda: time.sleep(0.2) or "done")
    assert result == "done"
    assert cost.fit_wall_s >= 0.2
    assert cost.fit_cpu_s < 0.1


def test_the_peak_does_not_fall_when_memory_is_given_back():
    before = measure.peak_mb()
    held = np.ones(30_000_000)
    during = measure.peak_mb()
    del held
    assert during - before > 100 or before > 240
    assert measure.peak_mb() >= during


def test_a_process_of_its_own_has_one_thread_and_prints_json(tmp_path):
    script = tmp_path / "said.py"
    script.write_text(
        "import json, os, sys\n"
        "print('something else first')\n"
        "threads = os.environ['OMP_NUM_THREADS']\n"
        "print(json.dumps({'threads': threads, 'told': sys.argv[1:]}))\n"
    )
    said = measure.in_own_process(str(script), "one", "2")
    assert said == {"threads": "1", "told": ["one", "2"]}


def test_a_process_that_fails_says_why(tmp_path):
    script = tmp_path / "fails.py"
    script.write_text("raise SystemExit('no such film')")
    with pytest.raises(RuntimeError, match=r"fails\.py a failed.*\n.*no such"):
        measure.in_own_process(str(script), "a")


def test_what_is_printed_is_what_the_other_side_reads(capsys):
    measure.print_result({"rmse": 0.9}, measure.Cost(1.0, 2.0, 3.0))
    assert json.loads(capsys.readouterr().out) == {
        "rmse": 0.9,
        "fit_cpu_s": 1.0,
        "fit_wall_s": 2.0,
        "peak_mb": 3.0,
    }


# Rows and tables -------------------------------------------------------------


def test_a_row_has_all_folds_and_the_median_cost():
    cost = {"rmse": 0.9, "fit_wall_s": 9.0, "peak_mb": 300.04}
    measured = [
        {**cost, "fit_cpu_s": cpu, "version": "1.0"}
        for cpu in (3.0, 1.0, 2.0, 50.0, 2.5)
    ]
    row = turns.row(Contender("cornac", "MF", {"k": 8}, True), measured)
    assert row == {
        "peer": "cornac",
        "model": "MF",
        "params": {"k": 8},
        "tuned": True,
        "fold_rmse": [0.9] * 5,
        "fit_cpu_s": 2.5,
        "fit_wall_s": 9.0,
        "peak_mb": 300.0,
        "version": "1.0",
    }


def test_the_frame_averages_folds_and_puts_the_best_first():
    better = {
        **ROW,
        "peer": "recslib",
        "model": "MatrixFactorization",
        "params": {"n_factors": 8, "n_epochs": 5},
        "fold_rmse": [0.89, 0.9, 0.91, 0.9, 0.9],
    }
    frame = benchmark.folds_frame([ROW, better], [BEHIND, LEVEL])
    assert frame["settings"].tolist() == ["8 factors, 5 epochs", "tuned"]
    assert frame["rmse"].tolist() == pytest.approx([0.9, 0.92])
    # Squared distances from 0.92: 4e-4 twice, over n - 1 = 4.
    assert frame["sd"].tolist()[1] == pytest.approx((8e-4 / 4) ** 0.5)
    assert frame["u1"].tolist() == [0.89, 0.9]
    assert frame["behind"].tolist() == [0.0, 0.0021]


def shown_lines(rows, intervals):
    frame = benchmark.folds_frame(rows, intervals)
    return benchmark.markdown(frame).splitlines()


def test_a_line_of_the_table_holds_what_a_reader_compares():
    lines = shown_lines([ROW], [BEHIND])
    assert len(lines) == 3
    assert lines[2] == (
        "| cornac MF (C++) | tuned | 0.9200 | 0.0141 | 0.9000 "
        "| +0.0021 (-0.0003 to +0.0042) | 0.031 | 302 |"
    )
    *_, level = shown_lines([ROW], [LEVEL])
    assert "| 0.9000 | - | 0.031 |" in level


def test_seconds_keep_their_dots_below_each_other():
    rows = [ROW | {"fit_cpu_s": seconds} for seconds in (0.031, 3.18, 41.24)]
    lines = shown_lines(rows, [BEHIND] * 3)
    shown = [line.split(" | ")[-2] for line in lines[2:]]
    assert shown == ["0.031", "3.18&numsp;", "41.2&numsp;&numsp;"]


def test_a_contender_is_behind_by_what_its_errors_are_larger():
    # Ours is a star off everywhere, one contender two, another exact.
    split = tune.splits.random_split(synthetic().ratings)
    exact = split.test.ratings.double()
    rows = turns.behind([exact + 2, exact + 1, exact], exact + 1, [split])
    assert [list(row.values()) for row in rows] == [[1] * 3, [0] * 3, [-1] * 3]
    assert rows[0] == {"difference": 1, "low": 1, "high": 1}


def test_the_folds_compare_everybody_with_our_mf(monkeypatch):
    split = tune.splits.random_split(synthetic().ratings)
    exact = split.test.ratings.double()
    ours = CONTENDERS.index(OUR_MF)

    def in_turn(contenders, parts, script, *arguments):
        assert (script, arguments) == (folds.__file__, ("one",))
        cost = {"fit_cpu_s": 1.0, "fit_wall_s": 1.0, "peak_mb": 1.0}
        measured = [[{"rmse": 0.9, "version": "1", **cost}]] * len(contenders)
        predictions = [exact.clone() for _ in contenders]
        predictions[ours] += 1
        return measured, predictions

    monkeypatch.setattr(folds, "in_turn", in_turn)
    rows, intervals = folds.run([split])
    for contender, row, interval in zip(
        CONTENDERS, rows, intervals, strict=True
    ):
        assert row["peer"] == interval["peer"] == contender.peer
        assert interval["difference"] == (0 if contender == OUR_MF else -1)


# Made-up ratings -------------------------------------------------------------


@pytest.fixture(scope="module")
def made():
    return growth.made_up(100_000, seed=1)


def test_made_up_ratings_keep_movielens_proportions_at_any_size(made):
    assert growth.sizes(1_000_000) == (9_430, 16_820)
    assert {len(part) for part in made.values()} == {100_000}
    assert made["users"].max() < 943 and made["items"].max() < 1_682
    assert set(np.unique(made["ratings"])) == {1, 2, 3, 4, 5}


def test_made_up_pairs_are_unique_and_the_seed_decides(made):
    pairs = made["users"] * 1_682 + made["items"]
    assert len(np.unique(pairs)) == 100_000
    again, other = growth.made_up(100_000, seed=1), growth.made_up(100_000, 2)
    assert (made["ratings"] == again["ratings"]).all()
    assert (made["ratings"] != other["ratings"]).any()


def test_too_few_ratings_for_different_pairs_are_refused():
    with pytest.raises(ValueError, match=r"for 10,000 ratings; ask for 100"):
        growth.made_up(10_000)


def test_what_is_made_up_comes_back_from_the_disk(made, tmp_path):
    for name, values in made.items():
        np.save(tmp_path / f"{name}.npy", values)
    ratings = growth.load(tmp_path)
    assert (ratings.n_users, ratings.n_items) == (943, 1_682)
    assert (ratings.ratings.numpy() == made["ratings"]).all()


def test_a_peer_that_needs_too_much_memory_stops_at_its_limit():
    small = [entry.peer for entry in growth.contenders(1_000_000)]
    large = [entry.peer for entry in growth.contenders(3_000_000)]
    assert small == ["recslib", "cornac", "lenskit", "scikit-surprise"]
    assert large == ["recslib", "cornac", "lenskit"]


def test_batches_grow_with_the_ratings():
    ours, *_ = growth.contenders(1_000_000)
    assert ours.params["batch_size"] == 25_000


# Tuning ----------------------------------------------------------------------


def test_a_grid_pairs_every_value_with_all_others():
    found = list(tune.combinations({"a": [1, 2], "b": [3, 4], "c": [5]}))
    assert found == [
        {"a": 1, "b": 3, "c": 5},
        {"a": 1, "b": 4, "c": 5},
        {"a": 2, "b": 3, "c": 5},
        {"a": 2, "b": 4, "c": 5},
    ]


def test_tuning_reads_validation_and_never_the_test_part(monkeypatch):
    split = tune.splits.carve_validation(
        tune.splits.random_split(synthetic().ratings), 0.2
    )
    # A test part that cannot be read: touching it would raise.
    object.__setattr__(split, "test", None)
    grid = {**{name: [SETTINGS[name]] for name in SETTINGS}, "l2": [0.05, 9.0]}
    key = ("recslib", "MatrixFactorization")
    monkeypatch.setitem(tune.GRIDS, key, grid)
    found = tune.tune(*key, split)
    assert list(found) == ["l2", "rmse", "cpu_s"]
    assert found["l2"].tolist() == [0.05, 9.0]
    assert found["rmse"].is_monotonic_increasing


@pytest.mark.parametrize("future", [False, True])
def test_for_the_future_the_newest_ratings_are_the_validation_part(
    monkeypatch, capsys, future
):
    made = synthetic(n_ratings=3_000)
    asked = []

    def stand_in(peer, model, split):
        asked.append((peer, model, split))
        return tune.pd.DataFrame()

    monkeypatch.setattr(tune, "tune", stand_in)
    monkeypatch.setattr(tune.movielens, "load", lambda name: made)
    monkeypatch.setattr(
        tune.splits,
        "published_folds",
        lambda ratings: [tune.splits.random_split(ratings)],
    )
    options = ["--future"] if future else []
    monkeypatch.setattr(sys, "argv", ["tune.py", "cornac", "MF", *options])
    tune.main()
    ((peer, model, split),) = asked
    assert (peer, model) == ("cornac", "MF")
    parts = (split.train, split.validation, split.test)
    firsts = [part.timestamps.min() for part in parts]
    lasts = [part.timestamps.max() for part in parts]
    in_order = lasts[0] < firsts[1] and lasts[1] < firsts[2]
    assert in_order == future
