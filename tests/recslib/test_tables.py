import ast
import bz2
import gzip
import importlib.util
import io
import json
import lzma
import re
import sys
import warnings
import zipfile
import zlib
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recslib.ratings import RatingsError, RatingsWarning, plain_id
from recslib.tables import read_ratings, read_titles

WHOLE = "user,item,rating,timestamp\n3,5,4,10\n3,6,2,11\n1,5,5,12\n"


@pytest.mark.parametrize(
    "text",
    [
        WHOLE,
        "\ufeff" + WHOLE,
        WHOLE.replace(",", "\t"),
        WHOLE.replace(",", ";"),
        WHOLE.replace(",", "|"),
        WHOLE.replace(",", "::"),
        WHOLE.replace("\n", "\r\n"),
        WHOLE.replace("\n", "\n\n"),
        WHOLE.partition("\n")[2],
        WHOLE.partition("\n")[2].replace(",", "::"),
        WHOLE.replace(
            "user,item,rating,timestamp", "userId,movieId,Rating,ts"
        ),
        WHOLE.replace("user,item", "User ID,Book-ID"),
        WHOLE.replace("user,item", '"user","item"'),
        WHOLE.replace(
            "user,item,rating,timestamp",
            "user_id:token,item_id:token,rating:float,timestamp:float",
        ),
        "timestamp,comment,stars,film,user\n"
        "10,fine,4,5,3\n11,,2,6,3\n12,so so,5,5,1\n",
    ],
)
def test_separator_header_and_columns_are_guessed(text, tmp_path):
    path = tmp_path / "mine.txt"
    path.write_bytes(text.encode())
    for given_as in (path, str(path), text.encode()):
        ratings = read_ratings(given_as)
        assert ratings.user_ids.tolist() == [1, 3]
        assert ratings.users.tolist() == [1, 1, 0]
        assert ratings.item_ids[ratings.items.numpy()].tolist() == [5, 6, 5]
        assert ratings.ratings.tolist() == [4, 2, 5]
        assert ratings.timestamps.tolist() == [10, 11, 12]
        assert ratings.scale == (1, 5)


def test_columns_can_be_named_or_numbered():
    text = b"who,what,how much\n3,5,4\n1,5,2.5\n"
    by_name = {"user": "who", "item": "what", "rating": "how much"}
    for columns in (by_name, {"user": 0, "item": 1, "rating": 2}):
        ratings = read_ratings(text, columns=columns)
        assert ratings.user_ids.tolist() == [1, 3]
        assert ratings.timestamps is None
        assert ratings.scale == (0.5, 5)
    swapped = read_ratings(b"5,3,4\n", columns={"user": 1, "item": 0})
    assert (swapped.user_ids[0], swapped.item_ids[0]) == (3, 5)


def test_a_frame_a_scale_and_titles_can_be_given():
    frame = pd.DataFrame({"uid": ["b", "a"], "isbn": [1, 1], "score": [7, 9]})
    ratings = read_ratings(frame, scale=(0, 10), titles={1: "Emma"})
    assert ratings.scale == (0, 10)
    assert ratings.user_ids.tolist() == ["a", "b"]
    assert ratings.titles == ("Emma",)


def test_another_encoding_can_be_given():
    text = "user,item,rating\nJosé,5,4\n"
    for encoding in ("latin-1", "utf-16"):
        ratings = read_ratings(text.encode(encoding), encoding=encoding)
        assert ratings.user_ids.tolist() == ["José"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("user,item,rating\n", "holds no ratings"),
        ("user,rating\n1,4\n", r"no column for item among user, rating.*colu"),
        ("1,4\n", "no column for rating among 0, 1"),
        ("user,item,rating\n1,2,3\n1,3,good\n", "line 3 .rating good"),
        ("user,item,rating\n1,2,3\n\n1,3,\n", "have no rating: line 4"),
        ("user,item,rating\n1,2,3\n1,3,6\n", "scale 1 to 5: line 3 .rating 6"),
        ("user,item,rating\n-1,2,3\n", "negative user id: line 2 .user -1"),
        ("1,2,3\n4,5,3\n1,2,4\n", "earlier row: line 3 .item 2"),
        ("user,item,rating\n1,2\n1,2,3\n", "have no rating: line 2"),
        ("1,2,3\n1,2,3,4\n5,6,7,8\n", r"2 rows.*line 2 \(4\), line 3 \(4\)"),
        ("user,item,rating\n1,2,3,4\n", r"1 rows.*3 fields.*line 2 \(4\)"),
        ("1::2::3\n1::2::3::9\n", r"1 rows.*3 fields.*line 2 \(4\)"),
        ("1::2::3\n1:2::3\n", r"1 rows.*3 fields.*line 2 \(2\)"),
        ('user,item,rating\n1,2,"3\n', "ends inside quotation marks"),
    ],
)
def test_what_is_wrong_in_a_file_is_named_by_file_and_line(
    text, said, tmp_path
):
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with pytest.raises(RatingsError, match=said) as caught:
        read_ratings(path, scale=(1, 5))
    assert str(caught.value).startswith("mine.csv: ")


def test_a_wrong_encoding_is_named_by_its_lines():
    text = "user,item,rating\nAnn,5,4\nJosé,5,4\nZoë,1,1\n".encode("latin-1")
    with pytest.raises(RatingsError) as caught:
        read_ratings(text, source="mine.csv")
    assert "mine.csv: 2 lines are not utf-8: line 3, line 4" in str(
        caught.value
    )
    assert "encoding='latin-1'" in str(caught.value)


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(RatingsError, match="no column for item among who, 5"):
        read_ratings(
            b"who,5th,rating\nx,y,3\n",
            columns={"user": "who", "item": "what"},
        )
    with pytest.raises(RatingsError, match="columns names film; it can name"):
        read_ratings(b"1,2,3\n", columns={"film": 1})
    with pytest.raises(RatingsError, match="item and rating among no columns"):
        read_ratings(pd.DataFrame())


def test_a_separator_that_cannot_be_is_refused():
    with pytest.raises(RatingsError, match="one character or '::'"):
        read_ratings(b"1||2||3\n", separator="||")


DAMAGE = st.sampled_from(["x", "", "9", "-1", "1.5", "nan", "1e400", "é"])


