"""How does a view answer?"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from starlette.responses import HTMLResponse, RedirectResponse, Response

from washhouse.web.shell.layout import build_layout
from washhouse.web.shell.visit import Visit


def render(visit: Visit, template: str, *, status: int = 200, **values: Any) -> Response:
    """Answer with a page of the layout."""
    html = visit.site.templates.get_template(template).render(page=build_layout(visit), **values)
    return HTMLResponse(html, status_code=status)


def redirect(path: str, **query: str) -> Response:
    """Send the visitor on to a page of ours, by GET."""
    return RedirectResponse(f"{path}?{urlencode(query)}" if query else path, status_code=303)


def local_path(address: str) -> str:
    """Return an address if it is a path of ours, else the home page: nobody is sent elsewhere.

    >>> local_path("/caseload?n=10"), local_path("//elsewhere.example"), local_path("https://elsewhere.example")
    ('/caseload?n=10', '/', '/')
    """
    ours = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if ours and "\\" not in address else "/"
