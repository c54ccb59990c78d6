"""The benchmark's own parts, with none of the peers installed."""

import json
import sys
import time
from dataclasses import replace
from itertools import chain
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest
import torch

from benchmarks import (
    contenders,
    folds,
    growth,
    measure,
    processes,
    tune,
    turns,
)
from benchmarks.contenders import Contender
from benchmarks.entries import CONTENDERS, OUR_MF, OUR_NETWORK, SEQUENCES
from benchmarks.tellings import (
    TELLINGS,
    flags,
    in_directions,
    kinds,
    tell,
)
from bookbuild.results import benchmark
from recslib import recipes, splits
from recslib.features import implicit_feedback, side_features
from recslib.movielens import synthetic
from recslib.recipes import fit_dense_net, fit_factorization
from recslib.sampling import sample_factorization
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
    "told": "ids",
    "tries": 12,
    "seeds": 1,
    "processor": "A",
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
    large = {"batch_size": 2_048, "n_epochs": recipes.N_EPOCHS}
    model = fit_factorization(ratings, **large)
    wanted = predict(model, (ratings.users, ratings.items))
    got = OUR_MF.prepare(ratings)()(ratings)
    assert np.array_equal(got, wanted.numpy())


def test_our_network_runs_here_as_it_does_in_the_library():
    ratings = synthetic(n_ratings=3_000).ratings
    model = fit_dense_net(ratings, n_epochs=recipes.N_NETWORK_EPOCHS)
    wanted = predict(model, (ratings.users, ratings.items))
    got = OUR_NETWORK.prepare(ratings)()(ratings)
    assert np.array_equal(got, wanted.numpy())


def test_our_sampler_hears_here_what_it_hears_in_the_library():
    data = synthetic(n_ratings=3_000)
    ratings, side = data.ratings, side_features(data)
    ours = Contender(
        "recslib", "SampledFactorization", {"n_sweeps": 8}, told="all"
    )
    told = tell(ratings, "all", side)
    model = sample_factorization(
        ratings,
        n_sweeps=8,
        user_features=told.users,
        item_features=told.items,
    )
    wanted = predict(model, (ratings.users, ratings.items))
    got = ours.prepare(ratings, side=side)()(ratings)
    assert np.array_equal(got, wanted.numpy())


@pytest.mark.parametrize("telling", ["flags", "all"])
def test_flags_in_directions_are_those_of_the_chapters(telling):
    data = synthetic(n_ratings=3_000)
    ratings, side = data.ratings, side_features(data)
    wanted = implicit_feedback(ratings, 7).features
    if telling == "all":
        wanted = side.beside(wanted)
    told = tell(ratings, telling, side)
    said = in_directions(told, ratings, 7)
    assert torch.equal(said.users, wanted.users)
    assert torch.equal(said.items, wanted.items)
    for table, kinds_of in (
        (said.users, said.user_kinds),
        (said.items, said.item_kinds),
    ):
        assert sum(map(sum, kinds_of)) == table.shape[1]
        assert kinds_of[-1] == (7,)
    settings = {"n_sweeps": 6}
    ours = Contender(
        "recslib",
        "SampledFactorization",
        {**settings, "n_directions": 7},
        told=telling,
    )
    model = sample_factorization(
        ratings,
        user_features=wanted.users,
        item_features=wanted.items,
        **settings,
    )
    got = ours.prepare(ratings, side=side)()(ratings)
    stars = predict(model, (ratings.users, ratings.items))
    assert np.array_equal(got, stars.numpy())


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


def test_a_result_is_written_whole_and_read_back(results):
    assert measure.read("new.json") == []
    measure.write("new.json", [{"rmse": 0.9}])
    assert measure.read("new.json") == [{"rmse": 0.9}]
    assert [file.name for file in results.iterdir()] == ["new.json"]


# myFM, without it ------------------------------------------------------------


