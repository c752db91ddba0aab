"""Is what a browser asks for sent at once?"""

from __future__ import annotations

import socket

import uvicorn

from washhouse.cli.serve import bind


def test_the_second_part_of_an_answer_waits_for_no_acknowledgement() -> None:
    with bind(uvicorn.Config("unused:app", port=0)) as here:
        here.listen()
        with socket.create_connection(here.getsockname()), here.accept()[0] as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
