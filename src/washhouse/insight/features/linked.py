"""Which features come only from a linked record: hospital, GP and social care?"""

from __future__ import annotations

from washhouse.insight.codelists import (
    ALCOHOL_MISUSE,
    AMBULANCE_ARRIVAL,
    ANTIPSYCHOTIC,
    CARE_REQUEST,
    CARE_SERVICE,
    DEPRESSION,
    EMERGENCY_ADMISSION,
    EMERGENCY_ATTENDANCE,
    MENTAL_HEALTH_ATTENDANCE,
    SEVERE_MENTAL_ILLNESS,
    UNPLANNED_CARE_REVIEW,
)
from washhouse.insight.features.contract import Events, Feature, Theme, Window
from washhouse.insight.features.phrases import count_feature, days_feature, ever_feature

ATTENDED = Events("emergency-attendance", EMERGENCY_ATTENDANCE)
FOR_MIND = Events("mental-health-attendance", MENTAL_HEALTH_ATTENDANCE)
BY_AMBULANCE = Events("ambulance-arrival", AMBULANCE_ARRIVAL)
ADMITTED = Events("emergency-admission", EMERGENCY_ADMISSION)
SMI = Events("severe-mental-illness", SEVERE_MENTAL_ILLNESS)
DEPRESSED = Events("depression", DEPRESSION)
DRINKING = Events("alcohol-misuse", ALCOHOL_MISUSE)
PRESCRIBED = Events("antipsychotic", ANTIPSYCHOTIC)
ASKED = Events("care-request", CARE_REQUEST)
SERVED = Events("care-service", CARE_SERVICE)
REVIEWED = Events("unplanned-care-review", UNPLANNED_CARE_REVIEW)

EMERGENCY = Theme("emergency-care", "Emergency care")
CONDITIONS = Theme("conditions", "Conditions")
MEDICINES = Theme("antipsychotics", "Antipsychotic medicines")
SOCIAL_CARE = Theme("social-care", "Social care")

FEATURES = (
    days_feature("days_since_emergency", EMERGENCY, ATTENDED, "Last went to A&E"),
    count_feature("emergency_28d", EMERGENCY, ATTENDED, Window(28), "Went to A&E once", "Went to A&E {value} times"),
    count_feature("emergency_90d", EMERGENCY, ATTENDED, Window(90), "Went to A&E once", "Went to A&E {value} times"),
    count_feature("emergency_365d", EMERGENCY, ATTENDED, Window(365), "Went to A&E once", "Went to A&E {value} times"),
    days_feature("days_since_mental_health_emergency", EMERGENCY, FOR_MIND, "Last went to A&E for mental health"),
    count_feature(
        "mental_health_emergency_90d",
        EMERGENCY,
        FOR_MIND,
        Window(90),
        "Went to A&E for mental health once",
        "Went to A&E for mental health {value} times",
    ),
    count_feature(
        "ambulance_365d",
        EMERGENCY,
        BY_AMBULANCE,
        Window(365),
        "Taken to A&E by ambulance once",
        "Taken to A&E by ambulance {value} times",
    ),
    count_feature(
        "emergency_admissions_365d",
        EMERGENCY,
        ADMITTED,
        Window(365),
        "Admitted to hospital as an emergency once",
        "Admitted to hospital as an emergency {value} times",
    ),
    ever_feature("ever_severe_mental_illness", CONDITIONS, SMI, "Severe mental illness on the GP record"),
    ever_feature("ever_depression", CONDITIONS, DEPRESSED, "Depression on the record"),
    ever_feature("ever_alcohol_misuse", CONDITIONS, DRINKING, "Alcohol misuse on the record"),
    days_feature("days_since_antipsychotic", MEDICINES, PRESCRIBED, "Last antipsychotic prescription", shape="gap"),
    count_feature(
        "antipsychotics_90d",
        MEDICINES,
        PRESCRIBED,
        Window(90),
        "{value} antipsychotic prescription",
        "{value} antipsychotic prescriptions",
    ),
    count_feature(
        "antipsychotics_91d_to_365d",
        MEDICINES,
        PRESCRIBED,
        Window(365, 91),
        "{value} antipsychotic prescription",
        "{value} antipsychotic prescriptions",
        is_reason=False,
    ),
    days_feature("days_since_care_request", SOCIAL_CARE, ASKED, "Last asked for social care"),
    Feature(
        "open_care_services",
        SOCIAL_CARE,
        SERVED,
        "open",
        "count",
        "{value} social care service|{value} social care services",
    ),
    count_feature(
        "unplanned_care_reviews_365d",
        SOCIAL_CARE,
        REVIEWED,
        Window(365),
        "Social care reviewed unplanned once",
        "Social care reviewed unplanned {value} times",
    ),
)
