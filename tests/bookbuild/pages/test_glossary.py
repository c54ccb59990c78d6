"""Which words of a page become links to the glossary."""

import pytest
from docutils import nodes
from sphinx import addnodes

from bookbuild.pages import glossary
from bookbuild.pages.glossary import (
    Entry,
    first_sentence,
    link_first_uses,
    uses,
)

TERMS = ("factor", "matrix factorization", "bias", "history", "RMSE", "item")


def found(text, terms=TERMS):
    return [(text[use.start : use.end], use.term) for use in uses(text, terms)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a factor here", [("factor", "factor")]),
        ("many factors", [("factors", "factor")]),
        ("two biases", [("biases", "bias")]),
        ("long histories", [("histories", "history")]),
        ("the RMSEs", [("RMSEs", "RMSE")]),
        (
            "a matrix\nfactorization",
            [("matrix\nfactorization", "matrix factorization")],
        ),
    ],
)
def test_a_term_is_found_in_the_plural_and_across_a_line(text, expected):
    assert found(text) == expected


def test_the_longest_term_wins():
    text = "matrix factorization has factors"
    assert [term for _, term in found(text)] == [
        "matrix factorization",
        "factor",
    ]


@pytest.mark.parametrize(
    "text",
    ["benefactor", "factorial", "multi-factor", "factor-wise", "rmse", "Rmse"],
)
def test_a_part_of_a_word_and_another_spelling_are_no_use(text):
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "n"),
    [
        ("Factors matter.", 1),
        ("It ends. Factors matter.", 1),
        ('He said "no." Factors matter.', 1),
        ("The book Factors is old.", 0),
    ],
)
def test_a_capital_counts_only_where_a_sentence_begins(text, n):
    assert len(found(text)) == n


def test_no_terms_are_no_uses():
    assert found("a factor", ()) == []


def test_the_first_sentence_ends_at_its_full_stop():
    text = "About 6.3 % of\ncells. It is low."
    assert first_sentence(text) == "About 6.3 % of cells."
    assert first_sentence("No stop") == "No stop"


GLOSSARY = [
    Entry(("RMSE", "root mean squared error"), "The square root."),
    Entry(("factor",), "A column."),
    Entry(("item",), "A thing."),
]


def document(*sections):
    page = nodes.document(None, None)
    for number, parts in enumerate(sections):
        page += nodes.section("", *parts, ids=[f"part-{number}"])
    return page


def paragraph(*parts):
    return nodes.paragraph(
        "", "", *(nodes.Text(p) if isinstance(p, str) else p for p in parts)
    )


def by_author(term):
    return addnodes.pending_xref(
        "", nodes.inline("", term), reftype="term", reftarget=term
    )


def links(page):
    return [
        (link.astext(), link["reftarget"])
        for link in page.findall(addnodes.pending_xref)
    ]


def linked(*sections, by_hand=()):
    page = document(*sections)
    text = page.astext()
    link_first_uses(page, "page", GLOSSARY, by_hand)
    assert page.astext() == text
    return links(page)


def test_only_the_first_use_in_a_page_becomes_a_link():
    assert linked(
        [paragraph("Factors and a factor.")], [paragraph("A factor.")]
    ) == [("Factors", "factor")]


def test_two_words_for_one_thing_are_one_term():
    text = "The root mean squared error, RMSE for short."
    assert linked([paragraph(text)]) == [
        ("root mean squared error", "root mean squared error")
    ]


def test_the_authors_link_is_the_first_use():
    first, later = [paragraph(by_author("RMSE"))], [paragraph("The RMSE.")]
    assert linked(first, later) == [("RMSE", "RMSE")]


def test_a_use_before_the_authors_link_in_its_section_is_left_alone():
    section = [paragraph("The RMSE is an "), paragraph(by_author("RMSE"))]
    assert linked(section) == [("RMSE", "RMSE")]


def test_a_use_in_an_earlier_section_than_the_authors_link_is_linked():
    first, later = [paragraph("The RMSE.")], [paragraph(by_author("RMSE"))]
    assert len(linked(first, later)) == 2


def test_everyday_words_are_linked_by_hand_only():
    section = [paragraph("An item has a factor.")]
    assert linked(section, by_hand=["item"]) == [("factor", "factor")]


@pytest.mark.parametrize(
    "closed",
    [
        nodes.title("", "A factor"),
        nodes.literal_block("", "factor = 1"),
        paragraph(nodes.literal("", "factor")),
        paragraph(nodes.reference("", "factor", refuri="x")),
        paragraph(nodes.math("", "factor")),
        nodes.container("", paragraph("factor"), classes=["sd-card"]),
        addnodes.desc("", paragraph("factor")),
    ],
    ids=lambda node: node.tagname,
)
def test_headings_code_links_and_cards_stay_as_they_are(closed):
    assert linked([closed]) == []


def test_a_definition_list_of_the_glossary_becomes_entries():
    item = nodes.definition_list_item(
        "",
        nodes.term("", "MAE"),
        nodes.term("", "mean absolute error"),
        nodes.definition("", paragraph("The average. It is small.")),
    )
    page = nodes.document(None, None)
    page += addnodes.glossary("", nodes.definition_list("", item))
    assert glossary.entries_of(page) == [
        Entry(("MAE", "mean absolute error"), "The average.")
    ]