@pytest.mark.filterwarnings("ignore::recslib.ratings.RatingsWarning")
@given(
    st.integers(0, 3),
    st.integers(0, 2),
    DAMAGE,
    st.sampled_from([",", "\t", "::"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_cell_is_either_a_legal_value_or_refused_by_line(
    row, column, value, separator
):
    rows = [["1", "1", "3"], ["1", "2", "4"], ["2", "1", "5"], ["3", "3", "1"]]
    rows[row][column] = value
    lines = ["user,item,rating".replace(",", separator)]
    lines += [separator.join(cells) for cells in rows]
    text = "\n".join(lines).encode()
    is_id = column < 2
    legal = {"9", "x", "é", "1e400"} if is_id else {"1.5"}
    if value in legal:
        ratings = read_ratings(text, scale=(1, 5))
        assert len(ratings) == 4
    else:
        with pytest.raises(RatingsError, match=rf"line {row + 2} "):
            read_ratings(text, scale=(1, 5))


@pytest.mark.filterwarnings("ignore::recslib.ratings.RatingsWarning")
@given(st.binary(max_size=200))
def test_any_bytes_are_ratings_or_a_ratings_error(data):
    try:
        ratings = read_ratings(data)
    except RatingsError:
        return
    assert len(ratings) > 0
    low, high = ratings.scale
    assert ((ratings.ratings >= low) & (ratings.ratings <= high)).all()


def n_calls_to_read(text):
    """Count the calls of functions, Python's and C's, that reading makes."""
    count = 0

    def counted(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        read_ratings(text)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("separator", [",", "::", "\t", " "])
def test_no_function_is_called_once_a_line(separator):
    def written(n):
        rows = ((r % 79, r // 79, 3.5, 978300760) for r in range(n))
        lines = [separator.join(map(str, row)) for row in rows]
        return "\n".join(lines).encode()

    few, many = written(4_000), written(8_000)
    read_ratings(few)  # what is imported and compiled is so once
    calls = [n_calls_to_read(text) for text in (few, many)]
    # A loop over the lines in Python needs a call for each at least.
    assert calls[1] - calls[0] < 4_000 / 2


@pytest.mark.parametrize(
    "pair", ["''", '""', "``", "\u2018\u2019", "\u201c\u201d", "\u00ab\u00bb"]
)
def test_quotation_marks_that_came_along_with_a_path_are_said(pair, tmp_path):
    path = tmp_path / "ratings.csv"
    path.write_text("1,2,3\n")
    quoted = f"{pair[0]}{path}{pair[1]}"
    for given_as in (quoted, Path(quoted)):
        with pytest.raises(RatingsError, match="quotation marks at its ends"):
            read_ratings(given_as)
    assert len(read_ratings(quoted[1:-1])) == 1  # what is between them


def test_a_file_whose_name_has_quotation_marks_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("'mine'").write_text("1,2,3\n")
    assert len(read_ratings("'mine'")) == 1


HEADER = "user,item,rating\n"


def refusal(text, **options):
    data = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(RatingsError) as caught:
        read_ratings(data, source="mine.csv", **options)
    return str(caught.value)


def read(text, **options):
    data = text if isinstance(text, bytes) else text.encode()
    return read_ratings(data, source="mine.csv", **options)


def rows_of(ratings):
    """Users, items and stars of each row, by their ids."""
    return list(
        zip(
            ratings.user_ids[ratings.users.numpy()].tolist(),
            ratings.item_ids[ratings.items.numpy()].tolist(),
            ratings.ratings.tolist(),
            strict=True,
        )
    )


# Rows of another length -----------------------------------------------------


@pytest.mark.parametrize(
    "rows",
    [
        "1,5,4,5\n2,6,3,4\n3,7,5,3\n",
        "0,5,4,5\n1,6,3,4\n",
        "9,5,4,5\n7,6,3,4\n",
        "ann,5,4,5\nbob,6,3,4\n",
        "1,10,4,5\n2,10,5,0\n3,11,3,5\n",
        "1,5,4,5,6\n2,6,3,4,5\n",
        "1,5,4\n2,6,3\n3,6,3,4\n",
    ],
)
def test_a_field_too_many_is_never_taken_for_a_row_number(rows):
    said = refusal(HEADER + rows)
    assert "rows do not have 3 fields" in said
    assert "A comma for the decimals" in said


def test_the_first_long_row_may_stand_far_below():
    rows = "".join(f"{n},{n},3\n" for n in range(500))
    assert "1 rows do not" in refusal(f"{HEADER}{rows}1,700,3,4\n")
    assert "line 502 (6)" in refusal(f"{HEADER}{rows}1,700,3,4,5,6\n")


def test_a_separator_at_the_end_of_rows_is_no_field():
    for header in ("user,item,rating", "user,item,rating,"):
        ratings = read(f"{header}\n1,10,4,\n2,10,5,\n")
        assert rows_of(ratings) == [(1, 10, 4), (2, 10, 5)]
    ratings = read("user,item,rating,\n1,10,4\n2,10,5\n")
    assert rows_of(ratings) == [(1, 10, 4), (2, 10, 5)]


@pytest.mark.parametrize("separator", [",", "\t", "::"])
def test_a_row_that_lacks_a_field_nobody_asked_for_is_named(separator):
    text = "user,item,rating,note\n1,2,3,a\n2,2,3\n3,2,3,\n"
    said = refusal(text.replace(",", separator))
    assert "1 rows do not have 4 fields" in said and "line 3 (3)" in said
    assert len(read("user,item,rating,note\n1,2,3,a\n3,2,3,\n")) == 2


def test_a_single_colon_parts_nothing_in_a_file_of_two():
    said = refusal("user::item::rating\n1::2::3\n1::5:NA:4\n")
    assert "line 3 (2)" in said
    ratings = read("1::a:b::3\n1::c:d::4\n")
    assert ratings.item_ids.tolist() == ["a:b", "c:d"]


# Which column is which ------------------------------------------------------


@pytest.mark.parametrize("n", [5, 6, 24])
def test_more_columns_than_known_and_no_header_are_refused(n):
    rows = "\n".join(
        ",".join(str(r * n + c) for c in range(n)) for r in (1, 2)
    )
    said = refusal(rows)
    assert f"has {n} columns and no header" in said
    # The remedy.
    ratings = read(rows, columns={"user": 0, "item": 1, "rating": 2})
    assert rows_of(ratings)[0] == (n, n + 1, n + 2)
    assert ratings.timestamps is None


@pytest.mark.parametrize("first", [0, 1])
def test_row_numbers_without_a_header_are_not_people(first):
    text = f"{first},11,21,4\n{first + 1},11,22,3\n{first + 2},12,21,5\n"
    assert "first column may count the rows" in refusal(text)
    by_number = {"user": 1, "item": 2, "rating": 3}
    assert rows_of(read(text, columns=by_number))[0] == (11, 21, 4)
    headed = read(f"row,user,item,rating\n{text}")
    assert rows_of(headed)[0] == (11, 21, 4)


def test_decimals_parted_by_commas_are_not_seconds():
    said = refusal("7,10,4,5\n7,11,5,0\n2,11,3,5\n")
    assert "decimals of ratings, as in 4,5" in said


@pytest.mark.parametrize(
    "text",
    [
        "user,1,2,3\n17,4,5,3\n18,2,1,5\n",
        "user,1,2,3\n17,4,,3\n18,,1,5\n",
        "userId,1,2\n17,4,5\n18,2,1\n",
        "user,1,2,3,4,5\n17,4,5,3,1,2\n",
        "userId,Heat,Alien,Casino\n17,4,5,3\n18,2,1,5\n",
    ],
)
def test_a_matrix_is_refused_and_melts_as_the_error_says(text):
    said = refusal(text)
    assert "a matrix" in said
    frame = pd.read_csv(io.StringIO(text))
    remedy = "frame.melt" + said.split("frame.melt")[1].removesuffix(".")
    ratings = read_ratings(eval(remedy, {"frame": frame}))
    n = int(frame.iloc[:, 1:].notna().to_numpy().sum())
    assert len(ratings) == n and ratings.n_users == len(frame)


@pytest.mark.parametrize("name", ["who", "u1", "person"])
def test_a_first_line_that_may_be_a_header_is_refused(name):
    text = f"{name},1,2,3\n17,4,5,3\n18,2,1,5\n"
    said = refusal(text)
    assert f"{name!r} stands over nothing but numbers" in said
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RatingsWarning)
        assert len(read(f"user,item,rating,timestamp\n{text}")) == 3


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        ("i,user,rating,item", "0,1,4,6", (1, 6, 4)),
        ("u,i,user_id,item_id,rating", "8,9,1,6,4", (1, 6, 4)),
        ("movie,movieId,userId,rating", "Heat,6,1,4", (1, 6, 4)),
        ("user,userId,item,rating", "ann,1,6,4", (1, 6, 4)),
        ("book,ISBN,uid,stars", "Emma,6,1,4", (1, 6, 4)),
        (
            "rating,title,text,asin,parent_asin,user_id",
            "4,a,b,6,7,1",
            (1, 6, 4),
        ),
    ],
)
def test_the_column_of_ids_comes_before_one_that_also_fits(
    header, row, expected
):
    ratings = read(f"{header}\n{row}\n")
    assert rows_of(ratings) == [expected]
    assert "left out: " in repr(ratings)


@pytest.mark.parametrize(
    ("header", "role", "names"),
    [
        ("user,item,score,rating", "rating", "score, rating"),
        ("user,item,rating,rating", "rating", "rating, rating"),
        ("user_id,reviewerID,item,rating", "user", "user_id, reviewerID"),
        ("user,isbn,book_id,rating", "item", "isbn, book_id"),
        ("user,item_1,item_2,rating", "item", "item_1, item_2"),
    ],
)
def test_of_two_columns_that_fit_none_is_taken(header, role, names):
    text = f"{header}\n1,2,3,4\n"
    said = refusal(text)
    assert f"2 columns could be the {role}: {names}" in said
    remedy = said.split("columns=")[1].removesuffix(".")
    assert len(read(text, columns=ast.literal_eval(remedy))) == 1


@pytest.mark.parametrize(
    ("header", "row", "left_out"),
    [
        ("player,game,hours", "1,2,4", ""),
        ("member_id,song,play_count", "1,2,4", ""),
        ("userID\tartistID\tweight", "1\t2\t4", ""),
        ("reader,user,book,rating,likes", "5,1,2,4,6", "reader, likes"),
    ],
)
def test_amounts_and_people_by_other_names_are_found_where_no_better_stand(
    header, row, left_out
):
    ratings = read(f"{header}\n{row}\n")
    assert rows_of(ratings) == [(1, 2, 4)]
    assert ratings.read_as.partition("left out: ")[2] == left_out


def test_one_column_in_two_roles_is_refused():
    said = refusal(
        "a,b,c\n1,2,3\n", columns={"user": "a", "item": "a", "rating": "c"}
    )
    assert "gives a for user and for item" in said
    assert "no column for user" in refusal("1,2,3\n", columns={"rating": 0})


@pytest.mark.parametrize("wanted", [True, -1, 3, 1.0, "4", ("a",)])
def test_what_is_no_column_is_refused(wanted):
    assert "no column for rating" in refusal(
        "1,2,3\n4,5,6\n", columns={"rating": wanted}
    )
    said = refusal("1,2,3\n", columns=["user"])
    assert "columns is a list; give a mapping" in said


def test_what_was_taken_for_what_can_be_seen():
    text = "uid,isbn,stars,genre,ts\n1,2,3,x,1000000000\n"
    ratings = read(text)
    assert ratings.read_as == (
        "mine.csv: user = uid, item = isbn, rating = stars, timestamp = ts; "
        "left out: genre"
    )
    assert repr(ratings).endswith("\n" + ratings.read_as)
    plain = read(HEADER + "1,2,3\n")
    assert "\n" not in repr(plain)
    assert plain.read_as.endswith("rating = rating, no timestamps")
    assert "user = column 0" in read("1,2,3\n").read_as


@pytest.mark.parametrize(
    "name", ["date", "review_date", "created_at", "rated on", "TimeOfDay"]
)
def test_a_column_of_dates_that_is_left_out_is_told(name):
    text = f"user,item,rating,{name}\n1,2,3,2005-09-06\n"
    with pytest.warns(RatingsWarning, match="is left out") as caught:
        assert read(text).timestamps is None
    remedy = str(caught[0].message).split("columns=")[1].removesuffix(".")
    ratings = read(text, columns=ast.literal_eval(remedy))
    # 13,032 days after 1970-01-01.
    assert ratings.timestamps.tolist() == [13_032 * 86_400]


# Quotation marks ------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "n"),
    [
        (
            'user\titem\trating\ttitle\n1\t5\t4\t"Great\n2\t5\t3\tok\n'
            '3\t5\t2\tnice"\n4\t5\t1\tend\n',
            4,
        ),
        ('user,item,rating,title\n1,5,4,"Great\n2,5,3,ok\n3,5,2,nice"\n', 3),
        ('user\titem\trating\n1\t"Great\t4\n2\tb"\t5\n3\tx\t2\n', 3),
        ('user\titem\trating\ttitle\n1\t5\t4\t"Great\n2\t5\t3\tok\n', 2),
    ],
)
def test_a_stray_quotation_mark_swallows_no_row(text, n):
    said = refusal(text)
    assert "quotes=False" in said
    assert len(read(text, quotes=False)) == n


def test_a_field_of_several_lines_is_read_and_lines_count_on():
    text = (
        'user,item,rating,review\n1,5,4,"line one\nline, two\n\nline three"\n'
        "2,5,3,ok\n"
    )
    assert rows_of(read(text)) == [(1, 5, 4), (2, 5, 3)]
    assert "line 6 (rating bad)" in refusal(text.replace("5,3", "5,bad"))
    said = refusal(text + "2,5\n3,5,3,ok,extra\n")
    assert "2 rows" in said and "line 7 (2), line 8 (5)" in said


def test_a_backslash_before_quotation_marks_is_named_and_the_remedy_works(
    tmp_path,
):
    path = tmp_path / "mine.csv"
    path.write_text(
        'user;item;rating;title\n"1";"2";"5";"a \\"b; c\\" c"\n"2";"3";"4";x\n'
    )
    with pytest.raises(RatingsError, match="backslash") as caught:
        read_ratings(path)
    remedy = "read_ratings" + str(caught.value).split("read_ratings")[1]
    names = {"read_ratings": read_ratings, "pd": pd, "path": path}
    assert len(eval(remedy.removesuffix("."), names)) == 2
    assert "backslash" in refusal('"1";"a \\"b\\" c";"5"\n"2";"x";"4"\n')


# Ids as written -------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "ids"),
    [
        (("001", "002"), ["001", "002"]),
        (("00123", "123", "0123"), ["00123", "0123", "123"]),
        (("7", "007"), ["007", "7"]),
        (("0345451040", "155061224"), ["0345451040", "155061224"]),
        (("1e5", "100000"), ["100000", "1e5"]),
        (("3e5", "a0f"), ["3e5", "a0f"]),
        (("+5", "5"), ["+5", "5"]),
        (("1_000", "1000"), ["1000", "1_000"]),
        (("True", "1"), ["1", "True"]),
        (("0x10", "16"), ["0x10", "16"]),
        (("9223372036854775808", "1"), ["1", "9223372036854775808"]),
        (
            ("123456789012345678", "123456789012345679"),
            [123456789012345678, 123456789012345679],
        ),
        (("0", "1"), [0, 1]),
        ((" 3", "4 "), [3, 4]),
        (("1.0", "2.0"), [1, 2]),
    ],
)
@pytest.mark.parametrize("separator", [",", "::", "\t"])
def test_ids_of_a_file_are_kept_as_written(written, ids, separator):
    rows = "".join(f"{id_},{n},3\n" for n, id_ in enumerate(written))
    assert (
        read((HEADER + rows).replace(",", separator)).user_ids.tolist() == ids
    )
    rows = "".join(f"{n},{id_},3\n" for n, id_ in enumerate(written))
    assert (
        read((HEADER + rows).replace(",", separator)).item_ids.tolist() == ids
    )


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (("1", "NaN"), "have no user, which is a number elsewhere: line 3"),
        (("NA", "1"), "have no user, which is a number elsewhere: line 2"),
        (("1", "1.5"), "no whole number: line 3 .user 1.5"),
        (("1.10", "1.1"), "no whole number: line 2"),
        (("1.0", "1"), "such as 7.0, and others 7, .*: line 2"),
        (("1.23E+18", "5"), "with an exponent, .*: line 2"),
    ],
)
def test_ids_of_two_readings_are_refused_and_the_remedy_keeps_them(
    written, said, tmp_path
):
    path = tmp_path / "mine.csv"
    rows = "".join(f"{id_},{n},3\n" for n, id_ in enumerate(written))
    path.write_text(HEADER + rows)
    with pytest.raises(RatingsError, match=said) as caught:
        read_ratings(path)
    remedy = "read_ratings" + str(caught.value).split("read_ratings")[1]
    names = {"read_ratings": read_ratings, "pd": pd, "path": path}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RatingsWarning)
        ratings = eval(remedy.removesuffix("."), names)
    assert set(ratings.user_ids.tolist()) == set(written)


