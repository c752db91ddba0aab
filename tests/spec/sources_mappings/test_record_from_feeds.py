"""From what several systems sent to the tables of the record, with people that linkage is taken to have found."""

from __future__ import annotations

from datetime import date, datetime

import pyarrow as pa
import pytest

from washhouse.core.errors import HomeError
from washhouse.lake.engine import LocalEngine, Resources, connect
from washhouse.lake.store import Lake
from washhouse.record.build import build, no_progress
from washhouse.record.tables import EVENT
from washhouse.sources.mappings.macros import create_macros
from washhouse.sources.mappings.registry import SYSTEMS
from washhouse.sources.mappings.run import read_identities

ANN, BOB = "0" * 31 + "1", "0" * 31 + "2"
JANUARY = {"at": "06:00", "period": ("2024-01-01", "2024-01-31"), "provider": "RXX"}
FEBRUARY = {"at": "06:00", "period": ("2024-02-01", "2024-02-29"), "provider": "RXX"}
KNOWN, LATER = datetime(2024, 2, 2, 6), datetime(2024, 3, 2, 6)


class Record:
    """The record of some feeds; `people` says whose record each `(source, source_id)` is."""

    def __init__(self, feeds, people, folder, **settings) -> None:
        def typed(source, table):
            return feeds[source].typed(source, table) if source in feeds else None

        con = connect(threads=1, spill=folder)
        create_macros(con, "00" * 32)
        pairs = [SYSTEMS[source] for source in feeds]
        identities = read_identities(con, pairs, typed)
        membership = pa.table(
            {
                "source": [source for source, _ in people],
                "source_id": [source_id for _, source_id in people],
                "person_id": list(people.values()),
                "valid_to": pa.nulls(len(people), pa.timestamp("us")),
            }
        )
        built = build(con, typed, membership, identities, secret="00" * 32, **{"buckets": 2, **settings})
        lake, engine = Lake(folder.with_name(f"{folder.name}-lake")), LocalEngine(Resources(threads=1))
        number = built.events.write(lake, engine, settings.get("progress", no_progress))
        self.tables = {**built.tables, "event": lake.read(EVENT, number)}

    def rows(self, table, *columns):
        rows = self.tables[table]
        return list(zip(*(rows[name].to_pylist() for name in columns), strict=True))

    def events(self, *columns, of=()):
        kept = [
            (code.partition("//")[0] in of, row)
            for code, row in zip(self.tables["event"]["code"].to_pylist(), self.rows("event", *columns), strict=True)
        ]
        return [row for wanted, row in kept if wanted or not of]


REFERRAL = {"ServiceRequestID": "R1", "LocalPatientID": "P1", "ReferralRequestReceivedDate": "2024-01-10"}
STAY = {"HospProvSpellID": "S1", "ServiceRequestID": "R1", "StartDateHospProvSpell": "2024-01-15"}
PERSON = {"LocalPatientID": "P1", "PersonBirthDate": "1980-02-03", "Gender": "2", "EthnicCategory": "Z"}
EPISODE = {
    "EPIKEY": "1",
    "PROVSPNOPS": "P1",
    "PROCODE5": "RXX",
    "EPIORDER": 1,
    "ADMIDATE": "2024-01-15",
    "EPISTART": "2024-01-15",
    "DISDATE": "2024-01-25",
    "ADMIMETH": "21",
    "MAINSPEF": "710",
    "DIAG_01": "F20.0",
    "LOCAL_PATIENT_ID": "H1",
}
SAME_PERSON = {("mental_health", "P1"): ANN, ("hospital", "H1"): ANN}


@pytest.fixture
def mental_health(sent):
    tables = {"MHS001MPI": [PERSON], "MHS101Referral": [REFERRAL], "MHS501HospProvSpell": [STAY]}
    return sent("mental_health").batch("2024-02-02", tables, **JANUARY)


def test_a_psychiatric_stay_in_both_returns_counts_once(sent, mental_health, tmp_path):
    hospital = sent("hospital").batch("2024-03-01", {"apc": [EPISODE]})
    record = Record({"mental_health": mental_health, "hospital": hospital}, SAME_PERSON, tmp_path)
    stays = record.events("code", "source", of=("MHS_SPELL", "APC_SPELL"))
    assert stays == [("MHS_SPELL//unknown", "mental_health")]
    # Its diagnosis is kept, and hangs on the stay that is.
    (stay,) = record.events("ref", of=("MHS_SPELL",))
    assert record.events("code", "parent_ref", of=("ICD10",)) == [("ICD10//F200", stay[0])]


