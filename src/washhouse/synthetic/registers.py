"""Under which local number does a sender know a person?

A sender knows some people twice: it registered them again, and uses the second number from some day on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from washhouse.synthetic.calendar import NEVER
from washhouse.synthetic.columns import Array


@dataclass(frozen=True)
class Register:
    """A sender's people, sorted, with their local numbers.

    Attributes:
        person: People known.
        first: Local number.
        second: Second local number, 0 for none.
        switch: Day from which the second is used, or `NEVER`.
        since: Day of the first registration.
        until: Last day on which the sender saw the person.
    """

    person: Array
    first: Array
    second: Array
    switch: Array
    since: Array
    until: Array

    def numbers(self, person: Array, day: Array | int) -> Array:
        """Return the local number under which something on a day is filed."""
        row = np.searchsorted(self.person, person)
        return np.where(np.asarray(day) >= self.switch[row], self.second[row], self.first[row])

    def records(self) -> tuple[Array, Array, Array, Array]:
        """Return person, local number, first and last day of every record, the second ones last."""
        twice = np.flatnonzero(self.second > 0)
        return (
            np.r_[self.person, self.person[twice]],
            np.r_[self.first, self.second[twice]],
            np.r_[self.since, self.switch[twice]],
            np.r_[np.minimum(self.until, self.switch), self.until[twice]],
        )


def make_register(
    person: Array, day: Array, last: int, twice: float, base: int, rng: np.random.Generator, switch: Array | None = None
) -> Register:
    """Register everybody who has something on a day.

    Args:
        person: Person of each happening.
        day: Day of each happening.
        last: Last day covered.
        twice: Share of people registered a second time.
        base: Smallest local number.
        rng: Random numbers.
        switch: Days of the second registration by entry of `np.unique(person)`; drawn where not given.
    """
    known, inverse = np.unique(person, return_inverse=True)
    since = np.full(len(known), NEVER)
    np.minimum.at(since, inverse, day)
    latest = np.full(len(known), -NEVER)
    np.maximum.at(latest, inverse, day)
    if switch is None:
        middle = since + ((latest - since) * rng.random(len(known))).astype(np.int64) + 1
        again = (rng.random(len(known)) < twice) & (latest > since)
        switch = np.where(again & (middle <= last), middle, NEVER)
    has = switch < NEVER
    numbers = base + rng.permutation(len(known) + int(has.sum()))
    second = np.zeros(len(known), np.int64)
    second[has] = numbers[len(known) :]
    return Register(known, numbers[: len(known)].astype(np.int64), second, switch.astype(np.int64), since, latest)
