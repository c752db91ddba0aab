"""How do requests reach pages? One application; every route is a declared page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from datetime import timedelta
from functools import partial
from pathlib import Path

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.staticfiles import StaticFiles

from washhouse.core.errors import HomeError, InputError, RefusedError
from washhouse.governance.audit import AuditEvent
from washhouse.governance.permissions import Action
from washhouse.web.api.endpoint import JSON, answer_calls, tell
from washhouse.web.api.fhir import FHIR
from washhouse.web.api.routes import ENDPOINTS
from washhouse.web.care.routes import MENU as CARE_MENU
from washhouse.web.care.routes import PAGES as CARE_PAGES
from washhouse.web.planning.routes import MENU as PLANNING_MENU
from washhouse.web.planning.routes import PAGES as PLANNING_PAGES
from washhouse.web.research.routes import MENU as RESEARCH_MENU
from washhouse.web.research.routes import PAGES as RESEARCH_PAGES
from washhouse.web.shell import errors
from washhouse.web.shell.cookies import SESSION, VISITOR, end_session, read_cookie
from washhouse.web.shell.headers import SecurityHeaders
from washhouse.web.shell.pages import Open, Page
from washhouse.web.shell.respond import redirect
from washhouse.web.shell.routes import MENU as SHELL_MENU
from washhouse.web.shell.routes import PAGES as SHELL_PAGES
from washhouse.web.shell.services import Services
from washhouse.web.shell.sessions import RateLimit, SessionStore, same_token
from washhouse.web.shell.templating import build_templates
from washhouse.web.shell.visit import Site, Visit
from washhouse.web.steward.routes import MENU as STEWARD_MENU
from washhouse.web.steward.routes import PAGES as STEWARD_PAGES
from washhouse.web.team.routes import MENU as TEAM_MENU
from washhouse.web.team.routes import PAGES as TEAM_PAGES

PAGES: tuple[Page, ...] = (*SHELL_PAGES, *CARE_PAGES, *TEAM_PAGES, *PLANNING_PAGES, *RESEARCH_PAGES, *STEWARD_PAGES)
"""Every page of the application."""

LARGEST_FORM_BYTES = 64_000
MOST_RECORDS_ASKED = 20_000
"""Single records that one user may ask about in five minutes."""
MOST_SEARCHES = 60
"""People whom one user may look for in an hour."""
STATIC = Path(__file__).parents[1] / "static"
_PROBLEMS = {400: errors.WRONG_FORM, 404: errors.NOT_FOUND, 405: errors.WRONG_METHOD, 413: errors.TOO_LARGE}


def create_app(services: Services, beside: Callable[[], AbstractContextManager[None]] = nullcontext) -> FastAPI:
    """Build the application.

    Args:
        services: What the pages use.
        beside: What goes on in this process for as long as it answers.

    Returns:
        An ASGI application: the pages of `PAGES`, the calls of `ENDPOINTS`, static files, `/healthz`, and nothing else.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with beside():
            yield

    app = FastAPI(
        title=services.brand,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        max_body_size=LARGEST_FORM_BYTES,
        lifespan=lifespan,
    )
    site = Site(
        services=services,
        templates=build_templates(),
        sessions=SessionStore(services.desk, timedelta(minutes=services.settings.session_minutes)),
        sign_ins=RateLimit(),
        questions=RateLimit(MOST_RECORDS_ASKED),
        searches=RateLimit(MOST_SEARCHES, timedelta(hours=1)),
        menu=(*CARE_MENU, *TEAM_MENU, *PLANNING_MENU, *RESEARCH_MENU, *STEWARD_MENU, *SHELL_MENU),
    )
    for page in PAGES:
        app.add_api_route(
            page.path,
            endpoint(site, page),
            methods=[page.method],
            include_in_schema=False,
            response_class=Response,
            response_model=None,
            name=f"{page.method} {page.path}",
        )
    for call in ENDPOINTS:
        app.add_api_route(
            call.path,
            answer_calls(site, call),
            methods=[call.method],
            include_in_schema=False,
            response_class=Response,
            response_model=None,
            # The call itself says so, in JSON, when its body is too large; this only stops what is far beyond.
            max_body_size=max(LARGEST_FORM_BYTES, 10 * call.largest_bytes),
            name=f"{call.method} {call.path}",
        )
    app.add_api_route("/healthz", health, methods=["GET"], include_in_schema=False, response_model=None)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_exception_handler(HTTPException, problem_handler(site))
    app.add_middleware(SecurityHeaders)
    app.state.site = site
    return app


def health() -> Response:
    """Say that the process answers. Says nothing about the data."""
    return JSONResponse({"status": "ok"})


