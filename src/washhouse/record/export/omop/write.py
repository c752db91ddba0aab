"""How is the record written as OMOP CDM 5.4: Parquet, a table a file, and all of it in one DuckDB file?

A bucket at a time, so that memory is bounded by a bucket; what is small (care sites, providers, vocabulary) at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from washhouse.lake.engine import Connection, connect
from washhouse.record.export.folder import ROW_GROUP, write_parquet
from washhouse.record.export.omop.concepts import MOST_CODE, Concepts, find_concepts
from washhouse.record.export.omop.fields import schemas, shape
from washhouse.record.export.omop.rows import CLINICAL, EVENT_TABLES, Counts, prepare, to_omop
from washhouse.record.export.people import Population, read_buckets

DATABASE = "cdm.duckdb"
STORAGE = "v1.2.0"
"""Format of the DuckDB file: one that readers of 1.2 and later open."""


def omop_writer(vocabulary: Path | None) -> Callable[[Population, Path], dict[str, Any]]:
    """Return what writes a population as OMOP, with the vocabularies in a folder, or with none."""

    def write(population: Population, out: Path) -> dict[str, Any]:
        return write_omop(population, out, vocabulary)

    return write


def write_omop(population: Population, out: Path, vocabulary: Path | None = None) -> dict[str, Any]:
    """Write the population as OMOP CDM 5.4.

    Args:
        population: Who leaves; see `people.open_population`.
        out: An empty folder; it gets `parquet/<table>.parquet` and `cdm.duckdb`.
        vocabulary: Folder of Athena's files; None: none, and no code has a standard concept.

    Returns:
        `events`, `left_out` by reason, `rows` by table, `mapped` by table: rows, those with a standard concept, and
        their share; `codes_shortened`: codes longer than OMOP can keep, which end in a digest.

    Raises:
        InputError: `vocabulary-missing` or `vocabulary-unreadable`.
    """
    counts = Counts()
    as_of = max(population.version.as_of.values(), default=population.version.published_at.date())
    parquet = out / "parquet"
    parquet.mkdir()
    settings = population.settings
    with connect(memory_limit=settings.memory_limit, threads=settings.threads) as con, ExitStack() as stack:
        codes, units = _codes_and_units(population)
        concepts = find_concepts(con, codes, units, vocabulary)
        prepare(con, concepts)
        writers = {
            table: stack.enter_context(
                pq.ParquetWriter(parquet / f"{table}.parquet", schemas()[table], compression="zstd")
            )
            for table in CLINICAL
        }
        for bucket in read_buckets(population):
            for table, rows in to_omop(con, bucket, as_of, counts).items():
                writers[table].write_table(rows, row_group_size=ROW_GROUP)
    for table, rows in _small_tables(population, concepts, counts).items():
        write_parquet(rows, parquet / f"{table}.parquet")
        counts.rows[table] = rows.num_rows
    with connect(memory_limit=settings.memory_limit, threads=settings.threads) as con:
        _write_database(con, parquet, out / DATABASE)
    return {
        "events": counts.events,
        "left_out": {
            "without_time": counts.timeless,
            "of_people_without_birth_year": counts.of_them,
            "people_without_birth_year": counts.without_birth,
        },
        "rows": dict(sorted(counts.rows.items())),
        "mapped": {table: _share(counts.mapped[table], counts.rows[table]) for table in EVENT_TABLES},
        "codes_shortened": sum(len(code) > MOST_CODE for code in codes),
        "vocabulary_version": concepts.version,
    }


def _share(mapped: int, rows: int) -> dict[str, float | int | None]:
    return {"rows": rows, "mapped": mapped, "share": round(mapped / rows, 4) if rows else None}


def _codes_and_units(population: Population) -> tuple[set[str], set[str]]:
    codes: set[str] = set()
    units: set[str] = set()
    for bucket in read_buckets(population):
        codes.update(pc.unique(bucket.events["code"]).to_pylist())
        units.update(unit for unit in pc.unique(bucket.events["unit"]).to_pylist() if unit is not None)
    return codes, units


def _small_tables(population: Population, concepts: Concepts, counts: Counts) -> dict[str, pa.Table]:
    """Everything that is not written a bucket at a time, empty tables of the model too."""
    found = {table: schema.empty_table() for table, schema in schemas().items() if table not in CLINICAL}
    found["location"] = _rows(
        "location",
        ({"location_id": decile, "location_source_value": f"deprivation decile {decile}"} for decile in range(1, 11)),
    )
    sites = ({"care_site_id": one, "place_of_service_concept_id": 0} for one in sorted(counts.care_sites))
    found["care_site"] = _rows("care_site", sites)
    workers = ({"provider_id": one, "specialty_concept_id": 0} for one in sorted(counts.providers))
    found["provider"] = _rows("provider", workers)
    found |= {table: rows for table, rows in concepts.tables.items() if table != "concept"}
    own = pc.equal(concepts.tables["concept"]["vocabulary_id"], "washhouse")
    used = {row["source_concept_id"] for row in concepts.codes.to_pylist() if row["code"] in counts.used}
    kept = pc.or_(
        pc.invert(own), pc.is_in(concepts.tables["concept"]["concept_id"], pa.array(sorted(used), pa.int32()))
    )
    found["concept"] = concepts.tables["concept"].filter(kept)
    version = population.version
    found["cdm_source"] = _rows(
        "cdm_source",
        [
            {
                "cdm_source_name": "washhouse",
                "cdm_source_abbreviation": "washhouse",
                "cdm_holder": "the site that runs this washhouse",
                "source_description": f"Version {version.id} of the linked record, pseudonymised for research",
                "cdm_etl_reference": f"washhouse {package_version('washhouse')}",
                "source_release_date": max(version.as_of.values(), default=version.published_at.date()),
                "cdm_release_date": version.published_at.date(),
                "cdm_version": "5.4",
                "cdm_version_concept_id": 0,
                "vocabulary_version": (concepts.version or "none")[:20],
            }
        ],
    )
    return found


def _rows(table: str, rows: Iterable[dict[str, Any]]) -> pa.Table:
    return shape(table, pa.Table.from_pylist(list(rows), schema=schemas()[table]))


def _write_database(con: Connection, parquet: Path, database: Path) -> None:
    quoted = str(database).replace("'", "''")
    con.execute(f"ATTACH '{quoted}' AS cdm (STORAGE_VERSION '{STORAGE}')")
    con.execute("SET preserve_insertion_order = true")
    for path in sorted(parquet.glob("*.parquet")):
        file = str(path).replace("'", "''")
        con.execute(f"CREATE TABLE cdm.main.\"{path.stem}\" AS SELECT * FROM read_parquet('{file}')")
    con.execute("DETACH cdm")
