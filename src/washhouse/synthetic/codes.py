"""Which codes do practices, the emergency department and the wards use?

The SNOMED CT and dm+d codes below were looked up with their terms, and so were the OPCS-4 and the specialty codes. Of
the ICD-10 codes I63.9, S72.0, J44.0, N39.0, J03.9, F29, F10.2, F03, I10, N18.3, N20.0 and Z49.1 were found with their
terms. Of J18.9, L03.1, F32.9, F41.9, F20.9, F60.3, H25.9, K40.9, M17.1, K80.2, C50.9, D50.9, E11.9, J44.9 and J45.9 the
three characters were, while the fourth, and R07.4, R10.4, R51, R54, R55, M54.5, K59.0 and Z38.0, are from memory.

References:
    Greater Manchester clinical code sets, rw251/gm-idcr @c945db58, `shared/clinical-code-sets` (conditions, tests,
    patient, procedures, medications; the dm+d product ids with their names are in `medications`; nine-digit ones are
    the ids that dm+d keeps as previous ids of the same virtual products).
    NHS Digital code usage in primary care: on-examination blood pressures and weight, serum creatinine, sodium,
    potassium, haemoglobin as in CodeListBuilder's usage sample.
    OpenSAFELY / ehrQL documentation: salbutamol 39113611000001102. OpenSAFELY test codelists: serum ALT
    1018251000000107. Frailty codes: QOF clinical event codes in NHSEI diabetes definitions (mild 925791000000100,
    moderate 925831000000107, severe 925861000000102).
    ICD-10 and OPCS-4 with terms: CALIBER's phenotypes (Kuan 2019, doi:10.1016/S2589-7500(19)30012-3),
    spiros/chronological-map-phenotypes @f4f614f (C71.2, T20.2, M14.1, X40.3), and rprigge-uoe/mltc-codelists @9b53dee.
    OPCS-4 as Greater Manchester's hospitals name them: rw251/gm-idcr @c945db58,
    `docs/secondary-admission-classification.md` (H22.9 colonoscopy, X33.9 blood transfusion, W40.1 knee). J18.3 (total
    cholecystectomy) and B27.4 (mastectomy) stand in published lists of procedures under those names, without a version.
    Treatment function codes: NHS Data Dictionary of May 2019, as in scw-nhs/dcf-design-history @2493f1c; 100, 101, 110,
    130, 300, 303, 320, 340, 361, 420, 430 and 710 are main specialties of the same names.
    ECDS chief complaints of mental health: NHS England's emergency mental-health query (48694002, 248020004, 366979004
    from April 2022, 7011001, 6471006), with its diagnosis list.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """An entry of the practice journal; `unit` is set for measurements."""

    snomed: str
    term: str
    unit: str | None = None
    decimals: int = 0


DIAGNOSES: dict[str, tuple[str, ...]] = {
    "diabetes": ("44054006", "46635009"),
    "hypertension": ("59621000",),
    "ckd": ("433144002", "709044004"),
    "copd": ("13645005",),
    "asthma": ("195967001",),
    "depression": ("35489007", "310495003"),
    "smi": ("58214004", "13746004"),
    "alcohol": ("7200002",),
    "frailty": ("925791000000100", "925831000000107", "925861000000102"),
    "dementia": ("52448006", "26929004", "429998004"),
}
"""Codes of each long-term condition: type 2 and type 1 diabetes; essential hypertension; CKD stage 3, unstaged; COPD;
asthma; depression, unspecified and mild; schizophrenia and bipolar disorder; alcoholism; mild, moderate and severe
frailty; dementia, Alzheimer's disease and vascular dementia."""

MEASURES: dict[str, Code] = {
    "systolic": Code("271649006", "Systolic blood pressure", "mm[Hg]"),
    "diastolic": Code("271650006", "Diastolic blood pressure", "mm[Hg]"),
    "weight": Code("27113001", "Body weight", "kg", 1),
    "bmi": Code("60621009", "Body mass index", "kg/m2", 1),
    "hba1c": Code("999791000000106", "Haemoglobin A1c level, IFCC", "mmol/mol"),
    "egfr": Code("1011481000000105", "eGFR using creatinine CKD-EPI", "mL/min/1.73m2"),
    "creatinine": Code("1000731000000107", "Serum creatinine level", "umol/L"),
    "sodium": Code("1000661000000107", "Serum sodium level", "mmol/L"),
    "potassium": Code("1000651000000109", "Serum potassium level", "mmol/L", 1),
    "haemoglobin": Code("1022431000000105", "Haemoglobin estimation", "g/L"),
    "platelets": Code("1022651000000100", "Platelet count", "10*9/L"),
    "white_cells": Code("1022541000000102", "Total white cell count", "10*9/L", 1),
    "alt": Code("1018251000000107", "Serum alanine aminotransferase level", "U/L"),
    "hdl": Code("1005681000000107", "Serum HDL cholesterol level", "mmol/L", 1),
    "acr": Code("1023491000000104", "Urine albumin:creatinine ratio", "mg/mmol", 1),
    "tsh": Code("1022791000000101", "Serum thyroid stimulating hormone level", "mIU/L", 1),
}
"""Measurements with their units."""

