"""What the committed notebooks promise to whoever opens them."""

import ast
import re
from urllib.parse import unquote

import pytest

from bookbuild import (
    chapters,
    current,
    lone,
    myst,
    notebooks,
    places,
    plain,
)
from bookbuild.marks import marks_in

MACHINE_PATH = re.compile(
    r"/(?:home|Users|root|tmp|var|private)/|\b[A-Z]:\\|"
    + re.escape(str(places.ROOT))
)
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]{6,}")
SHOWN_MODEL = re.compile(r"# %load -s (\w+) \.\./recslib/models\.py\n")
# Anything that CommonMark does not know and MyST does, wherever it stands.
MYST = re.compile(
    r"\{[\w:+-]+\}`|`{3,}\s*\{|~{3,}\s*\{|:{3,}|^\s*\([\w-]+\)=\s*$|\{\{|"
    r"^%|^\+\+\+|\[\]\(|^:\w+:|\{#",
    re.MULTILINE,
)
LINK = re.compile(r"\]\(([^()\s]+(?:\([^()\s]*\)[^()\s]*)*)\)")
# What the pages and tests alone need: the first cell, and the last ones.
FOR_PAGES = "remove-cell"


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


def prose(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "markdown"]


def drawn(cell):
    kinds = {kind for o in cell.outputs for kind in o.get("data", {})}
    return any(kind.startswith("image/") for kind in kinds)


def test_every_figure_has_its_number_and_caption_below_and_an_alt_text(
    chapter, notebook
):
    captions = 0
    for cell, below in zip(notebook.cells, notebook.cells[1:], strict=False):
        if cell.cell_type != "code" or not drawn(cell):
            continue
        captions += 1
        alt = cell.metadata["alt"]
        assert len(alt.split()) >= 8, cell.source
        number = f"{int(chapter.stem[:2])}.{captions}"
        assert below.source.startswith(f"**Figure {number}.** "), cell.source
        assert len(below.source.split()) >= 10, below.source
    assert captions == sum(map(plain.is_caption, notebook.cells)) > 0


def test_no_notebook_holds_anything_that_only_the_pages_understand(notebook):
    for cell in prose(notebook):
        # Code is code: a fence without a directive, and code in a line.
        text = re.sub(r"^```\w*\n.*?^```$", "", cell.source, flags=re.M | re.S)
        text = re.sub(r"(?<!\})`[^`\n{]*`", "", text)
        found = MYST.search(text)
        assert not found, f"{cell.id}: {found[0]!r} in {cell.source[:200]}"
    plain.check_plain(notebook)


def test_every_number_and_reference_stands_as_the_outputs_have_it():
    book = {path.stem: notebooks.read(path) for path in chapters.paths()}
    values = {each.name: each.values for each in chapters.committed()}
    for path, text in current.texts(book, values).items():
        assert path.read_text(encoding="utf-8") == text, (
            f"{path.name}: run `make numbers`"
        )


def test_the_text_quotes_numbers_and_none_is_empty(chapter, notebook):
    found = [m for c in prose(notebook) for m in marks_in(c.source)]
    assert all(mark.text for mark in found), found
    if chapters.chapter_of(chapter).ends_with_a_model:
        assert len(found) > 30


def test_every_link_leads_to_a_file_or_a_heading_that_exists(
    chapter, notebook
):
    for cell in prose(notebook):
        for url in LINK.findall(cell.source):
            if url.startswith("https://"):
                continue
            file, _, place = url.partition("#")
            path = (chapter.parent / file).resolve() if file else chapter
            assert path.is_file(), f"{cell.id}: {url}"
            if place and path.suffix == ".ipynb":
                there = dict(plain.heading_targets(notebooks.read(path)))
                assert unquote(place) in there, f"{cell.id}: {url}"
            elif place:
                text = path.read_text(encoding="utf-8")
                names = [h for _, h in plain.headings_in(text)]
                slugs = [re.sub(r"[^\w -]", "", n.lower()) for n in names]
                known = [slug.replace(" ", "-") for slug in slugs]
                assert place in known, f"{cell.id}: {url}"


def test_every_paper_that_is_cited_is_in_the_bibliography(notebook):
    entries = myst.bibliography(places.ROOT / "book" / "references.bib")
    for cell in prose(notebook):
        for words, url in re.findall(
            r"\[([^\]]+?,? \(?\d{4}\)?)\]\((https://\S+?)\)", cell.source
        ):
            assert url in entries, f"{words}: {url}"
            assert entries[url][-4:] == re.search(r"\d{4}", words)[0], words


