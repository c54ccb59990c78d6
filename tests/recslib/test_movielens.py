import hashlib
import re
import zipfile

import numpy as np
import pandas as pd
import pytest
import torch

from recslib import movielens
from recslib.features import side_features
from recslib.movielens import for_the_book, lacks, load, synthetic
from recslib.ratings import Ratings, RatingsError
from recslib.tables import read_ratings

# Hand-written lines of each form --------------------------------------------

U_DATA = b"2\t267\t3\t891717742\n1\t12\t5\t881250949\n1\t543\t1\t881250949\n"
U_DATA += b"2\t1412\t4\t891717742\n"
LINK = "http://us.imdb.com/M/title-exact?x"
U_ITEM = "\n".join(
    [
        f"12|Usual Suspects, The (1995)|14-Aug-1995||{LINK}|"
        "0|0|0|0|0|0|1|0|0|0|0|0|0|0|0|0|1|0|0",
        "267|unknown||||1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0",
        f"543|Mis\xe9rables, Les (1995)|01-Jan-1995||{LINK}|"
        "0|0|0|0|0|0|0|0|1|0|0|0|1|0|0|0|0|0|0",
        f"1412|Land Before Time III: The Time of the Great Giving (1995) (V)|"
        f"01-Jan-1995||{LINK}|0|0|0|1|1|0|0|0|0|0|0|0|0|0|0|0|0|0|0",
        f"1500|Rated by Nobody (1996)|||{LINK}|"
        "0|0|0|0|0|0|0|0|1|0|0|0|0|0|0|0|0|0|0\n",
    ]
)
U_USER = "1|24|M|technician|85711\n2|53|F|other|T8H1N\n"
RECBOLE_INTER = (
    b"user_id:token\titem_id:token\trating:float\ttimestamp:float\n" + U_DATA
)
RECBOLE_ITEM = """\
item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq
12\tUsual Suspects, The\t1995\tCrime Thriller
267\tunkonwn\tunkonwn\tunknown
543\tMis\xe9rables, Les\t1995\tDrama Musical
1412\tLand Before Time III: The Time of the Great Giving (1995)\tV\t\
Animation Children's
1500\tRated by Nobody\t1996\tDrama
"""
RECBOLE_USER = """\
user_id:token\tage:token\tgender:token\toccupation:token\tzip_code:token
1\t24\tM\ttechnician\t85711
2\t53\tF\tother\tT8H1N
"""


def u_files(folder):
    folder.mkdir()
    (folder / "u.data").write_bytes(U_DATA)
    (folder / "u.item").write_text(U_ITEM, encoding="latin-1")
    (folder / "u.user").write_text(U_USER, encoding="latin-1")


def recbole_files(folder):
    folder.mkdir()
    (folder / "ml-100k.inter").write_bytes(RECBOLE_INTER)
    (folder / "ml-100k.item").write_text(RECBOLE_ITEM, encoding="utf-8")
    (folder / "ml-100k.user").write_text(RECBOLE_USER, encoding="utf-8")


@pytest.fixture
def four_ratings(monkeypatch):
    """Take the four hand-written ratings for the published ones."""
    monkeypatch.setattr(
        movielens, "U_DATA_SHA256", hashlib.sha256(U_DATA).hexdigest()
    )


@pytest.mark.parametrize("files", [u_files, recbole_files])
def test_both_sources_of_100k_end_as_the_same_tables(
    files, four_ratings, tmp_path
):
    files(tmp_path / "ml-100k")
    data = load("100k", folder=tmp_path)
    assert data.films["item_id"].tolist() == [12, 267, 543, 1412]
    assert data.films["title"].tolist() == [
        "The Usual Suspects",
        "unknown",
        "Les Misérables",
        "Land Before Time III: The Time of the Great Giving",
    ]
    assert data.films["year"].tolist() == [1995, pd.NA, 1995, 1995]
    assert data.films["year"].dtype == "Int64"
    assert data.films["genres"].tolist() == [
        ("Crime", "Thriller"),
        (),
        ("Drama", "Musical"),
        ("Animation", "Children's"),
    ]
    assert data.users.to_dict("list") == {
        "user_id": [1, 2],
        "age": [24, 53],
        "gender": ["M", "F"],
        "occupation": ["technician", "other"],
        "zip_code": ["85711", "T8H1N"],
    }
    assert data.ratings.titles == (
        "The Usual Suspects (1995)",
        "unknown",
        "Les Misérables (1995)",
        "Land Before Time III: The Time of the Great Giving (1995)",
    )
    assert data.ratings.ratings.tolist() == [3, 5, 1, 4]
    assert data.ratings.items.tolist() == [1, 0, 2, 3]
    assert data.ratings.users.tolist() == [1, 0, 0, 1]
    assert data.ratings.timestamps[0] == 891717742
    assert data.ratings.scale == (1, 5)


