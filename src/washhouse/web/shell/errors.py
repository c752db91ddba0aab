"""What does a visitor see, and what is written down, when a page cannot be shown?

Pages and logs carry a reference, never a message of the failure itself: it could quote a value.
"""

from __future__ import annotations

import logging
import secrets
import traceback
from dataclasses import dataclass

from starlette.responses import Response

from washhouse.core.errors import RefusedError
from washhouse.web.shell.respond import render
from washhouse.web.shell.visit import Visit

logger = logging.getLogger("washhouse.web")


@dataclass(frozen=True)
class Problem:
    """An error page.

    Attributes:
        status: HTTP status.
        title: Heading.
        text: What happened, in plain words.
        advice: What to do now.
    """

    status: int
    title: str
    text: str
    advice: str


NOT_FOUND = Problem(
    404, "Page not found", "There is no page at this address.", "Check the address, or start from the home page."
)
NOT_PERMITTED = Problem(
    403,
    "You may not see this",
    "Your role and care relationships do not cover what you asked for. The attempt has been written down.",
    "If you care for this person, check that the assignment is recorded in the mental health system.",
)
WRONG_FORM = Problem(
    403,
    "This form has expired",
    "The form did not come from a page of your present session. Nothing was saved.",
    "Go back, reload the page and try again.",
)
WRONG_INPUT = Problem(
    400,
    "That cannot be used",
    "What was sent makes no sense here. Nothing was saved.",
    "Go back, check what you filled in and try again.",
)
WRONG_METHOD = Problem(405, "That does not work here", "This address cannot be used in this way.", "Go back.")
TOO_MANY = Problem(
    429, "Too many attempts", "There were too many sign-in attempts from your address.", "Wait five minutes."
)
TOO_LARGE = Problem(413, "That was too long", "The form was larger than this service accepts.", "Shorten it.")
NOTHING_PUBLISHED = Problem(
    503,
    "Nothing is published yet",
    "This home holds no published version, so there is nothing to show.",
    "Run `washhouse run` on an inbox, then reload this page.",
)
BROKEN_HOME = Problem(
    503,
    "The data cannot be read just now",
    "The home, its vault or the desk cannot be read. Nothing was shown and nothing was saved.",
    "Try again in a minute, then tell whoever runs this service.",
)
FAILED = Problem(
    500,
    "Sorry, there is a problem with this page",
    "Something went wrong on our side. Nothing was saved.",
    "Try again in a minute, then tell whoever runs this service the reference below.",
)
CLOSED_RECORD = Problem(
    403,
    "Emergency access does not reach this record",
    "This record is kept to those who care for the person. Nothing was opened. The attempt has been written down.",
    "Ring the team that cares for the person, or whoever is on call for it.",
)
TOO_MANY_EMERGENCIES = Problem(
    403,
    "You have opened many records in emergencies",
    "You have opened as many records in a day as one user may. Nothing was opened. The attempt has been written down.",
    "Ask a colleague to open it, and tell whoever manages your team.",
)
OWN_ACCESS = Problem(
    403, "You may not review your own access", "Somebody else says whether it was right. Nothing was saved.", "Go back."
)
REFUSALS = {
    "grant-expired": WRONG_FORM,
    "emergency-access-closed": CLOSED_RECORD,
    "emergency-access-limit": TOO_MANY_EMERGENCIES,
    "own-emergency-access": OWN_ACCESS,
}


def show_problem(visit: Visit, problem: Problem, reference: str = "") -> Response:
    """Answer with an error page."""
    return render(visit, "shell/problem.html", status=problem.status, problem=problem, reference=reference)


def show_refusal(visit: Visit, refusal: RefusedError) -> Response:
    """Answer a refusal; the rule that refused is named on the page by its code only."""
    return show_problem(visit, REFUSALS.get(refusal.code, NOT_PERMITTED), reference=refusal.code)


def show_failure(visit: Visit, failure: Exception, problem: Problem = FAILED) -> Response:
    """Answer a failure with a reference under which it is logged."""
    return show_problem(visit, problem, log_failure(failure))


def log_failure(failure: Exception) -> str:
    """Log where a failure happened, and return the reference under which it stands."""
    reference = secrets.token_hex(4)
    places = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(failure.__traceback__)[-6:]]
    logger.error("%s %s at %s", reference, type(failure).__name__, " > ".join(places))
    return reference
