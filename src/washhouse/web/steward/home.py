"""What arrived lately, and what needs a steward?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from starlette.responses import Response

from washhouse.desk.person_changes import list_person_changes
from washhouse.governance.permissions import Action
from washhouse.insight.outcomes.registry import OUTCOMES
from washhouse.record.reader import covers_of
from washhouse.web.shell.emergency_accesses import say_waiting
from washhouse.web.shell.respond import render
from washhouse.web.shell.services import Published
from washhouse.web.shell.visit import Visit
from washhouse.web.shell.words import plural
from washhouse.web.steward.feeds import Feed, build_batches, build_feeds
from washhouse.web.steward.link_answers import read_answers, review_of

LATEST = 8
STALE_DAYS = {"mental_health": 7, "gp": 45, "hospital": 45, "social_care": 120, "superseded_nhs_numbers": 120}
"""Days after which a feed is late, by how often it is sent: nightly, monthly, monthly, quarterly, quarterly."""
LATE_BY_DEFAULT = 45


@dataclass(frozen=True)
class Task:
    """Something for a steward to look at, and where."""

    text: str
    href: str
    link: str


def show_steward_home(visit: Visit) -> Response:
    """Show what needs a steward first, then what arrived lately."""
    batches = build_batches(visit.record.batches().to_pylist())
    feeds = build_feeds(batches, covers_of(visit.published), visit.services.today())
    linkage = visit.published.summary.get("linkage", {})
    return render(
        visit,
        "steward/home.html",
        tasks=[
            *find_emergency_tasks(visit),
            *find_tasks(feeds, visit.services.today()),
            *find_quality_tasks(visit.published),
            *find_model_tasks(visit.published),
            *find_watch_tasks(visit.published),
            *find_link_tasks(visit),
        ],
        latest=batches[:LATEST],
        people=linkage.get("people"),
        records=linkage.get("records"),
    )


def find_emergency_tasks(visit: Visit) -> list[Task]:
    """Emergency accesses that nobody has reviewed yet."""
    waiting = say_waiting(visit)
    return [Task(f"{waiting}.", "/emergency-access", "Review")] if waiting else []


def find_tasks(feeds: Sequence[Feed], today: date) -> list[Task]:
    """What is late, refused or does not add up."""
    tasks = []
    for feed in feeds:
        where = f"/feeds?source={feed.source}#batches"
        late = (today - feed.reaches).days - STALE_DAYS.get(feed.source, LATE_BY_DEFAULT)
        if late > 0:
            tasks.append(Task(f"{feed.title} is {plural(late, 'day')} late.", where, "See its batches"))
        if feed.rejected:
            tasks.append(Task(f"{feed.title}: {plural(feed.rejected, 'file')} refused whole.", where, "See why"))
        if not feed.counts.adds_up:
            tasks.append(Task(f"{feed.title}: lines in and out do not add up.", where, "See its batches"))
        if feed.counts.quarantined:
            lines = plural(feed.counts.quarantined, "line")
            tasks.append(
                Task(f"{feed.title}: {lines} in quarantine.", f"/quarantine?source={feed.source}", "See reasons")
            )
    return tasks


def find_quality_tasks(published: Published) -> list[Task]:
    """What the checks of the data found, and whether they held a newer version back."""
    tasks = []
    if published.quality_refused() is not None:
        tasks.append(Task("Quality: a newer build was refused.", "/quality#refused", "See why"))
    over = published.summary.get("quality", {}).get("over", 0)
    if over:
        tasks.append(Task(f"Quality: {plural(over, 'finding')} over the limit.", "/quality#over", "See what to do"))
    return tasks


def find_model_tasks(published: Published) -> list[Task]:
    """Which outcomes nobody is scored for, or with a model that does not pass its gates, and why."""
    return [
        Task(
            f"Model “{OUTCOMES[name].title if name in OUTCOMES else name}”: {each['message']}",
            f"/models#{name}",
            "See the model",
        )
        for name, each in sorted(published.summary.get("models", {}).items())
        if each["status"] != "scored" or each.get("failed_gates")
    ]


def find_watch_tasks(published: Published) -> list[Task]:
    """What changed of that which the models look at and say."""
    outside = published.summary.get("watch", {}).get("outside", ())
    if not outside:
        return []
    changed = plural(len(outside), "series is", "series are")
    return [Task(f"Watch: {changed} outside the usual limits.", "/watch#changed", "See what changed")]


def find_link_tasks(visit: Visit) -> list[Task]:
    """Doubtful links and people who came apart, counted; nobody is shown."""
    visit.services.audit.authorise(visit.grant, Action.REVIEW_LINKS, detail={"page": "home"})
    answers = read_answers(visit)
    waiting = len(review_of(visit).waiting("", answers.settled, answers.apart))
    apart = len(list_person_changes(visit.services.desk))
    tasks = []
    if waiting:
        tasks.append(Task(f"Linkage: {plural(waiting, 'doubtful pair')} to answer.", "/link-review", "Review links"))
    if apart:
        people = plural(apart, "person", "people")
        tasks.append(Task(f"Linkage: {people} came apart.", "/link-review/changes", "See what was kept of them"))
    return tasks