def endpoint(site: Site, page: Page) -> Callable[[Request], Awaitable[Response]]:
    """Return the function that answers requests for a page: session, permission, form token, then the view."""

    async def answer(request: Request) -> Response:
        form: dict[str, str] = {}
        if page.method == "POST":
            async with request.form(max_files=0, max_fields=40) as fields:
                form = {name: value for name, value in fields.items() if isinstance(value, str)}
        return await run_in_threadpool(answer_page, site, page, request, form)

    return answer


def answer_page(site: Site, page: Page, request: Request, form: dict[str, str]) -> Response:
    """Answer one request for a page; whatever happens, with a page."""
    try:
        visit = open_visit(site, request, form)
    except HomeError as failure:
        return errors.show_failure(Visit(site, request, session=None), failure, errors.BROKEN_HOME)
    try:
        stopped = stop_at_the_door(visit, page)
        return stopped if stopped is not None else page.view(visit)
    except RefusedError as refusal:
        return errors.show_refusal(visit, refusal)
    except InputError as problem:
        return errors.show_problem(visit, errors.NOT_FOUND if problem.code == "no-such-person" else errors.WRONG_INPUT)
    except HomeError as failure:
        if failure.code == "nothing-published":
            return errors.show_problem(visit, errors.NOTHING_PUBLISHED)
        return errors.show_failure(visit, failure, errors.BROKEN_HOME)
    except HTTPException as stopped_by:
        return errors.show_problem(visit, _PROBLEMS.get(stopped_by.status_code, errors.NOT_FOUND))
    except Exception as failure:
        return errors.show_failure(visit, failure)


def open_visit(site: Site, request: Request, form: dict[str, str] | None = None) -> Visit:
    """Find the session and pin the published version."""
    token = read_cookie(request, SESSION)
    session = site.sessions.find(token, site.services.now()) if token else None
    return Visit(
        site=site,
        request=request,
        session=session,
        form=form or {},
        version=None if session is None else site.services.published(),
        token=token,
        visitor=read_cookie(request, VISITOR),
        in_emergency=True,
    )


def stop_at_the_door(visit: Visit, page: Page) -> Response | None:
    """Return the answer for a visitor who may not have the page, None for one who may."""
    if page.needs is Open.PUBLIC:
        return None
    user = visit.session
    if user is None:
        return send_to_sign_in(visit, page)
    if not isinstance(page.needs, Open) and not visit.may(page.needs):
        event = AuditEvent(visit.services.now(), user.actor, user.role, user.purpose, page.needs, outcome="deny")
        visit.services.audit.record([event])
        return errors.show_problem(visit, errors.NOT_PERMITTED, reference="not-permitted")
    if page.method == "POST" and not same_token(visit.form.get("csrf", ""), user.csrf):
        return errors.show_problem(visit, errors.WRONG_FORM)
    if visit.grant.emergency and "person_id" in visit.request.path_params:
        check_emergency_page(visit, page)
    return None


def check_emergency_page(visit: Visit, page: Page) -> None:
    """Refuse a page of a person whose record is open in an emergency, unless emergency access gives what it needs.

    A page may read no more than the record and still be for whoever gives the care alone.

    Raises:
        RefusedError: `not-permitted`; the refusal is in the audit.
    """
    person = visit.record.resolve(visit.parameter("person_id"))
    if person in visit.grant.emergency and isinstance(page.needs, Action) and not visit.may(page.needs, person):
        visit.services.audit.authorise(visit.grant, page.needs, [person])


def send_to_sign_in(visit: Visit, page: Page) -> Response:
    """Send a signed-out visitor to the sign-in, to come back to the page they asked for."""
    query = {}
    if page.method == "GET":
        asked = visit.request.url
        query["next"] = f"{asked.path}?{asked.query}" if asked.query else asked.path
    if visit.token:
        query["reason"] = "timed-out"
    return end_session(visit, redirect("/sign-in", **query))


def problem_handler(site: Site) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Return the handler of what the router itself refuses: unknown addresses, wrong methods, too large bodies."""

    async def answer_problem(request: Request, problem: Exception) -> Response:
        status = problem.status_code if isinstance(problem, HTTPException) else 404
        # The router knows which methods an address has: `Allow`, without which a 405 is half an answer (RFC 9110).
        headers = dict(problem.headers or {}) if isinstance(problem, HTTPException) else {}
        if request.url.path.startswith(("/api/", "/fhir/")):
            told = _PROBLEMS.get(status, errors.NOT_FOUND)
            form = FHIR if request.url.path.startswith("/fhir/") else JSON
            answer = tell(told.status, "request-refused", told.text, told.advice, form)
            answer.headers.update(headers)
            return answer
        view = partial(errors.show_problem, problem=_PROBLEMS.get(status, errors.NOT_FOUND))
        page = await run_in_threadpool(answer_page, site, Page("GET", "", view, Open.PUBLIC), request, {})
        page.headers.update(headers)
        return page

    return answer_problem