ODD_IDS = {
    "thousands": (("1.000", "2.000"), "may stand for thousands"),
    "tab": (("a\tb", "c"), "which may part two fields"),
    "totals": (("1", "2", "Total", "3"), "like the totals of a table"),
    "rounded": (("1.23E+18", "5"), "with an exponent"),
    "nothing": (("NA", "5", "6"), "have no user"),
}
FORMS = {
    "commas": (",", HEADER, {}),
    "semicolons": (";", HEADER, {}),
    "tabs": ("\t", HEADER, {}),
    "colons": ("::", HEADER, {}),
    "blanks": (" ", HEADER, {}),
    "no header": (",", "", {}),
    "remark": (",", "# made by hand\n" + HEADER, {}),
    "sep=": (";", "sep=;\n" + HEADER, {}),
    "names": (
        ",",
        "who,what,stars\n",
        {"columns": {"user": "who", "item": "what", "rating": "stars"}},
    ),
    "numbers": (",", "", {"columns": {"user": 0, "item": 1, "rating": 2}}),
    "quotes": (",", HEADER, {"quotes": False}),
}


@pytest.mark.filterwarnings("ignore::recslib.ratings.RatingsWarning")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("odd", ODD_IDS)
def test_ids_that_are_refused_are_kept_or_left_out_as_the_error_says(
    odd, form, tmp_path
):
    (ids, said), (separator, above, how) = ODD_IDS[odd], FORMS[form]
    if odd == "tab" and separator in ("\t", " "):
        pytest.skip("there, a tab parts two fields")
    path = tmp_path / "mine.csv"
    lines = [separator.join((id_, "x", "3")) for id_ in ids]
    above = above.replace(",", separator)
    path.write_text(above + "\n".join(lines) + "\n")
    with pytest.raises(RatingsError, match=said) as caught:
        read_ratings(path, **how)
    *_, keep = calls_of(caught.value)
    names = {"read_ratings": read_ratings, "pd": pd, "path": path}
    kept = eval(keep, names)
    assert [id_ for id_, _, _ in rows_of(kept)] == list(ids)
    # Those rows are named; without them the others are read.
    named, _, _ = str(caught.value).partition("Correct them")
    bad = set(map(int, re.findall(r"line ([0-9]+) \(user", named)))
    numbered = enumerate(path.read_text().splitlines(), 1)
    left = [line for number, line in numbered if number not in bad]
    if len(bad) < len(lines):
        path.write_text("\n".join(left) + "\n")
        assert len(read_ratings(path, **how)) == len(lines) - len(bad)


@pytest.mark.parametrize("above", ["user;item;rating\n", ""])
def test_points_for_thousands_and_commas_for_decimals_are_kept_as_told(
    above, tmp_path
):
    path = tmp_path / "mine.csv"
    path.write_text(above + "1.000;7;4,5\n2.000;7;3,0\n")
    with pytest.raises(RatingsError, match="stand for thousands") as caught:
        read_ratings(path)
    (keep,) = calls_of(caught.value)
    names = {"read_ratings": read_ratings, "pd": pd, "path": path}
    rows = [("1.000", "7", 4.5), ("2.000", "7", 3.0)]
    assert rows_of(eval(keep, names)) == rows


@pytest.mark.parametrize(
    ("above", "said"),
    [
        ("made,by,hand", "leave out what stands above the table"),
        ("rating,by,hand", "above the line that names the columns, leave it"),
    ],
)
def test_what_stands_above_the_names_is_left_out_as_the_error_says(
    above, said
):
    text = f"{above}\n{HEADER}1,2,3\n2,2,5\n"
    assert said in refusal(text)
    _, _, left = text.partition("\n")
    assert rows_of(read(left)) == EXPECTED


@pytest.mark.parametrize("word", ["NA", "nan", "null", "None"])
def test_a_word_for_nothing_among_text_ids_is_an_id_with_a_word(word):
    with pytest.warns(RatingsWarning, match=f"'{word}' is taken for the id"):
        ratings = read(f"{HEADER}U1,{word},4\nU2,US,5\n")
    assert set(ratings.item_ids.tolist()) == {word, "US"}


def test_rows_of_words_for_nothing_do_not_vanish():
    assert "line 2 (user NA), line 4 (user null)" in refusal(
        HEADER + "NA,NA,NA\n1,2,3\nnull,,\n"
    )
    assert "line 2 (rating NA)" in refusal(HEADER + "1,2,NA\n1,3,4\n")


