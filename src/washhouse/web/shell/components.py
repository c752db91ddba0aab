"""How does a template draw a component of the design system without a misspelt option going unseen?"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

from jinja2 import ChainableUndefined, Environment, PackageLoader
from markupsafe import Markup

Options = Mapping[str, Any]

_OPTIONS_FILE = "static/vendor/nhsuk-frontend/macro-options.json"


def known_options() -> dict[str, Any]:
    """Return the option names of each vendored component, nested as the components nest them."""
    text = files("washhouse.web").joinpath(_OPTIONS_FILE).read_text(encoding="utf-8")
    options: dict[str, Any] = json.loads(text)
    return options


def check_options(component: str, options: Options, known: Mapping[str, Any]) -> None:
    """Refuse an option that the component does not know; Jinja itself would ignore it.

    Raises:
        KeyError: The component or one of the options is unknown; the message names both.
    """
    for name, value in options.items():
        if name not in known:
            near = ", ".join(sorted(known))
            raise KeyError(f"component {component} has no option {name}; it knows {near}")
        nested = known[name]
        if not nested:
            continue
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, Mapping):
                check_options(f"{component}.{name}", part, nested)


def component_renderer() -> Callable[[str, Options], Markup]:
    """Return `component(name, options)`, which draws one component with its options checked.

    The templates of the design system rely on chained undefined values, the pages must not: so the components are drawn
    by an environment of their own.
    """
    environment = Environment(
        loader=PackageLoader("nhsuk_frontend_jinja"), undefined=ChainableUndefined, autoescape=True
    )
    known = known_options()

    def component(name: str, options: Options) -> Markup:
        if name not in known:
            raise KeyError(f"component {name} is not vendored; known are {', '.join(sorted(known))}")
        check_options(name, options, known[name])
        template = environment.get_template(f"nhsuk/components/{name}/template.jinja")
        return Markup(template.render(params=dict(options)).strip())  # noqa: S704 - drawn by an autoescaping template

    return component
