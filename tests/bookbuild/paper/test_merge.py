"""How pages become one document, on pages of a few lines."""

import pytest
from bs4 import BeautifulSoup

from bookbuild import BuildError
from bookbuild.paper import merge

TOC = """
format: jb-book
root: book/index
parts:
  - caption: Start
    chapters:
      - file: book/setup
      - url: https://example.org/
        title: Elsewhere
  - caption: Chapters
    chapters:
      - file: notebooks/01_first
        sections:
          - file: notebooks/more
      - file: book/rate
"""
PAGE = """<html><head>
<link rel="stylesheet" href="../_static/book.css?v=1">
{head}
</head><body><nav><h1>Sidebar</h1></nav>
<article class="bd-article"><section id="top"><h1>{title}</h1>{body}
</section></article></body></html>"""
CONFIG = {
    "title": "Ten & more",
    "author": "us",
    "sphinx": {
        "config": {
            "language": "en",
            "html_theme_options": {
                "logo": {"image_light": "book/assets/logo.svg"},
                "extra_footer": "Free.",
            },
        }
    },
}


def article(body):
    page = BeautifulSoup(f"<article>{body}</article>", "html.parser")
    return page.find("article")


@pytest.fixture
def book(tmp_path):
    """A folder of small pages; write(name, body) replaces one."""

    class Book:
        toc = tmp_path / "_toc.yml"
        folder = tmp_path / "html"

        def write(self, name, body="", head=""):
            path = self.folder / f"{name}.html"
            path.parent.mkdir(parents=True, exist_ok=True)
            title = name.split("/")[-1]
            path.write_text(PAGE.format(title=title, body=body, head=head))

        def chapters(self, screen_only=None):
            return merge.chapters_for_paper(
                self.folder, self.toc, screen_only or {}
            )

    book = Book()
    book.toc.write_text(TOC)
    for name in (
        "book/index",
        "book/setup",
        "notebooks/01_first",
        "notebooks/more",
        "book/rate",
    ):
        book.write(name)
    return book


def test_pages_come_in_the_order_of_the_contents_with_their_part(book):
    assert merge.toc_order(book.toc) == [
        ("", "book/index"),
        ("Start", "book/setup"),
        ("Chapters", "notebooks/01_first"),
        ("Chapters", "notebooks/more"),
        ("Chapters", "book/rate"),
    ]


@pytest.mark.parametrize(
    "screen",
    [
        "<button>Copy</button>",
        '<a class="headerlink" href="#top">#</a>',
        "<script>draw()</script>",
        '<img class="figure-dark" src="dark.svg">',
        '<div class="screen-only">Hover a dot.</div>',
        '<label>Title</label><input type="radio">',
    ],
)
def test_what_needs_a_screen_is_left_out(screen):
    page = article(f"<p>Before.</p>{screen}<p>After.</p>")
    merge.strip_for_paper(page)
    words = merge.text_of(page).replace("Title", "")
    assert words == "Before.After."
    assert {tag.name for tag in page.find_all(True)} <= {"p", "label"}


def test_what_is_folded_up_is_open_on_paper():
    page = article("<details><summary>More</summary>Hidden</details>")
    merge.strip_for_paper(page)
    assert page.details.has_attr("open")


def test_what_stands_in_for_a_script_is_printed():
    page = article('<noscript><img src="still.svg"></noscript>')
    merge.strip_for_paper(page)
    assert str(page) == '<article><img src="still.svg"/></article>'


def test_ids_and_all_that_refers_to_them_get_the_name_of_the_page():
    page = article(
        '<style>#T_1 td {color: red} #other {}</style><h2 id="a.b">A</h2>'
        '<table id="T_1" aria-labelledby="a.b gone"></table>'
        '<svg><path fill="url(#T_1)"/><use xlink:href="#a.b"/></svg>'
    )
    assert merge.make_ids_unique(page, "book/x") == {"a.b", "T_1"}
    assert page["id"] == "book-x"
    assert page.h2["id"] == "book-x--a.b"
    assert page.style.string == "#book-x--T_1 td {color: red} #other {}"
    assert page.table["aria-labelledby"] == "book-x--a.b gone"
    assert page.path["fill"] == "url(#book-x--T_1)"
    assert page.use["xlink:href"] == "#book-x--a.b"


def test_the_name_of_a_page_becomes_an_id_that_css_can_name():
    assert merge.slug("notebooks/01_first") == "notebooks-01_first"
    assert merge.slug("book/api/recslib.models") == "book-api-recslib-models"


def local(body, ids=None):
    page = article(body)
    ids = ids or {"book/x": {"here"}, "notebooks/y": {"there", "term-z"}}
    merge.make_links_local(page, "book/x", ids)
    return page


@pytest.mark.parametrize(
    ("href", "target"),
    [
        ("#here", "#book-x--here"),
        ("x.html#here", "#book-x--here"),
        ("../notebooks/y.html", "#notebooks-y"),
        ("../notebooks/y.html#there", "#notebooks-y--there"),
    ],
)
def test_a_link_to_a_printed_page_says_its_page(href, target):
    link = local(f'<a href="{href}" title="t">words</a>').a
    assert link["href"] == target
    assert "title" not in link.attrs
    assert link.get_text() == "words (p.\N{NO-BREAK SPACE}000)"
    assert link.find(attrs={"data-page-of": target[1:]}).string == "000"


