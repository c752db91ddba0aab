"""What stands around every page: banner, menu, who is signed in, how fresh the data is?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from washhouse.governance.grants import Purpose
from washhouse.record.reader import covers_of
from washhouse.web.shell.visit import Visit
from washhouse.web.shell.words import short_day

SOURCE_TITLES = {
    "gp": "GP",
    "hospital": "Hospital",
    "mental_health": "Mental health",
    "social_care": "Social care",
    "community": "Community care",
    "superseded_nhs_numbers": "Superseded NHS numbers",
    "fhir": "Imported (FHIR)",
    "omop": "Imported (OMOP)",
    "meds": "Imported",
}
"""The services in the order in which pages show them."""

STYLED = frozenset({"gp", "hospital", "mental_health", "social_care", "community", "meds"})
"""Those that have a lane of their own in the style sheet; every other looks like any other."""

PURPOSE_WORDS = {
    Purpose.DIRECT_CARE: "direct care",
    Purpose.SUPERVISION: "supervision of a team",
    Purpose.STEWARDSHIP: "stewardship of the data",
    Purpose.OPERATIONS: "operations",
    Purpose.OWN_RECORD: "own record",
    Purpose.PLANNING: "planning",
    Purpose.RESEARCH: "research",
}


@dataclass(frozen=True)
class Freshness:
    """How new one source is."""

    title: str
    lane: str
    as_of: date


@dataclass(frozen=True)
class MenuLink:
    """One entry of the menu as shown."""

    text: str
    href: str
    current: bool


@dataclass(frozen=True)
class Account:
    """Who is signed in."""

    name: str
    title: str


@dataclass(frozen=True)
class Layout:
    """What the layout template shows."""

    brand: str
    demo: bool
    account: Account | None
    csrf: str
    menu: tuple[MenuLink, ...]
    freshness: tuple[Freshness, ...]
    purpose: str
    version: str
    published_at: datetime | None
    path: str


def build_layout(visit: Visit) -> Layout:
    """Return what the layout shows to this visitor. Signed out: no menu and nothing about the data."""
    session, version = visit.session, visit.version
    if session is None:
        return Layout(visit.services.brand, visit.services.demo, None, "", (), (), "", "", None, visit.path)
    return Layout(
        brand=visit.services.brand,
        demo=visit.services.demo,
        account=Account(session.name, session.title),
        csrf=session.csrf,
        menu=build_menu(visit),
        freshness=() if version is None else tuple(build_freshness(covers_of(version))),
        purpose=PURPOSE_WORDS[session.purpose],
        version="" if version is None else version.id,
        published_at=None if version is None else version.published_at,
        path=visit.path,
    )


def build_menu(visit: Visit) -> tuple[MenuLink, ...]:
    """Return the entries that the visitor's grant allows, the page's own marked."""
    links = [MenuLink("Home", "/", visit.path == "/")]
    for item in visit.site.menu:
        if visit.may(item.needs):
            here = visit.path == item.href or visit.path.startswith(f"{item.href}/")
            links.append(MenuLink(item.text, item.href, here))
    return tuple(links)


def build_freshness(covers: Mapping[str, date]) -> list[Freshness]:
    """Return the day up to which each source's data reaches, known services first.

    >>> [each.title for each in build_freshness({"hospital": date(2025, 7, 1), "gp": date(2025, 6, 30)})]
    ['GP', 'Hospital']
    """
    known = [name for name in SOURCE_TITLES if name in covers]
    others = sorted(set(covers) - set(known))
    return [Freshness(source_title(name), source_lane(name), covers[name]) for name in (*known, *others)]


def say_reach(visit: Visit, source: str, what: str) -> str:
    """Up to which day something is known, in a sentence; empty where its source reaches to today.

    Without it, what is not known yet looks like what did not happen.
    """
    known = covers_of(visit.published).get(source)
    if known is None:
        return f"{what} is not known: the source has sent nothing."
    return f"{what} is known up to {short_day(known)}." if known < visit.services.today() else ""


def say_news_reach(visit: Visit) -> tuple[str, ...]:
    """Up to which day each service's news is known where that is not today: no news is not no events."""
    told = (("hospital", "News of hospital and A&E"), ("social_care", "News of social care"))
    return tuple(said for source, what in told if (said := say_reach(visit, source, what)))


def source_title(source: str) -> str:
    """Name of a source as people say it.

    >>> source_title("social_care"), source_title("some_feed")
    ('Social care', 'Some feed')
    """
    return SOURCE_TITLES.get(source, source.replace("_", " ").capitalize())


def source_lane(source: str) -> str:
    """The style of a source's lane."""
    return source.replace("_", "-") if source in STYLED else "other"
