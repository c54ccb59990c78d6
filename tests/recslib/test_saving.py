import json
import os
import pickle
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import recslib
from recslib import features, lists, models, recipes, sampling, saving
from recslib.movielens import synthetic
from recslib.ratings import from_frame
from recslib.saving import Saved, SavingError, load, save

DATA = synthetic(12, 20, 120)
RATINGS = DATA.ratings
PAIR = RATINGS.users, RATINGS.items
FEATURES = features.side_features(DATA)
OF_PAIR = FEATURES.of(*PAIR)
HEARD = lists.hear(RATINGS)
BOTH = HEARD.liked, HEARD.disliked
FACTORS = torch.arange(60.0).view(20, 3) / 60
STEPS = torch.arange(24).view(2, 12) % 20
TOLD = torch.linspace(-1, 1, 24).view(2, 12)
PAST = STEPS, 3 + TOLD, STEPS.flip(1), TOLD
QUICK = {"n_factors": 4, "n_epochs": 1}


def scattered(model):
    """Give a model weights that no fresh one has."""
    torch.manual_seed(9)
    with torch.no_grad():
        for part in model.parameters():
            part.add_(0.1 * torch.randn(part.shape))
    return model.eval()


def factorization(seed=0):
    torch.manual_seed(seed)
    return scattered(models.MatrixFactorization(12, 20, 4, 3.5))


# Each with what it is asked.
FITTED = {
    "MatrixFactorization": (
        lambda: recipes.fit_factorization(RATINGS, **QUICK),
        PAIR,
    ),
    "FeatureFactorization": (
        lambda: recipes.fit_feature_factorization(RATINGS, FEATURES, **QUICK),
        (*PAIR, OF_PAIR),
    ),
    "DenseNet": (lambda: recipes.fit_dense_net(RATINGS, **QUICK), PAIR),
    "DenseNet with features": (
        lambda: recipes.fit_dense_net(RATINGS, FEATURES, **QUICK),
        (*PAIR, OF_PAIR),
    ),
    "WithProduct": (
        lambda: recipes.fit_dense_net(
            RATINGS, **QUICK, kind=models.WithProduct
        ),
        PAIR,
    ),
    "LSTMRating": (lambda: scattered(models.LSTMRating(FACTORS, 5)), PAST),
    "BothSides": (
        lambda: scattered(models.BothSides(FACTORS, 5)),
        (*PAST, PAST[0], *PAST[2:], torch.arange(12).expand(2, 12)),
    ),
    "SampledFactorization": (
        lambda: sampling.sample_factorization(
            RATINGS,
            2,
            n_sweeps=6,
            user_features=FEATURES.users,
            validation=RATINGS,
        ),
        PAIR,
    ),
    "ListFactorization": (
        lambda: lists.fit_ials(HEARD.liked, 3, n_sweeps=1),
        PAIR[:1],
    ),
    "ListAutoencoder": (
        lambda: lists.fit_list_autoencoder(HEARD, 4, n_epochs=1),
        BOTH,
    ),
    "ListLSTM": (
        lambda: scattered(models.ListLSTM(20, 3, 5)),
        (STEPS, (TOLD > 0).float()),
    ),
    "LinearLists": (
        lambda: models.LinearLists(
            lists.ease(HEARD.both, 9.0, n_targets=20),
            lists.popularity(RATINGS),
        ),
        BOTH,
    ),
}


def same_ratings(one, other):
    columns = ("users", "items", "ratings", "timestamps")
    for name in columns:
        first, second = getattr(one, name), getattr(other, name)
        if first is None or second is None:
            assert first is second
        else:
            assert first.dtype == second.dtype and torch.equal(first, second)
    for name in ("user_ids", "item_ids"):
        assert getattr(one, name).tolist() == getattr(other, name).tolist()
    return one.titles == other.titles and one.scale == other.scale


@pytest.fixture
def folder(tmp_path):
    save(tmp_path / "model", factorization(), RATINGS)
    return tmp_path / "model"


# There and back --------------------------------------------------------------


