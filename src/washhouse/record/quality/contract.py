"""What is a check of the data, and what does it come to?

Checks are sorted as Kahn and others sort them: does the data follow its format (conformance), is it there
(completeness), can it be believed (plausibility)? Each is judged against what we know ourselves (verification) or
against another source (validation).

References:
    Kahn MG and others. A harmonized data quality assessment terminology and framework for the secondary use of
    electronic health record data. eGEMs 2016;4(1):1244, doi:10.13063/2327-9214.1244.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from washhouse.core.limits import Breach

Category = Literal["conformance", "completeness", "plausibility"]
Context = Literal["verification", "validation"]
Severity = Literal["stop", "warn"]
"""`stop`: over its limit, it can hold a version back; `warn`: it is told and never holds anything back."""
Measure = Literal["share", "psi", "change", "number"]
"""`share` of a denominator; `psi`, population stability index; `change` of a share or of a number as a part of what it
was; `number`, counted as it is."""
Subject = Literal["events", "people", "records", "lines", "rows", "values", "files", "days", "categories"]


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        id: Stable kebab-case name; also the name of its limit under `[quality.limits]` of the settings.
        title: What is wrong where it is broken, in a few words.
        category: Kahn's category.
        subject: What is counted.
        limit: What its measure may come to, at most.
        severity: Whether it can hold a version back.
        advice: What a steward does about it.
        measure: How `limit` is to be read.
        context: Judged by itself, or against another source.
        reference: Where its formula or its limit comes from; empty for a plain count.
    """

    id: str
    title: str
    category: Category
    subject: Subject
    limit: float
    severity: Severity
    advice: str
    measure: Measure = "share"
    context: Context = "verification"
    reference: str = ""


@dataclass(frozen=True)
class Finding:
    """What one check came to for one subject: a source's part of the record, or one table of one batch.

    Attributes:
        check: Id of the check.
        source: Sending system; None for the record as a whole.
        batch: Batch; None for the record as it stands.
        source_table: Table of the source's contract.
        column: Column to blame, if one is.
        compared_with: Batch that it was compared with.
        count: How many break the check; None for 1 to 7 where somebody could be told by it.
        denominator: Out of how many.
        value: What the check measures; None where `count` is not told.
        limit: What it may come to.
        status: `met`, `over`, or `not-judged` for too few.
    """

    check: str
    source: str | None
    batch: str | None
    source_table: str | None
    column: str | None
    compared_with: str | None
    count: int | None
    denominator: int
    value: float | None
    limit: float
    status: Literal["met", "over", "not-judged"]


def limit_of(check: Check, limits: Mapping[str, float]) -> float:
    """The deployer's limit of a check, or its own."""
    return limits.get(check.id, check.limit)


def breach_of(check: Check, row: Mapping[str, Any]) -> Breach:
    """Put a finding that is over its limit into the words of a refusal; no values, small counts not told.

    Args:
        check: The check.
        row: A row of `record.quality`.
    """
    where = "/".join(str(row[name]) for name in ("source", "batch", "source_table") if row[name]) or "the record"
    told = "1 to 7" if row["value"] is None else measured(check.measure, row["value"])
    words = f"{where}: {check.title.lower()}, {told} where {measured(check.measure, row['limit'])} is allowed"
    return Breach(check.id, row["value"], row["limit"], words)


def measured(measure: Measure, value: float) -> str:
    """A value of a measure in words.

    >>> measured("share", 0.0123), measured("psi", 0.3), measured("number", 2.0), measured("change", 0.5)
    ('1.23 %', '0.30', '2', '50 %')
    """
    if measure == "psi":
        return f"{value:.2f}"
    if measure == "number":
        return f"{value:,.0f}"
    return f"{100 * value:.3g} %"
