"""Which column of a table of ratings, or of titles, is which."""

from __future__ import annotations

import operator
import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from recslib.layout import Layout, is_number
from recslib.ratings import BLANKS as ALL_BLANKS
from recslib.ratings import MISSING, RatingsError, say

_THINGS = (
    "item|movie|film|book|product|anime|joke|game|song|track|artist|business"
)
# What columns are usually called, in lower case and letters only. A name of
# an earlier row counts for more; two of one row are a question.
USUAL_NAMES: dict[str, tuple[str, ...]] = {
    "user": (
        "uid|(user|reviewer|customer)id",
        "user|reviewer|customer",
        "u",
        "(reader|viewer|listener|player|member|person)(id)?",
    ),
    "item": (f"iid|({_THINGS})id|isbn|asin", _THINGS, "i"),
    "rating": (
        "ratings?|bookrating|stars?|score|overall",
        "points|grade|likes?|liked|hours(played)?|plays?|playcount|listens?|"
        "listencount|weight",
    ),
    "timestamp": ("timestamp|unix(review)?time(stamp)?", "time", "ts"),
}
TITLE_NAMES: dict[str, tuple[str, ...]] = {
    "item": USUAL_NAMES["item"],
    "title": (f"title|({_THINGS})(title|name)", "name", _THINGS),
}
_LIKE_A_TIME = re.compile(
    r".*(date|time|created|updated|when|stamp).*|(.*_)?(at|on)"
)


@dataclass(frozen=True)
class Roles:
    """What the columns of a kind of table can be taken for."""

    usual: Mapping[str, tuple[str, ...]]
    needed: tuple[str, ...]
    ids: tuple[str, ...]
    number: str


RATINGS = Roles(
    USUAL_NAMES, ("user", "item", "rating"), ("user", "item"), "rating"
)
# A title may look like a number; it is kept as written, like an id.
TITLES = Roles(TITLE_NAMES, ("item", "title"), ("item",), "item")


@dataclass(frozen=True, eq=False)
class Table:
    """A table whose columns are known, and whose rows are not read yet."""

    source: str
    labels: list[Hashable]
    has_names: bool
    frame: pd.DataFrame | None = None
    data: bytes = b""
    layout: Layout | None = None


def _plain(name: object) -> str:
    # RecBole writes "user_id:token".
    return re.sub(r"[^a-z]", "", str(name).lower().partition(":")[0])


def usual_places(labels: Sequence[object], tiers: Sequence[str]) -> list[int]:
    """Find the columns that are called as a role usually is.

    Parameters
    ----------
    labels
        Names of columns.
    tiers
        Patterns; one that stands earlier counts for more.

    Returns
    -------
    list of int
        Places of those that fit the first tier that any fits.
    """
    plain = [_plain(label) for label in labels]
    for tier in tiers:
        hits = [i for i, name in enumerate(plain) if re.fullmatch(tier, name)]
        if hits:
            return hits
    return []


def _n_named(fields: Sequence[str], roles: Roles) -> int:
    return sum(
        bool(usual_places(fields, roles.usual[role])) for role in roles.needed
    )


def _has_given_name(
    fields: Sequence[str], columns: Mapping[str, str | int]
) -> bool:
    bare = {field.strip(f'"{ALL_BLANKS}') for field in fields}
    return any(
        isinstance(name, str) and name in bare for name in columns.values()
    )


def _number_place(columns: Mapping[str, str | int], roles: Roles) -> int:
    place = columns.get(roles.number)
    usual = list(roles.usual).index(roles.number)
    return place if isinstance(place, int) else usual


def is_table(
    fields: Sequence[str],
    commas: bool,
    *,
    columns: Mapping[str, str | int],
    roles: Roles,
) -> bool:
    """Tell whether a line begins a table.

    Parameters
    ----------
    fields
        Of the line.
    commas
        Whether a comma may stand for the decimal point.
    columns
        As in `recslib.tables.read_ratings`.
    roles
        What its columns can be.
    """
    place = _number_place(columns, roles)
    return (
        _has_given_name(fields, columns)
        or _n_named(fields, roles) > 1
        or (
            0 <= place < len(fields)
            and is_number(fields[place], decimal_comma=commas)
        )
    )


