"""How does a page become HTML?"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined

from washhouse.web.shell import words
from washhouse.web.shell.components import component_renderer

AUDIENCES = ("shell", "care", "planning", "research", "steward", "team")


def build_templates() -> Environment:
    """Return the environment of the pages: autoescaping, and a missing value is an error.

    Templates are named `audience/page.html`; `component(name, options)` draws a component of the design system.
    """
    loader = PrefixLoader({name: PackageLoader(f"washhouse.web.{name}") for name in AUDIENCES})
    environment = Environment(
        loader=loader, undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals["component"] = component_renderer()
    environment.globals["static"] = static_address
    environment.globals["plural"] = words.plural
    environment.globals["items"] = choice_items
    environment.globals["error_list"] = error_links
    for name in ("day", "short_day", "moment", "stamp", "count", "share", "nhs_number", "bytes_in_words", "telephone"):
        environment.filters[name] = getattr(words, name)
    # Of what is kept as text (ISO 8601); another filter then says it in words.
    environment.filters["as_time"] = datetime.fromisoformat
    return environment


@cache
def static_address(path: str) -> str:
    """Address of a static file, with its digest so that browsers may keep it for ever."""
    data = files("washhouse.web").joinpath("static", *path.split("/")).read_bytes()
    return f"/static/{path}?v={hashlib.sha256(data).hexdigest()[:12]}"


def choice_items(choices: Mapping[str, str]) -> list[dict[str, str]]:
    """Choices as radios and selects take them.

    >>> choice_items({"yes": "Yes"})
    [{'value': 'yes', 'text': 'Yes'}]
    """
    return [{"value": value, "text": text} for value, text in choices.items()]


def error_links(errors: Mapping[str, str]) -> list[dict[str, str]]:
    """Messages as the error summary takes them, each linked to its field.

    >>> error_links({"note": "Too long"})
    [{'href': '#note', 'text': 'Too long'}]
    """
    return [{"href": f"#{field}", "text": text} for field, text in errors.items()]
