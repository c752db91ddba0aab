"""What became of my team's people, and of what we said and decided?"""

from __future__ import annotations

from datetime import date

from starlette.responses import Response

from washhouse.action.facts import read_facts
from washhouse.action.outcomes import SPANS, count_outcomes, count_said, count_standards
from washhouse.desk.follow_ups import list_follow_ups
from washhouse.desk.reviews import list_reviews
from washhouse.governance.permissions import Action
from washhouse.web.shell.decisions import read_decisions
from washhouse.web.shell.layout import say_reach
from washhouse.web.shell.respond import render
from washhouse.web.shell.visit import Visit


def show_outcomes(visit: Visit) -> Response:
    """Show counts of the team: nobody is named."""
    services, today = visit.services, visit.services.today()
    services.audit.authorise(visit.grant, Action.READ_WORKLOAD)
    rows = visit.record.people(visit.grant.persons or ()).to_pylist()
    people = [row["person_id"] for row in rows if row["death_date"] is None]
    tables = read_facts(visit.record, people)
    events = {person: tables[person].to_pylist() if person in tables else [] for person in people}
    reviews = list_reviews(services.desk, person_ids=visit.record.aliases(people))
    followed = list_follow_ups(services.desk, [review.id for review in reviews])
    known = visit.record.covers().get("hospital", date.min)
    return render(
        visit,
        "team/outcomes.html",
        people=len(people),
        reach=say_reach(visit, "hospital", "Emergency care"),
        spans=[(days, count_outcomes(events, today, days, known)) for days in SPANS],
        standards=count_standards(events, today),
        said=count_said(reviews, list(followed.values()), read_decisions(visit, people, ["action"]), today),
    )
