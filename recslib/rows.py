"""The rows of a table of ratings, every value as it is written."""

from __future__ import annotations

import csv
import io
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import islice

import numpy as np
import pandas as pd

from recslib.columns import (
    USUAL_NAMES,
    Roles,
    Table,
    pick_columns,
    usual_places,
)
from recslib.layout import (
    BLANKS,
    first_few,
    is_number,
    records,
    start_of_rows,
)
from recslib.ratings import BLANKS as ALL_BLANKS
from recslib.ratings import (
    MISSING,
    RatingsError,
    plain_id,
    refuse_rows,
    say,
)


def rows_of(
    table: Table, picked: Mapping[str, int], roles: Roles
) -> pd.DataFrame:
    """Read the columns that were picked, under the names of their roles.

    Parameters
    ----------
    table
        With its labels.
    picked
        For each role the place of its column.
    roles
        What its columns can be.

    Returns
    -------
    pandas.DataFrame
        A row a rating or title; its index calls them as errors do.

    Raises
    ------
    RatingsError
        For rows of another length, quotation marks that swallow rows, and
        values of two readings.
    """
    if table.frame is not None:
        frame = table.frame.iloc[:, list(picked.values())]
        return frame.set_axis(list(picked), axis=1)
    whole = _read_table(table, picked, roles)
    frame = whole[list(picked.values())].set_axis(list(picked), axis=1)
    if len(frame) == 0:
        return frame
    _refuse_what_is_no_row(table, frame, picked)
    _refuse_no_numbers(table, frame, picked)
    for role in roles.ids:
        if role in picked:
            _refuse_header_among_rows(table, frame, role, picked[role])
            again = partial(_read_again, table, picked, roles)
            frame[role] = _ids_as_written(frame, role, table, again)
    if "rating" in picked:
        frame["rating"] = _with_points(frame, table)
    return frame


def _read_table(
    table: Table, picked: Mapping[str, int], roles: Roles
) -> pd.DataFrame:
    """Read a file fast: one row a line, and the lines as the index."""
    layout, width = table.layout, table.layout.width
    texts = {picked[r] for r in (*roles.ids, "title") if r in picked}
    handle = io.BytesIO(table.data)
    start = handle.seek(start_of_rows(table.data, layout))
    try:
        # One column more than there are shows whether a row is too long.
        with warnings.catch_warnings():
            # It warns where it drops what a longer first row has.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                handle,
                sep=r"\s+" if layout.separator == BLANKS else layout.separator,
                header=None,
                names=range(width + 1),
                # Else it takes the first field of a longer row for an index.
                index_col=False,
                dtype=dict.fromkeys(texts, str),
                keep_default_na=False,
                na_values=[""],
                skip_blank_lines=False,
                quoting=csv.QUOTE_MINIMAL if layout.quotes else csv.QUOTE_NONE,
                encoding="utf-8",
                low_memory=False,
            )
    except pd.errors.EmptyDataError:
        return pd.DataFrame(columns=range(width))
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        raise _ragged(table) from error
    if not _is_blank(frame.pop(width)).all():
        raise _ragged(table)
    frame.index = pd.Index(
        _lines_of(table, start, len(frame), picked), name="line"
    )
    if layout.called == "::":
        # A single colon parts nothing, so the field behind it is lacking.
        refuse_short_rows(table, len(frame), picked)
    alone = np.ones(len(frame), dtype=bool)
    for place in range(1, width):
        alone &= frame[place].isna().to_numpy(dtype=bool)
    alone[alone] = _is_blank(frame.loc[alone, 0])
    return frame[~alone] if alone.any() else frame


def _is_blank(values: pd.Series) -> np.ndarray:
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.isna().to_numpy(dtype=bool)
    texts = values.fillna("").astype(str)
    return np.array([not text.strip(ALL_BLANKS) for text in texts], dtype=bool)


