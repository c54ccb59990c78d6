"""Finds what is left of solutions where students read.

A solution can stand in a cell, a comment, metadata, an output, an attachment,
an archive. So every string of a notebook is read, and what is packed in base64
or zipped is unpacked. Three things give a solution away: a line or a sentence
that the chapters have nowhere else, code with the same syntax tree up to the
names that it chooses, and a name that only solutions have.
"""

from __future__ import annotations

import ast
import base64
import binascii
import builtins
import io
import re
import textwrap
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import nbformat
from nbformat import NotebookNode

from bookbuild.classroom.exercises import (
    Exercise,
    exercises_in,
    names_made,
    solutions_in,
)
from bookbuild.notebooks import tags

# Shorter lines, such as `else:`, are nobody's.
SHORTEST_LINE = 6
# A longer line is found inside another one, too.
SHORTEST_PART = 16
SHORTEST_SENTENCE = 30
# Nodes of a tree, without contexts: a smaller one is written by chance.
SMALLEST_TREE = 9
FENCES = re.compile(r"^ *(```|~~~).*?\n(.*?)^ *\1", re.MULTILINE | re.DOTALL)
CODE_SPAN = re.compile(r"`([^`\n]+)`")
COMMENTS = re.compile(r"(?:^[ \t]*#.*\n?)+", re.MULTILINE)
PACKED = re.compile(r"[A-Za-z0-9+/\n]{40,}={0,2}")
SENTENCE_END = re.compile(r"(?<=[.:?!])\s+")
LEFT_MARGIN = re.compile(r"^[\s#>`*+-]+")
WHITE = re.compile(r"\s+")
NAME = re.compile(r"[A-Za-z_]\w*")
HEADING = re.compile(r"\bSolution \d+\.\d+\b|-solution\b")
# What code starts with, and how many statements and parts it has.
Outline = tuple[str, int, int]


@dataclass(frozen=True)
class Secret:
    """What gives one solution away.

    Parameters
    ----------
    label
        Of its exercise.
    names
        That its code makes.
    lines
        Of its code, as `line_of` writes them.
    sentences
        Of its words, with one blank between words.
    trees
        Of its functions, their bodies, and what it answers: from `shape`.
    """

    label: str
    names: frozenset[str]
    lines: frozenset[str]
    sentences: frozenset[str]
    trees: frozenset[str]


@dataclass(frozen=True)
class Secrets:
    """What gives the solutions of a book away.

    Parameters
    ----------
    each
        By exercise.
    fixed
        Names that mean the same to everybody: imported, or Python's own.
    outlines
        Of all their trees: see `outline`. No other one has to be compared.
    shared
        Trees that the chapters' own code has, too, and the id of its cell.
    stubs
        Names of answers, each with the trees of what students are given.
    """

    each: Sequence[Secret]
    fixed: frozenset[str]
    outlines: frozenset[Outline]
    shared: Mapping[str, str]
    stubs: Mapping[str, frozenset[str]]


def line_of(text: str) -> str:
    """Write a line of code as it is compared: no blanks, one kind of quote."""
    return WHITE.sub("", LEFT_MARGIN.sub("", text)).replace("'", '"')


