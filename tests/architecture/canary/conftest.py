"""A small city whose people carry marked identities, a home made from it, and an eye that finds the marks anywhere."""

from __future__ import annotations

import csv
import fcntl
import gzip
import hashlib
import itertools
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from washhouse.core.home import Home
from washhouse.lake.readers import FOLDER as PINS
from washhouse.sources.fhir.codes import HOUSE, SYSTEMS
from washhouse.sources.fhir.declared import RESOURCES
from washhouse.synthetic.city import make_city

PEOPLE, YEARS, SEED, END = 1000, 1, 7, date(2026, 7, 1)
DELTAS = 5

# What a mark looks like in text of any case. Every name and street is replaced by a word of this form.
WORD = re.compile(r"[a-z]{4}qzj[a-z]{4}")
SHAPES = (
    WORD,
    re.compile(r"(?<!\d)\d{3}[ -]?\d{3}[ -]?\d{4}(?!\d)"),  # NHS number
    re.compile(r"(?<!\d)0\d{4}[ -]?\d{6}(?!\d)"),  # phone
    re.compile(r"(?<!\d)9060\d{8}(?!\d)"),  # UPRN
    re.compile(r"\bwh\d{1,2} ?\d[a-z]{2}\b"),  # postcode
    re.compile(r"\b(?:h\d{7}|mh\d{6}|la\d{6})\b"),  # local ids
    re.compile(r"\b[0-9a-f]{32}\b|\b[0-9a-f]{40}\b|\b[0-9a-f]{64}\b"),  # pseudonyms and plain hashes
    re.compile(r"\b19[0-4]\d-\d\d-\d\d\b"),  # days of birth too early to be anything else
)
ELSEWHERE = {
    "nhs_number": "number", "NHS_NUMBER": "number", "NHSNumber": "number", "NHS_Number": "number",
    "local_patient_id": "local", "LocalPatientID": "local", "LOCAL_PATIENT_ID": "local",
    "LA_Person_Unique_Identifier": "local", "Adult_1_Linked_Person_ID": "local",
    "phone": "phone", "uprn": "uprn", "postcode": "postcode", "Postcode": "postcode", "POSTCODE": "postcode",
    "Der_Pseudo_NHS_Number": "pseudonym",
    "birth_date": "birth", "BIRTH_DATE": "birth", "PersonBirthDate": "birth", "Date_of_Birth": "birth",
}  # fmt: skip


def _plain(text: str) -> str:
    return re.sub(r"[ -]", "", text.lower())


@dataclass
class Marks:
    """Everything that names somebody, in lower case without spaces and hyphens."""

    words: dict[str, str] = field(default_factory=dict)
    values: set[str] = field(default_factory=set)
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(SEED))

    def word(self, original: str) -> str:
        """The mark that stands for a name or street: the same for the same, made up, found nowhere else."""
        if original and original not in self.words:
            letters = "".join(self.rng.choice(list("abcdefghiklmnoprstuvwxy"), 8))
            self.words[original] = f"{letters[:4]}qzj{letters[4:]}"
            self.values.add(self.words[original])
        return self.words.get(original, "").capitalize()

    def note(self, value: str) -> None:
        """Remember a value, and its plain hashes where it is a number."""
        if not value or re.fullmatch(r"\d{4}-\d\d-01", value):  # born on the first: what the record says of the month
            return
        self.values.add(_plain(value))
        if len(value) == 10 and value.isdigit():
            for name in ("md5", "sha1", "sha256"):
                self.values.add(hashlib.new(name, value.encode()).hexdigest())

    def found(self, text: str) -> set[str]:
        """Marks in a text."""
        seen = {_plain(match) for shape in SHAPES for match in shape.findall(text.lower())}
        return seen & self.values

    def found_in_bytes(self, data: bytes) -> set[str]:
        """Marks in bytes of unknown meaning, as UTF-8 or UTF-16 of either parity."""
        found = self.found(data.decode("utf-8", errors="replace"))
        for start in (0, 1):
            found |= self.found(data[start:].decode("utf-16-le", errors="ignore"))
        return found