def test_a_stay_that_the_hospital_no_longer_calls_psychiatric_stands_beside_the_other(sent, mental_health, tmp_path):
    hospital = sent("hospital").batch("2024-02-01", {"apc": [EPISODE]})
    hospital.batch("2024-03-01", {"apc": [{**EPISODE, "MAINSPEF": "300"}]})
    record = Record({"mental_health": mental_health, "hospital": hospital}, SAME_PERSON, tmp_path)
    assert record.events("code", "text_value", "recorded_at", "superseded_at", of=("MHS_SPELL", "APC_SPELL")) == [
        ("APC_SPELL//21", "710", datetime(2024, 2, 1), KNOWN),
        ("APC_SPELL//21", "300", datetime(2024, 3, 1), None),
        ("MHS_SPELL//unknown", None, KNOWN, None),
    ]
    (stay,) = {ref for (ref,) in record.events("ref", of=("APC_SPELL",))}
    assert {parent for (parent,) in record.events("parent_ref", of=("ICD10",))} == {stay}


def test_until_the_other_return_was_known_the_stay_was_the_hospitals(sent, mental_health, tmp_path):
    hospital = sent("hospital").batch("2024-02-01", {"apc": [EPISODE]})
    record = Record({"mental_health": mental_health, "hospital": hospital}, SAME_PERSON, tmp_path)
    assert record.events("code", "recorded_at", "superseded_at", of=("MHS_SPELL", "APC_SPELL")) == [
        ("APC_SPELL//21", datetime(2024, 2, 1), KNOWN),
        ("MHS_SPELL//unknown", KNOWN, None),
    ]


@pytest.mark.parametrize(
    ("change", "people"),
    [
        ({"MAINSPEF": "300"}, SAME_PERSON),
        ({"ADMIDATE": "2023-12-01", "EPISTART": "2023-12-01", "DISDATE": "2024-01-14"}, SAME_PERSON),
        ({}, {("mental_health", "P1"): ANN, ("hospital", "H1"): BOB}),
    ],
    ids=["another specialty", "another time", "another person"],
)
def test_other_stays_are_left_alone(sent, mental_health, tmp_path, change, people):
    hospital = sent("hospital").batch("2024-03-01", {"apc": [{**EPISODE, **change}]})
    record = Record({"mental_health": mental_health, "hospital": hospital}, people, tmp_path)
    codes = [code.partition("//")[0] for (code,) in record.events("code", of=("MHS_SPELL", "APC_SPELL"))]
    assert sorted(codes) == ["APC_SPELL", "MHS_SPELL"]


def test_an_ended_stay_is_not_taken_for_one_that_goes_on(sent, mental_health, tmp_path):
    ended = {**STAY, "DischDateHospProvSpell": "2024-02-01"}
    tables = {"MHS001MPI": [PERSON], "MHS101Referral": [REFERRAL], "MHS501HospProvSpell": [ended]}
    mental_health.batch("2024-03-02", tables, **FEBRUARY)
    later = {**EPISODE, "ADMIDATE": "2024-02-20", "EPISTART": "2024-02-20", "DISDATE": "2024-02-25"}
    hospital = sent("hospital").batch("2024-03-01", {"apc": [later]})
    record = Record({"mental_health": mental_health, "hospital": hospital}, SAME_PERSON, tmp_path)
    assert len(record.events("code", of=("APC_SPELL",))) == 1


GP = {
    "patient_id": "7",
    "practice_code": "N99001",
    "birth_date": "1980-02-13",
    "sex": "U",
    "lsoa": "E01990001",
    "imd_decile": 3,
    "registered_from": "2001-01-01",
}


def test_each_fact_of_a_person_is_the_first_services_that_states_it(sent, mental_health, tmp_path):
    gp = sent("gp").batch("2024-03-01", {"patients": [GP]})
    record = Record(
        {"mental_health": mental_health, "gp": gp}, {("mental_health", "P1"): ANN, ("gp", "7"): ANN}, tmp_path
    )
    assert record.tables["person"].to_pylist() == [
        {
            "bucket": 0,
            "person_id": ANN,
            "birth_month": date(1980, 2, 1),
            "sex": "female",
            "ethnic_category": "Z",
            "small_area": "E01990001",
            "deprivation_decile": 3,
            "practice": "N99001",
            "death_date": None,
            "sources": "gp,mental_health",
        }
    ]


def test_the_small_area_of_a_restricted_address_is_not_kept(sent, tmp_path):
    hidden = {"local_patient_id": "7", "restricted": True}
    gp = sent("gp").batch("2024-03-01", {"patients": [GP], "demographics": [hidden]})
    record = Record({"gp": gp}, {("gp", "7"): ANN}, tmp_path)
    assert record.rows("person", "small_area", "deprivation_decile", "sex") == [(None, 3, "unknown")]