@lru_cache(maxsize=10_000)
def parsed(source: str) -> Sequence[ast.stmt]:
    """Return the statements of code; none where it is no Python."""
    try:
        return tuple(ast.parse(textwrap.dedent(source)).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()


class _Renamed(ast.NodeVisitor):
    """Copies code with chosen names as numbers, in the order they come."""

    def __init__(self, fixed: frozenset[str], chosen: set[str]) -> None:
        self.fixed, self.chosen = fixed, chosen
        self.numbers: dict[str, str] = {}

    def number(self, name: str) -> str:
        if name in self.fixed and name not in self.chosen:
            return name
        return self.numbers.setdefault(name, f"v{len(self.numbers)}")

    def generic_visit(self, node: ast.AST) -> ast.AST:
        parts = {}
        for field, value in ast.iter_fields(node):
            if isinstance(value, list):
                value = [self._copied(part) for part in value]
            parts[field] = self._copied(value)
        return type(node)(**parts)

    def _copied(self, part: object) -> object:
        return self.visit(part) if isinstance(part, ast.AST) else part

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(self.number(node.id), ast.Load())

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.arg(self.number(node.arg))

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        value = self.visit(node.value)
        name = node.attr
        if f".{name}" in self.chosen:
            name = self.number(f".{name}")
        return ast.Attribute(value, name, ast.Load())

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        special = node.name.startswith("__") or node.name == "forward"
        name = node.name if special else "f"
        arguments = self.visit(node.args)
        return ast.FunctionDef(
            name, arguments, [self.visit(each) for each in said(node)], []
        )

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        bases = [self.visit(base) for base in node.bases]
        body = [self.visit(each) for each in said(node)]
        return ast.ClassDef("C", bases, [], body, [])

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is None:
            return ast.Pass()
        value = self.visit(node.value)
        return ast.Assign([self.visit(node.target)], value)


def said(node: ast.FunctionDef | ast.ClassDef) -> list[ast.stmt]:
    """Return a body without its docstring."""
    first, *rest = node.body
    is_text = isinstance(first, ast.Expr) and isinstance(
        first.value, ast.Constant
    )
    if is_text and isinstance(first.value.value, str):
        return rest
    return node.body


def shape(nodes: Sequence[ast.AST], fixed: frozenset[str]) -> str:
    """Write code so that the names that it chooses do not matter.

    Parameters
    ----------
    nodes
        Statements, or one expression.
    fixed
        Names that stay, unless the code gives them a meaning of its own.
    """
    chosen = set()
    for node in nodes:
        for part in ast.walk(node):
            if isinstance(part, ast.arg):
                chosen.add(part.arg)
            elif isinstance(part, ast.Name) and isinstance(
                part.ctx, ast.Store
            ):
                chosen.add(part.id)
            elif isinstance(part, ast.Attribute) and isinstance(
                part.ctx, ast.Store
            ):
                chosen.add(f".{part.attr}")
    renamed = _Renamed(fixed, chosen)
    return "\n".join(ast.dump(renamed.visit(node)) for node in nodes)


def size(node: ast.AST) -> int:
    """Count what `shape` writes of a piece of code.

    That is no annotation, docstring or decorator.
    """
    known = getattr(node, "size_once_counted", 0)
    if known:
        return known
    total = 1
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "ctx"):
            continue
        if field == "body" and isinstance(
            node, ast.FunctionDef | ast.ClassDef
        ):
            value = said(node)
        parts = value if isinstance(value, list) else [value]
        total += sum(size(part) for part in parts if isinstance(part, ast.AST))
    node.size_once_counted = total
    return total


def outline(nodes: Sequence[ast.AST]) -> Outline:
    """Say roughly what code looks like: trees that are equal agree in it."""
    return type(nodes[0]).__name__, len(nodes), sum(map(size, nodes))


def answer_trees(
    source: str, fixed: frozenset[str]
) -> Iterator[tuple[Outline, str]]:
    """Go through outline and tree of all that gives a worked cell away.

    Its functions and classes, the bodies of its functions, and the values
    that it hands to the check.
    """
    pieces: list[Sequence[ast.AST]] = []
    for statement in parsed(source):
        for node in ast.walk(statement):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                body = said(node)
                pieces.append([node])
                if sum(map(size, body)) >= SMALLEST_TREE:
                    pieces.append(body)
                if len(body) == 1 and isinstance(body[0], ast.Return):
                    pieces += _large(body[0].value)
            elif isinstance(node, ast.Call):
                pieces += [[each] for each in node.args if is_value(each)]
        if isinstance(statement, ast.Assign):
            value = statement.value
            pieces += [[value]] if is_value(value) else _large(value)
    for piece in pieces:
        yield outline(piece), shape(piece, fixed)


def is_value(node: ast.expr) -> bool:
    """Whether an expression is made of numbers and texts, and of no name."""
    parts = list(ast.walk(node))
    return len(parts) > 4 and not any(isinstance(p, ast.Name) for p in parts)


def _large(node: ast.expr | None) -> list[list[ast.expr]]:
    large = node is not None and size(node) >= SMALLEST_TREE
    return [[node]] if large else []


def trees_in(
    source: str, fixed: frozenset[str], outlines: frozenset[Outline]
) -> set[str]:
    """Return the trees of a piece of code that could be a solution's.

    Parameters
    ----------
    source
        Python, or none.
    fixed
        As in `shape`.
    outlines
        Of the trees that are looked for.
    """
    rows: list[Sequence[ast.AST]] = [parsed(source)]
    for statement in rows[0]:
        for node in ast.walk(statement):
            if isinstance(node, ast.expr):
                rows.append([node])
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                rows += [[node], said(node)]
            else:
                for field in ("body", "orelse", "finalbody"):
                    rows.append(getattr(node, field, []))
    longest = max((length for _, length, _ in outlines), default=0)
    found = set()
    for row in rows:
        for start in range(len(row)):
            for stop in range(start + 1, min(start + longest, len(row)) + 1):
                if outline(row[start:stop]) in outlines:
                    found.add(shape(row[start:stop], fixed))
    return found