def _lines_of(
    table: Table, start: int, n_rows: int, picked: Mapping[str, int]
) -> range | list[int]:
    """Return the line of each row; fields may go over several lines."""
    data, first = table.data, table.layout.n_above + 1
    n_ends = data.count(b"\n", start) + data.count(b"\r", start)
    n_ends -= data.count(b"\r\n", start)
    # The last line has no end: it was cut.
    if n_rows == n_ends + 1:
        return range(first, first + n_rows)
    lines = []
    try:
        for line, fields in records(data, table.layout):
            lines.append(line)
            if any("\n" in each or "\r" in each for each in fields):
                _refuse_swallowed(table, line, fields, picked)
    except csv.Error as error:
        raise _quotes_error(table, error) from error
    if len(lines) != n_rows:
        raise _quotes_error(table, "they do not come in pairs")
    return lines


def _refuse_swallowed(
    table: Table, line: int, fields: list[str], picked: Mapping[str, int]
) -> None:
    """Refuse a quoted field that looks as if it held rows."""
    width, separator = table.layout.width, table.layout.separator
    for place, field in enumerate(fields):
        pieces = re.split(r"\r\n|\r|\n", field)
        rows = [piece.split(separator) for piece in pieces[1:]]
        looks_like_rows = any(
            len(row) == width
            and is_number(row[picked.get("rating", 0)], decimal_comma=True)
            for row in rows
        )
        if len(pieces) > 1 and (place in picked.values() or looks_like_rows):
            raise _quotes_error(
                table,
                f"a field that opens in line {line} goes over "
                f"{len(pieces)} lines and may hold rows",
            )


def _quotes_error(table: Table, why: object) -> RatingsError:
    escaped = (
        " A backslash stands before quotation marks, as some programs write "
        "them: read_ratings(pd.read_csv(path, sep="
        f"{table.layout.called!r}, escapechar='\\\\'))."
        if b'\\"' in table.data
        else ""
    )
    return RatingsError(
        f"{table.source}: quotation marks part it in a way that cannot be "
        f"meant: {why}. If they are letters like any other, give "
        f"quotes=False; if a field opens with one, look where it closes."
        f"{escaped}"
    )


def _first_rows(table: Table) -> list[list[str]]:
    found = (row for _, row in records(table.data, table.layout))
    return list(islice((row for row in found if any(row)), 100))


def _ragged(table: Table) -> RatingsError:
    layout, source = table.layout, table.source
    width, opened = layout.width, layout.n_above
    bad = []
    try:
        for line, row in records(table.data, layout):
            opened = line
            long = len(row) > width and any(map(str.strip, row[width:]))
            if long or (0 < len(row) < width and any(map(str.strip, row))):
                bad.append(f"line {line} ({len(row)})")
    except csv.Error as error:
        return _quotes_error(table, error)
    if not bad and any(len(row) > width + 1 for row in _first_rows(table)):
        sign = re.escape(layout.called)
        return RatingsError(
            f"{source}: its rows end in more separators than the first line "
            f"has fields for. Cut them: read_ratings(re.sub("
            f"rb'{sign}+(?=[\\r\\n]|$)', b'', Path(path).read_bytes()))."
        )
    if not bad:
        return RatingsError(
            f"{source}: ends inside quotation marks. Look for one that opens "
            f"a field and never closes, from line {opened} on; if they are "
            f"letters like any other, give quotes=False."
        )
    comma = (
        " A comma for the decimals makes two fields of one."
        if layout.called == ","
        else ""
    )
    slash = (
        f" Where a backslash stands before quotation marks: "
        f"read_ratings(pd.read_csv(path, sep={layout.called!r}, "
        f"escapechar='\\\\'))."
        if b'\\"' in table.data
        else ""
    )
    first_rows = _first_rows(table)
    if table.has_names and {len(row) for row in first_rows} == {width + 1}:
        called = r"\s+" if layout.called == BLANKS else layout.called
        beneath = (
            " If its columns stand beneath each other and blanks part words "
            "within: read_ratings(pd.read_fwf(path))."
            if layout.called == BLANKS
            else ""
        )
        return RatingsError(
            f"{source}: {len(bad):,} rows do not have {width} fields as the "
            f"first line has, but one more: {first_few(bad)}.{comma}{beneath} "
            f"If the first is the name of the row, as R writes it: "
            f"read_ratings("
            f"pd.read_csv(path, sep={called!r}, index_col=0))."
        )
    return RatingsError(
        f"{source}: {len(bad):,} rows do not have {width} fields as the "
        f"first line has: {first_few(bad)}. Correct them, quote fields that "
        f"hold a {layout.called!r}, or give another separator=.{comma}{slash}"
    )


