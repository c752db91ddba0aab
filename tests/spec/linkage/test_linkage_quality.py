"""What the quality report says of small linkages with known errors, and what it keeps to itself."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from washhouse.core.home import LinkageLimits
from washhouse.lake.schemas import arrow_schema
from washhouse.linkage.expected_errors import Expected, expected_errors
from washhouse.linkage.quality import FIGURES, quality_report
from washhouse.linkage.quality_groups import dimensions
from washhouse.linkage.quality_limits import quality_breaches
from washhouse.sources.identity import IDENTITY


def records(rows: list[dict[str, Any]]) -> pa.Table:
    common = {
        "identity_kind": "clear",
        "restricted": False,
        "first_seen": datetime(2024, 1, 1),
        "last_seen": datetime(2025, 1, 1),
    }
    filled = [{"source": "gp", "source_id": f"{i:06d}", **common, **row} for i, row in enumerate(rows)]
    schema = arrow_schema(IDENTITY)
    return pa.table({f.name: pa.array([r.get(f.name) for r in filled], f.type) for f in schema}, schema=schema)


def bits(probability: float) -> float:
    return float(np.log2(probability / (1 - probability)))


def expect(label: list[int], pairs: dict[tuple[int, int], float]) -> Expected:
    left, right = (np.array([pair[side] for pair in pairs], dtype=np.int64) for side in (0, 1))
    return expected_errors(np.array(label), left, right, np.array([bits(p) for p in pairs.values()]))


def test_a_pair_is_wrong_with_what_its_probability_leaves() -> None:
    found = expect([0, 0, 2, 3], {(0, 1): 0.9, (2, 3): 0.2})
    assert found.false.tolist() == pytest.approx([0.1, 0.1, 0, 0])
    assert found.probability[found.apart].tolist() == pytest.approx([0.2])
    assert found.linked.tolist() == [1, 1, 0, 0]


def test_a_weak_pair_is_held_by_the_others_of_its_person() -> None:
    found = expect([0, 0, 0], {(0, 1): 0.999, (1, 2): 0.999, (0, 2): 0.4})
    assert found.false.sum() / 2 < 0.01, "not the 0.6 that the pair alone says"


def test_a_record_that_its_person_speaks_against_is_doubted() -> None:
    found = expect([0, 0, 0], {(0, 1): 0.999, (1, 2): 0.9, (0, 2): 0.0001})
    assert found.false[2] > 1.9


def test_two_people_are_weighed_by_all_pairs_between_them() -> None:
    label = [0, 0, 2, 2]
    inside = {(0, 1): 0.999, (2, 3): 0.999}
    across = [(0, 2), (0, 3), (1, 2), (1, 3)]
    agreed = expect(label, inside | dict.fromkeys(across, 0.6))
    torn = expect(label, inside | dict.fromkeys(across[:2], 0.6))
    assert agreed.probability[agreed.apart].tolist() == pytest.approx([0.6] * 4)
    assert torn.probability[torn.apart].tolist() == pytest.approx([0.1096] * 2, abs=1e-4), "two of four at 1 %"


def test_a_pair_joined_through_others_counts_as_never_compared() -> None:
    found = expect([0, 0, 0], {(0, 1): 0.999, (1, 2): 0.999})
    assert found.joined.tolist() == pytest.approx([1.0, 0.0, 1.0], abs=0.01)
    assert found.linked.tolist() == [2, 2, 2]


def test_records_that_a_decision_joined_are_not_doubted() -> None:
    found = expected_errors(np.array([0, 0]), *(np.empty(0, np.int64) for _ in range(2)), np.empty(0))
    assert found.false.tolist() == [0.0, 0.0]


def group_of(rows: list[dict[str, Any]], person: list[int], name: str) -> list[str]:
    dimension = next(d for d in dimensions(records(rows), np.array(person)) if d.name == name)
    return [dimension.groups[code] for code in dimension.of_person]


@pytest.mark.parametrize(
    ("field", "values", "name", "groups"),
    [
        ("ethnic_category", list("ABCDGHLRMPSZ"), "ethnicity", "White White White Mixed Mixed Asian Asian Asian "
         "Black Black Other Not_stated"),
        ("ethnic_category", ["99", None, "?"], "ethnicity", "Not_known Not_recorded Not_recorded"),
        ("deprivation_decile", [1, 2, 3, 10, None], "deprivation", "1,_most_deprived 1,_most_deprived 2 "
         "5,_least_deprived Not_recorded"),
        ("birth_date", [date(2010, 1, 1), date(2007, 1, 2), date(2006, 12, 31), date(1940, 1, 1), None], "age",
         "0_to_17 0_to_17 18_to_34 80_and_over Not_recorded"),
        ("sex", ["female", "male", "indeterminate", None], "sex", "Female Male Not_known_or_other Not_known_or_other"),
        ("postcode", ["zz99 3vz", "L8 1TN", None], "abode", "No_fixed_abode Fixed_abode Fixed_abode"),
        ("address", ["No Fixed Abode", "1 Mill Road"], "abode", "No_fixed_abode Fixed_abode"),
    ],
)  # fmt: skip
def test_groups_are_what_was_recorded(field: str, values: list[Any], name: str, groups: str) -> None:
    found = group_of([{field: value} for value in values], list(range(len(values))), name)
    assert found == [group.replace("_", " ") for group in groups.split()]


def test_a_person_has_the_group_that_most_records_give_and_a_real_answer_before_not_stated() -> None:
    rows = [{"ethnic_category": code} for code in ("Z", "Z", "M", None, "A", "H", "H", "Z", None)]
    found = group_of(rows, [0, 0, 0, 0, 1, 1, 1, 2, 2], "ethnicity")
    assert found == ["Black"] * 4 + ["Asian"] * 3 + ["Not stated"] * 2


def test_the_dead_keep_the_age_of_their_death() -> None:
    rows = [{"birth_date": date(1940, 1, 1), "death_date": date(1990, 1, 1)}]
    assert group_of(rows, [0], "age") == ["50 to 64"]


def linkage(pairs: int, *, wrong: dict[str, int], missed: dict[str, int]) -> tuple[pa.Table, Any, Expected, Any]:
    """Pairs of records of two groups; of each, some doubtful links and some pairs half likely kept apart."""
    rows, label, left, right, weights = [], [], [], [], []
    for code in ("A", "M"):
        for i in range(pairs):
            a = len(rows)
            rows += [{"ethnic_category": code, "sex": "female"}, {"ethnic_category": code, "source": "hospital"}]
            apart = i < missed[code]
            label += [a, a + 1 if apart else a]
            left.append(a)
            right.append(a + 1)
            weights.append(bits(0.4 if apart else 0.6 if i < missed[code] + wrong[code] else 0.99999))
    table = records(rows)
    expected = expected_errors(np.array(label), np.array(left), np.array(right), np.array(weights))
    return table, np.array(label), expected, np.full(len(expected.left), 3, np.int8)


def row_of(report: dict[str, Any], group: str) -> dict[str, Any]:
    return next(row for row in report["groups"] if row["group"] == group)


def test_rates_and_ratios_are_those_that_were_planted() -> None:
    report = quality_report(*linkage(1000, wrong={"A": 20, "M": 60}, missed={"A": 30, "M": 30}))
    black = row_of(report, "Black")
    assert black["people"] == 1030
    assert black["false"]["rate"] == pytest.approx(60 * 0.4 / 970, rel=0.01)
    assert black["false"]["ratio"] == pytest.approx(3, rel=0.02)
    assert black["false"]["ratio_low"] > 1
    assert black["missed"]["rate"] == pytest.approx(30 * 0.4 / (970 - 24 + 12), rel=0.01)
    assert black["missed"]["ratio_low"] < 1 < black["missed"]["ratio_high"]
    assert black["alone"]["rate"] == pytest.approx(0.03, rel=0.01)
    assert report["expected_false"] == pytest.approx(32, rel=0.01)
    assert report["limits"]["excluding_parity"] >= 2


def test_missed_links_of_one_group_show() -> None:
    report = quality_report(*linkage(1000, wrong={"A": 20, "M": 20}, missed={"A": 30, "M": 90}))
    black, white = row_of(report, "Black"), row_of(report, "White")
    assert black["missed"]["ratio_low"] > 1
    assert white["missed"]["ratio_high"] < 1
    assert black["false"]["ratio_low"] < 1 < black["false"]["ratio_high"]


def test_a_record_without_an_answer_is_counted_where_its_likely_partner_stands() -> None:
    table, label, expected, caught = linkage(1000, wrong={"A": 0, "M": 0}, missed={"A": 30, "M": 30})
    blank = pa.array([code if i % 2 == 0 else None for i, code in enumerate(table["ethnic_category"].to_pylist())])
    table = table.set_column(table.schema.get_field_index("ethnic_category"), "ethnic_category", blank)
    report = quality_report(table, label, expected, caught)
    assert row_of(report, "Black")["missed"]["rate"] == pytest.approx(12 / (970 + 12), rel=0.01)
    assert row_of(report, "Not recorded")["missed"] is None


def test_groups_of_fewer_than_ten_people_are_named_and_nothing_else() -> None:
    table, label, expected, caught = linkage(1000, wrong={"A": 0, "M": 0}, missed={"A": 30, "M": 30})
    codes = ["S" if i < 18 else "A" for i in range(table.num_rows)]
    table = table.set_column(table.schema.get_field_index("ethnic_category"), "ethnic_category", pa.array(codes))
    report = quality_report(table, label, expected, caught)
    assert row_of(report, "Other")["people"] == 20, "18 people, rounded"
    codes = ["S" if i < 9 else "A" for i in range(table.num_rows)]
    table = table.set_column(table.schema.get_field_index("ethnic_category"), "ethnic_category", pa.array(codes))
    hidden = row_of(quality_report(table, label, expected, caught), "Other")
    assert hidden["people"] is None
    assert [hidden[name] for name in FIGURES] == [None, None, None]


def test_the_report_is_plain_and_names_nobody() -> None:
    table, *rest = linkage(1000, wrong={"A": 20, "M": 20}, missed={"A": 30, "M": 30})
    text = json.dumps(quality_report(table, *rest), allow_nan=False)
    assert not any(source_id in text for source_id in table["source_id"].to_pylist())
    assert len(text) < 20_000


def test_pairs_that_rules_find_once_tell_of_pairs_never_compared() -> None:
    table, label, expected, _ = linkage(1000, wrong={"A": 0, "M": 0}, missed={"A": 0, "M": 0})
    rng = np.random.default_rng(3)
    caught = rng.choice([1, 2, 3, 4], len(expected.left), p=[0.1, 0.2, 0.3, 0.4]).astype(np.int8)
    once, twice = (caught == 1).sum(), (caught == 2).sum()
    report = quality_report(table, label, expected, caught)
    assert report["expected_never_compared"] == pytest.approx(once**2 / 2 / (twice + 1), rel=0.01)


def test_limits_are_judged_by_the_estimate_for_everybody_and_by_the_lower_end_for_groups() -> None:
    report = quality_report(*linkage(1000, wrong={"A": 5, "M": 100}, missed={"A": 30, "M": 30}))
    free = LinkageLimits(max_false_links=0, max_missed_links=0, max_group_ratio=0)
    assert quality_breaches(report, free) == []
    assert quality_breaches(report, LinkageLimits(max_false_links=0.9, max_group_ratio=100)) == []
    rate = report["overall"]["false"]["rate"]
    over = quality_breaches(report, LinkageLimits(max_false_links=rate * 0.99, max_missed_links=0, max_group_ratio=0))
    assert [breach.setting for breach in over] == ["max_false_links"]
    low = row_of(report, "Black")["false"]["ratio_low"]
    groups = LinkageLimits(max_false_links=0, max_missed_links=0, max_group_ratio=low * 0.99)
    assert [breach.setting for breach in quality_breaches(report, groups)] == ["max_group_ratio"]
    assert "Ethnic group, Black" in quality_breaches(report, groups)[0].words
    wide = LinkageLimits(max_false_links=0, max_missed_links=0, max_group_ratio=low * 1.01)
    assert quality_breaches(report, wide) == []
