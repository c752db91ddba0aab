"""The list of superseded NHS numbers: the newest one holds, and only known reasons join."""

from __future__ import annotations

from typing import Any

from washhouse.sources.mappings.superseded_nhs_numbers import read_superseded
from washhouse.sources.reader import read_batch
from washhouse.sources.superseded_nhs_numbers import SPEC

A, B, C = "9434765919", "9434765870", "9990592616"


def line(old: str, new: str, reason: str = "duplicate") -> dict[str, Any]:
    return {"old_nhs_number": old, "nhs_number": new, "reason": reason}


def read(feed: Any) -> list[tuple[str, str]]:
    table = read_superseded(feed.con, feed.typed)
    return list(zip(table["old"].to_pylist(), table["current"].to_pylist(), strict=True))


def test_no_list_joins_nothing(sent: Any) -> None:
    assert read(sent(SPEC.name)) == []


def test_the_newest_list_holds(sent: Any) -> None:
    feed = sent(SPEC.name).batch("2025-06-01", {"superseded": [line(A, B), line(C, B, "replaced")]})
    assert read(feed) == [(A, B), (C, B)]
    assert read(feed.batch("2025-07-01", {"superseded": [line(A, C)]})) == [(A, C)]


def test_a_reason_that_is_not_known_joins_nothing(sent: Any) -> None:
    told = [line(A, B, "adoption"), line(C, B, "Duplicate")]
    assert read(sent(SPEC.name).batch("2025-06-01", {"superseded": told})) == [(C, B)]


def test_a_line_without_a_reason_or_a_valid_number_is_set_aside_and_another_reason_warned_of() -> None:
    rows = [f"{A},{B},,duplicate", f"{C},{B},,", f"{A[:-1]}0,{B},,duplicate", f"{C},{A},,adoption"]
    file = "\n".join(["old_nhs_number,nhs_number,superseded_on,reason", *rows, ""]).encode()
    result = read_batch(SPEC, {"superseded.csv": file}, "2025-06-01").files["superseded.csv"]
    assert (result.lines, result.accepted, result.quarantined) == (4, 2, 2)
    told = {(issue["row"], issue["rule"]) for issue in result.issues.to_pylist()}
    assert told == {(2, "missing-key"), (3, "bad-key-format"), (4, "unknown-code")}
