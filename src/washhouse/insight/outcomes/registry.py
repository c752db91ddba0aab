"""Which outcome models are there?"""

from __future__ import annotations

from washhouse.insight.outcomes.contract import Outcome
from washhouse.insight.outcomes.crisis import CRISIS

OUTCOMES: dict[str, Outcome] = {outcome.name: outcome for outcome in (CRISIS,)}
"""Every outcome model by name, in the order in which a run fits and scores them."""
