"""How is a model fitted or judged between two runs? On the published version, under the home's lock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from washhouse.core.home import Home, Settings
from washhouse.desk.database import open_desk
from washhouse.desk.score_exposures import count_weeks
from washhouse.governance.redaction import redact
from washhouse.insight.models.card import build_card
from washhouse.insight.models.checks import check_shuffled
from washhouse.insight.models.evaluation import Estimate
from washhouse.insight.models.fit import NoFit, fit_outcome
from washhouse.insight.models.history import History, gather_history, read_submitted
from washhouse.insight.models.judging import judge_model
from washhouse.insight.models.places import check_places
from washhouse.insight.models.plan import MIN_EVENTS
from washhouse.insight.models.present import Compute
from washhouse.insight.models.registry import declarations_digest, failed_gates, index_day
from washhouse.insight.models.score import keep_fit
from washhouse.insight.models.states import check_mover, move_of, read_registry
from washhouse.insight.models.worth import measure_worth
from washhouse.insight.outcomes.contract import Algorithm, Outcome
from washhouse.insight.outcomes.registry import OUTCOMES
from washhouse.pipeline.acted import leave_out_acted
from washhouse.pipeline.context import RunContext
from washhouse.pipeline.model_states import modelling, outcome_named, stored_model, write_registry
from washhouse.pipeline.progress import Progress
from washhouse.pipeline.scoring import computing, on_whom

WEEKS_TOLD = 12
"""Weeks of showing scores that an evaluation tells of."""


def fit_challenger(
    home: Home, settings: Settings, name: str, *, actor: str, reason: str, progress: Progress | None = None
) -> dict[str, Any]:
    """Fit an outcome's model on the published version and keep it as the challenger; nobody is scored with it.

    Args:
        home: The home.
        settings: What the deployer chose.
        name: The outcome model.
        actor: Who fits.
        reason: Why; what looks like an identifier is removed.
        progress: Whoever follows.

    Returns:
        `acted_on` (person-indexes left out, see `insight.models.acted`), `status` (`fitted`, `unchanged`: the champion
        or an earlier model came out again, `no-data`, `too-few-events` or `no-better-than-chance`), `message`, and
        `version` and `failed_gates` where there is a model.

    Raises:
        InputError: `model-unknown`, `model-actor`, `model-reason`.
        HomeError: `nothing-published`, or the home is locked or broken.
    """
    outcome = outcome_named(name)
    reason = check_mover(actor, redact(reason))
    told: dict[str, Any] = {"model": name}
    with modelling(home, settings, progress) as context:
        version = context.published
        assert version is not None  # noqa: S101
        today = index_day(version.as_of, outcome.source)
        with computing(context, version) as (compute, _, _):
            context.progress.at("gathering the history", 0.0)
            submitted = read_submitted(compute)
            history = gather_history(outcome, compute, today, submitted=submitted.get(outcome.source, []))
        if today is None or history.cohort is None:
            message = f"The record holds nothing of {outcome.source} that a model could be fitted on."
            return told | {"status": "no-data", "message": message}
        context.progress.at("fitting", 0.5)
        cohort, left_out = leave_out_acted(context, version, outcome, history.cohort)
        told |= {"acted_on": left_out}
        fit = fit_outcome(outcome, cohort, history.split)
        if isinstance(fit, NoFit):
            return told | {"status": fit.status, "message": fit.message}
        stored = keep_fit(
            outcome,
            fit,
            cohort,
            home.models,
            submitted=submitted,
            record_version=version.id,
            today=today,
            on=on_whom(settings),
        )
        fitted, failed = str(stored["version"]), failed_gates(stored["record"])
        move = move_of(
            "fitted",
            fitted,
            at=context.now,
            actor=actor,
            reason=reason,
            record_version=version.id,
            failed_gates=failed,
        )
        registry = read_registry(home.models, name)
        status = "unchanged" if fitted in (registry.champion, registry.challenger) else "fitted"
        if status == "fitted":
            write_registry(home, registry.add(move))
        words = f"It does not pass its gates. {' '.join(failed)}" if failed else "It passes its gates."
        if left_out:
            words += f" {left_out} person-indexes were left out, as somebody had acted on the score."
        return told | {
            "status": status,
            "message": words,
            "version": fitted,
            "shipped": stored["shipped"],
            "failed_gates": list(failed),
        }


def evaluate_model(
    home: Home,
    settings: Settings,
    name: str,
    *,
    version: str = "",
    checks: bool = False,
    sources: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Judge a stored model on what became known since its test.

    Args:
        home: The home.
        settings: What the deployer chose.
        name: The outcome model.
        version: The model; the champion, or else the challenger, unless given.
        checks: Also fit its algorithm on shuffled outcomes and, anew, on half of the practices, see
            `insight.models.checks` and `insight.models.places`.
        sources: Also fit its algorithm without what each source sent, see `insight.models.worth`.
        progress: Whoever follows.

    Returns:
        `version`, `state`, `on` (whom its figures are), what its own `test` said (`figures`, `gates`), `since`, see
        `judge_model`, `exposure` (by `week`, the newest first: people of whom a score was `shown`, and how many of them
        were `acted_on`), with `checks` also `shuffled` and `places`, and with `sources` also `worth`.

    Raises:
        InputError: `model-unknown`, `model-version`.
        HomeError: As `fit_challenger`.
    """
    outcome = outcome_named(name)
    with modelling(home, settings, progress) as context:
        published = context.published
        assert published is not None  # noqa: S101
        registry = read_registry(home.models, name)
        stored = stored_model(home, registry, version or registry.champion or registry.challenger, "model")
        record = stored["record"]
        since: dict[str, Any] = {
            "status": "other-declarations",
            "message": "The declarations changed since it was fitted: it cannot be judged on today's features.",
        }
        if stored["declarations"] == declarations_digest(outcome):
            last = date.fromisoformat(record["data"]["parts"]["test"]["last_index"])
            with computing(context, published) as (compute, _, _):
                context.progress.at("gathering what is new", 0.0)
                today = index_day(published.as_of, outcome.source)
                history = gather_history(outcome, compute, today, since=last)
            since = judge_model(stored, history.cohort, outcome.words.things)
        checked: dict[str, Any] = {}
        if checks or sources:
            with computing(context, published) as (compute, _, _):
                context.progress.at("gathering the history", 0.3)
                whole = gather_history(outcome, compute, index_day(published.as_of, outcome.source))
                checked = _check(outcome, stored["shipped"], record["settings"], whole) if checks else {}
                if sources:
                    context.progress.at("fitting without each source", 0.5)
                    checked["worth"] = _weigh(outcome, stored["shipped"], whole, compute)
        test = {
            "data": record["data"]["parts"]["test"],
            "figures": record["performance"][stored["shipped"]],
            "gates": record["gates"],
            "groups": record["groups"],
        }
        chosen = str(stored["version"])
        return {
            "model": name,
            "version": chosen,
            "state": registry.state_of(chosen),
            "on": on_whom(settings),
            "record_version": published.id,
            "test": test,
            "since": since,
            "exposure": _exposure(context, name),
            **checked,
        }