class StandIn:
    """Takes what myFM's classes take; predicts the number of the rating."""

    made: ClassVar[list["StandIn"]] = []

    def __init__(self, **settings):
        self.settings = settings
        self.made.append(self)

    def fit(self, main, wanted, blocks, **how):
        self.main, self.wanted, self.blocks, self.how = (
            *(main, wanted, blocks),
            how,
        )
        return self

    def predict(self, main, blocks):
        return np.arange(len(blocks[0][0]))

    def predict_proba(self, main, blocks):
        return np.full((len(blocks[0][0]), 5), 0.2)


@pytest.fixture
def stand_in(monkeypatch):
    module = SimpleNamespace(
        RelationBlock=lambda *block: block,
        MyFMGibbsRegressor=StandIn,
        MyFMOrderedProbit=StandIn,
    )
    monkeypatch.setitem(sys.modules, "myfm", module)
    monkeypatch.setattr(contenders, "_own_ids", lambda told: told)
    StandIn.made.clear()
    return StandIn.made


def test_myfm_gets_a_block_a_side_and_its_groups(stand_in):
    data = synthetic(n_ratings=900)
    ratings, side = data.ratings, side_features(data)
    params = {"rank": 4, "n_iter": 7, "init_stdev": 0.2}
    contender = Contender("myfm", "MyFMGibbsRegressor", params, told="all")
    predict_test = contender.prepare(ratings, seed=3, side=side)()
    (made,) = stand_in
    assert made.settings == {"rank": 4, "init_stdev": 0.2, "random_seed": 3}
    assert made.main is None and made.how["n_iter"] == 7
    told = tell(ratings, "all", side)
    (users, of_users), (items, of_items) = made.blocks
    assert np.array_equal(users, ratings.users.numpy())
    assert np.array_equal(items, ratings.items.numpy())
    assert torch.equal(of_users, told.users)
    assert torch.equal(of_items, told.items)
    ids = ratings.n_users + ratings.n_items
    columns = ids + told.users.shape[1] + told.items.shape[1]
    assert sum(made.how["group_shapes"]) == columns
    assert np.array_equal(made.wanted, ratings.ratings.numpy())
    assert np.array_equal(predict_test(ratings), np.arange(900))


def test_the_ordered_probit_counts_from_0_and_answers_in_stars(stand_in):
    ratings = synthetic(n_ratings=900).ratings
    contender = Contender("myfm", "MyFMOrderedProbit", {"rank": 4})
    predicted = contender.prepare(ratings)()(ratings)
    (made,) = stand_in
    assert made.wanted.dtype.kind == "i"
    assert np.array_equal(made.wanted + 1, ratings.ratings.numpy())
    assert predicted == pytest.approx(np.full(900, 3.0))


def test_another_model_of_myfm_is_refused(stand_in):
    told = tell(synthetic().ratings, "ids")
    with pytest.raises(ValueError, match="no 'VariationalFM' here"):
        contenders.prepare_myfm(
            synthetic().ratings, "VariationalFM", {}, 0, told
        )


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


def shown_lines(rows, intervals, write=benchmark.markdown):
    return write(benchmark.folds_frame(rows, intervals)).splitlines()


def test_a_line_of_the_table_holds_what_a_reader_compares():
    lines = shown_lines([ROW], [BEHIND])
    assert len(lines) == 3
    assert lines[2] == (
        "| cornac MF (C++) | ids | tuned | 12 | 1 | 0.9200 | 0.0141 | 0.9000 "
        "| +0.0021 (-0.0003 to +0.0042) | 0.031 | 302 |"
    )
    level = shown_lines([ROW], [LEVEL])[2]
    assert "| 0.9000 | - | 0.031 |" in level


def test_seconds_keep_their_dots_below_each_other():
    rows = [ROW | {"fit_cpu_s": seconds} for seconds in (0.031, 3.18, 41.24)]
    lines = shown_lines(rows, [BEHIND] * 3)
    shown = [line.split(" | ")[-2] for line in lines[2:5]]
    assert shown == ["0.031", "3.18&numsp;", "41.2&numsp;&numsp;"]