@pytest.mark.parametrize("name", FITTED)
def test_a_model_that_comes_back_gives_the_same_bits(name, tmp_path):
    make, asked = FITTED[name]
    model = make()
    save(tmp_path / "new" / "model", model, RATINGS)
    before = torch.random.get_rng_state()
    saved = load(tmp_path / "new" / "model")
    assert torch.equal(torch.random.get_rng_state(), before)
    assert type(saved.model) is type(model) and not saved.model.training
    with torch.no_grad():
        assert torch.equal(saved.model(*asked), model(*asked))
    for one, other in zip(
        model.parameters(), saved.model.parameters(), strict=True
    ):
        assert one.requires_grad == other.requires_grad
    assert same_ratings(saved.ratings, RATINGS)


def test_every_model_of_the_library_has_a_round_trip_above():
    written = {
        kind.__name__
        for module in (models, sampling)
        for kind in vars(module).values()
        if isinstance(kind, type)
        and issubclass(kind, nn.Module)
        and kind.__module__ == module.__name__
    }
    layers = {"Embedding", "Dropout"}
    assert written - layers == {name.split()[0] for name in FITTED}


def test_a_sampler_comes_back_with_what_it_says_beside_stars(tmp_path):
    model = FITTED["SampledFactorization"][0]()
    save(tmp_path, model, RATINGS)
    back = load(tmp_path).model
    assert torch.equal(back.spread(*PAIR), model.spread(*PAIR))
    assert back.history.noise == model.history.noise
    assert back.history.n_burn_in == model.history.n_burn_in
    assert np.array_equal(
        back.history.mean_rmse, model.history.mean_rmse, equal_nan=True
    )
    told = FEATURES.users[0]
    one, other = (
        sampling.fold_in(each, PAIR[1][:1], torch.ones(1), told)
        for each in (model, back)
    )
    assert torch.equal(one.rows, other.rows)


def test_what_comes_back_can_be_trained_on(tmp_path):
    save(tmp_path, factorization(), RATINGS)
    one, other = factorization(), load(tmp_path).model
    for model in (one, other):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        (model(*PAIR) - RATINGS.ratings).square().mean().backward()
        optimizer.step()
    assert torch.equal(one(*PAIR), other(*PAIR))


def test_settings_and_versions_come_back(tmp_path):
    settings = {
        "l2": 0.1 + 0.2,
        "seed": 7,
        "name": "Ä “quoted” \\ \n",
        "tried": (1, None, True, {"deep": []}),
    }
    save(tmp_path, factorization(), RATINGS, settings=settings)
    saved = load(str(tmp_path))
    assert isinstance(saved, Saved)
    assert saved.settings == settings | {
        "tried": [1, None, True, {"deep": []}]
    }
    assert saved.versions["recslib"] == recslib.__version__
    assert saved.versions["torch"] == str(torch.__version__)
    assert load_without_settings(tmp_path).settings == {}


def load_without_settings(folder):
    save(folder, factorization(), RATINGS)
    return load(folder)


ODD_TITLES = {
    "a": "",
    "b": "Amélie / \u202eright to left\u202c",
    "c": 'Say "Anything", \\n\n\t\x00',
    "d": "🎬" * 50,
    "é": "half of a pair: \ud83c",
    "no 7": "None",
}


def named(users, items, titles=None):
    rows = [(u, i, 4.0) for u in users for i in items]
    frame = pd.DataFrame(rows, columns=["user", "item", "rating"])
    return from_frame(frame, titles=titles, scale=(0.5, 10))


@pytest.mark.parametrize(
    "ratings",
    [
        named([0, 3, 2**52], [5, 6]),
        named(["ann", "Bob", "日本", "007"], list(ODD_TITLES), ODD_TITLES),
        named([1, 2], ["0441013597", "044100590X"]),
        replace(named([1], [2]), user_ids=np.array(["x"])),
        RATINGS.select([]),
    ],
    ids=["numbers", "texts", "both", "fixed width", "no rating"],
)
def test_ids_titles_and_scale_come_back_as_they_were(ratings, tmp_path):
    model = models.MatrixFactorization(ratings.n_users, ratings.n_items, 1, 4)
    save(tmp_path, model, ratings)
    back = load(tmp_path).ratings
    assert same_ratings(back, ratings)
    for row, id_ in enumerate(ratings.item_ids.tolist()):
        assert back.item_index(id_) == row


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16])
def test_weights_keep_their_precision(dtype, tmp_path):
    model = factorization().to(dtype)
    save(tmp_path, model, RATINGS)
    assert torch.equal(load(tmp_path).model(*PAIR), model(*PAIR))


