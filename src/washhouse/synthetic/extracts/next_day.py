"""What do practices and the council enter on a day after the city's last?

Such a day resembles the one twenty-four weeks before: the same weekday, and the same point of a four-weekly
prescription. What was entered then is entered again, for those who still live here, with values that scatter.
"""

from __future__ import annotations

import numpy as np

from washhouse.synthetic.codes import MEASURES
from washhouse.synthetic.columns import Array
from washhouse.synthetic.frames import Frame, stack, take
from washhouse.synthetic.general_practice import BlockEvents
from washhouse.synthetic.population import Population
from washhouse.synthetic.practice_plans import DIAGNOSIS, EVERY
from washhouse.synthetic.registers import Register
from washhouse.synthetic.social_care import SERVICE

ECHO_DAYS = 168
"""Twenty-four weeks."""

_STILL_TAKEN_DAYS = 84
_FIRST_DIAGNOSIS = min(min(codes) for codes in DIAGNOSIS.values())
_DECIMALS = np.array([code.decimals for code in MEASURES.values()])


def entries_of_day(
    block: BlockEvents, day: int, end: int, population: Population, register: Register, rng: np.random.Generator
) -> BlockEvents:
    """Return what practices enter on a day for a block of people.

    Args:
        block: The block's journal and prescriptions up to the end.
        day: The day, at most 24 weeks after the end.
        end: Last day of the city.
        population: Everybody.
        register: The practices' patients.
        rng: Random numbers.
    """

    def still_here(person: Array) -> Array:
        return np.isin(person, register.person) & (population.last_day()[person] > end)

    rows = np.flatnonzero((block.recorded == day - ECHO_DAYS) & (block.code < _FIRST_DIAGNOSIS))
    rows = rows[still_here(block.person[rows])]
    code, value = block.code[rows], block.value[rows]
    measured = ~np.isnan(value)
    scale = 10.0 ** _DECIMALS[code[measured]]
    scattered = value[measured] * (1 + 0.02 * rng.normal(0, 1, int(measured.sum())))
    value[measured] = np.maximum(np.rint(scattered * scale), 1) / scale
    key = block.patient * 10_000 + block.drug
    taken = np.isin(key, np.unique(key[(EVERY[block.drug] > 0) & (block.issued > end - _STILL_TAKEN_DAYS)]))
    issues = np.flatnonzero((block.issued == day - ECHO_DAYS) & (taken | (EVERY[block.drug] == 0)))
    issues = issues[still_here(block.patient[issues])]
    return BlockEvents(
        block.person[rows], code, block.day[rows] + ECHO_DAYS, block.recorded[rows] + ECHO_DAYS, value,
        block.patient[issues], block.drug[issues], block.issued[issues] + ECHO_DAYS,
    )  # fmt: skip


def with_later_events(events: Frame, first: int, last: int, population: Population) -> Frame:
    """Return the council's events and, behind them, those that begin from `first` to `last`."""
    began = (events["day"] + ECHO_DAYS >= first) & (events["day"] + ECHO_DAYS <= last)
    rows = np.flatnonzero(began & (events["carer_of"] < 0) & (population.last_day()[events["person"]] > last))
    later = take(events, rows)
    later["day"] = later["day"] + ECHO_DAYS
    later["ended"] = np.where(later["kind"] == SERVICE, later["ended"], later["ended"] + ECHO_DAYS)
    later["ended"] = np.maximum(later["ended"], later["day"])
    return stack([events, take(later, np.argsort(later["day"], kind="stable"))])
