"""Pages of who manages a team."""

from __future__ import annotations

from washhouse.governance.permissions import Action
from washhouse.web.shell.pages import MenuItem, Page
from washhouse.web.team.workload import show_workload

PAGES = (Page("GET", "/team", show_workload, Action.READ_WORKLOAD),)

MENU = (MenuItem("Team", "/team", Action.READ_WORKLOAD),)
