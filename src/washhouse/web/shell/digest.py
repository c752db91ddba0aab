"""What may an e-mail say of somebody's day? How many things wait, and nothing of anybody: no name, id, age or place."""

from __future__ import annotations

from email.message import EmailMessage

from starlette.responses import Response

from washhouse.desk.follow_ups import is_due, list_follow_ups
from washhouse.desk.reviews import list_reviews
from washhouse.governance.grants import Role
from washhouse.governance.permissions import Action
from washhouse.web.shell.decisions import read_decisions
from washhouse.web.shell.visit import Visit
from washhouse.web.shell.words import day, plural


def show_digest(visit: Visit) -> Response:
    """Answer with the visitor's own digest as a message file; no mail is sent from here."""
    visit.services.audit.authorise(visit.grant, Action.ANSWER_DECISION, detail={"page": "digest"})
    counts = count_tasks(visit)
    message = EmailMessage()
    message["To"] = f"{visit.user.actor}@localhost"
    message["Subject"] = f"{visit.services.brand}: {plural(sum(counts.values()), 'thing waits', 'things wait')} for you"
    message["X-Unsent"] = "1"
    message.set_content(write_digest(counts, day(visit.services.today()), visit.services.demo))
    return Response(
        message.as_bytes(),
        media_type="message/rfc822",
        headers={"Content-Disposition": 'attachment; filename="digest.eml"'},
    )


def count_tasks(visit: Visit) -> dict[str, int]:
    """What waits for the visitor, by kind; whoever died since waits for nobody, as on the home pages."""
    people, services = sorted(visit.grant.persons or ()), visit.services
    user = visit.user.actor if visit.user.role is Role.CLINICIAN else None
    decisions = read_decisions(visit, people, ["action"])
    waiting = [one for one in decisions if one.answer is None and user in (None, one.worker)]
    known_as = visit.record.aliases(people)
    reviews = list_reviews(services.desk, person_ids=known_as, user=user)
    followed = list_follow_ups(services.desk, [review.id for review in reviews])
    asked = [review for review in reviews if is_due(review, followed, services.now())]
    concerned = {one.person_id for one in waiting} | {known_as[review.person_id] for review in asked}
    rows = visit.record.people(concerned).select(["person_id", "death_date"]).to_pylist() if concerned else []
    alive = {row["person_id"] for row in rows if row["death_date"] is None}
    waiting = [one for one in waiting if one.person_id in alive]
    asked = [review for review in asked if known_as[review.person_id] in alive]
    overdue = [one for one in waiting if one.is_overdue(services.today())]
    return {
        "decided in supervision and overdue": len(overdue),
        "decided in supervision and still open": len(waiting) - len(overdue),
        "reviewed a week ago or more, and not said what came of it": len(asked),
    }


def write_digest(counts: dict[str, int], today: str, demo: bool) -> str:
    """Write the text of a digest.

    >>> print(write_digest({"overdue": 2, "open": 0}, "1 July 2025", True))
    Invented people - not for clinical use.
    <BLANKLINE>
    1 July 2025. What waits for you:
    <BLANKLINE>
        2  overdue
        0  open
    <BLANKLINE>
    Sign in to see what they are. This message tells of nobody on purpose: please answer it with no names.
    <BLANKLINE>
    """
    lines = ["Invented people - not for clinical use.", ""] if demo else []
    lines += [f"{today}. What waits for you:", ""]
    lines += [f"{number:>5}  {what}" for what, number in counts.items()]
    lines += [
        "",
        "Sign in to see what they are. This message tells of nobody on purpose: please answer it with no names.",
    ]
    return "\n".join(lines) + "\n"