def secrets_of(chapters: Sequence[NotebookNode]) -> Secrets:
    """Collect what gives the solutions of some chapters away.

    A line that also stands outside of the solutions gives nothing away.
    """
    own = [
        cell
        for notebook in chapters
        for cell in without_solutions(notebook).cells
    ]
    code = [cell.source for cell in own if cell.cell_type == "code"]
    fixed = frozenset(dir(builtins)) | {
        (name.asname or name.name).partition(".")[0]
        for source in code
        for statement in parsed(source)
        if isinstance(statement, ast.Import | ast.ImportFrom)
        for name in statement.names
    }
    text = "\n".join(cell.source for cell in own)
    lines = {line_of(line) for line in text.splitlines()}
    tight, words = WHITE.sub("", text).replace("'", '"'), spaced(text)
    secrets = [
        _secret(exercise, fixed, lines, tight, words)
        for notebook in chapters
        for exercise in exercises_in(notebook)
    ]
    trees = frozenset().union(*(secret.trees for secret in secrets))
    outlines = frozenset(
        each
        for notebook in chapters
        for exercise in exercises_in(notebook)
        for cell in exercise.worked
        for each, _ in answer_trees(cell.source, fixed)
    )
    shared: dict[str, str] = {}
    for cell in own:
        if cell.cell_type == "code":
            for tree in trees_in(cell.source, fixed, outlines) & trees:
                shared.setdefault(tree, cell.id)
    return Secrets(secrets, fixed, outlines, shared, _stubs(chapters, fixed))


def _stubs(
    chapters: Sequence[NotebookNode], fixed: frozenset[str]
) -> dict[str, frozenset[str]]:
    """Return the names of answers, each with the trees of its stubs."""
    stubs: dict[str, frozenset[str]] = {}
    for notebook in chapters:
        for exercise in exercises_in(notebook):
            trees = frozenset(
                shape([statement], fixed)
                for statement in parsed(exercise.stub.source)
            )
            for name in exercise.answers:
                stubs[name] = stubs.get(name, frozenset()) | trees
    return stubs


def without_solutions(notebook: NotebookNode) -> NotebookNode:
    """Return a copy without solutions, and without what pages alone need."""
    hidden = {cell.id for cell in solutions_in(notebook)}
    notebook = nbformat.from_dict(notebook)
    notebook.cells = [
        cell
        for cell in notebook.cells
        if cell.id not in hidden
        and "solution" not in tags(cell)
        and not ("remove-cell" in tags(cell) and is_record(cell))
    ]
    return notebook


def is_record(cell: NotebookNode) -> bool:
    """Whether a cell only says what other pages say of the chapter."""
    return cell.id.startswith("record")


def spaced(text: str) -> str:
    """Return a text with one blank between words."""
    return WHITE.sub(" ", text).strip()


def _secret(
    exercise: Exercise,
    fixed: frozenset[str],
    lines: set[str],
    tight: str,
    words: str,
) -> Secret:
    worked = [cell.source for cell in exercise.worked]
    its_lines = {
        line_of(line) for source in worked for line in source.splitlines()
    }
    prose = [c.source for c in exercise.solution if c.cell_type == "markdown"]
    sentences = {
        spaced(sentence)
        for source in prose
        for sentence in SENTENCE_END.split(source.partition("\n")[2].strip())
    }
    names = {name for source in worked for name in names_made(source)}
    return Secret(
        exercise.label,
        frozenset(names),
        frozenset(
            line
            for line in its_lines
            if len(line) >= SHORTEST_LINE
            and line not in lines
            and not (len(line) >= SHORTEST_PART and line in tight)
        ),
        frozenset(
            sentence
            for sentence in sentences
            if len(sentence) >= SHORTEST_SENTENCE and sentence not in words
        ),
        frozenset(
            tree
            for source in worked
            for _, tree in answer_trees(source, fixed)
        ),
    )


def texts_in(value: object, where: str) -> Iterator[tuple[str, str]]:
    """Go through every text of a notebook, or of a part of it.

    Yields
    ------
    tuple
        Where it stands, and the text; what is packed in base64, unpacked.
    """
    if isinstance(value, str):
        yield where, value
        for match in PACKED.finditer(value):
            yield from _unpacked(match[0], where)
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from texts_in(str(key), f"{where}, {key}")
            yield from texts_in(part, f"{where}, {key}")
    elif isinstance(value, list | tuple):
        for part in value:
            name = part.get("id") if isinstance(part, Mapping) else None
            yield from texts_in(part, f"{where}, {name}" if name else where)


