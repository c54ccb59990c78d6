"""The steps from notebooks to a book, one command each.

The Makefile calls these and decides what is stale; without make, call them
yourself, as the set-up page shows: `python book/build.py execute`, then
`python book/build.py html`.
"""

from __future__ import annotations

import argparse
import ast
import json
import math
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import launch
import machine
import nbformat
import papermill
import yaml
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "_build"
STAGE = BUILD / "stage"
EXECUTED = STAGE / "notebooks"
HTML = BUILD / "html"

# What a kernel sees while the book is made: no bar in the pages, and one
# thread a notebook, so that two side by side do not slow each other down and
# two runs give the same bits.
KERNEL_ENVIRONMENT = {
    "RECSLIB_PROGRESS": "off",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "JUPYTER_PREFER_ENV_PATH": "1",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}
KERNEL_ARGUMENTS = [
    # A kernel warns that it talks to its own machine in the clear.
    "--log-level=ERROR",
    # Lines and words stay sharp at any size: the pages show the SVG. The
    # committed notebooks keep the PNG, which code hosts show.
    "--InlineBackend.figure_formats={'png','svg'}",
]
PAGES_ONLY = "image/svg+xml"
# Nothing here names a patch release: whoever refreshes the committed
# notebooks writes the same bytes.
NOTEBOOK_METADATA = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    "language_info": {
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "pygments_lexer": "ipython3",
    },
}
RUN_METADATA = ("papermill", "execution", "ExecuteTime")
GLUE_PREFIX = "application/papermill.record/"
# What a chapter displays for scripts of the pages (see recslib/export.py).
FOR_PAGES = re.compile(r"application/vnd\.recslib\.([a-z]+)\+json")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
NUMPY_SCALAR = re.compile(r"^(?:np|numpy)\.\w+\((.*)\)$", re.DOTALL)

README_START = "<!-- results: written by `make readme` -->"
README_END = "<!-- end of results -->"
# What the 2018 post reports, by chapter: quoted from it, never computed.
POST_REPORTED = {"01": "0.66", "02": "0.28", "03": "0.43"}

Value = int | float | str


class BuildError(Exception):
    """What stops the book from being made; the message says what to do."""


def read(path: Path) -> NotebookNode:
    """Return the notebook at `path`, in nbformat 4."""
    return nbformat.read(path, as_version=4)


def text_of(notebook: NotebookNode) -> str:
    """Return the bytes, as text, that `notebook` has on disk."""
    return nbformat.writes(notebook) + "\n"


def write(notebook: NotebookNode, path: Path) -> None:
    """Write `notebook` to `path`, with the same line ends everywhere."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text_of(notebook), encoding="utf-8", newline="\n")


def tags(cell: NotebookNode) -> list[str]:
    """Return the tags of a cell."""
    return cell.metadata.get("tags", [])


def chapters() -> list[Path]:
    """Return the notebooks, in the book's order."""
    return sorted((ROOT / "notebooks").glob("*.ipynb"))


