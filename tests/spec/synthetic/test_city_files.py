"""What do a city's files look like, and do they hang together?"""

import csv
import json
from collections import Counter
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from washhouse.core.errors import UsageError
from washhouse.sources.reader import read_batch
from washhouse.sources.registry import SPECS
from washhouse.synthetic.calendar import DEFAULT_END, date_of, make_calendar
from washhouse.synthetic.caseload import COMMUNITY
from washhouse.synthetic.city import make_city
from washhouse.synthetic.corrections import resubmissions
from washhouse.synthetic.effects import EFFECTS, MEANINGS
from washhouse.synthetic.reading import read_all

MHSDS = (
    "MHS000Header", "MHS001MPI", "MHS003AccommStatus", "MHS004EmpStatus", "MHS006MHCareCoord", "MHS008CarePlanType",
    "MHS101Referral", "MHS102OtherServiceType", "MHS201CareContact", "MHS202CareActivity", "MHS401MHActPeriod",
    "MHS404CommTreatOrder", "MHS501HospProvSpell", "MHS502WardStay", "MHS604PrimDiag", "MHS605SecDiag",
    "MHS606CodedScoreAssessmentRefer", "MHS607CodedScoreAssessmentAct", "MHS901StaffDetails",
    "MHS902ServiceTeamDetails",
)  # fmt: skip


