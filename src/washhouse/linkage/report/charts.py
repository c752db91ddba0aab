"""How are the figures of a training report drawn? Altair declarations; the page draws them and holds their numbers.

Altair is imported when a chart is asked for: it takes a second that no other command should wait for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Spec = dict[str, Any]
FOR, AGAINST, QUIET = "#005eb8", "#b54708", "#768692"
"""Colours of what speaks for one person, against, and of neither; told apart without hue by direction or label."""
_BAR_PX = 22
_POWERS = [0, *(10**power for power in range(10))]
_LABEL_PX = 230


def weight_charts(parameters: Sequence[Mapping[str, Any]]) -> dict[str, Spec]:
    """Draw for each field what every outcome of its comparison is worth; faint where no such pair was compared."""
    import altair as alt

    reach = max((abs(row["weight"]) for row in parameters), default=1.0)
    charts = {}
    for title in dict.fromkeys(row["title"] for row in parameters):
        rows = [dict(row) for row in parameters if row["title"] == title]
        chart = alt.Chart(alt.Data(values=rows)).mark_bar().encode(
            x=alt.X("weight:Q", title="bits for one person", scale=alt.Scale(domain=[-reach, reach])),
            y=_outcomes([row["level"] for row in rows], "level"),
            color=_sign(alt, "weight"),
            opacity=alt.condition(alt.datum.pairs > 0, alt.value(1.0), alt.value(0.3)),
        )  # fmt: skip
        charts[title] = _spec(chart, rows=len(rows))
    return charts


def threshold_chart(thresholds: Sequence[Mapping[str, Any]], chosen_bits: float) -> Spec:
    """Draw expected precision, recall and F1 by threshold, and the threshold chosen."""
    import altair as alt

    names = {"precision": "precision", "recall": "recall", "f1": "F1"}
    rows = [
        {"bits": row["bits"], "share": row[name], "what": words} for row in thresholds for name, words in names.items()
    ]
    what = alt.Scale(domain=list(names.values()), range=[FOR, AGAINST, "#231f20"])
    lines = alt.Chart(alt.Data(values=rows)).mark_line().encode(
        x=alt.X("bits:Q", title="threshold, bits"),
        y=alt.Y("share:Q", title="expected share", scale=alt.Scale(zero=False)),
        color=alt.Color("what:N", title=None, scale=what, legend=alt.Legend(orient="top")),
        strokeDash=alt.StrokeDash("what:N", title=None, scale=alt.Scale(domain=list(names.values()))),
    )  # fmt: skip
    rule = alt.Chart(alt.Data(values=[{"bits": chosen_bits}])).mark_rule(color=QUIET, strokeWidth=2)
    return _spec(alt.layer(lines, rule.encode(x="bits:Q")), height=260)


def histogram_chart(histogram: Sequence[Mapping[str, Any]]) -> Spec:
    """Draw how many compared pairs have which weight."""
    import altair as alt

    rows = [
        dict(row) | {"what": "mostly links" if 2 * row["links"] > row["pairs"] else "mostly left apart"}
        for row in histogram
    ]
    what = alt.Scale(domain=["mostly links", "mostly left apart"], range=[FOR, QUIET])
    chart = alt.Chart(alt.Data(values=rows)).mark_bar().encode(
        x=alt.X("from:Q", title="weight, bits (prior included)", bin="binned"),
        x2="to:Q",
        y=alt.Y(
            "pairs:Q",
            title="pairs (symmetric log scale)",
            scale=alt.Scale(type="symlog"),
            axis=alt.Axis(values=_POWERS, labelOverlap=True),
        ),
        color=alt.Color("what:N", title=None, scale=what, legend=alt.Legend(orient="top")),
    )  # fmt: skip
    return _spec(chart, height=240)


def blocking_chart(blocking: Sequence[Mapping[str, Any]]) -> Spec:
    """Draw how many new pairs each blocking rule gave."""
    import altair as alt

    rows = [{"rule": row["rule"], "pairs": row["pairs"]} for row in blocking]
    chart = alt.Chart(alt.Data(values=rows)).mark_bar(color=FOR).encode(
        x=alt.X("pairs:Q", title="pairs that no earlier rule gave"), y=_outcomes([row["rule"] for row in rows], "rule")
    )  # fmt: skip
    return _spec(chart, rows=len(rows))


def completeness_chart(completeness: Sequence[Mapping[str, Any]]) -> Spec:
    """Draw the share of records in which each field says something, by table."""
    import altair as alt

    fields = list(dict.fromkeys(row["field"] for row in completeness))
    chart = alt.Chart(alt.Data(values=[dict(row) for row in completeness])).mark_bar().encode(
        x=alt.X("share:Q", title="share of records", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format=".0%")),
        y=_outcomes(fields, "field"),
        yOffset="table:N",
        color=alt.Color(
            "table:N",
            title="table",
            scale=alt.Scale(domain=["left", "right"], range=[FOR, QUIET]),
            legend=alt.Legend(orient="top"),
        ),
    )  # fmt: skip
    return _spec(chart, rows=2 * len(fields))


def waterfall_chart(steps: Sequence[Mapping[str, Any]]) -> Spec:
    """Draw a weight step by step: each bar begins where the one above ends."""
    import altair as alt

    rows = [
        {"step": f"{row['field']}: {row['outcome']}", "from": row["total"] - row["bits"]} | dict(row) for row in steps
    ]
    rows[0]["from"] = 0.0
    y = _outcomes([row["step"] for row in rows], "step")
    base = alt.Chart(alt.Data(values=rows)).encode(y=y)
    bars = base.mark_bar().encode(
        x=alt.X("from:Q", title="weight, bits"), x2="total:Q", color=_sign(alt, "bits"),
    )  # fmt: skip
    zero = alt.Chart(alt.Data(values=[{"at": 0}])).mark_rule(color="#231f20").encode(x="at:Q")
    return _spec(alt.layer(bars, zero), rows=len(rows))


def _outcomes(order: Sequence[str], column: str) -> Any:
    import altair as alt

    return alt.Y(f"{column}:N", title=None, sort=list(order), axis=alt.Axis(labelLimit=_LABEL_PX))


def _sign(alt: Any, column: str) -> Any:
    return alt.condition(alt.datum[column] > 0, alt.value(FOR), alt.value(AGAINST))


def _spec(chart: Any, *, rows: int = 0, height: int = 0) -> Spec:
    sized = chart.properties(
        width="container", height=height or max(rows, 1) * _BAR_PX, autosize={"type": "fit-x", "contains": "padding"}
    )
    spec: Spec = (
        sized.configure(font="Arial, sans-serif")
        .configure_axis(labelFontSize=12, titleFontSize=12)
        .configure_view(stroke=None)
        .to_dict()
    )
    spec.pop("$schema")
    return spec
