"""What the committed notebooks promise to whoever opens them."""

import ast
import re

import pytest

from bookbuild import chapters, notebooks, places

MACHINE_PATH = re.compile(
    r"/(?:home|Users|root|tmp|var|private)/|\b[A-Z]:\\|"
    + re.escape(str(places.ROOT))
)
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]{6,}")
SHOWN_MODEL = re.compile(r"# %load -s (\w+) \.\./recslib/models\.py\n")
EXERCISE = re.compile(r"^(?:`{3,}|:{3,})\{exercise(?:-start)?\}", re.MULTILINE)


@pytest.fixture
def notebook(chapter):
    return notebooks.read(chapter)


@pytest.fixture
def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def texts(output):
    """Every text in an output, as nbformat holds it."""
    if output.output_type == "stream":
        return [output.text]
    return [
        data
        for data in output.get("data", {}).values()
        if isinstance(data, str)
    ]


def printed(cell):
    return "".join(
        output.text
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stdout"
    )


def tagged(cells, tag):
    return [cell for cell in cells if tag in notebooks.tags(cell)]


def model_source(name):
    path = places.ROOT / "recslib" / "models.py"
    module = path.read_text(encoding="utf-8")
    for node in ast.parse(module).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return ast.get_source_segment(module, node)
    return None


def test_the_notebooks_are_the_chapters_of_the_table_of_contents():
    contents = (places.ROOT / "_toc.yml").read_text(encoding="utf-8")
    listed = re.findall(r"^ *- file: notebooks/(\S+)$", contents, re.M)
    assert listed
    assert [path.stem for path in chapters.paths()] == listed


def test_every_code_cell_was_run_in_order(code_cells):
    counts = [cell.execution_count for cell in code_cells]
    assert counts == list(range(1, len(code_cells) + 1))


def test_no_cell_wrote_to_stderr_or_failed(code_cells):
    for cell in code_cells:
        for output in cell.outputs:
            assert output.output_type != "error", cell.source
            assert output.get("name") != "stderr", output.text


def test_no_code_cell_is_longer_than_25_lines(code_cells):
    # Two models are longer, and are shown as they stand: the network with side
    # features, and the LSTM with its two methods.
    longer = {"# %load -s DenseNet ": 35, "# %load -s LSTMRating ": 30}
    for cell in code_cells:
        first = cell.source.split("../")[0]
        most = longer.get(first, 25)
        assert len(cell.source.splitlines()) <= most, cell.source


def test_no_code_line_is_wider_than_79_columns(code_cells):
    for cell in code_cells:
        for line in cell.source.splitlines():
            assert len(line) <= 79, line


def test_every_figure_has_alt_text_and_a_caption(code_cells):
    for cell in code_cells:
        kinds = {kind for o in cell.outputs for kind in o.get("data", {})}
        if not any(kind.startswith("image/") for kind in kinds):
            continue
        shown = cell.metadata.get("mystnb", {})
        assert shown.get("image", {}).get("alt", "").strip(), cell.source
        assert shown.get("figure", {}).get("caption", "").strip(), cell.source


def test_every_exercise_has_a_self_check_and_a_solution(notebook, code_cells):
    n_exercises = sum(
        len(EXERCISE.findall(cell.source))
        for cell in notebook.cells
        if cell.cell_type == "markdown"
    )
    assert n_exercises >= 3
    assert len(tagged(code_cells, "self-check")) == n_exercises
    assert len(tagged(code_cells, "solution")) >= n_exercises


def test_every_worked_solution_passes_its_own_check(code_cells):
    for cell in tagged(code_cells, "solution"):
        assert printed(cell).rstrip().endswith("Pass."), cell.source


def test_the_last_cell_says_what_the_chapter_is(chapter, notebook):
    says = chapters.chapter_of(chapter, timed=False)
    assert says.question in notebook.cells[0].source
    assert says.rungs or says.headline is None
    measured = {fit["key"] for fit in says.seconds}
    timed = tagged(notebook.cells, "seconds")
    sources = "\n".join(cell.source for cell in timed)
    for key in measured:
        assert re.search(rf"glue\(\s*[\"']{key}[\"']", sources), key


def test_what_is_trained_or_timed_is_kept_from_nbval(code_cells):
    for cell in code_cells:
        has = set(notebooks.tags(cell))
        if has & {"trained", "seconds"}:
            assert "nbval-ignore-output" in has, cell.source


def test_no_compared_output_is_hushed_by_a_semicolon(code_cells):
    # nbval keeps no history, and without it IPython overlooks the semicolon.
    for cell in code_cells:
        if "nbval-ignore-output" not in notebooks.tags(cell):
            assert not cell.source.rstrip().endswith(";"), cell.source


def test_some_output_is_exact_and_nbval_compares_it(code_cells):
    compared = [
        cell
        for cell in code_cells
        if cell.outputs and "nbval-ignore-output" not in notebooks.tags(cell)
    ]
    assert len(compared) >= 3


def test_no_output_names_a_path_or_an_address_of_one_machine(code_cells):
    for cell in code_cells:
        for output in cell.outputs:
            for text in texts(output):
                # Base64 holds any letters by chance.
                if len(text) > 500 and " " not in text:
                    continue
                assert not MACHINE_PATH.search(text), text[:300]
                assert not ADDRESS.search(text), text[:300]


def test_the_parameters_cell_sets_data_folds_seed_and_quick(code_cells):
    cells = tagged(code_cells, "parameters")
    assert len(cells) == 1
    scope = {}
    exec(cells[0].source, scope)
    assert scope["dataset"] == "100k"
    assert scope["n_folds"] == 5
    assert scope["quick"] is False
    assert isinstance(scope["seed"], int)


def test_the_model_that_a_chapter_shows_is_the_one_in_recslib(code_cells):
    shown = [
        (SHOWN_MODEL.match(cell.source), cell.source)
        for cell in code_cells
        if cell.source.startswith("# %load")
    ]
    assert shown
    for match, source in shown:
        assert match, f"not in recslib/models.py: {source.splitlines()[0]}"
        assert source[match.end() :].strip() == model_source(match.group(1))


def test_the_committed_form_is_the_one_that_make_notebooks_writes(chapter):
    text = chapter.read_text(encoding="utf-8")
    assert text == notebooks.text_of(
        notebooks.cleaned(notebooks.read(chapter))
    )
