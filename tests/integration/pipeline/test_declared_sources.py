"""A source that the site declares goes through a run like any other; a changed declaration reads it anew."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from washhouse.cli.doctor import examine
from washhouse.core.errors import InputError
from washhouse.core.home import Home, Settings
from washhouse.lake.pointer import Version, read_current, version_file, version_text
from washhouse.lake.store import Lake
from washhouse.pipeline.progress import Silent
from washhouse.pipeline.report import RunReport
from washhouse.pipeline.run import run_inbox
from washhouse.record.tables import EVENT, TABLES

DECLARATION = """
name = "clinic"
[tables.visits]
key = ["visit_id"]
[tables.visits.columns]
visit_id = "text"
patient_id = "text"
nhs_number = "nhs_number"
surname = "text"
born = "date"
day = "date"
kind = { codes = ["Home visit", "Clinic"], unlisted = "quarantine" }
[identity]
person = "patient_id"
nhs_number = "nhs_number"
surname = "surname"
birth_date = "born"
[[events]]
code = "FOOT_VISIT//{kind}"
time = "day"
"""
VISITS = """visit_id,patient_id,nhs_number,surname,born,day,kind
v1,p1,9990001073,Quillfeather,1950-03-02,2025-06-12,Home visit
v2,p1,9990001073,Quillfeather,1950-03-02,2025-06-13,Phone
"""


class Told(Silent):
    """Keeps what a run warns of."""

    def __init__(self) -> None:
        self.warned: list[str] = []

    def warn(self, message: str) -> None:
        self.warned.append(message)


class Clinic:
    """A home that declares a clinic, and its inbox."""

    def __init__(self, folder: Path) -> None:
        self.home, self.inbox = Home(folder / "home"), folder / "inbox"
        self.warned: list[str] = []
        self.home.sources.mkdir(parents=True)
        self.declare(DECLARATION)
        self.send("2025-07-01", VISITS)

    def declare(self, text: str) -> None:
        (self.home.sources / "clinic.toml").write_text(text, encoding="utf-8")

    def send(self, batch: str, text: str) -> None:
        folder = self.inbox / "clinic" / batch
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "visits.csv").write_text(text, encoding="utf-8")

    def run(self, day: int, buckets: int = 0) -> RunReport:
        settings, told = Settings(buckets=buckets, threads=1), Told()
        report = run_inbox(self.home, settings, self.inbox, now=datetime(2025, 9, day), progress=told)
        self.warned = told.warned
        return report

    @property
    def version(self) -> Version:
        version = read_current(self.home)
        assert version is not None
        return version

    def events(self, version: Version | None = None) -> list[tuple[str, datetime, datetime | None]]:
        tables = (version or self.version).tables
        rows = Lake(self.home.lake).read(EVENT, tables[EVENT.name]).to_pylist()
        return sorted((row["code"], row["recorded_at"], row["superseded_at"]) for row in rows)


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    return Clinic(tmp_path)


JULY, AUGUST = datetime(2025, 7, 1), datetime(2025, 8, 1)


def test_a_run_takes_a_declared_source(clinic: Clinic) -> None:
    report = clinic.run(1)
    counts = {"lines": 2, "accepted": 1, "warned": 0, "quarantined": 1, "duplicates": 0, "opted_out": 0}
    assert report.to_json()["sources"] == {"clinic": {"batches": 1, **counts}}
    assert clinic.events() == [("FOOT_VISIT//home-visit", JULY, None)]
    assert clinic.version.summary["covers"] == {"clinic": "2025-07-01"}
    assert not clinic.run(2).published


def test_a_changed_declaration_reads_everything_anew(clinic: Clinic) -> None:
    clinic.run(1)
    before = clinic.version
    clinic.send("2025-08-01", VISITS.replace("Phone", "Clinic"))
    clinic.run(2)
    assert clinic.events() == [("FOOT_VISIT//clinic", AUGUST, None), ("FOOT_VISIT//home-visit", JULY, None)]
    shutil.rmtree(clinic.inbox / "clinic")  # what was landed is kept
    clinic.declare(DECLARATION.replace('"Clinic"]', '"Clinic", "Phone"]'))

    report = clinic.run(3)

    assert clinic.warned == ["made anew, as read or mapped otherwise than in the published version: clinic"]
    assert report.to_json()["sources"]["clinic"]["batches"] == 2
    assert report.to_json()["sources"]["clinic"]["accepted"] == 4
    assert clinic.events() == [
        ("FOOT_VISIT//clinic", AUGUST, None),
        ("FOOT_VISIT//home-visit", JULY, None),
        ("FOOT_VISIT//phone", JULY, AUGUST),
    ]
    assert clinic.events(before) == [("FOOT_VISIT//home-visit", JULY, None)], "a past version stays as it was"
    assert not clinic.run(4).published


def test_a_declaration_changed_back_gives_the_same_record(clinic: Clinic) -> None:
    clinic.run(1)
    first, events = clinic.version, clinic.events()
    clinic.declare(DECLARATION.replace("FOOT_VISIT", "PODIATRY"))
    clinic.run(2)
    assert clinic.events() == [("PODIATRY//home-visit", JULY, None)]
    clinic.declare("# back\n" + DECLARATION)
    clinic.run(3)
    assert clinic.version.batches == first.batches
    assert clinic.events() == events


def test_a_corrected_batch_and_a_changed_declaration_at_once(clinic: Clinic) -> None:
    clinic.run(1)
    clinic.declare(DECLARATION.replace("FOOT_VISIT", "PODIATRY"))
    clinic.send("2025-07-01", VISITS.replace("Home visit", "Clinic"))
    clinic.run(2)
    second = datetime(2025, 9, 2)
    assert clinic.events() == [("PODIATRY//clinic", second, None), ("PODIATRY//home-visit", JULY, second)]


def test_a_record_keeps_its_buckets_and_a_run_says_why_it_makes_everything_anew(clinic: Clinic) -> None:
    clinic.run(1, buckets=3)
    clinic.send("2025-08-01", VISITS)
    clinic.run(2)
    assert (clinic.version.buckets, clinic.warned) == (3, []), "nobody asked for another number"
    assert not clinic.run(3, buckets=1).published
    assert clinic.warned == ["nothing is new, so the record stays in 3 buckets; with --rebuild it is laid out in 1"]
    clinic.send("2025-08-08", VISITS)
    clinic.run(4, buckets=1)
    assert clinic.version.buckets == 1
    assert clinic.warned == ["the record is made anew: it has 3 buckets, and 1 are asked for"]
    summary = {**clinic.version.summary, "mapped": {**clinic.version.summary["mapped"], "": "of another release"}}
    version_file(clinic.home, clinic.version).write_bytes(version_text(replace(clinic.version, summary=summary)))
    clinic.send("2025-08-15", VISITS)
    clinic.run(5)
    assert clinic.warned == ["the record is made anew: another release of washhouse made the published version"]
    assert clinic.events() == [("FOOT_VISIT//home-visit", JULY, None)]


def doctor_on_declarations(clinic: Clinic) -> tuple[bool, str]:
    [finding] = [one for one in examine(clinic.home, Settings()) if one.check == "declarations"]
    return finding.ok, finding.found


def test_the_doctor_looks_at_declarations(clinic: Clinic) -> None:
    clinic.run(1)
    assert doctor_on_declarations(clinic) == (True, "clinic")
    clinic.declare(DECLARATION.replace("FOOT_VISIT", "PODIATRY"))
    assert "changed since it was read" in doctor_on_declarations(clinic)[1]
    clinic.declare(DECLARATION.replace("FOOT_VISIT", "foot"))
    ok, found = doctor_on_declarations(clinic)
    assert not ok and "clinic.toml, line" in found
    (clinic.home.sources / "clinic.toml").unlink()
    assert not doctor_on_declarations(clinic)[0]


def test_a_lost_declaration_stops_the_run(clinic: Clinic) -> None:
    clinic.run(1)
    (clinic.home.sources / "clinic.toml").unlink()
    with pytest.raises(InputError) as refused:
        clinic.run(2)
    assert refused.value.code == "declaration-missing"


def test_nothing_outside_the_vault_names_a_person(clinic: Clinic) -> None:
    clinic.run(1)
    lake = Lake(clinic.home.lake)
    for table in TABLES:
        rows: pa.Table = lake.read(table, clinic.version.tables[table.name])
        assert "Quillfeather" not in str(rows.to_pylist())
        assert "9990001073" not in str(rows.to_pylist())
