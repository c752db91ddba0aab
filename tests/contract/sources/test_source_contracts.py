"""Does every registered source keep the promises of a contract?"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from washhouse.sources.contract import ColumnSpec, SourceSpec, TableSpec, plain
from washhouse.sources.file import read_file, typed_schema
from washhouse.sources.parse import EXPECTED, parse_column
from washhouse.sources.registry import SPECS
from washhouse.sources.rules import RULES

ROOT = Path(__file__).parents[3]
SOURCES = list(SPECS.values())
TABLES = [pytest.param(spec, table, id=f"{spec.name}.{table.name}") for spec in SOURCES for table in spec.tables]
CODED = [
    pytest.param(column, id=f"{spec.name}.{table.name}.{column.name}")
    for spec in SOURCES
    for table in spec.tables
    for column in table.columns
    if column.allowed is not None
]


@pytest.mark.parametrize("spec", SOURCES, ids=lambda spec: spec.name)
def test_source(spec: SourceSpec) -> None:
    assert SPECS[spec.name] is spec
    names = [plain(name) for table in spec.tables for name in (table.name, *table.aliases)]
    assert len(names) == len(set(names)), "two tables have the same file name"
    assert spec.title and spec.description and spec.references
    if spec.period is not None:
        table = spec.table(spec.period.table)
        for name in (spec.period.start, spec.period.end, spec.period.provider):
            assert table.column(name).key, "a period that may be missing is none"
        assert table.required
        assert bool(spec.period.version) == bool(spec.period.versions)
        assert table.submission == (
            () if spec.period.header else (spec.period.provider, spec.period.start, spec.period.end)
        )


@pytest.mark.parametrize(("spec", "table"), TABLES)
def test_table(spec: SourceSpec, table: TableSpec) -> None:
    names = set(table.column_names)
    headers = [plain(name) for column in table.columns for name in (column.name, *column.aliases)]
    assert len(headers) == len(set(headers)), "a header could mean two columns"
    assert re.fullmatch(r"one row per .+", table.description)
    assert table.business_key and set(table.business_key) <= names
    assert any(table.column(name).key for name in table.business_key), "a key that may be missing altogether is none"
    for span in table.spans:
        assert {table.column(span.start).type, table.column(span.end).type} == {"date"}
        for name in filter(None, (span.start_time, span.end_time)):
            assert table.column(name).type == "time"
    assert table.birth or not table.events
    for name in filter(None, (table.birth, *table.events)):
        assert table.column(name).type == "date"
    if table.identity == "clear":
        assert table.birth and table.column(table.birth).personal
    if table.identity == "pseudonym":
        assert any(column.type == "pseudonym" and column.required for column in table.columns)
        assert not any(column.personal or column.type == "nhs_number" for column in table.columns)


@pytest.mark.parametrize(("spec", "table"), [param for param in TABLES if param.values[1].parent])
def test_parent(spec: SourceSpec, table: TableSpec) -> None:
    assert table.parent is not None
    parent = spec.table(table.parent[0])
    assert parent.business_key == (table.parent[1],), "a parent is found by its whole key"
    assert table.column(table.child_key).key
    seen = {table.name}
    while parent.parent is not None:
        assert parent.name not in seen, "a table is its own ancestor"
        seen.add(parent.name)
        parent = spec.table(parent.parent[0])


@pytest.mark.parametrize(("spec", "table"), TABLES)
def test_columns(spec: SourceSpec, table: TableSpec) -> None:
    for column in table.columns:
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", column.name)
        assert not column.key or column.required
        assert column.type != "nhs_number" or column.personal
        assert not column.may_be_future or column.type in ("date", "datetime")
        assert column.type in EXPECTED or column.type in ("text", "code", "pseudonym")


@pytest.mark.parametrize("column", CODED)
def test_codes(column: ColumnSpec) -> None:
    assert column.type == "code" and column.allowed
    assert len({plain(code) for code in column.allowed}) == len(column.allowed), "two codes are spelt alike"
    parsed = parse_column(column, pa.array([*column.allowed, *(code.lower() for code in column.allowed)]))
    assert parsed.values.to_pylist() == [*column.allowed] * 2
    assert parsed.broken == {}
    if column.pad:
        short = [code.lstrip("0") for code in column.allowed if code.isdigit() and code.startswith("0")]
        restored = parse_column(column, pa.array(short))
        assert restored.values.to_pylist() == [code.zfill(column.pad) for code in short]
        assert restored.broken["leading-zeros-lost"].all()


@pytest.mark.parametrize(("spec", "table"), TABLES)
@pytest.mark.parametrize("newline", ["", "\n", "\r\n"])
def test_a_header_alone_reads_as_an_empty_table(spec: SourceSpec, table: TableSpec, newline: str) -> None:
    data = (",".join(table.column_names) + newline).encode()
    result = read_file(data, table, reference_date=date(2025, 7, 1), file="x.csv")

    assert (result.rejected, result.lines) == (False, 0)
    assert result.rows.schema == typed_schema(table)
    assert result.issues.num_rows == 0


@pytest.mark.parametrize(("spec", "table"), TABLES)
def test_every_alias_is_understood(spec: SourceSpec, table: TableSpec) -> None:
    for column in table.columns:
        for alias in column.aliases:
            header = [alias if name == column.name else name for name in table.column_names]
            result = read_file(",".join(header).encode(), table, reference_date=date(2025, 7, 1), file="x.csv")
            assert not result.rejected and result.issues.num_rows == 0


def test_rules_are_documented_and_used() -> None:
    page = (ROOT / "docs/reference/rules.md").read_text(encoding="utf-8")
    code = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "src/washhouse/sources").rglob("*.py"))
    for rule in RULES.values():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)+", rule.name)
        assert rule.action and f"### `{rule.name}`" in page
        assert code.count(f'"{rule.name}"') > 1, "no code knows the rule"
