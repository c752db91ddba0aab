"""What happened to a person, in the words of a timeline?

Rows of the record become entries: a stay takes in its ward, source, method and diagnoses; an attendance its complaint
and diagnoses; one day's prescriptions are one entry. Only the present state of each thing is shown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from washhouse.web.shell.labels import family_words, label, unit_words
from washhouse.web.shell.layout import source_lane, source_title
from washhouse.web.shell.words import local, plural

Weight = Literal["major", "ordinary", "missed", "quiet"]
"""`major`: admission, emergency attendance, crisis referral; `quiet`: prescriptions and imported results."""

Row = Mapping[str, Any]
Key = tuple[str, str]

COLUMNS = (
    *("time", "end_time", "code", "numeric_value", "unit", "text_value"),
    *("ref", "parent_ref", "source", "superseded_at"),
)
MOST_DETAILS = 60

_REJECTED = "MHS_REFERRAL_REJECTED"
_OWNERS = {"MHS_SPELL", "ECDS_ATTENDANCE", "APC_SPELL", "MHS_REFERRAL"}
_OF_SAME_REF = {"MHS_SPELL_SOURCE", "MHS_SPELL_METHOD", _REJECTED}
_OF_PARENT = {"MHS_WARD", "ECDS_MODE", "ECDS_COMPLAINT", "ECDS_DISPOSAL", "SNOMED", "ICD10", "OPCS4"}
_MAJOR = {
    *("MHS_SPELL", "ECDS_ATTENDANCE", "APC_SPELL", "DEATH"),
    *("HOSPITAL_ADMISSION", "ICU_ADMISSION", "ED_REGISTRATION", "MEDS_DEATH"),
}
_MAJOR_CODES = {"MHS_REFERRAL//A02", "ENCOUNTER//EMER", "ENCOUNTER//IMP", "ENCOUNTER//ACUTE"}
_APART = _MAJOR | {"ENCOUNTER"}
"""Of an import, what is not gathered by day."""
_MISSED_CODES = {"MHS_CONTACT//3", "MHS_CONTACT//7", "CSDS_CONTACT//3", "CSDS_CONTACT//7"}
_LASTING = {
    *("MHS_REFERRAL", "MHS_SPELL", "MHS_ACT", "MHS_COORDINATOR", "APC_SPELL", "CLD_SERVICE"),
    *("MHS_ACCOMMODATION", "MHS_EMPLOYMENT", "MHS_CTO", "GP_REGISTRATION", "CSDS_REFERRAL"),
}
_GATHERED = {
    "DMD": ("prescription", "prescriptions"),
    "LAB": ("laboratory result", "laboratory results"),
    "MEDICATION": ("medicine event", "medicine events"),
    "INFUSION_START": ("infusion started", "infusions started"),
    "INFUSION_END": ("infusion ended", "infusions ended"),
    "DIAGNOSIS": ("diagnosis", "diagnoses"),
    "PROCEDURE": ("procedure", "procedures"),
    "MEDS": ("measurement", "measurements"),
    "LOINC": ("result", "results"),
    "RXNORM": ("prescription", "prescriptions"),
    "IMMUNISATION": ("immunisation", "immunisations"),
    "REPORT": ("report", "reports"),
}
_IMPORTS = ("meds", "fhir", "omop")
"""Sources whose many results a day are gathered, and whose words are shown as they came."""
_ASSESSMENTS = {"HONOS": ("HoNOS assessment", 12), "DIALOG": ("DIALOG, the resident's own rating", 11)}
"""Families whose items, completed together, are one assessment: its name and the number of its items."""
_NO_EVENT = {"MEDS_BIRTH"}
"""What the summary says already."""
MIDNIGHT = time(0, 0)


@dataclass(frozen=True)
class Entry:
    """One thing that happened.

    Attributes:
        time: When it began, naive UTC.
        end: When it ended, if it lasted and has ended.
        lasting: Whether it is a span of time: drawn as a bar, open while it has no end.
        source: Sending system.
        weight: How it is drawn.
        title: What happened, in words.
        details: What belongs to it, in words.
        refs: Ids of the things it stands for.
    """

    time: datetime
    end: datetime | None
    lasting: bool
    source: str
    weight: Weight
    title: str
    details: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()

    @property
    def lane(self) -> str:
        """The style of its lane."""
        return source_lane(self.source)

    @property
    def service(self) -> str:
        """The service that sent it, in words."""
        return source_title(self.source)

    @property
    def day(self) -> date:
        """The local day on which it began."""
        return local(self.time).date()

    @property
    def end_day(self) -> date | None:
        """The local day on which it ended."""
        return None if self.end is None else local(self.end).date()

    @property
    def clock(self) -> str:
        """The local time at which it began; empty at midnight, local or UTC: then only the day was sent."""
        here = local(self.time)
        return "" if MIDNIGHT in (here.time(), self.time.time()) else f"{here:%H:%M}"


def build_entries(events: pa.Table) -> list[Entry]:
    """Turn a person's events into entries, the newest first.

    Args:
        events: Rows of `record.event` of one person.

    Returns:
        One entry per thing that happened; standing facts without a time are left out.
    """
    rows = [row for row in _current(events) if row["time"] is not None and row["family"] not in _NO_EVENT]
    owners = {(row["source"], row["ref"]) for row in rows if row["family"] in _OWNERS}
    teams = {(row["source"], row["ref"]): row["code"] for row in rows if row["family"] == "MHS_REFERRAL"}
    children: defaultdict[Key, list[Row]] = defaultdict(list)
    gathered: defaultdict[tuple[str, object, str], list[Row]] = defaultdict(list)
    singles: list[Row] = []
    for row in rows:
        owner = (row["source"], row["ref"] if row["family"] in _OF_SAME_REF else row["parent_ref"])
        if row["family"] in _OF_SAME_REF | _OF_PARENT and owner in owners:
            children[owner].append(row)
        elif row["family"] in _ASSESSMENTS:
            gathered[row["source"], (row["parent_ref"], row["time"]), row["family"]].append(row)
        elif row["family"] == "DMD" or (row["source"] in _IMPORTS and row["family"] not in _APART):
            gathered[row["source"], local(row["time"]).date(), row["family"]].append(row)
        else:
            singles.append(row)
    entries = [_single(row, children.get((row["source"], row["ref"]), ()), teams) for row in singles]
    entries += [
        _assessment(key[2], group) if key[2] in _ASSESSMENTS else _several(key[2], group)
        for key, group in gathered.items()
    ]
    return sorted(entries, key=lambda entry: (entry.time, entry.title), reverse=True)


def standing_facts(events: pa.Table) -> list[str]:
    """Facts without a time, in words, as an imported record may hold them."""
    return sorted({_with_value(row) for row in _current(events) if row["time"] is None})


def _current(events: pa.Table) -> list[dict[str, Any]]:
    if not events.num_rows:
        return []
    rows: list[dict[str, Any]] = events.filter(pc.is_null(events["superseded_at"])).select(list(COLUMNS)).to_pylist()
    for row in rows:
        row["family"] = row["code"].partition("//")[0]
    return rows


def _single(row: Row, children: Sequence[Row], teams: Mapping[Key, str]) -> Entry:
    family = row["family"]
    rejected = any(child["family"] == _REJECTED for child in children)
    weight: Weight = "ordinary"
    if (family in _MAJOR or row["code"] in _MAJOR_CODES) and not rejected:
        weight = "major"
    elif row["code"] in _MISSED_CODES:
        weight = "missed"
    return Entry(
        time=row["time"],
        end=row["end_time"],
        lasting=family in _LASTING,
        source=row["source"],
        weight=weight,
        title=_with_value(row) if family not in _LASTING | {"MHS_CONTACT"} else label(row["code"]),
        details=tuple(_details(row, children, teams)),
        refs=(row["ref"],) if row["ref"] else (),
    )


def _details(row: Row, children: Iterable[Row], teams: Mapping[Key, str]) -> Iterable[str]:
    """What belongs to an entry: of a contact how, how long and with whom; of a stay where from and what for."""
    if row["family"] == "MHS_CONTACT":
        if row["text_value"]:
            yield label(f"CONTACT_BY//{row['text_value']}")
        if row["numeric_value"]:
            yield plural(round(row["numeric_value"]), "minute")
        team = teams.get((row["source"], row["parent_ref"]))
        if team is not None:
            yield label(team).replace("Referral to", "with")
    if row["family"] == "APC_SPELL" and row["text_value"]:
        yield label(f"SPECIALTY//{row['text_value']}")
    seen: set[str] = set()
    for child in children:
        words = _with_value(child)
        if words not in seen:
            seen.add(words)
            yield words


def _assessment(family: str, group: Sequence[Row]) -> Entry:
    title, items = _ASSESSMENTS[family]
    scores = [row["numeric_value"] for row in group if row["numeric_value"] is not None]
    known = f"{len(scores)} of {items} items scored"
    total = f"mean {sum(scores) / len(scores):.1f}" if scores and family == "DIALOG" else f"total {sum(scores):g}"
    return Entry(
        time=group[0]["time"],
        end=None,
        lasting=False,
        source=group[0]["source"],
        weight="ordinary",
        title=title,
        details=(known, total) if scores else (known,),
        refs=tuple(row["ref"] for row in group if row["ref"]),
    )


def _several(family: str, group: Sequence[Row]) -> Entry:
    plain = family_words(family).lower()
    one, many = _GATHERED.get(family, (f"entry: {plain}", f"entries: {plain}"))
    words = list(dict.fromkeys(_with_value(row) for row in group))
    details = words[:MOST_DETAILS] if len(group) > 1 else []
    if len(words) > MOST_DETAILS:
        details.append(f"and {len(words) - MOST_DETAILS} more")
    return Entry(
        time=min(row["time"] for row in group),
        end=None,
        lasting=False,
        source=group[0]["source"],
        weight="quiet",
        title=plural(len(group), one, many) if len(group) > 1 else words[0],
        details=tuple(details),
        refs=tuple(row["ref"] for row in group if row["ref"]),
    )


def _with_value(row: Row) -> str:
    """A row in words, with its number and unit where it has one."""
    words = label(row["code"])
    if row["family"] == "DMD":
        course = {"acute": "acute", "repeat": "repeat"}.get(row["text_value"] or "", "")
        amount = f"{row['numeric_value']:g} {row['unit'] or ''}".strip() if row["numeric_value"] is not None else ""
        return ", ".join(part for part in (words, amount, course) if part)
    if row["numeric_value"] is not None:
        unit = f" {unit_words(row['unit'])}" if row["unit"] and row["unit"] not in words else ""
        return f"{words}: {row['numeric_value']:g}{unit}"
    if row["source"] in _IMPORTS and row["text_value"]:
        return f"{words}: {row['text_value'][:80]}"
    return words
