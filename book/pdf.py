"""Print the whole book: one PDF, made from the built HTML pages.

The articles of the pages are merged into one document, in the order of the
contents; Chromium prints it, and says on which page each heading came to
lie; those numbers are filled in, and it is printed again. `make pdf` calls
this; without make: `python book/pdf.py`, after `python book/build.py html`.
"""

from __future__ import annotations

import argparse
import html
import json
import posixpath
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml
from browser import FLAGS, NoBrowserError, browser_path
from bs4 import BeautifulSoup, Tag
from build import BUILD, HTML, ROOT, BuildError
from playwright.sync_api import Page, sync_playwright
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    BooleanObject,
    DictionaryObject,
    NameObject,
)
from sphinx_external_toc.parsing import parse_toc_yaml

PDF = BUILD / "pytorch-for-recommenders-101.pdf"
DOCUMENT = BUILD / "pdf" / "book.html"

# Pages that need a screen, by the pattern of their name, such as
# "book/rate", and what is printed in their stead under their title: a
# sentence, or nothing at all, which leaves the title out too.
SCREEN_ONLY: dict[str, str] = {}

# The landing page's own title is the book's, which is on the title page.
ROOT_TITLE = "Introduction"

# What works on a screen alone. A page can say it of any part of itself with
# the class screen-only, and show another on paper with print-only.
NOT_ON_PAPER = (
    "script, button, input, select, textarea, form, iframe, canvas, "
    "a.headerlink, div.toctree-wrapper, .only-dark, .screen-only, .noprint, "
    ".d-print-none"
)
ID_LISTS = ("for", "headers", "aria-labelledby", "aria-describedby")
TAGS = BeautifulSoup("", "html.parser")
DRAWN_LINKS = ("href", "xlink:href")
# Width of each paper, and of the margins that print.css sets, in millimetres.
PAPER_WIDTH = {"A4": 210.0, "letter": 215.9}
SIDE_MARGINS = 40.0
PIXELS_PER_MM = 96 / 25.4
# Page numbers move the text that moves the page numbers: two rounds do, a
# third proves it.
MOST_ROUNDS = 5
UNKNOWN_PAGE = "000"

# Answers with the maths that was left as TeX.
READY = """async () => {
    if (window.MathJax) await MathJax.startup.promise;
    await document.fonts.ready;
    await Promise.all([...document.images].map(image => image.decode()));
    return [...document.querySelectorAll(".math")]
        .filter(math => !math.querySelector("mjx-math"))
        .map(math => math.textContent);
}"""
# Tables, output and equations wider than the column are set smaller; what
# would become too small to read is named.
FIT = """smallest => {
    const column = box => {
        const style = getComputedStyle(box);
        return box.clientWidth - parseFloat(style.paddingLeft)
            - parseFloat(style.paddingRight);
    };
    const wide = "table, pre, mjx-container[display=true]";
    const tooWide = [];
    for (const box of document.querySelectorAll(wide)) {
        const full = parseFloat(getComputedStyle(box).fontSize);
        const room = () => box.tagName === "PRE"
            ? box.clientWidth : column(box.parentElement);
        let size = full;
        while (box.scrollWidth > room() + 1 && size > smallest) {
            size -= full / 40;
            box.style.setProperty("font-size", `${size}px`, "important");
        }
        if (box.scrollWidth > room() + 1) {
            tooWide.push(box.textContent.trim().slice(0, 120));
        }
    }
    return tooWide;
}"""
SMALLEST_PX = 8
FILL_IN = """pages => {
    for (const place of document.querySelectorAll("[data-page-of]")) {
        place.textContent = pages[place.dataset.pageOf];
    }
}"""


@dataclass
class Chapter:
    """One page of the HTML book, to be printed.

    Attributes
    ----------
    name
        The page's name: its path in the book, with no suffix.
    part
        The caption of the part that it opens or lies in; empty for the
        landing page.
    article
        What of the page goes to paper.
    """

    name: str
    part: str
    article: Tag

    @property
    def title(self) -> str:
        """The page's title, with its number."""
        return text_of(self.article.find("h1"))


def text_of(tag: Tag | None) -> str:
    """Return the text in a tag, with single spaces."""
    return " ".join(tag.get_text().split()) if tag else ""


def slug(name: str) -> str:
    """Return the id of a page in the merged document."""
    return name.replace("/", "-")


