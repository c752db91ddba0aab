"""What stewards' answers say of precision and recall, and when they say nothing yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from washhouse.linkage.labelled import Stratum, cause_of, count_strata, labelled_quality, sample_bands


@dataclass(frozen=True)
class Answer:
    left_key: str
    right_key: str
    answer: str
    probability: float | None
    queue_cause: str


STRATA = (
    Stratum(0.1, 0.5, False, 1_000),
    Stratum(0.5, 0.9, True, 100),
    Stratum(0.999, 1.0, True, 9_000),
)


def answers(probability: float, together: bool, same: int, different: int, sampled: bool = True) -> list[Answer]:
    cause = cause_of("near-threshold", together, sampled)
    return [
        Answer(f"l{probability}{together}{sampled}{i}", "r", "same" if i < same else "different", probability, cause)
        for i in range(same + different)
    ]


def test_a_sampled_answer_stands_for_its_band() -> None:
    labels = [*answers(0.3, False, 2, 18), *answers(0.7, True, 15, 5), *answers(0.9999, True, 20, 0)]
    found = labelled_quality(labels, STRATA)
    linked_same = 100 * 0.75 + 9_000
    assert found["precision"]["estimate"] == pytest.approx(linked_same / 9_100, abs=1e-4)
    assert found["recall"]["estimate"] == pytest.approx(linked_same / (linked_same + 100), abs=1e-4)
    for measure in ("precision", "recall"):
        assert found[measure]["lower"] < found[measure]["estimate"] <= found[measure]["upper"] <= 1


def test_an_answer_of_the_queue_stands_for_itself_only() -> None:
    sample = [*answers(0.3, False, 0, 20), *answers(0.7, True, 20, 0), *answers(0.9999, True, 20, 0)]
    doubtful = answers(0.6, True, 0, 10, sampled=False)
    found = labelled_quality([*sample, *doubtful], STRATA)
    # Ten doubtful links were wrong; taken for a random sample they would have cost a third of the band.
    assert found["precision"]["estimate"] == pytest.approx(9_090 / 9_100, abs=1e-4)
    assert found["sampled"] == 60 and found["answers"] == 70


def test_too_few_answers_give_no_figure_but_say_how_many_are_missing() -> None:
    found = labelled_quality(answers(0.3, False, 1, 2), STRATA)
    assert found["precision"] is None and found["recall"] is None
    assert found["needed"] == 2 + 5 + 5
    nothing = labelled_quality([], ())
    assert nothing["precision"] is None and nothing["answers"] == 0


def test_more_answers_narrow_the_interval() -> None:
    def width(size: int) -> float:
        labels = [*answers(0.3, False, 0, size), *answers(0.7, True, size, 0), *answers(0.9999, True, size, 0)]
        found = labelled_quality(labels, STRATA)["precision"]
        return float(found["upper"] - found["lower"])

    assert width(60) < width(20) < width(6)


def test_cannot_tell_is_counted_and_left_out() -> None:
    labels = [*answers(0.3, False, 0, 9), *answers(0.7, True, 9, 0), *answers(0.9999, True, 9, 0)]
    unsure = Answer("u", "r", "unsure", 0.7, "sample/linked")
    with_it, without = labelled_quality([*labels, unsure], STRATA), labelled_quality(labels, STRATA)
    assert with_it["unsure"] == 1
    assert with_it["precision"] == without["precision"]
    assert any("cannot tell" in told for told in with_it["rests_on"])


def test_the_latest_answer_about_a_pair_counts() -> None:
    first = Answer("a", "b", "same", 0.7, "sample/linked")
    second = Answer("b", "a", "different", 0.7, "sample/linked")
    rows = labelled_quality([first, second], STRATA)["bands"]
    assert [(row["sampled"], row["sampled_same"]) for row in rows] == [(0, 0), (1, 0), (0, 0)]


@pytest.mark.parametrize("seed", range(3))
def test_the_interval_covers_the_truth_where_the_queue_is_asked_first(seed: int) -> None:
    """Pairs with a known truth: the doubtful ones are answered first, then a random sample of the rest."""
    rng = np.random.default_rng(seed)
    chances = rng.beta(0.3, 0.2, 20_000) * 0.98 + 0.02
    truth = rng.random(20_000) < chances**1.3
    linked = chances >= 0.5
    strata = count_strata(chances, linked)
    drawn = sample_bands(chances, rng)
    doubtful = np.setdiff1d(np.argsort(np.abs(chances - 0.5))[:200], drawn)
    labels = [
        Answer(str(i), "r", "same" if truth[i] else "different", chances[i], cause_of("x", bool(linked[i]), sampled))
        for places, sampled in ((drawn, True), (doubtful, False))
        for i in places.tolist()
    ]
    found = labelled_quality(labels, strata)
    actual: dict[str, Any] = {"precision": truth[linked].mean(), "recall": linked[truth].mean()}
    for measure, value in actual.items():
        assert found[measure]["lower"] <= value <= found[measure]["upper"]


def test_a_sample_is_drawn_from_every_band_without_replacement() -> None:
    chances = np.concatenate([np.full(500, 0.05), np.full(3, 0.7), np.full(500, 0.9999)])
    drawn = sample_bands(chances, np.random.default_rng(1), size=40)
    assert len(drawn) == len(set(drawn.tolist())) == 83
    assert sample_bands(np.empty(0), np.random.default_rng(1)).tolist() == []
