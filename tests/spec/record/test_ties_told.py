"""What is told of a person's ties, to whom, and what is written down before."""

from __future__ import annotations

import json
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from washhouse.core.errors import RefusedError
from washhouse.desk.models import AuditRow
from washhouse.governance.audit import cohort_hash
from washhouse.governance.grants import Grant, Purpose, Role
from washhouse.record.ties import tell_ties

ANN, BOB, CAT = ("0000000" + digit + digit * 24 for digit in "012")


def told(ties):
    return [(tie.kind, tie.other, tie.is_told) for tie in ties]


def test_who_is_not_in_their_care_is_told_as_a_number(world):
    record = world.open(world.clinician(ANN))
    assert told(record.relations(ANN)) == [
        ("household", "unnamed-1", False),
        ("household", "unnamed-2", False),
        ("phone", "unnamed-2", False),
        ("practice", "N99001", True),
        ("team", "T1", True),
    ]


def test_who_is_in_their_care_is_told_and_can_be_asked_about(world):
    record = world.open(world.clinician(ANN, BOB))
    assert told(record.relations(ANN))[:2] == [("household", BOB, True), ("household", "unnamed-1", False)]
    # The same stranger is the same number throughout the opened record, and no other's.
    assert told(record.relations(BOB)) == [("household", ANN, True), ("household", "unnamed-1", False)]


def test_a_number_says_nothing_beyond_the_opened_record(world):
    assert told(world.open(world.clinician(BOB)).relations(BOB)) == [
        ("household", "unnamed-1", False),
        ("household", "unnamed-2", False),
    ]


def test_no_id_of_a_stranger_and_no_hash_is_told(world):
    ties = world.open(world.clinician(ANN)).relations(ANN)
    assert not any(hidden in repr(ties) for hidden in (BOB, CAT, "a" * 32, "b" * 32))


def test_a_tie_says_why_since_when_and_who_says_so(world):
    ties = world.open(world.clinician(ANN)).relations(ANN)
    phone = next(tie for tie in ties if tie.kind == "phone")
    assert (phone.evidence, phone.source) == ("same phone", "gp")
    assert (phone.since, phone.until) == (date(2026, 1, 1), date(2026, 3, 1))
    assert (phone.holds(date(2026, 2, 28)), phone.holds(date(2026, 3, 1))) == (True, False)


def test_the_audit_counts_the_others_and_names_only_the_person(world):
    record = world.open(world.clinician(ANN))
    record.relations(ANN)
    record.relations(ANN)
    assert world.audited() == [("read-relations", ANN, "allow")]
    with world.desk.reading() as session:
        detail = json.loads(session.scalars(select(AuditRow.detail)).one())
    assert (detail["others"], detail["others_sha256"]) == (2, cohort_hash([BOB, CAT]))


@pytest.mark.parametrize("role", ["steward", "system"])
def test_a_grant_for_the_population_sees_no_ties(world, role):
    with pytest.raises(RefusedError):
        world.open(getattr(world, role)()).relations(ANN)
    assert world.audited() == [("read-relations", None, "deny")]


@pytest.mark.parametrize("purpose", [purpose for purpose in Purpose if purpose is not Purpose.DIRECT_CARE])
def test_another_purpose_sees_no_kind(world, purpose):
    grant = world.clinician(ANN)
    other = Grant(grant.id, "ANN", Role.RESIDENT, purpose, grant.persons, grant.issued_at, grant.expires_at)
    row = {
        "kind": "household",
        "other": BOB,
        "via": "a" * 32,
        "since": None,
        "until": None,
        "evidence": "",
        "source": "",
    }
    assert tell_ties([row], other, {}) == ()
    with pytest.raises(RefusedError):
        world.open(other).relations(ANN)


def test_a_version_from_before_ties_had_two_people_tells_those_it_has(world, monkeypatch, tmp_path):
    columns = {"person_id": [ANN, ANN], "other": ["c" * 32, "N99001"], "kind": ["household", "practice"]}
    columns |= {"since": [date(2001, 1, 1)] * 2, "until": pa.nulls(2, pa.date32()), "evidence": ["home", "registered"]}
    old = tmp_path / "bucket=0" / "old.parquet"
    old.parent.mkdir()
    pq.write_table(pa.table(columns), old)
    files = world.lake.files
    monkeypatch.setattr(world.lake, "files", lambda name, *at: [str(old)] if name == "relation" else files(name, *at))
    (tie,) = world.open(world.clinician(ANN)).relations(ANN)
    assert (tie.kind, tie.other, tie.source) == ("practice", "N99001", "")