def toc_order(toc: Path) -> list[tuple[str, str]]:
    """Return part and name of every page, in the order of the contents.

    Parameters
    ----------
    toc
        A _toc.yml.
    """
    site = parse_toc_yaml(toc)
    order: list[tuple[str, str]] = []

    def walk(name: str, part: str) -> None:
        order.append((part, name))
        for tree in site[name].subtrees:
            for item in tree.items:
                # A link to another site is in the contents, and no page.
                if item in site:
                    walk(item, part or tree.caption or "")

    walk(site.root.docname, "")
    return order


def stand_in(name: str, screen_only: Mapping[str, str]) -> str | None:
    """Return what is printed for a page that needs a screen.

    Parameters
    ----------
    name
        The page's name.
    screen_only
        Sentences by pattern, as in `SCREEN_ONLY`.

    Returns
    -------
    str or None
        The sentence; None for a page that is printed itself.
    """
    for pattern, sentence in screen_only.items():
        if fnmatch(name, pattern):
            return sentence
    return None


def for_paper(page: str) -> Tag:
    """Return the article of a page, without what needs a screen.

    Parameters
    ----------
    page
        HTML of a built page.

    Raises
    ------
    BuildError
        Where the page has no article.
    """
    article = BeautifulSoup(page, "html.parser").find("article")
    if article is None:
        raise BuildError("A page to print needs an <article>, and has none.")
    for tag in article.select(NOT_ON_PAPER):
        tag.decompose()
    for tag in article.find_all("noscript"):
        tag.unwrap()
    for tag in article.find_all("details"):
        tag["open"] = ""
    return article


def make_ids_unique(article: Tag, name: str) -> set[str]:
    """Put the page's slug before every id, and before what refers to one.

    Links are left to `make_links_local`, which knows the other pages.

    Returns
    -------
    set of str
        The ids as they were.
    """
    own = {
        tag["id"]: f"{slug(name)}--{tag['id']}"
        for tag in article.find_all(id=True)
    }

    def renamed(match: re.Match[str]) -> str:
        return "#" + own.get(match[1], match[1])

    for tag in article.find_all(True):
        if tag.get("id") in own:
            tag["id"] = own[tag["id"]]
        for attribute in ID_LISTS:
            if attribute in tag.attrs:
                words = tag.get_attribute_list(attribute)
                words = " ".join(words).split()
                tag[attribute] = " ".join(own.get(w, w) for w in words)
        for attribute, value in tag.attrs.items():
            # Inside a drawing: url(#shade) and, on all but links, #shape.
            own_part = tag.name != "a" and attribute in DRAWN_LINKS
            if "url(#" in str(value) or own_part:
                tag[attribute] = re.sub(r"#([\w.:-]+)", renamed, value)
        if tag.name == "style" and tag.string:
            tag.string = re.sub(r"#([\w-]+)", renamed, tag.string)
    article["id"] = slug(name)
    return set(own)


def has_number(link: Tag) -> bool:
    """Say whether a link's own words tell where to look on paper.

    A numbered figure, table, equation or exercise does; so do a term, which
    the glossary has in the order of the alphabet, and a citation, which the
    references have by author.
    """
    if link.find(class_=["std-numref", "std-term"]):
        return True
    if link.find_parent(class_="bibtex-citation"):
        return True
    return bool(re.search(r"\d\.\d|^\(\d", text_of(link)))


def page_number(target: str) -> Tag:
    """Return a place that takes the number of the page of an id."""
    place = TAGS.new_tag("span", attrs={"data-page-of": target})
    place.string = UNKNOWN_PAGE
    return place


def add_page(tag: Tag, target: str) -> None:
    """Print the number of the page of an id at the end of a tag."""
    shown = TAGS.new_tag("span", attrs={"class": "page-reference"})
    shown.extend([" (p.\N{NO-BREAK SPACE}", page_number(target), ")"])
    tag.append(shown)


def add_address(link: Tag) -> None:
    """Print an address behind a link whose words do not say it."""
    bare = re.sub(r"^(https?://|mailto:)|/$", "", link["href"])
    # An entry of the references has its DOI in words.
    if link.find_parent(class_="citation") or bare in text_of(link):
        return
    shown = TAGS.new_tag("span", attrs={"class": "address"})
    shown.string = f" ({bare})"
    link.insert_after(shown)


