"""Sections run again, in another order than that of the notebook."""

import ast

import pytest
from kernels import in_kernels, shown

from bookbuild import notebooks


@pytest.mark.slow
@pytest.mark.parametrize("ran_all", in_kernels(), indirect=True)
def test_a_section_that_is_run_again_gives_the_same(ran_all):
    changed = []
    # From the last section up: each is run after all that stand below it.
    for heading, cells in reversed(ran_all.sections()):
        ran_all.run(cells)
        changed += [
            f"{heading}: {cell.id}"
            for cell in cells
            if shown(cell) != ran_all.first[cell.id] and not measures(cell)
        ]
    assert changed == []


def measures(cell):
    """Say whether a cell shows seconds, which are new each time."""
    return {"seconds", "remove-cell"} & set(notebooks.tags(cell))


def test_what_a_cell_sets_no_other_cell_sets_anew(chapter):
    """A name that two cells set is read by those alone that set it first."""
    setters, readers = {}, {}
    for cell in notebooks.read(chapter).cells:
        if cell.cell_type != "code":
            continue
        lines = cell.source.splitlines()
        plain = [line for line in lines if not line.startswith(("%", "!"))]
        tree = ast.parse("\n".join(plain))
        for name in names_set(tree):
            setters.setdefault(name, []).append(cell.id)
        for name in names_read_first(tree):
            readers.setdefault(name, []).append(cell.id)
    twice = {
        name: {"set by": cells, "read by": readers[name]}
        for name, cells in setters.items()
        if len(cells) > 1 and name in readers
    }
    assert twice == {}


def names_set(tree):
    """Names that the statements of a cell set, but for those it imports."""
    inside = {
        id(node)
        for scope in ast.walk(tree)
        if isinstance(scope, SCOPES)
        for child in ast.iter_child_nodes(scope)
        for node in ast.walk(child)
    }
    found = set()
    for node in ast.walk(tree):
        if id(node) in inside:
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
    return found


SCOPES = (
    ast.FunctionDef,
    ast.ClassDef,
    ast.Lambda,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
)


def names_read_first(tree):
    """Names that a cell reads before it has set them, functions included."""
    seen, read = set(), set()
    for statement in tree.body:
        inner = {
            node.id
            for node in ast.walk(statement)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        arguments = {
            node.arg
            for node in ast.walk(statement)
            if isinstance(node, ast.arg)
        }
        loads = {
            node.id
            for node in ast.walk(statement)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
        }
        own = inner | arguments
        if isinstance(statement, ast.Assign | ast.AugAssign | ast.AnnAssign):
            own = arguments | comprehended(statement)
        read |= loads - own - seen
        seen |= names_set(ast.Module([statement], []))
    return read


def comprehended(statement):
    """Names that comprehensions of a statement bind for themselves."""
    return {
        node.id
        for made in ast.walk(statement)
        if isinstance(made, ast.comprehension)
        for node in ast.walk(made.target)
        if isinstance(node, ast.Name)
    }
