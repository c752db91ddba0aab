"""Which planted effects move the hazard of a mental-health crisis?

The weekly hazard is log-linear: `exp(intercept + sum of effect x state)`. Each state but the last two is a function of
what the extracts show before that week; `frailty` and `latent` are never shown, though contacts missed, attendances,
assessments and prescriptions all bear their mark.

References:
    Choice of effects: Garriga 2022, doi:10.1038/s41591-022-01811-5 (time since the last crisis, contact and referral
    lead). The sizes are the city's own, set so that the true probability has an AUROC of 0.83 to 0.85 at 3.2 %.
"""

from __future__ import annotations

INTERCEPT = -6.2

EFFECTS: dict[str, float] = {
    "crisis_recent": 0.99,
    "crisis_count": 0.32,
    "missed_recent": 0.33,
    "contact_gap": 0.27,
    "homeless": 0.43,
    "moved_recent": 0.6,
    "job_lost_recent": 0.55,
    "out_of_work": 0.16,
    "emergency_recent": 0.66,
    "honos": 0.47,
    "supply_overdue": 0.58,
    "smi": 0.35,
    "alcohol": 0.31,
    "detained_recent": 0.31,
    "youth": 0.2,
    "deprivation": 0.04,
    "early": 0.27,
    "frailty": 0.42,
    "latent": 0.46,
}
"""Log hazard ratios per unit of each state."""

MEANINGS: dict[str, str] = {
    "crisis_recent": "exp(-weeks since the last crisis care ended / 16), 0 before any",
    "crisis_count": "crises, each fading by exp(-weeks / 78), at most 4",
    "missed_recent": "missed contacts (AttendStatus 3, 7), each fading by exp(-weeks / 7), at most 3",
    "contact_gap": "1 where the last attended contact is more than 8 weeks ago",
    "homeless": "1 in accommodation types 12 to 19",
    "moved_recent": "exp(-weeks since a change of accommodation / 10)",
    "job_lost_recent": "exp(-weeks since leaving employment / 12)",
    "out_of_work": "1 in employment status 02 or 04",
    "emergency_recent": "mental-health attendances at A&E, each fading by exp(-weeks / 8), at most 2",
    "honos": "(latest HoNOS total - 12) / 6, 0 before any, at most 3",
    "supply_overdue": "weeks beyond four since the last antipsychotic issue, / 4, at most 1.5; 0 when not prescribed",
    "smi": "1 with schizophrenia or bipolar disorder coded by the practice",
    "alcohol": "1 with alcohol dependence coded by the practice",
    "detained_recent": "exp(-weeks since a detention ended / 40)",
    "youth": "(45 - age) / 15, between -1.5 and 1.5",
    "deprivation": "5 - deprivation decile",
    "early": "exp(-weeks since the referral / 10)",
    "frailty": "standing, unobserved, standard normal",
    "latent": "weekly, unobserved, autoregressive (0.93), standard normal",
}
