"""Pages of the planner."""

from __future__ import annotations

from washhouse.governance.permissions import Action
from washhouse.web.planning.variation import download_indicator, show_indicator, show_indicators
from washhouse.web.shell.pages import MenuItem, Page

PAGES = (
    Page("GET", "/variation", show_indicators, Action.READ_INDICATORS),
    Page("GET", "/variation/{indicator}", show_indicator, Action.READ_INDICATORS),
    Page("GET", "/variation/{indicator}/table.csv", download_indicator, Action.READ_INDICATORS),
)

MENU = (MenuItem("Variation", "/variation", Action.READ_INDICATORS),)