def is_header(
    fields: Sequence[str],
    commas: bool,
    *,
    columns: Mapping[str, str | int],
    roles: Roles,
    source: str,
) -> bool:
    """Tell whether a line holds the names of columns.

    Parameters
    ----------
    fields, commas, columns, roles
        As in `is_table`.
    source
        What errors call the table.

    Raises
    ------
    RatingsError
        For a matrix of users by items.
    """
    if _has_given_name(fields, columns):
        return True
    if _n_named(fields, roles) == len(roles.needed):
        return True
    numbers = [is_number(each, decimal_comma=commas) for each in fields]
    # Pandas finds out by itself what parts fields, if it is asked to.
    sniff = ", sep=None, engine='python'" if commas else ""
    if len(fields) > 3 and not fields[0].strip() and all(numbers[1:]):
        raise RatingsError(
            f"{source}: its first line has an empty field and then numbers, "
            f"as over a matrix, or over a table that pandas wrote without "
            f"names. Make a row a rating of a matrix: frame = pd.read_csv("
            f"path{sniff}, index_col=0); read_ratings("
            f"frame.rename_axis('user').rename_axis('item', axis=1).stack()"
            f".dropna().rename('rating').reset_index()). Or give the names: "
            f"read_ratings(pd.read_csv(path{sniff}, skiprows=1, names="
            f"{['row', 'user', 'item', 'rating', 'timestamp'][: len(fields)]}"
            f"))."
        )
    if any(numbers):
        named = [
            role
            for role in roles.ids
            if usual_places(fields[:1], roles.usual[role][:2])
        ]
        if named and len(fields) > 2 and all(numbers[1:]):
            other = "user" if "item" in named else "item"
            raise RatingsError(
                f"{source}: looks like a matrix, with a column an item or a "
                f"user: its first line is {', '.join(fields[:4])}, ... Make "
                f"a row a rating of it: frame = pd.read_csv(path{sniff}); "
                f"frame.melt({fields[0]!r}, var_name={other!r}, "
                f"value_name='rating').dropna()."
            )
        return False
    place = columns.get(roles.number)
    if isinstance(place, int) and 0 <= place < len(fields):
        cell = fields[place].strip(ALL_BLANKS).lower()
        return cell != "" and cell not in MISSING
    return True


def pick_columns(
    table: Table, columns: Mapping[str, str | int], roles: Roles
) -> dict[str, int]:
    """Say for each role the place of its column.

    Parameters
    ----------
    table
        With its labels.
    columns
        What was said of it, as in `recslib.tables.read_ratings`.
    roles
        What its columns can be.

    Raises
    ------
    RatingsError
        Where a column is lacking, and where two fit.
    """
    labels, source = table.labels, table.source
    found: dict[str, int] = {}
    for role, wanted in columns.items():
        if wanted is not None:
            place = _place_of(wanted, labels, role, source)
            if place is not None:
                found[role] = place
    _refuse_two_roles(found, labels, source)
    given = set(found.values())
    may_guess = len(labels) <= len(roles.usual) or roles is TITLES
    for place, (role, tiers) in enumerate(roles.usual.items()):
        if columns.get(role) is not None:
            continue
        if table.has_names:
            hits = [
                hit
                for hit in usual_places(
                    ["" if i in given else n for i, n in enumerate(labels)],
                    tiers,
                )
                # Where there is no better one, "movie" is the title.
                if hit not in found.values() or roles is RATINGS
            ]
            if len(hits) > 2 and _differ_by_number(labels, hits):
                raise _matrix_error(table, labels[0], role)
            if len(hits) > 1:
                raise RatingsError(
                    f"{source}: {len(hits)} columns could be the {role}: "
                    f"{', '.join(str(labels[hit]) for hit in hits)}. Say "
                    f"which it is: columns={{{role!r}: "
                    f"{_name_or_number(labels, hits[0])!r}}}."
                )
            if hits:
                found[role] = hits[0]
        elif may_guess and place < len(labels) and place not in given:
            found[role] = place
    lacking = [
        role
        for role in roles.usual
        if role not in found and (role in roles.needed or role in columns)
    ]
    if lacking:
        raise _no_column(table, lacking, found, roles)
    return {role: found[role] for role in roles.usual if role in found}


