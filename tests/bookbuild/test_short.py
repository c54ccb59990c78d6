"""Short copies of the notebooks: the same cells, with less training."""

import pytest
from nbformat import v4

from bookbuild import BuildError, chapters, notebooks, places, short
from bookbuild.notebooks import tags


def test_a_parameter_is_set_otherwise_and_the_others_stay():
    source = 'dataset = "100k"\nn_epochs = (\n    20\n)\nseed = 0'
    assert short.with_parameters(source, {"n_epochs": 1, "width": 3}) == (
        'dataset = "100k"\nn_epochs = 1\nseed = 0'
    )


@pytest.fixture(
    params=chapters.paths(), ids=lambda path: path.stem, scope="module"
)
def copied(request):
    """Return a chapter and its short copy."""
    whole = notebooks.read(request.param)
    return whole, short.shortened(whole, request.param.parent)


def test_a_copy_goes_where_the_chapter_is_and_trains_for_one_epoch(copied):
    assert str(places.ROOT / "notebooks") in copied[1].cells[0].source
    (before, after) = (
        next(c.source for c in each.cells if "parameters" in tags(c))
        for each in copied
    )
    assert ("n_epochs = 1\n" in after) == ("n_epochs = " in before)
    assert ("n_sweeps = 8" in after) == ("n_sweeps = " in before)


def test_all_that_is_compared_is_in_the_copy_as_it_is(copied):
    whole, copy = (
        [(c.id, c.source, c.outputs) for c in each.cells if compared(c)]
        for each in copied
    )
    assert len(whole) > 5
    assert copy == whole


def compared(cell):
    given = cell.cell_type == "code" and cell.outputs
    return given and "nbval-ignore-output" not in tags(cell)


CELLS = [
    ("imports", "import math", None),
    ("settings", "n_epochs = 20", None),
    ("model", "def fit(n):\n    return math.sqrt(n)", None),
    ("fitted", "fitted = fit(n_epochs)\nfitted", "4.47"),
    ("other", "other = fit(3)", None),
    ("rungs", "rungs = {}\nrungs['a'] = 2\nprint(rungs)", None),
    ("sum", "print(sum(rungs.values()))", "2"),
    ("file", "if not rungs:\n    rungs = {}", None),
    ("last", "print(rungs)", "{'a': 2}"),
]


def test_what_is_compared_keeps_what_it_needs_and_no_fit_that_it_does_not():
    cells = []
    for name, source, said in CELLS:
        cell = v4.new_code_cell(source, id=name)
        if said is not None:
            cell.outputs = [v4.new_output("stream", text=said)]
        cells.append(cell)
    cells[1].metadata.tags = ["parameters"]
    cells[3].metadata.tags = ["trained", "nbval-ignore-output"]
    notebook = v4.new_notebook(cells=cells)
    copy = short.shortened(notebook, places.ROOT)
    assert {cell.id: cell.source for cell in copy.cells[1:]} == {
        "imports": "import math",
        "settings": "n_epochs = 1",
        "rungs": "rungs = {}\nrungs['a'] = 2",
        "sum": "print(sum(rungs.values()))",
        "file": "if not rungs:\n    rungs = {}",
        "last": "print(rungs)",
    }
    whole = short.shortened(notebook, places.ROOT, whole=True)
    assert [cell.id for cell in whole.cells[1:]] == [
        name for name, *_ in CELLS
    ]


def test_a_chapter_without_parameters_is_refused(tmp_path):
    bare = v4.new_notebook(cells=[v4.new_markdown_cell("# One")])
    with pytest.raises(BuildError, match="tag `parameters`"):
        short.shortened(bare, tmp_path)