@pytest.mark.parametrize(
    "link",
    [
        '<a href="#here"><span class="std-numref">Fig. 1.3</span></a>',
        '<a href="#here">Exercise 1.2 (The missing line)</a>',
        '<a href="#here">(1.2)</a>',
        '<a href="../notebooks/y.html#term-z">z</a>',
        '<span class="bibtex-citation">[<a href="#here">Me, 2018</a>]</span>',
        '<pre>import <a href="#here">recslib</a></pre>',
    ],
)
def test_a_link_that_says_where_to_look_gets_no_page(link):
    assert "(p." not in local(link).get_text()


def test_a_card_says_its_page_in_its_title():
    page = local(
        '<div class="sd-card"><div class="sd-card-title">Set up</div>'
        '<a class="sd-stretched-link" href="#here"><span>x</span></a></div>'
    )
    title = page.find(class_="sd-card-title").get_text()
    assert title == "Set up (p.\N{NO-BREAK SPACE}000)"
    assert page.a.get_text() == "x"


def test_a_link_to_what_is_not_printed_keeps_its_words():
    page = local('See <a href="../search.html"><b>search</b></a>.')
    assert str(page) == "<article>See <b>search</b>.</article>"


def test_a_link_to_another_host_prints_its_address_once():
    page = local(
        '<a href="https://a.org/b">there</a>, '
        '<a href="https://a.org/b/">a.org/b</a>, '
        '<p class="citation"><a href="https://doi.org/1">doi:1</a></p>'
    )
    assert merge.text_of(page) == "there (a.org/b), a.org/b, doi:1"
    assert page.a["href"] == "https://a.org/b"


def test_a_dead_link_stops_the_book():
    with pytest.raises(BuildError, match="book/x links to #gone, and book/x"):
        local('<a href="#gone">gone</a>')


def test_pictures_are_found_from_beside_the_built_pages():
    page = local(
        '<img src="../_images/a%20b.png" loading="lazy">'
        '<img src="data:image/png;base64,AA">'
    )
    sources = [image["src"] for image in page.find_all("img")]
    assert sources == ["../html/_images/a b.png", "data:image/png;base64,AA"]
    assert "loading" not in page.img.attrs


def test_two_pages_may_use_the_same_id(book):
    book.write("book/setup", '<p id="p1">one</p><a href="#p1">x</a>')
    book.write("notebooks/01_first", '<p id="p1">two</p>')
    text = merge.document(book.chapters(), CONFIG, "A4")
    page = BeautifulSoup(text, "html.parser")
    ids = [tag["id"] for tag in page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    assert page.find(href="#book-setup--p1")
    assert page.find(id="notebooks-01_first--p1").string == "two"


def test_a_page_for_the_screen_is_left_out_with_its_links(book):
    book.write("book/setup", '<a href="rate.html">rate films</a>')
    chapters = book.chapters({"book/ra*": ""})
    assert [c.name for c in chapters][-1] == "notebooks/more"
    assert merge.text_of(chapters[1].article.section) == "setuprate films"


def test_a_sentence_can_stand_for_a_page(book):
    book.write("book/rate", "<p>Click.</p>")
    page = book.chapters({"book/rate": "Open it on a screen."})[-1]
    assert page.title == "rate"
    assert merge.text_of(page.article) == "rateOpen it on a screen."


def test_a_page_for_the_screen_that_does_not_exist_is_an_error(book):
    with pytest.raises(BuildError, match=r"'book/rat', .* no such page"):
        book.chapters({"book/rat": ""})


def test_a_page_that_is_not_built_is_an_error(book):
    (book.folder / "book" / "rate.html").unlink()
    with pytest.raises(BuildError, match=r"rate\.html is missing: build"):
        book.chapters()


def test_the_contents_list_parts_chapters_and_sections(book):
    book.write("book/setup", '<section id="two"><h2>A &lt; B</h2></section>')
    listed = BeautifulSoup(merge.contents(book.chapters()), "html.parser")
    lines = [(p["class"][0], p.get_text()) for p in listed.find_all("p")]
    assert lines == [
        ("chapter", "index000"),
        ("part", "Start"),
        ("chapter", "setup000"),
        ("section", "A < B000"),
        ("part", "Chapters"),
        ("chapter", "01_first000"),
        ("chapter", "more000"),
        ("chapter", "rate000"),
    ]
    assert listed.find("a", string="A < B")["href"] == "#book-setup--two"


def test_the_document_has_a_title_page_and_each_style_sheet_once(book):
    book.write("book/index", '<div class="tagline"><p>Is it?</p></div>')
    script = '<script defer src="../_static/mathjax/m.js"></script>'
    setting = '<script>window.MathJax = {"a": 1}</script>'
    book.write("book/setup", head=setting + script + "<script>x</script>")
    text = merge.document(book.chapters(), CONFIG, "letter")
    page = BeautifulSoup(text, "html.parser")
    assert page.title.string == "Ten & more"
    first = page.find(class_="title-page")
    assert merge.text_of(first) == "Ten & moreIs it?usFree."
    assert first.img["src"] == "../html/_static/logo.svg"
    assert page.html["data-theme"] == "light"
    sheets = [link["href"] for link in page.find_all("link")]
    assert sheets == ["../html/_static/book.css"]
    scripts = [tag.get("src") or tag.string for tag in page("script")]
    assert scripts == [
        'window.MathJax = {"a": 1}',
        "../html/_static/mathjax/m.js",
    ]
    assert page.find(id="book-index").h1.string == merge.ROOT_TITLE
    assert "Is it?" not in page.find(id="book-index").get_text()
    style = page.style.string
    assert "size: letter;" in style
    assert '@page book-setup { @top-right { content: "setup"; } }' in style
