"""Which small clean sets are there, one for each importer, and which faults do files have in life? For `faults.py`.

The sets are of invented people. A fault of bytes changes one file's bytes, whatever they are; a fault of layout
changes what lies in its place.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import re
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from washhouse.pipeline.cdm_set import CdmSet
from washhouse.pipeline.context import RunContext
from washhouse.pipeline.data_set import MedsSet
from washhouse.pipeline.inbox import Inbox, read_inbox
from washhouse.pipeline.landing import Read, read_extracts
from washhouse.pipeline.resource_set import ResourceSet
from washhouse.sources.registry import SPECS

SAMPLES = Path(__file__).parents[1] / "tests/spec/sources/samples"
SURNAME = "Quillfeather"
"""A surname in every set: whoever reads it in a message has found a defect."""
NUMBER = "9990001073"

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
VISITS = f"""visit_id,patient_id,nhs_number,surname,born,day,kind
v1,p1,{NUMBER},{SURNAME},1950-03-02,2025-06-12,Home visit
v2,p1,{NUMBER},{SURNAME},1950-03-02,2025-06-13,Phone
v3,p2,,Nowak,1981-05-09,2025-06-14,Clinic
"""
PERSON = "person_id,gender_concept_id,year_of_birth,gender_source_value\n1,8507,1980,M\n2,8532,1990,F\n"
CONDITION = f"""condition_occurrence_id,person_id,condition_concept_id,condition_start_date,condition_source_value
1,1,201826,2020-03-01,E11
2,1,201826,2020-03-02,{SURNAME}
3,2,4329847,2021-07-01,I21
"""
EVENTS = f"""subject_id,time,code,numeric_value,text_value
1,,GENDER//M,,
1,2020-03-01 10:00:00,LAB//50912//mg/dL,1.5,NEG
2,2020-03-02 11:00:00,LAB//50912//mg/dL,2.5,{SURNAME}
"""
PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": NUMBER}],
    "name": [{"family": SURNAME, "given": ["Ann"]}],
    "birthDate": "1950-03-02",
}


def _observation(number: int) -> dict[str, object]:
    return {
        "resourceType": "Observation",
        "id": f"o{number}",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "2160-0"}]},
        "subject": {"reference": "Patient/p1", "display": SURNAME},
        "effectiveDateTime": f"2025-06-{number:02}",
        "valueQuantity": {"value": 80 + number, "code": "umol/L"},
    }


def _table(text: str) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa_csv.read_csv(io.BytesIO(text.encode())), out)
    return out.getvalue()


Files = dict[str, bytes]


@dataclass(frozen=True)
class Importer:
    """A way in.

    Attributes:
        name: Its name.
        files: The clean set, by path inside it.
        targets: Files that faults are planted into.
        find: Finds the batch at a path, and says how to read it.
        batch: Folder of the batch inside what is handed in.
    """

    name: str
    files: Callable[[], Files]
    targets: tuple[str, ...]
    find: Callable[[Path, RunContext], tuple[Inbox, Read]]
    batch: str = ""


def _national(source: str, *targets: str) -> Importer:
    batch = sorted(path.name for path in (SAMPLES / source).iterdir())[0]

    def files() -> Files:
        return {f"{source}/{batch}/{file.name}": file.read_bytes() for file in (SAMPLES / source / batch).iterdir()}

    where = f"{source}/{batch}"
    return Importer(source, files, tuple(f"{where}/{name}" for name in targets), _find_inbox, where)


def _find_inbox(path: Path, context: RunContext) -> tuple[Inbox, Read]:
    return read_inbox(path, [*SPECS, *context.declared], ()), read_extracts


def _find_fhir(path: Path, context: RunContext) -> tuple[Inbox, Read]:
    found = ResourceSet(path)
    return found.find(()), found.read


def _find_omop(path: Path, context: RunContext) -> tuple[Inbox, Read]:
    found = CdmSet(path)
    return found.find(()), found.read


def _find_meds(path: Path, context: RunContext) -> tuple[Inbox, Read]:
    found = MedsSet(path)
    return found.find(()), found.read


IMPORTERS = {
    one.name: one
    for one in (
        _national("gp", "patients.csv", "journal.csv"),
        _national("mental_health", "MHS001MPI.csv", "MHS201CareContact.csv"),
        _national("hospital", "apc.csv"),
        _national("social_care", "cld.csv"),
        _national("community", "CYP001MPI.csv"),
        Importer(
            "declared",
            lambda: {"clinic/2025-07-01/visits.csv": VISITS.encode()},
            ("clinic/2025-07-01/visits.csv",),
            _find_inbox,
            "clinic/2025-07-01",
        ),
        Importer(
            "fhir",
            lambda: {
                "Patient.ndjson": json.dumps(PATIENT).encode() + b"\n",
                "Observation.ndjson": b"".join(json.dumps(_observation(n)).encode() + b"\n" for n in (1, 2, 3)),
            },
            ("Patient.ndjson", "Observation.ndjson"),
            _find_fhir,
        ),
        Importer(
            "omop",
            lambda: {"person.csv": PERSON.encode(), "condition_occurrence.csv": CONDITION.encode()},
            ("person.csv", "condition_occurrence.csv"),
            _find_omop,
        ),
        Importer(
            "omop-parquet",
            lambda: {"person.parquet": _table(PERSON), "condition_occurrence.parquet": _table(CONDITION)},
            ("condition_occurrence.parquet",),
            _find_omop,
        ),
        Importer("meds", lambda: {"data/0.parquet": _table(EVENTS)}, ("data/0.parquet",), _find_meds),
    )
}


def _lines(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[bytes], bytes]:
    return lambda data: b"".join(change(data.splitlines(keepends=True)))


def _zip(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(f"{SURNAME}.csv", data)
    return out.getvalue()


def _swap(pattern: bytes, new: bytes, times: int = 0) -> Callable[[bytes], bytes]:
    return lambda data: re.sub(pattern, new, data, count=times)


def _fields(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[bytes], bytes]:
    return _lines(lambda lines: [b",".join(change(line.rstrip(b"\n").split(b","))) + b"\n" for line in lines])


BYTES: dict[str, Callable[[bytes], bytes]] = {
    "empty file": lambda data: b"",
    "header only": _lines(lambda lines: lines[:1]),
    "blank lines only": lambda data: b"\n \r\n\n",
    "no header": _lines(lambda lines: lines[1:]),
    "byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "UTF-16 with its mark": lambda data: b"\xff\xfe" + data.decode("latin-1").encode("utf-16-le"),
    "UTF-16 without": lambda data: data.decode("latin-1").encode("utf-16-be"),
    "UTF-32": lambda data: data.decode("latin-1").encode("utf-32"),
    "EBCDIC": lambda data: data.decode("latin-1").encode("cp500", "replace"),
    "Windows-1252 letters": _swap(SURNAME.encode(), b"Quillf\xe9\x80ther"),
    "half a character at the end": lambda data: data.rstrip(b"\n") + b"\xe2\x82",
    "NUL bytes inside": lambda data: data[: len(data) // 2] + b"\0\0\0" + data[len(data) // 2 :],
    "NUL bytes alone": lambda data: b"\0" * 5000,
    "unknown delimiter": lambda data: data.replace(b",", b"^"),
    "mixed delimiters": _lines(lambda lines: [*lines[:1], *(one.replace(b",", b";") for one in lines[1:])]),
    "quote left open": _lines(lambda lines: [*lines[:1], b'"' + b"".join(lines[1:2]), *lines[2:]]),
    "quotes gone astray": _lines(lambda lines: [*lines[:1], *(one[:3] + b'"' + one[3:] for one in lines[1:])]),
    "header again inside": _lines(lambda lines: [*lines, *lines[:1]]),
    "a header column twice": _fields(lambda fields: [*fields, fields[0]]),
    "first column missing": _fields(lambda fields: fields[1:] or fields),
    "last column missing": _fields(lambda fields: fields[:-1] or fields),
    "a column too many": _fields(lambda fields: [*fields, SURNAME.encode()]),
    "columns turned round": _fields(lambda fields: fields[::-1]),
    "values shifted by one": _lines(lambda lines: [*lines[:1], *(b"," + one for one in lines[1:])]),
    "a huge field": _swap(SURNAME.encode(), b"x" * 200_000, 1),
    "one endless line": lambda data: data.replace(b"\n", b"") * 3,
    "mixed line ends": _lines(
        lambda lines: [one.rstrip(b"\n") + end for one, end in zip(lines, [b"\n", b"\r\n", b"\r"] * len(lines))]  # noqa: B905
    ),
    "impossible dates": _swap(rb"\d{4}-\d\d-\d\d", b"2025-02-31"),
    "dates in words": _swap(rb"\d{4}-\d\d-\d\d", SURNAME.encode()),
    "dates in the year 9999": _swap(rb"\d{4}(-\d\d-\d\d)", rb"9999\1"),
    "dates in the year 0": _swap(rb"\d{4}(-\d\d-\d\d)", rb"0000\1"),
    "numbers out of range": _swap(rb"(?<=[,:])\d+(?=[,}\n])", b"9" * 400),
    "numbers that are none": _swap(rb"(?<=[,:])\d+(?=[,}\n])", b"NaN"),
    "unknown codes": _swap(rb"(?<=,)[A-Z0-9]{1,3}(?=,)", b"?!"),
    "control letters and emoji": _swap(SURNAME.encode(), "\u202e\x07\U0001f9fa\u2028".encode()),
    "formulas": _swap(SURNAME.encode(), b'=HYPERLINK(""http://127.0.0.1"")'),
    "every line twice": _lines(lambda lines: [*lines[:1], *(one for one in lines[1:] for _ in range(2))]),
    "lines turned round": _lines(lambda lines: [*lines[:1], *lines[:0:-1]]),
    "a zip under its name": _zip,
    "a gzip under its name": gzip.compress,
    "a picture": lambda data: b"\x89PNG\r\n\x1a\n" + random.Random(1).randbytes(4000),  # noqa: S311
    "a page of the web": lambda data: b"<!doctype html><html><body><h1>502 Bad Gateway</h1></body></html>\n",
    "JSON": lambda data: json.dumps({"resourceType": "Bundle", "entry": [{"resource": [SURNAME]}]}).encode(),
    "deep JSON": lambda data: b"[" * 100_000,
    "Parquet's mark and no more": lambda data: b"PAR1" + data[:50] + b"PAR1",
    "Parquet of another table": lambda data: _table(f"a,b\n1,{SURNAME}\n"),
    "Parquet of lists": lambda data: _nested(),
}


def _nested() -> bytes:
    out = io.BytesIO()
    lists = pa.array([[SURNAME]])
    names = ("person_id", "subject_id", "time", "code", "patient_id", "visit_id", "condition_occurrence_id")
    pq.write_table(pa.table(dict.fromkeys(names, lists)), out)
    return out.getvalue()


def _into(path: Path, change: Callable[[Path], None]) -> None:
    path.unlink()
    change(path)


def _named(path: Path, name: bytes) -> None:
    os.rename(os.fsencode(path), os.path.join(os.fsencode(path.parent), name))


def _other(path: Path) -> Path:
    return next((one for one in sorted(path.parent.iterdir()) if one != path and one.is_file()), path)


def _exchange(path: Path) -> None:
    other, held = _other(path), path.read_bytes()
    path.write_bytes(other.read_bytes())
    other.write_bytes(held)


LAYOUT: dict[str, Callable[[Path], None]] = {
    "unreadable file": lambda path: path.chmod(0),
    "unreadable folder": lambda path: path.parent.chmod(0),
    "link to nowhere": lambda path: _into(path, lambda at: at.symlink_to("nowhere.csv")),
    "link to itself": lambda path: _into(path, lambda at: at.symlink_to(at.name)),
    "link out of the folder": lambda path: _into(path, lambda at: at.symlink_to("/etc/hostname")),
    "link to its own folder": lambda path: (path.parent / "again").symlink_to(path.parent, target_is_directory=True),
    "folder in its place": lambda path: _into(path, Path.mkdir),
    "pipe in its place": lambda path: _into(path, lambda at: os.mkfifo(at)),
    "name that is no text": lambda path: _named(path, b"\xff\xfe" + os.fsencode(path.name)),
    "name of a person": lambda path: _named(path, f"{SURNAME} {NUMBER}{path.suffix}".encode()),
    "name of 250 letters": lambda path: _named(path, b"x" * 240 + os.fsencode(path.suffix)),
    "file is missing": Path.unlink,
    "the same file twice": lambda path: shutil.copy(path, path.with_name(f"{path.stem}_2{path.suffix}")) and None,
    "two files exchanged": _exchange,
    "a folder too deep": lambda path: _deeper(path),
    "batch without its date": lambda path: path.parent.rename(path.parent.with_name("latest")) and None,
    "nothing handed in": lambda path: shutil.rmtree(path.parent),
}


def _deeper(path: Path) -> None:
    (path.parent / "a" / "b").mkdir(parents=True)
    path.rename(path.parent / "a" / "b" / path.name)
