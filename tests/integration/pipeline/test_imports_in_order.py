"""Data sets imported one after another: which one counts, and what becomes of them when the home goes back."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from washhouse.core.home import Home, Settings
from washhouse.lake.pointer import Version, history
from washhouse.lake.store import Lake
from washhouse.pipeline.data_set import MedsSet
from washhouse.pipeline.going_back import roll_back
from washhouse.pipeline.progress import Silent
from washhouse.pipeline.report import RunReport
from washhouse.pipeline.resource_set import ResourceSet
from washhouse.pipeline.run import DataSet, run_data_set, run_inbox
from washhouse.record.tables import BATCH, EVENT, PERSON, QUARANTINE

SETTINGS = Settings(buckets=2, threads=1)
DECLARATION = """
name = "clinic"
[tables.visits]
key = ["visit_id"]
[tables.visits.columns]
visit_id = "text"
patient_id = "text"
surname = "text"
born = "date"
day = "date"
[identity]
person = "patient_id"
surname = "surname"
birth_date = "born"
[[events]]
code = "FOOT_VISIT//seen"
time = "day"
"""


class Warned(Silent):
    """Keeps what a run warned of."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def warn(self, message: str) -> None:
        """Keep it."""
        self.said.append(message)


@dataclass
class Story:
    """A home, and what each import of its story came to."""

    root: Path
    warned: Warned = field(default_factory=Warned)
    reports: list[RunReport] = field(default_factory=list)

    @property
    def home(self) -> Home:
        return Home(self.root / "home")

    def bring(self, data_set: DataSet, day: int) -> None:
        now = datetime(2026, 7, day)
        self.reports.append(run_data_set(self.home, SETTINGS, data_set, progress=self.warned, now=now))

    def events(self, number: int, source: str, *, holding: bool = True) -> list[tuple[Any, ...]]:
        """Code, day, number and time of knowing of a source's events in a version, without those that do not hold."""
        rows = self.rows(EVENT, number)
        names = ("code", "time", "numeric_value", "recorded_at", "superseded_at")
        found = [tuple(row[name] for name in names) for row in rows if row["source"] == source]
        return sorted((one[:-1] for one in found if one[-1] is None) if holding else found, key=str)

    def rows(self, table: Any, number: int) -> list[dict[str, Any]]:
        version = self.version(number)
        return Lake(self.home.lake).read(table, version.tables[table.name]).to_pylist()

    def version(self, number: int) -> Version:
        return next(version for version in history(self.home) if version.number == number)


def meds(file: Path, subject: int, day: datetime) -> Path:
    columns = {"subject_id": [subject], "time": pa.array([day], pa.timestamp("us")), "code": [f"LAB//{subject}//mg"]}
    pq.write_table(pa.table(columns), file)
    return file


def fhir(file: Path, gender: str, *observations: tuple[str, str, float]) -> Path:
    lines: list[dict[str, Any]] = [{"resourceType": "Patient", "id": "p1", "gender": gender}]
    for own, day, number in observations:
        coding = {"system": "http://loinc.org", "code": "4548-4"}
        said = {"code": {"coding": [coding]}, "effectiveDateTime": day, "valueQuantity": {"value": number}}
        lines.append({"resourceType": "Observation", "id": own, "subject": {"reference": "Patient/p1"}, **said})
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A run, three imports, the way back to that run, and an import when all that was handed in is gone."""
    root = tmp_path_factory.mktemp("imports")
    story, inbox = Story(root), root / "inbox"
    story.home.sources.mkdir(parents=True)
    (story.home.sources / "clinic.toml").write_text(DECLARATION, encoding="utf-8")
    (inbox / "clinic" / "2026-06-01").mkdir(parents=True)
    visits = "visit_id,patient_id,surname,born,day\nv1,c1,Quillfeather,1950-03-02,2026-05-01\n"
    (inbox / "clinic" / "2026-06-01" / "visits.csv").write_text(visits, encoding="utf-8")
    run_inbox(story.home, SETTINGS, inbox, now=datetime(2026, 7, 1))

    story.bring(MedsSet(meds(root / "first.parquet", 11, datetime(2180, 1, 1))), 2)
    newest, older = ("o1", "2026-06-30", 1.0), ("o2", "2025-03-01", 2.0)
    story.bring(ResourceSet(fhir(root / "first.ndjson", "male", newest, older)), 3)
    story.bring(ResourceSet(fhir(root / "second.ndjson", "female", ("o2", "2025-03-01", 3.0))), 4)

    roll_back(story.home, SETTINGS, story.version(1).id, now=datetime(2026, 7, 5))
    (story.home.sources / "clinic.toml").write_text(DECLARATION.replace("seen", "kept"), encoding="utf-8")
    for gone in (root / "first.parquet", root / "first.ndjson", root / "second.ndjson"):
        gone.unlink()
    shutil.rmtree(inbox)
    story.bring(MedsSet(meds(root / "second.parquet", 12, datetime(2160, 1, 1))), 6)
    return story


def test_a_resource_that_is_corrected_takes_the_place_of_itself_though_others_are_newer(story: Story) -> None:
    assert [(row[1].year, row[2]) for row in story.events(4, "fhir")] == [(2025, 3.0), (2026, 1.0)]
    assert {row["sex"] for row in story.rows(PERSON, 4) if row["sources"] == "fhir"} == {"female"}


def test_what_was_imported_comes_back_after_going_back(story: Story) -> None:
    assert {row["source"] for row in story.rows(EVENT, 5)} == {"clinic"}
    assert [report.rejected for report in story.reports] == [()] * 4
    assert sorted(one.partition("/")[0] for one in story.version(6).batches) == ["clinic", *["fhir"] * 2, *["meds"] * 2]
    # Brought in one after another, and all at once.
    assert story.events(6, "fhir", holding=False) == story.events(4, "fhir", holding=False) != []
    for table in (BATCH, QUARANTINE):
        held = [[row for row in story.rows(table, number) if row["source"] == "fhir"] for number in (4, 6)]
        assert held[0] == held[1]


def test_a_later_data_set_takes_the_place_of_one_with_a_newer_date(story: Story) -> None:
    assert [code for code, *_ in story.events(4, "meds")] == ["LAB//11//mg"]
    assert [code for code, *_ in story.events(6, "meds")] == ["LAB//12//mg"]
    assert [story.version(number).as_of["meds"].year for number in (4, 6)] == [2180, 2160]


def test_it_is_said_what_an_import_does_to_those_before(story: Story) -> None:
    assert [one for one in story.warned.said if "imported before" in one] == [
        "its day is 2025-03-01, and that of a set imported before 2026-06-30: what both hold is taken from this one",
        "it takes the place of meds/2180-01-01, imported before: a home holds one such data set",
    ]


def test_an_edited_declaration_is_read_by_its_own_reader_when_a_data_set_is_imported(story: Story) -> None:
    assert [code for code, *_ in story.events(6, "clinic")] == ["FOOT_VISIT//kept"]