def make_links_local(
    article: Tag, name: str, ids: Mapping[str, set[str]]
) -> None:
    """Point links and pictures of a page to where they are on paper.

    A link into a page that is printed leads to its place in the document,
    with a page number behind it unless its words hold a number. A link to
    what is not printed keeps its words and is no link. A link to another
    host stays, with its address behind it unless that is its text.

    Parameters
    ----------
    article
        The page, with unique ids.
    name
        Its name.
    ids
        The ids that each printed page had, by the name of the page.

    Raises
    ------
    BuildError
        Where a printed page has no such id.
    """
    folder = posixpath.dirname(name)

    def resolved(path: str) -> str:
        return posixpath.normpath(posixpath.join(folder, unquote(path)))

    for picture in article.find_all(src=True):
        if not urlsplit(picture["src"]).scheme:
            picture["src"] = "../html/" + resolved(picture["src"])
        picture.attrs.pop("loading", None)
    for link in article.find_all("a", href=True):
        address = urlsplit(link["href"])
        if address.scheme or address.netloc:
            add_address(link)
            continue
        page = name
        if address.path:
            page = resolved(address.path).removesuffix(".html")
        if page not in ids:
            link.unwrap()
            continue
        anchor = unquote(address.fragment)
        if anchor and anchor not in ids[page]:
            raise BuildError(
                f"{name} links to {link['href']}, and {page} has no such id."
            )
        target = slug(page) + (f"--{anchor}" if anchor else "")
        link["href"] = "#" + target
        link.attrs.pop("title", None)
        if not has_number(link):
            # A card is one large link with no words of its own.
            card = link.find_parent(class_="sd-card")
            words = card and card.find(class_="sd-card-title")
            add_page(words or link, target)


def chapters_for_paper(
    folder: Path, toc: Path, screen_only: Mapping[str, str]
) -> list[Chapter]:
    """Read the pages that go to paper, ready to stand in one document.

    Parameters
    ----------
    folder
        The built HTML.
    toc
        The _toc.yml that it was built with.
    screen_only
        What is printed in the stead of pages, as in `SCREEN_ONLY`.

    Raises
    ------
    BuildError
        Where a page is missing, a link is dead, or a pattern of
        `screen_only` fits no page.
    """
    order = toc_order(toc)
    names = [name for _, name in order]
    for pattern in screen_only:
        if not any(fnmatch(name, pattern) for name in names):
            raise BuildError(
                f"SCREEN_ONLY names {pattern!r}, and the contents have no "
                f"such page. They have: {', '.join(names)}."
            )
    chapters: list[Chapter] = []
    for part, name in order:
        instead = stand_in(name, screen_only)
        if instead == "":
            continue
        path = folder / f"{name}.html"
        if not path.is_file():
            raise BuildError(
                f"{path} is missing: build the HTML first, with `make book` "
                "or `python book/build.py html`."
            )
        article = for_paper(path.read_text(encoding="utf-8"))
        if instead:
            put_instead(article, instead)
        chapters.append(Chapter(name, part, article))
    ids = {c.name: make_ids_unique(c.article, c.name) for c in chapters}
    for chapter in chapters:
        make_links_local(chapter.article, chapter.name, ids)
    return chapters


def put_instead(article: Tag, sentence: str) -> None:
    """Leave of an article its title, and put a sentence under it."""
    title = article.find("h1").extract()
    paragraph = TAGS.new_tag("p")
    paragraph.string = sentence
    article.clear()
    article.extend([title, paragraph])


def contents(chapters: Iterable[Chapter]) -> str:
    """Return the contents in HTML: parts, chapters, sections, page numbers.

    Parameters
    ----------
    chapters
        What is printed, in order.
    """
    lines = ['<nav class="book-contents"><h1>Contents</h1>']
    part = ""
    for chapter in chapters:
        if chapter.part != part:
            part = chapter.part
            lines.append(f'<p class="part">{html.escape(part)}</p>')
        lines.append(entry(slug(chapter.name), chapter.title, "chapter"))
        for heading in chapter.article.find_all("h2"):
            target = heading.get("id") or heading.parent.get("id")
            lines.append(entry(target, text_of(heading), "section"))
    return "\n".join([*lines, "</nav>"])


