"""Which models are in use, how good are they, and what were they judged by? The same for everybody who signs in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from washhouse.governance.disclosure import tell_count
from washhouse.insight.models.card import build_card
from washhouse.insight.models.record import FIGURES, GROUP_FIGURES, GROUPS, TITLES, say_sample
from washhouse.insight.models.states import read_registry
from washhouse.insight.models.store import read_model
from washhouse.insight.outcomes.contract import Outcome
from washhouse.insight.outcomes.registry import OUTCOMES
from washhouse.web.shell.calibration import draw_calibration
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
            "why_not": told.get(name, {}).get("message", "") if told.get(name, {}).get("status") != "scored" else "",
            "newest": _say_newest(outcome, told.get(name, {})),
            "card": _card(visit, outcome),
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


def _say_newest(outcome: Outcome, told: Mapping[str, Any]) -> str:
    """From which day the newest scores hold; a version from before this was noted does not say."""
    if told.get("status") != "scored" or told.get("index_date") is None:
        return ""
    stands = f"; they stand for {outcome.stands_days} days" if outcome.stands_days else ""
    return f"hold from {short_day(date.fromisoformat(told['index_date']))}{stands}"


def _on(visit: Visit) -> str:
    return "on the invented city" if visit.services.demo else "on the people of this home"


def _card(visit: Visit, outcome: Outcome) -> dict[str, Any] | None:
    """The card of the model that scored the published version, or else of the challenger; none without either."""
    models = visit.services.home.models
    registry = read_registry(models, outcome.name)
    version = registry.champion or registry.challenger
    if version is None or not (models / outcome.name / version).is_dir():
        return None
    card = build_card(read_model(models / outcome.name / version)["record"], registry, _on(visit))
    card["record"]["groups"] = [_told(group) for group in card["record"]["groups"]]
    return card


def _told(group: Mapping[str, Any]) -> dict[str, Any]:
    """A group as everybody may see it: no count from 1 to 7, and nothing that rests on one."""
    counts = {name: tell_count(group[name]) for name in ("n", "events", "listed", "found") if name in group}
    told = {**group, **counts}
    if counts["n"] is None or counts["events"] is None:
        # Observed over expected times the expected would be the count.
        return told | {"is_judged": False, "ratio": None, **dict.fromkeys(GROUP_FIGURES)}
    return told | ({"ppv": None, "sensitivity": None} if None in counts.values() else {})
