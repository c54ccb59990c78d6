"""Which pages get the scripts of a figure that answers a reader's hand."""

import pytest

from bookbuild.pages.interactive_figures import FIGURES


@pytest.mark.parametrize(("figure", "scripts"), FIGURES.items())
def test_the_page_of_a_figure_asks_for_its_scripts_in_order(
    pages, figure, scripts
):
    having = [
        page for page in pages.values() if page.find("figure", id=figure)
    ]
    assert having
    for page in having:
        names = [
            tag["src"].rpartition("/")[2].partition("?")[0]
            for tag in page.find_all("script", src=True, defer=True)
        ]
        wanted = [f"{name}.js" for name in scripts]
        assert [name for name in names if name in wanted] == wanted


@pytest.mark.parametrize(("figure", "scripts"), FIGURES.items())
def test_no_other_page_asks_for_a_figures_own_script_and_style(
    pages, figure, scripts
):
    for path, page in pages.items():
        asked = [
            *(tag["src"] for tag in page.find_all("script", src=True)),
            *(tag["href"] for tag in page.find_all("link", href=True)),
        ]
        own = [name for name in asked if f"/{scripts[-1]}." in name]
        assert len(own) == 2 * bool(page.find("figure", id=figure)), path
