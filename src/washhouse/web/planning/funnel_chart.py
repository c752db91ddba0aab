"""How is a funnel drawn? An Altair declaration; the page draws it and holds its numbers as a table.

Altair is imported when a chart is asked for: it takes a second that no other page should wait for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from washhouse.population.funnel import LIMITS, poisson_limit

if TYPE_CHECKING:
    from washhouse.web.planning.variation import Place

NEAR, FAR, INK, QUIET = "#005eb8", "#b54708", "#231f20", "#768692"
_POINTS = 60
_HEIGHT = 380


def funnel_chart(places: Sequence[Place]) -> dict[str, Any]:
    """Declare a funnel: practices by what is expected of them, the 95 % and the 99.8 % limits, and 1.

    Args:
        places: Practices; those that are not told are left out.

    Returns:
        A Vega-Lite specification.
    """
    import altair as alt

    points: list[dict[str, Any]] = [
        {"practice": one.practice, "expected": one.expected, "ratio": round(one.ratio, 3), "verdict": one.words}
        for one in places
        if one.expected is not None and one.ratio is not None
    ]
    low = min(point["expected"] for point in points)
    high = max(point["expected"] for point in points)
    sizes = np.geomspace(max(low * 0.7, 1.0), high * 1.15, _POINTS)
    limits = [
        {
            "expected": round(float(size), 2),
            "ratio": round(poisson_limit(float(size), probability), 4),
            "limit": "95 % limits" if probability in LIMITS[:2] else "99.8 % limits",
            "side": str(probability),
        }
        for probability in LIMITS
        for size in sizes
    ]
    x = alt.X("expected:Q", title="expected of people of their age and sex", scale=alt.Scale(zero=False, nice=False))
    y = alt.Y("ratio:Q", title="observed ÷ expected", scale=alt.Scale(zero=False))
    kinds = ["95 % limits", "99.8 % limits"]
    lines = alt.Chart(alt.Data(values=limits)).mark_line(interpolate="monotone").encode(
        x=x,
        y=y,
        detail="side:N",
        color=alt.Color("limit:N", title=None, scale=alt.Scale(domain=kinds, range=[QUIET, FAR]),
                        legend=alt.Legend(orient="top")),
        strokeDash=alt.StrokeDash("limit:N", title=None, scale=alt.Scale(domain=kinds, range=[[1, 0], [6, 4]])),
    )  # fmt: skip
    one = alt.Chart(alt.Data(values=[{"ratio": 1}])).mark_rule(color=QUIET).encode(y=y)
    base = alt.Chart(alt.Data(values=points)).encode(x=x, y=y)
    shape = alt.condition(alt.datum.verdict == "within the limits", alt.ShapeValue("circle"), alt.ShapeValue("diamond"))
    dots = base.mark_point(filled=True, size=90, color=NEAR, opacity=1).encode(shape=shape)
    names = base.mark_text(dx=8, dy=-8, align="left", fontSize=12, color=INK).encode(text="practice:N")
    spec: dict[str, Any] = (
        alt.layer(lines, one, dots, names)
        .properties(width="container", height=_HEIGHT, autosize={"type": "fit-x", "contains": "padding"})
        .configure(font="Arial, sans-serif")
        .configure_axis(labelFontSize=12, titleFontSize=12)
        .configure_view(stroke=None)
        .to_dict()
    )
    spec.pop("$schema")
    return spec
