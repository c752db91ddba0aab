"""Which stretch of a person's timeline does the page show, of which service, and which page of it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from washhouse.web.care.chart import Chart, build_chart
from washhouse.web.care.risk import Score
from washhouse.web.care.timeline import Entry
from washhouse.web.shell.paging import Pager, address_with, build_pager
from washhouse.web.shell.visit import Visit
from washhouse.web.shell.words import day

ENTRIES_A_PAGE = 20
WIDE, NARROW = 1040, 340
SPANS = (("1y", "12 months", 365), ("2y", "2 years", 730), ("5y", "5 years", 1826), ("all", "Everything", 0))
"""What stretch of time can be chosen, with its days; 0 for everything."""
ONE_DAY = timedelta(days=1)
LONG_AGO = timedelta(days=730)


@dataclass(frozen=True)
class Choice:
    """One of several views of the same thing, each with its address."""

    text: str
    href: str
    current: bool


@dataclass(frozen=True)
class Timeline:
    """What happened: two drawings (one for narrow screens), and the list that says the same."""

    wide: Chart
    narrow: Chart
    words: str
    spans: tuple[Choice, ...]
    services: tuple[Choice, ...]
    reason: str
    entries: tuple[Entry, ...]
    ongoing: tuple[Entry, ...]
    pager: Pager
    standing: tuple[str, ...]


def build_timeline(
    visit: Visit, entries: Sequence[Entry], standing: Sequence[str], score: Score | None, today: date
) -> Timeline:
    """Choose what the address asks for.

    Args:
        visit: The request; `span`, `service`, `reason` and `page` of its address are read.
        entries: Everything that happened, the newest first.
        standing: Facts without a time.
        score: The score whose reasons may be looked into.
        today: The day that the page counts from.

    Returns:
        Drawings of the stretch of time, and one page of the list.
    """
    end = last_day(entries, today) + ONE_DAY
    span, start = choose_start(visit.query("span"), entries, end)
    within = [entry for entry in entries if entry.day >= start or reaches(entry, start)]
    reason = next((each for each in (score.reasons if score else ()) if each.feature == visit.query("reason")), None)
    if reason is not None:
        within = [entry for entry in entries if set(entry.refs) & set(reason.refs)]
    services = {entry.source: entry.service for entry in within}
    source = visit.query("service") if visit.query("service") in services else ""
    chosen = [entry for entry in within if source in ("", entry.source)]
    pager = build_pager(visit, len(chosen), ENTRIES_A_PAGE, anchor="list")
    stretch = f"{day(start)} to {day(end - ONE_DAY)}"
    return Timeline(
        wide=build_chart(entries, start, end, WIDE),
        narrow=build_chart(entries, start, end, NARROW),
        words=f"Timeline by service, {stretch}. The list below says the same in words.",
        spans=tuple(
            Choice(text, address_with(visit, span=name, page="", reason="", done="", anchor="timeline"), name == span)
            for name, text, _ in SPANS
        ),
        services=tuple(
            Choice(title, address_with(visit, service=name, page="", done="", anchor="list"), name == source)
            for name, title in [("", "All services"), *sorted(services.items(), key=lambda pair: pair[1])]
        ),
        reason=reason.text if reason is not None else "",
        entries=tuple(chosen[pager.first : pager.last]),
        ongoing=tuple(entry for entry in entries if entry.lasting and entry.end is None and entry.day < end),
        pager=pager,
        standing=tuple(standing),
    )


def last_day(entries: Sequence[Entry], today: date) -> date:
    """The last day shown: today, but the newest entry where that lies ahead or long ago, as in an imported record."""
    newest = max((entry.day for entry in entries), default=today)
    return newest if newest > today or today - newest > LONG_AGO else today


def reaches(entry: Entry, start: date) -> bool:
    """Does something that lasts go on at or after a day, so that it is drawn although it began earlier?"""
    return entry.lasting and (entry.end_day is None or entry.end_day >= start)


def choose_start(asked: str, entries: Sequence[Entry], end: date) -> tuple[str, date]:
    """Return the name and the first day of the stretch asked for, by default a year, or all if the year is empty."""
    days = {name: length for name, _, length in SPANS}
    if asked not in days:
        asked = "1y" if any(entry.day >= end - timedelta(days=days["1y"]) for entry in entries) else "all"
    if days[asked]:
        return asked, end - timedelta(days=days[asked])
    oldest = min((entry.day for entry in entries), default=end)
    return asked, min(oldest, end - timedelta(days=30))