def test_who_cares_for_whom_speaks_of_people(sent, tmp_path):
    tables = {
        "MHS101Referral": [{**REFERRAL, "CareProfTeamLocalID": "T1"}],
        "MHS006MHCareCoord": [
            {
                "LocalPatientID": "P1",
                "StartDateAssCareCoord": "2024-01-11",
                "CareProfLocalID": "CC1",
                "CareProfServOrTeamTypeAssoc": "A06",
            }
        ],
        "MHS902ServiceTeamDetails": [{"CareProfTeamLocalID": "T1", "ServTeamTypeMH": "A06"}],
    }
    feed = sent("mental_health").batch("2024-02-02", tables, **JANUARY)
    record = Record({"mental_health": feed}, {("mental_health", "P1"): ANN}, tmp_path)
    assert record.rows("care_relation", "person_id", "team", "worker", "since", "source_file") == [
        (ANN, "T1", None, date(2024, 1, 10), "2024-02-02/MHS101Referral.csv"),
        (ANN, "T1", "CC1", date(2024, 1, 11), "2024-02-02/MHS006MHCareCoord.csv"),
    ]


def test_people_who_may_be_one_lie_in_one_bucket(sent, tmp_path):
    one, other = "0" * 32, "00000001" + "0" * 24
    tables = {"MHS001MPI": [PERSON, {**PERSON, "LocalPatientID": "P2"}], "MHS101Referral": [REFERRAL]}
    feed = sent("mental_health").batch("2024-02-02", tables, **JANUARY)
    people = {("mental_health", "P1"): other, ("mental_health", "P2"): one}
    views = [
        {
            "view": view,
            "person_id": who,
            "view_id": one,
            "joined_to": joined_to,
            "link_probability": chance,
            "probability": chance,
        }
        for view in ("balanced", "lenient")
        for who, joined_to, chance in ((one, None, 1.0), (other, one, 0.3))
    ]
    for known, bucket in ((None, 1), (pa.Table.from_pylist(views[:2]), 1), (pa.Table.from_pylist(views), 0)):
        record = Record({"mental_health": feed}, people, tmp_path, views=known)
        assert set(record.rows("person", "person_id", "bucket")) == {(one, 0), (other, bucket)}
        for table in ("event", "person_view"):
            rows = record.rows(table, "person_id", "bucket")
            assert all(where == (bucket if who == other else 0) for who, where in rows)
        assert (other, bucket) in record.rows("event", "person_id", "bucket")
        assert record.tables["person_view"].num_rows == (known.num_rows if known else 0)


def test_a_record_that_belongs_to_nobody_yet_gives_no_event(mental_health, tmp_path):
    record = Record({"mental_health": mental_health}, {("mental_health", "other"): ANN}, tmp_path)
    assert {name: rows.num_rows for name, rows in record.tables.items()} == {
        "person": 0,
        "person_view": 0,
        "event": 0,
        "relation": 0,
        "care_relation": 0,
        "retired": 0,
    }


def test_a_few_people_at_a_time_or_all_at_once_the_rows_are_the_same(sent, mental_health, tmp_path, monkeypatch):
    hospital = sent("hospital").batch("2024-03-01", {"apc": [EPISODE]})
    people = {("mental_health", "P1"): ANN, ("hospital", "H1"): "f" * 32}
    feeds = {"mental_health": mental_health, "hospital": hospital}
    whole = Record(feeds, people, tmp_path).tables["event"]
    monkeypatch.setattr("washhouse.record.build.MOST_PEOPLE_SORTED", 0.5)
    assert Record(feeds, people, tmp_path).tables["event"].equals(whole)
    assert whole.num_rows > 2


def test_nothing_is_left_of_the_staging_area(mental_health, tmp_path):
    Record({"mental_health": mental_health}, {("mental_health", "P1"): ANN}, tmp_path)
    assert not list(tmp_path.iterdir())


def test_whoever_follows_is_told_how_much_is_done(sent, mental_health, tmp_path):
    told = []
    Record({"mental_health": mental_health}, SAME_PERSON, tmp_path, progress=lambda *step: told.append(step))
    assert [part for part, _ in told] == sorted(part for part, _ in told), "reading comes before writing"
    shares = {part: [share for name, share in told if name == part] for part in ("read", "write")}
    assert all(part == sorted(part) and part[0] == 0 for part in shares.values())
    assert shares["read"][-1] < 1 == shares["write"][-1]


def test_an_engine_that_cannot_spill_cannot_build():
    with pytest.raises(HomeError) as error:
        Record({}, {("gp", "7"): ANN}, None)
    assert error.value.code == "engine-without-spill"
