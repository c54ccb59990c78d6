"""Run notebooks from top to bottom, and take their outputs home."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import papermill
from jupyter_client.kernelspec import NoSuchKernel
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError

from bookbuild import BuildError, machine, places
from bookbuild.chapters import paths, ran
from bookbuild.current import texts
from bookbuild.files import write_all
from bookbuild.marks import Value
from bookbuild.notebooks import (
    RUN_METADATA,
    read,
    refreshed,
    write,
)

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


def bar_of(source: Path) -> dict[str, str | int | bool]:
    """Describe the progress bar of a notebook, for tqdm.

    Where make runs several side by side, each has a line of its own.
    """
    beside = "jobserver" in os.environ.get("MAKEFLAGS", "")
    known = [path.name for path in paths()]
    line = known.index(source.name) if source.name in known else 0
    return {
        "desc": source.stem,
        "position": line % 2 if beside else 0,
        "leave": not beside,
    }


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
    failed = places.BUILD / "failed" / output.name
    failed.parent.mkdir(parents=True, exist_ok=True)
    try:
        notebook = papermill.execute_notebook(
            str(source),
            str(failed),
            parameters,
            kernel_name="python3",
            cwd=str(source.parent),
            progress_bar=progress and bar_of(source),
            request_save_on_cell_execute=False,
            extra_arguments=KERNEL_ARGUMENTS,
        )
    except NoSuchKernel as missing:
        raise BuildError(
            "Jupyter finds no Python to run notebooks with (the kernel "
            f"{missing.name!r}). Install the book's packages: `make setup`, "
            "or `python book/install.py`."
        ) from missing
    except DeadKernelError as dead:
        raise BuildError(
            f"{source.name}: its Python died. Most often that is too little "
            "memory: close other programs, or run one notebook at a time "
            "(`make -j1 book`)."
        ) from dead
    except PapermillExecutionError as error:
        raise BuildError(
            f"{source.name} stopped in cell {error.exec_count}: "
            f"{error.ename}: {error.evalue}\n"
            f"The notebook with the whole traceback: {failed}"
        ) from error
    for cell in notebook.cells:
        ran = cell.metadata.get("papermill", {}).get("duration")
        for key in RUN_METADATA:
            cell.metadata.pop(key, None)
        if cell.cell_type == "code":
            # How long it ran counts among the minutes of its section.
            cell.metadata["papermill"] = {"duration": ran}
    notebook.metadata["machine"] = machine.describe()
    write(notebook, failed)
    output.parent.mkdir(parents=True, exist_ok=True)
    failed.replace(output)


def to_run(names: Sequence[str]) -> list[Path]:
    """Return the notebooks that a person names, or all of the book.

    Parameters
    ----------
    names
        Paths; a name alone is looked for in notebooks/ too.

    Raises
    ------
    BuildError
        Where one is not there or is no notebook, or is named twice, before
        any is run.
    """
    sources = []
    for name in names:
        near = places.ROOT / "notebooks" / Path(name).with_suffix(".ipynb")
        found = [p for p in (Path(name), near) if p.is_file()]
        if not found:
            known = ", ".join(path.name for path in paths())
            raise BuildError(
                f"There is no notebook {name!r}. The book has {known}."
            )
        sources.append(found[0].resolve())
    sources = list(dict.fromkeys(sources)) or paths()
    for source in sources:
        read(source)
    return sources


def execute_all(names: Sequence[str]) -> None:
    """Run the named notebooks, or all, into the folder of staged ones."""
    progress = os.environ.get("RECSLIB_PROGRESS") != "off"
    for source in to_run(names):
        start = time.perf_counter()
        execute(source, places.EXECUTED / source.name, progress=progress)
        seconds = time.perf_counter() - start
        # Beside the bar, so that `make results` prints results alone.
        print(f"{source.name}: run in {seconds:.0f} s", file=sys.stderr)


def refresh_all() -> None:
    """Write what all executed notebooks gave into the committed ones.

    That is their outputs, and the numbers that the texts quote of them.

    Raises
    ------
    BuildError
        Where one was not run, or was changed since; then none is written.
    """
    book, runs = {}, {}
    for path in paths():
        try:
            runs[path.stem] = read(places.EXECUTED / path.name)
            book[path.stem] = refreshed(read(path), runs[path.stem])
        except BuildError as problem:
            raise BuildError(
                f"notebooks/{path.name} cannot be refreshed: {problem} No "
                "notebook was written."
            ) from problem
    values = {each.name: each.values for each in map(ran, paths())}
    write_all(texts(book, values, runs))
    for path in paths():
        # The executed one came from this source: it is not stale.
        (places.EXECUTED / path.name).touch()