def test_the_folder_itself_may_be_named(four_ratings, tmp_path):
    u_files(tmp_path / "anything")
    assert len(load("100k", folder=tmp_path / "anything").ratings) == 4


def test_the_folder_may_come_from_the_environment(
    four_ratings, tmp_path, monkeypatch
):
    u_files(tmp_path / "ml-100k")
    monkeypatch.setenv("RECSLIB_DATA", str(tmp_path))
    assert len(load().ratings) == 4


def test_ratings_that_are_not_the_published_ones_are_refused(tmp_path):
    u_files(tmp_path / "ml-100k")
    with pytest.raises(RatingsError, match=r"not the published ones.*afresh"):
        load("100k", folder=tmp_path)


def test_a_film_table_of_another_form_is_refused(four_ratings, tmp_path):
    u_files(tmp_path / "ml-100k")
    (tmp_path / "ml-100k" / "u.item").write_text("12;Heat\n")
    with pytest.raises(RatingsError, match="not the files that GroupLens"):
        load("100k", folder=tmp_path)


def test_a_rated_film_that_the_film_table_lacks_is_refused(
    four_ratings, tmp_path
):
    u_files(tmp_path / "ml-100k")
    first = U_ITEM.splitlines()[0]
    (tmp_path / "ml-100k" / "u.item").write_text(first, encoding="latin-1")
    with pytest.raises(RatingsError, match="not the files that GroupLens"):
        load("100k", folder=tmp_path)


def test_1m_has_doubled_colons_latin_1_and_coded_people(tmp_path):
    place = tmp_path / "ml-1m"
    place.mkdir()
    (place / "ratings.dat").write_text("1::3::5::978300760\n2::73::4::1\n")
    (place / "movies.dat").write_text(
        "3::Grumpier Old Men (1995)::Comedy|Romance\n"
        "73::Misérables: Volume 1, Les (1995)::Drama|Musical\n",
        encoding="latin-1",
    )
    (place / "users.dat").write_text("1::F::1::10::48067\n2::M::56::16::70072")
    data = load("1m", folder=tmp_path)
    assert data.ratings.titles[1] == "Les Misérables: Volume 1 (1995)"
    assert data.films["genres"][0] == ("Comedy", "Romance")
    assert data.users["age"].tolist() == [1, 56]
    assert data.users["gender"].tolist() == ["F", "M"]
    assert data.users["occupation"].tolist() == [
        "school student",
        "self-employed",
    ]
    assert data.ratings.ratings.tolist() == [5, 4]
    assert data.ratings.timestamps.tolist() == [978300760, 1]
    assert data.ratings.scale == (1, 5)


def test_10m_has_half_stars_utf_8_and_no_people(tmp_path):
    place = tmp_path / "ml-10M100K"
    place.mkdir()
    (place / "ratings.dat").write_text("1::73::4.5::838985046\n1::2::3::1\n")
    (place / "movies.dat").write_text(
        "2::Jumanji (1995)::Adventure\n73::Misérables, Les (1995)::Drama\n",
        encoding="utf-8",
    )
    data = load("10m", folder=tmp_path)
    assert data.ratings.titles == ("Jumanji (1995)", "Les Misérables (1995)")
    assert data.ratings.ratings.tolist() == [4.5, 3]
    assert data.ratings.scale == (0.5, 5)
    assert data.users is None
    assert load("10m", folder=tmp_path, n_users=1).users is None


@pytest.mark.parametrize("name", ["25m", "32m", "latest-small"])
def test_csv_sets_quote_commas_and_may_have_no_genre(name, tmp_path):
    place = tmp_path / f"ml-{name}"
    place.mkdir()
    (place / "ratings.csv").write_text(
        "userId,movieId,rating,timestamp\n7,11,4.0,1\n7,4,0.5,2\n"
    )
    (place / "movies.csv").write_text(
        "movieId,title,genres\n"
        '4,"Léon: ""The"" Professional, The (1994)",Action|Crime\n'
        "11,Untitled,(no genres listed)\n",
        encoding="utf-8",
    )
    data = load(name, folder=tmp_path)
    assert data.ratings.titles == (
        'The Léon: "The" Professional (1994)',
        "Untitled",
    )
    assert data.films["genres"].tolist() == [("Action", "Crime"), ()]
    assert data.films["year"].tolist() == [1994, pd.NA]
    assert data.ratings.scale == (0.5, 5)
    assert data.name == name and data.users is None


