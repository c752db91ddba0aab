"""Whose rows leave, under which numbers, and what is noted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from sqlalchemy import select

from washhouse.core.errors import InputError, RefusedError, UsageError
from washhouse.core.home import Settings
from washhouse.desk.database import open_desk
from washhouse.desk.models import AuditRow
from washhouse.governance.audit import AuditTrail
from washhouse.governance.grants import Purpose, Role, mint_grant, system_grant
from washhouse.lake.pointer import Version
from washhouse.lake.store import Lake
from washhouse.record.export.folder import new_folder
from washhouse.record.export.people import open_population, opted_out_of, read_buckets
from washhouse.record.export.pseudonyms import check_distinct, export_key, number_of
from washhouse.record.tables import EVENT, PERSON, PERSON_VIEW

NOW = datetime(2026, 7, 1, 9)
ANN, BOB, CAT, DAN = (f"{n:032x}" for n in range(4))
KEY = bytes(32)


def person(who: str, **more: object) -> dict[str, object]:
    return {"bucket": 0, "person_id": who, "sex": "unknown", "sources": "gp", **more}


def event(who: str, code: str, row: int, **more: object) -> dict[str, object]:
    known = {"recorded_at": NOW, "recorded_assumed": False, "source": "gp", "source_file": "f", "source_row": row}
    return {"bucket": 0, "person_id": who, "time": datetime(2026, 1, row), "code": code, **known, **more}


def one_with(who: str, bears: str) -> dict[str, object]:
    link = {"joined_to": None if who == bears else bears, "link_probability": 0.5, "probability": 0.5}
    return {"bucket": 0, "view": "lenient", "person_id": who, "view_id": bears, **link}


PEOPLE = [
    person(ANN, sex="female", birth_month=date(1950, 7, 1)),
    person(BOB, birth_month=date(1951, 8, 1), practice="N99001", death_date=date(2026, 2, 3)),
    person(CAT),
    person(DAN),
]
EVENTS = [
    event(ANN, "SNOMED//1", 1, team="T1", ref="a" * 32),
    event(BOB, "SNOMED//2", 2, parent_ref="a" * 32),
    event(BOB, "SNOMED//3", 3, superseded_at=NOW.replace(hour=10)),
    event(BOB, "GP_REGISTRATION//N99001", 4),
    event(BOB, "DEATH//recorded", 5),
    event(CAT, "SNOMED//1", 6),
    event(DAN, "SNOMED//1", 7),
    event(DAN, "OPT_OUT//type-1", 8, time=None),
]


@pytest.fixture
def world(tmp_path):
    lake = Lake(tmp_path / "lake")
    views = [one_with(ANN, ANN), one_with(BOB, ANN), one_with(CAT, CAT), one_with(DAN, CAT)]
    tables = {}
    for table, rows in ((PERSON, PEOPLE), (EVENT, EVENTS), (PERSON_VIEW, views)):
        names = {name for row in rows for name in row}
        columns = {name: pa.array([row.get(name) for row in rows]) for name in table.column_names if name in names}
        tables[table.name] = lake.write(table, pa.table(columns))
    version = Version(1, "v000001-test", NOW, tables, {}, (), {"gp": date(2026, 6, 1)}, {}, 1)
    desk = open_desk(tmp_path / "desk.db")
    yield lake, version, desk, AuditTrail(desk, clock=lambda: NOW)
    desk.close()


def research():
    return mint_grant(actor="system", role=Role.SYSTEM, purpose=Purpose.RESEARCH, persons=None, now=NOW)


def open_for(world, grant, key=KEY):
    lake, version, _, audit = world
    return open_population(lake, version, grant, audit, key=key, form="meds", project="p", settings=Settings())


def noted(desk):
    with desk.reading() as session:
        return [(row.action, row.outcome) for row in session.scalars(select(AuditRow).order_by(AuditRow.seq))]


def test_people_of_the_view_leave_as_one_with_the_year_of_birth(world) -> None:
    population = open_for(world, research())
    (bucket,) = read_buckets(population)
    assert bucket.people.to_pylist() == [
        {
            "subject_id": number_of(KEY, "person", ANN),
            "birth_year": 1950,
            "sex": "female",
            "ethnic_category": None,
            "deprivation_decile": None,
            "practice": number_of(KEY, "practice", "N99001"),
            "death_date": date(2026, 2, 3),
        }
    ]


def test_an_opt_out_keeps_everybody_it_is_one_with(world) -> None:
    population = open_for(world, research())
    assert (population.people, population.opted_out) == (1, 1)
    (bucket,) = read_buckets(population)
    assert set(bucket.events["subject_id"].to_pylist()) == {number_of(KEY, "person", ANN)}


def test_who_has_opted_out_since_is_not_in_an_earlier_version(world) -> None:
    lake, version, _, audit = world
    gone = opted_out_of(lake, version, research(), audit, Settings())
    assert set(gone["person_id"].to_pylist()) == {CAT, DAN}, "in all parts of the view's person"
    asked = {"key": KEY, "form": "meds", "project": "p", "settings": Settings()}
    since = pa.table({"person_id": [BOB]})
    population = open_population(lake, version, research(), audit, **asked, barred=since)
    assert (population.people, population.opted_out) == (0, 2)
    (bucket,) = read_buckets(population)
    assert (bucket.people.num_rows, bucket.events.num_rows) == (0, 0)


def test_current_events_leave_without_local_ids(world) -> None:
    (bucket,) = read_buckets(open_for(world, research()))
    rows = sorted(bucket.events.to_pylist(), key=lambda row: row["time"])
    thing = number_of(KEY, "thing", "a" * 32)
    assert [(row["code"], row["team"], row["ref"], row["parent_ref"], row["practice"]) for row in rows] == [
        ("SNOMED//1", number_of(KEY, "team", "T1"), thing, None, None),
        ("SNOMED//2", None, None, thing, None),
        ("GP_REGISTRATION//recorded", None, None, None, number_of(KEY, "practice", "N99001")),
    ]


def test_who_may_not_export_is_refused_before_a_row_leaves(world) -> None:
    desk = world[2]
    for grant in (system_grant(NOW), replace(research(), purpose=Purpose.PLANNING)):
        with pytest.raises(RefusedError):
            open_for(world, grant)
    assert noted(desk).count(("export", "deny")) == 2
    open_for(world, research())
    assert noted(desk)[-1] == ("export", "allow")


def test_keys_of_projects_and_versions_differ() -> None:
    keys = {export_key(KEY, project, version) for project in ("", "a", "b") for version in ("v1", "v2")}
    assert len(keys) == 4  # a project's key is the same for every version
    with pytest.raises(UsageError, match="lower-case"):
        export_key(KEY, "Not A Name", "v1")


def test_numbers_that_fall_together_are_refused() -> None:
    check_distinct(pa.array([1, 2]).to_numpy())
    with pytest.raises(InputError, match="one number"):
        check_distinct(pa.array([1, 2, 1]).to_numpy())


def test_a_folder_is_there_whole_or_not_at_all(tmp_path) -> None:
    out = tmp_path / "out"
    with pytest.raises(RuntimeError), new_folder(out) as making:
        (making / "half").write_text("half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    out.mkdir()
    with new_folder(out) as making:
        (making / "whole").write_text("whole")
    assert [path.name for path in out.iterdir()] == ["whole"]
    with pytest.raises(InputError, match="already"), new_folder(out):
        pass
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be made"), new_folder(tmp_path / "file" / "out"):
        pass


def test_the_folder_that_one_stands_in_is_written_into(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RuntimeError), new_folder(Path()) as making:
        (making / "half").write_text("half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    (tmp_path / ".part").mkdir()  # of an export that was killed
    with new_folder(Path()) as making:
        (making / "whole").write_text("whole")
    assert Path("whole").read_text() == "whole"
    assert [path.name for path in tmp_path.iterdir()] == ["whole"]
    with pytest.raises(InputError, match="already"), new_folder(Path("/")):
        pass