def test_a_model_comes_back_in_another_process_and_serves_a_stranger(
    tmp_path,
):
    model, seen = FITTED["ListAutoencoder"][0](), RATINGS.titles[3]
    save(tmp_path / "model", model, RATINGS)
    program = (
        "import sys\n"
        "from recslib import saving, serve\n"
        "saved = saving.load(sys.argv[1])\n"
        "listed = serve.for_stranger(\n"
        "    saved.model, saved.ratings, {sys.argv[2]: 5}, 3\n"
        ")\n"
        "print(listed['item_id'].tolist())\n"
    )
    elsewhere = tmp_path / "elsewhere"
    shutil.move(tmp_path / "model", elsewhere)
    told = subprocess.run(
        [sys.executable, "-c", program, str(elsewhere), seen],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    heard = lists.hear_person(torch.tensor([3]), torch.tensor([5.0]), 20)
    with torch.no_grad():
        scores = model(heard.liked, heard.disliked)[0]
    scores[3] = -torch.inf
    best = scores.argsort(descending=True)[:3]
    assert json.loads(told.stdout) == RATINGS.item_ids[best].tolist()


def test_a_folder_is_tensors_and_json_and_nothing_is_pickled(tmp_path):
    save(tmp_path, factorization(), RATINGS)
    kinds = {path.suffix for path in tmp_path.iterdir() if path.suffix}
    assert kinds == {".json", ".safetensors"}
    for path in tmp_path.iterdir():
        data = path.read_bytes()
        # How a pickle of protocol 2 or more starts, and a zip of torch.save.
        assert not data.startswith((b"\x80", b"PK"))
        if path.suffix == ".json":
            json.loads(data)


def test_nothing_that_a_folder_holds_is_unpickled(folder, monkeypatch):
    def refused(*args, **named):
        raise AssertionError("a pickle was opened")

    for module, name in (
        (pickle, "load"),
        (pickle, "loads"),
        (pickle, "Unpickler"),
        (torch, "load"),
    ):
        monkeypatch.setattr(module, name, refused)
    assert torch.equal(load(folder).model(*PAIR), factorization()(*PAIR))


def test_a_folder_that_may_only_be_read_is_loaded(tmp_path):
    save(tmp_path, factorization(), RATINGS)
    before = sorted(path.name for path in tmp_path.iterdir())
    tmp_path.chmod(0o555)
    try:
        assert torch.equal(load(tmp_path).model(*PAIR), factorization()(*PAIR))
    finally:
        tmp_path.chmod(0o755)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


# All or nothing --------------------------------------------------------------


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def killed_at(monkeypatch):
    """Return what ends all writing from the k-th step on; counts steps."""
    steps = {"done": 0}

    def kill(at):
        steps["done"] = 0

        def counted(real):
            def step(*args, **named):
                steps["done"] += 1
                if steps["done"] >= at:
                    raise Killed
                return real(*args, **named)

            return step

        for module, name in (
            (os, "replace"),
            (os, "fsync"),
            (saving.Path, "unlink"),
            (saving, "write_whole"),
            (saving, "_clear_away"),
        ):
            monkeypatch.setattr(module, name, counted(getattr(module, name)))
        return steps

    return kill


def answers(folder):
    saved = load(folder)
    return saved.model(*PAIR).tolist(), saved.settings["name"]


OLD, NEW = factorization(1), factorization(2)


N_STEPS = 25  # more than a save takes


@pytest.mark.parametrize("at", range(1, N_STEPS + 1))
def test_a_save_that_is_killed_leaves_the_old_model_or_the_new_one(
    at, killed_at, tmp_path, monkeypatch
):
    save(tmp_path, OLD, RATINGS, settings={"name": "old"})
    fewer = RATINGS.select(torch.arange(50))
    with monkeypatch.context():
        steps = killed_at(at)
        try:
            save(tmp_path, NEW, fewer, settings={"name": "new"})
        except Killed:
            assert at < N_STEPS, "there are more steps to end at than these"
        else:
            assert steps["done"] < at
        monkeypatch.undo()
    old, new = (OLD(*PAIR).tolist(), "old"), (NEW(*PAIR).tolist(), "new")
    assert answers(tmp_path) in (old, new)
    # And the next save ends what was begun.
    save(tmp_path, NEW, fewer, settings={"name": "new"})
    assert answers(tmp_path) == new
    assert len([p for p in tmp_path.iterdir() if p.name != ".lock"]) == 4


def test_a_first_save_that_is_killed_is_no_model_and_can_be_done_again(
    killed_at, tmp_path, monkeypatch
):
    killed_at(9)
    with pytest.raises(Killed):
        save(tmp_path, NEW, RATINGS)
    monkeypatch.undo()
    with pytest.raises(SavingError, match=r"holds no model\.json"):
        load(tmp_path)
    save(tmp_path, NEW, RATINGS)
    assert torch.equal(load(tmp_path).model(*PAIR), NEW(*PAIR))


def test_a_process_that_is_killed_while_it_saves_leaves_a_whole_model(
    tmp_path,
):
    save(tmp_path, OLD, RATINGS, settings={"name": "old"})
    program = (
        "import os, sys\n"
        "from recslib import saving\n"
        "saved = saving.load(sys.argv[1])\n"
        "saved.model.mean += 1\n"
        "real, steps = os.replace, []\n"
        "def replace(*pair):\n"
        "    steps.append(pair)\n"
        "    if len(steps) == int(sys.argv[2]):\n"
        "        os.kill(os.getpid(), 9)\n"
        "    real(*pair)\n"
        "os.replace = replace\n"
        "saving.save(sys.argv[1], saved.model, saved.ratings,\n"
        "            settings={'name': 'new'})\n"
    )
    for at in ("2", "4"):
        ended = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path), at],
            capture_output=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        assert ended.returncode != 0
        assert answers(tmp_path) == (OLD(*PAIR).tolist(), "old")
    save(tmp_path, NEW, RATINGS, settings={"name": "new"})
    assert answers(tmp_path) == (NEW(*PAIR).tolist(), "new")


