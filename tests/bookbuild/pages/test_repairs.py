"""Repairs of built pages, on fragments written by hand."""

import pytest
from sphinx.errors import ExtensionError

from bookbuild.pages.repairs import (
    REPAIRS,
    leave_out_minor_marks,
    leave_out_thebe_script,
    leave_search_button_its_words,
    make_corners_cells,
    make_signatures_lines,
    mend,
    mended,
)

CODE = (
    '<span class="k">return</span> <span class="n">a</span>'
    '<span class="o">&lt;</span><span class="mi">1</span>'
    '<span class="s2">"b"</span>'
)


@pytest.mark.parametrize(
    ("repair", "slip", "after"),
    [
        (
            leave_search_button_its_words,
            '<script>write(`<button class="btn search-button-field" '
            'title="Search" aria-label="Search">&amp;</button>`);</script>',
            '<script>write(`<button class="btn search-button-field" '
            'title="Search">&amp;</button>`);</script>',
        ),
        (
            make_signatures_lines,
            '<dt class="sig py"><span class="sig-paren">(</span><dl>\n'
            "<dd><em>a: int</em>,</dd>\n<dd><em>b: <a>B</a></em>,</dd>\n"
            '</dl><span class="sig-paren">)</span></dt>',
            '<dt class="sig py"><span class="sig-paren">(</span>\n'
            '<span class="sig-line"><em>a: int</em>,</span>\n'
            '<span class="sig-line"><em>b: <a>B</a></em>,</span>\n'
            '<span class="sig-paren">)</span></dt>',
        ),
        (
            make_corners_cells,
            "<tr><th></th><th>user</th></tr>",
            "<tr><td></td><th>user</th></tr>",
        ),
    ],
)
def test_a_slip_is_mended_and_a_second_look_finds_none(repair, slip, after):
    assert mended(slip, [repair]) == (after, [1])
    assert mended(after, [repair]) == (after, [0])


def test_code_keeps_the_marks_whose_colour_is_not_that_of_text():
    code, _ = mended(CODE, [leave_out_minor_marks])
    assert code == (
        '<span class="k">return</span> a<span class="o">&lt;</span>'
        '<span class="mi">1</span><span class="s2">"b"</span>'
    )


def test_a_page_of_source_keeps_keywords_and_strings_and_all_of_its_text():
    page = f'<div class="viewcode-block">{CODE}</div>'
    code, _ = mended(page, [leave_out_minor_marks])
    assert code == (
        '<div class="viewcode-block"><span class="k">return</span> a&lt;1'
        '<span class="s2">"b"</span></div>'
    )


def test_marks_within_marks_go_together_and_a_link_keeps_its_mark():
    code, counts = mended(
        '<span class="n"><span class="pre">int</span></span>'
        '<span class="n"><a href="#a">A</a></span>',
        [leave_out_minor_marks],
    )
    assert code == 'int<span class="n"><a href="#a">A</a></span>'
    assert counts == [1]


@pytest.mark.parametrize(
    "page",
    [
        "<title>a &lt; b &amp; c</title>",
        "<p>\\(a &lt; b\\) &amp;nbsp; \u00a0 é</p>",
        '<a href="?a=1&amp;b=2" title="\'a\' &lt;b&gt;">a</a>',
        '<script src="doctools.js"></script><script>\n'
        'if (a < 1 && b > 2) { write("<b>&nbsp;</b>"); }\n</script>',
        "<style>a > b { content: '<&'; }</style>",
        "<pre>\n  a\n\n   b</pre>",
        '<input checked="" id="a"/><img alt="" src="b"/>',
        '<svg xmlns:xlink="c"><path d="M 0 0"></path></svg>',
        '<math><mi mathvariant="bold">x</mi></math><!-- a -- b -->',
        '<p class="a  b\nc">a</p>',
    ],
)
def test_what_no_repair_is_about_stays_to_the_letter(page):
    assert mended(page) == (page, [0] * len(REPAIRS))


@pytest.mark.parametrize(
    ("page", "same"),
    [
        ("<p>a&nbsp;b</p>", "<p>a\u00a0b</p>"),
        ("<input disabled>", '<input disabled=""/>'),
        ('<p id="a" id="b">c</p>', '<p id="a">c</p>'),
    ],
)
def test_what_is_spelt_in_another_way_means_the_same(page, same):
    assert mended(page)[0] == same


def test_a_repair_that_matches_nowhere_is_an_error_that_names_it(tmp_path):
    page = tmp_path / "a.html"
    page.write_text("<th></th>", "utf-8")
    with pytest.raises(ExtensionError) as failure:
        mend([page], [make_corners_cells, leave_out_thebe_script])
    assert "leave_out_thebe_script" in str(failure.value)
    assert "make_corners_cells" not in str(failure.value)


def test_a_repair_has_to_match_on_one_page_not_on_each(tmp_path):
    paths = [tmp_path / "a.html", tmp_path / "b.html"]
    for path, text in zip(paths, ("<th></th>", "<p>é</p>"), strict=True):
        path.write_text(text, "utf-8")
    mend(paths, [make_corners_cells])
    assert [path.read_text("utf-8") for path in paths] == [
        "<td></td>",
        "<p>é</p>",
    ]


def test_every_repair_says_why_it_is_made():
    assert all(repair.__doc__ for repair in REPAIRS)
    assert len({repair.__name__ for repair in REPAIRS}) == len(REPAIRS)
