"""Who in my team has how many people?"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from washhouse.desk.accounts import assigned_to, read_account, team_workers
from washhouse.governance.permissions import Action
from washhouse.web.shell.respond import render
from washhouse.web.shell.visit import Visit


@dataclass(frozen=True)
class WorkerLine:
    """One worker of the team."""

    worker: str
    name: str
    people: int


def show_workload(visit: Visit) -> Response:
    """Show the team's workers and the size of their caseloads."""
    services = visit.services
    services.audit.authorise(visit.grant, Action.READ_WORKLOAD)
    names = team_workers(services.desk, visit.user.actor)
    people = assigned_to(services.desk, list(names), services.today())
    account = read_account(services.desk, visit.user.actor)
    return render(
        visit,
        "team/workload.html",
        teams=account.team_names if account is not None else (),
        total=len(visit.grant.persons or ()),
        workers=[WorkerLine(worker, name, len(people[worker])) for worker, name in names.items()],
    )
