"""What a chapter says of itself: read, checked, and refused with a reason."""

import copy

import jsonschema
import pytest
from nbformat import v4

from bookbuild import BuildError, chapters, notebooks

RECORD = {
    "title": "First things",
    "question": "Is it better than guessing?",
    "about": "You meet the data.",
    "printed": None,
    "headline": {
        "mean": "mean_rmse",
        "item_mean": "mean_rmse",
        "biases": "bias_rmse",
        "rmse": "rmse",
        "spread": "rmse_sd",
        "difference": "apart",
        "low": "low",
        "high": "high",
    },
    "rungs": [
        {
            "panel": "Folds",
            "label": "always the mean",
            "key": "mean_rmse",
            "kind": "guess",
            "line": "mean",
        },
    ],
    "bounds": [{"key": "rmse", "at_most": 0.92}],
}
VALUES = {
    "mean_rmse": 1.12,
    "bias_rmse": 0.94,
    "rmse": 0.91,
    "rmse_sd": 0.007,
    "apart": -0.03,
    "low": -0.04,
    "high": -0.02,
}


def glue(key, value):
    kind = f"{notebooks.GLUE_PREFIX}text/plain"
    mark = {"scrapbook": {"name": key, "mime_prefix": notebooks.GLUE_PREFIX}}
    return v4.new_output("display_data", {kind: repr(value)}, metadata=mark)


def says(*records):
    outputs = [
        v4.new_output("display_data", {chapters.RECORD: record})
        for record in records
    ]
    return v4.new_code_cell("display(record, raw=True)", outputs=outputs)


def notebook(*records, values=VALUES):
    glued = [glue(key, value) for key, value in values.items()]
    return v4.new_notebook(
        cells=[
            v4.new_markdown_cell("# First things and more"),
            v4.new_code_cell("x", outputs=glued),
            *map(says, records),
        ]
    )


@pytest.fixture
def written(tmp_path):
    def write(record, name="01_first.ipynb", **changes):
        path = tmp_path / name
        notebooks.write(notebook(record, **changes), path)
        return path

    return write


def changed(**changes):
    return copy.deepcopy(RECORD) | changes


def test_a_chapter_has_the_words_and_the_numbers_of_its_record(written):
    first = chapters.chapter_of(written(RECORD))
    assert first.numbered_title == "1 First things"
    assert first.heading == "First things and more"
    assert first.headline_value("rmse") == 0.91
    assert first.headline_value("as_printed") is None
    assert first.rungs[0].label == "always the mean"
    assert first.rungs[0].scale == "stars"


def test_a_chapter_that_predicts_no_stars_says_so_and_has_no_numbers(written):
    lists = changed(headline=None, rungs=[], bounds=[])
    first = chapters.chapter_of(written(lists))
    assert first.headline_value("rmse") is None


def test_the_schema_is_a_schema():
    chapters._checks().check_schema(chapters._checks().schema)
    assert isinstance(chapters._checks(), jsonschema.Draft202012Validator)


@pytest.mark.parametrize("field", ["title", "question", "about", "printed"])
def test_a_record_without_a_field_is_refused_and_the_field_named(
    written, field
):
    record = changed()
    del record[field]
    with pytest.raises(BuildError, match=rf"01_first\.ipynb: .*'{field}'"):
        chapters.chapter_of(written(record))


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"printed": "0.66"}, "printed"),
        ({"title": " "}, "title"),
        ({"rungs": [{**RECORD["rungs"][0], "kind": "best"}]}, "rungs/0/kind"),
        ({"rungs": [{**RECORD["rungs"][0], "scale": "[0, 1]"}]}, "rungs/0/s"),
        ({"bounds": [{"key": "rmse"}]}, "bounds/0"),
        ({"bounds": [{"key": "a", "difference_of": ["b", "c"]}]}, "bounds/0"),
        ({"headline": {"mean": "mean_rmse"}}, "headline"),
        ({"colour": "red"}, "the record"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(written, changes, place):
    with pytest.raises(BuildError, match=f"{place}.* does not fit"):
        chapters.chapter_of(written(changed(**changes)))


@pytest.mark.parametrize(
    "changes",
    [
        {"bounds": [{"key": "lost", "at_most": 1}]},
        {"bounds": [{"key": "rmse", "at_most": "lost"}]},
        {"seconds": [{"label": "MF", "key": "lost"}]},
        {"rungs": [{**RECORD["rungs"][0], "key": "lost"}]},
        {
            "tables": [
                {
                    "name": "t",
                    "caption": "T.",
                    "columns": ["a", "b"],
                    "rows": [["row", "lost:.3f"]],
                }
            ]
        },
    ],
)
def test_a_key_that_no_cell_glues_is_named_with_what_to_do(written, changes):
    with pytest.raises(BuildError, match=r"names lost, .*make notebooks"):
        chapters.chapter_of(written(changed(**changes)))


def test_seconds_may_be_missing_from_what_is_committed(written):
    fits = [{"label": "MF", "key": "fit_seconds"}]
    path = written(changed(seconds=fits))
    assert chapters.chapter_of(path, timed=False).seconds == fits
    with pytest.raises(BuildError, match="names fit_seconds"):
        chapters.chapter_of(path)


def test_a_row_that_is_too_short_for_its_table_is_named(written):
    table = {
        "name": "t",
        "caption": "T.",
        "columns": ["a", "b", "c"],
        "rows": [["row", "rmse:.3f"]],
    }
    with pytest.raises(BuildError, match=r"row 'row' of its table 't' has 2"):
        chapters.chapter_of(written(changed(tables=[table])))


def test_a_notebook_has_one_record_in_its_last_cell():
    for records in ((), (RECORD, RECORD)):
        with pytest.raises(BuildError, match="last cell displays"):
            chapters.record_of(notebook(*records))
    early = notebook(RECORD)
    early.cells.append(v4.new_markdown_cell("One more thing."))
    with pytest.raises(BuildError, match="last cell displays"):
        chapters.record_of(early)


def test_a_notebook_whose_name_has_no_number_is_refused(written):
    with pytest.raises(BuildError, match=r"trial\.ipynb: .*04_trial"):
        chapters.chapter_of(written(RECORD, name="trial.ipynb"))


@pytest.mark.parametrize(
    ("bound", "broken"),
    [
        ({"key": "rmse", "at_most": 0.91}, False),
        ({"key": "rmse", "at_most": 0.9}, True),
        ({"key": "rmse", "at_most": "bias_rmse"}, False),
        ({"key": "bias_rmse", "at_most": "rmse"}, True),
        ({"key": "low", "at_least": -0.04}, False),
        ({"key": "low", "at_least": 0}, True),
        (
            {
                "key": "apart",
                "difference_of": ["rmse", "bias_rmse"],
                "within": 1e-6,
            },
            False,
        ),
        (
            {
                "key": "apart",
                "difference_of": ["bias_rmse", "rmse"],
                "within": 0.05,
            },
            True,
        ),
    ],
)
def test_a_bound_holds_or_is_said_to_be_broken(written, bound, broken):
    first = chapters.chapter_of(written(changed(bounds=[bound])))
    told = chapters.broken_bounds(first)
    assert bool(told) is broken
    assert all(bound["key"] in line for line in told)
