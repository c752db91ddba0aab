"""Rows of a page as a CSV file: the pseudonymous id instead of names, formulas escaped, noted in the audit."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date
from io import StringIO
from typing import TYPE_CHECKING

from starlette.responses import Response

from washhouse.governance.audit import Detail
from washhouse.governance.permissions import Action
from washhouse.web.care.risk import say_lacks
from washhouse.web.shell.visit import Visit

if TYPE_CHECKING:
    from washhouse.web.care.caseload import Line

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
MOST_ROWS = 500
COLUMNS = (
    "person_id",
    "place",
    "risk",
    "range",
    "reasons",
    "score_lacks",
    "last_contact",
    "changed_since_last_week",
    "standards_not_met",
    "needs",
)


def export_rows(visit: Visit, rows: Sequence[Line], ranked: bool, today: date) -> Response:
    """Answer with a CSV file of the rows, after noting each person."""
    rows = rows[:MOST_ROWS]
    # The version stays with the export: who was moved by a later one can be told from it.
    detail: Detail = {"export": "csv", "rows": len(rows), "record_version": visit.published.id}
    visit.services.audit.authorise(visit.grant, Action.READ_CASELOAD, [row.person_id for row in rows], detail=detail)
    text = write_csv(rows)
    name = f"caseload-{today.isoformat()}{'' if ranked else '-not-ranked'}.csv"
    return Response(
        text, media_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def write_csv(rows: Sequence[Line]) -> str:
    """Write rows as CSV."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows:
        cells = (
            row.person_id,
            row.place if row.place is not None else "",
            row.risk.words if row.risk else "",
            row.risk.range if row.risk else "",
            "; ".join(row.reasons),
            "; ".join(say_lacks(row.lacks)),
            row.last_contact.isoformat() if row.last_contact else "",
            "; ".join(row.changes),
            "; ".join(row.gaps),
            "; ".join(row.needs),
        )
        writer.writerow([escape_formula(str(cell)) for cell in cells])
    return out.getvalue()


def escape_formula(cell: str) -> str:
    """Keep a spreadsheet from running a cell as a formula.

    >>> escape_formula("=1+1"), escape_formula("about 3 of 25")
    ("'=1+1", 'about 3 of 25')
    """
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
