"""`washhouse identify`: whose record is this?"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Annotated

import typer

from washhouse.cli.options import AsJson, DeskUrl, HomeThere, KeyFile
from washhouse.cli.settings import read_settings
from washhouse.core.errors import InputError
from washhouse.core.home import Home
from washhouse.desk.clock import utc_now
from washhouse.desk.database import open_desk
from washhouse.governance.audit import AuditTrail
from washhouse.governance.grants import system_grant
from washhouse.governance.keys import load_master_key
from washhouse.governance.vault import Vault
from washhouse.linkage.explain import Agreement
from washhouse.linkage.identify import Candidate
from washhouse.pipeline.asked_records import LARGEST_BYTES, answers_to_json, read_asked
from washhouse.pipeline.identifying import Answer, Identifier

DECISIONS = {
    "same": "known: this is {person}",
    "possible": "perhaps known: somebody should look",
    "new": "nobody known",
}
"""What each decision means, in words."""


def identify(
    home: HomeThere,
    record: Annotated[
        bool, typer.Option("--record", help="Give each record a person now; it must say its source and source_id.")
    ] = False,
    as_json: AsJson = False,
    key_file: KeyFile = None,
    desk_url: DeskUrl = None,
) -> None:
    """Say whose record this is: who it may be among everybody, the weight told step by step, and the decision.

    Reads JSON on stdin: one object, a list, or one object a line. Fields: source, source_id, first_name, surname,
    birth_date, sex, nhs_number, postcode, address, uprn, phone; whatever is not known is left out. People are named by
    person_id alone. The question is written to the audit before anything is looked up.

    Exit status: 0 done; 3 bad input; 4 refused; 5 broken home.

    Example: washhouse identify --home home --json < record.json
    """
    where = Home(home)
    if not home.is_dir():
        raise InputError("home-missing", "There is no such home.", "Check --home.")
    settings = read_settings(where, key_file=key_file, desk_url=desk_url)
    asked = read_asked(sys.stdin.buffer.read(LARGEST_BYTES + 1))
    vault = Vault(where, load_master_key(where, settings))
    desk = open_desk(settings.desk_url or where.desk_file)
    try:
        now = utc_now()
        identifier = Identifier(where, vault, desk, AuditTrail(desk))
        answers = identifier.ask(system_grant(now), asked.records, record=record, now=now)
    finally:
        desk.close()
    if as_json:
        typer.echo(json.dumps(answers_to_json(answers, alone=asked.alone)))
        return
    for number, answer in enumerate(answers, start=1):
        for line in tell(answer, 0 if asked.alone else number):
            typer.echo(line)


def tell(answer: Answer, number: int) -> Iterator[str]:
    """Put an answer into lines.

    Args:
        answer: The answer.
        number: Which record it is of; 0 where there is one only.
    """
    found = answer.identified
    said = DECISIONS[found.decision].format(person=found.person_id)
    yield f"Record {number}: {said}" if number else said.capitalize()
    if answer.recorded:
        yield f"  recorded as {answer.person_id}"
    for candidate in found.candidates:
        yield from _tell_candidate(candidate)


def _tell_candidate(candidate: Candidate) -> Iterator[str]:
    yield f"  {candidate.person_id}  probability {_chance(candidate.probability)}, weight {candidate.weight:+.1f} bits"
    for step in candidate.steps:
        if step.agreement is not Agreement.MISSING:
            yield f"    {step.bits:+6.1f}  {step.total:+6.1f}  {step.title}: {step.outcome}, {step.words}"
    missing = [step.title for step in candidate.steps if step.agreement is Agreement.MISSING]
    if missing:
        yield f"                    not on both: {', '.join(missing)}"


def _chance(probability: float) -> str:
    """A probability as a percentage that never claims to be certain."""
    if probability > 0.9999:
        return "over 99.99 %"
    return "under 0.01 %" if probability < 0.0001 else f"{100 * probability:.2f} %"
