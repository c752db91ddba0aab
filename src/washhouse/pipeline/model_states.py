"""How do the models of a home come to their states: by a run, and by a person who promotes, rolls back or retires?

A run registers what it fitted once its version is published, as the champion if it scored. A person moves a model
under the home's lock; then everybody is scored anew and a further version is published, so that no page shows the
scores of a model that was taken out of use. A process that dies between the two is made good by the next run, which
finds that the champion is not the model that scored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from washhouse.core.errors import HomeError, InputError, RefusedError
from washhouse.core.home import Home, Settings
from washhouse.desk.clock import utc_now
from washhouse.desk.database import open_desk
from washhouse.governance.audit import AuditEvent, AuditTrail
from washhouse.governance.keys import load_master_key
from washhouse.governance.redaction import redact
from washhouse.governance.vault import Vault
from washhouse.insight.models.registry import declarations_digest, failed_gates, find_model
from washhouse.insight.models.states import (
    Kind,
    Move,
    Registry,
    move_of,
    read_registry,
    registry_file,
    registry_text,
)
from washhouse.insight.models.store import read_model
from washhouse.insight.outcomes.contract import Outcome
from washhouse.insight.outcomes.registry import OUTCOMES
from washhouse.lake.disk import write_atomically
from washhouse.lake.lock import run_lock
from washhouse.lake.pointer import Version, publish, read_current
from washhouse.lake.readers import kept_tables
from washhouse.lake.store import Lake
from washhouse.pipeline.commit_points import nothing
from washhouse.pipeline.context import RunContext, engine_of
from washhouse.pipeline.progress import Progress, Silent
from washhouse.pipeline.publishing import name_version
from washhouse.pipeline.scoring import score

RUN_ACTOR = "system"


def register_models(context: RunContext, version: Version) -> None:
    """Bring the registries to what a published version fitted; does nothing where they say so already."""
    for name, told in version.summary.get("models", {}).items():
        registry = read_registry(context.home.models, name)
        # A version from before registries says with what it scored, and what that failed.
        fitted = told.get("fitted") or (None if registry.moves else version.models.get(name))
        if not fitted or fitted in registry.versions:
            continue
        moves: list[tuple[Kind, str]] = [("fitted", "fitted by a run")]
        if version.models.get(name) == fitted and not told.get("failed_gates"):
            first = registry.champion is None
            moves.append(("promoted", "the first that passes its gates" if first else "the champion scores no more"))
        for kind, reason in moves:
            move = move_of(
                kind,
                fitted,
                at=version.published_at,
                actor=RUN_ACTOR,
                reason=reason,
                record_version=version.id,
                failed_gates=told.get("failed_gates", ()),
            )
            registry = registry.add(move)
        write_registry(context.home, registry)


def moved_models(context: RunContext, version: Version) -> list[str]:
    """Outcomes whose champion is not the model that a version was scored with, or is there no more."""
    return [name for name, outcome in OUTCOMES.items() if _is_moved(context, version, outcome)]


def _is_moved(context: RunContext, version: Version, outcome: Outcome) -> bool:
    status = version.summary.get("models", {}).get(outcome.name, {}).get("status")
    scored_with = version.models.get(outcome.name)
    if scored_with is not None:
        registry = read_registry(context.home.models, outcome.name)
        is_kept = (context.home.models / outcome.name / scored_with).is_dir()
        if registry.retirement is not None or (registry.champion == scored_with and not is_kept):
            return True
    # Without anybody at risk nothing scores, whoever is the champion.
    elif status not in ("gates-not-met", "retired"):
        return False
    model = find_model(context.home.models, outcome)
    return model is not None and model["version"] != scored_with


def write_registry(home: Home, registry: Registry) -> None:
    """Write a registry, whole; the caller holds the home's lock."""
    path = registry_file(home.models, registry.outcome)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, registry_text(registry))


def outcome_named(name: str) -> Outcome:
    """The declaration of an outcome model.

    Raises:
        InputError: `model-unknown`.
    """
    if name not in OUTCOMES:
        raise InputError("model-unknown", "No outcome model has that name.", f"There are {', '.join(OUTCOMES)}.")
    return OUTCOMES[name]


def stored_model(home: Home, registry: Registry, version: str | None, wanted: str) -> dict[str, Any]:
    """Read a registered model.

    Args:
        home: The home.
        registry: The outcome's registry.
        version: The model; none if there is none of the kind.
        wanted: What it is wanted as, for the message.

    Raises:
        InputError: `model-version`: there is no such model, or its folder is kept no more.
        HomeError: `model-unreadable`.
    """
    if version is None or version not in registry.versions:
        there = ", ".join(f"{each} ({registry.state_of(each)})" for each in reversed(registry.versions))
        raise InputError(
            "model-version",
            f"{registry.outcome} has no {wanted}." if version is None else f"{registry.outcome} has no such version.",
            f"There are {there}." if there else f"Fit one with `washhouse model fit {registry.outcome}`.",
        )
    folder = home.models / registry.outcome / version
    if not folder.is_dir():
        raise InputError(
            "model-version",
            f"The model {version} of {registry.outcome} ({registry.state_of(version)}) is no longer kept.",
            "`washhouse model list` says what is known of it; name another, or fit one.",
        )
    return read_model(folder)


