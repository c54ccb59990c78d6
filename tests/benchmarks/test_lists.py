"""Who makes the best lists, with none of the peers installed."""

import dataclasses
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import (
    list_choices,
    list_contenders,
    list_entries,
    list_growth,
    list_tune,
    lists,
    measure,
    sequences,
)
from benchmarks.list_contenders import Ranker, table_of
from benchmarks.list_tasks import N_HEARD, TASKS
from benchmarks.list_tune import GRIDS, KNOW_OWN_PEOPLE, TRIES
from bookbuild.results import benchmark
from bookbuild.results.lists import NAMES
from recslib import lists as library
from recslib import splits
from recslib.evaluation import judge_lists, mean_bootstrap
from recslib.movielens import synthetic

ROWS, TRIED, GROWN = (
    benchmark.read(f"{name}.json")
    for name in ("lists", "list-tries", "list-growth")
)
NETWORK = {"draw": "some", "n_hidden": 4, "n_epochs": 2}
FACTORS = {"heard": "liked", "n_factors": 4}
OURS = {
    "popularity": {"heard": "rated"},
    "popularity liked": {"heard": "liked"},
    "item_neighbours": {"heard": "rated", "n_neighbours": 5},
    "ease": {"heard": "liked", "l2": 9.0},
    "ease both": {"heard": "both", "l2": 9.0},
    "ListFactorization": {**FACTORS, "n_epochs": 2},
    "ials": {**FACTORS, "unseen": 0.2, "l2": 0.02, "n_sweeps": 2},
    "ListAutoencoder": {"heard": "both", **NETWORK},
    "averaged": {"heard": "rated", **NETWORK, "n_networks": 2},
    "standardized": {
        "parts": {
            "ease": {"heard": "liked", "l2": 9.0},
            "ListFactorization": {**FACTORS, "n_epochs": 2},
        }
    },
}


@pytest.fixture(scope="module")
def ratings():
    return synthetic(n_ratings=1_200).ratings


@pytest.fixture(scope="module")
def split(ratings):
    return splits.random_by_user(ratings, 0.25, 0)


@pytest.fixture
def results(monkeypatch, tmp_path):
    monkeypatch.setattr(measure, "RESULTS", tmp_path)
    return tmp_path


def ours(model):
    return Ranker("recslib", model, OURS[model])


# Ours ------------------------------------------------------------------------


def test_every_model_of_the_book_is_here():
    assert set(OURS) == set(list_contenders.BOOK)


@pytest.mark.parametrize("model", OURS)
def test_a_ranker_of_ours_scores_every_item_the_same_twice(split, model):
    audience = library.known_people(split)
    scores, again = (
        ours(model).prepare(split.train)()(audience) for _ in range(2)
    )
    assert scores.shape == audience.wanted.shape
    assert scores.isfinite().all() and torch.equal(scores, again)


@pytest.mark.parametrize("model", sorted(set(OURS) - {"ListFactorization"}))
def test_strangers_get_lists_from_what_is_heard_of_them(ratings, model):
    if model == "standardized":
        return
    part = splits.whole_users(ratings, 5, 0)[0]
    audience = library.strangers(part, 5)
    scores = ours(model).prepare(part.train)()(audience)
    judge_lists(scores, audience.seen, audience.wanted)
    differ = (scores != scores[:1]).any().item()
    assert differ == (not model.startswith("popularity"))


def test_scores_of_ease_are_those_of_the_library(split):
    audience = library.known_people(split)
    for which in ("liked", "both"):
        model = "ease both" if which == "both" else "ease"
        table = table_of(library.hear(split.train), which)
        weights = library.ease(table, 9.0, n_targets=split.train.n_items)
        wanted = table_of(audience.heard, which) @ weights
        got = ours(model).prepare(split.train)()(audience)
        assert torch.allclose(got, wanted, atol=1e-5)


def test_who_trained_is_folded_into_ials_where_the_fit_left_them(split):
    audience = library.known_people(split)
    settings = {**OURS["ials"]}
    del settings["heard"]
    model = library.fit_ials(library.hear(split.train).liked, **settings)
    wanted = model(audience.users).detach()
    got = ours("ials").prepare(split.train)()(audience)
    assert torch.allclose(got, wanted, atol=1e-4)