def test_archives_are_read_in_place_and_nothing_is_unpacked(
    tmp_path, monkeypatch
):
    path = tmp_path / "ml-latest-small.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "ml-latest-small/ratings.csv",
            "userId,movieId,rating,timestamp\n1,2,0.5,9\n",
        )
        archive.writestr(
            "ml-latest-small/movies.csv",
            "movieId,title,genres\n2,Heat (1995),Crime\n",
        )
        archive.writestr("../escaped.txt", "no")
    data = load("latest-small", cache=tmp_path)
    assert data.ratings.titles == ("Heat (1995)",)
    assert list(tmp_path.iterdir()) == [path]
    assert not (tmp_path.parent / "escaped.txt").exists()


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(RatingsError, match="'2m'; there are 100k, 1m, 10m"):
        load("2m")


# What the files may have suffered -----------------------------------------

RATINGS = (
    "userId,movieId,rating,timestamp\n1,1,4.0,10\n2,2,3.0,11\n2,3,3.5,12\n"
)
MOVIES = (
    'movieId,title,genres\n1,"Film, The (1995)",Drama\n2,B (1996),Comedy\n'
    "3,C,(no genres listed)\n"
)


@pytest.fixture
def small(tmp_path):
    """Return what writes a folder of latest-small, with all its files."""

    def made(ratings=RATINGS, movies=MOVIES, name="ml-latest-small"):
        place = tmp_path / name
        place.mkdir(exist_ok=True)
        files = {
            "ratings.csv": ratings,
            "movies.csv": movies,
            "links.csv": "movieId,imdbId,tmdbId\n1,0114709,862\n",
            "tags.csv": "userId,movieId,tag,timestamp\n2,1,funny,9\n",
            "README.txt": "Summary\n",
        }
        for file, content in files.items():
            if content is not None:
                (place / file).write_bytes(
                    content if isinstance(content, bytes) else content.encode()
                )
        return place

    return made


def test_line_ends_of_another_system_change_no_rating(four_ratings, tmp_path):
    u_files(tmp_path / "ml-100k")
    recbole_files(tmp_path / "copy")
    want = load("100k", folder=tmp_path)
    for folder, table in (("ml-100k", "u.data"), ("copy", "ml-100k.inter")):
        path = tmp_path / folder / table
        original = path.read_bytes()
        for ends in (b"\r\n", b"\r\n\r\n"):
            path.write_bytes(original.replace(b"\n", ends))
            got = load("100k", folder=tmp_path / folder)
            assert torch.equal(got.ratings.ratings, want.ratings.ratings)
            assert torch.equal(got.ratings.timestamps, want.ratings.timestamps)
        path.write_bytes(original.rstrip(b"\n"))
        assert len(load("100k", folder=tmp_path / folder).ratings) == 4


def test_every_file_may_have_the_line_ends_of_another_system(
    small, four_ratings, tmp_path
):
    u_files(tmp_path / "ml-100k")
    for path in (tmp_path / "ml-100k").iterdir():
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    data = load("100k", folder=tmp_path)
    assert data.films["genres"].tolist()[2] == ("Drama", "Musical")
    assert data.users["zip_code"].tolist() == ["85711", "T8H1N"]
    crlf = small(RATINGS.replace("\n", "\r\n"), MOVIES.replace("\n", "\r\n"))
    assert load(crlf).films["genres"].tolist()[2] == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_table_that_was_saved_anew_as_utf_8_keeps_its_letters(
    encoding, four_ratings, tmp_path
):
    u_files(tmp_path / "ml-100k")
    one_m(tmp_path / "ml-1m")
    for path in tmp_path.glob("*/*"):
        if path.name not in ("u.data", "ratings.dat"):
            text = path.read_text(encoding="latin-1")
            path.write_text(text, encoding=encoding)
    for name in ("100k", "1m"):
        data = load(name, folder=tmp_path)
        assert "Les Misérables (1995)" in data.ratings.titles
        assert data.users["user_id"].tolist() == [1, 2]


