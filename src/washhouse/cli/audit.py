"""`washhouse audit`: is the audit whole?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from washhouse.cli.progress import waiting
from washhouse.cli.settings import read_settings
from washhouse.core.errors import HomeError
from washhouse.core.home import Home
from washhouse.desk.database import open_desk
from washhouse.governance.audit import AuditTrail

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def audit() -> None:
    """Check the audit: who was shown what, about whom, when and why.

    Example: washhouse audit verify --home home
    """


@app.command()
def verify(
    home: Annotated[Path, typer.Option(help="The home whose audit is checked.")],
    expect: Annotated[str, typer.Option(help="A head (SEQ:HASH) noted earlier, which must still be there.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout, nothing else.")] = False,
    desk_url: Annotated[str | None, typer.Option(help="SQLAlchemy URL of the desk.")] = None,
) -> None:
    """Walk the chain of the audit and name the first row that is missing, changed or out of order.

    Rows cut off the end leave a whole chain: note the head that this prints, elsewhere, and give it back with
    --expect the next time.

    Exit status: 0 whole; 5 broken, with the first bad seq.

    Example: washhouse audit verify --home home
    """
    where = Home(home)
    settings = read_settings(where, desk_url=desk_url)
    if not settings.desk_url and not where.desk_file.exists():
        raise HomeError("desk-missing", "This home has no desk yet.", "Check --home, or run `washhouse run` first.")
    desk = open_desk(settings.desk_url or where.desk_file)
    try:
        trail = AuditTrail(desk)
        with waiting("walking the chain of the audit"):
            found = trail.verify()
        forgotten = bool(expect) and not trail.holds(expect)
    finally:
        desk.close()
    whole = found.bad_seq is None and not forgotten
    if as_json:
        result = {"whole": whole, "rows": found.rows, "head": found.head, "bad_seq": found.bad_seq}
        typer.echo(json.dumps(result | {"problem": found.problem, "expected_head_found": not forgotten}))
    if found.bad_seq is not None:
        raise HomeError(
            "audit-broken",
            f"The audit is broken at seq {found.bad_seq}: {found.problem}.",
            "Keep a copy of the desk as it is, and compare it with a backup.",
        )
    if forgotten:
        raise HomeError(
            "audit-head-missing",
            f"The audit has {found.rows} sound rows but not the head that was noted: rows were cut off or rewritten.",
            "Keep a copy of the desk as it is, and compare it with a backup.",
        )
    if not as_json:
        typer.echo(f"{found.rows:,} rows, all sound. Head: {found.head}")
