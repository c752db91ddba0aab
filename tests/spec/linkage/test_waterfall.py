"""A waterfall tells a pair's weight: its steps add up, and each is in words."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from washhouse.linkage.encode import Encoded, encode, with_setting
from washhouse.linkage.explain import PRIOR, Agreement, agreement_of, pattern_levels, say_strength, waterfall
from washhouse.linkage.fields import EQUAL_LEVELS, FIELDS, LEVELS, category_field, number_field
from washhouse.linkage.scoring import Scored, score_pairs

LAST = "Smith Jones Khan Brien Walker Nowak Brown Patel Lee Okafor".split()  # noqa: SIM905
FIRST = "Olivia Amelia Jack Thomas Wren Kai Priya Sean Ada Leo".split()  # noqa: SIM905


def people(seed: int) -> Encoded:
    """Forty people, each with a record in two sources; every third moved, every fourth has a slip in the name."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(40):
        name, surname = FIRST[rng.integers(10)], LAST[rng.integers(10)]
        born = f"{1940 + int(rng.integers(60))}-{1 + int(rng.integers(12)):02}-{1 + int(rng.integers(28)):02}"
        rows.append((name, surname, born, f"{i} Dock Street", f"WH{i % 9} 1AA", None))
        moved = f"{i} Hope Road" if i % 3 == 0 else f"{i} Dock Street"
        rows.append((name + ("x" if i % 4 == 0 else ""), surname, born, moved, f"WH{i % 9} 1AA", f"10{i}"))
    names = ("first_name", "surname", "birth_date", "address", "postcode", "uprn")
    columns = {name: pa.array(list(values)) for name, values in zip(names, zip(*rows, strict=True), strict=True)}
    return with_setting(encode(columns, [FIELDS[name] for name in names]), np.tile([0, 1], 40).astype(np.int32))


@pytest.fixture(scope="module", params=[1, 2])
def scored(request: pytest.FixtureRequest) -> Scored:
    return score_pairs(people(request.param), settings=2)


def test_the_steps_of_every_pattern_add_up_to_its_weight(scored: Scored) -> None:
    assert len(scored.patterns) > 20
    for pattern, weight in zip(scored.patterns.tolist(), scored.weights.tolist(), strict=True):
        steps = waterfall(scored.model, pattern)
        assert sum(step.bits for step in steps) == pytest.approx(weight, abs=1e-9)
        assert steps[-1].total == pytest.approx(weight, abs=1e-9)
        assert np.cumsum([step.bits for step in steps]) == pytest.approx([step.total for step in steps], abs=1e-9)


def test_a_waterfall_begins_with_the_prior_and_tells_every_field_once(scored: Scored) -> None:
    steps = waterfall(scored.model, int(scored.patterns[0]))
    assert (steps[0].field, steps[0].bits) == (PRIOR, pytest.approx(scored.model.prior))
    assert sorted(step.field for step in steps[1:]) == sorted(field.name for field in scored.model.fields)
    # The place is told before the family, the family before the person.
    told = [step.field for step in steps]
    assert told.index("postcode") < told.index("surname") < told.index("birth_date")


def test_a_pattern_and_its_levels_are_told_alike(scored: Scored) -> None:
    for pattern, levels in zip(scored.patterns.tolist(), scored.levels.tolist(), strict=True):
        assert pattern_levels(scored.model, pattern) == tuple(levels)
    pattern = int(scored.patterns[-1])
    assert waterfall(scored.model, pattern) == waterfall(scored.model, pattern_levels(scored.model, pattern))


def test_what_is_missing_is_said_and_counts_nothing(scored: Scored) -> None:
    for pattern in scored.patterns.tolist():
        for step in waterfall(scored.model, pattern):
            if step.agreement is Agreement.MISSING:
                assert step.bits == pytest.approx(0.0, abs=1e-9)
                assert step.outcome in ("missing on one side or both", "told by the property reference")


def test_every_level_has_words_and_a_coarse_agreement() -> None:
    fields = {field.kind: field for field in (*FIELDS.values(), category_field("town"), number_field("height"))}
    for kind, levels in LEVELS.items():
        found = [agreement_of(fields[kind], level) for level in range(len(levels) + 1)]
        assert found[:2] == [Agreement.MISSING, Agreement.SAME if EQUAL_LEVELS[kind] else Agreement.ALIKE]
        assert found[-1] is Agreement.DIFFERENT
        assert Agreement.NONE not in found


def test_strength_grows_with_the_bits() -> None:
    told = [say_strength(bits) for bits in (0.4, 1.0, 5.0, 10.0, 20.0)]
    assert len(set(told)) == 5
    assert [say_strength(-bits).replace("against", "for one person") for bits in (1.0, 5.0, 10.0, 20.0)] == told[1:]