def test_blanks_around_genres_make_no_other_genre(small):
    genres = MOVIES.replace("Comedy\n", " Comedy | War |\n")
    genres = genres.replace("(no genres listed)", "")
    assert load(small(movies=genres)).films["genres"].tolist() == [
        *load(small()).films["genres"].tolist()[:1],
        ("Comedy", "War"),
        (),
    ]


@pytest.mark.filterwarnings("ignore::recslib.ratings.RatingsWarning")
def test_one_word_among_the_ids_is_named_and_no_other(small):
    place = small(RATINGS.replace("\n1,1,", "\n1,tt1,"))
    with pytest.raises(RatingsError, match=r"csv: 1 ids are missing: tt1\."):
        load(place)


def test_what_an_error_of_the_ratings_asks_for_is_given_as_it_says(small):
    place = small(RATINGS.replace("4.0", "9.0"))
    with pytest.raises(RatingsError, match="outside the scale") as caught:
        load(place)
    said = r"They lie in .*\. What is asked for here, recslib\.tables\.read_ra"
    assert re.search(said, str(caught.value))
    assert len(read_ratings(place / "ratings.csv", scale=(0.5, 10))) == 3


def test_another_rating_among_the_published_is_still_refused(
    four_ratings, tmp_path
):
    u_files(tmp_path / "ml-100k")
    path = tmp_path / "ml-100k" / "u.data"
    path.write_bytes(path.read_bytes().replace(b"\t5\t", b"\t4\t"))
    with pytest.raises(
        RatingsError, match=r"u\.data: the 100,000 ratings are"
    ):
        load("100k", folder=tmp_path)


@pytest.mark.parametrize(
    "movies",
    [
        MOVIES + "\n",
        MOVIES + "\r\n\n\n",
        MOVIES.rstrip("\n"),
        "\ufeff" + MOVIES,
        MOVIES.replace("Comedy\n", "Comedy\n\n"),
    ],
)
def test_empty_lines_and_a_mark_at_the_start_are_no_films(small, movies):
    data = load("latest-small", folder=small(movies=movies))
    assert data.ratings.titles == ("The Film (1995)", "B (1996)", "C")


@pytest.mark.parametrize(
    ("movies", "said"),
    [
        (MOVIES.replace(",", ";"), "starts with 'movieId;title;genres', not"),
        (MOVIES.partition("\n")[2], r"starts with '1,Film, The \(1995\)"),
        ("", "starts with 'nothing'"),
        (MOVIES + "4\n", "line 5: not movieId,title,genres, but"),
        (MOVIES + "\n4,D\n", "line 6: not movieId,title,genres, but"),
        (MOVIES + "x,D,Drama\n", "line 5: not movieId,title,genres, but"),
        (MOVIES + '4,"' + "x" * 140_000 + "\n", "line 5: field larger"),
        (MOVIES.replace("3,C", "4,C"), "1 ids are missing: 3"),
        (MOVIES + "2,B again (1996),Drama\n", "1 ids stand twice: 2"),
        (MOVIES.encode() + b"4,L\xe9on,Drama\n", "line 5: is not UTF-8"),
    ],
)
def test_a_film_table_that_is_wrong_is_named_with_its_line(
    small, movies, said
):
    place = small(movies=movies)
    for how in ({"folder": place}, {"folder": place.parent}):
        with pytest.raises(RatingsError, match=said) as caught:
            load("latest-small", **how)
        assert "movies.csv" in str(caught.value)
        assert str(place) in str(caught.value)
        assert "afresh" in str(caught.value)


def test_the_remedies_for_a_wrong_film_table_are_followed(small):
    place = small(movies=MOVIES.replace("3,C", "4,C"))
    with pytest.raises(RatingsError, match=r"afresh, or .* with read_ratings"):
        load(place)
    assert len(read_ratings(place / "ratings.csv")) == 3
    small()
    assert len(load(place).ratings) == 3


TWO_FILMS = (
    "3::Grumpier Old Men (1995)::Comedy\n73::Misérables, Les (1995)::Drama\n"
)


def one_m(place, users="1::F::1::10::48067\n2::M::56::16::70072\n"):
    place.mkdir()
    (place / "ratings.dat").write_text("1::3::5::978300760\n2::73::4::1\n")
    (place / "movies.dat").write_text(
        TWO_FILMS,
        encoding="latin-1",
    )
    if users is not None:
        (place / "users.dat").write_text(users)
    return place


