"""What could be wrong with a delivery: lines turned away, days left out, or not like the one before?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from washhouse.record.quality.contract import Check, Finding, limit_of
from washhouse.record.quality.drift import (
    CLUSTERED,
    chance_index,
    change,
    is_beyond_chance,
    lower_share,
    shares_differ,
    stability_index,
)
from washhouse.record.quality.profile import TableProfile

FEWEST_ROWS = 50
"""Rows that both of two deliveries must have to be compared."""
FEWEST_EXPECTED = 10.0
"""Rows expected of a category, as many as `CLUSTERED` counting as one, before its coming or going is told: chance alone
makes ten none in one of 20,000."""
FEWEST_A_CATEGORY = 20
"""Rows that a category must have on average for a mix to be told: fewer, and the column names things."""
_PSI = "population stability index; see washhouse.record.quality.drift"

FILE_REJECTED = Check(
    "file-rejected",
    "Files turned away whole",
    "conformance",
    "files",
    0.0,
    "stop",
    "Open the batch on the page Feeds: it says why. Ask the sender for the file again under the same name.",
)
LINES_SET_ASIDE = Check(
    "lines-set-aside",
    "Lines set aside because a key field cannot be read",
    "conformance",
    "lines",
    0.02,
    "stop",
    "Open the page Quarantine for the source: file, row and column of every line, with the reason.",
)
LINES_WARNED = Check(
    "lines-warned",
    "Lines kept although something in them is not as the standard says",
    "conformance",
    "lines",
    0.1,
    "warn",
    "Open the page Quarantine for the source and look at the warnings by rule; raise the commonest with the sender.",
)
LINES_REPEATED = Check(
    "lines-repeated",
    "Lines that stand twice in one file",
    "plausibility",
    "lines",
    0.05,
    "warn",
    "Nothing is lost or doubled. Tell the sender: an extract that repeats lines often leaves others out.",
)
DAYS_LEFT_OUT = Check(
    "days-left-out",
    "Days between two periods that no delivery reports",
    "completeness",
    "days",
    0.0,
    "stop",
    "A delivery is missing: ask for it. Put into the inbox later, it takes its place.",
    measure="number",
)
ROWS_CHANGED = Check(
    "rows-changed",
    "Number of rows far from the delivery before",
    "completeness",
    "rows",
    0.5,
    "stop",
    "Fewer: part of an extract, or a filter at the sender. More: rows of other services, or the same rows twice.",
    measure="change",
)
MISSING_CHANGED = Check(
    "missing-changed",
    "A column that is empty much more, or much less, often than before",
    "completeness",
    "values",
    0.1,
    "stop",
    "A column was renamed, moved or emptied at the sender. Compare the headers of the two files.",
    measure="change",
)
CODES_CHANGED = Check(
    "codes-changed",
    "Mix of codes far from the delivery before",
    "plausibility",
    "rows",
    0.25,
    "stop",
    "A code list changed, a default stands where there was a choice, or a service joined or left. Ask the sender.",
    measure="psi",
    reference=_PSI,
)
CATEGORY_NEW = Check(
    "category-new",
    "Codes that the delivery before had none of, and now many rows",
    "plausibility",
    "categories",
    0.0,
    "warn",
    "Find out what they mean before figures over time cross this delivery.",
    measure="number",
)
CATEGORY_VANISHED = Check(
    "category-vanished",
    "Codes that many rows had in the delivery before, and none now",
    "plausibility",
    "categories",
    0.0,
    "warn",
    "Find out what stands for them now before figures over time cross this delivery.",
    measure="number",
)

BATCH_CHECKS = (
    FILE_REJECTED,
    LINES_SET_ASIDE,
    LINES_WARNED,
    LINES_REPEATED,
    DAYS_LEFT_OUT,
    ROWS_CHANGED,
    MISSING_CHANGED,
    CODES_CHANGED,
    CATEGORY_NEW,
    CATEGORY_VANISHED,
)
"""Every check of a delivery."""


@dataclass(frozen=True)
class Delivery:
    """One batch, as far as its quality is judged.

    Attributes:
        source: Sending system.
        name: Batch.
        as_of: Declared date.
        is_delta: It brings changed rows only.
        period: First and last day reported, if declared.
        counts: By source table `files, rejected, lines, warned, quarantined, duplicates`; unknown files under "".
        profile: What its typed rows look like, by table.
    """

    source: str
    name: str
    as_of: date
    is_delta: bool
    period: tuple[date | None, date | None]
    counts: Mapping[str, Mapping[str, int]]
    profile: Mapping[str, TableProfile] = field(default_factory=dict)


def compared_with(delivery: Delivery, earlier: Sequence[Delivery]) -> Delivery | None:
    """The delivery that one is compared with: the last before it of the same kind.

    What comes daily has its weekends: it is compared with the delivery of a week before, if that is there.

    Args:
        delivery: The one to judge.
        earlier: Those of the same source before it, the newest last.
    """
    alike = [one for one in earlier if one.is_delta == delivery.is_delta]
    if not alike:
        return None
    if (delivery.as_of - alike[-1].as_of).days > 3:
        return alike[-1]
    week_before = delivery.as_of - timedelta(days=7)
    return next((one for one in reversed(alike) if one.as_of == week_before), None)


def check_deliveries(deliveries: Sequence[Delivery], limits: Mapping[str, float]) -> Iterator[Finding]:
    """Judge the deliveries of one source, each beside the one that it is compared with.

    Args:
        deliveries: In order of declared date.
        limits: The deployer's limits by check.
    """
    reported: date | None = None
    for place, delivery in enumerate(deliveries):
        yield from _check_lines(delivery, limits)
        start, end = delivery.period
        if start is not None and not delivery.is_delta:
            if reported is not None:
                left_out = max((start - reported).days - 1, 0)
                yield _finding(DAYS_LEFT_OUT, delivery, None, limits, left_out, (start - reported).days, left_out)
            reported = max(reported or start, end or start)
        before = compared_with(delivery, deliveries[:place])
        if before is not None:
            for table in sorted({*delivery.profile, *before.profile}):
                yield from _compare(delivery, before, table, limits)


def _check_lines(delivery: Delivery, limits: Mapping[str, float]) -> Iterator[Finding]:
    for table, counts in sorted(delivery.counts.items()):
        parts = (
            (FILE_REJECTED, counts["rejected"], counts["files"]),
            (LINES_SET_ASIDE, counts["quarantined"], counts["lines"]),
            (LINES_WARNED, counts["warned"], counts["lines"]),
            (LINES_REPEATED, counts["duplicates"], counts["lines"]),
        )
        for check, count, among in parts:
            if among:
                over = lower_share(count, among) > limit_of(check, limits)
                yield _finding(check, delivery, table, limits, count, among, count / among, is_over=over)


def _compare(delivery: Delivery, before: Delivery, table: str, limits: Mapping[str, float]) -> Iterator[Finding]:
    nothing = TableProfile(0)
    new, old = delivery.profile.get(table, nothing), before.profile.get(table, nothing)
    moved = change(old.rows, new.rows)
    few = max(new.rows, old.rows) < FEWEST_ROWS
    over = moved > limit_of(ROWS_CHANGED, limits) and is_beyond_chance(old.rows, new.rows)
    yield _finding(
        ROWS_CHANGED, delivery, table, limits, new.rows, old.rows, moved, before=before, is_over=over, too_few=few
    )
    if min(new.rows, old.rows) < FEWEST_ROWS:
        return
    yield _worst(_missing(delivery, before, table, new, old, limits))
    mixes = list(_mixes(delivery, before, table, new, old, limits))
    for check in (CODES_CHANGED, CATEGORY_NEW, CATEGORY_VANISHED):
        found = [finding for finding in mixes if finding.check == check.id]
        if found:
            yield _worst(found)


def _missing(
    delivery: Delivery, before: Delivery, table: str, new: TableProfile, old: TableProfile, limits: Mapping[str, float]
) -> Iterator[Finding]:
    for column in sorted(new.missing.keys() | old.missing.keys()):
        # A column that one of the two has no header for is empty there.
        now, then = new.missing.get(column, new.rows), old.missing.get(column, old.rows)
        moved = abs(now / new.rows - then / old.rows)
        over = moved > limit_of(MISSING_CHANGED, limits) and shares_differ((then, old.rows), (now, new.rows))
        yield _finding(
            MISSING_CHANGED,
            delivery,
            table,
            limits,
            now,
            new.rows,
            moved,
            before=before,
            is_over=over,
            column=column,
        )


def _mixes(
    delivery: Delivery, before: Delivery, table: str, new: TableProfile, old: TableProfile, limits: Mapping[str, float]
) -> Iterator[Finding]:
    for column in sorted(new.mixes.keys() & old.mixes.keys()):
        listed, listed_then = new.mixes[column], old.mixes[column]
        now, then = _with_unlisted(listed, listed_then), _with_unlisted(listed_then, listed)
        n, m = sum(now.values()), sum(then.values())
        names = {*now, *then}
        if min(n, m) < FEWEST_ROWS or len(names) < 2 or len(names) * FEWEST_A_CATEGORY > n + m:
            continue
        told = {"before": before, "column": column}
        index = stability_index(then, now)
        over = index > max(limit_of(CODES_CHANGED, limits), chance_index(len(names), m, n))
        yield _finding(CODES_CHANGED, delivery, table, limits, n, m, index, is_over=over, **told)  # type: ignore[arg-type]
        for check, here, there, ratio in (
            (CATEGORY_NEW, listed, listed_then, m / n),
            (CATEGORY_VANISHED, listed_then, listed, n / m),
        ):
            # Beyond the most frequent a category's rows are in the rest, so that it only seems to be gone.
            whole = "" not in there
            gone = [name for name, rows in here.items() if name and name not in there]
            count = sum(here[name] * ratio >= FEWEST_EXPECTED * CLUSTERED for name in gone) if whole else 0
            over = count > limit_of(check, limits)
            yield _finding(check, delivery, table, limits, count, len(names), count, is_over=over, **told)  # type: ignore[arg-type]


def _with_unlisted(mix: Mapping[str, int], other: Mapping[str, int]) -> Mapping[str, int]:
    """A mix with what only the other one lists taken out of its rest: as alike to the other as may be.

    A category that is not listed is at most as frequent as the last that is; how frequent is not known.

    >>> _with_unlisted({"a": 9, "b": 4, "": 6}, {"a": 9, "c": 8, "d": 1, "": 1})
    {'a': 9, 'b': 4, '': 1, 'c': 4, 'd': 1}
    >>> _with_unlisted({"a": 9, "b": 4}, {"a": 9, "c": 4})
    {'a': 9, 'b': 4}
    """
    if "" not in mix:
        return mix
    ratio = sum(mix.values()) / sum(other.values())
    most = min((rows for name, rows in mix.items() if name), default=0)
    filled = dict(mix)
    for name in sorted(other.keys() - mix.keys()):
        filled[name] = min(round(other[name] * ratio), most, filled[""])
        filled[""] -= filled[name]
    return filled


def _worst(findings: Iterable[Finding]) -> Finding:
    """Of a table's columns the one furthest off: those over the limit first."""
    return max(findings, key=lambda one: (one.status == "over", one.value or 0.0, one.column or ""))


def _finding(
    check: Check,
    delivery: Delivery,
    table: str | None,
    limits: Mapping[str, float],
    count: int,
    denominator: int,
    value: float,
    *,
    before: Delivery | None = None,
    is_over: bool | None = None,
    too_few: bool = False,
    column: str | None = None,
) -> Finding:
    limit = limit_of(check, limits)
    over = value > limit if is_over is None else is_over
    return Finding(
        check=check.id,
        source=delivery.source,
        batch=delivery.name,
        source_table=table or None,
        column=column,
        compared_with=None if before is None else before.name,
        count=count,
        denominator=denominator,
        value=float(value),
        limit=limit,
        status="not-judged" if too_few else "over" if over else "met",
    )
