"""Which rows of a long list does this page show, and where are the others?"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from washhouse.web.shell.visit import Visit


@dataclass(frozen=True)
class Pager:
    """One page of a list.

    Attributes:
        total: Rows of the whole list.
        first: Place of the first row shown, from 0.
        last: Place after the last row shown.
        number: This page, from 1.
        pages: Pages in all.
        previous: Address of the page before, empty on the first.
        next: Address of the page after, empty on the last.
    """

    total: int
    first: int
    last: int
    number: int
    pages: int
    previous: str
    next: str


def build_pager(visit: Visit, total: int, size: int, anchor: str = "") -> Pager:
    """Return the page that the address asks for (`page`, from 1), kept inside the list."""
    asked = visit.query("page")
    pages = max(1, -(-total // size))
    number = min(max(int(asked) if asked.isdecimal() and len(asked) < 9 else 1, 1), pages)
    first = (number - 1) * size
    return Pager(
        total=total,
        first=first,
        last=min(first + size, total),
        number=number,
        pages=pages,
        previous=address_with(visit, page=str(number - 1), anchor=anchor) if number > 1 else "",
        next=address_with(visit, page=str(number + 1), anchor=anchor) if number < pages else "",
    )


def address_with(visit: Visit, anchor: str = "", **changes: str) -> str:
    """Return this page's address with parameters changed; an empty value drops one."""
    query = {**dict(visit.request.query_params), **changes}
    kept = {name: value for name, value in query.items() if value}
    address = f"{visit.path}?{urlencode(kept)}" if kept else visit.path
    return f"{address}#{anchor}" if anchor else address