@pytest.mark.parametrize(
    ("users", "said"),
    [
        ("1::F::1::10::48067\n2::M::56::21::70072\n", "line 2: not id, age"),
        ("1::F::1::-1::48067\n2::M::56::1::70072\n", "line 1: not id, age"),
        ("1::F::1::10\n", "line 1: not id, age"),
        ("1::F::1::10::48067\n", "1 ids are missing: 2"),
        (
            "1::F::1::1::4\n1::F::1::1::4\n2::M::1::1::4\n",
            "1 ids stand twice: 1",
        ),
    ],
)
def test_a_table_of_people_that_is_wrong_is_named_with_its_line(
    tmp_path, users, said
):
    one_m(tmp_path / "ml-1m", users)
    with pytest.raises(RatingsError, match=rf"users\.dat.*{said}"):
        load("1m", folder=tmp_path)


# By the path of a folder -----------------------------------------------------


@pytest.mark.parametrize("form", [str, lambda path: path])
@pytest.mark.parametrize("name", ["ml-latest-small", "ml-25m", "my films"])
def test_a_folder_of_csv_files_is_loaded_by_its_path(small, name, form):
    place = small(name=name)
    data = load(form(place))
    assert data.name == name.removeprefix("ml-")
    assert data.ratings.titles == ("The Film (1995)", "B (1996)", "C")
    assert data.ratings.scale == (0.5, 5)
    assert data.users is None
    assert len(load(place, n_users=1).ratings) == 1


def test_a_folder_above_the_files_will_do_and_so_will_the_archive(
    small, tmp_path
):
    place = small()
    assert load(str(tmp_path)).name == "latest-small"
    path = tmp_path / "films.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in place.iterdir():
            archive.write(file, f"ml-latest-small/{file.name}")
    for named in (path, str(path)):
        data = load(named)
        assert data.name == "latest-small" and len(data.ratings) == 3
    with zipfile.ZipFile(path, "w") as archive:
        for file in place.iterdir():
            archive.write(file, file.name)
    assert load(path).name == "films"


def test_1m_10m_and_100k_are_told_apart_by_their_files(tmp_path, four_ratings):
    one_m(tmp_path / "with people")
    data = load(tmp_path / "with people")
    assert (data.name, data.ratings.scale) == ("1m", (1, 5))
    assert data.ratings.titles[1] == "Les Misérables (1995)"
    assert data.users["occupation"].tolist() == [
        "school student",
        "self-employed",
    ]
    ten = one_m(tmp_path / "ml-10M100K", users=None)
    (ten / "movies.dat").write_text(
        TWO_FILMS,
        encoding="utf-8",
    )
    data = load(ten)
    assert (data.name, data.ratings.scale) == ("10m", (0.5, 5))
    assert data.ratings.titles[1] == "Les Misérables (1995)"
    u_files(tmp_path / "hundred")
    assert load(tmp_path / "hundred").name == "100k"


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("./nowhere", "no such file or folder.*100k, 1m.*synthetic"),
        ("../../etc/nowhere", "no such file or folder"),
        ("./empty", r"none of the files u\.data, ratings\.dat and ratings"),
        ("./both", "holds 2 data sets, ml-1m, ml-latest-small"),
        ("./words.zip", "cannot be read.*or a table of ratings"),
        ("~nosuchuser/x", "cannot be looked into"),
        ("./" + "y" * 5_000, "cannot be looked into"),
        ("100K", "no MovieLens data set is called '100K'; there are 100k"),
        (None, "called None"),
        (["100k"], "no MovieLens data set is called"),
    ],
)
def test_a_path_that_leads_to_no_data_is_answered_in_words(
    named, said, small, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "both").mkdir()
    one_m(tmp_path / "both" / "ml-1m")
    small(name="both/ml-latest-small")
    (tmp_path / "words.zip").write_text("no archive")
    with pytest.raises(RatingsError, match=said):
        load(named)


def test_files_that_lack_are_named_with_those_that_are_there(small):
    place = small()
    (place / "movies.csv").unlink()
    with pytest.raises(RatingsError, match=r"movies\.csv.*there are README"):
        load(place)


