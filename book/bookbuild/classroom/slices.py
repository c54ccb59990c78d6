"""Cuts out of a chapter what some names need, by who makes and uses them.

A chapter is a line of statements. From some names it goes back: to the
statement that made each, to those that changed it since, and to the names
that these use in turn. What a function looks up when it is called is looked
up where the exercise stands.
"""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from nbformat import NotebookNode

from bookbuild import BuildError

# What a kernel has without being told.
AT_HAND = frozenset(dir(builtins)) | {"display", "get_ipython"}
# Methods that change what they are called on; a name with an underscore at
# its end does, too.
CHANGING = frozenset(
    {
        *("add", "append", "backward", "clear", "discard", "eval", "extend"),
        *("insert", "load_state_dict", "pop", "remove", "reverse"),
        *("setdefault", "sort", "step", "train", "update", "zero_grad"),
    }
)
# The library's loop changes the model that it is handed first.
TRAINING = "fit"
# Calls that only show.
SHOWING = frozenset({"print", "display", "len"})


@dataclass
class Statement:
    """A statement of a chapter, at the top level of a cell.

    Parameters
    ----------
    cell
        The number of its cell.
    place
        Its number in the chapter.
    node, source
        What it is.
    makes
        Names that it binds.
    uses
        Names that it looks up as it runs.
    later
        Names that its functions look up when they are called.
    changes
        Names whose objects it changes.
    """

    cell: int
    place: int
    node: ast.stmt
    source: str
    makes: frozenset[str]
    uses: frozenset[str]
    later: frozenset[str]
    changes: frozenset[str] = field(default=frozenset())


@dataclass(frozen=True)
class Changer:
    """A function of a chapter, and what it changes.

    Parameters
    ----------
    names
        Of the chapter.
    places
        Of the arguments that it is handed.
    """

    names: frozenset[str] = frozenset()
    places: tuple[int, ...] = ()


def statements_of(cells: Sequence[NotebookNode]) -> list[Statement]:
    """Part the code of some cells into statements, in their order."""
    found: list[Statement] = []
    changers: dict[str, Changer] = {TRAINING: Changer(places=(0,))}
    lasting: set[str] = set()
    for number, cell in enumerate(cells):
        if cell.cell_type != "code":
            continue
        for node, source in parts_of(cell.source):
            made, used, later = names_in(source)
            statement = Statement(
                number, len(found), node, source, made, used, later
            )
            if isinstance(node, ast.FunctionDef):
                given = [each.arg for each in node.args.args]
                inside = changed_in(node, changers, later | set(given))
                changers[node.name] = Changer(
                    inside - set(given),
                    tuple(n for n, each in enumerate(given) if each in inside),
                )
            elif not isinstance(node, ast.ClassDef):
                changed = changed_in(node, changers, made | used)
                statement.changes = changed - lasting
            if is_lasting(node):
                lasting |= made
            found.append(statement)
    return found


def is_lasting(node: ast.stmt) -> bool:
    """Whether what a statement makes is never changed: code, or a number."""
    if isinstance(node, ast.Assign):
        return isinstance(node.value, ast.Constant)
    return isinstance(
        node, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
    )


def parts_of(source: str) -> Iterator[tuple[ast.stmt, str]]:
    """Go through the statements of a cell, each with its text.

    The comments right above a statement are its own.
    """
    lines = source.splitlines()
    for node in ast.parse(source).body:
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(each.lineno for each in decorators)])
        while first > 1 and lines[first - 2].lstrip().startswith("#"):
            first -= 1
        yield node, "\n".join(lines[first - 1 : node.end_lineno])


def names_in(
    source: str,
) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Return what code makes, what it uses, and what its functions use.

    Parameters
    ----------
    source
        Python, at the top level of a module.
    """
    table = symtable.symtable(source, "<cell>", "exec")
    made, used = set(), set()
    for symbol in table.get_symbols():
        if symbol.is_assigned() or symbol.is_imported():
            made.add(symbol.get_name())
        if symbol.is_referenced():
            used.add(symbol.get_name())
    later: set[str] = set()
    for child in table.get_children():
        _collect(child, used, later, called_now=_runs_now(child))
    return frozenset(made), frozenset(used), frozenset(later - used)


def _runs_now(table: symtable.SymbolTable) -> bool:
    """Whether a scope runs where it stands: a class, a comprehension."""
    return table.get_type() == "class" or table.get_name() in (
        "listcomp",
        "setcomp",
        "dictcomp",
        "genexpr",
        "lambda",
    )


def _collect(
    table: symtable.SymbolTable,
    used: set[str],
    later: set[str],
    called_now: bool,
) -> None:
    for symbol in table.get_symbols():
        if symbol.is_global() and symbol.is_referenced():
            (used if called_now else later).add(symbol.get_name())
    for child in table.get_children():
        _collect(child, used, later, called_now and _runs_now(child))


def root_of(node: ast.AST) -> str:
    """Return the name that an expression such as ``a[0].b`` starts from."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def changed_in(
    statement: ast.stmt,
    changers: Mapping[str, Changer],
    names: frozenset[str],
) -> frozenset[str]:
    """Return the names of a chapter whose objects a statement changes.

    Parameters
    ----------
    statement
        Of the chapter.
    changers
        Functions, each with what it changes.
    names
        Of the chapter, that the statement itself uses. Others are its own.
    """
    found: set[str] = set()
    by_others: set[str] = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Assign | ast.Delete):
            for target in node.targets:
                if not isinstance(target, ast.Name):
                    found.add(root_of(target))
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            found.add(root_of(node.target))
        elif isinstance(node, ast.Call):
            found |= _changed_by(node)
            changer = changers.get(root_of(node.func), Changer())
            if isinstance(node.func, ast.Name):
                by_others |= changer.names
                for place in changer.places:
                    found |= {root_of(each) for each in node.args[place:][:1]}
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            is_known = root_of(node.value.func) in changers
            found |= set() if is_known else _handed_to(node.value)
    return frozenset(found & names | by_others)


