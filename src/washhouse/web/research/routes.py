"""Pages of the researcher."""

from __future__ import annotations

from washhouse.governance.permissions import Action
from washhouse.web.research.cohorts import show_cohort, show_cohorts
from washhouse.web.shell.pages import MenuItem, Page

PAGES = (
    Page("GET", "/cohorts", show_cohorts, Action.READ_COHORTS),
    Page("GET", "/cohorts/{cohort}", show_cohort, Action.READ_COHORTS),
)

MENU = (MenuItem("Cohorts", "/cohorts", Action.READ_COHORTS),)
