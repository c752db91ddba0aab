"""What does a set of FHIR resources come to, with every line accounted for?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from washhouse.core.time import midnight
from washhouse.sources.account import Ledger, Part, digest_keys
from washhouse.sources.contract import TableSpec
from washhouse.sources.digest import digest_rows
from washhouse.sources.fhir.contract import EVENT, OTHER, PATIENT, RESOURCE, SPEC
from washhouse.sources.fhir.declared import R4_TYPES, RESOURCES
from washhouse.sources.fhir.files import Line, count_lines, find_resources, read_lines
from washhouse.sources.fhir.rows import Reading, read_resource
from washhouse.sources.fhir.survey import Survey
from washhouse.sources.file import typed_schema
from washhouse.sources.file_names import Labels
from washhouse.sources.result import ISSUES, SET_ASIDE, BatchResult, ReadResult
from washhouse.sources.rules import RULES, RejectedFileError, reason
from washhouse.sources.validate import Finding

CHUNK_LINES = 50_000
FOLDERS = ("fhir", "ndjson", "output", "bundles")
"""Names of folders that are kept."""


@dataclass
class _Chunk:
    """Lines that are not yet columns."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    numbers: list[int] = field(default_factory=list)
    said: list[tuple[str, str]] = field(default_factory=list)
    raw: list[tuple[int, str]] = field(default_factory=list)
    problems: dict[tuple[str, str, str], list[int]] = field(default_factory=lambda: defaultdict(list))


@dataclass
class _File:
    """What the lines of one file gave."""

    ledger: Ledger
    tables: dict[str, list[pa.Table]] = field(default_factory=lambda: defaultdict(list))


def read_set(
    path: Path,
    survey: Survey,
    *,
    day: date,
    batch: str,
    sender: str = "",
    known: Iterable[str] = (),
) -> BatchResult:
    """Read a set of resources.

    Args:
        path: A file, or a folder of them.
        survey: What its resources are known by.
        day: The day by which it is judged; what lies after it is set aside.
        batch: Name of the batch.
        sender: Name of the sending server; ids are its own, so that the same id of another is another thing.
        known: Patients that earlier batches sent, by key.

    Returns:
        The batch: every file, and what their lines tell of people and events.

    Raises:
        InputError: `fhir-not-found`: there is no file of resources at the path.
    """
    sources, labels = find_resources(path), Labels(sorted(R4_TYPES), FOLDERS)
    origins = {labels.label(name, "resources"): name for name in sorted(sources)}
    patients = frozenset(known)
    files: dict[str, ReadResult] = {}
    parts: dict[str, list[pa.Table]] = defaultdict(list)
    for label, name in origins.items():
        files[label], tables = _read_file(sources[name], label, survey, day, sender, patients)
        for table, rows in tables.items():
            parts[table].append(rows)
    return BatchResult(
        source=SPEC.name,
        batch=batch,
        as_of=day,
        submitted_at=_made(survey, day),
        period_start=None,
        period_end=None,
        provider=None,
        kind="delta",
        files=files,
        tables={table: _whole(table, rows) for table, rows in parts.items()},
        origins=origins,
    )


def _made(survey: Survey, day: date) -> datetime:
    """When the set was made: what its newest resource tells of happened before the end of the day."""
    return survey.made if survey.made is not None and survey.made.date() == day else midnight(day + timedelta(days=1))


def _read_file(
    path: Path, label: str, survey: Survey, day: date, sender: str, patients: frozenset[str]
) -> tuple[ReadResult, Mapping[str, pa.Table]]:
    found, chunk = _File(Ledger(RESOURCE, file=label, schema=typed_schema(RESOURCE))), _Chunk()
    end = midnight(day + timedelta(days=1))
    try:
        for line in read_lines(path):
            _add(chunk, line, read_resource(line, survey), sender, survey, patients, end)
            if len(chunk.numbers) >= CHUNK_LINES:
                _flush(found, chunk)
                chunk = _Chunk()
    except RejectedFileError as refused:
        return _refuse(path, label, refused), {}
    _flush(found, chunk)
    read = found.ledger.close("json", "", [])
    kept = read.rows.column("_row").to_numpy()
    tables = {}
    for table, rows in found.tables.items():
        whole = pa.concat_tables(rows)
        whole = whole.filter(pa.array(np.isin(whole.column("_row").to_numpy(), kept)))
        if whole.num_rows:
            name = pa.DictionaryArray.from_arrays(np.zeros(whole.num_rows, np.int32), pa.array([label], pa.string()))
            tables[table] = whole.append_column("_file", name)
    return read, tables


