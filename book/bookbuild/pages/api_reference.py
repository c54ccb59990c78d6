"""The reference pages of recslib: what autodoc leaves to do."""

import inspect
import re
from types import ModuleType

from sphinx.application import Sphinx

MINOR_MARK = re.compile(
    r'<span class="(?:n|nb|nn|bp|fm|p|o|ow|w|kc|m[a-z]|s[aei])">'
    r"([^<]*)</span>"
)


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


def plainer(code: str) -> str:
    """Keep the colours of comments, strings, keywords and definitions.

    Parameters
    ----------
    code
        HTML of highlighted code. Marks of signs and numbers weigh more than
        the code itself.
    """
    return MINOR_MARK.sub(r"\1", code)


def show_source(
    app: Sphinx, name: str, template: str, context: dict, page: object
) -> None:
    """Give a page of source its whole width, and fewer marks."""
    if name.startswith("_modules/"):
        context["sidebars"] = []
        context["body"] = plainer(context["body"])
