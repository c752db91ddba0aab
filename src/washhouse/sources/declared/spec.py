"""What contract does a declaration make?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Literal
from zoneinfo import available_timezones

from washhouse.sources.columns import coded
from washhouse.sources.contract import ColumnSpec, ColumnType, Delivery, PeriodSpec, SourceSpec, Span, TableSpec, plain
from washhouse.sources.declared import keys
from washhouse.sources.declared.document import Node, did_you_mean
from washhouse.sources.declared.places import check_column, find_table, moment_columns

LOCAL_ZONE = "Europe/London"
DELIVERIES: tuple[Delivery, ...] = ("snapshot", "replace-period", "delta")
TYPES: tuple[ColumnType, ...] = (
    *("text", "date", "time", "datetime", "int", "float", "code", "flag", "nhs_number", "pseudonym"),
)
IDENTIFYING = ("person", "nhs_number", "first_name", "surname", "birth_date", "postcode", "address", "uprn", "phone")
"""Keys of `[identity]` whose columns name a person directly."""

_NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")
_COLUMN = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def read_spec(top: Node) -> SourceSpec:
    """Make the contract of a declared source.

    Args:
        top: The declaration.

    Raises:
        InputError: `declaration-invalid`: it makes no sense; line and key are named.
    """
    top.section(keys.TOP)
    name = top.text("name")
    if not _NAME.fullmatch(name):
        top.refuse("a name of small letters, digits and _ is expected, e.g. district_nursing.", key="name")
    delivery: Delivery = top.choice("delivery", DELIVERIES, "snapshot")  # type: ignore[assignment]
    zone = top.text("timezone", LOCAL_ZONE)
    if zone not in available_timezones():
        top.refuse(f"{zone!r} is no time zone, e.g. Europe/London or UTC.", key="timezone")
    tables = [
        _table(table, node, delivery, "" if zone == LOCAL_ZONE else zone) for table, node in top.child("tables").items()
    ]
    if not tables:
        top.refuse("at least one section [tables.NAME] is expected.", key="tables")
    tables = _with_people(top, tables)
    tables = _with_spans(top, tables)
    tables = _with_parents(top, tables)
    period = _period(top, tables, delivery)
    if period is not None:
        tables = [_in_period(table, period) for table in tables]
    _check_headers(top, tables)
    title = top.text("title") or name.replace("_", " ").capitalize()
    words = top.text("description") or "Declared by the site."
    return SourceSpec(name, title, tuple(tables), period=period, description=words, references=("the site",))


def _table(name: str, node: Node, delivery: Delivery, zone: str) -> TableSpec:
    node.section(keys.TABLE)
    if not _COLUMN.fullmatch(name):
        node.refuse("a table's name has letters, digits and _ only.")
    columns = tuple(_column(column, part, zone) for column, part in node.child("columns").items())
    if not columns:
        node.refuse("the table has no columns.", key="columns")
    key = node.texts("key")
    for column in key:
        check_column(node, columns, column, "key")
    columns = tuple(_must(column) if column.name in key else column for column in columns)
    own: Delivery = node.choice("delivery", DELIVERIES, delivery)  # type: ignore[assignment]
    if own == "delta" and not key:
        node.refuse("changed rows are found by their key: name its columns, key = [...].", key="delivery")
    return TableSpec(
        name,
        columns,
        key or tuple(column.name for column in columns),
        aliases=node.texts("aliases"),
        delivery=own,
        required=node.flag("required"),
        description=node.text("description", "one row per record"),
    )


def _column(name: str, node: Node, zone: str) -> ColumnSpec:
    if isinstance(node.value, str):
        node = Node({"type": node.value}, node.path, node.document)
    node.section(keys.COLUMN)
    if not _COLUMN.fullmatch(name):
        node.refuse(
            "a column's name has letters, digits and _ only.",
            "Headers match without regard to spaces and punctuation; otherwise give the header as an alias.",
        )
    codes = node.texts("codes")
    type: ColumnType = node.choice("type", TYPES, "code" if codes else "text")  # type: ignore[assignment]
    if codes and type != "code":
        node.refuse(f"a column with codes is of type code, not {type}.", key="type")
    if len({plain(code) for code in codes}) != len(codes):
        node.refuse("two of the codes are the same but for case, spaces and punctuation.", key="codes")
    strict = node.choice("unlisted", ("warn", "quarantine"), "warn") == "quarantine"
    if strict and not codes:
        node.refuse("without codes none is unlisted: list them, codes = [...].", key="unlisted")
    filled = node.flag("filled")
    future = node.flag("future")
    if future and type not in ("date", "datetime"):
        node.refuse(f"only a date or datetime may lie ahead, not a column of type {type}.", key="future")
    return ColumnSpec(
        name,
        type,
        node.texts("aliases"),
        required=node.flag("required") or filled,
        key=filled,
        allowed=codes or None,
        strict=strict,
        pad=coded(name, codes).pad if codes else 0,
        format=_format(node, type),
        zone=zone if type == "datetime" else "",
        may_be_future=future,
        personal=node.flag("personal") or type == "nhs_number",
        description=node.text("description"),
    )


def _format(node: Node, type: ColumnType) -> str:
    format = node.text("format")
    if not format:
        return ""
    if type not in ("date", "time", "datetime"):
        node.refuse(f"a format is for a date, time or datetime, not for a column of type {type}.", key="format")
    sample = datetime(2025, 6, 18, 13, 45)
    try:
        read = datetime.strptime(sample.strftime(format), format)
    except ValueError:
        read = None
    whole = {"date": ("year", "month"), "time": ("hour", "minute"), "datetime": ("year", "month", "day", "hour")}[type]
    if read is None or any(getattr(read, part) != getattr(sample, part) for part in whole):
        node.refuse('it does not tell the whole of it; e.g. "%m/%d/%Y", "%H.%M", "%d%b%Y:%H:%M:%S".', key="format")
    return format


def _must(column: ColumnSpec) -> ColumnSpec:
    """A column without which a row cannot be used."""
    return replace(column, required=True, key=True)


def _change(tables: list[TableSpec], name: str, change: Callable[[TableSpec], TableSpec]) -> list[TableSpec]:
    return [change(table) if table.name == name else table for table in tables]


def _change_columns(table: TableSpec, names: Iterable[str], change: Callable[[ColumnSpec], ColumnSpec]) -> TableSpec:
    wanted = set(names)
    columns = tuple(change(column) if column.name in wanted else column for column in table.columns)
    return replace(table, columns=columns)


def _with_people(top: Node, tables: list[TableSpec]) -> list[TableSpec]:
    """Mark who the rows are about, and what names a person."""
    if not top.has("identity"):
        top.refuse("the section [identity] is missing: it says which column is the person's id, NHS number and so on.")
    node = top.child("identity").section(keys.IDENTITY)
    own = find_table(node, tables)
    kind: Literal["clear", "pseudonym"] = node.choice("kind", ("clear", "pseudonym"), "clear")  # type: ignore[assignment]
    person = node.text("person")
    if not person:
        node.refuse("name the column with the sender's own id of the person, person = ...", key="person")
    named = {key: column for key in keys.IDENTITY if (column := _identity_column(node, own, key))}
    if kind == "pseudonym":
        named.setdefault("pseudonym", person)
        for key in (key for key in IDENTIFYING if key in named and key != "person"):
            node.refuse("a feed that knows people by pseudonym only has no such column.", key=key)
        if own.column(named["pseudonym"]).type != "pseudonym":
            node.refuse(f"the column {named['pseudonym']} must be of type pseudonym.", key="pseudonym")
    personal = [named[key] for key in IDENTIFYING if key in named] if kind == "clear" else []
    changed = _change_columns(own, personal, lambda column: replace(column, personal=True))
    changed = _change_columns(changed, [person], _must if kind == "clear" else partial(replace, required=True))
    birth = named.get("birth_date", "")
    told = [named["death_date"]] if birth and "death_date" in named else []
    needed = own.required or not top.child("tables").child(own.name).has("required")
    changed = replace(changed, identity=kind, birth=birth, events=tuple(told), required=needed)
    tables = _change(tables, own.name, lambda _: changed)
    for event in top.child("events").entries():
        event.section(keys.EVENT)
        other = find_table(event, tables)
        id_column = event.text("person", person)
        check_column(event, other.columns, id_column, "person")
        if other.name != own.name and kind == "clear":
            marked = _change_columns(other, [id_column], lambda column: replace(_must(column), personal=True))
            tables = _change(tables, other.name, lambda _, marked=marked: marked)  # type: ignore[misc]
    return tables


def _identity_column(node: Node, table: TableSpec, key: str) -> str:
    """The column that `[identity]` names under a key, empty if it names none."""
    if key in ("table", "kind") or not node.has(key):
        return ""
    value = node.value[key]
    name = node.child(key).text("column") if key == "sex" and isinstance(value, dict) else node.text(key)
    wanted = {"nhs_number": "nhs_number", "birth_date": "date", "death_date": "date", "restricted": "flag"}.get(key)
    column = check_column(node, table.columns, name, key)
    if wanted is not None and column.type != wanted:
        node.refuse(f"the column {name} must be of type {wanted}, and is {column.type}.", key=key)
    if wanted is None and key != "pseudonym" and column.type in ("date", "time", "datetime", "float", "flag"):
        node.refuse(f"the column {name} is of type {column.type}, which makes no {key}.", key=key)
    return name


def _with_spans(top: Node, tables: list[TableSpec]) -> list[TableSpec]:
    """Add what must not end before it starts, and what must not lie before a birth."""
    for event in top.child("events").entries():
        table = find_table(event, tables)
        start, start_time = moment_columns(event, table, "time")
        end, end_time = moment_columns(event, table, "end") if event.has("end") else ("", "")
        spans, told = table.spans, table.events
        if end and not any((span.start, span.end) == (start, end) for span in spans):
            spans = (*spans, Span(start, end, start_time, end_time))
        if table.birth and start not in told and start != table.birth:
            told = (*told, start)
        changed = replace(table, spans=spans, events=told)
        tables = _change(tables, table.name, lambda _, changed=changed: changed)  # type: ignore[misc]
    return tables


def _with_parents(top: Node, tables: list[TableSpec]) -> list[TableSpec]:
    for name, node in top.child("tables").items():
        if not node.has("parent"):
            continue
        parent, _, column = node.text("parent").partition(".")
        others = {table.name: table for table in tables if table.name != name}
        if parent not in others or not column:
            node.refuse(
                f"the parent is another table and its column: table.column.{did_you_mean(parent, others)}", "", "parent"
            )
        theirs = check_column(node, others[parent].columns, column, "parent")
        own = check_column(node, next(table for table in tables if table.name == name).columns, column, "parent")
        if others[parent].business_key != (column,) or {theirs.type, own.type} - {"text", "code", "nhs_number"}:
            node.refuse(f"{column} must be the whole key of {parent}, and a text in both tables.", key="parent")
        tables = _change(
            tables,
            name,
            lambda table: replace(_change_columns(table, [column], _must), parent=(parent, column)),  # noqa: B023
        )
    _check_no_circle(top, tables)
    return tables


def _check_no_circle(top: Node, tables: list[TableSpec]) -> None:
    parents = {table.name: table.parent[0] for table in tables if table.parent is not None}
    for table in tables:
        seen, at = {table.name}, parents.get(table.name)
        while at is not None:
            if at in seen:
                top.refuse("the tables are each other's parents.", key=f"tables.{table.name}.parent")
            seen.add(at)
            at = parents.get(at)


def _period(top: Node, tables: list[TableSpec], delivery: Delivery) -> PeriodSpec | None:
    replacing = [table.name for table in tables if table.delivery == "replace-period"]
    if not top.has("period"):
        if replacing:
            words = "what is sent for a period needs a section [period] that says where the period stands."
            top.refuse(words, key="delivery" if top.has("delivery") else f"tables.{replacing[0]}.delivery")
        return None
    node = top.child("period").section(keys.PERIOD)
    table = find_table(node, tables)
    if replacing and set(replacing) != {table.name}:
        node.refuse(f"only the table of [period] can be delivered by period, not {', '.join(replacing)}.", key="table")
    one = node.text("column")
    start, end = (one, one) if one else (node.text("start"), node.text("end"))
    for key, name in (("column", one),) if one else (("start", start), ("end", end)):
        column = check_column(node, table.columns, name, key)
        if column.type != "date":
            node.refuse(f"the column {name} must be of type date, and is {column.type}.", key=key)
    provider = node.text("provider")
    if provider:
        check_column(node, table.columns, provider, "provider")
    return PeriodSpec(table.name, start, end, provider)


def _in_period(table: TableSpec, period: PeriodSpec) -> TableSpec:
    """The table whose rows say their period: each must say it, and several periods may stand in one file."""
    if table.name != period.table:
        return table
    names = tuple(dict.fromkeys(name for name in (period.provider, period.start, period.end) if name))
    return replace(_change_columns(table, names, _must), submission=names, required=True)


def _check_headers(top: Node, tables: list[TableSpec]) -> None:
    """No header means two columns, no file name two tables."""
    files: dict[str, str] = {}
    for table in tables:
        for name in (table.name, *table.aliases):
            if files.setdefault(plain(name), table.name) != table.name or not plain(name):
                top.refuse(f"the file name {name} could mean two tables.", key=f"tables.{table.name}.aliases")
        seen: dict[str, str] = {}
        for column in table.columns:
            for header in (column.name, *column.aliases):
                if seen.setdefault(plain(header), column.name) != column.name or not plain(header):
                    where = f"tables.{table.name}.columns.{column.name}"
                    top.refuse(f"the header {header} could mean two columns.", key=where)
