"""What does the reference page of the checks say? It is made from their declarations."""

from __future__ import annotations

from collections.abc import Iterable

from washhouse.record.quality.contract import Check, measured

_HEAD = """\
# Checks of the data

Made by `make reference` from the declarations. Every build asks each check; [check quality](../how-to/check-quality.md)
says where to read what they came to, and how a limit is changed. Categories and contexts are those of Kahn and others
(2016): *verification* judges the data by itself, *validation* against another source. A check that *can stop* holds a
version back where `gate = "stop"` is set under `[quality]` of `washhouse.toml`.

A share is over its limit when its lower 97.5 % limit is (Clopper and Pearson), so that chance alone breaks it rarely.
"""


def render_checks(checks: Iterable[Check]) -> str:
    """The page `docs/reference/checks.md`, in Markdown."""
    listed = list(checks)
    parts = [_HEAD]
    for category in ("conformance", "completeness", "plausibility"):
        parts.append(f"## {category.capitalize()}\n")
        parts.append("| Check | Tells of | Counted in | Limit | Over it | What to do |\n|---|---|---|---|---|---|")
        parts += [_row(check) for check in listed if check.category == category]
        parts.append("")
    return "\n".join(parts)


def _row(check: Check) -> str:
    title = check.title + (f" ({check.reference})" if check.reference else "")
    title += " (validation)" if check.context == "validation" else ""
    can = "can stop" if check.severity == "stop" else "told"
    limit = measured(check.measure, check.limit)
    return f"| `{check.id}` | {title} | {check.subject} | {limit} | {can} | {check.advice} |"
