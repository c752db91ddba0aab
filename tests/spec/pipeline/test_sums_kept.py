"""Sums over everybody are brought up to date by what came and went, while their declarations stay as they were."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from washhouse.core.home import Home, Settings
from washhouse.core.tables import Table
from washhouse.desk.database import open_desk
from washhouse.governance.audit import AuditTrail
from washhouse.governance.grants import system_grant
from washhouse.governance.keys import load_or_create_master_key
from washhouse.governance.vault import Vault
from washhouse.insight.outcomes.contract import SUBMITTED
from washhouse.lake.overlay import STEP
from washhouse.lake.pointer import Version
from washhouse.lake.store import Lake
from washhouse.pipeline.context import RunContext
from washhouse.pipeline.progress import Silent
from washhouse.pipeline.sums import SUMS, keep_sums, submitted_days
from washhouse.record.tables import EVENT, EVENT_CHANGE

NOW = dt.datetime(2026, 7, 1, 9)
DAYS = [dt.datetime(2026, 6, day) for day in (1, 2, 3)]


def event(day: int, **more: Any) -> dict[str, Any]:
    told = {"bucket": 0, "person_id": "a" * 32, "time": DAYS[day], "recorded_at": DAYS[day], "recorded_assumed": False}
    return told | {"code": "A//1", "source": "gp", "source_file": "b/f.csv", "source_row": day, **more}


@pytest.fixture
def context(tmp_path: Path) -> RunContext:
    home = Home(tmp_path / "home")
    vault = Vault(home, load_or_create_master_key(home, Settings()))
    return RunContext(home, Settings(), Lake(home.lake), vault, None, NOW, Silent(), lambda name: None)


@pytest.fixture
def audit(tmp_path: Path) -> Iterator[AuditTrail]:
    desk = open_desk(tmp_path / "desk.db")
    yield AuditTrail(desk, clock=lambda: NOW)
    desk.close()


def write(context: RunContext, table: Table, rows: list[dict[str, Any]]) -> int:
    types = {"timestamp": pa.timestamp("us")}
    columns = {one.name: pa.array([row.get(one.name) for row in rows], types.get(one.type)) for one in table.columns}
    return context.lake.write(table, pa.table(columns))


def version(number: int, **tables: int) -> Version:
    return Version(number, f"v{number:06}", NOW, tables, {}, (), {}, {}, buckets=1)


def no_pass(stages: Any, extra: Any) -> Any:
    raise AssertionError("the record was read")


def test_a_day_is_added_to_what_was_kept_and_comes_to_what_a_rebuild_counts(
    context: RunContext, audit: AuditTrail
) -> None:
    grant = system_grant(NOW)
    whole = write(context, EVENT, [event(0), event(1)])
    first, _ = keep_sums(context, version(1, event=whole), grant, audit)
    assert submitted_days(context, first, no_pass) == {"gp": [DAYS[0].date(), DAYS[1].date()]}
    went, came = event(1) | {"place": 2 * STEP, "goes": True}, event(2) | {"place": 2 * STEP + 1, "goes": False}
    now = version(2, event=whole, event_change=write(context, EVENT_CHANGE, [came, went]))
    day = replace(context, published=first)
    second, sums = keep_sums(day, now, grant, audit)
    assert submitted_days(context, second, no_pass) == {"gp": [DAYS[0].date(), DAYS[2].date()]}
    assert sums == keep_sums(replace(day, rebuild=True), now, grant, audit)[1]
    # What was kept is not counted again: something more in it stays.
    (name,) = (name for name in first.vault if name.startswith(f"sum.{SUBMITTED.name}-"))
    more = pa.table({"source": ["old"], "day": [DAYS[0].date()], "events": [1]}, sums[SUBMITTED.name].schema)
    context.vault.write(name, first.id, pa.concat_tables([context.vault.read(name, first.id), more]))
    assert keep_sums(day, now, grant, audit)[1][SUBMITTED.name]["source"].to_pylist() == ["gp", "gp", "old"]


@pytest.mark.parametrize("what", ["declared otherwise", "written whole again"])
def test_everything_is_counted_where_nothing_kept_fits(context: RunContext, audit: AuditTrail, what: str) -> None:
    grant = system_grant(NOW)
    whole = write(context, EVENT, [event(0)])
    first, _ = keep_sums(context, version(1, event=whole), grant, audit)
    empty = write(context, EVENT_CHANGE, [])
    if what == "declared otherwise":
        first = replace(first, vault={f"{name}0": generation for name, generation in first.vault.items()})
    else:
        whole = write(context, EVENT, [event(0)])
    for name, generation in first.vault.items():
        if context.vault.exists(name, generation):
            context.vault.write(name, generation, context.vault.read(name, generation).slice(0, 0))
    now = version(2, event=whole, event_change=empty)
    _, sums = keep_sums(replace(context, published=first), now, grant, audit)
    assert sums[SUBMITTED.name]["events"].to_pylist() == [1]
    assert sums.keys() == {one.kernel.name for one in SUMS}
