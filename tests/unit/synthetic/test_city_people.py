from itertools import pairwise

import numpy as np
import pytest

from washhouse.synthetic import households as hh
from washhouse.synthetic.calendar import DEFAULT_END, NEVER, make_calendar
from washhouse.synthetic.conditions import CONDITIONS, draw_onsets
from washhouse.synthetic.nhs_numbers import check_digits, draw_nhs_numbers
from washhouse.synthetic.places import CARE_HOME, HOSTEL, NO_FIXED_ABODE, NOWHERE, address_lines
from washhouse.synthetic.population import YEAR, make_population
from washhouse.synthetic.registers import make_register
from washhouse.synthetic.streams import Streams


@pytest.fixture(scope="module")
def calendar():
    return make_calendar(3, DEFAULT_END)


@pytest.fixture(scope="module")
def population(calendar):
    return make_population(12_000, calendar, Streams(4))


def test_numbers_are_valid_distinct_and_from_the_test_range():
    numbers = draw_nhs_numbers(50_000, np.random.default_rng(1))
    assert len(np.unique(numbers)) == 50_000
    assert (numbers // 1_000_000_000 == 9).all()
    assert (check_digits(numbers // 10) == numbers % 10).all()


def test_children_share_surname_and_address_with_a_parent(population):
    child = np.flatnonzero((population.role == hh.CHILD) & ((population.birth.max() - population.birth) / YEAR < 15))
    start = np.searchsorted(population.household, population.household[child])
    assert (population.address[0, child] == population.address[0, start]).all()
    parents = [population.surname[start], population.surname[np.minimum(start + 1, population.count - 1)]]
    assert (np.stack(parents) == population.surname[child]).any(axis=0).all()


def test_births_pile_up_in_no_month_and_on_no_day(calendar):
    """Counts per month of the last years, and per day against the two months around, vary as chance has it."""
    population = make_population(40_000, calendar, Streams(4))
    birth = population.birth[~((population.twin_of >= 0) & (population.twin_of < np.arange(population.count)))]
    months = np.histogram(birth, calendar.end - np.arange(96, -1, -1) * YEAR / 12)[0]
    assert ((months - months.mean()) ** 2).mean() / months.mean() < 1 + 5 * np.sqrt(2 / len(months))
    days = np.bincount(birth - birth.min()).astype(float)
    around = np.convolve(days, np.ones(61) / 61, "same")
    usual = around > 1
    spread = ((days - around) ** 2)[usual] / around[usual]
    assert spread.mean() == pytest.approx(1, abs=5 * np.sqrt(3 / usual.sum()))


def test_twins_share_birth_date_surname_and_address(population):
    twin = np.flatnonzero(population.twin_of >= 0)
    other = population.twin_of[twin]
    assert len(twin) > 20
    for field in ("birth", "surname", "household"):
        assert (getattr(population, field)[twin] == getattr(population, field)[other]).all()
    assert (population.given[twin] != population.given[other]).all()
    assert 0.3 < (population.sex[twin] == population.sex[other]).mean() < 0.8


def test_some_sons_bear_their_fathers_whole_name(population):
    start = np.searchsorted(population.household, population.household)
    same = (population.role == hh.CHILD) & (population.given == population.given[start])
    same &= population.surname == population.surname[start]
    assert same.sum() > 5


def test_an_address_has_one_household_at_a_time(population):
    """Ordinary addresses only; two households may follow each other, never overlap."""
    spans: dict[int, list[tuple[int, int, int]]] = {}
    edges = np.stack([np.full(population.count, -NEVER), *population.moved, np.full(population.count, NEVER)])
    for person in np.flatnonzero(population.role <= hh.PARTNER).tolist():
        for nth in range(3):
            begin, finish = int(edges[nth, person]), int(edges[nth + 1, person])
            where = int(population.address[nth, person])
            if begin < finish and population.addresses.kind[where] == 0:
                spans.setdefault(where, []).append((begin, finish, int(population.household[person])))
    shared = 0
    for entries in spans.values():
        entries.sort()
        for before, after in pairwise(entries):
            if before[2] != after[2]:
                shared += 1
                assert before[1] <= after[0]
    assert shared > 100


def test_communal_and_homeless_people_are_there(population):
    kinds = population.addresses.kind[population.address[0]]
    assert {CARE_HOME, HOSTEL, NOWHERE} <= set(kinds.tolist())
    nowhere = population.address[0, kinds == NOWHERE][:1]
    assert address_lines(population.addresses, nowhere, population.places)[1][0] == NO_FIXED_ABODE
    homes = population.address[0, kinds == CARE_HOME]
    assert len(np.unique(homes)) < len(homes) / 10


def test_prevalence_rises_with_age_and_deprivation(population, calendar):
    has = draw_onsets(population, calendar, np.random.default_rng(5)) < NEVER
    age = (calendar.end - population.birth) / YEAR
    for name in ("diabetes", "hypertension", "ckd", "copd", "frailty", "dementia"):
        column = has[:, CONDITIONS.index(name)]
        assert column[age > 70].mean() > column[(age > 30) & (age < 50)].mean()
    smi = has[:, CONDITIONS.index("smi")]
    assert smi[population.decile() <= 2].mean() > smi[population.decile() >= 7].mean()


def test_a_register_files_under_the_number_of_the_day():
    person = np.array([7, 7, 3])
    register = make_register(
        person, np.array([10, 90, 20]), 100, 0.0, 1000, np.random.default_rng(0), switch=np.array([NEVER, 50])
    )
    early, late = register.numbers(np.array([7, 7]), np.array([49, 50])).tolist()
    assert early != late
    assert register.numbers(np.array([3]), np.array([99]))[0] not in (early, late)
    persons, numbers, since, until = register.records()
    assert persons.tolist() == [3, 7, 7]
    assert len(set(numbers.tolist())) == 3
    assert since.tolist() == [20, 10, 50]
    assert until.tolist() == [20, 50, 90]


def test_no_day_is_everybodys_birthday(population):
    days = np.bincount(population.birth - population.birth.min())
    assert days.max() <= 12
