"""Which states of the caseload does the visitor keep at hand?"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode

from starlette.responses import Response

from washhouse.desk.saved_views import list_views, remove_view, save_view
from washhouse.web.care.filters import ORDERS, SHOWS, Filters, read_filters, say_length
from washhouse.web.shell.respond import redirect
from washhouse.web.shell.visit import Visit


@dataclass(frozen=True)
class SavedView:
    """One view as shown."""

    words: str
    href: str
    filters: Filters
    current: bool


def keep_view(visit: Visit) -> Response:
    """Keep the state of the list that the form names, but for a name that was searched for."""
    filters = read_filters(visit)
    save_view(visit.services.desk, visit.user.actor, urlencode(filters.address), visit.services.now())
    return redirect("/caseload", **filters.address)


def drop_view(visit: Visit) -> Response:
    """Keep the state of the list that the form names no longer."""
    filters = read_filters(visit)
    for kept in list_views(visit.services.desk, visit.user.actor):
        if _read(kept).address == filters.address:
            remove_view(visit.services.desk, visit.user.actor, kept)
    return redirect("/caseload")


def read_views(visit: Visit) -> tuple[SavedView, ...]:
    """The visitor's views, the oldest first, in words made from their filters."""
    found, now = [], urlencode(read_filters(visit).address)
    # Two that were kept apart may mean the same by now.
    for filters in dict.fromkeys(map(_read, list_views(visit.services.desk, visit.user.actor))):
        address = urlencode(filters.address)
        order = ORDERS[filters.order] if filters.order else ""
        words = f"{say_length(filters.n)}: {', '.join(_low(each) for each in (SHOWS[filters.show], order) if each)}"
        found.append(SavedView(words, f"/caseload?{address}".rstrip("?"), filters, address == now))
    return tuple(found)


def _read(kept: str) -> Filters:
    asked = {name: values[0] for name, values in parse_qs(kept).items()}
    return Filters.checked("", asked.get("n", ""), asked.get("show", ""), asked.get("order", ""))


def _low(words: str) -> str:
    return words[:1].lower() + words[1:]
