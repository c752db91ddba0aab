"""Is what leaves as FHIR valid to others, about nobody by name, and does it come back as the same events?"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

from typer.testing import CliRunner

from washhouse.cli.main import app
from washhouse.core.home import Home
from washhouse.desk.database import open_desk
from washhouse.desk.models import AuditRow
from washhouse.lake.engine import connect
from washhouse.lake.pointer import read_current
from washhouse.lake.store import Lake
from washhouse.record.export.fhir import MANIFEST
from washhouse.record.tables import EVENT

HERE = Path(__file__).parent
MOST_CHECKED = 400
NAMING = {"identifier", "name", "address", "telecom", "text", "contact", "photo"}
COLUMNS = "e.code, e.time, e.end_time, e.recorded_at, e.numeric_value, e.unit, e.text_value"
# A practice leaves as a number, a death as its day alone, an opt-out not at all.
ONE_WAY = "('GP_REGISTRATION', 'DEATH', 'OPT_OUT')"


def test_every_resource_is_one_of_r4b_and_counted(export, outside) -> None:
    out, report = export("fhir")
    said = json.loads(outside("python", str(HERE / "check_resources.py"), str(out), str(MOST_CHECKED)).splitlines()[-1])
    assert said["wrong"] == []
    manifest = json.loads((out / MANIFEST).read_text())
    counted = {one["type"]: one["count"] for one in manifest["output"]}
    assert report["resources"] == counted
    assert said["valid"] == {kind: min(number, MOST_CHECKED) for kind, number in counted.items()}
    assert report["resources"]["Patient"] == report["people"] > 0
    assert sorted(file.name for file in out.iterdir()) == sorted([MANIFEST, *(f"{kind}.ndjson" for kind in counted)])


def test_ids_are_unique_and_references_lead_somewhere(export) -> None:
    out, _ = export("fhir")
    ids: Counter[str] = Counter()
    wanted: set[str] = set()
    for file in out.glob("*.ndjson"):
        for line in file.read_text().splitlines():
            one = json.loads(line)
            ids[f"{one['resourceType']}/{one['id']}"] += 1
            wanted |= {one[name]["reference"] for name in ("subject", "patient", "encounter") if name in one}
    assert ids.most_common(1)[0][1] == 1
    assert wanted - ids.keys() == set()
    assert any(reference.startswith("Encounter/") for reference in wanted)


def test_nobody_is_named_and_no_id_of_the_record_leaves(exported, export) -> None:
    out, _ = export("fhir")
    people = set(exported.record().sql("SELECT person_id FROM person").to_arrow_table()["person_id"].to_pylist())
    for file in out.glob("*.ndjson"):
        text = file.read_text()
        assert not set(re.findall(r"[0-9a-f]{32}", text)) & people
        for line in text.splitlines():
            assert not NAMING & json.loads(line).keys()


def test_the_same_project_gives_the_same_bytes_and_another_other_ids(export) -> None:
    first, again, other = (export("fhir", *given)[0] for given in (["--project", "a"], ["--project=a"], []))
    assert (first / "Patient.ndjson").read_bytes() == (again / "Patient.ndjson").read_bytes()
    ids = [
        {json.loads(line)["id"] for line in (out / "Observation.ndjson").read_text().splitlines()}
        for out in (first, other)
    ]
    assert not ids[0] & ids[1]


def test_leave_is_noted_once_with_the_hash_of_who_they_are(exported, export) -> None:
    export("fhir")
    desk = open_desk(str(exported.home.desk_file))
    with desk.reading() as session:
        rows = [json.loads(row.detail) for row in session.query(AuditRow).filter(AuditRow.action == "export")]
    desk.close()
    noted = [row for row in rows if row["format"] == "fhir" and row["project"] == ""]
    assert len(noted) == 1 and noted[0]["people"] > 0 and len(noted[0]["cohort_sha256"]) == 64


def test_what_is_imported_again_is_the_same_events(exported, export, tmp_path) -> None:
    out, report = export("fhir")
    done = CliRunner().invoke(app, ["import", "fhir", str(out), "--home", str(tmp_path / "home"), "--json"])
    assert done.exit_code == 0, done.output
    count = json.loads(done.stdout)["sources"]["fhir"]
    assert (count["lines"], count["quarantined"], count["warned"]) == (sum(report["resources"].values()), 0, 0)
    home = Home(tmp_path / "home")
    version = read_current(home)
    assert version is not None
    sent = f"""
        SELECT n.subject_id AS who, {COLUMNS} FROM event AS e JOIN number AS n USING (person_id)
        WHERE e.superseded_at IS NULL AND split_part(e.code, '//', 1) NOT IN {ONE_WAY}"""
    there = exported.record().sql(sent).to_arrow_table()
    came = Lake(home.lake).read(EVENT, version.tables[EVENT.name])
    con = connect()
    con.register("there", there)
    con.register("e", came)
    back = f"SELECT {COLUMNS} FROM e WHERE split_part(e.code, '//', 1) NOT IN {ONE_WAY}"
    assert there.num_rows > 1_000
    lost = con.sql(f"SELECT * EXCLUDE (who) FROM there EXCEPT ALL {back}").fetchall()
    grown = con.sql(f"{back} EXCEPT ALL SELECT * EXCLUDE (who) FROM there").fetchall()
    assert (lost[:3], grown[:3]) == ([], [])
    # Whose they are: as many events of each kind stand with as many people.
    per_there = con.sql("SELECT n FROM (SELECT count(*) AS n FROM there GROUP BY who) ORDER BY n").fetchall()
    per_back = con.sql(f"SELECT n FROM (SELECT count(*) AS n FROM e WHERE split_part(e.code, '//', 1) NOT IN {ONE_WAY} "
                       "GROUP BY person_id) ORDER BY n").fetchall()  # fmt: skip
    assert per_back == per_there
