"""What is the true probability of a crisis in the 28 days from a Monday?

The probability of the coming week is known from the state. That of more weeks also depends on where the state goes:
its expectation is found backwards, week by week, by regressing the next week's value on the parts of today's state
(least-squares Monte Carlo, with a log link because values are small and positive).

References:
    Longstaff and Schwartz 2001, doi:10.1093/rfs/14.1.113 (backward regression on simulated paths).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from washhouse.synthetic.calendar import Calendar
from washhouse.synthetic.columns import Array
from washhouse.synthetic.course import CRISIS, SUMMARY, Course

HORIZON_WEEKS = 4
_SAMPLE = 120_000


@dataclass
class Truth:
    """Sealed truth: one entry per person at risk and Monday.

    Attributes:
        person: Person.
        week: Monday, as a day number.
        hazard: Probability of a crisis in the 28 days from it.
    """

    person: Array
    week: Array
    hazard: Array


def true_hazards(course: Course, calendar: Calendar) -> Truth:
    """Return the true 28-day probabilities from the first reported Monday on."""
    week = np.repeat(np.arange(len(course.at_risk)), [len(rows) for rows in course.at_risk])
    member = np.concatenate(course.at_risk)
    parts = np.concatenate(course.summary, axis=1).astype(np.float64)
    eta, latent = parts[SUMMARY.index("eta")], parts[SUMMARY.index("latent")]
    one = -np.expm1(-np.exp(eta))
    design = np.column_stack([np.ones(len(eta)), parts.T, eta**2 / 10, eta * latent / 10])
    cohort = len(course.person)
    key = week * cohort + member
    following = np.minimum(np.searchsorted(key, key + cohort), len(key) - 1)
    following = np.where(key[following] == key + cohort, following, -1)
    struck_member, struck_day = course.log.table(CRISIS)[:2]
    struck = np.isin(key, (struck_day - calendar.monday(0)) // 7 * cohort + struck_member)
    usable = np.flatnonzero((week + 1 < len(course.at_risk)) & ~struck)
    usable = usable[:: 1 + len(usable) // _SAMPLE]
    value = one
    for _ in range(HORIZON_WEEKS - 1):
        target = np.where(following[usable] >= 0, value[following[usable]], 0.0)
        fitted = _log_regression(design[usable], target)
        value = one + (1 - one) * np.exp(np.clip(design @ fitted, -30, 0))
    value = np.clip(value, 1e-7, 0.999)
    shown = calendar.monday(0) + 7 * week >= calendar.start
    shown &= calendar.monday(0) + 7 * week <= calendar.end + 1
    return Truth(course.person[member[shown]], calendar.monday(0) + 7 * week[shown], value[shown])


def _log_regression(design: Array, target: Array) -> Array:
    """Return the coefficients of a log-link regression with variance proportional to the mean."""
    beta = np.zeros(design.shape[1])
    beta[0] = np.log(max(target.mean(), 1e-9))
    for _ in range(25):
        mean = np.exp(np.clip(design @ beta, -30, 3))
        gradient = design.T @ (target - mean)
        information = (design * mean[:, None]).T @ design
        step = np.linalg.solve(information + 1e-9 * np.eye(len(beta)), gradient)
        beta += step
        if np.abs(step).max() < 1e-5:
            break
    return beta
