"""How does care differ between practices, and is it more than chance? One indicator as a funnel, with its table."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from io import StringIO
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from washhouse.population.funnel import Verdict, is_overdispersed, verdict_of
from washhouse.population.indicators import INDICATORS, Indicator
from washhouse.web.planning.funnel_chart import funnel_chart
from washhouse.web.shell.respond import render
from washhouse.web.shell.visit import Visit

VERDICTS: Mapping[Verdict, str] = {
    "within": "within the limits",
    "above": "above the 95 % limit",
    "below": "below the 95 % limit",
    "far-above": "above the 99.8 % limit",
    "far-below": "below the 99.8 % limit",
}
NOT_TOLD = "not told"
COLUMNS = ("practice", "people", "observed", "expected", "observed_to_expected", "rate_per_1000", "beside_the_limits")


@dataclass(frozen=True)
class Place:
    """One practice as shown; figures are None where they are not told.

    Attributes:
        practice: Its code.
        people: People in the denominator, to the nearest 5.
        observed: Events, to the nearest 5.
        expected: Events expected of people of their age and sex.
        ratio: Observed to expected, both as told.
        rate: Standardised rate per 1,000 people: the ratio times the rate of all.
        verdict: Beside the funnel's limits.
    """

    practice: str
    people: int | None
    observed: int | None
    expected: float | None
    ratio: float | None
    rate: float | None
    verdict: Verdict | None

    @property
    def words(self) -> str:
        """The verdict in words."""
        return NOT_TOLD if self.verdict is None else VERDICTS[self.verdict]


@dataclass(frozen=True)
class Funnel:
    """One indicator as shown.

    Attributes:
        rate: Rate per 1,000 of all practices that are told.
        off: Practices beyond the 95 % limits, and of these beyond the 99.8 % limits.
        phi: How many times as widely as by chance practices scatter; None for fewer than two.
        is_wide: That is more than chance makes of so few practices.
    """

    indicator: Indicator
    since: date
    last: date
    places: tuple[Place, ...]
    told: int
    rate: float | None
    off: tuple[int, int]
    phi: float | None
    is_wide: bool


def show_indicators(visit: Visit) -> Response:
    """List the indicators that the published version tells."""
    found = visit.published.summary.get("population", {}).get("indicators", {})
    lines = [(one, found.get(one.id)) for one in INDICATORS.values()]
    return render(visit, "planning/variation.html", lines=lines)


def show_indicator(visit: Visit) -> Response:
    """Show one indicator by practice."""
    funnel = read_funnel(visit)
    chart = None
    if funnel is not None and funnel.told > 1:
        chart = json.dumps(funnel_chart(funnel.places))
    indicator = find_indicator(visit)
    return render(visit, "planning/indicator.html", indicator=indicator, funnel=funnel, chart=chart)


def download_indicator(visit: Visit) -> Response:
    """Hand out exactly what the page's table shows."""
    funnel = read_funnel(visit)
    if funnel is None:
        raise HTTPException(404)
    name = f"{funnel.indicator.id}-{funnel.last.isoformat()}.csv"
    return Response(
        write_csv(funnel.places),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def find_indicator(visit: Visit) -> Indicator:
    """The indicator that the address names.

    Raises:
        HTTPException: There is none of that name.
    """
    indicator = INDICATORS.get(visit.parameter("indicator"))
    if indicator is None:
        raise HTTPException(404)
    return indicator


def read_funnel(visit: Visit) -> Funnel | None:
    """Read an indicator under the visitor's grant; None where the version tells none."""
    indicator = find_indicator(visit)
    noted = visit.published.summary.get("population", {}).get("indicators", {}).get(indicator.id, {})
    rows = [row for row in visit.record.indicators(noted).to_pylist() if row["indicator"] == indicator.id]
    return build_funnel(indicator, rows, noted.get("dispersion")) if rows else None


def build_funnel(indicator: Indicator, rows: Sequence[Mapping[str, Any]], phi: float | None) -> Funnel:
    """Put rows of `record.indicator` into the shape of the page; everything is computed from what is told."""
    told = [row for row in rows if row["observed"] is not None and row["expected"]]
    people = sum(row["people"] for row in told)
    rate = 1000 * sum(row["observed"] for row in told) / people if people else None
    places = tuple(sorted((_place(row, rate) for row in rows), key=lambda one: (-(one.ratio or -1), one.practice)))
    verdicts = [one.verdict for one in places if one.verdict is not None]
    return Funnel(
        indicator=indicator,
        since=rows[0]["since"],
        last=rows[0]["until"] - timedelta(days=1),
        places=places,
        told=len(told),
        rate=rate,
        off=(sum(one != "within" for one in verdicts), sum(one.startswith("far") for one in verdicts)),
        phi=phi,
        is_wide=phi is not None and is_overdispersed(phi, len(told)),
    )


def _place(row: Mapping[str, Any], rate: float | None) -> Place:
    observed, expected = row["observed"], row["expected"]
    # Versions of before told of a place that 0.0 is expected of, which nothing can be divided by.
    if observed is None or rate is None or not expected:
        return Place(row["place"], row["people"], None, None, None, None, None)
    ratio = observed / expected
    verdict = verdict_of(observed, expected)
    return Place(row["place"], row["people"], observed, expected, ratio, ratio * rate, verdict)


def write_csv(places: Sequence[Place]) -> str:
    """Write the table as CSV, figures as the page shows them."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for one in places:
        figures = (one.people, one.observed)
        counts = [NOT_TOLD if figure is None else str(figure) for figure in figures]
        decimals = ((one.expected, 1), (one.ratio, 2), (one.rate, 1))
        shares = [NOT_TOLD if figure is None else f"{figure:.{digits}f}" for figure, digits in decimals]
        writer.writerow([one.practice, *counts, *shares, one.words])
    return out.getvalue()
