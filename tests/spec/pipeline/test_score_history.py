"""Which scores of earlier weeks does a version hand on, and what becomes of them?"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from washhouse.core.tables import Table
from washhouse.insight.outcomes.crisis import CRISIS
from washhouse.lake.pointer import Version
from washhouse.lake.schemas import arrow_schema
from washhouse.lake.store import Lake
from washhouse.pipeline.score_history import dates_of, join_kept, read_kept, read_standing
from washhouse.record.tables import PERSON, RETIRED, SCORE

TODAY = dt.date(2026, 6, 30)
ANN, BEA, OLD = "a" * 32, "b" * 32, "c" * 32


def day(weeks: int, days: int = 0) -> dt.date:
    return TODAY - dt.timedelta(7 * weeks + days)


def row(person: str, index_date: dt.date, risk: float = 0.1, **more: Any) -> dict[str, Any]:
    same = {"model": "crisis", "model_version": "m", "status": "scored", "reasons": "[]", "scored_afterwards": False}
    return {"person_id": person, "index_date": index_date, "risk": risk, "rank": 1, **same, **more}


def table(contract: Table, rows: list[dict[str, Any]]) -> pa.Table:
    filled = [{**dict.fromkeys(contract.column_names), "bucket": 0, **each} for each in rows]
    return pa.Table.from_pylist(filled, schema=arrow_schema(contract))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


def publish(
    lake: Lake,
    scores: list[dict[str, Any]],
    retired: tuple[tuple[str, str], ...] = (),
    died: tuple[str, ...] = (),
) -> Version:
    """A version of a week ago, which holds Ann and Bea."""
    people = [
        {"person_id": person, "sex": "female", "sources": "gp", "death_date": day(1) if person in died else None}
        for person in (ANN, BEA)
    ]
    tables = {
        "person": lake.write(PERSON, table(PERSON, people)),
        "retired": lake.write(RETIRED, table(RETIRED, [{"old": old, "new": new} for old, new in retired])),
        "score": lake.write(SCORE, table(SCORE, scores)),
    }
    as_of = {"mental_health": day(1, 1)}
    return Version(1, "v000001-aaaaaaaa", dt.datetime(2026, 6, 23), tables, {}, (), as_of, {}, 1)


def hand_on(lake: Lake, scores: list[dict[str, Any]], retired: tuple[tuple[str, str], ...] = ()) -> pa.Table:
    """Scores that it hands on to today's, of the same people."""
    version = publish(lake, scores, retired)
    return read_kept(lake, version, replace(version, number=2), {"crisis": CRISIS}, {"crisis": TODAY})


def test_a_week_keeps_its_last_day_and_the_last_week_every_one(lake: Lake) -> None:
    days = [day(0, 1), day(1), day(3), day(3, 1), day(23), day(24), TODAY]
    kept = hand_on(lake, [row(ANN, each) for each in days])
    assert sorted(kept["index_date"].to_pylist()) == [day(23), day(3), day(1), day(0, 1)]
    assert kept["reasons"].null_count == kept.num_rows
    assert dates_of(kept) == {"crisis": {day(23), day(3), day(1), day(0, 1)}}


def test_scores_follow_whoever_took_an_id_over_and_end_with_who_has_left_the_record(lake: Lake) -> None:
    scores = [row(OLD, day(2), 0.3), row(ANN, day(2), 0.2), row(OLD, day(3), 0.4), row("d" * 32, day(2), 0.9)]
    kept = hand_on(lake, scores, retired=((OLD, "e" * 32), ("e" * 32, ANN))).sort_by("index_date")
    assert kept["person_id"].to_pylist() == [ANN, ANN]
    assert kept["risk"].to_pylist() == [0.4, 0.2], "of two that are one now, the one that bore the id counts"


def test_of_a_version_from_before_it_was_noted_only_the_newest_were_surely_shown(lake: Lake) -> None:
    kept = hand_on(lake, [row(ANN, each, scored_afterwards=None) for each in (day(1), day(2))]).sort_by("index_date")
    assert kept["scored_afterwards"].to_pylist() == [True, False]


def test_a_day_scored_anew_is_told_anew_and_stays_shown_if_it_was(lake: Lake) -> None:
    kept = hand_on(lake, [row(ANN, day(1), 0.1), row(BEA, day(1), 0.1, scored_afterwards=True), row(BEA, day(4), 0.4)])
    fresh = [row(ANN, TODAY), *(row(each, day(1), 0.2, scored_afterwards=True) for each in (ANN, BEA))]
    told = {
        (each["person_id"], each["index_date"]): (each["risk"], each["scored_afterwards"])
        for each in join_kept(table(SCORE, fresh), kept).to_pylist()
    }
    assert told == {
        (ANN, TODAY): (0.1, False),
        (ANN, day(1)): (0.2, False),
        (BEA, day(1)): (0.2, True),
        (BEA, day(4)): (0.4, False),
    }


def test_before_the_first_version_nothing_is_handed_on(lake: Lake) -> None:
    version = Version(1, "v000001-aaaaaaaa", dt.datetime(2026, 6, 23), {}, {}, (), {}, {}, 1)
    assert read_kept(lake, None, version, {"crisis": CRISIS}, {"crisis": TODAY}).num_rows == 0


def test_scores_that_stand_are_told_as_they_were_of_who_is_alive_under_the_ids_of_now(lake: Lake) -> None:
    scores = [row(OLD, day(0, 3), 0.3), row(BEA, day(0, 3), 0.4), row(ANN, day(1), 0.1), row("d" * 32, day(0, 3), 0.9)]
    version = publish(lake, scores, retired=((OLD, ANN),), died=(BEA,))
    standing = read_standing(lake, version, replace(version, number=2), {"crisis": day(0, 3)})
    told = standing.select(["person_id", "index_date", "risk", "reasons"]).to_pylist()
    assert told == [{"person_id": ANN, "index_date": day(0, 3), "risk": 0.3, "reasons": "[]"}]
