import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys

import pandas as pd
import pytest
import torch
from filelock import FileLock

from recslib import command, fitted, saving, serve, study
from recslib.movielens import synthetic

DATA = synthetic(150, 80, 4_000, seed=5)
FEW = DATA.ratings.select(torch.arange(30))  # too few for a model
FILES = {
    "report.html",
    "lists.csv",
    "summary.json",
    "model-of-lists",
    "model-of-ratings",
}


def _parquet():
    known = importlib.util.find_spec("pyarrow") is not None
    return {"lists.parquet"} if known else set()


def write_ratings(path, ratings=DATA.ratings, **columns):
    frame = pd.DataFrame(
        {
            "user_id": ratings.user_ids[ratings.users.numpy()],
            "item_id": ratings.item_ids[ratings.items.numpy()],
            "rating": ratings.ratings.numpy(),
            "timestamp": ratings.timestamps.numpy(),
        }
    )
    frame.assign(**columns).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Run the command once; what it wrote is read by many tests."""
    place = tmp_path_factory.mktemp("given")
    path = write_ratings(place / "rat<i>ngs.csv")
    titles = dict(
        zip(DATA.ratings.item_ids.tolist(), DATA.ratings.titles, strict=True)
    )
    titles[DATA.ratings.item_ids[0].item()] = "<b>Emma & Co</b>"
    pd.DataFrame({"item": titles.keys(), "title": titles.values()}).to_csv(
        place / "titles.csv", index=False
    )
    arguments = [str(path), "--titles", str(place / "titles.csv")]
    out = place / "new" / "study"
    assert command.main([*arguments, "--out", str(out)]) == 0
    return out


@pytest.fixture
def no_fit(monkeypatch):
    """Stop where the work would begin."""

    def examine(*_, **__):
        raise AssertionError("nothing was to be fitted")

    monkeypatch.setattr(study, "examine", examine)


# What it writes --------------------------------------------------------------


def test_all_files_are_written_and_nothing_half(folder):
    assert {each.name for each in folder.iterdir()} == FILES | _parquet()


def test_lists_have_a_title_and_a_place_for_everybody(folder):
    table = pd.read_csv(folder / "lists.csv")
    assert table.columns.tolist() == [
        "user",
        "place",
        "item_id",
        "title",
        "score",
    ]
    assert table["user"].nunique() == 150
    assert table.groupby("user")["place"].apply(list).iloc[0] == list(
        range(1, 11)
    )


def test_the_summary_has_the_verdicts_that_the_library_gives(folder):
    told = json.loads((folder / "summary.json").read_text())
    done = study.examine(DATA.ratings)
    for name, judgement in (("stars", done.stars), ("lists", done.lists)):
        assert told[name]["verdict"] == judgement.verdict.words
        assert told[name]["outcome"] == judgement.verdict.outcome == "ahead"
    assert told["file"] == "rat<i>ngs.csv"
    assert told["ratings"] == 4_000
    assert told["split"]["test"] == len(done.split.test)


def test_the_saved_model_of_lists_is_the_one_that_made_the_lists(folder):
    saved = saving.load(folder / "model-of-lists")
    table = pd.read_csv(folder / "lists.csv")
    user = saved.ratings.user_ids[3].item()
    again = serve.for_user(
        saved.model, saved.ratings, user, liked=saved.settings["liked"]
    )
    assert again["title"].tolist() == (
        table[table["user"] == user]["title"].tolist()
    )


def test_the_saved_model_of_ratings_predicts_what_was_given(folder):
    saved = saving.load(folder / "model-of-ratings")
    told = fitted.predicted(saved.model, saved.ratings)
    errors = told - saved.ratings.ratings
    summary = json.loads((folder / "summary.json").read_text())
    known = {row["model"]: row["value"] for row in summary["stars"]["models"]}
    assert errors.square().mean().sqrt() < known["damped biases"]


def test_the_verdict_is_printed(tmp_path, capsys):
    path = write_ratings(tmp_path / "few.csv", FEW)
    assert command.main([str(path), "--out", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().out
    assert "What was read" in told
    assert "do not bear a model" in told
    assert "report.html" in told


def test_a_second_run_takes_the_place_of_the_first(tmp_path, capsys):
    out = tmp_path / "out"
    for n in (3, 5):
        path = write_ratings(tmp_path / "few.csv", FEW)
        arguments = [str(path), "--out", str(out), "-n", str(n)]
        assert command.main(arguments) == 0
        assert pd.read_csv(out / "lists.csv")["place"].max() == n


def test_a_model_that_is_no_longer_ahead_does_not_stay(
    folder, tmp_path, capsys
):
    out = tmp_path / "out"
    shutil.copytree(folder, out)
    path = tmp_path / "ratings.csv"
    (out / "mine.txt").write_text("a remark")
    write_ratings(path, FEW)
    assert command.main([str(path), "--out", str(out)]) == 0
    there = {each.name for each in out.iterdir()}
    assert there == (FILES - {"model-of-ratings"}) | _parquet() | {"mine.txt"}
    asked = ["predict", str(out), "--user", "1", "--item", "1"]
    assert command.main(asked) == 1
    assert "none was ahead of counting" in capsys.readouterr().err


def test_hours_in_columns_of_any_name_with_dates_are_read(tmp_path, capsys):
    rows = [
        f"{user};game {item};{(user * item) % 37 + 0.5};2024-03-{item + 1:02}"
        for user in range(4)
        for item in range(9)
    ]
    path = tmp_path / "plays.csv"
    path.write_text("\n".join(["who;game;hours;day", *rows]))
    names = ["--user", "who", "--item", "1", "--rating", "hours"]
    out = str(tmp_path / "out")
    arguments = [str(path), *names, "--time", "day", "--out", out]
    assert command.main(arguments) == 0
    told = capsys.readouterr().out
    assert "2024-03-01 to 2024-03-09" in told


# A list from what was saved --------------------------------------------------


def test_a_person_of_the_data_gets_their_list_again(folder, capsys):
    table = pd.read_csv(folder / "lists.csv")
    user = table["user"].iloc[-1]
    assert command.main(["recommend", str(folder), "--user", str(user)]) == 0
    told = re.findall(r"^ *\d+  (.*)$", capsys.readouterr().out, re.MULTILINE)
    assert told == table[table["user"] == user]["title"].tolist()


def test_somebody_new_gets_a_list_without_what_they_rated(folder, capsys):
    title = DATA.ratings.titles[4]
    arguments = ["recommend", str(folder), "-n", "4", "--rated", f"{title}=5"]
    assert command.main(arguments) == 0
    told = capsys.readouterr().out
    assert len(told.splitlines()) == 4
    assert title not in told
    id_ = DATA.ratings.item_ids[4].item()
    arguments[-1] = f"{id_}=5"
    assert command.main(arguments) == 0
    assert capsys.readouterr().out == told


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["--user", "99999"], "no user has the id '99999'"),
        (["--rated", "No Such Title=5"], "no item has the title"),
        (["--rated", "1=9"], "give 1 to 5"),
        (["--rated", "1=4", "--rated", "1=5"], "rated twice"),
    ],
)
def test_who_or_what_is_unknown_is_said(folder, capsys, asked, words):
    assert command.main(["recommend", str(folder), *asked]) == 1
    assert words in capsys.readouterr().err


def test_another_process_predicts_by_title_and_by_id(folder, capsys):
    title, id_ = DATA.ratings.titles[4], DATA.ratings.item_ids[5].item()
    asked = ["predict", str(folder), "--user", "1", "--item", title]
    assert command.main([*asked, "--item", str(id_)]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert [row.split(maxsplit=1)[1] for row in rows] == [
        title,
        DATA.ratings.titles[5],
    ]
    assert all(1 <= float(row.split()[0]) <= 5 for row in rows)
    assert command.main([*asked, "--item", "Nothing"]) == 1
    assert "no item has the title 'Nothing'" in capsys.readouterr().err


def test_a_folder_without_a_study_recommends_nothing(tmp_path, capsys):
    assert command.main(["recommend", str(tmp_path), "--user", "1"]) == 1
    assert "holds no study of this command" in capsys.readouterr().err


# What cannot be used ---------------------------------------------------------


def test_a_folder_of_somebody_else_is_left_alone(tmp_path, capsys, no_fit):
    path = write_ratings(tmp_path / "ratings.csv")
    assert command.main([str(path), "--out", str(tmp_path)]) == 1
    assert "holds ratings.csv" in capsys.readouterr().err
    assert [each.name for each in tmp_path.iterdir()] == ["ratings.csv"]


def test_quotation_marks_that_a_shell_left_are_said(
    tmp_path, capsys, no_fit, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    path = write_ratings(tmp_path / "ratings.csv")
    for arguments in (
        [f"'{path}'", "--out", "study"],
        [str(path), "--out", '"study"'],
        [str(path), "--out", "study", "--titles", "'titles.csv'"],
    ):
        assert command.main(arguments) == 1
        assert "quotation marks at its ends" in capsys.readouterr().err
    assert [each.name for each in tmp_path.iterdir()] == ["ratings.csv"]


def test_a_file_is_no_folder(tmp_path, capsys, no_fit):
    path = write_ratings(tmp_path / "ratings.csv")
    before = path.read_bytes()
    assert command.main([str(path), "--out", str(path)]) == 1
    assert "is a file" in capsys.readouterr().err
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("a,b\n1,2\n", "--rating"),
        ("user,item,rating\n1,2,3\n1,2\n1,2,3,4\n", "--separator"),
        ("user,item,rating\n1,2,x\n", "line 2"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_with_the_flag_that_helps(
    tmp_path, capsys, no_fit, text, words
):
    path = tmp_path / "ratings.csv"
    path.write_text(text)
    out = tmp_path / "out"
    assert command.main([str(path), "--out", str(out)]) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: ") and words in told
    assert not out.exists()


def test_a_file_that_is_not_there_is_named(tmp_path, capsys, no_fit):
    path = tmp_path / "nowhere.csv"
    assert command.main([str(path), "--out", str(tmp_path / "out")]) == 1
    assert "nowhere.csv" in capsys.readouterr().err


def contents(folder):
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError("no room")])
def test_what_stops_half_way_leaves_the_older_study_or_nothing(
    tmp_path, capsys, monkeypatch, error
):
    path = write_ratings(tmp_path / "few.csv", FEW)
    out, deep = tmp_path / "out", tmp_path / "new" / "deep"
    assert command.main([str(path), "--out", str(out)]) == 0
    before = contents(out)

    def stop(*_, **__):
        raise error

    monkeypatch.setattr(command, "report", stop)
    for folder in (out, deep):
        assert command.main([str(path), "--out", str(folder)]) != 0
        told = capsys.readouterr().err.splitlines()[-1]
        assert told.startswith(("interrupted", "error: a file: no room"))
    assert contents(out) == before
    assert not (tmp_path / "new").exists()


def test_what_a_killed_run_left_is_cleared_away(tmp_path, capsys):
    path = write_ratings(tmp_path / "few.csv", FEW)
    out = tmp_path / "out"
    half = out / command.PART / "new"
    half.mkdir(parents=True)
    (half / "lists.csv").write_text("half")
    assert command.main([str(path), "--out", str(out)]) == 0
    assert "half" not in (out / "lists.csv").read_text()
    assert not (out / command.PART).exists()


def test_two_runs_do_not_write_into_one_folder(tmp_path, capsys, no_fit):
    path = write_ratings(tmp_path / "ratings.csv")
    part = tmp_path / "out" / command.PART
    part.mkdir(parents=True)
    with FileLock(part / "lock"):
        asked = [str(path), "--out", str(tmp_path / "out")]
        assert command.main(asked) == 1
        assert "another process" in capsys.readouterr().err
        assert part.exists()


def test_a_place_that_may_not_be_written_to_is_named(
    tmp_path, capsys, monkeypatch, no_fit
):
    def refuse(path, *_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    path = write_ratings(tmp_path / "ratings.csv")
    monkeypatch.setattr(command.Path, "mkdir", refuse)
    assert command.main([str(path), "--out", str(tmp_path / "out")]) == 1
    told = capsys.readouterr().err
    assert "out" in told and "Permission denied" in told
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ratings.csv"], "--out"),
        (["r.csv", "--out", "o", "--separator", ";;"], "one character"),
        (["r.csv", "--out", "o", "--encoding", "klingon"], "no encoding"),
        (["r.csv", "--out", "o", "-n", "0"], "not below 1"),
        (["r.csv", "--out", "o", "--seed", "x"], "seed is 'x'"),
        (["predict", "o", "--user", "7"], "--item"),
        (["recommend", "o"], "--user"),
        (["recommend", "o", "--rated", "Emma"], "no rating"),
    ],
)
def test_what_is_not_understood_is_said_and_exits_with_2(
    capsys, arguments, words
):
    with pytest.raises(SystemExit) as stopped:
        command.main(arguments)
    assert stopped.value.code == 2
    assert words in capsys.readouterr().err


def test_an_interruption_is_no_traceback(tmp_path, capsys, monkeypatch):
    def examine(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(study, "examine", examine)
    path = write_ratings(tmp_path / "ratings.csv")
    assert command.main([str(path), "--out", str(tmp_path / "out")]) == 130
    assert "interrupted" in capsys.readouterr().err


# The manual ------------------------------------------------------------------


def test_the_module_is_a_command_whose_help_is_a_manual():
    told = subprocess.run(
        [sys.executable, "-m", "recslib", "--help"],
        env={**os.environ, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for part in ("the file", "what it writes", "examples", "exit codes"):
        assert re.search(rf"^{part}", told, re.MULTILINE)
    assert max(map(len, told.splitlines())) <= 80


@pytest.mark.parametrize(
    "parser",
    [command.study_parser, command.recommend_parser, command.predict_parser],
)
def test_the_examples_of_the_manual_are_understood(parser):
    text = parser().epilog.replace("\\\n", " ")
    lines = re.findall(r"^  python -m recslib (.*)$", text, re.MULTILINE)
    assert lines
    for line in lines:
        words = shlex.split(line)
        if words[0] == "recommend":
            command.recommend_parser().parse_args(words[1:])
        elif words[0] == "predict":
            command.predict_parser().parse_args(words[1:])
        else:
            command.study_parser().parse_args(words)