def refuse_short_rows(
    table: Table, n_rows: int, picked: Mapping[str, int]
) -> None:
    """Refuse rows that lack fields, if none that is used is among those.

    Parameters
    ----------
    table
        A file; nothing happens with a frame.
    n_rows
        How many were read.
    picked
        For each role the place of its column.

    Raises
    ------
    RatingsError
        Names their lines.
    """
    layout = table.layout
    if layout is None:
        return
    if layout.called != "::" and layout.width - 1 in picked.values():
        return
    if layout.separator != BLANKS and b'"' not in table.data:
        start = start_of_rows(table.data, layout)
        n_found = table.data.count(layout.separator.encode(), start)
        if n_found >= n_rows * (layout.width - 1):
            return
    names = [str(label).strip() for label in table.labels]
    while not names[-1]:
        names.pop()
    for _, row in records(table.data, layout):
        if 0 < len(row) < len(names) and any(map(str.strip, row)):
            raise _ragged(table)


# Values as written -----------------------------------------------------------

# What stands in the last line of a report.
_TOTALS = re.compile(
    r"(grand[ -]?|sub[ -]?)?totals?|sums?|averages?|mean|count|summe|"
    r"(ins)?gesamt(summe)?|mittelwert|durchschnitt|moyenne|somme|suma|totale|"
    r"totaal|razem|toplam|\u0438\u0442\u043e\u0433\u043e|"
    r"\u0432\u0441\u0435\u0433\u043e|\u5408\u8ba1|\u5408\u8a08|\u603b\u8ba1",
    re.IGNORECASE,
)


def _refuse_what_is_no_row(
    table: Table, frame: pd.DataFrame, picked: Mapping[str, int]
) -> None:
    """Refuse a header among the rows, and the totals below them."""
    if table.has_names:
        again = np.ones(len(frame), dtype=bool)
        for role, place in picked.items():
            # Few values are known, and rows are many.
            codes, known = pd.factorize(frame[role])
            name = str(table.labels[place])
            same = [str(text).strip(ALL_BLANKS) == name for text in known]
            if not any(same):
                again[:] = False
                break
            again &= np.array([*same, False])[codes]
        refuse_rows(
            frame,
            next(iter(picked)),
            again,
            table.source,
            "name the columns, as the first line does",
            "Leave those rows out",
        )
    for role in ("user", "item"):
        if role in frame and "rating" in frame:
            last = np.zeros(len(frame), dtype=bool)
            text = str(frame[role].iloc[-1]).strip(ALL_BLANKS)
            last[-1] = bool(_TOTALS.fullmatch(text))
            refuse_rows(
                frame,
                role,
                last,
                table.source,
                "look like the totals below a table",
                "Leave the last row out; if it is a rating, put it above "
                "another",
            )


def _refuse_no_numbers(
    table: Table, frame: pd.DataFrame, picked: Mapping[str, int]
) -> None:
    """Refuse columns that nothing names, where the stars are no numbers."""
    if table.has_names or "rating" not in picked:
        return
    known = list(map(str, frame["rating"].dropna().unique()))
    commas = table.layout.called != ","
    if len(known) and not any(
        is_number(text, decimal_comma=commas)
        and not re.search(r"[0-9][-/][0-9]", text)
        for text in known
    ):
        raise RatingsError(
            f"{table.source}: has no header, and column {picked['rating']}, "
            f"taken for the ratings, holds no numbers: {first_few(known)}. "
            f"Say which is which, counted from 0: columns={{'user': 0, "
            f"'item': 1, 'rating': 2}} with their numbers."
        )


