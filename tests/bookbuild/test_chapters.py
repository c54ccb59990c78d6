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
NUMBERS = {
    "mean_rmse": 1.12,
    "bias_rmse": 0.94,
    "rmse": 0.91,
    "rmse_sd": 0.007,
    "apart": -0.03,
    "low": -0.04,
    "high": -0.02,
}
RECORD["values"] = [
    {"section": "Mend it", "kind": "trained", "numbers": NUMBERS},
    {"section": "Mend it", "kind": "seconds", "numbers": {"fit_s": 1.5}},
]
# What a chapter of lists has in place of a headline.
ROW = {
    "label": "People we know",
    "popular": "popular",
    "counting": "ease",
    "ndcg": "ndcg",
    "difference": "ahead",
    "low": "ahead_low",
    "high": "ahead_high",
}
NDCGS = {
    "popular": 0.25,
    "ease": 0.35,
    "ndcg": 0.4,
    "ahead": 0.15,
    "ahead_low": 0.1,
    "ahead_high": 0.2,
}
LIST_RUNG = {
    "panel": "Lists",
    "label": "ours",
    "key": "ndcg",
    "kind": "ours",
    "scale": "ndcg",
}


def says(*records):
    outputs = [
        v4.new_output("display_data", {chapters.RECORD: record})
        for record in records
    ]
    return v4.new_code_cell("display(record, raw=True)", outputs=outputs)


def notebook(*records):
    return v4.new_notebook(
        cells=[
            v4.new_markdown_cell("# First things and more\n\n## Mend it"),
            *map(says, records),
        ]
    )


@pytest.fixture
def written(tmp_path):
    def write(record, name="01_first.ipynb"):
        path = tmp_path / name
        notebooks.write(notebook(record), path)
        return path

    return write


def changed(**changes):
    return copy.deepcopy(RECORD) | changes


def group(**changes):
    return copy.deepcopy(RECORD["values"][0]) | changes


def test_a_chapter_has_the_words_and_the_numbers_of_its_record(written):
    first = chapters.chapter_of(written(RECORD))
    assert first.numbered_title == "1 First things"
    assert first.heading == "First things and more"
    assert first.headline_value("rmse") == 0.91
    assert first.headline_value("as_printed") is None
    assert first.rungs[0].label == "always the mean"
    assert first.rungs[0].scale == "stars"
    assert first.computed["rmse"] == chapters.Computed(
        0.91, "trained", "Mend it"
    )
    assert first.computed["fit_s"].kind == "seconds"


def test_a_chapter_that_predicts_no_stars_says_so_and_has_no_numbers(written):
    learns = changed(headline=None, rungs=[], bounds=[])
    first = chapters.chapter_of(written(learns))
    assert first.headline_value("rmse") is None
    assert not first.ends_with_a_model


def of_lists(row=ROW, rung=LIST_RUNG, **numbers):
    values = [group(numbers=NDCGS | numbers)]
    return changed(
        headline=None, lists=[row], rungs=[rung], bounds=[], values=values
    )


def test_a_chapter_of_lists_says_for_whom_and_how_good_they_are(written):
    first = chapters.chapter_of(written(of_lists()))
    assert first.ends_with_a_model and first.headline is None
    (row,) = first.lists
    assert row["label"] == "People we know"
    assert first.list_values(row) == {
        "popular": 0.25,
        "counting": 0.35,
        "ndcg": 0.4,
        "difference": 0.15,
        "low": 0.1,
        "high": 0.2,
    }
    assert first.rungs[0].scale == "ndcg"


@pytest.mark.parametrize("name", ["label", "counting", "high"])
def test_a_row_of_lists_that_lacks_a_part_is_named(written, name):
    short = {k: v for k, v in ROW.items() if k != name}
    with pytest.raises(BuildError, match=rf"lists/0 .*'{name}'"):
        chapters.chapter_of(written(of_lists(row=short)))


@pytest.mark.parametrize("value", [24.5, -0.1, "0.4"])
@pytest.mark.parametrize("key", ["popular", "ease", "ndcg"])
def test_an_ndcg_that_is_not_from_0_to_1_is_refused(written, key, value):
    with pytest.raises(BuildError, match=rf"{value!r} as '{key}'.*0 to 1"):
        chapters.chapter_of(written(of_lists(**{key: value})))


def test_a_rung_of_lists_that_is_no_ndcg_is_refused(written):
    rung = LIST_RUNG | {"key": "percent"}
    with pytest.raises(BuildError, match=r"40\.0 as 'percent'"):
        chapters.chapter_of(written(of_lists(rung=rung, percent=40.0)))


def test_the_schema_is_a_schema():
    chapters._checks().check_schema(chapters._checks().schema)
    assert isinstance(chapters._checks(), jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    "field", ["title", "question", "about", "printed", "values"]
)
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
        ({"lists": []}, "lists"),
        ({"lists": [{**ROW, "rmse": "rmse"}]}, "lists/0"),
        ({"lists": [{**ROW, "ndcg": 0.4}]}, "lists/0/ndcg"),
        ({"colour": "red"}, "the record"),
        ({"values": [{"section": "Mend it", "kind": "exact"}]}, "values/0"),
        ({"values": [group(kind="guessed")]}, "values/0/kind"),
        ({"values": [group(numbers={"rmse": None})]}, "values/0/numbers"),
        ({"values": [group(numbers={"RMSE": 1.0})]}, "values/0/numbers"),
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
        {
            "lists": [
                dict.fromkeys(ROW, "rmse") | {"label": "All", "low": "lost"}
            ]
        },
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
def test_a_key_that_the_record_does_not_keep_is_named_with_what_to_do(
    written, changes
):
    with pytest.raises(BuildError, match=r"names lost, .*make notebooks"):
        chapters.chapter_of(written(changed(**changes)))


def test_a_key_that_is_kept_twice_is_an_error(written):
    again = changed(values=[*RECORD["values"], group(numbers={"rmse": 0.9})])
    with pytest.raises(BuildError, match="keeps the key 'rmse' twice"):
        chapters.chapter_of(written(again))


def test_a_section_that_is_no_heading_of_the_notebook_is_named(written):
    lost = changed(values=[group(section="Mended")])
    with pytest.raises(BuildError, match=r"'Mended'.*no such heading"):
        chapters.chapter_of(written(lost))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_not_finite_is_refused(value):
    values = [group(numbers={"rmse": value})]
    made = notebook(changed(values=values))
    with pytest.raises(BuildError, match="'rmse', and that is"):
        chapters.computed_in(made, values)


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
