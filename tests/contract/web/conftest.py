"""A handful of people in a record of their own, and the application over it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from washhouse.core.home import Home, PatientRecord, Settings
from washhouse.core.tables import Table
from washhouse.desk.database import Desk, open_desk
from washhouse.desk.directory import sync_directory
from washhouse.desk.models import AuditRow
from washhouse.governance.audit import AuditTrail
from washhouse.governance.patient_record import LocalIds
from washhouse.governance.record_reveal import RecordIndex
from washhouse.governance.reveal import IdentityIndex
from washhouse.lake.pointer import Version
from washhouse.lake.schemas import arrow_schema
from washhouse.lake.store import Lake
from washhouse.linkage.review_tables import REVIEW, REVIEW_RECORD
from washhouse.record.buckets import bucket_of
from washhouse.record.link_review import build_link_review
from washhouse.record.reader import care_relation_facts, open_record
from washhouse.record.tables import (
    ATTRITION,
    BATCH,
    CARE_RELATION,
    EVENT,
    INDICATOR,
    PERSON,
    QUALITY,
    QUARANTINE,
    RELATION,
    RETIRED,
    SCORE,
    TABLES,
    WATCH,
)
from washhouse.web.shell.app import create_app
from washhouse.web.shell.services import Published, Services

collect_ignore_glob = ["check_*.py"]  # run by the outside environment's Python

TODAY = date(2025, 7, 1)
NOW = datetime(2025, 7, 1, 9, 0)
BUCKETS = 2
ANNA, BEN, CARLA, DORA, EMIL = (f"{place:08x}" + name * 24 for place, name in enumerate("abcde", start=1))
STRANGERS = [f"{place:08x}" + "7" * 24 for place in range(100, 160)]
"""People in nobody's care: more than a network page draws."""
RETIRED_ANNA = "0" * 7 + "9" + "f" * 24
NAMES = {
    ANNA: "Anna Ashdown",
    BEN: "Ben Bickerton",
    CARLA: "Carla Cropper",
    DORA: "Dora Dunkerley",
    EMIL: "Emil Eccles",
}
"""Anna and Carla are scored, Ben is in crisis care, Dora is in somebody else's care, Emil has died. Anna and Ben are
referred to the crisis team T2."""


@dataclass(frozen=True)
class World:
    """The people, their record and how to change what is published."""

    lake: Lake
    desk: Desk
    audit: AuditTrail
    version: Version
    identities: IdentityIndex
    local_ids: LocalIds
    services: Services

    def publish(self, **changes: Any) -> Published:
        """What the pages see of a version."""
        version = replace(self.version, **changes)
        return Published(
            id=version.id,
            published_at=version.published_at,
            as_of=version.as_of,
            models=version.models,
            summary=version.summary,
            open_record=lambda grant: open_record(self.lake, version, grant, self.services.audit),
            identities=self.identities,
            in_care_of=lambda teams, day: care_relation_facts(self.lake, version, teams=teams, today=day),
            local_ids=self.local_ids,
            link_review=build_link_review(table_of(REVIEW, QUESTIONS), {"strata": STRATA, "left_off": 7}),
            review_records=RecordIndex(table_of(REVIEW_RECORD, RECORDS)),
        )

    def audited(self, **where: Any) -> list[AuditRow]:
        """Audit rows, the first first."""
        with self.desk.reading() as session:
            rows = session.execute(select(AuditRow).filter_by(**where).order_by(AuditRow.seq)).scalars().all()
            session.expunge_all()
        return list(rows)


def table_of(table: Table, rows: list[dict[str, Any]]) -> pa.Table:
    """Rows of a record table, what is left out being null."""
    names = table.column_names
    filled = [{**dict.fromkeys(names), **row} for row in rows]
    if "bucket" in names:
        filled = [{**row, "bucket": bucket_of(row["person_id"], BUCKETS)} for row in filled]
    return pa.Table.from_pylist(filled, schema=arrow_schema(table))


def person(person_id: str, **rest: Any) -> dict[str, Any]:
    return {"person_id": person_id, "birth_month": date(1980, 3, 1), "sex": "female", "sources": "gp", **rest}


def event(person_id: str, time: datetime, code: str, **rest: Any) -> dict[str, Any]:
    return {
        "person_id": person_id,
        "time": time,
        "code": code,
        "source": "mental_health",
        "recorded_at": time,
        "recorded_assumed": False,
        "source_file": "2025-07-01/a.csv",
        "source_row": 1,
        **rest,
    }


