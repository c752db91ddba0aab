"""`GET /api/openapi.json`: what may a program ask, and what is answered?

References:
    OpenAPI Specification 3.1.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from washhouse.pipeline.asked_records import LARGEST_BYTES
from washhouse.pipeline.identifying import MOST, RECORD_FIELDS
from washhouse.web.api.endpoint import JSON_TYPES
from washhouse.web.shell.visit import Visit

_TEXT: dict[str, Any] = {"type": "string"}
_NUMBER: dict[str, Any] = {"type": "number"}


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
    "400": "The records make no sense.",
    "401": "Nobody is signed in, or the token does not hold.",
    "403": "The role may not, or the call came from another site.",
    "413": f"More than {LARGEST_BYTES:,} bytes.",
    "415": "The body is no JSON.",
    "429": "Too many records.",
    "503": "Nothing is published, or the home cannot be read.",
}

DESCRIPTION: Mapping[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "washhouse", "version": "1"},
    "paths": {
        "/api/identify": {
            "post": {
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
                    "200": {
                        "description": "One answer for one object; else answers in order.",
                        "content": {
                            JSON_TYPES[0]: {"schema": {"oneOf": [{"$ref": "#/components/schemas/Answer"}, _ANSWERS]}}
                        },
                    },
                    **{
                        status: {
                            "description": words,
                            "content": {JSON_TYPES[0]: {"schema": {"$ref": "#/components/schemas/Error"}}},
                        }
                        for status, words in _PROBLEMS.items()
                    },
                },
            }
        }
    },
    "components": {
        "schemas": {"Record": _RECORD, "Step": _STEP, "Candidate": _CANDIDATE, "Answer": _ANSWER, "Error": _ERROR},
        "securitySchemes": {
            "session": {"type": "apiKey", "in": "cookie", "name": "washhouse-session"},
            "program": {"type": "http", "scheme": "bearer"},
        },
    },
    "security": [{"session": []}, {"program": []}],
}
"""The API."""
