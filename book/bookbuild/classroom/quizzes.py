"""The quizzes of the chapters: read, checked, and written as pages.

``book/classroom/quizzes/NOTEBOOK.yml`` holds the questions of a notebook, and
quiz.schema.json says what is in one. The page of a quiz is made when the book
is built; `exports` writes the same questions for learning systems.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from string import ascii_uppercase
from typing import Any

import jsonschema
import nbformat
import yaml
from mdit_py_plugins.anchors.index import slugify
from nbformat import NotebookNode

from bookbuild import BuildError, places
from bookbuild.chapters import Chapter, broken_bounds
from bookbuild.classroom.goals import goals_of
from bookbuild.current import QUIZZES, Values, number_for
from bookbuild.files import write_all
from bookbuild.marks import MARKED, Mark, numbers_filled
from bookbuild.myst import ONE_LINK
from bookbuild.plain import EXERCISES, UNREAD, headings

SCHEMA = Path(__file__).with_name("quiz.schema.json")
SAYS = "CONTRIBUTING.md (A quiz) says what a question holds."
# What the page of a quiz is called: not as its notebook, whose page it is not.
PAGE = "quiz-{}"
# What the texts of a question are called.
TEXTS = ("title", "given", "ask")


@dataclass(frozen=True)
class Option:
    """An answer that one may choose.

    Parameters
    ----------
    text
        Markdown, one paragraph.
    right
        Whether it is right.
    why
        Markdown: why it is, or why somebody would think so and it is not.
    """

    text: str
    right: bool
    why: str


@dataclass(frozen=True)
class Question:
    """A question of a quiz, with the numbers of the run in it.

    Parameters
    ----------
    id, title, section, goal, given, ask
        As quiz.schema.json has them; `given` may be empty.
    options
        In the order in which they are shown.
    """

    id: str
    title: str
    section: str
    goal: str
    given: str
    ask: str
    options: tuple[Option, ...]

    @property
    def several(self) -> bool:
        """Whether more than one option is right."""
        return len(self.right) > 1

    @property
    def right(self) -> list[str]:
        """Letters of the options that are right."""
        return [letter for letter, each in self.lettered if each.right]

    @property
    def lettered(self) -> list[tuple[str, Option]]:
        """Each option with its letter."""
        return list(zip(ascii_uppercase, self.options, strict=False))


@dataclass(frozen=True)
class Quiz:
    """The questions of a notebook.

    Parameters
    ----------
    name
        The notebook's, without ending.
    title
        The notebook's short title, with its number.
    questions
        In the order of the chapter.
    """

    name: str
    title: str
    questions: tuple[Question, ...]


def sources() -> list[Path]:
    """Return the files of the quizzes, in the book's order."""
    return sorted((places.ROOT / QUIZZES).glob("*.yml"))


def read_quizzes(book: Sequence[Chapter]) -> list[Quiz]:
    """Read and check all quizzes, with the numbers of the chapters.

    Parameters
    ----------
    book
        The chapters, as they were run.

    Raises
    ------
    BuildError
        Where one cannot be read, or is not complete: with file, question and
        what to do.
    """
    chapters = {chapter.name: chapter for chapter in book}
    values = {chapter.name: chapter.values for chapter in book}
    quizzes: list[Quiz] = []
    taken: dict[str, str] = {}
    for path in sources():
        try:
            if path.stem not in chapters:
                raise BuildError(
                    f"there is no notebook {path.stem}. A quiz is called as "
                    f"its notebook: {', '.join(chapters)}."
                )
            quiz = quiz_of(
                path.read_text(encoding="utf-8"), chapters[path.stem], values
            )
            for question in quiz.questions:
                if question.id in taken:
                    raise BuildError(
                        f"the question {question.id!r} has an id that a "
                        f"question of {taken[question.id]} has, too. Give it "
                        "another one."
                    )
                taken[question.id] = path.name
        except BuildError as problem:
            where = (QUIZZES / path.name).as_posix()
            raise BuildError(f"{where}: {problem}") from problem
        quizzes.append(quiz)
    return quizzes


