"""Who are you? The demonstration's sign-in; without the demonstration, a page that says none is configured."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from washhouse.desk.accounts import (
    Account,
    demo_clinician,
    demo_crisis_clinician,
    demo_manager,
    demo_planner,
    demo_researcher,
    demo_steward,
)
from washhouse.governance.audit import AuditEvent
from washhouse.governance.grants import Purpose, Role
from washhouse.governance.policies import CRISIS_TEAM_TYPES
from washhouse.web.shell.cookies import end_session, offer_form_token, start_session
from washhouse.web.shell.errors import TOO_MANY, WRONG_FORM, Problem, show_problem
from washhouse.web.shell.respond import local_path, redirect, render
from washhouse.web.shell.sessions import same_token, sign_in_token
from washhouse.web.shell.visit import Visit

NO_SIGN_IN = Problem(
    503,
    "No sign-in is configured yet",
    "This service has no way to check who you are, so it shows nothing to anybody.",
    "To look at the invented city, start it with `washhouse serve --demo`. "
    "A real deployment needs its organisation's sign-in.",
)

PURPOSES = {
    Role.CLINICIAN: Purpose.DIRECT_CARE,
    Role.CRISIS_CLINICIAN: Purpose.DIRECT_CARE,
    Role.TEAM_MANAGER: Purpose.SUPERVISION,
    Role.STEWARD: Purpose.STEWARDSHIP,
    Role.PLANNER: Purpose.PLANNING,
    Role.RESEARCHER: Purpose.RESEARCH,
}
"""The purpose that a session declares, by role."""

WORDS = {
    Role.CLINICIAN: "Sees the people in their own care: the caseload, each person's timeline, and reviews.",
    Role.CRISIS_CLINICIAN: "Sees whoever is referred to a crisis team, and finds whoever presents by what they say.",
    Role.TEAM_MANAGER: "Sees the people of a team's workers: who has how much, what lies undone, supervision.",
    Role.STEWARD: "Sees how the data arrives: feeds, lines set aside and linkage figures. No person.",
    Role.PLANNER: "Sees how care differs between practices, as figures that can tell of nobody. No person.",
    Role.RESEARCHER: "Sees how many people a study could have, step by step. No person, and never rows.",
}
TITLES = {
    Role.TEAM_MANAGER: "team manager",
    Role.STEWARD: "data steward",
    Role.PLANNER: "planner",
    Role.RESEARCHER: "researcher",
}


@dataclass(frozen=True)
class Choice:
    """One demonstration user on the sign-in page."""

    username: str
    name: str
    role: str
    title: str
    words: str


def show_sign_in(visit: Visit) -> Response:
    """Offer the demonstration's users."""
    if not visit.services.demo:
        return show_problem(visit, NO_SIGN_IN)
    if visit.session is not None:
        return redirect("/")
    visitor, token = offer_form_token(visit)
    response = render(
        visit,
        "shell/sign_in.html",
        choices=[_choice(account) for account in _accounts(visit)],
        token=token,
        next=local_path(visit.query("next")),
        reason=visit.query("reason"),
    )
    return visitor.attach(response)


def sign_in(visit: Visit) -> Response:
    """Begin a session for the chosen user."""
    services = visit.services
    if not services.demo:
        return show_problem(visit, NO_SIGN_IN)
    if not visit.site.sign_ins.allow(visit.address, services.now()):
        return show_problem(visit, TOO_MANY)
    if not same_token(visit.form.get("csrf", ""), sign_in_token(services.session_secret, visit.visitor)):
        return show_problem(visit, WRONG_FORM)
    chosen = [account for account in _accounts(visit) if account.username == visit.form.get("user")]
    if not chosen:
        return redirect("/sign-in")
    account, role = chosen[0], Role(chosen[0].role)
    purpose = PURPOSES[role]
    services.audit.record([AuditEvent(services.now(), account.username, role, purpose, "sign-in")])
    if visit.token:
        visit.site.sessions.end(visit.token)
    token = visit.site.sessions.start(
        actor=account.username,
        name=account.display_name,
        title=account_title(account),
        role=role,
        purpose=purpose,
        now=services.now(),
    )
    return start_session(visit, redirect(local_path(visit.form.get("next", "/"))), token)


def sign_out(visit: Visit) -> Response:
    """End the session, here and in the browser."""
    user = visit.user
    visit.site.sessions.end(visit.token)
    visit.services.audit.record([AuditEvent(visit.services.now(), user.actor, user.role, user.purpose, "sign-out")])
    return end_session(visit, redirect("/sign-in", reason="signed-out"))


def account_title(account: Account) -> str:
    """What a user does, in words."""
    if account.role in TITLES:
        return TITLES[Role(account.role)]
    return ", ".join(account.team_names) or "clinician"


def _accounts(visit: Visit) -> list[Account]:
    services = visit.services
    if services.demo_users:
        return list(services.demo_users)
    desk = services.desk
    today = services.today()
    care = [demo_clinician(desk, today), demo_crisis_clinician(desk, CRISIS_TEAM_TYPES), demo_manager(desk, today)]
    return [*care, demo_steward(desk), demo_planner(desk), demo_researcher(desk)]


def _choice(account: Account) -> Choice:
    role = Role(account.role)
    return Choice(account.username, account.display_name, role, account_title(account), WORDS[role])