def test_what_data_lack_is_said(small, four_ratings, tmp_path):
    assert lacks(load(small())) == [
        "Nothing is known of users but their ratings.",
        "1 of 3 films has no year.",
        "1 of 3 films has no genre.",
    ]
    u_files(tmp_path / "ml-100k")
    assert lacks(load("100k", folder=tmp_path)) == [
        "1 of 4 films has no year.",
        "1 of 4 films has no genre.",
    ]
    assert lacks(synthetic()) == []
    timeless = small(
        RATINGS.replace(",timestamp", "")
        .replace(",10\n", "\n")
        .replace(",11\n", "\n")
        .replace(",12\n", "\n")
    )
    assert any("no timestamps" in said for said in lacks(load(timeless)))


# The made-up set ------------------------------------------------------------


def test_the_synthetic_set_has_the_sizes_asked_for():
    data = load("synthetic")
    assert data.name == "synthetic"
    assert (len(data.ratings), data.ratings.n_users) == (2400, 60)
    assert data.ratings.n_items == len(data.films) == 80
    assert len(data.users) == 60
    small = synthetic(n_users=5, n_items=9, n_ratings=9, n_factors=1)
    assert (small.ratings.n_users, small.ratings.n_items) == (5, 9)
    assert len(set(synthetic(n_items=200).ratings.titles)) == 200


def test_the_first_users_keep_their_ratings_and_all_films():
    whole, few = load("synthetic"), load("synthetic", n_users=10)
    kept = whole.ratings.users < 10
    assert few.ratings.n_users == 10
    assert few.ratings.n_items == whole.ratings.n_items
    assert torch.equal(few.ratings.items, whole.ratings.items[kept])
    assert len(few.users) == 10 and few.films.equals(whole.films)
    assert side_features(few).users.shape[0] == 10
    all_of_them = load("synthetic", n_users=9_999)
    assert len(all_of_them.ratings) == len(whole.ratings)
    with pytest.raises(RatingsError, match="n_users is 0; keep at least 1"):
        load("synthetic", n_users=0)


def test_the_synthetic_set_is_the_same_for_a_seed_and_another_for_another():
    one, same, other = synthetic(seed=1), synthetic(seed=1), synthetic(seed=2)
    assert torch.equal(one.ratings.ratings, same.ratings.ratings)
    assert torch.equal(one.ratings.timestamps, same.ratings.timestamps)
    assert not torch.equal(one.ratings.ratings, other.ratings.ratings)
    pd.testing.assert_frame_equal(one.films, same.films)


def test_synthetic_stars_follow_the_factors_that_the_tables_tell():
    data = synthetic(noise=0.0)
    films, users = data.films, data.users
    names = ["factor_0", "factor_1"]
    rows, columns = data.ratings.users.numpy(), data.ratings.items.numpy()
    dot = users[names].to_numpy()[rows] * films[names].to_numpy()[columns]
    stars = 3.5 + users["bias"].to_numpy()[rows]
    stars = stars + films["bias"].to_numpy()[columns] + dot.sum(1)
    expected = np.clip(np.rint(stars), 1, 5)
    assert data.ratings.ratings.tolist() == expected.tolist()


def test_synthetic_times_hold_ties_and_users_who_come_back():
    ratings = synthetic().ratings
    when = pd.DataFrame(
        {"user": ratings.users.numpy(), "time": ratings.timestamps.numpy()}
    )
    assert when.duplicated(keep=False).mean() > 0.5
    span = when.groupby("user")["time"].agg(lambda t: t.max() - t.min())
    assert 0.1 < (span > 20 * 86_400).mean() < 0.5


def test_the_synthetic_set_refuses_sizes_that_cannot_be():
    with pytest.raises(RatingsError, match=r"20 ratings for 60.*80 to 4800"):
        synthetic(n_ratings=20)


# A table of one's own, and what the book makes of it ------------------------


