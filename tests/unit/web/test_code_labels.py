"""Are the words for codes sourced, unique and complete where the crisis job needs them?"""

from __future__ import annotations

from collections import Counter

import pytest

from washhouse.insight.codelists import CRISIS_CODELISTS
from washhouse.web.shell.labels import FAMILIES, code_labels, label, label_rows


def test_every_label_has_words_and_a_source() -> None:
    for name, row in label_rows():
        if name != FAMILIES:
            assert row["code"] and row["label"] and row["source"], (name, row)


def test_no_code_is_labelled_twice() -> None:
    seen = Counter(row["code"] for name, row in label_rows() if name != FAMILIES)
    assert [code for code, count in seen.items() if count > 1] == []


@pytest.mark.parametrize("codelist", CRISIS_CODELISTS, ids=lambda codelist: codelist.name)
def test_codes_behind_the_crisis_label_have_words(codelist) -> None:
    assert [code for code in codelist.codes if code not in code_labels()] == []


def test_an_unknown_code_is_shown_as_it_is() -> None:
    assert label("NEW//50912//mg/dL") == "NEW 50912 mg/dL"
    assert label("SNOMED//1") == "SNOMED CT 1"