def _refuse_header_among_rows(
    table: Table, frame: pd.DataFrame, role: str, place: int
) -> None:
    """Refuse a first line that may be a header, or may be a row."""
    values = frame[role]
    first = str(values.iloc[0])
    if table.has_names:
        name = str(table.labels[place])
        odd = not usual_places([name], USUAL_NAMES.get(role, ())) and bool(
            (values == name).any()
        )
        shown = f"{name!r} stands in it and among the rows below"
    else:
        rest = values.iloc[1:]
        odd = (
            len(rest) > 1
            and not is_number(first)
            and first.strip(ALL_BLANKS).lower() not in MISSING
            and all(isinstance(plain_id(each), int) for each in rest.unique())
        )
        shown = f"{first!r} stands over nothing but numbers"
    if odd:
        raise RatingsError(
            f"{table.source}: the first line may be a header or a row: "
            f"{shown}. Write a line above all rows that names the columns "
            f"user, item, rating (and timestamp)."
        )


def _read_again(
    table: Table, picked: Mapping[str, int], roles: Roles, words: bool
) -> str:
    """Write the call that keeps a file as it is written.

    With ``words``, NA and its like are no words for nothing.
    """
    layout, how, labels = table.layout, [], table.labels
    if layout.called == "::":
        how.append("sep='::', engine='python'")
    elif layout.called != ",":
        sign = r"\s+" if layout.called == BLANKS else layout.called
        how.append(f"sep={sign!r}")
    if not layout.quotes:
        how.append("quoting=3")
    has_names = table.has_names and layout.n_above == 1
    if not has_names:
        labels = list(range(layout.width))
        how.append("header=None")
        if layout.n_above:
            how.append(f"skiprows={layout.n_above}")
    kinds = "str"
    if layout.called != "," and re.search(rb"[0-9],[0-9]", table.data):
        # Commas stand for decimals, and what is text has none.
        ids = [labels[picked[role]] for role in roles.ids if role in picked]
        kinds = f"{{{', '.join(f'{id_!r}: str' for id_ in ids)}}}"
        how.append("decimal=','")
    how.append(f"dtype={kinds}")
    if words:
        how.append("keep_default_na=False")
    try:
        anew = pick_columns(Table("", labels, has_names), {}, roles)
    except RatingsError:
        anew = {}
    named = {role: labels[place] for role, place in picked.items()}
    columns = "" if anew == picked else f", columns={named!r}"
    what = "read_ratings" if "rating" in roles.needed else "read_titles"
    return f"{what}(pd.read_csv(path, {', '.join(how)}){columns})"