RESTS_ON = [
    {"source": "hospital", "sent": "2025-05-31", "knows": False, "is_late": True},
    {"source": "mental_health", "sent": "2025-06-30", "knows": True, "is_late": False},
]
"""What a score rests on: the mental-health sender knows the person, the hospital does not and is late."""


def score(person_id: str, risk: float | None, index_date: date, **rest: Any) -> dict[str, Any]:
    reasons = [
        {"feature": "missed_90d", "text": "Missed 2 contacts", "value": 2, "contribution": 0.6, "event_refs": ["c1"]}
    ]
    return {
        "person_id": person_id,
        "model": "crisis",
        "model_version": "m1",
        "index_date": index_date,
        "status": "scored" if risk is not None else "in-crisis-care",
        "risk": risk,
        "risk_lower": None if risk is None else risk / 2,
        "risk_upper": None if risk is None else min(1.0, risk * 2),
        "rank": None if risk is None else 1,
        "points": None if risk is None else 4.0,
        "reasons": None if risk is None else json.dumps(reasons),
        **rest,
    }


def contact_score(person_id: str, chance: float, **rest: Any) -> dict[str, Any]:
    """The chance that the next contact is missed."""
    return score(person_id, chance, TODAY, **{"model": "missed-contact", "model_version": "c1", **rest})


def tie(person_id: str, other: str, kind: str, **rest: Any) -> dict[str, Any]:
    said = {"evidence": "same address and postcode", "source": "gp", "since": date(2024, 3, 1)}
    return {"person_id": person_id, "other": other, "kind": kind, **said, **rest}


def referral(person_id: str, team: str, **rest: Any) -> dict[str, Any]:
    said = {"since": date(2025, 6, 30), "source": "mental_health", "source_file": "2025-07-01/a.csv", "source_row": 1}
    return {"person_id": person_id, "team": team, **said, **rest}


def batch(file: str, **rest: Any) -> dict[str, Any]:
    counts = {"lines": 10, "accepted": 8, "warned": 1, "quarantined": 1, "duplicates": 1, "opted_out": 0}
    return {
        "source": "gp",
        "batch": "2025-07-01",
        "file": file,
        "status": "accepted",
        "as_of": date(2025, 7, 1),
        "sha256": "0" * 64,
        "bytes": 1000,
        "landed_at": NOW,
        **counts,
        **rest,
    }


def reason(row: int, rule: str = "impossible-date", **rest: Any) -> dict[str, Any]:
    return {
        "source": "gp",
        "batch": "2025-07-01",
        "file": "journal.csv",
        "row": row,
        "column": "event_date",
        "rule": rule,
        "severity": "quarantine",
        "reason": "event_date is no calendar day.",
        **rest,
    }


def finding(check: str, **rest: Any) -> dict[str, Any]:
    told = {"count": 10, "denominator": 1000, "value": 0.01, "limit": 0.02, "status": "met", "is_new": True}
    return {"check": check, "source": "gp", **told, **rest}


def place(code: str, people: int | None, observed: int | None, expected: float | None) -> dict[str, Any]:
    period = {"since": date(2024, 7, 1), "until": date(2025, 7, 1)}
    figures = {"people": people, "observed": observed, "expected": expected}
    return {"indicator": "emergency-admissions", "place": code, **period, **figures}


FINDINGS = [
    finding("event-after-death", count=None, denominator=40, value=None, status="over"),
    finding("event-after-death", source="hospital", count=0, value=0.0),
    finding("birth-month-missing", source=None, limit=0.05),
    finding("lines-set-aside", batch="2025-06-01", source_table="journal", value=0.01),
    finding("lines-set-aside", batch="2025-07-01", source_table="journal", count=30, value=0.03, status="over"),
    finding(
        "missing-changed",
        batch="2025-06-01",
        source_table="journal",
        column="unit",
        compared_with="2025-05-01",
        value=0.4,
        status="over",
        is_new=False,
    ),
    finding(
        "rows-changed", batch="2025-07-01", source_table="patients", denominator=12, value=0.1, status="not-judged"
    ),
]
"""One check of the record and one new delivery are over their limits; an old delivery is, too."""


def watched(period: date, value: float | None, status: str = "earlier", **more: Any) -> dict[str, Any]:
    limits = {"centre": 100.0, "lower": 60.0, "upper": 140.0}
    return {
        "watch": "volume",
        "source": "mental_health",
        "period": period,
        "value": value,
        "status": status,
        **limits,
        **more,
    }


def says_crisis(watch: str, period: date, value: float, status: str = "within", **more: Any) -> dict[str, Any]:
    same = {"model": "crisis", "model_version": "1", "centre": 1.0, "lower": 0.0}
    return {"watch": watch, "period": period, "value": value, "status": status, **same, **more}