def test_blanks_around_text_ids_make_no_second_person():
    text = "user, item, rating\nann, heat, 4\nbob, heat, 5\nann , fargo, 3\n"
    with pytest.warns(RatingsWarning, match="cut the blanks"):
        ratings = read(text)
    assert ratings.user_ids.tolist() == ["ann", "bob"]
    assert ratings.item_ids.tolist() == ["fargo", "heat"]


@pytest.mark.parametrize("blank", ["\xa0", "\u200b", "\xad"])
def test_odd_blanks_around_numbers_make_no_second_person(blank):
    with pytest.warns(RatingsWarning, match="cut the blanks .* 1 user ids"):
        ratings = read(f"{HEADER}7{blank},1,4\n7,2,4\n")
    assert ratings.user_ids.tolist() == [7]


def test_a_title_is_found_by_an_isbn_with_a_zero_in_front():
    text = "user,isbn,rating\n1,0345451040,4\n2,0155061224,5\n"
    ratings = read(text, titles={"0345451040": "Emma"})
    assert ratings.titles == ("item 0155061224", "Emma")


# Numbers of columns, decimal commas ------------------------------------------


def test_a_first_row_with_a_decimal_comma_is_no_header():
    with pytest.warns(RatingsWarning, match="4,5 is 4.5"):
        ratings = read(
            "ann;heat;4,5\nbob;heat;5\ncy;heat;3\n",
            columns={"user": 0, "item": 1, "rating": 2},
        )
    assert ratings.ratings.tolist() == [4.5, 5, 3]


def test_a_first_row_that_may_be_a_header_is_refused():
    by_number = {"user": 0, "item": 1, "rating": 2}
    said = refusal("ann;heat;five\nbob;heat;5\n", columns=by_number)
    assert "'heat' stands" in said or "may be a header or a row" in said
    assert "line 1 (rating NA)" in refusal(
        "ann;heat;NA\nbob;heat;5\n", columns=by_number
    )


def test_a_comma_for_thousands_or_decimals_is_refused():
    said = refusal("user;item;rating\n1;2;1,500\n2;2;3,000\n")
    assert "may stand for thousands or for decimals: line 2" in said


# Formats --------------------------------------------------------------------

PLAIN = HEADER.encode() + b"1,2,3\n2,2,5\n"
EXPECTED = [(1, 2, 3), (2, 2, 5)]


def zipped(**files):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, data in files.items():
            archive.writestr(name.replace("_dot_", "."), data)
    return held.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(PLAIN, mtime=0),
        bz2.compress(PLAIN),
        lzma.compress(PLAIN),
        gzip.compress(gzip.compress(PLAIN, mtime=0), mtime=0),
        zipped(ratings_dot_csv=PLAIN),
        zipped(ratings_dot_csv=gzip.compress(PLAIN, mtime=0)),
        zipped(ratings_dot_csv=PLAIN, __MACOSX=b"x"),
        PLAIN.decode().encode("utf-8-sig"),
        PLAIN.decode().encode("utf-16"),
        PLAIN.decode().encode("utf-16-le"),
        PLAIN.decode().encode("utf-16-be"),
        PLAIN.decode().encode("utf-32"),
        b"sep=;\n" + PLAIN.replace(b",", b";"),
        b'"sep=,"\r\n' + PLAIN,
        b"SEP=\t\n" + PLAIN.replace(b",", b"\t"),
        b"\n\n" + PLAIN,
        PLAIN + b"\n  \n",
        PLAIN + b"\x1a",
        PLAIN + b"\r\n\x1a\n",
        PLAIN.replace(b"\n", b"\n   \n,,\n"),
        PLAIN.replace(b",", b" "),
        PLAIN.replace(b",", b"   "),
        PLAIN.replace(b",", b" \t "),
        b" 1  2  3\n 2  2  5\n",
        b"1, 2, 3\n2, 2, 5\n",
        b'{"user":1,"item":2,"rating":3}\n\n{"user":2,"item":2,"rating":5}\n',
        b'[{"user":1,"item":2,"rating":3},\n{"rating":"5","user":2,"item":2}]',
    ],
    ids=range(27),
)
def test_formats_that_people_have_are_read(data):
    assert rows_of(read(data)) == EXPECTED
    assert rows_of(read_ratings(io.BytesIO(data))) == EXPECTED


@pytest.mark.parametrize("sign", ["#", "%", "# "])
def test_remarks_above_a_table_are_left_out_and_told(sign):
    for table in (PLAIN, PLAIN.partition(b"\n")[2]):
        ratings = read(f"{sign}made by\n{sign} 1, 2 or so\n".encode() + table)
        assert rows_of(ratings) == EXPECTED
        assert "left out 2 lines that start with" in repr(ratings)


def test_a_remark_that_names_the_columns_is_the_header():
    ratings = read("# made by\n# item,user,rating\n2,1,3\n2,2,5\n")
    assert rows_of(ratings) == EXPECTED
    said = refusal("#1,2,3\n1,2,3\n")
    assert "line 1 starts with '#' and has 3 fields" in said
    assert rows_of(read("#a,1,3\n#b,1,5\n")) == [("#a", 1, 3), ("#b", 1, 5)]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PAR1\x15\x04", "is Parquet.*read_parquet.*pip install pyarrow"),
        (b"\x89HDF\r\n\x1a\n", "is HDF5.*read_hdf"),
        (b"SQLite format 3\0", "an SQLite database.*read_sql"),
        (b"\x80\x04\x95", "a pickle of Python.*read_pickle"),
        (b"\x93NUMPY\x01", "a NumPy array.*np.load"),
        (b"\xd0\xcf\x11\xe0\xa1", "an old Excel.*save the table as CSV"),
        (b"%PDF-1.7", "is a PDF"),
        (b"7z\xbc\xaf'\x1c", "7-Zip"),
        (b"%%MatrixMarket matrix\n", "Matrix Market"),
        (b" <!DOCTYPE html><p>", "a web page"),
        (b"<?xml version='1.0'?>", "a web page or XML"),
        (gzip.compress(PLAIN, mtime=0)[:-9], "packed with gzip, and damaged"),
        (bz2.compress(PLAIN)[:-9], "packed with bzip2, and damaged"),
        (lzma.compress(PLAIN)[:-9], "packed with xz, and damaged"),
        (zipped(a=PLAIN)[:-9], "packed with zip, and damaged"),
        (zipped(), "a zip of 0 files"),
        (b"a" * 257 + b"ustar" + b"\0" * 250, "a tar archive"),
        (b"user,item\0,rating\n", "line 1 holds a zero byte"),
        (b'{"user": 1,\n', "begins like JSON.*line 1"),
        (b'{"user": {"0": 1}, "item": {"0": 2}}', "whole columns.*read_json"),
        (b'[{"user": 1}, 3]', "not an object a rating"),
        (b'{"user":[1],"item":2,"rating":3}\n', "neither a number nor text"),
        (b"made by hand\n\nuser,item,rating\n1,2,3\n", "stands above the tab"),
        (b"1:\n1488844,3,2005-09-06\n", "has blocks, a line such as 1:"),
        (b"1:5:4\n2:5:3\n", "separator=':'"),
    ],
)
def test_a_foreign_format_is_named_with_what_to_do(data, said):
    with pytest.raises(RatingsError, match=f"(?s)^mine.csv: .*{said}"):
        read(data)


def test_what_errors_say_of_formats_works(tmp_path):
    path = tmp_path / "mine"
    names = {
        "pd": pd,
        "np": np,
        "torch": torch,
        "ast": ast,
        "Path": Path,
        "zipfile": zipfile,
        "read_ratings": read_ratings,
        "path": path,
    }

    def followed(data, which=0):
        path.write_bytes(data)
        with pytest.raises(RatingsError) as caught:
            read_ratings(path)
        return rows_of(eval(calls_of(caught.value)[which], names))

    frame = pd.read_csv(io.BytesIO(PLAIN))
    assert followed(frame.to_json().encode()) == EXPECTED
    lines = [str(row) for row in frame.to_dict("records")]
    assert followed("\n".join(lines).encode()) == EXPECTED
    two = zipped(ratings_dot_csv=PLAIN, movies_dot_csv=b"x")
    assert followed(two) == EXPECTED
    assert rows_of(read(b"1:2:3\n2:2:5\n", separator=":")) == EXPECTED
    table = frame.to_numpy()
    columns = dict(zip(frame.columns, table.T, strict=True))
    assert followed(saved(np.save, table)) == EXPECTED
    assert followed(saved(np.savez, ratings=table)) == EXPECTED
    assert followed(saved(np.savez, **columns)) == EXPECTED
    tensors = {name: torch.tensor(part) for name, part in columns.items()}
    assert followed(saved(to_torch, torch.tensor(table))) == EXPECTED
    assert followed(saved(to_torch, tensors), which=1) == EXPECTED


def saved(save, *args, **kwargs):
    held = io.BytesIO()
    save(held, *args, **kwargs)
    return held.getvalue()


def to_torch(file, tensors):
    torch.save(tensors, file)


