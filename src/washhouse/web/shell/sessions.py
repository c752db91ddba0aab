"""Who is signed in, for how long, and did this form come from one of our pages?"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import OrderedDict, deque
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock

from washhouse.governance.grants import Purpose, Role

LONGEST_SESSION = timedelta(hours=12)
MOST_SESSIONS = 10_000


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
    """

    actor: str
    name: str
    title: str
    role: Role
    purpose: Purpose
    started_at: datetime
    seen_at: datetime
    csrf: str


class SessionStore:
    """Sessions of this process: ended by sign-out, by `idle` without a request, or after twelve hours.

    The cookie holds a random token, the store only its digest. A restart ends every session.
    """

    def __init__(self, idle: timedelta) -> None:
        self._idle = idle
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._lock = Lock()

    def start(self, *, actor: str, name: str, title: str, role: Role, purpose: Purpose, now: datetime) -> str:
        """Begin a session and return the token for its cookie."""
        token = secrets.token_urlsafe(32)
        session = Session(actor, name, title, role, purpose, now, now, secrets.token_urlsafe(32))
        with self._lock:
            self._sessions[_digest(token)] = session
            while len(self._sessions) > MOST_SESSIONS:
                self._sessions.popitem(last=False)
        return token

    def find(self, token: str, now: datetime) -> Session | None:
        """Return the token's session and count the request as a sign of life, or None if it has ended."""
        key = _digest(token)
        with self._lock:
            session = self._sessions.get(key)
            if session is None:
                return None
            if now - session.seen_at >= self._idle or now - session.started_at >= LONGEST_SESSION:
                del self._sessions[key]
                return None
            session = replace(session, seen_at=now)
            self._sessions[key] = session
            self._sessions.move_to_end(key)
            return session

    def end(self, token: str) -> None:
        """Forget the token's session."""
        with self._lock:
            self._sessions.pop(_digest(token), None)


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
            while len(self._attempts) > MOST_SESSIONS:
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


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
