"""Models that read histories, with none of the peers installed."""

import re
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from benchmarks import contenders, measure, sequences, turns
from benchmarks.contenders import Contender
from benchmarks.entries import LSTM, SEQUENCES
from bookbuild.results import benchmark
from recslib import baselines, splits
from recslib.movielens import synthetic
from recslib.recipes import fit_factorization
from recslib.recommend import fold_in_ahead
from recslib.sequences import cut_histories
from recslib.splits import join

ROWS = benchmark.read("sequences.json")
PEERS = [row for row in ROWS if row["peer"] != "recslib"]
REQUIREMENTS = "requirements-librecommender.txt"
QUICK = {**LSTM, "n_factors": 4, "n_hidden": 4, "n_epochs": 1}


@pytest.fixture(scope="module")
def split():
    return splits.global_time(synthetic(n_ratings=3_000).ratings, 0.2)


@pytest.fixture(scope="module")
def random_split():
    return splits.random_split(synthetic(n_ratings=3_000).ratings, 0.2)


def altered(part, row):
    """Copy a part with other stars in a row."""
    stars = part.ratings.clone()
    stars[row] = 1.0 if stars[row] > 1 else 5.0
    return replace(part, ratings=stars)


# Ours ------------------------------------------------------------------------


@pytest.mark.usefixtures("short_fits")
def test_ahead_a_rating_is_heard_after_it_and_not_before(split):
    predict = Contender("recslib", "LSTMRating ahead", QUICK).prepare(
        split.train
    )()
    both, is_test = join(split.train, split.test)
    order = splits.time_order(both, 0)
    order = order[is_test[order]] - len(split.train)
    user = split.test.users.mode().values
    own = order[split.test.users[order] == user]
    middle = len(own) // 2
    before, after = (
        torch.as_tensor(predict(part))
        for part in (split.test, altered(split.test, own[middle]))
    )
    moved = before != after
    assert not moved[own[: middle + 1]].any()
    assert moved[own[middle + 1]]
    assert not moved[split.test.users != user].any()


@pytest.mark.usefixtures("short_fits")
@pytest.mark.parametrize("model", ["LSTMRating", "BothSides"])
def test_on_the_folds_no_test_rating_is_heard(random_split, model):
    train, test = random_split.train, random_split.test
    predict = Contender("recslib", model, QUICK).prepare(train)()
    whole = predict(test)
    assert np.isfinite(whole).all()
    assert np.array_equal(predict(altered(test, 0)), whole)
    # Not even that there is another one.
    some = predict(test.select(torch.arange(0, len(test), 7)))
    assert some == pytest.approx(whole[::7], abs=1e-5)


@pytest.mark.usefixtures("short_fits")
def test_the_folded_in_here_are_those_of_the_library(split):
    model = fit_factorization(split.train)
    joined, is_test = join(split.train, split.test)
    wanted = fold_in_ahead(model, joined)[is_test]
    folded_in = Contender("recslib", "FoldedIn ahead")
    got = folded_in.prepare(split.train)()(split.test)
    assert np.array_equal(got, wanted.numpy())


@pytest.mark.parametrize("params", [{}, {"keep": 0.9}])
def test_the_running_bias_here_is_that_of_the_library(split, params):
    wanted = baselines.running_user_bias(split.train, split.test, **params)
    bias = Contender("recslib", "RunningBias ahead", params)
    got = bias.prepare(split.train)()(split.test)
    assert np.array_equal(got, wanted.numpy())


# The peer --------------------------------------------------------------------