def _differ_by_number(
    labels: Sequence[Hashable], places: Sequence[int]
) -> bool:
    """Tell whether names are one word with numbers: item1, item2, item3."""
    names = {re.sub("[0-9]+", "0", str(labels[place])) for place in places}
    return len(names) == 1 and "0" in next(iter(names))


def _matrix_error(table: Table, first: Hashable, role: str) -> RatingsError:
    shown = ", ".join(map(str, table.labels[:4]))
    return RatingsError(
        f"{table.source}: looks like a matrix, with a column {_a(role)}: its "
        f"columns are {shown}, ... Make a row a rating of it: "
        f"frame.melt({first!r}, var_name={role!r}, value_name='rating')"
        f".dropna()."
    )


def _a(role: str) -> str:
    return "an item" if role == "item" else f"a {role}"


def _name_or_number(labels: Sequence[Hashable], place: int) -> Hashable:
    return place if labels.count(labels[place]) > 1 else labels[place]


def _place_of(
    wanted: object, labels: Sequence[Hashable], role: str, source: str
) -> int | None:
    if isinstance(wanted, bool | float):
        return None
    places = [i for i, label in enumerate(labels) if label == wanted]
    if len(places) > 1:
        raise RatingsError(
            f"{source}: {len(places)} columns are called {wanted}. Give the "
            f"number of the one that is meant: columns={{{role!r}: "
            f"{places[0]}}}."
        )
    if places:
        return places[0]
    try:
        place = operator.index(wanted)  # type: ignore[arg-type]
    except TypeError:
        return None
    return place if 0 <= place < len(labels) else None


def _refuse_two_roles(
    found: Mapping[str, int], labels: Sequence[Hashable], source: str
) -> None:
    for role, place in found.items():
        same = [each for each, other in found.items() if other == place]
        if len(same) > 1:
            raise RatingsError(
                f"{source}: columns gives {labels[place]} for "
                f"{' and for '.join(same)}. Give {role} a column of its own."
            )


def _no_column(
    table: Table,
    lacking: Sequence[str],
    found: Mapping[str, int],
    roles: Roles,
) -> RatingsError:
    labels = table.labels
    shown = ", ".join(map(str, labels[:20])) or "no columns at all"
    shown += ", ..." if len(labels) > 20 else ""
    said = (
        f"{table.source}: no column for {' and '.join(lacking)} among {shown}."
    )
    wanted = ", ".join(f"'{role}': ..." for role in lacking)
    remedy = (
        f"Say which it is, by its name or its number from 0 up: "
        f"columns={{{wanted}}}."
    )
    if lacking == ["user"] and roles is RATINGS and table.has_names:
        remedy += (
            " If all ratings are of one person, give that one a column: "
            "frame.assign(user=1)."
        )
    names = [] if table.frame is None else table.frame.index.names
    at_rows = [
        name
        for name in names
        if any(usual_places([name], roles.usual[role]) for role in lacking)
    ]
    across = None if table.frame is None else table.frame.columns.name
    if at_rows and across is not None:
        remedy = (
            f"It is a matrix of {at_rows[0]} by {across}; make a row a "
            f"rating of it: frame.stack().rename('rating').dropna()"
            f".reset_index()."
        )
    elif at_rows:
        remedy = (
            f"The index is called {at_rows[0]}: frame.reset_index() makes a "
            f"column of it."
        )
    elif len(labels) == 1 and table.layout is not None:
        remedy = _what_parts(table, roles)
    elif _stands_twice(table):
        sign = table.layout.called
        remedy = (
            f"{sign * 2!r} parts its fields: read_ratings(Path(path)"
            f".read_bytes().replace({(sign * 2).encode()!r}, "
            f"{sign.encode()!r}))."
        )
    elif not table.has_names and len(labels) > len(roles.usual):
        remedy = (
            f"The table has {len(labels)} columns and no header. Say which is "
            f"which, counted from 0: columns={{"
            + ", ".join(f"{r!r}: {i}" for i, r in enumerate(roles.needed))
            + "} for example."
        )
    elif not found and table.layout is not None:
        remedy += (
            " If that is no first line of a table with one rating a row, "
            "leave out what stands above the table."
        )
    elif (
        table.has_names
        and "rating" in lacking
        and len(lacking) > 1
        and len(labels) > 2
        and len(set(found) & set(roles.ids)) == 1
    ):
        (whose,) = set(found) & set(roles.ids)
        other = "item" if whose == "user" else "user"
        remedy += (
            f" If it is a matrix, with a column {_a(other)}, make a row a "
            f"rating of it: frame.melt({labels[found[whose]]!r}, "
            f"var_name={other!r}, value_name='rating').dropna()."
        )
    elif len(lacking) > 1 and table.layout is not None:
        remedy += (
            " If something stands above the line that names the columns, "
            "leave it out."
        )
    return RatingsError(f"{said} {remedy}")


