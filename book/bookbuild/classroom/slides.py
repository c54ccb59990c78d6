"""Slides of the chapters: what they show is taken from the notebooks.

A deck is a small file, book/classroom/slides/NOTEBOOK.md. It says what is on
a slide and what a speaker says to it, and marks such as
``<!-- figure: fig-stars -->`` put there what the notebook has under that id:
a figure, a formula, code, an output, a list. Numbers are kept current, as in
a chapter. reveal.js shows the slides, and prints them.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from nbformat import NotebookNode
from pygments.formatters import HtmlFormatter

from bookbuild import BuildError, places
from bookbuild.chapters import Chapter, last_run, paths
from bookbuild.classroom.shown import (
    COMMENT,
    KINDS,
    Shown,
    exercises_named,
    markdown,
)
from bookbuild.current import current, number_for
from bookbuild.files import read_settings
from bookbuild.marks import Mark, numbers_filled
from bookbuild.pages import colours
from bookbuild.pages.figures import DARK
from bookbuild.pages.mathjax import copy_files
from bookbuild.paper.browser import NoBrowserError, opened_browser
from bookbuild.paper.print import describe
from bookbuild.plain import headings
from recslib import style

SLIDES = places.BUILD / "classroom" / "slides"
HERE = Path(__file__).parent
# The Python package that carries reveal.js, and what of it a deck needs.
PACKAGE = "sphinx_revealjs"
OF_REVEAL = (
    "LICENSE",
    "dist/reset.css",
    "dist/reveal.css",
    "dist/reveal.js",
    "plugin/notes/notes.js",
)
FONTS = "dist/theme/fonts/source-sans-pro"
WIDTH, HEIGHT = 1280, 720  # of a slide, in CSS pixels
PATIENCE = 120_000  # milliseconds that a busy machine may take for a deck
PANEL = 0.06  # how much of the words' colour the ground below code has

HEADING = re.compile(r"(?P<level>##?) +(?P<text>.+?) *")
NOTE = re.compile(r"Note, (?P<minutes>\d+(?:\.5)?) minutes?:")
SHOWN = re.compile(
    r"^<!-- (?P<kind>\w+): (?P<id>[\w-]+)(?: (?P<part>[\w.]+))? -->$",
    re.MULTILINE,
)
LICENCE = (
    "Text and figures: CC BY 4.0, code: MIT, {title}. "
    "The MovieLens data have their own terms."
)
Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Slide:
    """One slide, as its deck has it.

    Parameters
    ----------
    section
        The chapter's heading that it belongs to; empty on the first slide.
    title
        What stands at its top, in Markdown.
    body
        What it shows, in Markdown with marks.
    notes
        What the speaker says, in Markdown.
    minutes
        How long the slide takes.
    """

    section: str
    title: str
    body: str
    notes: str
    minutes: float


def decks() -> dict[str, Path]:
    """Return the file of each deck by the name of its notebook.

    Raises
    ------
    BuildError
        Where a deck belongs to no notebook.
    """
    found = {
        path.stem: path
        for path in sorted((places.ROOT / places.DECKS).glob("*.md"))
    }
    names = [path.stem for path in paths()]
    for name, path in found.items():
        if name not in names:
            raise BuildError(
                f"{places.DECKS / path.name} belongs to no notebook. A deck "
                f"has the name of one: {', '.join(names)}."
            )
    return found


def slides_in(text: str) -> list[Slide]:
    """Read a deck.

    Parameters
    ----------
    text
        Markdown. Before any heading, the notes to the first slide. ``#``
        names a section of the chapter, ``##`` starts a slide, and a line
        such as ``Note, 2 minutes:`` its notes.

    Raises
    ------
    BuildError
        Where a slide has no section, or no notes.
    """
    slides, section = [], ""
    for level, title, lines in _parted(text):
        if level == 1:
            section = title
            if any(line.strip() for line in lines):
                raise BuildError(
                    f"below the section {title!r} stands text of no slide. "
                    "A slide starts with a heading of the second level, ##."
                )
            continue
        if level == 2 and not section:
            raise BuildError(
                f"the slide {title!r} is in no section. Write the heading "
                "of the chapter's section above it, with one #."
            )
        slides.append(_slide(section, title, lines))
    return slides


def _parted(text: str) -> Iterator[tuple[int, str, list[str]]]:
    """Part a deck at its headings: level, text, and the lines below."""
    level, title, lines, fenced = 0, "", [], False
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        heading = None if fenced else HEADING.fullmatch(line)
        if heading:
            yield level, title, lines
            level, title, lines = len(heading["level"]), heading["text"], []
        else:
            lines.append(line)
    yield level, title, lines


def _slide(section: str, title: str, lines: Sequence[str]) -> Slide:
    """Part the lines of a slide into what it shows and what is said."""
    name = f"the slide {title!r}" if title else "the first slide"
    starts = [at for at, line in enumerate(lines) if NOTE.fullmatch(line)]
    if len(starts) != 1:
        raise BuildError(
            f"{name} has {len(starts)} notes for the speaker, and needs one: "
            "a line such as `Note, 2 minutes:`, and below it what to say."
        )
    (start,) = starts
    notes = "\n".join(lines[start + 1 :]).strip()
    if not notes:
        raise BuildError(f"{name} has a note with no text below it.")
    minutes = float(NOTE.fullmatch(lines[start])["minutes"])
    body = "\n".join(lines[:start]).strip()
    return Slide(section, title, body, notes, minutes)


def decks_of(book: Sequence[Chapter]) -> dict[str, list[Slide]]:
    """Return the decks with the numbers of a run, each checked.

    Parameters
    ----------
    book
        The chapters, all of them, as they were run.

    Raises
    ------
    BuildError
        With the deck's name, where it cannot be read, quotes a value that no
        chapter keeps, or names a section that its chapter does not have.
    """
    values = {chapter.name: chapter.values for chapter in book}
    notebooks = {chapter.name: chapter.notebook for chapter in book}
    made = {}
    for name, path in decks().items():
        known = {text for _, text in headings(notebooks[name])}

        def number(mark: Mark, own: str = name) -> str:
            return number_for(mark, own, values)

        with named(places.DECKS / path.name):
            text = path.read_text(encoding="utf-8")
            made[name] = slides_in(numbers_filled(text, number, keep=False))
            for slide in made[name]:
                if slide.section and slide.section not in known:
                    raise BuildError(
                        f"the section {slide.section!r} is no heading of the "
                        "chapter. Write one as it stands there."
                    )
    return made


@contextmanager
def named(what: object) -> Iterator[None]:
    """Put the name of a deck or a slide before what a BuildError says."""
    try:
        yield
    except BuildError as problem:
        raise BuildError(f"{what}: {problem}") from problem


def rendered(slide: Slide, notebook: NotebookNode) -> tuple[Slide, Files]:
    """Return a slide in HTML, and the pictures that it needs.

    Parameters
    ----------
    slide
        With its numbers.
    notebook
        The chapter, with its numbers.

    Raises
    ------
    BuildError
        Where a mark shows what the chapter does not have.
    """
    shown: list[Shown] = []

    def put(match: re.Match[str]) -> str:
        kind = match["kind"]
        if kind not in KINDS:
            raise BuildError(
                f"it shows a {kind!r}. A mark shows one of {', '.join(KINDS)}."
            )
        part = [match["part"]] if match["part"] else []
        if part and kind != "code":
            raise BuildError(
                f"it shows {part[0]!r} of a {kind}. Only of code can a part "
                "be shown: a function, a class, or a method."
            )
        shown.append(KINDS[kind](notebook, match["id"], *part))
        return f"<div>{len(shown) - 1}</div>"

    body, notes = (
        exercises_named(text, notebook) for text in (slide.body, slide.notes)
    )
    body = SHOWN.sub(put, body)
    for text in (slide.title, body, notes):
        if unread := COMMENT.search(text):
            raise BuildError(
                f"it holds {unread[0]!r}, which shows nothing. A mark such as "
                "`<!-- figure: fig-name -->` stands on a line of its own."
            )
    body = markdown().render(body)
    for number, each in enumerate(shown):
        body = body.replace(f"<div>{number}</div>", each.html, 1)
    more = [each.notes for each in shown if each.notes]
    notes = markdown().render("\n\n".join([notes, *more]))
    title = markdown().renderInline(slide.title)
    files = {name: data for each in shown for name, data in each.files.items()}
    return replace(slide, title=title, body=body, notes=notes), files


def reveal_folder() -> Path:
    """Folder of the installed reveal.js.

    Raises
    ------
    BuildError
        Where the package that carries it is not installed.
    """
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise BuildError(
            "reveal.js is missing: the Python package sphinx-revealjs carries "
            "it, and is not installed. Install the book's requirements: "
            "`make setup`, or `python book/install.py`."
        )
    return Path(spec.submodule_search_locations[0], "_static", "revealjs")


def colours_of_slides() -> str:
    """Return the colours of slides and of code on them, light and dark.

    The ground is that of the figures, so that none stands in a box.
    """
    parts = [colours.css(), f":root {{ --paper: {style.WHITE}; }}"]
    pairs = {
        "light": (style.WHITE, style.BLACK),
        "dark": (DARK[style.WHITE.lower()], DARK[style.BLACK.lower()]),
    }
    for mode, (ground, words) in pairs.items():
        panel = style.mixed(ground, words, PANEL)
        here = f'[data-theme="{mode}"]'
        parts.append(
            f"{here} {{ --ground: {ground}; --words: {words}; "
            f"--panel: {panel}; }}"
        )
        code = HtmlFormatter(style=f"a11y-high-contrast-{mode}")
        parts.append(code.get_style_defs(f"{here} .code"))
    return "\n".join(parts) + "\n"


def write_deck(
    folder: Path, chapter: Chapter, slides: Sequence[Slide], book_title: str
) -> None:
    """Write the slides of a chapter, and all that they need.

    Parameters
    ----------
    folder
        A new one; its index.html opens without a server or a network.
    chapter
        With its numbers.
    slides
        From `decks_of`.
    book_title
        For the foot of the slides.
    """
    made = []
    for slide in slides:
        with named(f"the slide {slide.title!r}"):
            made.append(rendered(slide, chapter.notebook))
    first, *others = [slide for slide, _ in made]
    template = Environment(
        loader=FileSystemLoader(HERE),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template("slides.html")
    page = template.render(
        chapter=chapter,
        first=first,
        slides=others,
        book_title=book_title,
        licence=LICENCE.format(title=book_title),
        width=WIDTH,
        height=HEIGHT,
    )
    folder.mkdir(parents=True)
    (folder / "index.html").write_text(page, "utf-8", newline="\n")
    for name, data in sorted(chain.from_iterable(f.items() for _, f in made)):
        (folder / name).write_bytes(data)
    reveal = reveal_folder()
    for name in OF_REVEAL:
        (folder / "reveal" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(reveal / name, folder / "reveal" / name)
    (folder / "fonts").mkdir()
    for font in (*(reveal / FONTS).glob("*.woff"), reveal / FONTS / "LICENSE"):
        shutil.copyfile(font, folder / "fonts" / font.name)
    copy_files(folder / "mathjax")
    for name in ("slides.css", "slides.js"):
        shutil.copyfile(HERE / name, folder / name)
    (folder / colours.NAME).write_text(colours_of_slides(), "utf-8")


def write_slides(folder: Path = SLIDES) -> None:
    """Write the slides of every chapter that has a deck, and print them.

    Each deck is a folder with an index.html; beside it lies its PDF. Where
    there is no browser that prints, the PDFs are left out, and that is said.

    Parameters
    ----------
    folder
        Where they go; what was there before is replaced when all is made.

    Raises
    ------
    BuildError
        Where a deck asks for what its chapter does not have.
    """
    reveal_folder()  # before any work, to say that it is missing
    book, _ = last_run()
    notebooks = {chapter.name: chapter.notebook for chapter in book}
    values = {chapter.name: chapter.values for chapter in book}
    filled = current(notebooks, values, notebooks, keep=False)
    settings = read_settings(places.ROOT / "_config.yml")
    new = folder.with_name(f"{folder.name}-new")
    shutil.rmtree(new, ignore_errors=True)
    by_name = {chapter.name: chapter for chapter in book}
    try:
        for name, slides in decks_of(book).items():
            chapter = replace(by_name[name], notebook=filled[name])
            with named(places.DECKS / f"{name}.md"):
                write_deck(new / name, chapter, slides, settings["title"])
        print_or_say_why(new, settings["author"])
        shutil.rmtree(folder, ignore_errors=True)
        new.replace(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    print(f"The slides: {folder}")


def print_or_say_why(folder: Path, author: str) -> None:
    """Print each deck, or say that there is no browser to print with."""
    try:
        print_slides(folder, author)
    except NoBrowserError as missing:
        print(f"No PDF of the slides: {missing}", file=sys.stderr)


def print_slides(folder: Path, author: str) -> None:
    """Print each deck of a folder to a PDF beside it.

    Parameters
    ----------
    folder
        With decks.
    author
        For the PDF's own description.

    Raises
    ------
    NoBrowserError
        Where there is no browser.
    """
    with opened_browser() as browser:
        for path in sorted(folder.glob("*/index.html")):
            pdf = path.parent.with_suffix(".pdf")
            page = browser.new_page(
                viewport={"width": WIDTH, "height": HEIGHT}
            )
            page.set_default_timeout(PATIENCE)
            page.goto(f"{path.as_uri()}?print-pdf")
            page.wait_for_function("document.documentElement.dataset.ready")
            page.pdf(
                path=pdf,
                prefer_css_page_size=True,
                print_background=True,
                outline=True,
                tagged=True,
            )
            describe(pdf, {"title": page.title(), "author": author})
            page.close()