SMOKING = ("77176002", "8517006", "266919005")
"""Smoker, ex-smoker, never smoked tobacco."""

EVENTS: tuple[str, ...] = (
    "86198006",  # influenza vaccination
    "314530002",  # medication review done
    "170777000",  # diabetic annual review
    "394700004",  # asthma annual review
    "394703002",  # COPD annual review
    "249181000000100",  # dementia annual review
    "185324002",  # failed encounter
)
"""Reviews, vaccination and the failed encounter, in the order that `general_practice` uses."""

SYMPTOMS: tuple[str, ...] = (
    "49727002", "54150009", "279039007", "25064002", "162397003", "68566005", "82272006", "267036007", "21522001",
    "404640003", "193462001", "48694002", "396275006", "29857009", "36971009", "65363002", "128045006", "233604007",
    "33036003", "82423001",
)  # fmt: skip
"""Cough, upper respiratory infection, low back pain, headache, sore throat, urinary infection, common cold,
breathlessness, abdominal pain, dizziness, insomnia, anxiety, osteoarthritis, chest pain, sinusitis, otitis media,
cellulitis, pneumonia, fall on the same level, chronic pain."""


@dataclass(frozen=True)
class Drug:
    """A product that practices prescribe; `every` is the usual number of days between issues, 0 for a single course."""

    dmd: str
    name: str
    dose: str
    quantity: int
    unit: str
    every: int = 28


DRUGS: dict[str, Drug] = {
    "metformin": Drug("325278007", "Metformin 500mg tablets", "1 twice a day", 56, "tablet"),
    "gliclazide": Drug("325242002", "Gliclazide 80mg tablets", "1 twice a day", 56, "tablet"),
    "ramipril": Drug("318902004", "Ramipril 5mg capsules", "1 daily", 28, "capsule"),
    "losartan": Drug("318956006", "Losartan 50mg tablets", "1 daily", 28, "tablet"),
    "amlodipine": Drug("39732011000001102", "Amlodipine 5mg tablets", "1 daily", 28, "tablet"),
    "bisoprolol": Drug("318605000", "Bisoprolol 2.5mg tablets", "1 daily", 28, "tablet"),
    "bendroflumethiazide": Drug("317919004", "Bendroflumethiazide 2.5mg tablets", "1 daily", 28, "tablet"),
    "furosemide": Drug("317972000", "Furosemide 40mg tablets", "1 daily", 28, "tablet"),
    "atorvastatin": Drug("320030001", "Atorvastatin 20mg tablets", "1 at night", 28, "tablet"),
    "aspirin": Drug("319773006", "Aspirin 75mg dispersible tablets", "1 daily", 28, "tablet"),
    "salbutamol": Drug("39113611000001102", "Salbutamol 100micrograms/dose inhaler CFC free", "2 puffs as needed", 200,
                       "dose", 70),
    "prednisolone": Drug("325427002", "Prednisolone 5mg tablets", "6 daily for 5 days", 30, "tablet", 0),
    "sertraline": Drug("39704111000001102", "Sertraline 50mg tablets", "1 daily", 28, "tablet"),
    "citalopram": Drug("321987003", "Citalopram 20mg tablets", "1 daily", 28, "tablet"),
    "fluoxetine": Drug("321949006", "Fluoxetine 20mg capsules", "1 daily", 30, "capsule"),
    "mirtazapine": Drug("375193003", "Mirtazapine 15mg tablets", "1 at night", 28, "tablet"),
    "olanzapine": Drug("321614001", "Olanzapine 10mg tablets", "1 at night", 28, "tablet"),
    "quetiapine": Drug("321625005", "Quetiapine 100mg tablets", "1 twice a day", 56, "tablet"),
    "risperidone": Drug("321590000", "Risperidone 2mg tablets", "1 twice a day", 56, "tablet"),
    "aripiprazole": Drug("406787003", "Aripiprazole 10mg tablets", "1 daily", 28, "tablet"),
    "lithium": Drug("321734009", "Lithium carbonate 400mg modified-release tablets", "2 at night", 56, "tablet"),
    "acamprosate": Drug("323342002", "Acamprosate 333mg gastro-resistant tablets", "2 three times a day", 168,
                        "tablet"),
    "thiamine": Drug("329266003", "Thiamine 100mg tablets", "1 twice a day", 56, "tablet"),
    "donepezil": Drug("323365007", "Donepezil 10mg tablets", "1 at night", 28, "tablet"),
    "omeprazole": Drug("317291008", "Omeprazole 20mg gastro-resistant capsules", "1 daily", 28, "capsule"),
    "lansoprazole": Drug("317309001", "Lansoprazole 30mg gastro-resistant capsules", "1 daily", 28, "capsule"),
    "levothyroxine": Drug("374295007", "Levothyroxine sodium 50microgram tablets", "1 daily", 28, "tablet"),
    "co_codamol": Drug("322341003", "Co-codamol 30mg/500mg tablets", "2 four times a day", 100, "tablet"),
    "paracetamol": Drug("322236009", "Paracetamol 500mg tablets", "2 four times a day", 100, "tablet"),
    "amitriptyline": Drug("321745007", "Amitriptyline 10mg tablets", "1 at night", 28, "tablet"),
    "gabapentin": Drug("323014008", "Gabapentin 300mg capsules", "1 three times a day", 84, "capsule"),
    "zopiclone": Drug("321175006", "Zopiclone 7.5mg tablets", "1 at night", 14, "tablet", 0),
    "naproxen": Drug("329807003", "Naproxen 500mg tablets", "1 twice a day", 56, "tablet", 0),
    "codeine": Drug("322503009", "Codeine 30mg tablets", "1 four times a day", 28, "tablet", 0),
    "amoxicillin": Drug("39732411000001106", "Amoxicillin 500mg capsules", "1 three times a day", 15, "capsule", 0),
    "doxycycline": Drug("324059006", "Doxycycline 100mg capsules", "1 daily", 8, "capsule", 0),
    "flucloxacillin": Drug("39692211000001107", "Flucloxacillin 500mg capsules", "1 four times a day", 28,
                           "capsule", 0),
    "trimethoprim": Drug("324431001", "Trimethoprim 200mg tablets", "1 twice a day", 6, "tablet", 0),
    "nitrofurantoin": Drug("324572002", "Nitrofurantoin 100mg capsules", "1 twice a day", 6, "capsule", 0),
}  # fmt: skip
"""Products by a short name."""

