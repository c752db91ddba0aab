"""Which models are in use, how good are they, and what were they judged by? The same for everybody who signs in."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from washhouse.core.errors import HomeError
from washhouse.insight.models.card import build_card
from washhouse.insight.models.record import (
    FIGURES,
    GROUP_FIGURES,
    GROUPS,
    ON_INVENTED_CITY,
    ON_THIS_HOME,
    TITLES,
    say_sample,
)
from washhouse.insight.models.registry import failed_gates
from washhouse.insight.models.states import read_registry
from washhouse.insight.models.store import read_model
from washhouse.insight.outcomes.contract import Outcome
from washhouse.insight.outcomes.registry import OUTCOMES
from washhouse.web.shell.calibration import draw_calibration
from washhouse.web.shell.model_record import tell_record
from washhouse.web.shell.respond import render
from washhouse.web.shell.visit import Visit
from washhouse.web.shell.words import short_day


def show_models(visit: Visit) -> Response:
    """List every outcome with its champion, or why nobody is scored."""
    told = visit.published.summary.get("models", {})
    lines = [
        {
            "name": name,
            "title": outcome.title,
            "purpose": outcome.words.purpose,
            "why_not": _say_why_not(told.get(name, {})),
            "newest": _say_newest(outcome, told.get(name, {})),
            "card": _card(visit, outcome),
            "challenger": _challenger(visit, outcome),
        }
        for name, outcome in OUTCOMES.items()
    ]
    return render(visit, "shell/models.html", lines=lines, on=_on(visit))


def show_card(visit: Visit) -> Response:
    """Show the card of one outcome's model."""
    outcome = OUTCOMES.get(visit.parameter("model"))
    card = _card(visit, outcome) if outcome else None
    if outcome is None or card is None:
        raise HTTPException(404)
    return render(
        visit,
        "shell/model.html",
        card=card,
        record=card["record"],
        calibration=draw_calibration(card["record"]["calibration"][card["record"]["shipped"]]),
        figures=FIGURES,
        titles=TITLES,
        group_figures=GROUP_FIGURES,
        group_headings=[(title, "wh-number") for title in GROUP_FIGURES.values()],
        about_groups=GROUPS,
        sample=say_sample(card["record"]["data"]),
    )


def download_card(visit: Visit) -> Response:
    """Hand out the same card as JSON."""
    outcome = OUTCOMES.get(visit.parameter("model"))
    card = _card(visit, outcome) if outcome else None
    if card is None:
        raise HTTPException(404)
    return JSONResponse(card, headers={"Content-Disposition": f'attachment; filename="card-{card["model"]}.json"'})


def _say_why_not(told: Mapping[str, Any]) -> str:
    """Why nobody is scored, in the run's words; empty where people are."""
    return "" if told.get("status") == "scored" else str(told.get("message", "")).removeprefix("Nobody is scored. ")


def _say_newest(outcome: Outcome, told: Mapping[str, Any]) -> str:
    """From which day the newest scores hold; a version from before this was noted does not say."""
    if told.get("status") != "scored" or told.get("index_date") is None:
        return ""
    stands = f"; they stand for {outcome.stands_days} days" if outcome.stands_days else ""
    return f"hold from {short_day(date.fromisoformat(told['index_date']))}{stands}"


def _on(visit: Visit) -> str:
    return ON_INVENTED_CITY if visit.services.demo or visit.services.settings.invented else ON_THIS_HOME


def _card(visit: Visit, outcome: Outcome) -> dict[str, Any] | None:
    """The card of the champion, or else of the challenger, or of what was taken out of use, as everybody may see it."""
    registry = read_registry(visit.services.home.models, outcome.name)
    record = _record(visit, outcome, registry.champion or registry.challenger)
    if record is None and registry.retirement is not None:
        # It may have been taken out of use because its files are damaged.
        with suppress(HomeError):
            record = _record(visit, outcome, registry.retirement.version)
    return None if record is None else build_card(tell_record(record), registry, _on(visit))


def _challenger(visit: Visit, outcome: Outcome) -> dict[str, Any] | None:
    """The model that waits beside a champion: its version, for when it was fitted, and what it does not pass."""
    registry = read_registry(visit.services.home.models, outcome.name)
    record = _record(visit, outcome, registry.challenger) if registry.champion is not None else None
    if record is None:
        return None
    return {"version": record["version"], "fitted_for": record["data"]["fitted_for"], "failed": failed_gates(record)}


def _record(visit: Visit, outcome: Outcome, version: str | None) -> dict[str, Any] | None:
    folder = visit.services.home.models / outcome.name / (version or "")
    if version is None or not folder.is_dir():
        return None
    record: dict[str, Any] = read_model(folder)["record"]
    return record
