"""Names of recslib in a chapter's code lead to the reference.

sphinx-codeautolink does the work. Two things it does not know are added: that
exercises are sections without a heading, and what a field of a dataclass
holds, so that it can follow ``data.ratings.item_titled`` from cell to cell.
"""

import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import is_dataclass
from importlib import import_module
from typing import get_type_hints

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx_codeautolink.extension.block import CodeBlockAnalyser

import recslib


class ChapterCode(CodeBlockAnalyser):
    """What analyses code cells; a section may lack a heading and an id."""

    def visit_section(self, node: nodes.section) -> None:
        """Note where we are, where the section has a name."""
        if node["ids"]:
            super().visit_section(node)

    def depart_section(self, node: nodes.section) -> None:
        """Forget a heading that was noted."""
        if self.title_stack:
            super().depart_section(node)


def record_fields() -> Iterator[tuple[type, str, type]]:
    """Fields of recslib's dataclasses that hold a class of recslib.

    Yields
    ------
    tuple
        The dataclass, the field's name, the class that it holds.
    """
    for module in pkgutil.iter_modules(recslib.__path__, "recslib."):
        for record in vars(import_module(module.name)).values():
            if not (inspect.isclass(record) and is_dataclass(record)):
                continue
            if record.__module__ != module.name:
                continue
            for name, kind in get_type_hints(record).items():
                inside = getattr(kind, "__module__", "").startswith("recslib.")
                if inside and not hasattr(record, name):
                    yield record, name, kind


def show_fields(app: Sphinx, env: BuildEnvironment) -> None:
    """Put each such field on its class, where links are looked up."""
    app.record_fields = list(record_fields())
    for record, name, kind in app.record_fields:
        setattr(record, name, kind)


def hide_fields(app: Sphinx, env: BuildEnvironment) -> None:
    """Take the fields from the classes again."""
    for record, name, _ in app.record_fields:
        delattr(record, name)
