"""What is the record as a MEDS data set?

One row per event of a subject; a shard per bucket, so that memory is bounded by a bucket and a subject lies in one
file. Current states only: what a source has since corrected or withdrawn is left out. `recorded_at` is kept beside
`time`, so that a model can be held to what was known.

References:
    Medical Event Data Standard 0.4, https://github.com/Medical-Event-Data-Standard/meds: schemas of the package `meds`
    0.4.1 (`DataSchema`, `CodeMetadataSchema`, `SubjectSplitSchema`, `DatasetMetadataSchema`); events of a subject are
    contiguous and sorted by time, those without a time first.
"""

from __future__ import annotations

import json
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Any

import pyarrow as pa

from washhouse.lake.engine import Connection, connect
from washhouse.record.export.families import END, FAMILIES, describe
from washhouse.record.export.folder import write_parquet
from washhouse.record.export.people import Bucket, Population, read_buckets

MEDS_VERSION = "0.4.1"

DATA = pa.schema(
    [
        pa.field("subject_id", pa.int64(), nullable=False),
        pa.field("time", pa.timestamp("us")),
        pa.field("code", pa.string(), nullable=False),
        pa.field("numeric_value", pa.float32()),
        pa.field("text_value", pa.large_string()),
        pa.field("unit", pa.string()),
        pa.field("recorded_at", pa.timestamp("us")),
    ]
)
"""Columns of `data/*.parquet`: those of MEDS, then two of the house's own."""

CODES = pa.schema(
    [
        pa.field("code", pa.string(), nullable=False),
        pa.field("description", pa.string()),
        pa.field("parent_codes", pa.list_(pa.string())),
        pa.field("events", pa.int64()),
    ]
)

SPLITS = pa.schema([pa.field("subject_id", pa.int64(), nullable=False), pa.field("split", pa.string(), nullable=False)])

FACTS: tuple[tuple[str, str, str], ...] = (
    ("MEDS_BIRTH", "make_timestamp(birth_year, 1, 1, 0, 0, 0)", "birth_year IS NOT NULL"),
    ("GENDER//F", "NULL", "sex = 'female'"),
    ("GENDER//M", "NULL", "sex = 'male'"),
    ("GENDER//I", "NULL", "sex = 'indeterminate'"),
    ("ETHNICITY//", "NULL", "ethnic_category IS NOT NULL"),
    ("DEPRIVATION_DECILE//", "NULL", "deprivation_decile IS NOT NULL"),
    ("MEDS_DEATH", "CAST(death_date AS TIMESTAMP)", "death_date IS NOT NULL"),
)
"""What is said of a person: code, time, and where it is said. A code that ends in `//` is followed by the value."""

_VALUE = {"ETHNICITY//": "ethnic_category", "DEPRIVATION_DECILE//": "deprivation_decile"}

_NULLS = "CAST(NULL AS FLOAT) AS numeric_value, CAST(NULL AS VARCHAR) AS text_value, CAST(NULL AS VARCHAR) AS unit"

_FACTS = " UNION ALL ".join(
    f"""SELECT subject_id, CAST({time} AS TIMESTAMP) AS time,
               '{code}'{f" || CAST({_VALUE[code]} AS VARCHAR)" if code in _VALUE else ""} AS code, {_NULLS},
               CAST(NULL AS TIMESTAMP) AS recorded_at
        FROM people WHERE {said}"""
    for code, time, said in FACTS
)

# A value too large for MEDS's 32 bits is left out rather than made infinite.
_ROWS = f"""
    SELECT * FROM ({_FACTS}
    UNION ALL
    SELECT subject_id, time, code, CASE WHEN isfinite(TRY_CAST(numeric_value AS FLOAT))
           THEN CAST(numeric_value AS FLOAT) END, text_value, unit, recorded_at FROM events
    UNION ALL
    SELECT subject_id, end_time, split_part(code, '//', 1) || '{END}//' || substr(code, strpos(code, '//') + 2),
           NULL, NULL, NULL, recorded_at FROM events WHERE end_time IS NOT NULL)
    ORDER BY subject_id, time NULLS FIRST, code, numeric_value NULLS FIRST, text_value NULLS FIRST, unit NULLS FIRST,
             recorded_at NULLS FIRST"""

