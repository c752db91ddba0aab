"""Run by the outside environment's Python: whom do cohort definitions find in a CDM?

Arguments: the DuckDB file (a copy: results are written into it), and a JSON object of definitions by name.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb
from duckcdm.circe import build_cohort_query
from duckcdm.sqlrender import render, split_sql, translate

con = duckdb.connect(sys.argv[1])
con.execute("CREATE SCHEMA results")
con.execute(
    "CREATE TABLE results.cohort (cohort_definition_id INT, subject_id BIGINT, cohort_start_date DATE, "
    "cohort_end_date DATE)"
)
found = {}
for number, (name, definition) in enumerate(json.loads(Path(sys.argv[2]).read_text()).items(), start=1):
    query = build_cohort_query(
        json.dumps(definition),
        cdm_schema="main",
        vocabulary_schema="main",
        result_schema="results",
        target_table="results.cohort",
        cohort_id=number,
    )
    for statement in split_sql(translate(render(query), "duckdb")):
        if statement.strip():
            con.execute(statement)
    rows = con.execute(
        "SELECT subject_id, CAST(cohort_start_date AS VARCHAR) FROM results.cohort "
        "WHERE cohort_definition_id = ? ORDER BY ALL",
        [number],
    ).fetchall()
    found[name] = rows
print(json.dumps(found))