def quiz_of(text: str, chapter: Chapter, values: Values) -> Quiz:
    """Make a quiz of its source.

    Parameters
    ----------
    text
        YAML, as quiz.schema.json has it.
    chapter
        The notebook that it is of.
    values
        What each notebook computes.

    Raises
    ------
    BuildError
        Where it is not complete; see `read_quizzes`.
    """
    known = {heading for _, heading in headings(chapter.notebook)}
    goals = goals_of(chapter.notebook)
    questions = []
    for source in checked(text):
        try:
            check_places(source, known, goals)
            check_texts(source)
            bounds = source.get("holds", ())
            if broken := broken_bounds(replace(chapter, bounds=bounds)):
                raise BuildError(
                    f"its right answer relies on what the run does not say: "
                    f"{'; '.join(broken)}. Read the question again with the "
                    "new numbers, and mend it or its `holds`."
                )
            questions.append(question_of(source, chapter.name, values))
        except KeyError as missing:
            raise BuildError(
                f"the question {source['id']!r}: its `holds` names {missing}, "
                "and the notebook's record has no such value. Mend the name."
            ) from missing
        except BuildError as problem:
            raise BuildError(
                f"the question {source['id']!r}: {problem}"
            ) from problem
    return Quiz(chapter.name, chapter.numbered_title, tuple(questions))


def checked(text: str) -> list[dict[str, Any]]:
    """Return the questions of a source that fits the schema.

    Raises
    ------
    BuildError
        Where it is no YAML, or does not fit.
    """
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BuildError(
            f"it is no YAML: {error}. A text that holds ': ' or ' #', or that "
            "starts with a sign, goes into quotes, or below `>-` on a line of "
            "its own."
        ) from error
    error = jsonschema.exceptions.best_match(_schema().iter_errors(found))
    if error is None:
        return found
    question, *inside = error.absolute_path or ["the file"]
    if isinstance(question, int):
        named = found[question]
        named = named.get("id") if isinstance(named, dict) else None
        question = f"the question {named or f'number {question + 1}'!r}"
    where = "".join(
        f", {step}" if isinstance(step, str) else f" {step + 1}"
        for step in inside
    )
    hint = error.schema.get("description", "")
    raise BuildError(
        f"{question}{where}: {error.message}. {hint} {SAYS} A text that YAML "
        "would take for a number, a list or yes and no goes into quotes."
    )


@cache
def _schema() -> jsonschema.Draft202012Validator:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(schema)


def check_places(
    source: Mapping[str, Any], known: set[str], goals: Sequence[str]
) -> None:
    """Raise BuildError where a question names what its notebook has not.

    Parameters
    ----------
    source
        A question, as in the YAML.
    known
        The headings of the notebook.
    goals
        From `goals_of`.
    """
    if source["section"] not in known:
        raise BuildError(
            f"the notebook has no heading {source['section']!r}. Name the "
            "section that teaches the answer, as the notebook writes it."
        )
    if " ".join(source["goal"].split()) not in goals:
        raise BuildError(
            f"{source['goal']!r} is no goal of the notebook. Its goals are, "
            f"word by word: {'; '.join(goals) or 'none'}."
        )


def check_texts(source: Mapping[str, Any]) -> None:
    """Raise BuildError where a text or an option of a question is amiss."""
    options = source["options"]
    if not any(option.get("right") for option in options):
        raise BuildError("no option is right: give one `right: true`.")
    if all(option.get("right") for option in options):
        raise BuildError(
            "every option is right, and there is nothing to choose: add one "
            "that somebody would take for right."
        )
    told = [" ".join(option["text"].split()) for option in options]
    if len(set(told)) < len(told):
        raise BuildError("two of its options are the same: change one.")
    texts = [source[name] for name in TEXTS if name in source]
    texts += [option[name] for option in options for name in ("text", "why")]
    for text in texts:
        if unread := UNREAD.search(MARKED.sub("", text)):
            raise BuildError(
                f"it holds the mark {unread[0]!r}, and the number before it "
                "would never be renewed: a mark is written <!--KEY:FORMAT-->."
            )
        for link in ONE_LINK.finditer(text):
            if not link["url"].startswith("https://"):
                raise BuildError(
                    f"the link {link[0]!r} leads nowhere in a learning "
                    "system. Take it out (the page links the section), or "
                    "give an address that starts with https://."
                )


