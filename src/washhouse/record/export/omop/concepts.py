"""Which concept does an event code have?

A code of a terminology is looked up in the vocabularies that the user has (Athena's files, as they come): its source
concept, and what that maps to. Whatever is not found keeps a local concept, numbered from two billion on as OMOP leaves
to sites, and the standard concept 0. Nothing is guessed.

References:
    OMOP CDM 5.4: concepts from 2,000,000,001 on are a site's own; `Maps to` leads from a source to a standard concept;
    the domain of the standard concept says in which table a row belongs.
    8507, 8532, 32817: OHDSI's public mappings; 32838 (EHR prescription): ETL-Synthea, `drug_exposure`; 9201-9203:
    Eunomia GiBleed's `concept`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pyarrow as pa

from washhouse.core.errors import InputError
from washhouse.lake.engine import Connection
from washhouse.record.export.families import EMERGENCY, INPATIENT, OUTPATIENT, describe, family_of
from washhouse.record.export.omop.fields import schemas, shape

LOCAL_FIRST, LOCAL_LAST = 2_000_000_001, 2_147_483_647
"""Numbers of local concepts: two billion and up, within 32 bits."""
LOCAL = "washhouse"
"""`vocabulary_id` of local concepts."""
FEMALE, MALE, EHR, PRESCRIPTION = 8532, 8507, 32817, 32838

MOST_CODE = 50
"""Characters that OMOP keeps of a code and of what the source called it."""
SHORT_CODE = f"""CASE WHEN length(code) <= {MOST_CODE} THEN code
               ELSE left(code, {MOST_CODE - 9}) || '~' || left(sha256(code), 8) END"""
"""SQL of `short_code` over a column `code`."""

KNOWN: dict[int, tuple[str, str, str]] = {
    0: ("No matching concept", "Metadata", "None"),
    FEMALE: ("FEMALE", "Gender", "Gender"),
    MALE: ("MALE", "Gender", "Gender"),
    INPATIENT: ("Inpatient Visit", "Visit", "Visit"),
    OUTPATIENT: ("Outpatient Visit", "Visit", "Visit"),
    EMERGENCY: ("Emergency Room Visit", "Visit", "Visit"),
    EHR: ("EHR", "Type Concept", "Type Concept"),
    PRESCRIPTION: ("EHR prescription", "Type Concept", "Type Concept"),
}
"""Concepts that are used with or without vocabularies: name, domain, vocabulary."""

VOCABULARY_TABLES = (
    "concept",
    "concept_relationship",
    "concept_ancestor",
    "vocabulary",
    "domain",
    "concept_class",
    "relationship",
)

CODE_MAP = pa.schema(
    [
        pa.field("code", pa.string()),
        pa.field("source_concept_id", pa.int32()),
        pa.field("concept_id", pa.int32()),
        pa.field("domain_id", pa.string()),
    ]
)
"""One row per code and standard concept that it maps to; one with the concept 0 where it maps to none."""


def short_code(code: str) -> str:
    """A code as OMOP can keep it; a longer one ends in a digest, so that two of them stay two.

    >>> short_code("SNOMED//35489007"), short_code("CLD_SERVICE//" + "a" * 60)
    ('SNOMED//35489007', 'CLD_SERVICE//aaaaaaaaaaaaaaaaaaaaaaaaaaaa~27304514')
    """
    if len(code) <= MOST_CODE:
        return code
    return f"{code[: MOST_CODE - 9]}~{hashlib.sha256(code.encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class Concepts:
    """What codes and units are called in OMOP.

    Attributes:
        codes: Rows of `CODE_MAP`.
        units: `unit, unit_concept_id`: UCUM units that the vocabularies know.
        ingredients: `drug_concept_id, ingredient_concept_id`: of the standard drugs among the codes.
        tables: The vocabulary's tables, so much of them as the export uses.
        version: Version of the vocabularies; empty without.
    """

    codes: pa.Table
    units: pa.Table
    ingredients: pa.Table
    tables: dict[str, pa.Table] = field(repr=False)
    version: str = ""


def terminology_code(code: str) -> tuple[str, str] | None:
    """A code as its terminology writes it: `vocabulary_id`, `concept_code`; None for a code of the house's own.

    >>> terminology_code("ICD10//I639"), terminology_code("OPCS4//W401"), terminology_code("MHS_SPELL//200")
    (('ICD10', 'I63.9'), ('OPCS4', 'W40.1'), None)
    """
    family = family_of(code)
    if family.terminology is None:
        return None
    plain = code.partition("//")[2]
    if family.terminology in ("ICD10", "OPCS4") and len(plain) > 3 and "." not in plain:
        plain = f"{plain[:3]}.{plain[3:]}"
    return family.terminology, plain


def local_concepts(codes: Collection[str]) -> dict[str, int]:
    """A number for each code, from its own letters, so that it seldom changes when other codes come or go.

    >>> local_concepts(["A//1"]) == {"A//1": local_concepts(["A//1", "B//1"])["A//1"]}
    True
    """
    taken: dict[int, str] = {}
    room = LOCAL_LAST - LOCAL_FIRST
    for code in sorted(codes):
        number = LOCAL_FIRST + int.from_bytes(hashlib.sha256(code.encode()).digest()[:8], "big") % room
        while number in taken:
            number = LOCAL_FIRST + (number + 1 - LOCAL_FIRST) % room
        taken[number] = code
    return {code: number for number, code in taken.items()}


def find_concepts(con: Connection, codes: Collection[str], units: Collection[str], vocabulary: Path | None) -> Concepts:
    """Look codes up.

    Args:
        con: The engine.
        codes: Event codes.
        units: Units of values.
        vocabulary: Folder of Athena's files (`CONCEPT.csv`, ...) or of the same as Parquet; None: none.

    Raises:
        InputError: `vocabulary-missing`: a file that is needed is not there. `vocabulary-unreadable`.
    """
    wanted = sorted(codes)
    local = local_concepts(wanted)
    pairs = [terminology_code(code) or (None, None) for code in wanted]
    con.register(
        "asked",
        pa.table(
            {
                "code": pa.array(wanted, pa.string()),
                "vocabulary_id": pa.array([one for one, _ in pairs], pa.string()),
                "concept_code": pa.array([two for _, two in pairs], pa.string()),
                "local_id": pa.array([local[code] for code in wanted], pa.int32()),
            }
        ),
    )
    con.register("asked_unit", pa.table({"unit": pa.array(sorted(units), pa.string())}))
    known = pa.array(sorted(KNOWN), pa.int32())
    con.register("known", pa.table({"concept_id": known}))
    try:
        _open_vocabulary(con, vocabulary)
        return _find(con, local)
    except InputError:
        raise
    except Exception as error:
        if vocabulary is None:
            raise
        # What the engine says may quote a row.
        raise InputError(
            "vocabulary-unreadable",
            f"The vocabularies cannot be read: {type(error).__name__}.",
            "Give the folder as Athena's archive unpacks it.",
        ) from None


def _find(con: Connection, local: Mapping[str, int]) -> Concepts:
    con.execute(
        """CREATE OR REPLACE TEMP TABLE source AS
           SELECT a.code, arg_min(c.concept_id, row(c.invalid_reason IS NOT NULL, c.concept_id)) AS concept_id
           FROM asked AS a JOIN voc_concept AS c
             ON c.vocabulary_id = a.vocabulary_id AND c.concept_code = a.concept_code GROUP BY a.code"""
    )
    con.execute(
        """CREATE OR REPLACE TEMP TABLE standard AS
           SELECT DISTINCT s.code, c.concept_id, c.domain_id, c.vocabulary_id
           FROM source AS s
           JOIN (SELECT r.concept_id_1, r.concept_id_2 FROM voc_concept_relationship AS r
                 WHERE r.relationship_id = 'Maps to' AND r.invalid_reason IS NULL
                   AND r.concept_id_1 IN (SELECT concept_id FROM source)
                 UNION SELECT concept_id, concept_id FROM source) AS m ON m.concept_id_1 = s.concept_id
           JOIN voc_concept AS c ON c.concept_id = m.concept_id_2 AND c.standard_concept = 'S'"""
    )
    codes = con.sql(
        """SELECT a.code, coalesce(s.concept_id, a.local_id) AS source_concept_id, coalesce(t.concept_id, 0)
                  AS concept_id, t.domain_id
           FROM asked AS a LEFT JOIN source AS s USING (code) LEFT JOIN standard AS t USING (code)
           ORDER BY a.code, t.concept_id"""
    ).to_arrow_table()
    con.execute(
        """CREATE OR REPLACE TEMP TABLE unit AS
           SELECT u.unit, min(c.concept_id) AS unit_concept_id FROM asked_unit AS u
           JOIN voc_concept AS c ON c.vocabulary_id = 'UCUM' AND c.concept_code = u.unit AND c.standard_concept = 'S'
           GROUP BY u.unit"""
    )
    con.execute(
        """CREATE OR REPLACE TEMP TABLE used AS
           WITH named AS (SELECT concept_id FROM source UNION SELECT concept_id FROM standard
                          UNION SELECT unit_concept_id FROM unit UNION SELECT concept_id FROM known)
           SELECT concept_id FROM named
           UNION SELECT ancestor_concept_id FROM voc_concept_ancestor
                 WHERE descendant_concept_id IN (SELECT concept_id FROM named)"""
    )
    ingredients = con.sql(
        """SELECT DISTINCT a.descendant_concept_id AS drug_concept_id, a.ancestor_concept_id AS ingredient_concept_id
           FROM voc_concept_ancestor AS a JOIN voc_concept AS c ON c.concept_id = a.ancestor_concept_id
           WHERE a.descendant_concept_id IN (SELECT concept_id FROM standard)
             AND c.concept_class_id = 'Ingredient' AND c.vocabulary_id IN ('RxNorm', 'RxNorm Extension')
             AND c.standard_concept = 'S' ORDER BY ALL"""
    ).to_arrow_table()
    versions = con.sql("SELECT vocabulary_version FROM voc_vocabulary WHERE vocabulary_id = 'None'").fetchall()
    return Concepts(
        codes=codes.cast(CODE_MAP),
        units=con.sql("SELECT * FROM unit ORDER BY unit").to_arrow_table(),
        ingredients=ingredients,
        tables=_subset(con, local),
        version=str(versions[0][0] or "") if versions else "",
    )


def _subset(con: Connection, local: Mapping[str, int]) -> dict[str, pa.Table]:
    """Rows of the vocabulary's tables that the export uses, and rows for what is the house's own."""
    concept = shape(
        "concept",
        con.sql(
            "SELECT * FROM voc_concept WHERE concept_id IN (SELECT concept_id FROM used) ORDER BY concept_id"
        ).to_arrow_table(),
    )
    there = set(concept["concept_id"].to_pylist())
    own = [
        _concept(number, name, domain, vocabulary, str(number), "S" if number else None)
        for number, (name, domain, vocabulary) in sorted(KNOWN.items())
        if number not in there
    ]
    own += [
        _concept(number, describe(code)[:255], _DOMAINS[family_of(code).table], LOCAL, short_code(code), None)
        for code, number in sorted(local.items(), key=lambda each: each[1])
    ]
    concept = pa.concat_tables([concept, pa.Table.from_pylist(own, schema=schemas()["concept"])])
    found = {"concept": concept.sort_by("concept_id")}
    among = "(SELECT concept_id FROM used)"
    for table, where in (
        ("concept_relationship", f"concept_id_1 IN {among} AND concept_id_2 IN {among}"),
        ("concept_ancestor", f"ancestor_concept_id IN {among} AND descendant_concept_id IN {among}"),
    ):
        rows = con.sql(f"SELECT * FROM voc_{table} WHERE {where} ORDER BY ALL").to_arrow_table()
        found[table] = shape(table, rows)
    for table in ("vocabulary", "domain", "concept_class", "relationship"):
        key = f"{table}_id"
        rows = shape(table, con.sql(f"SELECT * FROM voc_{table}").to_arrow_table())
        used = set(found["concept_relationship" if table == "relationship" else "concept"][key].to_pylist())
        kept = [row for row in rows.to_pylist() if row[key] in used]
        lacking = sorted(used - {row[key] for row in kept})
        kept += [{key: name, f"{table}_name": name, f"{table}_concept_id": 0} for name in lacking]
        kept.sort(key=lambda row: str(row[key]))
        found[table] = pa.Table.from_pylist(kept, schema=schemas()[table])
    return found


_DOMAINS = {
    "condition_occurrence": "Condition",
    "drug_exposure": "Drug",
    "measurement": "Measurement",
    "observation": "Observation",
    "procedure_occurrence": "Procedure",
    "visit_occurrence": "Visit",
}


def _concept(
    number: int, name: str, domain: str, vocabulary: str, code: str, standard: str | None
) -> dict[str, object]:
    return {
        "concept_id": number,
        "concept_name": name,
        "domain_id": domain,
        "vocabulary_id": vocabulary,
        "concept_class_id": vocabulary if number < LOCAL_FIRST and number else "Undefined",
        "standard_concept": standard,
        "concept_code": code,
        "valid_start_date": date(1970, 1, 1),
        "valid_end_date": date(2099, 12, 31),
        "invalid_reason": None,
    }


def _open_vocabulary(con: Connection, folder: Path | None) -> None:
    """Make the views `voc_<table>` over a folder's files; empty ones where there is no folder, or no such file."""
    there: dict[str, Path] = {}
    if folder is not None:
        if not folder.is_dir():
            raise InputError("vocabulary-missing", "There is no folder at --vocabulary.", "Check --vocabulary.")
        there = {path.name.lower(): path for path in sorted(folder.iterdir())}
    for table in VOCABULARY_TABLES:
        path = there.get(f"{table}.csv") or there.get(f"{table}.parquet")
        con.execute(f"CREATE OR REPLACE TEMP VIEW voc_{table} AS {_view(table, path)}")
        if folder is not None and path is None and table in ("concept", "concept_relationship"):
            raise InputError(
                "vocabulary-missing",
                f"The folder --vocabulary holds no {table.upper()}.csv.",
                "Give the folder as Athena's archive unpacks it.",
            )


def _view(table: str, path: Path | None) -> str:
    schema = schemas()[table]
    kinds = {pa.int32(): "INTEGER", pa.string(): "VARCHAR", pa.date32(): "DATE"}
    if path is None:
        nulls = ", ".join(f'CAST(NULL AS {kinds[column.type]}) AS "{column.name}"' for column in schema)
        return f"SELECT {nulls} WHERE false"
    quoted = str(path).replace("'", "''")
    # Athena's files are tab-separated, unquoted, with days as 20240131.
    read = (
        f"read_parquet('{quoted}')"
        if path.suffix.lower() == ".parquet"
        else f"read_csv('{quoted}', delim = '\t', quote = '', escape = '', header = true, all_varchar = true)"
    )
    listed = []
    for column in schema:
        text = f'CAST("{column.name}" AS VARCHAR)'
        if pa.types.is_date(column.type):
            listed.append(f"coalesce(TRY_CAST({text} AS DATE), CAST(try_strptime({text}, '%Y%m%d') AS DATE))")
        else:
            listed.append(f"CAST(nullif({text}, '') AS {kinds[column.type]})")
        listed[-1] += f' AS "{column.name}"'
    return f"SELECT {', '.join(listed)} FROM {read}"
