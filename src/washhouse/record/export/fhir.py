"""What is the record as FHIR R4 Bulk Data: one NDJSON file a type, and a manifest?

A bucket at a time, so that memory is bounded by a bucket. Current states only, pseudonymised as every export is
(`people`): of a birth the year leaves. Ids are good inside the export, and between exports of one project.

References:
    HL7 FHIR Bulk Data Access 2.0, `$export` response (manifest); HL7 FHIR R4, NDJSON.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa

from washhouse.record.export.people import Bucket, Population, read_buckets
from washhouse.record.export.pseudonyms import number_of
from washhouse.record.fhir import Resource, fhir_instant, to_patient, to_resources

MANIFEST = "manifest.json"


def write_fhir(population: Population, out: Path) -> dict[str, Any]:
    """Write the population as Bulk Data.

    Args:
        population: Who leaves; see `people.open_population`.
        out: An empty folder; it gets `<Type>.ndjson` and `manifest.json`.

    Returns:
        `resources`: how many of each type.
    """
    counts: Counter[str] = Counter()
    with ExitStack() as stack:
        files: dict[str, TextIO] = {}
        for bucket in read_buckets(population):
            for resource in to_bulk(bucket, population.key):
                kind = resource["resourceType"]
                if kind not in files:
                    files[kind] = stack.enter_context((out / f"{kind}.ndjson").open("w", encoding="utf-8"))
                files[kind].write(json.dumps(resource, ensure_ascii=False, separators=(",", ":")) + "\n")
                counts[kind] += 1
    manifest = {
        "transactionTime": fhir_instant(population.version.published_at),
        "request": f"washhouse export fhir, version {population.version.id}",
        "requiresAccessToken": False,
        "output": [{"type": kind, "url": f"{kind}.ndjson", "count": counts[kind]} for kind in sorted(counts)],
        "error": [],
    }
    (out / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return {"resources": dict(sorted(counts.items()))}


def to_bulk(bucket: Bucket, key: bytes) -> Iterator[Resource]:
    """One bucket's resources: each person's Patient, then what happened to them, by time."""
    order = [(name, "ascending") for name in bucket.events.column_names]
    events = bucket.events.sort_by([("subject_id", "ascending"), ("time", "ascending"), *order])
    spans = _spans(events["subject_id"])
    for person in bucket.people.to_pylist():
        subject = str(person["subject_id"])
        yield to_patient(person, subject)
        start, length = spans.get(person["subject_id"], (0, 0))
        rows = events.slice(start, length).drop_columns(["subject_id", "practice", "team", "worker"]).to_pylist()
        yield from to_resources(rows, subject, _naming(key, subject))


def _naming(key: bytes, subject: str) -> Callable[[str], str]:
    return lambda said: f"{number_of(key, 'resource', f'{subject}|{said}'):014x}"


def _spans(subjects: pa.ChunkedArray) -> dict[int, tuple[int, int]]:
    """First row and number of rows of each subject, of ids that stand in order."""
    spans: dict[int, tuple[int, int]] = {}
    at = 0
    for run in subjects.value_counts().to_pylist():
        spans[run["values"]] = (at, run["counts"])
        at += run["counts"]
    return spans
