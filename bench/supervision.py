"""How long does it take to prepare supervision of one worker, and to show a whole team's workload?

Run: `.venv/bin/python bench/supervision.py HOME [--times 10]` with a home of an invented city; nothing in it is written
but its audit. Prints, for the worker with most people of the demonstration's team, p50 and the slowest page.
"""

from __future__ import annotations

import argparse
import re
import time
from pathlib import Path
from statistics import median

from starlette.testclient import TestClient

from washhouse.cli.serve import build_services
from washhouse.cli.settings import read_settings
from washhouse.core.home import Home
from washhouse.web.shell.app import create_app


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--times", type=int, default=10)
    given = parser.parse_args()
    home = Home(given.home)
    services = build_services(home, read_settings(home), demo=True)
    with TestClient(create_app(services)) as client:
        token = re.search(r'name="csrf" value="([^"]+)"', client.get("/sign-in").text)
        client.post("/sign-in", data={"user": "demo-team-manager", "csrf": token[1] if token else ""})
        rows = re.findall(
            r'href="(/team/supervision/[^"]+)".*?wh-cell__value">(\d+)<', client.get("/team").text, re.DOTALL
        )
        busiest, people = max(rows, key=lambda row: int(row[1]))
        team = sum(int(number) for _, number in rows)
        for address, count in ((busiest, int(people)), ("/team", team)):
            waits = []
            for _ in range(given.times):
                start = time.perf_counter()
                assert client.get(address).status_code == 200
                waits.append(time.perf_counter() - start)
            print(
                f"{address}, {count} people: p50 {median(waits):.2f} s, slowest {max(waits):.2f} s, "
                f"first {waits[0]:.2f} s"
            )
    services.desk.close()


if __name__ == "__main__":
    main()