def test_the_table_says_where_tries_are_not_recorded_or_not_wanted():
    rows = [ROW | {"tries": tries} for tries in (None, 0, 12)]
    lines = shown_lines(rows, [BEHIND] * 3)
    shown = [line.split(" | ")[3] for line in lines[2:5]]
    assert shown == ["not recorded", "-", "12"]


def test_seconds_of_another_processor_are_marked_and_said():
    rows = [ROW, ROW, ROW | {"processor": "B"}]
    lines = shown_lines(rows, [BEHIND] * 3)
    marked = [line.split(" | ")[-2].endswith("\\*") for line in lines[2:5]]
    assert marked == [False, False, True]
    said = shown_lines(rows, [BEHIND] * 3, benchmark.remarks)
    assert "another processor (B) than the rest (A)" in said[0]
    (said,) = shown_lines([ROW], [BEHIND], benchmark.remarks)
    assert "processor" not in said


def test_words_below_the_table_name_peers_that_are_ahead():
    ours = {
        **ROW,
        "peer": "recslib",
        "model": "MatrixFactorization",
        "params": {"n_factors": 8, "n_epochs": 5},
        "fold_rmse": [0.91] * 5,
    }
    ahead = {"difference": -0.01, "low": -0.02, "high": -0.001}
    intervals = [LEVEL, BEHIND]
    (said,) = shown_lines([ours, ROW], intervals, benchmark.remarks)
    assert said.startswith("No library is ahead")
    assert "No library has a lower error" in said
    better = ROW | {"fold_rmse": [0.9] * 5}
    intervals = [LEVEL, ahead]
    (said,) = shown_lines([ours, better], intervals, benchmark.remarks)
    assert said == (
        "Ahead of our matrix factorization, and the interval leaves out 0: "
        "cornac MF (C++), tuned, told ids. With a lower error than every "
        "model of ours told the same: cornac MF (C++), tuned, told ids."
    )


def test_the_table_of_tellings_says_who_is_ahead():
    row = {
        "peer": "myfm",
        "model": "MyFMGibbsRegressor",
        "tuned": False,
        "told": "side",
        "ours_tuned": True,
        "times": 0.5,
    }
    limits = [(-0.02, -0.01), (0.01, 0.02), (-0.01, 0.02)]
    rows = [
        row | {"difference": 0.001, "low": low, "high": high}
        for low, high in limits
    ]
    rows[1]["told"], rows[2]["told"] = "ids", "all"
    *_, said = benchmark.tellings_markdown(rows).splitlines()
    assert said == (
        "Our sampler is ahead by the interval, told: ids, side features "
        "(tuned; myFM, defaults). It is behind by the interval, told: ids "
        "(tuned; myFM, defaults). The interval holds 0, told: ids and both "
        "(tuned; myFM, defaults)."
    )


def test_a_contender_is_behind_by_what_its_errors_are_larger():
    # Ours is a star off everywhere, one contender two, another exact.
    split = splits.random_split(synthetic().ratings)
    exact = split.test.ratings.double()
    rows = turns.behind([exact + 2, exact + 1, exact], exact + 1, [split])
    assert [list(row.values()) for row in rows] == [[1] * 3, [0] * 3, [-1] * 3]
    assert rows[0] == {"difference": 1, "low": 1, "high": 1}