WATCHED = [
    *(watched(date(2025, month, 1), 100.0 + month, item="missed-contact") for month in range(1, 6)),
    watched(date(2025, 6, 1), 30.0, "outside", item="missed-contact"),
    watched(date(2025, 5, 1), 100.0),
    watched(date(2025, 6, 1), 105.0, "within"),
    watched(date(2025, 6, 1), None, "too-few", item="rejected-referral", centre=None, lower=None, upper=None),
    *(says_crisis("calibration", date(2025, month, 2), 1.1, lower=0.5, upper=1.5) for month in range(1, 5)),
    says_crisis("calibration", date(2025, 5, 2), 1.2, "run", lower=0.5, upper=1.5),
    *(says_crisis("inputs", TODAY, 0.01 * place, item=f"feature_{place}", upper=0.25) for place in range(1, 9)),
    *(
        says_crisis("missing", TODAY, now, item=item, centre=0.3, upper=0.4)
        for item, now in (("known", 0.2), ("age", 0.3))
    ),
    says_crisis("missing", TODAY, 0.7, "outside", item="days_since_contact", centre=0.3, upper=0.4),
]
"""Missed contacts have fallen; as many people as ever are told of; referrals are rejected too rarely to judge. More
crises came than the model said, month after month; none of its inputs has moved, but one is no longer sent of most."""

ROWS: dict[str, list[dict[str, Any]]] = {
    PERSON.name: [
        person(ANNA, ethnic_category="B", practice="P1"),
        person(BEN),
        person(CARLA),
        person(DORA),
        person(EMIL, death_date=date(2025, 1, 1)),
    ],
    EVENT.name: [
        event(ANNA, datetime(2025, 6, 27, 10, 0), "MHS_CONTACT//3", ref="c1"),
        event(ANNA, datetime(2025, 6, 20, 10, 0), "MHS_CONTACT//5", ref="c2"),
        event(ANNA, datetime(2021, 3, 1), "MHS_REFERRAL//A06", ref="r1"),
        event(ANNA, datetime(2021, 3, 1), "MHS_REFERRAL//A05", ref="r2", end_time=datetime(2022, 3, 1)),
        *(event(ANNA, datetime(2025, 5, 1) + timedelta(days=n), "SNOMED//1", source="gp") for n in range(30)),
        event(CARLA, datetime(2025, 1, 5, 10, 0), "MHS_CONTACT//5", ref="c3"),
        event(DORA, datetime(2025, 6, 20), "MHS_CONTACT//5", ref="c4"),
    ],
    RELATION.name: [
        *(tie(*ends, "household", via="9" * 32) for ends in permutations((ANNA, BEN, DORA), 2)),
        *(tie(*ends, "phone", via="8" * 32, evidence="same telephone number") for ends in permutations((ANNA, DORA))),
        tie(ANNA, BEN, "carer", evidence="is cared for by the other", source="social_care"),
        tie(BEN, ANNA, "carer", evidence="cares for the other", source="social_care"),
        tie(ANNA, "CP1", "practitioner", evidence="co-ordinates care", source="mental_health"),
        tie(ANNA, "T1", "team", evidence="referred to the team", source="mental_health"),
        tie(BEN, "T1", "team", evidence="referred to the team", source="mental_health", until=date(2025, 6, 1)),
        tie(ANNA, "N99001", "practice", evidence="registered with the practice"),
        tie(ANNA, "CLD_SERVICE//long-term-support-community", "service", evidence="receives the service"),
        *(tie(BEN, other, "household", via="7" * 32) for other in STRANGERS),
    ],
    CARE_RELATION.name: [
        referral(ANNA, "T2"),
        referral(BEN, "T2"),
        referral(DORA, "T2", until=TODAY),
        referral(DORA, "T3"),
    ],
    RETIRED.name: [{"old": RETIRED_ANNA, "new": ANNA}],
    BATCH.name: [
        batch("journal.csv"),
        batch("patients.csv", status="rejected", reason="The file breaks off.", accepted=0, warned=0, quarantined=9),
        batch("apc.csv", source="hospital", batch="2025-06-01", as_of=date(2025, 6, 1), lines=11, accepted=7),
    ],
    QUARANTINE.name: [
        *(reason(row) for row in range(1, 61)),
        reason(7, rule="unknown-code", severity="warning", reason="Not in the list. So do 9999 more rows of the file."),
        reason(3, source="hospital", batch="2025-06-01", file="apc.csv"),
        reason(0, rule="truncated-file", severity="reject", file="patients.csv", column=None, reason="It breaks off."),
    ],
    SCORE.name: [
        score(CARLA, 0.05, TODAY),
        score(ANNA, 0.20, TODAY, rests_on=json.dumps(RESTS_ON)),
        score(ANNA, 0.05, TODAY - timedelta(days=7)),
        score(BEN, None, TODAY),
        score(DORA, 0.9, TODAY),
        *(contact_score(who, chance) for who, chance in ((ANNA, 0.4), (BEN, 0.3), (CARLA, 0.1), (DORA, 0.9))),
    ],
    QUALITY.name: FINDINGS,
    WATCH.name: WATCHED,
    INDICATOR.name: [
        place("P1", 1200, 90, 60.0),
        place("P2", 800, 45, 47.0),
        place("P3", 2000, 110, 118.0),
        place("P4", 40, None, None),
    ],
    ATTRITION.name: [
        {"cohort": "treated-severe-mental-illness", "step": step, "people": people}
        for step, people in enumerate((4000, 3200, 60, 40, 30, None))
    ],
}