_SPLIT = """
    SELECT subject_id, CASE WHEN subject_id % 10 < 8 THEN 'train' WHEN subject_id % 10 = 8 THEN 'tuning'
                            ELSE 'held_out' END AS split FROM people ORDER BY subject_id"""


def write_meds(population: Population, out: Path) -> dict[str, Any]:
    """Write the population as a MEDS data set.

    Args:
        population: Who leaves; see `people.open_population`.
        out: An empty folder; it gets `data` and `metadata`.

    Returns:
        `subjects`, `events` (rows written), `codes`, `shards`.
    """
    counts: dict[str, int] = {}
    splits = []
    shards = 0
    with connect(memory_limit=population.settings.memory_limit, threads=population.settings.threads) as con:
        for shard, bucket in enumerate(read_buckets(population)):
            rows = to_meds(con, bucket)
            if not rows.num_rows:
                continue
            write_parquet(rows, out / "data" / f"{shard}.parquet")
            shards += 1
            for one in rows["code"].value_counts().to_pylist():
                counts[one["values"]] = counts.get(one["values"], 0) + one["counts"]
            con.register("people", bucket.people)
            splits.append(con.sql(_SPLIT).to_arrow_table().cast(SPLITS))
    metadata = out / "metadata"
    write_parquet(
        pa.concat_tables([SPLITS.empty_table(), *splits]).sort_by("subject_id"), metadata / "subject_splits.parquet"
    )
    write_parquet(_codes(counts), metadata / "codes.parquet")
    (metadata / "dataset.json").write_text(json.dumps(_describe(population), indent=2) + "\n", encoding="utf-8")
    return {"subjects": population.people, "events": sum(counts.values()), "codes": len(counts), "shards": shards}


def to_meds(con: Connection, bucket: Bucket) -> pa.Table:
    """One bucket's rows of `DATA`, in the order that MEDS asks for."""
    con.register("people", bucket.people)
    con.register("events", bucket.events)
    return con.sql(_ROWS).to_arrow_table().cast(DATA)


def parent_of(code: str) -> str | None:
    """The code in the terminology that it is taken from, as `vocabulary_id/concept_code`.

    >>> parent_of("ECDS_COMPLAINT//48694002"), parent_of("MHS_SPELL//200")
    ('SNOMED/48694002', None)
    """
    name, _, rest = code.partition("//")
    family = FAMILIES.get(name)
    return f"{family.terminology}/{rest}" if family is not None and family.terminology else None


def _codes(counts: dict[str, int]) -> pa.Table:
    facts = {"MEDS_BIRTH": "Born in that year; 1 January stands for the day", "MEDS_DEATH": "Died on that day"}
    said = {"GENDER": "Sex as recorded", "ETHNICITY": "Ethnic category as recorded"}
    said["DEPRIVATION_DECILE"] = "Deprivation of the small area, 1 the most deprived tenth"
    rows = []
    for code in sorted(counts):
        name, _, rest = code.partition("//")
        words = facts.get(code) or (f"{said[name]}: {rest}" if name in said else describe(code))
        parent = parent_of(code)
        parents = [] if parent is None else [parent]
        rows.append({"code": code, "description": words, "parent_codes": parents, "events": counts[code]})
    return pa.Table.from_pylist(rows, schema=CODES)


def _describe(population: Population) -> dict[str, Any]:
    version = population.version
    return {
        "dataset_name": "washhouse",
        "dataset_version": version.id,
        "etl_name": "washhouse export meds",
        "etl_version": package_version("washhouse"),
        "meds_version": MEDS_VERSION,
        "created_at": version.published_at.isoformat(),
        "code_modifier_columns": ["unit"],
        "other_extension_columns": ["recorded_at"],
    }
