"""Repairs of built pages, on fragments written by hand."""

import pytest

from bookbuild.pages.repairs import repair


@pytest.mark.parametrize(
    ("slip", "mended"),
    [
        (
            '<script>const THEBE_JS_URL = "https://x.org/a.js"</script>\n<p>',
            "<p>",
        ),
        (
            '<script async="async" src="_static/sphinx-thebe.js?v=1">'
            "</script><p>",
            "<p>",
        ),
        (
            '<link rel="stylesheet" href="_static/sphinx-thebe.css?v=1" /><p>',
            "<p>",
        ),
        (
            '<script type="text/x-thebe-config">\n{\n  a: "<b>"\n}\n'
            "</script>\n<script>kernelName = 'python3'</script>\n<p>",
            "<p>",
        ),
        (
            '<script src="_static/vendor/fontawesome/6/js/all.min.js?d=1">'
            "</script><p>",
            "<p>",
        ),
        (
            '<link rel="preload" as="font" type="font/woff2" crossorigin '
            'href="x.woff2" />\n<link rel="preload" as="script" href="a.js">',
            '<link rel="preload" as="script" href="a.js">',
        ),
        (
            '<div class="bd-sidebar-primary bd-sidebar hide-on-wide">',
            '<div class="bd-sidebar-primary bd-sidebar hide-on-wide"'
            ' role="navigation" aria-label="Book">',
        ),
        (
            '<summary><span class="toctree-toggle" role="presentation">',
            '<summary aria-label="Show the pages below">'
            '<span class="toctree-toggle" role="presentation">',
        ),
        (
            '<button class="btn search-button-field x" title="Search"'
            ' aria-label="Search" data-y="z">',
            '<button class="btn search-button-field x" title="Search"'
            ' data-y="z">',
        ),
        (
            '<div class="search-button__search-container"> <form>'
            '<input id="search-input"></form></div>'
            '<form><input id="search-input"></form>',
            '<div class="search-button__search-container"> <form>'
            '<input id="search-input-overlay"></form></div>'
            '<form><input id="search-input"></form>',
        ),
        ('<section id="exercise-content">', "<section>"),
        ('<section id="solution-content">', "<section>"),
        (
            '<div class="citation" id="id1" role="doc-biblioentry">',
            '<div class="citation" id="id1" role="listitem">',
        ),
        (
            '<span class="sig-paren">(</span>\n\n<dl>\n'
            '<dd><em class="sig-param">a: int</em>,</dd>\n'
            '<dd><em class="sig-param">b: <a>B</a></em>,</dd>\n'
            '</dl>\n\n<span class="sig-paren">)</span>',
            '<span class="sig-paren">(</span>\n\n'
            '<span class="sig-line"><em class="sig-param">a: int</em>,'
            "</span>\n"
            '<span class="sig-line"><em class="sig-param">b: <a>B</a></em>,'
            '</span>\n<span class="sig-paren">)</span>',
        ),
        ("<tr><th></th><th>user</th></tr>", "<tr><td></td><th>user</th></tr>"),
        (
            '<span class="n">a</span><span class="o">=</span>'
            '<span class="p">(</span><span class="n"><span class="pre">int'
            "</span></span>",
            'a<span class="o">=</span>(int',
        ),
        (
            '<div class="math notranslate nohighlight" id="equation-a">',
            '<div class="math notranslate nohighlight" tabindex="0"'
            ' id="equation-a">',
        ),
        (
            '<div class="pst-scrollable-table-container"><table>',
            '<div class="pst-scrollable-table-container" tabindex="0"><table>',
        ),
    ],
)
def test_a_slip_is_mended_once_and_for_all(slip, mended):
    assert repair(slip) == mended
    assert repair(mended) == mended


def test_scripts_of_the_page_itself_stay():
    page = '<script src="doctools.js"></script><script>let a = 1;</script>'
    assert repair(page) == page