def test_a_sparse_matrix_of_scipy_is_read_as_the_error_says(tmp_path):
    path = tmp_path / "mine.npz"
    with path.open("wb") as file:
        # As scipy.sparse.save_npz writes [[0, 3], [0, 5]].
        np.savez(
            file,
            data=np.array([3.0, 5.0]),
            indices=np.array([1, 1], dtype=np.int32),
            indptr=np.array([0, 1, 2], dtype=np.int32),
            format=np.array(b"csr"),
            shape=np.array([2, 2]),
        )
    with pytest.raises(RatingsError, match="a sparse matrix of Sci") as caught:
        read_ratings(path)
    assert "pip install scipy" in str(caught.value)
    if importlib.util.find_spec("scipy"):
        import scipy.sparse

        (call,) = calls_of(caught.value)
        step = re.search("matrix = (.*?);", str(caught.value))[1]
        names = {"scipy": scipy, "pd": pd, "path": path}
        names |= {"read_ratings": read_ratings, "matrix": eval(step, names)}
        assert rows_of(eval(call, names)) == [(0, 1, 3), (1, 1, 5)]


def test_json_keeps_ids_and_names_the_line():
    rows = [{"user": "007", "item": 2**70, "rating": 4.5, "more": None}]
    rows += [{"user": "7", "item": "b", "rating": "good"}]
    text = "\n".join(map(json.dumps, rows))
    assert "line 2 (rating good)" in refusal(text)
    ratings = read(text.replace("good", "5"))
    assert rows_of(ratings) == [("007", str(2**70), 4.5), ("7", "b", 5)]


def test_damaged_bytes_in_a_header_are_noticed():
    assert "1 lines are not utf-8: line 1" in refusal(
        b"user,\xffISBN,stars\n1,2,3\n"
    )
    utf_16 = PLAIN.decode().encode("utf-16")
    assert "1 lines are not utf-16: line 3" in refusal(utf_16[:-3])


# Separators -----------------------------------------------------------------


@pytest.mark.parametrize("separator", [";", ",", "|", "\t", "::"])
@pytest.mark.parametrize("inside", [", ", ";", "|", " "])
def test_separators_inside_quotation_marks_are_not_counted(separator, inside):
    if inside.strip() == separator:
        inside = f"{separator}{separator}"
    if separator == "::":
        inside = " "
    title = f'"The Good{inside}the Bad{inside}the Ugly{inside}The (1966)"'
    rows = ("1", title, "4"), ("2", '"Heat"', "5")
    text = "\n".join(map(separator.join, rows))
    ratings = read(text)
    assert ratings.item_ids.tolist() == ["Heat", title.strip('"')]


@pytest.mark.parametrize(
    "text",
    [
        "user\titem\trating\n12\tx\t4.5\n\tnn\t1.5\t5\n",
        "a,b\t12\t\t3\n",
        "user\titem\trating\ttitle\na\tb\t1\tc\nd\te\t\t5\tf\n",
        "1, 2, 3\n2, 2, 5, 7\n",
    ],
)
def test_blanks_part_nothing_where_something_else_parts_the_first_line(text):
    said = refusal(text)
    assert "rows do not have" in said or "have no rating" in said


@pytest.mark.parametrize(
    "separator", ["\n", "", "||", "a", "5", '"', ".", 3, "\r"]
)
def test_what_can_part_no_fields_is_refused(separator):
    assert "one character or '::'" in refusal("1,2,3\n", separator=separator)


# Whatever else is given -----------------------------------------------------


def test_an_open_file_is_read(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_bytes(PLAIN)
    with path.open("rb") as as_bytes, path.open() as as_text:
        assert rows_of(read_ratings(as_bytes)) == EXPECTED
        assert rows_of(read_ratings(as_text)) == EXPECTED
    assert rows_of(read_ratings(io.StringIO(PLAIN.decode()))) == EXPECTED


def test_home_is_found_and_a_file_that_is_not_there_is_told(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.csv").write_bytes(PLAIN)
    assert rows_of(read_ratings("~/mine.csv")) == EXPECTED
    with pytest.raises(FileNotFoundError, match=str(tmp_path)):
        read_ratings("~/other.csv")
    with pytest.raises(RatingsError, match=r"is a folder.*mine\.csv"):
        read_ratings("~")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("https://example.org/ratings.csv", "Download it first"),
        ("s3://bucket/ratings.csv", "is an address"),
        (None, "a NoneType came"),
        ([1, 2, 3], "a list came"),
        ("a\0b", "is no path"),
    ],
)
def test_what_is_no_table_is_told(given, said):
    with pytest.raises(RatingsError, match=said):
        read_ratings(given)


@pytest.mark.parametrize("encoding", ["utf8mb4", "", "hex", None])
def test_an_unknown_encoding_is_told(encoding):
    assert "encoding is" in refusal(PLAIN, encoding=encoding)


@pytest.mark.parametrize(
    ("text", "scale"),
    [
        ("1,2,1\n1,3,10\n2,2,7\n", (1, 10)),
        ("1,2,0.5\n1,3,5\n2,2,3.5\n", (0.5, 5)),
        ("1,2,0\n1,3,1\n2,2,1\n", (0, 1)),
        ("1,2,-10\n1,3,9.75\n2,2,0\n", (-10, 9.75)),
        ("ann,Skyrim,2000.5\nbob,Skyrim,0.25\n", (0.25, 2000.5)),
        ("1,0345451040,2\n1,x,3\n1,y,4\n1,z,5\n", (1, 5)),
    ],
)
def test_scales_of_every_kind_are_read_without_a_word(text, scale):
    for separator in (",", " ", "\t", "::"):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            ratings = read(text.replace(",", separator))
        assert ratings.scale == scale


# Titles ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("movieId,title,genres\n7,Heat (1995),A|B\n", {7: "Heat (1995)"}),
        ('id,movie_id,title\n1,7,"Usual, The"\n', {7: "Usual, The"}),
        ("movieId,movie\n7,Heat\n", {7: "Heat"}),
        (
            "title,isbn\nEmma,0345\n1984,0346\n",
            {"0345": "Emma", "0346": "1984"},
        ),
        ("7::Heat (1995)::A|B\n8::Up::C\n", {7: "Heat (1995)", 8: "Up"}),
        ("7|Heat|01-Jan-1995||x|0\n", {7: "Heat"}),
        ("item_id,name\n7, Heat \n8,\n7,Heat\n", {7: "Heat"}),
        ('{"asin": "B7", "title": "Heat", "price": 3}', {"B7": "Heat"}),
    ],
)
def test_titles_are_read_from_a_file(text, titles):
    assert read_titles(text.encode()) == titles


def test_titles_of_a_file_are_found_by_the_ratings_of_another():
    titles = read_titles(b"movieId,title\n2,Heat\n3,Alien\n")
    assert read(PLAIN, titles=titles).titles == ("Heat",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "item,title\n7,Heat\n7,Alien\n",
            "another title.*line 3 .title Alien",
        ),
        ("item,title\n", "holds no titles"),
        ("item,genre\n7,x\n", "no column for title among item, genre"),
        ("item,title,name,title\n7,a,b,c\n", "2 columns could be the title"),
    ],
)
def test_titles_of_two_readings_are_refused(text, said):
    with pytest.raises(RatingsError, match=said):
        read_titles(text.encode())


# Exports of other programs ---------------------------------------------------

ONE = 1_000_000_000


def followed(error, path, frame=None):
    """Run the remedy of an error, from its first call to read_ratings on."""
    names = {
        **{"pd": pd, "json": json, "Path": Path, "path": path},
        **{"read_ratings": read_ratings, "zipfile": zipfile, "frame": frame},
    }
    remedy = "read_ratings" + str(error).split("read_ratings")[-1]
    return rows_of(eval(remedy.removesuffix("."), names))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            'user item rating\n"1" 1 2 3\n"2" 2 2 5\n',
            "name of the row, as R writes it",
        ),
        (
            '"user","item","rating"\n"1",1,2,3\n"2",2,2,5\n',
            "name of the row, as R writes it",
        ),
        ('"user,item,rating"\n"1,2,3"\n"2,2,5"\n', "around whole lines"),
        (
            '{"ratings":[{"user":1,"item":2,"rating":3},'
            '{"user":2,"item":2,"rating":5}]}',
            "whose 'ratings' may be",
        ),
        (
            '{"columns":["user","item","rating"],"index":[0,1],'
            '"data":[[1,2,3],[2,2,5]]}',
            "as pandas writes it",
        ),
        (pd.read_csv(io.BytesIO(PLAIN)).to_json(orient="table"), "as pandas"),
    ],
)
def test_what_errors_say_of_exports_works(text, said, tmp_path):
    path = tmp_path / "mine"
    path.write_text(text)
    with pytest.raises(RatingsError, match=said) as caught:
        read_ratings(path)
    assert followed(caught.value, path) == EXPECTED


