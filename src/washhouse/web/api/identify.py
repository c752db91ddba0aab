"""`POST /api/identify`: whose record is this?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from washhouse.core.errors import InputError, RefusedError
from washhouse.pipeline.asked_records import answers_to_json, read_asked
from washhouse.web.shell.visit import Visit

_FLAGS = {"": False, "false": False, "true": True}


def identify_records(visit: Visit, body: bytes) -> Mapping[str, Any]:
    """Say who each of some records may be; with `?record=true` give each a person now.

    Raises:
        InputError: `record-unreadable`, `record-invalid`.
        RefusedError: `too-many-records`, or the grant does not allow it.
        HomeError: As `pipeline.identifying.Identifier.ask`, or `identifier-missing`.
    """
    asked = read_asked(body)
    flag = visit.query("record").lower()
    if flag not in _FLAGS:
        raise InputError("record-invalid", "The parameter record is true or false.")
    if not visit.site.questions.allow(visit.user.actor, visit.services.now(), len(asked.records)):
        limit = visit.site.questions
        raise RefusedError(
            "too-many-records",
            f"More than {limit.most:,} records were asked about in {limit.window.seconds // 60} minutes.",
            "Wait, or put them into an inbox: the run links any number.",
        )
    answers = visit.identifier.ask(visit.grant, asked.records, record=_FLAGS[flag], now=visit.services.now())
    return answers_to_json(answers, alone=asked.alone)