@pytest.mark.parametrize("words", [(), ("myfm", "SampledFactorization")])
def test_the_folds_compare_those_who_run_with_our_mf(monkeypatch, words):
    split = splits.random_split(synthetic().ratings)
    exact = split.test.ratings.double()
    wanted = [
        c
        for c in CONTENDERS
        if not words
        or c == OUR_MF
        or c.peer == "myfm"
        or c.model == "SampledFactorization"
    ]
    ours = wanted.index(OUR_MF)

    def in_turn(contenders, parts, script, *arguments):
        assert (script, arguments) == (
            folds.__file__,
            ("one", ",".join(words)),
        )
        assert contenders == wanted
        cost = {"fit_cpu_s": 1.0, "fit_wall_s": 1.0, "peak_mb": 1.0}
        measured = [[{"rmse": 0.9, "version": "1", **cost}]] * len(contenders)
        predictions = [exact.clone() for _ in contenders]
        predictions[ours] += 1
        return measured, predictions

    monkeypatch.setattr(folds, "in_turn", in_turn)
    rows, intervals, compared = folds.run([split], words)
    for contender, row, interval in zip(wanted, rows, intervals, strict=True):
        assert row["peer"] == interval["peer"] == contender.peer
        assert row["told"] == interval["told"] == contender.told
        assert interval["difference"] == (0 if contender == OUR_MF else -1)
    assert {row["told"] for row in compared} == set(TELLINGS)
    assert all(row["difference"] == 0 for row in compared)


def test_a_name_that_nobody_has_is_refused():
    with pytest.raises(ValueError, match="nobody is called libfm"):
        folds.chosen(["libfm"])


def test_our_sampler_is_compared_with_myfm_told_the_same():
    split = splits.random_split(synthetic().ratings)
    exact = split.test.ratings.double()

    def row(peer, model, told, seconds):
        return {
            **{"peer": peer, "model": model, "told": told},
            **{"params": {"of": model}, "tuned": False},
            "fit_cpu_s": seconds,
        }

    rows = [
        row("myfm", "MyFMGibbsRegressor", "ids", 4.0),
        row("myfm", "MyFMGibbsRegressor", "side", 8.0),
        row("recslib", "MatrixFactorization", "ids", 1.0),
        row("recslib", "SampledFactorization", "ids", 2.0),
    ]
    predictions = [exact + 2, exact + 3, exact, exact + 1]
    (found,) = folds.told_the_same(rows, predictions, [split])
    assert found["told"] == "ids"
    assert found["ours"] == {"of": "SampledFactorization"}
    assert (found["low"], found["difference"], found["high"]) == (-1, -1, -1)
    assert found["times"] == 0.5


def stored(score=0.9):
    """Make a row for every entry."""
    return [
        {
            **{name: getattr(c, name) for name in folds.IDENTITY},
            "fold_rmse": [score] * 5,
        }
        for c in CONTENDERS
    ]


def test_rows_of_those_who_did_not_run_stay_and_ours_with_them():
    old, ours = stored(), CONTENDERS.index(OUR_MF)
    new = [stored()[place] | {"new": True} for place in (1, ours)]
    found = folds.merged(old, new)
    assert found[1] == new[0]
    assert found[:1] + found[2:] == old[:1] + old[2:]


def test_rows_count_the_tries_that_were_recorded_since(monkeypatch):
    counts = {"cornac": 12, "myfm": None}
    monkeypatch.setattr(folds, "n_tries", lambda c: counts.get(c.peer, 0))
    found = folds.with_tries([each | {"tries": None} for each in stored()])
    assert {(row["peer"], row["tries"]) for row in found} == {
        (c.peer, counts.get(c.peer, 0)) for c in CONTENDERS
    }


def test_a_row_is_missing_where_nobody_ever_ran():
    with pytest.raises(ValueError, match="have no row yet"):
        folds.merged(stored()[:-1], stored()[:1])


def test_rows_are_not_joined_when_ours_predicts_something_else():
    ours = CONTENDERS.index(OUR_MF)
    with pytest.raises(ValueError, match="does not predict here"):
        folds.merged(stored(), [stored(0.91)[ours]])


# Made-up ratings -------------------------------------------------------------


@pytest.fixture(scope="module")
def made():
    return growth.made_up(100_000, seed=1)


def test_made_up_ratings_have_the_shape_of_movielens(made):
    assert growth.sizes(1_000_000) == (6_040, 3_706)
    assert {len(part) for part in made.values()} == {100_000}
    assert made["users"].max() < 943 and made["items"].max() < 1_682
    assert set(np.unique(made["ratings"])) == {1, 2, 3, 4, 5}
    # In MovieLens 100K the item in the middle has 27, the first 583.
    counts = np.bincount(made["items"], minlength=1_682)
    assert 15 < np.median(counts) < 40 and 400 < counts.max() < 800