def test_blocks_of_an_item_become_rows_as_the_error_says(tmp_path):
    path = tmp_path / "combined.txt"
    path.write_text("1:\n7,3,2005-09-06\n8,5,2005-05-13\n2:\n7,4,2005-10-19\n")
    with pytest.raises(RatingsError, match="has blocks") as caught:
        read_ratings(path)
    *steps, last = str(caught.value).split("of it: ")[1][:-1].split("; ")
    names = {"pd": pd, "path": path, "read_ratings": read_ratings}
    exec("\n".join(steps), names)
    ratings = eval(last, names)
    assert rows_of(ratings) == [(7, 1, 3), (8, 1, 5), (7, 2, 4)]
    # 13,032 and 12,916 and 13,075 days after 1970-01-01.
    assert (ratings.timestamps // 86_400).tolist() == [13_032, 12_916, 13_075]


def test_lists_of_json_are_read_through_a_frame_as_the_error_says(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text("[[1, 2, 3], [2, 2, 5]]")
    with pytest.raises(RatingsError, match="a list a rating") as caught:
        read_ratings(path)
    call = str(caught.value).split("Give ")[1].split(", with")[0]
    frame = eval(call, {"pd": pd, "json": json, "Path": Path, "path": path})
    assert rows_of(read_ratings(frame)) == EXPECTED


def test_json_objects_may_go_over_lines_and_end_in_commas():
    text = '{"user":1,\n"item":2,"rating":3},\n\n{"user":2,"item":2,"rating":'
    assert rows_of(read(text + "5},\n")) == EXPECTED
    assert "line 4 (rating good)" in refusal(text + '"good"}\n')
    said = refusal('{"user":1,"item":2,"item":9,"rating":3}\n')
    assert "two values for 'item'). Keep the one" in said


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"INSERT INTO `r` VALUES (1,2,3),(2,2,5);\n", "a dump of SQL"),
        (b"-- dump\nCREATE TABLE r (user int);\n", "a dump of SQL"),
        (b"% made by\n@relation r\n@data\n1,2,3\n", "an ARFF file"),
        (b"ORC\x08\x03", "an ORC file.*pip install pyarrow"),
        (b"<stata_dta><header>", "a file of Stata.*read_stata"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (zipped(mimetype=b"x", content_dot_xml=b"x"), "of LibreOffice"),
        (
            zipped(README=b"x" * 99, ratings_dot_csv=b"x", films=b"x"),
            r"zip of 3 files.*path, 'ratings\.csv'",
        ),
        (gzip.compress(b"a" * 257 + b"ustar" + b"\0" * 99, mtime=0), "bytes"),
    ],
)
def test_more_foreign_formats_are_named(data, said):
    if said == "bytes":
        assert "mine.csv: is a tar archive" in refusal(data)
        return
    with pytest.raises(RatingsError, match=f"(?s)^mine.csv: .*{said}"):
        read(data)


@pytest.mark.parametrize(
    "text",
    [
        " user | item | rating\n------+------+-------\n 1 | 2 | 3\n",
        "+---+---+\n| user | item | rating |\n+---+---+\n| 1 | 2 | 3 |\n",
        "| user | item | rating |\n|---|:--:|--:|\n| 1 | 2 | 3 |\n",
    ],
)
def test_a_drawn_table_is_read_without_its_lines_as_the_error_says(text):
    assert "is drawn, with dashes. Leave out such lines" in refusal(text)
    kept = [line for line in text.splitlines() if "--" not in line]
    assert rows_of(read("\n".join(kept))) == [(1, 2, 3)]


@pytest.mark.parametrize("separator", ["^", "~", ":", "#", "/", "-", "\x01"])
def test_another_separator_is_found_for_the_error(separator):
    text = "1,2,3\n2,2,5\n".replace(",", separator)
    said = refusal(text)
    remedy = ast.literal_eval(said.split("separator=")[1].removesuffix("."))
    assert rows_of(read(text, separator=remedy)) == EXPECTED


def test_a_header_among_the_rows_is_refused():
    text = f"{HEADER}1,2,3\n{HEADER}2,2,5\n"
    assert "name the columns, as the first line does: line 3" in refusal(text)
    with pytest.raises(RatingsError, match=r"name the columns.*line 3"):
        read_titles(b"item,title\n7,Heat\nitem,title\n8,Up\n")


@pytest.mark.parametrize(
    "last", ["Total,2,9", "Total,,9", "average,all,4.5", "3,Summe,4"]
)
def test_the_totals_below_a_table_are_refused(last):
    said = refusal(f"{HEADER}1,2,3\n2,2,5\n{last}\n")
    assert "look like the totals below a table: line 4" in said
    # A film of that name stands somewhere else.
    assert len(read(f"{HEADER}1,Total,3\n2,Heat,5\n")) == 2


def test_a_word_among_numbers_is_told():
    with pytest.warns(RatingsWarning, match="user '#' is no number"):
        ratings = read(f"{HEADER}1,2,3\n#,2,5\n2,2,5\n")
    assert ratings.user_ids.tolist() == ["#", "1", "2"]


@pytest.mark.parametrize(
    "text",
    [
        "a1\tb2\tbetty blowtorch\t2137\na2\tb3\tdie Band\t1099\n",
        "1488844,3,2005-09-06\n822109,5,2005-05-13\n",
    ],
)
def test_a_column_of_no_numbers_that_nothing_names_is_no_rating(text):
    said = refusal(text)
    assert "has no header, and column 2, taken for the ratings" in said


@pytest.mark.parametrize("word", ["NA", "null", "-", "?", " n/a "])
def test_a_word_for_no_rating_is_called_so(word):
    assert "have no rating: line 3" in refusal(f"{HEADER}1,2,3\n2,2,{word}\n")


# Frames ----------------------------------------------------------------------


def frame_of(**columns):
    start = {"user": [1, 2], "item": [2, 2], "rating": [3, 5]}
    return pd.DataFrame(start | columns)


@pytest.mark.parametrize(
    "item_ids", [[2, 3], [0, 1], ["a", "b"]], ids=["far", "near", "text"]
)
def test_a_pivot_is_no_table_and_stacks_as_the_error_says(item_ids):
    long = frame_of(item=item_ids)
    frame = long.pivot(index="user", columns="item", values="rating")
    for filled in (frame, frame.fillna(1)):
        with pytest.raises(RatingsError, match="matrix of user by item") as e:
            read_ratings(filled)
        remedy = "frame." + str(e.value).split("frame.")[1].removesuffix(".")
        ratings = read_ratings(eval(remedy, {"frame": filled}))
        assert len(ratings) == int(filled.notna().to_numpy().sum())
        assert set(ratings.item_ids.tolist()) == set(item_ids)


def test_an_index_that_holds_the_users_becomes_a_column_as_the_error_says():
    for index in ("user", ["user", "item"]):
        frame = frame_of().set_index(index)
        with pytest.raises(RatingsError, match=r"frame\.reset_index\(\)"):
            read_ratings(frame)
        assert rows_of(read_ratings(frame.reset_index())) == EXPECTED


def test_names_that_are_no_text_are_not_passed_over():
    frame = frame_of().set_axis([b"item", b"user", b"rating"], axis=1)
    with pytest.raises(RatingsError, match="no column for user"):
        read_ratings(frame)
    columns = {"user": b"user", "item": b"item", "rating": b"rating"}
    ratings = read_ratings(frame, columns=columns)
    assert ratings.user_ids.tolist() == [2]


def test_ids_of_every_type_are_kept_as_written():
    cases = [
        ([True, False], ["False", "True"]),
        ([Decimal("1.0"), Decimal("1E+3")], ["1", "1000"]),
        ([2**70, 2**70 + 1], [str(2**70), str(2**70 + 1)]),
        (pd.Categorical([7, 8]), [7, 8]),
        (pd.array([7, 8], dtype="Int64"), [7, 8]),
    ]
    for users, expected in cases:
        assert read_ratings(frame_of(user=users)).user_ids.tolist() == expected
    with pytest.raises(RatingsError, match="no whole number: row 0"):
        read_ratings(frame_of(user=[Decimal("1.5"), Decimal(2)]))


def test_true_is_no_rating_among_numbers():
    with pytest.raises(RatingsError, match=r"row 0 .rating True"):
        read_ratings(frame_of(rating=[True, 3.5]))
    assert read_ratings(frame_of(rating=[True, False])).scale == (0, 1)


@pytest.mark.parametrize("scale", [{1, 5}, {1: 0, 5: 0}])
def test_a_scale_without_an_order_is_refused(scale):
    with pytest.raises(RatingsError, match="scale is"):
        read_ratings(frame_of(), scale=scale)


def test_other_tables_are_told_how_to_become_a_frame():
    class Table:
        def to_pandas(self):
            return frame_of()

    with pytest.raises(RatingsError, match=r"table\.to_pandas\(\)"):
        read_ratings(Table())
    array = frame_of().to_numpy()
    with pytest.raises(RatingsError, match=r"Give pd\.DataFrame\(array\)"):
        read_ratings(array)
    assert rows_of(read_ratings(pd.DataFrame(array))) == EXPECTED


# Ids that look alike ---------------------------------------------------------


@pytest.mark.parametrize(
    "sign", ["\u202a", "\u180e", "\u3164", "\x01", "\x7f"]
)
def test_signs_that_show_nothing_make_no_second_person(sign):
    with pytest.warns(RatingsWarning, match="cut the blanks"):
        ratings = read(f"{HEADER}{sign}ann,1,4\nann,2,4\n")
    assert ratings.user_ids.tolist() == ["ann"]


@pytest.mark.parametrize("other", ["Ann Lee", "ann  lee", "\uff41nn lee"])
def test_ids_that_are_easily_taken_for_one_are_told(other):
    with pytest.warns(RatingsWarning, match="1 user ids differ from another"):
        ratings = read(f"{HEADER}ann lee,1,4\n{other},2,4\n")
    assert ratings.n_users == 2


def test_ids_that_a_spreadsheet_guards_are_read():
    text = 'user,item,rating\n1,"=""0345""",4\n2,"=""0346""",5\n'
    with pytest.warns(RatingsWarning, match="keeps text"):
        ratings = read(text, titles={"0345": "Emma"})
    assert ratings.titles == ("Emma", "item 0346")
    with (
        pytest.warns(RatingsWarning, match="keeps text"),
        pytest.raises(RatingsError, match="have no item: line 3"),
    ):
        read(text.replace("0346", ""))


