"""Into which groups do records fall, for the fairness of linkage?

A record's group is its person's: what most of the person's records say, a real answer before "not stated". Ethnic
category is as recorded, collapsed into the five groups of the 2021 census of England and Wales.

References:
    ONS, Census 2021, ethnic group: Chinese stands under Asian, Arab under Other. NHS Data Dictionary, ETHNIC CATEGORY
    CODE (16+1 codes A-S, Z not stated, 99 not known). ZZ99 3VZ: default postcode for no fixed abode.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.linkage.encode import Ints
from washhouse.linkage.similarity import compiled

Indices = npt.NDArray[np.integer[Any]]

CENSUS_GROUPS = {
    "White": "ABC",
    "Mixed": "DEFG",
    "Asian": "HJKLR",
    "Black": "MNP",
    "Other": "S",
}
"""National ethnic categories by census group."""
AGE_BANDS = (
    (0, "0 to 17"),
    (18, "18 to 34"),
    (35, "35 to 49"),
    (50, "50 to 64"),
    (65, "65 to 79"),
    (80, "80 and over"),
)
"""First year of age of each band."""
_NOT_RECORDED = "Not recorded"
_NOWHERE = r"(?i)no fixed (abode|address)|^\s*nfa\s*$|homeless"


@dataclass(frozen=True)
class Dimension:
    """One way to divide people.

    Attributes:
        name: Stable name, for settings and JSON.
        title: Name for a reader.
        groups: Names of the groups.
        known: How many of the groups, from the first, are real answers.
        of_person: Group of each record, by its person. Shape (records,).
        of_record: Group by what the record itself says. Shape (records,).
    """

    name: str
    title: str
    groups: tuple[str, ...]
    known: int
    of_person: Ints
    of_record: Ints


_OF_SOURCE, _OF_AGE = "source", "age"
_TITLES: Mapping[str, tuple[str, tuple[str, ...], int]] = {
    "ethnicity": ("Ethnic group", (*CENSUS_GROUPS, "Not stated", "Not known", _NOT_RECORDED), 5),
    "deprivation": (
        "Deprivation fifth",
        ("1, most deprived", "2", "3", "4", "5, least deprived", _NOT_RECORDED),
        5,
    ),
    _OF_AGE: ("Age", (*(words for _, words in AGE_BANDS), _NOT_RECORDED), len(AGE_BANDS)),
    "sex": ("Sex", ("Female", "Male", "Not known or other"), 2),
    "abode": ("Fixed abode", ("No fixed abode", "Fixed abode"), 1),
}
"""Title, groups and how many of them are real answers; the sources are a dimension of their own."""
GROUPING = ("ethnic_category", "deprivation_decile", "birth_date", "death_date", "sex", "postcode", "address")
"""Columns that say into which groups a record falls."""


@dataclass(frozen=True)
class OwnGroups:
    """Into which groups records fall by what they say themselves.

    Attributes:
        day: The day from which ages are counted.
        sources: Names of the sources.
        codes: Group of each record, by dimension. Each of shape (records,).
    """

    day: date
    sources: tuple[str, ...]
    codes: Mapping[str, Ints]


def own_groups(table: pa.Table) -> OwnGroups:
    """Divide records by what they say themselves.

    Args:
        table: Records, see `sources.identity.IDENTITY`.
    """
    day, sources = newest_day(table), sources_of(table)
    return OwnGroups(day, sources, _own_codes(table, day, sources))


def own_groups_again(before: OwnGroups, table: pa.Table, row: Indices, changed: npt.NDArray[np.bool_]) -> OwnGroups:
    """Divide records most of which say what they said before, see `own_groups`.

    Args:
        before: The groups of before.
        table: Records.
        row: Row of each among those of before, -1 for a new one.
        changed: Which of them are new, or say something else in a column of `GROUPING`.
    """
    day, sources = newest_day(table), sources_of(table)
    if sources != before.sources or not len(before.codes[_OF_SOURCE]):
        return own_groups(table)
    rows = np.flatnonzero(changed)
    fresh = _own_codes(table.take(pa.array(rows)), day, sources)
    codes = {}
    for name, known in before.codes.items():
        codes[name] = known[row]
        codes[name][rows] = fresh[name]
    if day != before.day:
        codes[_OF_AGE] = _age_bands(table, day)
    return OwnGroups(day, sources, codes)


def _own_codes(table: pa.Table, day: date, sources: tuple[str, ...]) -> dict[str, Ints]:
    ethnic = {code: i for i, codes in enumerate(CENSUS_GROUPS.values()) for code in codes} | {"Z": 5, "99": 6}
    decile = pc.fill_null(table.column("deprivation_decile"), 0).to_numpy().astype(np.int32)
    return {
        "ethnicity": _lookup(table.column("ethnic_category"), ethnic, 7),
        "deprivation": np.where((decile >= 1) & (decile <= 10), (decile - 1) // 2, 5).astype(np.int32),
        _OF_AGE: _age_bands(table, day),
        "sex": _lookup(table.column("sex"), {"female": 0, "male": 1}, 2),
        "abode": no_fixed_abode(table),
        _OF_SOURCE: _lookup(table.column("source"), {name: i for i, name in enumerate(sources)}, len(sources)),
    }


def dimensions(table: pa.Table, person: Indices, said: OwnGroups | None = None) -> list[Dimension]:
    """Divide records by ethnic group, deprivation, age, sex, fixed abode and source.

    Args:
        table: Records, see `sources.identity.IDENTITY`.
        person: Number of each record's person, from 0 without gaps. Shape (records,).
        said: What `own_groups` gives of them, if it is at hand.

    Returns:
        The dimensions; every record is in one group of each.
    """
    people = int(person.max(initial=-1)) + 1
    said = said or own_groups(table)
    # The records of each person, one after the other, and where they end.
    members = np.argsort(person, kind="stable"), np.cumsum(np.bincount(person, minlength=people))
    divided = []
    for name, (title, groups, known) in _TITLES.items():
        own = said.codes[name]
        divided.append(
            Dimension(name, title, groups, known, _of_person(own, person, members, people, len(groups), known), own)
        )
    own = said.codes[_OF_SOURCE]
    return [*divided, Dimension(_OF_SOURCE, "Source", said.sources, len(said.sources), own, own)]


def newest_day(table: pa.Table) -> date:
    """Return the day of the newest record, from which ages are counted."""
    latest: datetime | None = pc.max(table.column("last_seen")).as_py() if table.num_rows else None
    return latest.date() if latest else date(1970, 1, 1)


def sources_of(table: pa.Table) -> tuple[str, ...]:
    """Return the names of the sources of some records, in their order."""
    return tuple(sorted(pc.unique(table.column("source")).to_pylist()))


def no_fixed_abode(table: pa.Table) -> Ints:
    """Return 0 for records whose sender says that the person has no fixed abode, 1 for others."""
    postcode = pc.replace_substring(pc.utf8_upper(table.column("postcode")), " ", "")
    said = pc.or_kleene(pc.equal(postcode, "ZZ993VZ"), pc.match_substring_regex(table.column("address"), _NOWHERE))
    nowhere = pc.fill_null(said, False).to_numpy(zero_copy_only=False)
    return np.where(nowhere, 0, 1).astype(np.int32)


def _lookup(column: pa.ChunkedArray, codes: dict[str, int], other: int) -> Ints:
    """Return the code of each text; `other` for what has none."""
    coded = pc.index_in(column, pa.array(list(codes), pa.string()))
    numbers = np.array([*codes.values(), other], dtype=np.int32)
    found: Ints = numbers[pc.fill_null(coded, len(codes)).to_numpy()]
    return found


def _age_bands(table: pa.Table, day: date) -> Ints:
    """Return the age band of each record, on a day or the day of death."""
    unknown = np.iinfo(np.int32).min
    born = pc.fill_null(pc.cast(table.column("birth_date"), pa.int32()), unknown).to_numpy().astype(np.int64)
    today = (day - date(1970, 1, 1)).days
    died = pc.fill_null(pc.cast(table.column("death_date"), pa.int32()), today).to_numpy().astype(np.int64)
    years = np.floor((np.minimum(died, today) - born) / 365.2425)
    band = np.searchsorted(np.array([first for first, _ in AGE_BANDS]), years, side="right") - 1
    return np.where((born == unknown) | (years < 0), len(AGE_BANDS), band).astype(np.int32)


def _of_person(
    own: Ints, person: Indices, members: tuple[Indices, Indices], people: int, groups: int, known: int
) -> Ints:
    """Give every record what most of its person's records say; the first real answer where several are as frequent."""
    best = np.full(people, groups - 1, dtype=np.int32)
    _most_told(own, *members, groups, known, best)
    answered: Ints = best[person]
    return answered


@compiled
def _most_told(
    own: npt.NDArray[Any],
    order: npt.NDArray[Any],
    ends: npt.NDArray[Any],
    groups: int,
    known: int,
    best: npt.NDArray[Any],
) -> None:
    told = np.zeros(groups, dtype=np.int64)
    start = 0
    for p in range(len(best)):
        if ends[p] == start + 1:
            best[p] = own[order[start]]
        elif ends[p] > start:
            told[:] = 0
            for x in range(start, ends[p]):
                told[own[order[x]]] += 1
            most = 0
            for group in range(groups):
                # "Not stated" and the like only fill what is empty, however often they are said.
                if told[group] > most and (group < known or most == 0):
                    best[p] = group
                    most = told[group]
        start = ends[p]
