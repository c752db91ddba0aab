"""Does a misspelt option of a component stop the page, and do words come out escaped?"""

from __future__ import annotations

import pytest
from jinja2 import UndefinedError

from washhouse.web.shell.components import component_renderer, known_options
from washhouse.web.shell.templating import build_templates, static_address


def test_a_component_is_drawn_and_its_text_escaped() -> None:
    drawn = component_renderer()("button", {"text": "<b>Save</b>"})
    assert "nhsuk-button" in drawn
    assert "&lt;b&gt;Save" in drawn


def test_a_misspelt_option_is_refused() -> None:
    with pytest.raises(KeyError, match="preventDoubleclick"):
        component_renderer()("button", {"text": "Save", "preventDoubleclick": True})


def test_a_misspelt_nested_option_is_refused() -> None:
    with pytest.raises(KeyError, match="chekced"):
        component_renderer()("radios", {"name": "a", "items": [{"value": "x", "text": "X", "chekced": True}]})


def test_a_component_that_is_not_vendored_is_refused() -> None:
    with pytest.raises(KeyError, match="hero"):
        component_renderer()("hero", {})


def test_every_vendored_component_can_be_drawn() -> None:
    component = component_renderer()
    for name in known_options():
        component(name, {})


def test_a_missing_value_is_an_error_and_not_a_blank() -> None:
    with pytest.raises(UndefinedError):
        build_templates().from_string("{{ nobody }}").render()


def test_values_are_escaped_by_default() -> None:
    assert build_templates().from_string("{{ name }}").render(name="<i>") == "&lt;i&gt;"


def test_static_addresses_change_with_the_file() -> None:
    assert static_address("washhouse.css").startswith("/static/washhouse.css?v=")