def _ids_as_written(
    frame: pd.DataFrame,
    role: str,
    table: Table,
    again: Callable[[bool], str],
) -> pd.Series:
    """Make numbers of ids that are all whole numbers and written as such."""
    codes, known = pd.factorize(frame[role])
    texts = [str(text).strip(ALL_BLANKS) for text in known]
    formulas = [re.fullmatch('="(.*)"', text) for text in texts]
    if texts and all(formulas):
        say(
            f"{table.source}: the {role} ids are written as a spreadsheet "
            f"keeps text: {texts[0]} is taken for {formulas[0][1]}."
        )
        texts = [match[1].strip(ALL_BLANKS) for match in formulas]
        frame[role] = np.array([*texts, ""], dtype=object)[codes]
    ids = [plain_id(text) for text in texts]
    if all(isinstance(id_, int) for id_ in ids):
        # Blanks beside a comma are nothing to speak of, others are.
        pairs = zip(map(str, known), texts, strict=True)
        odd = [whole for whole, text in pairs if whole.strip(" \t") != text]
        if odd:
            say(
                f"{table.source}: cut the blanks at the ends of {len(odd):,} "
                f"{role} ids, such as {odd[0]!r}."
            )
        return _taken(np.array(ids, dtype=np.int64), codes, frame.index)
    if b'\\"' in table.data and any('"' in t and "\\" in t for t in texts):
        raise _quotes_error(table, f"it cuts a {role} in two")
    refuse = partial(
        _refuse_ids, frame, role, codes, texts, table.source, again
    )
    whole = [re.fullmatch(r"(0|[1-9][0-9]{0,14})(\.0+)?", t) for t in texts]
    if all(whole) and texts:
        ids = [int(match[1]) for match in whole]
        refuse(
            lambda t: bool(re.fullmatch(r"[1-9][0-9]{0,2}\.000", t)),
            f"have a {role} whose point may stand for thousands or for "
            f"decimals",
        )
        if len(set(ids)) == len(ids):
            return _taken(np.array(ids, dtype=np.int64), codes, frame.index)
        refuse(
            lambda t: "." in t,
            f"have a {role} such as 7.0, and others 7, which may be one",
        )
    words = [text.lower() in MISSING for text in texts]
    kinds = list(zip(texts, words, strict=True))
    numbers = [is_number(text) and not word for text, word in kinds]
    others = [is_number(text) or word or not text for text, word in kinds]
    if any(numbers) and all(others):
        refuse(
            lambda t: t.lower() in MISSING,
            f"have no {role}, which is a number elsewhere",
        )
        refuse(
            lambda t: bool(re.fullmatch(r"[+-]?[0-9]*[.,][0-9]*", t)),
            f"have a {role} that is no whole number",
        )
        refuse(
            lambda t: bool(re.search(r"[.,].*e|e[+]", t.lower())),
            f"have a {role} with an exponent, as spreadsheets round long "
            f"numbers",
        )
    refuse(
        lambda t: "\t" in t,
        f"have a {role} that holds a tab, which may part two fields",
    )
    words_alone = [t for t in texts if t and not re.search(r"[0-9]", t)]
    if len(words_alone) == 1 and sum(isinstance(i, int) for i in ids) > 1:
        refuse(
            lambda t: bool(_TOTALS.fullmatch(t)),
            f"have a {role} that looks like the totals of a table",
        )
        say(
            f"{table.source}: the {role} {words_alone[0]!r} is no number, as "
            f"the others are; the ids of all are kept as text. If it is no "
            f"{role}, leave those rows out."
        )
    for text, word in kinds:
        if word and [text] != words_alone:
            say(
                f"{table.source}: {text!r} is taken for the id of "
                f"{'a user' if role == 'user' else 'an item'}, as written. If "
                f"it says that there is none, leave those rows out."
            )
    return frame[role]


def _taken(ids: np.ndarray, codes: np.ndarray, index: pd.Index) -> pd.Series:
    numbers = pd.Series(np.append(ids, 0)[codes], index=index)
    # A missing id stays missing.
    return numbers.where(codes >= 0) if (codes < 0).any() else numbers


def _refuse_ids(
    frame: pd.DataFrame,
    role: str,
    codes: np.ndarray,
    texts: Sequence[str],
    source: str,
    again: Callable[[bool], str],
    is_bad: Callable[[str], bool],
    what: str,
) -> None:
    bad = np.array([is_bad(text) for text in texts] + [False])
    words = any(text.lower() in MISSING for text in texts)
    refuse_rows(
        frame,
        role,
        bad[codes],
        source,
        what,
        f"Correct them or leave those rows out; to keep all as they are "
        f"written, read the file with pandas: {again(words)}",
    )


def _with_points(frame: pd.DataFrame, table: Table) -> pd.Series:
    """Write decimal points for the commas of ratings."""
    values = frame["rating"]
    if table.layout.called == "," or pd.api.types.is_numeric_dtype(values):
        return values
    texts = values.dropna().astype(str).str.strip(ALL_BLANKS)
    with_comma = texts[texts.str.contains(",", regex=False)]
    known = with_comma.unique()
    if not len(known) or not all(
        is_number(text, decimal_comma=True) for text in texts.unique()
    ):
        return values
    thousands = all(
        re.fullmatch(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}", t) for t in known
    )
    refuse_rows(
        frame,
        "rating",
        frame.index.isin(with_comma.index) & thousands,
        table.source,
        "have a rating whose comma may stand for thousands or for decimals",
        "Write decimals with a point, and thousands with nothing",
    )
    say(
        f"{table.source}: the commas of ratings are taken for decimal "
        f"points: {known[0]} is {known[0].replace(',', '.')}."
    )
    return texts.str.replace(",", ".").reindex(values.index)


