"""When may what is permitted be done: each policy over every state that matters."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from washhouse.core.errors import RefusedError
from washhouse.governance.grants import Purpose, Role, mint_grant
from washhouse.governance.permissions import ALLOWED, Action
from washhouse.governance.policies import (
    REVEAL_LIMIT,
    TIES_TO_PEOPLE,
    TieKind,
    check_active,
    check_open_emergency,
    check_reveal_count,
    check_reveal_records,
    check_review_emergency,
    is_active,
    may_open_emergency,
    may_rank,
    may_reveal_count,
    may_reveal_records,
    may_review_emergency,
    may_see_tie,
)

NOW = datetime(2026, 7, 1, 9, 0)
TODAY = date(2026, 7, 8)


@pytest.mark.parametrize(
    ("at", "active"),
    [
        (NOW - timedelta(microseconds=1), False),
        (NOW, True),
        (NOW + timedelta(minutes=15), True),
        (NOW + timedelta(minutes=30, microseconds=-1), True),
        (NOW + timedelta(minutes=30), False),
        (NOW + timedelta(days=1), False),
        (datetime(2026, 7, 1, 9, 10, tzinfo=UTC), True),
        (datetime(2026, 7, 1, 10, 10, tzinfo=timezone(timedelta(hours=1))), True),
        (datetime(2026, 7, 1, 9, 10, tzinfo=timezone(timedelta(hours=1))), False),
    ],
)
def test_a_grant_holds_from_its_issue_until_its_expiry(at: datetime, active: bool) -> None:
    grant = mint_grant(actor="a", role=Role.STEWARD, purpose=Purpose.STEWARDSHIP, persons=None, now=NOW)
    assert is_active(grant, at) is active
    if active:
        check_active(grant, at)
    else:
        with pytest.raises(RefusedError) as caught:
            check_active(grant, at)
        assert caught.value.code == "grant-expired"


@pytest.mark.parametrize(
    ("as_of", "allowed"),
    [
        (None, False),
        (TODAY, True),
        (TODAY - timedelta(days=1), True),
        (TODAY - timedelta(days=7), True),
        (TODAY - timedelta(days=8), False),
        (TODAY - timedelta(days=400), False),
        (TODAY + timedelta(days=1), True),
        (TODAY + timedelta(days=2), False),
    ],
)
def test_nothing_is_ranked_on_mental_health_data_older_than_seven_days(as_of: date | None, allowed: bool) -> None:
    assert may_rank(as_of, TODAY) is allowed


@pytest.mark.parametrize(
    ("count", "limit", "allowed"),
    [(0, 500, True), (1, 500, True), (500, 500, True), (501, 500, False), (2, 1, False), (-1, 500, False)],
)
def test_a_reveal_is_bounded(count: int, limit: int, allowed: bool) -> None:
    assert REVEAL_LIMIT == 500
    assert may_reveal_count(count, limit) is allowed
    if allowed:
        check_reveal_count(count, limit)
    else:
        with pytest.raises(RefusedError) as caught:
            check_reveal_count(count, limit)
        assert caught.value.code == "reveal-limit"


@pytest.mark.parametrize(("count", "allowed"), [(-1, False), (0, True), (1, True), (2, True), (3, False), (500, False)])
def test_link_review_shows_two_records_at_a_time(count: int, allowed: bool) -> None:
    assert may_reveal_records(count) is allowed
    if allowed:
        check_reveal_records(count)
    else:
        with pytest.raises(RefusedError) as caught:
            check_reveal_records(count)
        assert caught.value.code == "record-reveal-limit"


@pytest.mark.parametrize(
    ("restricted", "opened_lately", "code"),
    [
        (False, 0, None),
        (False, 9, None),
        (False, 10, "emergency-access-limit"),
        (False, 11, "emergency-access-limit"),
        (True, 0, "emergency-access-closed"),
        (True, 10, "emergency-access-closed"),
    ],
)
def test_which_records_are_opened_in_an_emergency(restricted: bool, opened_lately: int, code: str | None) -> None:
    facts = {"restricted": restricted, "opened_lately": opened_lately}
    assert may_open_emergency(**facts) is (code is None)
    if code is None:
        check_open_emergency(**facts)
    else:
        with pytest.raises(RefusedError) as caught:
            check_open_emergency(**facts)
        assert caught.value.code == code


@pytest.mark.parametrize(("reviewer", "allowed"), [("CP1", False), ("TM1", True)])
def test_nobody_reviews_their_own_emergency_access(reviewer: str, allowed: bool) -> None:
    assert may_review_emergency("CP1", reviewer) is allowed
    if allowed:
        check_review_emergency("CP1", reviewer)
    else:
        with pytest.raises(RefusedError) as caught:
            check_review_emergency("CP1", reviewer)
        assert caught.value.code == "own-emergency-access"


# fmt: off
TIES = """
purpose      household carer practitioner team service practice phone address
direct-care  yes       yes   yes          yes  yes     yes      yes   yes
stewardship  no        no    no           no   no      no       no    no
operations   no        no    no           no   no      no       no    no
own-record   no        no    no           no   no      no       no    no
"""
# fmt: on


def test_which_ties_each_purpose_sees() -> None:
    kinds, *lines = (line.split() for line in TIES.strip().splitlines())
    seen = {purpose: dict(zip(kinds[1:], cells, strict=True)) for purpose, *cells in lines}
    assert set(kinds[1:]) == set(TieKind)
    for purpose in Purpose:
        for kind in TieKind:
            assert may_see_tie(purpose, kind) is (seen.get(purpose, {}).get(kind) == "yes"), (purpose, kind)
    assert not may_see_tie(Purpose.DIRECT_CARE, "friend")


def test_residents_are_never_shown_households_or_any_other_tie() -> None:
    assert not any(may_see_tie(Purpose.OWN_RECORD, kind) for kind in TieKind)
    asked = {cell[:2] for cell in ALLOWED if cell[2] == Action.READ_RELATIONS}
    assert Role.RESIDENT not in {role for role, _ in asked}
    assert Purpose.OWN_RECORD not in {purpose for _, purpose in asked}
    # Who may ask for ties sees some, and who sees some may ask.
    assert {purpose for _, purpose in asked} == {each for each in Purpose if any(may_see_tie(each, k) for k in TieKind)}


def test_ties_to_people_are_the_ones_that_lead_on() -> None:
    assert {"household", "carer", "phone", "address"} == TIES_TO_PEOPLE
