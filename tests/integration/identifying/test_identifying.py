"""One record against a published version: who it may be, giving it a person, and the run that lands it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sqlalchemy.exc import OperationalError

from washhouse.core.errors import HomeError, InputError, RefusedError
from washhouse.desk.database import open_desk
from washhouse.desk.live_records import live_records
from washhouse.governance.audit import AuditTrail
from washhouse.governance.grants import Purpose, Role, mint_grant, system_grant
from washhouse.lake.pointer import publish
from washhouse.lake.schemas import arrow_schema
from washhouse.linkage.history import link_events
from washhouse.linkage.people import link_people
from washhouse.linkage.tables import RETIRED_ID
from washhouse.pipeline.identifying import Identifier
from washhouse.pipeline.live_records import ASSIGNED, forget_landed, start_from
from washhouse.sources.identity import IDENTITY

Stage = Any
NOW = datetime(2026, 7, 1, 9, 0)
FIRST = "Olivia Amelia Jack Mohammed Elizabeth Thomas Wren Kai Priya Sean Ada Leo Grace Noor Harvey".split()  # noqa: SIM905
LAST = "Smith Jones Khan Brien Walker Nowak Brown Patel Lee Okafor Doyle Hill Ward Price Evans Kaur".split()  # noqa: SIM905
STRANGER = {
    "source": "hospital",
    "source_id": "x1",
    "first_name": "Zebedee",
    "surname": "Quartermaine",
    "birth_date": "1971-03-09",
    "sex": "male",
    "postcode": "WH9 9ZZ",
    "address": "1 Nowhere Lane",
}


def as_table(rows: list[dict[str, Any]]) -> pa.Table:
    schema = arrow_schema(IDENTITY)
    return pa.table({f.name: pa.array([r.get(f.name) for r in rows], f.type) for f in schema}, schema=schema)


def test_a_known_person_is_the_same_and_a_stranger_new(stage: Stage) -> None:
    ask = stage.identifier().ask
    known, stranger = ask(system_grant(NOW), [stage.said(4), STRANGER], now=NOW)
    assert known.identified.decision == "same"
    assert known.person_id == stage.person(4)
    assert known.identified.candidates[0].person_id == stage.person(4)
    assert stranger.identified.decision == "new"
    assert stranger.person_id is None
    assert not stranger.recorded
    told = known.to_json()
    assert "Dock" not in str(told)
    steps = told["candidates"][0]["steps"]
    assert steps[-1]["total"] == told["candidates"][0]["weight"]


def test_who_may_not_ask_is_refused_and_every_question_is_audited(stage: Stage) -> None:
    ask = stage.identifier().ask
    clinician = mint_grant(actor="CP1", role=Role.CLINICIAN, purpose=Purpose.DIRECT_CARE, persons=["a"], now=NOW)
    with pytest.raises(RefusedError) as refused:
        ask(clinician, [STRANGER], now=NOW)
    assert refused.value.code == "not-permitted"
    steward = mint_grant(actor="ST1", role=Role.STEWARD, purpose=Purpose.STEWARDSHIP, persons=None, now=NOW)
    ask(steward, [STRANGER], now=NOW)
    with stage.desk.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT actor, action, outcome, detail FROM audit ORDER BY seq").all()
    assert [tuple(row)[:3] for row in rows] == [("CP1", "identify", "deny"), ("ST1", "identify", "allow")]
    assert not any("Quartermaine" in str(row) for row in rows)


@pytest.mark.parametrize(
    "records",
    [[], [{}], [{"surname": " "}], [{"surnam": "Smith"}], [{"surname": 5}], [{"surname": "x" * 501}], ["Smith"],
     [{"surname": "\ud800"}], [{"source": "gp"}], [STRANGER] * 1001],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_without_repeating_it(stage: Stage, records: Any) -> None:
    with pytest.raises(InputError) as refused:
        stage.identifier().ask(system_grant(NOW), records, now=NOW)
    assert refused.value.code == "record-invalid"
    assert "Smith" not in str(refused.value)


def test_a_recorded_stranger_keeps_the_id_through_the_run_that_lands_it(stage: Stage) -> None:
    given = stage.identifier().ask(system_grant(NOW), [STRANGER], record=True, now=NOW)[0]
    assert given.identified.decision == "new"
    assert given.recorded
    assert given.person_id is not None
    # Another process finds it, under its own id and under another.
    other = stage.identifier()
    again, twin = other.ask(system_grant(NOW), [STRANGER, STRANGER | {"source_id": "x2"}], record=True, now=NOW)
    assert again.person_id == twin.person_id == given.person_id
    assert twin.identified.decision == "same"
    # What it says is sealed at the desk, until the next run has it.
    raw = (stage.home.desk_file).read_bytes() + stage.home.desk_file.with_suffix(".db-wal").read_bytes()
    assert b"Quartermaine" not in raw
    row = STRANGER | {
        "identity_kind": "clear",
        "birth_date": date(1971, 3, 9),
        "restricted": False,
        "first_seen": NOW,
        "last_seen": NOW,
    }
    now = pa.concat_tables([stage.table, as_table([row])])
    start = start_from(stage.context, stage.people.membership, now)
    assert [(one.record, one.person_id) for one in start.assigned] == [(("hospital", "x1"), given.person_id)]
    index = stage.people.index
    assert index is not None
    landed = link_people(
        now, previous=start.membership, key=partial(stage.vault.hmac, "person-id"), model=index.trained, index=index
    )
    (span,) = [s for s in landed.membership.to_pylist() if s["source_id"] == "x1"]
    assert (span["person_id"], span["cause"], span["valid_to"]) == (given.person_id, ASSIGNED, None)
    (event,) = link_events(
        start.membership, landed.membership, (), version="v2", at=NOW, name="/".join, assigned=start.assigned
    ).to_pylist()
    told = ("assign", "", given.person_id, "system", "hospital/x1")
    assert tuple(event[name] for name in ("event", "before", "after", "actor", "records")) == told
    stage.vault.write("identity", "v2", now)
    version = replace(stage.version, vault=stage.version.vault | {"identity": "v2"})
    assert forget_landed(stage.context, version) == 1
    assert [r.person_id for r in live_records(stage.desk)] == [given.person_id]  # x2 has not come yet


def test_a_recorded_record_of_somebody_known_goes_to_them(stage: Stage) -> None:
    said = stage.said(6, source="social_care", source_id="s6")
    given = stage.identifier().ask(system_grant(NOW), [said], record=True, now=NOW)[0]
    assert given.person_id == stage.person(6)
    known = stage.said(6, source="gp", source_id=stage.table.column("source_id")[6].as_py())
    assert stage.identifier().ask(system_grant(NOW), [known], record=True, now=NOW)[0].person_id == stage.person(6)
    assert len(live_records(stage.desk)) == 1  # the second has long landed


def test_two_at_once_do_not_make_two_people(stage: Stage) -> None:
    askers = [stage.identifier() for _ in range(4)]
    records = [STRANGER | {"source_id": f"y{i}"} for i in range(8)]

    def ask(i: int) -> str | None:
        return askers[i % 4].ask(system_grant(NOW), [records[i]], record=True, now=NOW)[0].person_id

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1
    assert len(live_records(stage.desk)) == 8


def test_many_recorded_at_once_are_as_one_by_one(stage: Stage, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    records = []
    for i in range(40):
        who = int(rng.integers(0, 25))
        records.append(
            {
                "source": "hospital",
                "source_id": f"z{i}",
                "first_name": FIRST[who % len(FIRST)] + "ina",
                "surname": LAST[who % len(LAST)] + "ski",
                "birth_date": f"19{50 + who}-04-1{who % 9}",
                "sex": "female",
                "postcode": f"WH8 {who % 9}QQ",
                "address": f"{who} Far Street",
            }
        )
    together = stage.identifier().ask(system_grant(NOW), records, record=True, now=NOW)
    other = open_desk(tmp_path / "other.db")
    alone = Identifier(stage.home, stage.vault, other, AuditTrail(other))
    for record, answer in zip(records, together, strict=True):
        one = alone.ask(system_grant(NOW), [record], record=True, now=NOW)[0]
        assert one.person_id == answer.person_id
        assert one.identified.decision == answer.identified.decision
    other.close()
    assert len({a.person_id for a in together}) == len({r["surname"] + r["birth_date"] for r in records})


def test_a_version_without_an_index_says_so(stage: Stage) -> None:
    bare = {name: g for name, g in stage.version.vault.items() if not name.startswith("link_")}
    publish(stage.home, replace(stage.version, number=2, id="v2", vault=bare))
    with pytest.raises(HomeError) as failed:
        stage.identifier().ask(system_grant(NOW), [STRANGER], now=NOW)
    assert failed.value.code == "link-index-missing"


def test_what_could_not_be_recorded_is_neither_kept_nor_found(stage: Stage) -> None:
    identifier = stage.identifier()
    with stage.desk.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE live_records RENAME COLUMN payload TO gone")
    with pytest.raises(OperationalError):
        identifier.ask(system_grant(NOW), [STRANGER], record=True, now=NOW)
    with stage.desk.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE live_records RENAME COLUMN gone TO payload")
        assert connection.exec_driver_sql("SELECT count(*) FROM audit").scalar() == 0
    assert live_records(stage.desk) == []
    twin = STRANGER | {"source_id": "x2"}
    assert identifier.ask(system_grant(NOW), [twin], now=NOW)[0].identified.decision == "new"
    assert stage.audit.verify().rows == 1


def test_audit_and_record_are_one_commit_in_one_chain(stage: Stage) -> None:
    ask = stage.identifier().ask
    ask(system_grant(NOW), [STRANGER], record=True, now=NOW)
    ask(system_grant(NOW), [STRANGER | {"source_id": "x2"}], record=True, now=NOW)
    found = stage.audit.verify()
    assert (found.rows, found.bad_seq) == (2, None)


def test_a_version_that_is_published_meanwhile_is_taken_up(stage: Stage) -> None:
    identifier = stage.identifier()
    given = identifier.ask(system_grant(NOW), [STRANGER], record=True, now=NOW)[0]
    # The next run merges the person of the waiting record into somebody else, before the record has landed.
    heir = stage.person(3)
    retired = pa.table({"old": [given.person_id], "new": [heir]}, schema=arrow_schema(RETIRED_ID))
    stage.vault.write("retired", "v2", retired)
    publish(stage.home, replace(stage.version, number=2, id="v2", vault=stage.version.vault | {"retired": "v2"}))
    again, twin = identifier.ask(system_grant(NOW), [STRANGER, STRANGER | {"source_id": "x2"}], record=True, now=NOW)
    assert again.version == "v2"
    assert again.person_id == twin.person_id == heir