def entry(target: str, title: str, level: str) -> str:
    """Return one line of the contents."""
    return (
        f'<p class="{level}"><a href="#{target}">{html.escape(title)}</a>'
        f'<span class="dots"></span>{page_number(target)}</p>'
    )


def title_page(config: Mapping[str, object], tagline: str) -> str:
    """Return the title page in HTML.

    Parameters
    ----------
    config
        The book's settings, _config.yml.
    tagline
        What stands under the title.
    """
    options = config["sphinx"]["config"]["html_theme_options"]
    logo = posixpath.basename(options["logo"]["image_light"])
    return (
        '<section class="title-page">'
        f'<img src="../html/_static/{logo}" alt="">'
        f"<p class=title>{html.escape(config['title'])}</p>"
        f"<p class=subtitle>{html.escape(tagline)}</p>"
        f"<p class=authors>{html.escape(config['author'])}</p>"
        f"<p class=licence>{html.escape(options['extra_footer'])}</p>"
        "</section>"
    )


def stylesheets(folder: Path, names: Iterable[str]) -> list[str]:
    """Return the paths, in `folder`, of every style sheet of some pages."""
    paths: dict[str, None] = {}
    for name in names:
        page = BeautifulSoup(
            (folder / f"{name}.html").read_bytes(), "html.parser"
        )
        for link in page.select('head link[rel~="stylesheet"]'):
            path = urlsplit(link["href"]).path
            paths[
                posixpath.normpath(
                    posixpath.join(posixpath.dirname(name), path)
                )
            ] = None
    return list(paths)


def mathjax_scripts(folder: Path, names: Iterable[str]) -> list[str]:
    """Return MathJax's settings and script, as a page with maths has them."""
    for name in names:
        head = BeautifulSoup(
            (folder / f"{name}.html").read_bytes(), "html.parser"
        ).head
        scripts = [
            tag
            for tag in head.find_all("script")
            if re.search("mathjax", str(tag), re.IGNORECASE)
        ]
        if len(scripts) > 1:
            for script in scripts:
                if "src" in script.attrs:
                    path = posixpath.join(
                        posixpath.dirname(name), script["src"]
                    )
                    script["src"] = "../html/" + posixpath.normpath(path)
            return [str(script) for script in scripts]
    return []


def running_heads(chapters: Iterable[Chapter], paper: str) -> str:
    """Return CSS that sets the paper, and each chapter's title at its head."""
    rules = [f"@page {{ size: {paper}; }}"]
    for chapter in chapters:
        name = slug(chapter.name)
        # CSS writes a string as JSON does.
        title = json.dumps(chapter.title, ensure_ascii=False)
        rules.append(f"#{name} {{ page: {name}; }}")
        rules.append(f"@page {name} {{ @top-right {{ content: {title}; }} }}")
    return "\n".join(rules)


def settings() -> dict[str, object]:
    """Return the book's settings, _config.yml."""
    return yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))


def document(folder: Path, chapters: list[Chapter], paper: str) -> str:
    """Return the whole book as one HTML document.

    It stands beside the folder of the built HTML, from which it takes
    pictures, style sheets and MathJax.

    Parameters
    ----------
    folder
        The built HTML.
    chapters
        What is printed, in order; the first is the landing page.
    paper
        A key of `PAPER_WIDTH`.
    """
    config = settings()
    landing = chapters[0].article
    tagline = landing.select_one(".tagline")
    first_page = title_page(config, text_of(tagline))
    if tagline:
        tagline.decompose()
    landing.find("h1").string = ROOT_TITLE
    names = [chapter.name for chapter in chapters]
    styles = "\n".join(
        f'<link rel="stylesheet" href="../html/{path}">'
        for path in stylesheets(folder, names)
    )
    mathjax = "\n".join(mathjax_scripts(folder, names))
    return f"""<!DOCTYPE html>
<html lang="{config["sphinx"]["config"]["language"]}" data-theme="light">
<head>
<meta charset="utf-8">
<title>{html.escape(config["title"])}</title>
{styles}
<style>{running_heads(chapters, paper)}</style>
{mathjax}
</head>
<body class="whole-book">
<div class="bd-main"><div class="bd-content"><div class="bd-article-container">
{first_page}
{contents(chapters)}
{"".join(str(chapter.article) for chapter in chapters)}
</div></div></div>
</body>
</html>
"""


