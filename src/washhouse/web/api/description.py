"""`GET /api/openapi.json`: what may a program ask, and what is answered?

References:
    OpenAPI Specification 3.1.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from washhouse.pipeline.asked_records import LARGEST_BYTES
from washhouse.pipeline.identifying import MOST, RECORD_FIELDS
from washhouse.web.api.description_fhir import SCHEMAS as FHIR_SCHEMAS
from washhouse.web.api.description_fhir import describe_fhir
from washhouse.web.api.endpoint import JSON_TYPES
from washhouse.web.shell.visit import Visit

_TEXT: dict[str, Any] = {"type": "string"}
_NUMBER: dict[str, Any] = {"type": "number"}
_WHOLE: dict[str, Any] = {"type": "integer", "minimum": 0}
_LIST: dict[str, Any] = {"type": "array", "items": {"type": "object"}}


def describe_api(visit: Visit, body: bytes) -> Mapping[str, Any]:
    """The API in OpenAPI; about nobody."""
    return DESCRIPTION


def _object(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required or properties), "properties": properties}


_RECORD = {
    "type": "object",
    "additionalProperties": False,
    "properties": {name: {"type": ["string", "null"], "maxLength": 500} for name in RECORD_FIELDS},
}
_STEP = _object(field=_TEXT, title=_TEXT, outcome=_TEXT, agreement=_TEXT, words=_TEXT, bits=_NUMBER, total=_NUMBER)
_CANDIDATE = _object(
    person_id=_TEXT,
    weight=_NUMBER,
    probability=_NUMBER,
    steps={"type": "array", "items": {"$ref": "#/components/schemas/Step"}},
)
_ANSWER = _object(
    version=_TEXT,
    decision={"enum": ["same", "possible", "new"]},
    person_id={"type": ["string", "null"]},
    recorded={"type": "boolean"},
    candidates={"type": "array", "maxItems": 5, "items": {"$ref": "#/components/schemas/Candidate"}},
)
_ERROR = _object(error=_object(code=_TEXT, message=_TEXT, hint=_TEXT))
_SEVERAL = {"type": "array", "minItems": 1, "maxItems": MOST, "items": {"$ref": "#/components/schemas/Record"}}
_ANSWERS = _object(version=_TEXT, answers={"type": "array", "items": {"$ref": "#/components/schemas/Answer"}})
_PROBLEMS = {
    "400": "What was sent makes no sense.",
    "401": "Nobody is signed in, or the token does not hold.",
    "403": "The role may not, or the call came from another site.",
    "413": f"More than {LARGEST_BYTES:,} bytes.",
    "415": "The body is no JSON.",
    "429": "Too many records.",
    "503": "Nothing is published, or the home cannot be read.",
}


def _answers(schema: Mapping[str, Any], words: str = "The answer.") -> dict[str, Any]:
    return {"200": {"description": words, "content": {JSON_TYPES[0]: {"schema": schema}}}}


def _problems(*statuses: str) -> dict[str, Any]:
    content = {JSON_TYPES[0]: {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {status: {"description": _PROBLEMS[status], "content": content} for status in statuses}


_IDENTIFY = {
    "summary": "Say whose record this is, and why",
    "parameters": [{"name": "record", "in": "query", "schema": {"type": "boolean"}}],
    "requestBody": {
        "required": True,
        "content": {
            JSON_TYPES[0]: {"schema": {"oneOf": [{"$ref": "#/components/schemas/Record"}, _SEVERAL]}},
            JSON_TYPES[1]: {"schema": {"$ref": "#/components/schemas/Record"}},
        },
    },
    "responses": {
        **_answers(
            {"oneOf": [{"$ref": "#/components/schemas/Answer"}, _ANSWERS]},
            "One answer for one object; else answers in order.",
        ),
        **_problems(*_PROBLEMS),
    },
}
_KEY = {"type": "string", "pattern": "^[0-9a-f]{32}$"}


def _asked(name: str, schema: Mapping[str, Any], words: str) -> Mapping[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": words}


_LINK_HISTORY = {
    "summary": "Say who a person was on a day, by the person's or a record's opaque id",
    "parameters": [
        _asked("person", _KEY, "Id of the person."),
        _asked("record", _KEY, "Opaque key of one of the records, instead."),
        _asked("on", {"type": "string", "format": "date"}, "The day, to its end; today unless given."),
    ],
    "responses": {
        **_answers(_object(version=_TEXT, person_id=_TEXT, on=_TEXT, records=_LIST, changes=_LIST)),
        **_problems("400", "401", "403", "503"),
    },
}
_QUALITY = {
    "summary": "Say what every check of the data came to",
    "responses": {
        **_answers(_object(version=_TEXT, over=_WHOLE, can_stop=_WHOLE, checks=_LIST)),
        **_problems("401", "403", "503"),
    },
}

DESCRIPTION: Mapping[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "washhouse", "version": "1"},
    "paths": {
        "/api/identify": {"post": _IDENTIFY},
        "/api/link-history": {"get": _LINK_HISTORY},
        "/api/quality": {"get": _QUALITY},
        "/api/openapi.json": {
            "get": {
                "summary": "Describe this API",
                "responses": {**_answers({"type": "object"}), **_problems("401", "503")},
            }
        },
        **describe_fhir(),
    },
    "components": {
        "schemas": {
            "Record": _RECORD,
            "Step": _STEP,
            "Candidate": _CANDIDATE,
            "Answer": _ANSWER,
            "Error": _ERROR,
            **FHIR_SCHEMAS,
        },
        "securitySchemes": {
            "session": {"type": "apiKey", "in": "cookie", "name": "washhouse-session"},
            "program": {"type": "http", "scheme": "bearer"},
        },
    },
    "security": [{"session": []}, {"program": []}],
}
"""The API."""
