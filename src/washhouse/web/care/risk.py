"""How is a score said in words: how many of 25, how sure, why, since when?"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil
from typing import Any

from washhouse.action.caseload import read_reasons as read_parts
from washhouse.action.words import PEOPLE, say_interval, say_risk
from washhouse.web.shell.layout import SOURCE_TITLES, source_title
from washhouse.web.shell.words import listed, short_day


@dataclass(frozen=True)
class Risk:
    """A probability in words.

    Attributes:
        words: `"about 3 of 25 people like this"`.
        range: The 95 % interval in the same unit, `"1 to 6 of 25"`.
        filled: How many of the 25 are drawn full.
        possible: How many of the 25 lie within the upper end of the interval.
    """

    words: str
    range: str
    filled: int
    possible: int


@dataclass(frozen=True)
class Reason:
    """One reason behind a score.

    Attributes:
        feature: Name of the feature.
        text: The reason in words.
        share: Its part of what the reasons told add together, 0 to 100; what raises the score less is not told.
        refs: Ids of the things it rests on.
    """

    feature: str
    text: str
    share: int
    refs: tuple[str, ...]


@dataclass(frozen=True)
class RestsOn:
    """What a score rests on, source by source.

    Attributes:
        source: The sending system, titled.
        sent: When it had last sent something.
        knows: Whether it had sent anything of the person.
        is_late: Whether it was silent for longer than the model has seen.
    """

    source: str
    sent: date
    knows: bool
    is_late: bool


@dataclass(frozen=True)
class Score:
    """One score of one person.

    Attributes:
        index_date: Day at whose start it was made.
        model_version: Version of the model.
        in_crisis_care: Whether the person was in crisis care then, and so unscored.
        risk: The risk in words; None if unscored.
        probability: The risk itself; None if unscored.
        reasons: What raised it most, strongest first.
        rests_on: What it rests on; nothing in a version from before that was noted.
        was_shown: Whether pages showed it; a week that nobody was scored in may have been scored afterwards.
    """

    index_date: date
    model_version: str
    in_crisis_care: bool
    risk: Risk | None
    probability: float | None
    reasons: tuple[Reason, ...]
    rests_on: tuple[RestsOn, ...] = ()
    was_shown: bool = True


def draw_risk(risk: float, lower: float, upper: float) -> Risk:
    """Put a probability and its interval into words and a drawing.

    >>> draw_risk(0.13, 0.05, 0.21)
    Risk(words='about 3 of 25 people like this', range='1 to 6 of 25', filled=3, possible=6)
    """
    return Risk(
        words=say_risk(risk),
        range=say_interval(lower, upper),
        filled=round(risk * PEOPLE),
        possible=min(PEOPLE, ceil(upper * PEOPLE - 1e-9)),
    )


def read_score(row: Mapping[str, Any]) -> Score:
    """Read one row of `record.score`."""
    scored = row["status"] == "scored" and row["risk"] is not None
    return Score(
        index_date=row["index_date"],
        model_version=row["model_version"],
        in_crisis_care=row["status"] == "in-crisis-care",
        risk=draw_risk(row["risk"], row["risk_lower"], row["risk_upper"]) if scored else None,
        probability=row["risk"] if scored else None,
        reasons=tuple(read_reasons(row["reasons"])),
        rests_on=read_rests_on(row["rests_on"]),
        was_shown=not row["scored_afterwards"],
    )


def read_rests_on(text: str | None) -> tuple[RestsOn, ...]:
    """Read what a score rests on, in the order in which pages show sources.

    >>> read_rests_on('[{"source": "gp", "sent": "2026-06-30", "knows": true, "is_late": false}]')
    (RestsOn(source='GP', sent=datetime.date(2026, 6, 30), knows=True, is_late=False),)
    """
    order = {name: place for place, name in enumerate(SOURCE_TITLES)}
    told = sorted(json.loads(text or "[]"), key=lambda each: (order.get(each["source"], len(order)), each["source"]))
    return tuple(
        RestsOn(source_title(each["source"]), date.fromisoformat(each["sent"]), each["knows"], each["is_late"])
        for each in told
    )


@dataclass(frozen=True)
class Lack:
    """Something that scores could not rest on.

    Attributes:
        source: The sending system, titled.
        late_since: When it had last sent something, if it was silent for longer than the model has seen; None where it
            has sent nothing of the person.
    """

    source: str
    late_since: date | None


def find_lacks(rests_on: Sequence[RestsOn]) -> tuple[Lack, ...]:
    """What a score could not rest on: who has sent nothing of the person, then who is silent for long."""
    return (
        *(Lack(each.source, None) for each in rests_on if not each.knows),
        *(Lack(each.source, each.sent) for each in rests_on if each.is_late),
    )


def lacks_of_most(scores: Sequence[Sequence[Lack]]) -> tuple[Lack, ...]:
    """What more than half of some scores could not rest on, so that it need not be said of each.

    >>> social_care, gp = Lack("Social care", None), Lack("GP", None)
    >>> lacks_of_most([[social_care], [gp, social_care], []])
    (Lack(source='Social care', late_since=None),)
    """
    times = Counter(lack for lacks in scores for lack in lacks)
    return tuple(lack for lack, count in times.items() if 2 * count > len(scores))


def say_lacks(lacks: Sequence[Lack]) -> tuple[str, ...]:
    """What a score could not rest on, in short.

    >>> say_lacks(find_lacks([RestsOn("GP", date(2026, 6, 1), False, False)]))
    ('Nothing from: GP',)
    >>> say_lacks([Lack("GP", None), Lack("Hospital", None), Lack("Hospital", date(2026, 6, 1))])
    ('Nothing from: GP, Hospital', 'Late: Hospital, last sent 1 Jun 2026')
    """
    unknown = [lack.source for lack in lacks if lack.late_since is None]
    late = [f"Late: {lack.source}, last sent {short_day(lack.late_since)}" for lack in lacks if lack.late_since]
    return (*([f"Nothing from: {', '.join(unknown)}"] if unknown else []), *late)


def say_shared_lacks(lacks: Sequence[Lack]) -> str:
    """What most scores of a list could not rest on, in a sentence.

    >>> say_shared_lacks([Lack("Social care", None), Lack("Hospital", date(2026, 6, 1))])
    'Most scores here know nothing from social care and rest on late data from hospital (last sent 1 Jun 2026).'
    >>> say_shared_lacks([])
    ''
    """
    unknown = [_in_a_sentence(lack.source) for lack in lacks if lack.late_since is None]
    late = [
        f"{_in_a_sentence(lack.source)} (last sent {short_day(lack.late_since)})" for lack in lacks if lack.late_since
    ]
    parts = (
        *([f"know nothing from {listed(unknown)}"] if unknown else []),
        *([f"rest on late data from {listed(late)}"] if late else []),
    )
    return f"Most scores here {' and '.join(parts)}." if parts else ""


def _in_a_sentence(title: str) -> str:
    return title if title.isupper() else title[:1].lower() + title[1:]


def read_reasons(text: str | None) -> list[Reason]:
    """Read the reasons of a score, the strongest first.

    >>> read_reasons('[{"feature": "a", "text": "A", "contribution": 0.3, "event_refs": ["x"]}]')
    [Reason(feature='a', text='A', share=100, refs=('x',))]
    """
    parts = read_parts(text)
    total = sum(part.contribution for part in parts) or 1.0
    return [
        Reason(part.feature, part.text, round(100 * part.contribution / total), part.event_refs)
        for part in sorted(parts, key=lambda part: -part.contribution)
    ]
