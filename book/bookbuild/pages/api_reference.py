"""The reference pages of recslib: what autodoc leaves to do."""

import inspect
from types import ModuleType

from sphinx.application import Sphinx


def public_names(module: ModuleType) -> list[str]:
    """Names of a module's own public functions and classes.

    Parameters
    ----------
    module
        An imported module.

    Returns
    -------
    list
        In the order of the source; what it imports is left out.
    """
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isfunction(value) or inspect.isclass(value))
        and value.__module__ == module.__name__
    ]


def summary_table(module: ModuleType) -> list[str]:
    """Lines of reStructuredText for a table of names and first sentences."""
    names = [f"   {name}" for name in public_names(module)]
    return ["", ".. autosummary::", "   :nosignatures:", "", *names, ""]


def add_summary(
    app: Sphinx,
    what: str,
    name: str,
    thing: object,
    options: object,
    lines: list[str],
) -> None:
    """Put a table of what a module holds below its docstring."""
    if isinstance(thing, ModuleType) and len(public_names(thing)) > 1:
        lines += summary_table(thing)


def leave_out(
    app: Sphinx,
    what: str,
    name: str,
    thing: object,
    skip: bool,
    options: object,
) -> bool | None:
    """Leave out the fields of a NamedTuple: all it says is their number."""
    return True if type(thing).__name__ == "_tuplegetter" else None


def show_source(
    app: Sphinx, name: str, template: str, context: dict, page: object
) -> None:
    """Give a page of source its whole width."""
    if name.startswith("_modules/"):
        context["sidebars"] = []
