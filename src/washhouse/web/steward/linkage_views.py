"""How do the views of people differ: who is one person for care, for planning, for research?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from washhouse.core.views import View

USED_FOR = {View.STRICT: "Direct care", View.BALANCED: "Planning", View.LENIENT: "Research"}


@dataclass(frozen=True)
class ViewLine:
    """One view, as the run gave it.

    Attributes:
        name: Name of the view.
        used_for: What it serves.
        threshold: Probability from which on a pair is a link; above 1 where no pair is sure enough.
        links: Pairs at or above it.
        people: People in the view.
        joined: People of the strict view who are one with others in this one.
        false_links: Pairs in one person that are expected to be of two.
        false_share: The same as a share of all pairs in one person; None without any.
        missed_links: Compared pairs of different people that are expected to be of one.
        missed_share: The same as a share of the pairs that are expected to be of one; None without any.
    """

    name: str
    used_for: str
    threshold: float
    links: int
    people: int
    joined: int
    false_links: float
    false_share: float | None
    missed_links: float
    missed_share: float | None


def build_views(summary: Mapping[str, Any]) -> list[ViewLine]:
    """Put the views of a linkage into words; none for a version from before there were any.

    >>> row = {"threshold": 0.9, "links": 90, "people": 50, "people_joined": 0, "linked_pairs": 100,
    ...        "estimated_false_links": 1.0, "estimated_missed_links": 33.0}
    >>> [(line.used_for, line.false_share, line.missed_share) for line in build_views({"views": {"strict": row}})]
    [('Direct care', 0.01, 0.25)]
    """
    told: Mapping[str, Mapping[str, Any]] = summary.get("views", {})
    return [_line(view, told[view]) for view in View if view in told]


def _line(view: View, figures: Mapping[str, Any]) -> ViewLine:
    pairs, false, missed = (
        figures[name] for name in ("linked_pairs", "estimated_false_links", "estimated_missed_links")
    )
    wanted = pairs - false + missed
    return ViewLine(
        name=view.value.capitalize(),
        used_for=USED_FOR[view],
        threshold=figures["threshold"],
        links=figures["links"],
        people=figures["people"],
        joined=figures["people_joined"],
        false_links=false,
        false_share=false / pairs if pairs else None,
        missed_links=missed,
        missed_share=missed / wanted if wanted > 0 else None,
    )
