"""From an executed notebook to what is committed, quoted and published."""

import copy
import json

import nbformat
import pytest
from nbformat import v4

from bookbuild import (
    BuildError,
    chapters,
    notebooks,
    places,
    readme,
    run,
)


def code(source, *outputs, tags=(), count=1, **metadata):
    cell = v4.new_code_cell(source, outputs=list(outputs))
    cell.execution_count = count
    cell.metadata.update(metadata)
    if tags:
        cell.metadata["tags"] = list(tags)
    return cell


def stream(text, name="stdout"):
    return v4.new_output("stream", text=text, name=name)


def notebook(*cells):
    return v4.new_notebook(cells=list(cells))


def test_pieces_of_one_stream_become_one_whatever_the_timing():
    joined = notebooks.one_stream_each(
        [stream("a"), stream("b\n"), stream("c")]
    )
    assert [output.text for output in joined] == ["ab\nc"]


def test_two_streams_stay_apart():
    pieces = [stream("a"), stream("oh", "stderr"), stream("b")]
    joined = notebooks.one_stream_each(pieces)
    assert [output.text for output in joined] == ["a", "oh", "b"]


def test_cleaning_drops_what_a_run_left_and_keeps_what_an_author_wrote():
    run = {
        "papermill": {"duration": 1.5},
        "execution": {"shell.execute_reply": "10:00"},
    }
    author = {"alt": "a line"}
    ran = notebook(code("1 + 1", tags=["trained"], **run, **author))
    ran.metadata["papermill"] = {"duration": 2.5}
    ran.metadata["widgets"] = {}
    ran.metadata["language_info"] = {"name": "python", "version": "3.11.7"}
    clean = notebooks.cleaned(ran)
    assert clean.metadata == notebooks.NOTEBOOK_METADATA
    assert clean.cells[0].metadata == {**author, "tags": ["trained"]}
    assert clean.cells[0].id == ran.cells[0].id
    assert "3.11.7" not in notebooks.text_of(clean)


def test_measured_seconds_stay_as_they_were_shown():
    ran = notebook(code("t", stream("0.123 s"), tags=["seconds"], count=7))
    (cell,) = notebooks.cleaned(ran).cells
    assert [output.text for output in cell.outputs] == ["0.123 s"]
    assert cell.execution_count == 7


def displayed(kind, data):
    return v4.new_output("display_data", {kind: data})


def test_cleaning_leaves_its_argument_alone():
    ran = notebook(code("t", stream("1 s"), tags=["seconds"], papermill={}))
    before = copy.deepcopy(ran)
    notebooks.cleaned(ran)
    assert ran == before


def test_cleaning_twice_changes_nothing_more():
    once = notebooks.cleaned(notebook(code("1", stream("a"), stream("b"))))
    assert notebooks.text_of(notebooks.cleaned(once)) == notebooks.text_of(
        once
    )


def test_two_runs_that_took_different_times_give_the_same_bytes():
    texts = []
    for seconds in (0.1, 0.2):
        ran = notebook(
            code("fit()", stream("done"), papermill={"duration": seconds}),
        )
        ran.cells[0].id = "cell-0"
        texts.append(notebooks.text_of(notebooks.cleaned(ran)))
    assert texts[0] == texts[1]


def test_refreshing_keeps_the_source_and_takes_the_outputs():
    source = notebook(v4.new_markdown_cell("# Title"), code("1", count=None))
    executed = nbformat.from_dict(source)
    executed.cells[1].execution_count = 1
    executed.cells[1].outputs = [stream("one")]
    fresh = notebooks.refreshed(source, executed)
    assert [cell.id for cell in fresh.cells] == [c.id for c in source.cells]
    assert fresh.cells[1].outputs[0].text == "one"
    assert fresh.cells[1].execution_count == 1
    assert source.cells[1].outputs == []