def test_a_full_disk_is_named_and_the_old_model_stays(tmp_path, monkeypatch):
    save(tmp_path, OLD, RATINGS)

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SavingError, match="No space left on device"):
        save(tmp_path, NEW, RATINGS)
    monkeypatch.undo()
    assert torch.equal(load(tmp_path).model(*PAIR), OLD(*PAIR))


def test_a_new_model_that_comes_while_one_is_read_is_read_whole(
    tmp_path, monkeypatch
):
    save(tmp_path, OLD, RATINGS)
    real = saving._read_part
    came = []

    def read(*entry):
        if not came:
            came.append(True)
            save(tmp_path, NEW, RATINGS.select(torch.arange(50)))
        return real(*entry)

    monkeypatch.setattr(saving, "_read_part", read)
    saved = load(tmp_path)
    assert torch.equal(saved.model(*PAIR), NEW(*PAIR))
    assert len(saved.ratings) == 50


def test_files_that_are_not_ours_stay(tmp_path):
    mine = {"notes.txt", "weights-old.safetensors", "names.json"}
    for name in mine:
        (tmp_path / name).write_text("mine")
    save(tmp_path, OLD, RATINGS)
    save(tmp_path, NEW, RATINGS.select(torch.arange(50)))
    there = {path.name for path in tmp_path.iterdir()}
    assert mine <= there
    assert len(there - mine - {".lock"}) == 4


# What is no model ------------------------------------------------------------


def file_of(folder, part):
    (path,) = folder.glob(f"{part}-*")
    return path


def described(folder, **changes):
    path = folder / "model.json"
    description = json.loads(path.read_text())
    path.write_text(json.dumps(description | changes))


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SavingError, match="nowhere: is not there"):
        load(tmp_path / "nowhere")


def test_a_file_is_no_folder(folder):
    with pytest.raises(SavingError, match=r"model\.json: is no folder"):
        load(folder / "model.json")


def test_a_folder_with_other_things_says_what_it_holds(tmp_path):
    with pytest.raises(SavingError, match="It holds nothing"):
        load(tmp_path)
    for number in range(7):
        (tmp_path / f"{number}.pt").touch()
    with pytest.raises(SavingError, match=r"holds 0\.pt, 1\.pt.*4\.pt, \.\."):
        load(tmp_path)


