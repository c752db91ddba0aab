"""Who of several processes answers? A connection belongs to the one that took it up, however busy that is.

A browser, or a proxy in front, keeps its connections. Eight that lie with one process wait for each other while the
other process idles. Whoever is busy therefore ends a connection with its answer; the next request opens another,
which the process takes up that is free first.
"""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

AT_ONCE = 2
"""Requests that one process answers at a time before it ends connections: a request waits for no more than one."""


class SharedConnections:
    """ASGI middleware: ends the connection with the answer while other requests wait in this process.

    Args:
        app: What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._answering = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start" and self._answering > AT_ONCE:
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        self._answering += 1
        try:
            await self.app(scope, receive, told)
        finally:
            self._answering -= 1
