"""Whatever the lines of an OMOP file say, and wherever it is cut, reading never fails and no line is lost."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from washhouse.lake.engine import connect
from washhouse.sources.mappings.macros import create_macros
from washhouse.sources.mappings.registry import SYSTEMS
from washhouse.sources.mappings.run import read_identities, run_stage
from washhouse.sources.omop.read import find_tables, read_omop
from washhouse.sources.origin import with_origin

SPEC, MAPPING = SYSTEMS["omop"]
TABLES = [table for table in SPEC.tables if table.name != "person"]
VALUES = st.one_of(
    st.sampled_from(["1", "2", "0", "", "2020-03-01", "9999-12-31", "0001-01-01", "2020-02-30", "1e400", "NaN", "-1"]),
    st.sampled_from(["99999999999999999999", "2020-03-01 10:00:00", "2020-03-01T10:00:00Z", 'a"b', "a\nb", "4171756"]),
    st.text(max_size=6),
)
PEOPLE = "person_id,gender_concept_id,year_of_birth,month_of_birth,day_of_birth\n1,8507,1980,2,31\n2,x,-5,99,\n"


def check(table: str, data: bytes) -> None:
    with TemporaryDirectory() as folder:
        (Path(folder) / "person.csv").write_text(PEOPLE, encoding="utf-8")
        (Path(folder) / f"{table}.csv").write_bytes(data)
        result = read_omop(find_tables(Path(folder)))
    read = result.files[f"{table}.csv"]
    assert read.lines == read.accepted + read.quarantined + read.duplicates
    assert len(result.files) == 2 and result.files["person.csv"].accepted == 2
    con = connect(threads=1)
    create_macros(con, "00")

    def typed(source: str, name: str):  # type: ignore[no-untyped-def]
        return with_origin(result.tables[name], result) if name in result.tables else None

    assert read_identities(con, [(SPEC, MAPPING)], typed).num_rows == 2
    events = sum(
        len(con.execute(f"SELECT * FROM ({sql})").fetchall())
        for stage in MAPPING.events
        if any(states.table in result.tables for states in stage.states)
        for sql in run_stage(con, SPEC, stage, typed)
    )
    assert events <= read.accepted


@settings(max_examples=60)
@given(st.data(), st.sampled_from(TABLES), st.floats(0, 1))
def test_any_values_in_any_place_cut_anywhere(data, table, share) -> None:  # type: ignore[no-untyped-def]
    names = list(table.column_names)
    rows = data.draw(st.lists(st.lists(VALUES, min_size=len(names), max_size=len(names)), max_size=6))
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([names, *rows])
    whole = text.getvalue().encode("utf-8", "replace")
    check(table.name, whole if share > 0.5 else whole[: round(len(whole) * share * 2)])


@settings(max_examples=30)
@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    check("measurement", data)
