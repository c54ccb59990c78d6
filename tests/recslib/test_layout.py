import gzip

import pytest

from recslib.layout import (
    as_utf8,
    find_layout,
    is_number,
    records,
    start_of_rows,
    unpacked,
    with_one_separator,
)
from recslib.ratings import RatingsError


def layout_of(data, *, separator=None, quotes=True, least=3):
    """A first line of words is a header; any line begins a table."""
    return find_layout(
        data,
        "mine",
        separator=separator,
        quotes=quotes,
        least=least,
        is_table=lambda fields, commas: True,
        is_header=lambda fields, commas: not any(map(is_number, fields)),
    )


@pytest.mark.parametrize(
    ("data", "separator", "header", "width", "n_above"),
    [
        (b"a,b,c\n1,2,3\n", ",", ("a", "b", "c"), 3, 1),
        (b"1\t2\t3\t4\n", "\t", None, 4, 0),
        (b"1::2::3\n", "::", None, 3, 0),
        (b"\n\n1;2;3\n", ";", None, 3, 2),
        (b'"a" ,"b", c \n1,2,3\n', ",", ("a", "b", "c"), 3, 1),
        (b'a,b,"c\nd"\n1,2,3\n', ",", ("a", "b", "c\nd"), 3, 2),
        (b"sep=|\na|b|c\n1|2|3\n", "|", ("a", "b", "c"), 3, 2),
        (b"# x\n# y\n1 2  3\n", " ", None, 3, 2),
        (b"a,b,c", ",", ("a", "b", "c"), 3, 1),
    ],
)
def test_a_layout_is_seen_by_the_first_lines(
    data, separator, header, width, n_above
):
    found = layout_of(data)
    assert (found.called, found.header) == (separator, header)
    assert (found.width, found.n_above) == (width, n_above)


def test_of_two_separators_that_fit_none_is_taken():
    with pytest.raises(RatingsError, match="by ',' or by ';'") as caught:
        layout_of(b"1,2;3,4;5\n1,2;3,4;5\n")
    remedy = str(caught.value).split("separator=")[1]
    assert remedy == "','."
    assert layout_of(b"1,2;3,4;5\n", separator=";").width == 3


def test_rows_are_found_by_their_lines_whatever_ends_them():
    for end in ("\n", "\r\n", "\r"):
        text = end.join(["a,b,c", '1,"x', 'y",3', "", "4,5,6"])
        data = text.encode()
        layout = layout_of(data)
        assert start_of_rows(data, layout) == len("a,b,c" + end)
        rows = [(line, row) for line, row in records(data, layout) if row]
        assert rows == [
            (2, ["1", f"x{end}y", "3"]),
            (5, ["4", "5", "6"]),
        ]


def test_two_colons_become_one_character_and_single_ones_stay():
    data = b"1::a:b::3\n"
    layout = layout_of(data)
    one = with_one_separator(data, layout, "mine")
    assert next(records(one, layout))[1] == ["1", "a:b", "3"]
    with pytest.raises(RatingsError, match="which no text has"):
        with_one_separator(b"1::\x1f::3\n", layout, "mine")


def test_quotation_marks_can_be_letters():
    data = b'1\t"x\t3\n'
    layout = layout_of(data, quotes=False)
    assert next(records(data, layout))[1] == ["1", '"x', "3"]


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("4", True),
        (" -4.5 ", True),
        (".5", True),
        ("1e5", True),
        ("2005-09-06", True),
        ("06.09.2005 12:00", True),
        ("4,5", False),
        ("", False),
        ("4 stars", False),
        ("tt0111161", False),
        ("1_000", False),
        ("\u0664", False),
    ],
)
def test_what_a_number_looks_like(text, is_one):
    assert is_number(text) is is_one


def test_a_comma_may_stand_for_the_point():
    assert is_number("4,5", decimal_comma=True)
    assert not is_number("1,000,000", decimal_comma=True)


def test_letters_of_any_encoding_become_utf_8():
    for encoding in ("latin-1", "cp1252", "utf-16", "utf-8-sig"):
        written = "é,1,2\n".encode(encoding)
        assert as_utf8(written, encoding, "mine") == "é,1,2".encode()
    assert as_utf8("1,2,é\n".encode("utf-32"), "utf-8", "mine") == (
        "1,2,é".encode()
    )


def test_a_blank_field_at_the_end_is_kept_and_lines_of_blanks_are_not():
    assert as_utf8(b"1\t2\t\n \t\n\x1a", "utf-8", "mine") == b"1\t2\t"


def test_what_is_not_packed_stays_as_it_is():
    assert unpacked(b"1,2,3\n", "mine") == b"1,2,3\n"
    assert unpacked(gzip.compress(b"1,2,3\n"), "mine") == b"1,2,3\n"
    assert unpacked(b"", "mine") == b""


@pytest.mark.parametrize("data", [b"", b"\n \n", b"\x1a", b"\xef\xbb\xbf"])
def test_nothing_is_told(data):
    with pytest.raises(RatingsError, match="mine: is empty"):
        layout_of(as_utf8(data, "utf-8", "mine"))