def test_a_sum_is_of_standardized_scores(split):
    audience = library.known_people(split)
    parts = [
        ours(model).prepare(split.train)()(audience)
        for model in ("ease", "ListFactorization")
    ]
    wanted = sum(library.standardized(scores) for scores in parts)
    got = ours("standardized").prepare(split.train)()(audience)
    assert torch.allclose(got, wanted, atol=1e-4)


def test_who_said_nothing_gets_the_popular_list(split):
    audience = library.known_people(split)
    nothing = torch.zeros_like(audience.heard.liked)
    silent = dataclasses.replace(
        audience, heard=library.Heard(nothing, nothing)
    )
    popular = library.popularity(split.train, liked=library.LIKED)
    for model in ("ease", "item_neighbours", "ials"):
        got = ours(model).prepare(split.train)()(silent)
        assert torch.equal(got, popular.expand_as(got))


def test_what_nobody_hears_or_fits_is_refused_by_name(split):
    heard = library.hear(split.train)
    with pytest.raises(ValueError, match="heard is 'half'"):
        table_of(heard, "half")
    with pytest.raises(ValueError, match="no 'gru' here"):
        Ranker("recslib", "gru").prepare(split.train)


def test_items_that_a_peer_cannot_score_come_last():
    missing = np.nan
    scores = np.array(
        [[missing, 2.0, -3.0], [missing] * 3, [0.0, missing, 0.0]]
    )
    first, *others = list_contenders._last_where_missing(scores)
    assert first.argsort().tolist() == [0, 2, 1]
    # All alike: whoever gets these, gets the popular list.
    for row in others:
        assert (row == row[0]).all()


# The tasks -------------------------------------------------------------------


@pytest.mark.parametrize("task", ["strangers", "by user"])
def test_choices_are_made_inside_the_first_training_part(ratings, task):
    part = TASKS[task].judge(ratings)
    first = TASKS[task].parts(ratings)[0]

    def pairs(of):
        return set(zip(of.users.tolist(), of.items.tolist(), strict=True))

    assert pairs(part.train) | pairs(part.test) == pairs(first.train)
    assert not pairs(part.test) & (pairs(part.train) | pairs(first.test))


def test_strangers_are_judged_after_ten_ratings_by_whom_nobody_trained_on(
    ratings,
):
    how = TASKS["strangers"]
    part = how.judge(ratings)
    assert not set(part.train.users.tolist()) & set(part.test.users.tolist())
    heard = how.audience(part).heard.rated.sum(dim=1)
    assert (heard == N_HEARD).all()


def test_by_user_whatever_was_rated_is_a_hit(ratings):
    how = TASKS["by user"]
    parts = how.parts(ratings)
    assert len(parts) == 3
    wanted = how.audience(parts[0]).wanted
    assert wanted.sum() == len(parts[0].test)


# Tuning ----------------------------------------------------------------------


@pytest.mark.parametrize("task", TASKS)
def test_everybody_has_the_same_number_of_different_tries(task):
    for search in list_tune.searches(task):
        tries = search.tries()
        assert len(tries) == TRIES
        assert all(tries.count(each) == 1 for each in tries)


def test_who_knows_own_people_alone_is_not_asked_about_strangers():
    asked = {(s.peer, s.model) for s in list_tune.searches("strangers")}
    assert asked == set(GRIDS) - KNOW_OWN_PEOPLE
    assert {(s.peer, s.model) for s in list_tune.searches("known")} == set(
        GRIDS
    )


@pytest.fixture
def quick(monkeypatch):
    """Make every try quick: one better than the one before it."""
    made = []

    def judged(ranker, part, audience):
        made.append((ranker.peer, ranker.model, dict(ranker.params)))
        return {"ndcg": len(made) / 1_000, "fit_cpu_s": 1.0}

    monkeypatch.setattr(list_tune, "judged", judged)
    monkeypatch.setattr(Ranker, "version", "1")
    return made


