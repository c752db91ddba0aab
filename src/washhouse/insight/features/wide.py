"""Which features does a model see that can weigh hundreds: every kind of events, over every window?

A linear model gains nothing from windows inside windows; trees choose among them. Each family is declared once; a
feature that a narrower list has already declared is not declared again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from washhouse.insight.codelists import CARE_ASSESSMENT, CODED_ENTRY, HOSPITAL_STAY, MEDICINE, PRACTICE, REFERRAL
from washhouse.insight.features import linked, mental_health
from washhouse.insight.features.contract import Events, Feature, Theme, Window
from washhouse.insight.features.phrases import count_feature, days_feature

WINDOWS_DAYS = (14, 28, 90, 180, 365, 730)

GP = Theme("general-practice", "General practice")
MEDICINES = Theme("medicines", "Medicines")
HOSPITAL = Theme("hospital", "Hospital stays")


@dataclass(frozen=True)
class Family:
    """One kind of events: how often in each window, and how long ago.

    Attributes:
        stem: Beginning of the names of counts, e.g. `missed` of `missed_28d`.
        since: Name of the days since the newest.
        theme: What it belongs to in reasons.
        events: The events.
        one: One event in words.
        many: More, with `{value}`.
        last: The newest in words; `{value} days ago` follows.
    """

    stem: str
    since: str
    theme: Theme
    events: Events
    one: str
    many: str
    last: str


FAMILIES = (
    Family(
        "crises",
        "days_since_crisis",
        mental_health.PAST_CRISES,
        mental_health.CRISIS,
        "Started crisis care once",
        "Started crisis care {value} times",
        "Last started crisis care",
    ),
    Family(
        "mental_health_stays",
        "days_since_admission",
        mental_health.PAST_CRISES,
        mental_health.SPELL,
        "Admitted to a mental-health ward once",
        "Admitted to a mental-health ward {value} times",
        "Last mental-health admission began",
    ),
    Family(
        "contacts",
        "days_since_contact",
        mental_health.CONTACTS,
        mental_health.CONTACT,
        "{value} contact",
        "{value} contacts",
        "Last contact",
    ),
    Family(
        "missed",
        "days_since_missed_contact",
        mental_health.MISSED_CONTACTS,
        mental_health.MISSED,
        "Missed {value} contact",
        "Missed {value} contacts",
        "Last missed a contact",
    ),
    Family(
        "cancelled",
        "days_since_cancelled_contact",
        mental_health.CANCELLED_CONTACTS,
        mental_health.CANCELLED,
        "{value} contact cancelled",
        "{value} contacts cancelled",
        "Last contact was cancelled",
    ),
    Family(
        "referrals",
        "days_since_referral",
        mental_health.REFERRALS,
        mental_health.REFERRED,
        "Referred to {value} mental-health team",
        "Referred to {value} mental-health teams",
        "Last referred to a mental-health team",
    ),
    Family(
        "team_changes",
        "days_since_team_change",
        mental_health.REFERRALS,
        Events("team-change", REFERRAL, derive="change"),
        "Referred to another kind of team once",
        "Referred to another kind of team {value} times",
        "Last referred to another kind of team",
    ),
    Family(
        "detentions",
        "days_since_detention",
        mental_health.SECTIONS,
        mental_health.DETAINED,
        "Detained under the Mental Health Act once",
        "Detained under the Mental Health Act {value} times",
        "Last detained under the Mental Health Act",
    ),
    Family(
        "place_of_safety",
        "days_since_place_of_safety",
        mental_health.SECTIONS,
        mental_health.SAFETY,
        "Taken to a place of safety once",
        "Taken to a place of safety {value} times",
        "Last taken to a place of safety",
    ),
    Family(
        "moves",
        "days_since_move",
        mental_health.HOME,
        mental_health.MOVED,
        "Accommodation changed once",
        "Accommodation changed {value} times",
        "Accommodation changed",
    ),
    Family(
        "job_changes",
        "days_since_job_change",
        mental_health.WORK,
        mental_health.JOB_CHANGED,
        "Employment changed once",
        "Employment changed {value} times",
        "Employment changed",
    ),
    Family(
        "coordinators",
        "days_since_coordinator_change",
        mental_health.CARE_TEAM,
        mental_health.COORDINATED,
        "{value} care co-ordinator assigned",
        "{value} care co-ordinators assigned",
        "A care co-ordinator was last assigned",
    ),
    Family(
        "emergency",
        "days_since_emergency",
        linked.EMERGENCY,
        linked.ATTENDED,
        "Went to A&E once",
        "Went to A&E {value} times",
        "Last went to A&E",
    ),
    Family(
        "mental_health_emergency",
        "days_since_mental_health_emergency",
        linked.EMERGENCY,
        linked.FOR_MIND,
        "Went to A&E for mental health once",
        "Went to A&E for mental health {value} times",
        "Last went to A&E for mental health",
    ),
    Family(
        "ambulance",
        "days_since_ambulance",
        linked.EMERGENCY,
        linked.BY_AMBULANCE,
        "Taken to A&E by ambulance once",
        "Taken to A&E by ambulance {value} times",
        "Last taken to A&E by ambulance",
    ),
    Family(
        "emergency_admissions",
        "days_since_emergency_admission",
        linked.EMERGENCY,
        linked.ADMITTED,
        "Admitted to hospital as an emergency once",
        "Admitted to hospital as an emergency {value} times",
        "Last admitted to hospital as an emergency",
    ),
    Family(
        "hospital_stays",
        "days_since_hospital_stay",
        HOSPITAL,
        Events("hospital-stay", HOSPITAL_STAY),
        "{value} hospital stay",
        "{value} hospital stays",
        "Last hospital stay began",
    ),
    Family(
        "coded_entries",
        "days_since_coded_entry",
        GP,
        Events("coded-entry", CODED_ENTRY),
        "{value} coded entry on the GP record",
        "{value} coded entries on the GP record",
        "Last coded entry on the GP record",
    ),
    Family(
        "registrations",
        "days_since_registration",
        GP,
        Events("gp-registration", PRACTICE),
        "Registered with a practice once",
        "Registered with a practice {value} times",
        "Last registered with a practice",
    ),
    Family(
        "medicines",
        "days_since_medicine",
        MEDICINES,
        Events("medicine", MEDICINE),
        "{value} medicine issued",
        "{value} medicines issued",
        "Last medicine issued",
    ),
    Family(
        "antipsychotics",
        "days_since_antipsychotic",
        linked.MEDICINES,
        linked.PRESCRIBED,
        "{value} antipsychotic prescription",
        "{value} antipsychotic prescriptions",
        "Last antipsychotic prescription",
    ),
    Family(
        "care_requests",
        "days_since_care_request",
        linked.SOCIAL_CARE,
        linked.ASKED,
        "Asked for social care once",
        "Asked for social care {value} times",
        "Last asked for social care",
    ),
    Family(
        "care_assessments",
        "days_since_care_assessment",
        linked.SOCIAL_CARE,
        Events("care-assessment", CARE_ASSESSMENT),
        "Assessed for social care once",
        "Assessed for social care {value} times",
        "Last assessed for social care",
    ),
    Family(
        "unplanned_care_reviews",
        "days_since_unplanned_care_review",
        linked.SOCIAL_CARE,
        linked.REVIEWED,
        "Social care reviewed unplanned once",
        "Social care reviewed unplanned {value} times",
        "Social care last reviewed unplanned",
    ),
)


def widen(declared: Iterable[Feature], families: Iterable[Family] = FAMILIES) -> Iterator[Feature]:
    """Features of families that are not among those declared already.

    Args:
        declared: What is declared already, by name.
        families: The families.

    Yields:
        Counts over `WINDOWS_DAYS` and days since the newest, for each family.
    """
    names = {feature.name for feature in declared}
    for each in families:
        if each.since not in names:
            yield days_feature(each.since, each.theme, each.events, each.last)
        for days in WINDOWS_DAYS:
            name = f"{each.stem}_{days}d"
            if name not in names:
                yield count_feature(name, each.theme, each.events, Window(days), each.one, each.many)