def test_made_up_pairs_are_unique_and_the_seed_decides(made):
    pairs = made["users"] * 1_682 + made["items"]
    assert len(np.unique(pairs)) == 100_000
    again, other = growth.made_up(100_000, seed=1), growth.made_up(100_000, 2)
    assert (made["ratings"] == again["ratings"]).all()
    assert (made["ratings"] != other["ratings"]).any()


def test_another_number_of_ratings_is_refused_and_the_sizes_are_named():
    with pytest.raises(
        ValueError, match=r"^10,000 ratings; give one of 100,000, 1,000,000, "
    ):
        growth.made_up(10_000)


def test_what_is_made_up_comes_back_from_the_disk(made, tmp_path):
    for name, values in made.items():
        np.save(tmp_path / f"{name}.npy", values)
    ratings = growth.load(tmp_path)
    assert (ratings.n_users, ratings.n_items) == (943, 1_682)
    assert (ratings.ratings.numpy() == made["ratings"]).all()


def test_a_peer_that_needs_too_much_memory_stops_at_its_limit():
    small = [entry.peer for entry in growth.contenders(1_000_000)]
    large = [entry.peer for entry in growth.contenders(10_000_000)]
    assert small[0] == large[0] == "implicit"  # all are divided by it
    assert set(small) - set(large) == set(growth.MOST)


def test_batches_grow_with_the_ratings():
    (ours,) = (
        entry
        for entry in growth.contenders(1_000_000)
        if entry.model == "MatrixFactorization"
    )
    assert ours.params["batch_size"] == 25_000


def test_seconds_are_divided_by_those_of_the_first():
    costs = [
        {"fit_cpu_s": 2.0 * number, "peak_mb": 500.04}
        for number, _ in enumerate(growth.contenders(10_000_000), 1)
    ]
    rows = growth.rows(10_000_000, costs)
    assert [row["times"] for row in rows] == [
        float(number) for number, _ in enumerate(costs, 1)
    ]
    assert rows[0] == {
        "peer": "implicit",
        "model": "AlternatingLeastSquares",
        "ratings": 10_000_000,
        "fit_cpu_s": 2.0,
        "times": 1.0,
        "peak_mb": 500.0,
    }


def test_two_processes_fit_what_was_made_up(made, tmp_path):
    for name, values in made.items():
        np.save(tmp_path / f"{name}.npy", values)
    told = processes.together(2, str(tmp_path))
    assert [each["process"] for each in told] == [0, 1]
    assert told[0]["rmse"] == told[1]["rmse"]


# Tellings --------------------------------------------------------------------


def test_ids_alone_tell_nothing():
    ratings = synthetic().ratings
    told = tell(ratings, "ids")
    assert told.users.shape == (ratings.n_users, 0)
    assert told.items.shape == (ratings.n_items, 0)


def test_side_features_are_told_as_they_are_then_flags():
    data = synthetic()
    side = side_features(data)
    of_users, of_items = flags(data.ratings)
    told = tell(data.ratings, "all", side)
    n_side = side.users.shape[1]
    assert torch.equal(told.users[:, :n_side], side.users)
    assert torch.equal(told.users[:, n_side:], of_users)
    assert torch.equal(told.items[:, -data.ratings.n_users :], of_items)
    for kinds_, table in (
        (told.user_kinds, told.users),
        (told.item_kinds, told.items),
    ):
        assert len(kinds_) == 2
        assert sum(map(sum, kinds_)) == table.shape[1]