def one_stream_each(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join neighbouring pieces of the same stream.

    Where a kernel cuts a stream depends on its timing; the text does not.
    """
    joined: list[NotebookNode] = []
    for output in outputs:
        last = joined[-1] if joined else {}
        if output.output_type == "stream" == last.get("output_type") and (
            output.name == last.name
        ):
            last.text += output.text
        else:
            joined.append(output)
    return joined


def cleaned(notebook: NotebookNode) -> NotebookNode:
    """Return a copy without what differs between two runs.

    Metadata of the run, the kernel's release and the SVG of figures go, pieces
    of one stream are joined, and a cell tagged `seconds`, whose output is
    measured time, or `for-pages`, whose output the built pages get, keeps its
    execution count and loses its output.

    Parameters
    ----------
    notebook
        An executed notebook.
    """
    notebook = nbformat.from_dict(notebook)
    notebook.metadata = nbformat.from_dict(NOTEBOOK_METADATA)
    for cell in notebook.cells:
        for key in RUN_METADATA:
            cell.metadata.pop(key, None)
        if not tags(cell):
            cell.metadata.pop("tags", None)
        if cell.cell_type == "code":
            cell.outputs = one_stream_each(cell.outputs)
            for output in cell.outputs:
                output.get("data", {}).pop(PAGES_ONLY, None)
            if {"seconds", "for-pages"} & set(tags(cell)):
                cell.outputs = []
    return notebook


def without_outputs(notebook: NotebookNode) -> NotebookNode:
    """Return a copy as it is before a run: what a reader downloads."""
    notebook = cleaned(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def refreshed(source: NotebookNode, executed: NotebookNode) -> NotebookNode:
    """Return `source`, cleaned, with the outputs of `executed`.

    Raises
    ------
    BuildError
        Where the two do not have the same cells.
    """
    if [(cell.id, cell.source) for cell in source.cells] != [
        (cell.id, cell.source) for cell in executed.cells
    ]:
        raise BuildError(
            "The notebook was changed after it was run: run `make notebooks` "
            "again, and edit when it has finished."
        )
    source = nbformat.from_dict(source)
    for cell, ran in zip(source.cells, executed.cells, strict=True):
        if cell.cell_type == "code":
            cell.outputs = ran.outputs
            cell.execution_count = ran.execution_count
    return cleaned(source)


def execute(
    source: Path,
    output: Path,
    parameters: Mapping[str, Value] | None = None,
    progress: bool = True,
) -> None:
    """Run a notebook from top to bottom; `output` appears when all went well.

    Parameters
    ----------
    source
        The notebook to run; it stays as it is.
    output
        Where the executed notebook goes. On a failure it is left as it was,
        and the notebook with the traceback lies under _build/failed/.
    parameters
        Values for names that the notebook's `parameters` cell sets.
    progress
        Whether to show a bar, one step a cell.

    Raises
    ------
    BuildError
        Where a parameter is not the notebook's, or a cell fails.
    """
    parameters = dict(parameters or {})
    if parameters:
        known = papermill.inspect_notebook(str(source))
        unknown = sorted(set(parameters) - set(known))
        if unknown:
            raise BuildError(
                f"{source.name} has no parameter {unknown[0]!r}; its "
                f"parameters cell sets {', '.join(known) or 'none'}."
            )
    os.environ.update(KERNEL_ENVIRONMENT)
    failed = BUILD / "failed" / output.name
    failed.parent.mkdir(parents=True, exist_ok=True)
    try:
        notebook = papermill.execute_notebook(
            str(source),
            str(failed),
            parameters,
            kernel_name="python3",
            cwd=str(source.parent),
            progress_bar=progress and {"desc": source.stem},
            request_save_on_cell_execute=False,
            extra_arguments=KERNEL_ARGUMENTS,
        )
    except PapermillExecutionError as error:
        raise BuildError(
            f"{source.name} stopped in cell {error.exec_count}: "
            f"{error.ename}: {error.evalue}\n"
            f"The notebook with the whole traceback: {failed}"
        ) from error
    for cell in notebook.cells:
        for key in RUN_METADATA:
            cell.metadata.pop(key, None)
    notebook.metadata["machine"] = machine.describe()
    write(notebook, failed)
    output.parent.mkdir(parents=True, exist_ok=True)
    failed.replace(output)


def value_of(text: str) -> Value:
    """Return the number or text that a glued value's text/plain stands for.

    Raises
    ------
    ValueError
        Where it stands for neither, or for a number that is not finite.
    """
    match = NUMPY_SCALAR.match(text)
    value = ast.literal_eval(match.group(1) if match else text)
    if not isinstance(value, Value):
        raise ValueError(f"{text} is neither a number nor text")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{text} is not finite")
    return value


def glued(notebook: NotebookNode, skip_tag: str = "") -> dict[str, Value]:
    """Return what a notebook glues, by key; figures and tables are left out.

    Parameters
    ----------
    notebook
        An executed notebook.
    skip_tag
        Cells that carry this tag are passed over.

    Raises
    ------
    BuildError
        Where a key is glued twice, or its value is no number and no text.
    """
    values: dict[str, Value] = {}
    for cell in notebook.cells:
        if cell.cell_type != "code" or (skip_tag and skip_tag in tags(cell)):
            continue
        for output in cell.outputs:
            name = output.get("metadata", {}).get("scrapbook", {}).get("name")
            kinds = {
                kind.removeprefix(GLUE_PREFIX): data
                for kind, data in output.get("data", {}).items()
            }
            if name is None or set(kinds) != {"text/plain"}:
                continue
            if name in values:
                raise BuildError(f"The key {name!r} is glued twice.")
            try:
                values[name] = value_of(kinds["text/plain"])
            except (ValueError, SyntaxError) as error:
                raise BuildError(
                    f"The key {name!r} holds {kinds['text/plain'][:60]!r}. "
                    "Glue a finite number or a string: "
                    "glue(key, float(value), display=False)."
                ) from error
    return values


def results() -> dict[str, dict[str, Value]]:
    """Return every value that the executed chapters glue, by chapter."""
    return {
        path.stem: glued(read(EXECUTED / path.name)) for path in chapters()
    }


def title_of(notebook: NotebookNode) -> str:
    """Return the first heading of a notebook."""
    for cell in notebook.cells:
        match = re.search(r"^# +(.+)$", cell.source, re.MULTILINE)
        if cell.cell_type == "markdown" and match:
            return match.group(1).strip()
    raise BuildError("A chapter starts with a heading, and this has none.")


def readme_table() -> str:
    """Return README's table, from the committed notebooks."""
    rows = [
        "| chapter | the 2018 post reports, scale [0, 1] "
        "| its listing, run today, scale [0, 1] "
        "| always the mean, scale [0, 1] | always the mean, stars "
        "| damped biases, stars | this book, stars (five folds, SD) |",
        "|---|---|---|---|---|---|---|",
    ]
    for path in chapters():
        notebook = read(path)
        values = glued(notebook)
        try:
            numbers = (
                f"{values['posted_rmse']:.2f} | {values['mean_rmse'] / 4:.2f} "
                f"| {values['mean_rmse']:.3f} | {values['bias_rmse']:.3f} "
                f"| **{values['rmse']:.3f}** ({values['rmse_sd']:.3f})"
            )
        except KeyError as missing:
            raise BuildError(
                f"notebooks/{path.name} glues no {missing}: run `make "
                "notebooks`, or mend the chapter."
            ) from missing
        rows.append(
            f"| [{title_of(notebook)}](notebooks/{path.name}) "
            f"| {POST_REPORTED[path.stem[:2]]} | {numbers} |"
        )
    return "\n".join(rows)


def readme_with(table: str, readme: str) -> str:
    """Return README's text with `table` between its two markers."""
    before, start, rest = readme.partition(README_START)
    _, end, after = rest.partition(README_END)
    if not (start and end):
        raise BuildError(
            f"README.md needs the lines {README_START!r} and {README_END!r}."
        )
    return f"{before}{start}\n{table}\n{end}{after}"


def for_pages(notebook: NotebookNode) -> dict[str, str]:
    """Return the scripts that a chapter's cells tagged `for-pages` make.

    Parameters
    ----------
    notebook
        An executed notebook.

    Returns
    -------
    dict
        File name to text: ``films.js`` sets ``window.recslibFilms``. A
        script, since a page that is opened from a folder may not fetch.
    """
    scripts: dict[str, str] = {}
    for cell in notebook.cells:
        if "for-pages" not in tags(cell):
            continue
        for output in cell.outputs:
            for kind, data in output.get("data", {}).items():
                match = FOR_PAGES.fullmatch(kind)
                if match:
                    name = match[1]
                    text = json.dumps(
                        data, ensure_ascii=False, separators=(",", ":")
                    )
                    scripts[f"{name}.js"] = (
                        f"window.recslib{name.capitalize()} = {text};\n"
                    )
    return scripts


def stage_pages() -> None:
    """Copy the prose and the settings beside the executed notebooks.

    Raises
    ------
    BuildError
        Where the results page misses something of the run.
    """
    listed = {path.name for path in chapters()}
    for path in STAGE.glob("*"):
        if path.is_dir() and path != EXECUTED:
            shutil.rmtree(path)
    for path in EXECUTED.glob("*.ipynb"):
        if path.name not in listed:
            path.unlink()
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "book", STAGE / "book", ignore=ignore)
    shutil.copy(ROOT / "_toc.yml", STAGE / "_toc.yml")
    settings = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    settings = launch.with_buttons(
        settings,
        launch.git_says(ROOT, "remote", "get-url", "origin"),
        launch.default_branch(ROOT),
        on_colab=all(launch.carries_address(read(p)) for p in chapters()),
    )
    # Where the book's own address is not known, its card has none either.
    if settings["html"]["baseurl"]:
        settings["sphinx"]["config"] |= {
            "ogp_site_url": settings["html"]["baseurl"],
            "ogp_image": "_static/social-card.png",
        }
    (STAGE / "_config.yml").write_text(yaml.safe_dump(settings), "utf-8")
    # It draws, and the other commands should not wait for that.
    import results_page

    notebooks = {p.stem: read(EXECUTED / p.name) for p in chapters()}
    try:
        results_page.write(STAGE / "book", notebooks, results())
    except ValueError as problem:
        raise BuildError(str(problem)) from problem


