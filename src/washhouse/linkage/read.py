"""How is a table to be linked read? CSV (also gzipped) and Parquet, every value as text."""

from __future__ import annotations

import csv
import difflib
import gzip
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from washhouse.core.errors import InputError
from washhouse.linkage.config import ColumnUse, SideConfig
from washhouse.linkage.fields import Field, Kind

_NULLS = ["", "NULL", "null", "\\N", "NaN"]


def read_table(path: Path) -> pa.Table:
    """Read a CSV or Parquet file.

    Args:
        path: The file: `.csv`, `.csv.gz`, `.txt`, `.tsv` or `.parquet`. Delimiter and encoding are recognised.

    Returns:
        The table; columns of a CSV file are texts, their names without blanks around them.

    Raises:
        InputError: The file is not there, is empty, or cannot be read.
    """
    if not path.is_file():
        raise InputError("link-file", f"There is no file {path.name}.", "Check the path.")
    try:
        table = pa.parquet.read_table(path) if path.suffix == ".parquet" else _read_csv(path)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError, EOFError, UnicodeError, csv.Error):
        # The cause may quote a row, so it is not kept.
        raise InputError("link-file", f"{path.name} cannot be read as CSV or Parquet.") from None
    if len(set(table.column_names)) != len(table.column_names):
        raise InputError("link-file", f"{path.name} has two columns of one name.")
    if table.num_rows == 0:
        raise InputError("link-empty", f"{path.name} has no rows.")
    return table


def _read_csv(path: Path) -> pa.Table:
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    text = _decode(data)
    first = text.split("\n", 1)[0].rstrip("\r")
    if not first.strip():
        raise InputError("link-empty", f"{path.name} has no header.")
    delimiter = max(",;\t|", key=first.count)
    names = [name.strip() for name in next(csv.reader([first], delimiter=delimiter, skipinitialspace=True))]
    broken: list[int] = []

    def note(row: pa.csv.InvalidRow) -> str:
        broken.append(row.number or 0)
        return "skip"

    table = pa.csv.read_csv(
        io.BytesIO(text.encode()),
        # One block, however long a row is.
        read_options=pa.csv.ReadOptions(
            column_names=names, skip_rows=1, use_threads=False, block_size=min(len(text) * 4 + 1, 2**31 - 1)
        ),
        parse_options=pa.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=note),
        convert_options=pa.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), null_values=_NULLS, strings_can_be_null=True
        ),
    )
    if broken:
        raise InputError(
            "link-file",
            f"{path.name}, row {broken[0] - 1}: not {len(names)} values as in the header.",
            "Mend the file.",
        )
    return table


def _decode(data: bytes) -> str:
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def select_ids(table: pa.Table, side: SideConfig, name: str) -> pa.Array:
    """Return the ids of the rows as texts; row numbers from 1 where no column is named.

    Args:
        table: The table.
        side: How it is read.
        name: The table's name in errors.

    Raises:
        InputError: The column is unknown, or an id is missing or stands twice.
    """
    if not side.unique_id:
        return pa.array([str(i) for i in range(1, table.num_rows + 1)], pa.string())
    ids = _text(table, side.unique_id, name)
    if ids.null_count:
        row = pc.index(pc.is_null(ids), True).as_py() + 1
        raise InputError("link-id-missing", f"{name}, row {row}, column {side.unique_id}: the id is missing.")
    if pc.count_distinct(ids).as_py() != len(ids):
        seen: dict[str, int] = {}
        for row, text in enumerate(ids.to_pylist(), 1):
            if text in seen:
                raise InputError(
                    "link-id-duplicated",
                    f"{name}, column {side.unique_id}: rows {seen[text]} and {row} have the same id.",
                    "Every row needs an id of its own.",
                )
            seen[text] = row
    return ids


def select_column(table: pa.Table, field: Field, use: ColumnUse, name: str) -> pa.Array:
    """Return one field of a table as texts, columns joined where there are several.

    Args:
        table: The table.
        field: The field.
        use: Where it comes from.
        name: The table's name in errors.

    Raises:
        InputError: A column is unknown, or holds what is not text, number or date.
    """
    columns = [_text(table, column, name) for column in use.columns]
    if len(columns) == 1:
        return columns[0]
    # Arrow's own way to skip nulls drops rows whose parts are all null; blanks are filled instead.
    joint = "-" if field.kind is Kind.DATE else " "
    joined = pc.binary_join_element_wise(*(pc.fill_null(column, "") for column in columns), joint)
    nothing = pc.equal(pc.replace_substring(joined, joint, ""), "")
    return pc.if_else(nothing, pa.scalar(None, pa.string()), joined)


def _text(table: pa.Table, column: str, name: str) -> pa.Array:
    if column not in table.column_names:
        near = difflib.get_close_matches(column, table.column_names, 3, 0.5)
        known = ", ".join(table.column_names[:30])
        hint = f"Did you mean {' or '.join(near)}?" if near else f"It has: {known}."
        raise InputError("link-column-unknown", f"{name} has no column {column}.", hint)
    values = table.column(column).combine_chunks()
    if isinstance(values, pa.ChunkedArray):
        values = values.chunk(0)
    kind = values.type
    try:
        if pa.types.is_dictionary(kind):
            values = values.dictionary_decode()
        if pa.types.is_timestamp(kind):
            values = pc.cast(values, pa.date32(), safe=False)
        if pa.types.is_floating(kind) and not pc.any(pc.not_equal(values, pc.floor(values))).as_py():
            values = pc.cast(values, pa.int64())
        text = pc.utf8_trim_whitespace(pc.cast(values, pa.string()))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise InputError(
            "link-column-type", f"{name}, column {column}: {kind} is neither text, number nor date."
        ) from None
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
