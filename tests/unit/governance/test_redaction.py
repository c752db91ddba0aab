"""What is taken out of a note, and what is left in."""

from __future__ import annotations

from datetime import date

import pytest

from washhouse.governance.redaction import redact
from washhouse.governance.reveal import RevealedIdentity

ANN = RevealedIdentity(
    person_id="a" * 32,
    name="Ann-Marie O'Neill",
    birth_date=date(1980, 2, 3),
    nhs_number="9434765919",
    address="Flat 2, 17 Canning Street, L8 7NN",
    phone="0151 496 0123",
    restricted=False,
)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Ann-Marie was well", "[removed] was well"),
        ("ANN-MARIE  O'NEILL seen", "[removed] seen"),
        ("Mrs O'Neill's sister rang", "Mrs [removed]'s sister rang"),
        ("NHS 943 476 5919.", "NHS [removed]."),
        ("NHS 943-476-5919", "NHS [removed]"),
        ("born 03/02/1980 or 1980-02-03", "born [removed] or [removed]"),
        ("lives at 17 canning street", "lives at [removed]"),
        ("rang 01514960123", "rang [removed]"),
        ("L8 7NN", "[removed]"),
    ],
)
def test_what_is_known_of_the_person_is_removed(text: str, kept: str) -> None:
    assert redact(text, ANN) == kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("brother on +44 7700 900123", "brother on [removed]"),
        ("number 4010232137 of the neighbour", "number [removed] of the neighbour"),
        ("write to a.b@example.org please", "write to [removed] please"),
        ("near SW1A 1AA", "near [removed]"),
    ],
)
def test_what_looks_like_anybody_is_removed(text: str, kept: str) -> None:
    assert redact(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Seen on 12/06/2026, HoNOS 14, sleeping 6 hours.",
        "Quetiapine 300 mg, lithium 0.8 mmol/L",
        "Reference 1234567890 of the pharmacy",
        "Annual review due; oneill",
    ],
)
def test_the_rest_is_left_alone(text: str) -> None:
    assert redact(text, ANN) == text


def test_an_identity_without_fields_removes_nothing() -> None:
    nobody = RevealedIdentity("b" * 32, None, None, None, None, None, restricted=True)
    assert redact("Went for a walk", nobody) == "Went for a walk"