def _stands_twice(table: Table) -> bool:
    """Tell whether a separator of two signs was taken for one of one."""
    layout = table.layout
    if layout is None or len(layout.called) > 1 or layout.called == " ":
        return False
    first = table.data.decode("utf-8").strip().splitlines()[0]
    fields = first.split(layout.called)
    return len(fields) > 4 and not any(fields[1::2])


def _what_parts(table: Table, roles: Roles) -> str:
    """Say how to part a table whose first line is one field."""
    first, *_ = table.data.decode("utf-8").strip().splitlines()
    signs = re.findall(r"[^\w\s.\"'\u0080-\U0010ffff]|[\x01-\x08]", first)
    fitting = [s for s in dict.fromkeys(signs) if signs.count(s) > 1]
    if "," in fitting and first.startswith('"') and first.endswith('"'):
        return (
            "Quotation marks stand around whole lines: read_ratings("
            "Path(path).read_bytes().replace(b'\"', b''))."
        )
    least = len(roles.needed) - 1
    fitting = [s for s in fitting if signs.count(s) >= least] or [":"]
    return (
        f"Nothing that is usual parts the first line: say what does, for "
        f"example separator={fitting[0]!r}."
    )


def read_as(table: Table, picked: Mapping[str, int]) -> str:
    """Say in a line which columns were taken for what.

    Parameters
    ----------
    table
        With its labels.
    picked
        For each role the place of its column, from `pick_columns`.
    """
    prefix = "" if table.has_names else "column "
    used = [f"{r} = {prefix}{table.labels[i]}" for r, i in picked.items()]
    if "rating" in picked and "timestamp" not in picked:
        used.append("no timestamps")
    left = [
        f"{prefix}{label}"
        for i, label in enumerate(table.labels)
        if i not in picked.values() and str(label).strip()
    ]
    parts = [", ".join(used)]
    if left:
        shown = ", ".join(left[:20]) + (", ..." if len(left) > 20 else "")
        parts.append(f"left out: {shown}")
    parts += table.layout.remarks if table.layout else ()
    return f"{table.source}: {'; '.join(parts)}"


def warn_of_times(table: Table, picked: Mapping[str, int]) -> None:
    """Say so where a column that may hold the times is left out.

    Parameters
    ----------
    table
        With its labels.
    picked
        For each role the place of its column, from `pick_columns`.
    """
    if "timestamp" in picked:
        return
    for place, label in enumerate(table.labels):
        words = re.sub(r"[^a-z]+", "_", str(label).lower()).strip("_")
        if place not in picked.values() and _LIKE_A_TIME.fullmatch(words):
            say(
                f"{table.source}: the column {label} is left out, so there "
                f"are no timestamps. If it says when somebody rated: "
                f"columns={{'timestamp': {label!r}}}."
            )
            return