def _unpacked(text: str, where: str) -> Iterator[tuple[str, str]]:
    try:
        packed = base64.b64decode(text)
    except (binascii.Error, ValueError):
        return
    if packed[:2] == b"PK":
        yield from texts_of_archive(packed, where)
    else:
        yield f"{where}, unpacked", packed.decode("utf-8", "replace")


def texts_of_archive(packed: bytes, where: str) -> Iterator[tuple[str, str]]:
    """Go through the texts of a zip archive; a notebook in it is read."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(packed))
    except zipfile.BadZipFile:
        return
    for name in archive.namelist():
        here, content = f"{where}, {name}", archive.read(name)
        if content[:2] == b"PK":
            yield from texts_of_archive(content, here)
        elif name.endswith(".ipynb"):
            notebook = nbformat.reads(content.decode("utf-8"), as_version=4)
            yield from texts_in(notebook, here)
        else:
            yield from texts_in(content.decode("utf-8", "replace"), here)


def code_in(text: str) -> Iterator[str]:
    """Go through what may be code in a text, comments and strings too."""
    yield text
    for match in FENCES.finditer(text):
        yield match[2]
    for match in CODE_SPAN.finditer(text):
        yield match[1]
    for match in COMMENTS.finditer(text):
        lines = match[0].splitlines()
        bare = [re.sub(r"^[ \t]*#+ ?", "", line) for line in lines]
        yield "\n".join(bare)
    for statement in parsed(text):
        for node in ast.walk(statement):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def leaks_in_text(text: str, where: str, secrets: Secrets) -> list[str]:
    """Say what a text gives away of the solutions.

    Parameters
    ----------
    text
        Code, Markdown, HTML, or anything else.
    where
        What it is, for the report.
    secrets
        From `secrets_of`.

    Returns
    -------
    list
        A sentence for each thing that was found.
    """
    found = []
    lines = {line_of(line) for line in text.splitlines()}
    tight, words = WHITE.sub("", text).replace("'", '"'), spaced(text)
    named = set(NAME.findall(text))
    if match := HEADING.search(text):
        found.append(f"{where}: {match[0]!r} heads a solution.")
    pieces = list(dict.fromkeys(code_in(text)))
    trees: set[str] = set()
    for piece in pieces:
        trees |= trees_in(piece, secrets.fixed, secrets.outlines)
    trees -= set(secrets.shared)
    for secret in secrets.each:
        of = f"the solution of {secret.label}"
        for name in sorted(secret.names & named):
            found.append(f"{where}: {name} is a name of {of}.")
        for line in sorted(secret.lines):
            inside = len(line) >= SHORTEST_PART and line in tight
            if line in lines or inside:
                found.append(f"{where}: {line!r} is a line of {of}.")
        for sentence in sorted(secret.sentences):
            if sentence in words:
                found.append(f"{where}: {sentence!r} is in {of}.")
        if trees & secret.trees:
            found.append(f"{where}: code with the tree of {of}.")
    for piece in pieces:
        found += _filled_in(piece, where, secrets)
    return found


def _filled_in(piece: str, where: str, secrets: Secrets) -> list[str]:
    """Say where an answer's name is made, and not as its stub makes it."""
    found = []
    for statement in parsed(piece):
        for name in names_made(ast.unparse(statement)):
            stubs = secrets.stubs.get(name)
            if stubs and shape([statement], secrets.fixed) not in stubs:
                found.append(f"{where}: {name} is more than its stub.")
    return found


def leaks(notebook: NotebookNode, secrets: Secrets) -> list[str]:
    """Say what a notebook gives away of the solutions, and where.

    Parameters
    ----------
    notebook
        For students.
    secrets
        From `secrets_of`.

    Returns
    -------
    list
        A sentence for each thing that was found; empty where there is none.
    """
    return _leaks_in(texts_in(notebook, "the notebook"), secrets)


def leaks_in_archive(packed: bytes, secrets: Secrets) -> list[str]:
    """Say what a zip archive gives away of the solutions, and where."""
    return _leaks_in(texts_of_archive(packed, "the archive"), secrets)


def _leaks_in(texts: Iterator[tuple[str, str]], secrets: Secrets) -> list[str]:
    """Go through texts; one that comes again is told of once."""
    found, seen = [], set()
    for where, text in texts:
        if text not in seen:
            seen.add(text)
            found += leaks_in_text(text, where, secrets)
    return found
