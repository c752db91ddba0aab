"""What is the tool for, what must it not be used for, and what could go wrong? The same for everybody who signs in."""

from __future__ import annotations

from starlette.responses import Response

from washhouse.governance.hazards import read_hazards
from washhouse.web.shell.respond import render
from washhouse.web.shell.visit import Visit


def show_instructions(visit: Visit) -> Response:
    """Show the instructions for use."""
    return render(visit, "shell/instructions.html")


def show_hazards(visit: Visit) -> Response:
    """Show the hazard log."""
    return render(visit, "shell/hazards.html", hazards=read_hazards())