def step(field: str, outcome: str, agreement: str, bits: float, total: float) -> dict[str, Any]:
    title = field.replace("_", " ").capitalize()
    words = {"field": field, "title": title, "outcome": outcome, "agreement": agreement, "words": "speaks for"}
    return {**words, "bits": bits, "total": total}


def question(left: int, right: int, cause: str, people: tuple[str, str], **rest: Any) -> dict[str, Any]:
    steps = [
        step("before", "any two records", "none", -10.0, -10.0),
        step("surname", "one slip apart", "alike", 5.0, -5.0),
        step("birth_date", "the same", "same", 8.0, 3.0),
        step("phone", "missing on one side or both", "missing", 0.0, 3.0),
        step("nhs_number", "different", "different", -1.5, 1.5),
    ]
    return {
        "left_key": str(left) * 32,
        "right_key": str(right) * 32,
        "left_source": "gp",
        "left_id": "a",
        "right_source": "hospital",
        "right_id": "b",
        "left_person": people[0],
        "right_person": people[1],
        "cause": cause,
        "detail": f"Asked because of {cause}.",
        "sampled": False,
        "together": people[0] == people[1],
        "weight": 1.5,
        "probability": 0.74,
        "affected": 2,
        "value": 1.0,
        "model": "m",
        "steps": json.dumps(steps),
        **rest,
    }


def review_record(key: int, person_id: str, **rest: Any) -> dict[str, Any]:
    return {
        "record_key": str(key) * 32,
        "source": "gp" if key % 2 else "hospital",
        "person_id": person_id,
        "records": 3,
        "first_name": "Anna",
        "surname": "Ashdown" if key % 2 else "Ashdowne",
        "birth_date": date(1980, 3, 4),
        "nhs_number": "9434765919" if key % 2 else "9434765870",
        "address": "12 Canal Street",
        "postcode": "WH1 1AA",
        "phone": "07700 900123" if key % 2 else None,
        "first_seen": NOW,
        "last_seen": NOW,
        "restricted": False,
        **rest,
    }


QUESTIONS = [
    question(1, 2, "refused", (ANNA, BEN), place=1),
    question(3, 4, "near-threshold", (CARLA, CARLA), place=2, sampled=True),
    question(1, 4, "near-threshold", (ANNA, CARLA), place=3, steps="[]"),
    question(5, 6, "sample", (DORA, DORA), place=4, sampled=True, affected=0),
]
RECORDS = [review_record(n, who) for n, who in enumerate((ANNA, BEN, EMIL, CARLA, DORA, DORA), start=1)]
RECORDS[3]["restricted"] = True
STRATA = [
    {"low": 0.1, "high": 0.5, "linked": False, "pairs": 40},
    {"low": 0.5, "high": 0.9, "linked": True, "pairs": 60},
]
"""Questions about links: Anna and Ben were refused; the fourth record is of somebody whose address is restricted."""


@pytest.fixture(scope="session")
def lake_and_tables(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lake, dict[str, int]]:
    """The record's tables, written once."""
    lake = Lake(tmp_path_factory.mktemp("record") / "lake")
    return lake, {table.name: lake.write(table, table_of(table, ROWS.get(table.name, []))) for table in TABLES}