def test_a_notebook_edited_while_it_ran_is_not_overwritten():
    source = notebook(code("1"))
    executed = nbformat.from_dict(source)
    source.cells[0].source = "2"
    with pytest.raises(BuildError, match="changed after it was run"):
        notebooks.refreshed(source, executed)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("It scores 0.91<!--rmse:.2f-->.", "It scores 0.92<!--rmse:.2f-->."),
        ("See Figure 1.2<!--fig-a-->.", "See Figure 1.3<!--fig-a-->."),
    ],
)
def test_a_number_that_was_renewed_is_no_change_of_a_notebook(before, after):
    source = notebook(v4.new_markdown_cell(after), code("1"))
    executed = nbformat.from_dict(source)
    executed.cells[0].source = before
    notebooks.check_unchanged(source, executed)
    executed.cells[0].source = before.replace("It", "That").replace("S", "s")
    with pytest.raises(BuildError, match="changed after it was run"):
        notebooks.check_unchanged(source, executed)


def test_the_table_goes_between_its_markers_and_nothing_else_changes():
    start = "<!-- results: written by `make readme` -->"
    end = "<!-- end of results -->"
    page = f"a\n{start}\nold\n{end}\nb\n"
    filled = readme.with_table(page, "results", "new")
    assert filled == f"a\n{start}\nnew\n{end}\nb\n"
    assert readme.with_table(filled, "results", "new") == filled


def test_a_readme_without_markers_is_an_error():
    with pytest.raises(BuildError, match="README needs the lines"):
        readme.with_table("no marker here", "results", "new")


@pytest.fixture
def small_house(tmp_path, monkeypatch):
    """A repository of one chapter, with made-up values."""
    monkeypatch.setattr(places, "ROOT", tmp_path)
    monkeypatch.setattr(places, "BUILD", tmp_path / "_build")
    monkeypatch.setattr(places, "EXECUTED", tmp_path / "_build" / "notebooks")
    values = {
        "posted_rmse": 0.7,
        "mean_rmse": 1.12,
        "bias_rmse": 0.94,
        "rmse": 0.91,
        "rmse_sd": 0.007,
        "apart": -0.03,
    }
    headline = {
        "mean": "mean_rmse",
        "item_mean": "mean_rmse",
        "biases": "bias_rmse",
        "rmse": "rmse",
        "spread": "rmse_sd",
        "difference": "apart",
        "low": "apart",
        "high": "apart",
        "as_printed": "posted_rmse",
    }
    record = {
        "title": "First",
        "question": "Is it better?",
        "about": "About it.",
        "printed": 0.66,
        "headline": headline,
        "values": [
            {"section": "First things", "kind": "trained", "numbers": values}
        ],
    }
    ran = notebook(
        v4.new_markdown_cell("# First things\n\nIt is 0<!--rmse:.2f-->."),
        code("x"),
        code("record", displayed(chapters.RECORD, record)),
    )
    notebooks.write(ran, tmp_path / "notebooks" / "01_first.ipynb")
    notebooks.write(ran, places.EXECUTED / "01_first.ipynb")
    return tmp_path


def test_the_readme_row_has_the_post_and_the_mean_on_the_same_scale(
    small_house,
):
    # 1.12 stars are 1.12 / 4 = 0.28 under (r - 1) / 4.
    assert readme.readme_table().splitlines()[-1] == (
        "| [First things](notebooks/01_first.ipynb) | 0.66 | 0.70 | 0.28 "
        "| 1.120 | 0.940 | **0.910** (0.007) |"
    )


def test_the_readme_has_no_table_of_lists_where_no_chapter_makes_any(
    small_house,
):
    assert readme.lists_table() == ""


def test_a_chapter_of_lists_has_its_rows_in_a_table_of_its_own(small_house):
    record = {
        "title": "Lists",
        "question": "Which ten?",
        "about": "About it.",
        "printed": None,
        "headline": None,
        "lists": [
            {
                "label": "People we know",
                "popular": "popular",
                "counting": "ease",
                "ndcg": "ndcg",
                "difference": "ahead",
                "low": "ahead_low",
                "high": "ahead_high",
            }
        ],
        "values": [
            {
                "section": "First lists",
                "kind": "trained",
                "numbers": {
                    "popular": 0.25,
                    "ease": 0.35,
                    "ndcg": 0.4,
                    "ahead": 0.15,
                    "ahead_low": 0.1,
                    "ahead_high": 0.2121,
                },
            }
        ],
    }
    made = notebook(
        v4.new_markdown_cell("# First lists"),
        code("record", displayed(chapters.RECORD, record)),
    )
    before = readme.readme_table()
    notebooks.write(made, small_house / "notebooks" / "02_lists.ipynb")
    assert readme.readme_table() == before
    first, _, header, _, row = readme.lists_table().splitlines()
    assert "higher is better" in first
    assert header.startswith("| chapter | whom the list is for | most liked")
    assert row == (
        "| [First lists](notebooks/02_lists.ipynb) | People we know | 0.250 "
        "| 0.350 | **0.400**, +0.150 (+0.100 to +0.212) |"
    )