@pytest.fixture(scope="module")
def city(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("files") / "city"
    make_city(3_000, 2, 6, out)
    return out


@pytest.fixture(scope="module")
def batches(city):
    """Every batch, as its adapter reads it."""
    read = {}
    for source in SPECS:
        folder = city / "extracts" / source
        if folder.exists():
            for batch in sorted(folder.iterdir()):
                files = {file.name: file.read_bytes() for file in batch.iterdir()}
                read[source, batch.name] = read_batch(SPECS[source], files, batch.name)
    return read


def test_batches_carry_their_declared_dates(city):
    calendar = make_calendar(2, DEFAULT_END)
    named = {source.name: {b.name for b in source.iterdir()} for source in (city / "extracts").iterdir()}
    months = {date_of(p.declared).isoformat() for p in calendar.months()}
    nights = {f"{date_of(p.declared).isoformat()}-delta" for p in calendar.nights()}
    again = {date_of(p.declared).isoformat() for p in resubmissions(calendar)}
    assert again == {"2025-01-23", "2026-01-23"}
    assert named["mental_health"] == months | nights | again
    assert named["hospital"] == {date_of(p.end + 1).isoformat() for p in calendar.months()}
    assert named["social_care"] == {date_of(p.declared).isoformat() for p in calendar.quarters()}
    assert named["gp"] == named["superseded_nhs_numbers"] == {"2026-06-01", "2026-06-29"}


def test_a_full_month_has_every_table(city):
    folder = city / "extracts" / "mental_health" / "2026-06-02"
    assert {f.name for f in folder.iterdir()} == {*(f"{name}.csv" for name in MHSDS), "demographics.csv"}
    header = read_all(city / "extracts", "mental_health", "MHS000Header.csv", ["DatSetVer", "DateTimeDatSetCreate"])
    assert set(header["DatSetVer"]) == {"6.0"}
    assert min(header["DateTimeDatSetCreate"]) > "2024-08-02"


PLANTED = {
    ("journal.csv", "event_date", "impossible-date"),
    ("journal.csv", "code_system", "unknown-code"),
    ("prescriptions.csv", "issue_date", "impossible-date"),
    ("prescriptions.csv", "course", "unknown-code"),
    ("journal.csv", None, "duplicate-row"),
    ("prescriptions.csv", None, "duplicate-row"),
}


def test_the_adapters_find_only_what_was_spoilt_on_purpose(batches):
    """Codes are those of the national sets, children have their parents, spans are in order."""
    found = Counter()
    for (source, batch), result in batches.items():
        for name, file in result.files.items():
            assert not file.rejected, (source, batch, name)
            assert file.lines == file.accepted + file.quarantined + file.duplicates
            assert file.lines - file.accepted < 20 and (file.lines == file.accepted or source == "gp")
            for issue in file.issues.to_pylist():
                found[name, issue["column"], issue["rule"]] += 1
    numbers = {one for one in found if one[2] == "invalid-nhs-number"}
    assert numbers and set(found) - numbers <= PLANTED


def test_no_file_shows_what_had_not_happened(batches):
    for result in batches.values():
        last = result.period_end or result.as_of
        for file in result.files.values():
            for column in file.rows.column_names:
                if str(file.rows.schema.field(column).type) == "date32[day]" and not column.startswith(("_", "Expiry")):
                    days = [day for day in file.rows.column(column).to_pylist() if day]
                    assert not days or max(days) <= max(last, result.as_of), column


def test_a_referral_comes_again_each_month_until_it_is_closed(city):
    names = ["ServiceRequestID", "ReferralRequestReceivedDate", "ServDischDate"]
    seen: dict[str, set[tuple]] = {}
    rows = read_all(city / "extracts", "mental_health", "MHS101Referral.csv", names)
    for referral, received, discharged in zip(*rows.values(), strict=True):
        seen.setdefault(referral, set()).add((received, discharged))
    assert max(Counter(rows["ServiceRequestID"]).values()) >= 23
    assert all(len({received for received, _ in states}) == 1 for states in seen.values())
    assert all(len({closed for _, closed in states if closed}) <= 1 for states in seen.values())


def test_a_quarter_comes_twice_with_more_in_it(city):
    times = Counter()
    for file in sorted((city / "extracts" / "social_care").glob("*/cld.csv")):
        with file.open(encoding="utf-8", newline="") as rows:
            times.update({row["Reporting_Period_End_Date"] for row in csv.DictReader(rows)})
    assert sorted(times.values())[1:] == [2] * (len(times) - 1)


def test_the_truth_names_every_source_record_once(city):
    people = pq.read_table(city / "sealed" / "people.parquet").to_pylist()
    keys = {(row["source"], row["source_id"]) for row in people}
    assert len(keys) == len(people)
    ids = {
        ("gp", "patients.csv", "patient_id"), ("hospital", "apc.csv", "LOCAL_PATIENT_ID"),
        ("hospital", "ecds.csv", "Der_Pseudo_NHS_Number"), ("mental_health", "MHS001MPI.csv", "LocalPatientID"),
        ("social_care", "cld.csv", "LA_Person_Unique_Identifier"),
    }  # fmt: skip
    for source, name, column in ids:
        assert {(source, value) for value in read_all(city / "extracts", source, name, [column])[column]} <= keys


def test_the_practice_file_carries_the_pseudonym_of_the_attendances(city):
    practice = set(
        read_all(city / "extracts", "gp", "patients.csv", ["Der_Pseudo_NHS_Number"])["Der_Pseudo_NHS_Number"]
    )
    attended = set(
        read_all(city / "extracts", "hospital", "ecds.csv", ["Der_Pseudo_NHS_Number"])["Der_Pseudo_NHS_Number"]
    )
    assert len(attended & practice) > 0.95 * len(attended)


def test_not_stated_not_known_and_blank_are_three_things(city):
    counts = Counter(read_all(city / "extracts", "gp", "patients.csv", ["ethnic_code"])["ethnic_code"])
    assert min(counts["Z"], counts["99"], counts[None]) > 20


def test_units_stand_with_values_and_only_there(city):
    rows = read_all(city / "extracts", "gp", "journal.csv", ["value", "unit"])
    assert all((value is None) == (unit is None) for value, unit in zip(*rows.values(), strict=True))


def test_honos_comes_in_twelves(city):
    rows = read_all(
        city / "extracts", "mental_health", "MHS606CodedScoreAssessmentRefer.csv",
        ["ServiceRequestID", "AssToolCompTimestamp", "CodedAssToolType", "PersScore"],
    )  # fmt: skip
    assessments = {}
    for referral, at, item, score in zip(*rows.values(), strict=True):
        assessments.setdefault((referral, at), {})[item] = score
    assert {len(items) for items in assessments.values()} == {12}
    assert set(rows["PersScore"]) <= {"0", "1", "2", "3", "4", "9"}


def test_dialog_comes_in_elevens_from_one_to_seven(city):
    rows = read_all(
        city / "extracts", "mental_health", "MHS607CodedScoreAssessmentAct.csv",
        ["CareActID", "CodedAssToolType", "PersScore"],
    )  # fmt: skip
    ratings = {}
    for activity, item, score in zip(*rows.values(), strict=True):
        ratings.setdefault(activity, {})[item] = score
    assert len(ratings) > 30
    assert {len(items) for items in ratings.values()} == {11}
    assert set(rows["PersScore"]) <= set("1234567")


def test_most_people_in_community_care_have_a_plan_and_some_plans_are_old(city):
    """June's return: plans of those with an open referral to a community team, and when they were last looked at."""
    folder = city / "extracts" / "mental_health" / "2026-06-02"

    def rows(name):
        with (folder / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    kinds = {row["CareProfTeamLocalID"]: row["ServTeamTypeMH"] for row in rows("MHS902ServiceTeamDetails.csv")}
    cared_for = {
        row["LocalPatientID"]
        for row in rows("MHS101Referral.csv")
        if kinds[row["CareProfTeamLocalID"]] in COMMUNITY and not row["ServDischDate"]
    }
    plans = [row for row in rows("MHS008CarePlanType.csv") if row["CarePlanTypeMH"] == "10"]
    share = len({row["LocalPatientID"] for row in plans} & cared_for) / len(cared_for)
    assert 0.6 < share < 0.95
    looked_at = [row["CarePlanLastUpdateDate"] or row["CarePlanCreatDate"] for row in plans]
    assert min(looked_at) < "2025-06-01" and max(looked_at) > "2026-05-01"


def test_admissions_that_are_no_crisis_are_among_the_rest(city):
    spells = read_all(
        city / "extracts", "mental_health", "MHS501HospProvSpell.csv",
        ["SourceAdmMHHospProvSpell", "MethAdmMHHospProvSpell"],
    )  # fmt: skip
    assert set(spells["MethAdmMHHospProvSpell"]) & {"2A", "21", "25"}
    homes = read_all(city / "extracts", "mental_health", "MHS003AccommStatus.csv", ["AccommodationType"])
    assert "20" in homes["AccommodationType"]


def test_effects_are_named_and_explained(city):
    effects = json.loads((city / "sealed" / "effects.json").read_text())
    assert set(effects["crisis"]["effects"]) == set(EFFECTS) == set(MEANINGS)
    assert 0.10 <= effects["identity_errors"]["gp"]["nhs_missing"] <= 0.5


@pytest.mark.parametrize(("people", "code"), [(100, "city-people"), (10_000_000, "city-people")])
def test_sizes_outside_their_range_are_refused(tmp_path, people, code):
    with pytest.raises(UsageError) as error:
        make_city(people, 1, 1, tmp_path / "no", date(2026, 6, 28))
    assert error.value.code == code
    assert not (tmp_path / "no").exists()


def test_a_city_is_never_written_over(city):
    with pytest.raises(UsageError) as error:
        make_city(200, 1, 1, city)
    assert error.value.code == "city-exists"


def test_what_was_left_unfinished_is_made_again(tmp_path):
    (tmp_path / "city" / ".making" / "extracts").mkdir(parents=True)
    (tmp_path / "city" / ".making" / "extracts" / "half.csv").write_text("a")
    make_city(200, 1, 1, tmp_path / "city")
    assert {p.name for p in (tmp_path / "city").iterdir()} == {"extracts", "sealed"}
    assert not (tmp_path / "city" / "extracts" / "half.csv").exists()


def test_nothing_but_the_invented_city_knows_of_the_sealed_truth():
    root = Path(__file__).parents[3] / "src" / "washhouse"
    outside = [p for p in root.rglob("*.py") if p.relative_to(root).parts[0] != "synthetic"]
    words = ("hazard.parquet", "people.parquet", "effects.json", "true_person")
    assert [p.name for p in outside if any(word in p.read_text(encoding="utf-8") for word in words)] == []
