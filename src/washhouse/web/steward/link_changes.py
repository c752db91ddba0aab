"""Whose records went to several people at a run, so that what the desk keeps of them needs a look?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from starlette.exceptions import HTTPException
from starlette.responses import Response

from washhouse.desk.person_changes import PersonChange, handle_person_change, list_person_changes
from washhouse.desk.reviews import list_reviews
from washhouse.governance.permissions import Action
from washhouse.web.shell.paging import build_pager
from washhouse.web.shell.respond import redirect, render
from washhouse.web.shell.visit import Visit

CHANGES_A_PAGE = 25
KINDS = {"un-merge": "Taken apart by a steward", "split": "Came apart by new data"}


@dataclass(frozen=True)
class ChangeLine:
    """One change as shown; people are counted, not named."""

    id: int
    at: datetime
    version: str
    kind: str
    people: int
    reviews: int
    authors: str
    handled_at: datetime | None
    handled_by: str


def show_changes(visit: Visit) -> Response:
    """List people who came apart, those with reviews first."""
    visit.services.audit.authorise(visit.grant, Action.REVIEW_LINKS, detail={"page": "changes"})
    everything = visit.query("show") == "all"
    changes = list_person_changes(visit.services.desk, include_handled=everything)
    pager = build_pager(visit, len(changes), CHANGES_A_PAGE)
    return render(
        visit,
        "steward/link_changes.html",
        lines=[build_line(visit, change) for change in changes[pager.first : pager.last]],
        pager=pager,
        everything=everything,
        done="Marked as dealt with." if visit.query("done") else "",
    )


def build_line(visit: Visit, change: PersonChange) -> ChangeLine:
    """Put a change into words; of reviews only who wrote them is said."""
    authors: list[str] = []
    if change.reviews:
        reviews = list_reviews(visit.services.desk, person_ids=[change.person_before])
        authors = sorted({review.display_name for review in reviews})
    return ChangeLine(
        id=change.id,
        at=change.at,
        version=change.version,
        kind=KINDS.get(change.kind, change.kind),
        people=len(change.persons_after),
        reviews=change.reviews,
        authors=", ".join(authors),
        handled_at=change.handled_at,
        handled_by=change.handled_by or "",
    )


def handle_change(visit: Visit) -> Response:
    """Note that a steward has dealt with a change."""
    visit.services.audit.authorise(visit.grant, Action.REVIEW_LINKS, detail={"step": "handled"})
    given = visit.parameter("change")
    waiting = {change.id for change in list_person_changes(visit.services.desk, include_handled=True)}
    if not given.isdecimal() or int(given) not in waiting:
        raise HTTPException(404)
    handle_person_change(visit.services.desk, int(given), user=visit.user.actor, at=visit.services.now())
    return redirect("/link-review/changes", done="handled")