def test_a_search_that_was_cut_off_goes_on_where_it_stopped(
    results, monkeypatch, quick, ratings
):
    part = TASKS["strangers"].judge(ratings)
    whole = list_tune.judged

    def stopping(*arguments):
        if len(quick) == 11:
            raise KeyboardInterrupt
        return whole(*arguments)

    monkeypatch.setattr(list_tune, "judged", stopping)
    with pytest.raises(KeyboardInterrupt):
        list_tune.search_all("strangers", part)
    assert len(measure.read("list-tries.json")) == 11
    monkeypatch.setattr(list_tune, "judged", whole)
    list_tune.search_all("strangers", part)
    records = measure.read("list-tries.json")
    assert len(quick) == len(records)
    assert all(quick.count(each) == 1 for each in quick)
    counts = Counter((r["peer"], r["model"]) for r in records)
    for who in set(GRIDS) - KNOW_OWN_PEOPLE:
        # Who has an environment of its own is searched for by name.
        own = who[0] in sequences.ENVIRONMENTS
        assert counts[who] == (0 if own else TRIES)
    assert (
        counts["recslib", "averaged"] == counts["recslib", "popularity"] == 1
    )
    assert ("recslib", "standardized") not in counts


def test_a_name_searches_for_that_package_or_model_alone(
    results, quick, ratings
):
    part = TASKS["by user"].judge(ratings)
    list_tune.search_all("by user", part, ["recbole", "BPR"])
    assert {who[:2] for who in quick} == {
        ("recbole", "EASE"),
        ("recbole", "MultiVAE"),
        ("cornac", "BPR"),
    }


def test_a_try_is_judged_on_the_part_that_is_left(ratings):
    how = TASKS["by user"]
    part = how.judge(ratings)
    audience = how.audience(part)
    found = list_tune.judged(ours("ease"), part, audience)
    scores = ours("ease").prepare(part.train)()(audience)
    quality = judge_lists(scores, audience.seen, audience.wanted)
    wanted = quality.ndcg.mean().item()
    assert found["ndcg"] == pytest.approx(wanted, abs=1e-6)


# Who runs --------------------------------------------------------------------


def records_of(task, better=()):
    """Record whole searches; those that are named are better than others."""
    made = []

    def add(searches):
        for search in searches:
            for place, params in enumerate(search.tries()):
                ndcg = 0.1 + 0.01 * place + 0.5 * (search.model in better)
                who = {"task": task, "peer": search.peer}
                made.append(
                    {**who, "model": search.model, "told": "ids"}
                    | {"params": params, "ndcg": ndcg}
                )

    add(list_tune.searches(task))
    add(list_tune.judged_once(task, made))
    return made


def test_everybody_runs_at_the_best_of_its_tries_ours_first():
    records = records_of("known")
    entries = list_entries.rankers("known", records)
    peers = [entry.peer == "recslib" for entry in entries]
    assert peers == sorted(peers, reverse=True)
    (found,) = (e for e in entries if e.model == "ials")
    (search,) = (s for s in list_tune.searches("known") if s.model == "ials")
    assert found.params == search.tries()[-1] and found.tuned
    tries = {e.model: list_entries.n_tries(e) for e in entries}
    assert tries["ials"] == tries["averaged"] == TRIES
    assert tries["standardized"] == 3 * TRIES and tries["popularity"] == 0


def test_a_peer_whose_search_has_no_end_is_left_out():
    records = [r for r in records_of("known") if r["model"] != "BPR"]
    models = [e.model for e in list_entries.rankers("known", records)]
    assert "BPR" not in models and "EASEScorer" in models
    some = [r for r in records if r["model"] != "ials"]
    with pytest.raises(ValueError, match="0 of 8 tries of recslib ials"):
        list_entries.rankers("known", some)


@pytest.mark.parametrize("best", ["standardized", "ease both"])
def test_the_one_to_compare_with_is_the_best_of_ours_on_validation(best):
    records = records_of("known", [best, "EASEScorer", "BPR"])
    assert list_entries.best_of_ours("known", records).model == best


def test_ours_are_judged_on_a_part_of_every_training_part(monkeypatch):
    ratings = synthetic().ratings
    few = [ours("popularity"), ours("ease"), Ranker("cornac", "BPR", {})]
    monkeypatch.setattr(list_choices, "rankers", lambda task, records: few)
    rows = list_choices.judge_ours("strangers", ratings, [])
    assert [row["model"] for row in rows] == ["popularity", "ease"]
    how = TASKS["strangers"]
    for place, split in enumerate(how.parts(ratings)):
        part = how.carve(split.train)
        found = list_tune.judged(few[1], part, how.audience(part))
        assert rows[1]["ndcg"][place] == found["ndcg"]
        inside = set(split.train.users.tolist())
        assert set(part.test.users.tolist()) <= inside
    assert list_choices.chosen(rows, "strangers") == "ease"