@contextmanager
def modelling(home: Home, settings: Settings, progress: Progress | None = None) -> Iterator[RunContext]:
    """Hold a home's lock to work on its models; tables that a run left ahead of the pointer are put back.

    Raises:
        HomeError: `nothing-published`, or the home is locked or broken.
    """
    with run_lock(home):
        published = read_current(home)
        if published is None:
            raise HomeError("nothing-published", "This home has no published version.", "Run `washhouse run` first.")
        context = RunContext(
            home=home,
            settings=settings,
            lake=Lake(home.lake),
            vault=Vault(home, load_master_key(home, settings)),
            published=published,
            now=utc_now(),
            progress=progress or Silent(),
            reached=nothing,
            engine=engine_of(home, settings),
        )
        context.empty_spill()
        context.lake.restore(published.tables, kept_tables(home))
        register_models(context, published)
        try:
            yield context
        finally:
            context.engine.close()
            context.empty_spill()


def promote(home: Home, settings: Settings, name: str, *, actor: str, reason: str, version: str = "") -> dict[str, Any]:
    """Make a model the champion, if it passes its gates, and score everybody with it.

    Args:
        home: The home.
        settings: What the deployer chose.
        name: The outcome model.
        actor: Who promotes.
        reason: Why; what looks like an identifier is removed.
        version: The model; the challenger unless given.

    Returns:
        `version`, the champion it `replaces`, and the `record_version` that was published.

    Raises:
        InputError: `model-unknown`, `model-version`, `model-champion` (it is the champion), `model-actor`,
            `model-reason`.
        RefusedError: `model-gates`: it does not pass; `model-declarations`: today's declarations cannot score with it.
    """
    outcome = outcome_named(name)

    def choose(registry: Registry) -> str | None:
        return version or registry.challenger

    return _move(home, settings, outcome, "promoted", choose, "challenger", actor, reason)


def roll_back_model(home: Home, settings: Settings, name: str, *, actor: str, reason: str) -> dict[str, Any]:
    """Make the former champion the champion again, and score everybody with it; see `promote`.

    Its gates are not judged anew: it passed them when it was promoted, and what is in use must be replaceable at once.
    """
    outcome = outcome_named(name)

    def choose(registry: Registry) -> str | None:
        return registry.former

    return _move(home, settings, outcome, "rolled-back", choose, "former champion", actor, reason)


def retire_model(home: Home, settings: Settings, name: str, *, actor: str, reason: str) -> dict[str, Any]:
    """Take the champion out of use: nobody is scored until a person promotes a model or rolls back.

    Its files are not read, so that a damaged model can be retired.

    Args:
        home: The home.
        settings: What the deployer chose.
        name: The outcome model.
        actor: Who retires it.
        reason: Why; what looks like an identifier is removed. Pages tell it.

    Returns:
        `version`, the model that was retired, and the `record_version` that was published.

    Raises:
        InputError: `model-unknown`, `model-version` (there is no champion), `model-actor`, `model-reason`.
    """
    outcome = outcome_named(name)
    with modelling(home, settings) as context:
        assert context.published is not None  # noqa: S101
        registry = read_registry(home.models, name)
        if registry.champion is None:
            raise InputError("model-version", f"{name} has no champion.", "Nobody is scored for it already.")
        move = move_of(
            "retired",
            registry.champion,
            at=context.now,
            actor=actor,
            reason=redact(reason),
            record_version=context.published.id,
        )
        _write_audit(context, outcome, move, "allow")
        write_registry(home, registry.add(move))
        record_version = _score_anew(context, context.published).id
    return {"model": name, "version": move.version, "record_version": record_version}


def _move(
    home: Home,
    settings: Settings,
    outcome: Outcome,
    kind: Kind,
    choose: Callable[[Registry], str | None],
    wanted: str,
    actor: str,
    reason: str,
) -> dict[str, Any]:
    with modelling(home, settings) as context:
        assert context.published is not None  # noqa: S101
        registry = read_registry(home.models, outcome.name)
        model = stored_model(home, registry, choose(registry), wanted)
        chosen, before = str(model["version"]), registry.champion
        if chosen == before:
            raise InputError(
                "model-champion", f"The model {chosen} of {outcome.name} is the champion already.", "Nothing was done."
            )
        failed = failed_gates(model["record"])
        move = move_of(
            kind,
            chosen,
            at=context.now,
            actor=actor,
            reason=redact(reason),
            record_version=context.published.id,
            failed_gates=failed,
        )
        if model["declarations"] != declarations_digest(outcome):
            _write_audit(context, outcome, move, "deny")
            raise RefusedError(
                "model-declarations",
                f"The declarations of {outcome.name} changed since that model was fitted: it cannot score.",
                "Fit a model with `washhouse model fit`.",
            )
        if kind == "promoted" and failed:
            _write_audit(context, outcome, move, "deny")
            raise RefusedError(
                "model-gates",
                f"The model {chosen} of {outcome.name} does not pass its gates. {' '.join(failed)}",
                "A model is promoted only through its gates; more data may make one that passes.",
            )
        _write_audit(context, outcome, move, "allow")
        write_registry(home, registry.add(move))
        record_version = _score_anew(context, context.published).id
    return {"model": outcome.name, "version": chosen, "replaces": before, "record_version": record_version}


def _score_anew(context: RunContext, published: Version) -> Version:
    number = published.number + 1
    candidate = replace(published, number=number, id=name_version(number, published.batches), published_at=context.now)
    scored, _ = score(context, candidate)
    publish(context.home, scored)
    register_models(context, scored)
    return scored


def _write_audit(context: RunContext, outcome: Outcome, move: Move, decision: str) -> None:
    desk = open_desk(context.settings.desk_url or context.home.desk_file)
    try:
        event = AuditEvent(
            at=context.now,
            actor=move.actor,
            role="system",
            purpose="operations",
            action=f"model-{move.kind}",
            outcome=decision,
            detail={"model": outcome.name, "model_version": move.version, "record_version": move.record_version},
        )
        AuditTrail(desk).record([event])
    finally:
        desk.close()