def write_downloads(sources: Path) -> None:
    """Make the chapters behind the download buttons: there to be run.

    Parameters
    ----------
    sources
        Folder of the notebooks as Sphinx copied them, with the outputs that
        the page shows.
    """
    archive = launch.packed(ROOT)
    for path in sources.glob("*.ipynb"):
        chapter = launch.standalone(without_outputs(read(path)), archive)
        write(chapter, path)
        path.with_suffix(".py").write_text(launch.script(chapter), "utf-8")


def build_html() -> None:
    """Build the HTML; any warning is an error, and then the old one stays.

    Raises
    ------
    BuildError
        With all that Jupyter Book said.
    """
    stage_pages()
    new = BUILD / "new"
    shutil.rmtree(new, ignore_errors=True)
    command = [
        *(sys.executable, "-c"),
        "from jupyter_book.cli.main import main; main()",
        *("build", str(STAGE), "--path-output", str(new)),
        *("-W", "-n", "--keep-going", "--all", "-q"),
    ]
    run = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONUTF8": "1"},
    )
    if run.returncode != 0:
        said = COLOUR.sub("", run.stdout)
        raise BuildError(f"{said}\nThe book was not built: see above.")
    built = new / "_build" / "html"
    write_downloads(built / "_sources" / "notebooks")
    for path in chapters():
        for name, text in for_pages(read(EXECUTED / path.name)).items():
            (built / "_static" / name).write_text(text, encoding="utf-8")
    import card  # as results_page above

    card.write(
        built / "_static" / "social-card.png",
        results()["01_matrix_factorization"],
    )
    shutil.rmtree(HTML, ignore_errors=True)
    built.replace(HTML)
    shutil.rmtree(new)
    (HTML / "index.html").touch()


