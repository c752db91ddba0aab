"""What does a view know about the request it answers?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from jinja2 import Environment
from starlette.requests import Request

from washhouse.core.errors import HomeError
from washhouse.desk.accounts import assigned_people, team_people, teams_of_types
from washhouse.desk.emergency_accesses import opened_people
from washhouse.governance.grants import Grant, Role, mint_grant
from washhouse.governance.permissions import Action, may, may_ask
from washhouse.governance.policies import CRISIS_TEAM_TYPES
from washhouse.web.shell.services import Published, Services
from washhouse.web.shell.sessions import RateLimit, Session, SessionStore

if TYPE_CHECKING:
    from washhouse.pipeline.identifying import Identifier
    from washhouse.record.reader import Record
    from washhouse.web.shell.pages import MenuItem


@dataclass(frozen=True)
class Site:
    """What lives as long as the application.

    Attributes:
        services: What the command line handed in.
        templates: Templates of all audiences.
        sessions: Who is signed in.
        sign_ins: How many sign-ins an address may still try.
        questions: How many records somebody may still ask about.
        searches: How many people somebody may still look for.
        menu: Entries of the main menu.
    """

    services: Services
    templates: Environment
    sessions: SessionStore
    sign_ins: RateLimit
    questions: RateLimit
    searches: RateLimit
    menu: tuple[MenuItem, ...]


@dataclass(frozen=True)
class Visit:
    """One request: who asks, what for, and the version that answers.

    Attributes:
        site: The application.
        request: The request.
        session: The visitor's session, None if signed out.
        form: Fields of a submitted form.
        version: The published version, pinned for this request; None before the first run.
        token: The session's cookie value, empty if signed out.
        visitor: The value of the cookie that ties the sign-in form, empty if none was set.
        in_emergency: Whether whose record the visitor has opened in an emergency counts: on pages, never for programs
            nor for what a session asks as one.
    """

    site: Site
    request: Request
    session: Session | None
    form: Mapping[str, str] = field(default_factory=dict, repr=False)
    version: Published | None = None
    token: str = field(default="", repr=False)
    visitor: str = field(default="", repr=False)
    in_emergency: bool = False

    @property
    def services(self) -> Services:
        """What the command line handed in."""
        return self.site.services

    @property
    def path(self) -> str:
        """Path of the request, without its query."""
        return self.request.url.path

    @property
    def address(self) -> str:
        """The visitor's network address."""
        return self.request.client.host if self.request.client else ""

    def query(self, name: str) -> str:
        """One parameter of the address, trimmed and cut to 200 characters; empty if absent."""
        return self.request.query_params.get(name, "").strip()[:200]

    def parameter(self, name: str) -> str:
        """One part of the path."""
        return str(self.request.path_params[name])

    @property
    def user(self) -> Session:
        """The session; pages that everybody may open must look at `session` instead."""
        if self.session is None:
            raise RuntimeError("a page without a session asked who is signed in")
        return self.session

    @property
    def published(self) -> Published:
        """The pinned version.

        Raises:
            HomeError: `nothing-published`.
        """
        if self.version is None:
            raise HomeError("nothing-published", "Nothing is published yet.", "Run `washhouse run` on an inbox first.")
        return self.version

    @property
    def identifier(self) -> Identifier:
        """Who answers for single records.

        Raises:
            HomeError: `identifier-missing`.
        """
        if self.services.identifier is None:
            raise HomeError("identifier-missing", "This service was started without what identifies single records.")
        return self.services.identifier

    @cached_property
    def grant(self) -> Grant:
        """Leave to ask, for this request.

        A clinician's covers the people in their care, and carries whose record they have opened in an emergency; a team
        manager's covers those in the care of the team, a steward's the feeds. A crisis clinician's covers besides
        whoever is referred to their crisis teams, in the version that answers.

        Raises:
            RefusedError: The role may not ask for the session's purpose.
        """
        user = self.user
        persons, emergency = None, None
        if user.role in (Role.CLINICIAN, Role.CRISIS_CLINICIAN):
            persons = assigned_people(self.services.desk, user.worker or user.actor, self.services.today())
            if user.role is Role.CRISIS_CLINICIAN and self.version is not None:
                teams = teams_of_types(self.services.desk, user.actor, CRISIS_TEAM_TYPES)
                persons |= self.version.in_care_of(teams, self.services.today()) if teams else frozenset()
            if self.in_emergency:
                emergency = opened_people(self.services.desk, user.actor, self.services.now())
        elif user.role is Role.TEAM_MANAGER:
            persons = team_people(self.services.desk, user.actor, self.services.today())
        return mint_grant(
            actor=user.actor,
            role=user.role,
            purpose=user.purpose,
            persons=persons,
            now=self.services.now(),
            minutes=5,
            emergency=emergency,
        )

    def may(self, action: Action, person_id: str | None = None) -> bool:
        """Would the visitor's grant allow the action, on a person, or on anybody at all if none is named?"""
        if self.session is None:
            return False
        return may_ask(self.grant, action) if person_id is None else may(self.grant, action, person_id)

    @cached_property
    def record(self) -> Record:
        """The pinned version's record, under the visitor's grant."""
        return self.published.open_record(self.grant)
