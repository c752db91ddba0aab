"""Which scores does a page show, and at which places? Kept before the page goes out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from washhouse.desk.score_exposures import ScoreExposure
from washhouse.insight.outcomes.crisis import MODEL
from washhouse.web.shell.visit import Visit


def note_scores(
    visit: Visit,
    model_version: str,
    index_date: date | None,
    places: Mapping[str, int | None],
    model: str = MODEL,
) -> None:
    """Keep which scores the visitor is about to be shown, all of a page in one commit.

    Args:
        visit: The request; its route names the page.
        model_version: Version of the model behind the scores.
        index_date: Day at whose start they hold; None where nobody is scored.
        places: By person of whom a score is shown, the place on the list; None where there is no list.
        model: Outcome model.

    Raises:
        HomeError: `audit-unwritable`: nothing may be shown.
    """
    if index_date is None or not places:
        return
    at, page = visit.services.now(), visit.request.scope["route"].path
    visit.services.audit.record_shown(
        [
            ScoreExposure(
                at=at,
                username=visit.user.actor,
                page=page,
                person_id=person,
                model=model,
                model_version=model_version,
                index_date=index_date,
                place=place,
                listed=len(places),
                record_version=visit.published.id,
            )
            for person, place in places.items()
        ]
    )
