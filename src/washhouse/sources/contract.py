"""What does a sending system promise about its files: tables, columns, keys, periods, identity?

A `SourceSpec` is data. The reader, the validation, the reasons shown to a steward and the reference page all
come from it, so that a new system is a declaration and a mapping, not a program.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

ColumnType = Literal["text", "date", "time", "datetime", "int", "float", "code", "flag", "nhs_number", "pseudonym"]
"""How a column is read. `date`, `time` and `datetime` stay local and naive (Europe/London), as sent."""

Delivery = Literal["snapshot", "replace-period", "delta"]
"""`snapshot`: all there is, each time. `replace-period`: what a provider sends for a period replaces what it sent
before for that period. `delta`: changed rows by business key."""

Kind = Literal["full", "delta"]
"""`delta` where a batch's folder name ends in `-delta`: changed rows by key, whatever its tables' usual delivery."""


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """Return a name as headers and coded texts are compared: letters and digits only, case folded.

    >>> plain("Cost_Frequency_(Unit_Type)"), plain(" Local Patient ID")
    ('costfrequencyunittype', 'localpatientid')
    """
    return re.sub(r"[\W_]+", "", name.casefold())


@dataclass(frozen=True)
class ColumnSpec:
    """One column of a sent table.

    Attributes:
        name: Canonical name, spelt as the national set spells it; the typed column has this name.
        type: How values are read.
        aliases: Other headers under which the column arrives. Headers match without regard to case, spaces or
            punctuation.
        required: The column must be in the header, or the file is rejected.
        key: A missing or badly formatted value sets the row aside.
        allowed: Codes or coded texts that the national set lists; another value is kept with a warning.
        strict: A value outside `allowed` sets the row aside.
        pad: Length to which an all-digit code that lost its leading zeros is restored; 0 for never.
        format: How a date, time or datetime is written, in the signs of strptime; empty for the usual ways.
        zone: Time zone in which times without an offset are written; empty for Europe/London.
        may_be_future: The date may lie after the batch's reference date (planned, expiry, estimated).
        personal: The column identifies a person directly; it never leaves the vault.
        description: What the column holds, where the name does not say it.
    """

    name: str
    type: ColumnType = "text"
    aliases: tuple[str, ...] = ()
    required: bool = False
    key: bool = False
    allowed: tuple[str, ...] | None = None
    strict: bool = False
    pad: int = 0
    format: str = ""
    zone: str = ""
    may_be_future: bool = False
    personal: bool = False
    description: str = ""


@dataclass(frozen=True)
class Span:
    """A start and an end inside one row; an end before its start sets the row aside."""

    start: str
    end: str
    start_time: str = ""
    end_time: str = ""


@dataclass(frozen=True)
class TableSpec:
    """One table that a system sends, a file each.

    Attributes:
        name: Name of the table and of its file without suffix.
        columns: Columns in the order of the national set.
        business_key: Columns that identify a thing across submissions, inside a provider; of two rows of one
            submission with the same key the later counts.
        submission: Columns that say which submission a row belongs to, where one file holds several.
        aliases: Other file names, without suffix.
        parent: Table and column in which the value of this table's column of the same name (or `parent_key`) must
            be found; a row without its parent is set aside.
        parent_key: This table's column that points at the parent, if it is named otherwise.
        delivery: How the table is sent.
        identity: Whether rows say who the person is: in clear, by pseudonym, or not at all.
        required: A full batch without this table is rejected.
        spans: Starts and ends to compare.
        birth: Column with the date of birth; one in the future is set to missing.
        events: Dates that must not lie before `birth`; otherwise a warning.
        description: One row per what.
        within: Table whose lines its rows were read from, where one line gives rows of several tables; no file of its
            own holds it.
    """

    name: str
    columns: tuple[ColumnSpec, ...]
    business_key: tuple[str, ...]
    submission: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    parent: tuple[str, str] | None = None
    parent_key: str = ""
    delivery: Delivery = "snapshot"
    identity: Literal["clear", "pseudonym"] | None = None
    required: bool = False
    spans: tuple[Span, ...] = ()
    birth: str = ""
    events: tuple[str, ...] = ()
    description: str = ""
    within: str = ""

    @property
    def column_names(self) -> tuple[str, ...]:
        """Canonical names, in order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> ColumnSpec:
        """Return a column by its canonical name.

        Raises:
            KeyError: The table has no such column.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def child_key(self) -> str:
        """This table's column that points at its parent; empty without a parent."""
        if self.parent is None:
            return ""
        return self.parent_key or self.parent[1]


@dataclass(frozen=True)
class PeriodSpec:
    """Where a batch says which period it reports, who sends it, and when it was made.

    Attributes:
        table: Table that says so.
        start: Column with the first day reported.
        end: Column with the last day reported.
        provider: Column with the sender's code; empty where rows do not say it.
        created: Column with the local time at which the extract was made; empty where only the folder's name says it.
        version: Column with the version of the data set; empty where there is none.
        versions: Versions that can be read; any other rejects the batch.
        header: True where the table is a header of one row for the whole batch; otherwise each row says it for itself.
    """

    table: str
    start: str
    end: str
    provider: str
    created: str = ""
    version: str = ""
    versions: tuple[str, ...] = ()
    header: bool = False


@dataclass(frozen=True)
class SourceSpec:
    """One sending system.

    Attributes:
        name: Folder of the inbox and `source` of every row.
        title: Name in words.
        tables: Tables that it may send.
        period: Where a batch declares its period; None where the folder's date is all there is.
        secondary_use: The feed is for secondary use only, so type 1 opt-outs are dropped when it is read.
        description: What it is.
        references: Where its names and codes are published.
        in_parts: A table may come as several files, numbered or in a folder of its name.
    """

    name: str
    title: str
    tables: tuple[TableSpec, ...]
    period: PeriodSpec | None = None
    secondary_use: bool = False
    description: str = ""
    references: tuple[str, ...] = ()
    in_parts: bool = field(default=False, repr=False)

    @property
    def is_list(self) -> bool:
        """Whether it is a list that belongs to no service: nothing of it tells what happened to a person, or when."""
        return all(table.identity is None for table in self.tables)

    def table(self, name: str) -> TableSpec:
        """Return a table by its name.

        Raises:
            KeyError: The source has no such table.
        """
        for table in self.tables:
            if table.name == name:
                return table
        raise KeyError(name)
