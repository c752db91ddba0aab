"""What did the weeks bring to the people whom mental-health services know?"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from washhouse.synthetic.columns import Array

CONTACT, EMERGENCY, MOVE, WORK, HONOS, ISSUE, CRISIS, OPENED, CLOSED, REFUSED, PLANNED = range(11)
"""Kinds of happening in the log. Columns, after the member and the day: CONTACT status; MOVE home; WORK employment;
HONOS total; CRISIS way, last day, days to admission, detained, in community care; OPENED kind of team, after a crisis;
REFUSED how; PLANNED last day, how."""

WIDTH = {
    CONTACT: 3, EMERGENCY: 2, MOVE: 3, WORK: 3, HONOS: 3, ISSUE: 2, CRISIS: 7, OPENED: 4, CLOSED: 2, REFUSED: 3,
    PLANNED: 4,
}  # fmt: skip

ADMITTED, HOME_TREATED, HOME_THEN_ADMITTED = range(3)
"""Ways into crisis care."""

HOMES = ("01", "02", "03", "04", "05", "09", "11", "12", "14", "16", "18", "19")
"""Accommodation types, MHSDS."""

HOMELESS = np.array([code in ("12", "14", "16", "18", "19") for code in HOMES])
"""Which of them mean homeless."""

JOBS = ("01", "02", "03", "04", "05", "06", "07", "08", "ZZ")
"""Employment statuses, MHSDS."""

SUMMARY = ("eta", "crisis_recent", "missed", "emergency", "overdue", "moved", "latent", "ending")
"""Parts of the state that predict how the hazard goes on."""


@dataclass
class Log:
    """Happenings: parallel runs of numbers, one run per kind and week."""

    runs: dict[int, list[tuple[Array, ...]]] = field(default_factory=dict)

    def add(self, kind: int, *columns: Array) -> None:
        """Append happenings of one kind; columns have equal length."""
        if len(columns[0]):
            self.runs.setdefault(kind, []).append(columns)

    def table(self, kind: int) -> list[Array]:
        """Return all happenings of one kind as columns."""
        runs = self.runs.get(kind, [])
        if not runs:
            return [np.zeros(0, np.int64) for _ in range(WIDTH[kind])]
        return [np.concatenate(column) for column in zip(*runs, strict=True)]


@dataclass
class Course:
    """The weeks of everybody whom mental-health services know.

    Attributes:
        person: Person of each member of the cohort.
        log: Happenings; members are indexes into `person`.
        at_risk: Members at risk on each Monday, one sorted array per week.
        summary: Parts of their state on it (parts x members at risk), one array per week.
        home0: Home at the start, index into `HOMES`.
        job0: Employment at the start, index into `JOBS`.
        medicated: True where an antipsychotic is prescribed.
    """

    person: Array
    log: Log
    at_risk: list[Array]
    summary: list[Array]
    home0: Array
    job0: Array
    medicated: Array
