"""How do care plans, treatment orders, diagnoses and ratings look in the trust's files?

References:
    Names and codes of MHSDS 6.0: FIELDS.md section 1. DIALOG: `sources.mappings.mental_health_referral`.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from washhouse.synthetic.calendar import NEVER
from washhouse.synthetic.care_records import DIAGNOSES, PLAN_KINDS, CareRecords
from washhouse.synthetic.columns import Array, chosen, coded, dates, fixed, moments, numbered
from washhouse.synthetic.frames import take

DIALOG = (
    "1037651000000100", "1037661000000102", "1037671000000109", "1037681000000106", "1037691000000108",
    "1037701000000108", "1037711000000105", "1037721000000104", "1037731000000102", "1037741000000106",
    "1037751000000109",
)  # fmt: skip
Columns = dict[str, pa.Array]


def last_updates(care: CareRecords, rows: Array, end: int) -> Array:
    """Return the last update of each plan by a day, `NEVER` for none."""
    first, count = care.plans["first"][rows], care.plans["updates"][rows]
    plan = np.repeat(np.arange(len(rows)), count)
    nth = np.arange(len(plan)) - np.repeat(np.cumsum(count) - count, count)
    day = care.updates[first[plan] + nth]
    latest = np.full(len(rows), -1)
    np.maximum.at(latest, plan[day <= end], day[day <= end])
    return np.where(latest < 0, NEVER, latest)


def plan_columns(care: CareRecords, rows: Array, local: pa.Array, end: int) -> Columns:
    """Return MHS008, as known at the end of a day."""
    p = take(care.plans, rows)
    return {
        "CarePlanID": numbered("CP", rows, 100_000),
        "LocalPatientID": local,
        "CarePlanTypeMH": coded(p["kind"], PLAN_KINDS),
        "CarePlanCreatDate": dates(p["day"]),
        "CarePlanLastUpdateDate": dates(last_updates(care, rows, end), end),
        "CarePlanImplementDate": dates(p["day"]),
    }


def order_columns(care: CareRecords, rows: Array, end: int) -> Columns:
    """Return MHS404, as known at the end of a day."""
    o = take(care.orders, rows)
    over = o["ended"] <= end
    return {
        "MHActLegalStatusClassPeriodID": numbered("A", o["act"], 100_000),
        "StartDateCommTreatOrd": dates(o["day"]),
        "ExpiryDateCommTreatOrd": dates(o["expiry"]),
        "EndDateCommTreatOrd": dates(o["ended"], end),
        "CommTreatOrdEndReason": chosen(over, fixed("01", len(rows))),
    }


def diagnosis_columns(care: CareRecords, rows: Array, column: str) -> Columns:
    """Return MHS604 or MHS605; `column` is `PrimDiag` or `SecDiag`."""
    d = take(care.diagnoses, rows)
    return {
        "ServiceRequestID": numbered("R", d["referral"], 1_000_000),
        "DiagSchemeInUse": fixed("02", len(rows)),
        column: coded(d["code"], DIAGNOSES),
        "CodedDiagTimestamp": moments(d["day"], d["minute"]),
    }


def activity_columns(care: CareRecords, rows: Array) -> tuple[Columns, Columns]:
    """Return MHS202 and MHS607 of ratings: one activity and eleven items each."""
    contact = care.ratings["contact"][rows]
    activity = numbered("CA", contact, 10_000_000)
    items = np.stack([care.ratings[f"item{k + 1}"][rows] for k in range(11)], axis=1).ravel()
    each = pa.array(np.repeat(np.arange(len(rows)), 11))
    scores = {
        "CareActID": activity.take(each),
        "CodedAssToolType": coded(np.tile(np.arange(11), len(rows)), DIALOG),
        "PersScore": coded(items, [str(k) for k in range(8)]),
    }
    return {"CareActID": activity, "CareContactID": numbered("C", contact, 10_000_000)}, scores