@pytest.fixture(scope="session")
def identities() -> IdentityIndex:
    """Who the people are."""
    people = list(NAMES)
    names = [name.split() for name in NAMES.values()]
    key = {"source": ["gp"] * len(people), "source_id": [str(place) for place in range(len(people))]}
    identity = pa.table(
        {
            **key,
            "first_name": [first for first, _ in names],
            "surname": [last for _, last in names],
            "birth_date": [date(1980, 3, 4)] * len(people),
            "nhs_number": ["9434765919"] * len(people),
            "address": ["12 Canal Street"] * len(people),
            "postcode": ["WH1 1AA"] * len(people),
            "phone": ["07700 900123"] * len(people),
            "restricted": [person_id == CARLA for person_id in people],
        }
    )
    membership = pa.table({**key, "person_id": people, "valid_to": pa.nulls(len(people), pa.date32())})
    return IdentityIndex(identity, membership)


PATIENT_RECORD = PatientRecord("https://epr.example:8443/patients?id={local_id}&tab=summary", "gp")


@pytest.fixture(scope="session")
def local_ids() -> LocalIds:
    """The practice's own numbers of the people; it sent Ben under a pseudonym alone."""
    people = list(NAMES)
    key = {"source": ["gp"] * len(people), "source_id": [f"A&B #{place}/7" for place in range(len(people))]}
    kinds = ["pseudonym" if person_id == BEN else "clear" for person_id in people]
    identity = pa.table({**key, "identity_kind": kinds, "last_seen": [NOW] * len(people)})
    return LocalIds(
        identity, pa.table({**key, "person_id": people, "valid_to": pa.nulls(len(people), pa.date32())}), "gp"
    )


@pytest.fixture
def world(
    lake_and_tables: tuple[Lake, dict[str, int]], identities: IdentityIndex, local_ids: LocalIds, tmp_path: Path
) -> Iterator[World]:
    """The people, with a fresh desk."""
    lake, tables = lake_and_tables
    desk = open_desk(tmp_path / "desk.db")
    care = [(ANNA, "CP1"), (BEN, "CP1"), (CARLA, "CP1"), (EMIL, "CP1"), (DORA, "CP0")]
    assignments = pa.table(
        {
            "person_id": [who for who, _ in care],
            "team": ["T1"] * len(care),
            "worker": [worker for _, worker in care],
            "since": [date(2025, 1, 1)] * len(care),
            "until": pa.nulls(len(care), pa.date32()),
        }
    )
    teams = pa.table({"team": ["T1", "T2", "T3"], "team_type": ["A06", "A02", "A08"]})
    sync_directory(desk, pa.table({"worker": ["CP0", "CP1"]}), teams, assignments, today=TODAY)
    version = Version(
        number=1,
        id="v000001-00000000",
        published_at=NOW,
        tables=tables,
        vault={},
        batches=(),
        as_of={"mental_health": TODAY - timedelta(days=1), "gp": TODAY},
        models={"crisis": "m1", "missed-contact": "c1"},
        buckets=BUCKETS,
        summary={},
    )
    audit = AuditTrail(desk, lambda: NOW)
    services = Services(
        home=Home(tmp_path),
        settings=Settings(patient_record=PATIENT_RECORD),
        desk=desk,
        audit=audit,
        published=lambda: None,
        session_secret=b"s" * 32,
        today=lambda: TODAY,
        now=lambda: NOW,
        demo=True,
    )
    made = World(lake, desk, audit, version, identities, local_ids, services)
    yield replace(made, services=replace(services, published=made.publish))
    desk.close()


def later(world: World, **time: float) -> dict[str, Any]:
    """The application some time on."""

    def now() -> datetime:
        return NOW + timedelta(**time)

    audit = AuditTrail(world.desk, now)
    moved = replace(world, services=replace(world.services, audit=audit, now=now))
    return {"audit": audit, "now": now, "published": moved.publish}


def form_token(page: str) -> str:
    """The token of the first form of a page."""
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found, "the page holds no form token"
    return found.group(1)


@pytest.fixture
def open_client(world: World) -> Callable[..., TestClient]:
    """Open a browser-like client, signed in as the role says, or as nobody."""

    def opened(role: str = "", **changes: Any) -> TestClient:
        client = TestClient(create_app(replace(world.services, **changes)), follow_redirects=False)
        if role:
            page = client.get("/sign-in").text
            users = re.findall(r'name="user" value="([^"]+)"', page)
            user = f"demo-{role}" if f"demo-{role}" in users else users[0]
            answer = client.post("/sign-in", data={"user": user, "csrf": form_token(page)})
            assert answer.status_code == 303, answer.text
        return client

    return opened


@pytest.fixture
def post() -> Callable[..., Any]:
    """Send a form with the session's token."""

    def sent(client: TestClient, address: str, **fields: str) -> Any:
        return client.post(address, data={"csrf": form_token(client.get("/help").text), **fields})

    return sent
