"""A declaration that makes no sense is refused in plain words that name line and key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from washhouse.core.errors import InputError
from washhouse.sources.declared.read import read_declaration, read_declarations
from washhouse.sources.mappings.registry import SYSTEMS

INVALID = [
    ('name = "clinic"', 'name = "Foot Clinic"', "line 1, key name: a name of small letters"),
    ('title = "Foot clinic"', 'titel = "Foot clinic"', "line 2, key titel: there is no such key.* Did you mean title"),
    ('title = "Foot clinic"', "title = 1", "line 2, key title: a text in double quotes"),
    ('title = "Foot clinic"', 'delivery = "snapshots"', "line 2, key delivery: .* Did you mean snapshot"),
    (
        'title = "Foot clinic"',
        'delivery = "replace-period"',
        r"line 2, key delivery: what is sent for a period needs a section \[period\]",
    ),
    ('title = "Foot clinic"', 'timezone = "Leeds"', "line 2, key timezone: 'Leeds' is no time zone"),
    ('key = ["visit_id"]', 'key = ["visit"]', "line 5, key tables.visits.key: .* Did you mean visit_id"),
    ('key = ["visit_id"]', 'delivery = "delta"', "line 5, key tables.visits.delivery: changed rows are found by"),
    ('key = ["visit_id"]', 'parent = "people.id"', "line 5, key tables.visits.parent: the parent is another table"),
    ('day = "date"', 'day = "dates"', "line 14, key tables.visits.columns.day.type: .* Did you mean date"),
    ('day = "date"', 'day = { typ = "date" }', "line 14, key tables.visits.columns.day.typ: there is no such key"),
    ('day = "date"', 'day = { type = "date", format = "%H" }', "line 14, .*day.format: it does not tell the whole"),
    ('day = "date"', 'day = { type = "text", format = "%H" }', "line 14, .*day.format: a format is for a date"),
    ('day = "date"', '"Day Seen" = "date"', "line 14, .*: a column's name has letters, digits and _ only"),
    ('day = "date"', 'day = "text"', "line 28, key events.0.time: the column day must be of type date"),
    ('minutes = "int"', 'minutes = { type = "int", codes = ["1"] }', "line 17, .*a column with codes is of type code"),
    ('minutes = "int"', 'minutes = { unlisted = "quarantine" }', "line 17, .*without codes none is unlisted"),
    ('minutes = "int"', 'minutes = { codes = ["A b", "AB"] }', "line 17, .*two of the codes are the same"),
    ('minutes = "int"', "minutes = { future = true }", "line 17, .*only a date or datetime may lie ahead"),
    ('minutes = "int"', 'minutes = { type = "int", aliases = ["Day"] }', "line 17, .*the header Day could mean two"),
    ('minutes = "int"', 'minutes = "text"', "line 29, key events.0.value: .*must be of type int or float"),
    ('person = "patient_id"\n', "", "line 19, key identity.person: name the column with the sender's own id"),
    ('nhs_number = "nhs_number"\nsurname = "surname"', 'nhs_number = "sex"', "line 21, .*must be of type nhs_number"),
    ('birth_date = "born"', 'birth_date = "surname"', "line 23, .*must be of type date, and is text"),
    ('sex = "sex"', 'sex = { column = "sex" }', "line 24, key identity.sex: say which codes mean which sex"),
    ("[identity]", "[identities]", "line 19, key identities: there is no such key"),
    ("FOOT_VISIT//{kind}", "{kind}", "line 27, key events.0.code: a vocabulary in capitals"),
    ("FOOT_VISIT//{kind}", "MHS_REFERRAL//{kind}", "line 27, .*belongs to a built-in source"),
    ("FOOT_VISIT//{kind}", "FOOT_VISIT//{kinds}", "line 27, .*has no column 'kinds'. Did you mean kind"),
    ("FOOT_VISIT//{kind}", "FOOT_VISIT//{surname}", "line 27, .*names a person, and must not stand in a code"),
    ("FOOT_VISIT//{kind}", "FOOT_VISIT//{day}", "line 27, .*is of type date, which makes no code"),
    ('ref = "visit_id"', 'parent = "visit_id"', "line 31, key events.0.parent: the table's own parent must name"),
    ('ref = "visit_id"', 'text = "sex"', "line 31, key events.0.text: the column sex must be of type code"),
    ('ref = "visit_id"', 'team = "surname"', "line 31, key events.0.team: the column surname names a person"),
    ('ref = "visit_id"', "where = { kind = [] }", "line 31, key events.0.where.kind: a list of texts is expected"),
    ('value = "minutes"\n', "", "line 29, key events.0.unit: a unit belongs to a value"),
    ('time = ["day", "clock"]\n', "", "line 26, key events.0.time: name the column with the day or moment"),
]


@pytest.mark.parametrize(("old", "new", "words"), INVALID, ids=[words for _, _, words in INVALID])
def test_what_makes_no_sense(tmp_path: Path, clinic: str, old: str, new: str, words: str) -> None:
    assert clinic.count(old) == 1, "the plant must hit one place"
    path = tmp_path / "clinic.toml"
    path.write_text(clinic.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError) as refused:
        read_declaration(path)
    assert refused.value.code == "declaration-invalid"
    assert re.search("clinic.toml, .*" + words, refused.value.message), refused.value.message


def test_what_is_not_toml(tmp_path: Path, clinic: str) -> None:
    path = tmp_path / "clinic.toml"
    path.write_text(clinic.replace('"Foot clinic"', "Foot clinic"), encoding="utf-8")
    with pytest.raises(InputError, match=r"clinic.toml is not TOML: .*at line 2") as refused:
        read_declaration(path)
    assert refused.value.code == "declaration-unreadable"


def test_a_file_is_named_as_its_source(tmp_path: Path, clinic: str) -> None:
    (tmp_path / "feet.toml").write_text(clinic, encoding="utf-8")
    with pytest.raises(InputError, match="declares the source clinic"):
        read_declarations(tmp_path)


def test_a_built_in_source_is_not_declared(tmp_path: Path, clinic: str) -> None:
    path = tmp_path / "gp.toml"
    path.write_text(clinic.replace('"clinic"', '"gp"'), encoding="utf-8")
    with pytest.raises(InputError, match="line 1, key name: gp is a built-in source"):
        read_declaration(path, SYSTEMS)


def test_comments_and_layout_do_not_change_the_digest(tmp_path: Path, clinic: str) -> None:
    path = tmp_path / "clinic.toml"
    texts = (clinic, "# ours\n" + clinic.replace(" = ", "="), clinic.replace('"min"', '"h"'))
    digests = []
    for text in texts:
        path.write_text(text, encoding="utf-8")
        digests.append(read_declaration(path).digest)
    assert digests[0] == digests[1] != digests[2]
