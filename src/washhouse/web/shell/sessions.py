"""Who is signed in, for how long, and did this form come from one of our pages?"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from washhouse.desk.database import Desk
from washhouse.desk.sessions import SignedIn, drop_session, find_session, keep_session, see_session
from washhouse.governance.grants import Purpose, Role

LONGEST_SESSION = timedelta(hours=12)
NOTED = timedelta(minutes=1)
"""How often a sign of life is written down."""
MOST_NAMES = 10_000
"""Names whose attempts are remembered."""


@dataclass(frozen=True)
class Session:
    """One signed-in person's session.

    Attributes:
        actor: User id at the desk.
        name: Name to greet with.
        title: What the user does, in words.
        role: Role that the session acts in.
        purpose: Purpose declared at sign-in; never widened.
        started_at: When it began, UTC.
        seen_at: Its last request, UTC.
        csrf: Token that every form of the session carries.
        worker: Whose people a program asks about; empty: the actor's own.
    """

    actor: str
    name: str
    title: str
    role: Role
    purpose: Purpose
    started_at: datetime
    seen_at: datetime
    csrf: str
    worker: str = ""


class SessionStore:
    """Sessions at the desk: ended by sign-out, by `idle` without a request, or after twelve hours.

    The cookie holds a random token, the desk only its digest, so that every process that serves the home knows every
    session. Signs of life are noted once a minute at most: a session may end that much early.

    Args:
        desk: The open desk.
        idle: How long a session lasts without a request.
    """

    def __init__(self, desk: Desk, idle: timedelta) -> None:
        self._desk = desk
        self._idle = idle

    def start(self, *, actor: str, name: str, title: str, role: Role, purpose: Purpose, now: datetime) -> str:
        """Begin a session and return the token for its cookie.

        Raises:
            HomeError: `desk-unreachable`; so for the others.
        """
        token = secrets.token_urlsafe(32)
        keep_session(
            self._desk,
            SignedIn(_digest(token), actor, name, title, role.value, purpose.value, now, now),
            started_by=now - LONGEST_SESSION,
            seen_by=now - self._idle,
        )
        return token

    def find(self, token: str, now: datetime) -> Session | None:
        """Return the token's session and count the request as a sign of life, or None if it has ended."""
        key = _digest(token)
        found = find_session(self._desk, key)
        if found is None:
            return None
        if now - found.seen_at >= self._idle or now - found.started_at >= LONGEST_SESSION:
            drop_session(self._desk, key)
            return None
        if now - found.seen_at >= min(NOTED, self._idle / 10):
            see_session(self._desk, key, now)
        role, purpose = Role(found.role), Purpose(found.purpose)
        return Session(found.actor, found.name, found.title, role, purpose, found.started_at, now, _form_token(token))

    def end(self, token: str) -> None:
        """Forget the token's session."""
        drop_session(self._desk, _digest(token))


class RateLimit:
    """At most `most` attempts of one name in `window`: sign-ins of an address, records that somebody asks about."""

    def __init__(self, most: int = 20, window: timedelta = timedelta(minutes=5)) -> None:
        self.most = most
        self.window = window
        self._attempts: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._lock = Lock()

    def allow(self, name: str, now: datetime, count: int = 1) -> bool:
        """Count attempts and say whether they may go ahead."""
        with self._lock:
            attempts = self._attempts.setdefault(name, deque())
            self._attempts.move_to_end(name)
            while len(self._attempts) > MOST_NAMES:
                self._attempts.popitem(last=False)
            while attempts and now - attempts[0] >= self.window:
                attempts.popleft()
            if len(attempts) + count > self.most:
                return False
            attempts.extend([now] * count)
            return True


def same_token(left: str, right: str) -> bool:
    """Compare two tokens in constant time; empty ones never match.

    >>> same_token("a", "a"), same_token("a", "b"), same_token("", "")
    (True, False, False)
    """
    return bool(left) and hmac.compare_digest(left.encode(), right.encode())


def sign_in_token(secret: bytes, visitor: str) -> str:
    """Return the form token of a visitor who has no session yet, tied to the random value in their cookie."""
    return hmac.new(secret, b"sign-in|" + visitor.encode(), hashlib.sha256).hexdigest() if visitor else ""


def _form_token(token: str) -> str:
    """Token of a session's forms: made from the cookie's, so that it is kept nowhere, and tells nothing of it."""
    return hashlib.sha256(b"form|" + token.encode()).hexdigest()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
