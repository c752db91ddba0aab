"""Which home page does a role see?"""

from __future__ import annotations

from starlette.responses import Response

from washhouse.governance.grants import Role
from washhouse.web.care.home import show_care_home
from washhouse.web.planning.variation import show_indicators
from washhouse.web.research.cohorts import show_cohorts
from washhouse.web.shell.pages import View
from washhouse.web.shell.visit import Visit
from washhouse.web.steward.home import show_steward_home
from washhouse.web.team.workload import show_workload

HOMES: dict[Role, View] = {
    Role.CLINICIAN: show_care_home,
    Role.CRISIS_CLINICIAN: show_care_home,
    Role.TEAM_MANAGER: show_workload,
    Role.STEWARD: show_steward_home,
    Role.PLANNER: show_indicators,
    Role.RESEARCHER: show_cohorts,
}


def show_home(visit: Visit) -> Response:
    """Show the home page of the visitor's role."""
    return HOMES[visit.user.role](visit)
