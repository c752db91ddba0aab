"""From a person's page to their record in the sending system, which signs in and checks for itself."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from washhouse.governance.patient_record import open_patient_record, origin_of
from washhouse.governance.permissions import Action
from washhouse.web.care.address import person_of
from washhouse.web.shell.errors import Problem, show_problem
from washhouse.web.shell.headers import policy_with_forms_to
from washhouse.web.shell.visit import Visit

NO_RECORD = Problem(
    404,
    "There is no patient record to open",
    "The system that keeps the record does not know this person by a number of its own. Nothing was opened.",
    "Go back to the person's page, or look for them in that system.",
)


def show_patient_record(visit: Visit) -> Response:
    """Send the visitor on to the person's record; the id is in no answer but the address they are sent to."""
    person, services = person_of(visit), visit.services
    template, local_ids = services.settings.patient_record.url, visit.published.local_ids
    if not template or local_ids is None:
        raise HTTPException(404)
    address = open_patient_record(visit.grant, person, local_ids, template, services.audit, services.now())
    return show_problem(visit, NO_RECORD) if address is None else RedirectResponse(address, status_code=303)


def opens_patient_record(visit: Visit, person: str, sources: str) -> bool:
    """Is there a button for a person whom these sources know? Told from the record: the vault is not asked.

    Args:
        visit: The request.
        person: The person.
        sources: Sending systems that know the person, comma-separated.
    """
    chosen = visit.services.settings.patient_record
    is_known = bool(chosen.url) and chosen.source in sources.split(",")
    return is_known and visit.may(Action.OPEN_PATIENT_RECORD, person)


def let_form_lead_out(visit: Visit, answer: Response) -> Response:
    """Let the button's form be answered by the patient record's origin: a browser holds redirects to the policy too."""
    origin = origin_of(visit.services.settings.patient_record.url)
    answer.headers["Content-Security-Policy"] = policy_with_forms_to(origin)
    return answer