# Times -----------------------------------------------------------------------


def times_of(*values):
    return frame_of(timestamp=list(values))


@pytest.mark.parametrize(
    ("values", "what", "first_day"),
    [
        ((2005, 2006), "years", "2005-01-01"),
        ((200509, 200510), "months", "2005-09-01"),
        ((13_032, 13_033), "days", "2005-09-06"),
        ((38_601, 38_602), "days of a spreadsheet", "2005-09-06"),
        ((312_768, 312_769), "hours", "2005-09-06"),
        ((18_766_080, 18_766_081), "minutes", "2005-09-06"),
    ],
)
def test_other_counts_are_not_taken_for_seconds(values, what, first_day):
    frame = times_of(*values)
    with pytest.raises(RatingsError, match=f"may count {what}, not") as e:
        read_ratings(frame)
    made = str(e.value).split("of them: ")[1].removesuffix(".").split("; if")
    times = eval(made[0], {"pd": pd, "frame": frame})
    seconds = read_ratings(frame.assign(timestamp=times)).timestamps
    assert str(np.datetime64(int(seconds[0]), "s"))[:10] == first_day
    kept = eval(made[1].split("seconds, ")[1], {"pd": pd, "frame": frame})
    ratings = read_ratings(frame.assign(timestamp=kept))
    assert ratings.timestamps.tolist() == list(values)


@pytest.mark.parametrize(
    "text",
    [
        "2005/09/26",
        "26.09.2005",
        "26.09.2005 12:30",
        "09/26/2005 12:30:00",
        "26-09-2005",
        "Sep 26, 2005",
        "09 26, 2005",
        "26/Sep/2005:12:30:00",
        "20050926T123000Z",
        "2005-9-26",
    ],
)
def test_a_date_is_made_by_the_form_that_the_error_names(text):
    frame = times_of(text, text)
    with pytest.raises(RatingsError, match="makes them") as caught:
        read_ratings(frame)
    call = str(caught.value).split("; ")[1].removesuffix(" makes them.")
    times = eval(call, {"pd": pd, "frame": frame})
    ratings = read_ratings(frame.assign(timestamp=times))
    # 13,052 days after 1970-01-01.
    assert (ratings.timestamps // 86_400).tolist() == [13_052, 13_052]


def test_a_date_of_two_readings_is_left_to_the_one_who_asks():
    with pytest.raises(RatingsError, match=r"either .*%d/%m.* or .*%m/%d"):
        read_ratings(times_of("01/02/2005", "03/04/2005"))


def test_parts_of_a_second_and_a_far_future_are_told():
    with pytest.warns(RatingsWarning, match="2 timestamps have fractions"):
        ratings = read_ratings(times_of(ONE + 0.5, ONE + 1.75))
    assert ratings.timestamps.tolist() == [ONE, ONE + 1]
    with pytest.warns(RatingsWarning, match="after the year 2099, to 2286"):
        read_ratings(times_of(9_999_999_998, 9_999_999_999))
    with pytest.warns(RatingsWarning, match="from 2001-09-09 to 2001-09-09"):
        read_ratings(times_of(ONE * 1000, ONE * 1000 + 5))


# Two readings that are easily missed ----------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        # A row number that is shuffled; times alone in the third column.
        ("7,1,2,3\n3,1,3,5\n9,2,2,4\n", "first column may count the rows"),
        ("1,2,978300760\n2,2,978300761\n", "column 2.* may hold Unix sec"),
        ("7,2,978300760,3\n7,3,978300761,5\n", "column 2.* may hold Unix"),
        # What pandas writes over columns that have no names.
        ("0,1,2\n1,2,3\n2,2,5\n", "may be a header or a row: it counts"),
        ("0\t1\t2\t3\n1\t2\t3\t978300760\n", "may be a header or a row"),
        ("user;item;rating\n1.000;2;3\n2.000;2;5\n", "point may stand for th"),
        ("     1\t1,2,3\n     2\t2,2,5\n", "a tab, which may part two"),
        (HEADER + "1,2,3\n1,Subtotal,3\n2,3,5\n", "looks like the totals"),
        (
            HEADER + "1,2,3\n2,2,5\n\u0418\u0442\u043e\u0433\u043e,,8\n",
            "totals",
        ),
        (HEADER + "#N/A,2,3\n7,2,5\n8,2,5\n", "have no user.*: line 2"),
        (HEADER + "1,2,\\N\n2,2,5\n", "have no rating: line 2"),
        (HEADER + "1,2,\u2013\n2,2,5\n", "have no rating: line 2"),
    ],
)
def test_what_has_two_readings_is_refused_by_what_is_seen(text, said):
    with pytest.raises(RatingsError, match=f"(?s)^mine.csv: .*{said}"):
        read(text)


def calls_of(error):
    """Every call to read_ratings that an error offers, in order."""
    text, found = str(error), []
    for match in re.finditer(r"read_ratings\(", text):
        end = match.end()
        while text[match.start() : end].count("(") != text[
            match.start() : end
        ].count(")"):
            end += 1
        found.append(text[match.start() : end])
    return found


@pytest.mark.parametrize(
    ("text", "which", "expected"),
    [
        ("0,1,2\n1,2,3\n2,2,5\n", 0, EXPECTED),
        (",0,1,2\n0,1,2,3\n1,2,2,5\n", 1, EXPECTED),
        (",2,3,4\n1,3,,\n2,5,4,\n", 0, None),
        (";2;3;4\n1;3;;\n2;5;4;\n", 0, None),
        ("\t0\t1\t2\n0\t1\t2\t3\n1\t2\t2\t5\n", 1, EXPECTED),
        ("user;item;rating;;\n1;2;3;;;;;\n2;2;5;;;;;\n", 0, EXPECTED),
        ("user;item;rating\n0;2;3;;;\n1;2;5;;;\n", 0, [(0, 2, 3), (1, 2, 5)]),
        ("1||2||3\n2||2||5\n", 0, EXPECTED),
        ('{"1":{"2":3},"2":{"2":5}}', 0, EXPECTED),
        (
            "user     item  rating\nann lee  2     3\nbob day  2     5\n",
            0,
            [("ann lee", 2, 3), ("bob day", 2, 5)],
        ),
    ],
    ids=[
        *("counts", "index", "matrix", "semicolons", "tabs"),
        *("ends", "end", "twice", "json", "fixed"),
    ],
)
def test_the_remedy_for_what_has_two_readings_is_followed(
    text, which, expected, tmp_path
):
    path = tmp_path / "mine"
    path.write_text(text)
    with pytest.raises(RatingsError) as caught:
        read_ratings(path)
    names = {"pd": pd, "json": json, "Path": Path, "path": path, "re": re}
    names["read_ratings"] = read_ratings
    made = re.search(r"frame = (.*?);", str(caught.value))
    if made:
        names["frame"] = eval(made[1], names)
    rows = rows_of(eval(calls_of(caught.value)[which], names))
    numbers = [tuple(map(plain_id, row)) for row in rows]
    matrix = [(1, 2, 3), (2, 2, 5), (2, 3, 4)]
    assert numbers == (matrix if expected is None else expected)


def test_lists_of_json_on_lines_are_read_as_the_error_says(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text("[1, 2, 3],\n[2, 2, 5]\n")
    with pytest.raises(RatingsError, match="a list a line") as caught:
        read_ratings(path)
    call = str(caught.value).split("Give ")[1].split(", with")[0]
    frame = eval(call, {"pd": pd, "json": json, "Path": Path, "path": path})
    assert rows_of(read_ratings(frame)) == EXPECTED


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("userId,item1,item2,item3\n1,4,3,5\n2,2,1,4\n", "like a matrix"),
        ("movie,ann,bob,cid\n5,4,,5\n6,,1,4\n", "a column a user"),
        ("user;2;3;4\n1;3;1;2\n2;5;4;1\n", "like a matrix"),
        ("user\t2\t3\t4\n1\t3\t1\t2\n2\t5\t4\t1\n", "like a matrix"),
    ],
)
def test_a_matrix_that_is_told_by_its_names_melts_as_the_error_says(
    text, said, tmp_path
):
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with pytest.raises(RatingsError, match=said) as caught:
        read_ratings(path)
    frame = pd.read_csv(path)
    read_it = re.search("frame = (.*?);", str(caught.value))
    if read_it:
        frame = eval(read_it[1], {"pd": pd, "path": path})
    call = "frame.melt" + str(caught.value).split("frame.melt")[1][:-1]
    ratings = read_ratings(eval(call, {"frame": frame}))
    assert ratings.ratings.sum() == frame.iloc[:, 1:].sum().sum()


def test_a_separator_at_the_end_of_rows_without_a_header_is_no_column():
    assert rows_of(read("1;2;3;\n2;2;5;\n")) == EXPECTED
    assert "have no timestamp: line 1" in refusal("1;2;3;\n2;2;5;7\n")


def test_two_separators_at_the_end_of_rows_shift_no_column():
    rows = "0;2;3;9;;\n1;2;5;9;;\n"
    ratings = read("user;item;rating;votes\n" + rows)
    assert rows_of(ratings) == [(0, 2, 3), (1, 2, 5)]
    assert "line 2 (6)" in refusal(
        "user;item;rating;votes\n" + rows.replace(";;", ";;7")
    )


