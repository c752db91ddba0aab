"""What a grant lets somebody read, and what is written before a row is handed out."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from washhouse.core.errors import HomeError, InputError, RefusedError
from washhouse.governance.grants import Purpose, Role, mint_grant
from washhouse.record.reader import care_relation_facts

ANN, BOB, CAT, OLD = ("0000000" + digit + digit * 24 for digit in "0129")
NOW = datetime(2026, 7, 1, 9)


def test_a_clinician_reads_a_person_in_their_care(world):
    record = world.open(world.clinician(ANN))
    assert record.person(ANN)["birth_month"] == date(1980, 2, 1)
    assert record.events(ANN)["code"].to_pylist() == ["SNOMED//1", "SNOMED//2", "SNOMED//3"]


def test_and_nobody_else(world):
    record = world.open(world.clinician(ANN))
    for read in (record.person, record.events, record.relations):
        with pytest.raises(RefusedError):
            read(BOB)
    with pytest.raises(RefusedError):
        record.scores([ANN, BOB], "crisis")
    with pytest.raises(RefusedError):
        record.people([ANN, BOB])
    with pytest.raises(RefusedError):
        record.care_relations([BOB])
    assert {row[2] for row in world.audited()} == {"deny"}


@pytest.mark.parametrize("role", ["steward", "system"])
def test_a_grant_for_the_population_reads_no_person(world, role):
    record = world.open(getattr(world, role)())
    for read in (record.person, record.events, record.relations):
        with pytest.raises(RefusedError):
            read(ANN)
    with pytest.raises(RefusedError):
        record.scores([ANN], "crisis")


def test_a_grant_that_ran_out_reads_nothing(world):
    early = NOW - timedelta(hours=1)
    grant = mint_grant(actor="CC1", role=Role.CLINICIAN, purpose=Purpose.DIRECT_CARE, persons=[ANN], now=early)
    with pytest.raises(RefusedError, match="does not hold"):
        world.open(grant).person(ANN)


def test_one_page_notes_each_person_once(world):
    record = world.open(world.clinician(ANN, BOB))
    record.person(ANN)
    record.events(ANN)
    record.scores([ANN, BOB], "crisis")
    assert world.audited() == [("read-person", ANN, "allow"), ("read-caseload", BOB, "allow")]


def test_the_audit_comes_first(world, monkeypatch):
    record = world.open(world.clinician(ANN))

    def broken(*args, **kwargs):
        raise HomeError("audit-unwritable", "no")

    monkeypatch.setattr(world.trail, "authorise", broken)
    for read in (record.person, record.events, record.relations):
        with pytest.raises(HomeError):
            read(ANN)


def test_what_is_held_in_memory_is_decided_and_noted_all_the_same(world):
    first, again = (world.open(world.clinician(ANN, CAT)) for _ in range(2))
    reads = [
        lambda r: r.events(ANN),
        lambda r: r.events_of([CAT, ANN], ["SNOMED"]),
        lambda r: r.scores([ANN], "crisis"),
    ]
    for read in reads:
        assert read(again).equals(read(first))
    assert world.audited() == [("read-person", ANN, "allow")] * 2 + [("read-person", CAT, "allow")] * 2
    for read in reads:
        with pytest.raises(RefusedError):
            read(world.open(world.clinician(BOB)))


def test_events_of_some_families_are_those_of_each_person_in_turn(world):
    record = world.open(world.clinician(ANN, BOB, CAT))
    found = record.events_of([CAT, ANN], ["SNOMED"])
    assert found["person_id"].to_pylist() == [ANN] * 3 + [CAT] * (found.num_rows - 3)
    assert record.events_of([CAT, ANN], ["SNOME"]).num_rows == 0


def test_a_page_is_announced_in_one_commit_and_shows_nothing_before_it(world, monkeypatch):
    record, together = world.open(world.clinician(ANN)), world.trail.together()
    commits, write = [], world.trail.record
    monkeypatch.setattr(world.trail, "record", lambda events: commits.append(len(events)) or write(events))
    record.announce(ANN, together)
    record.announce_relations(ANN, together)
    assert world.audited() == []
    together.commit()
    record.person(ANN)
    record.events(ANN)
    record.relations(ANN)
    assert world.audited() == [("read-person", ANN, "allow"), ("read-relations", ANN, "allow")]
    assert commits == [2]


def test_a_page_whose_audit_fails_hands_nothing_out(world, monkeypatch):
    record, together, handed = world.open(world.clinician(ANN)), world.trail.together(), []
    record.announce(ANN, together)
    together.decide(world.clinician(ANN), "reveal", [ANN], then=lambda: handed.append(ANN))

    def broken(events):
        raise HomeError("audit-unwritable", "no")

    monkeypatch.setattr(world.trail, "record", broken)
    with pytest.raises(HomeError):
        together.commit()
    assert handed == []
    with pytest.raises(HomeError):  # nothing was noted, so it is asked again
        record.person(ANN)


def test_nobody_is_announced_whom_the_grant_does_not_cover(world):
    record, together = world.open(world.clinician(ANN)), world.trail.together()
    with pytest.raises(RefusedError):
        record.announce(BOB, together)
    assert world.audited() == [("read-person", BOB, "deny")]


def test_a_window_is_half_open(world):
    record = world.open(world.clinician(ANN))
    window = record.events(ANN, since=datetime(2026, 1, 5), until=datetime(2026, 3, 5))
    assert window["code"].to_pylist() == ["SNOMED//1", "SNOMED//2"]


def test_only_the_persons_own_bucket_is_opened(world, monkeypatch):
    record = world.open(world.clinician(ANN))
    asked = []
    files = world.lake.files

    def noting(name, version, bucket=None):
        asked.append((name, bucket))
        return files(name, version, bucket)

    monkeypatch.setattr(world.lake, "files", noting)
    record.events(ANN)
    record.person(ANN)
    assert {one for one in asked if one[0] != "person_view"} == {("event", 0), ("person", 0)}


def test_somebody_who_is_not_there(world):
    nobody = "f" * 32
    record = world.open(world.clinician(nobody))
    assert record.events(nobody).num_rows == 0
    with pytest.raises(InputError) as error:
        record.person(nobody)
    assert error.value.code == "no-such-person"


def test_several_people_across_buckets(world):
    record = world.open(world.clinician(ANN, BOB, CAT))
    assert record.people([CAT, ANN, BOB, ANN])["person_id"].to_pylist() == [ANN, BOB, CAT]
    scores = record.scores([ANN, BOB], "crisis", index_dates=[date(2026, 7, 1)])
    assert scores["person_id"].to_pylist() == [ANN, BOB]
    assert record.scores([ANN], "crisis").num_rows == 2
    assert record.scores([ANN], "other").num_rows == 0
    assert record.scores([], "crisis").num_rows == 0


def test_care_relations_are_those_that_the_grant_covers(world):
    record = world.open(world.clinician(ANN, CAT))
    assert record.care_relations()["person_id"].to_pylist() == [ANN, CAT]
    assert record.care_relations(worker="CC1", team="T1")["person_id"].to_pylist() == [ANN]
    assert world.open(world.system()).care_relations().num_rows == 3
    with pytest.raises(RefusedError):
        world.open(world.steward()).care_relations()


def test_feeds_and_reasons_are_a_stewards(world):
    record = world.open(world.steward())
    assert record.batches().num_rows == 0
    assert record.quarantine(10)["batch"].to_pylist() == ["2026-07-01", "2026-06-15", "2026-06-01"]
    assert record.quarantine(1, 1, "gp")["batch"].to_pylist() == ["2026-06-01"]
    counts = record.quarantine_counts()
    assert counts["rows"].to_pylist() == [2, 1]
    assert counts["broken"].to_pylist() == [40_001, 1], "one row stands for those that are not listed"
    clinician = world.open(world.clinician(ANN))
    for read in (clinician.batches, clinician.quarantine_counts, lambda: clinician.quarantine(1)):
        with pytest.raises(RefusedError):
            read()
    assert clinician.as_of() == {"gp": date(2026, 6, 1)}


def test_a_retired_id_leads_to_the_one_that_took_over(world):
    record = world.open(world.clinician(ANN))
    assert (record.resolve(OLD), record.resolve(ANN), record.resolve("x")) == (ANN, ANN, "x")
    assert record.aliases([ANN, BOB]) == {OLD: ANN, ANN: ANN, BOB: BOB}


def test_who_is_in_whose_care_decides_a_grant(world):
    def facts(**asked):
        return care_relation_facts(world.lake, world.version, today=date(2026, 7, 1), **asked)

    assert facts(worker="CC1") == {ANN}
    assert facts(teams=["T1"]) == {ANN, BOB}
    assert facts(worker="CC1", teams=["T2"]) == {ANN}
    assert facts() == frozenset()
    assert care_relation_facts(world.lake, world.version, worker="CC1", today=date(2026, 5, 31)) == {ANN, CAT}
