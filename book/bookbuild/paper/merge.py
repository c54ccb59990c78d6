"""Merge the built HTML pages into one document, made for paper.

The articles follow each other in the order of the contents. What needs a
screen is left out, what is folded up is open, ids are unique, and links lead
to the place in the document, with the number of its page where their words
say none. print.py prints the document and fills those numbers in.
"""

from __future__ import annotations

import html
import json
import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup, Tag
from sphinx_external_toc.api import FileItem
from sphinx_external_toc.parsing import parse_toc_yaml

from bookbuild import BuildError

# Pages that need a screen, by the pattern of their name, such as
# "book/rate", and what is printed in their stead under their title: a
# sentence, or nothing at all, which leaves the title out too.
SCREEN_ONLY: dict[str, str] = {
    "book/contents": "",  # paper has its own, with numbers of pages
    "book/rate": "Here the book on screen has a page that works in a browser: "
    "rate ten films, and see what each model makes of you.",
}

# The landing page's own title is the book's, which is on the title page.
ROOT_TITLE = "Introduction"

# What works on a screen alone. A page can say it of any part of itself with
# the class screen-only, and show another on paper with print-only.
NOT_ON_PAPER = (
    "script, button, input, select, textarea, form:not(.quiz), iframe, "
    "canvas, a.headerlink, .viewcode-link, div.toctree-wrapper, "
    ".figure-dark, .screen-only, .noprint, .d-print-none"
)
ID_LISTS = ("for", "headers", "aria-labelledby", "aria-describedby")
TAGS = BeautifulSoup("", "html.parser")
DRAWN_LINKS = ("href", "xlink:href")
UNKNOWN_PAGE = "000"


@dataclass
class PrintedPage:
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
    head
        The head of its HTML, which names style sheets and scripts.
    """

    name: str
    part: str
    article: Tag
    head: Tag

    @property
    def title(self) -> str:
        """The page's title, with its number."""
        return text_of(self.article.find("h1"))


def text_of(tag: Tag | None) -> str:
    """Return the text in a tag, with single spaces."""
    return " ".join(tag.get_text().split()) if tag else ""


def slug(name: str) -> str:
    """Return the id of a page in the merged document."""
    return re.sub(r"[^\w-]", "-", name)


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
                if isinstance(item, FileItem):
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


def strip_for_paper(article: Tag) -> None:
    """Take out of an article what needs a screen, and open what is folded."""
    for tag in article.select(NOT_ON_PAPER):
        tag.decompose()
    for tag in article.find_all("noscript"):
        tag.unwrap()
    for tag in article.find_all("details"):
        tag["open"] = ""
    for heading in article.select("section[id] > :is(h1, h2, h3, h4)"):
        # A section may start at a page's foot, and its heading on the next.
        section = heading.parent
        before = heading.find_previous_siblings()
        is_first = not any(tag.get_text(strip=True) for tag in before)
        if is_first and "id" not in heading.attrs:
            heading["id"] = section["id"]
            del section["id"]
    for tag in article.find_all("img"):
        # Nobody scrolls to a picture that waits to be seen.
        del tag["loading"]


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


def says_where(link: Tag, anchor: str) -> bool:
    """Say whether a link's own words tell where to look on paper.

    A numbered figure, table, equation or exercise does; so do a term, which
    the glossary has in the order of the alphabet, and a citation, which the
    references have by author. In code there is no room for a number.
    """
    return bool(
        anchor.startswith("term-")
        or link.find_parent(class_="bibtex-citation")
        or link.find_parent("pre")
        or link.find(class_="std-numref")
        or re.search(r"\w \d+\.\d|^\(\d", text_of(link))
    )


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
    for picture in article.find_all(src=True):
        if not urlsplit(picture["src"]).scheme:
            picture["src"] = beside(name, picture["src"])
        picture.attrs.pop("loading", None)
    for link in article.find_all("a", href=True):
        address = urlsplit(link["href"])
        if address.scheme or address.netloc:
            add_address(link)
            continue
        page = name
        if address.path:
            page = beside(name, address.path).removesuffix(".html")
            page = page.removeprefix("../html/")
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
        if not says_where(link, anchor):
            # A card is one large link with no words of its own.
            card = link.find_parent(class_="sd-card")
            words = card and card.find(class_="sd-card-title")
            add_page(words or link, target)