def _exposure(context: RunContext, name: str) -> list[dict[str, Any]]:
    desk = open_desk(context.settings.desk_url or context.home.desk_file)
    try:
        weeks = count_weeks(desk, name, context.now.date() - timedelta(7 * WEEKS_TOLD))
    finally:
        desk.close()
    return [asdict(each) | {"week": each.week.isoformat()} for each in weeks]


def _too_few(outcome: Outcome, history: History) -> dict[str, Any]:
    """Why nothing can be fitted on a history; empty if something can."""
    cohort, split = history.cohort, history.split
    parts = {"fit": split.fit, "test": split.test}
    events = {name: int(cohort.at(days).outcome.sum()) if cohort is not None else 0 for name, days in parts.items()}
    if any(count < MIN_EVENTS[name] for name, count in events.items()):
        return {"status": "too-few-events", "message": f"The history holds too few {outcome.words.things}."}
    return {}


def _weigh(outcome: Outcome, algorithm: Algorithm, history: History, compute: Compute) -> dict[str, Any]:
    few = _too_few(outcome, history)
    if few or history.cohort is None:
        return few
    worth = measure_worth(outcome, algorithm, history.cohort, history.split, compute, tuple(read_submitted(compute)))
    return {"status": "measured", **_plain(worth)}


def _plain(value: Any) -> Any:
    """Estimates as plain values, ready for JSON."""
    if isinstance(value, Estimate):
        return asdict(value)
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _check(outcome: Outcome, algorithm: Algorithm, settings: Mapping[str, float], history: History) -> dict[str, Any]:
    cohort, split, few = history.cohort, history.split, _too_few(outcome, history)
    if few or cohort is None:
        return {"shuffled": few, "places": few}
    parts = cohort.parts(split)
    shuffled = check_shuffled(outcome, parts["fit"], parts["test"], algorithm, settings[algorithm])
    with threadpool_limits(limits=1):
        return {"shuffled": shuffled, "places": check_places(outcome, algorithm, parts)}


def read_card(home: Home, settings: Settings, name: str, *, version: str = "") -> dict[str, Any]:
    """The card of a model, the champion or else the challenger unless one is named, with exact counts.

    See `build_card`; pages tell of it what tells of nobody.

    Raises:
        InputError: `model-unknown`, `model-version`.
        HomeError: `model-unreadable`.
    """
    outcome_named(name)
    registry = read_registry(home.models, name)
    stored = stored_model(home, registry, version or registry.champion or registry.challenger, "model")
    return build_card(stored["record"], registry, on_whom(settings))


def list_models(home: Home) -> list[dict[str, Any]]:
    """Every model of a home with its state, outcome by outcome, the newest first; and outcomes without a model."""
    found = []
    for name, outcome in OUTCOMES.items():
        registry = read_registry(home.models, name)
        models = []
        for version in reversed(registry.versions):
            last = [move for move in registry.moves if move.version == version][-1]
            is_kept = (home.models / name / version).is_dir()
            models.append(
                {
                    "version": version,
                    "state": registry.state_of(version),
                    "since": last.at,
                    "by": last.actor,
                    "reason": last.reason,
                    "failed_gates": list(last.failed_gates),
                    "is_kept": is_kept,
                }
            )
        found.append({"model": name, "title": outcome.title, "versions": models})
    return found