def _changed_by(call: ast.Call) -> set[str]:
    found: set[str] = set()
    name = root_of(call.func)
    if isinstance(call.func, ast.Attribute):
        method = call.func.attr
        if method in CHANGING or (
            method.endswith("_") and not method.endswith("__")
        ):
            found.add(name)
    return found


def _handed_to(call: ast.Call) -> set[str]:
    """Return what is handed to a call whose value nobody keeps."""
    if root_of(call.func) in SHOWING:
        return set()
    given = [*call.args, *(each.value for each in call.keywords)]
    return {root_of(each) for each in given if isinstance(each, ast.Name)}


def asked_by(source: str) -> frozenset[str]:
    """Return the names that code looks up, but those that it makes first.

    Parameters
    ----------
    source
        Python, at the top level of a module.
    """
    made: set[str] = set()
    asked: set[str] = set()
    for node, text in parts_of(source):
        makes, uses, later = names_in(text)
        here = Statement(0, 0, node, text, makes, uses, later)
        asked |= _asked_by(here) - made
        made |= makes
        asked |= later - made
    return frozenset(asked) - AT_HAND


def made_before(
    statements: Sequence[Statement], names: frozenset[str], stop: int
) -> frozenset[str]:
    """Return those of some names that a chapter makes above a cell."""
    made = [each.makes for each in statements if each.cell < stop]
    return names.intersection(frozenset().union(*made))


def needed(
    statements: Sequence[Statement], names: frozenset[str], stop: int
) -> list[Statement]:
    """Return the statements that some names need, in their order.

    Parameters
    ----------
    statements
        Of a chapter.
    names
        That are looked up where the exercise stands.
    stop
        The number of the exercise's cell: later ones do not count.

    Raises
    ------
    BuildError
        Where nobody makes a name before.
    """
    before = [each for each in statements if each.cell < stop]
    end = len(statements)
    kept: dict[int, Statement] = {}
    open_names = [(name, end) for name in sorted(names)]
    seen = set(open_names)

    def keep(statement: Statement) -> None:
        kept[statement.place] = statement
        asks = {(each, statement.place) for each in _asked_by(statement)}
        asks |= {(each, end) for each in statement.later}
        open_names.extend(sorted(asks - seen))
        seen.update(asks)

    while open_names:
        name, place = open_names.pop()
        if name in AT_HAND:
            continue
        for statement in _making(before, name, place):
            if statement.place not in kept:
                keep(statement)
        if not open_names:
            for statement in _seeds(before, kept):
                keep(statement)
    return [kept[place] for place in sorted(kept)]


def _asked_by(statement: Statement) -> frozenset[str]:
    """Return what a statement needs from above as it runs.

    A loop that both makes and uses a name makes it first; what an ``if`` asks
    comes before.
    """
    node = statement.node
    if isinstance(node, ast.Assign | ast.AugAssign):
        return statement.uses
    asked = statement.uses - statement.makes
    if isinstance(node, ast.If | ast.While):
        asked |= names_in(ast.unparse(node.test))[1]
    return asked


def _making(
    before: Sequence[Statement], name: str, place: int
) -> list[Statement]:
    """Return who made a name last before a place, and who changed it since."""
    made = [
        each for each in before if name in each.makes and each.place < place
    ]
    if not made:
        raise BuildError(
            f"the name {name!r} is used, and nothing above makes it."
        )
    last = made[-1]
    return [last] + [
        each
        for each in before
        if name in each.changes and last.place < each.place < place
    ]


def _seeds(
    before: Sequence[Statement], kept: dict[int, Statement]
) -> list[Statement]:
    """Return what seeds chance above a kept statement, in its cell."""
    return [
        each
        for each in before
        if "manual_seed" in each.source
        and isinstance(each.node, ast.Expr)
        and each.place not in kept
        and any(
            other.cell == each.cell and other.place > each.place
            for other in kept.values()
        )
    ]


def import_of(statement: Statement, names: frozenset[str]) -> str:
    """Write an import of those names alone that are looked up."""
    node = statement.node
    if not isinstance(node, ast.Import | ast.ImportFrom):
        return statement.source
    kept = [
        each
        for each in node.names
        if (each.asname or each.name).partition(".")[0] in names
    ]
    if isinstance(node, ast.ImportFrom):
        return ast.unparse(ast.ImportFrom(node.module, kept, node.level))
    return ast.unparse(ast.Import(kept))
