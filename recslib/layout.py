"""How a file holds a table: packed, in which letters, with which separator.

Everything here works on bytes; nothing knows of users and items.
"""

from __future__ import annotations

import bz2
import codecs
import csv
import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from recslib.ratings import N_SHOWN, RatingsError, say

# Runs of blanks and tabs; every other separator is one character, or "::".
BLANKS = " "
# Stands for "::" while a table is read: pandas wants one character.
_FOR_COLONS = "\x1f"
_CANDIDATES = ("::", "\t", ",", ";", "|")
_N_SAMPLE = 100
_SAMPLE_BYTES = 1 << 16
_LINE_END = re.compile(r"\r\n|\r|\n")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_NUMBER_WITH_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+")
# A line of a drawn table: "+----+----+", "|---|---|", "----+----".
_DRAWN = re.compile(r"[|+]?[ :]*--[-: ]*([|+][-: ]*)+")
_DATE = re.compile(r"[0-9]{1,4}([-/.])[0-9]{1,2}\1[0-9]{1,4}.*")
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    # UTF-32's mark starts with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_PACKERS: tuple[tuple[bytes, str, Callable[[bytes], bytes]], ...] = (
    (b"\x1f\x8b", "gzip", gzip.decompress),
    (b"BZh", "bzip2", bz2.decompress),
    (b"\xfd7zXZ\x00", "xz", lzma.decompress),
    (b"\x5d\x00\x00", "lzma", lzma.decompress),
)
_THROUGH_PANDAS = "Read it with pandas: read_ratings(pd.{}). {}"
# How files begin that are no text, what they are called, and what to do.
_FOREIGN: tuple[tuple[bytes, str, str], ...] = (
    (
        b"PAR1",
        "Parquet",
        _THROUGH_PANDAS.format(
            "read_parquet(path)", "It needs `pip install pyarrow`"
        ),
    ),
    (
        b"ARROW1",
        "Feather",
        _THROUGH_PANDAS.format(
            "read_feather(path)", "It needs `pip install pyarrow`"
        ),
    ),
    (
        b"SQLite format 3\0",
        "an SQLite database",
        _THROUGH_PANDAS.format(
            "read_sql('select * from NAME', sqlite3.connect(path))",
            "NAME is that of the table",
        ),
    ),
    (
        b"\x89HDF\r\n",
        "HDF5",
        _THROUGH_PANDAS.format(
            "read_hdf(path)", "It needs `pip install tables`"
        ),
    ),
    (
        b"\xd0\xcf\x11\xe0",
        "a workbook of an old Excel",
        "Open it in a spreadsheet and save the table as CSV",
    ),
    (
        b"\x93NUMPY",
        "a NumPy array",
        "Put it into a frame: read_ratings(pd.DataFrame(np.load(path)))",
    ),
    (
        b"\x80",
        "a pickle of Python",
        _THROUGH_PANDAS.format(
            "read_pickle(path)", "Only if you trust who made it: it runs code"
        ),
    ),
    (
        b"<stata_dta>",
        "a file of Stata",
        _THROUGH_PANDAS.format("read_stata(path)", "Nothing else is needed"),
    ),
    (
        b"$FL2",
        "a file of SPSS",
        _THROUGH_PANDAS.format(
            "read_spss(path)", "It needs `pip install pyreadstat`"
        ),
    ),
    (
        b"ORC",
        "an ORC file",
        _THROUGH_PANDAS.format(
            "read_orc(path)", "It needs `pip install pyarrow`"
        ),
    ),
    (b"Obj\x01", "an Avro file", "Save the table as CSV"),
    (b"MATLAB 5.0 MAT", "a file of MATLAB", "Save the table as CSV"),
    (b"\x89PNG", "a picture", "Look for the table as a file of its own"),
    (b"\xff\xd8\xff", "a picture", "Look for the table as a file of its own"),
    (
        b"version https://git-lfs",
        "a pointer of Git LFS",
        "Where it lies, `git lfs pull` brings the file it stands for",
    ),
    (b"\x04\x22\x4d\x18", "packed with LZ4", "Unpack it with unlz4"),
    (b"\x1f\x9d", "packed with compress", "Unpack it with uncompress"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd", "Unpack it with unzstd"),
    (b"7z\xbc\xaf", "packed with 7-Zip", "Unpack it first"),
    (b"Rar!", "packed with RAR", "Unpack it first"),
    (
        b"RDX",
        "an image of R",
        "In R, write.csv(NAME, 'ratings.csv', row.names=FALSE) makes a file "
        "that can be read",
    ),
    (b"%PDF", "a PDF", "Look for the table as a file of its own"),
    (
        b"%%MatrixMarket",
        "a Matrix Market file",
        "Take its lines from the third on, where each is user, item, rating",
    ),
)


@dataclass(frozen=True)
class Layout:
    """How the rows of a table are written.

    Parameters
    ----------
    separator
        What stands between two fields, as the bytes now have it.
    called
        The same as a person writes it: ``"::"``.
    quotes
        Whether quotation marks quote.
    header
        The names of the columns, or None.
    width
        How many fields a row has.
    n_above
        Lines above the first row.
    remarks
        What else was seen and left out.
    """

    separator: str
    called: str
    quotes: bool
    header: tuple[str, ...] | None
    width: int
    n_above: int
    remarks: tuple[str, ...] = ()


def is_number(text: str, *, decimal_comma: bool = False) -> bool:
    """Tell whether a field holds a number, or a date."""
    text = text.strip()
    return any(
        pattern.fullmatch(text)
        for pattern in (
            _NUMBER,
            _DATE,
            *((_NUMBER_WITH_COMMA,) if decimal_comma else ()),
        )
    ) or text.lower().lstrip("+-") in ("nan", "inf", "infinity")


def unpacked(data: bytes, source: str) -> bytes:
    """Unpack gzip, bzip2, xz, and a zip that holds one table.

    Raises
    ------
    RatingsError
        For what is damaged, for a zip of several tables, and for formats
        that are no text; says what it is and how to come to a table.
    """
    for start, name, unpack in _PACKERS:
        if data.startswith(start):
            try:
                return unpacked(unpack(data), source)
            except RatingsError:
                raise
            except (OSError, EOFError, ValueError, zlib.error) as error:
                raise _damaged(source, name, error) from error
            except lzma.LZMAError as error:
                raise _damaged(source, name, error) from error
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return unpacked(_only_table(data, source), source)
    if data[257:262] == b"ustar":
        raise RatingsError(
            f"{source}: is a tar archive. Unpack it, and give the table in it."
        )
    for start, name, remedy in _FOREIGN:
        if data.startswith(start):
            raise RatingsError(
                f"{source}: is {name}, not a table of text. {remedy}."
            )
    if re.search(
        rb"^(insert into|create table|copy) \S+",
        data[:_SAMPLE_BYTES],
        re.IGNORECASE | re.MULTILINE,
    ):
        raise RatingsError(
            f"{source}: is a dump of SQL, not a table of text. Read it into "
            f"its database, and write the table as CSV there."
        )
    if re.match(rb"\s*(%.*\s+)*@relation\b", data[:1000], re.IGNORECASE):
        raise RatingsError(
            f"{source}: is an ARFF file, not a table of text. Leave out all "
            f"lines up to @data, and name the columns in a line above the "
            f"rows."
        )
    if re.match(rb"\s*[0-9]+:\r?\n[0-9]+,[0-9]", data[:200]):
        raise RatingsError(
            f"{source}: has blocks, a line such as 1: above the ratings of "
            f"an item. Make a row a rating of it: frame = pd.read_csv(path, "
            f"names=['user', 'rating', 'timestamp']); frame['item'] = "
            f"frame.user.where(frame.rating.isna()).ffill().str[:-1]; "
            f"read_ratings(frame.dropna().to_csv(index=False).encode())."
        )
    if re.match(rb"\s*<[!?]?[a-z][\w:.-]*[\s/>]", data[:200], re.IGNORECASE):
        raise RatingsError(
            f"{source}: is a web page or XML, not a table of text. Look at "
            f"it in a browser: a download often ends at a page that asks you "
            f"to sign in."
        )
    return data


def as_utf8(data: bytes, encoding: str, source: str) -> bytes:
    """Write a text anew as UTF-8 without a byte order mark.

    A mark that says UTF-8, UTF-16 or UTF-32, and UTF-16 that is seen by its
    zeros, count for more than "utf-8" does, which nobody need have asked for.

    Raises
    ------
    RatingsError
        For an unknown encoding, and for bytes that are not in it.
    """
    try:
        known = codecs.lookup(encoding).name
        "".encode(encoding)
    except (LookupError, TypeError, ValueError) as error:
        raise RatingsError(
            f"encoding is {encoding!r}, which Python does not know; give for "
            f"example encoding='utf-8', 'utf-16', 'latin-1' or 'cp1252'."
        ) from error
    if known in ("utf-8", "utf-8-sig"):
        known = _seen_encoding(data)
    try:
        text = data.decode(known)
    except UnicodeError as error:
        raise _wrong_encoding(data, known, error, source) from error
    if known == "utf-8":
        data = data.removeprefix(codecs.BOM_UTF8)
    else:
        _say_if_utf8(data, known, source)
        data = text.removeprefix("\ufeff").encode("utf-8", "replace")
    if b"\0" in data:
        line = data[: data.index(b"\0")].count(b"\n") + 1
        raise RatingsError(
            f"{source}: line {line} holds a zero byte, so it is no text in "
            f"{encoding}. If it is text, give its encoding, for example "
            f"encoding='utf-16'; if it is not, save the table as CSV."
        )
    return _without_end(data)


def find_layout(
    data: bytes,
    source: str,
    *,
    separator: str | None,
    quotes: bool,
    least: int,
    is_table: Callable[[Sequence[str], bool], bool],
    is_header: Callable[[Sequence[str], bool], bool],
) -> Layout:
    """Find out how a table is written from its first lines.

    Parameters
    ----------
    data
        From `as_utf8`.
    source
        What errors call it.
    separator
        As in `recslib.tables.read_ratings`.
    quotes
        Whether quotation marks quote.
    least
        How many fields a row has at least.
    is_table
        Tells of a first line, and of whether a comma may stand for the
        decimal point, whether it begins a table.
    is_header
        The same of whether it holds names.

    Raises
    ------
    RatingsError
        For no text, and for two separators that fit.
    """
    text = data[:_SAMPLE_BYTES].decode("utf-8", "ignore")
    lines = _LINE_END.split(text)
    if len(data) > _SAMPLE_BYTES:
        lines = lines[:-1] or lines
    n_above, remarks = 0, []
    while n_above < len(lines) and not lines[n_above].strip():
        n_above += 1
    if n_above == len(lines):
        raise RatingsError(
            f"{source}: is empty, or its first line is. Check that it is the "
            f"right file and that it came over whole."
        )
    said = re.fullmatch(r'"?sep=(.)"?\s*', lines[n_above], re.IGNORECASE)
    if said:
        separator = separator or said[1]
        n_above += 1
    for number, line in enumerate(lines[n_above : n_above + 3], n_above + 1):
        if _DRAWN.fullmatch(line.strip()):
            raise RatingsError(
                f"{source}: line {number} is drawn, with dashes. Leave out "
                f"such lines, and what stands below the rows."
            )
    comments = _comments(lines[n_above:])
    n_above += len(comments)
    sample = lines[n_above:]
    separator = separator or _guess_separator(
        sample, quotes, least, is_table, source
    )
    commas = separator != ","
    rows = list(_split(sample, separator, quotes))
    if not rows:
        raise RatingsError(
            f"{source}: holds no ratings. Check that it is the right file "
            f"and that it came over whole."
        )
    end, first = rows[0]
    header = None
    if is_header(first, commas):
        header = tuple(first)
        n_above += end
    width = len(first)
    if header is None:
        # A separator at the end of each row begins no column.
        while width > least and not any(
            row[width - 1].strip() for _, row in rows if len(row) >= width
        ):
            width -= 1
    if comments:
        named = comments[-1].lstrip("#% \t")
        remarks.append(
            f"left out {len(comments)} lines that start with {comments[0][0]}"
        )
        _, names = next(_split([named], separator, quotes), (0, []))
        if header is None and len(names) == len(first):
            if not is_header(names, commas):
                raise RatingsError(
                    f"{source}: line {n_above} starts with "
                    f"{comments[-1][0]!r} and has {len(names)} fields, as a "
                    f"row has. If it is a remark, write a line with the "
                    f"names of the columns below it; if it is a row, write "
                    f"that line above it."
                )
            header = tuple(names)
    return Layout(
        separator=_FOR_COLONS if separator == "::" else separator,
        called=separator,
        quotes=quotes,
        header=None if header is None else tuple(map(_bare, header)),
        width=width,
        n_above=n_above,
        remarks=tuple(remarks),
    )


def with_one_separator(data: bytes, layout: Layout, source: str) -> bytes:
    """Write one character for ``"::"``.

    Raises
    ------
    RatingsError
        For a file that has that character already.
    """
    if layout.separator != _FOR_COLONS:
        return data
    if _FOR_COLONS.encode() in data:
        raise RatingsError(
            f"{source}: holds the sign {_FOR_COLONS!r}, which no text has. "
            f"Check that it came over whole."
        )
    return data.replace(b"::", _FOR_COLONS.encode())


def start_of_rows(data: bytes, layout: Layout) -> int:
    """Return the place of the first byte below the header."""
    if layout.n_above == 0:
        return 0
    ends = re.finditer(rb"\r\n|\r|\n", data)
    last = next(islice(ends, layout.n_above - 1, None), None)
    return len(data) if last is None else last.end()


def records(data: bytes, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """Part a table slowly but surely: the line of each row, and its fields.

    A field that is longer than Python's reader takes raises its ``csv.Error``.
    """
    text = data[start_of_rows(data, layout) :].decode("utf-8")
    if layout.separator == BLANKS or not layout.quotes:
        lines = _LINE_END.split(text)
        for number, line in enumerate(lines, layout.n_above + 1):
            yield number, _parted(line, layout.separator, layout.quotes)
        return
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=layout.separator
    )
    line = layout.n_above + 1
    for fields in reader:
        yield line, fields
        line = layout.n_above + reader.line_num + 1


def first_few(places: Sequence[str]) -> str:
    """Join the first places for an error."""
    more = ", ..." if len(places) > N_SHOWN else ""
    return ", ".join(places[:N_SHOWN]) + more


def _damaged(source: str, name: str, error: Exception) -> RatingsError:
    return RatingsError(
        f"{source}: is packed with {name}, and damaged ({error}). Fetch it "
        f"again, or unpack what is left of it."
    )


def _only_table(data: bytes, source: str) -> bytes:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        names = [
            name
            for name in archive.namelist()
            if not re.search(r"/$|(^|/)(\.|__MACOSX)", name)
        ]
        if "mimetype" in archive.namelist():
            raise RatingsError(
                f"{source}: is a document of LibreOffice or a book, not a "
                f"table of text. Open it there and save the table as CSV."
            )
        if "[Content_Types].xml" in archive.namelist():
            raise RatingsError(
                f"{source}: is a workbook of Excel, not a table of text. "
                f"Save the table as CSV, or read it with pandas: "
                f"read_ratings(pd.read_excel(path)). It needs "
                f"`pip install openpyxl`."
            )
        if not names:
            raise RatingsError(
                f"{source}: is a zip of 0 files. Fetch it again."
            )
        if all(name.endswith(".npy") for name in names):
            raise _arrays(source, [n.removesuffix(".npy") for n in names])
        if any(name.endswith("/data.pkl") for name in names):
            raise RatingsError(
                f"{source}: is a file of PyTorch, not a table of text. Where "
                f"it holds a tensor of columns: read_ratings(pd.DataFrame("
                f"torch.load(path).numpy())). Where it holds a dict, with a "
                f"tensor a column: read_ratings(pd.DataFrame({{name: "
                f"part.numpy() for name, part in torch.load(path).items()}}))."
            )
        if len(names) != 1:
            raise RatingsError(
                f"{source}: is a zip of {len(names)} files "
                f"({first_few(names) or 'none'}). Say which one is the "
                f"table: read_ratings(zipfile.Path(path, "
                f"{_likeliest(archive, names)!r}))."
            )
        return archive.read(names[0])
    except (
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        OSError,
        EOFError,
        ValueError,
        RuntimeError,
        NotImplementedError,
    ) as error:
        if isinstance(error, RatingsError):
            raise
        raise _damaged(source, "zip", error) from error


def _arrays(source: str, names: Sequence[str]) -> RatingsError:
    """Say how to read what NumPy or SciPy has packed."""
    what, steps, needs = "a file of NumPy arrays", "", ""
    if {"data", "shape", "format"} <= set(names):
        what = "a sparse matrix of SciPy"
        steps = "matrix = scipy.sparse.load_npz(path).tocoo(); "
        frame = (
            "{'user': matrix.row, 'item': matrix.col, 'rating': matrix.data}"
        )
        needs = " It needs `pip install scipy`."
    elif len(names) == 1:
        frame = f"np.load(path)[{names[0]!r}]"
    else:
        frame = "dict(np.load(path))"
    return RatingsError(
        f"{source}: is {what}, not a table of text. Put it into a frame: "
        f"{steps}read_ratings(pd.DataFrame({frame})).{needs}"
    )


def _likeliest(archive: zipfile.ZipFile, names: Sequence[str]) -> str:
    """Name the largest table of an archive, one called ratings before all."""
    return max(
        names,
        key=lambda name: (
            "rating" in name.lower(),
            archive.getinfo(name).file_size,
        ),
        default="name",
    )


def _seen_encoding(data: bytes) -> str:
    for mark, name in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return name
    start = data[:64]
    if len(start) >= 4 and len(start) % 4 == 0:
        for first, name in ((0, "utf-32-le"), (3, "utf-32-be")):
            rest = [start[i::4] for i in range(4) if i != first]
            if all(start[first::4]) and not any(map(any, rest)):
                return name
    if len(start) >= 4 and len(start) % 2 == 0:
        if not any(start[1::2]) and all(start[::2]):
            return "utf-16-le"
        if not any(start[::2]) and all(start[1::2]):
            return "utf-16-be"
    return "utf-8"


def _say_if_utf8(data: bytes, known: str, source: str) -> None:
    """Say so where text of one byte a letter is likely to be UTF-8."""
    if known.startswith("utf") or data.isascii():
        return
    try:
        data.decode("utf-8")
    except UnicodeError:
        return
    say(
        f"{source}: is read as {known}, and could be UTF-8 too, which other "
        f"letters seldom are by chance. If names look wrong, leave encoding= "
        f"out."
    )


def _wrong_encoding(
    data: bytes, encoding: str, error: UnicodeError, source: str
) -> RatingsError:
    bad = []
    if encoding == "utf-8" and re.search(rb"[\x01-\x08\x0e-\x1a]", data[:200]):
        return RatingsError(
            f"{source}: is no text in {encoding}: its first line holds signs "
            f"that no text has. Save the table as CSV where it was made."
        )
    if encoding.startswith(("utf-16", "utf-32")):
        start = getattr(error, "start", 0)
        before = data[:start].decode(encoding, "replace")
        bad.append(f"line {before.count(chr(10)) + 1}")
    else:
        for number, line in enumerate(io.BytesIO(data), 1):
            try:
                line.decode(encoding)
            except UnicodeError:
                bad.append(f"line {number}")
    return RatingsError(
        f"{source}: {len(bad):,} lines are not {encoding}: "
        f"{first_few(bad)}. Give the encoding it was written in, for "
        f"example encoding='latin-1' or encoding='utf-16'."
    )


def _without_end(data: bytes) -> bytes:
    """Cut lines of blanks and the old sign for the end of a file."""
    kept = data.rstrip(b" \t\r\n\x1a")
    tail = data[len(kept) :]
    # The last row's own line stays whole: a blank field may end it.
    line = re.match(rb"[ \t]*", tail)
    return kept + (line[0] if line else b"")


def _comments(lines: Sequence[str]) -> list[str]:
    found = []
    for line in lines:
        if line.strip() and not line.startswith(("#", "%")):
            return found
        found.append(line)
    # Where every line starts so, they are rows.
    return []


def _guess_separator(
    lines: Sequence[str],
    quotes: bool,
    least: int,
    is_table: Callable[[Sequence[str], bool], bool],
    source: str,
) -> str:
    def fits(separator: str) -> bool:
        rows = [row for _, row in _split(lines, separator, quotes)]
        width = len(rows[0]) if rows else 0
        return (
            width >= least
            and all(
                len(row) == width or (len(row) == width + 1 and not row[-1])
                for row in rows
                if any(map(str.strip, row))
            )
            and is_table(rows[0], separator != ",")
        )

    fitting = [each for each in _CANDIDATES if fits(each)]
    if len(fitting) > 1:
        raise RatingsError(
            f"{source}: its fields could be parted by "
            f"{' or by '.join(map(repr, fitting))}. Say which it is: "
            f"separator={fitting[0]!r}."
        )
    if fitting:
        return fitting[0]
    widths = {
        each: len(next(_split(lines[:1], each, quotes), (0, [""]))[1])
        for each in _CANDIDATES
    }
    # Where a tab parts the first line, blanks would hide an empty field.
    if max(widths.values()) < least and fits(BLANKS):
        return BLANKS
    # A table with rows of the wrong length: its first line says the most.
    best = max(_CANDIDATES, key=lambda each: widths[each])
    if widths[best] == 1:
        return BLANKS if lines and re.search(r"\S[ \t]", lines[0]) else ","
    return best


def _split(
    lines: Sequence[str], separator: str, quotes: bool
) -> Iterator[tuple[int, list[str]]]:
    """Part the first lines: how many are used up, and the fields."""
    if separator == "::":
        lines = [line.replace("::", _FOR_COLONS) for line in lines]
        separator = _FOR_COLONS
    if separator == BLANKS or not quotes:
        rows = (
            (number, _parted(line, separator, quotes))
            for number, line in enumerate(lines[:_N_SAMPLE], 1)
        )
    else:
        rows = _parted_by_csv(lines, separator)
    for number, row in rows:
        if any(map(str.strip, row)):
            yield number, row


def _parted_by_csv(
    lines: Sequence[str], separator: str
) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader([f"{line}\n" for line in lines], delimiter=separator)
    held = None
    try:
        for row in reader:
            # The last one may be cut where the sample ends.
            if held is not None:
                yield held
            held = reader.line_num, row
            if reader.line_num > _N_SAMPLE:
                return
    except csv.Error:
        held = None
    if held is not None and not (row and row[-1].endswith("\n")):
        yield held


def _parted(line: str, separator: str, quotes: bool) -> list[str]:
    if separator != BLANKS:
        return line.split(separator)
    if not quotes:
        return line.split()
    fields = re.findall(r'"(?:[^"]|"")*"|[^ \t]+', line)
    return [
        field[1:-1].replace('""', '"') if field[:1] == '"' else field
        for field in fields
    ]


def _bare(name: str) -> str:
    return name.strip(' "\t\xa0\ufeff\u200b')
