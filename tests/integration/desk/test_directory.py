"""The directory on both engines: users, teams and assignments become what the sending services say."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest

from washhouse.core.errors import InputError
from washhouse.desk.accounts import (
    DEMO_CLINICIAN,
    DEMO_STEWARD,
    assign_people,
    assigned_people,
    demo_clinician,
    demo_manager,
    demo_steward,
    end_demo,
    ensure_demo_users,
    read_account,
    team_people,
    team_workers,
)
from washhouse.desk.database import Desk
from washhouse.desk.directory import DirectorySync, sync_directory

TODAY = date(2026, 7, 1)
JUNE = date(2026, 6, 1)

CARE = pa.schema(
    {"person_id": pa.string(), "team": pa.string(), "worker": pa.string(), "since": pa.date32(), "until": pa.date32()}
)


def staff(*workers: str | None) -> pa.Table:
    return pa.table({"worker": pa.array(workers, pa.string())})


def teams(**types: str | None) -> pa.Table:
    return pa.table({"team": pa.array(types.keys(), pa.string()), "team_type": pa.array(types.values(), pa.string())})


def care(*rows: tuple[str, str | None, str | None, date, date | None]) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(CARE.names, row, strict=True)) for row in rows], schema=CARE)


def sync(desk: Desk, *rows: tuple[str, str | None, str | None, date, date | None]) -> DirectorySync:
    return sync_directory(desk, staff("CP1", "CP2", "CP3"), teams(T1="A06", T2="A02"), care(*rows), today=TODAY)


ROWS = (
    ("p1", "T1", "CP1", JUNE, None),
    ("p2", "T1", "CP1", JUNE, date(2026, 7, 2)),
    ("p3", "T1", "CP1", JUNE, TODAY),
    ("p4", "T1", "CP1", date(2026, 7, 2), None),
    ("p5", None, "CP2", JUNE, None),
    ("p5", "T2", None, JUNE, None),
    ("p6", None, "CP2", JUNE, None),
    ("p6", "T1", None, JUNE, None),
    ("p7", None, "CP2", JUNE, None),
    ("p7", "T2", None, JUNE, None),
)


def test_the_directory_is_copied(desk: Desk) -> None:
    found = sync(desk, *ROWS)
    assert found == DirectorySync(users=3, teams=2, memberships=2, assignments=5, changes=12, refused=0)
    first = read_account(desk, "CP1")
    assert first is not None
    assert (first.role, first.display_name, first.active, first.origin) == (
        "clinician", "Care co-ordinator CP1", True, "source",
    )  # fmt: skip
    assert first.teams == ("T1",)
    assert first.team_names == ("Community mental health, functional (T1)",)
    third = read_account(desk, "CP3")
    assert third is not None and (third.display_name, third.teams) == ("Clinician CP3", ())


def test_a_span_starts_on_its_first_day_and_ends_before_its_last(desk: Desk) -> None:
    sync(desk, *ROWS)
    assert assigned_people(desk, "CP1", TODAY) == {"p1", "p2"}
    assert assigned_people(desk, "CP1", date(2026, 7, 2)) == {"p1"}
    assert assigned_people(desk, "CP9", TODAY) == frozenset()


def test_a_worker_without_a_stated_team_is_where_most_of_their_people_are(desk: Desk) -> None:
    sync(desk, *ROWS)
    second = read_account(desk, "CP2")
    assert second is not None and second.teams == ("T2",)


def test_a_second_copy_changes_nothing(desk: Desk) -> None:
    sync(desk, *ROWS)
    assert sync(desk, *reversed(ROWS)).changes == 0


def test_who_vanishes_is_deactivated_and_comes_back(desk: Desk) -> None:
    sync(desk, *ROWS)
    gone = sync_directory(desk, staff("CP2"), teams(T2="A02"), care(*ROWS[5:]), today=TODAY)
    assert (gone.users, gone.teams) == (1, 2), "a team that only an assignment names is a team all the same"
    first = read_account(desk, "CP1")
    assert first is not None and not first.active and first.teams == ()
    assert assigned_people(desk, "CP1", TODAY) == frozenset()
    sync(desk, *ROWS)
    back = read_account(desk, "CP1")
    assert back is not None and back.active


def test_a_changed_assignment_moves(desk: Desk) -> None:
    sync(desk, *ROWS)
    moved = [("p1", "T2", "CP2", JUNE, None), *ROWS[1:]]
    assert sync(desk, *moved).changes > 0
    assert "p1" in assigned_people(desk, "CP2", TODAY)
    assert "p1" not in assigned_people(desk, "CP1", TODAY)


def test_local_ids_that_cannot_be_usernames_are_counted(desk: Desk) -> None:
    workers = staff("CP 4", "x" * 65, DEMO_CLINICIAN, None, "", "CP1")
    found = sync_directory(desk, workers, teams(), care(("p1", None, "CP 4", JUNE, None)), today=TODAY)
    assert (found.users, found.refused, found.assignments) == (1, 3, 0)


def test_a_team_type_that_is_none_is_not_shown(desk: Desk) -> None:
    sync_directory(desk, staff("CP1"), teams(T1="Smith"), care(*ROWS[:1]), today=TODAY)
    first = read_account(desk, "CP1")
    assert first is not None and first.team_names == ("Team (T1)",)


def test_a_table_without_its_columns_is_refused(desk: Desk) -> None:
    with pytest.raises(InputError) as caught:
        sync_directory(desk, pa.table({"id": ["x"]}), teams(), care(), today=TODAY)
    assert caught.value.code == "directory-columns"


def test_the_demo_clinician_has_a_full_caseload_and_is_always_the_same(desk: Desk) -> None:
    sizes = {"CP1": 2, "CP2": 9, "CP3": 9, "CP4": 8, "CP5": 40}
    rows = [(f"{worker}-{n}", None, worker, JUNE, None) for worker, size in sizes.items() for n in range(size)]
    sync_directory(desk, staff(*sizes), teams(), care(*rows), today=TODAY)
    picked = demo_clinician(desk, TODAY)
    assert (picked.username, picked.origin) == ("CP2", "source")
    assert demo_clinician(desk, TODAY) == picked


def test_without_staff_the_demo_clinician_is_assigned_people_by_hand(desk: Desk) -> None:
    picked = demo_clinician(desk, TODAY)
    assert (picked.username, picked.role, picked.origin) == (DEMO_CLINICIAN, "clinician", "demo")
    assert assign_people(desk, picked.username, ["p1", "p2", "p1"], TODAY) == 2
    assert assign_people(desk, picked.username, ["p2", "p3"], TODAY) == 1
    assert assigned_people(desk, picked.username, TODAY) == {"p1", "p2", "p3"}
    assert demo_clinician(desk, TODAY) == picked


def test_a_copy_of_the_directory_leaves_demo_users_alone(desk: Desk) -> None:
    steward = demo_steward(desk)
    demo = demo_clinician(desk, TODAY)
    assign_people(desk, demo.username, ["p1"], TODAY)
    sync(desk, *ROWS)
    assert demo_steward(desk) == steward and steward.role == "steward"
    assert assigned_people(desk, demo.username, TODAY) == {"p1"}


def test_a_team_manager_has_the_people_of_the_team_s_workers(desk: Desk) -> None:
    sync(desk, *ROWS)
    manager = demo_manager(desk, TODAY)
    assert (manager.role, manager.teams) == ("team-manager", ("T2",)), "the team of the demonstration's clinician"
    assert team_workers(desk, manager.username) == {"CP2": "Care co-ordinator CP2"}
    assert team_people(desk, manager.username, TODAY) == {"p5", "p6", "p7"}
    sync(desk, *ROWS)
    assert demo_manager(desk, TODAY) == manager, "a copy of the directory leaves the team to them"
    end_demo(desk)
    assert team_people(desk, manager.username, TODAY) == frozenset()


def test_people_are_lent_to_clinicians_only(desk: Desk) -> None:
    for username in (demo_steward(desk).username, "CP9"):
        with pytest.raises(InputError) as caught:
            assign_people(desk, username, ["p9"], TODAY)
        assert caught.value.code == "not-a-clinician"


def test_imported_people_are_lent_until_the_demonstration_ends(desk: Desk) -> None:
    sync(desk, *ROWS)
    clinician, steward = ensure_demo_users(desk, TODAY, imported=["p1", "m1", "m2"])
    assert (clinician.username, steward.username) == ("CP2", DEMO_STEWARD)
    assert assigned_people(desk, "CP2", TODAY) == {"p1", "p5", "p6", "p7", "m1", "m2"}
    moved = [("p1", "T2", "CP2", JUNE, None), *ROWS[1:]]
    sync(desk, *moved)
    assert ensure_demo_users(desk, TODAY, imported=["m1", "m2"])[0].username == "CP2"
    end_demo(desk)
    assert assigned_people(desk, "CP2", TODAY) == {"p1", "p5", "p6", "p7"}
    closed = read_account(desk, DEMO_STEWARD)
    assert closed is not None and not closed.active
    assert demo_steward(desk).active