@pytest.mark.parametrize("text", ["{}", "[]", '"text"', '{"format": 1}'])
def test_somebody_elses_model_is_neither_read_nor_written_over(text, tmp_path):
    (tmp_path / "model.json").write_text(text)
    for attempt in (
        lambda: load(tmp_path),
        lambda: save(tmp_path, factorization(), RATINGS),
    ):
        with pytest.raises(SavingError, match=r"was not written by recslib"):
            attempt()
    assert (tmp_path / "model.json").read_text() == text


@pytest.mark.parametrize("part", ["weights", "ratings", "names"])
def test_a_part_that_is_missing_cut_or_changed_is_named(part, folder):
    path = file_of(folder, part)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SavingError, match=rf"{path.name}: is damaged .*bytes"):
        load(folder)
    path.write_bytes(whole[:-3] + bytes([whole[-3] ^ 1]) + whole[-2:])
    with pytest.raises(SavingError, match=rf"{path.name}: is damaged .*SHA"):
        load(folder)
    path.unlink()
    with pytest.raises(SavingError, match=rf"{path.name}: is not there"):
        load(folder)
    path.mkdir()
    with pytest.raises(SavingError, match=rf"{path.name}: cannot be read"):
        load(folder)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 0.97])
def test_a_description_that_is_cut_is_damaged(share, folder):
    path = folder / "model.json"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(SavingError, match=r"model\.json: is damaged"):
        load(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"files": {}},
        {"files": None},
        {"files": {"weights": 1, "ratings": 2, "names": 3}},
        {"settings": 3},
        {"scale": [1]},
        {"versions": 3},
    ],
)
def test_a_description_that_lacks_something_is_damaged(changes, folder):
    described(folder, **changes)
    with pytest.raises(SavingError, match=r"model\.json: is damaged"):
        load(folder)


def test_a_description_does_not_lead_out_of_its_folder(folder):
    files = json.loads((folder / "model.json").read_text())["files"]
    secret = folder.parent / "secret"
    secret.write_bytes(file_of(folder, "names").read_bytes())
    files["names"]["name"] = "../secret"
    described(folder, files=files)
    with pytest.raises(SavingError, match=r"names a file '\.\./secret'"):
        load(folder)


def test_a_newer_format_says_which_version_reads_it(folder):
    described(folder, format=2, versions={"recslib": "7.1.0"}, kind="Later")
    with pytest.raises(SavingError, match=r"7\.1\.0, in format 2;.* to 1\."):
        load(folder)


def test_a_newer_version_of_the_same_format_may_say_more(folder):
    described(folder, versions={"recslib": "0.9.3"}, note="whatever comes")
    saved = load(folder)
    assert saved.versions == {"recslib": "0.9.3"}
    assert torch.equal(saved.model(*PAIR), factorization()(*PAIR))


def test_a_class_that_this_version_does_not_have_is_named(folder):
    described(folder, kind="Transformer")
    with pytest.raises(SavingError, match="holds a Transformer, which"):
        load(folder)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        [],
        {"n_users": 12, "n_items": 20, "n_factors": 5, "mean": 3.5},
        {"n_users": 12, "n_items": -1, "n_factors": 4, "mean": 3.5},
        {"n_users": "12", "n_items": 20, "n_factors": 4, "mean": 3.5},
    ],
)
def test_arguments_that_do_not_fit_the_weights_are_refused(arguments, folder):
    described(folder, arguments=arguments)
    with pytest.raises(SavingError, match="weights are not those of a Matrix"):
        load(folder)


def test_weights_of_other_names_are_named(folder):
    described(
        folder,
        kind="ListFactorization",
        arguments={"n_users": 12, "n_items": 20, "n_factors": 4},
    )
    with pytest.raises(SavingError, match=r'Unexpected key.*"mean"'):
        load(folder)


# What cannot be saved --------------------------------------------------------


class Mine(models.MatrixFactorization):
    """Somebody's own."""

    def forward(self, users, items):
        return super().forward(users, items).clamp(1, 5)


