"""What do the words on the pages mean, and what is the list for?"""

from __future__ import annotations

from starlette.responses import Response

from washhouse.web.shell.respond import render
from washhouse.web.shell.visit import Visit

WORDS = (
    ("As-of date", "The day up to which a source's data reaches. Nothing later is known from that source."),
    (
        "Caseload",
        "The people whose care a co-ordinator holds today, as the mental health system records it. "
        "It cannot be typed in here.",
    ),
    (
        "Crisis",
        "Admission to a psychiatric hospital that was neither planned nor a transfer, or a first attended contact "
        "with a crisis resolution and home treatment team.",
    ),
    (
        "Risk",
        "How many of 25 people with the same recorded history the model expects to have a crisis within 28 days. "
        "It orders whom to review first, and says nothing about why one person will or will not.",
    ),
    (
        "Interval",
        "The range in which the true share lies with 95 % confidence, as far as the model's own data can say.",
    ),
    (
        "Tie",
        "What ties a person to another, or to those who care for them, as services recorded it: a carer, a shared "
        "home, telephone or address, a team. It may be out of date.",
    ),
    ("Household", "People with one home now. Care homes, hostels and other places of unrelated people are none."),
    ("Quarantine", "Lines that were set aside because a key field cannot be read. They are kept, encrypted."),
    ("Warning", "A line that was kept although something in it is not as the standard says."),
    ("Version", "Everything one run published together. A page never mixes two versions."),
    ("Purpose", "What you look at data for, declared at sign-in and written down with every look."),
)
"""Words of the pages and what they mean."""


def show_help(visit: Visit) -> Response:
    """Explain the list, its limits and its words; the same for everybody."""
    return render(visit, "shell/help.html", words=WORDS)
