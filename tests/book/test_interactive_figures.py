"""Which pages get the script of a figure that answers a reader's hand."""

import re

from bookbuild.pages.interactive_figures import FIGURES, with_scripts

FIGURE = '<figure class="a" id="fig-map"><img alt="b"/></figure>'


def test_a_script_stands_right_behind_its_figure():
    body, names = with_scripts(f"<p>1</p>{FIGURE}<p>2</p>", "../_static")
    assert body == (
        f"<p>1</p>{FIGURE}"
        '<script src="../_static/film-map.js"></script><p>2</p>'
    )
    assert names == ["film-map"]


def test_a_page_without_such_a_figure_stays_as_it_is():
    page = '<figure id="fig-other"></figure><a href="#fig-map">map</a>'
    assert with_scripts(page, "../_static") == (page, [])


def test_only_the_page_of_a_figure_asks_for_its_script(
    page_paths, html_folder
):
    for name in FIGURES.values():
        asking = {
            path.as_posix()
            for path in page_paths
            if re.search(
                rf"/{name}\.(?:js|css)",
                (html_folder / path).read_text(encoding="utf-8"),
            )
        }
        assert asking == {"notebooks/01_matrix_factorization.html"}
