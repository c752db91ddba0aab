"""`GET /fhir/...`: the people in a clinician's care as FHIR R4, to be read and searched, never written.

Who may read is what the person's page asks: the care relation, and an event in the audit before a row is read. A search
asks about one patient; only `GET /fhir/Patient` lists those in the visitor's care. Nothing of the vault is shown.

References:
    HL7 FHIR R4, RESTful API, https://hl7.org/fhir/R4/http.html; `Patient/$everything`,
    https://hl7.org/fhir/R4/operation-patient-everything.html.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import pyarrow.compute as pc

from washhouse.core.errors import InputError
from washhouse.record.fhir import MAPS, Resource, Row, pair_resources, to_patient
from washhouse.web.api.endpoint import Form
from washhouse.web.api.fhir_search import HOW, Asked, Found, parse_query
from washhouse.web.shell.labels import code_labels
from washhouse.web.shell.visit import Visit

COLUMNS = (
    *("time", "end_time", "recorded_at", "code", "numeric_value", "unit", "text_value", "ref", "parent_ref"),
    *("source", "source_row"),
)
_PERSON = re.compile(r"[0-9a-f]{32}")
_ISSUES = {
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    413: "too-long",
    429: "throttled",
    500: "exception",
    503: "transient",
}
"""Kind of issue by HTTP status; any other is `invalid`."""


def _outcome(status: int, code: str, message: str, hint: str) -> Mapping[str, Any]:
    issue = {
        "severity": "error",
        "code": _ISSUES.get(status, "invalid"),
        "details": {"coding": [{"system": "urn:washhouse:error", "code": code}], "text": message},
        **({"diagnostics": hint} if hint else {}),
    }
    return {"resourceType": "OperationOutcome", "issue": [issue]}


FHIR = Form("application/fhir+json", _outcome)
"""FHIR's own type, and an OperationOutcome for every problem."""


def read_one(visit: Visit, body: bytes) -> Resource:
    """One resource.

    Raises:
        InputError: `fhir-not-there`.
        RefusedError: The patient is not in the visitor's care.
    """
    kind, asked = visit.parameter("type"), visit.parameter("id")
    if kind == "Patient":
        return _patient(visit, _person(visit, asked))
    _check_type(kind)
    person, _, own = asked.partition(".")
    who = _person(visit, person)
    for found in _resources(visit, who):
        if found.resource["resourceType"] == kind and found.resource["id"] == f"{who}.{own}":
            return found.resource
    raise _not_there()


def search(visit: Visit, body: bytes) -> Resource:
    """A search: of patients in the visitor's care, or of one patient's resources.

    Raises:
        InputError: `fhir-not-there`, `fhir-parameter`.
        RefusedError: The patient is not in the visitor's care.
    """
    kind = visit.parameter("type")
    if kind == "Patient":
        asked = parse_query(kind, visit.request.query_params.multi_items())
        return _bundle(visit, asked, _patients(visit, asked))
    _check_type(kind)
    asked = parse_query(kind, visit.request.query_params.multi_items())
    who = _person(visit, asked.patient)
    of_kind = (found for found in _resources(visit, who) if found.resource["resourceType"] == kind)
    return _bundle(visit, asked, [found for found in of_kind if asked.matches(found)])


def read_everything(visit: Visit, body: bytes) -> Resource:
    """A patient with everything that happened to them, the newest first.

    Raises:
        InputError: `fhir-not-there`, `fhir-parameter`.
        RefusedError: The patient is not in the visitor's care.
    """
    asked = parse_query("$everything", visit.request.query_params.multi_items())
    who = _person(visit, visit.parameter("id"))
    all_of_it = [Found({}, _patient(visit, who)), *_resources(visit, who)]
    return _bundle(visit, asked, [found for found in all_of_it if asked.matches(found)])


def _check_type(kind: str) -> None:
    if kind not in MAPS:
        raise InputError("fhir-not-there", "There is no such type of resource here.", "GET /fhir/metadata lists them.")


def _not_there() -> InputError:
    return InputError(
        "fhir-not-there", "There is no such resource.", "A corrected resource has another id: search again."
    )


def _person(visit: Visit, asked: str) -> str:
    """The person whom an id names, a retired one followed."""
    if not _PERSON.fullmatch(asked):
        raise _not_there()
    return visit.record.resolve(asked)


def _patient(visit: Visit, who: str) -> Resource:
    return to_patient(visit.record.person(who), who)


def _patients(visit: Visit, asked: Asked) -> list[Found]:
    covered = sorted(visit.grant.persons or ())
    wanted = [who for who in covered if not asked.ids or who in asked.ids]
    return [Found({}, to_patient(row, row["person_id"])) for row in visit.record.people(wanted).to_pylist()]


def _resources(visit: Visit, who: str) -> list[Found]:
    """A person's resources, the newest first; what is without a time last."""
    events = visit.record.events(who)
    rows = events.filter(pc.is_null(events["superseded_at"])).select(list(COLUMNS)).to_pylist()
    rows.sort(key=_newest_first)

    def name(said: str) -> str:
        return f"{who}.{hashlib.sha256(said.encode()).hexdigest()[:16]}"

    found = [Found(row, resource) for row, resource in pair_resources(rows, who, name)]
    for each in found:
        _say(each.row, each.resource)
    return found


def _newest_first(row: Row) -> tuple[float, str]:
    return (-row["time"].timestamp() if row["time"] is not None else float("inf"), row["code"])


def _say(row: Row, resource: Resource) -> None:
    """Put a code's words beside it, where the house has them."""
    words = code_labels().get(row["code"])
    concept = resource.get(MAPS[resource["resourceType"]].code[0])
    concept = concept[0] if isinstance(concept, list) else concept
    if words is not None and concept:
        concept["coding"][0]["display"] = words


def _bundle(visit: Visit, asked: Asked, found: Sequence[Found]) -> Resource:
    """A page of what was found, with the links to this one and the next."""
    base, here = f"{str(visit.request.base_url).rstrip('/')}/fhir", visit.path
    page = found[asked.offset : asked.offset + asked.count]
    links = [{"relation": "self", "url": _address(visit, here, asked.offset, asked)}]
    if asked.offset + asked.count < len(found) and asked.count:
        links.append({"relation": "next", "url": _address(visit, here, asked.offset + asked.count, asked)})
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(found),
        "link": links,
        "entry": [
            {
                "fullUrl": f"{base}/{one.resource['resourceType']}/{one.resource['id']}",
                "resource": one.resource,
                "search": {"mode": "match"},
            }
            for one in page
        ],
    }


def _address(visit: Visit, path: str, offset: int, asked: Asked) -> str:
    given = [one for one in visit.request.query_params.multi_items() if one[0] not in HOW]
    query = urlencode([*given, ("_count", asked.count), ("_offset", offset)], safe="/,|:")
    return f"{str(visit.request.base_url).rstrip('/')}{path}?{query}"
