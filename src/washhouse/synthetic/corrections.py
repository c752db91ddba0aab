"""What do senders get wrong at first and put right later?

Three ways, at small stated rates: a contact entered as missed that was kept, sent right some nights later; a month that
is submitted again three weeks on, with contacts changed and others withdrawn; an entry in the wrong patient's journal
that the next snapshot no longer holds. Only contacts with community teams are touched, never a crisis team's: what the
label of a crisis rests on stays as it was. The truth keeps every correction (`corrections.parquet`).

References:
    The rates are the city's own; that providers resubmit months, and that the later submission replaces the earlier,
    is how the national set works (FIELDS.md, fact 3).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from washhouse.synthetic.calendar import Calendar, Period, date_of
from washhouse.synthetic.columns import Array
from washhouse.synthetic.frames import Frame, take
from washhouse.synthetic.mental_health import MentalHealth

CONTACT_WRONG = 0.01
"""Share of kept contacts with community teams that are entered as missed, in nightly files and months sent again."""
CONTACT_WITHDRAWN = 0.004
"""Contacts that never were, for each contact with a community team, in months sent again."""
ENTRY_DELETED = 1e-4
"""Share of journal entries of the first snapshot that also stand in another patient's journal, and are deleted."""

_MISSED = 3
_RESUBMITTED_AFTER_DAYS = 21
_MONTH_OF_YEAR = 5
_COLUMNS = ("source", "table", "key", "kind", "column", "was", "now", "batch", "corrected_by")


@dataclass
class CorrectionLog:
    """Corrections for the sealed truth: one row each, in the order of `_COLUMNS`."""

    rows: list[tuple[str | None, ...]] = field(default_factory=list)

    def deleted(self, entries: pa.Table, batch: str, by: str) -> None:
        """Note journal entries that one snapshot holds and the next does not."""
        for entry in entries.to_pylist():
            key = f"{entry['patient_id']} {entry['code']} {entry['event_date']}"
            self.rows.append(("gp", "journal", key, "deleted", None, None, None, batch, by))

    def write(self, folder: Path) -> None:
        """Write `corrections.parquet`: one row per row that was wrong at first.

        `kind` is `changed` (in `column`, from `was` to `now`), `withdrawn` or `deleted`; `batch` showed it first,
        `corrected_by` put it right.
        """
        rows = sorted(self.rows, key=str)
        columns = {name: pa.array([row[k] for row in rows], pa.string()) for k, name in enumerate(_COLUMNS)}
        pq.write_table(pa.table(columns), folder / "corrections.parquet")


def resubmissions(calendar: Calendar) -> list[Period]:
    """Return the months that are submitted again: the sixth of every twelve, three weeks after the first time."""
    again = [
        Period(month.start, month.end, month.declared + _RESUBMITTED_AFTER_DAYS)
        for month in calendar.months()[_MONTH_OF_YEAR::12]
    ]
    return [month for month in again if month.declared <= calendar.end + 1]


@dataclass
class ContactSlips:
    """Contacts that a file shows otherwise than they were.

    Attributes:
        right_from: Day from whose file on each contact is sent as it was; 0 for most.
        never_were: Contacts that never were, as a frame; `day` in a month that is sent again.
        withdrawn_on: Day from whose file on each of these is gone.
    """

    right_from: Array
    never_were: Frame
    withdrawn_on: Array

    def shown(self, contacts: Frame, rows: Array, declared: int) -> Frame:
        """Return contacts as a file declared on a day shows them."""
        frame = take(contacts, rows)
        frame["status"] = np.where(self.right_from[rows] > declared, _MISSED, frame["status"])
        return frame


def draw_contact_slips(
    mental: MentalHealth, calendar: Calendar, log: CorrectionLog, rng: np.random.Generator
) -> ContactSlips:
    """Choose contacts that are wrong at first, and invent some that never were."""
    contacts = mental.contacts
    community = mental.referrals["community"][contacts["referral"]] == 1
    day = contacts["day"]
    right_from = np.zeros(len(day), np.int64)
    wrong = community & np.isin(contacts["status"], (5, 6)) & (rng.random(len(day)) < CONTACT_WRONG)
    lag = rng.integers(2, 9, len(day))
    nights = calendar.nights()
    rows = np.flatnonzero(wrong & (day >= nights[0].start) & (day + lag <= calendar.end))
    right_from[rows] = (day + lag + 1)[rows]
    for row in rows.tolist():
        _say_changed(log, row, contacts, f"{_iso(day[row] + 1)}-delta", f"{_iso(right_from[row])}-delta")
    chosen, gone = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for month in resubmissions(calendar):
        inside = (day >= month.start) & (day <= month.end)
        first = _iso(month.declared - _RESUBMITTED_AFTER_DAYS)
        rows = np.flatnonzero(wrong & inside)
        right_from[rows] = month.declared
        for row in rows.tolist():
            _say_changed(log, row, contacts, first, _iso(month.declared))
        rows = np.flatnonzero(community & inside)
        rows = rows[rng.random(len(rows)) < CONTACT_WITHDRAWN]
        number = sum(len(part) for part in chosen)
        for nth in range(len(rows)):
            key = f"CX{10_000_000 + number + nth}"
            log.rows.append(
                ("mental_health", "MHS201CareContact", key, "withdrawn", None, None, None, first, _iso(month.declared))
            )
        chosen.append(rows)
        gone.append(np.full(len(rows), month.declared))
    return ContactSlips(right_from, take(contacts, np.concatenate(chosen)), np.concatenate(gone))


def _say_changed(log: CorrectionLog, row: int, contacts: Frame, batch: str, by: str) -> None:
    key, now = f"C{10_000_000 + row}", str(contacts["status"][row])
    log.rows.append(
        ("mental_health", "MHS201CareContact", key, "changed", "AttendStatus", str(_MISSED), now, batch, by)
    )


def _iso(day: int) -> str:
    return date_of(int(day)).isoformat()


def misfiled(journal: pa.Table, rng: np.random.Generator) -> pa.Table:
    """Return a few entries as they stand in another patient's journal as well.

    Example:
        >>> journal = pa.table({"patient_id": [str(n) for n in range(20_000)], "code": ["1"] * 20_000})
        >>> wrong = misfiled(journal, np.random.default_rng(1))
        >>> 0 < wrong.num_rows < 20, wrong.column_names
        (True, ['patient_id', 'code'])
    """
    rows = np.flatnonzero(rng.random(journal.num_rows) < ENTRY_DELETED)
    other = (rows + journal.num_rows // 2) % max(journal.num_rows, 1)
    patient = journal.column("patient_id").take(pa.array(other))
    return journal.take(pa.array(rows)).set_column(journal.column_names.index("patient_id"), "patient_id", patient)
