"""Which checks are there?"""

from __future__ import annotations

from washhouse.record.quality.batch_checks import BATCH_CHECKS
from washhouse.record.quality.contract import Check
from washhouse.record.quality.other_sources import SOURCE_CHECKS
from washhouse.record.quality.record_checks import RECORD_CHECKS

CHECKS: dict[str, Check] = {
    check.id: check for check in (*(one.check for one in RECORD_CHECKS), *SOURCE_CHECKS, *BATCH_CHECKS)
}
"""Every check by its id: the record's own, those against another source, those of a delivery."""