def test_a_chapter_without_a_record_is_named(small_house):
    path = small_house / "notebooks" / "01_first.ipynb"
    notebooks.write(notebook(v4.new_markdown_cell("# T")), path)
    with pytest.raises(BuildError, match=r"01_first\.ipynb: its last cell"):
        readme.readme_table()


def test_a_chapter_that_was_not_run_is_named_before_any_work(small_house):
    (places.EXECUTED / "01_first.ipynb").unlink()
    with pytest.raises(BuildError, match=r"Not run yet: 01_first\.ipynb"):
        chapters.executed()


def test_results_are_written_and_printed_by_chapter(small_house, capsys):
    chapters.write_results()
    printed = json.loads(capsys.readouterr().out)
    written = json.loads((places.BUILD / "results.json").read_text())
    assert printed == written
    assert printed["01_first"]["rmse"] == 0.91


def test_refreshing_brings_the_numbers_of_the_text(small_house):
    (small_house / "book").mkdir()
    page = small_house / "book" / "faq.md"
    page.write_text("0<!--01_first/rmse:.3f--> stars\n", encoding="utf-8")
    run.refresh_all()
    path = small_house / "notebooks" / "01_first.ipynb"
    text = notebooks.read(path).cells[0].source
    assert text == "# First things\n\nIt is 0.91<!--rmse:.2f-->."
    assert page.read_text() == "0.910<!--01_first/rmse:.3f--> stars\n"


def test_refreshing_without_news_writes_nothing(small_house):
    run.refresh_all()
    path = small_house / "notebooks" / "01_first.ipynb"
    before = path.stat().st_mtime_ns
    run.refresh_all()
    assert path.stat().st_mtime_ns == before
    executed = places.EXECUTED / "01_first.ipynb"
    assert executed.stat().st_mtime_ns >= before


def a_chapter(folder, *sources):
    cells = [code("answer = 1", tags=["parameters"], count=None)]
    cells += [code(source, count=None) for source in sources]
    path = folder / "chapter.ipynb"
    notebooks.write(notebooks.cleaned(notebook(*cells)), path)
    return path


def test_a_parameter_that_a_chapter_lacks_is_named_before_it_runs(tmp_path):
    source = a_chapter(tmp_path)
    with pytest.raises(BuildError) as told:
        run.execute(source, tmp_path / "out.ipynb", {"quik": True})
    assert str(told.value) == (
        "chapter.ipynb has no parameter 'quik'; its parameters cell sets "
        "answer."
    )


@pytest.mark.slow
def test_a_run_takes_parameters_and_leaves_the_source_alone(
    small_house, tmp_path
):
    source = a_chapter(tmp_path, "import os\nos.environ['OMP_NUM_THREADS']")
    before = source.read_bytes()
    output = tmp_path / "out" / "chapter.ipynb"
    run.execute(source, output, {"answer": 42}, progress=False)
    assert source.read_bytes() == before
    ran = notebooks.read(output)
    assert any("answer = 42" in cell.source for cell in ran.cells)
    assert ran.cells[-1].outputs[0].data["text/plain"] == "'1'"
    took = [c.metadata["papermill"] for c in ran.cells if c.outputs]
    assert all(set(each) == {"duration"} for each in took)
    assert ran.metadata["papermill"]["duration"] > 0
    assert "papermill" not in notebooks.without_outputs(ran).metadata


@pytest.mark.slow
def test_a_failing_cell_is_named_and_leaves_no_output(small_house, tmp_path):
    source = a_chapter(tmp_path, "2 + 2", "raise ValueError('no data')")
    output = tmp_path / "out" / "chapter.ipynb"
    with pytest.raises(BuildError) as told:
        run.execute(source, output, progress=False)
    assert "chapter.ipynb stopped in cell 3" in str(told.value)
    assert "ValueError: no data" in str(told.value)
    assert not output.exists()
    assert (places.BUILD / "failed" / "chapter.ipynb").exists()
