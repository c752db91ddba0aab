"""What did senders get wrong at first, and is it put right where the truth says so?"""

import csv
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from washhouse.synthetic.city import make_city


@pytest.fixture(scope="module")
def city(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("corrections") / "city"
    make_city(12_000, 1, 6, out)
    return out


@pytest.fixture(scope="module")
def corrections(city) -> list[dict[str, str]]:
    return pq.read_table(city / "sealed" / "corrections.parquet").to_pylist()


def contacts(city: Path, batch: str) -> dict[str, dict[str, str]]:
    file = city / "extracts" / "mental_health" / batch / "MHS201CareContact.csv"
    with file.open(encoding="utf-8", newline="") as rows:
        return {row["CareContactID"]: row for row in csv.DictReader(rows)}


def test_a_contact_is_wrong_in_one_file_and_right_in_the_one_that_corrects_it(city, corrections):
    changed = [one for one in corrections if one["kind"] == "changed"]
    nightly = [one for one in changed if one["corrected_by"].endswith("-delta")]
    assert nightly and len(nightly) < len(changed)
    for one in changed:
        before = contacts(city, one["batch"])[one["key"]]
        after = contacts(city, one["corrected_by"])[one["key"]]
        assert (before[one["column"]], after[one["column"]]) == (one["was"], one["now"]) and one["was"] == "3"


def test_a_month_sent_again_holds_the_contacts_of_the_first_but_for_those_withdrawn(city, corrections):
    withdrawn = {one["key"] for one in corrections if one["kind"] == "withdrawn"}
    (first,) = {one["batch"] for one in corrections if one["kind"] == "withdrawn"}
    (again,) = {one["corrected_by"] for one in corrections if one["kind"] == "withdrawn"}
    assert (first, again) == ("2026-01-02", "2026-01-23")
    assert contacts(city, first).keys() - contacts(city, again).keys() == withdrawn
    assert contacts(city, again).keys() <= contacts(city, first).keys()


def test_an_entry_in_the_wrong_journal_is_gone_from_the_next_snapshot(city, corrections):
    def keys(batch: str) -> set[str]:
        with (city / "extracts" / "gp" / batch / "journal.csv").open(encoding="utf-8", newline="") as rows:
            return {f"{row['patient_id']} {row['code']} {row['event_date']}" for row in csv.DictReader(rows)}

    deleted = {one["key"] for one in corrections if one["kind"] == "deleted"}
    assert len(deleted) >= 5
    assert keys("2026-06-01") - keys("2026-06-29") == deleted


def test_no_contact_of_a_crisis_team_is_touched(city, corrections):
    month = city / "extracts" / "mental_health" / "2026-01-02"

    def column(name: str, key: str, value: str) -> dict[str, str]:
        with (month / name).open(encoding="utf-8", newline="") as rows:
            return {row[key]: row[value] for row in csv.DictReader(rows)}

    kinds = column("MHS902ServiceTeamDetails.csv", "CareProfTeamLocalID", "ServTeamTypeMH")
    teams = column("MHS101Referral.csv", "ServiceRequestID", "CareProfTeamLocalID")
    sent = contacts(city, "2026-01-02")
    touched = {one["key"] for one in corrections if one["batch"] == "2026-01-02"}
    assert touched
    assert "A02" not in {kinds[teams[sent[key]["ServiceRequestID"]]] for key in touched}
