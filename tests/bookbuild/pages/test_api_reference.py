"""The reference of the library is whole, and in the order that it claims."""

import ast
import inspect
import re
import types
from pathlib import Path

import pytest

import recslib
from bookbuild import places
from bookbuild.pages import api_reference

BOOK = places.ROOT / "book"
LIBRARY = Path(recslib.__file__).parent
FILES = {
    path.stem: [path] for path in LIBRARY.glob("*.py") if path.stem[0] != "_"
} | {
    path.parent.name: sorted(path.parent.glob("*.py"))
    for path in LIBRARY.glob("*/__init__.py")
}
MODULES = set(FILES)


def listed():
    """Modules, in the order in which the page lists them."""
    text = (BOOK / "api" / "index.md").read_text(encoding="utf-8")
    return re.findall(r"^   recslib\.(\w+)$", text, re.MULTILINE)


def test_every_module_is_listed_once_and_has_a_page():
    assert sorted(listed()) == sorted(MODULES)
    pages = {path.stem for path in (BOOK / "api").glob("*.md")}
    assert pages == MODULES | {"index"}


def test_the_sidebar_has_the_modules_in_the_same_order():
    toc = (BOOK.parent / "_toc.yml").read_text(encoding="utf-8")
    assert re.findall(r"book/api/(\w+)$", toc, re.MULTILINE) == [
        "index",
        *listed(),
    ]


@pytest.mark.parametrize("name", sorted(MODULES))
def test_a_module_uses_only_those_listed_above_it(name):
    imports = [
        node
        for path in FILES[name]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
    ]
    used = {
        node.module.split(".")[1]
        for node in imports
        if node.module.startswith("recslib.")
    }
    used |= {
        alias.name
        for node in imports
        if node.module == "recslib"
        for alias in node.names
    }
    order = listed()
    assert used - {name} <= set(order[: order.index(name)])


def a_module():
    module = types.ModuleType("small")
    module.inspect = inspect

    def second():
        pass

    def _hidden():
        pass

    class First:
        pass

    for thing in (second, _hidden, First):
        thing.__module__ = "small"
        setattr(module, thing.__name__, thing)
    module.Path = Path
    return module


def test_public_names_are_a_modules_own_in_the_order_of_the_source():
    assert api_reference.public_names(a_module()) == ["second", "First"]


def test_the_table_of_a_module_names_each_of_them():
    assert api_reference.summary_table(a_module())[-3:-1] == [
        "   second",
        "   First",
    ]