def refuse_guessed(
    table: Table,
    frame: pd.DataFrame,
    picked: Mapping[str, int],
    columns: Mapping[str, str | int],
) -> None:
    """Look twice at four columns that nothing names.

    Parameters
    ----------
    table
        Of ratings.
    frame
        What `rows_of` read of it.
    picked
        For each role the place of its column.
    columns
        What was said of it, as in `recslib.tables.read_ratings`.

    Raises
    ------
    RatingsError
        Where they may be something else than user, item, rating, timestamp.
    """
    if table.layout is None or table.has_names:
        return
    _refuse_counted_columns(table)
    if columns:
        return
    _refuse_times_as_stars(table, frame, picked)
    if "timestamp" not in picked or len(frame) < 2:
        return
    times = pd.to_numeric(frame["timestamp"], errors="coerce")
    if times.isna().any():
        return
    users = frame["user"].to_numpy()
    counted = users.dtype == np.int64 and (
        (np.diff(users) == 1).all() and users[0] in (0, 1)
    )
    known = set(times.tolist())
    numbered = len(users) > 2 and len(known) > 1 and frame["user"].is_unique
    why = ""
    if (counted or numbered) and times.abs().max() <= 10:
        why = (
            "the first column may count the rows, and the fourth hold the "
            "ratings"
        )
    elif (
        table.layout.called == ","
        and len(known) > 1
        and known <= {0.0, 5.0, 25.0, 50.0, 75.0}
    ):
        why = "the fourth column may hold the decimals of ratings, as in 4,5"
    if why:
        raise RatingsError(
            f"{table.source}: has four columns and no header, and {why}. "
            f"Write a line above all rows that names the columns, or give "
            f"columns={{'user': 0, 'item': 1, 'rating': 2, 'timestamp': 3}} "
            f"with their numbers."
        )
    if times.abs().max() <= 10:
        say(
            f"{table.source}: has no header, and its fourth column is taken "
            f"for Unix seconds. If it holds something else: "
            f"columns={{'user': 0, 'item': 1, 'rating': 2}} with the numbers "
            f"of the right columns."
        )


def _refuse_counted_columns(table: Table) -> None:
    """Refuse a first line 0,1,2: pandas writes it over columns unnamed."""
    layout = table.layout
    start = start_of_rows(table.data, layout)
    first = re.split(rb"[\r\n]", table.data[start : start + 100])[0].decode(
        "utf-8", "ignore"
    )
    counted = [str(place) for place in range(layout.width)]
    blanks = layout.separator == BLANKS
    if first.split(None if blanks else layout.separator) == counted:
        called = r"\s+" if blanks else layout.called
        raise RatingsError(
            f"{table.source}: the first line may be a header or a row: it "
            f"counts the columns, {','.join(counted)}. If it is a header: "
            f"read_ratings(pd.read_csv(path, sep={called!r}), "
            f"columns={{'user': 0, 'item': 1, 'rating': 2}}); if it is a "
            f"row, write a line above it that names the columns."
        )


def _refuse_times_as_stars(
    table: Table, frame: pd.DataFrame, picked: Mapping[str, int]
) -> None:
    """Refuse a third column that nothing names and that may hold times."""
    if "rating" not in picked or len(frame) == 0:
        return
    stars = pd.to_numeric(frame["rating"], errors="coerce")
    if stars.min() >= 10**8 and (stars % 1 == 0).all():
        raise RatingsError(
            f"{table.source}: has no header, and column {picked['rating']}, "
            f"taken for the ratings, may hold Unix seconds, such as "
            f"{int(stars.iloc[0])}. Write a line above all rows that names "
            f"the columns, or give columns={{'user': 0, 'item': 1, "
            f"'rating': 2}} with their numbers."
        )
