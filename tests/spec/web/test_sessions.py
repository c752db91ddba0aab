"""When does a session begin, go on and end?"""

from __future__ import annotations

from datetime import datetime, timedelta

from washhouse.governance.grants import Purpose, Role
from washhouse.web.shell.sessions import LONGEST_SESSION, RateLimit, SessionStore, same_token, sign_in_token

NINE = datetime(2025, 7, 1, 9, 0)
IDLE = timedelta(minutes=30)


def start(store: SessionStore, at: datetime = NINE) -> str:
    return store.start(
        actor="CP1", name="A clinician", title="team", role=Role.CLINICIAN, purpose=Purpose.DIRECT_CARE, now=at
    )


def test_a_session_lasts_while_requests_come() -> None:
    store = SessionStore(IDLE)
    token = start(store)
    for minutes in (29, 58, 87):
        assert store.find(token, NINE + timedelta(minutes=minutes)) is not None


def test_a_session_ends_when_nothing_happens() -> None:
    store = SessionStore(IDLE)
    token = start(store)
    assert store.find(token, NINE + IDLE) is None
    assert store.find(token, NINE) is None, "an ended session does not come back"


def test_a_session_ends_after_a_working_day_however_busy() -> None:
    store = SessionStore(IDLE)
    token, at = start(store), NINE
    while at - NINE + timedelta(minutes=20) < LONGEST_SESSION:
        at += timedelta(minutes=20)
        assert store.find(token, at) is not None
    assert store.find(token, NINE + LONGEST_SESSION) is None


def test_signing_out_ends_one_session_only() -> None:
    store = SessionStore(IDLE)
    one, other = start(store), start(store)
    store.end(one)
    assert store.find(one, NINE) is None
    assert store.find(other, NINE) is not None


def test_every_session_has_its_own_form_token() -> None:
    store = SessionStore(IDLE)
    sessions = [store.find(start(store), NINE) for _ in range(2)]
    assert sessions[0] and sessions[1]
    assert sessions[0].csrf != sessions[1].csrf


def test_the_store_does_not_hold_the_cookie_value() -> None:
    store = SessionStore(IDLE)
    token = start(store)
    assert token not in repr(vars(store))


def test_tokens_match_only_themselves() -> None:
    assert same_token("a", "a")
    assert not same_token("a", "b")
    assert not same_token("", "")
    assert not same_token("é", "e")


def test_a_sign_in_token_is_tied_to_visitor_and_secret() -> None:
    assert sign_in_token(b"s" * 32, "v") == sign_in_token(b"s" * 32, "v")
    assert len({sign_in_token(b"s" * 32, "v"), sign_in_token(b"t" * 32, "v"), sign_in_token(b"s" * 32, "w")}) == 3
    assert sign_in_token(b"s" * 32, "") == ""


def test_sign_ins_of_one_address_are_limited_for_a_while() -> None:
    limit = RateLimit(most=3, window=timedelta(minutes=5))
    assert [limit.allow("1.2.3.4", NINE) for _ in range(4)] == [True, True, True, False]
    assert limit.allow("5.6.7.8", NINE)
    assert limit.allow("1.2.3.4", NINE + timedelta(minutes=5))
