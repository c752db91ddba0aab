"""Rows of a page as a CSV file: the pseudonymous id instead of names, formulas escaped, noted in the audit."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import TYPE_CHECKING

from starlette.responses import Response

from washhouse.governance.audit import Detail
from washhouse.governance.permissions import Action
from washhouse.web.care.risk import say_lacks
from washhouse.web.shell.visit import Visit
from washhouse.web.shell.words import plural

if TYPE_CHECKING:
    from washhouse.web.care.caseload import CaseloadPage

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
MOST_ROWS = 500
"""Rows of a file at most: a page shows more, one at a time, and the link says where a file stops."""
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
    "index_date",
    "model_version",
)


def say_export(rows: int) -> str:
    """Which rows of a page a file holds, for its link.

    >>> say_export(1), say_export(20), say_export(620)
    ('this row', 'these 20 rows', 'the first 500 of these 620 rows')
    """
    if rows > MOST_ROWS:
        return f"the first {MOST_ROWS} of these {plural(rows, 'row')}"
    return "this row" if rows == 1 else f"these {plural(rows, 'row')}"


def export_rows(visit: Visit, page: CaseloadPage) -> Response:
    """Answer with a CSV file of the page's rows, after noting each person."""
    made = (page.index_date or "", page.model_version) if page.ranked else ("", "")
    rows = {
        row.person_id: (
            row.place if row.place is not None else "",
            row.risk.words if row.risk else "",
            row.risk.range if row.risk else "",
            "; ".join(row.reasons),
            "; ".join(say_lacks(row.lacks)),
            row.last_contact or "",
            "; ".join(row.changes),
            "; ".join(row.gaps),
            "; ".join(row.needs),
            *made,
        )
        for row in page.rows
    }
    return send_csv(visit, f"caseload-{page.today}{'' if page.ranked else '-not-ranked'}.csv", COLUMNS, rows)


def send_csv(visit: Visit, name: str, columns: Sequence[str], rows: Mapping[str, Sequence[object]]) -> Response:
    """Answer with a CSV file, after noting each person in it.

    Args:
        visit: The visit.
        name: Name of the file.
        columns: Its header, the first that of the person.
        rows: Cells after the first by person, in order; those after `MOST_ROWS` are left out.
    """
    people = list(rows)[:MOST_ROWS]
    # The version stays with the export: who was moved by a later one can be told from it.
    detail: Detail = {"export": "csv", "rows": len(people), "record_version": visit.published.id}
    visit.services.audit.authorise(visit.grant, Action.READ_CASELOAD, people, detail=detail)
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    for person in people:
        writer.writerow([escape_formula(str(cell)) for cell in (person, *rows[person])])
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def escape_formula(cell: str) -> str:
    """Keep a spreadsheet from running a cell as a formula.

    >>> escape_formula("=1+1"), escape_formula("about 3 of 25")
    ("'=1+1", 'about 3 of 25')
    """
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