@pytest.mark.parametrize(
    ("task", "model"),
    [
        ("strangers", "averaged"),
        ("known", "standardized"),
        ("by user", "standardized"),
    ],
)
def test_the_models_of_the_chapter_are_those_that_validation_chose(
    task, model
):
    rows = benchmark.read("list-choices.json")
    assert list_choices.chosen(rows, task) == model
    params = {
        row["model"]: row["params"] for row in rows if row["task"] == task
    }
    ran = {
        each.model: each.params
        for each in list_entries.rankers(task)
        if each.peer == "recslib"
    }
    assert params == ran


# The run ---------------------------------------------------------------------


def test_a_ranker_is_read_as_it_was_written():
    pair = ours("standardized"), Ranker("cornac", "BPR", {"k": 3}, True)
    assert lists.read_rankers(lists.written(*pair)) == list(pair)


def test_a_fit_keeps_what_each_list_is_worth_and_its_seconds(split, tmp_path):
    file = tmp_path / "list-a.npz"
    lists.fit_and_rank(ours("ease"), "by user", split, file)
    audience = library.known_people(split, any_rated=True)
    scores = ours("ease").prepare(split.train)()(audience)
    quality = judge_lists(scores, audience.seen, audience.wanted)
    with np.load(file) as kept:
        assert np.array_equal(kept["users"], audience.users.numpy())
        for name in lists.FIGURES:
            assert np.array_equal(kept[name], getattr(quality, name).numpy())
        measured = json.loads(str(kept["measured"]))
    assert set(measured) == {
        "fit_cpu_s",
        "rank_cpu_s",
        "version",
        "processor",
    }
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def keep(file, ndcg, users):
    told = {"fit_cpu_s": 1.0, "rank_cpu_s": 0.5, "version": "1"}
    np.savez(
        file,
        users=users,
        measured=json.dumps({**told, "processor": "A"}),
        **dict.fromkeys(lists.FIGURES, np.array(ndcg)),
    )


def test_what_is_kept_is_not_fitted_again_and_all_take_turns(
    monkeypatch, tmp_path
):
    one, two = ours("ease"), Ranker("recbole", "EASE", {"reg_weight": 1.0})
    keep(lists.place_of(one, "known", 0, tmp_path), [0.5], [3])
    ran = []

    def in_own_process(script, step, task, place, folder, text, python):
        for ranker in lists.read_rankers(text):
            ran.append((int(place), ranker.peer, python))
            file = lists.place_of(ranker, task, int(place), Path(folder))
            keep(file, [0.5], [3])

    monkeypatch.setattr(lists, "in_own_process", in_own_process)
    monkeypatch.setattr(lists, "python_of", lambda peer: peer)
    monkeypatch.setattr(lists, "is_here", lambda peer: True)
    lists.measure_all("known", 2, [one, two], tmp_path)
    assert [each[:2] for each in ran] == [
        (0, "recbole"),
        (1, "recslib"),
        (1, "recbole"),
    ]
    assert all(peer == python for _, peer, python in ran)
    ran.clear()
    lists.measure_all("known", 2, [one, two], tmp_path)
    assert ran == []


def test_a_peer_without_its_environment_is_left_out(monkeypatch, tmp_path):
    monkeypatch.setattr(lists, "is_here", lambda peer: peer != "recbole")
    asked = []
    monkeypatch.setattr(
        lists, "in_own_process", lambda *a, **k: asked.append(a)
    )
    lists.measure_all("known", 2, [Ranker("recbole", "EASE")], tmp_path)
    assert asked == []