def execute_all(names: list[str]) -> None:
    """Run the named notebooks, or all, into the folder of staged ones."""
    progress = os.environ.get("RECSLIB_PROGRESS") != "off"
    for source in [Path(name).resolve() for name in names] or chapters():
        start = time.perf_counter()
        execute(source, EXECUTED / source.name, progress=progress)
        seconds = time.perf_counter() - start
        # Beside the bar, so that `make results` prints results alone.
        print(f"{source.name}: run in {seconds:.0f} s", file=sys.stderr)


def refresh_all() -> None:
    """Write the outputs of the executed notebooks into the committed ones."""
    for path in chapters():
        executed = EXECUTED / path.name
        text = text_of(refreshed(read(path), read(executed)))
        if text != path.read_text(encoding="utf-8"):
            path.write_text(text, encoding="utf-8", newline="\n")
        # The executed one came from this source: it is not stale.
        executed.touch()


def write_address() -> None:
    """Tell the committed chapters where the book's repository is."""
    settings = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    address = launch.public_address(
        settings["repository"]["url"],
        launch.git_says(ROOT, "remote", "get-url", "origin"),
    )
    if not address:
        raise BuildError(
            "The repository has no public address: neither does git's remote "
            "`origin` name one on "
            f"{' or '.join(launch.HOSTS)}, nor does _config.yml under "
            "repository: url."
        )
    for path in chapters():
        write(launch.addressed(read(path), address), path)
    print(f"The chapters name {address}. Commit them.")


def write_results() -> None:
    """Print every glued value, and write them to _build/results.json."""
    text = json.dumps(results(), indent=2, ensure_ascii=False)
    (BUILD / "results.json").write_text(text + "\n", encoding="utf-8")
    print(text)


def write_readme() -> None:
    """Fill README's table."""
    path = ROOT / "README.md"
    text = readme_with(readme_table(), path.read_text(encoding="utf-8"))
    path.write_text(text, encoding="utf-8", newline="\n")


def main() -> int:
    """Run one command; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser(
        "execute", help="run notebooks (none named: all)"
    )
    run.add_argument("notebooks", nargs="*")
    steps = {
        "html": (build_html, "build the HTML from the executed notebooks"),
        "refresh": (refresh_all, "write the outputs into notebooks/"),
        "results": (write_results, "print every glued value"),
        "readme": (write_readme, "fill README's table"),
        "address": (write_address, "name the repository in notebooks/"),
    }
    for name, (_, explanation) in steps.items():
        commands.add_parser(name, help=explanation)
    arguments = parser.parse_args()
    try:
        if arguments.command == "execute":
            execute_all(arguments.notebooks)
        else:
            steps[arguments.command][0]()
    except BuildError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
