"""Which crises do a city's extracts show, and how well does the sealed truth foretell them?

For tests and benchmarks: what the label of PREDICTION.md finds in the files must be what was planted, and the true
probabilities must be calibrated against it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from washhouse.synthetic.calendar import EPOCH
from washhouse.synthetic.columns import Array

HORIZON_DAYS = 28
CRISIS_TEAM = "A02"
_NO_CRISIS_SOURCES = ("49", "51", "52", "53", "87")
_NO_CRISIS_METHODS = ("11", "12", "13", "81")
_ACUTE_BEDS = ("200", "201", "202")
_SAME_EPISODE_DAYS = 5


def read_all(extracts: Path, source: str, name: str, columns: list[str]) -> dict[str, list[str | None]]:
    """Return columns of one file over all batches, in order of declared date, as text."""
    parts = []
    options = pyarrow.csv.ConvertOptions(
        include_columns=columns, column_types={c: pa.string() for c in columns}, strings_can_be_null=True
    )
    for batch in sorted((extracts / source).iterdir()):
        if (batch / name).exists():
            parts.append(pyarrow.csv.read_csv(batch / name, convert_options=options))
    table = pa.concat_tables(parts)
    return {column: table.column(column).to_pylist() for column in columns}


def _day(text: str | None) -> int:
    return int((np.datetime64(text, "D") - np.datetime64(EPOCH, "D")).astype(int))


def _crisis_team_starts(extracts: Path) -> Iterator[tuple[str, int, int]]:
    """Return local id, day received and day of the first attended contact of accepted crisis-team referrals."""
    teams = read_all(
        extracts, "mental_health", "MHS902ServiceTeamDetails.csv", ["CareProfTeamLocalID", "ServTeamTypeMH"]
    )
    crisis = {t for t, kind in zip(*teams.values(), strict=True) if kind == CRISIS_TEAM}
    more = read_all(
        extracts, "mental_health", "MHS102OtherServiceType.csv", ["ServiceRequestID", "OtherCareProfTeamLocalID"]
    )
    joined = {referral for referral, team in zip(*more.values(), strict=True) if team in crisis}
    names = [
        "ServiceRequestID",
        "LocalPatientID",
        "CareProfTeamLocalID",
        "ReferralRequestReceivedDate",
        "ReferRejectionDate",
    ]
    rows = read_all(extracts, "mental_health", "MHS101Referral.csv", names)
    referrals = {
        referral: (person, team in crisis, _day(received), rejected)
        for referral, person, team, received, rejected in zip(*rows.values(), strict=True)
        if team in crisis or referral in joined
    }
    names = ["ServiceRequestID", "CareContDate", "AttendStatus", "OtherCareProfTeamLocalID"]
    rows = read_all(extracts, "mental_health", "MHS201CareContact.csv", names)
    first: dict[str | None, int] = {}
    for referral, when, status, team in zip(*rows.values(), strict=True):
        if referral in referrals and status in ("5", "6") and (referrals[referral][1] or team in crisis):
            first[referral] = min(first.get(referral, 1 << 30), _day(when))
    for referral, (person, _, received, rejected) in referrals.items():
        if rejected is None and referral in first:
            yield str(person), received, first[referral]


def _admissions(extracts: Path) -> Iterator[tuple[str, int]]:
    """Return referral and day of admissions to acute beds that are no transfer and not planned."""
    rows = read_all(
        extracts,
        "mental_health",
        "MHS502WardStay.csv",
        ["HospProvSpellID", "StartDateWardStay", "MHAdmittedPatientClass"],
    )
    beds: dict[str | None, tuple[int, str | None]] = {}
    for spell, when, bed in zip(*rows.values(), strict=True):
        beds[spell] = min(beds.get(spell, (1 << 30, None)), (_day(when), bed))
    names = [
        "HospProvSpellID",
        "ServiceRequestID",
        "StartDateHospProvSpell",
        "SourceAdmMHHospProvSpell",
        "MethAdmMHHospProvSpell",
    ]
    rows = read_all(extracts, "mental_health", "MHS501HospProvSpell.csv", names)
    for spell, referral, when, source, method in set(zip(*rows.values(), strict=True)):
        if source not in _NO_CRISIS_SOURCES and method not in _NO_CRISIS_METHODS and beds[spell][1] in _ACUTE_BEDS:
            yield str(referral), _day(when)


def read_crises(city: Path) -> dict[str, list[int]]:
    """Return the days of the crises that the extracts show, by true person, in order.

    Crisis-team referrals of a person at most 5 days apart count once.
    """
    extracts = city / "extracts"
    people = pq.read_table(city / "sealed" / "people.parquet").filter(pc.field("source") == "mental_health")
    truth = dict(zip(people.column("source_id").to_pylist(), people.column("true_person").to_pylist(), strict=True))
    found: dict[str, list[int]] = {}
    received: dict[str, int] = {}
    for local, day, first in sorted(_crisis_team_starts(extracts), key=lambda row: (row[0], row[1])):
        if day - received.get(local, -(1 << 30)) > _SAME_EPISODE_DAYS:
            found.setdefault(truth[local], []).append(first)
        received[local] = day
    rows = read_all(extracts, "mental_health", "MHS101Referral.csv", ["ServiceRequestID", "LocalPatientID"])
    owner = dict(zip(*rows.values(), strict=True))
    for referral, day in _admissions(extracts):
        found.setdefault(truth[owner[referral]], []).append(day)
    return {person: sorted(days) for person, days in found.items()}


def read_oracle(city: Path, every_weeks: int = 4) -> tuple[Array, Array]:
    """Return true probabilities and outcomes of everybody at risk on every n-th Monday whose 28 days are over."""
    hazard = pq.read_table(city / "sealed" / "hazard.parquet")
    week = hazard.column("week").cast(pa.int32()).to_numpy()
    person = np.array(hazard.column("true_person").to_pylist())
    value = hazard.column("hazard").to_numpy()
    use = (week <= week.max() - HORIZON_DAYS) & ((week - week.min()) // 7 % every_weeks == 0)
    crises = {name: np.array(days) for name, days in read_crises(city).items()}
    outcome = np.zeros(int(use.sum()), bool)
    for row, (name, monday) in enumerate(zip(person[use].tolist(), week[use].tolist(), strict=True)):
        days = crises.get(name)
        if days is not None:
            at = np.searchsorted(days, monday)
            outcome[row] = at < len(days) and days[at] < monday + HORIZON_DAYS
    return value[use], outcome


def auroc(score: Array, outcome: Array) -> float:
    """Return the area under the receiver operating characteristic curve (ties count half).

    Example:
        >>> auroc(np.array([0.1, 0.4, 0.8]), np.array([False, False, True]))
        1.0
    """
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    hits = int(outcome.sum())
    return float((rank[outcome].sum() - hits * (hits + 1) / 2) / (hits * (len(outcome) - hits)))
