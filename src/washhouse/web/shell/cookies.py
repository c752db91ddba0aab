"""Which cookies are there? The session's token, and before a session a random value that ties the sign-in form."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from washhouse.web.shell.sessions import sign_in_token
from washhouse.web.shell.visit import Visit

SESSION = "washhouse-session"
VISITOR = "washhouse-visitor"


def cookie_name(request: Request, name: str) -> str:
    """Name of a cookie; over https with the prefix that ties it to this host."""
    return f"__Host-{name}" if request.url.scheme == "https" else name


def read_cookie(request: Request, name: str) -> str:
    """Value of one of our cookies, empty if the browser sent none."""
    return request.cookies.get(cookie_name(request, name), "")[:200]


@dataclass(frozen=True)
class Cookie:
    """A cookie still to be set: never readable by script, sent to this site only, gone with the browser."""

    name: str
    value: str
    secure: bool

    def attach(self, response: Response) -> Response:
        """Set the cookie on a response."""
        response.set_cookie(self.name, self.value, path="/", secure=self.secure, httponly=True, samesite="lax")
        return response


def offer_form_token(visit: Visit) -> tuple[Cookie, str]:
    """Return the cookie of a visitor without a session, and the token that their sign-in form must carry."""
    value = visit.visitor or secrets.token_urlsafe(24)
    return _cookie(visit, VISITOR, value), sign_in_token(visit.services.session_secret, value)


def start_session(visit: Visit, response: Response, token: str) -> Response:
    """Set the session's cookie and forget the visitor's."""
    response.delete_cookie(cookie_name(visit.request, VISITOR), path="/")
    return _cookie(visit, SESSION, token).attach(response)


def end_session(visit: Visit, response: Response) -> Response:
    """Forget the session's cookie."""
    response.delete_cookie(cookie_name(visit.request, SESSION), path="/")
    return response


def _cookie(visit: Visit, name: str, value: str) -> Cookie:
    return Cookie(cookie_name(visit.request, name), value, visit.request.url.scheme == "https")
