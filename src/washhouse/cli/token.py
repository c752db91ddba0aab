"""`washhouse token`: which programs may ask what people may ask on pages?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Annotated

import typer

from washhouse.cli.options import AsJson, DeskUrl, HomeThere
from washhouse.cli.settings import read_settings
from washhouse.core.errors import InputError, UsageError
from washhouse.core.home import Home
from washhouse.desk.accounts import read_account
from washhouse.desk.clock import utc_now
from washhouse.desk.database import Desk, open_desk
from washhouse.desk.programs import Program, add_program, list_programs, revoke_program
from washhouse.governance.audit import AuditEvent, AuditTrail
from washhouse.governance.grants import REACH, Purpose, Reach, Role

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def token() -> None:
    """Give programs leave to call /api and /fhir, and take it back.

    Example: washhouse token new ward-board --home home --role clinician --worker CP0012 --days 90
    """


_PEOPLE_ONLY = (Role.SYSTEM, Role.TEAM_MANAGER, Role.CRISIS_CLINICIAN)
"""Roles that no program gets: a whole team's people are for somebody who supervises, or who sees people in crisis, not
for a board on a wall."""


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="What the audit calls the program; never used again.")],
    home: HomeThere,
    role: Annotated[str, typer.Option(help="clinician, steward, planner or researcher.")],
    worker: Annotated[str, typer.Option(help="Worker whose people it may ask about; for the role clinician.")] = "",
    days: Annotated[int, typer.Option(help="Days that the token holds.", min=1, max=366)] = 90,
    desk_url: DeskUrl = None,
) -> None:
    """Give a program a token, for the purpose of its role, and print it: it is kept nowhere.

    Exit status: 0 done; 2 no such role; 3 the name is taken, or there is no such worker.

    Example: washhouse token new quality-watch --home home --role steward
    """
    purposes: dict[Role, Purpose] = {kind: purpose for kind, purpose in REACH if kind not in _PEOPLE_ONLY}
    if role not in purposes:
        raise UsageError("program-role", "A program acts as clinician, steward, planner or researcher.", "Name one.")
    kind = Role(role)
    purpose = purposes[kind]
    if (REACH[kind, purpose] is Reach.PERSONS) != bool(worker):
        raise UsageError("program-role", "A clinician's program names a worker, and no other does.", "See --worker.")
    with _desk(home, desk_url) as desk:
        account = read_account(desk, worker) if worker else None
        if worker and (account is None or account.role != role or not account.active):
            raise InputError("program-worker", "The desk knows no active clinician of that id.", "Check --worker.")
        now = utc_now()
        given = add_program(desk, Program(name, role, purpose.value, worker, now, now + timedelta(days=days)))
        _note(desk, "token-new", name, now)
    typer.echo(given)


@app.command("list")
def list_(home: HomeThere, as_json: AsJson = False, desk_url: DeskUrl = None) -> None:
    """List the programs that ever got a token, and whether it holds.

    Example: washhouse token list --home home
    """
    with _desk(home, desk_url) as desk:
        programs = list_programs(desk)
    now = utc_now()
    if as_json:
        told = [{**vars(program), "holds": program.holds(now)} for program in programs]
        typer.echo(json.dumps({"programs": told}, default=datetime.isoformat))
        return
    for program in programs:
        state = "revoked" if program.revoked_at else "holds" if program.holds(now) else "expired"
        whose = f" for {program.worker}" if program.worker else ""
        until = program.expires_at.date()
        typer.echo(f"{program.name}  {program.role}{whose}, {program.purpose}, until {until}: {state}")


@app.command()
def revoke(
    name: Annotated[str, typer.Argument(help="The program.")], home: HomeThere, desk_url: DeskUrl = None
) -> None:
    """Take a program's token back, from its next call on.

    Exit status: 0 done; 3 no such program.

    Example: washhouse token revoke ward-board --home home
    """
    with _desk(home, desk_url) as desk:
        now = utc_now()
        revoke_program(desk, name, now)
        _note(desk, "token-revoke", name, now)


def _note(desk: Desk, action: str, name: str, now: datetime) -> None:
    event = AuditEvent(now, "system", Role.SYSTEM, Purpose.OPERATIONS, action, detail={"program": name})
    AuditTrail(desk).record([event])


@contextmanager
def _desk(home_path: HomeThere, desk_url: str | None) -> Iterator[Desk]:
    if not home_path.is_dir():
        raise InputError("home-missing", "There is no such home.", "Check --home.")
    home = Home(home_path)
    settings = read_settings(home, desk_url=desk_url)
    desk = open_desk(settings.desk_url or home.desk_file)
    try:
        yield desk
    finally:
        desk.close()
