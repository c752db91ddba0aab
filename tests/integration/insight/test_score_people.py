"""Does scoring fit, keep and reuse an honest model, and say so when there is none to be had?"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from washhouse.insight.models.score import ScoreResult, score_outcomes
from washhouse.insight.models.states import Kind, Registry, move_of, registry_file, registry_text
from washhouse.insight.outcomes.crisis import CRISIS
from washhouse.insight.outcomes.readmission import READMISSION
from washhouse.lake.schemas import conform
from washhouse.record.tables import SCORE

Score = Callable[..., ScoreResult]


@pytest.fixture(scope="module")
def score(computing: Callable[..., Any], last_day: date) -> Score:
    """Score a caseload the day after its newest submission."""

    def run(caseload: Any, models_dir: Path, today: date | None = None) -> ScoreResult:
        day = today or last_day + timedelta(1)
        scored = score_outcomes(
            [CRISIS],
            computing(caseload),
            today={CRISIS.name: day},
            models_dir=models_dir,
            record_version="v1",
        )
        return scored[CRISIS.name]

    return run


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the model of the planted caseload is kept."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def fitted(score: Score, planted: Any, models: Path) -> ScoreResult:
    """The first scoring, which fits."""
    return score(planted, models)


def test_a_planted_cause_is_found(fitted: ScoreResult) -> None:
    assert fitted.status == "scored", fitted.message
    record = fitted.model_record
    assert record is not None
    figures, parts = record["performance"][record["shipped"]], record["data"]["parts"]
    assert figures["auroc"]["lower"] > 0.6
    # Expected over observed varies as the counts of crises that each rests on do.
    spread = np.sqrt(1 / parts["calibration"]["events"] + 1 / parts["test"]["events"])
    assert figures["expected_over_observed"]["value"] == pytest.approx(1, abs=3 * spread)


def test_a_first_model_scores_where_it_passes_its_gates(fitted: ScoreResult) -> None:
    assert fitted.model_record is not None
    assert all(gate["is_met"] for gate in fitted.model_record["gates"])
    assert {group["by"] for group in fitted.model_record["groups"]} == {"sex", "age", "ethnicity"}
    assert (fitted.fitted, fitted.failed_gates) == (fitted.model_version, ())


def register(models: Path, version: str, *kinds: Kind, outcome: str = "crisis") -> None:
    registry = Registry(outcome)
    for kind in kinds:
        move = move_of(kind, version, at=datetime(2024, 1, 1), actor="ann", reason="test", record_version="v1")
        registry = registry.add(move)
    registry_file(models, outcome).write_bytes(registry_text(registry))


def test_nobody_is_scored_with_a_model_that_fails_a_gate(
    score: Score, planted: Any, fitted: ScoreResult, models: Path, tmp_path: Path
) -> None:
    shutil.copytree(models, tmp_path, dirs_exist_ok=True)
    (file,) = tmp_path.glob("crisis/*/model.json")
    stored = json.loads(file.read_text())
    stored["record"]["gates"][1] |= {"is_met": False, "says": "Calibration slope 1.70."}
    file.write_text(json.dumps(stored))
    register(tmp_path, str(fitted.fitted), "fitted")
    result = score(planted, tmp_path)
    assert (result.status, result.failed_gates) == ("gates-not-met", ("Calibration slope 1.70.",))
    assert "Calibration slope 1.70." in result.message
    assert (result.model_version, result.fitted) == (None, None), "it waits, and is not fitted anew every day"
    assert set(result.scores["status"].to_pylist()) == {"in-crisis-care"}
    assert set(result.scores["model_version"].to_pylist()) == {"none"}


def test_everyone_at_risk_is_scored_ranked_and_given_reasons(fitted: ScoreResult, last_day: date) -> None:
    scores = conform(SCORE, fitted.scores)
    weeks = {last_day + timedelta(1) - timedelta(7 * number) for number in range(CRISIS.history_weeks)}
    assert set(scores["index_date"].to_pylist()) == weeks
    now = scores.filter(pc.equal(scores["index_date"], pa.scalar(last_day + timedelta(1))))
    scored = now.filter(pc.equal(now["status"], "scored")).sort_by("rank")
    assert scored["rank"].to_pylist() == list(range(1, scored.num_rows + 1))
    risks = scored["risk"].to_numpy()
    assert np.all(np.diff(risks) <= 0)
    assert np.all((scored["risk_lower"].to_numpy() <= risks) & (risks <= scored["risk_upper"].to_numpy()))
    top = json.loads(scored["reasons"][0].as_py())
    assert any("issed" in reason["text"] for reason in top)
    assert all(reason["event_refs"] for reason in top if "issed" in reason["text"])
    assert len(set(now["person_id"].to_pylist())) == now.num_rows
    assert now.num_rows == fitted.eligibility["at-risk"] + fitted.eligibility["in-crisis-care"]


def test_every_score_names_what_it_was_made_of(fitted: ScoreResult) -> None:
    scores = conform(SCORE, fitted.scores)
    assert set(scores["record_version"].to_pylist()) == {"v1"}
    is_scored = pc.equal(scores["status"], "scored").to_pylist()
    assert [digest is not None for digest in scores["inputs"].to_pylist()] == is_scored
    told = scores.filter(pc.equal(scores["status"], "scored"))
    by_inputs: dict[str, set[float]] = {}
    for inputs, risk in zip(told["inputs"].to_pylist(), told["risk"].to_pylist(), strict=True):
        by_inputs.setdefault(inputs, set()).add(risk)
    assert all(len(risks) == 1 for risks in by_inputs.values()), "the same inputs give the same risk"
    assert len(by_inputs) > told.num_rows / 2


def test_a_score_says_what_it_rests_on(fitted: ScoreResult, last_day: date) -> None:
    now = pc.equal(fitted.scores["index_date"], pa.scalar(last_day + timedelta(1)))
    rests = {row["status"]: row["rests_on"] for row in fitted.scores.filter(now).to_pylist()}
    sent = last_day.replace(day=2).isoformat()
    assert json.loads(rests["scored"]) == [{"source": "mental_health", "sent": sent, "knows": True, "is_late": False}]
    assert rests["in-crisis-care"] is None
    assert fitted.model_record is not None
    assert 2 <= fitted.model_record["data"]["longest_lags"]["mental_health"] <= 9, (
        "a month's first Monday after the 2nd"
    )
    assert fitted.message.endswith("were scored.")


def test_scores_after_a_silence_that_the_model_never_saw_say_so(
    score: Score, planted: Any, fitted: ScoreResult, models: Path, last_day: date
) -> None:
    register(models, str(fitted.fitted), "fitted", "promoted")
    late = score(planted, models, today=last_day + timedelta(61))
    assert late.status == "scored"
    assert "mental_health sent nothing after" in late.message and "counts as nothing" in late.message
    told = {
        (row["index_date"], json.loads(row["rests_on"])[0]["is_late"])
        for row in late.scores.to_pylist()
        if row["status"] == "scored"
    }
    assert (last_day + timedelta(61), True) in told and (last_day + timedelta(61), False) not in told


def test_without_the_events_of_a_reason_the_score_falls_and_the_reason_goes(
    score: Score, planted: Any, fitted: ScoreResult, models: Path, last_day: date
) -> None:
    register(models, str(fitted.fitted), "fitted", "promoted")
    now = pc.equal(fitted.scores["index_date"], pa.scalar(last_day + timedelta(1)))
    (first,) = [row for row in fitted.scores.filter(now).to_pylist() if row["rank"] == 1]
    reasons = json.loads(first["reasons"])
    missed = [reason for reason in reasons if "issed" in reason["text"]]
    assert missed
    event = planted.event
    theirs = pc.and_(pc.equal(event["person_id"], first["person_id"]), pc.equal(event["code"], "MHS_CONTACT//3"))
    without = score(replace(planted, event=event.filter(pc.invert(theirs))), models)
    (after,) = [
        row
        for row in without.scores.to_pylist()
        if (row["person_id"], row["index_date"]) == (first["person_id"], first["index_date"])
    ]
    assert not [reason for reason in json.loads(after["reasons"]) if "issed" in reason["text"]]
    fell = np.log(first["risk"] / (1 - first["risk"])) - np.log(after["risk"] / (1 - after["risk"]))
    assert fell >= sum(reason["contribution"] for reason in missed) - 0.05


def test_people_in_crisis_care_get_no_score(fitted: ScoreResult) -> None:
    care = [row for row in fitted.scores.to_pylist() if row["status"] == "in-crisis-care"]
    assert care
    assert all(row[name] is None for row in care for name in ("risk", "risk_lower", "risk_upper", "rank", "points"))


def test_a_stored_model_is_reused(score: Score, planted: Any, fitted: ScoreResult, models: Path) -> None:
    register(models, str(fitted.fitted), "fitted", "promoted")
    again = score(planted, models)
    assert again.scores.equals(fitted.scores)
    assert again.fitted is None
    (folder,) = (path for path in (models / "crisis").iterdir() if path.is_dir())
    assert folder.name == fitted.model_version
    assert {path.name for path in folder.iterdir()} == {"model.json", "record.md"}


def test_outcomes_that_share_features_are_scored_in_one_pass_as_each_alone(
    computing: Callable[..., Any], planted: Any, fitted: ScoreResult, models: Path, tmp_path: Path, last_day: date
) -> None:
    again = replace(CRISIS, name="again", explained=3)
    for name in ("crisis", "again"):
        shutil.copytree(models / "crisis", tmp_path / name)
        register(tmp_path, str(fitted.fitted), "promoted", outcome=name)
    outcomes, today = [CRISIS, READMISSION, again], last_day + timedelta(1)
    days = {outcome.name: today for outcome in outcomes}
    results = score_outcomes(outcomes, computing(planted), today=days, models_dir=tmp_path, record_version="v1")
    assert results["crisis"].scores.equals(fitted.scores)
    assert results["readmission"].status == "nobody-at-risk"
    ours, theirs = results["again"].scores.to_pylist(), fitted.scores.to_pylist()
    assert all(each["model"] == "again" for each in ours)
    assert [each["reasons"] is not None for each in ours] == [
        each["reasons"] is not None and each["rank"] <= 3 for each in theirs
    ]
    for one, other in zip(ours, theirs, strict=True):
        told = {"model": "crisis", "reasons": one["reasons"] or other["reasons"]}
        assert {**one, **told} == other


def test_the_same_record_gives_the_same_model(score: Score, planted: Any, fitted: ScoreResult, tmp_path: Path) -> None:
    elsewhere = score(planted, tmp_path)
    assert elsewhere.model_version == fitted.model_version
    assert elsewhere.scores.equals(fitted.scores)


@pytest.mark.parametrize("weeks", [1, 12])
def test_an_earlier_week_is_scored_as_it_would_have_been_then(
    score: Score, planted: Any, fitted: ScoreResult, models: Path, last_day: date, weeks: int
) -> None:
    then = last_day + timedelta(1) - timedelta(7 * weeks)
    cut = pc.less(planted.event["recorded_at"], pa.scalar(datetime(then.year, then.month, then.day)))
    early = score(replace(planted, event=planted.event.filter(cut)), models, today=then)
    ours, theirs = (
        table.filter(pc.equal(table["index_date"], pa.scalar(then))) for table in (fitted.scores, early.scores)
    )
    assert ours.num_rows > 0
    assert all(ours["scored_afterwards"].to_pylist()) and not any(theirs["scored_afterwards"].to_pylist())
    told = [name for name in ours.column_names if name not in ("scored_afterwards", "reasons")]
    assert ours.select(told).equals(theirs.select(told))
    assert (ours["reasons"].null_count == ours.num_rows) == (weeks > 1), "reasons are told of the newest two weeks"


def test_nothing_planted_no_model(score: Score, caseload_without_effect: Any, tmp_path: Path) -> None:
    result = score(caseload_without_effect, tmp_path)
    assert result.status == "no-better-than-chance"
    assert result.model_version is None
    assert not list(tmp_path.iterdir())
    assert set(result.scores["status"].to_pylist()) <= {"in-crisis-care"}
    assert set(result.scores["model_version"].to_pylist()) <= {"none"}


def test_too_few_crises_no_model(score: Score, small_caseload: Any, tmp_path: Path) -> None:
    result = score(small_caseload, tmp_path)
    assert result.status == "too-few-events"
    assert result.eligibility["at-risk"] > 0


@pytest.mark.parametrize(("source", "status"), [("meds", "no-data"), ("mental_health", "nobody-at-risk")])
def test_a_home_without_a_caseload_says_so(
    score: Score, small_caseload: Any, tmp_path: Path, source: str, status: str
) -> None:
    other = small_caseload.event.filter(pc.starts_with(small_caseload.event["code"], "MHS_CONTACT"))
    names = other.schema.names
    moved = other.set_column(names.index("source"), "source", pa.array([source] * other.num_rows))
    result = score(replace(small_caseload, event=moved), tmp_path)
    assert result.status == status
    assert conform(SCORE, result.scores).num_rows == 0
