"""Do the contracts read what the invented city's senders write, and set aside nothing that is clean?"""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from washhouse.sources.reader import declared_date, read_batch
from washhouse.sources.registry import SPECS
from washhouse.sources.result import BatchResult
from washhouse.synthetic.book_slips import IMPOSSIBLE, JOURNAL, PRESCRIPTIONS
from washhouse.synthetic.city import make_city

NOT_IN_THE_CITY = {"community"}
"""Sources whose extracts the city does not make yet."""


@pytest.fixture(scope="module")
def batches(tmp_path_factory: pytest.TempPathFactory) -> list[BatchResult]:
    out = tmp_path_factory.mktemp("city") / "city"
    make_city(600, 1, 7, out, end=date(2025, 6, 30))
    return [
        read_batch(SPECS[folder.parent.name], {file.name: file.read_bytes() for file in folder.iterdir()}, folder.name)
        for folder in sorted((out / "extracts").glob("*/*"))
    ]


def test_every_source_sends_and_no_file_is_refused(batches: list[BatchResult]) -> None:
    assert {batch.source for batch in batches} == set(SPECS) - NOT_IN_THE_CITY
    refused = [
        (batch.source, batch.batch, file.file, file.reason)
        for batch in batches
        for file in batch.files.values()
        if file.rejected
    ]
    assert refused == []


def test_no_column_is_unknown(batches: list[BatchResult]) -> None:
    rules = {
        (file.table, issue["column"], issue["rule"])
        for batch in batches
        for file in batch.files.values()
        for issue in file.issues.to_pylist()
        if issue["rule"] in {"extra-column", "repeated-column", "bad-format", "bad-key-format", "unknown-code"}
    }
    planted = {("journal", JOURNAL.code, "unknown-code"), ("prescriptions", PRESCRIPTIONS.code, "unknown-code")}
    assert rules - planted == set()


def test_only_rows_that_the_city_spoils_are_set_aside(batches: list[BatchResult]) -> None:
    aside = Counter(
        (batch.source, file.table, issue["column"], issue["rule"])
        for batch in batches
        for file in batch.files.values()
        for issue in file.issues.to_pylist()
        if issue["severity"] == "quarantine"
    )
    planted = [("gp", "journal", JOURNAL.date), ("gp", "prescriptions", PRESCRIPTIONS.date)]
    assert set(aside) <= {(*where, "impossible-date") for where in planted}
    lines = sum(file.lines for batch in batches for file in batch.files.values())
    assert lines > 0 and sum(aside.values()) <= 10 + 3 * IMPOSSIBLE * lines


def test_batches_declare_what_the_contracts_say(batches: list[BatchResult]) -> None:
    for batch in batches:
        assert batch.as_of == declared_date(batch.batch)
        if batch.source in ("mental_health", "social_care"):
            assert batch.period_start and batch.period_end and batch.provider
            assert batch.period_start <= batch.period_end <= batch.as_of
    assert {batch.kind for batch in batches if batch.source == "mental_health"} == {"full", "delta"}
