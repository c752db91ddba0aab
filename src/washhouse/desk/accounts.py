"""Who uses the desk, in which teams, and for whom does each co-ordinate care?"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.orm import Session

from washhouse.core.errors import InputError
from washhouse.desk.database import Desk
from washhouse.desk.models import Assignment, Membership, Team, User

DEMO_STEWARD = "demo-steward"
DEMO_MANAGER = "demo-team-manager"
DEMO_CLINICIAN = "demo-clinician"
DEMO_CRISIS = "demo-crisis-clinician"
DEMO_PLANNER = "demo-planner"
DEMO_RESEARCHER = "demo-researcher"
DEMO_USERS = (DEMO_CLINICIAN, DEMO_CRISIS, DEMO_MANAGER, DEMO_STEWARD, DEMO_PLANNER, DEMO_RESEARCHER)

_WORKERS = ("clinician", "crisis-clinician")


@dataclass(frozen=True)
class Account:
    """A user and the teams that they belong to.

    Attributes:
        username: The worker's local id, or the name of a demo user.
        role: `clinician`, `crisis-clinician`, `team-manager`, `steward`, `planner` or `researcher`.
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


def staff_names(desk: Desk, usernames: Collection[str]) -> dict[str, str]:
    """Names that pages show for workers, by their local id; who is not on the desk is left out."""
    query = select(User.username, User.display_name).where(User.username.in_(usernames))
    with desk.reading() as session:
        return {row.username: row.display_name for row in session.execute(query)}


def team_names(desk: Desk, teams: Collection[str]) -> dict[str, str]:
    """Names of teams, by their local id; what is not on the desk is left out."""
    query = select(Team.team, Team.name).where(Team.team.in_(teams))
    with desk.reading() as session:
        return {row.team: row.name for row in session.execute(query)}


def assigned_people(desk: Desk, username: str, today: date) -> frozenset[str]:
    """The people whose care a user co-ordinates on a day."""
    query = select(Assignment.person_id).where(Assignment.username == username, *_current(today))
    with desk.reading() as session:
        return frozenset(session.scalars(query))


def team_workers(desk: Desk, username: str) -> dict[str, str]:
    """Who else works in a user's teams now: the name of each active clinician, of crisis teams too, by local id."""
    own = select(Membership.team).where(Membership.username == username)
    query = (
        select(User.username, User.display_name)
        .join(Membership, Membership.username == User.username)
        .where(Membership.team.in_(own), User.active, User.role.in_(_WORKERS), User.username != username)
        .order_by(User.username)
    )
    with desk.reading() as session:
        return {row.username: row.display_name for row in session.execute(query)}


def assigned_to(desk: Desk, usernames: Collection[str], today: date) -> dict[str, frozenset[str]]:
    """The people whose care each of some users co-ordinates on a day; nobody is one as well."""
    query = select(Assignment.username, Assignment.person_id).where(Assignment.username.in_(usernames))
    found: dict[str, set[str]] = {name: set() for name in usernames}
    with desk.reading() as session:
        for row in session.execute(query.where(*_current(today))):
            found[row.username].add(row.person_id)
    return {name: frozenset(people) for name, people in found.items()}


def teams_of_types(desk: Desk, username: str, team_types: Collection[str]) -> frozenset[str]:
    """A user's teams that are of some types (`ServTeamTypeMH`) now, by local id."""
    query = (
        select(Team.team)
        .join(Membership, Membership.team == Team.team)
        .where(Membership.username == username, Team.active, Team.team_type.in_(team_types))
    )
    with desk.reading() as session:
        return frozenset(session.scalars(query))


def team_people(desk: Desk, username: str, today: date) -> frozenset[str]:
    """The people whose care the workers of a user's teams co-ordinate on a day."""
    by_worker = assigned_to(desk, list(team_workers(desk, username)), today)
    return frozenset().union(*by_worker.values())


def assign_people(desk: Desk, username: str, person_ids: Iterable[str], since: date) -> int:
    """Lend people to a clinician for a demonstration, until `end_demo`. Returns how many were added.

    Raises:
        InputError: `not-a-clinician`: there is no clinician of that name.
    """
    with desk.writing() as session:
        user = session.get(User, username)
        if user is None or user.role != "clinician":
            raise InputError("not-a-clinician", "People are lent to clinicians only.", "Name a clinician.")
        lent = select(Assignment.person_id).where(Assignment.username == username, Assignment.origin == "demo")
        added = sorted(set(person_ids) - set(session.scalars(lent)))
        session.add_all(
            Assignment(username=username, person_id=person, origin="demo", since=since, until=None) for person in added
        )
    return len(added)


