"""Short copies of the notebooks: the same cells, with less training."""

import pytest
from nbformat import v4

from bookbuild import BuildError, chapters, notebooks, short


def test_a_parameter_is_set_otherwise_and_the_others_stay():
    source = 'dataset = "100k"\nn_epochs = (\n    20\n)\nseed = 0'
    assert short.with_parameters(source, {"n_epochs": 1, "width": 3}) == (
        'dataset = "100k"\nn_epochs = 1\nseed = 0'
    )


@pytest.mark.parametrize(
    "chapter", chapters.paths(), ids=lambda path: path.stem
)
def test_a_copy_goes_where_the_chapter_is_and_trains_for_one_epoch(chapter):
    whole = notebooks.read(chapter)
    copy = short.shortened(whole, chapter.parent)
    assert str(chapter.parent) in copy.cells[0].source
    changed = [
        (after.source, before.source)
        for before, after in zip(whole.cells, copy.cells[1:], strict=True)
        if after.source != before.source
    ]
    if any("n_epochs = " in cell.source for cell in whole.cells):
        ((after, before),) = changed
        assert "n_epochs = 1" in after
        assert ("n_sweeps = 8" in after) == ("n_sweeps = " in before)
    else:
        assert changed == []
    assert [cell.get("outputs") for cell in copy.cells[1:]] == [
        cell.get("outputs") for cell in whole.cells
    ]


def test_a_chapter_without_parameters_is_refused(tmp_path):
    bare = v4.new_notebook(cells=[v4.new_markdown_cell("# One")])
    with pytest.raises(BuildError, match="tag `parameters`"):
        short.shortened(bare, tmp_path)
