"""How far a source's data reaches: as far as its period, not as late as its file was made."""

from __future__ import annotations

from datetime import date, datetime

import pyarrow as pa

from washhouse.lake.pointer import Version
from washhouse.lake.schemas import arrow_schema
from washhouse.pipeline.coverage import newest_day, read_coverage, to_json
from washhouse.record.reader import covers_of
from washhouse.record.tables import BATCH

NEEDED = ("MHS000Header", "MHS001MPI", "MHS101Referral")


def sent(source: str, batch: str, *tables: str, end: date | None = None, rejected: tuple[str, ...] = ()) -> list[dict]:
    day = date.fromisoformat(batch[:10])
    return [
        {
            "source": source,
            "batch": batch,
            "source_table": table,
            "status": "rejected" if table in rejected else "accepted",
            "as_of": day,
            "period_end": end,
        }
        for table in tables
    ]


def covers(*batches: list[dict]) -> dict[str, date]:
    return read_coverage(pa.Table.from_pylist([row for batch in batches for row in batch], schema=arrow_schema(BATCH)))


def test_a_late_file_about_an_old_month_reaches_to_that_month() -> None:
    june = sent("mental_health", "2025-09-20", *NEEDED, end=date(2025, 6, 30))
    assert covers(june) == {"mental_health": date(2025, 7, 1)}


def test_a_period_that_has_not_ended_reaches_to_the_declared_date() -> None:
    night = sent("mental_health", "2025-07-14-delta", "MHS000Header", end=date(2025, 7, 31))
    assert covers(night, sent("gp", "2025-07-02", "patients")) == {
        "mental_health": date(2025, 7, 14),
        "gp": date(2025, 7, 2),
    }


def test_a_month_without_its_referrals_does_not_count() -> None:
    june = sent("mental_health", "2025-07-02", *NEEDED, end=date(2025, 6, 30))
    july = sent("mental_health", "2025-08-02", *NEEDED, end=date(2025, 7, 31), rejected=("MHS101Referral",))
    assert covers(june, july) == {"mental_health": date(2025, 7, 1)}
    assert covers(july) == {}


def test_changes_count_by_their_header() -> None:
    tables = ("MHS000Header", "MHS201CareContact")
    good = sent("mental_health", "2025-07-04-delta~02", *tables, rejected=("MHS201CareContact",))
    bad = sent("mental_health", "2025-07-05-Delta", *tables, rejected=("MHS000Header",))
    assert covers(good, bad) == {"mental_health": date(2025, 7, 4)}


class Told:
    def __init__(self, **summary: object) -> None:
        self.as_of = {"gp": date(2025, 7, 2)}
        self.summary = summary


def test_a_version_tells_what_was_noted_or_else_its_declared_dates() -> None:
    assert covers_of(Told(covers=to_json({"gp": date(2025, 6, 1)}))) == {"gp": date(2025, 6, 1)}
    assert covers_of(Told()) == {"gp": date(2025, 7, 2)}


def test_an_imported_data_set_does_not_make_today() -> None:
    def day(**as_of: date) -> date:
        return newest_day(Version(1, "v", datetime(2025, 8, 1), {}, {}, (), as_of, {}, 2))

    shifted = date(2202, 1, 5)
    assert day(gp=date(2025, 7, 2), mental_health=date(2025, 7, 14), meds=shifted) == date(2025, 7, 14)
    assert day(meds=shifted) == shifted
    assert day() == date(2025, 8, 1)