def test_flags_are_of_the_training_part_and_of_length_one():
    split = splits.random_split(synthetic(n_ratings=900).ratings, 0.2)
    train, test = split.train, split.test
    of_users, of_items = flags(train)
    assert torch.equal(of_users > 0, (of_items > 0).T)
    assert (of_users[train.users, train.items] > 0).all()
    assert (of_users[test.users, test.items] == 0).all()
    for table, counts in (
        (of_users, train.counts_by_user()),
        (of_items, train.counts_by_item()),
    ):
        wanted = (counts > 0).float()
        assert torch.allclose(table.square().sum(dim=1), wanted)
    changed = replace(train, ratings=train.ratings.flip(0))
    assert torch.equal(flags(changed)[0], of_users)


def test_columns_are_counted_by_kind():
    names = ["age", "woman", "artist", "writer", "none"]
    assert kinds(names, ["age", "woman"]) == (1, 1, 3)
    assert kinds(["year", "from 1920", "from 1950"], ["year", "from "]) == (
        1,
        2,
    )


def test_what_cannot_be_told_is_refused():
    ratings = synthetic().ratings
    with pytest.raises(ValueError, match="wants side features"):
        tell(ratings, "side")
    with pytest.raises(ValueError, match="nobody is told 'gossip'"):
        tell(ratings, "gossip")
    with pytest.raises(ValueError, match="nobody is told 'gossip'"):
        Contender("recslib", "SampledFactorization", told="gossip")
    with pytest.raises(ValueError, match="cornac MF hears ratings alone"):
        Contender("cornac", "MF", told="side")


def test_a_hyperprior_is_of_a_kind_or_of_a_table():
    told = ((1, 1, 21), (80,))
    sizes = contenders._group_sizes
    assert sizes(60, told, "kind") == [60, 1, 1, 21, 80]
    assert sizes(60, told, "table") == [60, 23, 80]
    assert sizes(60, (), "kind") == sizes(60, (), "table") == [60]
    with pytest.raises(ValueError, match="groups is 'row'"):
        sizes(60, told, "row")


# Tuning ----------------------------------------------------------------------


GRID = {**{name: [SETTINGS[name]] for name in SETTINGS}} | {
    "l2": [0.05, 9.0, 0.1],
    "ridge": [1.0, 0.5],
    "n_epochs": [3, 2],
}
SEARCH = tune.Search("recslib", "MatrixFactorization", GRID)


@pytest.fixture
def results(monkeypatch, tmp_path):
    monkeypatch.setattr(measure, "RESULTS", tmp_path)
    return tmp_path


def judging():
    split = splits.carve_validation(
        splits.random_split(synthetic().ratings), 0.2
    )
    # A test part that cannot be read: touching it would raise.
    object.__setattr__(split, "test", None)
    return split


def test_every_search_has_the_same_number_of_different_tries():
    for search in tune.SEARCHES:
        tries = search.tries()
        assert len(tries) == tune.TRIES
        assert all(tries.count(each) == 1 for each in tries)
        assert list(tries[0].values()) == [v[0] for v in search.grid.values()]
        for name, values in search.grid.items():
            assert all(each[name] in values for each in tries)


def test_every_model_that_is_called_tuned_has_a_search():
    searched = {(s.peer, s.model, s.told) for s in tune.SEARCHES}
    rows = [*CONTENDERS, *chain.from_iterable(SEQUENCES.values())]
    tuned = {(c.peer, c.model, c.told) for c in rows if c.tuned}
    assert tuned <= searched


def test_too_small_a_grid_is_refused():
    search = tune.Search("cornac", "MF", {"k": [1, 2], "max_iter": [3, 4]})
    with pytest.raises(ValueError, match="cornac MF has 4 settings"):
        search.tries()