def plant(extracts: Path) -> Marks:
    """Mark the people of a city, in place."""
    marks = Marks()
    for path in sorted(extracts.rglob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        header = rows[0]
        for row, (at, name) in itertools.product(rows[1:], enumerate(header)):
            if path.name == "demographics.csv" and name in ("first_name", "surname"):
                row[at] = marks.word(row[at])
            elif name == "address" and row[at]:
                row[at] = f"{row[at].split(' ')[0]} {marks.word(row[at])} Street"
            elif name in ELSEWHERE:
                marks.note(row[at])
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
    return marks


def misplace(extracts: Path, marks: Marks) -> None:
    """Put identities where they do not belong, as real extracts do: in codes, units, dates, notes, even headers."""
    name = marks.word("Misplaced Person")
    number = next(value for value in sorted(marks.values) if re.fullmatch(r"\d{10}", value))
    for path in sorted(extracts.rglob("*.csv")):
        if path.parent.name.endswith("-delta") or path.name in ("MHS000Header.csv", "demographics.csv"):
            continue
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        if len(rows) < 3:
            continue
        spoilt = SPOILT.get(path.name, ())
        extra = []
        for n, column in enumerate(spoilt):
            row = list(rows[1 + n % (len(rows) - 1)])
            row[rows[0].index(column)] = (name, number, f"{name} {number}")[n % 3]
            extra.append(row)
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([*rows, *extra])
    demographics = (extracts / "hospital").glob("*/demographics.csv")
    lines = max(demographics, key=lambda path: path.parent.name)
    lines.write_text("\n".join(lines.read_text(encoding="utf-8").splitlines()[1:]), encoding="utf-8")
    journal = max((extracts / "gp").glob("*/patients.csv"), key=lambda path: path.parent.name)
    text = journal.read_text(encoding="utf-8").splitlines()
    journal.write_text("\n".join([text[0] + f",{name}", *(line + "," for line in text[1:])]), encoding="utf-8")


def misplace_in_resources(folder: Path, marks: Marks) -> None:
    """Put identities into every place of FHIR resources that the import looks at, one place at a time."""
    name = marks.word("Misplaced Person")
    number = next(value for value in sorted(marks.values) if re.fullmatch(r"\d{10}", value))
    born = f"{marks.word('Misplaced Person')} 1931-02-03"
    folder.mkdir(parents=True)
    lines: list[dict[str, Any]] = [{"resourceType": "Patient", "id": name, "name": [{"family": name, "given": [name]}]}]
    for kind, one in RESOURCES.items():
        good = {"resourceType": kind, one.subject: {"reference": f"Patient/{name}"}}
        for value in (name, number, born, f"{name}-{number}", number[:6]):
            coding = {"system": value, "code": value, "display": value}
            systems = [{**coding, "system": systems[0]} for systems in SYSTEMS.values()]
            systems += [{**coding, "system": HOUSE + word} for word in (value, "MHS_ACCOMMODATION", "LOCAL")]
            lines += [{**good, one.code[0]: {"coding": [each]}} for each in (coding, *systems)]
            lines += [{**good, path.split(".")[0]: {"start": value, "end": value}} for path in (*one.time, *one.end)]
            for place in ("valueString", "valueCodeableConcept", "status", "id", "class", "identifier", "text", "unit"):
                lines.append({**good, place: {"coding": [coding]} if place == "valueCodeableConcept" else value})
            quantity = {"value": 1, "unit": value, "code": value, "comparator": value}
            lines.append({**good, "valueQuantity": quantity, "length": quantity})
            lines.append({**good, "dispenseRequest": {"quantity": quantity}})
            lines.append({**good, "extension": [{"url": "urn:washhouse:extension:word", "valueCode": value}]})
            lines.append({**good, one.subject: {"reference": value}})
            lines.append({"resourceType": value})
    text = "\n".join(json.dumps(line) for line in lines)
    (folder / f"{name}.ndjson").write_text(text, encoding="utf-8")


def misplace_in_events(folder: Path, marks: Marks) -> None:
    """Put one person's identities into every part of a MEDS data set's codes, and into its texts."""
    name = marks.word("Misplaced Person")
    number = next(value for value in sorted(marks.values) if re.fullmatch(r"\d{10}", value))
    codes, texts = [], []
    for value in (name, name.upper(), number, f"{name} 1931-02-03", f"{name}-{number}", f"{name}, WH1 1AA"):
        parts = (value, f"{value}//1", f"LAB//{value}", f"LAB//{value}//mg", f"LAB//1//{value}", f"LAB//a/{value}")
        codes += [*parts, "LAB//1"]
        texts += [*[None] * len(parts), value]
    columns = {"subject_id": [name] * len(codes), "time": [datetime(2026, 1, 1)] * len(codes)}
    folder.mkdir(parents=True)
    pq.write_table(pa.table({**columns, "code": codes, "text_value": texts}), folder / f"{name}.parquet")


SPOILT = {
    "patients.csv": ("birth_date", "sex", "ethnic_code", "practice_code", "lsoa", "imd_decile", "deceased_date"),
    "journal.csv": ("code", "code_system", "event_date", "value", "unit"),
    "prescriptions.csv": ("dmd_code", "name", "dose", "quantity", "quantity_unit", "course"),
    "ecds.csv": ("EC_Chief_Complaint_SNOMED_CT", "EC_Department_Type", "Arrival_Date", "EC_Diagnosis_01"),
    "apc.csv": ("DIAG_01", "ADMIMETH", "MAINSPEF", "EPISTART", "ETHNOS"),
    "cld.csv": ("Event_Outcome", "Service_Type", "Event_Type", "Client_Type", "Ethnicity", "Request_Route_of_Access"),
    "MHS101Referral.csv": ("SourceOfReferralMH", "PrimReasonReferralMH", "ReferralRequestReceivedDate"),
    "MHS201CareContact.csv": ("AttendStatus", "ConsMechanismMH", "ClinContDurOfCareCont"),
    "MHS003AccommStatus.csv": ("AccommodationType",),
    "MHS004EmpStatus.csv": ("EmployStatus",),
    "MHS401MHActPeriod.csv": ("LegalStatusCode",),
    "MHS902ServiceTeamDetails.csv": ("ServTeamTypeMH",),
}
"""Columns into which an identity is typed by mistake."""


BESIDE = ("-wal", "-shm")
"""How files beside an open SQLite database end."""


def texts_of(path: Path) -> Iterator[str]:
    """Everything a file says: its bytes as text, and what its format holds once decoded."""
    data = path.read_bytes()
    if data[:4] in (b"PAR1", b"PARE"):
        if data[:4] == b"PAR1":
            table = pq.read_table(path)
            yield str(pq.read_schema(path))
            for column in table.columns:
                yield "\n".join(sorted({str(value) for value in column.to_pylist() if value is not None}))
    elif data[:15] == b"SQLite format 3":
        connection = sqlite3.connect(path)
        yield "\n".join(connection.iterdump())
        connection.close()
    elif data[:2] == b"\x1f\x8b":
        yield gzip.decompress(data).decode("utf-8", errors="replace")
    elif data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield name + "\n" + archive.read(name).decode("utf-8", errors="replace")


@dataclass(frozen=True)
class Place:
    """A home made from a marked city, and everything that was said while it was made."""

    home: Path
    extracts: Path
    marks: Marks
    said: str
    scratch: Path

    def scan(self, folder: Path, leave_out: Path | None = None) -> dict[str, set[str]]:
        """Files below a folder in which a mark is found, decoded or raw, or in whose name; and the marks."""
        leaks: dict[str, set[str]] = {}
        # What a database has yet to take up is read before the database: closed meanwhile, it is gone, and taken up.
        for path in sorted(folder.rglob("*"), key=lambda one: (not one.name.endswith(BESIDE), one)):
            if not path.is_file() or (leave_out is not None and path.is_relative_to(leave_out)):
                continue
            name = str(path.relative_to(folder))
            found = self.marks.found(name)
            try:
                found |= self.marks.found_in_bytes(path.read_bytes())
                for text in texts_of(path):
                    found |= self.marks.found(text)
            except FileNotFoundError:
                # What goes while it is looked for: what was taken up, and the pin of a reader who has left.
                if not name.endswith(BESIDE) and path.parent.name != PINS:
                    raise
            if found:
                leaks[name] = found
        return leaks


CALL_EACH = """
import json, sys
from washhouse.cli.main import app
for arguments in json.loads(sys.argv[1]):
    try:
        app(arguments)
        status = 0
    except SystemExit as stop:
        status = stop.code or 0
    print(f"exit status {status}", flush=True)
"""
"""Runs several commands in one process, as the script `washhouse` would run each."""


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory, fresh_home: Callable[[Path], Home]) -> Place:
    """The home; test processes that run side by side share one."""
    base = tmp_path_factory.getbasetemp()
    root = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "canary"
    root.mkdir(exist_ok=True)
    with (root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (root / "made.json").exists():
            marks, said = make_home(root, fresh_home)
            (root / "made.json").write_text(json.dumps([marks.words, sorted(marks.values), said]), encoding="utf-8")
        words, values, said = json.loads((root / "made.json").read_text(encoding="utf-8"))
    return Place(root / "home", root / "later", Marks(words, set(values)), said, root / "scratch")


def make_home(root: Path, fresh_home: Callable[[Path], Home]) -> tuple[Marks, str]:
    """Make the city, mark it, run the main job twice (then with misplaced identities), look at the home.

    Returns:
        The marks, and everything that was said.
    """
    make_city(PEOPLE, YEARS, SEED, root / "city", END)
    clean, home, scratch = root / "city" / "extracts", str(fresh_home(root / "home").root), root / "scratch"
    for nightly in sorted(clean.glob("*/*-delta"))[:-DELTAS]:
        shutil.rmtree(nightly)
    marks = plant(clean)
    send_again(clean, root / "later")
    misplace(root / "later", marks)
    misplace_in_resources(root / "later" / "fhir", marks)
    misplace_in_events(root / "later" / "meds", marks)
    scratch.mkdir()
    commands = (
        ("run", "--home", home, "--inbox", str(clean)),
        ("run", "--home", home, "--inbox", str(root / "later"), "--json"),
        ("run", "--home", home, "--inbox", str(root / "nowhere")),
        ("doctor", "--home", home),
        ("audit", "verify", "--home", home),
        ("import", "fhir", str(root / "later" / "fhir"), "--home", home, "--json"),
        ("import", "meds", str(root / "later" / "meds"), "--home", home, "--json"),
        ("export", "meds", "--home", home, "--out", str(root / "exports" / "meds"), "--json"),
        ("export", "fhir", "--home", home, "--out", str(root / "exports" / "fhir"), "--json"),
        ("export", "omop", "--home", home, "--out", str(root / "exports" / "omop"), "--json"),
    )
    environment = {**os.environ, "TMPDIR": str(scratch), "COLUMNS": "250"}
    command = [sys.executable, "-c", CALL_EACH, json.dumps(commands)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, env=environment, check=False)
    said = done.stdout + done.stderr
    statuses = [int(status) for status in re.findall(r"^exit status (\d)$", done.stdout, re.MULTILINE)]
    assert len(statuses) == len(commands), said
    assert statuses[0] == 0 and statuses[1] in (0, 1) and statuses[2] == 3 and set(statuses[3:]) == {0}, said
    assert '"published": true' in said
    return marks, said


def send_again(extracts: Path, later: Path) -> None:
    """Copy every source's newest batches to another inbox, declared a day later."""
    for source in extracts.iterdir():
        batches = sorted(batch.name for batch in source.iterdir())
        for batch in {batches[-1], [name for name in batches if "-delta" not in name][-1]}:
            declared = date.fromisoformat(batch[:10]) + timedelta(days=1)
            shutil.copytree(source / batch, later / source.name / f"{declared}{batch[10:]}")
