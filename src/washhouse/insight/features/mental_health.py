"""Which features come from the mental-health services' own data?"""

from __future__ import annotations

from washhouse.insight.codelists import (
    ACCOMMODATION,
    ATTENDED_CONTACT,
    CANCELLED_CONTACT,
    COORDINATOR,
    DETENTION,
    EMPLOYMENT,
    HOMELESS,
    HONOS,
    HONOS_ITEMS,
    HOSPITAL_SPELL,
    MISSED_CONTACT,
    NOT_WORKING,
    PLACE_OF_SAFETY,
    REFERRAL,
)
from washhouse.insight.features.contract import Events, Feature, Theme, Window
from washhouse.insight.features.phrases import count_feature, days_feature

CRISIS = Events("crisis", codelist=None, derive="crisis")
CONTACT = Events("contact", ATTENDED_CONTACT)
MISSED = Events("missed-contact", MISSED_CONTACT)
CANCELLED = Events("cancelled-contact", CANCELLED_CONTACT)
REFERRED = Events("referral", REFERRAL)
SPELL = Events("hospital-spell", HOSPITAL_SPELL)
DETAINED = Events("detention", DETENTION)
SAFETY = Events("place-of-safety", PLACE_OF_SAFETY)
MOVED = Events("accommodation-change", ACCOMMODATION, derive="change")
HOUSED = Events("homeless", ACCOMMODATION, derive="is", other=HOMELESS)
JOB_CHANGED = Events("employment-change", EMPLOYMENT, derive="change")
JOBLESS = Events("not-working", EMPLOYMENT, derive="is", other=NOT_WORKING)
COORDINATED = Events("care-coordinator", COORDINATOR)
HONOS_TOTAL = Events("honos-total", HONOS, derive="total", at_least=10)

PAST_CRISES = Theme("crises", "Earlier crisis care")
CONTACTS = Theme("contacts", "Contacts")
MISSED_CONTACTS = Theme("missed-contacts", "Missed contacts")
CANCELLED_CONTACTS = Theme("cancelled-contacts", "Cancelled contacts")
REFERRALS = Theme("referrals", "Referrals")
SECTIONS = Theme("mental-health-act", "Mental Health Act")
HOME = Theme("accommodation", "Accommodation")
WORK = Theme("employment", "Employment")
CARE_TEAM = Theme("care-coordinator", "Care co-ordinator")
OUTCOME_SCORES = Theme("honos", "HoNOS")

_MONTH, _QUARTER, _YEAR, _THREE_YEARS = Window(28), Window(90), Window(365), Window(1095)


def _item(position: int, words: str) -> Feature:
    return Feature(
        f"honos_item_{position}",
        OUTCOME_SCORES,
        Events(f"honos-item-{position}", HONOS_ITEMS[position]),
        "latest",
        "number",
        f"HoNOS {words}: {{value}} of 4",
    )


FEATURES = (
    days_feature("days_since_crisis", PAST_CRISES, CRISIS, "Last started crisis care"),
    count_feature(
        "crises_365d", PAST_CRISES, CRISIS, _YEAR, "Started crisis care once", "Started crisis care {value} times"
    ),
    count_feature(
        "crises_1095d",
        PAST_CRISES,
        CRISIS,
        _THREE_YEARS,
        "Started crisis care once",
        "Started crisis care {value} times",
    ),
    days_feature("days_since_admission", PAST_CRISES, SPELL, "Last mental-health admission began"),
    days_feature("days_since_contact", CONTACTS, CONTACT, "Last contact"),
    count_feature("contacts_28d", CONTACTS, CONTACT, _MONTH, "{value} contact", "{value} contacts"),
    count_feature("contacts_90d", CONTACTS, CONTACT, _QUARTER, "{value} contact", "{value} contacts"),
    count_feature("contacts_365d", CONTACTS, CONTACT, _YEAR, "{value} contact", "{value} contacts"),
    days_feature("days_since_missed_contact", MISSED_CONTACTS, MISSED, "Last missed a contact"),
    count_feature("missed_28d", MISSED_CONTACTS, MISSED, _MONTH, "Missed {value} contact", "Missed {value} contacts"),
    count_feature("missed_90d", MISSED_CONTACTS, MISSED, _QUARTER, "Missed {value} contact", "Missed {value} contacts"),
    count_feature("missed_365d", MISSED_CONTACTS, MISSED, _YEAR, "Missed {value} contact", "Missed {value} contacts"),
    count_feature(
        "cancelled_28d",
        CANCELLED_CONTACTS,
        CANCELLED,
        _MONTH,
        "{value} contact cancelled",
        "{value} contacts cancelled",
    ),
    count_feature(
        "cancelled_90d",
        CANCELLED_CONTACTS,
        CANCELLED,
        _QUARTER,
        "{value} contact cancelled",
        "{value} contacts cancelled",
    ),
    count_feature(
        "cancelled_365d",
        CANCELLED_CONTACTS,
        CANCELLED,
        _YEAR,
        "{value} contact cancelled",
        "{value} contacts cancelled",
    ),
    days_feature("days_since_referral", REFERRALS, REFERRED, "Last referred to a mental-health team"),
    count_feature(
        "referrals_365d",
        REFERRALS,
        REFERRED,
        _YEAR,
        "Referred to {value} mental-health team",
        "Referred to {value} mental-health teams",
    ),
    Feature("open_referrals", REFERRALS, REFERRED, "open", "count", "{value} open referral|{value} open referrals"),
    days_feature("days_since_detention", SECTIONS, DETAINED, "Last detained under the Mental Health Act"),
    count_feature(
        "detentions_1095d",
        SECTIONS,
        DETAINED,
        _THREE_YEARS,
        "Detained under the Mental Health Act once",
        "Detained under the Mental Health Act {value} times",
    ),
    count_feature(
        "place_of_safety_365d",
        SECTIONS,
        SAFETY,
        _YEAR,
        "Taken to a place of safety once",
        "Taken to a place of safety {value} times",
    ),
    days_feature("days_since_move", HOME, MOVED, "Accommodation changed"),
    count_feature(
        "moves_365d", HOME, MOVED, _YEAR, "Accommodation changed once", "Accommodation changed {value} times"
    ),
    Feature("is_homeless", HOME, HOUSED, "latest", "flag", "Homeless or in temporary accommodation"),
    days_feature("days_since_job_change", WORK, JOB_CHANGED, "Employment changed"),
    count_feature(
        "job_changes_365d", WORK, JOB_CHANGED, _YEAR, "Employment changed once", "Employment changed {value} times"
    ),
    Feature("is_not_working", WORK, JOBLESS, "latest", "flag", "Out of work or long-term sick"),
    days_feature("days_since_coordinator_change", CARE_TEAM, COORDINATED, "A care co-ordinator was last assigned"),
    count_feature(
        "coordinators_365d",
        CARE_TEAM,
        COORDINATED,
        _YEAR,
        "{value} care co-ordinator assigned",
        "{value} care co-ordinators assigned",
    ),
    Feature("honos_total", OUTCOME_SCORES, HONOS_TOTAL, "latest", "number", "HoNOS total {value} of 48"),
    days_feature("days_since_honos", OUTCOME_SCORES, HONOS_TOTAL, "Last HoNOS rating", is_reason=False),
    _item(1, "overactive, aggressive or agitated behaviour"),
    _item(3, "problem drinking or drug-taking"),
    _item(6, "hallucinations and delusions"),
    _item(7, "depressed mood"),
    _item(9, "relationships"),
    _item(10, "activities of daily living"),
    _item(11, "living conditions"),
)
