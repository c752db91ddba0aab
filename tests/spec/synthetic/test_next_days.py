"""What do the senders hand in after a city's last day?"""

import csv
import hashlib
import shutil
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from washhouse.core.errors import UsageError
from washhouse.sources.reader import read_batch
from washhouse.sources.registry import SPECS
from washhouse.synthetic.calendar import DEFAULT_END
from washhouse.synthetic.city import make_city
from washhouse.synthetic.next_days import add_days

ARGUMENTS = (4_000, 1, 6)
FIRST, SECOND = "2026-06-30-delta", "2026-07-01-delta"
SENDERS = ("gp", "hospital", "mental_health", "social_care")


def digest(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


@pytest.fixture(scope="module")
def city(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("days") / "city"
    make_city(*ARGUMENTS, out)
    return out


@pytest.fixture(scope="module")
def grown(city) -> Path:
    out = city.parent / "grown"
    shutil.copytree(city, out)
    add_days(*ARGUMENTS, out, DEFAULT_END, 3)
    return out


def lines(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def truth(folder: Path) -> list[tuple[str, str, str]]:
    return [tuple(row.values()) for row in pq.read_table(folder / "sealed" / "people.parquet").to_pylist()]


def test_every_sender_hands_in_each_day_and_nothing_older_moves(city, grown):
    before, after = digest(city / "extracts"), digest(grown / "extracts")
    assert all(after[name] == hashed for name, hashed in before.items())
    days = {tuple(name.split("/")[:2]) for name in after if name not in before}
    assert days == {(sender, day) for sender in SENDERS for day in (FIRST, SECOND, "2026-07-02-delta")}


def test_days_are_the_same_whether_they_are_made_at_once_or_one_by_one(city, grown, tmp_path):
    out = tmp_path / "city"
    shutil.copytree(city, out)
    for days in (1, 3):
        add_days(*ARGUMENTS, out, DEFAULT_END, days)
    assert digest(out / "extracts") == digest(grown / "extracts")
    assert sorted(truth(out)) == sorted(truth(grown))
    assert add_days(*ARGUMENTS, out, DEFAULT_END, 3) == {"days": 0}


def test_the_adapters_read_each_day_and_set_nothing_aside(grown):
    for sender in SENDERS:
        for day in (FIRST, SECOND):
            folder = grown / "extracts" / sender / day
            batch = read_batch(SPECS[sender], {file.name: file.read_bytes() for file in folder.iterdir()}, day)
            for name, file in batch.files.items():
                assert not file.rejected, (sender, day, name)
                assert file.quarantined == 0, (sender, day, name)


def test_a_day_brings_what_happened_on_it(grown):
    for sender, name, column in (
        ("gp", "journal.csv", "recorded_date"),
        ("gp", "prescriptions.csv", "issue_date"),
        ("hospital", "ecds.csv", "Arrival_Date"),
        ("mental_health", "MHS201CareContact.csv", "CareContDate"),
    ):
        rows = lines(grown / "extracts" / sender / SECOND / name)
        assert {row[column] for row in rows} == {"2026-06-30"}, name


def test_the_first_day_also_brings_what_the_hospital_had_not_handed_in(grown):
    days = {row["Arrival_Date"] for row in lines(grown / "extracts" / "hospital" / FIRST / "ecds.csv")}
    assert (min(days), max(days)) == ("2026-06-01", "2026-06-29")


def test_numbers_of_things_go_on_where_the_city_stopped(city, grown):
    def numbers(folder: Path, days: list[str]) -> set[str]:
        return {row["EC_Ident"] for day in days for row in lines(folder / "extracts" / "hospital" / day / "ecds.csv")}

    old = {batch.name for batch in (city / "extracts" / "hospital").iterdir()}
    assert not numbers(grown, sorted(old)) & numbers(grown, [FIRST, SECOND])


def test_the_truth_names_the_records_of_people_met_since(grown):
    keys = [(source, local) for source, local, _ in truth(grown)]
    assert len(set(keys)) == len(keys)
    for name, column in (("apc.csv", "LOCAL_PATIENT_ID"), ("ecds.csv", "Der_Pseudo_NHS_Number")):
        for day in (FIRST, SECOND):
            rows = lines(grown / "extracts" / "hospital" / day / name)
            assert {("hospital", row[column]) for row in rows} <= set(keys)


def test_a_newcomer_has_one_record_of_the_right_person(city, grown):
    def hospital(folder: Path) -> dict[str, str]:
        return {local: person for _, local, person in truth(folder) if local.startswith("H")}

    before, after = hospital(city), hospital(grown)
    new = {person for local, person in after.items() if local not in before}
    assert new
    assert not new & set(before.values())


@pytest.mark.parametrize("days", [-1, 8])
def test_days_beyond_the_last_week_are_refused(city, days):
    with pytest.raises(UsageError) as error:
        add_days(*ARGUMENTS, city, DEFAULT_END, days)
    assert error.value.code == "city-days"


@pytest.mark.parametrize(("arguments", "end"), [((4_000, 1, 7), DEFAULT_END), (ARGUMENTS, date(2026, 6, 21))])
def test_another_citys_days_are_refused(city, arguments, end):
    with pytest.raises(UsageError) as error:
        add_days(*arguments, city, end, 1)
    assert error.value.code == "city-other"
