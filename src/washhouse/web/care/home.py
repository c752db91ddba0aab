"""What changed for the people in my care, and what is there to do?"""

from __future__ import annotations

from starlette.responses import Response

from washhouse.action.agenda import say_decision
from washhouse.action.reviewed import STANDS_DAYS
from washhouse.desk.care_decisions import DONE
from washhouse.desk.reviews import ACTION_WORDS
from washhouse.governance.permissions import Action
from washhouse.web.care.caseload import name_lines, read_caseload, read_lines
from washhouse.web.care.emergency import list_open
from washhouse.web.care.follow_up import due_reviews
from washhouse.web.shell.decisions import find_answered, read_decisions
from washhouse.web.shell.exposures import note_scores
from washhouse.web.shell.respond import render
from washhouse.web.shell.visit import Visit

FIRST = 5
MOST_CHANGES = 8


def show_care_home(visit: Visit) -> Response:
    """Show whom to review first, what changed since last week, and who is in crisis care."""
    caseload, scores = read_caseload(visit, None)
    ranked, crisis, others = read_lines(visit, caseload, scores)
    due = [line for line in ranked[:FIRST] if not line.is_reviewed]
    lines = {line.person_id: line for line in (*ranked, *crisis, *others)}
    # Whoever died since is on no list, and their reviews are asked about no more.
    asked = [(review, person) for review, person in due_reviews(visit) if person in lines]
    own = [one for one in read_decisions(visit, list(lines), ["action"]) if one.worker == visit.user.actor]
    decided = [one for one in own if one.answer is None]
    told = dict.fromkeys((*(person for _, person in asked), *(one.person_id for one in decided)))
    named = name_lines(visit, [lines[person] for person in told])
    names = {line.person_id: line.name for line in named}
    changed = [line for line in (*crisis, *ranked, *others) if not line.moved_only]
    shown = [*(due if visit.may(Action.REVIEW) else ()), *changed[:MOST_CHANGES]]
    places = {line.person_id: line.place for line in shown if line.risk}
    note_scores(visit, caseload.model_version, caseload.index_date, places)
    return render(
        visit,
        "care/home.html",
        opened=list_open(visit),
        may=visit.may,
        actions_of=Action,
        total=len(ranked) + len(crisis) + len(others),
        why_not_ranked=caseload.explanation,
        due=name_lines(visit, due),
        first=FIRST,
        stands_days=STANDS_DAYS,
        asked=[(review, person, names[person], ACTION_WORDS[review.action]) for review, person in asked],
        decided=[
            (one, names[one.person_id], say_decision(one), one.is_overdue(visit.services.today()))
            for one in sorted(decided, key=lambda one: (one.due or one.at.date(), one.id))
        ],
        answers=DONE,
        answered=find_answered(visit, own),
        changed=name_lines(visit, changed[:MOST_CHANGES]),
        more_changed=max(0, len(changed) - MOST_CHANGES),
        crisis=name_lines(visit, crisis),
    )