def chapters_for_paper(
    folder: Path, toc: Path, screen_only: Mapping[str, str]
) -> list[PrintedPage]:
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
    chapters: list[PrintedPage] = []
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
        page = BeautifulSoup(path.read_bytes(), "html.parser")
        chapter = PrintedPage(name, part, page.find("article"), page.head)
        strip_for_paper(chapter.article)
        if instead:
            put_instead(chapter.article, instead)
        chapters.append(chapter)
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


def contents(chapters: Iterable[PrintedPage]) -> str:
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


def beside(name: str, path: str) -> str:
    """Return where, from the document, a path lies that a page names."""
    path = posixpath.join(posixpath.dirname(name), unquote(path))
    return "../html/" + posixpath.normpath(path)


def stylesheets(chapters: Iterable[PrintedPage]) -> list[str]:
    """Return a link to every style sheet of the pages, each once."""
    paths = {
        beside(chapter.name, urlsplit(link["href"]).path): None
        for chapter in chapters
        for link in chapter.head.select('link[rel~="stylesheet"]')
    }
    return [f'<link rel="stylesheet" href="{path}">' for path in paths]


def mathjax(chapters: Iterable[PrintedPage]) -> list[str]:
    """Return MathJax's settings and script, as the pages have them."""
    found: dict[str, None] = {}
    for chapter in chapters:
        for script in chapter.head.find_all("script"):
            source = script.get("src", "")
            if "mathjax/" in source:
                script["src"] = beside(chapter.name, source)
            if "mathjax/" in source or "window.MathJax" in script.text:
                found[str(script)] = None
    return list(found)


def running_heads(chapters: Iterable[PrintedPage], paper: str) -> str:
    """Return CSS that sets the paper, and each chapter's title at its head."""
    rules = [
        f"@page {{ size: {paper}; }}",
        "@page :first { @bottom-center { content: none; } }",
    ]
    for chapter in chapters:
        name = slug(chapter.name)
        # CSS writes a string as JSON does.
        title = json.dumps(chapter.title, ensure_ascii=False)
        rules.append(f"#{name} {{ page: {name}; }}")
        rules.append(f"@page {name} {{ @top-right {{ content: {title}; }} }}")
    return "\n".join(rules)


def document(
    chapters: list[PrintedPage], config: Mapping[str, object], paper: str
) -> str:
    """Return the whole book as one HTML document.

    It is to lie in a folder beside that of the built HTML, from which it
    takes pictures, style sheets and MathJax.

    Parameters
    ----------
    chapters
        What is printed, in order; the first is the landing page.
    config
        The book's settings, _config.yml.
    paper
        A size of paper that CSS knows.
    """
    landing = chapters[0].article
    tagline = landing.select_one(".tagline")
    first_page = title_page(config, text_of(tagline))
    if tagline:
        tagline.decompose()
    landing.find("h1").string = ROOT_TITLE
    newline = "\n"
    return f"""<!DOCTYPE html>
<html lang="{config["sphinx"]["config"]["language"]}" data-theme="light">
<head>
<meta charset="utf-8">
<title>{html.escape(config["title"])}</title>
{newline.join(stylesheets(chapters))}
<style>{running_heads(chapters, paper)}</style>
{newline.join(mathjax(chapters))}
</head>
<body class="whole-book">
<div class="bd-main"><div class="bd-content"><div class="bd-article-container">
{first_page}
{contents(chapters)}
{newline.join(str(chapter.article) for chapter in chapters)}
</div></div></div>
</body>
</html>
"""
