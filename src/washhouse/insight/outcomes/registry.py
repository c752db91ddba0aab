"""Which outcome models are there?"""

from __future__ import annotations

from washhouse.insight.outcomes.contract import Outcome
from washhouse.insight.outcomes.crisis import CRISIS
from washhouse.insight.outcomes.emergency_admission import EMERGENCY_ADMISSION_12M
from washhouse.insight.outcomes.missed_contact import MISSED_NEXT_CONTACT
from washhouse.insight.outcomes.readmission import READMISSION
from washhouse.insight.outcomes.reattendance import REATTENDANCE

OUTCOMES: dict[str, Outcome] = {
    outcome.name: outcome
    for outcome in (CRISIS, EMERGENCY_ADMISSION_12M, REATTENDANCE, READMISSION, MISSED_NEXT_CONTACT)
}
"""Every outcome model by name, in the order in which a run fits and scores them."""
