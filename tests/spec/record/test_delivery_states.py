"""What the record knew, and from when: small batches in, states out."""

from __future__ import annotations

from datetime import date, datetime

import pyarrow as pa
import pytest

from washhouse.lake.engine import connect
from washhouse.sources.contract import ColumnSpec, TableSpec
from washhouse.sources.delivery import STATE_COLUMNS, resolve_history


def referrals(delivery: str) -> TableSpec:
    columns = (ColumnSpec("id"), ColumnSpec("team"), ColumnSpec("closed", "date"), ColumnSpec("note"))
    return TableSpec("referral", columns, ("id",), delivery=delivery)


def batch(name, rows, *, sent=None, period=(None, None), kind="full", provider="RXX") -> pa.Table:
    """Rows as (id, team, closed); submitted at the start of `sent`, or of the day that `name` begins with."""
    day = date.fromisoformat(sent or name[:10])
    count = len(rows)
    return pa.table(
        {
            "id": pa.array([row[0] for row in rows], pa.string()),
            "team": pa.array([row[1] for row in rows], pa.string()),
            "closed": pa.array([row[2] if len(row) > 2 else None for row in rows], pa.date32()),
            "note": pa.array([f"{name}" for _ in rows], pa.string()),
            "_row": pa.array(range(1, count + 1), pa.int64()),
            "_file": pa.array(["r.csv"] * count, pa.string()),
            "_batch": pa.array([name] * count, pa.string()),
            "_submitted_at": pa.array([datetime(day.year, day.month, day.day, 6)] * count, pa.timestamp("us")),
            "_as_of": pa.array([day] * count, pa.date32()),
            "_period_start": pa.array([period[0]] * count, pa.date32()),
            "_period_end": pa.array([period[1]] * count, pa.date32()),
            "_provider": pa.array([provider] * count, pa.string()),
            "_kind": pa.array([kind] * count, pa.string()),
        }
    )