def ensure_demo_users(desk: Desk, today: date, imported: Iterable[str] = ()) -> tuple[Account, Account]:
    """Make ready the demonstration's clinician and steward; imported people are lent to the clinician."""
    clinician, steward = demo_clinician(desk, today), demo_steward(desk)
    assign_people(desk, clinician.username, imported, today)
    return clinician, steward


def end_demo(desk: Desk) -> None:
    """Take back the people lent for a demonstration and close its users' accounts; without one, nothing happens."""
    with desk.writing() as session:
        session.execute(delete(Assignment).where(Assignment.origin == "demo"))
        demo = select(User.username).where(User.origin == "demo")
        session.execute(delete(Membership).where(Membership.username.in_(demo)))
        session.execute(update(User).where(User.origin == "demo").values(active=False))


def demo_clinician(desk: Desk, today: date) -> Account:
    """Pick who the demonstration's clinician is: the same one every time, for the same desk and day.

    It is the co-ordinator whose caseload has the size of the upper quartile of all caseloads (the first by name
    among equals): a full one, but no outlier. Where no sender names staff it is a user without people of their own.
    """
    size = func.count(Assignment.person_id)
    query = (
        select(Assignment.username, size)
        .join(User, User.username == Assignment.username)
        .where(User.active, User.origin == "source", Assignment.origin == "source", *_current(today))
        .group_by(Assignment.username)
        .order_by(size, Assignment.username.desc())
    )
    with desk.reading() as session:
        caseloads = session.execute(query).all()
        if caseloads:
            quartile = caseloads[len(caseloads) * 3 // 4][1]
            username = min(name for name, people in caseloads if people == quartile)
            return _account(session, session.get_one(User, username))
    return _demo_account(desk, DEMO_CLINICIAN, "clinician", "Demo clinician")


def demo_steward(desk: Desk) -> Account:
    """The demonstration's steward, made if there is none yet."""
    return _demo_account(desk, DEMO_STEWARD, "steward", "Demo steward")


def demo_manager(desk: Desk, today: date) -> Account:
    """The demonstration's team manager, made if there is none yet: of the teams of its clinician."""
    manager = _demo_account(desk, DEMO_MANAGER, "team-manager", "Demo team manager")
    return _lend_teams(desk, manager, demo_clinician(desk, today).teams)


def demo_crisis_clinician(desk: Desk, team_types: Collection[str]) -> Account:
    """The demonstration's crisis clinician, made if there is none yet: of every team of the given types."""
    query = select(Team.team).where(Team.active, Team.team_type.in_(team_types)).order_by(Team.team)
    with desk.reading() as session:
        teams = tuple(session.scalars(query))
    return _lend_teams(desk, _demo_account(desk, DEMO_CRISIS, "crisis-clinician", "Demo crisis clinician"), teams)


def demo_planner(desk: Desk) -> Account:
    """The demonstration's planner, made if there is none yet."""
    return _demo_account(desk, DEMO_PLANNER, "planner", "Demo planner")


def demo_researcher(desk: Desk) -> Account:
    """The demonstration's researcher, made if there is none yet."""
    return _demo_account(desk, DEMO_RESEARCHER, "researcher", "Demo researcher")


def _demo_account(desk: Desk, username: str, role: str, display_name: str) -> Account:
    found = read_account(desk, username)
    if found is not None and found.active:
        return found
    with desk.writing() as session:
        session.merge(User(username=username, role=role, display_name=display_name, active=True, origin="demo"))
    return Account(username, role, display_name, active=True, origin="demo")


def _lend_teams(desk: Desk, account: Account, teams: tuple[str, ...]) -> Account:
    """Make a demonstration's user a member of exactly some teams."""
    if account.teams != teams:
        with desk.writing() as session:
            session.execute(delete(Membership).where(Membership.username == account.username))
            session.add_all(Membership(username=account.username, team=team) for team in teams)
    with desk.reading() as session:
        return _account(session, session.get_one(User, account.username))


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
