"""Does a real de-identified data set become a record, with every line accounted for?

The MIMIC-IV demo lies beside the repository where it is present at all; elsewhere these tests are skipped.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from washhouse.lake.engine import LocalEngine, Resources, connect
from washhouse.lake.store import Lake
from washhouse.record.build import build
from washhouse.record.tables import EVENT
from washhouse.sources.mappings import meds
from washhouse.sources.mappings.macros import create_macros
from washhouse.sources.mappings.run import read_identities
from washhouse.sources.meds import SPEC, read_meds

DEMO = Path(__file__).parents[3].parent / "shared" / "data" / "meds" / "mimic_iv_demo"
pytestmark = pytest.mark.skipif(not DEMO.is_dir(), reason="the MIMIC-IV demo is not beside the repository")
LINES, PEOPLE = 916_166, 100


@pytest.fixture(scope="module")
def batch():
    return read_meds(DEMO)


def test_every_line_is_accounted_for(batch):
    (read,) = batch.files.values()
    assert read.lines == LINES == read.accepted + read.quarantined + read.duplicates
    assert read.quarantined == 0
    assert batch.as_of.year == 2202


def test_all_people_and_events_reach_the_record(batch, tmp_path):
    rows = batch.tables["event"].rows
    constants = {
        "_batch": pa.scalar(batch.batch),
        "_submitted_at": pa.scalar(batch.submitted_at, pa.timestamp("us")),
        "_as_of": pa.scalar(batch.as_of),
        "_period_start": pa.scalar(None, pa.date32()),
        "_period_end": pa.scalar(None, pa.date32()),
        "_provider": pa.scalar(None, pa.string()),
        "_kind": pa.scalar(batch.kind),
    }
    for name, value in constants.items():
        rows = rows.append_column(name, pa.repeat(value, rows.num_rows))

    def typed(source, table):
        return rows if source == "meds" else None

    con = connect(memory_limit="2GB", spill=tmp_path)
    create_macros(con, "00")
    identities = read_identities(con, [(SPEC, meds.MAPPING)], typed)
    people = pa.array([f"{number:032x}" for number in range(identities.num_rows)])
    membership = identities.select(["source", "source_id"]).append_column("person_id", people)
    membership = membership.append_column("valid_to", pa.nulls(identities.num_rows, pa.timestamp("us")))
    systems = {"meds": (SPEC, meds.MAPPING)}
    built = build(con, typed, membership, identities, buckets=2, secret="00", systems=systems)
    lake = Lake(tmp_path.with_name("lake"))
    events = lake.read(EVENT, built.events.write(lake, LocalEngine(Resources())))
    assert built.tables["person"].num_rows == PEOPLE
    assert built.tables["person"]["birth_month"].null_count == 0
    assert set(built.tables["person"]["sex"].to_pylist()) == {"female", "male"}
    assert events.num_rows == rows.num_rows
    assert pc.sum(pc.is_null(events["time"])).as_py() == PEOPLE
    assert pc.all(pc.match_substring(events["code"], "//")).as_py()
    assert not list(tmp_path.iterdir())
