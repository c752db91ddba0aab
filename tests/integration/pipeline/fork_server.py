"""Runs, each in a process of its own, forked from one that has loaded everything: a run that is killed costs little.

Reads one JSON object a line on stdin, `{"home", "inbox", "key_file", "die_at", "kill_after", "rebuild"}`, and answers
each with one on stdout: `{"status"}`, the exit status of the process as `subprocess` gives it, and `{"seconds"}`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pyarrow as pa

from washhouse.core.home import Home, Settings
from washhouse.lake.schemas import arrow_schema
from washhouse.linkage.people import link_people
from washhouse.pipeline.commit_points import die_at, nothing
from washhouse.pipeline.run import run_inbox
from washhouse.sources.identity import IDENTITY


def warm_up() -> None:
    """Load the compiled kernels of the linkage once, for all that are forked."""
    row = {
        "source": "gp",
        "identity_kind": "clear",
        "surname": "Example",
        "first_name": "Ann",
        "birth_date": dt.date(1980, 1, 1),
        "postcode": "L1 1AA",
        "restricted": False,
        "first_seen": dt.datetime(2025, 1, 1),
        "last_seen": dt.datetime(2025, 1, 1),
    }
    rows = [{**row, "source_id": str(number)} for number in range(4)]
    link_people(pa.Table.from_pylist(rows, schema=arrow_schema(IDENTITY)), previous=None, key=digest)


def digest(value: bytes) -> bytes:
    return hashlib.sha256(value).digest()


def run_one(order: dict[str, Any]) -> None:
    settings = Settings(buckets=2, threads=1, key_file=order["key_file"])
    home = Home(Path(order["home"]))
    home.root.mkdir(parents=True, exist_ok=True)
    point = order.get("die_at", "")
    reached = die_at(point) if point else nothing
    run_inbox(home, settings, Path(order["inbox"]), reached=reached, rebuild=order.get("rebuild", False))


def fork_one(order: dict[str, Any]) -> dict[str, float]:
    start = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        try:
            run_one(order)
            os._exit(0)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(99)
    after = order.get("kill_after")
    if after is not None:
        timer = threading.Timer(float(after), lambda: os.kill(pid, signal.SIGKILL))
        timer.start()
    _, status = os.waitpid(pid, 0)
    if after is not None:
        timer.cancel()
    return {"status": os.waitstatus_to_exitcode(status), "seconds": time.perf_counter() - start}


if __name__ == "__main__":
    warm_up()
    for line in sys.stdin:
        print(json.dumps(fork_one(json.loads(line))), flush=True)
