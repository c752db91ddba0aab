"""Whatever stands in a table: it is linked, or refused with a clear error; nothing else happens."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from washhouse.core.errors import InputError
from washhouse.linkage import standardise
from washhouse.linkage.api import dedupe, link

VALUES = st.one_of(st.none(), st.text(max_size=12), st.integers(), st.floats(), st.booleans(), st.dates())
COLUMNS = ("given", "family", "born", "pc", "home", "phone", "nhs", "town", "height")
ROWS = st.lists(st.fixed_dictionaries(dict.fromkeys(COLUMNS, VALUES)), min_size=1, max_size=8)
SETTINGS = {
    "columns": {
        "first_name": "given",
        "surname": "family",
        "birth_date": "born",
        "postcode": "pc",
        "address": ["home", "pc"],
        "phone": "phone",
        "nhs_number": "nhs",
    },
    "categories": {"town": "town"},
    "numbers": {"height": {"column": "height", "near": 1}},
}


@pytest.mark.parametrize(
    "standard", [standardise.name, standardise.address, standardise.category, standardise.identifier]
)
@given(text=st.text(max_size=40))
def test_a_standard_form_stays_as_it_is(standard: object, text: str) -> None:
    form = standard(text)  # type: ignore[operator]
    if form is not None:
        assert form
        assert standard(form) == form  # type: ignore[operator]


@given(left=ROWS, right=ROWS)
@example(left=[{"given": "A", "height": 1}], right=[{"given": "A", "height": 1 << 63}])
@settings(max_examples=60)
def test_any_table_is_linked_or_refused(left: list[dict[str, object]], right: list[dict[str, object]]) -> None:
    for call in (lambda: link(left, right, SETTINGS, threads=1), lambda: dedupe(left, SETTINGS, threads=1)):
        with contextlib.suppress(InputError):
            linked = call()
            assert linked.pairs.num_rows == linked.summary["pairs"]
            assert linked.clusters.num_rows == linked.summary["left"] + linked.summary["right"]
