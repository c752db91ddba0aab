"""How does a program's request reach an answer? Who asks, from where, may they, how much; then the view; always JSON.

A session's cookie is sent along by any page that a browser has open. So a call counts only if it could not have come
from another site: its body is JSON, which a form of another site cannot send without asking first, and the browser's
own word on where it comes from, if there is one, is "here". The cookie itself is `SameSite=Lax`. A program's token is
sent by nobody else, so it needs none of that.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from washhouse.core.errors import HomeError, InputError, RefusedError, WashhouseError
from washhouse.desk.accounts import read_account
from washhouse.desk.programs import find_program
from washhouse.governance.audit import AuditEvent
from washhouse.governance.grants import Purpose, Role
from washhouse.governance.permissions import Action
from washhouse.web.shell.cookies import SESSION, read_cookie
from washhouse.web.shell.errors import log_failure
from washhouse.web.shell.pages import Open
from washhouse.web.shell.sessions import Session
from washhouse.web.shell.visit import Site, Visit

JSON_TYPES = ("application/json", "application/x-ndjson")
STATUSES = {
    "not-signed-in": 401,
    "token-refused": 401,
    "fhir-not-there": 404,
    "no-such-person": 404,
    "request-too-large": 413,
    "request-not-json": 415,
    "too-many-records": 429,
    "request-from-elsewhere": 403,
}
"""HTTP status of errors that have one of their own; others follow from their kind."""


def _json_problem(status: int, code: str, message: str, hint: str) -> Mapping[str, Any]:
    return {"error": {"code": code, "message": message, "hint": hint}}


@dataclass(frozen=True)
class Form:
    """How answers are written.

    Attributes:
        media_type: Their type.
        problem: Writes a problem: from status, code, message and hint.
    """

    media_type: str
    problem: Callable[[int, str, str, str], Mapping[str, Any]]


JSON = Form("application/json", _json_problem)


@dataclass(frozen=True)
class Endpoint:
    """One thing that a program may ask.

    Attributes:
        method: `GET` reads; `POST` asks for what must not stand in an address, or changes something.
        path: Path.
        view: Function from the visit and the body to the answer, a JSON value.
        needs: Action that the visitor's grant must allow, or signed in.
        largest_bytes: Most bytes that its body may have.
        reads_version: It reads the published version, which is then pinned.
        form: How it answers.
    """

    method: Literal["GET", "POST"]
    path: str
    view: Callable[[Visit, bytes], Mapping[str, Any]]
    needs: Action | Literal[Open.SIGNED_IN]
    largest_bytes: int = 0
    reads_version: bool = False
    form: Form = JSON


def answer_calls(site: Site, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    """Return the function that answers calls of an endpoint."""

    async def answer(request: Request) -> Response:
        try:
            visit = await run_in_threadpool(open_call, site, request)
            body = await _read_body(request, endpoint) if endpoint.method == "POST" else b""
        except WashhouseError as error:
            return tell_error(error, endpoint.form)
        return await run_in_threadpool(answer_call, visit, endpoint, body)

    return answer


def open_call(site: Site, request: Request) -> Visit:
    """Find who calls: a program by its token, else somebody by the session's cookie. A token is never passed over.

    Raises:
        RefusedError: `not-signed-in`, `token-refused`, `request-from-elsewhere`.
        HomeError: `desk-unreachable`.
    """
    shown = request.headers.get("authorization")
    if shown is not None:
        return Visit(site=site, request=request, session=open_program(site, shown))
    token = read_cookie(request, SESSION)
    session = site.sessions.find(token, site.services.now()) if token else None
    if session is None:
        raise RefusedError("not-signed-in", "Nobody is signed in.", "Sign in, or send a program's token.")
    if request.method != "GET" and not is_from_here(request):
        raise RefusedError("request-from-elsewhere", "The call came from a page of another site.")
    return Visit(site=site, request=request, session=session, token=token)


def open_program(site: Site, shown: str) -> Session:
    """What a program acts as, by what it shows; a known token that holds no more is in the audit.

    References:
        RFC 6750, The OAuth 2.0 Authorization Framework: Bearer Token Usage, section 2.1.

    Raises:
        RefusedError: `token-refused`.
    """
    services, (scheme, _, token) = site.services, shown.partition(" ")
    now = services.now()
    program = find_program(services.desk, token.strip()) if scheme.lower() == "bearer" else None
    if program is not None:
        actor = f"program:{program.name}"
        account = read_account(services.desk, program.worker) if program.worker else None
        if program.holds(now) and (not program.worker or (account is not None and account.active)):
            role, purpose = Role(program.role), Purpose(program.purpose)
            return Session(actor, program.name, "program", role, purpose, program.made_at, now, "", program.worker)
        services.audit.record([AuditEvent(now, actor, program.role, program.purpose, "sign-in", outcome="deny")])
    raise RefusedError(
        "token-refused", "The token is unknown, has expired or was revoked.", "Ask for one: `washhouse token new`."
    )


def is_from_here(request: Request) -> bool:
    """Did the call come from a page of ours, or from no page at all? Browsers say so; what says nothing is no browser.

    References:
        W3C Fetch Metadata Request Headers, `Sec-Fetch-Site`; OWASP Cross-Site Request Forgery Prevention Cheat Sheet.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


async def _read_body(request: Request, endpoint: Endpoint) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in JSON_TYPES:
        raise InputError("request-not-json", f"The body must be {' or '.join(JSON_TYPES)}.", "Say so in Content-Type.")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > endpoint.largest_bytes:
            raise InputError("request-too-large", f"The body has more than {endpoint.largest_bytes:,} bytes.")
    return bytes(body)


def answer_call(visit: Visit, endpoint: Endpoint, body: bytes) -> Response:
    """Answer one call; whatever happens, with JSON."""
    try:
        check_may(visit, endpoint)
        if endpoint.reads_version:
            visit = replace(visit, version=visit.services.published())
        return JSONResponse(endpoint.view(visit, body), media_type=endpoint.form.media_type)
    except WashhouseError as error:
        return tell_error(error, endpoint.form)
    except Exception as failure:
        hint = f"Reference {log_failure(failure)}."
        return tell(500, "failed", "Something went wrong on our side.", hint, endpoint.form)


def check_may(visit: Visit, endpoint: Endpoint) -> None:
    """Raise unless the visitor's grant allows what the endpoint needs; a refusal is in the audit.

    Raises:
        RefusedError: `not-permitted`.
    """
    needs, user = endpoint.needs, visit.user
    if isinstance(needs, Action) and not visit.may(needs):
        event = AuditEvent(visit.services.now(), user.actor, user.role, user.purpose, needs, outcome="deny")
        visit.services.audit.record([event])
        raise RefusedError("not-permitted", f"A {user.role} may not {needs} for the purpose {user.purpose}.")


def tell_error(error: WashhouseError, form: Form = JSON) -> Response:
    """Answer with an error of ours: its code, what is wrong and what to do; never a value that was sent."""
    kinds = ((InputError, 400), (RefusedError, 403), (HomeError, 503))
    status = STATUSES.get(error.code) or next((number for kind, number in kinds if isinstance(error, kind)), 500)
    return tell(status, error.code, error.message, error.hint, form)


def tell(status: int, code: str, message: str, hint: str = "", form: Form = JSON) -> Response:
    """Answer with a problem."""
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    problem = form.problem(status, code, message, hint)
    return JSONResponse(problem, status_code=status, media_type=form.media_type, headers=headers)
