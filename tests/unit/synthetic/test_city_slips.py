from dataclasses import fields

import numpy as np
import pytest

from washhouse.synthetic.calendar import DEFAULT_END, make_calendar
from washhouse.synthetic.identities import SLICE_RECORDS, Quality, disadvantage, make_identities
from washhouse.synthetic.name_errors import NICKNAMES, compound
from washhouse.synthetic.names import load_names
from washhouse.synthetic.population import make_population
from washhouse.synthetic.streams import Streams

CLEAN = Quality(
    nhs_missing=0.0, nhs_wrong=0.0, nhs_typo=0.0, nhs_superseded=0.0,
    first_typo=0.0, surname_typo=0.0, nickname=0.0, compound=0.0,
    swapped=0.0, maiden=0.0, day_month=0.0, year_off=0.0, first_january=0.0, day_wrong=0.0, sex_wrong=0.0,
    old_address=0.0, elsewhere=0.0, address_missing=0.0, address_typo=0.0, uprn_missing=0.0, phone_missing=0.0,
    phone_other=0.0, updated=0.0,
)  # fmt: skip


@pytest.fixture(scope="module")
def population():
    return make_population(6_000, make_calendar(2, DEFAULT_END), Streams(2))


def held(population, slice_records=SLICE_RECORDS, **rates):
    person = np.arange(population.count)
    day = np.full(population.count, 20_600)
    quality = Quality(**{**vars(CLEAN), **rates})
    return make_identities(population, person, day, day, quality, np.random.default_rng(3), slice_records=slice_records)


def test_the_size_of_the_slices_in_which_text_is_written_changes_nothing(population):
    rates = {"first_typo": 0.2, "surname_typo": 0.2, "swapped": 0.2, "address_typo": 0.2, "address_missing": 0.2}
    whole, sliced = held(population, **rates), held(population, slice_records=701, **rates)
    for field in fields(whole):
        assert np.array_equal(np.asarray(getattr(whole, field.name)), np.asarray(getattr(sliced, field.name)))


def test_a_sender_without_errors_writes_the_truth(population):
    clean = held(population)
    names = np.array(population.names.given, dtype=object)
    assert clean.first_name.to_pylist() == names[population.given].tolist()
    assert (clean.nhs == population.nhs).all()
    assert (clean.birth == population.birth).all()
    assert (clean.where == population.address_on(np.arange(population.count), 20_600)).all()


@pytest.mark.parametrize(
    ("rate", "field"),
    [
        ("nhs_wrong", "nhs"), ("nhs_typo", "nhs"),
        ("first_typo", "first_name"), ("surname_typo", "surname"), ("swapped", "first_name"),
        ("day_wrong", "birth"), ("year_off", "birth"), ("sex_wrong", "sex"), ("elsewhere", "where"),
    ],
)  # fmt: skip
def test_each_error_has_about_its_rate(population, rate, field):
    clean, dirty = held(population), held(population, **{rate: 0.05})
    changed = np.asarray(getattr(clean, field)) != np.asarray(getattr(dirty, field))
    factor = 1.0 if rate == "sex_wrong" else disadvantage(population, np.arange(population.count)).mean()
    expected = 0.05 * factor
    sampling = 4 * np.sqrt(expected / population.count)
    assert expected * 0.8 - sampling < changed.mean() < expected + sampling  # a slip may hit upon the truth


def test_errors_are_more_frequent_for_people_who_are_worse_off(population):
    clean, dirty = held(population), held(population, first_typo=0.1)
    changed = np.asarray(clean.first_name) != np.asarray(dirty.first_name)
    factor = disadvantage(population, np.arange(population.count))
    assert changed[factor >= 1.5].mean() > 1.4 * changed[factor < 0.9].mean()


def test_a_slip_never_moves_a_birth_after_the_registration(population):
    dirty = held(population, year_off=0.5, day_wrong=0.5)
    born = population.birth <= 20_600
    assert (dirty.birth[born] <= 20_600).all()


def test_nicknames_belong_to_names_that_people_have():
    given = set(load_names().given)
    assert len([name for name in NICKNAMES if name in given]) > 100


@pytest.mark.parametrize("draw", range(5))
def test_a_compound_keeps_a_trace_of_both_names(draw):
    first, surname = compound("Anna", "Smith", "Jones", draw)
    assert first[0] == "A"
    assert "smith" in surname.lower()
