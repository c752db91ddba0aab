"""When does a session begin, go on and end?"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from washhouse.core.errors import HomeError
from washhouse.desk.database import Desk, open_desk
from washhouse.desk.models import SessionRow
from washhouse.governance.grants import Purpose, Role
from washhouse.web.shell.sessions import LONGEST_SESSION, RateLimit, SessionStore, same_token, sign_in_token

NINE = datetime(2025, 7, 1, 9, 0)
IDLE = timedelta(minutes=30)


def start(store: SessionStore, at: datetime = NINE) -> str:
    return store.start(
        actor="CP1", name="A clinician", title="team", role=Role.CLINICIAN, purpose=Purpose.DIRECT_CARE, now=at
    )


def test_a_session_lasts_while_requests_come(desk: Desk) -> None:
    store = SessionStore(desk, IDLE)
    token = start(store)
    for minutes in (29, 58, 87):
        assert store.find(token, NINE + timedelta(minutes=minutes)) is not None


def test_a_session_ends_when_nothing_happens(desk: Desk) -> None:
    store = SessionStore(desk, IDLE)
    token = start(store)
    assert store.find(token, NINE + IDLE) is None
    assert store.find(token, NINE) is None, "an ended session does not come back"


def test_a_session_ends_after_a_working_day_however_busy(desk: Desk) -> None:
    store = SessionStore(desk, IDLE)
    token, at = start(store), NINE
    while at - NINE + timedelta(minutes=20) < LONGEST_SESSION:
        at += timedelta(minutes=20)
        assert store.find(token, at) is not None
    assert store.find(token, NINE + LONGEST_SESSION) is None


def test_signing_out_ends_one_session_only(desk: Desk) -> None:
    store = SessionStore(desk, IDLE)
    one, other = start(store), start(store)
    store.end(one)
    assert store.find(one, NINE) is None
    assert store.find(other, NINE) is not None


def test_every_session_has_its_own_form_token(desk: Desk) -> None:
    store = SessionStore(desk, IDLE)
    sessions = [store.find(start(store), NINE) for _ in range(2)]
    assert sessions[0] and sessions[1]
    assert sessions[0].csrf != sessions[1].csrf


def test_every_process_knows_a_session_and_that_it_ended(desk: Desk, tmp_path: Path) -> None:
    here, there = SessionStore(desk, IDLE), SessionStore(open_desk(tmp_path / "desk.db"), IDLE)
    token = start(here)
    assert there.find(token, NINE) == here.find(token, NINE) is not None
    assert there.find(token, NINE + timedelta(minutes=20)) is not None
    assert here.find(token, NINE + timedelta(minutes=40)) is not None, "a sign of life there counts here"
    there.end(token)
    assert here.find(token, NINE + timedelta(minutes=40)) is None


def test_ended_sessions_leave_the_desk_with_the_next_sign_in(desk: Desk) -> None:
    store = SessionStore(desk, IDLE)
    start(store)
    start(store, NINE + IDLE)
    with desk.reading() as session:
        assert session.scalar(select(func.count()).select_from(SessionRow)) == 1


def test_the_desk_holds_neither_the_cookie_value_nor_the_form_token(desk: Desk, tmp_path: Path) -> None:
    store = SessionStore(desk, IDLE)
    token = start(store)
    session = store.find(token, NINE)
    assert session is not None
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"CP1" in held
    assert token.encode() not in held
    assert session.csrf.encode() not in held
    assert token not in session.csrf


def test_a_desk_that_is_gone_says_so(desk: Desk) -> None:
    store = SessionStore(desk, IDLE)
    with desk.begin() as connection:
        connection.execute(text("DROP TABLE sessions"))
    with pytest.raises(HomeError) as caught:
        store.find("token", NINE)
    assert caught.value.code == "desk-unreachable"


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