ANTIPSYCHOTICS = ("olanzapine", "quetiapine", "risperidone", "aripiprazole")
"""Antipsychotics; each person who is prescribed one stays with it."""


@dataclass(frozen=True)
class Presentation:
    """What somebody comes to A&E with, and what an admission for it is coded as.

    Attributes:
        complaint: Chief complaint, SNOMED CT.
        diagnoses: Possible first diagnoses, SNOMED CT.
        icd10: ICD-10 code of an admission for it, without the dot.
        weight: Relative frequency.
    """

    complaint: str
    diagnoses: tuple[str, ...]
    icd10: str
    weight: float


PRESENTATIONS: tuple[Presentation, ...] = (
    Presentation("29857009", ("29857009", "22298006", "49436004"), "R074", 1.1),
    Presentation("267036007", ("13645005", "195967001", "84114007", "233604007"), "J440", 1.0),
    Presentation("21522001", ("21522001",), "R104", 1.2),
    Presentation("25064002", ("25064002",), "R51X", 0.6),
    Presentation("271594007", ("271594007", "49436004"), "R55X", 0.5),
    Presentation("404640003", ("404640003", "230690007"), "I639", 0.4),
    Presentation("33036003", ("33036003",), "S720", 1.3),
    Presentation("279039007", ("279039007",), "M545", 0.6),
    Presentation("128045006", ("128045006",), "L031", 0.5),
    Presentation("68566005", ("68566005",), "N390", 0.6),
    Presentation("49727002", ("233604007", "54150009"), "J189", 0.8),
    Presentation("162397003", ("162397003",), "J039", 0.4),
)
"""Presentations in general; the mental-health ones stand apart."""

MENTAL_PRESENTATIONS: tuple[Presentation, ...] = (
    Presentation("366979004", ("35489007",), "F329", 0.35),
    Presentation("48694002", ("197480006",), "F419", 0.25),
    Presentation("248020004", ("58214004", "13746004", "33449004"), "F29X", 0.2),
    Presentation("7011001", ("58214004",), "F209", 0.12),
    Presentation("6471006", ("35489007", "33449004"), "F603", 0.08),
)
"""Depressive feelings, anxiety, unusual behaviour, hallucinations or delusions, feeling suicidal."""

PLANNED_ADMISSIONS: tuple[tuple[str, str, str], ...] = (
    ("H259", "C712", "130"), ("K409", "T202", "100"), ("M171", "W401", "110"), ("K802", "J183", "100"),
    ("Z380", "", "420"), ("K590", "H229", "100"), ("C509", "B274", "100"), ("N200", "M141", "101"),
    ("D509", "X339", "303"), ("Z491", "X403", "361"),
)  # fmt: skip
"""Planned admissions: ICD-10, OPCS-4 (empty for none), main specialty. Cataract, hernia, knee, gallstones, newborn,
constipation with colonoscopy, breast cancer, kidney stone, anaemia with transfusion, dialysis."""

EMERGENCY_SPECIALTIES = ("300", "100", "110", "320", "340", "430")
"""Main specialties of emergency admissions: medicine, surgery, orthopaedics, cardiology, respiratory, elderly."""

COMORBIDITIES: dict[str, str] = {
    "diabetes": "E119", "hypertension": "I10X", "ckd": "N183", "copd": "J449", "asthma": "J459", "depression": "F329",
    "smi": "F209", "alcohol": "F102", "frailty": "R54X", "dementia": "F03X",
}  # fmt: skip
"""ICD-10 code by which a ward records each long-term condition."""
