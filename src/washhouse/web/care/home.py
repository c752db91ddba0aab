"""What changed for the people in my care, and what is there to do?"""

from __future__ import annotations

from starlette.responses import Response

from washhouse.desk.reviews import list_reviews
from washhouse.web.care.review import build_review_lines
from washhouse.web.shell.respond import render
from washhouse.web.shell.visit import Visit

LATEST = 5


def show_care_home(visit: Visit) -> Response:
    """Show how many people are in the visitor's care, and the visitor's own latest reviews."""
    reviews = list_reviews(visit.services.desk, user=visit.user.actor, limit=LATEST)
    return render(
        visit,
        "care/home.html",
        people=len(visit.grant.persons or ()),
        reviews=build_review_lines(reviews, visit.user.actor),
    )