class Alone(nn.Module):
    """Made like the book's, with a mean that is no buffer."""

    def __init__(self, n_users, n_items, n_factors, mean):
        super().__init__()
        self.mean = mean
        self.user_factors = models.embedding(n_users, n_factors, 0.1)
        self.item_factors = models.embedding(n_items, n_factors, 0.1)

    def forward(self, users, items):
        rows = self.user_factors(users) * self.item_factors(items)
        return self.mean + rows.sum(dim=1)


@pytest.mark.parametrize("kind", [Mine, Alone])
def test_a_class_of_ones_own_comes_back_as_itself(kind, tmp_path):
    model = kind(12, 20, 4, 3.25)
    with pytest.raises(SavingError, match=r"class of your own.*kind=models"):
        save(tmp_path, model, RATINGS)
    save(tmp_path, model, RATINGS, kind=models.MatrixFactorization)
    with pytest.raises(
        SavingError, match=rf"load\(folder, kind={kind.__name__}"
    ):
        load(tmp_path)
    back = load(tmp_path, kind=kind).model
    assert type(back) is kind
    assert torch.equal(back(*PAIR), model(*PAIR))


def test_the_wrong_class_of_ones_own_is_told_what_differs(tmp_path):
    save(
        tmp_path,
        Alone(12, 20, 4, 3.0),
        RATINGS,
        kind=models.MatrixFactorization,
    )
    with pytest.raises(
        SavingError, match=r"not those of a Mine: .*Missing key"
    ):
        load(tmp_path, kind=Mine)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (models.DenseNet, "is not made like DenseNet"),
        (models.ListLSTM, "is not made like ListLSTM"),
        (nn.Linear, "give the book's class"),
        ("DenseNet", "give the book's class"),
    ],
)
def test_a_class_that_ones_own_is_not_like_is_refused(kind, said, tmp_path):
    with pytest.raises(SavingError, match=said):
        save(tmp_path / "new", Mine(12, 20, 4, 3.0), RATINGS, kind=kind)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"rate": np.float32(1)}, r"settings\['rate'\] is of float32"),
        ({"a": {"b": [1, float("nan")]}}, r"\['a'\]\['b'\]\[1\] is nan"),
        ({"a": {3: 1}}, r"\['a'\] has the key 3"),
        ({"device": torch.device("cpu")}, "is of device"),
        ({"weights": torch.ones(2), "kind": Mine}, "is of Tensor; .*of type"),
    ],
)
def test_settings_that_json_does_not_have_are_named(settings, said, tmp_path):
    with pytest.raises(SavingError, match=said):
        save(tmp_path / "new", factorization(), RATINGS, settings=settings)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        (np.arange(12.0), "ids are float, such as 0.0"),
        (np.array([*range(11), "x"], dtype=object), "ids are int and str"),
        (np.arange(12) > 3, "ids are bool"),
    ],
)
def test_ids_that_are_neither_numbers_nor_text_are_refused(
    ids, said, tmp_path
):
    with pytest.raises(SavingError, match=said):
        save(tmp_path, factorization(), replace(RATINGS, user_ids=ids))


@pytest.mark.parametrize(("users", "items"), [(11, 20), (12, 21)])
def test_ratings_of_others_than_the_models_are_refused(users, items, tmp_path):
    model = models.MatrixFactorization(users, items, 2, 3.0)
    with pytest.raises(SavingError, match=r"the ratings 12 and\s+20; give"):
        save(tmp_path, model, RATINGS)


@pytest.mark.parametrize("inside", ["", "deeper"])
def test_a_place_that_cannot_be_written_to_is_named(inside, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(SavingError, match="cannot be written to"):
        save(tmp_path / "file" / inside, factorization(), RATINGS)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_that_is_not_yours_is_named(tmp_path, monkeypatch):
    def refused(*args, **named):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(saving, "FileLock", refused)
    with pytest.raises(SavingError, match=r"Permission denied.*that is yours"):
        save(tmp_path, factorization(), RATINGS)


def test_another_process_that_saves_is_waited_for_and_then_named(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(saving, "_LOCK_SECONDS", 0.01)
    with (
        saving._locked(tmp_path),
        pytest.raises(SavingError, match="another process has been saving"),
    ):
        save(tmp_path, factorization(), RATINGS)
