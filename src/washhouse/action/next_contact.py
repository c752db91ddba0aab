"""Who on this caseload may miss their next contact, and what does the record say that may help?

Plain values only; names are added by whoever may reveal them. The order is that of the chance. What may help is read
from what was kept and missed, and hangs on no score. It is for ringing people and offering them another time or way,
never for double booking, shortening or withdrawing an offer (`insight.outcomes.missed_contact`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import comb
from typing import Any

import pyarrow as pa

from washhouse.action.caseload import NO_MODEL, Reason, read_reasons, say_no_data
from washhouse.action.words import count_range, local_time
from washhouse.insight.codelists import ATTENDED_CONTACT, MISSED_CONTACT
from washhouse.insight.models.registry import index_day
from washhouse.insight.outcomes.missed_contact import MISSED_NEXT_CONTACT

NEXT_CONTACT = MISSED_NEXT_CONTACT.name
"""Name of the outcome model, in scores."""

CONTACT_FAMILIES = ("MHS_CONTACT",)
"""Families of codes that are looked at."""

CONTACT_COLUMNS = ["time", "superseded_at", "code", "text_value"]
"""Columns of events that are looked at."""

LOOKBACK_DAYS = 365
FEWEST = 5
"""Contacts on either side from which on two times of day, or two ways to meet, are compared."""

LEVEL = 0.01
"""A difference that chance alone brings more often than this is not told: many people are compared each day. Like
`FEWEST` a choice of this project."""

TIMES = ("in the morning", "from noon on")
WAYS = ("face to face", "by telephone or video")
_WAY_OF = {"01": WAYS[0], "02": WAYS[1], "04": WAYS[1], "11": WAYS[1]}
"""`ConsMechanismMH`: face to face, telephone, talk type, video; what is written is no appointment."""

_MANY = 5
"""Missed contacts from which on their expected number is said without a decimal."""

NOT_SCORED = "No open referral to a community mental health team now: not scored."


@dataclass(frozen=True)
class Contacts:
    """What somebody's contacts of the last `LOOKBACK_DAYS` tell.

    Attributes:
        kept: Contacts that took place.
        missed: Contacts that the person missed; cancelled ones are not counted.
        last_kept: Day of the last that took place.
        better: What was missed much more rarely, each in a sentence.
    """

    kept: int
    missed: int
    last_kept: date | None
    better: tuple[str, ...]

    @property
    def words(self) -> str:
        """How many were missed, in a sentence."""
        of = self.kept + self.missed
        if not of:
            return "No contact was kept or missed in the last 12 months."
        return f"Missed {self.missed} of {of} {'contact' if of == 1 else 'contacts'} in the last 12 months."


@dataclass(frozen=True)
class NextContactRow:
    """One person.

    Attributes:
        person_id: The person.
        place: Place on this caseload, 1 the highest chance; None unless ranked.
        risk: Chance that the next contact, if one comes, is missed, 0 to 1, with its 95 % interval; None unless ranked.
        reasons: What raises it, strongest first; None where reasons were not worked out.
        contacts: What the record says.
        note: Why there is no chance; empty if ranked.
    """

    person_id: str
    place: int | None
    risk: tuple[float, float, float] | None
    reasons: tuple[Reason, ...] | None
    contacts: Contacts
    note: str


@dataclass(frozen=True)
class NextContacts:
    """A caseload by the chance of a missed contact.

    Attributes:
        ranked: Highest chance first; empty unless ranked.
        in_crisis_care: People on a ward or with a crisis team, by id.
        not_ranked: Everybody else, by id, which says nothing about them.
        explanation: Why nobody is ranked; empty if somebody is.
        index_date: Day at whose start the chances hold; None unless ranked.
        model_version: Version of the model; empty unless ranked.
    """

    ranked: tuple[NextContactRow, ...]
    in_crisis_care: tuple[NextContactRow, ...]
    not_ranked: tuple[NextContactRow, ...]
    explanation: str
    index_date: date | None
    model_version: str


def build_next_contacts(
    people: pa.Table,
    events: pa.Table,
    scores: pa.Table,
    in_crisis_care: Collection[str],
    *,
    as_of: Mapping[str, date],
    covers: Mapping[str, date],
    today: date,
    has_model: bool,
    why_no_model: str,
) -> NextContacts:
    """Put a list together.

    Args:
        people: Rows of `record.person` of the caseload.
        events: Rows of `record.event` of `CONTACT_FAMILIES`: `person_id` and at least `CONTACT_COLUMNS`.
        scores: Rows of `record.score` of `NEXT_CONTACT`.
        in_crisis_care: Who is on a ward or with a crisis team.
        as_of: Newest declared date of each source; that of mental health decides which scores are the present ones.
        covers: Day up to which each source's data reaches, which decides whether anybody is ranked.
        today: The present day.
        has_model: Whether the record has a model.
        why_no_model: Why it has none, in the run's words.

    Returns:
        The list. People known to have died are on none.
    """
    known = people.select(["person_id", "death_date"]).to_pylist()
    alive = sorted(row["person_id"] for row in known if row["death_date"] is None)
    rows = defaultdict(list)
    for row in events.select(["person_id", *CONTACT_COLUMNS]).to_pylist():
        rows[row["person_id"]].append(row)
    told = {person: tell_contacts(rows[person], today) for person in alive}
    present = index_day(as_of, MISSED_NEXT_CONTACT.source)
    now = {
        row["person_id"]: row
        for row in scores.to_pylist()
        if row["index_date"] == present and row["status"] == "scored" and row["person_id"] not in in_crisis_care
    }
    scored = sorted((now[one] for one in alive if one in now), key=lambda row: (-row["risk"], row["rank"]))
    explanation = _why_not_ranked(covers, today, bool(scored), has_model, why_no_model)
    if explanation:
        scored = []
    places = {row["person_id"]: place for place, row in enumerate(scored, start=1)}
    crisis = [one for one in alive if one in in_crisis_care]
    is_old = say_no_data(covers.get(MISSED_NEXT_CONTACT.source), today)
    in_care = f"On a ward or with a crisis team{' when last known' if is_old else ''}."
    others = [one for one in alive if one not in places and one not in in_crisis_care]
    return NextContacts(
        ranked=tuple(_ranked(row, places, told) for row in scored),
        in_crisis_care=tuple(NextContactRow(one, None, None, None, told[one], in_care) for one in crisis),
        not_ranked=tuple(NextContactRow(one, None, None, None, told[one], explanation or NOT_SCORED) for one in others),
        explanation=explanation,
        index_date=present if scored else None,
        model_version=scored[0]["model_version"] if scored else "",
    )


def _ranked(row: Mapping[str, Any], places: Mapping[str, int], told: Mapping[str, Contacts]) -> NextContactRow:
    person = row["person_id"]
    return NextContactRow(
        person_id=person,
        place=places[person],
        risk=(row["risk"], row["risk_lower"], row["risk_upper"]),
        reasons=None if row["reasons"] is None else read_reasons(row["reasons"]),
        contacts=told[person],
        note="",
    )


def _why_not_ranked(
    covers: Mapping[str, date], today: date, is_anybody_scored: bool, has_model: bool, why_no_model: str
) -> str:
    no_data = say_no_data(covers.get(MISSED_NEXT_CONTACT.source), today)
    if no_data or is_anybody_scored:
        return no_data
    if not has_model:
        return f"Not ranked: there is no model of missed contacts. {why_no_model or NO_MODEL}"
    return (
        "Not ranked: nobody here has a chance for today. The model covers everybody with an open referral to a "
        "community mental health team."
    )


def say_missed(risks: Sequence[float]) -> str:
    """How many of some people are expected to miss a contact, in a sentence.

    Args:
        risks: Calibrated chances, 0 to 1.

    Examples:
        >>> say_missed([0.5] * 20)
        'If each of these 20 people has a contact next, about 10 are expected to miss it (95 % range 6 to 14).'
        >>> say_missed([0.5])
        ''
    """
    if len(risks) < 2:
        return ""
    lower, upper = count_range(risks)
    expected = f"{sum(risks):.0f}" if sum(risks) >= _MANY else f"{sum(risks):.1f}"
    return (
        f"If each of these {len(risks)} people has a contact next, about {expected} are expected to miss it "
        f"(95 % range {lower} to {upper})."
    )


def tell_contacts(events: Iterable[Mapping[str, Any]], today: date) -> Contacts:
    """Say what somebody's contacts tell.

    Args:
        events: Rows of `record.event` of the person, with at least `CONTACT_COLUMNS`.
        today: The present day; what lies after it does not count.
    """
    first = today - timedelta(LOOKBACK_DAYS)
    seen = [
        (local_time(row["time"]), MISSED_CONTACT.holds(row["code"]), row)
        for row in events
        if row["superseded_at"] is None
        and row["time"] is not None
        and (ATTENDED_CONTACT.holds(row["code"]) or MISSED_CONTACT.holds(row["code"]))
    ]
    seen = [each for each in seen if first <= each[0].date() <= today]
    kept = [at.date() for at, was_missed, _ in seen if not was_missed]
    better = (
        _compare(TIMES, [(_time_of_day(at, row["time"]), was_missed) for at, was_missed, row in seen]),
        _compare(WAYS, [(_WAY_OF.get(row["text_value"] or ""), was_missed) for _, was_missed, row in seen]),
    )
    return Contacts(len(kept), len(seen) - len(kept), max(kept, default=None), tuple(filter(None, better)))


def _time_of_day(at: datetime, utc: datetime) -> str | None:
    """The time of day; None at midnight, local or UTC: then only the day was sent."""
    return None if time(0, 0) in (at.time(), utc.time()) else TIMES[at.hour >= 12]


def _compare(sides: tuple[str, str], contacts: Iterable[tuple[str | None, bool]]) -> str:
    counts = {side: [0, 0] for side in sides}
    for side, was_missed in contacts:
        if side is not None:
            counts[side][0] += was_missed
            counts[side][1] += 1
    worse, better = sorted(sides, key=lambda side: -counts[side][0] / max(counts[side][1], 1))
    (missed, of), (fewer, of_fewer) = counts[worse], counts[better]
    if min(of, of_fewer) < FEWEST or chance_of_difference(missed, of, fewer, of_fewer) > LEVEL:
        return ""
    return f"Missed {missed} of {of} {worse} and {fewer} of {of_fewer} {better}: offer one {better}."


def chance_of_difference(missed: int, of: int, other_missed: int, of_other: int) -> float:
    """How often chance alone brings so large a difference between two shares, or a larger one.

    Args:
        missed: Missed on the one side.
        of: All on that side.
        other_missed: Missed on the other side.
        of_other: All on that side.

    Returns:
        Two-sided p of Fisher's exact test, 0 to 1: the tables with the same margins that are as rare, or rarer.

    References:
        Agresti 1992, doi:10.1214/ss/1177011454, section 2.1.

    Examples:
        >>> round(chance_of_difference(5, 6, 0, 6), 4), chance_of_difference(2, 6, 2, 6)
        (0.0152, 1.0)
    """
    both = missed + other_missed

    def ways(here: int) -> int:
        return comb(of, here) * comb(of_other, both - here)

    tables = range(max(0, both - of_other), min(of, both) + 1)
    return sum(ways(here) for here in tables if ways(here) <= ways(missed)) / comb(of + of_other, both)
