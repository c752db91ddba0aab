"""Pages of the steward."""

from __future__ import annotations

from washhouse.governance.permissions import Action
from washhouse.web.shell.pages import MenuItem, Page
from washhouse.web.steward.feeds import show_batch, show_feeds
from washhouse.web.steward.linkage import show_linkage
from washhouse.web.steward.quarantine import show_quarantine

PAGES = (
    Page("GET", "/feeds", show_feeds, Action.READ_FEEDS),
    Page("GET", "/feeds/{source}/{batch}", show_batch, Action.READ_FEEDS),
    Page("GET", "/quarantine", show_quarantine, Action.READ_QUARANTINE),
    Page("GET", "/linkage", show_linkage, Action.READ_LINKAGE),
)

MENU = (
    MenuItem("Feeds", "/feeds", Action.READ_FEEDS),
    MenuItem("Quarantine", "/quarantine", Action.READ_QUARANTINE),
    MenuItem("Linkage", "/linkage", Action.READ_LINKAGE),
)
