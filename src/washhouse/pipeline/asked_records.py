"""How are records handed in as JSON to be identified, and what is the answer's JSON? The same for command and API."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from washhouse.core.errors import InputError
from washhouse.pipeline.identifying import MOST, Answer

LARGEST_BYTES = 2_000_000
"""Most bytes of JSON that one question may have: `MOST` records of some 2,000 bytes."""


@dataclass(frozen=True)
class Asked:
    """Records that somebody asks about.

    Attributes:
        records: What was handed in, unchecked.
        alone: It was one object, and no list or lines: so is the answer.
    """

    records: list[Any]
    alone: bool


def read_asked(data: bytes) -> Asked:
    """Read one record (an object), several (a list), or one a line (NDJSON).

    Args:
        data: JSON in UTF-8.

    Raises:
        InputError: `record-unreadable`: it is no JSON, too long, or holds no record. The text is never repeated.
    """
    if len(data) > LARGEST_BYTES:
        raise InputError(
            "record-unreadable", f"The input is longer than {LARGEST_BYTES:,} bytes.", f"Ask in parts of {MOST}."
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unreadable(f"byte {error.start + 1} is not UTF-8") from None
    try:
        whole = _parse(text)
    except json.JSONDecodeError as error:
        lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
        if len(lines) < 2:
            raise _unreadable(f"it breaks off at line {error.lineno}, column {error.colno}") from None
        return Asked([_read_line(number, line) for number, line in lines], alone=False)
    if isinstance(whole, dict):
        return Asked([whole], alone=True)
    if isinstance(whole, list) and whole:
        return Asked(whole, alone=False)
    raise _unreadable("it holds no record")


def answers_to_json(answers: Sequence[Answer], *, alone: bool) -> dict[str, Any]:
    """Return answers as plain values: one by itself, several as a list under `answers`; people by `person_id` alone.

    Args:
        answers: At least one.
        alone: It was one record.
    """
    version = {"version": answers[0].version}
    return version | (answers[0].to_json() if alone else {"answers": [answer.to_json() for answer in answers]})


def _read_line(number: int, line: str) -> Any:
    try:
        return _parse(line)
    except json.JSONDecodeError as error:
        raise _unreadable(f"line {number} breaks off at column {error.colno}") from None


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise _unreadable("it is nested too deeply") from None
    except json.JSONDecodeError:
        raise
    except ValueError:  # a number too long to be one
        raise _unreadable("it holds a number that is too long") from None


def _unreadable(why: str) -> InputError:
    return InputError(
        "record-unreadable",
        f"The input is no JSON of records: {why}.",
        "Give one object, a list of them, or one a line.",
    )
