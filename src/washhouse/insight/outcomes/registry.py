"""Which outcome models are there?"""

from __future__ import annotations

from washhouse.insight.codelists import Codelist
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


def watched_codelists() -> tuple[Codelist, ...]:
    """Every list of codes that an outcome model looks at, by name."""
    found: dict[str, Codelist] = {}
    for outcome in OUTCOMES.values():
        events = [feature.events for feature in outcome.features if feature.events is not None]
        lists = [
            *outcome.codelists,
            *(one for each in events for one in (each.codelist, each.other) if one is not None),
        ]
        found |= {codelist.name: codelist for codelist in lists}
    return tuple(found[name] for name in sorted(found))