def test_a_row_is_compared_with_ours_over_people(tmp_path):
    mine, theirs, half = (
        ours("ease"),
        Ranker("cornac", "BPR", {"k": 3}, tuned=True),
        Ranker("cornac", "BPR", {"k": 9}),
    )
    for ranker, parts in (
        (mine, ([0.5, 0.7], [0.2, 0.4])),
        (theirs, ([0.4, 0.7], [0.1, 0.1])),
    ):
        for place, ndcg in enumerate(parts):
            file = lists.place_of(ranker, "known", place, tmp_path)
            keep(file, ndcg, [4, 7])
    keep(lists.place_of(half, "known", 0, tmp_path), [0.1, 0.1], [4, 7])
    first, second = lists.rows(
        "known", 2, [mine, theirs, half], mine, tmp_path
    )
    assert first["is_ours"] and first["low"] == first["high"] == 0
    assert second["ndcg"] == [0.55, 0.1]
    assert second["difference"] == pytest.approx(-0.125)
    ends = mean_bootstrap(
        torch.tensor([0.4, 0.7, 0.1, 0.1], dtype=torch.double),
        torch.tensor([0.5, 0.7, 0.2, 0.4], dtype=torch.double),
        torch.tensor([4, 7, 4, 7]),
    )
    assert second["low"] == pytest.approx(ends.low, abs=1e-6)
    assert (second["tries"], second["fit_cpu_s"]) == (TRIES, 1.0)


def test_new_rows_of_a_task_leave_those_of_the_others():
    kept = [{"task": task, "n": 0} for task in TASKS]
    found = lists.with_task(kept, "known", [{"task": "known", "n": 1}] * 2)
    assert [(row["task"], row["n"]) for row in found] == [
        ("strangers", 0),
        ("known", 1),
        ("known", 1),
        ("by user", 0),
    ]
    first = lists.with_task([], "by user", [{"task": "by user"}])
    assert first == [{"task": "by user"}]


NAMED = [
    Ranker("recslib", "ease"),
    Ranker("recslib", "ials"),
    Ranker("implicit", "BayesianPersonalizedRanking"),
    Ranker("cornac", "BPR"),
    Ranker("cornac", "BiVAECF"),
]


@pytest.mark.parametrize(
    ("words", "places"),
    [([], [0, 1, 2, 3, 4]), (["BiVAECF"], [1, 4]), (["cornac"], [1, 3, 4])],
    ids=["nobody", "a model", "a package"],
)
def test_who_is_named_runs_and_the_one_to_compare_with(words, places):
    found = lists.chosen(NAMED, NAMED[1], words)
    assert found == [NAMED[place] for place in places]


def told(peer, model, ndcg, *, is_ours=False, fit_cpu_s=1.0):
    who = {"peer": peer, "model": model, "is_ours": is_ours}
    return {**who, "ndcg": [ndcg], "fit_cpu_s": fit_cpu_s}


def test_new_rows_of_who_ran_alone_stand_among_the_old_ones():
    kept = [
        told("recslib", "ease", 0.3),
        told("recslib", "ials", 0.4, is_ours=True),
        told("cornac", "BPR", 0.1),
        told("recbole", "EASE", 0.3),  # no entry any more
    ]
    again = told("recslib", "ials", 0.4002, is_ours=True, fit_cpu_s=9.0)
    new = [again, told("cornac", "BiVAECF", 0.3), told("cornac", "BPR", 0.2)]
    found = lists.merged(kept, new, NAMED)
    assert found == [kept[0], kept[1], new[2], new[1]]
    assert lists.merged([], new, NAMED) == [again, new[2], new[1]]


@pytest.mark.parametrize("change", [{"ndcg": [0.5]}, {"is_ours": False}])
def test_rows_that_were_compared_with_something_else_are_not_kept(change):
    ours_ = told("recslib", "ials", 0.4, is_ours=True)
    with pytest.raises(ValueError, match=r"recslib ials .* fit everybody"):
        lists.merged([ours_ | change], [ours_], NAMED)


# How cost grows --------------------------------------------------------------


def test_made_up_ratings_have_a_long_tail_and_no_pair_twice():
    made = list_growth.long_tailed(20_000)
    n_users, n_items = list_growth.sizes(20_000)
    users, items = made["users"], made["items"]
    assert len(np.unique(users * n_items + items)) == len(users) == 20_000
    assert users.max() < n_users and items.max() < n_items
    counts = np.sort(np.bincount(items, minlength=n_items))[::-1]
    assert counts[0] > 3 * np.median(counts)
    liked = made["ratings"] >= library.LIKED
    assert liked.mean() == pytest.approx(list_growth.SHARE_LIKED, abs=0.02)
    again = list_growth.long_tailed(20_000)
    assert all(np.array_equal(made[name], again[name]) for name in made)