def _add(
    chunk: _Chunk,
    line: Line,
    reading: Reading,
    sender: str,
    survey: Survey,
    patients: frozenset[str],
    end: datetime,
) -> None:
    number = {"_row": line.number}
    key = _of_sender(reading.key, sender)
    whose = _of_sender(reading.patient_key, sender)
    is_ours = reading.patient is not None or reading.patient_key in survey.patients or whose in patients
    if reading.patient_key and not is_ours:
        reading.blame("orphan-row", RESOURCES[reading.type].subject, "Patient")
    if any(event.time is not None and event.time >= end for event in reading.events):
        reading.blame("future-date", RESOURCES[reading.type].time[0])
    is_bad = False
    for problem in reading.problems:
        chunk.problems[problem].append(line.number)
        is_bad |= RULES[problem[0]].severity == "quarantine"
    chunk.numbers.append(line.number)
    chunk.said.append((key, reading.content or line.text))
    if is_bad:
        chunk.raw.append((line.number, line.text))
        return
    chunk.rows["resource"].append(
        {"resource_key": key, "resource_type": reading.type, "content": reading.content, **number}
    )
    if reading.patient is not None:
        chunk.rows["patient"].append({"patient_key": whose or key, **reading.patient, **number})
    for event in reading.events:
        told = {"resource_key": key, "patient_key": whose, **vars(event), **number}
        chunk.rows["event"].append({**told, "encounter_key": _of_sender(reading.encounter_key, sender) or None})
    if reading.patient is None and not reading.events:
        chunk.rows["other"].append({"resource_key": key, "resource_type": reading.type, "raw": line.text, **number})


def _of_sender(key: str | None, sender: str) -> str:
    return f"{sender}|{key}" if sender and key else key or ""


_TABLES: Mapping[str, TableSpec] = {table.name: table for table in (RESOURCE, PATIENT, EVENT, OTHER)}


def _flush(found: _File, chunk: _Chunk) -> None:
    if not chunk.numbers:
        return
    said = [pa.array(texts, pa.string()) for texts in zip(*chunk.said, strict=True)]
    typed = pa.RecordBatch.from_pylist(chunk.rows.pop("resource", []), typed_schema(RESOURCE))
    for name, rows in chunk.rows.items():
        found.tables[name].append(pa.Table.from_pylist(rows, typed_schema(_TABLES[name])))
    numbers = np.array(chunk.numbers, np.int64)
    part = Part(numbers, digest_rows(said), pa.Table.from_batches([typed]), digest_keys(typed, RESOURCE))
    for (rule, column, detail), blamed in chunk.problems.items():
        words = reason(rule, column, detail)
        part.findings.append(Finding(rule, column, words, np.unique(np.array(blamed, np.int64))))
    if chunk.raw:
        aside = np.array([number for number, _ in chunk.raw], np.int64)
        part.raw.append((aside, pa.array([text for _, text in chunk.raw], pa.string())))
    found.ledger.add(part)


def _refuse(path: Path, label: str, refused: RejectedFileError) -> ReadResult:
    lines = count_lines(path)
    issue = {"row": 0, "column": None, "rule": refused.rule, "severity": "reject", "reason": str(refused)}
    return ReadResult(
        file=label,
        table=RESOURCE.name,
        rows=typed_schema(RESOURCE).empty_table(),
        issues=pa.Table.from_pylist([issue], ISSUES),
        set_aside=SET_ASIDE.empty_table(),
        lines=lines,
        accepted=0,
        warned=0,
        quarantined=lines,
        duplicates=0,
        rejected=True,
        reason=str(refused),
    )


def _whole(table: str, parts: Sequence[pa.Table]) -> ReadResult:
    """All files' rows of one table; their lines were accounted for where they were read."""
    rows = pa.concat_tables(parts).unify_dictionaries()
    return ReadResult(
        file=table,
        table=table,
        rows=rows,
        issues=ISSUES.empty_table(),
        set_aside=SET_ASIDE.empty_table(),
        lines=rows.num_rows,
        accepted=rows.num_rows,
        warned=0,
        quarantined=0,
        duplicates=0,
    )
