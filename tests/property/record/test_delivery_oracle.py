"""Do states follow from submissions as the rule in words says, whatever the order and the overlap?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from washhouse.lake.engine import connect
from washhouse.sources.contract import ColumnSpec, TableSpec
from washhouse.sources.delivery import resolve_history
from washhouse.sources.submissions import Submission, order_submissions

DAY = date(2025, 1, 1)
State = tuple[str, str | None, datetime, datetime | None, datetime]


def oracle(sent: Sequence[tuple[Submission, dict[str, str]]], delivery: str) -> set[State]:
    """The rule, thing by thing and moment by moment: (thing, state, recorded, superseded, last seen)."""
    rows_of = dict(sent)
    places = order_submissions([submission for submission, _ in sent], delivery)
    found: set[State] = set()
    for thing in {thing for _, rows in sent for thing in rows}:
        holding: list[tuple[str | None, datetime, datetime]] = []
        for moment in places:
            known = [p for p in places if p.sequence <= moment.sequence and thing in rows_of[p.submission]]
            standing = [p for p in known if p.replaced_by is None or p.replaced_by > moment.sequence]
            if known:
                best = max(standing, key=lambda place: place.rank, default=None)
                said = moment if best is None else best
                state = None if best is None else rows_of[best.submission][thing]
                holding.append((state, moment.submission.submitted_at, said.submission.submitted_at))
        runs: list[list[tuple[str | None, datetime, datetime]]] = []
        for claim in holding:
            if runs and runs[-1][0][0] == claim[0]:
                runs[-1].append(claim)
            else:
                runs.append([claim])
        for run, after in zip(runs, [*runs[1:], None], strict=True):
            begun, ended = run[0][1], after[0][1] if after else None
            if run[0][0] is not None and (ended is None or ended > begun):
                found.add((thing, run[0][0], begun, ended, run[-1][2]))
    return found


def places_one_by_one(sent: Sequence[Submission], delivery: str) -> list[tuple[str, int, int | None]]:
    """Batch, rank and what takes its place, as the rule says, comparing each with each."""

    def covers(later: Submission, earlier: Submission) -> bool:
        if not later.is_full or later.provider != earlier.provider or delivery == "delta":
            return False
        if delivery == "snapshot":
            return later.as_of >= earlier.as_of
        if None in (later.period_start, earlier.period_start):
            return False
        return later.period_start <= earlier.period_start and earlier.period_end <= later.period_end

    known = sorted(sent, key=lambda one: (one.submitted_at, one.as_of, one.batch))
    days: list[date] = []
    for at, one in enumerate(known):
        day = one.period_end or one.as_of
        if one.is_full:
            day = max([day, *(days[before] for before in range(at) if covers(one, known[before]))])
        elif any(covers(earlier, one) for earlier in known[:at]):
            day = one.as_of
        days.append(day if delivery == "replace-period" else one.as_of)
    ranked = sorted(range(len(known)), key=lambda at: (days[at], at))
    found = []
    for at, one in enumerate(known):
        outdated = any(e.is_full and e.provider == one.provider and e.as_of > one.as_of for e in known[:at])
        later = next((to for to in range(at + 1, len(known)) if covers(known[to], one)), None)
        found.append((one.batch, ranked.index(at), at if delivery == "snapshot" and outdated else later))
    return found


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[Submission, dict[str, str]]]:
    sent = []
    for number in range(draw(st.integers(1, 7))):
        start = draw(st.integers(0, 3))
        end = draw(st.integers(start, 4))
        moment = draw(st.integers(0, 6))
        submission = Submission(
            batch=f"b{number}",
            submitted_at=datetime(2025, 3, 1) + timedelta(days=moment),
            as_of=DAY + timedelta(days=draw(st.integers(end, 5))),
            period_start=DAY + timedelta(days=start),
            period_end=DAY + timedelta(days=end),
            provider=draw(st.sampled_from(["RXX", None])),
            is_full=draw(st.booleans()),
        )
        if draw(st.integers(0, 7)) == 0:
            submission = replace(submission, period_start=None, period_end=None)
        rows = draw(st.dictionaries(st.sampled_from("pqr"), st.sampled_from("xyz"), max_size=3))
        if rows:
            sent.append((submission, {f"{submission.provider}{thing}": state for thing, state in rows.items()}))
    return sent


def typed(sent: Sequence[tuple[Submission, dict[str, str]]]) -> list[pa.Table]:
    return [
        pa.table(
            {
                "thing": [thing[-1] for thing in rows],
                "state": list(rows.values()),
                "_row": pa.array(range(1, len(rows) + 1), pa.int64()),
                "_file": ["f.csv"] * len(rows),
                "_batch": [one.batch] * len(rows),
                "_submitted_at": pa.array([one.submitted_at] * len(rows), pa.timestamp("us")),
                "_as_of": [one.as_of] * len(rows),
                "_period_start": pa.array([one.period_start] * len(rows), pa.date32()),
                "_period_end": pa.array([one.period_end] * len(rows), pa.date32()),
                "_provider": pa.array([one.provider] * len(rows), pa.string()),
                "_kind": ["full" if one.is_full else "delta"] * len(rows),
            }
        )
        for one, rows in sent
    ]


@pytest.mark.parametrize("delivery", ["snapshot", "replace-period", "delta"])
@given(sent=histories())
def test_places_are_those_of_comparing_each_with_each(delivery, sent):
    places = order_submissions([one for one, _ in sent], delivery)
    found = [(one.submission.batch, one.rank, one.replaced_by) for one in places]
    assert found == places_one_by_one([one for one, _ in sent], delivery)


@pytest.fixture(scope="module")
def con():
    return connect(threads=1)


@pytest.mark.parametrize("delivery", ["snapshot", "replace-period", "delta"])
@settings(max_examples=60)
@given(sent=histories(), in_one_table=st.booleans())
def test_states_are_the_oracles(con, delivery, sent, in_one_table):
    table = TableSpec("things", (ColumnSpec("thing"), ColumnSpec("state")), ("thing",), delivery=delivery)
    tables = typed(sent)
    resolve_history(con, table, pa.concat_tables(tables) if in_one_table and tables else tables)
    rows = con.execute(
        """SELECT if(_provider = '', 'None', _provider) || thing, state, _recorded_at, _superseded_at, _last_seen_at
           FROM things"""
    ).fetchall()
    assert len(rows) == len(set(rows))
    assert set(rows) == oracle(sent, delivery)


@settings(max_examples=40)
@given(sent=histories(), data=st.data())
def test_the_order_of_handing_in_is_of_no_account(con, sent, data):
    table = TableSpec("things", (ColumnSpec("thing"), ColumnSpec("state")), ("thing",), delivery="replace-period")
    resolve_history(con, table, typed(sent))
    before = con.execute("SELECT * FROM things ORDER BY ALL").fetchall()
    resolve_history(con, table, typed(data.draw(st.permutations(sent))))
    assert con.execute("SELECT * FROM things ORDER BY ALL").fetchall() == before


@settings(max_examples=40)
@given(sent=histories())
def test_a_thing_is_in_at_most_one_state_at_a_time(con, sent):
    table = TableSpec("things", (ColumnSpec("thing"), ColumnSpec("state")), ("thing",), delivery="replace-period")
    resolve_history(con, table, typed(sent))
    overlaps = con.execute(
        """SELECT count(*) FROM things AS a JOIN things AS b
           ON a.thing = b.thing AND a._provider IS NOT DISTINCT FROM b._provider AND a._recorded_at < b._recorded_at
           AND (a._superseded_at IS NULL OR a._superseded_at > b._recorded_at)"""
    ).fetchall()
    assert overlaps == [(0,)]
