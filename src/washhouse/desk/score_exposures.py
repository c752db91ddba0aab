"""To whom was which score shown, when and on which page? Added beside the audit; never edited or deleted.

A score changes what people do, so whoever fits a model again, or asks whether it helped, must know who was shown and
at which place of a list of how many. The audit says whose record was opened; this says of whom a score was seen.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, and_, func, insert, select
from sqlalchemy.orm import aliased

from washhouse.desk.clock import to_utc
from washhouse.desk.database import Desk
from washhouse.desk.models import CareDecisionRow, ScoreExposureRow
from washhouse.desk.reviews import NO_ACTION, acting_reviews, list_actions

ACTS_WITHIN = timedelta(days=1)
"""What somebody decides so soon after a score was shown to them was decided with its knowledge."""


@dataclass(frozen=True)
class ScoreExposure:
    """One score that one person was shown.

    Attributes:
        at: When, UTC; the scores of one page share it.
        username: To whom.
        page: The page's path, parameters in braces.
        person_id: Of whom.
        model: Outcome model.
        model_version: Version of the fitted model.
        index_date: Day at whose start the score holds.
        place: Place on the list; None where the page showed no list.
        listed: People of whom the page showed a score.
        record_version: Published version of the record.
    """

    at: datetime
    username: str
    page: str
    person_id: str
    model: str
    model_version: str
    index_date: date
    place: int | None
    listed: int
    record_version: str


@dataclass(frozen=True)
class WeekShown:
    """One week of showing scores.

    Attributes:
        week: Its Monday.
        shown: People of whom somebody was shown a score.
        acted_on: Those of them whom somebody said they would act for because of one of these scores.
    """

    week: date
    shown: int
    acted_on: int


def insert_exposures(connection: Connection, exposures: Sequence[ScoreExposure]) -> None:
    """Add rows in one statement, within a transaction that is open for writing."""
    if exposures:
        rows = [{**vars(shown), "at": to_utc(shown.at), "week": _monday(to_utc(shown.at))} for shown in exposures]
        connection.execute(insert(ScoreExposureRow), rows)


def list_acted_on(desk: Desk, model_versions: Collection[str]) -> list[tuple[str, date]]:
    """Whom somebody acted on because of a score, and the day of that score; nothing that was taken back.

    Beside those of whom somebody said so in a review (`reviews.list_actions`) these are the people about whom
    supervision decided something within a day of the score's being shown to whoever decided.

    Args:
        desk: The open desk.
        model_versions: Versions of the models whose scores count.
    """
    shown = ScoreExposureRow
    query = _decided(shown.person_id, shown.index_date).where(shown.model_version.in_(list(model_versions)))
    with desk.reading() as session:
        found = {row[:2] for row in session.execute(query) if row.decided_at - row.shown_at <= ACTS_WITHIN}
    return sorted({*list_actions(desk, model_versions), *found})


def count_weeks(desk: Desk, model: str, since: date) -> list[WeekShown]:
    """How many people were shown a score week by week, and how many of them were acted on.

    Args:
        desk: The open desk.
        model: Outcome model.
        since: First Monday that counts.

    Returns:
        Weeks in which anybody was shown one, the newest first.
    """
    shown = ScoreExposureRow
    wanted = (shown.model == model, shown.week >= since)
    counted = select(shown.week, func.count(shown.person_id.distinct())).where(*wanted).group_by(shown.week)
    acting = acting_reviews().subquery()
    reviewed = (
        select(shown.week, shown.person_id)
        .join(acting, and_(*(getattr(shown, name) == acting.c[name] for name in _SCORE)))
        .where(*wanted)
    )
    with desk.reading() as session:
        counts = [(week, count) for week, count in session.execute(counted.order_by(shown.week.desc()))]
        acted = {(week, person) for week, person in session.execute(reviewed.distinct())}
        acted |= {
            row[:2]
            for row in session.execute(_decided(shown.week, shown.person_id).where(*wanted))
            if row.decided_at - row.shown_at <= ACTS_WITHIN
        }
    return [WeekShown(week, count, sum(week == of for of, _ in acted)) for week, count in counts]


_SCORE = ("person_id", "index_date", "model_version")
"""What names one score."""


def _decided(*columns: Any) -> Select[Any]:
    """Columns of showings after which whoever saw the score decided something about the person, and both moments."""
    shown, decided, gone = ScoreExposureRow, CareDecisionRow, aliased(CareDecisionRow)
    return (
        select(*columns, decided.at.label("decided_at"), shown.at.label("shown_at"))
        .join(decided, and_(decided.person_id == shown.person_id, decided.username == shown.username))
        .join(gone, and_(gone.about == decided.id, gone.kind == "retraction"), isouter=True)
        .where(decided.kind == "action", decided.choice != NO_ACTION, gone.id.is_(None), shown.at <= decided.at)
    )


def _monday(at: datetime) -> date:
    return at.date() - timedelta(at.weekday())
