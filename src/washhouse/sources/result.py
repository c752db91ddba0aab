"""What came out of a file and of a batch, and is every line accounted for?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import pyarrow as pa

from washhouse.core.errors import HomeError
from washhouse.sources.contract import Kind

ISSUES = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("column", pa.string()),
        pa.field("rule", pa.string(), nullable=False),
        pa.field("severity", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
    ]
)
"""One row per reason: CSV record (the first after the header is 1, 0 is the whole file), declared column or null,
rule, severity (`reject`, `quarantine`, `duplicate`, `warning`) and words without any value. Ordered by row."""

SET_ASIDE = pa.schema(
    [pa.field("row", pa.int64(), nullable=False), pa.field("rule", pa.string()), pa.field("raw", pa.string())]
)
"""One row per quarantined record, as sent: for the vault only."""


@dataclass(frozen=True)
class KeptRows:
    """Accepted rows of a large file that were handed on as they were read: how many, and a few of their columns.

    Attributes:
        num_rows: How many.
        held: The columns that are asked for after the reading, by name.
    """

    num_rows: int
    held: Mapping[str, pa.ChunkedArray] = field(repr=False)

    @property
    def column_names(self) -> list[str]:
        """Names of the columns that can be asked for."""
        return list(self.held)

    def column(self, name: str) -> pa.ChunkedArray:
        """One of them."""
        return self.held[name]


@dataclass(frozen=True)
class ReadResult:
    """One file, read.

    `lines = accepted + quarantined + duplicates + opted_out`, where a line is a CSV record after the header; this is
    checked when the result is made. The lines of a rejected file are quarantined.

    Attributes:
        file: Name under which it is spoken of (see `sources.file_names`); a member of an archive is
            `archive-1.zip/member.csv`.
        table: Table of the source's contract; None for a file that it does not know.
        rows: Accepted rows, one per line kept: the contract's columns, typed, and `_row`. In the order of the file. Of
            a large file that was handed on while it was read, some columns.
        issues: Reasons, see `ISSUES`.
        set_aside: Quarantined records as sent, see `SET_ASIDE`. Holds identifiers.
        lines: CSV records after the header.
        accepted: Rows kept.
        warned: Accepted rows with at least one warning.
        quarantined: Rows set aside.
        duplicates: Rows identical to an earlier one of the file.
        opted_out: Rows dropped for an opt-out (feeds for secondary use only).
        rejected: The whole file was refused.
        reason: Why, in words.
        encoding: How the bytes were read, e.g. `utf-8`.
        delimiter: How fields were split.
        set_aside_keys: First business key column of the quarantined rows, as far as it could be read.
    """

    file: str
    table: str | None
    rows: pa.Table | KeptRows
    issues: pa.Table
    set_aside: pa.Table
    lines: int
    accepted: int
    warned: int
    quarantined: int
    duplicates: int
    opted_out: int = 0
    rejected: bool = False
    reason: str = ""
    encoding: str = ""
    delimiter: str = ""
    set_aside_keys: pa.ChunkedArray = field(default_factory=lambda: pa.chunked_array([], pa.string()), repr=False)

    @property
    def table_rows(self) -> pa.Table:
        """The accepted rows, of a file that had no sink.

        Raises:
            TypeError: They were handed on while they were read.
        """
        if isinstance(self.rows, KeptRows):
            raise TypeError("the rows were handed on while they were read")
        return self.rows

    def __post_init__(self) -> None:
        """Check that no line is lost and none counted twice.

        Raises:
            HomeError: The counts do not add up (code `lines-unaccounted`); nothing of the file may be used.
        """
        total = self.accepted + self.quarantined + self.duplicates + self.opted_out
        kept = self.rows.num_rows == self.accepted and self.warned <= self.accepted
        aside = self.rejected or self.set_aside.num_rows == self.quarantined
        if total != self.lines or not kept or not aside:
            raise HomeError(
                "lines-unaccounted",
                f"{self.file}: {self.lines} lines were read but {total} are accounted for.",
                "This is a fault of washhouse: report it with the file's declaration, not with the file.",
            )


@dataclass(frozen=True)
class BatchResult:
    """One batch, read.

    Attributes:
        source: Sending system.
        batch: Name of the batch's folder.
        as_of: Declared date; the reference date for plausibility.
        submitted_at: When the extract was made, naive UTC; midnight of `as_of` where only a date is known.
        period_start: First day reported, if declared.
        period_end: Last day reported, if declared.
        provider: Sender's code, if declared.
        kind: `delta` for changed rows by key, else `full`.
        files: Every file by name, the rejected and the unknown included.
        tables: Accepted files by table.
        reason: Why the whole batch was rejected, else empty.
        origins: Name as received of each file that goes by a label; of a member of an archive the archive's.
    """

    source: str
    batch: str
    as_of: date
    submitted_at: datetime
    period_start: date | None
    period_end: date | None
    provider: str | None
    kind: Kind
    files: Mapping[str, ReadResult]
    tables: Mapping[str, ReadResult]
    reason: str = ""
    origins: Mapping[str, str] = field(default_factory=dict, repr=False)
