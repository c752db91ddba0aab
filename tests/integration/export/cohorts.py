"""Cohort definitions as ATLAS writes them, and the same questions in SQL over the record's own events.

The SQL speaks of `happened`: current events (`subject_id, day, code, family, numeric_value, parent_ref`) of people with
a year of birth, `watched`: the first day that anything is known of each, and `born`: their year of birth and sex.
"""

from __future__ import annotations

from typing import Any

Definition = dict[str, Any]

# Criteria of Circe, and the field of each that takes a set of source concepts.
SOURCE = {
    "ConditionOccurrence": "ConditionSourceConcept",
    "DrugExposure": "DrugSourceConcept",
    "Measurement": "MeasurementSourceConcept",
    "Observation": "ObservationSourceConcept",
    "ProcedureOccurrence": "ProcedureSourceConcept",
    "VisitOccurrence": "VisitSourceConcept",
}
STANDARD = (9201, 9202, 9203)
FEMALE = [{"CONCEPT_ID": 8532, "CONCEPT_NAME": "FEMALE"}]


def at_least(value: float) -> dict[str, Any]:
    return {"Value": value, "Op": "gte"}


def rule(kind: str, of: int, days_before: int, days_after: int, occurrence: tuple[int, int]) -> dict[str, Any]:
    """So many events of a set within days before and after."""
    window = {
        "Start": {"Days": days_before, "Coeff": -1},
        "End": {"Days": days_after, "Coeff": -1 if days_after < 0 else 1},
        "UseEventEnd": False,
    }
    window["End"]["Days"] = abs(days_after)
    counted = {"Type": occurrence[0], "Count": occurrence[1], "IsDistinct": False}
    criteria = {"Criteria": {kind: {SOURCE[kind]: of}}, "StartWindow": window, "Occurrence": counted}
    return {"name": "rule", "expression": _group(criteria)}


def _group(*criteria: dict[str, Any]) -> dict[str, Any]:
    return {"Type": "ALL", "CriteriaList": list(criteria), "DemographicCriteriaList": [], "Groups": []}


def define(
    kind: str, sets: list[list[int]], *, prior_days: int = 0, rules: tuple[dict[str, Any], ...] = (), **more: Any
) -> Definition:
    """First event of a kind, of the first set of concepts (if there is one), that keeps every rule."""
    of = {} if not sets else {"CodesetId": 0} if sets[0][0] in STANDARD else {SOURCE[kind]: 0}
    criteria = {**of, **more}
    return {
        "ConceptSets": [
            {
                "id": number,
                "name": f"set {number}",
                "expression": {
                    "items": [
                        {
                            "concept": {"CONCEPT_ID": one},
                            "isExcluded": False,
                            "includeDescendants": False,
                            "includeMapped": False,
                        }
                        for one in concepts
                    ]
                },
            }
            for number, concepts in enumerate(sets)
        ],
        "PrimaryCriteria": {
            "CriteriaList": [{kind: criteria}],
            "ObservationWindow": {"PriorDays": prior_days, "PostDays": 0},
            "PrimaryCriteriaLimit": {"Type": "All"},
        },
        "QualifiedLimit": {"Type": "All"},
        "ExpressionLimit": {"Type": "First"},
        "InclusionRules": list(rules),
        "CensoringCriteria": [],
        "CollapseSettings": {"CollapseType": "ERA", "EraPad": 0},
        "CensorWindow": {},
    }


HBA1C, SYSTOLIC, METFORMIN = "SNOMED//999791000000106", "SNOMED//271649006", "DMD//325278007"
SERTRALINE, ATORVASTATIN = "DMD//39704111000001102", "DMD//320030001"
SELF_INJURY_FREE = "HONOS//979641000000103"
IN_HOSPITAL = "parent_ref IS NOT NULL AND numeric_value IS NULL"


def first(where: str) -> str:
    return f"SELECT subject_id, min(day) FROM happened WHERE {where} GROUP BY 1"


