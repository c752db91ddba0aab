"""What do an invented city's files say about who its records belong to? Read straight from the CSV files.

Used by `bench/linkage.py` only: the product reads the same files through `sources`, with quarantine and history; here
a sender's last word counts, so that linkage is measured alone.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from washhouse.core.nhs_number import parse_nhs_number
from washhouse.lake.schemas import arrow_schema, conform
from washhouse.linkage.superseded import follow_list, with_current_numbers
from washhouse.sources.identity import IDENTITY

Record = tuple[str, str]
_SEX = {"M": "male", "F": "female", "1": "male", "2": "female", "Male": "male", "Female": "female"}

# Our field -> their column ("" if it has our name), by file. What a later file says replaces what an earlier one said.
_FILES: dict[str, tuple[tuple[str, str, dict[str, str]], ...]] = {
    "gp": (
        (
            "patients.csv",
            "patient_id",
            {
                "nhs_number": "nhs_number",
                "pseudo_nhs_number": "Der_Pseudo_NHS_Number",
                "birth_date": "birth_date",
                "sex": "sex",
                "postcode": "postcode",
                "uprn": "uprn",
                "death_date": "deceased_date",
                "left_on": "registered_to",
                "registration": "registered_from",
                "registered_to": "registered_to",
            },
        ),
    ),
    "hospital": (
        (
            "apc.csv",
            "LOCAL_PATIENT_ID",
            {"nhs_number": "NHS_NUMBER", "birth_date": "BIRTH_DATE", "sex": "SEX", "postcode": "POSTCODE"},
        ),
    ),
    "mental_health": (
        (
            "MHS001MPI.csv",
            "LocalPatientID",
            {
                "nhs_number": "NHSNumber",
                "birth_date": "PersonBirthDate",
                "sex": "Gender",
                "postcode": "Postcode",
                "death_date": "PersDeathDate",
            },
        ),
    ),
    "social_care": (
        (
            "cld.csv",
            "LA_Person_Unique_Identifier",
            {
                "nhs_number": "NHS_Number",
                "birth_date": "Date_of_Birth",
                "sex": "Gender",
                "postcode": "Postcode",
                "death_date": "Date_of_Death",
            },
        ),
    ),
}
_COMPANION = (
    "demographics.csv",
    "local_patient_id",
    dict.fromkeys(("nhs_number", "first_name", "surname", "birth_date", "sex"), "")
    | dict.fromkeys(("address", "postcode", "uprn", "phone", "restricted"), ""),
)


def read_city(city: Path, *, names: bool) -> tuple[pa.Table, dict[Record, str]]:
    """Read a city's clear identities, and the sealed truth.

    Args:
        city: Folder that `washhouse city` wrote.
        names: Read the companion `demographics` files too (names, address, phone).

    Returns:
        Identities as `sources.identity.IDENTITY`, pseudonymous records left out, superseded NHS numbers replaced; and
        the true person of each record.
    """
    rows: dict[Record, dict[str, Any]] = {}
    for source, files in _FILES.items():
        for batch in sorted((city / "extracts" / source).iterdir()):
            seen = datetime.fromisoformat(batch.name[:10])
            for name, key, fields in (*([_COMPANION] if names else []), *files):
                for line in _lines(batch / name):
                    said = {ours: _value(ours, line.get(theirs or ours, "")) for ours, theirs in fields.items()}
                    row = rows.setdefault(
                        (source, line[key]), {"identity_kind": "clear", "restricted": False, "first_seen": seen}
                    )
                    row |= {ours: value for ours, value in said.items() if value is not None} | {"last_seen": seen}
    for row in rows.values():
        if "registration" in row:
            row["registration"] = f"{row['registration']}/{row.pop('registered_to', '') or ''}"
    schema = arrow_schema(IDENTITY)
    flat = [{"source": source, "source_id": key, **row} for (source, key), row in rows.items()]
    table = pa.table({f.name: pa.array([r.get(f.name) for r in flat], f.type) for f in schema})
    truth = {
        (r["source"], r["source_id"]): r["true_person"]
        for r in pq.read_table(city / "sealed" / "people.parquet").to_pylist()
    }
    return with_current_numbers(conform(IDENTITY, table), follow_list(_superseded(city)))[0], truth


def _superseded(city: Path) -> pa.Table:
    """Read the newest list of superseded numbers, as the product would be given it."""
    lists = sorted((city / "extracts" / "superseded_nhs_numbers").glob("*/superseded.csv"))
    rows = list(_lines(lists[-1])) if lists else []
    columns = {"old": "old_nhs_number", "current": "nhs_number"}
    return pa.table({ours: pa.array([row[theirs] for row in rows], pa.string()) for ours, theirs in columns.items()})


def _lines(path: Path) -> Iterator[dict[str, str]]:
    if path.exists():
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from csv.DictReader(file)


def _value(field: str, text: str | None) -> Any:
    if not text:
        return None
    if field == "nhs_number":
        return parse_nhs_number(text)
    if field in ("birth_date", "death_date", "left_on"):
        try:
            return date.fromisoformat(text)
        except ValueError:
            return None
    if field == "sex":
        return _SEX.get(text)
    return text == "Y" if field == "restricted" else text
