"""Which users, teams and assignments do the sending services name? Copied to the desk, never typed in.

The desk is brought to what the tables say: new workers and teams are added, those that vanish are deactivated
(reviews and audit rows keep naming them), memberships and assignments become exactly the current ones.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

import pyarrow as pa
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from washhouse.core.errors import InputError
from washhouse.desk.accounts import DEMO_USERS
from washhouse.desk.database import Desk
from washhouse.desk.models import Assignment, Base, Membership, Team, User
from washhouse.desk.team_types import is_team_type, team_name

STAFF_COLUMNS = ("worker",)
TEAM_COLUMNS = ("team", "team_type")
ASSIGNMENT_COLUMNS = ("person_id", "team", "worker", "since", "until")

_USERNAME = re.compile(r"[A-Za-z0-9][^\s\x00-\x1f\x7f]{0,63}")
_Key = TypeVar("_Key", bound=Hashable)


@dataclass(frozen=True)
class DirectorySync:
    """What a copy of the directory came to.

    Attributes:
        users: Active workers.
        teams: Active teams.
        memberships: Users in teams.
        assignments: Current people of co-ordinators.
        changes: Rows of the desk that were added, changed or removed; 0 the second time.
        refused: Workers whose local id cannot be a username (over 64 characters, with spaces, or a demo user's).
    """

    users: int
    teams: int
    memberships: int
    assignments: int
    changes: int
    refused: int


def sync_directory(
    desk: Desk, staff: pa.Table, teams: pa.Table, assignments: pa.Table, *, today: date
) -> DirectorySync:
    """Bring users, teams, memberships and assignments to what the sending services say.

    Args:
        desk: The open desk.
        staff: One row per worker: `worker` (local id).
        teams: One row per team: `team` (local id), `team_type` (`ServTeamTypeMH` or null).
        assignments: Rows of `record.care_relation`: `person_id, team, worker, since, until`.
        today: The day on which an assignment is current, from `since` (included) to `until` (excluded).

    Returns:
        What there is now, and how many rows changed.

    Raises:
        InputError: `directory-columns`: a table lacks a column.
    """
    workers = {row["worker"] for row in _rows(staff, STAFF_COLUMNS)}
    types: dict[str, str | None] = {
        row["team"]: row["team_type"] if is_team_type(row["team_type"]) else None
        for row in _rows(teams, TEAM_COLUMNS)
        if row["team"]
    }
    current = [
        row
        for row in _rows(assignments, ASSIGNMENT_COLUMNS)
        if row["since"] <= today and (row["until"] is None or row["until"] > today)
    ]
    people: dict[tuple[str, str], dict[str, Any]] = {}
    for row in sorted(current, key=lambda row: row["since"]):
        if row["worker"]:
            kept = {"since": row["since"], "until": row["until"], "origin": "source"}
            people.setdefault((row["worker"], row["person_id"]), kept)
    workers |= {worker for worker, _ in people}
    usable = {worker for worker in workers if worker and _USERNAME.fullmatch(worker) and worker not in DEMO_USERS}
    people = {key: value for key, value in people.items() if key[0] in usable}
    members = {pair for pair in _memberships(current) if pair[0] in usable}
    types |= {team: None for _, team in members if team not in types}
    coordinators = {worker for worker, _ in people}
    with desk.writing() as session:
        changes = _sync_users(session, {worker: _display_name(worker, worker in coordinators) for worker in usable})
        changes += _sync_teams(session, types)
        lent = _demo_memberships(session)
        changes += _sync_rows(session, Membership, ("username", "team"), {pair: {} for pair in members | lent}, {})
        changes += _sync_rows(session, Assignment, ("username", "person_id"), people, {"origin": "source"})
    return DirectorySync(
        users=len(usable),
        teams=len(types),
        memberships=len(members),
        assignments=len(people),
        changes=changes,
        refused=len({worker for worker in workers if worker} - usable),
    )


def _rows(table: pa.Table, columns: tuple[str, ...]) -> Iterable[dict[str, Any]]:
    missing = [name for name in columns if name not in table.column_names]
    if missing:
        raise InputError("directory-columns", f"A table of the directory lacks the columns {', '.join(missing)}.")
    return (row for batch in table.select(list(columns)).to_batches(max_chunksize=65_536) for row in batch.to_pylist())


def _display_name(worker: str, coordinates: bool) -> str:
    return f"{'Care co-ordinator' if coordinates else 'Clinician'} {worker}"


def _memberships(current: Iterable[Mapping[str, Any]]) -> set[tuple[str, str]]:
    """Whose worker is in which team?

    A row that names both says so. Where no row of a worker does, the worker belongs to the team that most of
    their people are with (the first by id among equals), because the national set does not say it at all.
    """
    stated: set[tuple[str, str]] = set()
    people: defaultdict[str, set[str]] = defaultdict(set)
    teams: defaultdict[str, set[str]] = defaultdict(set)
    for row in current:
        if row["worker"] and row["team"]:
            stated.add((row["worker"], row["team"]))
        elif row["worker"]:
            people[row["worker"]].add(row["person_id"])
        elif row["team"]:
            teams[row["person_id"]].add(row["team"])
    settled = {worker for worker, _ in stated}
    for worker in people.keys() - settled:
        count = Counter(team for person in people[worker] for team in teams.get(person, ()))
        if count:
            stated.add((worker, min(count, key=lambda team: (-count[team], team))))
    return stated


def _demo_memberships(session: Session) -> set[tuple[str, str]]:
    """Teams of a demonstration's users, which no sender names."""
    query = select(Membership.username, Membership.team).join(User, User.username == Membership.username)
    return {(row.username, row.team) for row in session.execute(query.where(User.origin == "demo"))}


def _sync_users(session: Session, names: Mapping[str, str]) -> int:
    wanted = {name: {"display_name": shown, "role": "clinician", "active": True} for name, shown in names.items()}
    columns = (User.username, User.display_name, User.role, User.active)
    rows = session.execute(select(*columns).where(User.origin == "source"))
    held = {row.username: {"display_name": row.display_name, "role": row.role, "active": row.active} for row in rows}
    return _upsert(session, User, "username", held, wanted, {"origin": "source"})


def _sync_teams(session: Session, types: Mapping[str, str | None]) -> int:
    wanted = {team: {"team_type": kind, "name": team_name(team, kind), "active": True} for team, kind in types.items()}
    rows = session.execute(select(Team.team, Team.team_type, Team.name, Team.active))
    held = {row.team: {"team_type": row.team_type, "name": row.name, "active": row.active} for row in rows}
    return _upsert(session, Team, "team", held, wanted, {})


def _upsert(
    session: Session,
    model: type[Base],
    key: str,
    held: Mapping[str, dict[str, Any]],
    wanted: Mapping[str, dict[str, Any]],
    fixed: Mapping[str, Any],
) -> int:
    """Add what is new, change what differs, deactivate what vanished."""
    added = [{key: name, **wanted[name], **fixed} for name in sorted(wanted.keys() - held.keys())]
    changed = [{key: name, **wanted[name]} for name in sorted(wanted) if name in held and held[name] != wanted[name]]
    changed += [{key: name, "active": False} for name in sorted(held.keys() - wanted.keys()) if held[name]["active"]]
    if added:
        session.execute(insert(model), added)
    for row in changed:
        session.execute(update(model).where(getattr(model, key) == row[key]).values(row))
    return len(added) + len(changed)


def _sync_rows(
    session: Session,
    model: type[Base],
    key: tuple[str, str],
    wanted: Mapping[tuple[str, str], dict[str, Any]],
    fixed: Mapping[str, Any],
) -> int:
    """Make the rows of a table (those with the `fixed` values) exactly the wanted ones."""
    left, right = (getattr(model, name) for name in key)
    rest = [name for name in model.__table__.columns.keys() if name not in key]  # noqa: SIM118
    scope = [getattr(model, name) == value for name, value in fixed.items()]
    rows = session.execute(select(left, right, *(getattr(model, name) for name in rest)).where(*scope))
    held = {(row[0], row[1]): dict(zip(rest, row[2:], strict=True)) for row in rows}
    gone = [pair for pair in held if held[pair] != wanted.get(pair)]
    fresh = [pair for pair in wanted if held.get(pair) != wanted[pair]]
    for pair in gone:
        session.execute(delete(model).where(left == pair[0], right == pair[1], *scope))
    if fresh:
        session.execute(insert(model), [{key[0]: a, key[1]: b, **wanted[a, b]} for a, b in sorted(fresh)])
    return len(gone) + len(fresh)
