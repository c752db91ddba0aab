"""What does the FHIR server answer, in the words of OpenAPI? Told from the declaration that it works by.

Each type of resource has its paths, as each has search parameters of its own; anything else is not there.

References:
    HL7 FHIR R4, RESTful API, https://hl7.org/fhir/R4/http.html; OpenAPI Specification 3.1.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from washhouse.record.fhir import MAPS
from washhouse.web.api.fhir import FHIR
from washhouse.web.api.fhir_search import EVERYTHING, FORMATS, MOST, parameters_of

_DATE = r"^(eq|ne|gt|ge|lt|le|sa|eb)?[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01])(T.+)?)?)?(,.+)?$"
_WHOLE = {"type": "integer", "minimum": 0, "maximum": 999_999}
_FORMATS = {"type": "string", "enum": list(FORMATS)}
_WORDS = {
    "_id": "Ids that may match, with commas between them.",
    "_lastUpdated": "When the record learnt of it.",
    "_count": f"Resources on a page, {MOST} at most.",
    "_offset": "Resources before the page; the `next` link has it.",
    "_type": "Types of resource, with commas between them.",
    "patient": "The patient asked about.",
    "subject": "The patient asked about.",
}
_PROBLEMS = {
    "400": "The search makes no sense.",
    "401": "Nobody is signed in, or the token does not hold.",
    "403": "The patient is not in the visitor's care, or the role may not.",
    "404": "There is no such resource.",
    "503": "Nothing is published, or the home cannot be read.",
}
SCHEMAS: Mapping[str, Any] = {
    "Resource": {
        "type": "object",
        "required": ["resourceType"],
        "properties": {"resourceType": {"type": "string"}, "id": {"type": "string"}},
    },
    "Bundle": {
        "type": "object",
        "required": ["resourceType", "type", "total", "link", "entry"],
        "properties": {
            "resourceType": {"const": "Bundle"},
            "type": {"const": "searchset"},
            "total": {"type": "integer", "minimum": 0},
            "link": {"type": "array", "minItems": 1},
            "entry": {
                "type": "array",
                "maxItems": MOST,
                "items": {
                    "type": "object",
                    "required": ["fullUrl", "resource"],
                    "properties": {"resource": {"$ref": "#/components/schemas/Resource"}},
                },
            },
        },
    },
    "OperationOutcome": {
        "type": "object",
        "required": ["resourceType", "issue"],
        "properties": {"resourceType": {"const": "OperationOutcome"}, "issue": {"type": "array", "minItems": 1}},
    },
}
"""What is answered, as far as every type of resource has it: HL7's own schemas tell the rest."""


def describe_fhir() -> dict[str, Any]:
    """Every path of the server, as OpenAPI paths."""
    paths: dict[str, Any] = {
        "/fhir/metadata": _get("Say what the server can do: a CapabilityStatement", "Resource", (), ("401", "503"))
    }
    for kind in ("Patient", *sorted(MAPS)):
        what = "people in the visitor's care" if kind == "Patient" else f"one patient's {kind} resources"
        paths[f"/fhir/{kind}"] = _get(
            f"Search {what}", "Bundle", _parameters(kind), ("400", "401", "403", "404", "503")
        )
        paths[f"/fhir/{kind}/{{id}}"] = _get(f"Read one {kind}", "Resource", (_ID,), ("401", "403", "404", "503"))
    paths["/fhir/Patient/{id}/$everything"] = _get(
        "Read a patient with everything that happened", "Bundle", (_ID, *_parameters(EVERYTHING)), tuple(_PROBLEMS)
    )
    return paths


_ID: Mapping[str, Any] = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": r"^[A-Za-z0-9\-.]{1,64}$"},
}
"""FHIR's own form of an id; one that names nobody is not there."""


def _get(summary: str, schema: str, parameters: tuple[Mapping[str, Any], ...], statuses: tuple[str, ...]) -> Any:
    def answer(words: str, of: str) -> dict[str, Any]:
        return {"description": words, "content": {FHIR.media_type: {"schema": {"$ref": f"#/components/schemas/{of}"}}}}

    problems = {status: answer(_PROBLEMS[status], "OperationOutcome") for status in statuses}
    return {
        "get": {
            "summary": summary,
            "parameters": list(parameters),
            "responses": {"200": answer("What was asked for.", schema), **problems},
        }
    }


def _parameters(kind: str) -> tuple[Mapping[str, Any], ...]:
    required = "" if kind in ("Patient", EVERYTHING) else "patient"
    return tuple(
        {
            "name": name,
            "in": "query",
            "required": name == required,
            "description": _WORDS.get(name, "A code or a date, as FHIR searches by them."),
            "schema": _schema(kind, name),
        }
        for name in sorted(parameters_of(kind))
    )


def _schema(kind: str, name: str) -> Mapping[str, Any]:
    if name in ("_count", "_offset"):
        return _WHOLE
    if name == "_format":
        return _FORMATS
    is_date = name == "_lastUpdated" or (kind in MAPS and name == MAPS[kind].date_search)
    return {"type": "string", **({"pattern": _DATE} if is_date else {})}
