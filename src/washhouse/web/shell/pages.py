"""Which pages are there, and what must a visitor be allowed to do to open one?

A page is one line in a `PAGES` tuple: method, path, view, and the action of `governance.permissions` that it needs.
There is no default: a page without a declared access cannot be written down, and a route that is not a page fails the
contract test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from starlette.responses import Response

from washhouse.governance.permissions import Action

if TYPE_CHECKING:
    from washhouse.web.shell.visit import Visit

View = Callable[["Visit"], Response]


class Open(StrEnum):
    """Access that is no action on data."""

    PUBLIC = "public"
    """Anybody, signed in or not; shows nothing of anybody."""
    SIGNED_IN = "signed-in"
    """Everybody who is signed in; shows only what is their own."""


@dataclass(frozen=True)
class Page:
    """One page or one form's target.

    Attributes:
        method: `GET` reads; `POST` changes something, or asks for something that must not stand in an address, and must
            carry the session's form token.
        path: Path, parameters in braces.
        view: Function from the visit to the response.
        needs: Action that the visitor's grant must allow, or `Open`.
    """

    method: Literal["GET", "POST"]
    path: str
    view: View
    needs: Action | Open


@dataclass(frozen=True)
class MenuItem:
    """One entry of the main menu, shown to those whose grant allows what its page needs."""

    text: str
    href: str
    needs: Action
