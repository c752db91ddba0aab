"""What becomes of everything derived from a person whose records were moved: by a steward, or before they landed?"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from typer.testing import CliRunner

from washhouse.cli.main import app
from washhouse.core.home import Home, Settings
from washhouse.desk.accounts import ensure_demo_users
from washhouse.desk.clock import utc_now
from washhouse.desk.database import open_desk
from washhouse.desk.linkage import add_decision
from washhouse.desk.live_records import live_records
from washhouse.desk.person_changes import list_person_changes
from washhouse.governance.audit import AuditTrail
from washhouse.governance.grants import system_grant
from washhouse.governance.keys import load_master_key
from washhouse.governance.vault import Vault
from washhouse.lake.pointer import Version, read_current
from washhouse.lake.store import Lake
from washhouse.linkage.history import state_at
from washhouse.linkage.person_ids import record_key
from washhouse.pipeline.identifying import Identifier
from washhouse.pipeline.opted_out import known_then
from washhouse.pipeline.run import run_inbox
from washhouse.record.export.people import NOBODY
from washhouse.record.link_history import LinkHistory, read_history, read_link_history
from washhouse.record.reader import open_record
from washhouse.record.tables import CARE_RELATION, EVENT, PERSON, RELATION, SCORE
from washhouse.synthetic.calendar import DEFAULT_END
from washhouse.synthetic.city import make_city

Record = tuple[str, str]


@dataclass(frozen=True)
class Moved:
    """A home before and after two people were put together, one was taken apart, and a waiting record landed."""

    home: Home
    vault: Vault
    before: Version
    after: Version
    apart: tuple[Record, Record]
    together: tuple[Record, Record]
    landed: Record
    given: str

    def people(self, version: Version) -> dict[Record, str]:
        rows = self.vault.read("membership", version.vault["membership"]).to_pylist()
        return {(r["source"], r["source_id"]): r["person_id"] for r in rows if r["valid_to"] is None}

    def ids(self, table: Any, version: Version) -> set[str]:
        held = Lake(self.home.lake).read(table, version.tables[table.name], columns=["person_id"])
        return set(held["person_id"].to_pylist())

    @property
    def history(self) -> LinkHistory:
        return read_link_history(self.vault, self.after.vault)


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory, fresh_home: Callable[[Path], Home]) -> Moved:
    root = tmp_path_factory.mktemp("moved")
    make_city(600, 1, 3, root / "city", DEFAULT_END)
    extracts, inbox, home = root / "city" / "extracts", root / "inbox", fresh_home(root / "home")
    settings = Settings(buckets=2, threads=1)
    for source in ("gp", "mental_health"):
        shutil.copytree(extracts / source, inbox / source)
    run_inbox(home, settings, inbox)
    before = read_current(home)
    assert before is not None
    vault = Vault(home, load_master_key(home, settings))
    people = read_people(vault, before)
    dead = vault.read("identity", before.vault["identity"]).filter(pc.field("death_date").is_valid())
    living = people.keys() - set(zip(dead["source"].to_pylist(), dead["source_id"].to_pylist(), strict=True))
    held: dict[str, list[Record]] = {}
    for record in sorted(living):
        held.setdefault(people[record], []).append(record)
    apart = next(tuple(records[:2]) for records in held.values() if len(records) > 1)
    alone = [records[0] for records in held.values() if len(records) == 1]
    together = (alone[0], alone[1])
    said = coming(extracts / "hospital")
    desk = open_desk(home.desk_file)
    try:
        _, steward = ensure_demo_users(desk, utc_now().date())
        given = Identifier(home, vault, desk, AuditTrail(desk)).ask(
            system_grant(utc_now()), [said], record=True, now=utc_now()
        )[0]
        key = partial(vault.hmac, "record-key")
        for kind, pair in (("cannot", apart), ("must", together)):
            left, right = (record_key(key, *record) for record in pair)
            add_decision(desk, left=left, right=right, kind=kind, reason="Looked", user=steward.username, at=utc_now())
        shutil.copytree(extracts / "hospital", inbox / "hospital")
        run_inbox(home, settings, inbox)
    finally:
        desk.close()
    after = read_current(home)
    assert after is not None and given.person_id is not None
    landed = (said["source"], said["source_id"])
    return Moved(home, vault, before, after, apart, together, landed, given.person_id)  # type: ignore[arg-type]


def read_people(vault: Vault, version: Version) -> dict[Record, str]:
    rows = vault.read("membership", version.vault["membership"]).to_pylist()
    return {(r["source"], r["source_id"]): r["person_id"] for r in rows if r["valid_to"] is None}


def coming(hospital: Path) -> dict[str, str]:
    """A record that the hospital will send, as somebody at its desk would type it."""
    with sorted(hospital.glob("*/demographics.csv"))[-1].open(encoding="utf-8-sig", newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["first_name"] and row["nhs_number"])
    names = ("nhs_number", "first_name", "surname", "birth_date", "sex", "address", "postcode")
    return {"source": "hospital", "source_id": row["local_patient_id"]} | {name: row[name] for name in names}


def test_nothing_derived_names_a_person_who_is_no_more(moved: Moved) -> None:
    now = set(moved.people(moved.after).values())
    assert moved.ids(PERSON, moved.after) == now
    for table in (EVENT, CARE_RELATION, RELATION, SCORE):
        assert moved.ids(table, moved.after) <= now, table.name
    gone = set(moved.people(moved.before).values()) - now
    assert gone, "putting two people together retires an id"


def test_events_go_with_their_records(moved: Moved) -> None:
    """The rows of a person who was taken apart, or put together with another, stand under whoever has the record."""
    lake = Lake(moved.home.lake)

    def counts(version: Version, *sources: str) -> dict[str, int]:
        rows = lake.read(EVENT, version.tables[EVENT.name], columns=["person_id", "source"])
        rows = rows.filter(pc.is_in(rows["source"], value_set=pa.array(sources)))
        found = rows.group_by("person_id").aggregate([("source", "count")])
        return dict(zip(found["person_id"].to_pylist(), found["source_count"].to_pylist(), strict=True))

    then, now = (moved.people(version) for version in (moved.before, moved.after))
    earlier, later = (counts(version, "gp", "mental_health") for version in (moved.before, moved.after))
    a, b = moved.together
    assert now[a] == now[b]
    assert later[now[a]] == earlier.get(then[a], 0) + earlier.get(then[b], 0)
    a, b = moved.apart
    assert now[a] != now[b]
    assert later.get(now[a], 0) + later.get(now[b], 0) == earlier[then[a]]


def test_an_earlier_version_knows_people_by_the_records_that_they_have_now(moved: Moved) -> None:
    then, now = (moved.people(version) for version in (moved.before, moved.after))

    def known(record: Record) -> set[str]:
        people = pa.table({"person_id": [now[record]]})
        return set(known_then(moved.vault, moved.before, moved.after, people)["person_id"].to_pylist())

    assert known(moved.together[0]) >= {then[record] for record in moved.together}
    one, other = moved.apart
    assert then[one] == then[other] in known(one) & known(other), "whoever of the two it was, both were one then"
    assert known_then(moved.vault, moved.before, moved.after, NOBODY).num_rows == 0


def test_every_version_has_scores_of_its_own(moved: Moved) -> None:
    assert moved.after.tables[SCORE.name] != moved.before.tables[SCORE.name]
    assert moved.after.summary["models"]


def test_desk_rows_of_who_was_taken_apart_wait_for_a_steward(moved: Moved) -> None:
    desk = open_desk(moved.home.desk_file)
    try:
        changes = list_person_changes(desk)
        assert moved.people(moved.before)[moved.apart[0]] in {change.person_before for change in changes}
        assert live_records(desk) == []
    finally:
        desk.close()


def test_a_retired_id_leads_to_its_heir_everywhere(moved: Moved) -> None:
    then, now = (moved.people(version) for version in (moved.before, moved.after))
    (old,) = {then[record] for record in moved.together} - {now[moved.together[0]]}
    heir = now[moved.together[0]]
    desk = open_desk(moved.home.desk_file)
    try:
        audit = AuditTrail(desk)
        record = open_record(Lake(moved.home.lake), moved.after, system_grant(utc_now()), audit)
        assert record.resolve(old) == heir
        assert record.aliases([heir])[old] == heir
    finally:
        desk.close()
    done = CliRunner().invoke(app, ["history", "--home", str(moved.home.root), "--person", old, "--json"])
    told = json.loads(done.stdout)
    assert (told["asked"], told["person_id"]) == (old, heir)


def test_merge_un_merge_and_assign_are_told_with_who_and_why(moved: Moved) -> None:
    desk = open_desk(moved.home.desk_file)
    now = moved.people(moved.after)
    try:
        audit, moment = AuditTrail(desk), utc_now()

        def changes(person: str) -> list[tuple[str, str, str]]:
            on = moment.date()
            found = read_history(moved.history, system_grant(moment), audit, on=on, now=moment, person=person)
            return [(change.event, change.actor, change.reason) for change in found.changes]

        assert ("un-merge", "demo-steward", "Looked") in changes(now[moved.apart[0]])
        assert ("merge", "demo-steward", "Looked") in changes(now[moved.together[0]])
        assert ("assign", "system", "") in changes(moved.given)
        key = partial(moved.vault.hmac, "record-key")
        by_record = read_history(
            moved.history,
            system_grant(moment),
            audit,
            on=moment.date(),
            now=moment,
            record=record_key(key, *moved.landed),
        )
        assert by_record.person_id == now[moved.landed]
        (landed,) = [each for each in by_record.records if each.record_key == record_key(key, *moved.landed)]
        assert [stay.cause for stay in landed.stays] == ["assigned"]
        with desk.engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT DISTINCT subject FROM audit WHERE action = 'view-link-history'")
            assert {now[moved.apart[0]], now[moved.together[0]], moved.given} <= set(rows.scalars())
    finally:
        desk.close()


def test_the_state_of_the_day_before_can_be_rebuilt(moved: Moved) -> None:
    """Who was who before the run that moved people, read from the membership of today."""
    membership = moved.vault.read("membership", moved.after.vault["membership"])
    changed = [row["valid_to"] for row in membership.to_pylist() if row["valid_to"] is not None]
    moment = min(changed) - timedelta(microseconds=1)
    then = {(r["source"], r["source_id"]): r["person_id"] for r in state_at(membership, moment).to_pylist()}
    old = moved.people(moved.before)
    assert isinstance(moment, datetime)
    assert {record: then.get(record) for record in (*moved.apart, *moved.together)} == {
        record: old[record] for record in (*moved.apart, *moved.together)
    }