@pytest.mark.parametrize(
    "data",
    [
        PLAIN.decode().encode("utf-32-le"),
        PLAIN.decode().encode("utf-32-be"),
        lzma.compress(PLAIN, format=lzma.FORMAT_ALONE),
    ],
    ids=range(3),
)
def test_text_in_32_bits_without_a_mark_and_old_lzma_are_read(data):
    assert rows_of(read(data)) == EXPECTED


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (zipped(), "a zip of 0 files"),
        (
            zipped(a_dot_npy=b"\x93NUMPY"),
            r"NumPy arrays.*np.load\(path\)\['a'",
        ),
        (zipped(**{"m/data.pkl": b"\x80"}), "a file of PyTorch"),
        (b"<table><tr><td>1</td></tr></table>", "a web page or XML"),
        (b"<ratings>\n<r user='1'/></ratings>", "a web page or XML"),
        (zlib.compress(PLAIN), "no text in utf-8.*Save the table as CSV"),
    ],
)
def test_formats_that_lead_nowhere_are_named_as_what_they_are(data, said):
    with pytest.raises(RatingsError, match=f"(?s)^mine.csv: .*{said}"):
        read(data)


def test_parts_of_json_are_taken_as_the_error_says():
    rows = [
        {"user": {"id": u}, "item": 2, "rating": r}
        for u, r in [(1, 3), (2, 5)]
    ]
    text = "\n".join(map(json.dumps, rows))
    said = refusal(text)
    assert "2 of 2 rows have a user with parts of its own: line 1" in said
    frame = pd.DataFrame(rows)
    step = said.split("for example ")[1].split(", where")[0]
    exec(step, {"frame": frame})
    assert rows_of(read_ratings(frame)) == EXPECTED


def test_letters_that_were_lost_are_told_and_never_merge_people(tmp_path):
    with pytest.warns(RatingsWarning, match="lost letter, such as 'Zo\ufffd'"):
        read(HEADER + "Zo\ufffd,2,3\nann,2,5\n")
    path = tmp_path / "mine.csv"
    path.write_bytes(HEADER.encode() + b"Zo\xe9,2,3\nZo\xea,2,5\n")
    with (
        path.open(encoding="utf-8", errors="surrogateescape") as file,
        pytest.raises(RatingsError, match="2 lines are not utf-8: line 2, li"),
    ):
        read_ratings(file)


def test_an_encoding_that_may_be_wrong_is_told():
    text = (HEADER + "Zo\xeb,2,3\n").encode()
    with pytest.warns(RatingsWarning, match="could be UTF-8 too"):
        ratings = read(text, encoding="latin-1")
    assert ratings.user_ids.tolist() == ["Zo\xc3\xab"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read(HEADER.encode() + b"Zo\xeb,2,3\n", encoding="latin-1")


@pytest.mark.parametrize("sign", ["\ufe0f", "\U000e0041", "\u034f", "\u061c"])
def test_signs_that_only_change_a_neighbour_make_no_second_person(sign):
    assert "look the same" in refusal(HEADER + f"a{sign}b,2,3\nab,2,5\n")
    # Alone they are kept: emoji hold them.
    ratings = read(HEADER + f"a{sign}b,2,3\n")
    assert ratings.user_ids.tolist() == [f"a{sign}b"]


# 2005-09-06.
DAY_2005 = 1_125_964_800


@pytest.mark.parametrize(
    ("start", "called"),
    [(116_444_736_000_000_000, "1601"), (621_355_968_000_000_000, "1")],
)
def test_steps_of_100_nanoseconds_are_not_taken_for_nanoseconds(start, called):
    # 2005-09-06, counted from the year that is called.
    frame = times_of(*(start + (DAY_2005 + i) * 10**7 for i in (0, 1)))
    with pytest.raises(RatingsError, match="steps of 100 nanosec") as caught:
        read_ratings(frame)
    made, kept = str(caught.value).split("of them: ")[1][:-1].split("; if ")
    times = eval(made, {"pd": pd, "frame": frame})
    ratings = read_ratings(frame.assign(timestamp=times))
    assert ratings.timestamps.tolist() == [DAY_2005, DAY_2005 + 1], called
    times = eval(kept.split("seconds, ")[1], {"pd": pd, "frame": frame})
    assert read_ratings(frame.assign(timestamp=times)).timestamps[0] > 10**8


def test_days_with_parts_are_days_too():
    with pytest.raises(RatingsError, match="days of a spreadsheet") as caught:
        read_ratings(times_of(38_601.5, 38_602.25))
    made = str(caught.value).split("of them: ")[1].split("; if")[0]
    frame = times_of(38_601.5, 38_602.25)
    frame["timestamp"] = eval(made, {"pd": pd, "frame": frame})
    assert read_ratings(frame).timestamps[0] == DAY_2005 + 43_200


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ((0, ONE, ONE + 1), "1 timestamps lie before 1973, such as 0"),
        ((-1, ONE, ONE + 1), "1 timestamps lie before 1973, such as -1"),
        (
            (200_000_000, 200_000_001),
            "all timestamps lie before 1992, to 1976",
        ),
        ((1.36e12, 1.37e12), "multiples of 100,000 seconds"),
    ],
)
def test_times_that_may_say_something_else_are_told(times, said):
    frame = pd.DataFrame(
        {"user": range(len(times)), "item": 2, "rating": 3, "timestamp": times}
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        read_ratings(frame)
    assert any(said in str(each.message) for each in caught)


# Libraries that need not be here ---------------------------------------------


@pytest.mark.parametrize(
    ("package", "ending"),
    [("pyarrow", "parquet"), ("pyarrow", "feather"), ("openpyxl", "excel")],
)
def test_a_table_of_another_library_is_read_as_the_error_says(
    package, ending, tmp_path
):
    path = tmp_path / f"mine.{'xlsx' if ending == 'excel' else ending}"
    is_here = importlib.util.find_spec(package) is not None
    if is_here:
        frame = pd.read_csv(io.BytesIO(PLAIN))
        kwargs = {} if ending == "feather" else {"index": False}
        getattr(frame, f"to_{ending}")(path, **kwargs)
    elif ending == "excel":
        path.write_bytes(zipped(**{"[Content_Types]_dot_xml": b"x"}))
    else:
        path.write_bytes({"parquet": b"PAR1", "feather": b"ARROW1"}[ending])
    with pytest.raises(RatingsError, match=f"install {package}") as caught:
        read_ratings(path)
    call, needs = str(caught.value).split("pandas: ")[1].split(". It needs")
    assert call == f"read_ratings(pd.read_{ending}(path))"
    assert needs == f" `pip install {package}`."
    if is_here:
        names = {"read_ratings": read_ratings, "pd": pd, "path": path}
        assert rows_of(eval(call, names)) == EXPECTED


# Damage ---------------------------------------------------------------------

GOOD = [
    PLAIN,
    PLAIN.replace(b",", b"::"),
    PLAIN.replace(b",", b"\t"),
    PLAIN.replace(b",", b" "),
    b"user;isbn;rating;timestamp\n'x';\"0;1\";4,5;2005-09-06\n2;3;1;x\n",
    b'{"user":1,"item":2,"rating":3}\n{"user":2,"item":2,"rating":5}\n',
    b"# made by\n1|2|3|10\n2|2|5|11\n",
    gzip.compress(PLAIN, mtime=0),
    zipped(ratings=PLAIN),
    PLAIN.decode().encode("utf-16"),
]
PIECES = st.sampled_from(
    [
        *(bytes([sign]) for sign in b'"\n\r,;\t \0\xff#0-\x1f'),
        *(b"::", b"NA", b"1e400", b'\\"', b"\xef\xbb\xbf", b"9" * 30),
    ]
)


@pytest.mark.filterwarnings("ignore::recslib.ratings.RatingsWarning")
@given(
    st.sampled_from(GOOD),
    st.lists(
        st.tuples(st.integers(0, 10**6), st.integers(0, 3), PIECES), max_size=3
    ),
)
@settings(max_examples=400)
def test_damaged_bytes_are_ratings_or_a_ratings_error(data, damages):
    for place, n_lost, piece in damages:
        start = place % (len(data) + 1)
        data = data[:start] + piece + data[start + n_lost :]
    for reader in (read_ratings, read_titles):
        try:
            found = reader(data)
        except RatingsError as error:
            assert str(error).endswith((".", ")"))
            continue
        assert len(found) > 0


CELLS = st.text(
    st.characters(exclude_categories=["C", "Z"], exclude_characters='"'),
    min_size=1,
    max_size=5,
).filter(lambda text: text == text.strip() and text[0] not in "#%")


@pytest.mark.filterwarnings("ignore::recslib.ratings.RatingsWarning")
@given(
    st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8, unique=True),
    st.sampled_from([",", ";", "\t", "|", "::"]),
)
def test_what_is_read_is_what_pythons_own_reader_reads(pairs, separator):
    lines = ["user", "item", "rating"], *[[u, i, "3"] for u, i in pairs]
    text = "\n".join(separator.join(line) for line in lines)
    try:
        ratings = read(text, separator=separator)
    except RatingsError:
        return
    rows = [line.split(separator) for line in text.split("\n")[1:]]
    assert [(str(u), str(i)) for u, i, _ in rows_of(ratings)] == [
        (row[0], row[1]) for row in rows
    ]