def question_of(
    source: Mapping[str, Any], name: str, values: Values
) -> Question:
    """Return a question with its numbers, and its options in their order.

    The order comes from what is written, without the numbers: so it is the
    same everywhere, tells nothing, and stays when a run moves a digit.
    """

    def filled(text: str) -> str:
        def number(mark: Mark) -> str:
            return number_for(mark, name, values)

        return numbers_filled(text, number, keep=False).strip()

    def place(option: Mapping[str, Any]) -> bytes:
        bare = numbers_filled(option["text"], lambda mark: "")
        return sha256(f"{source['id']} {bare.strip()}".encode()).digest()

    return Question(
        id=source["id"],
        section=source["section"],
        goal=" ".join(source["goal"].split()),
        **{name: filled(source.get(name, "")) for name in TEXTS},
        options=tuple(
            Option(
                filled(option["text"]),
                option.get("right", False),
                filled(option["why"]),
            )
            for option in sorted(source["options"], key=place)
        ),
    )


def page_of(quiz: Quiz, endings: Mapping[str, str]) -> str:
    """Write the page of a quiz, in MyST.

    Parameters
    ----------
    quiz
        With its numbers.
    endings
        What each export is called, and how its file ends.
    """
    notebook = f"../../../notebooks/{quiz.name}.ipynb"
    files = ", ".join(
        f"{{download}}`{words} <{quiz.name}{ending}>`"
        for words, ending in endings.items()
    )
    parts = [
        f"# Quiz: {quiz.title}",
        f"{len(quiz.questions)} questions on [{quiz.title}]({notebook}). "
        "Decide first, then check. Every answer says what speaks for it, and "
        "what against it.",
        f":::{{div}} screen-only\nFor a learning system: {files}.\n:::",
    ]
    for number, question in enumerate(quiz.questions, start=1):
        parts.append(f"## {number}. {question.title}")
        parts.append(directive("quiz-question", question))
        place = f"{notebook}#{slugify(question.section)}"
        taught = f"Taught in [{question.section}]({place})."
        parts.append(f":::{{div}} quiz-from\n{taught}\n:::")
    parts.append(directive("quiz-answers", *quiz.questions))
    return "\n\n".join(parts) + "\n"


def with_link(notebook: NotebookNode, quiz: Quiz) -> NotebookNode:
    """Return a copy for the pages whose exercises come after its quiz."""
    notebook = nbformat.from_dict(notebook)
    page = f"../{QUIZZES.as_posix()}/{PAGE.format(quiz.name)}.md"
    cell = nbformat.v4.new_markdown_cell(
        f"Before the exercises, [the quiz]({page}) asks "
        f"{len(quiz.questions)} questions on what you have read."
    )
    for place, each in enumerate(notebook.cells):
        if f"## {EXERCISES}" in each.source.splitlines():
            notebook.cells.insert(place, cell)
            return notebook
    raise BuildError(f"{quiz.name} has a quiz and no `## {EXERCISES}`.")


def directive(kind: str, *what: Question) -> str:
    """Hand questions to a directive of `pages.quizzes`, as JSON."""
    told = json.dumps(what, default=vars, ensure_ascii=False)
    return f"`````{{{kind}}}\n{told}\n`````"


def listed(quizzes: Sequence[Quiz]) -> str:
    """Write the list of all quizzes, for the page above them."""
    return "\n".join(
        f"- [{quiz.title}](quizzes/{PAGE.format(quiz.name)}.md), "
        f"{len(quiz.questions)} questions"
        for quiz in quizzes
    )


def check_contents(listed_pages: Sequence[str]) -> None:
    """Raise BuildError where contents and quizzes are not the same.

    Parameters
    ----------
    listed_pages
        The pages that _toc.yml names.
    """
    folder = QUIZZES.as_posix()
    names = [PAGE.format(path.stem) for path in sources()]
    found = [
        Path(page).name
        for page in listed_pages
        if Path(page).parent.as_posix() == folder
    ]
    for name in names:
        if name not in found:
            raise BuildError(
                f"_toc.yml has no page for a quiz of {folder}. Add the line "
                f"`- file: {folder}/{name}`."
            )
    for name in found:
        if name not in names:
            raise BuildError(
                f"_toc.yml names {folder}/{name}, and there is no such quiz: "
                f"there are {', '.join(names) or 'none'}. Write it, or take "
                "the line out."
            )


def write_pages(
    folder: Path, quizzes: Sequence[Quiz], endings: Mapping[str, str]
) -> None:
    """Write the pages of all quizzes into a copy of book/."""
    here = folder / QUIZZES.relative_to("book")
    write_all(
        {
            here / f"{PAGE.format(quiz.name)}.md": page_of(quiz, endings)
            for quiz in quizzes
        }
    )