def test_a_search_that_was_cut_off_goes_on_where_it_stopped(
    results, monkeypatch
):
    made = []

    def judged(contender, parts, side):
        if len(made) == 5:
            raise KeyboardInterrupt
        made.append(contender.params)
        error = 1 - len(made) / 100
        return {"rmse": error, "part_rmse": [error], "fit_cpu_s": 1.0}

    monkeypatch.setattr(tune, "judged", judged)
    with pytest.raises(KeyboardInterrupt):
        tune.search_on(SEARCH, [], None, "tries.json")
    assert len(measure.read("tries.json")) == 5
    first, made[:] = list(made), []
    with pytest.raises(KeyboardInterrupt):
        tune.search_on(SEARCH, [], None, "tries.json")
    made[:] = [None] * 10
    found = tune.search_on(SEARCH, [], None, "tries.json")
    assert len(found) == len(measure.read("tries.json")) == tune.TRIES
    assert all(first.count(each) == 1 for each in first)
    assert list(found) == ["l2", "ridge", "n_epochs", "rmse", "cpu_s"]
    assert found["rmse"].is_monotonic_increasing


def test_a_try_reads_validation_and_never_the_test_part():
    parts = [judging()] * 2
    contender = Contender(SEARCH.peer, SEARCH.model, SEARCH.tries()[0])
    found = tune.judged(contender, parts)
    assert found["part_rmse"] == [found["rmse"]] * 2
    part = parts[0].validation
    predicted = contender.prepare(parts[0].train)()(part)
    errors = predicted.clip(1, 5) - part.ratings.numpy()
    assert found["rmse"] == pytest.approx((errors**2).mean() ** 0.5, abs=1e-5)


def test_tries_are_counted_where_all_are_recorded_and_the_best_is_taken():
    records = [
        {
            **{"peer": "cornac", "model": "MF", "told": "ids"},
            **{"params": params, "rmse": 1 - place / 100},
        }
        for place, params in enumerate(CORNAC.tries())
    ]
    best = records[-1]["params"]

    def counted(params, tuned=True, recorded=records):
        contender = Contender("cornac", "MF", params, tuned)
        return tune.n_tries(contender, recorded)

    assert counted(best) == tune.TRIES
    assert counted(best, recorded=records[1:]) is None
    assert counted(records[0]["params"]) is None
    assert counted({}, tuned=False) == 0


(CORNAC,) = (s for s in tune.SEARCHES if s.peer == "cornac")


def test_the_judges_are_tenths_of_u1_u3_and_u5(monkeypatch):
    made = synthetic(n_ratings=3_000).ratings
    folds_ = [splits.random_split(made, 0.2, seed) for seed in range(5)]
    monkeypatch.setattr(tune.splits, "published_folds", lambda _: folds_)
    parts = tune.judges(made)
    for part, place in zip(parts, (0, 2, 4), strict=True):
        wanted = splits.carve_validation(folds_[place], 0.1, seed=0)
        assert torch.equal(part.validation.users, wanted.validation.users)
        assert torch.equal(part.train.items, wanted.train.items)


def test_for_the_future_the_newest_ratings_judge():
    (split,) = tune.judges(synthetic(n_ratings=3_000).ratings, future=True)
    parts = (split.train, split.validation, split.test)
    firsts = [part.timestamps.min() for part in parts]
    lasts = [part.timestamps.max() for part in parts]
    assert lasts[0] < firsts[1] and lasts[1] < firsts[2]


@pytest.mark.parametrize("future", [False, True])
def test_the_command_searches_for_whom_it_is_told(monkeypatch, capsys, future):
    asked = []

    def stand_in(search, parts, side, records):
        asked.append((search, parts, records))
        return tune.pd.DataFrame({"rmse": [0.9]})

    made = synthetic(n_ratings=3_000)
    monkeypatch.setattr(tune, "search_on", stand_in)
    monkeypatch.setattr(tune.movielens, "load", lambda name: made)
    monkeypatch.setattr(tune, "judges", lambda ratings, future: future)
    options = ["--future"] if future else []
    words = ["myfm", "MyFMGibbsRegressor", "--told", "side", *options]
    monkeypatch.setattr(sys, "argv", ["tune.py", *words])
    tune.main()
    ((search, parts, records),) = asked
    assert (search.peer, search.told, parts) == ("myfm", "side", future)
    assert records == ("future-tries.json" if future else "tries.json")
    assert "0.9" in capsys.readouterr().out