def test_too_few_made_up_ratings_are_refused():
    with pytest.raises(ValueError, match="different pairs"):
        list_growth.long_tailed(100)


def test_every_ranker_of_the_growth_fits_what_is_made_up(tmp_path):
    for name, values in list_growth.long_tailed(20_000).items():
        np.save(tmp_path / f"{name}.npy", values)
    made = list_growth.load(tmp_path)
    audience = library.known_people(splits.random_split(made))
    for ranker in list_growth.RANKERS[1:]:
        small = {"n_epochs": 1} if "n_epochs" in ranker.params else {}
        quick = Ranker(ranker.peer, ranker.model, {**ranker.params, **small})
        assert quick.prepare(made)()(audience).isfinite().all()


def test_a_size_that_is_measured_is_not_measured_again(results, monkeypatch):
    asked = []

    def measure_size(n_ratings):
        asked.append(n_ratings)
        costs = [{"fit_cpu_s": s, "peak_mb": 9.0} for s in (2.0, 1.0, 8.0, 4)]
        return list_growth.rows(n_ratings, costs)

    monkeypatch.setattr(list_growth, "measure_size", measure_size)
    list_growth.run()
    list_growth.run()
    assert asked == list(list_growth.SIZES)
    found = measure.read("list-growth.json")
    assert [row["times"] for row in found[:4]] == [1.0, 0.5, 4.0, 2.0]
    assert found[-1]["items"] == 20_000 and found[-1]["ratings"] == 10**6


# What is committed -----------------------------------------------------------


def test_a_row_has_the_agreed_columns_and_kinds():
    n_splits = {"strangers": 5, "known": 5, "by user": 3}
    for row in ROWS:
        kinds = {name: type(value) for name, value in row.items()}
        assert kinds == {
            "task": str,
            "peer": str,
            "model": str,
            "params": dict,
            "tuned": bool,
            "tries": int,
            **dict.fromkeys(lists.FIGURES, list),
            "fit_cpu_s": float,
            "rank_cpu_s": float,
            "version": str,
            "processor": str,
            "is_ours": bool,
            "difference": float,
            "low": float,
            "high": float,
        }
        for name in lists.FIGURES:
            assert len(row[name]) == n_splits[row["task"]]
            assert all(0 < value < 1 for value in row[name])
        assert row["low"] <= row["difference"] <= row["high"]
        assert (row["peer"], row["model"]) in NAMES


def test_versions_in_the_results_are_the_pinned_ones():
    for row in ROWS:
        own = "-recbole" * (row["peer"] == "recbole")
        file = benchmark.BENCHMARKS / f"requirements{own}.txt"
        pins = file.read_text(encoding="utf-8").splitlines()
        if row["peer"] != "recslib":
            assert f"{row['peer']}=={row['version']}" in pins


@pytest.mark.parametrize("task", TASKS)
def test_the_rows_are_the_entries_at_the_best_of_their_tries(task):
    entries = list_entries.rankers(task, TRIED)
    found = [row for row in ROWS if row["task"] == task]
    ran = {(r["peer"], r["model"], json.dumps(r["params"])) for r in found}
    wanted = {(e.peer, e.model, json.dumps(dict(e.params))) for e in entries}
    assert ran == wanted
    (ours_,) = (row for row in found if row["is_ours"])
    assert ours_["model"] == list_entries.best_of_ours(task, TRIED).model


def test_a_try_is_recorded_once_and_is_one_of_its_search():
    seen = [
        [r[name] for name in ("task", "peer", "model", "params")]
        for r in TRIED
    ]
    assert all(seen.count(each) == 1 for each in seen)
    for task in TASKS:
        known = [
            *list_tune.searches(task),
            *list_tune.judged_once(task, TRIED),
        ]
        own = [r for r in TRIED if r["task"] == task]
        assert len(own) == sum(len(s.made(TRIED)) for s in known)


def test_the_growth_is_of_every_ranker_up_to_the_sizes_it_names():
    names = [(r.peer, r.model) for r in list_growth.RANKERS]
    sizes = list(dict.fromkeys(row["ratings"] for row in GROWN))
    assert sizes == list(list_growth.SIZES)[: len(sizes)]
    assert [(r["peer"], r["model"]) for r in GROWN] == names * len(sizes)
    assert all(row["times"] == 1 for row in GROWN if row["peer"] == "implicit")
