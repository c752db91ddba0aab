"""`washhouse conformance`: which evidence does the software bring for a standard?"""

from __future__ import annotations

import json
from dataclasses import asdict

import typer

from washhouse.cli.options import AsJson
from washhouse.governance.hazards import read_hazards

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def conformance() -> None:
    """Tell the evidence that the software brings for a standard; evidence is no accreditation.

    Example: washhouse conformance hazards --json
    """


@app.command()
def hazards(as_json: AsJson = False) -> None:
    """Tell the hazard log of the caseload tool: each hazard, its controls and the tests of them.

    Ratings are proposals, for a named clinical safety officer to judge.

    Example: washhouse conformance hazards
    """
    log = read_hazards()
    if as_json:
        typer.echo(json.dumps({"hazards": [asdict(hazard) for hazard in log]}))
        return
    for hazard in log:
        typer.echo(f"{hazard.title} (proposed: severity {hazard.severity}, likelihood {hazard.likelihood})")
        for words in (hazard.harm, *hazard.controls):
            typer.echo(f"    {words}")
        for test in hazard.tests:
            typer.echo(f"    tested by {test}")
