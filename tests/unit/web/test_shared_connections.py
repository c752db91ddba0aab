"""Does a busy process let go of its connections, and an idle one keep them?"""

from __future__ import annotations

import asyncio

import pytest
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from washhouse.web.shell.sharing import AT_ONCE, SharedConnections


@pytest.mark.parametrize(("at_once", "is_ended"), [(1, False), (AT_ONCE, False), (AT_ONCE + 1, True)])
def test_a_connection_is_ended_while_others_wait(at_once: int, is_ended: bool) -> None:
    async def ask_all() -> tuple[bool, bool]:
        everybody_asks = asyncio.Event()

        async def page(scope: Scope, receive: Receive, send: Send) -> None:
            await everybody_asks.wait()
            await Response("page")(scope, receive, send)

        app = SharedConnections(page)
        asked = [asyncio.create_task(is_ended_by(app)) for _ in range(at_once)]
        await asyncio.sleep(0)  # each has come as far as it can
        everybody_asks.set()
        return (await asyncio.gather(*asked))[0], await is_ended_by(app)

    first, alone = asyncio.run(ask_all())
    assert first == is_ended
    assert not alone, "whoever asks when all are answered keeps the connection"


async def is_ended_by(app: SharedConnections) -> bool:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    await app({"type": "http", "method": "GET", "path": "/", "headers": []}, receive, send)
    return (b"connection", b"close") in sent[0]["headers"]