def test_what_only_the_pages_need_stands_first_and_last(notebook, code_cells):
    assert code_cells[0].id == lone.FIRST_CELL
    folded = [FOR_PAGES in notebooks.tags(cell) for cell in notebook.cells]
    first = notebook.cells.index(code_cells[0])
    last = len(folded) - folded[::-1].index(False)
    assert folded[first]
    assert not any(folded[:first]) and not any(folded[first + 1 : last])
    assert all(folded[last:])
    for cell in (code_cells[0], *notebook.cells[last:]):
        assert cell.metadata["jupyter"] == {"source_hidden": True}, cell.id
    for cell in code_cells:
        assert "glue" not in cell.source, cell.id
        assert "myst_nb" not in cell.source, cell.id


def test_the_first_cell_has_at_most_five_lines(code_cells):
    assert len(code_cells[0].source.splitlines()) <= 5


def test_what_was_measured_in_seconds_is_shown(code_cells):
    for cell in tagged(code_cells, "seconds"):
        if isinstance(ast.parse(cell.source).body[-1], ast.Expr):
            assert cell.outputs, cell.source


def second_level(notebook):
    return [heading for heading, _ in plain.sections_of(notebook) if heading]


@pytest.fixture
def is_template(chapter):
    return chapters.chapter_of(chapter).template


def test_only_a_template_has_no_exercises(notebook, is_template):
    titles = second_level(notebook)
    assert (plain.EXERCISES in titles) is not is_template
    if is_template:
        assert titles[0] == "Before you start"
        assert titles[-1] == "Summary"


def test_a_core_ends_with_exercises_and_what_is_deeper_stands_behind(
    notebook, is_template
):
    if is_template:
        pytest.skip("a template has none")
    titles = second_level(notebook)
    assert titles[0] == "Before you start"
    end = titles.index(plain.EXERCISES)
    assert titles[end - 1] == "Summary"
    assert titles[-1] == plain.SOLUTIONS
    deeper = [title.startswith(plain.DEEPER) for title in titles]
    assert not any(deeper[: end + 1])
    assert all(deeper[end + 1 : -1])


def test_every_deeper_section_says_what_it_needs_and_how_long_it_takes(
    notebook,
):
    for heading, cells in plain.sections_of(notebook):
        if heading.startswith(plain.DEEPER):
            lines = cells[0].source.splitlines()
            assert lines[0] == f"## {heading}"
            assert lines[2].startswith("*Needs "), lines[2]
            assert "<!--minutes:here-->" in cells[0].source, heading


def test_a_core_takes_at_most_45_minutes(chapter, notebook):
    told = {m.form: m.text for m in marks_in(notebook.cells[0].source)}
    assert 5 <= int(told["core"]) <= (45 if int(chapter.stem[:2]) else 20)


def test_every_exercise_has_a_self_check_and_a_solution(
    notebook, code_cells, is_template
):
    if is_template:
        pytest.skip("a template has none")
    exercises = [c.id for c in notebook.cells if plain.is_exercise(c)]
    solutions = [c.id for c in notebook.cells if plain.is_solution(c)]
    assert len(exercises) >= 3
    assert solutions == [f"{label}{plain.SOLUTION}" for label in exercises]
    assert len(tagged(code_cells, "self-check")) == len(exercises)
    assert len(tagged(code_cells, "solution")) >= len(exercises)


def test_a_solution_says_that_it_is_one_and_stands_at_the_end(notebook):
    for heading, cells in plain.sections_of(notebook):
        for cell in cells:
            if plain.is_solution(cell) or "solution" in notebooks.tags(cell):
                assert heading == plain.SOLUTIONS, cell.id
            if plain.is_solution(cell):
                assert cell.source.startswith("### Solution "), cell.id


def test_every_worked_solution_passes_its_own_check(code_cells):
    for cell in tagged(code_cells, "solution"):
        assert printed(cell).rstrip().endswith("Pass."), cell.source


def test_the_last_cell_says_what_the_chapter_is(chapter, notebook):
    says = chapters.chapter_of(chapter)
    assert f"*{says.question}*" in notebook.cells[0].source
    assert says.rungs or not says.ends_with_a_model
    for fit in says.seconds:
        assert says.computed[fit["key"]].kind == "seconds", fit


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
    if "dataset" not in scope:  # a notebook that needs no data
        assert scope["seed"] == 0
        return
    assert scope["dataset"] == "100k"
    assert scope.get("n_folds", 5) == 5
    assert scope["quick"] is False
    assert isinstance(scope["seed"], int)


def test_the_model_that_a_chapter_shows_is_the_one_in_recslib(
    chapter, code_cells
):
    if not chapters.chapter_of(chapter).ends_with_a_model:
        pytest.skip("a notebook that ends with no model shows none")
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
