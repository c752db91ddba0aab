"""Are whole columns brought into the same standard form as one text at a time?"""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from washhouse.core.nhs_number import parse_nhs_number
from washhouse.linkage import standardise
from washhouse.linkage.columnar import split_address, standard_column, standard_forms

FUNCTIONS = {
    parse_nhs_number: ["9434765919", "943 476 5919", "0000000000", "943476591.0", "9434765918", "94347659190"],
    standardise.name: ["O'Brien-Núñez", "mrs  Anne Marie", "Mac Donald", "not known", "XX", "smith", "Łukasz", "Иван"],
    standardise.birth_date: ["1961-11-09", "09/11/1961", "-11-9", "1900-01-01", "1849-05-05", "2024-02-30", "19611109"],
    standardise.postcode: ["l8 1tn", "L8 ITN", "ZZ99 3VZ", "2250", "L81TN.", "unknown"],
    standardise.address: ["Flat 2, 14 Mill Rd.", "No fixed abode", "St Mary's Ct", "NFA", "1a_b", "RD", "12 ÉCOLE ST"],
    standardise.phone: ["+44 (0)151 496 0123", "0000000000", "12345", "٠١٢٣٤٥٦٧٨٩"],
    standardise.identifier: ["ab 12/3", "0000", "a_b", "é1", "  "],
    standardise.sex: ["F", "1", "unknown"],
}
LETTERS = "aZ e0129 '`.-_/,\t\n\x1fé́߀ßЖ中RDSTOIL"


@pytest.mark.parametrize("standard", FUNCTIONS)
@settings(max_examples=40)
@given(data=st.data())
def test_a_column_says_what_each_text_says(standard, data):
    some = st.one_of(st.sampled_from(FUNCTIONS[standard]), st.text(LETTERS, max_size=14), st.text(max_size=8))
    drawn = data.draw(st.lists(some, min_size=70, max_size=90, unique=True))
    found = standard_forms(pa.array(drawn, pa.string()), standard).to_pylist()
    assert found == [standard(text) if text.strip() else None for text in drawn]


@settings(max_examples=60)
@given(texts=st.lists(st.text("A1 B2É", max_size=12).map(standardise.address).filter(bool), unique=True))
def test_addresses_are_split_alike(texts):
    numbers, words = split_address(pa.array(texts, pa.string()))
    assert list(zip(numbers.to_pylist(), words.to_pylist(), strict=True)) == [
        standardise.address_parts(text) for text in texts
    ]


def test_codes_lead_to_the_texts_and_lost_values_are_counted():
    column = standard_column(pa.array(["l8 1tn", None, "L81TN", "ZZ99 3VZ", " ", "M1 1AA"]), standardise.postcode)
    assert [column.texts[code].as_py() if code >= 0 else None for code in column.codes.tolist()] == [
        "L81TN", None, "L81TN", None, None, "M11AA",
    ]  # fmt: skip
    assert column.unusable == 1
