"""Which entries and prescriptions does each condition bring a practice, and how often?

References:
    Yearly reviews and tests: the checks of the Quality and Outcomes Framework. Shares on each treatment: first choices
    of NICE NG28, NG136 and CG90, rounded.
"""

from __future__ import annotations

import numpy as np

from washhouse.synthetic.codes import DIAGNOSES, DRUGS, EVENTS, MEASURES, SMOKING, SYMPTOMS

MEASURE_AT = {name: number for number, name in enumerate(MEASURES)}
JOURNAL_CODES: tuple[str, ...] = (
    *(code.snomed for code in MEASURES.values()),
    *SMOKING,
    *EVENTS,
    *SYMPTOMS,
    *(code for codes in DIAGNOSES.values() for code in codes),
)
"""Every code of the journal; entries hold indexes into it."""

JOURNAL_UNITS: tuple[str | None, ...] = tuple(c.unit for c in MEASURES.values()) + (None,) * (
    len(JOURNAL_CODES) - len(MEASURES)
)
"""Units, one per code."""

SMOKING_AT = len(MEASURES)
EVENT_AT = SMOKING_AT + len(SMOKING)
SYMPTOM_AT = EVENT_AT + len(EVENTS)
DIAGNOSIS: dict[str, list[int]] = {}
_next = SYMPTOM_AT + len(SYMPTOMS)
for _name, _codes in DIAGNOSES.items():
    DIAGNOSIS[_name] = list(range(_next, _next + len(_codes)))
    _next += len(_codes)

PANELS: dict[str, tuple[int, ...]] = {
    "pressure": (MEASURE_AT["systolic"], MEASURE_AT["diastolic"]),
    "body": (MEASURE_AT["weight"], MEASURE_AT["bmi"]),
    "hba1c": (MEASURE_AT["hba1c"],),
    "kidney": (MEASURE_AT["egfr"], MEASURE_AT["creatinine"], MEASURE_AT["sodium"], MEASURE_AT["potassium"]),
    "blood": (MEASURE_AT["haemoglobin"], MEASURE_AT["platelets"], MEASURE_AT["white_cells"]),
    "liver": (MEASURE_AT["alt"],),
    "lipids": (MEASURE_AT["hdl"],),
    "urine": (MEASURE_AT["acr"],),
    "thyroid": (MEASURE_AT["tsh"],),
    "smoking": (SMOKING_AT,),
    "flu": (EVENT_AT,),
    "medicines": (EVENT_AT + 1,),
    "diabetes_review": (EVENT_AT + 2,),
    "asthma_review": (EVENT_AT + 3,),
    "copd_review": (EVENT_AT + 4,),
    "dementia_review": (EVENT_AT + 5,),
    "failed": (EVENT_AT + 6,),
    "symptom": (SYMPTOM_AT,),
}
BUSY = 1.4
"""Factor on all rates of journal entries: sets the volume."""

YEARLY: dict[str, dict[str, float]] = {
    "diabetes": {"hba1c": 2.0, "kidney": 1.1, "pressure": 1.6, "body": 1.2, "lipids": 0.9, "urine": 0.8, "smoking": 0.7,
                 "flu": 0.6, "diabetes_review": 0.9, "medicines": 0.7},
    "hypertension": {"pressure": 1.7, "kidney": 0.8, "lipids": 0.4, "body": 0.3, "medicines": 0.6},
    "ckd": {"kidney": 1.4, "blood": 0.8, "urine": 0.8, "pressure": 0.6},
    "copd": {"copd_review": 0.8, "flu": 0.6, "smoking": 0.8, "symptom": 1.2, "medicines": 0.4},
    "asthma": {"asthma_review": 0.7, "flu": 0.3, "smoking": 0.4, "symptom": 0.4},
    "depression": {"symptom": 0.7, "medicines": 0.4, "failed": 0.15},
    "smi": {"pressure": 0.8, "body": 0.8, "hba1c": 0.6, "lipids": 0.6, "smoking": 0.8, "medicines": 0.6, "failed": 0.6},
    "alcohol": {"liver": 1.0, "blood": 0.5, "failed": 0.5, "symptom": 0.6},
    "frailty": {"kidney": 1.0, "blood": 0.9, "symptom": 1.6, "flu": 0.2, "medicines": 0.8, "pressure": 0.6},
    "dementia": {"dementia_review": 0.8, "medicines": 0.5, "blood": 0.4},
}  # fmt: skip
"""Entries a year that each condition brings, by panel."""

TREATMENT: dict[str, dict[str, float]] = {
    "diabetes": {"metformin": 0.75, "gliclazide": 0.25, "atorvastatin": 0.55, "ramipril": 0.2},
    "hypertension": {
        "ramipril": 0.38,
        "losartan": 0.22,
        "amlodipine": 0.5,
        "bendroflumethiazide": 0.2,
        "bisoprolol": 0.15,
    },
    "ckd": {"atorvastatin": 0.3, "furosemide": 0.15},
    "copd": {"salbutamol": 0.9},
    "asthma": {"salbutamol": 0.6},
    "depression": {"sertraline": 0.24, "citalopram": 0.16, "fluoxetine": 0.1, "mirtazapine": 0.12},
    "smi": {"lithium": 0.12},
    "alcohol": {"thiamine": 0.35, "acamprosate": 0.12},
    "frailty": {"paracetamol": 0.4, "omeprazole": 0.3, "furosemide": 0.2, "aspirin": 0.2},
    "dementia": {"donepezil": 0.45},
}
OTHER_REPEATS: dict[str, tuple[float, float]] = {
    "atorvastatin": (0.02, 0.38), "omeprazole": (0.07, 0.20), "lansoprazole": (0.04, 0.11),
    "levothyroxine": (0.02, 0.08),
    "co_codamol": (0.03, 0.07), "amitriptyline": (0.025, 0.05), "gabapentin": (0.015, 0.04), "aspirin": (0.0, 0.14),
}  # fmt: skip
"""Share of adults under and over 60 on a repeat for other reasons."""

COURSES = tuple(name for name, drug in DRUGS.items() if drug.every == 0)
DRUG_NUMBER = {name: number for number, name in enumerate(DRUGS)}
EVERY = np.array([drug.every for drug in DRUGS.values()])
