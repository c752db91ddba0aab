"""Who uses the desk, in which teams, and for whom does each co-ordinate care?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from washhouse.core.errors import InputError
from washhouse.desk.database import Desk
from washhouse.desk.models import Assignment, Membership, Team, User

DEMO_STEWARD = "demo-steward"
DEMO_CLINICIAN = "demo-clinician"
DEMO_USERS = (DEMO_CLINICIAN, DEMO_STEWARD)


@dataclass(frozen=True)
class Account:
    """A user and the teams that they belong to.

    Attributes:
        username: The worker's local id, or the name of a demo user.
        role: `clinician` or `steward`.
        display_name: What pages show.
        active: Whether they may sign in.
        origin: `source` where a sending service names the worker, else `demo`.
        teams: Local ids of their teams, sorted.
        team_names: Names of the same teams, in the same order.
    """

    username: str
    role: str
    display_name: str
    active: bool
    origin: str
    teams: tuple[str, ...] = ()
    team_names: tuple[str, ...] = ()


def read_account(desk: Desk, username: str) -> Account | None:
    """Find a user, active or not; None if there is none of that name."""
    with desk.reading() as session:
        user = session.get(User, username)
        return None if user is None else _account(session, user)


def assigned_people(desk: Desk, username: str, today: date) -> frozenset[str]:
    """The people whose care a user co-ordinates on a day."""
    query = select(Assignment.person_id).where(Assignment.username == username, *_current(today))
    with desk.reading() as session:
        return frozenset(session.scalars(query))


def assign_people(desk: Desk, username: str, person_ids: Iterable[str], since: date) -> int:
    """Assign people to a demo user; those already assigned stay as they are. Returns how many were added.

    Raises:
        InputError: `not-a-demo-user`: others' assignments come from the sending services only.
    """
    with desk.writing() as session:
        user = session.get(User, username)
        if user is None or user.origin != "demo":
            raise InputError(
                "not-a-demo-user",
                "People are assigned by hand to demo users only.",
                "Other assignments come from the sending services.",
            )
        held = set(session.scalars(select(Assignment.person_id).where(Assignment.username == username)))
        added = sorted(set(person_ids) - held)
        session.add_all(
            Assignment(username=username, person_id=person, since=since, until=None, origin="demo") for person in added
        )
    return len(added)


def demo_clinician(desk: Desk, today: date) -> Account:
    """Pick who the demonstration's clinician is: the same one every time, for the same desk and day.

    It is the co-ordinator whose caseload has the size of the upper quartile of all caseloads (the first by name
    among equals): a full one, but no outlier. Where no sender names staff it is a user without people of their own.
    """
    size = func.count(Assignment.person_id)
    query = (
        select(Assignment.username, size)
        .join(User, User.username == Assignment.username)
        .where(User.active, User.origin == "source", *_current(today))
        .group_by(Assignment.username)
        .order_by(size, Assignment.username.desc())
    )
    with desk.reading() as session:
        caseloads = session.execute(query).all()
        if caseloads:
            quartile = caseloads[(len(caseloads) - 1) * 3 // 4][1]
            username = min(name for name, people in caseloads if people == quartile)
            return _account(session, session.get_one(User, username))
    return _demo_account(desk, DEMO_CLINICIAN, "clinician", "Demo clinician")


def demo_steward(desk: Desk) -> Account:
    """The demonstration's steward, made if there is none yet."""
    return _demo_account(desk, DEMO_STEWARD, "steward", "Demo steward")


def _demo_account(desk: Desk, username: str, role: str, display_name: str) -> Account:
    found = read_account(desk, username)
    if found is None:
        with desk.writing() as session:
            if session.get(User, username) is None:
                user = User(username=username, role=role, display_name=display_name, active=True, origin="demo")
                session.add(user)
        found = read_account(desk, username)
    if found is None or found.origin != "demo":
        raise InputError("demo-name-taken", "A worker of a sending service has the name of a demo user.")
    return found


def _account(session: Session, user: User) -> Account:
    query = (
        select(Team.team, Team.name)
        .join(Membership, Membership.team == Team.team)
        .where(Membership.username == user.username)
        .order_by(Team.team)
    )
    teams = session.execute(query).all()
    return Account(
        username=user.username,
        role=user.role,
        display_name=user.display_name,
        active=user.active,
        origin=user.origin,
        teams=tuple(team for team, _ in teams),
        team_names=tuple(name for _, name in teams),
    )


def _current(today: date) -> tuple[ColumnElement[bool], ...]:
    return (Assignment.since <= today, or_(Assignment.until.is_(None), Assignment.until > today))