def pages_of(pdf: PdfReader) -> dict[str, int]:
    """Return the number of the page, from 1, of every named place."""
    return {
        unquote(name).lstrip("/"): pdf.get_destination_page_number(place) + 1
        for name, place in pdf.named_destinations.items()
    }


def settle(page: Page, path: Path) -> None:
    """Print until every page number in the text is where it says.

    Parameters
    ----------
    page
        The document, open in a browser.
    path
        Where the PDF goes.

    Raises
    ------
    BuildError
        Where a place is lost, or the numbers never come to rest.
    """
    wanted = set(
        page.eval_on_selector_all(
            "[data-page-of]", "all => all.map(one => one.dataset.pageOf)"
        )
    )
    before: dict[str, int] = {}
    for _ in range(MOST_ROUNDS):
        page.pdf(
            path=path,
            prefer_css_page_size=True,
            outline=True,
            tagged=True,
            print_background=True,
        )
        now = pages_of(PdfReader(path))
        if wanted - set(now):
            raise BuildError(
                f"Printed, and not found again: {sorted(wanted - set(now))}."
            )
        if now == before:
            return
        page.evaluate(FILL_IN, now)
        before = now
    raise BuildError(
        f"The page numbers still move after {MOST_ROUNDS} rounds."
    )


def print_document(path: Path, pdf: Path, paper: str) -> None:
    """Print an HTML document to a PDF.

    Parameters
    ----------
    path
        The document.
    pdf
        Where the PDF goes.
    paper
        A key of `PAPER_WIDTH`.

    Raises
    ------
    BuildError
        Where something is too wide for the paper, or cannot be read.
    NoBrowserError
        Where there is no browser.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path(playwright.chromium.executable_path),
            args=FLAGS,
        )
        # As wide as the column, so that what is too wide for it shows.
        column = (PAPER_WIDTH[paper] - SIDE_MARGINS) * PIXELS_PER_MM
        page = browser.new_page(
            viewport={"width": int(column), "height": 900}
        )
        missing: list[str] = []
        page.on("requestfailed", lambda request: missing.append(request.url))
        page.emulate_media(media="print")
        page.goto(path.as_uri(), wait_until="load")
        untypeset = page.evaluate(READY)
        too_wide = page.evaluate(FIT, SMALLEST_PX)
        if missing or untypeset or too_wide:
            raise BuildError(
                "\n".join(
                    [f"Cannot be read: {url}" for url in missing]
                    + [f"Not typeset: {math}" for math in untypeset]
                    + [f"Too wide for the paper: {box}" for box in too_wide]
                )
            )
        settle(page, pdf)
        browser.close()


def describe(pdf: Path, config: Mapping[str, object]) -> None:
    """Write the book's title and authors into a PDF, and open its outline."""
    writer = PdfWriter(pdf, incremental=True)
    writer.add_metadata(
        {"/Title": config["title"], "/Author": config["author"]}
    )
    writer.root_object[NameObject("/PageMode")] = NameObject("/UseOutlines")
    writer.root_object[NameObject("/ViewerPreferences")] = DictionaryObject(
        {NameObject("/DisplayDocTitle"): BooleanObject(True)}
    )
    writer.write(pdf)


def build_pdf(paper: str = "A4") -> None:
    """Print the built book; the PDF appears when it is complete.

    Parameters
    ----------
    paper
        A key of `PAPER_WIDTH`.

    Raises
    ------
    BuildError
        Where the HTML is not built, or cannot be printed whole.
    NoBrowserError
        Where there is no browser.
    """
    chapters = chapters_for_paper(HTML, ROOT / "_toc.yml", SCREEN_ONLY)
    DOCUMENT.parent.mkdir(parents=True, exist_ok=True)
    DOCUMENT.write_text(document(HTML, chapters, paper), encoding="utf-8")
    unfinished = DOCUMENT.with_suffix(".pdf")
    print_document(DOCUMENT, unfinished, paper)
    describe(unfinished, settings())
    unfinished.replace(PDF)


def main() -> int:
    """Print the book; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--paper", choices=list(PAPER_WIDTH), default="A4", help="default: A4"
    )
    try:
        build_pdf(parser.parse_args().paper)
    except (BuildError, NoBrowserError) as problem:
        print(problem, file=sys.stderr)
        return 1
    print(f"The book in one PDF: {PDF}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
