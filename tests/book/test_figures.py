"""Each figure of the built book twice, and as large as it will be."""

from bs4 import BeautifulSoup

from bookbuild.pages import figures
from recslib import style


def test_every_figure_of_the_book_is_drawn_for_both_modes(html_folder):
    light = {
        path
        for path in (html_folder / "_images").glob("*.svg")
        if not path.stem.endswith("-dark")
    }
    assert len(light) > 30
    assert {path.suffix for path in (html_folder / "_images").iterdir()} == {
        ".svg"
    }
    for path in light:
        dark = path.with_name(f"{path.stem}-dark.svg")
        drawn, redrawn = path.read_text("utf-8"), dark.read_text("utf-8")
        assert style.BLACK in drawn
        left = set(figures.COLOUR.findall(redrawn)) & set(figures.DARK)
        assert not left, path.name


def test_every_figure_has_a_size_before_it_arrives(html_folder, page_paths):
    for path in page_paths:
        page = BeautifulSoup((html_folder / path).read_bytes(), "html.parser")
        for image in page.select("article img"):
            assert image.get("width") and image.get("height"), path


def test_a_drawing_inside_a_page_keeps_its_frame(html_folder, pages, browser):
    paths = [
        path for path, page in pages.items() if page.select("article svg")
    ]
    assert paths
    tab = browser.new_page()
    for path in paths:
        tab.goto((html_folder / path).as_uri())
        widths = tab.eval_on_selector_all(
            "article svg",
            "drawings => drawings.map(d => d.viewBox.baseVal?.width)",
        )
        assert all(widths), path
    tab.close()
