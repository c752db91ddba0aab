"""Which delimiter splits a file, and which of its columns are which of the contract?"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass

from washhouse.sources.contract import TableSpec, plain
from washhouse.sources.encoding import Decoded
from washhouse.sources.rules import RejectedFileError

DELIMITERS = ",|\t;"
_LINE_END = re.compile(rb"\r\n|\r|\n")
_LONGEST = 1 << 20


@dataclass(frozen=True)
class Header:
    """How to read the records of a file.

    Attributes:
        delimiter: What splits fields.
        width: Fields of a record.
        positions: Place of each declared column that is there, by canonical name.
        body: Offset of the first byte after the header.
        extra: Number of columns that the contract does not know.
        repeated: Declared columns that are there more than once.
    """

    delimiter: str
    width: int
    positions: dict[str, int]
    body: int
    extra: int
    repeated: tuple[str, ...]


def read_header(decoded: Decoded, table: TableSpec) -> Header:
    """Find the header, its delimiter and its columns.

    The delimiter is the one that gives most names of the contract.

    Raises:
        RejectedFileError: The header lacks a column that the contract requires, or the file ends inside it.
    """
    line, body = first_record(decoded)
    known = _known(table)
    fields, delimiter = max(
        ((split_line(line, delimiter), delimiter) for delimiter in DELIMITERS),
        key=lambda found: sum(plain(name) in known for name in found[0]),
    )
    header = place_header(fields, table, delimiter=delimiter, body=body)
    is_unknown = plain(fields[-1]) not in known
    if is_unknown and fields[-1] and body >= decoded.length and not decoded.is_ended:
        raise RejectedFileError("truncated-file", detail="it ends inside the header")
    return header


def place_header(fields: list[str], table: TableSpec, *, delimiter: str = ",", body: int = 0) -> Header:
    """Find which of a file's columns are which of the contract.

    Args:
        fields: The file's headers.
        table: The table's contract.
        delimiter: What splits fields.
        body: Offset of the first byte after the header.

    Raises:
        RejectedFileError: A column that the contract requires is not there.
    """
    known = _known(table)
    positions, repeated = _place([plain(name) for name in fields], table, known)
    missing = [column.name for column in table.columns if column.required and column.name not in positions]
    if missing:
        raise RejectedFileError("missing-key-column", ", ".join(missing))
    extra = sum(plain(name) not in known for name in fields)
    return Header(delimiter, len(fields), positions, body, extra, repeated)


def _known(table: TableSpec) -> dict[str, str]:
    return {plain(name): column.name for column in table.columns for name in (column.name, *column.aliases)}


def first_record(decoded: Decoded) -> tuple[str, int]:
    """Return the first record that is not blank, without its line end, and the offset after it."""
    data, before = b"", decoded.start
    for piece in decoded.pieces(decoded.start):
        data += piece
        start = position = 0
        is_all = before + len(data) >= decoded.length
        while (found := _LINE_END.search(data, position)) is not None and found.end() - start < _LONGEST:
            if found.end() == len(data) and not is_all:
                break  # a line end of two characters may go on
            line = data[start : found.start()]
            position = found.end()
            if line.count(b'"') % 2:
                continue
            if line.strip():
                return line.decode(), before + position
            start = position
        data, before = data[start:], before + start
        if len(data) >= _LONGEST:
            break
    return data[:_LONGEST].decode("utf-8", "ignore"), decoded.length


def split_line(line: str, delimiter: str) -> list[str]:
    """Return the fields of one record."""
    try:
        return next(iter(csv.reader(io.StringIO(line, newline=""), delimiter=delimiter)), [""])
    except csv.Error:
        return [line]


def _place(names: list[str], table: TableSpec, known: dict[str, str]) -> tuple[dict[str, int], tuple[str, ...]]:
    """Return where each declared column stands; of several headers the contract's own name is taken, else the first."""
    found: dict[str, list[int]] = {}
    for position, name in enumerate(names):
        if name in known:
            found.setdefault(known[name], []).append(position)
    positions = {
        column: next((place for place in places if names[place] == plain(column)), places[0])
        for column, places in found.items()
    }
    order = {name: at for at, name in enumerate(table.column_names)}
    repeated = tuple(sorted((column for column, places in found.items() if len(places) > 1), key=order.__getitem__))
    return positions, repeated
