"""Each fault that files have in life, planted into a clean batch: exactly the planted rows are concerned.

A plant changes one file. The batch is read before and after: new reasons, lost rows and changed rows are compared.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from washhouse.sources.reader import read_batch
from washhouse.sources.registry import SPECS
from washhouse.sources.result import BatchResult

Load = Callable[[str, str], dict[str, bytes]]
Plant = Callable[[bytes], bytes]
Reason = tuple[str, int, str | None, str, str]
"""File, row, column, rule, severity."""

GP = ("gp", "2025-07-14")
CARE = ("mental_health", "2025-07-02")
HOSPITAL = ("hospital", "2025-07-01")
COUNCIL = ("social_care", "2025-07-10")


def swap(old: str, new: str) -> Plant:
    """Replace a text that the file has once."""

    def plant(data: bytes) -> bytes:
        text = data.decode()
        assert text.count(old) == 1, "the plant must hit one place"
        return text.replace(old, new).encode()

    return plant


def everywhere(pattern: str, new: str) -> Plant:
    return lambda data: re.sub(pattern, new, data.decode()).encode()


def recode(encoding: str, mark: bytes = b"") -> Plant:
    return lambda data: mark + data.decode().encode(encoding)


def delimit(delimiter: str) -> Plant:
    return lambda data: data.decode().replace(",", delimiter).encode()


def append(line: str) -> Plant:
    return lambda data: data + line.encode()


def cut(count: int) -> Plant:
    """Take bytes off the end."""
    return lambda data: data[:-count]


def each_line(end: str) -> Plant:
    return lambda data: b"".join(line + end.encode() for line in data.splitlines())


def lower_header(data: bytes) -> bytes:
    header, end, rest = data.partition(b"\n")
    return header.lower() + end + rest


@dataclass(frozen=True)
class Fault:
    """A plant and what it must lead to.

    Attributes:
        batch: Source and batch of the clean files.
        file: File to change.
        plant: The change.
        reasons: Rule, row, column and severity of every new reason.
        lost: Rows of the file that are no longer accepted.
        changed: Values of accepted rows that are read otherwise, by row.
        counts: Change of lines, accepted, warned, quarantined and duplicates of the file.
    """

    batch: tuple[str, str]
    file: str
    plant: Plant
    reasons: tuple[tuple[str, int, str | None, str], ...] = ()
    lost: tuple[int, ...] = ()
    changed: dict[int, dict[str, Any]] = field(default_factory=dict)
    counts: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)


CONTACTS = "MHS201CareContact.csv"
REFERRALS = "MHS101Referral.csv"
ACCOMMODATION = "MHS003AccommStatus.csv"
SPELLS = "MHS501HospProvSpell.csv"
SCORES = "MHS606CodedScoreAssessmentRefer.csv"
WARDS = "MHS502WardStay.csv"
PEOPLE = "demographics.csv"
RUBBISH = ",,,,,,,,,,,,,\n"

QUARANTINED = (0, -1, 0, 1, 0)
WARNED = (0, 0, 1, 0, 0)

READ_AS_BEFORE: dict[str, Fault] = {
    "byte order mark": Fault(CARE, REFERRALS, recode("utf-8", b"\xef\xbb\xbf")),
    "utf-16 little endian": Fault(GP, PEOPLE, recode("utf-16-le", b"\xff\xfe")),
    "utf-16 big endian": Fault(GP, PEOPLE, recode("utf-16-be", b"\xfe\xff")),
    "windows-1252": Fault(GP, PEOPLE, recode("cp1252")),
    "bar": Fault(CARE, CONTACTS, delimit("|")),
    "tab": Fault(CARE, CONTACTS, delimit("\t")),
    "semicolon": Fault(CARE, CONTACTS, delimit(";")),
    "carriage returns": Fault(CARE, CONTACTS, each_line("\r\n")),
    "old line ends": Fault(CARE, CONTACTS, each_line("\r")),
    "empty lines": Fault(CARE, CONTACTS, each_line("\n\n")),
    "trailing blank rows": Fault(CARE, CONTACTS, append(RUBBISH * 3)),
    "trailing blank row with a space": Fault(CARE, CONTACTS, append("  \n")),
    "dd/mm/yyyy dates": Fault(CARE, CONTACTS, everywhere(r"(\d{4})-(\d\d)-(\d\d)", r"\3/\2/\1")),
    "dates with .000 times": Fault(CARE, CONTACTS, everywhere(r"(\d{4}-\d\d-\d\d)", r"\1 00:00:00.000")),
    "dates with ISO times": Fault(CARE, CONTACTS, everywhere(r"(\d{4}-\d\d-\d\d)", r"\1T00:00:00")),
    "NULL for nothing": Fault(CARE, CONTACTS, everywhere(r",(?=,|\n)", ",NULL")),
    "backslash N for nothing": Fault(CARE, CONTACTS, everywhere(r",(?=,|\n)", r",\\N")),
    "no date as 9999-12-31": Fault(CARE, WARDS, everywhere(r"15:10:00,,2025-06-27", "15:10:00,9999-12-31,2025-06-27")),
    "no date as 1800-01-01": Fault(HOSPITAL, "apc.csv", swap("2025-06-24,,,11", "2025-06-24,1800-01-01,01/01/1801,11")),
    "renamed header, an alias": Fault(CARE, CONTACTS, swap("AttendStatus", "AttendOrDNACode")),
    "header in lower case": Fault(CARE, CONTACTS, lower_header),
    "header with spaces": Fault(CARE, CONTACTS, swap("CareContactID", "Care Contact ID")),
    "everything quoted": Fault(CARE, CONTACTS, everywhere(r"([^,\n]+)", r'"\1"')),
    "codes in lower case": Fault(CARE, CONTACTS, swap("B01,Y,5", "b01,y,5")),
    "NHS number with hyphens": Fault(CARE, "MHS001MPI.csv", swap("9990001073", "999-000-1073")),
}

OTHER: dict[str, Fault] = {
    "quoted newline": Fault(
        GP,
        PEOPLE,
        swap('"Flat 2, 14 Wash Lane"', '"Flat 2\r\n14 Wash Lane"'),
        changed={1: {"address": "Flat 2\r\n14 Wash Lane"}},
    ),
    "extra column": Fault(
        CARE,
        "MHS902ServiceTeamDetails.csv",
        everywhere(r"\n", ",x\n"),
        reasons=(("extra-column", 0, None, "warning"),),
    ),
    "no final line end": Fault(CARE, CONTACTS, cut(1), reasons=(("no-final-line-end", 0, None, "warning"),)),
    "impossible date in a key field": Fault(
        CARE,
        CONTACTS,
        swap("C2,R1,2025-06-18", "C2,R1,2025-06-31"),
        reasons=(("impossible-date", 2, "CareContDate", "quarantine"),),
        lost=(2,),
        counts=QUARANTINED,
    ),
    "impossible date in another field": Fault(
        CARE,
        CONTACTS,
        swap("4,2025-06-11,02", "4,06/31/2025,02"),
        reasons=(("impossible-date", 4, "CareContCancelDate", "quarantine"),),
        lost=(4,),
        counts=QUARANTINED,
    ),
    "month before day": Fault(
        CARE,
        CONTACTS,
        swap("C2,R1,2025-06-18", "C2,R1,06/18/2025"),
        reasons=(("impossible-date", 2, "CareContDate", "quarantine"),),
        lost=(2,),
        counts=QUARANTINED,
    ),
    "future date": Fault(
        CARE,
        CONTACTS,
        swap("C5,R3,2025-06-26", "C5,R3,2025-07-03"),
        reasons=(("future-date", 5, "CareContDate", "quarantine"),),
        lost=(5,),
        counts=QUARANTINED,
    ),
    "birth in the future": Fault(
        GP,
        "patients.csv",
        swap("102,9990001073,B2E1,N99001,1981", "102,9990001073,B2E1,N99001,2081"),
        reasons=(("future-birth-date", 2, "birth_date", "warning"),),
        changed={2: {"birth_date": None}},
        counts=WARNED,
    ),
    "the batch's own date is not future": Fault(
        CARE, CONTACTS, swap("C5,R3,2025-06-26", "C5,R3,2025-07-02"), changed={5: {}}
    ),
    "a planned date may lie ahead": Fault(CARE, SPELLS, swap("2025-07-20", "2026-07-20"), changed={1: {}}),
    "key missing": Fault(
        CARE,
        CONTACTS,
        swap("C3,R2", "C3,"),
        reasons=(("missing-key", 3, "ServiceRequestID", "quarantine"),),
        lost=(3,),
        counts=QUARANTINED,
    ),
    "bad format of a key field": Fault(
        CARE,
        CONTACTS,
        swap("C3,R2,2025-06-09", "C3,R2,early June"),
        reasons=(("bad-key-format", 3, "CareContDate", "quarantine"),),
        lost=(3,),
        counts=QUARANTINED,
    ),
    "bad format of another field": Fault(
        CARE,
        CONTACTS,
        swap(",50,", ",fifty,"),
        reasons=(("bad-format", 1, "ClinContDurOfCareCont", "warning"),),
        changed={1: {"ClinContDurOfCareCont": None}},
        counts=WARNED,
    ),
    "impossible time": Fault(
        CARE,
        CONTACTS,
        swap("01:30:00", "25:30:00"),
        reasons=(("bad-format", 3, "CareContTime", "warning"),),
        changed={3: {"CareContTime": None}},
        counts=WARNED,
    ),
    "too few fields": Fault(
        CARE,
        CONTACTS,
        swap("N,5,,\n", "N,5,\n"),
        reasons=(("wrong-field-count", 3, None, "quarantine"),),
        lost=(3,),
        counts=QUARANTINED,
    ),
    "unquoted delimiter": Fault(
        GP,
        "prescriptions.csv",
        swap('"1 twice a day, with food"', "1 twice a day, with food"),
        reasons=(("wrong-field-count", 1, None, "quarantine"),),
        lost=(1,),
        counts=QUARANTINED,
    ),
    "NHS number with a wrong check digit": Fault(
        CARE,
        "MHS001MPI.csv",
        swap("9990001146", "9990001147"),
        reasons=(("invalid-nhs-number", 2, "NHSNumber", "warning"),),
        changed={2: {"NHSNumber": None}},
        counts=WARNED,
    ),
    "NHS number through a spreadsheet": Fault(
        COUNCIL,
        "cld.csv",
        swap("2025-06-30,,LA12", "2025-06-30,9.43E+09,LA12"),
        reasons=(("invalid-nhs-number", 3, "NHS_Number", "warning"),),
        counts=WARNED,
    ),
    "code through a spreadsheet": Fault(
        GP,
        "prescriptions.csv",
        swap("102,9900000000000004", "102,9.9E+15"),
        reasons=(("bad-key-format", 2, "dmd_code", "quarantine"),),
        lost=(2,),
        counts=QUARANTINED,
    ),
    "person's id through a spreadsheet": Fault(
        COUNCIL,
        "cld.csv",
        swap("2025-06-30,,LA12", "2025-06-30,,1.02E+11"),
        reasons=(("bad-key-format", 3, "LA_Person_Unique_Identifier", "quarantine"),),
        lost=(3,),
        counts=QUARANTINED,
    ),
    "NHS number of ten nines": Fault(
        GP,
        "patients.csv",
        swap("9990001073", "9999999999"),
        reasons=(("invalid-nhs-number", 2, "nhs_number", "warning"),),
        changed={2: {"nhs_number": None}},
        counts=WARNED,
    ),
    "unknown code": Fault(
        CARE,
        CONTACTS,
        swap("Y,7,", "Y,8,"),
        reasons=(("unknown-code", 2, "AttendStatus", "warning"),),
        changed={2: {"AttendStatus": "8"}},
        counts=WARNED,
    ),
    "unknown text": Fault(
        COUNCIL,
        "cld.csv",
        swap("No change in package", "Nothing new"),
        reasons=(("unknown-code", 4, "Event_Outcome", "warning"),),
        changed={4: {"Event_Outcome": "Nothing new"}},
        counts=WARNED,
    ),
    "lost leading zero": Fault(
        CARE,
        ACCOMMODATION,
        swap("M2,01,Y", "M2,1,Y"),
        reasons=(("leading-zeros-lost", 3, "AccommodationType", "warning"),),
        counts=WARNED,
    ),
    "lost leading zero, decimal": Fault(
        CARE,
        ACCOMMODATION,
        swap("M2,01,Y", "M2,1.0,Y"),
        reasons=(("leading-zeros-lost", 3, "AccommodationType", "warning"),),
        counts=WARNED,
    ),
    "duplicate row": Fault(
        CARE,
        CONTACTS,
        append("C2,R1,2025-06-18,14:00:00,T12,,02,01,11,B01,Y,7,,\n"),
        reasons=(("duplicate-row", 6, None, "duplicate"),),
        counts=(1, 0, 0, 0, 1),
    ),
    "duplicate row thrice, quoted otherwise": Fault(
        CARE,
        ACCOMMODATION,
        append('M2,01,Y,2025-03-03,,2019-02-28,\n"M2",01,Y,"2025-03-03",,2019-02-28,""\n'),
        reasons=(("duplicate-row", 4, None, "duplicate"), ("duplicate-row", 5, None, "duplicate")),
        counts=(2, 0, 0, 0, 2),
    ),
    "same key, other content": Fault(
        CARE,
        "MHS902ServiceTeamDetails.csv",
        append("T06,RW9,A07,02\n"),
        reasons=(("repeated-key", 5, "CareProfTeamLocalID", "warning"),),
        counts=(1, 1, 1, 0, 0),
    ),
    "orphan child row": Fault(
        CARE,
        CONTACTS,
        swap("C5,R3", "C5,R9"),
        reasons=(("orphan-row", 5, "ServiceRequestID", "quarantine"),),
        lost=(5,),
        counts=QUARANTINED,
    ),
    "orphan patient": Fault(
        GP,
        "journal.csv",
        swap("103,XE0Uc", "999,XE0Uc"),
        reasons=(("orphan-row", 5, "patient_id", "quarantine"),),
        lost=(5,),
        counts=QUARANTINED,
    ),
    "negative duration, days": Fault(
        CARE,
        WARDS,
        swap("2025-06-27,11:00:00,200", "2025-06-23,11:00:00,200"),
        reasons=(("negative-duration", 1, "EndDateWardStay", "quarantine"),),
        lost=(1,),
        counts=QUARANTINED,
    ),
    "negative duration, minutes": Fault(
        CARE,
        WARDS,
        swap("2025-06-27,11:00:00,200", "2025-06-24,15:09:00,200"),
        reasons=(("negative-duration", 1, "EndDateWardStay", "quarantine"),),
        lost=(1,),
        counts=QUARANTINED,
    ),
    "no minutes at all": Fault(
        CARE, WARDS, swap("2025-06-27,11:00:00,200", "2025-06-24,15:10:00,200"), changed={1: {}}
    ),
    "birth after the event": Fault(
        HOSPITAL,
        "apc.csv",
        swap("H302,1981-11-30", "H302,2025-06-25"),
        reasons=(("birth-after-event", 3, "BIRTH_DATE", "warning"),),
        changed={3: {}},
        counts=WARNED,
    ),
    "attendance of nobody": Fault(
        HOSPITAL,
        "ecds.csv",
        swap("7002,A1F0", "7002,"),
        reasons=(("no-person", 2, "Der_Pseudo_NHS_Number", "warning"),),
        changed={2: {"Der_Pseudo_NHS_Number": None}},
        counts=WARNED,
    ),
    "two faults in a row": Fault(
        CARE,
        CONTACTS,
        swap("C4,R3,2025-06-12,09:30:00,,,02,01,01", "C4,R9,2025-06-12,09:30:00,,,02,01,77"),
        reasons=(
            ("unknown-code", 4, "ConsMechanismMH", "warning"),
            ("orphan-row", 4, "ServiceRequestID", "quarantine"),
        ),
        lost=(4,),
        counts=QUARANTINED,
    ),
}

REJECTED: dict[str, tuple[Fault, str, int]] = {
    "empty file": (Fault(CARE, WARDS, lambda data: b""), "empty-file", 0),
    "blank file": (Fault(CARE, WARDS, lambda data: b"\xef\xbb\xbf \r\n\r\n"), "empty-file", 0),
    "truncated, fields missing": (Fault(CARE, SCORES, cut(20)), "truncated-file", 3),
    "truncated, open quote": (Fault(GP, PEOPLE, cut(35)), "truncated-file", 3),
    "truncated, half a character": (
        Fault(GP, PEOPLE, lambda data: recode("utf-16-le", b"\xff\xfe")(data)[:-1]),
        "truncated-file",
        3,
    ),
    "truncated, in the header": (Fault(CARE, ACCOMMODATION, lambda data: data[:70]), "truncated-file", 0),
    "missing key column": (Fault(CARE, SCORES, swap("CodedAssToolType,", "Tool,")), "missing-key-column", 3),
    "no header": (Fault(CARE, SCORES, lambda data: data.partition(b"\n")[2]), "missing-key-column", 2),
}


def read(sample: Load, fault: Fault, plant: bool) -> BatchResult:
    files = sample(*fault.batch)
    if plant:
        files[fault.file] = fault.plant(files[fault.file])
    return read_batch(SPECS[fault.batch[0]], files, fault.batch[1])


def reasons(result: BatchResult) -> set[Reason]:
    return {
        (name, issue["row"], issue["column"], issue["rule"], issue["severity"])
        for name, file in result.files.items()
        for issue in file.issues.to_pylist()
    }


def rows(result: BatchResult) -> dict[str, dict[int, dict[str, Any]]]:
    return {name: {row["_row"]: row for row in file.rows.to_pylist()} for name, file in result.files.items()}


def counts(result: BatchResult, file: str) -> tuple[int, ...]:
    read = result.files[file]
    return (read.lines, read.accepted, read.warned, read.quarantined, read.duplicates)


@pytest.mark.parametrize("name", READ_AS_BEFORE)
def test_mess_that_is_read_as_if_it_were_none(sample: Load, name: str) -> None:
    fault = READ_AS_BEFORE[name]
    before, after = read(sample, fault, plant=False), read(sample, fault, plant=True)

    assert sample(*fault.batch)[fault.file] != fault.plant(sample(*fault.batch)[fault.file]), "nothing was planted"
    assert rows(after) == rows(before)
    assert reasons(after) == set()
    assert counts(after, fault.file) == counts(before, fault.file)


@pytest.mark.parametrize("name", OTHER)
def test_exactly_the_planted_rows_are_concerned(sample: Load, name: str) -> None:
    fault = OTHER[name]
    before, after = read(sample, fault, plant=False), read(sample, fault, plant=True)
    old, new = rows(before), rows(after)

    expected = {(fault.file, row, column, rule, severity) for rule, row, column, severity in fault.reasons}
    assert reasons(after) == expected
    assert set(old[fault.file]) - set(new[fault.file]) == set(fault.lost)
    added = set(new[fault.file]) - set(old[fault.file])
    for row in set(new[fault.file]) - added:
        change = fault.changed.get(row)
        if change is None:
            assert new[fault.file][row] == old[fault.file][row]
        elif change:
            assert new[fault.file][row] == {**old[fault.file][row], **change}
    others = {name for name in old if name != fault.file}
    assert {name: new[name] for name in others} == {name: old[name] for name in others}
    delta = tuple(a - b for a, b in zip(counts(after, fault.file), counts(before, fault.file), strict=True))
    assert delta == fault.counts


@pytest.mark.parametrize("name", REJECTED)
def test_a_file_that_cannot_be_trusted_is_refused_whole(sample: Load, name: str) -> None:
    fault, rule, lines = REJECTED[name]
    before, after = read(sample, fault, plant=False), read(sample, fault, plant=True)
    refused = after.files[fault.file]

    assert reasons(after) == {(fault.file, 0, None, rule, "reject")}
    assert refused.rejected and refused.rows.num_rows == 0
    assert counts(after, fault.file) == (lines, 0, 0, lines, 0)
    assert refused.table not in after.tables
    old, new = rows(before), rows(after)
    assert {name: new[name] for name in old if name != fault.file} == {
        name: old[name] for name in old if name != fault.file
    }


def test_a_header_alone_is_a_table_without_rows(sample: Load) -> None:
    fault = Fault(CARE, WARDS, lambda data: data.splitlines(keepends=True)[0])
    after = read(sample, fault, plant=True)

    assert counts(after, WARDS) == (0, 0, 0, 0, 0)
    assert not after.files[WARDS].rejected and "MHS502WardStay" in after.tables
    assert reasons(after) == set()


def test_children_of_a_row_set_aside_say_so(sample: Load) -> None:
    """An admission with an impossible date takes its ward stays with it, and nothing else."""
    fault = Fault(CARE, SPELLS, swap("S1,R1,2025-06-24", "S1,R1,2025-02-30"))

    assert reasons(read(sample, fault, plant=True)) == {
        (SPELLS, 1, "StartDateHospProvSpell", "impossible-date", "quarantine"),
        (WARDS, 1, "HospProvSpellID", "parent-set-aside", "quarantine"),
        (WARDS, 2, "HospProvSpellID", "parent-set-aside", "quarantine"),
    }


def test_children_of_a_refused_file_are_orphans(sample: Load) -> None:
    fault = Fault(CARE, SPELLS, lambda data: b"")

    assert reasons(read(sample, fault, plant=True)) == {
        (SPELLS, 0, None, "empty-file", "reject"),
        (WARDS, 1, "HospProvSpellID", "orphan-row", "quarantine"),
        (WARDS, 2, "HospProvSpellID", "orphan-row", "quarantine"),
    }


@pytest.mark.parametrize("name", OTHER)
def test_what_was_set_aside_is_kept_as_sent(sample: Load, name: str) -> None:
    fault = OTHER[name]
    planted = fault.plant(sample(*fault.batch)[fault.file]).decode()
    aside = read(sample, fault, plant=True).files[fault.file].set_aside.to_pylist()

    assert [record["row"] for record in aside] == sorted(fault.lost)
    assert all(record["raw"] in planted for record in aside)
    severe = {row: rule for rule, row, _, severity in fault.reasons if severity == "quarantine"}
    assert {record["row"]: record["rule"] for record in aside} == severe


@pytest.mark.parametrize("name", [*OTHER, *REJECTED])
def test_no_reason_holds_a_value(sample: Load, name: str) -> None:
    fault = OTHER[name] if name in OTHER else REJECTED[name][0]
    spec = SPECS[fault.batch[0]]
    declared = {column for table in spec.tables for column in table.column_names} | {
        table.name for table in spec.tables
    }
    planted = fault.plant(sample(*fault.batch)[fault.file]).decode("utf-8", "replace")
    values = {
        value for value in re.split(r"[,\s\"]+", planted) if len(value) > 3 and re.search(r"\d", value)
    } - declared
    for file in read(sample, fault, plant=True).files.values():
        for issue in file.issues.to_pylist():
            assert not {value for value in values if value in issue["reason"]}
            assert issue["column"] is None or issue["column"] in declared
