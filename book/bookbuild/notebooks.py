"""What a notebook file is: read, write, clean, and take outputs home."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from bookbuild import BuildError
from bookbuild.files import write_all
from bookbuild.plain import without_numbers

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


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Put a notebook's name before what a BuildError inside says of it."""
    try:
        yield
    except BuildError as problem:
        raise BuildError(f"notebooks/{path.name}: {problem}") from problem


def read(path: Path) -> NotebookNode:
    """Return the notebook at `path`, in nbformat 4.

    Raises
    ------
    BuildError
        Where there is none, or the file is no notebook.
    """
    if not path.is_file():
        raise BuildError(f"There is no notebook {path}.")
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
    except (ValueError, AttributeError, nbformat.ValidationError) as error:
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise BuildError(
            f"{path} is no notebook ({said[0][:100]}). Was it left half "
            "merged, or written by something else than Jupyter? `git checkout "
            f"{path.name}` in its folder brings back what was committed last."
        ) from error
    return notebook


def text_of(notebook: NotebookNode) -> str:
    """Return the bytes, as text, that `notebook` has on disk."""
    return nbformat.writes(notebook) + "\n"


def write(notebook: NotebookNode, path: Path) -> None:
    """Write `notebook` to `path`, with the same line ends everywhere."""
    write_all({path: text_of(notebook)})


def tags(cell: NotebookNode) -> list[str]:
    """Return the tags of a cell."""
    return cell.metadata.get("tags", [])


def outputs_of(
    notebook: NotebookNode,
) -> Iterator[tuple[NotebookNode, NotebookNode]]:
    """Go through all outputs of a notebook, each with its cell."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            yield cell, output


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

    Metadata of the run, the kernel's release and the SVG of figures go, and
    pieces of one stream are joined. What a cell tagged `seconds` measured
    stays: it is not compared.

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
    return notebook


def without_outputs(notebook: NotebookNode) -> NotebookNode:
    """Return a copy as it is before a run: what a reader downloads."""
    notebook = cleaned(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def check_unchanged(source: NotebookNode, executed: NotebookNode) -> None:
    """Raise BuildError where a run is of other cells than the source's.

    What the press keeps current in a text is no change.
    """

    def written(notebook: NotebookNode) -> list[tuple[str, str]]:
        return [(c.id, without_numbers(c.source)) for c in notebook.cells]

    if written(source) != written(executed):
        raise BuildError(
            "The notebook was changed after it was run. Run it again (`make "
            "book` or `make notebooks`; without make, `python book/build.py "
            "execute`), and edit when it has finished."
        )


def refreshed(source: NotebookNode, executed: NotebookNode) -> NotebookNode:
    """Return `source`, cleaned, with the outputs of `executed`.

    Raises
    ------
    BuildError
        Where the two do not have the same cells.
    """
    check_unchanged(source, executed)
    source = nbformat.from_dict(source)
    for cell, ran in zip(source.cells, executed.cells, strict=True):
        if cell.cell_type == "code":
            cell.outputs = ran.outputs
            cell.execution_count = ran.execution_count
    return cleaned(source)


def title_of(notebook: NotebookNode) -> str:
    """Return the first heading of a notebook."""
    for cell in notebook.cells:
        match = re.search(r"^# +(.+)$", cell.source, re.MULTILINE)
        if cell.cell_type == "markdown" and match:
            return match.group(1).strip()
    raise BuildError("A chapter starts with a heading, and this has none.")
