"""How is a training report written? One HTML page that asks nothing of any other place, and the same figures as JSON.

The scripts that draw are inside the page, and its policy allows these and nothing else: no request leaves the reader's
machine. Without script every chart still has its numbers as a table.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from washhouse.core.errors import InputError
from washhouse.linkage.link import Linked
from washhouse.linkage.report import charts
from washhouse.linkage.report.figures import report_figures

_HERE = files("washhouse.linkage.report")
# Data, not code: the browser files are in the package once, beside the pages that use them too.
_VENDOR = files("washhouse").joinpath("web", "static", "vendor")
_SCRIPTS = (
    _VENDOR.joinpath("vega", "vega.min.js"),
    _VENDOR.joinpath("vega-lite", "vega-lite.min.js"),
    _VENDOR.joinpath("vega-interpreter", "vega-interpreter.js"),
    _HERE.joinpath("report.js"),
)


def write_report(linked: Linked, path: str | Path, *, title: str = "two tables") -> None:
    """Write the training report: `path`, and the figures as JSON beside it.

    Args:
        linked: What linking gave.
        path: The HTML file; the JSON file has its name, ending in `.json`.
        title: What was linked, for the heading.

    Raises:
        InputError: A file cannot be written.
    """
    page = Path(path)
    figures = report_figures(linked)
    try:
        page.write_text(render_report(figures, title), encoding="utf-8")
        page.with_suffix(".json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError("link-output", f"{page} cannot be written.", "Make its folder first.") from error


def render_report(figures: Mapping[str, Any], title: str) -> str:
    """Return the page.

    Args:
        figures: From `report_figures`.
        title: What was linked.
    """
    css = _HERE.joinpath("report.css").read_text(encoding="utf-8")
    script = "\n".join(each.read_text(encoding="utf-8") for each in _SCRIPTS)
    weights = charts.weight_charts(figures["parameters"])
    named = {f"weights-{i}": spec for i, spec in enumerate(weights.values(), 1)}
    bits = _bits(figures["threshold"])
    drawn = named | {
        "threshold-chart": charts.threshold_chart(figures["thresholds"], bits),
        "histogram-chart": charts.histogram_chart(figures["histogram"]),
        "completeness-chart": charts.completeness_chart(figures["completeness"]),
        "blocking-chart": charts.blocking_chart(figures["blocking"]),
        **{f"waterfall-{i}": charts.waterfall_chart(w["steps"]) for i, w in enumerate(figures["waterfalls"], 1)},
    }
    # Field names come from the user: "<" would end the element that holds the declaration.
    declared = {name: json.dumps(spec).replace("<", "\\u003c") for name, spec in drawn.items()}
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    template = environment.from_string(_HERE.joinpath("report.html.j2").read_text(encoding="utf-8"))
    return template.render(
        f=figures,
        title=title,
        policy=f"default-src 'none'; script-src {_digest(script)}; style-src {_digest(css)}; base-uri 'none'",
        css=css,
        script=script,
        charts=declared,
        fields=list(zip(named, weights, strict=True)),
        chosen=f"{bits:.1f} bits, a probability of {_probability(figures['threshold'])}",
        probability=_probability,
        **_tables(figures),
    )


def _tables(f: Mapping[str, Any]) -> dict[str, Any]:
    """Lay the numbers out as rows of texts."""
    records = f"{f['left']:,}" + (f" and {f['right']:,}" if f["right"] else "")
    return {
        "head": [
            ("Records", records),
            ("Pairs compared", f"{f['compared']:,}"),
            ("Links", f"{f['pairs']:,}"),
            ("Clusters", f"{f['clusters']:,}"),
            ("Links expected to be wrong", f"{f['estimated_false_links']:,.1f}"),
            ("Links expected to be missed", f"{f['estimated_missed_links']:,.1f}"),
            ("Expected F1", f"{f['estimated_f1']:.4f}"),
            ("Prior, bits", f"{f['prior']:.1f}"),
        ],
        "parameters": [
            (
                r["title"],
                r["level"],
                _share(r["same_person"]),
                _share(r["strangers"]),
                f"{r['weight']:+.1f}",
                f"{r['pairs']:,}",
            )
            for r in f["parameters"]
        ],
        "kinds": [(r["kind"], f"{r['pairs']:,.0f}") for r in f["kinds"]],
        "thresholds": [
            (
                f"{r['bits']:.0f}",
                _probability(r["probability"]),
                f"{r['links']:,}",
                *(f"{r[n]:.4f}" for n in ("precision", "recall", "f1")),
            )
            for r in f["thresholds"]
        ],
        "histogram": [
            (f"{r['from']:.0f}", f"{r['to']:.0f}", f"{r['pairs']:,}", f"{r['links']:,}") for r in f["histogram"]
        ],
        "completeness": [(r["field"], r["table"], f"{r['share']:.1%}") for r in f["completeness"]],
        "blocking": [
            (
                r["rule"],
                *(f"{r[name]:,}" for name in ("pairs", "skipped_blocks", "skipped_records", "skipped_pairs")),
                "not known" if r["missed_links"] is None else f"{r['missed_links']:,.0f}",
                "not known" if r["recall_cost"] is None else f"{r['recall_cost']:.1%}",
            )
            for r in f["blocking"]
        ],
        "steps": [
            [(s["field"], s["outcome"], f"{s['bits']:+.1f}", f"{s['total']:+.1f}", s["words"]) for s in w["steps"]]
            for w in f["waterfalls"]
        ],
    }


def _share(value: float) -> str:
    return f"{value:.4f}" if value >= 0.001 else f"{value:.1e}"


def _probability(value: float) -> str:
    return f"{value:.4f}" if value < 0.99995 else f"1 - {1 - value:.0e}"


def _bits(chance: float) -> float:
    bounded = min(max(chance, 1e-12), 1 - 1e-12)
    return float(np.log2(bounded / (1 - bounded)))


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