def month(number: int) -> tuple[date, date]:
    year, index = 2024 + (number - 1) // 12, (number - 1) % 12 + 1
    following = date(year + index // 12, index % 12 + 1, 1)
    return date(year, index, 1), date.fromordinal(following.toordinal() - 1)


def monthly(number: int, rows, *, suffix: str = "", sent: str | None = None) -> pa.Table:
    start, end = month(number)
    sent = sent or month(number + 1)[0].replace(day=2).isoformat()
    return batch(f"{sent}{suffix}", rows, sent=sent, period=(start, end))


@pytest.fixture
def con():
    return connect(threads=1)


def states(con, delivery: str, *batches: pa.Table, columns=("id", "team", "closed")):
    """(id, team, closed, recorded on, superseded on), by thing and time."""
    resolve_history(con, referrals(delivery), list(batches), columns=columns)
    return con.execute(
        """SELECT id, team, closed, strftime(_recorded_at, '%Y-%m-%d'), strftime(_superseded_at, '%Y-%m-%d')
           FROM referral ORDER BY id, _recorded_at"""
    ).fetchall()


def test_24_monthly_resubmissions_of_one_referral_are_one_state_of_the_first(con):
    batches = [monthly(number, [("r1", "CMHT")]) for number in range(1, 25)]
    assert states(con, "replace-period", *batches) == [("r1", "CMHT", None, "2024-02-02", None)]
    found = con.execute(f"SELECT {', '.join(STATE_COLUMNS)} FROM referral").fetchall()
    first, last = datetime(2024, 2, 2, 6), datetime(2026, 1, 2, 6)
    assert found == [("RXX", first, None, last, None, "2024-02-02/r.csv", 1)]


def test_a_change_closes_the_old_state_and_opens_a_new_one(con):
    closed = date(2024, 2, 20)
    batches = [monthly(1, [("r1", "CMHT")]), monthly(2, [("r1", "CMHT", closed)]), monthly(3, [("r2", "EIP")])]
    assert states(con, "replace-period", *batches) == [
        ("r1", "CMHT", None, "2024-02-02", "2024-03-02"),
        ("r1", "CMHT", closed, "2024-03-02", None),  # absent from March: closed in February, not withdrawn
        ("r2", "EIP", None, "2024-04-02", None),
    ]


def test_a_change_in_a_column_not_asked_for_is_no_new_state(con):
    batches = [monthly(1, [("r1", "CMHT")]), monthly(2, [("r1", "CMHT")])]
    assert len(states(con, "replace-period", *batches)) == 1
    assert len(states(con, "replace-period", *batches, columns=("id", "team", "closed", "note"))) == 2


def test_a_month_sent_again_withdraws_what_it_no_longer_says(con):
    batches = [
        monthly(1, [("contact1", "CMHT"), ("contact2", "CMHT")]),
        monthly(2, [("contact3", "CMHT")]),
        monthly(1, [("contact1", "CMHT"), ("contact4", "CMHT")], sent="2024-03-20"),
    ]
    assert states(con, "replace-period", *batches) == [
        ("contact1", "CMHT", None, "2024-02-02", None),
        ("contact2", "CMHT", None, "2024-02-02", "2024-03-20"),
        ("contact3", "CMHT", None, "2024-03-02", None),
        ("contact4", "CMHT", None, "2024-03-20", None),
    ]


def test_an_old_month_sent_late_does_not_reopen_what_a_later_month_closed(con):
    closed = date(2024, 3, 5)
    batches = [
        monthly(1, [("r1", "CMHT")]),
        monthly(3, [("r1", "CMHT", closed)]),
        monthly(1, [("r1", "Memory"), ("r0", "CMHT")], sent="2024-06-20"),
    ]
    assert states(con, "replace-period", *batches) == [
        ("r0", "CMHT", None, "2024-06-20", None),
        ("r1", "CMHT", None, "2024-02-02", "2024-04-02"),
        ("r1", "CMHT", closed, "2024-04-02", None),
    ]


def test_a_nightly_change_is_known_that_night_and_the_month_that_repeats_it_adds_nothing(con):
    closed = date(2024, 2, 20)
    night = (date(2024, 2, 20), date(2024, 2, 20))
    batches = [
        monthly(1, [("r1", "CMHT")]),
        batch("2024-02-21-delta", [("r1", "CMHT", closed)], period=night, kind="delta"),
        monthly(2, [("r1", "CMHT", closed)]),
    ]
    assert states(con, "replace-period", *batches) == [
        ("r1", "CMHT", None, "2024-02-02", "2024-02-21"),
        ("r1", "CMHT", closed, "2024-02-21", None),
    ]


def test_a_month_withdraws_what_only_a_night_within_it_said(con):
    night = (date(2024, 2, 20), date(2024, 2, 20))
    batches = [
        batch("2024-02-21-delta", [("entered in error", "CMHT")], period=night, kind="delta"),
        monthly(2, [("r1", "CMHT")]),
    ]
    assert states(con, "replace-period", *batches) == [
        ("entered in error", "CMHT", None, "2024-02-21", "2024-03-02"),
        ("r1", "CMHT", None, "2024-03-02", None),
    ]


def test_a_month_sent_again_without_a_referral_leaves_what_the_month_before_said_of_it(con):
    batches = [
        monthly(1, [("r1", "CMHT")]),
        monthly(2, [("r1", "Memory"), ("r2", "EIP")]),
        monthly(2, [("r2", "EIP")], sent="2024-03-20"),
    ]
    assert states(con, "replace-period", *batches) == [
        ("r1", "CMHT", None, "2024-02-02", "2024-03-02"),
        ("r1", "Memory", None, "2024-03-02", "2024-03-20"),
        ("r1", "CMHT", None, "2024-03-20", None),
        ("r2", "EIP", None, "2024-03-02", None),
    ]


def test_a_month_sent_again_after_a_late_change_of_it_is_heard(con):
    january = month(1)
    batches = [
        monthly(1, [("r1", "CMHT")]),
        batch("2024-02-10-delta", [("r1", "EIP")], period=january, kind="delta"),
        monthly(1, [("r1", "Memory")], sent="2024-02-20"),
    ]
    assert states(con, "replace-period", *batches) == [
        ("r1", "CMHT", None, "2024-02-02", "2024-02-10"),
        ("r1", "EIP", None, "2024-02-10", "2024-02-20"),
        ("r1", "Memory", None, "2024-02-20", None),
    ]


def test_providers_do_not_touch_each_other(con):
    one = batch("2024-02-02", [("r1", "CMHT")], period=month(1))
    other = batch("2024-02-03", [("r1", "Memory")], period=month(1), provider="RYY")
    assert states(con, "replace-period", one, other) == [
        ("r1", "CMHT", None, "2024-02-02", None),
        ("r1", "Memory", None, "2024-02-03", None),
    ]


def test_the_latest_snapshot_is_the_truth(con):
    batches = [
        batch("2024-01-01", [("a", "x"), ("b", "x")]),
        batch("2024-02-01", [("a", "y")]),
        batch("2024-03-01", [("a", "y"), ("b", "x")]),
    ]
    assert states(con, "snapshot", *batches) == [
        ("a", "x", None, "2024-01-01", "2024-02-01"),
        ("a", "y", None, "2024-02-01", None),
        ("b", "x", None, "2024-01-01", "2024-02-01"),
        ("b", "x", None, "2024-03-01", None),
    ]


def test_an_old_snapshot_corrected_after_a_newer_one_says_nothing_any_more(con):
    """Nor does it hide from a thing's own record time that the newer one was the last to say it was not so."""
    late = batch("2025-06-01~02", [("r1", "corrected"), ("r3", "EIP")], sent="2025-06-01")
    late = late.set_column(
        late.column_names.index("_submitted_at"), "_submitted_at", pa.array([datetime(2025, 7, 20)] * 2)
    )
    sent = [batch("2025-06-01", [("r1", "CMHT"), ("r2", "CMHT")]), batch("2025-07-01", [("r1", "CMHT")]), late]
    assert states(con, "snapshot", *sent, batch("2025-08-01", [("r1", "CMHT"), ("r4", "EIP")])) == [
        ("r1", "CMHT", None, "2025-06-01", None),
        ("r2", "CMHT", None, "2025-06-01", "2025-07-01"),
        ("r4", "EIP", None, "2025-08-01", None),
    ]
    assert con.execute("SELECT _not_before FROM referral WHERE id = 'r4'").fetchall() == [(datetime(2025, 7, 1, 6),)]


@pytest.mark.parametrize("delivery", ["snapshot", "delta"])
def test_a_batch_corrected_before_the_next_counts_from_the_correction(con, delivery):
    late = batch("2025-06-01~02", [("r1", "EIP")], sent="2025-06-01")
    late = late.set_column(late.column_names.index("_submitted_at"), "_submitted_at", pa.array([datetime(2025, 6, 9)]))
    assert states(con, delivery, batch("2025-06-01", [("r1", "CMHT")]), late) == [
        ("r1", "CMHT", None, "2025-06-01", "2025-06-09"),
        ("r1", "EIP", None, "2025-06-09", None),
    ]


def test_changes_corrected_late_do_not_undo_later_changes(con):
    late = batch("2025-06-01~02", [("r1", "corrected"), ("r2", "corrected")], sent="2025-06-01")
    late = late.set_column(
        late.column_names.index("_submitted_at"), "_submitted_at", pa.array([datetime(2025, 7, 20)] * 2)
    )
    sent = [batch("2025-06-01", [("r1", "CMHT"), ("r2", "CMHT")]), batch("2025-07-01", [("r1", "EIP")]), late]
    assert states(con, "delta", *sent) == [
        ("r1", "CMHT", None, "2025-06-01", "2025-07-01"),
        ("r1", "EIP", None, "2025-07-01", None),
        ("r2", "CMHT", None, "2025-06-01", "2025-07-20"),
        ("r2", "corrected", None, "2025-07-20", None),
    ]


def test_a_state_was_not_known_at_the_submission_before_it(con):
    batches = [batch("2024-01-01", [("a", "x")]), batch("2024-02-01", [("a", "x"), ("b", "x")])]
    states(con, "snapshot", *batches)
    found = con.execute("SELECT id, _not_before FROM referral ORDER BY id").fetchall()
    assert found == [("a", None), ("b", datetime(2024, 1, 1, 6))]


def test_a_file_without_rows_is_no_snapshot(con):
    batches = [batch("2024-01-01", [("a", "x")]), batch("2024-02-01", [])]
    assert states(con, "snapshot", *batches) == [("a", "x", None, "2024-01-01", None)]


def test_changed_rows_supersede_by_key_and_others_stay(con):
    batches = [batch("2024-01-01", [("a", "x"), ("b", "x")]), batch("2024-02-01", [("a", "y")])]
    assert states(con, "delta", *batches) == [
        ("a", "x", None, "2024-01-01", "2024-02-01"),
        ("a", "y", None, "2024-02-01", None),
        ("b", "x", None, "2024-01-01", None),
    ]


def test_of_two_rows_of_a_file_with_one_key_the_later_counts(con):
    assert states(con, "delta", batch("2024-01-01", [("a", "x"), ("a", "y")])) == [("a", "y", None, "2024-01-01", None)]


def test_submissions_at_the_same_time_are_ordered_by_declared_date_then_name(con):
    first = batch("2024-01-05-a", [("a", "x")], sent="2024-01-05")
    second = batch("2024-01-05-b", [("a", "y")], sent="2024-01-05")
    assert states(con, "delta", second, first) == [("a", "y", None, "2024-01-05", None)]


def test_nothing_sent_is_an_empty_table_of_the_declared_types(con):
    resolve_history(con, referrals("snapshot"), None)
    assert con.execute("SELECT typeof(closed), count(*) FROM referral GROUP BY 1").fetchall() == []
    assert con.execute("SELECT max(closed) - 1, max(id) FROM referral").fetchall() == [(None, None)]


def test_of_a_hundred_snapshots_each_withdraws_what_it_leaves_out(con):
    first = date(2024, 1, 1)
    days = [date.fromordinal(first.toordinal() + at).isoformat() for at in range(100)]
    batches = [
        batch(
            day, [("stays", "CMHT"), *([("goes", "CMHT")] if at < 64 else []), *([("gap", "CMHT")] if at != 80 else [])]
        )
        for at, day in enumerate(days)
    ]
    assert states(con, "snapshot", *batches) == [
        ("gap", "CMHT", None, days[0], days[80]),
        ("gap", "CMHT", None, days[81], None),
        ("goes", "CMHT", None, days[0], days[64]),
        ("stays", "CMHT", None, days[0], None),
    ]
