"""What a declared source's rows become: validated and counted as any other's, people, events."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from washhouse.sources.result import BatchResult

HEADER = "visit_id,Client No.,NHS number,surname,born,sex,day,clock,kind,minutes\n"


def reasons(result: BatchResult) -> list[tuple[int, str, str]]:
    return [
        (row["row"], row["column"], row["rule"]) for read in result.files.values() for row in read.issues.to_pylist()
    ]


def counts(result: BatchResult) -> tuple[int, int, int, int, int]:
    [read] = result.files.values()
    return (read.lines, read.accepted, read.warned, read.quarantined, read.duplicates)


def test_rows_are_validated_and_counted_by_the_same_rules(site) -> None:
    result = site().read(
        visits=HEADER
        + "v1,p1,9990001073,Miller,02/03/1950,F,12/06/2025,09:30,home visit,30\n"
        + "v1,p1,9990001073,Miller,02/03/1950,F,12/06/2025,09:30,home visit,30\n"
        + "v2,p1,9990001074,Miller,02/03/1950,F,13/06/2025,,Telephone,x\n"
        + "v3,,9990001073,Miller,02/03/1950,F,13/06/2025,,Clinic,\n"
        + "v4,p1,9990001073,Miller,02/03/1950,F,13/08/2025,,Clinic,\n"
        + "v5,p1,9990001073,Miller,02/03/1950,F,01/06/1949,,Clinic,\n"
    )
    assert counts(result) == (6, 3, 2, 2, 1)
    assert reasons(result) == [
        (2, None, "duplicate-row"),
        (3, "kind", "unknown-code"),
        (3, "minutes", "bad-format"),
        (3, "nhs_number", "invalid-nhs-number"),
        (4, "patient_id", "missing-key"),
        (5, "day", "future-date"),
        (6, "born", "birth-after-event"),
    ]


def test_people_and_events(site) -> None:
    feet = site()
    feet.read(
        visits=HEADER
        + "v1,p1,9990001073,Miller,02/03/1950,F,12/06/2025,09:30,home visit,30\n"
        + "v2,p1,,,,,13/06/2025,,Telephone,\n"
        + "v3,p2,9990001146,Baker,1940-03-12,1,,,Clinic,10\n"
    )
    assert [{key: row[key] for key in row if key not in ("first_seen", "last_seen")} for row in feet.people()] == [
        {
            "source": "clinic",
            "source_id": "p1",
            "identity_kind": "clear",
            "nhs_number": "9990001073",
            "surname": "Miller",
            "birth_date": date(1950, 3, 2),
            "sex": "female",
            "restricted": False,
        },
        {
            "source": "clinic",
            "source_id": "p2",
            "identity_kind": "clear",
            "nhs_number": "9990001146",
            "surname": "Baker",
            "birth_date": date(1940, 3, 12),
            "sex": "male",
            "restricted": False,
        },
    ]
    assert feet.events("source_id", "code", "time", "numeric_value", "unit") == [
        ("p1", "FOOT_VISIT//home-visit", datetime(2025, 6, 12, 8, 30), 30.0, "min"),
        ("p1", "FOOT_VISIT//other", datetime(2025, 6, 13), None, None),
    ]


def test_a_later_batch_corrects_by_key(site) -> None:
    feet = site()
    feet.read("2025-07-01", visits=HEADER + "v1,p1,,,,,12/06/2025,,Clinic,\nv2,p1,,,,,12/06/2025,,Clinic,\n")
    feet.read("2025-08-01", visits=HEADER + "v1,p1,,,,,12/06/2025,,Home visit,\n")
    first, second = datetime(2025, 7, 1), datetime(2025, 8, 1)
    assert feet.events("code", "recorded_at", "superseded_at", "ref IS NULL") == [
        ("FOOT_VISIT//clinic", first, second, False),
        ("FOOT_VISIT//clinic", first, second, False),
        ("FOOT_VISIT//home-visit", second, None, False),
    ]


def test_a_period_sent_again_replaces_what_was_sent_for_it(site, clinic: str) -> None:
    text = clinic.replace('title = "Foot clinic"', 'delivery = "replace-period"').replace(
        'visit_id = "text"', 'visit_id = "text"\nmonth = { type = "date", format = "%Y-%m" }'
    )
    feet = site(text + '\n[period]\ncolumn = "month"\n')
    header = "month," + HEADER
    feet.read(
        "2025-07-01", visits=header + "2025-05,v1,p1,,,,,12/05/2025,,Clinic,\n2025-06,v2,p1,,,,,1/06/2025,,Clinic,\n"
    )
    feet.read("2025-08-01", visits=header + "2025-06,v3,p1,,,,,12/06/2025,,Clinic,\n")
    assert feet.events("time", "superseded_at") == [
        (datetime(2025, 5, 12), None),
        (datetime(2025, 6, 1), datetime(2025, 8, 1)),
        (datetime(2025, 6, 12), None),
    ]


def test_an_unlisted_code_may_cost_the_row(site, clinic: str) -> None:
    text = clinic.replace('"Clinic"] }', '"Clinic"], unlisted = "quarantine" }')
    result = site(text).read(visits=HEADER + "v1,p1,,,,,12/06/2025,,Telephone,\nv2,p1,,,,,12/06/2025,,,\n")
    assert counts(result) == (2, 1, 0, 1, 0)
    assert reasons(result) == [(1, "kind", "code-not-allowed")]


def test_a_code_that_a_spreadsheet_made_a_number_is_missing(site, clinic: str) -> None:
    feet = site(clinic.replace('{ codes = ["Home visit", "Clinic"] }', '"code"').replace("FOOT_VISIT//", "SNOMED//"))
    result = feet.read(
        visits=HEADER + "v1,p1,,,,,12/06/2025,,1.02E+15,\nv2,p1,,,,,12/06/2025,,73211009,\nv3,p1,,,,,12/06/2025,,,\n"
    )
    assert reasons(result) == [(1, "kind", "code-as-number")]
    assert feet.events("code") == [("SNOMED//73211009",)]


@pytest.mark.parametrize(
    ("column", "written", "read"),
    [
        ('day = { type = "date", format = "%m/%d/%Y" }', "06/12/2025", datetime(2025, 6, 12)),
        ('day = { type = "date", format = "%d.%m.%y" }', "12.06.25", datetime(2025, 6, 12)),
        ('day = { type = "datetime", format = "%d%b%Y:%H:%M:%S" }', "12JUN2025:09:30:00", datetime(2025, 6, 12, 8, 30)),
        ('day = "datetime"', "2025-06-12T09:30:00+02:00", datetime(2025, 6, 12, 7, 30)),
        ('day = "datetime"', "2025-06-12", datetime(2025, 6, 11, 23)),
    ],
)
def test_formats_of_dates(site, clinic: str, column: str, written: str, read: datetime) -> None:
    feet = site(clinic.replace('day = "date"', column).replace('["day", "clock"]', '"day"'))
    assert reasons(feet.read(visits=HEADER + f"v1,p1,,,,,{written},,Clinic,\n")) == []
    assert feet.events("time") == [(read,)]


def test_a_date_that_the_format_does_not_tell_is_none(site, clinic: str) -> None:
    feet = site(clinic.replace('day = "date"', 'day = { type = "date", format = "%m/%d/%Y" }'))
    assert reasons(feet.read(visits=HEADER + "v1,p1,,,,,25/06/2025,,Clinic,\n")) == [(1, "day", "bad-format")]


@pytest.mark.parametrize(
    ("columns", "time", "fields"),
    [
        ('day = "datetime"', '"day"', "2025-06-12 09:30:00,"),
        ('day = "date"', '["day", "clock"]', "2025-06-12,09:30"),
        ('day = "datetime"', '"day"', "2025-06-12T10:30:00+01:00,"),
    ],
)
def test_another_time_zone(site, clinic: str, columns: str, time: str, fields: str) -> None:
    text = clinic.replace('title = "Foot clinic"', 'timezone = "UTC"').replace('day = "date"', columns)
    feet = site(text.replace('["day", "clock"]', time))
    feet.read(visits=HEADER + f"v1,p1,,,,,{fields},Clinic,\n")
    assert feet.events("time") == [(datetime(2025, 6, 12, 9, 30),)]


def test_what_looks_like_a_person_never_becomes_a_code(site, clinic: str) -> None:
    feet = site(clinic.replace('{ codes = ["Home visit", "Clinic"] }', '"text"'))
    rows = ("Ann Miller", "Miller", "9990001073", "LS1 4AP", "LS14AP", "B12")
    feet.read(visits=HEADER + "".join(f"v{at},p1,,,,,12/06/2025,,{kind},\n" for at, kind in enumerate(rows)))
    assert {code for (code,) in feet.events("code")} == {"FOOT_VISIT//unreadable", "FOOT_VISIT//B12"}


def test_parts_that_make_an_identifier_together_never_become_a_code(site, clinic: str) -> None:
    text = clinic.replace('kind = { codes = ["Home visit", "Clinic"] }', 'kind = "text"\nroom = "text"')
    feet = site(text.replace("FOOT_VISIT//{kind}", "FOOT_VISIT//{kind}-{room}"))
    feet.read(visits="room," + HEADER + "01073,v1,p1,,,,,12/06/2025,,99900,\n1,v2,p1,,,,,12/06/2025,,A2,\n")
    assert feet.events("code") == [("FOOT_VISIT//A2-1",), ("FOOT_VISIT//unreadable",)]


def test_rows_of_a_pseudonymised_feed_join_on_the_pseudonym(site) -> None:
    feet = site(
        """
        name = "shared"
        [tables.rows.columns]
        pseudo = "pseudonym"
        day = "date"
        [identity]
        kind = "pseudonym"
        person = "pseudo"
        [[events]]
        code = "SEEN//here"
        time = "day"
        """
    )
    result = feet.read(rows="pseudo,day\nA1F0,2025-06-12\n,2025-06-12\n")
    assert reasons(result) == [(2, "pseudo", "no-person")]
    [person] = feet.people()
    assert (person["identity_kind"], person["source_id"], person["pseudo_nhs_number"]) == ("pseudonym", "A1F0", "A1F0")
    assert feet.events("source_id", "code") == [("A1F0", "SEEN//here"), (None, "SEEN//here")]


SCHOOLS = """
name = "school_nurses"
[tables.pupils]
key = ["pupil"]
[tables.pupils.columns]
pupil = "text"
born = "date"
gender = "text"
died = "date"
[tables.checks]
key = ["check_id"]
parent = "pupils.pupil"
[tables.checks.columns]
check_id = "text"
pupil = "text"
started = "datetime"
ended = "datetime"
entered = "date"
measure = { codes = ["weight", "height"] }
value = "float"
unit = "text"
status = "text"
result = { codes = ["ok", "refer"] }
nurse = "text"
[identity]
table = "pupils"
person = "pupil"
birth_date = "born"
death_date = "died"
sex = { column = "gender", male = ["10"], female = ["20"] }
[[events]]
table = "checks"
code = "SCHOOL//{measure}"
time = "started"
end = "ended"
recorded = "entered"
value = "value"
unit = "{unit}"
text = "result"
ref = "check_id"
parent = "pupil"
team = "nurse"
where = { status = ["done"] }
"""


def test_everything_that_an_event_may_tell(site) -> None:
    nurses = site(SCHOOLS)
    head = "check_id,pupil,started,ended,entered,measure,value,unit,status,result,nurse\n"
    result = nurses.read(
        pupils="pupil,born,gender,died\n1,2015-02-03,20,\n2,2014-02-03,10,2025-06-20\n",
        checks=head
        + "c1,1,2025-06-12 09:00,2025-06-12 09:10,2025-06-13,weight,20.5,kg,done,ok,T1\n"
        + "c0,2,2025-06-12 09:00,2025-06-12 08:59,2025-06-13,height,120,cm,done,,T1\n"
        + "c2,2,2025-06-12 09:00,,2025-06-13,height,120,Ann,done,refer,Ann Smith\n"
        + "c3,2,2025-06-12 09:00,,2025-06-13,height,120,cm,planned,,T1\n"
        + "c4,9,2025-06-12 09:00,,2025-06-13,height,120,cm,done,,T1\n",
    )
    assert reasons(result) == [(2, "ended", "negative-duration"), (5, "pupil", "orphan-row")]
    columns = ("code", "time", "end_time", "recorded_at", "numeric_value", "unit", "text_value", "team")
    assert nurses.events(*columns) == [
        ("DEATH//recorded", datetime(2025, 6, 20), None, datetime(2025, 7, 1), None, None, None, None),
        (
            *("SCHOOL//height", datetime(2025, 6, 12, 8), None, datetime(2025, 6, 13, 23, 59, 59)),
            *(120.0, "unreadable", "refer", None),
        ),
        (
            *("SCHOOL//weight", datetime(2025, 6, 12, 8), datetime(2025, 6, 12, 8, 10)),
            *(datetime(2025, 6, 13, 23, 59, 59), 20.5, "kg", "ok", "T1"),
        ),
    ]
    assert [(row["source_id"], row["sex"]) for row in nurses.people()] == [("1", "female"), ("2", "male")]
