"""Pages of the steward."""

from __future__ import annotations

from washhouse.governance.permissions import Action
from washhouse.web.shell.pages import MenuItem, Page
from washhouse.web.steward.feeds import show_batch, show_feeds
from washhouse.web.steward.identify import answer_form, show_form
from washhouse.web.steward.link_answers import show_answers, undo_answer
from washhouse.web.steward.link_changes import handle_change, show_changes
from washhouse.web.steward.link_history import show_history
from washhouse.web.steward.link_pair import answer_pair, show_pair
from washhouse.web.steward.link_queue import show_queue
from washhouse.web.steward.linkage import download_linkage, show_linkage
from washhouse.web.steward.quality import show_check, show_quality
from washhouse.web.steward.quarantine import show_quarantine
from washhouse.web.steward.watch import show_watch

PAGES = (
    Page("GET", "/feeds", show_feeds, Action.READ_FEEDS),
    Page("GET", "/feeds/{source}/{batch}", show_batch, Action.READ_FEEDS),
    Page("GET", "/quality", show_quality, Action.READ_QUALITY),
    Page("GET", "/quality/{check}", show_check, Action.READ_QUALITY),
    Page("GET", "/watch", show_watch, Action.READ_QUALITY),
    Page("GET", "/quarantine", show_quarantine, Action.READ_QUARANTINE),
    Page("GET", "/linkage", show_linkage, Action.READ_LINKAGE),
    Page("GET", "/linkage.json", download_linkage, Action.READ_LINKAGE),
    Page("GET", "/identify", show_form, Action.IDENTIFY),
    Page("POST", "/identify", answer_form, Action.IDENTIFY),
    Page("GET", "/link-history", show_history, Action.VIEW_LINK_HISTORY),
    Page("GET", "/link-review", show_queue, Action.REVIEW_LINKS),
    Page("GET", "/link-review/answers", show_answers, Action.REVIEW_LINKS),
    Page("GET", "/link-review/changes", show_changes, Action.REVIEW_LINKS),
    Page("POST", "/link-review/changes/{change}/handled", handle_change, Action.REVIEW_LINKS),
    Page("GET", "/link-review/{pair}", show_pair, Action.REVEAL_RECORDS),
    Page("POST", "/link-review/{pair}", answer_pair, Action.REVIEW_LINKS),
    Page("POST", "/link-review/{pair}/undo", undo_answer, Action.REVIEW_LINKS),
)

MENU = (
    MenuItem("Feeds", "/feeds", Action.READ_FEEDS),
    MenuItem("Quality", "/quality", Action.READ_QUALITY),
    MenuItem("Watch", "/watch", Action.READ_QUALITY),
    MenuItem("Quarantine", "/quarantine", Action.READ_QUARANTINE),
    MenuItem("Linkage", "/linkage", Action.READ_LINKAGE),
    MenuItem("Link review", "/link-review", Action.REVIEW_LINKS),
    MenuItem("Who is this?", "/identify", Action.IDENTIFY),
    MenuItem("Who was who", "/link-history", Action.VIEW_LINK_HISTORY),
)
