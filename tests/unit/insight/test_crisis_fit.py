"""Which candidate ships, when is there no model, and does a stored model score as the fitted one did?"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scipy.special import expit

from washhouse.core.errors import HomeError
from washhouse.insight.features.compile import list_events
from washhouse.insight.features.matrix import Matrix
from washhouse.insight.features.registry import CRISIS_FEATURES
from washhouse.insight.models.card import build_card, render_card
from washhouse.insight.models.checks import check_shuffled
from washhouse.insight.models.cohort import Cohort
from washhouse.insight.models.fit import Comparison, Fit, NoFit, fit_outcome
from washhouse.insight.models.places import check_places, choose_half, in_half
from washhouse.insight.models.plan import Split, split_index_dates, split_training
from washhouse.insight.models.points import POINT_LOG_ODDS, count_points, list_points
from washhouse.insight.models.reasons import choose_reasons, take_apart
from washhouse.insight.models.record import NEEDS_A_PERSON, TITLES, build_model_record, render_model_record
from washhouse.insight.models.states import Registry, move_of
from washhouse.insight.models.store import dump_model, load_model, read_model, write_model
from washhouse.insight.outcomes.contract import Algorithm
from washhouse.insight.outcomes.crisis import CRISIS

NAMES = tuple(feature.name for feature in CRISIS_FEATURES)
DATES = tuple(date(2021, 1, 4) + timedelta(28 * number) for number in range(40))


def cohort(signal: str, people: int = 220, seed: int = 0) -> Cohort:
    """Person-indexes whose crises follow homelessness (an item of the points list), A&E visits (none), or nothing."""
    rng = np.random.default_rng(seed)
    rows = people * len(DATES)
    values = np.zeros((rows, len(NAMES)))
    values[:, NAMES.index("is_homeless")] = np.tile(rng.random(people) < 0.25, len(DATES))
    values[:, NAMES.index("emergency_90d")] = rng.poisson(0.7, rows)
    values[:, NAMES.index("age_years")] = np.tile(rng.uniform(20, 80, people), len(DATES))
    values[:, NAMES.index("days_since_crisis")] = np.nan
    strength = {"homeless": {"is_homeless": 1.8}, "emergency": {"emergency_90d": 1.1}, "nothing": {}}
    strength["both"] = strength["homeless"] | strength["emergency"]
    odds = -3.5 + sum(
        effect * np.minimum(values[:, NAMES.index(name)], 3) for name, effect in strength[signal].items()
    ) * np.ones(rows)
    return Cohort(
        index_date=np.repeat(np.array(DATES, dtype="datetime64[D]"), people),
        person=np.tile(np.arange(people), len(DATES)),
        outcome=rng.random(rows) < expit(odds),
        matrix=Matrix(NAMES, values.astype(np.float32)),
    )


LINEAR = replace(CRISIS, algorithms=("points", "logistic"))
"""Boosted trees have tests of their own."""


def fit(data: Cohort, split: Split | None = None) -> Fit | NoFit:
    return fit_outcome(LINEAR, data, split or split_index_dates(CRISIS, DATES))


def compared(found: Fit) -> Comparison:
    (only,) = found.comparisons
    return only


@pytest.fixture(scope="module")
def fitted() -> Fit:
    found = fit(cohort("emergency"))
    assert isinstance(found, Fit)
    return found


def test_the_logistic_model_ships_where_it_sees_more(fitted: Fit) -> None:
    assert fitted.shipped == "logistic"
    assert compared(fitted).choice.lower > 0
    assert compared(fitted).test.lower > 0


def test_the_points_list_ships_where_the_other_adds_nothing_sure() -> None:
    found = fit(cohort("homeless"))
    assert isinstance(found, Fit)
    assert compared(found).choice.lower <= 0
    assert found.shipped == "points"
    points = {item["words"]: item["points"] for item in list_points(CRISIS.items, found.candidates["points"].model)}
    assert points["Homeless or in temporary accommodation"] > 4
    assert points["Missed a contact in the last 90 days"] == 0


def test_the_test_chooses_nothing() -> None:
    """Where the logistic model sees no more before the test, it does not ship, whatever the test says."""
    split, both, homeless = split_index_dates(CRISIS, DATES), cohort("both"), cohort("homeless")
    _, later = split_training(CRISIS, split)
    late = np.isin(both.index_date, np.array(later, dtype="datetime64[D]"))
    found = fit(replace(both, outcome=np.where(late, homeless.outcome, both.outcome)), split)
    assert isinstance(found, Fit)
    assert compared(found).test.lower > 0
    assert compared(found).choice.lower <= 0
    assert found.shipped == "points"


def test_too_few_crises_to_compare_leave_the_points_list() -> None:
    split, data = split_index_dates(CRISIS, DATES), cohort("both")
    earlier, _ = split_training(CRISIS, split)
    early = np.isin(data.index_date, np.array(earlier, dtype="datetime64[D]"))
    found = fit(replace(data, outcome=data.outcome & ~early), split)
    assert isinstance(found, Fit)
    assert (found.shipped, compared(found).choice.lower, compared(found).choice.upper) == ("points", -1.0, 1.0)


def test_calibration_holds_on_later_months(fitted: Fit) -> None:
    figures, parts = fitted.candidates["logistic"].figures, fitted.parts
    assert figures["calibration_slope"].lower < 1 < figures["calibration_slope"].upper
    # Expected over observed varies as the counts of crises that each rests on do.
    spread = np.sqrt(1 / int(parts["calibration"]["events"] or 1) + 1 / int(parts["test"]["events"] or 1))
    assert figures["expected_over_observed"].value == pytest.approx(1, abs=3 * spread)


def test_nothing_planted_nothing_shipped() -> None:
    found = fit(cohort("nothing"))
    assert isinstance(found, NoFit)
    assert found.status == "no-better-than-chance"


def test_too_few_crises_no_model() -> None:
    found = fit(cohort("emergency", people=12))
    assert isinstance(found, NoFit)
    assert found.status == "too-few-events"
    assert "60 needed" in found.message


def test_no_dates_no_model() -> None:
    found = fit(cohort("emergency"), Split((), (), ()))
    assert isinstance(found, NoFit)


def test_points_are_whole_and_never_negative(fitted: Fit) -> None:
    model = fitted.candidates["points"].model
    points = model.coefficients / POINT_LOG_ODDS
    np.testing.assert_array_equal(points, np.maximum(0, np.round(points)))
    counted = count_points(model, cohort("emergency").matrix)
    np.testing.assert_array_equal(counted, np.round(counted))


def test_the_same_data_gives_the_same_model(fitted: Fit) -> None:
    again = fit(cohort("emergency"))
    assert isinstance(again, Fit)
    for name, candidate in fitted.candidates.items():
        other = again.candidates[name]
        assert dump_model(candidate.model, candidate.calibration) == dump_model(other.model, other.calibration)
        assert candidate.figures == other.figures


def test_a_stored_model_scores_as_the_fitted_one(fitted: Fit, tmp_path: Path) -> None:
    candidate, matrix = fitted.candidates["logistic"], cohort("emergency", people=20).matrix
    folder = tmp_path / "crisis" / "v1"
    write_model(folder, {"model.json": json.dumps(dump_model(candidate.model, candidate.calibration))})
    write_model(folder, {"model.json": "a model that exists stays"})
    model, calibration = load_model(read_model(folder))
    np.testing.assert_allclose(model.log_odds(matrix), candidate.model.log_odds(matrix), rtol=1e-7)
    np.testing.assert_allclose(
        calibration.interval(model.log_odds(matrix), model.variance(matrix)),
        candidate.calibration.interval(candidate.model.log_odds(matrix), candidate.model.variance(matrix)),
        rtol=1e-6,
    )
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["crisis", "model.json", "v1"]


def test_an_unreadable_model_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text("{")
    with pytest.raises(HomeError) as refusal:
        read_model(tmp_path)
    assert refusal.value.code == "model-unreadable"


def test_reasons_sum_up_and_cite_their_events(fitted: Fit) -> None:
    candidate = fitted.candidates["logistic"]
    values = np.zeros((2, len(NAMES)), np.float32)
    values[:, NAMES.index("age_years")] = 40
    values[0, NAMES.index("emergency_90d")] = 2
    matrix = Matrix(NAMES, values)
    parts = take_apart(candidate.model, candidate.calibration, matrix)
    odds = candidate.calibration.log_odds(candidate.model.log_odds(matrix))
    np.testing.assert_allclose(parts.base + parts.by_feature.sum(axis=1), odds)
    kinds = [kind.name for kind in list_events(CRISIS_FEATURES)]
    evidence = pa.table(
        {
            "row": [0, 0, 0],
            "events": [kinds.index("emergency-attendance")] * 3,
            "days": [12, 60, 200],
            "is_open": [False] * 3,
            "event_ref": ["a1", "a2", "a3"],
        }
    )
    with_visits, without = (
        json.loads(text) for text in choose_reasons(CRISIS_FEATURES, fitted.usual, parts, matrix).tell(evidence)
    )
    assert with_visits[0]["text"] == "Went to A&E 2 times in the last 90 days"
    assert with_visits[0]["event_refs"] == ["a1", "a2"]  # the third lies outside the window
    assert all(reason["feature"] != "emergency_90d" for reason in without)
    # Taking the events of the first reason away moves the log-odds as the reason says.
    moved = odds[0] - odds[1]
    emergency = [feature.theme.name == "emergency-care" for feature in CRISIS_FEATURES]
    still = parts.by_feature[1, emergency].sum()
    assert with_visits[0]["contribution"] - still == pytest.approx(moved, abs=1e-4)


@pytest.mark.parametrize("name", ["points", "logistic"])
def test_a_sum_without_a_feature_moves_by_what_the_feature_adds(fitted: Fit, name: str) -> None:
    """Exactly, for points and logistic: set back to what a feature is where nothing happened, and scored anew."""
    candidate, matrix = fitted.candidates[name], cohort("both", people=40, seed=4).matrix
    absent = {"emergency_90d": 0.0, "is_homeless": np.nan, "days_since_crisis": np.nan}
    for feature, value in absent.items():
        values = matrix.values.copy()
        values[:, NAMES.index(feature)] = value
        both = (matrix, Matrix(NAMES, values))
        before, after = (take_apart(candidate.model, candidate.calibration, each) for each in both)
        odds = [candidate.calibration.log_odds(candidate.model.log_odds(each)) for each in both]
        place = NAMES.index(feature)
        np.testing.assert_allclose(
            odds[0] - odds[1], before.by_feature[:, place] - after.by_feature[:, place], atol=1e-9
        )
        if name == "points":
            assert not after.by_feature[:, place].any(), "what is absent has no points: the part is the whole move"


def test_self_injury_never_shows(fitted: Fit) -> None:
    text = json.dumps(build(fitted)) + render_model_record(build(fitted))
    assert "979651000000100" not in text
    assert "honos_item_2" not in text


def build(found: Fit) -> dict:
    return build_model_record(CRISIS, found, "v1", inputs="aa", record_version="v000001-00", today=date(2024, 3, 1))


def test_the_record_says_what_only_a_person_can_fill_in_and_how_sure_it_is(fitted: Fit) -> None:
    record = build(fitted)
    page = render_model_record(record)
    assert record["owner"] == record["clinical_safety_officer"] == NEEDS_A_PERSON
    assert not record["data"]["enough_test_episodes"]
    assert "fewer than 1000: read the intervals" in page
    assert f"| {NEEDS_A_PERSON} |" in page
    assert "step" in page and "low, medium or high" in page
    assert "AUROC" in page and " to " in page
    assert "The test chose nothing." in page and "margin that decided " in page
    assert "Every figure is on the people of this home." in page
    enough = replace(fitted, parts={**fitted.parts, "test": {**fitted.parts["test"], "events": 1000}})
    assert build(enough)["data"]["enough_test_episodes"]


def test_the_record_says_of_how_many_people_a_sample_was_taken(fitted: Fit) -> None:
    assert "everybody of the record" in render_model_record(build(fitted))
    some = build_model_record(
        CRISIS, fitted, "v1", inputs="aa", sampled=0.2143, record_version="v1", today=date(2024, 3, 1)
    )
    assert "a sample of 21.4% of the record's people, about 300,000, by id" in render_model_record(some)


def test_the_card_answers_every_item_or_says_that_a_person_must(fitted: Fit) -> None:
    moved = {"at": datetime(2026, 7, 1), "actor": "ann", "reason": "ranks <better>", "record_version": "v1"}
    registry = Registry("crisis").add(move_of("promoted", "v1", **moved))  # type: ignore[arg-type]
    card = build_card(build(fitted), registry, "on the invented city")
    assert len(card["tripod_ai"]) == 52, "TRIPOD+AI has 27 items, 52 with their parts"
    assert len({item["number"] for item in card["tripod_ai"]}) == 52
    assert {item["number"].rstrip("abcdefg") for item in card["tripod_ai"]} == {str(n) for n in range(1, 28)}
    answers = {item["number"]: item for item in card["tripod_ai"]}
    assert "AUROC 0." in answers["23a"]["answer"] and "on the invented city" in answers["23a"]["answer"]
    assert not answers["17"]["is_filled"] and answers["17"]["answer"] == NEEDS_A_PERSON
    assert not answers["5a"]["is_filled"] and not answers["20b"]["is_filled"], "part of the answer is a person's"
    assert "without sight" not in answers["8c"]["answer"]
    other = build_card({**build(fitted), "name": "reattendance"}, registry, "")["tripod_ai"]
    in_use = [next(item["answer"] for item in each if item["number"] == "27a") for each in (card["tripod_ai"], other)]
    assert ["mental-health" in answer for answer in in_use] == [True, False], "only the caseload is ranked"
    assert len(card["probast_ai"]) == 8
    assert not any(item["is_filled"] for item in card["probast_ai"]), "a rating is a person's"
    assert json.loads(json.dumps(card))["version"] == "v1"
    page = render_card(card)
    assert "ranks &lt;better&gt;" in page and "champion" in page
    assert "<script" not in page and "http" not in page.replace("http-equiv", "")
    assert page.count("<tr>") > 90


@pytest.mark.parametrize(("algorithm", "setting"), [("logistic", 0.01), ("points", 1.0), ("boosted", 20.0)])
def test_shuffled_outcomes_teach_nothing(algorithm: Algorithm, setting: float) -> None:
    data, split = cohort("both", people=120), split_index_dates(CRISIS, DATES)
    found = check_shuffled(LINEAR, data.at(split.fit), data.at(split.test), algorithm, setting, shuffles=2)
    assert found["is_met"] and found["auroc"] == pytest.approx(0.5, abs=found["allowed"])
    assert 0.02 <= found["allowed"] < 0.1
    assert found["says"].startswith(f"{TITLES[algorithm].capitalize()}: AUROC 0.")


def with_practices(data: Cohort, names: list[str]) -> Cohort:
    """The same, each person registered with the practice of their number."""
    rows = len(data.outcome)
    nothing = {name: pa.nulls(rows, kind) for name, kind in (("birth_month", pa.date32()), ("small_area", pa.string()))}
    given = {"practice": np.tile(names, len(DATES)), "sex": ["female"] * rows, "ethnic_category": ["A"] * rows}
    return replace(data, people=pa.table({**given, **nothing, "deprivation_decile": pa.nulls(rows, pa.int32())}))


def test_a_model_is_judged_in_practices_that_it_never_saw() -> None:
    """Crises follow homelessness in the practices that the model saw, and nothing in the others."""
    split, seen, unseen = split_index_dates(CRISIS, DATES), cohort("homeless"), cohort("nothing", seed=1)
    everywhere = with_practices(seen, [f"P{number % 40}" for number in range(220)])
    first = in_half(everywhere, choose_half([everywhere]))
    assert 0.45 < first.mean() < 0.55
    holds = check_places(LINEAR, "points", everywhere.parts(split))
    elsewhere = replace(everywhere, outcome=np.where(first, seen.outcome, unseen.outcome))
    fails = check_places(LINEAR, "points", elsewhere.parts(split))
    assert holds["figures"]["auroc"]["lower"] > 0.55 and holds["practices"] == {"all": 40, "seen": 20}
    assert fails["figures"]["auroc"]["lower"] < 0.5
    assert ([gate["is_met"] for gate in holds["gates"]], [gate["is_met"] for gate in fails["gates"]]) == (
        [True],
        [False],
    )
    few = check_places(LINEAR, "points", replace(everywhere, outcome=seen.outcome & ~first).parts(split))
    assert few["status"] == "too-few-events" and "fit: 0, 60 needed" in few["message"]


def test_a_model_that_does_not_hold_in_other_places_fails_a_gate() -> None:
    split, seen, unseen = split_index_dates(CRISIS, DATES), cohort("homeless"), cohort("nothing", seed=1)
    everywhere = with_practices(seen, [f"P{number % 40}" for number in range(220)])
    first = in_half(everywhere, choose_half([everywhere]))
    only = replace(LINEAR, algorithms=("points",))
    held, broken = (
        fit_outcome(only, each, split)
        for each in (everywhere, replace(everywhere, outcome=np.where(first, seen.outcome, unseen.outcome)))
    )
    assert isinstance(held, Fit) and isinstance(broken, Fit)
    verdicts = [{gate.name: gate.is_met for gate in each.gates}["holds-in-other-practices"] for each in (held, broken)]
    assert verdicts == [True, False]
    record = build(held)
    assert record["places"]["status"] == "judged"
    answers = {item["number"]: item["answer"] for item in build_card(record, Registry("crisis"), "")["tripod_ai"]}
    assert answers["23b"].startswith("Fitted on half of the practices, in the other half: AUROC 0.")


def test_one_practice_has_no_other_and_that_is_said() -> None:
    alone = with_practices(cohort("homeless"), ["P1"] * 220)
    found = fit_outcome(replace(LINEAR, algorithms=("points",)), alone, split_index_dates(CRISIS, DATES))
    assert isinstance(found, Fit)
    (gate,) = [gate for gate in found.gates if gate.name == "holds-in-other-practices"]
    assert gate.is_met and gate.says.startswith("Not judged: halves of the practices hold too few crises")


@pytest.mark.parametrize("practices", [2, 4, 7])
def test_halves_of_few_practices_are_as_even_as_can_be(practices: int) -> None:
    people = [f"P{number % practices}" for number in range(220)]
    data = with_practices(cohort("nothing"), people)
    share = in_half(data, choose_half([data])).mean()
    assert abs(share - 0.5) <= 0.5 / practices + 0.01
