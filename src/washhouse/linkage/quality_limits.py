"""Which figures of a linkage are over the limits that the deployer set?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from washhouse.core.home import LinkageLimits
from washhouse.core.limits import Breach

_OF = {
    "false": "links expected to be wrong",
    "missed": "links expected to be missed",
    "alone": "records without a partner in the register",
}


def quality_breaches(report: Mapping[str, Any], limits: LinkageLimits) -> list[Breach]:
    """Compare a report with the limits.

    Args:
        report: From `quality.quality_report`.
        limits: The limits; 0 is none.

    Returns:
        The figures over their limit: the overall ones by the estimate, the groups' by the lower 95 % limit of the ratio
        to the rest, so that chance alone breaks it rarely.
    """
    found = []
    for name, setting, limit, told in (
        ("false", "max_false_links", limits.max_false_links, "the links made are expected to be wrong"),
        ("missed", "max_missed_links", limits.max_missed_links, "one person's links are expected to be missed"),
    ):
        figure = report["overall"][name]
        if limit and figure and figure["rate"] > limit:
            words = f"{_share(figure['rate'])} of {told}, where {_share(limit)} are allowed"
            found.append(Breach(setting, figure["rate"], limit, words))
    limit = limits.max_group_ratio
    for row in report["groups"] if limit else ():
        for name, words in _OF.items():
            figure = row[name]
            if figure and figure.get("ratio_low", 0.0) > limit:
                found.append(
                    Breach(
                        "max_group_ratio",
                        figure["ratio_low"],
                        limit,
                        f"{row['title']}, {row['group']}: {words} are {figure['ratio']:.3g} times as frequent as in "
                        f"the rest, at least {figure['ratio_low']:.3g} times, where {limit:g} are allowed",
                    )
                )
    return found


def _share(share: float) -> str:
    return f"{100 * share:.3g} %"