# Name: kind of event, event codes (or standard concepts) of each concept set, further criteria, and the SQL.
COHORTS: dict[str, tuple[str, list[list[str | int]], dict[str, Any], str]] = {
    "emergency attendance": ("VisitOccurrence", [[9203]], {}, first("family = 'ECDS_ATTENDANCE'")),
    "any hospital stay": ("VisitOccurrence", [[9201]], {}, first("family IN ('APC_SPELL', 'MHS_SPELL')")),
    "kept contact": ("VisitOccurrence", [[9202]], {}, first("code IN ('MHS_CONTACT//5', 'MHS_CONTACT//6')")),
    "emergency admission": (
        "VisitOccurrence",
        [["APC_SPELL//21"]],
        {},
        first("code = 'APC_SPELL//21'"),
    ),
    "attendance after a year of watching": (
        "VisitOccurrence",
        [[9203]],
        {"prior_days": 365},
        "SELECT subject_id, min(day) FROM happened JOIN watched USING (subject_id) "
        "WHERE family = 'ECDS_ATTENDANCE' AND since + 365 <= day GROUP BY 1",
    ),
    "diabetes on the ward": ("ConditionOccurrence", [["ICD10//E119"]], {}, first("code = 'ICD10//E119'")),
    "stroke or hip fracture": (
        "ConditionOccurrence",
        [["ICD10//I639", "ICD10//S720"]],
        {},
        first("code IN ('ICD10//I639', 'ICD10//S720')"),
    ),
    "asthma in an emergency department": (
        "ConditionOccurrence",
        [["SNOMED//195967001"]],
        {},
        first(f"code = 'SNOMED//195967001' AND {IN_HOSPITAL}"),
    ),
    "sertraline": ("DrugExposure", [[SERTRALINE]], {}, first(f"code = '{SERTRALINE}'")),
    "metformin from 2026 on": (
        "DrugExposure",
        [[METFORMIN]],
        {"OccurrenceStartDate": {"Value": "2026-01-01", "Op": "gte"}},
        first(f"code = '{METFORMIN}' AND day >= DATE '2026-01-01'"),
    ),
    "women of 65 on a statin": (
        "DrugExposure",
        [[ATORVASTATIN]],
        {"Age": at_least(65), "Gender": FEMALE},
        "SELECT subject_id, min(day) FROM happened JOIN born USING (subject_id) "
        f"WHERE code = '{ATORVASTATIN}' AND sex = 'female' AND year(day) - birth_year >= 65 GROUP BY 1",
    ),
    "high HbA1c": (
        "Measurement",
        [[HBA1C]],
        {"ValueAsNumber": at_least(48)},
        first(f"code = '{HBA1C}' AND numeric_value >= 48"),
    ),
    "systolic 140 to 160": (
        "Measurement",
        [[SYSTOLIC]],
        {"ValueAsNumber": {"Value": 140, "Extent": 160, "Op": "bt"}},
        first(f"code = '{SYSTOLIC}' AND numeric_value BETWEEN 140 AND 160"),
    ),
    "overactive behaviour rated 2 or more": (
        "Measurement",
        [[SELF_INJURY_FREE]],
        {"ValueAsNumber": at_least(2)},
        first(f"code = '{SELF_INJURY_FREE}' AND numeric_value >= 2"),
    ),
    "cataract or hernia operation": (
        "ProcedureOccurrence",
        [["OPCS4//C712", "OPCS4//T202"]],
        {},
        first("code IN ('OPCS4//C712', 'OPCS4//T202')"),
    ),
    "referred to the crisis team": ("Observation", [["MHS_REFERRAL//A02"]], {}, first("code = 'MHS_REFERRAL//A02'")),
    "missed contact": ("Observation", [["MHS_CONTACT//3"]], {}, first("code = 'MHS_CONTACT//3'")),
    "died": ("Death", [], {}, "SELECT subject_id, death FROM born WHERE death IS NOT NULL"),
    "metformin within 90 days of a high HbA1c": (
        "Measurement",
        [[HBA1C], [METFORMIN]],
        {"ValueAsNumber": at_least(48), "rules": (rule("DrugExposure", 1, 0, 90, (2, 1)),)},
        f"""SELECT subject_id, min(day) FROM happened AS h WHERE code = '{HBA1C}' AND numeric_value >= 48
            AND EXISTS (FROM happened AS d WHERE d.subject_id = h.subject_id AND d.code = '{METFORMIN}'
                        AND d.day BETWEEN h.day AND h.day + 90) GROUP BY 1""",
    ),
    "first statin without metformin in the half year before": (
        "DrugExposure",
        [[ATORVASTATIN], [METFORMIN]],
        {"rules": (rule("DrugExposure", 1, 180, 0, (0, 0)),)},
        f"""SELECT subject_id, min(day) FROM happened AS h WHERE code = '{ATORVASTATIN}'
            AND NOT EXISTS (FROM happened AS d WHERE d.subject_id = h.subject_id AND d.code = '{METFORMIN}'
                            AND d.day BETWEEN h.day - 180 AND h.day) GROUP BY 1""",
    ),
}
