import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recslib.ratings import RatingsError
from recslib.tables import read_frame, read_ratings, read_titles

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
    legal = {"9", "x", "é"} if is_id else {"1.5"}
    if value in legal:
        ratings = read_ratings(text, scale=(1, 5))
        assert len(ratings) == 4
    else:
        with pytest.raises(RatingsError, match=rf"line {row + 2} "):
            read_ratings(text, scale=(1, 5))


@given(st.binary(max_size=200))
def test_any_bytes_are_ratings_or_a_ratings_error(data):
    try:
        ratings = read_ratings(data)
    except RatingsError:
        return
    assert len(ratings) > 0
    low, high = ratings.scale
    assert ((ratings.ratings >= low) & (ratings.ratings <= high)).all()


@pytest.mark.parametrize("separator", [",", "::"])
def test_a_million_rows_are_read_in_seconds(separator):
    n = 1_000_000
    rows = np.arange(n)
    text = "\n".join(
        separator.join((str(r % 7919), str(r // 7919), "3.5", "978300760"))
        for r in rows.tolist()
    )
    start = time.perf_counter()
    ratings = read_ratings(text.encode())
    seconds = time.perf_counter() - start
    assert len(ratings) == n and ratings.n_users == 7919
    # A loop over the lines in Python takes tens of seconds.
    assert seconds < 10


def test_a_table_can_be_read_to_be_mended_before_it_is_checked():
    table = b"who,rating,film\n7,4,1\n7,5,1\n"
    with pytest.raises(RatingsError, match="rated in an earlier row"):
        read_ratings(table, columns={"user": "who"})
    frame = read_frame(table, columns={"user": "who"})
    assert frame.columns.tolist() == ["user", "item", "rating"]
    assert frame.index.tolist() == [2, 3]
    assert frame["rating"].tolist() == [4, 5]


@pytest.mark.parametrize(
    "table",
    [
        b"item_id,year,title\n1,1871,Middlemarch\n2,1815,Emma\n",
        b"Title;ISBN\nMiddlemarch;1\nEmma;2\n",
        b"1|Middlemarch|1871\n2|Emma|1815\n",
        b"id\tname\n1\tMiddlemarch\n2\tEmma\n\t\n",
    ],
)
def test_titles_are_read_by_the_usual_names_of_their_columns(table):
    titles = read_titles(table)
    assert titles[1] == titles["1"] == "Middlemarch"
    assert titles[2] == "Emma"
    assert set(titles) == {1, "1", 2, "2"}


def test_a_table_of_titles_without_a_title_is_refused():
    with pytest.raises(RatingsError, match="a column 'title'"):
        read_titles(b"item,year\n1,1871\n")
