"""What does a set hold, before any of it is read: whose resources, known by which names, up to which day?

A reference may point at a resource of any other file, so that all are gone through once before the first is typed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from washhouse.sources.fhir.declared import RESOURCES
from washhouse.sources.fhir.elements import (
    Coding,
    Resource,
    codings_at,
    every,
    parse_time,
    reference_key,
    text_at,
)
from washhouse.sources.fhir.files import Line, find_resources, read_lines, read_manifest
from washhouse.sources.rules import RejectedFileError

NO_DAY = date(1970, 1, 1)
"""Declared date of a set without a readable time."""


@dataclass
class Survey:
    """What the resources of a set are known by.

    Attributes:
        made: When its server made it, as its manifest says, naive UTC.
        newest: The newest time that a resource tells of.
        patients: Keys of its patients.
        encounters: Keys of its encounters.
        urns: Key by the URN under which a Bundle holds a resource.
        identifiers: Patient's key by `system|value`.
        medications: Code of each Medication, by its key.
    """

    made: datetime | None = None
    newest: datetime | None = None
    patients: set[str] = field(default_factory=set)
    encounters: set[str] = field(default_factory=set)
    urns: dict[str, str] = field(default_factory=dict)
    identifiers: dict[str, str] = field(default_factory=dict)
    medications: dict[str, Coding] = field(default_factory=dict)

    @property
    def day(self) -> date:
        """The day by which the set is judged: when it was made, else its newest time."""
        moment = self.made or self.newest
        return moment.date() if moment is not None else NO_DAY

    def resolve(self, reference: str) -> str:
        """The key of what a reference names; of a search (`Patient?identifier=..`) the patient it finds."""
        if reference.startswith("Patient?identifier="):
            asked = reference.partition("=")[2].replace("%7C", "|")
            return self.identifiers.get(asked, reference)
        return self.urns.get(reference) or reference_key(reference)


def survey_set(path: Path) -> Survey:
    """Go through every file of a set.

    Raises:
        InputError: `fhir-not-found`: there is no file of resources at the path.
        OSError: A folder or file of it may not be read.
    """
    found = Survey(made=parse_time(read_manifest(path)) if path.is_dir() else None)
    for file in find_resources(path).values():
        try:
            for line in read_lines(file):
                if line.resource is not None:
                    _note(found, line, line.resource)
        except RejectedFileError:
            continue  # said when the file is read
    return found


def key_of(line: Line, resource: Resource) -> str:
    """What a resource is known by: `Type/id`; without an id its URN's, and without that a digest of what it says.

    >>> key_of(Line(1, "", None, "urn:uuid:0b1c"), {"resourceType": "Patient"})
    'Patient/0b1c'
    """
    kind, own = text_at(resource, "resourceType"), text_at(resource, "id")
    if not own and line.url.startswith("urn:"):
        own = line.url.rpartition(":")[2]
    if not own and reference_key(line.url).startswith(f"{kind}/"):
        return reference_key(line.url)
    return f"{kind}/{own or digest(resource)}"


def digest(resource: Resource) -> str:
    """Digest of what a resource says, whatever the order of its elements."""
    return hashlib.sha256(json.dumps(resource, sort_keys=True).encode("utf-8", "replace")).hexdigest()[:32]


def _note(found: Survey, line: Line, resource: Resource) -> None:
    kind, key = text_at(resource, "resourceType"), key_of(line, resource)
    if line.url.startswith("urn:"):
        found.urns[line.url] = key
    if kind == "Patient":
        found.patients.add(key)
        for one in every(resource, "identifier"):
            found.identifiers.setdefault(f"{text_at(one, 'system')}|{text_at(one, 'value')}", key)
    elif kind == "Encounter":
        found.encounters.add(key)
    elif kind == "Medication":
        for coding in codings_at(resource, "code")[:1]:
            found.medications[key] = coding
    paths = ["meta.lastUpdated"]
    if kind in RESOURCES:
        paths += [*RESOURCES[kind].time, *RESOURCES[kind].recorded]
    for path in paths:
        moment = parse_time(text_at(resource, path))
        if moment is not None and (found.newest is None or moment > found.newest):
            found.newest = moment
