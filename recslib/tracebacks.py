"""Few words where a cell stops: the line, the reason, what to run first."""

from __future__ import annotations

import ast
import json
import os
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import TracebackType


def keep_short(notebook: str) -> None:
    """Show a reader's own lines alone when a cell stops.

    What happened inside libraries is left out; ``%debug`` still goes there.
    A cell that was interrupted shows its own line, and how to go on. Where a
    name is missing, the section that makes it is named. Outside IPython
    nothing changes.

    Parameters
    ----------
    notebook
        Name of this notebook's file, beside which its kernel runs. What
        Jupyter itself says of the file comes first.
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None:
        return
    path = Path(os.environ.get("JPY_SESSION_NAME", notebook))
    path = path if path.is_file() else Path(notebook).absolute()
    shown = shell.InteractiveTB.structured_traceback
    whole = getattr(shown, "whole", shown)  # this cell may run twice

    def short(
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType | None,
        *more: object,
        **settings: object,
    ) -> list[str]:
        lines = _cut(whole, kind, error, trace, *more, **settings)
        if isinstance(error, KeyboardInterrupt):
            lines = [*lines, "You stopped it. Run the cell again to go on."]
        missing = _missing(error)
        section = section_of(missing, path) if missing else ""
        if section:
            lines = [
                *lines,
                f"{missing} is made in the section {section!r}. Run that "
                f"section first, or all cells above this one.",
            ]
        return lines

    short.whole = whole
    shell.InteractiveTB.structured_traceback = short


def section_of(name: str, notebook: Path) -> str:
    """Find the section of a notebook whose cells first set a name.

    Parameters
    ----------
    name
        A variable, a function, a class or an import; or, in quotes, a key,
        such as the name of a rung: then the first cell that writes it counts.
    notebook
        The file; it may be missing.

    Returns
    -------
    str
        The heading above the cell, or ``""`` where no cell sets the name.
    """
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError):
        return ""
    heading = ""
    for cell in cells:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            headings = [
                line.lstrip("# ")
                for line in source.splitlines()
                if line.startswith("#")
            ]
            heading = headings[-1] if headings else heading
        elif cell["cell_type"] == "code" and name in _names_set(source):
            return heading
    return ""


def _names_set(source: str) -> set[str]:
    """Collect what a cell's own statements set; magics are passed over."""
    lines = source.splitlines()
    plain = [line for line in lines if not line.lstrip().startswith("%")]
    try:
        tree = ast.parse("\n".join(plain))
    except SyntaxError:
        return set()
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.asname or alias.name for alias in node.names]
            found |= {each.split(".")[0] for each in names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(repr(node.value))
    return found


def _missing(error: BaseException) -> str:
    """Return the name that is not there, or the key, in quotes."""
    if isinstance(error, NameError):
        return error.name or ""
    if isinstance(error, KeyError) and error.args:
        return repr(error.args[0]) if isinstance(error.args[0], str) else ""
    return ""


def _cut(
    whole: Callable[..., list[str]],
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType | None,
    *more: object,
    **settings: object,
) -> list[str]:
    """Write a traceback of the lines that stand in cells, and no others."""
    chain = []
    while trace is not None:
        chain.append(trace)
        trace = trace.tb_next
    first = chain[0] if chain else None
    cells = [each for each in chain[1:] if _is_cell(each)]
    if not cells:
        return whole(kind, error, first, *more, **settings)
    if isinstance(error, KeyboardInterrupt):
        cells = cells[:1]  # where it was stopped is chance
    nexts = [each.tb_next for each in chain]
    try:
        # The first is IPython's own, which it leaves out by itself.
        for each, following in pairwise([first, *cells, None]):
            each.tb_next = following
        return whole(kind, error, first, *more, **settings)
    finally:
        for each, following in zip(chain, nexts, strict=True):
            each.tb_next = following


def _is_cell(trace: TracebackType) -> bool:
    name = trace.tb_frame.f_code.co_filename
    return "ipykernel_" in name or name.startswith("<ipython-input")