@pytest.mark.parametrize("form", [str, lambda path: path])
def test_a_table_of_ones_own_is_loaded_by_its_path(form, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("user,item,rating\n7,31,2.5\n7,10,4\n8,31,5\n")
    data = load(form(path))
    assert (data.name, len(data.ratings), data.users) == ("mine", 3, None)
    assert data.films["item_id"].tolist() == [10, 31]
    assert data.films["title"].tolist() == ["item 10", "item 31"]
    assert data.films["year"].isna().all()
    assert lacks(data) == [
        "Nothing is known of users but their ratings.",
        "There are no timestamps, so nothing can be split by time.",
        "Nothing is known of items but what they are called.",
    ]
    features = side_features(data)
    assert features.users.shape == (2, 0) and features.items.shape == (2, 0)


def test_a_table_that_asks_for_settings_says_what_a_chapter_takes(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("who,what,how\nann,tea,4\n")
    with pytest.raises(RatingsError, match=r"columns=.*usual names") as caught:
        load(path)
    (header,) = re.findall(r"names, (\S+)\.", str(caught.value))
    path.write_text(f"{header}\nann,tea,4,0\n")
    assert load(path).ratings.user_ids.tolist() == ["ann"]


def test_a_table_needs_no_folder_in_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.txt").write_text("7\t31\t2\n8\t31\t4\n")
    assert len(load("mine.txt").ratings) == 2


def test_a_table_may_be_packed(tmp_path):
    path = tmp_path / "mine.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mine.csv", "user,item,rating\n7,31,2\n8,31,4\n")
    assert (load(path).name, len(load(path).ratings)) == ("mine", 2)


def test_the_ratings_of_a_folder_stand_for_it_where_its_films_lie_beside(
    small,
):
    place = small()
    assert load(place / "ratings.csv").ratings.titles[0] == "The Film (1995)"
    (place / "movies.csv").unlink()
    assert load(place / "ratings.csv").ratings.titles[0].startswith("item ")


def of_stars(stars, times=None, n_items=None):
    n = len(stars)
    items = torch.arange(n) % (n_items or n)
    return movielens.DataSet(
        "mine",
        Ratings(
            users=torch.arange(n) // items.unique().numel(),
            items=items,
            ratings=torch.tensor(stars, dtype=torch.float32),
            timestamps=None if times is None else torch.tensor(times),
            user_ids=np.arange(n),
            item_ids=np.arange(n_items or n),
            titles=tuple(f"item {i}" for i in range(n_items or n)),
            scale=(float(min(stars)), float(max(stars))),
        ),
        pd.DataFrame(
            {
                "item_id": range(n_items or n),
                "title": "x",
                "year": pd.array([pd.NA] * (n_items or n), dtype="Int64"),
                "genres": [()] * (n_items or n),
            }
        ),
        None,
    )


@pytest.mark.parametrize(
    ("stars", "wanted"),
    [
        ([0, 1, 1, 0], [1, 5, 5, 1]),
        ([-10, 0, 10], [1, 3, 5]),
        ([1, 100, 50.5], [1, 5, 3]),
        ([0.5, 5, 3], [0.5, 5, 3]),
        ([1, 5, 3], [1, 5, 3]),
        ([2, 4, 3], [2, 4, 3]),
        # Hours played: by their places, and equal hours alike.
        ([0.0] * 50 + [1.0] * 49 + [9_999], [2.0] * 50 + [3.98] * 49 + [4.98]),
    ],
)
def test_the_book_reads_any_scale_as_stars(stars, wanted):
    data = for_the_book(of_stars(stars))
    torch.testing.assert_close(
        data.ratings.ratings, torch.tensor(wanted).float()
    )
    changed = stars != wanted
    assert any("are read as stars" in note for note in data.notes) is changed


def test_the_book_says_what_it_was_written_about_but_for_its_own_data():
    data = synthetic()
    assert (
        "The text was written about MovieLens 100K"
        in (for_the_book(data).notes[0])
    )
    own = movielens.replace(data, name="100k")
    assert for_the_book(own) is own and own.notes == ()


def test_the_book_refuses_ratings_that_are_all_equal():
    with pytest.raises(RatingsError, match=r"all ratings are equal.*Lists"):
        for_the_book(of_stars([3, 3, 3]))


def test_where_no_order_is_known_the_book_draws_one_and_says_so():
    bare = of_stars([1, 2, 3, 4, 5] * 20)
    one, same = for_the_book(bare, seed=1), for_the_book(bare, seed=1)
    other = for_the_book(bare, seed=2)
    times = one.ratings.timestamps
    assert times.sort().values.tolist() == list(range(100))
    assert times.equal(same.ratings.timestamps)
    assert not times.equal(other.ratings.timestamps)
    assert times.tolist() != list(range(100))
    assert any("random order stands in" in note for note in one.notes)
    assert not any("no timestamps, so" in note for note in one.notes)


def test_coarse_times_keep_their_order_and_fine_ones_stay():
    days = [86_400 * (i % 4) for i in range(100)]
    coarse = for_the_book(of_stars([1, 5] * 50, days))
    made = coarse.ratings.timestamps
    assert torch.equal(
        torch.tensor(days)[made.argsort()], torch.tensor(sorted(days))
    )
    assert any("Times are coarse" in note for note in coarse.notes)
    seconds = [7 * i for i in range(100)]
    fine = for_the_book(of_stars([1, 5] * 50, seconds))
    assert fine.ratings.timestamps.tolist() == seconds


def test_of_a_large_set_the_book_takes_a_part_and_says_so(monkeypatch):
    monkeypatch.setattr(movielens, "MOST_RATINGS", 600)
    whole = synthetic()
    part = for_the_book(whole, seed=3, most_items=30)
    ratings = part.ratings
    assert 500 < len(ratings) <= 600 and ratings.n_items <= 30
    assert ratings.counts_by_user().min() > 0
    assert ratings.counts_by_item().min() > 0
    assert len(part.films) == ratings.n_items
    assert len(part.users) == ratings.n_users
    # Every row says of whom and of what it was.
    of_whole = {
        (whole.ratings.user_ids[u], whole.ratings.item_ids[i]): s
        for u, i, s in zip(
            whole.ratings.users.tolist(),
            whole.ratings.items.tolist(),
            whole.ratings.ratings.tolist(),
            strict=True,
        )
    }
    for u, i, s in zip(
        ratings.users.tolist(),
        ratings.items.tolist(),
        ratings.ratings.tolist(),
        strict=True,
    ):
        assert of_whole[ratings.user_ids[u], ratings.item_ids[i]] == s
        assert part.films["item_id"][i] == ratings.item_ids[i]
        assert part.users["user_id"][u] == ratings.user_ids[u]
    # The items that most have rated.
    counts = whole.ratings.counts_by_item().sort(descending=True).values
    kept = torch.isin(
        torch.tensor(whole.ratings.item_ids), torch.tensor(ratings.item_ids)
    )
    assert whole.ratings.counts_by_item()[kept].min() >= counts[30]
    assert any("users drawn at random." in note for note in part.notes)
    of_items = for_the_book(synthetic(n_ratings=500), most_items=30)
    (said,) = [note for note in of_items.notes if "takes a part" in note]
    assert said.endswith(
        "of 500 ratings, of the 30 of 80 items that most rated."
    )


# The real set ---------------------------------------------------------------


@pytest.mark.data
def test_the_real_100k_is_what_it_should_be():
    data = load("100k")
    ratings = data.ratings
    assert (len(ratings), ratings.n_users, ratings.n_items) == (
        100_000,
        943,
        1682,
    )
    lines = np.stack(
        [
            ratings.user_ids[ratings.users.numpy()],
            ratings.item_ids[ratings.items.numpy()],
            ratings.ratings.numpy().astype(int),
            ratings.timestamps.numpy(),
        ],
        axis=1,
    )
    text = "".join("\t".join(map(str, row)) + "\n" for row in lines.tolist())
    assert hashlib.sha256(text.encode()).hexdigest() == (
        "06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490"
    )
    assert ratings.ratings.mean().item() == pytest.approx(3.52986, abs=5e-6)
    assert ratings.ratings.std().item() == pytest.approx(1.12567, abs=1e-5)
    assert ratings.counts_by_user().min() == 20


@pytest.mark.data
def test_the_real_100k_has_eighteen_films_under_two_ids():
    ratings = load("100k").ratings
    twice = [t for t in set(ratings.titles) if ratings.titles.count(t) == 2]
    assert len(twice) == 18
    for title in twice:
        first, second = ratings.items_titled(title)
        counts = ratings.counts_by_item()
        assert counts[first] >= counts[second]


@pytest.mark.data
def test_the_real_100k_has_its_odd_films_and_accents_right():
    data = load("100k")
    films = data.films.set_index("item_id")
    assert films.loc[267, "title"] == "unknown"
    assert films.loc[267, "year"] is pd.NA
    assert films.loc[1412, "year"] == 1995
    assert films["year"].isna().sum() == 1
    assert films["genres"].map(len).eq(0).sum() == 2
    accents = [t for t in films["title"] if not t.isascii()]
    assert len(accents) == 9
    assert not films["title"].str.endswith(", The").any()
    assert data.ratings.item_titled("usual suspects, the") == 11
    assert data.users["occupation"].value_counts()["student"] == 196
