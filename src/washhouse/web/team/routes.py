"""Pages of who manages a team."""

from __future__ import annotations

from washhouse.governance.permissions import Action
from washhouse.web.shell.pages import MenuItem, Page
from washhouse.web.team.allocation import allocate, show_allocation
from washhouse.web.team.outcomes import show_outcomes
from washhouse.web.team.supervision import begin_session, note_person, show_agenda, show_session
from washhouse.web.team.workload import show_workload

PAGES = (
    Page("GET", "/team", show_workload, Action.READ_WORKLOAD),
    Page("GET", "/team/outcomes", show_outcomes, Action.READ_WORKLOAD),
    Page("GET", "/team/supervision/{worker}", show_agenda, Action.SUPERVISE),
    Page("POST", "/team/supervision/{worker}", begin_session, Action.SUPERVISE),
    Page("GET", "/team/supervision/{worker}/{session_id}", show_session, Action.SUPERVISE),
    Page("POST", "/team/supervision/{worker}/{session_id}/people/{person_id}", note_person, Action.SUPERVISE),
    Page("GET", "/team/allocation/{person_id}", show_allocation, Action.ALLOCATE),
    Page("POST", "/team/allocation/{person_id}", allocate, Action.ALLOCATE),
)

MENU = (MenuItem("Team", "/team", Action.READ_WORKLOAD),)
