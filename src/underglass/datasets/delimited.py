"""How is a text file of columns read when nobody says which separator and encoding it has?

The separator is the character that parts every line into the same number of fields; the encoding is UTF-8, UTF-16 by its mark,
or else Windows-1252. What was found is returned, so that it can be said and overruled.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from underglass.datasets.files import read_table
from underglass.errors import DataError

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
SAMPLE_LINES = 100
SAMPLE_BYTES = 1 << 20
MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "none", "?", "#N/A")
TEXT_ENDINGS = (".csv", ".tsv", ".txt", ".data", ".tab")
NUMBER = re.compile(r"[-+]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d+)?$")
DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+$")


@dataclass(frozen=True)
class Read:
    """A file that was read.

    Parameters
    ----------
    table : its columns; empty fields, NA, ? and the like are null.
    separator, encoding : as found or given; None for files that have none.
    notes : what a person should know about the reading, in sentences.
    """

    table: pa.Table
    separator: str | None = None
    encoding: str | None = None
    notes: tuple[str, ...] = ()


def read_columns(path: str | Path, *, separator: str | None = None, encoding: str | None = None) -> Read:
    """Read CSV, TSV, Parquet or Arrow, finding out separator and encoding.

    Parameters
    ----------
    path : file
        Text files may be compressed (``.gz``).
    separator : one character
        What stands between fields [found].
    encoding : name of an encoding
        Of a text file [found].

    Raises
    ------
    DataError
        No such file, no header, lines of another number of fields, or text in another encoding; says where.
    """
    file = Path(path)
    if not file.is_file():
        raise DataError(f"{str(path)!r} is {'a folder' if file.is_dir() else 'not there'}; a table of scores is a file.")
    if not file.name.lower().removesuffix(".gz").endswith(TEXT_ENDINGS):
        return Read(read_table(file))
    try:
        data = gzip.decompress(file.read_bytes()) if file.name.lower().endswith(".gz") else file.read_bytes()
    except (OSError, EOFError) as error:
        raise DataError(f"{file.name} cannot be read: {error}.") from error
    return read_text(data, name=file.name, separator=separator, encoding=encoding)


def read_text(data: bytes, *, name: str = "the file", separator: str | None = None, encoding: str | None = None) -> Read:
    """Read the bytes of a delimited text; see `read_columns`.

    Examples
    --------
    >>> found = read_text("age;score\\n31;0,5\\n40;0,9\\n".encode())
    >>> found.separator, found.table["score"].to_pylist()
    (';', [0.5, 0.9])
    """
    notes: list[str] = []
    text, encoding = _decoded(data, name, encoding, notes)
    lines = _first_lines(text)
    if not lines:
        raise DataError(f"{name} is empty; the first line must hold the names of the columns.")
    separator = _separator(lines, name, separator)
    head, *body = list(csv.reader(lines, delimiter=separator))
    names = _names(head, body, name, notes)
    comma = separator != "," and any(DECIMAL_COMMA.match(field.strip()) for row in body[:20] for field in row)
    table = _parsed(text.encode(), names, separator, name, decimal="," if comma else ".")
    return Read(table, separator, encoding, tuple(notes))


def _decoded(data: bytes, name: str, encoding: str | None, notes: list[str]) -> tuple[str, str]:
    if encoding is not None:
        try:
            return data.decode(codecs.lookup(encoding).name).removeprefix("\ufeff"), encoding
        except LookupError:
            raise DataError(f"there is no encoding {encoding!r}; common ones are utf-8, windows-1252, utf-16.") from None
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            raise DataError(f"{name} is not {encoding}: line {line:,} holds a byte that is none of it. {_advice(data)}") from None
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return data.decode("utf-16"), "utf-16"
    if b"\0" in data[:SAMPLE_BYTES]:
        raise DataError(
            f"{name} is not text: it holds zero bytes. Give CSV, TSV, Parquet or Arrow, or name its encoding (--encoding)."
        )
    try:
        return data.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        notes.append(f"Not UTF-8 (line {line:,}), so it was read as windows-1252; look at its names, or give the encoding.")
        return data.decode("cp1252", "replace"), "windows-1252"


def _advice(data: bytes) -> str:
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "It may be windows-1252."
    return "It is valid utf-8."


def _first_lines(text: str) -> list[str]:
    lines = text[:SAMPLE_BYTES].splitlines()
    if len(text) > SAMPLE_BYTES:
        lines = lines[:-1]
    return [line for line in lines if line.strip()][:SAMPLE_LINES]


def _fields(lines: Sequence[str], separator: str) -> list[int]:
    try:
        return [len(row) for row in csv.reader(lines, delimiter=separator)]
    except csv.Error:
        return []


def _separator(lines: Sequence[str], name: str, given: str | None) -> str:
    counted = {one: _fields(lines, one) for one in SEPARATORS}
    fit = {one: Counter(fields).most_common(1)[0] for one, fields in counted.items() if fields and fields[0] > 1}
    best = max(fit, key=lambda one: (fit[one][0] > 1 and fit[one][1] / len(counted[one]) > 0.9, fit[one][0]), default=None)
    if given is None:
        if best is None:
            raise DataError(
                f"{name} has one column only, {lines[0][:60]!r}; fields are parted by comma, semicolon, tab or bar. "
                "If another sign parts them, give it (--separator)."
            )
        return best
    given = {"tab": "\t", "\\t": "\t"}.get(given, given)
    if len(given) != 1:
        raise DataError(f"a separator is one character, such as , or ; or tab; got {given!r}.")
    if max(_fields(lines, given), default=1) < 2:
        hint = f" It looks like {SEPARATORS[best]} (--separator {best if best != chr(9) else 'tab'})." if best else ""
        raise DataError(f"{name} is not parted by {given!r}: its first line would be one name, {lines[0][:60]!r}.{hint}")
    return given


def _names(head: Sequence[str], body: Sequence[Sequence[str]], name: str, notes: list[str]) -> list[str]:
    names = [one.strip() for one in head]
    numeric = [one for one in names if NUMBER.match(one)]
    if numeric and (len(numeric) == len(names) or len(numeric) > 1 or numeric[0] in {row[0] for row in body[:20] if row}):
        raise DataError(
            f"{name} seems to have no header: its first line holds {', '.join(numeric[:3])}, which are values, not names. "
            "Put the names of the columns on the first line."
        )
    for place, one in enumerate(names):
        if not one:
            names[place] = f"column {place + 1}"
            notes.append(f"Column {place + 1} has no name in the first line; it is called 'column {place + 1}'.")
    twice = next((one for one, times in Counter(names).items() if times > 1), None)
    if twice is not None:
        raise DataError(f"{name} has two columns called {twice!r}; columns are called by name, so rename one.")
    return names


def _parsed(data: bytes, names: list[str], separator: str, name: str, *, decimal: str) -> pa.Table:
    wrong: list[arrow_csv.InvalidRow] = []

    def note(row: arrow_csv.InvalidRow) -> str:
        wrong.append(row)
        return "skip"

    try:
        table = arrow_csv.read_csv(
            BytesIO(data),
            read_options=arrow_csv.ReadOptions(column_names=names, skip_rows=1, use_threads=False),
            parse_options=arrow_csv.ParseOptions(delimiter=separator, newlines_in_values=True, invalid_row_handler=note),
            convert_options=arrow_csv.ConvertOptions(
                null_values=list(MISSING), strings_can_be_null=True, quoted_strings_can_be_null=False, decimal_point=decimal
            ),
        )
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{name} cannot be read: {str(error).partition(chr(10))[0]}") from error
    if wrong:
        first = wrong[0]
        place = f"line {first.number:,}" if first.number else "a line"
        raise DataError(
            f"{len(wrong):,} lines of {name} have another number of fields than the header's {len(names)}: {place} has "
            f"{first.actual_columns}: {str(first.text)[:80]!r}. A text that holds the separator must stand in quotes."
        )
    if not table.num_rows:
        raise DataError(f"{name} has a header and no rows.")
    return pa.table({one: _trimmed(table[one]) for one in names})


def _trimmed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Texts without the blanks around them; what is then a sign for "missing" is null, and numbers are numbers."""
    if not pa.types.is_string(column.type):
        return column
    trimmed = pc.utf8_trim_whitespace(column)
    if not pc.any(pc.not_equal(trimmed, column)).as_py():
        return column
    known = pc.if_else(pc.is_in(trimmed, pa.array(MISSING)), pa.scalar(None, pa.string()), trimmed)
    for kind in (pa.int64(), pa.float64()):  # a blank before a "?" made texts of numbers
        try:
            return known.cast(kind)
        except pa.ArrowInvalid:
            continue
    return known
