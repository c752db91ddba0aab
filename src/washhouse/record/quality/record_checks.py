"""What could be wrong with the record itself: orphans, impossible dates and sequences, gaps?

Each check is a condition over one kind of row, so that a kernel (`counting`) answers all of a kind in one pass of a
bucket. Only states that hold now are looked at: what a source has corrected is no fault any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from washhouse.record.quality.contract import Check

Rows = Literal["event", "part", "span", "life", "day", "person"]
"""`event`: states that hold, together by code and by whether they end; `part`: an event that belongs to another (its
parent), beside it; `span`: a stay beside the one before it; `life`: a person's events of one source; `day`: events of
one source that happened on one day; `person`: a person. Where a row stands for several events, it says how many."""

STAYS = "(family LIKE '%\\_SPELL' ESCAPE '\\' OR family LIKE '%\\_WARD' ESCAPE '\\')"
"""SQL condition of a stay, by the family of its code."""


@dataclass(frozen=True)
class RecordCheck:
    """A check over rows of the record.

    Attributes:
        check: What is declared of it.
        rows: Kind of row.
        fails: SQL condition that holds where the row breaks the check.
        among: SQL condition that holds for the rows that can be judged.
    """

    check: Check
    rows: Rows
    fails: str
    among: str = "true"


_MARGIN = "INTERVAL 31 DAY"
_ASK = "Ask the sender: the rows are told by the source and its batches; a corrected extract replaces them."

RECORD_CHECKS = (
    RecordCheck(
        Check(
            "event-without-person",
            "Events of nobody in the table of people",
            "conformance",
            "events",
            0.0,
            "stop",
            "Nobody outside can mend this: it is a fault of the build. Report it, and go back to the version before.",
        ),
        "life",
        "nobody",
    ),
    RecordCheck(
        Check(
            "orphan-part",
            "Parts whose whole is missing: a contact without its referral, a ward stay without its spell",
            "conformance",
            "events",
            0.005,
            "stop",
            "The sender left out the table, or the rows, that these belong to. Look at what was quarantined there, and "
            "ask for the missing table.",
        ),
        "part",
        "NOT found",
    ),
    RecordCheck(
        Check(
            "local-code",
            "Codes of no known vocabulary",
            "conformance",
            "events",
            0.05,
            "warn",
            "Ask the sender what the codes mean and extend the mapping, or have them send the national codes.",
        ),
        "event",
        "family = 'LOCAL' OR code NOT LIKE '%//%'",
    ),
    RecordCheck(
        Check(
            "birth-month-missing",
            "People without a month of birth",
            "completeness",
            "people",
            0.05,
            "warn",
            "Look at the source's column of the date of birth on the page Feeds: was it renamed or emptied?",
        ),
        "person",
        "birth_month IS NULL",
    ),
    RecordCheck(
        Check(
            "sex-missing",
            "People without a recorded sex",
            "completeness",
            "people",
            0.05,
            "warn",
            "Look at which source fell back: its column may have been renamed, or its codes changed.",
        ),
        "person",
        "sex = 'unknown'",
    ),
    RecordCheck(
        Check(
            "ethnicity-missing",
            "People without an ethnic category",
            "completeness",
            "people",
            0.2,
            "warn",
            "Inequality cannot be measured for them. Raise it with the practices whose share is highest.",
        ),
        "person",
        "ethnic_category IS NULL OR ethnic_category IN ('Z', '99')",
    ),
    RecordCheck(
        Check(
            "area-missing",
            "People without a small area",
            "completeness",
            "people",
            0.1,
            "warn",
            "The source sends postcodes without areas, or neither: ask for the small area (LSOA) beside the postcode.",
        ),
        "person",
        "small_area IS NULL",
    ),
    RecordCheck(
        Check(
            "practice-missing",
            "People without a practice",
            "completeness",
            "people",
            0.1,
            "warn",
            "They are known to other services only: their GP feed is missing, or they did not link to it.",
        ),
        "person",
        "practice IS NULL",
    ),
    RecordCheck(
        Check(
            "event-before-birth",
            "People with an event more than a month before their month of birth",
            "plausibility",
            "people",
            0.005,
            "stop",
            "A date of birth is wrong, a date is typed wrongly, or two people became one: look at link review. " + _ASK,
        ),
        "life",
        f"first < birth_month - {_MARGIN}",
        "birth_month IS NOT NULL AND first IS NOT NULL",
    ),
    RecordCheck(
        Check(
            "event-after-death",
            "People who died with an event more than 31 days after their death",
            "plausibility",
            "people",
            0.02,
            "stop",
            "A death is recorded of somebody who lives, or two people became one. Letters and closed registrations "
            "follow a death for some weeks; later events do not.",
        ),
        "life",
        f"last >= death_date + {_MARGIN}",
        "death_date IS NOT NULL AND last IS NOT NULL",
    ),
    RecordCheck(
        Check(
            "future-event",
            "Events after the day of the newest extract",
            "plausibility",
            "events",
            0.001,
            "stop",
            "Planned things are sent as if they had happened, or a clock or a year is wrong. " + _ASK,
        ),
        "day",
        "day >= as_of + INTERVAL 2 DAY",
        "day IS NOT NULL AND as_of IS NOT NULL",
    ),
    RecordCheck(
        Check(
            "discharge-before-admission",
            "Stays that end before they begin",
            "plausibility",
            "events",
            0.001,
            "stop",
            "Start and end are swapped, or their columns are. " + _ASK,
        ),
        "event",
        "backwards",
        f"ended AND {STAYS}",
    ),
    RecordCheck(
        Check(
            "ended-before-begun",
            "Other things that end before they begin: referrals, services, registrations",
            "plausibility",
            "events",
            0.001,
            "stop",
            "Start and end are swapped, or their columns are. " + _ASK,
        ),
        "event",
        "backwards",
        f"ended AND NOT {STAYS}",
    ),
    RecordCheck(
        Check(
            "contact-after-discharge",
            "Contacts more than a week after their referral was closed",
            "plausibility",
            "events",
            0.02,
            "stop",
            "Referrals are closed too early, or contacts are written to the wrong referral. Raise it with the team.",
        ),
        "part",
        "time > ends + INTERVAL 7 DAY",
        "found AND family LIKE '%\\_CONTACT' ESCAPE '\\' AND time IS NOT NULL",
    ),
    RecordCheck(
        Check(
            "part-before-whole",
            "Parts more than a day before the thing that they belong to",
            "plausibility",
            "events",
            0.01,
            "stop",
            "Contacts before their referral, diagnoses before their stay: dates are typed wrongly, or ids are reused.",
        ),
        "part",
        "time < starts - INTERVAL 1 DAY",
        "found AND time IS NOT NULL AND starts IS NOT NULL",
    ),
    RecordCheck(
        Check(
            "stay-within-stay",
            "Stays that begin more than a day before an earlier one of the same service has ended",
            "plausibility",
            "events",
            0.02,
            "warn",
            "Nobody lies in two beds: a discharge was not sent, or two people became one. " + _ASK,
        ),
        "span",
        "time < earlier_end - INTERVAL 1 DAY",
        "earlier_end IS NOT NULL",
    ),
    RecordCheck(
        Check(
            "death-before-birth",
            "People whose death lies before their birth",
            "plausibility",
            "people",
            0.0001,
            "stop",
            "One of the two dates is wrong, or two people became one: look at link review. " + _ASK,
        ),
        "person",
        "death_date < birth_month",
        "death_date IS NOT NULL AND birth_month IS NOT NULL",
    ),
    RecordCheck(
        Check(
            "older-than-anybody",
            "People older than 115 years whose death is not recorded",
            "plausibility",
            "people",
            0.001,
            "warn",
            "A default such as 1 January 1900 stands for an unknown date of birth, or a death was never sent.",
        ),
        "person",
        "birth_month < newest - INTERVAL 115 YEAR",
        "birth_month IS NOT NULL AND death_date IS NULL",
    ),
)
"""Every check over rows of the record. The limits are our own: about ten times what the invented city shows, whose
senders make the mistakes of docs/explanation/invented-city.md; a site sets its own (docs/how-to/check-quality.md)."""