def test_items_before_are_those_that_the_lstm_hears(split):
    joined, is_test = join(split.train, split.test)
    pieces = cut_histories(joined, n_steps=5_000, is_target=is_test, seed=3)
    heard = contenders.items_before(split.train, split.test, 10, seed=3)
    assert len(heard) == len(split.test)
    steps = pieces.mask.nonzero().tolist()
    for piece, step in steps[:: len(steps) // 50]:
        row = int(pieces.rows[piece, step]) - len(split.train)
        known = pieces.items[piece, max(0, step - 10) : step].tolist()
        assert heard[row] == known


def test_an_embedding_is_asked_for_what_was_heard(split):
    asked = []

    def dyn_user_embedding(user, seq, include_bias):
        asked.append((user, seq, include_bias))
        return np.array([float(len(seq)), 1.0])

    # Items 0 and 1 are known, with a factor of 2 and 4; others get the mean.
    fitted = SimpleNamespace(
        max_seq_len=3,
        data_info=SimpleNamespace(item2id={0: 0, 1: 1}),
        get_item_embedding=lambda include_bias: np.array(
            [[2.0, 0.1], [4.0, 0.3]]
        ),
        dyn_user_embedding=dyn_user_embedding,
    )
    got = contenders._embedded(fitted, split.train, split.test, seed=0)
    heard = contenders.items_before(split.train, split.test, 3, seed=0)
    users = split.test.users.tolist()
    assert asked == [
        (user, items, True) for user, items in zip(users, heard, strict=True)
    ]
    factors = {0: (2.0, 0.1), 1: (4.0, 0.3)}
    for row, item in enumerate(split.test.items.tolist()):
        factor, bias = factors.get(item, (3.0, 0.2))
        assert got[row] == pytest.approx(len(heard[row]) * factor + bias)


def test_another_model_of_librecommender_is_refused_by_name(split):
    with pytest.raises(ValueError, match="no 'Caser' here"):
        Contender("LibRecommender", "Caser").prepare(split.train)


# The run ---------------------------------------------------------------------


def test_a_process_can_have_another_python_and_finds_the_library(tmp_path):
    script = tmp_path / "said.py"
    script.write_text(
        "import json, os, sys\n"
        "import bookbuild, recslib\n"
        "found = {'lib': recslib.__file__, 'press': bookbuild.__file__}\n"
        "print(json.dumps({'python': sys.prefix, **found}))\n"
    )
    bare = tmp_path / "bare"
    venv = ["-m", "venv", "--system-site-packages", "--without-pip"]
    subprocess.run([sys.executable, *venv, str(bare)], check=True)
    python = str(bare / "bin" / "python")
    said = measure.in_own_process(str(script), python=python)
    assert said["python"] == str(bare)
    assert said["lib"].startswith(str(measure.ROOT))
    assert said["press"].startswith(str(measure.ROOT))


def test_a_peer_without_its_environment_is_left_out_and_ours_come_first(
    monkeypatch, tmp_path
):
    own = tmp_path / ".venv-own"
    monkeypatch.setitem(sequences.ENVIRONMENTS, "LibRecommender", own)
    assert sequences.python_of("recslib") == sys.executable
    assert sequences.python_of("LibRecommender") == str(own / "bin" / "python")
    for task, entries in SEQUENCES.items():
        here = sequences.contenders_of(task)
        assert {each.peer for each in here} == {"recslib"}
        assert here[0] == entries[0]
    own.mkdir()
    assert not sequences.is_here("LibRecommender")
    (own / "installed").touch()
    assert sequences.contenders_of("future") == list(SEQUENCES["future"])


def test_who_is_left_out_is_said_and_the_others_are_written(
    monkeypatch, capsys, tmp_path
):
    own = tmp_path / ".venv-own"
    monkeypatch.setitem(sequences.ENVIRONMENTS, "LibRecommender", own)
    monkeypatch.setattr(sequences.movielens, "load", lambda name: synthetic())
    monkeypatch.setattr(sequences, "TASKS", {"folds": lambda ratings: []})
    monkeypatch.setattr(sequences, "run", lambda task, parts: [{"task": task}])
    written = {}
    monkeypatch.setattr(sequences, "write", written.__setitem__)
    monkeypatch.setattr(sys, "argv", ["sequences.py"])
    sequences.main()
    said = capsys.readouterr().err
    assert "LibRecommender is left out, and so are its rows" in said
    assert "benchmarks/.venv-own" in said and "make bench-setup" in said
    assert written == {"sequences.json": [{"task": "folds"}]}


def test_a_task_runs_everybody_on_every_split(monkeypatch, split):
    ran = []

    def in_own_process(script, *arguments, python):
        assert script == sequences.__file__
        _, task, number, place, file = arguments
        ran.append((task, int(number), int(place), python))
        # The first is a star off, the others are exact.
        off = float(number == "0")
        np.save(file, split.test.ratings.double().numpy() + off)
        cost = {"fit_cpu_s": 1.0, "fit_wall_s": 1.0, "peak_mb": 1.0}
        return {"rmse": 0.5 + int(place), "version": "1", **cost}

    entries = SEQUENCES["folds"]
    monkeypatch.setattr(turns, "in_own_process", in_own_process)
    monkeypatch.setattr(sequences, "python_of", lambda peer: peer)
    monkeypatch.setattr(sequences, "contenders_of", SEQUENCES.__getitem__)
    rows = sequences.run("folds", [split, split])
    # In turn: everybody on one split, then everybody on the next.
    assert ran == [
        ("folds", number, place, contender.peer)
        for place in (0, 1)
        for number, contender in enumerate(entries)
    ]
    assert [row["fold_rmse"] for row in rows] == [[0.5, 1.5]] * len(entries)
    # Behind the first of the task.
    assert [row["difference"] for row in rows] == [0, *[-1] * len(rows[1:])]


def test_a_version_says_what_computes_for_a_peer(monkeypatch):
    monkeypatch.setattr(contenders, "version", lambda name: f"{len(name)}.0")
    assert Contender("LibRecommender", "RNN4Rec").version == (
        "14.0 on tensorflow-cpu 14.0"
    )
    assert Contender("recslib", "LSTMRating").version == "7.0"


# What is committed -----------------------------------------------------------


def test_the_results_hold_every_entry_as_it_stands():
    ran = [
        (r["task"], r["peer"], r["model"], r["params"], r["tuned"])
        for r in ROWS
    ]
    assert ran == [
        (task, c.peer, c.model, dict(c.params), c.tuned)
        for task, entries in SEQUENCES.items()
        for c in entries
    ]


def test_the_results_have_the_agreed_columns_and_kinds():
    n_splits = {"folds": 5, "future": 1}
    for row in ROWS:
        kinds = {name: type(value) for name, value in row.items()}
        for name in ("difference", "low", "high"):
            assert kinds.pop(name) is float
        assert kinds == {
            "task": str,
            "peer": str,
            "model": str,
            "params": dict,
            "tuned": bool,
            "fold_rmse": list,
            "fit_cpu_s": float,
            "fit_wall_s": float,
            "peak_mb": float,
            "version": str,
            "tries": int,
            "seeds": int,
        }
        assert len(row["fold_rmse"]) == n_splits[row["task"]]
        assert all(0.8 < rmse < 1.3 for rmse in row["fold_rmse"])
        assert row["low"] <= row["difference"] <= row["high"]


def test_peers_ran_at_their_defaults_and_tuned_at_the_pinned_version():
    text = (benchmark.BENCHMARKS / REQUIREMENTS).read_text(encoding="utf-8")
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE))
    for task in SEQUENCES:
        tuned = {row["tuned"] for row in PEERS if row["task"] == task}
        assert tuned == {False, True}
    for row in PEERS:
        engine = contenders.ENGINES[row["peer"]]
        pinned = f"{pins[row['peer']]} on {engine} {pins[engine]}"
        assert row["version"] == pinned


def test_nobody_predicts_one_step_ahead_on_the_folds_that_time_does_not_part():
    for row in ROWS:
        assert row["task"] == "future" or not row["model"].endswith("ahead")


def test_a_line_of_the_table_says_what_is_ahead():
    (line,) = (
        line
        for line in benchmark.sequences_markdown(ROWS, "future").splitlines()
        if "folded in" in line
    )
    assert line.startswith(
        "| This book, folded in, one step ahead | - | - | 1 | 0."
    )
