"""What is the caseload narrowed to, and in which order? All but a name stands in the address; no score is a filter."""

from __future__ import annotations

from dataclasses import dataclass

from washhouse.action.reviewed import STANDS_DAYS
from washhouse.web.shell.visit import Visit

LENGTHS = ("5", "10", "20", "25", "50", "all")
DEFAULT_LENGTH = "10"
QUIET_DAYS = 28
SHOWS = {
    "": "Everybody",
    "changed": "Changed since last week",
    "no-contact": f"No contact for {QUIET_DAYS} days",
    "not-reviewed": f"Not reviewed in {STANDS_DAYS} days, or moved",
    "gaps": "A standard of care not met, or due",
}
"""What the list can be narrowed to. Never by a score, so that nobody is dropped for a low one."""

UNCUT = frozenset({"no-contact", "gaps"})
"""What is shown of everybody, however long the list: lack of care counts the same whatever the risk."""

ORDERS = {"": "Highest risk first", "changed": "What changed since last week first"}
"""Orders of the list. What changed: new on the list, then risk moved, then new events, then the rest; within each by
risk."""


@dataclass(frozen=True)
class Filters:
    """What is asked for: part of a name, the length of the list, what to show, and in which order.

    A name never stands in an address, which ends in logs and histories: it is sent as a form, the rest may stand there.
    """

    q: str
    n: str
    show: str
    order: str

    @classmethod
    def checked(cls, q: str, n: str, show: str, order: str) -> Filters:
        """Filters as asked for; what makes no sense counts as left out, and so does a length of what is not cut."""
        return cls(
            q,
            "all" if show in UNCUT else n if n in LENGTHS else DEFAULT_LENGTH,
            show if show in SHOWS else "",
            order if order in ORDERS else "",
        )

    @property
    def length(self) -> int | None:
        """Length of the list, None for everybody."""
        return None if self.n == "all" else int(self.n)

    @property
    def address(self) -> dict[str, str]:
        """What stands in the address of the list."""
        usual = "all" if self.show in UNCUT else DEFAULT_LENGTH
        asked = {"n": self.n if self.n != usual else "", "show": self.show, "order": self.order}
        return {name: value for name, value in asked.items() if value}


def say_length(value: str) -> str:
    """A length of the list in words.

    >>> say_length("all"), say_length("5")
    ('Everybody', 'First 5')
    """
    return "Everybody" if value == "all" else f"First {value}"


def read_filters(visit: Visit) -> Filters:
    """Read the form or else the address; what makes no sense counts as left out, and so does a name in an address."""
    sent = visit.request.method == "POST"
    names = ("q", "n", "show", "order")
    q, *others = (visit.form.get(name, "").strip()[:200] if sent else visit.query(name) for name in names)
    return Filters.checked(q if sent else "", *others)
