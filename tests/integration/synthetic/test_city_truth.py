"""Is a city the same every time, and is what it planted really there?"""

import hashlib
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from washhouse.synthetic.calendar import DEFAULT_END, make_calendar
from washhouse.synthetic.city import make_city
from washhouse.synthetic.reading import auroc, read_all, read_crises, read_oracle


def digest(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path):
    for name, seed in (("one", 11), ("two", 11), ("other", 12)):
        make_city(900, 1, seed, tmp_path / name)
    one, two, other = (digest(tmp_path / name) for name in ("one", "two", "other"))
    assert one == two
    for name in one:
        if name.endswith(("demographics.csv", "journal.csv", "ecds.csv", "MHS101Referral.csv", "people.parquet")):
            assert one[name] != other.get(name)


def test_the_extracts_stand_without_the_truth(tmp_path):
    make_city(900, 1, 11, tmp_path / "city")
    before = digest(tmp_path / "city" / "extracts")
    shutil.rmtree(tmp_path / "city" / "sealed")
    assert digest(tmp_path / "city" / "extracts") == before


@pytest.fixture(scope="module")
def city(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("truth") / "city"
    make_city(16_000, 3, 21, out)
    return out


@pytest.fixture(scope="module")
def oracle(city):
    return read_oracle(city)


def test_true_probabilities_are_calibrated(oracle):
    hazard, outcome = oracle
    error = np.sqrt((hazard * (1 - hazard)).sum()) / len(hazard)
    assert abs(hazard.mean() - outcome.mean()) < 4 * error
    order = np.argsort(hazard)
    for fifth in np.array_split(order, 5):
        error = np.sqrt((hazard[fifth] * (1 - hazard[fifth])).sum()) / len(fifth)
        assert abs(hazard[fifth].mean() - outcome[fifth].mean()) < 4 * error


def test_base_rate_and_discrimination_are_those_planted(oracle):
    """Tolerances: four standard errors, doubled because a person's Mondays resemble each other."""
    hazard, outcome = oracle
    events = outcome.sum()
    assert abs(outcome.mean() - 0.032) < 8 * 0.032 / np.sqrt(events)
    assert abs(auroc(hazard, outcome) - 0.84) < 8 * 0.29 / np.sqrt(12 * events) + 0.01


def test_about_three_in_a_hundred_adults_are_on_the_caseload(city):
    hazard = pq.read_table(city / "sealed" / "hazard.parquet")
    at_risk = len(hazard) / len(set(hazard.column("week").to_pylist()))
    adults = 16_000 * 0.76
    assert 0.024 < at_risk / adults < 0.034


def test_every_planted_crisis_is_found_by_its_label_on_its_day_and_no_other(city):
    """What the label finds besides is a planted crisis going on: after home treatment, or begun earlier."""
    planted = pq.read_table(city / "sealed" / "crises.parquet")
    spans: dict[str, list[tuple[int, int]]] = {}
    days = (planted.column(name).cast("int32").to_pylist() for name in ("day", "until"))
    for person, day, until in zip(planted.column("true_person").to_pylist(), *days, strict=True):
        spans.setdefault(person, []).append((day, until))
    calendar = make_calendar(3, DEFAULT_END)
    found = {(person, day) for person, days in read_crises(city).items() for day in days}
    expected = {(p, day) for p, rows in spans.items() for day, _ in rows if day >= calendar.start}
    assert len(expected) > 200
    assert expected <= found
    for person, day in found - expected:
        assert any(begin <= day <= until for begin, until in spans[person])


def test_what_is_planted_can_be_seen_in_the_files(city):
    """Crises are more frequent after a missed contact than without, by the sealed probability."""
    names = ["ServiceRequestID", "CareContDate", "AttendStatus"]
    rows = read_all(city / "extracts", "mental_health", "MHS201CareContact.csv", names)
    referrals = read_all(
        city / "extracts", "mental_health", "MHS101Referral.csv", ["ServiceRequestID", "LocalPatientID"]
    )
    owner = dict(zip(*referrals.values(), strict=True))
    people = pq.read_table(city / "sealed" / "people.parquet").to_pylist()
    truth = {row["source_id"]: row["true_person"] for row in people if row["source"] == "mental_health"}
    missed = {}
    for referral, when, status in zip(*rows.values(), strict=True):
        if status in ("3", "7"):
            missed.setdefault(truth[owner[referral]], []).append(np.datetime64(when).astype(int))
    hazard = pq.read_table(city / "sealed" / "hazard.parquet")
    week = hazard.column("week").cast("int32").to_numpy()
    recent = np.array([
        any(monday - 28 <= day < monday for day in missed.get(person, ()))
        for person, monday in zip(hazard.column("true_person").to_pylist(), week.tolist(), strict=True)
    ])  # fmt: skip
    value = np.log(hazard.column("hazard").to_numpy())
    later = week > week.min() + 60
    assert value[recent & later].mean() > value[~recent & later].mean() + 0.3


def test_nhs_numbers_are_missing_as_often_as_each_sender_misses_them(city):
    shares = {}
    for source, name, person, number in (
        ("gp", "patients.csv", "patient_id", "nhs_number"),
        ("hospital", "apc.csv", "LOCAL_PATIENT_ID", "NHS_NUMBER"),
        ("mental_health", "MHS001MPI.csv", "LocalPatientID", "NHSNumber"),
        ("social_care", "cld.csv", "LA_Person_Unique_Identifier", "NHS_Number"),
    ):
        rows = read_all(city / "extracts", source, name, [person, number])
        latest = dict(zip(*rows.values(), strict=True))
        shares[source] = sum(value is None for value in latest.values()) / len(latest)
    assert all(0.08 < share < 0.55 for share in shares.values())
    assert shares["gp"] < shares["mental_health"] < shares["hospital"] < shares["social_care"]


def test_exact_matching_is_not_enough(city):
    """Equal NHS numbers, then equal names and birth dates, among clear identities: pairwise F1 at most 0.90."""
    people = pq.read_table(city / "sealed" / "people.parquet").to_pylist()
    truth = {(row["source"], row["source_id"]): row["true_person"] for row in people}
    columns = ["local_patient_id", "nhs_number", "first_name", "surname", "birth_date"]
    records = {}
    for source in ("gp", "hospital", "mental_health"):
        rows = read_all(city / "extracts", source, "demographics.csv", columns)
        for local, *fields in zip(*rows.values(), strict=True):
            records[source, local] = tuple(fields)
    rows = read_all(city / "extracts", "social_care", "cld.csv", ["LA_Person_Unique_Identifier", "NHS_Number"])
    for local, nhs in zip(*rows.values(), strict=True):
        records["social_care", local] = (nhs, None, None, None)
    keys = list(records)
    parent = list(range(len(keys)))

    def find(one: int) -> int:
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    for part in (slice(0, 1), slice(1, 4)):
        seen: dict[tuple, int] = {}
        for row, key in enumerate(keys):
            value = records[key][part]
            if None not in value:
                parent[find(row)] = find(seen.setdefault(value, row))

    def pairs(groups) -> int:
        return sum(n * (n - 1) // 2 for n in Counter(groups).values())

    linked = [find(row) for row in range(len(keys))]
    true = [truth[key] for key in keys]
    right = pairs(zip(linked, true, strict=True))
    precision, recall = right / pairs(linked), right / pairs(true)
    assert 2 * precision * recall / (precision + recall) <= 0.90
    assert precision > 0.95
